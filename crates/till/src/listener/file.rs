//! A till's file about its relay: which way notices come.
//!
//! ```toml
//! way = "standalone"                       # or "embedded", or "none"
//! address = "https://relay.example.com"    # where the till listens
//! notify = "https://pay.example.com"       # where channels post; `address` where left out
//! till = "till-1"                          # the till's name in relay.toml
//! key_id = "a"
//! key_file = "till-1.key"                  # 32 random bytes or more, as base64; chmod 600
//! root_certificates_file = "relay-ca.pem"  # where the relay's certificate is of one's own making
//! ```
//!
//! ```toml
//! way = "embedded"
//! listen = "192.168.1.20:8620"             # where the relay in this program listens
//! notify = "https://pay.example.com"       # what leads there from outside
//! till = "till-1"
//! ```

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use mianfu_gateway::{EndpointError, Https, is_origin};
use mianfu_relay::keys::{KeyError, TillKey};
use serde::Deserialize;

use super::link::Link;

/// The longest name of a till or a key, as at the relay.
const NAME_BYTES_MAX: usize = 64;
/// The most bytes of the file or of what it names.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Which way notices shall come to a till.
#[derive(Debug, Default)]
pub enum RelayWish {
    /// None: the till asks.
    #[default]
    None,
    /// From a relay in this program.
    Embedded {
        /// Where it listens; port 0 is any that is free.
        listen: SocketAddr,
        /// What leads there for the channels: scheme, host and port. Where it listens, where that is
        /// left out.
        notify: Option<String>,
        /// The till's name in the address.
        till: String,
    },
    /// From a relay elsewhere.
    Standalone {
        /// How it is called.
        link: Link,
        /// What leads there for the channels: scheme, host and port.
        notify: String,
        /// The till's name there.
        till: String,
    },
}

impl RelayWish {
    /// Returns the wish of a till at practice: a relay in this program that nobody else reaches.
    #[must_use]
    pub fn practice() -> RelayWish {
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        RelayWish::Embedded { listen, notify: None, till: "practice".to_owned() }
    }
}

/// Why a file about a relay is not used, and what to do. Holds no part of a key.
#[derive(Debug, thiserror::Error)]
pub enum RelayFileError {
    /// Not there, not readable or no text.
    #[error("`{}` cannot be read: check the path", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Bytes and no text.
    #[error("`{}` is not text: save it as UTF-8", path.display())]
    NotText {
        /// Which file.
        path: PathBuf,
    },
    /// Others can read the key.
    #[error("`{}` can be read by others: run chmod 600 on it", path.display())]
    Open {
        /// Which file.
        path: PathBuf,
    },
    /// Not in the form of such a file.
    #[error("`{}` does not say how notices come: {what}", path.display())]
    Form {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        what: Wrong,
    },
    /// The key cannot be used.
    #[error("the key `{}` cannot be used", path.display())]
    Key {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: KeyError,
    },
    /// The relay's address cannot be used.
    #[error("the relay's address cannot be used")]
    Endpoint(#[from] EndpointError),
}

/// What is wrong with the form. Names our members and lines, never what stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// What stands in this line is not understood.
    Line(usize),
    /// A member is missing, for this way.
    Missing(&'static str),
    /// A member belongs to another way.
    Unused(&'static str),
    /// A name that cannot stand in an address.
    Name(&'static str),
    /// No address of scheme and host alone.
    Address(&'static str),
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wrong::Line(line) => write!(f, "look at line {line}"),
            Wrong::Missing(member) => write!(f, "add `{member}`"),
            Wrong::Unused(member) => write!(f, "`{member}` is of another way: take it out"),
            Wrong::Name(member) => {
                write!(f, "`{member}` is letters, digits, dots, dashes and underscores")
            }
            Wrong::Address(member) => {
                write!(
                    f,
                    "`{member}` is https, scheme and host alone, such as https://pay.example.com; \
                     http is for this computer only"
                )
            }
        }
    }
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum WayName {
    None,
    Embedded,
    Standalone,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    way: Option<WayName>,
    listen: Option<SocketAddr>,
    address: Option<String>,
    notify: Option<String>,
    till: Option<String>,
    key_id: Option<String>,
    key_file: Option<PathBuf>,
    root_certificates_file: Option<PathBuf>,
}

/// Reads a till's file about its relay, and the files that it names, which lie beside it.
///
/// # Errors
///
/// Each says what is wrong and what to do.
pub fn load(path: &Path) -> Result<RelayWish, RelayFileError> {
    let text = read(path)?;
    let form = |what| RelayFileError::Form { path: path.to_owned(), what };
    let text = text.trim_start_matches('\u{feff}');
    let fields: Fields = toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        form(Wrong::Line(before.matches('\n').count() + 1))
    })?;
    let way = fields.way.ok_or_else(|| form(Wrong::Missing("way")))?;
    check(&fields, way).map_err(form)?;
    let till = fields.till.clone().unwrap_or_default();
    match way {
        WayName::None => Ok(RelayWish::None),
        WayName::Embedded => {
            let listen = fields.listen.ok_or_else(|| form(Wrong::Missing("listen")))?;
            Ok(RelayWish::Embedded { listen, notify: fields.notify, till })
        }
        WayName::Standalone => {
            let address = fields.address.clone().unwrap_or_default();
            let link = link(path, &fields, &address, &till)?;
            Ok(RelayWish::Standalone { link, notify: fields.notify.unwrap_or(address), till })
        }
    }
}

/// Checks that there is what the way needs and nothing besides, and that names and addresses are.
fn check(fields: &Fields, way: WayName) -> Result<(), Wrong> {
    use WayName::{Embedded, Standalone};

    let members = [
        ("listen", fields.listen.is_some(), &[Embedded][..], &[Embedded][..]),
        ("address", fields.address.is_some(), &[Standalone], &[Standalone]),
        ("notify", fields.notify.is_some(), &[Embedded], &[Embedded, Standalone]),
        ("till", fields.till.is_some(), &[Embedded, Standalone], &[Embedded, Standalone]),
        ("key_id", fields.key_id.is_some(), &[Standalone], &[Standalone]),
        ("key_file", fields.key_file.is_some(), &[Standalone], &[Standalone]),
        ("root_certificates_file", fields.root_certificates_file.is_some(), &[], &[Standalone]),
    ];
    for (member, is_there, needed_by, known_to) in members {
        if !is_there && needed_by.contains(&way) {
            return Err(Wrong::Missing(member));
        }
        if is_there && !known_to.contains(&way) {
            return Err(Wrong::Unused(member));
        }
    }
    for (member, name) in [("till", &fields.till), ("key_id", &fields.key_id)] {
        if name.as_ref().is_some_and(|name| !is_name(name)) {
            return Err(Wrong::Name(member));
        }
    }
    for (member, address) in [("address", &fields.address), ("notify", &fields.notify)] {
        if address.as_ref().is_some_and(|address| !is_origin(address)) {
            return Err(Wrong::Address(member));
        }
    }
    Ok(())
}

fn link(path: &Path, fields: &Fields, address: &str, till: &str) -> Result<Link, RelayFileError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let key_file = folder.join(fields.key_file.as_deref().unwrap_or(Path::new("")));
    let text = read(&key_file)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if std::fs::metadata(&key_file).is_ok_and(|file| file.permissions().mode() & 0o077 != 0) {
            return Err(RelayFileError::Open { path: key_file });
        }
    }
    let key = TillKey::read(&text)
        .map_err(|source| RelayFileError::Key { path: key_file.clone(), source })?;
    let transport = match &fields.root_certificates_file {
        Some(roots) => Https::trusting(address, read(&folder.join(roots))?.as_bytes())?,
        None => Https::new(address)?,
    };
    let key_id = fields.key_id.as_deref().unwrap_or_default();
    Ok(Link::new(address, till, (key_id, key), transport))
}

fn read(path: &Path) -> Result<String, RelayFileError> {
    let unreadable = |source| RelayFileError::Unreadable { path: path.to_owned(), source };
    if FILE_BYTES_MAX < std::fs::metadata(path).map_err(unreadable)?.len() {
        return Err(unreadable(std::io::ErrorKind::FileTooLarge.into()));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|_| RelayFileError::NotText { path: path.to_owned() })
}

fn is_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=NAME_BYTES_MAX).contains(&text.len())
        && text.bytes().all(is_plain)
        && !text.starts_with('.')
}
