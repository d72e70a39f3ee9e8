//! What each policy does when something happens to an attempt; pure, and no more than it publishes.

use mianfu_practice::truth::Told;

use super::Policy;
use crate::simulation::plan::Way;

/// Queries of a scan, and of a shown code, before the demo gives up.
const DEMO_QUERIES: [u32; 2] = [5, 24];
const DEMO_QUERY_MS: i64 = 5_000;
const DEMO_CANCELS: u32 = 3;
const DEMO_CANCEL_MS: i64 = 2_000;
const JEEPAY_JOB_MS: i64 = 600_000;
const JEEPAY_EXPIRY_MS: i64 = 7_200_000;
const FORCED_QUERY_MS: i64 = 5_000;
/// Without a result for so long: a scan, and a shown code.
const FORCED_GIVES_UP_MS: [i64; 2] = [60_000, 120_000];
const FORWARD_QUERY_MS: i64 = 5_000;
/// Queries of a scan before it is sent again, and of a shown code before it is given up.
const FORWARD_QUERIES: [u32; 2] = [12, 24];
const FORWARD_RESEND_MS: i64 = 30_000;
const FORWARD_SENDS: u32 = 5;

/// What the cashier reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// No result yet.
    Waiting,
    /// Paid, by the channel's word.
    Paid,
    /// Sold without the channel's word: forced by the cashier, or queued.
    Taken,
    /// Not paid; the sale may be charged again.
    Failed,
    /// No result, and none is waited for.
    Unknown,
}

/// What is asked of the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Api {
    Pay,
    Precreate,
    Query,
    Cancel,
}

/// What a timer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timer {
    Query,
    Again,
    GiveUp,
}

/// What happens to an attempt.
#[derive(Debug, Clone, Copy)]
pub(super) enum Event<'t> {
    /// The cashier confirms the amount.
    Begins,
    /// A call came back: what the channel said, where that could be read.
    Heard { api: Api, told: Option<&'t Told> },
    /// A timer is over.
    Wakes(Timer),
    /// The cashier cancels.
    Cancelled,
    /// The cashier asks whether it is paid.
    AskedNow,
    /// The channel's notice of a payment.
    Noticed,
    /// The till has started again and finds the attempt open.
    Starts,
}

/// What is done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Ask(Api),
    Wake(Timer, i64),
    Say(Said),
    /// A fresh number for the same sale and code.
    Renew,
}

/// What a till remembers of an attempt.
#[derive(Debug, Clone)]
pub(super) struct Memory {
    pub(super) way: Way,
    pub(super) said: Said,
    /// Whether the channel is known to have the order.
    known: bool,
    tries: u32,
    sends: u32,
}

/// What the channel's words mean to one who reads codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Paid,
    /// In progress, or an answer without a result.
    Open,
    Closed,
    Refused,
    /// `20000`.
    Busy,
    Nothing,
}

impl Memory {
    pub(super) fn new(way: Way) -> Memory {
        Memory { way, said: Said::Waiting, known: false, tries: 0, sends: 0 }
    }

    /// Takes one step by a policy's rules.
    pub(super) fn step(&mut self, policy: Policy, event: Event<'_>) -> Vec<Act> {
        let acts = match policy {
            Policy::Demo => self.demo(event),
            Policy::Jeepay => self.jeepay(event),
            Policy::Forced => self.forced(event),
            Policy::Forward => self.forward(event),
        };
        for act in &acts {
            if let Act::Say(said) = act {
                self.said = *said;
            }
        }
        acts
    }

    fn submit(&self) -> Api {
        match self.way {
            Way::Scan => Api::Pay,
            Way::Show => Api::Precreate,
        }
    }

    /// One of two numbers, by who scans.
    fn by_way<T: Copy>(&self, [scan, show]: [T; 2]) -> T {
        match self.way {
            Way::Scan => scan,
            Way::Show => show,
        }
    }

    fn demo(&mut self, event: Event<'_>) -> Vec<Act> {
        let queries = self.by_way(DEMO_QUERIES);
        match event {
            Event::Begins => vec![Act::Ask(self.submit())],
            Event::Heard { api: Api::Pay, told } => match word(told) {
                Word::Paid => vec![Act::Say(Said::Paid)],
                Word::Open => vec![Act::Wake(Timer::Query, DEMO_QUERY_MS)],
                Word::Busy | Word::Nothing => {
                    self.tries = queries;
                    vec![Act::Ask(Api::Query)]
                }
                Word::Closed | Word::Refused => vec![Act::Say(Said::Failed)],
            },
            Event::Heard { api: Api::Precreate, told } => match word(told) {
                Word::Paid | Word::Open => vec![Act::Wake(Timer::Query, DEMO_QUERY_MS)],
                Word::Closed | Word::Refused => vec![Act::Say(Said::Failed)],
                Word::Busy | Word::Nothing => vec![Act::Say(Said::Unknown)],
            },
            Event::Heard { api: Api::Query, told } => match word(told) {
                Word::Paid => vec![Act::Say(Said::Paid)],
                _ if self.said != Said::Waiting => Vec::new(),
                Word::Closed => vec![Act::Ask(Api::Cancel)],
                Word::Open | Word::Refused | Word::Busy | Word::Nothing => {
                    let again = self.tries < queries;
                    vec![if again {
                        Act::Wake(Timer::Query, DEMO_QUERY_MS)
                    } else {
                        Act::Ask(Api::Cancel)
                    }]
                }
            },
            Event::Heard { api: Api::Cancel, told } => self.demo_cancelled(word(told)),
            Event::Wakes(Timer::Query) => {
                self.tries += 1;
                vec![Act::Ask(Api::Query)]
            }
            Event::Wakes(Timer::Again) => vec![Act::Ask(Api::Cancel)],
            Event::AskedNow if self.said == Said::Unknown => vec![Act::Ask(Api::Query)],
            Event::Wakes(Timer::GiveUp)
            | Event::Cancelled
            | Event::AskedNow
            | Event::Noticed
            | Event::Starts => Vec::new(),
        }
    }

    /// The answer is returned at once; what got none is cancelled again from memory.
    fn demo_cancelled(&mut self, word: Word) -> Vec<Act> {
        let unanswered = matches!(word, Word::Busy | Word::Nothing);
        let mut acts = Vec::new();
        if self.said == Said::Waiting {
            acts.push(Act::Say(if unanswered { Said::Unknown } else { Said::Failed }));
        }
        if unanswered && self.sends < DEMO_CANCELS {
            self.sends += 1;
            acts.push(Act::Wake(Timer::Again, DEMO_CANCEL_MS));
        }
        acts
    }

    fn jeepay(&mut self, event: Event<'_>) -> Vec<Act> {
        if self.said != Said::Waiting {
            return Vec::new();
        }
        match event {
            Event::Begins => {
                vec![Act::Ask(self.submit()), Act::Wake(Timer::GiveUp, JEEPAY_EXPIRY_MS)]
            }
            Event::Heard { api: Api::Query, told } => match word(told) {
                Word::Paid => vec![Act::Say(Said::Paid)],
                Word::Closed => vec![Act::Say(Said::Failed)],
                Word::Open | Word::Refused | Word::Busy | Word::Nothing => {
                    vec![Act::Wake(Timer::Query, JEEPAY_JOB_MS)]
                }
            },
            Event::Heard { api, told } => match (word(told), api) {
                (Word::Paid, Api::Pay) => vec![Act::Say(Said::Paid)],
                (Word::Paid | Word::Open, _) => {
                    self.known = true;
                    vec![Act::Wake(Timer::Query, JEEPAY_JOB_MS)]
                }
                (Word::Closed | Word::Refused | Word::Busy, _) => vec![Act::Say(Said::Failed)],
                (Word::Nothing, _) => Vec::new(),
            },
            Event::Wakes(Timer::Query) => vec![Act::Ask(Api::Query)],
            Event::Wakes(Timer::GiveUp) => vec![Act::Say(Said::Failed)],
            Event::Noticed if self.known => vec![Act::Say(Said::Paid)],
            // The job goes over all that are in progress.
            Event::Starts if self.known => vec![Act::Wake(Timer::Query, JEEPAY_JOB_MS)],
            Event::Wakes(Timer::Again)
            | Event::Cancelled
            | Event::AskedNow
            | Event::Noticed
            | Event::Starts => Vec::new(),
        }
    }

    fn forced(&mut self, event: Event<'_>) -> Vec<Act> {
        if self.said != Said::Waiting {
            return Vec::new();
        }
        match event {
            Event::Begins => {
                let gives_up_ms = self.by_way(FORCED_GIVES_UP_MS);
                vec![Act::Ask(self.submit()), Act::Wake(Timer::GiveUp, gives_up_ms)]
            }
            Event::Heard { api: Api::Pay | Api::Query, told } => match word(told) {
                Word::Paid => vec![Act::Say(Said::Paid)],
                Word::Open | Word::Busy | Word::Nothing => {
                    vec![Act::Wake(Timer::Query, FORCED_QUERY_MS)]
                }
                Word::Closed | Word::Refused => vec![Act::Say(Said::Failed)],
            },
            Event::Heard { api: Api::Precreate, told } => match word(told) {
                Word::Paid | Word::Open => Vec::new(),
                Word::Closed | Word::Refused | Word::Busy | Word::Nothing => {
                    vec![Act::Say(Said::Failed)]
                }
            },
            Event::Heard { api: Api::Cancel, .. } => vec![Act::Say(Said::Failed)],
            Event::Wakes(Timer::Query) => vec![Act::Ask(Api::Query)],
            Event::Wakes(Timer::GiveUp) => vec![Act::Say(Said::Unknown)],
            Event::Cancelled => match self.way {
                Way::Scan => vec![Act::Ask(Api::Cancel)],
                Way::Show => vec![Act::Say(Said::Failed)],
            },
            Event::Wakes(Timer::Again) | Event::AskedNow | Event::Noticed | Event::Starts => {
                Vec::new()
            }
        }
    }

    fn forward(&mut self, event: Event<'_>) -> Vec<Act> {
        match event {
            Event::Begins => vec![Act::Ask(self.submit())],
            Event::Heard { api: Api::Pay, told } => match word(told) {
                Word::Paid => vec![Act::Say(Said::Paid)],
                Word::Open => vec![Act::Wake(Timer::Query, FORWARD_QUERY_MS)],
                Word::Closed | Word::Refused => vec![Act::Say(Said::Failed)],
                Word::Busy | Word::Nothing => self.queued(),
            },
            Event::Heard { api: Api::Precreate, told } => match word(told) {
                Word::Paid | Word::Open => vec![Act::Wake(Timer::Query, FORWARD_QUERY_MS)],
                Word::Closed | Word::Refused => vec![Act::Say(Said::Failed)],
                // A code cannot be sold without the channel: the till asks for another one.
                Word::Busy | Word::Nothing => self.again(),
            },
            Event::Heard { api: Api::Query, told } => match word(told) {
                Word::Paid => vec![Act::Say(Said::Paid)],
                Word::Closed => vec![Act::Say(Said::Failed)],
                Word::Open | Word::Refused | Word::Busy | Word::Nothing => {
                    self.tries += 1;
                    match (self.tries % self.by_way(FORWARD_QUERIES), self.way) {
                        (0, Way::Scan) => self.again(),
                        (0, Way::Show) => vec![Act::Say(Said::Failed)],
                        _ => vec![Act::Wake(Timer::Query, FORWARD_QUERY_MS)],
                    }
                }
            },
            Event::Heard { api: Api::Cancel, .. } => Vec::new(),
            Event::Wakes(Timer::Query) => vec![Act::Ask(Api::Query)],
            Event::Wakes(Timer::Again) => vec![Act::Renew, Act::Ask(self.submit())],
            // What was on its way when the power went is sent again.
            Event::Starts => self.again(),
            Event::Wakes(Timer::GiveUp) | Event::Cancelled | Event::AskedNow | Event::Noticed => {
                Vec::new()
            }
        }
    }

    /// Sold, and sent again later.
    fn queued(&mut self) -> Vec<Act> {
        let mut acts = self.again();
        if acts != [Act::Say(Said::Failed)] {
            acts.push(Act::Say(Said::Taken));
        }
        acts
    }

    fn again(&mut self) -> Vec<Act> {
        self.sends += 1;
        match self.sends < FORWARD_SENDS {
            true => vec![Act::Wake(Timer::Again, FORWARD_RESEND_MS)],
            false => vec![Act::Say(Said::Failed)],
        }
    }
}

fn word(told: Option<&Told>) -> Word {
    let Some(told) = told else { return Word::Nothing };
    match (told.code.as_str(), told.trade_status.as_deref()) {
        ("10000", Some("WAIT_BUYER_PAY")) | ("10003", _) => Word::Open,
        ("10000", Some("TRADE_CLOSED")) => Word::Closed,
        ("10000", _) => Word::Paid,
        ("20000", _) => Word::Busy,
        _ => Word::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(code: &str, trade_status: Option<&str>) -> Told {
        Told {
            code: code.to_owned(),
            sub_code: None,
            trade_status: trade_status.map(str::to_owned),
            action: None,
            fund_change: None,
        }
    }

    fn begun(policy: Policy) -> Memory {
        let mut memory = Memory::new(Way::Scan);
        assert!(memory.step(policy, Event::Begins).contains(&Act::Ask(Api::Pay)));
        memory
    }

    fn hears(memory: &mut Memory, policy: Policy, api: Api, told: Option<&Told>) -> Vec<Act> {
        memory.step(policy, Event::Heard { api, told })
    }

    #[test]
    fn the_demo_asks_five_times_cancels_and_calls_an_unanswered_cancel_unknown() {
        let mut memory = begun(Policy::Demo);
        let typing = told("10003", None);
        let waits = hears(&mut memory, Policy::Demo, Api::Pay, Some(&typing));
        assert_eq!(waits, [Act::Wake(Timer::Query, 5_000)]);
        let open = told("10000", Some("WAIT_BUYER_PAY"));
        for query in 1..=5 {
            let asks = memory.step(Policy::Demo, Event::Wakes(Timer::Query));
            assert_eq!(asks, [Act::Ask(Api::Query)]);
            let then = hears(&mut memory, Policy::Demo, Api::Query, Some(&open));
            assert_eq!(then == [Act::Ask(Api::Cancel)], query == 5);
        }
        let then = hears(&mut memory, Policy::Demo, Api::Cancel, None);
        assert_eq!(then, [Act::Say(Said::Unknown), Act::Wake(Timer::Again, 2_000)]);
    }

    #[test]
    fn the_demo_asks_once_where_the_pay_was_not_answered() {
        let mut memory = begun(Policy::Demo);
        let asks = hears(&mut memory, Policy::Demo, Api::Pay, None);
        assert_eq!(asks, [Act::Ask(Api::Query)]);
        let cancels = hears(&mut memory, Policy::Demo, Api::Query, None);
        assert_eq!(cancels, [Act::Ask(Api::Cancel)]);
    }

    #[test]
    fn jeepay_fails_on_any_other_code_and_never_asks_about_no_answer() {
        let mut memory = begun(Policy::Jeepay);
        let busy = told("20000", None);
        let fails = hears(&mut memory, Policy::Jeepay, Api::Pay, Some(&busy));
        assert_eq!(fails, [Act::Say(Said::Failed)]);
        let mut memory = begun(Policy::Jeepay);
        assert_eq!(hears(&mut memory, Policy::Jeepay, Api::Pay, None), []);
        assert_eq!(memory.step(Policy::Jeepay, Event::Noticed), [], "it is new, not in progress");
        let closes = memory.step(Policy::Jeepay, Event::Wakes(Timer::GiveUp));
        assert_eq!(closes, [Act::Say(Said::Failed)], "without asking");
    }

    #[test]
    fn a_forced_line_is_offered_to_the_cashier_when_it_is_stuck() {
        let mut memory = begun(Policy::Forced);
        let asks = hears(&mut memory, Policy::Forced, Api::Pay, None);
        assert_eq!(asks, [Act::Wake(Timer::Query, 5_000)]);
        let offers = memory.step(Policy::Forced, Event::Wakes(Timer::GiveUp));
        assert_eq!(offers, [Act::Say(Said::Unknown)]);
    }

    #[test]
    fn store_and_forward_sells_and_sends_again_under_a_fresh_number() {
        let mut memory = begun(Policy::Forward);
        let sells = hears(&mut memory, Policy::Forward, Api::Pay, None);
        assert_eq!(sells, [Act::Wake(Timer::Again, 30_000), Act::Say(Said::Taken)]);
        let sends = memory.step(Policy::Forward, Event::Wakes(Timer::Again));
        assert_eq!(sends, [Act::Renew, Act::Ask(Api::Pay)]);
        let used = told("40004", None);
        let fails = hears(&mut memory, Policy::Forward, Api::Pay, Some(&used));
        assert_eq!(fails, [Act::Say(Said::Failed)]);
    }
}
