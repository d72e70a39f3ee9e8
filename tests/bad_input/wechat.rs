//! WeChat Pay's answers that are no use, in both generations: each is silence, which says nothing
//! and ends nothing.

use mianfu_core::attempt::Screen;
use mianfu_core::channel::ChannelId;
use mianfu_core::number::OutTradeNo;
use mianfu_db::FindingKind;
use mianfu_practice::{Channel, CustomerId, FaultKind, Manner};
use mianfu_tests::shop::*;
use mianfu_till::Means;

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

fn open() -> Shop {
    let mut shop = Shop::with(Setup::both_channels);
    shop.wait(5_000);
    shop
}

fn scan(shop: &mut Shop, manner: Manner) -> OutTradeNo {
    let (now_ms, customer) = (shop.now.0, CustomerId(3));
    let code = shop.practice.show_payment_code_of(Channel::Wechat, now_ms, customer, manner);
    shop.collect(1_250, Means::Scan(code)).unwrap()
}

#[test]
fn while_only_useless_answers_come_to_a_scan_nothing_is_said_and_nothing_is_lost() {
    for kind in USELESS {
        for manner in [Manner::Pays, Manner::WalksAway] {
            let mut shop = open();
            shop.practice.weather_mut().set(kind, 1_000);
            let no = scan(&mut shop, manner);
            shop.wait(5 * MINUTE_MS);
            let open = shop.attempt(&no);
            assert!(!open.is_final(), "{kind:?}: {open:?}");
            assert!(!open.screen().goods_may_go() && !open.screen().may_charge_again());
            assert_eq!(open.reversal_left_at, None, "{kind:?}: nothing is reversed on it");
            shop.practice.weather_mut().clear();
            let paid = shop.end(&no).screen() == Screen::Paid;
            assert_eq!(paid, manner == Manner::Pays, "{kind:?}");
            shop.settle();
            assert_eq!(shop.calls("POST /pay/micropay", &no), 1, "{kind:?}");
        }
    }
}

#[test]
fn while_only_useless_answers_come_no_code_is_drawn() {
    for kind in USELESS {
        let mut shop = open();
        shop.practice.weather_mut().set(kind, 1_000);
        let no = shop.collect(1_250, Means::Show(ChannelId::Wechat)).unwrap();
        for _ in 0..20 {
            shop.wait(1_000);
            // What names no attempt cannot name another one.
            if kind != FaultKind::AnotherOrder {
                assert_eq!(shop.qr(&no), None, "{kind:?}");
            }
        }
        shop.practice.weather_mut().clear();
        shop.cancel(&no);
        assert_eq!(shop.end(&no).screen(), Screen::Closed, "{kind:?}");
        shop.settle();
        assert_eq!(shop.practice.truth().captured_fen(), 0);
    }
}

#[test]
fn an_answer_for_another_amount_is_held_and_nothing_moves() {
    let mut shop = open();
    shop.practice.weather_mut().set(FaultKind::AnotherAmount, 1_000);
    let no = scan(&mut shop, Manner::Pays);
    let held = shop.end(&no);
    assert_eq!(held.screen(), Screen::Held);
    assert!(!held.screen().goods_may_go() && !held.screen().may_charge_again());
    assert_eq!(shop.findings(), [FindingKind::Held]);
    shop.practice.weather_mut().clear();
    shop.settle();
    assert_eq!(shop.held_by_channel(&no), 1_250, "it is there for the manager");
}

#[test]
fn a_merchant_that_signs_with_md5_is_answered_with_md5() {
    let mut shop = Shop::with(|setup| {
        setup.both_channels();
        setup.wechat.sign_type = mianfu_gateway::SignType::Md5;
    });
    shop.wait(5_000);
    let no = scan(&mut shop, Manner::Pays);
    assert_eq!(shop.end(&no).screen(), Screen::Paid, "asked for in MD5, answered in MD5");
    shop.settle();
}
