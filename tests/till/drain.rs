//! What waits to go out while the channel is silent, and how it goes out once it is back.

use std::sync::atomic::{AtomicU32, Ordering};

use mianfu_core::attempt::Screen;
use mianfu_core::breaker::Offer;
use mianfu_core::money::Fen;
use mianfu_core::number::OutTradeNo;
use mianfu_practice::Manner;
use mianfu_tests::shop::*;
use mianfu_till::drain::Drain;
use mianfu_till::people::RefundWish;

const REFUNDS: u32 = 12;

fn drain(shop: &mut Shop) -> Drain {
    let now = shop.till_now();
    shop.till().counter(now).unwrap().drain
}

fn ask_back(shop: &mut Shop, no: &OutTradeNo, fen: i64) {
    static DRAWN: AtomicU32 = AtomicU32::new(0);
    let intent_id = format!("drain-{}", DRAWN.fetch_add(1, Ordering::Relaxed));
    let wish = RefundWish { no: no.clone(), amount: Fen::new(fen).unwrap(), intent_id };
    let now = shop.till_now();
    shop.till().refund(&wish, "店长 01", now).unwrap();
}

fn sold(shop: &mut Shop, fen: i64) -> OutTradeNo {
    let no = shop.scan(fen, Manner::Pays);
    assert_eq!(shop.end(&no).screen(), Screen::Paid);
    no
}

#[test]
fn refunds_of_an_outage_are_counted_until_they_are_out_and_new_sales_go_first() {
    let mut shop = Shop::new();
    let paid: Vec<OutTradeNo> = (0..REFUNDS).map(|_| sold(&mut shop, 1_250)).collect();
    assert_eq!(drain(&mut shop), Drain::default());

    shop.network = Network::Down;
    shop.wait(90_000);
    assert!(matches!(shop.offer(), Offer::Silent { .. }));
    let first = shop.till_now();
    for no in &paid {
        ask_back(&mut shop, no, 250);
        shop.wait(1_000);
    }
    let waiting = drain(&mut shop);
    assert_eq!((waiting.refunds.count, waiting.refunds.calls), (REFUNDS, 2 * REFUNDS));
    assert_eq!(waiting.refunds.oldest, Some(first));
    assert_eq!(waiting.done_at, None, "nobody knows when the network is back");
    shop.wait(120_000);
    let next_at = drain(&mut shop).refunds.first_at.unwrap();
    assert!(next_at.since_ms(shop.till_now()) <= 30_000, "the next try is never far");

    shop.network = Network::Up;
    while shop.offer() != Offer::Ready {
        shop.step();
    }
    let before = drain(&mut shop);
    let done_at = before.done_at.unwrap();
    assert!(0 < before.refunds.count);
    sold(&mut shop, 880);
    assert!(0 < drain(&mut shop).refunds.count, "the sale did not wait for the queue");
    let mut left = before.refunds.count;
    while 0 < left {
        shop.step();
        let waiting = drain(&mut shop).refunds.count;
        assert!(waiting <= left, "the queue grew from {left} to {waiting}");
        left = waiting;
    }
    let late_ms = shop.till_now().since_ms(done_at);
    assert!(late_ms <= 30_000, "it was said to be done {late_ms} ms before it was");
    shop.settle();
    assert_eq!(drain(&mut shop), Drain::default());
    shop.assert_books();
}
