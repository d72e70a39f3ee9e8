//! The download of platform certificates, their rotation, and keys that are refused.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, SerialNumber, date_time_ymd};

use super::shared::APP_PRIVATE;
use super::*;
use crate::{CertificateRefresh, KeyError, PlatformKey, RefreshCause, RsaKeys, WechatKeys};

const OLD_PRIVATE: &str = include_str!("../../../vectors/keys/alipay_private.pem");
const NEW_PRIVATE: &str = include_str!("../../../vectors/keys/root_private.pem");
const ANY_PUBLIC: &str = include_str!("../../../vectors/keys/app_public.pem");
const OLD: &str = "5DEA10EF55877E3CF6C33255C2E7DEFFF7E427EC";
const NEW: &str = "45F59D4DABF31918AFCEC556D5D2C6E376675D57";

fn made(private: &str, serial: &str, from: i32, until: i32) -> String {
    let pair = KeyPair::from_pem_and_sign_algo(private, &PKCS_RSA_SHA256).unwrap();
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    let bytes: Vec<u8> = (0..serial.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&serial[at..at + 2], 16).unwrap())
        .collect();
    params.serial_number = Some(SerialNumber::from(bytes));
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    params.self_signed(&pair).unwrap().pem()
}

fn sealed(pem: &str) -> String {
    let key = UnboundKey::new(&AES_256_GCM, b"a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb").unwrap();
    let nonce = Nonce::assume_unique_for_key(*b"14b16c03dc1b");
    let mut text = pem.as_bytes().to_vec();
    let aad = Aad::from(b"certificate");
    LessSafeKey::new(key).seal_in_place_append_tag(nonce, aad, &mut text).unwrap();
    STANDARD.encode(text)
}

fn item(serial: &str, pem: &str) -> String {
    format!(
        r#"{{"serial_no":"{serial}","effective_time ":"2026-01-01T00:00:00+08:00","expire_time":1,"encrypt_certificate":{{"algorithm":"AEAD_AES_256_GCM","nonce":"14b16c03dc1b","associated_data":"certificate","ciphertext":"{}"}}}}"#,
        sealed(pem)
    )
}

/// A list of certificates, signed with a private key under a number.
fn listed(items: &[String], private: &str, serial: &str) -> HttpReply {
    let body = format!(r#"{{"data":[{}]}}"#, items.join(","));
    let mut reply = signed_by(serial, 200, &body);
    let text = answer_text("1795190402", "e59e78a6c3f7dfd7e84aabee71be0452", body.as_bytes());
    let signature = RsaKeys::from_keys(private, ANY_PUBLIC).unwrap().sign(&text);
    for (name, value) in &mut reply.headers {
        if name.eq_ignore_ascii_case("wechatpay-signature") {
            value.clone_from(&signature);
        }
    }
    reply
}

fn old() -> String {
    made(OLD_PRIVATE, OLD, 2025, 2030)
}

fn new() -> String {
    made(NEW_PRIVATE, NEW, 2026, 2031)
}

fn live(platform: Vec<PlatformKey>) -> Wechat<WechatKeys> {
    with_keys(WechatKeys::new(APP_PRIVATE, platform).unwrap())
}

fn numbers(read: Result<Vec<PlatformKey>, CallError>) -> Vec<String> {
    read.unwrap().iter().map(|key| key.serial().to_owned()).collect()
}

#[test]
fn the_first_download_is_verified_with_what_is_in_it() {
    let reply = listed(&[item(OLD, &old()), item(NEW, &new())], OLD_PRIVATE, OLD);
    assert_eq!(numbers(live(Vec::new()).decode_certificates(&reply, NOW)), [OLD, NEW]);
    let request = live(Vec::new()).encode_certificates(NOW);
    assert_eq!(request.url, "https://api.mch.weixin.qq.com/v3/certificates");
}

#[test]
fn a_rotation_keeps_the_old_key_until_its_time_is_over() {
    let known = PlatformKey::from_certificate(&old(), NOW.now).unwrap();
    let mut wechat = live(vec![known]);
    let reply = listed(&[item(OLD, &old()), item(NEW, &new())], OLD_PRIVATE, OLD);
    let keys = wechat.decode_certificates(&reply, NOW).unwrap();
    wechat.keys.trust(keys, NOW.now);
    assert_eq!(wechat.keys.serials().collect::<Vec<_>>(), [NEW, OLD]);
    assert!(wechat.keys.knows(NEW) && wechat.keys.knows(OLD));
    let four_years_ms = 4 * 365 * 86_400_000;
    wechat.keys.trust(Vec::new(), NOW.now.plus_ms(four_years_ms));
    assert_eq!(wechat.keys.serials().collect::<Vec<_>>(), [NEW]);
}

#[test]
fn a_list_that_is_not_the_channels_is_refused() {
    let wechat = live(Vec::new());
    let good = item(OLD, &old());
    let refused = |reply: &HttpReply| wechat.decode_certificates(reply, NOW).is_err();
    assert!(refused(&listed(std::slice::from_ref(&good), NEW_PRIVATE, OLD)), "signed by another");
    assert!(
        refused(&listed(std::slice::from_ref(&good), OLD_PRIVATE, NEW)),
        "under another number"
    );
    assert!(refused(&listed(&[item(NEW, &old())], OLD_PRIVATE, NEW)), "under a false number");
    assert!(refused(&listed(&[item(NEW, &old())], OLD_PRIVATE, OLD)), "listed falsely");
    assert!(refused(&listed(&[], OLD_PRIVATE, OLD)), "empty");
    assert!(refused(&listed(&[item(OLD, ANY_PUBLIC)], OLD_PRIVATE, OLD)), "a key");
    let altered = good.replace("14b16c03dc1b", "14b16c03dc1c");
    assert!(refused(&listed(&[altered], OLD_PRIVATE, OLD)), "another nonce");
    let altered = good.replace("\"certificate\"", "\"certificates\"");
    assert!(refused(&listed(&[altered], OLD_PRIVATE, OLD)), "other associated data");
    let mut unsigned = listed(std::slice::from_ref(&good), OLD_PRIVATE, OLD);
    unsigned.headers.clear();
    assert!(refused(&unsigned), "unsigned");
    let mut other = live(Vec::new());
    other.v3_key = ApiV3Key::new("b7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb").unwrap();
    let reply = listed(&[good], OLD_PRIVATE, OLD);
    assert!(other.decode_certificates(&reply, NOW).is_err(), "another merchant's key");
    let expired = listed(&[item(OLD, &made(OLD_PRIVATE, OLD, 2015, 2020))], OLD_PRIVATE, OLD);
    assert!(refused(&expired), "expired");
}

#[test]
fn a_known_number_is_not_taken_over_by_a_list() {
    let known = PlatformKey::from_certificate(&old(), NOW.now).unwrap();
    let reply = listed(&[item(OLD, &made(NEW_PRIVATE, OLD, 2025, 2030))], NEW_PRIVATE, OLD);
    assert!(live(vec![known]).decode_certificates(&reply, NOW).is_err());
}

#[test]
fn a_flood_of_unknown_keys_makes_one_download() {
    let mut refresh = CertificateRefresh::default();
    let at = |ms: i64| NOW.now.plus_ms(ms);
    let asked = (0..1_000).filter(|ms| refresh.is_due(RefreshCause::UnknownKey, at(*ms))).count();
    assert_eq!(asked, 1);
    assert!(!refresh.is_due(RefreshCause::UnknownKey, at(599_999)));
    assert!(refresh.is_due(RefreshCause::UnknownKey, at(600_000)));
    assert!(!refresh.is_due(RefreshCause::Age, at(600_000 + 43_199_999)));
    assert!(refresh.is_due(RefreshCause::Age, at(600_000 + 43_200_000)));
    assert!(CertificateRefresh::default().is_due(RefreshCause::Age, at(0)));
}

#[test]
fn a_download_that_fails_is_repeated_less_and_less_often() {
    let mut refresh = CertificateRefresh::default();
    let mut tries = Vec::new();
    for minute in 0..600 {
        let now = NOW.now.plus_ms(minute * 60_000);
        if refresh.is_due(RefreshCause::Age, now) || refresh.is_due(RefreshCause::UnknownKey, now) {
            tries.push(minute);
            refresh.ended(false);
        }
    }
    assert_eq!(tries, [0, 1, 3, 7, 15, 31, 63, 123, 183, 243, 303, 363, 423, 483, 543]);
    refresh.ended(true);
    assert!(refresh.is_due(RefreshCause::UnknownKey, NOW.now.plus_ms(600 * 60_000)));
    assert!(
        refresh.is_due(RefreshCause::Age, NOW.now),
        "a clock that was set back holds up nothing"
    );
}

#[test]
fn a_channel_is_asked_for_keys_only_where_it_hands_them_out() {
    let certificate = PlatformKey::from_certificate(&old(), NOW.now).unwrap();
    let public = PlatformKey::from_public_key(PUBLIC_KEY_ID, ANY_PUBLIC).unwrap();
    let asks = |keys: Vec<PlatformKey>, answer_serial: Option<&str>| {
        let mut wechat = live(keys);
        wechat.settings.answer_serial = answer_serial.map(str::to_owned);
        crate::Channel::Wechat(wechat).encode_keys(NOW).is_some()
    };
    assert!(asks(vec![certificate.clone()], None), "certificate mode");
    assert!(asks(Vec::new(), None), "certificate mode, its file's certificate over");
    assert!(asks(vec![certificate, public.clone()], Some(PUBLIC_KEY_ID)), "a change-over");
    assert!(!asks(vec![public], Some(PUBLIC_KEY_ID)), "the public key is copied by hand");
}

#[test]
fn certificate_and_public_key_verify_side_by_side_each_its_own() {
    let certificate = PlatformKey::from_certificate(&old(), NOW.now).unwrap();
    let public = include_str!("../../../vectors/keys/app_public.pem");
    let public = PlatformKey::from_public_key(PUBLIC_KEY_ID, public).unwrap();
    let keys = WechatKeys::new(APP_PRIVATE, [certificate, public]).unwrap();
    let theirs = RsaKeys::from_keys(OLD_PRIVATE, ANY_PUBLIC).unwrap().sign(b"x");
    let other = keys.sign(b"x");
    assert!(keys.verify_under(OLD, b"x", &theirs));
    assert!(keys.verify_under(PUBLIC_KEY_ID, b"x", &other));
    assert!(!keys.verify_under(OLD, b"x", &other));
    assert!(!keys.verify_under(PUBLIC_KEY_ID, b"x", &theirs));
    assert!(!keys.verify_under(NEW, b"x", &theirs));
    assert!(!keys.verify_under(OLD, b"y", &theirs));
    assert!(!keys.verify(b"x", &theirs), "without a number nothing verifies");
    for probe in [format!("WECHATPAY/SIGNTEST/{theirs}"), "WECHATPAY/SIGNTEST/".to_owned()] {
        assert!(!keys.verify_under(OLD, b"x", &probe));
    }
}

#[test]
fn a_wrong_key_is_named_with_what_to_do() {
    let now = NOW.now;
    let told = |read: Result<PlatformKey, KeyError>| read.unwrap_err().to_string();
    let merchant = |text: &str| WechatKeys::new(text, []).unwrap_err().to_string();
    let expired = made(OLD_PRIVATE, OLD, 2015, 2020);
    let short = include_str!("../../../vectors/keys/short_private.pem");
    let table = [
        (told(PlatformKey::from_certificate("", now)), "WeChat Pay's certificate"),
        (told(PlatformKey::from_certificate(ANY_PUBLIC, now)), "a key stands where WeChat"),
        (told(PlatformKey::from_certificate(OLD_PRIVATE, now)), "a private key stands where We"),
        (told(PlatformKey::from_certificate(&expired, now)), "WeChat Pay's certificate"),
        (told(PlatformKey::from_public_key(" ", ANY_PUBLIC)), "WeChat Pay's public key"),
        (told(PlatformKey::from_public_key("X", OLD_PRIVATE)), "a private key stands where We"),
        (told(PlatformKey::from_public_key("X", &old())), "WeChat Pay's public key"),
        (merchant(""), "the merchant's private key (商户API私钥) is missing"),
        (merchant(ANY_PUBLIC), "the merchant's private key (商户API私钥) decodes but is not"),
        (merchant(short), "the merchant's private key (商户API私钥) has 1024 bits"),
    ];
    for (error, expected) in table {
        assert!(error.starts_with(expected), "{error}");
    }
    assert!(ApiV3Key::new("short").is_none() && ApiV3Key::new(&"x".repeat(33)).is_none());
    assert!(ApiV2Key::new("short").is_none() && ApiV2Key::new(&"密".repeat(32)).is_none());
}
