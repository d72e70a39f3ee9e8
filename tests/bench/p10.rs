//! P10: how many histories one core lives through in a second, against histories of as many
//! transactions on a bare SQLite in memory, interleaved.
//!
//! Both in the time of the processor, on one thread. A history is counted from its plan to the
//! oracle's judgement. A bare one makes six tables and commits as many transactions of three
//! statements as a history commits on average; it checks nothing, signs nothing and survives
//! nothing.

use mianfu_tests::simulation::oracle::judge_all;
use mianfu_tests::simulation::plan::Plan;
use mianfu_tests::simulation::record::Record;
use mianfu_tests::simulation::world::live;
use rusqlite::{Connection, params};

use crate::rounds::{median, quantile, thousandths, worked};

type Failure = Box<dyn std::error::Error>;

const ROUNDS: u64 = 9;
/// In so many seeds in a row one signs with RSA.
const EACH: u64 = 100;
/// 0.2, in per mille.
const GOAL: u64 = 200;

const TABLES: &str = "
    CREATE TABLE orders (id INTEGER PRIMARY KEY, no TEXT UNIQUE, amount INT, status INT);
    CREATE TABLE attempts (id INTEGER PRIMARY KEY, order_id INT, channel INT, status INT);
    CREATE TABLE events (id INTEGER PRIMARY KEY, order_id INT, kind TEXT, body TEXT);
    CREATE TABLE refunds (
        id INTEGER PRIMARY KEY, order_id INT, no TEXT UNIQUE, amount INT, status INT);
    CREATE TABLE queue (id INTEGER PRIMARY KEY, operation TEXT, due INT, tries INT);
    CREATE TABLE notices (
        channel INT, notice TEXT, status TEXT, PRIMARY KEY (channel, notice, status)
    ) WITHOUT ROWID;
";

/// Measures P10.
pub(crate) fn measure() -> Result<String, Failure> {
    // Keys and the schema are made once a process.
    let mut commits = 0;
    for seed in 0..EACH {
        commits += lived(seed)?;
    }
    let commits = commits.div_ceil(EACH);
    let (mut ratios, mut each_ns) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        let (mut ours_ns, mut bare_ns) = (0, 0);
        for seed in round * EACH..(round + 1) * EACH {
            let (ns, done) = worked(|| lived(seed));
            done?;
            ours_ns += ns;
            let (ns, done) = worked(|| bare(commits));
            done?;
            bare_ns += ns;
        }
        ratios.push(bare_ns * 1_000 / ours_ns.max(1));
        each_ns.push(ours_ns / EACH);
    }
    let measured = median(&ratios);
    let spread = quantile(&ratios, 75) - quantile(&ratios, 25);
    let report = format!(
        "bench figure=P10 ratio={} goal={} iqr={} histories_per_s={} commits={commits} rounds={}",
        at_least(measured),
        thousandths(GOAL),
        thousandths(spread),
        1_000_000_000 / median(&each_ns).max(1),
        ratios.len(),
    );
    if measured < GOAL { Err(report.into()) } else { Ok(report) }
}

/// Lives through a seed's history and judges it; returns how many transactions it committed.
fn lived(seed: u64) -> Result<u64, Failure> {
    let past = live(&Plan::of(seed), usize::MAX);
    let records: Vec<&Record> = std::iter::once(&past.record).chain(&past.beside).collect();
    match judge_all(&records, past.practice.truth()).first() {
        None => Ok(past.disk.commits()),
        Some(broken) => Err(format!("seed {seed}: {} broken", broken.invariant).into()),
    }
}

fn bare(commits: u64) -> rusqlite::Result<()> {
    let conn = Connection::open_in_memory()?;
    conn.execute_batch(TABLES)?;
    for number in 0..i64::try_from(commits).unwrap_or(i64::MAX) {
        conn.execute_batch("BEGIN IMMEDIATE")?;
        conn.prepare_cached("INSERT INTO orders VALUES (NULL, ?1, 100, 0)")?
            .execute([number.to_string()])?;
        conn.prepare_cached("INSERT INTO events VALUES (NULL, ?1, 'kept', 'text')")?
            .execute([number])?;
        conn.prepare_cached("UPDATE orders SET status = 1 WHERE id = ?1")?
            .execute(params![number / 2])?;
        conn.execute_batch("COMMIT")?;
    }
    Ok(())
}

/// Writes a number of thousandths with three decimals, cut off: a goal from below is not met by
/// rounding.
fn at_least(number: u64) -> String {
    format!("{}.{:03}", number / 1_000, number % 1_000)
}
