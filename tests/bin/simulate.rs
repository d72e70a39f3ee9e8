//! `mianfu-simulate`: bad days by seed, on virtual time.

use std::io::{self, Write};
use std::ops::Range;
use std::process::ExitCode;

use clap::Parser;
use mianfu_tests::simulation::policies::Policy;
use mianfu_tests::simulation::policies::count::{Count, compare};
use mianfu_tests::simulation::record::Broken;
use mianfu_tests::simulation::runs::{Failure, Outcome, Summary, run_checked, run_many};

/// Lives through bad days by seed and judges each.
#[derive(Parser)]
struct Asked {
    /// Seeds `A..B`, the second not included.
    #[arg(long, default_value = "0..1000", value_parser = seeds, conflicts_with = "one")]
    seeds: Range<u64>,
    /// One seed.
    #[arg(long)]
    one: Option<u64>,
    /// Prints the history of the one seed, line by line.
    #[arg(long, requires = "one")]
    trace: bool,
    /// Prints how often each fault fired in each phase.
    #[arg(long)]
    verbose: bool,
    /// Lets the same days happen to other people's rules and counts from the channel's ledger.
    #[arg(long, conflicts_with = "one")]
    policies: bool,
}

fn main() -> ExitCode {
    let asked = Asked::parse();
    let done = if asked.policies {
        policies(&mut io::stdout().lock(), asked.seeds)
    } else if let Some(seed) = asked.one {
        one(&mut io::stdout().lock(), seed, asked.trace)
    } else {
        many(&mut io::stdout().lock(), asked.seeds, asked.verbose)
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) | Err(_) => ExitCode::FAILURE,
    }
}

fn many(out: &mut impl Write, seeds: Range<u64>, verbose: bool) -> io::Result<bool> {
    let summary = run_many(seeds);
    for failure in &summary.failures {
        tell(out, failure)?;
    }
    if verbose {
        for ((fault, phase), count) in &summary.fired.0 {
            let phase = if phase.is_empty() { "-" } else { phase };
            writeln!(out, "{fault:<28} {phase:<12} {count:>8}")?;
        }
    }
    let Summary { histories, failures, fired, trace } = summary;
    let (violations, faults) = (failures.len(), fired.total());
    writeln!(
        out,
        "simulate histories={histories} violations={violations} trace={trace:016x} faults={faults}"
    )?;
    Ok(violations == 0)
}

fn policies(out: &mut impl Write, seeds: Range<u64>) -> io::Result<bool> {
    let histories = seeds.end - seeds.start;
    writeln!(
        out,
        "{:<20} {:>7} {:>7} {:>7} {:>7} {:>7}",
        "rules", "sales", "paid", "doubled", "lost", "given"
    )?;
    let lines = compare(seeds);
    for line in &lines {
        let Count { sales, paid, doubled, lost, given } = line.count;
        writeln!(
            out,
            "{:<20} {sales:>7} {paid:>7} {doubled:>7} {lost:>7} {given:>7}",
            line.name()
        )?;
    }
    let ours = lines.iter().find(|line| line.policy.is_none()).map(|line| line.count);
    let Count { sales, doubled, lost, given, .. } = ours.unwrap_or_default();
    let policies = Policy::ALL.len();
    writeln!(
        out,
        "simulate policies={policies} histories={histories} sales={sales} doubled={doubled} \
         lost={lost} given={given}"
    )?;
    Ok(doubled + lost + given == 0)
}

fn one(out: &mut impl Write, seed: u64, trace: bool) -> io::Result<bool> {
    let Outcome { broken, trace: lines, fired, .. } = run_checked(seed);
    if trace || !broken.is_empty() {
        for line in lines.lines() {
            writeln!(out, "{line}")?;
        }
    }
    for broken in &broken {
        breach(out, seed, broken)?;
    }
    let (violations, hash, faults) = (broken.len(), lines.hash(), fired.total());
    writeln!(
        out,
        "simulate histories=1 violations={violations} trace={hash:016x} faults={faults}"
    )?;
    Ok(broken.is_empty())
}

fn tell(out: &mut impl Write, failure: &Failure) -> io::Result<()> {
    let outcome = &failure.outcome;
    for broken in &outcome.broken {
        breach(out, outcome.seed, broken)?;
    }
    if failure.of != 0 {
        let (operations, of) = (failure.operations, failure.of);
        writeln!(out, "seed {}: fails with {operations} of {of} operations:", outcome.seed)?;
        for line in outcome.trace.lines() {
            writeln!(out, "  {line}")?;
        }
    }
    Ok(())
}

fn breach(out: &mut impl Write, seed: u64, broken: &Broken) -> io::Result<()> {
    writeln!(out, "seed {seed}: {} broken: {}", broken.invariant, broken.what)
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let wrong = || format!("`{text}` is not `A..B`");
    let (from, to) = text.split_once("..").ok_or_else(wrong)?;
    let number = |text: &str| text.trim().parse::<u64>().map_err(|_| wrong());
    let range = number(from)?..number(to)?;
    if range.is_empty() { Err(format!("`{text}` holds no seed")) } else { Ok(range) }
}
