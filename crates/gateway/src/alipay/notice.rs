//! Asynchronous notices (异步通知): a form, signed by Alipay.
//!
//! Only authenticity and binding to our application are checked here. What a notice means for an
//! attempt is for a query to say (M14).

use std::collections::BTreeMap;
use std::fmt;

use crate::alipay::sign::canonical;
use crate::{Alipay, CallError, Keys};

/// The most bytes a notice may have: room for the largest one documented, with a margin.
const NOTICE_LIMIT_BYTES: usize = 64 * 1024;

/// A genuine notice to our application. Never prints what it says.
///
/// Invariant: signed by the channel, about our application and seller.
#[derive(Clone, PartialEq, Eq)]
pub struct Notice(BTreeMap<String, String>);

impl Notice {
    /// Returns a field, e.g. `out_trade_no`; `None` where it is missing or empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

impl fmt::Debug for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notice")
            .field("out_trade_no", &self.get("out_trade_no"))
            .field("trade_status", &self.get("trade_status"))
            .finish_non_exhaustive()
    }
}

impl<K: Keys> Alipay<K> {
    /// Verifies a notice's body as it came (opendocs 00f7nu, 0c2c19).
    ///
    /// # Errors
    /// Nothing of the notice may be used: it is not the channel's, not for us or not readable.
    pub fn open_notice(&self, body: &[u8]) -> Result<Notice, CallError> {
        if NOTICE_LIMIT_BYTES < body.len() {
            return Err(CallError::TooLarge { limit_bytes: NOTICE_LIMIT_BYTES });
        }
        let mut fields = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(body) {
            if fields.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(CallError::Unreadable { what: "a notice with a field twice" });
            }
        }
        let notice = Notice(fields);
        if notice.get("sign_type").is_some_and(|kind| kind != "RSA2") {
            return Err(CallError::BadSignature);
        }
        if notice.get("charset").is_some_and(|charset| !charset.eq_ignore_ascii_case("utf-8")) {
            return Err(CallError::Unreadable { what: "a notice in another charset" });
        }
        let sign = notice.get("sign").ok_or(CallError::BadSignature)?;
        if !self.keys.verify(signed_text(&notice.0).as_bytes(), sign) {
            return Err(CallError::BadSignature);
        }
        if notice.get("app_id") != Some(self.settings.app_id.as_str()) {
            return Err(CallError::Unreadable { what: "a notice to another application" });
        }
        let seller = self.settings.seller_id.as_deref();
        if seller.is_some() && notice.get("seller_id") != seller {
            return Err(CallError::Unreadable { what: "a notice about another seller" });
        }
        Ok(notice)
    }
}

/// Returns what the signature of a notice covers; other than a request's it leaves out `sign_type`.
pub(crate) fn signed_text(fields: &BTreeMap<String, String>) -> String {
    let kept = fields.iter().filter(|(name, _)| *name != "sign_type");
    canonical(kept.map(|(name, value)| (name.as_str(), value.as_str())))
}
