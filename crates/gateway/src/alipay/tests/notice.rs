//! Notices, genuine and not.

use std::collections::BTreeMap;

use super::*;
use crate::alipay::notice::signed_text;

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
