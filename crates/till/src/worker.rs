//! Calls to channels, lane by lane.
//!
//! A call is handed out only after its step was kept. Lanes have their own permits: certainty
//! (query, reverse, close) can never be starved by charges, nor either by background work. That one
//! leaves tokens to the others and waits in the database, not here: its lane takes a few at a time.

mod compose;
mod heard;
mod keys;
mod outlived;
mod regained;
pub(crate) mod unsigned;
mod withheld;

use std::collections::{BTreeMap, VecDeque};

use mianfu_core::attempt::{Attempt, Effect, Event};
use mianfu_core::channel::{ChannelId, Flow, Payment, Verdict};
use mianfu_core::money::{Charge, Timestamp};
use mianfu_core::mutant;
use mianfu_core::number::OutTradeNo;
use mianfu_core::refund::{RefundEffect, RefundId};
use mianfu_db::{DbError, Lane, Operation, OperationKind};
use mianfu_gateway::{Answer, Call, CallError, HttpReply, HttpRequest, Keys};

use crate::cashier::{OPEN_MAX, acknowledge};
use crate::till::{Drawn, Till, Trouble, TroubleKind};

/// Names a call of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallId(pub u64);

/// A call that may leave.
#[derive(Debug)]
pub struct Outgoing {
    /// Names it; the answer comes back under this name.
    pub id: CallId,
    /// Where to.
    pub channel: ChannelId,
    /// What to send.
    pub request: HttpRequest,
}

/// What a call is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// An attempt's own call.
    Attempt { no: OutTradeNo, effect: Effect },
    /// A refund's call.
    Refund { id: RefundId, effect: RefundEffect },
    /// One more question about an attempt that has ended.
    LateAsk { no: OutTradeNo, key: String },
    /// A harmless question, to see a signed answer (M4) and to keep the connection warm.
    Probe { channel: ChannelId },
    /// A reversal of the number of harmless questions, to see that reversals are let in.
    ProveReversal { channel: ChannelId },
    /// A question about a number that a restored database may not know (M15).
    Recover { channel: ChannelId, no: OutTradeNo },
    /// The question for the keys that the channel signs with.
    Keys { channel: ChannelId },
}

impl What {
    /// Returns the attempt the call is about, where it is about one.
    fn out_trade_no(&self) -> Option<&OutTradeNo> {
        match self {
            What::Attempt { no, .. } | What::LateAsk { no, .. } | What::Recover { no, .. } => {
                Some(no)
            }
            What::Refund { .. }
            | What::Probe { .. }
            | What::ProveReversal { .. }
            | What::Keys { .. } => None,
        }
    }

    fn lane(&self) -> Lane {
        if mutant::planted("law7_one_lane_for_all") {
            return Lane::Charge;
        }
        match self {
            What::Attempt { effect: Effect::Submit, .. } => Lane::Charge,
            What::Attempt { effect: Effect::Query | Effect::Reverse | Effect::Close, .. } => {
                Lane::Certainty
            }
            What::Probe { .. } | What::ProveReversal { .. } | What::Keys { .. } => Lane::Certainty,
            What::Refund { .. } | What::LateAsk { .. } | What::Recover { .. } => Lane::Background,
        }
    }
}

struct Waiting {
    what: What,
    kept_at: Timestamp,
    /// What a submit is composed from, where its attempt was kept by this process. The schema lets
    /// nothing of it change.
    sale: Option<Kept>,
}

/// What a submit says, and where it goes.
#[derive(Debug, Clone)]
struct Kept {
    channel: ChannelId,
    flow: Flow,
    amount: Charge,
    expires_at: Option<Timestamp>,
}

impl Kept {
    fn of(attempt: &Attempt) -> Kept {
        let Attempt { channel, flow, amount, expires_at, .. } = *attempt;
        Kept { channel, flow, amount, expires_at }
    }
}

struct Open {
    what: What,
    call: Call,
    channel: ChannelId,
    flow: Flow,
    left_at: Timestamp,
    /// Whether the attempt has ended since it left.
    outlived: bool,
}

/// Calls handed out, waiting for a permit or for their answer.
#[derive(Default)]
pub(crate) struct Calls {
    waiting: BTreeMap<Lane, VecDeque<Waiting>>,
    open: BTreeMap<CallId, Open>,
    /// The open questions for keys.
    for_keys: BTreeMap<CallId, ChannelId>,
    next_id: u64,
    /// When the next token is there, where one was missing.
    token_at: Option<Timestamp>,
}

impl Calls {
    /// Puts a call in its lane, unless the same call waits or is open already.
    pub(crate) fn hand_out(&mut self, what: What, now: Timestamp) {
        self.push(what, now, None);
    }

    /// Puts a call about an attempt that was kept a moment ago in its lane.
    pub(crate) fn hand_out_kept(&mut self, attempt: &Attempt, effect: Effect, now: Timestamp) {
        let what = What::Attempt { no: attempt.out_trade_no.clone(), effect };
        self.push(what, now, Some(Kept::of(attempt)));
    }

    fn push(&mut self, what: What, now: Timestamp, sale: Option<Kept>) {
        let lane = self.waiting.entry(what.lane()).or_default();
        let twice = lane.iter().any(|waiting| waiting.what == what)
            || self.open.values().any(|open| open.what == what);
        if !twice {
            lane.push_back(Waiting { what, kept_at: now, sale });
        }
    }

    /// Says whether the call of this row waits or is open.
    fn holds(&self, key: &str) -> bool {
        let waiting = self.waiting.values().flatten().map(|waiting| &waiting.what);
        let open = self.open.values().map(|open| &open.what);
        waiting.chain(open).any(|what| match what {
            What::Attempt { no, effect } => effect_key(no, *effect) == key,
            What::Refund { .. }
            | What::LateAsk { .. }
            | What::Probe { .. }
            | What::ProveReversal { .. }
            | What::Recover { .. }
            | What::Keys { .. } => false,
        })
    }

    fn next_id(&mut self) -> CallId {
        let id = CallId(self.next_id);
        self.next_id += 1;
        id
    }

    fn taken_in(&self, lane: Lane) -> usize {
        self.open.values().filter(|open| open.what.lane() == lane).count()
    }

    /// Returns how many calls wait or are open.
    pub(crate) fn count(&self) -> usize {
        self.open.len()
            + self.for_keys.len()
            + self.waiting.values().map(VecDeque::len).sum::<usize>()
    }

    /// Returns how many more calls its lane takes from background work.
    pub(crate) fn background_room(&self) -> usize {
        let waiting = self.waiting.get(&Lane::Background).map_or(0, VecDeque::len);
        BACKGROUND_WAITING_MAX.saturating_sub(waiting)
    }

    pub(crate) fn token_at(&self) -> Option<Timestamp> {
        self.token_at
    }

    pub(crate) fn any_waiting(&self) -> bool {
        self.waiting.values().any(|lane| !lane.is_empty())
    }
}

/// Background calls that wait for a permit at a time; more are due in the database, oldest first.
const BACKGROUND_WAITING_MAX: usize = 8;
/// Tokens that background work leaves, so that a sale finds its own while a long queue drains.
const TOKENS_LEFT: u32 = 8;

/// How many calls of a lane may be open at once.
pub(crate) fn permits(lane: Lane) -> usize {
    match lane {
        Lane::Certainty => 8,
        Lane::Charge => 4,
        Lane::Background => 2,
    }
}

/// Returns the row that says: this call is kept and not yet answered.
pub(crate) fn effect_operation(attempt: &Attempt, effect: Effect, now: Timestamp) -> Operation {
    let (kind, lane) = match effect {
        Effect::Submit => (OperationKind::Submit, Lane::Charge),
        Effect::Query => (OperationKind::Query, Lane::Certainty),
        Effect::Reverse => (OperationKind::Reverse, Lane::Certainty),
        Effect::Close => (OperationKind::Close, Lane::Certainty),
    };
    Operation {
        key: effect_key(&attempt.out_trade_no, effect),
        kind,
        lane,
        order_no: Some(attempt.order_no),
        out_trade_no: Some(attempt.out_trade_no.clone()),
        refund_id: None,
        kept_at: now,
        next_at: now,
        tries: 0,
        wedged: None,
    }
}

fn effect_key(no: &OutTradeNo, effect: Effect) -> String {
    let name = match effect {
        Effect::Submit => "submit",
        Effect::Query => "query",
        Effect::Reverse => "reverse",
        Effect::Close => "close",
    };
    format!("{no}/{name}")
}

impl<K: Keys> Till<K> {
    /// Returns the calls that may leave now. Each was kept before; a reversal whose "not paid" has
    /// grown too old does not leave (M6).
    pub fn take_calls(&mut self, now: Timestamp) -> Vec<Outgoing> {
        self.keep_drawn();
        let mut outgoing = Vec::new();
        self.calls.token_at = None;
        for lane in [Lane::Certainty, Lane::Charge, Lane::Background] {
            while self.calls.taken_in(lane) < permits(lane) {
                let Some(waiting) = self.calls.waiting.entry(lane).or_default().pop_front() else {
                    break;
                };
                match self.leave(waiting, now) {
                    Ok(Some(call)) => outgoing.push(call),
                    Ok(None) => (),
                    Err(waiting) => {
                        self.calls.waiting.entry(lane).or_default().push_front(waiting);
                        break;
                    }
                }
            }
        }
        outgoing
    }

    /// Lets one call leave; gives it back where the channel may not be called yet.
    fn leave(&mut self, waiting: Waiting, now: Timestamp) -> Result<Option<Outgoing>, Waiting> {
        let kept = waiting.sale.as_ref().map(|kept| kept.channel);
        let Some(channel) = kept.or_else(|| self.channel_of(&waiting.what)) else {
            return Ok(None);
        };
        if self.is_withheld(&waiting, channel, now) {
            return Ok(None);
        }
        if mutant::planted("m1_code_lost_in_the_lane") {
            drop(self.compose(&waiting, channel));
        }
        let Some(line) = self.lines.get_mut(&channel) else {
            return Ok(None);
        };
        // Before the call is composed: a customer's code is given to one composed call only.
        let left = if waiting.what.lane() == Lane::Background { TOKENS_LEFT } else { 0 };
        if let Err(at) = line.bucket.take_leaving(now, left) {
            self.calls.token_at = Some(self.calls.token_at.map_or(at, |other| other.min(at)));
            return Err(waiting);
        }
        line.last_call_at = Some(now);
        let stamp = line.stamp(now);
        if let What::Keys { channel } = waiting.what {
            return Ok(self.leave_for_keys(channel, stamp));
        }
        let Some((call, flow)) = self.compose(&waiting, channel) else {
            self.drop_row(&waiting.what, now);
            return Ok(None);
        };
        let Some(line) = self.lines.get(&channel) else {
            return Ok(None);
        };
        let request = line.channel.encode(&call, flow, stamp);
        let id = self.calls.next_id();
        let what = waiting.what;
        let open = Open { what, call, channel, flow, left_at: now, outlived: false };
        self.calls.open.insert(id, open);
        Ok(Some(Outgoing { id, channel, request }))
    }

    /// Returns the channel that a call goes to.
    fn channel_of(&self, what: &What) -> Option<ChannelId> {
        let of_attempt = |no| Some(self.db.read().attempts().get(no).ok()?.value.channel);
        match what {
            What::Attempt { no, .. } | What::LateAsk { no, .. } => of_attempt(no),
            What::Refund { id, .. } => {
                of_attempt(&self.db.read().refunds().get(*id).ok()?.value.out_trade_no)
            }
            What::Probe { channel }
            | What::ProveReversal { channel }
            | What::Recover { channel, .. }
            | What::Keys { channel } => Some(*channel),
        }
    }

    /// Takes the answer to a call, or why there is none, and keeps what follows from it.
    pub fn answered(&mut self, id: CallId, result: Result<HttpReply, CallError>, now: Timestamp) {
        self.keep_drawn();
        if let Some(channel) = self.calls.for_keys.remove(&id) {
            let kept = self.keys_answered(channel, result, now);
            self.note_trouble(kept, now);
            return;
        }
        let Some(open) = self.calls.open.remove(&id) else {
            return;
        };
        let no = open.what.out_trade_no();
        let _span = no.map(|no| tracing::info_span!("attempt", out_trade_no = %no).entered());
        let (channel, was_silent) = (open.channel, self.is_silent(open.channel));
        let answer = self.decode(&open, result, now);
        let regained = was_silent && !self.is_silent(channel);
        if let Err(error) = &answer {
            let what = &open.what;
            tracing::warn!(?what, error = %chain(error), "no usable answer");
        }
        if let (
            What::Attempt { no, effect: Effect::Submit },
            Ok(Answer::Told(Verdict::Code { content })),
        ) = (&open.what, &answer)
        {
            self.drawn.push(Drawn { no: no.clone(), content: content.clone(), at: now });
            self.revision += 1;
            return;
        }
        if self.is_of_before(&open, &answer) {
            self.drop_row(&open.what, now);
            return;
        }
        let kept = match open.what {
            What::Attempt { no, effect } => self.attempt_answered(&no, effect, answer, now),
            What::Refund { id, effect } => self.refund_answered(id, effect, answer, now),
            What::LateAsk { no, key } => self.late_ask_answered(&no, &key, answer, now),
            What::Probe { channel } => {
                if let Ok(Answer::Proven) = answer {
                    self.prove_reversal(channel, now);
                }
                Ok(())
            }
            What::ProveReversal { channel } => {
                self.reversal_tried(channel, answer);
                Ok(())
            }
            What::Recover { channel, no } => self.recovery_answered(channel, &no, answer, now),
            What::Keys { .. } => Ok(()),
        };
        let kept = match kept {
            Ok(()) if regained => self.ask_what_is_open(channel, now),
            kept => kept,
        };
        self.note_trouble(kept, now);
    }

    /// Keeps the codes that came, in the commit that follows their drawing.
    pub(crate) fn keep_drawn(&mut self) {
        for drawn in std::mem::take(&mut self.drawn) {
            if mutant::planted("m8_code_not_kept") {
                continue;
            }
            let event = Event::Answered(Verdict::Code { content: drawn.content });
            let key = effect_key(&drawn.no, Effect::Submit);
            let kept = self.step(&drawn.no, event, drawn.at, Some(&key));
            self.note_trouble(kept, drawn.at);
        }
    }

    /// Returns an attempt as it will be kept, its fresh code included.
    pub(crate) fn with_drawn(&self, attempt: Attempt, now: Timestamp) -> Attempt {
        let drawn = self.drawn.iter().find(|drawn| drawn.no == attempt.out_trade_no);
        let (Some(drawn), Some(timetable)) = (drawn, self.timetable(attempt.channel)) else {
            return attempt;
        };
        let event = Event::Answered(Verdict::Code { content: drawn.content.clone() });
        attempt.step(event, now, &timetable).attempt
    }

    fn attempt_answered(
        &mut self,
        no: &OutTradeNo,
        effect: Effect,
        answer: Result<Answer, CallError>,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let answer = match answer {
            Ok(Answer::Told(verdict @ Verdict::Paid(_))) => {
                let kept_at = self.db.read().attempts().get(no)?.value.kept_at;
                Ok(Answer::Told(comparable(verdict, kept_at, now)))
            }
            answer => answer,
        };
        let event = match (effect, answer) {
            (Effect::Submit, Ok(Answer::Told(verdict))) => Event::Answered(verdict),
            (Effect::Query, Ok(Answer::Told(verdict))) => Event::Told(verdict),
            (Effect::Reverse, Ok(Answer::Reversal(reversal))) => Event::ReversalTold(reversal),
            (Effect::Close, Ok(Answer::Closing(closing))) => Event::ClosingTold(closing),
            (effect, Err(error)) if error.proves_unsent() || is_misread(&error) => {
                Event::Unreached(effect)
            }
            (
                effect,
                Ok(
                    Answer::Told(_)
                    | Answer::Reversal(_)
                    | Answer::Closing(_)
                    | Answer::Refund(_)
                    | Answer::RefundQuery(_)
                    | Answer::Proven,
                )
                | Err(_),
            ) => Event::Silent(effect),
        };
        if mutant::planted("m2_silence_resends") && event == Event::Silent(Effect::Submit) {
            self.hand_out(no, Effect::Submit, now);
        }
        self.step(no, event, now, Some(&effect_key(no, effect)))
    }

    fn late_ask_answered(
        &mut self,
        no: &OutTradeNo,
        key: &str,
        answer: Result<Answer, CallError>,
        now: Timestamp,
    ) -> Result<(), DbError> {
        match answer {
            Ok(Answer::Told(Verdict::UnsignedNotExist)) if self.unsigned.is_enough(key, now) => {
                self.db.write("drop a question", |tx| acknowledge(tx, key))
            }
            Ok(Answer::Told(Verdict::UnsignedNotExist | Verdict::UnsignedRefusal { .. }))
            | Err(_) => {
                let tries = self.db.read().queue().get(key)?.map_or(0, |row| row.tries);
                let wait = self.jitter.backoff_ms(tries + 1, 300_000);
                self.db.write("ask again later", |tx| tx.queue().retry(key, now.plus_ms(wait)))
            }
            Ok(Answer::Told(Verdict::Returned)) if self.waits_for_no_refund(no)? => {
                self.step(no, Event::RefundConfirmed, now, Some(key))
            }
            Ok(Answer::Told(verdict)) => self.step(no, Event::Told(verdict), now, Some(key)),
            Ok(
                Answer::Reversal(_)
                | Answer::Closing(_)
                | Answer::Refund(_)
                | Answer::RefundQuery(_)
                | Answer::Proven,
            ) => Ok(()),
        }
    }

    /// Drops the rows of calls that were answered while nothing could be kept. What they were about
    /// is asked again by its own wake-up.
    fn forget_lost_calls(&mut self) -> Result<(), DbError> {
        let rows = self.db.read().queue().calls(OPEN_MAX * 4)?;
        let lost: Vec<&str> =
            rows.iter().map(|row| row.key.as_str()).filter(|key| !self.calls.holds(key)).collect();
        if lost.is_empty() {
            return Ok(());
        }
        self.db
            .write("forget lost calls", |tx| lost.iter().try_for_each(|key| acknowledge(tx, key)))
    }

    /// Notes that a step could not be kept, or that one was kept again.
    pub(crate) fn note_trouble(&mut self, kept: Result<(), DbError>, now: Timestamp) {
        let kept = match kept {
            Ok(()) if self.trouble.is_some() => self.forget_lost_calls(),
            kept => kept,
        };
        let Err(error) = kept else {
            if self.trouble.take().is_some() {
                self.revision += 1;
            }
            return;
        };
        tracing::error!(error = %chain(&error), "a step could not be kept");
        let tries = self.trouble.as_ref().map_or(0, |trouble| trouble.tries) + 1;
        let wait = self.jitter.backoff_ms(tries, 30_000);
        self.trouble = Some(Trouble {
            kind: TroubleKind::of(&error),
            at: now,
            retry_at: now.plus_ms(wait),
            tries,
        });
        self.revision += 1;
    }
}

/// Says whether a planted bug takes this for the proof that nothing left.
fn is_misread(error: &CallError) -> bool {
    let bug = match error {
        CallError::Unreachable { .. } => return false,
        CallError::TimedOut { .. } => "m1_a_timeout_never_left",
        CallError::Broken { .. } => "m1_a_broken_connection_never_left",
        CallError::Status { .. } => "m1_an_error_page_never_left",
        CallError::TooLarge { .. } | CallError::Unreadable { .. } => "m1_half_an_answer_never_left",
        CallError::BadSignature | CallError::UnsignedRefusal { .. } => {
            "m1_a_wrong_signature_never_left"
        }
    };
    mutant::planted(bug) || mutant::planted("m1_silence_is_never_left")
}

/// Takes the pay time out of an answer about an attempt that was kept under another clock: one set
/// back since then would make an honest payment look older than its sale (M13).
pub(crate) fn comparable(verdict: Verdict, kept_at: Timestamp, now: Timestamp) -> Verdict {
    let by_another = now < kept_at && !mutant::planted("m13_pay_time_of_another_clock");
    if let (true, Verdict::Paid(payment)) = (by_another, &verdict) {
        return Verdict::Paid(Payment { paid_at: None, ..payment.clone() });
    }
    verdict
}

/// Prints an error with all its sources: `outer: inner: root`.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}
