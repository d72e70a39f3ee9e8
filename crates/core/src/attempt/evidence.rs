//! What the channel says while an attempt is open: answers to the submit, to queries, notices.

use super::{
    Attempt, ClosedHow, Effect, Finding, FollowUp, HoldReason, Phase, RefundWhy, Step, Why,
};
use crate::channel::{Flow, Payment, Timetable, Verdict};
use crate::money::Timestamp;
use crate::mutant;

/// How far apart two answers must be that end an attempt only together.
const APART_MS: i64 = 10_000;

impl Step {
    /// The answer to our own submit.
    pub(super) fn answered(&mut self, verdict: Verdict, now: Timestamp, timetable: &Timetable) {
        self.attempt.submit_open = false;
        // The money is known and on its way back; the same news must not send it twice.
        if self.is_refunding() && !mutant::planted("m14_reply_refunds_again") {
            return;
        }
        if self.attempt.reversal_left_at.is_some() && !mutant::planted("m7_answer_beats_reversal") {
            // From the first reversal on only its answer and queries decide (M7).
            self.ask(now, timetable.query_open_ms);
            return;
        }
        match verdict {
            Verdict::Paid(payment) => self.paid(payment, now),
            Verdict::Waiting => {
                self.attempt.seen = true;
                self.waiting(timetable);
                self.keep_waiting(now, timetable);
            }
            Verdict::Code { content } => {
                self.attempt.seen = true;
                self.attempt.code = Some(content);
                self.keep_waiting(now, timetable);
            }
            Verdict::Declined { reason } => self.finish(Phase::Declined { reason }),
            Verdict::DeclinedAlive { reason } if mutant::planted("m11_alive_is_dead") => {
                self.finish(Phase::Declined { reason });
            }
            Verdict::DeclinedAlive { reason } => {
                self.attempt.seen = true;
                self.attempt.declined = Some(reason);
                self.give_up(Why::DeclinedAlive, now, timetable);
            }
            Verdict::AlreadyPaid if mutant::planted("m13_already_paid_waits") => {
                self.ask(now, timetable.query_open_ms);
            }
            Verdict::AlreadyPaid => {
                self.finish(Phase::Held { reason: HoldReason::AlreadyPaid });
            }
            // Nobody has asked for an end yet: the query that follows decides.
            Verdict::Closed | Verdict::Returned => {
                self.attempt.seen = true;
                self.ask(now, timetable.query_open_ms);
            }
            Verdict::UnsignedRefusal { reason } => {
                self.attempt.wedged = Some(reason);
                self.silent(Effect::Submit, now, timetable);
            }
            Verdict::NotExist | Verdict::UnsignedNotExist => {
                self.silent(Effect::Submit, now, timetable);
            }
        }
    }

    fn keep_waiting(&mut self, now: Timestamp, timetable: &Timetable) {
        match self.attempt.phase {
            Phase::Submitting | Phase::Waiting => {
                self.attempt.phase = Phase::Waiting;
                self.poll_again(now, timetable);
            }
            // Someone gave up while the submit was open; the trade is known, so ask and end it.
            Phase::Asking { .. } => self.ask(now, timetable.query_open_ms),
            Phase::Parked
            | Phase::Closing
            | Phase::Reversing
            | Phase::Unseen
            | Phase::Refunding { .. }
            | Phase::Paid { .. }
            | Phase::Declined { .. }
            | Phase::Closed { .. }
            | Phase::Returned
            | Phase::Held { .. } => (),
        }
    }

    /// The answer to a query.
    pub(super) fn told(&mut self, verdict: Verdict, now: Timestamp, timetable: &Timetable) {
        match verdict {
            Verdict::UnsignedNotExist => {
                self.absent(false, now, timetable);
                return;
            }
            Verdict::UnsignedRefusal { reason } => {
                self.attempt.wedged = Some(reason);
                self.attempt.poll_at = Some(now.plus_ms(timetable.slow_ask_ms));
                return;
            }
            Verdict::Paid(_)
            | Verdict::Waiting
            | Verdict::NotExist
            | Verdict::Code { .. }
            | Verdict::Declined { .. }
            | Verdict::DeclinedAlive { .. }
            | Verdict::Closed
            | Verdict::Returned
            | Verdict::AlreadyPaid => (),
        }
        self.attempt.asked_at = Some(now);
        self.attempt.silences = 0;
        self.attempt.wedged = None;
        match verdict {
            Verdict::Paid(payment) => self.told_paid(payment, now, timetable),
            Verdict::Closed => self.told_closed(),
            Verdict::Returned => self.told_returned(now, timetable),
            Verdict::Declined { reason } => self.told_declined(reason),
            Verdict::DeclinedAlive { reason } => self.told_declined_alive(reason, now, timetable),
            Verdict::Waiting => {
                self.attempt.seen = true;
                self.attempt.absent_at = None;
                self.waiting(timetable);
                self.told_not_paid(now, timetable);
            }
            Verdict::NotExist => self.told_not_exist(now, timetable),
            // Not an answer to a query: silence.
            Verdict::Code { .. } | Verdict::AlreadyPaid => {
                self.silent(Effect::Query, now, timetable);
            }
            Verdict::UnsignedNotExist | Verdict::UnsignedRefusal { .. } => (),
        }
    }

    /// A shown code that a customer has scanned leaves the screens (M8); what merely has not been
    /// paid yet does not.
    fn waiting(&mut self, timetable: &Timetable) {
        let says_scanned =
            !timetable.has_trade_unscanned() || mutant::planted("m8_waiting_takes_the_code_away");
        if self.attempt.flow == Flow::Show && says_scanned {
            self.attempt.scanned = true;
        }
    }

    fn told_paid(&mut self, payment: Payment, now: Timestamp, timetable: &Timetable) {
        self.attempt.seen = true;
        if matches!(self.attempt.phase, Phase::Refunding { .. }) {
            self.attempt.poll_at = Some(now.plus_ms(timetable.slow_ask_ms));
            return;
        }
        if self.attempt.reversal_left_at.is_none() {
            self.paid(payment, now);
            self.poll_slowly_while_refunding(now, timetable);
            return;
        }
        if mutant::planted("m7_paid_beats_reversal") {
            self.paid(payment, now);
            return;
        }
        // What a refund has begun to give back, no reversal can.
        if payment.some_back {
            self.paid(payment, now);
            return;
        }
        // The channel knows the trade and charged it: a reversal answered earlier, that found
        // nothing, or an earlier decline ends it no longer.
        self.attempt.declined = None;
        self.attempt.scanned = self.attempt.flow == Flow::Show;
        // A reversal has left, so the money must go back: by repeating it, or, once the channel no
        // longer reverses, as a refund (M7, M12).
        if self.reversal_is_over(now, timetable) {
            self.refund(payment.transaction_no, RefundWhy::TooLate);
            self.poll_slowly_while_refunding(now, timetable);
        } else {
            self.reverse(now, timetable);
        }
    }

    pub(super) fn poll_slowly_while_refunding(&mut self, now: Timestamp, timetable: &Timetable) {
        if matches!(self.attempt.phase, Phase::Refunding { .. }) {
            self.attempt.poll_at = Some(now.plus_ms(timetable.slow_ask_ms));
        }
    }

    fn told_closed(&mut self) {
        if matches!(self.attempt.phase, Phase::Refunding { .. }) {
            return;
        }
        self.finish_unpaid(ClosedHow::ByChannel);
    }

    /// Paid once and gone back. With a refund of ours under way its own query decides.
    fn told_returned(&mut self, now: Timestamp, timetable: &Timetable) {
        if matches!(self.attempt.phase, Phase::Refunding { .. }) {
            self.attempt.poll_at = Some(now.plus_ms(timetable.slow_ask_ms));
            return;
        }
        let ours = self.attempt.reversal_left_at.is_some();
        self.finish(Phase::Returned);
        if !ours && self.finding.is_none() {
            self.finding = Some(Finding::ReturnedByOthers);
        }
    }

    /// Not charged, and never will be: an end, also where a reversal has left (M7).
    fn told_declined(&mut self, reason: String) {
        if !self.is_refunding() {
            self.finish(Phase::Declined { reason });
        }
    }

    /// Not charged, and the number is alive: nobody waits for the customer any more (M11).
    fn told_declined_alive(&mut self, reason: String, now: Timestamp, timetable: &Timetable) {
        self.attempt.seen = true;
        self.attempt.declined.get_or_insert(reason);
        if matches!(self.attempt.phase, Phase::Submitting | Phase::Waiting)
            && !mutant::planted("m11_query_waits_on")
        {
            self.give_up(Why::DeclinedAlive, now, timetable);
        } else if matches!(self.attempt.phase, Phase::Asking { .. } | Phase::Closing)
            && self.attempt.goods_gone_by.is_some()
            && self.attempt.reversal_left_at.is_none()
            && !mutant::planted("m17_a_decline_is_asked_about_for_ever")
        {
            self.declined_for_good(now, timetable);
        } else {
            self.told_not_paid(now, timetable);
        }
    }

    /// Where no reversal will follow (M17), a number that the channel has declined would stay as it
    /// is for ever: the channel's no ends it, said twice at least 10 s apart after the code's life,
    /// with one more question.
    fn declined_for_good(&mut self, now: Timestamp, timetable: &Timetable) {
        let first = self.attempt.absent_at;
        if self.is_life_over(now, timetable) {
            self.attempt.absent_at.get_or_insert(now);
            let apart = first.is_some_and(|first| APART_MS <= now.since_ms(first));
            if apart && !self.attempt.submit_open && !self.is_refunding() {
                self.finish_unpaid(ClosedHow::ByChannel);
                self.follow_up = Some(FollowUp::AskAt(now.plus_ms(timetable.late_ask_ms)));
                return;
            }
        }
        self.attempt.poll_at = Some(now.plus_ms(timetable.query_every_ms.max(APART_MS)));
    }

    fn told_not_exist(&mut self, now: Timestamp, timetable: &Timetable) {
        // Only where no reversal will do it (M17) does a signed not-exist end by itself.
        if self.attempt.goods_gone_by.is_some() && self.attempt.reversal_left_at.is_none() {
            self.absent(true, now, timetable);
            return;
        }
        self.attempt.absent_at = None;
        self.told_unknown(now, timetable);
    }

    /// Not-exist that may end the attempt by itself: twice at least 10 s apart, both after the
    /// code's life, and never against the channel's own word that it knows the trade (M10, M17).
    fn absent(&mut self, signed: bool, now: Timestamp, timetable: &Timetable) {
        if signed {
            self.attempt.asked_at = Some(now);
            self.attempt.silences = 0;
            self.attempt.wedged = None;
        }
        if self.is_life_over(now, timetable) || mutant::planted("m10_before_the_code_died") {
            let first = *self.attempt.absent_at.get_or_insert(now);
            let apart = APART_MS <= now.since_ms(first) || mutant::planted("m10_once_is_enough");
            let open = self.attempt.submit_open || self.is_known(timetable) || self.is_refunding();
            if apart && !open {
                self.finish_unpaid(ClosedHow::NeverExisted);
                return;
            }
        }
        let wait = timetable.query_every_ms.max(APART_MS);
        self.attempt.poll_at = Some(now.plus_ms(wait));
    }

    /// Whether the code that was shown or scanned can be used no more.
    fn is_life_over(&self, now: Timestamp, timetable: &Timetable) -> bool {
        match (self.attempt.expires_at, self.attempt.sent_at) {
            // A start puts the limit, not the expiry, within reach of a clock that was set back.
            (Some(expires), _) => {
                expires.min(self.attempt.limit_at).plus_ms(timetable.expiry_ask_ms) <= now
            }
            (None, Some(sent)) => sent.plus_ms(timetable.unseen_ms) <= now,
            (None, None) => false,
        }
    }

    /// Whether the channel has said that it knows the trade. A drawn code is its word too, but
    /// where there is no trade before a scan, nobody may ever have scanned it.
    pub(super) fn is_known(&self, timetable: &Timetable) -> bool {
        let Attempt { seen, flow, scanned, .. } = &self.attempt;
        *seen && (*flow == Flow::Scan || *scanned || timetable.has_trade_unscanned())
    }

    fn is_refunding(&self) -> bool {
        matches!(self.attempt.phase, Phase::Refunding { .. })
    }

    /// A verified notice. It is evidence like a query's answer until a reversal has left; from
    /// then on it only triggers a query.
    pub(super) fn notified(&mut self, verdict: Verdict, now: Timestamp, timetable: &Timetable) {
        if self.is_refunding() {
            return;
        }
        let Verdict::Paid(payment) = verdict else {
            self.ask(now, timetable.query_open_ms);
            return;
        };
        if self.attempt.reversal_left_at.is_some() {
            self.ask(now, timetable.query_open_ms);
            return;
        }
        self.paid(payment, now);
        self.poll_slowly_while_refunding(now, timetable);
    }

    /// The next question, at the channel's pace, but never past the limit.
    pub(super) fn poll_again(&mut self, now: Timestamp, timetable: &Timetable) {
        let every_ms = match self.attempt.flow {
            Flow::Scan => timetable.query_every_ms,
            Flow::Show => timetable.show_every_ms,
        };
        let next = now.plus_ms(every_ms);
        let limit = self.attempt.limit_at;
        self.attempt.poll_at = Some(if now < limit { next.min(limit) } else { next });
    }

    /// No usable answer: says nothing and ends nothing (M3).
    pub(super) fn silent(&mut self, effect: Effect, now: Timestamp, timetable: &Timetable) {
        self.attempt.silences = self.attempt.silences.saturating_add(1);
        match effect {
            Effect::Submit => {
                self.attempt.submit_open = false;
                if mutant::planted("m3_silence_declines") {
                    self.finish(Phase::Declined { reason: "silence".to_owned() });
                    return;
                }
                self.submit_lost(now, timetable);
            }
            Effect::Query => {
                let exponent = self.attempt.silences.min(6).saturating_sub(1);
                let wait = (timetable.query_every_ms << exponent).min(timetable.backoff_max_ms);
                let next = now.plus_ms(wait);
                let limit = self.attempt.limit_at;
                let due = if now < limit { next.min(limit) } else { next };
                self.attempt.poll_at = Some(due);
                if mutant::planted("m5_reverses_on_silence") && limit <= now {
                    self.reverse(now, timetable);
                } else if mutant::planted("law2_silence_closes") && limit <= now {
                    self.finish_unpaid(ClosedHow::NeverExisted);
                }
            }
            Effect::Reverse | Effect::Close => {
                self.attempt.poll_at = Some(now.plus_ms(timetable.reverse_retry_ms));
            }
        }
    }

    /// The submit was not answered: ask at once, and where the code to show went with the answer,
    /// close the number so that another code can be offered (M8).
    fn submit_lost(&mut self, now: Timestamp, timetable: &Timetable) {
        match self.attempt.phase {
            Phase::Submitting | Phase::Asking { .. } if self.attempt.wedged.is_some() => {
                self.attempt.poll_at = Some(now.plus_ms(timetable.query_every_ms));
            }
            Phase::Submitting if self.attempt.flow == Flow::Show => {
                self.give_up(Why::CodeLost, now, timetable);
            }
            Phase::Submitting | Phase::Waiting | Phase::Asking { .. } => {
                self.ask(now, timetable.query_open_ms);
            }
            Phase::Parked
            | Phase::Closing
            | Phase::Reversing
            | Phase::Unseen
            | Phase::Refunding { .. }
            | Phase::Paid { .. }
            | Phase::Declined { .. }
            | Phase::Closed { .. }
            | Phase::Returned
            | Phase::Held { .. } => (),
        }
    }
}
