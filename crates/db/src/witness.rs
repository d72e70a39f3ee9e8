//! `X.witness`, a small file beside the database that says how far the till had come.
//!
//! It is how a database older than itself is noticed. A backup carries a mark of its own, but a
//! file copied back by hand, a disk that lost what it called durable and a database that was
//! deleted carry none: there the witness names a place that the database does not know. It is
//! rewritten after every commit without a sync, which costs one small write: after a crash of the
//! program it is exact, after a power cut it may lag, and it never runs ahead of a durable commit.
//! It is not in backups. A database that has drawn numbers and has no witness it can read counts as
//! restored. An image of the whole disk
//! taken back to an earlier day takes the witness with it; only the channels can tell then.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use mianfu_core::number::{Counter, Series};

use crate::meta::Meta;
use crate::row::{hash_of, hex};

/// The file, open for rewriting.
#[derive(Debug)]
pub(crate) struct Witness {
    file: File,
}

/// What the witness has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) series: Series,
    pub(crate) counter: Counter,
    pub(crate) event_seq: i64,
}

impl Witness {
    /// Opens the witness for writing, or does without where that is impossible.
    pub(crate) fn open(path: &Path) -> Option<Witness> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path).ok()?;
        Some(Witness { file })
    }

    /// Writes down how far the till has come. Best effort: a failure is not the sale's.
    pub(crate) fn note(&mut self, meta: &Meta) {
        let line =
            line(&Seen { series: meta.series, counter: meta.counter, event_seq: meta.event_seq });
        let written =
            self.file.seek(SeekFrom::Start(0)).and_then(|_| self.file.write_all(line.as_bytes()));
        drop(written);
    }

    /// Makes what is written down durable. Best effort.
    pub(crate) fn settle(&mut self) {
        drop(self.file.sync_all());
    }
}

/// Reads what the witness has seen; `None` where there is none or it cannot be read.
pub(crate) fn read(path: &Path) -> Option<Seen> {
    let text = std::fs::read_to_string(path).ok()?;
    let (fields, sum) = text.trim_end().rsplit_once(' ')?;
    if sum != checksum(fields) {
        return None;
    }
    let mut fields = fields.split(' ').map(|field| field.parse::<u64>().ok());
    let mut field = || fields.next().flatten();
    let part = |part: u64| u32::try_from(part).ok();
    let series = Series::new(part(field()?)?, part(field()?)?, part(field()?)?)?;
    let counter = Counter::new(field()?)?;
    Some(Seen { series, counter, event_seq: i64::try_from(field()?).ok()? })
}

/// A line of constant length, so that a rewrite covers the one before.
fn line(seen: &Seen) -> String {
    let fields = format!(
        "{:05} {:03} {:08} {:010} {:019}",
        seen.series.store(),
        seen.series.till(),
        seen.series.epoch(),
        seen.counter.get(),
        seen.event_seq
    );
    let sum = checksum(&fields);
    format!("{fields} {sum}\n")
}

fn checksum(fields: &str) -> String {
    hex(&hash_of("witness", fields)[..8])
}

#[cfg(test)]
mod tests {
    use mianfu_core::money::Timestamp;

    use super::*;

    #[test]
    fn a_witness_reads_back_what_it_wrote_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("till.db.witness");
        assert_eq!(read(&path), None, "there is none");
        let series = Series::new(42, 7, 12_345_678).unwrap();
        let mut meta = Meta::first(series, "machine", Timestamp(0));
        meta.counter = Counter::new(19).unwrap();
        meta.event_seq = 77;
        Witness::open(&path).unwrap().note(&meta);
        let seen = read(&path).unwrap();
        assert_eq!((seen.series, seen.counter.get(), seen.event_seq), (series, 19, 77));
        let text = std::fs::read_to_string(&path).unwrap().replace("0000000019", "0000000020");
        std::fs::write(&path, text).unwrap();
        assert_eq!(read(&path), None, "a line that does not add up says nothing");
    }
}
