//! The channel's own ledger: trades, captures, refunds, and who asked what, and when.
//!
//! It is what really happened, whatever anybody was told, and so it is what an oracle judges by.
//! It is a fold over [`Fact`]s: every change is one fact, applied in [`Ledger::record`] and kept
//! for the journal where there is one. Nothing is ever removed.

mod facts;
mod notices;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::phone::{CustomerId, Manner};
use crate::weather::FaultKind;

pub use facts::{Entry, Fact};
pub(crate) use facts::{Ledger, NewTrade};
pub use notices::{About, Form, Telling};

/// How long after the payment a refund is possible, in ms: 12 months (opendocs 02ekfs).
pub const REFUND_WINDOW_MS: i64 = 365 * 86_400_000;

/// Everything that happened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Truth {
    trades: BTreeMap<String, Trade>,
    by_trade_no: BTreeMap<String, String>,
    waiting: BTreeSet<String>,
    offers: BTreeMap<String, Offer>,
    by_qr: BTreeMap<String, String>,
    payment_codes: BTreeMap<String, PaymentCode>,
    asked: Vec<Asked>,
    notices: BTreeMap<About, Telling>,
    last_customer: u32,
}

/// Whose wire something came over. A number belongs to the channel that saw it first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    #[default]
    Alipay,
    Wechat,
}

/// One attempt to pay, as the channel knows it. It exists once a customer is bound to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trade {
    #[serde(default)]
    pub channel: Channel,
    pub out_trade_no: String,
    pub trade_no: String,
    pub amount_fen: i64,
    pub subject: String,
    pub seller_id: String,
    pub store_id: Option<String>,
    pub terminal_id: Option<String>,
    pub origin: Origin,
    pub customer: CustomerId,
    pub plan: Plan,
    /// A customer who presses cancel ends it, instead of letting it wait.
    #[serde(default)]
    pub ends_on_refusal: bool,
    pub made_ms: i64,
    /// When it closes by itself if it is still unpaid.
    pub expires_ms: i64,
    /// When the money moved. Kept for ever, whatever comes after.
    pub paid_ms: Option<i64>,
    pub closed: Option<Closed>,
    pub refunds: Vec<Refund>,
    pub timeline: Vec<Moment>,
}

/// Which side scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The till scanned the customer's code (付款码).
    Scan,
    /// The customer scanned the till's code (订单码).
    Show,
}

/// What the customer of an unpaid trade is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Plan {
    PaysAt {
        at_ms: i64,
    },
    /// A person decides on the phone page.
    Decides,
    /// Has not the money; the trade waits all the same and can still be paid.
    CannotPay,
    Refused,
    WalkedAway,
}

/// Why and when a trade ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    pub at_ms: i64,
    pub why: ClosedWhy,
}

/// What ended a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosedWhy {
    /// Nobody paid in time.
    TimedOut,
    /// `alipay.trade.close`.
    ByClose,
    /// `alipay.trade.cancel` before the payment: no money moved.
    ByCancel,
    /// `alipay.trade.cancel` after the payment: all of it went back.
    Returned,
    /// Refunds reached the amount.
    Refunded,
}

/// Money that went back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    pub out_request_no: String,
    pub amount_fen: i64,
    pub at_ms: i64,
    pub by: RefundBy,
    /// How it ended, where that was decided. Without a decision it arrives in its time.
    #[serde(default)]
    pub end: Option<RefundEnd>,
}

/// How a refund ended, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundEnd {
    pub at_ms: i64,
    pub how: RefundFate,
}

/// What becomes of a refund that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundFate {
    /// The money is with the customer.
    Arrived,
    /// It left the merchant and did not arrive, until the portal sends it on (ABNORMAL, CHANGE).
    Abnormal,
    /// It is with the merchant again (CLOSED, REFUNDCLOSE).
    Closed,
}

/// Which call sent the money back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundBy {
    Refund,
    Cancel,
}

/// One thing that happened to a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    pub at_ms: i64,
    pub what: Happened,
}

/// What can happen to a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happened {
    Made,
    Planned(Plan),
    Paid,
    Refunded { amount_fen: i64 },
    RefundEnded(RefundFate),
    Closed(ClosedWhy),
}

/// A code that a till shows (precreate). No trade exists until it is scanned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    #[serde(default)]
    pub channel: Channel,
    pub out_trade_no: String,
    pub qr: String,
    pub amount_fen: i64,
    pub subject: String,
    /// Everything that was asked for, where only the same may be asked for again.
    #[serde(default)]
    pub terms: String,
    pub store_id: Option<String>,
    pub terminal_id: Option<String>,
    pub made_ms: i64,
    /// When the code can no longer be scanned.
    pub expires_ms: i64,
    /// The absolute `time_expire` of the trade to come.
    pub trade_expires_ms: Option<i64>,
    /// The trade's life counted from the scan, in ms.
    pub trade_life_ms: i64,
    /// When a cancel killed it.
    pub killed_ms: Option<i64>,
}

/// A payment code on a pretend customer's phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentCode {
    #[serde(default)]
    pub channel: Channel,
    pub code: String,
    pub customer: CustomerId,
    pub manner: Manner,
    pub shown_ms: i64,
    /// The number it was used for.
    pub used_for: Option<String>,
}

/// A request, in the order of sending, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    pub sent_ms: i64,
    /// When the channel got it. None if it never did.
    pub arrived_ms: Option<i64>,
    /// As sent: `alipay.trade.pay`; for WeChat Pay its generation and call, `wechat.v3.native`.
    pub method: String,
    pub out_trade_no: Option<String>,
    pub out_request_no: Option<String>,
    /// `biz_content`, or WeChat Pay's body, as it was sent, byte for byte.
    /// Only a payment code that practice did not mint is masked: it may be a real one.
    pub business: String,
    pub fate: Fate,
    /// What the channel said, whether or not it reached the caller.
    pub told: Option<Told>,
    /// How long after the sending the answer reached the caller, in ms. None if it did not.
    pub answered_after_ms: Option<u32>,
}

/// What the weather did to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// The answer went out whole and genuine, if perhaps slowly or for the second time.
    Answered,
    /// The channel acted on it, after its caller had given up.
    Late,
    /// Lost on the way there, or the connection was refused.
    NeverArrived(FaultKind),
    /// The channel had it; the answer was lost, spoilt or replaced.
    Spoilt(FaultKind),
}

/// The parts of an answer that decide something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    pub code: String,
    pub sub_code: Option<String>,
    pub trade_status: Option<String>,
    pub action: Option<String>,
    pub fund_change: Option<String>,
}

/// Money that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture<'t> {
    pub out_trade_no: &'t str,
    pub trade_no: &'t str,
    pub seller_id: &'t str,
    pub amount_fen: i64,
    pub paid_ms: i64,
}

/// Alipay's four states of a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum TradeStatus {
    #[serde(rename = "WAIT_BUYER_PAY")]
    Waiting,
    #[serde(rename = "TRADE_SUCCESS")]
    Success,
    #[serde(rename = "TRADE_FINISHED")]
    Finished,
    #[serde(rename = "TRADE_CLOSED")]
    Closed,
}

impl TradeStatus {
    /// Returns the text on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            TradeStatus::Waiting => "WAIT_BUYER_PAY",
            TradeStatus::Success => "TRADE_SUCCESS",
            TradeStatus::Finished => "TRADE_FINISHED",
            TradeStatus::Closed => "TRADE_CLOSED",
        }
    }
}

impl Trade {
    /// Returns the state at a time: a paid trade is finished once its refund window is over.
    pub fn status(&self, now_ms: i64) -> TradeStatus {
        if self.closed.is_some() {
            return TradeStatus::Closed;
        }
        match self.paid_ms {
            None => TradeStatus::Waiting,
            Some(paid_ms) if now_ms - paid_ms > REFUND_WINDOW_MS => TradeStatus::Finished,
            Some(_) => TradeStatus::Success,
        }
    }

    /// Returns the sum that went back, in fen. What was closed did not.
    pub fn refunded_fen(&self) -> i64 {
        let closed = |refund: &&Refund| refund.end.is_some_and(|end| end.how == RefundFate::Closed);
        self.refunds.iter().filter(|refund| !closed(refund)).map(|refund| refund.amount_fen).sum()
    }

    /// Returns the refund of a number.
    pub fn refund(&self, out_request_no: &str) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.out_request_no == out_request_no)
    }
}

impl Truth {
    /// Returns the trade of a merchant's number.
    pub fn trade(&self, out_trade_no: &str) -> Option<&Trade> {
        self.trades.get(out_trade_no)
    }

    /// Returns the trade of a merchant's number, if it came over this channel's wire.
    pub(crate) fn trade_at(&self, channel: Channel, out_trade_no: &str) -> Option<&Trade> {
        self.trade(out_trade_no).filter(|trade| trade.channel == channel)
    }

    /// Returns the trade of the channel's own number.
    pub fn trade_by_no(&self, trade_no: &str) -> Option<&Trade> {
        self.trades.get(self.by_trade_no.get(trade_no)?)
    }

    /// Returns all trades, by the merchant's number.
    pub fn trades(&self) -> impl Iterator<Item = &Trade> {
        self.trades.values()
    }

    /// Returns the trades that are neither paid nor closed.
    pub fn waiting(&self) -> impl Iterator<Item = &Trade> {
        self.waiting.iter().filter_map(|out_trade_no| self.trades.get(out_trade_no))
    }

    /// Returns the code shown for a number.
    pub fn offer(&self, out_trade_no: &str) -> Option<&Offer> {
        self.offers.get(out_trade_no)
    }

    /// Returns the code shown for a number, if it came over this channel's wire.
    pub(crate) fn offer_at(&self, channel: Channel, out_trade_no: &str) -> Option<&Offer> {
        self.offer(out_trade_no).filter(|offer| offer.channel == channel)
    }

    /// Returns the offer behind a code's text, where a later code of the same order may have taken
    /// its place.
    pub fn offer_by_qr(&self, qr: &str) -> Option<&Offer> {
        self.offers.get(self.by_qr.get(qr)?)
    }

    /// Returns every code a till ever showed.
    pub fn offers(&self) -> impl Iterator<Item = &Offer> {
        self.offers.values()
    }

    /// Returns the payment code of some digits.
    pub fn payment_code(&self, code: &str) -> Option<&PaymentCode> {
        self.payment_codes.get(code)
    }

    /// Returns every payment code ever minted.
    pub fn payment_codes(&self) -> impl Iterator<Item = &PaymentCode> {
        self.payment_codes.values()
    }

    /// Returns a customer to whom no code and no trade belongs.
    pub fn stranger(&self) -> CustomerId {
        CustomerId(self.last_customer.max(1_000) + 1)
    }

    pub(crate) fn payment_code_count(&self) -> u64 {
        self.payment_codes.len() as u64
    }

    pub(crate) fn trade_count(&self) -> u64 {
        self.trades.len() as u64
    }

    pub(crate) fn offer_count(&self) -> u64 {
        self.offers.len() as u64
    }

    /// Returns every request in the order of sending.
    pub fn asked(&self) -> &[Asked] {
        &self.asked
    }

    /// Returns everything that somebody is or was to be told of.
    pub fn notices(&self) -> impl Iterator<Item = &Telling> {
        self.notices.values()
    }

    /// Returns what is known of one notice.
    pub fn notice(&self, about: &About) -> Option<&Telling> {
        self.notices.get(about)
    }

    /// Returns every capture, those that went back included.
    pub fn captures(&self) -> impl Iterator<Item = Capture<'_>> {
        self.trades.values().filter_map(|trade| {
            Some(Capture {
                out_trade_no: &trade.out_trade_no,
                trade_no: &trade.trade_no,
                seller_id: &trade.seller_id,
                amount_fen: trade.amount_fen,
                paid_ms: trade.paid_ms?,
            })
        })
    }

    /// Returns the sum of all captures, in fen.
    pub fn captured_fen(&self) -> i64 {
        self.captures().map(|capture| capture.amount_fen).sum()
    }

    /// Returns the sum of all that went back, in fen.
    pub fn returned_fen(&self) -> i64 {
        self.trades.values().map(Trade::refunded_fen).sum()
    }
}
