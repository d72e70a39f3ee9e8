//! Notices (异步通知, opendocs 00f7nu): a form, signed over everything but `sign` and `sign_type`.
//!
//! Told is a trade of pay or precreate whose request named an address: that it was paid, that it is
//! over without the money, and each refund. What sets off the notices of a refund is not documented;
//! here each one does.

use std::collections::BTreeMap;

use serde_json::json;

use super::Desk;
use crate::calendar::{beijing_day, beijing_text};
use crate::money::{fen_from_yuan, yuan_from_fen};
use crate::notices::{Notice, Pen, Told, drawn};
use crate::options::{BuyerIds, Options};
use crate::phone::CustomerId;
use crate::practice::Answer;
use crate::signer::Signer;
use crate::truth::{About, Channel, ClosedWhy, Fact, Form, Refund, Trade, TradeStatus, Truth};

/// How long after each sending that nobody took the next one comes, in ms: three at once, then 4 m,
/// 10 m, 10 m, 1 h, 2 h, 6 h and 15 h (opendocs 00f7nu).
pub(crate) const REPEATED_AFTER_MS: [i64; 9] =
    [0, 0, 240_000, 600_000, 600_000, 3_600_000, 7_200_000, 21_600_000, 54_000_000];

/// The fields in which an amount is told that may be another.
const AMOUNTS: [&str; 6] = [
    "total_amount",
    "receipt_amount",
    "buyer_pay_amount",
    "invoice_amount",
    "refund_fee",
    "send_back_fee",
];

/// What has happened.
enum Matter<'t> {
    Paid { trade: &'t Trade, paid_ms: i64 },
    Over { trade: &'t Trade, closed_ms: i64 },
    Refund { trade: &'t Trade, refund: &'t Refund },
}

/// Says whether an address can be told: a web address, encrypted or not.
pub(super) fn may_be_told_at(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

/// Keeps where a merchant wants to hear of a trade to come.
pub(super) fn want(desk: &mut Desk<'_>, out_trade_no: &str, notify_url: Option<&str>) {
    let Some(url) = notify_url else {
        return;
    };
    let out_trade_no = || out_trade_no.to_owned();
    let payment = About::Payment { out_trade_no: out_trade_no() };
    for about in [payment, About::End { out_trade_no: out_trade_no() }] {
        let wanted = Fact::NoticeWanted { about, url: url.to_owned(), form: Form::Alipay };
        desk.ledger.record(desk.now_ms, wanted);
    }
}

/// Keeps that a refund is to be told where its trade is.
pub(super) fn want_of_refund(desk: &mut Desk<'_>, out_trade_no: &str, out_request_no: &str) {
    let out_trade_no = out_trade_no.to_owned();
    let payment = About::Payment { out_trade_no: out_trade_no.clone() };
    let of_trade = desk.ledger.truth.notice(&payment);
    let Some(url) = of_trade.map(|telling| telling.url.clone()) else {
        return;
    };
    let about = About::Refund { out_trade_no, out_request_no: out_request_no.to_owned() };
    desk.ledger.record(desk.now_ms, Fact::NoticeWanted { about, url, form: Form::Alipay });
}

/// Returns when what a notice is about happened.
pub(crate) fn happened_ms(truth: &Truth, about: &About) -> Option<i64> {
    matter(truth, about).map(|matter| matter.happened_ms())
}

/// Says whether an answer says that a notice arrived: these seven letters and no others.
pub(crate) fn is_taken(answer: &Answer) -> bool {
    answer.status == 200 && answer.body == b"success"
}

/// Writes a notice and signs it at a time, or what a liar makes of it.
pub(crate) fn written(options: &Options, signer: &dyn Signer, told: &Told<'_>) -> Option<Notice> {
    let made_up = told.made_up();
    let made_up = made_up.as_ref().map(|trade| Matter::Paid { trade, paid_ms: told.now_ms });
    let matter = matter(told.truth, &told.telling.about).or(made_up)?;
    let id = id(options.seed, &matter);
    let mut fields = common(options, told.now_ms, &id);
    fields.extend(of_trade(options, matter.trade()));
    fields.extend(of_matter(&matter, told.now_ms));
    if told.pen == Pen::AnotherShop {
        fields.extend(of_another_shop());
    }
    let sign = match told.pen {
        Pen::Stranger => signer.sign(b"not this"),
        Pen::Channel | Pen::AnotherAmount | Pen::AnotherShop => {
            signer.sign(signed_text(&fields).as_bytes())
        }
    };
    fields.insert("sign", sign);
    if told.pen == Pen::AnotherAmount {
        for (_, amount) in fields.iter_mut().filter(|(name, _)| AMOUNTS.contains(name)) {
            let fen = fen_from_yuan(amount).unwrap_or_default();
            *amount = yuan_from_fen(fen + 1);
        }
    }
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
    let content_type = "application/x-www-form-urlencoded; charset=utf-8".to_owned();
    let headers = vec![("content-type".to_owned(), content_type)];
    Some(Notice::new(id, told.telling, headers, body))
}

impl<'t> Matter<'t> {
    fn trade(&self) -> &'t Trade {
        match self {
            Matter::Paid { trade, .. }
            | Matter::Over { trade, .. }
            | Matter::Refund { trade, .. } => trade,
        }
    }

    fn happened_ms(&self) -> i64 {
        match self {
            Matter::Paid { paid_ms, .. } => *paid_ms,
            Matter::Over { closed_ms, .. } => *closed_ms,
            Matter::Refund { refund, .. } => refund.at_ms,
        }
    }
}

fn matter<'t>(truth: &'t Truth, about: &About) -> Option<Matter<'t>> {
    let trade = truth.trade_at(Channel::Alipay, about.out_trade_no())?;
    match about {
        About::Payment { .. } => Some(Matter::Paid { trade, paid_ms: trade.paid_ms? }),
        About::End { .. } => {
            // What was given back to the last fen is over by its last refund, which tells it.
            let closed = trade.closed.filter(|closed| closed.why != ClosedWhy::Refunded)?;
            Some(Matter::Over { trade, closed_ms: closed.at_ms })
        }
        About::Refund { out_request_no, .. } => {
            Some(Matter::Refund { trade, refund: trade.refund(out_request_no)? })
        }
    }
}

/// Mints a notice's id: the day and 24 digits, as real ones have.
fn id(seed: u64, matter: &Matter<'_>) -> String {
    let trade_no = &matter.trade().trade_no;
    let what = match matter {
        Matter::Paid { .. } => format!("{trade_no} paid"),
        Matter::Over { .. } => format!("{trade_no} over"),
        Matter::Refund { refund, .. } => format!("{trade_no} {}", refund.out_request_no),
    };
    format!("{}{}", beijing_day(matter.happened_ms()), &drawn(seed, &what)[..26])
}

fn common(options: &Options, now_ms: i64, id: &str) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("notify_time", beijing_text(now_ms)),
        ("notify_type", "trade_status_sync".to_owned()),
        ("notify_id", id.to_owned()),
        ("charset", "utf-8".to_owned()),
        ("version", "1.0".to_owned()),
        ("sign_type", "RSA2".to_owned()),
        ("app_id", options.app_id.clone()),
        ("auth_app_id", options.app_id.clone()),
    ])
}

/// Whose application and account a notice is for that strayed here.
fn of_another_shop() -> [(&'static str, String); 3] {
    [
        ("app_id", "9999000000000002".to_owned()),
        ("auth_app_id", "9999000000000002".to_owned()),
        ("seller_id", "2088999900000002".to_owned()),
    ]
}

/// What is the same in every notice of a trade.
fn of_trade(options: &Options, trade: &Trade) -> BTreeMap<&'static str, String> {
    let CustomerId(number) = trade.customer;
    let buyer = match options.buyer_ids {
        BuyerIds::UserId => ("buyer_id", format!("20880000{number:08}")),
        BuyerIds::OpenId => ("buyer_open_id", format!("0practice{number:028}")),
    };
    let mut fields = BTreeMap::from([
        ("out_trade_no", trade.out_trade_no.clone()),
        ("trade_no", trade.trade_no.clone()),
        ("seller_id", options.seller_id.clone()),
        ("subject", trade.subject.clone()),
        ("total_amount", yuan_from_fen(trade.amount_fen)),
        ("gmt_create", beijing_text(trade.made_ms)),
        ("buyer_logon_id", format!("138****{:04}", number % 10_000)),
        buyer,
    ]);
    if let Some(paid_ms) = trade.paid_ms {
        let amount = yuan_from_fen(trade.amount_fen);
        // Inside a notice the names of this list are written in another way than in an answer.
        let bill = json!([{ "amount": amount, "fundChannel": "ALIPAYACCOUNT" }]);
        fields.extend([
            ("gmt_payment", beijing_text(paid_ms)),
            ("receipt_amount", amount.clone()),
            ("buyer_pay_amount", amount.clone()),
            ("invoice_amount", amount),
            ("point_amount", "0.00".to_owned()),
            ("fund_bill_list", bill.to_string()),
        ]);
    }
    fields
}

/// What a notice is about. It says how things stood when that happened, whatever came after.
fn of_matter(matter: &Matter<'_>, now_ms: i64) -> BTreeMap<&'static str, String> {
    let mut fields = BTreeMap::new();
    let status = match matter {
        Matter::Paid { trade, .. } => match trade.status(now_ms) {
            TradeStatus::Finished => TradeStatus::Finished,
            TradeStatus::Waiting | TradeStatus::Success | TradeStatus::Closed => {
                TradeStatus::Success
            }
        },
        Matter::Over { trade, closed_ms } => {
            fields.insert("gmt_close", beijing_text(*closed_ms));
            if let Some(returned) = trade.refunds.last() {
                fields.extend(gone_back(trade, returned));
            }
            TradeStatus::Closed
        }
        Matter::Refund { trade, refund } => {
            fields.extend(gone_back(trade, refund));
            fields.insert("out_biz_no", refund.out_request_no.clone());
            if gone_back_fen(trade, refund) == trade.amount_fen {
                fields.insert("gmt_close", beijing_text(refund.at_ms));
                TradeStatus::Closed
            } else {
                TradeStatus::Success
            }
        }
    };
    fields.insert("trade_status", status.as_str().to_owned());
    fields
}

/// Says how much went back, in all and this time, and when, to the millisecond.
fn gone_back(trade: &Trade, refund: &Refund) -> [(&'static str, String); 3] {
    let at = format!("{}.{:03}", beijing_text(refund.at_ms), refund.at_ms.rem_euclid(1_000));
    [
        ("gmt_refund", at),
        ("refund_fee", yuan_from_fen(gone_back_fen(trade, refund))),
        ("send_back_fee", yuan_from_fen(refund.amount_fen)),
    ]
}

/// Returns the sum of a trade's refunds up to one of them.
fn gone_back_fen(trade: &Trade, last: &Refund) -> i64 {
    let place = trade.refunds.iter().position(|refund| refund == last).unwrap_or(0);
    trade.refunds.iter().take(place + 1).map(|refund| refund.amount_fen).sum()
}

/// Returns what the signature of a notice covers; unlike a request's it leaves out `sign_type`.
fn signed_text(fields: &BTreeMap<&'static str, String>) -> String {
    let covered = fields.iter().filter(|(name, value)| **name != "sign_type" && !value.is_empty());
    covered.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}
