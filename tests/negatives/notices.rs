//! Notices as the channels write them, in pieces that a test may exchange.

use std::collections::BTreeMap;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use mianfu_core::money::Timestamp;
use mianfu_practice::calendar::beijing_rfc3339;
use mianfu_tests::shop::{APP_ID, MCH_ID, PLATFORM_SERIAL, V2_KEY, V3_KEY};
use rsa::RsaPrivateKey;

use crate::keys::{sign, signers};

pub(crate) const ALIPAY_APP: &str = mianfu_practice::APP_ID;
pub(crate) const SELLER: &str = mianfu_practice::SELLER_ID;
pub(crate) const SIGNING_NONCE: &str = "e59e78a6c3f7dfd7e84aabee71be0452";

/// Headers and a body, as they come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Notice {
    pub(crate) fn bare(body: impl Into<Vec<u8>>) -> Notice {
        Notice { headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// The same with a part of the body exchanged, which must be there.
    pub(crate) fn but(&self, from: &str, to: &str) -> Notice {
        let text = self.text();
        assert!(text.contains(from), "`{from}` is not in {text}");
        Notice { headers: self.headers.clone(), body: text.replace(from, to).into_bytes() }
    }

    /// The same with a header exchanged.
    pub(crate) fn but_header(&self, name: &str, value: &str) -> Notice {
        let mut sent = self.clone();
        let header = sent.headers.iter_mut().find(|(given, _)| given == name).unwrap();
        value.clone_into(&mut header.1);
        sent
    }

    /// The same without a header.
    pub(crate) fn without(&self, name: &str) -> Notice {
        let mut sent = self.clone();
        sent.headers.retain(|(given, _)| given != name);
        assert_ne!(sent.headers.len(), self.headers.len(), "{name}");
        sent
    }
}

/// What a notice says of a payment.
#[derive(Debug, Clone)]
pub(crate) struct Paid {
    pub(crate) no: String,
    pub(crate) trade_no: String,
    pub(crate) fen: i64,
    pub(crate) at: Timestamp,
}

impl Paid {
    /// The time as Alipay and v2 write it: 2026-11-21 10:00:00.
    pub(crate) fn written(&self) -> String {
        beijing_rfc3339(self.at.0)[..19].replace('T', " ")
    }
}

/// A form's fields, or the elements of v2.
pub(crate) type Fields = BTreeMap<String, String>;

fn owned<const N: usize>(fields: [(&str, &str); N]) -> Fields {
    fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// The same fields with one that says something else.
pub(crate) fn with(fields: &Fields, name: &str, value: &str) -> Fields {
    let mut fields = fields.clone();
    fields.insert(name.to_owned(), value.to_owned());
    fields
}

/// The same fields without one.
pub(crate) fn dropped(fields: &Fields, name: &str) -> Fields {
    let mut fields = fields.clone();
    assert!(fields.remove(name).is_some(), "{name}");
    fields
}

/// What Alipay tells of a payment (opendocs 00f7nu).
pub(crate) fn alipay_fields(paid: &Paid) -> Fields {
    let yuan = format!("{}.{:02}", paid.fen / 100, paid.fen % 100);
    let written = paid.written();
    let notify_id = format!("{}{}", paid.no, paid.fen);
    owned([
        ("app_id", ALIPAY_APP),
        ("buyer_id", "2088000000000009"),
        ("buyer_pay_amount", &yuan),
        ("charset", "utf-8"),
        ("gmt_create", &written),
        ("gmt_payment", &written),
        ("notify_id", &notify_id),
        ("notify_time", &written),
        ("notify_type", "trade_status_sync"),
        ("out_trade_no", &paid.no),
        ("seller_id", SELLER),
        ("sign_type", "RSA2"),
        ("subject", "拿铁 大杯 + 1/2"),
        ("total_amount", &yuan),
        ("trade_no", &paid.trade_no),
        ("trade_status", "TRADE_SUCCESS"),
        ("version", "1.0"),
    ])
}

/// What Alipay's signature covers.
pub(crate) fn form_text(fields: &Fields) -> String {
    let kept = fields.iter().filter(|(name, value)| {
        !value.is_empty() && name.as_str() != "sign" && name.as_str() != "sign_type"
    });
    let pairs: Vec<String> = kept.map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// Writes fields as they go over the wire, signed or not.
pub(crate) fn form(fields: &Fields) -> Notice {
    let mut form = form_urlencoded::Serializer::new(String::new());
    Notice::bare(form.extend_pairs(fields).finish())
}

/// Writes fields with the signature that this key makes.
pub(crate) fn signed_form(key: &RsaPrivateKey, fields: &Fields) -> Notice {
    form(&with(fields, "sign", &sign(key, form_text(fields).as_bytes())))
}

/// What WeChat Pay seals into a notice of a payment (4012791861).
pub(crate) fn v3_plain(paid: &Paid) -> String {
    format!(
        r#"{{"appid":"{APP_ID}","mchid":"{MCH_ID}","out_trade_no":"{}","transaction_id":"{}","trade_type":"NATIVE","trade_state":"SUCCESS","success_time":"{}","payer":{{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}},"amount":{{"total":{},"currency":"CNY"}}}}"#,
        paid.no,
        paid.trade_no,
        beijing_rfc3339(paid.at.0),
        paid.fen
    )
}

/// The sealed part of a notice.
#[derive(Debug, Clone)]
pub(crate) struct Sealed {
    pub(crate) event: &'static str,
    pub(crate) algorithm: &'static str,
    pub(crate) nonce: String,
    pub(crate) associated: String,
    pub(crate) cipher: Vec<u8>,
    pub(crate) id: String,
}

impl Sealed {
    /// Seals under a store's APIv3 key.
    pub(crate) fn under(v3_key: &str, plain: &str) -> Sealed {
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, v3_key.as_bytes()).unwrap());
        let nonce = Nonce::assume_unique_for_key(*b"fdasfjihihih");
        let mut cipher = plain.as_bytes().to_vec();
        key.seal_in_place_append_tag(nonce, Aad::from(b"transaction"), &mut cipher).unwrap();
        Sealed {
            event: "TRANSACTION.SUCCESS",
            algorithm: "AEAD_AES_256_GCM",
            nonce: "fdasfjihihih".to_owned(),
            associated: "transaction".to_owned(),
            id: named(plain.as_bytes()),
            cipher,
        }
    }

    pub(crate) fn body(&self) -> String {
        let Sealed { event, algorithm, nonce, associated, cipher, id } = self;
        let cipher = STANDARD.encode(cipher);
        format!(
            r#"{{"id":"{id}","create_time":"2026-11-21T10:00:02+08:00","event_type":"{event}","resource_type":"encrypt-resource","summary":"支付成功","resource":{{"original_type":"transaction","algorithm":"{algorithm}","nonce":"{nonce}","associated_data":"{associated}","ciphertext":"{cipher}"}}}}"#
        )
    }

    /// The same under another name, so that a relay takes it for another notice.
    pub(crate) fn renamed(mut self, id: &str) -> Sealed {
        self.id = named(id.as_bytes());
        self
    }

    /// Signs it as WeChat Pay does at this time.
    pub(crate) fn signed(&self, at: Timestamp) -> Notice {
        signed_json(&signers().channel, at, &self.body())
    }
}

/// A name of 32 digits that follows from what it names.
fn named(bytes: &[u8]) -> String {
    let hash = digest::digest(&digest::SHA256, bytes);
    hash.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// What the signature of a notice of v3 covers.
pub(crate) fn json_text(timestamp: &str, body: &str) -> String {
    format!("{timestamp}\n{SIGNING_NONCE}\n{body}\n")
}

/// Writes a notice of v3 with the signature that this key makes.
pub(crate) fn signed_json(key: &RsaPrivateKey, at: Timestamp, body: &str) -> Notice {
    json_at(key, &at.0.div_euclid(1_000).to_string(), body)
}

/// The same with any timestamp at all.
pub(crate) fn json_at(key: &RsaPrivateKey, timestamp: &str, body: &str) -> Notice {
    let signature = sign(key, json_text(timestamp, body).as_bytes());
    let headers = [
        ("wechatpay-timestamp", timestamp),
        ("wechatpay-nonce", SIGNING_NONCE),
        ("wechatpay-serial", PLATFORM_SERIAL),
        ("wechatpay-signature", &signature),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    Notice { headers, body: body.as_bytes().to_vec() }
}

/// What WeChat Pay's v2 tells of a payment.
pub(crate) fn v2_fields(paid: &Paid) -> Fields {
    let digits: String = paid.written().chars().filter(char::is_ascii_digit).collect();
    let fen = paid.fen.to_string();
    owned([
        ("appid", APP_ID),
        ("fee_type", "CNY"),
        ("mch_id", MCH_ID),
        ("nonce_str", "5d2b6c2a8db53831f7eda20af46e531c"),
        ("openid", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"),
        ("out_trade_no", &paid.no),
        ("result_code", "SUCCESS"),
        ("return_code", "SUCCESS"),
        ("time_end", &digits),
        ("total_fee", &fen),
        ("transaction_id", &paid.trade_no),
    ])
}

fn v2_text(fields: &Fields, key: &str) -> String {
    let kept = fields.iter().filter(|(name, value)| !value.is_empty() && name.as_str() != "sign");
    let pairs: Vec<String> = kept.map(|(name, value)| format!("{name}={value}")).collect();
    format!("{}&key={key}", pairs.join("&"))
}

/// Signs v2's elements under a store's key with HMAC-SHA256.
pub(crate) fn v2_hmac(fields: &Fields, key: &str) -> String {
    let tag = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()),
        v2_text(fields, key).as_bytes(),
    );
    tag.as_ref().iter().map(|byte| format!("{byte:02X}")).collect()
}

/// Signs v2's elements with MD5, as is allowed where nothing else was agreed.
pub(crate) fn v2_md5(fields: &Fields, key: &str) -> String {
    Md5::digest(v2_text(fields, key)).iter().map(|byte| format!("{byte:02X}")).collect()
}

/// Writes elements as they go over the wire, signed or not.
pub(crate) fn xml(fields: &Fields) -> Notice {
    let elements: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("<{name}><![CDATA[{value}]]></{name}>"))
        .collect();
    Notice::bare(format!("<xml>{}</xml>", elements.concat()))
}

/// Writes elements with the signature that the store's key makes.
pub(crate) fn signed_xml(fields: &Fields) -> Notice {
    xml(&with(fields, "sign", &v2_hmac(fields, V2_KEY)))
}

/// A genuine notice of Alipay's.
pub(crate) fn alipay(paid: &Paid) -> Notice {
    signed_form(&signers().channel, &alipay_fields(paid))
}

/// A genuine notice of WeChat Pay's v3.
pub(crate) fn v3(paid: &Paid) -> Notice {
    Sealed::under(V3_KEY, &v3_plain(paid)).signed(paid.at)
}

/// A genuine notice of WeChat Pay's v2.
pub(crate) fn v2(paid: &Paid) -> Notice {
    signed_xml(&v2_fields(paid))
}
