//! The one place that reads the machine's clock.
//!
//! The time is the wall clock at the start plus the monotonic time since, so that setting the
//! machine's clock moves nothing here.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A clock that started at a known wall time.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    started_ms: i64,
    started: Instant,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "the program's clock")]
    pub(crate) fn start() -> Clock {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let started_ms = i64::try_from(wall.as_millis()).unwrap_or(0);
        Clock { started_ms, started: Instant::now() }
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.started_ms + i64::try_from(self.started.elapsed().as_millis()).unwrap_or(0)
    }
}
