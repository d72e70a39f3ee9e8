//! The bills of a day (交易账单 4013071246, 资金账单 4013071249) as files.
//!
//! A byte order mark, CRLF, and a backtick before every field but a header's. Amounts are yuan,
//! unlike everywhere else on this wire. The orders of both generations are in one file.

use super::Account;
use super::order;
use super::refunds::{self, Status};
use crate::calendar::{DAY_MS, beijing_text};
use crate::money::yuan_from_fen;
use crate::truth::{Channel, Origin, Refund, RefundBy, RefundFate, Trade, Truth};

/// How long after its day's end a bill is there, in ms: at ten in the morning.
pub(super) const MADE_AFTER_MS: i64 = 10 * 3_600_000;
/// What the merchant pays of every 10,000 fen that come in, and how a bill writes it.
const FEE_PER_10_000: i64 = 60;
const FEE_RATE: &str = "0.60%";

/// Which bill it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bill {
    Trades(Rows),
    Funds,
}

/// Which rows a trade bill has (`bill_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows {
    All,
    Success,
    Refund,
}

impl Rows {
    fn has(self, one: &Move<'_>) -> bool {
        match self {
            Rows::All => true,
            Rows::Success => one.back.is_none(),
            Rows::Refund => one.back.is_some(),
        }
    }

    fn has_column(self, name: &str) -> bool {
        match self {
            Rows::All => !name.starts_with("退款申请") && !name.starts_with("退款成功"),
            Rows::Success => !name.contains("退款"),
            Rows::Refund => true,
        }
    }
}

/// Something that moved money.
struct Move<'t> {
    at_ms: i64,
    trade: &'t Trade,
    /// None for the payment itself.
    back: Option<&'t Refund>,
}

/// Writes the bill of the day that begins at an instant. None if nothing is in it.
pub(super) fn file(account: &Account, truth: &Truth, day_ms: i64, bill: Bill) -> Option<String> {
    let moves = moves(account, truth);
    let of_day = |one: &&Move<'_>| (day_ms..day_ms + DAY_MS).contains(&one.at_ms);
    let rows = match bill {
        Bill::Trades(rows) => rows,
        Bill::Funds => Rows::All,
    };
    let today: Vec<&Move<'_>> = moves.iter().filter(of_day).filter(|one| rows.has(one)).collect();
    if today.is_empty() {
        return None;
    }
    let table = match bill {
        Bill::Trades(rows) => trades(account, day_ms + DAY_MS + MADE_AFTER_MS, rows, &today),
        Bill::Funds => {
            let before = moves.iter().filter(|one| one.at_ms < day_ms);
            funds(&today, before.flat_map(flows).map(|flow| flow.fen).sum())
        }
    };
    Some(table.written())
}

/// Returns everything that ever moved money, in the order of time.
fn moves<'t>(account: &Account, truth: &'t Truth) -> Vec<Move<'t>> {
    let ours =
        |trade: &&Trade| trade.channel == Channel::Wechat && trade.seller_id == account.mchid;
    let mut moves = Vec::new();
    for trade in truth.trades().filter(ours) {
        moves.extend(trade.paid_ms.map(|at_ms| Move { at_ms, trade, back: None }));
        let back = |refund: &'t Refund| Move { at_ms: refund.at_ms, trade, back: Some(refund) };
        moves.extend(trade.refunds.iter().map(back));
    }
    moves.sort_by_key(|one| one.at_ms);
    moves
}

/// A header and its rows, and the same once more for the sums.
struct Table {
    header: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    sums_header: &'static str,
    sums: Vec<String>,
}

impl Table {
    fn written(&self) -> String {
        let line = |fields: &[String]| {
            let fields: Vec<String> = fields.iter().map(|field| format!("`{field}")).collect();
            fields.join(",")
        };
        let mut lines = vec![self.header.join(",")];
        lines.extend(self.rows.iter().map(|row| line(row)));
        lines.push(self.sums_header.to_owned());
        lines.push(line(&self.sums));
        format!("\u{feff}{}\r\n", lines.join("\r\n"))
    }
}

fn trades(account: &Account, made_ms: i64, rows: Rows, today: &[&Move<'_>]) -> Table {
    let cells = |one: &Move<'_>| -> Vec<(&'static str, String)> {
        let all = cells(account, made_ms, one);
        all.into_iter().filter(|(name, _)| rows.has_column(name)).collect()
    };
    let header = today.first().map(|one| cells(one)).unwrap_or_default();
    let texts = |one: &&Move<'_>| cells(one).into_iter().map(|(_, text)| text).collect();
    let sum = |part: fn(&Move<'_>) -> i64| short(today.iter().map(|one| part(one)).sum());
    let (paid, returned) = (sum(paid_fen), sum(returned_fen));
    let count = short(i64::try_from(today.len()).unwrap_or(0) * 100);
    let nothing = short(0);
    Table {
        header: header.into_iter().map(|(name, _)| name).collect(),
        // The latest first.
        rows: today.iter().rev().map(texts).collect(),
        sums_header: "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,\
                      订单总金额,申请退款总金额",
        sums: vec![count, paid.clone(), returned.clone(), nothing, sum(fee_fen), paid, returned],
    }
}

/// Returns every field that any trade bill has. What a refund had at ten in the morning stays
/// written, whatever becomes of it.
fn cells(account: &Account, made_ms: i64, one: &Move<'_>) -> [(&'static str, String); 29] {
    let Move { at_ms, trade, back } = one;
    let yuan = yuan_from_fen;
    let of_refund = |text: fn(&Trade, &Refund) -> String, none: &str| {
        back.map_or(none.to_owned(), |refund| text(trade, refund))
    };
    let arrived = back.and_then(|refund| refunds::success_ms(account, made_ms, refund));
    [
        ("交易时间", beijing_text(*at_ms)),
        ("公众账号ID", account.appid.clone()),
        ("商户号", account.mchid.clone()),
        ("特约商户号", "0".to_owned()),
        ("设备号", merchants(trade.terminal_id.as_deref().unwrap_or_default())),
        ("微信订单号", trade.trade_no.clone()),
        ("商户订单号", trade.out_trade_no.clone()),
        ("用户标识", order::openid(trade)),
        ("交易类型", trade_type(trade).to_owned()),
        ("交易状态", state(*back).to_owned()),
        ("付款银行", "OTHERS".to_owned()),
        ("货币种类", "CNY".to_owned()),
        ("应结订单金额", yuan(paid_fen(one))),
        ("代金券金额", yuan(0)),
        ("退款申请时间", back.map_or(String::new(), |refund| beijing_text(refund.at_ms))),
        ("退款成功时间", arrived.map_or(String::new(), beijing_text)),
        ("微信退款单号", of_refund(refunds::refund_id, "0")),
        ("商户退款单号", of_refund(|_, refund| refund.out_request_no.clone(), "0")),
        ("退款金额", yuan(returned_fen(one))),
        ("充值券退款金额", yuan(0)),
        ("退款类型", of_refund(|_, _| "ORIGINAL".to_owned(), "")),
        ("退款状态", back.map_or("", |refund| status(account, made_ms, refund)).to_owned()),
        ("商品名称", merchants(&trade.subject)),
        ("商户数据包", String::new()),
        ("手续费", format!("{}000", yuan(fee_fen(one)))),
        ("费率", FEE_RATE.to_owned()),
        ("订单金额", yuan(paid_fen(one))),
        ("申请退款金额", yuan(returned_fen(one))),
        ("费率备注", String::new()),
    ]
}

fn trade_type(trade: &Trade) -> &'static str {
    match trade.origin {
        Origin::Scan => "MICROPAY",
        Origin::Show => "NATIVE",
    }
}

fn state(back: Option<&Refund>) -> &'static str {
    match back.map(|refund| refund.by) {
        None => "SUCCESS",
        Some(RefundBy::Refund) => "REFUND",
        Some(RefundBy::Cancel) => "REVOKED",
    }
}

fn status(account: &Account, made_ms: i64, refund: &Refund) -> &'static str {
    match refunds::status(account, made_ms, refund) {
        Status::Processing => "PROCESSING",
        Status::Success => "SUCCESS",
        Status::Abnormal => "CHANGE",
        Status::Closed => "FAIL",
    }
}

fn paid_fen(one: &Move<'_>) -> i64 {
    if one.back.is_none() { one.trade.amount_fen } else { 0 }
}

fn returned_fen(one: &Move<'_>) -> i64 {
    one.back.map_or(0, |refund| refund.amount_fen)
}

/// A refund brings no fee back.
fn fee_fen(one: &Move<'_>) -> i64 {
    (paid_fen(one) * FEE_PER_10_000 + 5_000) / 10_000
}

/// One change of the merchant's balance: fen that came, or went if below zero.
struct Flow<'t> {
    one: &'t Move<'t>,
    kind: &'static str,
    fen: i64,
}

/// A payment comes and its fee goes. A refund goes, unless it is with the merchant again.
fn flows<'t>(one: &'t Move<'t>) -> Vec<Flow<'t>> {
    let flow = |kind, fen| Flow { one, kind, fen };
    match one.back {
        None => vec![flow("交易", paid_fen(one)), flow("扣除交易手续费", -fee_fen(one))],
        Some(refund) if refund.end.is_some_and(|end| end.how == RefundFate::Closed) => vec![],
        Some(_) => vec![flow("退款", -returned_fen(one))],
    }
}

fn funds(today: &[&Move<'_>], before_fen: i64) -> Table {
    let flows: Vec<Flow<'_>> = today.iter().flat_map(|one| flows(one)).collect();
    let mut balance_fen = before_fen;
    let mut rows = Vec::new();
    for (place, flow) in flows.iter().enumerate() {
        balance_fen += flow.fen;
        let trade = flow.one.trade;
        let voucher = flow.one.back.map_or(&trade.out_trade_no, |refund| &refund.out_request_no);
        let direction = if flow.fen < 0 { "支出" } else { "收入" };
        let fields = [
            &beijing_text(flow.one.at_ms),
            &trade.trade_no,
            &format!("{}{place:04}", trade.trade_no),
            flow.kind,
            flow.kind,
            direction,
            &yuan_from_fen(flow.fen.abs()),
            &yuan_from_fen(balance_fen),
            "system",
            "",
            voucher,
        ];
        rows.push(fields.map(str::to_owned).to_vec());
    }
    let side = |came: bool| {
        let of_side =
            flows.iter().filter(|flow| (0 <= flow.fen) == came).map(|flow| flow.fen.abs());
        let (count, fen) = of_side.fold((0, 0), |(count, sum), fen| (count + 1, sum + fen));
        [short(count * 100), short(fen)]
    };
    let count = short(i64::try_from(flows.len()).unwrap_or(0) * 100);
    let ([in_count, in_fen], [out_count, out_fen]) = (side(true), side(false));
    Table {
        header: vec![
            "记账时间",
            "微信支付业务单号",
            "资金流水单号",
            "业务名称",
            "业务类型",
            "收支类型",
            "收支金额(元)",
            "账户结余(元)",
            "资金变更提交申请人",
            "备注",
            "业务凭证号",
        ],
        rows,
        sums_header: "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额",
        sums: vec![count, in_count, in_fen, out_count, out_fen],
    }
}

/// Writes what the merchant said so that a comma always ends a field.
fn merchants(text: &str) -> String {
    text.replace(',', "\\ ").replace('\n', "\\n")
}

/// Writes an amount as the sums are written: `45.0`, `0.47`.
fn short(fen: i64) -> String {
    let yuan = yuan_from_fen(fen);
    yuan.strip_suffix('0').unwrap_or(&yuan).to_owned()
}
