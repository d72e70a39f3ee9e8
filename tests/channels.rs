//! The contract of a channel: the same suite for every channel and every flow, in every weather. At
//! rest the till and practice's ledger agree to the fen.

#![expect(clippy::unwrap_used, reason = "a test may")]

use mianfu_core::attempt::Screen;
use mianfu_core::breaker::Offer;
use mianfu_core::channel::{ChannelId, Flow};
use mianfu_core::money::Fen;
use mianfu_core::number::OutTradeNo;
use mianfu_core::refund::RefundId;
use mianfu_db::{Birth, FindingKind};
use mianfu_practice::{Acted, Channel, CustomerId, Fault, FaultKind, Manner, PhoneError};
use mianfu_tests::shop::*;
use mianfu_till::people::RefundWish;
use mianfu_till::refunds::RefundRefusal;
use mianfu_till::{Collect, Means};

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
    open_at(Place::Memory)
}

fn open_at(place: Place) -> Shop {
    let mut shop = Shop::with(|setup| {
        setup.both_channels();
        setup.place = place;
    });
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

    /// A sale that is paid.
    fn paid(self, shop: &mut Shop, fen: i64) -> OutTradeNo {
        let no = self.begin(shop, fen, Manner::Pays);
        assert_eq!(shop.end(&no).screen(), Screen::Paid, "{self:?}");
        no
    }

    /// What the cashier confirms, and confirms again by pressing twice.
    fn pressed(self, shop: &mut Shop, fen: i64) -> Collect {
        let channel = match self.channel {
            ChannelId::Alipay => Channel::Alipay,
            ChannelId::Wechat => Channel::Wechat,
        };
        let (now_ms, customer) = (shop.now.0, CustomerId(9));
        let means = match self.flow {
            Flow::Show => Means::Show(self.channel),
            Flow::Scan => Means::Scan(shop.practice.show_payment_code_of(
                channel,
                now_ms,
                customer,
                Manner::Pays,
            )),
        };
        shop.intent(fen, means)
    }
}

/// The same press once more.
fn again(press: &Collect) -> Collect {
    let Collect { intent_id, amount, means, same_customer } = press;
    let means = match means {
        Means::Show(channel) => Means::Show(*channel),
        Means::Scan(code) => Means::Scan(code.clone()),
    };
    Collect { intent_id: intent_id.clone(), amount: *amount, means, same_customer: *same_customer }
}

fn give_back(shop: &mut Shop, no: &OutTradeNo, fen: i64) -> Result<RefundId, RefundRefusal> {
    let amount = Fen::new(fen).unwrap();
    let wish = RefundWish { no: no.clone(), amount, intent_id: format!("back {no} {fen}") };
    let now = shop.till_now();
    shop.till().refund(&wish, "店长 01", now)
}

/// The calls about a number that could end it or move its money back.
fn endings(shop: &Shop, no: &OutTradeNo) -> usize {
    let ends = |sent: &&Sent| {
        let path = sent.method.as_str();
        ["cancel", "close", "reverse", "refund"].iter().any(|ending| path.ends_with(ending))
    };
    shop.sent.iter().filter(|sent| sent.out_trade_no == no.as_str()).filter(ends).count()
}

/// The calls about a number that ask for money.
fn charges(shop: &Shop, no: &OutTradeNo) -> usize {
    let charge = |sent: &&Sent| {
        let path = sent.method.as_str();
        [PAY, PRECREATE].contains(&path) || path.ends_with("native") || path.ends_with("micropay")
    };
    shop.sent.iter().filter(|sent| sent.out_trade_no == no.as_str()).filter(charge).count()
}

fn a_sale_is_paid(way: Way) {
    let mut shop = open();
    let no = way.begin(&mut shop, 1_250, Manner::Pays);
    let attempt = shop.end(&no);
    assert_eq!((attempt.screen(), attempt.channel), (Screen::Paid, way.channel));
    assert_eq!(shop.held_by_channel(&no), 1_250);
    give_back(&mut shop, &no, 250).unwrap();
    shop.settle();
    assert_eq!(shop.held_by_channel(&no), 1_000);
}

/// A cancel ends what nobody paid, and never what somebody did.
fn a_cancel_ends_what_is_unpaid(way: Way) {
    let mut shop = open();
    let no = way.begin(&mut shop, 1_250, Manner::WalksAway);
    shop.wait(3_000);
    shop.cancel(&no);
    assert!(!shop.screen(&no).may_charge_again(), "not before the channel has said so");
    let ended = shop.end(&no).screen();
    // Where the password's time ran out meanwhile, the channel says declined.
    assert!(matches!(ended, Screen::Closed | Screen::Declined), "{way:?}: {ended:?}");
    assert!(ended.may_charge_again());
    shop.settle();
    assert_eq!(shop.held_by_channel(&no), 0);
    let no = way.begin(&mut shop, 990, Manner::Pays);
    shop.practice.weather_mut().next(Fault::AnswerLost);
    shop.cancel(&no);
    assert_eq!(shop.end(&no).screen(), Screen::Paid, "{way:?}: paid before anything had left");
    shop.cancel(&no);
    shop.settle();
    assert_eq!((shop.screen(&no), shop.held_by_channel(&no)), (Screen::Paid, 990));
}

fn a_double_press_is_one_sale(way: Way) {
    let mut shop = open();
    let press = way.pressed(&mut shop, 1_250);
    let now = shop.till_now();
    let numbers: Vec<OutTradeNo> =
        (0..5).map(|_| shop.till().collect(again(&press), now).unwrap()).collect();
    assert!(numbers.iter().all(|no| *no == numbers[0]), "{way:?}: one intent, one number");
    let no = &numbers[0];
    shop.wait(1_000);
    if let Some(qr) = shop.qr(no) {
        shop.practice.scan(shop.now.0, &qr, Manner::Pays).unwrap();
    }
    assert_eq!(shop.end(no).screen(), Screen::Paid, "{way:?}");
    assert_eq!(shop.till().collect(again(&press), now).unwrap(), *no, "and after its end");
    shop.settle();
    assert_eq!((charges(&shop, no), shop.all_attempts().len()), (1, 1), "{way:?}");
    assert_eq!(shop.practice.truth().captured_fen(), 1_250);
}

/// A customer pays when the till has closed already: a scan whose submit was under way for so long,
/// a code that was photographed.
fn money_after_the_close_goes_back(way: Way) {
    let mut shop = open();
    match way.flow {
        Flow::Scan => shop.practice.weather_mut().next(Fault::RequestLate { after_ms: 50_000 }),
        Flow::Show => (),
    }
    let press = way.pressed(&mut shop, 1_250);
    let now = shop.till_now();
    let no = shop.till().collect(press, now).unwrap();
    shop.wait(1_000);
    let qr = shop.qr(&no);
    shop.cancel(&no);
    let end = shop.end(&no).screen();
    match qr {
        Some(qr) => {
            assert_eq!(end, Screen::Closed, "{way:?}");
            let scanned = shop.practice.scan(shop.now.0, &qr, Manner::Pays);
            assert!(matches!(scanned, Err(PhoneError::Expired)), "{way:?}: the code is dead");
        }
        None => assert_eq!(end, Screen::Returned, "{way:?}: it came late and went back"),
    }
    shop.settle();
    assert_eq!(shop.held_by_channel(&no), 0, "{way:?}: nothing is kept of it");
    assert!(!shop.screen(&no).goods_may_go());
}

fn a_refund_goes_in_parts_and_once_however_often_it_is_asked_for(way: Way) {
    let mut shop = open();
    let no = way.paid(&mut shop, 1_250);
    let mut back = 0;
    for part in [200, 300, 750] {
        let first = give_back(&mut shop, &no, part).unwrap();
        let again = give_back(&mut shop, &no, part).unwrap();
        assert_eq!(first, again, "{way:?}: one wish, one refund");
        back += part;
        shop.settle();
        assert_eq!(shop.held_by_channel(&no), 1_250 - back, "{way:?}");
        assert_eq!(give_back(&mut shop, &no, part).unwrap(), first, "and after its end");
    }
    let refused = give_back(&mut shop, &no, 1);
    assert!(matches!(refused, Err(RefundRefusal::AboveCeiling { .. })), "{way:?}: {refused:?}");
    shop.settle();
    let trade = shop.practice.truth().trade(no.as_str()).unwrap();
    assert_eq!(trade.refunds.len(), 3, "{way:?}: none went twice");
}

/// Silence ends nothing and takes nothing back; the answers after it do.
fn after_a_silence_it_is_asked_before_it_is_ended(way: Way) {
    for (manner, paid) in [
        (Manner::Pays, true),
        (Manner::WalksAway, false),
        (Manner::TypesPassword { after_ms: 40_000 }, true),
    ] {
        let mut shop = open();
        if way.flow == Flow::Scan {
            shop.practice.weather_mut().next(Fault::AnswerLost);
        }
        let no = way.begin(&mut shop, 1_250, manner);
        shop.wait(50);
        shop.network = Network::Swallows;
        shop.wait(6_000);
        shop.cancel(&no);
        shop.wait(3 * MINUTE_MS);
        assert!(!shop.attempt(&no).is_final(), "{way:?} {manner:?}");
        assert_eq!(endings(&shop, &no), 0, "{way:?} {manner:?}: nothing leaves on silence");
        shop.network = Network::Up;
        let ended = shop.end(&no).screen();
        assert_eq!(ended == Screen::Paid, paid, "{way:?} {manner:?}: {ended:?}");
        assert_eq!(ended.may_charge_again(), !paid, "{way:?} {manner:?}: {ended:?}");
        shop.settle();
    }
}

/// What a query says against what was asked is for a person, and stays so.
fn a_query_that_contradicts_is_held_for_a_person(way: Way) {
    let mut shop = open();
    // The scan's own answer is lost, so that the query is the first to say anything of money.
    if way.flow == Flow::Scan {
        shop.practice.weather_mut().next(Fault::AnswerLost);
    }
    let no = way.begin(&mut shop, 1_250, Manner::Pays);
    shop.practice.weather_mut().set(FaultKind::AnotherAmount, 1_000);
    let held = shop.end(&no);
    assert_eq!(held.screen(), Screen::Held, "{way:?}");
    assert!(!held.screen().goods_may_go() && !held.screen().may_charge_again());
    shop.practice.weather_mut().clear();
    shop.settle();
    assert_eq!(shop.findings(), [FindingKind::Held], "{way:?}");
    assert_eq!((shop.screen(&no), shop.held_by_channel(&no)), (Screen::Held, 1_250));
    assert_eq!(endings(&shop, &no), 0, "{way:?}: nothing moves by itself");
}

fn a_restore_finds_what_the_backup_did_not_know(way: Way) {
    let mut shop = open_at(Place::Folder);
    let known = way.paid(&mut shop, 1_250);
    let open = way.begin(&mut shop, 1_350, Manner::TypesPassword { after_ms: 10_000 });
    let backup = shop.back_up();
    assert_eq!(shop.end(&open).screen(), Screen::Paid);
    let after = way.paid(&mut shop, 990);
    shop.put_back(&backup);
    assert_eq!(shop.open().unwrap(), Birth::Restored);
    shop.settle();
    for (no, fen) in [(&known, 1_250), (&open, 1_350), (&after, 990)] {
        assert_eq!((shop.screen(no), shop.held_by_channel(no)), (Screen::Paid, fen), "{way:?}");
        assert_eq!(endings(&shop, no), 0, "{way:?}: nothing goes back by itself");
    }
    assert_eq!(shop.findings(), [FindingKind::Recovered], "{way:?}");
    assert_eq!(shop.attempt(&after).channel, way.channel);
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

            #[test]
            fn a_cancel_ends_what_is_unpaid() {
                super::a_cancel_ends_what_is_unpaid(WAY);
            }

            #[test]
            fn a_double_press_is_one_sale() {
                super::a_double_press_is_one_sale(WAY);
            }

            #[test]
            fn money_after_the_close_goes_back() {
                super::money_after_the_close_goes_back(WAY);
            }

            #[test]
            fn a_refund_goes_in_parts_and_once_however_often_it_is_asked_for() {
                super::a_refund_goes_in_parts_and_once_however_often_it_is_asked_for(WAY);
            }

            #[test]
            fn after_a_silence_it_is_asked_before_it_is_ended() {
                super::after_a_silence_it_is_asked_before_it_is_ended(WAY);
            }

            #[test]
            fn a_query_that_contradicts_is_held_for_a_person() {
                super::a_query_that_contradicts_is_held_for_a_person(WAY);
            }

            #[test]
            fn a_restore_finds_what_the_backup_did_not_know() {
                super::a_restore_finds_what_the_backup_did_not_know(WAY);
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
