//! Native (the shop shows the code): the order (4012791877), its query and its close.
//!
//! The order exists at once and says NOTPAY until somebody pays. The same order asked for again
//! gets another code, and the one before is dead; anything changed is refused.

use serde_json::{Value, json};

use super::super::order::{self, Order, State};
use super::super::{Account, Desk, v3::No};
use super::Heard;
use super::body::Body;
use crate::calendar::{beijing_rfc3339, from_rfc3339};
use crate::chance::fixed;
use crate::notices;
use crate::truth::{About, Channel, ClosedWhy, Fact, Form, Offer, Origin};

/// How long a code can be scanned, in ms: 2 h.
const CODE_LIFE_MS: i64 = 2 * 3_600_000;
/// How long an order waits at most, in ms: 7 days.
const ORDER_LIFE_MS: i64 = 7 * 86_400_000;
/// How far ahead an order's end must be, in ms.
const LEAST_LIFE_MS: i64 = 60_000;
const PURPOSE_CODE: u64 = 6;

/// What a till asks a customer to pay.
struct Sale<'b> {
    out_trade_no: &'b str,
    notify_url: &'b str,
    description: &'b str,
    amount_fen: i64,
    store_id: Option<&'b str>,
    device_id: Option<&'b str>,
    expires_ms: i64,
}

pub(super) fn order(desk: &mut Desk<'_>, body: &Body) -> Heard {
    let used = No::new(403, "OUT_TRADE_NO_USED", "商户订单号重复");
    let closed = No::new(400, "ORDER_CLOSED", "订单已关闭");
    let sale = sale(desk, body)?;
    let terms = body.canonical();
    if order::taken_elsewhere(desk, sale.out_trade_no) {
        return Err(used);
    }
    if let Some(known) = order::find(&desk.ledger.truth, sale.out_trade_no) {
        let before = desk.ledger.truth.offer_at(Channel::Wechat, sale.out_trade_no);
        let same = before.is_some_and(|before| before.terms == terms);
        match known.state(desk.now_ms) {
            State::Closed if known.origin() == Origin::Show => return Err(closed),
            State::NotPay if same => {}
            State::NotPay
            | State::UserPaying
            | State::Success
            | State::Refund
            | State::Closed
            | State::Revoked
            | State::PayError => return Err(used),
        }
    }
    let qr = code(desk);
    let offer = Offer {
        channel: Channel::Wechat,
        out_trade_no: sale.out_trade_no.to_owned(),
        qr: qr.clone(),
        amount_fen: sale.amount_fen,
        subject: sale.description.to_owned(),
        terms,
        store_id: sale.store_id.map(str::to_owned),
        terminal_id: sale.device_id.map(str::to_owned),
        made_ms: desk.now_ms,
        expires_ms: sale.expires_ms.min(desk.now_ms + CODE_LIFE_MS),
        trade_expires_ms: Some(sale.expires_ms),
        trade_life_ms: ORDER_LIFE_MS,
        killed_ms: None,
    };
    desk.ledger.record(desk.now_ms, Fact::Offered { offer });
    let about = About::Payment { out_trade_no: sale.out_trade_no.to_owned() };
    let url = sale.notify_url.to_owned();
    desk.ledger.record(desk.now_ms, Fact::NoticeWanted { about, url, form: Form::V3 });
    Ok(json!({ "code_url": qr }))
}

pub(super) fn query(desk: &Desk<'_>, out_trade_no: &str) -> Heard {
    found(desk, order::find(&desk.ledger.truth, out_trade_no))
}

pub(super) fn query_by_id(desk: &Desk<'_>, transaction_id: &str) -> Heard {
    found(desk, order::find_by_id(&desk.ledger.truth, transaction_id))
}

pub(super) fn close(desk: &mut Desk<'_>, out_trade_no: &str, body: &Body) -> Heard {
    body.is_for(desk)?;
    let order = order::find(&desk.ledger.truth, out_trade_no).ok_or(no_order())?;
    if order.origin() == Origin::Scan {
        return Err(No::new(400, "INVALID_REQUEST", "付款码订单不能关闭，请撤销"));
    }
    match order.state(desk.now_ms) {
        // Closing what is closed is the same as closing it.
        State::Closed => Ok(Value::Null),
        State::NotPay => {
            let out_trade_no = out_trade_no.to_owned();
            if let Order::Met(_) = order {
                let why = ClosedWhy::ByClose;
                let closed = Fact::Closed { out_trade_no: out_trade_no.clone(), why };
                desk.ledger.record(desk.now_ms, closed);
            }
            desk.ledger.record(desk.now_ms, Fact::OfferKilled { out_trade_no });
            Ok(Value::Null)
        }
        State::UserPaying | State::Success | State::Refund | State::Revoked | State::PayError => {
            Err(No::new(403, "TRADE_ERROR", "订单已支付，不能关闭"))
        }
    }
}

fn no_order() -> No {
    No::new(404, "ORDER_NOT_EXIST", "订单不存在")
}

fn found(desk: &Desk<'_>, order: Option<Order>) -> Heard {
    Ok(described(desk.account, desk.now_ms, &order.ok_or(no_order())?))
}

/// Says what is known of an order, as a query is told and as a notice tells. One that nobody paid
/// has neither amount nor number.
pub(super) fn described(account: &Account, now_ms: i64, order: &Order) -> Value {
    let state = order.state(now_ms);
    let mut body = json!({
        "appid": account.appid,
        "mchid": account.mchid,
        "out_trade_no": order.out_trade_no(),
        "trade_state": state.as_str(),
        "trade_state_desc": state.description(),
    });
    if let Some((trade, paid_ms)) = order.paid() {
        body["transaction_id"] = json!(trade.trade_no);
        body["trade_type"] = json!(order.trade_type());
        body["bank_type"] = json!("OTHERS");
        body["attach"] = json!("");
        body["success_time"] = json!(beijing_rfc3339(paid_ms));
        body["payer"] = json!({ "openid": order::openid(trade) });
        body["amount"] = json!({
            "total": trade.amount_fen,
            "payer_total": trade.amount_fen,
            "currency": "CNY",
            "payer_currency": "CNY",
        });
    }
    body
}

fn sale<'b>(desk: &Desk<'_>, body: &'b Body) -> Result<Sale<'b>, No> {
    body.is_for(desk)?;
    if body.needed("/appid", 32)? != desk.account.appid {
        return Err(No::new(400, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配"));
    }
    let out_trade_no = body.needed("/out_trade_no", 32)?;
    if !order::is_number(out_trade_no, 6) {
        return Err(No::parameter("/out_trade_no"));
    }
    let notify_url = body.needed("/notify_url", 255)?;
    if !notices::may_be_told_at(notify_url) {
        return Err(No::parameter("/notify_url"));
    }
    body.is_renminbi()?;
    Ok(Sale {
        out_trade_no,
        notify_url,
        description: body.needed("/description", 127)?,
        amount_fen: body.fen("/amount/total")?,
        store_id: body.text("/scene_info/store_info/id", 32)?,
        device_id: body.text("/scene_info/device_id", 32)?,
        expires_ms: expires_ms(desk, body, out_trade_no)?,
    })
}

/// Returns when the order ends. One that is known may end sooner than a new one.
fn expires_ms(desk: &Desk<'_>, body: &Body, out_trade_no: &str) -> Result<i64, No> {
    let field = "/time_expire";
    let Some(text) = body.text(field, 64)? else {
        return Ok(desk.now_ms + ORDER_LIFE_MS);
    };
    let at_ms = from_rfc3339(text).ok_or(No::parameter(field))?;
    let known = order::find(&desk.ledger.truth, out_trade_no).is_some();
    let least_ms = if known { i64::MIN } else { LEAST_LIFE_MS };
    match (least_ms..=ORDER_LIFE_MS).contains(&(at_ms - desk.now_ms)) {
        true => Ok(at_ms),
        false => Err(No::parameter(field)),
    }
}

/// Mints the text of a code. It has a real one's shape, and `practice` in it.
fn code(desk: &Desk<'_>) -> String {
    const LETTERS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let truth = &desk.ledger.truth;
    // The same order asked for again is no further offer, but it is a further question.
    let count = (truth.offer_count() << 32) + truth.asked().len() as u64;
    let mut bits = fixed(desk.seed, PURPOSE_CODE, count);
    let mut text = String::from("weixin://wxpay/bizpayurl?pr=practice");
    for _ in 0..12 {
        text.push(char::from(LETTERS[usize::try_from(bits % 36).unwrap_or(0)]));
        bits /= 36;
    }
    text
}
