//! `alipay.trade.pay`: the till has scanned a customer's payment code (付款码, opendocs 02ekfp).

use serde_json::{Value, json};

use super::business::{Business, Sale, refused};
use super::node::{Heard, Node};
use super::refusal::Refusal;
use super::{Desk, notice};
use crate::calendar::beijing_text;
use crate::money::yuan_from_fen;
use crate::options::BuyerIds;
use crate::phone::{CustomerId, Manner, PAYMENT_CODE_LIFE_MS, mint_trade_no, plan};
use crate::truth::{Channel, Fact, NewTrade, Origin, Trade, TradeStatus};

/// How long a scanned trade waits by default, in ms: 3 h (opendocs 02ekfp).
pub(super) const DEFAULT_LIFE_MS: i64 = 3 * 3_600_000;

pub(super) fn pay(desk: &mut Desk<'_>, business: &Business, notify_url: Option<&str>) -> Heard {
    let sale = business.sale(desk)?;
    let auth_code = business.needed("auth_code", 64)?;
    let scene = business.text("scene", 32)?;
    if scene.is_some_and(|scene| scene != "bar_code" && scene != "security_code") {
        return Err(refused(Refusal::UnsupportedScene));
    }
    let time_expire_ms = business.time_expire_ms()?;
    let life_ms = business.express_ms("timeout_express", desk.now_ms)?.unwrap_or(DEFAULT_LIFE_MS);
    let expires_ms = time_expire_ms.unwrap_or(desk.now_ms + life_ms);
    if let Some(trade) = desk.ledger.truth.trade(&sale.out_trade_no) {
        return repeated(desk, trade, &sale);
    }
    if expires_ms <= desk.now_ms {
        return Err(failed(Refusal::AfterExpireTime, &sale.out_trade_no));
    }
    let (customer, manner) = match holder(desk, &auth_code) {
        Ok(holder) => holder,
        Err(refusal) => return Err(failed(refusal, &sale.out_trade_no)),
    };
    let out_trade_no = sale.out_trade_no.clone();
    notice::want(desk, &out_trade_no, notify_url);
    begin(desk, sale, customer, manner, expires_ms, auth_code);
    if manner == Manner::Pays {
        desk.ledger.record(desk.now_ms, Fact::Paid { out_trade_no: out_trade_no.clone() });
    }
    let trade = desk.ledger.truth.trade(&out_trade_no).expect("it was made a few lines above");
    match manner {
        Manner::Pays => Ok(paid(desk, trade)),
        Manner::TooLittleMoney | Manner::TopsUp { .. } => {
            Err(failed(Refusal::BuyerBalanceNotEnough, &out_trade_no))
        }
        Manner::TypesPassword { .. } | Manner::Refuses | Manner::WalksAway | Manner::ByHand => {
            Ok(in_process(desk, trade))
        }
    }
}

/// The members that say who paid, and every amount.
pub(super) fn with_payer(node: Node, desk: &Desk<'_>, trade: &Trade) -> Node {
    let CustomerId(number) = trade.customer;
    let moved = if trade.paid_ms.is_some() { trade.amount_fen } else { 0 };
    let node = match desk.options.buyer_ids {
        BuyerIds::UserId => node.with("buyer_user_id", format!("20880000{number:08}")),
        BuyerIds::OpenId => node.with("buyer_open_id", format!("0practice{number:028}")),
    };
    node.with("buyer_logon_id", format!("138****{:04}", number % 10_000))
        .with("trade_no", trade.trade_no.as_str())
        .with("out_trade_no", trade.out_trade_no.as_str())
        .with("total_amount", yuan_from_fen(trade.amount_fen))
        .with("receipt_amount", yuan_from_fen(moved))
        .with("buyer_pay_amount", yuan_from_fen(moved))
        .with("invoice_amount", yuan_from_fen(moved))
        .with("point_amount", "0.00")
}

/// Where the money came from.
pub(super) fn fund_bill(trade: &Trade) -> Value {
    json!([{ "amount": yuan_from_fen(trade.amount_fen), "fund_channel": "ALIPAYACCOUNT" }])
}

/// A failure about a number: the real one names it and shows every amount as zero.
pub(super) fn failed(refusal: Refusal, out_trade_no: &str) -> Box<Node> {
    let node = Node::refused(refusal)
        .with("out_trade_no", out_trade_no)
        .with("buyer_pay_amount", "0.00")
        .with("invoice_amount", "0.00")
        .with("point_amount", "0.00")
        .with("receipt_amount", "0.00");
    Box::new(node)
}

fn repeated(desk: &Desk<'_>, trade: &Trade, sale: &Sale) -> Heard {
    let elsewhere = trade.channel != Channel::Alipay;
    if elsewhere || trade.amount_fen != sale.amount_fen || trade.subject != sale.subject {
        return Err(failed(Refusal::ContextInconsistent, &trade.out_trade_no));
    }
    match trade.status(desk.now_ms) {
        TradeStatus::Waiting => Ok(in_process(desk, trade)),
        TradeStatus::Success | TradeStatus::Finished => {
            Err(failed(Refusal::TradeHasSuccess, &trade.out_trade_no))
        }
        TradeStatus::Closed => Err(failed(Refusal::TradeHasClose, &trade.out_trade_no)),
    }
}

/// Returns whose code it is, if it can still be used.
fn holder(desk: &Desk<'_>, auth_code: &str) -> Result<(CustomerId, Manner), Refusal> {
    let Some(shown) = desk.ledger.truth.payment_code(auth_code) else {
        return Err(match looks_real(auth_code) {
            true => Refusal::RealPaymentCode,
            false => Refusal::PaymentAuthCodeInvalid,
        });
    };
    let elsewhere = shown.channel != Channel::Alipay;
    let too_old = desk.now_ms >= shown.shown_ms + PAYMENT_CODE_LIFE_MS;
    if elsewhere || too_old || shown.used_for.is_some() {
        return Err(Refusal::PaymentAuthCodeInvalid);
    }
    Ok((shown.customer, shown.manner))
}

/// Says whether a wallet could have shown this code: Alipay, WeChat Pay or UnionPay.
fn looks_real(code: &str) -> bool {
    if code.len() == 35 && code.starts_with("fp") {
        return true;
    }
    if !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let prefix = code.get(..2).and_then(|prefix| prefix.parse::<u32>().ok()).unwrap_or(0);
    match code.len() {
        18 if (10..=15).contains(&prefix) => true,
        19 if prefix == 62 => true,
        16..=24 => (25..=30).contains(&prefix),
        _ => false,
    }
}

fn begin(
    desk: &mut Desk<'_>,
    sale: Sale,
    customer: CustomerId,
    manner: Manner,
    expires_ms: i64,
    auth_code: String,
) {
    let trade = NewTrade {
        channel: Channel::Alipay,
        trade_no: mint_trade_no(Channel::Alipay, desk.ledger, desk.options.seed, desk.now_ms),
        out_trade_no: sale.out_trade_no,
        amount_fen: sale.amount_fen,
        subject: sale.subject,
        seller_id: desk.options.seller_id.clone(),
        store_id: sale.store_id,
        terminal_id: sale.terminal_id,
        origin: Origin::Scan,
        customer,
        plan: plan(manner, desk.now_ms),
        ends_on_refusal: false,
        expires_ms,
        payment_code: Some(auth_code),
    };
    desk.ledger.record(desk.now_ms, Fact::TradeMade { trade });
}

fn paid(desk: &Desk<'_>, trade: &Trade) -> Node {
    with_payer(Node::success(), desk, trade)
        .with_some("gmt_payment", trade.paid_ms.map(beijing_text))
        .with("fund_bill_list", fund_bill(trade))
}

fn in_process(desk: &Desk<'_>, trade: &Trade) -> Node {
    with_payer(Node::in_process(), desk, trade)
}
