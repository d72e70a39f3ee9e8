//! The books at the end: the till's tables against the channel's ledger.

use std::collections::BTreeMap;

use mianfu_practice::Truth;
use mianfu_practice::truth::RefundBy;

use super::copies::COPIED;
use super::oracle::{Case, net_fen, note, refund_row, was_put_back};
use super::record::{Broken, Record, Row, is_end};

const END: i64 = i64::MAX;

/// I1: what an order's numbers hold at the channel is what the till calls paid, less what people
/// refunded; with cash in a wallet's place nothing of the wallet's stays.
pub(super) fn conserved(case: &Case<'_>, broken: &mut Vec<Broken>) {
    let tables = &case.record.tables;
    for order in &tables.orders {
        let number = order.text("order_no");
        let due_fen = order.int("due_fen").unwrap_or(0);
        let cash_fen = order.int("cash_fen").unwrap_or(0) + order.int("rounded_fen").unwrap_or(0);
        let (mut held_there, mut paid_here, mut by_people) = (0, 0, 0);
        for attempt in tables.attempts.iter().filter(|row| row.text("order_no") == number) {
            let no = attempt.text("out_trade_no");
            let trade = case.truth.trade(no);
            if attempt.text("phase") == "held" || waits_for_the_manager(case.record, attempt) {
                continue;
            }
            // The original's books hold what becomes of it.
            let elsewhere = case.is_the_originals(no);
            held_there += trade.filter(|_| !elsewhere).map_or(0, |trade| net_fen(trade, END));
            if attempt.text("phase") == "paid" && !elsewhere {
                paid_here += attempt.int("amount_fen").unwrap_or(0);
                by_people += trade.map_or(0, |trade| {
                    trade.refunded_fen() - case.returned_by_rule_fen(trade, END)
                });
            }
        }
        if held_there != paid_here - by_people {
            let what = format!(
                "order {number}: the channel holds {held_there} fen, the till calls {paid_here} \
                 paid less {by_people} refunded"
            );
            note(broken, "I1", END, what);
        }
        if paid_here + cash_fen != 0 && paid_here + cash_fen != due_fen {
            let what = format!("order {number}: due {due_fen}, paid {paid_here}, cash {cash_fen}");
            note(broken, "I1", END, what);
        }
    }
}

/// I4: every capture is an attempt of a till, at an end that knows of the money; at every till that
/// knows the attempt.
pub(super) fn every_capture_is_known(records: &[&Record], truth: &Truth, broken: &mut Vec<Broken>) {
    for capture in truth.captures() {
        let no = capture.out_trade_no;
        let attempts: Vec<&Row> =
            records.iter().filter_map(|record| record.tables.attempt(no)).collect();
        // What was sold and given back after the last backup moved nothing in the end, and is asked
        // about without a finding.
        let undone = records.iter().any(|record| was_put_back(record))
            && truth.trade(no).is_some_and(|trade| trade.refunded_fen() == trade.amount_fen);
        if attempts.is_empty() && !undone {
            note(broken, "I4", END, format!("{no} was captured and no till knows it"));
        }
        // Late money is found by one till and gone by the time a copy of it asks.
        let known = |attempt: &&Row| match attempt.text("phase") {
            "paid" | "returned" | "held" => true,
            // A database that was put back may not know that late money was found and went back.
            "closed" | "declined" => {
                attempt.is("late_money")
                    || reversed_late(truth, no)
                    || went_back(records, truth, no)
            }
            _ => false,
        };
        let told = records.iter().any(|record| {
            record.tables.attempt(no).is_some_and(|row| waits_for_the_manager(record, row))
        });
        if let (Some(attempt), None, false) =
            (attempts.first(), attempts.iter().copied().find(|row| known(row)), told)
        {
            let phase = attempt.text("phase");
            note(broken, "I4", END, format!("{no} was captured and the till says {phase}"));
        }
    }
}

/// Says whether a till that had found the money sent all of it back before its database was put back.
fn went_back(records: &[&Record], truth: &Truth, no: &str) -> bool {
    let back = truth.trade(no).is_some_and(|trade| trade.refunded_fen() == trade.amount_fen);
    let found = |record: &&Record| {
        let mut lines = record.log.iter().filter(|line| line.key == no);
        was_put_back(record) && lines.any(|line| line.row.is("late_money"))
    };
    back && records.iter().any(found)
}

/// Says whether the till's own reversal reached the channel a second time, after the money did, and
/// took all of it back: nothing is held and nothing is left to do.
fn reversed_late(truth: &Truth, no: &str) -> bool {
    truth.trade(no).is_some_and(|trade| {
        let by_cancel = trade.refunds.iter().all(|refund| refund.by == RefundBy::Cancel);
        by_cancel && trade.refunded_fen() == trade.amount_fen
    })
}

/// I1, I2: what the till says of an end is what the channel's ledger says.
pub(super) fn ends_are_true(case: &Case<'_>, broken: &mut Vec<Broken>) {
    for attempt in &case.record.tables.attempts {
        let no = attempt.text("out_trade_no");
        let amount_fen = attempt.int("amount_fen").unwrap_or(0);
        let trade = case.truth.trade(no);
        let captured = trade.and_then(|trade| trade.paid_ms).is_some();
        match attempt.text("phase") {
            "paid" => {
                let by_rule = trade.map_or(0, |trade| case.returned_by_rule_fen(trade, END));
                let same = trade.is_some_and(|trade| trade.amount_fen == amount_fen);
                if !captured || !same {
                    note(broken, "I2", END, format!("{no} is paid here and not there"));
                } else if by_rule != 0 {
                    let what = format!("{no} is paid and {by_rule} fen went back unasked");
                    note(broken, "I1", END, what);
                }
            }
            "returned" => {
                let back = trade.is_some_and(|trade| trade.refunded_fen() == trade.amount_fen);
                if !captured || !back {
                    note(broken, "I1", END, format!("{no} is returned here and not there"));
                }
            }
            _ => (),
        }
    }
}

/// I1: a refund is done here exactly where the channel did it, once, with one amount.
pub(super) fn refunds_are_true(case: &Case<'_>, broken: &mut Vec<Broken>) {
    for refund in &case.record.tables.refunds {
        let no = refund.text("out_trade_no");
        let refund_no = format!("{no}R{}", refund.text("nth"));
        let there = case.truth.trade(no).and_then(|trade| trade.refund(&refund_no));
        let amount_fen = refund.int("amount_fen");
        let (phase, minted) = (refund.text("phase"), refund.is("minted"));
        let same = there.map(|there| there.amount_fen) == amount_fen;
        if phase == "done" && !same {
            note(broken, "I1", END, format!("refund {refund_no} is done here and not there"));
        }
        if phase != "done" && minted && same && !is_shared(case, refund) {
            note(broken, "I1", END, format!("refund {refund_no} was made and is {phase} here"));
        }
    }
}

/// I6: what the channel gave back was asked for, and is never more than it took.
pub(super) fn refunds_were_asked_for(records: &[&Record], truth: &Truth, broken: &mut Vec<Broken>) {
    for trade in truth.trades() {
        let no = &trade.out_trade_no;
        for refund in trade.refunds.iter().filter(|refund| refund.by == RefundBy::Refund) {
            let number = &refund.out_request_no;
            if !records.iter().any(|record| refund_row(record, no, number).is_some()) {
                note(broken, "I6", END, format!("the channel made {number} and nobody asked"));
            }
        }
        let captured_fen = trade.paid_ms.map_or(0, |_| trade.amount_fen);
        if captured_fen < trade.refunded_fen() {
            let what = format!("{no}: {} fen went back of {captured_fen}", trade.refunded_fen());
            note(broken, "I6", END, what);
        }
    }
}

/// Says whether a refund of this attempt is held and its number carries another amount at the channel.
fn is_another_amount(case: &Case<'_>, refund: &Row, no: &str) -> bool {
    let refund_no = format!("{no}R{}", refund.text("nth"));
    let there = case.truth.trade(no).and_then(|trade| trade.refund(&refund_no));
    refund.text("out_trade_no") == no
        && refund.text("phase") == "held"
        && there.is_some_and(|there| Some(there.amount_fen) != refund.int("amount_fen"))
}

/// Says whether another row of the same number is the one that was done.
fn is_shared(case: &Case<'_>, refund: &Row) -> bool {
    case.record.tables.refunds.iter().any(|other| {
        other.text("phase") == "done"
            && other.text("out_trade_no") == refund.text("out_trade_no")
            && other.text("nth") == refund.text("nth")
    })
}

/// I13: money that came after an end went back in full, and the manager is told. A copy
/// finds it and leaves it: the original gives it back, or is paid with it.
pub(super) fn late_money_went_back(case: &Case<'_>, broken: &mut Vec<Broken>) {
    for trade in case.truth.trades().filter(|trade| trade.paid_ms.is_some()) {
        let no = &trade.out_trade_no;
        let Some(attempt) = case.record.tables.attempt(no) else { continue };
        if !["closed", "declined"].contains(&attempt.text("phase")) {
            continue;
        }
        let left = attempt.is("late_money") && case.was_left_to_the_original(no);
        let originals = case.is_the_originals(no);
        if left && originals {
            continue;
        }
        // Sold by the original and given back by a person there before the copy asked, or given back
        // there because cash had been taken.
        let told = left
            || originals
            || case.went_back_at_the_original(no)
            || case.was_found("late_money", no);
        if trade.refunded_fen() != trade.amount_fen {
            let what = format!("{no} was paid late and {} fen stay", net_fen(trade, END));
            note(broken, "I13", END, what);
        } else if !told && !reversed_late(case.truth, no) {
            note(broken, "I13", END, format!("{no} was paid late and nobody is told"));
        }
    }
}

/// Says whether a sale's money goes back no further by itself: its refund is held, and the manager
/// was told.
pub(super) fn waits_for_the_manager(record: &Record, attempt: &Row) -> bool {
    let no = attempt.text("out_trade_no");
    let mut refunds = record.tables.refunds.iter().filter(|row| row.text("out_trade_no") == no);
    attempt.text("phase") == "refunding"
        && refunds.any(|row| row.text("phase") == "held")
        && record.tables.findings.iter().any(|row| {
            row.text("kind") == "held"
                && row.text("said") == "refund"
                && row.text("out_trade_no") == no
        })
}

/// I22: no attempt, no refund, no operation is left but what waits for the manager.
pub(super) fn nothing_is_left_open(case: &Case<'_>, broken: &mut Vec<Broken>) {
    let tables = &case.record.tables;
    let waits = |row: &&Row| is_end(row.text("phase")) || waits_for_the_manager(case.record, row);
    for attempt in tables.attempts.iter().filter(|row| !waits(row)) {
        let what = format!("{} is {}", attempt.text("out_trade_no"), attempt.text("phase"));
        note(broken, "I22", END, what);
    }
    let ended = ["done", "refused", "held"];
    for refund in tables.refunds.iter().filter(|row| !ended.contains(&row.text("phase"))) {
        let what = format!("refund {} is {}", refund.text("refund_id"), refund.text("phase"));
        note(broken, "I22", END, what);
    }
    for operation in &tables.operations {
        let what = format!("the queue holds {}", operation.text("key"));
        note(broken, "I22", END, what);
    }
}

/// I19: a row is what the log says last of it.
pub(super) fn tables_are_the_logs(case: &Case<'_>, broken: &mut Vec<Broken>) {
    let mut last: BTreeMap<(&str, &str), &Row> = BTreeMap::new();
    for line in &case.record.log {
        last.insert((&line.table, &line.key), &line.row);
    }
    let tables = &case.record.tables;
    let orders = tables.orders.iter().map(|row| ("sale_order", "order_no", row));
    let attempts = tables.attempts.iter().map(|row| ("attempt", "out_trade_no", row));
    let refunds = tables.refunds.iter().map(|row| ("refund", "refund_id", row));
    for (table, key, row) in orders.chain(attempts).chain(refunds) {
        let key = row.text(key);
        let names = ["phase", "amount_fen", "due_fen", "cash_fen", "rounded_fen", "cash_back_fen"];
        let same = last
            .get(&(table, key))
            .is_some_and(|told| names.iter().all(|name| told.text(name) == row.text(name)));
        if !same {
            note(broken, "I19", END, format!("the log does not explain {table} {key}"));
        }
    }
}

/// What is found is what happened: nobody but the till returns money here, and no channel lies.
pub(super) fn findings_have_grounds(case: &Case<'_>, broken: &mut Vec<Broken>) {
    for finding in &case.record.tables.findings {
        let no = finding.text("out_trade_no");
        let trade = case.truth.trade(no);
        let attempt = case.record.tables.attempt(no);
        let grounds = match finding.text("kind") {
            "late_money" => trade.is_some_and(|trade| case.scanned_after_the_end(trade)),
            // Sold by a till whose database is gone: no call of this one asked for the money.
            "recovered" => trade.is_some_and(|trade| {
                let submitted =
                    case.record.calls.iter().any(|call| call.is_submit() && call.no == no);
                trade.paid_ms.is_some() && (!submitted || case.was_forgotten(no))
            }),
            "goods_gone_unpaid" => attempt.is_some_and(|attempt| {
                attempt.text("phase") != "paid"
                    && !["", COPIED].contains(&attempt.text("goods_gone_by"))
            }),
            // What another till sent back, this one before its database was put back, a reversal that
            // arrived twice, or an answer from before the money went back that came after it.
            "contradicted" | "returned_by_others" => {
                let elsewhere = 1 < case.all.len() || case.was_put_back();
                (elsewhere || reversed_late(case.truth, no) || case.was_told_of_before(no))
                    && trade.is_some_and(|trade| !trade.refunds.is_empty())
            }
            // Two tills gave back under one number, this one not what the channel did.
            "held" if finding.text("said") == "refund" => {
                case.record.tables.refunds.iter().any(|refund| is_another_amount(case, refund, no))
            }
            "held" if finding.text("said") == COPIED => case.row_at_the_copy(no).is_some(),
            // Paid and given back, if only in part, before this database knew of the payment.
            "held" if attempt.is_some_and(|row| row.text("hold_reason") == "already_paid") => {
                let elsewhere = 1 < case.all.len() || case.was_put_back();
                elsewhere && trade.is_some_and(|trade| !trade.refunds.is_empty())
            }
            // An honest payment looks too early under a clock that was set since the sale was kept; a
            // person decides.
            "held" => attempt.is_some_and(|attempt| {
                attempt.text("hold_reason") == "paid_too_early" && case.was_clock_set()
            }),
            _ => false,
        };
        if !grounds {
            let what = format!("{no}: a finding `{}` without grounds", finding.text("kind"));
            note(broken, "I12", END, what);
        }
    }
    for attempt in &case.record.tables.attempts {
        let gone = !attempt.text("goods_gone_by").is_empty();
        let no = attempt.text("out_trade_no");
        let unpaid = !["paid", "held"].contains(&attempt.text("phase"));
        let told = match attempt.text("goods_gone_by") {
            COPIED => case.was_open_at_the_copy(no) && case.was_left_to_the_original(no),
            _ => case.was_found("goods_gone_unpaid", no),
        };
        if gone && unpaid && !told {
            note(broken, "I12", END, format!("{no}: goods gone unpaid and nobody is told"));
        }
    }
}
