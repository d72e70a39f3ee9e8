//! Crash points by enumeration: scripted flows in which one thing goes wrong at every place.
//!
//! A [`flows::Flow`] is a history without chance. It is lived through once whole, to count what the
//! till did to its disk and asked of the channel ([`runs::Counts`]). Then it is lived through again
//! for each of these, from its beginning to its rest, and judged ([`verdict`]): the power goes at
//! the n-th change, under each model of a disk; it goes again at the m-th change of the recovery;
//! the n-th call on the disk fails; the n-th call to the channel goes wrong ([`points`]).

pub mod flows;
#[cfg(feature = "mutants")]
pub mod mutants;
pub mod points;
pub mod runs;
mod sales;
mod stages;
pub mod verdict;
mod wechat;
