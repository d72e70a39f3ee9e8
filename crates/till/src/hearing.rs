//! Whether the channels' notices reach this till, and what follows.
//!
//! While they do, questions about shown codes are asked less often; the moment they do not, whatever
//! is open is asked about at once. Nothing about money rests on it: a relay that says it is well and
//! brings nothing makes the till as slow as its slower questions, and no more.

use std::collections::VecDeque;

use mianfu_core::attempt::{Attempt, Phase};
use mianfu_core::channel::{ChannelId, Flow, Timetable};
use mianfu_core::money::Timestamp;
use mianfu_core::mutant;
use mianfu_gateway::Keys;

use crate::till::Till;

/// Payments of which the delay is remembered, for each way of hearing.
const REMEMBERED: usize = 32;
/// Between two rounds of questions about everything that is open, whoever asks for them.
const ROUNDS_APART_MS: i64 = 3_000;

/// Where notices come to a till from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Way {
    /// From nowhere: the till asks.
    #[default]
    None,
    /// From a relay in this program.
    Embedded,
    /// From a relay elsewhere.
    Standalone,
}

/// How it stands with the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Standing {
    /// Nothing has come of it yet.
    #[default]
    Connecting,
    /// Notices come.
    Listening,
    /// It is not reached or says nothing; the till comes again by itself.
    Silent,
    /// It does not know the till's key.
    Refused,
    /// It is reached and speaks otherwise than a relay.
    Strange,
}

/// How a payment was learnt of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LearntBy {
    /// A notice brought it.
    Notice,
    /// The channel answered.
    Asking,
}

/// From payment to screen, for one way of learning of it. The channels say whole seconds, so each
/// may be up to a second too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delay {
    /// Of how many of the last payments.
    pub count: usize,
    /// The one in the middle, in ms.
    pub median_ms: i64,
    /// The longest, in ms.
    pub longest_ms: i64,
}

/// What is known of a till's hearing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Heard {
    /// Where notices come from.
    pub way: Way,
    /// How it stands with the relay; without meaning where there is none.
    pub standing: Standing,
    /// Since when it stands so.
    pub since: Option<Timestamp>,
    /// From payment to screen where a notice brought it.
    pub by_notice: Option<Delay>,
    /// The same where the till had asked.
    pub by_asking: Option<Delay>,
}

/// A till's ear.
#[derive(Debug, Default)]
pub(crate) struct Hearing {
    pub(crate) way: Way,
    standing: Standing,
    since: Option<Timestamp>,
    by_notice: VecDeque<i64>,
    by_asking: VecDeque<i64>,
    /// When everything that is open was last asked about.
    asked_at: Option<Timestamp>,
}

impl Hearing {
    fn is_listening(&self) -> bool {
        self.standing == Standing::Listening
    }

    fn remember(&mut self, by: LearntBy, delay_ms: i64) {
        let delays = match by {
            LearntBy::Notice => &mut self.by_notice,
            LearntBy::Asking => &mut self.by_asking,
        };
        if delays.len() == REMEMBERED {
            delays.pop_front();
        }
        delays.push_back(delay_ms);
    }
}

impl<K: Keys> Till<K> {
    /// Returns what is known of its hearing.
    #[must_use]
    pub fn heard(&self) -> Heard {
        let Hearing { way, standing, since, by_notice, by_asking, .. } = &self.hearing;
        let (by_notice, by_asking) = (delay(by_notice), delay(by_asking));
        Heard { way: *way, standing: *standing, since: *since, by_notice, by_asking }
    }

    /// Says where notices come from.
    pub fn hears_by(&mut self, way: Way) {
        self.hearing.way = way;
        self.revision += 1;
    }

    /// Notes whether notices reach the till.
    pub fn listening(&mut self, on: bool, now: Timestamp) {
        self.stands(if on { Standing::Listening } else { Standing::Silent }, now);
    }

    /// Notes how it stands with the relay.
    pub fn stands(&mut self, standing: Standing, now: Timestamp) {
        if self.hearing.standing == standing {
            return;
        }
        let was_listening = self.hearing.is_listening();
        self.hearing.standing = standing;
        self.hearing.since = Some(now);
        self.revision += 1;
        if was_listening && !mutant::planted("m14_waits_on_once_it_hears_no_more") {
            self.ask_all_open(now);
        }
    }

    /// Asks about everything that is open, as where the relay says that it has lost notices or
    /// brings something that proves nothing. Whoever makes it do so a thousand times has it ask once
    /// in three seconds.
    pub fn ask_all_open(&mut self, now: Timestamp) {
        self.keep_drawn();
        let asked_at = self.hearing.asked_at;
        let lately = asked_at.is_some_and(|at| now.since_ms(at) < ROUNDS_APART_MS);
        if lately && !mutant::planted("law7_each_hint_asks") {
            return;
        }
        self.hearing.asked_at = Some(now);
        let channels: Vec<ChannelId> = self.lines.keys().copied().collect();
        for channel in channels {
            let kept = self.ask_what_is_open(channel, now);
            self.note_trouble(kept, now);
        }
    }

    /// Returns how patient a channel lets the till be as things stand.
    pub(crate) fn timetable(&self, channel: ChannelId) -> Option<Timetable> {
        let timetable = self.lines.get(&channel)?.channel.timetable();
        Some(if self.hearing.is_listening() { timetable.heard() } else { timetable })
    }

    /// Notes how long after it was paid a shown code was seen to be.
    pub(crate) fn note_delay(
        &mut self,
        before: &Attempt,
        after: &Attempt,
        by: LearntBy,
        now: Timestamp,
    ) {
        let Phase::Paid { payment } = &after.phase else {
            return;
        };
        let is_news = !before.is_final() && after.flow == Flow::Show;
        // A sale of before this start waited for the start, and its clock may be another one.
        if is_news && !self.is_earlier(&after.out_trade_no) {
            self.hearing.remember(by, now.since_ms(payment.paid_at).max(0));
        }
    }
}

fn delay(delays: &VecDeque<i64>) -> Option<Delay> {
    let mut sorted: Vec<i64> = delays.iter().copied().collect();
    sorted.sort_unstable();
    let longest_ms = *sorted.last()?;
    Some(Delay { count: sorted.len(), median_ms: sorted[sorted.len() / 2], longest_ms })
}
