//! A till whose counter is away at practice: it asks about what it has kept, and takes nothing.

use mianfu_core::attempt::Screen;
use mianfu_core::channel::ChannelId;
use mianfu_core::money::Fen;
use mianfu_core::order::Counted;
use mianfu_db::FindingKind;
use mianfu_practice::{CancelUnscanned, Fault, Manner};
use mianfu_tests::shop::*;
use mianfu_till::away::{AwayRefusal, Practise};
use mianfu_till::cash::{CashRefusal, TakeCash};
use mianfu_till::people::{Approved, People, Pin};
use mianfu_till::{Means, Refusal};

fn go_away(shop: &mut Shop) -> Result<(), AwayRefusal> {
    let (approved, now) = (approve(shop), shop.till_now());
    shop.till().go_away(approved, now)
}

fn approve(shop: &Shop) -> Approved<Practise> {
    let now = shop.till_now();
    let pin = || Pin::new("481927".to_owned()).unwrap();
    let people = People::open(shop.folder().join("till.pin"));
    // Set at the first call; a later one finds it.
    let _ = people.set_pin(&pin(), None, now);
    people.approve(&pin(), Practise, now).unwrap()
}

fn in_cash(shop: &mut Shop, intent_id: &str) -> Result<(), CashRefusal> {
    let amount = Fen::new(1_250).unwrap();
    let counted = Counted { received: amount, rounded: Fen::ZERO };
    let (now, intent_id) = (shop.till_now(), intent_id.to_owned());
    shop.till().take_cash(TakeCash { intent_id, amount, counted }, now).map(drop)
}

/// Says whether nothing stands on the plate.
fn is_plate_empty(shop: &mut Shop) -> bool {
    let now = shop.till_now();
    let counter = shop.till().counter(now).unwrap();
    counter.front.is_none() && counter.cash.is_none()
}

#[test]
pub(crate) fn a_counter_goes_to_practice_only_when_every_sale_has_its_result() {
    let mut shop = Shop::new();
    let no = shop.scan(1_250, Manner::WalksAway);
    shop.wait(10_000);
    let refused = go_away(&mut shop);
    assert!(matches!(refused, Err(AwayRefusal::Open { count: 1 })), "{refused:?}");
    shop.till().put_aside(&no).unwrap();
    let refused = go_away(&mut shop);
    assert!(matches!(refused, Err(AwayRefusal::Open { count: 1 })), "aside is open: {refused:?}");
    shop.scan(330, Manner::Pays);
    assert_eq!(shop.end(&no).screen(), Screen::Closed);
    go_away(&mut shop).unwrap();
}

#[test]
fn a_sale_that_a_person_must_decide_keeps_the_counter_until_it_is_off_the_plate() {
    let mut shop = Shop::new();
    shop.practice.weather_mut().next_of(PAY, Fault::AnotherAmount);
    let no = shop.scan(1_250, Manner::Pays);
    assert_eq!(shop.end(&no).screen(), Screen::Held);
    let refused = go_away(&mut shop);
    assert!(matches!(refused, Err(AwayRefusal::Open { count: 1 })), "{refused:?}");
    shop.till().clear_front().unwrap();
    go_away(&mut shop).unwrap();
}

#[test]
pub(crate) fn while_somebody_practises_the_shop_takes_nothing() {
    let mut shop = Shop::new();
    go_away(&mut shop).unwrap();
    let code = shop.code(Manner::Pays);
    for means in [Means::Scan(code.clone()), Means::Show(ChannelId::Alipay)] {
        let refused = shop.collect(1_250, means);
        assert!(matches!(refused, Err(Refusal::Away)), "{refused:?}");
    }
    let refused = in_cash(&mut shop, "away");
    assert!(matches!(refused, Err(CashRefusal::Away)), "{refused:?}");
    shop.wait(60_000);
    assert!(shop.till().known_attempts().unwrap().is_empty());
    shop.till().come_back();
    let code = shop.code(Manner::Pays);
    let no = shop.collect(1_250, Means::Scan(code)).unwrap();
    assert_eq!(shop.end(&no).screen(), Screen::Paid, "and afterwards everything as before");
    in_cash(&mut shop, "back").unwrap();
}

#[test]
pub(crate) fn the_plate_is_empty_when_the_counter_comes_back() {
    let mut shop = Shop::new();
    let no = shop.scan(1_250, Manner::Pays);
    assert_eq!(shop.end(&no).screen(), Screen::Paid);
    go_away(&mut shop).unwrap();
    shop.till().come_back();
    assert!(is_plate_empty(&mut shop), "the next customer would leave with the goods");
    in_cash(&mut shop, "cash").unwrap();
    go_away(&mut shop).unwrap();
    shop.till().come_back();
    assert!(is_plate_empty(&mut shop), "as with cash");
    assert_eq!(shop.till().known_attempts().unwrap().len(), 1, "the books keep it");
}

#[test]
fn while_somebody_practises_what_is_still_to_be_asked_is_asked() {
    let mut shop =
        Shop::with(|setup| setup.options.cancel_unscanned = CancelUnscanned::FindsNothing);
    let (no, qr) = shop.show_drawn(1_250);
    shop.cancel(&no);
    assert_eq!(shop.end(&no).screen(), Screen::Closed);
    go_away(&mut shop).unwrap();
    shop.practice.scan(shop.now.0, &qr, Manner::Pays).unwrap();
    assert_eq!(shop.held_by_channel(&no), 1_250, "paid on a code that was thought dead");
    shop.settle();
    assert_eq!(shop.held_by_channel(&no), 0, "asked, and given back");
    assert_eq!(shop.findings(), [FindingKind::LateMoney]);
}

#[test]
fn a_till_that_is_started_again_is_back() {
    let mut shop = Shop::new();
    go_away(&mut shop).unwrap();
    shop.restart(5_000);
    shop.wait(2_000);
    let no = shop.scan(1_250, Manner::Pays);
    assert_eq!(shop.end(&no).screen(), Screen::Paid);
}
