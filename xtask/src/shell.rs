//! Starting other programs, and the only two places that print.
//!
//! A command line is a plain list of words run from the workspace root, so that what is printed
//! before it starts can be pasted into a shell.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::tally::Tally;

/// What a program of ours ends with where its arguments cannot be read.
pub(crate) const MISSPELT: i32 = 2;

/// Why a task ended without doing its thing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TaskError {
    #[error("`{program}` could not be started; {hint}")]
    Start { program: String, hint: &'static str, source: std::io::Error },
    #[error("`{line}` fell short ({status})")]
    FellShort { line: String, status: String },
    /// The program told what is wrong with its arguments, in words of its own.
    #[error("nothing was run: see above what `{line}` takes")]
    Misspelt { line: String },
    #[error("`{path}` could not be {doing}")]
    File { path: String, doing: &'static str, source: std::io::Error },
    #[error("{0}")]
    Sentence(String),
}

/// What a finished program left behind.
#[derive(Debug, Default)]
pub(crate) struct Ran {
    /// The last line it printed that was not empty.
    pub(crate) last_line: String,
    pub(crate) tally: Tally,
}

/// Returns the folder of the workspace.
pub(crate) fn root() -> PathBuf {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let xtask = manifest.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    xtask.parent().map_or_else(|| PathBuf::from("."), PathBuf::from)
}

/// Prints one line for people; a closed pipe is nobody's fault.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Prints one line about what went wrong.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "xtask: {text}");
}

/// Runs `words` from the workspace root, passing its output on, and fails when it fails.
pub(crate) fn run<S: AsRef<str>>(words: &[S]) -> Result<Ran, TaskError> {
    run_with(words, &[])
}

/// Like [`run`], with variables added to the environment.
pub(crate) fn run_with<S: AsRef<str>>(
    words: &[S],
    variables: &[(&str, &str)],
) -> Result<Ran, TaskError> {
    say(&format!("$ {}", shown(words, variables)));
    let mut command = command(words)?;
    for (name, value) in variables {
        command.env(name, value);
    }
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|source| start_error(words, source))?;
    let mut ran = Ran::default();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let Ok(line) = line else { break };
            let line = String::from_utf8_lossy(&line);
            say(&line);
            ran.tally.read(&line);
            if !line.trim().is_empty() {
                ran.last_line = line.trim().to_owned();
            }
        }
    }
    let status = child.wait().map_err(|source| start_error(words, source))?;
    if !status.success() {
        let line = joined(words);
        let ours = line.starts_with("target/");
        return Err(match status.code() {
            Some(MISSPELT) if ours => TaskError::Misspelt { line },
            Some(_) | None => TaskError::FellShort { line, status: status.to_string() },
        });
    }
    Ok(ran)
}

/// Returns what a short question answers on its standard output, or nothing when it fails.
pub(crate) fn ask(words: &[&str]) -> Option<String> {
    let output = command(words).ok()?.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    if !output.status.success() {
        return None;
    }
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn command<S: AsRef<str>>(words: &[S]) -> Result<Command, TaskError> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(TaskError::Sentence("there is no command to run".to_owned()));
    };
    let mut command = Command::new(resolve(program.as_ref()));
    command.args(arguments.iter().map(AsRef::as_ref)).current_dir(root());
    Ok(command)
}

/// Programs of the workspace are named from its root; cargo is the one that runs us.
fn resolve(program: &str) -> PathBuf {
    if program == "cargo" {
        return std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from);
    }
    if program == "npm" && cfg!(windows) {
        return PathBuf::from("npm.cmd");
    }
    let inside = root().join(program);
    if program.contains('/') && inside.exists() { inside } else { PathBuf::from(program) }
}

fn start_error<S: AsRef<str>>(words: &[S], source: std::io::Error) -> TaskError {
    let program = words.first().map_or("", AsRef::as_ref);
    let hint = match program {
        "npm" | "node" => "install Node 20.19 or later with npm",
        "git" => "install git",
        _ => "is it installed and on the PATH?",
    };
    TaskError::Start { program: program.to_owned(), hint, source }
}

fn shown<S: AsRef<str>>(words: &[S], variables: &[(&str, &str)]) -> String {
    let mut text: String =
        variables.iter().map(|(name, value)| format!("{name}={value} ")).collect();
    text.push_str(&joined(words));
    text
}

fn joined<S: AsRef<str>>(words: &[S]) -> String {
    words.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(" ")
}
