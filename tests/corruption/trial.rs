//! Files that are damaged, opened and judged: columns, pages whose last write was lost, cut tails.

use std::io::Write;

use mianfu_db::{DbError, full_check};
use mianfu_practice::chance::Chance;
use rusqlite::Connection;

use crate::columns::{self, Cell, tampering};
use crate::day::{self, Files};
use crate::verdict::{Bench, Outcome, Tally, Truth, is_checkpointed, lay};

/// A page of the database.
pub(crate) const PAGE_BYTES: usize = 4_096;
/// What the bits are drawn from.
pub(crate) const SEED: u64 = 20_261_127;

/// A day, what it is in truth, and its files without a log beside them.
pub(crate) struct Trial {
    pub(crate) truth: Truth,
    pub(crate) files: Files,
    in_one_file: Files,
    backup: Vec<u8>,
}

impl Trial {
    pub(crate) fn new() -> Trial {
        let mut day = day::live();
        let bench = Bench::new();
        let truth = Truth::of(&bench, &mut day);
        lay(&bench, &day.files);
        let conn = Connection::open(bench.path()).unwrap();
        conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        drop(conn);
        let in_one_file = Files::read(&bench.path());
        let backup = std::fs::read(&day.backup).unwrap();
        Trial { truth, files: day.files, in_one_file, backup }
    }

    /// Lays files out and judges them.
    pub(crate) fn judge(&self, bench: &Bench, name: &str, files: &Files, tally: &mut Tally) {
        lay(bench, files);
        tally.count(name, self.truth.judge(bench, self.truth.orders()));
    }

    pub(crate) fn flip_cells(&self, bench: &Bench, cells: &[Cell]) -> Tally {
        let mut tally = Tally::default();
        for (nth, cell) in cells.iter().enumerate() {
            lay(bench, &self.in_one_file);
            let mut chance = Chance::new(SEED + u64::try_from(nth).unwrap());
            let touched = cell.flip(&bench.path(), &mut chance);
            assert!(is_checkpointed(&bench.path()));
            let orders = touched.intersection(self.truth.orders()).copied().collect();
            tally.count(&format!("{cell:?}"), self.truth.judge(bench, &orders));
        }
        tally
    }

    /// Every page whose last write the disk has lost: it is as it was at noon. The queue is work and
    /// not in the log, so its pages are left out.
    fn lose_writes(&self, bench: &Bench) -> Tally {
        let mut tally = Tally::default();
        lay(bench, &self.in_one_file);
        let work = columns::pages_of(&bench.path(), "operation");
        let (earlier, last) = (&self.files.database, &self.in_one_file.database);
        for page in 0..earlier.len() / PAGE_BYTES {
            let bytes = page * PAGE_BYTES..(page + 1) * PAGE_BYTES;
            if earlier[bytes.clone()] == last[bytes.clone()] || work.contains(&(page + 1)) {
                continue;
            }
            let mut files = self.in_one_file.clone();
            files.database[bytes.clone()].copy_from_slice(&earlier[bytes]);
            self.judge(bench, &format!("page {} is stale", page + 1), &files, &mut tally);
        }
        tally
    }

    /// Every row that was another at noon, put back to what it was, with the hash it had; returns
    /// those that the check does not name.
    fn put_back(&self, bench: &Bench) -> (usize, Vec<String>) {
        let earlier = bench.path().with_extension("earlier");
        std::fs::write(&earlier, &self.backup).unwrap();
        let (mut rows, mut unnamed) = (0, Vec::new());
        for (table, key) in columns::KEYS {
            lay(bench, &self.in_one_file);
            for is in columns::changed_since(&bench.path(), &earlier, table, key) {
                lay(bench, &self.in_one_file);
                columns::put_back(&bench.path(), &earlier, table, key, &is);
                rows += 1;
                match full_check(&bench.path(), None) {
                    Err(DbError::Corrupt { .. }) => (),
                    checked => unnamed.push(format!("{table} {is:?}: {checked:?}")),
                }
            }
        }
        (rows, unnamed)
    }

    /// The last events of the log, cut off.
    fn cut_tails(&self, bench: &Bench) -> Tally {
        let mut tally = Tally::default();
        for cut in 1..=8 {
            lay(bench, &self.in_one_file);
            let sql = "DELETE FROM event WHERE ?1 > (SELECT MAX(seq) FROM event) - seq";
            let deleted = tampering(&bench.path()).execute(sql, [cut]).unwrap();
            assert_eq!(deleted, usize::try_from(cut).unwrap());
            let judged = self.truth.judge(bench, self.truth.orders());
            tally.count(&format!("{cut} events are cut off"), judged);
        }
        tally
    }

    pub(crate) fn cells(&self) -> Vec<Cell> {
        let bench = Bench::new();
        lay(&bench, &self.in_one_file);
        columns::cells(&bench.path())
    }
}

#[track_caller]
pub(crate) fn assert_loud(name: &str, tally: &Tally) {
    let line = format!("{name}: {}\n", tally.line());
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    assert!(tally.silent.is_empty(), "{line}{}", tally.silent.join("\n"));
}

#[test]
pub(crate) fn i20_a_flipped_bit_of_an_amount_is_never_told() {
    let trial = Trial::new();
    let mut cells = trial.cells();
    cells.retain(|cell| ["due_fen", "amount_fen"].contains(&cell.column));
    assert_loud("amounts", &trial.flip_cells(&Bench::new(), &cells));
}

#[test]
pub(crate) fn i20_a_page_whose_last_write_was_lost_is_named() {
    let trial = Trial::new();
    let tally = trial.lose_writes(&Bench::new());
    assert_loud("lost writes", &tally);
    assert!(0 < tally.of(Outcome::Check) && 0 < tally.of(Outcome::Start), "{}", tally.line());
}

#[test]
pub(crate) fn i20_a_row_put_back_to_what_it_was_is_named_by_the_check() {
    let trial = Trial::new();
    let (rows, unnamed) = trial.put_back(&Bench::new());
    assert_eq!(unnamed, Vec::<String>::new());
    assert!(3 <= rows, "an order, an attempt and a refund have gone on since noon: {rows}");
}

#[test]
pub(crate) fn i20_a_cut_tail_of_the_log_stops_the_start() {
    let trial = Trial::new();
    let tally = trial.cut_tails(&Bench::new());
    assert_loud("cut tails", &tally);
    assert_eq!(tally.of(Outcome::Start), 8, "{}", tally.line());
}
