//! We scan the customer's code: every way it ends.

use mianfu_core::attempt::{ClosedHow, HoldReason, Phase, Screen};
use mianfu_core::channel::ChannelId;
use mianfu_core::refund::RefundId;
use mianfu_db::FindingKind;
use mianfu_practice::{Acted, Fault, Manner};
use mianfu_tests::shop::*;
use mianfu_till::{Means, Refusal};

#[test]
pub(crate) fn a_scan_that_is_paid_at_once_is_paid() {
    let mut shop = Shop::new();
    let no = shop.scan(1_250, Manner::Pays);
    assert_eq!(shop.screen(&no), Screen::Submitting);
    shop.wait(500);
    assert_eq!(shop.screen(&no), Screen::Paid);
    shop.settle();
    assert_eq!((shop.calls(PAY, &no), shop.calls(CANCEL, &no)), (1, 0));
    assert_eq!(shop.held_by_channel(&no), 1_250);
}

#[test]
pub(crate) fn a_customer_who_types_a_password_is_waited_for() {
    let mut shop = Shop::new();
    let no = shop.scan(1_250, Manner::TypesPassword { after_ms: 20_000 });
    shop.wait(10_000);
    assert_eq!(shop.screen(&no), Screen::Typing);
    let ended = shop.end(&no);
    assert_eq!(ended.screen(), Screen::Paid);
    assert!(shop.now.since_ms(ended.kept_at) < 24_000, "told within the channel's pace");
    shop.settle();
    assert_eq!((shop.calls(PAY, &no), shop.calls(CANCEL, &no)), (1, 0));
}

#[test]
fn a_code_that_has_expired_is_declined_and_nothing_is_reversed() {
    let mut shop = Shop::new();
    let code = shop.code(Manner::Pays);
    shop.wait(61_000);
    let no = shop.collect(1_250, Means::Scan(code)).unwrap();
    assert_eq!(shop.end(&no).screen(), Screen::Declined);
    shop.settle();
    assert_eq!(shop.calls(CANCEL, &no), 0);
    assert_eq!(shop.held_by_channel(&no), 0);
}

#[test]
fn too_little_money_is_declined_once_the_number_is_dead() {
    let mut shop = Shop::new();
    let no = shop.scan(1_250, Manner::TooLittleMoney);
    shop.wait(150);
    assert_eq!(shop.screen(&no), Screen::Settling, "the number could still be charged");
    assert!(!shop.screen(&no).may_charge_again());
    let order_no = shop.attempt(&no).order_no;
    let ended = shop.end(&no);
    assert_eq!(ended.phase, Phase::Declined { reason: "BUYER_BALANCE_NOT_ENOUGH".to_owned() });
    assert_eq!(shop.calls(CANCEL, &no), 1, "the channel closed it");
    let (code, now) = (shop.code(Manner::Pays), shop.till_now());
    let second = shop.till().collect_again(order_no, &Means::Scan(code), now).unwrap();
    assert_eq!(shop.end(&second).screen(), Screen::Paid);
    shop.settle();
    assert_eq!((shop.held_by_channel(&no), shop.held_by_channel(&second)), (0, 1_250));
}

#[test]
fn money_that_came_before_the_last_ask_is_kept() {
    let mut shop = Shop::new();
    let no = shop.scan(1_250, Manner::TopsUp { after_ms: 50 });
    assert_eq!(shop.end(&no).screen(), Screen::Paid);
    shop.settle();
    assert_eq!(shop.calls(CANCEL, &no), 0);
}

#[test]
pub(crate) fn a_customer_who_walks_away_is_reversed_at_the_limit() {
    for manner in [Manner::WalksAway, Manner::Refuses] {
        let mut shop = Shop::new();
        let no = shop.scan(1_250, manner);
        shop.wait(59_900);
        assert_eq!((shop.screen(&no), shop.calls(CANCEL, &no)), (Screen::Typing, 0));
        let ended = shop.end(&no);
        assert_eq!(ended.phase, Phase::Closed { how: ClosedHow::ByChannel });
        assert!(ended.screen().may_charge_again());
        assert!(shop.now.since_ms(ended.kept_at) < 62_000);
        shop.settle();
        assert_eq!((shop.calls(PAY, &no), shop.calls(CANCEL, &no)), (1, 1));
    }
}

#[test]
fn a_cancel_asks_before_it_reverses() {
    let mut shop = Shop::new();
    let no = shop.scan(1_250, Manner::TypesPassword { after_ms: 30_000 });
    shop.wait(10_000);
    let before = shop.calls(QUERY, &no);
    shop.cancel(&no);
    assert_eq!(shop.screen(&no), Screen::Reversing);
    assert_eq!(shop.end(&no).screen(), Screen::Closed);
    assert!(before < shop.calls(QUERY, &no), "a fresh answer came first");
    let last_two: Vec<&str> = shop.sent.iter().rev().take(2).map(|s| s.method.as_str()).collect();
    assert_eq!(last_two, [CANCEL, QUERY]);
    shop.wait(60_000);
    shop.settle();
    assert_eq!(shop.held_by_channel(&no), 0, "the customer can pay no more");
}

#[test]
fn a_cancel_after_the_money_moved_finds_it_paid() {
    let mut shop = Shop::new();
    let no = shop.scan(1_250, Manner::TypesPassword { after_ms: 9_500 });
    shop.wait(9_600);
    shop.cancel(&no);
    assert_eq!(shop.end(&no).screen(), Screen::Paid);
    shop.settle();
    assert_eq!(shop.calls(CANCEL, &no), 0);
}

/// The customer pays after the last "not paid" was said and before the reversal arrives.
fn paid_under_the_reversal(shop: &mut Shop) -> mianfu_core::number::OutTradeNo {
    let no = shop.scan(1_250, Manner::ByHand);
    shop.wait(10_000);
    shop.cancel(&no);
    let now = shop.till_now();
    let query = shop.till().take_calls(now).pop().unwrap();
    shop.leave(query);
    shop.practice.confirm(shop.now.0 + 50, no.as_str()).unwrap();
    no
}

#[test]
fn money_that_came_under_the_reversal_goes_back_and_is_said_so() {
    let mut shop = Shop::new();
    let no = paid_under_the_reversal(&mut shop);
    let order_no = shop.attempt(&no).order_no;
    let ended = shop.end(&no);
    assert_eq!(ended.screen(), Screen::Returned);
    assert!(ended.screen().may_charge_again() && !ended.screen().goods_may_go());
    let (code, now) = (shop.code(Manner::Pays), shop.till_now());
    let second = shop.till().collect_again(order_no, &Means::Scan(code), now).unwrap();
    assert_eq!(shop.end(&second).screen(), Screen::Paid);
    shop.settle();
    assert_eq!((shop.held_by_channel(&no), shop.held_by_channel(&second)), (0, 1_250));
}

#[test]
pub(crate) fn m12_a_reversal_without_balance_is_a_refund_that_a_person_tries_again() {
    let mut shop = Shop::new();
    shop.practice.weather_mut().next_of(CANCEL, Fault::SellerEmpty);
    let no = paid_under_the_reversal(&mut shop);
    let order_no = shop.attempt(&no).order_no;
    shop.wait(5 * MINUTE_MS);
    assert_eq!(shop.screen(&no), Screen::Refunding);
    assert_eq!(shop.calls(REFUND, &no), 0, "it waits for a person");
    let wedged = shop.till().db().read().queue().wedged(9).unwrap();
    assert_eq!(wedged.len(), 1, "and a person can see it");
    let (code, now) = (shop.code(Manner::Pays), shop.till_now());
    let second = shop.till().collect_again(order_no, &Means::Scan(code), now).unwrap();
    assert_eq!(shop.end(&second).screen(), Screen::Paid, "the order may be charged again");
    let id = RefundId(1);
    shop.practice.weather_mut().next_of(REFUND, Fault::SellerEmpty);
    for _ in 0..2 {
        let now = shop.till_now();
        shop.till().try_refund_again(id, now).unwrap();
        shop.wait(20_000);
    }
    assert_eq!(shop.end(&no).screen(), Screen::Returned);
    let refunds: Vec<&Sent> = shop.sent.iter().filter(|sent| sent.method == REFUND).collect();
    assert_eq!(refunds.len(), 2);
    assert_eq!(refunds[0].business, refunds[1].business, "the same number and bytes");
    shop.settle();
}

#[test]
fn retry_flag_y_repeats_the_reversal_until_it_is_done() {
    let mut shop = Shop::new();
    for _ in 0..3 {
        shop.practice.weather_mut().next_of(CANCEL, Fault::RetryLater);
    }
    let no = shop.scan(1_250, Manner::WalksAway);
    shop.wait(10_000);
    shop.cancel(&no);
    assert_eq!(shop.end(&no).screen(), Screen::Closed);
    assert_eq!(shop.calls(CANCEL, &no), 4);
    shop.settle();
}

/// Every fault of the channel, once, on the next call of a method.
const FAULTS: [Fault; 19] = [
    Fault::RequestLost,
    Fault::RequestLate { after_ms: 20_000 },
    Fault::Refused,
    Fault::AnswerLost,
    Fault::Slow { delay_ms: 4_000 },
    Fault::Slow { delay_ms: 30_000 },
    Fault::Busy { acted: Acted::Yes },
    Fault::Busy { acted: Acted::No },
    Fault::SystemError { acted: Acted::Yes },
    Fault::SystemError { acted: Acted::No },
    Fault::ServerError { status: 502, acted: Acted::Yes },
    Fault::ServerError { status: 502, acted: Acted::No },
    Fault::WrongSignature,
    Fault::Unsigned,
    Fault::Truncated,
    Fault::Garbage,
    Fault::Empty,
    Fault::Huge,
    Fault::AnotherOrder,
];

#[test]
pub(crate) fn a_lost_answer_ends_nothing_and_sends_nothing_twice() {
    let manners = [Manner::Pays, Manner::TypesPassword { after_ms: 12_000 }, Manner::WalksAway];
    for manner in manners {
        for method in [PAY, QUERY, CANCEL] {
            for fault in FAULTS {
                let mut shop = Shop::new();
                shop.practice.weather_mut().next_of(method, fault);
                let no = shop.scan(1_250, manner);
                let ended = shop.end(&no);
                shop.settle();
                let what = format!("{manner:?}, {method}, {fault:?}: {ended:?}");
                let paid = ended.screen() == Screen::Paid;
                assert_eq!(paid, shop.held_by_channel(&no) == 1_250, "{what}");
                assert_eq!(shop.calls(PAY, &no), 1, "{what}");
                assert!(paid || manner == Manner::WalksAway || method == PAY, "{what}");
            }
        }
    }
}

#[test]
fn another_amount_is_held_for_a_person() {
    for method in [PAY, QUERY] {
        let mut shop = Shop::new();
        shop.practice.weather_mut().next_of(method, Fault::AnotherAmount);
        let no = match method {
            PAY => shop.scan(1_250, Manner::Pays),
            _ => {
                let no = shop.scan(1_250, Manner::TypesPassword { after_ms: 2_000 });
                shop.wait(2_500);
                no
            }
        };
        let ended = shop.end(&no);
        let reason = HoldReason::AmountDiffers { channel_fen: 1_251 };
        assert_eq!(ended.phase, Phase::Held { reason });
        assert!(!ended.screen().goods_may_go() && !ended.screen().may_charge_again());
        assert_eq!(shop.findings(), [FindingKind::Held]);
        shop.settle();
        assert_eq!((shop.calls(CANCEL, &no), shop.calls(REFUND, &no)), (0, 0));
        let (order_no, now) = (shop.attempt(&no).order_no, shop.till_now());
        let means = Means::Show(ChannelId::Alipay);
        let again = shop.till().collect_again(order_no, &means, now);
        assert!(matches!(again, Err(Refusal::AttemptOpen { .. })), "a person decides first");
    }
}

#[test]
pub(crate) fn m9_a_submit_that_arrives_after_the_reversal_is_found_and_goes_back() {
    let mut shop = Shop::new();
    shop.practice.weather_mut().next_of(PAY, Fault::RequestLate { after_ms: 40_000 });
    let no = shop.scan(1_250, Manner::Pays);
    shop.wait(16_000);
    shop.cancel(&no);
    shop.wait(10_000);
    assert_eq!(shop.screen(&no), Screen::Reversing, "nothing found is no end");
    assert_eq!(shop.calls(CANCEL, &no), 1);
    let order_no = shop.attempt(&no).order_no;
    let (means, now) = (Means::Show(ChannelId::Alipay), shop.till_now());
    let again = shop.till().collect_again(order_no, &means, now);
    assert!(matches!(again, Err(Refusal::AttemptOpen { .. })), "the next charge waits");
    assert_eq!(shop.end(&no).screen(), Screen::Returned);
    shop.settle();
    assert_eq!(shop.held_by_channel(&no), 0);
}

#[test]
fn m9_a_submit_that_never_arrives_is_closed_when_the_code_is_dead() {
    let mut shop = Shop::new();
    shop.practice.weather_mut().next_of(PAY, Fault::RequestLost);
    let no = shop.scan(1_250, Manner::Pays);
    shop.wait(16_000);
    shop.cancel(&no);
    let ended = shop.end(&no);
    assert_eq!(ended.phase, Phase::Closed { how: ClosedHow::NeverExisted });
    assert!(75_000 <= shop.now.since_ms(ended.kept_at), "a code lives sixty seconds");
    let ended_at = shop.now;
    shop.settle();
    assert!(5 * MINUTE_MS <= shop.now.since_ms(ended_at), "asked once more after five minutes");
    assert_eq!(shop.calls(PAY, &no), 1);
}

#[test]
fn m12_a_day_later_the_money_goes_back_as_a_refund() {
    let mut shop = Shop::new();
    shop.practice.weather_mut().next_of(PAY, Fault::RequestLate { after_ms: 40_000 });
    let no = shop.scan(1_250, Manner::Pays);
    shop.wait(16_000);
    shop.cancel(&no);
    shop.wait(2_000);
    assert_eq!(shop.calls(CANCEL, &no), 1);
    shop.restart(25 * HOUR_MS);
    assert_eq!(shop.held_by_channel(&no), 1_250, "it arrived while the till was away");
    assert_eq!(shop.end(&no).screen(), Screen::Returned);
    assert_eq!((shop.calls(CANCEL, &no), shop.calls(REFUND, &no)), (1, 1));
    shop.settle();
}

#[test]
fn m12_a_day_later_an_unpaid_trade_is_closed() {
    let mut shop = Shop::new();
    let no = shop.scan(1_250, Manner::WalksAway);
    shop.wait(10_000);
    shop.restart(25 * HOUR_MS);
    assert_eq!(shop.end(&no).screen(), Screen::Closed, "by the channel's own limit of 3 h");
    shop.settle();
    assert_eq!((shop.calls(CANCEL, &no), shop.calls(REFUND, &no)), (0, 0));
}

#[test]
pub(crate) fn a_scan_without_a_network_was_never_sent_and_its_code_may_be_read_again() {
    let mut shop = Shop::new();
    shop.network = Network::Down;
    let code = shop.code(Manner::Pays);
    let no = shop.collect(1_250, Means::Scan(code.clone())).unwrap();
    assert_eq!(shop.end(&no).phase, Phase::Closed { how: ClosedHow::NeverSent });
    assert_eq!(shop.screen(&no), Screen::Unreached, "the network is named, not a reversal");
    let order_no = shop.attempt(&no).order_no;
    shop.network = Network::Up;
    shop.wait(3_000);
    let now = shop.till_now();
    let second = shop.till().collect_again(order_no, &Means::Scan(code), now).unwrap();
    assert_eq!(shop.end(&second).screen(), Screen::Paid);
    shop.settle();
}
