//! WeChat Pay: what it hears, what it says, and how both generations write and sign it.
//!
//! API v3 (`v3`) is JSON signed with RSA, API v2 (`v2`) is XML signed with a shared key. Both act
//! by the same rules (`order`, `refunds`) on the one ledger. Pages of pay.weixin.qq.com are named
//! by their ids where a rule comes from one.
//!
//! What differs from Alipay: an order exists from the moment it is asked for, not from the scan;
//! a customer who presses cancel, or lets the dialog time out, ends a scanned payment (PAYERROR);
//! only such a payment can be reversed (撤销), and not before 15 s.

mod account;
pub(crate) mod notice;
mod order;
mod refunds;
mod spoil;
mod statement;
mod v2;
mod v3;

use crate::calendar::http_date;
use crate::chance::fixed;
use crate::practice::{Answer, Request};
use crate::truth::{Ledger, Told, Truth};
use crate::weather::Fault;
use crate::wire::{KeptBusiness, Seal};

pub use account::{Account, Certificate, PlatformKey, ReverseUnknown, Secrets};
pub use refunds::RefundError;
pub(crate) use spoil::spoilt;

const PURPOSE_NONCE: u64 = 5;

/// What a call works with.
pub(crate) struct Desk<'d> {
    pub(crate) ledger: &'d mut Ledger,
    pub(crate) account: &'d Account,
    pub(crate) seed: u64,
    pub(crate) now_ms: i64,
    /// A fault that the rules themselves play: `RetryLater` and `SellerEmpty`.
    pub(crate) fault: Option<Fault>,
}

impl Desk<'_> {
    /// Returns 32 hex digits that come no second time among the requests of a seed.
    fn nonce(&self) -> String {
        let place = self.ledger.truth.asked().len() as u64;
        let half = |count| fixed(self.seed, PURPOSE_NONCE, count);
        format!("{:016x}{:016x}", half(2 * place), half(2 * place + 1))
    }
}

/// A request that one of the generations has a call for.
#[derive(Debug, Clone)]
pub(crate) enum Call {
    V3(v3::Call),
    V2(v2::Call),
}

/// What is said, before it is written down.
#[derive(Debug, Clone)]
pub(crate) enum Said {
    V3(v3::Said),
    V2(v2::Said),
}

impl Call {
    /// Reads a request. The error is the status of an answer without a body.
    pub(crate) fn read(request: &Request) -> Result<Call, u16> {
        if request.path.starts_with("/v3/") {
            return v3::Call::read(request).map(Call::V3);
        }
        v2::Call::read(request).map(Call::V2)
    }

    pub(crate) fn method(&self) -> &'static str {
        match self {
            Call::V3(call) => call.deed.name(),
            Call::V2(call) => call.deed.name(),
        }
    }

    /// Returns what the ledger keeps of the call.
    pub(crate) fn kept(&self, truth: &Truth) -> KeptBusiness {
        match self {
            Call::V3(call) => call.kept(truth),
            Call::V2(call) => call.kept(truth),
        }
    }
}

impl Said {
    /// Returns the parts that decide something.
    pub(crate) fn told(&self) -> Told {
        match self {
            Said::V3(said) => said.told(),
            Said::V2(said) => said.told(),
        }
    }
}

/// Says whether WeChat Pay answers under a path at all.
pub(crate) fn has_path(path: &str) -> bool {
    ["/v3/", "/pay/", "/secapi/"].iter().any(|start| path.starts_with(start))
}

/// Hears a request: the door first, then the rules of its call.
pub(crate) fn hear(desk: &mut Desk<'_>, call: &Call) -> Said {
    match call {
        Call::V3(call) => Said::V3(v3::hear(desk, call)),
        Call::V2(call) => Said::V2(v2::hear(desk, call)),
    }
}

/// Writes and signs an answer.
pub(crate) fn letter(desk: &Desk<'_>, said: &Said, seal: Seal) -> Answer {
    match said {
        Said::V3(said) => v3::letter(desk, said, seal),
        Said::V2(said) => v2::letter(desk, said, seal),
    }
}

/// Returns an answer without a body, as to a path or a method that nobody knows.
pub(crate) fn bare(status: u16, now_ms: i64) -> Answer {
    Answer { status, headers: vec![("date".to_owned(), http_date(now_ms))], body: Vec::new() }
}
