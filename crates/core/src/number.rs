//! The numbers a till gives: attempts (`out_trade_no`) and refunds (`out_request_no`).
//!
//! An out-trade-no is 28 digits beginning with 90 (M19): safe under a Chinese input method, never
//! like a payment code (16 to 24 digits beginning 10–15, 25–30 or 62), scannable as a barcode, and
//! telling our lines from others' in a statement.
//!
//! ```text
//! 90 SSSSS TTT EEEEEEEE CCCCCCCCCC
//! │  │     │   │        └ counter, 10 digits, up by one for each attempt
//! │  │     │   └ epoch, 8 digits, drawn at each birth or restore of a database
//! │  │     └ till, 3 digits
//! │  └ store, 5 digits
//! └ Mianfu
//! ```

use std::fmt;

use crate::mutant;

/// The number we give an attempt; our idempotency key, kept before anything is sent, never reused.
///
/// Invariant: 28 ASCII digits beginning with `90`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutTradeNo(String);

impl OutTradeNo {
    /// Digits in a number.
    pub const LEN: usize = 28;

    /// Reads a number of ours; `None` when it is not one.
    #[must_use]
    pub fn new(text: &str) -> Option<OutTradeNo> {
        let ours = text.len() == OutTradeNo::LEN
            && text.starts_with("90")
            && text.bytes().all(|b| b.is_ascii_digit());
        ours.then(|| OutTradeNo(text.to_owned()))
    }

    /// Composes the number `counter` of `series`.
    #[must_use]
    pub fn compose(series: Series, counter: Counter) -> OutTradeNo {
        let ours = if mutant::planted("m19_like_a_payment_code") { "28" } else { "90" };
        OutTradeNo(format!(
            "{ours}{:05}{:03}{:08}{:010}",
            series.store, series.till, series.epoch, counter.0
        ))
    }

    /// Returns the digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the series the number was drawn from.
    #[must_use]
    pub fn series(&self) -> Series {
        let part = |from: usize, to: usize| {
            self.0[from..to].parse().expect("a slice of a number is digits that fit")
        };
        Series { store: part(2, 7), till: part(7, 10), epoch: part(10, 18) }
    }

    /// Returns the number's place in its series.
    #[must_use]
    pub fn counter(&self) -> Counter {
        Counter(self.0[18..].parse().expect("ten digits fit in a u64"))
    }
}

impl fmt::Display for OutTradeNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What numbers of one till have in common between two births of its database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Series {
    /// The store's number, below 100,000.
    store: u32,
    /// The till's number within the store, below 1,000.
    till: u32,
    /// Drawn anew at each birth or restore of a database, below 100,000,000.
    epoch: u32,
}

impl Series {
    /// Returns the series, or `None` where a part has too many digits.
    #[must_use]
    pub fn new(store: u32, till: u32, epoch: u32) -> Option<Series> {
        (store < 100_000 && till < 1_000 && epoch < 100_000_000).then_some(Series {
            store,
            till,
            epoch,
        })
    }

    /// Returns the store's number.
    #[must_use]
    pub fn store(self) -> u32 {
        self.store
    }

    /// Returns the till's number.
    #[must_use]
    pub fn till(self) -> u32 {
        self.till
    }

    /// Returns the epoch.
    #[must_use]
    pub fn epoch(self) -> u32 {
        self.epoch
    }

    /// Returns the same till's series in another epoch.
    #[must_use]
    pub fn in_epoch(self, epoch: u32) -> Option<Series> {
        Series::new(self.store, self.till, epoch)
    }
}

/// A place in a series, below 10,000,000,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Counter(u64);

impl Counter {
    /// Returns the counter, or `None` where it has too many digits.
    #[must_use]
    pub fn new(counter: u64) -> Option<Counter> {
        (counter < 10_000_000_000).then_some(Counter(counter))
    }

    /// Returns the next place, or `None` at the end of the series.
    #[must_use]
    pub fn next(self) -> Option<Counter> {
        Counter::new(self.0 + 1)
    }

    /// Returns the number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}

/// The number of an order of this till, up by one for each sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderNo(pub i64);

impl fmt::Display for OrderNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The number on the receipt of a sale in cash. Such a sale has no out-trade-no: minting one would
/// leave a hole in the numbers that are searched after a restore.
///
/// ```text
/// 91 SSSSS TTT OOOOOOOOOO
/// │  │     │   └ order, 10 digits
/// │  │     └ till, 3 digits
/// │  └ store, 5 digits
/// └ Mianfu, in cash: no payment code begins so, and none of our other numbers
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CashNo {
    store: u32,
    till: u32,
    order: OrderNo,
}

impl CashNo {
    /// Digits in a number.
    pub const LEN: usize = 20;

    /// Reads a number of ours; `None` when it is not one.
    #[must_use]
    pub fn new(text: &str) -> Option<CashNo> {
        let ours = text.len() == CashNo::LEN
            && text.starts_with("91")
            && text.bytes().all(|b| b.is_ascii_digit());
        if !ours {
            return None;
        }
        let (store, till) = (text[2..7].parse().ok()?, text[7..10].parse().ok()?);
        Some(CashNo { store, till, order: OrderNo(text[10..].parse().ok()?) })
    }

    /// Composes the number of an order of this till.
    #[must_use]
    pub fn compose(series: Series, order: OrderNo) -> CashNo {
        CashNo { store: series.store, till: series.till, order }
    }

    /// Returns the order, where the number is of the same store and till as `series`.
    #[must_use]
    pub fn order_of(self, series: Series) -> Option<OrderNo> {
        let same = (self.store, self.till) == (series.store, series.till);
        same.then_some(self.order)
    }
}

impl fmt::Display for CashNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "91{:05}{:03}{:010}", self.store, self.till, self.order.0)
    }
}

/// The number we give a refund (`out_request_no`): the attempt's number, `R`, and how many refunds
/// the channel knew of it plus one, so that two tills collide instead of refunding twice (M20).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefundNo(String);

impl RefundNo {
    /// Refunds one attempt may have. WeChat Pay allows 50 (merchant documentation, refunds).
    pub const MAX_PER_ATTEMPT: u32 = 50;

    /// Composes the number of the attempt's `nth` refund, counted from 1; `None` beyond the limit.
    #[must_use]
    pub fn compose(out_trade_no: &OutTradeNo, nth: u32) -> Option<RefundNo> {
        (0 < nth && nth <= RefundNo::MAX_PER_ATTEMPT)
            .then(|| RefundNo(format!("{out_trade_no}R{nth}")))
    }

    /// Reads a refund number of ours; `None` when it is not one.
    #[must_use]
    pub fn new(text: &str) -> Option<RefundNo> {
        let (no, nth) = text.split_once('R')?;
        let composed = RefundNo::compose(&OutTradeNo::new(no)?, nth.parse().ok()?)?;
        (composed.0 == text).then_some(composed)
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RefundNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    #[test]
    pub(crate) fn m19_a_number_has_its_parts_and_is_no_payment_code() {
        let series = Series::new(42, 7, 12_345_678).unwrap();
        let no = OutTradeNo::compose(series, Counter::new(19).unwrap());
        assert_eq!(no.as_str(), "9000042007123456780000000019");
        assert_eq!(OutTradeNo::new(no.as_str()), Some(no.clone()));
        assert_eq!(no.series(), series);
        assert_eq!(no.counter().get(), 19);
        assert!(24 < no.as_str().len(), "longer than any payment code");
        for text in ["", "9000042007123456780000000O19", "9100042007123456780000000019", "90"] {
            assert_eq!(OutTradeNo::new(text), None, "{text}");
        }
    }

    #[test]
    fn the_number_of_a_sale_in_cash_names_its_till_and_its_order() {
        let series = Series::new(42, 7, 12_345_678).unwrap();
        let no = CashNo::compose(series, OrderNo(129));
        assert_eq!(no.to_string(), "91000420070000000129");
        assert_eq!(CashNo::new(&no.to_string()), Some(no));
        assert_eq!(no.order_of(series.in_epoch(1).unwrap()), Some(OrderNo(129)));
        assert_eq!(no.order_of(Series::new(42, 8, 12_345_678).unwrap()), None);
        assert_eq!(no.order_of(Series::new(43, 7, 12_345_678).unwrap()), None);
        for text in ["", "90000420070000000129", "9100042007000000012", "91000420070000000l29"] {
            assert_eq!(CashNo::new(text), None, "{text}");
        }
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        assert_eq!(Series::new(100_000, 0, 0), None);
        assert_eq!(Series::new(0, 1_000, 0), None);
        assert_eq!(Series::new(0, 0, 100_000_000), None);
        assert_eq!(Counter::new(10_000_000_000), None);
        assert_eq!(Counter::new(9_999_999_999).and_then(Counter::next), None);
    }

    #[test]
    pub(crate) fn m20_a_refund_number_is_the_attempts_with_r_and_its_place() {
        let no = OutTradeNo::new("9000042007123456780000000019").unwrap();
        let second = RefundNo::compose(&no, 2).unwrap();
        assert_eq!(second.as_str(), "9000042007123456780000000019R2");
        assert_eq!(RefundNo::new(second.as_str()), Some(second));
        assert_eq!(RefundNo::compose(&no, 0), None);
        assert_eq!(RefundNo::compose(&no, 51), None);
        assert_eq!(RefundNo::new("9000042007123456780000000019R02"), None);
    }
}
