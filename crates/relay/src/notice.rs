//! Notices at the door: whether a channel made these bytes, for this merchant, just now.
//!
//! Pure: bytes, headers and the time in, a word out. A notice is checked on the bytes that came,
//! with public keys only, and never read for what it means: that is the till's, which checks it
//! all again. What a channel is told is here too, because each has its own words for it.

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use hyper::HeaderMap;
use mianfu_core::money::Timestamp;
use mianfu_core::mutant;
use serde::Deserialize;

use crate::form;
use crate::keys::ChannelKey;

/// How far a notice's time may be from ours where the channel says one (WeChat Pay).
const FRESH_MS: i64 = 300_000;
/// The longest hint; a notice of v2 has some 1,200 bytes.
const HINT_MAX_BYTES: usize = 8 * 1024;
/// Longer than any number, nonce or signature of WeChat Pay's.
const HEADER_MAX_BYTES: usize = 1024;
/// The longest id documented has 128 characters.
const ID_MAX_BYTES: usize = 256;
/// The headers that a notice of v3 is signed with, and that go to the till with it.
const SIGNED_HEADERS: [&str; 4] =
    ["wechatpay-serial", "wechatpay-signature", "wechatpay-timestamp", "wechatpay-nonce"];

/// One merchant at one channel: whose notices they are, and which keys sign them.
#[derive(Debug)]
pub enum Merchant {
    /// At Alipay (支付宝).
    Alipay {
        /// The application's number (`app_id`).
        app_id: String,
        /// The seller's number. None where any seller of the application is ours.
        seller_id: Option<String>,
        /// The keys that sign; two while they change over.
        keys: Vec<ChannelKey>,
    },
    /// At WeChat Pay (微信支付).
    Wechat {
        /// The keys that sign, by the number that a notice names.
        keys: BTreeMap<String, ChannelKey>,
        /// Whether the merchant uses API v2, whose notices are hints here.
        v2_hints: bool,
    },
}

/// What a body turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// The channel made it.
    Notice {
        /// Names the notice; the same over its repetitions.
        key: [u8; 32],
        /// The headers that its signature needs, as they came.
        headers: Vec<(&'static str, String)>,
    },
    /// Nobody here can say who made it. It may wake a till and proves nothing.
    Hint,
}

/// Why a body is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The channel did not make it.
    #[error("the notice is not signed by the channel")]
    BadSignature,
    /// The channel made it at another time.
    #[error("the notice was signed at another time")]
    Stale,
    /// The channel made it for somebody else.
    #[error("the notice is for another merchant")]
    Elsewhere,
    /// It says nothing that can be read.
    #[error("the notice could not be read")]
    Unreadable,
}

#[derive(Deserialize)]
struct Envelope {
    id: String,
}

impl Merchant {
    /// Checks a body and its headers as they came.
    ///
    /// # Errors
    /// The body is not to be kept.
    pub fn open(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Opened, Refusal> {
        match self {
            Merchant::Alipay { app_id, seller_id, keys } => {
                open_alipay(app_id, seller_id.as_deref(), keys, body, now)
            }
            Merchant::Wechat { keys, v2_hints } => open_wechat(keys, *v2_hints, headers, body, now),
        }
    }

    /// Returns what the channel is told once a notice is kept.
    #[must_use]
    pub fn thanks(&self, is_hint: bool) -> Thanks {
        match (self, is_hint) {
            (Merchant::Alipay { .. }, _) => Thanks { status: 200, body: "success" },
            (Merchant::Wechat { .. }, false) => Thanks { status: 204, body: "" },
            (Merchant::Wechat { .. }, true) => Thanks {
                status: 200,
                body: "<xml><return_code><![CDATA[SUCCESS]]></return_code>\
                       <return_msg><![CDATA[OK]]></return_msg></xml>",
            },
        }
    }
}

/// The words that end a channel's repetitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thanks {
    /// The HTTP status.
    pub status: u16,
    /// The whole body.
    pub body: &'static str,
}

fn open_alipay(
    app_id: &str,
    seller_id: Option<&str>,
    keys: &[ChannelKey],
    body: &[u8],
    now: Timestamp,
) -> Result<Opened, Refusal> {
    let fields = form::read(body).ok_or(Refusal::Unreadable)?;
    if !form::reads_one_way(&fields) && !mutant::planted("relay_reads_a_field_inside_another") {
        return Err(Refusal::Unreadable);
    }
    let field = |name: &str| fields.get(name).filter(|value| !value.is_empty());
    let weaker = field("sign_type").is_some_and(|kind| kind != b"RSA2");
    if weaker && !mutant::planted("relay_takes_a_weaker_kind") {
        return Err(Refusal::BadSignature);
    }
    let sign = field("sign").ok_or(Refusal::BadSignature)?;
    let text = signed_text(&fields);
    let genuine = keys.iter().any(|key| key.verifies(&text, sign, now));
    if !genuine && !mutant::planted("relay_keeps_unsigned") {
        return Err(Refusal::BadSignature);
    }
    let is_ours = field("app_id") == Some(app_id.as_bytes())
        && seller_id.is_none_or(|seller| field("seller_id") == Some(seller.as_bytes()));
    if !is_ours && !mutant::planted("relay_takes_anothers") {
        return Err(Refusal::Elsewhere);
    }
    let key = match field("notify_id").filter(|id| id.len() <= ID_MAX_BYTES) {
        Some(id) => key_of(b"alipay id", id),
        None => key_of(b"alipay body", body),
    };
    Ok(Opened::Notice { key, headers: Vec::new() })
}

/// Returns what the signature of a form covers: sorted by name, without `sign`, `sign_type` and
/// empty values (opendocs 0c2c19), in the bytes that came.
fn signed_text(fields: &form::Fields<'_>) -> Vec<u8> {
    let mut text = Vec::with_capacity(2048);
    for (name, value) in fields.iter() {
        let is_left_out = name == b"sign" || name == b"sign_type" || value.is_empty();
        if is_left_out {
            continue;
        }
        if !text.is_empty() {
            text.push(b'&');
        }
        text.extend_from_slice(name);
        text.push(b'=');
        text.extend_from_slice(value);
    }
    text
}

fn open_wechat(
    keys: &BTreeMap<String, ChannelKey>,
    v2_hints: bool,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<Opened, Refusal> {
    if !headers.contains_key("wechatpay-signature") {
        // A notice of v2 is XML, signed with a key that no relay may have, or not at all.
        let begins = body.trim_ascii_start().starts_with(b"<");
        let is_hint = v2_hints && begins && body.len() <= HINT_MAX_BYTES;
        return if is_hint { Ok(Opened::Hint) } else { Err(Refusal::BadSignature) };
    }
    let mut kept = Vec::with_capacity(SIGNED_HEADERS.len());
    for name in SIGNED_HEADERS {
        kept.push((name, once(headers, name).ok_or(Refusal::BadSignature)?));
    }
    let [serial, sign, timestamp, nonce] = [0, 1, 2, 3].map(|at: usize| kept[at].1.as_str());
    let at = seconds(timestamp).ok_or(Refusal::BadSignature)?;
    let key = keys.get(serial).ok_or(Refusal::BadSignature)?;
    let mut text = format!("{timestamp}\n{nonce}\n").into_bytes();
    text.extend_from_slice(body);
    text.push(b'\n');
    let genuine = key.verifies(&text, sign.as_bytes(), now);
    if !genuine && !mutant::planted("relay_keeps_unsigned") {
        return Err(Refusal::BadSignature);
    }
    let is_fresh = at.since_ms(now).saturating_abs() <= FRESH_MS;
    if !is_fresh && !mutant::planted("relay_takes_stale") {
        return Err(Refusal::Stale);
    }
    let envelope: Envelope = serde_json::from_slice(body).map_err(|_| Refusal::Unreadable)?;
    if !(1..=ID_MAX_BYTES).contains(&envelope.id.len()) {
        return Err(Refusal::Unreadable);
    }
    Ok(Opened::Notice { key: key_of(b"wechat id", envelope.id.as_bytes()), headers: kept })
}

/// Returns a header that stands there exactly once, as text of a sane length.
fn once(headers: &HeaderMap, name: &str) -> Option<String> {
    let mut all = headers.get_all(name).iter();
    let value = all.next()?.to_str().ok()?;
    let is_sane = all.next().is_none() && (1..=HEADER_MAX_BYTES).contains(&value.len());
    is_sane.then(|| value.to_owned())
}

fn seconds(text: &str) -> Option<Timestamp> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds: i64 = is_number.then(|| text.parse().ok()).flatten()?;
    seconds.checked_mul(1_000).map(Timestamp)
}

fn key_of(kind: &[u8], id: &[u8]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(kind);
    context.update(b"\n");
    context.update(id);
    context.finish().as_ref().try_into().expect("SHA-256 has 32 bytes")
}
