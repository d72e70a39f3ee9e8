//! Each kind of fault matters: a planted bug that its days show, and that the same days without it do
//! not.

use mianfu_tests::simulation::faults::Kind;
use mianfu_tests::simulation::mutants::{SHOWN, UNSHOWN};

/// Days in which each bug must show.
const SEEDS_MAX: u64 = 200;

#[test]
fn every_kind_of_fault_shows_a_bug_that_days_without_it_do_not() {
    let kinds: Vec<Kind> = SHOWN.iter().map(|shown| shown.kind).collect();
    let known = Kind::ALL.into_iter().filter(|kind| !UNSHOWN.contains(kind));
    assert_eq!(kinds, known.collect::<Vec<Kind>>(), "each kind once");
    for shown in SHOWN {
        let kind = shown.kind.name();
        let seed = shown.hunt(0..SEEDS_MAX, true);
        let seed = seed.unwrap_or_else(|| panic!("{kind}: {} does not show", shown.bug));
        let without = shown.hunt(0..seed + 1, false);
        assert_eq!(without, None, "{kind}: {} shows without it", shown.bug);
    }
}
