//! What is counted of a day, from the channel's own ledger: ours beside theirs.

use std::ops::Range;

use mianfu_practice::Truth;

use super::{Policy, day};
use crate::simulation::oracle::net_fen;
use crate::simulation::plan::{Channels, Operation, Plan};
use crate::simulation::runs::on_all_cores;
use crate::simulation::world;

/// What came of sales.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Sales that were begun.
    pub sales: u64,
    /// Sales for which the channel took money.
    pub paid: u64,
    /// Sales for which the channel kept more than was due: the customer paid twice.
    pub doubled: u64,
    /// Sales whose money the channel kept and the till does not know of.
    pub lost: u64,
    /// Sales whose goods went over the counter on the till's word for less than was due.
    pub given: u64,
}

impl Count {
    fn add(&mut self, other: Count) {
        self.sales += other.sales;
        self.paid += other.paid;
        self.doubled += other.doubled;
        self.lost += other.lost;
        self.given += other.given;
    }
}

/// A sale, as it is counted.
struct Sold<'s> {
    due_fen: i64,
    numbers: Vec<&'s str>,
    /// Whether the till calls it sold.
    known: bool,
    goods: bool,
}

/// One line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Whose rules; `None` for ours.
    pub policy: Option<Policy>,
    /// What came of them.
    pub count: Count,
}

impl Line {
    /// Returns the name in the table.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.policy.map_or("mianfu", Policy::name)
    }
}

/// Lets the days of these seeds happen to every policy and to our till.
#[must_use]
pub fn compare(seeds: Range<u64>) -> Vec<Line> {
    let days = on_all_cores(seeds, |seed| {
        let plan = shared(seed);
        let theirs = Policy::ALL.map(|policy| theirs(&plan, policy));
        (ours(&plan), theirs)
    });
    let mut lines = vec![Line { policy: None, count: Count::default() }];
    lines.extend(Policy::ALL.map(|policy| Line { policy: Some(policy), count: Count::default() }));
    for (ours, theirs) in days {
        for (line, count) in lines.iter_mut().zip(std::iter::once(ours).chain(theirs)) {
            line.count.add(count);
        }
    }
    lines
}

/// A seed's day without what only our till offers.
fn shared(seed: u64) -> Plan {
    let mut plan = Plan { channels: Channels::Alipay, ..Plan::of(seed) };
    plan.tills = 1;
    plan.operations.iter_mut().for_each(|planned| planned.till = 1);
    plan.operations.retain(|planned| match planned.operation {
        Operation::Cash { .. }
        | Operation::CashSale { .. }
        | Operation::CashBack { .. }
        | Operation::BackUp
        | Operation::GoodsGone
        | Operation::SettleFinding
        | Operation::Refund { .. }
        | Operation::DiskFails { .. }
        | Operation::ClockJump { .. }
        | Operation::PutBack { .. }
        | Operation::Clone { .. }
        | Operation::Rescan => false,
        Operation::Sell(_)
        | Operation::PressAgain
        | Operation::Cancel
        | Operation::AskNow
        | Operation::PutAside
        | Operation::BringBack
        | Operation::Clear
        | Operation::ChargeAgain(_)
        | Operation::NetworkDown { .. }
        | Operation::Storm { .. }
        | Operation::Close { .. }
        | Operation::PowerCut { .. }
        | Operation::Fuse { .. }
        | Operation::DiskFull { .. }
        | Operation::Stall { .. } => true,
    });
    plan
}

fn theirs(plan: &Plan, policy: Policy) -> Count {
    let past = day::live(plan, policy);
    let sold = past.books.iter().map(|book| Sold {
        due_fen: book.due_fen,
        numbers: book.numbers.iter().map(String::as_str).collect(),
        known: book.sold,
        goods: book.goods,
    });
    count(sold, past.practice.truth())
}

fn ours(plan: &Plan) -> Count {
    let past = world::live(plan, plan.operations.len());
    let (tables, truth) = (&past.record.tables, past.practice.truth());
    let goods = |no: &str| past.record.goods.iter().any(|goods| goods.no == no);
    let sold = tables.orders.iter().map(|order| {
        let of_order = || {
            let attempts = tables.attempts.iter();
            attempts.filter(|row| row.text("order_no") == order.text("order_no"))
        };
        let numbers: Vec<&str> = of_order().map(|row| row.text("out_trade_no")).collect();
        Sold {
            due_fen: order.int("due_fen").unwrap_or(0),
            known: of_order().any(|row| row.text("phase") == "paid"),
            goods: numbers.iter().any(|no| goods(no)),
            numbers,
        }
    });
    let mut counted = count(sold, truth);
    // Money of a number that the till has forgotten.
    let forgotten =
        truth.captures().filter(|capture| tables.attempt(capture.out_trade_no).is_none());
    counted.lost += u64::try_from(forgotten.count()).unwrap_or(u64::MAX);
    counted
}

fn count<'s>(sold: impl Iterator<Item = Sold<'s>>, truth: &Truth) -> Count {
    let mut count = Count::default();
    for sale in sold {
        let trades = sale.numbers.iter().filter_map(|no| truth.trade(no));
        let kept_fen: i64 = trades.map(|trade| net_fen(trade, i64::MAX)).sum();
        count.sales += 1;
        count.paid += u64::from(0 < kept_fen);
        count.doubled += u64::from(sale.due_fen < kept_fen);
        count.lost += u64::from(0 < kept_fen && !sale.known);
        count.given += u64::from(sale.goods && kept_fen < sale.due_fen);
    }
    count
}
