//! What a channel says without a signature: it counts once it was said twice, ten seconds apart (M10).
//!
//! It is known to this process only; after a start it must be said anew.

use std::collections::BTreeMap;

use mianfu_core::money::Timestamp;
use mianfu_core::mutant;

/// How far apart it must be said.
const APART_MS: i64 = 10_000;
/// How many things are remembered; more than a queue that drains has.
const KEPT_MAX: usize = 256;

/// What was said once, by what it was said of, and when first.
#[derive(Debug, Default)]
pub(crate) struct Unsigned(BTreeMap<String, Timestamp>);

impl Unsigned {
    /// Says whether the same was said before, long enough ago; then it is forgotten.
    pub(crate) fn is_enough(&mut self, of: &str, now: Timestamp) -> bool {
        if mutant::planted("m10_unsigned_is_never_enough") {
            return false;
        }
        if KEPT_MAX <= self.0.len() {
            self.0.clear();
        }
        let first = *self.0.entry(of.to_owned()).or_insert(now);
        let enough =
            APART_MS <= now.since_ms(first) || mutant::planted("m10_unsigned_once_is_enough");
        if enough {
            self.0.remove(of);
        }
        enough
    }

    /// Something else was said of it since.
    pub(crate) fn forget(&mut self, of: &str) {
        self.0.remove(of);
    }
}
