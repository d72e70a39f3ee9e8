//! A channel as this till uses it: the channel itself, what its recent calls say, and its clock.

use mianfu_core::breaker::{Breaker, Offer};
use mianfu_core::bucket::Bucket;
use mianfu_core::money::Timestamp;
use mianfu_core::mutant;
use mianfu_core::number::OutTradeNo;
use mianfu_gateway::{CertificateRefresh, Channel, Keys, Stamp};

use crate::proof::Reverses;

/// Between harmless questions while the channel is ready; it keeps the connection warm, so that
/// the banner comes before the scan.
const WARM_MS: i64 = 20_000;
/// Between harmless questions while the channel is not offered.
const PROBE_MS: i64 = 3_000;
/// Calls that leave in a burst.
const CALLS_MAX: u32 = 40;
/// Between two calls once the burst is gone.
const MS_PER_CALL: u32 = 100;
/// From which difference between the channel's clock and ours on it is believed. A `Date` has
/// whole seconds and is up to a call old.
const OFFSET_NOTICED_MS: i64 = 3_000;
/// From which difference on the cashier is told.
pub const OFFSET_TOLD_MS: i64 = 60_000;

/// A channel on offer at this till.
pub struct Line<K> {
    /// The channel.
    pub channel: Channel<K>,
    pub(crate) breaker: Breaker,
    pub(crate) bucket: Bucket,
    /// The channel's clock less the till's, in ms.
    pub(crate) offset_ms: i64,
    /// How long the last answered call took, in ms.
    pub(crate) latency_ms: Option<i64>,
    pub(crate) last_call_at: Option<Timestamp>,
    /// When the last call ended, with an answer or without one.
    pub(crate) known_at: Option<Timestamp>,
    /// When the channel last said what its clock shows.
    pub(crate) dated_at: Option<Timestamp>,
    pub(crate) probe_at: Timestamp,
    /// A number of ours that is never submitted; asking about it is harmless (M4).
    pub(crate) probe_no: Option<OutTradeNo>,
    pub(crate) reverses: Reverses,
    /// When the channel's keys are asked for next, where it hands them out.
    pub(crate) refresh: CertificateRefresh,
}

impl<K: Keys> Line<K> {
    /// Returns a line that has not called yet. Alipay publishes no limit for a single till; ten
    /// calls a second with bursts of forty stay far below what an application is granted.
    #[must_use]
    pub fn new(channel: Channel<K>) -> Line<K> {
        let reverses = match channel.reversal_needs_proof() {
            true => Reverses::Unproven { reason: None },
            false => Reverses::NoProofNeeded,
        };
        Line {
            reverses,
            channel,
            breaker: Breaker::new(),
            bucket: Bucket::new(CALLS_MAX, MS_PER_CALL),
            offset_ms: 0,
            latency_ms: None,
            last_call_at: None,
            known_at: None,
            dated_at: None,
            probe_at: Timestamp(i64::MIN),
            probe_no: None,
            refresh: CertificateRefresh::default(),
        }
    }

    /// Returns whether new charges may be offered.
    #[must_use]
    pub fn offer(&self) -> Offer {
        self.breaker.offer()
    }

    /// Returns how long one call of many takes where so many are open at once, by the last answer.
    pub(crate) fn pace_ms(&self, at_once: i64) -> i64 {
        let answer_ms = self.latency_ms.unwrap_or(0).max(0);
        (answer_ms / at_once).max(i64::from(MS_PER_CALL))
    }

    pub(crate) fn stamp(&self, now: Timestamp) -> Stamp {
        Stamp { now, offset_ms: self.offset_ms }
    }

    /// Notes a signed answer: when it came, how long it took, what the channel's clock showed.
    pub(crate) fn answered(&mut self, left: Timestamp, now: Timestamp, date: Option<Timestamp>) {
        self.breaker.answered(now);
        self.latency_ms = Some(now.since_ms(left));
        self.learn_offset(now, date);
    }

    /// Learns how far the channel's clock is from ours. Unsigned, it moves stamps and nothing else.
    pub(crate) fn learn_offset(&mut self, now: Timestamp, date: Option<Timestamp>) {
        self.offset_ms = self.offset_by(now, date);
        if date.is_some() {
            self.dated_at = Some(now);
        }
    }

    /// Returns the offset that an answer's own `Date` shows, else the one learnt before.
    pub(crate) fn offset_by(&self, now: Timestamp, date: Option<Timestamp>) -> i64 {
        let Some(date) = date else {
            return self.offset_ms;
        };
        // The second that `Date` names began at most a second before it was written.
        let offset_ms = date.plus_ms(500).since_ms(now);
        // Within a `Date`'s own blur the one known stays, so that a code asked for again after a try
        // that never left carries the same expiry.
        if offset_ms.saturating_sub(self.offset_ms).abs() < OFFSET_NOTICED_MS {
            return self.offset_ms;
        }
        let near = offset_ms.abs() < OFFSET_NOTICED_MS || mutant::planted("m13_clock_not_learnt");
        if near { 0 } else { offset_ms }
    }

    pub(crate) fn probe_due(&self, now: Timestamp) -> bool {
        self.probe_at <= now
    }

    /// Sets when the next harmless question is due.
    pub(crate) fn plan_probe(&mut self, now: Timestamp) {
        let wait = match self.offer() {
            // The banner must not wait until three rounds of keeping warm have failed.
            Offer::Ready if self.breaker.is_in_doubt() && !mutant::planted("law11_doubt_waits") => {
                PROBE_MS
            }
            Offer::Ready => WARM_MS,
            Offer::Proving | Offer::Silent { .. } => PROBE_MS,
            Offer::Misconfigured { .. } | Offer::Unproven { .. } => WARM_MS,
        };
        self.probe_at = now.plus_ms(wait);
    }
}
