//! `relay.toml`: what it may say, and what is wrong with it in words that say what to do.
//!
//! Pure but for the files it names, which come through an argument. The file itself holds no
//! secret: keys are files of their own, named in it.

mod wrong;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;

use crate::keys::{ChannelKey, TillKey};
use crate::limits::Rate;
use crate::notice::Merchant;
use crate::roster::{Account, Roster, Till};
use crate::settings::{Network, Settings};
use crate::tls::{self, TlsError};
use crate::trust::TillKeys;

pub use wrong::{ConfigError, Wrong, kind_in_chinese};

/// The longest name of a till or a merchant.
const NAME_MAX: usize = 64;
/// Keys that one till or merchant has at most: two, while they change over.
const KEYS_MAX: usize = 2;
/// Numbered keys that a merchant of WeChat Pay has at most: certificates and a public key.
const NUMBERED_KEYS_MAX: usize = 8;
/// Channels come again for a day; a notice is known at least for two.
const KEEP_DAYS_MIN: u32 = 2;
const KEEP_DAYS_MAX: u32 = 366;

/// A relay as its file says.
#[derive(Debug)]
pub struct Config {
    /// Where channels and tills come in.
    pub listen: SocketAddr,
    /// Where the numbers are told. None where nobody wants them.
    pub inside: Option<SocketAddr>,
    /// The database, by the name in the file.
    pub database: String,
    /// What proves the relay to those who come in. None behind a proxy that does.
    pub tls: Option<TlsTexts>,
    /// Who is who.
    pub roster: Roster,
    /// Every bound.
    pub settings: Settings,
    /// The files that nobody else may read, by the names in the file.
    pub secret_files: Vec<String>,
}

/// The relay's own certificate and its key, as PEM. Never prints.
pub struct TlsTexts {
    /// The certificate and what leads to its root.
    pub certificates: String,
    /// The certificate's key.
    pub key: String,
}

impl std::fmt::Debug for TlsTexts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TlsTexts(\"***\")")
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    listen: String,
    inside: Option<String>,
    database: String,
    tls: Option<WrittenTls>,
    #[serde(default)]
    merchant: Vec<WrittenMerchant>,
    #[serde(default)]
    till: Vec<WrittenTill>,
    #[serde(default)]
    limits: WrittenLimits,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenTls {
    certificates: String,
    key: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenMerchant {
    channel: String,
    merchant: String,
    seller: Option<String>,
    #[serde(default)]
    v2_hints: bool,
    keys: Vec<WrittenKey>,
}

/// A key's file, with its name where the file does not say it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenKey {
    id: Option<String>,
    file: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenTill {
    name: String,
    merchants: Vec<String>,
    keys: Vec<WrittenKey>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct WrittenLimits {
    backlog: Option<u32>,
    keep_days: Option<u32>,
    connections: Option<u32>,
    connections_per_address: Option<u32>,
    requests_per_address: Option<WrittenRate>,
    notices_per_merchant: Option<WrittenRate>,
    hints_per_till: Option<WrittenRate>,
    beat_s: Option<u32>,
    #[serde(default)]
    allow: Vec<String>,
    #[serde(default)]
    proxies: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRate {
    burst: u32,
    each_ms: u32,
}

/// Reads a relay's file. `file` returns the text of a file that it names.
///
/// # Errors
/// The first thing that is wrong, and where.
pub fn read(
    text: &str,
    file: &dyn Fn(&str) -> std::io::Result<String>,
) -> Result<Config, ConfigError> {
    // As some editors begin a file.
    let text = text.trim_start_matches('\u{feff}');
    let written: Written = toml::from_str(text).map_err(|error| {
        let before = error.span().map_or("", |span| text.get(..span.start).unwrap_or(""));
        let line = before.matches('\n').count() + 1;
        ConfigError::at(format!("line {line}"), Wrong::Toml(error.message().to_owned()))
    })?;
    let listen = address("listen", &written.listen)?;
    let inside = written.inside.as_deref().map(|text| address("inside", text)).transpose()?;
    if written.database.is_empty() {
        return Err(ConfigError::at("database".to_owned(), Wrong::NoDatabase));
    }
    let tls_key = written.tls.as_ref().map(|tls| tls.key.clone());
    let tls = written.tls.map(|tls| tls_texts(&tls, file)).transpose()?;
    if let Some(texts) = &tls {
        let why = |error: TlsError| Wrong::Certificate { why: error.why() };
        tls::acceptor(texts).map_err(|error| ConfigError::at("tls".to_owned(), why(error)))?;
    }
    let settings = settings(&written.limits)?;
    let mut roster = Roster::default();
    for merchant in &written.merchant {
        add_merchant(&mut roster, merchant, file)?;
    }
    for till in &written.till {
        add_till(&mut roster, till, file)?;
    }
    if roster.tills.is_empty() {
        return Err(ConfigError::at("till".to_owned(), Wrong::Nobody));
    }
    let secret_files = written.till.iter().flat_map(|till| &till.keys).map(|key| key.file.clone());
    let secret_files = secret_files.chain(tls_key).collect();
    let database = written.database;
    Ok(Config { listen, inside, database, tls, roster, settings, secret_files })
}

fn address(place: &str, text: &str) -> Result<SocketAddr, ConfigError> {
    text.parse().map_err(|_| ConfigError::at(place.to_owned(), Wrong::Address(text.to_owned())))
}

type Files<'f> = &'f dyn Fn(&str) -> std::io::Result<String>;

fn text_of(place: &str, name: &str, file: Files<'_>) -> Result<String, ConfigError> {
    file(name).map_err(|error| {
        ConfigError::at(place.to_owned(), Wrong::File { name: name.to_owned(), kind: error.kind() })
    })
}

fn tls_texts(written: &WrittenTls, file: Files<'_>) -> Result<TlsTexts, ConfigError> {
    let certificates = text_of("tls.certificates", &written.certificates, file)?;
    let key = text_of("tls.key", &written.key, file)?;
    Ok(TlsTexts { certificates, key })
}

fn add_merchant(
    roster: &mut Roster,
    written: &WrittenMerchant,
    file: Files<'_>,
) -> Result<(), ConfigError> {
    let place = format!("merchant {}/{}", written.channel, written.merchant);
    let wrong = |wrong| Err(ConfigError::at(place.clone(), wrong));
    if !is_name(&written.merchant) {
        return wrong(Wrong::Name(written.merchant.clone()));
    }
    let read = |key: &WrittenKey| -> Result<ChannelKey, ConfigError> {
        let text = text_of(&place, &key.file, file)?;
        let name = key.file.clone();
        ChannelKey::read(&text)
            .map_err(|error| ConfigError::at(place.clone(), Wrong::Key { name, error }))
    };
    let merchant = match written.channel.as_str() {
        "alipay" => {
            if !(1..=KEYS_MAX).contains(&written.keys.len()) {
                return wrong(Wrong::KeyCount { most: KEYS_MAX });
            }
            let keys = written.keys.iter().map(read).collect::<Result<Vec<_>, _>>()?;
            let (app_id, seller_id) = (written.merchant.clone(), written.seller.clone());
            Merchant::Alipay { app_id, seller_id, keys }
        }
        "wechat" => {
            if !(1..=NUMBERED_KEYS_MAX).contains(&written.keys.len()) {
                return wrong(Wrong::KeyCount { most: NUMBERED_KEYS_MAX });
            }
            let mut keys = BTreeMap::new();
            for key in &written.keys {
                let channel_key = read(key)?;
                let serial = channel_key.serial().map(str::to_owned).or_else(|| key.id.clone());
                let Some(serial) = serial else {
                    return wrong(Wrong::NoSerial { name: key.file.clone() });
                };
                keys.insert(serial, channel_key);
            }
            Merchant::Wechat { keys, v2_hints: written.v2_hints }
        }
        other => return wrong(Wrong::Channel(other.to_owned())),
    };
    let account = Account { channel: written.channel.clone(), merchant: written.merchant.clone() };
    match roster.merchants.insert(account, merchant) {
        None => Ok(()),
        Some(_) => wrong(Wrong::Twice),
    }
}

fn add_till(
    roster: &mut Roster,
    written: &WrittenTill,
    file: Files<'_>,
) -> Result<(), ConfigError> {
    let place = format!("till {}", written.name);
    let wrong = |wrong| Err(ConfigError::at(place.clone(), wrong));
    if !is_name(&written.name) {
        return wrong(Wrong::Name(written.name.clone()));
    }
    if !(1..=KEYS_MAX).contains(&written.keys.len()) {
        return wrong(Wrong::KeyCount { most: KEYS_MAX });
    }
    let mut keys = TillKeys::default();
    for key in &written.keys {
        let Some(id) = key.id.as_ref().filter(|id| is_name(id)) else {
            return wrong(Wrong::NoKeyId { name: key.file.clone() });
        };
        let text = text_of(&place, &key.file, file)?;
        let name = key.file.clone();
        let till_key = TillKey::read(&text)
            .map_err(|error| ConfigError::at(place.clone(), Wrong::Key { name, error }))?;
        if keys.0.insert(id.clone(), till_key).is_some() {
            return wrong(Wrong::Twice);
        }
    }
    if written.merchants.is_empty() {
        return wrong(Wrong::NoAccount);
    }
    let mut accounts = BTreeSet::new();
    for named in &written.merchants {
        let account = named.split_once('/').map(|(channel, merchant)| Account {
            channel: channel.to_owned(),
            merchant: merchant.to_owned(),
        });
        match account.filter(|account| roster.merchants.contains_key(account)) {
            Some(account) => accounts.insert(account),
            None => return wrong(Wrong::NoMerchant(named.clone())),
        };
    }
    match roster.tills.insert(written.name.clone(), Till { keys, accounts }) {
        None => Ok(()),
        Some(_) => wrong(Wrong::Twice),
    }
}

/// Says whether a name can stand in an address as it is.
fn is_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=NAME_MAX).contains(&text.len()) && text.bytes().all(is_plain) && !text.starts_with('.')
}

fn settings(written: &WrittenLimits) -> Result<Settings, ConfigError> {
    let plain = Settings::default();
    let count = |name: &str, written: Option<u32>, from: u32, to: u32| match written {
        Some(count) if !(from..=to).contains(&count) => {
            Err(ConfigError::at(format!("limits.{name}"), Wrong::Range { from, to }))
        }
        other => Ok(other),
    };
    let rate = |name: &str, written: &Option<WrittenRate>, plain: Rate| match written {
        None => Ok(plain),
        Some(WrittenRate { burst, each_ms }) => {
            count(&format!("{name}.burst"), Some(*burst), 1, 1_000_000)?;
            count(&format!("{name}.each_ms"), Some(*each_ms), 1, 3_600_000)?;
            Ok(Rate { burst: *burst, each_ms: *each_ms })
        }
    };
    let size = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
    let days = count("keep_days", written.keep_days, KEEP_DAYS_MIN, KEEP_DAYS_MAX)?;
    let backlog = count("backlog", written.backlog, 100, 1_000_000)?;
    let connections = count("connections", written.connections, 16, 100_000)?;
    let each = count("connections_per_address", written.connections_per_address, 1, 100_000)?;
    let beat = count("beat_s", written.beat_s, 5, 60)?;
    Ok(Settings {
        backlog_max: backlog.map_or(plain.backlog_max, i64::from),
        keep_ms: days.map_or(plain.keep_ms, |days| i64::from(days) * 86_400_000),
        connections_max: connections.map_or(plain.connections_max, size),
        connections_per_address_max: each.unwrap_or(plain.connections_per_address_max),
        beat: beat.map_or(plain.beat, |seconds| Duration::from_secs(seconds.into())),
        address_rate: rate(
            "requests_per_address",
            &written.requests_per_address,
            plain.address_rate,
        )?,
        merchant_rate: rate(
            "notices_per_merchant",
            &written.notices_per_merchant,
            plain.merchant_rate,
        )?,
        hint_rate: rate("hints_per_till", &written.hints_per_till, plain.hint_rate)?,
        allowed: networks("allow", &written.allow)?,
        proxies: networks("proxies", &written.proxies)?,
        ..plain
    })
}

fn networks(name: &str, written: &[String]) -> Result<Vec<Network>, ConfigError> {
    let read = |text: &String| {
        Network::read(text)
            .ok_or_else(|| ConfigError::at(format!("limits.{name}"), Wrong::Network(text.clone())))
    };
    written.iter().map(read).collect()
}
