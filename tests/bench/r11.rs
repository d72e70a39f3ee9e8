//! R11: from the start after a kill -9 in the middle of a sale to the next sale that is kept, with a
//! million orders in the database, beside clean starts on the same database, interleaved.
//!
//! The orders are written by the product's own database crate, so that rows, log and chain are what
//! a shop of some years has. All of it lies in a temporary folder that goes at the end.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout};

use mianfu_core::attempt::{Attempt, Event, Intent};
use mianfu_core::channel::{ChannelId, Flow, PayerHash, Payment, Timetable, Verdict};
use mianfu_core::money::{Charge, Timestamp};
use mianfu_core::order::Order;
use mianfu_db::{Db, DbError, Lock, Note, OpenOptions, Tx};
use mianfu_tests::window::Manner;
use serde_json::Value;

use crate::place::{Place, spawn};
use crate::rounds::{median, timed};

type Failure = Box<dyn std::error::Error>;

const ORDERS: i64 = 1_000_000;
/// Orders of one transaction while the database is filled.
const AT_ONCE: i64 = 5_000;
/// From one order to the next, in ms: two thousand a day.
const APART_MS: i64 = 43_200;
/// Rounds; the first warms the caches and is not counted.
const ROUNDS: u32 = 16;
const GOAL_MS: u64 = 2_000;
const TILL: u32 = 1;
/// The screen's name while the channel waits for the customer.
const TYPING: &str = "Typing";
/// How long the customer of the killed sale types, in ms.
const TYPES_MS: u32 = 1_500;

/// Measures R11.
pub(crate) fn measure() -> Result<String, Failure> {
    // A worker of its own sees that the channel has closed a connection that was idle for long.
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let place = Place::open(11)?;
    std::fs::create_dir_all(place.folder_of(TILL))?;
    ended(spawn(place.till(TILL).arg("status"))?)?;
    let database = place.folder_of(TILL).join("till.db");
    let (fill_ns, filled) = timed(|| fill(&database));
    filled?;
    let mebibytes = std::fs::metadata(&database)?.len() / (1 << 20);
    let (mut killed, mut clean) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let code = |manner| runtime.block_on(place.customer().show_payment_code(manner));
        let typing = Manner::TypesPassword { after_ms: TYPES_MS };
        kill_in_the_middle(&place, &amount(round, 0), &code(typing)?)?;
        let after_kill = next_sale(&place, &amount(round, 1), &code(Manner::Pays)?)?;
        ended(spawn(place.till(TILL).arg("settle"))?)?;
        let after_close = next_sale(&place, &amount(round, 2), &code(Manner::Pays)?)?;
        if 0 < round {
            killed.push(after_kill / 1_000_000);
            clean.push(after_close / 1_000_000);
        }
    }
    let (slowest, clean_ms) = (killed.iter().copied().max().unwrap_or(u64::MAX), median(&clean));
    let report = format!(
        "bench figure=R11 slowest_ms={slowest} goal_ms={GOAL_MS} median_ms={} clean_median_ms={} \
         clean_slowest_ms={} rounds={} orders={ORDERS} database_mib={mebibytes} filled_in_s={}",
        median(&killed),
        clean_ms,
        clean.iter().copied().max().unwrap_or(0),
        killed.len(),
        fill_ns / 1_000_000_000,
    );
    if slowest <= GOAL_MS { Ok(report) } else { Err(report.into()) }
}

/// An amount that no other sale of the last minutes has.
fn amount(round: u32, sale: u32) -> String {
    format!("{}.{:02}", 10 + round, 10 + sale)
}

/// Fills the database with orders that were paid, the last a minute ago.
fn fill(database: &Path) -> Result<(), Failure> {
    let now = mianfu_till::start::now();
    let (mut db, _) = Db::open(&OpenOptions {
        path: database,
        vfs: None,
        now,
        machine: &mianfu_till::start::machine(),
        store: 1,
        till: TILL,
        epoch: 0,
        lock: Lock::Beside,
    })?;
    let begin = now.plus_ms(-60_000 - ORDERS * APART_MS);
    for first in (0..ORDERS).step_by(usize::try_from(AT_ONCE)?) {
        db.write("fill", |tx| {
            let places = first..(first + AT_ONCE).min(ORDERS);
            places
                .into_iter()
                .try_for_each(|place| sell(tx, place, begin.plus_ms(place * APART_MS)))
        })?;
    }
    db.close()?;
    Ok(())
}

/// Keeps an order and its paid attempt, as a scan that was paid within two seconds leaves them.
fn sell(tx: &Tx<'_>, place: i64, at: Timestamp) -> Result<(), DbError> {
    let note = |at, kind| Note { at, kind, detail: String::new() };
    let fen = 100 + i32::try_from(place % 20_000).unwrap_or(0);
    let amount = Charge::new(fen.into()).expect("an amount between 1 and 201 yuan");
    let order = Order::new(tx.orders().next_order_no(), format!("bench {place}"), amount.fen(), at);
    tx.orders().insert(&order, &note(at, "order_kept"))?;
    let intent = Intent {
        out_trade_no: tx.mint()?,
        order_no: order.no,
        channel: ChannelId::Alipay,
        flow: Flow::Scan,
        amount,
    };
    let attempt = Attempt::begin(intent, at, &Timetable::ALIPAY).attempt;
    let version = tx.attempts().insert(&attempt, &note(at, "attempt_kept"))?;
    let paid_at = at.plus_ms(2_000);
    let paid = Event::Answered(Verdict::Paid(Payment {
        some_back: false,
        amount: amount.fen(),
        transaction_no: format!("2026{place:024}"),
        paid_at: Some(paid_at),
        payer: Some(PayerHash(format!("{:064x}", place % 5_000))),
    }));
    let step = attempt.step(paid, paid_at, &Timetable::ALIPAY);
    tx.attempts().update(&step.attempt, version, &note(paid_at, "submit_answered"))?;
    Ok(())
}

/// Begins a sale and kills the till while the customer types: the channel has said that it waits.
fn kill_in_the_middle(place: &Place, amount: &str, code: &str) -> Result<(), Failure> {
    let mut child = collect(place, amount, code)?;
    let lines = until_kept(&mut child)?;
    let typing = lines.lines().map_while(Result::ok).find(|line| parsed(line)["screen"] == TYPING);
    child.kill()?;
    child.wait()?;
    typing.map(drop).ok_or_else(|| "the sale ended before the till was killed".into())
}

/// Starts the till and sells; returns the ns from the start of the process to the kept sale, which
/// must then be paid.
fn next_sale(place: &Place, amount: &str, code: &str) -> Result<u64, Failure> {
    let (time, begun) = timed(|| {
        let mut child = collect(place, amount, code)?;
        let lines = until_kept(&mut child)?;
        Ok::<_, Failure>((child, lines))
    });
    let (mut child, lines) = begun?;
    let last = lines.lines().map_while(Result::ok).last().unwrap_or_default();
    let is_paid = parsed(&last)["screen"] == "Paid";
    if child.wait()?.success() && is_paid { Ok(time) } else { Err(last.into()) }
}

fn collect(place: &Place, amount: &str, code: &str) -> Result<Child, Failure> {
    let mut command = place.till(TILL);
    command.args(["collect", "--another-customer", "--amount", amount, "--scan", code]);
    Ok(spawn(&mut command)?)
}

/// Reads a till's lines until it says that the sale is kept.
fn until_kept(child: &mut Child) -> Result<BufReader<ChildStdout>, Failure> {
    let stdout = child.stdout.take().ok_or("a till without an output")?;
    let mut lines = BufReader::new(stdout);
    let mut line = String::new();
    while lines.read_line(&mut line)? != 0 {
        if parsed(&line)["event"] == "kept" {
            return Ok(lines);
        }
        line.clear();
    }
    Err("the till ended before it kept a sale".into())
}

fn parsed(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_default()
}

/// Waits for the end of a command that must go well.
fn ended(child: Child) -> Result<(), Failure> {
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() { Ok(()) } else { Err(said.into()) }
}
