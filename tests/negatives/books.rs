//! The business tables of a till, cell by cell, and their hash.
//!
//! Read from the side, by a connection of its own. What the till means to ask (`operation`) and
//! what it counts (`meta`) say nothing about money and are left out; the log of events is in.

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use mianfu_tests::shop::Shop;
use mianfu_tests::simulation::disk::VFS;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

const TABLES: [&str; 6] = ["sale_order", "attempt", "refund", "cash_refund", "finding", "event"];

/// A cell's place: its table, its row's key and its column.
pub(crate) type Place = (&'static str, String, String);

/// Returns every cell of every business table.
pub(crate) fn cells(shop: &Shop) -> BTreeMap<Place, String> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags_and_vfs(shop.database(), flags, VFS).unwrap();
    let mut cells = BTreeMap::new();
    for table in TABLES {
        let mut statement = conn.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns: Vec<String> =
            statement.column_names().into_iter().map(str::to_owned).collect();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let key = written(row.get_ref(0).unwrap());
            for (at, column) in columns.iter().enumerate() {
                let value = written(row.get_ref(at).unwrap());
                cells.insert((table, key.clone(), column.clone()), value);
            }
        }
    }
    cells
}

/// Returns SHA-256 over all cells, in the order of tables, keys and columns.
pub(crate) fn business_hash(shop: &Shop) -> Vec<u8> {
    let mut context = digest::Context::new(&digest::SHA256);
    for ((table, key, column), value) in cells(shop) {
        for part in [table, &key, &column, &value] {
            context.update(&part.len().to_be_bytes());
            context.update(part.as_bytes());
        }
    }
    context.finish().as_ref().to_vec()
}

/// Returns which columns of which tables differ, events left out: they tell of the others.
pub(crate) fn differing(
    before: &BTreeMap<Place, String>,
    after: &BTreeMap<Place, String>,
) -> Vec<String> {
    let places = before.keys().chain(after.keys());
    let changed = places.filter(|place| before.get(*place) != after.get(*place));
    let mut columns: Vec<String> = changed
        .filter(|(table, _, _)| *table != "event")
        .map(|(table, _, column)| format!("{table}.{column}"))
        .collect();
    columns.sort();
    columns.dedup();
    columns
}

fn written(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "null".to_owned(),
        ValueRef::Integer(whole) => format!("i{whole}"),
        ValueRef::Real(real) => format!("r{}", real.to_bits()),
        ValueRef::Text(text) => format!("t{}", String::from_utf8_lossy(text)),
        ValueRef::Blob(bytes) => format!("b{bytes:?}"),
    }
}
