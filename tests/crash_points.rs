//! Crash points: every flow goes as it is written, and short ones keep every promise wherever
//! something goes wrong. `cargo xtask crash-points` takes every point of every flow.

use mianfu_tests::crash_points::flows::{Flow, all};
use mianfu_tests::crash_points::runs::{Scope, live, run, whole};
use mianfu_tests::simulation::disk::Fate;
use mianfu_tests::simulation::disk::counted::Cut;
use mianfu_tests::simulation::script::Harm;

/// Short flows that between them keep, send, hear, end and start.
const SHORT: [&str; 4] = ["scanned_paid", "cash", "start_after_a_cut", "code_lost"];

fn short() -> Vec<Flow> {
    let flows: Vec<Flow> = all().into_iter().filter(|flow| SHORT.contains(&flow.name)).collect();
    assert_eq!(flows.len(), SHORT.len(), "a flow has another name");
    flows
}

#[test]
fn every_flow_ends_as_it_is_written() {
    let flows = all();
    assert!(20 <= flows.len(), "{} flows", flows.len());
    let (counts, violations) = whole(&flows);
    assert!(violations.is_empty(), "{violations:#?}");
    for (flow, counted) in flows.iter().zip(&counts) {
        assert_ne!(counted.disk.changes, 0, "{} changes nothing", flow.name);
    }
}

#[test]
fn short_flows_keep_every_promise_wherever_something_goes_wrong() {
    let mut scope = Scope::whole(1);
    scope.again_in_full.clear();
    scope.fates = vec![Fate::Lost, Fate::Torn(1)];
    let summary = run(&short(), &scope);
    assert!(summary.violations.is_empty(), "{:#?}", summary.violations.first().unwrap());
    assert!(summary.points.values().all(|count| 0 < *count), "{:?}", summary.points);
}

#[test]
fn m15_a_power_cut_in_the_first_start_after_a_restore_forgets_no_code_that_was_sent() {
    let flows = all();
    let flow = flows.iter().find(|flow| flow.name == "restored_while_parked");
    let flow = flow.expect("the flow is written down");
    // The start's two commits, and what follows.
    for at in 1..=60 {
        let harm = Harm::Cuts(vec![Cut { at, fate: Fate::Lost }]);
        assert_eq!(live(flow, &harm).broken, Vec::new(), "the power goes at change {at}");
    }
}
