//! An answer's or a notice's signature, over the bytes that came (docs 4013053420).
//!
//! Answers with 2xx are signed, those with 4xx and 5xx are not, although one page says that all
//! are. So a success needs a signature; a refusal may do without, and then says so. A signature
//! that is there and wrong makes any answer silence.

use mianfu_core::money::Timestamp;
use mianfu_core::mutant;
use serde::Deserialize;

use crate::wechat::WechatSettings;
use crate::wechat::v3::sign::answer_text;
use crate::{BODY_LIMIT_BYTES, CallError, HttpReply, Keys, Stamp};

/// How far an answer's time may be from the channel's (docs 4013053420).
const FRESH_MS: i64 = 300_000;
/// Longer than any number, nonce or signature of WeChat Pay's.
const HEADER_LIMIT_BYTES: usize = 1024;

/// Whether the channel signed what we read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signed {
    /// By a key of the channel's.
    Yes,
    /// There is no signature. A wrong one is [`CallError::BadSignature`] instead.
    No,
}

/// An answer, opened.
#[derive(Debug)]
pub(crate) enum Opened<'r> {
    /// 200 or 204, signed; the body as it came.
    Success(&'r [u8]),
    /// Refused.
    Refused(Refusal),
}

/// A refusal as it came.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) signed: Signed,
}

#[derive(Deserialize)]
struct Told {
    code: String,
}

/// The merchant that an answer or a notice names, by itself or through a service provider.
#[derive(Deserialize)]
pub(crate) struct Merchant {
    appid: Option<String>,
    mchid: Option<String>,
    sp_appid: Option<String>,
    sp_mchid: Option<String>,
    sub_mchid: Option<String>,
}

impl Merchant {
    /// Says whether it is ours; an application that is named must be ours too.
    pub(crate) fn is_ours(&self, settings: &WechatSettings) -> bool {
        let ours = Some(settings.mch_id.as_str());
        let is_merchant = match settings.sub_mch_id() {
            Some(sub) => self.sp_mchid.as_deref() == ours && self.sub_mchid.as_deref() == Some(sub),
            None => self.mchid.as_deref() == ours && self.sub_mchid.is_none(),
        };
        let application = self.application();
        is_merchant && application.is_none_or(|appid| appid == settings.app_id)
    }

    /// Says whether an application is named.
    pub(crate) fn names_application(&self) -> bool {
        self.application().is_some()
    }

    fn application(&self) -> Option<&str> {
        self.sp_appid.as_deref().or(self.appid.as_deref())
    }
}

/// Opens an answer: checks size, status, signature and its time.
pub(crate) fn open<'r>(
    keys: &impl Keys,
    reply: &'r HttpReply,
    stamp: Stamp,
) -> Result<Opened<'r>, CallError> {
    if BODY_LIMIT_BYTES < reply.body.len() {
        return Err(CallError::TooLarge { limit_bytes: BODY_LIMIT_BYTES });
    }
    let signed = signature(keys, &reply.headers, &reply.body, |at| is_fresh(at, stamp))?;
    match (reply.status, signed) {
        (200 | 204, Signed::Yes) => Ok(Opened::Success(&reply.body)),
        (200 | 204, Signed::No) => Err(CallError::BadSignature),
        // 429 and 5xx say nothing of what was asked, whoever signed them.
        (400..=428, signed) => {
            let told: Told = serde_json::from_slice(&reply.body)
                .map_err(|_| CallError::Status { status: reply.status })?;
            Ok(Opened::Refused(Refusal { status: reply.status, code: told.code, signed }))
        }
        (status, _) => Err(CallError::Status { status }),
    }
}

/// Says whether an answer's time is the channel's, give or take five minutes.
pub(crate) fn is_fresh(at: Timestamp, stamp: Stamp) -> bool {
    at.since_ms(stamp.now.plus_ms(stamp.offset_ms)).saturating_abs() <= FRESH_MS
}

/// Checks the four headers against a body; `fresh` says of a signature's time whether it may be.
pub(crate) fn signature(
    keys: &impl Keys,
    headers: &[(String, String)],
    body: &[u8],
    fresh: impl Fn(Timestamp) -> bool,
) -> Result<Signed, CallError> {
    let sign = header(headers, "wechatpay-signature")?;
    let serial = header(headers, "wechatpay-serial")?;
    let timestamp = header(headers, "wechatpay-timestamp")?;
    let nonce = header(headers, "wechatpay-nonce")?;
    let Some(sign) = sign else {
        // A serial or a time alone signs nothing.
        return Ok(Signed::No);
    };
    let (Some(serial), Some(timestamp), Some(nonce)) = (serial, timestamp, nonce) else {
        return Err(CallError::BadSignature);
    };
    let seconds = timestamp
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| timestamp.parse::<i64>().ok())
        .flatten()
        .ok_or(CallError::BadSignature)?;
    if !fresh(Timestamp(seconds.saturating_mul(1_000))) {
        return Err(CallError::BadSignature);
    }
    if keys.verify_under(serial, &answer_text(timestamp, nonce, body), sign) {
        return Ok(Signed::Yes);
    }
    Err(CallError::BadSignature)
}

/// Returns the number of the key that an answer names.
pub(crate) fn serial(headers: &[(String, String)]) -> Option<&str> {
    header(headers, "wechatpay-serial").ok().flatten()
}

/// Finds a header by its name in any case; twice is a forgery, empty is none.
fn header<'h>(headers: &'h [(String, String)], name: &str) -> Result<Option<&'h str>, CallError> {
    let mut found = headers.iter().filter(|(given, _)| given.eq_ignore_ascii_case(name));
    match (found.next(), found.next()) {
        (None, _) => Ok(None),
        (Some((_, value)), None) if HEADER_LIMIT_BYTES < value.len() => {
            Err(CallError::BadSignature)
        }
        (Some((_, value)), None) => Ok(Some(value.as_str()).filter(|value| !value.is_empty())),
        (Some((_, first)), Some(_)) if mutant::planted("law10_a_field_twice") => Ok(Some(first)),
        (Some(_), Some(_)) => Err(CallError::BadSignature),
    }
}
