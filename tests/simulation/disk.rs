//! A disk in memory under the real SQLite: what was not synced may be gone or torn after a cut.
//!
//! One file system is registered with SQLite; a path begins with its disk's number. A file has two
//! contents: what a reader sees, and what would survive ([`file`]). A write changes the first and
//! waits; a sync makes all that waits in that file durable. Bytes beside a write are never touched by it
//! (power-safe overwrite, as on the machines a till runs on).
//!
//! A name is there, or gone, for good only once its folder is synced, which SQLite does with the
//! first sync of a log it made: until then a file that was made may be missing after a cut, and one
//! that was deleted may be back.
//!
//! A fuse cuts the power inside SQLite: after so many changes nothing reaches the disk any more
//! and every call fails, until the till is dropped and the disk comes back. What is planned by count
//! is in [`counted`]; what a history may begin on instead of an empty disk is in [`unborn`].

pub mod counted;
mod file;
pub mod unborn;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::CString;
use std::path::{Path, PathBuf};
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use mianfu_practice::chance::Chance;
use sqlite_plugin::flags::{AccessFlags, LockLevel, OpenOpts, ShmLockMode};
use sqlite_plugin::vars;
use sqlite_plugin::vfs::{RegisterOpts, Vfs, VfsHandle, VfsResult, register_static};

use self::counted::{Call, Counted};
use self::file::Content;

/// SQLite's name of the file system.
pub const VFS: &str = "mianfu-simulation";

/// Files with whose first sync SQLite syncs their folder.
const SYNCED_WITH_FOLDER: [&str; 2] = ["-wal", "-journal"];

/// The files of a disk by name, as they would survive.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What becomes of writes that were not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// All of them are there: the program died, the machine did not.
    Kept,
    /// None of them is there.
    Lost,
    /// Some are, piece by piece, as the seed decides.
    Torn(u64),
}

/// One history's disk.
pub struct Disk {
    number: u64,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    files: BTreeMap<String, FileState>,
    /// Changes that still reach the disk; `None` is no limit.
    fuse: Option<u64>,
    dead: bool,
    full: bool,
    changes: u64,
    syncs: u64,
    commits: u64,
    handles: u64,
    /// Files that were deleted and may be back after a cut.
    ghosts: BTreeMap<String, Content>,
    counted: Counted,
}

#[derive(Default)]
struct FileState {
    /// Whether its name would survive.
    named: bool,
    content: Content,
    locks: BTreeMap<u64, LockLevel>,
    /// The write-ahead log's index, shared by connections; in words, for their alignment.
    regions: Vec<Box<[u64]>>,
    mapped_by: Vec<u64>,
}

impl Disk {
    /// Puts an empty disk under this number; the number is free again when the disk is dropped.
    #[must_use]
    pub fn new(number: u64) -> Disk {
        register();
        let state = Arc::new(Mutex::new(State::default()));
        disks().insert(number, Arc::clone(&state));
        Disk { number, state }
    }

    /// Returns the path of the till's database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        PathBuf::from(format!("/{}/till.db", self.number))
    }

    /// Returns how many syncs were done; it goes up with every commit.
    #[must_use]
    pub fn syncs(&self) -> u64 {
        held(&self.state).syncs
    }

    /// Returns how many transactions were committed to a write-ahead log.
    #[must_use]
    pub fn commits(&self) -> u64 {
        held(&self.state).commits
    }

    /// Returns how many writes, cuts, deletions and syncs reached the disk.
    #[must_use]
    pub fn changes(&self) -> u64 {
        held(&self.state).changes
    }

    /// Cuts the power after so many more changes.
    pub fn set_fuse(&self, changes: u64) {
        held(&self.state).fuse = Some(changes);
    }

    /// Fills the disk, or makes room on it: while it is full nothing is written.
    pub fn set_full(&self, full: bool) {
        held(&self.state).full = full;
    }

    /// Takes the fuse out.
    pub fn end_fuse(&self) {
        held(&self.state).fuse = None;
    }

    /// Says whether the power is cut.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        held(&self.state).dead
    }

    /// Cuts the power at once.
    pub fn cut(&self) {
        held(&self.state).dead = true;
    }

    /// Brings the power back; whoever had a file open must be gone by then. A cut that was planned
    /// has a fate of its own. Returns the fate that was met.
    pub fn restore(&self, fate: Fate) -> Fate {
        let mut state = held(&self.state);
        let was_cut = std::mem::take(&mut state.dead);
        state.fuse = None;
        let fate = state.counted.power_back(was_cut).unwrap_or(fate);
        let mut chance = Chance::new(match fate {
            Fate::Kept | Fate::Lost => 0,
            Fate::Torn(seed) => seed,
        });
        for file in state.files.values_mut() {
            match fate {
                Fate::Kept => file.content.sync(),
                Fate::Lost => file.content.lose(),
                Fate::Torn(_) => file.content.tear(&mut chance),
            }
            file.locks.clear();
            file.regions.clear();
            file.mapped_by.clear();
        }
        state.settle_names(fate, &mut chance);
        fate
    }

    /// Returns a file's surviving bytes, for tests.
    #[must_use]
    pub fn durable(&self, path: &Path) -> Vec<u8> {
        let state = held(&self.state);
        let name = path.to_string_lossy();
        state.files.get(name.as_ref()).map(|file| file.content.durable()).unwrap_or_default()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        disks().remove(&self.number);
        // Whoever still has a file open keeps it.
        if Arc::strong_count(&self.state) == 1 {
            for (_, file) in std::mem::take(&mut held(&self.state).files) {
                file.content.leave();
            }
        }
    }
}

impl State {
    /// Returns a file, made where there is none.
    fn file(&mut self, name: &str) -> &mut FileState {
        if !self.files.contains_key(name) {
            self.files.insert(name.to_owned(), FileState::new());
        }
        self.files.get_mut(name).expect("it was put there")
    }
}

impl FileState {
    fn new() -> FileState {
        FileState { content: Content::empty(), ..FileState::default() }
    }

    fn durable(content: Content) -> FileState {
        FileState { named: true, content, ..FileState::default() }
    }
}

/// An open file.
struct Open {
    state: Arc<Mutex<State>>,
    /// `None` for a file of SQLite's own that nobody else sees.
    name: Option<String>,
    scratch: Content,
    number: u64,
}

impl VfsHandle for Open {
    fn readonly(&self) -> bool {
        false
    }

    fn in_memory(&self) -> bool {
        false
    }
}

impl Open {
    fn alive(&self) -> VfsResult<MutexGuard<'_, State>> {
        let state = held(&self.state);
        if state.dead { Err(vars::SQLITE_IOERR) } else { Ok(state) }
    }

    /// Changes the file, unless the power is cut by then.
    fn change(&mut self, call: Call, change: impl FnOnce(&mut Content)) -> VfsResult<()> {
        let Some(name) = &self.name else {
            change(&mut self.scratch);
            self.scratch.sync();
            return Ok(());
        };
        let mut state = held(&self.state);
        match call {
            Call::Write => state.call(call, vars::SQLITE_IOERR_WRITE)?,
            Call::Another => state.call(call, vars::SQLITE_IOERR_TRUNCATE)?,
        }
        if state.full && call == Call::Write {
            return Err(vars::SQLITE_FULL);
        }
        let whole = spend(&mut state)?;
        change(&mut state.file(name).content);
        whole
    }
}

/// Counts a change. The outer error says that it did not begin, the inner one that the power went
/// while it was made.
fn spend(state: &mut State) -> VfsResult<VfsResult<()>> {
    if state.dead {
        return Err(vars::SQLITE_IOERR);
    }
    state.changes += 1;
    if state.counted.change() {
        state.dead = true;
        return Ok(Err(vars::SQLITE_IOERR));
    }
    if let Some(left) = &mut state.fuse {
        *left = left.saturating_sub(1);
        if *left == 0 {
            state.dead = true;
            return Ok(Err(vars::SQLITE_IOERR));
        }
    }
    Ok(Ok(()))
}

struct Provider;

impl Vfs for Provider {
    type Handle = Open;

    fn canonical_path<'a>(&self, path: Cow<'a, str>) -> VfsResult<Cow<'a, str>> {
        Ok(path)
    }

    fn open(&self, path: Option<&str>, opts: OpenOpts) -> VfsResult<Open> {
        let Some(path) = path else {
            let state = Arc::new(Mutex::new(State::default()));
            return Ok(Open { state, name: None, scratch: Content::default(), number: 0 });
        };
        let shared = disk_of(path)?;
        let mut state = held(&shared);
        if state.dead {
            return Err(vars::SQLITE_CANTOPEN);
        }
        state.call(Call::Another, vars::SQLITE_CANTOPEN)?;
        let creates = opts.flags() & vars::SQLITE_OPEN_CREATE != 0;
        if !creates && !state.files.contains_key(path) {
            return Err(vars::SQLITE_CANTOPEN);
        }
        state.file(path);
        state.handles += 1;
        let number = state.handles;
        drop(state);
        Ok(Open { state: shared, name: Some(path.to_owned()), scratch: Content::default(), number })
    }

    fn delete(&self, path: &str) -> VfsResult<()> {
        let shared = disk_of(path)?;
        let mut state = held(&shared);
        state.call(Call::Another, vars::SQLITE_IOERR_DELETE)?;
        let whole = spend(&mut state)?;
        if let Some(file) = state.files.remove(path)
            && file.named
        {
            state.ghosts.insert(path.to_owned(), file.content.lost());
        }
        whole
    }

    fn access(&self, path: &str, _flags: AccessFlags) -> VfsResult<bool> {
        let shared = disk_of(path)?;
        let mut state = held(&shared);
        state.call(Call::Another, vars::SQLITE_IOERR_ACCESS)?;
        if state.dead { Err(vars::SQLITE_IOERR) } else { Ok(state.files.contains_key(path)) }
    }

    fn file_size(&self, handle: &mut Open) -> VfsResult<usize> {
        let Some(name) = &handle.name else { return Ok(handle.scratch.seen().len()) };
        let mut state = handle.alive()?;
        state.call(Call::Another, vars::SQLITE_IOERR_FSTAT)?;
        Ok(state.files.get(name).map_or(0, |file| file.content.seen().len()))
    }

    fn truncate(&self, handle: &mut Open, size: usize) -> VfsResult<()> {
        handle.change(Call::Another, |content| content.truncate(size))
    }

    fn write(&self, handle: &mut Open, offset: usize, data: &[u8]) -> VfsResult<usize> {
        handle.change(Call::Write, |content| content.write(offset, data))?;
        if ends_a_transaction(handle.name.as_deref().unwrap_or_default(), data) {
            held(&handle.state).commits += 1;
        }
        Ok(data.len())
    }

    fn read(&self, handle: &mut Open, offset: usize, data: &mut [u8]) -> VfsResult<usize> {
        let Some(name) = &handle.name else {
            return Ok(get(handle.scratch.seen(), offset, data));
        };
        let mut state = handle.alive()?;
        state.call(Call::Another, vars::SQLITE_IOERR_READ)?;
        Ok(state.files.get(name).map_or(0, |file| get(file.content.seen(), offset, data)))
    }

    fn lock(&self, handle: &mut Open, level: LockLevel) -> VfsResult<()> {
        let Some(name) = &handle.name else { return Ok(()) };
        let mut state = held(&handle.state);
        let file = state.file(name);
        let others = || file.locks.iter().filter(|(number, _)| **number != handle.number);
        let highest = others().map(|(_, level)| *level).max().unwrap_or(LockLevel::Unlocked);
        let refused = match level {
            LockLevel::Unlocked => false,
            LockLevel::Shared => LockLevel::Pending <= highest,
            LockLevel::Reserved | LockLevel::Pending => LockLevel::Reserved <= highest,
            LockLevel::Exclusive => LockLevel::Shared <= highest,
        };
        if refused {
            return Err(vars::SQLITE_BUSY);
        }
        file.locks.insert(handle.number, level);
        Ok(())
    }

    fn unlock(&self, handle: &mut Open, level: LockLevel) -> VfsResult<()> {
        let Some(name) = &handle.name else { return Ok(()) };
        let mut state = held(&handle.state);
        if let Some(file) = state.files.get_mut(name) {
            match level {
                LockLevel::Unlocked => file.locks.remove(&handle.number),
                LockLevel::Shared
                | LockLevel::Reserved
                | LockLevel::Pending
                | LockLevel::Exclusive => file.locks.insert(handle.number, level),
            };
        }
        Ok(())
    }

    fn check_reserved_lock(&self, handle: &mut Open) -> VfsResult<bool> {
        let Some(name) = &handle.name else { return Ok(false) };
        let state = handle.alive()?;
        let locks = state.files.get(name).map(|file| &file.locks);
        Ok(locks.is_some_and(|locks| locks.values().any(|level| LockLevel::Reserved <= *level)))
    }

    fn sync(&self, handle: &mut Open) -> VfsResult<()> {
        let Some(name) = &handle.name else { return Ok(()) };
        let mut state = held(&handle.state);
        state.call(Call::Another, vars::SQLITE_IOERR_FSYNC)?;
        spend(&mut state)??;
        state.syncs += 1;
        if let Some(file) = state.files.get_mut(name) {
            file.content.sync();
            if !file.named && SYNCED_WITH_FOLDER.iter().any(|suffix| name.ends_with(suffix)) {
                state.sync_folder();
            }
        }
        Ok(())
    }

    fn close(&self, handle: Open) -> VfsResult<()> {
        if let Some(name) = &handle.name
            && let Some(file) = held(&handle.state).files.get_mut(name)
        {
            file.locks.remove(&handle.number);
        }
        Ok(())
    }

    fn sector_size(&self, _handle: &mut Open) -> VfsResult<i32> {
        Ok(4096)
    }

    fn device_characteristics(&self, _handle: &mut Open) -> VfsResult<i32> {
        Ok(vars::SQLITE_IOCAP_POWERSAFE_OVERWRITE)
    }

    fn shm_map(
        &self,
        handle: &mut Open,
        region: usize,
        bytes: usize,
        extend: bool,
    ) -> VfsResult<Option<NonNull<u8>>> {
        let Some(name) = &handle.name else { return Err(vars::SQLITE_IOERR) };
        let number = handle.number;
        let mut state = handle.alive()?;
        state.call(Call::Another, vars::SQLITE_IOERR_SHMMAP)?;
        let file = state.file(name);
        if !file.mapped_by.contains(&number) {
            file.mapped_by.push(number);
        }
        while extend && file.regions.len() <= region {
            file.regions.push(vec![0; bytes / 8].into_boxed_slice());
        }
        let place = file.regions.get_mut(region);
        Ok(place.and_then(|words| NonNull::new(words.as_mut_ptr().cast::<u8>())))
    }

    /// One thread and no transaction left open across calls: nobody is ever in the way.
    fn shm_lock(
        &self,
        _handle: &mut Open,
        _offset: u32,
        _count: u32,
        _mode: ShmLockMode,
    ) -> VfsResult<()> {
        Ok(())
    }

    fn shm_unmap(&self, handle: &mut Open, _delete: bool) -> VfsResult<()> {
        let Some(name) = &handle.name else { return Ok(()) };
        let mut state = held(&handle.state);
        if let Some(file) = state.files.get_mut(name) {
            file.mapped_by.retain(|number| *number != handle.number);
            if file.mapped_by.is_empty() {
                file.regions.clear();
            }
        }
        Ok(())
    }
}

type Disks = BTreeMap<u64, Arc<Mutex<State>>>;

fn disks() -> MutexGuard<'static, Disks> {
    static DISKS: Mutex<Disks> = Mutex::new(BTreeMap::new());
    DISKS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn disk_of(path: &str) -> VfsResult<Arc<Mutex<State>>> {
    let number = path.split('/').nth(1).and_then(|part| part.parse::<u64>().ok());
    let disk = number.and_then(|number| disks().get(&number).map(Arc::clone));
    disk.ok_or(vars::SQLITE_CANTOPEN)
}

fn held(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn register() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        let name = CString::new(VFS).expect("the name has no zero byte");
        let registered = register_static(name, Provider, RegisterOpts { make_default: false });
        assert!(registered.is_ok(), "SQLite takes one more file system");
    });
}

/// Says whether these bytes head the last page of a transaction in a write-ahead log: there stands
/// how long the database is after it, in other pages zero.
fn ends_a_transaction(name: &str, bytes: &[u8]) -> bool {
    const HEAD_BYTES: usize = 24;
    bytes.len() == HEAD_BYTES && name.ends_with("-wal") && bytes[4..8] != [0; 4]
}

fn get(content: &[u8], offset: usize, into: &mut [u8]) -> usize {
    let from = content.get(offset..).unwrap_or_default();
    let count = from.len().min(into.len());
    into[..count].copy_from_slice(&from[..count]);
    count
}
