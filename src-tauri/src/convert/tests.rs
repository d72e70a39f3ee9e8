use mianfu_core::attempt::{Attempt, ClosedHow, HoldReason, Intent, PaidFacts, Phase, Screen};
use mianfu_core::channel::{Flow, Timetable};
use mianfu_core::money::Charge;
use mianfu_core::number::{OrderNo, OutTradeNo};

use super::*;
use crate::views::AttemptState;

const KEPT: Timestamp = Timestamp(1_800_000_000_000);
const CODE: &str = "https://qr.alipay.com/bax0123456789abcdefgh";

fn shown() -> Attempt {
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
        Phase::Closed { how: ClosedHow::ByChannel },
        Phase::Returned,
        Phase::Held { reason: HoldReason::AmountDiffers { channel_fen: 125 } },
    ]
}

#[test]
fn a_code_is_shown_only_while_it_may_be_scanned() {
    for phase in phases() {
        let attempt = in_phase(phase);
        let view = super::attempt(&attempt);
        assert_eq!(view.code.is_some(), attempt.live_code().is_some(), "{:?}", attempt.phase);
    }
    let scanned = Attempt { scanned: true, ..shown() };
    assert_eq!(super::attempt(&scanned).code, None, "a second customer would scan it");
}

#[test]
fn a_code_is_square_and_stands_for_its_text() {
    let code = super::attempt(&shown()).code.unwrap();
    assert_eq!(code.content, CODE);
    assert_eq!(code.rows.len(), code.size as usize);
    assert!(code.rows.iter().all(|row| row.len() == code.size as usize));
    assert!(code.rows[0].starts_with("1111111"), "the finder in the corner: {}", code.rows[0]);
    assert!(code.rows.iter().all(|row| row.bytes().all(|mark| matches!(mark, b'0' | b'1'))));
}

#[test]
fn a_text_that_no_code_holds_is_no_code() {
    let attempt = Attempt { code: Some("x".repeat(10_000)), ..shown() };
    assert_eq!(super::attempt(&attempt).code, None);
}

#[test]
fn only_paid_reads_as_paid() {
    for phase in phases() {
        let attempt = in_phase(phase);
        let view = super::attempt(&attempt);
        let paid = attempt.screen() == Screen::Paid;
        assert_eq!(view.state == AttemptState::Paid, paid, "{:?}", attempt.phase);
        assert_eq!(view.ended_at_ms.is_some(), attempt.is_final(), "{:?}", attempt.phase);
        assert!(!(view.can_cancel && attempt.is_final()), "{:?}", attempt.phase);
    }
}

#[test]
fn a_different_amount_is_shown_beside_the_one_that_was_asked() {
    let held = in_phase(Phase::Held { reason: HoldReason::AmountDiffers { channel_fen: 125 } });
    let view = super::attempt(&held);
    assert_eq!((view.amount_fen, view.channel_amount_fen), (1250, Some(125)));
}

#[test]
fn a_clock_in_2015_is_shown_as_the_shop_reads_it() {
    assert_eq!(moment(Timestamp(1_420_041_600_000)), "2015-01-01 00:00");
    assert_eq!(moment(Timestamp(i64::MIN)), i64::MIN.to_string(), "no panic on nonsense");
}

#[test]
fn the_customer_sees_neither_numbers_nor_other_sales() {
    let counter = Counter {
        front: Some(shown()),
        aside: vec![in_phase(Phase::Submitting)],
        recent: vec![in_phase(Phase::Returned)],
        open_count: 2,
        open_sum: Fen::new(2500).unwrap(),
        open_oldest: Some(KEPT),
        just_paid: None,
        channels: Vec::new(),
        notices: Vec::new(),
        today_count: 9,
    };
    let settings = Settings::practice("店", "1 号台");
    let condition = Condition::default();
    let room = Room {
        settings: &settings,
        practice: true,
        phone_url: Some("http://127.0.0.1:1/phone".to_owned()),
        condition: &condition,
        question: None,
    };
    let view = customer(&super::counter(&counter, room, KEPT), Fen::new(800));
    let text = serde_json::to_string(&view).unwrap();
    for secret in ["9000001001000000070000000001", "127.0.0.1", "outTradeNo", "aside"] {
        assert!(!text.contains(secret), "the customer reads `{secret}`");
    }
    assert!(text.contains(CODE), "the code is what the window is for");
}
