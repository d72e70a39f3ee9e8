//! Planted bugs about what survives a crash, and the points that notice them.

use mianfu_core::mutant;

use super::flows::Flow;
use super::points::{self, Kind};
use super::runs::{live, live_whole, of_kind};
use crate::simulation::disk::Fate;
use crate::simulation::script::Harm;

/// How a bug was noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caught {
    /// After how many points.
    pub points: u64,
    /// By which invariant.
    pub invariant: &'static str,
    /// What went wrong there.
    pub harm: Harm,
}

/// Plants a bug in this thread and lives through a flow's points until one breaks a promise.
#[must_use]
pub fn hunt(name: &'static str, flow: &Flow, fates: &[Fate]) -> Option<Caught> {
    mutant::plant(Some(name));
    let caught = first_violation(flow, fates);
    mutant::plant(None);
    caught
}

fn first_violation(flow: &Flow, fates: &[Fate]) -> Option<Caught> {
    let whole = live_whole(flow);
    if let Some(broken) = whole.broken.first() {
        return Some(Caught { points: 1, invariant: broken.invariant, harm: Harm::Nothing });
    }
    let kinds = [Kind::Power, Kind::Disk, Kind::Channel];
    let mut harms = kinds.into_iter().flat_map(|kind| of_kind(kind, &whole.counted, fates));
    let mut points = 1;
    harms.find_map(|harm| {
        points += 1;
        let broken = live(flow, &harm).broken;
        let invariant = broken.first()?.invariant;
        Some(Caught { points, invariant, harm })
    })
}

/// Returns the models of a disk that a hunt takes.
#[must_use]
pub fn fates() -> Vec<Fate> {
    points::fates(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crash_points::flows::all;
    use crate::simulation::mutants::{PLANTED, Trial};

    #[test]
    fn crash_points_notice_bugs_about_what_survives() {
        let flows = all();
        let mut missed = Vec::new();
        for (bug, trial) in PLANTED {
            let Trial::Points(name) = trial else { continue };
            let flow = flows.iter().find(|flow| flow.name == *name).unwrap();
            assert_eq!(live_whole(flow).broken, Vec::new(), "{name} goes well by itself");
            if hunt(bug, flow, &fates()).is_none() {
                missed.push(bug);
            }
        }
        assert_eq!(missed, Vec::<&&str>::new());
    }
}
