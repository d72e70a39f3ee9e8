//! Where the till writes what it does: a rotating file beside the database.
//!
//! Messages are readable and their fields searchable; `out_trade_no` is in each line about an
//! attempt. Keys, codes of customers and buyer ids are never written: their types do not print.

use std::path::Path;

use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{InitError, RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::TryInitError;

/// Days of logs kept.
const DAYS_KEPT: usize = 30;

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The folder cannot be written.
    #[error("the log's folder cannot be written")]
    Folder(#[from] InitError),
    /// A log was begun already.
    #[error("the log was begun already")]
    Begun(#[from] TryInitError),
}

/// Begins the log in `folder`: a file a day, thirty kept. It is written while the guard lives.
///
/// # Errors
///
/// Fails where the folder cannot be written or a log was begun before.
pub fn begin(folder: &Path) -> Result<WorkerGuard, LogError> {
    use tracing_subscriber::util::SubscriberInitExt;

    // The appender looks through the folder for old files before it makes it.
    drop(std::fs::create_dir_all(folder));
    let file = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("mianfu")
        .filename_suffix("log")
        .max_log_files(DAYS_KEPT)
        .build(folder)?;
    let (writer, guard) = tracing_appender::non_blocking(file);
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(EnvFilter::new("info,mianfu=debug,hyper=warn,reqwest=warn,rustls=warn"))
        .with_writer(writer)
        .finish()
        .try_init()?;
    Ok(guard)
}
