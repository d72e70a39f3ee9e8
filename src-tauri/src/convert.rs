//! From the till's terms to the screens': one arm per case, nothing decided.

mod attempt;
mod codes;
mod health;
mod hearing;
mod notices;
mod open_items;
mod settings;

use std::path::Path;

use mianfu_core::attempt::Attempt;
use mianfu_core::breaker::Offer;
use mianfu_core::channel::ChannelId;
use mianfu_core::money::{Fen, Timestamp};
use mianfu_till::bill::Bill;
use mianfu_till::cash::CashSale;
use mianfu_till::counter::{ChannelHealth as Health, HistoryLine, Last, OrderLine};
use mianfu_till::people::ManagerState as Manager;
use mianfu_till::receipt::{self, Receipt};
use mianfu_till::upkeep::Condition;
use mianfu_till::{Counter, Means, SameCustomer as Answer, Settings};

use crate::change::Codes;
use crate::open::RelayTrouble;
use crate::store::CounterSettings;
use crate::views::{
    AttemptState, BillView, CashBillView, CashView, ChannelHealth, ChannelHealthView, ChannelView,
    CounterView, CustomerAttempt, CustomerView, HistoryLineView, JustPaidView, LastView,
    OrderLineView, QuestionView, ReceiptView, Report, ReportCode, ResultView, SameCustomer,
    ScansView, ShopView,
};

pub(crate) use attempt::attempt;
use codes::{next_code, with_change};
use health::health;
use notices::notices;
pub(crate) use open_items::{Open, open_items};
use settings::{locked_until_ms, manager, settings};

/// What stands around the counter and is not the till's.
pub(crate) struct Room<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) practice: bool,
    pub(crate) shop: ShopView,
    /// When practice ends, where that is to be said.
    pub(crate) practice_ends_at: Option<Timestamp>,
    pub(crate) phone_url: Option<String>,
    pub(crate) condition: &'a Condition,
    pub(crate) question: Option<QuestionView>,
    pub(crate) sound_works: bool,
    pub(crate) missed_sounds: u32,
    pub(crate) counter: &'a CounterSettings,
    pub(crate) codes: &'a Codes,
    pub(crate) manager: Manager,
    /// Where everything is kept.
    pub(crate) folder: &'a Path,
    /// Why no notices come though they should.
    pub(crate) relay_trouble: Option<&'a RelayTrouble>,
}

pub(crate) fn counter(counter: &Counter, room: Room<'_>, now: Timestamp) -> CounterView {
    let with_refunds = |of: &Attempt| {
        let refunds = counter.refunds.get(&of.out_trade_no).map_or(&[][..], Vec::as_slice);
        let mut view = attempt(of, refunds);
        if view.state == AttemptState::Parked {
            view.deadline_ms = parked_until_ms(counter, of);
        }
        if room.practice {
            view.reason = view.reason.map(reason_in_practice);
        }
        view
    };
    let front = |of| with_change(with_refunds(of), of, counter, room.codes);
    let full = room.settings.open_max <= counter.open_count
        || room.settings.at_risk_max <= counter.open_sum;
    let notices = notices(counter, &room);
    CounterView {
        practice: room.practice,
        shop: room.shop,
        practice_ends_at_ms: room.practice_ends_at.map(|at| at.0),
        phone_url: room.phone_url,
        store: room.settings.store_name.clone(),
        till: room.settings.till_name.clone(),
        now_ms: now.0,
        limit_fen: room.settings.limit.fen().get(),
        today_count: counter.today_count,
        front: counter.front.as_ref().map(front),
        aside: counter.aside.iter().map(with_refunds).collect(),
        unknown_count: counter.unknown.count,
        unknown_sum_fen: counter.unknown.sum.get(),
        unknown_oldest_ms: counter.unknown.oldest.map(|at| at.0),
        waiting_refunds: counter.waiting_refunds,
        open_findings: counter.open_findings,
        channels: counter.channels.iter().map(|health| channel_health(health, full)).collect(),
        next_code: next_code(counter, room.codes).map(channel),
        health: health(counter, room.condition, room.shop, room.relay_trouble),
        notices,
        recent: counter.recent.iter().map(last).collect(),
        question: room.question,
        sound_works: room.sound_works,
        missed_sounds: room.missed_sounds,
        settings: settings(room.settings, room.counter),
        manager: manager(room.manager),
        manager_locked_until_ms: locked_until_ms(room.manager),
        cash: counter.cash.as_ref().map(cash),
        just_paid: counter.just_paid.as_ref().map(just_paid),
    }
}

/// Until when a code that has not left the till is tried again.
fn parked_until_ms(counter: &Counter, of: &Attempt) -> Option<i64> {
    let health = counter.channels.iter().find(|health| health.channel == of.channel)?;
    Some(of.kept_at.plus_ms(health.parked_limit_ms).0)
}

/// Practice takes only codes that it minted; whoever scans another must not think that a fresh one
/// of a real wallet would do.
fn reason_in_practice(reason: String) -> String {
    if reason.ends_with("AUTH_CODE_INVALID") {
        "PRACTICE_TAKES_ITS_OWN_CODES".to_owned()
    } else {
        reason
    }
}

/// Keeps of the counter what the customer may see.
pub(crate) fn customer(counter: &CounterView, typed: Option<Fen>) -> CustomerView {
    let ready = || {
        let wallets = counter.channels.iter().filter(|of| of.channel != ChannelView::Cash);
        wallets.filter(|of| of.state == ChannelHealth::Ready)
    };
    CustomerView {
        practice: counter.practice,
        store: counter.store.clone(),
        amount_fen: typed.map(Fen::get),
        takes_codes: ready().next().is_some(),
        scans: ready()
            .filter(|health| health.scans == ScansView::Taken)
            .map(|health| health.channel)
            .collect(),
        attempt: counter.front.as_ref().map(|front| CustomerAttempt {
            state: front.state,
            channel: front.channel,
            amount_fen: front.amount_fen,
            code: front.code.clone(),
            deadline_ms: front.deadline_ms,
            changing_to: front.changing_to,
        }),
        now_ms: counter.now_ms,
    }
}

/// Returns a customer's window on which nothing can be paid.
pub(crate) fn customer_of_none(settings: &Settings, now: Timestamp) -> CustomerView {
    CustomerView {
        practice: settings.practice,
        store: settings.store_name.clone(),
        amount_fen: None,
        takes_codes: false,
        scans: Vec::new(),
        attempt: None,
        now_ms: now.0,
    }
}

pub(crate) fn order_line(line: &OrderLine) -> OrderLineView {
    OrderLineView {
        order_no: line.order.no.0.to_string(),
        due_fen: line.order.due.get(),
        at_ms: line.order.kept_at.0,
        cash_fen: line.order.cash.get(),
        rounded_fen: line.order.rounded.get(),
        cash_refunded_fen: line.order.cash_back.get(),
        has_receipt: receipt::is_due(&line.order, &line.attempts),
        attempts: line.attempts.iter().map(result).collect(),
    }
}

fn cash(sale: &CashSale) -> CashView {
    let order = &sale.order;
    CashView {
        order_no: order.no.0.to_string(),
        due_fen: order.due.get(),
        rounded_fen: order.rounded.get(),
        received_fen: order.received.get(),
        change_fen: order.change().get(),
        at_ms: order.cash_at.unwrap_or(order.kept_at).0,
        instead: sale.instead,
    }
}

/// Returns what a bill's barcode led to.
pub(crate) fn bill(found: Option<&Bill>) -> BillView {
    match found {
        None => BillView { out_trade_no: None, order_no: None, ended: None, cash: None },
        Some(Bill::Attempt(attempt) | Bill::Ended(attempt)) => BillView {
            out_trade_no: Some(attempt.out_trade_no.to_string()),
            order_no: Some(attempt.order_no.0.to_string()),
            ended: matches!(found, Some(Bill::Ended(_))).then(|| result(attempt)),
            cash: None,
        },
        Some(Bill::Cash(order)) => BillView {
            out_trade_no: None,
            order_no: Some(order.no.0.to_string()),
            ended: None,
            cash: Some(CashBillView {
                amount_fen: order.cash.get(),
                refunded_fen: order.cash_back.get(),
                at_ms: order.cash_at.unwrap_or(order.kept_at).0,
            }),
        },
    }
}

pub(crate) fn receipt(receipt: Receipt) -> ReceiptView {
    let Receipt { lines, barcode, reprint, .. } = receipt;
    ReceiptView { lines, barcode, reprint }
}

pub(crate) fn history_line(line: HistoryLine) -> HistoryLineView {
    HistoryLineView {
        at_ms: line.at.0,
        event: line.kind,
        detail: line.detail,
        out_trade_no: line.out_trade_no,
    }
}

/// Returns the wallet that a sale was to be paid with, where that can be told.
pub(crate) fn wallet_of(means: &Means) -> Option<ChannelView> {
    means.way().map(|(id, _)| channel(id))
}

/// Returns the channel of a means of payment that shows codes.
pub(crate) fn wallet(channel: ChannelView) -> Result<ChannelId, Report> {
    match channel {
        ChannelView::Alipay => Ok(ChannelId::Alipay),
        ChannelView::Wechat => Ok(ChannelId::Wechat),
        ChannelView::Cash => Err(Report::plain(ReportCode::ChannelNotReady, "cash has no code")),
    }
}

pub(crate) fn same_customer(said: SameCustomer) -> Answer {
    match said {
        SameCustomer::Ask => Answer::Ask,
        SameCustomer::Another => Answer::Another,
    }
}

pub(crate) fn channel(id: ChannelId) -> ChannelView {
    match id {
        ChannelId::Alipay => ChannelView::Alipay,
        ChannelId::Wechat => ChannelView::Wechat,
    }
}

fn just_paid(earlier: &Attempt) -> JustPaidView {
    let view = result(earlier);
    JustPaidView {
        out_trade_no: view.out_trade_no,
        amount_fen: view.amount_fen,
        at_ms: view.at_ms,
        channel: view.channel,
    }
}

fn result(of: &Attempt) -> ResultView {
    let view = attempt(of, &[]);
    ResultView {
        out_trade_no: view.out_trade_no,
        order_no: view.order_no,
        channel: view.channel,
        amount_fen: view.amount_fen,
        state: view.state,
        at_ms: view.ended_at_ms.unwrap_or(view.started_at_ms),
    }
}

fn last(of: &Last) -> LastView {
    match of {
        Last::Attempt(attempt) => {
            let ResultView { out_trade_no, order_no, channel, amount_fen, state, at_ms } =
                result(attempt);
            let out_trade_no = Some(out_trade_no);
            LastView { out_trade_no, order_no, channel, amount_fen, state, at_ms }
        }
        Last::Cash(order) => LastView {
            out_trade_no: None,
            order_no: order.no.0.to_string(),
            channel: ChannelView::Cash,
            amount_fen: order.cash.get(),
            state: AttemptState::Paid,
            at_ms: order.cash_at.unwrap_or(order.kept_at).0,
        },
    }
}

fn channel_health(health: &Health, full: bool) -> ChannelHealthView {
    let (state, since, sentence) = match &health.offer {
        Offer::Ready if full => (ChannelHealth::Full, None, None),
        Offer::Ready => (ChannelHealth::Ready, None, None),
        Offer::Proving | Offer::Unproven { .. } => (ChannelHealth::Proving, None, None),
        Offer::Silent { since } => (ChannelHealth::Silent, Some(since.0), None),
        Offer::Misconfigured { reason } => {
            (ChannelHealth::Misconfigured, None, Some(reason.clone()))
        }
    };
    let (scans, unproven) = match &health.scans {
        Offer::Unproven { reason: Some(reason) } => (ScansView::Unproven, Some(reason.clone())),
        Offer::Unproven { reason: None } => (ScansView::Proving, None),
        Offer::Ready | Offer::Proving | Offer::Silent { .. } | Offer::Misconfigured { .. } => {
            (ScansView::Taken, None)
        }
    };
    ChannelHealthView {
        channel: channel(health.channel),
        state,
        scans,
        since_ms: since,
        latency_ms: health.latency_ms,
        sentence: sentence.or(unproven),
        known_at_ms: health.known_at.map(|at| at.0),
    }
}

#[cfg(test)]
mod tests;
