//! A history that is written down instead of drawn, and the one thing that goes wrong in it.
//!
//! Nothing is left to chance but how long a request travels, which is drawn from the plan's seed:
//! the same scene with the same harm is the same history.

use std::path::Path;

use mianfu_practice::Fault;
use mianfu_practice::truth::Entry;
use mianfu_till::Till;
use tempfile::TempDir;

use super::disk::counted::{Counts, Cut, Failure};
use super::disk::{Fate, Files};
use super::faults::Kind;
use super::plan::Plan;
use super::signing::TillKeys;
use super::world::{Past, World};

/// How long the till stays off after a cut that was planned, in ms.
const DOWN_MS: i64 = 4_000;

/// A history before it happens.
#[derive(Debug, Clone)]
pub struct Scene {
    /// What people and powers do.
    pub plan: Plan,
    /// What befalls requests on their way.
    pub spoils: Vec<Spoil>,
    /// What there is before it begins: nothing, or what an earlier history left.
    pub before: Image,
    /// The machine's fingerprint.
    pub machine: &'static str,
    /// Added to the epoch that the till draws where it must draw one.
    pub epochs_on: u32,
}

/// What befalls one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spoil {
    /// The end of the method's name: `pay`, `precreate`, `query`, `cancel`, `close`, `refund`.
    pub method: &'static str,
    /// Which of them, from 0 on.
    pub nth: u32,
    /// The network's name for it.
    pub how: &'static str,
}

/// What a history left on the disk and at the channel.
#[derive(Debug, Clone, Default)]
pub struct Image {
    /// The till's files.
    pub files: Files,
    /// The channel's journal.
    pub journal: Vec<Entry>,
}

/// The one thing that goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Harm {
    /// Nothing.
    Nothing,
    /// The power goes, and goes again after it came back.
    Cuts(Vec<Cut>),
    /// A call on the disk fails once.
    Disk { at: u64, failure: Failure },
    /// A call to the channel goes wrong.
    Channel { at: usize, trouble: Trouble },
}

/// How a call to the channel goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// On the way, by the network's name for it.
    Way(&'static str),
    /// At the channel.
    There(Fault),
}

/// What was counted in a scripted history.
#[derive(Debug, Clone, Default)]
pub struct Counted {
    /// The till's calls on its disk, the changes since the power last came.
    pub disk: Counts,
    /// The till's calls to the channel.
    pub channel: usize,
    /// Changes from the power's last coming to the first moment at which nothing was open.
    pub recovery: u64,
}

/// Where a history's backups are; gone with it.
#[derive(Debug, Default)]
pub struct Backups {
    folder: Option<TempDir>,
}

impl Backups {
    /// Returns the folder, made where there is none.
    pub(super) fn folder(&mut self) -> &Path {
        self.folder.get_or_insert_with(|| in_memory().expect("a folder for the backups")).path()
    }

    /// Returns the folder, where something was to be backed up.
    #[must_use]
    pub fn made_in(&self) -> Option<&Path> {
        self.folder.as_ref().map(TempDir::path)
    }
}

/// Makes a folder in memory where the machine has such a place: a backup is synced.
fn in_memory() -> std::io::Result<TempDir> {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }
}

/// Lets a scene happen, with one thing that goes wrong in it.
#[must_use]
pub fn play(scene: &Scene, harm: &Harm) -> Past {
    let mut world = World::new(&scene.plan, Some(scene));
    world.schedule(usize::MAX);
    world.network.script(&scene.spoils);
    match harm {
        Harm::Nothing => (),
        Harm::Cuts(cuts) => {
            world.desk.cut = (Fate::Kept, DOWN_MS);
            world.desk.disk.plan_cuts(cuts);
        }
        Harm::Disk { at, failure } => world.desk.disk.plan_failure(*at, *failure),
        Harm::Channel { at, trouble: Trouble::Way(how) } => world.network.spoil_call(*at, how),
        Harm::Channel { at, trouble: Trouble::There(fault) } => world.spoilt = Some((*at, *fault)),
    }
    world.boot(None);
    world.run();
    world.close_books()
}

impl World<'_> {
    /// Takes note of a disk that failed, and of the moment at which a start had cleared everything.
    pub(super) fn take_note(&mut self) {
        if self.desk.disk.has_failed() {
            self.desk.disk.note_failure();
            self.fires(Kind::DiskFails);
            self.say(format_args!("the disk failed"));
            self.desk.full_until_ms = self.desk.full_until_ms.max(self.now_ms);
        }
        if self.scene.is_some() && self.desk.recovered.is_none() && !self.desk.disk.has_cuts() {
            let settled = |till: &Till<TillKeys>| till.is_settled().unwrap_or(false);
            if self.desk.till.as_ref().is_some_and(settled) {
                self.desk.recovered = Some(self.desk.disk.counts().changes);
            }
        }
    }
}
