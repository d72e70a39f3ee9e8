//! `GET /v3/certificates`: the platform certificates, sealed under the APIv3 key (4012076511).

use serde_json::{Value, json};

use super::super::Desk;
use super::super::v3::No;
use super::Heard;
use super::seal::{NONCE_LENGTH, seal};
use crate::calendar::beijing_rfc3339;

const ASSOCIATED: &str = "certificate";

pub(super) fn list(desk: &Desk<'_>) -> Heard {
    let nonce = desk.nonce();
    let sealed = desk.account.certificates().enumerate().map(|(place, (serial, certificate))| {
        // Each certificate has a nonce of its own under the one key.
        let nonce = nonce.get(place..place + NONCE_LENGTH).unwrap_or("practice-gcm");
        let key = &desk.account.secrets.v3_key;
        json!({
            "serial_no": serial,
            "effective_time": beijing_rfc3339(certificate.effective_ms),
            "expire_time": beijing_rfc3339(certificate.expire_ms),
            "encrypt_certificate": {
                "algorithm": "AEAD_AES_256_GCM",
                "nonce": nonce,
                "associated_data": ASSOCIATED,
                "ciphertext": seal(key, nonce, ASSOCIATED, &certificate.pem),
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
