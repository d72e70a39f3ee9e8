//! `GET /v3/certificates`: the platform certificates, sealed under the APIv3 key (4012076511).

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::super::Desk;
use super::super::v3::No;
use super::Heard;
use crate::calendar::beijing_rfc3339;

const ASSOCIATED: &str = "certificate";
const NONCE_LENGTH: usize = 12;

pub(super) fn list(desk: &Desk<'_>) -> Heard {
    let nonce = desk.nonce();
    let sealed = desk.account.certificates().enumerate().map(|(place, (serial, certificate))| {
        // Each certificate has a nonce of its own under the one key.
        let nonce = nonce.get(place..place + NONCE_LENGTH).unwrap_or("practice-gcm");
        json!({
            "serial_no": serial,
            "effective_time": beijing_rfc3339(certificate.effective_ms),
            "expire_time": beijing_rfc3339(certificate.expire_ms),
            "encrypt_certificate": {
                "algorithm": "AEAD_AES_256_GCM",
                "nonce": nonce,
                "associated_data": ASSOCIATED,
                "ciphertext": seal(desk, nonce, &certificate.pem),
            },
        })
    });
    let sealed: Vec<Value> = sealed.collect();
    if sealed.is_empty() {
        let message = "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥";
        return Err(No::new(404, "RESOURCE_NOT_EXISTS", message));
    }
    Ok(json!({ "data": sealed }))
}

/// Seals a text: base64 of the ciphertext with its tag.
fn seal(desk: &Desk<'_>, nonce: &str, text: &str) -> String {
    let key = Key::<Aes256Gcm>::from_slice(&desk.account.secrets.v3_key);
    let payload = Payload { msg: text.as_bytes(), aad: ASSOCIATED.as_bytes() };
    let sealed = Aes256Gcm::new(key).encrypt(Nonce::from_slice(nonce.as_bytes()), payload);
    STANDARD.encode(sealed.expect("a certificate is far below the 64 GB that GCM can seal"))
}
