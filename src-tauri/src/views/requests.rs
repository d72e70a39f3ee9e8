//! What the screens ask: the arguments of the commands.
//!
//! Types only. What carries a customer's code or a PIN has no `Debug`, so that it cannot find its
//! way into a log.

use serde::Deserialize;
use ts_rs::TS;

use super::{ChannelView, ShopView};

/// Says whether the till may ask 同一位顾客吗 first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SameCustomer {
    /// Nobody has said; the till asks where it must.
    Ask,
    /// The cashier says that this is another customer.
    Another,
}

/// Tells what is typed, so that the customer's window shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TypeAmount {
    /// None clears the customer's window.
    pub amount_fen: Option<i64>,
}

/// Asks for a code that the customer scans.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ShowCode {
    /// Made once per confirmed amount; repeating it makes no second attempt.
    pub intent_id: String,
    pub amount_fen: i64,
    /// Where the amount was confirmed.
    pub shop: ShopView,
    pub channel: ChannelView,
    pub same_customer: SameCustomer,
}

/// Asks for another wallet's code in the place of the one that stands.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ChangeCode {
    /// The attempt whose code stands.
    pub out_trade_no: String,
    pub channel: ChannelView,
}

/// Hands in a scanned code. No `Debug`: an auth code must not find its way into a log.
#[derive(Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ScanCode {
    /// Made once per confirmed amount; repeating it makes no second attempt.
    pub intent_id: String,
    pub amount_fen: i64,
    /// Where the amount was confirmed.
    pub shop: ShopView,
    /// What the scanner read. Never kept.
    pub auth_code: String,
    pub same_customer: SameCustomer,
}

/// Names the attempt a command is about.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AttemptRef {
    pub out_trade_no: String,
}

/// Names the order a command is about.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct OrderRef {
    pub order_no: String,
}

/// Hands in the barcode of a customer's bill. No `Debug`: it may turn out to
/// be a payment code, and that must not find its way into a log.
#[derive(Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AskBill {
    pub code: String,
}

/// Says that the goods are gone (货已交给顾客). No `Debug`: a PIN must not find its way into a log.
#[derive(Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct GoodsGiven {
    pub out_trade_no: String,
    pub pin: String,
}

/// Gives money of a paid attempt back. No `Debug`: a PIN must not find its way into a log.
#[derive(Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RefundAttempt {
    pub out_trade_no: String,
    pub amount_fen: i64,
    /// Made once per confirmed refund; repeating it makes no second one.
    pub intent_id: String,
    pub pin: String,
}

/// Lets somebody practise at the counter. No `Debug`: a PIN must not find its way into a log.
#[derive(Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct EnterPractice {
    pub pin: String,
}

/// Sets the manager's PIN. No `Debug`: a PIN must not find its way into a log.
#[derive(Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SetPin {
    pub pin: String,
    /// The one before; none for the first.
    pub before: Option<String>,
}

/// Takes a sale in cash.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TakeCash {
    /// Made once per confirmed amount; repeating it makes no second sale.
    pub intent_id: String,
    /// What was typed.
    pub amount_fen: i64,
    /// Where the amount was confirmed.
    pub shop: ShopView,
    /// Handed over by the customer.
    pub received_fen: i64,
    /// Let go by the shop (抹零).
    pub rounded_fen: i64,
}

/// Takes cash in the place of a wallet (改收现金).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CashInstead {
    pub out_trade_no: String,
    /// Handed over by the customer.
    pub received_fen: i64,
    /// Let go by the shop (抹零).
    pub rounded_fen: i64,
}

/// Gives cash back. No `Debug`: a PIN must not find its way into a log.
#[derive(Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RefundCash {
    pub order_no: String,
    pub amount_fen: i64,
    /// Whose order it is: two shops count theirs alike.
    pub shop: ShopView,
    /// Made once per confirmed refund; repeating it makes no second one.
    pub intent_id: String,
    pub pin: String,
}

/// Settles a finding. No `Debug`: a PIN must not find its way into a log.
#[derive(Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SettleFinding {
    pub finding_id: i64,
    /// Whose finding it is: two shops count theirs alike.
    pub shop: ShopView,
    pub pin: String,
}

/// Tries a refund again that waits for a person, as it was approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RetryRefund {
    pub refund_id: i64,
    /// Whose refund it is: two shops count theirs alike.
    pub shop: ShopView,
}
