//! Every point of every flow, lived through on as many threads as the machine has.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::flows::Flow;
use super::points::{self, Kind};
use super::verdict::verdict;
use crate::simulation::disk::Fate;
use crate::simulation::record::Broken;
use crate::simulation::runs::on_all_cores;
use crate::simulation::script::{Counted, Harm, play};
use crate::simulation::trace::Trace;

/// How much is asked for.
#[derive(Debug, Clone)]
pub struct Scope {
    /// Which kinds of points.
    pub kinds: BTreeSet<Kind>,
    /// The models of a disk.
    pub fates: Vec<Fate>,
    /// Flows in which the power goes again at every change of every recovery, not at one of each.
    pub again_in_full: Vec<&'static str>,
    /// One in so many points, drawn by place; 1 is every point.
    pub one_in: u64,
    /// Which of these points, where they are shared out to processes.
    pub share: Share,
}

/// A share of the points. All shares together are all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Which of them, from 0 on.
    pub place: u64,
    /// How many shares there are.
    pub of: u64,
}

impl Share {
    /// Everything.
    pub const WHOLE: Share = Share { place: 0, of: 1 };
}

impl Scope {
    /// Returns everything there is, with so many ways of being torn.
    #[must_use]
    pub fn whole(torn: u64) -> Scope {
        Scope {
            kinds: Kind::ALL.into_iter().map(|(_, kind)| kind).collect(),
            fates: points::fates(torn),
            again_in_full: vec!["scanned_paid", "shown_cancelled", "refund"],
            one_in: 1,
            share: Share::WHOLE,
        }
    }

    /// Says whether the point at this place is asked for: it is drawn, and of this share.
    fn holds(&self, place: u64) -> bool {
        let Share { place: own, of } = self.share;
        place % of == own && points::is_drawn(place, self.one_in)
    }
}

/// One point at which something went wrong that must not.
#[derive(Debug, Clone)]
pub struct Violation {
    /// The flow.
    pub flow: &'static str,
    /// The point.
    pub harm: Harm,
    /// What it broke.
    pub broken: Vec<Broken>,
}

/// What came of all points.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// How many points of each kind were lived through.
    pub points: BTreeMap<Kind, u64>,
    /// Those that broke a promise.
    pub violations: Vec<Violation>,
}

impl Summary {
    /// Returns how many points there were.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.points.values().sum()
    }
}

/// What came of one point.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The promises it broke.
    pub broken: Vec<Broken>,
    /// How it ended.
    pub ending: String,
    /// What was counted.
    pub counted: Counted,
    /// What happened.
    pub trace: Trace,
}

/// Lives through one point of a flow.
#[must_use]
pub fn live(flow: &Flow, harm: &Harm) -> Outcome {
    // A panic is a broken law: core asserts what must hold.
    let lived = catch_unwind(AssertUnwindSafe(|| {
        let past = play(&flow.scene, harm);
        let broken = verdict(&flow.scene, &past);
        let ending = super::verdict::ending(&past.record);
        Outcome { broken, ending, counted: past.counted, trace: past.trace }
    }));
    lived.unwrap_or_else(|_| Outcome {
        broken: vec![Broken { invariant: "panic", at_ms: 0, what: "a panic".to_owned() }],
        ending: String::new(),
        counted: Counted::default(),
        trace: Trace::default(),
    })
}

/// Lives through a flow in which nothing goes wrong; it must end as it is written.
#[must_use]
pub fn live_whole(flow: &Flow) -> Outcome {
    let mut outcome = live(flow, &Harm::Nothing);
    if outcome.ending != flow.ends {
        let what = format!("ends `{}`, not `{}`", outcome.ending, flow.ends);
        outcome.broken.push(Broken { invariant: "script", at_ms: 0, what });
    }
    outcome
}

/// Lives through each flow whole. A flow that breaks a promise by itself, or does not end as it is
/// written, is a violation.
#[must_use]
pub fn whole(flows: &[Flow]) -> (Vec<Counted>, Vec<Violation>) {
    let outcomes = each(flows, live_whole);
    let mut violations = Vec::new();
    let mut counts = Vec::new();
    for (flow, outcome) in flows.iter().zip(outcomes) {
        if !outcome.broken.is_empty() {
            let (flow, broken) = (flow.name, outcome.broken);
            violations.push(Violation { flow, harm: Harm::Nothing, broken });
        }
        counts.push(outcome.counted);
    }
    (counts, violations)
}

/// Lives through the points of these flows that the scope asks for. The first share also lives
/// through each flow whole.
#[must_use]
pub fn run(flows: &[Flow], scope: &Scope) -> Summary {
    let (counts, violations) = whole(flows);
    let mut summary = Summary::default();
    if scope.share.place == 0 {
        summary.violations = violations;
    }
    let first = firsts(flows, &counts, scope);
    let lived = shared(&first, scope, |(flow, kind, harm)| tried(flow, *kind, harm));
    let mut second = Vec::new();
    for ((flow, kind, harm), (recovery, violation)) in first.iter().zip(lived) {
        *summary.points.entry(*kind).or_insert(0) += 1;
        summary.violations.extend(violation);
        if let (Kind::Power, Harm::Cuts(cuts), true) =
            (kind, harm, scope.kinds.contains(&Kind::Again))
        {
            let full = scope.again_in_full.contains(&flow.name);
            let harms = match full {
                true => points::again(cuts[0], recovery),
                false => points::again_somewhere(cuts[0], recovery).into_iter().collect(),
            };
            second.extend(harms.into_iter().map(|harm| (*flow, harm)));
        }
    }
    for (_, violation) in shared(&second, scope, |(flow, harm)| tried(flow, Kind::Again, harm)) {
        *summary.points.entry(Kind::Again).or_insert(0) += 1;
        summary.violations.extend(violation);
    }
    summary
}

/// Returns the points with one harm that the scope asks for.
fn firsts<'a>(flows: &'a [Flow], counts: &[Counted], scope: &Scope) -> Vec<(&'a Flow, Kind, Harm)> {
    let mut first = Vec::new();
    for (flow, counted) in flows.iter().zip(counts) {
        for (_, kind) in Kind::ALL.into_iter().filter(|(_, kind)| scope.kinds.contains(kind)) {
            let harms = of_kind(kind, counted, &scope.fates);
            first.extend(harms.into_iter().map(|harm| (flow, kind, harm)));
        }
    }
    let placed = (0..).zip(first).filter(|(place, _)| scope.holds(*place));
    placed.map(|(_, point)| point).collect()
}

/// Does the work for each thing; a share of a larger whole stays on its one core.
fn shared<T: Sync, R: Send>(things: &[T], scope: &Scope, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    if scope.share == Share::WHOLE { each(things, work) } else { things.iter().map(work).collect() }
}

/// Returns the points of a kind that follow from what a flow's whole life counted.
pub(super) fn of_kind(kind: Kind, counted: &Counted, fates: &[Fate]) -> Vec<Harm> {
    match kind {
        Kind::Power => points::power(counted, fates),
        Kind::Disk => points::disk(counted),
        Kind::Channel => points::channel(counted),
        // They follow from what the first cuts leave to recover.
        Kind::Again => Vec::new(),
    }
}

fn tried(flow: &Flow, kind: Kind, harm: &Harm) -> (u64, Option<Violation>) {
    let outcome = live(flow, harm);
    let recovery = if kind == Kind::Power { outcome.counted.recovery } else { 0 };
    let (flow, harm, broken) = (flow.name, harm.clone(), outcome.broken);
    (recovery, (!broken.is_empty()).then_some(Violation { flow, harm, broken }))
}

fn each<T: Sync, R: Send>(things: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let count = u64::try_from(things.len()).unwrap_or(0);
    on_all_cores(0..count, |place| work(&things[usize::try_from(place).unwrap_or(0)]))
}
