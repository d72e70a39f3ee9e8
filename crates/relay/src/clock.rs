//! The one place that reads the machine's clock.
//!
//! A relay follows the wall clock, however that is set: a machine that slept, or began with a wrong
//! time and learnt the right one later, would otherwise refuse tills and channels until it is
//! started again. Nothing here waits by it, and no nonce is taken twice for its sake.

use std::time::{SystemTime, UNIX_EPOCH};

use mianfu_relay::Timestamp;

/// Returns the machine's time.
#[expect(clippy::disallowed_methods, reason = "the program's clock")]
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
