//! What each answer of v2 says, row by row.

use super::*;

#[track_caller]
fn check(call: &Call, reply: &HttpReply, expected: &str) {
    let body = String::from_utf8_lossy(&reply.body);
    assert_eq!(brief(wechat().decode_call(call, scan(), reply, NOW)), expected, "{body}");
}

fn failed(code: &str) -> HttpReply {
    xml_reply(&[("result_code", "FAIL"), ("err_code", code), ("err_code_des", "原因")])
}

const PAID: [(&str, &str); 8] = [
    ("result_code", "SUCCESS"),
    ("openid", OPENID),
    ("trade_type", "MICROPAY"),
    ("total_fee", "1250"),
    ("cash_fee", "1100"),
    ("transaction_id", TRANSACTION_NO),
    ("out_trade_no", NO),
    ("time_end", "20261121000002"),
];

/// The paid answer with one field changed, or left out where the value is `-`.
fn paid_but(name: &str, value: &str) -> HttpReply {
    let mut fields = PAID.to_vec();
    fields.retain(|(given, _)| *given != name);
    fields.push((name, value));
    xml_reply(&fields)
}

fn state(state: &str, paid: bool) -> HttpReply {
    let mut fields = if paid { PAID.to_vec() } else { PAID[..1].to_vec() };
    fields.retain(|(name, _)| *name != "out_trade_no");
    fields.extend([("out_trade_no", NO), ("trade_state", state)]);
    xml_reply(&fields)
}

#[test]
fn every_row_of_the_submit_table_says_what_it_should() {
    let call = submit(Flow::Scan);
    check(&call, &failed("USERPAYING"), "Told(Waiting)");
    check(&call, &failed("ORDERPAID"), "Told(AlreadyPaid)");
    for code in ["SYSTEMERROR", "BANKERROR", "OUT_TRADE_NO_USED", "ORDERCLOSED", "ORDERREVERSED"] {
        check(&call, &failed(code), SILENT);
    }
    for code in [
        "AUTHCODEEXPIRE",
        "AUTH_CODE_ERROR",
        "AUTH_CODE_INVALID",
        "NOAUTH",
        "PARAM_ERROR",
        "XML_FORMAT_ERROR",
        "REQUIRE_POST_METHOD",
        "SIGNERROR",
        "LACK_PARAMS",
        "NOT_UTF8",
        "APPID_NOT_EXIST",
        "MCHID_NOT_EXIST",
        "APPID_MCHID_NOT_MATCH",
    ] {
        check(&call, &failed(code), &format!("Told(Declined {{ reason: {code:?} }})"));
    }
    for code in ["NOTENOUGH", "NOTSUPORTCARD", "TRADE_ERROR", "BUYER_MISMATCH", "INVALID_REQUEST"] {
        check(&call, &failed(code), &format!("Told(DeclinedAlive {{ reason: {code:?} }})"));
    }
    for code in ["BRAND_NEW_CODE", "USERPAYING2", "userpaying"] {
        check(&call, &failed(code), SILENT);
    }
    let other = [("result_code", "FAIL"), ("err_code", "NOTENOUGH"), ("out_trade_no", OTHER_NO)];
    check(&call, &xml_reply(&other), SILENT);
}

#[test]
fn a_payment_must_be_whole_ours_and_in_fen() {
    let call = submit(Flow::Scan);
    check(&call, &xml_reply(&PAID), "paid ¥12.50 Some(1795190400000)");
    for (name, value) in [
        ("total_fee", "-"),
        ("total_fee", "12.50"),
        ("total_fee", "+1250"),
        ("total_fee", "1 250"),
        ("total_fee", "9999999999999"),
        ("fee_type", "HKD"),
        ("transaction_id", "-"),
        ("out_trade_no", "-"),
        ("out_trade_no", OTHER_NO),
        ("appid", "-"),
        ("appid", "wx0000000000000000"),
        ("mch_id", "-"),
        ("mch_id", "1230000110"),
        ("time_end", "2026-11-21 00:00:02"),
        ("result_code", "-"),
        ("result_code", "OK"),
        ("return_code", "-"),
        ("return_code", "OK"),
    ] {
        check(&call, &paid_but(name, value), SILENT);
    }
    check(&call, &paid_but("time_end", "-"), "paid ¥12.50 None");
    check(&call, &paid_but("a_new_field", "新"), "paid ¥12.50 Some(1795190400000)");
}

#[test]
fn every_state_of_a_trade_says_what_it_should() {
    for (told, paid, expected) in [
        ("SUCCESS", true, "paid ¥12.50 Some(1795190400000)"),
        ("REFUND", true, "paid ¥12.50 Some(1795190400000), some back"),
        ("SUCCESS", false, SILENT),
        ("NOTPAY", false, "Told(Waiting)"),
        ("USERPAYING", false, "Told(Waiting)"),
        ("ACCEPT", false, "Told(Waiting)"),
        ("CLOSED", false, "Told(Closed)"),
        ("REVOKED", false, "Told(Closed)"),
        ("REVOKED", true, "Told(Returned)"),
        ("PAYERROR", false, r#"Told(DeclinedAlive { reason: "PAYERROR" })"#),
        ("PAID", true, SILENT),
        ("", false, SILENT),
    ] {
        check(&query(), &state(told, paid), expected);
    }
    check(&query(), &failed("ORDERNOTEXIST"), "Told(NotExist)");
    check(&query(), &failed("ORDER_NOT_EXIST"), "Told(NotExist)");
    check(&query(), &failed("SYSTEMERROR"), SILENT);
    check(&query(), &failed("NOAUTH"), r#"Told(UnsignedRefusal { reason: "NOAUTH" })"#);
}

#[test]
fn a_probe_is_proven_by_a_signed_answer_alone() {
    let call = Call::Probe { out_trade_no: no() };
    check(&call, &failed("ORDERNOTEXIST"), "Proven");
    check(&call, &failed("SYSTEMERROR"), SILENT);
    let refused = "<xml><return_code>FAIL</return_code><return_msg>签名错误</return_msg></xml>";
    check(&call, &unsigned(200, refused), r#"Told(UnsignedRefusal { reason: "签名错误" })"#);
}

#[test]
fn a_reversal_is_repeated_asked_about_or_over() {
    let call = Call::Reverse { out_trade_no: no() };
    let done = |recall: &str| xml_reply(&[("result_code", "SUCCESS"), ("recall", recall)]);
    check(&call, &done("N"), "Reversal(Done)");
    check(&call, &done("-"), "Reversal(Done)");
    check(&call, &done("Y"), "Reversal(Again)");
    check(&call, &done("perhaps"), SILENT);
    for (code, expected) in [
        ("SYSTEMERROR", "Reversal(Again)"),
        ("USERPAYING", "Reversal(Again)"),
        ("REVERSE_EXPIRE", "Reversal(TooLate)"),
        ("ORDERNOTEXIST", "Reversal(FoundNothing)"),
        ("NOTENOUGH", "Reversal(NoBalance)"),
        ("TRADE_ERROR", r#"Reversal(Refused { reason: "TRADE_ERROR" })"#),
        ("SIGNERROR", r#"Reversal(Refused { reason: "SIGNERROR" })"#),
        ("BRAND_NEW_CODE", SILENT),
    ] {
        check(&call, &failed(code), expected);
    }
    let again =
        |code: &str| xml_reply(&[("result_code", "FAIL"), ("err_code", code), ("recall", "Y")]);
    check(&call, &again("BRAND_NEW_CODE"), "Reversal(Again)");
    check(&call, &again("REVERSE_EXPIRE"), "Reversal(TooLate)");
    let refused = "<xml><return_code>FAIL</return_code><return_msg>签名错误</return_msg></xml>";
    check(&call, &unsigned(200, refused), "a manager: 签名错误");
    let refused = "<xml><return_code>FAIL</return_code>\
                   <return_msg>商户号mch_id或sub_mch_id不存在</return_msg></xml>";
    check(&call, &unsigned(200, refused), "a manager: 商户号mch_id或sub_mch_id不存在");
}

#[test]
fn a_scan_is_never_closed_but_may_be_over() {
    let call = Call::Close { out_trade_no: no() };
    check(&call, &state("REVOKED", false), "Closing(Closed)");
    check(&call, &failed("ORDERNOTEXIST"), "Closing(NotExist)");
    let refused = r#"Closing(Refused { reason: "MICROPAY_IS_REVERSED" })"#;
    check(&call, &state("USERPAYING", false), refused);
    check(&call, &state("SUCCESS", true), refused);
    check(&call, &state("REVOKED", true), refused);
}

#[test]
fn a_refund_is_accepted_and_a_query_says_the_rest() {
    let number = refund_no();
    let number = number.as_str();
    let accepted = |number: &str, fee: &str| {
        xml_reply(&[
            ("result_code", "SUCCESS"),
            ("out_trade_no", NO),
            ("out_refund_no", number),
            ("refund_fee", fee),
        ])
    };
    check(&refund(), &accepted(number, "500"), "Refund(Accepted)");
    check(&refund(), &accepted(number, "501"), "Refund(Clash)");
    check(&refund(), &accepted(number, "5.00"), SILENT);
    check(&refund(), &accepted("R2", "500"), SILENT);
    for (code, expected) in [
        ("NOTENOUGH", "Refund(NoBalance)"),
        ("TRADE_OVERDUE", r#"Refund(Refused { reason: "TRADE_OVERDUE" })"#),
        ("SYSTEMERROR", SILENT),
        ("BIZERR_NEED_RETRY", SILENT),
        ("ERROR", SILENT),
    ] {
        check(&refund(), &failed(code), expected);
    }
    let told = |state: &str, fee: &str| {
        xml_reply(&[
            ("result_code", "SUCCESS"),
            ("out_trade_no", NO),
            ("refund_count", "2"),
            ("out_refund_no_0", "9"),
            ("refund_status_0", "SUCCESS"),
            ("refund_fee_0", "1"),
            ("out_refund_no_1", number),
            ("refund_status_1", state),
            ("refund_fee_1", fee),
        ])
    };
    let call = refund_query();
    check(&call, &told("SUCCESS", "500"), "RefundQuery(Done { amount: Fen(500) })");
    check(&call, &told("SUCCESS", "-"), SILENT);
    check(&call, &told("PROCESSING", "500"), "RefundQuery(Waiting)");
    check(&call, &told("CHANGE", "500"), "RefundQuery(Waiting)");
    check(&call, &told("REFUNDCLOSE", "500"), r#"RefundQuery(Ended { reason: "REFUNDCLOSE" })"#);
    check(&call, &told("NEW", "500"), SILENT);
    check(&call, &failed("REFUNDNOTEXIST"), "RefundQuery(NotExist)");
    check(&call, &failed("SYSTEMERROR"), SILENT);
}

#[test]
fn an_answer_without_the_right_signature_is_silence() {
    let call = submit(Flow::Scan);
    check(&call, &xml_signed(&PAID, SignType::Md5), SILENT);
    check(&call, &xml_reply(&[&PAID[..], &[("sign_type", "MD5")]].concat()), SILENT);
    let good = String::from_utf8(xml_reply(&PAID).body).unwrap();
    check(&call, &unsigned(200, good.replace("1250", "1")), SILENT);
    check(&call, &unsigned(200, good.replace("SUCCESS", "FAIL")), SILENT);
    let cut = good.find("<sign>").unwrap();
    let bare = &good[..cut];
    for sign in ["", "<sign></sign>", "<sign><![CDATA[]]></sign>", "<sign>0</sign>"] {
        check(&call, &unsigned(200, format!("{bare}{sign}</xml>")), SILENT);
    }
    let nothing = good.replace("<return_code><![CDATA[SUCCESS]]></return_code>", "");
    check(&call, &unsigned(200, nothing), SILENT);
    check(&call, &unsigned(500, good), SILENT);

    let mut md5 = wechat();
    md5.settings.sign_type = SignType::Md5;
    let read = brief(md5.decode_call(&call, scan(), &xml_signed(&PAID, SignType::Md5), NOW));
    assert_eq!(read, "paid ¥12.50 Some(1795190400000)");
    assert_eq!(brief(md5.decode_call(&call, scan(), &xml_reply(&PAID), NOW)), SILENT);
}

#[test]
fn an_unsigned_refusal_stops_the_till_only_where_it_is_known() {
    let call = submit(Flow::Scan);
    let refused =
        |told: &str| unsigned(200, write([("return_code", "FAIL"), ("return_msg", told)]));
    check(&call, &refused("签名错误"), r#"Told(UnsignedRefusal { reason: "签名错误" })"#);
    check(&call, &refused("appid不存在"), r#"Told(UnsignedRefusal { reason: "appid不存在" })"#);
    for told in ["系统繁忙，请稍后再试", "SYSTEMERROR", "", "OK"] {
        check(&call, &refused(told), SILENT);
    }
}
