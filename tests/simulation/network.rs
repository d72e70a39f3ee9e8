//! The way between the till and the channel, and what befalls a request on it.
//!
//! It spoils what is told, never what is true, and never lies about one thing: *unreachable* is
//! said only of a request that certainly never arrives.

use std::collections::{BTreeMap, BTreeSet};

use mianfu_practice::chance::Chance;

use super::faults::{Faults, Kind};
use super::plan::{Plan, stream};
use super::script::Spoil;

/// What befalls a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// No connection: certainly nothing arrives.
    Unreachable { after_ms: i64 },
    /// It never arrives, and the till waits in vain.
    Lost,
    /// The connection breaks before it arrives.
    BrokenEarly { after_ms: i64 },
    /// Something in between answers with this status; it never arrives.
    Intercepted { after_ms: i64, status: u16 },
    /// It arrives.
    Travels {
        /// How long it takes to arrive, in ms.
        there_ms: i64,
        /// What becomes of the answer.
        back: Back,
        /// When it arrives a second time, in ms after leaving.
        again_ms: Option<i64>,
    },
}

/// What becomes of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Back {
    /// It comes, after so many ms.
    Comes { ms: i64 },
    /// It is lost.
    Lost,
    /// The connection breaks in the middle of it.
    Broken { ms: i64 },
    /// Its end is missing.
    Truncated { ms: i64 },
    /// Another answer comes first.
    Overtaken,
    /// A byte in it is another.
    Tampered { ms: i64, place: u64 },
}

/// The faults of the network; the channel's own are practice's weather.
const FAULTS: [(&str, u64); 12] = [
    ("request_lost", 3),
    ("answer_lost", 4),
    ("request_late", 3),
    ("answer_late", 3),
    ("answer_overtaken", 2),
    ("doubled", 3),
    ("answer_broken", 2),
    ("request_broken", 1),
    ("answer_truncated", 1),
    ("answer_tampered", 2),
    ("unreachable", 3),
    ("intercepted", 2),
];

/// What undoes a sale's attempt.
const REVERSALS: [&str; 2] = ["alipay.trade.cancel", "wechat.v2.reverse"];

/// The network of one history.
#[derive(Debug)]
pub struct Network {
    chance: Chance,
    calm_per_mille: u32,
    per_mille: u32,
    reversals_lost_per_mille: u32,
    /// Why it is down, where it is.
    down: Option<&'static str>,
    faults: Faults,
    /// What is written down: the nth of a method, and how many of each have left.
    script: Vec<Spoil>,
    left: BTreeMap<String, u32>,
    /// How many requests have left, and which of them something befalls.
    count: usize,
    spoilt: Option<(usize, &'static str)>,
}

impl Network {
    /// Returns the network of a history.
    #[must_use]
    pub fn new(plan: &Plan) -> Network {
        Network {
            chance: stream(plan.seed, 2),
            calm_per_mille: plan.spoilt_per_mille,
            per_mille: plan.spoilt_per_mille,
            reversals_lost_per_mille: plan.theme.reversals_lost_per_mille(),
            down: None,
            faults: plan.faults,
            script: Vec::new(),
            left: BTreeMap::new(),
            count: 0,
            spoilt: None,
        }
    }

    /// Takes what is written down.
    pub fn script(&mut self, spoils: &[Spoil]) {
        self.script = spoils.to_vec();
    }

    /// Lets something befall one request, counted from 0.
    pub fn spoil_call(&mut self, at: usize, how: &'static str) {
        self.spoilt = Some((at, how));
    }

    /// What is written down for the next request of this method.
    fn written(&mut self, method: &str) -> Option<&'static str> {
        let name = method.rsplit('.').next().unwrap_or(method);
        let nth = self.left.entry(method.to_owned()).or_insert(0);
        let spoil = self.script.iter().find(|spoil| spoil.method == name && spoil.nth == *nth);
        *nth += 1;
        let spoilt = self.spoilt.filter(|(at, _)| *at == self.count).map(|(_, how)| how);
        self.count += 1;
        spoilt.or(spoil.map(|spoil| spoil.how))
    }

    /// Takes the network down, by the name of that fault.
    pub fn set_down(&mut self, fault: &'static str) {
        if self.faults.let_fire(fault) {
            self.down = Some(fault);
        }
    }

    /// Brings it back.
    pub fn set_up(&mut self) {
        self.down = None;
    }

    /// Spoils more than on a calm day.
    pub fn storm(&mut self) {
        self.per_mille = self.calm_per_mille.max(300);
    }

    /// Ends the storm.
    pub fn calm(&mut self) {
        self.per_mille = self.calm_per_mille;
    }

    /// Ends every fault.
    pub fn heal(&mut self) {
        self.calm_per_mille = 0;
        self.per_mille = 0;
        self.reversals_lost_per_mille = 0;
        self.down = None;
    }

    /// Decides the course of the next request, and names what spoils it.
    pub fn course(&mut self, method: &str) -> (Course, Option<&'static str>) {
        let written = self.written(method);
        if let Some(fault) = self.down {
            return (self.nowhere(), Some(fault));
        }
        let there_ms = self.between(5, 120);
        let back = Back::Comes { ms: self.between(5, 180) };
        let plain = Course::Travels { there_ms, back, again_ms: None };
        if let Some(name) = written {
            return (self.spoil(name, there_ms, back), Some(name));
        }
        if REVERSALS.contains(&method) && self.chance.happens(self.reversals_lost_per_mille) {
            let name = ["request_lost", "answer_lost", "request_late"];
            let name = name[usize::try_from(self.chance.below(3)).unwrap_or(0)];
            return self.spared(name, plain, there_ms, back);
        }
        if !self.chance.happens(self.per_mille) {
            return (plain, None);
        }
        let name = self.fault();
        self.spared(name, plain, there_ms, back)
    }

    /// A fault that the history does without is drawn and does nothing.
    fn spared(
        &mut self,
        name: &'static str,
        plain: Course,
        there_ms: i64,
        back: Back,
    ) -> (Course, Option<&'static str>) {
        let course = self.spoil(name, there_ms, back);
        if self.faults.let_fire(name) { (course, Some(name)) } else { (plain, None) }
    }

    fn spoil(&mut self, name: &str, there_ms: i64, back: Back) -> Course {
        let travels = |back| Course::Travels { there_ms, back, again_ms: None };
        let ms = self.between(5, 900);
        match name {
            "request_lost" => Course::Lost,
            "answer_lost" => travels(Back::Lost),
            "request_late" => {
                let there_ms = self.between(900, 45_000);
                Course::Travels { there_ms, back, again_ms: None }
            }
            "answer_late" => travels(Back::Comes { ms: self.between(900, 25_000) }),
            "answer_overtaken" => travels(Back::Overtaken),
            "doubled" => {
                let again_ms = Some(there_ms + self.between(1, 45_000));
                Course::Travels { there_ms, back, again_ms }
            }
            "answer_broken" => travels(Back::Broken { ms }),
            "request_broken" => Course::BrokenEarly { after_ms: ms },
            "answer_truncated" => travels(Back::Truncated { ms }),
            "answer_tampered" => travels(Back::Tampered { ms, place: self.chance.draw() }),
            "unreachable" => Course::Unreachable { after_ms: ms },
            _ => {
                let status = [200, 301, 403, 502, 503][usize::try_from(ms % 5).unwrap_or(0)];
                Course::Intercepted { after_ms: ms, status }
            }
        }
    }

    /// A network that is down refuses, or lets a warm connection wait for nothing.
    fn nowhere(&mut self) -> Course {
        match self.chance.below(4) {
            0 => Course::Lost,
            1 => Course::Unreachable { after_ms: 3_000 },
            _ => Course::Unreachable { after_ms: self.between(1, 40) },
        }
    }

    /// Draws a fault among those that the history lets happen; where it lets none, any, for nothing.
    fn fault(&mut self) -> &'static str {
        let faults = self.faults;
        let weight = |(name, weight): &(&str, u64)| if faults.let_fire(name) { *weight } else { 0 };
        let total: u64 = FAULTS.iter().map(weight).sum();
        let mut drawn = self.chance.below(total.max(1));
        for fault in &FAULTS {
            if drawn < weight(fault) {
                return fault.0;
            }
            drawn -= weight(fault);
        }
        "request_lost"
    }

    fn between(&mut self, least: u64, most: u64) -> i64 {
        i64::try_from(least + self.chance.below(most - least + 1)).unwrap_or(0)
    }
}

/// How often each fault fired, by what the till was doing then.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fired(pub BTreeMap<(String, String), u64>);

impl Fired {
    /// Counts a fault that befell an attempt in this phase.
    pub fn count(&mut self, fault: &str, phase: &str) {
        *self.0.entry((fault.to_owned(), phase.to_owned())).or_insert(0) += 1;
    }

    /// Adds another history's counts.
    pub fn add(&mut self, other: &Fired) {
        for (key, count) in &other.0 {
            *self.0.entry(key.clone()).or_insert(0) += count;
        }
    }

    /// Returns the kinds that fired.
    #[must_use]
    pub fn kinds(&self) -> BTreeSet<Kind> {
        self.0.keys().filter_map(|(fault, _)| Kind::of(fault)).collect()
    }

    /// Returns how often each kind fired in each phase.
    #[must_use]
    pub fn by_kind(&self) -> BTreeMap<(Kind, String), u64> {
        let mut counts = BTreeMap::new();
        for ((fault, phase), count) in &self.0 {
            if let Some(kind) = Kind::of(fault) {
                *counts.entry((kind, phase.clone())).or_insert(0) += count;
            }
        }
        counts
    }

    /// Returns how many fired altogether.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }
}
