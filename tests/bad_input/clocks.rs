//! A till whose clock is wrong: the channel's clock is learnt, the cashier is told, nothing is lost.

use mianfu_core::attempt::Screen;
use mianfu_core::breaker::Offer;
use mianfu_db::FindingKind;
use mianfu_practice::{CancelUnscanned, Fault, Manner};
use mianfu_tests::shop::*;
use mianfu_till::{Means, Notice, Refusal, SameCustomer};

/// 2026-11-21 seen from 2015-01-01.
const TO_2015_MS: i64 = 1_420_041_600_000 - 1_795_226_400_000;

fn clock_notice(shop: &mut Shop) -> Option<i64> {
    let now = shop.till_now();
    let notices = shop.till().counter(now).unwrap().notices;
    notices.into_iter().find_map(|notice| match notice {
        Notice::ClockWrong { offset_ms, shown } => {
            assert_eq!(shown, now);
            Some(offset_ms)
        }
        Notice::Trouble(_)
        | Notice::CopiedDatabase
        | Notice::RestoredDatabase
        | Notice::ChannelMissing { .. }
        | Notice::LiveAtStart { .. } => None,
    })
}

#[test]
pub(crate) fn sales_go_on_under_a_wrong_clock_and_the_cashier_is_told() {
    for skew_ms in [10 * MINUTE_MS, -10 * MINUTE_MS, TO_2015_MS] {
        for window_ms in [None, Some(5 * MINUTE_MS)] {
            let mut shop = Shop::with(|setup| {
                setup.skew_ms = skew_ms;
                setup.options.stamp_window_ms = window_ms;
                setup.options.cancel_unscanned = CancelUnscanned::FindsNothing;
            });
            shop.wait(MINUTE_MS);
            assert_eq!(shop.offer(), Offer::Ready, "{skew_ms}, {window_ms:?}");
            let told = clock_notice(&mut shop).expect("the cashier is told");
            assert!((told + skew_ms).abs() < 2_000, "{skew_ms}: {told}");
            let scanned = shop.scan(1_250, Manner::Pays);
            assert_eq!(shop.end(&scanned).screen(), Screen::Paid, "{skew_ms}, {window_ms:?}");
            let (shown, qr) = shop.show_drawn(990);
            let expires = shop.practice.truth().offer(shown.as_str()).unwrap().expires_ms;
            let life_ms = expires - shop.now.0;
            assert!((170_000..=185_000).contains(&life_ms), "on the channel's clock: {life_ms}");
            shop.practice.scan(shop.now.0, &qr, Manner::Pays).unwrap();
            assert_eq!(shop.end(&shown).screen(), Screen::Paid);
            let walked_away = shop.scan(1, Manner::WalksAway);
            assert_eq!(shop.end(&walked_away).screen(), Screen::Closed);
            shop.settle();
        }
    }
}

#[test]
fn a_right_clock_is_no_notice() {
    let mut shop = Shop::new();
    shop.wait(MINUTE_MS);
    assert_eq!(clock_notice(&mut shop), None);
}

#[test]
fn a_machine_that_wakes_up_in_2015_is_told_even_without_a_network() {
    let mut shop = Shop::closed(|setup| setup.skew_ms = TO_2015_MS);
    shop.network = Network::Down;
    shop.open().unwrap();
    shop.wait(1_000);
    assert_eq!(clock_notice(&mut shop), Some(0));
}

#[test]
pub(crate) fn a_clock_that_was_set_back_between_two_starts_loses_no_sale() {
    for manner in [Manner::Pays, Manner::TypesPassword { after_ms: 20_000 }] {
        let mut shop = Shop::new();
        let no = shop.scan(1_250, manner);
        shop.crash_at(Crash { after: 0, moment: Moment::BeforeTheAnswer });
        shop.wait(1_000);
        shop.skew_ms = TO_2015_MS;
        shop.restart(10_000);
        assert_eq!(shop.end(&no).screen(), Screen::Paid, "{manner:?}");
        shop.settle();
        assert_eq!(shop.calls(CANCEL, &no), 0);
    }
}

#[test]
fn a_clock_that_was_set_back_between_two_starts_leaves_nothing_hanging() {
    for fault in [None, Some(Fault::RequestLost)] {
        let mut shop = Shop::new();
        if let Some(fault) = fault {
            shop.practice.weather_mut().next_of(PAY, fault);
        }
        let no = shop.scan(1_250, Manner::WalksAway);
        shop.wait(20_000);
        shop.skew_ms = TO_2015_MS;
        shop.restart(10_000);
        shop.restart(10_000);
        let restarted = shop.now;
        assert_eq!(shop.end(&no).screen(), Screen::Closed, "{fault:?}");
        let waited_ms = shop.now.since_ms(restarted);
        assert!(waited_ms < 3 * MINUTE_MS, "{fault:?}: {waited_ms}");
        shop.settle();
    }
}

#[test]
fn a_clock_that_was_set_forward_between_two_starts_reverses_nothing_paid() {
    let mut shop = Shop::with(|setup| setup.skew_ms = TO_2015_MS);
    shop.wait(MINUTE_MS);
    let no = shop.scan(1_250, Manner::Pays);
    shop.crash_at(Crash { after: 0, moment: Moment::BeforeTheAnswer });
    shop.wait(1_000);
    shop.skew_ms = 0;
    shop.restart(10_000);
    assert_eq!(shop.end(&no).screen(), Screen::Paid);
    shop.settle();
    assert_eq!(shop.calls(CANCEL, &no), 0);
}

const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

fn finds_nothing() -> Shop {
    Shop::with(|setup| setup.options.cancel_unscanned = CancelUnscanned::FindsNothing)
}

#[test]
pub(crate) fn m8_a_clock_set_forward_between_two_starts_does_not_ask_before_the_code_is_over() {
    for cancelled_first in [true, false] {
        let mut shop = finds_nothing();
        let (no, qr) = shop.show_drawn(1_250);
        if cancelled_first {
            shop.cancel(&no);
            shop.end(&no);
        }
        shop.skew_ms = DAY_MS;
        shop.restart(5_000);
        assert_eq!(shop.end(&no).screen(), Screen::Closed);
        shop.wait(10_000);
        shop.practice.scan(shop.now.0, &qr, Manner::Pays).unwrap();
        shop.settle();
        assert_eq!(shop.held_by_channel(&no), 0, "{cancelled_first}: found late, and returned");
        assert_eq!(shop.findings(), [FindingKind::LateMoney], "{cancelled_first}");
    }
}

#[test]
fn m8_a_clock_set_back_between_two_starts_does_not_put_the_last_question_off_for_a_day() {
    let mut shop = finds_nothing();
    let (no, _) = shop.show_drawn(1_250);
    shop.cancel(&no);
    shop.end(&no);
    shop.skew_ms = -DAY_MS;
    shop.restart(5_000);
    shop.settle_within(10 * MINUTE_MS);
}

#[test]
pub(crate) fn m18_a_clock_set_between_two_starts_does_not_stop_the_question() {
    for skew_ms in [DAY_MS, -DAY_MS] {
        let mut shop = Shop::new();
        let first = shop.scan(1_250, Manner::TypesPassword { after_ms: 55_000 });
        shop.wait(5_000);
        shop.skew_ms = skew_ms;
        shop.restart(5_000);
        shop.wait(1_000);
        shop.till().put_aside(&first).unwrap();
        let code = shop.code(Manner::Pays);
        let mut collect = shop.intent(1_250, Means::Scan(code));
        collect.same_customer = SameCustomer::Ask;
        let now = shop.till_now();
        let refused = shop.till().collect(collect, now);
        assert!(matches!(refused, Err(Refusal::SameCustomer { .. })), "{skew_ms}: {refused:?}");
        shop.settle();
    }
}
