//! Signing and checking, behind a seam.
//!
//! [`RsaSigner`] is the real thing (RSA2: RSASSA-PKCS1-v1_5 with SHA-256). [`KeyedHash`] stands in
//! for it where thousands of days are simulated and sixty real signatures a day cost too much.
//! Neither key nor secret ever shows in `Debug`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs1v15::{Signature, SigningKey, VerifyingKey};
use rsa::pkcs8::{DecodePrivateKey, DecodePublicKey};
use rsa::sha2::{Digest, Sha256};
use rsa::signature::{SignatureEncoding, Signer as _, Verifier as _};
use rsa::{RsaPrivateKey, RsaPublicKey};

/// What a channel can do with keys: sign its answers, check the merchant's requests.
pub trait Signer: Send {
    /// Signs content as the channel. Base64.
    fn sign(&self, content: &[u8]) -> String;

    /// Says whether the merchant signed exactly this content.
    fn verify_merchant(&self, content: &[u8], signature_base64: &str) -> bool;
}

/// A key text that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SignerError {
    #[error("the channel's private key is not PKCS#8 PEM")]
    ChannelKey(#[source] rsa::pkcs8::Error),
    #[error("the merchant's public key is not SPKI PEM")]
    MerchantKey(#[source] rsa::pkcs8::spki::Error),
}

/// RSA2 with the channel's private key and the merchant's public key.
pub struct RsaSigner {
    alipay: SigningKey<Sha256>,
    merchant: VerifyingKey<Sha256>,
}

impl RsaSigner {
    /// Holds two keys.
    pub fn new(alipay: RsaPrivateKey, merchant: RsaPublicKey) -> RsaSigner {
        RsaSigner { alipay: SigningKey::new(alipay), merchant: VerifyingKey::new(merchant) }
    }

    /// Reads the channel's PKCS#8 private key and the merchant's SPKI public key.
    pub fn from_pem(alipay_private: &str, merchant_public: &str) -> Result<RsaSigner, SignerError> {
        let alipay =
            RsaPrivateKey::from_pkcs8_pem(alipay_private).map_err(SignerError::ChannelKey)?;
        let merchant =
            RsaPublicKey::from_public_key_pem(merchant_public).map_err(SignerError::MerchantKey)?;
        Ok(RsaSigner::new(alipay, merchant))
    }
}

impl std::fmt::Debug for RsaSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RsaSigner(\"***\")")
    }
}

impl Signer for RsaSigner {
    fn sign(&self, content: &[u8]) -> String {
        STANDARD.encode(self.alipay.sign(content).to_bytes())
    }

    fn verify_merchant(&self, content: &[u8], signature_base64: &str) -> bool {
        let Ok(bytes) = STANDARD.decode(signature_base64) else {
            return false;
        };
        let Ok(signature) = Signature::try_from(bytes.as_slice()) else {
            return false;
        };
        self.merchant.verify(content, &signature).is_ok()
    }
}

/// Base64 of SHA-256 over secret, role and content. For simulations only.
#[derive(Clone)]
pub struct KeyedHash {
    secret: Vec<u8>,
}

impl KeyedHash {
    /// The role under which the channel signs, whichever it is.
    pub const ALIPAY: &[u8] = b"alipay";
    /// The role under which the merchant signs.
    pub const MERCHANT: &[u8] = b"merchant";

    /// Holds the secret that both sides share.
    pub fn new(secret: &[u8]) -> KeyedHash {
        KeyedHash { secret: secret.to_vec() }
    }

    /// Signs content in a role. Base64.
    pub fn sign_as(&self, role: &[u8], content: &[u8]) -> String {
        let hash =
            Sha256::new().chain_update(&self.secret).chain_update(role).chain_update(content);
        STANDARD.encode(hash.finalize())
    }
}

impl std::fmt::Debug for KeyedHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyedHash(\"***\")")
    }
}

impl Signer for KeyedHash {
    fn sign(&self, content: &[u8]) -> String {
        self.sign_as(KeyedHash::ALIPAY, content)
    }

    fn verify_merchant(&self, content: &[u8], signature_base64: &str) -> bool {
        self.sign_as(KeyedHash::MERCHANT, content) == signature_base64
    }
}
