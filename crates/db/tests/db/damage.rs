//! Damage is loud: whatever is changed behind the till's back is an error, never another amount.

use std::path::Path;

use mianfu_core::attempt::{Attempt, Finding};
use mianfu_core::channel::Flow;
use mianfu_core::number::{OrderNo, OutTradeNo};
use mianfu_core::order::Order;
use mianfu_core::refund::Refund;
use mianfu_db::{Birth, Db, DbError, Lane, Lock, OpenOptions, OperationKind, full_check};
use rusqlite::Connection;
use rusqlite::config::DbConfig;

use crate::fixture::*;

/// A connection that obeys none of the schema's laws.
pub(crate) fn tampering(path: &Path) -> Connection {
    let raw = Connection::open(path).unwrap();
    raw.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false).unwrap();
    raw.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON").unwrap();
    raw
}

/// A closed database in which every table has rows.
fn seeded() -> Shop {
    let mut shop = Shop::new();
    let mut db = shop.open(Birth::New);
    for sale in 0..12 {
        sell_paid(&mut db, &format!("paid {sale}"), 1_000 + sale);
    }
    let paid = sell_paid(&mut db, "refunded", 900);
    let open = sell(&mut db, "open", 1_250, Flow::Show);
    sell_for_cash(&mut db, "cash", 1_250);
    db.write("seed", |tx| {
        let refund = refund_of(tx, &paid, 400, by_person());
        tx.refunds().insert(&refund, &note("refund_kept"))?;
        tx.findings().insert(&Finding::Held, &paid, &note("found"))?;
        let mut ask = operation("late_ask 1", OperationKind::LateAsk, Lane::Background);
        ask.out_trade_no = Some(open.out_trade_no.clone());
        tx.queue().put(&ask)
    })
    .unwrap();
    db.close().unwrap();
    shop.machine = "machine b";
    shop.epoch = 5;
    shop.open(Birth::Copied).close().unwrap();
    full_check(&shop.path(), None).unwrap();
    shop
}

#[test]
pub(crate) fn a_change_of_any_column_of_any_row_is_found() {
    let shop = seeded();
    let whole = std::fs::read(shop.path()).unwrap();
    let mut changed = 0;
    for (table, column) in columns(&shop.path()) {
        let raw = tampering(&shop.path());
        let key = match table.as_str() {
            "attempt" => "out_trade_no",
            "operation" => "key",
            _ => "rowid",
        };
        let sql = format!(
            "UPDATE {table} SET {column} = CASE typeof({column})
                 WHEN 'integer' THEN {column} + 1
                 WHEN 'text' THEN {column} || '1'
                 WHEN 'blob' THEN zeroblob(length({column}))
                 ELSE CASE (SELECT type FROM pragma_table_info('{table}') WHERE name = '{column}')
                     WHEN 'INTEGER' THEN 1 WHEN 'TEXT' THEN '1' END
             END WHERE {key} = (SELECT MAX({key}) FROM {table})"
        );
        assert_eq!(raw.execute(&sql, []).unwrap(), 1, "{table}.{column}");
        drop(raw);
        let found = full_check(&shop.path(), None);
        assert!(matches!(found, Err(DbError::Corrupt { .. })), "{table}.{column}: {found:?}");
        std::fs::write(shop.path(), &whole).unwrap();
        changed += 1;
    }
    assert!(90 < changed, "every table has its columns: {changed}");
    full_check(&shop.path(), None).unwrap();
}

#[test]
pub(crate) fn a_changed_row_of_money_is_an_error_when_it_is_read() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let attempt = sell_paid(&mut db, "a", 900);
    let refund = db
        .write("refund", |tx| {
            let refund = refund_of(tx, &attempt, 400, by_person());
            tx.refunds().insert(&refund, &note("refund_kept"))?;
            Ok(refund)
        })
        .unwrap();
    let raw = tampering(&shop.path());
    let reads = |db: &Db, table: &str| match table {
        "sale_order" => db.read().orders().get(attempt.order_no).map(drop),
        "attempt" => db.read().attempts().get(&attempt.out_trade_no).map(drop),
        _ => db.read().refunds().get(refund.id).map(drop),
    };
    for (table, column) in
        [("sale_order", "due_fen"), ("attempt", "amount_fen"), ("refund", "amount_fen")]
    {
        reads(&db, table).unwrap();
        let add = |fen| raw.execute(&format!("UPDATE {table} SET {column} = {column} + {fen}"), []);
        add(1).unwrap();
        let read = reads(&db, table);
        assert!(
            matches!(&read, Err(DbError::Corrupt { table: at, .. }) if *at == table),
            "{read:?}"
        );
        add(-1).unwrap();
    }
    reads(&db, "attempt").unwrap();
}

#[test]
pub(crate) fn a_row_put_back_to_an_earlier_state_is_found() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let open = sell(&mut db, "a", 900, Flow::Scan);
    db.close().unwrap();
    let earlier = shop.folder.path().join("earlier.db");
    std::fs::copy(shop.path(), &earlier).unwrap();
    let mut db = shop.open(Birth::Same);
    let verdict = paid(&open);
    let event = mianfu_core::attempt::Event::Answered(verdict);
    step(&mut db, &open, event, TEN.plus_ms(100));
    db.close().unwrap();
    // The earlier row with its own valid hash: only the log knows better.
    let raw = tampering(&shop.path());
    raw.execute_batch(&format!(
        "ATTACH '{}' AS earlier; DELETE FROM attempt;
         INSERT INTO attempt SELECT * FROM earlier.attempt; DETACH earlier",
        earlier.display()
    ))
    .unwrap();
    drop(raw);
    let found = full_check(&shop.path(), None);
    assert!(matches!(found, Err(DbError::Corrupt { table: "attempt", .. })), "{found:?}");
}

#[test]
pub(crate) fn a_cut_tail_of_the_log_stops_the_start() {
    let shop = seeded();
    let raw = tampering(&shop.path());
    raw.execute("DELETE FROM event WHERE seq = (SELECT MAX(seq) FROM event)", []).unwrap();
    drop(raw);
    let opened = shop.try_open();
    assert!(matches!(opened, Err(DbError::Corrupt { table: "event", .. })), "{opened:?}");
}

#[test]
fn a_gap_or_a_missing_row_is_found() {
    for sql in [
        "DELETE FROM event WHERE seq = 5",
        "UPDATE event SET seq = 1000 WHERE seq = 5",
        "DELETE FROM attempt WHERE out_trade_no = (SELECT MIN(out_trade_no) FROM attempt)",
        "DELETE FROM finding",
        "DELETE FROM meta",
        "DROP TRIGGER event_is_kept",
        "DROP INDEX attempt_live",
    ] {
        let shop = seeded();
        tampering(&shop.path()).execute_batch(sql).unwrap();
        let found = full_check(&shop.path(), None);
        assert!(matches!(found, Err(DbError::Corrupt { .. })), "{sql}: {found:?}");
    }
}

#[test]
pub(crate) fn the_log_is_never_rewritten() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    sell_paid(&mut db, "a", 900);
    sell_for_cash(&mut db, "b", 900);
    let raw = Connection::open(shop.path()).unwrap();
    for sql in [
        "UPDATE event SET detail = '' WHERE seq = 2",
        "DELETE FROM event WHERE seq = 2",
        "DELETE FROM attempt",
        "DELETE FROM sale_order",
        "DELETE FROM cash_refund",
        "UPDATE cash_refund SET amount_fen = 1",
    ] {
        assert!(raw.execute(sql, []).is_err(), "{sql}");
    }
    db.check_everything().unwrap();
}

/// Everything a shop would notice, or the error in its place.
struct Shown {
    orders: Vec<Result<Order, DbError>>,
    attempts: Vec<Result<Vec<Attempt>, DbError>>,
    refunds: Vec<Result<Vec<Refund>, DbError>>,
}

fn show(db: &Db, numbers: &[OutTradeNo]) -> Shown {
    let orders = 1..=i64::try_from(numbers.len()).unwrap();
    let read = db.read();
    Shown {
        orders: orders
            .clone()
            .map(|no| read.orders().get(OrderNo(no)).map(|kept| kept.value))
            .collect(),
        attempts: orders
            .map(|no| {
                let attempts = read.attempts().of_order(OrderNo(no))?;
                Ok(attempts.into_iter().map(|kept| kept.value).collect())
            })
            .collect(),
        refunds: numbers
            .iter()
            .map(|no| {
                let refunds = read.refunds().of_attempt(no)?;
                Ok(refunds.into_iter().map(|kept| kept.value).collect())
            })
            .collect(),
    }
}

/// Whether what is shown is the truth, whole.
fn agree<T: PartialEq>(shown: &[Result<T, DbError>], truth: &[Result<T, DbError>]) -> bool {
    shown.iter().zip(truth).all(|(shown, truth)| match (shown, truth) {
        (Ok(shown), Ok(truth)) => shown == truth,
        (Err(_), _) | (_, Err(_)) => false,
    })
}

/// Whether nothing but the truth is shown; errors say so themselves.
fn tells_only<T: PartialEq>(shown: &[Result<T, DbError>], truth: &[Result<T, DbError>]) -> bool {
    let truth: Vec<_> = truth.iter().flatten().collect();
    shown.iter().flatten().all(|shown| truth.contains(&shown))
}

/// The same for lists, which may lack rows.
fn within<T: PartialEq>(
    shown: &[Result<Vec<T>, DbError>],
    truth: &[Result<Vec<T>, DbError>],
) -> bool {
    let truth: Vec<_> = truth.iter().flatten().flatten().collect();
    shown.iter().flatten().flatten().all(|shown| truth.contains(&shown))
}

#[test]
fn a_flipped_bit_on_any_page_is_harmless_or_loud() {
    let shop = seeded();
    let whole = std::fs::read(shop.path()).unwrap();
    let open = |path: &Path| {
        Db::open(&OpenOptions {
            path,
            vfs: None,
            now: TEN,
            machine: shop.machine,
            store: 42,
            till: shop.till,
            epoch: 6,
            lock: Lock::None,
        })
    };
    let path = shop.folder.path().join("flipped.db");
    std::fs::write(&path, &whole).unwrap();
    let (db, _) = open(&path).unwrap();
    let mut numbers = Vec::new();
    for attempt in db.read().attempts().recent(TEN, 100).unwrap() {
        numbers.push(attempt.value.out_trade_no);
    }
    let truth = show(&db, &numbers);
    db.close().unwrap();

    let (mut loud, mut harmless) = (0, 0);
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let pages = whole.len() / 4_096;
    for flip in 0..pages * 6 {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let place = flip % pages * 4_096 + usize::try_from(seed >> 20).unwrap() % 4_096;
        let mut bytes = whole.clone();
        bytes[place] ^= 1 << (seed % 8);
        for suffix in ["-wal", "-shm"] {
            drop(std::fs::remove_file(format!("{}{suffix}", path.display())));
        }
        std::fs::write(&path, &bytes).unwrap();
        let checked = full_check(&path, None);
        let Ok((db, _)) = open(&path) else {
            loud += 1;
            continue;
        };
        let shown = show(&db, &numbers);
        assert!(tells_only(&shown.orders, &truth.orders), "byte {place} changed an order");
        assert!(within(&shown.attempts, &truth.attempts), "byte {place} changed an attempt");
        assert!(within(&shown.refunds, &truth.refunds), "byte {place} changed a refund");
        let agrees = agree(&shown.orders, &truth.orders)
            && agree(&shown.attempts, &truth.attempts)
            && agree(&shown.refunds, &truth.refunds);
        assert!(agrees || checked.is_err(), "byte {place} changed a row and nothing says so");
        if checked.is_err() || db.check_everything().is_err() {
            loud += 1;
        } else {
            harmless += 1;
        }
    }
    assert!(0 < harmless && pages < loud, "{loud} loud, {harmless} harmless");
}

/// Every column of every table of the schema.
fn columns(path: &Path) -> Vec<(String, String)> {
    let raw = Connection::open(path).unwrap();
    let mut statement = raw
        .prepare(
            "SELECT t.name, c.name FROM sqlite_schema AS t, pragma_table_info(t.name) AS c
             WHERE t.type = 'table' ORDER BY t.name, c.cid",
        )
        .unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}
