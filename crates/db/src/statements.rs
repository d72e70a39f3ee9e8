//! Every statement walks an index: none reads a whole table that grows with the shop.

use crate::{attempts, epochs, events, findings, meta, orders, queue, refunds};
use rusqlite::Connection;

/// Partial indexes hold open rows only; `operation` and `old_epoch` are bounded.
const SMALL: [&str; 6] = [
    "SCAN attempt USING INDEX attempt_due",
    "SCAN attempt USING COVERING INDEX attempt_due",
    "SCAN refund USING INDEX refund_open",
    "SCAN refund USING COVERING INDEX refund_due",
    "SCAN finding USING INDEX finding_open",
    "SCAN old_epoch USING INDEX old_epoch_to_ask",
];

#[test]
fn no_statement_scans_a_table_that_grows() {
    let conn = Connection::open_in_memory().unwrap();
    conn.execute_batch(include_str!("migrations/0001_till.sql")).unwrap();
    for sql in all().filter(|sql| !events::TAIL_STATEMENTS.contains(sql)) {
        for step in plan(&conn, sql) {
            // The queue holds what is unknown and nothing else; `earlier` is its name inside a query.
            let queue = step.starts_with("SCAN operation") || step == "SCAN earlier";
            let scans = step.starts_with("SCAN") && !queue;
            assert!(!scans || SMALL.contains(&step.as_str()), "{step}\n{sql}");
            let sorts = step.contains("TEMP B-TREE") && !sql.contains("FROM operation");
            assert!(!sorts, "{step}\n{sql}");
        }
    }
}

#[test]
fn the_logs_tail_is_read_from_its_end() {
    let conn = Connection::open_in_memory().unwrap();
    conn.execute_batch(include_str!("migrations/0001_till.sql")).unwrap();
    for sql in events::TAIL_STATEMENTS {
        assert_eq!(plan(&conn, sql), ["SCAN event"], "by the key, without a sort: {sql}");
        assert!(sql.contains("LIMIT"), "and only its last rows: {sql}");
    }
}

#[test]
fn every_list_has_an_order_and_a_limit() {
    for sql in all() {
        let reads_rows = sql.starts_with("SELECT *");
        let by_key = ["= 1", "= :order_no", "= :intent_id", "= :out_trade_no", "= :refund_id"]
            .into_iter()
            .chain(["= :key", "= :finding_id", "= :epoch"])
            .any(|key| sql.ends_with(key));
        let bounded = sql.contains("ORDER BY") && sql.contains("LIMIT");
        assert!(!reads_rows || by_key || bounded, "{sql}");
    }
}

fn all() -> impl Iterator<Item = &'static str> {
    let tables = [
        attempts::STATEMENTS,
        epochs::STATEMENTS,
        events::STATEMENTS,
        events::TAIL_STATEMENTS,
        findings::STATEMENTS,
        meta::STATEMENTS,
        orders::STATEMENTS,
        queue::STATEMENTS,
        refunds::STATEMENTS,
    ];
    tables.into_iter().flatten().copied()
}

fn plan(conn: &Connection, sql: &str) -> Vec<String> {
    let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let mut rows = statement.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        steps.push(row.get(3).unwrap());
    }
    steps
}
