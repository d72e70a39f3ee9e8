//! What each answer says, row by row.

use mianfu_core::channel::{Closing, Flow, RefundAnswer, RefundVerdict, Reversal, Verdict};
use mianfu_core::money::Fen;

use super::*;
use crate::alipay::answers::payer_hash;
use crate::{Answer, BODY_LIMIT_BYTES, Call, CallError, Channel, recognise};

const SILENT: &str = "silent";

/// Names an answer briefly, errors as `silent`.
fn brief(read: Result<Verdict, CallError>) -> String {
    match read {
        Ok(Verdict::Paid(payment)) => format!("paid {}", payment.amount),
        Ok(Verdict::Waiting) => "waiting".to_owned(),
        Ok(Verdict::NotExist) => "not exist".to_owned(),
        Ok(Verdict::Code { content }) => format!("code {content}"),
        Ok(Verdict::Declined { reason }) => format!("declined {reason}"),
        Ok(Verdict::DeclinedAlive { reason }) => format!("alive {reason}"),
        Ok(Verdict::Closed) => "closed".to_owned(),
        Ok(Verdict::Returned) => "returned".to_owned(),
        Ok(Verdict::AlreadyPaid) => "already paid".to_owned(),
        Ok(Verdict::UnsignedNotExist) => "unsigned not exist".to_owned(),
        Ok(Verdict::UnsignedRefusal { reason }) => format!("unsigned {reason}"),
        Err(_) => SILENT.to_owned(),
    }
}

fn failed(code: &str, sub_code: &str) -> String {
    format!(
        r#"{{"code":"{code}","msg":"Business Failed","sub_code":"{sub_code}","sub_msg":"原因"}}"#
    )
}

#[test]
fn every_row_of_the_submit_table_says_what_it_should() {
    let dead = [
        "INVALID_PARAMETER",
        "ACCESS_FORBIDDEN",
        "EXIST_FORBIDDEN_WORD",
        "PARTNER_ERROR",
        "TOTAL_FEE_EXCEED",
        "PAYMENT_AUTH_CODE_INVALID",
        "BUYER_SELLER_EQUAL",
        "BUYER_ENABLE_STATUS_FORBID",
        "ERROR_BUYER_CERTIFY_LEVEL_LIMIT",
        "BUYER_NOT_EXIST",
        "NOT_CERTIFIED_USER",
        "USER_LOGONID_DUP",
        "BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR",
        "BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR",
        "BEYOND_PAY_RESTRICTION",
        "BEYOND_PER_RECEIPT_RESTRICTION",
        "BEYOND_PER_RECEIPT_DAY_RESTRICTION",
        "BEYOND_PER_RECEIPT_SINGLE_RESTRICTION",
        "MERCHANT_PERM_RECEIPT_SUSPEND_LIMIT",
        "MERCHANT_PERM_RECEIPT_DAY_LIMIT",
        "PRODUCT_AMOUNT_LIMIT_ERROR",
        "SELLER_BEEN_BLOCKED",
        "SELLER_NOT_EXIST",
        "INVALID_RECEIVE_ACCOUNT",
        "MERCHANT_AGREEMENT_NOT_EXIST",
        "MERCHANT_AGREEMENT_INVALID",
        "MERCHANT_STATUS_NOT_NORMAL",
        "PAYMENT_REQUEST_HAS_RISK",
        "INVALID_STORE_ID",
        "SUB_GOODS_SIZE_MAX_COUNT",
        "NOW_TIME_AFTER_EXPIRE_TIME_ERROR",
        "CURRENCY_NOT_SUPPORT",
        "UN_SUPPORT_TRADE_SCENE",
        "RISK_MERCHANT_IP_NOT_EXIST",
    ];
    let alive = [
        "BUYER_BALANCE_NOT_ENOUGH",
        "BUYER_BANKCARD_BALANCE_NOT_ENOUGH",
        "ERROR_BALANCE_PAYMENT_DISABLE",
        "NO_PAYMENT_INSTRUMENTS_AVAILABLE",
        "PULL_MOBILE_CASHIER_FAIL",
        "PAYMENT_FAIL",
        "MOBILE_PAYMENT_SWITCH_OFF",
        "USER_FACE_PAYMENT_SWITCH_OFF",
        "CONTEXT_INCONSISTENT",
        "TRADE_BUYER_NOT_MATCH",
        "APPLY_PC_MERCHANT_CODE_ERROR",
    ];
    let silent = [
        "SYSTEM_ERROR",
        "TRADE_HAS_CLOSE",
        "TRADE_NOT_EXIST",
        "BRAND_NEW_CODE",
        "NO_PAYMENT_FAIL",
        "PAYMENT_FAIL_PERHAPS",
        "",
    ];
    for code in dead {
        check_submit(code, &format!("declined {code}"));
    }
    for code in alive {
        check_submit(code, &format!("alive {code}"));
    }
    for code in silent {
        check_submit(code, SILENT);
    }
    check_submit("TRADE_HAS_SUCCESS", "already paid");
}

/// Checks a code in each spelling, for a scan and for a shown code.
#[track_caller]
fn check_submit(code: &str, expected: &str) {
    let alipay = alipay();
    for prefix in ["ACQ.", "", "aop.ACQ.", "AQC."] {
        let node = failed("40004", &format!("{prefix}{code}"));
        let pay = alipay.decode_pay(&sale(), &signed("pay", &node), 0);
        assert_eq!(brief(pay), expected, "pay {prefix}{code}");
        let show = alipay.decode_precreate(&sale(), &signed("precreate", &node));
        assert_eq!(brief(show), expected, "precreate {prefix}{code}");
    }
}

#[test]
fn a_submits_answer_is_paid_waiting_refused_or_silence() {
    let success = |rest: &str| format!(r#"{{"code":"10000","msg":"Success"{rest}}}"#);
    let full = format!(r#","out_trade_no":"{NO}","trade_no":"{TRADE_NO}","total_amount":"12.50""#);
    let table = [
        (success(&full), "paid ¥12.50"),
        // Another amount is core's to judge.
        (success(&full.replace("12.50", "1.25")), "paid ¥1.25"),
        (success(&full.replace("12.50", "12.500")), SILENT),
        (success(&full.replace("12.50", "１2.50")), SILENT),
        (success(&full.replace("12.50", "1e2")), SILENT),
        (success(&full.replace("\"12.50\"", "12.50")), SILENT),
        (success(&full.replace("19\"", "20\"")), SILENT),
        (success(&full.replace(TRADE_NO, "")), SILENT),
        (success(&format!(r#","trade_no":"{TRADE_NO}","total_amount":"12.50""#)), SILENT),
        (success(&format!(r#","out_trade_no":"{NO}","trade_no":"{TRADE_NO}""#)), SILENT),
        (success(&format!(r#"{full},"gmt_payment":"yesterday""#)), SILENT),
        (format!(r#"{{"code":"10003","out_trade_no":"{NO}"}}"#), "waiting"),
        (r#"{"code":"10003"}"#.to_owned(), SILENT),
        (failed("20000", "aop.ACQ.SYSTEM_ERROR"), SILENT),
        (failed("20000", "isp.unknow-error"), SILENT),
        (failed("40005", "isv.app-call-limited"), SILENT),
        (failed("40004", "ACQ.SYSTEM_ERROR"), SILENT),
        (failed("40002", "isv.invalid-signature"), "declined isv.invalid-signature"),
        (
            failed("40006", "isv.insufficient-isv-permissions"),
            "declined isv.insufficient-isv-permissions",
        ),
        (failed("20001", "aop.auth-token-time-out"), "declined auth-token-time-out"),
        (r#"{"code":"40003","msg":"x"}"#.to_owned(), "declined 40003"),
        (failed("99999", "ACQ.PAYMENT_FAIL"), SILENT),
        (r#"{"msg":"no code"}"#.to_owned(), SILENT),
        ("{}".to_owned(), SILENT),
    ];
    for (node, expected) in table {
        let read = alipay().decode_pay(&sale(), &signed("pay", &node), 0);
        assert_eq!(brief(read), expected, "{node}");
    }
}

#[test]
fn a_failure_that_names_another_attempt_is_no_answer() {
    let node = r#"{"code":"40004","sub_code":"ACQ.PAYMENT_FAIL","out_trade_no":"9000042007123456780000000020"}"#;
    assert_eq!(brief(alipay().decode_pay(&sale(), &signed("pay", node), 0)), SILENT);
}

#[test]
fn a_shown_code_is_drawn_only_from_a_whole_answer() {
    let node = |rest: &str| format!(r#"{{"code":"10000","out_trade_no":"{NO}"{rest}}}"#);
    let table = [
        (node(r#","qr_code":"https:\/\/qr.alipay.com\/bax1""#), "code https://qr.alipay.com/bax1"),
        (node(r#","qr_code":"""#), SILENT),
        (node(r#","qr_code":"a b""#), SILENT),
        (node(""), SILENT),
        (r#"{"code":"10000","qr_code":"https://qr.alipay.com/bax1"}"#.to_owned(), SILENT),
        (r#"{"code":"10003"}"#.to_owned(), SILENT),
    ];
    for (node, expected) in table {
        let read = alipay().decode_precreate(&sale(), &signed("precreate", &node));
        assert_eq!(brief(read), expected, "{node}");
    }
}

#[test]
fn a_query_ends_an_attempt_only_by_an_explicit_word() {
    let trade = |status: &str, rest: &str| {
        format!(
            r#"{{"code":"10000","out_trade_no":"{NO}","trade_no":"{TRADE_NO}","total_amount":"12.50","trade_status":"{status}"{rest}}}"#
        )
    };
    let pay_time = r#","send_pay_date":"2026-11-21 00:00:05""#;
    let table = [
        (trade("TRADE_SUCCESS", pay_time), "paid ¥12.50"),
        (trade("TRADE_FINISHED", ""), "paid ¥12.50"),
        (trade("WAIT_BUYER_PAY", ""), "waiting"),
        (trade("TRADE_CLOSED", ""), "closed"),
        (trade("TRADE_CLOSED", r#","send_pay_date":"""#), "closed"),
        (trade("TRADE_CLOSED", pay_time), "returned"),
        (trade("TRADE_CLOSED", r#","send_pay_date":"?""#), SILENT),
        (trade("SOMETHING_ELSE", ""), SILENT),
        (trade("trade_success", ""), SILENT),
        (trade("TRADE_SUCCESS", "").replace("12.50", ""), SILENT),
        (trade("TRADE_SUCCESS", "").replace(NO, "9000042007123456780000000020"), SILENT),
        (format!(r#"{{"code":"10000","out_trade_no":"{NO}"}}"#), SILENT),
        (r#"{"code":"10000","trade_status":"WAIT_BUYER_PAY"}"#.to_owned(), SILENT),
        (failed("40004", "ACQ.TRADE_NOT_EXIST"), "not exist"),
        (failed("40004", "TRADE_NOT_EXIST"), "not exist"),
        (failed("40004", "ACQ.SYSTEM_ERROR"), SILENT),
        (failed("40004", "ACQ.INVALID_PARAMETER"), SILENT),
        (failed("40004", "ACQ.BUYER_BALANCE_NOT_ENOUGH"), SILENT),
        (failed("20000", "isp.unknow-error"), SILENT),
        // Refused for the set-up: nothing is known of the trade, so never declined.
        (
            failed("40006", "isv.insufficient-isv-permissions"),
            "unsigned isv.insufficient-isv-permissions",
        ),
    ];
    for (node, expected) in table {
        let read = alipay().decode_query(&no(), &signed("query", &node), 0);
        assert_eq!(brief(read), expected, "{node}");
    }
}

#[test]
fn m10_an_unsigned_answer_proves_nothing() {
    let table = [
        (failed("40002", "isv.invalid-app-id"), "unsigned isv.invalid-app-id"),
        (failed("40001", "isv.missing-signature"), "unsigned isv.missing-signature"),
        (failed("40003", "isv.missing-signature-config"), "unsigned isv.missing-signature-config"),
        (
            failed("40006", "isv.insufficient-isv-permissions"),
            "unsigned isv.insufficient-isv-permissions",
        ),
        (failed("40004", "isv.something"), "unsigned isv.something"),
        (failed("40002", "<b>isv</b> 密\\n"), "unsigned bisvb"),
        (failed("40004", "ACQ.TRADE_NOT_EXIST"), "unsigned not exist"),
        (failed("40004", "ACQ.PAYMENT_FAIL"), SILENT),
        (failed("20000", "isp.unknow-error"), SILENT),
        (failed("40005", "isv.app-call-limited"), SILENT),
        (
            format!(r#"{{"code":"10000","out_trade_no":"{NO}","trade_status":"WAIT_BUYER_PAY"}}"#),
            SILENT,
        ),
        (format!(r#"{{"code":"10003","out_trade_no":"{NO}"}}"#), SILENT),
        (r#"{"code":"40002","out_trade_no":"9000042007123456780000000020"}"#.to_owned(), SILENT),
    ];
    for (node, expected) in table {
        for reply in [
            unsigned("query", &node),
            reply(format!(r#"{{"alipay_trade_query_response":{node},"sign":""}}"#)),
            reply(format!(r#"{{"sign":null,"alipay_trade_query_response":{node}}}"#)),
        ] {
            let read = alipay().decode_query(&no(), &reply, 0);
            let expected =
                if reply.body.starts_with(b"{\"sign\":null") { SILENT } else { expected };
            assert_eq!(brief(read), expected, "{node}");
        }
    }
    let not_exist = unsigned("pay", &failed("40004", "ACQ.TRADE_NOT_EXIST"));
    assert_eq!(
        brief(alipay().decode_pay(&sale(), &not_exist, 0)),
        SILENT,
        "a submit cannot say so"
    );
}

#[test]
fn an_error_node_is_never_a_success() {
    let wrap = |node: &str| {
        let sign = Hashed::new().sign(node.as_bytes());
        [
            reply(format!(r#"{{"error_response":{node}}}"#)),
            reply(format!(r#"{{"error_response":{node},"sign":"{sign}"}}"#)),
        ]
    };
    let success = format!(
        r#"{{"code":"10000","out_trade_no":"{NO}","trade_no":"{TRADE_NO}","total_amount":"12.50"}}"#
    );
    for reply in wrap(&success) {
        assert_eq!(brief(alipay().decode_pay(&sale(), &reply, 0)), SILENT);
    }
    let [unsigned, signed] = wrap(&failed("40002", "isv.invalid-method"));
    assert_eq!(brief(alipay().decode_pay(&sale(), &unsigned, 0)), "unsigned isv.invalid-method");
    assert_eq!(brief(alipay().decode_pay(&sale(), &signed, 0)), "declined isv.invalid-method");
}

#[test]
fn a_reversal_says_whether_money_moved() {
    let done = |rest: &str| format!(r#"{{"code":"10000","out_trade_no":"{NO}"{rest}}}"#);
    let trade = format!(r#","trade_no":"{TRADE_NO}""#);
    let refused = |reason: &str| Some(Reversal::Refused { reason: reason.to_owned() });
    let again = |code: &str, sub_code: &str| {
        failed(code, sub_code).replace("{\"code\"", "{\"retry_flag\":\"Y\",\"code\"")
    };
    let table = [
        (done(&format!(r#"{trade},"action":"close","retry_flag":"N""#)), Some(Reversal::Closed)),
        (done(&format!(r#"{trade},"action":"refund","retry_flag":"N""#)), Some(Reversal::Returned)),
        (done(r#","retry_flag":"N""#), Some(Reversal::FoundNothing)),
        (done(""), Some(Reversal::FoundNothing)),
        (done(&trade), Some(Reversal::Done)),
        (done(&format!(r#"{trade},"action":"close","retry_flag":"Y""#)), Some(Reversal::Again)),
        (done(&format!(r#"{trade},"action":"melt""#)), None),
        (r#"{"code":"10000","action":"close"}"#.to_owned(), None),
        (failed("40004", "ACQ.TRADE_NOT_EXIST"), Some(Reversal::FoundNothing)),
        (failed("40004", "ACQ.SELLER_BALANCE_NOT_ENOUGH"), Some(Reversal::NoBalance)),
        (failed("40004", "ACQ.TRADE_CANCEL_TIME_OUT"), Some(Reversal::TooLate)),
        (failed("40004", "ACQ.TRADE_HAS_FINISHED"), refused("TRADE_HAS_FINISHED")),
        (failed("40004", "ACQ.REASON_TRADE_BEEN_FREEZEN"), refused("REASON_TRADE_BEEN_FREEZEN")),
        (
            failed("40004", "ACQ.REASON_TRADE_REFUND_FEE_ERR"),
            refused("REASON_TRADE_REFUND_FEE_ERR"),
        ),
        (failed("40004", "ACQ.CANCEL_NOT_ALLOWED"), refused("CANCEL_NOT_ALLOWED")),
        (failed("40004", "ACQ.INVALID_PARAMETER"), refused("INVALID_PARAMETER")),
        (
            failed("40006", "isv.insufficient-isv-permissions"),
            refused("isv.insufficient-isv-permissions"),
        ),
        (failed("40004", "ACQ.SYSTEM_ERROR"), None),
        (failed("40004", "AQC.SYSTEM_ERROR"), None),
        (failed("40004", "ACQ.BRAND_NEW"), None),
        (failed("20000", "isp.unknow-error"), None),
        (again("40004", "AQC.SYSTEM_ERROR"), Some(Reversal::Again)),
        (again("40004", "ACQ.INVALID_PARAMETER"), Some(Reversal::Again)),
        (again("20000", "isp.unknow-error"), Some(Reversal::Again)),
        (again("40004", "ACQ.SELLER_BALANCE_NOT_ENOUGH"), Some(Reversal::NoBalance)),
        (again("40004", "ACQ.TRADE_CANCEL_TIME_OUT"), Some(Reversal::TooLate)),
    ];
    for (node, expected) in table {
        let read = alipay().decode_cancel(&no(), &signed("cancel", &node));
        assert_eq!(read.ok(), expected, "{node}");
        let unsigned = alipay().decode_cancel(&no(), &unsigned("cancel", &node));
        assert!(unsigned.is_err(), "unsigned {node}");
    }
}

#[test]
fn a_close_cannot_be_read_as_an_end_it_did_not_bring() {
    let refused = |reason: &str| Some(Closing::Refused { reason: reason.to_owned() });
    let table = [
        (
            format!(r#"{{"code":"10000","out_trade_no":"{NO}","trade_no":"1"}}"#),
            Some(Closing::Closed),
        ),
        (r#"{"code":"10000","trade_no":"1"}"#.to_owned(), None),
        (failed("40004", "ACQ.TRADE_NOT_EXIST"), Some(Closing::NotExist)),
        (failed("40004", "ACQ.TRADE_STATUS_ERROR"), refused("TRADE_STATUS_ERROR")),
        (
            failed("40004", "ACQ.REASON_TRADE_STATUS_INVALID"),
            refused("REASON_TRADE_STATUS_INVALID"),
        ),
        (failed("40004", "ACQ.REASON_ILLEGAL_STATUS"), refused("REASON_ILLEGAL_STATUS")),
        (failed("40004", "ACQ.INVALID_PARAMETER"), refused("INVALID_PARAMETER")),
        (failed("40004", "ACQ.SYSTEM_ERROR"), None),
        (failed("40004", "ACQ.BRAND_NEW"), None),
        (failed("20000", "isp.unknow-error"), None),
    ];
    for (node, expected) in table {
        let read = alipay().decode_close(&no(), &signed("close", &node));
        assert_eq!(read.ok(), expected, "{node}");
    }
}

#[test]
fn a_refund_is_done_only_when_funds_changed() {
    let refused = |reason: &str| Some(RefundVerdict::Refused { reason: reason.to_owned() });
    let done = |change: &str| {
        format!(r#"{{"code":"10000","out_trade_no":"{NO}","refund_fee":"3.00"{change}}}"#)
    };
    let table = [
        (done(r#","fund_change":"Y""#), Some(RefundVerdict::Done)),
        (done(r#","fund_change":"N""#), Some(RefundVerdict::Accepted)),
        (done(""), Some(RefundVerdict::Accepted)),
        (done(r#","fund_change":"?""#), None),
        (r#"{"code":"10000","fund_change":"Y"}"#.to_owned(), None),
        (failed("40004", "ACQ.SELLER_BALANCE_NOT_ENOUGH"), Some(RefundVerdict::NoBalance)),
        (failed("40004", "ACQ.DISCORDANT_REPEAT_REQUEST"), Some(RefundVerdict::Clash)),
        (failed("40004", "ACQ.SYSTEM_ERROR"), None),
        (failed("40004", "ACQ.BRAND_NEW"), None),
        (failed("20000", "isp.unknow-error"), None),
        (
            failed("40006", "isv.insufficient-isv-permissions"),
            refused("isv.insufficient-isv-permissions"),
        ),
    ];
    for (node, expected) in table {
        let read = alipay().decode_refund(&no(), &signed("refund", &node));
        assert_eq!(read.ok(), expected, "{node}");
    }
    for code in [
        "INVALID_PARAMETER",
        "REFUND_AMT_NOT_EQUAL_TOTAL",
        "REASON_TRADE_REFUND_FEE_ERR",
        "REFUND_FEE_ERROR",
        "REASON_TRADE_BEEN_FREEZEN",
        "TRADE_NOT_EXIST",
        "TRADE_HAS_FINISHED",
        "TRADE_STATUS_ERROR",
        "TRADE_HAS_CLOSE",
        "TRADE_NOT_ALLOW_REFUND",
        "NOT_ALLOW_PARTIAL_REFUND",
        "ONLINE_TRADE_VOUCHER_NOT_ALLOW_REFUND",
        "REFUND_CHARGE_ERROR",
        "BUYER_ERROR",
        "CUSTOMER_VALIDATE_ERROR",
        "REFUND_ACCOUNT_NOT_EXIST",
    ] {
        let read = alipay()
            .decode_refund(&no(), &signed("refund", &failed("40004", &format!("ACQ.{code}"))));
        assert_eq!(read.ok(), refused(code));
    }
}

#[test]
fn a_refund_query_tells_done_from_unknown() {
    let known = |rest: &str| {
        format!(r#"{{"code":"10000","out_trade_no":"{NO}","out_request_no":"{NO}R1"{rest}}}"#)
    };
    let done = Some(RefundAnswer::Done { amount: Fen::new(300).unwrap() });
    let table = [
        (known(r#","refund_amount":"3.00","refund_status":"REFUND_SUCCESS""#), done.clone()),
        (known(r#","refund_amount":"3.00""#), done),
        (known(r#","refund_amount":"3.00","refund_status":"REFUND_FAIL""#), None),
        (known(r#","refund_status":"REFUND_SUCCESS""#), None),
        (known(""), None),
        (known(r#","refund_amount":"3.00""#).replace("R1", "R2"), None),
        (known(r#","refund_amount":"3.00""#).replace("19\"", "20\""), None),
        (r#"{"code":"10000","msg":"Success"}"#.to_owned(), Some(RefundAnswer::NotExist)),
        (r#"{"code":"10000","refund_amount":"3.00"}"#.to_owned(), None),
        (failed("40004", "ACQ.TRADE_NOT_EXIST"), Some(RefundAnswer::NotExist)),
        (failed("40004", "ACQ.SYSTEM_ERROR"), None),
        (failed("40006", "isv.insufficient-isv-permissions"), None),
        (failed("20000", "isp.unknow-error"), None),
    ];
    for (node, expected) in table {
        let reply = signed("fastpay_refund_query", &node);
        let read = alipay().decode_refund_query(&no(), &refund_no(), &reply);
        assert_eq!(read.ok(), expected, "{node}");
    }
}

#[test]
fn an_unsigned_refusal_of_a_reversal_or_refund_names_its_reason() {
    let node = failed("40002", "isv.invalid-app-id");
    let said = "the channel refused the call without a signature: `isv.invalid-app-id`";
    assert_eq!(told(alipay().decode_cancel(&no(), &unsigned("cancel", &node))), said);
    assert_eq!(told(alipay().decode_close(&no(), &unsigned("close", &node))), said);
    assert_eq!(told(alipay().decode_refund(&no(), &unsigned("refund", &node))), said);
    let reply = unsigned("fastpay_refund_query", &node);
    assert_eq!(told(alipay().decode_refund_query(&no(), &refund_no(), &reply)), said);
}

#[test]
fn m4_only_a_signed_answer_proves_the_keys() {
    let probe = |reply: &HttpReply| alipay().decode_probe(&no(), reply);
    let not_exist = failed("40004", "ACQ.TRADE_NOT_EXIST");
    assert_eq!(probe(&signed("query", &not_exist)).ok(), Some(Answer::Proven));
    let told = probe(&unsigned("query", &not_exist));
    assert_eq!(told.ok(), Some(Answer::Told(Verdict::UnsignedNotExist)));
    let reason = "isv.invalid-signature".to_owned();
    let told = probe(&unsigned("query", &failed("40002", "isv.invalid-signature")));
    assert_eq!(told.ok(), Some(Answer::Told(Verdict::UnsignedRefusal { reason })));
    assert!(probe(&reply("<html>welcome to the hotel</html>")).is_err());
}

#[test]
fn a_pay_time_is_told_in_the_tills_time_and_the_payer_as_a_hash() {
    let node = |payer: &str| {
        format!(
            r#"{{"code":"10000","out_trade_no":"{NO}","trade_no":"{TRADE_NO}","total_amount":"12.50","gmt_payment":"2026-11-21 00:00:05"{payer}}}"#
        )
    };
    let payment =
        |payer: &str| match alipay().decode_pay(&sale(), &signed("pay", &node(payer)), 90_000) {
            Ok(Verdict::Paid(payment)) => payment,
            other => panic!("{other:?}"),
        };
    let by_id = payment(r#","buyer_user_id":"2088000000000009","buyer_open_id":"074a""#);
    assert_eq!(by_id.paid_at, Some(NOW.now.plus_ms(5_000 - 90_000)));
    assert_eq!(by_id.payer, Some(payer_hash(&[7; 32], "2088000000000009")));
    assert_ne!(by_id.payer, Some(payer_hash(&[8; 32], "2088000000000009")), "the key matters");
    assert!(!format!("{by_id:?}").contains("2088000000000009"));
    let by_open_id = payment(r#","buyer_user_id":"","buyer_open_id":"074a""#);
    assert_eq!(by_open_id.payer, Some(payer_hash(&[7; 32], "074a")));
    assert_eq!(payment("").payer, None);
}

#[test]
fn an_answer_about_another_seller_is_no_answer() {
    let mut alipay = alipay();
    alipay.settings.seller_id = Some("2088000000000001".to_owned());
    let node = |seller: &str| {
        format!(
            r#"{{"code":"10000","out_trade_no":"{NO}","trade_no":"{TRADE_NO}","total_amount":"12.50","seller_id":"{seller}"}}"#
        )
    };
    let read = |seller| alipay.decode_pay(&sale(), &signed("pay", &node(seller)), 0).ok();
    assert_eq!(read("2088000000000001"), Some(paid(1250)));
    assert_eq!(read("2088000000000002"), None);
    assert_eq!(read(""), Some(paid(1250)), "an answer need not name the seller");
}

#[test]
fn what_is_no_answer_is_silence_by_its_own_name() {
    let read = |reply: &HttpReply| told(alipay().decode_pay(&sale(), reply, 0));
    let whole = signed("pay", &format!(r#"{{"code":"10003","out_trade_no":"{NO}"}}"#));
    assert_eq!(read(&whole), "Waiting");
    let shape = "the answer could not be read: the envelope of an answer";
    assert_eq!(read(&reply("")), shape);
    assert_eq!(read(&reply("<html><body>502</body></html>")), shape);
    assert_eq!(read(&reply("null")), shape);
    assert_eq!(read(&reply(&whole.body[..whole.body.len() - 1])), shape);
    assert_eq!(read(&reply([whole.body.as_slice(), b"x"].concat())), shape);
    assert_eq!(read(&reply(b"\xff\xfe".to_vec())), shape);
    assert_eq!(read(&HttpReply { status: 502, ..whole.clone() }), "the channel answered HTTP 502");
    assert_eq!(read(&HttpReply { status: 302, ..whole.clone() }), "the channel answered HTTP 302");
    let large = reply(vec![b' '; BODY_LIMIT_BYTES + 1]);
    assert_eq!(read(&large), "the answer has more than 262144 bytes");
    let aes = reply(r#"{"alipay_trade_pay_response":"cipher","sign":"x"}"#);
    assert_eq!(read(&aes), "the answer could not be read: an encrypted answer");
    let deep = reply(format!(r#"{{"alipay_trade_pay_response":{}"#, "[".repeat(200_000)));
    assert_eq!(read(&deep), shape);
}

#[test]
fn in_certificate_mode_another_certificates_answer_is_not_read() {
    let mut alipay = alipay();
    let serials = ["app", "root", "theirs"].map(str::to_owned);
    let [app, root, channel] = serials;
    alipay.keys.serials = Some(CertSerials { app, root, channel });
    let node = format!(r#"{{"code":"10003","out_trade_no":"{NO}"}}"#);
    let sign = Hashed::new().sign(node.as_bytes());
    let read = |cert_sn: &str| {
        let body = format!(r#"{{"alipay_trade_pay_response":{node},{cert_sn}"sign":"{sign}"}}"#);
        alipay.decode_pay(&sale(), &reply(body), 0).ok()
    };
    assert_eq!(read(r#""alipay_cert_sn":"theirs","#), Some(Verdict::Waiting));
    assert_eq!(read(r#""alipay_cert_sn":"rotated","#), None);
    let request = alipay.encode_query(&no(), NOW);
    assert!(request.url.contains("app_cert_sn=app&alipay_root_cert_sn=root"));
}

#[test]
fn a_channel_encodes_and_decodes_each_call_as_its_own() {
    let channel = Channel::Alipay(alipay());
    let out_trade_no = no();
    let crate::Scanned::Payment { auth_code, .. } = recognise("281234567890123456") else {
        panic!("a payment code")
    };
    let calls = [
        (Call::Submit { sale: sale(), auth_code: Some(auth_code) }, "alipay.trade.pay&"),
        (Call::Submit { sale: sale(), auth_code: None }, "alipay.trade.precreate&"),
        (Call::Query { out_trade_no: no() }, "alipay.trade.query&"),
        (Call::Reverse { out_trade_no: no() }, "alipay.trade.cancel&"),
        (Call::Close { out_trade_no: no() }, "alipay.trade.close&"),
        (
            Call::Refund {
                out_trade_no: no(),
                refund_no: refund_no(),
                amount: Fen::new(300).unwrap(),
                of: sale().amount,
            },
            "alipay.trade.refund&",
        ),
        (
            Call::RefundQuery { out_trade_no, refund_no: refund_no() },
            "alipay.trade.fastpay.refund.query&",
        ),
        (Call::Probe { out_trade_no: no() }, "alipay.trade.query&"),
    ];
    for (call, method) in calls {
        let request = channel.encode(&call, Flow::Scan, NOW);
        assert!(request.url.contains(&format!("method={method}")), "{}", request.url);
        let shown = format!("{request:?} {call:?} {channel:?}");
        assert!(!shown.contains("281234567890123456") && !shown.contains("sign="), "{shown}");
        let name =
            method.trim_start_matches("alipay.trade.").trim_end_matches('&').replace('.', "_");
        let node = failed("40004", "ACQ.TRADE_NOT_EXIST");
        let answer = channel.decode(&call, Flow::Scan, &signed(&name, &node), NOW);
        let silent = matches!(call, Call::Submit { .. });
        assert_eq!(answer.is_err(), silent, "{method} {answer:?}");
    }
    assert!(channel.accepts_code("281234567890123456\n"));
    assert!(!channel.accepts_code("131234567890123456"));
}
