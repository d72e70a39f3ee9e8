//! `mianfu-simulate`: bad days by seed, on virtual time.

use std::io::{self, Write};
use std::ops::Range;
use std::process::ExitCode;

use clap::Parser;
use mianfu_tests::simulation::faults::{Faults, Kind};
use mianfu_tests::simulation::plan::Plan;
use mianfu_tests::simulation::policies::Policy;
use mianfu_tests::simulation::policies::count::{Count, compare};
use mianfu_tests::simulation::record::Broken;
use mianfu_tests::simulation::runs::{Failure, Outcome, Summary, run_many, run_plan_checked};

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
    /// Says in the closing line how often each kind of fault fired in each phase.
    #[arg(long)]
    counts: bool,
    /// Says for each kind of fault which day shows a planted bug with it and none without; needs the
    /// feature `mutants`.
    #[arg(long, conflicts_with = "one")]
    kinds: bool,
    /// Without a kind of fault; may be said more than once.
    #[arg(long, value_parser = kind, value_name = "KIND", conflicts_with = "only")]
    without: Vec<Kind>,
    /// With these kinds of faults only.
    #[arg(long, value_parser = kind, value_name = "KIND")]
    only: Vec<Kind>,
    /// Lets the same days happen to other people's rules and counts from the channel's ledger.
    #[arg(long, conflicts_with = "one")]
    policies: bool,
}

fn main() -> ExitCode {
    let asked = Asked::parse();
    let done = if asked.kinds {
        kinds(&asked.seeds)
    } else if asked.policies {
        policies(&mut io::stdout().lock(), asked.seeds)
    } else if let Some(seed) = asked.one {
        one(&mut io::stdout().lock(), seed, &asked)
    } else {
        many(&mut io::stdout().lock(), &asked)
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) | Err(_) => ExitCode::FAILURE,
    }
}

impl Asked {
    /// Which faults may happen.
    fn faults(&self) -> Faults {
        if self.only.is_empty() {
            return self.without.iter().fold(Faults::ALL, |faults, kind| faults.without(*kind));
        }
        self.only.iter().fold(Faults::NONE, |faults, kind| faults.with(*kind))
    }
}

fn kind(text: &str) -> Result<Kind, String> {
    let names: Vec<&str> = Kind::ALL.into_iter().map(Kind::name).collect();
    Kind::named(text).ok_or_else(|| format!("a kind of fault is one of {}", names.join(", ")))
}

fn many(out: &mut impl Write, asked: &Asked) -> io::Result<bool> {
    let summary = run_many(asked.seeds.clone(), asked.faults());
    for failure in &summary.failures {
        tell(out, failure)?;
    }
    if asked.verbose {
        for ((fault, phase), count) in &summary.fired.0 {
            let phase = if phase.is_empty() { "-" } else { phase };
            writeln!(out, "{fault:<28} {phase:<12} {count:>8}")?;
        }
    }
    let Summary { histories, failures, fired, trace, .. } = &summary;
    let (violations, faults) = (failures.len(), fired.total());
    let kinds = u64::try_from(summary.kinds).unwrap_or(0);
    write!(
        out,
        "simulate histories={histories} violations={violations} trace={trace:016x} \
         faults={faults} operations_min={} operations_mean={} kinds_min={} kinds_mean={}",
        summary.operations_min,
        summary.operations / histories,
        summary.kinds_min,
        kinds / histories,
    )?;
    if asked.counts {
        for ((kind, phase), count) in summary.fired.by_kind() {
            let phase = if phase.is_empty() { "none".to_owned() } else { phase };
            write!(out, " {}.{phase}={count}", kind.name())?;
        }
    }
    writeln!(out)?;
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

fn one(out: &mut impl Write, seed: u64, asked: &Asked) -> io::Result<bool> {
    let plan = Plan { faults: asked.faults(), ..Plan::of(seed) };
    let Outcome { broken, trace: lines, fired, operations, .. } = run_plan_checked(&plan);
    if asked.trace || !broken.is_empty() {
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
        "simulate histories=1 violations={violations} trace={hash:016x} faults={faults} \
         operations={operations} kinds={}",
        fired.kinds().len()
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

/// Plants for each kind of fault the bug that it shows.
#[cfg(feature = "mutants")]
fn kinds(seeds: &Range<u64>) -> io::Result<bool> {
    use mianfu_tests::simulation::mutants::SHOWN;

    let mut out = io::stdout().lock();
    let mut matter = 0;
    for shown in SHOWN {
        let with = shown.hunt(seeds.clone(), true);
        let until = with.map_or(seeds.end, |seed| seed + 1);
        let without = shown.hunt(seeds.start..until, false);
        let (kind, bug) = (shown.kind.name(), shown.bug);
        writeln!(out, "{kind:<14} {bug:<36} with {with:?}, without {without:?}")?;
        matter += usize::from(with.is_some() && without.is_none());
    }
    writeln!(out, "simulate kinds={} matter={matter}", SHOWN.len())?;
    Ok(matter == SHOWN.len())
}

#[cfg(not(feature = "mutants"))]
fn kinds(_seeds: &Range<u64>) -> io::Result<bool> {
    let what = "this program was built without planted bugs: build it with `--features mutants`";
    writeln!(io::stdout().lock(), "{what}")?;
    Ok(false)
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let wrong = || format!("`{text}` is not `A..B`");
    let (from, to) = text.split_once("..").ok_or_else(wrong)?;
    let number = |text: &str| text.trim().parse::<u64>().map_err(|_| wrong());
    let range = number(from)?..number(to)?;
    if range.is_empty() { Err(format!("`{text}` holds no seed")) } else { Ok(range) }
}
