//! What the counter shows: the sale in front, those aside, the last results, health in plain words.

use std::collections::BTreeMap;

use mianfu_core::attempt::{Attempt, Phase};
use mianfu_core::breaker::Offer;
use mianfu_core::channel::{ChannelId, Flow};
use mianfu_core::money::{Fen, Timestamp};
use mianfu_core::mutant;
use mianfu_core::number::{OrderNo, OutTradeNo};
use mianfu_core::order::{self, Order};
use mianfu_core::refund::{Refund, RefundId};
use mianfu_db::{Birth, DbError};
use mianfu_gateway::Keys;

use crate::cash::CashSale;
use crate::cashier::OPEN_MAX;
use crate::drain::Drain;
use crate::hearing::Heard;
use crate::line::OFFSET_TOLD_MS;
use crate::recovery::Recovery;
use crate::sale::Refusal;
use crate::till::{Till, Trouble, TroubleKind};

/// Results in the strip.
const RECENT: u32 = 5;
/// Orders listed for a day.
const DAY_MAX: u32 = 200;
/// Events listed for an order.
const HISTORY_MAX: u32 = 500;
/// Before this moment no till of this program was ever started: 2026-01-01 in Shanghai.
const EARLIEST: Timestamp = Timestamp(1_767_196_800_000);

/// What the counter shows at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter {
    /// The sale in front; an end stays until the next sale begins.
    pub front: Option<Attempt>,
    /// The sale in cash that stands on the screen; it stays until the next one begins.
    pub cash: Option<CashSale>,
    /// Sales put aside.
    pub aside: Vec<Attempt>,
    /// The last results, newest first.
    pub recent: Vec<Last>,
    /// How many attempts have no result.
    pub open_count: u32,
    /// How much money they ask for.
    pub open_sum: Fen,
    /// Those of them of which nobody knows.
    pub unknown: Unknown,
    /// An earlier payment by the same payer of the same amount (M18).
    pub just_paid: Option<Attempt>,
    /// The refunds of the sales in front and aside, oldest first; of those that took money.
    pub refunds: BTreeMap<OutTradeNo, Vec<Refund>>,
    /// The channels.
    pub channels: Vec<ChannelHealth>,
    /// The machine's clock.
    pub clock: ClockHealth,
    /// What the database would not keep.
    pub trouble: Option<Trouble>,
    /// How many refunds wait for a person, of whatever day.
    pub waiting_refunds: u32,
    /// What goes out by itself, of whatever day.
    pub drain: Drain,
    /// How many findings nobody has settled, of whatever day.
    pub open_findings: u32,
    /// What a person should know or do.
    pub notices: Vec<Notice>,
    /// Orders of the business day.
    pub today_count: u32,
    /// Whether notices reach the till, and how soon a payment is seen.
    pub heard: Heard,
}

/// What nobody knows of: the sum of it is always on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Unknown {
    /// How many attempts.
    pub count: u32,
    /// How much money they ask for.
    pub sum: Fen,
    /// When the oldest of them was kept.
    pub oldest: Option<Timestamp>,
}

/// One of the last results.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "five of them exist at a time")]
pub enum Last {
    /// An attempt that has ended.
    Attempt(Attempt),
    /// An order that took cash.
    Cash(Order),
}

impl Last {
    /// Returns the attempt; none of a sale in cash.
    #[must_use]
    pub fn attempt(&self) -> Option<&Attempt> {
        match self {
            Last::Attempt(attempt) => Some(attempt),
            Last::Cash(_) => None,
        }
    }

    /// Returns when it was known here. The channel's own moments are by another clock.
    fn known_at(&self) -> Timestamp {
        match self {
            Last::Attempt(attempt) => attempt.asked_at.unwrap_or(attempt.kept_at),
            Last::Cash(order) => order.cash_at.unwrap_or(order.kept_at),
        }
    }
}

/// How a channel does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelHealth {
    /// Which.
    pub channel: ChannelId,
    /// Whether it takes new charges.
    pub offer: Offer,
    /// Whether it takes those of a customer's code, which need a reversal that is in order.
    pub scans: Offer,
    /// How long the last answered call took, in ms.
    pub latency_ms: Option<i64>,
    /// When the last call ended, with an answer or without one.
    pub known_at: Option<Timestamp>,
    /// How long a code that was not reached for is tried again, in ms.
    pub parked_limit_ms: i64,
}

/// How the machine's clock does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockHealth {
    /// The channel's clock less the machine's, in ms; 0 where they agree.
    pub offset_ms: i64,
    /// Whether it is so far off that somebody must set it.
    pub is_wrong: bool,
    /// When a channel last said what its clock shows.
    pub known_at: Option<Timestamp>,
}

/// Something a person should know or do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The machine's clock differs from the channel's by this many ms, or lies before this program.
    ClockWrong { offset_ms: i64, shown: Timestamp },
    /// The database would not keep a step.
    Trouble(TroubleKind),
    /// The database came from another machine: it numbers anew.
    CopiedDatabase,
    /// The database is an older copy: the old numbers are being asked.
    RestoredDatabase,
    /// This many sales without a result, or with a refund on its way, are of a channel whose file
    /// this till was not given.
    ChannelMissing { count: usize },
    /// This many attempts had no result when the till started.
    LiveAtStart { count: usize },
}

/// An order with its attempts, for the day's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLine {
    /// The order.
    pub order: Order,
    /// Its attempts, oldest first.
    pub attempts: Vec<Attempt>,
}

/// A line of an order's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryLine {
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub kind: String,
    /// Its details.
    pub detail: String,
    /// Which attempt.
    pub out_trade_no: Option<String>,
}

impl<K: Keys> Till<K> {
    /// Returns what the counter shows.
    ///
    /// # Errors
    ///
    /// Fails where the database cannot be read.
    pub fn counter(&self, now: Timestamp) -> Result<Counter, DbError> {
        let read = self.db.read();
        let front = match &self.front {
            Some(no) => read.attempts().find(no)?.map(|kept| self.with_drawn(kept.value, now)),
            None => None,
        };
        let mut aside = Vec::new();
        for no in &self.aside {
            aside.extend(read.attempts().find(no)?.map(|kept| kept.value));
        }
        let open: Vec<Attempt> =
            read.attempts().open(OPEN_MAX)?.into_iter().map(|kept| kept.value).collect();
        let ended: Vec<Attempt> = read
            .attempts()
            .ended(Timestamp(i64::MAX), RECENT * 4)?
            .into_iter()
            .map(|kept| kept.value)
            .collect();
        let just_paid = front.as_ref().and_then(|paid| order::just_paid(paid, &ended)).cloned();
        let in_cash = read.orders().in_cash(Timestamp(i64::MAX), RECENT)?;
        let mut refunds = BTreeMap::new();
        for attempt in front.iter().chain(&aside) {
            if attempt.holds_money() || attempt.phase == Phase::Returned {
                let no = &attempt.out_trade_no;
                refunds.insert(no.clone(), self.refunds_of(no)?);
            }
        }
        Ok(Counter {
            just_paid,
            refunds,
            recent: last(ended, in_cash.into_iter().map(|kept| kept.value)),
            open_count: u32::try_from(open.len()).unwrap_or(u32::MAX),
            open_sum: sum_of(&open),
            unknown: unknown(&open),
            channels: self.channels(),
            clock: self.clock(now),
            trouble: self.trouble.clone(),
            waiting_refunds: self.waiting_refunds()?,
            drain: self.drain(now)?,
            open_findings: read.findings().count_open()?,
            notices: self.notices(now),
            today_count: read.orders().count_on(now.business_day())?,
            cash: self.cash_sale()?,
            heard: self.heard(),
            front,
            aside,
        })
    }

    /// Returns an attempt as it stands.
    ///
    /// # Errors
    ///
    /// Fails where it is not this till's or cannot be read.
    pub fn attempt(&self, no: &OutTradeNo) -> Result<Attempt, DbError> {
        let attempt = self.db.read().attempts().get(no)?.value;
        let kept_at = attempt.kept_at;
        Ok(self.with_drawn(attempt, kept_at))
    }

    /// Returns the attempts without a result and the latest others, newest first.
    ///
    /// # Errors
    ///
    /// Fails where the database cannot be read.
    pub fn known_attempts(&self) -> Result<Vec<Attempt>, DbError> {
        let read = self.db.read();
        let mut known: Vec<Attempt> = read
            .attempts()
            .recent(Timestamp(i64::MAX), OPEN_MAX)?
            .into_iter()
            .map(|kept| kept.value)
            .collect();
        for kept in read.attempts().open(OPEN_MAX)? {
            if !known.iter().any(|attempt| attempt.out_trade_no == kept.value.out_trade_no) {
                known.push(kept.value);
            }
        }
        Ok(known)
    }

    /// Returns a refund as it stands.
    ///
    /// # Errors
    ///
    /// Fails where it is not this till's or cannot be read.
    pub fn refund_of(&self, id: RefundId) -> Result<Refund, DbError> {
        Ok(self.db.read().refunds().get(id)?.value)
    }

    /// Returns the refunds of an attempt, oldest first.
    ///
    /// # Errors
    ///
    /// Fails where the database cannot be read.
    pub fn refunds_of(&self, no: &OutTradeNo) -> Result<Vec<Refund>, DbError> {
        let refunds = self.db.read().refunds().of_attempt(no)?;
        Ok(refunds.into_iter().map(|kept| kept.value).collect())
    }

    /// Returns the refunds that have not ended, those that wait for a person included.
    ///
    /// # Errors
    ///
    /// Fails where the database cannot be read.
    pub fn open_refunds(&self) -> Result<Vec<Refund>, DbError> {
        let refunds = self.db.read().refunds().open(OPEN_MAX)?;
        Ok(refunds.into_iter().map(|kept| kept.value).collect())
    }

    fn channels(&self) -> Vec<ChannelHealth> {
        self.lines
            .iter()
            .map(|(channel, line)| ChannelHealth {
                channel: *channel,
                offer: line.offer(),
                scans: line.offer_of(Flow::Scan),
                latency_ms: line.latency_ms,
                known_at: line.known_at,
                parked_limit_ms: line.channel.timetable().parked_limit_ms,
            })
            .collect()
    }

    fn clock(&self, now: Timestamp) -> ClockHealth {
        let furthest = self.lines.values().max_by_key(|line| line.offset_ms.abs());
        let offset_ms = furthest.map_or(0, |line| line.offset_ms);
        ClockHealth {
            offset_ms,
            is_wrong: OFFSET_TOLD_MS < offset_ms.abs() || now < EARLIEST,
            known_at: furthest.and_then(|line| line.dated_at),
        }
    }

    /// Returns what a person should know or do.
    #[must_use]
    pub fn notices(&self, now: Timestamp) -> Vec<Notice> {
        let mut notices = Vec::new();
        if let Some(trouble) = &self.trouble {
            notices.push(Notice::Trouble(trouble.kind));
        }
        let ClockHealth { offset_ms, is_wrong, .. } = self.clock(now);
        if is_wrong {
            notices.push(Notice::ClockWrong { offset_ms, shown: now });
        }
        if self.birth() == Birth::Copied {
            notices.push(Notice::CopiedDatabase);
        } else if self.recovery.as_ref().is_some_and(Recovery::is_after_a_restore) {
            notices.push(Notice::RestoredDatabase);
        }
        if 0 < self.unasked && !mutant::planted("law11_unasked_untold") {
            notices.push(Notice::ChannelMissing { count: self.unasked });
        }
        if 0 < self.live_at_start && !self.is_decided().unwrap_or(false) {
            notices.push(Notice::LiveAtStart { count: self.live_at_start });
        }
        notices
    }

    /// Puts the sale in front aside; it goes on being asked about (M18).
    ///
    /// # Errors
    ///
    /// Refuses where as many are aside as the store allows.
    pub fn put_aside(&mut self, no: &OutTradeNo) -> Result<(), Refusal> {
        if self.front.as_ref() != Some(no) {
            return Ok(());
        }
        let read = self.db.read();
        let mut live = Vec::new();
        for other in &self.aside {
            if read.attempts().find(other)?.is_some_and(|kept| !kept.value.is_final()) {
                live.push(other.clone());
            }
        }
        if self.settings.aside_max <= live.len() {
            return Err(Refusal::TooManyAside { count: live.len() });
        }
        self.aside = live;
        self.aside.push(no.clone());
        self.front = None;
        self.revision += 1;
        Ok(())
    }

    /// Brings a sale back to the front; an unresolved one there goes aside for it.
    ///
    /// One that is not aside is brought as well while it has no result. What is ended stays where
    /// it is: it does not take the plate.
    ///
    /// # Errors
    ///
    /// Fails where the database cannot be read.
    pub fn bring_back(&mut self, no: &OutTradeNo) -> Result<(), DbError> {
        if self.front.as_ref() == Some(no) {
            return Ok(());
        }
        let is_open =
            || Ok(self.db.read().attempts().find(no)?.is_some_and(|kept| !kept.value.is_final()));
        match self.aside.iter().position(|other| other == no) {
            Some(place) => drop(self.aside.remove(place)),
            None if is_open()? => (),
            None => return Ok(()),
        }
        let before = self.front.replace(no.clone());
        self.cash_front = None;
        if let Some(before) = before
            && self.db.read().attempts().find(&before)?.is_some_and(|kept| !kept.value.is_final())
        {
            self.aside.push(before);
        }
        self.revision += 1;
        Ok(())
    }

    /// Clears an ended sale from the front; an unresolved one stays (M18).
    ///
    /// # Errors
    ///
    /// Fails where the database cannot be read.
    pub fn clear_front(&mut self) -> Result<(), DbError> {
        self.dismiss_cash();
        let Some(front) = &self.front else {
            return Ok(());
        };
        if self.db.read().attempts().find(front)?.is_none_or(|kept| !kept.value.is_live()) {
            self.front = None;
            self.revision += 1;
        }
        Ok(())
    }

    /// Returns the orders of the business day, newest first.
    ///
    /// # Errors
    ///
    /// Fails where the database cannot be read.
    pub fn orders_today(&self, now: Timestamp) -> Result<Vec<OrderLine>, DbError> {
        let orders = self.db.read().orders().on_day(now.business_day(), None, DAY_MAX)?;
        orders.into_iter().map(|kept| self.with_attempts(kept.value)).collect()
    }

    /// Returns an order with its attempts, of whatever day.
    ///
    /// # Errors
    ///
    /// Fails where it is not this till's or cannot be read.
    pub fn order_line(&self, no: OrderNo) -> Result<OrderLine, DbError> {
        self.with_attempts(self.db.read().orders().get(no)?.value)
    }

    fn with_attempts(&self, order: Order) -> Result<OrderLine, DbError> {
        let attempts = self.db.read().attempts().of_order(order.no)?;
        let attempts: Vec<Attempt> = attempts.into_iter().map(|kept| kept.value).collect();
        // A sale begins with its attempt or with its cash: an order of neither has lost a row, and
        // would pass for one that took nothing.
        if attempts.is_empty() && order.cash == Fen::ZERO {
            return Err(DbError::Corrupt { table: "attempt", key: format!("order {}", order.no) });
        }
        Ok(OrderLine { order, attempts })
    }

    /// Returns what happened to an order, oldest first.
    ///
    /// # Errors
    ///
    /// Fails where the database cannot be read.
    pub fn history(&self, order_no: OrderNo) -> Result<Vec<HistoryLine>, DbError> {
        let events = self.db.read().events().by_order(order_no, 0, HISTORY_MAX)?;
        Ok(events
            .into_iter()
            .map(|event| HistoryLine {
                at: event.at,
                kind: event.kind,
                detail: event.detail,
                out_trade_no: event.out_trade_no.map(|no| no.to_string()),
            })
            .collect())
    }
}

fn unknown(open: &[Attempt]) -> Unknown {
    let unknown = || open.iter().filter(|attempt| attempt.screen().is_unknown());
    Unknown {
        count: u32::try_from(unknown().count()).unwrap_or(u32::MAX),
        sum: sum_of(unknown()),
        oldest: unknown().map(|attempt| attempt.kept_at).min(),
    }
}

fn sum_of<'a>(attempts: impl IntoIterator<Item = &'a Attempt>) -> Fen {
    attempts
        .into_iter()
        .try_fold(Fen::ZERO, |sum, attempt| sum.checked_add(attempt.amount.fen()))
        .unwrap_or(Fen::ZERO)
}

/// Returns the last results of both kinds, newest first.
fn last(ended: Vec<Attempt>, in_cash: impl Iterator<Item = Order>) -> Vec<Last> {
    let mut last: Vec<Last> = ended.into_iter().map(Last::Attempt).collect();
    last.extend(in_cash.map(Last::Cash));
    last.sort_by_key(|one| std::cmp::Reverse(one.known_at()));
    last.truncate(RECENT as usize);
    last
}
