//! Practice in this process: pretend channels on loopback, for a till without others and for
//! whoever practises at one that has some.
//!
//! Its ledger and keys lie in a folder of their own, and each start writes the channel's file that
//! leads there, because the port is another one each time. The till calls it like any channel.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use mianfu_practice::http::{Shared, serve, serve_tls};
use mianfu_practice::state::{Papers, StateError, WechatPapers};
use tokio::net::TcpListener;
use tokio::runtime::Handle;

/// A practice that runs and how to reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reachable {
    /// The channels' files for the till.
    pub(crate) channels: Vec<PathBuf>,
    /// The page on which a person plays the customer.
    pub(crate) phone_url: String,
}

/// The practice of this process: begun when it is first needed, it serves until the program ends.
#[derive(Debug, Default)]
pub(crate) struct Reached {
    reachable: Mutex<Option<Reachable>>,
}

impl Reached {
    /// Returns how to reach it, and begins it where it is not there yet.
    pub(crate) fn reach(
        &self,
        folder: &Path,
        runtime: &Handle,
    ) -> Result<Reachable, PracticeError> {
        let mut reachable = self.reachable.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reachable) = &*reachable {
            return Ok(reachable.clone());
        }
        Ok(reachable.insert(start(folder, runtime)?).clone())
    }
}

/// Why there is no practice.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PracticeError {
    /// Another program runs on this folder.
    #[error("practice is running already")]
    InUse(#[source] StateError),
    /// Its folder cannot be used.
    #[error("practice cannot use its folder")]
    State(#[source] StateError),
    /// The system.
    #[error("practice cannot be started")]
    System(#[from] std::io::Error),
}

impl From<StateError> for PracticeError {
    fn from(error: StateError) -> PracticeError {
        match error {
            error @ StateError::InUse { .. } => PracticeError::InUse(error),
            error @ (StateError::File { .. }
            | StateError::Line { .. }
            | StateError::Papers { .. }
            | StateError::Key(_)
            | StateError::NewKey(_)) => PracticeError::State(error),
        }
    }
}

/// Starts practice on `folder`; it serves for as long as the program lives. Reads and, at the
/// first start, makes keys, so it takes a moment.
fn start(folder: &Path, runtime: &Handle) -> Result<Reachable, PracticeError> {
    let papers = Papers::open(folder)?;
    let wechat = WechatPapers::open(&papers)?;
    let practice = Shared::open(&papers, papers.options(1))?;
    let (account, tls) = (wechat.account()?, wechat.tls()?);
    practice.with(|practice, _| practice.open_wechat(account))?;
    let bind = || runtime.block_on(TcpListener::bind(("127.0.0.1", 0)));
    let (listener, secure) = (bind()?, bind()?);
    let (address, secure_at) = (listener.local_addr()?, secure.local_addr()?);
    let gateway = format!("http://{address}{}", mianfu_practice::GATEWAY_PATH);
    let channels = vec![
        papers.write_channel_file(&gateway)?,
        wechat.write_channel_file(&secure_at.to_string())?,
    ];
    runtime.spawn(async move {
        let ended = tokio::select! {
            ended = serve(listener, practice.clone()) => ended,
            ended = serve_tls(secure, practice, tls) => ended,
        };
        if let Err(error) = ended {
            tracing::error!(%error, "practice has ended");
        }
    });
    Ok(Reachable { channels, phone_url: format!("http://{address}/phone") })
}
