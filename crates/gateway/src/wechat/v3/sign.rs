//! What API v3 signs, and a signed request as bytes (docs 4012365336, 4012365344).

use aws_lc_rs::hmac;

use crate::alipay::keys::hex;
use crate::wechat::WechatSettings;
use crate::{HttpRequest, Keys, Method, Stamp};

/// A request before it is signed.
pub(crate) struct Draft {
    pub(crate) method: Method,
    /// From the host on, query included, exactly as it goes over the wire.
    pub(crate) path: String,
    /// Empty for a GET.
    pub(crate) body: String,
    pub(crate) limit_ms: u32,
}

/// Returns what the signature of a request covers.
pub(crate) fn request_text(draft: &Draft, timestamp: i64, nonce: &str) -> String {
    let method = match draft.method {
        Method::Get => "GET",
        Method::Post => "POST",
    };
    format!("{method}\n{}\n{timestamp}\n{nonce}\n{}\n", draft.path, draft.body)
}

/// Returns what the signature of an answer or a notice covers; the body as it came.
pub(crate) fn answer_text(timestamp: &str, nonce: &str, body: &[u8]) -> Vec<u8> {
    let mut text = format!("{timestamp}\n{nonce}\n").into_bytes();
    text.extend_from_slice(body);
    text.push(b'\n');
    text
}

/// Writes the `Authorization` header of a request.
pub(crate) fn authorization(
    settings: &WechatSettings,
    keys: &impl Keys,
    draft: &Draft,
    timestamp: i64,
    nonce: &str,
) -> String {
    let signature = keys.sign(request_text(draft, timestamp, nonce).as_bytes());
    format!(
        "WECHATPAY2-SHA256-RSA2048 mchid=\"{}\",nonce_str=\"{nonce}\",signature=\"{signature}\",\
         timestamp=\"{timestamp}\",serial_no=\"{}\"",
        settings.mch_id, settings.serial_no
    )
}

/// Signs a request and adds what every request of v3 carries.
pub(crate) fn request(
    settings: &WechatSettings,
    keys: &impl Keys,
    nonce_key: &[u8; 32],
    draft: Draft,
    stamp: Stamp,
) -> HttpRequest {
    let timestamp = stamp.now.plus_ms(stamp.offset_ms).0.div_euclid(1_000);
    let nonce = nonce(nonce_key, stamp, &draft.path, &draft.body);
    let authorization = authorization(settings, keys, &draft, timestamp, &nonce);
    let mut headers = vec![
        ("accept", "application/json".to_owned()),
        // Without one, v3 answers 400.
        ("user-agent", "mianfu".to_owned()),
        ("authorization", authorization),
    ];
    if draft.method == Method::Post {
        headers.push(("content-type", "application/json".to_owned()));
    }
    let asked = settings.answer_serial.iter();
    headers.extend(asked.map(|serial| ("wechatpay-serial", serial.clone())));
    HttpRequest {
        method: draft.method,
        url: format!("{}{}", settings.endpoint, draft.path),
        headers,
        body: draft.body.into_bytes(),
        limit_ms: draft.limit_ms,
    }
}

/// Makes a request's nonce: a keyed hash of the moment and of what is asked. Nobody else can guess
/// it, and the same call at the same moment is the same bytes.
pub(crate) fn nonce(nonce_key: &[u8; 32], stamp: Stamp, path: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, nonce_key);
    let mut context = hmac::Context::with_key(&key);
    for part in ["nonce", &stamp.now.0.to_string(), path, body] {
        context.update(part.as_bytes());
        context.update(b"\n");
    }
    let mut nonce = hex(context.sign().as_ref());
    nonce.truncate(32);
    nonce
}
