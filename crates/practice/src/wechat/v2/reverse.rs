//! `POST /secapi/pay/reverse` (撤销, 4011937361): ends a scanned payment, and returns its money.

use std::collections::BTreeMap;

use super::query::{named, no_order};
use super::{Fields, Heard, No};
use crate::truth::{ClosedWhy, Fact, Origin, RefundBy, Trade};
use crate::weather::Fault;
use crate::wechat::order::{Order, State};
use crate::wechat::{Desk, ReverseUnknown};

/// How long after the payment call a reverse is possible, in ms: 7 days.
const LIMIT_MS: i64 = 7 * 86_400_000;

/// What a reverse is about to do.
enum Step {
    Close(Trade),
    Return(Trade),
    Nothing,
}

pub(super) fn reverse(desk: &mut Desk<'_>, asked: &BTreeMap<String, String>) -> Heard {
    let step = step(desk, asked)?;
    if desk.fault == Some(Fault::RetryLater) {
        return Ok(Fields::new().with("recall", "Y"));
    }
    match step {
        Step::Close(trade) => end(desk, &trade, ClosedWhy::ByCancel),
        Step::Return(trade) => {
            if desk.fault == Some(Fault::SellerEmpty) {
                return Err(done_with("NOTENOUGH", "商户余额不足"));
            }
            let returned = Fact::Refunded {
                out_trade_no: trade.out_trade_no.clone(),
                out_request_no: trade.out_trade_no.clone(),
                amount_fen: trade.amount_fen,
                by: RefundBy::Cancel,
            };
            desk.ledger.record(desk.now_ms, returned);
            end(desk, &trade, ClosedWhy::Returned);
        }
        Step::Nothing => {}
    }
    Ok(Fields::new().with("recall", "N"))
}

fn step(desk: &Desk<'_>, asked: &BTreeMap<String, String>) -> Result<Step, No> {
    let Some(order) = named(desk, asked)? else {
        return match desk.account.reverse_unknown {
            ReverseUnknown::NotFound => Err(No { recall: Some("N"), ..no_order() }),
            ReverseUnknown::Succeeds => Ok(Step::Nothing),
        };
    };
    let state = order.state(desk.now_ms);
    let other_scene = done_with("INVALID_REQUEST", "订单的支付场景不支持");
    let trade = match order {
        Order::Met(trade) if trade.origin == Origin::Scan => trade,
        Order::Met(_) | Order::Shown(_) => return Err(other_scene),
    };
    let age_ms = desk.now_ms - trade.made_ms;
    match state {
        State::Revoked => Ok(Step::Nothing),
        _ if age_ms < desk.account.reverse_after_ms => {
            Err(again("INVALID_REQUEST", "支付后15秒内不能发起撤销"))
        }
        _ if age_ms > LIMIT_MS => Err(done_with("REVERSE_EXPIRE", "订单超过7天，不能撤销")),
        State::UserPaying => Err(again("USERPAYING", "正在支付中不能发起撤销")),
        State::NotPay | State::PayError | State::Closed => Ok(Step::Close(trade)),
        State::Success => Ok(Step::Return(trade)),
        State::Refund => Err(done_with("TRADE_ERROR", "订单发生过退款，不能撤销")),
    }
}

/// A refusal that may be none a little later.
fn again(code: &'static str, message: &'static str) -> No {
    No { recall: Some("Y"), ..No::new(code, message) }
}

/// A refusal that calling again does not change.
fn done_with(code: &'static str, message: &'static str) -> No {
    No { recall: Some("N"), ..No::new(code, message) }
}

fn end(desk: &mut Desk<'_>, trade: &Trade, why: ClosedWhy) {
    let out_trade_no = trade.out_trade_no.clone();
    desk.ledger.record(desk.now_ms, Fact::Closed { out_trade_no, why });
}
