//! Notices (回调通知) of WeChat Pay: what is told, and in which words.
//!
//! Told is only what was asked for with an address: that a shown code was paid, never that it was
//! not, and how a refund ended. A scanned payment has no notice, because its request names no
//! address.

use super::refunds::{self, Status};
use super::{Account, v2, v3};
use crate::notices::{Notice, Pen, Told, drawn};
use crate::practice::Answer;
use crate::truth::{About, Channel, Form, Refund, Trade, Truth};

/// How long after each sending that nobody took the next one comes, in ms (4012791861).
pub(crate) const REPEATED_AFTER_MS: [i64; 15] = [
    15_000, 15_000, 30_000, 180_000, 600_000, 1_200_000, 1_800_000, 1_800_000, 1_800_000,
    3_600_000, 10_800_000, 10_800_000, 10_800_000, 21_600_000, 21_600_000,
];

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
    pub(super) pen: Pen,
}

/// Whose notice it is that strayed here from another shop.
pub(super) const ANOTHER_APPID: &str = "wx9999000000000002";
pub(super) const ANOTHER_MCHID: &str = "1900009998";

impl Draft<'_> {
    /// Says yes to every second notice, where the real ones differ and no document says when.
    pub(super) fn is_second(&self) -> bool {
        let last = self.id.chars().last().and_then(|digit| digit.to_digit(16));
        last.is_some_and(|digit| digit % 2 == 1)
    }
}

/// Returns when what a notice is about happened, or will.
pub(crate) fn happened_ms(account: &Account, truth: &Truth, about: &About) -> Option<i64> {
    matter(account, truth, about).map(|(_, happened_ms)| happened_ms)
}

/// Says whether an answer says that a notice arrived. To v3's the status is all that counts.
pub(crate) fn v3_is_taken(answer: &Answer) -> bool {
    matches!(answer.status, 200 | 204)
}

/// The same of v2.
pub(crate) fn v2_is_taken(answer: &Answer) -> bool {
    answer.status == 200 && v2::is_taken(&answer.body)
}

/// Returns what has happened or will, and when.
fn matter<'t>(account: &Account, truth: &'t Truth, about: &About) -> Option<(Matter<'t>, i64)> {
    match about {
        About::Payment { out_trade_no } => {
            let trade = truth.trade_at(Channel::Wechat, out_trade_no)?;
            Some((Matter::Paid { trade }, trade.paid_ms?))
        }
        // Told is only that an order was paid, never that it was not.
        About::End { .. } => None,
        About::Refund { out_request_no, .. } => {
            let (trade, refund) = refunds::find(truth, out_request_no)?;
            let over_ms = refunds::over_ms(account, refund);
            let status = refunds::status(account, over_ms, refund);
            Some((Matter::Refund { trade, refund, status }, over_ms))
        }
    }
}

/// Writes a notice and signs it at a time, or what a liar makes of it.
pub(crate) fn written(account: &Account, seed: u64, told: &Told<'_>) -> Option<Notice> {
    let Told { telling, now_ms, pen, .. } = *told;
    let made_up = told.made_up();
    let made_up = made_up.as_ref().map(|trade| (Matter::Paid { trade }, now_ms));
    let (matter, happened_ms) = matter(account, told.truth, &telling.about).or(made_up)?;
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
        probe: pen == Pen::Channel && telling.tries == 0 && luck < account.probes_per_mille,
        pen,
        id,
    };
    let (headers, body) = match telling.form {
        Form::V3 => v3::write_notice(account, &draft),
        Form::V2 => v2::write_notice(account, &draft),
        Form::Alipay => return None,
    };
    Some(Notice::new(draft.id, telling, headers, body))
}
