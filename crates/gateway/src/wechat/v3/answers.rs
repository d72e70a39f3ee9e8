//! An answer of v3 in our words.
//!
//! | answer                                  | is                                              |
//! |-----------------------------------------|-------------------------------------------------|
//! | 2xx, signed, about this attempt         | a verdict                                       |
//! | 2xx unsigned, or a wrong signature      | silence                                         |
//! | 4xx, unsigned                           | taken in the safe direction only (M10)          |
//! | another attempt, merchant or currency   | silence                                         |
//! | a state or code without a row           | silence                                         |

use mianfu_core::channel::{Closing, Payment, RefundAnswer, RefundVerdict, Reversal, Verdict};
use mianfu_core::money::{Fen, Timestamp};
use mianfu_core::number::{OutTradeNo, RefundNo};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::alipay::answers::payer_hash;
use crate::wall::from_rfc3339;
use crate::wechat::v3::codes::{Meaning, meaning, reason};
use crate::wechat::v3::wire::{self, Merchant, Opened, Refusal, Signed};
use crate::wechat::{SOME_BACK, State, Wechat, is_transaction_no, trade_state};
use crate::{CallError, HttpReply, Keys, Stamp};

#[derive(Deserialize)]
struct Native {
    code_url: String,
}

/// A trade as a query and a notice tell it.
#[derive(Deserialize)]
struct Transaction {
    out_trade_no: String,
    transaction_id: Option<String>,
    trade_state: String,
    success_time: Option<String>,
    payer: Option<Payer>,
    amount: Option<Amount>,
}

#[derive(Deserialize)]
struct Payer {
    openid: Option<String>,
    sp_openid: Option<String>,
    sub_openid: Option<String>,
}

impl Payer {
    fn id(&self) -> Option<&str> {
        let ids = [&self.openid, &self.sp_openid, &self.sub_openid];
        ids.into_iter().flatten().map(String::as_str).find(|id| !id.is_empty())
    }
}

/// A codepay that waits for the customer may say nothing else.
#[derive(Deserialize)]
struct Typing {
    trade_state: String,
    out_trade_no: Option<String>,
}

#[derive(Deserialize)]
struct Reversed {
    out_trade_no: String,
}

#[derive(Deserialize)]
struct Amount {
    total: i64,
    currency: Option<String>,
}

#[derive(Deserialize)]
struct Refund {
    out_trade_no: String,
    out_refund_no: String,
    status: String,
    amount: Refunded,
}

#[derive(Deserialize)]
struct Refunded {
    refund: i64,
    currency: Option<String>,
}

/// Reads the answers about one attempt.
pub(crate) struct Reader<'a, K> {
    pub(crate) wechat: &'a Wechat<K>,
    pub(crate) out_trade_no: &'a OutTradeNo,
    pub(crate) stamp: Stamp,
}

impl<K: Keys> Reader<'_, K> {
    pub(crate) fn native(&self, reply: &HttpReply) -> Result<Verdict, CallError> {
        let refusal = match self.open(reply)? {
            Opened::Success(body) => {
                let native: Native = json(body)?;
                // What a QR code can hold is far more; WeChat Pay's are some fifty characters.
                let is_plain = (1..=512).contains(&native.code_url.len())
                    && native.code_url.bytes().all(|byte| byte.is_ascii_graphic());
                return match is_plain {
                    true => Ok(Verdict::Code { content: native.code_url }),
                    false => unreadable("a code to show"),
                };
            }
            Opened::Refused(refusal) => refusal,
        };
        let reason = reason(&refusal.code);
        match (meaning(&refusal.code), refusal.signed) {
            // Signed: the order was turned away before there was one.
            (Meaning::Configuration, Signed::Yes) => Ok(Verdict::Declined { reason }),
            (Meaning::Business, Signed::Yes) => Ok(Verdict::DeclinedAlive { reason }),
            // It takes the channel off the counter until a manager acts, which no refusal of this
            // one order may do: that is silence, and the query finds nothing (M10).
            (Meaning::Configuration, Signed::No) => Ok(Verdict::UnsignedRefusal { reason }),
            (
                Meaning::Business
                | Meaning::Known
                | Meaning::NotExist
                | Meaning::NoBalance
                | Meaning::Clash
                | Meaning::Silent,
                _,
            ) => silent(&refusal),
        }
    }

    /// A scan. What is refused here without a signature, in whatever words, says nothing of money: a
    /// signed query does (4012382161 lists four codes and no more).
    pub(crate) fn codepay(&self, reply: &HttpReply) -> Result<Verdict, CallError> {
        let refusal = match self.open(reply)? {
            Opened::Success(body) => {
                let typing: Typing = json(body)?;
                let names_us =
                    typing.out_trade_no.is_none_or(|no| no == self.out_trade_no.as_str());
                if typing.trade_state == "USERPAYING" && names_us {
                    return Ok(Verdict::Waiting);
                }
                return self.transaction(body);
            }
            Opened::Refused(refusal) => refusal,
        };
        let reason = reason(&refusal.code);
        match (meaning(&refusal.code), refusal.signed) {
            (Meaning::Configuration, Signed::Yes) => Ok(Verdict::Declined { reason }),
            (Meaning::Business, Signed::Yes) => Ok(Verdict::DeclinedAlive { reason }),
            (Meaning::Configuration, Signed::No) => Ok(Verdict::UnsignedRefusal { reason }),
            (
                Meaning::Business
                | Meaning::Known
                | Meaning::NotExist
                | Meaning::NoBalance
                | Meaning::Clash
                | Meaning::Silent,
                _,
            ) => silent(&refusal),
        }
    }

    /// A scan's reversal. It does not say whether money moved, so the query that follows decides (M7).
    pub(crate) fn reverse(&self, reply: &HttpReply) -> Result<Reversal, CallError> {
        let refusal = match self.open(reply)? {
            Opened::Success(body) => {
                let told: Reversed = json(body)?;
                let is_ours = json::<Merchant>(body)?.is_ours(&self.wechat.settings)
                    && told.out_trade_no == self.out_trade_no.as_str();
                return match is_ours {
                    true => Ok(Reversal::Done),
                    false => unreadable("a reversal of another attempt"),
                };
            }
            Opened::Refused(refusal) => refusal,
        };
        let reason = reason(&refusal.code);
        match (meaning(&refusal.code), refusal.signed) {
            (Meaning::NotExist, Signed::Yes) => Ok(Reversal::FoundNothing),
            (Meaning::NoBalance, Signed::Yes) => Ok(Reversal::NoBalance),
            (Meaning::Configuration, Signed::No) => Err(CallError::UnsignedRefusal { reason }),
            // `Refused` only makes a query ask, so it needs no signature.
            (Meaning::NotExist, Signed::No)
            | (Meaning::Configuration, Signed::Yes)
            | (Meaning::Business | Meaning::Known, _) => Ok(Reversal::Refused { reason }),
            (Meaning::NoBalance, Signed::No) | (Meaning::Clash | Meaning::Silent, _) => {
                silent(&refusal)
            }
        }
    }

    pub(crate) fn query(&self, reply: &HttpReply) -> Result<Verdict, CallError> {
        match self.open(reply)? {
            Opened::Success(body) => self.transaction(body),
            Opened::Refused(refusal) => match (meaning(&refusal.code), refusal.signed) {
                (Meaning::NotExist, Signed::Yes) => Ok(Verdict::NotExist),
                (Meaning::NotExist, Signed::No) => Ok(Verdict::UnsignedNotExist),
                // The query was refused, which says nothing of the trade: never `Declined`.
                (Meaning::Configuration, _) => {
                    Ok(Verdict::UnsignedRefusal { reason: reason(&refusal.code) })
                }
                (
                    Meaning::Business
                    | Meaning::Known
                    | Meaning::NoBalance
                    | Meaning::Clash
                    | Meaning::Silent,
                    _,
                ) => silent(&refusal),
            },
        }
    }

    pub(crate) fn close(&self, reply: &HttpReply) -> Result<Closing, CallError> {
        let refusal = match self.open(reply)? {
            Opened::Success([]) => return Ok(Closing::Closed),
            Opened::Success(_) => return unreadable("a close that says more than done"),
            Opened::Refused(refusal) => refusal,
        };
        let reason = reason(&refusal.code);
        match (meaning(&refusal.code), refusal.signed) {
            (Meaning::NotExist, Signed::Yes) => Ok(Closing::NotExist),
            // `Refused` only makes a query ask, so it needs no signature.
            (Meaning::NotExist, Signed::No)
            | (Meaning::Business | Meaning::Known, _)
            | (Meaning::Configuration, Signed::Yes) => Ok(Closing::Refused { reason }),
            (Meaning::Configuration, Signed::No) => Err(CallError::UnsignedRefusal { reason }),
            (Meaning::NoBalance | Meaning::Clash | Meaning::Silent, _) => silent(&refusal),
        }
    }

    pub(crate) fn refund(
        &self,
        refund_no: &RefundNo,
        amount: Fen,
        reply: &HttpReply,
    ) -> Result<RefundVerdict, CallError> {
        let refusal = match self.open(reply)? {
            Opened::Success(body) => {
                let refund = self.refunded(refund_no, body)?;
                if refund.amount.refund != amount.get() {
                    return Ok(RefundVerdict::Clash);
                }
                return match refund.status.as_str() {
                    // Accepted, whatever it has become since: the query says it with the amount.
                    "PROCESSING" | "SUCCESS" | "ABNORMAL" => Ok(RefundVerdict::Accepted),
                    "CLOSED" => Ok(RefundVerdict::Refused { reason: refund.status }),
                    _ => unreadable("a refund's status"),
                };
            }
            Opened::Refused(refusal) => refusal,
        };
        let reason = reason(&refusal.code);
        match (meaning(&refusal.code), refusal.signed) {
            // It only stops until a person tries again with the same number.
            (Meaning::NoBalance, _) => Ok(RefundVerdict::NoBalance),
            (Meaning::Clash, Signed::Yes) => Ok(RefundVerdict::Clash),
            (
                Meaning::Business | Meaning::Known | Meaning::NotExist | Meaning::Configuration,
                Signed::Yes,
            ) => Ok(RefundVerdict::Refused { reason }),
            (Meaning::Configuration, Signed::No) => Err(CallError::UnsignedRefusal { reason }),
            // No end by itself; the same number and bytes go out again (M10).
            (
                Meaning::Business | Meaning::Known | Meaning::NotExist | Meaning::Clash,
                Signed::No,
            ) => Ok(RefundVerdict::UnsignedRefusal { reason }),
            (Meaning::Silent, _) => silent(&refusal),
        }
    }

    pub(crate) fn refund_query(
        &self,
        refund_no: &RefundNo,
        reply: &HttpReply,
    ) -> Result<RefundAnswer, CallError> {
        let refusal = match self.open(reply)? {
            Opened::Success(body) => {
                let refund = self.refunded(refund_no, body)?;
                return match (refund.status.as_str(), Fen::new(refund.amount.refund)) {
                    ("SUCCESS", Some(amount)) => Ok(RefundAnswer::Done { amount }),
                    // Abnormal: the money left the merchant and did not arrive; the portal sends it
                    // on. Another refund in its place would pay twice.
                    ("PROCESSING" | "ABNORMAL", _) => Ok(RefundAnswer::Waiting),
                    ("CLOSED", _) => Ok(RefundAnswer::Ended { reason: refund.status }),
                    (_, _) => unreadable("a refund's status"),
                };
            }
            Opened::Refused(refusal) => refusal,
        };
        match (meaning(&refusal.code), refusal.signed) {
            // Unsigned too: it makes the till send the same number and amount again, which the
            // channel refunds once (docs 4014959631).
            (Meaning::NotExist, _) => Ok(RefundAnswer::NotExist),
            (Meaning::Configuration, Signed::No) => {
                Err(CallError::UnsignedRefusal { reason: reason(&refusal.code) })
            }
            (
                Meaning::Configuration
                | Meaning::Business
                | Meaning::Known
                | Meaning::NoBalance
                | Meaning::Clash
                | Meaning::Silent,
                _,
            ) => silent(&refusal),
        }
    }

    fn open<'r>(&self, reply: &'r HttpReply) -> Result<Opened<'r>, CallError> {
        wire::open(&self.wechat.keys, reply, self.stamp)
    }

    /// Reads a trade as a notice tells it, its signature and seal checked before.
    pub(crate) fn notice(&self, plain: &[u8]) -> Result<Verdict, CallError> {
        self.transaction(plain)
    }

    fn transaction(&self, body: &[u8]) -> Result<Verdict, CallError> {
        let told: Transaction = json(body)?;
        let merchant: Merchant = json(body)?;
        if !merchant.is_ours(&self.wechat.settings) || !merchant.names_application() {
            return unreadable("an answer about another merchant");
        }
        if told.out_trade_no != self.out_trade_no.as_str() {
            return unreadable("an answer about another attempt");
        }
        let paid_at = self.paid_at(told.success_time.as_deref())?;
        let payment = || {
            let amount = told.amount.as_ref().filter(|amount| is_yuan(amount.currency.as_deref()));
            let Some(amount) = amount.and_then(|amount| Fen::new(amount.total)) else {
                return unreadable("paid, but without an amount");
            };
            let transaction_no = told.transaction_id.clone().filter(|no| is_transaction_no(no));
            let Some(transaction_no) = transaction_no else {
                return unreadable("paid, but without a trade number");
            };
            let payer = told.payer.as_ref().and_then(Payer::id);
            let payer = payer.map(|id| payer_hash(&self.wechat.payer_key, id));
            let some_back = told.trade_state == SOME_BACK;
            Ok(Payment { amount, transaction_no, paid_at, payer, some_back })
        };
        match trade_state(&told.trade_state) {
            Some(State::Paid) => Ok(Verdict::Paid(payment()?)),
            Some(State::Waiting) => Ok(Verdict::Waiting),
            Some(State::Over) if paid_at.is_some() => Ok(Verdict::Returned),
            Some(State::Over) => Ok(Verdict::Closed),
            Some(State::Failed) => Ok(Verdict::DeclinedAlive { reason: told.trade_state }),
            None => unreadable("a trade's state"),
        }
    }

    /// Returns when the customer paid, in the till's time.
    fn paid_at(&self, written: Option<&str>) -> Result<Option<Timestamp>, CallError> {
        let Some(written) = written.filter(|written| !written.is_empty()) else { return Ok(None) };
        match from_rfc3339(written) {
            Some(at) => Ok(Some(at.plus_ms(self.stamp.offset_ms.saturating_neg()))),
            None => unreadable("a pay time"),
        }
    }

    fn refunded(&self, refund_no: &RefundNo, body: &[u8]) -> Result<Refund, CallError> {
        let refund: Refund = json(body)?;
        if refund.out_trade_no != self.out_trade_no.as_str() {
            return unreadable("an answer about another attempt");
        }
        if refund.out_refund_no != refund_no.as_str() {
            return unreadable("an answer about another refund");
        }
        if !is_yuan(refund.amount.currency.as_deref()) {
            return unreadable("a refund in another currency");
        }
        Ok(refund)
    }
}

fn is_yuan(currency: Option<&str>) -> bool {
    currency.is_none_or(|currency| currency == "CNY")
}

fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, CallError> {
    serde_json::from_slice(body)
        .map_err(|_| CallError::Unreadable { what: "the members of an answer" })
}

fn silent<T>(refusal: &Refusal) -> Result<T, CallError> {
    Err(CallError::Status { status: refusal.status })
}

fn unreadable<T>(what: &'static str) -> Result<T, CallError> {
    Err(CallError::Unreadable { what })
}
