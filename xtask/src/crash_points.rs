//! `cargo xtask crash-points`: every crash point of every scripted flow.

use clap::Args;

use crate::closing::Closing;
use crate::programs;
use crate::shell::TaskError;

#[derive(Args)]
pub(crate) struct Asked {
    /// Only this flow.
    #[arg(long)]
    flow: Option<String>,
    /// Only these kinds of points: `power`, `again`, `disk`, `channel`.
    #[arg(long)]
    kinds: Option<String>,
    /// Only these models of a disk: `kept`, `lost`, or the number of a way of being torn.
    #[arg(long)]
    fates: Option<String>,
    /// In how many ways unsynced writes are torn.
    #[arg(long)]
    torn: Option<u64>,
    /// Only one in so many points, always the same ones.
    #[arg(long)]
    one_in: Option<u64>,
    /// In how many processes; as many as the machine has cores where it is not said.
    #[arg(long)]
    processes: Option<u64>,
}

pub(crate) fn run(asked: &Asked) -> Result<Closing, TaskError> {
    programs::build_trials(&["mianfu-crash-points"])?;
    let number = |number: Option<u64>| number.map(|number| number.to_string());
    let options = [
        ("--flow", asked.flow.clone()),
        ("--kinds", asked.kinds.clone()),
        ("--fates", asked.fates.clone()),
        ("--torn", number(asked.torn)),
        ("--one-in", number(asked.one_in)),
        ("--processes", number(asked.processes)),
    ];
    let mut arguments = Vec::new();
    for (name, value) in options {
        if let Some(value) = value {
            arguments.extend([name.to_owned(), value]);
        }
    }
    let ran = programs::run_trial("mianfu-crash-points", &arguments)?;
    programs::closing("crash points", &ran)
}
