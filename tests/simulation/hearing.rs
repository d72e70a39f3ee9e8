//! What a till may lose by a relay: seconds, and a question.
//!
//! Looked at only where nothing else goes wrong; a network that is down makes any till late.

use mianfu_practice::Truth;

use super::record::{Broken, Call, Deed, Record, is_end};

/// From a payment to its being kept, in ms: four and a half seconds between two questions, and the ways of one
/// that had just left and of the next.
const SEEN_MS_MAX: i64 = 6_500;

/// Returns what a relay did to tills that it must not be able to do.
#[must_use]
pub fn harmed(records: &[&Record], truth: &Truth) -> Option<Broken> {
    seen_late(records, truth).or_else(|| asked_twice(records))
}

/// R11b: a shown code that was paid is seen to be, whatever becomes of its notice.
#[must_use]
pub fn seen_late(records: &[&Record], truth: &Truth) -> Option<Broken> {
    records.iter().find_map(|record| {
        let mut shown = record.log.iter().filter(|line| line.row.text("flow") == "show");
        let late = shown.find(|line| {
            let trade = truth.trade(&line.key);
            let paid_ms = trade.and_then(|trade| trade.paid_ms);
            let seen = line.row.text("phase") == "paid";
            seen && paid_ms.is_some_and(|paid_ms| SEEN_MS_MAX < line.seen_ms - paid_ms)
        })?;
        let what = format!("{} was seen to be paid long after it was", late.key);
        Some(Broken { invariant: "R11b", at_ms: late.seen_ms, what })
    })
}

/// Law 7: what is over is never asked about twice at once, however often a notice of it comes.
#[must_use]
pub fn asked_twice(records: &[&Record]) -> Option<Broken> {
    records.iter().find_map(|record| {
        let over: Vec<&Call> =
            record.calls.iter().filter(|call| is_about_an_end(record, call)).collect();
        let twice = over.iter().enumerate().find(|(place, call)| {
            over[..*place].iter().any(|other| {
                let heard_ms = other.heard.as_ref().map_or(i64::MAX, |heard| heard.at_ms);
                other.no == call.no && other.start == call.start && call.left_ms < heard_ms
            })
        });
        let (_, call) = twice?;
        let what = format!("{} is over and was asked about twice at once", call.no);
        Some(Broken { invariant: "law7", at_ms: call.left_ms, what })
    })
}

fn is_about_an_end(record: &Record, call: &Call) -> bool {
    let mut lines = record.log[..call.log_len].iter().filter(|line| line.table == "attempt");
    call.deed() == Some(Deed::Query)
        && lines.any(|line| line.key == call.no && is_end(line.row.text("phase")))
}
