//! A till's database as it is before it belongs to a till: the schema is there and nothing else.
//!
//! A start makes it and the next commit says whose it is. A power cut between the two leaves it on a
//! disk, and every start goes on from there. That is how it is made here, once, by the product's own
//! start: a history that begins on it does not wait for the schema again.

use std::sync::OnceLock;

use mianfu_core::money::Timestamp;
use mianfu_db::{Db, DbError, Lock, OpenOptions, Opened};
use rusqlite::{Connection, OpenFlags};

use super::counted::Cut;
use super::{Disk, Fate, Files, VFS};

/// Numbers of the disks on which it is made; no other disk counts so far.
const COUNTS: u64 = u64::MAX - 1;
const CUT: u64 = u64::MAX - 2;

/// Returns the files of such a database.
#[must_use]
pub fn unborn() -> &'static Files {
    static UNBORN: OnceLock<Files> = OnceLock::new();
    UNBORN.get_or_init(make)
}

fn make() -> Files {
    // What a start keeps last is whose the database is.
    let counts = Disk::new(COUNTS);
    let opened = start(&counts);
    let changes = counts.changes();
    drop(opened);
    let disk = Disk::new(CUT);
    disk.plan_cuts(&[Cut { at: changes, fate: Fate::Lost }]);
    drop(start(&disk));
    disk.restore(Fate::Lost);
    tidy(&disk).expect("the schema was kept before");
    disk.files()
}

fn start(disk: &Disk) -> Option<Db> {
    open(disk).ok().map(|(db, _)| db)
}

fn open(disk: &Disk) -> Result<(Db, Opened), DbError> {
    Db::open(&OpenOptions {
        path: &disk.database(),
        vfs: Some(VFS),
        now: Timestamp(0),
        machine: "nobody's",
        store: 0,
        till: 0,
        epoch: 0,
        lock: Lock::None,
    })
}

/// Moves the log into the file and sees that the database is nobody's.
fn tidy(disk: &Disk) -> rusqlite::Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    let conn = Connection::open_with_flags_and_vfs(disk.database(), flags, VFS)?;
    let owners: i64 = conn.query_row("SELECT COUNT(*) FROM meta", [], |row| row.get(0))?;
    let events: i64 = conn.query_row("SELECT COUNT(*) FROM event", [], |row| row.get(0))?;
    assert_eq!((owners, events), (0, 0), "nothing was kept in it");
    conn.close().map_err(|(_, error)| error)
}

#[cfg(test)]
mod tests {
    use mianfu_db::Birth;

    use super::super::counted::Failure;
    use super::*;

    #[test]
    fn a_start_goes_on_from_an_unborn_database_as_from_nothing() {
        let files = unborn();
        assert_eq!(files.keys().map(String::as_str).collect::<Vec<_>>(), ["till.db"]);
        let disk = Disk::with(u64::MAX - 3, files);
        let options = OpenOptions {
            path: &disk.database(),
            vfs: Some(VFS),
            now: Timestamp(1_800_000_000_000),
            machine: "this one",
            store: 1,
            till: 2,
            epoch: 3,
            lock: Lock::None,
        };
        let (db, opened) = Db::open(&options).unwrap();
        assert_eq!(opened.birth, Birth::New);
        let series = db.read().series().unwrap();
        assert_eq!((series.store(), series.till(), series.epoch()), (1, 2, 3));
        db.check_everything().unwrap();
    }

    /// The same as a backup is: without a log, and with what was kept by a journal.
    fn without_a_log() -> Files {
        let disk = Disk::with(u64::MAX - 4, unborn());
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
        let conn = Connection::open_with_flags_and_vfs(disk.database(), flags, VFS).unwrap();
        let mode: String =
            conn.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0)).unwrap();
        assert_eq!(mode, "delete");
        conn.close().unwrap();
        disk.files()
    }

    #[test]
    fn law1_a_start_whose_disk_fails_once_keeps_for_good_or_does_not_start() {
        let files = without_a_log();
        let counts = Disk::with(u64::MAX - 5, &files);
        drop(start(&counts).unwrap());
        let calls = counts.counts().calls;
        assert!(20 <= calls, "{calls} calls on the disk");
        let mut begun = 0;
        for at in 1..=calls {
            let disk = Disk::with(u64::MAX - 6, &files);
            disk.plan_failure(at, Failure::Refused);
            let kept = start(&disk);
            let starts = kept.is_some();
            disk.cut();
            drop(kept);
            disk.restore(Fate::Lost);
            disk.calm();
            let again = open(&disk).unwrap().1.birth;
            if starts {
                assert_eq!(again, Birth::Same, "call {at} failed and the start's commit is gone");
                begun += 1;
            }
        }
        assert!(0 < begun, "a call after the last commit failed, and no start");
    }
}
