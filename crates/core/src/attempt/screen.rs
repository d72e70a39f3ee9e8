//! What the cashier reads of an attempt: one of the states of the counter's table.

use super::{Attempt, ClosedHow, Phase};
use crate::channel::Flow;

/// A state of the counter. Each has one sentence, one thing to do and two answers: may the goods
/// go, and may I charge again?
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Screen {
    /// The code waits for the network.
    Parked,
    /// Charging; nothing is known yet.
    Submitting,
    /// The customer types a password or confirms.
    Typing,
    /// Our code is on the customer's screen.
    Code,
    /// Nobody knows: the channel gives no usable answer.
    Unknown,
    /// It is being undone.
    Reversing,
    /// Declined, but the number is still being closed.
    Settling,
    /// The money came although it is no longer wanted, and goes back.
    Refunding,
    /// The goods may go.
    Paid,
    /// Not charged.
    Declined,
    /// Never sent, because the channel was not reached; nothing was charged.
    Unreached,
    /// Reversed; nothing was charged.
    Closed,
    /// Reversed; the money went back.
    Returned,
    /// A person decides.
    Held,
}

impl Screen {
    /// Returns whether the goods may go: only on Paid (I12).
    #[must_use]
    pub fn goods_may_go(self) -> bool {
        self == Screen::Paid
    }

    /// Returns whether nobody knows what becomes of the money. Where somebody is acting, a customer
    /// or the channel, that is waiting; a code that never left has moved nothing.
    #[must_use]
    pub fn is_unknown(self) -> bool {
        match self {
            Screen::Unknown | Screen::Reversing | Screen::Settling | Screen::Refunding => true,
            Screen::Parked
            | Screen::Submitting
            | Screen::Typing
            | Screen::Code
            | Screen::Paid
            | Screen::Declined
            | Screen::Unreached
            | Screen::Closed
            | Screen::Returned
            | Screen::Held => false,
        }
    }

    /// Returns whether this sale may be charged again.
    #[must_use]
    pub fn may_charge_again(self) -> bool {
        match self {
            Screen::Declined | Screen::Unreached | Screen::Closed | Screen::Returned => true,
            Screen::Parked
            | Screen::Submitting
            | Screen::Typing
            | Screen::Code
            | Screen::Unknown
            | Screen::Reversing
            | Screen::Settling
            | Screen::Refunding
            | Screen::Paid
            | Screen::Held => false,
        }
    }
}

impl Attempt {
    /// Returns the state the counter shows.
    #[must_use]
    pub fn screen(&self) -> Screen {
        // One lost answer is weather; a second in a row is something the cashier must know.
        const SILENCES_TOLD: u32 = 2;
        let silent = SILENCES_TOLD <= self.silences || self.wedged.is_some();
        match &self.phase {
            Phase::Parked => Screen::Parked,
            Phase::Submitting if self.submit_open => Screen::Submitting,
            Phase::Submitting => Screen::Unknown,
            Phase::Waiting if self.flow == Flow::Show && !self.scanned => Screen::Code,
            Phase::Waiting if silent => Screen::Unknown,
            Phase::Waiting => Screen::Typing,
            Phase::Asking { .. } if self.declined.is_some() => Screen::Settling,
            Phase::Asking { .. } if 0 < self.silences || self.goods_gone_by.is_some() => {
                Screen::Unknown
            }
            Phase::Asking { .. } if self.wedged.is_some() => Screen::Unknown,
            Phase::Asking { .. } => Screen::Reversing,
            Phase::Closing | Phase::Reversing | Phase::Unseen if self.declined.is_some() => {
                Screen::Settling
            }
            Phase::Closing | Phase::Reversing | Phase::Unseen => Screen::Reversing,
            Phase::Refunding { .. } => Screen::Refunding,
            Phase::Paid { .. } => Screen::Paid,
            Phase::Declined { .. } => Screen::Declined,
            Phase::Closed { how: ClosedHow::NeverSent } => Screen::Unreached,
            Phase::Closed { .. } => Screen::Closed,
            Phase::Returned => Screen::Returned,
            Phase::Held { .. } => Screen::Held,
        }
    }

    /// Returns the code that may still be scanned; `None` as soon as it must leave the screen.
    #[must_use]
    pub fn live_code(&self) -> Option<&str> {
        match (&self.phase, self.scanned) {
            (Phase::Waiting, false) => self.code.as_deref(),
            (
                Phase::Waiting
                | Phase::Parked
                | Phase::Submitting
                | Phase::Asking { .. }
                | Phase::Closing
                | Phase::Reversing
                | Phase::Unseen
                | Phase::Refunding { .. }
                | Phase::Paid { .. }
                | Phase::Declined { .. }
                | Phase::Closed { .. }
                | Phase::Returned
                | Phase::Held { .. },
                _,
            ) => None,
        }
    }
}
