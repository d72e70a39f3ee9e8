//! What the till sounds like: tones, a voice, and the device they come from.
//!
//! Reading order: [`words`] (an amount as it is said), [`voice`] (the words as recorded sound),
//! [`tones`] (what is not speech), [`spoken`] (no payment is said twice), [`speaker`] (the device).
//!
//! Whether there is something to say is not decided here: whoever calls has seen a kept result.
//! Sound is whole numbers throughout, mono, [`RATE`] samples a second.
//!
//! **Rule:** a payment is claimed in [`Spoken`], on disk, before it is said.
//!
//! **Rule:** nothing here waits for a device; where there is none, nothing is heard and
//! [`Speaker::works`] says so.

pub mod speaker;
pub mod spoken;
pub mod tones;
pub mod voice;
pub mod words;

pub use speaker::Speaker;
pub use spoken::Spoken;
pub use tones::{Cue, Instrument};

/// Samples a second of everything that is played.
pub const RATE: u32 = 22_050;
