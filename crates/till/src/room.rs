//! The disk under a till: how much room is left on it, and whether it can be written.

use std::path::Path;

/// Below this much room a person is told: some days before nothing can be kept any more.
pub const ROOM_LOW_BYTES: u64 = 500 * 1024 * 1024;

/// Below this much nothing can be kept: a step may write some pages and a log of them.
const ROOM_NONE_BYTES: u64 = 1024 * 1024;

/// What the system says of a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// What may still be written, in bytes.
    pub free_bytes: u64,
    /// Whether the system lets nobody write: some go on so after an error of the disk.
    pub is_read_only: bool,
}

impl Room {
    /// Asks about the disk of a file or folder that is there; `None` where the system does not say.
    #[must_use]
    #[cfg(unix)]
    pub fn of(path: &Path) -> Option<Room> {
        use rustix::fs::{StatVfsMountFlags, statvfs};
        let said = statvfs(path).ok()?;
        Some(Room {
            free_bytes: said.f_bavail.saturating_mul(said.f_frsize),
            is_read_only: said.f_flag.contains(StatVfsMountFlags::RDONLY),
        })
    }

    /// No other system is asked yet.
    #[must_use]
    #[cfg(not(unix))]
    pub fn of(_path: &Path) -> Option<Room> {
        None
    }

    /// Whether there is no room for a sale.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.free_bytes < ROOM_NONE_BYTES
    }

    /// Whether somebody must make room soon.
    #[must_use]
    pub fn is_low(&self) -> bool {
        self.free_bytes < ROOM_LOW_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn the_disk_of_a_folder_can_be_asked_about_and_of_none_nothing_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let room = Room::of(folder.path()).unwrap();
        assert!(0 < room.free_bytes && !room.is_read_only, "{room:?}");
        assert_eq!(Room::of(&folder.path().join("nowhere")), None);
    }

    #[test]
    fn a_person_is_told_before_nothing_can_be_kept() {
        let with = |free_bytes| Room { free_bytes, is_read_only: false };
        assert!(with(0).is_low() && with(ROOM_LOW_BYTES - 1).is_low());
        assert!(!with(ROOM_LOW_BYTES).is_low());
        assert!(with(ROOM_NONE_BYTES - 1).is_full() && !with(ROOM_NONE_BYTES).is_full());
    }
}
