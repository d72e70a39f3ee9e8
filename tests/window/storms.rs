//! `mianfu-storms`: random keys and scans in the real window, by seed.
//!
//! Ends with one line of `key=value` pairs, and with an error where anything was charged wrongly.

use std::io::Write;
use std::ops::Range;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use mianfu_tests::window::{Lane, Scanner, Tally, WindowError};
use tokio::task::JoinSet;

#[derive(Clone, Parser)]
struct Cli {
    /// Seeds `A..B`, the second not included.
    #[arg(long, default_value = "0..1000", value_parser = seeds)]
    seeds: Range<u64>,
    /// One kind of scanner; half of the seeds each where none is named.
    #[arg(long)]
    scanner: Option<Kind>,
    /// How many windows at once.
    #[arg(long, default_value_t = 2)]
    lanes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Box,
    Trigger,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    match storms(&cli).await {
        Ok(tally) => {
            let Tally { storms, keys, charges, wrongs } = &tally;
            let wrong = wrongs.len();
            say(&format!("storms storms={storms} keys={keys} charges={charges} wrong={wrong}"));
            if wrongs.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            say(&format!("mianfu-storms: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn storms(cli: &Cli) -> Result<Tally, WindowError> {
    let lanes = cli.lanes.max(1);
    let mut running = JoinSet::new();
    for lane in 0..lanes {
        running.spawn(one_lane(cli.clone(), lane, lanes));
    }
    let mut tally = Tally::default();
    while let Some(ended) = running.join_next().await {
        tally.add(ended.map_err(|error| WindowError::Display(error.into()))??);
    }
    Ok(tally)
}

async fn one_lane(cli: Cli, lane: u64, lanes: u64) -> Result<Tally, WindowError> {
    let mut tally = Tally::default();
    for (kind, scanner) in [(Kind::Box, Scanner::Box), (Kind::Trigger, Scanner::Trigger)] {
        if cli.scanner.is_some_and(|asked| asked != kind) {
            continue;
        }
        let is_ours = |seed: &u64| match cli.scanner {
            Some(_) => seed % lanes == lane,
            None => seed % 2 == scanner as u64 && seed / 2 % lanes == lane,
        };
        let seeds: Vec<u64> = cli.seeds.clone().filter(is_ours).collect();
        if seeds.is_empty() {
            continue;
        }
        say(&format!("lane {lane} opens a window for {} storms with {kind:?}", seeds.len()));
        let mut window = Lane::open(scanner).await?;
        tally.add(window.pass(seeds.into_iter(), say).await?);
    }
    Ok(tally)
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let ends = text
        .split_once("..")
        .and_then(|(from, to)| Some(from.trim().parse().ok()?..to.trim().parse().ok()?));
    ends.ok_or_else(|| "seeds are written A..B".to_owned())
}

fn say(text: &str) {
    // A closed pipe is nobody's fault.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}
