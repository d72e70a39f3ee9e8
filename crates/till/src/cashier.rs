//! The cashier drives attempts: it keeps each step, then acts on it.
//!
//! The order of operations, and nothing else: read the attempt, let core decide, keep the step with
//! everything that belongs to it in one transaction, and only then hand out the call.

use mianfu_core::attempt::{Attempt, ClosedHow, Effect, Event, Finding, FollowUp, Phase, Step};
use mianfu_core::money::{Fen, Timestamp};
use mianfu_core::mutant;
use mianfu_core::number::OutTradeNo;
use mianfu_core::refund::{RefundCause, RefundPhase};
use mianfu_db::{
    DbError, FindingKind, KeptFinding, Lane, Note, Operation, OperationKind, Tx, Versioned,
};
use mianfu_gateway::Keys;

use crate::hearing::LearntBy;
use crate::people::{Approved, GoodsGiven, Outlived};
use crate::refunds;
use crate::till::{Till, TillError};
use crate::worker::{What, effect_operation};

/// Open attempts looked at when a new sale asks whether it may begin.
pub(crate) const OPEN_MAX: u32 = 200;

/// Why goods are not said to be gone (M17). Nothing was kept.
#[derive(Debug, thiserror::Error)]
pub enum GoodsRefusal {
    /// A reversal has left, so only the channel decides.
    #[error("a reversal of attempt `{out_trade_no}` has left")]
    ReversalLeft {
        /// The attempt.
        out_trade_no: OutTradeNo,
    },
    /// It has ended, never left, or cash took its place.
    #[error("attempt `{out_trade_no}` waits for no answer about goods")]
    NotOpen {
        /// The attempt.
        out_trade_no: OutTradeNo,
    },
    /// The manager's word is too old.
    #[error("it was not approved in time")]
    Outlived(#[from] Outlived),
    /// The till.
    #[error("it could not be kept")]
    Till(#[from] TillError),
}

impl<K: Keys> Till<K> {
    /// The cashier cancels: ask first, and only a fresh "not paid" reverses (M5, M6).
    ///
    /// # Errors
    ///
    /// The number must be one of this till's, and the step must be kept.
    pub fn cancel(&mut self, no: &OutTradeNo, now: Timestamp) -> Result<(), TillError> {
        self.tell(no, Event::Cancelled, now)
    }

    /// Asks the channel at once: did the customer pay?
    ///
    /// # Errors
    ///
    /// The number must be one of this till's, and the step must be kept.
    pub fn ask_now(&mut self, no: &OutTradeNo, now: Timestamp) -> Result<(), TillError> {
        self.tell(no, Event::AskedNow, now)
    }

    /// Gives a customer who is typing a little longer (再等 30 秒), once.
    ///
    /// # Errors
    ///
    /// The number must be one of this till's and its customer typing, and the step must be kept.
    pub fn wait_longer(&mut self, no: &OutTradeNo, now: Timestamp) -> Result<(), TillError> {
        if !self.db.read().attempts().get(no)?.value.may_wait_longer() {
            return Err(TillError::NoLonger { out_trade_no: no.clone() });
        }
        self.tell(no, Event::WaitedLonger, now)
    }

    /// Says with a manager's word that the goods are gone (M17).
    ///
    /// # Errors
    ///
    /// Refuses once a reversal has left, or where nothing is waited for.
    pub fn goods_given(
        &mut self,
        approved: Approved<GoodsGiven>,
        now: Timestamp,
    ) -> Result<(), GoodsRefusal> {
        let (GoodsGiven { no }, by) = approved.take(now)?;
        self.goods_gone(&no, by, now)
    }

    /// A person says that the goods are gone (M17). Who may is the caller's to have settled: a
    /// counter says it through [`Till::goods_given`].
    ///
    /// # Errors
    ///
    /// Refuses once a reversal has left, or where nothing is waited for.
    pub fn goods_gone(
        &mut self,
        no: &OutTradeNo,
        by: &str,
        now: Timestamp,
    ) -> Result<(), GoodsRefusal> {
        let attempt = self.db.read().attempts().get(no).map_err(TillError::from)?.value;
        if attempt.may_mark_goods_gone() {
            return Ok(self.tell(no, Event::GoodsGone { by: by.to_owned() }, now)?);
        }
        let out_trade_no = no.clone();
        if attempt.is_live() && attempt.reversal_left_at.is_some() {
            return Err(GoodsRefusal::ReversalLeft { out_trade_no });
        }
        Err(GoodsRefusal::NotOpen { out_trade_no })
    }

    fn tell(&mut self, no: &OutTradeNo, event: Event, now: Timestamp) -> Result<(), TillError> {
        self.keep_drawn();
        self.step(no, event, now, None)?;
        Ok(())
    }

    /// Keeps one step of an attempt, then hands out its call. `done` names the operation that the
    /// event answers.
    pub(crate) fn step(
        &mut self,
        no: &OutTradeNo,
        event: Event,
        now: Timestamp,
        done: Option<&str>,
    ) -> Result<(), DbError> {
        self.step_with(no, event, now, done, |_| Ok(()))
    }

    pub(crate) fn step_with(
        &mut self,
        no: &OutTradeNo,
        event: Event,
        now: Timestamp,
        done: Option<&str>,
        also: impl FnOnce(&Tx<'_>) -> Result<(), DbError>,
    ) -> Result<(), DbError> {
        let _span = tracing::info_span!("attempt", out_trade_no = %no).entered();
        let kept = self.db.read().attempts().get(no)?;
        let Some(timetable) = self.timetable(kept.value.channel) else {
            return Ok(());
        };
        let heard = event_name(&event);
        let by = learnt_by(&event);
        let Versioned { value: before, version } = kept;
        let mut step = before.clone().step(event, now, &timetable);
        if self.refunds_explain(&step)? || self.is_told_already(&step)? {
            step.finding = None;
        }
        self.ask_no_earlier(&before, &mut step, now);
        self.leave_what_is_elsewhere(&mut step)?;
        let idle = step.attempt == before
            && step.effect.is_none()
            && step.finding.is_none()
            && step.follow_up.is_none()
            && done.is_none();
        if idle {
            return Ok(());
        }
        let mut hand_out_refund = None;
        let kept = self.db.write("keep a step", |tx| {
            if step.attempt != before {
                let detail = format!("{:?}", step.attempt.screen());
                tx.attempts().update(&step.attempt, version, &note(now, heard, detail))?;
            }
            if let Some(done) = done {
                acknowledge(tx, done)?;
            }
            if let Some(effect) = step.effect {
                tx.queue().put(&effect_operation(&step.attempt, effect, now))?;
            }
            hand_out_refund = keep_rest(tx, &step, now)?;
            also(tx)
        });
        if !mutant::planted("law1_leaves_unkept") {
            kept?;
        }
        if step.attempt != before || step.finding.is_some() {
            self.revision += 1;
            tracing::info!(heard, screen = ?step.attempt.screen(), "step kept");
        }
        self.note_delay(&before, &step.attempt, by, now);
        if let Some(effect) = step.effect {
            self.hand_out(no, effect, now);
        }
        if let Some((id, effect)) = hand_out_refund {
            self.hand_out_refund(id, effect, now);
        }
        if step.attempt.is_final() {
            self.auth_codes.remove(no);
            self.calls.outlive(no);
        }
        if matches!(step.attempt.phase, Phase::Closed { how: ClosedHow::NeverSent }) {
            // The channel has not seen the code, so the customer may hold it out again.
            self.used_codes.retain(|used| used.no != *no);
        }
        Ok(())
    }

    /// A refund of ours of the whole amount reads as closed or returned at the channel; that is no
    /// contradiction.
    fn refunds_explain(&self, step: &Step) -> Result<bool, DbError> {
        let Some(Finding::Contradicted { said: "closed" | "returned" }) = &step.finding else {
            return Ok(false);
        };
        let refunds = self.db.read().refunds().of_attempt(&step.attempt.out_trade_no)?;
        let back = refunds
            .iter()
            .filter(|kept| matches!(kept.value.phase, RefundPhase::Done { .. }))
            .try_fold(Fen::ZERO, |sum, kept| sum.checked_add(kept.value.amount));
        Ok(back == Some(step.attempt.amount.fen()))
    }

    /// Says whether the manager has this contradiction before them already: whoever brings an old
    /// notice a thousand times makes one finding.
    fn is_told_already(&self, step: &Step) -> Result<bool, DbError> {
        let Some(Finding::Contradicted { said }) = &step.finding else {
            return Ok(false);
        };
        let open = self.db.read().findings().open(OPEN_MAX)?;
        let same = |finding: &KeptFinding| {
            finding.kind == FindingKind::Contradicted
                && finding.out_trade_no == step.attempt.out_trade_no
                && finding.said == *said
        };
        Ok(open.iter().any(same) && !mutant::planted("law7_each_answer_contradicts"))
    }

    pub(crate) fn hand_out(&mut self, no: &OutTradeNo, effect: Effect, now: Timestamp) {
        self.calls.hand_out(What::Attempt { no: no.clone(), effect }, now);
    }
}

/// Keeps a step's finding and follow-up; returns the refund call to hand out after the commit.
pub(crate) fn keep_rest(
    tx: &Tx<'_>,
    step: &Step,
    now: Timestamp,
) -> Result<Option<refunds::HandOut>, DbError> {
    let attempt = &step.attempt;
    if let Some(finding) = &step.finding {
        let detail = format!("{finding:?}");
        tx.findings().insert(finding, attempt, &note(now, "finding", detail))?;
    }
    match &step.follow_up {
        None => Ok(None),
        Some(FollowUp::AskAt(at)) => {
            keep_late_ask(tx, attempt, *at, now)?;
            Ok(None)
        }
        Some(FollowUp::Refund { why }) => {
            let cause = RefundCause::Rule(*why);
            refunds::keep_refund(tx, attempt, attempt.amount.fen(), cause, now)
        }
    }
}

/// Keeps that the channel is to be asked once more about an attempt that asks no more by itself.
pub(crate) fn keep_late_ask(
    tx: &Tx<'_>,
    attempt: &Attempt,
    at: Timestamp,
    now: Timestamp,
) -> Result<(), DbError> {
    tx.queue().put(&Operation {
        key: format!("{}/late_ask/{}", attempt.out_trade_no, at.0),
        kind: OperationKind::LateAsk,
        lane: Lane::Background,
        order_no: Some(attempt.order_no),
        out_trade_no: Some(attempt.out_trade_no.clone()),
        refund_id: None,
        kept_at: now,
        next_at: at,
        tries: 0,
        wedged: None,
    })
}

/// Takes a row out of the queue, if it is still there: a call may be answered after the attempt
/// ended by other evidence and its rows were cleared.
pub(crate) fn acknowledge(tx: &Tx<'_>, key: &str) -> Result<(), DbError> {
    match tx.queue().get(key)? {
        Some(_) => tx.queue().done(key),
        None => Ok(()),
    }
}

/// Returns the note that an event leaves in the log.
pub(crate) fn note(at: Timestamp, kind: &'static str, detail: String) -> Note {
    Note { at, kind, detail }
}

fn learnt_by(event: &Event) -> LearntBy {
    if matches!(event, Event::Notified(_)) { LearntBy::Notice } else { LearntBy::Asking }
}

fn event_name(event: &Event) -> &'static str {
    match event {
        Event::Answered(_) => "submit_answered",
        Event::Told(_) => "query_answered",
        Event::Notified(_) => "notice_came",
        Event::ReversalTold(_) => "reversal_answered",
        Event::ClosingTold(_) => "close_answered",
        Event::Unreached(_) => "never_left",
        Event::Silent(_) => "no_answer",
        Event::Withheld => "reversal_withheld",
        Event::Cancelled => "cancelled",
        Event::AskedNow => "asked_now",
        Event::CashTaken => "cash_instead",
        Event::GoodsGone { .. } => "goods_gone",
        Event::WaitedLonger => "waited_longer",
        Event::RefundConfirmed => "refund_confirmed",
        Event::Tick => "time_passed",
        Event::Resumed => "resumed",
        Event::Restored => "restored",
        Event::Copied => "copied",
    }
}
