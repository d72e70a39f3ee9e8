//! The relay from outside: what it takes, what it keeps, whom it trusts.

#![expect(clippy::unwrap_used, reason = "a test may")]

mod fixture;
mod keeping;
mod notices;
mod trust;
