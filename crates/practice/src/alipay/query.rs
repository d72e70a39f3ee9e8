//! `alipay.trade.query`: what became of a trade (opendocs 02ekfq).

use super::Desk;
use super::business::Business;
use super::node::{Heard, Node};
use super::pay::{failed, fund_bill, with_payer};
use super::refusal::Refusal;
use crate::calendar::beijing_text;

pub(super) fn query(desk: &mut Desk<'_>, business: &Business) -> Heard {
    let Some(trade) = business.trade(desk)? else {
        let out_trade_no = business.echo().unwrap_or_default();
        return Err(failed(Refusal::TradeNotExist, &out_trade_no));
    };
    let node = with_payer(Node::success(), desk, trade)
        .with("trade_status", trade.status(desk.now_ms).as_str())
        .with("buyer_user_type", "PRIVATE")
        // It stays when the money has gone back: closed with a pay time was paid once.
        .with_some("send_pay_date", trade.paid_ms.map(beijing_text))
        .with_some("store_id", trade.store_id.clone())
        .with_some("terminal_id", trade.terminal_id.clone());
    if trade.paid_ms.is_some() && business.wants("fund_bill_list") {
        return Ok(node.with("fund_bill_list", fund_bill(trade)));
    }
    Ok(node)
}
