//! Crash points: every flow goes as it is written, and short ones keep every promise wherever
//! something goes wrong. `cargo xtask crash-points` takes every point of every flow.

use mianfu_tests::crash_points::flows::{Flow, all};
use mianfu_tests::crash_points::runs::{Scope, run, whole};
use mianfu_tests::simulation::disk::Fate;

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
