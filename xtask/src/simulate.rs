//! `cargo xtask simulate`: bad days by seed.

use clap::Args;

use crate::closing::{Closing, Form};
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
    /// Plants for each kind of fault the bug that it shows: seen with it, and not without.
    #[arg(long, conflicts_with_all = ["one", "mutants", "policies"])]
    kinds: bool,
    /// Without a kind of fault; may be said more than once.
    #[arg(long, value_name = "KIND")]
    without: Vec<String>,
    /// With these kinds of faults only.
    #[arg(long, value_name = "KIND", conflicts_with = "without")]
    only: Vec<String>,
}

/// Runs the histories; a closing line that is read by a program says which faults fired when.
pub(crate) fn run(asked: &Asked, form: Form) -> Result<Closing, TaskError> {
    if asked.mutants {
        return mutants::run(&asked.seeds);
    }
    let build =
        if asked.kinds { programs::build_trials_with_mutants } else { programs::build_trials };
    build(&["mianfu-simulate"])?;
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
    if asked.kinds {
        arguments.push("--kinds".to_owned());
    }
    if form == Form::Json && asked.one.is_none() {
        arguments.push("--counts".to_owned());
    }
    for (name, kinds) in [("--without", &asked.without), ("--only", &asked.only)] {
        for kind in kinds {
            arguments.extend([name.to_owned(), kind.clone()]);
        }
    }
    let ran = programs::run_trial("mianfu-simulate", &arguments)?;
    programs::closing("simulate", &ran)
}
