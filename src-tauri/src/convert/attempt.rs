//! An attempt as the cashier sees it.

use mianfu_core::attempt::{Attempt, HoldReason, Phase, Screen};
use mianfu_core::channel::Flow;
use mianfu_core::refund::{self, Refund, RefundPhase};
use qrcode::{Color, EcLevel, QrCode};

use crate::views::{
    AttemptState, AttemptView, FlowView, HeldView, QrView, RefundLineView, RefundState,
};

/// Returns an attempt with its refunds, oldest first.
pub(crate) fn attempt(attempt: &Attempt, refunds: &[Refund]) -> AttemptView {
    let state = state(attempt.screen());
    AttemptView {
        out_trade_no: attempt.out_trade_no.as_str().to_owned(),
        order_no: attempt.order_no.0.to_string(),
        amount_fen: attempt.amount.fen().get(),
        channel: super::channel(attempt.channel),
        flow: flow(attempt.flow),
        state,
        code: attempt.live_code().and_then(qr),
        deadline_ms: deadline_ms(attempt, state),
        asked_at_ms: attempt.asked_at.map(|at| at.0),
        started_at_ms: attempt.kept_at.0,
        ended_at_ms: ended_at_ms(attempt),
        reason: reason(attempt),
        reason_text: None,
        channel_amount_fen: attempt.differing_fen(),
        held: held(attempt),
        transaction_no: attempt.transaction_no().map(str::to_owned),
        can_cancel: matches!(attempt.phase, Phase::Parked | Phase::Submitting | Phase::Waiting),
        change_to: None,
        changing_to: None,
        can_put_aside: !attempt.is_final(),
        can_ask_again: attempt.is_live() && attempt.phase != Phase::Parked,
        can_wait_longer: attempt.may_wait_longer(),
        can_take_cash: !attempt.is_final() && !attempt.unwanted,
        can_give_goods: attempt.may_mark_goods_gone() && !attempt.is_said_gone(),
        goods_gone: attempt.is_said_gone(),
        unwanted: attempt.unwanted,
        refundable_fen: refund::refundable(attempt, refunds).get(),
        refunds: refunds.iter().map(refund_line).collect(),
    }
}

pub(super) fn refund_line(refund: &Refund) -> RefundLineView {
    let (state, at) = match &refund.phase {
        RefundPhase::Counting | RefundPhase::Sending => (RefundState::Sending, refund.kept_at),
        RefundPhase::Asking => (RefundState::Waiting, refund.kept_at),
        RefundPhase::Wedged { .. } => (RefundState::Wedged, refund.kept_at),
        RefundPhase::Done { at } => (RefundState::Confirmed, *at),
        RefundPhase::Refused { .. } => (RefundState::Refused, refund.kept_at),
        RefundPhase::Held => (RefundState::Held, refund.kept_at),
    };
    RefundLineView { refund_id: refund.id.0, amount_fen: refund.amount.get(), state, at_ms: at.0 }
}

fn state(screen: Screen) -> AttemptState {
    match screen {
        Screen::Parked => AttemptState::Parked,
        Screen::Submitting => AttemptState::Submitting,
        Screen::Typing => AttemptState::Typing,
        Screen::Code => AttemptState::Code,
        Screen::Unknown => AttemptState::Unknown,
        Screen::Reversing => AttemptState::Reversing,
        Screen::Settling => AttemptState::Settling,
        Screen::Refunding => AttemptState::Refunding,
        Screen::Paid => AttemptState::Paid,
        Screen::Declined => AttemptState::Declined,
        Screen::Unreached => AttemptState::Unreached,
        Screen::Closed => AttemptState::Closed,
        Screen::Returned => AttemptState::Returned,
        Screen::Held => AttemptState::Held,
    }
}

fn flow(flow: Flow) -> FlowView {
    match flow {
        Flow::Scan => FlowView::Scan,
        Flow::Show => FlowView::Show,
    }
}

fn held_view(reason: &HoldReason) -> HeldView {
    match reason {
        HoldReason::AmountDiffers { .. } => HeldView::AmountDiffers,
        HoldReason::AlreadyPaid => HeldView::AlreadyPaid,
        HoldReason::PaidTooEarly => HeldView::PayTime,
    }
}

/// The limit is shown while somebody waits for the customer, and not a moment longer.
fn deadline_ms(attempt: &Attempt, state: AttemptState) -> Option<i64> {
    match state {
        AttemptState::Typing | AttemptState::Code => Some(attempt.limit_at.0),
        AttemptState::Parked
        | AttemptState::Submitting
        | AttemptState::Unknown
        | AttemptState::Reversing
        | AttemptState::Settling
        | AttemptState::Paid
        | AttemptState::Declined
        | AttemptState::Unreached
        | AttemptState::Closed
        | AttemptState::Returned
        | AttemptState::Refunding
        | AttemptState::Held => None,
    }
}

/// When the customer paid, or the last that the channel was heard of an attempt that ended.
fn ended_at_ms(attempt: &Attempt) -> Option<i64> {
    if let Phase::Paid { payment } = &attempt.phase {
        return Some(payment.paid_at.0);
    }
    attempt.is_final().then(|| attempt.asked_at.unwrap_or(attempt.kept_at).0)
}

fn reason(attempt: &Attempt) -> Option<String> {
    if let Phase::Declined { reason } = &attempt.phase {
        return Some(reason.clone());
    }
    attempt.declined.clone()
}

fn held(attempt: &Attempt) -> Option<HeldView> {
    if let Phase::Held { reason } = &attempt.phase { Some(held_view(reason)) } else { None }
}

/// Returns a text's code at error correction M; `None` for a text that no code can hold.
fn qr(content: &str) -> Option<QrView> {
    let code = QrCode::with_error_correction_level(content, EcLevel::M).ok()?;
    let side = code.width();
    let row = |colors: &[Color]| colors.iter().map(|color| color.select('1', '0')).collect();
    Some(QrView {
        size: u32::try_from(side).ok()?,
        rows: code.to_colors().chunks(side).map(row).collect(),
        content: content.to_owned(),
    })
}
