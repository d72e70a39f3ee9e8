//! What goes over the wire: the checks at the door, signatures, charsets, weather.

use std::collections::BTreeSet;

use super::shop::{Heard, SECRET, Shop, sale};
use mianfu_practice::truth::{Entry, Fate};
use mianfu_practice::{
    Acted, Answer, CertificateNumbers, Fault, FaultKind, KeyedHash, Manner, Mode, Options,
    Practice, Reply, Request, RsaSigner, Signer, Slashes,
};
use serde_json::json;

const QUERY: &str = "alipay.trade.query";

#[track_caller]
fn turned_away(heard: Heard, code: &str, sub_code: &str) {
    let Heard::Unsigned(node) = heard else {
        panic!("`{sub_code}` expected and unsigned, not {heard:?}");
    };
    assert_eq!(node["code"], code, "{node}");
    assert_eq!(node["sub_code"], sub_code, "{node}");
}

/// Asks with one common parameter changed, left out where `value` is None.
fn with_common(shop: &mut Shop, name: &str, value: Option<&str>) -> Heard {
    let mut common = shop.common(QUERY);
    common.retain(|(known, _)| known != name);
    if let Some(value) = value {
        common.push((name.to_owned(), value.to_owned()));
    }
    let request = shop.request_of(&common, "{\"out_trade_no\":\"901\"}");
    shop.send(&request)
}

#[test]
fn a_bad_request_gets_alipays_own_error_without_a_signature() {
    let cases = [
        ("method", None, "40001", "isv.missing-method"),
        ("method", Some("alipay.trade.steal"), "40002", "isv.invalid-method"),
        ("app_id", None, "40001", "isv.missing-app-id"),
        ("app_id", Some("2021000000000000"), "40002", "isv.invalid-app-id"),
        ("timestamp", None, "40001", "isv.missing-timestamp"),
        ("timestamp", Some("2026/11/21 10:00"), "40002", "isv.invalid-timestamp"),
        ("version", None, "40001", "isv.missing-version"),
        ("charset", Some("latin-1"), "40002", "isv.invalid-charset"),
        ("format", Some("XML"), "40002", "isv.invalid-format"),
        ("sign_type", None, "40001", "isv.missing-signature-type"),
        ("sign_type", Some("RSA"), "40002", "isv.invalid-signature-type"),
        ("sign_type", Some("MD5"), "40002", "isv.invalid-signature-type"),
    ];
    for (name, value, code, sub_code) in cases {
        let mut shop = Shop::new();
        turned_away(with_common(&mut shop, name, value), code, sub_code);
    }
}

#[test]
fn an_unknown_application_is_told_so_before_its_signature_is_looked_at() {
    let mut shop = Shop::new();
    let mut request = shop.request(QUERY, &json!({ "out_trade_no": "901" }));
    request.query = request.query.replace("9999000000000001", "2021000000000000");
    turned_away(shop.send(&request), "40002", "isv.invalid-app-id");
}

#[test]
fn what_was_not_signed_is_not_done() {
    let mut shop = Shop::new();
    let request = shop.request("alipay.trade.precreate", &sale("901", "12.50"));
    let mut dearer = request.clone();
    dearer.body = String::from_utf8(dearer.body).unwrap().replace("12%2E50", "99%2E50").into();
    turned_away(shop.send(&dearer), "40002", "isv.invalid-signature");
    let mut unsigned = request.clone();
    unsigned.query = unsigned.query.split("&sign=").next().unwrap().to_owned();
    turned_away(shop.send(&unsigned), "40001", "isv.missing-signature");
    let mut twice = request.clone();
    twice.query.push_str("&biz_content=%7B%7D");
    turned_away(shop.send(&twice), "40002", "isv.invalid-signature");
    assert_eq!(shop.practice.truth().offers().count(), 0);
    assert!(matches!(shop.send(&request), Heard::Signed(_)));
}

#[test]
fn business_parameters_that_are_no_object_are_illegal_json() {
    for business in ["{", "[]", "1", "null", "\"{}\""] {
        let mut shop = Shop::new();
        let request = shop.request_of(&shop.common(QUERY), business);
        turned_away(shop.send(&request), "40002", "isv.illegal-json");
    }
}

#[test]
fn the_signature_is_checked_before_the_business_parameters() {
    let mut shop = Shop::new();
    let mut request = shop.request_of(&shop.common(QUERY), "{");
    request.query = request.query.replace("timestamp=2026", "timestamp=2025");
    turned_away(shop.send(&request), "40002", "isv.invalid-signature");
}

#[test]
fn a_clock_that_is_far_off_is_refused_where_a_window_is_set() {
    let mut shop = Shop::with(|options| options.stamp_window_ms = Some(600_000));
    turned_away(
        with_common(&mut shop, "timestamp", Some("2015-01-01 00:00:00")),
        "40002",
        "isv.invalid-timestamp",
    );
    let near = with_common(&mut shop, "timestamp", Some("2026-11-21 09:50:00"));
    assert!(matches!(near, Heard::Signed(_)));
}

#[test]
fn get_with_everything_in_the_query_is_as_good_as_post() {
    let mut shop = Shop::new();
    let posted = shop.request(QUERY, &json!({ "out_trade_no": "901" }));
    let query = format!("{}&{}", posted.query, String::from_utf8(posted.body).unwrap());
    let got = Request {
        method: "GET".to_owned(),
        query,
        headers: Vec::new(),
        body: Vec::new(),
        ..posted
    };
    assert_eq!(shop.send(&got).node()["sub_code"], "ACQ.TRADE_NOT_EXIST");
}

#[test]
fn answers_look_like_the_real_ones() {
    let mut shop = Shop::new();
    let request = shop.request(QUERY, &json!({ "out_trade_no": "901" }));
    let answer = answer(shop.practice.handle(shop.now_ms, &request));
    assert_eq!(answer.status, 200);
    let header = |name: &str| {
        let found = answer.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).unwrap()
    };
    assert_eq!(header("content-type"), "text/html;charset=utf-8");
    assert_eq!(header("date"), "Sat, 21 Nov 2026 02:00:00 GMT");
    assert!(!header("trace_id").is_empty());
    let text = String::from_utf8(answer.body).unwrap();
    let start = "{\"alipay_trade_query_response\":{\"code\":\"40004\",\"msg\":\"Business Failed\",\
                 \"sub_code\":\"ACQ.TRADE_NOT_EXIST\",\"sub_msg\":\"交易不存在\",";
    assert!(text.starts_with(start), "{text}");
}

#[test]
fn escaped_slashes_are_signed_as_they_are_sent() {
    let mut shop = Shop::with(|options| options.slashes = Slashes::Escaped);
    let request = shop.request("alipay.trade.precreate", &sale("901", "12.50"));
    let answer = answer(shop.practice.handle(shop.now_ms, &request));
    let text = String::from_utf8(answer.body.clone()).unwrap();
    assert!(text.contains("https:\\/\\/qr.alipay.com\\/"), "{text}");
    assert!(matches!(shop.open(&answer), Heard::Signed(_)));
}

#[test]
fn gbk_is_answered_in_gbk_and_signed_in_gbk() {
    let mut shop = Shop::new();
    let mut common = shop.common(QUERY);
    common.retain(|(name, _)| name != "charset");
    common.push(("charset".to_owned(), "GBK".to_owned()));
    let request = shop.request_of(&common, "{\"out_trade_no\":\"901\"}");
    let answer = answer(shop.practice.handle(shop.now_ms, &request));
    let not_there: &[u8] = &[0xBD, 0xBB, 0xD2, 0xD7, 0xB2, 0xBB, 0xB4, 0xE6, 0xD4, 0xDA];
    let place = answer.body.windows(10).position(|window| window == not_there);
    assert!(place.is_some(), "交易不存在 in GBK");
    let at = |wanted: &[u8]| {
        answer.body.windows(wanted.len()).rposition(|window| window == wanted).unwrap()
    };
    let node = &answer.body[at(b"_response\":") + 11..at(b",\"sign\"")];
    let expected = KeyedHash::new(SECRET).sign_as(KeyedHash::ALIPAY, node);
    let signed = format!(",\"sign\":\"{expected}\"}}");
    assert!(answer.body.ends_with(signed.as_bytes()));
}

#[test]
fn certificate_mode_wants_the_numbers_and_names_its_own() {
    let numbers = CertificateNumbers {
        app_cert_sn: "a1".to_owned(),
        alipay_root_cert_sn: "b2".to_owned(),
        alipay_cert_sn: "c3".to_owned(),
    };
    let mut shop = Shop::with(|options| options.mode = Mode::Certificate(numbers));
    let without = shop.ask(QUERY, json!({ "out_trade_no": "901" }));
    turned_away(without, "40002", "isv.invalid-signature");
    let mut common = shop.common(QUERY);
    common.push(("app_cert_sn".to_owned(), "a1".to_owned()));
    common.push(("alipay_root_cert_sn".to_owned(), "b2".to_owned()));
    let request = shop.request_of(&common, "{\"out_trade_no\":\"901\"}");
    let answer = answer(shop.practice.handle(shop.now_ms, &request));
    assert!(String::from_utf8_lossy(&answer.body).contains(",\"alipay_cert_sn\":\"c3\",\"sign\":"));
    assert!(matches!(shop.open(&answer), Heard::Signed(_)));
}

#[test]
fn real_keys_sign_and_check() {
    let signer = || {
        RsaSigner::from_pem(
            include_str!("../../fixtures/alipay_private_key.pem"),
            include_str!("../../fixtures/merchant_public_key.pem"),
        )
        .unwrap()
    };
    let merchant = RsaSigner::from_pem(
        include_str!("../../fixtures/merchant_private_key.pem"),
        include_str!("../../fixtures/merchant_public_key.pem"),
    )
    .unwrap();
    let signature = merchant.sign(b"what was signed");
    assert_eq!(signature.len(), 344);
    assert!(signer().verify_merchant(b"what was signed", &signature));
    assert!(!signer().verify_merchant(b"what was not", &signature));
    assert!(!signer().verify_merchant(b"what was signed", &signer().sign(b"what was signed")));
    assert!(!signer().verify_merchant(b"what was signed", "no base64!"));
    assert_eq!(format!("{:?}", signer()), "RsaSigner(\"***\")");
}

#[test]
fn each_fault_spoils_what_is_told_and_not_what_is_true() {
    let acted = [
        (Fault::AnswerLost, Heard::Nothing),
        (Fault::WrongSignature, Heard::Useless(200)),
        (Fault::Truncated, Heard::Useless(200)),
        (Fault::Garbage, Heard::Useless(200)),
        (Fault::Empty, Heard::Useless(200)),
        (Fault::ServerError { status: 502, acted: Acted::Yes }, Heard::Useless(502)),
    ];
    for (fault, heard) in acted {
        let mut shop = Shop::new();
        assert_eq!(spoilt_pay(&mut shop, fault), heard, "{fault:?}");
        assert_eq!(shop.practice.truth().captured_fen(), 1250, "{fault:?} happened after the deed");
        assert_eq!(shop.practice.truth().asked()[0].fate, Fate::Spoilt(fault.kind()));
        assert_eq!(shop.query("901")["trade_status"], "TRADE_SUCCESS", "the fault is over");
    }
    let not_acted = [
        (Fault::RequestLost, Heard::Nothing),
        (Fault::Refused, Heard::Nothing),
        (Fault::ServerError { status: 500, acted: Acted::No }, Heard::Useless(500)),
    ];
    for (fault, heard) in not_acted {
        let mut shop = Shop::new();
        assert_eq!(spoilt_pay(&mut shop, fault), heard, "{fault:?}");
        assert_eq!(shop.practice.truth().captured_fen(), 0, "{fault:?} left nothing behind");
        assert_eq!(shop.practice.weather().fired().get(&fault.kind()), Some(&1));
    }
}

#[test]
fn busy_is_unsigned_and_says_nothing_about_the_money() {
    for (acted, captured_fen) in [(Acted::Yes, 1250), (Acted::No, 0)] {
        let mut shop = Shop::new();
        let heard = spoilt_pay(&mut shop, Fault::Busy { acted });
        turned_away(heard, "20000", "isp.unknow-error");
        assert_eq!(shop.practice.truth().captured_fen(), captured_fen);
        let mut shop = Shop::new();
        let node = spoilt_pay(&mut shop, Fault::SystemError { acted }).node();
        assert_eq!(node["sub_code"], "ACQ.SYSTEM_ERROR");
        assert_eq!(shop.practice.truth().captured_fen(), captured_fen);
    }
}

#[test]
fn a_genuine_answer_can_be_about_another_order_or_amount() {
    let mut shop = Shop::new();
    let node = spoilt_pay(&mut shop, Fault::AnotherOrder).node();
    assert_eq!(node["out_trade_no"], "907");
    let mut shop = Shop::new();
    let node = spoilt_pay(&mut shop, Fault::AnotherAmount).node();
    assert_eq!(node["total_amount"], "12.51");
    let mut shop = Shop::new();
    assert!(matches!(spoilt_pay(&mut shop, Fault::Unsigned), Heard::Unsigned(_)));
}

#[test]
fn a_slow_answer_says_by_how_much_and_a_huge_one_is_ten_megabytes() {
    let mut shop = Shop::new();
    shop.practice.weather_mut().next(Fault::Slow { delay_ms: 9_000 });
    let request = shop.request(QUERY, &json!({ "out_trade_no": "901" }));
    let reply = shop.practice.handle(shop.now_ms, &request);
    assert!(matches!(reply, Reply::Answer { delay_ms: 9_000, .. }));
    shop.practice.weather_mut().next(Fault::Huge);
    let huge = answer(shop.practice.handle(shop.now_ms, &request));
    assert_eq!(huge.body.len(), 10 * 1024 * 1024);
}

#[test]
fn a_request_that_arrives_twice_moves_the_money_once() {
    let mut shop = Shop::new();
    let node = spoilt_pay(&mut shop, Fault::Twice).node();
    assert_eq!(node["code"], "10000");
    assert_eq!(shop.practice.truth().captures().count(), 1);
    shop.practice.weather_mut().next(Fault::Twice);
    assert_eq!(shop.refund("901", "1.00", "901R1")["fund_change"], "Y");
    assert_eq!(shop.practice.truth().returned_fen(), 100);
}

#[test]
fn a_scripted_fault_waits_for_the_method_it_names() {
    let mut shop = Shop::new();
    shop.practice.weather_mut().next_of("alipay.trade.cancel", Fault::AnswerLost);
    assert_eq!(shop.query("901")["sub_code"], "ACQ.TRADE_NOT_EXIST");
    assert_eq!(shop.ask("alipay.trade.cancel", json!({ "out_trade_no": "901" })), Heard::Nothing);
    assert_eq!(shop.cancel("901")["code"], "10000");
}

#[test]
fn the_same_seed_makes_the_same_day() {
    let (one, other) = (stormy_day(11), stormy_day(11));
    assert_eq!(one, other);
    assert_ne!(one, stormy_day(12));
}

#[test]
fn in_a_storm_every_fault_that_a_till_can_weather_fires() {
    let (_, fired) = stormy_day(3);
    let left_out = [FaultKind::AnotherAmount, FaultKind::SellerEmpty, FaultKind::Huge];
    let expected: BTreeSet<_> =
        FaultKind::ALL.into_iter().filter(|kind| !left_out.contains(kind)).collect();
    assert_eq!(fired, expected);
}

#[test]
fn a_journal_tells_the_same_ledger_again() {
    let (options, keys) = (Options::new(9), KeyedHash::new(SECRET));
    let mut shop = Shop::new();
    shop.practice = Practice::from_journal(options.clone(), keys.clone(), Vec::new());
    shop.practice.weather_mut().storm();
    let qr = (0..20).find_map(|count| {
        let business = sale(&format!("91{count}"), "3.00");
        let heard = shop.ask("alipay.trade.precreate", business);
        let Heard::Signed(node) = heard else { return None };
        Some(node["qr_code"].as_str()?.to_owned())
    });
    shop.practice.scan(shop.now_ms, &qr.unwrap(), Manner::Pays).unwrap();
    let manners = [Manner::Pays, Manner::ByHand, Manner::TypesPassword { after_ms: 900 }];
    for sale_no in 0..90 {
        let number = format!("90{sale_no}");
        let code = shop.practice.show_payment_code(shop.now_ms, manners[sale_no % 3]);
        let mut business = sale(&number, "12.50");
        business["auth_code"] = json!(code);
        shop.ask("alipay.trade.pay", business);
        shop.wait(30_000);
        let method = ["alipay.trade.cancel", "alipay.trade.close", QUERY][sale_no / 3 % 3];
        shop.ask(method, json!({ "out_trade_no": number }));
        let refund = json!({
            "out_trade_no": number, "refund_amount": "1.00", "out_request_no": "R1",
        });
        shop.ask("alipay.trade.refund", refund);
    }
    let line = |entry: &Entry| serde_json::to_string(entry).unwrap();
    let lines: Vec<_> = shop.practice.take_unsaved().iter().map(line).collect();
    let read = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let again = Practice::from_journal(options, keys, read);
    assert!(again.truth().returned_fen() > 0);
    assert_eq!(again.truth(), shop.practice.truth());
    assert_eq!(again.next_event_ms(), shop.practice.next_event_ms());
}

/// Returns every reply and the whole ledger of a day as text, and which faults fired.
fn stormy_day(seed: u64) -> (String, BTreeSet<FaultKind>) {
    let mut shop = Shop::with(|options| options.seed = seed);
    shop.practice.weather_mut().storm();
    let mut trace = String::new();
    for sale_no in 0..600 {
        let number = format!("90{sale_no:04}");
        let manner = Manner::TypesPassword { after_ms: 7_000 };
        let code = shop.practice.show_payment_code(shop.now_ms, manner);
        let mut business = sale(&number, "12.50");
        business["auth_code"] = json!(code);
        for (method, business) in [
            ("alipay.trade.pay", business),
            (QUERY, json!({ "out_trade_no": number })),
            ("alipay.trade.cancel", json!({ "out_trade_no": number })),
        ] {
            let request = shop.request(method, &business);
            let reply = shop.practice.handle(shop.now_ms, &request);
            trace.push_str(&format!("{reply:?}\n"));
            shop.wait(5_000);
        }
    }
    trace.push_str(&format!("{:?}", shop.practice.truth()));
    let fired = shop.practice.weather().fired().keys().copied().collect();
    (trace, fired)
}

fn spoilt_pay(shop: &mut Shop, fault: Fault) -> Heard {
    let code = shop.practice.show_payment_code(shop.now_ms, Manner::Pays);
    let mut business = sale("901", "12.50");
    business["auth_code"] = json!(code);
    shop.practice.weather_mut().next(fault);
    shop.ask("alipay.trade.pay", business)
}

#[track_caller]
fn answer(reply: Reply) -> Answer {
    match reply {
        Reply::Answer { answer, .. } => answer,
        Reply::Lost | Reply::Refused => panic!("no answer"),
    }
}

#[test]
fn another_path_is_not_found() {
    let mut practice = Practice::new(Options::new(1), KeyedHash::new(b"s"));
    let request = Request {
        method: "GET".to_owned(),
        path: "/".to_owned(),
        query: String::new(),
        headers: Vec::new(),
        body: Vec::new(),
    };
    assert_eq!(answer(practice.handle(0, &request)).status, 404);
}
