//! WeChat Pay (微信支付), both generations.
//!
//! | we call it   | v3, for a shown code            | v2, for a scan           | answers            |
//! |--------------|---------------------------------|--------------------------|--------------------|
//! | submit       | `transactions/native`           | `pay/micropay`           | a verdict          |
//! | query        | `transactions/out-trade-no/…`   | `pay/orderquery`         | a verdict          |
//! | reverse      | its close: it moves no money    | `secapi/pay/reverse`     | a reversal         |
//! | close        | `…/close`                       | a query: there is no such| a close            |
//! | refund       | `refund/domestic/refunds`       | `secapi/pay/refund`      | accepted, refused  |
//! | refund query | `refund/domestic/refunds/…`     | `pay/refundquery`        | done, waiting, none|
//!
//! A trade stays in the generation it was begun in, which its flow says. Everything here is a pure
//! function of its arguments, as with Alipay.
//!
//! v3 takes scans too (`transactions/codepay`, and `…/reverse` without a certificate), but its error
//! table is not published whole and one official source says that there is no such thing
//! (`skills`, against 4012382150). So it is off unless the settings say otherwise ([`Scans`]); a code
//! of it that is not known is silence, and a signed query decides. A number about which nothing is
//! known is asked about in v2, where "no such trade" is signed.
//!
//! A service provider (服务商) calls for a merchant of its own under the same keys, with more numbers
//! in every request and `partner` in v3's paths ([`SubMerchant`]).
//!
//! - `keys`, `secret`, `certificates`: what signs, verifies and seals.
//! - `v3`: JSON and RSA; `v2`: XML and a shared key. Each with content, signature, codes, answers.
//! - `notice`: asynchronous notifications.

pub(crate) mod certificates;
pub(crate) mod keys;
pub(crate) mod notice;
pub(crate) mod secret;
mod v2;
mod v3;

#[cfg(test)]
mod tests;

use std::fmt;

use mianfu_core::channel::{Closing, Flow, Reversal, Verdict};

use crate::{Answer, Call, CallError, HttpReply, HttpRequest, Keys, Stamp};
use secret::{ApiV2Key, ApiV3Key};

/// A merchant's way to WeChat Pay: where, as whom, with which keys.
pub struct Wechat<K> {
    /// Where and as whom.
    pub settings: WechatSettings,
    /// What signs and verifies v3.
    pub keys: K,
    /// What v3 seals with.
    pub v3_key: ApiV3Key,
    /// What v2 signs with.
    pub v2_key: ApiV2Key,
    /// The key under which payers' ids are hashed (M18), and requests' nonces.
    pub payer_key: [u8; 32],
}

impl<K> fmt::Debug for Wechat<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wechat").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// What a merchant at WeChat Pay needs beside its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WechatSettings {
    /// Scheme and host, without a path: `https://api.mch.weixin.qq.com`.
    pub endpoint: String,
    /// The application's number (`appid`).
    pub app_id: String,
    /// The merchant's number (`mchid`, `mch_id`); an answer that names another is not believed.
    pub mch_id: String,
    /// The serial number of the merchant's API certificate, 40 upper-case hexadecimal digits.
    pub serial_no: String,
    /// The key that answers shall be signed with, where it is WeChat Pay's public key.
    pub answer_serial: Option<String>,
    /// Where WeChat Pay sends its notices; https, without a query.
    pub notify_url: String,
    /// The till's address in its network (`spbill_create_ip`).
    pub terminal_ip: String,
    /// The till's number (`device_info`).
    pub device: Option<String>,
    /// What v2 is signed with, both ways.
    pub sign_type: SignType,
    /// What takes scans.
    pub scans: Scans,
    /// The merchant that a service provider calls for; `None` where a merchant calls for itself.
    pub sub_merchant: Option<SubMerchant>,
}

/// Which generation takes scans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scans {
    /// v2's micropay, as at almost every counter.
    V2,
    /// v3's codepay (4012382150).
    V3 {
        /// The shop's own number (`store_info.out_id`), which codepay asks for.
        store: String,
    },
}

/// The merchant that a service provider (服务商) calls for (特约商户).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubMerchant {
    /// The merchant's number (`sub_mchid`, `sub_mch_id`); an answer that names another is not
    /// believed.
    pub mch_id: String,
    /// The merchant's own application (`sub_appid`), where it has one.
    pub app_id: Option<String>,
}

impl WechatSettings {
    /// Returns the number of the merchant that a service provider calls for.
    pub(crate) fn sub_mch_id(&self) -> Option<&str> {
        self.sub_merchant.as_ref().map(|merchant| merchant.mch_id.as_str())
    }

    /// Returns the application of the merchant that a service provider calls for.
    pub(crate) fn sub_app_id(&self) -> Option<&str> {
        self.sub_merchant.as_ref()?.app_id.as_deref()
    }
}

/// How v2 is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignType {
    /// HMAC with SHA-256.
    HmacSha256,
    /// MD5, where a merchant's other programs know nothing else.
    Md5,
}

impl SignType {
    /// Returns the name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            SignType::HmacSha256 => "HMAC-SHA256",
            SignType::Md5 => "MD5",
        }
    }
}

/// The generation that a call is made in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Generation {
    V2,
    V3,
}

/// What a trade's state says, in both generations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// The money was taken. Some of it may have gone back since by a refund, which is asked for by
    /// its own number.
    Paid,
    /// The customer has yet to confirm it.
    Waiting,
    /// Closed or reversed; a pay time says that money went back.
    Over,
    /// Not paid, and to be reversed (M11).
    Failed,
}

/// The `trade_state` of a trade of which some or all went back by a refund.
pub(crate) const SOME_BACK: &str = "REFUND";

/// Reads a `trade_state`; `None` is silence.
pub(crate) fn trade_state(told: &str) -> Option<State> {
    match told {
        "SUCCESS" | SOME_BACK => Some(State::Paid),
        "NOTPAY" | "USERPAYING" | "ACCEPT" => Some(State::Waiting),
        "CLOSED" | "REVOKED" => Some(State::Over),
        "PAYERROR" => Some(State::Failed),
        _ => None,
    }
}

/// Says whether a text may be the channel's number for a trade.
pub(crate) fn is_transaction_no(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Says whether an answer that could be read was signed: one that did what it was asked always is,
/// and so is every answer of v2; v3 refuses without.
pub(crate) fn is_signed(reply: &HttpReply) -> bool {
    let names = |name: &str| name.eq_ignore_ascii_case("wechatpay-signature");
    (200..300).contains(&reply.status) || reply.headers.iter().any(|(name, _)| names(name))
}

impl<K: Keys> Wechat<K> {
    /// Writes and signs the request for a call.
    pub(crate) fn encode_call(&self, call: &Call, flow: Flow, stamp: Stamp) -> HttpRequest {
        match self.generation(call, flow) {
            Generation::V3 => self.encode_v3(self.draft_v3(call, flow, stamp), stamp),
            Generation::V2 => self.encode_v2(call, stamp),
        }
    }

    /// Verifies and reads the answer to a call; `stamp` is of when it came.
    ///
    /// # Errors
    /// Every error is silence.
    pub(crate) fn decode_call(
        &self,
        call: &Call,
        flow: Flow,
        reply: &HttpReply,
        stamp: Stamp,
    ) -> Result<Answer, CallError> {
        match self.generation(call, flow) {
            Generation::V3 => self.decode_v3(call, flow, reply, stamp),
            Generation::V2 => self.decode_v2(call, reply, stamp),
        }
    }

    /// Says whether a reversal is let in over TLS with the merchant's certificate only.
    pub(crate) fn reversal_needs_certificate(&self) -> bool {
        self.settings.scans == Scans::V2
    }

    fn generation(&self, call: &Call, flow: Flow) -> Generation {
        let is_unknown = matches!(call, Call::Find { .. } | Call::Probe { .. });
        match (flow, &self.settings.scans) {
            (Flow::Show, _) => Generation::V3,
            (Flow::Scan, Scans::V3 { .. }) if !is_unknown => Generation::V3,
            (Flow::Scan, Scans::V2 | Scans::V3 { .. }) => Generation::V2,
        }
    }

    pub(crate) fn encode_v3(&self, draft: v3::sign::Draft, stamp: Stamp) -> HttpRequest {
        v3::sign::request(&self.settings, &self.keys, &self.payer_key, draft, stamp)
    }

    fn draft_v3(&self, call: &Call, flow: Flow, stamp: Stamp) -> v3::sign::Draft {
        let settings = &self.settings;
        match call {
            Call::Submit { sale, auth_code: Some(code) } => {
                v3::content::codepay(settings, sale, code)
            }
            // Without a code there is nobody to charge: asking what is known moves nothing.
            Call::Submit { sale, auth_code: None } if flow == Flow::Scan => {
                v3::content::query(settings, &sale.out_trade_no)
            }
            Call::Submit { sale, auth_code: None } => v3::content::native(settings, sale, stamp),
            Call::Query { out_trade_no }
            | Call::Find { out_trade_no }
            | Call::Probe { out_trade_no } => v3::content::query(settings, out_trade_no),
            // There is no close for a scan.
            Call::Close { out_trade_no } if flow == Flow::Scan => {
                v3::content::query(settings, out_trade_no)
            }
            Call::Reverse { out_trade_no } if flow == Flow::Scan => {
                v3::content::reverse(settings, out_trade_no)
            }
            // A shown code's trade cannot be reversed, and a close moves no money.
            Call::Close { out_trade_no } | Call::Reverse { out_trade_no } => {
                v3::content::close(settings, out_trade_no)
            }
            Call::Refund { out_trade_no, refund_no, amount, of } => {
                v3::content::refund(settings, out_trade_no, refund_no, *amount, *of)
            }
            Call::RefundQuery { out_trade_no: _, refund_no } => {
                v3::content::refund_query(settings, refund_no)
            }
        }
    }

    fn decode_v3(
        &self,
        call: &Call,
        flow: Flow,
        reply: &HttpReply,
        stamp: Stamp,
    ) -> Result<Answer, CallError> {
        let reader = v3::answers::Reader { wechat: self, out_trade_no: call.out_trade_no(), stamp };
        match call {
            Call::Submit { auth_code: Some(_), .. } => reader.codepay(reply).map(Answer::Told),
            Call::Submit { auth_code: None, .. } if flow == Flow::Scan => {
                reader.query(reply).map(Answer::Told)
            }
            Call::Submit { auth_code: None, .. } => reader.native(reply).map(Answer::Told),
            Call::Query { .. } | Call::Find { .. } => reader.query(reply).map(Answer::Told),
            Call::Probe { .. } => reader.query(reply).map(probed),
            Call::Close { .. } if flow == Flow::Scan => {
                reader.query(reply).and_then(not_closed).map(Answer::Closing)
            }
            Call::Reverse { .. } if flow == Flow::Scan => {
                reader.reverse(reply).map(Answer::Reversal)
            }
            Call::Close { .. } => reader.close(reply).map(Answer::Closing),
            Call::Reverse { .. } => reader.close(reply).map(reversed).map(Answer::Reversal),
            Call::Refund { refund_no, amount, .. } => {
                reader.refund(refund_no, *amount, reply).map(Answer::Refund)
            }
            Call::RefundQuery { refund_no, .. } => {
                reader.refund_query(refund_no, reply).map(Answer::RefundQuery)
            }
        }
    }

    fn encode_v2(&self, call: &Call, stamp: Stamp) -> HttpRequest {
        let settings = &self.settings;
        let draft = match call {
            Call::Submit { sale, auth_code: Some(code) } => {
                v2::content::micropay(settings, sale, code)
            }
            // Without a code there is nobody to charge: asking what is known moves nothing.
            Call::Submit { sale, auth_code: None } => v2::content::query(&sale.out_trade_no),
            // There is no close for a scan.
            Call::Query { out_trade_no }
            | Call::Find { out_trade_no }
            | Call::Probe { out_trade_no }
            | Call::Close { out_trade_no } => v2::content::query(out_trade_no),
            Call::Reverse { out_trade_no } => v2::content::reverse(out_trade_no),
            Call::Refund { out_trade_no, refund_no, amount, of } => {
                v2::content::refund(out_trade_no, refund_no, *amount, *of)
            }
            Call::RefundQuery { out_trade_no: _, refund_no } => {
                v2::content::refund_query(refund_no)
            }
        };
        v2::content::request(settings, &self.v2_key, &self.payer_key, &draft, stamp)
    }

    fn decode_v2(&self, call: &Call, reply: &HttpReply, stamp: Stamp) -> Result<Answer, CallError> {
        let reader = v2::answers::Reader {
            wechat: self,
            out_trade_no: call.out_trade_no(),
            offset_ms: stamp.offset_ms,
        };
        match call {
            Call::Submit { auth_code: Some(_), .. } => reader.micropay(reply).map(Answer::Told),
            Call::Submit { auth_code: None, .. } | Call::Query { .. } | Call::Find { .. } => {
                reader.query(reply).map(Answer::Told)
            }
            Call::Probe { .. } => reader.query(reply).map(probed),
            Call::Close { .. } => reader.query(reply).and_then(not_closed).map(Answer::Closing),
            Call::Reverse { .. } => reader.reverse(reply).map(Answer::Reversal),
            Call::Refund { refund_no, amount, .. } => {
                reader.refund(refund_no, *amount, reply).map(Answer::Refund)
            }
            Call::RefundQuery { refund_no, .. } => {
                reader.refund_query(refund_no, reply).map(Answer::RefundQuery)
            }
        }
    }
}

/// Tells a query's answer as a probe's: proven where it is signed, else what proves nothing.
fn probed(verdict: Verdict) -> Answer {
    let proves_nothing =
        matches!(verdict, Verdict::UnsignedRefusal { .. } | Verdict::UnsignedNotExist);
    if proves_nothing { Answer::Told(verdict) } else { Answer::Proven }
}

/// A scan cannot be closed. What was asked instead of it is a query, and its answer is told as a
/// close: an end is one, anything else a refusal, after which core asks by itself.
fn not_closed(told: Verdict) -> Result<Closing, CallError> {
    match told {
        Verdict::Closed => Ok(Closing::Closed),
        Verdict::NotExist => Ok(Closing::NotExist),
        Verdict::UnsignedRefusal { reason } => Err(CallError::UnsignedRefusal { reason }),
        Verdict::Paid(_)
        | Verdict::Waiting
        | Verdict::Code { .. }
        | Verdict::Declined { .. }
        | Verdict::DeclinedAlive { .. }
        | Verdict::Returned
        | Verdict::AlreadyPaid
        | Verdict::UnsignedNotExist => {
            Ok(Closing::Refused { reason: "MICROPAY_IS_REVERSED".to_owned() })
        }
    }
}

/// Tells the close that stood in for a reversal.
fn reversed(closing: Closing) -> Reversal {
    match closing {
        Closing::Closed => Reversal::Closed,
        Closing::NotExist => Reversal::FoundNothing,
        Closing::Refused { reason } => Reversal::Refused { reason },
    }
}
