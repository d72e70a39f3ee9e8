//! A power cut between any two calls: what was open is asked about, never sent again.

use mianfu_core::attempt::{Attempt, Screen};
use mianfu_core::channel::ChannelId;
use mianfu_core::number::OutTradeNo;
use mianfu_practice::{CancelUnscanned, Fault, Manner};
use mianfu_tests::shop::*;
use mianfu_till::{Means, Notice};

/// Requests that the longest of the flows makes, and some more.
const STEPS_MAX: usize = 26;

/// A day of one customer: what is done, and how the sale stands after the till has settled.
struct Story {
    name: &'static str,
    tell: fn(&mut Shop) -> OutTradeNo,
}

const STORIES: [Story; 7] = [
    Story { name: "paid at once", tell: |shop| shop.scan(1_250, Manner::Pays) },
    Story {
        name: "typed a password",
        tell: |shop| shop.scan(1_250, Manner::TypesPassword { after_ms: 9_000 }),
    },
    Story { name: "walked away", tell: |shop| shop.scan(1_250, Manner::WalksAway) },
    Story { name: "had too little money", tell: |shop| shop.scan(1_250, Manner::TooLittleMoney) },
    Story {
        name: "arrived late",
        tell: |shop| {
            shop.practice.weather_mut().next_of(PAY, Fault::RequestLate { after_ms: 30_000 });
            shop.scan(1_250, Manner::Pays)
        },
    },
    Story { name: "saw a code", tell: |shop| shop.show(1_250) },
    Story {
        name: "paid what was no longer wanted",
        tell: |shop| {
            shop.practice.weather_mut().next_of(PAY, Fault::AnswerLost);
            let no = shop.scan(1_250, Manner::Pays);
            shop.wait(200);
            if shop.is_running() {
                shop.cash_instead(&no).unwrap();
            }
            no
        },
    },
];

fn live_through(story: &Story, crash: Crash, away_ms: i64) -> Option<Attempt> {
    let mut shop = Shop::new();
    shop.crash_at(crash);
    let no = (story.tell)(&mut shop);
    shop.run_until(shop.now.plus_ms(10 * MINUTE_MS));
    let died = !shop.is_running();
    if died {
        shop.restart(away_ms);
    }
    shop.settle();
    let ended = shop.attempt(&no);
    let submits = shop.calls(PAY, &no) + shop.calls(PRECREATE, &no);
    assert!(submits <= 1, "{}: sent {submits} times", story.name);
    let held = shop.held_by_channel(&no);
    let paid = ended.screen() == Screen::Paid;
    assert_eq!(paid, held == 1_250, "{}, {crash:?}: {ended:?}", story.name);
    died.then_some(ended)
}

#[test]
pub(crate) fn m2_a_restart_asks_and_never_resends() {
    for story in &STORIES {
        let mut deaths = 0;
        for moment in [Moment::BeforeLeaving, Moment::BeforeTheAnswer] {
            for after in 0..STEPS_MAX {
                let away_ms = if after % 2 == 0 { 2_000 } else { 10 * MINUTE_MS };
                let died = live_through(story, Crash { after, moment }, away_ms).is_some();
                deaths += u32::from(died);
            }
        }
        assert!(1 < deaths, "{}: the power never went", story.name);
    }
}

#[test]
pub(crate) fn a_paid_sale_shows_paid_after_the_network_comes_back() {
    for show in [false, true] {
        let mut shop = Shop::new();
        let no = if show {
            let (no, qr) = shop.show_drawn(1_250);
            shop.practice.scan(shop.now.0, &qr, Manner::Pays).unwrap();
            no
        } else {
            let no = shop.scan(1_250, Manner::Pays);
            shop.crash_at(Crash { after: 0, moment: Moment::BeforeTheAnswer });
            shop.wait(1_000);
            no
        };
        shop.network = Network::Down;
        shop.restart(30_000);
        shop.wait(20 * MINUTE_MS);
        let waiting = shop.attempt(&no);
        assert_eq!(waiting.screen(), Screen::Unknown, "show: {show}");
        assert!(!waiting.screen().may_charge_again() && !waiting.screen().goods_may_go());
        assert_eq!(waiting.reversal_left_at, None, "nothing is reversed in the dark");
        let now = shop.till_now();
        let counter = shop.till().counter(now).unwrap();
        assert_eq!(counter.front.unwrap().out_trade_no, no, "it stands on the screen");
        assert!(counter.notices.contains(&Notice::LiveAtStart { count: 1 }));
        shop.network = Network::Up;
        assert_eq!(shop.end(&no).screen(), Screen::Paid);
        shop.settle();
        assert_eq!(shop.calls(CANCEL, &no), 0);
        assert_eq!(shop.held_by_channel(&no), 1_250);
    }
}

#[test]
fn a_cancelled_sale_is_not_reversed_in_the_dark_either() {
    let mut shop = Shop::new();
    let no = shop.scan(1_250, Manner::TypesPassword { after_ms: 11_000 });
    shop.wait(10_000);
    shop.network = Network::Swallows;
    shop.cancel(&no);
    shop.wait(5 * MINUTE_MS);
    assert_eq!(shop.screen(&no), Screen::Unknown);
    assert_eq!(shop.attempt(&no).reversal_left_at, None);
    shop.network = Network::Up;
    assert_eq!(shop.end(&no).screen(), Screen::Paid);
    shop.settle();
}

#[test]
pub(crate) fn m8_a_code_that_was_drawn_and_not_kept_is_closed_after_a_restart() {
    for cancel_unscanned in [CancelUnscanned::KillsTheCode, CancelUnscanned::FindsNothing] {
        let mut shop = Shop::with(|setup| setup.options.cancel_unscanned = cancel_unscanned);
        let no = shop.show(1_250);
        shop.crash_at(Crash { after: 0, moment: Moment::BeforeTheAnswer });
        shop.wait(1_000);
        shop.restart(2_000);
        let ended = shop.end(&no);
        assert_eq!(ended.screen(), Screen::Closed);
        let now = shop.till_now();
        let means = Means::Show(ChannelId::Alipay);
        let again = shop.till().collect_again(ended.order_no, &means, now).unwrap();
        shop.wait(500);
        assert!(shop.qr(&again).is_some(), "a new one is offered");
        shop.cancel(&again);
        shop.settle();
    }
}

#[test]
pub(crate) fn m8_a_kept_code_goes_on_being_shown_after_a_restart() {
    let mut shop = Shop::new();
    let (no, qr) = shop.show_drawn(1_250);
    shop.wait(1_000);
    shop.restart(2_000);
    shop.wait(2_000);
    assert_eq!(shop.qr(&no), Some(qr.clone()));
    shop.practice.scan(shop.now.0, &qr, Manner::Pays).unwrap();
    assert_eq!(shop.end(&no).screen(), Screen::Paid);
    shop.settle();
}

#[test]
fn a_parked_code_is_shown_after_a_restart() {
    let mut shop = Shop::new();
    shop.network = Network::Down;
    let no = shop.show(1_250);
    shop.wait(2_000);
    shop.restart(2_000);
    shop.network = Network::Up;
    shop.wait(5_000);
    let qr = shop.qr(&no).expect("it never left before");
    shop.practice.scan(shop.now.0, &qr, Manner::Pays).unwrap();
    assert_eq!(shop.end(&no).screen(), Screen::Paid);
    shop.settle();
    assert_eq!(shop.held_by_channel(&no), 1_250);
}
