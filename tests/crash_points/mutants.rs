//! Planted bugs about what survives a crash, and the points that notice them.

use mianfu_core::mutant;

use super::flows::Flow;
use super::points::{self, Kind};
use super::runs::{live, of_kind};
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
    let whole = live(flow, &Harm::Nothing);
    let kinds = [Kind::Power, Kind::Disk, Kind::Channel];
    let harms = kinds.into_iter().flat_map(|kind| of_kind(kind, &whole.counted, fates));
    let mut points = 0;
    std::iter::once(Harm::Nothing).chain(harms).find_map(|harm| {
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

    /// A bug, and a flow whose points notice it.
    const CAUGHT: [(&str, &str); 9] = [
        ("law1_leaves_unkept", "shown_cancelled"),
        ("m1_mark_not_cleared", "parked_cancelled"),
        ("m15_parked_is_unsent", "restored_while_parked"),
        ("db_event_not_chained", "scanned_paid"),
        ("m19_epoch_kept_on_copy", "copied_to_another_machine"),
        ("m15_paid_is_passed_over", "restored"),
        ("m19_counter_not_kept", "one_after_another"),
        ("m19_restore_unnoticed", "restored"),
        ("m19_like_a_payment_code", "scanned_paid"),
    ];

    #[test]
    fn crash_points_notice_bugs_about_what_survives() {
        let flows = all();
        let mut missed = Vec::new();
        for (bug, name) in CAUGHT {
            let flow = flows.iter().find(|flow| flow.name == name).unwrap();
            assert_eq!(live(flow, &Harm::Nothing).broken, Vec::new(), "{name} goes well by itself");
            if hunt(bug, flow, &fates()).is_none() {
                missed.push(bug);
            }
        }
        assert_eq!(missed, Vec::<&str>::new());
    }
}
