//! Notices: whose they are, and which number they make us ask about.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use super::*;
use crate::{WechatEvent, WechatNotice};

const NONCE: &str = "fdasfjihihih";

fn seal(plain: &str, associated: &str) -> String {
    let key = UnboundKey::new(&AES_256_GCM, b"a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb").unwrap();
    let nonce = Nonce::assume_unique_for_key(NONCE.as_bytes().try_into().unwrap());
    let mut text = plain.as_bytes().to_vec();
    let aad = Aad::from(associated.as_bytes());
    LessSafeKey::new(key).seal_in_place_append_tag(nonce, aad, &mut text).unwrap();
    STANDARD.encode(text)
}

fn body(event: &str, sealed: &str, associated: &str) -> String {
    format!(
        r#"{{"id":"3119dfba-e649-5eec-ab1e-3412bc4d2e17","create_time":"2026-11-21T00:00:02+08:00","resource_type":"encrypt-resource","event_type":"{event}","summary":"x","resource":{{"original_type":"transaction","algorithm":"AEAD_AES_256_GCM","ciphertext":"{sealed}","associated_data":"{associated}","nonce":"{NONCE}"}}}}"#
    )
}

fn paid() -> String {
    format!(
        r#"{{"appid":"wxd678efh567hg6787","mchid":"1230000109","out_trade_no":"{NO}","trade_state":"SUCCESS"}}"#
    )
}

fn refunded() -> String {
    format!(
        r#"{{"mchid":"1230000109","out_trade_no":"{NO}","out_refund_no":"{}","refund_status":"SUCCESS"}}"#,
        refund_no().as_str()
    )
}

fn open(body: &str) -> Result<WechatNotice, CallError> {
    let reply = signed(200, body);
    wechat().open_notice(&reply.headers, &reply.body)
}

#[test]
fn a_genuine_notice_names_its_attempt() {
    let notice = open(&body("TRANSACTION.SUCCESS", &seal(&paid(), "transaction"), "transaction"));
    let notice = notice.unwrap();
    assert_eq!(notice.out_trade_no, no());
    assert_eq!(notice.event, WechatEvent::Paid);
    assert_eq!(notice.id.as_deref(), Some("3119dfba-e649-5eec-ab1e-3412bc4d2e17"));
    for event in ["REFUND.SUCCESS", "REFUND.CLOSED", "REFUND.ABNORMAL"] {
        let notice = open(&body(event, &seal(&refunded(), ""), "")).unwrap();
        assert_eq!(notice.event, WechatEvent::Refund(refund_no()), "{event}");
    }
}

#[test]
fn an_altered_notice_does_not_open() {
    let good = body("TRANSACTION.SUCCESS", &seal(&paid(), "transaction"), "transaction");
    assert!(open(&good).is_ok());
    let sealed = seal(&paid(), "transaction");
    let tag = format!("{}{}", &sealed[..sealed.len() - 6], "AAAAA=");
    for altered in [
        good.replace(&sealed, &tag),
        good.replace(&sealed, &sealed[4..]),
        good.replace(&sealed, ""),
        good.replace(NONCE, "fdasfjihihii"),
        good.replace(NONCE, "short"),
        good.replace("\"associated_data\":\"transaction\"", "\"associated_data\":\"refund\""),
        good.replace("\"associated_data\":\"transaction\",", ""),
        good.replace("AEAD_AES_256_GCM", "AEAD_SM4_GCM"),
        good.replace("TRANSACTION.SUCCESS", "REFUND.SUCCESS"),
        good.replace("TRANSACTION.SUCCESS", "PAYSCORE.USER_OPEN_SERVICE"),
        "{}".to_owned(),
        String::new(),
    ] {
        assert!(open(&altered).is_err(), "{altered}");
    }
    let mut reply = signed(200, &good);
    reply.headers.clear();
    assert!(wechat().open_notice(&reply.headers, &reply.body).is_err(), "unsigned");
    let reply = signed_by("unknown", 200, &good);
    assert!(wechat().open_notice(&reply.headers, &reply.body).is_err(), "by another");
}

#[test]
fn a_notice_to_another_merchant_is_not_ours() {
    for (from, to) in [
        ("1230000109", "1230000110"),
        ("wxd678efh567hg6787", "wx0000000000000000"),
        (NO, "1217752501201407033233368018"),
    ] {
        let sealed = seal(&paid().replace(from, to), "");
        assert!(open(&body("TRANSACTION.SUCCESS", &sealed, "")).is_err(), "{to}");
    }
}

#[test]
fn a_refund_notice_of_v2_must_open_under_our_key() {
    let notice = |info: &str| {
        let fields = [
            ("return_code", "SUCCESS"),
            ("appid", "wxd678efh567hg6787"),
            ("mch_id", "1230000109"),
            ("req_info", info),
        ];
        wechat().open_v2_refund_notice(write(fields).as_bytes())
    };
    let sealed = include_str!("../../../vectors/wechat_req_info.txt").trim();
    let opened = notice(sealed).unwrap();
    assert_eq!((opened.id, opened.out_trade_no), (None, no()));
    assert_eq!(opened.event, WechatEvent::Refund(refund_no()));
    for info in ["", "AAAA", "不", &sealed[4..], &sealed[24..]] {
        assert!(notice(info).is_err(), "{info}");
    }
    assert!(wechat().open_v2_refund_notice(b"<xml></xml>").is_err());
}
