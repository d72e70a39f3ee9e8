//! The full check: is every row as it was written, and is the state what the log says?

use std::collections::BTreeMap;
use std::path::Path;

use mianfu_core::mutant;
use rusqlite::types::ToSql;
use rusqlite::{Connection, OpenFlags, named_params};

use crate::error::{DbError, Doing};
use crate::events::{self, Chain, Event};
use crate::meta::Meta;
use crate::row::{self, Hash, Row, Table};
use crate::{attempts, cash, epochs, findings, open, orders, queue, refunds};

/// Rows read at a time.
const PAGE: u32 = 500;

/// What a full check has looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked {
    /// Events in the log.
    pub events: u64,
    /// Rows of every table but the log.
    pub rows: u64,
    /// The hash of the last event, zeros where there is none.
    pub head: [u8; 32],
}

/// Checks a whole database on a connection of its own that cannot write, so that it may run beside
/// a till at work.
///
/// # Errors
///
/// [`DbError::Corrupt`] names the first thing that is not as it was written.
pub fn full_check(path: &Path, vfs: Option<&str>) -> Result<Checked, DbError> {
    let mut conn = open::connect(path, vfs, OpenFlags::empty())?;
    // One transaction: the rows and the log that is to explain them are of one moment.
    let transaction = conn.transaction().doing("check the database")?;
    everything(&transaction)
}

pub(crate) fn everything(conn: &Connection) -> Result<Checked, DbError> {
    integrity(conn)?;
    open::check_schema(conn)?;
    let meta = Meta::read(conn)?;
    let (folded, chain) = fold(conn, &meta)?;
    let events = u64::try_from(chain.seq).map_err(|_| DbError::corrupt("event", "seq"))?;
    let mut rows = 1;
    let mut explained = 0;
    for (table, sql, parse) in LOGGED {
        let mut page = Page::new(table, sql);
        while let Some(row) = page.next(conn)? {
            parse(&row)?;
            rows += 1;
            explained += 1;
            let explains = folded.get(&row.subject()).is_some_and(|told| told.hash == row.hash());
            if !explains && !mutant::planted("db_fold_unchecked") {
                return Err(row.corrupt());
            }
        }
    }
    // As many subjects as rows, each row with its own: no row is missing either.
    if u64::try_from(folded.len()).ok() != Some(explained) {
        return Err(DbError::corrupt("event", "a row that is not there"));
    }
    for (table, sql, parse) in UNLOGGED {
        let mut page = Page::new(table, sql);
        while let Some(row) = page.next(conn)? {
            parse(&row)?;
            rows += 1;
        }
    }
    Ok(Checked { events, rows, head: chain.head })
}

/// A table, how it is paged through, and how a row is read.
type Paged = (&'static Table, &'static str, fn(&Row) -> Result<(), DbError>);

/// Tables whose rows are the fold of the log.
const LOGGED: [Paged; 5] = [
    (&orders::ORDER, orders::AFTER, |row| orders::from_row(row).map(drop)),
    (&attempts::ATTEMPT, attempts::AFTER, |row| attempts::from_row(row).map(drop)),
    (&refunds::REFUND, refunds::AFTER, |row| refunds::from_row(row).map(drop)),
    (&cash::CASH_REFUND, cash::AFTER, |row| cash::from_row(row).map(drop)),
    (&findings::FINDING, findings::AFTER, |row| findings::from_row(row).map(drop)),
];

/// Tables that hold work, not money.
const UNLOGGED: [Paged; 2] = [
    (&queue::OPERATION, queue::AFTER, |row| queue::from_row(row).map(drop)),
    (&epochs::OLD_EPOCH, epochs::AFTER, |row| epochs::from_row(row).map(drop)),
];

/// Phases that nothing leaves, of attempts and of refunds.
const ENDS: [&str; 7] = ["paid", "declined", "closed", "returned", "held", "done", "refused"];

/// What the log says of a row.
struct Told {
    hash: Hash,
    version: i64,
    /// The phase, where it is an end.
    end: Option<String>,
}

/// Folds the log into each row's last state, walking the chain. A row's versions have no gap and
/// no row leaves an end.
fn fold(conn: &Connection, meta: &Meta) -> Result<(BTreeMap<String, Told>, Chain), DbError> {
    let mut state = BTreeMap::new();
    let mut chain = Chain::start();
    loop {
        let links = events::links_after(conn, chain.seq, PAGE)?;
        if links.is_empty() {
            break;
        }
        for link in links {
            chain.follow(&link)?;
            tell(&mut state, &link.event)?;
        }
    }
    events::check_head(meta, &chain)?;
    Ok((state, chain))
}

fn tell(state: &mut BTreeMap<String, Told>, event: &Event) -> Result<(), DbError> {
    let (Some(row), Some((table, _))) = (&event.row, event.subject.split_once(' ')) else {
        return Ok(());
    };
    let corrupt = || DbError::corrupt("event", event.seq.to_string());
    let version = event.column("version").and_then(|text| text.parse().ok()).ok_or_else(corrupt)?;
    let phase = event.column("phase");
    let before = state.get(&event.subject);
    let follows = version == before.map_or(0, |before: &Told| before.version) + 1;
    let end = before.and_then(|before| before.end.as_deref());
    if !follows || end.is_some_and(|end| phase != Some(end)) {
        return Err(corrupt());
    }
    let end = phase.filter(|phase| ENDS.contains(phase)).map(str::to_owned);
    let told = Told { hash: row::hash_of(table, row), version, end };
    state.insert(event.subject.clone(), told);
    Ok(())
}

fn integrity(conn: &Connection) -> Result<(), DbError> {
    let said: String = conn
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .doing("check the file")?;
    if said != "ok" {
        return Err(DbError::corrupt("file", said));
    }
    let orphans: i64 = conn
        .query_row("SELECT COUNT(*) FROM pragma_foreign_key_check", [], |row| row.get(0))
        .doing("check the references")?;
    if orphans != 0 {
        return Err(DbError::corrupt("file", "a reference to nothing"));
    }
    Ok(())
}

/// Walks a table by its key, a page at a time.
struct Page {
    table: &'static Table,
    sql: &'static str,
    rows: std::vec::IntoIter<Row>,
    after: Box<dyn ToSql>,
}

impl Page {
    fn new(table: &'static Table, sql: &'static str) -> Page {
        let after: Box<dyn ToSql> =
            if table.name == "attempt" { Box::new(String::new()) } else { Box::new(i64::MIN) };
        Page { table, sql, rows: Vec::new().into_iter(), after }
    }

    fn next(&mut self, conn: &Connection) -> Result<Option<Row>, DbError> {
        if let Some(row) = self.rows.next() {
            return Ok(Some(row));
        }
        let params = named_params! { ":after": self.after, ":limit": PAGE };
        let rows = row::list(conn, self.table, self.sql, params, "check the rows")?;
        let Some(last) = rows.last() else {
            return Ok(None);
        };
        self.after = match self.table.name {
            "attempt" => Box::new(last.key()),
            "operation" => Box::new(last.int("operation_id")?),
            _ => Box::new(last.int(self.table.columns[0])?),
        };
        self.rows = rows.into_iter();
        Ok(self.rows.next())
    }
}
