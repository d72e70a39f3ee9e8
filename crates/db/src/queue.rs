//! The `operation` table: work that outlives what asked for it.
//!
//! An operation's key makes it one however often it is put. It leaves the table when it is done,
//! never before; a *wedged* one waits for a person. What moves money goes in the order in which it
//! was put, order by order; questions go past.

mod kinds;

use std::ops::Deref;

use mianfu_core::money::{Fen, Timestamp};
use mianfu_core::number::{OrderNo, OutTradeNo};
use mianfu_core::refund::RefundId;
use rusqlite::{Connection, named_params};

use crate::Tx;
use crate::error::{DbError, Doing};
use crate::row::{self, Cell, Row, Table};

pub use kinds::{Lane, OperationKind};

pub(crate) const OPERATION: Table = Table {
    name: "operation",
    columns: &[
        "key",
        "operation_id",
        "kind",
        "lane",
        "order_no",
        "out_trade_no",
        "refund_id",
        "kept_at_ms",
        "next_at_ms",
        "tries",
        "wedged",
    ],
    veiled: None,
};

const PUT: &str = "INSERT INTO operation (
    key, operation_id, kind, lane, order_no, out_trade_no, refund_id, kept_at_ms, next_at_ms,
    tries, wedged, row_hash
) VALUES (
    :key, :operation_id, :kind, :lane, :order_no, :out_trade_no, :refund_id, :kept_at_ms,
    :next_at_ms, :tries, :wedged, :row_hash
)";

const CHANGE: &str = "UPDATE operation
    SET next_at_ms = :next_at_ms, tries = :tries, wedged = :wedged, row_hash = :row_hash
    WHERE key = :key";

const DONE: &str = "DELETE FROM operation WHERE key = :key";

const GET: &str = "SELECT * FROM operation WHERE key = :key";

const DUE: &str = "SELECT * FROM operation
    WHERE lane = :lane AND wedged IS NULL AND next_at_ms <= :now
      AND (kind NOT IN ('submit', 'reverse', 'close', 'refund') OR NOT EXISTS (
          SELECT 1 FROM operation AS earlier
          WHERE earlier.order_no = operation.order_no
            AND earlier.operation_id < operation.operation_id
            AND earlier.kind IN ('submit', 'reverse', 'close', 'refund')
            AND earlier.wedged IS NULL))
    ORDER BY next_at_ms, operation_id LIMIT :limit";

const WEDGED: &str = "SELECT * FROM operation WHERE wedged IS NOT NULL
    ORDER BY operation_id LIMIT :limit";

const NEXT_WAKE: &str = "SELECT MIN(next_at_ms) FROM operation WHERE wedged IS NULL";

const DUE_OF: &str = "SELECT * FROM operation
    WHERE kind = :kind AND wedged IS NULL AND next_at_ms <= :now AND key < :end
    ORDER BY next_at_ms, operation_id LIMIT :limit";

const NEXT_WAKE_OF: &str =
    "SELECT MIN(next_at_ms) FROM operation WHERE kind = :kind AND wedged IS NULL AND key < :end";

const CALLS: &str = "SELECT * FROM operation
    WHERE kind IN ('submit', 'query', 'reverse', 'close')
    ORDER BY operation_id LIMIT :limit";

const COUNTS: &str = "SELECT COUNT(*), COUNT(wedged), MIN(kept_at_ms) FROM operation";

const AT_RISK: &str = "SELECT COUNT(*), COALESCE(SUM(amount_fen), 0), MIN(kept_at_ms)
    FROM attempt_open";

const LATE_ASKS: &str =
    "SELECT COUNT(*), COUNT(*), MIN(kept_at_ms), MIN(next_at_ms), MAX(next_at_ms)
    FROM operation
    WHERE kind = 'late_ask' AND wedged IS NULL AND (next_at_ms <= :now OR 1 < tries)";

pub(crate) const AFTER: &str = "SELECT * FROM operation WHERE operation_id > :after
    ORDER BY operation_id LIMIT :limit";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[
    PUT,
    CHANGE,
    DONE,
    GET,
    DUE,
    DUE_OF,
    WEDGED,
    NEXT_WAKE,
    NEXT_WAKE_OF,
    CALLS,
    COUNTS,
    AT_RISK,
    LATE_ASKS,
    AFTER,
];

/// Work in the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Names the work; put twice, it is one.
    pub key: String,
    /// What it does.
    pub kind: OperationKind,
    /// Who it shares its permits with.
    pub lane: Lane,
    /// The order it belongs to.
    pub order_no: Option<OrderNo>,
    /// The attempt it is about.
    pub out_trade_no: Option<OutTradeNo>,
    /// The refund it is about.
    pub refund_id: Option<RefundId>,
    /// When it was put.
    pub kept_at: Timestamp,
    /// When to try next.
    pub next_at: Timestamp,
    /// How often it was tried.
    pub tries: u32,
    /// Why it waits for a person.
    pub wedged: Option<String>,
}

/// What is open, for the screen and for the cap on new wallet sales.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Operations in the queue, wedged ones included.
    pub operations: u32,
    /// Operations that wait for a person.
    pub wedged: u32,
    /// Attempts that have not ended.
    pub open_attempts: u32,
    /// What those attempts ask for together, in fen: the sum of what is not known.
    pub at_risk: Fen,
    /// When the oldest open attempt or operation was kept.
    pub oldest: Option<Timestamp>,
}

/// Work of one kind that goes out by itself, added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waits {
    /// How much of it there is.
    pub count: u32,
    /// The fewest calls it takes.
    pub calls: u32,
    /// When the oldest was kept.
    pub oldest: Option<Timestamp>,
    /// When the first is tried next.
    pub first_at: Option<Timestamp>,
    /// When the last is tried next.
    pub last_at: Option<Timestamp>,
}

impl Waits {
    pub(crate) fn from_sql(row: &rusqlite::Row<'_>) -> rusqlite::Result<Waits> {
        let at = |column| -> rusqlite::Result<Option<Timestamp>> {
            Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp))
        };
        let (count, calls) = (row.get(0)?, row.get(1)?);
        Ok(Waits { count, calls, oldest: at(2)?, first_at: at(3)?, last_at: at(4)? })
    }
}

/// Reads of the queue.
pub struct Queue<'c> {
    conn: &'c Connection,
}

impl<'c> Queue<'c> {
    pub(crate) fn new(conn: &'c Connection) -> Queue<'c> {
        Queue { conn }
    }

    /// Work of a lane to try by `now`, most overdue first. What moves money waits for what was put
    /// before it for the same order.
    pub fn due(&self, now: Timestamp, lane: Lane, limit: u32) -> Result<Vec<Operation>, DbError> {
        let params = named_params! { ":now": now.0, ":lane": lane.as_str(), ":limit": limit };
        read(&row::list(self.conn, &OPERATION, DUE, params, "list due work")?)
    }

    /// Work that waits for a person, oldest first.
    pub fn wedged(&self, limit: u32) -> Result<Vec<Operation>, DbError> {
        let params = named_params! { ":limit": limit };
        read(&row::list(self.conn, &OPERATION, WEDGED, params, "list wedged work")?)
    }

    /// The operation of this key, or `None` where it is done or was never put.
    pub fn get(&self, key: &str) -> Result<Option<Operation>, DbError> {
        self.find(key)?.map(|row| from_row(&row)).transpose()
    }

    /// When the next operation is due.
    pub fn next_wake(&self) -> Result<Option<Timestamp>, DbError> {
        let mut statement = self.conn.prepare_cached(NEXT_WAKE).doing("find the next wake-up")?;
        let at: Option<i64> =
            statement.query_row([], |row| row.get(0)).doing("find the next wake-up")?;
        Ok(at.map(Timestamp))
    }

    /// Work of one kind to try by `now`, most overdue first.
    pub fn due_of(
        &self,
        kind: OperationKind,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Operation>, DbError> {
        let (name, end) = (kind.as_str(), kind.keys_end());
        let params = named_params! { ":now": now.0, ":kind": name, ":end": end, ":limit": limit };
        read(&row::list(self.conn, &OPERATION, DUE_OF, params, "list due work")?)
    }

    /// When the next operation of one kind is due.
    pub fn next_wake_of(&self, kind: OperationKind) -> Result<Option<Timestamp>, DbError> {
        let mut statement =
            self.conn.prepare_cached(NEXT_WAKE_OF).doing("find the next wake-up")?;
        let params = named_params! { ":kind": kind.as_str(), ":end": kind.keys_end() };
        let at: Option<i64> =
            statement.query_row(params, |row| row.get(0)).doing("find the next wake-up")?;
        Ok(at.map(Timestamp))
    }

    /// Calls of attempts that were kept and not answered, oldest first.
    pub fn calls(&self, limit: u32) -> Result<Vec<Operation>, DbError> {
        let params = named_params! { ":limit": limit };
        read(&row::list(self.conn, &OPERATION, CALLS, params, "list open calls")?)
    }

    /// What is open.
    pub fn counts(&self) -> Result<Counts, DbError> {
        let mut statement = self.conn.prepare_cached(COUNTS).doing("count the queue")?;
        let (operations, wedged, first): (u32, u32, Option<i64>) = statement
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .doing("count the queue")?;
        let mut statement = self.conn.prepare_cached(AT_RISK).doing("add up what is not known")?;
        let (open_attempts, fen, oldest): (u32, i64, Option<i64>) = statement
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .doing("add up what is not known")?;
        let at_risk = Fen::new(fen).ok_or_else(|| DbError::corrupt("attempt", "amount_fen"))?;
        let oldest = first.into_iter().chain(oldest).min().map(Timestamp);
        Ok(Counts { operations, wedged, open_attempts, at_risk, oldest })
    }

    /// Questions about ended attempts that are due or were not answered, added up. Those planned for
    /// later wait for nothing.
    pub fn late_asks(&self, now: Timestamp) -> Result<Waits, DbError> {
        let mut statement = self.conn.prepare_cached(LATE_ASKS).doing("add up late questions")?;
        let params = named_params! { ":now": now.0 };
        statement.query_row(params, Waits::from_sql).doing("add up late questions")
    }

    fn find(&self, key: &str) -> Result<Option<Row>, DbError> {
        row::one(self.conn, &OPERATION, GET, named_params! { ":key": key }, "read an operation")
    }
}

/// Writes of the queue, inside a step's transaction.
pub struct QueueMut<'t> {
    tx: &'t Tx<'t>,
    reads: Queue<'t>,
}

impl<'t> Deref for QueueMut<'t> {
    type Target = Queue<'t>;

    fn deref(&self) -> &Queue<'t> {
        &self.reads
    }
}

impl<'t> QueueMut<'t> {
    pub(crate) fn new(tx: &'t Tx<'t>) -> QueueMut<'t> {
        QueueMut { tx, reads: Queue::new(tx.conn()) }
    }

    /// Puts work into the queue; work of the same key that is there already stays as it is.
    pub fn put(&self, operation: &Operation) -> Result<(), DbError> {
        if self.find(&operation.key)?.is_some() {
            return Ok(());
        }
        let id = self.tx.with_meta(|meta| {
            meta.last_operation_id += 1;
            meta.last_operation_id
        });
        self.tx.put(PUT, &to_row(operation, id))?;
        Ok(())
    }

    /// Counts a try and says when the next is due.
    pub fn retry(&self, key: &str, next_at: Timestamp) -> Result<(), DbError> {
        self.change(key, |operation| {
            operation.tries = operation.tries.saturating_add(1);
            operation.next_at = next_at;
        })
    }

    /// Says when work is due, whatever was said before.
    pub fn put_off(&self, key: &str, next_at: Timestamp) -> Result<(), DbError> {
        self.change(key, |operation| operation.next_at = next_at)
    }

    /// Sets work aside for a person, with the sentence they read.
    pub fn wedge(&self, key: &str, reason: &str) -> Result<(), DbError> {
        self.change(key, |operation| operation.wedged = Some(reason.to_owned()))
    }

    /// A person lets wedged work be tried again.
    pub fn unwedge(&self, key: &str, next_at: Timestamp) -> Result<(), DbError> {
        self.change(key, |operation| {
            operation.wedged = None;
            operation.next_at = next_at;
        })
    }

    /// Takes acknowledged work out of the queue; its key is free again.
    pub fn done(&self, key: &str) -> Result<(), DbError> {
        let Some(row) = self.find(key)? else {
            return Err(missing(key));
        };
        self.tx.put(DONE, &row)?;
        Ok(())
    }

    fn change(&self, key: &str, change: impl FnOnce(&mut Operation)) -> Result<(), DbError> {
        let Some(row) = self.find(key)? else {
            return Err(missing(key));
        };
        let mut operation = from_row(&row)?;
        change(&mut operation);
        self.tx.put(CHANGE, &to_row(&operation, row.int("operation_id")?))?;
        Ok(())
    }
}

fn missing(key: &str) -> DbError {
    DbError::NotFound { table: OPERATION.name, key: key.to_owned() }
}

fn read(rows: &[Row]) -> Result<Vec<Operation>, DbError> {
    rows.iter().map(from_row).collect()
}

fn to_row(operation: &Operation, id: i64) -> Row {
    Row::new(
        &OPERATION,
        vec![
            (&operation.key).into(),
            Cell::Int(id),
            operation.kind.as_str().into(),
            operation.lane.as_str().into(),
            operation.order_no.map(|no| no.0).into(),
            operation.out_trade_no.as_ref().map(OutTradeNo::as_str).into(),
            operation.refund_id.map(|id| id.0).into(),
            operation.kept_at.into(),
            operation.next_at.into(),
            operation.tries.into(),
            operation.wedged.as_ref().into(),
        ],
    )
}

pub(crate) fn from_row(row: &Row) -> Result<Operation, DbError> {
    let out_trade_no = match row.opt_text("out_trade_no")? {
        Some(text) => Some(OutTradeNo::new(&text).ok_or_else(|| row.corrupt())?),
        None => None,
    };
    Ok(Operation {
        key: row.text_of("key")?,
        kind: row.word("kind", OperationKind::parse)?,
        lane: row.word("lane", Lane::parse)?,
        order_no: row.opt_int("order_no")?.map(OrderNo),
        out_trade_no,
        refund_id: row.opt_int("refund_id")?.map(RefundId),
        kept_at: row.at("kept_at_ms")?,
        next_at: row.at("next_at_ms")?,
        tries: row.number("tries")?,
        wedged: row.opt_text("wedged")?,
    })
}
