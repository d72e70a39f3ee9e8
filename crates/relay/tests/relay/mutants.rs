//! Each planted bug must be noticed by the test beside its name.

use std::panic::catch_unwind;

use mianfu_core::mutant::plant;

use crate::{keeping, limits, notices, power, trust};

const CAUGHT_BY: &[(&str, fn())] = &[
    ("relay_drops_in_silence", keeping::a_backlog_has_a_bound_and_says_what_was_dropped),
    ("relay_forgets_ahead", keeping::a_clock_that_was_far_ahead_leaves_no_till_outside),
    (
        "relay_forgets_its_horizon",
        keeping::a_nonce_is_used_once_whatever_restarts_and_whatever_the_clock_does,
    ),
    ("relay_keeps_twice", keeping::a_notice_is_kept_once_under_the_tills_own_number),
    ("relay_keeps_unsigned", notices::a_form_that_is_not_the_channels_is_refused),
    ("relay_knows_keys_by_name", trust::another_key_under_the_same_name_is_another_key),
    ("relay_lets_anybody", limits::a_burst_is_let_through_and_then_an_even_pace),
    ("relay_reads_a_field_inside_another", notices::a_form_that_is_not_the_channels_is_refused),
    ("relay_reads_a_name_twice", notices::a_form_that_is_not_the_channels_is_refused),
    ("relay_takes_a_weaker_kind", notices::a_form_that_is_not_the_channels_is_refused),
    ("relay_takes_anothers", notices::a_form_that_is_not_the_channels_is_refused),
    ("relay_takes_stale", notices::a_notice_of_v3_that_is_not_the_channels_is_refused),
    ("relay_tells_anothers", keeping::a_notice_is_kept_once_under_the_tills_own_number),
    ("relay_thanks_before_the_sync", power::what_is_thanked_for_survives_a_power_cut),
    ("relay_trusts_anybody", trust::a_request_that_was_altered_is_no_tills),
    ("relay_trusts_old", trust::a_request_of_another_time_is_refused_by_name_of_the_clock),
    (
        "relay_trusts_twice",
        keeping::a_nonce_is_used_once_whatever_restarts_and_whatever_the_clock_does,
    ),
];

#[test]
fn every_planted_bug_is_noticed() {
    for (bug, notices) in CAUGHT_BY {
        plant(Some(bug));
        let noticed = catch_unwind(notices).is_err();
        plant(None);
        assert!(noticed, "nobody noticed `{bug}`");
    }
}
