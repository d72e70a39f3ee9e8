//! `POST /secapi/pay/refund` and `POST /pay/refundquery`.

use std::collections::BTreeMap;

use super::query::{named, no_order};
use super::{Fields, Heard, No};
use crate::calendar::beijing_text;
use crate::truth::{Form, Refund, Trade};
use crate::wechat::Desk;
use crate::wechat::order::Order;
use crate::wechat::refunds::{self, Status, Wanted};

pub(super) fn refund(desk: &mut Desk<'_>, asked: &BTreeMap<String, String>) -> Heard {
    let out_refund_no = asked.get("out_refund_no").filter(|text| !text.is_empty());
    let wanted = Wanted {
        out_refund_no: out_refund_no.ok_or(No::new("LACK_PARAMS", "缺少参数"))?.clone(),
        refund_fen: fen(asked, "refund_fee")?,
        total_fen: fen(asked, "total_fee")?,
        notify: (asked.get("notify_url").filter(|url| !url.is_empty()).cloned(), Form::V2),
    };
    let Order::Met(trade) = named(desk, asked)?.ok_or(no_order())? else {
        return Err(refusal(refunds::No::NotPaid));
    };
    let refund = refunds::refund(desk, &trade, &wanted).map_err(refusal)?;
    let (trade, refund) = refunds::find(&desk.ledger.truth, &refund.out_request_no)
        .expect("the ledger has what was refunded one line above");
    Ok(Fields::new()
        .with("transaction_id", trade.trade_no.as_str())
        .with("out_trade_no", trade.out_trade_no.as_str())
        .with("out_refund_no", refund.out_request_no.as_str())
        .with("refund_id", refunds::refund_id(trade, refund))
        .with_fen("refund_fee", refund.amount_fen)
        .with_fen("total_fee", trade.amount_fen)
        .with_fen("cash_fee", trade.amount_fen)
        .with_fen("cash_refund_fee", refund.amount_fen))
}

/// Lists the refunds of an order, or the one that is named.
pub(super) fn query(desk: &Desk<'_>, asked: &BTreeMap<String, String>) -> Heard {
    let none = No::new("REFUNDNOTEXIST", "退款订单查询失败");
    let truth = &desk.ledger.truth;
    if let Some(out_refund_no) = asked.get("out_refund_no").filter(|text| !text.is_empty()) {
        let (trade, refund) = refunds::find(truth, out_refund_no).ok_or(none)?;
        return Ok(listed(desk, trade, &[refund]));
    }
    let Some(Order::Met(trade)) = named(desk, asked)? else {
        return Err(none);
    };
    let all: Vec<&Refund> = refunds::all(&trade).collect();
    if all.is_empty() {
        return Err(none);
    }
    Ok(listed(desk, &trade, &all))
}

fn listed(desk: &Desk<'_>, trade: &Trade, list: &[&Refund]) -> Fields {
    let sum_fen = list.iter().map(|refund| refund.amount_fen).sum();
    let mut fields = Fields::new()
        .with("transaction_id", trade.trade_no.as_str())
        .with("out_trade_no", trade.out_trade_no.as_str())
        .with_fen("total_fee", trade.amount_fen)
        .with_fen("cash_fee", trade.amount_fen)
        .with_fen("refund_fee", sum_fen)
        .with("refund_count", list.len().to_string());
    for (place, refund) in list.iter().enumerate() {
        let named = |name: &str| format!("{name}_{place}");
        let arrived = refunds::success_ms(desk.account, desk.now_ms, refund).map(beijing_text);
        let status = status_word(refunds::status(desk.account, desk.now_ms, refund));
        fields = fields
            .with(&named("out_refund_no"), refund.out_request_no.as_str())
            .with(&named("refund_id"), refunds::refund_id(trade, refund))
            .with(&named("refund_channel"), "ORIGINAL")
            .with(&named("refund_status"), status)
            .with(&named("refund_recv_accout"), "支付用户的零钱")
            .with_fen(&named("refund_fee"), refund.amount_fen)
            .with_some(&named("refund_success_time"), arrived);
    }
    fields
}

/// Returns v2's word for a state.
pub(super) fn status_word(status: Status) -> &'static str {
    match status {
        Status::Processing => "PROCESSING",
        Status::Success => "SUCCESS",
        Status::Abnormal => "CHANGE",
        Status::Closed => "REFUNDCLOSE",
    }
}

/// Reads an amount: digits only, at least one fen.
fn fen(asked: &BTreeMap<String, String>, name: &str) -> Result<i64, No> {
    let text = asked.get(name).filter(|text| !text.is_empty());
    let text = text.ok_or(No::new("LACK_PARAMS", "缺少参数"))?;
    let digits = text.len() <= 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    let fen = text.parse::<i64>().ok().filter(|fen| digits && *fen > 0);
    fen.ok_or(No::new("PARAM_ERROR", "参数错误"))
}

fn refusal(no: refunds::No) -> No {
    let code = match no {
        refunds::No::MerchantEmpty => "NOTENOUGH",
        refunds::No::TooSoon => "FREQUENCY_LIMITED",
        refunds::No::TooLate => "TRADE_OVERDUE",
        refunds::No::OtherTotal | refunds::No::OtherRefund => "REFUND_FEE_MISMATCH",
        refunds::No::NotPaid => "TRADE_STATE_ERROR",
        refunds::No::MoreThanPaid | refunds::No::TooMany => "INVALID_REQUEST",
    };
    No::new(code, no.message())
}
