//! `cargo xtask bench`: the figures, from an optimised build.

use clap::Args;

use crate::closing::Closing;
use crate::shell::{self, TaskError};
use crate::{programs, setup};

#[derive(Args)]
pub(crate) struct Asked {
    /// Which figures; all there are when none is named.
    #[arg(value_parser = ["P1", "P5", "P6", "P7", "P10"])]
    figures: Vec<String>,
}

/// Figures that are taken without a window.
const WITHOUT_WINDOW: [&str; 3] = ["P1", "P5", "P10"];

pub(crate) fn run(asked: &Asked) -> Result<Closing, TaskError> {
    let in_window = |figure: &String| !WITHOUT_WINDOW.contains(&figure.as_str());
    let mut build = vec!["cargo", "build", "--release", "--workspace", "--exclude", "xtask"];
    build.extend(["--features", programs::FEATURES, "--bin", "mianfu-bench"]);
    if asked.figures.is_empty() || asked.figures.iter().any(in_window) {
        setup::system()?;
        setup::ui()?;
        shell::run(&["npm", "--prefix", "ui", "run", "build"])?;
        // The channel of P7, and what P6 and P7 compare the window with.
        build.extend(["--bin", "mianfu", "--bin", "mianfu-practice", "--example", "bare"]);
    }
    shell::run(&build)?;
    let mut words = vec!["target/release/mianfu-bench".to_owned()];
    words.extend_from_slice(&asked.figures);
    let ran = shell::run(&words)?;
    programs::closing("bench", &ran)
}
