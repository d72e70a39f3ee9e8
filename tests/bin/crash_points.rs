//! `mianfu-crash-points`: every crash point of every scripted flow.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use mianfu_tests::crash_points::flows::{Flow, all};
use mianfu_tests::crash_points::points::Kind;
use mianfu_tests::crash_points::runs::{Scope, Summary, Violation, live, run, whole};
use mianfu_tests::simulation::disk::Fate;
use mianfu_tests::simulation::disk::counted::Cut;
use mianfu_tests::simulation::script::Harm;

/// Lives through every crash point and judges each.
#[derive(Parser)]
struct Asked {
    /// Only this flow.
    #[arg(long)]
    flow: Option<String>,
    /// Only these kinds of points.
    #[arg(long, value_delimiter = ',', value_parser = kind)]
    kinds: Vec<Kind>,
    /// Only these models of a disk: `kept`, `lost`, or the number of a way of being torn.
    #[arg(long, value_delimiter = ',', value_parser = fate)]
    fates: Vec<Fate>,
    /// In how many ways unsynced writes are torn.
    #[arg(long, default_value_t = 6)]
    torn: u64,
    /// Lists the flows and what each does, and stops.
    #[arg(long)]
    list: bool,
    /// Prints one history of the one flow: the power goes at this change, as `--fates` says.
    #[arg(long, requires = "flow")]
    cut: Option<u64>,
    /// And goes again at this change after it came back.
    #[arg(long, requires = "cut")]
    then: Option<u64>,
}

fn main() -> ExitCode {
    match enumerate(&Asked::parse(), &mut io::stdout().lock()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) | Err(_) => ExitCode::FAILURE,
    }
}

fn enumerate(asked: &Asked, out: &mut impl Write) -> io::Result<bool> {
    let mut flows = all();
    flows.retain(|flow| asked.flow.as_ref().is_none_or(|name| name == flow.name));
    if asked.list {
        return list(out, &flows);
    }
    if let (Some(flow), Some(at)) = (flows.first(), asked.cut) {
        return one(out, flow, asked, at);
    }
    let mut scope = Scope::whole(asked.torn);
    if !asked.kinds.is_empty() {
        scope.kinds = asked.kinds.iter().copied().collect();
    }
    if !asked.fates.is_empty() {
        scope.fates.clone_from(&asked.fates);
    }
    let summary = run(&flows, &scope);
    for violation in summary.violations.iter().take(40) {
        tell(out, violation)?;
    }
    close(out, flows.len(), &summary)
}

fn close(out: &mut impl Write, flows: usize, summary: &Summary) -> io::Result<bool> {
    let (points, violations) = (summary.total(), summary.violations.len());
    write!(out, "crash points flows={flows} points={points} violations={violations}")?;
    for (name, kind) in Kind::ALL {
        write!(out, " {name}={}", summary.points.get(&kind).copied().unwrap_or(0))?;
    }
    writeln!(out)?;
    Ok(violations == 0)
}

fn list(out: &mut impl Write, flows: &[Flow]) -> io::Result<bool> {
    let (counts, violations) = whole(flows);
    for (flow, counted) in flows.iter().zip(&counts) {
        let (changes, calls) = (counted.disk.changes, counted.disk.calls);
        let (name, channel, ends) = (flow.name, counted.channel, flow.ends);
        writeln!(
            out,
            "{name:<28} {changes:>5} changes {calls:>5} calls {channel:>4} asked  {ends}"
        )?;
    }
    for violation in &violations {
        tell(out, violation)?;
    }
    Ok(violations.is_empty())
}

fn one(out: &mut impl Write, flow: &Flow, asked: &Asked, at: u64) -> io::Result<bool> {
    let fate = asked.fates.first().copied().unwrap_or(Fate::Lost);
    let cuts = [Some(at), asked.then].into_iter().flatten().map(|at| Cut { at, fate });
    let harm = if at == 0 { Harm::Nothing } else { Harm::Cuts(cuts.collect()) };
    let outcome = live(flow, &harm);
    for line in outcome.trace.lines() {
        writeln!(out, "{line}")?;
    }
    for broken in &outcome.broken {
        writeln!(out, "{} broken: {}", broken.invariant, broken.what)?;
    }
    writeln!(out, "ends: {}", outcome.ending)?;
    Ok(outcome.broken.is_empty())
}

fn tell(out: &mut impl Write, violation: &Violation) -> io::Result<()> {
    let Violation { flow, harm, broken } = violation;
    for broken in broken {
        writeln!(out, "{flow}, {harm:?}: {} broken: {}", broken.invariant, broken.what)?;
    }
    Ok(())
}

fn kind(text: &str) -> Result<Kind, String> {
    let found = Kind::ALL.into_iter().find(|(name, _)| *name == text);
    found.map(|(_, kind)| kind).ok_or_else(|| format!("`{text}` is no kind of points"))
}

fn fate(text: &str) -> Result<Fate, String> {
    match text {
        "kept" => Ok(Fate::Kept),
        "lost" => Ok(Fate::Lost),
        torn => torn.parse().map(Fate::Torn).map_err(|_| format!("`{text}` is no disk")),
    }
}
