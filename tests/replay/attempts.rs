//! Every sequence of a few genuine words, fed to core's attempt.

use mianfu_core::attempt::{Attempt, Effect, Event, Finding, FollowUp, Phase};
use mianfu_core::channel::{ChannelId, Flow, Verdict};
use mianfu_core::money::Timestamp;

use crate::lives::{Life, live};
use crate::{Truth, Way};

/// How many words a sequence may have.
const LENGTH_MAX: usize = 5;
/// Between two words, in ms.
const WORD_MS: i64 = 50;
/// Steps that coming to rest may take.
const STEPS_MAX: u32 = 200;

#[test]
pub(crate) fn m14_any_order_of_genuine_words_ends_an_attempt_the_same() {
    let mut lives = 0;
    for way in Way::ALL {
        for truth in Truth::ALL.into_iter().filter(|truth| truth.may_be(way)) {
            let life = live(way, truth);
            let sequences = replay_all(&life, truth, &format!("{way:?} {truth:?}"));
            assert!(80 <= sequences, "{way:?} {truth:?}: only {sequences} sequences");
            lives += 1;
        }
    }
    assert_eq!(lives, 27);
}

/// Replays every sequence of the life's words, and returns how many there are.
fn replay_all(life: &Life, truth: Truth, name: &str) -> usize {
    let told = life.words.iter().any(|word| matches!(word, Event::Notified(Verdict::Paid(_))));
    assert_eq!(told, is_told(life, truth), "{name}: a notice of the payment");
    let mut sequences: Vec<Vec<usize>> = vec![Vec::new()];
    let mut next = 0;
    while next < sequences.len() {
        let sequence = sequences[next].clone();
        next += 1;
        let ended = replay(life, &sequence);
        let words: Vec<&Event> = sequence.iter().map(|place| &life.words[*place]).collect();
        assert!(
            same(&ended.attempt.phase, &life.end.phase),
            "{name}: {words:?} ends {:?} and not {:?}",
            ended.attempt.phase,
            life.end.phase
        );
        let back = match truth {
            Truth::Late | Truth::Cash => 1,
            Truth::Paid
            | Truth::GivenBackInPart
            | Truth::GivenBack
            | Truth::Cancelled
            | Truth::Overtaken
            | Truth::NeverScanned => 0,
        };
        // An old "not paid" lets a reversal leave in the refund's place.
        let by_reversal = u32::from(truth == Truth::Cash && ended.reversed);
        assert_eq!(
            ended.refunds + by_reversal,
            back,
            "{name}: {words:?}: what goes back by itself"
        );
        assert_eq!(ended.attempt.late_money, truth == Truth::Late, "{name}: {words:?}");
        for finding in &ended.findings {
            assert!(allows(truth, finding), "{name}: {words:?}: {finding:?}");
        }
        let late = ended.findings.iter().filter(|finding| **finding == Finding::LateMoney).count();
        assert!(late <= 1, "{name}: {words:?}: told of late money {late} times");
        if sequence.len() < LENGTH_MAX {
            sequences.extend((0..life.words.len()).map(|word| [&sequence[..], &[word]].concat()));
        }
    }
    sequences.len()
}

/// Says whether the channel tells of a payment: Alipay of each, WeChat Pay of a shown code's.
fn is_told(life: &Life, truth: Truth) -> bool {
    let paid = !matches!(truth, Truth::Cancelled | Truth::NeverScanned);
    paid && (life.start.flow == Flow::Show || life.start.channel == ChannelId::Alipay)
}

/// Says whether two ends are one: of a payment its number counts, whoever told of it; where no money
/// moved, the channel's reason may not have been heard.
fn same(one: &Phase, other: &Phase) -> bool {
    let unpaid = |phase: &Phase| matches!(phase, Phase::Closed { .. } | Phase::Declined { .. });
    if unpaid(one) && unpaid(other) {
        return true;
    }
    if let (Phase::Paid { payment }, Phase::Paid { payment: other }) = (one, other) {
        return payment.transaction_no == other.transaction_no;
    }
    one == other
}

/// Says what the manager may be told: late money, and that a question's old answer contradicts an
/// end that came after it.
fn allows(truth: Truth, finding: &Finding) -> bool {
    match truth {
        Truth::GivenBack => *finding == Finding::Contradicted { said: "returned" },
        Truth::Overtaken | Truth::Cash => *finding == Finding::Contradicted { said: "paid" },
        Truth::Late => *finding == Finding::LateMoney,
        Truth::Paid | Truth::GivenBackInPart | Truth::Cancelled | Truth::NeverScanned => false,
    }
}

/// What came of a sequence.
struct Ended {
    attempt: Attempt,
    refunds: u32,
    reversed: bool,
    findings: Vec<Finding>,
}

/// Somebody who hears a sequence.
struct Hearing<'l> {
    life: &'l Life,
    attempt: Attempt,
    now: Timestamp,
    refunds: u32,
    /// Whether a reversal has been answered in rest.
    reversed: bool,
    /// Questions after the end that are still to be asked.
    asks: u32,
    findings: Vec<Finding>,
}

fn replay(life: &Life, sequence: &[usize]) -> Ended {
    let Life { start, now, asks, .. } = life;
    let (attempt, now, asks, findings) = (start.clone(), *now, *asks, Vec::new());
    let mut hearing = Hearing { life, attempt, now, refunds: 0, reversed: false, asks, findings };
    for place in sequence {
        hearing.now = hearing.now.plus_ms(WORD_MS);
        hearing.take(life.words[*place].clone());
    }
    hearing.rest();
    for word in life.words.iter().filter(|word| matches!(word, Event::Notified(_))) {
        hearing.take(word.clone());
        hearing.rest();
    }
    let Hearing { attempt, refunds, reversed, findings, .. } = hearing;
    Ended { attempt, refunds, reversed, findings }
}

impl Hearing<'_> {
    /// Takes a word. What it makes leave is answered by other words, or once there is rest.
    fn take(&mut self, event: Event) -> Option<Effect> {
        let step = self.attempt.clone().step(event, self.now, &self.life.timetable);
        self.attempt = step.attempt;
        self.findings.extend(step.finding);
        match step.follow_up {
            Some(FollowUp::Refund { .. }) => self.refunds += 1,
            Some(FollowUp::AskAt(_)) => self.asks += 1,
            None => (),
        }
        step.effect
    }

    /// Nothing is lost any more, and every question is answered.
    fn rest(&mut self) {
        for _ in 0..STEPS_MAX {
            let mut effect = None;
            if let Phase::Refunding { .. } = self.attempt.phase {
                self.take(Event::RefundConfirmed);
            } else if let Some(at) = self.attempt.poll_at {
                self.now = self.now.max(at);
                effect = self.take(Event::Tick);
            } else if 0 < self.asks {
                self.asks -= 1;
                effect = Some(Effect::Query);
            } else {
                return;
            }
            while let Some(call) = effect {
                self.now = self.now.plus_ms(WORD_MS);
                let last = &self.life.last;
                self.reversed |= call == Effect::Reverse;
                let told = match call {
                    Effect::Query if self.reversed && last.reversed.is_some() => &last.reversed,
                    Effect::Query => &last.query,
                    Effect::Reverse => &last.reverse,
                    Effect::Close => &last.close,
                    Effect::Submit => panic!("a charge leaves again"),
                };
                let told = told.clone();
                let unprovoked = || panic!("{call:?} leaves unprovoked: {:?}", self.attempt);
                effect = self.take(told.unwrap_or_else(unprovoked));
            }
        }
        panic!("it does not come to rest: {:?}", self.attempt);
    }
}
