//! Alipay face-to-face payment (当面付) over `gateway.do`.
//!
//! | we call it   | Alipay calls it                     | answers                               |
//! |--------------|-------------------------------------|---------------------------------------|
//! | submit, scan | `alipay.trade.pay`                  | paid, waiting, declined, already paid |
//! | submit, show | `alipay.trade.precreate`            | a code, declined, already paid        |
//! | query        | `alipay.trade.query`                | paid, waiting, not-exist, an end      |
//! | reverse      | `alipay.trade.cancel`               | closed, returned, nothing, again      |
//! | close        | `alipay.trade.close`                | closed, not-exist, refused            |
//! | refund       | `alipay.trade.refund`               | done, accepted, clash, refused        |
//! | refund query | `alipay.trade.fastpay.refund.query` | done, not-exist                       |
//!
//! Everything here is a pure function of its arguments. Sending is the transport's business,
//! patience and the comparing of amounts are core's.
//!
//! - `api`: the methods, their node names and time limits.
//! - `content`: what a request asks, as JSON.
//! - `wire`: the envelope around an answer; the signature over the bytes that came.
//! - `codes`: the table of codes; `answers`: a verified answer in our words.
//! - `keys`, `certificate`: reading keys and certificates; `sign`: canonical strings.
//! - `notice`: asynchronous notifications.

pub(crate) mod answers;
mod api;
mod certificate;
mod codes;
mod content;
pub(crate) mod keys;
pub(crate) mod notice;
mod sign;
mod wire;

#[cfg(test)]
mod tests;

use std::fmt;

use mianfu_core::channel::{Closing, RefundAnswer, RefundVerdict, Reversal, Verdict};
use mianfu_core::money::Fen;
use mianfu_core::number::{OutTradeNo, RefundNo};

use crate::{Answer, AuthCode, Call, CallError, HttpReply, HttpRequest, Keys, Sale, Stamp};
use answers::Reader;
use api::Api;

/// An application's way to Alipay: where, as whom, with which keys.
pub struct Alipay<K> {
    /// Where and as whom.
    pub settings: AlipaySettings,
    /// What signs and verifies.
    pub keys: K,
    /// The key under which payers' ids are hashed (M18).
    pub payer_key: [u8; 32],
}

impl<K> fmt::Debug for Alipay<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alipay").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// What an Alipay application needs beside its keys. Optional values that are `None` are not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlipaySettings {
    /// The gateway's address, `…/gateway.do`.
    pub endpoint: String,
    /// The application's number.
    pub app_id: String,
    /// The merchant's account, `2088…`; an answer that names another is not believed.
    pub seller_id: Option<String>,
    /// The merchant's consent, where a service provider (服务商) calls for it.
    pub app_auth_token: Option<AppAuthToken>,
    /// Where Alipay sends its notices (异步通知).
    pub notify_url: Option<String>,
    /// The store's number at Alipay; no Chinese characters.
    pub store_id: Option<String>,
    /// The till's number.
    pub terminal_id: Option<String>,
    /// The contract's product for a scan (opendocs 02ekfp).
    pub scan_product: String,
    /// The contract's product for a shown code (opendocs 05osv9: `QR_CODE_OFFLINE` for 订单码).
    pub show_product: String,
}

impl AlipaySettings {
    /// The product of the face-to-face contract (当面付).
    pub const FACE_TO_FACE: &'static str = "FACE_TO_FACE_PAYMENT";

    /// Returns the settings of a merchant that calls for itself under the face-to-face contract.
    #[must_use]
    pub fn new(endpoint: &str, app_id: &str) -> AlipaySettings {
        AlipaySettings {
            endpoint: endpoint.to_owned(),
            app_id: app_id.to_owned(),
            seller_id: None,
            app_auth_token: None,
            notify_url: None,
            store_id: None,
            terminal_id: None,
            scan_product: AlipaySettings::FACE_TO_FACE.to_owned(),
            show_product: AlipaySettings::FACE_TO_FACE.to_owned(),
        }
    }
}

/// A merchant's consent to a service provider (`app_auth_token`); never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct AppAuthToken(pub String);

impl fmt::Debug for AppAuthToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"***\"")
    }
}

impl<K: Keys> Alipay<K> {
    /// Writes the request of a call.
    pub(crate) fn encode_call(&self, call: &Call, stamp: Stamp) -> HttpRequest {
        match call {
            Call::Submit { sale, auth_code: Some(code) } => self.encode_pay(sale, code, stamp),
            Call::Submit { sale, auth_code: None } => self.encode_precreate(sale, stamp),
            Call::Query { out_trade_no } | Call::Find { out_trade_no } => {
                self.encode_query(out_trade_no, stamp)
            }
            Call::Reverse { out_trade_no } => self.encode_cancel(out_trade_no, stamp),
            Call::Close { out_trade_no } => self.encode_close(out_trade_no, stamp),
            Call::Refund { out_trade_no, refund_no, amount, of: _ } => {
                self.encode_refund(out_trade_no, refund_no, *amount, stamp)
            }
            Call::RefundQuery { out_trade_no, refund_no } => {
                self.encode_refund_query(out_trade_no, refund_no, stamp)
            }
            Call::Probe { out_trade_no } => self.encode_probe(out_trade_no, stamp),
        }
    }

    /// Reads the answer to a call.
    pub(crate) fn decode_call(
        &self,
        call: &Call,
        reply: &HttpReply,
        offset_ms: i64,
    ) -> Result<Answer, CallError> {
        match call {
            Call::Submit { sale, auth_code: Some(_) } => {
                self.decode_pay(sale, reply, offset_ms).map(Answer::Told)
            }
            Call::Submit { sale, auth_code: None } => {
                self.decode_precreate(sale, reply).map(Answer::Told)
            }
            Call::Query { out_trade_no } | Call::Find { out_trade_no } => {
                self.decode_query(out_trade_no, reply, offset_ms).map(Answer::Told)
            }
            Call::Reverse { out_trade_no } => {
                self.decode_cancel(out_trade_no, reply).map(Answer::Reversal)
            }
            Call::Close { out_trade_no } => {
                self.decode_close(out_trade_no, reply).map(Answer::Closing)
            }
            Call::Refund { out_trade_no, .. } => {
                self.decode_refund(out_trade_no, reply).map(Answer::Refund)
            }
            Call::RefundQuery { out_trade_no, refund_no } => {
                self.decode_refund_query(out_trade_no, refund_no, reply).map(Answer::RefundQuery)
            }
            Call::Probe { out_trade_no } => self.decode_probe(out_trade_no, reply),
        }
    }

    /// Asks the customer whose code was scanned for money (付款码支付, opendocs 02ekfp).
    #[must_use]
    pub fn encode_pay(&self, sale: &Sale, auth_code: &AuthCode, stamp: Stamp) -> HttpRequest {
        let content = content::pay(&self.settings, sale, auth_code, stamp);
        self.encode(Api::Pay, &content, stamp)
    }

    /// Reads the answer to [`Self::encode_pay`] for the same sale.
    ///
    /// # Errors
    /// Every error is silence.
    pub fn decode_pay(
        &self,
        sale: &Sale,
        reply: &HttpReply,
        offset_ms: i64,
    ) -> Result<Verdict, CallError> {
        self.reader(&sale.out_trade_no, offset_ms).pay(reply)
    }

    /// Asks for a code to show (扫码, opendocs 05osv9).
    #[must_use]
    pub fn encode_precreate(&self, sale: &Sale, stamp: Stamp) -> HttpRequest {
        self.encode(Api::Precreate, &content::precreate(&self.settings, sale, stamp), stamp)
    }

    /// Reads the answer to [`Self::encode_precreate`] for the same sale.
    ///
    /// # Errors
    /// Every error is silence.
    pub fn decode_precreate(&self, sale: &Sale, reply: &HttpReply) -> Result<Verdict, CallError> {
        self.reader(&sale.out_trade_no, 0).precreate(reply)
    }

    /// Asks what became of an attempt (opendocs 02ekfh).
    #[must_use]
    pub fn encode_query(&self, out_trade_no: &OutTradeNo, stamp: Stamp) -> HttpRequest {
        self.encode(Api::Query, &content::about(out_trade_no), stamp)
    }

    /// Reads the answer to [`Self::encode_query`] about the same attempt.
    ///
    /// # Errors
    /// Every error is silence.
    pub fn decode_query(
        &self,
        out_trade_no: &OutTradeNo,
        reply: &HttpReply,
        offset_ms: i64,
    ) -> Result<Verdict, CallError> {
        self.reader(out_trade_no, offset_ms).query(reply)
    }

    /// Undoes an attempt (撤销, opendocs 02ekfr).
    #[must_use]
    pub fn encode_cancel(&self, out_trade_no: &OutTradeNo, stamp: Stamp) -> HttpRequest {
        self.encode(Api::Cancel, &content::about(out_trade_no), stamp)
    }

    /// Reads the answer to [`Self::encode_cancel`] about the same attempt.
    ///
    /// # Errors
    /// Every error is silence.
    pub fn decode_cancel(
        &self,
        out_trade_no: &OutTradeNo,
        reply: &HttpReply,
    ) -> Result<Reversal, CallError> {
        self.reader(out_trade_no, 0).cancel(reply)
    }

    /// Ends an unpaid attempt (关单, opendocs 02o6e7).
    #[must_use]
    pub fn encode_close(&self, out_trade_no: &OutTradeNo, stamp: Stamp) -> HttpRequest {
        self.encode(Api::Close, &content::about(out_trade_no), stamp)
    }

    /// Reads the answer to [`Self::encode_close`] about the same attempt.
    ///
    /// # Errors
    /// Every error is silence.
    pub fn decode_close(
        &self,
        out_trade_no: &OutTradeNo,
        reply: &HttpReply,
    ) -> Result<Closing, CallError> {
        self.reader(out_trade_no, 0).close(reply)
    }

    /// Gives money back (退款, opendocs 02ekfs).
    #[must_use]
    pub fn encode_refund(
        &self,
        out_trade_no: &OutTradeNo,
        refund_no: &RefundNo,
        amount: Fen,
        stamp: Stamp,
    ) -> HttpRequest {
        let content = content::refund(&self.settings, out_trade_no, refund_no, amount);
        self.encode(Api::Refund, &content, stamp)
    }

    /// Reads the answer to [`Self::encode_refund`] about the same attempt.
    ///
    /// # Errors
    /// Every error is silence.
    pub fn decode_refund(
        &self,
        out_trade_no: &OutTradeNo,
        reply: &HttpReply,
    ) -> Result<RefundVerdict, CallError> {
        self.reader(out_trade_no, 0).refund(reply)
    }

    /// Asks what became of a refund (opendocs 02ekft).
    #[must_use]
    pub fn encode_refund_query(
        &self,
        out_trade_no: &OutTradeNo,
        refund_no: &RefundNo,
        stamp: Stamp,
    ) -> HttpRequest {
        self.encode(Api::RefundQuery, &content::refund_query(out_trade_no, refund_no), stamp)
    }

    /// Reads the answer to [`Self::encode_refund_query`] about the same refund.
    ///
    /// # Errors
    /// Every error is silence.
    pub fn decode_refund_query(
        &self,
        out_trade_no: &OutTradeNo,
        refund_no: &RefundNo,
        reply: &HttpReply,
    ) -> Result<RefundAnswer, CallError> {
        self.reader(out_trade_no, 0).refund_query(refund_no, reply)
    }

    /// Asks about a number of ours that was never submitted (M4).
    #[must_use]
    pub fn encode_probe(&self, never_submitted: &OutTradeNo, stamp: Stamp) -> HttpRequest {
        self.encode_query(never_submitted, stamp)
    }

    /// Reads the answer to [`Self::encode_probe`]: [`Answer::Proven`] where it is signed and
    /// readable, else [`Answer::Told`] with what proves nothing.
    ///
    /// # Errors
    /// Every error is silence.
    pub fn decode_probe(
        &self,
        never_submitted: &OutTradeNo,
        reply: &HttpReply,
    ) -> Result<Answer, CallError> {
        let verdict = self.reader(never_submitted, 0).query(reply)?;
        let proves_nothing =
            matches!(verdict, Verdict::UnsignedRefusal { .. } | Verdict::UnsignedNotExist);
        Ok(if proves_nothing { Answer::Told(verdict) } else { Answer::Proven })
    }

    fn encode(&self, api: Api, content: &str, stamp: Stamp) -> HttpRequest {
        sign::request(&self.settings, &self.keys, api, content, stamp)
    }

    fn reader<'a>(&'a self, out_trade_no: &'a OutTradeNo, offset_ms: i64) -> Reader<'a, K> {
        Reader {
            keys: &self.keys,
            seller_id: self.settings.seller_id.as_deref(),
            payer_key: &self.payer_key,
            out_trade_no,
            offset_ms,
        }
    }
}
