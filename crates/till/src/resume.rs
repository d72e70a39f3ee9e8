//! How a till starts and how it goes on: a start asks and never resends; time wakes what is due.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use mianfu_core::attempt::{Attempt, ClosedHow, Event, Finding, FollowUp, Phase, RefundWhy, Step};
use mianfu_core::breaker::Offer;
use mianfu_core::channel::{ChannelId, Flow};
use mianfu_core::money::Timestamp;
use mianfu_core::mutant;
use mianfu_core::number::{Counter as Place, OutTradeNo};
use mianfu_core::refund::{Refund, RefundEvent};
use mianfu_db::{Birth, Db, DbError, LeftBecause, Opened, OperationKind, Versioned};
use mianfu_gateway::Keys;

use crate::cashier::{OPEN_MAX, note};
use crate::hearing::Hearing;
use crate::line::Line;
use crate::recovery::Recovery;
use crate::till::{Jitter, Planned, Settings, Till};
use crate::worker::unsigned::Unsigned;
use crate::worker::{Calls, What};

/// From one look at what no channel of this till can be asked about to the next, in ms.
const UNASKED_MS: i64 = 180_000;
/// How long after its beginning the last sale still stands on the screen of a till that starts.
pub(crate) const LAST_SALE_MS: i64 = 600_000;
/// Rows woken by one tick.
const DUE_MAX: u32 = 64;
/// Between a late question without a usable answer and the same question again.
pub(crate) const LATE_ASK_RETRY_MS: i64 = 10_000;

/// What a till is opened with.
pub struct Opening<K> {
    /// The database, opened.
    pub db: Db,
    /// What opening it found.
    pub opened: Opened,
    /// The channels on offer.
    pub lines: Vec<Line<K>>,
    /// What the store sets.
    pub settings: Settings,
    /// Seeds the spread of retries.
    pub seed: u64,
}

impl<K: Keys> Till<K> {
    /// Starts a till on its database. Everything open is asked at once; nothing is sent again (M2).
    ///
    /// # Errors
    ///
    /// Fails where the database cannot be read or will not keep what the start finds.
    pub fn open(opening: Opening<K>, now: Timestamp) -> Result<Till<K>, DbError> {
        let Opening { db, opened, lines, settings, seed } = opening;
        let probe_no = OutTradeNo::compose(
            db.read().series()?,
            Place::new(9_999_999_999).expect("the last place of a series"),
        );
        let lines: BTreeMap<ChannelId, Line<K>> = lines
            .into_iter()
            .map(|mut line| {
                line.probe_no = Some(probe_no.clone());
                (line.channel.id(), line)
            })
            .collect();
        let mut till = Till {
            db,
            lines,
            settings,
            calls: Calls::default(),
            auth_codes: BTreeMap::new(),
            used_codes: Vec::new(),
            front: None,
            cash_front: None,
            aside: Vec::new(),
            away: false,
            trouble: None,
            recovery: None,
            live_at_start: 0,
            unasked: 0,
            earlier: Vec::new(),
            birth: opened.birth,
            jitter: Jitter::new(seed),
            hearing: Hearing::default(),
            drawn: Vec::new(),
            unsigned: Unsigned::default(),
            planned: Cell::new(None),
            revision: 1,
        };
        till.resume(now).map_err(DbError::at_start)?;
        Ok(till)
    }

    fn resume(&mut self, now: Timestamp) -> Result<(), DbError> {
        self.forget_calls()?;
        self.put_off_late_questions(now)?;
        let open = self.db.read().attempts().open(OPEN_MAX)?;
        self.earlier = open.iter().map(|kept| kept.value.out_trade_no.clone()).collect();
        let series = self.db.read().series()?;
        for kept in &open {
            let no = &kept.value.out_trade_no;
            // Of an earlier series: kept before a restore, or before the file came from another
            // machine. The number says so after any start; what the opening found says it once.
            let found = match self.left_because(no)? {
                _ if no.series() == series => Event::Resumed,
                Some(LeftBecause::Copied) => Event::Copied,
                Some(LeftBecause::Restored) | None => Event::Restored,
            };
            // What was kept of an unfinished call says only that it may have left.
            self.step(no, found, now, None)?;
        }
        let refunds = self.db.read().refunds().open(OPEN_MAX)?;
        let mut unasked: BTreeSet<&OutTradeNo> = BTreeSet::new();
        for kept in &refunds {
            let no = &kept.value.out_trade_no;
            if !self.lines.contains_key(&self.db.read().attempts().get(no)?.value.channel) {
                unasked.insert(no);
            }
            let copied = self.is_from_elsewhere(no)?;
            let found = if copied { RefundEvent::Copied } else { RefundEvent::Resumed };
            self.step_refund(kept.value.id, found, now)?;
        }
        self.live_at_start = open.iter().filter(|kept| kept.value.is_live()).count();
        let missing = |attempt: &Attempt| !self.lines.contains_key(&attempt.channel);
        let sales = open.iter().map(|kept| &kept.value).filter(|attempt| missing(attempt));
        unasked.extend(sales.map(|attempt| &attempt.out_trade_no));
        self.unasked = unasked.len();
        // A code that was shown after the copy was made may be scanned yet, and a number is asked once.
        // A reversal that the lost database sent may be under way as well: what it is about must not
        // stand as paid before it has come.
        let early = mutant::planted("m15_asked_while_a_code_lives");
        let ask_at = if early { now } else { self.all_codes_over(now) };
        self.recovery = Recovery::next(&self.db, ask_at)?;
        self.stand_last_sale(now)
    }

    /// Drops the rows of attempts' own calls: what is open is asked before anything else, and a
    /// charge that may have left is never sent again (law 3).
    fn forget_calls(&mut self) -> Result<(), DbError> {
        let calls = self.db.read().queue().calls(OPEN_MAX * 4)?;
        if calls.is_empty() {
            return Ok(());
        }
        self.db.write("forget unanswered calls", |tx| {
            calls.iter().try_for_each(|row| tx.queue().done(&row.key))
        })
    }

    /// Returns why the series of a number is not drawn from any more; `None` for our own. One that was
    /// left for a restore counts as copied once the disk has come from another machine since.
    fn left_because(&self, no: &OutTradeNo) -> Result<Option<LeftBecause>, DbError> {
        let read = self.db.read();
        let old = read.old_epochs().find(no.series().epoch())?;
        let Some(old) = old.filter(|old| old.series == no.series()) else { return Ok(None) };
        let alone = mutant::planted("m19_a_restored_series_counts_alone");
        let copied = read.old_epochs().was_copied_since(&old)? && !alone;
        Ok(Some(if copied { LeftBecause::Copied } else { old.why }))
    }

    /// Says whether an attempt was kept on another machine, whose till may go on with it (M19).
    fn is_from_elsewhere(&self, no: &OutTradeNo) -> Result<bool, DbError> {
        Ok(self.left_because(no)? == Some(LeftBecause::Copied))
    }

    /// Money that came after the end of an attempt of another machine may be what that machine's till
    /// is paid with: it is found, and does not go back by itself (M19).
    pub(crate) fn leave_what_is_elsewhere(&self, step: &mut Step) -> Result<(), DbError> {
        let goes_back = FollowUp::Refund { why: RefundWhy::LateMoney };
        if step.follow_up.as_ref() == Some(&goes_back)
            && self.is_from_elsewhere(&step.attempt.out_trade_no)?
            && !mutant::planted("m19_a_copy_gives_late_money_back")
        {
            step.follow_up = None;
            step.finding = Some(Finding::Copied);
        }
        Ok(())
    }

    /// A late question was planned by a clock that may have been set since: ahead of its time it would
    /// be asked while the code still lives, and never again; behind, days later (M8, M9).
    fn put_off_late_questions(&mut self, now: Timestamp) -> Result<(), DbError> {
        let planned = Timestamp(i64::MAX);
        let rows = self.db.read().queue().due_of(OperationKind::LateAsk, planned, OPEN_MAX)?;
        if rows.is_empty() || mutant::planted("m8_late_question_by_an_old_clock") {
            return Ok(());
        }
        let over = self.all_codes_over(now);
        self.db.write("put late questions off", |tx| {
            rows.iter().try_for_each(|row| tx.queue().put_off(&row.key, over))
        })
    }

    /// The same for a question that is planned after this start about a code from before it, and one
    /// more for a number that the channel did not know when the code's life seemed over.
    pub(crate) fn ask_no_earlier(&self, before: &Attempt, step: &mut Step, now: Timestamp) {
        if !self.is_earlier(&step.attempt.out_trade_no)
            || mutant::planted("m8_late_question_by_an_old_clock")
        {
            return;
        }
        let over = self.all_codes_over(now);
        match (&mut step.follow_up, &step.attempt.phase) {
            (Some(FollowUp::AskAt(at)), _) => *at = over,
            (None, Phase::Closed { how: ClosedHow::NeverExisted }) if !before.is_final() => {
                step.follow_up = Some(FollowUp::AskAt(over));
            }
            (Some(FollowUp::Refund { .. }) | None, _) => (),
        }
    }

    /// Says whether an attempt was open at this start: its times are by a clock that may have been
    /// set since.
    pub(crate) fn is_earlier(&self, no: &OutTradeNo) -> bool {
        self.earlier.contains(no) && !mutant::planted("m18_recent_by_an_old_clock")
    }

    /// When every code that was kept by now is over, counted from now and by no other clock.
    fn all_codes_over(&self, now: Timestamp) -> Timestamp {
        let lives = |line: &Line<K>| {
            let timetable = line.channel.timetable();
            (timetable.show_life_ms + timetable.expiry_ask_ms).max(timetable.late_ask_ms)
        };
        now.plus_ms(self.lines.values().map(lives).max().unwrap_or(0))
    }

    /// Puts the last sale back on the screen, and the other open ones beside it.
    fn stand_last_sale(&mut self, now: Timestamp) -> Result<(), DbError> {
        let recent = self.db.read().attempts().recent(Timestamp(i64::MAX), 1)?;
        let stands = |attempt: &Attempt| {
            attempt.is_live() || now.since_ms(attempt.kept_at).abs() <= LAST_SALE_MS
        };
        self.front = recent
            .into_iter()
            .map(|kept| kept.value)
            .find(stands)
            .map(|attempt| attempt.out_trade_no);
        let open = self.db.read().attempts().open(OPEN_MAX)?;
        self.aside = open
            .into_iter()
            .map(|kept| kept.value.out_trade_no)
            .filter(|no| self.front.as_ref() != Some(no))
            .collect();
        self.stand_last_cash(now)
    }

    /// Wakes everything that is due.
    pub fn tick(&mut self, now: Timestamp) {
        self.keep_drawn();
        if self.trouble.as_ref().is_some_and(|trouble| now < trouble.retry_at) {
            return;
        }
        let kept = self.wake_due(now);
        self.note_trouble(kept, now);
        self.mind_keys(now);
        self.probe(now);
        self.ask_recovery(now);
    }

    fn wake_due(&mut self, now: Timestamp) -> Result<(), DbError> {
        if self.next_due()?.is_none_or(|at| now < at) {
            return Ok(());
        }
        for kept in self.db.read().attempts().due(now, DUE_MAX)? {
            if mutant::planted("law3_a_start_forgets_what_is_open")
                && self.earlier.contains(&kept.value.out_trade_no)
            {
                continue;
            }
            match self.lines.contains_key(&kept.value.channel) {
                true => self.step(&kept.value.out_trade_no, Event::Tick, now, None)?,
                false => self.put_off(kept, now)?,
            }
        }
        self.wake_background(now)
    }

    /// An attempt of a channel that is not set up here waits for a start at which it is: it would
    /// wake the till for nothing at every turn.
    fn put_off(&mut self, kept: Versioned<Attempt>, now: Timestamp) -> Result<(), DbError> {
        let Versioned { value: mut attempt, version } = kept;
        attempt.poll_at = Some(now.plus_ms(UNASKED_MS));
        let noted = note(now, "channel_missing", String::new());
        self.db
            .write("put an attempt off", |tx| tx.attempts().update(&attempt, version, &noted))?;
        Ok(())
    }

    /// Wakes as much background work as its lane has room for, the most overdue first; the rest
    /// stays due. Late questions have half of the room where refunds want it as well.
    fn wake_background(&mut self, now: Timestamp) -> Result<(), DbError> {
        let room = u32::try_from(self.calls.background_room()).unwrap_or(0);
        let half = room.div_ceil(2);
        let asks = self.db.read().queue().due_of(OperationKind::LateAsk, now, half)?;
        let left = room - u32::try_from(asks.len()).unwrap_or(0);
        for kept in self.db.read().refunds().due(now, left)? {
            self.wake_refund(kept, now)?;
        }
        for row in asks {
            if mutant::planted("m14_late_question_forgotten") {
                self.db.write("forget a question", |tx| tx.queue().done(&row.key))?;
                continue;
            }
            // The next try, should this one stay unanswered.
            let next = now.plus_ms(LATE_ASK_RETRY_MS);
            self.db.write("ask once more", |tx| tx.queue().retry(&row.key, next))?;
            if let Some(no) = row.out_trade_no {
                self.calls.hand_out(What::LateAsk { no, key: row.key }, now);
            }
        }
        Ok(())
    }

    fn wake_refund(&mut self, kept: Versioned<Refund>, now: Timestamp) -> Result<(), DbError> {
        let Versioned { value: mut refund, version } = kept;
        let attempt = self.db.read().attempts().get(&refund.out_trade_no)?.value;
        if self.lines.contains_key(&attempt.channel) {
            return self.step_refund(refund.id, RefundEvent::Tick, now);
        }
        refund.next_at = Some(now.plus_ms(UNASKED_MS));
        let noted = note(now, "channel_missing", String::new());
        self.db.write("put a refund off", |tx| tx.refunds().update(&refund, version, &noted))?;
        Ok(())
    }

    fn probe(&mut self, now: Timestamp) {
        let due: Vec<ChannelId> = self
            .lines
            .iter()
            .filter(|(_, line)| line.probe_due(now))
            .map(|(channel, _)| *channel)
            .collect();
        for channel in due {
            if let Some(line) = self.lines.get_mut(&channel) {
                line.plan_probe(now);
            }
            self.calls.hand_out(What::Probe { channel }, now);
        }
    }

    /// Returns when the till must be woken at the latest; `None` where nothing is planned.
    ///
    /// # Errors
    ///
    /// Fails where the database cannot be read.
    pub fn wake_at(&self) -> Result<Option<Timestamp>, DbError> {
        if let Some(trouble) = &self.trouble {
            return Ok(Some(trouble.retry_at));
        }
        if let Some(drawn) = self.drawn.first() {
            return Ok(Some(drawn.at));
        }
        let planned = [
            self.next_due()?,
            self.calls.token_at(),
            self.lines.values().map(|line| line.probe_at).min(),
            self.recovery.as_ref().and_then(Recovery::ask_at),
        ];
        Ok(planned.into_iter().flatten().min())
    }

    /// Returns when the next row is due that something can be done about. Asked between two steps
    /// again, it is what it was.
    fn next_due(&self) -> Result<Option<Timestamp>, DbError> {
        let steps = self.db.steps();
        let planned = match self.planned.get().filter(|planned| planned.steps == steps) {
            Some(planned) => planned,
            None => self.plan(steps)?,
        };
        let has_room = 0 < self.calls.background_room();
        Ok(planned.attempt.into_iter().chain(planned.background.filter(|_| has_room)).min())
    }

    fn plan(&self, steps: u64) -> Result<Planned, DbError> {
        let read = self.db.read();
        let attempt = read.attempts().next_wake()?;
        let background =
            [read.refunds().next_wake()?, read.queue().next_wake_of(OperationKind::LateAsk)?];
        let background = background.into_iter().flatten().min();
        let planned = Planned { steps, attempt, background };
        self.planned.set(Some(planned));
        Ok(planned)
    }

    /// Returns whether the till knows everything: no attempt, refund or question is open.
    ///
    /// # Errors
    ///
    /// Fails where the database cannot be read.
    pub fn is_settled(&self) -> Result<bool, DbError> {
        let read = self.db.read();
        Ok(read.attempts().open(1)?.is_empty()
            && read.refunds().open(1)?.is_empty()
            && read.queue().next_wake_of(OperationKind::LateAsk)?.is_none()
            && self.recovery.is_none())
    }

    /// Returns whether every attempt and every refund has its result; questions about ended
    /// attempts may still be planned.
    ///
    /// # Errors
    ///
    /// Fails where the database cannot be read.
    pub fn is_decided(&self) -> Result<bool, DbError> {
        let read = self.db.read();
        let resting = |refund: &mianfu_core::refund::Refund| refund.next_at.is_none();
        Ok(read.attempts().open(1)?.is_empty()
            && read.refunds().open(OPEN_MAX)?.iter().all(|kept| resting(&kept.value))
            && self.recovery.is_none())
    }

    /// Returns the attempts that have no result yet.
    ///
    /// # Errors
    ///
    /// Fails where the database cannot be read.
    pub fn open_attempts(&self) -> Result<Vec<Attempt>, DbError> {
        let open = self.db.read().attempts().open(OPEN_MAX)?;
        Ok(open.into_iter().map(|kept| kept.value).collect())
    }

    /// Returns whether the channel may be offered.
    #[must_use]
    pub fn offer(&self, channel: ChannelId) -> Option<Offer> {
        self.lines.get(&channel).map(Line::offer)
    }

    /// Returns the channels that the till takes.
    #[must_use]
    pub fn channel_ids(&self) -> Vec<ChannelId> {
        self.lines.keys().copied().collect()
    }

    /// Returns whether the channel may be offered for new charges of this flow.
    #[must_use]
    pub fn offer_of(&self, channel: ChannelId, flow: Flow) -> Option<Offer> {
        self.lines.get(&channel).map(|line| line.offer_of(flow))
    }

    /// Returns the database, for reading.
    #[must_use]
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// Returns how many calls wait or are open.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls.count()
    }

    /// Returns whether a call waits for its turn.
    #[must_use]
    pub fn any_call_waiting(&self) -> bool {
        self.calls.any_waiting()
    }

    /// Returns a number that goes up with every change a screen might show.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Returns what opening the database found.
    #[must_use]
    pub fn birth(&self) -> Birth {
        if mutant::planted("m19_birth_untold") { Birth::Same } else { self.birth }
    }
}
