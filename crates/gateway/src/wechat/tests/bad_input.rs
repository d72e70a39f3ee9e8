//! Bad input, kind by kind, as answers about a sale: each is silence. What is attacked is looked at
//! closer beside it: `xml`, `v2`, `forged`, `certificates`, `notice`.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use super::*;
use crate::wechat::notice::Resource;

const PAID: [(&str, &str); 6] = [
    ("result_code", "SUCCESS"),
    ("trade_state", "SUCCESS"),
    ("total_fee", "1250"),
    ("transaction_id", TRANSACTION_NO),
    ("out_trade_no", NO),
    ("time_end", "20261121000002"),
];

fn asked_v2(reply: &HttpReply) -> String {
    brief(wechat().decode_call(&query(), scan(), reply, NOW))
}

/// The signed answer that says paid, as text.
fn good() -> String {
    String::from_utf8(xml_reply(&PAID).body).unwrap()
}

fn with(name: &str, value: &str) -> String {
    let mut fields = PAID.to_vec();
    fields.retain(|(given, _)| *given != name);
    fields.push((name, value));
    asked_v2(&xml_reply(&fields))
}

#[test]
fn the_good_answer_says_paid() {
    assert_eq!(asked_v2(&xml_reply(&PAID)), "paid ¥12.50 Some(1795190400000)");
}

#[test]
fn an_xml_bomb_is_silence() {
    let mut entities = String::from("<!ENTITY a \"0123456789\">");
    for (inner, outer) in "abcdefghi".chars().zip("bcdefghij".chars()) {
        let ten = format!("&{inner};").repeat(10);
        entities.push_str(&format!("<!ENTITY {outer} \"{ten}\">"));
    }
    let bomb = format!("<!DOCTYPE xml [{entities}]>");
    let answer = good().replace("SUCCESS", "&j;");
    assert_eq!(asked_v2(&unsigned(200, format!("{bomb}{answer}"))), SILENT);
    assert_eq!(asked_v2(&unsigned(200, format!("{bomb}{}", good()))), SILENT);
    let deep = format!("{}{}{}", "<xml>".repeat(20_000), "1", "</xml>".repeat(20_000));
    assert_eq!(asked_v2(&unsigned(200, deep)), SILENT);
    let wide = good().replace("<sign>", &format!("{}<sign>", "<a>1</a>".repeat(1_000)));
    assert_eq!(asked_v2(&unsigned(200, wide)), SILENT);
}

#[test]
fn an_external_entity_is_silence() {
    for address in ["file:///etc/passwd", "http://127.0.0.1:1/", "php://filter/x"] {
        let kind = format!("<!DOCTYPE xml [<!ENTITY x SYSTEM \"{address}\">]>");
        let answer = good().replace("<![CDATA[OK]]>", "&x;");
        assert_eq!(asked_v2(&unsigned(200, format!("{kind}{answer}"))), SILENT, "{address}");
    }
}

#[test]
fn a_document_type_is_silence_even_before_a_good_answer() {
    for kind in [
        "<!DOCTYPE xml>",
        "<!DOCTYPE xml SYSTEM \"http://127.0.0.1:1/evil.dtd\">",
        "<!DOCTYPE xml PUBLIC \"-//x\" \"http://127.0.0.1:1/evil.dtd\">",
        "<!DOCTYPE xml [<!ENTITY % p SYSTEM \"http://127.0.0.1:1/\">%p;]>",
    ] {
        assert_eq!(asked_v2(&unsigned(200, format!("{kind}{}", good()))), SILENT, "{kind}");
    }
}

#[test]
fn md5_where_hmac_was_asked_for_is_silence() {
    assert_eq!(asked_v2(&xml_signed(&PAID, SignType::Md5)), SILENT);
    let named = [&PAID[..], &[("sign_type", "MD5")]].concat();
    assert_eq!(asked_v2(&xml_signed(&named, SignType::Md5)), SILENT);
    assert_eq!(asked_v2(&xml_signed(&named, SignType::HmacSha256)), SILENT);
}

#[test]
fn no_return_code_and_an_empty_sign_is_silence() {
    let bare = |fields: &[(&str, &str)]| asked_v2(&unsigned(200, write(fields.iter().copied())));
    let ours = [("appid", "wxd678efh567hg6787"), ("mch_id", "1230000109")];
    let all = [&ours[..], &PAID[..]].concat();
    assert_eq!(bare(&all), SILENT);
    assert_eq!(bare(&[&all[..], &[("sign", "")]].concat()), SILENT);
    assert_eq!(bare(&[&all[..], &[("return_code", "SUCCESS"), ("sign", "")]].concat()), SILENT);
    assert_eq!(bare(&[&all[..], &[("return_code", ""), ("sign", "")]].concat()), SILENT);
    assert_eq!(with("return_code", "-"), SILENT, "signed, but without its return code");
    assert_eq!(bare(&[]), SILENT);
}

#[test]
fn an_answer_without_appid_or_mch_id_is_silence() {
    for name in ["appid", "mch_id"] {
        assert_eq!(with(name, "-"), SILENT, "without {name}");
        assert_eq!(with(name, ""), SILENT, "{name} empty");
        assert_eq!(with(name, "0"), SILENT, "another {name}");
    }
    let v3 = |merchant: &str| {
        let body = format!(
            r#"{{{merchant}"out_trade_no":"{NO}","transaction_id":"{TRANSACTION_NO}","trade_state":"SUCCESS","amount":{{"total":1250}}}}"#
        );
        brief(wechat().decode_call(&query(), show(), &signed(200, &body), NOW))
    };
    assert_eq!(v3(r#""appid":"wxd678efh567hg6787","mchid":"1230000109","#), "paid ¥12.50 None");
    for merchant in [
        "",
        r#""appid":"wxd678efh567hg6787","#,
        r#""mchid":"1230000109","#,
        r#""appid":"","mchid":"1230000109","#,
        r#""appid":null,"mchid":"1230000109","#,
    ] {
        assert_eq!(v3(merchant), SILENT, "{merchant}");
    }
}

#[test]
fn yuan_where_fen_are_meant_is_silence() {
    for amount in
        ["12.50", "1250.0", "1e3", "-1250", "+1250", "0x4E2", " 1250", "1,250", "１２５０"]
    {
        assert_eq!(with("total_fee", amount), SILENT, "v2: {amount}");
    }
    let v3 = |total: &str| {
        let body = format!(
            r#"{{"appid":"wxd678efh567hg6787","mchid":"1230000109","out_trade_no":"{NO}","transaction_id":"{TRANSACTION_NO}","trade_state":"SUCCESS","amount":{{"total":{total}}}}}"#
        );
        brief(wechat().decode_call(&query(), show(), &signed(200, &body), NOW))
    };
    assert_eq!(v3("1250"), "paid ¥12.50 None");
    for total in ["12.50", "1250.0", "1e3", "12.5e2", "-1250", "\"1250\"", "\"12.50\"", "null"] {
        assert_eq!(v3(total), SILENT, "v3: {total}");
    }
}

/// Fen as whole yuan is a well-formed amount; core holds it, because it is not what was asked.
#[test]
fn an_amount_a_hundred_times_too_large_or_small_is_told_as_it_is() {
    assert_eq!(with("total_fee", "125000"), "paid ¥1250.00 Some(1795190400000)");
    assert_eq!(with("total_fee", "12"), "paid ¥0.12 Some(1795190400000)");
}

fn sealed() -> Resource {
    let key = UnboundKey::new(&AES_256_GCM, b"a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb").unwrap();
    let nonce = Nonce::assume_unique_for_key(*b"14b16c03dc1b");
    let mut text = b"a platform certificate".to_vec();
    let aad = Aad::from(b"certificate");
    LessSafeKey::new(key).seal_in_place_append_tag(nonce, aad, &mut text).unwrap();
    Resource {
        algorithm: "AEAD_AES_256_GCM".to_owned(),
        nonce: "14b16c03dc1b".to_owned(),
        associated_data: Some("certificate".to_owned()),
        ciphertext: STANDARD.encode(text),
    }
}

fn opens(resource: &Resource) -> bool {
    wechat().open_resource(resource).is_ok()
}

#[test]
fn an_altered_tag_does_not_open() {
    assert!(opens(&sealed()));
    let bytes = STANDARD.decode(sealed().ciphertext).unwrap();
    // The tag is the last sixteen bytes; before it lies what was sealed.
    for at in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        let ciphertext = STANDARD.encode(altered);
        assert!(!opens(&Resource { ciphertext, ..sealed() }), "byte {at}");
    }
    for kept in 0..bytes.len() {
        let ciphertext = STANDARD.encode(&bytes[..kept]);
        assert!(!opens(&Resource { ciphertext, ..sealed() }), "cut at {kept}");
    }
}

#[test]
fn an_altered_nonce_does_not_open() {
    for nonce in ["14b16c03dc1c", "14b16c03dc1", "14b16c03dc1bb", "", "面面面面"] {
        assert!(!opens(&Resource { nonce: nonce.to_owned(), ..sealed() }), "{nonce}");
    }
}

#[test]
fn altered_associated_data_does_not_open() {
    for associated in [Some("certificates"), Some("transaction"), Some(""), None] {
        let associated_data = associated.map(str::to_owned);
        assert!(!opens(&Resource { associated_data, ..sealed() }), "{associated:?}");
    }
    let algorithm = "AEAD_SM4_GCM".to_owned();
    assert!(!opens(&Resource { algorithm, ..sealed() }), "another algorithm");
}
