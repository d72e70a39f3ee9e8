//! `alipay.trade.precreate`: a code for the till to show (订单码, opendocs 05osv9).
//!
//! No trade exists until a customer scans the code.

use super::business::{Business, refused};
use super::node::{Heard, Node};
use super::pay::DEFAULT_LIFE_MS;
use super::refusal::Refusal;
use super::{Desk, notice};
use crate::chance::fixed;
use crate::truth::{Channel, Fact, Offer, TradeStatus};

/// How long a code can be scanned at most, in ms: 2 h (opendocs 05osv9).
const CODE_LIFE_MS: i64 = 2 * 3_600_000;
const PURPOSE_QR: u64 = 3;

pub(super) fn precreate(
    desk: &mut Desk<'_>,
    business: &Business,
    notify_url: Option<&str>,
) -> Heard {
    let sale = business.sale(desk)?;
    let now_ms = desk.now_ms;
    let time_expire_ms = business.time_expire_ms()?;
    let trade_life_ms = business.express_ms("timeout_express", now_ms)?;
    let code_life_ms = business.express_ms("qr_code_timeout_express", now_ms)?;
    let no = |refusal| {
        let node = Node::refused(refusal).with("out_trade_no", sale.out_trade_no.as_str());
        Err(Box::new(node))
    };
    if let Some(trade) = desk.ledger.truth.trade(&sale.out_trade_no) {
        return match trade.status(now_ms) {
            TradeStatus::Success | TradeStatus::Finished => no(Refusal::TradeHasSuccess),
            TradeStatus::Closed => no(Refusal::TradeHasClose),
            TradeStatus::Waiting => no(Refusal::CodeAskedTwice),
        };
    }
    if desk.ledger.truth.offer(&sale.out_trade_no).is_some() {
        return no(Refusal::CodeAskedTwice);
    }
    if time_expire_ms.is_some_and(|at_ms| at_ms <= now_ms) {
        return Err(refused(Refusal::AfterExpireTime));
    }
    let ends = [
        Some(now_ms + CODE_LIFE_MS),
        time_expire_ms,
        trade_life_ms.map(|life_ms| now_ms + life_ms),
        code_life_ms.map(|life_ms| now_ms + life_ms),
    ];
    let offer = Offer {
        channel: Channel::Alipay,
        qr: qr(desk),
        out_trade_no: sale.out_trade_no,
        amount_fen: sale.amount_fen,
        subject: sale.subject,
        terms: String::new(),
        store_id: sale.store_id,
        terminal_id: sale.terminal_id,
        made_ms: now_ms,
        expires_ms: ends.into_iter().flatten().min().unwrap_or(now_ms),
        trade_expires_ms: time_expire_ms,
        trade_life_ms: trade_life_ms.unwrap_or(DEFAULT_LIFE_MS),
        killed_ms: None,
    };
    let node = Node::success()
        .with("out_trade_no", offer.out_trade_no.as_str())
        .with("qr_code", offer.qr.as_str());
    notice::want(desk, &offer.out_trade_no, notify_url);
    desk.ledger.record(now_ms, Fact::Offered { offer });
    Ok(node)
}

/// Mints the text of a code. It has a real one's shape and length, and `practice` in it.
fn qr(desk: &Desk<'_>) -> String {
    const LETTERS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut bits = fixed(desk.options.seed, PURPOSE_QR, desk.ledger.truth.offer_count());
    let mut text = String::from("https://qr.alipay.com/practice");
    for _ in 0..12 {
        text.push(char::from(LETTERS[usize::try_from(bits % 36).unwrap_or(0)]));
        bits /= 36;
    }
    text
}
