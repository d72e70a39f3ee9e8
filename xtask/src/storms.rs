//! `cargo xtask storms`: random keys and scans in the real window, by seed.

use clap::Args;

use crate::closing::Closing;
use crate::shell::{self, TaskError};
use crate::{programs, setup};

#[derive(Args)]
pub(crate) struct Asked {
    /// Seeds `A..B`, the second not included.
    #[arg(long, default_value = "0..1000")]
    seeds: String,
    /// One kind of scanner; half of the seeds each where none is named.
    #[arg(long, value_parser = ["box", "trigger"])]
    scanner: Option<String>,
    /// How many windows at once.
    #[arg(long, default_value_t = 4)]
    lanes: u32,
}

pub(crate) fn run(asked: &Asked) -> Result<Closing, TaskError> {
    setup::system()?;
    setup::ui()?;
    shell::run(&["npm", "--prefix", "ui", "run", "build"])?;
    programs::build(&["mianfu", "mianfu-practice", "mianfu-storms"])?;
    let mut arguments = vec!["--seeds".to_owned(), asked.seeds.clone()];
    arguments.extend(["--lanes".to_owned(), asked.lanes.to_string()]);
    if let Some(scanner) = &asked.scanner {
        arguments.extend(["--scanner".to_owned(), scanner.clone()]);
    }
    let ran = programs::run("mianfu-storms", &arguments)?;
    programs::closing("storms", &ran)
}
