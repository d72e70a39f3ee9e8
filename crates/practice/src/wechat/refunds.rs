//! Refunds (申请退款, 4014959631), the same for both generations.
//!
//! A refund is accepted first and arrives later. The ledger counts it from the acceptance: from
//! then on nothing of the merchant's can stop it. Of one that is told to end otherwise the money is
//! nowhere (ABNORMAL) until it is sent on, or with the merchant again (CLOSED).

use super::{Account, Desk};
use crate::calendar::{beijing_day, beijing_rfc3339};
use crate::practice::Practice;
use crate::truth::{
    About, Channel, ClosedWhy, Fact, Form, REFUND_WINDOW_MS, Refund, RefundBy, RefundFate, Trade,
    Truth,
};
use crate::weather::Fault;

/// How far apart different partial refunds of an order are, in ms.
const SPACING_MS: i64 = 60_000;
const MOST_REFUNDS: usize = 50;

/// What is asked for.
pub(super) struct Wanted {
    pub(super) out_refund_no: String,
    pub(super) refund_fen: i64,
    /// The order's amount as the merchant has it.
    pub(super) total_fen: i64,
    /// Where the merchant wants to be told, and by which generation.
    pub(super) notify: (Option<String>, Form),
}

/// The states of a refund. Each generation has words of its own for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Processing,
    Success,
    Abnormal,
    Closed,
}

/// Why a refund does not end the way it is told to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundError {
    #[error("there is no such refund")]
    NoRefund,
    #[error("this refund is over")]
    Over,
}

impl Practice {
    /// Ends a refund at WeChat Pay that is still on its way, or sends on one that was abnormal.
    pub fn end_refund(
        &mut self,
        now_ms: i64,
        out_refund_no: &str,
        how: RefundFate,
    ) -> Result<(), RefundError> {
        let now_ms = self.at(now_ms);
        let account = self.wechat().ok_or(RefundError::NoRefund)?;
        let found = find(self.truth(), out_refund_no).ok_or(RefundError::NoRefund)?;
        let (trade, refund) = found;
        match (status(account, now_ms, refund), how) {
            (Status::Processing, _) | (Status::Abnormal, RefundFate::Arrived) => {}
            (Status::Abnormal | Status::Success | Status::Closed, _) => {
                return Err(RefundError::Over);
            }
        }
        let ended = Fact::RefundEnded {
            out_trade_no: trade.out_trade_no.clone(),
            out_request_no: refund.out_request_no.clone(),
            how,
        };
        self.ledger.record(now_ms, ended);
        Ok(())
    }
}

/// Why no money goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum No {
    NotPaid,
    OtherTotal,
    /// The number was used for another amount or another order.
    OtherRefund,
    MoreThanPaid,
    TooMany,
    TooSoon,
    TooLate,
    MerchantEmpty,
}

impl No {
    pub(super) fn message(self) -> &'static str {
        match self {
            No::NotPaid => "订单状态错误",
            No::OtherTotal => "订单金额或退款金额与之前请求不一致，请核实后再试",
            No::OtherRefund => "商户退款单号已被使用，且与之前请求不一致",
            No::MoreThanPaid => "申请退款金额大于订单可退金额",
            No::TooMany => "退款次数超过上限",
            No::TooSoon => "同一订单的退款过于频繁，请稍后再试",
            No::TooLate => "订单已经超过退款期限",
            No::MerchantEmpty => "基本账户余额不足，请充值后重新发起",
        }
    }
}

/// Gives money back, or returns the refund that this number already made.
pub(super) fn refund(desk: &mut Desk<'_>, trade: &Trade, wanted: &Wanted) -> Result<Refund, No> {
    if let Some((known, refund)) = find(&desk.ledger.truth, &wanted.out_refund_no) {
        let same = known.out_trade_no == trade.out_trade_no
            && refund.amount_fen == wanted.refund_fen
            && known.amount_fen == wanted.total_fen;
        return if same { Ok(refund.clone()) } else { Err(No::OtherRefund) };
    }
    allowed(desk, trade, wanted)?;
    if desk.fault == Some(Fault::SellerEmpty) {
        return Err(No::MerchantEmpty);
    }
    let out_trade_no = trade.out_trade_no.clone();
    let made = Refund {
        out_request_no: wanted.out_refund_no.clone(),
        amount_fen: wanted.refund_fen,
        at_ms: desk.now_ms,
        by: RefundBy::Refund,
        end: None,
    };
    let refunded = Fact::Refunded {
        out_trade_no: out_trade_no.clone(),
        out_request_no: made.out_request_no.clone(),
        amount_fen: made.amount_fen,
        by: RefundBy::Refund,
    };
    desk.ledger.record(desk.now_ms, refunded);
    want_notice(desk, &out_trade_no, wanted);
    if trade.refunded_fen() + made.amount_fen == trade.amount_fen {
        let closed = Fact::Closed { out_trade_no, why: ClosedWhy::Refunded };
        desk.ledger.record(desk.now_ms, closed);
    }
    Ok(made)
}

/// Returns the refund of a merchant's number, which is one for all orders.
pub(super) fn find<'t>(truth: &'t Truth, out_refund_no: &str) -> Option<(&'t Trade, &'t Refund)> {
    let ours = truth.trades().filter(|trade| trade.channel == Channel::Wechat);
    ours.filter_map(|trade| Some((trade, of_trade(trade, out_refund_no)?))).next()
}

/// Returns the refunds of an order in their order; what a reverse gave back is none.
pub(super) fn all(trade: &Trade) -> impl Iterator<Item = &Refund> {
    trade.refunds.iter().filter(|refund| refund.by == RefundBy::Refund)
}

/// Returns the state of a refund.
pub(super) fn status(account: &Account, now_ms: i64, refund: &Refund) -> Status {
    match refund.end.filter(|end| end.at_ms <= now_ms).map(|end| end.how) {
        Some(RefundFate::Arrived) => Status::Success,
        Some(RefundFate::Abnormal) => Status::Abnormal,
        Some(RefundFate::Closed) => Status::Closed,
        None if now_ms < over_ms(account, refund) => Status::Processing,
        None => Status::Success,
    }
}

/// Returns when a refund ended, or when it will if nothing else is decided.
pub(super) fn over_ms(account: &Account, refund: &Refund) -> i64 {
    refund.end.map_or(refund.at_ms + account.refund_takes_ms, |end| end.at_ms)
}

/// Returns when the money was with the customer, if it is.
pub(super) fn success_ms(account: &Account, now_ms: i64, refund: &Refund) -> Option<i64> {
    let arrived = status(account, now_ms, refund) == Status::Success;
    arrived.then_some(over_ms(account, refund))
}

/// Returns the same as v3 writes it.
pub(super) fn success_time(account: &Account, now_ms: i64, refund: &Refund) -> Option<String> {
    success_ms(account, now_ms, refund).map(beijing_rfc3339)
}

/// Returns WeChat Pay's own number of a refund.
pub(super) fn refund_id(trade: &Trade, refund: &Refund) -> String {
    let place = trade.refunds.iter().position(|other| other == refund).unwrap_or(0);
    let last = trade.trade_no.get(18..).unwrap_or(&trade.trade_no);
    format!("503000{}{last}{place:05}", beijing_day(refund.at_ms))
}

fn of_trade<'t>(trade: &'t Trade, out_refund_no: &str) -> Option<&'t Refund> {
    all(trade).find(|refund| refund.out_request_no == out_refund_no)
}

/// Where a request names no address, the portal's hears of it, in v2's words whoever asked.
fn want_notice(desk: &mut Desk<'_>, out_trade_no: &str, wanted: &Wanted) {
    let (named, form) = &wanted.notify;
    let portal = || Some((desk.account.portal_url.clone()?, Form::V2));
    let Some((url, form)) = named.clone().map(|url| (url, *form)).or_else(portal) else {
        return;
    };
    let about = About::Refund {
        out_trade_no: out_trade_no.to_owned(),
        out_request_no: wanted.out_refund_no.clone(),
    };
    desk.ledger.record(desk.now_ms, Fact::NoticeWanted { about, url, form });
}

fn allowed(desk: &Desk<'_>, trade: &Trade, wanted: &Wanted) -> Result<(), No> {
    let Some(paid_ms) = trade.paid_ms else {
        return Err(No::NotPaid);
    };
    if trade.closed.is_some_and(|closed| closed.why == ClosedWhy::Returned) {
        return Err(No::NotPaid);
    }
    if trade.amount_fen != wanted.total_fen {
        return Err(No::OtherTotal);
    }
    if desk.now_ms - paid_ms > REFUND_WINDOW_MS {
        return Err(No::TooLate);
    }
    if trade.refunded_fen() + wanted.refund_fen > trade.amount_fen {
        return Err(No::MoreThanPaid);
    }
    if all(trade).count() >= MOST_REFUNDS {
        return Err(No::TooMany);
    }
    if all(trade).last().is_some_and(|last| desk.now_ms - last.at_ms < SPACING_MS) {
        return Err(No::TooSoon);
    }
    Ok(())
}
