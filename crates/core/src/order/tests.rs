//! What an order adds up to, and when it may be charged.

use super::*;
use crate::attempt::tests::{at, closing, intent, no, paid, reversal, verdict};
use crate::attempt::{Event, RefundWhy};
use crate::channel::{Flow, PayerHash, Payment, RefundVerdict, Timetable, Verdict};
use crate::refund::{RefundCause, RefundEvent, RefundId, RefundIntent};

const DUE_FEN: i64 = 1_250;

#[test]
pub(crate) fn m16_captured_and_cash_less_returned_is_what_was_due() {
    type Case = (&'static str, i64, Vec<Attempt>, Vec<Refund>, i64);
    let cases: [Case; 12] = [
        ("nothing yet", 0, vec![submitting(1)], vec![], 0),
        ("paid", 0, vec![paid_attempt(1)], vec![], DUE_FEN),
        ("cash", DUE_FEN, vec![], vec![], DUE_FEN),
        ("declined, then paid", 0, vec![declined(1), paid_attempt(2)], vec![], DUE_FEN),
        ("closed, then cash", DUE_FEN, vec![closed(1)], vec![], DUE_FEN),
        (
            "reversed with its money, then paid",
            0,
            vec![returned(1), paid_attempt(2)],
            vec![],
            DUE_FEN,
        ),
        ("unwanted and reversed, cash", DUE_FEN, vec![returned(1)], vec![], DUE_FEN),
        (
            "unwanted and refunded, cash",
            DUE_FEN,
            vec![refunded(1)],
            vec![done(1, 1, DUE_FEN)],
            DUE_FEN,
        ),
        ("late money sent back, cash", DUE_FEN, vec![late(1)], vec![done(1, 1, DUE_FEN)], DUE_FEN),
        ("a part refunded", 0, vec![paid_attempt(1)], vec![done(1, 1, 250)], 1_000),
        (
            "two parts refunded",
            0,
            vec![paid_attempt(1)],
            vec![done(1, 1, 250), done(2, 1, 1_000)],
            0,
        ),
        ("a refused refund", 0, vec![paid_attempt(1)], vec![refused(1, 1, 250)], DUE_FEN),
    ];
    for (what, cash_fen, attempts, refunds, kept_fen) in cases {
        let standing = Standing::of(&order(cash_fen), &attempts, &refunds).unwrap();
        assert_eq!(standing.kept(), Fen::new(kept_fen), "{what}");
    }
}

#[test]
pub(crate) fn m16_a_reversed_payment_is_a_capture_and_a_return_in_every_total() {
    let standing = Standing::of(&order(0), &[returned(1)], &[]).unwrap();
    assert_eq!(standing.captured, fen(DUE_FEN));
    assert_eq!(standing.returned, fen(DUE_FEN));
    let standing = Standing::of(&order(0), &[closed(1), declined(2)], &[]).unwrap();
    assert_eq!((standing.captured, standing.returned), (Fen::ZERO, Fen::ZERO), "nothing moved");
}

#[test]
fn m16_what_is_still_on_its_way_back_is_not_returned_yet() {
    for refunds in [vec![], vec![wedged(1, 1, DUE_FEN)]] {
        let standing = Standing::of(&order(DUE_FEN), &[refunding(1)], &refunds).unwrap();
        assert_eq!(standing.captured, fen(DUE_FEN));
        assert_eq!(standing.returned, Fen::ZERO, "the customer has not seen it yet");
    }
}

#[test]
pub(crate) fn law8_totals_that_do_not_fit_are_no_totals() {
    let order = Order { cash: Fen::new(i64::MAX).unwrap(), ..order(0) };
    let standing = Standing::of(&order, &[paid_attempt(1)], &[]).unwrap();
    assert_eq!(standing.kept(), None);
    let more_back =
        Standing { captured: fen(1), cash: Fen::ZERO, rounded: Fen::ZERO, returned: fen(2) };
    assert_eq!(more_back.kept(), None, "more went back than came");
}

#[test]
pub(crate) fn law3_one_attempt_at_a_time() {
    let live =
        |attempt: Attempt| Err(ChargeRefusal::AttemptLive { out_trade_no: attempt.out_trade_no });
    let cases = [
        ("nothing tried", vec![], Ok(())),
        ("submitting", vec![submitting(1)], live(submitting(1))),
        ("waiting", vec![waiting(1)], live(waiting(1))),
        ("reversing", vec![reversing(1)], live(reversing(1))),
        ("a reversal found nothing (M9)", vec![unseen(1)], live(unseen(1))),
        ("declined, number alive (M11)", vec![settling(1)], live(settling(1))),
        ("held for a person (M13)", vec![held(1)], live(held(1))),
        ("declined", vec![declined(1)], Ok(())),
        ("closed", vec![closed(1)], Ok(())),
        ("returned", vec![returned(1)], Ok(())),
        ("on its way back as a refund (M12)", vec![refunding(1)], Ok(())),
        ("paid", vec![paid_attempt(1)], Err(ChargeRefusal::PaidAlready)),
        ("declined, then waiting", vec![declined(1), waiting(2)], live(waiting(2))),
        ("closed, then paid", vec![closed(1), paid_attempt(2)], Err(ChargeRefusal::PaidAlready)),
    ];
    for (what, attempts, expected) in cases {
        assert_eq!(may_charge(&order(0), &attempts), expected, "{what}");
    }
}

#[test]
fn an_order_that_took_cash_is_charged_no_more() {
    assert_eq!(may_charge(&order(DUE_FEN), &[]), Err(ChargeRefusal::PaidAlready));
    assert_eq!(may_charge(&order(DUE_FEN - 1), &[]), Ok(()));
}

const LIMIT_FEN: i64 = 99;

fn counted(received_fen: i64, rounded_fen: i64) -> Counted {
    Counted { received: fen(received_fen), rounded: fen(rounded_fen) }
}

#[test]
pub(crate) fn m16_cash_due_is_what_is_owed_less_the_rounding() {
    let limit = fen(LIMIT_FEN);
    let too_large = Err(CashRefusal::RoundingTooLarge { limit });
    let too_little = |due_fen| Err(CashRefusal::ReceivedTooLittle { due: fen(due_fen) });
    let took = |taken_fen, rounded_fen, change_fen| Ok((taken_fen, rounded_fen, change_fen));
    let cases = [
        ("exactly", counted(1_250, 0), took(1_250, 0, 0)),
        ("a note", counted(2_000, 0), took(1_250, 0, 750)),
        ("rounded", counted(1_200, 50), took(1_200, 50, 0)),
        ("rounded, a note", counted(2_000, 50), took(1_200, 50, 800)),
        ("rounded to the limit", counted(1_151, 99), took(1_151, 99, 0)),
        ("a fen above the limit", counted(2_000, 100), too_large.clone()),
        ("everything let go", counted(0, 1_250), too_large.clone()),
        ("more let go than owed", counted(2_000, 1_251), too_large),
        ("a fen short", counted(1_249, 0), too_little(1_250)),
        ("a fen short of the rounded", counted(1_199, 50), too_little(1_200)),
        ("nothing", counted(0, 0), too_little(1_250)),
        ("a barcode", counted(690_102_807_583, 0), Err(CashRefusal::ReceivedTooMuch)),
    ];
    for (what, counted, expected) in cases {
        let got = may_take_cash(&order(0), &[], counted, limit);
        let parts = got.map(|cash| {
            let order = order(0).taking(cash, at(5_000)).unwrap();
            assert_eq!(order.cash_at, Some(at(5_000)), "{what}");
            let all_in = order.cash.get() + order.change().get();
            assert_eq!(
                all_in,
                order.received.get(),
                "{what}: what was handed over is accounted for"
            );
            (order.cash.get(), order.rounded.get(), order.change().get())
        });
        assert_eq!(parts, expected, "{what}");
    }
    let none = may_take_cash(&order(0), &[], counted(2_000, 1), Fen::ZERO);
    assert_eq!(none, Err(CashRefusal::RoundingTooLarge { limit: Fen::ZERO }), "the store forbids");
    let few = Order { due: fen(50), ..order(0) };
    let all = may_take_cash(&few, &[], counted(100, 50), limit);
    assert_eq!(all, Err(CashRefusal::RoundingTooLarge { limit }), "a gift is no sale");
}

#[test]
pub(crate) fn m16_cash_is_taken_once_and_never_beside_an_attempt_that_could_be_paid() {
    let live =
        |attempt: Attempt| Err(CashRefusal::AttemptLive { out_trade_no: attempt.out_trade_no });
    let rounded = Order { rounded: fen(50), ..order(DUE_FEN - 50) };
    let cases = [
        ("nothing tried", order(0), vec![], Ok(())),
        ("declined", order(0), vec![declined(1)], Ok(())),
        ("closed", order(0), vec![closed(1)], Ok(())),
        ("returned", order(0), vec![returned(1)], Ok(())),
        ("on its way back", order(0), vec![refunding(1)], Ok(())),
        ("waiting", order(0), vec![waiting(1)], live(waiting(1))),
        ("held", order(0), vec![held(1)], live(held(1))),
        ("paid", order(0), vec![paid_attempt(1)], Err(CashRefusal::PaidAlready)),
        ("cash taken", order(DUE_FEN), vec![], Err(CashRefusal::PaidAlready)),
        ("rounded cash taken", rounded.clone(), vec![], Err(CashRefusal::PaidAlready)),
    ];
    for (what, order, attempts, expected) in cases {
        let got = may_take_cash(&order, &attempts, counted(DUE_FEN, 0), fen(LIMIT_FEN));
        assert_eq!(got.map(drop), expected, "{what}");
    }
    let again = settle_in_cash(&rounded, counted(DUE_FEN, 0), fen(LIMIT_FEN));
    assert_eq!(again, Err(CashRefusal::PaidAlready), "in an attempt's place neither");
    assert_eq!(may_charge(&rounded, &[]), Err(ChargeRefusal::PaidAlready), "nor by a wallet");
}

#[test]
pub(crate) fn m16_rounding_is_a_line_of_its_own_in_every_total() {
    let cash = settle_in_cash(&order(0), counted(2_000, 50), fen(LIMIT_FEN)).unwrap();
    let order = order(0).taking(cash, at(1_000)).unwrap();
    let standing = Standing::of(&order, &[returned(1)], &[]).unwrap();
    assert_eq!((standing.cash, standing.rounded), (fen(1_200), fen(50)));
    let kept = standing.kept().unwrap();
    assert_eq!(
        kept.checked_add(standing.rounded),
        Some(order.due),
        "kept and let go are what was due"
    );
    let back = Order { cash_back: fen(200), ..order };
    assert_eq!(Standing::of(&back, &[], &[]).unwrap().kept(), Some(fen(1_000)));
}

#[test]
pub(crate) fn m16_no_more_cash_goes_back_than_was_taken() {
    let left = |left_fen| Err(CashBackRefusal::Exceeds { left: fen(left_fen) });
    let back = |cash_fen, back_fen| Order { cash_back: fen(back_fen), ..order(cash_fen) };
    let cases = [
        ("all", back(1_250, 0), 1_250, Ok(())),
        ("a part", back(1_250, 0), 1, Ok(())),
        ("the rest", back(1_250, 250), 1_000, Ok(())),
        ("a fen more", back(1_250, 0), 1_251, left(1_250)),
        ("more than the rest", back(1_250, 250), 1_001, left(1_000)),
        ("what was rounded off", Order { rounded: fen(50), ..back(1_200, 0) }, 1_250, left(1_200)),
        ("what was change", Order { received: fen(2_000), ..back(1_250, 0) }, 2_000, left(1_250)),
        ("nothing", back(1_250, 0), 0, Err(CashBackRefusal::NoAmount)),
        ("again", back(1_250, 1_250), 1, Err(CashBackRefusal::NothingLeft)),
        ("of a wallet's sale", back(0, 0), 1, Err(CashBackRefusal::NothingLeft)),
    ];
    for (what, order, amount_fen, expected) in cases {
        assert_eq!(may_return_cash(&order, fen(amount_fen)), expected, "{what}");
    }
}

#[test]
fn a_close_that_was_refused_leaves_the_order_uncharged() {
    let mut shown = Attempt::begin(intent(Flow::Show), at(0), &Timetable::ALIPAY).attempt;
    shown = tell(shown, Event::Answered(verdict("code")));
    shown = told(tell(shown, Event::Cancelled), "waiting");
    let refused = tell(shown, Event::ClosingTold(closing("refused")));
    assert!(matches!(may_charge(&order(0), &[refused]), Err(ChargeRefusal::AttemptLive { .. })));
}

#[test]
pub(crate) fn m18_an_unresolved_attempt_of_the_same_amount_is_called_to_mind() {
    let ask = |attempt: Attempt, amount_fen: i64, after_ms: i64| {
        same_customer(&[attempt], fen(amount_fen), at(after_ms)).is_some()
    };
    assert!(ask(waiting(1), DUE_FEN, 5_000));
    assert!(ask(reversing(1), DUE_FEN, 600_000));
    assert!(ask(unseen(1), DUE_FEN, 76_000));
    assert!(!ask(waiting(1), DUE_FEN, 600_001), "ten minutes on it is somebody else");
    assert!(!ask(waiting(1), DUE_FEN + 1, 5_000), "another amount");
    assert!(!ask(paid_attempt(1), DUE_FEN, 5_000), "a resolved one");
    assert!(!ask(closed(1), DUE_FEN, 5_000), "a resolved one");
}

#[test]
pub(crate) fn m18_the_same_payer_of_the_same_amount_is_called_to_mind() {
    let pay = |counter: u64, payer: Option<&str>, at_ms: i64| {
        let payer = payer.map(|payer| PayerHash(payer.to_owned()));
        let payment = Payment { payer, paid_at: Some(at(at_ms)), ..paid(DUE_FEN) };
        tell(submitting(counter), Event::Told(Verdict::Paid(payment)))
    };
    let first = pay(1, Some("one"), 1_000);
    let found = |second: Attempt| just_paid(&second, std::slice::from_ref(&first)).is_some();
    assert!(found(pay(2, Some("one"), 181_000)));
    assert!(found(pay(2, Some("one"), 1_000)));
    assert!(!found(pay(2, Some("one"), 181_001)), "more than three minutes apart");
    assert!(!found(pay(2, Some("two"), 2_000)), "another payer");
    assert!(!found(pay(2, None, 2_000)), "nobody knows who");
    assert!(!found(pay(1, Some("one"), 1_000)), "itself");
    assert!(!found(waiting(2)));
    let mut more = pay(2, Some("one"), 2_000);
    more.amount = crate::money::Charge::new(DUE_FEN + 1).unwrap();
    assert!(!found(more), "another amount");
}

fn order(cash_fen: i64) -> Order {
    let order = Order::new(OrderNo(1), "intent".to_owned(), fen(DUE_FEN), at(0));
    Order { cash: fen(cash_fen), received: fen(cash_fen), ..order }
}

fn fen(fen: i64) -> Fen {
    Fen::new(fen).unwrap()
}

fn tell(attempt: Attempt, event: Event) -> Attempt {
    attempt.step(event, at(1_000), &Timetable::ALIPAY).attempt
}

fn told(attempt: Attempt, word: &str) -> Attempt {
    tell(attempt, Event::Told(verdict(word)))
}

fn submitting(counter: u64) -> Attempt {
    let mut attempt = Attempt::begin(intent(Flow::Scan), at(0), &Timetable::ALIPAY).attempt;
    attempt.out_trade_no = no(counter);
    attempt
}

fn waiting(counter: u64) -> Attempt {
    tell(submitting(counter), Event::Answered(Verdict::Waiting))
}

fn paid_attempt(counter: u64) -> Attempt {
    told(submitting(counter), "paid")
}

fn declined(counter: u64) -> Attempt {
    tell(submitting(counter), Event::Answered(verdict("declined")))
}

fn settling(counter: u64) -> Attempt {
    tell(submitting(counter), Event::Answered(verdict("declined_alive")))
}

fn closed(counter: u64) -> Attempt {
    told(waiting(counter), "closed")
}

fn late(counter: u64) -> Attempt {
    told(closed(counter), "paid")
}

fn held(counter: u64) -> Attempt {
    told(submitting(counter), "paid_125")
}

fn reversing(counter: u64) -> Attempt {
    told(tell(waiting(counter), Event::Cancelled), "waiting")
}

fn returned(counter: u64) -> Attempt {
    tell(reversing(counter), Event::ReversalTold(reversal("returned")))
}

fn unseen(counter: u64) -> Attempt {
    let lost = tell(submitting(counter), Event::Silent(crate::attempt::Effect::Submit));
    let reversing = told(tell(lost, Event::Cancelled), "not_exist");
    tell(reversing, Event::ReversalTold(reversal("nothing")))
}

fn refunding(counter: u64) -> Attempt {
    told(tell(submitting(counter), Event::CashTaken), "paid")
}

fn refunded(counter: u64) -> Attempt {
    tell(refunding(counter), Event::RefundConfirmed)
}

fn refund(id: i64, counter: u64, amount_fen: i64) -> Refund {
    let intent = RefundIntent {
        id: RefundId(id),
        out_trade_no: no(counter),
        order_no: OrderNo(1),
        amount: fen(amount_fen),
        why: RefundCause::Rule(RefundWhy::Unwanted),
        known: 0,
    };
    Refund::begin(intent, at(2_000)).refund
}

fn answered(refund: Refund, verdict: RefundVerdict) -> Refund {
    refund.step(RefundEvent::Answered(verdict), at(3_000), &Timetable::ALIPAY).refund
}

fn done(id: i64, counter: u64, amount_fen: i64) -> Refund {
    answered(refund(id, counter, amount_fen), RefundVerdict::Done)
}

fn wedged(id: i64, counter: u64, amount_fen: i64) -> Refund {
    answered(refund(id, counter, amount_fen), RefundVerdict::NoBalance)
}

fn refused(id: i64, counter: u64, amount_fen: i64) -> Refund {
    answered(refund(id, counter, amount_fen), RefundVerdict::Refused { reason: "no".to_owned() })
}
