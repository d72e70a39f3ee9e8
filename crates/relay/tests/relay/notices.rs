//! Notices at the door, genuine and not: what is no channel's word for this merchant is not kept.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use mianfu_gateway::{Alipay, AlipaySettings, Keys, PlatformKey, RsaKeys, WechatKeys};
use mianfu_relay::keys::{ChannelKey, KeyError};
use mianfu_relay::notice::{Merchant, Opened, Refusal};
use rsa::pkcs8::{EncodePrivateKey as _, LineEnding};
use rsa::rand_core::OsRng;
use rsa::sha2::{Digest as _, Sha256};
use rsa::{BigUint, RsaPrivateKey};

use crate::fixture::*;

fn open_form(body: &str) -> Result<Opened, Refusal> {
    alipay().open(&HeaderMap::new(), body.as_bytes(), NOW)
}

fn open_json(heads: &Heads, body: &str) -> Result<Opened, Refusal> {
    wechat(false).open(&heads.map(), body.as_bytes(), NOW)
}

fn with(name: &str, value: &str) -> String {
    let mut fields = fields("n-1");
    fields.insert(name.to_owned(), value.as_bytes().to_vec());
    alipay_body(&signers().channel, fields)
}

fn key_of(opened: Result<Opened, Refusal>) -> [u8; 32] {
    match opened.unwrap() {
        Opened::Notice { key, .. } => key,
        Opened::Hint => panic!("a hint"),
    }
}

#[test]
pub(crate) fn a_genuine_form_is_taken_in_whatever_charset_it_declares() {
    let genuine = alipay_body(&signers().channel, fields("n-1"));
    assert!(open_form(&genuine).is_ok());
    let mut gbk = fields("n-2");
    gbk.insert("charset".to_owned(), b"gbk".to_vec());
    gbk.insert("subject".to_owned(), b"\xc4\xc3\xcc\xfa\x81\x5c |\x81\x30\x84\x36".to_vec());
    let body = alipay_body(&signers().channel, gbk);
    assert!(open_form(&body).is_ok());
    assert_eq!(open_form(&body.replace("gbk", "utf-8")), Err(Refusal::BadSignature));
    assert_eq!(open_form(&body.replace("%C4%C3", "%E6%8B%BF")), Err(Refusal::BadSignature));
}

#[test]
pub(crate) fn a_form_that_is_not_the_channels_is_refused() {
    let genuine = alipay_body(&signers().channel, fields("n-1"));
    let table = [
        (genuine.replace("12.50", "12.51"), Refusal::BadSignature),
        (genuine.replace("&charset=utf-8", ""), Refusal::BadSignature),
        (genuine.replace("17&", "18&"), Refusal::BadSignature),
        (format!("{genuine}&extra=1"), Refusal::BadSignature),
        (genuine.replace("sign=", "sin="), Refusal::BadSignature),
        (genuine.split("&sign=").next().unwrap().to_owned() + "&sign=", Refusal::BadSignature),
        (genuine.replace("12.50", "1e2"), Refusal::BadSignature),
        (genuine.replace("12.50", "%EF%BC%91"), Refusal::BadSignature),
        (with("sign_type", "RSA"), Refusal::BadSignature),
        (with("sign_type", "MD5"), Refusal::BadSignature),
        (with("sign_type", "none"), Refusal::BadSignature),
        (alipay_body(&signers().other, fields("n-1")), Refusal::BadSignature),
        (format!("{genuine}&total_amount=0.01"), Refusal::Unreadable),
        (format!("total_amount=0.01&{genuine}"), Refusal::Unreadable),
        (format!("{genuine}&total_amount%5B%5D=0.01"), Refusal::BadSignature),
        (genuine.replace("&seller_id=", "%26seller_id%3D"), Refusal::Unreadable),
        (with("app_id", "2021000000000002"), Refusal::Elsewhere),
        (with("app_id", ""), Refusal::Elsewhere),
        (with("seller_id", "2088000000000002"), Refusal::Elsewhere),
        (with("seller_id", ""), Refusal::Elsewhere),
        (String::new(), Refusal::BadSignature),
        (wechat_body("n-1"), Refusal::BadSignature),
        ("%".to_owned(), Refusal::Unreadable),
    ];
    for (body, expected) in table {
        assert_eq!(open_form(&body), Err(expected), "{body:.120}");
    }
    // A blank may be written in two ways; the bytes that are signed are the same.
    assert!(open_form(&genuine.replace('+', "%20")).is_ok());
}

#[test]
pub(crate) fn a_notice_is_named_the_same_over_its_repetitions_and_by_no_other() {
    let channel = &signers().channel;
    let mut again = fields("n-1");
    again.insert("notify_time".to_owned(), b"2026-11-21 00:04:00".to_vec());
    let first = key_of(open_form(&alipay_body(channel, fields("n-1"))));
    assert_eq!(first, key_of(open_form(&alipay_body(channel, again))));
    assert_ne!(first, key_of(open_form(&alipay_body(channel, fields("n-2")))));
    let json = |id: &str, at: mianfu_relay::Timestamp| {
        key_of(open_json(&Heads::of(channel, at, &wechat_body(id)), &wechat_body(id)))
    };
    assert_eq!(json("n-1", NOW), json("n-1", NOW.plus_ms(15_000)));
    assert_ne!(json("n-1", NOW), json("n-2", NOW));
    assert_ne!(json("n-1", NOW), first, "two channels may draw the same name");
}

#[test]
pub(crate) fn a_genuine_notice_of_v3_is_taken_with_what_its_signature_needs() {
    let body = wechat_body("n-1");
    let heads = Heads::of(&signers().channel, NOW, &body);
    let Opened::Notice { headers, .. } = open_json(&heads, &body).unwrap() else { panic!() };
    let mut expected = heads.pairs().map(|(name, value)| (name, value.to_owned())).to_vec();
    let mut headers = headers;
    expected.sort();
    headers.sort();
    assert_eq!(headers, expected);
    for off in [-300_000, 300_000] {
        let heads = Heads::of(&signers().channel, NOW.plus_ms(off), &body);
        assert!(open_json(&heads, &body).is_ok(), "{off}");
    }
}

#[test]
pub(crate) fn a_notice_of_v3_that_is_not_the_channels_is_refused() {
    let channel = &signers().channel;
    let body = wechat_body("n-1");
    let good = || Heads::of(channel, NOW, &body);
    let forged = [
        Heads { signature: String::new(), ..good() },
        Heads { signature: "WECHATPAY/SIGNTEST/".to_owned() + &good().signature, ..good() },
        Heads { signature: good().signature.repeat(2), ..good() },
        Heads { signature: "AAAA".to_owned(), ..good() },
        Heads { serial: "PUB_KEY_ID_0".to_owned(), ..good() },
        Heads { nonce: "593BEC0C930BF1AFEB40B4A08C8FB243".to_owned(), ..good() },
        Heads { timestamp: String::new(), ..good() },
        Heads::of(&signers().other, NOW, &body),
        Heads::at(channel, "-1", &body),
        Heads::at(channel, "100000000000000000000", &body),
        Heads::at(channel, "9223372036854775807", &body),
        Heads::at(channel, "1795190400.0", &body),
    ];
    for heads in &forged {
        assert_eq!(open_json(heads, &body), Err(Refusal::BadSignature), "{:?}", heads.pairs());
    }
    for off in [-301_000, -360_000, 301_000, 360_000, -90_000_000] {
        let heads = Heads::of(channel, NOW.plus_ms(off), &body);
        assert_eq!(open_json(&heads, &body), Err(Refusal::Stale), "{off}");
    }
    for missing in good().pairs().map(|(name, _)| name) {
        let mut headers = good().map();
        headers.remove(missing);
        let opened = wechat(true).open(&headers, body.as_bytes(), NOW);
        assert_eq!(opened, Err(Refusal::BadSignature), "without {missing}");
        let mut headers = good().map();
        let value = headers[missing].clone();
        headers.append(missing, value);
        let opened = wechat(true).open(&headers, body.as_bytes(), NOW);
        assert_eq!(opened, Err(Refusal::BadSignature), "{missing} twice");
    }
    let altered = body.replace("c2VhbGVk", "c2VhbGVl");
    assert_eq!(open_json(&good(), &altered), Err(Refusal::BadSignature));
    for unreadable in ["", "{}", "[]", r#"{"id":""}"#, r#"{"id":1}"#, "不"] {
        let heads = Heads::of(channel, NOW, unreadable);
        assert_eq!(open_json(&heads, unreadable), Err(Refusal::Unreadable), "{unreadable}");
    }
}

#[test]
pub(crate) fn a_notice_of_v2_is_a_hint_where_the_merchant_uses_v2_and_nothing_elsewhere() {
    let xml = "<xml><return_code>SUCCESS</return_code></xml>";
    let open =
        |merchant: Merchant, body: &str| merchant.open(&HeaderMap::new(), body.as_bytes(), NOW);
    assert_eq!(open(wechat(true), xml), Ok(Opened::Hint));
    assert_eq!(open(wechat(false), xml), Err(Refusal::BadSignature));
    assert_eq!(open(alipay(), xml), Err(Refusal::BadSignature));
    let long = format!("<xml>{}</xml>", "x".repeat(8 * 1024));
    for body in ["", "{}", "return_code=SUCCESS", &long] {
        assert_eq!(open(wechat(true), body), Err(Refusal::BadSignature), "{body:.40}");
    }
}

#[test]
pub(crate) fn another_channels_address_proves_nothing() {
    let form = alipay_body(&signers().channel, fields("n-1"));
    let at_wechat = wechat(true).open(&HeaderMap::new(), form.as_bytes(), NOW);
    assert_eq!(at_wechat, Err(Refusal::BadSignature));
    let body = wechat_body("n-1");
    let heads = Heads::of(&signers().channel, NOW, &body);
    let at_alipay = alipay().open(&heads.map(), body.as_bytes(), NOW);
    assert_eq!(at_alipay, Err(Refusal::BadSignature));
}

/// Makes a signature without the private key, for whoever looks at the beginning of what it says
/// and not at its end (Bleichenbacher, 2006): the cube root of a number that begins rightly.
fn forged_for_exponent_three(content: &[u8]) -> Vec<u8> {
    let mut begin = vec![0x00, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00];
    begin.extend_from_slice(
        b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\0\x04\x20",
    );
    begin.extend_from_slice(&Sha256::digest(content));
    let place = 8 * (256 - begin.len());
    let least = BigUint::from_bytes_be(&begin) << place;
    // The least number whose cube is not below: bit by bit from above.
    let mut root = BigUint::default();
    for bit in (0..700).rev() {
        let more = &root + (BigUint::from(1_u8) << bit);
        if &more * &more * &more <= least {
            root = more;
        }
    }
    let root = root + BigUint::from(1_u8);
    let cube = (&root * &root * &root) >> place;
    assert_eq!(cube, BigUint::from_bytes_be(&begin), "it begins as a genuine one does");
    let bytes = root.to_bytes_be();
    [vec![0; 256 - bytes.len()], bytes].concat()
}

#[test]
pub(crate) fn a_signature_that_only_begins_rightly_is_none() {
    let exponent = BigUint::from(3_u8);
    let weak = RsaPrivateKey::new_with_exp(&mut OsRng, 2048, &exponent).unwrap();
    let key = ChannelKey::read(&public_pem(&weak)).unwrap();
    let content = b"app_id=1";
    let genuine = sign(&weak, content);
    assert!(key.verifies(content, genuine.as_bytes(), NOW));
    let forged = STANDARD.encode(forged_for_exponent_three(content));
    assert!(!key.verifies(content, forged.as_bytes(), NOW));
    let long = STANDARD.encode([vec![0], STANDARD.decode(&genuine).unwrap()].concat());
    assert!(!key.verifies(content, long.as_bytes(), NOW));
    assert!(!key.verifies(content, &genuine.as_bytes()[..340], NOW));
}

#[test]
pub(crate) fn a_key_that_no_relay_may_have_is_refused() {
    let private = &signers().channel;
    let pkcs8 = private.to_pkcs8_pem(LineEnding::LF).unwrap();
    let bare: String = pkcs8.lines().filter(|line| !line.starts_with('-')).collect();
    for text in [pkcs8.as_str(), &bare] {
        assert_eq!(ChannelKey::read(text).unwrap_err(), KeyError::Private);
    }
    let short = RsaPrivateKey::new(&mut OsRng, 1024).unwrap();
    assert_eq!(ChannelKey::read(&public_pem(&short)).unwrap_err(), KeyError::TooShort);
    for text in ["", "不是钥匙", "-----BEGIN PUBLIC KEY-----"] {
        assert_eq!(ChannelKey::read(text).unwrap_err(), KeyError::NotText, "{text}");
    }
    assert_eq!(ChannelKey::read("AAAA").unwrap_err(), KeyError::NotAKey);
    let pem = public_pem(private);
    let bare: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    assert!(ChannelKey::read(&bare).is_ok());
}

#[test]
pub(crate) fn relay_and_till_agree_on_who_signed() {
    let pem = public_pem(&signers().channel);
    let ours = ChannelKey::read(&pem).unwrap();
    let private = signers().other.to_pkcs8_pem(LineEnding::LF).unwrap();
    let platform = PlatformKey::from_public_key(SERIAL, &pem).unwrap();
    let tills = WechatKeys::new(&private, [platform]).unwrap();
    for (key, content) in [(&signers().channel, b"a".as_slice()), (&signers().other, b"a")] {
        let sign = sign(key, content);
        for (content, sign) in [(content, sign.as_str()), (b"b", &sign), (content, &sign[4..])] {
            let theirs = tills.verify_under(SERIAL, content, sign);
            assert_eq!(ours.verifies(content, sign.as_bytes(), NOW), theirs);
        }
    }
}

#[test]
fn relay_and_till_agree_on_every_form() {
    let channel = &signers().channel;
    let private = signers().other.to_pkcs8_pem(LineEnding::LF).unwrap();
    let keys = RsaKeys::from_keys(&private, &public_pem(channel)).unwrap();
    let mut settings = AlipaySettings::new("https://gateway.example/gateway.do", APP_ID);
    settings.seller_id = Some(SELLER_ID.to_owned());
    let till = Alipay { settings, keys, payer_key: [0; 32] };
    let genuine = alipay_body(channel, fields("n-1"));
    // Each field changed, emptied, dropped, doubled, and signed anew with each of these.
    let mut bodies = vec![genuine.clone(), genuine.replace('+', "%20"), genuine.to_lowercase()];
    for name in fields("n-1").into_keys() {
        for value in ["", "1", "拿铁 &=%+"] {
            bodies.push(with(&name, value));
            bodies.push(format!("{genuine}&{name}={value}"));
        }
        let mut dropped = fields("n-1");
        dropped.remove(&name);
        bodies.push(alipay_body(channel, dropped.clone()));
        bodies.push(form(&dropped));
    }
    let mut taken = 0;
    for body in bodies {
        let here = open_form(&body).is_ok();
        // A charset other than UTF-8 is the one thing that only the relay takes.
        let is_utf8 = body.contains("charset=utf-8") || !body.contains("&charset=");
        if is_utf8 || body.contains("charset=&") {
            assert_eq!(here, till.open_notice(body.as_bytes()).is_ok(), "{body:.200}");
        }
        taken += usize::from(here);
    }
    assert!(20 < taken, "{taken} are genuine");
}
