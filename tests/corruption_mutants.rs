//! The trial of damage on trial: a database that checks less must be noticed by it.

#![expect(clippy::unwrap_used, reason = "a test may")]

#[path = "corruption/columns.rs"]
mod columns;
#[path = "corruption/day.rs"]
mod day;
#[path = "corruption/desk.rs"]
mod desk;
#[path = "corruption/restore.rs"]
mod restore;
#[path = "corruption/trial.rs"]
mod trial;
#[path = "corruption/verdict.rs"]
mod verdict;

use std::panic::catch_unwind;

use mianfu_core::mutant::plant;

/// A bug by its name, and a test that must fail where it is planted.
const CAUGHT: [(&str, fn()); 4] = [
    ("db_row_hash_unchecked", trial::i20_a_flipped_bit_of_an_amount_is_never_told),
    ("db_event_not_chained", trial::i20_a_cut_tail_of_the_log_stops_the_start),
    ("db_fold_unchecked", trial::i20_a_row_put_back_to_what_it_was_is_named_by_the_check),
    ("db_cut_tail_unnoticed", trial::i20_a_cut_tail_of_the_log_stops_the_start),
];

#[test]
fn every_planted_bug_is_caught() {
    let mut missed = Vec::new();
    for (name, test) in CAUGHT {
        // That it passes without the bug, the test shows on its own.
        plant(Some(name));
        let caught = catch_unwind(test).is_err();
        plant(None);
        if !caught {
            missed.push(name);
        }
    }
    assert_eq!(missed, Vec::<&str>::new());
}
