//! Canonical strings, and a signed request as bytes.
//!
//! A request's string keeps `sign_type`; a notice's drops it. Both drop `sign` and empty values,
//! sort by name and join the raw values, not the percent-encoded ones (opendocs 057k53, 0c2c19).

use std::collections::BTreeMap;

use crate::alipay::AlipaySettings;
use crate::alipay::api::{Api, Notices};
use crate::wall::to_gmt8;
use crate::{HttpRequest, Keys, Method, Stamp};

/// Joins parameters the way they are signed.
pub(crate) fn canonical<'a>(parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let sorted: BTreeMap<&str, &str> = parameters
        .into_iter()
        .filter(|(name, value)| *name != "sign" && !value.is_empty())
        .collect();
    let pairs: Vec<String> =
        sorted.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// Writes a request: common parameters in the query, content and consent in the body.
pub(crate) fn request(
    settings: &AlipaySettings,
    keys: &impl Keys,
    api: Api,
    content: &str,
    stamp: Stamp,
) -> HttpRequest {
    let timestamp = to_gmt8(stamp.now.plus_ms(stamp.offset_ms));
    let serials = keys.serials();
    let notify_url = match api.notices() {
        Notices::Wanted => settings.notify_url.as_deref(),
        Notices::NotWanted => None,
    };
    let mut query: Vec<(&str, &str)> = vec![
        ("app_id", &settings.app_id),
        ("method", api.method()),
        ("format", "JSON"),
        ("charset", "utf-8"),
        ("sign_type", "RSA2"),
        ("timestamp", &timestamp),
        ("version", "1.0"),
    ];
    query.extend(notify_url.map(|url| ("notify_url", url)));
    query.extend(serials.map(|serials| ("app_cert_sn", serials.app.as_str())));
    query.extend(serials.map(|serials| ("alipay_root_cert_sn", serials.root.as_str())));
    // The consent goes into the body: addresses end up in the logs of proxies.
    let token = settings.app_auth_token.as_ref().map(|token| token.0.as_str());
    let mut body = vec![("biz_content", content)];
    body.extend(token.map(|token| ("app_auth_token", token)));

    let sign = keys.sign(canonical(query.iter().chain(&body).copied()).as_bytes());
    query.push(("sign", &sign));
    HttpRequest {
        method: Method::Post,
        url: format!("{}?{}", settings.endpoint, form(&query)),
        headers: vec![(
            "content-type",
            "application/x-www-form-urlencoded;charset=utf-8".to_owned(),
        )],
        body: form(&body).into_bytes(),
        limit_ms: api.limit_ms(),
    }
}

fn form(pairs: &[(&str, &str)]) -> String {
    let filled = pairs.iter().filter(|(_, value)| !value.is_empty());
    form_urlencoded::Serializer::new(String::new()).extend_pairs(filled).finish()
}
