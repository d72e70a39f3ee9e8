//! A file's content: what a reader sees, and what is to be taken back where a change does not last.
//!
//! What was not synced is kept as what stood there before it, because nearly every change lasts: a
//! log grows at its end, where there was nothing.

use std::cell::RefCell;

use mianfu_practice::chance::Chance;

/// What a disk writes at once: a torn write keeps or loses pieces of this many bytes.
const SECTOR_BYTES: usize = 512;
/// Buffers that a thread keeps for the files of its next disks.
const SPARE_MAX: usize = 8;

/// A file's content and its changes that were not synced.
#[derive(Default)]
pub(super) struct Content {
    seen: Vec<u8>,
    waiting: Vec<Change>,
    /// What stood where the waiting changes are, one after the other.
    before: Vec<u8>,
}

struct Change {
    kind: Kind,
    offset: usize,
    /// How long the file was before it.
    length: usize,
    /// How many bytes of `before` are its.
    saved: usize,
}

#[derive(Clone, Copy)]
enum Kind {
    Write { bytes: usize },
    Truncate,
}

/// A change that was taken back.
enum Undone {
    Write { offset: usize, bytes: Vec<u8> },
    Truncate { size: usize },
}

impl Content {
    /// Returns the content of a file that has been there for long.
    pub(super) fn of(bytes: &[u8]) -> Content {
        let mut seen = spare();
        seen.extend_from_slice(bytes);
        Content { seen, ..Content::default() }
    }

    /// Returns the content of a file that was made a moment ago.
    pub(super) fn empty() -> Content {
        Content { seen: spare(), ..Content::default() }
    }

    /// Returns what a reader sees.
    pub(super) fn seen(&self) -> &[u8] {
        &self.seen
    }

    /// Returns what would survive.
    pub(super) fn durable(&self) -> Vec<u8> {
        let mut seen = self.seen.clone();
        take_back(&mut seen, &self.waiting, &self.before, |_, _| ());
        seen
    }

    pub(super) fn write(&mut self, offset: usize, bytes: &[u8]) {
        let length = self.seen.len();
        let from = offset.min(length);
        let to = (offset + bytes.len()).min(length).max(from);
        self.before.extend_from_slice(&self.seen[from..to]);
        let kind = Kind::Write { bytes: bytes.len() };
        self.waiting.push(Change { kind, offset, length, saved: to - from });
        put(&mut self.seen, offset, bytes);
    }

    pub(super) fn truncate(&mut self, size: usize) {
        let length = self.seen.len();
        let from = size.min(length);
        self.before.extend_from_slice(&self.seen[from..]);
        let saved = length - from;
        self.waiting.push(Change { kind: Kind::Truncate, offset: size, length, saved });
        self.seen.resize(size, 0);
    }

    /// Makes all that waits durable.
    pub(super) fn sync(&mut self) {
        self.waiting.clear();
        self.before.clear();
    }

    /// Says what would survive, and nothing else, from here on.
    pub(super) fn lost(mut self) -> Content {
        self.lose();
        self
    }

    /// Loses all that waits.
    pub(super) fn lose(&mut self) {
        take_back(&mut self.seen, &self.waiting, &self.before, |_, _| ());
        self.sync();
    }

    /// Keeps some of what waits, piece by piece.
    pub(super) fn tear(&mut self, chance: &mut Chance) {
        let mut undone = Vec::new();
        take_back(&mut self.seen, &self.waiting, &self.before, |change, seen| {
            undone.push(match change.kind {
                Kind::Write { bytes } => {
                    let (offset, end) = (change.offset, change.offset + bytes);
                    Undone::Write { offset, bytes: seen[offset..end].to_vec() }
                }
                Kind::Truncate => Undone::Truncate { size: change.offset },
            });
        });
        self.sync();
        for change in undone.iter().rev() {
            match change {
                Undone::Write { offset, bytes } => {
                    for (index, piece) in bytes.chunks(SECTOR_BYTES).enumerate() {
                        if chance.happens(500) {
                            put(&mut self.seen, offset + index * SECTOR_BYTES, piece);
                        }
                    }
                }
                Undone::Truncate { size } if chance.happens(500) => self.seen.resize(*size, 0),
                Undone::Truncate { .. } => (),
            }
        }
    }

    /// Hands the buffer on to the next disk of this thread.
    pub(super) fn leave(self) {
        let mut seen = self.seen;
        seen.clear();
        SPARE.with_borrow_mut(|spare| {
            if spare.len() < SPARE_MAX {
                spare.push(seen);
            }
        });
    }
}

thread_local! {
    static SPARE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// Returns an empty buffer: asking the machine for memory costs more than filling it.
fn spare() -> Vec<u8> {
    SPARE.with_borrow_mut(Vec::pop).unwrap_or_default()
}

/// Takes changes back, the last one first; `each` sees the content as the change left it.
fn take_back(
    seen: &mut Vec<u8>,
    waiting: &[Change],
    mut before: &[u8],
    mut each: impl FnMut(&Change, &[u8]),
) {
    for change in waiting.iter().rev() {
        each(change, seen);
        let (rest, saved) = before.split_at(before.len() - change.saved);
        before = rest;
        seen.resize(change.length, 0);
        let from = change.offset.min(change.length);
        seen[from..from + saved.len()].copy_from_slice(saved);
    }
}

fn put(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    if content.len() < offset {
        content.resize(offset, 0);
    }
    let over = (content.len() - offset).min(bytes.len());
    content[offset..offset + over].copy_from_slice(&bytes[..over]);
    content.extend_from_slice(&bytes[over..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A content of twelve bytes that lasts, and changes of every kind over it that do not.
    fn changed() -> (Content, Vec<(usize, Vec<u8>)>) {
        let mut content = Content::of(b"twelve bytes");
        let writes = vec![(0, b"T".to_vec()), (10, b"ES and more".to_vec()), (30, b"far".to_vec())];
        for (offset, bytes) in &writes {
            content.write(*offset, bytes);
        }
        (content, writes)
    }

    #[test]
    fn what_waits_is_seen_and_can_be_lost() {
        let (mut content, _) = changed();
        content.truncate(5);
        content.write(3, b"!!!!");
        assert_eq!(content.seen(), b"Twe!!!!");
        assert_eq!(content.durable(), b"twelve bytes");
        content.lose();
        assert_eq!(content.seen(), b"twelve bytes");
        content.truncate(20);
        content.sync();
        content.lose();
        assert_eq!(content.seen(), b"twelve bytes\0\0\0\0\0\0\0\0");
    }

    #[test]
    fn a_torn_change_is_there_or_not_piece_by_piece() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let (mut content, writes) = changed();
            content.tear(&mut Chance::new(seed));
            let mut chance = Chance::new(seed);
            let mut expected = b"twelve bytes".to_vec();
            for (offset, bytes) in &writes {
                if chance.happens(500) {
                    put(&mut expected, *offset, bytes);
                }
            }
            assert_eq!(content.seen(), expected, "seed {seed}");
            seen.insert(expected);
        }
        assert_eq!(seen.len(), 8, "each of three writes was there and was not");
    }
}
