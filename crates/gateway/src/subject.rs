//! What a sale is called on the customer's phone and in the channel's statement.
//!
//! Cleaning never fails and is the same every time, so a sale keeps its bytes over retries.

/// A sale's title, fit for every channel: 1 to 256 characters of the Basic Multilingual Plane,
/// without `/ = &` (which Alipay forbids, opendocs 02ekfp), control characters, and the marks that
/// a channel's firewall takes for an attack (`isv.suspected-attack`, opendocs 02km9f).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject(String);

impl Subject {
    /// Characters at most.
    pub const MAX_CHARS: usize = 256;

    /// Stands where nothing of a title is left.
    const EMPTY: &'static str = "当面付";

    /// Cleans and cuts: forbidden marks become their full-width twins, what cannot be shown
    /// everywhere is dropped, blanks are joined.
    #[must_use]
    pub fn new(text: &str) -> Subject {
        let mut subject = String::new();
        let mut length = 0;
        let mut blank = false;
        for mark in text.chars() {
            if mark.is_whitespace() || mark.is_control() {
                blank = !subject.is_empty();
                continue;
            }
            if is_dropped(mark) {
                continue;
            }
            let room = Subject::MAX_CHARS - length;
            if room < 1 + usize::from(blank) {
                break;
            }
            if blank {
                subject.push(' ');
                length += 1;
                blank = false;
            }
            subject.push(full_width(mark));
            length += 1;
        }
        if subject.is_empty() {
            subject.push_str(Subject::EMPTY);
        }
        Subject(subject)
    }

    /// Returns the title.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn full_width(mark: char) -> char {
    match mark {
        '/' => '／',
        '=' => '＝',
        '&' => '＆',
        '<' => '＜',
        '>' => '＞',
        '"' => '＂',
        '\'' => '＇',
        '`' => '｀',
        '\\' => '＼',
        ';' => '；',
        '%' => '％',
        plain => plain,
    }
}

/// Says whether a character is left out: beyond the Basic Multilingual Plane (emoji), unseen
/// (joiners, direction marks, variation selectors), private or without meaning.
fn is_dropped(mark: char) -> bool {
    matches!(mark,
        '\u{10000}'..='\u{10ffff}'
        | '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{e000}'..='\u{f8ff}'
        | '\u{fdd0}'..='\u{fdef}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{fff0}'..='\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let subject = Subject::new(text);
        assert_eq!(subject.as_str(), expected, "{text:?}");
        assert_eq!(Subject::new(subject.as_str()), subject, "clean text stays as it is");
    }

    #[test]
    fn whatever_is_typed_becomes_a_title_a_channel_takes() {
        check("拿铁 大杯", "拿铁 大杯");
        check("  a\t\r\n b\0 ", "a b");
        check("咖啡☕👨‍👩‍👧 x", "咖啡☕ x");
        check("5/8 a=b&c", "5／8 a＝b＆c");
        check("'; DROP TABLE orders;--", "＇； DROP TABLE orders；--");
        check("<b>\"x\"</b>\\", "＜b＞＂x＂＜／b＞＼");
        for text in ["", " \n ", "👍", "\u{202e}\u{200b}"] {
            check(text, "当面付");
        }
    }

    #[test]
    fn a_long_title_is_cut_at_256_characters() {
        assert_eq!(Subject::new(&"面".repeat(300)).as_str(), "面".repeat(256));
        assert_eq!(Subject::new(&"面 ".repeat(300)).as_str().chars().count(), 255);
    }
}
