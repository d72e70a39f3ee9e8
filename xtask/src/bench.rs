//! `cargo xtask bench`: the figures, from an optimised build.

use clap::Args;

use crate::closing::Closing;
use crate::shell::{self, TaskError};
use crate::{programs, setup};

#[derive(Args)]
pub(crate) struct Asked {
    /// Which figures; all but R11 when none is named.
    #[arg(value_parser = ["P1", "P2", "P2b", "P3", "P5", "P6", "P7", "P9", "P10", "R11", "R11b"])]
    figures: Vec<String>,
}

/// Figures that are taken without a window.
const WITHOUT_WINDOW: [&str; 9] = ["P1", "P2", "P2b", "P3", "P5", "P9", "P10", "R11", "R11b"];

/// Figures of a relay, and those beside other people's servers.
const OF_A_RELAY: [&str; 5] = ["P2", "P2b", "P3", "P9", "R11b"];
const BESIDE_PEERS: [&str; 2] = ["P2", "P9"];

pub(crate) fn run(asked: &Asked) -> Result<Closing, TaskError> {
    let in_window = |figure: &String| !WITHOUT_WINDOW.contains(&figure.as_str());
    let asks_for = |some: &[&str]| {
        asked.figures.is_empty() || asked.figures.iter().any(|figure| some.contains(&&**figure))
    };
    let mut build = vec!["cargo", "build", "--release", "--workspace", "--exclude", "xtask"];
    build.extend(["--features", programs::FEATURES, "--bin", "mianfu-bench"]);
    // The till of R11 and its channel, which is P7's too.
    build.extend(["--bin", "mianfu-headless", "--bin", "mianfu-practice"]);
    if asks_for(&OF_A_RELAY) {
        build.extend(["--bin", "mianfu-relay"]);
    }
    if asks_for(&["P2b"]) {
        setup::also(&["strace", "eatmydata"])?;
    }
    if asks_for(&BESIDE_PEERS) {
        setup::peers()?;
    }
    if asked.figures.is_empty() || asked.figures.iter().any(in_window) {
        setup::system()?;
        setup::ui()?;
        shell::run(&["npm", "--prefix", "ui", "run", "build"])?;
        // What P6 and P7 compare the window with.
        build.extend(["--bin", "mianfu", "--example", "bare"]);
    }
    shell::run(&build)?;
    let mut words = vec!["target/release/mianfu-bench".to_owned()];
    words.extend_from_slice(&asked.figures);
    let ran = shell::run(&words)?;
    programs::closing("bench", &ran)
}
