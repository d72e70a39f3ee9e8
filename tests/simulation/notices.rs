//! The way of a notice: practice posts it, the relay keeps it, the till hears it, or not.
//!
//! Nothing rests on it: whatever befalls a notice, the day must end as it would have without.

use mianfu_core::channel::ChannelId;
use mianfu_practice::truth::About;
use mianfu_practice::{Answer, NoticeFault, Post};
use mianfu_till::notices::NoticeRefusal;

use super::faults::Kind;
use super::record::is_end;
use super::relay::{Day, Posted, Relay, Trouble};
use super::world::{Happening, World};

/// How long a channel waits for an answer to a notice, in ms.
const ANSWER_LIMIT_MS: i64 = 5_000;
/// After how long without a word a till gives up a stream, in ms.
const SILENCE_MS: i64 = 45_000;
/// The longest wait before a till comes again, in ms.
const AGAIN_MS_MAX: u64 = 60_000;
/// A stream that stood as long was no failure, in ms.
const STOOD_MS: i64 = 10_000;
/// From a till's start to its first stream, in ms.
const FIRST_MS: u64 = 1_500;
/// How soon a notice under a key that is not known is offered again, in ms.
const OFFERED_AGAIN_MS: i64 = 2_000;

/// What happens on a notice's way.
pub(super) enum OnTheWay {
    /// It reaches the relay's door.
    Posted(Post),
    /// Nobody answered the channel.
    Unanswered { about: About },
    /// A till opens its stream, in this start of it.
    Comes { start: u32 },
    /// A till gives up a stream that says nothing.
    GivesUp { nth: u32 },
    /// The next notice reaches a till over this stream.
    Handed { nth: u32 },
    /// Something befalls the relay.
    Trouble(Trouble),
    /// The relay is back.
    Back,
}

impl OnTheWay {
    /// Says whether it waits while the machine stands still.
    pub(super) fn needs_the_till(&self) -> bool {
        match self {
            OnTheWay::Comes { .. } | OnTheWay::GivesUp { .. } | OnTheWay::Handed { .. } => true,
            OnTheWay::Posted(_)
            | OnTheWay::Unanswered { .. }
            | OnTheWay::Trouble(_)
            | OnTheWay::Back => false,
        }
    }
}

/// What became of a notice at the till.
enum Offered {
    /// It was kept, or nothing ever follows from it.
    Over,
    /// It may be genuine once a key is known.
    Again,
    /// It could not be kept: the stream is over.
    NotKept,
}

impl World<'_> {
    /// The weather of the notices as it is on such a day.
    pub(super) fn set_notice_weather(&mut self) {
        let Some(relay) = self.relay.as_ref().filter(|_| self.healed_ms.is_none()) else { return };
        for (fault, per_mille) in relay.plan.weather() {
            if self.plan.faults.let_fire(&fault_name(fault)) {
                self.practice.weather_mut().notices_mut().set(fault, per_mille);
            }
        }
    }

    /// The channel posts whatever is due.
    pub(super) fn channel_tells(&mut self) {
        let due = |at_ms: i64| at_ms <= self.now_ms;
        if self.relay.is_none() || !self.practice.next_post_ms(|_| true).is_some_and(due) {
            return;
        }
        let before = self.practice.weather().notices().fired().clone();
        let posts = self.practice.posts(self.now_ms, |_| true);
        let phase = self.desk.phase();
        for (fault, count) in self.practice.weather().notices().fired() {
            if before.get(fault) != Some(count) {
                self.fired.count(&fault_name(*fault), &phase);
            }
        }
        for post in posts {
            let at_ms = self.now_ms + i64::from(post.delay_ms) + 10 + self.relay_below(240);
            self.put(at_ms, Happening::Notice(OnTheWay::Posted(post)));
        }
    }

    /// When the channel has something to tell, or something happens there that it will tell of.
    pub(super) fn telling_ms(&self) -> Option<i64> {
        self.relay.as_ref()?;
        let due = self.practice.next_post_ms(|_| true);
        let happens = self.practice.next_event_ms().filter(|at_ms| self.now_ms < *at_ms);
        [due, happens].into_iter().flatten().min()
    }

    /// Draws whether a fault of a notice's way happens, and counts it.
    fn relay_draws(&mut self, per_mille: fn(&super::relay::RelayPlan) -> u32, kind: Kind) -> bool {
        let Some(relay) = &mut self.relay else { return false };
        let drawn = relay.chance.happens(per_mille(&relay.plan));
        let fires = drawn && self.plan.faults.lets(kind);
        if fires {
            self.fires(kind);
        }
        fires
    }

    fn relay_below(&mut self, end: u64) -> i64 {
        let drawn = self.relay.as_mut().map_or(0, |relay| relay.chance.below(end));
        i64::try_from(drawn).unwrap_or(0)
    }

    pub(super) fn on_the_way(&mut self, what: OnTheWay) {
        match what {
            OnTheWay::Posted(post) => self.at_the_door(post),
            OnTheWay::Unanswered { about } => {
                self.practice.notice_answered(self.now_ms, &about, None);
            }
            OnTheWay::Comes { start } => self.comes(start),
            OnTheWay::GivesUp { nth } => {
                if self.desk.ear.nth == nth && !self.desk.ear.is_heard {
                    self.stream_ends();
                }
            }
            OnTheWay::Handed { nth } => self.handed(nth),
            OnTheWay::Trouble(trouble) => self.befalls_the_relay(trouble),
            OnTheWay::Back => {
                if let Some(relay) = &mut self.relay {
                    relay.up = true;
                }
                self.say(format_args!("the relay is back"));
            }
        }
    }

    /// A notice reaches the relay: it is kept, and then the channel is thanked. What is false the
    /// relay sends away, unless it lies.
    fn at_the_door(&mut self, post: Post) {
        let Some(relay) = &mut self.relay else { return };
        if !relay.up {
            if post.counts {
                let unanswered = OnTheWay::Unanswered { about: post.about };
                self.put(self.now_ms + ANSWER_LIMIT_MS, Happening::Notice(unanswered));
            }
            return;
        }
        let posted = Posted::of(&post);
        if post.fault.is_none_or(is_genuine) || relay.plan.day == Day::Lying {
            relay.kept.posted.push(posted.clone());
        }
        if post.counts {
            let thanks = thanks(posted.channel);
            self.practice.notice_answered(self.now_ms, &post.about, Some(&thanks));
        }
        self.every_till(World::hands_on);
    }

    /// The next notice goes on its way to the till of this desk, where there is one.
    fn hands_on(&mut self) {
        let Some(relay) = &self.relay else { return };
        let ear = &self.desk.ear;
        if !ear.is_open || !ear.is_heard || ear.busy {
            return;
        }
        if relay.kept.next_for(self.desk.as_till, ear.next).is_none() {
            return;
        }
        let (nth, until_ms) = (ear.nth, relay.withholds_until_ms);
        self.desk.ear.busy = true;
        let at_ms = self.now_ms.max(until_ms) + 1 + self.relay_below(60);
        self.put(at_ms, Happening::Notice(OnTheWay::Handed { nth }));
    }

    /// Nothing is withheld any more.
    pub(super) fn hears_again(&mut self) {
        self.desk.ear.busy = false;
        self.hands_on();
    }

    /// A till of this name opens its stream; a second one ends the first.
    fn comes(&mut self, start: u32) {
        let Some(relay) = &self.relay else { return };
        if self.desk.start != start || self.desk.till.is_none() || self.desk.ear.is_open {
            return;
        }
        if !relay.up {
            self.comes_again();
            return;
        }
        let upto = relay.kept.upto.get(&self.desk.as_till).copied().unwrap_or(0);
        let here = self.desk.number;
        if let Some(beside) = self.beside.as_ref()
            && beside.as_till == self.desk.as_till
        {
            let other = beside.number;
            self.at(other);
            self.stream_ends();
            self.at(here);
        }
        let ear = &mut self.desk.ear;
        ear.nth += 1;
        (ear.is_open, ear.is_heard, ear.busy, ear.next) = (true, true, false, upto);
        ear.since_ms = self.now_ms;
        self.listens(true);
        self.hands_on();
    }

    /// The till sees that its stream is over, and comes again.
    fn stream_ends(&mut self) {
        if !self.desk.ear.is_open {
            return;
        }
        (self.desk.ear.is_open, self.desk.ear.is_heard) = (false, false);
        if self.desk.ear.since_ms + STOOD_MS <= self.now_ms {
            self.desk.ear.failures = 0;
        }
        self.listens(false);
        self.comes_again();
    }

    fn listens(&mut self, on: bool) {
        let now = self.till_now();
        if let Some(till) = &mut self.desk.till {
            till.listening(on, now);
            self.say(format_args!("the till hears {}", if on { "of notices" } else { "no more" }));
        }
    }

    /// The till comes again: twice as late each time.
    fn comes_again(&mut self) {
        let failures = self.desk.ear.failures.min(10);
        self.desk.ear.failures += 1;
        let longest = (1_000 << failures).min(AGAIN_MS_MAX);
        let after_ms = i64::try_from(longest / 2).unwrap_or(0) + self.relay_below(longest / 2);
        let start = self.desk.start;
        self.put(self.now_ms + after_ms, Happening::Notice(OnTheWay::Comes { start }));
    }

    /// A till that has started has no stream yet.
    pub(super) fn begins_to_listen(&mut self) {
        if self.relay.is_none() {
            return;
        }
        let nth = self.desk.ear.nth;
        self.desk.ear = super::relay::Ear { nth, ..super::relay::Ear::default() };
        let start = self.desk.start;
        let at_ms = self.now_ms + self.relay_below(FIRST_MS);
        self.put(at_ms, Happening::Notice(OnTheWay::Comes { start }));
    }

    /// A notice reaches the till, as it came or not.
    fn handed(&mut self, nth: u32) {
        let ear = &mut self.desk.ear;
        if ear.nth != nth || !ear.is_open || !ear.is_heard {
            return;
        }
        ear.busy = false;
        let (till, from) = (self.desk.as_till, ear.next);
        let Some(relay) = &self.relay else { return };
        if self.now_ms < relay.withholds_until_ms {
            self.hands_on();
            return;
        }
        let Some((place, posted)) = relay.kept.next_for(till, from) else { return };
        let posted = posted.clone();
        let instead = if self.relay_draws(|plan| plan.lies_per_mille, Kind::RelayLies) {
            self.lies(posted)
        } else {
            posted
        };
        match self.offer(&instead) {
            Offered::Over => {
                self.desk.ear.next = place + 1;
                if let Some(relay) = &mut self.relay {
                    relay.kept.upto.insert(till, place + 1);
                }
                self.hands_on();
            }
            Offered::Again => {
                self.desk.ear.busy = true;
                let at_ms = self.now_ms + OFFERED_AGAIN_MS;
                self.put(at_ms, Happening::Notice(OnTheWay::Handed { nth }));
            }
            Offered::NotKept => self.stream_ends(),
        }
    }

    fn offer(&mut self, posted: &Posted) -> Offered {
        let now = self.till_now();
        let Some(till) = &mut self.desk.till else { return Offered::Over };
        let told = till.notice(posted.channel, &posted.headers, &posted.body, now);
        let result = told.as_ref().err().map_or("taken".to_owned(), ToString::to_string);
        self.say(format_args!("a notice of {}: {result}", posted.no));
        match told {
            Ok(())
            | Err(
                NoticeRefusal::NoSuchChannel
                | NoticeRefusal::NotBelieved(_)
                | NoticeRefusal::NotOfThisTill { .. },
            ) => Offered::Over,
            Err(NoticeRefusal::UnknownKey) => Offered::Again,
            Err(NoticeRefusal::Db(error)) => {
                self.not_kept("a notice", &error);
                Offered::NotKept
            }
        }
    }

    /// What a lying relay hands on in a notice's place. Another in between is followed by this one.
    fn lies(&mut self, mut posted: Posted) -> Posted {
        let Some(relay) = &mut self.relay else { return posted };
        let (kind, drawn) = (relay.chance.below(6), relay.chance.draw());
        let place = |count: usize| usize::try_from(drawn).unwrap_or(0) % count.max(1);
        match kind {
            0 => {
                let at = place(posted.body.len());
                posted.body[at] ^= 1;
            }
            1 if posted.headers.is_empty() => posted.body.truncate(posted.body.len() / 2),
            1 => {
                let at = place(posted.headers.len());
                posted.headers[at].1.push('0');
            }
            2 => {
                let other = match posted.channel {
                    ChannelId::Alipay => ChannelId::Wechat,
                    ChannelId::Wechat => ChannelId::Alipay,
                };
                self.offer(&Posted { channel: other, ..posted.clone() });
            }
            // One of before, or of another till's.
            3 | 4 => {
                let old = relay.kept.posted[place(relay.kept.posted.len())].clone();
                self.offer(&old);
            }
            _ => self.invents(),
        }
        posted
    }

    /// What befalls the relay itself.
    fn befalls_the_relay(&mut self, trouble: Trouble) {
        let kind = trouble.kind();
        if self.healed_ms.is_some() || kind.is_some_and(|kind| !self.plan.faults.lets(kind)) {
            return;
        }
        let now_ms = self.now_ms;
        let Some(relay) = &mut self.relay else { return };
        if !relay.up {
            return;
        }
        match trouble {
            Trouble::Copied => relay.copy = relay.kept.clone(),
            Trouble::Withholds { for_ms } => relay.withholds_until_ms = now_ms + for_ms,
            Trouble::Goes { for_ms, hangs, forgets } => {
                relay.up = false;
                if forgets {
                    relay.kept = relay.copy.clone();
                }
                self.every_till(|world| world.stream_breaks(hangs));
                self.put(now_ms + for_ms, Happening::Notice(OnTheWay::Back));
            }
            Trouble::Invents => self.every_till(World::invents),
            Trouble::Gap => self.every_till(|world| {
                let now = world.till_now();
                if world.desk.ear.is_open
                    && let Some(till) = &mut world.desk.till
                {
                    till.ask_all_open(now);
                }
            }),
        }
        if let Some(kind) = kind {
            self.say(format_args!("the relay: {trouble:?}"));
            self.fires(kind);
        }
    }

    fn every_till(&mut self, act: impl Fn(&mut Self)) {
        let here = self.desk.number;
        let beside = self.beside.as_ref().map(|desk| desk.number);
        for number in [Some(here), beside].into_iter().flatten() {
            self.at(number);
            act(self);
        }
        self.at(here);
    }

    /// The stream is over; where the relay hangs, the till sees it only by the silence.
    fn stream_breaks(&mut self, hangs: bool) {
        if hangs && self.desk.ear.is_open {
            self.desk.ear.is_heard = false;
            let gives_up = OnTheWay::GivesUp { nth: self.desk.ear.nth };
            self.put(self.now_ms + SILENCE_MS, Happening::Notice(gives_up));
        } else {
            self.stream_ends();
        }
    }

    /// A payment that never was, told to the till about each thing that is open there.
    fn invents(&mut self) {
        if !self.desk.ear.is_open {
            return;
        }
        let open = self.desk.phases.iter().filter(|(_, phase)| !is_end(phase));
        let open: Vec<String> = open.map(|(no, _)| no.clone()).collect();
        for out_trade_no in open {
            let about = About::Payment { out_trade_no };
            let forged = self.practice.false_notice(self.now_ms, &about, NoticeFault::Forged);
            if let Some(forged) = forged {
                self.offer(&Posted::invented(&forged, self.desk.as_till));
            }
        }
    }
}

impl Trouble {
    /// Returns the kind of fault that it is; `None` for what is none by itself.
    fn kind(self) -> Option<Kind> {
        match self {
            Trouble::Copied => None,
            Trouble::Goes { .. } => Some(Kind::RelayDown),
            Trouble::Withholds { .. } => Some(Kind::RelayWithholds),
            Trouble::Invents | Trouble::Gap => Some(Kind::RelayLies),
        }
    }
}

impl Relay {
    /// What befalls it, as happenings in ms after the beginning.
    pub(super) fn happenings(&self) -> Vec<(i64, Happening)> {
        let troubles = self.plan.troubles.iter();
        troubles
            .map(|(at_ms, trouble)| (*at_ms, Happening::Notice(OnTheWay::Trouble(*trouble))))
            .collect()
    }
}

/// What a relay answers a channel.
fn thanks(channel: ChannelId) -> Answer {
    let (status, body): (u16, &[u8]) = match channel {
        ChannelId::Alipay => (200, b"success"),
        ChannelId::Wechat => (204, b""),
    };
    Answer { status, headers: Vec::new(), body: body.to_vec() }
}

/// Says whether a post is the channel's own, to the right address.
fn is_genuine(fault: NoticeFault) -> bool {
    match fault {
        NoticeFault::Lost
        | NoticeFault::Twice
        | NoticeFault::TwiceApart
        | NoticeFault::BeforeReply
        | NoticeFault::AfterRefund
        | NoticeFault::Stale => true,
        NoticeFault::Forged
        | NoticeFault::AnotherAmount
        | NoticeFault::AnotherShop
        | NoticeFault::AnotherChannel => false,
    }
}

/// What a fault of a notice is called in counts.
fn fault_name(fault: NoticeFault) -> String {
    format!("notice_{fault:?}")
}
