//! Money and the numbers that travel with it.
//!
//! Amounts are whole fen; text exists at the edges only. There is no float anywhere near money.

use std::fmt;

use crate::mutant;

/// An amount in fen, one hundredth of a yuan: what is owed, a total, a refund.
///
/// Invariant: never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Fen(i64);

impl Fen {
    /// Nothing.
    pub const ZERO: Fen = Fen(0);

    /// Returns the amount, or `None` when it is negative.
    #[must_use]
    pub fn new(fen: i64) -> Option<Fen> {
        (0 <= fen).then_some(Fen(fen))
    }

    /// Returns the number of fen.
    #[must_use]
    pub fn get(self) -> i64 {
        self.0
    }

    /// Adds, or `None` where the sum would not fit.
    #[must_use]
    pub fn checked_add(self, other: Fen) -> Option<Fen> {
        if mutant::planted("law8_sum_wraps") {
            return Some(Fen(self.0.wrapping_add(other.0)));
        }
        self.0.checked_add(other.0).map(Fen)
    }

    /// Subtracts, or `None` where the result would be negative.
    #[must_use]
    pub fn checked_sub(self, other: Fen) -> Option<Fen> {
        self.0.checked_sub(other.0).and_then(Fen::new)
    }

    /// Returns the amount the way Alipay writes it, e.g. `12.05`.
    #[must_use]
    pub fn to_yuan(self) -> String {
        format!("{}.{:02}", self.0 / 100, self.0 % 100)
    }

    /// Reads yuan as a channel or a cashier writes them: ASCII digits, no sign, no exponent, no
    /// leading zero, at most two decimals. Anything else is `None`, so `1e2`, `01.00`, `１２` and
    /// `9.999` are not amounts.
    #[must_use]
    pub fn from_yuan(text: &str) -> Option<Fen> {
        let (whole, part) = match text.split_once('.') {
            Some((whole, part)) if (1..=2).contains(&part.len()) => (whole, part),
            Some(_) => return None,
            None => (text, ""),
        };
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let leading_zero = 1 < whole.len() && whole.starts_with('0');
        if whole.is_empty() || 11 < whole.len() || leading_zero || !digits(whole) || !digits(part) {
            return None;
        }
        let whole: i64 = whole.parse().ok()?;
        let fen: i64 = match part.len() {
            0 => 0,
            1 => part.parse::<i64>().ok()? * 10,
            _ => part.parse().ok()?,
        };
        Some(Fen(whole * 100 + fen))
    }
}

impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "¥{}", self.to_yuan())
    }
}

/// What one attempt may ask for, in fen.
///
/// Invariant: 1 to [`Charge::MAX_FEN`]; a store may lower the ceiling, never raise it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Charge(u32);

impl Charge {
    /// The most a single attempt may ask for: ¥50,000.00.
    pub const MAX_FEN: u32 = 5_000_000;

    /// Returns the charge, or `None` for zero, a negative amount or one above the ceiling.
    #[must_use]
    pub fn new(fen: i64) -> Option<Charge> {
        let fen = u32::try_from(fen).ok()?;
        (0 < fen && fen <= Charge::MAX_FEN).then_some(Charge(fen))
    }

    /// Returns the number of fen.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }

    /// Returns the same amount as [`Fen`].
    #[must_use]
    pub fn fen(self) -> Fen {
        Fen(i64::from(self.0))
    }
}

impl fmt::Display for Charge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.fen())
    }
}

/// Milliseconds since the epoch, handed in by the caller and never read from a clock in here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Returns the moment `ms` milliseconds later.
    #[must_use]
    pub fn plus_ms(self, ms: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(ms))
    }

    /// Returns how many milliseconds lie between `earlier` and this moment; negative if it is later.
    #[must_use]
    pub fn since_ms(self, earlier: Timestamp) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Returns the business day in Asia/Shanghai as days since 1970-01-01, whatever the machine's
    /// zone (M21). China has kept UTC+8 without summer time since 1991.
    #[must_use]
    pub fn business_day(self) -> BusinessDay {
        let ahead_ms = if mutant::planted("m21_the_machines_day") { 0 } else { 8 * 3_600_000 };
        BusinessDay(self.0.saturating_add(ahead_ms).div_euclid(86_400_000))
    }
}

/// A day of business in Asia/Shanghai, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BusinessDay(pub i64);

impl BusinessDay {
    /// Returns the first millisecond of the day.
    #[must_use]
    pub fn starts_at(self) -> Timestamp {
        Timestamp(self.0 * 86_400_000 - 8 * 3_600_000)
    }

    /// Returns the first millisecond of the next day.
    #[must_use]
    pub fn ends_at(self) -> Timestamp {
        BusinessDay(self.0 + 1).starts_at()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<i64>) {
        assert_eq!(Fen::from_yuan(text).map(Fen::get), expected, "{text:?}");
    }

    #[test]
    fn only_plain_yuan_is_an_amount() {
        check("12.50", Some(1250));
        check("12.5", Some(1250));
        check("12", Some(1200));
        check("0.01", Some(1));
        check("0", Some(0));
        check("99999999999.99", Some(9_999_999_999_999));
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "1e2",
            "01.00",
            "9.999",
            "1,000",
            " 1",
            "1 ",
            "１２",
            "12.５",
            "0x1",
            "¥1",
            "1.0.0",
            "NaN",
            "999999999999",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn text_and_fen_are_a_bijection() {
        for fen in 0..=1_000_000 {
            let fen = Fen(fen);
            assert_eq!(Fen::from_yuan(&fen.to_yuan()), Some(fen));
        }
    }

    #[test]
    pub(crate) fn law8_a_sum_that_does_not_fit_is_refused() {
        let most = Fen(i64::MAX);
        assert_eq!(most.checked_add(Fen(1)), None);
        assert_eq!(Fen(1).checked_sub(Fen(2)), None, "an amount is never negative");
        assert_eq!(Fen(1).checked_add(Fen(2)), Some(Fen(3)));
    }

    #[test]
    fn a_charge_is_neither_nothing_nor_more_than_the_ceiling() {
        assert_eq!(Charge::new(0), None);
        assert_eq!(Charge::new(-1), None);
        assert_eq!(Charge::new(5_000_001), None);
        assert_eq!(Charge::new(i64::MAX), None);
        assert_eq!(Charge::new(1).map(Charge::get), Some(1));
        assert_eq!(Charge::new(5_000_000).map(Charge::get), Some(5_000_000));
    }

    #[test]
    pub(crate) fn m21_the_business_day_is_shanghai_whatever_the_machine_says() {
        // 2026-11-21 00:00 in Shanghai is 2026-11-20 16:00 UTC.
        let midnight = Timestamp(1_795_190_400_000);
        assert_eq!(midnight.business_day().starts_at(), midnight);
        assert_eq!(midnight.plus_ms(-1).business_day().0 + 1, midnight.business_day().0);
        assert_eq!(midnight.business_day().ends_at(), midnight.plus_ms(86_400_000));
    }
}
