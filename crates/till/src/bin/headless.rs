//! `mianfu-headless`: the till without a window, for scripts and for crash tests.
//!
//! It prints one JSON object a line. What it prints about an attempt is kept already, so whoever
//! kills it at any moment may believe every line that came.

#[path = "headless/both.rs"]
mod both;
#[path = "headless/chinese.rs"]
mod chinese;
#[path = "headless/desk.rs"]
mod desk;
#[path = "headless/exits.rs"]
mod exits;
#[path = "headless/files.rs"]
mod files;
#[path = "headless/lines.rs"]
mod lines;
#[path = "headless/next.rs"]
mod next;
#[path = "headless/refund.rs"]
mod refund;
#[path = "headless/refused.rs"]
mod refused;
#[path = "headless/sale.rs"]
mod sale;
#[path = "headless/usage.rs"]
mod usage;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use mianfu_core::channel::ChannelId;
use mianfu_core::money::Fen;
use mianfu_core::number::OutTradeNo;
use mianfu_core::refund::RefundId;
use mianfu_till::listener::{self, RelayWish};
use mianfu_till::start::{Files, random_name, start};
use mianfu_till::{Collect, Means, SameCustomer};
use serde_json::json;
use tokio::time::Instant;

use crate::desk::Desk;
use crate::lines::print;
use crate::refund::{Compared, IntentName, Wish};
use crate::refused::Refused;

/// The longest wait for an end where none is said, in ms.
const WAIT_MS: u64 = 120_000;
/// The same for `settle`.
const SETTLE_MS: u64 = 600_000;

/// The till without a window.
#[derive(Parser)]
#[command(name = "mianfu-headless", version, after_help = exits::HELP)]
struct Arguments {
    /// The database; made at the first start.
    #[arg(long)]
    db: PathBuf,
    /// A channel's file; once for each channel.
    #[arg(long, required = true)]
    channel: Vec<PathBuf>,
    /// The store's number, 0 to 99999.
    #[arg(long, default_value_t = 1)]
    store: u32,
    /// The till's number in the store, 0 to 999.
    #[arg(long, default_value_t = 1)]
    till: u32,
    /// The longest to wait for an end, in ms; 120000, and 600000 for `settle`, which after a restore
    /// waits until no code of before can be paid. What is open then is asked again at the next start.
    #[arg(long)]
    wait_ms: Option<u64>,
    /// How notices come: a till's file about its relay, or `embedded` for one in this program (at
    /// practice). Without it the till asks.
    #[arg(long)]
    relay: Option<PathBuf>,
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
        /// Shows a code to the customer; a till of two channels says whose: `--show=wechat`.
        #[arg(
            long,
            conflicts_with = "scan",
            num_args = 0..=1,
            require_equals = true,
            value_name = "CHANNEL",
            value_parser = channel_id
        )]
        show: Option<Option<ChannelId>>,
        /// Scans the customer's code.
        #[arg(long)]
        scan: Option<String>,
        /// Names the confirmed amount; the same twice is one attempt.
        #[arg(long)]
        intent: Option<String>,
        /// Says that it is another customer than the one of an unresolved sale, which goes aside.
        #[arg(long)]
        another_customer: bool,
    },
    /// Prints every open attempt and the last ones, with their refunds.
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
        /// Names this refund of this sale, 1 to 64 letters without a space; the same twice is one
        /// refund. Needed where the sale has a refund already.
        #[arg(long)]
        intent: Option<String>,
        /// Says that the channel's own list was compared and has no such refund. Needed for a sale
        /// from before the database was restored or copied.
        #[arg(long)]
        compared: bool,
    },
    /// Tries a refund again that waits for a person, with its own number.
    RetryRefund {
        /// The refund's id, as status prints it.
        id: i64,
    },
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage::answer(&error),
    };
    let runtime =
        match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return failed(&error.into()),
        };
    match runtime.block_on(run(arguments)) {
        Ok(code) => code,
        Err(refused) => failed(&refused),
    }
}

fn failed(refused: &Refused) -> ExitCode {
    // Nothing more can be told where standard output is closed.
    drop(print(&refused.line()));
    ExitCode::from(exits::REFUSED)
}

async fn run(arguments: Arguments) -> Result<ExitCode, Refused> {
    let begins = matches!(arguments.command, Command::Collect { .. });
    if !begins && !mianfu_db::was_here(&arguments.db) {
        return Err(Refused::NoDatabase(arguments.db));
    }
    let files = Files {
        database: arguments.db,
        channels: arguments.channel,
        store: arguments.store,
        till: arguments.till,
    };
    // A till without a log still sells; its database tells what happened.
    let folder = files.database.parent().unwrap_or(std::path::Path::new(".")).join("logs");
    let _log = mianfu_till::log::begin(&folder).ok();
    let relay = wish(arguments.relay.as_deref())?;
    let started = start(&files, relay, tokio::runtime::Handle::current())?;
    print(&json!({ "event": "started", "birth": format!("{:?}", started.birth) }))?;
    if let Some(why) = &started.relay_trouble {
        print(&lines::relay_line(&format!("the relay in this program did not start: {why}")))?;
    }
    let wait_ms = arguments.wait_ms.unwrap_or(match arguments.command {
        Command::Settle { .. } => SETTLE_MS,
        Command::Collect { .. }
        | Command::Status
        | Command::Cancel { .. }
        | Command::Refund { .. }
        | Command::RetryRefund { .. } => WAIT_MS,
    });
    let until = Instant::now() + Duration::from_millis(wait_ms);
    let mut desk = Desk::new(started.running, until);
    let code = carry_out(&mut desk, arguments.command).await;
    desk.stop();
    started.ear.close();
    code
}

/// Returns which way notices shall come.
fn wish(relay: Option<&Path>) -> Result<RelayWish, Refused> {
    match relay {
        None => Ok(RelayWish::None),
        Some(word) if word == "embedded" => Ok(RelayWish::practice()),
        Some(file) => Ok(listener::load(file)?),
    }
}

async fn carry_out(desk: &mut Desk, command: Command) -> Result<ExitCode, Refused> {
    desk.tell_notices().await?;
    match command {
        Command::Collect { amount, show, scan, intent, another_customer } => {
            let amount = yuan(&amount)?;
            let means = match (show, scan) {
                (Some(Some(channel)), None) => Means::Show(channel),
                (Some(None), None) => Means::Show(desk.only_channel().await?),
                (None, Some(code)) => Means::Scan(code),
                (Some(_), Some(_)) | (None, None) => return Err(Refused::NoMeans),
            };
            let intent_id = match intent {
                Some(name) => {
                    let name = IntentName::new(&name).ok_or(Refused::IntentName)?;
                    name.as_str().to_owned()
                }
                None => random_name()?,
            };
            let same_customer =
                if another_customer { SameCustomer::Another } else { SameCustomer::Ask };
            sale::collect(desk, Collect { intent_id, amount, means, same_customer }).await
        }
        Command::Status => sale::status(desk).await,
        Command::Settle { cancel_open } => sale::settle(desk, cancel_open).await,
        Command::Cancel { out_trade_no } => sale::cancel(desk, number(&out_trade_no)?).await,
        Command::Refund { out_trade_no, amount, by, intent, compared } => {
            let name = |text: String| IntentName::new(&text).ok_or(Refused::IntentName);
            let wish = Wish {
                no: number(&out_trade_no)?,
                amount: amount.as_deref().map(yuan).transpose()?,
                by,
                intent: intent.map(name).transpose()?,
                compared: if compared { Compared::Yes } else { Compared::No },
            };
            refund::refund(desk, wish).await
        }
        Command::RetryRefund { id } => refund::retry(desk, RefundId(id)).await,
    }
}

fn yuan(text: &str) -> Result<Fen, Refused> {
    Fen::from_yuan(text).ok_or(Refused::Amount)
}

fn number(text: &str) -> Result<OutTradeNo, Refused> {
    OutTradeNo::new(text).ok_or(Refused::Number)
}

fn channel_id(text: &str) -> Result<ChannelId, String> {
    ChannelId::parse(text).ok_or_else(|| "a channel is `alipay` or `wechat`".to_owned())
}
