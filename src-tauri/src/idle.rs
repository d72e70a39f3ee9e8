//! When practice ends by itself: after a quarter of an hour in which nobody touched the counter
//! and no practice sale was open. It is told the time and reads no clock.

use mianfu_core::money::Timestamp;

/// How long nobody may be there before practice ends.
const IDLE_MS: i64 = 900_000;
/// So long before its end the screen says that it comes.
const TOLD_MS: i64 = 60_000;

/// Since when nobody has touched the counter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Idle {
    stirred_at: Timestamp,
    is_told: bool,
}

/// What a look at the counter found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Nothing that the screen does not say.
    Same,
    /// The screen has to say that the end comes, or that it does not.
    Changed,
    /// Nobody has been there for too long.
    Over,
}

impl Idle {
    pub(crate) fn begin(now: Timestamp) -> Idle {
        Idle { stirred_at: now, is_told: false }
    }

    /// Notes that somebody is there.
    pub(crate) fn stir(&mut self, now: Timestamp) -> Seen {
        self.stirred_at = now;
        if std::mem::take(&mut self.is_told) { Seen::Changed } else { Seen::Same }
    }

    /// Looks whether anybody is there; `open` is whether a practice sale has no result.
    pub(crate) fn look(&mut self, open: bool, now: Timestamp) -> Seen {
        if open {
            return self.stir(now);
        }
        let idle_ms = now.since_ms(self.stirred_at);
        if IDLE_MS <= idle_ms {
            return Seen::Over;
        }
        let comes = IDLE_MS - TOLD_MS <= idle_ms;
        if std::mem::replace(&mut self.is_told, comes) == comes {
            return Seen::Same;
        }
        Seen::Changed
    }

    /// Returns when practice ends, where the screen has to say it.
    pub(crate) fn ends_at(&self) -> Option<Timestamp> {
        self.is_told.then(|| self.stirred_at.plus_ms(IDLE_MS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGAN: Timestamp = Timestamp(1_800_000_000_000);

    fn at(ms: i64) -> Timestamp {
        BEGAN.plus_ms(ms)
    }

    #[test]
    fn practice_ends_after_a_quarter_of_an_hour_and_says_so_in_its_last_minute() {
        let mut idle = Idle::begin(BEGAN);
        assert_eq!(idle.look(false, at(839_999)), Seen::Same);
        assert_eq!(idle.ends_at(), None, "nobody need read it yet");
        assert_eq!(idle.look(false, at(840_000)), Seen::Changed);
        assert_eq!(idle.ends_at(), Some(at(900_000)));
        assert_eq!(idle.look(false, at(899_999)), Seen::Same, "told once");
        assert_eq!(idle.look(false, at(900_000)), Seen::Over);
    }

    #[test]
    fn whoever_touches_the_counter_begins_the_time_anew() {
        let mut idle = Idle::begin(BEGAN);
        assert_eq!(idle.stir(at(100_000)), Seen::Same);
        assert_eq!(idle.look(false, at(950_000)), Seen::Changed, "the last minute");
        assert_eq!(idle.stir(at(960_000)), Seen::Changed, "it is called off on the screen");
        assert_eq!(idle.ends_at(), None);
        assert_eq!(idle.look(false, at(1_859_999)), Seen::Changed);
        assert_eq!(idle.look(false, at(1_860_000)), Seen::Over);
    }

    #[test]
    fn an_open_sale_keeps_practice_on_and_its_end_begins_the_time() {
        let mut idle = Idle::begin(BEGAN);
        for minute in 1..60 {
            assert_eq!(idle.look(true, at(minute * 60_000)), Seen::Same, "minute {minute}");
        }
        assert_eq!(idle.look(false, at(59 * 60_000 + 839_999)), Seen::Same);
        assert_eq!(idle.look(false, at(59 * 60_000 + 900_000)), Seen::Over);
    }
}
