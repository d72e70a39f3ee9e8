//! The ledger on disk: facts as JSON lines, only ever appended.
//!
//! A line without its end was cut short by a crash and is dropped; any other line that is not a
//! fact stops the start. One practice at a time: the file is locked while it is open.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{StateError, make_folder, owner_only};
use crate::truth::Entry;

pub(super) const LEDGER: &str = "ledger.jsonl";

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
}

/// Opens the journal's file, which nobody else holds then, and makes folder and file where there are
/// none.
pub(super) fn hold(dir: &Path) -> Result<File, StateError> {
    make_folder(dir)?;
    let path = dir.join(LEDGER);
    let failed = |source| StateError::File { path: path.clone(), source };
    let file = owner_only().read(true).truncate(false).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StateError::InUse { path }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

impl Journal {
    /// Opens the journal of a folder and returns what it holds.
    pub fn open(dir: &Path) -> Result<(Journal, Vec<Entry>), StateError> {
        let mut file = hold(dir)?;
        let path = dir.join(LEDGER);
        let failed = |source| StateError::File { path: path.clone(), source };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place + 1);
        file.set_len(whole as u64).map_err(failed)?;
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        let mut entries = Vec::new();
        let lines = bytes[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        for (index, line) in lines.enumerate() {
            let entry = serde_json::from_slice(line).map_err(|source| {
                let path = path.clone();
                StateError::Line { path, line: index + 1, source }
            })?;
            entries.push(entry);
        }
        Ok((Journal { file, path }, entries))
    }

    /// Appends facts in one write.
    pub fn append(&mut self, entries: &[Entry]) -> Result<(), StateError> {
        if entries.is_empty() {
            return Ok(());
        }
        let failed = |source| StateError::File { path: self.path.clone(), source };
        let mut lines = Vec::new();
        for entry in entries {
            serde_json::to_writer(&mut lines, entry)
                .map_err(|source| failed(std::io::Error::from(source)))?;
            lines.push(b'\n');
        }
        self.file.write_all(&lines).map_err(failed)
    }
}
