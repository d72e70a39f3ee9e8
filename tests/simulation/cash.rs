//! The drawer against the books: what the cashier did with coins and notes, and what the till says.

use super::oracle::{Case, note};
use super::record::{Broken, CashMove, Heap, Row};

const END: i64 = i64::MAX;

/// M16: the drawer holds what the books say: every sum that the till called kept is there once, as
/// the cashier counted it, and none is there that nobody counted.
pub(super) fn drawer_is_the_books(case: &Case<'_>, broken: &mut Vec<Broken>) {
    let tables = &case.record.tables;
    for order in tables.orders.iter().filter(|row| row.int("cash_fen") != Some(0)) {
        let known = || case.record.cash.iter().filter(|cash| !cash.forgotten);
        let moves = || known().filter(|cash| is_of(cash, order));
        // One that could not say so any more may have taken it: the power went in between.
        let counted = moves().any(|cash| is_counted(cash, order));
        if !counted && !is_inherited(case, order) {
            let what = format!("order {} took cash that nobody counted", order.text("order_no"));
            note(broken, "M16", END, what);
        }
    }
    for cash in case.record.cash.iter().filter(|cash| cash.said && !cash.forgotten) {
        let kept = match &cash.of {
            Heap::Back(intent_id) => {
                let backs = tables.cash_refunds.iter();
                backs.filter(|row| row.text("intent_id") == intent_id).count() == 1
            }
            Heap::Intent(_) | Heap::Order(_) => {
                let mut orders = tables.orders.iter().filter(|order| is_of(cash, order));
                orders.next().is_some_and(|order| is_counted(cash, order))
                    && orders.next().is_none()
            }
        };
        if !kept {
            let what = format!("{:?}: {} fen are not as they were counted", cash.of, cash.due_fen);
            note(broken, "M16", END, what);
        }
    }
    gone_back(case, broken);
}

/// What went back of an order is the sum of its refunds and never more than it took.
fn gone_back(case: &Case<'_>, broken: &mut Vec<Broken>) {
    let tables = &case.record.tables;
    for order in &tables.orders {
        let number = order.text("order_no");
        let backs = tables.cash_refunds.iter().filter(|row| row.text("order_no") == number);
        let sum_fen: i64 = backs.filter_map(|row| row.int("amount_fen")).sum();
        let (cash_fen, back_fen) = (order.int("cash_fen"), order.int("cash_back_fen"));
        if back_fen != Some(sum_fen) || cash_fen < back_fen {
            let what = format!("order {number}: {sum_fen} fen went back of {cash_fen:?} in cash");
            note(broken, "M16", END, what);
        }
    }
}

fn is_of(cash: &CashMove, order: &Row) -> bool {
    match &cash.of {
        Heap::Intent(intent_id) => order.text("intent_id") == intent_id,
        Heap::Order(number) => order.text("order_no") == number,
        Heap::Back(_) => false,
    }
}

/// Says whether an order holds what the cashier counted: what is owed less what is let go.
fn is_counted(cash: &CashMove, order: &Row) -> bool {
    order.int("due_fen") == Some(cash.due_fen)
        && order.int("rounded_fen") == Some(cash.rounded_fen)
        && order.int("cash_fen") == Some(cash.due_fen - cash.rounded_fen)
        && order.int("received_fen") == Some(cash.received_fen)
}

/// Says whether an earlier history left the order: its cash stood in the log at the first look.
fn is_inherited(case: &Case<'_>, order: &Row) -> bool {
    let first_ms = case.record.log.first().map(|line| line.seen_ms);
    let number = order.text("order_no");
    let mut lines = case.record.log.iter().filter(|line| line.table == "sale_order");
    lines.any(|line| {
        let took = line.row.int("cash_fen").is_some_and(|cash_fen| cash_fen != 0);
        line.key == number && took && Some(line.seen_ms) == first_ms
    })
}
