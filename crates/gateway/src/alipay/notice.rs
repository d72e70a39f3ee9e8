//! Asynchronous notices (异步通知): a form, signed by Alipay.
//!
//! Authenticity and binding to our application are checked here, and what a notice says is put into
//! our words. What it means for an attempt is for core to say (M14).

use std::collections::BTreeMap;
use std::fmt;

use mianfu_core::channel::{Payment, Verdict};
use mianfu_core::money::{Fen, Timestamp};
use mianfu_core::mutant;
use mianfu_core::number::{OutTradeNo, RefundNo};

use crate::alipay::answers::{is_trade_no, payer_hash};
use crate::alipay::sign::canonical;
use crate::wall::from_gmt8;
use crate::{About, Alipay, CallError, Keys, News, Stamp};

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
            let twice = fields.insert(name.into_owned(), value.into_owned()).is_some();
            if twice && !mutant::planted("law10_a_field_twice") {
                return Err(CallError::Unreadable { what: "a notice with a field twice" });
            }
        }
        if !reads_one_way(&fields) && !mutant::planted("law10_a_field_inside_another") {
            return Err(CallError::Unreadable { what: "a notice with a field inside another" });
        }
        let notice = Notice(fields);
        let weaker = notice.get("sign_type").is_some_and(|kind| kind != "RSA2");
        if weaker && !mutant::planted("law10_a_weaker_kind") {
            return Err(CallError::BadSignature);
        }
        let is_utf8 = |charset: &str| charset.eq_ignore_ascii_case("utf-8");
        let foreign = notice.get("charset").is_some_and(|charset| !is_utf8(charset));
        if foreign && !mutant::planted("law10_any_charset") {
            return Err(CallError::Unreadable { what: "a notice in another charset" });
        }
        let sign = notice.get("sign").ok_or(CallError::BadSignature)?;
        let genuine = self.keys.verify(signed_text(&notice.0).as_bytes(), sign);
        if !genuine && !mutant::planted("law10_an_unsigned_notice") {
            return Err(CallError::BadSignature);
        }
        self.is_ours(&notice)?;
        Ok(notice)
    }

    fn is_ours(&self, notice: &Notice) -> Result<(), CallError> {
        let ours = notice.get("app_id") == Some(self.settings.app_id.as_str());
        if !ours && !mutant::planted("law10_another_applications_notice") {
            return Err(CallError::Unreadable { what: "a notice to another application" });
        }
        let seller = self.settings.seller_id.as_deref();
        let anothers = seller.is_some() && notice.get("seller_id") != seller;
        if anothers && !mutant::planted("law10_another_sellers_notice") {
            return Err(CallError::Unreadable { what: "a notice about another seller" });
        }
        Ok(())
    }

    /// Reads a verified notice in our words.
    pub(crate) fn news(&self, body: &[u8], stamp: Stamp) -> Result<News, CallError> {
        let notice = self.open_notice(body)?;
        let Some(out_trade_no) = notice.get("out_trade_no").and_then(OutTradeNo::new) else {
            return unreadable("a notice about a number that is not ours");
        };
        // Money that went back is told with the trade's own status beside it (opendocs 00f7nu).
        let refund_no = notice.get("gmt_refund").and(notice.get("out_biz_no"));
        if let Some(refund_no) = refund_no.and_then(RefundNo::new) {
            return Ok(News { out_trade_no, about: About::Refund(refund_no) });
        }
        let paid_at = paid_at(&notice, stamp)?;
        let verdict = match notice.get("trade_status") {
            Some("WAIT_BUYER_PAY") => Verdict::Waiting,
            Some("TRADE_SUCCESS" | "TRADE_FINISHED") => {
                Verdict::Paid(self.payment(&notice, paid_at)?)
            }
            Some("TRADE_CLOSED") if paid_at.is_some() => Verdict::Returned,
            Some("TRADE_CLOSED") => Verdict::Closed,
            _ => return unreadable("a notice's status"),
        };
        Ok(News { out_trade_no, about: About::Trade(verdict) })
    }

    fn payment(&self, notice: &Notice, paid_at: Option<Timestamp>) -> Result<Payment, CallError> {
        let Some(amount) = notice.get("total_amount").and_then(Fen::from_yuan) else {
            return unreadable("paid, but without an amount");
        };
        let Some(trade_no) = notice.get("trade_no").filter(|trade_no| is_trade_no(trade_no)) else {
            return unreadable("paid, but without a trade number");
        };
        let payer = notice.get("buyer_id").or(notice.get("buyer_open_id"));
        let payer = payer.map(|id| payer_hash(&self.payer_key, id));
        Ok(Payment {
            amount,
            transaction_no: trade_no.to_owned(),
            paid_at,
            payer,
            some_back: false,
        })
    }
}

/// Returns when the customer paid, in the till's time.
fn paid_at(notice: &Notice, stamp: Stamp) -> Result<Option<Timestamp>, CallError> {
    let Some(written) = notice.get("gmt_payment") else { return Ok(None) };
    match from_gmt8(written) {
        Some(at) => Ok(Some(at.plus_ms(stamp.offset_ms.saturating_neg()))),
        None => unreadable("a pay time"),
    }
}

fn unreadable<T>(what: &'static str) -> Result<T, CallError> {
    Err(CallError::Unreadable { what })
}

/// Says whether what is signed stands for these fields alone. It joins names and values as they
/// are, so one field of `1&b=2` has the signature of two; whoever writes them as one hides one.
fn reads_one_way(fields: &BTreeMap<String, String>) -> bool {
    let begins_a_field = |text: &str| {
        let name = text.split_once('=').map_or("", |(name, _)| name);
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        !name.is_empty() && name.bytes().all(is_part)
    };
    fields.iter().all(|(name, value)| {
        !name.contains(['&', '=']) && !value.split('&').skip(1).any(begins_a_field)
    })
}

/// Returns what the signature of a notice covers; other than a request's it leaves out `sign_type`.
pub(crate) fn signed_text(fields: &BTreeMap<String, String>) -> String {
    let kept = fields.iter().filter(|(name, _)| *name != "sign_type");
    canonical(kept.map(|(name, value)| (name.as_str(), value.as_str())))
}
