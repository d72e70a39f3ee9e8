//! A relay in the till's own program.
//!
//! It is the same relay as one elsewhere and is trusted as little: the till calls it over loopback,
//! with a key that is drawn at each start and that nobody else has.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mianfu_core::channel::ChannelId;
use mianfu_gateway::{EndpointError, Https};
use mianfu_relay::config::{self, ConfigError};
use mianfu_relay::db::{Ailment, StoreError};
use mianfu_relay::keys::{KeyError, TillKey, hex};
use mianfu_relay::server::{Doors, serve};
use mianfu_relay::settings::Settings;
use mianfu_relay::{Clock, Epoch, Relay};
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::link::Link;
use crate::channel_file::NoticeKeys;
use crate::clock::{Clock as _, MachineClock};
use crate::worker::chain;

/// The name of the key that the two share, and of its file, which is never written.
const KEY: &str = "own";
/// How long what has begun may take to end, when the till ends.
const GRACE: Duration = Duration::from_secs(2);

/// Why there is no relay in this program. The till works without.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// The place to listen is taken, or the machine gives no randomness.
    #[error("the relay cannot listen")]
    System(#[from] io::Error),
    /// A channel's key or the till's name.
    #[error("the relay cannot be set up")]
    Config(#[from] ConfigError),
    /// Its database.
    #[error("the relay's database cannot be used")]
    Store(#[from] StoreError),
    /// The key that the two share.
    #[error("the relay's key cannot be used")]
    Key(#[from] KeyError),
    /// The way to it.
    #[error("the relay cannot be called")]
    Endpoint(#[from] EndpointError),
}

/// A merchant whose notices the relay takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merchant {
    /// At which channel.
    pub channel: ChannelId,
    /// The number in the address.
    pub number: String,
    /// What its notices are verified with.
    pub notice_keys: NoticeKeys,
}

/// A relay that runs in this program.
pub struct Embedded {
    /// Where it listens.
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    keeper: Mutex<Option<JoinHandle<()>>>,
}

impl Embedded {
    /// Starts a relay for one till, and returns the till's link to it.
    ///
    /// # Errors
    ///
    /// Each says what stands in the way.
    pub fn start(
        (listen, till): (SocketAddr, &str),
        database: &Path,
        merchants: &[Merchant],
        runtime: &Handle,
    ) -> Result<(Embedded, Link), EmbeddedError> {
        let open = Door::bind(listen, runtime)?;
        let address = open.address;
        // The till calls over loopback, where plain HTTP is as good: it needs no certificate.
        let own = match listen.ip().is_loopback() {
            true => None,
            false => Some(Door::bind((Ipv4Addr::LOCALHOST, 0).into(), runtime)?),
        };
        let here = format!("http://{}", own.as_ref().unwrap_or(&open).address);
        let key = STANDARD.encode(random::<32>()?);
        let (text, files) = written(till, &key, merchants);
        let epoch = Epoch(hex(&random::<8>()?));
        // Unlike the till's, the relay's time follows the machine's: a channel signs by the time of
        // day, and a machine that slept is late by the till's clock.
        let now: Clock = Arc::new(|| MachineClock::start().now());
        let open_relay = || {
            let config = config::read(&text, &|name| {
                files.get(name).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
            })?;
            let settings = Settings { grace: GRACE, ..config.settings };
            let now: Clock = now.clone();
            Ok::<_, EmbeddedError>(Relay::open(database, &epoch, config.roster, settings, now)?)
        };
        let (relay, keeper) = match open_relay() {
            // What it holds the channel repeats and the till asks about: a damaged one is worth
            // nothing, and laid aside for whoever wants to know.
            Err(EmbeddedError::Store(error)) if error.ailment() == Some(Ailment::Damaged) => {
                tracing::warn!(error = %chain(&error), "the relay's database is laid aside");
                lay_aside(database)?;
                open_relay()?
            }
            opened => opened?,
        };
        let (stop, stopped) = watch::channel(false);
        for door in [Some(open), own].into_iter().flatten() {
            door.serve(Arc::clone(&relay), stopped.clone(), runtime);
        }
        let link = Link::new(&here, till, (KEY, TillKey::read(&key)?), Https::new(&here)?);
        Ok((Embedded { address, stop, keeper: Mutex::new(Some(keeper)) }, link))
    }

    /// Ends the relay; what it has begun comes to its end, within two seconds.
    pub fn close(&self) {
        self.stop.send_replace(true);
        let keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(keeper) = keeper {
            drop(keeper.join());
        }
    }
}

/// Moves a database out of the way, with the files that belong to it.
fn lay_aside(database: &Path) -> io::Result<()> {
    for end in ["-wal", "-shm", ""] {
        let mut name = database.as_os_str().to_owned();
        name.push(end);
        let mut aside = database.as_os_str().to_owned();
        aside.push(format!(".damaged{end}"));
        match std::fs::rename(name, aside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => (),
        }
    }
    Ok(())
}

/// A place to listen.
struct Door {
    address: SocketAddr,
    listener: tokio::net::TcpListener,
}

impl Door {
    fn bind(listen: SocketAddr, runtime: &Handle) -> io::Result<Door> {
        let listener = TcpListener::bind(listen)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let _entered = runtime.enter();
        Ok(Door { address, listener: tokio::net::TcpListener::from_std(listener)? })
    }

    fn serve(self, relay: Arc<Relay>, stopped: watch::Receiver<bool>, runtime: &Handle) {
        runtime.spawn(async move {
            let doors = Doors { open: self.listener, inside: None, tls: None };
            if let Err(error) = serve(relay, doors, stopped).await {
                tracing::error!(%error, "the relay has ended");
            }
        });
    }
}

/// Writes what a relay's file would say, and the files that it would name.
fn written(till: &str, key: &str, merchants: &[Merchant]) -> (String, BTreeMap<String, String>) {
    let mut files = BTreeMap::from([(KEY.to_owned(), key.to_owned())]);
    let (mut accounts, mut names) = (Vec::<Value>::new(), Vec::new());
    for merchant in merchants {
        let channel = merchant.channel.as_str();
        let mut keys = Vec::<Value>::new();
        for (nth, (id, text)) in merchant.notice_keys.keys.iter().enumerate() {
            let file = format!("{channel}-{nth}");
            keys.push(match id {
                Some(id) => json!({ "id": id, "file": file }),
                None => json!({ "file": file }),
            });
            files.insert(file, text.clone());
        }
        let mut account = json!({
            "channel": channel, "merchant": merchant.number, "v2_hints": true, "keys": keys,
        });
        if let Some(seller) = &merchant.notice_keys.seller {
            account["seller"] = json!(seller);
        }
        names.push(format!("{channel}/{}", merchant.number));
        accounts.push(account);
    }
    let own = json!({ "name": till, "merchants": names, "keys": [{ "id": KEY, "file": KEY }] });
    let file = json!({
        "listen": "127.0.0.1:0", "database": "relay.db", "merchant": accounts, "till": [own],
    });
    // Tables, lists and texts alone: there is nothing in it that TOML has not got.
    (toml::to_string(&file).unwrap_or_default(), files)
}

fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_a_relay_reads() {
        let merchant = |channel, number: &str, id: Option<&str>| Merchant {
            channel,
            number: number.to_owned(),
            notice_keys: NoticeKeys {
                seller: id.is_none().then(|| "2088000000000001".to_owned()),
                keys: vec![(id.map(str::to_owned), "no key".to_owned())],
            },
        };
        let merchants = [
            merchant(ChannelId::Alipay, "9999000000000001", None),
            merchant(ChannelId::Wechat, "1900000001", Some("PUB_KEY_ID_1")),
        ];
        let (text, files) = written("till-1", &STANDARD.encode([7; 32]), &merchants);
        let names: Vec<&str> = files.keys().map(String::as_str).collect();
        assert_eq!(names, ["alipay-0", KEY, "wechat-0"]);
        let read = config::read(&text, &|name| Ok(files[name].clone()));
        let error = read.map(drop).expect_err("the keys are none").to_string();
        assert!(error.contains("alipay"), "it comes as far as the keys: {error}");
    }
}
