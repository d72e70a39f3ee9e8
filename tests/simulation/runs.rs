//! Many histories: each judged, some lived twice, a failing one cut down.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use super::day::lacks;
use super::faults::Faults;
use super::hearing::harmed;
use super::network::Fired;
use super::oracle::judge_all;
use super::plan::Plan;
use super::record::{Broken, Record};
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
    /// What people did, calls that left, faults that fired.
    pub operations: u64,
    /// How many operations there were to happen.
    pub planned: usize,
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
    /// What people did, calls that left, faults that fired, in all histories.
    pub operations: u64,
    /// The least of them in a history.
    pub operations_min: u64,
    /// Kinds of faults that fired, added up over the histories.
    pub kinds: usize,
    /// The fewest kinds in a history.
    pub kinds_min: usize,
    /// A hash over every trace, in the order of seeds.
    pub trace: u64,
}

/// Lives through a seed's history.
#[must_use]
pub fn run(seed: u64) -> Outcome {
    run_plan(&Plan::of(seed), usize::MAX)
}

/// Lives through a plan's history with its first `operations` operations. A whole one with every
/// fault in which too little happens is the plan's mistake.
#[must_use]
pub fn run_plan(plan: &Plan, operations: usize) -> Outcome {
    let seed = plan.seed;
    // A panic is a broken law: core asserts what must hold.
    match catch_unwind(AssertUnwindSafe(|| live(plan, operations))) {
        Ok(past) => {
            let records: Vec<&Record> = std::iter::once(&past.record).chain(&past.beside).collect();
            let mut broken = judge_all(&records, past.practice.truth());
            if plan.faults.are_of_notices() && broken.is_empty() {
                broken.extend(harmed(&records, past.practice.truth()));
            }
            if operations == usize::MAX && plan.faults == Faults::ALL && broken.is_empty() {
                broken.extend(lacks(past.operations, past.fired.kinds().len()));
            }
            let (operations, planned) = (past.operations, past.planned);
            Outcome { seed, broken, trace: past.trace, fired: past.fired, operations, planned }
        }
        Err(_) => Outcome {
            seed,
            broken: vec![Broken { invariant: "panic", at_ms: 0, what: "a panic".to_owned() }],
            trace: Trace::default(),
            fired: Fired::default(),
            operations: 0,
            planned: plan.operations.len(),
        },
    }
}

/// Lives through a seed's history, a second time where it failed or its turn has come, and says
/// so where the two differ (I24).
#[must_use]
pub fn run_checked(seed: u64) -> Outcome {
    run_plan_checked(&Plan::of(seed))
}

/// The same for a plan.
#[must_use]
pub fn run_plan_checked(plan: &Plan) -> Outcome {
    let seed = plan.seed;
    let mut outcome = run_plan(plan, usize::MAX);
    if !outcome.broken.is_empty() || seed.is_multiple_of(TWICE_EVERY) {
        let again = run_plan(plan, usize::MAX);
        if again.trace.hash() != outcome.trace.hash() {
            let what = first_difference(&outcome.trace, &again.trace);
            outcome.broken.push(Broken { invariant: "I24", at_ms: 0, what });
        }
    }
    outcome
}

/// Cuts a failing history down to the shortest beginning that breaks the same invariant.
#[must_use]
pub fn shrink(plan: &Plan, outcome: Outcome) -> Failure {
    let of = outcome.planned;
    let invariant = outcome.broken.first().map(|broken| broken.invariant);
    for operations in 0..of {
        let shorter = run_plan(plan, operations);
        if shorter.broken.first().map(|broken| broken.invariant) == invariant {
            return Failure { operations, of, outcome: shorter };
        }
    }
    Failure { operations: of, of, outcome }
}

/// Lives through many seeds on as many threads as the machine has.
#[must_use]
pub fn run_many(seeds: std::ops::Range<u64>, faults: Faults) -> Summary {
    let plan = |seed| Plan { faults, ..Plan::of(seed) };
    let outcomes = on_all_cores(seeds, |seed| Kept::of(run_plan_checked(&plan(seed))));
    let mut summary = Summary { operations_min: u64::MAX, ..Summary::default() };
    for kept in outcomes {
        summary.histories += 1;
        summary.fired.add(&kept.fired);
        summary.operations += kept.operations;
        summary.operations_min = summary.operations_min.min(kept.operations);
        let kinds = kept.fired.kinds().len();
        summary.kinds += kinds;
        summary.kinds_min =
            if summary.histories == 1 { kinds } else { summary.kinds_min.min(kinds) };
        summary.trace = (summary.trace ^ kept.hash).wrapping_mul(0x0000_0100_0000_01b3);
        // Cutting down takes a minute's worth of histories; the first few say enough.
        if let Some(outcome) = kept.failed {
            let failure = match summary.failures.len() {
                0..3 => shrink(&plan(outcome.seed), outcome),
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
    operations: u64,
    failed: Option<Outcome>,
}

impl Kept {
    fn of(outcome: Outcome) -> Kept {
        Kept {
            hash: outcome.trace.hash(),
            fired: outcome.fired.clone(),
            operations: outcome.operations,
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
