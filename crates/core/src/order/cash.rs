//! Cash for an order: what is due in cash, the change, and what may go back (M16).
//!
//! Rounding (抹零) is a line of its own: it lessens what is due in cash and is no money taken.

use crate::attempt::Attempt;
use crate::money::{Fen, Timestamp};
use crate::mutant;
use crate::number::{OrderNo, OutTradeNo};
use crate::order::{ChargeRefusal, Order, may_charge};

/// The most one customer hands over at once, in fen: a scan into the wrong field is more.
pub const RECEIVED_MAX_FEN: i64 = 100_000_000;

/// What the cashier counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Handed over by the customer, in fen.
    pub received: Fen,
    /// Let go by the shop (抹零), in fen.
    pub rounded: Fen,
}

/// Cash that an order takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cash {
    /// Stays in the drawer, in fen: what was due less the rounding.
    pub taken: Fen,
    /// Let go by the shop, in fen.
    pub rounded: Fen,
    /// Handed over by the customer, in fen.
    pub received: Fen,
}

/// Why an order takes no cash. Nothing was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CashRefusal {
    /// An attempt could still be paid or waits for a person; cash takes its place by its own key.
    AttemptLive { out_trade_no: OutTradeNo },
    /// The order has been paid, in cash or otherwise.
    PaidAlready,
    /// More is let go than the store allows, or everything is.
    RoundingTooLarge { limit: Fen },
    /// Less was handed over than is due in cash.
    ReceivedTooLittle { due: Fen },
    /// Nobody hands over that much.
    ReceivedTooMuch,
}

/// Why no cash goes back. Nothing was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CashBackRefusal {
    /// No amount.
    NoAmount,
    /// The order took no cash, or all of it has gone back.
    NothingLeft,
    /// More than is left of the cash.
    Exceeds { left: Fen },
}

impl Order {
    /// Returns what was handed back over the counter, in fen.
    #[must_use]
    pub fn change(&self) -> Fen {
        self.received.checked_sub(self.cash).unwrap_or(Fen::ZERO)
    }

    /// Returns the order once it has taken this cash; `None` where a sum does not fit.
    #[must_use]
    pub fn taking(self, cash: Cash, at: Timestamp) -> Option<Order> {
        Some(Order {
            cash: self.cash.checked_add(cash.taken)?,
            rounded: self.rounded.checked_add(cash.rounded)?,
            received: self.received.checked_add(cash.received)?,
            cash_at: self.cash_at.or(Some(at)),
            ..self
        })
    }

    /// Returns what of the cash may still go back, in fen.
    #[must_use]
    pub fn cash_left(&self) -> Fen {
        self.cash.checked_sub(self.cash_back).unwrap_or(Fen::ZERO)
    }
}

/// Returns the cash that an order takes for what the cashier counted.
///
/// # Errors
///
/// Says why not: an attempt that stands in the way, a paid order, too much let go, too little
/// handed over.
pub fn may_take_cash(
    order: &Order,
    attempts: &[Attempt],
    counted: Counted,
    limit: Fen,
) -> Result<Cash, CashRefusal> {
    match may_charge(order, attempts) {
        Ok(()) => (),
        Err(ChargeRefusal::AttemptLive { out_trade_no }) => {
            return Err(CashRefusal::AttemptLive { out_trade_no });
        }
        Err(ChargeRefusal::PaidAlready) => return Err(CashRefusal::PaidAlready),
    }
    settle_in_cash(order, counted, limit)
}

/// Returns the cash that takes the place of an attempt that has not ended (改收现金).
///
/// # Errors
///
/// As [`may_take_cash`]; attempts are the caller's: they become unwanted in the same commit.
pub fn settle_in_cash(order: &Order, counted: Counted, limit: Fen) -> Result<Cash, CashRefusal> {
    let open = order.open_in_cash().filter(|open| *open != Fen::ZERO);
    let twice = mutant::planted("m16_cash_kept_twice");
    let Some(open) = open.or(twice.then_some(order.due)) else {
        return Err(CashRefusal::PaidAlready);
    };
    let Counted { received, rounded } = counted;
    let taken = open.checked_sub(rounded).filter(|taken| *taken != Fen::ZERO);
    let allowed = rounded <= limit || mutant::planted("m16_rounds_above_the_limit");
    let Some(taken) = taken.filter(|_| allowed) else {
        return Err(CashRefusal::RoundingTooLarge { limit });
    };
    if RECEIVED_MAX_FEN < received.get() {
        return Err(CashRefusal::ReceivedTooMuch);
    }
    if received < taken && !mutant::planted("m16_change_out_of_nothing") {
        return Err(CashRefusal::ReceivedTooLittle { due: taken });
    }
    Ok(Cash { taken, rounded, received })
}

/// Returns whether this much cash may go back: never more than was taken and not yet returned.
///
/// # Errors
///
/// Says how much is left.
pub fn may_return_cash(order: &Order, amount: Fen) -> Result<(), CashBackRefusal> {
    let left = order.cash_left();
    if amount == Fen::ZERO {
        return Err(CashBackRefusal::NoAmount);
    }
    if left == Fen::ZERO {
        return Err(CashBackRefusal::NothingLeft);
    }
    if left < amount && !mutant::planted("m16_cash_back_exceeds") {
        return Err(CashBackRefusal::Exceeds { left });
    }
    Ok(())
}

impl Order {
    /// Returns what cash and rounding leave open, in fen.
    fn open_in_cash(&self) -> Option<Fen> {
        self.due.checked_sub(self.cash)?.checked_sub(self.rounded)
    }
}

/// Cash that went back, at the wish of a person. One intent makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CashRefund {
    /// What the window called the confirmed refund.
    pub intent_id: String,
    /// The order whose cash it was.
    pub order_no: OrderNo,
    /// What went back, in fen.
    pub amount: Fen,
    /// Who approved it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}
