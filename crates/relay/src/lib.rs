//! The relay: takes the channels' notices and hands them to tills that nobody can call.
//!
//! It is a speed-up and is trusted with no money. It holds public keys only, keeps what it was
//! sent as it came, and hands it on as it came; a till checks the channel's signature again and
//! merges a notice like any other word (M14). A relay that invents, alters, repeats, delays or
//! withholds can at worst be slow.
//!
//! In reading order: [`keys`], [`notice`] and [`trust`] decide what is genuine and [`roster`] for
//! whom; `keeper` makes it durable through [`db`], `hub` and `feed` hand it on; [`settings`] and
//! [`limits`] are the bounds; [`server`] and `router` are the sockets.
//!
//! Rules kept here:
//! - a channel is thanked only for what would survive a power cut;
//! - a signature is checked on the bytes that came, before they are read (law 10);
//! - every table, queue, body, wait and connection has a bound (law 7).

pub mod counts;
pub mod db;
mod feed;
mod form;
mod hub;
mod inbound;
mod keeper;
pub mod keys;
pub mod limits;
pub mod notice;
mod outbound;
mod page;
mod relay;
pub mod roster;
mod router;
pub mod server;
pub mod settings;
pub mod trust;

pub use keeper::NotKept;
pub use relay::{Clock, Epoch, Relay};

pub use mianfu_core::money::Timestamp;
