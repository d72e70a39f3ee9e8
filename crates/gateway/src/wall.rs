//! Time as channels write it: Alipay's wall clock in GMT+8, and HTTP's `Date`.
//!
//! China has kept GMT+8 without summer time since 1991, so a fixed offset is exact.

use jiff::civil::DateTime;
use jiff::fmt::rfc2822;
use jiff::tz::{self, Offset};
use mianfu_core::money::Timestamp;

use crate::HttpReply;

const GMT8: Offset = tz::offset(8);
const PATTERN: &str = "%Y-%m-%d %H:%M:%S";
/// The last moment the calendar knows; the pattern has no room for a longer year.
const LAST_MS: i64 = 253_402_207_200_000;

/// Writes a moment the way Alipay does, e.g. `2026-11-21 20:10:00` (opendocs 057k53).
pub(crate) fn to_gmt8(at: Timestamp) -> String {
    let ms = at.0.clamp(0, LAST_MS);
    let at = jiff::Timestamp::from_millisecond(ms).expect("clamped to years that exist");
    GMT8.to_datetime(at).strftime(PATTERN).to_string()
}

/// Reads a moment the way Alipay writes it, with or without a fraction of a second, which is
/// dropped. Anything else is `None`.
pub(crate) fn from_gmt8(text: &str) -> Option<Timestamp> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let shaped = seconds.len() == 19
        && seconds.bytes().zip(b"0000-00-00 00:00:00").all(|(byte, &like)| match like {
            b'0' => byte.is_ascii_digit(),
            mark => byte == mark,
        });
    let fraction_is_digits =
        (1..=9).contains(&fraction.len()) && fraction.bytes().all(|byte| byte.is_ascii_digit());
    if !shaped || !fraction_is_digits {
        return None;
    }
    let at = DateTime::strptime(PATTERN, seconds).ok()?;
    Some(Timestamp(GMT8.to_timestamp(at).ok()?.as_millisecond()))
}

/// Returns the time in an answer's `Date` header, to a second; `None` where it has none we can
/// read. Unsigned: it sets the clock's offset and proves nothing.
#[must_use]
pub fn channel_time(reply: &HttpReply) -> Option<Timestamp> {
    let (_, value) = reply.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("date"))?;
    if !value.ends_with(" GMT") {
        return None;
    }
    let at = rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
    Some(Timestamp(at.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_in_gmt8_whatever_the_machines_zone() {
        assert_eq!(to_gmt8(Timestamp(0)), "1970-01-01 08:00:00");
        assert_eq!(to_gmt8(Timestamp(1_795_190_400_999)), "2026-11-21 00:00:00");
        assert_eq!(to_gmt8(Timestamp(i64::MAX)), "9999-12-31 06:00:00");
        assert_eq!(to_gmt8(Timestamp(i64::MIN)), "1970-01-01 08:00:00");
    }

    #[track_caller]
    fn check(text: &str, expected: Option<i64>) {
        assert_eq!(from_gmt8(text).map(|at| at.0), expected, "{text:?}");
    }

    #[test]
    fn only_alipays_way_of_writing_a_moment_is_read() {
        check("2026-11-21 00:00:00", Some(1_795_190_400_000));
        check("2026-11-21 00:00:00.987", Some(1_795_190_400_000));
        for text in [
            "",
            "2026-11-21",
            "2026-11-21T00:00:00",
            "2026-13-21 00:00:00",
            "2026-11-31 00:00:00",
            "2026-11-21 24:00:00",
            " 2026-11-21 00:00:00",
            "2026-11-21 00:00:00.",
            "+026-11-21 00:00:00",
            "２026-11-21 00:00",
            "2026-11-21 00:00:00Z",
            "2026/11/21 00:00:00",
            "2026-11-21 00:00:00.x",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn the_date_header_tells_the_channels_time() {
        let told = |value: &str| {
            let headers = vec![("dAtE".to_owned(), value.to_owned())];
            channel_time(&HttpReply { status: 200, headers, body: Vec::new() }).map(|at| at.0)
        };
        assert_eq!(told("Fri, 20 Nov 2026 16:00:00 GMT"), Some(1_795_190_400_000));
        for value in ["", "GMT", "yesterday GMT", "Fri, 20 Nov 2026 16:00:00 +0800", "0"] {
            assert_eq!(told(value), None, "{value:?}");
        }
        assert_eq!(channel_time(&HttpReply { status: 200, headers: vec![], body: vec![] }), None);
    }
}
