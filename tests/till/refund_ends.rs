//! Refunds at WeChat Pay that were accepted and then did not arrive.

use mianfu_core::attempt::Screen;
use mianfu_core::channel::ChannelId;
use mianfu_core::money::Fen;
use mianfu_core::number::{OutTradeNo, RefundNo};
use mianfu_core::refund::{RefundId, RefundPhase};
use mianfu_practice::truth::RefundFate;
use mianfu_practice::{CustomerId, Manner};
use mianfu_tests::shop::*;
use mianfu_till::Means;
use mianfu_till::people::RefundWish;

/// Who scans whom decides which generation asks.
const FLOWS: [fn(&mut Shop) -> OutTradeNo; 2] = [scanned, shown];

fn scanned(shop: &mut Shop) -> OutTradeNo {
    let channel = mianfu_practice::Channel::Wechat;
    let now_ms = shop.now.0;
    let code = shop.practice.show_payment_code_of(channel, now_ms, CustomerId(7), Manner::Pays);
    shop.collect(1_250, Means::Scan(code)).unwrap()
}

fn shown(shop: &mut Shop) -> OutTradeNo {
    let no = shop.collect(1_250, Means::Show(ChannelId::Wechat)).unwrap();
    shop.wait(2_000);
    let qr = shop.qr(&no).unwrap();
    shop.practice.scan(shop.now.0, &qr, Manner::Pays).unwrap();
    no
}

/// A shop that has sold something and wants to give 2.50 of it back.
fn refunding(sell: fn(&mut Shop) -> OutTradeNo) -> (Shop, OutTradeNo, RefundId) {
    let mut shop = Shop::with(mianfu_tests::shop::Setup::both_channels);
    shop.wait(5_000);
    let no = sell(&mut shop);
    assert_eq!(shop.end(&no).screen(), Screen::Paid);
    // Nothing arrives before it is decided how it ends.
    shop.practice.wechat_mut().unwrap().refund_takes_ms = i64::from(i32::MAX);
    let id = give_back(&mut shop, &no, "first");
    (shop, no, id)
}

fn give_back(shop: &mut Shop, no: &OutTradeNo, intent: &str) -> RefundId {
    let amount = Fen::new(250).unwrap();
    let wish = RefundWish { no: no.clone(), amount, intent_id: format!("{intent} of {no}") };
    let now = shop.till_now();
    let id = shop.till().refund(&wish, "店长 01", now).unwrap();
    shop.wait(60_000);
    id
}

fn end(shop: &mut Shop, no: &OutTradeNo, nth: u32, how: RefundFate) {
    let refund_no = RefundNo::compose(no, nth).unwrap();
    shop.practice.end_refund(shop.now.0, refund_no.as_str(), how).unwrap();
}

fn phase(shop: &mut Shop, id: RefundId) -> RefundPhase {
    shop.till().refund_of(id).unwrap().phase
}

#[test]
fn a_closed_refund_is_refused_and_another_one_may_be_begun() {
    for sell in FLOWS {
        let (mut shop, no, first) = refunding(sell);
        assert_eq!(phase(&mut shop, first), RefundPhase::Asking);
        end(&mut shop, &no, 1, RefundFate::Closed);
        shop.settle();
        let refused = phase(&mut shop, first);
        assert!(matches!(refused, RefundPhase::Refused { .. }), "{refused:?}");
        assert_eq!(shop.held_by_channel(&no), 1_250);
        let second = give_back(&mut shop, &no, "second");
        end(&mut shop, &no, 2, RefundFate::Arrived);
        shop.settle();
        assert!(matches!(phase(&mut shop, second), RefundPhase::Done { .. }));
        assert_eq!(shop.held_by_channel(&no), 1_000);
    }
}

#[test]
fn an_abnormal_refund_is_asked_about_until_it_arrives_and_never_made_again() {
    for sell in FLOWS {
        let (mut shop, no, id) = refunding(sell);
        end(&mut shop, &no, 1, RefundFate::Abnormal);
        shop.wait(6 * HOUR_MS);
        assert_eq!(phase(&mut shop, id), RefundPhase::Asking, "it has left the shop");
        let made = shop.practice.truth().trade(no.as_str()).unwrap().refunds.len();
        assert_eq!(made, 1, "another in its place would pay twice");
        end(&mut shop, &no, 1, RefundFate::Arrived);
        shop.settle_within(24 * HOUR_MS);
        assert!(matches!(phase(&mut shop, id), RefundPhase::Done { .. }));
        assert_eq!(shop.held_by_channel(&no), 1_000);
    }
}
