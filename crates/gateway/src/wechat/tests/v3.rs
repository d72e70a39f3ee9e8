//! What each answer of v3 says, row by row.

use super::*;

#[track_caller]
fn check(call: &Call, reply: &HttpReply, expected: &str) {
    assert_eq!(brief(wechat().decode_call(call, show(), reply, NOW)), expected, "{reply:?}");
}

fn error(code: &str) -> String {
    format!(r#"{{"code":"{code}","message":"原因"}}"#)
}

fn transaction(state: &str, more: &str) -> String {
    format!(
        r#"{{"appid":"wxd678efh567hg6787","mchid":"1230000109","out_trade_no":"{NO}","trade_state":"{state}","trade_state_desc":"x"{more}}}"#
    )
}

const PAID: &str = r#","transaction_id":"4200000215202611210261405420","success_time":"2026-11-21T00:00:02+08:00","payer":{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},"amount":{"total":1250,"payer_total":1100,"currency":"CNY","payer_currency":"CNY"}"#;

#[test]
fn a_code_is_drawn_only_from_a_signed_answer() {
    let call = submit(Flow::Show);
    let body = r#"{"code_url":"weixin://wxpay/bizpayurl?pr=JyC91EIz1"}"#;
    check(
        &call,
        &signed(200, body),
        r#"Told(Code { content: "weixin://wxpay/bizpayurl?pr=JyC91EIz1" })"#,
    );
    check(&call, &unsigned(200, body), SILENT);
    for body in [r#"{"code_url":""}"#, r#"{"code_url":"微信"}"#, "{}", "", "null"] {
        check(&call, &signed(200, body), SILENT);
    }
}

#[test]
fn a_refused_order_ends_nothing_without_a_signature() {
    let call = submit(Flow::Show);
    for (status, code, unsigned_says, signed_says) in [
        (400, "PARAM_ERROR", "UnsignedRefusal", "Declined"),
        (400, "APPID_MCHID_NOT_MATCH", "UnsignedRefusal", "Declined"),
        (401, "SIGN_ERROR", "UnsignedRefusal", "Declined"),
        (403, "NO_AUTH", "UnsignedRefusal", "Declined"),
        (403, "RULE_LIMIT", SILENT, "DeclinedAlive"),
        (400, "INVALID_REQUEST", SILENT, "DeclinedAlive"),
        (403, "OUT_TRADE_NO_USED", SILENT, SILENT),
        (400, "ORDER_CLOSED", SILENT, SILENT),
        (429, "FREQUENCY_LIMITED", SILENT, SILENT),
        (500, "SYSTEM_ERROR", SILENT, SILENT),
        (503, "PARAM_ERROR", SILENT, SILENT),
        (400, "BRAND_NEW_CODE", SILENT, SILENT),
    ] {
        let told = |verdict: &str| match verdict {
            SILENT => SILENT.to_owned(),
            verdict => format!("Told({verdict} {{ reason: {code:?} }})"),
        };
        check(&call, &unsigned(status, error(code)), &told(unsigned_says));
        check(&call, &signed(status, &error(code)), &told(signed_says));
    }
}

#[test]
fn every_state_of_a_trade_says_what_it_should() {
    let call = query();
    let paid = "paid ¥12.50 Some(1795190400000)";
    for (state, more, expected) in [
        ("SUCCESS", PAID, paid),
        // A refund, perhaps of a part: what was taken is asked for here, what went back elsewhere.
        ("REFUND", PAID, "paid ¥12.50 Some(1795190400000), some back"),
        ("SUCCESS", "", SILENT),
        ("NOTPAY", "", "Told(Waiting)"),
        ("USERPAYING", "", "Told(Waiting)"),
        ("CLOSED", "", "Told(Closed)"),
        ("REVOKED", "", "Told(Closed)"),
        ("REVOKED", PAID, "Told(Returned)"),
        ("PAYERROR", "", r#"Told(DeclinedAlive { reason: "PAYERROR" })"#),
        ("success", PAID, SILENT),
        ("", "", SILENT),
    ] {
        let read =
            wechat().decode_call(&call, show(), &signed(200, &transaction(state, more)), NOW);
        let told = brief(read);
        assert_eq!(told, expected, "{state} {more}");
    }
}

#[test]
fn a_payment_must_be_whole_and_in_fen() {
    for (from, to) in [
        ("1250", "12.50"),
        ("1250", "\"1250\""),
        ("1250", "-1"),
        ("\"total\":1250,", ""),
        ("\"currency\":\"CNY\"", "\"currency\":\"HKD\""),
        ("4200000215202611210261405420", ""),
        ("4200000215202611210261405420", "4200 0215"),
        ("2026-11-21T00:00:02+08:00", "yesterday"),
        ("\"total\":1250", "\"total\":1250,\"total\":1"),
    ] {
        let body = transaction("SUCCESS", &PAID.replacen(from, to, 1));
        check(&query(), &signed(200, &body), SILENT);
    }
}

#[test]
fn an_answer_about_anything_else_is_silence() {
    let good = transaction("NOTPAY", "");
    check(&query(), &signed(200, &good), "Told(Waiting)");
    for (from, to) in [
        (NO, OTHER_NO),
        ("1230000109", "1230000110"),
        ("wxd678efh567hg6787", "wx0000000000000000"),
        (r#""appid":"wxd678efh567hg6787","#, ""),
        (r#""mchid":"1230000109","#, ""),
        (r#""mchid":"1230000109","#, r#""mchid":"1230000109","mchid":"1230000109","#),
    ] {
        check(&query(), &signed(200, &good.replacen(from, to, 1)), SILENT);
    }
}

#[test]
fn not_exist_says_whether_it_is_signed() {
    let body = error("ORDER_NOT_EXIST");
    check(&query(), &unsigned(404, body.as_str()), "Told(UnsignedNotExist)");
    check(&query(), &signed(404, &body), "Told(NotExist)");
    check(&query(), &unsigned(404, ""), SILENT);
    check(&query(), &unsigned(200, body.as_str()), SILENT);
    let probe = Call::Probe { out_trade_no: no() };
    check(&probe, &unsigned(404, body.as_str()), "Told(UnsignedNotExist)");
    check(&probe, &signed(404, &body), "Proven");
    check(
        &probe,
        &unsigned(401, error("SIGN_ERROR")),
        r#"Told(UnsignedRefusal { reason: "SIGN_ERROR" })"#,
    );
}

#[test]
fn a_close_is_done_by_a_signed_204_alone() {
    let call = Call::Close { out_trade_no: no() };
    check(&call, &signed(204, ""), "Closing(Closed)");
    check(&call, &unsigned(204, ""), SILENT);
    check(&call, &signed(200, &transaction("NOTPAY", "")), SILENT);
    check(
        &call,
        &unsigned(403, error("TRADE_ERROR")),
        r#"Closing(Refused { reason: "TRADE_ERROR" })"#,
    );
    check(
        &call,
        &unsigned(404, error("ORDER_NOT_EXIST")),
        r#"Closing(Refused { reason: "ORDER_NOT_EXIST" })"#,
    );
    check(&call, &signed(404, &error("ORDER_NOT_EXIST")), "Closing(NotExist)");
    check(&call, &unsigned(401, error("SIGN_ERROR")), "a manager: SIGN_ERROR");
    check(&call, &unsigned(500, error("SYSTEM_ERROR")), SILENT);
    let reverse = Call::Reverse { out_trade_no: no() };
    check(&reverse, &signed(204, ""), "Reversal(Closed)");
    check(
        &reverse,
        &unsigned(403, error("ORDERPAID")),
        r#"Reversal(Refused { reason: "ORDERPAID" })"#,
    );
}

fn refunded(status: &str, fen: &str) -> String {
    let refund_no = refund_no();
    let refund_no = refund_no.as_str();
    format!(
        r#"{{"refund_id":"5","out_refund_no":"{refund_no}","transaction_id":"4","out_trade_no":"{NO}","channel":"ORIGINAL","status":"{status}","amount":{{"total":1250,"refund":{fen},"payer_total":1250,"currency":"CNY"}}}}"#
    )
}

#[test]
fn a_refund_is_accepted_and_a_query_says_the_rest() {
    for (status, verdict, answer) in [
        ("PROCESSING", "Refund(Accepted)", "RefundQuery(Waiting)"),
        ("SUCCESS", "Refund(Accepted)", "RefundQuery(Done { amount: Fen(500) })"),
        ("ABNORMAL", "Refund(Accepted)", "RefundQuery(Waiting)"),
        (
            "CLOSED",
            r#"Refund(Refused { reason: "CLOSED" })"#,
            r#"RefundQuery(Ended { reason: "CLOSED" })"#,
        ),
        ("DONE", SILENT, SILENT),
    ] {
        check(&refund(), &signed(200, &refunded(status, "500")), verdict);
        check(&refund_query(), &signed(200, &refunded(status, "500")), answer);
        check(&refund(), &unsigned(200, refunded(status, "500")), SILENT);
        check(&refund_query(), &unsigned(200, refunded(status, "500")), SILENT);
    }
    check(&refund(), &signed(200, &refunded("PROCESSING", "501")), "Refund(Clash)");
    let other = refunded("SUCCESS", "500").replace(NO, OTHER_NO);
    check(&refund_query(), &signed(200, &other), SILENT);
    let other = refunded("SUCCESS", "500").replace("R1", "R2");
    check(&refund_query(), &signed(200, &other), SILENT);
    check(&refund_query(), &signed(200, &refunded("SUCCESS", "5.00")), SILENT);
}

#[test]
fn a_refused_refund_ends_nothing_without_a_signature() {
    for (status, code, unsigned_says, signed_says) in [
        (403, "NOT_ENOUGH", "Refund(NoBalance)", "Refund(NoBalance)"),
        (400, "REFUND_FEE_MISMATCH", "unsigned", "Refund(Clash)"),
        (403, "USER_ACCOUNT_ABNORMAL", "unsigned", "refused"),
        (403, "TRADE_OVERDUE", "unsigned", "refused"),
        (404, "RESOURCE_NOT_EXISTS", "unsigned", "refused"),
        (400, "PARAM_ERROR", "a manager: PARAM_ERROR", "refused"),
        (401, "SIGN_ERROR", "a manager: SIGN_ERROR", "refused"),
        (429, "FREQUENCY_LIMITED", SILENT, SILENT),
        (500, "SYSTEM_ERROR", SILENT, SILENT),
    ] {
        let without = format!("Refund(UnsignedRefusal {{ reason: {code:?} }})");
        let told = if unsigned_says == "unsigned" { &without } else { unsigned_says };
        check(&refund(), &unsigned(status, error(code)), told);
        let refused = format!("Refund(Refused {{ reason: {code:?} }})");
        let told = if signed_says == "refused" { &refused } else { signed_says };
        check(&refund(), &signed(status, &error(code)), told);
    }
    let unknown = error("RESOURCE_NOT_EXISTS");
    check(&refund_query(), &unsigned(404, unknown), "RefundQuery(NotExist)");
    check(&refund_query(), &unsigned(404, ""), SILENT);
    check(&refund_query(), &unsigned(401, error("SIGN_ERROR")), "a manager: SIGN_ERROR");
}
