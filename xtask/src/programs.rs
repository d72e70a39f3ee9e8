//! Building the workspace's programs, always in the same way.
//!
//! Cargo unifies features over the packages it is asked for. Every build and test run here asks
//! for the whole workspace with the same features, so that each dependency is compiled once; which
//! program is built is chosen by name. The features that plant bugs are among these only where a
//! command asks for them by name, and the next ordinary build replaces what they made.

use crate::closing::Closing;
use crate::shell::{self, Ran, TaskError};

/// The features of every ordinary build: the window carries its UI inside.
pub(crate) const FEATURES: &str = "mianfu/custom-protocol";

/// The features that let tests plant bugs; no program that runs outside a test has them.
pub(crate) const MUTANTS: &str =
    "mianfu-core/mutants,mianfu-db/mutants,mianfu-relay/mutants,mianfu-tests/mutants";

/// The profile of what lives through thousands of histories.
const TRIAL: &str = "trial";

/// Builds the named programs into `target/debug`.
pub(crate) fn build(names: &[&str]) -> Result<(), TaskError> {
    build_with(names, "dev", FEATURES)
}

/// Builds trials by seed or by point into `target/trial`: optimised, with the checks of a debug
/// build.
pub(crate) fn build_trials(names: &[&str]) -> Result<(), TaskError> {
    build_with(names, TRIAL, FEATURES)
}

/// The same with bugs that can be planted.
pub(crate) fn build_trials_with_mutants(names: &[&str]) -> Result<(), TaskError> {
    build_with(names, TRIAL, &format!("{FEATURES},{MUTANTS}"))
}

fn build_with(names: &[&str], profile: &str, features: &str) -> Result<(), TaskError> {
    let mut words = vec!["cargo", "build", "--profile", profile, "--workspace"];
    words.extend(["--exclude", "xtask", "--features", features]);
    for name in names {
        words.extend(["--bin", name]);
    }
    shell::run(&words)?;
    Ok(())
}

/// Runs a program from `target/debug`.
pub(crate) fn run(name: &str, arguments: &[String]) -> Result<Ran, TaskError> {
    run_from("debug", name, arguments)
}

/// Runs a trial from `target/trial`.
pub(crate) fn run_trial(name: &str, arguments: &[String]) -> Result<Ran, TaskError> {
    run_from(TRIAL, name, arguments)
}

fn run_from(folder: &str, name: &str, arguments: &[String]) -> Result<Ran, TaskError> {
    let mut words = vec![format!("target/{folder}/{name}")];
    words.extend_from_slice(arguments);
    shell::run(&words)
}

/// Returns the closing line a program of ours ended with.
pub(crate) fn closing(command: &str, ran: &Ran) -> Result<Closing, TaskError> {
    Closing::read(command, &ran.last_line).ok_or_else(|| {
        TaskError::Sentence(format!("the last line is no closing line of `{command}`"))
    })
}
