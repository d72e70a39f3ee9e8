//! Damage is loud (I20): whatever is flipped in a till's files is harmless or named, and sales stop
//! with a sentence; the last backup and the channel's own records bring every payment back.

#![expect(clippy::unwrap_used, reason = "a test may")]

#[path = "corruption/columns.rs"]
mod columns;
#[path = "corruption/day.rs"]
mod day;
#[path = "corruption/desk.rs"]
mod desk;
#[path = "corruption/pages.rs"]
mod pages;
#[path = "corruption/restore.rs"]
mod restore;
#[path = "corruption/trial.rs"]
mod trial;
#[path = "corruption/verdict.rs"]
mod verdict;
