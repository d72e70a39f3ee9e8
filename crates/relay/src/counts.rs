//! What a relay has done, as numbers that anybody may see.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

/// Something that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// A notice was kept.
    Kept,
    /// A notice had been kept before.
    Already,
    /// A hint was handed to a live stream.
    Hinted,
    /// A hint found no live stream, or too many before it.
    Unhinted,
    /// A notice that no channel signed.
    Unsigned,
    /// A notice that was signed at another time.
    Stale,
    /// A notice for somebody else.
    Elsewhere,
    /// A notice that could not be read.
    Unreadable,
    /// A body with more bytes than one has.
    TooLarge,
    /// A request that did not come to its end in time.
    TooSlow,
    /// Somebody who knocked too often.
    TooOften,
    /// A notice that could not be made durable.
    NotKept,
    /// A request that no till's key proved.
    Doubted,
    /// A request that had been seen before.
    Replayed,
    /// A till opened its stream.
    Streams,
    /// A notice was written to a stream.
    Delivered,
    /// A till said how far it is.
    Acknowledged,
    /// A sync that made notices or a till's word durable.
    Commits,
    /// A connection that was closed at once.
    TurnedAway,
}

const NAMES: [&str; 19] = [
    "notices_kept",
    "notices_already_kept",
    "hints_delivered",
    "hints_undelivered",
    "refused_unsigned",
    "refused_stale",
    "refused_elsewhere",
    "refused_unreadable",
    "refused_too_large",
    "refused_too_slow",
    "refused_too_often",
    "notices_not_kept",
    "tills_doubted",
    "tills_replayed",
    "streams_opened",
    "notices_delivered",
    "acknowledgements",
    "commits",
    "connections_turned_away",
];

/// The numbers.
#[derive(Debug)]
pub struct Counts {
    counted: [AtomicU64; NAMES.len()],
    streams: AtomicI64,
    is_well: AtomicBool,
}

impl Default for Counts {
    fn default() -> Counts {
        Counts {
            counted: Default::default(),
            streams: AtomicI64::new(0),
            is_well: AtomicBool::new(true),
        }
    }
}

impl Counts {
    /// Counts one.
    pub fn add(&self, count: Count) {
        self.counted[count as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Returns a number.
    #[must_use]
    pub fn of(&self, count: Count) -> u64 {
        self.counted[count as usize].load(Ordering::Relaxed)
    }

    /// Notes that a stream is live, or no longer.
    pub(crate) fn stream(&self, by: i64) {
        self.streams.fetch_add(by, Ordering::Relaxed);
    }

    /// Returns how many streams are live.
    #[must_use]
    pub fn streams(&self) -> i64 {
        self.streams.load(Ordering::Relaxed)
    }

    pub(crate) fn set_well(&self, is_well: bool) {
        self.is_well.store(is_well, Ordering::Relaxed);
    }

    /// Says whether the disk took the last batch.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.is_well.load(Ordering::Relaxed)
    }

    /// Writes the numbers as Prometheus reads them.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let mut line = |name: &str, kind: &str, value: String| {
            // A string takes whatever is written to it.
            let _written =
                writeln!(text, "# TYPE mianfu_relay_{name} {kind}\nmianfu_relay_{name} {value}");
        };
        for (name, counted) in NAMES.iter().zip(&self.counted) {
            let value = counted.load(Ordering::Relaxed).to_string();
            line(&format!("{name}_total"), "counter", value);
        }
        line("streams", "gauge", self.streams().to_string());
        line("disk_well", "gauge", u8::from(self.is_well()).to_string());
        text
    }
}
