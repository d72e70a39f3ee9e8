//! Times of interleaved rounds and what they come to. Whole numbers only: nanoseconds, per mille.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Returns how long the work took, in ns, and what it gave.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures the machine's time")]
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (u64, T) {
    let begun = Instant::now();
    let gave = work();
    (nanoseconds(begun.elapsed()), gave)
}

/// Returns how long the processor was at the work, in ns, and what it gave: what else the machine
/// does meanwhile does not count.
pub(crate) fn worked<T>(work: impl FnOnce() -> T) -> (u64, T) {
    let begun = processor_ns();
    let gave = work();
    (processor_ns().saturating_sub(begun), gave)
}

fn processor_ns() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let whole = |number: i64| u64::try_from(number).unwrap_or(0);
    whole(time.tv_sec) * 1_000_000_000 + whole(time.tv_nsec)
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Returns the median of some numbers; zero where there are none.
pub(crate) fn median(numbers: &[u64]) -> u64 {
    quantile(numbers, 50)
}

/// Returns a quantile in per cent.
pub(crate) fn quantile(numbers: &[u64], per_cent: usize) -> u64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    let place = sorted.len().saturating_sub(1) * per_cent / 100;
    sorted.get(place).copied().unwrap_or(0)
}

/// Writes a number of thousandths with two decimals, rounded up: a goal is not met by rounding.
pub(crate) fn thousandths(number: u64) -> String {
    let hundredths = number.div_ceil(10);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// The line of a figure: the median ratio and the distance between its quartiles.
pub(crate) fn line(figure: &str, per_mille: &[u64], goal: u64, more: &str) -> String {
    let spread = quantile(per_mille, 75) - quantile(per_mille, 25);
    format!(
        "bench figure={figure} ratio={} goal={} iqr={} rounds={}{more}",
        thousandths(median(per_mille)),
        thousandths(goal),
        thousandths(spread),
        per_mille.len(),
    )
}
