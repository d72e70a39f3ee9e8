//! A customer's receipt as lines of text, in Chinese: what was due, how it was paid, what went
//! back.
//!
//! Not here: how it looks on paper ([`paper`]) and the printer. A receipt exists only of an order
//! that took money: paper that names an amount is taken for a proof of payment. From the second
//! print on it is marked 补打; the count is kept with the order before anything is printed.

pub mod paper;

use jiff::tz::{Offset, TimeZone};
use mianfu_core::attempt::{Attempt, Phase};
use mianfu_core::channel::ChannelId;
use mianfu_core::money::{Fen, Timestamp};
use mianfu_core::mutant;
use mianfu_core::number::{CashNo, OrderNo, Series};
use mianfu_core::order::{CashRefund, Order, Standing};
use mianfu_core::refund::{Refund, RefundPhase};
use mianfu_db::DbError;
use mianfu_gateway::Keys;

use crate::cashier::note;
use crate::counter::OrderLine;
use crate::till::{Settings, Till};

/// Columns of a line on 80 mm paper; a Chinese letter takes two.
pub const COLUMNS: usize = 48;
/// Letters of a name that is printed whole.
const NAME_LETTERS_MAX: usize = 60;

/// A receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The order.
    pub order_no: OrderNo,
    /// Its lines, none wider than [`COLUMNS`].
    pub lines: Vec<String>,
    /// Digits of the barcode under them: the number of the attempt that took the money, or the
    /// order's own.
    pub barcode: String,
    /// Which print it is, from 1 on.
    pub nth: u32,
    /// Whether it was printed before (补打).
    pub reprint: bool,
}

/// Why there is no receipt.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptRefusal {
    /// The order took no money, or nobody knows yet.
    #[error("order {order_no} has taken no money")]
    NothingTaken {
        /// The order.
        order_no: OrderNo,
    },
    /// The database could not be read, or the print not be counted.
    #[error("the receipt could not be read or counted")]
    Db(#[from] DbError),
}

/// What a receipt is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The order.
    pub order: Order,
    /// Its attempts, oldest first.
    pub attempts: Vec<Attempt>,
    /// What goes or went back through the channels, oldest first.
    pub refunds: Vec<Refund>,
    /// What went back in cash, oldest first.
    pub cash_refunds: Vec<CashRefund>,
}

impl<K: Keys> Till<K> {
    /// Returns the receipt as the next print would be.
    ///
    /// # Errors
    ///
    /// Refuses where the order took no money.
    pub fn receipt(&self, no: OrderNo, now: Timestamp) -> Result<Receipt, ReceiptRefusal> {
        let read = self.db.read();
        let OrderLine { order, attempts } = self.order_line(no)?;
        let mut refunds = Vec::new();
        for attempt in &attempts {
            let of_attempt = read.refunds().of_attempt(&attempt.out_trade_no)?;
            refunds.extend(of_attempt.into_iter().map(|kept| kept.value));
        }
        let facts =
            Facts { order, attempts, refunds, cash_refunds: read.cash_refunds().of_order(no)? };
        compose(&facts, &self.settings, read.series()?, now)
            .ok_or(ReceiptRefusal::NothingTaken { order_no: no })
    }

    /// Returns the receipt to print and counts the print. A print that fails afterwards is counted
    /// all the same: the mark may be on paper once too often, never once too rarely.
    ///
    /// # Errors
    ///
    /// Refuses where the order took no money or the print cannot be counted; print nothing then.
    pub fn print_receipt(
        &mut self,
        no: OrderNo,
        now: Timestamp,
    ) -> Result<Receipt, ReceiptRefusal> {
        let receipt = self.receipt(no, now)?;
        self.db.write("count a print", |tx| {
            tx.orders().count_print(no, &note(now, "receipt_printed", receipt.nth.to_string()))
        })?;
        Ok(receipt)
    }
}

/// Whether an order took money, so that there is a receipt of it.
#[must_use]
pub fn is_due(order: &Order, attempts: &[Attempt]) -> bool {
    order.cash != Fen::ZERO || attempts.iter().any(took_money)
}

/// Composes a receipt; `None` where the order took no money.
#[must_use]
pub fn compose(
    facts: &Facts,
    settings: &Settings,
    series: Series,
    now: Timestamp,
) -> Option<Receipt> {
    let Facts { order, attempts, refunds, cash_refunds } = facts;
    let standing = Standing::of(order, attempts, refunds)?;
    if !is_due(order, attempts) {
        return None;
    }
    let nth = order.prints.checked_add(1)?;
    let reprint = 1 < nth && !mutant::planted("receipt_mark_forgotten");
    let took: Vec<&Attempt> = attempts.iter().filter(|attempt| took_money(attempt)).collect();
    let barcode = took.last().map_or_else(
        || CashNo::compose(series, order.no).to_string(),
        |attempt| attempt.out_trade_no.as_str().to_owned(),
    );
    let mut page = Page::default();
    head(&mut page, order, settings, nth, reprint);
    page.pair("应收", &order.due.to_string());
    for attempt in took {
        tender(&mut page, attempt);
    }
    cash(&mut page, order);
    page.rule();
    let before = page.lines.len();
    for refund in refunds {
        refunded(&mut page, refund);
    }
    for attempt in attempts {
        reversed(&mut page, attempt, refunds);
    }
    for refund in cash_refunds {
        page.pair(&format!("退现金 {}", moment(refund.at)), &format!("-{}", refund.amount));
    }
    if before < page.lines.len() {
        page.rule();
    }
    page.pair("实收", &standing.kept()?.to_string());
    page.rule();
    page.text(&format!("打印时间 {}", moment(now)));
    page.text("请保管好小票，退款时出示");
    Some(Receipt { order_no: order.no, lines: page.lines, barcode, nth, reprint })
}

fn head(page: &mut Page, order: &Order, settings: &Settings, nth: u32, reprint: bool) {
    page.centre(&settings.store_name);
    page.centre(&settings.till_name);
    if settings.practice {
        page.centre("【练习】不是真的收款");
    }
    if reprint {
        page.centre(&format!("【补打】第 {nth} 次打印"));
    }
    page.rule();
    page.pair(&format!("单号 {}", order.no.0), &moment(order.kept_at));
}

/// A means that took money: when, how much, by which numbers.
fn tender(page: &mut Page, attempt: &Attempt) {
    let name = channel_name(attempt.channel);
    let when =
        if let Phase::Paid { payment } = &attempt.phase { Some(payment.paid_at) } else { None };
    let label = when.map_or(name.to_owned(), |at| format!("{name} {}", moment(at)));
    page.pair(&label, &attempt.amount.to_string());
    page.text(&format!("商户单号 {}", attempt.out_trade_no));
    if let Some(number) = attempt.transaction_no() {
        page.text(&format!("平台单号 {number}"));
    }
}

fn cash(page: &mut Page, order: &Order) {
    let Some(at) = order.cash_at else {
        return;
    };
    if order.rounded != Fen::ZERO {
        page.pair("抹零", &format!("-{}", order.rounded));
    }
    page.pair(&format!("现金 {}", moment(at)), &order.cash.to_string());
    page.pair("收到", &order.received.to_string());
    page.pair("找零", &order.change().to_string());
}

fn refunded(page: &mut Page, refund: &Refund) {
    let (what, at) = match &refund.phase {
        RefundPhase::Done { at } => ("已退回原支付账户", *at),
        RefundPhase::Counting
        | RefundPhase::Sending
        | RefundPhase::Asking
        | RefundPhase::Wedged { .. }
        | RefundPhase::Held => ("退款处理中", refund.kept_at),
        RefundPhase::Refused { .. } => return,
    };
    page.pair(&format!("{what} {}", moment(at)), &format!("-{}", refund.amount));
}

/// Money that went back by a reversal, as no refund of ours.
fn reversed(page: &mut Page, attempt: &Attempt, refunds: &[Refund]) {
    let by_refund = refunds.iter().any(|refund| {
        refund.out_trade_no == attempt.out_trade_no
            && matches!(refund.phase, RefundPhase::Done { .. })
    });
    if attempt.phase == Phase::Returned && !by_refund {
        page.pair("已撤销，退回原支付账户", &format!("-{}", attempt.amount));
    }
}

fn took_money(attempt: &Attempt) -> bool {
    match attempt.phase {
        Phase::Paid { .. } | Phase::Refunding { .. } | Phase::Returned => true,
        Phase::Closed { .. } | Phase::Declined { .. } => attempt.late_money,
        Phase::Parked
        | Phase::Submitting
        | Phase::Waiting
        | Phase::Asking { .. }
        | Phase::Closing
        | Phase::Reversing
        | Phase::Unseen
        | Phase::Held { .. } => false,
    }
}

fn channel_name(channel: ChannelId) -> &'static str {
    match channel {
        ChannelId::Alipay => "支付宝",
        ChannelId::Wechat => "微信支付",
    }
}

/// Returns a moment as the shop's wall shows it, whatever the machine's zone.
fn moment(at: Timestamp) -> String {
    let shanghai = TimeZone::fixed(Offset::constant(8));
    match jiff::Timestamp::from_millisecond(at.0) {
        Ok(at) => at.to_zoned(shanghai).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        Err(_) => at.0.to_string(),
    }
}

/// Lines as they are laid out.
#[derive(Debug, Default)]
struct Page {
    lines: Vec<String>,
}

impl Page {
    fn rule(&mut self) {
        self.lines.push("-".repeat(COLUMNS));
    }

    fn centre(&mut self, text: &str) {
        let name: String =
            text.chars().filter(|letter| !letter.is_control()).take(NAME_LETTERS_MAX).collect();
        for line in wrapped(&name) {
            let before = (COLUMNS - columns(&line)) / 2;
            self.lines.push(format!("{}{line}", " ".repeat(before)));
        }
    }

    fn text(&mut self, text: &str) {
        self.lines.extend(wrapped(text));
    }

    /// A label at the left and an amount at the right; where both do not fit, on two lines.
    fn pair(&mut self, label: &str, amount: &str) {
        let taken = columns(label) + columns(amount);
        if taken < COLUMNS {
            self.lines.push(format!("{label}{}{amount}", " ".repeat(COLUMNS - taken)));
            return;
        }
        self.text(label);
        let before = COLUMNS.saturating_sub(columns(amount));
        self.lines.push(format!("{}{amount}", " ".repeat(before)));
    }
}

/// Breaks a text where a line is full.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for letter in text.chars() {
        let width = width(letter);
        if COLUMNS < used + width {
            lines.push(String::new());
            used = 0;
        }
        used += width;
        if let Some(line) = lines.last_mut() {
            line.push(letter);
        }
    }
    lines
}

/// Returns how many columns a text takes.
#[must_use]
pub fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}

/// Latin letters and the sign of the yuan take one column, everything else two.
fn width(letter: char) -> usize {
    if letter <= '\u{ff}' { 1 } else { 2 }
}

#[cfg(test)]
mod tests;
