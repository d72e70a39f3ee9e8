//! Whether notices reach the till: how often it asks, and that it asks at once when they do not.

use mianfu_core::attempt::Screen;
use mianfu_core::channel::ChannelId;
use mianfu_core::money::Timestamp;
use mianfu_core::number::OutTradeNo;
use mianfu_practice::Manner;
use mianfu_tests::shop::*;
use mianfu_till::Means;

const CHANNELS: [ChannelId; 2] = [ChannelId::Alipay, ChannelId::Wechat];

fn open(listening: bool) -> Shop {
    let mut shop = Shop::with(Setup::both_channels);
    shop.wait(10_000);
    listen(&mut shop, listening);
    shop
}

fn listen(shop: &mut Shop, on: bool) {
    let now = shop.till_now();
    shop.till().listening(on, now);
}

/// A code stands in the customer's window.
fn shown(shop: &mut Shop, channel: ChannelId) -> (OutTradeNo, String) {
    let no = shop.collect(1_250, Means::Show(channel)).unwrap();
    shop.wait(500);
    let qr = shop.qr(&no).expect("a code is drawn");
    (no, qr)
}

/// Returns when the till asked about a number, in ms after it was confirmed.
fn asked(shop: &Shop, no: &OutTradeNo, since: Timestamp) -> Vec<i64> {
    let queries = shop.sent.iter().filter(|sent| {
        let asks = sent.method == QUERY || sent.method.starts_with("GET ");
        sent.out_trade_no == no.as_str() && asks && since <= sent.at
    });
    queries.map(|sent| sent.at.since_ms(since)).collect()
}

#[test]
fn m14_a_till_that_hears_asks_less_often_and_still_within_five_seconds() {
    for channel in CHANNELS {
        for (listening, apart_ms) in [(false, 3_000), (true, 4_500)] {
            let mut shop = open(listening);
            let since = shop.till_now();
            let (no, _) = shown(&mut shop, channel);
            shop.wait(60_000);
            let asked = asked(&shop, &no, since);
            let gaps: Vec<i64> = asked.windows(2).map(|two| two[1] - two[0]).collect();
            let near = |gap: &i64| (apart_ms..apart_ms + 200).contains(gap);
            assert!(10 <= gaps.len() && gaps.iter().all(near), "{channel:?}: {gaps:?}");
        }
    }
}

#[test]
fn r11b_a_payment_is_seen_within_five_seconds_though_the_relay_brings_nothing() {
    for channel in CHANNELS {
        for paid_after_ms in (0..5_000).step_by(500) {
            let mut shop = open(true);
            let (no, qr) = shown(&mut shop, channel);
            shop.wait(10_000 + paid_after_ms);
            shop.practice.scan(shop.now.0, &qr, Manner::Pays).unwrap();
            let paid_at = shop.now;
            shop.wait(5_000);
            assert_eq!(shop.screen(&no), Screen::Paid, "{channel:?}, paid at {paid_at:?}");
        }
    }
}

#[test]
pub(crate) fn m14_the_moment_it_hears_no_more_the_till_asks() {
    for channel in CHANNELS {
        let mut shop = open(true);
        let (no, qr) = shown(&mut shop, channel);
        // Between two questions, so that the next is seconds away.
        shop.wait(11_000);
        shop.practice.scan(shop.now.0, &qr, Manner::Pays).unwrap();
        let since = shop.till_now();
        listen(&mut shop, false);
        shop.wait(300);
        assert_eq!(shop.screen(&no), Screen::Paid, "{channel:?}");
        assert_eq!(asked(&shop, &no, since), [0], "{channel:?}");
    }
}

#[test]
pub(crate) fn law7_hints_without_end_are_a_question_every_three_seconds() {
    let mut shop = open(true);
    let since = shop.till_now();
    let (no, _) = shown(&mut shop, ChannelId::Wechat);
    for _ in 0..900 {
        let now = shop.till_now();
        shop.till().ask_all_open(now);
        shop.wait(10);
    }
    let asked = asked(&shop, &no, since);
    assert!((2..=4).contains(&asked.len()), "{asked:?}");
}

#[test]
fn the_delay_from_payment_to_screen_is_known_by_how_it_was_learnt() {
    let mut shop = open(true);
    assert_eq!((shop.till().heard().by_notice, shop.till().heard().by_asking), (None, None));
    let (no, qr) = shown(&mut shop, ChannelId::Alipay);
    shop.wait(9_000);
    shop.practice.scan(shop.now.0, &qr, Manner::Pays).unwrap();
    let scanned_at = shop.till_now();
    shop.end(&no);
    let took_ms = shop.till_now().since_ms(scanned_at);
    let delay = shop.till().heard().by_asking.expect("it was asked");
    assert_eq!((delay.count, delay.median_ms), (1, delay.longest_ms));
    // The channel says whole seconds.
    assert!((took_ms - 200..=took_ms + 1_200).contains(&delay.median_ms), "{took_ms} {delay:?}");
    shop.scan(1_250, Manner::Pays);
    shop.settle();
    assert_eq!(shop.till().heard().by_asking, Some(delay), "a scan has no such delay");
    assert_eq!(shop.till().heard().by_notice, None);
}
