//! Notices: whose they are, and which number they make us ask about.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use super::*;
use crate::{About, News, WechatEvent, WechatNotice};

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

fn news(reply: &HttpReply) -> Result<News, CallError> {
    wechat().news(&reply.headers, &reply.body, NOW)
}

fn said(reply: &HttpReply) -> String {
    match news(reply) {
        Ok(News { about: About::Trade(verdict), .. }) => brief(Ok(Answer::Told(verdict))),
        Ok(News { about: About::Refund(refund_no), .. }) => refund_no.as_str().to_owned(),
        Err(_) => SILENT.to_owned(),
    }
}

fn whole(changes: &[(&str, &str)]) -> HttpReply {
    let mut plain = format!(
        r#"{{"appid":"wxd678efh567hg6787","mchid":"1230000109","out_trade_no":"{NO}","transaction_id":"{TRANSACTION_NO}","trade_type":"NATIVE","trade_state":"SUCCESS","success_time":"2026-11-21T00:00:02+08:00","payer":{{"openid":"{OPENID}"}},"amount":{{"total":1250,"payer_total":1250,"currency":"CNY","payer_currency":"CNY"}}}}"#
    );
    for (from, to) in changes {
        assert!(plain.contains(from), "{from}");
        plain = plain.replace(from, to);
    }
    signed(200, &body("TRANSACTION.SUCCESS", &seal(&plain, "transaction"), "transaction"))
}

#[test]
fn a_notice_of_v3_says_what_a_query_would() {
    assert_eq!(said(&whole(&[])), "paid ¥12.50 Some(1795190400000)");
    assert_eq!(news(&whole(&[])).unwrap().out_trade_no, no());
    for (from, to) in [
        ("\"total\":1250", "\"total\":12.50"),
        ("\"total\":1250", "\"total\":1250.0"),
        ("\"total\":1250", "\"total\":\"1250\""),
        ("\"total\":1250", "\"total\":-1250"),
        ("\"total\":1250", "\"total\":1e3"),
        ("\"currency\":\"CNY\"", "\"currency\":\"HKD\""),
        (TRANSACTION_NO, ""),
        ("\"SUCCESS\"", "\"PAID\""),
        ("1230000109", "1230000110"),
        ("wxd678efh567hg6787", "wx0000000000000000"),
        ("2026-11-21T00:00:02+08:00", "yesterday"),
    ] {
        assert_eq!(said(&whole(&[(from, to)])), SILENT, "{to}");
    }
    let refund = signed(200, &body("REFUND.SUCCESS", &seal(&refunded(), ""), ""));
    assert_eq!(said(&refund), refund_no().as_str());
}

fn v2_paid() -> Vec<(&'static str, &'static str)> {
    vec![
        ("result_code", "SUCCESS"),
        ("openid", OPENID),
        ("trade_type", "NATIVE"),
        ("bank_type", "OTHERS"),
        ("total_fee", "1250"),
        ("cash_fee", "1250"),
        ("transaction_id", TRANSACTION_NO),
        ("out_trade_no", NO),
        ("time_end", "20261121000002"),
    ]
}

#[test]
fn a_notice_of_v2_says_what_a_query_would() {
    assert_eq!(said(&xml_reply(&v2_paid())), "paid ¥12.50 Some(1795190400000)");
    assert_eq!(news(&xml_reply(&v2_paid())).unwrap().out_trade_no, no());
    for (name, value) in [
        ("total_fee", "12.50"),
        ("total_fee", "1250.0"),
        ("total_fee", "1e3"),
        ("total_fee", "-1250"),
        ("total_fee", "-"),
        ("transaction_id", "-"),
        ("out_trade_no", "-"),
        ("out_trade_no", "1217752501201407033233368018"),
        ("fee_type", "HKD"),
        ("appid", "-"),
        ("appid", "wx0000000000000000"),
        ("mch_id", "-"),
        ("mch_id", "1230000110"),
        ("result_code", "FAIL"),
        ("return_code", "FAIL"),
        ("return_code", "-"),
        ("sign_type", "MD5"),
    ] {
        let mut fields = v2_paid();
        fields.retain(|(given, _)| *given != name);
        fields.push((name, value));
        assert_eq!(said(&xml_reply(&fields)), SILENT, "{name}={value}");
    }
}

#[test]
fn a_notice_of_v2_is_signed_as_configured_and_not_otherwise() {
    let by_md5 = xml_signed(&v2_paid(), SignType::Md5);
    assert_eq!(said(&by_md5), SILENT, "MD5 where HMAC-SHA256 is configured");
    let mut at_md5 = wechat();
    at_md5.settings.sign_type = SignType::Md5;
    assert!(at_md5.news(&[], &by_md5.body, NOW).is_ok());
    assert!(at_md5.news(&[], &xml_reply(&v2_paid()).body, NOW).is_err());
    let good = String::from_utf8(xml_reply(&v2_paid()).body).unwrap();
    for altered in [
        good.replace("1250", "1251"),
        good.replace(NO, OTHER_NO),
        good.replace("<sign>", "<sing>").replace("</sign>", "</sing>"),
        good.replace("</xml>", "<extra>1</extra></xml>"),
        format!("<!DOCTYPE xml [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>{good}"),
        good.to_lowercase(),
    ] {
        assert_eq!(said(&unsigned(200, altered.clone())), SILENT, "{altered}");
    }
}

#[test]
fn a_refund_notice_of_v2_is_a_reason_to_ask() {
    let sealed = include_str!("../../../vectors/wechat_req_info.txt").trim();
    let fields = [
        ("return_code", "SUCCESS"),
        ("appid", "wxd678efh567hg6787"),
        ("mch_id", "1230000109"),
        ("req_info", sealed),
    ];
    assert_eq!(said(&unsigned(200, write(fields))), refund_no().as_str());
}
