//! What kind of Alipay is being played.
//!
//! Where the real one's behaviour is not known, both kinds can be played.

use serde::{Deserialize, Serialize};

/// The application that practice serves.
pub const APP_ID: &str = "9999000000000001";
/// The merchant account that receives the pretend money.
pub const SELLER_ID: &str = "2088999900000001";

/// What kind of Alipay is being played, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Decides every number that is minted and every fault of the weather.
    pub seed: u64,
    /// The one application id that is known.
    pub app_id: String,
    /// Whose account the trades are for.
    pub seller_id: String,
    pub mode: Mode,
    pub slashes: Slashes,
    pub cancel_unscanned: CancelUnscanned,
    pub buyer_ids: BuyerIds,
    /// How far a request's `timestamp` may be from the channel's clock, in ms.
    /// None accepts any time; the width of the real window is not documented.
    pub stamp_window_ms: Option<i64>,
    /// How many times faster than documented a notice is repeated that nobody took, by either
    /// channel.
    pub notices_faster: i64,
}

impl Options {
    /// Returns key mode with everything at its plainest.
    pub fn new(seed: u64) -> Options {
        Options {
            seed,
            app_id: APP_ID.to_owned(),
            seller_id: SELLER_ID.to_owned(),
            mode: Mode::Key,
            slashes: Slashes::Plain,
            cancel_unscanned: CancelUnscanned::KillsTheCode,
            buyer_ids: BuyerIds::UserId,
            stamp_window_ms: None,
            notices_faster: 1,
        }
    }
}

/// How the two sides prove who they are. An application uses one mode (opendocs 02kf5p).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// Bare public keys.
    Key,
    /// Certificates, named in requests and answers by their numbers.
    Certificate(CertificateNumbers),
}

/// The serial numbers that certificate mode puts on the wire (公钥证书模式).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateNumbers {
    pub app_cert_sn: String,
    pub alipay_root_cert_sn: String,
    pub alipay_cert_sn: String,
}

/// How `/` is written in the JSON of an answer. Published answers show both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slashes {
    Plain,
    /// As `\/`: whoever parses and writes again what was signed fails.
    Escaped,
}

/// What cancelling a shown code does that nobody has scanned. Not documented; both are possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelUnscanned {
    /// The code is dead and the answer says `action: close`.
    KillsTheCode,
    /// There is no trade, so nothing is found: the code can still be scanned until it expires.
    FindsNothing,
}

/// How an answer names the customer (older merchants: user id, recent ones: open id).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuyerIds {
    UserId,
    OpenId,
}
