//! What a scanned or typed text is, from its shape alone.
//!
//! The shapes do not overlap: Alipay's payment codes begin 25 to 30, WeChat's 10 to 15, UnionPay's
//! 62 (protocol notes, payment-code prefixes). A text that is none of them is never sent anywhere.

use std::fmt;
use std::hash::{Hash, Hasher};

use mianfu_core::channel::ChannelId;
use mianfu_core::number::{CashNo, OutTradeNo};
use zeroize::Zeroizing;

/// A customer's payment code (付款码). Never kept, never printed, wiped when dropped.
///
/// Invariant: of a channel's shape; ASCII letters and digits.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthCode(Zeroizing<String>);

impl AuthCode {
    /// Returns the code, for the one request that carries it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Hash for AuthCode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.as_str().hash(state);
    }
}

impl fmt::Debug for AuthCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"***\"")
    }
}

/// What a scanned text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scanned {
    /// A payment code that a channel takes.
    Payment {
        /// The channel, by the code's shape.
        channel: ChannelId,
        /// The code.
        auth_code: AuthCode,
    },
    /// A UnionPay payment code (云闪付); no channel of ours takes it.
    UnionPay,
    /// The beginning of a payment code: the reader lost its end, or a hand stopped typing.
    Truncated,
    /// More digits than any code has: two reads run together, or one into the other.
    RunTogether,
    /// A barcode of goods with a right check digit: EAN-8, UPC-E, UPC-A, EAN-13, GTIN-14, a
    /// magazine's with its issue, a carton's with what stands behind it.
    Product,
    /// A code that asks to be paid (收款码), a red envelope's included.
    Receive,
    /// Any other address.
    Address,
    /// A member's or another card: a few letters and digits that are none of the others. A mobile
    /// number is one, though it begins like a code.
    Card,
    /// A number of ours, off a receipt.
    Receipt(OutTradeNo),
    /// The number of a sale in cash, off a receipt.
    CashReceipt(CashNo),
    /// Letters or digits in their full-width form: a Chinese input method stood between reader and
    /// till.
    FullWidth,
    /// More than any code holds.
    TooLong,
    /// Nothing.
    Empty,
    /// None of these.
    Other,
}

/// Longer than anything that is told by its shape, but for addresses.
const LENGTH_MAX: usize = 64;
/// What the addresses begin with that ask to be paid, in small letters.
const RECEIVE: [&str; 8] = [
    "qr.alipay.com",
    "qr.95516.com",
    "payapp.weixin.qq.com",
    "wx.tenpay.com",
    "wxp://",
    "weixin://",
    "alipays://",
    "alipayqr://",
];

/// Says what a text is. Blanks and line ends that a reader adds around it do not count.
#[must_use]
pub fn recognise(text: &str) -> Scanned {
    let text = text.trim_matches(is_around);
    if text.is_empty() {
        return Scanned::Empty;
    }
    if text.chars().any(|mark| matches!(mark, '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ')) {
        return Scanned::FullWidth;
    }
    if is_receive(text) {
        return Scanned::Receive;
    }
    if text.contains("://") || starts_with_ignoring_case(text, "www.") {
        return Scanned::Address;
    }
    if LENGTH_MAX < text.len() {
        return Scanned::TooLong;
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return recognise_digits(text);
    }
    if is_face_token(text) {
        return payment(ChannelId::Alipay, text);
    }
    if is_card(text) { Scanned::Card } else { Scanned::Other }
}

/// Whether a reader, or what a text was copied from, puts it around a code.
fn is_around(mark: char) -> bool {
    mark.is_whitespace() || mark.is_control() || matches!(mark, '\u{feff}' | '\u{200b}')
}

fn recognise_digits(digits: &str) -> Scanned {
    if let Some(ours) = OutTradeNo::new(digits) {
        return Scanned::Receipt(ours);
    }
    if let Some(ours) = CashNo::new(digits) {
        return Scanned::CashReceipt(ours);
    }
    if is_product(digits) {
        return Scanned::Product;
    }
    if is_mobile_number(digits) {
        return Scanned::Card;
    }
    let alike =
        |low: &str, high: &str| digits.get(..2).is_some_and(|two| low <= two && two <= high);
    let (whole, code) = if alike("25", "30") {
        (16..=24, payment(ChannelId::Alipay, digits))
    } else if alike("10", "15") {
        (18..=18, payment(ChannelId::Wechat, digits))
    } else if alike("62", "62") {
        (19..=19, Scanned::UnionPay)
    } else {
        return match digits.len() {
            CARD_LEAST..=CARD_DIGITS_MOST => Scanned::Card,
            // As long as a channel's own number, which is no code.
            29.. => Scanned::RunTogether,
            _ => Scanned::Other,
        };
    };
    match digits.len() {
        length if whole.contains(&length) => code,
        length if *whole.end() < length => Scanned::RunTogether,
        // A reader that loses the end of a code has read most of it.
        10.. => Scanned::Truncated,
        CARD_LEAST.. => Scanned::Card,
        _ => Scanned::Other,
    }
}

fn payment(channel: ChannelId, code: &str) -> Scanned {
    Scanned::Payment { channel, auth_code: AuthCode(Zeroizing::new(code.to_owned())) }
}

/// Alipay's token of a paying face: `fp` and 33 more letters and digits (opendocs 02ekfp).
fn is_face_token(text: &str) -> bool {
    text.len() == 35 && text.starts_with("fp") && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// The shortest and the longest number of a card, and the longest with letters in it.
const CARD_LEAST: usize = 4;
const CARD_DIGITS_MOST: usize = 15;
const CARD_MOST: usize = 24;

/// Whether a text with other signs than digits may be a card's: no word without a digit is, and
/// nothing with as many digits as a payment code, which came broken.
fn is_card(text: &str) -> bool {
    // Code 39 begins and ends with a star, which some readers send along.
    let bare = text.strip_prefix('*').and_then(|text| text.strip_suffix('*'));
    let text = bare.unwrap_or(text);
    let sign = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (CARD_LEAST..=CARD_MOST).contains(&text.len())
        && text.bytes().all(sign)
        && (1..=CARD_DIGITS_MOST).contains(&digits)
}

/// Whether digits are a mobile number of the mainland: many shops' cards carry one.
fn is_mobile_number(digits: &str) -> bool {
    digits.len() == 11 && matches!(digits.as_bytes(), [b'1', b'3'..=b'9', ..])
}

fn is_receive(text: &str) -> bool {
    let bare = ["https://", "http://"]
        .iter()
        .find(|scheme| starts_with_ignoring_case(text, scheme))
        .map_or(text, |scheme| &text[scheme.len()..]);
    RECEIVE.iter().any(|start| starts_with_ignoring_case(bare, start))
}

fn is_product(digits: &str) -> bool {
    let begins = |length: usize| digits.get(..length).is_some_and(has_check_digit);
    match digits.len() {
        8 => has_check_digit(digits) || is_upc_e(digits),
        12..=14 => has_check_digit(digits),
        // A magazine or a book and, behind it, its issue or its price.
        15 | 18 if digits.starts_with("97") => begins(13),
        // A carton: what it holds and, behind it, its weight or its date.
        16.. if digits.starts_with("01") => digits.get(2..16).is_some_and(has_check_digit),
        _ => false,
    }
}

/// Says whether the last digit is GS1's check digit.
fn has_check_digit(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| u32::from(byte - b'0') * if place % 2 == 1 { 3 } else { 1 })
        .sum();
    sum.is_multiple_of(10)
}

/// Says whether eight digits are a UPC-A with its zeros left out.
fn is_upc_e(digits: &str) -> bool {
    let (Some(system), Some(check)) = (digits.get(..1), digits.get(7..)) else {
        return false;
    };
    let long = match &digits[6..7] {
        last @ ("0" | "1" | "2") => format!("{}{last}0000{}", &digits[1..3], &digits[3..6]),
        "3" => format!("{}00000{}", &digits[1..4], &digits[4..6]),
        "4" => format!("{}00000{}", &digits[1..5], &digits[5..6]),
        last => format!("{}0000{last}", &digits[1..6]),
    };
    matches!(system, "0" | "1") && has_check_digit(&format!("{system}{long}{check}"))
}

fn starts_with_ignoring_case(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

#[cfg(test)]
mod tests;
