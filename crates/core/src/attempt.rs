//! One try at collecting what an order owes, through one channel, under one number.
//!
//! The cashier feeds [`Event`]s in, keeps the [`Step`] that comes back, and only then performs its
//! [`Effect`]. Nothing here does I/O, reads a clock or draws a random number.
//!
//! ```text
//!            unreachable            signed "in progress" / a code
//!  Parked ◄──────────── Submitting ────────────► Waiting
//!    │ sent again           │                        │
//!    └──────────────────────┤     limit, cancel,     │
//!                           ▼     lost code, cash    ▼
//!                         Asking ◄───────────────────┘   ask until a usable answer comes (M5)
//!                           │
//!        fresh "not paid"   ├─────────────► Closing      a shown code, scanned and unpaid (M8)
//!                           ▼
//!                       Reversing ◄───────► Unseen       the reversal found nothing (M9)
//!                           │
//!  Refunding ◄──────────────┘   paid though unwanted, or too late to reverse (M12, M16)
//!
//!  ends: Paid · Declined · Closed · Returned · Held
//! ```
//!
//! # Invariants
//!
//! 1. Silence never ends an attempt (M3, M5); only the channel's own signed word does.
//! 2. Paid is reached for exactly the amount asked, and never after a reversal has left (M7, M13).
//! 3. A reversal leaves only on a query answered "not paid", at most 3 s old, never while our own
//!    submit is open (M6).
//! 4. `poll_at` is empty exactly when the phase is an end (law 6).
//! 5. Nothing is submitted twice unless every earlier try was unreachable (M2).

mod end;
mod ending;
mod evidence;
mod screen;
#[cfg(test)]
pub(crate) mod tests;
#[cfg(test)]
pub(crate) mod walk;

use crate::channel::{ChannelId, Closing, Flow, Payment, Reversal, Timetable, Verdict};
use crate::money::{Charge, Timestamp};
use crate::mutant;
use crate::number::{OrderNo, OutTradeNo};

pub use screen::Screen;

/// One payment attempt as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attempt {
    /// Our number; the idempotency key.
    pub out_trade_no: OutTradeNo,
    /// The order it collects for.
    pub order_no: OrderNo,
    /// The channel it goes through.
    pub channel: ChannelId,
    /// Who shows a code and who scans it.
    pub flow: Flow,
    /// What is asked, in fen.
    pub amount: Charge,
    /// When the intent was kept.
    pub kept_at: Timestamp,
    /// Where it stands.
    pub phase: Phase,
    /// When to ask the channel next. `None` exactly when the phase is an end.
    pub poll_at: Option<Timestamp>,
    /// The sent mark: when a try first may have reached the channel. `None`: nothing has left (M1).
    pub sent_at: Option<Timestamp>,
    /// Whether a submit of this process has left and is not yet answered.
    pub submit_open: bool,
    /// Whether the channel has signed that it knows the trade or has drawn the code.
    pub seen: bool,
    /// The code to draw, once the channel has given it.
    pub code: Option<String>,
    /// Whether the channel has said that the customer scanned the shown code.
    pub scanned: bool,
    /// When the last ask begins: the scan's limit, or the shown code's expiry.
    pub limit_at: Timestamp,
    /// Whether the cashier has given the customer longer; once is all.
    pub waited_longer: bool,
    /// The absolute `time_expire` sent with a shown code.
    pub expires_at: Option<Timestamp>,
    /// When the first reversal left; counted from its commit (M6).
    pub reversal_left_at: Option<Timestamp>,
    /// Whether the channel has said that the time for reversals is over (M12).
    pub reversal_over: bool,
    /// When the channel last gave a usable answer to a query.
    pub asked_at: Option<Timestamp>,
    /// Queries in a row without a usable answer.
    pub silences: u32,
    /// When not-exist, or a decline of gone goods, first began a run that may end the attempt by
    /// itself (M10, M17).
    pub absent_at: Option<Timestamp>,
    /// Whether cash took its place; found paid, it is refunded (M16).
    pub unwanted: bool,
    /// Who said that the goods are gone (M17); [`COPIED`] where nobody did and a till on another
    /// machine may know better (M19).
    pub goods_gone_by: Option<String>,
    /// The channel's reason where it declined but the number is still alive (M11).
    pub declined: Option<String>,
    /// Why a manager must act: the channel refuses our calls without a signature (M10).
    pub wedged: Option<String>,
    /// Whether money that came after the end has been sent back already (M14).
    pub late_money: bool,
}

/// Stands in the place of a name where the attempt was open as its database came here from another
/// machine: whether the goods are gone, the till that it came from may know (M19).
pub const COPIED: &str = "copied";

/// Where an attempt stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// A code to show that could not reach the channel; nothing has left.
    Parked,
    /// Kept and marked as sent; the submit is open or was not answered.
    Submitting,
    /// The channel knows of it and the customer has yet to pay.
    Waiting,
    /// Nobody waits for the customer any more: ask until a usable answer comes (M5).
    Asking { why: Why },
    /// A close has left; it cannot move money (M8).
    Closing,
    /// A reversal has left; only its answer and queries decide (M7).
    Reversing,
    /// A reversal found nothing; the submit may still be on its way (M9).
    Unseen,
    /// The money came and is on its way back as a refund (M12, M16).
    Refunding { transaction_no: String },
    /// End: exactly the amount asked was taken.
    Paid { payment: PaidFacts },
    /// End: the channel said no, and the number is dead.
    Declined { reason: String },
    /// End: nothing moved.
    Closed { how: ClosedHow },
    /// End: the money moved and went back.
    Returned,
    /// End: a person decides.
    Held { reason: HoldReason },
}

/// What is kept of a capture.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PaidFacts {
    /// The channel's number for the trade.
    pub transaction_no: String,
    /// When the customer paid, in the till's time; the time of the answer where it did not say.
    pub paid_at: Timestamp,
    /// A keyed hash of who paid.
    pub payer: Option<String>,
}

/// Why nobody waits for the customer any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// The channel's limit or the code's expiry.
    Limit,
    /// The cashier cancelled.
    Cancelled,
    /// The code to show was lost with its answer or in a restart.
    CodeLost,
    /// The channel declined but the number could still be charged (M11).
    DeclinedAlive,
    /// Cash took its place (M16).
    Cash,
}

/// How an attempt came to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClosedHow {
    /// Nothing ever left the till: the mark was cleared.
    NeverSent,
    /// The channel never came to know the number.
    NeverExisted,
    /// The channel says closed, and nothing moved.
    ByChannel,
}

/// Why a person must decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HoldReason {
    /// The channel took another amount than was asked.
    AmountDiffers {
        /// What the channel took, in fen.
        channel_fen: i64,
    },
    /// The channel calls the number paid although we had only just minted it, or says that some of
    /// the money has gone back already although we know of no payment.
    AlreadyPaid,
    /// The pay time lies more than five minutes before the attempt was kept.
    PaidTooEarly,
}

/// What happens to an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The channel answered our submit.
    Answered(Verdict),
    /// The channel answered a query.
    Told(Verdict),
    /// A verified notice arrived.
    Notified(Verdict),
    /// The channel answered a reversal.
    ReversalTold(Reversal),
    /// The channel answered a close.
    ClosingTold(Closing),
    /// A call never left the till: DNS, TCP or TLS failed.
    Unreached(Effect),
    /// A call left and got no usable answer.
    Silent(Effect),
    /// A reversal was not sent because its "not paid" had grown too old (M6).
    Withheld,
    /// The cashier cancelled.
    Cancelled,
    /// The cashier asks: did the customer pay?
    AskedNow,
    /// The order took cash instead (M16).
    CashTaken,
    /// A manager says that the goods are gone (M17).
    GoodsGone {
        /// Who said so.
        by: String,
    },
    /// The cashier gives a customer who is typing a little longer (再等 30 秒).
    WaitedLonger,
    /// A refund query confirmed that the money went back.
    RefundConfirmed,
    /// Time passed.
    Tick,
    /// The program started and found this attempt unfinished.
    Resumed,
    /// The same in a restored database: what came after the copy was made is not known here.
    Restored,
    /// The same in a database that came from another machine, whose till may go on with it (M19).
    Copied,
}

/// A call to make once the step is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Send the charge, or ask for a code to show.
    Submit,
    /// Ask what became of it.
    Query,
    /// Reverse it.
    Reverse,
    /// Close it.
    Close,
}

/// Work that outlives the attempt's own wake-ups; each becomes a queued operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FollowUp {
    /// Ask once more at this time, although the attempt has ended.
    AskAt(Timestamp),
    /// Give the whole amount back.
    Refund {
        /// Why it goes back.
        why: RefundWhy,
    },
}

/// Why money goes back without a person asking for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefundWhy {
    /// Paid although cash had taken its place (M16).
    Unwanted,
    /// Paid and too late to reverse (M12).
    TooLate,
    /// The reversal was refused for lack of balance; the refund waits for a person (M12).
    NoBalance,
    /// Paid after the attempt had ended (M14).
    LateMoney,
}

/// A disagreement or an odd end, kept for the manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Money came after the end.
    LateMoney,
    /// The channel contradicts a final phase.
    Contradicted {
        /// What the channel says, in our words.
        said: &'static str,
    },
    /// The goods were gone and the attempt ended without money.
    GoodsGoneUnpaid {
        /// Who said that they were gone.
        by: String,
    },
    /// The money went back although the till never asked for it.
    ReturnedByOthers,
    /// A person must decide.
    Held,
    /// A paid attempt that the database did not know (M15).
    Recovered,
    /// It was open as its database came here from another machine (M19).
    Copied,
    /// A refund of it is held: its number carries another amount (M20).
    RefundHeld,
}

/// What a step leaves behind. Everything but `effect` is kept together, then `effect` is performed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Step {
    /// The attempt as it stands after the event.
    pub attempt: Attempt,
    /// The call to make once this is kept.
    pub effect: Option<Effect>,
    /// What the manager must see.
    pub finding: Option<Finding>,
    /// Work for the queue.
    pub follow_up: Option<FollowUp>,
}

/// What the cashier asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// The number minted for the attempt.
    pub out_trade_no: OutTradeNo,
    /// The order it collects for.
    pub order_no: OrderNo,
    /// The channel it goes through.
    pub channel: ChannelId,
    /// Who shows a code and who scans it.
    pub flow: Flow,
    /// What is asked.
    pub amount: Charge,
}

impl Attempt {
    /// Begins an attempt: the intent and the sent mark, in one step, before any byte leaves (M1).
    pub fn begin(intent: Intent, now: Timestamp, timetable: &Timetable) -> Step {
        let expires_at = match intent.flow {
            Flow::Scan => None,
            Flow::Show => Some(now.plus_ms(timetable.show_life_ms)),
        };
        let attempt = Attempt {
            out_trade_no: intent.out_trade_no,
            order_no: intent.order_no,
            channel: intent.channel,
            flow: intent.flow,
            amount: intent.amount,
            kept_at: now,
            phase: Phase::Submitting,
            poll_at: Some(now.plus_ms(timetable.first_query_ms)),
            sent_at: (!mutant::planted("law1_sent_without_a_mark")).then_some(now),
            submit_open: true,
            seen: false,
            code: None,
            scanned: false,
            limit_at: expires_at.unwrap_or(now.plus_ms(timetable.scan_limit_ms)),
            waited_longer: false,
            expires_at,
            reversal_left_at: None,
            reversal_over: false,
            asked_at: None,
            silences: 0,
            absent_at: None,
            unwanted: false,
            goods_gone_by: None,
            declined: None,
            wedged: None,
            late_money: false,
        };
        Step { attempt, effect: Some(Effect::Submit), finding: None, follow_up: None }
    }

    /// Recovers an attempt that the channel shows paid and the database does not know (M15): it
    /// is Paid, with a finding for the manager, and nothing goes back by itself.
    pub fn recovered(
        intent: Intent,
        payment: Payment,
        now: Timestamp,
        timetable: &Timetable,
    ) -> Step {
        let mut step = Attempt::begin(intent, now, timetable);
        step.effect = None;
        step.attempt.submit_open = false;
        step.attempt.seen = true;
        let differs = payment.amount != step.attempt.amount.fen();
        if payment.some_back && !mutant::planted("m15_given_back_is_recovered_as_paid") {
            // Who gave it back and how much, the lost database knew.
            step.finish(Phase::Held { reason: HoldReason::AlreadyPaid });
        } else if !differs || mutant::planted("law4_part_is_paid") {
            step.finish(Phase::Paid { payment: facts(payment, now) });
        } else {
            let channel_fen = payment.amount.get();
            step.finish(Phase::Held { reason: HoldReason::AmountDiffers { channel_fen } });
        }
        step.finding = Some(Finding::Recovered);
        if mutant::planted("m15_refunds_by_itself") {
            step.follow_up = Some(FollowUp::Refund { why: RefundWhy::LateMoney });
        }
        step
    }

    /// Takes one event and returns what must be kept, and then done.
    pub fn step(self, event: Event, now: Timestamp, timetable: &Timetable) -> Step {
        let mut step = Step { attempt: self, effect: None, finding: None, follow_up: None };
        if step.attempt.is_final() {
            step.after_end(event, now);
            return step;
        }
        match event {
            Event::Answered(verdict) => step.answered(verdict, now, timetable),
            Event::Told(verdict) => step.told(verdict, now, timetable),
            Event::Notified(verdict) => step.notified(verdict, now, timetable),
            Event::ReversalTold(reversal) => step.reversal_told(reversal, now, timetable),
            Event::ClosingTold(closing) => step.closing_told(closing, now, timetable),
            Event::Unreached(effect) => step.unreached(effect, now, timetable),
            Event::Silent(effect) => step.silent(effect, now, timetable),
            Event::Withheld if mutant::planted("m6_withheld_forgotten") => (),
            Event::Withheld => step.attempt.poll_at = Some(now),
            Event::Cancelled => step.give_up(Why::Cancelled, now, timetable),
            Event::AskedNow => step.ask_now(now, timetable),
            Event::CashTaken => step.cash_taken(now, timetable),
            Event::GoodsGone { by } => step.goods_gone(by, now),
            Event::WaitedLonger => step.wait_longer(timetable),
            Event::RefundConfirmed => step.refund_confirmed(),
            Event::Tick => step.tick(now, timetable),
            Event::Resumed => step.resumed(now, timetable),
            Event::Restored => step.restored(now, timetable),
            Event::Copied => step.copied(now, timetable),
        }
        step
    }

    /// Returns whether the attempt has ended.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self.phase {
            Phase::Parked
            | Phase::Submitting
            | Phase::Waiting
            | Phase::Asking { .. }
            | Phase::Closing
            | Phase::Reversing
            | Phase::Unseen
            | Phase::Refunding { .. } => false,
            Phase::Paid { .. }
            | Phase::Declined { .. }
            | Phase::Closed { .. }
            | Phase::Returned
            | Phase::Held { .. } => true,
        }
    }

    /// Returns whether the channel could still take money under this number, as far as we know.
    ///
    /// While it could, its order is not charged again (law 3). Money that is on its way back as a
    /// refund is not a live attempt: the order may be charged again (M12).
    #[must_use]
    pub fn is_live(&self) -> bool {
        !self.is_final() && !matches!(self.phase, Phase::Refunding { .. })
    }

    /// Returns whether a person may give the customer longer: once, and only while the customer of
    /// a scan is typing. How long a shown code lives, the channel decides.
    #[must_use]
    pub fn may_wait_longer(&self) -> bool {
        self.screen() == Screen::Typing
            && (self.flow == Flow::Scan || mutant::planted("m8_waits_longer_for_a_code"))
            && (!self.waited_longer || mutant::planted("law7_waits_longer_again"))
    }

    /// Returns the channel's own number of the payment, where the channel took money and told it.
    #[must_use]
    pub fn transaction_no(&self) -> Option<&str> {
        if let Phase::Paid { payment } = &self.phase {
            return Some(&payment.transaction_no);
        }
        if let Phase::Refunding { transaction_no } = &self.phase {
            return Some(transaction_no);
        }
        None
    }

    /// Returns what the channel says was paid, in fen, where that is not what was asked.
    #[must_use]
    pub fn differing_fen(&self) -> Option<i64> {
        if let Phase::Held { reason: HoldReason::AmountDiffers { channel_fen } } = self.phase {
            Some(channel_fen)
        } else {
            None
        }
    }

    /// Returns whether the channel took money under the attempt; how much of it may still go back
    /// is another question. Where the channel refused a rule's refund, a person may begin another.
    #[must_use]
    pub fn holds_money(&self) -> bool {
        match self.phase {
            Phase::Paid { .. } | Phase::Refunding { .. } | Phase::Held { .. } => true,
            Phase::Closed { .. } | Phase::Declined { .. } => self.late_money,
            Phase::Parked
            | Phase::Submitting
            | Phase::Waiting
            | Phase::Asking { .. }
            | Phase::Closing
            | Phase::Reversing
            | Phase::Unseen
            | Phase::Returned => false,
        }
    }

    /// Returns whether it was open as its database came here from another machine, and nobody here
    /// has said since what became of the goods (M19).
    #[must_use]
    pub fn is_copied(&self) -> bool {
        self.goods_gone_by.as_deref() == Some(COPIED)
    }

    /// Returns whether a person has said that the goods are gone (M17).
    #[must_use]
    pub fn is_said_gone(&self) -> bool {
        self.goods_gone_by.is_some() && !self.is_copied()
    }

    /// Returns whether a person may say that the goods are gone: only before a reversal has left.
    #[must_use]
    pub fn may_mark_goods_gone(&self) -> bool {
        self.is_live()
            && self.phase != Phase::Parked
            && (self.reversal_left_at.is_none() || mutant::planted("m17_after_a_reversal"))
            && !self.unwanted
    }
}

/// Returns what is kept of a capture.
fn facts(payment: Payment, now: Timestamp) -> PaidFacts {
    PaidFacts {
        transaction_no: payment.transaction_no,
        paid_at: payment.paid_at.unwrap_or(now),
        payer: payment.payer.map(|hash| hash.0),
    }
}
