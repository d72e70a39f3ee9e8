//! The contract of a channel: the same suite for every channel and every flow, in every weather. At
//! rest the till and practice's ledger agree to the fen.

#![expect(clippy::unwrap_used, reason = "a test may")]

use mianfu_core::attempt::Screen;
use mianfu_core::breaker::Offer;
use mianfu_core::channel::{ChannelId, Flow};
use mianfu_core::money::Fen;
use mianfu_core::number::OutTradeNo;
use mianfu_practice::{Acted, Channel, CustomerId, Fault, Manner, PhoneError};
use mianfu_tests::shop::*;
use mianfu_till::Means;
use mianfu_till::people::RefundWish;

/// A channel and who scans whom.
#[derive(Debug, Clone, Copy)]
struct Way {
    channel: ChannelId,
    flow: Flow,
}

/// What may go wrong with one call.
const WEATHER: [Fault; 15] = [
    Fault::RequestLost,
    Fault::RequestLate { after_ms: 20_000 },
    Fault::Refused,
    Fault::AnswerLost,
    Fault::Slow { delay_ms: 4_000 },
    Fault::Busy { acted: Acted::Yes },
    Fault::Busy { acted: Acted::No },
    Fault::SystemError { acted: Acted::Yes },
    Fault::SystemError { acted: Acted::No },
    Fault::ServerError { status: 502, acted: Acted::Yes },
    Fault::WrongSignature,
    Fault::Unsigned,
    Fault::Truncated,
    Fault::Garbage,
    Fault::Twice,
];

const MANNERS: [Manner; 5] = [
    Manner::Pays,
    Manner::TypesPassword { after_ms: 12_000 },
    Manner::Refuses,
    Manner::WalksAway,
    Manner::TooLittleMoney,
];

fn open() -> Shop {
    let mut shop = Shop::with(mianfu_tests::shop::Setup::both_channels);
    shop.wait(5_000);
    for channel in [ChannelId::Alipay, ChannelId::Wechat] {
        for flow in [Flow::Show, Flow::Scan] {
            assert_eq!(
                shop.till().offer_of(channel, flow),
                Some(Offer::Ready),
                "{channel:?} {flow:?}"
            );
        }
    }
    shop
}

impl Way {
    /// A customer pays this way, or does not.
    fn begin(self, shop: &mut Shop, fen: i64, manner: Manner) -> OutTradeNo {
        match self.flow {
            Flow::Scan => {
                let channel = match self.channel {
                    ChannelId::Alipay => Channel::Alipay,
                    ChannelId::Wechat => Channel::Wechat,
                };
                let now_ms = shop.now.0;
                let customer = CustomerId(u32::try_from(fen).unwrap());
                let code = shop.practice.show_payment_code_of(channel, now_ms, customer, manner);
                shop.collect(fen, Means::Scan(code)).unwrap()
            }
            Flow::Show => {
                let no = shop.collect(fen, Means::Show(self.channel)).unwrap();
                shop.wait(2_000);
                if let Some(qr) = shop.qr(&no) {
                    // Of a code that was asked for twice, the first one is dead.
                    let scanned = shop.practice.scan(shop.now.0, &qr, manner);
                    assert!(matches!(scanned, Ok(_) | Err(PhoneError::Expired)), "{scanned:?}");
                }
                no
            }
        }
    }

    fn give_back(self, shop: &mut Shop, no: &OutTradeNo, fen: i64) {
        let wish = RefundWish {
            no: no.clone(),
            amount: Fen::new(fen).unwrap(),
            intent_id: format!("back {no} {fen}"),
        };
        let now = shop.till_now();
        shop.till().refund(&wish, "店长 01", now).unwrap();
    }
}

fn a_sale_is_paid(way: Way) {
    let mut shop = open();
    let no = way.begin(&mut shop, 1_250, Manner::Pays);
    let attempt = shop.end(&no);
    assert_eq!((attempt.screen(), attempt.channel), (Screen::Paid, way.channel));
    assert_eq!(shop.held_by_channel(&no), 1_250);
    way.give_back(&mut shop, &no, 250);
    shop.settle();
    assert_eq!(shop.held_by_channel(&no), 1_000);
}

/// Every manner of customer, every weather on the first call, the second, and the one after a cancel.
fn the_books_agree_in_every_weather(way: Way) {
    for manner in MANNERS {
        for fault in WEATHER {
            for after_ms in [0, 6_000] {
                let mut shop = open();
                if after_ms == 0 {
                    shop.practice.weather_mut().next(fault);
                }
                let no = way.begin(&mut shop, 1_250, manner);
                if after_ms != 0 {
                    shop.wait(after_ms);
                    shop.practice.weather_mut().next(fault);
                    shop.cancel(&no);
                    shop.wait(1_000);
                    shop.practice.weather_mut().next(fault);
                }
                shop.settle();
                assert!(shop.attempt(&no).is_final(), "{way:?} {manner:?} {fault:?}");
            }
        }
    }
}

fn a_restart_loses_nothing(way: Way) {
    for manner in MANNERS {
        let mut shop = open();
        let no = way.begin(&mut shop, 1_250, manner);
        shop.restart(3_000);
        shop.settle();
        assert!(shop.attempt(&no).is_final(), "{way:?} {manner:?}");
    }
}

macro_rules! contract {
    ($($name:ident: $channel:ident $flow:ident;)*) => {$(
        mod $name {
            use super::*;

            const WAY: Way = Way { channel: ChannelId::$channel, flow: Flow::$flow };

            #[test]
            fn a_sale_is_paid_and_part_of_it_given_back() {
                a_sale_is_paid(WAY);
            }

            #[test]
            fn the_books_agree_in_every_weather() {
                super::the_books_agree_in_every_weather(WAY);
            }

            #[test]
            fn a_restart_loses_nothing() {
                super::a_restart_loses_nothing(WAY);
            }
        }
    )*};
}

contract! {
    alipay_scan: Alipay Scan;
    alipay_show: Alipay Show;
    wechat_v2_scan: Wechat Scan;
    wechat_v3_show: Wechat Show;
}
