//! What keeps a till's database sound beside a till at work: the full check and the backups.
//!
//! A thread with connections of its own that cannot write, so that no sale ever waits for it. The
//! full check runs a little after the start and once a day; a backup is made every hour and when
//! the till closes. A database that fails its check is not copied any more: the older copies may be
//! the last sound ones.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use mianfu_core::money::Timestamp;
use mianfu_db::{BackupTo, DbError, backup, backups, full_check, made_at};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::room::Room;
use crate::worker::chain;

/// From the start to the first check: the till is on the screen before the disk is read through.
const FIRST_CHECK_MS: i64 = 15_000;
/// Between two checks.
const CHECK_EVERY_MS: i64 = 86_400_000;
/// Between two backups.
const BACKUP_EVERY_MS: i64 = 3_600_000;
/// From a backup that could not be made to the next try.
const BACKUP_RETRY_MS: i64 = 300_000;
/// From when on a missing backup is told.
const BACKUP_LATE_MS: i64 = 7_200_000;
/// Backups that stay: three days of hours.
const BACKUPS_KEPT: usize = 72;
/// The longest sleep, so that a plan gone wrong is noticed.
const SLEEP_MS_MAX: i64 = 60_000;

/// What is looked after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The database.
    pub database: PathBuf,
    /// The second place; `None` where the store has named none.
    pub backup_folder: Option<PathBuf>,
}

/// What the last round found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Condition {
    /// What the full check stumbled over; `None` while nothing is known to be damaged.
    pub damage: Option<String>,
    /// Why there has been no backup for two hours.
    pub backup_late: Option<String>,
    /// How it stands with the second place; `None` where the store has named none.
    pub backup: Option<BackupSeen>,
    /// The disk under the database; `None` until it was looked at.
    pub disk: Option<DiskSeen>,
}

/// How it stands with the second place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BackupSeen {
    /// When the last copy was made, by an earlier run too.
    pub made_at: Option<Timestamp>,
    /// When and why the last try failed; `None` once one was made.
    pub failed: Option<(Timestamp, String)>,
}

/// What a look at the disk found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskSeen {
    /// When.
    pub at: Timestamp,
    /// What.
    pub room: Room,
}

/// The running upkeep.
pub struct Upkeep {
    orders: SyncSender<Order>,
    condition: watch::Receiver<Condition>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// Something was refused: look at the disk at once.
    Look,
    /// One last backup, and an end.
    Close,
}

impl Upkeep {
    /// Begins looking after a till's database.
    ///
    /// # Errors
    ///
    /// Fails where the system gives no thread.
    pub fn begin(plan: Plan, clock: impl Clock) -> std::io::Result<Upkeep> {
        let (orders, inbox) = sync_channel(1);
        let (told, condition) = watch::channel(Condition::default());
        let thread = std::thread::Builder::new().name("upkeep".to_owned()).spawn(move || {
            let now = clock.now();
            let mut round = Round::new(plan, now);
            let tell = |round: &Round| {
                told.send_if_modified(|before| {
                    let changed = *before != round.condition;
                    before.clone_from(&round.condition);
                    changed
                });
            };
            round.look(now);
            tell(&round);
            while round.wait(&inbox, &clock) {
                round.turn(clock.now());
                tell(&round);
            }
            round.close(clock.now());
        })?;
        Ok(Upkeep { orders, condition, thread: Mutex::new(Some(thread)) })
    }

    /// Returns a watch on what the last round found.
    #[must_use]
    pub fn condition(&self) -> watch::Receiver<Condition> {
        self.condition.clone()
    }

    /// Looks at the disk at once: something could not be kept.
    pub fn look(&self) {
        // One that waits already is as good.
        let _ = self.orders.try_send(Order::Look);
    }

    /// Makes one last backup and ends.
    pub fn close(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // It may have ended by itself.
            let _ = self.orders.send(Order::Close);
            drop(thread.join());
        }
    }
}

struct Round {
    plan: Plan,
    check_at: Timestamp,
    backup_at: Timestamp,
    /// When the last backup was made; the start where there is none.
    backed_up_at: Timestamp,
    condition: Condition,
}

impl Round {
    fn new(plan: Plan, now: Timestamp) -> Round {
        let first = now.plus_ms(FIRST_CHECK_MS);
        Round {
            plan,
            check_at: first,
            backup_at: first,
            backed_up_at: now,
            condition: Condition::default(),
        }
    }

    /// Sleeps until something is due or asked for; returns false where it is time to end.
    fn wait(&self, inbox: &Receiver<Order>, clock: &impl Clock) -> bool {
        let due = self.check_at.min(self.backup_at);
        let wait_ms = due.since_ms(clock.now()).clamp(0, SLEEP_MS_MAX);
        let wait = Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0));
        match inbox.recv_timeout(wait) {
            Ok(Order::Look) | Err(RecvTimeoutError::Timeout) => true,
            Ok(Order::Close) | Err(RecvTimeoutError::Disconnected) => false,
        }
    }

    /// Looks at the disk, and once at what the second place holds already.
    fn look(&mut self, now: Timestamp) {
        self.condition.disk = Room::of(&self.plan.database).map(|room| DiskSeen { at: now, room });
        if self.condition.backup.is_none()
            && let Some(folder) = &self.plan.backup_folder
        {
            let newest = backups(folder).ok().and_then(|found| made_at(found.first()?));
            self.condition.backup = Some(BackupSeen { made_at: newest, failed: None });
        }
    }

    fn turn(&mut self, now: Timestamp) {
        self.look(now);
        if self.check_at <= now {
            self.check_at = now.plus_ms(CHECK_EVERY_MS);
            self.check();
        }
        if self.backup_at <= now {
            self.back_up(now);
        }
    }

    fn check(&mut self) {
        match full_check(&self.plan.database, None) {
            Ok(checked) => {
                tracing::info!(events = checked.events, rows = checked.rows, "database is sound");
                self.condition.damage = None;
            }
            Err(error) if error.is_damage() => {
                tracing::error!(error = %chain(&error), "the database is damaged");
                self.condition.damage = Some(chain(&error));
            }
            // A busy or failing disk says nothing about what is written there.
            Err(error) => tracing::warn!(error = %chain(&error), "the check was not finished"),
        }
    }

    fn back_up(&mut self, now: Timestamp) {
        let Some(made) = self.copy(now) else {
            self.backup_at = now.plus_ms(BACKUP_EVERY_MS);
            return;
        };
        match made {
            Ok(path) => {
                tracing::info!(path = %path.display(), "backup made");
                self.backed_up_at = now;
                self.backup_at = now.plus_ms(BACKUP_EVERY_MS);
                self.condition.backup_late = None;
                self.condition.backup = Some(BackupSeen { made_at: Some(now), failed: None });
            }
            Err(error) => {
                let seen = self.condition.backup.get_or_insert_default();
                seen.failed = Some((now, chain(&error)));
                tracing::warn!(error = %chain(&error), "no backup could be made");
                self.backup_at = now.plus_ms(BACKUP_RETRY_MS);
                if BACKUP_LATE_MS <= now.since_ms(self.backed_up_at) {
                    self.condition.backup_late = Some(chain(&error));
                }
            }
        }
    }

    /// Copies the database where there is a second place and nothing is known to be damaged.
    fn copy(&self, now: Timestamp) -> Option<Result<PathBuf, DbError>> {
        let folder = self.plan.backup_folder.as_deref()?;
        if self.condition.damage.is_some() {
            return None;
        }
        let to = BackupTo { folder, now, keep: BACKUPS_KEPT };
        Some(backup(&self.plan.database, None, &to))
    }

    fn close(&mut self, now: Timestamp) {
        if let Some(Err(error)) = self.copy(now) {
            tracing::warn!(error = %chain(&error), "no backup could be made at the close");
        }
    }
}

#[cfg(test)]
mod tests {
    use mianfu_db::{Birth, Db, Lock, OpenOptions};

    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    struct Bench {
        home: tempfile::TempDir,
    }

    impl Bench {
        fn new() -> Bench {
            let home = tempfile::tempdir().unwrap();
            std::fs::create_dir(home.path().join("second")).unwrap();
            let bench = Bench { home };
            assert_eq!(bench.open(&bench.database()), Birth::New);
            bench
        }

        fn database(&self) -> PathBuf {
            self.home.path().join("practice.db")
        }

        fn second(&self) -> PathBuf {
            self.home.path().join("second")
        }

        fn round(&self, backup_folder: PathBuf) -> Round {
            let plan = Plan { database: self.database(), backup_folder: Some(backup_folder) };
            Round::new(plan, NOW)
        }

        fn open(&self, path: &std::path::Path) -> Birth {
            let options = OpenOptions {
                path,
                vfs: None,
                now: NOW,
                machine: "this one",
                store: 1,
                till: 1,
                epoch: 7,
                lock: Lock::Beside,
            };
            let (db, opened) = Db::open(&options).unwrap();
            db.close().unwrap();
            opened.birth
        }
    }

    #[test]
    fn a_backup_is_made_every_hour_and_knows_that_it_is_one() {
        let bench = Bench::new();
        let mut round = bench.round(bench.second());
        round.turn(NOW);
        assert_eq!(backups(&bench.second()).unwrap().len(), 0, "not before the till is up");
        round.turn(NOW.plus_ms(FIRST_CHECK_MS));
        round.turn(NOW.plus_ms(FIRST_CHECK_MS + BACKUP_EVERY_MS - 1));
        assert_eq!(backups(&bench.second()).unwrap().len(), 1, "the hour is not over");
        round.turn(NOW.plus_ms(FIRST_CHECK_MS + BACKUP_EVERY_MS));
        let made = backups(&bench.second()).unwrap();
        assert_eq!(made.len(), 2);
        let Condition { damage, backup_late, backup, disk } = &round.condition;
        assert_eq!((damage, backup_late), (&None, &None));
        let at = NOW.plus_ms(FIRST_CHECK_MS + BACKUP_EVERY_MS);
        assert_eq!(*backup, Some(BackupSeen { made_at: Some(at), failed: None }));
        assert_eq!(disk.map(|seen| seen.at), cfg!(unix).then_some(at), "looked at in every round");
        assert_eq!(bench.open(&made[0]), Birth::Restored, "a till must not take it for its own");
    }

    #[test]
    fn a_second_place_that_is_gone_is_told_after_two_hours_and_tried_again() {
        let bench = Bench::new();
        let gone = bench.home.path().join("unplugged");
        let mut round = bench.round(gone.clone());
        round.turn(NOW.plus_ms(FIRST_CHECK_MS));
        assert_eq!(round.condition.backup_late, None, "one failed try is no alarm");
        let failed = round.condition.backup.clone().unwrap().failed.unwrap();
        assert_eq!(failed.0, NOW.plus_ms(FIRST_CHECK_MS), "whoever looks may know of it");
        round.turn(NOW.plus_ms(BACKUP_LATE_MS));
        assert!(round.condition.backup_late.is_some(), "nobody would notice otherwise");
        std::fs::create_dir(&gone).unwrap();
        round.turn(NOW.plus_ms(BACKUP_LATE_MS + BACKUP_RETRY_MS));
        assert_eq!(round.condition.backup_late, None, "it is back");
        let at = NOW.plus_ms(BACKUP_LATE_MS + BACKUP_RETRY_MS);
        let seen = BackupSeen { made_at: Some(at), failed: None };
        assert_eq!(round.condition.backup, Some(seen.clone()));
        let mut next = bench.round(gone.clone());
        next.look(NOW.plus_ms(BACKUP_EVERY_MS * 24));
        assert_eq!(next.condition.backup, Some(seen), "the next run knows of it");
        assert_eq!(backups(&gone).unwrap().len(), 1);
    }

    #[test]
    fn a_damaged_database_is_told_and_never_copied_over_sound_backups() {
        let bench = Bench::new();
        let mut bytes = std::fs::read(bench.database()).unwrap();
        for byte in bytes.iter_mut().skip(4096).step_by(97) {
            *byte ^= 0x55;
        }
        std::fs::write(bench.database(), bytes).unwrap();
        let mut round = bench.round(bench.second());
        round.turn(NOW.plus_ms(FIRST_CHECK_MS));
        assert!(round.condition.damage.is_some(), "the till goes on selling on it");
        assert_eq!(backups(&bench.second()).unwrap().len(), 0);
    }

    struct Still;
    impl Clock for Still {
        fn now(&self) -> Timestamp {
            NOW
        }
    }

    #[test]
    #[cfg(unix)]
    fn the_disk_is_looked_at_when_something_could_not_be_kept() {
        let bench = Bench::new();
        let plan = Plan { database: bench.database(), backup_folder: None };
        let upkeep = Upkeep::begin(plan, Still).unwrap();
        let mut condition = upkeep.condition();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let seen = |condition: &Condition| condition.disk.is_some();
        runtime.block_on(condition.wait_for(seen)).unwrap();
        std::fs::remove_file(bench.database()).unwrap();
        upkeep.look();
        runtime.block_on(condition.wait_for(|condition| !seen(condition))).unwrap();
        upkeep.close();
    }

    #[test]
    fn closing_makes_one_last_backup() {
        let bench = Bench::new();
        let plan = Plan { database: bench.database(), backup_folder: Some(bench.second()) };
        let upkeep = Upkeep::begin(plan, Still).unwrap();
        upkeep.close();
        upkeep.close();
        assert_eq!(backups(&bench.second()).unwrap().len(), 1, "one, however often it is closed");
    }
}
