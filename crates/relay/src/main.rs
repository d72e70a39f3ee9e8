//! `mianfu-relay`: takes the channels' notices and hands them to tills that nobody can call.
//!
//! Prints one line of JSON that says where it listens, logs to standard error, and serves until it
//! is told to end. `SIGHUP` has it read its file again: merchants, tills and their keys change,
//! and streams whose keys are gone end. Everything else in the file needs a start.

mod clock;
mod unable;

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use mianfu_relay::config::{self, Config, ConfigError, Wrong};
use mianfu_relay::keys::hex;
use mianfu_relay::server::{Doors, serve};
use mianfu_relay::{Epoch, Relay, tls};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tracing_subscriber::EnvFilter;

use crate::unable::Unable;

/// Takes the channels' notices and hands them to tills that nobody can call.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The file that says who is who (`relay.toml`).
    #[arg(long)]
    config: PathBuf,
    /// Read the file, say what is wrong with it, and end.
    #[arg(long)]
    check: bool,
    /// End when standard input closes, so that no test leaves a relay behind.
    #[arg(long)]
    until_stdin_closes: bool,
}

/// The command line cannot be read: `EX_USAGE`.
const WRONG_LINE: u8 = 64;
/// The file is wrong: `EX_CONFIG`.
const WRONG_FILE: u8 = 78;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(said) if said.use_stderr() => {
            complain(&format!("{said}\n命令行读不懂，请写 `mianfu-relay --config relay.toml`"));
            return ExitCode::from(WRONG_LINE);
        }
        Err(said) => said.exit(),
    };
    let config = match load(&arguments.config) {
        Ok(config) => config,
        Err(error) => {
            let file = arguments.config.display();
            complain(&format!("{file}: {error}\n{file}：{}", error.in_chinese()));
            return ExitCode::from(WRONG_FILE);
        }
    };
    if arguments.check {
        return ExitCode::SUCCESS;
    }
    match run(&arguments, config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(unable) => {
            complain(&unable.in_both());
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments, config: Config) -> Result<(), Unable> {
    begin_log()?;
    let mut random = [0; 8];
    getrandom::fill(&mut random)?;
    let epoch = Epoch(hex(&random));
    let (listen, inside) = (config.listen, config.inside);
    let acceptor = config.tls.as_ref().map(tls::acceptor).transpose()?;
    let database = beside(&arguments.config, &config.database);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (relay, keeper) =
        Relay::open(&database, &epoch, config.roster, config.settings, Arc::new(clock::now))
            .map_err(|source| Unable::Open { path: database, source })?;
    runtime.block_on(async {
        let open = bind("listen", listen).await?;
        let inside = match inside {
            Some(inside) => Some(bind("inside", inside).await?),
            None => None,
        };
        // Before anybody is told where it listens: a signal that nobody waits for ends the program.
        let hang_ups = hang_ups()?;
        announce(&open, inside.as_ref())?;
        let (stop, stopped) = watch::channel(false);
        let ending = tokio::spawn(tell_to_end(stop, arguments.until_stdin_closes));
        let knowing = know_again(Arc::clone(&relay), arguments.config.clone(), hang_ups);
        let knowing = tokio::spawn(knowing);
        let doors = Doors { open, inside, tls: acceptor };
        let served = serve(relay, doors, stopped).await;
        ending.abort();
        knowing.abort();
        served.map_err(Unable::from)
    })?;
    // Ends every task, so that nobody hands anything in any more; what waits is written.
    drop(runtime);
    keeper.join().map_err(|_| Unable::Machine("the keeper panicked".into()))?;
    tracing::info!("ended");
    Ok(())
}

async fn bind(place: &'static str, address: SocketAddr) -> Result<TcpListener, Unable> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|source| Unable::Listen { place, address, source })
}

/// Reads the file and the files that it names, which lie beside it.
fn load(path: &Path) -> Result<Config, ConfigError> {
    let unreadable = |error: std::io::Error| {
        let name = path.display().to_string();
        ConfigError::at("--config".to_owned(), Wrong::File { name, kind: error.kind() })
    };
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let config = config::read(&text, &|name| std::fs::read_to_string(beside(path, name)))?;
    match config.secret_files.iter().find(|name| is_open(&beside(path, name))) {
        Some(name) => Err(ConfigError::at("keys".to_owned(), Wrong::Open { name: name.clone() })),
        None => Ok(config),
    }
}

fn beside(path: &Path, name: &str) -> PathBuf {
    path.parent().unwrap_or(Path::new("")).join(name)
}

/// Says whether others on this machine can read a file.
#[cfg(unix)]
fn is_open(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open(_: &Path) -> bool {
    false
}

fn begin_log() -> Result<(), Unable> {
    use tracing_subscriber::util::SubscriberInitExt as _;

    let filter = EnvFilter::try_from_env("MIANFU_RELAY_LOG").unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .finish()
        .try_init()?;
    Ok(())
}

fn announce(open: &TcpListener, inside: Option<&TcpListener>) -> std::io::Result<()> {
    let inside = inside.map(TcpListener::local_addr).transpose()?;
    let line = serde_json::json!({
        "listen": open.local_addr()?.to_string(),
        "inside": inside.map(|inside| inside.to_string()),
    });
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

async fn tell_to_end(stop: watch::Sender<bool>, until_stdin_closes: bool) {
    tokio::select! {
        () = told_to_end() => {}
        () = stdin_closed(), if until_stdin_closes => {}
    }
    stop.send_replace(true);
    // Kept until the relay has seen it.
    std::future::pending::<()>().await;
}

/// Ends when the program is asked to, by ctrl-c or by a signal.
async fn told_to_end() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    // Without a way to be told, the program serves on until it is killed.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn stdin_closed() {
    let (closed, wait) = oneshot::channel();
    std::thread::spawn(move || {
        let mut bytes = [0; 256];
        let mut stdin = std::io::stdin().lock();
        while stdin.read(&mut bytes).is_ok_and(|count| count > 0) {}
        // Nobody waits any more if the program is ending.
        let _ended = closed.send(());
    });
    let _closed = wait.await;
}

/// What has the program read its file again.
#[cfg(unix)]
type HangUps = tokio::signal::unix::Signal;
#[cfg(not(unix))]
type HangUps = ();

#[cfg(unix)]
fn hang_ups() -> std::io::Result<HangUps> {
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())
}

#[cfg(not(unix))]
fn hang_ups() -> std::io::Result<HangUps> {
    Ok(())
}

/// Reads the file again whenever the program is told to.
#[cfg(unix)]
async fn know_again(relay: Arc<Relay>, path: PathBuf, mut told: HangUps) {
    while told.recv().await.is_some() {
        match load(&path) {
            Ok(config) => match relay.know(config.roster).await {
                Ok(()) => tracing::info!("read the file again"),
                Err(error) => tracing::error!(%error, "the file was not taken"),
            },
            Err(error) => {
                let zh = error.in_chinese();
                tracing::error!(%error, zh, "the file is wrong; everybody stays as they were");
            }
        }
    }
}

#[cfg(not(unix))]
async fn know_again(_: Arc<Relay>, _: PathBuf, _: HangUps) {
    std::future::pending::<()>().await;
}

fn complain(text: &str) {
    // There is nowhere left to complain if this fails.
    let _written = writeln!(std::io::stderr().lock(), "{text}");
}
