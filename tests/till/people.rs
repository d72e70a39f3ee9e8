//! What people say to a till: the manager's PIN (M17), a little longer, a customer's bill.

use mianfu_core::attempt::{Phase, Screen};
use mianfu_core::money::{Fen, Timestamp};
use mianfu_core::number::OutTradeNo;
use mianfu_db::FindingKind;
use mianfu_practice::{Fault, Manner};
use mianfu_tests::shop::*;
use mianfu_till::bill::{Bill, BillRefusal};
use mianfu_till::cashier::GoodsRefusal;
use mianfu_till::people::{
    Approved, GoodsGiven, ManagerState, People, Pin, PinRefusal, RefundWish,
};
use mianfu_till::refunds::RefundRefusal;
use mianfu_till::{Scanned, TillError};

fn pin(digits: &str) -> Pin {
    Pin::new(digits.to_owned()).unwrap()
}

/// The shop's manager, whose PIN is 481927.
fn manager(shop: &Shop) -> People {
    let people = People::open(shop.folder().join("till.pin"));
    people.set_pin(&pin("481927"), None, shop.till_now()).unwrap();
    people
}

fn approve<R>(people: &People, request: R, now: Timestamp) -> Approved<R> {
    people.approve(&pin("481927"), request, now).unwrap()
}

fn paid(shop: &mut Shop, fen: i64) -> OutTradeNo {
    let no = shop.scan(fen, Manner::Pays);
    assert_eq!(shop.end(&no).screen(), Screen::Paid);
    no
}

#[test]
pub(crate) fn m17_only_the_managers_pin_says_that_goods_are_gone() {
    let mut shop = Shop::new();
    let people = manager(&shop);
    let no = shop.scan(1_250, Manner::WalksAway);
    shop.wait(10_000);
    let now = shop.till_now();
    let given = GoodsGiven { no: no.clone() };
    for guess in ["481928", "730518", "192748", "481926"] {
        let refused = people.approve(&pin(guess), given.clone(), now);
        assert!(matches!(refused, Err(PinRefusal::Wrong)), "{guess}");
    }
    let approved = approve(&people, given, now);
    shop.till().goods_given(approved, now).unwrap();
    assert_eq!(shop.attempt(&no).goods_gone_by.as_deref(), Some("manager"));
    shop.settle_within(4 * HOUR_MS);
    assert_eq!(shop.calls(CANCEL, &no), 0, "nothing is reversed by itself any more");
    assert_eq!(shop.findings(), [FindingKind::GoodsGoneUnpaid]);
    let said = shop.till().db().read().findings().open(9).unwrap()[0].said.clone();
    assert_eq!(said, "manager");
}

#[test]
pub(crate) fn m17_guessing_the_pin_takes_longer_than_a_shift() {
    let shop = Shop::new();
    let people = manager(&shop);
    let mut now = shop.till_now();
    let began = now;
    for guess in 0..40 {
        let tried = people.approve(&pin(&format!("{:06}", 730_500 + guess)), (), now);
        assert!(matches!(tried, Err(PinRefusal::Wrong)), "{guess}: {tried:?}");
        if let ManagerState::Locked { until } = people.manager(now) {
            now = until.unwrap();
        }
    }
    assert!(8 * HOUR_MS < now.since_ms(began), "forty guesses in {} ms", now.since_ms(began));
}

#[test]
pub(crate) fn m17_an_approval_is_gone_after_a_minute() {
    let mut shop = Shop::new();
    let people = manager(&shop);
    let no = shop.scan(1_250, Manner::WalksAway);
    shop.wait(5_000);
    let now = shop.till_now();
    let approved = approve(&people, GoodsGiven { no: no.clone() }, now);
    let late = shop.till().goods_given(approved, now.plus_ms(60_001));
    assert!(matches!(late, Err(GoodsRefusal::Outlived(_))), "{late:?}");
    assert_eq!(shop.attempt(&no).goods_gone_by, None);
}

#[test]
fn m17_is_told_apart_from_too_late() {
    let mut shop = Shop::new();
    let people = manager(&shop);
    let given = |shop: &mut Shop, no: &OutTradeNo| {
        let now = shop.till_now();
        let approved = approve(&people, GoodsGiven { no: no.clone() }, now);
        shop.till().goods_given(approved, now)
    };
    shop.practice.weather_mut().next_of(PAY, Fault::RequestLost);
    let reversing = shop.scan(1_250, Manner::Pays);
    shop.wait(16_000);
    shop.cancel(&reversing);
    shop.wait(2_000);
    let refused = given(&mut shop, &reversing);
    assert!(matches!(refused, Err(GoodsRefusal::ReversalLeft { .. })), "{refused:?}");
    shop.settle();
    let ended = given(&mut shop, &reversing);
    assert!(matches!(ended, Err(GoodsRefusal::NotOpen { .. })), "{ended:?}");
    let unknown = OutTradeNo::new(&"90".repeat(14)).unwrap();
    let refused = given(&mut shop, &unknown);
    assert!(matches!(refused, Err(GoodsRefusal::Till(_))), "{refused:?}");
}

#[test]
fn a_manager_gives_money_back_once_for_one_wish() {
    let mut shop = Shop::new();
    let people = manager(&shop);
    let no = paid(&mut shop, 1_250);
    let refund = |shop: &mut Shop, fen: i64, intent: &str| {
        let now = shop.till_now();
        let amount = Fen::new(fen).unwrap();
        let wish = RefundWish { no: no.clone(), amount, intent_id: intent.to_owned() };
        shop.till().refund_approved(approve(&people, wish, now), now)
    };
    let first = refund(&mut shop, 500, "a").unwrap();
    assert_eq!(refund(&mut shop, 500, "a").unwrap(), first, "before it is confirmed");
    shop.settle();
    assert_eq!(refund(&mut shop, 500, "a").unwrap(), first, "after it");
    shop.restart(0);
    assert_eq!(refund(&mut shop, 500, "a").unwrap(), first, "and after a restart");
    let other = refund(&mut shop, 501, "a");
    assert!(matches!(other, Err(RefundRefusal::IntentUsed)), "{other:?}");
    assert_ne!(refund(&mut shop, 750, "b").unwrap(), first, "another wish is another refund");
    shop.settle();
    assert_eq!(shop.held_by_channel(&no), 0);
    let refused = refund(&mut shop, 1, "c");
    assert!(matches!(refused, Err(RefundRefusal::AboveCeiling { .. })), "{refused:?}");
    shop.assert_books();
}

#[test]
pub(crate) fn m20_a_refund_asked_for_twice_is_one() {
    let mut shop = Shop::new();
    let no = paid(&mut shop, 1_250);
    let wish = RefundWish {
        no: no.clone(),
        amount: Fen::new(500).unwrap(),
        intent_id: "one wish".to_owned(),
    };
    let now = shop.till_now();
    let first = shop.till().refund(&wish, "manager", now).unwrap();
    for _ in 0..3 {
        shop.wait(1_000);
        let now = shop.till_now();
        assert_eq!(shop.till().refund(&wish, "manager", now).unwrap(), first);
    }
    shop.settle();
    assert_eq!(shop.held_by_channel(&no), 750);
}

#[test]
fn a_customer_who_types_slowly_is_given_longer_once() {
    let mut shop = Shop::new();
    let slow = shop.scan(1_250, Manner::TypesPassword { after_ms: 80_000 });
    shop.wait(10_000);
    assert_eq!(shop.screen(&slow), Screen::Typing);
    let now = shop.till_now();
    let before = shop.attempt(&slow).limit_at;
    shop.till().wait_longer(&slow, now).unwrap();
    let again = shop.till().wait_longer(&slow, now);
    assert!(matches!(again, Err(TillError::NoLonger { .. })), "{again:?}");
    assert_eq!(shop.attempt(&slow).limit_at, before.plus_ms(30_000));
    shop.restart(0);
    assert_eq!(shop.end(&slow).screen(), Screen::Paid, "and a restart takes it not away");
    assert_eq!(shop.calls(CANCEL, &slow), 0);
    let now = shop.till_now();
    let ended = shop.till().wait_longer(&slow, now);
    assert!(matches!(ended, Err(TillError::NoLonger { .. })), "{ended:?}");
    shop.settle();
}

#[test]
fn a_customer_who_never_pays_is_not_waited_for_beyond_that() {
    let mut shop = Shop::new();
    let no = shop.scan(1_250, Manner::WalksAway);
    shop.wait(59_000);
    let now = shop.till_now();
    shop.till().wait_longer(&no, now).unwrap();
    shop.wait(29_000);
    assert_eq!(shop.screen(&no), Screen::Typing);
    shop.wait(8_000);
    assert!(matches!(shop.attempt(&no).phase, Phase::Closed { .. }), "{:?}", shop.attempt(&no));
    shop.settle();
}

/// The result of a bill's text: the sale it led to, or what it is.
fn bill(shop: &mut Shop, text: &str) -> Result<Option<OutTradeNo>, BillRefusal> {
    let now = shop.till_now();
    let found = shop.till().ask_bill(text, now)?;
    Ok(found.map(|bill| match bill {
        Bill::Attempt(attempt) | Bill::Ended(attempt) => attempt.out_trade_no,
        Bill::Cash(order) => panic!("{text} led to the cash of order {}", order.no),
    }))
}

fn front(shop: &mut Shop) -> Option<OutTradeNo> {
    let now = shop.till_now();
    shop.till().counter(now).unwrap().front.map(|attempt| attempt.out_trade_no)
}

#[test]
fn a_bill_brings_its_sale_to_the_front_and_asks_about_it() {
    let mut shop = Shop::new();
    let open = shop.scan(1_250, Manner::WalksAway);
    shop.wait(7_000);
    shop.till().put_aside(&open).unwrap();
    let done = paid(&mut shop, 300);
    let now = shop.till_now();
    shop.till().clear_front().unwrap();
    assert_eq!(front(&mut shop), None);
    let asked = shop.calls(QUERY, &open);
    let wide: String = open
        .as_str()
        .chars()
        .map(|digit| char::from_u32(digit as u32 - '0' as u32 + '０' as u32).unwrap())
        .collect();
    assert_eq!(bill(&mut shop, &format!(" {wide}\r\n")).unwrap(), Some(open.clone()));
    assert_eq!(front(&mut shop), Some(open.clone()));
    shop.wait(500);
    assert_eq!(shop.calls(QUERY, &open), asked + 1, "asked at once, and once");
    assert!(shop.attempt(&open).asked_at.is_some_and(|at| now <= at));
    // One that is over says nothing of the sale in front, which stays.
    assert_eq!(bill(&mut shop, done.as_str()).unwrap(), Some(done.clone()));
    assert_eq!(front(&mut shop), Some(open.clone()));
    // The customer's app may show the channel's own number.
    let Phase::Paid { payment } = shop.attempt(&done).phase else { panic!("paid") };
    assert_eq!(bill(&mut shop, &payment.transaction_no).unwrap(), Some(done));
    assert_eq!(front(&mut shop), Some(open));
    shop.settle();
}

#[test]
fn a_bill_of_a_sale_that_ended_without_money_is_asked_once_more() {
    let mut shop = Shop::new();
    let (no, _) = shop.show_drawn(1_250);
    shop.cancel(&no);
    assert_eq!(shop.end(&no).screen(), Screen::Closed);
    shop.settle();
    let asked = shop.calls(QUERY, &no);
    shop.till().clear_front().unwrap();
    assert_eq!(bill(&mut shop, no.as_str()).unwrap(), Some(no.clone()));
    assert_eq!(front(&mut shop), None, "an end of before is none of this moment");
    shop.settle();
    assert_eq!(shop.calls(QUERY, &no), asked + 1);
    assert_eq!(shop.screen(&no), Screen::Closed);
}

#[test]
fn a_bill_of_another_shop_is_no_sale_of_this_till_and_other_codes_are_no_bills() {
    let mut shop = Shop::new();
    let no = shop.scan(1_250, Manner::WalksAway);
    shop.wait(2_000);
    for text in [&"90".repeat(14), "2026112122001400000000000001"] {
        assert_eq!(bill(&mut shop, text).unwrap(), None, "{text}");
    }
    assert_eq!(front(&mut shop), Some(no), "and the screen stays as it is");
    let mut check = |text: &str, expected: &dyn Fn(&Scanned) -> bool| {
        let refused = bill(&mut shop, text).unwrap_err();
        let BillRefusal::NotABill { scanned, front_open } = &refused else {
            panic!("{text}: {refused}");
        };
        assert!(expected(scanned) && *front_open, "{text}: {scanned:?}");
        assert!(!refused.to_string().contains("2812345"), "{refused}");
    };
    check("281234567890123456", &|scanned| matches!(scanned, Scanned::Payment { .. }));
    check("6901028075831", &|scanned| *scanned == Scanned::Product);
    check("wxp://f2f0abcdef", &|scanned| *scanned == Scanned::Receive);
    check("", &|scanned| *scanned == Scanned::Empty);
    check(&"9".repeat(4_096), &|scanned| *scanned == Scanned::TooLong);
    let sent = shop.sent.len();
    shop.wait(1);
    assert_eq!(shop.sent.len(), sent, "nothing was charged or asked");
    shop.settle();
}

#[test]
fn a_bill_waits_where_no_sale_can_go_aside() {
    let mut shop = Shop::new();
    let mut sales = Vec::new();
    for fen in [100, 200, 300] {
        let no = shop.scan(fen, Manner::WalksAway);
        shop.wait(1_000);
        shop.till().put_aside(&no).unwrap();
        sales.push(no);
    }
    let last = shop.scan(400, Manner::WalksAway);
    shop.wait(1_000);
    // One that waits aside changes places with the one in front.
    assert_eq!(bill(&mut shop, sales[1].as_str()).unwrap(), Some(sales[1].clone()));
    assert_eq!(bill(&mut shop, last.as_str()).unwrap(), Some(last));
    shop.settle();
}
