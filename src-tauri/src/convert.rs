//! From the till's terms to the screens': one arm per case, nothing decided.

mod attempt;

use jiff::tz::{Offset, TimeZone};
use mianfu_core::attempt::Attempt;
use mianfu_core::breaker::Offer;
use mianfu_core::channel::ChannelId;
use mianfu_core::money::{Fen, Timestamp};
use mianfu_till::counter::{ChannelHealth as Health, HistoryLine, OrderLine};
use mianfu_till::till::TroubleKind;
use mianfu_till::upkeep::Condition;
use mianfu_till::{Counter, Notice, SameCustomer as Answer, Settings};

use crate::views::{
    ChannelHealth, ChannelHealthView, ChannelView, CounterView, CustomerAttempt, CustomerView,
    HistoryLineView, NoticeLine, NoticeView, OrderLineView, QuestionView, Report, ReportCode,
    ResultView, SameCustomer,
};

pub(crate) use attempt::attempt;

/// What stands around the counter and is not the till's.
pub(crate) struct Room<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) practice: bool,
    pub(crate) phone_url: Option<String>,
    pub(crate) condition: &'a Condition,
    pub(crate) question: Option<QuestionView>,
}

pub(crate) fn counter(counter: &Counter, room: Room<'_>, now: Timestamp) -> CounterView {
    let full = room.settings.open_max <= counter.open_count
        || room.settings.at_risk_max <= counter.open_sum;
    CounterView {
        practice: room.practice,
        phone_url: room.phone_url,
        store: room.settings.store_name.clone(),
        till: room.settings.till_name.clone(),
        now_ms: now.0,
        limit_fen: room.settings.limit.fen().get(),
        today_count: counter.today_count,
        front: counter.front.as_ref().map(attempt),
        aside: counter.aside.iter().map(attempt).collect(),
        open_count: counter.open_count,
        open_sum_fen: counter.open_sum.get(),
        open_oldest_ms: counter.open_oldest.map(|at| at.0),
        channels: counter.channels.iter().map(|health| channel_health(health, full)).collect(),
        notices: notices(counter, room.condition),
        recent: counter.recent.iter().map(result).collect(),
        question: room.question,
    }
}

/// Keeps of the counter what the customer may see.
pub(crate) fn customer(counter: &CounterView, typed: Option<Fen>) -> CustomerView {
    CustomerView {
        practice: counter.practice,
        store: counter.store.clone(),
        amount_fen: typed.map(Fen::get),
        attempt: counter.front.as_ref().map(|front| CustomerAttempt {
            state: front.state,
            channel: front.channel,
            amount_fen: front.amount_fen,
            code: front.code.clone(),
            deadline_ms: front.deadline_ms,
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
        attempt: None,
        now_ms: now.0,
    }
}

pub(crate) fn order_line(line: &OrderLine) -> OrderLineView {
    OrderLineView {
        order_no: line.order.no.0.to_string(),
        due_fen: line.order.due.get(),
        at_ms: line.order.kept_at.0,
        attempts: line.attempts.iter().map(result).collect(),
    }
}

pub(crate) fn history_line(line: HistoryLine) -> HistoryLineView {
    HistoryLineView {
        at_ms: line.at.0,
        event: line.kind,
        detail: line.detail,
        out_trade_no: line.out_trade_no,
    }
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

fn channel(id: ChannelId) -> ChannelView {
    match id {
        ChannelId::Alipay => ChannelView::Alipay,
        ChannelId::Wechat => ChannelView::Wechat,
    }
}

fn result(of: &Attempt) -> ResultView {
    let view = attempt(of);
    ResultView {
        out_trade_no: view.out_trade_no,
        order_no: view.order_no,
        channel: view.channel,
        amount_fen: view.amount_fen,
        state: view.state,
        at_ms: view.ended_at_ms.unwrap_or(view.started_at_ms),
    }
}

fn channel_health(health: &Health, full: bool) -> ChannelHealthView {
    let (state, since, sentence) = match &health.offer {
        Offer::Ready if full => (ChannelHealth::Full, None, None),
        Offer::Ready => (ChannelHealth::Ready, None, None),
        Offer::Proving => (ChannelHealth::Proving, None, None),
        Offer::Silent { since } => (ChannelHealth::Silent, Some(since.0), None),
        Offer::Misconfigured { reason } => {
            (ChannelHealth::Misconfigured, None, Some(reason.clone()))
        }
    };
    ChannelHealthView {
        channel: channel(health.channel),
        state,
        since_ms: since,
        latency_ms: health.latency_ms,
        sentence,
    }
}

fn notices(counter: &Counter, condition: &Condition) -> Vec<NoticeLine> {
    let line = |notice, detail| NoticeLine { notice, detail };
    let mut lines: Vec<NoticeLine> =
        counter.notices.iter().filter_map(|notice| notice_line(notice, counter)).collect();
    if let Some(damage) = &condition.damage {
        lines.push(line(NoticeView::DatabaseDamaged, Some(damage.clone())));
    }
    if let Some(why) = &condition.backup_late {
        lines.push(line(NoticeView::BackupLate, Some(why.clone())));
    }
    lines
}

fn notice_line(notice: &Notice, counter: &Counter) -> Option<NoticeLine> {
    let (notice, detail) = match notice {
        Notice::ClockWrong { shown, .. } => (NoticeView::ClockWrong, Some(moment(*shown))),
        Notice::Trouble(TroubleKind::DiskFull) => (NoticeView::DiskFull, None),
        Notice::Trouble(TroubleKind::ReadOnly | TroubleKind::Failing) => {
            (NoticeView::DiskReadOnly, None)
        }
        Notice::Trouble(TroubleKind::Damaged) => (NoticeView::DatabaseDamaged, None),
        Notice::CopiedDatabase => (NoticeView::CopiedDatabase, None),
        Notice::RestoredDatabase => (NoticeView::RestoredDatabase, None),
        // Told for as long as any of them may still be open.
        Notice::LiveAtStart { .. } if counter.open_count == 0 => return None,
        Notice::LiveAtStart { count } => (NoticeView::LiveAttemptsAtStart, Some(count.to_string())),
    };
    Some(NoticeLine { notice, detail })
}

/// Returns a moment as the shop's wall shows it; a clock that is wrong is believed by its number.
fn moment(at: Timestamp) -> String {
    let shanghai = TimeZone::fixed(Offset::constant(8));
    match jiff::Timestamp::from_millisecond(at.0) {
        Ok(at) => at.to_zoned(shanghai).strftime("%Y-%m-%d %H:%M").to_string(),
        Err(_) => at.0.to_string(),
    }
}

#[cfg(test)]
mod tests;
