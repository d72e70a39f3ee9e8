//! P6: from the start of the process to a usable window that has painted, against a bare window of
//! the same size on the same display, interleaved. The page says so by its title.

use std::path::{Path, PathBuf};

use mianfu_tests::window::Desk;

use crate::rounds::{line, median, timed};

/// Rounds; the first warms the caches and is not counted.
const ROUNDS: u32 = 16;
/// 1.20, in per mille.
const GOAL: u64 = 1_200;

/// Measures P6.
pub(crate) fn measure() -> Result<String, Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let till = beside("mianfu");
    let bare = beside("examples/bare");
    let desk = Desk::new()?;
    let mut ratios = Vec::new();
    let (mut tills, mut bares) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let ours = cold_start(&runtime, &desk, &till)?;
        let theirs = cold_start(&runtime, &desk, &bare)?;
        if 0 < round {
            ratios.push(ours * 1_000 / theirs.max(1));
            tills.push(ours / 1_000_000);
            bares.push(theirs / 1_000_000);
        }
    }
    let more = format!(" till_ms={} bare_ms={}", median(&tills), median(&bares));
    let report = line("P6", &ratios, GOAL, &more);
    if GOAL < median(&ratios) { Err(report.into()) } else { Ok(report) }
}

fn beside(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    own.parent().unwrap_or(Path::new(".")).join(name)
}

/// Returns the ns from the start of a program to its first word, and ends it with all it started.
fn cold_start(
    runtime: &tokio::runtime::Runtime,
    desk: &Desk,
    program: &Path,
) -> Result<u64, Box<dyn std::error::Error>> {
    let (time, spoken) = timed(|| desk.until_it_speaks(program, &[("MIANFU_TELL_READY", "1")]));
    runtime.block_on(spoken?.end())?;
    Ok(time)
}
