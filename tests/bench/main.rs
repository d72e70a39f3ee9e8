//! `mianfu-bench`: figures as ratios of interleaved runs, never absolute times.
//!
//! Correctness is a gate before speed counts: each round checks what it measured.

mod notices;
mod p1;
mod p10;
mod p2;
mod p2b;
mod p3;
mod p5;
mod p6;
mod p7;
mod p9;
mod paid;
#[path = "../crash/place.rs"]
mod place;
mod post;
mod r11;
mod r11b;
mod rounds;
mod served;
mod streams;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};

/// Why a figure could not be taken.
type Failure = Box<dyn std::error::Error>;

/// Figures as ratios.
#[derive(Parser)]
#[command(name = "mianfu-bench")]
struct Arguments {
    /// Which figures; all of them where none is named.
    figures: Vec<Figure>,
    /// Hold streams as a bare task does, for P9 to compare with.
    #[arg(long, hide = true)]
    hold: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Figure {
    /// Order to code bytes, against one durable commit, one signature and one QR code.
    #[value(name = "P1")]
    P1,
    /// A relay's processor time for a notice, in checks of a signature, beside other relays.
    #[value(name = "P2")]
    P2,
    /// Notices a second that a relay makes durable, against itself without syncs.
    #[value(name = "P2b")]
    P2b,
    /// From a channel's notice to the till, against two hops and one sync.
    #[value(name = "P3")]
    P3,
    /// A queue of ten thousand after an outage, against the bucket, in virtual time.
    #[value(name = "P5")]
    P5,
    /// Cold start to a usable window, against a bare window of the same size.
    #[value(name = "P6")]
    P6,
    /// Key to the frame that shows it, in frames, and bursts of a scanner.
    #[value(name = "P7")]
    P7,
    /// What an idle till's stream weighs in a relay, beside plain Node and a bare task.
    #[value(name = "P9")]
    P9,
    /// Simulated histories, against as many transactions on a bare SQLite in memory.
    #[value(name = "P10")]
    P10,
    /// Kill -9 to the next sale that is kept, with a million orders; only where it is named.
    #[value(name = "R11")]
    R11,
    /// The relay's machine gone without a word, to the payment seen by asking.
    #[value(name = "R11b")]
    R11b,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.hold {
        return if p9::hold().is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let mut figures = arguments.figures;
    if figures.is_empty() {
        figures = vec![Figure::P1, Figure::P5, Figure::P6, Figure::P7, Figure::P10];
    }
    let mut code = ExitCode::SUCCESS;
    for figure in figures {
        let measured = match figure {
            Figure::P1 => p1::measure(),
            Figure::P2 => p2::measure(),
            Figure::P2b => p2b::measure(),
            Figure::P3 => p3::measure(),
            Figure::P5 => p5::measure(),
            Figure::P6 => p6::measure(),
            Figure::P7 => p7::measure(),
            Figure::P9 => p9::measure(),
            Figure::P10 => p10::measure(),
            Figure::R11 => r11::measure(),
            Figure::R11b => r11b::measure(),
        };
        let line = match measured {
            Ok(line) => line,
            Err(error) => {
                code = ExitCode::FAILURE;
                format!("bench figure={figure:?} error={error:?}")
            }
        };
        if writeln!(std::io::stdout().lock(), "{line}").is_err() {
            return ExitCode::FAILURE;
        }
    }
    code
}
