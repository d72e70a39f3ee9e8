//! `POST /pay/micropay`: the till has scanned a customer's payment code (付款码, 4011937125).

use std::collections::BTreeMap;

use super::query::paid;
use super::{Fields, Heard, No};
use crate::money::MOST_FEN;
use crate::phone::{CustomerId, Manner, PAYMENT_CODE_LIFE_MS, mint_trade_no, plan};
use crate::truth::{Channel, Fact, NewTrade, Origin};
use crate::wechat::Desk;
use crate::wechat::order::{self, DIALOG_MS, State};

/// What a till asks a customer to pay.
struct Sale {
    out_trade_no: String,
    body: String,
    amount_fen: i64,
    device_info: Option<String>,
    auth_code: String,
}

pub(super) fn pay(desk: &mut Desk<'_>, asked: &BTreeMap<String, String>) -> Heard {
    let sale = sale(asked)?;
    unused(desk, &sale.out_trade_no)?;
    let (customer, manner) = holder(desk, &sale.auth_code)?;
    let out_trade_no = sale.out_trade_no.clone();
    begin(desk, sale, customer, manner);
    match manner {
        Manner::Pays => {
            let fact = Fact::Paid { out_trade_no: out_trade_no.clone() };
            desk.ledger.record(desk.now_ms, fact);
            let truth = &desk.ledger.truth;
            let trade = truth.trade(&out_trade_no).expect("it was made a few lines above");
            let fields = Fields::new().with("trade_type", "MICROPAY");
            Ok(paid(fields, trade, desk.now_ms))
        }
        Manner::TooLittleMoney | Manner::TopsUp { .. } => Err(No::new("NOTENOUGH", "余额不足")),
        Manner::TypesPassword { .. } | Manner::Refuses | Manner::WalksAway | Manner::ByHand => {
            Err(No::new("USERPAYING", "需要用户输入支付密码"))
        }
    }
}

fn sale(asked: &BTreeMap<String, String>) -> Result<Sale, No> {
    let wrong = No::new("PARAM_ERROR", "参数错误");
    let field = |name: &str| asked.get(name).filter(|text| !text.is_empty()).cloned();
    let needed = |name: &str, most: usize| {
        let text = field(name).ok_or(No::new("LACK_PARAMS", "缺少参数"))?;
        if text.chars().count() <= most { Ok(text) } else { Err(wrong) }
    };
    let out_trade_no = needed("out_trade_no", 32)?;
    if !order::is_number(&out_trade_no, 1) {
        return Err(wrong);
    }
    let total_fee = needed("total_fee", 12)?;
    // Yuan with a point, a sign or a blank are no amount, whatever they would come to.
    let digits = total_fee.bytes().all(|byte| byte.is_ascii_digit());
    let amount_fen = total_fee.parse::<i64>().ok().filter(|fen| (1..=MOST_FEN).contains(fen));
    let amount_fen = amount_fen.filter(|_| digits).ok_or(wrong)?;
    if field("fee_type").is_some_and(|fee_type| fee_type != "CNY") {
        return Err(wrong);
    }
    needed("spbill_create_ip", 64)?;
    Ok(Sale {
        out_trade_no,
        body: needed("body", 127)?,
        amount_fen,
        device_info: field("device_info"),
        auth_code: needed("auth_code", 128)?,
    })
}

/// Refuses a number that any order has: each attempt has one of its own.
fn unused(desk: &Desk<'_>, out_trade_no: &str) -> Result<(), No> {
    let used = No::new("OUT_TRADE_NO_USED", "商户订单号重复");
    if order::taken_elsewhere(desk, out_trade_no) {
        return Err(used);
    }
    let Some(order) = order::find(&desk.ledger.truth, out_trade_no) else {
        return Ok(());
    };
    Err(match order.state(desk.now_ms) {
        State::NotPay | State::UserPaying | State::PayError => used,
        State::Success | State::Refund => No::new("ORDERPAID", "该订单已支付"),
        State::Closed => No::new("ORDERCLOSED", "该订单已关闭"),
        State::Revoked => No::new("ORDERREVERSED", "该订单已撤销"),
    })
}

/// Returns whose code it is, if it can still be used.
fn holder(desk: &Desk<'_>, auth_code: &str) -> Result<(CustomerId, Manner), No> {
    let not_ours = "请扫描微信支付授权码(以10/11/12/13/14/15为前缀的18位数字)";
    let shown = desk.ledger.truth.payment_code(auth_code);
    let Some(shown) = shown.filter(|shown| shown.channel == Channel::Wechat) else {
        let message = match is_payment_code(auth_code) {
            true => "这是真付款码，练习模式收不到钱",
            false => not_ours,
        };
        return Err(No::new("AUTH_CODE_INVALID", message));
    };
    if shown.used_for.is_some() {
        return Err(No::new("AUTH_CODE_ERROR", "每个二维码仅限使用一次，请刷新再试"));
    }
    if desk.now_ms >= shown.shown_ms + PAYMENT_CODE_LIFE_MS {
        return Err(No::new("AUTHCODEEXPIRE", "二维码已过期，请用户在微信上刷新后再试"));
    }
    Ok((shown.customer, shown.manner))
}

/// Says whether a phone with WeChat could show these digits.
fn is_payment_code(text: &str) -> bool {
    let digits = text.len() == 18 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits && matches!(text.get(..2), Some("10" | "11" | "12" | "13" | "14" | "15"))
}

fn begin(desk: &mut Desk<'_>, sale: Sale, customer: CustomerId, manner: Manner) {
    let trade = NewTrade {
        channel: Channel::Wechat,
        trade_no: mint_trade_no(Channel::Wechat, desk.ledger, desk.seed, desk.now_ms),
        out_trade_no: sale.out_trade_no,
        amount_fen: sale.amount_fen,
        subject: sale.body,
        seller_id: desk.account.mchid.clone(),
        store_id: None,
        terminal_id: sale.device_info,
        origin: Origin::Scan,
        customer,
        plan: plan(manner, desk.now_ms),
        ends_on_refusal: true,
        expires_ms: desk.now_ms + DIALOG_MS,
        payment_code: Some(sale.auth_code),
    };
    desk.ledger.record(desk.now_ms, Fact::TradeMade { trade });
}
