//! Notices (回调通知): JSON with a sealed part for v3; XML for v2, signed, or with a sealed part for
//! its refunds.
//!
//! Authenticity and binding to our merchant are checked here, and what a notice says is put into our
//! words. What it means for an attempt is for core to say (M14). Its age is no matter at the till,
//! which may have been asleep; the relay checks it at its door.

use mianfu_core::mutant;
use mianfu_core::number::{OutTradeNo, RefundNo};
use serde::Deserialize;

use crate::wechat::Wechat;
use crate::wechat::v2::xml;
use crate::wechat::v3::wire::{Merchant, Signed, signature};
use crate::wechat::{v2, v3};
use crate::{About, CallError, HttpReply, Keys, News, Stamp};

/// The most bytes a notice may have: room for the largest one documented, with a margin.
const NOTICE_LIMIT_BYTES: usize = 64 * 1024;
/// The longest id documented has 36 characters.
const ID_LIMIT_BYTES: usize = 64;

/// What happened, by a notice's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WechatEvent {
    /// A trade was paid.
    Paid,
    /// Something became of a refund.
    Refund(RefundNo),
}

/// A notice to our merchant, read for its numbers alone: a reason to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WechatNotice {
    /// Names the notice; the same over its repetitions. `None` in v2.
    pub id: Option<String>,
    /// The attempt's number.
    pub out_trade_no: OutTradeNo,
    /// What happened.
    pub event: WechatEvent,
}

#[derive(Deserialize)]
struct Envelope {
    id: String,
    event_type: String,
    resource: Resource,
}

#[derive(Deserialize)]
pub(crate) struct Resource {
    pub(crate) algorithm: String,
    pub(crate) nonce: String,
    #[serde(default)]
    pub(crate) associated_data: Option<String>,
    pub(crate) ciphertext: String,
}

#[derive(Deserialize)]
struct Told {
    out_trade_no: String,
    out_refund_no: Option<String>,
}

impl<K: Keys> Wechat<K> {
    /// Verifies and opens a notice of v3: its headers, and its body as it came.
    ///
    /// # Errors
    /// Nothing of the notice may be used: it is not the channel's, not for us or not readable.
    pub fn open_notice(
        &self,
        headers: &[(String, String)],
        body: &[u8],
    ) -> Result<WechatNotice, CallError> {
        self.open_sealed(headers, body).map(|(notice, _)| notice)
    }

    /// Verifies and opens a notice of v3; returns what was sealed in it as well.
    fn open_sealed(
        &self,
        headers: &[(String, String)],
        body: &[u8],
    ) -> Result<(WechatNotice, Vec<u8>), CallError> {
        if NOTICE_LIMIT_BYTES < body.len() {
            return Err(CallError::TooLarge { limit_bytes: NOTICE_LIMIT_BYTES });
        }
        let signed = signature(&self.keys, headers, body, |_| true)?;
        if signed == Signed::No && !mutant::planted("law10_an_unsigned_notice") {
            return Err(CallError::BadSignature);
        }
        let envelope: Envelope =
            serde_json::from_slice(body).map_err(|_| unreadable("a notice"))?;
        let plain = self.open_resource(&envelope.resource)?;
        let told: Told =
            serde_json::from_slice(&plain).map_err(|_| unreadable("a notice's content"))?;
        let merchant: Merchant =
            serde_json::from_slice(&plain).map_err(|_| unreadable("a notice's content"))?;
        if !merchant.is_ours(&self.settings) {
            return Err(unreadable("a notice to another merchant"));
        }
        let event = match (envelope.event_type.as_str(), told.out_refund_no) {
            ("TRANSACTION.SUCCESS", None) if merchant.names_application() => WechatEvent::Paid,
            ("REFUND.SUCCESS" | "REFUND.CLOSED" | "REFUND.ABNORMAL", Some(refund_no)) => {
                WechatEvent::Refund(refund_number(&refund_no)?)
            }
            (_, None) if mutant::planted("law10_any_event_is_paid") => WechatEvent::Paid,
            (_, _) => return Err(unreadable("a notice's event")),
        };
        if !(1..=ID_LIMIT_BYTES).contains(&envelope.id.len()) {
            return Err(unreadable("a notice's id"));
        }
        let out_trade_no = number(&told.out_trade_no)?;
        Ok((WechatNotice { id: Some(envelope.id), out_trade_no, event }, plain))
    }

    /// Verifies a notice of either generation and reads it in our words.
    pub(crate) fn news(
        &self,
        headers: &[(String, String)],
        body: &[u8],
        stamp: Stamp,
    ) -> Result<News, CallError> {
        if body.trim_ascii_start().starts_with(b"<") {
            return self.news_of_v2(body, stamp);
        }
        let (notice, plain) = self.open_sealed(headers, body)?;
        let out_trade_no = notice.out_trade_no;
        let about = match notice.event {
            WechatEvent::Refund(refund_no) => About::Refund(refund_no),
            WechatEvent::Paid => {
                let reader =
                    v3::answers::Reader { wechat: self, out_trade_no: &out_trade_no, stamp };
                About::Trade(reader.notice(&plain)?)
            }
        };
        Ok(News { out_trade_no, about })
    }

    fn news_of_v2(&self, body: &[u8], stamp: Stamp) -> Result<News, CallError> {
        if NOTICE_LIMIT_BYTES < body.len() {
            return Err(CallError::TooLarge { limit_bytes: NOTICE_LIMIT_BYTES });
        }
        let fields = xml::read(body, "xml").ok_or(unreadable("a notice"))?;
        if fields.contains_key("req_info") {
            let notice = self.open_v2_refund_notice(body)?;
            return match notice.event {
                WechatEvent::Refund(refund_no) => {
                    Ok(News { out_trade_no: notice.out_trade_no, about: About::Refund(refund_no) })
                }
                WechatEvent::Paid => Err(unreadable("a notice's event")),
            };
        }
        let named = fields.get("out_trade_no").map(String::as_str).unwrap_or_default();
        let out_trade_no = number(named)?;
        let reply = HttpReply { status: 200, headers: Vec::new(), body: body.to_vec() };
        let reader = v2::answers::Reader {
            wechat: self,
            out_trade_no: &out_trade_no,
            offset_ms: stamp.offset_ms,
        };
        let about = About::Trade(reader.notice(&reply)?);
        Ok(News { out_trade_no, about })
    }

    /// Opens a refund notice of v2. It has no signature; that its sealed part opens under our key
    /// says little, so it is a reason to ask and no more.
    ///
    /// # Errors
    /// Nothing of the notice may be used: it is not for us or not readable.
    pub fn open_v2_refund_notice(&self, body: &[u8]) -> Result<WechatNotice, CallError> {
        if NOTICE_LIMIT_BYTES < body.len() {
            return Err(CallError::TooLarge { limit_bytes: NOTICE_LIMIT_BYTES });
        }
        let outer = xml::read(body, "xml").ok_or(unreadable("a notice"))?;
        let named = |name: &str| outer.get(name).map(String::as_str).filter(|id| !id.is_empty());
        let is_ours = named("appid") == Some(&self.settings.app_id)
            && named("mch_id") == Some(&self.settings.mch_id)
            && named("sub_mch_id") == self.settings.sub_mch_id();
        if !is_ours {
            return Err(unreadable("a notice to another merchant"));
        }
        let sealed = outer.get("req_info").ok_or(unreadable("a notice without its content"))?;
        let plain = self.v2_key.open_req_info(sealed).ok_or(CallError::BadSignature)?;
        let inner = xml::read(&plain, "root").ok_or(unreadable("a notice's content"))?;
        let field = |name: &str| inner.get(name).map(String::as_str).unwrap_or_default();
        let event = WechatEvent::Refund(refund_number(field("out_refund_no"))?);
        Ok(WechatNotice { id: None, out_trade_no: number(field("out_trade_no"))?, event })
    }

    /// Opens what was sealed under the APIv3 key.
    pub(crate) fn open_resource(&self, resource: &Resource) -> Result<Vec<u8>, CallError> {
        if resource.algorithm != "AEAD_AES_256_GCM" {
            return Err(unreadable("sealed with another algorithm"));
        }
        let associated = resource.associated_data.as_deref().unwrap_or_default();
        self.v3_key
            .open(&resource.nonce, associated, &resource.ciphertext)
            .ok_or(CallError::BadSignature)
    }
}

fn number(text: &str) -> Result<OutTradeNo, CallError> {
    OutTradeNo::new(text).ok_or(unreadable("a notice about a number that is not ours"))
}

fn refund_number(text: &str) -> Result<RefundNo, CallError> {
    RefundNo::new(text).ok_or(unreadable("a notice about a refund that is not ours"))
}

fn unreadable(what: &'static str) -> CallError {
    CallError::Unreadable { what }
}
