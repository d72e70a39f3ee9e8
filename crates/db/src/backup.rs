//! Online backups: the whole database as of one moment, while the till goes on selling.
//!
//! A backup is one file without a log beside it. It is written under another name, synced and
//! renamed, so that a backup that is there is complete. It carries a mark: a till that opens it
//! knows that it was restored.

use std::fs::File;
use std::path::{Path, PathBuf};

use mianfu_core::money::Timestamp;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use crate::error::{DbError, Doing};
use crate::meta::{Copied, Meta};
use crate::open;

/// How the files of backups begin.
const PREFIX: &str = "mianfu-";
const SUFFIX: &str = ".db";

/// Where a backup goes.
#[derive(Debug, Clone, Copy)]
pub struct BackupTo<'a> {
    /// An existing folder, best on another disk.
    pub folder: &'a Path,
    /// When it is made; its name says so.
    pub now: Timestamp,
    /// How many of the newest stay, at least 1.
    pub keep: usize,
}

/// Copies a till's database to a second place over a connection of its own that cannot write, so
/// that it may run beside a till at work. Returns the file.
///
/// # Errors
///
/// The second place cannot be written. The database itself is untouched.
pub fn backup(path: &Path, vfs: Option<&str>, to: &BackupTo<'_>) -> Result<PathBuf, DbError> {
    copy(&open::connect(path, vfs, OpenFlags::empty())?, to)
}

pub(crate) fn copy(from: &Connection, to: &BackupTo<'_>) -> Result<PathBuf, DbError> {
    let name = format!("{PREFIX}{:015}{SUFFIX}", to.now.0);
    let path = to.folder.join(&name);
    let unfinished = to.folder.join(format!("{name}.part"));
    remove(&unfinished)?;
    let written = write(from, &unfinished);
    if let Err(error) = written {
        drop(remove(&unfinished));
        return Err(error);
    }
    File::options()
        .write(true)
        .open(&unfinished)
        .and_then(|file| file.sync_all())
        .and_then(|()| std::fs::rename(&unfinished, &path))
        .and_then(|()| sync_folder(to.folder))
        .map_err(|error| DbError::io("keep the backup", error))?;
    forget_oldest(to)?;
    Ok(path)
}

/// Lists the backups of a folder, newest first.
///
/// # Errors
///
/// The folder cannot be read.
pub fn backups(folder: &Path) -> Result<Vec<PathBuf>, DbError> {
    let failed = |error| DbError::io("list the backups", error);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if stamp(&path).is_some() {
            found.push(path);
        }
    }
    found.sort();
    found.reverse();
    Ok(found)
}

/// Returns when a backup was made: its name says it.
#[must_use]
pub fn made_at(backup: &Path) -> Option<Timestamp> {
    stamp(backup).map(Timestamp)
}

fn stamp(path: &Path) -> Option<i64> {
    let name = path.file_name()?.to_str()?;
    let stamp = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    let is_stamp = stamp.bytes().all(|byte| byte.is_ascii_digit());
    if is_stamp { stamp.parse().ok() } else { None }
}

fn write(from: &Connection, path: &Path) -> Result<(), DbError> {
    let mut to = Connection::open(path).doing("make the backup")?;
    {
        let backup = Backup::new(from, &mut to).doing("make the backup")?;
        // All pages in one step: a snapshot that no commit in between starts over.
        if backup.step(-1).doing("make the backup")? != StepResult::Done {
            return Err(DbError::Busy { doing: "make the backup" });
        }
    }
    open::set_journal_mode(&to, "PRAGMA journal_mode = DELETE", "make the backup")?;
    to.execute_batch("PRAGMA synchronous = FULL").doing("make the backup")?;
    let transaction = to.transaction().doing("mark the backup")?;
    let mut meta = Meta::read(&transaction)?;
    meta.backup = Copied::Backup;
    meta.save(&transaction)?;
    transaction.commit().doing("mark the backup")?;
    to.close().map_err(|(_, error)| error).doing("make the backup")
}

fn forget_oldest(to: &BackupTo<'_>) -> Result<(), DbError> {
    for path in backups(to.folder)?.into_iter().skip(to.keep.max(1)) {
        remove(&path)?;
    }
    Ok(())
}

fn remove(path: &Path) -> Result<(), DbError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(DbError::io("clear a backup", error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Makes the rename durable, where folders can be synced.
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
