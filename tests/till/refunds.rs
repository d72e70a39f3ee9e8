//! Money going back because a person asked for it (M20).

use std::sync::atomic::{AtomicU32, Ordering};

use mianfu_core::attempt::Screen;
use mianfu_core::money::Fen;
use mianfu_core::number::OutTradeNo;
use mianfu_core::refund::{RefundId, RefundPhase};
use mianfu_practice::{Acted, Fault, Manner};
use mianfu_tests::shop::*;
use mianfu_till::people::RefundWish;
use mianfu_till::refunds::RefundRefusal;

fn paid(shop: &mut Shop, fen: i64) -> OutTradeNo {
    let no = shop.scan(fen, Manner::Pays);
    assert_eq!(shop.end(&no).screen(), Screen::Paid);
    no
}

fn refund(shop: &mut Shop, no: &OutTradeNo, fen: i64) -> Result<RefundId, RefundRefusal> {
    let now = shop.till_now();
    static DRAWN: AtomicU32 = AtomicU32::new(0);
    let intent_id = format!("refund-{}", DRAWN.fetch_add(1, Ordering::Relaxed));
    let wish = RefundWish { no: no.clone(), amount: Fen::new(fen).unwrap(), intent_id };
    shop.till().refund(&wish, "店长 01", now)
}

fn phase(shop: &mut Shop, id: RefundId) -> RefundPhase {
    shop.till().refund_of(id).unwrap().phase
}

fn is_done(phase: &RefundPhase) -> bool {
    matches!(phase, RefundPhase::Done { .. })
}

/// The numbers under which the channel gave money back, and how much.
fn given_back(shop: &Shop, no: &OutTradeNo) -> Vec<(String, i64)> {
    let trade = shop.practice.truth().trade(no.as_str()).unwrap();
    let short = |text: &str| text.trim_start_matches(no.as_str()).to_owned();
    trade.refunds.iter().map(|refund| (short(&refund.out_request_no), refund.amount_fen)).collect()
}

/// Another till of the store sends a refund under a number that ours will count to.
fn other_till_refunds(shop: &mut Shop, no: &OutTradeNo, nth: u32, fen: i64) {
    shop.refund_elsewhere(no, nth, fen);
}

#[test]
pub(crate) fn m14_an_answer_from_before_the_money_went_back_contradicts_nothing() {
    let mut shop = Shop::new();
    shop.practice.weather_mut().next_of(PAY, Fault::Slow { delay_ms: 3_000 });
    let no = shop.scan(1_250, Manner::Pays);
    shop.wait(1_000);
    shop.practice.weather_mut().next_of(QUERY, Fault::Slow { delay_ms: 3_500 });
    shop.cash_instead(&no).unwrap();
    shop.wait(2_800);
    assert_eq!(shop.screen(&no), Screen::Returned, "the question is still open");
    shop.wait(2_000);
    assert_eq!(shop.calls(QUERY, &no), 1);
    shop.settle();
    assert_eq!(shop.findings(), [], "it was paid when it was asked");
}

#[test]
pub(crate) fn m20_two_refunds_in_a_row_are_numbered_one_and_two() {
    let mut shop = Shop::new();
    let no = paid(&mut shop, 1_250);
    let first = refund(&mut shop, &no, 250).unwrap();
    shop.wait(2_000);
    assert!(is_done(&phase(&mut shop, first)));
    let second = refund(&mut shop, &no, 300).unwrap();
    shop.settle();
    assert!(is_done(&phase(&mut shop, second)));
    assert_eq!(given_back(&shop, &no), [("R1".to_owned(), 250), ("R2".to_owned(), 300)]);
    assert_eq!(shop.screen(&no), Screen::Paid);
}

#[test]
fn m20_two_refunds_at_once_share_no_number() {
    let mut shop = Shop::new();
    let no = paid(&mut shop, 1_250);
    let ids = [250, 300].map(|fen| refund(&mut shop, &no, fen));
    shop.settle();
    let sent = given_back(&shop, &no);
    let sum: i64 = sent.iter().map(|(_, fen)| fen).sum();
    let mut done = 0;
    for id in ids.into_iter().flatten() {
        let refund = shop.till().refund_of(id).unwrap();
        done += if is_done(&refund.phase) { refund.amount.get() } else { 0 };
    }
    assert_eq!(sum, done, "what went back is what the till says went back: {sent:?}");
}

#[test]
pub(crate) fn m20_no_more_goes_back_than_was_paid() {
    let mut shop = Shop::new();
    let no = paid(&mut shop, 1_250);
    let refused = refund(&mut shop, &no, 1_251);
    assert!(matches!(refused, Err(RefundRefusal::AboveCeiling { .. })), "{refused:?}");
    refund(&mut shop, &no, 1_000).unwrap();
    shop.settle();
    let refused = refund(&mut shop, &no, 251);
    assert!(matches!(refused, Err(RefundRefusal::AboveCeiling { .. })), "{refused:?}");
    refund(&mut shop, &no, 250).unwrap();
    shop.settle();
    assert_eq!(shop.held_by_channel(&no), 0);
    let refused = refund(&mut shop, &no, 1);
    assert!(matches!(refused, Err(RefundRefusal::AboveCeiling { .. })), "{refused:?}");
    assert_eq!(shop.calls(REFUND, &no), 2);
    assert_eq!(shop.findings(), [], "a full refund of ours is no contradiction");
}

#[test]
fn nothing_and_what_was_not_paid_are_not_refunded() {
    let mut shop = Shop::new();
    let no = shop.scan(1_250, Manner::WalksAway);
    shop.wait(5_000);
    let refused = refund(&mut shop, &no, 1);
    assert!(matches!(refused, Err(RefundRefusal::NotPaid { .. })), "{refused:?}");
    shop.settle();
    let no = paid(&mut shop, 1_250);
    let refused = refund(&mut shop, &no, 0);
    assert!(matches!(refused, Err(RefundRefusal::NoAmount)), "{refused:?}");
    shop.settle();
    assert_eq!(shop.calls(REFUND, &no), 0);
}

#[test]
pub(crate) fn m20_a_refund_of_another_till_is_counted_first() {
    let mut shop = Shop::new();
    let no = paid(&mut shop, 1_250);
    other_till_refunds(&mut shop, &no, 1, 200);
    let id = refund(&mut shop, &no, 100).unwrap();
    shop.wait(20_000);
    assert!(is_done(&phase(&mut shop, id)));
    assert_eq!(given_back(&shop, &no), [("R1".to_owned(), 200), ("R2".to_owned(), 100)]);
}

#[test]
pub(crate) fn m20_two_tills_at_the_same_time_collide_and_a_person_decides() {
    let mut shop = Shop::new();
    let no = paid(&mut shop, 1_250);
    let id = refund(&mut shop, &no, 100).unwrap();
    let now = shop.till_now();
    let count = shop.till().take_calls(now).pop().unwrap();
    shop.leave(count);
    other_till_refunds(&mut shop, &no, 1, 200);
    shop.wait(20_000);
    assert_eq!(phase(&mut shop, id), RefundPhase::Held);
    assert_eq!(given_back(&shop, &no), [("R1".to_owned(), 200)], "one of the two went back");
}

#[test]
pub(crate) fn m20_a_lost_answer_is_asked_about_and_sent_with_the_same_bytes() {
    let faults = [
        Fault::AnswerLost,
        Fault::RequestLost,
        Fault::RequestLate { after_ms: 8_000 },
        Fault::Refused,
        Fault::Busy { acted: Acted::Yes },
        Fault::Busy { acted: Acted::No },
        Fault::SystemError { acted: Acted::Yes },
        Fault::WrongSignature,
        Fault::Unsigned,
        Fault::Garbage,
        Fault::Twice,
    ];
    for fault in faults {
        for method in [REFUND, REFUND_QUERY] {
            let mut shop = Shop::new();
            let no = paid(&mut shop, 1_250);
            shop.practice.weather_mut().next_of(method, fault);
            let id = refund(&mut shop, &no, 400).unwrap();
            shop.settle();
            assert!(is_done(&phase(&mut shop, id)), "{fault:?} on {method}");
            assert_eq!(given_back(&shop, &no), [("R1".to_owned(), 400)], "{fault:?} on {method}");
            let mut bodies: Vec<&str> = shop
                .sent
                .iter()
                .filter(|sent| sent.method == REFUND)
                .map(|sent| sent.business.as_str())
                .collect();
            bodies.dedup();
            assert_eq!(bodies.len(), 1, "{fault:?} on {method}");
        }
    }
}

#[test]
pub(crate) fn m20_lack_of_balance_waits_for_a_person() {
    let mut shop = Shop::new();
    let no = paid(&mut shop, 1_250);
    shop.practice.weather_mut().next_of(REFUND, Fault::SellerEmpty);
    let id = refund(&mut shop, &no, 400).unwrap();
    shop.wait(10 * MINUTE_MS);
    assert!(matches!(phase(&mut shop, id), RefundPhase::Wedged { .. }));
    assert_eq!(shop.calls(REFUND, &no), 1);
    shop.restart(5_000);
    shop.wait(MINUTE_MS);
    assert_eq!(shop.calls(REFUND, &no), 1, "not by itself");
    let now = shop.till_now();
    shop.till().try_refund_again(id, now).unwrap();
    shop.settle();
    assert_eq!(given_back(&shop, &no), [("R1".to_owned(), 400)]);
}

#[test]
pub(crate) fn m12_a_refund_refused_because_a_reversal_came_late_ends_the_attempt() {
    let mut shop = Shop::new();
    let weather = shop.practice.weather_mut();
    weather.next_of(CANCEL, Fault::RequestLate { after_ms: 60_000 });
    weather.next_of(CANCEL, Fault::SellerEmpty);
    let no = shop.scan(1_250, Manner::ByHand);
    shop.wait(10_000);
    shop.cancel(&no);
    let now = shop.till_now();
    let query = shop.till().take_calls(now).pop().unwrap();
    shop.leave(query);
    shop.practice.confirm(shop.now.0 + 50, no.as_str()).unwrap();
    shop.wait(5 * MINUTE_MS);
    assert_eq!(shop.screen(&no), Screen::Refunding, "a person is to try again");
    assert_eq!(shop.held_by_channel(&no), 0, "the late reversal took it back");
    let wedged = shop.till().db().read().refunds().of_attempt(&no).unwrap()[0].value.id;
    let now = shop.till_now();
    shop.till().try_refund_again(wedged, now).unwrap();
    shop.wait(1_000);
    assert!(matches!(phase(&mut shop, wedged), RefundPhase::Refused { .. }));
    assert_eq!(shop.end(&no).screen(), Screen::Returned);
    shop.settle();
    assert_eq!(shop.findings(), []);
}

#[test]
pub(crate) fn m20_a_restart_in_the_middle_asks_before_it_sends_again() {
    for moment in [Moment::BeforeLeaving, Moment::BeforeTheAnswer] {
        for after in 0..3 {
            let mut shop = Shop::new();
            let no = paid(&mut shop, 1_250);
            let id = refund(&mut shop, &no, 400).unwrap();
            shop.crash_at(Crash { after, moment });
            shop.wait(30_000);
            if !shop.is_running() {
                let before = shop.sent.len();
                shop.restart(2_000);
                shop.settle();
                let resent = shop.sent[before..].iter().position(|sent| sent.method == REFUND);
                let asked = shop.sent[before..].iter().position(|sent| sent.method == REFUND_QUERY);
                assert!(resent.is_none() || asked < resent, "asked first");
            }
            assert!(is_done(&phase(&mut shop, id)));
            assert_eq!(given_back(&shop, &no), [("R1".to_owned(), 400)]);
        }
    }
}

#[test]
fn a_long_queue_of_refunds_leaves_a_sale_its_place() {
    let mut shop = Shop::new();
    let sale_ms = |shop: &mut Shop| {
        let begun = shop.now;
        paid(shop, 1_250);
        shop.now.since_ms(begun)
    };
    let numbers: Vec<OutTradeNo> = (0..60).map(|_| paid(&mut shop, 1_250)).collect();
    shop.wait(60_000);
    let idle_ms = sale_ms(&mut shop);
    shop.network = Network::Down;
    for no in &numbers {
        refund(&mut shop, no, 250).unwrap();
    }
    assert!(shop.till().calls() <= 10, "the others wait in the database");
    shop.wait(20_000);
    shop.network = Network::Up;
    shop.wait(4_000);
    for _ in 0..3 {
        assert_eq!(sale_ms(&mut shop), idle_ms, "it finds its own token");
        shop.wait(500);
    }
    assert!(!shop.is_settled(), "the queue was draining meanwhile");
    shop.settle();
    for no in &numbers {
        assert_eq!(given_back(&shop, no), [("R1".to_owned(), 250)]);
    }
}

#[test]
pub(crate) fn m10_a_refund_refused_without_a_signature_ends_when_it_is_refused_twice() {
    let mut shop = Shop::with(Setup::both_channels);
    shop.wait(2_000);
    let no = shop.paid_in_wechat(1_000);
    // Still on its way when ours is counted, so that nobody here can know how much it is.
    other_till_refunds(&mut shop, &no, 1, 600);
    let id = refund(&mut shop, &no, 600).unwrap();
    shop.wait(20_000);
    assert_eq!(phase(&mut shop, id), RefundPhase::Sending, "once is no end");
    shop.wait(5 * MINUTE_MS);
    let refused = RefundPhase::Refused { reason: "INVALID_REQUEST".to_owned() };
    assert_eq!(phase(&mut shop, id), refused);
    assert_eq!(shop.held_by_channel(&no), 400);
    assert!(shop.is_settled());
}
