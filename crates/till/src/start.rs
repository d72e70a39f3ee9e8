//! How a till is started on its files: database, channel's file, log.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mianfu_core::money::Timestamp;
use mianfu_db::{Birth, Db, DbError, Lock, OpenOptions};
use mianfu_gateway::{Channel, MerchantKeys};

use crate::channel_file::{self, ChannelFileError, Loaded};
use crate::clock::{Clock, MachineClock};
use crate::hearing::Way;
use crate::line::Line;
use crate::listener::{Embedded, Link, Listening, Merchant, RelayWish};
use crate::resume::Opening;
use crate::running::{Requests, Running};
use crate::till::{Settings, Till};
use crate::worker::chain;

/// The files a till works on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The database; made at the first start.
    pub database: PathBuf,
    /// The channels' files, one for each.
    pub channels: Vec<PathBuf>,
    /// The store's number.
    pub store: u32,
    /// The till's number in the store.
    pub till: u32,
}

/// Which way notices came to be listened to.
#[derive(Default)]
pub struct Ear {
    listening: Option<Listening>,
    embedded: Option<Embedded>,
}

impl Ear {
    /// Listens no more, and ends the relay in this program. Takes up to two seconds.
    pub fn close(&self) {
        if let Some(listening) = &self.listening {
            listening.stop();
        }
        if let Some(embedded) = &self.embedded {
            embedded.close();
        }
    }
}

/// Why a till could not start. Nothing was changed or sent.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database.
    #[error("the database cannot be used")]
    Db(#[from] DbError),
    /// The channel's file.
    #[error("the channel cannot be used")]
    Channel(#[from] ChannelFileError),
    /// The system.
    #[error("the system refused")]
    System(#[from] std::io::Error),
}

/// A started till.
pub struct Started {
    /// The till on its thread.
    pub running: Running<MerchantKeys>,
    /// What opening the database found.
    pub birth: Birth,
    /// What brings it notices; it lives as long as the till shall hear.
    pub ear: Ear,
    /// Why the relay that was wished in this program did not start, where it did not.
    pub relay_trouble: Option<String>,
}

/// Starts a till: reads the channels' files, opens the database, resumes what is open.
///
/// # Errors
///
/// Each says what stands in the way.
pub fn start(
    files: &Files,
    relay: RelayWish,
    runtime: tokio::runtime::Handle,
) -> Result<Started, StartError> {
    let settings = Settings::practice("面付练习店", &format!("{} 号台", files.till));
    start_with(files, settings, relay, runtime)
}

/// Starts a till with a store's settings.
///
/// # Errors
///
/// Each says what stands in the way.
pub fn start_with(
    files: &Files,
    settings: Settings,
    relay: RelayWish,
    runtime: tokio::runtime::Handle,
) -> Result<Started, StartError> {
    let clock = MachineClock::start();
    let now = clock.now();
    let folder = files.database.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let payer_key = channel_file::payer_key(folder)?;
    let loaded = channel_file::load_all(&files.channels, payer_key, now)?;
    let (db, opened) = Db::open(&OpenOptions {
        path: &files.database,
        vfs: None,
        now,
        machine: &machine(),
        store: files.store,
        till: files.till,
        epoch: random_below(100_000_000)?,
        lock: Lock::Beside,
    })?;
    let birth = opened.birth;
    let practice = loaded.iter().all(|loaded| loaded.practice);
    let relayed = Relayed::begin(relay, files, &loaded, &runtime);
    let mut lines = Vec::new();
    let mut transports = BTreeMap::new();
    for Loaded { mut channel, transport, practice: _, notice_keys: _ } in loaded {
        if let Some(url) = relayed.notify_url(&channel) {
            channel.send_notices_to(url);
        }
        transports.insert(channel.id(), Arc::new(transport));
        lines.push(Line::new(channel));
    }
    let opening = Opening {
        db,
        opened,
        lines,
        settings: Settings { practice, ..settings },
        seed: u64::from(random_below(u32::MAX)?),
    };
    let mut till = Till::open(opening, now)?;
    till.hears_by(relayed.way);
    let running = Running::start(till, transports, clock, runtime.clone())?;
    let relay_trouble = relayed.trouble.clone();
    let ear = relayed.listen(running.requests(), clock, &runtime);
    Ok(Started { running, birth, ear, relay_trouble })
}

/// A relay as a start found it.
#[derive(Default)]
struct Relayed {
    way: Way,
    /// Scheme, host and port that channels post to, and the till's name there.
    posted_to: Option<(String, String)>,
    link: Option<Link>,
    embedded: Option<Embedded>,
    /// Why there is none in this program.
    trouble: Option<String>,
}

impl Relayed {
    /// Sets up what was wished. A relay is a speed-up: one that cannot be had stops no till.
    fn begin(
        wish: RelayWish,
        files: &Files,
        loaded: &[Loaded],
        runtime: &tokio::runtime::Handle,
    ) -> Relayed {
        let none = Relayed::default();
        match wish {
            RelayWish::None => none,
            RelayWish::Standalone { link, notify, till } => Relayed {
                way: Way::Standalone,
                posted_to: Some((notify, till)),
                link: Some(link),
                ..none
            },
            RelayWish::Embedded { listen, notify, till } => {
                let database = files.database.with_extension("relay.db");
                let merchants: Vec<Merchant> = loaded.iter().map(merchant).collect();
                let place = (listen, till.as_str());
                match Embedded::start(place, &database, &merchants, runtime) {
                    Ok((embedded, link)) => {
                        let here = format!("http://{}", embedded.address);
                        let posted_to = Some((notify.unwrap_or(here), till));
                        let (link, embedded) = (Some(link), Some(embedded));
                        Relayed { way: Way::Embedded, posted_to, link, embedded, trouble: None }
                    }
                    Err(error) => {
                        let why = chain(&error);
                        tracing::error!(why, "there is no relay in this till");
                        Relayed { way: Way::Embedded, trouble: Some(why), ..none }
                    }
                }
            }
        }
    }

    /// Returns where a channel posts its notices; `None` where they lead nowhere.
    fn notify_url(&self, channel: &Channel<MerchantKeys>) -> Option<String> {
        let (origin, till) = self.posted_to.as_ref()?;
        let origin = origin.trim_end_matches('/');
        let (name, merchant) = (channel.id().as_str(), channel.merchant());
        Some(format!("{origin}/notify/{name}/{merchant}/{till}"))
    }

    fn listen(
        self,
        till: Requests<MerchantKeys>,
        clock: MachineClock,
        runtime: &tokio::runtime::Handle,
    ) -> Ear {
        let listening = self.link.map(|link| Listening::begin(link, till, clock, runtime));
        Ear { listening, embedded: self.embedded }
    }
}

fn merchant(loaded: &Loaded) -> Merchant {
    Merchant {
        channel: loaded.channel.id(),
        number: loaded.channel.merchant().to_owned(),
        notice_keys: loaded.notice_keys.clone(),
    }
}

/// Returns what tells this machine from a copy of its disk: the system's own name for the
/// installation and, each on a line of its own, the addresses of its network hardware, which a
/// ghosted disk does not take along.
#[must_use]
pub fn machine() -> String {
    let mut parts = vec![std::fs::read_to_string("/etc/machine-id").unwrap_or_default()];
    if let Ok(interfaces) = std::fs::read_dir("/sys/class/net") {
        let mut addresses: Vec<String> = interfaces
            .flatten()
            .map(|interface| interface.path())
            .filter(|path| path.join("device").exists())
            .filter_map(|path| std::fs::read_to_string(path.join("address")).ok())
            .collect();
        addresses.sort();
        parts.extend(addresses);
    }
    parts.iter().map(|part| part.trim()).collect::<Vec<_>>().join("\n")
}

fn random_below(limit: u32) -> std::io::Result<u32> {
    let drawn = getrandom::u32().map_err(std::io::Error::other)?;
    Ok(drawn % limit)
}

/// Returns a name for an intent that no other intent has.
///
/// # Errors
///
/// Fails where the system gives no randomness: a name given twice would be one sale.
pub fn random_name() -> std::io::Result<String> {
    let part = || getrandom::u64().map_err(std::io::Error::other);
    Ok(format!("{:016x}{:016x}", part()?, part()?))
}

/// Returns the moment of a start, for those who show times before a till runs.
#[must_use]
pub fn now() -> Timestamp {
    MachineClock::start().now()
}
