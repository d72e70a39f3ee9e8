//! One writer, one transaction per step.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::path::{Path, PathBuf};

use mianfu_core::mutant;
use mianfu_core::number::{OutTradeNo, Series};
use rusqlite::{Connection, TransactionBehavior};

use crate::attempts::{Attempts, AttemptsMut};
use crate::backup::{self, BackupTo};
use crate::cash::{CashRefunds, CashRefundsMut};
use crate::check::{self, Checked};
use crate::epochs::{OldEpochs, OldEpochsMut};
use crate::error::{DbError, Doing};
use crate::events::{self, About, Events, Note};
use crate::findings::{Findings, FindingsMut};
use crate::meta::Meta;
use crate::open::{self, OpenOptions, Opened};
use crate::orders::{Orders, OrdersMut};
use crate::queue::{Queue, QueueMut};
use crate::refunds::{Refunds, RefundsMut};
use crate::row::{self, Row};
use crate::witness::Witness;

/// A till's database and its only writer.
#[derive(Debug)]
pub struct Db {
    pub(crate) conn: Connection,
    pub(crate) path: PathBuf,
    pub(crate) witness: Option<Witness>,
    /// How many steps were begun.
    pub(crate) steps: u64,
    /// Held for as long as the database is open.
    pub(crate) _lock: Option<File>,
}

impl Db {
    /// Opens a till's database, or makes one, and checks what must be right before a sale: the
    /// schema, whose it is, the log's tail, every open row.
    ///
    /// # Errors
    ///
    /// Another till holds it, a later program wrote it, it is damaged, its disk is full or cannot
    /// be written. In none of these is a sale taken.
    pub fn open(options: &OpenOptions<'_>) -> Result<(Db, Opened), DbError> {
        open::open(options).map_err(DbError::at_start)
    }

    /// Performs one step as one transaction with one sync. On an error nothing of it is kept.
    ///
    /// # Errors
    ///
    /// Whatever `step` returns, or why the transaction could not be committed. A commit that fails
    /// says only that the step may be lost, so nothing that depends on it may be sent.
    pub fn write<T>(
        &mut self,
        doing: &'static str,
        step: impl FnOnce(&Tx<'_>) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        self.steps += 1;
        let transaction =
            self.conn.transaction_with_behavior(TransactionBehavior::Immediate).doing(doing)?;
        let before = Meta::read(&transaction)?;
        let tx = Tx::new(&transaction, before.clone());
        let value = step(&tx)?;
        if tx.untold.get() {
            return Err(DbError::LawBroken { law: "every_change_is_in_the_log".to_owned() });
        }
        let after = tx.into_meta();
        if after != before {
            after.save(&transaction)?;
        }
        transaction.commit().doing(doing)?;
        if let Some(witness) = &mut self.witness {
            witness.note(&after);
        }
        Ok(value)
    }

    /// Reads.
    #[must_use]
    pub fn read(&self) -> Reader<'_> {
        Reader { conn: &self.conn }
    }

    /// Returns a number that goes up with every step, kept or not: while it is the same, so is what
    /// the tables hold.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Returns the file's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Checks the whole file on this connection; see [`full_check`](crate::full_check) for one
    /// that does not keep the writer waiting.
    ///
    /// # Errors
    ///
    /// [`DbError::Corrupt`] names the first thing that is not as it was written.
    pub fn check_everything(&self) -> Result<Checked, DbError> {
        check::everything(&self.conn)
    }

    /// Copies the database to a second place; see [`backup`](crate::backup()) for one that does
    /// not keep the writer waiting.
    ///
    /// # Errors
    ///
    /// The second place cannot be written. The database itself is untouched.
    pub fn backup_to(&self, to: &BackupTo<'_>) -> Result<PathBuf, DbError> {
        backup::copy(&self.conn, to)
    }

    /// Moves the write-ahead log into the file, for a quiet moment between sales.
    ///
    /// # Errors
    ///
    /// The disk failed; the log still holds everything.
    pub fn checkpoint(&mut self) -> Result<(), DbError> {
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        self.conn.query_row(checkpoint, [], |_| Ok(())).doing("move the log into the file")
    }

    /// Closes the database: the write-ahead log is moved into the file, the witness is synced.
    ///
    /// # Errors
    ///
    /// The disk failed; everything kept is still in the file and its log.
    pub fn close(mut self) -> Result<(), DbError> {
        self.checkpoint()?;
        if let Some(witness) = &mut self.witness {
            witness.settle();
        }
        self.conn.close().map_err(|(_, error)| error).doing("close the database")
    }
}

/// Reads of the till's tables. Holding one proves that nothing is changed through it.
#[derive(Clone, Copy)]
pub struct Reader<'c> {
    conn: &'c Connection,
}

impl<'c> Reader<'c> {
    pub(crate) fn over(conn: &'c Connection) -> Reader<'c> {
        Reader { conn }
    }

    /// Orders.
    #[must_use]
    pub fn orders(&self) -> Orders<'c> {
        Orders::new(self.conn)
    }

    /// Cash that went back.
    #[must_use]
    pub fn cash_refunds(&self) -> CashRefunds<'c> {
        CashRefunds::new(self.conn)
    }

    /// Attempts.
    #[must_use]
    pub fn attempts(&self) -> Attempts<'c> {
        Attempts::new(self.conn)
    }

    /// Refunds.
    #[must_use]
    pub fn refunds(&self) -> Refunds<'c> {
        Refunds::new(self.conn)
    }

    /// The operation queue.
    #[must_use]
    pub fn queue(&self) -> Queue<'c> {
        Queue::new(self.conn)
    }

    /// Findings.
    #[must_use]
    pub fn findings(&self) -> Findings<'c> {
        Findings::new(self.conn)
    }

    /// The log.
    #[must_use]
    pub fn events(&self) -> Events<'c> {
        Events::new(self.conn)
    }

    /// Series that are not drawn from any more.
    #[must_use]
    pub fn old_epochs(&self) -> OldEpochs<'c> {
        OldEpochs::new(self.conn)
    }

    /// The series that numbers are drawn from.
    ///
    /// # Errors
    ///
    /// The row is damaged.
    pub fn series(&self) -> Result<Series, DbError> {
        Ok(Meta::read(self.conn)?.series)
    }
}

/// A step's transaction: what is written through it is kept together or not at all.
pub struct Tx<'c> {
    conn: &'c Connection,
    meta: RefCell<Meta>,
    /// Set once a row was written and its event was not.
    untold: Cell<bool>,
}

impl<'c> Tx<'c> {
    /// Draws the next out-trade-no. It is never drawn again once this transaction is kept (M19).
    ///
    /// # Errors
    ///
    /// The series is used up.
    pub fn mint(&self) -> Result<OutTradeNo, DbError> {
        self.meta.borrow_mut().mint()
    }

    /// Reads, what this transaction has written included.
    #[must_use]
    pub fn read(&self) -> Reader<'c> {
        Reader { conn: self.conn }
    }

    /// Orders.
    #[must_use]
    pub fn orders(&self) -> OrdersMut<'_> {
        OrdersMut::new(self)
    }

    /// Cash that went back.
    #[must_use]
    pub fn cash_refunds(&self) -> CashRefundsMut<'_> {
        CashRefundsMut::new(self)
    }

    /// Attempts.
    #[must_use]
    pub fn attempts(&self) -> AttemptsMut<'_> {
        AttemptsMut::new(self)
    }

    /// Refunds.
    #[must_use]
    pub fn refunds(&self) -> RefundsMut<'_> {
        RefundsMut::new(self)
    }

    /// The operation queue.
    #[must_use]
    pub fn queue(&self) -> QueueMut<'_> {
        QueueMut::new(self)
    }

    /// Findings.
    #[must_use]
    pub fn findings(&self) -> FindingsMut<'_> {
        FindingsMut::new(self)
    }

    /// The log; writes append to it by themselves.
    #[must_use]
    pub fn events(&self) -> Events<'c> {
        Events::new(self.conn)
    }

    /// Series that are not drawn from any more.
    #[must_use]
    pub fn old_epochs(&self) -> OldEpochsMut<'_> {
        OldEpochsMut::new(self)
    }

    pub(crate) fn new(conn: &'c Connection, meta: Meta) -> Tx<'c> {
        Tx { conn, meta: RefCell::new(meta), untold: Cell::new(false) }
    }

    pub(crate) fn into_meta(self) -> Meta {
        self.meta.into_inner()
    }

    pub(crate) fn conn(&self) -> &'c Connection {
        self.conn
    }

    pub(crate) fn with_meta<T>(&self, change: impl FnOnce(&mut Meta) -> T) -> T {
        change(&mut self.meta.borrow_mut())
    }

    /// Writes a row that is not in the log; returns how many rows it touched.
    pub(crate) fn put(&self, sql: &'static str, row: &Row) -> Result<usize, DbError> {
        self.put_as(sql, row, &row.text())
    }

    fn put_as(&self, sql: &'static str, row: &Row, text: &str) -> Result<usize, DbError> {
        self.still_open("write a row")?;
        row::execute(self.conn, sql, row, text).doing("write a row")
    }

    /// Writes a row and appends the event. A law that SQLite kept is named in `LawBroken`.
    pub(crate) fn insert(
        &self,
        sql: &'static str,
        row: &Row,
        about: About<'_>,
        note: &Note,
    ) -> Result<(), DbError> {
        let text = row.text();
        self.put_as(sql, row, &text)?;
        self.tell(note, row, &text, about)
    }

    /// Saves a row over the version before it and appends the event; `Stale` where that version is
    /// not there any more.
    pub(crate) fn update(
        &self,
        sql: &'static str,
        row: &Row,
        about: About<'_>,
        note: &Note,
    ) -> Result<(), DbError> {
        let text = row.text();
        if self.put_as(sql, row, &text)? == 0 && !mutant::planted("db_stale_ignored") {
            return Err(DbError::Stale { table: row.table_name(), key: row.key() });
        }
        self.tell(note, row, &text, about)
    }

    fn tell(&self, note: &Note, row: &Row, text: &str, about: About<'_>) -> Result<(), DbError> {
        self.untold.set(true);
        self.note(note, &row.subject(), about, Some(text))?;
        self.untold.set(false);
        Ok(())
    }

    /// Appends an event.
    pub(crate) fn note(
        &self,
        note: &Note,
        subject: &str,
        about: About<'_>,
        row: Option<&str>,
    ) -> Result<(), DbError> {
        self.still_open("append to the log")?;
        events::append(self.conn, &mut self.meta.borrow_mut(), note, subject, about, row)
    }

    /// A full disk or a failed read rolls the whole transaction back under the step's feet; what
    /// came after would be kept on its own.
    fn still_open(&self, doing: &'static str) -> Result<(), DbError> {
        if self.conn.is_autocommit() { Err(DbError::Busy { doing }) } else { Ok(()) }
    }
}
