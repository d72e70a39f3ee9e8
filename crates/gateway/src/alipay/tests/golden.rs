//! Our own vectors, byte for byte. See `vectors/README.md`.

use mianfu_core::channel::{Flow, Verdict};
use mianfu_core::money::{Charge, Fen};
use serde::Deserialize;

use super::*;
use crate::{AppAuthToken, Call, HttpRequest, Method, RsaKeys, Scanned, recognise};

pub(super) const APP_PRIVATE: &str = include_str!("../../../vectors/keys/app_private.pem");
pub(super) const APP_PUBLIC: &str = include_str!("../../../vectors/keys/app_public.pem");
pub(super) const ALIPAY_PRIVATE: &str = include_str!("../../../vectors/keys/alipay_private.pem");
pub(super) const ALIPAY_PUBLIC: &str = include_str!("../../../vectors/keys/alipay_public.pem");

#[derive(Deserialize)]
struct Requests {
    requests: Vec<Request>,
}

#[derive(Deserialize)]
struct Request {
    name: String,
    canonical: String,
    url: String,
    body: String,
}

#[derive(Deserialize)]
struct Answers {
    answers: Vec<Given>,
}

#[derive(Deserialize)]
struct Given {
    name: String,
    api: String,
    body: String,
    expected: String,
}

fn golden() -> Alipay<RsaKeys> {
    let keys = RsaKeys::from_keys(APP_PRIVATE, ALIPAY_PUBLIC).unwrap();
    Alipay { settings: settings(), keys, payer_key: [7; 32] }
}

/// The till of the vectors that name everything.
fn furnished() -> Alipay<RsaKeys> {
    let mut alipay = golden();
    alipay.settings.seller_id = Some("2088000000000001".to_owned());
    alipay.settings.store_id = Some("NJ_001".to_owned());
    alipay.settings.terminal_id = Some("T7".to_owned());
    alipay.settings.notify_url = Some("https://relay.example.com/notify/alipay/2088/7".to_owned());
    alipay.settings.scan_product = "OFFLINE_PAYMENT".to_owned();
    let token = "202611BB00000000000000000000000X".to_owned();
    alipay.settings.app_auth_token = Some(AppAuthToken(token));
    alipay
}

#[test]
fn requests_are_the_golden_bytes() {
    let file: Requests =
        serde_json::from_str(include_str!("../../../vectors/requests.json")).unwrap();
    assert_eq!(file.requests.len(), 8);
    for expected in file.requests {
        let request = encode(&expected.name);
        assert_eq!(request.url, expected.url, "{}", expected.name);
        assert_eq!(String::from_utf8(request.body).unwrap(), expected.body, "{}", expected.name);
        assert_eq!(request.method, Method::Post);
        let is_scan = expected.name.starts_with("pay");
        assert_eq!(request.limit_ms, if is_scan { 15_000 } else { 5_000 });
        let sign = form_urlencoded::parse(request.url.as_bytes())
            .find_map(|(name, value)| (name == "sign").then(|| value.into_owned()))
            .unwrap();
        let judge = RsaKeys::from_keys(ALIPAY_PRIVATE, APP_PUBLIC).unwrap();
        assert!(judge.verify(expected.canonical.as_bytes(), &sign), "{}", expected.name);
    }
}

fn encode(name: &str) -> HttpRequest {
    let plain = golden();
    match name {
        "pay" => plain.encode_pay(&sale(), &code("281234567890123456"), NOW),
        "pay with everything" => {
            let sale = Sale {
                amount: Charge::new(1).unwrap(),
                subject: Subject::new("+ & = /"),
                expires_at: Some(NOW.now.plus_ms(90_000)),
                ..sale()
            };
            let late = Stamp { offset_ms: 90_000, ..NOW };
            furnished().encode_pay(&sale, &code("fp0123456789abcdef0123456789abcdef0"), late)
        }
        "precreate" => {
            let sale = Sale {
                amount: Charge::new(5_000_000).unwrap(),
                subject: Subject::new(""),
                expires_at: Some(NOW.now.plus_ms(180_000)),
                ..sale()
            };
            let mut alipay = golden();
            alipay.settings.notify_url = furnished().settings.notify_url;
            alipay.settings.show_product = "QR_CODE_OFFLINE".to_owned();
            alipay.encode_precreate(&sale, NOW)
        }
        "query" => plain.encode_query(&no(), NOW),
        "cancel" => plain.encode_cancel(&no(), NOW),
        "close" => plain.encode_close(&no(), NOW),
        "refund" => {
            let mut alipay = furnished();
            alipay.settings.app_auth_token = None;
            alipay.encode_refund(&no(), &refund_no(), Fen::new(300).unwrap(), NOW)
        }
        "refund query" => plain.encode_refund_query(&no(), &refund_no(), NOW),
        other => panic!("no call named {other}"),
    }
}

fn code(text: &str) -> crate::AuthCode {
    let Scanned::Payment { auth_code, .. } = recognise(text) else { panic!("a payment code") };
    auth_code
}

#[test]
fn answers_are_read_as_the_golden_words() {
    let file: Answers =
        serde_json::from_str(include_str!("../../../vectors/answers.json")).unwrap();
    assert_eq!(file.answers.len(), 12);
    let alipay = golden();
    for given in file.answers {
        let reply = reply(given.body);
        let read = match given.api.as_str() {
            "pay" => alipay.decode_pay(&sale(), &reply, 0),
            "precreate" => alipay.decode_precreate(&sale(), &reply),
            "query" => alipay.decode_query(&no(), &reply, 0),
            other => panic!("no method named {other}"),
        };
        let said = match read {
            Ok(Verdict::Paid(payment)) => format!(
                "paid {} {} at {}",
                payment.amount,
                payment.transaction_no,
                payment.paid_at.unwrap().0
            ),
            Ok(Verdict::Waiting) => "waiting".to_owned(),
            Ok(Verdict::Code { content }) => format!("code {content}"),
            Ok(Verdict::Declined { reason }) => format!("declined {reason}"),
            Ok(Verdict::NotExist) => "not exist".to_owned(),
            Ok(Verdict::Returned) => "returned".to_owned(),
            Ok(Verdict::Closed) => "closed".to_owned(),
            Ok(other) => panic!("{other:?}"),
            Err(error) => error.to_string(),
        };
        assert_eq!(said, given.expected, "{}", given.name);
    }
}

#[test]
fn a_retry_has_the_same_business_bytes() {
    let call = Call::Submit { sale: sale(), auth_code: None };
    let channel = crate::Channel::Alipay(golden());
    let later = Stamp { now: NOW.now.plus_ms(60_000), ..NOW };
    assert_eq!(
        channel.encode(&call, Flow::Show, NOW).body,
        channel.encode(&call, Flow::Show, later).body
    );
}
