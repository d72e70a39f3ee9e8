//! Every statement walks an index: none reads a whole table that grows with the shop.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, StatementStatus};

use crate::{attempts, cash, epochs, events, findings, meta, open, orders, queue, refunds};

/// Partial indexes of open rows only; `old_epoch` is bounded.
const SMALL: [&str; 10] = [
    "SCAN attempt USING INDEX attempt_live",
    "SCAN attempt USING INDEX attempt_refunding",
    "SCAN attempt_open",
    "SCAN attempt USING INDEX attempt_held",
    "SCAN refund USING INDEX refund_open",
    "SCAN refund USING INDEX refund_held",
    "SCAN refund USING COVERING INDEX refund_due",
    "SCAN finding USING INDEX finding_open",
    "SCAN old_epoch USING INDEX old_epoch_to_ask",
    // A row for each restore and each move of the database.
    "SCAN old_epoch",
];

#[test]
fn no_statement_scans_a_table_that_grows() {
    let conn = Connection::open_in_memory().unwrap();
    conn.execute_batch(&open::SCHEMA.concat()).unwrap();
    for sql in all().filter(|sql| !events::TAIL_STATEMENTS.contains(sql)) {
        for step in plan(&conn, sql) {
            // The queue holds what is unknown and nothing else; `earlier` is its name inside a query.
            let queue = step.starts_with("SCAN operation") || step == "SCAN earlier";
            let scans = step.starts_with("SCAN") && !queue;
            assert!(!scans || SMALL.contains(&step.as_str()), "{step}\n{sql}");
            let small = sql.contains("FROM operation") || sql.contains("FROM attempt_open");
            let sorts = step.contains("TEMP B-TREE") && !small;
            assert!(!sorts, "{step}\n{sql}");
        }
    }
}

#[test]
fn the_logs_tail_is_read_from_its_end() {
    let conn = Connection::open_in_memory().unwrap();
    conn.execute_batch(&open::SCHEMA.concat()).unwrap();
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

#[test]
fn a_statement_is_compiled_once_however_often_it_is_bound() {
    let conn = open::connect(Path::new(":memory:"), None, OpenFlags::SQLITE_OPEN_CREATE).unwrap();
    conn.execute_batch(&open::SCHEMA.concat()).unwrap();
    for sql in all().filter(|sql| sql.starts_with("SELECT")) {
        let mut statement = conn.prepare(sql).unwrap();
        for value in 1..4 {
            for index in 1..=statement.parameter_count() {
                statement.raw_bind_parameter(index, value).unwrap();
            }
            let mut rows = statement.raw_query();
            while rows.next().unwrap().is_some() {}
        }
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0, "{sql}");
    }
}

#[test]
fn a_row_is_read_by_the_places_of_its_columns() {
    let conn = Connection::open_in_memory().unwrap();
    conn.execute_batch(&open::SCHEMA.concat()).unwrap();
    let hashed = [
        &attempts::ATTEMPT,
        &cash::CASH_REFUND,
        &epochs::OLD_EPOCH,
        &findings::FINDING,
        &meta::META,
        &orders::ORDER,
        &queue::OPERATION,
        &refunds::REFUND,
    ];
    for table in hashed {
        let columns: Vec<&str> = table.columns.iter().copied().chain(["row_hash"]).collect();
        assert_eq!(columns_of(&conn, table.name), columns, "{}", table.name);
    }
    let columns: Vec<&str> =
        events::EVENT.columns.iter().copied().chain(["prev_hash", "hash"]).collect();
    assert_eq!(columns_of(&conn, events::EVENT.name), columns);
    assert_eq!(columns_of(&conn, "attempt_open"), columns_of(&conn, "attempt"));
}

fn columns_of(conn: &Connection, table: &str) -> Vec<String> {
    let statement = conn.prepare(&format!("SELECT * FROM {table}")).unwrap();
    statement.column_names().into_iter().map(str::to_owned).collect()
}

fn all() -> impl Iterator<Item = &'static str> {
    let tables = [
        attempts::STATEMENTS,
        cash::STATEMENTS,
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
