//! A disk in memory that counts its syncs, runs full, fails, and loses what was not synced.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::CString;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sqlite_plugin::flags::{AccessFlags, LockLevel, OpenOpts, ShmLockMode};
use sqlite_plugin::vars;
use sqlite_plugin::vfs::{RegisterOpts, Vfs, VfsHandle, VfsResult, register_static};

/// What the disk does to those who write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    Fair,
    Full,
    SyncFails,
    ReadOnly,
}

#[derive(Default)]
struct Contents {
    bytes: Vec<u8>,
    durable: Vec<u8>,
    /// Where `bytes` was written since the last sync.
    unsynced: Vec<Range<usize>>,
    shared: Vec<Box<[u8]>>,
    /// What was shared before: another connection may still have it.
    left: Vec<Box<[u8]>>,
}

struct State {
    files: BTreeMap<String, Contents>,
    weather: Weather,
    syncs: u32,
}

/// The disk under a name that SQLite knows.
#[derive(Clone)]
pub(crate) struct Disk {
    pub(crate) name: String,
    state: Arc<Mutex<State>>,
}

impl Disk {
    pub(crate) fn new(name: &str) -> Disk {
        Disk::with(name, BTreeMap::new())
    }

    /// The same disk after the power came back: only what was synced is there.
    pub(crate) fn after_a_power_cut(&self, name: &str) -> Disk {
        let state = self.lock();
        let durable = state.files.iter().map(|(path, file)| {
            let bytes = file.durable.clone();
            (path.clone(), Contents { durable: bytes.clone(), bytes, ..Contents::default() })
        });
        Disk::with(name, durable.collect())
    }

    pub(crate) fn set(&self, weather: Weather) {
        self.lock().weather = weather;
    }

    pub(crate) fn syncs(&self) -> u32 {
        self.lock().syncs
    }

    fn with(name: &str, files: BTreeMap<String, Contents>) -> Disk {
        let state = State { files, weather: Weather::Fair, syncs: 0 };
        let disk = Disk { name: name.to_owned(), state: Arc::new(Mutex::new(state)) };
        let registered = CString::new(name).unwrap();
        register_static(registered, disk.clone(), RegisterOpts { make_default: false })
            .expect("a disk of its own name");
        disk
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) struct Handle {
    path: String,
    read_only: bool,
}

impl VfsHandle for Handle {
    fn readonly(&self) -> bool {
        self.read_only
    }

    fn in_memory(&self) -> bool {
        false
    }
}

impl Vfs for Disk {
    type Handle = Handle;

    fn canonical_path<'a>(&self, path: Cow<'a, str>) -> VfsResult<Cow<'a, str>> {
        Ok(path)
    }

    fn open(&self, path: Option<&str>, opts: OpenOpts) -> VfsResult<Handle> {
        let mut state = self.lock();
        let path = path.ok_or(vars::SQLITE_CANTOPEN)?.to_owned();
        let read_only = state.weather == Weather::ReadOnly || opts.mode().is_readonly();
        state.files.entry(path.clone()).or_default();
        Ok(Handle { path, read_only })
    }

    fn delete(&self, path: &str) -> VfsResult<()> {
        self.lock().files.remove(path);
        Ok(())
    }

    fn access(&self, path: &str, _flags: AccessFlags) -> VfsResult<bool> {
        Ok(self.lock().files.contains_key(path))
    }

    fn file_size(&self, handle: &mut Handle) -> VfsResult<usize> {
        Ok(self.lock().files.get(&handle.path).map_or(0, |file| file.bytes.len()))
    }

    fn truncate(&self, handle: &mut Handle, size: usize) -> VfsResult<()> {
        let mut state = self.lock();
        let file = state.files.entry(handle.path.clone()).or_default();
        file.bytes.resize(size, 0);
        Ok(())
    }

    fn write(&self, handle: &mut Handle, offset: usize, bytes: &[u8]) -> VfsResult<usize> {
        let mut state = self.lock();
        match state.weather {
            Weather::Full => return Err(vars::SQLITE_FULL),
            Weather::ReadOnly => return Err(vars::SQLITE_READONLY),
            Weather::Fair | Weather::SyncFails => (),
        }
        let file = state.files.entry(handle.path.clone()).or_default();
        let end = offset + bytes.len();
        if file.bytes.len() < end {
            file.bytes.resize(end, 0);
        }
        file.bytes[offset..end].copy_from_slice(bytes);
        file.unsynced.push(offset..end);
        Ok(bytes.len())
    }

    fn read(&self, handle: &mut Handle, offset: usize, bytes: &mut [u8]) -> VfsResult<usize> {
        let state = self.lock();
        let Some(file) = state.files.get(&handle.path) else {
            return Ok(0);
        };
        let rest = file.bytes.get(offset..).unwrap_or_default();
        let length = rest.len().min(bytes.len());
        bytes[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }

    fn lock(&self, _handle: &mut Handle, _level: LockLevel) -> VfsResult<()> {
        Ok(())
    }

    fn unlock(&self, _handle: &mut Handle, _level: LockLevel) -> VfsResult<()> {
        Ok(())
    }

    fn check_reserved_lock(&self, _handle: &mut Handle) -> VfsResult<bool> {
        Ok(false)
    }

    fn sync(&self, handle: &mut Handle) -> VfsResult<()> {
        let mut state = self.lock();
        if state.weather == Weather::SyncFails {
            return Err(vars::SQLITE_IOERR_FSYNC);
        }
        state.syncs += 1;
        if let Some(file) = state.files.get_mut(&handle.path) {
            file.durable.resize(file.bytes.len(), 0);
            for range in std::mem::take(&mut file.unsynced) {
                let range = range.start.min(file.bytes.len())..range.end.min(file.bytes.len());
                file.durable[range.clone()].copy_from_slice(&file.bytes[range]);
            }
        }
        Ok(())
    }

    fn close(&self, _handle: Handle) -> VfsResult<()> {
        Ok(())
    }

    fn device_characteristics(&self, _handle: &mut Handle) -> VfsResult<i32> {
        Ok(vars::SQLITE_IOCAP_POWERSAFE_OVERWRITE)
    }

    fn shm_map(
        &self,
        handle: &mut Handle,
        region_idx: usize,
        region_size: usize,
        extend: bool,
    ) -> VfsResult<Option<NonNull<u8>>> {
        let mut state = self.lock();
        let file = state.files.entry(handle.path.clone()).or_default();
        if file.shared.len() <= region_idx && !extend {
            return Ok(None);
        }
        while file.shared.len() <= region_idx {
            file.shared.push(vec![0; region_size].into_boxed_slice());
        }
        Ok(NonNull::new(file.shared[region_idx].as_mut_ptr()))
    }

    fn shm_lock(
        &self,
        _handle: &mut Handle,
        _offset: u32,
        _count: u32,
        _mode: ShmLockMode,
    ) -> VfsResult<()> {
        Ok(())
    }

    fn shm_unmap(&self, handle: &mut Handle, delete: bool) -> VfsResult<()> {
        if delete && let Some(file) = self.lock().files.get_mut(&handle.path) {
            file.left.append(&mut file.shared);
        }
        Ok(())
    }
}
