use mianfu_core::attempt::{Attempt, ClosedHow, HoldReason, Intent, PaidFacts, Phase, Screen};
use mianfu_core::channel::{Flow, Timetable};
use mianfu_core::money::Charge;
use mianfu_core::number::{OrderNo, OutTradeNo};
use mianfu_core::order::Cash;
use mianfu_core::refund::{Refund, RefundCause, RefundId, RefundIntent, RefundPhase};
use mianfu_till::counter::{ClockHealth, Unknown};
use mianfu_till::drain::Drain;

use super::*;
use crate::change::Change;
use crate::views::{NoticeView, RefundState};

pub(super) const KEPT: Timestamp = Timestamp(1_800_000_000_000);
const CODE: &str = "https://qr.alipay.com/bax0123456789abcdefgh";

pub(super) fn shown() -> Attempt {
    let intent = Intent {
        out_trade_no: OutTradeNo::new("9000001001000000070000000001").unwrap(),
        order_no: OrderNo(7),
        channel: ChannelId::Alipay,
        flow: Flow::Show,
        amount: Charge::new(1250).unwrap(),
    };
    let mut attempt = Attempt::begin(intent, KEPT, &Timetable::ALIPAY).attempt;
    attempt.phase = Phase::Waiting;
    attempt.submit_open = false;
    attempt.code = Some(CODE.to_owned());
    attempt
}

fn in_phase(phase: Phase) -> Attempt {
    Attempt { phase, ..shown() }
}

/// A counter on which nothing stands.
pub(super) fn empty() -> Counter {
    Counter {
        front: None,
        cash: None,
        aside: Vec::new(),
        recent: Vec::new(),
        open_count: 0,
        open_sum: Fen::ZERO,
        unknown: Unknown::default(),
        waiting_refunds: 0,
        drain: Drain::default(),
        open_findings: 0,
        just_paid: None,
        refunds: std::collections::BTreeMap::new(),
        channels: Vec::new(),
        clock: ClockHealth { offset_ms: 0, is_wrong: false, known_at: None },
        trouble: None,
        notices: Vec::new(),
        today_count: 0,
        heard: mianfu_till::hearing::Heard::default(),
    }
}

fn phases() -> Vec<Phase> {
    let payment = PaidFacts {
        transaction_no: "2026112122001".to_owned(),
        paid_at: KEPT.plus_ms(4_000),
        payer: Some("hash".to_owned()),
    };
    vec![
        Phase::Parked,
        Phase::Submitting,
        Phase::Waiting,
        Phase::Closing,
        Phase::Reversing,
        Phase::Unseen,
        Phase::Refunding { transaction_no: "2026112122001".to_owned() },
        Phase::Paid { payment },
        Phase::Declined { reason: "ACQ.PAYMENT_AUTH_CODE_INVALID".to_owned() },
        Phase::Closed { how: ClosedHow::NeverSent },
        Phase::Closed { how: ClosedHow::ByChannel },
        Phase::Returned,
        Phase::Held { reason: HoldReason::AmountDiffers { channel_fen: 125 } },
    ]
}

#[test]
fn a_code_is_shown_only_while_it_may_be_scanned() {
    for phase in phases() {
        let attempt = in_phase(phase);
        let view = super::attempt(&attempt, &[]);
        assert_eq!(view.code.is_some(), attempt.live_code().is_some(), "{:?}", attempt.phase);
    }
    let scanned = Attempt { scanned: true, ..shown() };
    assert_eq!(super::attempt(&scanned, &[]).code, None, "a second customer would scan it");
}

#[test]
fn a_code_is_square_and_stands_for_its_text() {
    let code = super::attempt(&shown(), &[]).code.unwrap();
    assert_eq!(code.content, CODE);
    assert_eq!(code.rows.len(), code.size as usize);
    assert!(code.rows.iter().all(|row| row.len() == code.size as usize));
    assert!(code.rows[0].starts_with("1111111"), "the finder in the corner: {}", code.rows[0]);
    assert!(code.rows.iter().all(|row| row.bytes().all(|mark| matches!(mark, b'0' | b'1'))));
}

#[test]
fn a_text_that_no_code_holds_is_no_code() {
    let attempt = Attempt { code: Some("x".repeat(10_000)), ..shown() };
    assert_eq!(super::attempt(&attempt, &[]).code, None);
}

#[test]
fn only_paid_reads_as_paid() {
    for phase in phases() {
        let attempt = in_phase(phase);
        let view = super::attempt(&attempt, &[]);
        let paid = attempt.screen() == Screen::Paid;
        assert_eq!(view.state == AttemptState::Paid, paid, "{:?}", attempt.phase);
        assert_eq!(view.ended_at_ms.is_some(), attempt.is_final(), "{:?}", attempt.phase);
        assert!(!(view.can_cancel && attempt.is_final()), "{:?}", attempt.phase);
    }
}

#[test]
fn a_different_amount_is_shown_beside_the_one_that_was_asked() {
    let held = in_phase(Phase::Held { reason: HoldReason::AmountDiffers { channel_fen: 125 } });
    let view = super::attempt(&held, &[]);
    assert_eq!((view.amount_fen, view.channel_amount_fen), (1250, Some(125)));
}

#[test]
fn only_practice_says_of_a_dead_code_that_it_takes_its_own_alone() {
    let reason = "ACQ.PAYMENT_AUTH_CODE_INVALID";
    let declined = in_phase(Phase::Declined { reason: reason.to_owned() });
    let settings = Settings::practice("店", "1 号台");
    let store = crate::store::find().unwrap().counter;
    let condition = Condition::default();
    let said = |practice| {
        let room = Room {
            settings: &settings,
            practice,
            shop: ShopView::Own,
            practice_ends_at: None,
            phone_url: None,
            condition: &condition,
            question: None,
            sound_works: true,
            missed_sounds: 0,
            counter: &store,
            codes: &Codes::default(),
            manager: Manager::Set,
            folder: Path::new("/a/till"),
            relay_trouble: None,
        };
        let counter = Counter { front: Some(declined.clone()), ..empty() };
        super::counter(&counter, room, KEPT).front.unwrap().reason.unwrap()
    };
    assert_eq!(said(true), "PRACTICE_TAKES_ITS_OWN_CODES");
    assert_eq!(said(false), reason);
}

/// A counter with a sale in front and two beside it.
fn busy() -> Counter {
    Counter {
        front: Some(shown()),
        aside: vec![in_phase(Phase::Submitting)],
        recent: vec![Last::Attempt(in_phase(Phase::Returned))],
        open_count: 2,
        open_sum: Fen::new(2500).unwrap(),
        unknown: Unknown { count: 1, sum: Fen::new(1250).unwrap(), oldest: Some(KEPT) },
        today_count: 9,
        ..empty()
    }
}

/// Returns what the cashier sees of a counter, with or without a device for sound.
fn seen(counter: &Counter, store: &CounterSettings, sound_works: bool) -> CounterView {
    seen_with(counter, store, sound_works, &Codes::default())
}

fn seen_with(
    counter: &Counter,
    store: &CounterSettings,
    sound_works: bool,
    codes: &Codes,
) -> CounterView {
    let room = Room {
        settings: &Settings::practice("店", "1 号台"),
        practice: true,
        shop: ShopView::PracticeOnly,
        practice_ends_at: None,
        phone_url: Some("http://127.0.0.1:1/phone".to_owned()),
        condition: &Condition::default(),
        question: None,
        sound_works,
        missed_sounds: 0,
        counter: store,
        codes,
        manager: Manager::Set,
        folder: Path::new("/a/till"),
        relay_trouble: None,
    };
    super::counter(counter, room, KEPT)
}

#[test]
fn the_customer_sees_neither_numbers_nor_other_sales() {
    let store = crate::store::find().unwrap().counter;
    let view = customer(&seen(&busy(), &store, true), Fen::new(800));
    let text = serde_json::to_string(&view).unwrap();
    for secret in ["9000001001000000070000000001", "127.0.0.1", "/a/till", "outTradeNo", "aside"] {
        assert!(!text.contains(secret), "the customer reads `{secret}`");
    }
    assert!(text.contains(CODE), "the code is what the window is for");
}

/// The channel of a counter, as it is offered.
fn offered(offer: Offer) -> Vec<Health> {
    let (channel, parked_limit_ms) = (ChannelId::Alipay, 120_000);
    let scans = offer.clone();
    vec![Health { channel, offer, scans, latency_ms: None, known_at: None, parked_limit_ms }]
}

#[test]
fn a_customer_is_asked_for_a_code_only_where_a_channel_takes_it() {
    let store = crate::store::find().unwrap().counter;
    let takes = |channels| {
        let counter = Counter { channels, ..empty() };
        customer(&seen(&counter, &store, true), Fen::new(800)).takes_codes
    };
    assert!(takes(offered(Offer::Ready)));
    assert!(!takes(offered(Offer::Proving)));
    assert!(!takes(offered(Offer::Silent { since: KEPT })));
    assert!(!takes(Vec::new()));
}

/// Both wallets, ready, where scans of WeChat's codes are offered like this.
fn both(scans: Offer) -> Vec<Health> {
    let alipay = offered(Offer::Ready);
    let wechat = Health { channel: ChannelId::Wechat, scans, ..alipay[0].clone() };
    [alipay, vec![wechat]].concat()
}

#[test]
fn a_wallet_whose_reversal_is_not_let_in_takes_no_scans_and_says_why() {
    let store = crate::store::find().unwrap().counter;
    let view = |scans| {
        let counter = Counter { channels: both(scans), ..empty() };
        let view = seen(&counter, &store, true);
        let customer = customer(&view, Fen::new(800));
        (view.channels[1].scans, view.channels[1].sentence.clone(), customer.scans)
    };
    let both = vec![ChannelView::Alipay, ChannelView::Wechat];
    assert_eq!(view(Offer::Ready), (ScansView::Taken, None, both));
    let alipay = vec![ChannelView::Alipay];
    assert_eq!(view(Offer::Unproven { reason: None }), (ScansView::Proving, None, alipay.clone()));
    let reason = Some("no certificate".to_owned());
    let unproven = view(Offer::Unproven { reason: reason.clone() });
    assert_eq!(unproven, (ScansView::Unproven, reason, alipay));
}

#[test]
fn the_next_code_is_the_last_ones_wallet_while_it_takes_charges() {
    let next = |channels: Vec<Health>, last| {
        let counter = Counter { channels, ..empty() };
        codes::next_code(&counter, &Codes { last, change: None })
    };
    let ready = both(Offer::Ready);
    assert_eq!(next(ready.clone(), None), Some(ChannelId::Alipay));
    assert_eq!(next(ready.clone(), Some(ChannelId::Wechat)), Some(ChannelId::Wechat));
    let mut silent = ready.clone();
    silent[1].offer = Offer::Silent { since: KEPT };
    assert_eq!(next(silent.clone(), Some(ChannelId::Wechat)), Some(ChannelId::Alipay));
    silent[0].offer = Offer::Proving;
    assert_eq!(next(silent, None), Some(ChannelId::Alipay), "the till says why it cannot");
    assert_eq!(next(Vec::new(), None), None);
    // After a start what was kept says it.
    let last = Last::Attempt(Attempt { channel: ChannelId::Wechat, ..in_phase(Phase::Returned) });
    let counter = Counter { channels: ready, recent: vec![last], ..empty() };
    assert_eq!(codes::next_code(&counter, &Codes::default()), Some(ChannelId::Wechat));
}

#[test]
fn a_code_may_be_changed_only_while_nobody_has_scanned_it() {
    let store = crate::store::find().unwrap().counter;
    let other = |front, channels| {
        let counter = Counter { front: Some(front), channels, ..empty() };
        seen(&counter, &store, true).front.unwrap().change_to
    };
    let ready = || both(Offer::Ready);
    let scanned = Attempt { scanned: true, ..shown() };
    assert_eq!(other(shown(), ready()), Some(ChannelView::Wechat));
    assert_eq!(other(in_phase(Phase::Parked), ready()), Some(ChannelView::Wechat));
    let of_wechat = Attempt { channel: ChannelId::Wechat, ..shown() };
    assert_eq!(other(of_wechat, ready()), Some(ChannelView::Alipay));
    assert_eq!(other(shown(), offered(Offer::Ready)), None, "there is one wallet");
    assert_eq!(other(scanned, ready()), None);
    for phase in
        phases().into_iter().filter(|phase| !matches!(phase, Phase::Waiting | Phase::Parked))
    {
        assert_eq!(other(in_phase(phase.clone()), ready()), None, "{phase:?}");
    }
}

#[test]
fn until_the_other_code_comes_the_sale_is_being_changed_and_not_reversed() {
    let store = crate::store::find().unwrap().counter;
    let change = Change { no: shown().out_trade_no, to: ChannelId::Wechat };
    let changing = Codes { last: None, change: Some(change) };
    let said = |front: Attempt| {
        let counter = Counter { front: Some(front), channels: both(Offer::Ready), ..empty() };
        let view = seen_with(&counter, &store, true, &changing).front.unwrap();
        assert!(view.changing_to.is_none() || view.code.is_none(), "no code is drawn meanwhile");
        (view.state, view.changing_to, view.can_cancel)
    };
    let to = Some(ChannelView::Wechat);
    assert_eq!(said(shown()), (AttemptState::Code, to, true));
    assert_eq!(said(in_phase(Phase::Closing)), (AttemptState::Reversing, to, true));
    let closed = Phase::Closed { how: ClosedHow::ByChannel };
    assert_eq!(said(in_phase(closed)), (AttemptState::Reversing, to, true));
    assert_eq!(said(in_phase(Phase::Returned)), (AttemptState::Returned, None, false));
    let other = Attempt {
        out_trade_no: OutTradeNo::new("9000001001000000070000000002").unwrap(),
        ..shown()
    };
    assert_eq!(said(other), (AttemptState::Code, None, true));
}

#[test]
fn a_code_that_waits_for_the_network_says_until_when() {
    let store = crate::store::find().unwrap().counter;
    let channels = offered(Offer::Silent { since: KEPT });
    let until = |front| {
        let counter = Counter { front: Some(front), channels: channels.clone(), ..empty() };
        seen(&counter, &store, true).front.unwrap().deadline_ms
    };
    assert_eq!(until(in_phase(Phase::Parked)), Some(KEPT.plus_ms(120_000).0));
    assert_eq!(until(in_phase(Phase::Submitting)), None);
}

#[test]
fn what_is_waited_for_is_not_counted_as_unknown() {
    let store = crate::store::find().unwrap().counter;
    let view = seen(&busy(), &store, true);
    assert_eq!((view.unknown_count, view.unknown_sum_fen), (1, 1_250));
    assert_eq!(view.unknown_oldest_ms, Some(KEPT.0));
}

#[test]
fn a_missing_device_is_told_to_a_store_that_wants_to_hear_and_to_no_other() {
    let mut store = crate::store::find().unwrap().counter;
    let told = |store: &CounterSettings, works| {
        let view = seen(&busy(), store, works);
        view.notices.iter().any(|line| line.notice == NoticeView::NoSound)
    };
    assert!(told(&store, false));
    assert!(!told(&store, true));
    store.sound = false;
    assert!(told(&store, false), "it still wants to be spoken to");
    store.voice = false;
    assert!(!told(&store, false));
}

#[test]
fn a_sale_in_cash_stands_among_the_last_results_as_what_was_kept_of_it() {
    let owed = mianfu_core::order::Order::new(OrderNo(9), "a".to_owned(), fen(1_250), KEPT);
    let cash = Cash { taken: fen(1_200), rounded: fen(50), received: fen(2_000) };
    let view = last(&Last::Cash(owed.taking(cash, KEPT.plus_ms(7_000)).unwrap()));
    assert_eq!((view.channel, view.state), (ChannelView::Cash, AttemptState::Paid));
    assert_eq!((view.amount_fen, view.at_ms), (1_200, KEPT.0 + 7_000));
    assert_eq!((view.order_no.as_str(), view.out_trade_no), ("9", None));
}

fn fen(fen: i64) -> Fen {
    Fen::new(fen).unwrap()
}

pub(super) fn refund(fen: i64, phase: RefundPhase) -> Refund {
    let intent = RefundIntent {
        id: RefundId(3),
        out_trade_no: shown().out_trade_no,
        order_no: OrderNo(7),
        amount: Fen::new(fen).unwrap(),
        why: RefundCause::Person { by: "manager".to_owned(), intent_id: "a".to_owned() },
        known: 0,
    };
    Refund { phase, ..Refund::begin(intent, KEPT).refund }
}

#[test]
fn what_may_go_back_is_what_was_taken_less_what_is_not_refused() {
    let paid = in_phase(phases().remove(7));
    #[track_caller]
    fn check(attempt: &Attempt, phase: RefundPhase, state: RefundState, left: i64) {
        let view = super::attempt(attempt, &[refund(250, phase)]);
        assert_eq!((view.refunds[0].state, view.refundable_fen), (state, left));
    }
    check(&paid, RefundPhase::Counting, RefundState::Sending, 1_000);
    check(&paid, RefundPhase::Sending, RefundState::Sending, 1_000);
    check(&paid, RefundPhase::Asking, RefundState::Waiting, 1_000);
    let wedged = RefundPhase::Wedged { reason: "no_balance".to_owned() };
    check(&paid, wedged, RefundState::Wedged, 1_000);
    let at = KEPT.plus_ms(9_000);
    check(&paid, RefundPhase::Done { at }, RefundState::Confirmed, 1_000);
    check(&paid, RefundPhase::Held, RefundState::Held, 1_000);
    let refused = RefundPhase::Refused { reason: "x".to_owned() };
    check(&paid, refused.clone(), RefundState::Refused, 1_250);
    let held = in_phase(phases().pop().unwrap());
    check(&held, refused, RefundState::Refused, 125);
    for phase in phases().drain(..6) {
        assert_eq!(super::attempt(&in_phase(phase), &[]).refundable_fen, 0);
    }
    let done = super::attempt(&paid, &[refund(1_250, RefundPhase::Done { at })]);
    assert_eq!((done.refundable_fen, done.refunds[0].at_ms), (0, at.0));
}

#[test]
fn what_may_still_be_said_of_a_waiting_sale_is_shown() {
    let may = |attempt: &Attempt| {
        let view = super::attempt(attempt, &[]);
        (view.can_wait_longer, view.can_take_cash, view.can_give_goods)
    };
    let typing = Attempt { flow: Flow::Scan, expires_at: None, code: None, ..shown() };
    assert_eq!(may(&typing), (true, true, true));
    assert_eq!(may(&Attempt { waited_longer: true, ..typing.clone() }), (false, true, true));
    assert_eq!(may(&Attempt { unwanted: true, ..typing.clone() }), (true, false, false));
    let gone = Attempt { goods_gone_by: Some("manager".to_owned()), ..typing.clone() };
    assert_eq!(may(&gone), (true, true, false));
    assert_eq!(may(&Attempt { silences: 2, ..typing.clone() }), (false, true, true));
    let left = Some(KEPT.plus_ms(1));
    let reversing = Attempt { phase: Phase::Reversing, reversal_left_at: left, ..typing };
    assert_eq!(may(&reversing), (false, true, false));
    assert_eq!(may(&in_phase(phases().remove(7))), (false, false, false), "paid");
}
