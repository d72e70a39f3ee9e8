//! `mianfu-crash`: kill -9 of the real till at random moments, against practice over real HTTP.
//!
//! Each round sells something, is killed at a moment drawn from the seed and started again. Nothing
//! it printed before may be untrue afterwards, and when everything has settled the till's books and
//! practice's ledger must agree to the fen: nothing lost, nothing doubled, nothing invented.

mod books;
#[path = "../chance.rs"]
mod chance;
mod place;
mod shop;

use std::io::Write;
use std::process::ExitCode;

use books::Verdict;
use chance::Chance;
use clap::Parser;
use place::PlaceError;
use shop::Shop;

/// kill -9 of the real till, round after round.
#[derive(Parser)]
#[command(name = "mianfu-crash")]
struct Arguments {
    /// How many times the till is killed.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Decides every moment and every customer.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments).await {
        Ok(verdict) => {
            let line = verdict.line(arguments.rounds, arguments.seed);
            let told = writeln!(std::io::stdout().lock(), "{line}");
            if told.is_ok() && verdict.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            drop(writeln!(std::io::stderr().lock(), "crash: {}", shop::chain(&error)));
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: &Arguments) -> Result<Verdict, PlaceError> {
    let mut chance = Chance::new(arguments.seed);
    let shop = Shop::open(arguments.seed)?;
    let mut rounds = Vec::new();
    for number in 0..arguments.rounds {
        rounds.push(shop.round(number, &mut chance).await?);
        if (number + 1) % 50 == 0 {
            drop(writeln!(std::io::stdout().lock(), "  {} rounds", number + 1));
        }
    }
    let known = shop.settle().await?;
    let trades = shop.trades().await?;
    Ok(books::compare(&rounds, &known, &trades))
}
