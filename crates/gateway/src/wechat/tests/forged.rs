//! Forged, stale and probing answers of v3: all of them are silence.

use super::*;
use crate::BODY_LIMIT_BYTES;

const BODY: &str = r#"{"code_url":"weixin://wxpay/bizpayurl?pr=JyC91EIz1"}"#;

fn read(reply: &HttpReply) -> String {
    brief(wechat().decode_call(&submit(Flow::Show), show(), reply, NOW))
}

/// The good answer with one header changed.
fn but(name: &str, value: &str) -> HttpReply {
    let mut reply = signed(200, BODY);
    let header = reply.headers.iter_mut().find(|(given, _)| given.eq_ignore_ascii_case(name));
    value.clone_into(&mut header.unwrap().1);
    reply
}

#[test]
fn every_header_counts() {
    assert!(read(&signed(200, BODY)).starts_with("Told(Code"));
    for (name, value) in [
        ("Wechatpay-Timestamp", ""),
        ("Wechatpay-Timestamp", "1795190401"),
        ("Wechatpay-Timestamp", "+1795190402"),
        ("Wechatpay-Timestamp", "99999999999999999999"),
        ("Wechatpay-Nonce", ""),
        ("Wechatpay-Nonce", "x"),
        ("Wechatpay-Serial", ""),
        ("Wechatpay-Serial", "X"),
        ("Wechatpay-Serial", PUBLIC_KEY_ID),
        ("Wechatpay-Signature", ""),
        ("Wechatpay-Signature", "AAAA"),
        ("Wechatpay-Signature", "不"),
    ] {
        assert_eq!(read(&but(name, value)), SILENT, "{name}: {value}");
    }
    for name in
        ["Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Serial", "wechatpay-signature"]
    {
        let mut missing = signed(200, BODY);
        missing.headers.retain(|(given, _)| !given.eq_ignore_ascii_case(name));
        assert_eq!(read(&missing), SILENT, "without {name}");
        let mut twice = signed(200, BODY);
        let header = twice.headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name));
        let header = header.unwrap().clone();
        twice.headers.push(header);
        assert_eq!(read(&twice), SILENT, "{name} twice");
    }
}

#[test]
fn a_changed_body_is_silence() {
    let mut reply = signed(200, BODY);
    reply.body = BODY.replace("91", "92").into();
    assert_eq!(read(&reply), SILENT);
    reply.body.push(b' ');
    assert_eq!(read(&reply), SILENT);
    reply.body = vec![b' '; BODY_LIMIT_BYTES + 1];
    assert_eq!(read(&reply), SILENT);
}

#[test]
fn a_refusal_with_a_wrong_signature_is_silence_and_not_an_unsigned_one() {
    let mut reply = signed(404, r#"{"code":"ORDER_NOT_EXIST","message":"x"}"#);
    reply.headers.iter_mut().for_each(|(name, value)| {
        if name.eq_ignore_ascii_case("wechatpay-signature") {
            value.replace_range(..4, "AAAA");
        }
    });
    assert_eq!(brief(wechat().decode_call(&query(), show(), &reply, NOW)), SILENT);
}

#[test]
fn a_signature_probe_is_a_bad_signature() {
    let mut reply = signed(200, BODY);
    for (name, value) in &mut reply.headers {
        if name.eq_ignore_ascii_case("wechatpay-signature") {
            *value = format!("WECHATPAY/SIGNTEST/{value}");
        }
    }
    assert_eq!(read(&reply), SILENT);
}

#[test]
fn an_answer_from_another_time_is_silence() {
    let at = |ms: i64| {
        let stamp = Stamp { now: Timestamp(NOW.now.0 + ms), offset_ms: NOW.offset_ms };
        brief(wechat().decode_call(&submit(Flow::Show), show(), &signed(200, BODY), stamp))
    };
    for ms in [-300_000, 300_000] {
        assert!(at(ms).starts_with("Told"), "{ms}");
    }
    for ms in [-300_001, 300_001, 86_400_000, i64::MIN / 2] {
        assert_eq!(at(ms), SILENT, "{ms}");
    }
}

#[test]
fn both_kinds_of_key_are_accepted_during_a_change_over() {
    for serial in [SERIAL, PUBLIC_KEY_ID] {
        assert!(read(&signed_by(serial, 200, BODY)).starts_with("Told"), "{serial}");
        assert!(!wechat().names_an_unknown_key(&signed_by(serial, 200, BODY).headers));
    }
    let unknown = signed_by("45F59D4DABF31918AFCEC556D5D2C6E376675D57", 200, BODY);
    assert_eq!(read(&unknown), SILENT);
    assert!(wechat().names_an_unknown_key(&unknown.headers));
    assert!(!wechat().names_an_unknown_key(&[]));
}

#[test]
fn nothing_secret_is_printed() {
    let shown = format!("{:?} {:?} {:?}", wechat(), v3_key(), v2_key());
    let request = wechat().encode_call(&submit(Flow::Scan), scan(), NOW);
    let shown = format!("{shown} {request:?}");
    for secret in ["192006250b4c", "a7cde1ZJ", "134567890123456789", "[7, 7"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
