//! The signature of v2: a hash over the sorted fields and the key.

use std::collections::BTreeMap;

use hmac::{Hmac, Mac};
use md5::{Digest, Md5};
use rsa::sha2::Sha256;

/// Which hash signs. An answer uses its request's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignType {
    Md5,
    HmacSha256,
}

impl SignType {
    /// Reads `sign_type`. MD5 where there is none.
    pub(super) fn from_name(name: Option<&str>) -> Option<SignType> {
        match name {
            None | Some("" | "MD5") => Some(SignType::Md5),
            Some("HMAC-SHA256") => Some(SignType::HmacSha256),
            Some(_) => None,
        }
    }

    /// Signs fields: upper-case hex.
    pub(super) fn sign(self, fields: &BTreeMap<String, String>, key: &str) -> String {
        let content = content(fields, key);
        match self {
            SignType::Md5 => hex(&Md5::digest(content)),
            SignType::HmacSha256 => {
                let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes())
                    .expect("a key of any length will do for HMAC");
                mac.update(content.as_bytes());
                hex(&mac.finalize().into_bytes())
            }
        }
    }
}

/// Returns what is signed: every field but `sign`, without empty ones, sorted by name, the key last.
fn content(fields: &BTreeMap<String, String>, key: &str) -> String {
    let mut content = String::new();
    for (name, text) in fields {
        if name != "sign" && !text.is_empty() {
            content.push_str(&format!("{name}={text}&"));
        }
    }
    content.push_str(&format!("key={key}"));
    content
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the page 安全规范, signed with both.
    #[test]
    fn the_published_example_comes_out() {
        let fields = [
            ("appid", "wxd930ea5d5a258f4f"),
            ("mch_id", "10000100"),
            ("device_info", "1000"),
            ("body", "test"),
            ("nonce_str", "ibuaiVcKdpRxkhJA"),
            ("attach", ""),
            ("sign", "whatever"),
        ];
        let fields = fields.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
        let key = "192006250b4c09247ec02edce69f6a2d";
        let md5 = SignType::Md5.sign(&fields, key);
        assert_eq!(md5, "9A0A8659F005D6984697E2CA0A9CF3B7");
        let hmac = SignType::HmacSha256.sign(&fields, key);
        assert_eq!(hmac, "6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6");
    }
}
