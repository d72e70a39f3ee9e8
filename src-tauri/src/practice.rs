//! Practice in this process: pretend channels on loopback, for a till without others and for
//! whoever practises at one that has some.
//!
//! Its ledger and keys lie in a folder of their own, and each start writes the channel's file that
//! leads there, because the port is another one each time. The till calls it like any channel.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use mianfu_practice::http::{Shared, serve, serve_tls};
use mianfu_practice::state::{self, Papers, StateError, WechatPapers};
use tokio::net::TcpListener;
use tokio::runtime::Handle;

const CHANNEL_FILE: &str = "channel.toml";
const WECHAT_FILE: &str = "wechat.toml";

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
    let channels = vec![folder.join(CHANNEL_FILE), folder.join(WECHAT_FILE)];
    let gateway = format!("http://{address}{}", mianfu_practice::GATEWAY_PATH);
    write_private(&channels[0], &channel_file(&papers, &gateway))?;
    write_private(&channels[1], &wechat_file(&wechat, &format!("https://{secure_at}")))?;
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

fn wechat_file(papers: &WechatPapers, gateway: &str) -> String {
    let WechatPapers { appid, mchid, merchant_serial, public_key_id, .. } = papers;
    format!(
        "channel = \"wechat\"\n\
         environment = \"practice\"\n\
         gateway = \"{gateway}\"\n\
         app_id = \"{appid}\"\n\
         merchant_id = \"{mchid}\"\n\
         merchant_serial = \"{merchant_serial}\"\n\
         private_key_file = \"{}\"\n\
         certificate_file = \"{}\"\n\
         v2_key_file = \"{}\"\n\
         v3_key_file = \"{}\"\n\
         platform_certificate_file = \"{}\"\n\
         public_key_file = \"{}\"\n\
         public_key_id = \"{public_key_id}\"\n\
         root_certificates_file = \"{}\"\n\
         notify_url = \"https://notify.invalid/wechat\"\n\
         terminal_ip = \"127.0.0.1\"\n",
        state::MERCHANT_PRIVATE_KEY,
        state::WECHAT_MERCHANT_CERT,
        state::WECHAT_V2_KEY,
        state::WECHAT_V3_KEY,
        state::WECHAT_PLATFORM_CERT,
        state::WECHAT_PUBLIC_KEY,
        state::WECHAT_ROOT_CERT,
    )
}

fn channel_file(papers: &Papers, gateway: &str) -> String {
    let Papers { app_id, seller_id, .. } = papers;
    let (private_key, public_key) = (state::MERCHANT_PRIVATE_KEY, state::ALIPAY_PUBLIC_KEY);
    format!(
        "channel = \"alipay\"\n\
         environment = \"practice\"\n\
         gateway = \"{gateway}\"\n\
         app_id = \"{app_id}\"\n\
         seller_id = \"{seller_id}\"\n\
         private_key_file = \"{private_key}\"\n\
         alipay_public_key_file = \"{public_key}\"\n"
    )
}

/// Writes a file for its owner alone, whole or not at all.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let beside = path.with_extension("part");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
}
