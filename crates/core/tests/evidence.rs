//! M14: evidence about one truth gives one end, in whatever order and however often it comes.
//!
//! A small channel has a history: when it came to know the trade, what became of it, whether our
//! reversal reached it. Every question asked at some moment of that history is evidence, and so are
//! the notice and the answers to our own calls. They are shuffled, repeated and mixed with silence.

#![expect(clippy::unwrap_used, reason = "a test may")]

use mianfu_core::attempt::{Attempt, Effect, Event, FollowUp, Intent, Phase};
use mianfu_core::channel::{ChannelId, Closing, Flow, Payment, Reversal, Timetable, Verdict};
use mianfu_core::money::{Charge, Fen, Timestamp};
use mianfu_core::number::{OrderNo, OutTradeNo};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

/// What became of the trade, and in which second of the channel's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// The submit never reached the channel.
    Absent,
    /// The submit was turned away.
    Declined,
    Paid {
        at: u32,
    },
    Closed {
        at: u32,
    },
}

/// One trade as the channel lived it. Seconds count from the submit's arrival.
#[derive(Debug, Clone, Copy)]
struct History {
    flow: Flow,
    fate: Fate,
    /// When our reversal arrived, if it ever did.
    reversed_at: Option<u32>,
}

/// The last second of a history; by then everything is decided.
const END: u32 = 30;

impl History {
    /// What the channel says to a query in that second.
    fn told(self, second: u32) -> Verdict {
        let reversed = self.reversed_at.is_some_and(|at| at <= second);
        match self.fate {
            Fate::Absent | Fate::Declined => Verdict::NotExist,
            Fate::Paid { at } if at <= second && reversed => Verdict::Returned,
            Fate::Paid { at } if at <= second => Verdict::Paid(payment()),
            Fate::Closed { at } if at <= second => Verdict::Closed,
            Fate::Paid { .. } | Fate::Closed { .. } if reversed => Verdict::Closed,
            Fate::Paid { .. } | Fate::Closed { .. } => Verdict::Waiting,
        }
    }

    /// What it says to our submit, were the answer written in that second.
    fn answered(self, second: u32) -> Option<Verdict> {
        match (self.fate, self.flow) {
            (Fate::Absent, _) => None,
            (Fate::Declined, _) => Some(Verdict::Declined { reason: "balance".to_owned() }),
            (Fate::Paid { .. } | Fate::Closed { .. }, Flow::Show) => {
                Some(Verdict::Code { content: "code".to_owned() })
            }
            (Fate::Paid { .. } | Fate::Closed { .. }, Flow::Scan) => Some(self.told(second)),
        }
    }

    fn reversal(self) -> Option<Reversal> {
        let at = self.reversed_at?;
        Some(match self.fate {
            Fate::Absent | Fate::Declined => Reversal::FoundNothing,
            Fate::Paid { at: paid } if paid <= at => Reversal::Returned,
            Fate::Paid { .. } | Fate::Closed { .. } => Reversal::Closed,
        })
    }

    /// Everything that can be heard of this history. The last question is asked at its end.
    fn evidence(self, asked: &[u32]) -> Vec<Event> {
        let mut heard: Vec<Event> = asked.iter().map(|at| Event::Told(self.told(*at))).collect();
        heard.push(Event::Told(self.told(END)));
        heard.extend(self.answered(asked[0]).map(Event::Answered));
        heard.extend(self.reversal().map(Event::ReversalTold));
        if let Fate::Paid { .. } = self.fate {
            heard.push(Event::Notified(Verdict::Paid(payment())));
        }
        heard
    }
}

/// The end that the history means, as `paid`, `returned` or `unpaid`.
fn name(end: &Phase) -> &'static str {
    match end {
        Phase::Paid { payment } if payment.transaction_no == "T1" => "paid",
        Phase::Paid { .. } => "paid by another trade",
        Phase::Returned => "returned",
        Phase::Declined { .. } | Phase::Closed { .. } => "unpaid",
        Phase::Held { .. } => "held",
        Phase::Parked
        | Phase::Submitting
        | Phase::Waiting
        | Phase::Asking { .. }
        | Phase::Closing
        | Phase::Reversing
        | Phase::Unseen
        | Phase::Refunding { .. } => "open",
    }
}

/// Feeds events a tenth of a second apart and counts the refunds that they ask for.
fn feed(mut attempt: Attempt, from: Timestamp, events: Vec<Event>) -> (Attempt, usize) {
    let mut refunds = 0;
    for (nth, event) in (1..).zip(events) {
        let step = attempt.step(event, from.plus_ms(nth * 100), &Timetable::ALIPAY);
        refunds += usize::from(matches!(step.follow_up, Some(FollowUp::Refund { .. })));
        attempt = step.attempt;
    }
    (attempt, refunds)
}

/// Any order, each up to three times, mixed with what says nothing.
fn shuffled(heard: Vec<Event>, noise: Vec<Event>) -> impl Strategy<Value = Vec<Event>> {
    let most = heard.len();
    let copies = prop::collection::vec(1..=3_usize, most);
    let noises = prop::collection::vec(prop::sample::select(noise), 0..6);
    (copies, noises)
        .prop_map(move |(copies, noises)| {
            let repeated = heard
                .iter()
                .zip(copies)
                .flat_map(|(event, copies)| std::iter::repeat_n(event.clone(), copies));
            repeated.chain(noises).collect::<Vec<Event>>()
        })
        .prop_shuffle()
}

fn asked() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(0..END, 1..5)
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        (0..END).prop_map(|at| Fate::Paid { at }),
        (0..END).prop_map(|at| Fate::Closed { at }),
    ]
}

fn flow() -> impl Strategy<Value = Flow> {
    prop_oneof![Just(Flow::Scan), Just(Flow::Show)]
}

/// Silence says nothing, and neither do ticks, restarts and impatience.
fn noise(flow: Flow) -> Vec<Event> {
    let mut noise = vec![
        Event::Silent(Effect::Query),
        Event::Unreached(Effect::Query),
        Event::Tick,
        Event::AskedNow,
        Event::ReversalTold(Reversal::Again),
        Event::ReversalTold(Reversal::Done),
        Event::ClosingTold(Closing::Refused { reason: "no".to_owned() }),
        Event::Notified(Verdict::Waiting),
        Event::Told(Verdict::UnsignedNotExist),
        Event::Told(Verdict::UnsignedRefusal { reason: "no".to_owned() }),
    ];
    if flow == Flow::Scan {
        // A shown code would be lost with them and closed, which is another history.
        noise.extend([Event::Resumed, Event::Silent(Effect::Submit)]);
    }
    noise
}

fn bounded() -> Config {
    Config {
        cases: 400,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20_260_101),
        ..Config::default()
    }
}

proptest! {
    #![proptest_config(bounded())]

    #[test]
    fn m14_while_nobody_gives_up_every_order_gives_the_same_end(
        (history, events) in (flow(), fate(), asked()).prop_flat_map(|(flow, fate, asked)| {
            let history = History { flow, fate, reversed_at: None };
            (Just(history), shuffled(history.evidence(&asked), noise(flow)))
        })
    ) {
        let begun = begin(history.flow);
        let (attempt, refunds) = feed(begun, start(), events.clone());
        let expected = match history.fate {
            Fate::Paid { .. } => "paid",
            Fate::Closed { .. } | Fate::Absent | Fate::Declined => "unpaid",
        };
        prop_assert_eq!(name(&attempt.phase), expected);
        prop_assert_eq!(refunds, 0);
        let (again, refunds) = feed(attempt.clone(), start(), events);
        prop_assert_eq!(again.phase, attempt.phase, "an end stays");
        prop_assert_eq!(refunds, 0);
    }

    #[test]
    fn m14_a_declined_submit_ends_declined_whatever_else_is_heard(
        (asked, repeats) in (asked(), 1..4_usize)
    ) {
        let history = History { flow: Flow::Scan, fate: Fate::Declined, reversed_at: None };
        let mut events: Vec<Event> = asked.iter().map(|at| Event::Told(history.told(*at))).collect();
        events.extend(history.answered(0).map(Event::Answered));
        events.extend(std::iter::repeat_n(Event::Told(history.told(END)), repeats));
        let (attempt, _) = feed(begin(Flow::Scan), start(), events);
        let declined = matches!(attempt.phase, Phase::Declined { .. });
        prop_assert!(declined, "{:?}", attempt.phase);
    }

    #[test]
    fn m14_after_a_reversal_has_left_every_order_gives_the_same_end(
        (history, events) in (flow(), fate(), 0..END, asked()).prop_flat_map(
            |(flow, fate, reversed_at, asked)| {
                let reversed_at = Some(reversed_at);
                let history = History { flow, fate, reversed_at };
                // A payment after the reversal found the trade gone: it never happened.
                let fate = match (fate, reversed_at) {
                    (Fate::Paid { at }, Some(reversed)) if reversed < at => Fate::Closed { at },
                    (fate, _) => fate,
                };
                let history = History { fate, ..history };
                (Just(history), shuffled(history.evidence(&asked), noise(flow)))
            }
        )
    ) {
        let reversing = reversing(history.flow);
        let (attempt, refunds) = feed(reversing, start().plus_ms(190_000), events.clone());
        let expected = match history.fate {
            Fate::Paid { .. } => "returned",
            Fate::Closed { .. } | Fate::Absent | Fate::Declined => "unpaid",
        };
        prop_assert_eq!(name(&attempt.phase), expected);
        prop_assert_eq!(refunds, 0);
        let (again, refunds) = feed(attempt.clone(), start().plus_ms(290_000), events);
        prop_assert_eq!(again.phase, attempt.phase, "an end stays");
        prop_assert_eq!(refunds, 0);
    }

    #[test]
    fn m16_unwanted_money_goes_back_once_whoever_tells_of_it(
        events in asked().prop_flat_map(|asked| {
            let history =
                History { flow: Flow::Scan, fate: Fate::Paid { at: 0 }, reversed_at: None };
            shuffled(history.evidence(&asked), noise(Flow::Scan))
        })
    ) {
        let cash = begin(Flow::Scan).step(Event::CashTaken, start(), &Timetable::ALIPAY);
        let (attempt, refunds) = feed(cash.attempt, start(), events.clone());
        let refunding = matches!(attempt.phase, Phase::Refunding { .. });
        prop_assert!(refunding, "{:?}", attempt.phase);
        prop_assert_eq!(refunds, 1);
        let (attempt, refunds) = feed(attempt, start(), vec![Event::RefundConfirmed]);
        prop_assert_eq!(name(&attempt.phase), "returned");
        let (attempt, again) = feed(attempt, start(), events);
        prop_assert_eq!(name(&attempt.phase), "returned");
        prop_assert_eq!(refunds + again, 0);
    }

    #[test]
    fn m9_what_never_arrived_ends_unpaid_and_not_before_the_code_died(
        (early, late) in (asked(), asked()).prop_flat_map(|(early, late)| {
            let history =
                History { flow: Flow::Scan, fate: Fate::Absent, reversed_at: Some(0) };
            let quiet = vec![Event::Silent(Effect::Reverse), Event::Tick];
            (
                shuffled(history.evidence(&early), quiet.clone()),
                shuffled(history.evidence(&late), quiet),
            )
        })
    ) {
        let (waiting, _) = feed(reversing_soon(), start().plus_ms(61_000), early);
        prop_assert_eq!(name(&waiting.phase), "open", "a slow submit may still arrive");
        let (ended, refunds) = feed(waiting, start().plus_ms(75_000), late);
        prop_assert_eq!(name(&ended.phase), "unpaid");
        prop_assert_eq!(refunds, 0);
    }
}

fn start() -> Timestamp {
    Timestamp(1_800_000_000_000)
}

fn payment() -> Payment {
    Payment {
        amount: Fen::new(1_250).unwrap(),
        transaction_no: "T1".to_owned(),
        paid_at: Some(start().plus_ms(1_000)),
        payer: None,
        some_back: false,
    }
}

fn begin(flow: Flow) -> Attempt {
    let intent = Intent {
        out_trade_no: OutTradeNo::new("9000001001000000010000000001").unwrap(),
        order_no: OrderNo(1),
        channel: ChannelId::Alipay,
        flow,
        amount: Charge::new(1_250).unwrap(),
    };
    Attempt::begin(intent, start(), &Timetable::ALIPAY).attempt
}

/// An attempt whose reversal has left at its limit, on a query that found no trade.
fn reversing(flow: Flow) -> Attempt {
    reverse(begin(flow), start().plus_ms(180_000))
}

/// A scan reversed before its code's life was over.
fn reversing_soon() -> Attempt {
    reverse(begin(Flow::Scan), start().plus_ms(60_000))
}

fn reverse(attempt: Attempt, at: Timestamp) -> Attempt {
    let asked = attempt.step(Event::Tick, at, &Timetable::ALIPAY);
    assert_eq!(asked.effect, Some(Effect::Query));
    let reversed = asked.attempt.step(Event::Told(Verdict::NotExist), at, &Timetable::ALIPAY);
    assert_eq!(reversed.effect, Some(Effect::Reverse));
    reversed.attempt
}
