//! How an attempt ends, and what may still happen after the end (M13, M14).

use super::{Effect, Event, Finding, FollowUp, HoldReason, Phase, RefundWhy, Step, facts};
use crate::channel::{Payment, Verdict};
use crate::money::Timestamp;
use crate::mutant;

/// How much earlier than our keep time a pay time may be; both in the till's time (M13).
const PAID_EARLIER_MS_MAX: i64 = 300_000;

impl Step {
    /// Sets an end: nothing is polled any more, and gone goods without money are a finding.
    pub(super) fn finish(&mut self, phase: Phase) {
        if !mutant::planted("law6_wakes_after_the_end") {
            self.attempt.poll_at = None;
        }
        self.attempt.submit_open = false;
        self.attempt.wedged = None;
        let unpaid = !matches!(phase, Phase::Paid { .. } | Phase::Held { .. });
        // Of a copied one nobody has said anything, and the manager has been told.
        let by = self.attempt.goods_gone_by.as_ref().filter(|_| !self.attempt.is_copied());
        if let (true, Some(by)) = (unpaid, by) {
            self.finding = Some(Finding::GoodsGoneUnpaid { by: by.clone() });
        }
        if matches!(phase, Phase::Held { .. }) {
            self.finding = Some(Finding::Held);
        }
        self.attempt.phase = phase;
    }

    /// Ends without money: Declined where the channel had declined (M11), else Closed.
    pub(super) fn finish_unpaid(&mut self, how: super::ClosedHow) {
        match self.attempt.declined.clone() {
            Some(reason) => self.finish(Phase::Declined { reason }),
            None => self.finish(Phase::Closed { how }),
        }
    }

    /// Paid, with no reversal left: the only way to the end Paid (M7, M13, M16).
    pub(super) fn paid(&mut self, payment: Payment, now: Timestamp) {
        self.attempt.seen = true;
        if payment.some_back && !mutant::planted("m13_given_back_is_paid") {
            self.finish(Phase::Held { reason: HoldReason::AlreadyPaid });
            return;
        }
        let differs = payment.amount != self.attempt.amount.fen();
        if differs && !mutant::planted("m13_any_amount") {
            let channel_fen = payment.amount.get();
            self.finish(Phase::Held { reason: HoldReason::AmountDiffers { channel_fen } });
            return;
        }
        let early = |at: Timestamp| PAID_EARLIER_MS_MAX < self.attempt.kept_at.since_ms(at);
        if payment.paid_at.is_some_and(early) && !mutant::planted("m13_any_time") {
            self.finish(Phase::Held { reason: HoldReason::PaidTooEarly });
            return;
        }
        if self.attempt.unwanted && !mutant::planted("m16_kept_both") {
            self.refund(payment.transaction_no, RefundWhy::Unwanted);
            return;
        }
        self.finish(Phase::Paid { payment: facts(payment, now) });
    }

    /// The money is there and goes back as a refund; the attempt ends when that is confirmed.
    pub(super) fn refund(&mut self, transaction_no: String, why: RefundWhy) {
        self.attempt.phase = Phase::Refunding { transaction_no };
        self.follow_up = Some(FollowUp::Refund { why });
    }

    pub(super) fn refund_confirmed(&mut self) {
        if matches!(self.attempt.phase, Phase::Refunding { .. }) {
            self.finish(Phase::Returned);
        }
    }

    /// After the end nothing moves the phase. A notice of money only triggers a query; a query
    /// that says "paid now" sends the money back and tells the manager.
    pub(super) fn after_end(&mut self, event: Event, now: Timestamp) {
        match event {
            Event::Answered(Verdict::Paid(payment)) | Event::Notified(Verdict::Paid(payment)) => {
                if mutant::planted("m14_the_same_news_contradicts") && self.agrees(&payment) {
                    self.finding = Some(Finding::Contradicted { said: "paid" });
                } else if mutant::planted("m14_notice_refunds") && !self.agrees(&payment) {
                    self.late_money();
                } else if !self.agrees(&payment)
                    && !matches!(self.attempt.phase, Phase::Held { .. })
                {
                    self.follow_up = Some(FollowUp::AskAt(now));
                }
            }
            Event::Told(verdict) => self.told_after_end(verdict),
            Event::Answered(
                Verdict::Waiting
                | Verdict::NotExist
                | Verdict::Code { .. }
                | Verdict::Declined { .. }
                | Verdict::DeclinedAlive { .. }
                | Verdict::Closed
                | Verdict::Returned
                | Verdict::AlreadyPaid
                | Verdict::UnsignedNotExist
                | Verdict::UnsignedRefusal { .. },
            )
            | Event::Notified(
                Verdict::Waiting
                | Verdict::NotExist
                | Verdict::Code { .. }
                | Verdict::Declined { .. }
                | Verdict::DeclinedAlive { .. }
                | Verdict::Closed
                | Verdict::Returned
                | Verdict::AlreadyPaid
                | Verdict::UnsignedNotExist
                | Verdict::UnsignedRefusal { .. },
            )
            | Event::ReversalTold(_)
            | Event::ClosingTold(_)
            | Event::Unreached(_)
            | Event::Silent(_)
            | Event::Withheld
            | Event::Cancelled
            | Event::AskedNow
            | Event::CashTaken
            | Event::GoodsGone { .. }
            | Event::WaitedLonger
            | Event::RefundConfirmed
            | Event::Tick
            | Event::Resumed
            | Event::Restored
            | Event::Copied => (),
        }
    }

    fn told_after_end(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Paid(payment) => match &self.attempt.phase {
                Phase::Closed { .. } if mutant::planted("law5_end_is_rewritten") => {
                    self.attempt.phase = Phase::Returned;
                }
                Phase::Closed { .. } | Phase::Declined { .. } => self.late_money(),
                Phase::Paid { .. } if self.agrees(&payment) => (),
                // A payment of which some went back: of how much, the channel says nothing.
                Phase::Returned
                    if payment.some_back && !mutant::planted("m14_what_went_back_contradicts") => {}
                Phase::Paid { .. } | Phase::Returned => {
                    self.finding = Some(Finding::Contradicted { said: "paid" });
                }
                Phase::Held { .. }
                | Phase::Parked
                | Phase::Submitting
                | Phase::Waiting
                | Phase::Asking { .. }
                | Phase::Closing
                | Phase::Reversing
                | Phase::Unseen
                | Phase::Refunding { .. } => (),
            },
            Verdict::Closed if matches!(self.attempt.phase, Phase::Paid { .. }) => {
                self.finding = Some(Finding::Contradicted { said: "closed" });
            }
            Verdict::Declined { .. } | Verdict::DeclinedAlive { .. }
                if matches!(self.attempt.phase, Phase::Paid { .. }) =>
            {
                self.finding = Some(Finding::Contradicted { said: "declined" });
            }
            // A full refund of ours also reads as returned; the till knows its refunds and
            // dismisses the finding where they explain it.
            Verdict::Returned if matches!(self.attempt.phase, Phase::Paid { .. }) => {
                self.finding = Some(Finding::Contradicted { said: "returned" });
            }
            Verdict::Returned if mutant::planted("law5_a_late_return_rewrites_the_end") => {
                self.attempt.phase = Phase::Returned;
            }
            // Money moved and went back under a number that ended without money. Where it came
            // late, the refund was ours.
            Verdict::Returned
                if matches!(self.attempt.phase, Phase::Closed { .. } | Phase::Declined { .. })
                    && !self.attempt.late_money =>
            {
                self.finding = Some(Finding::Contradicted { said: "returned" });
            }
            Verdict::Waiting
            | Verdict::NotExist
            | Verdict::Code { .. }
            | Verdict::Declined { .. }
            | Verdict::DeclinedAlive { .. }
            | Verdict::Closed
            | Verdict::Returned
            | Verdict::AlreadyPaid
            | Verdict::UnsignedNotExist
            | Verdict::UnsignedRefusal { .. } => (),
        }
    }

    fn agrees(&self, payment: &Payment) -> bool {
        match &self.attempt.phase {
            Phase::Paid { payment: ours } => {
                ours.transaction_no == payment.transaction_no
                    && payment.amount == self.attempt.amount.fen()
            }
            Phase::Parked
            | Phase::Submitting
            | Phase::Waiting
            | Phase::Asking { .. }
            | Phase::Closing
            | Phase::Reversing
            | Phase::Unseen
            | Phase::Refunding { .. }
            | Phase::Declined { .. }
            | Phase::Closed { .. }
            | Phase::Returned
            | Phase::Held { .. } => false,
        }
    }

    fn late_money(&mut self) {
        if self.attempt.late_money && !mutant::planted("m14_refunds_twice") {
            return;
        }
        self.attempt.late_money = true;
        self.finding = Some(Finding::LateMoney);
        self.follow_up = Some(FollowUp::Refund { why: RefundWhy::LateMoney });
    }

    /// Asks at once. The till never has two queries about one attempt under way.
    pub(super) fn ask(&mut self, now: Timestamp, query_open_ms: i64) {
        self.attempt.poll_at = Some(now.plus_ms(query_open_ms));
        self.effect = Some(Effect::Query);
    }
}
