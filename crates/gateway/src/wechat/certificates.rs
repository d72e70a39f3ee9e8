//! The download of the platform certificates (平台证书, docs 4012076511).
//!
//! Each is sealed under the APIv3 key, which is what makes it WeChat Pay's; the answer is signed
//! besides, at the first download by one of the certificates in it. What was downloaded is kept in
//! memory alone and asked for again at every start: that costs one call, and there is no file that
//! could be out of date, copied or altered.

use mianfu_core::money::Timestamp;
use serde::Deserialize;

use crate::wechat::Wechat;
use crate::wechat::keys::PlatformKey;
use crate::wechat::notice::Resource;
use crate::wechat::v3::wire::{is_fresh, serial, signature};
use crate::wechat::v3::{content, wire};
use crate::{BODY_LIMIT_BYTES, CallError, HttpReply, HttpRequest, Keys, Stamp};

/// Certificates at most; during a rotation there are two.
const CERTIFICATES_MAX: usize = 16;

/// The longest the known certificates are kept without asking for them (docs 4012076511).
const REFRESH_MS: i64 = 12 * 3_600_000;
/// The least between two downloads, however many unknown keys are named.
const REFRESH_LEAST_MS: i64 = 600_000;
/// From a download that failed to the next try; twice as long after each further one.
const RETRY_MS: i64 = 30_000;
/// The longest wait after downloads that failed.
const RETRY_MS_MAX: i64 = 3_600_000;

/// Why the certificates may have to be downloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshCause {
    /// Time passed.
    Age,
    /// An answer or a notice names a key that is not known. Anybody can make one.
    UnknownKey,
}

/// When to download the certificates: at the start, every 12 h, and for an unknown key, but never
/// in a storm.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CertificateRefresh {
    asked_at: Option<Timestamp>,
    /// When they were last asked for because of an unknown key.
    wanted_at: Option<Timestamp>,
    failed: u32,
}

impl CertificateRefresh {
    /// Says whether to download, and remembers that it was begun. One that fails is not repeated at
    /// every answer either.
    #[must_use]
    pub fn is_due(&mut self, cause: RefreshCause, now: Timestamp) -> bool {
        let (last, least_ms) = match (self.failed, cause) {
            (0, RefreshCause::Age) => (self.asked_at, REFRESH_MS),
            (0, RefreshCause::UnknownKey) => (self.wanted_at, REFRESH_LEAST_MS),
            (failed, RefreshCause::Age | RefreshCause::UnknownKey) => {
                (self.asked_at, (RETRY_MS << failed.min(8)).min(RETRY_MS_MAX))
            }
        };
        // A clock that was set back says nothing of how long ago it was.
        let waits = |last: Timestamp| (0..least_ms).contains(&now.since_ms(last));
        let due = !last.is_some_and(waits);
        if due {
            self.asked_at = Some(now);
        }
        if due && cause == RefreshCause::UnknownKey {
            self.wanted_at = Some(now);
        }
        due
    }

    /// Remembers how the download ended.
    pub fn ended(&mut self, succeeded: bool) {
        self.failed = if succeeded { 0 } else { self.failed.saturating_add(1) };
    }
}

#[derive(Deserialize)]
struct Listed {
    data: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    serial_no: String,
    encrypt_certificate: Resource,
}

impl<K: Keys> Wechat<K> {
    /// Says whether WeChat Pay hands out the keys that it signs with. Its public key (微信支付公钥)
    /// is copied from the portal by hand, and a merchant who has only that has no certificates.
    pub(crate) fn hands_out_keys(&self) -> bool {
        self.settings.answer_serial.is_none() || self.keys.holds_certificates()
    }

    /// Says whether an answer or a notice names a key that is not known: a reason to download the
    /// certificates, once in a while, and none to believe it.
    #[must_use]
    pub fn names_an_unknown_key(&self, headers: &[(String, String)]) -> bool {
        serial(headers).is_some_and(|serial| !self.keys.knows(serial))
    }

    /// Asks for the platform certificates.
    #[must_use]
    pub fn encode_certificates(&self, stamp: Stamp) -> HttpRequest {
        self.encode_v3(content::certificates(), stamp)
    }
}

impl<K: Keys> Wechat<K> {
    /// Trusts the certificates that an answer brings; says whether one of them was not known.
    ///
    /// # Errors
    /// None of the answer may be used.
    pub(crate) fn take_certificates(
        &mut self,
        reply: &HttpReply,
        stamp: Stamp,
    ) -> Result<bool, CallError> {
        let keys = self.decode_certificates(reply, stamp)?;
        let news = keys.iter().any(|key| !self.keys.knows(key.serial()));
        self.keys.trust(keys, stamp.now.plus_ms(stamp.offset_ms));
        Ok(news)
    }

    /// Opens the answer to [`Wechat::encode_certificates`]; hand the keys to [`Keys::trust`].
    ///
    /// # Errors
    /// None of the answer may be used.
    pub fn decode_certificates(
        &self,
        reply: &HttpReply,
        stamp: Stamp,
    ) -> Result<Vec<PlatformKey>, CallError> {
        if BODY_LIMIT_BYTES < reply.body.len() {
            return Err(CallError::TooLarge { limit_bytes: BODY_LIMIT_BYTES });
        }
        if reply.status != 200 {
            return Err(CallError::Status { status: reply.status });
        }
        let listed: Listed = serde_json::from_slice(&reply.body)
            .map_err(|_| CallError::Unreadable { what: "a list of certificates" })?;
        if listed.data.is_empty() || CERTIFICATES_MAX < listed.data.len() {
            return Err(CallError::Unreadable { what: "a list of certificates" });
        }
        let now = stamp.now.plus_ms(stamp.offset_ms);
        let mut keys = Vec::new();
        for item in &listed.data {
            keys.extend(self.certificate(item, now)?);
        }
        let fresh = |at: Timestamp| is_fresh(at, stamp);
        let signers = Signers { known: &self.keys, listed: &keys };
        match signature(&signers, &reply.headers, &reply.body, fresh)? {
            wire::Signed::Yes => Ok(keys),
            wire::Signed::No => Err(CallError::BadSignature),
        }
    }

    /// Opens one certificate; `None` where its time is not now, as during a rotation.
    fn certificate(&self, item: &Item, now: Timestamp) -> Result<Option<PlatformKey>, CallError> {
        let plain = self.open_resource(&item.encrypt_certificate)?;
        let unreadable = CallError::Unreadable { what: "a certificate" };
        let Ok(pem) = std::str::from_utf8(&plain) else { return Err(unreadable) };
        match PlatformKey::from_certificate(pem, now) {
            Ok(key) if key.serial() == item.serial_no.trim() => Ok(Some(key)),
            Err(crate::KeyError::Expired { .. } | crate::KeyError::NotYetValid { .. }) => Ok(None),
            Ok(_) | Err(_) => Err(unreadable),
        }
    }
}

/// The keys that may have signed a list of certificates: those known, else those in it.
struct Signers<'a, K> {
    known: &'a K,
    listed: &'a [PlatformKey],
}

impl<K: Keys> Keys for Signers<'_, K> {
    fn sign(&self, content: &[u8]) -> String {
        self.known.sign(content)
    }

    fn verify(&self, content: &[u8], signature_base64: &str) -> bool {
        self.known.verify(content, signature_base64)
    }

    fn verify_under(&self, serial: &str, content: &[u8], signature_base64: &str) -> bool {
        if self.known.knows(serial) {
            return self.known.verify_under(serial, content, signature_base64);
        }
        self.listed
            .iter()
            .any(|key| key.serial() == serial && key.verifies(content, signature_base64))
    }
}
