//! Planted bugs that the replays must notice.

use std::panic::catch_unwind;

use mianfu_core::mutant::plant;

use crate::{attempts, tills};

/// A bug by its name, and the replay that must fail where it is planted.
const NOTICED: &[(&str, fn())] = &[
    ("law5_end_is_rewritten", attempts::m14_any_order_of_genuine_words_ends_an_attempt_the_same),
    ("m14_notice_refunds", attempts::m14_any_order_of_genuine_words_ends_an_attempt_the_same),
    ("m14_refunds_twice", attempts::m14_any_order_of_genuine_words_ends_an_attempt_the_same),
    (
        "m14_the_same_news_contradicts",
        attempts::m14_any_order_of_genuine_words_ends_an_attempt_the_same,
    ),
    ("m14_what_went_back_contradicts", tills::m14_any_order_of_deliveries_ends_a_till_the_same),
    ("m7_paid_beats_reversal", attempts::m14_any_order_of_genuine_words_ends_an_attempt_the_same),
    ("m14_notice_refunds", tills::m14_any_order_of_deliveries_ends_a_till_the_same),
    ("m14_the_same_news_contradicts", tills::m14_any_order_of_deliveries_ends_a_till_the_same),
];

#[test]
fn every_bug_of_the_list_is_noticed() {
    for (name, replay) in NOTICED {
        plant(Some(name));
        let noticed = catch_unwind(replay).is_err();
        plant(None);
        assert!(noticed, "`{name}` is not noticed");
    }
}
