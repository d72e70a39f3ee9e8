//! The till's time: the wall clock at start plus monotonic time since, so that a clock that jumps
//! reverses nothing and hangs nothing.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use mianfu_core::money::Timestamp;

/// Where a running till gets its time.
pub trait Clock: Send + 'static {
    /// Returns the time; never earlier than it returned before.
    fn now(&self) -> Timestamp;
}

/// The machine's clock, read once, and monotonic time from there on.
#[derive(Debug, Clone, Copy)]
pub struct MachineClock {
    wall: Timestamp,
    started: Instant,
}

impl MachineClock {
    /// Reads the machine's clock.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the program's clock is the one place")]
    pub fn start() -> MachineClock {
        let wall = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
        };
        MachineClock { wall: Timestamp(wall), started: Instant::now() }
    }
}

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        let since = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.wall.plus_ms(since)
    }
}
