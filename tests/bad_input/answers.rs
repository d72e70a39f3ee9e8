//! Answers that are no use: unsigned, wrongly signed, about another order, for another amount,
//! HTML, empty, 10 MB.

use mianfu_core::attempt::Screen;
use mianfu_db::FindingKind;
use mianfu_practice::{FaultKind, Manner};
use mianfu_tests::shop::*;

/// Kinds of answers that say nothing.
const USELESS: [FaultKind; 7] = [
    FaultKind::Unsigned,
    FaultKind::WrongSignature,
    FaultKind::AnotherOrder,
    FaultKind::Garbage,
    FaultKind::Empty,
    FaultKind::Huge,
    FaultKind::Truncated,
];

#[test]
fn while_only_useless_answers_come_nothing_is_said_and_nothing_is_lost() {
    for kind in USELESS {
        for manner in [Manner::Pays, Manner::WalksAway] {
            let mut shop = Shop::new();
            shop.practice.weather_mut().set(kind, 1_000);
            let no = shop.scan(1_250, manner);
            shop.wait(5 * MINUTE_MS);
            let open = shop.attempt(&no);
            assert!(!open.is_final(), "{kind:?}: {open:?}");
            assert_eq!(open.screen(), Screen::Unknown, "{kind:?}");
            assert!(!open.screen().goods_may_go() && !open.screen().may_charge_again());
            assert_eq!(open.reversal_left_at, None, "{kind:?}: nothing is reversed on it");
            shop.practice.weather_mut().clear();
            let paid = shop.end(&no).screen() == Screen::Paid;
            assert_eq!(paid, manner == Manner::Pays, "{kind:?}");
            shop.settle();
            assert_eq!(shop.calls(PAY, &no), 1, "{kind:?}");
        }
    }
}

#[test]
fn while_only_useless_answers_come_no_code_is_drawn() {
    for kind in USELESS {
        let mut shop = Shop::new();
        shop.practice.weather_mut().set(kind, 1_000);
        let no = shop.show(1_250);
        for _ in 0..20 {
            shop.wait(1_000);
            assert_eq!(shop.qr(&no), None, "{kind:?}");
        }
        shop.practice.weather_mut().clear();
        assert_eq!(shop.end(&no).screen(), Screen::Closed, "{kind:?}");
        shop.settle();
        assert_eq!(shop.practice.truth().captured_fen(), 0);
    }
}

#[test]
fn an_answer_for_another_amount_is_held_and_nothing_moves() {
    let mut shop = Shop::new();
    shop.practice.weather_mut().set(FaultKind::AnotherAmount, 1_000);
    let no = shop.scan(1_250, Manner::Pays);
    let held = shop.end(&no);
    assert_eq!(held.screen(), Screen::Held);
    assert!(!held.screen().goods_may_go() && !held.screen().may_charge_again());
    assert_eq!(shop.findings(), [FindingKind::Held]);
    shop.practice.weather_mut().clear();
    shop.settle();
    assert_eq!(shop.held_by_channel(&no), 1_250, "it is there for the manager");
}
