//! Planted bugs, and which of them a run of histories notices.
//!
//! Not every bug shows in a till's bad day: some are about screens, restores and channels that are
//! not here. Those are proven beside the rules they break.

use std::ops::Range;

use mianfu_core::mutant;

use super::runs::{on_all_cores, run};

/// Every bug that can be planted in the code that a history runs.
pub const MUTANTS: &[&str] = &[
    "db_cut_tail_unnoticed",
    "db_event_not_chained",
    "db_fold_unchecked",
    "db_row_hash_unchecked",
    "db_stale_ignored",
    "i7_code_used_twice",
    "i7_intent_forgotten",
    "law11_never_opens",
    "law11_silence_unheard",
    "law1_leaves_unkept",
    "law1_sent_without_a_mark",
    "law2_silence_closes",
    "law3_second_attempt",
    "law4_part_is_paid",
    "law5_end_is_rewritten",
    "law6_wakes_after_the_end",
    "law7_no_bound_on_the_unknown",
    "law7_one_lane_for_all",
    "law7_waits_for_ever",
    "law8_sum_wraps",
    "law9_form_repeats_what_stands_there",
    "m10_before_the_code_died",
    "m10_once_is_enough",
    "m11_alive_is_dead",
    "m11_query_waits_on",
    "m12_asks_for_ever",
    "m12_reverses_for_ever",
    "m13_already_paid_waits",
    "m13_any_amount",
    "m13_any_time",
    "m13_clock_not_learnt",
    "m13_pay_time_of_another_clock",
    "m14_late_question_forgotten",
    "m14_notice_refunds",
    "m14_refunds_twice",
    "m14_reply_refunds_again",
    "m15_paid_is_passed_over",
    "m15_parked_is_unsent",
    "m15_refunds_by_itself",
    "m16_cash_not_kept",
    "m16_kept_both",
    "m16_refund_ends_nothing",
    "m16_reversals_uncounted",
    "m17_after_a_reversal",
    "m17_reverses_gone_goods",
    "m18_front_is_free",
    "m18_no_question",
    "m18_no_reminder",
    "m19_birth_untold",
    "m19_counter_not_kept",
    "m19_epoch_kept_on_copy",
    "m19_like_a_payment_code",
    "m19_restore_unnoticed",
    "m1_code_lost_in_the_lane",
    "m1_mark_not_cleared",
    "m1_silence_is_never_left",
    "m20_clash_is_done",
    "m20_counts_at_home",
    "m20_new_number_on_retry",
    "m20_resends_after_restart",
    "m20_rule_counts_on",
    "m20_silence_refuses",
    "m20_wedged_retries",
    "m21_the_machines_day",
    "m2_resends_after_restart",
    "m2_silence_resends",
    "m3_silence_declines",
    "m4_offer_not_asked_for",
    "m4_offered_unproven",
    "m5_reverses_on_silence",
    "m6_stale_reversal_leaves",
    "m6_too_soon",
    "m6_while_submit_open",
    "m6_withheld_forgotten",
    "m7_answer_beats_reversal",
    "m7_paid_beats_reversal",
    "m8_cancels_scanned",
    "m8_code_forgotten",
    "m8_code_not_kept",
    "m9_known_is_forgotten",
    "m9_nothing_is_closed",
];

/// How a bug was noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caught {
    /// After how many histories.
    pub histories: u64,
    /// By which invariant.
    pub invariant: &'static str,
}

/// Plants each bug in turn, tells what came of it, and returns how many were caught.
#[must_use]
pub fn hunt_all(seeds: &Range<u64>, tell: impl Fn(&str, Option<Caught>) + Sync) -> usize {
    let count = u64::try_from(MUTANTS.len()).unwrap_or(0);
    let caught = on_all_cores(0..count, |place| {
        let name = MUTANTS[usize::try_from(place).unwrap_or(0)];
        let caught = hunt(name, seeds.clone());
        tell(name, caught);
        caught
    });
    caught.iter().flatten().count()
}

/// Plants a bug in this thread and lives through seeds until a history breaks a promise.
#[must_use]
pub fn hunt(name: &'static str, seeds: Range<u64>) -> Option<Caught> {
    mutant::plant(Some(name));
    let caught = seeds.clone().find_map(|seed| {
        let broken = run(seed).broken;
        let first = broken.first()?;
        Some(Caught { histories: seed - seeds.start + 1, invariant: first.invariant })
    });
    mutant::plant(None);
    caught
}
