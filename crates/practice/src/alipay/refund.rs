//! `alipay.trade.refund` (退款, opendocs 02ekfs) and its query (opendocs 02ekft).

use serde_json::{Value, json};

use super::business::{Business, refused};
use super::node::{Heard, Node};
use super::pay::with_payer;
use super::refusal::Refusal;
use super::{Desk, notice};
use crate::calendar::beijing_text;
use crate::money::yuan_from_fen;
use crate::truth::{ClosedWhy, Fact, Refund, RefundBy, Trade, TradeStatus};
use crate::weather::Fault;

/// Every documented field. The page warns that any other may make a refund fail or repeat.
const KNOWN: [&str; 12] = [
    "refund_amount",
    "out_trade_no",
    "trade_no",
    "out_request_no",
    "refund_reason",
    "refund_goods_detail",
    "refund_royalty_parameters",
    "operator_id",
    "store_id",
    "terminal_id",
    "query_options",
    "refund_currency",
];

/// What becomes of a refund that is asked for.
enum Step {
    Repeat(Refund),
    Pay { out_request_no: String, amount_fen: i64 },
}

pub(super) fn refund(desk: &mut Desk<'_>, business: &Business) -> Heard {
    if business.names().any(|name| !KNOWN.contains(&name)) {
        return Err(refused(Refusal::InvalidParameter));
    }
    let amount_fen = business.amount_fen("refund_amount")?;
    let Some(trade) = business.trade(desk)?.cloned() else {
        return Err(refused(Refusal::TradeNotExist));
    };
    let out_request_no = business.text("out_request_no", 64)?;
    match step(desk, &trade, out_request_no, amount_fen).map_err(refused)? {
        Step::Repeat(refund) => Ok(answer(desk, business, &trade, &refund, "N")),
        Step::Pay { out_request_no, amount_fen } => {
            if desk.fault == Some(Fault::SellerEmpty) {
                return Err(refused(Refusal::SellerBalanceNotEnough));
            }
            let out_trade_no = trade.out_trade_no.clone();
            let refunded = Fact::Refunded {
                out_trade_no: out_trade_no.clone(),
                out_request_no: out_request_no.clone(),
                amount_fen,
                by: RefundBy::Refund,
            };
            desk.ledger.record(desk.now_ms, refunded);
            notice::want_of_refund(desk, &out_trade_no, &out_request_no);
            if trade.refunded_fen() + amount_fen == trade.amount_fen {
                let closed = Fact::Closed { out_trade_no, why: ClosedWhy::Refunded };
                desk.ledger.record(desk.now_ms, closed);
            }
            let at_ms = desk.now_ms;
            let by = RefundBy::Refund;
            let made = Refund { out_request_no, amount_fen, at_ms, by, end: None };
            Ok(answer(desk, business, &trade, &made, "Y"))
        }
    }
}

pub(super) fn refund_query(desk: &mut Desk<'_>, business: &Business) -> Heard {
    let out_request_no = business.needed("out_request_no", 64)?;
    let Some(trade) = business.trade(desk)? else {
        return Err(refused(Refusal::TradeNotExist));
    };
    let Some(refund) = trade.refund(&out_request_no) else {
        return Ok(Node::success());
    };
    let node = Node::success()
        .with("trade_no", trade.trade_no.as_str())
        .with("out_trade_no", trade.out_trade_no.as_str())
        .with("out_request_no", refund.out_request_no.as_str())
        .with("total_amount", yuan_from_fen(trade.amount_fen))
        .with("refund_amount", yuan_from_fen(refund.amount_fen))
        .with("refund_status", "REFUND_SUCCESS");
    let node = match business.wants("gmt_refund_pay") {
        true => node.with("gmt_refund_pay", beijing_text(refund.at_ms)),
        false => node,
    };
    Ok(detailed(node, business, refund))
}

fn step(
    desk: &Desk<'_>,
    trade: &Trade,
    out_request_no: Option<String>,
    amount_fen: i64,
) -> Result<Step, Refusal> {
    let partial = amount_fen != trade.amount_fen;
    if out_request_no.is_none() && partial {
        return Err(Refusal::RefundExceedsTotal);
    }
    let out_request_no = out_request_no.unwrap_or_else(|| trade.out_trade_no.clone());
    if let Some(refund) = trade.refund(&out_request_no)
        && refund.by == RefundBy::Refund
    {
        if refund.amount_fen != amount_fen {
            return Err(Refusal::DiscordantRepeat);
        }
        return Ok(Step::Repeat(refund.clone()));
    }
    match trade.status(desk.now_ms) {
        TradeStatus::Waiting => Err(Refusal::TradeStatusError),
        TradeStatus::Closed => Err(Refusal::TradeHasClose),
        TradeStatus::Finished => Err(Refusal::TradeHasFinished),
        TradeStatus::Success if trade.refunded_fen() + amount_fen > trade.amount_fen => {
            Err(Refusal::RefundExceedsTotal)
        }
        TradeStatus::Success => Ok(Step::Pay { out_request_no, amount_fen }),
    }
}

fn answer(
    desk: &Desk<'_>,
    business: &Business,
    trade: &Trade,
    refund: &Refund,
    fund_change: &'static str,
) -> Node {
    let truth = &desk.ledger.truth;
    let total_fen = truth.trade(&trade.out_trade_no).map_or(0, Trade::refunded_fen);
    let whole = with_payer(Node::success(), desk, trade);
    let node = Node::success()
        .with_some("buyer_user_id", whole.text("buyer_user_id"))
        .with_some("buyer_open_id", whole.text("buyer_open_id"))
        .with_some("buyer_logon_id", whole.text("buyer_logon_id"))
        .with("trade_no", trade.trade_no.as_str())
        .with("out_trade_no", trade.out_trade_no.as_str())
        .with("fund_change", fund_change)
        .with("gmt_refund_pay", beijing_text(refund.at_ms))
        .with("refund_fee", yuan_from_fen(total_fen));
    let node = match business.wants("refund_detail_item_list") {
        true => node.with("send_back_fee", yuan_from_fen(refund.amount_fen)),
        false => node.with("send_back_fee", "0.00"),
    };
    detailed(node, business, refund)
}

fn detailed(node: Node, business: &Business, refund: &Refund) -> Node {
    if !business.wants("refund_detail_item_list") {
        return node;
    }
    let list: Value =
        json!([{ "amount": yuan_from_fen(refund.amount_fen), "fund_channel": "ALIPAYACCOUNT" }]);
    node.with("refund_detail_item_list", list)
}
