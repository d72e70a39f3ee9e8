//! Real keys, read once: the channel's, the merchant's, another store's.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mianfu_gateway::RsaKeys;
use mianfu_practice::RsaSigner;
use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, EncodePublicKey as _, LineEnding};
use rsa::sha2::Sha256;
use rsa::signature::{SignatureEncoding as _, Signer as _};
use rsa::{RsaPrivateKey, RsaPublicKey};

/// Who signs in these tests. Both channels sign with one key here, so that nothing but the form of
/// a notice tells them apart.
pub(crate) struct Signers {
    pub(crate) channel: RsaPrivateKey,
    pub(crate) merchant: RsaPrivateKey,
    /// The channel's key of another store's file.
    pub(crate) stranger: RsaPrivateKey,
}

pub(crate) fn signers() -> &'static Signers {
    static READ: OnceLock<Signers> = OnceLock::new();
    READ.get_or_init(|| Signers {
        channel: private("practice/fixtures/alipay_private_key.pem"),
        merchant: private("practice/fixtures/merchant_private_key.pem"),
        stranger: private("gateway/vectors/keys/app_private.pem"),
    })
}

fn private(name: &str) -> RsaPrivateKey {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates").join(name);
    RsaPrivateKey::from_pkcs8_pem(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub(crate) fn public_pem(key: &RsaPrivateKey) -> String {
    RsaPublicKey::from(key).to_public_key_pem(LineEnding::LF).unwrap()
}

pub(crate) fn private_pem(key: &RsaPrivateKey) -> String {
    key.to_pkcs8_pem(LineEnding::LF).unwrap().to_string()
}

/// Signs as both channels do: RSASSA-PKCS1-v1_5 with SHA-256, in base64.
pub(crate) fn sign(key: &RsaPrivateKey, content: &[u8]) -> String {
    STANDARD.encode(SigningKey::<Sha256>::new(key.clone()).sign(content).to_bytes())
}

/// The till's keys where the channel signs with this one.
pub(crate) fn till_keys(channel: &RsaPrivateKey) -> Arc<RsaKeys> {
    let merchant = private_pem(&signers().merchant);
    Arc::new(RsaKeys::from_keys(&merchant, &public_pem(channel)).unwrap())
}

/// Practice's side of it.
pub(crate) fn signer(channel: &RsaPrivateKey) -> RsaSigner {
    RsaSigner::new(channel.clone(), RsaPublicKey::from(&signers().merchant))
}
