//! Every event in every state an attempt can reach, and from each of them a way to an end.
//!
//! The timetable is small, in steps of [`UNIT_MS`], and times are kept relative to the present and
//! clipped where no rule looks any further. So the states are finite, and the walk goes on until
//! no event leads to a state it has not seen: far beyond any depth a person would choose.

mod state;

use std::collections::BTreeMap;

use super::tests::{at, closing, intent, paid, reversal, verdict};
use super::*;
use crate::channel::UnscannedEnd;
use state::{Key, clipped, shifted};

const UNIT_MS: i64 = 10_000;

/// Alipay's shape in few steps. The ten seconds that M10 fixes are one of them.
const ALIPAY: Timetable = Timetable {
    first_query_ms: UNIT_MS,
    query_every_ms: UNIT_MS,
    show_every_ms: UNIT_MS,
    heard_every_ms: UNIT_MS,
    query_open_ms: UNIT_MS,
    submit_open_ms: UNIT_MS,
    scan_limit_ms: 2 * UNIT_MS,
    longer_ms: UNIT_MS,
    show_life_ms: 2 * UNIT_MS,
    parked_limit_ms: UNIT_MS,
    parked_retry_ms: UNIT_MS,
    reverse_not_before_ms: 0,
    reverse_fresh_ms: UNIT_MS,
    reverse_retry_ms: UNIT_MS,
    unseen_ms: 2 * UNIT_MS,
    unseen_every_ms: UNIT_MS,
    reverse_until_ms: OLDEST * UNIT_MS,
    late_ask_ms: UNIT_MS,
    expiry_ask_ms: UNIT_MS,
    slow_ask_ms: UNIT_MS,
    refund_query_ms: UNIT_MS,
    refund_spacing_ms: UNIT_MS,
    backoff_max_ms: UNIT_MS,
    unscanned_end: UnscannedEnd::Reverse,
};

/// WeChat Pay's shape: a reversal must wait, and what nobody scanned is closed.
const WECHAT: Timetable =
    Timetable { reverse_not_before_ms: UNIT_MS, unscanned_end: UnscannedEnd::Close, ..ALIPAY };

/// The age in units from which no rule looks at a time any more.
const OLDEST: i64 = 3;

/// Events in a row without a new state or an end, were the channel to answer at once.
const STEPS_MAX: u32 = 40;

#[test]
pub(crate) fn every_event_in_every_state_of_a_scan_keeps_the_rules() {
    Walk::new(Flow::Scan, ALIPAY).check();
}

#[test]
pub(crate) fn every_event_in_every_state_of_a_shown_code_keeps_the_rules() {
    Walk::new(Flow::Show, ALIPAY).check();
}

#[test]
fn every_event_in_every_state_keeps_the_rules_where_a_reversal_must_wait() {
    Walk::new(Flow::Scan, WECHAT).check();
}

#[test]
fn every_event_in_every_state_keeps_the_rules_where_unscanned_codes_are_closed() {
    Walk::new(Flow::Show, WECHAT).check();
}

/// The states found so far, each at the same present moment.
struct Walk {
    timetable: Timetable,
    known: BTreeMap<Key, usize>,
    states: Vec<Attempt>,
    depths: Vec<u32>,
    /// From an outstanding call to the call that its answer makes leave at once.
    at_once: BTreeMap<(usize, Effect), Vec<(usize, Effect)>>,
}

impl Walk {
    fn new(flow: Flow, timetable: Timetable) -> Walk {
        let mut walk = Walk {
            timetable,
            known: BTreeMap::new(),
            states: Vec::new(),
            depths: Vec::new(),
            at_once: BTreeMap::new(),
        };
        let begun = Attempt::begin(intent(flow), now(), &timetable);
        assert_eq!(begun.effect, Some(Effect::Submit));
        assert!(begun.attempt.sent_at.is_some() && begun.attempt.submit_open, "law 1");
        walk.note(begun.attempt, 0);
        walk
    }

    fn check(mut self) {
        let events = events();
        let mut next = 0;
        while next < self.states.len() {
            self.wait(next);
            for event in &events {
                self.take(next, event);
            }
            next += 1;
        }
        let depth = self.depths.iter().max().copied().unwrap();
        assert!(8 <= depth, "the walk ends at depth {depth}");
        self.check_no_hot_loop();
        self.check_liveness();
    }

    /// Time passes and nobody ticks.
    fn wait(&mut self, from: usize) {
        if !self.states[from].is_final() {
            let later = shifted(self.states[from].clone(), UNIT_MS);
            self.note(later, self.depths[from] + 1);
        }
    }

    fn take(&mut self, from: usize, event: &Event) {
        let before = &self.states[from];
        let step = before.clone().step(event.clone(), now(), &self.timetable);
        check_step(before, event, &step, &self.timetable);
        let due = step.attempt.poll_at.is_some_and(|at| at <= now());
        let (effect, kept) = (step.effect, step.attempt);
        let to = self.note(kept, self.depths[from] + 1);
        if let Some(asked) = answers(event) {
            let next = match effect {
                Some(effect) => Some((to, effect)),
                None if due => self.tick(to),
                None => None,
            };
            self.at_once.entry((from, asked)).or_default().extend(next);
        }
    }

    /// What leaves where a step is due again without time passing.
    fn tick(&mut self, from: usize) -> Option<(usize, Effect)> {
        let ticked = self.states[from].clone().step(Event::Tick, now(), &self.timetable);
        let effect = ticked.effect?;
        Some((self.note(ticked.attempt, self.depths[from] + 1), effect))
    }

    fn note(&mut self, attempt: Attempt, depth: u32) -> usize {
        let state = clipped(attempt);
        let key = Key::of(&state);
        if let Some(&at) = self.known.get(&key) {
            return at;
        }
        self.known.insert(key, self.states.len());
        self.states.push(state);
        self.depths.push(depth);
        self.states.len() - 1
    }

    /// No chain of answers that come at once makes the same calls again and again.
    fn check_no_hot_loop(&self) {
        // A call has been left for good once nothing that follows at once leads back to it.
        let mut left: BTreeMap<(usize, Effect), bool> = BTreeMap::new();
        for &start in self.at_once.keys() {
            let mut path = vec![(start, 0)];
            while let Some(&(call, nth)) = path.last() {
                let following = self.at_once.get(&call).map_or(&[][..], Vec::as_slice);
                if nth == 0 && left.get(&call) == Some(&true) {
                    path.pop();
                    continue;
                }
                let Some(&next) = following.get(nth) else {
                    left.insert(call, true);
                    path.pop();
                    continue;
                };
                left.insert(call, false);
                path.last_mut().unwrap().1 += 1;
                let state = &self.states[next.0];
                assert_ne!(left.get(&next), Some(&false), "a hot loop: {:?} in {state:?}", next.1);
                path.push((next, 0));
            }
        }
    }

    /// From every state a channel that behaves leads to the end that agrees with its truth.
    fn check_liveness(&mut self) {
        let mut ends: BTreeMap<(Key, Trade), (Phase, u32)> = BTreeMap::new();
        for state in &self.states {
            for trade in Trade::ALL {
                if trade.fits(state, &self.timetable) {
                    let (end, _) = lead(state, trade, &self.timetable, &mut ends);
                    assert!(trade.agrees(state, &end), "{trade:?} ends {end:?} from {state:?}");
                }
            }
        }
    }
}

/// What must hold of every step.
#[track_caller]
fn check_step(before: &Attempt, event: &Event, step: &Step, timetable: &Timetable) {
    let after = &step.attempt;
    let say = || format!("{event:?}\nbefore {before:?}\nafter {step:?}");
    assert_eq!(after.poll_at.is_none(), after.is_final(), "law 6: {}", say());
    if before.is_final() {
        assert_eq!(before.phase, after.phase, "law 5: {}", say());
        assert_eq!(step.effect, None, "an end calls nobody: {}", say());
    }
    let ended = after.is_final() && !before.is_final();
    let never_sent = after.phase == Phase::Closed { how: ClosedHow::NeverSent };
    if ended && never_sent {
        assert_eq!(after.sent_at, None, "M1: {}", say());
    }
    if ended && !never_sent {
        assert!(is_word(event), "law 2: {}", say());
    }
    if ended && *event == Event::Told(Verdict::UnsignedNotExist) {
        let known = is_known(before, timetable);
        assert!(!known && before.absent_at.is_some(), "M10: {}", say());
    }
    if ended && matches!(after.phase, Phase::Paid { .. }) {
        assert_eq!(after.reversal_left_at, None, "M7: {}", say());
        assert!(!after.unwanted, "M16: {}", say());
        let paid_at = payment(event).and_then(|payment| payment.paid_at);
        assert!(paid_at.is_some_and(|at| now().since_ms(at) <= 600_000), "M13: {}", say());
        assert_eq!(payment(event).map(|payment| payment.amount), Some(after.amount.fen()), "law 4");
    }
    if let Some(was) = before.reversal_left_at {
        assert_eq!(after.reversal_left_at, Some(was), "a reversal has left for good: {}", say());
    }
    if *event == Event::WaitedLonger {
        check_longer(before, step, timetable, &say());
    }
    match step.effect {
        Some(Effect::Submit) => {
            assert_eq!((event, &before.phase), (&Event::Tick, &Phase::Parked), "M2: {}", say());
            assert!(after.sent_at.is_some() && after.submit_open, "law 1: {}", say());
        }
        Some(Effect::Reverse) => check_reversal(before, event, timetable, &say()),
        Some(Effect::Close) => assert!(is_not_paid(event), "M8: {}", say()),
        Some(Effect::Query) | None => (),
    }
    if let Some(FollowUp::Refund { .. }) = &step.follow_up {
        let refunding = |attempt: &Attempt| matches!(attempt.phase, Phase::Refunding { .. });
        let first = !refunding(before) && !before.late_money;
        assert!(first && (refunding(after) || after.late_money), "one refund: {}", say());
    }
    if matches!(before.phase, Phase::Refunding { .. }) {
        let goes_on = matches!(after.phase, Phase::Refunding { .. } | Phase::Returned);
        assert!(goes_on, "money on its way back comes back: {}", say());
    }
}

/// Waiting longer moves the till's own limit once, and nothing else.
fn check_longer(before: &Attempt, step: &Step, timetable: &Timetable, say: &str) {
    assert_eq!((step.effect, &step.follow_up), (None, &None), "it calls nobody: {say}");
    let mut expected = before.clone();
    let typing = before.phase == Phase::Waiting && before.wedged.is_none();
    if typing && !before.waited_longer && before.flow == Flow::Scan {
        expected.limit_at = before.limit_at.plus_ms(timetable.longer_ms);
        expected.waited_longer = true;
    }
    assert_eq!(step.attempt, expected, "law 7: {say}");
}

fn check_reversal(before: &Attempt, event: &Event, timetable: &Timetable, say: &str) {
    assert!(!before.submit_open, "M6, while the submit is open: {say}");
    assert_eq!(before.goods_gone_by, None, "M17: {say}");
    let again = before.reversal_left_at.is_some()
        && matches!(event, Event::Told(Verdict::Paid(_)))
        && matches!(before.phase, Phase::Closing | Phase::Reversing | Phase::Unseen);
    assert!(again || is_not_paid(event), "M6: {say}");
    if before.reversal_left_at.is_none() {
        let allowed_at = before.sent_at.map(|sent| sent.plus_ms(timetable.reverse_not_before_ms));
        assert!(allowed_at.is_some_and(|at| at <= now()), "M6, too soon: {say}");
        assert!(before.flow == Flow::Scan || !before.scanned, "M8, scanned: {say}");
        let shown = before.flow == Flow::Show;
        assert!(!shown || timetable.unscanned_end == UnscannedEnd::Reverse, "M8: {say}");
    }
}

/// Whether the channel has said that it knows the trade.
fn is_known(attempt: &Attempt, timetable: &Timetable) -> bool {
    let by_show = attempt.scanned || timetable.has_trade_unscanned();
    attempt.seen && (attempt.flow == Flow::Scan || by_show)
}

/// Whether the event is a query's signed "not paid".
fn is_not_paid(event: &Event) -> bool {
    ["waiting", "not_exist", "declined_alive"]
        .into_iter()
        .any(|word| *event == Event::Told(verdict(word)))
}

/// Whether the event is the channel's own word.
fn is_word(event: &Event) -> bool {
    match event {
        Event::Answered(_)
        | Event::Told(_)
        | Event::Notified(_)
        | Event::ReversalTold(_)
        | Event::ClosingTold(_)
        | Event::RefundConfirmed => true,
        Event::Unreached(_)
        | Event::Silent(_)
        | Event::Withheld
        | Event::Cancelled
        | Event::AskedNow
        | Event::CashTaken
        | Event::GoodsGone { .. }
        | Event::WaitedLonger
        | Event::Tick
        | Event::Resumed
        | Event::Restored
        | Event::Copied => false,
    }
}

fn payment(event: &Event) -> Option<&Payment> {
    if let Event::Answered(Verdict::Paid(payment))
    | Event::Told(Verdict::Paid(payment))
    | Event::Notified(Verdict::Paid(payment)) = event
    {
        return Some(payment);
    }
    None
}

/// The call that the event answers, where it does.
fn answers(event: &Event) -> Option<Effect> {
    match event {
        Event::Answered(_) => Some(Effect::Submit),
        Event::Told(_) => Some(Effect::Query),
        Event::ReversalTold(_) => Some(Effect::Reverse),
        Event::ClosingTold(_) => Some(Effect::Close),
        Event::Unreached(effect) | Event::Silent(effect) => Some(*effect),
        // A reversal is withheld only after time has passed.
        Event::Withheld
        | Event::Notified(_)
        | Event::Cancelled
        | Event::AskedNow
        | Event::CashTaken
        | Event::GoodsGone { .. }
        | Event::WaitedLonger
        | Event::RefundConfirmed
        | Event::Tick
        | Event::Resumed
        | Event::Restored
        | Event::Copied => None,
    }
}

fn events() -> Vec<Event> {
    let verdicts = [
        "paid",
        "paid_125",
        "waiting",
        "not_exist",
        "code",
        "declined",
        "declined_alive",
        "closed",
        "returned",
        "already_paid",
        "unsigned_not_exist",
        "unsigned_refusal",
    ]
    .map(verdict);
    let early = Verdict::Paid(Payment { paid_at: Some(at(-400_000_000)), ..paid(1_250) });
    let reversals =
        ["closed", "returned", "done", "nothing", "again", "no_balance", "too_late", "refused"]
            .map(reversal);
    let closings = ["closed", "not_exist", "refused"].map(closing);
    let effects = [Effect::Submit, Effect::Query, Effect::Reverse, Effect::Close];
    let mut events = vec![
        Event::Withheld,
        Event::Cancelled,
        Event::AskedNow,
        Event::CashTaken,
        Event::GoodsGone { by: "Chen".to_owned() },
        Event::WaitedLonger,
        Event::RefundConfirmed,
        Event::Tick,
        Event::Resumed,
        Event::Restored,
        Event::Copied,
    ];
    for verdict in verdicts.into_iter().chain([early]) {
        events.push(Event::Answered(verdict.clone()));
        events.push(Event::Told(verdict.clone()));
        events.push(Event::Notified(verdict));
    }
    events.extend(reversals.map(Event::ReversalTold));
    events.extend(closings.map(Event::ClosingTold));
    events.extend(effects.map(Event::Unreached));
    events.extend(effects.map(Event::Silent));
    events
}

/// What a channel that behaves knows of the number from here on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Trade {
    /// It never came to know it.
    Never,
    /// The customer does not pay. It closes by itself only where we may not close it.
    Waiting,
    Paid,
    Closed,
    Returned,
}

impl Trade {
    const ALL: [Trade; 5] =
        [Trade::Never, Trade::Waiting, Trade::Paid, Trade::Closed, Trade::Returned];

    /// Whether such a trade may lie behind the attempt as it stands.
    fn fits(self, attempt: &Attempt, timetable: &Timetable) -> bool {
        let known = is_known(attempt, timetable);
        match self {
            _ if attempt.is_final() => false,
            Trade::Never => {
                let asked_for_ever = known && attempt.goods_gone_by.is_some();
                let refunding = matches!(attempt.phase, Phase::Refunding { .. });
                !asked_for_ever && !refunding
            }
            Trade::Paid => attempt.phase != Phase::Parked,
            Trade::Waiting | Trade::Closed | Trade::Returned => {
                !matches!(attempt.phase, Phase::Parked | Phase::Refunding { .. })
            }
        }
    }

    /// Whether an attempt that began so may end like this.
    fn agrees(self, attempt: &Attempt, end: &Phase) -> bool {
        let goes_back = attempt.unwanted
            || attempt.reversal_left_at.is_some()
            || matches!(attempt.phase, Phase::Refunding { .. });
        match self {
            Trade::Paid if !goes_back => matches!(end, Phase::Paid { .. }),
            Trade::Paid | Trade::Returned => *end == Phase::Returned,
            Trade::Never | Trade::Waiting | Trade::Closed => {
                matches!(end, Phase::Closed { .. } | Phase::Declined { .. })
            }
        }
    }

    fn answer(self, effect: Effect, gone: bool) -> (Event, Trade) {
        let told = |word: &str| Event::Told(verdict(word));
        let reversed = |word: &str| Event::ReversalTold(reversal(word));
        let closed = |word: &str| Event::ClosingTold(closing(word));
        match (effect, self) {
            (Effect::Submit, _) => (Event::Silent(Effect::Submit), self),
            (Effect::Query, Trade::Never) => (told("not_exist"), self),
            (Effect::Query, Trade::Waiting) if gone => (told("waiting"), Trade::Closed),
            (Effect::Query, Trade::Waiting) => (told("waiting"), self),
            (Effect::Query, Trade::Paid) => (told("paid"), self),
            (Effect::Query, Trade::Closed) => (told("closed"), self),
            (Effect::Query, Trade::Returned) => (told("returned"), self),
            (Effect::Reverse, Trade::Never) => (reversed("nothing"), self),
            (Effect::Reverse, Trade::Waiting | Trade::Closed) => {
                (reversed("closed"), Trade::Closed)
            }
            (Effect::Reverse, Trade::Paid | Trade::Returned) => {
                (reversed("returned"), Trade::Returned)
            }
            (Effect::Close, Trade::Never) => (closed("not_exist"), self),
            (Effect::Close, Trade::Waiting) => (closed("closed"), Trade::Closed),
            (Effect::Close, Trade::Paid | Trade::Closed | Trade::Returned) => {
                (closed("refused"), self)
            }
        }
    }
}

/// Leads the attempt to its end: it wakes when it wants to, and each call is answered at once.
fn lead(
    state: &Attempt,
    mut trade: Trade,
    timetable: &Timetable,
    ends: &mut BTreeMap<(Key, Trade), (Phase, u32)>,
) -> (Phase, u32) {
    let mut path = Vec::new();
    let mut state = state.clone();
    let (end, rest) = loop {
        if state.is_final() {
            break (state.phase, 0);
        }
        let at = (Key::of(&state), trade);
        if let Some((end, rest)) = ends.get(&at) {
            break (end.clone(), *rest);
        }
        assert!(path.len() <= STEPS_MAX as usize, "no end with {trade:?} from {state:?}");
        path.push(at);
        (state, trade) = wake(state, trade, timetable);
    };
    let length = u32::try_from(path.len()).unwrap();
    for (nth, at) in (0..).zip(path) {
        ends.insert(at, (end.clone(), rest + length - nth));
    }
    assert!(rest + length <= STEPS_MAX, "{} wake-ups to an end", rest + length);
    (end, rest + length)
}

fn wake(attempt: Attempt, mut trade: Trade, timetable: &Timetable) -> (Attempt, Trade) {
    let due_in_ms = attempt.poll_at.unwrap().since_ms(now()).max(0);
    let mut attempt = shifted(attempt, due_in_ms);
    let mut event = Event::Tick;
    if matches!(attempt.phase, Phase::Refunding { .. }) {
        (event, trade) = (Event::RefundConfirmed, Trade::Returned);
    }
    loop {
        let gone = attempt.goods_gone_by.is_some();
        let step = attempt.step(event, now(), timetable);
        attempt = step.attempt;
        let Some(effect) = step.effect else {
            return (clipped(attempt), trade);
        };
        (event, trade) = trade.answer(effect, gone);
    }
}

/// The present of every state.
fn now() -> Timestamp {
    at(0)
}
