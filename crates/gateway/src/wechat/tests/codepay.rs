//! Scans in v3: what is asked, what each answer says, and that it is off unless it is set.

use super::*;
use crate::{Channel, Method};

fn with_v3_scans() -> Wechat<Hashed> {
    let mut wechat = wechat();
    wechat.settings.scans = Scans::V3 { store: "A1111".to_owned() };
    wechat
}

fn encoded(call: &Call) -> (Method, String, String) {
    let request = with_v3_scans().encode_call(call, scan(), NOW);
    let path = request.url.trim_start_matches("https://api.mch.weixin.qq.com").to_owned();
    (request.method, path, String::from_utf8(request.body).unwrap())
}

#[track_caller]
fn check(call: &Call, reply: &HttpReply, expected: &str) {
    let body = String::from_utf8_lossy(&reply.body).into_owned();
    let read = brief(with_v3_scans().decode_call(call, scan(), reply, NOW));
    assert_eq!(read, expected, "{body}");
}

fn reverse() -> Call {
    Call::Reverse { out_trade_no: no() }
}

fn paid() -> String {
    format!(
        r#"{{"appid":"wxd678efh567hg6787","mchid":"1230000109","out_trade_no":"{NO}","transaction_id":"{TRANSACTION_NO}","trade_type":"MICROPAY","trade_state":"SUCCESS","success_time":"2026-11-21T00:00:02+08:00","amount":{{"total":1250,"currency":"CNY"}}}}"#
    )
}

fn error(code: &str) -> String {
    format!(r#"{{"code":"{code}","message":"x"}}"#)
}

#[test]
fn it_is_off_unless_it_is_set() {
    let request = wechat().encode_call(&submit(Flow::Scan), scan(), NOW);
    assert!(request.url.ends_with("/pay/micropay"), "{}", request.url);
    assert!(Channel::Wechat(wechat()).reversal_needs_proof(), "v2's wants a certificate");
    assert!(!Channel::Wechat(with_v3_scans()).reversal_needs_proof(), "v3's does not");
}

#[test]
fn a_scan_names_the_code_within_the_payer_and_the_shop() {
    let (method, path, body) = encoded(&submit(Flow::Scan));
    assert_eq!((method, path.as_str()), (Method::Post, "/v3/pay/transactions/codepay"));
    let expected = format!(
        r#"{{"appid":"wxd678efh567hg6787","mchid":"1230000109","description":"拿铁 大杯 1／2","out_trade_no":"{NO}","payer":{{"auth_code":"134567890123456789"}},"amount":{{"total":1250,"currency":"CNY"}},"scene_info":{{"device_ip":"192.168.1.20","store_info":{{"out_id":"A1111"}}}}}}"#
    );
    assert_eq!(body, expected);
    let request = with_v3_scans().encode_call(&submit(Flow::Scan), scan(), NOW);
    assert_eq!(request.limit_ms, 15_000);
    assert!(!format!("{request:?}").contains("134567890123456789"), "a code is not printed");
}

#[test]
fn a_scan_stays_in_v3_and_an_unknown_number_is_asked_about_in_v2() {
    let trade = format!("/v3/pay/transactions/out-trade-no/{NO}");
    let out_trade_no = no();
    for (call, expected) in [
        (query(), format!("{trade}?mchid=1230000109")),
        (Call::Close { out_trade_no: no() }, format!("{trade}?mchid=1230000109")),
        (reverse(), format!("{trade}/reverse")),
        (refund(), "/v3/refund/domestic/refunds".to_owned()),
        (Call::Find { out_trade_no: no() }, "/pay/orderquery".to_owned()),
        (Call::Probe { out_trade_no }, "/pay/orderquery".to_owned()),
    ] {
        assert_eq!(encoded(&call).1, expected, "{call:?}");
    }
    let (_, _, body) = encoded(&reverse());
    assert_eq!(body, r#"{"appid":"wxd678efh567hg6787","mchid":"1230000109"}"#);
    let none = Call::Submit { sale: sale(), auth_code: None };
    assert_eq!(encoded(&none).0, Method::Get, "without a code there is nobody to charge");
}

#[test]
fn what_a_scan_is_told_needs_a_signature() {
    let call = submit(Flow::Scan);
    check(&call, &signed(200, &paid()), "paid ¥12.50 Some(1795190400000)");
    check(&call, &signed(200, r#"{"trade_state":"USERPAYING"}"#), "Told(Waiting)");
    check(&call, &unsigned(200, paid()), SILENT);
    check(&call, &unsigned(200, r#"{"trade_state":"USERPAYING"}"#), SILENT);
    check(&call, &signed(202, r#"{"trade_state":"USERPAYING"}"#), SILENT);
    for state in [r#"{"trade_state":"SUCCESS"}"#, r#"{"trade_state":"PAID"}"#, "{}", ""] {
        check(&call, &signed(200, state), SILENT);
    }
    let other = format!(r#"{{"trade_state":"USERPAYING","out_trade_no":"{OTHER_NO}"}}"#);
    check(&call, &signed(200, &other), SILENT);
    check(&call, &signed(200, &paid().replace(NO, OTHER_NO)), SILENT);
    check(&call, &signed(200, &paid().replace("1230000109", "1230000110")), SILENT);
    check(&call, &signed(200, &paid().replace("\"total\":1250", "\"total\":12.50")), SILENT);
}

#[test]
fn an_unsigned_refusal_of_a_scan_ends_nothing() {
    let call = submit(Flow::Scan);
    for (status, code) in [
        (403, "NOT_ENOUGH"),
        (400, "AUTH_CODE_INVALID"),
        (400, "AUTH_CODE_EXPIRED"),
        (403, "OUT_TRADE_NO_USED"),
        (400, "ORDER_CLOSED"),
        (403, "RULE_LIMIT"),
        (403, "TRADE_ERROR"),
        (400, "USERPAYING"),
        (400, "INVALID_REQUEST"),
        (400, "BRAND_NEW_CODE"),
        (429, "FREQUENCY_LIMITED"),
        (500, "SYSTEM_ERROR"),
    ] {
        check(&call, &unsigned(status, error(code)), SILENT);
    }
    let manager = r#"Told(UnsignedRefusal { reason: "SIGN_ERROR" })"#;
    check(&call, &unsigned(401, error("SIGN_ERROR")), manager);
    let declined = r#"Told(Declined { reason: "PARAM_ERROR" })"#;
    check(&call, &signed(400, &error("PARAM_ERROR")), declined);
    let alive = r#"Told(DeclinedAlive { reason: "RULE_LIMIT" })"#;
    check(&call, &signed(403, &error("RULE_LIMIT")), alive);
}

#[test]
fn a_reversal_says_done_and_a_query_says_what_became_of_the_money() {
    let done = |no: &str| {
        format!(r#"{{"appid":"wxd678efh567hg6787","mchid":"1230000109","out_trade_no":"{no}"}}"#)
    };
    check(&reverse(), &signed(200, &done(NO)), "Reversal(Done)");
    check(&reverse(), &signed(200, &done(OTHER_NO)), SILENT);
    check(&reverse(), &signed(200, &done(NO).replace("0109", "0110")), SILENT);
    check(&reverse(), &unsigned(200, done(NO)), SILENT);
    check(&reverse(), &signed(204, ""), SILENT);
    check(&reverse(), &signed(404, &error("ORDER_NOT_EXIST")), "Reversal(FoundNothing)");
    let refused = r#"Reversal(Refused { reason: "ORDER_NOT_EXIST" })"#;
    check(&reverse(), &unsigned(404, error("ORDER_NOT_EXIST")), refused);
    check(&reverse(), &unsigned(403, error("NOT_ENOUGH")), SILENT);
    check(&reverse(), &signed(403, &error("NOT_ENOUGH")), "Reversal(NoBalance)");
    check(&reverse(), &unsigned(400, error("USERPAYING")), SILENT);
    check(&reverse(), &unsigned(401, error("SIGN_ERROR")), "a manager: SIGN_ERROR");
    let revoked = paid().replace("\"SUCCESS\"", "\"REVOKED\"");
    check(&query(), &signed(200, &revoked), "Told(Returned)");
    let revoked = revoked.replace("2026-11-21T00:00:02+08:00", "");
    check(&query(), &signed(200, &revoked), "Told(Closed)");
    let close = Call::Close { out_trade_no: no() };
    check(&close, &signed(200, &revoked), "Closing(Closed)");
    let refused = r#"Closing(Refused { reason: "MICROPAY_IS_REVERSED" })"#;
    check(&close, &signed(200, &paid()), refused);
}
