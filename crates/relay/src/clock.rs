//! The one place that reads the machine's clock: the wall clock at the start plus monotonic time
//! since, so that setting the machine's clock moves nothing here.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use mianfu_relay::Timestamp;

/// A clock that started at a known wall time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    wall: Timestamp,
    started: Instant,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "the program's clock")]
    pub(crate) fn start() -> Clock {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let wall = Timestamp(i64::try_from(wall.as_millis()).unwrap_or(i64::MAX));
        Clock { wall, started: Instant::now() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.wall.plus_ms(i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX))
    }
}
