//! `cargo xtask crash`: kill -9 of the real till.

use clap::Args;

use crate::closing::Closing;
use crate::programs;
use crate::shell::TaskError;

#[derive(Args)]
pub(crate) struct Asked {
    /// How often the till is killed.
    #[arg(long, default_value_t = 200)]
    rounds: u32,
}

pub(crate) fn run(asked: &Asked) -> Result<Closing, TaskError> {
    programs::build(&["mianfu-crash", "mianfu-headless", "mianfu-practice"])?;
    let arguments = ["--rounds".to_owned(), asked.rounds.to_string()];
    let ran = programs::run("mianfu-crash", &arguments)?;
    programs::closing("crash", &ran)
}
