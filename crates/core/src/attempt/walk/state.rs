//! A state of the walk as it is told from others: its times relative to the present, clipped where
//! no rule looks any further, and the whole of it in few bits.

use super::{OLDEST, UNIT_MS, now};
use crate::attempt::{Attempt, HoldReason, Phase};
use crate::money::Timestamp;

/// The same state so much later, its times moved back instead.
pub(super) fn shifted(mut attempt: Attempt, ms: i64) -> Attempt {
    let back = |time: Timestamp| time.plus_ms(-ms);
    attempt.kept_at = back(attempt.kept_at);
    attempt.limit_at = back(attempt.limit_at);
    attempt.poll_at = attempt.poll_at.map(back);
    attempt.sent_at = attempt.sent_at.map(back);
    attempt.expires_at = attempt.expires_at.map(back);
    attempt.absent_at = attempt.absent_at.map(back);
    attempt
}

/// The same state to every rule: times are no older than one looks at.
pub(super) fn clipped(mut attempt: Attempt) -> Attempt {
    let no_older = |time: Timestamp, units: i64| time.max(now().plus_ms(-units * UNIT_MS));
    let parked = matches!(attempt.phase, Phase::Parked | Phase::Submitting);
    attempt.kept_at = if parked { no_older(attempt.kept_at, 1) } else { now() };
    attempt.limit_at = no_older(attempt.limit_at, 0);
    attempt.poll_at = attempt.poll_at.map(|time| no_older(time, 0));
    attempt.sent_at = attempt.sent_at.map(|time| no_older(time, OLDEST));
    attempt.expires_at = attempt.expires_at.map(|time| no_older(time, 1));
    attempt.absent_at = attempt.absent_at.map(|time| no_older(time, 1));
    attempt.reversal_left_at = attempt.reversal_left_at.map(|_| now());
    attempt.asked_at = None;
    // The backoff is capped at its first step, so the count says nothing.
    attempt.silences = 0;
    if let Phase::Refunding { transaction_no } = &mut attempt.phase {
        transaction_no.clear();
    }
    if attempt.is_final() {
        attempt.sent_at = attempt.sent_at.map(|_| now());
        attempt.limit_at = now();
        attempt.expires_at = attempt.expires_at.map(|_| now());
        attempt.absent_at = None;
    }
    attempt
}

/// A state in few bits: two states with the same key are the same to every rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(u128);

impl Key {
    pub(super) fn of(attempt: &Attempt) -> Key {
        let mut key = Key(phase_number(&attempt.phase));
        for flag in [
            attempt.submit_open,
            attempt.seen,
            attempt.code.is_some(),
            attempt.scanned,
            attempt.reversal_left_at.is_some(),
            attempt.reversal_over,
            attempt.unwanted,
            attempt.goods_gone_by.is_some(),
            attempt.declined.is_some(),
            attempt.wedged.is_some(),
            attempt.late_money,
            attempt.waited_longer,
        ] {
            key.push(u128::from(flag));
        }
        let times = [
            Some(attempt.kept_at),
            Some(attempt.limit_at),
            attempt.poll_at,
            attempt.sent_at,
            attempt.expires_at,
            attempt.absent_at,
        ];
        for time in times {
            key.push(time.map_or(0, |time| {
                let units = time.since_ms(now()) / UNIT_MS;
                u128::try_from(units + OLDEST + 1).expect("no time is older than the oldest")
            }));
        }
        key
    }

    fn push(&mut self, digit: u128) {
        const BASE: u128 = 16;
        assert!(digit < BASE, "{digit} does not fit");
        self.0 = self.0 * BASE + digit;
    }
}

fn phase_number(phase: &Phase) -> u128 {
    match phase {
        Phase::Parked => 1,
        Phase::Submitting => 2,
        Phase::Waiting => 3,
        Phase::Asking { why } => 4 + *why as u128,
        Phase::Closing => 10,
        Phase::Reversing => 11,
        Phase::Unseen => 12,
        Phase::Refunding { .. } => 13,
        Phase::Paid { .. } => 14,
        Phase::Declined { .. } => 15,
        Phase::Closed { how } => 16 + *how as u128,
        Phase::Returned => 20,
        Phase::Held { reason: HoldReason::AmountDiffers { .. } } => 21,
        Phase::Held { reason: HoldReason::AlreadyPaid } => 22,
        Phase::Held { reason: HoldReason::PaidTooEarly } => 23,
    }
}
