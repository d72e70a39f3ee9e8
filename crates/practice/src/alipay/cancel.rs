//! `alipay.trade.cancel` (撤销, opendocs 02ekfr) and `alipay.trade.close` (关单, opendocs 02o6e8).
//!
//! A cancel ends an unpaid trade and returns the money of a paid one. Of a number it does not know
//! it says success and does nothing: a payment on its way still arrives.

use super::Desk;
use super::business::{Business, refused};
use super::node::{Heard, Node};
use super::refusal::Refusal;
use crate::options::CancelUnscanned;
use crate::truth::{Channel, ClosedWhy, Fact, RefundBy, Trade, TradeStatus};
use crate::weather::Fault;

/// How long after the payment a cancel is possible, in ms: 24 h (opendocs 02ekfr).
const CANCEL_LIMIT_MS: i64 = 24 * 3_600_000;

/// What a cancel did.
#[derive(Clone, Copy)]
enum Action {
    Close,
    Refund,
}

/// What a cancel is about to do.
enum Step {
    CloseUnpaid(Trade),
    Return(Trade),
    Done(Trade, Action),
    KillCode(String),
    Nothing,
}

pub(super) fn cancel(desk: &mut Desk<'_>, business: &Business) -> Heard {
    cancelled(desk, business).map_err(|mut node| {
        let with_flag = node.as_ref().clone().with("retry_flag", "N");
        *node = with_flag.with_some("out_trade_no", business.echo());
        node
    })
}

pub(super) fn close(desk: &mut Desk<'_>, business: &Business) -> Heard {
    let no = |refusal| {
        let node = Node::refused(refusal).with_some("out_trade_no", business.echo());
        Err(Box::new(node))
    };
    let Some(trade) = business.trade(desk)?.cloned() else {
        return no(Refusal::TradeNotExist);
    };
    match trade.status(desk.now_ms) {
        TradeStatus::Waiting => {
            end(desk, &trade, ClosedWhy::ByClose);
            Ok(Node::success()
                .with("out_trade_no", trade.out_trade_no)
                .with("trade_no", trade.trade_no))
        }
        TradeStatus::Success | TradeStatus::Finished | TradeStatus::Closed => {
            no(Refusal::TradeStatusError)
        }
    }
}

fn cancelled(desk: &mut Desk<'_>, business: &Business) -> Heard {
    let step = step(desk, business)?;
    if desk.fault == Some(Fault::RetryLater) {
        let node = Node::success().with("retry_flag", "Y");
        return Ok(node.with_some("out_trade_no", business.echo()));
    }
    match step {
        Step::CloseUnpaid(trade) => {
            end(desk, &trade, ClosedWhy::ByCancel);
            Ok(acted(&trade, Action::Close))
        }
        Step::Return(trade) => {
            if desk.fault == Some(Fault::SellerEmpty) {
                return Err(refused(Refusal::SellerBalanceNotEnough));
            }
            let returned = Fact::Refunded {
                out_trade_no: trade.out_trade_no.clone(),
                out_request_no: trade.out_trade_no.clone(),
                amount_fen: trade.amount_fen,
                by: RefundBy::Cancel,
            };
            desk.ledger.record(desk.now_ms, returned);
            end(desk, &trade, ClosedWhy::Returned);
            Ok(acted(&trade, Action::Refund))
        }
        Step::Done(trade, action) => Ok(acted(&trade, action)),
        Step::KillCode(out_trade_no) => {
            let killed = Fact::OfferKilled { out_trade_no: out_trade_no.clone() };
            desk.ledger.record(desk.now_ms, killed);
            Ok(Node::success()
                .with("out_trade_no", out_trade_no)
                .with("retry_flag", "N")
                .with("action", "close"))
        }
        Step::Nothing => {
            let node = Node::success().with("retry_flag", "N");
            Ok(node.with_some("out_trade_no", business.echo()))
        }
    }
}

fn step(desk: &Desk<'_>, business: &Business) -> Result<Step, Box<Node>> {
    let Some(trade) = business.trade(desk)? else {
        return Ok(unscanned(desk, business));
    };
    match trade.status(desk.now_ms) {
        TradeStatus::Waiting => Ok(Step::CloseUnpaid(trade.clone())),
        TradeStatus::Finished => Err(refused(Refusal::TradeHasFinished)),
        TradeStatus::Success if !trade.refunds.is_empty() => Err(refused(Refusal::AlreadyRefunded)),
        TradeStatus::Success => {
            let paid_ms = trade.paid_ms.unwrap_or(desk.now_ms);
            if desk.now_ms - paid_ms > CANCEL_LIMIT_MS {
                return Err(refused(Refusal::CancelTimeOut));
            }
            Ok(Step::Return(trade.clone()))
        }
        TradeStatus::Closed => match trade.closed.map(|closed| closed.why) {
            Some(ClosedWhy::Refunded) => Err(refused(Refusal::AlreadyRefunded)),
            Some(ClosedWhy::Returned) => Ok(Step::Done(trade.clone(), Action::Refund)),
            Some(ClosedWhy::TimedOut | ClosedWhy::ByClose | ClosedWhy::ByCancel) | None => {
                Ok(Step::Done(trade.clone(), Action::Close))
            }
        },
    }
}

fn unscanned(desk: &Desk<'_>, business: &Business) -> Step {
    let truth = &desk.ledger.truth;
    let offer = business.echo().and_then(|number| truth.offer_at(Channel::Alipay, &number));
    match (offer, desk.options.cancel_unscanned) {
        (Some(offer), CancelUnscanned::KillsTheCode) if offer.expires_ms > desk.now_ms => {
            Step::KillCode(offer.out_trade_no.clone())
        }
        (Some(_) | None, CancelUnscanned::KillsTheCode | CancelUnscanned::FindsNothing) => {
            Step::Nothing
        }
    }
}

fn end(desk: &mut Desk<'_>, trade: &Trade, why: ClosedWhy) {
    let out_trade_no = trade.out_trade_no.clone();
    desk.ledger.record(desk.now_ms, Fact::Closed { out_trade_no, why });
}

fn acted(trade: &Trade, action: Action) -> Node {
    let action = match action {
        Action::Close => "close",
        Action::Refund => "refund",
    };
    Node::success()
        .with("trade_no", trade.trade_no.as_str())
        .with("out_trade_no", trade.out_trade_no.as_str())
        .with("retry_flag", "N")
        .with("action", action)
}
