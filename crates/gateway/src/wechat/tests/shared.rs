//! Published vectors, where their folder is present.

use std::io::Write as _;

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use md5::{Digest as _, Md5};
use rsa::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePublicKey as _, LineEnding};
use rsa::{Pkcs1v15Encrypt, RsaPrivateKey, RsaPublicKey};
use serde_json::Value;
use x509_parser::parse_x509_certificate;

use super::*;
use crate::alipay::keys::{hex, pem_blocks};
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
        let get = |name: &str| text(&vector, &format!("/input/{name}"));
        let Some(key) = ApiV3Key::new(key) else {
            assert_eq!(key.len(), 16, "{named}: a real key has 32");
            let opened = open_with_short_key(key, get);
            assert_eq!(opened, text(&vector, "/expected/plaintext").as_bytes(), "{named}");
            continue;
        };
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

/// Two kits keep keys of sixteen bytes for their tests; the rule is the same.
fn open_with_short_key<'v>(key: &str, get: impl Fn(&str) -> &'v str) -> Vec<u8> {
    let nonce = Nonce::assume_unique_for_key(get("nonce").as_bytes().try_into().unwrap());
    let mut sealed = STANDARD.decode(get("ciphertext")).unwrap();
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, key.as_bytes()).unwrap());
    let associated = Aad::from(get("associated_data").as_bytes());
    key.open_in_place(nonce, associated, &mut sealed).unwrap().to_vec()
}

#[test]
fn published_fields_have_our_text_and_signature() {
    for vector in vectors("v2-sign.json") {
        let named = text(&vector, "/description");
        match text(&vector, "/operation") {
            "v2_sign" => {}
            "v2_md5_raw" => {
                let key = ApiV2Key::of_vector(text(&vector, "/key/api_key"));
                let sign = sign::sign([], SignType::Md5, &key).to_lowercase();
                // Nothing is signed here, so the text begins with the mark before the key.
                let published = text(&vector, "/expected/md5");
                let raw = hex(&Md5::digest(format!("&{}", sign::text([], &key).as_str())));
                assert_eq!(raw, published, "{named}");
                assert_ne!(sign, published, "ours never begins with a mark");
                continue;
            }
            "hmac_sha256" => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, text(&vector, "/key/key").as_bytes());
                let tag = hmac::sign(&key, text(&vector, "/input/content").as_bytes());
                assert_eq!(hex(tag.as_ref()), text(&vector, "/expected/hex"), "{named}");
                continue;
            }
            other => panic!("{other}"),
        }
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
        if text(&vector, "/operation") == "aes_256_ecb" {
            let key = UnboundCipherKey::new(&AES_256, text(&vector, "/key/aes_key").as_bytes());
            let mut sealed = STANDARD.decode(text(&vector, "/expected/ciphertext")).unwrap();
            let key = PaddedBlockDecryptingKey::ecb_pkcs7(key.unwrap()).unwrap();
            let plain = key.decrypt(&mut sealed, DecryptionContext::None).unwrap();
            assert_eq!(plain, text(&vector, "/input/plaintext").as_bytes());
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

#[test]
fn published_digests_are_those_of_our_library() {
    for vector in vectors("digest.json") {
        let algorithm = match text(&vector, "/operation") {
            "sha1" => &SHA1_FOR_LEGACY_USE_ONLY,
            "sha256" => &SHA256,
            other => panic!("{other}"),
        };
        let hash = digest(algorithm, text(&vector, "/input/content").as_bytes());
        let expected = text(&vector, "/expected/hex").to_lowercase();
        assert_eq!(hex(hash.as_ref()), expected, "{}", text(&vector, "/description"));
    }
}

/// Payments need no sealed fields; the vectors hold our library to the padding that all kits use.
#[test]
fn published_sealed_fields_open_with_the_padding_they_name() {
    for vector in vectors("v3-rsa-oaep.json") {
        let named = text(&vector, "/description");
        let der = pem_blocks(text(&vector, "/key/private_key_pem")).next().unwrap();
        let sealed = STANDARD.decode(text(&vector, "/input/ciphertext")).unwrap();
        let expected = text(&vector, "/expected/plaintext").as_bytes();
        if text(&vector, "/input/padding").starts_with("RSAES-PKCS1") {
            let key = RsaPrivateKey::from_pkcs8_der(&der).unwrap();
            assert_eq!(key.decrypt(Pkcs1v15Encrypt, &sealed).unwrap(), expected, "{named}");
            continue;
        }
        let key = PrivateDecryptingKey::from_pkcs8(&der).unwrap();
        let key = OaepPrivateDecryptingKey::new(key).unwrap();
        let mut plain = vec![0; key.min_output_size()];
        let plain = key.decrypt(&OAEP_SHA1_MGF1SHA1, &sealed, &mut plain, None).unwrap();
        assert_eq!(plain, expected, "{named}");
    }
}

/// Returns a bill's amount in hundred-thousandths of a yuan: fees have five decimals.
fn amount(text: &str) -> i64 {
    let (yuan, decimals) = text.split_once('.').unwrap_or((text, ""));
    format!("{yuan}{decimals:0<5}").parse().unwrap()
}

/// There is no reader of bills in the product; the vector holds the rule that one must keep.
#[test]
fn a_published_bill_adds_up_as_its_rule_says() {
    for vector in vectors("tradebill-sample.json") {
        let whole = text(&vector, "/input/text").trim_start_matches('\u{feff}');
        let lines: Vec<&str> = whole.lines().filter(|line| !line.is_empty()).collect();
        let row = |line: &str| -> Vec<String> {
            line.split(',').map(|field| field.trim_start_matches('`').to_owned()).collect()
        };
        let columns = row(lines[0]);
        assert_eq!(Value::from(columns.clone()), vector["expected"]["columns"]);
        let summary_at = lines.len() - 2;
        let details: Vec<Vec<String>> = lines[1..summary_at].iter().map(|line| row(line)).collect();
        assert_eq!(Some(details.len() as u64), vector["expected"]["detail_rows"].as_u64());
        let sum = |name: &str| -> i64 {
            let at = columns.iter().position(|column| column == name).unwrap();
            details.iter().map(|detail| amount(&detail[at])).sum()
        };
        let told = row(lines[summary_at + 1]);
        for (at, name) in row(lines[summary_at]).iter().enumerate() {
            let column = match name.as_str() {
                "总交易单数" => continue,
                "应结订单总金额" => "应结订单金额",
                "退款总金额" => "退款金额",
                "充值券退款总金额" => "充值券退款金额",
                "手续费总金额" => "手续费",
                "订单总金额" => "订单金额",
                "申请退款总金额" => "申请退款金额",
                other => panic!("{other}"),
            };
            assert_eq!(sum(column), amount(&told[at]), "{name}");
        }
    }
}

/// The files with how many vectors the tests above run of each.
const RUN: [(&str, usize); 9] = [
    ("digest.json", 2),
    ("sample-shapes.json", 18),
    ("tradebill-sample.json", 1),
    ("v2-refund-req-info.json", 3),
    ("v2-sign.json", 6),
    ("v3-aead.json", 7),
    ("v3-request-sign.json", 8),
    ("v3-response-verify.json", 7),
    ("v3-rsa-oaep.json", 4),
];

#[test]
fn no_published_vector_is_passed_over() {
    let files = published::files("wechat");
    let mut told = std::io::stdout();
    if files.is_empty() {
        writeln!(told, "no published vectors of WeChat Pay are here").unwrap();
        return;
    }
    assert_eq!(files, RUN.map(|(file, _)| file.to_owned()), "a file is run by no test");
    for (file, count) in RUN {
        assert_eq!(vectors(file).len(), count, "{file}: each is looked at by a test above");
        writeln!(told, "{count} published vectors of {file} were run").unwrap();
    }
}

/// A merchant's key, where a test needs one and does not care which.
pub(super) const APP_PRIVATE: &str = include_str!("../../../vectors/keys/app_private.pem");
