//! Every planted bug of this crate, and a test that notices it.
//!
//! A test that passes on a broken machine is worse than none. The rules that another crate keeps
//! (the commit before a byte leaves, the verified bytes, the drawn epoch) have their bugs there.

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use crate::attempt::{tests as attempt, walk};
use crate::mutant::plant;
use crate::{breaker, money, number, order, refund};

/// A bug by its name, and a test that must fail where it is planted.
const CAUGHT: &[(&str, fn())] = &[
    ("law1_sent_without_a_mark", attempt::law1_the_mark_is_kept_with_the_intent),
    ("law2_silence_closes", attempt::law2_silence_is_not_an_answer),
    ("law3_second_attempt", order::tests::law3_one_attempt_at_a_time),
    (
        "m15_given_back_is_recovered_as_paid",
        attempt::m15_a_recovered_payment_of_which_some_went_back_is_held,
    ),
    ("law4_part_is_paid", attempt::law4_a_recovered_payment_of_another_amount_is_held),
    ("law5_end_is_rewritten", attempt::law5_an_end_is_never_rewritten),
    ("law5_a_late_return_rewrites_the_end", attempt::m14_after_an_end_a_notice_only_asks),
    ("law6_wakes_after_the_end", walk::every_event_in_every_state_of_a_scan_keeps_the_rules),
    (
        "law7_waits_for_ever",
        attempt::law7_a_customer_who_never_answers_is_waited_for_until_the_limit,
    ),
    ("law7_waits_longer_again", attempt::law7_a_customer_who_types_is_given_longer_once),
    ("law7_waits_longer_again", walk::every_event_in_every_state_of_a_scan_keeps_the_rules),
    ("law8_sum_wraps", money::tests::law8_a_sum_that_does_not_fit_is_refused),
    ("law11_never_opens", breaker::tests::law11_three_silences_stop_new_charges_until_an_answer),
    ("m1_mark_not_cleared", attempt::m1_a_try_that_never_left_clears_the_mark),
    ("m2_resends_after_restart", attempt::m2_a_restart_asks_and_never_resends),
    ("m2_resends_after_restart", walk::every_event_in_every_state_of_a_scan_keeps_the_rules),
    ("m3_silence_declines", attempt::m3_waiting_is_a_word_and_silence_is_not),
    ("m4_offered_unproven", breaker::tests::m4_a_channel_is_offered_only_after_a_signed_answer),
    ("m5_reverses_on_silence", attempt::m5_the_last_ask_goes_on_until_a_usable_answer),
    ("m5_reverses_on_silence", walk::every_event_in_every_state_of_a_scan_keeps_the_rules),
    ("m6_too_soon", attempt::m6_a_reversal_waits_until_the_channel_allows_it),
    ("m6_while_submit_open", attempt::m6_a_reversal_never_leaves_while_the_submit_is_open),
    ("m6_while_submit_open", walk::every_event_in_every_state_of_a_scan_keeps_the_rules),
    ("m6_withheld_forgotten", attempt::m6_a_reversal_leaves_only_on_a_fresh_not_paid),
    ("m7_answer_beats_reversal", attempt::m7_paid_wins_until_a_reversal_has_left),
    ("m7_paid_beats_reversal", attempt::m7_a_query_that_says_paid_repeats_the_reversal),
    ("m7_paid_beats_reversal", walk::every_event_in_every_state_of_a_scan_keeps_the_rules),
    (
        "m8_code_forgotten",
        attempt::m8_an_unscanned_code_is_closed_at_once_and_asked_again_after_its_end,
    ),
    ("m8_cancels_scanned", attempt::m8_a_scanned_code_is_closed_without_moving_money),
    ("m8_waiting_takes_the_code_away", attempt::m8_a_code_stays_until_somebody_has_scanned_it),
    ("m8_waits_longer_for_a_code", attempt::m8_a_shown_code_lives_as_long_as_the_channel_was_told),
    (
        "m8_waits_longer_for_a_code",
        walk::every_event_in_every_state_of_a_shown_code_keeps_the_rules,
    ),
    (
        "m9_nothing_is_closed",
        attempt::m9_a_reversal_that_found_nothing_is_no_end_before_the_code_died,
    ),
    ("m9_waits_by_an_old_clock", attempt::m9_a_clock_set_forward_between_two_starts_ends_no_wait),
    ("m9_known_is_forgotten", attempt::m9_nothing_found_of_a_known_trade_is_asked_again),
    ("m10_once_is_enough", attempt::m10_unsigned_not_exist_ends_only_twice_and_after_the_code_died),
    (
        "m10_before_the_code_died",
        attempt::m10_unsigned_not_exist_ends_only_twice_and_after_the_code_died,
    ),
    (
        "m11_alive_is_dead",
        attempt::m11_a_declined_number_that_lives_is_asked_once_more_and_reversed,
    ),
    ("m11_query_waits_on", attempt::m11_a_decline_told_by_a_query_is_not_waited_out),
    (
        "m12_reverses_for_ever",
        attempt::m12_when_reversals_are_over_paid_money_goes_back_as_a_refund,
    ),
    ("m12_asks_for_ever", attempt::m12_when_reversals_are_over_an_unpaid_trade_is_closed),
    ("m12_asks_for_ever", walk::every_event_in_every_state_of_a_scan_keeps_the_rules),
    ("m13_any_amount", attempt::m13_paid_means_exactly_the_amount_asked),
    ("m13_any_amount", walk::every_event_in_every_state_of_a_scan_keeps_the_rules),
    ("m13_any_time", attempt::m13_a_pay_time_before_the_attempt_is_held),
    (
        "m13_given_back_is_paid",
        attempt::m13_money_of_which_some_went_back_before_we_knew_of_it_is_held,
    ),
    ("m13_already_paid_waits", attempt::m13_already_paid_on_a_first_submit_is_held),
    ("m14_notice_refunds", attempt::m14_after_an_end_a_notice_only_asks),
    ("m14_the_same_news_contradicts", attempt::m14_after_an_end_a_notice_only_asks),
    ("m14_asks_no_more_once_it_hears", attempt::m14_a_till_that_hears_goes_on_asking),
    ("m14_what_went_back_contradicts", attempt::m14_what_went_back_is_not_paid_again),
    ("m14_refunds_twice", attempt::m14_after_an_end_a_notice_only_asks),
    ("m14_refunds_twice", walk::every_event_in_every_state_of_a_scan_keeps_the_rules),
    ("m14_reply_refunds_again", attempt::m14_the_same_news_twice_refunds_once),
    ("m14_reply_refunds_again", walk::every_event_in_every_state_of_a_scan_keeps_the_rules),
    ("m15_parked_is_unsent", attempt::m15_a_parked_code_in_a_restored_database_counts_as_sent),
    (
        "m15_refunds_by_itself",
        attempt::m15_a_recovered_payment_is_kept_and_never_refunded_by_itself,
    ),
    ("m16_kept_both", attempt::m16_cash_instead_makes_the_attempt_unwanted),
    ("m16_kept_both", walk::every_event_in_every_state_of_a_scan_keeps_the_rules),
    (
        "m16_reversals_uncounted",
        order::tests::m16_a_reversed_payment_is_a_capture_and_a_return_in_every_total,
    ),
    ("m16_reversals_uncounted", order::tests::m16_captured_and_cash_less_returned_is_what_was_due),
    (
        "m16_cash_kept_twice",
        order::tests::m16_cash_is_taken_once_and_never_beside_an_attempt_that_could_be_paid,
    ),
    ("m16_rounds_above_the_limit", order::tests::m16_cash_due_is_what_is_owed_less_the_rounding),
    ("m16_change_out_of_nothing", order::tests::m16_cash_due_is_what_is_owed_less_the_rounding),
    ("m16_cash_back_exceeds", order::tests::m16_no_more_cash_goes_back_than_was_taken),
    ("m17_reverses_gone_goods", attempt::m17_where_the_goods_are_gone_nothing_is_reversed),
    ("m17_reverses_gone_goods", walk::every_event_in_every_state_of_a_scan_keeps_the_rules),
    (
        "m17_a_decline_is_asked_about_for_ever",
        attempt::m17_a_decline_of_gone_goods_ends_it_twice_and_after_the_codes_life,
    ),
    ("m17_after_a_reversal", attempt::m17_once_a_reversal_has_left_the_goods_are_not_gone),
    (
        "m18_no_question",
        order::tests::m18_an_unresolved_attempt_of_the_same_amount_is_called_to_mind,
    ),
    ("m18_no_reminder", order::tests::m18_the_same_payer_of_the_same_amount_is_called_to_mind),
    ("m19_like_a_payment_code", number::tests::m19_a_number_has_its_parts_and_is_no_payment_code),
    (
        "m19_reverses_what_was_copied",
        attempt::m19_what_came_from_another_machine_is_asked_about_and_never_reversed,
    ),
    ("m19_a_copy_counts_on", refund::tests::m19_a_copy_sends_settled_numbers_and_counts_no_further),
    ("m20_counts_at_home", refund::tests::m20_a_persons_refund_counts_at_the_channel_first),
    ("m20_new_number_on_retry", refund::tests::m20_retries_keep_the_number),
    ("m20_silence_refuses", refund::tests::m20_silence_ends_no_refund),
    ("m20_clash_is_done", refund::tests::m20_a_number_with_another_amount_is_held),
    ("m20_resends_after_restart", refund::tests::m20_a_restart_asks_before_it_sends_again),
    ("m20_rule_counts_on", refund::tests::m20_a_rules_number_is_minted_with_its_intent),
    ("m20_wedged_retries", refund::tests::m20_lack_of_balance_waits_for_a_person),
    (
        "m21_the_machines_day",
        money::tests::m21_the_business_day_is_shanghai_whatever_the_machine_says,
    ),
];

/// Laws that another crate keeps: gateway (9, secrets do not print; 10, verify the bytes).
const LAWS_ELSEWHERE: &[u32] = &[9, 10];

#[test]
fn every_planted_bug_is_caught() {
    let mut missed = Vec::new();
    for &(name, test) in CAUGHT {
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
fn every_bug_in_the_sources_is_listed_and_every_rule_has_one() {
    let mut planted = Vec::new();
    names_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut planted);
    for name in &planted {
        assert!(CAUGHT.iter().any(|(listed, _)| listed == name), "`{name}` is caught by no test");
    }
    for (name, _) in CAUGHT {
        assert!(planted.iter().any(|found| found == name), "`{name}` is planted nowhere");
    }
    let has = |rule: String| CAUGHT.iter().any(|(name, _)| name.starts_with(&rule));
    for law in (1..=11).filter(|law| !LAWS_ELSEWHERE.contains(law)) {
        assert!(has(format!("law{law}_")), "law {law} has a bug that its test catches");
    }
    for rule in 1..=21 {
        assert!(has(format!("m{rule}_")), "M{rule} has a bug that its test catches");
    }
}

/// Collects the names planted in the sources under a folder.
fn names_in(folder: &Path, names: &mut Vec<String>) {
    const PLANTED: &str = "planted(\"";
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            names_in(&path, names);
        } else if path.extension().is_some_and(|ext| ext == "rs") && !path.ends_with("mutants.rs") {
            let source = fs::read_to_string(&path).unwrap();
            for found in source.split(PLANTED).skip(1) {
                names.push(found.split('"').next().unwrap().to_owned());
            }
        }
    }
}
