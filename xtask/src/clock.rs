//! The one clock of `cargo xtask`: how long a part took.

use std::time::Instant;

/// A stopwatch.
pub(crate) struct Since(Instant);

impl Since {
    #[expect(clippy::disallowed_methods, reason = "the program's one clock")]
    pub(crate) fn start() -> Since {
        Since(Instant::now())
    }

    /// Returns the minutes since the start with one decimal, rounded up so that nothing is free.
    pub(crate) fn minutes(&self) -> String {
        tenths(self.0.elapsed().as_secs())
    }
}

fn tenths(seconds: u64) -> String {
    let tenths = seconds.div_ceil(6);
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::tenths;

    #[test]
    fn minutes_have_one_decimal_and_round_up() {
        for (seconds, minutes) in [(0, "0.0"), (1, "0.1"), (60, "1.0"), (61, "1.1"), (3599, "60.0")]
        {
            assert_eq!(tenths(seconds), minutes, "{seconds} s");
        }
    }
}
