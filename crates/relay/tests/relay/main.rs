//! The relay from outside: what it takes, what it keeps, whom it trusts.

#![expect(clippy::unwrap_used, reason = "a test may")]

mod deaths;
#[cfg(target_os = "linux")]
#[path = "../../../../xtask/src/package/deb.rs"]
mod deb;
#[path = "../../../db/tests/db/disk.rs"]
mod disk;
mod file;
mod fixture;
mod inbound;
mod keeping;
mod limits;
#[cfg(feature = "mutants")]
mod mutants;
mod notices;
mod outbound;
#[cfg(target_os = "linux")]
mod package;
mod power;
mod program;
mod running;
mod tls;
mod trust;
