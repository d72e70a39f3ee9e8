//! The till's own planted bugs, each with a test that must notice it.
//!
//! The rules that core, the database and the gateway keep have their bugs beside them; these are
//! about the order of operations: what is kept before what leaves, what a start does, what is
//! asked before a sale begins.

#![expect(clippy::unwrap_used, reason = "a test may")]

#[path = "till/away.rs"]
mod away;
#[path = "till/cash.rs"]
mod cash;
#[path = "bad_input/channel_files.rs"]
mod channel_files;
#[path = "bad_input/clocks.rs"]
mod clocks;
#[path = "till/copies.rs"]
mod copies;
#[path = "till/counter.rs"]
mod counter;
#[path = "../crates/db/tests/db/disk.rs"]
mod disk;
#[path = "till/hearing.rs"]
mod hearing;
#[path = "till/keys.rs"]
mod keys;
#[path = "till/notices.rs"]
mod notices;
#[path = "till/offers.rs"]
mod offers;
#[path = "till/open_items.rs"]
mod open_items;
#[path = "till/people.rs"]
mod people;
#[path = "till/refunds.rs"]
mod refunds;
#[path = "till/restarts.rs"]
mod restarts;
#[path = "till/restore.rs"]
mod restore;
#[path = "till/scan.rs"]
mod scan;
#[path = "till/show.rs"]
mod show;
#[path = "till/trouble.rs"]
mod trouble;

use std::panic::catch_unwind;

use mianfu_core::mutant::plant;

/// A bug by its name, and a test that must fail where it is planted.
const CAUGHT: &[(&str, fn())] = &[
    ("i7_cash_intent_forgotten", cash::i7_one_cash_intent_a_hundred_times_is_one_sale),
    (
        "i7_cash_refund_intent_forgotten",
        cash::m16_cash_goes_back_once_and_never_beyond_what_was_taken,
    ),
    (
        "m8_late_question_by_an_old_clock",
        clocks::m8_a_clock_set_forward_between_two_starts_does_not_ask_before_the_code_is_over,
    ),
    (
        "m15_asked_while_a_code_lives",
        restore::m15_a_code_shown_after_the_backup_and_scanned_after_the_restore_is_recovered,
    ),
    (
        "m18_recent_by_an_old_clock",
        clocks::m18_a_clock_set_between_two_starts_does_not_stop_the_question,
    ),
    ("i7_code_used_twice", counter::i7_a_code_is_charged_once),
    ("i7_intent_forgotten", counter::i7_one_intent_a_hundred_times_is_one_attempt),
    ("law1_leaves_unkept", trouble::law1_a_reversal_that_could_not_be_kept_does_not_leave),
    ("law7_a_download_for_each_key", keys::law7_a_flood_of_unknown_keys_is_no_storm_of_downloads),
    ("law7_each_hint_asks", hearing::law7_hints_without_end_are_a_question_every_three_seconds),
    ("m14_waits_on_once_it_hears_no_more", hearing::m14_the_moment_it_hears_no_more_the_till_asks),
    ("law7_one_lane_for_all", counter::certainty_is_never_starved_by_charges),
    ("law7_no_bound_on_the_unknown", counter::law7_new_sales_stop_at_the_bound_of_what_is_unknown),
    ("law7_each_answer_contradicts", notices::law7_an_old_notice_a_hundred_times_is_one_finding),
    (
        "law7_each_notice_asks",
        notices::m14_a_notice_that_contradicts_an_end_makes_a_question_and_no_refund,
    ),
    (
        "m14_an_old_notice_is_believed",
        notices::m14_about_a_sale_of_before_this_start_a_notice_only_makes_the_till_ask,
    ),
    ("law10_another_channels_word", notices::a_notice_that_is_not_genuine_changes_nothing),
    (
        "law10_an_unknown_key_stays_unknown",
        keys::law10_a_certificate_that_rotates_in_the_middle_of_a_sale_loses_nothing,
    ),
    (
        "law10_keys_are_those_of_the_file",
        keys::law10_a_start_asks_for_the_successors_of_a_certificate_that_is_over,
    ),
    (
        "law9_form_repeats_what_stands_there",
        channel_files::law9_a_key_pasted_into_the_wrong_place_is_not_repeated_in_the_sentence,
    ),
    (
        "m19_a_restored_series_counts_alone",
        copies::m19_a_sale_of_before_a_restore_is_not_reversed_by_a_later_copy_either,
    ),
    (
        "law11_asked_when_its_turn_comes",
        offers::a_channel_that_is_back_is_asked_about_the_open_sale_at_once,
    ),
    ("law11_doubt_waits", offers::a_channel_that_falls_silent_is_told_of_before_the_next_customer),
    (
        "law11_unasked_untold",
        trouble::law11_a_sale_whose_channel_is_gone_is_told_and_asked_once_it_is_back,
    ),
    ("law11_silence_unheard", offers::three_silences_stop_new_charges_and_nothing_else),
    ("m1_code_lost_in_the_lane", counter::a_scan_that_waits_for_its_turn_leaves_with_its_code),
    ("m1_silence_is_never_left", scan::a_lost_answer_ends_nothing_and_sends_nothing_twice),
    (
        "law3_a_start_forgets_what_is_open",
        restarts::a_paid_sale_shows_paid_after_the_network_comes_back,
    ),
    ("m2_silence_resends", show::m8_a_lost_code_is_closed_and_a_new_one_offered),
    (
        "m4_scans_without_a_reversal",
        offers::m4_nothing_is_scanned_before_the_reversals_certificate_has_proven_itself,
    ),
    (
        "m4_an_unsigned_word_proves",
        offers::m4_what_a_channel_says_without_its_signature_does_not_prove_it,
    ),
    (
        "m10_unsigned_is_never_enough",
        show::m10_a_question_after_the_end_rests_once_nothing_was_found_twice,
    ),
    (
        "m10_unsigned_once_is_enough",
        refunds::m10_a_refund_refused_without_a_signature_ends_when_it_is_refused_twice,
    ),
    ("m4_offer_not_asked_for", offers::m4_a_channel_is_offered_only_after_a_signed_answer),
    ("m6_stale_reversal_leaves", counter::m6_a_reversal_whose_not_paid_grew_old_does_not_leave),
    ("m8_code_not_kept", restarts::m8_a_kept_code_goes_on_being_shown_after_a_restart),
    (
        "m6_reversal_overtakes_a_late_submit",
        counter::m6_no_reversal_overtakes_a_submit_that_left_late,
    ),
    (
        "m12_refusal_is_not_asked_about",
        refunds::m12_a_refund_refused_because_a_reversal_came_late_ends_the_attempt,
    ),
    ("m13_clock_not_learnt", clocks::sales_go_on_under_a_wrong_clock_and_the_cashier_is_told),
    (
        "m13_pay_time_of_another_clock",
        clocks::a_clock_that_was_set_back_between_two_starts_loses_no_sale,
    ),
    (
        "m14_late_question_forgotten",
        show::m8_money_on_a_code_that_a_cancel_could_not_kill_goes_back_with_a_finding,
    ),
    (
        "m15_paid_is_passed_over",
        restore::m15_after_a_restore_later_sales_are_recovered_as_paid_and_never_refunded,
    ),
    (
        "m16_cash_not_kept",
        counter::m16_cash_instead_takes_cash_at_once_and_the_wallets_money_goes_back,
    ),
    ("m16_refund_ends_nothing", trouble::m16_a_refunds_end_and_its_attempts_end_are_one_commit),
    ("m17_an_approval_lasts", people::m17_an_approval_is_gone_after_a_minute),
    ("m17_any_pin", people::m17_only_the_managers_pin_says_that_goods_are_gone),
    ("m17_tries_for_ever", people::m17_guessing_the_pin_takes_longer_than_a_shift),
    ("m18_cash_beside_the_front", cash::m18_cash_is_not_taken_beside_an_unresolved_sale_in_front),
    ("m18_front_is_free", counter::m18_a_sale_in_front_holds_the_counter_until_it_is_put_aside),
    (
        "m14_an_old_answer_contradicts",
        refunds::m14_an_answer_from_before_the_money_went_back_contradicts_nothing,
    ),
    (
        "m15_one_channel_is_enough",
        restore::m15_a_number_that_only_one_of_two_channels_knows_is_recovered_from_there,
    ),
    (
        "m15_asks_without_rest",
        restore::m15_a_number_that_may_still_be_paid_is_asked_about_less_and_less_often,
    ),
    (
        "m19_a_copy_gives_late_money_back",
        copies::m19_money_that_comes_after_the_end_is_found_by_the_copy_and_stays,
    ),
    (
        "m20_a_refund_elsewhere_is_passed_over",
        restore::m20_what_went_back_after_the_backup_is_learnt_when_a_refund_is_counted,
    ),
    (
        "m20_held_is_told_to_nobody",
        open_items::m20_a_held_refund_waits_until_the_manager_settles_it,
    ),
    ("m19_birth_untold", restore::m19_a_database_copied_to_another_machine_numbers_anew),
    ("m20_intent_forgotten", people::m20_a_refund_asked_for_twice_is_one),
    (
        "practice_begins_over_open_sales",
        away::a_counter_goes_to_practice_only_when_every_sale_has_its_result,
    ),
    ("practice_charges_the_shop", away::while_somebody_practises_the_shop_takes_nothing),
    ("practice_leaves_a_result_standing", away::the_plate_is_empty_when_the_counter_comes_back),
    ("receipt_mark_forgotten", cash::a_receipt_is_marked_from_its_second_print_on),
];

/// Bugs of core that show in a till's day as well.
const CAUGHT_HERE_TOO: &[(&str, fn())] = &[
    ("m3_silence_declines", scan::a_lost_answer_ends_nothing_and_sends_nothing_twice),
    ("m4_offered_unproven", offers::m4_a_channel_is_offered_only_after_a_signed_answer),
    (
        "m14_notice_refunds",
        notices::m14_a_notice_that_contradicts_an_end_makes_a_question_and_no_refund,
    ),
    ("m5_reverses_on_silence", restarts::a_paid_sale_shows_paid_after_the_network_comes_back),
    (
        "m8_code_forgotten",
        show::m8_money_on_a_code_that_a_cancel_could_not_kill_goes_back_with_a_finding,
    ),
    (
        "m9_nothing_is_closed",
        scan::m9_a_submit_that_arrives_after_the_reversal_is_found_and_goes_back,
    ),
    ("m16_kept_both", counter::m16_cash_instead_takes_cash_at_once_and_the_wallets_money_goes_back),
    ("m17_reverses_gone_goods", counter::m17_where_the_goods_are_gone_nothing_is_reversed),
    ("m18_no_question", counter::m18_the_same_amount_asks_whether_it_is_the_same_customer),
    ("m18_no_reminder", counter::m18_the_same_payer_of_the_same_amount_is_told),
    (
        "m19_reverses_what_was_copied",
        copies::m19_a_sale_that_was_open_in_the_copy_is_asked_about_and_not_reversed,
    ),
    (
        "m19_a_copy_counts_on",
        copies::m19_a_refund_that_is_being_counted_is_sent_by_the_original_only,
    ),
    ("m20_counts_at_home", refunds::m20_a_refund_of_another_till_is_counted_first),
    ("m20_clash_is_done", refunds::m20_two_tills_at_the_same_time_collide_and_a_person_decides),
    ("m20_wedged_retries", refunds::m20_lack_of_balance_waits_for_a_person),
    ("m20_ceiling_off", refunds::m20_no_more_goes_back_than_was_paid),
    ("m16_rounds_above_the_limit", cash::m16_rounding_has_a_limit_and_is_a_line_of_its_own),
    ("m16_cash_back_exceeds", cash::m16_cash_goes_back_once_and_never_beyond_what_was_taken),
];

#[test]
fn every_planted_bug_is_caught() {
    let mut missed = Vec::new();
    for &(name, test) in CAUGHT.iter().chain(CAUGHT_HERE_TOO) {
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

#[test]
fn every_bug_in_the_tills_sources_is_listed() {
    const PLANTED: &str = "planted(\"";
    let sources = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/till/src");
    let mut folders = vec![sources];
    let mut paths = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { paths.push(path) }
        }
    }
    let mut planted = Vec::new();
    for path in paths {
        if path.extension().is_some_and(|ext| ext == "rs") {
            let source = std::fs::read_to_string(path).unwrap();
            let names = source.split(PLANTED).skip(1);
            planted.extend(names.map(|rest| rest.split('"').next().unwrap().to_owned()));
        }
    }
    for name in &planted {
        assert!(CAUGHT.iter().any(|(listed, _)| listed == name), "`{name}` is caught by no test");
    }
    for (name, _) in CAUGHT {
        assert!(planted.iter().any(|found| found == name), "`{name}` is planted nowhere");
    }
}
