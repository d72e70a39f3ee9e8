//! Notices (回调通知): of what the merchant is told, when, and how often again.
//!
//! Told is only what was asked for with an address: that a shown code was paid, never that it was
//! not, and how a refund ended. A scanned payment has no notice, because its request names no
//! address. Nothing is sent from here: whoever carries notices asks which are due, and says what
//! they were answered.

use rsa::sha2::{Digest, Sha256};
use serde::Serialize;

use super::refunds::{self, Status};
use super::{Account, v2, v3};
use crate::practice::{Answer, Practice};
use crate::truth::{About, Channel, Fact, Form, Refund, Telling, Trade, Truth};

/// How long after each sending that nobody took the next one comes, in ms (4012791861).
pub const NOTICE_REPEATED_AFTER_MS: [i64; 15] = [
    15_000, 15_000, 30_000, 180_000, 600_000, 1_200_000, 1_800_000, 1_800_000, 1_800_000,
    3_600_000, 10_800_000, 10_800_000, 10_800_000, 21_600_000, 21_600_000,
];

/// A notice as it leaves for the merchant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// The same over its repetitions.
    pub id: String,
    pub about: About,
    pub url: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// What has happened.
pub(super) enum Matter<'t> {
    Paid { trade: &'t Trade },
    Refund { trade: &'t Trade, refund: &'t Refund, status: Status },
}

/// A notice that is about to be written.
pub(super) struct Draft<'t> {
    pub(super) matter: Matter<'t>,
    pub(super) happened_ms: i64,
    pub(super) id: String,
    /// Two that come no second time, for the seal and for the signature: 64 hex digits each.
    pub(super) nonces: [String; 2],
    pub(super) now_ms: i64,
    /// It carries one of WeChat Pay's own probes for a signature.
    pub(super) probe: bool,
}

impl Draft<'_> {
    /// Says yes to every second notice, where the real ones differ and no document says when.
    pub(super) fn is_second(&self) -> bool {
        let last = self.id.chars().last().and_then(|digit| digit.to_digit(16));
        last.is_some_and(|digit| digit % 2 == 1)
    }
}

impl Practice {
    /// Returns the notices whose time it is, written and signed at that time. They stay due until
    /// [`Practice::notice_answered`].
    pub fn due_notices(&self, now_ms: i64) -> Vec<Notice> {
        let Some(account) = self.wechat() else {
            return Vec::new();
        };
        let seed = self.options().seed;
        let due = self.truth().notices().filter_map(|telling| {
            let (matter, happened_ms) = matter(account, self.truth(), &telling.about)?;
            let is_due = due_ms(account, telling, happened_ms)? <= now_ms;
            is_due.then(|| written(account, seed, now_ms, telling, (matter, happened_ms)))
        });
        due.collect()
    }

    /// Returns when the next notice is due.
    pub fn next_notice_ms(&self) -> Option<i64> {
        let account = self.wechat()?;
        let due = self.truth().notices().filter_map(|telling| {
            let (_, happened_ms) = matter(account, self.truth(), &telling.about)?;
            due_ms(account, telling, happened_ms)
        });
        due.min()
    }

    /// Wants a notice as if a request had named an address. No call of v2 that is played asks for
    /// one of a payment, and yet a merchant's till may get such.
    pub fn want_notice(&mut self, now_ms: i64, about: About, url: &str, form: Form) {
        let now_ms = self.at(now_ms);
        self.ledger.record(now_ms, Fact::NoticeWanted { about, url: url.to_owned(), form });
    }

    /// Hears what a notice was answered within 5 s. None if it was nothing.
    pub fn notice_answered(&mut self, now_ms: i64, about: &About, answer: Option<&Answer>) {
        let now_ms = self.at(now_ms);
        let form = self.truth().notice(about).map(|telling| telling.form);
        let Some(form) = form else {
            return;
        };
        let taken = answer.is_some_and(|answer| match form {
            Form::V3 => matches!(answer.status, 200 | 204),
            Form::V2 => answer.status == 200 && v2::is_taken(&answer.body),
        });
        self.ledger.record(now_ms, Fact::NoticeSent { about: about.clone(), taken });
    }
}

/// Returns what has happened or will, and when.
fn matter<'t>(account: &Account, truth: &'t Truth, about: &About) -> Option<(Matter<'t>, i64)> {
    match about {
        About::Payment { out_trade_no } => {
            let trade = truth.trade_at(Channel::Wechat, out_trade_no)?;
            Some((Matter::Paid { trade }, trade.paid_ms?))
        }
        About::Refund { out_request_no, .. } => {
            let (trade, refund) = refunds::find(truth, out_request_no)?;
            let over_ms = refunds::over_ms(account, refund);
            let status = refunds::status(account, over_ms, refund);
            Some((Matter::Refund { trade, refund, status }, over_ms))
        }
    }
}

/// Returns when a notice is due, if it ever is again.
fn due_ms(account: &Account, telling: &Telling, happened_ms: i64) -> Option<i64> {
    if telling.taken {
        return None;
    }
    let Some(last_ms) = telling.last_ms else {
        return Some(happened_ms);
    };
    let place = usize::try_from(telling.tries).ok()?.checked_sub(1)?;
    Some(last_ms + NOTICE_REPEATED_AFTER_MS.get(place)? / account.notices_faster.max(1))
}

fn written(
    account: &Account,
    seed: u64,
    now_ms: i64,
    telling: &Telling,
    (matter, happened_ms): (Matter<'_>, i64),
) -> Notice {
    let what = match &matter {
        Matter::Paid { trade } => trade.trade_no.clone(),
        Matter::Refund { trade, refund, status } => {
            format!("{} {status:?}", refunds::refund_id(trade, refund))
        }
    };
    let digits = drawn(seed, &what);
    let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..32]];
    let id = parts.join("-");
    let nonce = |purpose: &str| drawn(seed, &format!("{id} {} {purpose}", telling.tries));
    let luck = u64::from_str_radix(&digits[32..40], 16).unwrap_or(0) % 1_000;
    let draft = Draft {
        matter,
        happened_ms,
        nonces: [nonce("seal"), nonce("sign")],
        now_ms,
        // A notice that is repeated is never a probe (4013053249).
        probe: telling.tries == 0 && luck < account.probes_per_mille,
        id,
    };
    let (headers, body) = match telling.form {
        Form::V3 => v3::write_notice(account, &draft),
        Form::V2 => v2::write_notice(account, &draft),
    };
    Notice { id: draft.id, about: telling.about.clone(), url: telling.url.clone(), headers, body }
}

/// Returns 64 hex digits that depend on the seed and on what they are for.
fn drawn(seed: u64, what: &str) -> String {
    let hash = Sha256::new().chain_update(seed.to_be_bytes()).chain_update(what).finalize();
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
