//! A command line that cannot be read, as a line like every other error.
//!
//! What was typed is never repeated: a payment code in the wrong place would stand in somebody's
//! log (law 9). Only our own names are.

use std::io::Write;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use serde_json::{Value, json};

use crate::both::{Both, both};
use crate::exits;
use crate::lines::print;

/// Shows help or the version, or says what is wrong with the command line.
pub(crate) fn answer(error: &clap::Error) -> ExitCode {
    // Nothing more can be told where standard output is closed.
    if !error.use_stderr() {
        drop(write!(std::io::stdout().lock(), "{}", error.render()));
        return ExitCode::from(exits::DONE);
    }
    drop(print(&line(error)));
    ExitCode::from(exits::USAGE)
}

fn line(error: &clap::Error) -> Value {
    let (said, next) = (says(error), next(error));
    json!({
        "event": "error",
        "error": said.en,
        "error_zh": said.zh,
        "next": next.en,
        "next_zh": next.zh,
        "usage": usage(error),
    })
}

fn says(error: &clap::Error) -> Both {
    let kind = error.kind();
    let named = named(error, ContextKind::InvalidArg);
    if kind == ErrorKind::MissingRequiredArgument {
        return both(format!("missing: {named}"), format!("缺少：{named}"));
    }
    if kind == ErrorKind::ArgumentConflict {
        let other = self::named(error, ContextKind::PriorArg);
        return match other.as_str() {
            "" => both(format!("twice or too many: {named}"), format!("重复或多余：{named}")),
            _ => both(
                format!("{named} cannot be said together with {other}"),
                format!("{named} 不能和 {other} 一起用"),
            ),
        };
    }
    if kind == ErrorKind::UnknownArgument {
        return match is_a_name(&named) {
            true => both(format!("there is no {named} here"), format!("这里没有 {named} 这个参数")),
            false => both("an argument too many", "多了一个参数"),
        };
    }
    if kind == ErrorKind::InvalidSubcommand {
        return both("there is no such command", "没有这个命令");
    }
    let no_command =
        [ErrorKind::MissingSubcommand, ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand];
    if no_command.contains(&kind) {
        return both("no command is named", "没有写命令");
    }
    let no_value = [
        ErrorKind::InvalidValue,
        ErrorKind::ValueValidation,
        ErrorKind::NoEquals,
        ErrorKind::TooFewValues,
        ErrorKind::TooManyValues,
        ErrorKind::WrongNumberOfValues,
    ];
    if no_value.contains(&kind) && !named.is_empty() {
        return both(format!("not a value for {named}"), format!("{named} 的值不对"));
    }
    both("the command line cannot be read", "命令行读不懂")
}

fn next(error: &clap::Error) -> Both {
    let suggested = named(error, ContextKind::SuggestedArg);
    if is_a_name(&suggested) {
        return both(
            format!("perhaps {suggested}; `mianfu-headless --help` lists all"),
            format!("也许是 {suggested}；`mianfu-headless --help` 列出全部"),
        );
    }
    both(
        "run `mianfu-headless --help`, or the command with --help",
        "运行 `mianfu-headless --help`，或在命令后面加 --help",
    )
}

fn named(error: &clap::Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(name)) => name.clone(),
        Some(ContextValue::Strings(names)) => names.join(", "),
        // The rest of clap's kinds carry no names.
        Some(_) | None => String::new(),
    }
}

/// Says whether a text is shaped like an argument's name, which no payment code is.
fn is_a_name(text: &str) -> bool {
    text.strip_prefix("--").is_some_and(|name| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
    })
}

fn usage(error: &clap::Error) -> Option<String> {
    let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage) else {
        return None;
    };
    let text = usage.to_string();
    let words: Vec<&str> = text.trim_start_matches("Usage:").split_whitespace().collect();
    Some(words.join(" "))
}
