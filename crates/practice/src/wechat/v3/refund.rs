//! `POST /v3/refund/domestic/refunds` (4014959631) and its query.
//!
//! 200 means accepted: the state is PROCESSING at first.

use serde_json::{Value, json};

use super::super::order::{self, Order};
use super::super::refunds::{self, Status, Wanted};
use super::super::{Desk, v3::No};
use super::Heard;
use super::body::Body;
use crate::calendar::beijing_rfc3339;
use crate::notices;
use crate::truth::{Form, Refund, Trade};

pub(super) fn refund(desk: &mut Desk<'_>, body: &Body) -> Heard {
    let wanted = Wanted {
        out_refund_no: out_refund_no(body)?,
        refund_fen: body.fen("/amount/refund")?,
        total_fen: body.fen("/amount/total")?,
        notify: (notify_url(body)?, Form::V3),
    };
    body.needed("/amount/currency", 16)?;
    body.is_renminbi()?;
    body.text("/reason", 80)?;
    let truth = &desk.ledger.truth;
    let order = match body.text("/transaction_id", 32)? {
        Some(transaction_id) => order::find_by_id(truth, transaction_id),
        None => order::find(truth, body.needed("/out_trade_no", 32)?),
    };
    match order {
        None => Err(No::new(404, "RESOURCE_NOT_EXISTS", "订单不存在")),
        Some(Order::Shown(_)) => Err(refusal(refunds::No::NotPaid)),
        Some(Order::Met(trade)) => {
            let refund = refunds::refund(desk, &trade, &wanted).map_err(refusal)?;
            // Its number among the order's refunds is known only once the ledger has it.
            let (trade, refund) = refunds::find(&desk.ledger.truth, &refund.out_request_no)
                .expect("the ledger has what was refunded one line above");
            Ok(answer(desk, trade, refund))
        }
    }
}

pub(super) fn query(desk: &Desk<'_>, out_refund_no: &str) -> Heard {
    match refunds::find(&desk.ledger.truth, out_refund_no) {
        Some((trade, refund)) => Ok(answer(desk, trade, refund)),
        None => Err(No::new(404, "RESOURCE_NOT_EXISTS", "退款单不存在")),
    }
}

fn out_refund_no(body: &Body) -> Result<String, No> {
    let number = body.needed("/out_refund_no", 64)?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-|*@".contains(&byte);
    match number.bytes().all(allowed) {
        true => Ok(number.to_owned()),
        false => Err(No::parameter("/out_refund_no")),
    }
}

/// Returns where the merchant wants to be told.
fn notify_url(body: &Body) -> Result<Option<String>, No> {
    match body.text("/notify_url", 256)? {
        Some(url) if !notices::may_be_told_at(url) => Err(No::parameter("/notify_url")),
        url => Ok(url.map(str::to_owned)),
    }
}

/// Returns v3's word for a state.
pub(super) fn status_word(status: Status) -> &'static str {
    match status {
        Status::Processing => "PROCESSING",
        Status::Success => "SUCCESS",
        Status::Abnormal => "ABNORMAL",
        Status::Closed => "CLOSED",
    }
}

fn refusal(no: refunds::No) -> No {
    let (status, code) = match no {
        refunds::No::MerchantEmpty => (403, "NOT_ENOUGH"),
        refunds::No::TooSoon => (429, "FREQUENCY_LIMITED"),
        refunds::No::NotPaid
        | refunds::No::OtherTotal
        | refunds::No::OtherRefund
        | refunds::No::MoreThanPaid
        | refunds::No::TooMany
        | refunds::No::TooLate => (400, "INVALID_REQUEST"),
    };
    No::new(status, code, no.message())
}

fn answer(desk: &Desk<'_>, trade: &Trade, refund: &Refund) -> Value {
    let mut body = json!({
        "refund_id": refunds::refund_id(trade, refund),
        "out_refund_no": refund.out_request_no,
        "transaction_id": trade.trade_no,
        "out_trade_no": trade.out_trade_no,
        "channel": "ORIGINAL",
        "user_received_account": "支付用户零钱",
        "create_time": beijing_rfc3339(refund.at_ms),
        "status": status_word(refunds::status(desk.account, desk.now_ms, refund)),
        "funds_account": "AVAILABLE",
        "amount": {
            "total": trade.amount_fen,
            "refund": refund.amount_fen,
            "payer_total": trade.amount_fen,
            "payer_refund": refund.amount_fen,
            "settlement_refund": refund.amount_fen,
            "settlement_total": trade.amount_fen,
            "discount_refund": 0,
            "currency": "CNY",
        },
    });
    if let Some(success_time) = refunds::success_time(desk.account, desk.now_ms, refund) {
        body["success_time"] = json!(success_time);
    }
    body
}
