//! `mianfu`: the window on the counter.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    match mianfu_shell::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Without a window this is the last place left to say why.
            let _ = writeln!(std::io::stderr().lock(), "mianfu: no window: {error}");
            ExitCode::FAILURE
        }
    }
}
