//! The relay from outside: what it takes, what it keeps, whom it trusts.

#![expect(clippy::unwrap_used, reason = "a test may")]

mod file;
mod fixture;
mod inbound;
mod keeping;
mod limits;
#[cfg(feature = "mutants")]
mod mutants;
mod notices;
mod outbound;
mod program;
mod running;
mod tls;
mod trust;
