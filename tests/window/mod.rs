//! The real window, driven as a cashier would.
//!
//! A [`Desk`] is a virtual display, a message bus and a home of its own in a temporary folder. An
//! [`App`] is the built window opened on a desk through WebKitWebDriver: keys in, text and pictures
//! out, and `kill -9`. A [`Channel`] is practice in a process of its own, so that it outlives a
//! window; a [`Customer`] plays the customer over its control address.
//!
//! Everything waits for a condition with a bound, listens on loopback only, and ends only processes
//! that carry the desk's own mark in their environment.

mod app;
mod channel;
mod counter;
mod customer;
mod desk;
mod frame;
mod keyboard;
mod monitors;
mod own;
mod room;
mod storm;
mod tour;
mod wait;

pub use app::{App, Page, Reply, Start};
pub use channel::Channel;
pub use counter::Language;
pub use customer::{Customer, Flow, Manner, Wallet, codes_in};
pub use desk::{Desk, Seated};
pub use keyboard::{Blow, CAPS_LOCK, PAD_MINUS, SHIFT_ALONE, on_pad};
pub use monitors::Area;
pub use room::{Room, Sentences};
pub use storm::{Lane, Scanner, Storm, Tally};
pub use tour::{Stop, Tour};
pub use wait::until;

/// Why the window could not be driven.
#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    #[error("`{program}` could not be started; `cargo xtask setup` installs it")]
    Start { program: &'static str, source: std::io::Error },
    #[error("waited {limit_ms} ms for {what}")]
    Late { what: String, limit_ms: u64 },
    #[error("the window's driver refused to {doing}")]
    Driver { doing: String, source: fantoccini::error::CmdError },
    #[error("the window could not be opened")]
    Open(#[from] fantoccini::error::NewSessionError),
    #[error("`{path}` could not be {doing}")]
    File { path: String, doing: &'static str, source: std::io::Error },
    #[error("the display: {0}")]
    Display(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("practice did not answer to `{what}`: {why}")]
    Practice { what: String, why: String },
}
