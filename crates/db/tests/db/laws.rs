//! Laws that the schema keeps whatever the program asks for.

use mianfu_core::attempt::{Attempt, Event, Phase};
use mianfu_core::channel::{Flow, RefundVerdict, Verdict};
use mianfu_core::money::Timestamp;
use mianfu_core::refund::{Refund, RefundPhase};
use mianfu_db::{Birth, Db, DbError, Versioned};

use crate::fixture::*;

#[track_caller]
fn check_law<T>(result: Result<T, DbError>, law: &str) {
    match result {
        Err(DbError::LawBroken { law: broken }) => assert_eq!(broken, law),
        Err(other) => panic!("{law}: {other:?}"),
        Ok(_) => panic!("{law} was broken"),
    }
}

fn save(db: &mut Db, attempt: &Attempt) -> Result<i64, DbError> {
    let version = db.read().attempts().get(&attempt.out_trade_no)?.version;
    db.write("save", |tx| tx.attempts().update(attempt, version, &note("saved")))
}

#[test]
pub(crate) fn law3_an_order_has_at_most_one_live_attempt() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let order = db.write("keep", |tx| keep_order(tx, "a", 1_250)).unwrap();
    let first = db.write("keep", |tx| keep_attempt(tx, &order, Flow::Show)).unwrap();
    let second = db.write("keep", |tx| keep_attempt(tx, &order, Flow::Scan));
    assert!(matches!(second, Err(DbError::LiveAttempt { order_no }) if order_no == order.no));
    let reason = "no".to_owned();
    step(&mut db, &first, Event::Answered(Verdict::Declined { reason }), TEN.plus_ms(100));
    db.write("keep", |tx| keep_attempt(tx, &order, Flow::Scan)).unwrap();
}

#[test]
pub(crate) fn law5_an_end_never_regresses() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let attempt = sell_paid(&mut db, "a", 1_250);
    let closed = Phase::Closed { how: mianfu_core::attempt::ClosedHow::ByChannel };
    for phase in [closed, Phase::Returned, Phase::Declined { reason: "no".to_owned() }] {
        let regressed = Attempt { phase, ..attempt.clone() };
        check_law(save(&mut db, &regressed), "attempt_end_is_final");
    }
    let reopened = Attempt { phase: Phase::Waiting, poll_at: Some(TEN), ..attempt.clone() };
    check_law(save(&mut db, &reopened), "attempt_end_is_final");
    let mut elsewhere = attempt.clone();
    if let Phase::Paid { payment } = &mut elsewhere.phase {
        payment.transaction_no = "another".to_owned();
    }
    check_law(save(&mut db, &elsewhere), "attempt_end_is_final");
    assert_eq!(db.read().attempts().get(&attempt.out_trade_no).unwrap().value, attempt);
}

#[test]
pub(crate) fn law6_a_wake_up_is_missing_exactly_at_an_end() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let attempt = sell(&mut db, "a", 1_250, Flow::Scan);
    let sleeping = Attempt { poll_at: None, ..attempt.clone() };
    check_law(save(&mut db, &sleeping), "attempt_polls_until_its_end");
    let restless = Attempt { phase: Phase::Returned, ..attempt };
    check_law(save(&mut db, &restless), "attempt_polls_until_its_end");
}

#[test]
pub(crate) fn m1_a_mark_is_cleared_only_by_a_submit_that_never_arrived() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let attempt = sell(&mut db, "a", 1_250, Flow::Show);
    let shown = Verdict::Code { content: "https://qr.example/bax0".to_owned() };
    let shown = step(&mut db, &attempt, Event::Answered(shown), TEN.plus_ms(200));
    let never = mianfu_core::attempt::ClosedHow::NeverSent;
    let forged = Attempt {
        phase: Phase::Closed { how: never },
        poll_at: None,
        sent_at: None,
        ..shown.clone()
    };
    check_law(save(&mut db, &forged), "attempt_mark_is_kept");
    let parked = Attempt { phase: Phase::Parked, ..shown.clone() };
    check_law(save(&mut db, &parked), "attempt_parked_or_never_sent_has_no_mark");
    let unmarked = Attempt { sent_at: None, submit_open: false, ..shown.clone() };
    check_law(save(&mut db, &unmarked), "attempt_mark_is_kept");
    let never_sent = Attempt { phase: Phase::Closed { how: never }, poll_at: None, ..shown };
    check_law(save(&mut db, &never_sent), "attempt_parked_or_never_sent_has_no_mark");
}

#[test]
pub(crate) fn m7_nothing_is_paid_once_a_reversal_has_left() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let attempt = sell(&mut db, "a", 1_250, Flow::Scan);
    let waiting = step(&mut db, &attempt, Event::Answered(Verdict::Waiting), TEN.plus_ms(100));
    let asking = step(&mut db, &waiting, Event::Cancelled, TEN.plus_ms(200));
    let reversing = step(&mut db, &asking, Event::Told(Verdict::Waiting), TEN.plus_ms(300));
    assert_eq!(reversing.phase, Phase::Reversing);
    let paid = sell_paid(&mut db, "b", 1_250);
    let forged = Attempt { phase: paid.phase, poll_at: None, ..reversing.clone() };
    check_law(save(&mut db, &forged), "attempt_paid_without_reversal");
    let unleft = Attempt { reversal_left_at: None, phase: Phase::Closing, ..reversing };
    check_law(save(&mut db, &unleft), "attempt_reversal_stays_left");
}

#[test]
pub(crate) fn an_intent_never_changes() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let attempt = sell(&mut db, "a", 1_250, Flow::Scan);
    let amount = mianfu_core::money::Charge::new(1).unwrap();
    check_law(save(&mut db, &Attempt { amount, ..attempt.clone() }), "attempt_intent_is_kept");
    let other = Attempt { kept_at: TEN.plus_ms(1), ..attempt };
    check_law(save(&mut db, &other), "attempt_intent_is_kept");
}

#[test]
pub(crate) fn an_attempt_needs_its_order() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let order = db.write("keep", |tx| keep_order(tx, "a", 1_250)).unwrap();
    let orphan = mianfu_core::order::Order { no: mianfu_core::number::OrderNo(99), ..order };
    let kept = db.write("keep", |tx| keep_attempt(tx, &orphan, Flow::Scan).map(drop));
    assert!(matches!(kept, Err(DbError::LawBroken { .. })), "{kept:?}");
}

#[test]
pub(crate) fn a_step_is_saved_once_even_if_two_try() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let attempt = sell(&mut db, "a", 1_250, Flow::Scan);
    let Versioned { value, version } = db.read().attempts().get(&attempt.out_trade_no).unwrap();
    let later = Attempt { silences: 1, ..value.clone() };
    let update = |db: &mut Db, attempt: &Attempt| {
        db.write("save", |tx| tx.attempts().update(attempt, version, &note("saved")))
    };
    assert_eq!(update(&mut db, &later).unwrap(), version + 1);
    let second = update(&mut db, &Attempt { silences: 2, ..value });
    assert!(matches!(second, Err(DbError::Stale { .. })), "the loser must look again: {second:?}");
    assert_eq!(db.read().attempts().get(&attempt.out_trade_no).unwrap().value, later);
    db.check_everything().unwrap();
}

#[test]
pub(crate) fn a_step_that_fails_keeps_nothing() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    sell(&mut db, "before", 100, Flow::Scan);
    let head = db.check_everything().unwrap();
    let failed = db.write("fail", |tx| {
        let order = keep_order(tx, "lost", 100)?;
        keep_attempt(tx, &order, Flow::Scan)?;
        Err::<(), _>(DbError::NotFound { table: "anything", key: String::new() })
    });
    assert!(failed.is_err());
    assert_eq!(db.check_everything().unwrap(), head, "neither rows nor events");
    assert_eq!(db.read().orders().by_intent("lost").unwrap(), None);
}

#[test]
pub(crate) fn m19_a_number_is_never_drawn_twice() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let mut drawn = std::collections::BTreeSet::new();
    for round in 0..3 {
        for _ in 0..3 {
            let number = db.write("mint", |tx| tx.mint()).unwrap();
            assert!(drawn.insert(number.clone()), "{number} was drawn twice, round {round}");
        }
        db.close().unwrap();
        db = shop.open(Birth::Same);
    }
    let both = db.write("mint", |tx| Ok((tx.mint()?, tx.mint()?))).unwrap();
    assert_ne!(both.0, both.1, "two of one step differ");
    assert_eq!(both.0.series(), db.read().series().unwrap());
}

#[test]
pub(crate) fn m20_no_more_goes_back_than_was_taken() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let attempt = sell_paid(&mut db, "a", 1_000);
    let ask = |db: &mut Db, attempt: &Attempt, fen| {
        db.write("refund", |tx| {
            let refund = refund_of(tx, attempt, fen, by_person());
            tx.refunds().insert(&refund, &note("refund_kept"))?;
            Ok(refund)
        })
    };
    #[track_caller]
    fn check_ceiling(result: Result<Refund, DbError>) {
        assert!(matches!(result, Err(DbError::CeilingReached { .. })), "{result:?}");
    }
    check_ceiling(ask(&mut db, &attempt, 1_001));
    let first = ask(&mut db, &attempt, 600).unwrap();
    check_ceiling(ask(&mut db, &attempt, 401));
    ask(&mut db, &attempt, 400).unwrap();
    check_ceiling(ask(&mut db, &attempt, 1));
    let reason = "closed".to_owned();
    let refused =
        Refund { phase: RefundPhase::Refused { reason }, next_at: None, minted: true, ..first };
    db.write("refuse", |tx| tx.refunds().update(&refused, 1, &note("refused"))).unwrap();
    ask(&mut db, &attempt, 600).expect("what the channel refused does not count");
    let open = sell(&mut db, "b", 500, Flow::Scan);
    check_ceiling(ask(&mut db, &open, 1));
}

#[test]
pub(crate) fn m20_late_money_may_go_back_once() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let attempt = sell(&mut db, "a", 700, Flow::Scan);
    let declined = Verdict::Declined { reason: "no".to_owned() };
    let declined = step(&mut db, &attempt, Event::Answered(declined), TEN.plus_ms(100));
    let give = |db: &mut Db| {
        db.write("refund", |tx| {
            let refund = refund_of(tx, &declined, 700, by_rule());
            tx.refunds().insert(&refund, &note("refund_kept"))
        })
    };
    assert!(matches!(give(&mut db), Err(DbError::CeilingReached { .. })), "nothing was taken");
    let verdict = paid(&declined);
    step(&mut db, &declined, Event::Told(verdict), TEN.plus_ms(9_000));
    give(&mut db).unwrap();
    assert!(matches!(give(&mut db), Err(DbError::CeilingReached { .. })), "it went back already");
}

#[test]
pub(crate) fn m20_a_number_stands_for_one_intent() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let attempt = sell_paid(&mut db, "a", 1_000);
    let settle = |db: &mut Db, fen| {
        db.write("refund", |tx| {
            let refund = refund_of(tx, &attempt, fen, by_person());
            let refund = Refund { phase: RefundPhase::Sending, minted: true, nth: 1, ..refund };
            tx.refunds().insert(&refund, &note("refund_kept"))
        })
    };
    settle(&mut db, 300).unwrap();
    let second = settle(&mut db, 300);
    assert!(matches!(second, Err(DbError::NumberTaken { nth: 1, .. })), "{second:?}");
    let Versioned { value, version } = db.read().refunds().open(1).unwrap().remove(0);
    let renumbered = Refund { nth: 2, ..value.clone() };
    let renumbered =
        db.write("save", |tx| tx.refunds().update(&renumbered, version, &note("saved")));
    check_law(renumbered, "refund_intent_is_kept");
    let refund = value.step(
        mianfu_core::refund::RefundEvent::Answered(RefundVerdict::Done),
        TEN.plus_ms(80_000),
        &mianfu_core::channel::Timetable::ALIPAY,
    );
    db.write("save", |tx| tx.refunds().update(&refund.refund, version, &note("done"))).unwrap();
    let reopened =
        Refund { phase: RefundPhase::Sending, next_at: Some(Timestamp(1)), ..refund.refund };
    let reopened = db.write("save", |tx| tx.refunds().update(&reopened, 2, &note("saved")));
    check_law(reopened, "refund_end_is_final");
}

#[test]
pub(crate) fn every_change_is_in_the_chain() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let before = db.check_everything().unwrap();
    let attempt = sell_paid(&mut db, "a", 1_000);
    let fen = mianfu_core::money::Fen::new(1).unwrap();
    let cash = mianfu_core::order::Cash { taken: fen, rounded: fen, received: fen };
    db.write("cash", |tx| tx.orders().take_cash(attempt.order_no, cash, TEN, &note("cash")))
        .unwrap();
    let after = db.check_everything().unwrap();
    assert_eq!(after.events - before.events, 4, "order, attempt, step, cash");
    assert_ne!(after.head, before.head);
}
