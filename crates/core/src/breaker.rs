//! When a channel takes new charges: not before it has signed an answer in this process (M4), and
//! not while it is silent.
//!
//! It stops *new charges only*. Queries, reversals and refunds go on; the probe is a query and
//! never a customer. A till sees twenty sales an hour, so the numbers are small: three silences in
//! a row, or half of at least five calls within two minutes.

use std::collections::VecDeque;

use crate::money::Timestamp;
use crate::mutant;

/// Silences in a row that open it.
const IN_A_ROW: u32 = 3;
/// Calls within the window from which the share counts.
const CALLS_MIN: usize = 5;
/// How far back calls count, in ms.
const WINDOW_MS: i64 = 120_000;
/// Calls remembered.
const CALLS_MAX: usize = 64;

/// What a channel's recent calls say about new charges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breaker {
    proven: bool,
    in_a_row: u32,
    silent_since: Option<Timestamp>,
    opened_at: Option<Timestamp>,
    refused: Option<String>,
    calls: VecDeque<(Timestamp, bool)>,
}

/// Whether a channel takes new charges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// It does.
    Ready,
    /// It has not signed an answer in this process yet.
    Proving,
    /// It has been silent since then.
    Silent { since: Timestamp },
    /// It refuses our calls: a wrong key, an unknown application. A manager acts.
    Misconfigured { reason: String },
    /// It answers, but what it is asked for could not be taken back: its reversal has not proven
    /// itself yet, or was refused for this reason.
    Unproven { reason: Option<String> },
}

impl Default for Breaker {
    fn default() -> Breaker {
        Breaker::new()
    }
}

impl Breaker {
    /// Returns a breaker that has seen nothing.
    #[must_use]
    pub fn new() -> Breaker {
        Breaker {
            proven: false,
            in_a_row: 0,
            silent_since: None,
            opened_at: None,
            refused: None,
            calls: VecDeque::new(),
        }
    }

    /// Notes a signed answer, whatever it said. It closes the breaker.
    pub fn answered(&mut self, now: Timestamp) {
        self.note(now, true);
        self.proven = true;
        self.in_a_row = 0;
        self.silent_since = None;
        self.refused = None;
        if self.opened_at.take().is_some() {
            // What came before the silence ended says nothing about the channel from here on.
            self.calls.clear();
        }
    }

    /// Notes a call without a usable answer.
    pub fn silent(&mut self, now: Timestamp) {
        self.note(now, false);
        self.in_a_row = self.in_a_row.saturating_add(1);
        self.silent_since.get_or_insert(now);
        let failed = self.calls.iter().filter(|(_, answered)| !answered).count();
        let half = CALLS_MIN <= self.calls.len() && self.calls.len() <= failed * 2;
        if IN_A_ROW <= self.in_a_row || half {
            self.opened_at.get_or_insert(now);
        }
    }

    /// Notes an unsigned refusal of our calls: no charge is offered until one is answered.
    pub fn refused(&mut self, reason: String) {
        self.refused = Some(reason);
    }

    /// Returns whether new charges may be offered.
    #[must_use]
    pub fn offer(&self) -> Offer {
        if let Some(reason) = &self.refused {
            return Offer::Misconfigured { reason: reason.clone() };
        }
        if let Some(opened_at) = self.opened_at.filter(|_| !mutant::planted("law11_never_opens")) {
            return Offer::Silent { since: self.silent_since.unwrap_or(opened_at) };
        }
        if self.is_proven() { Offer::Ready } else { Offer::Proving }
    }

    /// Returns whether the last call went without a usable answer: one more tells whether the channel
    /// is silent.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        0 < self.in_a_row
    }

    /// Returns whether the channel has signed an answer in this process, silent since or not (M4).
    #[must_use]
    pub fn is_proven(&self) -> bool {
        self.proven || mutant::planted("m4_offered_unproven")
    }

    fn note(&mut self, now: Timestamp, answered: bool) {
        while self.calls.front().is_some_and(|(at, _)| WINDOW_MS < now.since_ms(*at)) {
            self.calls.pop_front();
        }
        if self.calls.len() == CALLS_MAX {
            self.calls.pop_front();
        }
        self.calls.push_back((now, answered));
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    #[test]
    pub(crate) fn m4_a_channel_is_offered_only_after_a_signed_answer() {
        let mut breaker = Breaker::new();
        assert_eq!(breaker.offer(), Offer::Proving, "nothing has been answered yet");
        breaker.answered(Timestamp(0));
        assert_eq!(breaker.offer(), Offer::Ready);
    }

    #[test]
    pub(crate) fn law11_three_silences_stop_new_charges_until_an_answer() {
        let mut breaker = Breaker::new();
        breaker.answered(Timestamp(0));
        breaker.silent(Timestamp(1_000));
        breaker.silent(Timestamp(2_000));
        assert_eq!(breaker.offer(), Offer::Ready, "two are weather");
        breaker.silent(Timestamp(3_000));
        assert_eq!(breaker.offer(), Offer::Silent { since: Timestamp(1_000) });
        breaker.answered(Timestamp(4_000));
        assert_eq!(breaker.offer(), Offer::Ready, "the probe was answered");
    }

    #[test]
    fn half_of_five_calls_within_two_minutes_stop_new_charges() {
        let mut breaker = Breaker::new();
        for second in 0..3 {
            breaker.answered(Timestamp(second * 2_000));
            breaker.silent(Timestamp(second * 2_000 + 1_000));
        }
        assert!(matches!(breaker.offer(), Offer::Silent { .. }));
        let mut breaker = Breaker::new();
        for minute in 0..6 {
            breaker.answered(Timestamp(minute * 240_000));
            breaker.silent(Timestamp(minute * 240_000 + 121_000));
        }
        assert_eq!(breaker.offer(), Offer::Ready, "far apart, they are not a pattern");
    }

    #[test]
    fn a_refusal_of_our_calls_stops_new_charges_until_one_is_answered() {
        let mut breaker = Breaker::new();
        breaker.answered(Timestamp(0));
        breaker.refused("isv.invalid-signature".to_owned());
        assert!(matches!(breaker.offer(), Offer::Misconfigured { .. }));
        breaker.answered(Timestamp(1));
        assert_eq!(breaker.offer(), Offer::Ready);
    }
}
