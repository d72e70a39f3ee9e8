//! Our own vectors, byte for byte (see `vectors/README.md`), and what requests never do.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::shared::APP_PRIVATE;
use super::*;
use crate::{Method, PlatformKey, WechatKeys};

const PLATFORM_PUBLIC: &str = include_str!("../../../vectors/keys/alipay_public.pem");

#[derive(Deserialize)]
struct Golden {
    requests: Vec<Request>,
    answers: Vec<Given>,
}

#[derive(Deserialize)]
struct Request {
    name: String,
    method: String,
    url: String,
    authorization: String,
    body: String,
}

#[derive(Deserialize)]
struct Given {
    name: String,
    call: String,
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
    expected: String,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../../vectors/wechat.json")).unwrap()
}

fn live() -> Wechat<WechatKeys> {
    let platform = PlatformKey::from_public_key(PUBLIC_KEY_ID, PLATFORM_PUBLIC).unwrap();
    with_keys(WechatKeys::new(APP_PRIVATE, [platform]).unwrap())
}

fn called(name: &str) -> (Call, Flow) {
    let trade = if name.starts_with("scan") { scan() } else { show() };
    let call = match name {
        "native" => {
            let expires_at = Some(NOW.now.plus_ms(180_000));
            Call::Submit { sale: Sale { expires_at, ..sale() }, auth_code: None }
        }
        "scan" => submit(Flow::Scan),
        "query" | "scan_query" => query(),
        "close" => Call::Close { out_trade_no: no() },
        "scan_reverse" => Call::Reverse { out_trade_no: no() },
        "refund" | "scan_refund" => refund(),
        "refund_query" | "scan_refund_query" => refund_query(),
        other => panic!("{other}"),
    };
    (call, trade)
}

fn header<'r>(request: &'r crate::HttpRequest, name: &str) -> Option<&'r str> {
    request.headers.iter().find(|(given, _)| *given == name).map(|(_, value)| value.as_str())
}

#[test]
fn requests_are_the_golden_bytes() {
    let file = golden();
    assert_eq!(file.requests.len(), 10);
    for expected in file.requests {
        let (call, trade) = called(&expected.name);
        let request = live().encode_call(&call, trade, NOW);
        let named = &expected.name;
        assert_eq!(request.url, expected.url, "{named}");
        assert_eq!(header(&request, "authorization").unwrap_or_default(), expected.authorization);
        assert_eq!(request.method == Method::Get, expected.method == "GET", "{named}");
        assert_eq!(request.limit_ms, if named == "scan" { 15_000 } else { 5_000 });
        assert!(header(&request, "user-agent").is_some(), "{named}");
        let has_type = header(&request, "content-type").is_some();
        assert_eq!(has_type, request.method == Method::Post, "{named}");
        assert_eq!(String::from_utf8(request.body).unwrap(), expected.body, "{named}");
    }
}

#[test]
fn golden_answers_say_what_they_should() {
    let file = golden();
    assert_eq!(file.answers.len(), 7);
    for given in file.answers {
        let (call, trade) = called(&given.call);
        let reply = HttpReply {
            status: given.status,
            headers: given.headers.into_iter().collect(),
            body: given.body.into_bytes(),
        };
        let read = brief(live().decode_call(&call, trade, &reply, NOW));
        assert_eq!(read, given.expected, "{}", given.name);
    }
}

#[test]
fn a_repeated_order_keeps_its_business_bytes() {
    let (call, trade) = called("native");
    let later = Stamp { now: NOW.now.plus_ms(4_000), ..NOW };
    let (first, second) =
        (wechat().encode_call(&call, trade, NOW), wechat().encode_call(&call, trade, later));
    assert_eq!(first.body, second.body);
    assert_ne!(header(&first, "authorization"), header(&second, "authorization"));
    assert_eq!(first, wechat().encode_call(&call, trade, NOW), "the same moment is the same bytes");
}

#[test]
fn a_shown_code_is_never_reversed_and_a_scan_never_closed() {
    let (reverse, close) =
        (Call::Reverse { out_trade_no: no() }, Call::Close { out_trade_no: no() });
    let ends = |call: &Call, trade: Flow, path: &str| {
        let url = wechat().encode_call(call, trade, NOW).url;
        assert!(url.ends_with(path), "{url}");
    };
    ends(&reverse, show(), "/close");
    ends(&close, show(), "/close");
    ends(&reverse, scan(), "/secapi/pay/reverse");
    ends(&close, scan(), "/pay/orderquery");
}

#[test]
fn the_key_that_shall_sign_is_asked_for() {
    let mut wechat = wechat();
    assert_eq!(header(&wechat.encode_call(&query(), show(), NOW), "wechatpay-serial"), None);
    wechat.settings.answer_serial = Some(PUBLIC_KEY_ID.to_owned());
    let request = wechat.encode_call(&query(), show(), NOW);
    assert_eq!(header(&request, "wechatpay-serial"), Some(PUBLIC_KEY_ID));
}

#[test]
fn a_long_title_is_cut_between_characters() {
    let sale = Sale { subject: Subject::new(&"面".repeat(200)), ..sale() };
    let call = Call::Submit { sale, auth_code: None };
    let body = String::from_utf8(wechat().encode_call(&call, show(), NOW).body).unwrap();
    assert!(body.contains(&format!("\"{}\"", "面".repeat(42))), "{body}");
}
