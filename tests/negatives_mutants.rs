//! The planted bugs of both doors, each with a negative that must notice it.
//!
//! The relay of a negative runs in the negative's own thread, so that its bugs are planted too.

#![expect(clippy::unwrap_used, reason = "a test may")]

#[path = "negatives/books.rs"]
mod books;
#[path = "negatives/door.rs"]
mod door;
#[path = "negatives/forms.rs"]
mod forms;
#[path = "negatives/keys.rs"]
mod keys;
#[path = "negatives/liar.rs"]
mod liar;
#[path = "negatives/notices.rs"]
mod notices;
#[path = "negatives/replays.rs"]
mod replays;
#[path = "negatives/signatures.rs"]
mod signatures;
#[path = "negatives/sockets.rs"]
mod sockets;
#[path = "negatives/stand.rs"]
mod stand;
#[path = "negatives/wire.rs"]
mod wire;

use std::panic::catch_unwind;

use mianfu_core::mutant::plant;

/// A bug by its name, and a negative that must fail where it is planted.
const CAUGHT: &[(&str, fn())] = &[
    (
        "law10_a_field_inside_another",
        signatures::n13_a_field_hidden_in_its_neighbour_is_not_overlooked,
    ),
    ("law10_a_field_twice", signatures::n12_a_name_that_stands_twice_is_read_in_no_way),
    ("law10_a_weaker_kind", signatures::n11_a_weaker_algorithm_is_no_signature),
    ("law10_an_unsigned_notice", signatures::n10_another_stores_key_opens_nothing_here),
    ("law10_another_applications_notice", forms::n05_signed_for_another_application_is_not_ours),
    ("law10_another_channels_word", forms::n09_the_other_channels_endpoint_proves_nothing),
    ("law10_another_sellers_notice", forms::n06_signed_for_another_seller_is_not_ours),
    ("law10_any_charset", signatures::n14_a_charset_that_is_lied_about_is_no_reading),
    (
        "law10_any_event_is_paid",
        replays::n21_a_sealed_part_about_another_order_says_nothing_of_this_one,
    ),
    ("law10_any_host_is_asked", wire::n33_another_host_behind_the_channels_name_is_told_nothing),
    (
        "law10_no_return_code",
        forms::n03_without_a_return_code_and_with_an_empty_signature_nothing_is_read,
    ),
    (
        "relay_gives_one_address_everything",
        sockets::n27_ten_thousand_idle_connections_keep_nobody_out,
    ),
    (
        "relay_reads_a_field_inside_another",
        signatures::n13_a_field_hidden_in_its_neighbour_is_not_overlooked,
    ),
    ("relay_reads_a_name_twice", signatures::n12_a_name_that_stands_twice_is_read_in_no_way),
    ("relay_reads_a_request_two_ways", sockets::n30_a_request_is_read_in_one_way_or_not_at_all),
    ("relay_reads_without_end", sockets::n25_a_body_without_end_is_cut_off),
    ("relay_takes_a_weaker_kind", signatures::n11_a_weaker_algorithm_is_no_signature),
    ("relay_takes_any_head", sockets::n29_a_head_has_a_bound),
    ("relay_takes_what_is_packed", sockets::n28_nothing_is_unpacked_so_nothing_bursts),
];

/// Bugs that have a test beside their rule, and show at these doors as well.
const CAUGHT_HERE_TOO: &[(&str, fn())] = &[
    ("law7_a_download_for_each_key", replays::n18_a_flood_of_unknown_serials_asks_for_keys_once),
    ("m13_any_amount", forms::n07_another_amount_is_never_paid),
    ("m1_mark_not_cleared", wire::n32_a_charge_that_meets_a_wrong_certificate_never_left),
    ("m14_notice_refunds", liar::n60_a_notice_held_back_past_the_end_moves_no_money),
    ("m14_the_same_news_contradicts", liar::n60_a_relay_that_repeats_itself_is_heard_once),
    (
        "m14_the_same_news_contradicts",
        replays::n15_a_replay_after_minutes_a_day_or_a_refund_says_nothing_new,
    ),
    ("m14_the_same_news_contradicts", replays::n24_finished_after_a_refund_is_no_second_payment),
    ("law10_an_unsigned_notice", forms::n01_an_unsigned_notice_is_nobodys),
    ("law10_an_unsigned_notice", forms::n02_an_empty_signature_is_none),
    (
        "law10_an_unsigned_notice",
        signatures::n13_a_field_added_dropped_or_written_anew_is_not_what_was_signed,
    ),
    ("law10_an_unsigned_notice", signatures::n22_the_merchants_own_key_is_not_the_channels),
    ("law10_an_unsigned_notice", signatures::n23_a_signature_of_any_other_shape_is_none),
    ("law10_an_unsigned_notice", liar::n60_a_relay_cannot_mint_a_payment),
    ("law10_an_unsigned_notice", liar::n60_a_relay_that_alters_a_single_bit_is_not_believed),
    ("relay_keeps_unsigned", signatures::n10_another_stores_key_opens_nothing_here),
    ("relay_keeps_unsigned", forms::n08_a_notice_about_another_order_says_nothing_of_this_one),
    ("relay_keeps_unsigned", replays::n17_a_nonce_of_before_signs_nothing_else),
    ("relay_keeps_unsigned", replays::n19_a_signature_probe_is_refused_and_the_genuine_one_follows),
    ("relay_keeps_unsigned", replays::n20_a_sealed_part_that_was_altered_does_not_open),
    ("relay_takes_anothers", forms::n04_signed_and_naming_no_merchant_is_for_nobody),
    ("relay_takes_anothers", forms::n05_signed_for_another_application_is_not_ours),
    ("relay_takes_anothers", forms::n06_signed_for_another_seller_is_not_ours),
    ("relay_takes_stale", replays::n16_a_time_that_is_not_the_moments_ends_at_the_door),
];

#[test]
fn every_planted_bug_is_noticed() {
    let mut missed = Vec::new();
    for &(name, negative) in CAUGHT.iter().chain(CAUGHT_HERE_TOO) {
        // That it passes without the bug, the negative shows on its own.
        plant(Some(name));
        let noticed = catch_unwind(negative).is_err();
        plant(None);
        if !noticed {
            missed.push(name);
        }
    }
    assert_eq!(missed, Vec::<&str>::new());
}
