//! Opening: whose database is it, is it ours, is it whole, may it be written.
//!
//! The cost does not grow with the number of orders: the schema, one row of `meta`, the open rows
//! and the last events are read; the rest is [`full_check`](crate::full_check)'s.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use mianfu_core::money::Timestamp;
use mianfu_core::mutant;
use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use rusqlite_migration::{M, Migrations};

use crate::birth::{self, Birth};
use crate::epochs::OldEpoch;
use crate::error::{DbError, Doing};
use crate::events;
use crate::meta::Meta;
use crate::witness::{self, Witness};
use crate::{Db, Lane, Reader};

/// Numbered, append-only. A released migration is never edited.
pub(crate) const SCHEMA: [&str; 3] = [
    include_str!("migrations/0001_till.sql"),
    include_str!("migrations/0002_cash_in_order.sql"),
    include_str!("migrations/0003_held.sql"),
];

const MIGRATIONS: &[M<'static>] = &[M::up(SCHEMA[0]), M::up(SCHEMA[1]), M::up(SCHEMA[2])];

/// Events whose chain is checked at every start.
const TAIL: u32 = 64;

/// Open rows read at every start; the cap on open operations keeps them far below.
const OPEN_MAX: u32 = 10_000;

/// How long to wait for a reader that holds a lock.
const BUSY_MS: u64 = 5_000;

/// Whether any table but `meta` has a row.
const ANYTHING: &str = "SELECT EXISTS (SELECT 1 FROM event) OR EXISTS (SELECT 1 FROM old_epoch)
    OR EXISTS (SELECT 1 FROM sale_order) OR EXISTS (SELECT 1 FROM cash_refund)
    OR EXISTS (SELECT 1 FROM attempt) OR EXISTS (SELECT 1 FROM refund)
    OR EXISTS (SELECT 1 FROM finding) OR EXISTS (SELECT 1 FROM operation)";

/// Laws of the schema that a test takes away, to see that it would be missed.
const PLANTED: [(&str, &str); 6] = [
    ("m20_ceiling_off", "DROP TRIGGER refund_ceiling"),
    ("m20_number_shared", "DROP INDEX refund_number"),
    (
        "law3_two_live_rows",
        "DROP INDEX attempt_live; CREATE INDEX attempt_live ON attempt (order_no) WHERE phase IN (
            'parked', 'submitting', 'waiting', 'asking', 'closing', 'reversing', 'unseen')",
    ),
    ("law5_end_regresses", "DROP TRIGGER attempt_end_is_final"),
    ("m1_mark_lost", "DROP TRIGGER attempt_mark_is_kept"),
    ("db_log_rewritten", "DROP TRIGGER event_is_not_rewritten"),
];

/// How a till's database is opened.
#[derive(Debug, Clone, Copy)]
pub struct OpenOptions<'a> {
    /// The database.
    pub path: &'a Path,
    /// SQLite's name of the file system; `None` for the machine's own.
    pub vfs: Option<&'a str>,
    /// When it is opened.
    pub now: Timestamp,
    /// A fingerprint of the machine: the installation's name and, each on a line of its own, the
    /// addresses of its network hardware.
    pub machine: &'a str,
    /// The store's number, below 100,000.
    pub store: u32,
    /// The till's number, below 1,000.
    pub till: u32,
    /// Random, below 100,000,000: the epoch, where one must be drawn (M19).
    pub epoch: u32,
    /// How others are kept out.
    pub lock: Lock,
}

/// How others are kept from opening the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// A lock on `X.lock` beside the file, and a witness in `X.witness`.
    Beside,
    /// None: the database lies in memory and nobody else can see it.
    None,
}

/// What was found on opening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// What the database was found to be.
    pub birth: Birth,
    /// Series whose numbers the channels must be asked about (M15).
    pub old_epochs: Vec<OldEpoch>,
    /// Attempts that have not ended.
    pub open_attempts: usize,
}

pub(crate) fn open(options: &OpenOptions<'_>) -> Result<(Db, Opened), DbError> {
    // By whatever name it is called: two tills that open it by two names would not see each other.
    let real = match options.lock {
        Lock::Beside => std::fs::canonicalize(options.path).ok(),
        Lock::None => None,
    };
    let options = &OpenOptions { path: real.as_deref().unwrap_or(options.path), ..*options };
    let lock = hold(options)?;
    let seen = match options.lock {
        Lock::Beside => witness::read(&beside(options.path, ".witness")),
        Lock::None => None,
    };
    let mut conn = connect(options.path, options.vfs, OpenFlags::SQLITE_OPEN_CREATE)?;
    refuse_foreign(&conn)?;
    configure(&conn)?;
    migrate(&mut conn)?;
    check_schema(&conn)?;
    let found = Meta::find(&conn)?;
    // Whose it is comes in a commit after the schema's. A power cut between the two leaves a database
    // in which nothing happened, and the birth is made up for.
    if found.is_none() && has_happened(&conn)? {
        return Err(DbError::corrupt("meta", "1"));
    }
    if let Some(meta) = &found {
        events::check_tail(&conn, meta, TAIL)?;
        check_open_rows(Reader::over(&conn))?;
    }
    let (birth, meta) = birth::begin(&mut conn, options, found, seen)?;
    for (bug, sql) in PLANTED {
        if mutant::planted(bug) {
            conn.execute_batch(sql).doing("plant a bug")?;
        }
    }
    let reader = Reader::over(&conn);
    let opened = Opened {
        birth,
        old_epochs: reader.old_epochs().to_ask(OPEN_MAX)?,
        open_attempts: reader.attempts().open(OPEN_MAX)?.len(),
    };
    let mut witness = match options.lock {
        Lock::Beside => Witness::open(&beside(options.path, ".witness")),
        Lock::None => None,
    };
    if let Some(witness) = &mut witness {
        witness.note(&meta);
    }
    Ok((Db { conn, path: options.path.to_owned(), witness, steps: 0, _lock: lock }, opened))
}

/// Connects without changing the file: no checkpoint on close until the file is known to be ours.
pub(crate) fn connect(
    path: &Path,
    vfs: Option<&str>,
    create: OpenFlags,
) -> Result<Connection, DbError> {
    let mode = if create.is_empty() {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    } else {
        OpenFlags::SQLITE_OPEN_READ_WRITE | create
    };
    let flags = mode | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = match vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs),
        None => Connection::open_with_flags(path, flags),
    }
    .doing("open the database")?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .doing("configure the connection")?;
    // A plan does not depend on what is bound. Otherwise SQLite compiles every statement with a bound
    // LIMIT anew each time it is bound, which costs more than running it.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .doing("configure the connection")?;
    conn.busy_timeout(Duration::from_millis(BUSY_MS)).doing("configure the connection")?;
    conn.set_prepared_statement_cache_capacity(96);
    Ok(conn)
}

/// Holds the lock file. The lock goes with the process, however it ends.
fn hold(options: &OpenOptions<'_>) -> Result<Option<File>, DbError> {
    match options.lock {
        Lock::None => return Ok(None),
        Lock::Beside => (),
    }
    let file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(beside(options.path, ".lock"))
        .map_err(|error| DbError::io("hold the database", error))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => {
            Err(DbError::HeldElsewhere { path: options.path.display().to_string() })
        }
        Err(TryLockError::Error(error)) => Err(DbError::io("hold the database", error)),
    }
}

/// Says whether anything was ever kept in a database.
fn has_happened(conn: &Connection) -> Result<bool, DbError> {
    conn.query_row(ANYTHING, [], |row| row.get(0)).doing("look for what was kept")
}

/// Refuses a file of a later program or of another program.
fn refuse_foreign(conn: &Connection) -> Result<(), DbError> {
    let found: i64 = conn
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .doing("read the schema's version")?;
    let found = usize::try_from(found).map_err(|_| DbError::corrupt("file", "user_version"))?;
    if MIGRATIONS.len() < found {
        return Err(DbError::TooNew { found, known: MIGRATIONS.len() });
    }
    let objects: i64 = conn
        .query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get(0))
        .doing("read the schema")?;
    match (found, objects) {
        (0, objects) if objects != 0 => {
            Err(DbError::corrupt("file", "the database of another program"))
        }
        _ => Ok(()),
    }
}

fn configure(conn: &Connection) -> Result<(), DbError> {
    // FULL, not NORMAL: what is kept must survive a power cut. Only the writer checkpoints.
    let mode = set_journal_mode(conn, "PRAGMA journal_mode = WAL", "begin a write-ahead log")?;
    if mode != "wal" && mode != "memory" {
        return Err(DbError::ReadOnly { doing: "begin a write-ahead log" });
    }
    conn.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;
         PRAGMA wal_autocheckpoint = 1000; PRAGMA recursive_triggers = ON;",
    )
    .doing("configure the database")?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)
        .doing("configure the connection")?;
    Ok(())
}

/// Runs a change of the journal's mode to its end, and returns the mode that it says. It says so
/// before it commits: a disk that fails then leaves the mode as it was, and without a log a commit
/// is durable only once its journal's deletion is.
pub(crate) fn set_journal_mode(
    conn: &Connection,
    change: &'static str,
    doing: &'static str,
) -> Result<String, DbError> {
    let mut statement = conn.prepare(change).doing(doing)?;
    let mut rows = statement.query([]).doing(doing)?;
    let mut mode = String::new();
    while let Some(row) = rows.next().doing(doing)? {
        mode = row.get(0).doing(doing)?;
    }
    Ok(mode)
}

fn migrate(conn: &mut Connection) -> Result<(), DbError> {
    match Migrations::from_slice(MIGRATIONS).to_latest(conn) {
        Ok(()) => Ok(()),
        Err(rusqlite_migration::Error::RusqliteError { err, .. }) => {
            Err::<(), _>(err).doing("migrate")
        }
        Err(_) => Err(DbError::corrupt("file", "user_version")),
    }
}

/// Compares the schema with the one the migrations make: a damaged law would go unnoticed.
pub(crate) fn check_schema(conn: &Connection) -> Result<(), DbError> {
    let made = made_schema()?;
    let mut found = vec![false; made.len()];
    let mut statement = conn.prepare(SCHEMA_ROWS).doing("read the schema")?;
    let mut rows = statement.query([]).doing("read the schema")?;
    let mut next = 0;
    while let Some(row) = rows.next().doing("read the schema")? {
        let is = |thing: &Thing| is_thing(row, thing).unwrap_or(false);
        // Most often they stand in the order in which they were made.
        let near = made.get(next).is_some_and(is).then_some(next);
        let place = near.or_else(|| made.iter().position(is));
        // Each once: a thing that stands there twice stands in another's place.
        match place.and_then(|place| found.get_mut(place)) {
            Some(found) if !*found => *found = true,
            Some(_) | None => return Err(DbError::corrupt("file", "the schema")),
        }
        next += 1;
    }
    if found.contains(&false) {
        return Err(DbError::corrupt("file", "the schema"));
    }
    Ok(())
}

const SCHEMA_ROWS: &str = "SELECT type, name, tbl_name, sql FROM sqlite_schema";

/// Kind, name, table and text of a thing in a schema.
type Thing = (String, String, String, Option<String>);

/// Returns the schema that the migrations make. A program's migrations never change, so they are
/// run for it once.
fn made_schema() -> Result<&'static [Thing], DbError> {
    static MADE: OnceLock<Vec<Thing>> = OnceLock::new();
    if let Some(made) = MADE.get() {
        return Ok(made);
    }
    let mut fresh = Connection::open_in_memory().doing("make a fresh schema")?;
    migrate(&mut fresh)?;
    let mut statement = fresh.prepare(SCHEMA_ROWS).doing("read the schema")?;
    let rows = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .doing("read the schema")?;
    let made = rows.collect::<Result<Vec<Thing>, _>>().doing("read the schema")?;
    Ok(MADE.get_or_init(|| made))
}

/// Says whether a row of the schema is this thing, to the letter.
fn is_thing(row: &rusqlite::Row<'_>, thing: &Thing) -> Result<bool, rusqlite::Error> {
    let (kind, name, table, sql) = thing;
    let is = |place: usize, text: Option<&str>| {
        let expected = text.map_or(ValueRef::Null, |text| ValueRef::Text(text.as_bytes()));
        row.get_ref(place).map(|found| found == expected)
    };
    Ok(is(1, Some(name))? && is(0, Some(kind))? && is(2, Some(table))? && is(3, sql.as_deref())?)
}

/// Reads every open row, which checks it.
fn check_open_rows(reader: Reader<'_>) -> Result<(), DbError> {
    reader.attempts().open(OPEN_MAX)?;
    reader.refunds().open(OPEN_MAX)?;
    reader.queue().due(Timestamp(i64::MAX), Lane::Certainty, OPEN_MAX)?;
    reader.queue().due(Timestamp(i64::MAX), Lane::Charge, OPEN_MAX)?;
    reader.queue().due(Timestamp(i64::MAX), Lane::Background, OPEN_MAX)?;
    reader.old_epochs().to_ask(OPEN_MAX)?;
    Ok(())
}

/// Says whether a database was ever opened here: it is there, or the witness that it left is.
#[must_use]
pub fn was_here(path: &Path) -> bool {
    path.exists() || beside(path, ".witness").exists()
}

/// Returns the file beside the database whose name is the database's and `suffix`.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::full_check;

    /// A database as it is where the power went between the schema's commit and the birth's, and
    /// `more` happened to it.
    fn unborn(more: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("till.db");
        let mut conn = connect(&path, None, OpenFlags::SQLITE_OPEN_CREATE).unwrap();
        configure(&conn).unwrap();
        migrate(&mut conn).unwrap();
        conn.execute_batch(more).unwrap();
        (folder, path)
    }

    fn options(path: &Path) -> OpenOptions<'_> {
        OpenOptions {
            path,
            vfs: None,
            now: Timestamp(1_800_000_000_000),
            machine: "this one",
            store: 1,
            till: 1,
            epoch: 7,
            lock: Lock::Beside,
        }
    }

    #[test]
    fn a_power_cut_between_the_schema_and_the_birth_is_made_up_for() {
        let older = "DROP INDEX sale_order_in_cash; DROP INDEX attempt_held;
            DROP INDEX refund_held; PRAGMA user_version = 1";
        for more in ["", older] {
            let (_folder, path) = unborn(more);
            let (db, opened) = open(&options(&path)).unwrap();
            assert_eq!(opened.birth, Birth::New, "nothing had happened");
            db.close().unwrap();
            full_check(&path, None).unwrap();
            assert_eq!(open(&options(&path)).unwrap().1.birth, Birth::Same);
        }
    }

    #[test]
    fn a_database_that_lost_whose_it_is_is_not_taken_for_a_fresh_one() {
        let kept = "INSERT INTO event (seq, at_ms, kind, subject, detail, prev_hash, hash)
            VALUES (1, 0, 'born', 'till', '', zeroblob(32), zeroblob(32))";
        let (_folder, path) = unborn(kept);
        let refused = open(&options(&path)).unwrap_err();
        assert!(matches!(refused, DbError::Corrupt { .. }), "{refused:?}");
    }
}
