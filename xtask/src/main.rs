//! `cargo xtask`: the commands everyone uses.
//!
//! Each command prints what it starts, ends with one line of `key=value` pairs (as JSON with
//! `--json`) and exits non-zero when it falls short. Nothing here knows what a sale is: the work is
//! done by cargo, npm and the programs of the workspace.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod audit;
mod bench;
mod check;
mod clock;
mod closing;
mod crash;
mod crash_points;
mod folder;
mod mutants;
mod package;
mod parts;
mod programs;
mod run;
mod setup;
mod shell;
mod simulate;
mod storms;
mod tally;
mod test;

use crate::closing::Form;
use crate::shell::TaskError;

/// The commands everyone uses on Mianfu.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
    /// Prints the closing line as JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Task {
    /// Installs what the machine lacks: system packages, UI packages, the SDKs of the sdk part.
    Setup,
    /// Opens the till in practice mode; without a display, takes two payments in a virtual one.
    Run,
    /// Everything CI checks, the real window included.
    Test(test::Asked),
    /// The quick part: format, lints, unit tests, tidy, bindings, the UI's own tests.
    Check,
    /// Bad days by seed.
    Simulate(simulate::Asked),
    /// Kill -9 of the real till, again and again.
    Crash(crash::Asked),
    /// Every crash point of every scripted flow, enumerated.
    CrashPoints(crash_points::Asked),
    /// Random keys and scans in the real window, by seed: nothing may be charged wrongly.
    Storms(storms::Asked),
    /// The figures, as ratios taken in one run.
    Bench(bench::Asked),
    /// What is handed to those who install: `relay` is the relay's Debian package.
    Package(package::Asked),
    /// Licences, bans, sources and advisories of everything we link.
    Audit,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let form = if cli.json { Form::Json } else { Form::Pairs };
    let ended = match cli.task {
        Task::Setup => setup::everything(),
        Task::Run => run::run(),
        Task::Test(asked) => test::run(&asked),
        Task::Check => check::run(),
        Task::Simulate(asked) => simulate::run(&asked, form),
        Task::Crash(asked) => crash::run(&asked),
        Task::CrashPoints(asked) => crash_points::run(&asked),
        Task::Storms(asked) => storms::run(&asked),
        Task::Bench(asked) => bench::run(&asked),
        Task::Package(asked) => package::run(&asked),
        Task::Audit => audit::run(),
    };
    match ended {
        Ok(closing) => {
            shell::say(&closing.show(form));
            ExitCode::SUCCESS
        }
        Err(error) => {
            shell::complain(&sentence(&error));
            match error {
                TaskError::Misspelt { .. } => ExitCode::from(2),
                TaskError::Start { .. }
                | TaskError::FellShort { .. }
                | TaskError::File { .. }
                | TaskError::Sentence(_) => ExitCode::FAILURE,
            }
        }
    }
}

/// Joins an error and its sources, outermost first.
fn sentence(error: &TaskError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}
