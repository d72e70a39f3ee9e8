//! Yuan text to whole fen and back.
//!
//! Strict on the way in: ASCII digits, at most two decimals, no sign, no exponent, no blanks and
//! no needless leading zero. Money is never anything but whole fen inside.

/// The most one trade may be for, in fen (opendocs 02ekfp: 100000000 yuan).
pub const MOST_FEN: i64 = 10_000_000_000;

/// Reads yuan text such as `12.5` as fen. None if it is not such a text.
pub fn fen_from_yuan(text: &str) -> Option<i64> {
    let (whole, decimals) = match text.split_once('.') {
        Some((whole, decimals)) => (whole, decimals),
        None => (text, "00"),
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || decimals.len() > 2 || whole.len() > 12 {
        return None;
    }
    if whole.len() > 1 && whole.starts_with('0') {
        return None;
    }
    let cents: i64 = decimals.parse().ok()?;
    let cents = if decimals.len() == 1 { cents * 10 } else { cents };
    let yuan: i64 = whole.parse().ok()?;
    yuan.checked_mul(100)?.checked_add(cents)
}

/// Writes fen the way Alipay does: `12.50`.
pub fn yuan_from_fen(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    let fen = fen.unsigned_abs();
    format!("{sign}{}.{:02}", fen / 100, fen % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, fen: Option<i64>) {
        assert_eq!(fen_from_yuan(text), fen, "`{text}`");
    }

    #[test]
    fn only_plain_yuan_text_is_money() {
        check("0.01", Some(1));
        check("12.5", Some(1250));
        check("12", Some(1200));
        check("100000000.00", Some(MOST_FEN));
        check("0", Some(0));
        check("", None);
        check(".5", None);
        check("5.", None);
        check("1.234", None);
        check("01.00", None);
        check("-1", None);
        check("+1", None);
        check("1e2", None);
        check(" 1", None);
        check("１２", None);
        check("99999999999999999999", None);
    }

    #[test]
    fn fen_come_back_from_their_own_text() {
        for fen in 0..20_000 {
            assert_eq!(fen_from_yuan(&yuan_from_fen(fen)), Some(fen));
        }
    }
}
