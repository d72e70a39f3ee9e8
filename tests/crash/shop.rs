//! A shop in which rounds are played: tills that are started, killed and started again.

use std::io::{BufRead, BufReader, Read};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mianfu_tests::window::Manner;
use serde_json::Value;

use crate::books::{Round, Stage};
use crate::chance::Chance;
use crate::place::{Place, PlaceError, spawn};

/// Tills that take turns, so that a number that must wait 75 s does not hold up the next round.
const TILLS: u32 = 8;
/// The latest moment of a kill after the start of the till, or after the sale was kept, in ms.
const KILL_MS_MAX: u64 = 450;
/// How long a till may take to keep the sale after which it is killed, in ms.
const KEPT_MS_MAX: u64 = 20_000;
/// How long everything open may take to its end, in ms.
const SETTLE_MS: u64 = 240_000;

/// Prints an error with all its sources.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}

/// From when on the time to the kill counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begin {
    /// The start of the till.
    TheStart,
    /// The sale's being kept, so that a slow machine is killed in the middle too.
    TheKeptSale,
}

/// What a till said that somebody acts on.
enum Heard {
    Kept,
    Code(String),
}

pub(crate) struct Shop {
    place: Place,
}

impl Shop {
    /// Starts practice and writes the channel's file.
    pub(crate) fn open(seed: u64) -> Result<Shop, PlaceError> {
        Ok(Shop { place: Place::open(seed)? })
    }

    /// Sells, kills, starts again and writes down what was said.
    pub(crate) async fn round(
        &self,
        number: u32,
        chance: &mut Chance,
    ) -> Result<Round, PlaceError> {
        let till = number % TILLS + 1;
        std::fs::create_dir_all(self.place.folder_of(till))?;
        let manner = match chance.below(6) {
            0 => Manner::TypesPassword { after_ms: 100 },
            1 => Manner::WalksAway,
            2 => Manner::TooLittleMoney,
            _ => Manner::Pays,
        };
        let shows = chance.below(2) == 0;
        let mut command = self.place.till(till);
        command.args(["collect", "--another-customer", "--amount"]);
        command.arg(format!("{}.{:02}", 1 + number / 100, number % 100));
        if shows {
            command.arg("--show");
        } else {
            command.args(["--scan", &self.place.customer().show_payment_code(manner).await?]);
        }
        // Each till has both, whatever the number of tills.
        let from =
            if (number / TILLS).is_multiple_of(2) { Begin::TheStart } else { Begin::TheKeptSale };
        let lines = self.run_and_kill(command, from, chance.below(KILL_MS_MAX), manner).await?;
        let ended = lines.iter().any(|line| line["final"] == true);
        let kept = lines.iter().any(|line| line["event"] == "kept");
        let stage = match (kept, ended) {
            (_, true) => Stage::Ended,
            (true, false) => Stage::Open,
            (false, false) => Stage::BeforeKept,
        };
        let after = self.say(self.place.till(till).arg("status"))?;
        let ledger = self.place.customer().trades().await?;
        Ok(Round { lines, after, ledger, stage })
    }

    async fn run_and_kill(
        &self,
        mut command: Command,
        from: Begin,
        kill_ms: u64,
        manner: Manner,
    ) -> Result<Vec<Value>, PlaceError> {
        let mut child = spawn(&mut command)?;
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let reader = child.stdout.take().map(|stdout| {
            let lines = Arc::clone(&lines);
            std::thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    let Ok(value) = serde_json::from_str::<Value>(&line) else {
                        continue;
                    };
                    if let Some(code) = value["code"].as_str() {
                        drop(told.send(Heard::Code(code.to_owned())));
                    }
                    if value["event"] == "kept" {
                        drop(told.send(Heard::Kept));
                    }
                    if let Ok(mut lines) = lines.lock() {
                        lines.push(value);
                    }
                }
            })
        });
        let in_ms = |ms| tokio::time::Instant::now() + Duration::from_millis(ms);
        let mut until = in_ms(if from == Begin::TheStart { kill_ms } else { KEPT_MS_MAX });
        while let Ok(Some(heard)) = tokio::time::timeout_at(until, heard.recv()).await {
            match heard {
                Heard::Kept if from == Begin::TheKeptSale => until = in_ms(kill_ms),
                Heard::Kept => (),
                // The customer scans at once; that the till dies meanwhile is the point.
                Heard::Code(code) => {
                    drop(self.place.customer().scan(&code, manner).await);
                }
            }
        }
        child.kill()?;
        child.wait()?;
        if let Some(reader) = reader {
            drop(reader.join());
        }
        let lines = lines.lock().map(|lines| lines.clone()).unwrap_or_default();
        Ok(lines)
    }

    /// Runs a command of the till to its end and returns its lines.
    fn say(&self, command: &mut Command) -> Result<Vec<Value>, PlaceError> {
        let mut child = spawn(command)?;
        let mut text = String::new();
        if let Some(stdout) = child.stdout.as_mut() {
            stdout.read_to_string(&mut text)?;
        }
        let ended = child.wait()?;
        if !ended.success() {
            return Err(PlaceError::Said { what: "mianfu-headless", said: text });
        }
        Ok(text
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|line| line["event"] == "attempt")
            .collect())
    }

    /// Lets every till find its ends, all at once, and returns what they say of every attempt.
    pub(crate) async fn settle(&self) -> Result<Vec<Value>, PlaceError> {
        let mut waiting = Vec::new();
        for till in 1..=TILLS {
            if !self.place.folder_of(till).exists() {
                continue;
            }
            let mut command = self.place.till(till);
            command.args(["--wait-ms", &SETTLE_MS.to_string(), "settle", "--cancel-open"]);
            waiting.push(spawn(&mut command)?);
        }
        let mut known = Vec::new();
        for mut child in waiting {
            let mut text = String::new();
            if let Some(stdout) = child.stdout.as_mut() {
                stdout.read_to_string(&mut text)?;
            }
            child.wait()?;
            known.extend(
                text.lines()
                    .filter_map(|line| serde_json::from_str::<Value>(line).ok())
                    .filter(|line| line["event"] == "attempt"),
            );
        }
        Ok(known)
    }

    /// Returns every trade of practice's ledger.
    pub(crate) async fn trades(&self) -> Result<Vec<Value>, PlaceError> {
        Ok(self.place.customer().all_trades().await?)
    }
}
