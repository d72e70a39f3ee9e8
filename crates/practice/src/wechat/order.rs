//! An order as WeChat Pay knows it, whichever generation asks.

use super::Desk;
use crate::truth::{Channel, ClosedWhy, Offer, Origin, Plan, RefundBy, Trade, Truth};

/// How long the customer has for the password, in ms (wiki, QuickPay).
pub(super) const DIALOG_MS: i64 = 45_000;

/// The states of an order (`trade_state`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    NotPay,
    UserPaying,
    Success,
    Refund,
    Closed,
    Revoked,
    PayError,
}

impl State {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            State::NotPay => "NOTPAY",
            State::UserPaying => "USERPAYING",
            State::Success => "SUCCESS",
            State::Refund => "REFUND",
            State::Closed => "CLOSED",
            State::Revoked => "REVOKED",
            State::PayError => "PAYERROR",
        }
    }

    /// Returns `trade_state_desc`.
    pub(super) fn description(self) -> &'static str {
        match self {
            State::NotPay => "订单未支付",
            State::UserPaying => "需要用户输入支付密码",
            State::Success => "支付成功",
            State::Refund => "订单发生过退款，退款详情请查询退款单",
            State::Closed => "订单已关闭",
            State::Revoked => "订单已撤销",
            State::PayError => "支付失败,请撤销订单",
        }
    }
}

/// An order: asked for and perhaps not met by a customer yet.
#[derive(Debug, Clone)]
pub(super) enum Order {
    Shown(Offer),
    Met(Trade),
}

impl Order {
    pub(super) fn state(&self, now_ms: i64) -> State {
        match self {
            Order::Met(trade) => state(trade),
            Order::Shown(offer) => {
                let over = offer.trade_expires_ms.is_some_and(|at_ms| at_ms <= now_ms);
                if offer.killed_ms.is_some() || over { State::Closed } else { State::NotPay }
            }
        }
    }

    pub(super) fn out_trade_no(&self) -> &str {
        match self {
            Order::Shown(offer) => &offer.out_trade_no,
            Order::Met(trade) => &trade.out_trade_no,
        }
    }

    pub(super) fn origin(&self) -> Origin {
        match self {
            Order::Shown(_) => Origin::Show,
            Order::Met(trade) => trade.origin,
        }
    }

    pub(super) fn trade_type(&self) -> &'static str {
        match self.origin() {
            Origin::Scan => "MICROPAY",
            Origin::Show => "NATIVE",
        }
    }

    /// Returns the trade, if money ever moved.
    pub(super) fn paid(&self) -> Option<(&Trade, i64)> {
        match self {
            Order::Met(trade) => Some((trade, trade.paid_ms?)),
            Order::Shown(_) => None,
        }
    }
}

/// Returns the order of a merchant's number.
pub(super) fn find(truth: &Truth, out_trade_no: &str) -> Option<Order> {
    let trade = truth.trade_at(Channel::Wechat, out_trade_no).cloned().map(Order::Met);
    trade.or_else(|| Some(Order::Shown(truth.offer_at(Channel::Wechat, out_trade_no)?.clone())))
}

/// Returns the order of WeChat Pay's own number.
pub(super) fn find_by_id(truth: &Truth, transaction_id: &str) -> Option<Order> {
    let trade = truth.trade_by_no(transaction_id)?;
    (trade.channel == Channel::Wechat).then(|| Order::Met(trade.clone()))
}

/// Says whether a number is of no use for an order, because the other channel has it. The ledger
/// is one, and a till mints its numbers for both channels from one counter.
pub(super) fn taken_elsewhere(desk: &Desk<'_>, out_trade_no: &str) -> bool {
    let truth = &desk.ledger.truth;
    let known = truth.trade(out_trade_no).is_some() || truth.offer(out_trade_no).is_some();
    known && find(truth, out_trade_no).is_none()
}

/// Says whether a text can be a merchant's number: digits, letters, `_-|*`, at most 32.
pub(super) fn is_number(text: &str, least: usize) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-|*".contains(&byte);
    (least..=32).contains(&text.len()) && text.bytes().all(allowed)
}

/// Returns the customer as this merchant sees them.
pub(super) fn openid(trade: &Trade) -> String {
    format!("oPractice{:019}", trade.customer.0)
}

fn state(trade: &Trade) -> State {
    let why = trade.closed.map(|closed| closed.why);
    if matches!(why, Some(ClosedWhy::ByCancel | ClosedWhy::Returned)) {
        return State::Revoked;
    }
    if trade.refunds.iter().any(|refund| refund.by == RefundBy::Refund) {
        return State::Refund;
    }
    if trade.paid_ms.is_some() {
        return State::Success;
    }
    match (trade.origin, why, trade.plan) {
        (Origin::Show, Some(_), _) => State::Closed,
        (Origin::Show, None, _) => State::NotPay,
        (Origin::Scan, Some(_), _) | (Origin::Scan, None, Plan::Refused) => State::PayError,
        (Origin::Scan, None, Plan::CannotPay) => State::NotPay,
        (Origin::Scan, None, Plan::PaysAt { .. } | Plan::Decides | Plan::WalkedAway) => {
            State::UserPaying
        }
    }
}
