//! One history: a till, a channel, a network between them, people on both sides, one clock.
//!
//! Nothing waits and nothing runs beside anything else. What will happen lies in a queue by time;
//! the till is woken when it asked to be. After every turn the onlooker reads what was kept and
//! what stands on the screen. No call leaves before the onlooker has read.

use std::collections::BTreeMap;

use mianfu_core::money::Timestamp;
use mianfu_practice::chance::Chance;
use mianfu_practice::{Fault, Options, Practice};
use mianfu_till::CallId;

use super::channels;
use super::copies::PUT_BACK;
use super::desk::Desk;
use super::disk::Disk;
use super::network::{Fired, Network};
use super::notices::OnTheWay;
use super::plan::{Channels, Plan, Planned, stream};
use super::post::Comes;
use super::record::{Broken, Record};
use super::relay::Relay;
use super::script::{Backups, Counted, Image, Scene};
use super::signing::{Signing, keyed_hash, rsa_signer};
use super::trace::Trace;

/// Turns a history may take; a till that never rests takes more.
const TURNS_MAX: u32 = 60_000;
/// Turns at one instant; a till that wakes itself for nothing takes more.
const TURNS_AT_ONCE_MAX: u32 = 400;
/// How long after the end of all faults the till must rest, in ms.
const REST_MS: i64 = 40 * 60_000;
/// The same where a manager forbade the reversal: then the channel's own expiry ends it (M17).
const REST_WITH_GOODS_GONE_MS: i64 = 4 * 3_600_000;
/// How far the channel's clock runs on before the books are compared, in ms.
const AFTERWARDS_MS: i64 = 4 * 3_600_000;
/// The machine of a history that says nothing of its machine.
const MACHINE: &str = "the simulated machine";

/// Something that will happen.
pub(super) enum Happening {
    /// An operation of the plan.
    Operation(usize),
    /// The cashier presses the key of a sale.
    Press { sale: usize },
    /// A request reaches the channel.
    Arrives { call: usize, answered: bool },
    /// The till hears of a call.
    Returns { call: usize, id: CallId, start: u32, comes: Comes },
    /// A customer scans a shown code.
    Scans { qr: String, no: String, from: Scanned },
    /// A customer who decides by hand decides.
    Decides { no: String, decision: super::plan::Decision },
    /// The cashier hands the goods over.
    HandsOver { no: String },
    /// The machine goes on after standing still.
    Wakes,
    /// The power is back.
    PowerBack { fuse: Option<u64> },
    /// The network is back.
    NetworkBack,
    /// The disk has room again.
    RoomAgain,
    /// The storm is over.
    StormOver,
    /// The faults end.
    Heals,
    /// The manager looks after refunds that wait for a person.
    Manages,
    /// Something happens on a notice's way.
    Notice(OnTheWay),
}

/// Where a customer scans a code from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scanned {
    /// From the screen.
    Screen,
    /// From a photograph.
    Photograph,
}

/// A history under way.
pub(super) struct World<'p> {
    pub(super) plan: &'p Plan,
    /// The scene, where the history is written down and not drawn.
    pub(super) scene: Option<&'p Scene>,
    pub(super) now_ms: i64,
    pub(super) practice: Practice,
    /// The till at which something happens; the other one, if there is one, stands beside it.
    pub(super) desk: Desk,
    pub(super) beside: Option<Box<Desk>>,
    pub(super) network: Network,
    pub(super) trace: Trace,
    pub(super) fired: Fired,
    /// What people did.
    pub(super) acts: u64,
    /// The plan's operations that happen, and those that a day too short is given.
    pub(super) operations: Vec<Planned>,
    /// How many more operations may be given.
    pub(super) more: usize,
    /// How often the day went on.
    pub(super) rounds: usize,
    pub(super) queue: BTreeMap<(i64, u64), (u32, Happening)>,
    pub(super) placed: u64,
    pub(super) pace: Chance,
    pub(super) signing: Signing,
    pub(super) healed_ms: Option<i64>,
    pub(super) rest_checked_ms: i64,
    turns: u32,
    turns_at_once: u32,
    /// What the channel does to the request of this number.
    pub(super) spoilt: Option<(usize, Fault)>,
    pub(super) backups: Backups,
    pub(super) relay: Option<Relay>,
}

/// What a history leaves behind.
pub struct Past {
    /// What the onlooker wrote down at the first till.
    pub record: Record,
    /// What another wrote down at the second one.
    pub beside: Option<Record>,
    /// The channel with its ledger.
    pub practice: Practice,
    /// What happened.
    pub trace: Trace,
    /// Which faults fired.
    pub fired: Fired,
    /// What people did, calls that left, faults that fired.
    pub operations: u64,
    /// How many operations there were to happen.
    pub planned: usize,
    /// What was counted.
    pub counted: Counted,
    /// What it left before the till was closed.
    pub left: Image,
    /// The disk, the till closed.
    pub disk: Disk,
    /// The backups that were made.
    pub backups: Backups,
}

/// Lets a history happen, with its first `operations` operations.
#[must_use]
pub fn live(plan: &Plan, operations: usize) -> Past {
    let mut world = World::new(plan, None);
    world.schedule(operations);
    world.begin();
    world.run();
    world.close_books()
}

impl<'p> World<'p> {
    pub(super) fn new(plan: &'p Plan, scene: Option<&'p Scene>) -> World<'p> {
        let signing = Signing::of(plan.seed);
        let options =
            Options { cancel_unscanned: plan.cancel_unscanned, ..Options::new(plan.seed) };
        let journal = scene.map(|scene| scene.before.journal.clone());
        let mut practice = match (signing, journal) {
            (Signing::KeyedHash, Some(journal)) => {
                Practice::from_journal(options, keyed_hash(), journal)
            }
            (Signing::KeyedHash, None) => Practice::new(options, keyed_hash()),
            (Signing::Rsa, _) => Practice::new(options, rsa_signer()),
        };
        if plan.channels == Channels::Both {
            practice.open_wechat(channels::account(signing, plan.reverse_unknown));
        }
        let disk = match scene {
            Some(scene) => Disk::with(next_disk(), &scene.before.files),
            None => Disk::new(next_disk()),
        };
        let machine = scene.map_or(MACHINE, |scene| scene.machine);
        let beside = (plan.tills == 2).then(|| {
            let disk = Disk::new(next_disk());
            Box::new(Desk::new(2, "the second machine", disk, plan.second_skew_ms))
        });
        World {
            plan,
            scene,
            now_ms: plan.begins_ms,
            practice,
            desk: Desk::new(1, machine, disk, plan.skew_ms),
            beside,
            network: Network::new(plan),
            trace: Trace::default(),
            fired: Fired::default(),
            acts: 0,
            operations: Vec::new(),
            more: 0,
            rounds: 0,
            queue: BTreeMap::new(),
            placed: 0,
            pace: stream(plan.seed, 3),
            signing,
            healed_ms: None,
            rest_checked_ms: 0,
            turns: 0,
            turns_at_once: 0,
            spoilt: None,
            backups: Backups::default(),
            relay: Relay::new(plan.seed, &plan.relay),
        }
    }

    pub(super) fn schedule(&mut self, operations: usize) {
        let planned = self.plan.operations.len();
        self.operations = self.plan.operations[..operations.min(planned)].to_vec();
        self.more = operations.saturating_sub(planned);
        let begins_ms = self.plan.begins_ms;
        let mut end_ms = 3_000;
        for index in 0..self.operations.len() {
            let at_ms = self.operations[index].at_ms;
            self.put(begins_ms + at_ms, Happening::Operation(index));
            end_ms = end_ms.max(at_ms);
        }
        if 0 < self.plan.down_at_boot_ms {
            self.network.set_down("down_at_boot");
            self.put(begins_ms + self.plan.down_at_boot_ms, Happening::NetworkBack);
        }
        for (at_ms, happening) in self.relay.iter().flat_map(Relay::happenings).collect::<Vec<_>>()
        {
            self.put(begins_ms + at_ms, happening);
        }
        let heals_ms = if self.scene.is_some() { 1_000 } else { 20_000 };
        self.put(begins_ms + end_ms + heals_ms, Happening::Heals);
        self.set_weather();
    }

    /// Starts every till there is.
    pub(super) fn begin(&mut self) {
        self.boot(None);
        if let Some(other) = self.beside.as_ref().map(|desk| desk.number) {
            self.at(other);
            self.boot(None);
        }
    }

    /// Goes to a till.
    pub(super) fn at(&mut self, number: u32) {
        if self.desk.number != number
            && let Some(beside) = &mut self.beside
        {
            std::mem::swap(&mut self.desk, beside);
        }
    }

    /// Puts something into the queue that concerns the till at which something happens; at one
    /// instant things happen in the order they were put. Returns its place.
    pub(super) fn put(&mut self, at_ms: i64, happening: Happening) -> (i64, u64) {
        self.placed += 1;
        let place = (at_ms.max(self.now_ms), self.placed);
        self.queue.insert(place, (self.desk.number, happening));
        place
    }

    /// Returns the till's time.
    pub(super) fn till_now(&self) -> Timestamp {
        Timestamp(self.now_ms + self.desk.skew_ms)
    }

    pub(super) fn say(&mut self, what: std::fmt::Arguments<'_>) {
        let at_ms = self.now_ms - self.plan.begins_ms;
        match self.desk.number {
            1 => self.trace.say(at_ms, what),
            number => self.trace.say(at_ms, format_args!("[till {number}] {what}")),
        }
    }

    pub(super) fn broken(&mut self, invariant: &'static str, what: String) {
        self.say(format_args!("BROKEN {invariant}: {what}"));
        let at_ms = self.now_ms;
        self.desk.record.broken.push(Broken { invariant, at_ms, what });
    }

    /// Says whether the run itself saw a promise broken.
    fn is_broken(&self) -> bool {
        let beside = self.beside.as_ref();
        !self.desk.record.broken.is_empty()
            || beside.is_some_and(|desk| !desk.record.broken.is_empty())
    }

    pub(super) fn run(&mut self) {
        while !self.is_broken() && !self.is_over() {
            if !self.turn() {
                return;
            }
        }
    }

    /// Takes one turn; false where nothing is left to happen.
    fn turn(&mut self) -> bool {
        let due = self.queue.keys().next().copied();
        let beside = self.beside.as_deref();
        let wakes = [Some(&self.desk), beside].into_iter().flatten();
        let wake = wakes.filter_map(|desk| Some((self.wake_ms(desk)?, desk.number))).min();
        let moments = [due.map(|(at_ms, _)| at_ms), wake.map(|(at_ms, _)| at_ms)];
        let Some(at_ms) = moments.into_iter().chain([self.telling_ms()]).flatten().min() else {
            return false;
        };
        self.count_turn(at_ms);
        self.now_ms = self.now_ms.max(at_ms);
        self.practice.advance(self.now_ms);
        if let Some(key) = due.filter(|(due_ms, _)| *due_ms <= self.now_ms)
            && let Some((number, happening)) = self.queue.remove(&key)
        {
            self.at(number);
            self.happen(happening);
        } else if let Some((_, number)) = wake {
            self.at(number);
        }
        self.channel_tells();
        self.work();
        self.take_note();
        true
    }

    fn count_turn(&mut self, at_ms: i64) {
        self.turns += 1;
        self.turns_at_once = if at_ms <= self.now_ms { self.turns_at_once + 1 } else { 0 };
        if TURNS_AT_ONCE_MAX < self.turns_at_once {
            self.broken("I22", "the till wakes again and again at one instant".to_owned());
        } else if TURNS_MAX < self.turns {
            self.broken("I22", "the till never rests".to_owned());
        }
    }

    /// When a till asked to be woken, in the world's time.
    fn wake_ms(&self, desk: &Desk) -> Option<i64> {
        let till = desk.till.as_ref()?;
        // What cannot be read is looked at again within a second.
        let again = Timestamp(self.now_ms + desk.skew_ms + 1_000);
        let wake = till.wake_at().unwrap_or(Some(again))?;
        Some((wake.0.saturating_sub(desk.skew_ms)).max(desk.stalled_until_ms).max(self.now_ms))
    }

    /// Says whether everything is known and nobody has anything left to do.
    fn is_over(&mut self) -> bool {
        let Some(healed_ms) = self.healed_ms else { return false };
        let beside = self.beside.as_ref();
        let all_on = self.desk.till.is_some() && beside.is_none_or(|desk| desk.till.is_some());
        if !all_on || self.now_ms < self.rest_checked_ms + 3_000 {
            return false;
        }
        self.rest_checked_ms = self.now_ms;
        let settled = self.desk.is_settled() && beside.is_none_or(|desk| desk.is_settled());
        let idle = self.queue.values().all(|(number, happening)| self.is_idle(*number, happening));
        let quiet_ms = if self.scene.is_some() { 3_000 } else { 30_000 };
        if settled && idle && healed_ms + quiet_ms < self.now_ms {
            return true;
        }
        let gone = !self.desk.goods_gone.is_empty()
            || beside.is_some_and(|desk| !desk.goods_gone.is_empty());
        // So do numbers of before a restore that a customer may still pay.
        let asks_on = |desk: &Desk| desk.record.log.iter().any(|line| line.kind == PUT_BACK);
        let copied = |desk: &Desk| 0 < desk.record.copied || asks_on(desk);
        let gone = gone || copied(&self.desk) || self.beside.as_deref().is_some_and(copied);
        let limit_ms = if gone { REST_WITH_GOODS_GONE_MS } else { REST_MS };
        if healed_ms + limit_ms < self.now_ms {
            self.broken("I22", format!("not at rest: settled {settled}, idle {idle}"));
        }
        false
    }

    /// Only harmless questions are on their way.
    fn is_idle(&self, number: u32, happening: &Happening) -> bool {
        // The channel repeats a notice for a day; nothing waits for one.
        if let Happening::Notice(_) = happening {
            return true;
        }
        let (Happening::Arrives { call, .. } | Happening::Returns { call, .. }) = happening else {
            return false;
        };
        let desks = [Some(&self.desk), self.beside.as_deref()].into_iter().flatten();
        let mut calls = desks.filter(|desk| desk.number == number);
        calls.any(|desk| desk.record.calls[*call].is_probe())
    }

    /// What people did, calls that left and faults that fired until this moment. A harmless question
    /// is no part of any sale.
    pub(super) fn counted_operations(&self) -> u64 {
        let desks = [Some(&self.desk), self.beside.as_deref()].into_iter().flatten();
        let calls = desks.flat_map(|desk| &desk.record.calls);
        let calls = calls.filter(|call| !call.is_probe()).count();
        self.acts + u64::try_from(calls).unwrap_or(0) + self.fired.total()
    }

    pub(super) fn close_books(mut self) -> Past {
        self.at(1);
        self.practice.advance(self.now_ms + AFTERWARDS_MS);
        self.read_tables();
        let beside = self.beside.as_ref().map(|desk| desk.number);
        if let Some(number) = beside {
            self.at(number);
            self.read_tables();
            self.at(1);
        }
        let counted = Counted {
            disk: self.desk.disk.counts(),
            channel: self.desk.record.calls.len(),
            recovery: self.desk.recovered.unwrap_or_default(),
        };
        let operations = self.counted_operations();
        self.desk.disk.calm();
        let left = match self.scene {
            Some(_) => {
                Image { files: self.desk.disk.files(), journal: self.practice.take_unsaved() }
            }
            None => Image::default(),
        };
        // The onlooker goes first, so that the till's connection is the last on the file.
        self.desk.onlooker = None;
        self.desk.till = None;
        let beside = self.beside.map(|mut desk| {
            desk.onlooker = None;
            desk.till = None;
            std::mem::take(&mut desk.record)
        });
        Past {
            record: self.desk.record,
            beside,
            practice: self.practice,
            trace: self.trace,
            fired: self.fired,
            operations,
            planned: self.operations.len(),
            counted,
            left,
            disk: self.desk.disk,
            backups: self.backups,
        }
    }

    fn read_tables(&mut self) {
        let Some(onlooker) = &self.desk.onlooker else { return };
        self.desk.disk.looked_at(true);
        let tables = onlooker.tables();
        self.desk.disk.looked_at(false);
        match tables {
            Ok(tables) => self.desk.record.tables = tables,
            Err(error) => self.broken("I19", format!("the tables cannot be read: {error}")),
        }
    }
}

/// Returns a number that no other disk of this process has.
pub(super) fn next_disk() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};

    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
