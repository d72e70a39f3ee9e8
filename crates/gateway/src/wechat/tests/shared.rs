//! Published vectors, where their folder is present.

use rsa::RsaPublicKey;
use rsa::pkcs8::{DecodePublicKey as _, EncodePublicKey as _, LineEnding};
use serde_json::Value;
use x509_parser::parse_x509_certificate;

use super::*;
use crate::alipay::keys::pem_blocks;
use crate::published::{self, text};
use crate::wechat::v2::sign::{self, verify};
use crate::wechat::v2::xml::read;
use crate::wechat::v3::sign::{Draft, authorization, request_text};
use crate::wechat::v3::wire::{Signed, signature};
use crate::{Method, PlatformKey, WechatKeys};

fn vectors(name: &str) -> Vec<Value> {
    published::vectors(&format!("wechat/{name}"))
}

/// The vector's public key, which may stand in a certificate.
fn public_key(vector: &Value) -> String {
    let pem = text(vector, "/key/public_key_pem");
    if !pem.is_empty() {
        return pem.to_owned();
    }
    let der = pem_blocks(text(vector, "/key/certificate_pem")).next().unwrap();
    let (_, certificate) = parse_x509_certificate(&der).unwrap();
    let public = RsaPublicKey::from_public_key_der(certificate.public_key().raw).unwrap();
    public.to_public_key_pem(LineEnding::LF).unwrap()
}

#[test]
fn published_requests_have_our_text_signature_and_header() {
    for vector in vectors("v3-request-sign.json") {
        let named = text(&vector, "/description");
        let content = text(&vector, "/input/content");
        let operation = text(&vector, "/operation");
        if operation == "raw_verify" {
            let key = PlatformKey::from_public_key("X", &public_key(&vector)).unwrap();
            assert!(!key.verifies(content.as_bytes(), text(&vector, "/input/signature")));
            continue;
        }
        let keys = WechatKeys::new(text(&vector, "/key/private_key_pem"), []).unwrap();
        let expected = text(&vector, "/expected/signature");
        if operation == "raw_sign" {
            assert_eq!(keys.sign(content.as_bytes()), expected, "{named}");
            continue;
        }
        let draft = Draft {
            method: if text(&vector, "/input/method") == "GET" {
                Method::Get
            } else {
                Method::Post
            },
            path: text(&vector, "/input/url").to_owned(),
            body: text(&vector, "/input/body").to_owned(),
            limit_ms: 5_000,
        };
        let timestamp: i64 = text(&vector, "/input/timestamp").parse().unwrap();
        let nonce = text(&vector, "/input/nonce");
        let canonical = request_text(&draft, timestamp, nonce);
        assert_eq!(canonical, text(&vector, "/input/canonical"), "{named}");
        assert_eq!(keys.sign(canonical.as_bytes()), expected, "{named}");
        let header = text(&vector, "/expected/authorization");
        if !header.is_empty() {
            let mut settings = settings();
            settings.mch_id = text(&vector, "/key/mchid").to_owned();
            settings.serial_no = text(&vector, "/key/serial_no").to_owned();
            let ours = authorization(&settings, &keys, &draft, timestamp, nonce);
            assert_eq!(ours, header, "{named}");
        }
    }
}

#[test]
fn published_answers_verify_or_fail_as_they_should() {
    for vector in vectors("v3-response-verify.json") {
        let named = text(&vector, "/description");
        let mut headers: Vec<(String, String)> = vector["input"]["headers"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .collect();
        let body = text(&vector, "/input/body").as_bytes();
        let get = |name: &str| text(&vector, &format!("/input/headers/{name}"));
        let canonical = answer_text(get("Wechatpay-Timestamp"), get("Wechatpay-Nonce"), body);
        assert_eq!(canonical, text(&vector, "/input/canonical").as_bytes(), "{named}");
        // The official example does not print the key's number.
        let serial = match get("Wechatpay-Serial") {
            "" => PUBLIC_KEY_ID,
            serial => serial,
        };
        headers.retain(|(name, _)| name != "Wechatpay-Serial");
        headers.push(("Wechatpay-Serial".to_owned(), serial.to_owned()));
        let key = PlatformKey::from_public_key(serial, &public_key(&vector)).unwrap();
        let keys = WechatKeys::new(APP_PRIVATE, [key]).unwrap();
        let valid = match signature(&keys, &headers, body, |_| true) {
            Ok(Signed::Yes) => true,
            Ok(Signed::No) => panic!("{named}: there is a signature"),
            Err(_) => false,
        };
        assert_eq!(Some(valid), vector["expected"]["valid"].as_bool(), "{named}");
    }
}

#[test]
fn published_sealed_texts_open_or_fail_as_they_should() {
    for vector in vectors("v3-aead.json") {
        let named = text(&vector, "/description");
        let key = text(&vector, "/key/api_v3_key");
        let Some(key) = ApiV3Key::new(key) else {
            assert_eq!(key.len(), 16, "{named}: a real key has 32");
            continue;
        };
        let get = |name: &str| text(&vector, &format!("/input/{name}"));
        let opened = key.open(get("nonce"), get("associated_data"), get("ciphertext"));
        let expected = vector["expected"]["plaintext"].as_str().map(str::as_bytes);
        assert_eq!(opened.as_deref(), expected, "{named}");
        let serial = text(&vector, "/response/data/0/serial_no");
        if !serial.is_empty() {
            let pem = text(&vector, "/expected/plaintext");
            let key = PlatformKey::from_certificate(pem, NOW.now).unwrap();
            assert_eq!(key.serial(), serial, "{named}");
        }
    }
}

#[test]
fn published_fields_have_our_text_and_signature() {
    for vector in vectors("v2-sign.json") {
        if text(&vector, "/operation") != "v2_sign" {
            continue;
        }
        let named = text(&vector, "/description");
        let params = vector["input"]["params"].as_object().unwrap();
        let pairs = || params.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap()));
        let key = ApiV2Key::of_vector(text(&vector, "/key/api_key"));
        let sign_type = match text(&vector, "/input/sign_type") {
            "MD5" => SignType::Md5,
            "HMAC-SHA256" => SignType::HmacSha256,
            other => panic!("{other}"),
        };
        let string = text(&vector, "/input/string_to_sign");
        assert_eq!(sign::text(pairs(), &key).as_str(), string, "{named}");
        let expected = text(&vector, "/expected/sign");
        assert_eq!(sign::sign(pairs(), sign_type, &key), expected, "{named}");
        assert!(verify(pairs(), sign_type, &key, expected), "{named}");
        assert!(!verify(pairs(), sign_type, &key, &expected.to_lowercase()), "{named}");
    }
}

#[test]
fn published_refund_notices_open() {
    for vector in vectors("v2-refund-req-info.json") {
        if text(&vector, "/operation") != "req_info" {
            continue;
        }
        let key = ApiV2Key::of_vector(text(&vector, "/key/api_key"));
        let given = [text(&vector, "/input/req_info"), text(&vector, "/expected/ciphertext")];
        let sealed = given.into_iter().find(|given| !given.is_empty()).unwrap();
        let given = [text(&vector, "/input/plaintext"), text(&vector, "/expected/plaintext")];
        let plain = given.into_iter().find(|given| !given.is_empty()).unwrap();
        assert_eq!(key.open_req_info(sealed).unwrap(), plain.as_bytes());
        if plain.starts_with("<root>") {
            let root = read(plain.as_bytes(), "root").unwrap();
            assert_eq!(root["refund_status"], "SUCCESS");
            assert_eq!(root["refund_recv_accout"], "支付用户零钱");
        }
    }
}

#[test]
fn published_messages_have_a_shape_we_read() {
    for vector in vectors("sample-shapes.json") {
        let named = text(&vector, "/description");
        let body = text(&vector, "/input/body");
        if body.starts_with('<') {
            let root = if body.starts_with("<root>") { "root" } else { "xml" };
            let fields = read(body.as_bytes(), root).unwrap_or_else(|| panic!("{named}"));
            assert!(2 <= fields.len(), "{named}");
        } else if body.contains(r#""code":"#) {
            let call = query();
            let read = brief(wechat().decode_call(&call, show(), &unsigned(400, body), NOW));
            assert!(read.contains("UnsignedRefusal") || read == SILENT, "{named}: {read}");
        }
    }
}

/// A merchant's key, where a test needs one and does not care which.
pub(super) const APP_PRIVATE: &str = include_str!("../../../vectors/keys/app_private.pem");
