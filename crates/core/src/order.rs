//! What a customer owes, and the rules that look at more than one attempt.

mod cash;
#[cfg(test)]
pub(crate) mod tests;

use crate::attempt::{Attempt, Phase};
use crate::money::{Fen, Timestamp};
use crate::mutant;
use crate::number::{OrderNo, OutTradeNo};
use crate::refund::{Refund, RefundPhase};

pub use cash::{
    Cash, CashBackRefusal, CashRefund, CashRefusal, Counted, RECEIVED_MAX_FEN, may_return_cash,
    may_take_cash, settle_in_cash,
};

/// What a customer owes for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The order's number on this till.
    pub no: OrderNo,
    /// What the window called the confirmed amount; one intent makes one order.
    pub intent_id: String,
    /// What is owed, in fen.
    pub due: Fen,
    /// What was taken in cash, in fen: change and rounding are no part of it.
    pub cash: Fen,
    /// What the shop let go when cash was taken (抹零), in fen.
    pub rounded: Fen,
    /// What the customer handed over in cash, in fen.
    pub received: Fen,
    /// What went back in cash, in fen.
    pub cash_back: Fen,
    /// When cash was taken. None where the order took none.
    pub cash_at: Option<Timestamp>,
    /// How often its receipt was printed.
    pub prints: u32,
    /// When the amount was confirmed.
    pub kept_at: Timestamp,
}

impl Order {
    /// Returns an order that owes everything.
    #[must_use]
    pub fn new(no: OrderNo, intent_id: String, due: Fen, kept_at: Timestamp) -> Order {
        let nothing = Fen::ZERO;
        Order {
            no,
            intent_id,
            due,
            cash: nothing,
            rounded: nothing,
            received: nothing,
            cash_back: nothing,
            cash_at: None,
            prints: 0,
            kept_at,
        }
    }
}

/// What an order's money adds up to, in fen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Taken by the channels, by paid attempts and by those that went back.
    pub captured: Fen,
    /// Taken in cash.
    pub cash: Fen,
    /// Let go when cash was taken (抹零): owed no more, and no money.
    pub rounded: Fen,
    /// Given back, as the channels confirmed and in cash.
    pub returned: Fen,
}

impl Standing {
    /// Adds up an order: captured + cash − returned = due − rounded once everything is settled
    /// and before a person gives money back (M16).
    #[must_use]
    pub fn of(order: &Order, attempts: &[Attempt], refunds: &[Refund]) -> Option<Standing> {
        let mut captured = Fen::ZERO;
        let mut returned = order.cash_back;
        for attempt in attempts {
            let amount = attempt.amount.fen();
            match &attempt.phase {
                Phase::Paid { .. } | Phase::Refunding { .. } => {
                    captured = captured.checked_add(amount)?;
                }
                // Reversed by the channel in one go: a capture and a return in every total. One
                // that went back as a refund is counted with that refund below.
                Phase::Returned => {
                    captured = captured.checked_add(amount)?;
                    let by_refund = refunds.iter().any(|refund| {
                        refund.out_trade_no == attempt.out_trade_no
                            && matches!(refund.phase, RefundPhase::Done { .. })
                    });
                    if !by_refund && !mutant::planted("m16_reversals_uncounted") {
                        returned = returned.checked_add(amount)?;
                    }
                }
                Phase::Closed { .. } | Phase::Declined { .. } if attempt.late_money => {
                    captured = captured.checked_add(amount)?;
                }
                Phase::Parked
                | Phase::Submitting
                | Phase::Waiting
                | Phase::Asking { .. }
                | Phase::Closing
                | Phase::Reversing
                | Phase::Unseen
                | Phase::Declined { .. }
                | Phase::Closed { .. }
                | Phase::Held { .. } => (),
            }
        }
        for refund in refunds {
            if matches!(refund.phase, RefundPhase::Done { .. }) {
                returned = returned.checked_add(refund.amount)?;
            }
        }
        Some(Standing { captured, cash: order.cash, rounded: order.rounded, returned })
    }

    /// Returns what is kept of the customer's money; `None` when more went back than came.
    #[must_use]
    pub fn kept(&self) -> Option<Fen> {
        self.captured.checked_add(self.cash)?.checked_sub(self.returned)
    }
}

/// Why an order may not be charged through a wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChargeRefusal {
    /// An attempt could still be paid or waits for a person (law 3, M9, M11, M13).
    AttemptLive { out_trade_no: OutTradeNo },
    /// The order has been paid.
    PaidAlready,
}

/// Returns whether an order may be charged: none of its attempts could still be paid (law 3), and
/// none is held.
///
/// # Errors
///
/// Says which attempt stands in the way, or that the order has been paid.
pub fn may_charge(order: &Order, attempts: &[Attempt]) -> Result<(), ChargeRefusal> {
    let mut captured = order.cash.checked_add(order.rounded).unwrap_or(order.cash);
    for attempt in attempts {
        // A held one waits for a person, and until then nobody charges again (M13).
        let held = matches!(attempt.phase, Phase::Held { .. });
        if (attempt.is_live() || held) && !mutant::planted("law3_second_attempt") {
            let out_trade_no = attempt.out_trade_no.clone();
            return Err(ChargeRefusal::AttemptLive { out_trade_no });
        }
        if matches!(attempt.phase, Phase::Paid { .. }) {
            captured = captured.checked_add(attempt.amount.fen()).unwrap_or(captured);
        }
    }
    if order.due <= captured { Err(ChargeRefusal::PaidAlready) } else { Ok(()) }
}

/// How long an unresolved attempt makes a new order of the same amount ask 同一位顾客吗？
pub const SAME_CUSTOMER_MS: i64 = 600_000;

/// How long a payment by the same payer of the same amount is called to mind.
pub const JUST_PAID_MS: i64 = 180_000;

/// Returns the unresolved attempt whose customer may be standing at the counter again: the same
/// amount within ten minutes (M18). The likeliest real double charge is a new order for it.
#[must_use]
pub fn same_customer(unresolved: &[Attempt], amount: Fen, now: Timestamp) -> Option<&Attempt> {
    unresolved.iter().find(|attempt| {
        attempt.is_live()
            && attempt.amount.fen() == amount
            && now.since_ms(attempt.kept_at) <= SAME_CUSTOMER_MS
            && !mutant::planted("m18_no_question")
    })
}

/// Returns the earlier payment by the same payer of the same amount within three minutes (M18).
#[must_use]
pub fn just_paid<'a>(paid: &Attempt, earlier: &'a [Attempt]) -> Option<&'a Attempt> {
    let Phase::Paid { payment } = &paid.phase else {
        return None;
    };
    let payer = payment.payer.as_ref().filter(|_| !mutant::planted("m18_no_reminder"))?;
    earlier.iter().find(|other| {
        let Phase::Paid { payment: before } = &other.phase else {
            return false;
        };
        other.out_trade_no != paid.out_trade_no
            && other.amount == paid.amount
            && before.payer.as_ref() == Some(payer)
            && payment.paid_at.since_ms(before.paid_at).abs() <= JUST_PAID_MS
    })
}
