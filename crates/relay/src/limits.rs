//! How often somebody may knock: so many at once, then one each so many milliseconds.
//!
//! Pure; the time comes in. One number per somebody, in a table with a bound. Whoever has been
//! quiet for long enough needs no row; where there is no room even so, the rest share one row.

use std::collections::BTreeMap;

use mianfu_core::money::Timestamp;
use mianfu_core::mutant;

/// How often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// At once.
    pub burst: u32,
    /// From one to the next, after that.
    pub each_ms: u32,
}

/// How often each of many may.
#[derive(Debug)]
pub struct Limiter<K> {
    rate: Rate,
    rows_max: usize,
    /// When everything that each was let through for would have come at the even pace.
    even: BTreeMap<K, Timestamp>,
    others: Timestamp,
}

impl<K: Ord + Clone> Limiter<K> {
    /// Returns a limiter that has heard of nobody, with at most so many rows.
    #[must_use]
    pub fn new(rate: Rate, rows_max: usize) -> Limiter<K> {
        Limiter { rate, rows_max, even: BTreeMap::new(), others: Timestamp(i64::MIN) }
    }

    /// Lets one through, or not.
    pub fn lets(&mut self, who: &K, now: Timestamp) -> bool {
        if !self.even.contains_key(who) && self.rows_max <= self.even.len() {
            self.even.retain(|_, even| now < *even);
        }
        let has_room = self.even.contains_key(who) || self.even.len() < self.rows_max;
        let even = match has_room {
            true => self.even.entry(who.clone()).or_insert(Timestamp(i64::MIN)),
            false => &mut self.others,
        };
        let each_ms = i64::from(self.rate.each_ms);
        let whole_ms = i64::from(self.rate.burst) * each_ms;
        // Further ahead than a whole burst nobody gets: the clock was set back.
        let is_possible = even.since_ms(now) <= whole_ms;
        let from = if is_possible { (*even).max(now) } else { now };
        if whole_ms - each_ms < from.since_ms(now) && !mutant::planted("relay_lets_anybody") {
            return false;
        }
        *even = from.plus_ms(each_ms);
        true
    }

    /// Returns how many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.even.len()
    }
}
