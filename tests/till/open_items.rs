//! What waits for a person or is not known, on one list, of whatever day.

use mianfu_core::attempt::Screen;
use mianfu_core::money::Fen;
use mianfu_core::number::OutTradeNo;
use mianfu_core::refund::{RefundId, RefundPhase};
use mianfu_practice::{Fault, Manner};
use mianfu_tests::shop::*;
use mianfu_till::open_items::{FindingId, FindingKind, OpenItem, OpenItems, SettleRefusal};
use mianfu_till::people::{FindingSettled, MANAGER, People, Pin, RefundWish};

const DAY_MS: i64 = 24 * HOUR_MS;

fn listed(shop: &mut Shop) -> OpenItems {
    shop.till().open_items().unwrap()
}

/// What each line is about, in its order.
fn lines(shop: &mut Shop) -> Vec<String> {
    let line = |item: &OpenItem| match item {
        OpenItem::Attempt(attempt) => format!("{:?} {}", attempt.screen(), attempt.amount.fen()),
        OpenItem::Refund(refund) => {
            format!("{} {}", mianfu_till::refunds::phase_name(&refund.phase), refund.amount)
        }
        OpenItem::Finding(finding, attempt) => {
            format!("{:?} {}", finding.kind, attempt.amount.fen())
        }
    };
    listed(shop).items.iter().map(line).collect()
}

fn waiting(shop: &mut Shop) -> u32 {
    let now = shop.till_now();
    shop.till().counter(now).unwrap().waiting_refunds
}

fn paid(shop: &mut Shop, fen: i64) -> OutTradeNo {
    let no = shop.scan(fen, Manner::Pays);
    assert_eq!(shop.end(&no).screen(), Screen::Paid);
    no
}

fn refund(shop: &mut Shop, no: &OutTradeNo, fen: i64) -> RefundId {
    let intent_id = format!("back-{}-{fen}", no.as_str());
    let wish = RefundWish { no: no.clone(), amount: Fen::new(fen).unwrap(), intent_id };
    let now = shop.till_now();
    shop.till().refund(&wish, "店长 01", now).unwrap()
}

fn held(shop: &mut Shop, fen: i64) -> OutTradeNo {
    shop.practice.weather_mut().next_of(PAY, Fault::AnotherAmount);
    let no = shop.scan(fen, Manner::Pays);
    assert_eq!(shop.end(&no).screen(), Screen::Held);
    shop.till().clear_front().unwrap();
    no
}

fn front(shop: &mut Shop) -> Option<OutTradeNo> {
    let now = shop.till_now();
    shop.till().counter(now).unwrap().front.map(|front| front.out_trade_no)
}

#[test]
fn whatever_needs_a_person_is_listed_oldest_first_and_outlives_the_day_and_a_restart() {
    let mut shop = Shop::new();
    held(&mut shop, 660);
    shop.wait(HOUR_MS);
    let sold = paid(&mut shop, 1_250);
    shop.practice.weather_mut().next_of(REFUND, Fault::SellerEmpty);
    refund(&mut shop, &sold, 400);
    shop.wait(DAY_MS);
    shop.network = Network::Swallows;
    let unknown = shop.scan(990, Manner::Pays);
    shop.wait(20_000);
    let all = ["Held ¥6.60", "wedged ¥4.00", "Unknown ¥9.90"];
    assert_eq!(lines(&mut shop), all);
    assert_eq!(waiting(&mut shop), 1, "the one that only a person can try again");
    shop.restart(5_000);
    assert_eq!(lines(&mut shop), all);
    shop.network = Network::Up;
    shop.end(&unknown);
    assert_eq!(lines(&mut shop), all[..2], "what has its result needs nobody");
}

#[test]
fn a_refund_that_is_tried_again_stays_listed_until_the_money_is_back_once() {
    let mut shop = Shop::new();
    let sold = paid(&mut shop, 1_250);
    shop.practice.weather_mut().next_of(REFUND, Fault::SellerEmpty);
    let id = refund(&mut shop, &sold, 400);
    shop.wait(MINUTE_MS);
    for _ in 0..2 {
        let now = shop.till_now();
        shop.till().try_refund_again(id, now).unwrap();
    }
    assert_eq!(lines(&mut shop), ["sending ¥4.00"]);
    assert_eq!(waiting(&mut shop), 0, "it is on its way");
    shop.settle();
    assert_eq!(lines(&mut shop), Vec::<String>::new());
    assert_eq!(shop.held_by_channel(&sold), 850);
    let now = shop.till_now();
    shop.till().try_refund_again(id, now).unwrap();
    shop.settle();
    assert_eq!(shop.calls(REFUND, &sold), 2, "one that is done is not sent again");
}

#[test]
fn money_that_a_rule_gives_back_is_one_line_and_its_sale_can_be_brought_back() {
    let mut shop = Shop::new();
    shop.practice.weather_mut().next_of(CANCEL, Fault::SellerEmpty);
    let no = shop.scan(1_250, Manner::ByHand);
    shop.wait(10_000);
    shop.cancel(&no);
    let now = shop.till_now();
    let query = shop.till().take_calls(now).pop().unwrap();
    shop.leave(query);
    shop.practice.confirm(shop.now.0 + 50, no.as_str()).unwrap();
    shop.wait(5 * MINUTE_MS);
    assert_eq!(shop.screen(&no), Screen::Refunding);
    assert_eq!(lines(&mut shop), ["wedged ¥12.50"]);
    shop.till().clear_front().unwrap();
    assert_eq!(front(&mut shop), None, "it is nowhere on the counter");
    shop.till().bring_back(&no).unwrap();
    assert_eq!(front(&mut shop), Some(no));
}

#[test]
pub(crate) fn m20_a_held_refund_waits_until_the_manager_settles_it() {
    let mut shop = Shop::new();
    let no = paid(&mut shop, 1_250);
    let id = refund(&mut shop, &no, 100);
    let now = shop.till_now();
    let count = shop.till().take_calls(now).pop().unwrap();
    shop.leave(count);
    shop.refund_elsewhere(&no, 1, 200);
    shop.wait(20_000);
    assert_eq!(shop.till().refund_of(id).unwrap().phase, RefundPhase::Held);
    assert_eq!(lines(&mut shop), ["RefundHeld ¥12.50"]);
    assert_eq!(waiting(&mut shop), 0, "nobody can try it again");
    let now = shop.till_now();
    assert_eq!(shop.till().counter(now).unwrap().open_findings, 1);
    let finding = shop.till().db().read().findings().open(9).unwrap().remove(0);
    assert_eq!((finding.kind, finding.out_trade_no), (FindingKind::RefundHeld, no));
    let people = People::open(shop.folder().join("till.pin"));
    let pin = || Pin::new("481927".to_owned()).unwrap();
    people.set_pin(&pin(), None, now).unwrap();
    let word = people.approve(&pin(), FindingSettled { id: finding.id }, now).unwrap();
    shop.till().finding_settled(word, now).unwrap();
    shop.restart(5_000);
    assert_eq!(lines(&mut shop), Vec::<String>::new());
    assert_eq!(shop.till().refund_of(id).unwrap().phase, RefundPhase::Held, "an end stays");
}

#[test]
fn what_is_held_waits_until_the_manager_settles_it_and_settling_moves_nothing() {
    let mut shop = Shop::new();
    let no = held(&mut shop, 660);
    let at_channel = shop.held_by_channel(&no);
    let now = shop.till_now();
    let open = shop.till().open_items().unwrap();
    let [OpenItem::Finding(finding, _)] = open.items.as_slice() else {
        panic!("one finding: {open:?}");
    };
    let settled = FindingSettled { id: finding.id };
    assert_eq!(shop.till().counter(now).unwrap().open_findings, 1);
    let people = People::open(shop.folder().join("till.pin"));
    let pin = || Pin::new("481927".to_owned()).unwrap();
    people.set_pin(&pin(), None, now).unwrap();
    let approve = |settled, now| people.approve(&pin(), settled, now).unwrap();
    let late = approve(settled, now);
    let late = shop.till().finding_settled(late, now.plus_ms(60_001));
    assert!(matches!(late, Err(SettleRefusal::Outlived(_))), "{late:?}");
    assert_eq!(lines(&mut shop), ["Held ¥6.60"]);
    let word = approve(settled, now);
    shop.till().finding_settled(word, now).unwrap();
    let kept = shop.till().db().read().findings().get(settled.id).unwrap().settled;
    assert_eq!(kept, Some((now, MANAGER.to_owned())));
    shop.restart(5_000);
    assert_eq!(lines(&mut shop), Vec::<String>::new());
    let now = shop.till_now();
    assert_eq!(shop.till().counter(now).unwrap().open_findings, 0);
    let again = approve(settled, now);
    let again = shop.till().finding_settled(again, now);
    assert!(matches!(again, Err(SettleRefusal::Settled { .. })), "{again:?}");
    assert_eq!(shop.screen(&no), Screen::Held, "an end is never rewritten");
    assert_eq!(shop.held_by_channel(&no), at_channel);
    let word = approve(FindingSettled { id: FindingId(99) }, now);
    let unknown = shop.till().finding_settled(word, now);
    assert!(matches!(unknown, Err(SettleRefusal::Db(_))), "{unknown:?}");
}

#[test]
fn the_list_is_bounded_and_says_how_many_more_there_are() {
    let mut shop = Shop::new();
    let sold = paid(&mut shop, 100_000);
    let last = paid(&mut shop, 100_000);
    for fen in 1..=26 {
        for no in [&sold, &last] {
            shop.practice.weather_mut().next_of(REFUND, Fault::SellerEmpty);
            refund(&mut shop, no, fen);
            shop.wait(30_000);
        }
    }
    let OpenItems { items, rest } = listed(&mut shop);
    assert_eq!((items.len(), rest), (50, 2));
    assert_eq!(items[0].amount().get(), 1, "the oldest are the ones that are shown");
    assert_eq!(waiting(&mut shop), 52);
}

#[test]
fn an_open_sale_is_brought_back_wherever_it_is_and_an_ended_one_is_not() {
    let mut shop = Shop::new();
    let ended = paid(&mut shop, 330);
    shop.network = Network::Swallows;
    let unknown = shop.scan(990, Manner::Pays);
    shop.wait(20_000);
    shop.till().put_aside(&unknown).unwrap();
    shop.till().bring_back(&ended).unwrap();
    assert_eq!(front(&mut shop), None);
    shop.till().bring_back(&unknown).unwrap();
    assert_eq!(front(&mut shop), Some(unknown.clone()));
    shop.till().bring_back(&unknown).unwrap();
    assert_eq!(front(&mut shop), Some(unknown));
}
