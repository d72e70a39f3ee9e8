//! Money going back: each intent kept once, sent with one number until the channel confirms it.

use mianfu_core::attempt::{Attempt, COPIED, Event, Finding, Phase};
use mianfu_core::channel::{RefundAnswer, RefundVerdict, Timetable};
use mianfu_core::money::{Fen, Timestamp};
use mianfu_core::mutant;
use mianfu_core::number::OutTradeNo;
use mianfu_core::refund::{
    self, Refund, RefundCause, RefundEffect, RefundEvent, RefundId, RefundIntent, RefundPhase,
    RefundStep,
};
use mianfu_db::{DbError, Lane, Operation, OperationKind, Tx, Versioned};
use mianfu_gateway::{Answer, Call, CallError, Keys};

use crate::cashier::{acknowledge, keep_late_ask, keep_rest, note};
use crate::people::{Approved, Outlived, RefundWish};
use crate::till::{Till, TillError};
use crate::worker::What;

/// A refund's call to hand out once its step is kept.
pub(crate) type HandOut = (RefundId, RefundEffect);

/// Why a refund was not begun. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum RefundRefusal {
    /// Nothing to give back.
    #[error("the amount must be at least one fen")]
    NoAmount,
    /// The attempt was not paid, or not yet.
    #[error("attempt `{out_trade_no}` is not paid")]
    NotPaid {
        /// The attempt.
        out_trade_no: OutTradeNo,
    },
    /// The channel that took the money is not set up at this till.
    #[error("the channel of attempt `{out_trade_no}` is not set up here")]
    NoChannel {
        /// The attempt.
        out_trade_no: OutTradeNo,
    },
    /// More than is left of what was paid.
    #[error("more than is left of attempt `{out_trade_no}`")]
    AboveCeiling {
        /// The attempt.
        out_trade_no: OutTradeNo,
    },
    /// The intent was used for another amount.
    #[error("the confirmed refund was of another amount")]
    IntentUsed,
    /// The manager's word is too old.
    #[error("the refund was not approved in time")]
    Outlived(#[from] Outlived),
    /// The database would not keep it.
    #[error("the refund could not be kept")]
    Db(#[from] DbError),
}

/// Keeps a refund inside the caller's transaction; the ceiling is the database's.
pub(crate) fn keep_refund(
    tx: &Tx<'_>,
    attempt: &Attempt,
    amount: Fen,
    why: RefundCause,
    now: Timestamp,
) -> Result<Option<HandOut>, DbError> {
    let intent = RefundIntent {
        id: tx.refunds().next_id(),
        out_trade_no: attempt.out_trade_no.clone(),
        order_no: attempt.order_no,
        amount,
        why,
        known: tx.refunds().known_of(&attempt.out_trade_no)?,
    };
    let step = Refund::begin(intent, now);
    tx.refunds().insert(&step.refund, &note(now, "refund_kept", amount.to_string()))?;
    keep_operation(tx, &step, now)?;
    Ok(step.effect.map(|effect| (step.refund.id, effect)))
}

/// Keeps the row of the queue that says what a refund waits for.
fn keep_operation(tx: &Tx<'_>, step: &RefundStep, now: Timestamp) -> Result<(), DbError> {
    let refund = &step.refund;
    let key = operation_key(refund.id);
    if refund.is_final() {
        return acknowledge(tx, &key);
    }
    tx.queue().put(&Operation {
        key: key.clone(),
        kind: match refund.phase {
            RefundPhase::Sending | RefundPhase::Wedged { .. } => OperationKind::Refund,
            RefundPhase::Counting
            | RefundPhase::Asking
            | RefundPhase::Done { .. }
            | RefundPhase::Refused { .. }
            | RefundPhase::Held => OperationKind::RefundQuery,
        },
        lane: Lane::Background,
        order_no: Some(refund.order_no),
        out_trade_no: Some(refund.out_trade_no.clone()),
        refund_id: Some(refund.id),
        kept_at: now,
        next_at: refund.next_at.unwrap_or(now),
        tries: 0,
        wedged: None,
    })?;
    if let RefundPhase::Wedged { reason } = &refund.phase {
        tx.queue().wedge(&key, reason)?;
    } else {
        tx.queue().unwedge(&key, refund.next_at.unwrap_or(now))?;
    }
    Ok(())
}

fn operation_key(id: RefundId) -> String {
    format!("refund/{}", id.0)
}

impl<K: Keys> Till<K> {
    /// Gives money of a paid attempt back with a manager's word for it.
    ///
    /// # Errors
    ///
    /// As [`Till::refund`], and a word that is too old; nothing was sent then.
    pub fn refund_approved(
        &mut self,
        approved: Approved<RefundWish>,
        now: Timestamp,
    ) -> Result<RefundId, RefundRefusal> {
        let (wish, by) = approved.take(now)?;
        self.refund(&wish, by, now)
    }

    /// Gives money of a paid attempt back. The number is counted at the channel first, so that two
    /// tills collide instead of refunding twice (M20). The same intent again returns the refund it
    /// made.
    ///
    /// Who may ask is the caller's to have settled: a counter asks through
    /// [`Till::refund_approved`].
    ///
    /// # Errors
    ///
    /// Refuses what was not paid and what is above the ceiling; nothing was sent then.
    pub fn refund(
        &mut self,
        wish: &RefundWish,
        by: &str,
        now: Timestamp,
    ) -> Result<RefundId, RefundRefusal> {
        let RefundWish { no, amount, intent_id } = wish;
        let amount = *amount;
        if let Some(kept) = self.db.read().refunds().by_intent(no, intent_id)?
            && !mutant::planted("m20_intent_forgotten")
        {
            let same = kept.value.amount == amount;
            return if same { Ok(kept.value.id) } else { Err(RefundRefusal::IntentUsed) };
        }
        if amount == Fen::ZERO {
            return Err(RefundRefusal::NoAmount);
        }
        let attempt = self.db.read().attempts().get(no)?.value;
        if !attempt.holds_money() {
            return Err(RefundRefusal::NotPaid { out_trade_no: no.clone() });
        }
        if !self.lines.contains_key(&attempt.channel) {
            return Err(RefundRefusal::NoChannel { out_trade_no: no.clone() });
        }
        let cause = RefundCause::Person { by: by.to_owned(), intent_id: intent_id.clone() };
        let kept =
            self.db.write("keep a refund", |tx| keep_refund(tx, &attempt, amount, cause, now));
        let handed = match kept {
            Ok(Some(handed)) => handed,
            Ok(None) => return Err(RefundRefusal::NotPaid { out_trade_no: no.clone() }),
            Err(DbError::CeilingReached { .. }) => {
                return Err(RefundRefusal::AboveCeiling { out_trade_no: no.clone() });
            }
            Err(error) => return Err(error.into()),
        };
        self.hand_out_refund(handed.0, handed.1, now);
        self.revision += 1;
        Ok(handed.0)
    }

    /// Tries a wedged refund again, with the same number.
    ///
    /// # Errors
    ///
    /// The refund must be this till's, and the step must be kept.
    pub fn try_refund_again(&mut self, id: RefundId, now: Timestamp) -> Result<(), TillError> {
        self.step_refund(id, RefundEvent::TriedAgain, now)?;
        Ok(())
    }

    /// Hands a refund's call out where its lane has room; else it is due again soon.
    pub(crate) fn hand_out_refund(&mut self, id: RefundId, effect: RefundEffect, now: Timestamp) {
        if 0 < self.calls.background_room() {
            self.calls.hand_out(What::Refund { id, effect }, now);
        }
    }

    pub(crate) fn compose_refund(&mut self, id: RefundId, effect: RefundEffect) -> Option<Call> {
        let refund = self.db.read().refunds().get(id).ok()?.value;
        let refund_no = refund.refund_no()?;
        let out_trade_no = refund.out_trade_no;
        Some(match effect {
            RefundEffect::Refund => {
                let of = self.db.read().attempts().get(&out_trade_no).ok()?.value.amount;
                Call::Refund { out_trade_no, refund_no, amount: refund.amount, of }
            }
            RefundEffect::Query => Call::RefundQuery { out_trade_no, refund_no },
        })
    }

    pub(crate) fn refund_answered(
        &mut self,
        id: RefundId,
        effect: RefundEffect,
        answer: Result<Answer, CallError>,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let of = format!("refund {}", id.0);
        let event = match (effect, answer) {
            (
                RefundEffect::Refund,
                Ok(Answer::Refund(RefundVerdict::UnsignedRefusal { reason })),
            ) if self.unsigned.is_enough(&of, now) => {
                RefundEvent::Answered(RefundVerdict::Refused { reason })
            }
            (RefundEffect::Refund, Ok(Answer::Refund(verdict))) => {
                if !matches!(verdict, RefundVerdict::UnsignedRefusal { .. }) {
                    self.unsigned.forget(&of);
                }
                RefundEvent::Answered(verdict)
            }
            (RefundEffect::Query, Ok(Answer::RefundQuery(answer))) => RefundEvent::Told(answer),
            (RefundEffect::Refund, Err(error)) if error.proves_unsent() => RefundEvent::Unreached,
            (
                RefundEffect::Refund | RefundEffect::Query,
                Ok(
                    Answer::Told(_)
                    | Answer::Reversal(_)
                    | Answer::Closing(_)
                    | Answer::Refund(_)
                    | Answer::RefundQuery(_)
                    | Answer::Proven,
                )
                | Err(_),
            ) => RefundEvent::Silent,
        };
        if let RefundEvent::Told(RefundAnswer::Done { amount }) = event {
            self.learn_of_another(id, amount, now)?;
        }
        let taken = event == RefundEvent::Told(RefundAnswer::NotExist) && self.is_taken_here(id)?;
        let event = if taken { RefundEvent::Told(RefundAnswer::Waiting) } else { event };
        self.step_refund(id, event, now)
    }

    /// The number being counted is a refund that the channel has made and this database does not
    /// know: made by another till, or here before a restore. It is kept with a finding, so that what
    /// is left is what the channel has left; the one being counted ends where that is too little.
    fn learn_of_another(
        &mut self,
        id: RefundId,
        amount: Fen,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let counting = self.db.read().refunds().get(id)?.value;
        if counting.is_final()
            || counting.minted
            || amount == Fen::ZERO
            || self.is_taken_here(id)?
            || mutant::planted("m20_a_refund_elsewhere_is_passed_over")
        {
            return Ok(());
        }
        let no = &counting.out_trade_no;
        let attempt = self.db.read().attempts().get(no)?.value;
        let refunds = self.refunds_of(no)?;
        let left = refund::refundable(&attempt, &refunds);
        if left < amount {
            self.step_refund(id, RefundEvent::NotLeft, now)?;
        }
        let kept = self.db.write("keep a refund made elsewhere", |tx| {
            let other = counting.elsewhere(tx.refunds().next_id(), amount, now);
            tx.refunds().insert(&other, &note(now, "refund_found", amount.to_string()))?;
            let noted = note(now, "finding", amount.to_string());
            tx.findings().insert(&Finding::ReturnedByOthers, &attempt, &noted)?;
            Ok(())
        });
        self.revision += 1;
        match kept {
            // Others that wait here leave no room for it; the channel's own ceiling stands.
            Err(DbError::CeilingReached { .. }) => Ok(()),
            kept => kept,
        }
    }

    /// Says whether the number being counted belongs to another intent of this database, which the
    /// channel has not heard of yet: one on its way, or one that waits for a person. The counting
    /// goes on past it, as past one that is under way at the channel (M20).
    fn is_taken_here(&self, id: RefundId) -> Result<bool, DbError> {
        let refund = self.db.read().refunds().get(id)?.value;
        let siblings = self.db.read().refunds().of_attempt(&refund.out_trade_no)?;
        Ok(!refund.minted
            && siblings.iter().map(|kept| &kept.value).any(|other| {
                other.id != id && other.minted && other.nth == refund.nth && other.counts()
            }))
    }

    /// Says whether an attempt waits for its money to go back and no refund of it is on its way: then
    /// the channel's word that all of it went back is about what else took it back.
    pub(crate) fn waits_for_no_refund(&self, no: &OutTradeNo) -> Result<bool, DbError> {
        let attempt = self.db.read().attempts().get(no)?.value;
        let refunds = self.db.read().refunds().of_attempt(no)?;
        let none_open = refunds.iter().all(|kept| kept.value.is_final());
        Ok(matches!(attempt.phase, Phase::Refunding { .. }) && none_open)
    }

    /// Keeps one step of a refund; a confirmed one ends the attempt that waits for it.
    pub(crate) fn step_refund(
        &mut self,
        id: RefundId,
        event: RefundEvent,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let kept = self.db.read().refunds().get(id)?;
        let attempt = self.db.read().attempts().get(&kept.value.out_trade_no)?;
        let Some(line) = self.lines.get(&attempt.value.channel) else {
            return Ok(());
        };
        let timetable = line.channel.timetable();
        let (before, version) = (kept.value, kept.version);
        let step = before.clone().step(event, now, &timetable);
        if step.refund != before || step.effect.is_some() {
            let detail = phase_name(&step.refund.phase).to_owned();
            let waits = matches!(attempt.value.phase, Phase::Refunding { .. });
            let refused = matches!(step.refund.phase, RefundPhase::Refused { .. });
            let finding = found(&before, &step.refund);
            let ended = self.db.write("keep a refund's step", |tx| {
                tx.refunds().update(&step.refund, version, &note(now, "refund_step", detail))?;
                keep_operation(tx, &step, now)?;
                if let Some(finding) = finding {
                    let noted = note(now, "finding", format!("{finding:?}"));
                    tx.findings().insert(&finding, &attempt.value, &noted)?;
                }
                // The channel may have refused it because a reversal came late and took all of it back.
                if waits && refused && !mutant::planted("m12_refusal_is_not_asked_about") {
                    keep_late_ask(tx, &attempt.value, now, now)?;
                }
                // One commit: nothing would end the attempt after a power cut between two.
                let ends = waits
                    && is_all_back(tx, &attempt.value)?
                    && !mutant::planted("m16_refund_ends_nothing");
                if ends {
                    confirm(tx, attempt, now, &timetable)?;
                }
                Ok(ends)
            })?;
            if ended {
                self.calls.outlive(&step.refund.out_trade_no);
            }
            self.revision += 1;
        }
        if let Some(effect) = step.effect {
            self.hand_out_refund(id, effect, now);
        }
        Ok(())
    }
}

/// What the manager must see of a step: a number that carries another amount, and a refund that a
/// copied database leaves to the till it came from.
fn found(before: &Refund, after: &Refund) -> Option<Finding> {
    match &after.phase {
        _ if before.is_final() => None,
        RefundPhase::Held if mutant::planted("m20_held_is_told_to_nobody") => None,
        RefundPhase::Held => Some(Finding::RefundHeld),
        RefundPhase::Refused { reason } if reason == COPIED => Some(Finding::Copied),
        RefundPhase::Refused { .. }
        | RefundPhase::Counting
        | RefundPhase::Sending
        | RefundPhase::Asking
        | RefundPhase::Wedged { .. }
        | RefundPhase::Done { .. } => None,
    }
}

/// Says whether confirmed refunds cover the whole attempt: a rule's own, or those that people
/// began after the channel refused it.
fn is_all_back(tx: &Tx<'_>, attempt: &Attempt) -> Result<bool, DbError> {
    let refunds = tx.refunds().of_attempt(&attempt.out_trade_no)?;
    let back = refunds
        .iter()
        .filter(|kept| matches!(kept.value.phase, RefundPhase::Done { .. }))
        .try_fold(Fen::ZERO, |sum, kept| sum.checked_add(kept.value.amount));
    Ok(back == Some(attempt.amount.fen()))
}

/// Ends the attempt whose money has gone back.
fn confirm(
    tx: &Tx<'_>,
    attempt: Versioned<Attempt>,
    now: Timestamp,
    timetable: &Timetable,
) -> Result<(), DbError> {
    let step = attempt.value.step(Event::RefundConfirmed, now, timetable);
    let detail = format!("{:?}", step.attempt.screen());
    let noted = note(now, "refund_confirmed", detail);
    tx.attempts().update(&step.attempt, attempt.version, &noted)?;
    keep_rest(tx, &step, now)?;
    Ok(())
}

/// Returns the phase's name in logs and on the wire to the window.
#[must_use]
pub fn phase_name(phase: &RefundPhase) -> &'static str {
    match phase {
        RefundPhase::Counting => "counting",
        RefundPhase::Sending => "sending",
        RefundPhase::Asking => "asking",
        RefundPhase::Wedged { .. } => "wedged",
        RefundPhase::Done { .. } => "done",
        RefundPhase::Refused { .. } => "refused",
        RefundPhase::Held => "held",
    }
}
