//! The command line of `mianfu-headless`: what it says to one that it cannot read, and its help.
//!
//! What it does with a channel is in `tests/headless.rs` of the workspace.

#![expect(clippy::unwrap_used, reason = "a test may")]

use std::process::{Command, Output};

use serde_json::Value;

const FILES: [&str; 4] = ["--db", "none/till.db", "--channel", "none/channel.toml"];

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mianfu-headless")).args(arguments).output().unwrap()
}

fn on_files<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    FILES.iter().chain(arguments).copied().collect()
}

fn is_chinese(text: &str) -> bool {
    text.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter))
}

/// Runs a command line that cannot be read and returns what is said about it.
#[track_caller]
fn check(arguments: &[&str], error: &str) -> Value {
    let output = run(arguments);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(64), "{arguments:?}: {text}");
    assert!(output.stderr.is_empty(), "{arguments:?} said something beside its line");
    assert_eq!(text.lines().count(), 1, "{text}");
    let line: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["event"], "error", "{line}");
    assert_eq!(line["error"], error, "{line}");
    for name in ["error_zh", "next_zh"] {
        assert!(line[name].as_str().is_some_and(is_chinese), "{name}: {line}");
    }
    assert!(line["next"].as_str().is_some_and(|next| next.contains("--help")), "{line}");
    line
}

#[test]
fn a_command_line_that_cannot_be_read_is_told_in_both_languages() {
    check(&[], "no command is named");
    check(&FILES, "no command is named");
    check(&["status"], "missing: --db <DB>, --channel <CHANNEL>");
    check(&on_files(&["statsu"]), "there is no such command");
    check(&on_files(&["refund"]), "missing: <OUT_TRADE_NO>");
    check(&on_files(&["refund", "901", "--again"]), "there is no --again here");
    check(&on_files(&["collect", "--amount"]), "not a value for --amount <AMOUNT>");
    check(&on_files(&["retry-refund", "one"]), "not a value for <ID>");
    let both = ["collect", "--amount", "1", "--show", "--scan", "x"];
    check(&on_files(&both), "--show[=<CHANNEL>] cannot be said together with --scan <SCAN>");
    let line = check(&on_files(&["collect", "--amuont", "1"]), "there is no --amuont here");
    assert!(line["next"].as_str().unwrap().contains("--amount"), "{line}");
    assert!(line["usage"].as_str().unwrap().starts_with("mianfu-headless"), "{line}");
}

#[test]
fn law9_a_payment_code_in_the_wrong_place_is_not_repeated() {
    let code = "281234567890123456";
    let glued = format!("--sacn={code}");
    let places: [&[&str]; 5] = [
        &[code],
        &["collect", "--amount", "1", "--show", code],
        &["collect", "--amount", "1", "--sacn", code],
        &["collect", "--amount", "1", &glued],
        &["retry-refund", "281234567890123456789012"],
    ];
    for place in places {
        let output = run(&on_files(place));
        assert_eq!(output.status.code(), Some(64), "{place:?}");
        let said = [output.stdout, output.stderr].concat();
        assert!(!String::from_utf8(said).unwrap().contains(code), "{place:?}");
    }
}

#[test]
fn help_and_readme_list_every_exit_code() {
    let output = run(&["--help"]);
    assert_eq!(output.status.code(), Some(0));
    let help = String::from_utf8(output.stdout).unwrap();
    let readme = include_str!("../../../README.md");
    for code in [0, 2, 3, 4, 5, 6, 64] {
        let listed = help.lines().any(|line| line.trim_start().starts_with(&format!("{code}  ")));
        assert!(listed, "{code} in {help}");
        assert!(readme.contains(&format!("\n| {code} |")), "{code} in the README");
    }
    let version = run(&["--version"]);
    assert_eq!(version.status.code(), Some(0));
    assert_eq!(run(&["refund", "--help"]).status.code(), Some(0));
}
