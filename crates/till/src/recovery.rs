//! After a restore: the old epoch's numbers are asked from the last known on until 200 in a row do
//! not exist (M15, M19). One that the channel shows paid becomes a recovered order, with a finding,
//! and is never refunded by itself.

use std::collections::BTreeSet;

use mianfu_core::attempt::{Attempt, Intent};
use mianfu_core::channel::{ChannelId, Flow, Payment, Verdict};
use mianfu_core::money::{Charge, Timestamp};
use mianfu_core::mutant;
use mianfu_core::number::{Counter, OutTradeNo, Series};
use mianfu_core::order::Order;
use mianfu_db::{Asked, Db, DbError, LeftBecause};
use mianfu_gateway::{Answer, CallError, Keys};

use crate::cashier::note;
use crate::till::Till;
use crate::worker::What;

/// Between a question without a usable answer and the same question again.
const RETRY_MS: i64 = 5_000;
/// The longest between two questions about a number that a customer may still pay, which a channel
/// says for hours.
const UNDECIDED_MS_MAX: i64 = 300_000;

/// The old series that is being asked about; how far is kept in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recovery {
    series: Series,
    why: LeftBecause,
    at: Counter,
    ask_at: Timestamp,
    /// How often a channel has said that this number is undecided.
    undecided: u32,
    /// The channels that have said that they know no such number.
    absent_at: BTreeSet<ChannelId>,
}

impl Recovery {
    /// Returns what is to be asked next, and not before `ask_at`; `None` where no old series is
    /// unsettled.
    pub(crate) fn next(db: &Db, ask_at: Timestamp) -> Result<Option<Recovery>, DbError> {
        let unsettled = db.read().old_epochs().to_ask(1)?;
        Ok(unsettled.first().and_then(|old| {
            let (series, why, at) = (old.series, old.why, old.asked_to.next()?);
            let absent_at = BTreeSet::new();
            Some(Recovery { series, why, at, ask_at, undecided: 0, absent_at })
        }))
    }

    /// Says whether it is about what came after a backup.
    pub(crate) fn is_after_a_restore(&self) -> bool {
        self.why == LeftBecause::Restored
    }

    pub(crate) fn ask_at(&self) -> Option<Timestamp> {
        Some(self.ask_at)
    }

    fn no(&self) -> OutTradeNo {
        OutTradeNo::compose(self.series, self.at)
    }

    /// The same number again, each time after twice as long.
    fn ask_later(&mut self, now: Timestamp) {
        if mutant::planted("m15_asks_without_rest") {
            return;
        }
        self.undecided = self.undecided.saturating_add(1);
        let wait = (RETRY_MS << self.undecided.min(8)).min(UNDECIDED_MS_MAX);
        self.ask_at = now.plus_ms(wait);
    }
}

impl<K: Keys> Till<K> {
    pub(crate) fn ask_recovery(&mut self, now: Timestamp) {
        let Some(recovery) = self.recovery.as_mut().filter(|recovery| recovery.ask_at <= now)
        else {
            return;
        };
        recovery.ask_at = now.plus_ms(RETRY_MS);
        let no = recovery.no();
        let unheard = self.lines.keys().filter(|channel| !recovery.absent_at.contains(channel));
        for channel in unheard.copied().collect::<Vec<ChannelId>>() {
            self.calls.hand_out(What::Recover { channel, no: no.clone() }, now);
        }
    }

    pub(crate) fn recovery_answered(
        &mut self,
        channel: ChannelId,
        no: &OutTradeNo,
        answer: Result<Answer, CallError>,
        now: Timestamp,
    ) -> Result<(), DbError> {
        if self.recovery.as_ref().is_none_or(|recovery| recovery.no() != *no) {
            return Ok(());
        }
        match answer {
            Ok(Answer::Told(Verdict::NotExist)) => self.recovery_hears_absent(channel, now),
            Ok(Answer::Told(Verdict::Paid(_))) if mutant::planted("m15_paid_is_passed_over") => {
                self.recovery_moves(Asked::Exists, now)
            }
            Ok(Answer::Told(Verdict::Paid(payment))) => {
                self.recover(channel, no, payment, now)?;
                self.recovery_moves(Asked::Exists, now)
            }
            Ok(Answer::Told(
                Verdict::Closed
                | Verdict::Returned
                | Verdict::Declined { .. }
                | Verdict::DeclinedAlive { .. },
            )) => self.recovery_moves(Asked::Exists, now),
            Ok(Answer::Told(Verdict::Waiting)) => {
                if let Some(recovery) = &mut self.recovery {
                    recovery.ask_later(now);
                }
                Ok(())
            }
            // No usable answer: the same number again.
            Ok(
                Answer::Told(
                    Verdict::Code { .. }
                    | Verdict::AlreadyPaid
                    | Verdict::UnsignedNotExist
                    | Verdict::UnsignedRefusal { .. },
                )
                | Answer::Reversal(_)
                | Answer::Closing(_)
                | Answer::Refund(_)
                | Answer::RefundQuery(_)
                | Answer::Proven,
            )
            | Err(_) => Ok(()),
        }
    }

    /// A number goes to one channel only, so it exists nowhere once no channel knows it.
    fn recovery_hears_absent(&mut self, channel: ChannelId, now: Timestamp) -> Result<(), DbError> {
        let Some(recovery) = &mut self.recovery else { return Ok(()) };
        recovery.absent_at.insert(channel);
        let nowhere = self.lines.keys().all(|channel| recovery.absent_at.contains(channel));
        if !nowhere && !mutant::planted("m15_one_channel_is_enough") {
            return Ok(());
        }
        let moved = self.recovery_moves(Asked::Absent, now);
        if let (Err(_), Some(recovery)) = (&moved, &mut self.recovery) {
            // Nothing of it is kept, and a channel that counts as heard would not be asked again.
            recovery.absent_at.clear();
        }
        moved
    }

    /// Keeps what was said about this number and goes to the next.
    fn recovery_moves(&mut self, said: Asked, now: Timestamp) -> Result<(), DbError> {
        let Some(series) = self.recovery.as_ref().map(|recovery| recovery.series) else {
            return Ok(());
        };
        self.db
            .write("go on through an old series", |tx| tx.old_epochs().asked(series, said, now))?;
        self.recovery = Recovery::next(&self.db, now)?;
        if self.recovery.is_none() {
            self.revision += 1;
        }
        Ok(())
    }

    fn recover(
        &mut self,
        channel: ChannelId,
        no: &OutTradeNo,
        payment: Payment,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let Some(line) = self.lines.get(&channel) else {
            return Ok(());
        };
        let timetable = line.channel.timetable();
        // More than an attempt may ask is nothing of ours, whatever its number says.
        let Some(amount) = Charge::new(payment.amount.get()) else {
            return Ok(());
        };
        let paid_at = payment.paid_at.unwrap_or(now);
        self.db.write("recover a sale", |tx| {
            if tx.attempts().find(no)?.is_some() {
                return Ok(());
            }
            let intent_id = format!("recovered:{no}");
            let order_no = tx.orders().next_order_no();
            let order = Order::new(order_no, intent_id, amount.fen(), paid_at);
            tx.orders().insert(&order, &note(now, "order_recovered", amount.to_string()))?;
            let intent = Intent {
                out_trade_no: no.clone(),
                order_no: order.no,
                channel,
                flow: Flow::Scan,
                amount,
            };
            let step = Attempt::recovered(intent, payment, paid_at, &timetable);
            let noted = note(now, "attempt_recovered", amount.to_string());
            tx.attempts().insert(&step.attempt, &noted)?;
            if let Some(finding) = &step.finding {
                let noted = note(now, "finding", amount.to_string());
                tx.findings().insert(finding, &step.attempt, &noted)?;
            }
            Ok(())
        })?;
        self.revision += 1;
        Ok(())
    }
}
