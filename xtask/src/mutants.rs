//! `cargo xtask simulate --mutants`: each bug planted in turn, and which trial notices it.
//!
//! The tests beside the rules plant every bug of their lists and fail where one is not noticed; only
//! then do their bugs count. The rest is hunted by bad days and by crash points.

use crate::closing::Closing;
use crate::programs::{self, FEATURES, MUTANTS};
use crate::shell::{self, TaskError};

/// The tests that plant the bugs of a list, by their names in every crate.
const TESTS: [&str; 13] = [
    "--workspace",
    "--lib",
    "--test",
    "db",
    "--test",
    "relay",
    "--test",
    "till_mutants",
    "--test",
    "negatives_mutants",
    "--test",
    "corruption_mutants",
    "--features",
];

/// Hunts with these seeds.
pub(crate) fn run(seeds: &str) -> Result<Closing, TaskError> {
    let features = format!("{FEATURES},{MUTANTS}");
    let mut tests = vec!["cargo", "test"];
    tests.extend(TESTS);
    tests.push(&features);
    shell::run(&tests)?;
    programs::build_trials_with_mutants(&["mianfu-mutants"])?;
    let arguments = ["--seeds", seeds, "--tests-passed"].map(str::to_owned);
    let ran = programs::run_trial("mianfu-mutants", &arguments)?;
    programs::closing("simulate", &ran)
}
