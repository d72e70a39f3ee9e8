//! Every bug that can be planted, the trial that must notice it, and the hunt by bad days.
//!
//! A bug that both the days and the points notice stands with the quicker one. What neither a bad
//! day nor a point can show (a PIN, a receipt, a law of the schema that core keeps as well) is
//! noticed by a test beside the rule.

use std::ops::Range;

use mianfu_core::mutant;

use super::faults::{Faults, Kind};
use super::plan::{Channels, Plan};
use super::relay::Day;
use super::runs::{run, run_plan};

/// What must notice a bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trial {
    /// Bad days by seed.
    Days,
    /// The crash points of this flow.
    Points(&'static str),
    /// Flipped bits and exchanged rows (`tests/corruption_mutants.rs`).
    Damage,
    /// A test beside the rule, in the crate that keeps it, in `tests/till_mutants.rs` or in
    /// `tests/negatives_mutants.rs`.
    Test,
}

use Trial::{Damage, Days, Points, Test};

/// Every planted bug by its name.
pub const PLANTED: &[(&str, Trial)] = &[
    ("db_cut_tail_unnoticed", Damage),
    ("db_event_not_chained", Points("scanned_paid")),
    ("db_fold_unchecked", Damage),
    ("db_log_rewritten", Test),
    ("db_row_hash_unchecked", Damage),
    ("db_stale_ignored", Test),
    ("i7_cash_intent_forgotten", Test),
    ("i7_cash_refund_intent_forgotten", Test),
    ("i7_code_used_twice", Test),
    ("i7_intent_forgotten", Days),
    ("law11_never_opens", Days),
    ("law10_a_field_inside_another", Test),
    ("law10_a_field_twice", Test),
    ("law10_a_weaker_kind", Test),
    ("law10_an_unsigned_notice", Test),
    ("law10_another_applications_notice", Test),
    ("law10_another_channels_word", Test),
    ("law10_another_sellers_notice", Test),
    ("law10_any_charset", Test),
    ("law10_any_event_is_paid", Test),
    ("law10_any_host_is_asked", Test),
    ("law10_an_unknown_key_stays_unknown", Test),
    ("law10_keys_are_those_of_the_file", Test),
    ("law10_no_return_code", Test),
    ("law11_asked_when_its_turn_comes", Test),
    ("law11_doubt_waits", Test),
    ("law11_unasked_untold", Test),
    ("law11_silence_unheard", Days),
    ("law1_leaves_unkept", Points("shown_cancelled")),
    ("law1_sent_without_a_mark", Days),
    ("law2_silence_closes", Days),
    ("law3_a_start_forgets_what_is_open", Days),
    ("law3_second_attempt", Test),
    ("law3_two_live_rows", Test),
    ("m15_given_back_is_recovered_as_paid", Test),
    ("law4_part_is_paid", Test),
    ("law5_a_late_return_rewrites_the_end", Test),
    ("law5_end_is_rewritten", Days),
    ("law5_end_regresses", Test),
    ("law6_wakes_after_the_end", Days),
    ("law7_a_download_for_each_key", Test),
    ("law7_each_answer_contradicts", Test),
    ("law7_each_notice_asks", Test),
    ("law7_no_bound_on_the_unknown", Test),
    ("law7_each_hint_asks", Test),
    ("m14_asks_no_more_once_it_hears", Test),
    ("m14_waits_on_once_it_hears_no_more", Test),
    ("law7_one_lane_for_all", Test),
    ("law7_waits_for_ever", Days),
    ("law7_waits_longer_again", Test),
    ("law8_sum_wraps", Test),
    ("law9_form_repeats_what_stands_there", Test),
    ("m10_before_the_code_died", Days),
    ("m10_once_is_enough", Test),
    ("m10_unsigned_is_never_enough", Test),
    ("m10_unsigned_once_is_enough", Test),
    ("m11_alive_is_dead", Days),
    ("m11_query_waits_on", Test),
    ("m12_asks_for_ever", Test),
    ("m12_refusal_is_not_asked_about", Test),
    ("m12_reverses_for_ever", Test),
    ("m13_already_paid_waits", Test),
    ("m13_any_amount", Test),
    ("m13_any_time", Test),
    ("m13_clock_not_learnt", Days),
    ("m13_given_back_is_paid", Test),
    ("m13_pay_time_of_another_clock", Test),
    ("m14_an_old_notice_is_believed", Test),
    ("m14_an_old_answer_contradicts", Test),
    ("m14_late_question_forgotten", Days),
    ("m14_notice_refunds", Test),
    ("m14_refunds_twice", Test),
    ("m14_reply_refunds_again", Test),
    ("m14_the_same_news_contradicts", Days),
    ("m14_what_went_back_contradicts", Test),
    ("m15_asked_while_a_code_lives", Test),
    ("m15_asks_without_rest", Test),
    ("m15_one_channel_is_enough", Test),
    ("m15_paid_is_passed_over", Points("restored")),
    ("m15_parked_is_unsent", Points("restored_while_parked")),
    ("m15_refunds_by_itself", Test),
    ("m16_cash_back_exceeds", Test),
    ("m16_cash_kept_twice", Test),
    ("m16_cash_not_kept", Points("cash_instead")),
    ("m16_change_out_of_nothing", Test),
    ("m16_kept_both", Days),
    ("m16_refund_ends_nothing", Days),
    ("m16_reversals_uncounted", Test),
    ("m16_rounds_above_the_limit", Test),
    ("m17_a_decline_is_asked_about_for_ever", Test),
    ("m17_after_a_reversal", Days),
    ("m17_an_approval_lasts", Test),
    ("m17_any_pin", Test),
    ("m17_reverses_gone_goods", Test),
    ("m17_tries_for_ever", Test),
    ("m18_cash_beside_the_front", Test),
    ("m18_front_is_free", Test),
    ("m18_no_question", Days),
    ("m18_no_reminder", Test),
    ("m18_recent_by_an_old_clock", Test),
    ("m19_a_restored_series_counts_alone", Test),
    ("m19_a_copy_counts_on", Days),
    ("m19_a_copy_gives_late_money_back", Days),
    ("m19_birth_untold", Test),
    ("m19_hardware_is_not_looked_at", Test),
    ("m19_counter_not_kept", Points("one_after_another")),
    ("m19_epoch_kept_on_copy", Points("copied_to_another_machine")),
    ("m19_like_a_payment_code", Points("scanned_paid")),
    ("m19_restore_unnoticed", Points("restored")),
    ("m19_reverses_what_was_copied", Days),
    ("m1_code_lost_in_the_lane", Points("scanned_paid")),
    ("m1_mark_lost", Test),
    ("m1_mark_not_cleared", Points("parked_cancelled")),
    ("m1_silence_is_never_left", Days),
    ("m20_a_refund_elsewhere_is_passed_over", Test),
    ("m20_ceiling_off", Test),
    ("m20_clash_is_done", Test),
    ("m20_counts_at_home", Days),
    ("m20_held_is_told_to_nobody", Test),
    ("m20_intent_forgotten", Test),
    ("m20_new_number_on_retry", Days),
    ("m20_number_shared", Test),
    ("m20_resends_after_restart", Points("refund")),
    ("m20_rule_counts_on", Test),
    ("m20_silence_refuses", Days),
    ("m20_wedged_retries", Days),
    ("m21_the_machines_day", Days),
    ("m2_resends_after_restart", Test),
    ("m2_silence_resends", Days),
    ("m3_silence_declines", Days),
    ("m4_an_unsigned_word_proves", Test),
    ("m4_offer_not_asked_for", Days),
    ("m4_offered_unproven", Days),
    ("m4_scans_without_a_reversal", Test),
    ("m5_reverses_on_silence", Days),
    ("m6_reversal_overtakes_a_late_submit", Test),
    ("m6_stale_reversal_leaves", Days),
    ("m6_too_soon", Test),
    ("m6_while_submit_open", Test),
    ("m6_withheld_forgotten", Test),
    ("m7_answer_beats_reversal", Test),
    ("m7_paid_beats_reversal", Days),
    ("m8_cancels_scanned", Days),
    ("m8_code_forgotten", Days),
    ("m8_code_not_kept", Days),
    ("m8_late_question_by_an_old_clock", Test),
    ("m8_waiting_takes_the_code_away", Test),
    ("m8_waits_longer_for_a_code", Test),
    ("m9_known_is_forgotten", Test),
    ("m9_nothing_is_closed", Days),
    ("m9_waits_by_an_old_clock", Test),
    ("practice_begins_over_open_sales", Test),
    ("practice_charges_the_shop", Test),
    ("practice_leaves_a_result_standing", Test),
    ("receipt_mark_forgotten", Test),
    ("relay_drops_in_silence", Test),
    ("relay_forgets_ahead", Test),
    ("relay_forgets_its_horizon", Test),
    ("relay_gives_one_address_everything", Test),
    ("relay_reads_a_field_inside_another", Test),
    ("relay_reads_a_name_twice", Test),
    ("relay_reads_a_request_two_ways", Test),
    ("relay_reads_without_end", Test),
    ("relay_takes_a_weaker_kind", Test),
    ("relay_takes_any_head", Test),
    ("relay_takes_what_is_packed", Test),
    ("relay_keeps_twice", Test),
    ("relay_keeps_unsigned", Test),
    ("relay_knows_keys_by_name", Test),
    ("relay_lets_anybody", Test),
    ("relay_takes_anothers", Test),
    ("relay_takes_stale", Test),
    ("relay_tells_anothers", Test),
    ("relay_thanks_before_the_sync", Test),
    ("relay_trusts_anybody", Test),
    ("relay_trusts_old", Test),
    ("relay_trusts_twice", Test),
];

/// A planted bug that only a kind of fault shows, in days that are calm otherwise.
#[derive(Debug, Clone, Copy)]
pub struct Shown {
    /// The kind.
    pub kind: Kind,
    /// What must happen for it to matter, whether it does or not.
    pub beside: &'static [Kind],
    /// The bug.
    pub bug: &'static str,
    /// The channels of the days.
    pub channels: Channels,
    /// The relay of the days.
    pub relay: Day,
}

/// For each kind of fault a bug that it shows.
pub const SHOWN: [Shown; 28] = [
    shown(Kind::Drop, &[], "m1_a_timeout_never_left"),
    shown(Kind::Delay, &[], "m1_a_timeout_never_left"),
    // A cancelled code that can still be paid is Alipay's alone.
    Shown {
        channels: Channels::Alipay,
        ..shown(Kind::Duplicate, &[], "law5_a_late_return_rewrites_the_end")
    },
    shown(Kind::Reorder, &[], "m14_the_same_news_contradicts"),
    shown(Kind::Break, &[], "m1_a_broken_connection_never_left"),
    shown(Kind::Truncate, &[], "m1_half_an_answer_never_left"),
    shown(Kind::ServerError, &[], "m1_an_error_page_never_left"),
    shown(Kind::Unknown, &[], "m1_half_an_answer_never_left"),
    shown(Kind::Slow, &[], "m1_a_timeout_never_left"),
    shown(Kind::Signature, &[], "m1_a_wrong_signature_never_left"),
    shown(Kind::Unreachable, &[], "m1_mark_not_cleared"),
    shown(Kind::NetworkDown, &[], "law11_silence_unheard"),
    shown(Kind::DownAtBoot, &[], "m4_offered_unproven"),
    shown(Kind::SellerEmpty, &[], "m20_wedged_retries"),
    shown(Kind::Restart, &[], "law3_a_start_forgets_what_is_open"),
    shown(Kind::PowerCut, &[], "law3_a_start_forgets_what_is_open"),
    shown(Kind::Stall, &[], "m6_stale_reversal_leaves"),
    shown(Kind::DiskFull, &[], "law1_leaves_unkept"),
    shown(Kind::DiskFails, &[], "law1_leaves_unkept"),
    shown(Kind::ClockJump, &[Kind::Restart], "m8_late_question_by_an_old_clock"),
    shown(Kind::Restored, &[], "m19_restore_unnoticed"),
    shown(Kind::Cloned, &[], "m19_epoch_kept_on_copy"),
    told(Kind::NoticeLost, "m14_asks_no_more_once_it_hears"),
    // So is one that is paid from a photograph.
    Shown { channels: Channels::Alipay, ..told(Kind::NoticeAgain, "law7_each_notice_asks") },
    told(Kind::NoticeFalse, "law10_an_unsigned_notice"),
    told(Kind::RelayDown, "m14_asks_no_more_once_it_hears"),
    told(Kind::RelayWithholds, "m14_asks_no_more_once_it_hears"),
    told(Kind::RelayLies, "law10_an_unsigned_notice"),
];

const fn shown(kind: Kind, beside: &'static [Kind], bug: &'static str) -> Shown {
    Shown { kind, beside, bug, channels: Channels::Both, relay: Day::Absent }
}

/// A bug that shows in what is told unasked.
const fn told(kind: Kind, bug: &'static str) -> Shown {
    Shown { relay: Day::Lying, ..shown(kind, &[], bug) }
}

impl Shown {
    /// Returns the first of these seeds whose day shows the bug, and is a good day where it is not
    /// planted: with the kind of fault, or without.
    #[must_use]
    pub fn hunt(&self, seeds: Range<u64>, with: bool) -> Option<u64> {
        let beside = self.beside.iter().fold(Faults::NONE, |faults, kind| faults.with(*kind));
        let faults = if with { beside.with(self.kind) } else { beside };
        let is_good = |seed: u64, bug: Option<&'static str>| {
            mutant::plant(bug);
            let plan = Plan { faults, channels: self.channels, ..Plan::of(seed) };
            let plan = plan.with_relay(self.relay);
            let good = run_plan(&plan, usize::MAX).broken.is_empty();
            mutant::plant(None);
            good
        };
        seeds.into_iter().find(|seed| !is_good(*seed, Some(self.bug)) && is_good(*seed, None))
    }
}

/// How a bug was noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caught {
    /// After how many histories.
    pub histories: u64,
    /// By which invariant.
    pub invariant: &'static str,
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

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    /// Tests that plant each bug of a list and must fail with it.
    const LISTS: [&str; 6] = [
        "crates/core/src/mutants.rs",
        "crates/db/tests/db/mutants.rs",
        "crates/relay/tests/relay/mutants.rs",
        "tests/till_mutants.rs",
        "tests/negatives_mutants.rs",
        "tests/corruption_mutants.rs",
    ];

    #[test]
    fn every_bug_that_is_planted_stands_here_once() {
        let mut planted = BTreeSet::new();
        for krate in fs::read_dir(root().join("crates")).unwrap() {
            planted_under(&krate.unwrap().path().join("src"), &mut planted);
        }
        let listed: BTreeMap<&str, Trial> = PLANTED.iter().copied().collect();
        assert_eq!(listed.len(), PLANTED.len(), "a bug stands here twice");
        let listed: BTreeSet<String> = listed.keys().map(|name| (*name).to_owned()).collect();
        assert_eq!(listed, planted);
    }

    #[test]
    fn every_bug_that_no_history_notices_is_in_the_list_of_its_test() {
        let lists: Vec<String> =
            LISTS.iter().map(|list| fs::read_to_string(root().join(list)).unwrap()).collect();
        for (name, trial) in PLANTED {
            let has = |list: &String| list.contains(&format!("\"{name}\""));
            match trial {
                Days | Points(_) => (),
                Damage => assert!(has(&lists[5]), "`{name}` is caught by no damage"),
                Test => assert!(lists[..5].iter().any(has), "`{name}` is caught by no test"),
            }
        }
    }

    #[test]
    fn every_kind_of_fault_has_a_bug_that_it_shows() {
        assert_eq!(SHOWN.map(|shown| shown.kind), Kind::ALL);
    }

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    /// Collects the names planted in the sources under a folder: where a rule asks for its bug, and
    /// in the list of laws that a schema may lose.
    fn planted_under(folder: &Path, names: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                planted_under(&path, names);
            } else if path.extension().is_some_and(|ext| ext == "rs")
                && !path.ends_with("core/src/mutants.rs")
            {
                let source = fs::read_to_string(&path).unwrap();
                names.extend(source.split("planted(\"").skip(1).map(first_word));
                let laws = source.split("const PLANTED: [(&str, &str)").nth(1).unwrap_or_default();
                let laws = laws.split("];").next().unwrap_or_default();
                let starts = laws.split('(').skip(1).map(str::trim_start);
                names.extend(starts.filter_map(|row| row.strip_prefix('"')).map(first_word));
            }
        }
    }

    fn first_word(rest: &str) -> String {
        rest.split('"').next().unwrap().to_owned()
    }
}
