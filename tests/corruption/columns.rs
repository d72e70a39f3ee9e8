//! What is flipped: single columns of rows, past every law of the schema.

use std::collections::BTreeSet;
use std::path::Path;

use mianfu_practice::chance::Chance;
use rusqlite::config::DbConfig;
use rusqlite::types::Value;
use rusqlite::{Connection, params};

/// A table, its key, and its columns that bear money: what is shown, added up, sent or asked.
pub(crate) struct Bearing {
    pub(crate) table: &'static str,
    key: &'static str,
    /// Where the row's order stands; empty where it belongs to none.
    order: &'static str,
    columns: &'static [&'static str],
}

/// Every table of money, and the log.
pub(crate) const BEARING: [Bearing; 8] = [
    Bearing {
        table: "meta",
        key: "id",
        order: "NULL",
        columns: &[
            "store",
            "till",
            "epoch",
            "counter",
            "last_order_no",
            "last_refund_id",
            "backup",
            "event_seq",
            "event_head",
            "row_hash",
        ],
    },
    Bearing {
        table: "sale_order",
        key: "order_no",
        order: "order_no",
        columns: &[
            "order_no",
            "due_fen",
            "cash_fen",
            "rounded_fen",
            "received_fen",
            "cash_back_fen",
            "cash_at_ms",
            "business_day",
            "version",
            "row_hash",
        ],
    },
    Bearing {
        table: "cash_refund",
        key: "cash_refund_id",
        order: "order_no",
        columns: &["cash_refund_id", "intent_id", "order_no", "amount_fen", "row_hash"],
    },
    Bearing {
        table: "attempt",
        key: "out_trade_no",
        order: "order_no",
        columns: &[
            "out_trade_no",
            "order_no",
            "flow",
            "amount_fen",
            "phase",
            "transaction_no",
            "paid_at_ms",
            "reason",
            "closed_how",
            "hold_reason",
            "channel_fen",
            "poll_at_ms",
            "sent_at_ms",
            "reversal_left_at_ms",
            "unwanted",
            "goods_gone_by",
            "late_money",
            "row_hash",
        ],
    },
    Bearing {
        table: "refund",
        key: "refund_id",
        order: "order_no",
        columns: &[
            "refund_id",
            "out_trade_no",
            "order_no",
            "amount_fen",
            "phase",
            "nth",
            "minted",
            "done_at_ms",
            "row_hash",
        ],
    },
    Bearing {
        table: "finding",
        key: "finding_id",
        order: "order_no",
        columns: &["kind", "order_no", "out_trade_no", "settled_at_ms", "row_hash"],
    },
    Bearing {
        table: "operation",
        key: "key",
        order: "order_no",
        columns: &["key", "kind", "order_no", "out_trade_no", "refund_id", "wedged", "row_hash"],
    },
    Bearing {
        table: "event",
        key: "seq",
        order: "order_no",
        columns: &["seq", "subject", "order_no", "detail", "row", "prev_hash", "hash"],
    },
];

/// One column of one row.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
    key: &'static str,
    pub(crate) is: Value,
    /// The order that it belongs to.
    pub(crate) order: Option<i64>,
}

/// A connection that obeys none of the schema's laws.
pub(crate) fn tampering(database: &Path) -> Connection {
    let conn = Connection::open(database).unwrap();
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false).unwrap();
    conn.execute_batch(
        "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON;
         PRAGMA synchronous = OFF;",
    )
    .unwrap();
    conn
}

/// Lists every money-bearing column of every row.
pub(crate) fn cells(database: &Path) -> Vec<Cell> {
    let conn = Connection::open(database).unwrap();
    let mut cells = Vec::new();
    for Bearing { table, key, order, columns } in &BEARING {
        let mut statement =
            conn.prepare(&format!("SELECT {key}, {order} FROM {table} ORDER BY {key}")).unwrap();
        let rows: Vec<(Value, Option<i64>)> = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        for (is, order) in rows {
            cells.extend(columns.iter().map(|column| Cell {
                table,
                column,
                key,
                is: is.clone(),
                order,
            }));
        }
    }
    cells
}

/// Lists the pages of a table.
pub(crate) fn pages_of(database: &Path, table: &str) -> Vec<usize> {
    let conn = Connection::open(database).unwrap();
    let mut statement = conn.prepare("SELECT pageno FROM dbstat WHERE name = ?1").unwrap();
    let pages = statement.query_map([table], |row| row.get::<_, i64>(0)).unwrap();
    pages.map(|page| usize::try_from(page.unwrap()).unwrap()).collect()
}

/// The tables whose rows go on, with their keys.
pub(crate) const KEYS: [(&str, &str); 3] =
    [("sale_order", "order_no"), ("attempt", "out_trade_no"), ("refund", "refund_id")];

/// Lists the rows that are another in an earlier database.
pub(crate) fn changed_since(database: &Path, earlier: &Path, table: &str, key: &str) -> Vec<Value> {
    let conn = attached(database, earlier);
    let sql = format!(
        "SELECT last.{key} FROM {table} AS last JOIN earlier.{table} AS was USING ({key})
         WHERE last.row_hash <> was.row_hash"
    );
    let mut statement = conn.prepare(&sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

/// Puts a row back to what it was in an earlier database.
pub(crate) fn put_back(database: &Path, earlier: &Path, table: &str, key: &str, is: &Value) {
    let conn = attached(database, earlier);
    let sql =
        format!("INSERT OR REPLACE INTO {table} SELECT * FROM earlier.{table} WHERE {key} = ?1");
    assert_eq!(conn.execute(&sql, [is]).unwrap(), 1);
}

fn attached(database: &Path, earlier: &Path) -> Connection {
    let conn = tampering(database);
    conn.execute("ATTACH ?1 AS earlier", [earlier.to_str().unwrap()]).unwrap();
    conn
}

impl Cell {
    /// Flips one bit of the value, past every law of the schema; indexes follow. Returns which
    /// orders are touched: where a row says another order than before, both.
    pub(crate) fn flip(&self, database: &Path, chance: &mut Chance) -> BTreeSet<i64> {
        let Cell { table, column, key, is, order } = self;
        let conn = tampering(database);
        let select = format!("SELECT {column} FROM {table} WHERE {key} = ?1");
        let before: Value = conn.query_row(&select, [is], |row| row.get(0)).unwrap();
        let typed: String = conn
            .query_row(
                "SELECT type FROM pragma_table_info(?1) WHERE name = ?2",
                params![table, column],
                |row| row.get(0),
            )
            .unwrap();
        let after = flipped(&before, &typed, chance);
        let update = format!("UPDATE OR REPLACE {table} SET {column} = ?1 WHERE {key} = ?2");
        assert_eq!(conn.execute(&update, params![after, is]).unwrap(), 1, "{self:?}");
        let mut orders: BTreeSet<i64> = order.iter().copied().collect();
        if *column == "order_no"
            && let Value::Integer(order) = after
        {
            orders.insert(order);
        }
        orders
    }
}

/// Flips a bit that keeps the column's type; an empty column gets a value.
fn flipped(value: &Value, typed: &str, chance: &mut Chance) -> Value {
    let mut place = |length: usize| {
        let drawn = chance.below(u64::try_from(length.max(1)).unwrap());
        usize::try_from(drawn).unwrap()
    };
    match value {
        Value::Null if typed == "INTEGER" => Value::Integer(1),
        Value::Null => Value::Text("1".to_owned()),
        Value::Integer(int) => Value::Integer(int ^ (1 << place(20))),
        Value::Real(_) => unreachable!("no column holds a float"),
        Value::Text(text) if text.is_empty() => Value::Text("1".to_owned()),
        Value::Text(text) => {
            // A letter of another language keeps being one where its last bit flips.
            let mut bytes = text.clone().into_bytes();
            let at = place(bytes.len());
            bytes[at] ^= 1;
            Value::Text(String::from_utf8(bytes).expect("the last bit makes no other letter class"))
        }
        Value::Blob(bytes) => {
            let mut bytes = bytes.clone();
            let at = place(bytes.len());
            bytes[at] ^= 1 << place(8);
            Value::Blob(bytes)
        }
    }
}
