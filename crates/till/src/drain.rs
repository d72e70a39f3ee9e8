//! What goes out by itself after an outage: how much of it, since when, and about how long yet.

use mianfu_core::breaker::Offer;
use mianfu_core::money::Timestamp;
pub use mianfu_db::Waits;
use mianfu_db::{DbError, Lane};
use mianfu_gateway::Keys;

use crate::till::Till;
use crate::worker::permits;

/// What waits to go out, by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Drain {
    /// Refunds, those that wait for a person not included.
    pub refunds: Waits,
    /// Questions about attempts that have ended.
    pub asks: Waits,
    /// About when all of it is done, were nothing sold meanwhile; `None` while a channel is not
    /// ready, or where nothing waits.
    pub done_at: Option<Timestamp>,
}

impl<K: Keys> Till<K> {
    pub(crate) fn drain(&self, now: Timestamp) -> Result<Drain, DbError> {
        let read = self.db.read();
        let (refunds, asks) = (read.refunds().waiting()?, read.queue().late_asks(now)?);
        let calls = i64::from(refunds.calls) + i64::from(asks.calls);
        let last_at = refunds.last_at.max(asks.last_at);
        let done_at = last_at.zip(self.background_pace_ms()).map(|(last_at, pace_ms)| {
            // Whatever was tried and not answered waits for its next try, however fast the rest goes.
            last_at.max(now.plus_ms(calls.saturating_mul(pace_ms)))
        });
        Ok(Drain { refunds, asks, done_at })
    }

    /// Returns how long one call takes of the slowest channel; `None` while one is not ready.
    fn background_pace_ms(&self) -> Option<i64> {
        let at_once = i64::try_from(permits(Lane::Background)).unwrap_or(1);
        let paces = self.lines.values().map(|line| {
            let ready = line.offer() == Offer::Ready;
            ready.then(|| line.pace_ms(at_once))
        });
        paces.collect::<Option<Vec<i64>>>()?.into_iter().max()
    }
}
