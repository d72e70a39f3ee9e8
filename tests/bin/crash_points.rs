//! `mianfu-crash-points`: every crash point of every scripted flow.

use std::io::{self, Write};
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use clap::Parser;
use mianfu_tests::crash_points::flows::{Flow, all};
use mianfu_tests::crash_points::points::Kind;
use mianfu_tests::crash_points::runs::{Scope, Share, Summary, Violation, live, run, whole};
use mianfu_tests::simulation::disk::Fate;
use mianfu_tests::simulation::disk::counted::Cut;
use mianfu_tests::simulation::script::Harm;

/// How the last line begins.
const CLOSING: &str = "crash points";
/// Shares for each process, so that none waits long for the slowest.
const SHARES_EACH: u64 = 6;

/// Lives through every crash point and judges each.
#[derive(Parser)]
struct Asked {
    /// Only this flow.
    #[arg(long, value_parser = flow)]
    flow: Option<String>,
    /// Only these kinds of points.
    #[arg(long, value_delimiter = ',', value_parser = kind)]
    kinds: Vec<Kind>,
    /// Only these models of a disk: `kept`, `lost`, or the number of a way of being torn.
    #[arg(long, value_delimiter = ',', value_parser = fate)]
    fates: Vec<Fate>,
    /// In how many ways unsynced writes are torn.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u64).range(1..=64))]
    torn: u64,
    /// Only one in so many points, drawn by place: always the same ones.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    one_in: u64,
    /// In how many processes; as many as the machine has cores where it is not said.
    #[arg(long)]
    processes: Option<u64>,
    /// Only this share, `K/N`, in this process.
    #[arg(long, value_parser = share)]
    share: Option<Share>,
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

fn flow(text: &str) -> Result<String, String> {
    let known = all().iter().any(|flow| flow.name == text);
    known.then(|| text.to_owned()).ok_or_else(|| "`--list` names the flows there are".to_owned())
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
    let Some(share) = asked.share else { return in_processes(out, asked) };
    let mut scope = Scope { one_in: asked.one_in, share, ..Scope::whole(asked.torn) };
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

/// Shares the points out to processes of this program, so that none waits for another's locks, and
/// adds up what they say.
fn in_processes(out: &mut impl Write, asked: &Asked) -> io::Result<bool> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let processes = asked.processes.unwrap_or(cores as u64).max(1);
    let of = processes * SHARES_EACH;
    let next = AtomicU64::new(0);
    let said = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..processes {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    if of <= place {
                        return;
                    }
                    let share = lived(place, of);
                    said.lock().unwrap_or_else(PoisonError::into_inner).push(share);
                }
            });
        }
    });
    let mut sums: Vec<(String, u64)> = Vec::new();
    let mut good = true;
    for share in said.into_inner().unwrap_or_else(PoisonError::into_inner) {
        let (ended_well, said) = share?;
        let mut lines: Vec<&str> = said.lines().collect();
        let closing = lines.pop().and_then(|line| line.strip_prefix(CLOSING)).unwrap_or_default();
        good &= ended_well && !closing.is_empty();
        for line in lines {
            writeln!(out, "{line}")?;
        }
        add(&mut sums, closing);
    }
    write!(out, "{CLOSING}")?;
    for (key, sum) in sums {
        write!(out, " {key}={sum}")?;
    }
    writeln!(out)?;
    Ok(good)
}

/// Lives through a share in a process of its own; says whether it ended well, and what it said.
fn lived(place: u64, of: u64) -> io::Result<(bool, String)> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(std::env::args_os().skip(1)).args(["--share", &format!("{place}/{of}")]);
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    Ok((output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned()))
}

/// Adds the figures of a share's closing line.
fn add(sums: &mut Vec<(String, u64)>, closing: &str) {
    let pairs = closing.split_whitespace().filter_map(|pair| pair.split_once('='));
    for (place, (key, value)) in pairs.enumerate() {
        let value = value.parse().unwrap_or(0);
        match sums.get_mut(place) {
            // Every share goes through the same flows.
            Some(_) if key == "flows" => (),
            Some((_, sum)) => *sum += value,
            None => sums.push((key.to_owned(), value)),
        }
    }
}

fn close(out: &mut impl Write, flows: usize, summary: &Summary) -> io::Result<bool> {
    let (points, violations) = (summary.total(), summary.violations.len());
    write!(out, "{CLOSING} flows={flows} points={points} violations={violations}")?;
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

fn share(text: &str) -> Result<Share, String> {
    let wrong = || format!("`{text}` is not `K/N`");
    let (place, of) = text.split_once('/').ok_or_else(wrong)?;
    let number = |text: &str| text.parse::<u64>().map_err(|_| wrong());
    let share = Share { place: number(place)?, of: number(of)? };
    if share.place < share.of { Ok(share) } else { Err(wrong()) }
}
