//! What became of one flip: harmless, named, or silent.
//!
//! Silent is whatever the till would pass as true although it is not: a row that never was, a row
//! under another order, or a lacking row that neither start, nor read, nor check has named.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use mianfu_core::money::Timestamp;
use mianfu_core::number::OrderNo;
use mianfu_db::{BackupTo, Birth, Checked, DbError, backup, full_check};
use mianfu_till::Notice;
use tempfile::TempDir;

use crate::day::{Day, Files, beside};
use crate::desk::{Told, start};

/// What became of one flip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// Every answer is as without it, and the whole log.
    Harmless,
    /// The till does not start and says why.
    Start,
    /// The till starts, says that it is an older state and asks the channel about the rest.
    Older,
    /// A question is answered with the damage in the place of an amount; the check stops sales.
    Read,
    /// The check, a little after the start, stops sales.
    Check,
    /// The same, and until then a list or a sum lacked something.
    Lacking,
}

/// How many flips came to what.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) outcomes: BTreeMap<Outcome, u64>,
    pub(crate) silent: Vec<String>,
}

impl Tally {
    pub(crate) fn count(&mut self, name: &str, judged: Result<Outcome, String>) {
        match judged {
            Ok(outcome) => *self.outcomes.entry(outcome).or_insert(0) += 1,
            Err(what) => self.silent.push(format!("{name}: {what}")),
        }
    }

    pub(crate) fn of(&self, outcome: Outcome) -> u64 {
        self.outcomes.get(&outcome).copied().unwrap_or(0)
    }

    /// Returns the closing line.
    pub(crate) fn line(&self) -> String {
        let all: u64 = self.outcomes.values().sum();
        let silent = self.silent.len();
        let harmless = self.of(Outcome::Harmless);
        let named = all - harmless;
        let by: Vec<String> =
            self.outcomes.iter().map(|(outcome, count)| format!("{outcome:?}={count}")).collect();
        let flips = all + u64::try_from(silent).unwrap_or(u64::MAX);
        format!(
            "corruption flips={flips} harmless={harmless} named={named} silent={silent} ({})",
            by.join(" ")
        )
    }
}

/// What the files say without a flip.
pub(crate) struct Truth {
    /// What the till tells once it has started.
    told: Told,
    /// What it told before: an open row that an index has lost stands as it was kept then.
    before: Told,
    checked: Checked,
    /// Every row of every list.
    known: BTreeSet<String>,
    orders: BTreeSet<i64>,
    at: Timestamp,
}

/// A folder in which files are opened, one set after the other.
pub(crate) struct Bench {
    folder: TempDir,
}

impl Bench {
    /// Nothing here is about syncs, so the files lie in memory where the system has such a folder.
    pub(crate) fn new() -> Bench {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        std::fs::create_dir(folder.path().join("second")).unwrap();
        Bench { folder }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("till.db")
    }

    fn second(&self) -> PathBuf {
        self.folder.path().join("second")
    }
}

impl Truth {
    /// Opens the files as they are and asks everything.
    pub(crate) fn of(bench: &Bench, day: &mut Day) -> Truth {
        let at = day.back_at;
        day.files.write(&bench.path());
        let till = start(&bench.path(), at).unwrap();
        assert_eq!(till.birth(), Birth::Same);
        let orders: BTreeSet<i64> =
            (1..).take_while(|no| till.order_line(OrderNo(*no)).is_ok()).collect();
        let told = Told::ask(&till, &orders, at);
        let before = Told::ask(day.shop.till(), &orders, at);
        let checked = full_check(&bench.path(), None).unwrap();
        let mut known = BTreeSet::new();
        for told in [&told, &before] {
            for rows in told.of_orders.values().chain(told.lists.values()) {
                known.extend(rows.as_ref().unwrap().iter().cloned());
            }
        }
        assert!(told.sums.values().all(Result::is_ok));
        Truth { told, before, checked, known, orders, at }
    }

    pub(crate) fn orders(&self) -> &BTreeSet<i64> {
        &self.orders
    }

    /// Opens what lies on the bench as the till does and says what became of it. The counter asks
    /// about these orders.
    pub(crate) fn judge(&self, bench: &Bench, orders: &BTreeSet<i64>) -> Result<Outcome, String> {
        let path = bench.path();
        let till = match start(&path, self.at) {
            Ok(till) => till,
            Err(error) => {
                has_a_sentence(&error)?;
                return Ok(Outcome::Start);
            }
        };
        if till.birth() != Birth::Same {
            let notices = till.notices(self.at);
            let said = notices.contains(&Notice::RestoredDatabase);
            let amounts = self.amounts(&Told::ask(&till, orders, self.at));
            return match (said, amounts) {
                (true, Ok(())) => Ok(Outcome::Older),
                (false, _) => Err(format!("{:?} and nobody is told", till.birth())),
                (true, Err(what)) => Err(what),
            };
        }
        let told = Told::ask(&till, orders, self.at);
        let compared = self.compare(&told)?;
        let checked = full_check(&path, None);
        drop(till);
        match (checked, compared) {
            (Ok(checked), Compared { lacking: None, damaged: None }) => {
                if checked != self.checked {
                    return Err(format!("the log is another one: {checked:?}"));
                }
                self.backed_up(bench)?;
                Ok(Outcome::Harmless)
            }
            (Ok(_), Compared { lacking: Some(what), .. }) => Err(format!("unnoticed: {what}")),
            (Ok(_), Compared { damaged: Some(what), .. }) => {
                Err(format!("a read fails and sales go on: {what}"))
            }
            (Err(error), compared) if error.is_damage() => {
                has_a_sentence(&error)?;
                Ok(match compared {
                    Compared { damaged: Some(_), .. } => Outcome::Read,
                    Compared { lacking: Some(_), .. } => Outcome::Lacking,
                    Compared { lacking: None, damaged: None } => Outcome::Check,
                })
            }
            (Err(error), _) => Err(format!("the check was not finished: {error:?}")),
        }
    }

    /// Compares what was told with the truth: nothing but the truth may be told, and what lacks
    /// must be named by somebody.
    fn compare(&self, told: &Told) -> Result<Compared, String> {
        let mut compared = Compared { lacking: None, damaged: None };
        for (question, rows) in &told.of_orders {
            let [truth, before] = [&self.told, &self.before].map(|told| {
                let rows = told.of_orders.get(question).and_then(|rows| rows.as_ref().ok());
                rows.map(Vec::as_slice).unwrap_or_default()
            });
            let is_true = |row: &String| truth.contains(row) || before.contains(row);
            compared.rows(question, rows, truth, is_true)?;
        }
        for (question, rows) in &told.lists {
            let truth = self.told.lists.get(question).and_then(|rows| rows.as_ref().ok());
            let truth = truth.map(Vec::as_slice).unwrap_or_default();
            compared.rows(question, rows, truth, |row| self.known.contains(row))?;
        }
        for (question, sum) in &told.sums {
            match sum {
                Ok(sum) if Some(sum) == self.told.sums[question].as_ref().ok() => (),
                Ok(_) => compared.lacks(question),
                Err(error) => compared.error(question, error)?,
            }
        }
        Ok(compared)
    }

    /// An older state says of each sale that it knows what was asked, never another amount.
    fn amounts(&self, told: &Told) -> Result<(), String> {
        let amount = |row: &str| {
            let after = row.split_once("amount: ").or_else(|| row.split_once("due: "));
            after.map(|(_, rest)| rest.split_once(',').map_or(rest, |(fen, _)| fen).to_owned())
        };
        for (question, rows) in &told.of_orders {
            if !question.starts_with("order ") && !question.starts_with("attempt ") {
                continue;
            }
            let truth = self.told.of_orders.get(question).and_then(|rows| rows.as_ref().ok());
            let truth: Vec<_> = truth.into_iter().flatten().map(|row| amount(row)).collect();
            for row in rows.iter().flatten() {
                if !truth.contains(&amount(row)) {
                    return Err(format!("{question} is told of another amount: {row}"));
                }
            }
        }
        Ok(())
    }

    /// A backup of sound files is sound and the same.
    fn backed_up(&self, bench: &Bench) -> Result<(), String> {
        let to = BackupTo { folder: &bench.second(), now: self.at, keep: 1 };
        let made = backup(&bench.path(), None, &to).map_err(|error| format!("{error:?}"))?;
        let copied = full_check(&made, None).map_err(|error| format!("the backup: {error:?}"))?;
        if copied == self.checked { Ok(()) } else { Err("the backup is another state".to_owned()) }
    }
}

struct Compared {
    /// The first question whose answer lacked something.
    lacking: Option<String>,
    /// The first question that was answered with the damage.
    damaged: Option<String>,
}

impl Compared {
    fn rows(
        &mut self,
        question: &str,
        rows: &Result<Vec<String>, DbError>,
        truth: &[String],
        is_true: impl Fn(&String) -> bool,
    ) -> Result<(), String> {
        let rows = match rows {
            Ok(rows) => rows,
            Err(error) => return self.error(question, error),
        };
        if let Some(row) = rows.iter().find(|row| !is_true(row)) {
            return Err(format!("`{question}` is answered with {row}"));
        }
        if rows != truth {
            self.lacks(question);
        }
        Ok(())
    }

    fn error(&mut self, question: &str, error: &DbError) -> Result<(), String> {
        if matches!(error, DbError::NotFound { .. }) {
            self.lacks(question);
            return Ok(());
        }
        has_a_sentence(error).map_err(|what| format!("`{question}`: {what}"))?;
        self.damaged.get_or_insert_with(|| question.to_owned());
        Ok(())
    }

    fn lacks(&mut self, question: &str) {
        self.lacking.get_or_insert_with(|| question.to_owned());
    }
}

/// The person reads what is wrong and what to do, in both languages.
fn has_a_sentence(error: &DbError) -> Result<(), String> {
    // As the window's reports name them.
    let code = match error {
        DbError::Corrupt { .. } => "database_broken",
        DbError::TooNew { .. } => "app_too_old",
        DbError::ReadOnly { .. } | DbError::Io { .. } => "disk_broken",
        DbError::HeldElsewhere { .. }
        | DbError::Busy { .. }
        | DbError::DiskFull { .. }
        | DbError::NotFound { .. }
        | DbError::Stale { .. }
        | DbError::CeilingReached { .. }
        | DbError::NumberTaken { .. }
        | DbError::IntentKept { .. }
        | DbError::LiveAttempt { .. }
        | DbError::LawBroken { .. }
        | DbError::NoNumber { .. }
        | DbError::Sqlite { .. } => return Err(format!("no sentence says it: {error:?}")),
    };
    let reports = include_str!("../../ui/src/text/report.ts");
    match reports.matches(&format!("{code}: {{")).count() {
        2 => Ok(()),
        _ => Err(format!("`{code}` is not in both languages")),
    }
}

/// Puts files on a bench.
pub(crate) fn lay(bench: &Bench, files: &Files) {
    files.write(&bench.path());
    drop(std::fs::remove_file(beside(&bench.path(), ".lock")));
}

/// Says whether a database lies there without a log beside it.
pub(crate) fn is_checkpointed(path: &Path) -> bool {
    std::fs::metadata(beside(path, "-wal")).map_or(true, |log| log.len() == 0)
}
