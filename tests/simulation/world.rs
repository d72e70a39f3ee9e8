//! One history: a till, a channel, a network between them, people on both sides, one clock.
//!
//! Nothing waits and nothing runs beside anything else. What will happen lies in a queue by time;
//! the till is woken when it asked to be. After every turn the onlooker reads what was kept and
//! what stands on the screen. No call leaves before the onlooker has read.

use std::collections::{BTreeMap, BTreeSet};

use mianfu_core::money::Timestamp;
use mianfu_practice::chance::Chance;
use mianfu_practice::{Fault, Options, Practice, Request};
use mianfu_till::{CallId, Till};

use super::counter::Counter;
use super::disk::{Disk, Fate};
use super::network::{Fired, Network};
use super::onlooker::Onlooker;
use super::plan::{Operation, Plan, Theme, stream};
use super::post::Comes;
use super::record::{Broken, Record};
use super::script::{Backups, Counted, Image, Scene};
use super::signing::{Signing, TillKeys, keyed_hash, rsa_signer};
use super::trace::Trace;

/// Turns a history may take; a till that never rests takes more.
const TURNS_MAX: u32 = 30_000;
/// Turns at one instant; a till that wakes itself for nothing takes more.
const TURNS_AT_ONCE_MAX: u32 = 400;
/// How long after the end of all faults the till must rest, in ms.
const REST_MS: i64 = 40 * 60_000;
/// The same where a manager forbade the reversal: then the channel's own expiry ends it (M17).
const REST_WITH_GOODS_GONE_MS: i64 = 4 * 3_600_000;
/// How far the channel's clock runs on before the books are compared, in ms.
const AFTERWARDS_MS: i64 = 4 * 3_600_000;

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
    pub(super) disk: Disk,
    pub(super) practice: Practice,
    pub(super) till: Option<Till<TillKeys>>,
    pub(super) onlooker: Option<Onlooker>,
    pub(super) network: Network,
    pub(super) counter: Counter,
    pub(super) record: Record,
    pub(super) trace: Trace,
    pub(super) fired: Fired,
    pub(super) requests: BTreeMap<usize, Request>,
    pub(super) courses: BTreeMap<usize, super::post::Way>,
    /// The last phase in the log, by number.
    pub(super) phases: BTreeMap<String, String>,
    pub(super) goods_gone: BTreeSet<String>,
    pub(super) start: u32,
    pub(super) stalled_until_ms: i64,
    pub(super) full_until_ms: i64,
    queue: BTreeMap<(i64, u64), Happening>,
    placed: u64,
    pub(super) pace: Chance,
    pub(super) signing: Signing,
    pub(super) syncs_seen: u64,
    pub(super) revision_seen: u64,
    /// What becomes of the disk when the power goes, and for how long it stays away.
    pub(super) cut: (Fate, i64),
    /// Whether the till is off and will start again.
    pub(super) off: bool,
    pub(super) healed_ms: Option<i64>,
    rest_checked_ms: i64,
    turns: u32,
    turns_at_once: u32,
    /// What the channel does to the request of this number.
    pub(super) spoilt: Option<(usize, Fault)>,
    /// Whether nothing was open since the planned cuts, and after how many changes.
    pub(super) recovered: Option<u64>,
    pub(super) backups: Backups,
}

/// What a history leaves behind.
pub struct Past {
    /// What the onlooker wrote down.
    pub record: Record,
    /// The channel with its ledger.
    pub practice: Practice,
    /// What happened.
    pub trace: Trace,
    /// Which faults fired.
    pub fired: Fired,
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
    world.boot(None);
    world.run();
    world.close_books()
}

impl<'p> World<'p> {
    pub(super) fn new(plan: &'p Plan, scene: Option<&'p Scene>) -> World<'p> {
        let signing = Signing::of(plan.seed);
        let options =
            Options { cancel_unscanned: plan.cancel_unscanned, ..Options::new(plan.seed) };
        let journal = scene.map(|scene| scene.before.journal.clone());
        let practice = match (signing, journal) {
            (Signing::KeyedHash, Some(journal)) => {
                Practice::from_journal(options, keyed_hash(), journal)
            }
            (Signing::KeyedHash, None) => Practice::new(options, keyed_hash()),
            (Signing::Rsa, _) => Practice::new(options, rsa_signer()),
        };
        let disk = match scene {
            Some(scene) => Disk::with(next_disk(), &scene.before.files),
            None => Disk::new(next_disk()),
        };
        World {
            plan,
            scene,
            now_ms: plan.begins_ms,
            disk,
            practice,
            till: None,
            onlooker: None,
            network: Network::new(plan),
            counter: Counter::default(),
            record: Record::default(),
            trace: Trace::default(),
            fired: Fired::default(),
            requests: BTreeMap::new(),
            courses: BTreeMap::new(),
            phases: BTreeMap::new(),
            goods_gone: BTreeSet::new(),
            start: 0,
            stalled_until_ms: i64::MIN,
            full_until_ms: i64::MIN,
            queue: BTreeMap::new(),
            placed: 0,
            pace: stream(plan.seed, 3),
            signing,
            syncs_seen: 0,
            revision_seen: 0,
            cut: (Fate::Kept, 1_000),
            off: false,
            healed_ms: None,
            rest_checked_ms: 0,
            turns: 0,
            turns_at_once: 0,
            spoilt: None,
            recovered: None,
            backups: Backups::default(),
        }
    }

    pub(super) fn schedule(&mut self, operations: usize) {
        let begins_ms = self.plan.begins_ms;
        let mut end_ms = 3_000;
        for (index, planned) in self.plan.operations.iter().take(operations).enumerate() {
            self.put(begins_ms + planned.at_ms, Happening::Operation(index));
            end_ms = end_ms.max(planned.at_ms);
        }
        if 0 < self.plan.down_at_boot_ms {
            self.network.set_down(true);
            self.put(begins_ms + self.plan.down_at_boot_ms, Happening::NetworkBack);
        }
        let heals_ms = if self.scene.is_some() { 1_000 } else { 20_000 };
        self.put(begins_ms + end_ms + heals_ms, Happening::Heals);
        self.set_weather();
    }

    /// Puts something into the queue; at one instant things happen in the order they were put.
    pub(super) fn put(&mut self, at_ms: i64, happening: Happening) {
        self.placed += 1;
        self.queue.insert((at_ms.max(self.now_ms), self.placed), happening);
    }

    /// Returns the till's time.
    pub(super) fn till_now(&self) -> Timestamp {
        Timestamp(self.now_ms + self.plan.skew_ms)
    }

    pub(super) fn say(&mut self, what: std::fmt::Arguments<'_>) {
        self.trace.say(self.now_ms - self.plan.begins_ms, what);
    }

    pub(super) fn broken(&mut self, invariant: &'static str, what: String) {
        self.say(format_args!("BROKEN {invariant}: {what}"));
        let at_ms = self.now_ms;
        self.record.broken.push(Broken { invariant, at_ms, what });
    }

    pub(super) fn run(&mut self) {
        while self.record.broken.is_empty() && !self.is_over() {
            if !self.turn() {
                return;
            }
        }
    }

    /// Takes one turn; false where nothing is left to happen.
    fn turn(&mut self) -> bool {
        let due = self.queue.keys().next().copied();
        let wake_ms = self.wake_ms();
        let at_ms = match (due, wake_ms) {
            (Some((at_ms, _)), Some(wake_ms)) => at_ms.min(wake_ms),
            (Some((at_ms, _)), None) => at_ms,
            (None, Some(wake_ms)) => wake_ms,
            (None, None) => return false,
        };
        self.count_turn(at_ms);
        self.now_ms = self.now_ms.max(at_ms);
        self.practice.advance(self.now_ms);
        if let Some(key) = due.filter(|(due_ms, _)| *due_ms <= self.now_ms)
            && let Some(happening) = self.queue.remove(&key)
        {
            self.happen(happening);
        }
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

    /// When the till asked to be woken, in the world's time.
    fn wake_ms(&self) -> Option<i64> {
        let till = self.till.as_ref()?;
        // What cannot be read is looked at again within a second.
        let again = Timestamp(self.now_ms + self.plan.skew_ms + 1_000);
        let wake = till.wake_at().unwrap_or(Some(again))?;
        Some((wake.0.saturating_sub(self.plan.skew_ms)).max(self.stalled_until_ms).max(self.now_ms))
    }

    fn happen(&mut self, happening: Happening) {
        if self.is_stalled() && happening.needs_the_till() {
            self.put(self.stalled_until_ms, happening);
            return;
        }
        match happening {
            Happening::Operation(index) => self.operate(index),
            Happening::Press { sale } => self.press(sale),
            Happening::Arrives { call, answered } => self.arrives(call, answered),
            Happening::Returns { call, id, start, comes } => self.returns(call, id, start, comes),
            Happening::Scans { qr, no, from } => self.scans(&qr, &no, from),
            Happening::Decides { no, decision } => self.decides(&no, decision),
            Happening::HandsOver { no } => self.hands_over(no),
            Happening::Wakes => (),
            Happening::PowerBack { fuse } => self.boot(fuse),
            Happening::NetworkBack => {
                self.network.set_down(false);
                self.say(format_args!("the network is back"));
            }
            Happening::RoomAgain => {
                self.disk.set_full(false);
                self.say(format_args!("the disk has room again"));
            }
            Happening::StormOver => {
                self.network.calm();
                self.set_weather();
                self.say(format_args!("the storm is over"));
            }
            Happening::Heals => self.heals(),
            Happening::Manages => self.manages(),
        }
    }

    /// The channel's weather as it is on such a day.
    fn set_weather(&mut self) {
        let weather = self.practice.weather_mut();
        weather.clear();
        if self.healed_ms.is_none() {
            for (kind, per_mille) in self.plan.theme.weather() {
                weather.set(*kind, *per_mille);
            }
        }
    }

    fn operate(&mut self, index: usize) {
        let operation = self.plan.operations[index].operation.clone();
        match operation {
            Operation::NetworkDown { for_ms } => {
                self.network.set_down(true);
                self.say(format_args!("the network goes down"));
                self.put(self.now_ms + for_ms, Happening::NetworkBack);
            }
            Operation::Storm { for_ms, seller } => {
                self.network.storm();
                self.practice.weather_mut().storm();
                if seller == super::plan::Seller::Empty {
                    let empty = mianfu_practice::FaultKind::SellerEmpty;
                    self.practice.weather_mut().set(empty, 400);
                }
                self.say(format_args!("a storm begins"));
                self.put(self.now_ms + for_ms, Happening::StormOver);
            }
            Operation::Close { down_ms } => self.close(down_ms),
            Operation::PowerCut { fate, down_ms } => {
                self.cut = (fate, down_ms);
                self.disk.cut();
            }
            Operation::Fuse { changes, fate, down_ms } => {
                self.cut = (fate, down_ms);
                self.disk.set_fuse(changes);
            }
            Operation::DiskFull { for_ms } => {
                self.disk.set_full(true);
                self.full_until_ms = self.now_ms + for_ms;
                self.say(format_args!("the disk is full"));
                self.put(self.full_until_ms, Happening::RoomAgain);
            }
            Operation::Stall { for_ms } => self.stall(for_ms),
            Operation::Sell(_)
            | Operation::PressAgain
            | Operation::Rescan
            | Operation::Cancel
            | Operation::AskNow
            | Operation::PutAside
            | Operation::BringBack
            | Operation::Clear
            | Operation::Cash
            | Operation::GoodsGone
            | Operation::ChargeAgain(_)
            | Operation::CashSale { .. }
            | Operation::BackUp
            | Operation::Refund { .. } => self.cashier(operation),
        }
    }

    /// Wakes the till and lets its calls leave. What it kept is read first.
    fn work(&mut self) {
        if self.disk.is_dead() {
            self.power_goes();
            return;
        }
        if self.is_stalled() || self.till.is_none() {
            return;
        }
        let now = self.till_now();
        if let Some(till) = &mut self.till {
            till.tick(now);
        }
        if self.pace.happens(self.plan.slow_per_mille) {
            let long_per_mille = if self.plan.theme == Theme::Sluggish { 600 } else { 200 };
            let for_ms = if self.pace.happens(long_per_mille) { 9_000 } else { 400 };
            let for_ms = i64::try_from(self.pace.below(for_ms)).unwrap_or(0);
            self.stall(for_ms);
        }
        if self.disk.is_dead() {
            self.power_goes();
            return;
        }
        if self.is_stalled() {
            self.look();
            return;
        }
        let calls = match &mut self.till {
            Some(till) => till.take_calls(now),
            None => Vec::new(),
        };
        if self.disk.is_dead() {
            self.power_goes();
            return;
        }
        self.look();
        for call in calls {
            self.leaves(call);
        }
    }

    /// The onlooker reads what was kept and what stands on the screen.
    fn look(&mut self) {
        if self.disk.syncs() != self.syncs_seen {
            self.syncs_seen = self.disk.syncs();
            self.read_log();
        }
        let revision = self.till.as_ref().map_or(0, Till::revision);
        if self.till.is_some() && revision != self.revision_seen {
            self.revision_seen = revision;
            self.read_screen();
        }
    }

    fn read_log(&mut self) {
        let last = self.record.log.last().map_or(0, |line| line.seq);
        let Some(onlooker) = &self.onlooker else { return };
        self.disk.looked_at(true);
        let lines = onlooker.lines_after(last, self.now_ms);
        self.disk.looked_at(false);
        let lines = match lines {
            Ok(lines) => lines,
            Err(error) => {
                self.broken("I19", format!("the log cannot be read: {error}"));
                return;
            }
        };
        for line in lines {
            let phase = line.row.text("phase").to_owned();
            self.say(format_args!("kept {} {} {} {phase}", line.kind, line.table, line.key));
            if line.table == "attempt" {
                if !line.row.text("goods_gone_by").is_empty() {
                    self.goods_gone.insert(line.key.clone());
                }
                self.phases.insert(line.key.clone(), phase);
            }
            self.record.log.push(line);
        }
    }

    fn stall(&mut self, for_ms: i64) {
        self.stalled_until_ms = self.now_ms + for_ms;
        self.say(format_args!("the machine stands still for {for_ms} ms"));
        self.put(self.stalled_until_ms, Happening::Wakes);
    }

    /// Says whether everything can be kept. A till that could not looks again within half a minute.
    pub(super) fn disk_is_sound(&self) -> bool {
        let troubled = self.disk.is_dead() || self.disk.has_failed();
        !troubled && self.full_until_ms.saturating_add(40_000) < self.now_ms
    }

    fn is_stalled(&self) -> bool {
        self.now_ms < self.stalled_until_ms
    }

    fn heals(&mut self) {
        self.say(format_args!("all faults end"));
        self.healed_ms = Some(self.now_ms);
        self.network.heal();
        self.disk.end_fuse();
        self.disk.set_full(false);
        self.set_weather();
        self.put(self.now_ms + 1_000, Happening::Manages);
    }

    /// Says whether everything is known and nobody has anything left to do.
    fn is_over(&mut self) -> bool {
        let Some(healed_ms) = self.healed_ms else { return false };
        if self.till.is_none() || self.now_ms < self.rest_checked_ms + 3_000 {
            return false;
        }
        self.rest_checked_ms = self.now_ms;
        let settled = self.till.as_ref().is_some_and(|till| till.is_settled().unwrap_or(false));
        let idle = self.queue.values().all(|happening| self.is_idle(happening));
        let quiet_ms = if self.scene.is_some() { 3_000 } else { 30_000 };
        if settled && idle && healed_ms + quiet_ms < self.now_ms {
            return true;
        }
        let limit_ms = match self.goods_gone.is_empty() {
            true => REST_MS,
            false => REST_WITH_GOODS_GONE_MS,
        };
        if healed_ms + limit_ms < self.now_ms {
            self.broken("I22", format!("not at rest: settled {settled}, idle {idle}"));
        }
        false
    }

    /// Only harmless questions are on their way.
    fn is_idle(&self, happening: &Happening) -> bool {
        let (Happening::Arrives { call, .. } | Happening::Returns { call, .. }) = happening else {
            return false;
        };
        self.record.calls[*call].is_probe()
    }

    pub(super) fn close_books(mut self) -> Past {
        self.practice.advance(self.now_ms + AFTERWARDS_MS);
        if let Some(onlooker) = &self.onlooker {
            self.disk.looked_at(true);
            match onlooker.tables() {
                Ok(tables) => self.record.tables = tables,
                Err(error) => self.broken("I19", format!("the tables cannot be read: {error}")),
            }
            self.disk.looked_at(false);
        }
        let counted = Counted {
            disk: self.disk.counts(),
            channel: self.record.calls.len(),
            recovery: self.recovered.unwrap_or_default(),
        };
        self.disk.calm();
        let left = match self.scene {
            Some(_) => Image { files: self.disk.files(), journal: self.practice.take_unsaved() },
            None => Image::default(),
        };
        // The onlooker goes first, so that the till's connection is the last on the file.
        self.onlooker = None;
        self.till = None;
        Past {
            record: self.record,
            practice: self.practice,
            trace: self.trace,
            fired: self.fired,
            counted,
            left,
            disk: self.disk,
            backups: self.backups,
        }
    }
}

impl Happening {
    /// Says whether it waits while the machine stands still.
    fn needs_the_till(&self) -> bool {
        match self {
            Happening::Press { .. }
            | Happening::Returns { .. }
            | Happening::HandsOver { .. }
            | Happening::Operation(_)
            | Happening::Manages => true,
            Happening::Arrives { .. }
            | Happening::Scans { .. }
            | Happening::Decides { .. }
            | Happening::Wakes
            | Happening::PowerBack { .. }
            | Happening::NetworkBack
            | Happening::RoomAgain
            | Happening::StormOver
            | Happening::Heals => false,
        }
    }
}

/// Returns a number that no other disk of this process has.
fn next_disk() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};

    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
