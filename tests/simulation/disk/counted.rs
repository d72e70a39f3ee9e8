//! What goes wrong on a disk by count: the power at a change, a call that fails once.
//!
//! The till's calls are counted; those of an onlooker beside it are not.

use std::collections::VecDeque;

use mianfu_practice::chance::Chance;
use sqlite_plugin::vars;
use sqlite_plugin::vfs::VfsResult;

use super::file::Content;
use super::{Disk, Fate, FileState, Files, State, held};

/// The power goes at a change of the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// At which change after the power last came, from 1 on.
    pub at: u64,
    /// What becomes of the writes that were not synced.
    pub fate: Fate,
}

/// How a call on the disk fails, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The disk says that it could not.
    Refused,
    /// The disk says that it is full.
    Full,
}

/// How often the till called its disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Writes, cuts, deletions and syncs since the power last came.
    pub changes: u64,
    /// Calls of every kind that may fail.
    pub calls: u64,
    /// Which of them were writes.
    pub writes: Vec<u64>,
}

impl Disk {
    /// Puts a disk with these files under this number.
    #[must_use]
    pub fn with(number: u64, files: &Files) -> Disk {
        let disk = Disk::new(number);
        disk.lay(files);
        disk
    }

    /// Puts files on the disk as if they had been there for long.
    pub fn lay(&self, files: &Files) {
        for (name, content) in files {
            let path = format!("/{}/{name}", self.number);
            let file = FileState::durable(Content::of(content));
            held(&self.state).files.insert(path, file);
        }
    }

    /// Returns the files as a reader sees them.
    #[must_use]
    pub fn files(&self) -> Files {
        let state = held(&self.state);
        let own = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
        state.files.iter().map(|(path, file)| (own(path), file.content.seen().to_vec())).collect()
    }

    /// Plans power cuts, each counted from the power's last coming.
    pub fn plan_cuts(&self, cuts: &[Cut]) {
        held(&self.state).counted.cuts = cuts.iter().copied().collect();
    }

    /// Plans that one call fails.
    pub fn plan_failure(&self, at: u64, failure: Failure) {
        held(&self.state).counted.fails = Some((at, failure));
    }

    /// Plans that one call fails, so many calls from now on.
    pub fn fail_after(&self, calls: u64) {
        let counted = &mut held(&self.state).counted;
        counted.fails = Some((counted.counts.calls + calls, Failure::Refused));
    }

    /// Takes back what is planned and not done.
    pub fn calm(&self) {
        let mut state = held(&self.state);
        state.counted.cuts.clear();
        state.counted.fails = None;
    }

    /// Returns how often the till called.
    #[must_use]
    pub fn counts(&self) -> Counts {
        held(&self.state).counted.counts.clone()
    }

    /// Says whether cuts are planned that did not happen.
    #[must_use]
    pub fn has_cuts(&self) -> bool {
        !held(&self.state).counted.cuts.is_empty()
    }

    /// Says that an onlooker comes, or goes: nothing fails and nothing is counted meanwhile.
    pub fn looked_at(&self, looked_at: bool) {
        held(&self.state).counted.looked_at = looked_at;
    }

    /// Says whether a call failed since this was last taken note of.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        held(&self.state).counted.failed
    }

    /// Takes note of a call that failed.
    pub fn note_failure(&self) {
        held(&self.state).counted.failed = false;
    }
}

/// What is planned and what was counted.
#[derive(Default)]
pub(super) struct Counted {
    pub(super) counts: Counts,
    pub(super) cuts: VecDeque<Cut>,
    pub(super) fails: Option<(u64, Failure)>,
    /// Whether an onlooker is at the disk.
    pub(super) looked_at: bool,
    /// Whether a call failed and nobody has taken note of it.
    pub(super) failed: bool,
}

/// What a call means to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    Write,
    Another,
}

impl Counted {
    /// Counts a call; says how it fails where it does.
    pub(super) fn call(&mut self, call: Call) -> Option<Failure> {
        if self.looked_at {
            return None;
        }
        self.counts.calls += 1;
        if call == Call::Write {
            self.counts.writes.push(self.counts.calls);
        }
        let (at, failure) = self.fails?;
        self.failed |= at == self.counts.calls;
        (at == self.counts.calls).then_some(failure)
    }

    /// Counts a change; says whether the power goes with it.
    pub(super) fn change(&mut self) -> bool {
        self.counts.changes += 1;
        self.cuts.front().is_some_and(|cut| cut.at == self.counts.changes)
    }

    /// The power went and comes back: returns the fate that was planned for this cut.
    pub(super) fn power_back(&mut self, was_cut: bool) -> Option<Fate> {
        let planned = self.cuts.front().filter(|cut| was_cut && cut.at == self.counts.changes);
        let fate = planned.map(|cut| cut.fate);
        if fate.is_some() {
            self.cuts.pop_front();
            self.counts.changes = 0;
        }
        fate
    }
}

impl State {
    /// Decides which names that no folder's sync made sure of are there, and which are back.
    pub(super) fn settle_names(&mut self, fate: Fate, chance: &mut Chance) {
        let mut survives = || match fate {
            Fate::Kept => true,
            Fate::Lost => false,
            Fate::Torn(_) => chance.happens(500),
        };
        self.files.retain(|_, file| file.named || survives());
        for (name, content) in std::mem::take(&mut self.ghosts) {
            if !survives() {
                self.files.entry(name).or_insert_with(|| FileState::durable(content));
            }
        }
        self.sync_folder();
    }

    pub(super) fn sync_folder(&mut self) {
        for (_, content) in std::mem::take(&mut self.ghosts) {
            content.leave();
        }
        for file in self.files.values_mut() {
            file.named = true;
        }
    }

    /// Counts a call that may fail.
    pub(super) fn call(&mut self, call: Call, refused: i32) -> VfsResult<()> {
        match self.counted.call(call) {
            None => Ok(()),
            Some(Failure::Refused) => Err(refused),
            Some(Failure::Full) => Err(vars::SQLITE_FULL),
        }
    }
}
