//! What a sale *is*. Pure: no I/O, clock, randomness or serde.
//!
//! Reading order: [`money`] and [`number`] (what travels), [`channel`] (what a channel can do and
//! say), [`attempt`] (one try at being paid), [`refund`] (money going back), [`order`] (what is
//! owed, and the rules over several attempts), [`breaker`] and [`bucket`] (when new charges stop,
//! how fast we may call).
//!
//! # Laws
//!
//! Each has a test named after it, and a planted bug ([`mutant`]) that the test must catch.
//!
//! 1. **Keep before you send.** Nothing leaves the till that would not survive a power cut.
//! 2. **Silence is not an answer.** Only an explicit, verified word of the channel ends an attempt.
//! 3. **One attempt, one number.** A second try is a second attempt; a restart asks, never resends.
//! 4. **Paid means paid in full.** A different amount is held for a person.
//! 5. **Final is final.** Contradicting evidence becomes a finding; it never rewrites history.
//! 6. **Every open thing has a next wake-up.** `poll_at` is empty exactly at an end.
//! 7. **Every wait has an end, every queue a bound.**
//! 8. **Money is whole fen.** Checked arithmetic, text at the edges, no floats.
//! 9. **Secrets do not print.**
//! 10. **Verify the bytes that came**, before parsing.
//! 11. **Offline is a rule, not a mood**: see [`breaker`].

pub mod attempt;
pub mod breaker;
pub mod bucket;
pub mod channel;
pub mod money;
pub mod mutant;
#[cfg(test)]
#[cfg(feature = "mutants")]
mod mutants;
pub mod number;
pub mod order;
pub mod refund;
