//! Storms: random keys and scans in the real window, and whether anything was charged wrongly.
//!
//! A [`Lane`] is one open window on a desk and a channel of its own; many storms pass through it.
//! Each begins on an empty plate. The oracle is practice's ledger and what was written down of the
//! screen; the page's own account of itself is not asked.

#[path = "../../chance.rs"]
mod chance;
mod judge;
mod script;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::keyboard::{Blow, SHIFT_ALONE};
use super::{App, Channel, Customer, Desk, Page, WindowError, wait};
use judge::{Charge, Written};
pub use script::Storm;

const RECORDER: &str = include_str!("recorder.js");
/// A charge may wait for a password and for a reversal to be answered.
const SETTLE_LIMIT_MS: u64 = 30_000;
/// So often a key is struck to come back to an empty plate.
const BACK_TRIES: u32 = 12;
/// A window grows with what it has seen; after so many storms a fresh one is opened.
const STORMS_PER_WINDOW: u32 = 250;

/// How a scanner behaves at this counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scanner {
    /// Always awake: the cashier arms with Enter.
    Box = 0,
    /// Reads only while its trigger is held: a scan charges by itself.
    Trigger = 1,
}

/// What many storms came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    pub storms: u32,
    pub keys: usize,
    /// Trades that they made at the channel, right or wrong.
    pub charges: usize,
    /// One sentence for each thing that was wrong, with the storm it happened in.
    pub wrongs: Vec<String>,
}

/// One window for many storms.
pub struct Lane {
    scanner: Scanner,
    app: App,
    customer: Customer,
    known: BTreeSet<String>,
    storms: u32,
    _channel: Channel,
    _desk: Desk,
}

impl Tally {
    /// Adds what other storms came to.
    pub fn add(&mut self, other: Tally) {
        self.storms += other.storms;
        self.keys += other.keys;
        self.charges += other.charges;
        self.wrongs.extend(other.wrongs);
    }
}

impl Lane {
    /// Opens a window for this kind of scanner.
    pub async fn open(scanner: Scanner) -> Result<Lane, WindowError> {
        let desk = Desk::new()?;
        let channel = Channel::start(&desk)?;
        let mut start = channel.window(&desk.home().join("till"));
        if scanner == Scanner::Trigger {
            let store = desk.store_file(&["scanner = \"trigger\""])?;
            start.variables.push(("MIANFU_STORE".to_owned(), store.display().to_string()));
        }
        let app = App::open(&desk, &start).await?;
        app.turn_to(Page::Counter).await?;
        app.wait_until_ready().await?;
        app.run(RECORDER).await?;
        let customer = channel.customer();
        let known = BTreeSet::new();
        Ok(Lane { scanner, app, customer, known, storms: 0, _channel: channel, _desk: desk })
    }

    /// Lets the storms of some seeds pass; a storm that cannot be judged is an error.
    pub async fn pass(
        &mut self,
        seeds: impl Iterator<Item = u64>,
        mut told: impl FnMut(&str),
    ) -> Result<Tally, WindowError> {
        let mut tally = Tally::default();
        for seed in seeds {
            let storm = Storm::of(seed, self.scanner);
            let passed = self.one(&storm).await?;
            for wrong in &passed.wrongs {
                told(wrong);
            }
            tally.add(passed);
        }
        Ok(tally)
    }

    async fn one(&mut self, storm: &Storm) -> Result<Tally, WindowError> {
        if self.storms == STORMS_PER_WINDOW {
            self.reopen().await?;
        }
        self.storms += 1;
        let mut codes = Vec::new();
        for manner in &storm.customers {
            codes.push(self.customer.show_payment_code(*manner).await?);
        }
        let struck = storm.keys(&codes);
        self.app.run("return window.stormWritten()").await?;
        self.app.play(struck.blows.clone()).await?;
        self.settle(struck.count()).await?;
        let written = self.app.run("return window.stormWritten()").await?;
        let charges = self.charges(&codes).await?;
        let recorded = written.as_str().unwrap_or_default().to_owned();
        let written = Written::read(&recorded);
        let mut wrongs = match &written {
            Some(written) => judge::wrongs(storm, &struck, written, &charges),
            None => vec!["what was written down cannot be read".to_owned()],
        };
        if let Err(error) = self.back().await {
            wrongs.push(format!("the counter did not come back to an empty plate: {error}"));
            self.reopen().await?;
        }
        let place = format!("{:?} seed {}: ", storm.scanner, storm.seed);
        let struck_keys =
            format!("; struck: {:?}, codes {codes:?}, as written: {recorded}", storm.acts);
        Ok(Tally {
            storms: 1,
            keys: struck.blows.len(),
            charges: charges.len(),
            wrongs: wrongs.into_iter().map(|wrong| place.clone() + &wrong + &struck_keys).collect(),
        })
    }

    /// Returns the trades that the channel's ledger did not have before.
    async fn charges(&mut self, codes: &[String]) -> Result<Vec<Charge>, WindowError> {
        let (trades, shown) = self.customer.trades_and_codes().await?;
        let mut charges = Vec::new();
        for trade in trades {
            let number = trade["out_trade_no"].as_str().unwrap_or_default();
            if !self.known.insert(number.to_owned()) {
                continue;
            }
            let code = shown.iter().find(|shown| shown["used_for"] == number);
            let code = code.and_then(|shown| shown["code"].as_str());
            charges.push(Charge {
                customer: codes.iter().position(|one| Some(one.as_str()) == code),
                amount_fen: trade["amount_fen"].as_u64().unwrap_or_default(),
            });
        }
        Ok(charges)
    }

    /// Waits until so many keys have come and nothing is under way any more; a shown code waits for nobody.
    async fn settle(&self, count: usize) -> Result<(), WindowError> {
        let rested = "window.stormRested(arguments[0], arguments[1])";
        self.app.run_until_done(rested, vec![json!(count)]).await?;
        let settled = || async {
            let look = self.look().await;
            let live = ["parked", "submitting", "typing", "unknown", "reversing", "settling"];
            !look.is_null()
                && look["phase"] != "sending"
                && !live.iter().any(|state| look["state"] == *state)
        };
        wait::until("the counter to settle", SETTLE_LIMIT_MS, settled).await
    }

    /// Comes back to an empty plate as a cashier does: with `-` and Escape.
    async fn back(&self) -> Result<(), WindowError> {
        let keys = ['-', char::from(fantoccini::key::Key::Escape)];
        for (tried, sign) in keys.into_iter().cycle().take(BACK_TRIES as usize).enumerate() {
            let look = self.look().await;
            // A dot alone looks like an empty plate: one press of the clearing key is always due.
            if 0 < tried
                && look["screen"] == "sell"
                && look["state"] == "zero"
                && look["phase"] == "typing"
            {
                return Ok(());
            }
            let rest = Blow { sign: SHIFT_ALONE, after_ms: 60 };
            self.app.play(vec![Blow { sign, after_ms: 300 }, rest]).await?;
            self.settle(0).await?;
        }
        let what = format!("an empty plate; the page says: {}", self.app.page_text().await);
        Err(WindowError::Late { what, limit_ms: u64::from(BACK_TRIES) * 300 })
    }

    async fn look(&self) -> Value {
        let look = "const plate = document.querySelector('.plate');
            return { screen: document.querySelector('main')?.dataset.screen ?? '',
                     state: plate?.dataset.state ?? '', phase: plate?.dataset.phase ?? '' };";
        self.app.run(look).await.unwrap_or(Value::Null)
    }

    async fn reopen(&mut self) -> Result<(), WindowError> {
        *self = Lane::open(self.scanner).await?;
        Ok(())
    }
}
