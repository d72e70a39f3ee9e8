//! Trust between till and relay: a request is a till's if a key that the two share says so.
//!
//! Pure. What is signed, in this order and each ended by a line feed: the scheme's name, the
//! method, the path, the timestamp, the nonce, and the body's SHA-256. The signature is looked at
//! first, so that nobody without a key learns more than that theirs is wrong. That a nonce is new
//! is for the database to say, where it survives a restart.

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use mianfu_core::money::Timestamp;
use mianfu_core::mutant;

use crate::keys::{KeyMark, TillKey, from_hex, hex};

/// The scheme's name, in the header and in what is signed.
pub const SCHEME: &str = "MIANFU-HMAC-SHA256";
/// How far a request's time may be from ours.
pub const FRESH_MS: i64 = 300_000;
/// The longest header, with room.
const HEADER_MAX_BYTES: usize = 512;

/// The keys of one till by their names: one, or two while they change over.
#[derive(Debug, Clone, Default)]
pub struct TillKeys(pub BTreeMap<String, TillKey>);

/// A request as far as its signature covers it.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'r> {
    /// The method, in upper case.
    pub method: &'r str,
    /// The path as it came, without a query.
    pub path: &'r str,
    /// The body as it came.
    pub body: &'r [u8],
}

/// What a proven request claims; its nonce must be new besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Which of the till's keys proved it.
    pub key_id: String,
    /// Tells that key from another of the same name.
    pub key_mark: KeyMark,
    /// Never used before.
    pub nonce: [u8; 16],
    /// When the till made the request, by its own clock.
    pub at: Timestamp,
}

/// Why a request is not a till's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// No header, or none that can be read, or a wrong signature.
    #[error("the request is not signed with a key of this till")]
    BadSignature,
    /// Signed, but at another time: one of the two clocks is wrong.
    #[error("the request was signed at another time")]
    Clock,
}

/// The header, read.
struct Proof<'h> {
    key_id: &'h str,
    timestamp: &'h str,
    nonce: &'h str,
    signature: [u8; 32],
}

/// Checks a request against a till's keys.
///
/// # Errors
/// The request is not this till's.
pub fn check(
    keys: &TillKeys,
    request: Signed<'_>,
    authorization: &str,
    now: Timestamp,
) -> Result<Claim, Doubt> {
    let proof = read(authorization).ok_or(Doubt::BadSignature)?;
    let text = signed_text(request, proof.timestamp, proof.nonce);
    let key = keys.0.get(proof.key_id).ok_or(Doubt::BadSignature)?;
    if !key.made(text.as_bytes(), &proof.signature) && !mutant::planted("relay_trusts_anybody") {
        return Err(Doubt::BadSignature);
    }
    let is_number = proof.timestamp.bytes().all(|byte| byte.is_ascii_digit());
    let ms: Option<i64> = is_number.then(|| proof.timestamp.parse().ok()).flatten();
    let at = ms.map(Timestamp).ok_or(Doubt::Clock)?;
    let nonce = from_hex(proof.nonce).ok_or(Doubt::BadSignature)?;
    let is_fresh = at.since_ms(now).saturating_abs() <= FRESH_MS;
    if !is_fresh && !mutant::planted("relay_trusts_old") {
        return Err(Doubt::Clock);
    }
    Ok(Claim { key_id: proof.key_id.to_owned(), key_mark: key.mark(), nonce, at })
}

/// Writes the header of a request, as a till does.
#[must_use]
pub fn authorization(
    key_id: &str,
    key: &TillKey,
    request: Signed<'_>,
    at: Timestamp,
    nonce: [u8; 16],
) -> String {
    let (timestamp, nonce) = (at.0.to_string(), hex(&nonce));
    let tag = hex(&key.tag(signed_text(request, &timestamp, &nonce).as_bytes()));
    format!("{SCHEME} key={key_id},timestamp={timestamp},nonce={nonce},signature={tag}")
}

fn signed_text(request: Signed<'_>, timestamp: &str, nonce: &str) -> String {
    let Signed { method, path, body } = request;
    let hash = hex(digest::digest(&digest::SHA256, body).as_ref());
    format!("{SCHEME}\n{method}\n{path}\n{timestamp}\n{nonce}\n{hash}\n")
}

/// Reads the header: four parts, each once, in any order.
fn read(header: &str) -> Option<Proof<'_>> {
    if HEADER_MAX_BYTES < header.len() {
        return None;
    }
    let mut parts = BTreeMap::new();
    for part in header.strip_prefix(SCHEME)?.strip_prefix(' ')?.split(',') {
        let (name, value) = part.trim_matches(' ').split_once('=')?;
        if parts.insert(name, value).is_some() {
            return None;
        }
    }
    if parts.len() != 4 {
        return None;
    }
    let signature = from_hex(parts.get("signature")?)?;
    Some(Proof {
        key_id: parts.get("key")?,
        timestamp: parts.get("timestamp")?,
        nonce: parts.get("nonce")?,
        signature,
    })
}
