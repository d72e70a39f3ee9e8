//! How fast a channel may be called: a token bucket in whole numbers, below the published limit.

use crate::money::Timestamp;

/// A token bucket. One call takes one token; what does not fit waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    calls_max: u32,
    ms_per_call: u32,
    /// When the bucket is full again, were nothing more taken.
    full_at: Timestamp,
}

impl Bucket {
    /// Returns a full bucket of `calls_max` calls that regains one every `ms_per_call` ms.
    #[must_use]
    pub fn new(calls_max: u32, ms_per_call: u32) -> Bucket {
        Bucket { calls_max, ms_per_call, full_at: Timestamp(i64::MIN) }
    }

    /// Takes a token.
    ///
    /// # Errors
    ///
    /// Returns when the next token is there if there is none now.
    pub fn take(&mut self, now: Timestamp) -> Result<(), Timestamp> {
        self.take_leaving(now, 0)
    }

    /// Takes a token if so many are left after it, for calls that cannot wait.
    ///
    /// # Errors
    ///
    /// Returns when there will be enough if there are not now.
    pub fn take_leaving(&mut self, now: Timestamp, left: u32) -> Result<(), Timestamp> {
        let full_at = self.full_at.max(now);
        let calls = self.calls_max.saturating_sub(left);
        let depth_ms = i64::from(calls) * i64::from(self.ms_per_call);
        let next = full_at.plus_ms(i64::from(self.ms_per_call));
        if depth_ms < next.since_ms(now) {
            return Err(next.plus_ms(-depth_ms));
        }
        self.full_at = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_the_rest_waits_for_its_token() {
        let mut bucket = Bucket::new(3, 100);
        for _ in 0..3 {
            assert_eq!(bucket.take(Timestamp(1_000)), Ok(()));
        }
        assert_eq!(bucket.take(Timestamp(1_000)), Err(Timestamp(1_100)));
        assert_eq!(bucket.take(Timestamp(1_099)), Err(Timestamp(1_100)));
        assert_eq!(bucket.take(Timestamp(1_100)), Ok(()));
        assert_eq!(bucket.take(Timestamp(1_100)), Err(Timestamp(1_200)));
        for _ in 0..3 {
            assert_eq!(bucket.take(Timestamp(9_000)), Ok(()), "it fills up, and no further");
        }
        assert_eq!(bucket.take(Timestamp(9_000)), Err(Timestamp(9_100)));
    }
    #[test]
    fn who_can_wait_leaves_tokens_for_those_who_cannot() {
        let mut bucket = Bucket::new(3, 100);
        assert_eq!(bucket.take_leaving(Timestamp(1_000), 2), Ok(()));
        assert_eq!(bucket.take_leaving(Timestamp(1_000), 2), Err(Timestamp(1_100)));
        assert_eq!(bucket.take(Timestamp(1_000)), Ok(()), "two are left for these");
        assert_eq!(bucket.take(Timestamp(1_000)), Ok(()));
        assert_eq!(bucket.take(Timestamp(1_000)), Err(Timestamp(1_100)));
        assert_eq!(bucket.take_leaving(Timestamp(1_200), 2), Err(Timestamp(1_300)));
        assert_eq!(bucket.take_leaving(Timestamp(1_300), 2), Ok(()), "it goes on as fast");
    }
}
