//! The relay of a day: absent, present, dying or lying.
//!
//! It is a model, small enough to be looked through: what it was posted it keeps in order, one list
//! for the whole merchant, and hands to a till what the till has not acknowledged. The real one has
//! trials of its own. Here it is what a till may meet: one that goes and comes back, that comes back
//! as an older copy of itself, that says it is well and hands on nothing, that invents.

use std::collections::BTreeMap;

use mianfu_core::channel::ChannelId;
use mianfu_practice::chance::Chance;
use mianfu_practice::{Channel, Notice, NoticeFault, Post};

use super::plan::{between, index, maybe, stream};

/// What relay there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Day {
    /// None: the till asks, and no notice ever reaches it.
    Absent,
    /// One that does what it should.
    Present,
    /// One that goes down and comes back.
    Dying,
    /// One that does and says what it likes.
    Lying,
}

/// The relay of a history, before it happens.
#[derive(Debug, Clone)]
pub struct RelayPlan {
    /// What relay there is.
    pub day: Day,
    /// Notices in a thousand that are lost on their way to it.
    pub lost_per_mille: u32,
    /// Notices in a thousand that come again, or late; each way of it.
    pub again_per_mille: u32,
    /// Notices in a thousand beside which a false one comes; each way of it.
    pub false_per_mille: u32,
    /// Notices in a thousand about which it lies.
    pub lies_per_mille: u32,
    /// What befalls it, in ms after the beginning.
    pub troubles: Vec<(i64, Trouble)>,
}

/// What befalls a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It goes down; where it hangs nobody is told, and it may come back as an older copy of itself.
    Goes { for_ms: i64, hangs: bool, forgets: bool },
    /// Its database is copied.
    Copied,
    /// It says that it is well and hands on nothing.
    Withholds { for_ms: i64 },
    /// It makes a payment up.
    Invents,
    /// It says that it has lost notices.
    Gap,
}

impl RelayPlan {
    /// Returns the plan of a day without a relay.
    #[must_use]
    pub fn absent() -> RelayPlan {
        RelayPlan {
            day: Day::Absent,
            lost_per_mille: 0,
            again_per_mille: 0,
            false_per_mille: 0,
            lies_per_mille: 0,
            troubles: Vec::new(),
        }
    }

    /// Draws the relay of a seed, from a stream of its own: the day is the same day without it.
    pub(super) fn draw(seed: u64, sales: &[i64]) -> RelayPlan {
        let mut chance = stream(seed, 6);
        let day = match chance.below(20) {
            0..=8 => return RelayPlan::absent(),
            9..=11 => Day::Present,
            12..=15 => Day::Dying,
            _ => Day::Lying,
        };
        RelayPlan::of(day, &mut chance, sales)
    }

    /// Returns what a relay of this kind may meet on the day of a seed: much, where it meets any.
    #[must_use]
    pub fn on(day: Day, seed: u64, sales: &[i64]) -> RelayPlan {
        let plan = RelayPlan::of(day, &mut stream(seed, 7), sales);
        let again_per_mille = 2 * plan.again_per_mille;
        RelayPlan { again_per_mille, ..plan }
    }

    fn of(day: Day, chance: &mut Chance, sales: &[i64]) -> RelayPlan {
        let mut plan = RelayPlan { day, ..RelayPlan::absent() };
        if day == Day::Absent || day == Day::Present {
            return plan;
        }
        plan.lost_per_mille = [0, 200, 500][index(chance, 3)];
        plan.again_per_mille = [50, 150][index(chance, 2)];
        plan.false_per_mille = [0, 80][index(chance, 2)];
        for at_ms in sales {
            plan.near(chance, *at_ms);
        }
        if day == Day::Lying {
            plan.lies_per_mille = [150, 500][index(chance, 2)];
        } else {
            plan.troubles.retain(|(_, trouble)| trouble.befalls_the_honest());
        }
        plan.troubles.sort_by_key(|(at_ms, _)| *at_ms);
        plan
    }

    /// Returns what befalls notices before they reach it, in a thousand.
    pub(super) fn weather(&self) -> impl Iterator<Item = (NoticeFault, u32)> {
        let (again, lie) = (self.again_per_mille, self.false_per_mille);
        let lost = self.lost_per_mille;
        NoticeFault::ALL.into_iter().map(move |fault| match fault {
            NoticeFault::Lost => (fault, lost),
            NoticeFault::Twice
            | NoticeFault::TwiceApart
            | NoticeFault::BeforeReply
            | NoticeFault::AfterRefund
            | NoticeFault::Stale => (fault, again),
            NoticeFault::Forged
            | NoticeFault::AnotherAmount
            | NoticeFault::AnotherShop
            | NoticeFault::AnotherChannel => (fault, lie),
        })
    }

    /// What befalls it near a sale.
    fn near(&mut self, chance: &mut Chance, sale_ms: i64) {
        let hangs = chance.happens(500);
        let forgets = chance.happens(400);
        let goes = Trouble::Goes { for_ms: between(chance, 1_000, 120_000), hangs, forgets };
        let withholds = Trouble::Withholds { for_ms: between(chance, 5_000, 600_000) };
        let rows: [(u32, i64, i64, Trouble); 5] = [
            (400, 0, 60_000, Trouble::Copied),
            (700, 0, 70_000, goes),
            (500, 0, 10_000, withholds),
            (700, 1_500, 70_000, Trouble::Invents),
            (300, 0, 60_000, Trouble::Gap),
        ];
        for (per_mille, least_ms, most_ms, trouble) in rows {
            if let Some(after_ms) = maybe(chance, per_mille, least_ms, most_ms) {
                self.troubles.push((sale_ms + after_ms, trouble));
            }
        }
    }
}

impl Trouble {
    /// Says whether it befalls a relay that tells no lies.
    fn befalls_the_honest(self) -> bool {
        match self {
            Trouble::Goes { .. } | Trouble::Copied => true,
            Trouble::Withholds { .. } | Trouble::Invents | Trouble::Gap => false,
        }
    }
}

/// A notice as it was posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Posted {
    /// For which till, by the address.
    pub(super) till: u32,
    pub(super) channel: ChannelId,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// About which number, for the trace.
    pub(super) no: String,
}

impl Posted {
    /// Returns a post as it comes to the relay's door.
    pub(super) fn of(post: &Post) -> Posted {
        let mut names = post.url.rsplit('/');
        let till = names.next().and_then(|name| name.parse().ok()).unwrap_or(0);
        let channel = names.nth(1).and_then(ChannelId::parse).unwrap_or(ChannelId::Alipay);
        Posted {
            till,
            channel,
            headers: post.headers.clone(),
            body: post.body.clone().into_bytes(),
            no: post.about.out_trade_no().to_owned(),
        }
    }

    /// Returns what the relay made up for a till.
    pub(super) fn invented(notice: &Notice, till: u32) -> Posted {
        let channel = match notice.form.channel() {
            Channel::Alipay => ChannelId::Alipay,
            Channel::Wechat => ChannelId::Wechat,
        };
        Posted {
            till,
            channel,
            headers: notice.headers.clone(),
            body: notice.body.clone().into_bytes(),
            no: notice.about.out_trade_no().to_owned(),
        }
    }
}

/// What a relay keeps, and how far each till is.
#[derive(Debug, Clone, Default)]
pub(super) struct Kept {
    pub(super) posted: Vec<Posted>,
    /// By till: everything before this place is acknowledged.
    pub(super) upto: BTreeMap<u32, usize>,
}

impl Kept {
    /// Returns the first notice for a till from a place on, with its place.
    pub(super) fn next_for(&self, till: u32, from: usize) -> Option<(usize, &Posted)> {
        let places = self.posted.iter().enumerate().skip(from);
        places.into_iter().find(|(_, posted)| posted.till == till)
    }
}

/// The relay of a history under way.
#[derive(Debug)]
pub(super) struct Relay {
    pub(super) plan: RelayPlan,
    pub(super) chance: Chance,
    pub(super) up: bool,
    pub(super) kept: Kept,
    /// An older copy of what it keeps.
    pub(super) copy: Kept,
    /// Until when it says that it is well and hands on nothing.
    pub(super) withholds_until_ms: i64,
}

impl Relay {
    /// Returns the relay of a history, where there is one.
    pub(super) fn new(seed: u64, plan: &RelayPlan) -> Option<Relay> {
        (plan.day != Day::Absent).then(|| Relay {
            plan: plan.clone(),
            chance: stream(seed, 8),
            up: true,
            kept: Kept::default(),
            copy: Kept::default(),
            withholds_until_ms: i64::MIN,
        })
    }

    /// It is well from here on, and honest.
    pub(super) fn heals(&mut self) {
        self.up = true;
        self.withholds_until_ms = i64::MIN;
        self.plan = RelayPlan { day: Day::Present, ..RelayPlan::absent() };
    }
}

/// A till's end of the relay.
#[derive(Debug, Default)]
pub(super) struct Ear {
    /// Whether a stream is open, as the till sees it.
    pub(super) is_open: bool,
    /// Whether the relay knows of it; a relay that hangs does not.
    pub(super) is_heard: bool,
    /// Which stream it is.
    pub(super) nth: u32,
    /// The place of the next notice to be handed on.
    pub(super) next: usize,
    /// Whether something is on its way to the till.
    pub(super) busy: bool,
    /// How often in a row the till came in vain.
    pub(super) failures: u32,
    /// When the stream was opened, in the world's time.
    pub(super) since_ms: i64,
}
