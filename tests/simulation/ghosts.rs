//! What a till on a copied disk lets be (M19): nothing that the original began is asked for again,
//! and nothing of it goes back but what both would give back alike.

use super::oracle::{Case, note};
use super::record::{Broken, Call, Deed, Row};

/// M19: the copy sends no submit of a number that came with the disk.
pub(super) fn a_copy_asks_for_nothing(case: &Case<'_>, broken: &mut Vec<Broken>) {
    for call in case.record.calls.iter().filter(|call| call.is_submit()) {
        if case.row_at_the_copy(&call.no).is_some() {
            let what = format!("{} was sent by a copy", call.no);
            note(broken, "M19", call.left_ms, what);
        }
    }
}

/// M19: the copy ends nothing and gives nothing back of what came with the disk, but for what both
/// tills do in the same way, and what a person asks for.
pub(super) fn a_copy_gives_nothing_back(case: &Case<'_>, broken: &mut Vec<Broken>) {
    for call in &case.record.calls {
        let Some(row) = case.row_at_the_copy(&call.no) else { continue };
        let may_leave = match call.deed() {
            Some(Deed::Reverse | Deed::Close) => is_ended_by_both(row),
            Some(Deed::Refund) => is_given_back_by_both(case, call, row),
            Some(Deed::Submit | Deed::Query | Deed::RefundQuery) | None => true,
        };
        if !may_leave {
            let what = format!("{} of {} left a copy", call.method, call.no);
            note(broken, "M19", call.left_ms, what);
        }
    }
}

/// A reversal had left when the disk was copied, or cash had taken the attempt's place.
fn is_ended_by_both(row: &Row) -> bool {
    !row.text("reversal_left_at_ms").is_empty() || row.is("unwanted")
}

/// The refund's number was settled when the disk was copied; or a rule gives the whole back at both
/// tills under the first number; or a person asked for it here since.
fn is_given_back_by_both(case: &Case<'_>, call: &Call, attempt: &Row) -> bool {
    let number = call.refund_no.strip_prefix(&call.no);
    let nth = number.and_then(|rest| rest.strip_prefix('R'));
    let of_number = |row: &Row| {
        row.text("out_trade_no") == call.no && Some(row.text("nth")) == nth && row.is("minted")
    };
    let mut lines = case.record.log.iter().enumerate().filter(|(_, line)| line.table == "refund");
    let Some((first, minted)) = lines.find(|(_, line)| of_number(&line.row)) else { return false };
    if first < case.record.copied {
        return true;
    }
    let before = &case.record.log[..case.record.copied];
    if before.iter().any(|line| line.table == "refund" && line.key == minted.key) {
        return false;
    }
    if minted.row.text("why") == "person" {
        return !case.was_open_at_the_copy(&call.no);
    }
    let whole = minted.row.text("amount_fen") == attempt.text("amount_fen") && nth == Some("1");
    whole && case.was_open_at_the_copy(&call.no) && is_ended_by_both(attempt)
}
