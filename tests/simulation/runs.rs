//! Many histories: each judged, some lived twice, a failing one cut down.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use super::network::Fired;
use super::oracle::judge;
use super::plan::Plan;
use super::record::Broken;
use super::trace::Trace;
use super::world::live;

/// One in so many passing seeds is lived twice.
const TWICE_EVERY: u64 = 100;

/// What came of one history.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Its seed.
    pub seed: u64,
    /// The promises it broke.
    pub broken: Vec<Broken>,
    /// What happened.
    pub trace: Trace,
    /// Which faults fired.
    pub fired: Fired,
}

/// A failing history, cut down.
#[derive(Debug, Clone)]
pub struct Failure {
    /// How many of its first operations still make it fail.
    pub operations: usize,
    /// How many it has.
    pub of: usize,
    /// The shortest such history.
    pub outcome: Outcome,
}

/// What came of many histories.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// How many there were.
    pub histories: u64,
    /// Those that failed, cut down, by seed.
    pub failures: Vec<Failure>,
    /// Which faults fired.
    pub fired: Fired,
    /// A hash over every trace, in the order of seeds.
    pub trace: u64,
}

/// Lives through a seed's history.
#[must_use]
pub fn run(seed: u64) -> Outcome {
    run_part(seed, usize::MAX)
}

/// Lives through a seed's history with its first `operations` operations.
#[must_use]
pub fn run_part(seed: u64, operations: usize) -> Outcome {
    let plan = Plan::of(seed);
    // A panic is a broken law: core asserts what must hold.
    match catch_unwind(AssertUnwindSafe(|| live(&plan, operations))) {
        Ok(past) => Outcome {
            seed,
            broken: judge(&past.record, past.practice.truth()),
            trace: past.trace,
            fired: past.fired,
        },
        Err(_) => Outcome {
            seed,
            broken: vec![Broken { invariant: "panic", at_ms: 0, what: "a panic".to_owned() }],
            trace: Trace::default(),
            fired: Fired::default(),
        },
    }
}

/// Lives through a seed's history, a second time where it failed or its turn has come, and says
/// so where the two differ (I24).
#[must_use]
pub fn run_checked(seed: u64) -> Outcome {
    let mut outcome = run(seed);
    if !outcome.broken.is_empty() || seed.is_multiple_of(TWICE_EVERY) {
        let again = run(seed);
        if again.trace.hash() != outcome.trace.hash() {
            let what = first_difference(&outcome.trace, &again.trace);
            outcome.broken.push(Broken { invariant: "I24", at_ms: 0, what });
        }
    }
    outcome
}

/// Cuts a failing history down to the shortest beginning that breaks the same invariant.
#[must_use]
pub fn shrink(outcome: Outcome) -> Failure {
    let of = Plan::of(outcome.seed).operations.len();
    let invariant = outcome.broken.first().map(|broken| broken.invariant);
    for operations in 0..of {
        let shorter = run_part(outcome.seed, operations);
        if shorter.broken.first().map(|broken| broken.invariant) == invariant {
            return Failure { operations, of, outcome: shorter };
        }
    }
    Failure { operations: of, of, outcome }
}

/// Lives through many seeds on as many threads as the machine has.
#[must_use]
pub fn run_many(seeds: std::ops::Range<u64>) -> Summary {
    let outcomes = on_all_cores(seeds, |seed| Kept::of(run_checked(seed)));
    let mut summary = Summary::default();
    for kept in outcomes {
        summary.histories += 1;
        summary.fired.add(&kept.fired);
        summary.trace = (summary.trace ^ kept.hash).wrapping_mul(0x0000_0100_0000_01b3);
        // Cutting down takes a minute's worth of histories; the first few say enough.
        if let Some(outcome) = kept.failed {
            let failure = match summary.failures.len() {
                0..3 => shrink(outcome),
                _ => Failure { operations: usize::MAX, of: 0, outcome },
            };
            summary.failures.push(failure);
        }
    }
    summary
}

/// Does a piece of work for each number, on as many threads as the machine has; the results come
/// in the order of the numbers.
pub(crate) fn on_all_cores<T: Send>(
    numbers: std::ops::Range<u64>,
    work: impl Fn(u64) -> T + Sync,
) -> Vec<T> {
    let next = AtomicU64::new(numbers.start);
    let results = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if numbers.end <= number {
                        return;
                    }
                    let result = work(number);
                    let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                    results.push((number, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}

/// What is kept of a history until all are done: the whole of it only where it failed.
struct Kept {
    hash: u64,
    fired: Fired,
    failed: Option<Outcome>,
}

impl Kept {
    fn of(outcome: Outcome) -> Kept {
        Kept {
            hash: outcome.trace.hash(),
            fired: outcome.fired.clone(),
            failed: (!outcome.broken.is_empty()).then_some(outcome),
        }
    }
}

fn first_difference(one: &Trace, other: &Trace) -> String {
    let mut pairs = one.lines().iter().zip(other.lines());
    match pairs.find(|(line, again)| line != again) {
        Some((line, again)) => format!("the same seed gave\n  {line}\nand then\n  {again}"),
        None => "the same seed gave a longer history the second time".to_owned(),
    }
}
