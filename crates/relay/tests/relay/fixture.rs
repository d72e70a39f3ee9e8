//! Two channels that sign, a merchant at each, and their notices.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use mianfu_relay::Timestamp;
use mianfu_relay::keys::{ChannelKey, TillKey};
use mianfu_relay::notice::Merchant;
use mianfu_relay::trust::TillKeys;
use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::{EncodePublicKey as _, LineEnding};
use rsa::rand_core::OsRng;
use rsa::sha2::Sha256;
use rsa::signature::{SignatureEncoding as _, Signer as _};
use rsa::{RsaPrivateKey, RsaPublicKey};

pub(crate) const APP_ID: &str = "2021000000000001";
pub(crate) const SELLER_ID: &str = "2088000000000001";
pub(crate) const MCH_ID: &str = "1230000109";
pub(crate) const SERIAL: &str = "PUB_KEY_ID_0112300001092026112700000001";
pub(crate) const NOW: Timestamp = Timestamp(1_795_190_400_000);

/// The keys that sign in these tests: the channel's, and somebody else's.
pub(crate) struct Signers {
    pub(crate) channel: RsaPrivateKey,
    pub(crate) other: RsaPrivateKey,
}

pub(crate) fn signers() -> &'static Signers {
    static MADE: OnceLock<Signers> = OnceLock::new();
    MADE.get_or_init(|| {
        let make = || RsaPrivateKey::new(&mut OsRng, 2048).unwrap();
        Signers { channel: make(), other: make() }
    })
}

pub(crate) fn public_pem(key: &RsaPrivateKey) -> String {
    RsaPublicKey::from(key).to_public_key_pem(LineEnding::LF).unwrap()
}

pub(crate) fn channel_key() -> ChannelKey {
    ChannelKey::read(&public_pem(&signers().channel)).unwrap()
}

pub(crate) fn sign(key: &RsaPrivateKey, content: &[u8]) -> String {
    STANDARD.encode(SigningKey::<Sha256>::new(key.clone()).sign(content).to_bytes())
}

pub(crate) fn alipay() -> Merchant {
    Merchant::Alipay {
        app_id: APP_ID.to_owned(),
        seller_id: Some(SELLER_ID.to_owned()),
        keys: vec![channel_key()],
    }
}

pub(crate) fn wechat(v2_hints: bool) -> Merchant {
    Merchant::Wechat { keys: BTreeMap::from([(SERIAL.to_owned(), channel_key())]), v2_hints }
}

/// A form's fields as bytes in whatever charset.
pub(crate) type Fields = BTreeMap<String, Vec<u8>>;

pub(crate) fn fields(id: &str) -> Fields {
    [
        ("app_id", APP_ID),
        ("charset", "utf-8"),
        ("notify_id", id),
        ("notify_type", "trade_status_sync"),
        ("out_trade_no", "9000001001000000420000000017"),
        ("passback_params", ""),
        ("seller_id", SELLER_ID),
        ("sign_type", "RSA2"),
        ("subject", "拿铁 + 1/2"),
        ("total_amount", "12.50"),
        ("trade_status", "TRADE_SUCCESS"),
    ]
    .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
    .into()
}

/// What Alipay signs of a notice.
pub(crate) fn signed_bytes(fields: &Fields) -> Vec<u8> {
    let kept = fields.iter().filter(|(name, value)| {
        !value.is_empty() && name.as_str() != "sign" && name.as_str() != "sign_type"
    });
    let pairs: Vec<Vec<u8>> =
        kept.map(|(name, value)| [name.as_bytes(), b"=", value].concat()).collect();
    pairs.join(&b'&')
}

pub(crate) fn form(fields: &Fields) -> String {
    let encode = |bytes: &[u8]| -> String {
        let one = |byte: &u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' | b'.' => {
                char::from(*byte).to_string()
            }
            b' ' => "+".to_owned(),
            other => format!("%{other:02X}"),
        };
        bytes.iter().map(one).collect()
    };
    let pairs: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    pairs.join("&")
}

/// The body of a notice of Alipay's, signed by a key.
pub(crate) fn alipay_body(key: &RsaPrivateKey, mut fields: Fields) -> String {
    let sign = sign(key, &signed_bytes(&fields));
    fields.insert("sign".to_owned(), sign.into_bytes());
    form(&fields)
}

pub(crate) fn wechat_body(id: &str) -> String {
    format!(
        r#"{{"id":"{id}","create_time":"2026-11-21T00:00:02+08:00","event_type":"TRANSACTION.SUCCESS","resource_type":"encrypt-resource","resource":{{"algorithm":"AEAD_AES_256_GCM","ciphertext":"c2VhbGVk","associated_data":"transaction","nonce":"fdasfjihihih","original_type":"transaction"}}}}"#
    )
}

/// The headers of a notice of WeChat Pay's.
pub(crate) struct Heads {
    pub(crate) serial: String,
    pub(crate) timestamp: String,
    pub(crate) nonce: String,
    pub(crate) signature: String,
}

impl Heads {
    pub(crate) fn of(key: &RsaPrivateKey, at: Timestamp, body: &str) -> Heads {
        Heads::at(key, &at.0.div_euclid(1_000).to_string(), body)
    }

    pub(crate) fn at(key: &RsaPrivateKey, timestamp: &str, body: &str) -> Heads {
        let nonce = "593BEC0C930BF1AFEB40B4A08C8FB242";
        let text = format!("{timestamp}\n{nonce}\n{body}\n");
        Heads {
            serial: SERIAL.to_owned(),
            timestamp: timestamp.to_owned(),
            nonce: nonce.to_owned(),
            signature: sign(key, text.as_bytes()),
        }
    }

    pub(crate) fn pairs(&self) -> [(&'static str, &str); 4] {
        [
            ("wechatpay-serial", &self.serial),
            ("wechatpay-timestamp", &self.timestamp),
            ("wechatpay-nonce", &self.nonce),
            ("wechatpay-signature", &self.signature),
        ]
    }

    pub(crate) fn map(&self) -> HeaderMap {
        header_map(&self.pairs())
    }
}

pub(crate) fn header_map(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
        .collect()
}

pub(crate) fn till_key(seed: u8) -> TillKey {
    TillKey::read(&STANDARD.encode([seed; 32])).unwrap()
}

pub(crate) fn till_keys(keys: &[(&str, u8)]) -> TillKeys {
    TillKeys(keys.iter().map(|(id, seed)| ((*id).to_owned(), till_key(*seed))).collect())
}
