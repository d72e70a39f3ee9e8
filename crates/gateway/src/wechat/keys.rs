//! The keys of API v3: the merchant's own, and those that WeChat Pay signs with, by their numbers.
//!
//! A channel's key is a platform certificate (平台证书, named by its serial number) or WeChat Pay's
//! public key (微信支付公钥, named `PUB_KEY_ID_…`). During a change-over both sign, so they stand in
//! one map and a number is looked up, never guessed from its form (docs 4012154180). A key that is
//! not in the map verifies nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mianfu_core::money::Timestamp;
use rsa::RsaPublicKey;
use rsa::pkcs1::EncodeRsaPublicKey as _;
use rsa::pkcs8::{DecodePublicKey as _, EncodePrivateKey as _};
use x509_parser::parse_x509_certificate;

use crate::Keys;
use crate::alipay::keys::{KeyError, KeyPart, Material, der_of, hex, long_enough, read};

/// What a deliberately false signature begins with (签名探测流量, docs 4013053249). It is no base64,
/// so it fails like any other false one; saying so keeps a lenient decoder from ever taking it.
const SIGNATURE_PROBE: &str = "WECHATPAY/SIGNTEST/";

/// A key that WeChat Pay signs with.
#[derive(Clone)]
pub struct PlatformKey {
    serial: String,
    validity: Option<(Timestamp, Timestamp)>,
    public: ParsedPublicKey,
}

impl fmt::Debug for PlatformKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlatformKey")
            .field("serial", &self.serial)
            .field("validity", &self.validity)
            .finish_non_exhaustive()
    }
}

impl PlatformKey {
    /// Reads a platform certificate (平台证书); its serial number is its name.
    ///
    /// # Errors
    /// The first thing that is wrong, validity at `now` included.
    pub fn from_certificate(pem: &str, now: Timestamp) -> Result<PlatformKey, KeyError> {
        let part = KeyPart::PlatformCertificate;
        let Paper { serial, validity, public } = Paper::read(part, pem, now)?;
        Ok(PlatformKey { serial, validity: Some(validity), public: parsed(part, &public)? })
    }

    /// Reads WeChat Pay's public key (微信支付公钥) under the number that the console shows with it.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn from_public_key(key_id: &str, text: &str) -> Result<PlatformKey, KeyError> {
        let part = KeyPart::WechatPublicKey;
        if key_id.trim().is_empty() {
            return Err(KeyError::Missing { part });
        }
        let public = match read(part, text)? {
            Material::Public(public) => public,
            Material::Private(_) => return Err(KeyError::PrivateForPublic { part }),
            Material::Certificate => return Err(KeyError::NotAKey { part }),
        };
        let serial = key_id.trim().to_owned();
        Ok(PlatformKey { serial, validity: None, public: parsed(part, &public)? })
    }

    /// Returns the number by which answers name the key.
    #[must_use]
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// Says whether the key made this signature over exactly these bytes.
    pub(crate) fn verifies(&self, content: &[u8], signature_base64: &str) -> bool {
        if signature_base64.starts_with(SIGNATURE_PROBE) {
            return false;
        }
        let Ok(signature) = STANDARD.decode(signature_base64) else { return false };
        self.public.verify_sig(content, &signature).is_ok()
    }
}

/// What is needed of a certificate.
struct Paper {
    serial: String,
    validity: (Timestamp, Timestamp),
    public: RsaPublicKey,
}

impl Paper {
    fn read(part: KeyPart, pem: &str, now: Timestamp) -> Result<Paper, KeyError> {
        match read(part, pem)? {
            Material::Certificate => {}
            Material::Private(_) => return Err(KeyError::PrivateForPublic { part }),
            Material::Public(_) => return Err(KeyError::KeyForCertificate { part }),
        }
        let der = der_of(part, pem)?;
        let (_, certificate) =
            parse_x509_certificate(&der).map_err(|_| KeyError::NotAKey { part })?;
        let public = RsaPublicKey::from_public_key_der(certificate.public_key().raw)
            .map_err(|_| KeyError::NotRsa { part })?;
        let ms = |seconds: i64| Timestamp(seconds.saturating_mul(1_000));
        let from = ms(certificate.validity().not_before.timestamp());
        let until = ms(certificate.validity().not_after.timestamp());
        if now < from {
            return Err(KeyError::NotYetValid { part, from });
        }
        if until < now {
            return Err(KeyError::Expired { part, until });
        }
        let bytes = certificate.raw_serial();
        let leading = bytes.iter().take_while(|&&byte| byte == 0).count();
        let serial = hex(&bytes[leading..]).to_ascii_uppercase();
        Ok(Paper { serial, validity: (from, until), public })
    }
}

/// Returns the number of the merchant's certificate (商户API证书, `apiclient_cert.pem`), which must
/// be of this private key.
///
/// # Errors
/// The first thing that is wrong, validity at `now` included.
pub fn merchant_serial(
    certificate: &str,
    private_key: &str,
    now: Timestamp,
) -> Result<String, KeyError> {
    let part = KeyPart::MerchantCertificate;
    let paper = Paper::read(part, certificate, now)?;
    match read(KeyPart::MerchantKey, private_key)? {
        Material::Private(private) if private.to_public_key() == paper.public => Ok(paper.serial),
        Material::Private(_) | Material::Public(_) | Material::Certificate => {
            Err(KeyError::CertificateOfAnotherKey { part })
        }
    }
}

/// A merchant's keys of API v3, checked.
#[derive(Clone)]
pub struct WechatKeys {
    signing: Arc<RsaKeyPair>,
    platform: BTreeMap<String, PlatformKey>,
}

impl fmt::Debug for WechatKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WechatKeys(\"***\")")
    }
}

impl WechatKeys {
    /// Reads the merchant's private key (商户API私钥, `apiclient_key.pem`).
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn new(
        private_key: &str,
        platform: impl IntoIterator<Item = PlatformKey>,
    ) -> Result<WechatKeys, KeyError> {
        let part = KeyPart::MerchantKey;
        let private = match read(part, private_key)? {
            Material::Private(private) => private,
            Material::Public(_) | Material::Certificate => return Err(KeyError::NotAKey { part }),
        };
        long_enough(part, &private.to_public_key())?;
        let pkcs8 = private.to_pkcs8_der().map_err(|_| KeyError::NotAKey { part })?;
        let signing =
            RsaKeyPair::from_pkcs8(pkcs8.as_bytes()).map_err(|_| KeyError::NotAKey { part })?;
        let platform = platform.into_iter().map(|key| (key.serial.clone(), key)).collect();
        Ok(WechatKeys { signing: Arc::new(signing), platform })
    }

    /// Returns the numbers of the keys that verify, in order.
    pub fn serials(&self) -> impl Iterator<Item = &str> {
        self.platform.keys().map(String::as_str)
    }
}

impl Keys for WechatKeys {
    fn sign(&self, content: &[u8]) -> String {
        let mut signature = vec![0; self.signing.public_modulus_len()];
        self.signing
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), content, &mut signature)
            .expect("a checked key signs any content");
        STANDARD.encode(signature)
    }

    /// Never: a signature of WeChat Pay's is only worth what the key it names says.
    fn verify(&self, _content: &[u8], _signature_base64: &str) -> bool {
        false
    }

    fn knows(&self, serial: &str) -> bool {
        self.platform.contains_key(serial)
    }

    fn verify_under(&self, serial: &str, content: &[u8], signature_base64: &str) -> bool {
        self.platform.get(serial).is_some_and(|key| key.verifies(content, signature_base64))
    }

    fn holds_certificates(&self) -> bool {
        self.platform.values().any(|key| key.validity.is_some())
    }

    /// Drops the certificates whose time is over besides.
    fn trust(&mut self, keys: Vec<PlatformKey>, now: Timestamp) {
        self.platform.extend(keys.into_iter().map(|key| (key.serial.clone(), key)));
        self.platform.retain(|_, key| key.validity.is_none_or(|(_, until)| now <= until));
    }
}

fn parsed(part: KeyPart, public: &RsaPublicKey) -> Result<ParsedPublicKey, KeyError> {
    long_enough(part, public)?;
    let pkcs1 = public.to_pkcs1_der().map_err(|_| KeyError::NotAKey { part })?;
    ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pkcs1.as_bytes())
        .map_err(|_| KeyError::NotAKey { part })
}
