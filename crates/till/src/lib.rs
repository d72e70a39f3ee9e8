//! The running till: core, database and gateway joined, without a window.
//!
//! It holds the order of operations and no rules: what may happen is decided in core, what is kept
//! is kept in one transaction, and only then does anything leave.
//!
//! Reading order: [`till`] (what it is made of), [`sale`] (how one begins), [`cashier`] (how a step
//! becomes action), [`cash`] (which asks no channel), [`worker`] (calls, lane by lane), [`refunds`],
//! [`people`] (the manager's PIN), [`away`] (while somebody practises), [`resume`] (a start asks and never resends), [`counter`] (what
//! the counter shows), [`drain`] (what goes out by itself), [`notices`] (what a channel tells unasked), [`hearing`] (whether that reaches the till), [`listener`] (how it does), [`open_items`] (what waits for a person), [`running`] (the one thread that owns a till), [`upkeep`] (the full check
//! and the backups, beside a till at work).
//!
//! [`Till`] never waits, sleeps or reads a clock: it is told the time, hands out calls and is told
//! their answers. The shop drives it from [`running`], the simulation on virtual time.

pub mod away;
pub mod bill;
pub mod cash;
pub mod cashier;
pub mod channel_file;
pub mod clock;
pub mod counter;
pub mod drain;
pub mod hearing;
pub mod line;
pub mod listener;
pub mod log;
pub mod notices;
pub mod open_items;
pub mod people;
mod proof;
pub mod receipt;
pub mod recovery;
pub mod refunds;
pub mod resume;
pub mod room;
pub mod running;
pub mod sale;
pub mod start;
pub mod till;
pub mod upkeep;
pub mod worker;

pub use counter::{Counter, Notice};
pub use line::Line;
pub use mianfu_db::{Birth, DbError};
pub use mianfu_gateway::{MerchantKeys, Scanned};
pub use sale::{Collect, Means, Refusal, SameCustomer};
pub use till::{Settings, Till, TillError};
pub use worker::{CallId, Outgoing};
