//! `cargo xtask simulate`: bad days by seed.

use clap::Args;

use crate::closing::Closing;
use crate::shell::TaskError;
use crate::{mutants, programs};

#[derive(Args)]
pub(crate) struct Asked {
    /// Seeds `A..B`, the second not included.
    #[arg(long, default_value = "0..1000", conflicts_with = "one")]
    seeds: String,
    /// One seed.
    #[arg(long)]
    one: Option<u64>,
    /// Prints the history of the one seed, step by step.
    #[arg(long, requires = "one")]
    trace: bool,
    /// Plants each bug in turn and says which trial notices it, and how soon.
    #[arg(long, conflicts_with = "one")]
    mutants: bool,
    /// Lets the same days happen to other people's rules and counts from the channel's ledger.
    #[arg(long, conflicts_with_all = ["one", "mutants"])]
    policies: bool,
}

pub(crate) fn run(asked: &Asked) -> Result<Closing, TaskError> {
    if asked.mutants {
        return mutants::run(&asked.seeds);
    }
    programs::build_trials(&["mianfu-simulate"])?;
    let mut arguments = match asked.one {
        Some(seed) => vec!["--one".to_owned(), seed.to_string()],
        None => vec!["--seeds".to_owned(), asked.seeds.clone()],
    };
    if asked.trace {
        arguments.push("--trace".to_owned());
    }
    if asked.policies {
        arguments.push("--policies".to_owned());
    }
    let ran = programs::run_trial("mianfu-simulate", &arguments)?;
    programs::closing("simulate", &ran)
}
