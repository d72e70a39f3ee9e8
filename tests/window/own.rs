//! Processes of ours: started here, ended here, and nobody else's.
//!
//! The driver starts the window, and the window starts WebKit's processes, so a process id alone
//! does not reach them all. Each carries a mark in its environment, and only those are ended.

use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::{WindowError, wait};

/// The variable that marks a process as ours.
const MARK: &str = "MIANFU_WINDOW_MARK";
const GONE_LIMIT_MS: u64 = 10_000;

/// A child that does not outlive its owner.
#[derive(Debug)]
pub(crate) struct Own(Child);

impl Own {
    /// Starts `command` with nothing to read; `program` names it in the error.
    pub(crate) fn start(program: &'static str, command: &mut Command) -> Result<Own, WindowError> {
        let child = command.stdin(Stdio::null()).spawn();
        child.map(Own).map_err(|source| WindowError::Start { program, source })
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        // An error says that it ended by itself already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Marks what `command` starts, and what that starts.
pub(crate) fn mark(command: &mut Command, value: &str) {
    command.env(MARK, value);
}

/// Ends every process with this mark at once (kill -9), except `spared`, and waits until they are
/// gone. Returns how many there were.
pub(crate) async fn kill_marked(value: &str, spared: u32) -> Result<usize, WindowError> {
    let marked = send_kill(value, spared);
    let gone = || async { living(value).iter().all(|id| *id == spared) };
    wait::until("killed processes to be gone", GONE_LIMIT_MS, gone).await?;
    Ok(marked)
}

/// Asks the programs of ours that are not a webview's own to end, and waits until all are gone.
pub(crate) async fn terminate_marked(value: &str, spared: u32) -> Result<(), WindowError> {
    for id in living(value).into_iter().filter(|id| *id != spared && !is_webviews(*id)) {
        if let Some(id) = i32::try_from(id).ok().and_then(Pid::from_raw) {
            // It may have ended between the look and the signal.
            let _ = kill_process(id, Signal::TERM);
        }
    }
    ended(value, spared).await
}

/// Waits until every process with this mark, except `spared`, has ended by itself.
pub(crate) async fn ended(value: &str, spared: u32) -> Result<(), WindowError> {
    let gone = || async { living(value).iter().all(|id| *id == spared) };
    wait::until("the program to end by itself", GONE_LIMIT_MS, gone).await
}

/// True for a webview's own processes, which end with the program.
fn is_webviews(id: u32) -> bool {
    let name = std::fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default();
    name.starts_with("WebKit")
}

/// Like [`kill_marked`] without waiting, for a `Drop`.
pub(crate) fn send_kill(value: &str, spared: u32) -> usize {
    let marked: Vec<u32> = living(value).into_iter().filter(|id| *id != spared).collect();
    for id in &marked {
        let id = i32::try_from(*id).ok().and_then(Pid::from_raw);
        if let Some(id) = id {
            // It may have ended between the look and the signal.
            let _ = kill_process(id, Signal::KILL);
        }
    }
    marked.len()
}

/// Returns the ids of living processes with this mark; one that waits to be reaped is dead.
fn living(value: &str) -> Vec<u32> {
    let mark = format!("{MARK}={value}");
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let ids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id| is_marked(*id, &mark) && !is_dead(*id)).collect()
}

fn is_marked(id: u32, mark: &str) -> bool {
    let environment = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
    environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
}

/// A killed program is dead once its last thread is: only then are its files and sockets closed.
fn is_dead(id: u32) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{id}/task")).map_or(0, Iterator::count);
    if 1 < threads {
        return false;
    }
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let state = status.lines().find_map(|line| line.strip_prefix("State:"));
    state.is_none_or(|state| state.trim_start().starts_with(['Z', 'X']))
}
