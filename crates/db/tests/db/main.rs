//! The database from outside: every method once, the laws it keeps, damage, other machines.

#![expect(clippy::unwrap_used, reason = "a test may")]

mod backups;
mod damage;
mod disk;
mod fixture;
mod laws;
#[cfg(feature = "mutants")]
mod mutants;
mod opening;
mod power;
mod tables;
mod walks;
