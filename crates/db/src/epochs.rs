//! The `old_epoch` table: series that are not drawn from any more (M19).
//!
//! After a restore the channels may know numbers of the old series that this database does not.
//! They are asked number by number, from the last known on, until enough in a row do not exist
//! (M15). After a copy to another machine nothing was lost, so nothing is asked: those numbers may
//! belong to a till that goes on selling. A backup that was put into another machine is both: it is
//! asked about, and what is open in it may be going on elsewhere.

use std::ops::Deref;

use mianfu_core::money::Timestamp;
use mianfu_core::number::{Counter, Series};
use rusqlite::{Connection, named_params};

use crate::Tx;
use crate::error::{DbError, Doing};
use crate::meta;
use crate::row::{self, Row, Table};

/// How many numbers in a row must not exist before the rest of a series is taken not to either.
pub const ABSENT_IN_A_ROW: u32 = 200;

pub(crate) const OLD_EPOCH: Table = Table {
    name: "old_epoch",
    columns: &[
        "epoch",
        "store",
        "till",
        "why",
        "last_known",
        "issued",
        "asked_to",
        "absent_in_row",
        "left_at_ms",
        "finished_at_ms",
    ],
    veiled: None,
};

const INSERT: &str = "INSERT INTO old_epoch (
    epoch, store, till, why, last_known, issued, asked_to, absent_in_row, left_at_ms,
    finished_at_ms, row_hash
) VALUES (
    :epoch, :store, :till, :why, :last_known, :issued, :asked_to, :absent_in_row, :left_at_ms,
    :finished_at_ms, :row_hash
)";

const UPDATE: &str = "UPDATE old_epoch SET asked_to = :asked_to, absent_in_row = :absent_in_row,
    finished_at_ms = :finished_at_ms, row_hash = :row_hash
    WHERE epoch = :epoch";

const GET: &str = "SELECT * FROM old_epoch WHERE epoch = :epoch";

const TO_ASK: &str = "SELECT * FROM old_epoch WHERE finished_at_ms IS NULL
    ORDER BY epoch LIMIT :limit";

const COPIED_SINCE: &str = "SELECT COUNT(*) FROM old_epoch
    WHERE why = 'copied' AND :left_at_ms <= left_at_ms";

pub(crate) const AFTER: &str = "SELECT * FROM old_epoch WHERE epoch > :after
    ORDER BY epoch LIMIT :limit";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[INSERT, UPDATE, GET, TO_ASK, COPIED_SINCE, AFTER];

/// Why a series is not drawn from any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftBecause {
    /// The database was restored on its machine: it may not know all numbers of the series.
    Restored,
    /// The database came from another machine, or its till was given another number: another till
    /// may go on with the series.
    Copied,
}

/// A series that is not drawn from any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OldEpoch {
    /// The series.
    pub series: Series,
    /// Why it was left.
    pub why: LeftBecause,
    /// The last place that this database knows.
    pub last_known: Counter,
    /// The last place known to have been drawn, by this file or by its witness.
    pub issued: Counter,
    /// Every place up to here was asked about or is known.
    pub asked_to: Counter,
    /// How many in a row did not exist.
    pub absent_in_row: u32,
    /// When it was left.
    pub left_at: Timestamp,
    /// When the asking ended; `None` while channels must still be asked.
    pub finished_at: Option<Timestamp>,
}

/// What the channels said about one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// A channel knows it.
    Exists,
    /// No channel knows it.
    Absent,
}

/// Reads of old series.
pub struct OldEpochs<'c> {
    conn: &'c Connection,
}

impl<'c> OldEpochs<'c> {
    pub(crate) fn new(conn: &'c Connection) -> OldEpochs<'c> {
        OldEpochs { conn }
    }

    /// Series whose numbers the channels must still be asked about.
    pub fn to_ask(&self, limit: u32) -> Result<Vec<OldEpoch>, DbError> {
        let params = named_params! { ":limit": limit };
        let rows = row::list(self.conn, &OLD_EPOCH, TO_ASK, params, "list old series")?;
        rows.iter().map(from_row).collect()
    }

    /// The old series of this epoch.
    pub fn find(&self, epoch: u32) -> Result<Option<OldEpoch>, DbError> {
        let params = named_params! { ":epoch": epoch };
        let row = row::one(self.conn, &OLD_EPOCH, GET, params, "read an old series")?;
        row.map(|row| from_row(&row)).transpose()
    }

    /// Says whether the database came from another machine after it left this series, or in that
    /// moment: what was open then may go on there too.
    pub fn was_copied_since(&self, old: &OldEpoch) -> Result<bool, DbError> {
        let mut statement = self.conn.prepare_cached(COPIED_SINCE).doing("read old series")?;
        let params = named_params! { ":left_at_ms": old.left_at.0 };
        let count: i64 = statement.query_row(params, |row| row.get(0)).doing("read old series")?;
        Ok(0 < count)
    }
}

/// Writes of old series, inside a step's transaction.
pub struct OldEpochsMut<'t> {
    tx: &'t Tx<'t>,
    reads: OldEpochs<'t>,
}

impl<'t> Deref for OldEpochsMut<'t> {
    type Target = OldEpochs<'t>;

    fn deref(&self) -> &OldEpochs<'t> {
        &self.reads
    }
}

impl<'t> OldEpochsMut<'t> {
    pub(crate) fn new(tx: &'t Tx<'t>) -> OldEpochsMut<'t> {
        OldEpochsMut { tx, reads: OldEpochs::new(tx.conn()) }
    }

    /// Keeps what the channels said about the number after `asked_to`; returns how the series
    /// stands after it. It is finished once enough in a row did not exist beyond every place known
    /// to have been drawn, or at its last place.
    ///
    /// # Errors
    ///
    /// [`DbError::NotFound`] where the series is none of ours or is finished.
    pub fn asked(&self, series: Series, said: Asked, now: Timestamp) -> Result<OldEpoch, DbError> {
        let missing =
            || DbError::NotFound { table: OLD_EPOCH.name, key: series.epoch().to_string() };
        let mut old = self.find(series.epoch())?.ok_or_else(missing)?;
        if old.finished_at.is_some() {
            return Err(missing());
        }
        let last = match old.asked_to.next() {
            Some(next) => {
                old.asked_to = next;
                next.next().is_none()
            }
            None => true,
        };
        old.absent_in_row = match said {
            Asked::Exists => 0,
            Asked::Absent => old.absent_in_row.saturating_add(1),
        };
        let enough = ABSENT_IN_A_ROW <= old.absent_in_row && old.issued <= old.asked_to;
        if enough || last {
            old.finished_at = Some(now);
        }
        self.tx.put(UPDATE, &to_row(&old))?;
        Ok(old)
    }

    pub(crate) fn insert(&self, old: &OldEpoch) -> Result<(), DbError> {
        self.tx.put(INSERT, &to_row(old))?;
        Ok(())
    }
}

fn to_row(old: &OldEpoch) -> Row {
    let why = match old.why {
        LeftBecause::Restored => "restored",
        LeftBecause::Copied => "copied",
    };
    Row::new(
        &OLD_EPOCH,
        vec![
            old.series.epoch().into(),
            old.series.store().into(),
            old.series.till().into(),
            why.into(),
            meta::counter_cell(old.last_known),
            meta::counter_cell(old.issued),
            meta::counter_cell(old.asked_to),
            old.absent_in_row.into(),
            old.left_at.into(),
            old.finished_at.into(),
        ],
    )
}

pub(crate) fn from_row(row: &Row) -> Result<OldEpoch, DbError> {
    let why = match row.text_of("why")?.as_str() {
        "restored" => LeftBecause::Restored,
        "copied" => LeftBecause::Copied,
        _ => return Err(row.corrupt()),
    };
    Ok(OldEpoch {
        series: meta::series(row)?,
        why,
        last_known: meta::counter(row, "last_known")?,
        issued: meta::counter(row, "issued")?,
        asked_to: meta::counter(row, "asked_to")?,
        absent_in_row: row.number("absent_in_row")?,
        left_at: row.at("left_at_ms")?,
        finished_at: row.opt_at("finished_at_ms")?,
    })
}
