//! A channel's file: where, as whom and with which keys a till calls.
//!
//! Until keys lie in the vault, such a file is for practice and the sandbox only: it must be
//! readable by its owner alone, and a live gateway or a live application is refused.
//!
//! ```toml
//! channel = "alipay"
//! environment = "practice"               # or "sandbox"
//! gateway = "http://127.0.0.1:40123/gateway.do"
//! app_id = "9999000000000001"
//! seller_id = "2088999900000001"         # optional
//! private_key_file = "merchant_private_key.pem"
//! alipay_public_key_file = "alipay_public_key.pem"
//! # or, in certificate mode (公钥证书模式), instead of alipay_public_key_file:
//! # app_certificate_file, alipay_certificate_file, root_certificates_file
//! ```
//!
//! WeChat Pay's has members of its own, see `channel_file/wechat.rs`.

mod wechat;
mod wrong;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use mianfu_core::money::Timestamp;
use mianfu_core::mutant;
use mianfu_gateway::{
    Alipay, AlipaySettings, AppAuthToken, Channel, EndpointError, Https, KeyError, MerchantKeys,
    RsaKeys,
};
use serde::Deserialize;

pub use wrong::Wrong;

/// Where Alipay's sandbox answers (opendocs, sandbox).
const SANDBOX_HOST: &str = "https://openapi-sandbox.dl.alipaydev.com/";
/// How applications of practice begin; no real one does.
const PRACTICE_APP: &str = "9999";
/// How applications of Alipay's sandbox begin.
const SANDBOX_APPS: [&str; 2] = ["9021", "2021000"];
/// The most bytes a channel's file or a key has.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Why a channel's file is not used, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ChannelFileError {
    /// Not there or not readable.
    #[error("`{}` cannot be read: check the path", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Others can read it.
    #[error("`{}` can be read by others: run chmod 600 on it", path.display())]
    Open {
        /// Which file.
        path: PathBuf,
    },
    /// Bytes and no text, as a .p12 is.
    #[error(
        "`{}` is not text: of a .p12 take the PEM files that come with it (apiclient_cert.pem and \
         apiclient_key.pem)",
        path.display()
    )]
    NotText {
        /// Which file.
        path: PathBuf,
    },
    /// Larger than such a file ever is.
    #[error("`{}` is too large to be a channel's file or a key", path.display())]
    TooLarge {
        /// Which file.
        path: PathBuf,
    },
    /// Not in the form of a channel's file. Says where, never what stands there.
    #[error("`{}` is not a channel's file: {what}", path.display())]
    Form {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        what: Wrong,
    },
    /// A live gateway or application.
    #[error("{what}: a live merchant's keys belong in the vault, which this version has not got")]
    Live {
        /// What gives it away.
        what: &'static str,
    },
    /// A key that cannot be used.
    #[error("a key of `{}` cannot be used", path.display())]
    Key {
        /// Which channel's file.
        path: PathBuf,
        /// What is wrong, and what to do.
        #[source]
        source: KeyError,
    },
    /// An address that cannot be used.
    #[error("the gateway's address cannot be used")]
    Endpoint(#[from] EndpointError),
}

/// Read first, to know which other members there are.
#[derive(Deserialize)]
struct Named {
    channel: ChannelName,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    #[expect(dead_code, reason = "read before the rest, to know which members there are")]
    channel: ChannelName,
    environment: Environment,
    gateway: String,
    app_id: String,
    seller_id: Option<String>,
    app_auth_token: Option<String>,
    private_key_file: PathBuf,
    alipay_public_key_file: Option<PathBuf>,
    app_certificate_file: Option<PathBuf>,
    alipay_certificate_file: Option<PathBuf>,
    root_certificates_file: Option<PathBuf>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum ChannelName {
    Alipay,
    Wechat,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Environment {
    Practice,
    Sandbox,
}

/// A channel with its way there.
pub struct Loaded {
    /// The channel.
    pub channel: Channel<MerchantKeys>,
    /// The connection to its gateway.
    pub transport: Https,
    /// Whether its money is pretended.
    pub practice: bool,
    /// What its notices are verified with.
    pub notice_keys: NoticeKeys,
}

/// What a relay in this program needs to verify a channel's notices: public keys only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeKeys {
    /// The seller's number, where the channel has one and the file says it.
    pub seller: Option<String>,
    /// Keys or certificates as PEM, with the number of a key that does not say its own.
    pub keys: Vec<(Option<String>, String)>,
}

/// Reads the files of all channels; each channel has one.
///
/// # Errors
///
/// Each says what is wrong and what to do; none holds any part of a key.
pub fn load_all(
    paths: &[PathBuf],
    payer_key: [u8; 32],
    now: Timestamp,
) -> Result<Vec<Loaded>, ChannelFileError> {
    let mut all: Vec<Loaded> = Vec::new();
    for path in paths {
        let loaded = load(path, payer_key, now)?;
        if all.iter().any(|other| other.channel.id() == loaded.channel.id()) {
            let what = Wrong::SecondOfChannel;
            return Err(ChannelFileError::Form { path: path.to_owned(), what });
        }
        if all.iter().any(|other| other.practice != loaded.practice) {
            let what = Wrong::PracticeBesideReal;
            return Err(ChannelFileError::Form { path: path.to_owned(), what });
        }
        all.push(loaded);
    }
    Ok(all)
}

/// Reads a channel's file and the keys it names, relative to its folder.
///
/// # Errors
///
/// Each says what is wrong and what to do; none holds any part of a key.
pub fn load(path: &Path, payer_key: [u8; 32], now: Timestamp) -> Result<Loaded, ChannelFileError> {
    let text = read_private(path)?;
    let wrong = |error: toml::de::Error| ChannelFileError::Form {
        path: path.to_owned(),
        what: what_is_wrong(&text, &error),
    };
    match toml::from_str::<Named>(&text).map_err(wrong)?.channel {
        ChannelName::Alipay => {
            load_alipay(path, toml::from_str(&text).map_err(wrong)?, payer_key, now)
        }
        ChannelName::Wechat => {
            wechat::load(path, toml::from_str(&text).map_err(wrong)?, payer_key, now)
        }
    }
}

fn load_alipay(
    path: &Path,
    fields: Fields,
    payer_key: [u8; 32],
    now: Timestamp,
) -> Result<Loaded, ChannelFileError> {
    refuse_live(&fields)?;
    let keys = MerchantKeys::Alipay(load_keys(path, &fields, now)?);
    let public = fields.alipay_certificate_file.as_ref().or(fields.alipay_public_key_file.as_ref());
    let folder = path.parent().unwrap_or(Path::new("."));
    let public = public.map(|file| read_private(&folder.join(file))).transpose()?;
    let notice_keys = NoticeKeys {
        seller: fields.seller_id.clone(),
        keys: public.into_iter().map(|text| (None, text)).collect(),
    };
    let settings = AlipaySettings {
        seller_id: fields.seller_id,
        app_auth_token: fields.app_auth_token.map(AppAuthToken),
        ..AlipaySettings::new(&fields.gateway, &fields.app_id)
    };
    let transport = Https::new(&fields.gateway)?;
    Ok(Loaded {
        channel: Channel::Alipay(Alipay { settings, keys, payer_key }),
        transport,
        practice: fields.environment == Environment::Practice,
        notice_keys,
    })
}

/// Says what is wrong with the form. A message may repeat what stands there, and that may be a key
/// pasted into the wrong place; only one about a member that is missing names none but ours.
fn what_is_wrong(text: &str, error: &toml::de::Error) -> Wrong {
    if mutant::planted("law9_form_repeats_what_stands_there") {
        return Wrong::Missing { member: error.message().to_owned() };
    }
    if let Some(named) = error.message().strip_prefix("missing field `") {
        let member = named.split('`').next().unwrap_or_default().to_owned();
        return Wrong::Missing { member };
    }
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    Wrong::Line(before.matches('\n').count() + 1)
}

fn refuse_live(fields: &Fields) -> Result<(), ChannelFileError> {
    let live = |what| Err(ChannelFileError::Live { what });
    match fields.environment {
        Environment::Practice if !fields.app_id.starts_with(PRACTICE_APP) => {
            live("the application is not one of practice")
        }
        // Plain http is accepted for this computer only, so practice cannot be another one.
        Environment::Practice if !fields.gateway.starts_with("http://") => {
            live("the gateway is not practice on this computer")
        }
        Environment::Sandbox if !fields.gateway.starts_with(SANDBOX_HOST) => {
            live("the gateway is not Alipay's sandbox")
        }
        Environment::Sandbox
            if !SANDBOX_APPS.iter().any(|start| fields.app_id.starts_with(start)) =>
        {
            live("the application is not one of the sandbox")
        }
        Environment::Practice | Environment::Sandbox => Ok(()),
    }
}

fn load_keys(path: &Path, fields: &Fields, now: Timestamp) -> Result<RsaKeys, ChannelFileError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let read = |file: &Option<PathBuf>| match file {
        Some(file) => read_private(&folder.join(file)),
        None => Ok(String::new()),
    };
    let private_key = read_private(&folder.join(&fields.private_key_file))?;
    let keys = if fields.app_certificate_file.is_some() {
        RsaKeys::from_certificates(
            &private_key,
            &read(&fields.app_certificate_file)?,
            &read(&fields.alipay_certificate_file)?,
            &read(&fields.root_certificates_file)?,
            now,
        )
    } else {
        RsaKeys::from_keys(&private_key, &read(&fields.alipay_public_key_file)?)
    };
    keys.map_err(|source| ChannelFileError::Key { path: path.to_owned(), source })
}

fn read_private(path: &Path) -> Result<String, ChannelFileError> {
    let unreadable = |source| ChannelFileError::Unreadable { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let about = file.metadata().map_err(unreadable)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if about.permissions().mode() & 0o077 != 0 {
            return Err(ChannelFileError::Open { path: path.to_owned() });
        }
    }
    if FILE_BYTES_MAX < about.len() {
        return Err(ChannelFileError::TooLarge { path: path.to_owned() });
    }
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX).read_to_end(&mut bytes).map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|_| ChannelFileError::NotText { path: path.to_owned() })
}

/// Returns the key under which payers' ids are hashed, made at the first call and kept beside the
/// database, readable by its owner alone.
///
/// # Errors
///
/// Fails where the file cannot be read or made.
pub fn payer_key(folder: &Path) -> std::io::Result<[u8; 32]> {
    let path = folder.join("payer.key");
    let mut key = [0_u8; 32];
    match std::fs::File::open(&path).and_then(|mut file| file.read_exact(&mut key)) {
        Ok(()) => return Ok(key),
        // None yet, or one cut short by a power cut: a new one forgets who paid in the last
        // minutes and nothing else.
        Err(error)
            if matches!(
                error.kind(),
                std::io::ErrorKind::NotFound | std::io::ErrorKind::UnexpectedEof
            ) => {}
        Err(error) => return Err(error),
    }
    getrandom::fill(&mut key).map_err(std::io::Error::other)?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(&path)?;
    file.write_all(&key)?;
    file.sync_all()?;
    Ok(key)
}
