//! `mianfu-mutants`: plants each bug in turn and says which trial notices it, and how soon.
//!
//! Each bug has a process of its own, so that one that hangs or kills its process ends no other
//! hunt, and no two hunts share SQLite's locks. The trials of damage and the tests beside the rules
//! are cargo's to run; `--tests-passed` says that they were.

use std::io::{self, Write};
use std::ops::Range;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::Parser;
use mianfu_tests::crash_points::flows::all;
use mianfu_tests::crash_points::mutants::{fates, hunt as hunt_points};
use mianfu_tests::simulation::mutants::{PLANTED, Trial, hunt};

/// How many of a hundred bugs must be noticed.
const GOAL_PER_CENT: usize = 95;

/// Plants each bug in turn and says which trial notices it.
#[derive(Parser)]
struct Asked {
    /// The bad days: seeds `A..B`, the second not included.
    #[arg(long, default_value = "0..300", value_parser = seeds)]
    seeds: Range<u64>,
    /// Says that the tests beside the rules passed with every bug of their lists planted.
    #[arg(long)]
    tests_passed: bool,
    /// Only this bug, in this process.
    #[arg(long)]
    bug: Option<String>,
    /// The one bug by the points of this flow, whatever trial it stands with.
    #[arg(long, requires = "bug")]
    flow: Option<String>,
    /// The one bug by bad days, whatever trial it stands with.
    #[arg(long, requires = "bug", conflicts_with = "flow")]
    days: bool,
}

fn main() -> ExitCode {
    let asked = Asked::parse();
    let out = &mut io::stdout();
    let done = match &asked.bug {
        Some(name) => one(out, name, &asked),
        None => every(out, &asked),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) | Err(_) => ExitCode::FAILURE,
    }
}

/// Hunts one bug and tells how it was noticed.
fn one(out: &mut impl Write, name: &str, asked: &Asked) -> io::Result<bool> {
    let Some((name, trial)) = PLANTED.iter().find(|(planted, _)| *planted == name) else {
        writeln!(out, "`{name}` is planted nowhere")?;
        return Ok(false);
    };
    let trial = match (&asked.flow, asked.days, *trial) {
        (Some(flow), _, _) => Hunt::Points(flow),
        (None, true, _) | (None, false, Trial::Days) => Hunt::Days,
        (None, false, Trial::Points(flow)) => Hunt::Points(flow),
        (None, false, Trial::Damage | Trial::Test) => {
            writeln!(out, "a test")?;
            return Ok(asked.tests_passed);
        }
    };
    let noticed = match trial {
        Hunt::Days => hunt(name, asked.seeds.clone())
            .map(|caught| format!("{} after {} days", caught.invariant, caught.histories)),
        Hunt::Points(flow) => {
            let flows = all();
            let flow = flows.iter().find(|other| other.name == flow);
            flow.and_then(|flow| {
                let caught = hunt_points(name, flow, &fates())?;
                Some(format!(
                    "{} after {} points of {}",
                    caught.invariant, caught.points, flow.name
                ))
            })
        }
    };
    writeln!(out, "{}", noticed.as_deref().unwrap_or("not noticed"))?;
    Ok(noticed.is_some())
}

enum Hunt<'a> {
    Days,
    Points(&'a str),
}

/// Hunts every bug on as many cores as the machine has.
fn every(out: &mut (impl Write + Send), asked: &Asked) -> io::Result<bool> {
    let program = std::env::current_exe()?;
    let next = AtomicUsize::new(0);
    let told = Mutex::new((out, Vec::new()));
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let hunts = |name: &str| -> io::Result<(bool, String)> {
        let mut command = Command::new(&program);
        let Range { start, end } = asked.seeds;
        command.args(["--bug", name, "--seeds", &format!("{start}..{end}")]);
        if asked.tests_passed {
            command.arg("--tests-passed");
        }
        let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output()?;
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Ok((output.status.success(), said))
    };
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((name, trial)) = PLANTED.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (noticed, said) = hunts(name)
                        .unwrap_or_else(|error| (false, format!("could not be hunted: {error}")));
                    if let Ok(mut told) = told.lock() {
                        // A line that cannot be printed is no reason to stop; the last one fails.
                        drop(writeln!(told.0, "{name:<34} {said}"));
                        told.1.push((*trial, noticed));
                    }
                }
            });
        }
    });
    let (out, hunted) = told.into_inner().unwrap_or_else(|error| error.into_inner());
    close(out, &hunted)
}

fn close(out: &mut impl Write, hunted: &[(Trial, bool)]) -> io::Result<bool> {
    let caught = |by: fn(&Trial) -> bool| {
        hunted.iter().filter(|(trial, noticed)| *noticed && by(trial)).count()
    };
    let (of, all) = (PLANTED.len(), caught(|_| true));
    writeln!(
        out,
        "simulate mutants={of} caught={all} days={} points={} damage={} tests={} goal={}",
        caught(|trial| *trial == Trial::Days),
        caught(|trial| matches!(trial, Trial::Points(_))),
        caught(|trial| *trial == Trial::Damage),
        caught(|trial| *trial == Trial::Test),
        (of * GOAL_PER_CENT).div_ceil(100),
    )?;
    Ok(of * GOAL_PER_CENT <= all * 100)
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let wrong = || format!("`{text}` is not `A..B`");
    let (from, to) = text.split_once("..").ok_or_else(wrong)?;
    let number = |text: &str| text.trim().parse::<u64>().map_err(|_| wrong());
    let range = number(from)?..number(to)?;
    if range.is_empty() { Err(format!("`{text}` holds no seed")) } else { Ok(range) }
}
