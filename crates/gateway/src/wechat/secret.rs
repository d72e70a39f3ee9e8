//! The merchant's two shared secrets. Neither is ever printed.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use zeroize::Zeroizing;

use crate::alipay::keys::hex;

/// The APIv3 key (APIv3密钥): what WeChat Pay seals certificates and notices with.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiV3Key(Zeroizing<[u8; 32]>);

impl ApiV3Key {
    /// Takes the key as it was typed: 32 characters, whose bytes are the key (docs 4013053274).
    #[must_use]
    pub fn new(text: &str) -> Option<ApiV3Key> {
        let bytes: [u8; 32] = text.as_bytes().try_into().ok()?;
        Some(ApiV3Key(Zeroizing::new(bytes)))
    }

    /// Opens what was sealed with AEAD_AES_256_GCM; `None` where key, nonce, associated data or
    /// text are not what they were.
    pub(crate) fn open(&self, nonce: &str, associated: &str, sealed: &str) -> Option<Vec<u8>> {
        let nonce: [u8; NONCE_LEN] = nonce.as_bytes().try_into().ok()?;
        let mut text = STANDARD.decode(sealed).ok()?;
        let key = UnboundKey::new(&AES_256_GCM, self.0.as_slice()).ok()?;
        let plain = LessSafeKey::new(key)
            .open_in_place(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(associated.as_bytes()),
                &mut text,
            )
            .ok()?
            .len();
        text.truncate(plain);
        Some(text)
    }
}

impl fmt::Debug for ApiV3Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"***\"")
    }
}

/// The API key of v2 (APIv2密钥): what requests and answers of v2 are signed with.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiV2Key(Zeroizing<String>);

impl ApiV2Key {
    /// Takes the key as it was typed: 32 letters and digits.
    #[must_use]
    pub fn new(text: &str) -> Option<ApiV2Key> {
        let shaped = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        shaped.then(|| ApiV2Key(Zeroizing::new(text.to_owned())))
    }

    /// Takes any key, as some published vectors have them.
    #[cfg(test)]
    pub(crate) fn of_vector(text: &str) -> ApiV2Key {
        ApiV2Key(Zeroizing::new(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Opens the `req_info` of a refund notice: AES-256-ECB under the lower-case hexadecimal MD5 of
    /// the key. Nothing authenticates it.
    pub(crate) fn open_req_info(&self, sealed: &str) -> Option<Vec<u8>> {
        let key = Zeroizing::new(hex(&Md5::digest(self.0.as_bytes())));
        let mut text = STANDARD.decode(sealed).ok()?;
        let key = UnboundCipherKey::new(&AES_256, key.as_bytes()).ok()?;
        let plain = PaddedBlockDecryptingKey::ecb_pkcs7(key)
            .ok()?
            .decrypt(&mut text, DecryptionContext::None)
            .ok()?
            .len();
        text.truncate(plain);
        Some(text)
    }
}

impl fmt::Debug for ApiV2Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"***\"")
    }
}
