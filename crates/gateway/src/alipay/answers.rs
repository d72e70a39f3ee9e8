//! A verified answer in our words.
//!
//! | answer                                   | is                                               |
//! |------------------------------------------|--------------------------------------------------|
//! | signed, readable, about this attempt     | a verdict                                        |
//! | unsigned refusal or not-exist            | a verdict that says it is unsigned (M10)         |
//! | signed, with a code that has no row      | silence                                          |
//! | signed, about another attempt or seller  | silence                                          |
//! | a success without its number or amount   | silence                                          |
//! | a wrong signature, or none on a success  | silence                                          |

use std::fmt::Write as _;

use aws_lc_rs::hmac;
use mianfu_core::channel::{
    Closing, PayerHash, Payment, RefundAnswer, RefundVerdict, Reversal, Verdict,
};
use mianfu_core::money::{Fen, Timestamp};
use mianfu_core::number::{OutTradeNo, RefundNo};

use crate::alipay::api::Api;
use crate::alipay::codes::{self, NotClosed, NotRefunded, NotReversed, Refused};
use crate::alipay::wire::{self, Node, Signed};
use crate::wall::from_gmt8;
use crate::{CallError, HttpReply, Keys};

/// Reads the answers about one attempt.
pub(crate) struct Reader<'a, K> {
    pub(crate) keys: &'a K,
    pub(crate) seller_id: Option<&'a str>,
    pub(crate) payer_key: &'a [u8; 32],
    pub(crate) out_trade_no: &'a OutTradeNo,
    pub(crate) offset_ms: i64,
}

/// A failure, classed before any method's table is asked.
enum Failure {
    /// By configuration.
    Configuration { reason: String },
    /// 40004: the method's table decides.
    Business { sub_code: String, reason: String },
    /// 20000, 40005 and whatever we do not know.
    Silent,
}

impl<K: Keys> Reader<'_, K> {
    pub(crate) fn pay(&self, reply: &HttpReply) -> Result<Verdict, CallError> {
        let (node, signed) = wire::open(self.keys, Api::Pay, reply)?;
        if signed == Signed::No {
            return self.unsigned_refusal(&node);
        }
        match node.code.as_str() {
            "10000" => {
                self.is_about_us(&node)?;
                Ok(Verdict::Paid(self.payment(node)?))
            }
            "10003" => {
                self.is_about_us(&node)?;
                Ok(Verdict::Waiting)
            }
            _ => self.refused_submit(&node),
        }
    }

    pub(crate) fn precreate(&self, reply: &HttpReply) -> Result<Verdict, CallError> {
        let (node, signed) = wire::open(self.keys, Api::Precreate, reply)?;
        if signed == Signed::No {
            return self.unsigned_refusal(&node);
        }
        if node.code != "10000" {
            return self.refused_submit(&node);
        }
        self.is_about_us(&node)?;
        // What a QR code can hold is far more; Alipay's are some fifty characters.
        match node.qr_code {
            Some(content) if is_plain(&content, 512) => Ok(Verdict::Code { content }),
            _ => unreadable("a code to show without the code"),
        }
    }

    pub(crate) fn query(&self, reply: &HttpReply) -> Result<Verdict, CallError> {
        let (node, signed) = wire::open(self.keys, Api::Query, reply)?;
        if signed == Signed::No {
            let sub_code = node.sub_code.as_deref().unwrap_or_default();
            if node.code == "40004" && codes::is_not_exist(sub_code) {
                self.names_no_other(&node)?;
                return Ok(Verdict::UnsignedNotExist);
            }
            return self.unsigned_refusal(&node);
        }
        if node.code != "10000" {
            return match self.failure(&node)? {
                Failure::Business { sub_code, .. } if codes::is_not_exist(&sub_code) => {
                    Ok(Verdict::NotExist)
                }
                Failure::Business { .. } => unreadable("a refused query"),
                // The query was refused, which says nothing of the trade: never `Declined`. It is
                // told as what proves nothing and needs a manager.
                Failure::Configuration { reason } => Ok(Verdict::UnsignedRefusal { reason }),
                Failure::Silent => unreadable("a query's code"),
            };
        }
        self.is_about_us(&node)?;
        match node.trade_status.as_deref() {
            Some("WAIT_BUYER_PAY") => Ok(Verdict::Waiting),
            Some("TRADE_SUCCESS" | "TRADE_FINISHED") => Ok(Verdict::Paid(self.payment(node)?)),
            // Closed is never paid or paid back; only the latter has a pay time (opendocs 05osuz).
            Some("TRADE_CLOSED") => match self.paid_at(&node)? {
                Some(_) => Ok(Verdict::Returned),
                None => Ok(Verdict::Closed),
            },
            _ => unreadable("a trade's status"),
        }
    }

    pub(crate) fn cancel(&self, reply: &HttpReply) -> Result<Reversal, CallError> {
        let node = self.open_signed(Api::Cancel, reply)?;
        let again = node.retry_flag.as_deref() == Some("Y");
        if node.code != "10000" {
            return match (self.refused_reversal(&node)?, again) {
                (Some(Reversal::Refused { .. }) | None, true) => Ok(Reversal::Again),
                (Some(reversal), _) => Ok(reversal),
                (None, false) => unreadable("a refused reversal"),
            };
        }
        self.is_about_us(&node)?;
        if again {
            return Ok(Reversal::Again);
        }
        let trade_no = node.trade_no.filter(|trade_no| !trade_no.is_empty());
        match (node.action.as_deref(), trade_no) {
            (Some("close"), _) => Ok(Reversal::Closed),
            (Some("refund"), _) => Ok(Reversal::Returned),
            (None | Some(""), None) => Ok(Reversal::FoundNothing),
            (None | Some(""), Some(_)) => Ok(Reversal::Done),
            (Some(_), _) => unreadable("a reversal's action"),
        }
    }

    /// Reads a reversal's failure; `None` is silence.
    fn refused_reversal(&self, node: &Node) -> Result<Option<Reversal>, CallError> {
        Ok(match self.failure(node)? {
            Failure::Business { sub_code, reason } => match codes::cancel(&sub_code) {
                NotReversed::FoundNothing => Some(Reversal::FoundNothing),
                NotReversed::NoBalance => Some(Reversal::NoBalance),
                NotReversed::TooLate => Some(Reversal::TooLate),
                NotReversed::Refused => Some(Reversal::Refused { reason }),
                NotReversed::Silent => None,
            },
            Failure::Configuration { reason } => Some(Reversal::Refused { reason }),
            Failure::Silent => None,
        })
    }

    pub(crate) fn close(&self, reply: &HttpReply) -> Result<Closing, CallError> {
        let node = self.open_signed(Api::Close, reply)?;
        if node.code == "10000" {
            self.is_about_us(&node)?;
            return Ok(Closing::Closed);
        }
        match self.failure(&node)? {
            Failure::Business { sub_code, reason } => match codes::close(&sub_code) {
                NotClosed::NotExist => Ok(Closing::NotExist),
                NotClosed::Refused => Ok(Closing::Refused { reason }),
                NotClosed::Silent => unreadable("a refused close"),
            },
            Failure::Configuration { reason } => Ok(Closing::Refused { reason }),
            Failure::Silent => unreadable("a close's code"),
        }
    }

    pub(crate) fn refund(&self, reply: &HttpReply) -> Result<RefundVerdict, CallError> {
        let node = self.open_signed(Api::Refund, reply)?;
        if node.code == "10000" {
            self.is_about_us(&node)?;
            // `refund_fee` is the trade's sum of refunds, so the amount is for the query to say.
            return match node.fund_change.as_deref() {
                Some("Y") => Ok(RefundVerdict::Done),
                Some("N" | "") | None => Ok(RefundVerdict::Accepted),
                Some(_) => unreadable("a refund's change of funds"),
            };
        }
        match self.failure(&node)? {
            Failure::Business { sub_code, reason } => match codes::refund(&sub_code) {
                NotRefunded::NoBalance => Ok(RefundVerdict::NoBalance),
                NotRefunded::Clash => Ok(RefundVerdict::Clash),
                NotRefunded::Refused => Ok(RefundVerdict::Refused { reason }),
                NotRefunded::Silent => unreadable("a refused refund"),
            },
            Failure::Configuration { reason } => Ok(RefundVerdict::Refused { reason }),
            Failure::Silent => unreadable("a refund's code"),
        }
    }

    pub(crate) fn refund_query(
        &self,
        refund_no: &RefundNo,
        reply: &HttpReply,
    ) -> Result<RefundAnswer, CallError> {
        let node = self.open_signed(Api::RefundQuery, reply)?;
        if node.code != "10000" {
            return match self.failure(&node)? {
                Failure::Business { sub_code, .. } if codes::is_not_exist(&sub_code) => {
                    Ok(RefundAnswer::NotExist)
                }
                Failure::Business { .. } | Failure::Configuration { .. } | Failure::Silent => {
                    unreadable("a refused refund query")
                }
            };
        }
        let Some(named) = node.out_request_no.as_deref() else {
            // A number Alipay does not know is answered with a bare success (opendocs 02ekft).
            let is_bare = node.refund_amount.is_none() && node.refund_status.is_none();
            if !is_bare {
                return unreadable("a refund without its number");
            }
            self.names_no_other(&node)?;
            return Ok(RefundAnswer::NotExist);
        };
        self.is_about_us(&node)?;
        if named != refund_no.as_str() {
            return unreadable("an answer about another refund");
        }
        let amount = node.refund_amount.as_deref().and_then(Fen::from_yuan);
        match (node.refund_status.as_deref(), amount) {
            // Answers before 2017 have an amount and no status.
            (None | Some("" | "REFUND_SUCCESS"), Some(amount)) => Ok(RefundAnswer::Done { amount }),
            (_, _) => unreadable("a refund's status and amount"),
        }
    }

    /// Opens an answer whose call yields no verdict; a refusal without a signature is an error.
    fn open_signed(&self, api: Api, reply: &HttpReply) -> Result<Node, CallError> {
        let (node, signed) = wire::open(self.keys, api, reply)?;
        match signed {
            Signed::Yes => Ok(node),
            Signed::No => Err(CallError::UnsignedRefusal { reason: self.unsigned(&node)? }),
        }
    }

    fn unsigned_refusal(&self, node: &Node) -> Result<Verdict, CallError> {
        Ok(Verdict::UnsignedRefusal { reason: self.unsigned(node)? })
    }

    /// Reads an answer without a signature: it may be a refusal by configuration, else nothing.
    fn unsigned(&self, node: &Node) -> Result<String, CallError> {
        self.names_no_other(node)?;
        let sub_code = node.sub_code.as_deref().unwrap_or_default();
        if codes::is_configuration(&node.code, sub_code) {
            return Ok(codes::reason(&node.code, sub_code));
        }
        Err(CallError::BadSignature)
    }

    fn refused_submit(&self, node: &Node) -> Result<Verdict, CallError> {
        match self.failure(node)? {
            Failure::Business { sub_code, reason } => match codes::submit(&sub_code) {
                Refused::Dead => Ok(Verdict::Declined { reason }),
                Refused::Alive => Ok(Verdict::DeclinedAlive { reason }),
                Refused::Paid => Ok(Verdict::AlreadyPaid),
                Refused::Silent => unreadable("a refused submit"),
            },
            // Signed: the gateway turned the submit away before there was a trade.
            Failure::Configuration { reason } => Ok(Verdict::Declined { reason }),
            Failure::Silent => unreadable("a submit's code"),
        }
    }

    fn failure(&self, node: &Node) -> Result<Failure, CallError> {
        self.names_no_other(node)?;
        let sub_code = node.sub_code.clone().unwrap_or_default();
        let reason = codes::reason(&node.code, &sub_code);
        Ok(if codes::is_configuration(&node.code, &sub_code) {
            Failure::Configuration { reason }
        } else if node.code == "40004" {
            Failure::Business { sub_code, reason }
        } else {
            Failure::Silent
        })
    }

    /// A success must name this attempt.
    fn is_about_us(&self, node: &Node) -> Result<(), CallError> {
        if node.out_trade_no.is_none() {
            return unreadable("a success without its number");
        }
        self.names_no_other(node)
    }

    /// Whatever a node names must be ours; failures often name nothing.
    fn names_no_other(&self, node: &Node) -> Result<(), CallError> {
        let named = node.out_trade_no.as_deref();
        if named.is_some_and(|named| named != self.out_trade_no.as_str()) {
            return unreadable("an answer about another attempt");
        }
        let seller = node.seller_id.as_deref().filter(|seller| !seller.is_empty());
        if let (Some(ours), Some(theirs)) = (self.seller_id, seller)
            && ours != theirs
        {
            return unreadable("an answer about another seller");
        }
        Ok(())
    }

    fn payment(&self, node: Node) -> Result<Payment, CallError> {
        let paid_at = self.paid_at(&node)?;
        let payer = [node.buyer_user_id, node.buyer_open_id]
            .into_iter()
            .flatten()
            .find(|id| !id.is_empty())
            .map(|id| payer_hash(self.payer_key, &id));
        let Some(amount) = node.total_amount.as_deref().and_then(Fen::from_yuan) else {
            return unreadable("paid, but without an amount");
        };
        let Some(transaction_no) = node.trade_no.filter(|text| is_trade_no(text)) else {
            return unreadable("paid, but without a trade number");
        };
        Ok(Payment { amount, transaction_no, paid_at, payer, some_back: false })
    }

    /// Returns when the customer paid, in the till's time.
    fn paid_at(&self, node: &Node) -> Result<Option<Timestamp>, CallError> {
        let written = [&node.gmt_payment, &node.send_pay_date]
            .into_iter()
            .flatten()
            .find(|text| !text.is_empty());
        let Some(written) = written else { return Ok(None) };
        match from_gmt8(written) {
            Some(at) => Ok(Some(at.plus_ms(self.offset_ms.saturating_neg()))),
            None => unreadable("a pay time"),
        }
    }
}

/// Says whether a text may be Alipay's number for a trade.
pub(crate) fn is_trade_no(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Hashes a payer's id under the till's key, so that the id itself is never kept.
pub(crate) fn payer_hash(payer_key: &[u8; 32], payer_id: &str) -> PayerHash {
    let key = hmac::Key::new(hmac::HMAC_SHA256, payer_key);
    let mut hash = String::new();
    for byte in hmac::sign(&key, payer_id.as_bytes()).as_ref() {
        write!(hash, "{byte:02x}").expect("a text takes whatever is written to it");
    }
    PayerHash(hash)
}

fn is_plain(text: &str, max_bytes: usize) -> bool {
    (1..=max_bytes).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn unreadable<T>(what: &'static str) -> Result<T, CallError> {
    Err(CallError::Unreadable { what })
}
