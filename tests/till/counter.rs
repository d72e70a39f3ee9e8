//! Several sales at one counter: one intent, one in front, the same customer, cash instead, goods
//! that are gone.

use mianfu_core::attempt::{ClosedHow, Phase, Screen};
use mianfu_core::channel::ChannelId;
use mianfu_core::money::Fen;
use mianfu_db::FindingKind;
use mianfu_practice::{CustomerId, Fault, Manner};
use mianfu_tests::shop::*;
use mianfu_till::cash::CashRefusal;
use mianfu_till::cashier::GoodsRefusal;
use mianfu_till::counter::Unknown;
use mianfu_till::{Collect, Means, Refusal, SameCustomer};

fn show_again(collect: &Collect) -> Collect {
    Collect {
        intent_id: collect.intent_id.clone(),
        amount: collect.amount,
        means: Means::Show(ChannelId::Alipay),
        same_customer: SameCustomer::Ask,
    }
}

#[test]
pub(crate) fn i7_one_intent_a_hundred_times_is_one_attempt() {
    let mut shop = Shop::new();
    let intent = shop.intent(1_250, Means::Show(ChannelId::Alipay));
    let mut numbers = Vec::new();
    for press in 0..100 {
        let now = shop.till_now();
        numbers.push(shop.till().collect(show_again(&intent), now).unwrap());
        if press % 10 == 9 {
            shop.wait(3_000);
        }
        if press == 50 {
            shop.restart(5_000);
        }
    }
    numbers.dedup();
    assert_eq!(numbers.len(), 1);
    assert_eq!(shop.calls(PRECREATE, &numbers[0]), 1);
    shop.cancel(&numbers[0]);
    shop.settle();
    let again = shop.till_now();
    assert_eq!(shop.till().collect(show_again(&intent), again).unwrap(), numbers[0]);
    assert_eq!(shop.all_attempts().len(), 1);
}

#[test]
pub(crate) fn i7_a_code_is_charged_once() {
    let mut shop = Shop::new();
    let code = shop.code(Manner::Pays);
    let no = shop.collect(1_250, Means::Scan(code.clone())).unwrap();
    shop.end(&no);
    let refused = shop.collect(1_250, Means::Scan(code));
    assert!(matches!(refused, Err(Refusal::CodeUsed)), "{refused:?}");
    shop.settle();
}

#[test]
pub(crate) fn an_intent_for_another_amount_is_refused() {
    let mut shop = Shop::new();
    let intent = shop.intent(1_250, Means::Show(ChannelId::Alipay));
    let now = shop.till_now();
    shop.till().collect(show_again(&intent), now).unwrap();
    let other = Collect { amount: Fen::new(1_251).unwrap(), ..show_again(&intent) };
    let refused = shop.till().collect(other, now);
    assert!(matches!(refused, Err(Refusal::IntentUsed)), "{refused:?}");
    assert_eq!(shop.all_attempts().len(), 1);
}

#[test]
pub(crate) fn m18_a_sale_in_front_holds_the_counter_until_it_is_put_aside() {
    let mut shop = Shop::new();
    let first = shop.scan(1_250, Manner::TypesPassword { after_ms: 30_000 });
    shop.wait(5_000);
    let code = shop.code(Manner::Pays);
    let refused = shop.collect(990, Means::Scan(code.clone()));
    assert!(
        matches!(&refused, Err(Refusal::AttemptOpen { out_trade_no }) if *out_trade_no == first),
        "{refused:?}"
    );
    shop.till().clear_front().unwrap();
    let now = shop.till_now();
    assert_eq!(shop.till().counter(now).unwrap().front.unwrap().out_trade_no, first);
    shop.till().put_aside(&first).unwrap();
    let second = shop.collect(990, Means::Scan(code)).unwrap();
    assert_eq!(shop.end(&second).screen(), Screen::Paid);
    let now = shop.till_now();
    let counter = shop.till().counter(now).unwrap();
    assert_eq!(counter.aside.len(), 1);
    assert_eq!((counter.open_count, counter.open_sum.get()), (1, 1_250), "it has no result");
    assert_eq!(counter.unknown, Unknown::default(), "and it is waited for");
    shop.till().bring_back(&first).unwrap();
    assert_eq!(shop.till().counter(now).unwrap().front.unwrap().out_trade_no, first);
    assert_eq!(shop.end(&first).screen(), Screen::Paid, "it was asked about all the time");
    shop.settle();
}

#[test]
fn only_what_nobody_knows_counts_as_unknown_wherever_it_is() {
    let mut shop = Shop::new();
    let typing = shop.scan(700, Manner::TypesPassword { after_ms: 40_000 });
    shop.wait(3_000);
    let unknown = |shop: &mut Shop| {
        let now = shop.till_now();
        shop.till().counter(now).unwrap().unknown
    };
    assert_eq!(unknown(&mut shop), Unknown::default(), "the customer is typing");
    shop.till().put_aside(&typing).unwrap();
    let (shown, _) = shop.show_drawn(800);
    assert_eq!(unknown(&mut shop), Unknown::default(), "a code is on the screen");
    shop.cancel(&shown);
    shop.end(&shown);
    shop.till().clear_front().unwrap();
    shop.practice.weather_mut().next_of(PAY, Fault::AnswerLost);
    shop.network = Network::Swallows;
    let kept_at = shop.till_now();
    let lost = shop.scan(990, Manner::Pays);
    shop.wait(20_000);
    assert_eq!(shop.screen(&lost), Screen::Unknown);
    let found = unknown(&mut shop);
    assert_eq!(shop.screen(&typing), Screen::Unknown, "the channel is silent about both");
    assert_eq!((found.count, found.sum.get()), (2, 1_690));
    assert!(found.oldest.is_some_and(|oldest| oldest < kept_at));
    shop.network = Network::Up;
    shop.settle();
    assert_eq!(unknown(&mut shop), Unknown::default());
}

#[test]
fn only_so_many_sales_wait_aside() {
    let mut shop = Shop::new();
    for fen in 1..=3 {
        let no = shop.scan(fen, Manner::WalksAway);
        shop.wait(500);
        shop.till().put_aside(&no).unwrap();
    }
    let fourth = shop.scan(4, Manner::WalksAway);
    let refused = shop.till().put_aside(&fourth);
    assert!(matches!(refused, Err(Refusal::TooManyAside { count: 3 })), "{refused:?}");
    shop.settle();
    shop.till().put_aside(&fourth).unwrap();
}

#[test]
pub(crate) fn m18_the_same_amount_asks_whether_it_is_the_same_customer() {
    let mut shop = Shop::new();
    let first = shop.scan(1_250, Manner::TypesPassword { after_ms: 50_000 });
    shop.wait(5_000);
    shop.till().put_aside(&first).unwrap();
    let code = shop.code(Manner::Pays);
    let mut collect = shop.intent(1_250, Means::Scan(code.clone()));
    collect.same_customer = SameCustomer::Ask;
    let now = shop.till_now();
    let refused = shop.till().collect(collect, now);
    assert!(
        matches!(&refused, Err(Refusal::SameCustomer { out_trade_no }) if *out_trade_no == first),
        "{refused:?}"
    );
    assert_eq!(shop.all_attempts().len(), 1, "nothing was kept or sent");
    let mut other_amount = shop.intent(1_251, Means::Scan(code.clone()));
    other_amount.same_customer = SameCustomer::Ask;
    let second = shop.till().collect(other_amount, now).unwrap();
    shop.end(&second);
    let third = shop.scan(1_250, Manner::Pays);
    assert_eq!(shop.end(&third).screen(), Screen::Paid, "another customer was the answer");
    shop.settle();
}

#[test]
pub(crate) fn m18_the_same_payer_of_the_same_amount_is_told() {
    let mut shop = Shop::new();
    let pay = |shop: &mut Shop, customer: u32, fen: i64| {
        let manner = Manner::Pays;
        let code = shop.practice.show_payment_code_as(shop.now.0, CustomerId(customer), manner);
        let no = shop.collect(fen, Means::Scan(code)).unwrap();
        shop.end(&no);
        let now = shop.till_now();
        let counter = shop.till().counter(now).unwrap();
        counter.just_paid.map(|attempt| attempt.amount.get())
    };
    assert_eq!(pay(&mut shop, 1, 1_250), None);
    assert_eq!(pay(&mut shop, 2, 1_250), None, "another customer");
    assert_eq!(pay(&mut shop, 1, 1_000), None, "another amount");
    assert_eq!(pay(&mut shop, 1, 1_250), Some(1_250));
    shop.wait(200_000);
    assert_eq!(pay(&mut shop, 2, 1_250), None, "long ago");
    shop.settle();
}

#[test]
pub(crate) fn law7_new_sales_stop_at_the_bound_of_what_is_unknown() {
    let mut shop = Shop::with(|setup| {
        setup.settings.open_max = 2;
        setup.settings.aside_max = 9;
    });
    for fen in [1, 2] {
        let no = shop.scan(fen, Manner::WalksAway);
        shop.wait(500);
        shop.till().put_aside(&no).unwrap();
    }
    let code = shop.code(Manner::Pays);
    let refused = shop.collect(3, Means::Scan(code));
    assert!(matches!(refused, Err(Refusal::TooManyOpen { count: 2, .. })), "{refused:?}");
    shop.settle();
    let no = shop.scan(3, Manner::Pays);
    assert_eq!(shop.end(&no).screen(), Screen::Paid);
    let mut shop = Shop::with(|setup| setup.settings.at_risk_max = Fen::new(100_000).unwrap());
    let no = shop.scan(100_000, Manner::WalksAway);
    shop.wait(500);
    shop.till().put_aside(&no).unwrap();
    let code = shop.code(Manner::Pays);
    let refused = shop.collect(1, Means::Scan(code));
    assert!(matches!(refused, Err(Refusal::TooManyOpen { count: 1, .. })), "{refused:?}");
    shop.settle();
}

#[test]
pub(crate) fn m16_cash_instead_takes_cash_at_once_and_the_wallets_money_goes_back() {
    let mut shop = Shop::new();
    shop.practice.weather_mut().next_of(PAY, Fault::RequestLate { after_ms: 25_000 });
    let no = shop.scan(1_250, Manner::Pays);
    shop.wait(1_000);
    shop.network = Network::Swallows;
    shop.wait(15_000);
    shop.cash_instead(&no).unwrap();
    shop.cash_instead(&no).unwrap();
    let order_no = shop.attempt(&no).order_no;
    let cash = shop.till().db().read().orders().get(order_no).unwrap().value.cash;
    assert_eq!(cash.get(), 1_250, "once");
    let code = shop.code(Manner::Pays);
    let now = shop.till_now();
    let again = shop.till().collect_again(order_no, &Means::Scan(code), now);
    assert!(again.is_err(), "the order has its money");
    shop.wait(12_000);
    assert_eq!(shop.held_by_channel(&no), 1_250, "the wallet's money came all the same");
    shop.network = Network::Up;
    assert_eq!(shop.end(&no).screen(), Screen::Returned);
    shop.settle();
    assert_eq!((shop.calls(CANCEL, &no), shop.calls(REFUND, &no)), (0, 1), "never reversed");
    assert_eq!(shop.held_by_channel(&no), 0);
}

#[test]
pub(crate) fn m16_cash_instead_of_an_unpaid_attempt_ends_it_without_money() {
    let mut shop = Shop::new();
    let (no, qr) = shop.show_drawn(1_250);
    shop.cash_instead(&no).unwrap();
    assert_eq!(shop.qr(&no), None);
    assert_eq!(shop.end(&no).screen(), Screen::Closed);
    assert!(shop.practice.scan(shop.now.0, &qr, Manner::Pays).is_err());
    shop.settle();
    let no = shop.scan(1_250, Manner::Pays);
    shop.end(&no);
    let refused = shop.cash_instead(&no);
    assert!(matches!(refused, Err(CashRefusal::PaidAlready)), "{refused:?}");
    shop.settle();
    assert_eq!(shop.screen(&no), Screen::Paid, "too late for cash: it has been paid");
}

#[test]
pub(crate) fn m17_where_the_goods_are_gone_nothing_is_reversed() {
    let mut shop = Shop::new();
    let no = shop.scan(1_250, Manner::WalksAway);
    shop.wait(10_000);
    let now = shop.till_now();
    shop.till().goods_gone(&no, "店长 01", now).unwrap();
    shop.wait(30 * MINUTE_MS);
    assert!(!shop.attempt(&no).is_final(), "the till goes on asking");
    assert_eq!(shop.calls(CANCEL, &no), 0);
    shop.settle_within(4 * HOUR_MS);
    assert_eq!(shop.screen(&no), Screen::Closed, "by the channel's own limit");
    assert_eq!(shop.findings(), [FindingKind::GoodsGoneUnpaid]);
    let said = shop.till().db().read().findings().open(9).unwrap()[0].said.clone();
    assert_eq!(said, "店长 01");
}

#[test]
fn m17_a_customer_who_pays_for_gone_goods_has_paid() {
    let mut shop = Shop::new();
    let no = shop.scan(1_250, Manner::TypesPassword { after_ms: 90_000 });
    shop.wait(10_000);
    let now = shop.till_now();
    shop.till().goods_gone(&no, "店长 01", now).unwrap();
    assert_eq!(shop.end(&no).screen(), Screen::Paid);
    shop.settle();
    assert_eq!(shop.findings(), []);
}

#[test]
fn m17_is_refused_once_a_reversal_has_left_and_lifted_by_cash() {
    let mut shop = Shop::new();
    shop.practice.weather_mut().next_of(PAY, Fault::RequestLost);
    let no = shop.scan(1_250, Manner::Pays);
    shop.wait(16_000);
    shop.cancel(&no);
    shop.wait(2_000);
    let now = shop.till_now();
    let refused = shop.till().goods_gone(&no, "店长 01", now);
    assert!(matches!(refused, Err(GoodsRefusal::ReversalLeft { .. })), "{refused:?}");
    assert_eq!(shop.attempt(&no).goods_gone_by, None);
    shop.settle();
    let no = shop.scan(1_250, Manner::WalksAway);
    shop.wait(5_000);
    let now = shop.till_now();
    shop.till().goods_gone(&no, "店长 01", now).unwrap();
    shop.cash_instead(&no).unwrap();
    assert_eq!(shop.end(&no).screen(), Screen::Closed);
    shop.settle();
    assert_eq!(shop.findings(), []);
}

#[test]
pub(crate) fn m6_a_reversal_whose_not_paid_grew_old_does_not_leave() {
    let mut shop = Shop::new();
    let no = shop.scan(1_250, Manner::WalksAway);
    shop.wait(10_000);
    shop.cancel(&no);
    let now = shop.till_now();
    let query = shop.till().take_calls(now).pop().unwrap();
    shop.leave(query);
    let reversal_is_kept = |shop: &mut Shop| shop.attempt(&no).phase == Phase::Reversing;
    while !reversal_is_kept(&mut shop) {
        shop.now = shop.now.plus_ms(10);
        shop.hear();
    }
    // The machine stands still between the commit and the leaving.
    shop.now = shop.now.plus_ms(3_001);
    let now = shop.till_now();
    assert!(shop.till().take_calls(now).is_empty(), "the answer is too old to act on");
    assert_eq!(shop.end(&no).phase, Phase::Closed { how: ClosedHow::ByChannel });
    shop.settle();
    let methods: Vec<&str> = shop.sent.iter().map(|sent| sent.method.as_str()).collect();
    let reversed = methods.iter().position(|method| *method == CANCEL).unwrap();
    assert_eq!(methods[reversed - 1], QUERY, "asked again first");
    let age = shop.sent[reversed].at.since_ms(shop.sent[reversed - 1].at);
    assert!(age <= 3_000);
}

#[test]
pub(crate) fn m6_no_reversal_overtakes_a_submit_that_left_late() {
    const SUBMIT_OPEN_MS: i64 = 15_000;
    let mut shop = Shop::new();
    shop.practice.weather_mut().next_of(PAY, Fault::RequestLate { after_ms: 12_000 });
    let no = shop.scan(1_250, Manner::Pays);
    // The machine stands still between the commit and the leaving.
    shop.now = shop.now.plus_ms(10_000);
    shop.cancel(&no);
    assert_eq!(shop.end(&no).screen(), Screen::Returned, "it arrived after all and goes back");
    shop.settle();
    let kept_at = shop.attempt(&no).kept_at;
    let left = |method: &str| shop.sent.iter().find(|sent| sent.method == method).unwrap().at;
    assert_eq!(left(PAY).since_ms(kept_at), 10_000);
    assert!(SUBMIT_OPEN_MS <= left(CANCEL).since_ms(left(PAY)), "its answer was waited for");
}

#[test]
pub(crate) fn certainty_is_never_starved_by_charges() {
    let mut shop = Shop::with(|setup| setup.settings.aside_max = 20);
    let first = shop.scan(1, Manner::TypesPassword { after_ms: 8_000 });
    shop.wait(1_000);
    shop.till().put_aside(&first).unwrap();
    // Every charge hangs until its limit; there are more of them than permits.
    for fen in 2..=7 {
        shop.practice.weather_mut().next_of(PAY, Fault::AnswerLost);
        let no = shop.scan(fen, Manner::Pays);
        shop.till().put_aside(&no).unwrap();
    }
    shop.wait(500);
    let submits = shop.sent.iter().filter(|sent| sent.method == PAY).count();
    assert_eq!(submits, 1 + 4, "four charges at once, the rest waits");
    assert_eq!(shop.end(&first).screen(), Screen::Paid);
    assert!(shop.now.since_ms(TEN) < 13_000, "asked at the channel's pace all the while");
    shop.settle();
    for attempt in shop.all_attempts() {
        assert_eq!(shop.calls(PAY, &attempt.out_trade_no), 1);
    }
}

#[test]
pub(crate) fn a_scan_that_waits_for_its_turn_leaves_with_its_code() {
    let mut shop = Shop::new();
    shop.till()
        .put_aside(&mianfu_core::number::OutTradeNo::new(&"90".repeat(14)).unwrap())
        .unwrap();
    // The channel may be called forty times at once and ten times a second.
    let asked = shop.scan(1_250, Manner::TypesPassword { after_ms: 30_000 });
    shop.wait(500);
    shop.till().put_aside(&asked).unwrap();
    let mut spent = 0;
    while shop.till().wake_at().unwrap().is_some_and(|at| shop.now < at) && spent < 200 {
        let now = shop.till_now();
        shop.till().ask_now(&asked, now).unwrap();
        for call in shop.till().take_calls(now) {
            shop.leave(call);
            spent += 1;
        }
        shop.now = shop.now.plus_ms(1);
        shop.hear();
    }
    let no = shop.scan(990, Manner::Pays);
    assert_eq!(shop.end(&no).screen(), Screen::Paid);
    assert_eq!(shop.calls(PAY, &no), 1);
    shop.settle();
}
