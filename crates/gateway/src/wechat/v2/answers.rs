//! An answer of v2 in our words.
//!
//! | answer                                   | is                                              |
//! |------------------------------------------|-------------------------------------------------|
//! | `return_code` SUCCESS, signed, ours      | a verdict                                       |
//! | `return_code` FAIL, unsigned             | a refusal by configuration, or silence (M10)    |
//! | no `return_code`, no or another signature| silence                                         |
//! | another merchant, attempt or currency    | silence                                         |
//! | a state or code without a row            | silence                                         |

use mianfu_core::channel::{Payment, RefundAnswer, RefundVerdict, Reversal, Verdict};
use mianfu_core::money::{Fen, Timestamp};
use mianfu_core::mutant;
use mianfu_core::number::{OutTradeNo, RefundNo};

use crate::alipay::answers::payer_hash;
use crate::wall::from_compact;
use crate::wechat::secret::ApiV2Key;
use crate::wechat::v2::codes::{self, NotRefunded, NotReversed, Refused};
use crate::wechat::v2::sign;
use crate::wechat::v2::xml::{self, Elements};
use crate::wechat::{SOME_BACK, SignType, State, Wechat, is_transaction_no, trade_state};
use crate::{CallError, HttpReply};

/// The most refunds one trade can have, with a margin; so many are looked through.
const REFUNDS_MAX: u32 = 64;

/// A signed answer's elements.
pub(crate) struct Fields(Elements);

impl Fields {
    /// Returns a value; `None` where it is missing or empty.
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Reads an amount in fen: digits, and nothing that could be yuan.
    fn fen(&self, name: &str) -> Option<Fen> {
        let text = self.get(name)?;
        let is_number = text.len() <= 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse().ok().and_then(Fen::new)).flatten()
    }
}

/// An answer, opened.
pub(crate) enum Opened {
    /// Signed, and done.
    Success(Fields),
    /// Signed, and refused with a code.
    Refused { code: String, fields: Fields },
    /// Refused without a signature, by configuration.
    Unsigned { reason: String },
}

/// Opens an answer: checks status, shape and signature.
pub(crate) fn open(
    reply: &HttpReply,
    sign_type: SignType,
    key: &ApiV2Key,
) -> Result<Opened, CallError> {
    if reply.status != 200 {
        return Err(CallError::Status { status: reply.status });
    }
    let elements = xml::read(&reply.body, "xml")
        .ok_or(CallError::Unreadable { what: "the XML of an answer" })?;
    let fields = Fields(elements);
    match (fields.get("return_code"), fields.get("sign")) {
        (Some("SUCCESS"), Some(_)) => {}
        (None, Some(_)) if mutant::planted("law10_no_return_code") => {}
        (Some("SUCCESS"), None) => return Err(CallError::BadSignature),
        (Some("FAIL"), None) => {
            let told = fields.get("return_msg").unwrap_or_default();
            return match codes::is_unsigned_configuration(told) {
                true => Ok(Opened::Unsigned { reason: codes::reason(told) }),
                false => unreadable("a refusal without a signature"),
            };
        }
        (Some("FAIL"), Some(_)) => return unreadable("a refusal with a signature"),
        (Some(_) | None, _) => return unreadable("an answer without its return code"),
    }
    is_signed(&fields.0, sign_type, key)?;
    match (fields.get("result_code"), fields.get("err_code")) {
        (Some("SUCCESS"), _) => Ok(Opened::Success(fields)),
        (Some("FAIL"), Some(code)) => Ok(Opened::Refused { code: code.to_owned(), fields }),
        (_, _) => unreadable("an answer without its result code"),
    }
}

/// Checks a signature with the algorithm that was asked for; a weaker one in its place is a forgery.
pub(crate) fn is_signed(
    elements: &Elements,
    sign_type: SignType,
    key: &ApiV2Key,
) -> Result<(), CallError> {
    let get = |name: &str| elements.get(name).map(String::as_str).filter(|value| !value.is_empty());
    if get("sign_type").is_some_and(|told| told != sign_type.as_str()) {
        return Err(CallError::BadSignature);
    }
    let pairs = elements.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let signature = get("sign").ok_or(CallError::BadSignature)?;
    let weaker = mutant::planted("law10_a_weaker_kind");
    let sign_type = if weaker { SignType::Md5 } else { sign_type };
    let genuine = sign::verify(pairs, sign_type, key, signature);
    match genuine || mutant::planted("law10_an_unsigned_notice") {
        true => Ok(()),
        false => Err(CallError::BadSignature),
    }
}

/// Reads the answers about one attempt.
pub(crate) struct Reader<'a, K> {
    pub(crate) wechat: &'a Wechat<K>,
    pub(crate) out_trade_no: &'a OutTradeNo,
    pub(crate) offset_ms: i64,
}

impl<K> Reader<'_, K> {
    pub(crate) fn micropay(&self, reply: &HttpReply) -> Result<Verdict, CallError> {
        match self.open(reply)? {
            Opened::Success(fields) => {
                self.names_this(&fields)?;
                Ok(Verdict::Paid(self.payment(&fields)?))
            }
            Opened::Unsigned { reason } => Ok(Verdict::UnsignedRefusal { reason }),
            Opened::Refused { code, .. } => {
                let reason = codes::reason(&code);
                // Signed: the gateway turned the submit away before there was a trade.
                if codes::is_configuration(&code) {
                    return Ok(Verdict::Declined { reason });
                }
                match codes::micropay(&code) {
                    Refused::Waiting => Ok(Verdict::Waiting),
                    Refused::Dead => Ok(Verdict::Declined { reason }),
                    Refused::Alive => Ok(Verdict::DeclinedAlive { reason }),
                    Refused::Paid => Ok(Verdict::AlreadyPaid),
                    Refused::Silent => unreadable("a refused submit"),
                }
            }
        }
    }

    /// Reads a notice: it is written and signed like an answer, and only success is told.
    pub(crate) fn notice(&self, reply: &HttpReply) -> Result<Verdict, CallError> {
        match self.open(reply)? {
            Opened::Success(fields) => {
                self.names_this(&fields)?;
                Ok(Verdict::Paid(self.payment(&fields)?))
            }
            Opened::Refused { .. } | Opened::Unsigned { .. } => unreadable("a notice of a failure"),
        }
    }

    pub(crate) fn query(&self, reply: &HttpReply) -> Result<Verdict, CallError> {
        let fields = match self.open(reply)? {
            Opened::Success(fields) => fields,
            Opened::Unsigned { reason } => return Ok(Verdict::UnsignedRefusal { reason }),
            Opened::Refused { code, .. } if codes::is_not_exist(&code) => {
                return Ok(Verdict::NotExist);
            }
            // The query was refused, which says nothing of the trade: never `Declined`.
            Opened::Refused { code, .. } if codes::is_configuration(&code) => {
                return Ok(Verdict::UnsignedRefusal { reason: codes::reason(&code) });
            }
            Opened::Refused { .. } => return unreadable("a refused query"),
        };
        self.names_this(&fields)?;
        let told = fields.get("trade_state").unwrap_or_default();
        match trade_state(told) {
            Some(State::Paid) => Ok(Verdict::Paid(self.payment(&fields)?)),
            Some(State::Waiting) => Ok(Verdict::Waiting),
            Some(State::Over) => match self.paid_at(&fields)? {
                Some(_) => Ok(Verdict::Returned),
                None => Ok(Verdict::Closed),
            },
            Some(State::Failed) => Ok(Verdict::DeclinedAlive { reason: told.to_owned() }),
            None => unreadable("a trade's state"),
        }
    }

    pub(crate) fn reverse(&self, reply: &HttpReply) -> Result<Reversal, CallError> {
        let (code, again) = match self.open(reply)? {
            Opened::Success(fields) => {
                return match fields.get("recall") {
                    Some("Y") => Ok(Reversal::Again),
                    // It does not say whether money moved, and unknown numbers have been answered
                    // like this too: the query that follows decides (M7, M9).
                    Some("N") | None => Ok(Reversal::Done),
                    Some(_) => unreadable("a reversal's recall"),
                };
            }
            Opened::Unsigned { reason } => return Err(CallError::UnsignedRefusal { reason }),
            Opened::Refused { code, fields } => (code, fields.get("recall") == Some("Y")),
        };
        let reason = codes::reason(&code);
        match codes::reverse(&code) {
            NotReversed::FoundNothing => Ok(Reversal::FoundNothing),
            NotReversed::NoBalance => Ok(Reversal::NoBalance),
            NotReversed::TooLate => Ok(Reversal::TooLate),
            NotReversed::Again => Ok(Reversal::Again),
            NotReversed::Refused | NotReversed::Silent if again => Ok(Reversal::Again),
            NotReversed::Refused => Ok(Reversal::Refused { reason }),
            NotReversed::Silent if codes::is_configuration(&code) => {
                Ok(Reversal::Refused { reason })
            }
            NotReversed::Silent => unreadable("a refused reversal"),
        }
    }

    pub(crate) fn refund(
        &self,
        refund_no: &RefundNo,
        amount: Fen,
        reply: &HttpReply,
    ) -> Result<RefundVerdict, CallError> {
        let code = match self.open(reply)? {
            Opened::Success(fields) => {
                self.names_this(&fields)?;
                if fields.get("out_refund_no") != Some(refund_no.as_str()) {
                    return unreadable("an answer about another refund");
                }
                return match fields.fen("refund_fee") {
                    Some(told) if told == amount => Ok(RefundVerdict::Accepted),
                    Some(_) => Ok(RefundVerdict::Clash),
                    None => unreadable("a refund without an amount"),
                };
            }
            Opened::Unsigned { reason } => return Err(CallError::UnsignedRefusal { reason }),
            Opened::Refused { code, .. } => code,
        };
        let reason = codes::reason(&code);
        match codes::refund(&code) {
            NotRefunded::NoBalance => Ok(RefundVerdict::NoBalance),
            NotRefunded::Clash => Ok(RefundVerdict::Clash),
            NotRefunded::Refused => Ok(RefundVerdict::Refused { reason }),
            NotRefunded::Silent if codes::is_configuration(&code) => {
                Ok(RefundVerdict::Refused { reason })
            }
            NotRefunded::Silent => unreadable("a refused refund"),
        }
    }

    pub(crate) fn refund_query(
        &self,
        refund_no: &RefundNo,
        reply: &HttpReply,
    ) -> Result<RefundAnswer, CallError> {
        let fields = match self.open(reply)? {
            Opened::Success(fields) => fields,
            Opened::Unsigned { reason } => return Err(CallError::UnsignedRefusal { reason }),
            Opened::Refused { code, .. } if codes::is_no_refund(&code) => {
                return Ok(RefundAnswer::NotExist);
            }
            Opened::Refused { .. } => return unreadable("a refused refund query"),
        };
        self.names_this(&fields)?;
        let ours =
            |nth: &u32| fields.get(&format!("out_refund_no_{nth}")) == Some(refund_no.as_str());
        let Some(nth) = (0..REFUNDS_MAX).find(ours) else {
            return unreadable("an answer about another refund");
        };
        let amount = fields.fen(&format!("refund_fee_{nth}"));
        match (fields.get(&format!("refund_status_{nth}")), amount) {
            (Some("SUCCESS"), Some(amount)) => Ok(RefundAnswer::Done { amount }),
            // Changed: the money left the merchant and did not arrive; the portal sends it on.
            // Another refund in its place would pay twice.
            (Some("PROCESSING" | "CHANGE"), _) => Ok(RefundAnswer::Waiting),
            (Some("REFUNDCLOSE"), _) => {
                Ok(RefundAnswer::Ended { reason: "REFUNDCLOSE".to_owned() })
            }
            (_, _) => unreadable("a refund's status"),
        }
    }

    /// Opens an answer and sees that it is to our merchant and names no other attempt.
    fn open(&self, reply: &HttpReply) -> Result<Opened, CallError> {
        let settings = &self.wechat.settings;
        let opened = open(reply, settings.sign_type, &self.wechat.v2_key)?;
        let fields = match &opened {
            Opened::Success(fields) | Opened::Refused { fields, .. } => fields,
            Opened::Unsigned { .. } => return Ok(opened),
        };
        let is_ours = fields.get("appid") == Some(settings.app_id.as_str())
            && fields.get("mch_id") == Some(settings.mch_id.as_str())
            && fields.get("sub_mch_id") == settings.sub_mch_id();
        if !is_ours {
            return unreadable("an answer to another merchant");
        }
        let named = fields.get("out_trade_no");
        if named.is_some_and(|named| named != self.out_trade_no.as_str()) {
            return unreadable("an answer about another attempt");
        }
        Ok(opened)
    }

    /// A success must name this attempt.
    fn names_this(&self, fields: &Fields) -> Result<(), CallError> {
        match fields.get("out_trade_no") {
            Some(named) if named == self.out_trade_no.as_str() => Ok(()),
            Some(_) | None => unreadable("a success without its number"),
        }
    }

    fn payment(&self, fields: &Fields) -> Result<Payment, CallError> {
        if fields.get("fee_type").is_some_and(|currency| currency != "CNY") {
            return unreadable("paid in another currency");
        }
        let Some(amount) = fields.fen("total_fee") else {
            return unreadable("paid, but without an amount");
        };
        let transaction_no = fields.get("transaction_id").filter(|no| is_transaction_no(no));
        let Some(transaction_no) = transaction_no.map(str::to_owned) else {
            return unreadable("paid, but without a trade number");
        };
        let payer = fields.get("openid").or(fields.get("sub_openid"));
        let payer = payer.map(|id| payer_hash(&self.wechat.payer_key, id));
        let some_back = fields.get("trade_state") == Some(SOME_BACK);
        Ok(Payment { amount, transaction_no, paid_at: self.paid_at(fields)?, payer, some_back })
    }

    /// Returns when the customer paid, in the till's time.
    fn paid_at(&self, fields: &Fields) -> Result<Option<Timestamp>, CallError> {
        let Some(written) = fields.get("time_end") else { return Ok(None) };
        match from_compact(written) {
            Some(at) => Ok(Some(at.plus_ms(self.offset_ms.saturating_neg()))),
            None => unreadable("a pay time"),
        }
    }
}

fn unreadable<T>(what: &'static str) -> Result<T, CallError> {
    Err(CallError::Unreadable { what })
}
