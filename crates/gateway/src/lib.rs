//! Payment channels as pure encode, decode, sign and verify, and one transport.
//!
//! A channel turns a [`Call`] into an [`HttpRequest`] and an [`HttpReply`] into an [`Answer`].
//! Everything but [`transport`] is a pure function of its arguments: no clock, no randomness, no
//! sockets, no logging. When to call, how often and what an answer means for a sale is decided in
//! core and till, not here.
//!
//! Rules kept here:
//! - a signature is checked on the bytes that came, before they are read (law 10);
//! - a genuine answer about another order is no answer;
//! - an answer that is not in a table is silence (law 2), and silence is a [`CallError`];
//! - only [`CallError::Unreachable`] proves that nothing left the till (M1).

mod alipay;
mod channel;
mod keys;
mod news;
#[cfg(test)]
mod published;
mod scanned;
mod subject;
mod transport;
mod wall;
mod wechat;

use std::fmt;

use mianfu_core::money::Timestamp;

pub use alipay::keys::{Fingerprint, KeyError, KeyPart, RsaKeys};
pub use alipay::notice::Notice;
pub use alipay::{Alipay, AlipaySettings, AppAuthToken};
pub use channel::{Answer, Call, Channel, Sale};
pub use keys::MerchantKeys;
pub use news::{About, News};
pub use scanned::{AuthCode, Scanned, recognise};
pub use subject::Subject;
pub use transport::{Chunks, EndpointError, Https, Transport, is_origin};
pub use wall::channel_time;
pub use wechat::certificates::{CertificateRefresh, RefreshCause};
pub use wechat::keys::{PlatformKey, WechatKeys, merchant_serial};
pub use wechat::notice::{WechatEvent, WechatNotice};
pub use wechat::secret::{ApiV2Key, ApiV3Key};
pub use wechat::{Scans, SignType, SubMerchant, Wechat, WechatSettings};

/// The most bytes an answer may have; 256 KiB, some hundred times the largest real one.
pub const BODY_LIMIT_BYTES: usize = 256 * 1024;

/// How a request is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Ask without a body.
    Get,
    /// Ask with a body.
    Post,
}

/// A request as bytes, ready for a [`Transport`].
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// How it is made.
    pub method: Method,
    /// The whole address, query included.
    pub url: String,
    /// Names and values beyond those every HTTP request has.
    pub headers: Vec<(&'static str, String)>,
    /// The body; empty for a GET. May hold a customer's auth code.
    pub body: Vec<u8>,
    /// How long the answer may take, from the first byte out to the last byte in.
    pub limit_ms: u32,
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.url.split('?').next().unwrap_or_default();
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("url", &address)
            .field("body_bytes", &self.body.len())
            .field("limit_ms", &self.limit_ms)
            .finish_non_exhaustive()
    }
}

/// An answer as bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpReply {
    /// The HTTP status.
    pub status: u16,
    /// Names, in any case, and values.
    pub headers: Vec<(String, String)>,
    /// The body exactly as it came; a signature covers these bytes.
    pub body: Vec<u8>,
}

impl fmt::Debug for HttpReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpReply")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// The wire's time: the channel's clock shows `now` plus `offset_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The till's time.
    pub now: Timestamp,
    /// How far the channel's clock is ahead of the till's, learnt from its `Date`.
    pub offset_ms: i64,
}

/// Why a call gave no usable answer.
///
/// None of these says whether money moved. [`CallError::Unreachable`] is the one case where nothing
/// left the till; everything else may have been acted upon.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// No connection came to be: name, TCP or TLS failed.
    #[error("the channel could not be reached")]
    Unreachable {
        /// What the network said.
        #[source]
        source: std::io::Error,
    },
    /// The time was up.
    #[error("no answer within {limit_ms} ms")]
    TimedOut {
        /// The time the call had.
        limit_ms: u32,
    },
    /// The connection died after bytes may have left.
    #[error("the connection broke before the answer was complete")]
    Broken {
        /// What the network said.
        #[source]
        source: std::io::Error,
    },
    /// Another HTTP status than 200.
    #[error("the channel answered HTTP {status}")]
    Status {
        /// The status.
        status: u16,
    },
    /// More bytes than an answer ever has.
    #[error("the answer has more than {limit_bytes} bytes")]
    TooLarge {
        /// The most it may have.
        limit_bytes: usize,
    },
    /// No signature where there must be one, or a wrong one.
    #[error("the answer is not signed by the channel")]
    BadSignature,
    /// Signed or not, the answer says nothing we know how to read.
    #[error("the answer could not be read: {what}")]
    Unreadable {
        /// What could not be read.
        what: &'static str,
    },
    /// Refused without a signature, in answer to a call that yields no verdict: a configuration
    /// error. It proves nothing about money; a manager acts.
    #[error("the channel refused the call without a signature: `{reason}`")]
    UnsignedRefusal {
        /// The channel's own code.
        reason: String,
    },
}

impl CallError {
    /// Says whether it is certain that no byte of the request left the till (M1).
    #[must_use]
    pub fn proves_unsent(&self) -> bool {
        matches!(self, CallError::Unreachable { .. })
    }
}

/// What signs our requests and verifies the channel's answers.
///
/// The second implementation is the simulation's, with keyed hashes.
pub trait Keys: Send + Sync {
    /// Signs; returns base64 without line breaks.
    fn sign(&self, content: &[u8]) -> String;

    /// Says whether the channel's key made this signature over exactly these bytes.
    fn verify(&self, content: &[u8], signature_base64: &str) -> bool;

    /// Says whether the channel's key of this number is known, for a channel whose answers name
    /// their key (WeChat Pay's `Wechatpay-Serial`).
    fn knows(&self, _serial: &str) -> bool {
        false
    }

    /// Says whether the channel's key of this number made this signature over exactly these bytes.
    fn verify_under(&self, _serial: &str, _content: &[u8], _signature_base64: &str) -> bool {
        false
    }

    /// Says whether a certificate of the channel's is among the keys: the channel hands it out, and
    /// another takes its place one day.
    fn holds_certificates(&self) -> bool {
        false
    }

    /// Adds keys of the channel's to those that verify, for a channel that hands them out itself.
    fn trust(&mut self, _keys: Vec<PlatformKey>, _now: Timestamp) {}

    /// Returns the certificates' numbers in certificate mode (公钥证书模式), `None` in key mode.
    fn serials(&self) -> Option<&CertSerials> {
        None
    }
}

/// The numbers by which certificate mode names its certificates: lower-case hexadecimal MD5 of
/// issuer and serial number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertSerials {
    /// Of the application's certificate (`app_cert_sn`).
    pub app: String,
    /// Of the root certificates, joined with `_` (`alipay_root_cert_sn`).
    pub root: String,
    /// Of the certificate the channel's answers are verified with (`alipay_cert_sn`).
    pub channel: String,
}
