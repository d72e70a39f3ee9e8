//! The till's books against practice's ledger. Shares no code with the product.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What one round left behind.
pub(crate) struct Round {
    /// Every line the killed till had printed.
    pub(crate) lines: Vec<Value>,
    /// What the till said of its attempts right after the next start.
    pub(crate) after: Vec<Value>,
    /// What practice's ledger said just after that.
    pub(crate) ledger: Vec<Value>,
    /// How far the sale had come when it was killed.
    pub(crate) stage: Stage,
}

/// How far a sale had come when its till was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// Nothing had been printed about an attempt.
    BeforeKept,
    /// The attempt was kept and had no end.
    Open,
    /// The end had been printed.
    Ended,
}

/// What the rounds came to.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    lost: Vec<String>,
    doubled: Vec<String>,
    invented: Vec<String>,
    untrue: Vec<String>,
    open: Vec<String>,
    stages: BTreeMap<Stage, u32>,
    paid: usize,
}

impl Verdict {
    pub(crate) fn is_clean(&self) -> bool {
        self.lost.is_empty()
            && self.doubled.is_empty()
            && self.invented.is_empty()
            && self.untrue.is_empty()
            && self.open.is_empty()
    }

    pub(crate) fn line(&self, rounds: u32, seed: u64) -> String {
        let stage = |stage| self.stages.get(&stage).copied().unwrap_or(0);
        let mut line = String::new();
        for (what, cases) in [
            ("lost", &self.lost),
            ("doubled", &self.doubled),
            ("invented", &self.invented),
            ("untrue", &self.untrue),
            ("open", &self.open),
        ] {
            for case in cases {
                line.push_str(&format!("  {what}: {case}\n"));
            }
        }
        line.push_str(&format!(
            "crash rounds={rounds} lost={} doubled={} invented={} untrue={} open={} paid={} \
             killed_before_kept={} killed_open={} killed_after_end={} seed={seed}",
            self.lost.len(),
            self.doubled.len(),
            self.invented.len(),
            self.untrue.len(),
            self.open.len(),
            self.paid,
            stage(Stage::BeforeKept),
            stage(Stage::Open),
            stage(Stage::Ended),
        ));
        line
    }
}

fn number(value: &Value) -> String {
    value["out_trade_no"].as_str().unwrap_or_default().to_owned()
}

fn kept_money(trade: &Value) -> bool {
    ["TRADE_SUCCESS", "TRADE_FINISHED"].iter().any(|status| trade["status"] == *status)
}

fn says_paid(attempt: &Value) -> bool {
    attempt["screen"] == "Paid"
}

/// Compares everything: what was printed, what was said after each start, what stands at the end.
pub(crate) fn compare(rounds: &[Round], known: &[Value], trades: &[Value]) -> Verdict {
    let mut verdict = Verdict::default();
    let ours: BTreeMap<String, &Value> = known.iter().map(|value| (number(value), value)).collect();
    let theirs: BTreeMap<String, &Value> =
        trades.iter().map(|value| (number(value), value)).collect();
    for (index, round) in rounds.iter().enumerate() {
        *verdict.stages.entry(round.stage).or_default() += 1;
        judge_start(&mut verdict, index, round);
        let mut numbers: BTreeSet<String> = BTreeSet::new();
        for line in &round.lines {
            if line["event"] == "kept" {
                numbers.insert(number(line));
            }
            let no = number(line);
            let still = ours.get(&no).copied().is_some_and(says_paid);
            if says_paid(line) && !still {
                verdict.untrue.push(format!("round {index}: {no} was printed as paid"));
            }
        }
        let charged = numbers.iter().filter(|no| theirs.get(*no).copied().is_some_and(kept_money));
        if 1 < charged.count() {
            verdict.doubled.push(format!("round {index}: {numbers:?}"));
        }
    }
    for (no, trade) in &theirs {
        if !kept_money(trade) {
            continue;
        }
        match ours.get(no) {
            Some(attempt) if says_paid(attempt) && attempt["amount_fen"] == trade["amount_fen"] => {
                verdict.paid += 1;
            }
            other => verdict.lost.push(format!("{no}: the till says {other:?}")),
        }
    }
    for (no, attempt) in &ours {
        if says_paid(attempt) && !theirs.get(no).copied().is_some_and(kept_money) {
            verdict.invented.push(format!("{no}: practice says {:?}", theirs.get(no)));
        }
        if attempt["final"] != true {
            verdict.open.push(format!("{no}: {}", attempt["screen"]));
        }
    }
    verdict
}

/// Right after a start the till may know less than practice, but nothing it says may be untrue.
fn judge_start(verdict: &mut Verdict, index: usize, round: &Round) {
    let ledger: BTreeMap<String, &Value> =
        round.ledger.iter().map(|value| (number(value), value)).collect();
    for attempt in &round.after {
        let no = number(attempt);
        // The ledger shows its latest trades only; an older one is judged at the end.
        let Some(trade) = ledger.get(&no) else {
            continue;
        };
        if says_paid(attempt) && !kept_money(trade) {
            verdict.untrue.push(format!("round {index}: {no} shown as paid, ledger {trade}"));
        }
        let unpaid = ["Closed", "Declined"].iter().any(|screen| attempt["screen"] == *screen);
        if unpaid && kept_money(trade) {
            verdict.untrue.push(format!("round {index}: {no} shown as unpaid, ledger {trade}"));
        }
    }
}
