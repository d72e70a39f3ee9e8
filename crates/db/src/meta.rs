//! The one row that says whose database this is and what it has counted up to.
//!
//! Counters only rise and are kept in the transaction that uses them, so that a number is never
//! drawn twice (M19).

use mianfu_core::money::Timestamp;
use mianfu_core::mutant;
use mianfu_core::number::{Counter, OutTradeNo, Series};
use rusqlite::Connection;

use crate::error::{DbError, Doing};
use crate::row::{self, Cell, Row, Table};

pub(crate) const META: Table = Table {
    name: "meta",
    columns: &[
        "id",
        "store",
        "till",
        "epoch",
        "counter",
        "last_order_no",
        "last_refund_id",
        "last_finding_id",
        "last_operation_id",
        "machine",
        "backup",
        "opened_at_ms",
        "event_seq",
        "event_head",
    ],
    veiled: None,
};

const READ: &str = "SELECT * FROM meta WHERE id = 1";

const SAVE: &str = "INSERT OR REPLACE INTO meta (
    id, store, till, epoch, counter, last_order_no, last_refund_id, last_finding_id,
    last_operation_id, machine, backup, opened_at_ms, event_seq, event_head, row_hash
) VALUES (
    :id, :store, :till, :epoch, :counter, :last_order_no, :last_refund_id, :last_finding_id,
    :last_operation_id, :machine, :backup, :opened_at_ms, :event_seq, :event_head, :row_hash
)";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[READ, SAVE];

/// Whose database it is, what it has counted up to, and the head of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Meta {
    pub(crate) series: Series,
    pub(crate) counter: Counter,
    pub(crate) last_order_no: i64,
    pub(crate) last_refund_id: i64,
    pub(crate) last_finding_id: i64,
    pub(crate) last_operation_id: i64,
    pub(crate) machine: String,
    pub(crate) backup: Copied,
    pub(crate) opened_at: Timestamp,
    pub(crate) event_seq: i64,
    /// The last event's hash in hexadecimal; zeros before the first.
    pub(crate) event_head: String,
}

/// Whether the file is a till's own or a copy made as a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Copied {
    Own,
    Backup,
}

impl Meta {
    /// Returns the row of a database that has counted nothing.
    pub(crate) fn first(series: Series, machine: &str, now: Timestamp) -> Meta {
        Meta {
            series,
            counter: zero(),
            last_order_no: 0,
            last_refund_id: 0,
            last_finding_id: 0,
            last_operation_id: 0,
            machine: machine.to_owned(),
            backup: Copied::Own,
            opened_at: now,
            event_seq: 0,
            event_head: "0".repeat(64),
        }
    }

    pub(crate) fn find(conn: &Connection) -> Result<Option<Meta>, DbError> {
        let row = row::one(conn, &META, READ, [], "read whose database this is")?;
        row.map(|row| Meta::from_row(&row)).transpose()
    }

    pub(crate) fn read(conn: &Connection) -> Result<Meta, DbError> {
        Meta::find(conn)?.ok_or_else(|| DbError::corrupt("meta", "1"))
    }

    pub(crate) fn save(&self, conn: &Connection) -> Result<(), DbError> {
        let row = self.to_row();
        row::execute(conn, SAVE, &row, &row.text()).doing("save what was counted")?;
        Ok(())
    }

    /// Draws the next number of the series.
    pub(crate) fn mint(&mut self) -> Result<OutTradeNo, DbError> {
        let (store, till) = (self.series.store(), self.series.till());
        let next = self.counter.next().ok_or(DbError::NoNumber { store, till })?;
        if !mutant::planted("m19_counter_not_kept") {
            self.counter = next;
        }
        Ok(OutTradeNo::compose(self.series, next))
    }

    /// Goes on in another epoch, from its first number.
    pub(crate) fn begin_epoch(&mut self, series: Series) {
        self.series = series;
        self.counter = zero();
    }

    fn to_row(&self) -> Row {
        Row::new(
            &META,
            vec![
                Cell::Int(1),
                self.series.store().into(),
                self.series.till().into(),
                self.series.epoch().into(),
                counter_cell(self.counter),
                self.last_order_no.into(),
                self.last_refund_id.into(),
                self.last_finding_id.into(),
                self.last_operation_id.into(),
                (&self.machine).into(),
                (self.backup == Copied::Backup).into(),
                self.opened_at.into(),
                self.event_seq.into(),
                (&self.event_head).into(),
            ],
        )
    }

    fn from_row(row: &Row) -> Result<Meta, DbError> {
        Ok(Meta {
            series: series(row)?,
            counter: counter(row, "counter")?,
            last_order_no: row.int("last_order_no")?,
            last_refund_id: row.int("last_refund_id")?,
            last_finding_id: row.int("last_finding_id")?,
            last_operation_id: row.int("last_operation_id")?,
            machine: row.text_of("machine")?,
            backup: if row.flag("backup")? { Copied::Backup } else { Copied::Own },
            opened_at: row.at("opened_at_ms")?,
            event_seq: row.int("event_seq")?,
            event_head: row.text_of("event_head")?,
        })
    }
}

/// Reads the series from the columns `store`, `till` and `epoch`.
pub(crate) fn series(row: &Row) -> Result<Series, DbError> {
    Series::new(row.number("store")?, row.number("till")?, row.number("epoch")?)
        .ok_or_else(|| row.corrupt())
}

/// Reads a place in a series.
pub(crate) fn counter(row: &Row, column: &str) -> Result<Counter, DbError> {
    Counter::new(row.number(column)?).ok_or_else(|| row.corrupt())
}

/// Writes a place in a series.
pub(crate) fn counter_cell(counter: Counter) -> Cell {
    Cell::Int(i64::try_from(counter.get()).expect("a counter has at most ten digits"))
}

/// The place before the first.
pub(crate) fn zero() -> Counter {
    Counter::new(0).expect("zero has few enough digits")
}
