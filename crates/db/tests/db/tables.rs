//! Every table's methods: what is written is what is read.

use mianfu_core::attempt::{Attempt, Event, Finding, Phase};
use mianfu_core::channel::{Closing, Flow, RefundVerdict, Reversal, Timetable, Verdict};
use mianfu_core::money::{Fen, Timestamp};
use mianfu_core::number::{OrderNo, OutTradeNo, RefundNo};
use mianfu_core::order::{Cash, CashRefund, Order};
use mianfu_core::refund::{RefundEvent, RefundPhase};
use mianfu_db::{Birth, Counts, Db, DbError, FindingKind, Lane, OperationKind, Versioned, Waits};

use crate::fixture::*;

#[test]
fn an_order_is_read_as_it_was_kept() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let order = db.write("keep", |tx| keep_order(tx, "甲'; DROP TABLE attempt", 1_250)).unwrap();
    let kept = Versioned { value: order.clone(), version: 1 };
    assert_eq!(db.read().orders().get(order.no).unwrap(), kept);
    assert_eq!(db.read().orders().by_intent(&order.intent_id).unwrap(), Some(kept));
    assert_eq!(db.read().orders().by_intent("another").unwrap(), None);
    let missing = db.read().orders().get(OrderNo(99));
    assert!(matches!(missing, Err(DbError::NotFound { table: "sale_order", .. })));
}

#[test]
fn an_intent_confirmed_a_hundred_times_is_one_order() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let order = db.write("keep", |tx| keep_order(tx, "enter", 1_250)).unwrap();
    for _ in 0..100 {
        let again = db.write("keep", |tx| keep_order(tx, "enter", 1_250));
        assert!(matches!(again, Err(DbError::IntentKept { order_no }) if order_no == order.no));
    }
    let next = db.write("keep", |tx| keep_order(tx, "next", 1_250)).unwrap();
    assert_eq!(next.no, OrderNo(order.no.0 + 1), "what was refused has drawn no number");
    assert_eq!(db.read().orders().on_day(TEN.business_day(), None, 10).unwrap().len(), 2);
}

#[test]
fn a_days_orders_come_newest_first_and_in_pages() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    for intent in ["a", "b", "c"] {
        db.write("keep", |tx| keep_order(tx, intent, 100)).unwrap();
    }
    let numbers = |before, limit| {
        let page = db.read().orders().on_day(TEN.business_day(), before, limit).unwrap();
        page.iter().map(|order| order.value.no.0).collect::<Vec<_>>()
    };
    assert_eq!(numbers(None, 2), [3, 2]);
    assert_eq!(numbers(Some(OrderNo(2)), 2), [1]);
    let yesterday = TEN.plus_ms(-86_400_000).business_day();
    assert_eq!(db.read().orders().on_day(yesterday, None, 9).unwrap(), []);
}

#[test]
fn cash_adds_up_and_never_exceeds_what_is_due() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let order = db.write("keep", |tx| keep_order(tx, "cash", 1_250)).unwrap();
    let fen = |fen| Fen::new(fen).unwrap();
    let take = |tx: &mianfu_db::Tx<'_>, amount| {
        tx.orders().take_cash(order.no, exactly(amount), TEN, &note("cash_taken"))
    };
    assert_eq!(db.write("cash", |tx| take(tx, fen(250))).unwrap().value.cash, fen(250));
    assert_eq!(db.write("cash", |tx| take(tx, fen(1_000))).unwrap().value.cash, fen(1_250));
    let more = db.write("cash", |tx| take(tx, fen(1)));
    assert!(matches!(more, Err(DbError::LawBroken { law }) if law == "order_cash_is_at_most_due"));
    assert_eq!(db.read().orders().get(order.no).unwrap().value.cash, fen(1_250));
    assert_eq!(db.read().orders().get(order.no).unwrap().version, 3);
}

fn exactly(amount: Fen) -> Cash {
    Cash { taken: amount, rounded: Fen::ZERO, received: amount }
}

#[test]
fn cash_is_read_as_it_was_kept_with_its_rounding_and_its_prints() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let order = db.write("keep", |tx| keep_order(tx, "cash", 1_250)).unwrap();
    let fen = |fen| Fen::new(fen).unwrap();
    let cash = Cash { taken: fen(1_200), rounded: fen(50), received: fen(2_000) };
    let at = TEN.plus_ms(7_000);
    db.write("cash", |tx| tx.orders().take_cash(order.no, cash, at, &note("cash_taken"))).unwrap();
    db.write("print", |tx| tx.orders().count_print(order.no, &note("receipt_printed"))).unwrap();
    drop(db);
    let kept = shop.open(Birth::Same).read().orders().get(order.no).unwrap();
    let expected = Order { prints: 1, ..order.taking(cash, at).unwrap() };
    assert_eq!(kept, Versioned { value: expected, version: 3 });
    assert_eq!(kept.value.change(), fen(800));
}

#[test]
fn the_latest_orders_in_cash_come_newest_first_by_when_it_was_taken() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let late = db.write("keep", |tx| keep_order(tx, "late", 100)).unwrap();
    db.write("keep", |tx| keep_order(tx, "no cash", 100)).unwrap();
    let early = db.write("keep", |tx| keep_order(tx, "early", 100)).unwrap();
    let mut take = |order: &Order, at: Timestamp| {
        let cash = exactly(Fen::new(100).unwrap());
        db.write("cash", |tx| tx.orders().take_cash(order.no, cash, at, &note("cash_taken")))
    };
    take(&early, TEN.plus_ms(1_000)).unwrap();
    take(&late, TEN.plus_ms(9_000)).unwrap();
    let numbers = |until: Timestamp, limit| {
        let orders = db.read().orders().in_cash(until, limit).unwrap();
        orders.iter().map(|order| order.value.no).collect::<Vec<_>>()
    };
    assert_eq!(numbers(Timestamp(i64::MAX), 9), [late.no, early.no]);
    assert_eq!(numbers(Timestamp(i64::MAX), 1), [late.no]);
    assert_eq!(numbers(TEN.plus_ms(8_999), 9), [early.no]);
    assert_eq!(db.read().orders().find(OrderNo(99)).unwrap(), None);
}

#[test]
fn cash_goes_back_once_for_one_intent_and_never_beyond_what_was_taken() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let fen = |fen| Fen::new(fen).unwrap();
    let order = db.write("keep", |tx| keep_order(tx, "cash", 1_250)).unwrap();
    let back = |intent: &str, fen: i64| CashRefund {
        intent_id: intent.to_owned(),
        order_no: order.no,
        amount: Fen::new(fen).unwrap(),
        by: "manager".to_owned(),
        at: TEN,
    };
    let mut keep = |refund: &CashRefund| {
        db.write("back", |tx| tx.cash_refunds().insert(refund, &note("cash_refunded")))
    };
    check_law(keep(&back("a", 1)), "order_cash_back_is_at_most_cash");
    db.write("cash", |tx| {
        tx.orders().take_cash(order.no, exactly(fen(1_250)), TEN, &note("cash_taken"))
    })
    .unwrap();
    let mut keep = |refund: &CashRefund| {
        db.write("back", |tx| tx.cash_refunds().insert(refund, &note("cash_refunded")))
    };
    keep(&back("a", 1_000)).unwrap();
    check_law(keep(&back("a", 1)), "cash_refund.intent_id");
    check_law(keep(&back("b", 251)), "order_cash_back_is_at_most_cash");
    keep(&back("b", 250)).unwrap();
    check_law(keep(&back("c", 0)), "cash_refund_gives_something");
    let read = db.read();
    assert_eq!(read.cash_refunds().of_order(order.no).unwrap(), [back("a", 1_000), back("b", 250)]);
    assert_eq!(read.cash_refunds().by_intent("b").unwrap(), Some(back("b", 250)));
    assert_eq!(read.cash_refunds().by_intent("c").unwrap(), None);
    assert_eq!(read.orders().get(order.no).unwrap().value.cash_left(), Fen::ZERO);
    db.check_everything().unwrap();
}

#[track_caller]
fn check_law<T>(result: Result<T, DbError>, law: &str) {
    match result {
        Err(DbError::LawBroken { law: broken }) => assert_eq!(broken, law),
        Err(other) => panic!("{law}: {other:?}"),
        Ok(_) => panic!("{law} was broken"),
    }
}

/// Walks an attempt through `events`; each step is read as it was saved.
#[track_caller]
fn check(flow: Flow, events: Vec<Event>, ends: bool) {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let mut attempt = sell(&mut db, "walk", 1_250, flow);
    let mut at = TEN;
    for event in events {
        at = at.plus_ms(2_000);
        attempt = step(&mut db, &attempt, event, at);
        let kept = db.read().attempts().get(&attempt.out_trade_no).unwrap();
        assert_eq!(kept.value, attempt, "what is written is what is read");
    }
    assert_eq!(attempt.is_final(), ends, "{:?}", attempt.phase);
    db.check_everything().unwrap();
}

fn payment(fen: i64) -> mianfu_core::channel::Payment {
    mianfu_core::channel::Payment {
        amount: Fen::new(fen).unwrap(),
        transaction_no: "T1".to_owned(),
        paid_at: None,
        payer: None,
        some_back: false,
    }
}

fn paid() -> Verdict {
    Verdict::Paid(payment(1_250))
}

/// A reason with what could break a statement or a text.
fn no() -> String {
    "余额不足\n\"'".to_owned()
}

#[test]
fn an_attempt_is_read_as_it_was_saved_in_every_phase() {
    let code = || Verdict::Code { content: "https://qr.example/bax0".to_owned() };
    let unreached = || Event::Unreached(mianfu_core::attempt::Effect::Submit);
    check(Flow::Scan, vec![Event::Answered(paid())], true);
    check(Flow::Scan, vec![Event::Answered(Verdict::Paid(payment(1)))], true);
    check(Flow::Scan, vec![Event::Answered(Verdict::AlreadyPaid)], true);
    check(Flow::Scan, vec![Event::Answered(Verdict::Declined { reason: no() })], true);
    check(Flow::Scan, vec![unreached()], true);
    check(Flow::Show, vec![unreached(), Event::Resumed], false);
    check(Flow::Show, vec![unreached(), Event::Cancelled], true);
    check(Flow::Show, vec![Event::Answered(code()), Event::Told(Verdict::Waiting)], false);
    check(
        Flow::Show,
        vec![
            Event::Answered(code()),
            Event::Told(Verdict::Waiting),
            Event::Cancelled,
            Event::Told(Verdict::Waiting),
            Event::ClosingTold(Closing::Closed),
        ],
        true,
    );
}

#[test]
fn an_attempt_that_is_undone_is_read_as_it_was_saved() {
    check(
        Flow::Scan,
        vec![
            Event::Answered(Verdict::DeclinedAlive { reason: no() }),
            Event::Told(Verdict::Waiting),
            Event::ReversalTold(Reversal::Closed),
        ],
        true,
    );
    check(
        Flow::Scan,
        vec![
            Event::Answered(Verdict::Waiting),
            Event::GoodsGone { by: "店长".to_owned() },
            Event::CashTaken,
            Event::Told(paid()),
            Event::RefundConfirmed,
        ],
        true,
    );
    check(
        Flow::Scan,
        vec![
            Event::Silent(mianfu_core::attempt::Effect::Submit),
            Event::Cancelled,
            Event::Told(Verdict::NotExist),
            Event::ReversalTold(Reversal::FoundNothing),
        ],
        false,
    );
    check(
        Flow::Scan,
        vec![
            Event::Answered(Verdict::Waiting),
            Event::Cancelled,
            Event::Told(Verdict::Waiting),
            Event::ReversalTold(Reversal::TooLate),
            Event::Told(paid()),
        ],
        false,
    );
    check(
        Flow::Scan,
        vec![
            Event::Answered(Verdict::Waiting),
            Event::Cancelled,
            Event::Told(Verdict::Waiting),
            Event::ReversalTold(Reversal::Closed),
            Event::Told(paid()),
        ],
        true,
    );
}

#[test]
fn attempts_are_found_by_every_question() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let first = sell_paid(&mut db, "a", 100);
    let second = sell(&mut db, "b", 200, Flow::Show);
    let third = sell(&mut db, "c", 300, Flow::Scan);
    let third = step(&mut db, &third, Event::Answered(Verdict::Waiting), TEN.plus_ms(500));
    let attempts = db.read().attempts();
    let numbers = |found: Vec<Versioned<mianfu_core::attempt::Attempt>>| {
        found.into_iter().map(|kept| kept.value.out_trade_no).collect::<Vec<_>>()
    };
    let no = |attempt: &mianfu_core::attempt::Attempt| attempt.out_trade_no.clone();
    assert_eq!(numbers(attempts.of_order(first.order_no).unwrap()), [no(&first)]);
    assert_eq!(numbers(attempts.open(9).unwrap()), [no(&third), no(&second)]);
    assert_eq!(numbers(attempts.open(1).unwrap()), [no(&third)]);
    assert_eq!(attempts.next_wake().unwrap(), third.poll_at);
    assert_eq!(numbers(attempts.due(third.poll_at.unwrap(), 9).unwrap()), [no(&third)]);
    assert_eq!(numbers(attempts.due(TEN, 9).unwrap()), []);
    assert_eq!(numbers(attempts.recent(TEN, 2).unwrap()), [no(&third), no(&second)]);
    assert_eq!(numbers(attempts.paid_since(TEN, 9).unwrap()), [no(&first)]);
    assert_eq!(numbers(attempts.paid_since(TEN.plus_ms(3_001), 9).unwrap()), []);
    assert_eq!(numbers(attempts.held(9).unwrap()), []);
    assert_eq!(attempts.live_of_order(first.order_no).unwrap(), None);
    let live = attempts.live_of_order(second.order_no).unwrap().unwrap();
    assert_eq!(live.value, second);
    let unknown = OutTradeNo::new(&format!("90{:026}", 1));
    assert_eq!(attempts.find(&unknown.unwrap()).unwrap(), None);
}

#[test]
fn what_is_held_is_found_until_its_whole_money_has_gone_back() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let sold = sell(&mut db, "a", 1_000, Flow::Scan);
    let mut other = crate::fixture::paid(&sold);
    if let Verdict::Paid(payment) = &mut other {
        payment.amount = Fen::new(900).unwrap();
    }
    let sold = step(&mut db, &sold, Event::Answered(other), TEN.plus_ms(3_500));
    let back = |db: &mut Db, of: &Attempt, fen: i64, verdict: RefundVerdict| {
        db.write("refund", |tx| {
            let refund = refund_of(tx, of, fen, by_rule());
            tx.refunds().insert(&refund, &note("refund_kept"))?;
            let answered = RefundEvent::Answered(verdict);
            let refund = refund.step(answered, TEN.plus_ms(70_000), &Timetable::ALIPAY).refund;
            tx.refunds().update(&refund, 1, &note("refund_stepped"))?;
            Ok(refund)
        })
        .unwrap()
    };
    back(&mut db, &sold, 500, RefundVerdict::Done);
    assert_eq!(db.read().attempts().held(9).unwrap()[0].value, sold, "a part is left");
    back(&mut db, &sold, 400, RefundVerdict::Done);
    assert_eq!(db.read().attempts().held(9).unwrap(), []);
    assert_eq!(db.read().refunds().held(9).unwrap(), []);
    let other = sell_paid(&mut db, "b", 300);
    let clashed = back(&mut db, &other, 300, RefundVerdict::Clash);
    assert_eq!(db.read().refunds().held(9).unwrap()[0].value, clashed);
}

#[test]
fn a_refund_is_read_as_it_was_saved_and_found_by_every_question() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let attempt = sell_paid(&mut db, "a", 1_000);
    let id = db
        .write("refund", |tx| {
            let refund = refund_of(tx, &attempt, 400, by_person());
            tx.refunds().insert(&refund, &note("refund_kept"))?;
            Ok(refund.id)
        })
        .unwrap();
    let at = TEN.plus_ms(70_000);
    assert_eq!(db.read().refunds().open(9).unwrap().len(), 1);
    let waits = db.read().refunds().waiting().unwrap();
    assert_eq!((waits.count, waits.calls), (1, 2), "it is counted first");
    assert_eq!(db.read().refunds().known_of(&attempt.out_trade_no).unwrap(), 0);
    let absent = mianfu_core::channel::RefundAnswer::NotExist;
    for event in [
        RefundEvent::Told(absent),
        RefundEvent::Answered(RefundVerdict::NoBalance),
        RefundEvent::TriedAgain,
        RefundEvent::Answered(RefundVerdict::Done),
    ] {
        let stepped = db
            .write("step", |tx| {
                let Versioned { value, version } = tx.refunds().get(id)?;
                let refund = value.step(event, at, &Timetable::ALIPAY).refund;
                tx.refunds().update(&refund, version, &note("refund_stepped"))?;
                Ok(refund)
            })
            .unwrap();
        assert_eq!(db.read().refunds().get(id).unwrap().value, stepped);
        let due = db.read().refunds().due(Timestamp(i64::MAX), 9).unwrap();
        assert_eq!(due.len(), usize::from(stepped.next_at.is_some()), "{stepped:?}");
        assert_eq!(db.read().refunds().next_wake().unwrap(), stepped.next_at);
        let waits = db.read().refunds().waiting().unwrap();
        let count = u32::from(stepped.next_at.is_some());
        assert_eq!((waits.count, waits.calls, waits.last_at), (count, count, stepped.next_at));
        assert_eq!(waits.oldest, stepped.next_at.map(|_| stepped.kept_at));
    }
    let refunds = db.read().refunds();
    let done = refunds.get(id).unwrap();
    assert_eq!(done.value.phase, RefundPhase::Done { at });
    let number = RefundNo::compose(&attempt.out_trade_no, 1).unwrap();
    assert_eq!(refunds.by_no(&number).unwrap(), Some(done.clone()));
    assert_eq!(refunds.of_attempt(&attempt.out_trade_no).unwrap(), [done]);
    assert_eq!(refunds.known_of(&attempt.out_trade_no).unwrap(), 1);
    assert_eq!(refunds.open(9).unwrap(), []);
    assert_eq!(refunds.held(9).unwrap(), []);
    db.check_everything().unwrap();
}

#[test]
fn work_put_twice_is_one_and_leaves_when_done() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let ask = operation("late_ask 1", OperationKind::LateAsk, Lane::Background);
    db.write("put", |tx| tx.queue().put(&ask)).unwrap();
    let mut changed = ask.clone();
    changed.next_at = TEN;
    db.write("put", |tx| tx.queue().put(&changed)).unwrap();
    assert_eq!(db.read().queue().get(&ask.key).unwrap(), Some(ask.clone()));
    assert_eq!(db.read().queue().next_wake().unwrap(), Some(ask.next_at));
    let due = |db: &mianfu_db::Db, at, lane| db.read().queue().due(at, lane, 9).unwrap().len();
    assert_eq!(due(&db, TEN, Lane::Background), 0);
    assert_eq!(due(&db, ask.next_at, Lane::Background), 1);
    assert_eq!(due(&db, ask.next_at, Lane::Certainty), 0);
    db.write("retry", |tx| tx.queue().retry(&ask.key, TEN.plus_ms(900_000))).unwrap();
    assert_eq!(db.read().queue().get(&ask.key).unwrap().unwrap().tries, 1);
    assert_eq!(due(&db, ask.next_at, Lane::Background), 0);
    db.write("wedge", |tx| tx.queue().wedge(&ask.key, "余额不足，退款未发出")).unwrap();
    assert_eq!(due(&db, Timestamp(i64::MAX), Lane::Background), 0, "it waits for a person");
    let wedged = db.read().queue().wedged(9).unwrap();
    assert_eq!(wedged[0].wedged.as_deref(), Some("余额不足，退款未发出"));
    assert_eq!(db.read().queue().counts().unwrap().wedged, 1);
    db.write("unwedge", |tx| tx.queue().unwedge(&ask.key, TEN)).unwrap();
    assert_eq!(due(&db, TEN, Lane::Background), 1);
    db.write("done", |tx| tx.queue().done(&ask.key)).unwrap();
    assert_eq!(db.read().queue().get(&ask.key).unwrap(), None);
    let again = db.write("done", |tx| tx.queue().done(&ask.key));
    assert!(matches!(again, Err(DbError::NotFound { table: "operation", .. })));
}

#[test]
fn work_of_one_kind_is_found_by_its_kind() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let at = |key: &str, kind, lane, ms| mianfu_db::Operation {
        next_at: TEN.plus_ms(ms),
        ..operation(key, kind, lane)
    };
    db.write("put", |tx| {
        tx.queue().put(&at("ask 1", OperationKind::LateAsk, Lane::Background, 9))?;
        tx.queue().put(&at("ask 2", OperationKind::LateAsk, Lane::Background, 5))?;
        tx.queue().put(&at("statement", OperationKind::StatementDownload, Lane::Background, 1))?;
        tx.queue().put(&at("query", OperationKind::Query, Lane::Certainty, 2))
    })
    .unwrap();
    let queue = db.read().queue();
    let keys = |found: Vec<mianfu_db::Operation>| {
        found.into_iter().map(|operation| operation.key).collect::<Vec<_>>()
    };
    let late = OperationKind::LateAsk;
    assert_eq!(keys(queue.due_of(late, TEN.plus_ms(9), 9).unwrap()), ["ask 2", "ask 1"]);
    assert_eq!(keys(queue.due_of(late, TEN.plus_ms(5), 9).unwrap()), ["ask 2"]);
    assert_eq!(queue.next_wake_of(late).unwrap(), Some(TEN.plus_ms(5)));
    assert_eq!(queue.next_wake_of(OperationKind::Refund).unwrap(), None);
    assert_eq!(keys(queue.calls(9).unwrap()), ["query"], "an attempt's call, not an afterthought");
}

#[test]
fn what_moves_money_keeps_its_order_and_questions_go_past() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let of_order = |key: &str, kind, no| mianfu_db::Operation {
        order_no: Some(OrderNo(no)),
        next_at: TEN,
        ..operation(key, kind, Lane::Certainty)
    };
    db.write("put", |tx| {
        tx.queue().put(&of_order("reverse 1", OperationKind::Reverse, 1))?;
        tx.queue().put(&of_order("refund 1", OperationKind::Refund, 1))?;
        tx.queue().put(&of_order("query 1", OperationKind::Query, 1))?;
        tx.queue().put(&of_order("refund 2", OperationKind::Refund, 2))
    })
    .unwrap();
    let due = |db: &mianfu_db::Db| {
        let due = db.read().queue().due(TEN, Lane::Certainty, 9).unwrap();
        due.into_iter().map(|operation| operation.key).collect::<Vec<_>>()
    };
    assert_eq!(due(&db), ["reverse 1", "query 1", "refund 2"]);
    db.write("wait", |tx| tx.queue().retry("reverse 1", TEN.plus_ms(1))).unwrap();
    assert_eq!(due(&db), ["query 1", "refund 2"], "the refund still waits for the reversal");
    db.write("wedge", |tx| tx.queue().wedge("reverse 1", "a person")).unwrap();
    assert_eq!(due(&db), ["refund 1", "query 1", "refund 2"], "a wedged one holds up nobody");
    db.write("done", |tx| tx.queue().done("reverse 1")).unwrap();
    assert_eq!(due(&db), ["refund 1", "query 1", "refund 2"]);
}

#[test]
fn what_is_not_known_is_added_up() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let nothing =
        Counts { operations: 0, wedged: 0, open_attempts: 0, at_risk: Fen::ZERO, oldest: None };
    assert_eq!(db.read().queue().counts().unwrap(), nothing);
    sell_paid(&mut db, "paid", 10_000);
    sell(&mut db, "open", 1_250, Flow::Show);
    sell(&mut db, "also open", 250, Flow::Scan);
    let ask = operation("late_ask", OperationKind::LateAsk, Lane::Background);
    db.write("put", |tx| tx.queue().put(&ask)).unwrap();
    let at_risk = Fen::new(1_500).unwrap();
    let counts = Counts { operations: 1, wedged: 0, open_attempts: 2, at_risk, oldest: Some(TEN) };
    assert_eq!(db.read().queue().counts().unwrap(), counts);
}

#[test]
fn what_goes_out_by_itself_is_added_up_by_kind() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    assert_eq!(db.read().refunds().waiting().unwrap(), Waits::default());
    assert_eq!(db.read().queue().late_asks(TEN).unwrap(), Waits::default());
    let ask = operation("late_ask", OperationKind::LateAsk, Lane::Background);
    db.write("put", |tx| tx.queue().put(&ask)).unwrap();
    let asks = |db: &mianfu_db::Db, now| db.read().queue().late_asks(now).unwrap().count;
    assert_eq!(asks(&db, ask.next_at.plus_ms(-1)), 0, "planned for later, it waits for nothing");
    assert_eq!(asks(&db, ask.next_at), 1);
    let later = ask.next_at.plus_ms(10_000);
    db.write("retry", |tx| tx.queue().retry(&ask.key, later)).unwrap();
    assert_eq!(asks(&db, ask.next_at), 0, "it is on its way");
    db.write("retry", |tx| tx.queue().retry(&ask.key, later)).unwrap();
    let waits = db.read().queue().late_asks(ask.next_at).unwrap();
    let (oldest, at) = (Some(ask.kept_at), Some(later));
    assert_eq!(waits, Waits { count: 1, calls: 1, oldest, first_at: at, last_at: at });
}

#[test]
fn a_finding_stays_open_until_a_person_settles_it() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let attempt = sell_paid(&mut db, "a", 100);
    let said = Finding::Contradicted { said: "closed" };
    let id = db.write("find", |tx| tx.findings().insert(&said, &attempt, &note("found"))).unwrap();
    let open = db.read().findings().open(9).unwrap();
    assert_eq!((open[0].kind, open[0].said.as_str()), (FindingKind::Contradicted, "closed"));
    assert_eq!(open[0].out_trade_no, attempt.out_trade_no);
    let settle =
        |tx: &mianfu_db::Tx<'_>| tx.findings().settle(id, "店长 01", &note("finding_settled"));
    db.write("settle", settle).unwrap();
    assert_eq!(db.read().findings().open(9).unwrap(), []);
    let settled = db.read().findings().get(id).unwrap().settled.unwrap();
    assert_eq!(settled, (TEN, "店长 01".to_owned()));
    let again = db.write("settle", settle);
    assert!(matches!(again, Err(DbError::LawBroken { .. })), "what was settled stays settled");
    db.check_everything().unwrap();
}

#[test]
fn an_orders_history_tells_what_happened_in_turn() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    sell(&mut db, "another", 900, Flow::Scan);
    let attempt = sell_paid(&mut db, "a", 100);
    let events = db.read().events().by_order(attempt.order_no, 0, 9).unwrap();
    let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["order_kept", "attempt_kept", "stepped"]);
    assert_eq!(events[2].out_trade_no.as_ref(), Some(&attempt.out_trade_no));
    assert_eq!(events[2].subject, format!("attempt {}", attempt.out_trade_no));
    assert_eq!(events[0].column("phase"), None, "an order has no phase");
    assert_eq!(events[1].column("phase"), Some("submitting"));
    assert_eq!(events[1].column("transaction_no"), Some(""));
    assert_eq!(events[2].column("phase"), Some("paid"));
    assert_eq!(events[2].column("amount_fen"), Some("100"));
    assert_eq!(events[2].column("version"), Some("2"));
    let rest = db.read().events().by_order(attempt.order_no, events[1].seq, 9).unwrap();
    assert_eq!(rest, events[2..]);
    assert_eq!(db.read().events().tail(1).unwrap(), events[2..]);
}

#[test]
fn a_payers_hash_is_in_the_row_and_not_in_the_log() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let attempt = sell_paid(&mut db, "a", 100);
    let Phase::Paid { payment } = &attempt.phase else {
        panic!("it was paid: {attempt:?}");
    };
    assert_eq!(payment.payer.as_deref(), Some("7c1d"));
    let log = db.read().events().tail(9).unwrap();
    assert!(log.iter().all(|event| !format!("{event:?}").contains("7c1d")), "{log:?}");
    // Dropped after the refund window: the row goes on without it, and so does the check.
    let mut forgotten = attempt.clone();
    let Phase::Paid { payment } = &mut forgotten.phase else {
        panic!("it was paid: {attempt:?}");
    };
    payment.payer = None;
    db.write("forget", |tx| tx.attempts().update(&forgotten, 2, &note("payer_dropped"))).unwrap();
    assert_eq!(db.read().attempts().get(&attempt.out_trade_no).unwrap().value, forgotten);
    db.check_everything().unwrap();
}
