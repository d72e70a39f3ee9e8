//! A channel's file for WeChat Pay.
//!
//! ```toml
//! channel = "wechat"
//! environment = "practice"
//! gateway = "https://127.0.0.1:40124"
//! app_id = "wx9999000000000001"
//! merchant_id = "1900009999"
//! merchant_serial = "3F2A…"              # of the merchant's API certificate
//! private_key_file = "merchant_private_key.pem"
//! certificate_file = "wechat_merchant_cert.pem" # without it codes are shown and none is scanned
//! v2_key_file = "wechat_v2.key"
//! v3_key_file = "wechat_v3.key"
//! # the channel's key, one way or both, as during a change-over:
//! platform_certificate_file = "wechat_platform_cert.pem"  # its successors are downloaded
//! # public_key_file = "wechat_public_key.pem" and public_key_id = "PUB_KEY_ID_…"
//! notify_url = "https://notify.invalid/wechat"
//! terminal_ip = "127.0.0.1"
//! root_certificates_file = "wechat_root_cert.pem"  # where not the system's roots vouch for it
//! sign_type = "hmac_sha256"              # or "md5"
//! # where a service provider (服务商) calls for a merchant of its own:
//! # sub_merchant_id = "1900000109" and, if it has one, sub_app_id = "wx…"
//! scan_generation = "v2"                 # or "v3" with store_number = "A1111"
//! ```
//!
//! Leave `scan_generation` at v2 unless WeChat Pay has opened codepay (付款码 v3) for the merchant:
//! its error table is not published whole, and it has not been tried with a real merchant. Change it
//! while nothing is open.

use std::path::{Path, PathBuf};

use mianfu_core::money::Timestamp;
use mianfu_gateway::{
    ApiV2Key, ApiV3Key, Channel, Https, KeyError, MerchantKeys, PlatformKey, Scans, SignType,
    SubMerchant, Wechat, WechatKeys, WechatSettings, merchant_serial,
};
use serde::Deserialize;

use super::{ChannelFileError, ChannelName, Environment, Loaded, NoticeKeys, Wrong, read_private};

/// How applications of practice begin; no real one has so many nines.
const PRACTICE_APP: &str = "wx9999";
/// Where practice answers: on this computer.
const PRACTICE_HOST: &str = "https://127.0.0.1:";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    #[expect(dead_code, reason = "read before the rest, to know which members there are")]
    channel: ChannelName,
    environment: Environment,
    gateway: String,
    app_id: String,
    merchant_id: String,
    merchant_serial: String,
    private_key_file: PathBuf,
    certificate_file: Option<PathBuf>,
    v2_key_file: PathBuf,
    v3_key_file: PathBuf,
    platform_certificate_file: Option<PathBuf>,
    public_key_file: Option<PathBuf>,
    public_key_id: Option<String>,
    notify_url: String,
    terminal_ip: String,
    root_certificates_file: Option<PathBuf>,
    #[serde(default)]
    sign_type: SignTypeName,
    sub_merchant_id: Option<String>,
    sub_app_id: Option<String>,
    #[serde(default)]
    scan_generation: GenerationName,
    store_number: Option<String>,
}

#[derive(Deserialize, Clone, Copy, Default)]
#[serde(rename_all = "snake_case")]
enum GenerationName {
    #[default]
    V2,
    V3,
}

#[derive(Deserialize, Clone, Copy, Default)]
#[serde(rename_all = "snake_case")]
enum SignTypeName {
    #[default]
    HmacSha256,
    Md5,
}

pub(super) fn load(
    path: &Path,
    fields: Fields,
    payer_key: [u8; 32],
    now: Timestamp,
) -> Result<Loaded, ChannelFileError> {
    refuse_live(&fields)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let read = |file: &Path| read_private(&folder.join(file));
    let private_key = read(&fields.private_key_file)?;
    let (platform, notice_keys) = platform_keys(path, &fields, now)?;
    let keys = WechatKeys::new(&private_key, platform)
        .map_err(|source| ChannelFileError::Key { path: path.to_owned(), source })?;
    let v2_key =
        ApiV2Key::new(read(&fields.v2_key_file)?.trim()).ok_or_else(|| form(path, Wrong::V2Key))?;
    let v3_key =
        ApiV3Key::new(read(&fields.v3_key_file)?.trim()).ok_or_else(|| form(path, Wrong::V3Key))?;
    let (scans, sub_merchant) = (scans(path, &fields)?, sub_merchant(path, &fields)?);
    let roots = fields.root_certificates_file.as_deref().map(read).transpose()?;
    let certificate = fields.certificate_file.as_deref().map(read).transpose()?;
    if let Some(certificate) = &certificate {
        let serial = merchant_serial(certificate, &private_key, now)
            .map_err(|source| ChannelFileError::Key { path: path.to_owned(), source })?;
        if serial != fields.merchant_serial {
            return Err(form(path, Wrong::OtherSerial));
        }
    }
    let roots = roots.as_ref().map(|pem| pem.as_bytes());
    let transport = match (certificate, roots) {
        (Some(certificate), roots) => {
            let identity = format!("{certificate}\n{private_key}");
            Https::identified(&fields.gateway, roots, identity.as_bytes())?
        }
        (None, Some(roots)) => Https::trusting(&fields.gateway, roots)?,
        (None, None) => Https::new(&fields.gateway)?,
    };
    let settings = WechatSettings {
        endpoint: fields.gateway.trim_end_matches('/').to_owned(),
        app_id: fields.app_id,
        mch_id: fields.merchant_id,
        serial_no: fields.merchant_serial,
        answer_serial: fields.public_key_id,
        notify_url: fields.notify_url,
        terminal_ip: fields.terminal_ip,
        device: None,
        sign_type: match fields.sign_type {
            SignTypeName::HmacSha256 => SignType::HmacSha256,
            SignTypeName::Md5 => SignType::Md5,
        },
        scans,
        sub_merchant,
    };
    let keys = MerchantKeys::Wechat(keys);
    Ok(Loaded {
        channel: Channel::Wechat(Wechat { settings, keys, v3_key, v2_key, payer_key }),
        transport,
        practice: fields.environment == Environment::Practice,
        notice_keys: NoticeKeys { seller: None, keys: notice_keys },
    })
}

fn scans(path: &Path, fields: &Fields) -> Result<Scans, ChannelFileError> {
    match (fields.scan_generation, &fields.store_number) {
        (GenerationName::V2, None) => Ok(Scans::V2),
        (GenerationName::V3, Some(store)) if (1..=32).contains(&store.len()) => {
            Ok(Scans::V3 { store: store.clone() })
        }
        (GenerationName::V3, Some(_) | None) => Err(form(path, Wrong::NoStoreNumber)),
        (GenerationName::V2, Some(_)) => Err(form(path, Wrong::StoreNumberUnused)),
    }
}

fn sub_merchant(path: &Path, fields: &Fields) -> Result<Option<SubMerchant>, ChannelFileError> {
    match (&fields.sub_merchant_id, &fields.sub_app_id) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(form(path, Wrong::SubAppAlone)),
        (Some(mch_id), app_id) => {
            if mch_id == &fields.merchant_id {
                return Err(form(path, Wrong::SubIsMerchant));
            }
            Ok(Some(SubMerchant { mch_id: mch_id.clone(), app_id: app_id.clone() }))
        }
    }
}

fn form(path: &Path, what: Wrong) -> ChannelFileError {
    ChannelFileError::Form { path: path.to_owned(), what }
}

/// The keys that a channel signs with, and the texts they were read from.
type PlatformKeys = (Vec<PlatformKey>, Vec<(Option<String>, String)>);

/// Reads the keys that the channel signs with: its certificate, its public key, or both.
fn platform_keys(
    path: &Path,
    fields: &Fields,
    now: Timestamp,
) -> Result<PlatformKeys, ChannelFileError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let unusable = |source: KeyError| ChannelFileError::Key { path: path.to_owned(), source };
    let (mut keys, mut texts) = (Vec::new(), Vec::new());
    if let Some(file) = &fields.platform_certificate_file {
        let pem = read_private(&folder.join(file))?;
        match PlatformKey::from_certificate(&pem, now) {
            Ok(key) => {
                keys.push(key);
                texts.push((None, pem));
            }
            // Its successor is downloaded at the start; the shop must not stay shut until somebody
            // lays it down here.
            Err(KeyError::Expired { .. }) => {
                tracing::warn!("WeChat Pay's certificate in the file is over");
            }
            Err(error) => return Err(unusable(error)),
        }
    }
    if let Some(file) = &fields.public_key_file {
        let text = read_private(&folder.join(file))?;
        let id = fields.public_key_id.as_deref().unwrap_or_default();
        keys.push(PlatformKey::from_public_key(id, &text).map_err(unusable)?);
        texts.push((Some(id.to_owned()), text));
    }
    if fields.platform_certificate_file.is_none() && fields.public_key_file.is_none() {
        return Err(form(path, Wrong::NoPlatformKey));
    }
    Ok((keys, texts))
}

/// WeChat Pay has no sandbox, so until there is a vault only practice is let in.
fn refuse_live(fields: &Fields) -> Result<(), ChannelFileError> {
    let live = |what| Err(ChannelFileError::Live { what });
    match fields.environment {
        Environment::Practice if !fields.app_id.starts_with(PRACTICE_APP) => {
            live("the application is not one of practice")
        }
        Environment::Practice if !fields.gateway.starts_with(PRACTICE_HOST) => {
            live("the gateway is not practice on this computer")
        }
        Environment::Practice => Ok(()),
        Environment::Sandbox => live("WeChat Pay has no sandbox"),
    }
}
