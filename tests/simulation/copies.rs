//! What befalls a machine as a whole: its clock jumps, a backup takes the database's place, a second
//! machine starts from a copy of the disk.

use std::collections::BTreeMap;

use super::desk::Desk;
use super::disk::{Disk, Fate, Files};
use super::faults::Kind;
use super::record::{Line, Record, Row, is_end};
use super::world::{Happening, World, next_disk};

/// From a copy that was not made to the next try, in ms.
const COPIED_AGAIN_MS: i64 = 7_000;

/// What the log calls a row that is as an older database has it.
pub(super) const PUT_BACK: &str = "put_back";

/// What the log and a finding call that which was open as a disk was copied.
pub(super) const COPIED: &str = "copied";

impl World<'_> {
    /// The machine's clock jumps. A running till does not look at it.
    pub(super) fn clock_jumps(&mut self, by_ms: i64) {
        self.fires(Kind::ClockJump);
        self.desk.wall_ms += by_ms;
        self.say(format_args!("the machine's clock jumps by {by_ms} ms"));
    }

    /// The till is switched off, and its newest backup takes the database's place.
    pub(super) fn put_back(&mut self, down_ms: i64) {
        let Some(copy) = self.desk.backed_up.take() else { return };
        if self.desk.till.is_none() {
            return;
        }
        self.look();
        self.fires(Kind::Restored);
        self.say(format_args!("the backup takes the database's place"));
        self.desk.onlooker = None;
        self.desk.till = None;
        self.desk.disk.restore(Fate::Kept);
        let files: Files = [("till.db".to_owned(), copy.bytes)].into();
        self.desk.disk = Disk::with(next_disk(), &files);
        self.desk.full_until_ms = i64::MIN;
        self.desk.kept = copy.kept;
        forget(&mut self.desk.record, copy.log_len, copy.cash_len, self.now_ms);
        self.desk.phases = phases(&self.desk.record);
        self.desk.counter.in_cash = None;
        self.desk.off = true;
        self.put(self.now_ms + down_ms, Happening::PowerBack { fuse: None });
    }

    /// A second machine starts from a copy of the disk as a reader sees it, whatever is open there,
    /// and both tills go on.
    pub(super) fn clone_disk(&mut self, renumbered: bool, index: usize) {
        if self.beside.is_some() || self.healed_ms.is_some() {
            return;
        }
        if self.desk.till.is_none() || self.desk.disk.is_dead() {
            self.put(self.now_ms + COPIED_AGAIN_MS, Happening::Operation(index));
            return;
        }
        self.look();
        self.fires(Kind::Cloned);
        self.say(format_args!("a second machine starts from a copy of the disk"));
        let disk = Disk::with(next_disk(), &self.desk.disk.files());
        let mut second = Desk::new(2, "the second machine", disk, self.plan.second_skew_ms);
        second.as_till = if renumbered { 2 } else { self.desk.as_till };
        second.record.log.clone_from(&self.desk.record.log);
        second.record.clock_set = true;
        second.record.copied = self.desk.record.log.len();
        second.record.cash.clone_from(&self.desk.record.cash);
        second.kept = self.desk.kept.clone();
        second.phases.clone_from(&self.desk.phases);
        second.goods_gone.clone_from(&self.desk.goods_gone);
        second.counter.paid.clone_from(&self.desk.counter.paid);
        let open = |phase: &str| !is_end(phase);
        let phases = &self.desk.phases;
        second.counter.did_not_begin(phases.iter().map(|(no, phase)| (no.as_str(), open(phase))));
        self.beside = Some(Box::new(second));
        self.at(2);
        self.boot(None);
        self.at(1);
    }
}

/// The database knows no more than it did when the log had so many lines: every row that was
/// written since is as it was then, or is not there.
fn forget(record: &mut Record, log_len: usize, cash_len: usize, seen_ms: i64) {
    let mut was: BTreeMap<(String, String), Option<Line>> = BTreeMap::new();
    for line in record.log.iter().skip(log_len) {
        was.insert((line.table.clone(), line.key.clone()), None);
    }
    for line in record.log.iter().take(log_len) {
        if let Some(was) = was.get_mut(&(line.table.clone(), line.key.clone())) {
            *was = Some(line.clone());
        }
    }
    for ((table, key), line) in was {
        let kind = PUT_BACK.to_owned();
        let (seq, hash, row) = match line {
            Some(line) => (line.seq, line.hash, line.row),
            None => (0, String::new(), Row::default()),
        };
        record.log.push(Line { seen_ms, seq, hash, kind, table, key, row });
    }
    for cash in record.cash.iter_mut().skip(cash_len) {
        cash.forgotten = true;
    }
}

fn phases(record: &Record) -> BTreeMap<String, String> {
    let attempts = record.log.iter().filter(|line| line.table == "attempt");
    let last: BTreeMap<_, _> =
        attempts.map(|line| (line.key.clone(), line.row.text("phase").to_owned())).collect();
    last.into_iter().filter(|(_, phase)| !phase.is_empty()).collect()
}
