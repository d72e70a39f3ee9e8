//! `cargo xtask audit`: licences, bans, sources and advisories of everything we link.
//!
//! The first three need no network. Advisories need a database that is fetched from its home; where
//! that cannot be had, the closing line says so and the rest still counts.

use crate::closing::Closing;
use crate::shell::{self, TaskError};

pub(crate) fn run() -> Result<Closing, TaskError> {
    if shell::ask(&["cargo-deny", "--version"]).is_none() {
        shell::say("installing cargo-deny, which takes about 4 minutes");
        shell::run(&["cargo", "install", "cargo-deny", "--locked"])?;
    }
    shell::run(&["cargo-deny", "check", "--hide-inclusion-graph", "licenses", "bans", "sources"])?;
    let closing = Closing::new("audit").with("licences", "ok").with("bans", "ok");
    let closing = closing.with("sources", "ok");
    if !has_advisories() {
        shell::say("the advisory database cannot be fetched here; run this where it can");
        return Ok(closing.with("advisories", "unavailable"));
    }
    shell::run(&[
        "cargo-deny",
        "check",
        "--hide-inclusion-graph",
        "--disable-fetch",
        "advisories",
    ])?;
    Ok(closing.with("advisories", "ok"))
}

/// Fetches the database; an older copy of it does where the fetch fails.
fn has_advisories() -> bool {
    shell::ask(&["cargo-deny", "fetch", "db"]).is_some()
}
