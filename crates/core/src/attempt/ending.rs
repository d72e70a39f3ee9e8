//! How an attempt is brought to its end: the last ask, closing, reversing (M5–M12), and what
//! people may say meanwhile (M16, M17).

use super::{COPIED, ClosedHow, Effect, Finding, FollowUp, Phase, RefundWhy, Step, Why};
use crate::channel::{Closing, Flow, Reversal, Timetable, UnscannedEnd};
use crate::money::Timestamp;
use crate::mutant;

impl Step {
    /// Time passed: ask if it is due, send a parked code again, begin the last ask at the limit.
    pub(super) fn tick(&mut self, now: Timestamp, timetable: &Timetable) {
        if self.attempt.poll_at.is_none_or(|at| now < at) {
            return;
        }
        let overdue = |sent: Timestamp| sent.plus_ms(timetable.submit_open_ms) <= now;
        if self.attempt.submit_open && self.attempt.sent_at.is_some_and(overdue) {
            self.attempt.submit_open = false;
        }
        match self.attempt.phase {
            Phase::Parked => self.unpark(now, timetable),
            Phase::Submitting | Phase::Waiting
                if self.attempt.limit_at <= now && !mutant::planted("law7_waits_for_ever") =>
            {
                self.give_up(Why::Limit, now, timetable);
            }
            Phase::Submitting
            | Phase::Waiting
            | Phase::Asking { .. }
            | Phase::Closing
            | Phase::Reversing
            | Phase::Unseen => self.ask(now, timetable.query_open_ms),
            Phase::Refunding { .. } => {
                self.attempt.poll_at = Some(now.plus_ms(timetable.slow_ask_ms));
            }
            Phase::Paid { .. }
            | Phase::Declined { .. }
            | Phase::Closed { .. }
            | Phase::Returned
            | Phase::Held { .. } => (),
        }
    }

    /// A parked code gets its mark before each try, in the commit before the bytes leave (M1).
    fn unpark(&mut self, now: Timestamp, timetable: &Timetable) {
        if self.attempt.kept_at.plus_ms(timetable.parked_limit_ms) <= now {
            self.finish_unpaid(ClosedHow::NeverSent);
            return;
        }
        self.attempt.phase = Phase::Submitting;
        self.attempt.sent_at = Some(now);
        self.attempt.submit_open = true;
        self.attempt.poll_at = Some(now.plus_ms(timetable.first_query_ms));
        self.effect = Some(Effect::Submit);
    }

    /// A call never left the till. For the submit that clears the mark; only then may the attempt
    /// end as never sent (M1).
    pub(super) fn unreached(&mut self, effect: Effect, now: Timestamp, timetable: &Timetable) {
        if effect != Effect::Submit || self.attempt.seen || !self.attempt.submit_open {
            self.silent(effect, now, timetable);
            return;
        }
        self.attempt.submit_open = false;
        if !mutant::planted("m1_mark_not_cleared") {
            self.attempt.sent_at = None;
        }
        let expired = self.attempt.kept_at.plus_ms(timetable.parked_limit_ms) <= now;
        match (self.attempt.flow, &self.attempt.phase) {
            (Flow::Show, Phase::Submitting) if !expired => {
                self.attempt.phase = Phase::Parked;
                self.attempt.poll_at = Some(now.plus_ms(timetable.parked_retry_ms));
            }
            // A customer's code lives a minute and is never kept: the cashier scans again.
            (Flow::Scan | Flow::Show, _) => self.finish_unpaid(ClosedHow::NeverSent),
        }
    }

    /// A parked code may have been sent, scanned and paid after the copy was made, so it counts as
    /// sent (M1, M15); everything else is asked as after any start.
    pub(super) fn restored(&mut self, now: Timestamp, timetable: &Timetable) {
        self.count_as_sent(now);
        self.resumed(now, timetable);
    }

    fn count_as_sent(&mut self, now: Timestamp) {
        if self.attempt.phase == Phase::Parked && !mutant::planted("m15_parked_is_unsent") {
            self.attempt.phase = Phase::Submitting;
            self.attempt.sent_at = Some(self.attempt.kept_at.min(now));
        }
    }

    /// The till that the database came from may go on with the attempt, be paid for it and hand the
    /// goods over. So it is as if the goods were gone (M17): asked about, and nothing goes back. What
    /// both do alike stays as it is: a reversal that has left, and money that nobody wants (M19).
    pub(super) fn copied(&mut self, now: Timestamp, timetable: &Timetable) {
        self.count_as_sent(now);
        if self.attempt.may_mark_goods_gone()
            && self.attempt.goods_gone_by.is_none()
            && !mutant::planted("m19_reverses_what_was_copied")
        {
            self.attempt.goods_gone_by = Some(COPIED.to_owned());
            self.finding = Some(Finding::Copied);
        }
        self.resumed(now, timetable);
    }

    /// The program found this attempt unfinished: ask at once, never send again (M2).
    pub(super) fn resumed(&mut self, now: Timestamp, timetable: &Timetable) {
        self.attempt.submit_open = false;
        self.clamp(now, timetable);
        if mutant::planted("m2_resends_after_restart") && self.attempt.phase == Phase::Submitting {
            self.effect = Some(Effect::Submit);
            return;
        }
        match self.attempt.phase {
            Phase::Parked => self.attempt.poll_at = Some(now),
            Phase::Refunding { .. } => self.tick_refunding(now, timetable),
            Phase::Submitting if self.attempt.flow == Flow::Show => {
                self.give_up(Why::CodeLost, now, timetable);
            }
            Phase::Submitting
            | Phase::Waiting
            | Phase::Asking { .. }
            | Phase::Closing
            | Phase::Reversing
            | Phase::Unseen => self.ask(now, timetable.query_open_ms),
            Phase::Paid { .. }
            | Phase::Declined { .. }
            | Phase::Closed { .. }
            | Phase::Returned
            | Phase::Held { .. } => (),
        }
    }

    /// A clock set back between two starts puts no wait into the far future (law 7): what was kept
    /// under the old clock counts as kept at the latest now, which only ever waits longer.
    fn clamp(&mut self, now: Timestamp, timetable: &Timetable) {
        let limit_ms = match self.attempt.flow {
            Flow::Scan if self.attempt.waited_longer => {
                timetable.scan_limit_ms + timetable.longer_ms
            }
            Flow::Scan => timetable.scan_limit_ms,
            Flow::Show => timetable.show_life_ms,
        };
        self.attempt.limit_at = self.attempt.limit_at.min(now.plus_ms(limit_ms));
        // Set forward it would end the wait for a late submit early (M9): that begins anew.
        let anew = self.attempt.flow == Flow::Scan
            && !self.is_known(timetable)
            && !mutant::planted("m9_waits_by_an_old_clock");
        self.attempt.sent_at =
            self.attempt.sent_at.map(|sent| if anew { now } else { sent.min(now) });
        self.attempt.absent_at = self.attempt.absent_at.filter(|at| *at <= now);
    }

    fn tick_refunding(&mut self, now: Timestamp, timetable: &Timetable) {
        self.attempt.poll_at = Some(now.plus_ms(timetable.slow_ask_ms));
    }

    /// Nobody waits any longer: the last ask begins (M5).
    pub(super) fn give_up(&mut self, why: Why, now: Timestamp, timetable: &Timetable) {
        match self.attempt.phase {
            Phase::Parked => self.finish_unpaid(ClosedHow::NeverSent),
            Phase::Submitting | Phase::Waiting => {
                self.attempt.phase = Phase::Asking { why };
                self.ask(now, timetable.query_open_ms);
            }
            Phase::Asking { .. }
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

    /// The cashier asks at once, whatever the timetable says.
    pub(super) fn ask_now(&mut self, now: Timestamp, timetable: &Timetable) {
        match self.attempt.phase {
            Phase::Parked | Phase::Refunding { .. } => (),
            Phase::Submitting
            | Phase::Waiting
            | Phase::Asking { .. }
            | Phase::Closing
            | Phase::Reversing
            | Phase::Unseen
            | Phase::Paid { .. }
            | Phase::Declined { .. }
            | Phase::Closed { .. }
            | Phase::Returned
            | Phase::Held { .. } => self.ask(now, timetable.query_open_ms),
        }
    }

    /// Cash took its place; the attempt must end without money (M16).
    pub(super) fn cash_taken(&mut self, now: Timestamp, timetable: &Timetable) {
        self.attempt.unwanted = true;
        self.attempt.goods_gone_by = None;
        self.give_up(Why::Cash, now, timetable);
    }

    /// No reversal by itself any more; refused once one has left (M17).
    pub(super) fn goods_gone(&mut self, by: String, now: Timestamp) {
        if self.attempt.may_mark_goods_gone() {
            self.attempt.goods_gone_by = Some(by);
            self.attempt.poll_at = Some(now);
        }
    }

    /// The till waits longer before its last ask; what the channel decides stays as it is.
    pub(super) fn wait_longer(&mut self, timetable: &Timetable) {
        if self.attempt.may_wait_longer() {
            self.attempt.limit_at = self.attempt.limit_at.plus_ms(timetable.longer_ms);
            self.attempt.waited_longer = true;
        }
    }

    /// A query answered "not paid": wait on, or end the attempt on the strength of it.
    pub(super) fn told_not_paid(&mut self, now: Timestamp, timetable: &Timetable) {
        match self.attempt.phase {
            Phase::Submitting if self.attempt.seen && self.attempt.flow == Flow::Scan => {
                self.attempt.phase = Phase::Waiting;
                self.poll_again(now, timetable);
            }
            Phase::Submitting | Phase::Waiting => self.poll_again(now, timetable),
            Phase::Asking { .. } | Phase::Closing => self.end_unpaid(now, timetable),
            // No reversal is possible any more, and there is nothing to refund (M12).
            Phase::Reversing | Phase::Unseen
                if self.reversal_is_over(now, timetable)
                    && !mutant::planted("m12_asks_for_ever") =>
            {
                self.end_unpaid(now, timetable);
            }
            Phase::Reversing | Phase::Unseen => self.reverse(now, timetable),
            Phase::Refunding { .. } => self.tick_refunding(now, timetable),
            // The channel knows the number, so a try did reach it: never send it again (M2).
            Phase::Parked if self.attempt.seen => {
                self.attempt.sent_at = Some(now);
                self.attempt.phase = Phase::Asking { why: Why::CodeLost };
                self.ask(now, timetable.query_open_ms);
            }
            Phase::Parked
            | Phase::Paid { .. }
            | Phase::Declined { .. }
            | Phase::Closed { .. }
            | Phase::Returned
            | Phase::Held { .. } => (),
        }
    }

    /// A query found no trade: where a reversal did not either, the wait for one ends (M9).
    pub(super) fn told_unknown(&mut self, now: Timestamp, timetable: &Timetable) {
        if self.attempt.phase == Phase::Unseen && self.is_unseen_over(now, timetable) {
            self.close_unseen(now, timetable);
        } else {
            self.told_not_paid(now, timetable);
        }
    }

    /// Chooses how an unpaid attempt ends, given a fresh "not paid" (M6, M8, M12, M17).
    fn end_unpaid(&mut self, now: Timestamp, timetable: &Timetable) {
        let Some(sent_at) = self.attempt.sent_at else {
            self.finish_unpaid(ClosedHow::NeverSent);
            return;
        };
        if self.attempt.goods_gone_by.is_some() && !mutant::planted("m17_reverses_gone_goods") {
            self.attempt.poll_at = Some(now.plus_ms(timetable.backoff_max_ms));
            return;
        }
        if self.attempt.submit_open && !mutant::planted("m6_while_submit_open") {
            self.attempt.poll_at = Some(now.plus_ms(timetable.query_every_ms));
            return;
        }
        // Scanned and unpaid, or past the time for reversals: a close cannot move money.
        let show = self.attempt.flow == Flow::Show;
        let scanned = show && self.attempt.scanned && !mutant::planted("m8_cancels_scanned");
        let over = self.reversal_is_over(now, timetable);
        if (scanned || over) && self.attempt.seen {
            self.close(now, timetable);
            return;
        }
        if over {
            self.finish_unpaid(ClosedHow::NeverExisted);
            return;
        }
        match timetable.unscanned_end {
            UnscannedEnd::Close if show => self.close(now, timetable),
            UnscannedEnd::Close | UnscannedEnd::Reverse => {
                let earliest = sent_at.plus_ms(timetable.reverse_not_before_ms);
                if now < earliest && !mutant::planted("m6_too_soon") {
                    self.attempt.poll_at = Some(earliest);
                } else {
                    self.reverse(now, timetable);
                }
            }
        }
    }

    fn close(&mut self, now: Timestamp, timetable: &Timetable) {
        self.attempt.phase = Phase::Closing;
        self.attempt.poll_at = Some(now.plus_ms(timetable.query_open_ms));
        self.effect = Some(Effect::Close);
    }

    /// A reversal counts as left from its commit (M6).
    pub(super) fn reverse(&mut self, now: Timestamp, timetable: &Timetable) {
        self.attempt.phase = Phase::Reversing;
        self.attempt.reversal_left_at.get_or_insert(now);
        self.attempt.poll_at = Some(now.plus_ms(timetable.query_open_ms));
        self.effect = Some(Effect::Reverse);
    }

    /// The channel's answer to a close. Refused means ask, and paid means Paid (M8).
    pub(super) fn closing_told(&mut self, closing: Closing, now: Timestamp, timetable: &Timetable) {
        if self.attempt.phase != Phase::Closing {
            return;
        }
        match closing {
            Closing::Closed => self.finish_unpaid(ClosedHow::ByChannel),
            Closing::NotExist if self.reversal_is_over(now, timetable) => {
                self.finish_unpaid(ClosedHow::NeverExisted);
            }
            // A close that finds nothing says as little as a reversal that does (M9).
            Closing::NotExist
                if !self.is_known(timetable) && self.is_unseen_over(now, timetable) =>
            {
                self.close_unseen(now, timetable);
            }
            Closing::NotExist | Closing::Refused { .. } => {
                self.attempt.poll_at = Some(now.plus_ms(timetable.reverse_retry_ms));
            }
        }
    }

    /// The channel's answer to a reversal (M7–M9, M12).
    pub(super) fn reversal_told(
        &mut self,
        reversal: Reversal,
        now: Timestamp,
        timetable: &Timetable,
    ) {
        if self.attempt.reversal_left_at.is_none()
            || matches!(self.attempt.phase, Phase::Refunding { .. })
        {
            return;
        }
        self.attempt.silences = 0;
        match reversal {
            Reversal::Closed => self.finish_unpaid(ClosedHow::ByChannel),
            Reversal::Returned => self.finish(Phase::Returned),
            Reversal::FoundNothing => self.found_nothing(now, timetable),
            // `Done` does not say which: the query that follows decides (M7). On a number the
            // channel does not know it is no more than nothing found (M9).
            Reversal::Done if !self.is_known(timetable) => {
                self.attempt.phase = Phase::Unseen;
                self.attempt.poll_at = Some(now.plus_ms(timetable.reverse_retry_ms));
            }
            Reversal::Done | Reversal::Again | Reversal::Refused { .. } => {
                self.attempt.poll_at = Some(now.plus_ms(timetable.reverse_retry_ms));
            }
            Reversal::NoBalance => {
                self.refund(String::new(), RefundWhy::NoBalance);
                self.poll_slowly_while_refunding(now, timetable);
            }
            Reversal::TooLate => {
                self.attempt.reversal_over = true;
                self.ask(now, timetable.query_open_ms);
            }
        }
    }

    /// A reversal that found nothing ends only what the channel had answered (M8, M9, M11).
    fn found_nothing(&mut self, now: Timestamp, timetable: &Timetable) {
        if mutant::planted("m9_nothing_is_closed") {
            self.finish_unpaid(ClosedHow::ByChannel);
            return;
        }
        let drawn = self.attempt.code.is_some() && !self.attempt.scanned;
        if let (true, Some(expires_at)) = (drawn, self.attempt.expires_at) {
            self.finish_unpaid(ClosedHow::ByChannel);
            if !mutant::planted("m8_code_forgotten") {
                let at = expires_at.plus_ms(timetable.expiry_ask_ms);
                self.follow_up = Some(FollowUp::AskAt(at.max(now)));
            }
            return;
        }
        // The one submit was answered and declined, so nothing of ours is still on its way.
        if self.attempt.declined.is_some() {
            self.finish_unpaid(ClosedHow::ByChannel);
            return;
        }
        self.attempt.phase = Phase::Unseen;
        let over = self.is_unseen_over(now, timetable);
        // Against the channel's own word that it knows the trade, only a query can end it.
        if over && (!self.is_known(timetable) || mutant::planted("m9_known_is_forgotten")) {
            self.close_unseen(now, timetable);
            return;
        }
        let over_at = self.attempt.sent_at.map(|sent| sent.plus_ms(timetable.unseen_ms));
        let next = now.plus_ms(timetable.unseen_every_ms);
        self.attempt.poll_at = Some(over_at.filter(|at| now < *at).map_or(next, |at| at.min(next)));
    }

    fn is_unseen_over(&self, now: Timestamp, timetable: &Timetable) -> bool {
        self.attempt.sent_at.is_none_or(|sent| sent.plus_ms(timetable.unseen_ms) <= now)
    }

    /// Closed, with one more question (M9).
    fn close_unseen(&mut self, now: Timestamp, timetable: &Timetable) {
        self.finish_unpaid(ClosedHow::NeverExisted);
        self.follow_up = Some(FollowUp::AskAt(now.plus_ms(timetable.late_ask_ms)));
    }

    /// Whether only a refund can return the money any more (M12).
    pub(super) fn reversal_is_over(&self, now: Timestamp, timetable: &Timetable) -> bool {
        let over = |sent: Timestamp| sent.plus_ms(timetable.reverse_until_ms) <= now;
        // A scan leaves as it is kept; its mark may be a later start's.
        let sent_at = match self.attempt.flow {
            Flow::Scan => self.attempt.sent_at.map(|sent| sent.min(self.attempt.kept_at)),
            Flow::Show => self.attempt.sent_at,
        };
        (self.attempt.reversal_over || sent_at.is_some_and(over))
            && !mutant::planted("m12_reverses_for_ever")
    }
}
