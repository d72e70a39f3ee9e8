//! WeChat Pay's API v3, as a merchant sees it.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mianfu_practice::truth::{ClosedWhy, Fate};
use mianfu_practice::{Acted, Channel, Fault, FaultKind, Manner, PhoneError, RsaSigner, Signer};
use serde_json::{Value, json};

use super::wechat_shop::{
    CERTIFICATE, FIRST_SERIAL, MCHID, MERCHANT_SERIAL, Shop, V3_KEY, header, open, platform_key,
    sale,
};

const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_0119000099992026112100000001";

/// Checks a refusal: status, code, and that nobody signed it.
#[track_caller]
fn refused(heard: &super::wechat_shop::Heard, status: u16, code: &str) {
    assert_eq!((heard.status, heard.body["code"].as_str()), (status, Some(code)), "{heard:?}");
    assert_eq!(heard.signed_by, None, "a refusal is not signed");
}

#[test]
fn a_shown_code_is_an_order_that_waits_until_somebody_pays() {
    let mut shop = Shop::new();
    let qr = shop.shown("9000000001", 1250);
    assert!(qr.starts_with("weixin://wxpay/bizpayurl?pr="), "{qr}");
    let heard = shop.query("9000000001");
    assert_eq!(heard.signed_by.as_deref(), Some(FIRST_SERIAL));
    assert_eq!(heard.body["trade_state"], "NOTPAY");
    assert_eq!(heard.body.get("amount"), None, "an unpaid order has no amount");
    let manner = Manner::TypesPassword { after_ms: 3_000 };
    assert_eq!(shop.practice.scan(shop.now_ms, &qr, manner).unwrap(), "9000000001");
    assert_eq!(shop.state("9000000001"), "NOTPAY");
    shop.wait(3_000);
    let body = shop.query("9000000001").body;
    assert_eq!(body["trade_state"], "SUCCESS");
    assert_eq!(body["trade_type"], "NATIVE");
    assert_eq!(body["success_time"], "2026-11-21T10:00:03+08:00");
    assert_eq!(body["amount"]["total"], 1250);
    let id = body["transaction_id"].as_str().unwrap().to_owned();
    let by_id = format!("/v3/pay/transactions/id/{id}?mchid={MCHID}");
    assert_eq!(shop.ask("GET", &by_id, &Value::Null).body, body);
    let trade = shop.practice.truth().trade("9000000001").unwrap();
    assert_eq!((trade.channel, trade.seller_id.as_str()), (Channel::Wechat, MCHID));
    assert_eq!(shop.practice.truth().captured_fen(), 1250);
}

#[test]
fn an_unknown_number_is_an_unsigned_404() {
    let mut shop = Shop::new();
    refused(&shop.query("9000000001"), 404, "ORDER_NOT_EXIST");
    refused(&shop.close("9000000001"), 404, "ORDER_NOT_EXIST");
    refused(&shop.refund_query("9000000001R1"), 404, "RESOURCE_NOT_EXISTS");
}

#[test]
fn the_same_order_again_gets_another_code_and_the_first_is_dead() {
    let mut shop = Shop::new();
    let first = shop.shown("9000000001", 1250);
    let second = shop.shown("9000000001", 1250);
    assert_ne!(first, second);
    let dead = shop.practice.scan(shop.now_ms, &first, Manner::Pays);
    assert_eq!(dead, Err(PhoneError::Expired));
    refused(&shop.native(&sale("9000000001", 1251)), 403, "OUT_TRADE_NO_USED");
    shop.practice.scan(shop.now_ms, &second, Manner::Pays).unwrap();
    refused(&shop.native(&sale("9000000001", 1250)), 403, "OUT_TRADE_NO_USED");
    assert_eq!(shop.practice.truth().captured_fen(), 1250);
}

#[test]
fn a_close_ends_an_order_for_good_and_can_be_repeated() {
    let mut shop = Shop::new();
    let qr = shop.shown("9000000001", 1250);
    for _ in 0..2 {
        let heard = shop.close("9000000001");
        assert_eq!((heard.status, &heard.body), (204, &Value::Null));
        assert_eq!(heard.signed_by.as_deref(), Some(FIRST_SERIAL), "a 204 is signed too");
    }
    assert_eq!(shop.state("9000000001"), "CLOSED");
    let dead = shop.practice.scan(shop.now_ms, &qr, Manner::Pays);
    assert_eq!(dead, Err(PhoneError::Expired));
    refused(&shop.native(&sale("9000000001", 1250)), 400, "ORDER_CLOSED");
}

#[test]
fn a_close_after_the_scan_wins_or_loses_against_the_payment() {
    let mut shop = Shop::new();
    let qr = shop.shown("9000000001", 1250);
    shop.practice.scan(shop.now_ms, &qr, Manner::ByHand).unwrap();
    assert_eq!(shop.close("9000000001").status, 204);
    assert_eq!(shop.practice.confirm(shop.now_ms, "9000000001"), Err(PhoneError::Closed));
    shop.sold("9000000002", 880);
    refused(&shop.close("9000000002"), 403, "TRADE_ERROR");
    assert_eq!(shop.practice.truth().captured_fen(), 880);
}

#[test]
fn an_order_nobody_pays_is_closed_at_its_end() {
    let mut shop = Shop::new();
    shop.shown("9000000001", 1250);
    let qr = shop.shown("9000000002", 1250);
    shop.practice.scan(shop.now_ms, &qr, Manner::Refuses).unwrap();
    shop.wait(299_999);
    assert_eq!(shop.state("9000000001"), "NOTPAY");
    assert_eq!(shop.state("9000000002"), "NOTPAY", "whoever refuses may still pay a shown code");
    shop.wait(1);
    assert_eq!(shop.state("9000000001"), "CLOSED");
    assert_eq!(shop.state("9000000002"), "CLOSED");
}

#[test]
fn what_is_not_fen_or_not_ours_is_refused() {
    let mut shop = Shop::new();
    let changes: [(&str, Value, &str); 12] = [
        ("/amount/total", json!("1250"), "PARAM_ERROR"),
        ("/amount/total", json!(0), "PARAM_ERROR"),
        ("/amount/total", serde_json::from_str("12.5").unwrap(), "PARAM_ERROR"),
        ("/amount/currency", json!("USD"), "PARAM_ERROR"),
        ("/mchid", json!("1900009998"), "PARAM_ERROR"),
        ("/appid", json!("wx1"), "APPID_MCHID_NOT_MATCH"),
        ("/out_trade_no", json!("90#"), "PARAM_ERROR"),
        ("/out_trade_no", json!("90001"), "PARAM_ERROR"),
        ("/notify_url", json!("https://relay.invalid/a?b=1"), "PARAM_ERROR"),
        ("/notify_url", json!("http://relay.invalid/a"), "PARAM_ERROR"),
        ("/time_expire", json!("2026-11-21T10:00:30+08:00"), "PARAM_ERROR"),
        ("/time_expire", json!("2026-11-29T10:00:30+08:00"), "PARAM_ERROR"),
    ];
    for (field, value, code) in changes {
        let mut sale = sale("9000000001", 1250);
        *sale.pointer_mut(field).unwrap() = value;
        refused(&shop.native(&sale), 400, code);
    }
    assert_eq!(shop.practice.truth().offers().count(), 0);
}

#[test]
fn the_door_checks_in_the_order_of_the_real_one() {
    let mut shop = Shop::new();
    let path = format!("/v3/pay/transactions/out-trade-no/9000000001?mchid={MCHID}");
    let whole = shop.request("GET", &path, &Value::Null);
    let now_s = shop.now_ms / 1000;
    let elsewhere = shop.ask("GET", "/v3/pay/nothing", &Value::Null);
    assert_eq!((elsewhere.status, elsewhere.body), (404, Value::Null));
    let method = shop.ask("GET", "/v3/pay/transactions/native", &Value::Null);
    assert_eq!((method.status, method.body), (405, Value::Null));

    let mut bare = whole.clone();
    bare.headers.clear();
    refused(&shop.send(&bare), 401, "SIGN_ERROR");
    let mut certificates = shop.request("GET", "/v3/certificates", &Value::Null);
    certificates.headers.retain(|(name, _)| name != "user-agent");
    refused(&shop.send(&certificates), 400, "INVALID_REQUEST");

    let mut message = |mchid: &str, serial: &str, stamp: i64| {
        let mut request = whole.clone();
        shop.sign(&mut request, mchid, serial, stamp);
        let heard = shop.send(&request);
        heard.body["message"].as_str().unwrap_or("let in").to_owned()
    };
    assert!(message(MCHID, MERCHANT_SERIAL, now_s - 301).contains("5分钟"));
    assert!(message("1900009998", MERCHANT_SERIAL, now_s - 301).contains("5分钟"), "stamp first");
    assert!(message("1900009998", MERCHANT_SERIAL, now_s).contains("mchid"));
    assert!(message(MCHID, "00", now_s).contains("证书序列号"));
    assert_eq!(message(MCHID, MERCHANT_SERIAL, now_s + 300), "订单不存在");

    let mut altered = whole.clone();
    altered.path = altered.path.replace("9000000001", "9000000002");
    assert_eq!(shop.send(&altered).body["message"], "签名错误");
    let other = "/v3/pay/transactions/out-trade-no/9000000001?mchid=1900009998";
    refused(&shop.ask("GET", other, &Value::Null), 400, "PARAM_ERROR");
}

#[test]
fn a_probe_for_a_signature_lets_nobody_in() {
    let mut shop = Shop::new();
    let path = format!("/v3/pay/transactions/out-trade-no/9000000001?mchid={MCHID}");
    let genuine = shop.request("GET", &path, &Value::Null);
    refused(&shop.send(&genuine), 404, "ORDER_NOT_EXIST");
    for probe in ["signature=\"WECHATPAY/SIGNTEST/", "signature=\"WECHATPAY/SIGNTEST/\",x=\""] {
        let mut request = genuine.clone();
        for (_, value) in &mut request.headers {
            *value = value.replace("signature=\"", probe);
        }
        refused(&shop.send(&request), 401, "SIGN_ERROR");
    }
    let private = include_str!("../../fixtures/alipay_private_key.pem");
    let public = include_str!("../../fixtures/alipay_public_key.pem");
    let pair = RsaSigner::from_pem(private, public).unwrap();
    let signature = pair.sign(b"content");
    assert!(pair.verify_merchant(b"content", &signature));
    assert!(!pair.verify_merchant(b"content", &format!("WECHATPAY/SIGNTEST/{signature}")));
}

#[test]
fn a_number_is_signed_in_the_path_as_it_is_sent() {
    let mut shop = Shop::new();
    shop.shown("90000|0001", 1250);
    assert_eq!(shop.state("90000%7C0001"), "NOTPAY");
    let asked = shop.practice.truth().asked().last().unwrap();
    assert_eq!(asked.out_trade_no.as_deref(), Some("90000|0001"));
}

#[test]
fn a_refund_is_accepted_first_and_arrives_later() {
    let mut shop = Shop::new();
    shop.sold("9000000001", 1250);
    let heard = shop.refund("9000000001", "9000000001R1", 250, 1250);
    assert_eq!((heard.status, heard.body["status"].as_str()), (200, Some("PROCESSING")));
    assert_eq!(heard.body["amount"]["refund"], 250);
    assert_eq!(heard.body.get("success_time"), None);
    assert_eq!(shop.refund("9000000001", "9000000001R1", 250, 1250).body, heard.body, "once");
    assert_eq!(shop.practice.truth().returned_fen(), 250);
    assert_eq!(shop.state("9000000001"), "REFUND", "a part is REFUND too");
    shop.wait(5_000);
    let heard = shop.refund_query("9000000001R1");
    assert_eq!(heard.body["status"], "SUCCESS");
    assert_eq!(heard.body["success_time"], "2026-11-21T10:00:05+08:00");
    assert!(heard.signed_by.is_some());
}

#[test]
fn refunds_keep_their_rules() {
    let mut shop = Shop::new();
    shop.shown("9000000001", 1250);
    refused(&shop.refund("9000000001", "R1", 250, 1250), 400, "INVALID_REQUEST");
    refused(&shop.refund("9000000009", "R1", 250, 1250), 404, "RESOURCE_NOT_EXISTS");
    shop.sold("9000000002", 1250);
    shop.sold("9000000003", 1250);
    refused(&shop.refund("9000000002", "R1", 250, 1251), 400, "INVALID_REQUEST");
    refused(&shop.refund("9000000002", "R1", 1251, 1250), 400, "INVALID_REQUEST");
    assert_eq!(shop.refund("9000000002", "R1", 250, 1250).status, 200);
    refused(&shop.refund("9000000002", "R1", 251, 1250), 400, "INVALID_REQUEST");
    refused(&shop.refund("9000000003", "R1", 250, 1250), 400, "INVALID_REQUEST");
    refused(&shop.refund("9000000002", "R2", 250, 1250), 429, "FREQUENCY_LIMITED");
    shop.wait(60_000);
    refused(&shop.refund("9000000002", "R2", 1001, 1250), 400, "INVALID_REQUEST");
    shop.practice.weather_mut().next_of("wechat.v3.refund", Fault::SellerEmpty);
    refused(&shop.refund("9000000002", "R2", 1000, 1250), 403, "NOT_ENOUGH");
    assert_eq!(shop.refund("9000000002", "R2", 1000, 1250).status, 200, "the same number again");
    let closed = shop.practice.truth().trade("9000000002").unwrap().closed.unwrap();
    assert_eq!(closed.why, ClosedWhy::Refunded);
    assert_eq!(shop.state("9000000002"), "REFUND");
    shop.wait(366 * 86_400_000);
    refused(&shop.refund("9000000003", "R3", 1250, 1250), 400, "INVALID_REQUEST");
    assert_eq!(shop.practice.truth().returned_fen(), 1250);
}

#[test]
fn certificates_are_downloaded_sealed_and_change_over() {
    let mut shop = Shop::new();
    let sealed = |shop: &mut Shop| {
        let heard = shop.ask("GET", "/v3/certificates", &Value::Null);
        let list = heard.body["data"].as_array().unwrap().clone();
        let opened = list.iter().map(|one| (one["serial_no"].clone(), opened(one)));
        (heard.signed_by.unwrap(), opened.collect::<Vec<_>>())
    };
    let first = (json!(FIRST_SERIAL), CERTIFICATE.to_owned());
    assert_eq!(sealed(&mut shop), (FIRST_SERIAL.to_owned(), vec![first.clone()]));

    let second_serial = "7777F09EFDC096DE15EBE81A47057A7232F1B8E1";
    shop.account().add_key(platform_key(second_serial, Some("second")));
    let second = (json!(second_serial), "second".to_owned());
    let both = vec![first, second.clone()];
    assert_eq!(sealed(&mut shop), (FIRST_SERIAL.to_owned(), both.clone()));
    assert!(shop.account().sign_with(second_serial));
    assert_eq!(sealed(&mut shop), (second_serial.to_owned(), both));
    shop.account().drop_other_keys();
    assert_eq!(sealed(&mut shop), (second_serial.to_owned(), vec![second]));
    assert!(!shop.account().sign_with(FIRST_SERIAL));
}

fn opened(item: &Value) -> String {
    let sealed = &item["encrypt_certificate"];
    let text = |name: &str| sealed[name].as_str().unwrap();
    let bytes = STANDARD.decode(text("ciphertext")).unwrap();
    let payload = Payload { msg: &bytes, aad: text("associated_data").as_bytes() };
    let cipher = Aes256Gcm::new(Key::<Aes256Gcm>::from_slice(&V3_KEY));
    let plain = cipher.decrypt(Nonce::from_slice(text("nonce").as_bytes()), payload).unwrap();
    String::from_utf8(plain).unwrap()
}

#[test]
fn a_request_that_names_a_public_key_is_answered_with_it() {
    let mut shop = Shop::new();
    shop.shown("9000000001", 1250);
    shop.wanted_key = Some(PUBLIC_KEY_ID.to_owned());
    assert_eq!(shop.query("9000000001").signed_by.as_deref(), Some(FIRST_SERIAL), "not there yet");
    shop.account().add_key(platform_key(PUBLIC_KEY_ID, None));
    assert_eq!(shop.query("9000000001").signed_by.as_deref(), Some(PUBLIC_KEY_ID));
    shop.wanted_key = None;
    assert_eq!(shop.query("9000000001").signed_by.as_deref(), Some(FIRST_SERIAL));
    assert!(shop.account().sign_with(PUBLIC_KEY_ID));
    assert_eq!(shop.query("9000000001").signed_by.as_deref(), Some(PUBLIC_KEY_ID));
    shop.account().drop_other_keys();
    let heard = shop.ask("GET", "/v3/certificates", &Value::Null);
    refused(&heard, 404, "RESOURCE_NOT_EXISTS");
}

#[test]
fn real_keys_sign_what_the_published_way_checks() {
    let private = include_str!("../../fixtures/alipay_private_key.pem");
    let public = include_str!("../../fixtures/alipay_public_key.pem");
    let mut shop = Shop::new();
    let mut key = platform_key(PUBLIC_KEY_ID, None);
    // One pair plays both sides, so that either can be checked with the other's half.
    key.signer = Box::new(RsaSigner::from_pem(private, public).unwrap());
    shop.account().add_key(key);
    shop.account().sign_with(PUBLIC_KEY_ID);
    let pair = RsaSigner::from_pem(private, public).unwrap();
    let stamp = shop.now_ms / 1000;
    let path = "/v3/certificates";
    let signature = pair.sign(format!("GET\n{path}\n{stamp}\nabc\n\n").as_bytes());
    let mut request = shop.request("GET", path, &Value::Null);
    for (name, value) in &mut request.headers {
        if name == "authorization" {
            *value = format!(
                "WECHATPAY2-SHA256-RSA2048 timestamp=\"{stamp}\",nonce_str=\"abc\",\
                 serial_no=\"{MERCHANT_SERIAL}\",mchid=\"{MCHID}\",signature=\"{signature}\""
            );
        }
    }
    let answer = shop.reply(&request).unwrap();
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let part = |name: &str| header(&answer, name).unwrap();
    let mut content =
        format!("{}\n{}\n", part("wechatpay-timestamp"), part("wechatpay-nonce")).into_bytes();
    content.extend_from_slice(&answer.body);
    content.push(b'\n');
    assert!(pair.verify_merchant(&content, part("wechatpay-signature")));
    assert_eq!(part("wechatpay-serial"), PUBLIC_KEY_ID);
}

#[test]
fn the_weather_spoils_answers_and_never_the_ledger() {
    let faults = [
        Fault::Busy { acted: Acted::Yes },
        Fault::SystemError { acted: Acted::Yes },
        Fault::ServerError { status: 502, acted: Acted::Yes },
        Fault::WrongSignature,
        Fault::Unsigned,
        Fault::Truncated,
        Fault::Garbage,
        Fault::Empty,
        Fault::Huge,
    ];
    for fault in faults {
        let mut shop = Shop::new();
        shop.practice.weather_mut().next_of("wechat.v3.native", fault);
        let heard = shop.native(&sale("9000000001", 1250));
        assert_eq!(heard.signed_by, None, "{fault:?}");
        assert!(shop.practice.truth().offer("9000000001").is_some(), "{fault:?}: it acted");
        let asked = &shop.practice.truth().asked()[0];
        assert_eq!(asked.fate, Fate::Spoilt(fault.kind()));
        assert_eq!(asked.method, "wechat.v3.native");
    }
}

#[test]
fn a_forged_signature_is_now_and_then_a_probe() {
    let mut shop = Shop::new();
    shop.shown("9000000001", 1250);
    shop.practice.weather_mut().set(FaultKind::WrongSignature, 1_000);
    let path = format!("/v3/pay/transactions/out-trade-no/9000000001?mchid={MCHID}");
    let request = shop.request("GET", &path, &Value::Null);
    let mut probes = 0;
    for _ in 0..64 {
        let answer = shop.reply(&request).unwrap();
        assert_eq!(open(&answer).signed_by, None);
        let signature = header(&answer, "wechatpay-signature").unwrap();
        probes += usize::from(signature.starts_with("WECHATPAY/SIGNTEST/"));
    }
    assert!((16..48).contains(&probes), "{probes} of 64");
}

#[test]
fn genuine_answers_about_something_else_come_too() {
    let mut shop = Shop::new();
    shop.sold("9000000001", 1250);
    shop.practice.weather_mut().next(Fault::AnotherOrder);
    let heard = shop.query("9000000001");
    assert!(heard.signed_by.is_some());
    assert_eq!(heard.body["out_trade_no"], "9000000007");
    shop.practice.weather_mut().next(Fault::AnotherAmount);
    let heard = shop.query("9000000001");
    assert!(heard.signed_by.is_some());
    assert_eq!(heard.body["amount"]["total"], 1251);
}

#[test]
fn a_late_order_arrives_after_its_caller_gave_up() {
    let mut shop = Shop::new();
    shop.practice.weather_mut().next(Fault::RequestLate { after_ms: 9_000 });
    let request = shop.request("POST", "/v3/pay/transactions/native", &sale("9000000001", 1250));
    assert_eq!(shop.reply(&request), None);
    refused(&shop.query("9000000001"), 404, "ORDER_NOT_EXIST");
    shop.wait(9_000);
    assert_eq!(shop.state("9000000001"), "NOTPAY");
    assert_eq!(shop.practice.truth().asked()[0].arrived_ms, Some(shop.now_ms));
}
