//! Every page, every frame of the log, every money-bearing column: flipped, opened, judged.

use mianfu_practice::chance::Chance;

use crate::day::Files;
use crate::trial::{PAGE_BYTES, SEED, Trial, assert_loud};
use crate::verdict::{Bench, Outcome, Tally};

/// Lanes in which flips are judged at the same time.
const LANES: usize = 2;
/// Bits of each page and frame, of the bytes that say what the others mean.
const CHOSEN: usize = 1;
/// Other bits of each page and frame.
const RANDOM: usize = 2;
/// The header of the log.
const LOG_HEADER_BYTES: usize = 32;
/// The header of a frame.
const FRAME_HEADER_BYTES: usize = 24;

/// Bytes of a page's header: kind, first free block, count of cells, where cells begin, fragments,
/// the rightmost child; then the first cells' places.
const PAGE_HEADER: [usize; 13] = [0, 1, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 15];
/// Bytes of the file's header that change what the rest means.
const FILE_HEADER: [usize; 22] =
    [0, 15, 16, 17, 18, 19, 20, 21, 23, 27, 31, 35, 36, 39, 43, 47, 52, 55, 56, 59, 63, 67];
/// Bytes of a frame's header: page, size after the commit, salts, checksums.
const FRAME_HEADER: [usize; 6] = [3, 7, 11, 15, 19, 23];

#[test]
fn i20_a_flipped_bit_of_any_page_or_frame_is_harmless_or_named() {
    let trial = Trial::new();
    let flips = of_pages(&trial.files);
    let tally = in_lanes(&flips, |bench, share| flip_pages(&trial, bench, share));
    assert_loud("pages", &tally);
    for outcome in [Outcome::Harmless, Outcome::Start, Outcome::Older, Outcome::Check] {
        assert!(0 < tally.of(outcome), "no flip came to {outcome:?}: {}", tally.line());
    }
}

#[test]
fn i20_a_flipped_bit_of_any_column_that_bears_money_is_named() {
    let trial = Trial::new();
    let cells = trial.cells();
    let tally = in_lanes(&cells, |bench, share| trial.flip_cells(bench, share));
    assert_loud("columns", &tally);
    assert_eq!(tally.of(Outcome::Harmless), 0, "each column says something");
}

/// One bit of one of a till's files.
#[derive(Debug, Clone, Copy)]
struct Flip {
    of: Of,
    byte: usize,
    bit: u32,
}

/// The file.
#[derive(Debug, Clone, Copy)]
enum Of {
    Database,
    Log,
    Witness,
}

impl Flip {
    /// Returns the files with the bit flipped.
    fn applied(self, files: &Files) -> Files {
        let mut files = files.clone();
        let bytes = match self.of {
            Of::Database => &mut files.database,
            Of::Log => &mut files.log,
            Of::Witness => &mut files.witness,
        };
        bytes[self.byte] ^= 1 << self.bit;
        files
    }
}

/// Bits of every page of the database, of every frame of its log and of the witness: of the
/// bytes that say what the others mean, and any others.
fn of_pages(files: &Files) -> Vec<Flip> {
    let mut flips = Vec::new();
    let mut chance = Chance::new(SEED);
    let mut below = |limit: usize| {
        let drawn = chance.below(u64::try_from(limit).unwrap());
        usize::try_from(drawn).unwrap()
    };
    let whole = [
        (Of::Database, FILE_HEADER.to_vec()),
        (Of::Log, (0..LOG_HEADER_BYTES).collect()),
        (Of::Witness, (0..files.witness.len()).collect()),
    ];
    for (of, bytes) in whole {
        for byte in bytes {
            flips.push(Flip { of, byte, bit: u32::try_from(below(8)).unwrap() });
        }
    }
    let frame_bytes = FRAME_HEADER_BYTES + PAGE_BYTES;
    let pages = (0..files.database.len() / PAGE_BYTES).map(|page| {
        let begins = page * PAGE_BYTES;
        let header = if page == 0 { begins + 100 } else { begins };
        (Of::Database, begins, PAGE_BYTES, header, &PAGE_HEADER[..])
    });
    let frames = (0..(files.log.len() - LOG_HEADER_BYTES) / frame_bytes).map(|frame| {
        let begins = LOG_HEADER_BYTES + frame * frame_bytes;
        (Of::Log, begins, frame_bytes, begins, &FRAME_HEADER[..])
    });
    for (of, begins, length, header, bytes) in pages.chain(frames) {
        for _ in 0..CHOSEN {
            let byte = header + bytes[below(bytes.len())];
            flips.push(Flip { of, byte, bit: u32::try_from(below(8)).unwrap() });
        }
        for _ in 0..RANDOM {
            let byte = begins + below(length);
            flips.push(Flip { of, byte, bit: u32::try_from(below(8)).unwrap() });
        }
    }
    flips
}

fn flip_pages(trial: &Trial, bench: &Bench, flips: &[Flip]) -> Tally {
    let mut tally = Tally::default();
    for flip in flips {
        trial.judge(bench, &format!("{flip:?}"), &flip.applied(&trial.files), &mut tally);
    }
    tally
}

/// Shares work out among lanes, each with a bench of its own.
fn in_lanes<T: Sync>(work: &[T], judge: impl Fn(&Bench, &[T]) -> Tally + Sync) -> Tally {
    let mut tally = Tally::default();
    std::thread::scope(|scope| {
        let judge = &judge;
        let lanes: Vec<_> = work
            .chunks(work.len().div_ceil(LANES))
            .map(|share| scope.spawn(move || judge(&Bench::new(), share)))
            .collect();
        for lane in lanes {
            let judged = lane.join().unwrap();
            for (outcome, count) in judged.outcomes {
                *tally.outcomes.entry(outcome).or_insert(0) += count;
            }
            tally.silent.extend(judged.silent);
        }
    });
    tally
}
