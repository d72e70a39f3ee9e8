//! Bad days by seed: one till or two, both channels, and everything that can go wrong between.
//!
//! A history is drawn from its seed ([`plan`]), lived through in virtual time ([`world`]: the real
//! till, the real gateway's bytes, practice as the channel, SQLite on a disk that loses what was
//! not synced), written down by an onlooker ([`record`]) and judged by an [`oracle`] that shares
//! no code with the product. The same seed gives the same history to the last line of its trace.
//!
//! Reading order: [`plan`] with `theme`, `channels`, [`world`] with `happenings` and `desk`, `post` and `wires`, `counter`, `drawer` and
//! `power` (the way of a call, the people, their cash, the till's power), [`faults`], [`network`],
//! [`disk`] and `copies` (what goes wrong), [`relay`] and `notices` (what is told unasked), `day` (how long a history is), [`record`], [`oracle`] with
//! `books` and `conduct`, [`runs`] (many seeds, shrinking), [`script`] (histories that are written
//! down, for the crash points), [`policies`] (other people's rules in the same days), `mutants`
//! (planted bugs).

mod books;
mod cash;
mod channels;
mod conduct;
mod copies;
mod counter;
pub mod day;
mod desk;
pub mod disk;
mod drawer;
pub mod faults;
mod ghosts;
mod happenings;
pub mod hearing;
mod manager;
#[cfg(feature = "mutants")]
pub mod mutants;
pub mod network;
mod notices;
mod onlooker;
pub mod oracle;
pub mod plan;
#[path = "../policies/mod.rs"]
pub mod policies;
mod post;
mod power;
pub mod record;
pub mod relay;
pub mod runs;
pub mod script;
mod signing;
pub mod theme;
pub mod trace;
mod wires;
pub mod world;
