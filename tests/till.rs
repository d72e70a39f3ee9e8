//! The till in one process against practice, on virtual time: every way a sale ends, restarts,
//! restores, refunds, disks in trouble.

#![expect(clippy::unwrap_used, reason = "a test may")]

#[path = "till/away.rs"]
mod away;
#[path = "till/cash.rs"]
mod cash;
#[path = "till/copies.rs"]
mod copies;
#[path = "till/counter.rs"]
mod counter;
#[path = "../crates/db/tests/db/disk.rs"]
mod disk;
#[path = "till/drain.rs"]
mod drain;
#[path = "till/hearing.rs"]
mod hearing;
#[path = "till/keys.rs"]
mod keys;
#[path = "till/notices.rs"]
mod notices;
#[path = "till/offers.rs"]
mod offers;
#[path = "till/open_items.rs"]
mod open_items;
#[path = "till/people.rs"]
mod people;
#[path = "till/refund_ends.rs"]
mod refund_ends;
#[path = "till/refunds.rs"]
mod refunds;
#[path = "till/restarts.rs"]
mod restarts;
#[path = "till/restore.rs"]
mod restore;
#[path = "till/scan.rs"]
mod scan;
#[path = "till/show.rs"]
mod show;
#[path = "till/told.rs"]
mod told;
#[path = "till/trouble.rs"]
mod trouble;
