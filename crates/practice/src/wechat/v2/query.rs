//! `POST /pay/orderquery`: what became of an order. The other generation's orders are known too.

use std::collections::BTreeMap;

use super::{Fields, Heard, No};
use crate::calendar::beijing_digits;
use crate::truth::Trade;
use crate::wechat::Desk;
use crate::wechat::order::{self, Order};

pub(super) fn query(desk: &Desk<'_>, asked: &BTreeMap<String, String>) -> Heard {
    let order = named(desk, asked)?.ok_or(no_order())?;
    let state = order.state(desk.now_ms);
    let fields = Fields::new()
        .with("trade_state", state.as_str())
        .with("trade_state_desc", state.description())
        .with("out_trade_no", order.out_trade_no());
    Ok(match order.paid() {
        Some((trade, paid_ms)) => {
            paid(fields, trade, paid_ms).with("trade_type", order.trade_type())
        }
        None => fields,
    })
}

/// Returns the order that a request names, by WeChat Pay's number if it is given.
pub(super) fn named(
    desk: &Desk<'_>,
    asked: &BTreeMap<String, String>,
) -> Result<Option<Order>, No> {
    let truth = &desk.ledger.truth;
    let field = |name: &str| asked.get(name).filter(|text| !text.is_empty());
    if let Some(transaction_id) = field("transaction_id") {
        return Ok(order::find_by_id(truth, transaction_id));
    }
    let out_trade_no = field("out_trade_no").ok_or(No::new("LACK_PARAMS", "缺少参数"))?;
    Ok(order::find(truth, out_trade_no))
}

pub(super) fn no_order() -> No {
    No::new("ORDERNOTEXIST", "此交易订单号不存在")
}

/// Adds what is known of a payment.
pub(super) fn paid(fields: Fields, trade: &Trade, paid_ms: i64) -> Fields {
    fields
        .with("openid", order::openid(trade))
        .with("is_subscribe", "N")
        .with("bank_type", "OTHERS")
        .with("fee_type", "CNY")
        .with_fen("total_fee", trade.amount_fen)
        .with_fen("cash_fee", trade.amount_fen)
        .with("cash_fee_type", "CNY")
        .with("transaction_id", trade.trade_no.as_str())
        .with("out_trade_no", trade.out_trade_no.as_str())
        .with("time_end", beijing_digits(paid_ms))
}
