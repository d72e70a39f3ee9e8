//! How the program ends, in numbers that scripts can read; `--help` and the README list them.

use mianfu_core::attempt::Screen;
use mianfu_core::refund::RefundPhase;

/// Paid, given back, settled or listed.
pub(crate) const DONE: u8 = 0;
/// Not carried out: the error says why and what to do.
pub(crate) const REFUSED: u8 = 2;
/// Ended without money: declined, closed or returned; a refund that the channel refused.
pub(crate) const NO_MONEY: u8 = 3;
/// Open when the wait was over.
pub(crate) const STILL_OPEN: u8 = 4;
/// A refund waits for a person.
pub(crate) const WAITS_FOR_A_PERSON: u8 = 5;
/// Held: a person decides before anything else is charged or given back.
pub(crate) const HELD: u8 = 6;
/// The command line could not be read; nothing was opened.
pub(crate) const USAGE: u8 = 64;

/// What `--help` says about them.
pub(crate) const HELP: &str = "\
Exit codes:
   0  paid, given back, settled or listed
   2  not carried out: `error` says why, `next` what to do
   3  ended without money: declined, closed or returned, or a refund the channel refused
   4  still open when --wait-ms was over: run settle
   5  a refund waits for a person: run retry-refund
   6  held, such as another amount at the channel: a person decides; do not charge or refund again
  64  the command line could not be read; nothing was opened";

/// Returns the code of an attempt that has ended.
pub(crate) fn of_attempt(screen: Screen) -> u8 {
    match screen {
        Screen::Paid => DONE,
        Screen::Held => HELD,
        Screen::Declined | Screen::Unreached | Screen::Closed | Screen::Returned => NO_MONEY,
        Screen::Parked
        | Screen::Submitting
        | Screen::Typing
        | Screen::Code
        | Screen::Unknown
        | Screen::Reversing
        | Screen::Settling
        | Screen::Refunding => STILL_OPEN,
    }
}

/// Returns the code of a refund that has ended or waits.
pub(crate) fn of_refund(phase: &RefundPhase) -> u8 {
    match phase {
        RefundPhase::Done { .. } => DONE,
        RefundPhase::Refused { .. } => NO_MONEY,
        RefundPhase::Wedged { .. } => WAITS_FOR_A_PERSON,
        RefundPhase::Held => HELD,
        RefundPhase::Counting | RefundPhase::Sending | RefundPhase::Asking => STILL_OPEN,
    }
}
