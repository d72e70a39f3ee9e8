//! R11b: the relay's machine is gone without a word while the till believes that it listens; how
//! long a payment stays unseen. The customer pays at every moment between two of the till's
//! questions.

use std::time::Duration;

use crate::Failure;
use crate::paid::{Shop, Way};
use crate::rounds::median;

/// Sales, and how much later each is paid than the one before.
const SALES: u32 = 12;
const LATER_MS: u64 = 430;
const GOAL_MS: u64 = 5_000;

/// Measures R11b.
pub(crate) fn measure() -> Result<String, Failure> {
    let mut shop = Shop::open()?;
    let mut times = Vec::new();
    for sale in 0..SALES {
        let after = Duration::from_millis(u64::from(sale) * LATER_MS);
        times.push(shop.paid_ns(Way::RelayGone, after)? / 1_000_000);
    }
    let slowest = times.iter().copied().max().unwrap_or(u64::MAX);
    let report = format!(
        "bench figure=R11b slowest_ms={slowest} goal_ms={GOAL_MS} median_ms={} sales={SALES} lost=0",
        median(&times),
    );
    if slowest <= GOAL_MS { Ok(report) } else { Err(report.into()) }
}
