//! Published vectors, where their folder is present.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use rsa::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePublicKey as _, LineEnding};
use rsa::sha2::Sha256;
use rsa::{Pkcs1v15Sign, RsaPrivateKey, RsaPublicKey};
use serde_json::Value;

use super::*;
use crate::alipay::certificate::{self, root_serial, serial_of_pem};
use crate::alipay::keys::pem_blocks;
use crate::alipay::notice::signed_text;
use crate::alipay::sign::canonical;
use crate::alipay::wire::cut;
use crate::published::{self, text};
use crate::{KeyError, KeyPart, RsaKeys};

fn vectors(name: &str) -> Vec<Value> {
    published::vectors(&format!("alipay/{name}"))
}

/// The padding and hash of a `sign_type`. SHA-1 exists in this test alone.
fn scheme(sign_type: &str, content: &[u8]) -> (Pkcs1v15Sign, Vec<u8>) {
    if sign_type == "RSA2" {
        return (Pkcs1v15Sign::new::<Sha256>(), digest(&SHA256, content).as_ref().to_vec());
    }
    let prefix = b"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14";
    let padding = Pkcs1v15Sign { hash_len: Some(20), prefix: prefix.as_slice().into() };
    (padding, digest(&SHA1_FOR_LEGACY_USE_ONLY, content).as_ref().to_vec())
}

/// Checks a signature by the test's own path and, where the product takes the key, by its own.
fn verifies(public_pem: &str, sign_type: &str, content: &[u8], sign: &str) -> bool {
    // One vector's PEM has lines of a length that `rsa` alone does not take.
    let der = pem_blocks(public_pem).next().unwrap();
    let public = RsaPublicKey::from_public_key_der(&der).unwrap();
    let (padding, hash) = scheme(sign_type, content);
    let judged = STANDARD
        .decode(sign)
        .is_ok_and(|signature| public.verify(padding, &hash, &signature).is_ok());
    match RsaKeys::from_keys(super::golden::APP_PRIVATE, public_pem) {
        Ok(keys) => {
            let expected = judged && sign_type == "RSA2";
            assert_eq!(keys.verify(content, sign), expected, "the product's own path");
        }
        Err(error) => assert!(matches!(error, KeyError::TooShort { .. }), "{error}"),
    }
    judged
}

#[test]
fn published_requests_have_our_canonical_string_and_signature() {
    for vector in vectors("request-sign.json") {
        let named = text(&vector, "/description");
        let string = match text(&vector, "/operation") {
            "raw_sign" => text(&vector, "/input/content").to_owned(),
            _ => {
                let parameters = parameters(&vector);
                canonical(parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())))
            }
        };
        let expected = vector
            .pointer("/input/canonical")
            .or(vector.pointer("/expected/canonical"))
            .and_then(Value::as_str);
        assert_eq!(string, expected.unwrap_or(&string), "{named}");
        let sign_type = text(&vector, "/input/sign_type");
        if !text(&vector, "/input/sign").is_empty() {
            let public_pem = public_key(&vector);
            let sign = text(&vector, "/input/sign");
            assert!(verifies(&public_pem, sign_type, string.as_bytes(), sign), "{named}");
        }
        let private_pem = text(&vector, "/key/private_key_pem");
        if !private_pem.is_empty() {
            signs(private_pem, sign_type, &string, text(&vector, "/expected/sign"), named);
        }
    }
}

/// Checks that both implementations make the published signature.
#[track_caller]
fn signs(private_pem: &str, sign_type: &str, string: &str, expected: &str, named: &str) {
    let (padding, hash) = scheme(sign_type, string.as_bytes());
    let private = RsaPrivateKey::from_pkcs8_pem(private_pem).unwrap();
    let sign = STANDARD.encode(private.sign(padding, &hash).unwrap());
    assert_eq!(sign, expected, "{named}");
    if sign_type != "RSA2" {
        return;
    }
    match RsaKeys::from_keys(private_pem, super::golden::ALIPAY_PUBLIC) {
        Ok(keys) => assert_eq!(keys.sign(string.as_bytes()), sign, "{named}"),
        Err(error) => assert!(matches!(error, KeyError::TooShort { .. }), "{named}: {error}"),
    }
}

fn parameters(vector: &Value) -> BTreeMap<String, String> {
    let value_of = |value: &Value| match value.as_str() {
        Some(value) => value.to_owned(),
        // As PHP prints them.
        None if value.as_bool() == Some(true) => "1".to_owned(),
        None => String::new(),
    };
    let given = vector.pointer("/input/params").and_then(Value::as_object).unwrap();
    given.iter().map(|(name, value)| (name.clone(), value_of(value))).collect()
}

/// The vector's public key, which may stand in a certificate.
fn public_key(vector: &Value) -> String {
    let pem = text(vector, "/key/public_key_pem");
    if !pem.is_empty() {
        return pem.to_owned();
    }
    let der = pem_blocks(text(vector, "/key/certificate_pem")).next().unwrap();
    let part = KeyPart::AlipayCertificate;
    let public = certificate::read(part, &der).unwrap().public;
    public.to_public_key_pem(LineEnding::LF).unwrap()
}

#[test]
fn published_answers_verify_or_fail_as_they_should() {
    for vector in vectors("response-verify.json") {
        let named = text(&vector, "/description");
        let content = text(&vector, "/input/signed_content");
        // One vector's body is followed by a piece of the program it was found in.
        let raw = text(&vector, "/input/raw_body").split("';").next().unwrap();
        if !raw.is_empty() {
            let envelope = cut(raw.as_bytes(), text(&vector, "/input/node")).unwrap();
            assert_eq!(envelope.node, content, "{named}");
            assert_eq!(envelope.sign.as_deref(), Some(text(&vector, "/input/sign")), "{named}");
        }
        if text(&vector, "/input/content_charset") == "gbk" {
            continue;
        }
        let valid = verifies(
            &public_key(&vector),
            text(&vector, "/input/sign_type"),
            content.as_bytes(),
            text(&vector, "/input/sign"),
        );
        let expected = vector.pointer("/expected/valid").and_then(Value::as_bool);
        assert_eq!(Some(valid), expected, "{named}");
    }
}

#[test]
fn the_signed_part_is_cut_out_exactly() {
    for vector in vectors("signed-content-extraction.json") {
        let raw = text(&vector, "/input/raw_body");
        let envelope = cut(raw.as_bytes(), text(&vector, "/input/node")).unwrap();
        let expected = text(&vector, "/expected/signed_content");
        assert_eq!(envelope.node, expected, "{}", text(&vector, "/description"));
    }
}

#[test]
fn published_answers_have_a_shape_we_cut() {
    for vector in vectors("sample-shapes.json") {
        let body = text(&vector, "/input/body");
        let known = body.split('"').find(|name| name.ends_with("_response")).unwrap();
        let wanted = if known == "error_response" { "alipay_trade_pay_response" } else { known };
        let envelope = cut(body.as_bytes(), wanted).unwrap();
        let node: Value = serde_json::from_str(envelope.node).unwrap();
        assert!(node["code"].is_string(), "{}", text(&vector, "/description"));
        assert_eq!(envelope.sign.is_some(), body.contains(r#""sign":"#), "{body}");
    }
}

#[test]
fn certificates_have_the_published_numbers() {
    for vector in vectors("cert-sn.json") {
        let serial = match text(&vector, "/input/kind") {
            "root_chain" => root_serial(text(&vector, "/input/certificates_pem")),
            _ => serial_of_pem(text(&vector, "/input/certificate_pem")),
        };
        let expected = text(&vector, "/expected/sn");
        assert_eq!(serial.as_deref(), Some(expected), "{}", text(&vector, "/description"));
    }
}

#[test]
fn published_notices_verify_or_fail_as_they_should() {
    for vector in vectors("notify-verify.json") {
        if text(&vector, "/operation") != "notify_verify_v1" {
            continue;
        }
        let named = text(&vector, "/description");
        let fields = parameters(&vector);
        let string = signed_text(&fields);
        let sign_type = text(&vector, "/input/sign_type");
        let valid = verifies(&public_key(&vector), sign_type, string.as_bytes(), &fields["sign"]);
        assert_eq!(
            Some(valid),
            vector.pointer("/expected/valid").and_then(Value::as_bool),
            "{named}"
        );
    }
}
