//! The two kinds of keys a relay has: public ones that channels sign with, and those it shares
//! with tills.
//!
//! None of them decrypts, signs towards a channel or gives money back. A private key in a public
//! one's place is refused, so that it does not lie on this machine unnoticed.

use std::fmt;

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mianfu_core::money::Timestamp;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::{PublicKey, RSAPublicKey};
use x509_parser::x509::SubjectPublicKeyInfo;
use zeroize::Zeroizing;

/// Bits a channel's key has at least.
const BITS_MIN: usize = 2048;
/// Bytes a till's key has at least: as many as its hash.
const TILL_KEY_MIN_BYTES: usize = 32;
/// What a deliberately false signature of WeChat Pay's begins with (签名探测流量).
const SIGNATURE_PROBE: &str = "WECHATPAY/SIGNTEST/";

/// What is wrong with a key. Never holds any of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Neither PEM nor base64.
    #[error("neither PEM nor base64")]
    NotText,
    /// A private key.
    #[error("a private key, which no relay may have")]
    Private,
    /// No RSA key and no certificate of one.
    #[error("neither an RSA public key nor a certificate of one")]
    NotAKey,
    /// Fewer bits than a channel's key has.
    #[error("an RSA key of fewer than 2048 bits")]
    TooShort,
    /// A till's key that is too short to be random.
    #[error("fewer than 32 bytes: write 32 random ones as base64")]
    TillKeyTooShort,
}

/// A public key that a channel signs with.
pub struct ChannelKey {
    public: ParsedPublicKey,
    /// When its certificate ends. None for a bare key.
    until: Option<Timestamp>,
    /// The certificate's serial number in upper-case hexadecimal. None for a bare key.
    serial: Option<String>,
}

impl fmt::Debug for ChannelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelKey").field("serial", &self.serial).finish_non_exhaustive()
    }
}

impl ChannelKey {
    /// Reads a public key or a certificate, as PEM or as bare base64.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn read(text: &str) -> Result<ChannelKey, KeyError> {
        if text.contains("PRIVATE KEY") {
            return Err(KeyError::Private);
        }
        let der = der_of(text).ok_or(KeyError::NotText)?;
        if is_private(&der) {
            return Err(KeyError::Private);
        }
        if let Ok((_, certificate)) = X509Certificate::from_der(&der) {
            let seconds = certificate.validity().not_after.timestamp();
            let raw = certificate.raw_serial();
            let leading = raw.iter().take_while(|&&byte| byte == 0).count();
            return Ok(ChannelKey {
                public: parsed(certificate.public_key().raw)?,
                until: Some(Timestamp(seconds.saturating_mul(1_000))),
                serial: Some(hex(&raw[leading..]).to_ascii_uppercase()),
            });
        }
        Ok(ChannelKey { public: parsed(&der)?, until: None, serial: None })
    }

    /// Returns the serial number of a certificate; `None` for a bare key.
    #[must_use]
    pub fn serial(&self) -> Option<&str> {
        self.serial.as_deref()
    }

    /// Says whether the key made this signature over exactly these bytes. A key whose certificate
    /// has ended verifies nothing.
    #[must_use]
    pub fn verifies(&self, content: &[u8], signature_base64: &[u8], now: Timestamp) -> bool {
        if signature_base64.starts_with(SIGNATURE_PROBE.as_bytes()) {
            return false;
        }
        if self.until.is_some_and(|until| until < now) {
            return false;
        }
        let Ok(signature) = STANDARD.decode(signature_base64) else { return false };
        self.public.verify_sig(content, &signature).is_ok()
    }
}

/// A key that a till and its relay share. Never prints, and is wiped when it is dropped.
///
/// Kept as it was written: what a hash makes of it beforehand is a hundred times as large, and
/// there are as many keys as tills.
#[derive(Clone)]
pub struct TillKey {
    bytes: Zeroizing<Vec<u8>>,
    mark: KeyMark,
}

/// Tells a till's key from another of the same name, and nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyMark([u8; 8]);

impl fmt::Debug for TillKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TillKey(\"***\")")
    }
}

impl TillKey {
    /// Reads a key of 32 random bytes or more, written as base64.
    ///
    /// # Errors
    /// It is no base64, or too short.
    pub fn read(text: &str) -> Result<TillKey, KeyError> {
        let text = text.trim_start_matches('\u{feff}').trim();
        let bytes = STANDARD.decode(text).map_err(|_| KeyError::NotText)?;
        let bytes = Zeroizing::new(bytes);
        if bytes.len() < TILL_KEY_MIN_BYTES {
            return Err(KeyError::TillKeyTooShort);
        }
        let hash = digest::digest(&digest::SHA256, &bytes);
        let mut mark = [0; 8];
        mark.copy_from_slice(&hash.as_ref()[..8]);
        Ok(TillKey { bytes, mark: KeyMark(mark) })
    }

    /// Returns what tells it from another key.
    #[must_use]
    pub fn mark(&self) -> KeyMark {
        self.mark
    }

    /// Says in constant time whether a tag is this key's over these bytes.
    #[must_use]
    pub fn made(&self, content: &[u8], tag: &[u8]) -> bool {
        hmac::verify(&self.ready(), content, tag).is_ok()
    }

    /// Returns the key's tag over these bytes.
    #[must_use]
    pub fn tag(&self, content: &[u8]) -> Vec<u8> {
        hmac::sign(&self.ready(), content).as_ref().to_vec()
    }

    fn ready(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &self.bytes)
    }
}

/// Writes bytes as lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads hexadecimal of exactly `N` bytes in lower case. Anything else is `None`.
pub(crate) fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    if text.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

fn der_of(text: &str) -> Option<Vec<u8>> {
    let text = text.trim().trim_start_matches('\u{feff}');
    let inside = match text.split_once("-----BEGIN ") {
        Some((_, block)) => block.split_once("-----")?.1.split_once("-----END ")?.0,
        None => text,
    };
    let packed: String = inside.chars().filter(|mark| !mark.is_ascii_whitespace()).collect();
    STANDARD.decode(packed).ok().filter(|der| !der.is_empty())
}

/// Says whether DER is a private key: a sequence whose first element is a version number.
fn is_private(der: &[u8]) -> bool {
    let Some((&0x30, rest)) = der.split_first() else { return false };
    let Some((&length, rest)) = rest.split_first() else { return false };
    let more = if length < 0x80 { 0 } else { usize::from(length & 0x7f) };
    rest.get(more..).is_some_and(|inside| {
        inside.starts_with(&[0x02, 0x01, 0x00]) || inside.starts_with(&[0x02, 0x01, 0x01])
    })
}

/// Reads SubjectPublicKeyInfo or PKCS#1.
fn parsed(der: &[u8]) -> Result<ParsedPublicKey, KeyError> {
    let bits = match SubjectPublicKeyInfo::from_der(der) {
        Ok((_, info)) => match info.parsed() {
            Ok(PublicKey::RSA(key)) => key.key_size(),
            Ok(_) | Err(_) => return Err(KeyError::NotAKey),
        },
        Err(_) => RSAPublicKey::from_der(der).map_err(|_| KeyError::NotAKey)?.1.key_size(),
    };
    if bits < BITS_MIN {
        return Err(KeyError::TooShort);
    }
    ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der).map_err(|_| KeyError::NotAKey)
}
