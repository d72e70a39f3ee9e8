//! v2's signature: a hash over the sorted fields and the shared key (wiki chapter 4_3).

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use md5::{Digest as _, Md5};
use zeroize::Zeroizing;

use crate::alipay::keys::hex;
use crate::wechat::SignType;
use crate::wechat::secret::ApiV2Key;

/// Signs fields; `sign` itself and empty values do not count. Upper-case hexadecimal.
pub(crate) fn sign<'a>(
    fields: impl IntoIterator<Item = (&'a str, &'a str)>,
    sign_type: SignType,
    key: &ApiV2Key,
) -> String {
    let text = text(fields, key);
    let hash = match sign_type {
        SignType::HmacSha256 => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_str().as_bytes());
            hex(hmac::sign(&key, text.as_bytes()).as_ref())
        }
        SignType::Md5 => hex(&Md5::digest(text.as_bytes())),
    };
    hash.to_ascii_uppercase()
}

/// Says whether the fields carry the signature that the key makes, with this algorithm and no
/// other.
pub(crate) fn verify<'a>(
    fields: impl IntoIterator<Item = (&'a str, &'a str)>,
    sign_type: SignType,
    key: &ApiV2Key,
    signature: &str,
) -> bool {
    let expected = sign(fields, sign_type, key);
    verify_slices_are_equal(expected.as_bytes(), signature.as_bytes()).is_ok()
}

/// Returns what is hashed. It ends in the key, so it is wiped.
pub(crate) fn text<'a>(
    fields: impl IntoIterator<Item = (&'a str, &'a str)>,
    key: &ApiV2Key,
) -> Zeroizing<String> {
    let mut sorted: Vec<(&str, &str)> =
        fields.into_iter().filter(|(name, value)| *name != "sign" && !value.is_empty()).collect();
    sorted.sort_unstable();
    let room: usize = sorted.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
    // Room for all of it at once: a text that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(room + key.as_str().len() + 4));
    for (name, value) in sorted {
        text.push_str(name);
        text.push('=');
        text.push_str(value);
        text.push('&');
    }
    text.push_str("key=");
    text.push_str(key.as_str());
    text
}
