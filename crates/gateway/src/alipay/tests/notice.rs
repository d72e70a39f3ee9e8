//! Notices, genuine and not.

use std::collections::BTreeMap;

use mianfu_core::channel::Verdict;
use mianfu_core::money::{Fen, Timestamp};
use mianfu_core::number::RefundNo;

use super::*;
use crate::alipay::notice::signed_text;
use crate::{About, CallError, News, Stamp};

fn fields() -> BTreeMap<String, String> {
    [
        ("app_id", "2021000000000001"),
        ("charset", "utf-8"),
        ("notify_type", "trade_status_sync"),
        ("out_trade_no", NO),
        ("seller_id", "2088000000000001"),
        ("subject", "拿铁 + 1/2"),
        ("fund_bill_list", r#"[{"amount":"12.50","fundChannel":"PCREDIT"}]"#),
        ("total_amount", "12.50"),
        ("trade_status", "TRADE_SUCCESS"),
        ("sign_type", "RSA2"),
        ("passback_params", ""),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// The body of a notice with the right signature.
fn body(mut fields: BTreeMap<String, String>) -> String {
    let sign = Hashed::new().sign(signed_text(&fields).as_bytes());
    fields.insert("sign".to_owned(), sign);
    form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish()
}

#[test]
fn a_genuine_notice_is_opened() {
    let notice = alipay().open_notice(body(fields()).as_bytes()).unwrap();
    assert_eq!(notice.get("out_trade_no"), Some(NO));
    assert_eq!(notice.get("subject"), Some("拿铁 + 1/2"));
    assert_eq!(notice.get("passback_params"), None);
    assert!(!format!("{notice:?}").contains("PCREDIT"));
}

#[test]
fn a_notice_that_is_not_for_us_or_not_genuine_is_refused() {
    let genuine = body(fields());
    let with = |name: &str, value: &str| {
        let mut fields = fields();
        fields.insert(name.to_owned(), value.to_owned());
        body(fields)
    };
    let not_signed = "the answer is not signed by the channel";
    let table = [
        (genuine.replace("12.50&", "12.51&"), not_signed),
        (genuine.replace("&charset=utf-8", ""), not_signed),
        (format!("{genuine}&extra=1"), not_signed),
        (genuine.replace("sign=", "sin="), not_signed),
        (with("sign_type", "RSA"), not_signed),
        (with("sign_type", "MD5"), not_signed),
        (
            format!("{genuine}&total_amount=0.01"),
            "the answer could not be read: a notice with a field twice",
        ),
        (
            genuine.replace("&out_trade_no=", "%26out_trade_no%3D"),
            "the answer could not be read: a notice with a field inside another",
        ),
        (with("charset", "gbk"), "the answer could not be read: a notice in another charset"),
        (
            with("app_id", "2021000000000002"),
            "the answer could not be read: a notice to another application",
        ),
        (String::new(), not_signed),
        ("x".repeat(64 * 1024 + 1), "the answer has more than 65536 bytes"),
    ];
    for (body, expected) in table {
        assert_eq!(told(alipay().open_notice(body.as_bytes())), expected, "{body:.90}");
    }
    let mut elsewhere = alipay();
    elsewhere.settings.seller_id = Some("2088000000000002".to_owned());
    assert!(elsewhere.open_notice(genuine.as_bytes()).is_err());
}

fn news(changes: &[(&str, &str)]) -> Result<News, CallError> {
    let mut fields = fields();
    let rest = [
        ("trade_no", "2026112122001400000000000001"),
        ("gmt_payment", "2026-11-21 00:00:02"),
        ("buyer_id", "2088000000000009"),
    ];
    for (name, value) in rest.iter().chain(changes) {
        fields.insert((*name).to_owned(), (*value).to_owned());
    }
    alipay().news(body(fields).as_bytes(), Stamp { now: Timestamp(0), offset_ms: 2_000 })
}

#[test]
fn a_notice_says_what_a_query_would() {
    let About::Trade(Verdict::Paid(payment)) = news(&[]).unwrap().about else { panic!("paid") };
    assert_eq!(payment.amount, Fen::new(1_250).unwrap());
    assert_eq!(payment.transaction_no, "2026112122001400000000000001");
    assert_eq!(payment.paid_at, Some(Timestamp(1_795_190_400_000)), "in the till's time");
    assert!(payment.payer.is_some());
    let about = |changes: &[(&str, &str)]| format!("{:?}", news(changes).unwrap().about);
    assert_eq!(about(&[("trade_status", "WAIT_BUYER_PAY")]), "Trade(Waiting)");
    assert_eq!(about(&[("trade_status", "TRADE_CLOSED")]), "Trade(Returned)");
    let unpaid = [("trade_status", "TRADE_CLOSED"), ("gmt_payment", "")];
    assert_eq!(about(&unpaid), "Trade(Closed)");
    let refund_no = format!("{NO}R1");
    let back = [
        ("gmt_refund", "2026-11-21 00:01:02.123"),
        ("refund_fee", "5.00"),
        ("out_biz_no", refund_no.as_str()),
    ];
    let refund_no = RefundNo::new(&refund_no).unwrap();
    assert_eq!(news(&back).unwrap().about, About::Refund(refund_no));
    let elsewhere = [("gmt_refund", "2026-11-21 00:01:02.123"), ("out_biz_no", "portal")];
    assert!(matches!(news(&elsewhere).unwrap().about, About::Trade(Verdict::Paid(_))));
}

#[test]
fn a_notice_that_is_not_whole_says_nothing() {
    for (name, value) in [
        ("total_amount", ""),
        ("total_amount", "12.5.0"),
        ("total_amount", "1e3"),
        ("total_amount", "-12.50"),
        ("total_amount", "12.505"),
        ("trade_no", ""),
        ("trade_no", "../1"),
        ("gmt_payment", "yesterday"),
        ("trade_status", ""),
        ("trade_status", "TRADE_PAID"),
        ("out_trade_no", "1217752501201407033233368018"),
        ("out_trade_no", ""),
    ] {
        assert!(news(&[(name, value)]).is_err(), "{name}={value}");
    }
}
