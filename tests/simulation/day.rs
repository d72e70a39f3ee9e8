//! How long a day is: one in which too little happens says nothing about anything.
//!
//! Where the plan's last operation has happened and too little did, the day goes on, with sales and
//! trouble drawn from a stream of their own, until enough did or it was long enough all the same.

use mianfu_practice::chance::Chance;

use super::plan::stream;
use super::record::Broken;
use super::world::{Happening, World};

/// What must happen in a history: what people do, calls that leave, faults that fire.
pub const OPERATIONS_MIN: u64 = 60;
/// How many kinds of faults must fire.
pub const KINDS_MIN: usize = 3;
/// How often a day goes on.
const ROUNDS_MAX: usize = 12;
/// From the last operation of a day that goes on to its next one, in ms.
const PAUSE_MS: i64 = 15_000;

impl World<'_> {
    /// Says whether too little has happened so far.
    pub(super) fn is_too_short(&self) -> bool {
        self.counted_operations() < OPERATIONS_MIN || self.fired.kinds().len() < KINDS_MIN
    }

    /// The day goes on; false where no more operations may be given.
    pub(super) fn goes_on(&mut self) -> bool {
        let spared = self.plan.faults != super::faults::Faults::ALL;
        let rounds = self.rounds;
        if self.more == 0 || self.scene.is_some() || spared || ROUNDS_MAX <= rounds {
            return false;
        }
        self.rounds += 1;
        let mut chance: Chance = stream(self.plan.seed, 100 + u64::try_from(rounds).unwrap_or(0));
        let from_ms = self.all_on_ms() - self.plan.begins_ms;
        let mut more = self.plan.goes_on(&mut chance, from_ms);
        more.truncate(self.more);
        self.more -= more.len();
        let mut last_ms = from_ms;
        for planned in more {
            let at_ms = self.plan.begins_ms + planned.at_ms;
            last_ms = last_ms.max(planned.at_ms);
            self.operations.push(planned);
            self.put(at_ms, Happening::Operation(self.operations.len() - 1));
        }
        self.put(self.plan.begins_ms + last_ms + PAUSE_MS, Happening::Heals);
        true
    }

    /// When every till is on again, as far as that is planned.
    fn all_on_ms(&self) -> i64 {
        let back = self
            .queue
            .iter()
            .filter(|(_, (_, happening))| matches!(happening, Happening::PowerBack { .. }))
            .map(|((at_ms, _), _)| *at_ms + PAUSE_MS);
        back.max().unwrap_or(self.now_ms).max(self.now_ms)
    }
}

/// Returns what a whole history lacks: it is the plan's mistake, and no history at all.
#[must_use]
pub fn lacks(operations: u64, kinds: usize) -> Option<Broken> {
    let enough = OPERATIONS_MIN <= operations && KINDS_MIN <= kinds;
    let what = format!("only {operations} operations and {kinds} kinds of faults");
    (!enough).then_some(Broken { invariant: "plan", at_ms: 0, what })
}
