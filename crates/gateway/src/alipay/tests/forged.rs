//! Answers that somebody else made, or that were changed on the way.

use mianfu_core::channel::Verdict;
use proptest::prelude::*;

use super::*;

fn paid_node() -> String {
    format!(
        r#"{{"code":"10000","out_trade_no":"{NO}","total_amount":"12.50","trade_no":"{TRADE_NO}","memo":"a/b"}}"#
    )
}

#[test]
fn law_10_a_changed_answer_is_not_believed() {
    let node = paid_node();
    let sign = Hashed::new().sign(node.as_bytes());
    let read = |node: &str, sign: &str| {
        let body = format!(r#"{{"alipay_trade_pay_response":{node},"sign":"{sign}"}}"#);
        told(alipay().decode_pay(&sale(), &reply(body), 0))
    };
    let not_signed = "the answer is not signed by the channel";
    assert_eq!(read(&node, &sign), told(Ok(paid(1250))));
    assert_eq!(read(&node.replace("12.50", "12.51"), &sign), not_signed);
    assert_eq!(read(&node.replace(':', ": "), &sign), not_signed, "the bytes count, not the sense");
    assert_eq!(read(&node, ""), not_signed);
    assert_eq!(read(&node, "!!"), not_signed);
    assert_eq!(read(&node, &sign.replace('=', "")), not_signed);
    let own = failed_by_us(&node);
    assert_eq!(read(&node, &own), not_signed);
    let refusal = r#"{"code":"40002","sub_code":"isv.invalid-app-id"}"#;
    assert_eq!(read(refusal, &sign), not_signed, "a wrong signature is never a refusal");
}

/// A signature under another key.
fn failed_by_us(node: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"another");
    STANDARD.encode(hmac::sign(&key, node.as_bytes()))
}

#[test]
fn a_member_that_occurs_twice_makes_an_answer_unreadable() {
    let node = paid_node();
    let sign = Hashed::new().sign(node.as_bytes());
    let other = node.replace("12.50", "99.00");
    let name = "alipay_trade_pay_response";
    for body in [
        format!(r#"{{"{name}":{node},"{name}":{other},"sign":"{sign}"}}"#),
        format!(r#"{{"{name}":{other},"{name}":{node},"sign":"{sign}"}}"#),
        format!(r#"{{"{name}":{node},"sign":"{sign}","sign":"{sign}"}}"#),
        format!(r#"{{"{name}":{node},"error_response":{other},"sign":"{sign}"}}"#),
        format!(r#"{{"{name}":{node},"\u0073ign":"{sign}","sign":"{sign}"}}"#),
        format!(r#"{{"{name}":{node},"sign":["{sign}"]}}"#),
    ] {
        let read = alipay().decode_pay(&sale(), &reply(body.clone()), 0);
        assert!(read.is_err(), "{body}");
    }
    let twice = node.replace(r#""memo""#, r#""total_amount":"99.00","memo""#);
    let read = alipay().decode_pay(&sale(), &signed("pay", &twice), 0);
    assert_eq!(told(read), "the answer could not be read: the members of an answer");
}

#[test]
fn another_methods_genuine_answer_is_no_answer() {
    let node = paid_node();
    for api in ["pay", "precreate", "query", "cancel", "close", "refund"] {
        let read = alipay().decode_query(&no(), &signed(api, &node), 0);
        assert!(read.is_err(), "{api}: a pay answer does not say a status");
    }
}

#[test]
fn slashes_are_tried_with_and_without_escapes_and_only_slashes() {
    let came = |came: &str, signed_as: &str| {
        let sign = Hashed::new().sign(signed_as.as_bytes());
        let body = format!(r#"{{"alipay_trade_precreate_response":{came},"sign":"{sign}"}}"#);
        alipay().decode_precreate(&sale(), &reply(body)).ok()
    };
    let plain = format!(r#"{{"code":"10000","out_trade_no":"{NO}","qr_code":"https://a/b"}}"#);
    let escaped = plain.replace('/', "\\/");
    let code = Some(Verdict::Code { content: "https://a/b".to_owned() });
    assert_eq!(came(&plain, &plain), code);
    assert_eq!(came(&escaped, &escaped), code);
    assert_eq!(came(&escaped, &plain), code);
    assert_eq!(came(&plain, &escaped), code);
    // What is read is the text that was verified, so a backslash slipped in changes nothing.
    let mixed = plain.replace("a/b", r"a\/b");
    let slipped = plain.replace("a/b", r"a\\/b");
    assert_eq!(came(&slipped, &mixed), code);
    assert_eq!(came(&plain.replace("a/b", "a/c"), &plain), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_the_reader_fall(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        read_everywhere(&reply(body));
    }

    #[test]
    fn no_text_like_an_answer_makes_the_reader_fall(
        node in r#"[ -~]{0,80}|\{("[a-z_]{1,12}":("[ -~]{0,9}"|[0-9]{1,3}|null),?){0,5}\}"#,
        name in "alipay_trade_(pay|query|cancel|refund)_response|error_response|[a-z]{0,5}",
        sign in r#"[A-Za-z0-9+/=]{0,44}"#,
    ) {
        read_everywhere(&reply(format!(r#"{{"{name}":{node},"sign":"{sign}"}}"#)));
        read_everywhere(&reply(format!(r#"{{"{name}":{node}}}"#)));
    }
}

/// Without a key nobody makes an answer that says more than that it is unsigned.
fn read_everywhere(reply: &HttpReply) {
    let alipay = alipay();
    let verdicts = [
        alipay.decode_pay(&sale(), reply, 0),
        alipay.decode_precreate(&sale(), reply),
        alipay.decode_query(&no(), reply, 0),
    ];
    for verdict in verdicts.into_iter().flatten() {
        let unsigned =
            matches!(verdict, Verdict::UnsignedNotExist | Verdict::UnsignedRefusal { .. });
        assert!(unsigned, "{verdict:?}");
    }
    assert!(alipay.decode_cancel(&no(), reply).is_err());
    assert!(alipay.decode_close(&no(), reply).is_err());
    assert!(alipay.decode_refund(&no(), reply).is_err());
    assert!(alipay.decode_refund_query(&no(), &refund_no(), reply).is_err());
}

#[test]
fn a_flipped_byte_never_gives_another_verdict() {
    let genuine = [
        signed("pay", &paid_node()),
        signed("pay", &format!(r#"{{"code":"10003","out_trade_no":"{NO}"}}"#)),
        signed("pay", r#"{"code":"40004","sub_code":"ACQ.PAYMENT_AUTH_CODE_INVALID"}"#),
    ];
    for whole in genuine {
        let expected = alipay().decode_pay(&sale(), &whole, 0).unwrap();
        for at in 0..whole.body.len() {
            for mask in [1, 2, 4, 8, 16, 32, 64, 128, 255] {
                let mut body = whole.body.clone();
                body[at] ^= mask;
                if let Ok(verdict) = alipay().decode_pay(&sale(), &reply(body), 0) {
                    assert_eq!(verdict, expected, "byte {at} with {mask}");
                }
            }
        }
    }
}
