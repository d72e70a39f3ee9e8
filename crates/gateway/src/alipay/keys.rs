//! RSA keys as a merchant pastes them: PEM or bare base64, PKCS#8 or PKCS#1, key or certificate.
//!
//! What can be wrong is found here, before the first sale, and each error says what to do. The
//! `rsa` crate reads and converts; signing and verifying run on aws-lc-rs. Only RSA2 (SHA-256,
//! 2048 bits or more) exists here: a SHA-1 signature never verifies.

use std::fmt;

use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mianfu_core::money::Timestamp;
use rsa::pkcs1::{DecodeRsaPrivateKey as _, DecodeRsaPublicKey as _, EncodeRsaPublicKey as _};
use rsa::pkcs8::spki::SubjectPublicKeyInfoRef;
use rsa::pkcs8::{
    DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _, EncodePublicKey as _,
    PrivateKeyInfo,
};
use rsa::traits::PublicKeyParts as _;
use rsa::{RsaPrivateKey, RsaPublicKey};
use zeroize::Zeroizing;

use crate::alipay::certificate::{self, Certificate};
use crate::{CertSerials, Keys};

/// Bits an RSA2 key has at least (opendocs 057k53).
const BITS_MIN: usize = 2048;

/// Which of a merchant's key files is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPart {
    /// The application's private key (应用私钥).
    PrivateKey,
    /// Alipay's public key (支付宝公钥).
    AlipayPublicKey,
    /// The application's certificate (应用公钥证书).
    AppCertificate,
    /// Alipay's certificate (支付宝公钥证书).
    AlipayCertificate,
    /// Alipay's root certificates (支付宝根证书).
    RootCertificates,
    /// The merchant's private key at WeChat Pay (商户API私钥).
    MerchantKey,
    /// WeChat Pay's public key (微信支付公钥).
    WechatPublicKey,
    /// A certificate of WeChat Pay's (微信支付平台证书).
    PlatformCertificate,
    /// The merchant's certificate at WeChat Pay (商户API证书).
    MerchantCertificate,
}

impl fmt::Display for KeyPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KeyPart::PrivateKey => "the application's private key (应用私钥)",
            KeyPart::AlipayPublicKey => "Alipay's public key (支付宝公钥)",
            KeyPart::AppCertificate => "the application's certificate (应用公钥证书)",
            KeyPart::AlipayCertificate => "Alipay's certificate (支付宝公钥证书)",
            KeyPart::RootCertificates => "Alipay's root certificates (支付宝根证书)",
            KeyPart::MerchantKey => "the merchant's private key (商户API私钥)",
            KeyPart::WechatPublicKey => "WeChat Pay's public key (微信支付公钥)",
            KeyPart::PlatformCertificate => "WeChat Pay's certificate (微信支付平台证书)",
            KeyPart::MerchantCertificate => "the merchant's certificate (商户API证书)",
        })
    }
}

/// What is wrong with a key, and what to do. Never holds any of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is none.
    #[error("{part} is missing: paste it or name its file")]
    Missing {
        /// Which.
        part: KeyPart,
    },
    /// Neither PEM nor base64.
    #[error("{part} is neither PEM nor base64: copy it again, whole and without other text")]
    NotText {
        /// Which.
        part: KeyPart,
    },
    /// Decodes, but is no key or certificate.
    #[error("{part} decodes but is not what belongs there: copy it again, whole")]
    NotAKey {
        /// Which.
        part: KeyPart,
    },
    /// Protected by a password.
    #[error("{part} is protected by a password: export it without one")]
    Encrypted {
        /// Which.
        part: KeyPart,
    },
    /// Of another kind than RSA.
    #[error("{part} is not an RSA key: make an RSA2 pair in Alipay's key tool")]
    NotRsa {
        /// Which.
        part: KeyPart,
    },
    /// Fewer bits than RSA2 asks for.
    #[error("{part} has {bits} bits, RSA2 needs 2048: make a new pair and upload its public key")]
    TooShort {
        /// Which.
        part: KeyPart,
        /// How many it has.
        bits: usize,
    },
    /// A public key where the private one belongs.
    #[error("a public key stands where the application's private key (应用私钥) belongs: swap it")]
    PublicForPrivate,
    /// A private key where a public one belongs.
    #[error(
        "a private key stands where {part} belongs: replace it, and make a new pair if this one \
         was shown to anybody"
    )]
    PrivateForPublic {
        /// Which.
        part: KeyPart,
    },
    /// The merchant's own public key in the place of Alipay's.
    #[error(
        "this is the application's own public key (应用公钥): copy Alipay's (支付宝公钥), which the \
         console shows after the upload"
    )]
    OwnPublicKey,
    /// A certificate where a key belongs.
    #[error("a certificate stands where {part} belongs: choose certificate mode (公钥证书模式)")]
    CertificateForKey {
        /// Which.
        part: KeyPart,
    },
    /// A key where a certificate belongs.
    #[error("a key stands where {part} belongs: download the certificate from the console")]
    KeyForCertificate {
        /// Which.
        part: KeyPart,
    },
    /// The application's certificate belongs to another private key.
    #[error(
        "the application's certificate does not belong to its private key: download the one that \
         was issued for this key"
    )]
    NotOurCertificate,
    /// The merchant's certificate belongs to another private key, and so maybe to another merchant.
    #[error(
        "{part} does not belong to the private key beside it: take both from the same download of \
         the same merchant"
    )]
    CertificateOfAnotherKey {
        /// Which.
        part: KeyPart,
    },
    /// The certificate's time is over.
    #[error("{part} has expired: renew it in the console and load the new file")]
    Expired {
        /// Which.
        part: KeyPart,
        /// When it ended.
        until: Timestamp,
    },
    /// The certificate's time has not come.
    #[error("{part} is not valid yet: check this computer's date")]
    NotYetValid {
        /// Which.
        part: KeyPart,
        /// When it begins.
        from: Timestamp,
    },
    /// None of the root certificates is an RSA one.
    #[error("{part} hold no RSA certificate: download the file again")]
    NoRoot {
        /// Which.
        part: KeyPart,
    },
}

/// A public key's name for people: hexadecimal SHA-256 of its SubjectPublicKeyInfo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint(pub String);

/// A merchant's RSA2 keys, checked.
pub struct RsaKeys {
    signing: RsaKeyPair,
    channel: ParsedPublicKey,
    serials: Option<CertSerials>,
    own_fingerprint: Fingerprint,
    channel_fingerprint: Fingerprint,
}

impl fmt::Debug for RsaKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RsaKeys(\"***\")")
    }
}

impl RsaKeys {
    /// Reads the keys of key mode (公钥模式).
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn from_keys(private_key: &str, alipay_public_key: &str) -> Result<RsaKeys, KeyError> {
        let private = private_key_of(private_key)?;
        let part = KeyPart::AlipayPublicKey;
        let public = match read(part, alipay_public_key)? {
            Material::Public(public) => public,
            Material::Private(_) => return Err(KeyError::PrivateForPublic { part }),
            Material::Certificate => return Err(KeyError::CertificateForKey { part }),
        };
        RsaKeys::assemble(&private, &public, None)
    }

    /// Reads the keys and certificates of certificate mode (公钥证书模式), each as PEM.
    ///
    /// # Errors
    /// The first thing that is wrong, validity at `now` included.
    pub fn from_certificates(
        private_key: &str,
        app_certificate: &str,
        alipay_certificate: &str,
        root_certificates: &str,
        now: Timestamp,
    ) -> Result<RsaKeys, KeyError> {
        let private = private_key_of(private_key)?;
        let app = certificate_of(KeyPart::AppCertificate, app_certificate, now)?;
        if app.public != private.to_public_key() {
            return Err(KeyError::NotOurCertificate);
        }
        let alipay = certificate_of(KeyPart::AlipayCertificate, alipay_certificate, now)?;
        let part = KeyPart::RootCertificates;
        if root_certificates.trim().is_empty() {
            return Err(KeyError::Missing { part });
        }
        let Some(root) = certificate::root_serial(root_certificates) else {
            return Err(KeyError::NoRoot { part });
        };
        let serials = CertSerials { app: app.serial, root, channel: alipay.serial };
        RsaKeys::assemble(&private, &alipay.public, Some(serials))
    }

    /// Returns the fingerprint of our public key.
    #[must_use]
    pub fn own_fingerprint(&self) -> &Fingerprint {
        &self.own_fingerprint
    }

    /// Returns the fingerprint of the key Alipay's answers are verified with.
    #[must_use]
    pub fn channel_fingerprint(&self) -> &Fingerprint {
        &self.channel_fingerprint
    }

    fn assemble(
        private: &RsaPrivateKey,
        channel: &RsaPublicKey,
        serials: Option<CertSerials>,
    ) -> Result<RsaKeys, KeyError> {
        let own = private.to_public_key();
        let channel_part = match serials {
            Some(_) => KeyPart::AlipayCertificate,
            None => KeyPart::AlipayPublicKey,
        };
        long_enough(KeyPart::PrivateKey, &own)?;
        long_enough(channel_part, channel)?;
        if own == *channel {
            return Err(KeyError::OwnPublicKey);
        }
        let part = KeyPart::PrivateKey;
        let pkcs8 = private.to_pkcs8_der().map_err(|_| KeyError::NotAKey { part })?;
        let signing =
            RsaKeyPair::from_pkcs8(pkcs8.as_bytes()).map_err(|_| KeyError::NotAKey { part })?;
        let part = channel_part;
        let pkcs1 = channel.to_pkcs1_der().map_err(|_| KeyError::NotAKey { part })?;
        let parsed = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pkcs1.as_bytes())
            .map_err(|_| KeyError::NotAKey { part })?;
        Ok(RsaKeys {
            signing,
            channel: parsed,
            serials,
            own_fingerprint: fingerprint(KeyPart::PrivateKey, &own)?,
            channel_fingerprint: fingerprint(channel_part, channel)?,
        })
    }
}

impl Keys for RsaKeys {
    fn sign(&self, content: &[u8]) -> String {
        let mut signature = vec![0; self.signing.public_modulus_len()];
        self.signing
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), content, &mut signature)
            .expect("a checked key signs any content");
        STANDARD.encode(signature)
    }

    fn verify(&self, content: &[u8], signature_base64: &str) -> bool {
        let Ok(signature) = STANDARD.decode(signature_base64) else { return false };
        self.channel.verify_sig(content, &signature).is_ok()
    }

    fn serials(&self) -> Option<&CertSerials> {
        self.serials.as_ref()
    }
}

/// A key as it was read.
pub(crate) enum Material {
    Private(Box<RsaPrivateKey>),
    Public(RsaPublicKey),
    Certificate,
}

fn private_key_of(text: &str) -> Result<Box<RsaPrivateKey>, KeyError> {
    let part = KeyPart::PrivateKey;
    match read(part, text)? {
        Material::Private(private) => Ok(private),
        Material::Public(_) => Err(KeyError::PublicForPrivate),
        Material::Certificate => Err(KeyError::CertificateForKey { part }),
    }
}

fn certificate_of(part: KeyPart, text: &str, now: Timestamp) -> Result<Certificate, KeyError> {
    match read(part, text)? {
        Material::Certificate => {}
        Material::Private(_) => return Err(KeyError::PrivateForPublic { part }),
        Material::Public(_) => return Err(KeyError::KeyForCertificate { part }),
    }
    let der = der_of(part, text)?;
    let certificate = certificate::read(part, &der)?;
    if now < certificate.from {
        return Err(KeyError::NotYetValid { part, from: certificate.from });
    }
    if certificate.until < now {
        return Err(KeyError::Expired { part, until: certificate.until });
    }
    Ok(certificate)
}

/// Reads a key by what it is, whatever its PEM label says.
pub(crate) fn read(part: KeyPart, text: &str) -> Result<Material, KeyError> {
    let der = der_of(part, text)?;
    let der = der.as_slice();
    if let Ok(private) = RsaPrivateKey::from_pkcs8_der(der) {
        return Ok(Material::Private(Box::new(private)));
    }
    if let Ok(private) = RsaPrivateKey::from_pkcs1_der(der) {
        return Ok(Material::Private(Box::new(private)));
    }
    if let Ok(public) = RsaPublicKey::from_public_key_der(der) {
        return Ok(Material::Public(public));
    }
    if let Ok(public) = RsaPublicKey::from_pkcs1_der(der) {
        return Ok(Material::Public(public));
    }
    if certificate::is_certificate(der) {
        return Ok(Material::Certificate);
    }
    let is_other_key = PrivateKeyInfo::try_from(der)
        .is_ok_and(|key| key.algorithm.oid != rsa::pkcs1::ALGORITHM_OID)
        || SubjectPublicKeyInfoRef::try_from(der)
            .is_ok_and(|key| key.algorithm.oid != rsa::pkcs1::ALGORITHM_OID);
    if is_other_key || text.contains("BEGIN EC PRIVATE KEY") {
        return Err(KeyError::NotRsa { part });
    }
    Err(KeyError::NotAKey { part })
}

/// Decodes the first PEM block, or the whole text as base64.
pub(crate) fn der_of(part: KeyPart, text: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let text = text.trim().trim_start_matches('\u{feff}');
    if text.is_empty() {
        return Err(KeyError::Missing { part });
    }
    if text.contains("ENCRYPTED") {
        return Err(KeyError::Encrypted { part });
    }
    let block = match text.contains("-----BEGIN ") {
        true => pem_blocks(text).next(),
        false => from_base64(text),
    };
    block.ok_or(KeyError::NotText { part })
}

/// Returns each PEM block's bytes, in order; blocks that are not base64 are left out.
pub(crate) fn pem_blocks(text: &str) -> impl Iterator<Item = Zeroizing<Vec<u8>>> {
    text.split("-----BEGIN ").skip(1).filter_map(|rest| {
        let (_, rest) = rest.split_once("-----")?;
        let (body, _) = rest.split_once("-----END ")?;
        from_base64(body)
    })
}

fn from_base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let packed: Zeroizing<String> =
        Zeroizing::new(text.chars().filter(|mark| !mark.is_ascii_whitespace()).collect());
    STANDARD.decode(packed.as_bytes()).ok().filter(|der| !der.is_empty()).map(Zeroizing::new)
}

pub(crate) fn long_enough(part: KeyPart, key: &RsaPublicKey) -> Result<(), KeyError> {
    let bits = key.n().bits();
    if bits < BITS_MIN { Err(KeyError::TooShort { part, bits }) } else { Ok(()) }
}

fn fingerprint(part: KeyPart, key: &RsaPublicKey) -> Result<Fingerprint, KeyError> {
    let der = key.to_public_key_der().map_err(|_| KeyError::NotAKey { part })?;
    Ok(Fingerprint(hex(digest::digest(&digest::SHA256, der.as_bytes()).as_ref())))
}

/// Writes bytes as lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
