//! The parts of `cargo xtask test` and `cargo xtask check`: one row each, cheap ones first.
//!
//! `cargo xtask test NAME` runs a part alone. Its steps are plain command lines from the workspace
//! root. Tests of the real window are not among `cargo test`'s (`test = false` in their row of
//! `tests/Cargo.toml`), because they need a virtual display and the built window.

use crate::folder::Folder;
use crate::programs::{FEATURES, MUTANTS};
use crate::setup;
use crate::shell::{self, TaskError};
use crate::tally::Tally;

/// Which command runs a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// `check` and `test`.
    Both,
    /// `check` only, because a part of `test` covers it.
    Quick,
    /// `test` only.
    Full,
}

/// One row.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) pace: Pace,
    steps: &'static [Step],
}

/// One thing a part does. In a line, `{features}` stands for those of every ordinary build,
/// `{mutants}` for the same with the bugs that tests may plant, `{seeds}` and `{one_in}` for how
/// much of two trials is part of every run.
enum Step {
    /// Installs what the machine lacks.
    SetUp,
    /// Runs a command line.
    Run(&'static str),
    /// Runs tests that write the UI's bindings again, and fails if that changed any.
    Bindings(&'static str),
}

/// The bad days of every run.
const SEEDS: &str = "0..10000";
/// Of the crash points, one in so many is part of every run; all of them take hours.
const ONE_IN: &str = "40";

/// Where the UI's generated types are.
const BINDINGS: &str = "ui/src/bindings";

const ROWS: &[Part] = &[
    row("setup", Pace::Full, &[Step::SetUp]),
    row("format", Pace::Both, &[Step::Run("cargo fmt --all --check")]),
    row(
        "ui",
        Pace::Both,
        // The build checks types first.
        &[Step::Run("npm --prefix ui run build"), Step::Run("npm --prefix ui test")],
    ),
    row(
        "lint",
        Pace::Both,
        &[Step::Run("cargo clippy --workspace --all-targets {features} -- -D warnings")],
    ),
    row(
        "unit",
        Pace::Quick,
        &[Step::Bindings("cargo test --workspace {features} --lib --bins --test tidy")],
    ),
    row("tests", Pace::Full, &[Step::Bindings("cargo test --workspace {features}")]),
    row(
        "mutants",
        Pace::Full,
        // Of the whole workspace, so that no dependency is compiled again.
        &[
            Step::Run("cargo clippy --workspace --all-targets {mutants} -- -D warnings"),
            Step::Run("cargo xtask simulate --mutants --seeds 0..1000"),
            Step::Run("cargo xtask simulate --kinds --seeds 0..300"),
        ],
    ),
    row(
        "sdk",
        Pace::Full,
        &[
            Step::Run("cargo build --workspace --exclude xtask {features} --bin mianfu-practice"),
            Step::Run("node tests/sdk/run.mjs target/debug/mianfu-practice"),
        ],
    ),
    row("simulate", Pace::Full, &[Step::Run("cargo xtask simulate --seeds {seeds}")]),
    row("points", Pace::Full, &[Step::Run("cargo xtask crash-points --torn 1 --one-in {one_in}")]),
    row("crash", Pace::Full, &[Step::Run("cargo xtask crash --rounds 200")]),
    row(
        "window",
        Pace::Full,
        &[
            // The linter's `--all-targets` leaves out what says `test = false`.
            Step::Run("cargo clippy --workspace --test window {features} -- -D warnings"),
            Step::Run(
                "cargo build --workspace --exclude xtask {features} --bin mianfu --bin mianfu-practice",
            ),
            Step::Run("cargo test --workspace {features} --test window -- --test-threads=1"),
            Step::Run("cargo xtask storms --seeds 0..60"),
        ],
    ),
];

const fn row(name: &'static str, pace: Pace, steps: &'static [Step]) -> Part {
    Part { name, pace, steps }
}

/// Returns the parts of `cargo xtask test`, in order.
pub(crate) fn full() -> impl Iterator<Item = &'static Part> {
    ROWS.iter().filter(|part| part.pace != Pace::Quick)
}

/// Returns the parts of `cargo xtask check`, in order.
pub(crate) fn quick() -> impl Iterator<Item = &'static Part> {
    ROWS.iter().filter(|part| part.pace != Pace::Full)
}

impl Part {
    /// Does every step and returns how many tests passed; the first failure ends the part.
    pub(crate) fn run(&self) -> Result<Tally, TaskError> {
        let mut tally = Tally::default();
        for step in self.steps {
            match step {
                Step::SetUp => {
                    setup::everything()?;
                }
                Step::Run(line) => tally.add(shell::run(&words(line))?.tally),
                Step::Bindings(line) => tally.add(bindings(&words(line))?),
            }
        }
        Ok(tally)
    }
}

/// The UI's types are written by the shell's own tests; what they write must be what is committed.
fn bindings(words: &[String]) -> Result<Tally, TaskError> {
    let folder = shell::root().join(BINDINGS);
    let before = Folder::read(&folder)?;
    let target = folder.to_string_lossy();
    // Amounts and times fit a JavaScript number; the default, `bigint`, is no JSON.
    let ran = shell::run_with(
        words,
        &[("TS_RS_EXPORT_DIR", target.as_ref()), ("TS_RS_LARGE_INT", "number")],
    )?;
    let differing = before.differing(&Folder::read(&folder)?);
    if !differing.is_empty() {
        return Err(TaskError::Sentence(format!(
            "the UI's bindings were out of date and have been written again; look at {BINDINGS} \
             and commit {}",
            differing.join(", ")
        )));
    }
    Ok(ran.tally)
}

fn words(line: &str) -> Vec<String> {
    let line = line
        .replace("{features}", &format!("--features {FEATURES}"))
        .replace("{mutants}", &format!("--features {FEATURES},{MUTANTS}"))
        .replace("{seeds}", SEEDS)
        .replace("{one_in}", ONE_IN);
    line.split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_part_can_be_run_alone_by_its_name() {
        let names: BTreeSet<&str> = ROWS.iter().map(|part| part.name).collect();
        assert_eq!(names.len(), ROWS.len(), "two parts share a name");
    }

    #[test]
    fn a_line_is_split_into_words_with_the_features_of_every_build() {
        let words = words("cargo test {features} --test tidy");
        assert_eq!(words, ["cargo", "test", "--features", FEATURES, "--test", "tidy"]);
    }

    #[test]
    fn the_quick_part_starts_no_window_and_no_installer() {
        for part in quick() {
            assert!(!["setup", "window"].contains(&part.name), "{}", part.name);
        }
    }
}
