//! Other people's rules in our bad days: what each is known for happens to it, and to ours nothing.

use mianfu_tests::simulation::policies::Policy;
use mianfu_tests::simulation::policies::count::{Count, compare};

/// Enough days for what each policy is known for to happen.
const DAYS: u64 = 150;

#[test]
fn r12_no_money_goes_wrong_with_ours_in_days_in_which_it_does_with_others() {
    let lines = compare(0..DAYS);
    let of = |policy: Option<Policy>| {
        lines.iter().find(|line| line.policy == policy).map(|line| line.count).expect("a line each")
    };
    let ours = of(None);
    assert_eq!((ours.doubled, ours.lost, ours.given), (0, 0, 0), "{lines:#?}");
    assert!(DAYS / 2 < ours.paid, "a till that sells nothing does nothing wrong: {lines:#?}");
    for policy in Policy::ALL {
        let Count { doubled, lost, given, .. } = of(Some(policy));
        let known_for = match policy {
            // A cancel or a result that only the memory knew; and unknown is charged again.
            Policy::Demo => [lost, doubled],
            // No answer is never asked about, the timer closes; and a failure is charged again.
            Policy::Jeepay => [lost, doubled],
            // Confirmed by hand and never paid; and a stuck line is sent again.
            Policy::Forced => [given, doubled],
            // Sold on a code that had died; and what was paid is sent again.
            Policy::Forward => [given, doubled],
        };
        assert!(!known_for.contains(&0), "{}: {lines:#?}", policy.name());
    }
}

#[test]
fn the_same_days_come_to_the_same_count() {
    assert_eq!(compare(40..60), compare(40..60));
}
