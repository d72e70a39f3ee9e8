//! `cargo xtask test`: everything CI checks, part by part, with the minutes each took.

use clap::Args;

use crate::clock::Since;
use crate::closing::Closing;
use crate::parts::{self, Part};
use crate::shell::{self, TaskError};
use crate::tally::Tally;

#[derive(Args)]
pub(crate) struct Asked {
    /// Only these parts.
    parts: Vec<String>,
}

pub(crate) fn run(asked: &Asked) -> Result<Closing, TaskError> {
    let since = Since::start();
    let names: Vec<&str> = parts::full().map(|part| part.name).collect();
    for name in &asked.parts {
        if !names.contains(&name.as_str()) {
            let known = names.join(" ");
            return Err(TaskError::Sentence(format!(
                "there is no part `{name}`; there are {known}"
            )));
        }
    }
    let wanted =
        |part: &&Part| asked.parts.is_empty() || asked.parts.iter().any(|n| n == part.name);
    run_parts("test", parts::full().filter(wanted), &since)
}

/// Runs parts in order, stops at the first that falls short, and shows the minutes of each.
pub(crate) fn run_parts(
    command: &str,
    parts: impl Iterator<Item = &'static Part>,
    since: &Since,
) -> Result<Closing, TaskError> {
    let mut rows = Vec::new();
    let mut total = Tally::default();
    let mut failure = None;
    for part in parts {
        shell::say(&format!("\n== {}", part.name));
        let part_since = Since::start();
        let ended = part.run();
        let minutes = part_since.minutes();
        match ended {
            Ok(tally) => {
                total.add(tally);
                rows.push(row(part.name, &minutes, &passed(tally)));
            }
            Err(error) => {
                rows.push(row(part.name, &minutes, "fell short"));
                failure = Some((part.name, error));
                break;
            }
        }
    }
    shell::say("");
    for row in &rows {
        shell::say(row);
    }
    if let Some((name, error)) = failure {
        shell::say(&format!("to run it alone: {}", alone(command, name)));
        return Err(error);
    }
    let closing = Closing::new(command).with("parts", rows.len()).with("passed", total.passed);
    Ok(closing.with("failed", total.failed).with("minutes", since.minutes()))
}

/// `check` has no choice of parts; `unit` is its only part that `test` does not have.
fn alone(command: &str, name: &str) -> String {
    if command == "test" || parts::full().any(|part| part.name == name) {
        format!("cargo xtask test {name}")
    } else {
        "cargo xtask check".to_owned()
    }
}

fn passed(tally: Tally) -> String {
    if tally == Tally::default() { String::new() } else { format!("{} tests", tally.passed) }
}

fn row(name: &str, minutes: &str, note: &str) -> String {
    format!("{name:<10} {minutes:>5} min  {note}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_part_names_a_command_that_runs_it() {
        assert_eq!(alone("test", "window"), "cargo xtask test window");
        assert_eq!(alone("check", "lint"), "cargo xtask test lint");
        assert_eq!(alone("check", "unit"), "cargo xtask check");
    }

    #[test]
    fn an_unknown_part_is_refused_before_anything_runs() {
        let error = run(&Asked { parts: vec!["windows".to_owned()] }).unwrap_err();
        assert!(error.to_string().contains("there is no part `windows`"), "{error}");
    }
}
