//! `mianfu-headless`: the till without a window, for scripts and for crash tests.
//!
//! It prints one JSON object a line. What it prints about an attempt is kept already, so whoever
//! kills it at any moment may believe every line that came.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use mianfu_core::attempt::{Attempt, Screen};
use mianfu_core::channel::ChannelId;
use mianfu_core::money::Fen;
use mianfu_core::number::OutTradeNo;
use mianfu_core::refund::RefundId;
use mianfu_till::start::{Files, StartError, Started, start};
use mianfu_till::worker::chain;
use mianfu_till::{Collect, Means, SameCustomer, refunds};
use serde_json::{Value, json};

/// The till without a window.
#[derive(Parser)]
#[command(name = "mianfu-headless", version)]
struct Arguments {
    /// The database; made at the first start.
    #[arg(long)]
    db: PathBuf,
    /// The channel's file.
    #[arg(long)]
    channel: PathBuf,
    /// The store's number, 0 to 99999.
    #[arg(long, default_value_t = 1)]
    store: u32,
    /// The till's number in the store, 0 to 999.
    #[arg(long, default_value_t = 1)]
    till: u32,
    /// The longest to wait for an end, in ms. What is open then is asked again at the next start.
    #[arg(long, default_value_t = 120_000)]
    wait_ms: u64,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Takes a payment and waits for its end.
    Collect {
        /// Yuan, e.g. 12.50.
        #[arg(long)]
        amount: String,
        /// Shows a code to the customer.
        #[arg(long, conflicts_with = "scan")]
        show: bool,
        /// Scans the customer's code.
        #[arg(long)]
        scan: Option<String>,
        /// Names the confirmed amount; the same twice is one attempt.
        #[arg(long)]
        intent: Option<String>,
        /// Says that it is another customer than the one of an unresolved sale.
        #[arg(long)]
        another_customer: bool,
    },
    /// Prints every open attempt and the last ones.
    Status,
    /// Waits until everything open has its end.
    Settle {
        /// Cancels what is open first, as a cashier would.
        #[arg(long)]
        cancel_open: bool,
    },
    /// Cancels an attempt and waits for its end.
    Cancel {
        /// The attempt's number.
        out_trade_no: String,
    },
    /// Gives money of a paid attempt back and waits for the channel's confirmation.
    Refund {
        /// The attempt's number.
        out_trade_no: String,
        /// Yuan; the whole amount where it is not given.
        #[arg(long)]
        amount: Option<String>,
        /// Who asks for it.
        #[arg(long, default_value = "headless")]
        by: String,
    },
}

/// Why a command was not carried out. Each line says what to do.
#[derive(Debug, thiserror::Error)]
enum HeadlessError {
    #[error("`{0}` is not an amount: write yuan like 12.50")]
    Amount(String),
    #[error("say --show or --scan CODE")]
    NoMeans,
    #[error("`{0}` is not a number of this till: 28 digits beginning with 90")]
    Number(String),
    #[error("the till could not start")]
    Start(#[from] StartError),
    #[error("{0}")]
    Refused(String),
    #[error("the system refused")]
    System(#[from] std::io::Error),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime =
        match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return failed(&error),
        };
    match runtime.block_on(run(arguments)) {
        Ok(code) => code,
        Err(error) => failed(&error),
    }
}

fn failed(error: &dyn std::error::Error) -> ExitCode {
    // Nothing more can be told where standard output is closed.
    drop(print(&json!({ "event": "error", "error": chain(error) })));
    ExitCode::from(2)
}

fn print(line: &Value) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}")?;
    output.flush()
}

async fn run(arguments: Arguments) -> Result<ExitCode, HeadlessError> {
    let files = Files {
        database: arguments.db,
        channel: arguments.channel,
        store: arguments.store,
        till: arguments.till,
    };
    // A till without a log still sells; its database tells what happened.
    let folder = files.database.parent().unwrap_or(std::path::Path::new(".")).join("logs");
    let _log = mianfu_till::log::begin(&folder).ok();
    let started = start(&files, tokio::runtime::Handle::current())?;
    print(&json!({ "event": "started", "birth": format!("{:?}", started.birth) }))?;
    let deadline =
        tokio::time::Instant::now() + std::time::Duration::from_millis(arguments.wait_ms);
    let code = tokio::time::timeout_at(deadline, carry_out(&started, arguments.command)).await;
    started.running.stop();
    match code {
        Ok(code) => code,
        Err(_) => {
            print(&json!({ "event": "still_open", "next": "run settle" }))?;
            Ok(ExitCode::from(4))
        }
    }
}

async fn carry_out(started: &Started, command: Command) -> Result<ExitCode, HeadlessError> {
    match command {
        Command::Collect { amount, show, scan, intent, another_customer } => {
            let amount = Fen::from_yuan(&amount).ok_or(HeadlessError::Amount(amount))?;
            let means = match (show, scan) {
                (true, None) => Means::Show(ChannelId::Alipay),
                (false, Some(code)) => Means::Scan(code),
                (true, Some(_)) | (false, None) => return Err(HeadlessError::NoMeans),
            };
            let intent_id = match intent {
                Some(name) => name,
                None => mianfu_till::start::random_name()?,
            };
            let same_customer =
                if another_customer { SameCustomer::Another } else { SameCustomer::Ask };
            await_offer(started).await?;
            let collect = Collect { intent_id, amount, means, same_customer };
            let no = ask(started, move |till, now| till.collect(collect, now)).await??;
            print(&json!({ "event": "kept", "out_trade_no": no.as_str() }))?;
            follow(started, no).await
        }
        Command::Status => status(started).await,
        Command::Settle { cancel_open } => settle(started, cancel_open).await,
        Command::Cancel { out_trade_no } => {
            let no = number(&out_trade_no)?;
            let cancelled = no.clone();
            ask(started, move |till, now| till.cancel(&cancelled, now)).await??;
            follow(started, no).await
        }
        Command::Refund { out_trade_no, amount, by } => {
            let no = number(&out_trade_no)?;
            let amount = match amount {
                Some(text) => Some(Fen::from_yuan(&text).ok_or(HeadlessError::Amount(text))?),
                None => None,
            };
            refund(started, no, amount, by).await
        }
    }
}

fn number(text: &str) -> Result<OutTradeNo, HeadlessError> {
    OutTradeNo::new(text).ok_or_else(|| HeadlessError::Number(text.to_owned()))
}

type Shop = mianfu_till::Till<mianfu_gateway::RsaKeys>;

/// Asks the till; whatever it refuses becomes a line with all its reasons.
async fn ask<R: Send + 'static, E: std::error::Error + Send + 'static>(
    started: &Started,
    task: impl FnOnce(&mut Shop, mianfu_core::money::Timestamp) -> Result<R, E> + Send + 'static,
) -> Result<Result<R, HeadlessError>, HeadlessError> {
    let answer =
        started.running.ask(task).await.map_err(|error| HeadlessError::Refused(chain(&error)))?;
    Ok(answer.map_err(|error| HeadlessError::Refused(chain(&error))))
}

/// Waits until the channel has signed an answer in this process (M4), or gives the reason why it
/// is not offered.
async fn await_offer(started: &Started) -> Result<(), HeadlessError> {
    use mianfu_core::breaker::Offer;
    let mut changes = started.running.revision();
    loop {
        let offer = started
            .running
            .ask(|till, _| till.offer(ChannelId::Alipay))
            .await
            .map_err(|error| HeadlessError::Refused(chain(&error)))?;
        match offer {
            Some(Offer::Ready) => return Ok(()),
            Some(Offer::Proving) => (),
            Some(offer @ (Offer::Silent { .. } | Offer::Misconfigured { .. })) => {
                return Err(HeadlessError::Refused(format!(
                    "the channel takes no new charges: {offer:?}"
                )));
            }
            None => return Err(HeadlessError::Refused("no channel is set up".to_owned())),
        }
        if changes.changed().await.is_err() {
            return Err(HeadlessError::Refused("the till has stopped".to_owned()));
        }
    }
}

/// Prints each change of an attempt until it ends.
async fn follow(started: &Started, no: OutTradeNo) -> Result<ExitCode, HeadlessError> {
    let mut changes = started.running.revision();
    let mut told: Option<Screen> = None;
    loop {
        let asked = no.clone();
        let attempt = ask(started, move |till, _| till.attempt(&asked)).await??;
        let screen = attempt.screen();
        if told != Some(screen) {
            print(&describe("attempt", &attempt))?;
            told = Some(screen);
        }
        if attempt.is_final() {
            return Ok(ExitCode::from(if screen == Screen::Paid { 0 } else { 3 }));
        }
        if changes.changed().await.is_err() {
            return Err(HeadlessError::Refused("the till has stopped".to_owned()));
        }
    }
}

fn describe(event: &str, attempt: &Attempt) -> Value {
    json!({
        "event": event,
        "out_trade_no": attempt.out_trade_no.as_str(),
        "order_no": attempt.order_no.0,
        "amount_fen": attempt.amount.get(),
        "screen": format!("{:?}", attempt.screen()),
        "final": attempt.is_final(),
        "code": attempt.live_code(),
    })
}

async fn status(started: &Started) -> Result<ExitCode, HeadlessError> {
    let attempts = ask(started, |till, _| till.known_attempts()).await??;
    for attempt in &attempts {
        print(&describe("attempt", attempt))?;
    }
    print(&json!({ "event": "status", "attempts": attempts.len() }))?;
    Ok(ExitCode::SUCCESS)
}

async fn settle(started: &Started, cancel_open: bool) -> Result<ExitCode, HeadlessError> {
    let mut changes = started.running.revision();
    if cancel_open {
        for attempt in ask(started, |till, _| till.open_attempts()).await?? {
            let no = attempt.out_trade_no;
            ask(started, move |till, now| till.cancel(&no, now)).await??;
        }
    }
    while !ask(started, |till, _| till.is_decided()).await?? {
        if changes.changed().await.is_err() {
            return Err(HeadlessError::Refused("the till has stopped".to_owned()));
        }
    }
    status(started).await
}

async fn refund(
    started: &Started,
    no: OutTradeNo,
    amount: Option<Fen>,
    by: String,
) -> Result<ExitCode, HeadlessError> {
    await_offer(started).await?;
    let paid = no.clone();
    let attempt = ask(started, move |till, _| till.attempt(&paid)).await??;
    let amount = amount.unwrap_or(attempt.amount.fen());
    let id: RefundId = ask(started, move |till, now| till.refund(&no, amount, &by, now)).await??;
    let mut changes = started.running.revision();
    loop {
        let refund = ask(started, move |till, _| till.refund_of(id)).await??;
        if refund.is_final() || refund.next_at.is_none() {
            let phase = refunds::phase_name(&refund.phase);
            let refund_no = refund.refund_no().map(|no| no.as_str().to_owned());
            print(&json!({ "event": "refund", "refund_no": refund_no, "phase": phase }))?;
            return Ok(ExitCode::from(if phase == "done" { 0 } else { 3 }));
        }
        if changes.changed().await.is_err() {
            return Err(HeadlessError::Refused("the till has stopped".to_owned()));
        }
    }
}
