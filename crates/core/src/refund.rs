//! Money going back after it was paid: one intent, one number, until the channel confirms it.
//!
//! ```text
//!  Counting ──► Sending ──► Asking ──► Done
//!     │            │           │
//!     │            ├──► Wedged (no balance; a person tries again with the same number)
//!     └────────────┴──► Held (the number carries another amount) · Refused (an end)
//! ```
//!
//! # Rules (M20)
//!
//! 1. The number is the attempt's, `R`, and the refunds known *at the channel* plus one. A person's
//!    intent counts there first, so that two tills collide instead of refunding twice.
//! 2. Retries keep number and bytes; the amount is part of the request.
//! 3. Silence ends nothing. A refund the channel refused is an end; doing it again is a new intent.

#[cfg(test)]
pub(crate) mod tests;

use crate::attempt::{Attempt, COPIED, RefundWhy};
use crate::channel::{RefundAnswer, RefundVerdict, Timetable};
use crate::money::{Fen, Timestamp};
use crate::mutant;
use crate::number::{OrderNo, OutTradeNo, RefundNo};

/// Names one intent to give money back, within one database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefundId(pub i64);

/// One intent to give money back, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Names the intent.
    pub id: RefundId,
    /// The attempt that was paid.
    pub out_trade_no: OutTradeNo,
    /// The order that attempt collected for.
    pub order_no: OrderNo,
    /// What goes back, in fen.
    pub amount: Fen,
    /// Who or what asked for it.
    pub why: RefundCause,
    /// When the intent was kept.
    pub kept_at: Timestamp,
    /// Where it stands.
    pub phase: RefundPhase,
    /// Which refund of the attempt it is, counted from 1; final once `minted`.
    pub nth: u32,
    /// Whether `nth` is settled and the number may be sent.
    pub minted: bool,
    /// When to act next. `None` when ended, held or waiting for a person.
    pub next_at: Option<Timestamp>,
    /// When a try first may have reached the channel.
    pub sent_at: Option<Timestamp>,
    /// Calls in a row without a usable answer.
    pub silences: u32,
}

/// Who or what asked for a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundCause {
    /// A person.
    Person {
        /// The name or number they signed in with.
        by: String,
        /// What the confirmed wish is called; the same intent twice is one refund.
        intent_id: String,
    },
    /// A rule.
    Rule(RefundWhy),
}

/// Where a refund stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundPhase {
    /// Asking the channel how many refunds it knows of the attempt.
    Counting,
    /// Marked and about to be sent, or sent and not answered.
    Sending,
    /// Accepted; a refund query must confirm it.
    Asking,
    /// Waits for a person: the merchant's balance does not cover it.
    Wedged { reason: String },
    /// End: the channel confirms it.
    Done { at: Timestamp },
    /// End: the channel will not do it.
    Refused { reason: String },
    /// End: the number carries another amount; a person decides.
    Held,
}

/// Stands in the place of a name where the channel made the refund and this database knows nothing of
/// it: one of another till, or of this one before a restore.
pub const ELSEWHERE: &str = "elsewhere";

/// What happens to a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundEvent {
    /// The channel answered the refund.
    Answered(RefundVerdict),
    /// The channel answered a refund query.
    Told(RefundAnswer),
    /// A call got no usable answer.
    Silent,
    /// The refund never left the till.
    Unreached,
    /// While it was being counted, the channel told of others that leave too little for it.
    NotLeft,
    /// A person asks to try a wedged refund again.
    TriedAgain,
    /// Time passed.
    Tick,
    /// The program started and found this refund unfinished.
    Resumed,
    /// The same in a database that came from another machine, whose till may go on with it (M19).
    Copied,
}

/// A call to make once the step is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundEffect {
    /// Send the refund, with the same number and bytes each time.
    Refund,
    /// Ask what became of the number.
    Query,
}

/// What a step leaves behind.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct RefundStep {
    /// The refund as it stands after the event.
    pub refund: Refund,
    /// The call to make once this is kept.
    pub effect: Option<RefundEffect>,
}

/// What a person or a rule asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundIntent {
    /// Names the intent.
    pub id: RefundId,
    /// The attempt that was paid.
    pub out_trade_no: OutTradeNo,
    /// The order that attempt collected for.
    pub order_no: OrderNo,
    /// What goes back, in fen.
    pub amount: Fen,
    /// Who or what asked for it.
    pub why: RefundCause,
    /// Refunds of this attempt that the database knows.
    pub known: u32,
}

/// Returns what may still go back of an attempt, in fen: what the channel took under it, less all
/// refunds that count. The ceiling itself is the database's.
#[must_use]
pub fn refundable(attempt: &Attempt, refunds: &[Refund]) -> Fen {
    if !attempt.holds_money() {
        return Fen::ZERO;
    }
    let taken = attempt.differing_fen().map_or(Some(attempt.amount.fen()), Fen::new);
    let counted = refunds
        .iter()
        .filter(|refund| refund.counts())
        .try_fold(Fen::ZERO, |sum, refund| sum.checked_add(refund.amount));
    let left = taken.zip(counted).and_then(|(taken, counted)| taken.checked_sub(counted));
    left.unwrap_or(Fen::ZERO)
}

impl Refund {
    /// Begins a refund. A rule's number is minted in the same transaction, a person's is counted
    /// at the channel first; one refused for lack of balance waits for a person.
    pub fn begin(intent: RefundIntent, now: Timestamp) -> RefundStep {
        let (phase, minted, effect) = match &intent.why {
            RefundCause::Person { .. } => (RefundPhase::Counting, false, Some(RefundEffect::Query)),
            RefundCause::Rule(RefundWhy::NoBalance) => {
                (RefundPhase::Wedged { reason: "no_balance".to_owned() }, true, None)
            }
            RefundCause::Rule(RefundWhy::Unwanted | RefundWhy::TooLate | RefundWhy::LateMoney) => {
                (RefundPhase::Sending, true, Some(RefundEffect::Refund))
            }
        };
        let nth = match minted {
            true if mutant::planted("m20_rule_counts_on") => intent.known + 2,
            true => intent.known + 1,
            false => 1,
        };
        let refund = Refund {
            id: intent.id,
            out_trade_no: intent.out_trade_no,
            order_no: intent.order_no,
            amount: intent.amount,
            why: intent.why,
            kept_at: now,
            next_at: effect.map(|_| now.plus_ms(OPEN_MS)),
            sent_at: matches!(effect, Some(RefundEffect::Refund)).then_some(now),
            phase,
            nth,
            minted,
            silences: 0,
        };
        RefundStep { refund, effect }
    }

    /// Returns the refund of so much that the channel has made under the number which this one has
    /// counted to. Nobody here asked for it; it counts against the ceiling like any other.
    #[must_use]
    pub fn elsewhere(&self, id: RefundId, amount: Fen, now: Timestamp) -> Refund {
        let intent_id = format!("{ELSEWHERE}-{}", self.nth);
        Refund {
            id,
            out_trade_no: self.out_trade_no.clone(),
            order_no: self.order_no,
            amount,
            why: RefundCause::Person { by: ELSEWHERE.to_owned(), intent_id },
            kept_at: now,
            phase: RefundPhase::Done { at: now },
            nth: self.nth,
            minted: true,
            next_at: None,
            sent_at: None,
            silences: 0,
        }
    }

    /// Returns the number of the refund, settled or being counted; `None` beyond the limit.
    #[must_use]
    pub fn refund_no(&self) -> Option<RefundNo> {
        RefundNo::compose(&self.out_trade_no, self.nth)
    }

    /// Returns whether the refund has ended.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self.phase {
            RefundPhase::Counting
            | RefundPhase::Sending
            | RefundPhase::Asking
            | RefundPhase::Wedged { .. } => false,
            RefundPhase::Done { .. } | RefundPhase::Refused { .. } | RefundPhase::Held => true,
        }
    }

    /// Returns whether the money counts against the attempt's ceiling: all but refused ones.
    #[must_use]
    pub fn counts(&self) -> bool {
        !matches!(self.phase, RefundPhase::Refused { .. })
    }

    /// Takes one event and returns what must be kept, and then done.
    pub fn step(self, event: RefundEvent, now: Timestamp, timetable: &Timetable) -> RefundStep {
        let mut step = RefundStep { refund: self, effect: None };
        if step.refund.is_final() {
            return step;
        }
        match event {
            RefundEvent::Answered(verdict) => step.answered(verdict, now, timetable),
            RefundEvent::Told(answer) => step.told(answer, now, timetable),
            RefundEvent::Silent => step.silent(now, timetable),
            RefundEvent::Unreached => step.silent(now, timetable),
            RefundEvent::NotLeft => step.not_left(),
            RefundEvent::TriedAgain => step.tried_again(now),
            RefundEvent::Tick => step.tick(now),
            RefundEvent::Resumed => step.resumed(now),
            RefundEvent::Copied => step.copied(now),
        }
        step
    }
}

/// How long a call may be open before the next may leave.
const OPEN_MS: i64 = 6_000;

impl RefundStep {
    fn end(&mut self, phase: RefundPhase) {
        self.refund.phase = phase;
        self.refund.next_at = None;
    }

    fn answered(&mut self, verdict: RefundVerdict, now: Timestamp, timetable: &Timetable) {
        // Only a sent number can be answered; while counting there is none.
        if !self.refund.minted {
            return;
        }
        if !matches!(verdict, RefundVerdict::UnsignedRefusal { .. }) {
            self.refund.silences = 0;
        }
        match verdict {
            RefundVerdict::Done => self.end(RefundPhase::Done { at: now }),
            RefundVerdict::Accepted => {
                self.refund.phase = RefundPhase::Asking;
                self.refund.next_at = Some(now.plus_ms(timetable.refund_query_ms));
            }
            RefundVerdict::NoBalance => {
                self.end(RefundPhase::Wedged { reason: "no_balance".to_owned() });
                if mutant::planted("m20_wedged_retries") {
                    self.refund.next_at = Some(now.plus_ms(timetable.refund_spacing_ms));
                }
            }
            RefundVerdict::Clash if mutant::planted("m20_clash_is_done") => {
                self.end(RefundPhase::Done { at: now });
            }
            RefundVerdict::Clash => self.end(RefundPhase::Held),
            RefundVerdict::Refused { reason } => self.end(RefundPhase::Refused { reason }),
            RefundVerdict::UnsignedRefusal { .. } => self.silent(now, timetable),
        }
    }

    fn told(&mut self, answer: RefundAnswer, now: Timestamp, timetable: &Timetable) {
        self.refund.silences = 0;
        match (&self.refund.phase, answer) {
            (RefundPhase::Counting, _) if mutant::planted("m20_counts_at_home") => {
                self.refund.minted = true;
                self.send(now);
            }
            (RefundPhase::Counting, RefundAnswer::NotExist) => {
                self.refund.minted = true;
                self.send(now);
            }
            (
                RefundPhase::Counting,
                RefundAnswer::Done { .. } | RefundAnswer::Waiting | RefundAnswer::Ended { .. },
            ) => self.count_on(now),
            (_, RefundAnswer::Done { amount }) if amount != self.refund.amount => {
                self.end(RefundPhase::Held);
            }
            (_, RefundAnswer::Done { .. }) => self.end(RefundPhase::Done { at: now }),
            (_, RefundAnswer::Ended { reason }) => self.end(RefundPhase::Refused { reason }),
            (RefundPhase::Wedged { .. }, RefundAnswer::Waiting | RefundAnswer::NotExist) => (),
            (_, RefundAnswer::Waiting) => {
                self.refund.phase = RefundPhase::Asking;
                self.refund.next_at = Some(now.plus_ms(timetable.refund_query_ms));
            }
            // Not received: the same number with the same bytes, not sooner than the channel allows.
            (_, RefundAnswer::NotExist) => {
                self.refund.phase = RefundPhase::Sending;
                self.refund.next_at = Some(now.plus_ms(timetable.refund_spacing_ms));
            }
        }
    }

    fn count_on(&mut self, now: Timestamp) {
        self.refund.nth += 1;
        if self.refund.refund_no().is_none() {
            self.end(RefundPhase::Refused { reason: "too_many_refunds".to_owned() });
            return;
        }
        self.query(now);
    }

    fn silent(&mut self, now: Timestamp, timetable: &Timetable) {
        self.refund.silences = self.refund.silences.saturating_add(1);
        if mutant::planted("m20_new_number_on_retry") && self.refund.minted {
            self.refund.nth += 1;
        }
        if mutant::planted("m20_silence_refuses") {
            self.end(RefundPhase::Refused { reason: "silence".to_owned() });
            return;
        }
        let wait = (1_000_i64 << self.refund.silences.min(10)).min(timetable.backoff_max_ms);
        match self.refund.phase {
            RefundPhase::Counting | RefundPhase::Sending | RefundPhase::Asking => {
                self.refund.next_at = Some(now.plus_ms(wait.max(timetable.refund_spacing_ms)));
            }
            RefundPhase::Wedged { .. }
            | RefundPhase::Done { .. }
            | RefundPhase::Refused { .. }
            | RefundPhase::Held => (),
        }
    }

    fn not_left(&mut self) {
        if !self.refund.minted {
            self.end(RefundPhase::Refused { reason: ELSEWHERE.to_owned() });
        }
    }

    fn tried_again(&mut self, now: Timestamp) {
        if matches!(self.refund.phase, RefundPhase::Wedged { .. }) {
            self.send(now);
        }
    }

    fn tick(&mut self, now: Timestamp) {
        if self.refund.next_at.is_none_or(|at| now < at) {
            return;
        }
        match self.refund.phase {
            RefundPhase::Counting | RefundPhase::Asking => self.query(now),
            RefundPhase::Sending => self.send(now),
            RefundPhase::Wedged { .. }
            | RefundPhase::Done { .. }
            | RefundPhase::Refused { .. }
            | RefundPhase::Held => (),
        }
    }

    fn resumed(&mut self, now: Timestamp) {
        match self.refund.phase {
            RefundPhase::Sending if mutant::planted("m20_resends_after_restart") => self.send(now),
            // Asked first: a try before the restart may have moved the money already.
            RefundPhase::Counting | RefundPhase::Asking | RefundPhase::Sending => self.query(now),
            RefundPhase::Wedged { .. }
            | RefundPhase::Done { .. }
            | RefundPhase::Refused { .. }
            | RefundPhase::Held => (),
        }
    }

    /// A settled number is one refund however many tills send it. One that is still being counted
    /// would become a second beside the original's, so it ends unsent; a person may ask again (M19).
    fn copied(&mut self, now: Timestamp) {
        if self.refund.minted || mutant::planted("m19_a_copy_counts_on") {
            self.resumed(now);
        } else {
            self.end(RefundPhase::Refused { reason: COPIED.to_owned() });
        }
    }

    fn query(&mut self, now: Timestamp) {
        self.refund.next_at = Some(now.plus_ms(OPEN_MS));
        self.effect = Some(RefundEffect::Query);
    }

    fn send(&mut self, now: Timestamp) {
        self.refund.phase = RefundPhase::Sending;
        self.refund.sent_at = self.refund.sent_at.or(Some(now));
        self.refund.next_at = Some(now.plus_ms(OPEN_MS));
        self.effect = Some(RefundEffect::Refund);
    }
}
