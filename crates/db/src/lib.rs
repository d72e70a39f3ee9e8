//! All SQL of the till: what is kept before anything is sent, and how it is read back.
//!
//! Reading order: `migrations/0001_till.sql` (the laws that rows keep), [`Db`] and [`Tx`] (one
//! writer, one transaction per step), [`Orders`], [`CashRefunds`], [`Attempts`],
//! [`Refunds`], [`Queue`], [`Findings`], [`Events`], then opening ([`OpenOptions`]), [`full_check`] and [`backup`].
//!
//! Not here: rules. What an attempt may become is `mianfu-core`'s; the schema only refuses what
//! core must never ask for.
//!
//! # Rules
//!
//! 1. What is kept survives a power cut: WAL with `synchronous = FULL`, one sync per step.
//! 2. One writer. A lock file beside the database keeps a second till out.
//! 3. Rows of money carry a hash of their columns, checked at every read. What this program never
//!    wrote is [`DbError::Corrupt`], never a guess.
//! 4. Every change of such a row appends an event to a hash-chained log in the same transaction.
//!    The rows are the fold of the log; the full check compares the two.
//! 5. An end never regresses, a number is never drawn twice, an order has at most one live attempt,
//!    no more goes back than was taken: the schema refuses the rest.

mod attempts;
mod backup;
mod birth;
mod cash;
mod check;
mod db;
mod epochs;
mod error;
mod events;
mod findings;
mod meta;
mod open;
mod orders;
mod queue;
mod refunds;
mod row;
mod witness;

#[cfg(test)]
mod statements;

pub use attempts::{Attempts, AttemptsMut};
pub use backup::{BackupTo, backup, backups, made_at};
pub use birth::Birth;
pub use cash::{CashRefunds, CashRefundsMut};
pub use check::{Checked, full_check};
pub use db::{Db, Reader, Tx};
pub use epochs::{ABSENT_IN_A_ROW, Asked, LeftBecause, OldEpoch, OldEpochs, OldEpochsMut};
pub use error::DbError;
pub use events::{Event, Events, Note};
pub use findings::{FindingId, FindingKind, Findings, FindingsMut, KeptFinding};
pub use open::{Lock, OpenOptions, Opened, was_here};
pub use orders::{Orders, OrdersMut};
pub use queue::{Counts, Lane, Operation, OperationKind, Queue, QueueMut, Waits};
pub use refunds::{Refunds, RefundsMut};

/// A row together with the version it was read at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned<T> {
    /// The row.
    pub value: T,
    /// How often it was written.
    pub version: i64,
}
