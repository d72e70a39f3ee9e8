//! The part of the folder that WeChat Pay needs, made when it is first asked for.
//!
//! The merchant signs with the key that it has for Alipay too; its certificate here is WeChat
//! Pay's. The platform has two keys, one with a certificate and one without, so that a client can
//! be led from either to the other.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rsa::RsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::rand_core::{OsRng, RngCore};
use serde::{Deserialize, Serialize};

use super::{
    KEY_BITS, MERCHANT_PRIVATE_KEY, MERCHANT_PUBLIC_KEY, Papers, StateError, certificates, new_key,
    pkcs8, read, spki, write,
};
use crate::http::Tls;
use crate::signer::{RsaSigner, SignerError};
use crate::wechat::{Account, Certificate, PlatformKey, Secrets};

/// The merchant's API certificate (商户API证书), for the key in `merchant_private_key.pem`.
pub const WECHAT_MERCHANT_CERT: &str = "wechat_merchant_cert.pem";
/// The platform certificate (平台证书).
pub const WECHAT_PLATFORM_CERT: &str = "wechat_platform_cert.pem";
/// WeChat Pay's bare public key (微信支付公钥), SPKI PEM.
pub const WECHAT_PUBLIC_KEY: &str = "wechat_public_key.pem";
/// The root of both certificates.
pub const WECHAT_ROOT_CERT: &str = "wechat_root_cert.pem";
/// The certificate of the TLS port, for this machine's names.
pub const WECHAT_TLS_CERT: &str = "wechat_tls_cert.pem";
/// The APIv2 key (API密钥), 32 characters.
pub const WECHAT_V2_KEY: &str = "wechat_v2.key";
/// The APIv3 key (APIv3密钥), 32 characters.
pub const WECHAT_V3_KEY: &str = "wechat_v3.key";
/// Numbers and secrets of the account, as JSON.
pub const WECHAT_PAPERS: &str = "wechat.json";

const PLATFORM_PRIVATE_KEY: &str = "wechat_platform_private_key.pem";
const PUBLIC_PRIVATE_KEY: &str = "wechat_public_private_key.pem";

const APPID: &str = "wx9999000000000001";
const MCHID: &str = "1900009999";
const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_0119000099992026010100000001";
const EFFECTIVE_MS: i64 = 1_577_836_800_000;
const EXPIRE_MS: i64 = 4_070_908_800_000;

/// Every file named above.
pub(super) const FILES: [&str; 10] = [
    WECHAT_V2_KEY,
    WECHAT_V3_KEY,
    WECHAT_MERCHANT_CERT,
    WECHAT_PLATFORM_CERT,
    WECHAT_PUBLIC_KEY,
    WECHAT_ROOT_CERT,
    WECHAT_TLS_CERT,
    WECHAT_PAPERS,
    PLATFORM_PRIVATE_KEY,
    PUBLIC_PRIVATE_KEY,
];

/// What a client needs to talk to this WeChat Pay.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WechatPapers {
    #[serde(skip)]
    pub(super) dir: PathBuf,
    pub appid: String,
    pub mchid: String,
    pub merchant_serial: String,
    pub platform_serial: String,
    pub public_key_id: String,
    v2_key: String,
    v3_key: String,
}

impl std::fmt::Debug for WechatPapers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WechatPapers({}, \"***\")", self.mchid)
    }
}

impl WechatPapers {
    /// Reads the papers beside those of Alipay. Makes keys and certificates where there are none.
    pub fn open(papers: &Papers) -> Result<WechatPapers, StateError> {
        let path = papers.file(WECHAT_PAPERS);
        let kept: WechatPapers = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|source| StateError::Papers { path, source })?,
            Err(error) if error.kind() == ErrorKind::NotFound => make(&papers.dir)?,
            Err(source) => return Err(StateError::File { path, source }),
        };
        Ok(WechatPapers { dir: papers.dir.clone(), ..kept })
    }

    /// Returns the account with both keys. The one with the certificate signs.
    pub fn account(&self) -> Result<Account, StateError> {
        let pem = read(&self.dir.join(WECHAT_PLATFORM_CERT))?;
        let certificate = Certificate { pem, effective_ms: EFFECTIVE_MS, expire_ms: EXPIRE_MS };
        let platform = PlatformKey {
            serial: self.platform_serial.clone(),
            certificate: Some(certificate),
            signer: Box::new(self.signer(PLATFORM_PRIVATE_KEY)?),
        };
        let public = PlatformKey {
            serial: self.public_key_id.clone(),
            certificate: None,
            signer: Box::new(self.signer(PUBLIC_PRIVATE_KEY)?),
        };
        let secrets = Secrets { v2_key: self.v2_key.clone(), v3_key: self.v3_key_bytes() };
        let (appid, mchid) = (&self.appid, &self.mchid);
        let mut account = Account::new(appid, mchid, &self.merchant_serial, secrets, platform);
        account.add_key(public);
        Ok(account)
    }

    /// Reads what the TLS port needs. Its key is the platform's.
    pub fn tls(&self) -> Result<Tls, StateError> {
        let text = |name: &str| read(&self.dir.join(name));
        Tls::from_pem(
            &text(WECHAT_TLS_CERT)?,
            &text(PLATFORM_PRIVATE_KEY)?,
            &text(WECHAT_ROOT_CERT)?,
            &text(WECHAT_MERCHANT_CERT)?,
        )
        .map_err(StateError::NewKey)
    }

    /// The text in the file has 32 characters; another's end is cut off or filled up.
    fn v3_key_bytes(&self) -> [u8; 32] {
        let mut key = [b'0'; 32];
        for (place, byte) in key.iter_mut().zip(self.v3_key.bytes()) {
            *place = byte;
        }
        key
    }

    fn signer(&self, name: &str) -> Result<RsaSigner, StateError> {
        let platform = read(&self.dir.join(name))?;
        let merchant = read(&self.dir.join(MERCHANT_PUBLIC_KEY))?;
        RsaSigner::from_pem(&platform, &merchant).map_err(StateError::Key)
    }
}

/// Makes keys and certificates and writes them, the papers last: a folder without those is one
/// whose first start was cut short.
fn make(dir: &Path) -> Result<WechatPapers, StateError> {
    let merchant = RsaPrivateKey::from_pkcs8_pem(&read(&dir.join(MERCHANT_PRIVATE_KEY))?)
        .map_err(|error| StateError::Key(SignerError::ChannelKey(error)))?;
    let key = || RsaPrivateKey::new(&mut OsRng, KEY_BITS).map_err(new_key);
    let (platform, public, root) = (key()?, key()?, key()?);
    let (v2_key, v3_key) = (secret(), secret());
    let issued = certificates::issue_wechat(&merchant, &platform, &root, MCHID).map_err(new_key)?;
    let texts = [
        (WECHAT_MERCHANT_CERT, issued.merchant),
        (WECHAT_PLATFORM_CERT, issued.platform),
        (WECHAT_ROOT_CERT, issued.root),
        (WECHAT_TLS_CERT, issued.tls),
        (PLATFORM_PRIVATE_KEY, pkcs8(&platform)?),
        (PUBLIC_PRIVATE_KEY, pkcs8(&public)?),
        (WECHAT_PUBLIC_KEY, spki(&public)?),
        (WECHAT_V2_KEY, v2_key.clone()),
        (WECHAT_V3_KEY, v3_key.clone()),
    ];
    for (name, text) in &texts {
        write(&dir.join(name), text)?;
    }
    let kept = WechatPapers {
        dir: dir.to_owned(),
        appid: APPID.to_owned(),
        mchid: MCHID.to_owned(),
        merchant_serial: issued.merchant_serial,
        platform_serial: issued.platform_serial,
        public_key_id: PUBLIC_KEY_ID.to_owned(),
        v2_key,
        v3_key,
    };
    let path = dir.join(WECHAT_PAPERS);
    let text = serde_json::to_string_pretty(&kept)
        .map_err(|source| StateError::Papers { path: path.clone(), source })?;
    write(&path, &text)?;
    Ok(kept)
}

/// Returns 32 characters that nobody knows.
fn secret() -> String {
    format!("{:016x}{:016x}", OsRng.next_u64(), OsRng.next_u64())
}
