//! The folder in which a practice lives on: its keys, its certificates and its ledger.
//!
//! Keys are made at the first start and stay; files are for their owner only, those found with
//! another mode too. The ledger is a journal of facts, one JSON line each, replayed at the start.

mod certificates;
mod channel_files;
mod journal;
mod wechat;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
use rsa::rand_core::OsRng;
use rsa::{RsaPrivateKey, RsaPublicKey};
use serde::{Deserialize, Serialize};

use crate::options::{APP_ID, CertificateNumbers, Mode, Options, SELLER_ID};
use crate::signer::{RsaSigner, SignerError};

pub use channel_files::{CHANNEL_FILE, WECHAT_CHANNEL_FILE};
pub use journal::Journal;
pub use wechat::{
    WECHAT_MERCHANT_CERT, WECHAT_PAPERS, WECHAT_PLATFORM_CERT, WECHAT_PUBLIC_KEY, WECHAT_ROOT_CERT,
    WECHAT_TLS_CERT, WECHAT_V2_KEY, WECHAT_V3_KEY, WechatPapers,
};

/// The merchant's private key, PKCS#8 PEM.
pub const MERCHANT_PRIVATE_KEY: &str = "merchant_private_key.pem";
/// The same key, PKCS#1 PEM.
pub const MERCHANT_PRIVATE_KEY_PKCS1: &str = "merchant_private_key_pkcs1.pem";
/// The merchant's public key, SPKI PEM.
pub const MERCHANT_PUBLIC_KEY: &str = "merchant_public_key.pem";
/// Alipay's public key (支付宝公钥), SPKI PEM.
pub const ALIPAY_PUBLIC_KEY: &str = "alipay_public_key.pem";
/// The application's certificate (应用公钥证书).
pub const APP_CERT: &str = "app_cert.pem";
/// Alipay's certificate (支付宝公钥证书).
pub const ALIPAY_CERT: &str = "alipay_cert.pem";
/// The root certificate (支付宝根证书).
pub const ALIPAY_ROOT_CERT: &str = "alipay_root_cert.pem";

const ALIPAY_PRIVATE_KEY: &str = "alipay_private_key.pem";
const PAPERS: &str = "papers.json";
const KEY_BITS: usize = 2048;

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("cannot use `{}`", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("another practice uses `{}`", path.display())]
    InUse { path: PathBuf },
    #[error("line {line} of `{}` is not a fact", path.display())]
    Line {
        path: PathBuf,
        line: usize,
        #[source]
        source: serde_json::Error,
    },
    #[error("`{}` is not what was written", path.display())]
    Papers {
        path: PathBuf,
        #[source]
        source: serde_json::Error,
    },
    #[error("a key in the folder cannot be read")]
    Key(#[source] SignerError),
    #[error("a key could not be made, written or used")]
    NewKey(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What a client needs to talk to this practice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Papers {
    pub dir: PathBuf,
    pub app_id: String,
    pub seller_id: String,
    pub certificate_numbers: CertificateNumbers,
}

/// The part of the papers that is a file of its own, written last.
#[derive(Serialize, Deserialize)]
struct Kept {
    app_id: String,
    seller_id: String,
    certificate_numbers: CertificateNumbers,
}

impl Papers {
    /// Reads the papers of a folder. Makes the folder and new keys where there are none.
    pub fn open(dir: &Path) -> Result<Papers, StateError> {
        let kept = match kept(dir)? {
            Some(kept) => kept,
            None => {
                // Of two first starts at once one makes the keys, and the other writes over none.
                let _held = journal::hold(dir)?;
                match kept(dir)? {
                    Some(kept) => kept,
                    None => make(dir)?,
                }
            }
        };
        let Kept { app_id, seller_id, certificate_numbers } = kept;
        Ok(Papers { dir: dir.to_owned(), app_id, seller_id, certificate_numbers })
    }

    /// Returns the path of one of the files named above.
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Returns options for these papers in key mode.
    pub fn options(&self, seed: u64) -> Options {
        let app_id = self.app_id.clone();
        let seller_id = self.seller_id.clone();
        Options { app_id, seller_id, ..Options::new(seed) }
    }

    /// Returns certificate mode with these certificates.
    pub fn certificate_mode(&self) -> Mode {
        Mode::Certificate(self.certificate_numbers.clone())
    }

    /// Reads the keys that the channel's side uses.
    pub fn signer(&self) -> Result<RsaSigner, StateError> {
        let alipay = read(&self.file(ALIPAY_PRIVATE_KEY))?;
        let merchant = read(&self.file(MERCHANT_PUBLIC_KEY))?;
        RsaSigner::from_pem(&alipay, &merchant).map_err(StateError::Key)
    }
}

/// Reads the list of papers; `None` where there is none yet.
fn kept(dir: &Path) -> Result<Option<Kept>, StateError> {
    let path = dir.join(PAPERS);
    match fs::read(&path) {
        Ok(bytes) => {
            close_to_others(dir)?;
            let kept = serde_json::from_slice(&bytes);
            kept.map(Some).map_err(|source| StateError::Papers { path, source })
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StateError::File { path, source }),
    }
}

/// Makes keys and certificates and writes them, the list of papers last: a folder without it is
/// one whose first start was cut short.
fn make(dir: &Path) -> Result<Kept, StateError> {
    make_folder(dir)?;
    let key = || RsaPrivateKey::new(&mut OsRng, KEY_BITS).map_err(new_key);
    let (merchant, alipay, root) = (key()?, key()?, key()?);
    let issued = certificates::issue(&merchant, &alipay, &root).map_err(new_key)?;
    let texts = [
        (MERCHANT_PRIVATE_KEY, pkcs8(&merchant)?),
        (MERCHANT_PRIVATE_KEY_PKCS1, pkcs1(&merchant)?),
        (MERCHANT_PUBLIC_KEY, spki(&merchant)?),
        (ALIPAY_PRIVATE_KEY, pkcs8(&alipay)?),
        (ALIPAY_PUBLIC_KEY, spki(&alipay)?),
        (APP_CERT, issued.app),
        (ALIPAY_CERT, issued.alipay),
        (ALIPAY_ROOT_CERT, issued.root),
    ];
    for (name, text) in &texts {
        write(&dir.join(name), text)?;
    }
    let kept = Kept {
        app_id: APP_ID.to_owned(),
        seller_id: SELLER_ID.to_owned(),
        certificate_numbers: issued.numbers,
    };
    let path = dir.join(PAPERS);
    let text = serde_json::to_string_pretty(&kept)
        .map_err(|source| StateError::Papers { path: path.clone(), source })?;
    write(&path, &text)?;
    Ok(kept)
}

fn pkcs8(key: &RsaPrivateKey) -> Result<String, StateError> {
    Ok(key.to_pkcs8_pem(LineEnding::LF).map_err(new_key)?.to_string())
}

fn pkcs1(key: &RsaPrivateKey) -> Result<String, StateError> {
    Ok(key.to_pkcs1_pem(LineEnding::LF).map_err(new_key)?.to_string())
}

fn spki(key: &RsaPrivateKey) -> Result<String, StateError> {
    RsaPublicKey::from(key).to_public_key_pem(LineEnding::LF).map_err(new_key)
}

fn new_key(error: impl std::error::Error + Send + Sync + 'static) -> StateError {
    StateError::NewKey(Box::new(error))
}

fn make_folder(dir: &Path) -> Result<(), StateError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|source| StateError::File { path: dir.to_owned(), source })
}

fn read(path: &Path) -> Result<String, StateError> {
    let failed = |source| StateError::File { path: path.to_owned(), source };
    fs::read_to_string(path).map_err(failed)
}

/// Writes a file as a whole, under another name first.
fn write(path: &Path, text: &str) -> Result<(), StateError> {
    let failed = |source| StateError::File { path: path.to_owned(), source };
    let beside = path.with_extension("part");
    // One left by a start cut short would keep the mode it has.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        Ok(()) | Err(_) => {}
    }
    let mut file = owner_only().create_new(true).open(&beside).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    fs::rename(&beside, path).map_err(failed)
}

/// Takes everybody else's rights from the files of ours that are there: a copy or an archive may
/// have given them some.
fn close_to_others(dir: &Path) -> Result<(), StateError> {
    const OURS: [&str; 10] = [
        MERCHANT_PRIVATE_KEY,
        MERCHANT_PRIVATE_KEY_PKCS1,
        MERCHANT_PUBLIC_KEY,
        ALIPAY_PRIVATE_KEY,
        ALIPAY_PUBLIC_KEY,
        APP_CERT,
        ALIPAY_CERT,
        ALIPAY_ROOT_CERT,
        PAPERS,
        journal::LEDGER,
    ];
    #[cfg(unix)]
    for path in OURS.iter().chain(&wechat::FILES).map(|name| dir.join(name)) {
        use std::os::unix::fs::PermissionsExt;
        let failed = |source| StateError::File { path: path.clone(), source };
        let mode = match fs::metadata(&path) {
            Ok(about) => about.permissions().mode(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(failed(error)),
        };
        if mode & 0o077 != 0 {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
        }
    }
    Ok(())
}

/// Returns how files of this folder are made: for their owner only.
fn owner_only() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.create(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
