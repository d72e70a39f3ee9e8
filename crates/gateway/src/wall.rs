//! Time as channels write it: Alipay's wall clock in GMT+8, WeChat Pay's two, and HTTP's `Date`.
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

/// Writes a moment the way WeChat Pay's v3 does, e.g. `2026-11-21T20:10:00+08:00`.
pub(crate) fn to_rfc3339(at: Timestamp) -> String {
    format!("{}+08:00", to_gmt8(at).replacen(' ', "T", 1))
}

/// Reads a moment with its zone, as WeChat Pay's v3 writes it. Anything else is `None`.
pub(crate) fn from_rfc3339(text: &str) -> Option<Timestamp> {
    let is_date_and_time = (20..=40).contains(&text.len()) && text.as_bytes()[10] == b'T';
    let at: jiff::Timestamp = is_date_and_time.then(|| text.parse().ok()).flatten()?;
    Some(Timestamp(at.as_millisecond()))
}

/// Reads a moment the way WeChat Pay's v2 does, e.g. `20261121201000`. Anything else is `None`.
pub(crate) fn from_compact(text: &str) -> Option<Timestamp> {
    if text.len() != 14 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize, to: usize| &text[from..to];
    from_gmt8(&format!(
        "{}-{}-{} {}:{}:{}",
        part(0, 4),
        part(4, 6),
        part(6, 8),
        part(8, 10),
        part(10, 12),
        part(12, 14)
    ))
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
    fn wechats_ways_of_writing_a_moment_are_read() {
        let at = Some(Timestamp(1_795_190_400_000));
        assert_eq!(to_rfc3339(Timestamp(1_795_190_400_999)), "2026-11-21T00:00:00+08:00");
        for text in ["2026-11-21T00:00:00+08:00", "2026-11-20T16:00:00Z"] {
            assert_eq!(from_rfc3339(text), at, "{text:?}");
        }
        for text in ["", "2026-11-21T00:00:00", "2026-11-21 00:00:00+08:00", "二〇二六年十一月二"]
        {
            assert_eq!(from_rfc3339(text), None, "{text:?}");
        }
        assert_eq!(from_compact("20261121000000"), at);
        for text in ["", "2026112100000", "20261321000000", "2026112100000x", "+0261121000000"] {
            assert_eq!(from_compact(text), None, "{text:?}");
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
