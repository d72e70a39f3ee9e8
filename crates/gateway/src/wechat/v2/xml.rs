//! The XML of v2: one root, flat elements below it, text or CDATA in them.
//!
//! ```text
//! <xml><return_code><![CDATA[SUCCESS]]></return_code><total_fee>1250</total_fee></xml>
//! ```
//!
//! A reader of exactly this, because everything beyond it is what XML is attacked with: a document
//! type, an entity other than the five, an attribute, a processing instruction, an element within
//! an element is refused, not skipped. Nothing expands, nothing is fetched, and depth, count and
//! size have bounds. A name that occurs twice makes a text unreadable: two readers of it might not
//! mean the same one.

use std::collections::BTreeMap;

use crate::BODY_LIMIT_BYTES;

/// Elements at most; the largest documented answer has some sixty.
const ELEMENTS_MAX: usize = 256;
/// The longest name, with room.
const NAME_LIMIT_BYTES: usize = 64;
/// The longest value, with room: `detail` and `promotion_detail` have some 6,000 bytes.
const VALUE_LIMIT_BYTES: usize = 32 * 1024;
/// The longest reference, `&#x10FFFF;`.
const REFERENCE_LIMIT_BYTES: usize = 10;

const CDATA: &str = "<![CDATA[";
const CDATA_END: &str = "]]>";

/// Names and values, each name once.
pub(crate) type Elements = BTreeMap<String, String>;

/// Reads a text whose root has this name; `None` where it is anything else than described above.
pub(crate) fn read(bytes: &[u8], root: &str) -> Option<Elements> {
    if BODY_LIMIT_BYTES < bytes.len() {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?;
    if text.chars().any(|mark| !is_allowed(mark)) {
        return None;
    }
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    rest = skip_declaration(rest)?.trim_start_matches(is_blank);
    rest = start_tag(rest, root)?;
    let mut elements = Elements::new();
    loop {
        rest = rest.trim_start_matches(is_blank);
        if let Some(after) = end_tag(rest, root) {
            return after.trim_matches(is_blank).is_empty().then_some(elements);
        }
        if elements.len() == ELEMENTS_MAX {
            return None;
        }
        let name = name_of(rest)?;
        rest = start_tag(rest, name)?;
        let (value, after) = value(rest)?;
        rest = end_tag(after, name)?;
        if elements.insert(name.to_owned(), value).is_some() {
            return None;
        }
    }
}

/// Writes elements under the root `xml`.
pub(crate) fn write<'a>(elements: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::from("<xml>");
    for (name, value) in elements {
        let value = value.replace(CDATA_END, "]]]]><![CDATA[>");
        text.push_str(&format!("<{name}>{CDATA}{value}{CDATA_END}</{name}>"));
    }
    text.push_str("</xml>");
    text
}

/// Skips `<?xml version="1.0" encoding="UTF-8"?>`, the one instruction there may be.
fn skip_declaration(text: &str) -> Option<&str> {
    let Some(rest) = text.strip_prefix("<?xml") else { return Some(text) };
    let (inside, rest) = rest.split_once("?>")?;
    let is_plain = inside.starts_with(is_blank) && inside.len() < 128 && !inside.contains('<');
    let lower = inside.to_ascii_lowercase();
    let is_utf8 = !lower.contains("encoding") || lower.contains("utf-8");
    (is_plain && is_utf8).then_some(rest)
}

fn name_of(text: &str) -> Option<&str> {
    let text = text.strip_prefix('<')?;
    let is_part = |mark: char| mark.is_ascii_alphanumeric() || mark == '_';
    let end = text.find(|mark| !is_part(mark))?;
    let name = &text[..end];
    let begins = name.starts_with(|mark: char| mark.is_ascii_alphabetic() || mark == '_');
    (begins && end <= NAME_LIMIT_BYTES).then_some(name)
}

fn start_tag<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.strip_prefix('<')?.strip_prefix(name)?.trim_start_matches(is_blank).strip_prefix('>')
}

fn end_tag<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.strip_prefix("</")?.strip_prefix(name)?.trim_start_matches(is_blank).strip_prefix('>')
}

/// Reads text and CDATA up to the next tag; returns the value and what follows.
fn value(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        if VALUE_LIMIT_BYTES < value.len() {
            return None;
        }
        if let Some(inside) = rest.strip_prefix(CDATA) {
            let (data, after) = inside.split_once(CDATA_END)?;
            push_text(&mut value, data);
            rest = after;
        } else if rest.starts_with('<') {
            return Some((value, rest));
        } else if rest.starts_with('&') {
            let (mark, after) = reference(rest)?;
            value.push(mark);
            rest = after;
        } else {
            let end = rest.find(['<', '&'])?;
            let (data, after) = rest.split_at(end);
            if data.contains(CDATA_END) {
                return None;
            }
            push_text(&mut value, data);
            rest = after;
        }
    }
}

/// Adds text with its line ends as XML reads them: a line feed each.
fn push_text(value: &mut String, text: &str) {
    if text.contains('\r') {
        value.push_str(&text.replace("\r\n", "\n").replace('\r', "\n"));
    } else {
        value.push_str(text);
    }
}

/// Reads one of the five entities or a character's number.
fn reference(text: &str) -> Option<(char, &str)> {
    let end = text.bytes().take(REFERENCE_LIMIT_BYTES).position(|byte| byte == b';')?;
    let (name, rest) = (&text[1..end], &text[end + 1..]);
    let mark = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        number => numbered(number.strip_prefix('#')?)?,
    };
    Some((mark, rest))
}

fn numbered(number: &str) -> Option<char> {
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    // A sign would be read as part of the number.
    if !digits.starts_with(|mark: char| mark.is_ascii_hexdigit()) {
        return None;
    }
    u32::from_str_radix(digits, radix)
        .ok()
        .and_then(char::from_u32)
        .filter(|mark| is_allowed(*mark))
}

fn is_blank(mark: char) -> bool {
    matches!(mark, ' ' | '\t' | '\r' | '\n')
}

/// The characters XML 1.0 has.
fn is_allowed(mark: char) -> bool {
    is_blank(mark) || (' ' <= mark && !matches!(mark, '\u{fffe}' | '\u{ffff}'))
}
