//! `mianfu-bench`: figures as ratios of interleaved runs, never absolute times.
//!
//! Correctness is a gate before speed counts: each round checks what it measured.

mod p1;
mod p10;
mod p5;
mod p6;
mod p7;
#[path = "../crash/place.rs"]
mod place;
mod r11;
mod rounds;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};

/// Figures as ratios.
#[derive(Parser)]
#[command(name = "mianfu-bench")]
struct Arguments {
    /// Which figures; all of them where none is named.
    figures: Vec<Figure>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Figure {
    /// Order to code bytes, against one durable commit, one signature and one QR code.
    #[value(name = "P1")]
    P1,
    /// A queue of ten thousand after an outage, against the bucket, in virtual time.
    #[value(name = "P5")]
    P5,
    /// Cold start to a usable window, against a bare window of the same size.
    #[value(name = "P6")]
    P6,
    /// Key to the frame that shows it, in frames, and bursts of a scanner.
    #[value(name = "P7")]
    P7,
    /// Simulated histories, against as many transactions on a bare SQLite in memory.
    #[value(name = "P10")]
    P10,
    /// Kill -9 to the next sale that is kept, with a million orders; only where it is named.
    #[value(name = "R11")]
    R11,
}

fn main() -> ExitCode {
    let mut figures = Arguments::parse().figures;
    if figures.is_empty() {
        figures = vec![Figure::P1, Figure::P5, Figure::P6, Figure::P7, Figure::P10];
    }
    let mut code = ExitCode::SUCCESS;
    for figure in figures {
        let measured = match figure {
            Figure::P1 => p1::measure(),
            Figure::P5 => p5::measure(),
            Figure::P6 => p6::measure(),
            Figure::P7 => p7::measure(),
            Figure::P10 => p10::measure(),
            Figure::R11 => r11::measure(),
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
