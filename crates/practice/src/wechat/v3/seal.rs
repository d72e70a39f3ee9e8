//! AEAD_AES_256_GCM, with which certificates and notices are sealed under the APIv3 key.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// How many characters a nonce has.
pub(super) const NONCE_LENGTH: usize = 12;

/// Seals a text: base64 of the ciphertext with its tag.
pub(super) fn seal(key: &[u8; 32], nonce: &str, associated: &str, text: &str) -> String {
    let cipher = Aes256Gcm::new(Key::<Aes256Gcm>::from_slice(key));
    let payload = Payload { msg: text.as_bytes(), aad: associated.as_bytes() };
    let sealed = cipher.encrypt(Nonce::from_slice(nonce.as_bytes()), payload);
    STANDARD.encode(sealed.expect("no text here is near the 64 GB that GCM can seal"))
}
