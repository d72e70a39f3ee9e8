//! Milliseconds since 1970 to the texts on the wire and back.
//!
//! Alipay writes GMT+8 whatever the machine's zone; the HTTP date is GMT.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::tz::Offset;

const BEIJING: Offset = Offset::constant(8);
const FORMAT: &str = "%Y-%m-%d %H:%M:%S";
/// A day in ms.
pub(crate) const DAY_MS: i64 = 86_400_000;
const EIGHT_HOURS_MS: i64 = 28_800_000;

/// Writes an instant as `2026-11-21 20:03:21` in GMT+8.
pub fn beijing_text(at_ms: i64) -> String {
    BEIJING.to_datetime(instant(at_ms)).strftime(FORMAT).to_string()
}

/// Writes the day of an instant in GMT+8 as `20261121`.
pub fn beijing_day(at_ms: i64) -> String {
    BEIJING.to_datetime(instant(at_ms)).strftime("%Y%m%d").to_string()
}

/// Writes an instant as `20261121200321` in GMT+8.
pub fn beijing_digits(at_ms: i64) -> String {
    BEIJING.to_datetime(instant(at_ms)).strftime("%Y%m%d%H%M%S").to_string()
}

/// Writes an instant as `2026-11-21T20:03:21+08:00`.
pub fn beijing_rfc3339(at_ms: i64) -> String {
    BEIJING.to_datetime(instant(at_ms)).strftime("%Y-%m-%dT%H:%M:%S+08:00").to_string()
}

/// Reads an instant with its zone, such as `2026-11-21T20:03:21+08:00`.
pub fn from_rfc3339(text: &str) -> Option<i64> {
    Some(Timestamp::from_str(text).ok()?.as_millisecond())
}

/// Reads `2026-11-21 20:03:21` in GMT+8. None if it is anything else.
pub fn from_beijing_text(text: &str) -> Option<i64> {
    if text.len() != 19 {
        return None;
    }
    let civil = DateTime::strptime(FORMAT, text).ok()?;
    Some(BEIJING.to_timestamp(civil).ok()?.as_millisecond())
}

/// Returns the midnight in GMT+8 that ends the day of an instant.
pub fn beijing_midnight_after(at_ms: i64) -> i64 {
    (at_ms + EIGHT_HOURS_MS).div_euclid(DAY_MS) * DAY_MS + DAY_MS - EIGHT_HOURS_MS
}

/// Writes an instant for the HTTP `Date` header: `Sat, 21 Nov 2026 12:03:21 GMT`.
pub fn http_date(at_ms: i64) -> String {
    let at = instant(at_ms);
    DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap_or_default()
}

/// The years beyond jiff's reach do not occur on any clock that is handed in.
fn instant(at_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON_ISH_MS: i64 = 1_795_257_801_000;

    #[test]
    fn times_are_written_in_gmt_plus_eight_and_read_back() {
        assert_eq!(beijing_text(NOON_ISH_MS), "2026-11-21 18:43:21");
        assert_eq!(from_beijing_text("2026-11-21 18:43:21"), Some(NOON_ISH_MS));
        assert_eq!(from_beijing_text("2026-11-21T18:43:21"), None);
        assert_eq!(from_beijing_text("2026-13-21 18:43:21"), None);
        assert_eq!(http_date(NOON_ISH_MS), "Sat, 21 Nov 2026 10:43:21 GMT");
        assert_eq!(beijing_digits(NOON_ISH_MS), "20261121184321");
        assert_eq!(beijing_rfc3339(NOON_ISH_MS), "2026-11-21T18:43:21+08:00");
        assert_eq!(from_rfc3339("2026-11-21T18:43:21+08:00"), Some(NOON_ISH_MS));
        assert_eq!(from_rfc3339("2026-11-21 18:43:21"), None);
        assert_eq!(beijing_day(NOON_ISH_MS), "20261121");
    }

    #[test]
    fn a_day_ends_at_midnight_in_gmt_plus_eight() {
        assert_eq!(beijing_text(beijing_midnight_after(NOON_ISH_MS)), "2026-11-22 00:00:00");
    }
}
