//! What a relay keeps, and all of its SQL.
//!
//! One connection writes, in batches: what came together is durable together, with one sync. A
//! batch is all or none, and nobody is told of a part of it before it is on the disk. Others read.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use mianfu_core::money::Timestamp;
use mianfu_core::mutant;
use rusqlite::{
    Connection, ErrorCode, OpenFlags, OptionalExtension as _, Transaction, TransactionBehavior,
};

use crate::trust;

/// The schema's version, and whose file it is.
const VERSION: i64 = 1;
const APPLICATION: i64 = 0x4D46_5259;
/// How long to wait for a reader that holds a lock.
const BUSY: Duration = Duration::from_secs(5);
/// Rows that one sweep takes, so that notices wait for none of it.
const SWEPT_MAX: u32 = 500;

/// What the database would not do.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite failed.
    #[error("could not {doing}")]
    Sqlite {
        /// What was being done.
        doing: &'static str,
        /// Why not.
        #[source]
        source: rusqlite::Error,
    },
    /// The disk failed.
    #[error("could not {doing}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Another relay has it open.
    #[error("`{path}` is held by another relay")]
    HeldElsewhere {
        /// The database.
        path: String,
    },
    /// Not a relay's, or a later one's.
    #[error("`{path}` is not a database of this relay's version")]
    Foreign {
        /// The database.
        path: String,
    },
}

/// What ails a database, as far as a person can do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ailment {
    /// Its disk has no room.
    Full,
    /// Its disk does not read or write.
    Failing,
    /// It is damaged, or no database.
    Damaged,
}

impl StoreError {
    /// Returns what ails the database; `None` where it is something else.
    #[must_use]
    pub fn ailment(&self) -> Option<Ailment> {
        let StoreError::Sqlite { source, .. } = self else { return None };
        let known = [
            (ErrorCode::DiskFull, Ailment::Full),
            (ErrorCode::SystemIoFailure, Ailment::Failing),
            (ErrorCode::NotADatabase, Ailment::Damaged),
            (ErrorCode::DatabaseCorrupt, Ailment::Damaged),
        ];
        let code = source.sqlite_error_code()?;
        known.iter().find(|(one, _)| *one == code).map(|(_, ailment)| *ailment)
    }
}

trait Doing<T> {
    fn doing(self, doing: &'static str) -> Result<T, StoreError>;
}

impl<T> Doing<T> for Result<T, rusqlite::Error> {
    fn doing(self, doing: &'static str) -> Result<T, StoreError> {
        self.map_err(|source| StoreError::Sqlite { doing, source })
    }
}

/// A notice as it came.
#[derive(Clone, PartialEq, Eq)]
pub struct Notice {
    /// Which channel, as in the address.
    pub channel: String,
    /// Whose, as in the address.
    pub merchant: String,
    /// When it came.
    pub received: Timestamp,
    /// What its signature needs beside the body, as a JSON list of names and values.
    pub headers: String,
    /// As it came.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notice")
            .field("channel", &self.channel)
            .field("merchant", &self.merchant)
            .field("received", &self.received)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Something to be made durable.
#[derive(Debug)]
pub enum Wish {
    /// Keep a notice for a till.
    Keep {
        /// For whom.
        till: String,
        /// Names it over its repetitions.
        key: [u8; 32],
        /// What.
        notice: Notice,
    },
    /// Use up a till's nonce, and take its word for what it has.
    Claim {
        /// Whose.
        till: String,
        /// Never used before.
        nonce: [u8; 16],
        /// When the request was made.
        at: Timestamp,
        /// Up to which number it has taken its notices.
        ack: Option<i64>,
    },
    /// Give tills a place. Those that have one keep it.
    Seat {
        /// Their names.
        tills: Vec<String>,
    },
    /// Forget what is old.
    Sweep {
        /// The time.
        now: Timestamp,
        /// Notices from before this are dropped.
        before: Timestamp,
    },
}

/// What became of a wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Durable under this number, and not before.
    Kept(i64),
    /// Durable under this number already.
    Already(i64),
    /// The nonce is used up, and the acknowledgement noted.
    Claimed,
    /// The nonce was used before, or may have been.
    Replayed,
    /// There is no such number to acknowledge; the nonce is used up all the same.
    NoSuchNumber,
    /// Every till has its place.
    Seated,
    /// So many tills had notices that were forgotten. There may be more where it is not zero.
    Swept(usize),
}

/// A till's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// The number of the newest notice.
    pub last: i64,
    /// Up to which number the till has taken them.
    pub acked: i64,
    /// Up to which number some were dropped.
    pub dropped: i64,
}

/// The one connection that writes.
pub struct Store {
    conn: Connection,
    vfs: Option<String>,
    path: PathBuf,
    epoch: String,
    /// Notices that wait for a till at most.
    backlog_max: i64,
    _lock: File,
}

impl Store {
    /// Opens a relay's database, or makes it. `epoch` names it if it is made.
    ///
    /// # Errors
    /// It cannot be opened, is another's, or is held by another relay.
    pub fn open(path: &Path, epoch: &str, backlog_max: i64) -> Result<Store, StoreError> {
        Store::open_on(None, path, epoch, backlog_max)
    }

    /// Opens a relay's database on a disk that SQLite knows by a name; on the machine's where there
    /// is none.
    ///
    /// # Errors
    /// It cannot be opened, is another's, or is held by another relay.
    pub fn open_on(
        vfs: Option<&str>,
        path: &Path,
        epoch: &str,
        backlog_max: i64,
    ) -> Result<Store, StoreError> {
        let lock = hold(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut conn = connect(vfs, path, flags)?;
        make(&mut conn, path, epoch)?;
        // FULL, not NORMAL: what the channel is thanked for must survive a power cut.
        conn.execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;
             PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 1000;",
        )
        .doing("configure the database")?;
        if mutant::planted("relay_thanks_before_the_sync") {
            conn.execute_batch("PRAGMA synchronous = NORMAL;").doing("configure the database")?;
        }
        let epoch = conn
            .query_row("SELECT epoch FROM relay", [], |row| row.get(0))
            .doing("read the epoch")?;
        let vfs = vfs.map(str::to_owned);
        Ok(Store { conn, vfs, path: path.to_owned(), epoch, backlog_max, _lock: lock })
    }

    /// Returns the name of this database.
    #[must_use]
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// Opens a connection that reads.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn reader(&self) -> Result<Reader, StoreError> {
        Reader::open_on(self.vfs.as_deref(), &self.path)
    }

    /// Gives tills a place. Those that have one keep it.
    ///
    /// # Errors
    /// The database failed.
    pub fn seat<'t>(&mut self, tills: impl Iterator<Item = &'t str>) -> Result<(), StoreError> {
        let tills = tills.map(str::to_owned).collect();
        self.fulfil(&[&Wish::Seat { tills }]).map(|_| ())
    }

    /// Makes every wish durable, or none, and returns what became of each, in order. One sync;
    /// none where nothing is new.
    ///
    /// # Errors
    /// None of it is durable.
    pub fn fulfil(&mut self, wishes: &[&Wish]) -> Result<Vec<Outcome>, StoreError> {
        let backlog_max = self.backlog_max;
        let tx = begin(&mut self.conn)?;
        let outcomes = wishes
            .iter()
            .map(|wish| match wish {
                Wish::Keep { till, key, notice } => keep(&tx, till, key, notice, backlog_max),
                Wish::Claim { till, nonce, at, ack } => claim(&tx, till, nonce, *at, *ack),
                Wish::Seat { tills } => seat(&tx, tills),
                Wish::Sweep { now, before } => sweep(&tx, *now, *before),
            })
            .collect::<Result<Vec<Outcome>, StoreError>>()?;
        tx.commit().doing("commit")?;
        Ok(outcomes)
    }
}

/// A connection that reads.
pub struct Reader {
    conn: Connection,
}

impl Reader {
    /// Opens a connection that reads, to the database of a relay that may be running.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(path: &Path) -> Result<Reader, StoreError> {
        Reader::open_on(None, path)
    }

    /// The same on a disk that SQLite knows by a name.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open_on(vfs: Option<&str>, path: &Path) -> Result<Reader, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Ok(Reader { conn: connect(vfs, path, flags)? })
    }

    /// Returns a till's place; `None` where it has none.
    ///
    /// # Errors
    /// The database failed.
    pub fn standing(&self, till: &str) -> Result<Option<Standing>, StoreError> {
        let sql = "SELECT last_seq, acked_seq, dropped_seq FROM till WHERE name = ?1";
        let mut statement = self.conn.prepare_cached(sql).doing("read a till's place")?;
        statement
            .query_row([till], |row| {
                Ok(Standing { last: row.get(0)?, acked: row.get(1)?, dropped: row.get(2)? })
            })
            .optional()
            .doing("read a till's place")
    }

    /// Returns the first notices of a till after a number, with theirs.
    ///
    /// # Errors
    /// The database failed.
    pub fn after(&self, till: &str, seq: i64, most: u32) -> Result<Vec<(i64, Notice)>, StoreError> {
        let sql = "SELECT seq, channel, merchant, received_ms, headers, body FROM notice
            WHERE till = ?1 AND ?2 < seq ORDER BY seq LIMIT ?3";
        // Planted, every till is told what came for any.
        let planted = "SELECT seq, channel, merchant, received_ms, headers, body FROM notice
            WHERE ?1 <> '' AND ?2 < seq ORDER BY seq LIMIT ?3";
        let sql = if mutant::planted("relay_tells_anothers") { planted } else { sql };
        let mut statement = self.conn.prepare_cached(sql).doing("read notices")?;
        let rows = statement.query_map((till, seq, most), |row| {
            let notice = Notice {
                channel: row.get(1)?,
                merchant: row.get(2)?,
                received: Timestamp(row.get(3)?),
                headers: row.get(4)?,
                body: row.get(5)?,
            };
            Ok((row.get(0)?, notice))
        });
        rows.and_then(Iterator::collect).doing("read notices")
    }

    /// Returns a hash of every table that says something, for whoever must know that nothing
    /// changed.
    ///
    /// # Errors
    /// The database failed.
    pub fn fingerprint(&self) -> Result<Vec<String>, StoreError> {
        let mut rows = Vec::new();
        for sql in [
            "SELECT name || ' ' || last_seq || ' ' || acked_seq || ' ' || dropped_seq FROM till
             ORDER BY name",
            "SELECT till || ' ' || seq || ' ' || channel || ' ' || merchant || ' ' || headers
             || ' ' || hex(key) || ' ' || hex(body) FROM notice ORDER BY till, seq",
        ] {
            let mut statement = self.conn.prepare(sql).doing("read everything")?;
            let read = statement.query_map([], |row| row.get(0));
            let read: Result<Vec<String>, _> = read.and_then(Iterator::collect);
            rows.extend(read.doing("read everything")?);
        }
        Ok(rows)
    }
}

fn keep(
    tx: &Transaction<'_>,
    till: &str,
    key: &[u8; 32],
    notice: &Notice,
    backlog_max: i64,
) -> Result<Outcome, StoreError> {
    let doing = "keep a notice";
    let known: Option<i64> = tx
        .prepare_cached("SELECT seq FROM notice WHERE till = ?1 AND key = ?2")
        .and_then(|mut statement| statement.query_row((till, key), |row| row.get(0)).optional())
        .doing(doing)?;
    if let Some(seq) = known
        && !mutant::planted("relay_keeps_twice")
    {
        return Ok(Outcome::Already(seq));
    }
    let next = "UPDATE till SET last_seq = last_seq + 1 WHERE name = ?1
        RETURNING last_seq, acked_seq, dropped_seq";
    let (seq, acked, dropped): (i64, i64, i64) = tx
        .prepare_cached(next)
        .and_then(|mut statement| {
            statement.query_row([till], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        })
        .doing(doing)?;
    let insert =
        "INSERT INTO notice (till, seq, key, channel, merchant, received_ms, headers, body)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let Notice { channel, merchant, received, headers, body } = notice;
    tx.prepare_cached(insert)
        .and_then(|mut statement| {
            statement.execute((till, seq, key, channel, merchant, received.0, headers, body))
        })
        .doing(doing)?;
    let oldest = acked.max(dropped) + 1;
    if backlog_max < seq + 1 - oldest {
        drop_until(tx, till, seq - backlog_max)?;
    }
    Ok(Outcome::Kept(seq))
}

/// Drops a till's notices up to a number, and notes it where the till had not taken them.
fn drop_until(tx: &Transaction<'_>, till: &str, seq: i64) -> Result<(), StoreError> {
    let doing = "drop old notices";
    tx.execute("DELETE FROM notice WHERE till = ?1 AND seq <= ?2", (till, seq)).doing(doing)?;
    let note = "UPDATE till SET dropped_seq = ?2
        WHERE name = ?1 AND dropped_seq < ?2 AND acked_seq < ?2";
    if !mutant::planted("relay_drops_in_silence") {
        tx.execute(note, (till, seq)).doing(doing)?;
    }
    Ok(())
}

fn claim(
    tx: &Transaction<'_>,
    till: &str,
    nonce: &[u8; 16],
    at: Timestamp,
    ack: Option<i64>,
) -> Result<Outcome, StoreError> {
    let doing = "use up a nonce";
    // What was forgotten might be this one: the clock may have been set back since.
    let use_up = "INSERT INTO nonce (till, nonce, at_ms)
        SELECT ?1, ?2, ?3 FROM relay WHERE nonce_horizon_ms <= ?3 ON CONFLICT DO NOTHING";
    let used = tx
        .prepare_cached(use_up)
        .and_then(|mut statement| statement.execute((till, nonce, at.0)))
        .doing(doing)?;
    if used == 0 && !mutant::planted("relay_trusts_twice") {
        return Ok(Outcome::Replayed);
    }
    let Some(ack) = ack else { return Ok(Outcome::Claimed) };
    let note = "UPDATE till SET acked_seq = max(acked_seq, ?2) WHERE name = ?1 AND ?2 <= last_seq";
    let noted = tx
        .prepare_cached(note)
        .and_then(|mut statement| statement.execute((till, ack)))
        .doing("note an acknowledgement")?;
    Ok(if noted == 1 { Outcome::Claimed } else { Outcome::NoSuchNumber })
}

fn seat(tx: &Transaction<'_>, tills: &[String]) -> Result<Outcome, StoreError> {
    let doing = "give a till its place";
    for till in tills {
        let insert = "INSERT INTO till (name) VALUES (?1) ON CONFLICT DO NOTHING";
        tx.execute(insert, [till]).doing(doing)?;
    }
    Ok(Outcome::Seated)
}

/// Forgets nonces that no request can use again, and notices that are too old, a few at a time.
fn sweep(tx: &Transaction<'_>, now: Timestamp, before: Timestamp) -> Result<Outcome, StoreError> {
    let doing = "forget what is old";
    let horizon = now.plus_ms(-trust::FRESH_MS);
    // As far as something is forgotten and no further: a clock that is far ahead for a while must
    // not have every till refused once it is right.
    let note = "UPDATE relay SET nonce_horizon_ms = forgotten.until
        FROM (SELECT max(at_ms) + 1 AS until FROM nonce WHERE at_ms < ?1) AS forgotten
        WHERE nonce_horizon_ms < forgotten.until";
    let note_all = "UPDATE relay SET nonce_horizon_ms = ?1 WHERE nonce_horizon_ms < ?1";
    let is_far = mutant::planted("relay_forgets_ahead");
    if !mutant::planted("relay_forgets_its_horizon") {
        tx.execute(if is_far { note_all } else { note }, [horizon.0]).doing(doing)?;
    }
    tx.execute("DELETE FROM nonce WHERE at_ms < ?1", [horizon.0]).doing(doing)?;
    // A till's notices come in the order of their numbers, so the old ones are the first.
    let oldest = "SELECT till.name, (SELECT max(old.seq) FROM (
            SELECT seq, received_ms FROM notice WHERE notice.till = till.name
            ORDER BY seq LIMIT ?2) AS old WHERE old.received_ms < ?1) AS until
        FROM till WHERE until IS NOT NULL";
    let mut statement = tx.prepare(oldest).doing(doing)?;
    let rows = statement.query_map((before.0, SWEPT_MAX), |row| Ok((row.get(0)?, row.get(1)?)));
    let rows: Vec<(String, i64)> = rows.and_then(Iterator::collect).doing(doing)?;
    for (till, seq) in &rows {
        drop_until(tx, till, *seq)?;
    }
    Ok(Outcome::Swept(rows.len()))
}

fn connect(vfs: Option<&str>, path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let opened = match vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs),
        None => Connection::open_with_flags(path, flags),
    };
    let conn = opened.doing("open the database")?;
    conn.busy_timeout(BUSY).doing("configure the connection")?;
    Ok(conn)
}

fn begin(conn: &mut Connection) -> Result<Transaction<'_>, StoreError> {
    conn.transaction_with_behavior(TransactionBehavior::Immediate).doing("begin")
}

/// Makes the schema in an empty file; refuses a file of another program.
fn make(conn: &mut Connection, path: &Path, epoch: &str) -> Result<(), StoreError> {
    let doing = "read the schema";
    let read = |conn: &Connection, sql: &str| -> Result<i64, StoreError> {
        conn.query_row(sql, [], |row| row.get(0)).doing(doing)
    };
    let version = read(conn, "PRAGMA user_version")?;
    let application = read(conn, "PRAGMA application_id")?;
    let things = read(conn, "SELECT count(*) FROM sqlite_schema")?;
    match (version, application, things) {
        (VERSION, APPLICATION, _) => return Ok(()),
        (0, 0, 0) => {}
        (_, _, _) => return Err(StoreError::Foreign { path: path.display().to_string() }),
    }
    let doing = "make the database";
    conn.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;").doing(doing)?;
    let tx = begin(conn)?;
    tx.execute_batch(include_str!("schema.sql")).doing(doing)?;
    let birth = "INSERT INTO relay (one, epoch, nonce_horizon_ms) VALUES (1, ?1, 0)";
    tx.execute(birth, [epoch]).doing(doing)?;
    tx.execute_batch(&format!(
        "PRAGMA user_version = {VERSION}; PRAGMA application_id = {APPLICATION};"
    ))
    .doing(doing)?;
    tx.commit().doing(doing)
}

/// Holds the lock beside the database, and closes both to other users of the machine.
fn hold(path: &Path) -> Result<File, StoreError> {
    let doing = "hold the database";
    let io = |source| StoreError::Io { doing, source };
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock = options.open(name).map_err(io)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(StoreError::HeldElsewhere { path: path.display().to_string() });
        }
        Err(TryLockError::Error(source)) => return Err(io(source)),
    }
    // SQLite makes its other files with the rights of the first.
    drop(options.open(path).map_err(io)?);
    Ok(lock)
}
