//! The till's power: how it is closed, cut off, started again, and what must still be there.

use mianfu_db::{Db, Lock, OpenOptions};
use mianfu_till::resume::Opening;
use mianfu_till::worker::chain;
use mianfu_till::{Settings, Till};

use super::channels;
use super::disk::unborn::unborn;
use super::disk::{Fate, VFS};
use super::faults::Kind;
use super::onlooker::Onlooker;
use super::plan::stream;
use super::signing::TillKeys;
use super::world::{Happening, World};

/// One in so many histories begins on an empty disk; the others find the schema there, nobody's.
const FROM_NOTHING_EVERY: u64 = 100;

impl World<'_> {
    /// The till is closed as a person closes it; SQLite tidies up.
    pub(super) fn close(&mut self, down_ms: i64) {
        if self.desk.till.is_none() {
            return;
        }
        self.fires(Kind::Restart);
        self.say(format_args!("the till is closed"));
        self.desk.onlooker = None;
        self.desk.till = None;
        if self.desk.disk.is_dead() {
            self.power_goes();
            return;
        }
        self.desk.disk.restore(Fate::Kept);
        self.desk.off = true;
        self.put(self.now_ms + down_ms, Happening::PowerBack { fuse: None });
    }

    /// The power goes: what was under way in the till is gone.
    pub(super) fn power_goes(&mut self) {
        let (fate, down_ms) = self.desk.cut;
        self.fires(Kind::PowerCut);
        self.desk.onlooker = None;
        self.desk.till = None;
        let fate = self.desk.disk.restore(fate);
        self.say(format_args!("the power goes: {fate:?}"));
        self.desk.stalled_until_ms = i64::MIN;
        if self.desk.off {
            return;
        }
        self.desk.off = true;
        // Every third time it goes again while the till recovers.
        let fuse = match self.pace.below(3) {
            0 if self.healed_ms.is_none() && self.scene.is_none() => Some(1 + self.pace.below(30)),
            _ => None,
        };
        self.put(self.now_ms + down_ms, Happening::PowerBack { fuse });
    }

    pub(super) fn boot(&mut self, fuse: Option<u64>) {
        if self.desk.till.is_some() {
            return;
        }
        self.desk.off = false;
        self.desk.start += 1;
        self.desk.held_back = None;
        self.desk.record.clock_set |= self.desk.skew_ms != self.desk.wall_ms;
        self.desk.skew_ms = self.desk.wall_ms;
        self.say(format_args!("the till starts"));
        let blank = self.desk.start == 1 && self.desk.disk.files().is_empty();
        if blank && self.scene.is_none() && self.plan.seed % FROM_NOTHING_EVERY != 50 {
            self.desk.disk.lay(unborn());
        }
        if let Some(changes) = fuse {
            self.desk.disk.set_fuse(changes);
        }
        let opened = self.open_till();
        if self.desk.disk.is_dead() {
            drop(opened);
            self.power_goes();
            return;
        }
        self.desk.disk.end_fuse();
        match opened {
            Ok(till) => self.desk.till = Some(till),
            // It says why and stops; a person makes room and starts it again.
            Err(_) if self.now_ms <= self.desk.full_until_ms || self.desk.disk.has_failed() => {
                self.say(format_args!("the till does not start on this disk"));
                self.desk.off = true;
                let again_ms = self.desk.full_until_ms.max(self.now_ms) + 1_000;
                self.put(again_ms, Happening::PowerBack { fuse: None });
                return;
            }
            Err(what) => {
                self.broken("I8", format!("the till does not start: {what}"));
                return;
            }
        }
        // A till that was off when the faults ended has its time to rest from here on.
        self.healed_ms = self.healed_ms.map(|healed_ms| healed_ms.max(self.now_ms));
        self.desk.counter.forget_screen();
        self.desk.revision_seen = 0;
        self.desk.syncs_seen = u64::MAX;
        self.desk.disk.looked_at(true);
        let onlooker = Onlooker::open(&self.desk.disk.database());
        self.desk.disk.looked_at(false);
        self.desk.onlooker = match onlooker {
            Ok(onlooker) => Some(onlooker),
            Err(error) => {
                self.broken("I19", format!("the log cannot be opened: {error}"));
                return;
            }
        };
        self.begins_to_listen();
        self.check_kept();
    }

    fn open_till(&mut self) -> Result<Till<TillKeys>, String> {
        let now = self.till_now();
        let (db, opened) = Db::open(&OpenOptions {
            path: &self.desk.disk.database(),
            vfs: Some(VFS),
            now,
            machine: &self.desk.machine,
            store: 1,
            till: self.desk.as_till,
            epoch: self.epoch(),
            lock: Lock::None,
        })
        .map_err(|error| chain(&error))?;
        let opening = Opening {
            db,
            opened,
            lines: channels::lines(self.plan.channels, self.signing, self.desk.as_till),
            settings: Settings::practice("simulated", "1"),
            seed: self.plan.seed + u64::from(self.desk.number - 1),
        };
        Till::open(opening, now).map_err(|error| chain(&error))
    }

    /// The epoch that a start would draw. No two starts of a drawn history would draw the same.
    fn epoch(&self) -> u32 {
        let on = match self.scene {
            Some(scene) => scene.epochs_on,
            None => 1_000 * (self.desk.number - 1) + self.desk.start - 1,
        };
        let epoch = stream(self.plan.seed, 4).below(100_000_000) + u64::from(on);
        u32::try_from(epoch % 100_000_000).unwrap_or(0)
    }

    /// What the till once called kept must still be there.
    fn check_kept(&mut self) {
        let (seq, hash) = self.desk.kept.clone();
        if seq == 0 {
            return;
        }
        let Some(onlooker) = &self.desk.onlooker else { return };
        self.desk.disk.looked_at(true);
        let found = onlooker.hash_of(seq);
        self.desk.disk.looked_at(false);
        match found {
            Ok(found) if found == hash => (),
            Ok(_) => self.broken("I8", format!("line {seq} of the log was kept and is gone")),
            Err(error) => self.broken("I19", format!("the log cannot be read: {error}")),
        }
    }
}
