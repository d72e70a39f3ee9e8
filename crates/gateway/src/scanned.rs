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
    /// More digits than a payment code has, beginning like one: two reads run together.
    RunTogether,
    /// A barcode of goods: EAN-8, UPC-A, EAN-13 or GTIN-14 with a right check digit.
    Product,
    /// A code that asks to be paid (收款码) or any other address.
    Receive,
    /// A number of ours, off a receipt.
    Receipt(OutTradeNo),
    /// The number of a sale in cash, off a receipt.
    CashReceipt(CashNo),
    /// Digits in their full-width form: a Chinese input method stood between reader and till.
    FullWidth,
    /// Nothing.
    Empty,
    /// None of these: a member card, a word.
    Other,
}

/// Says what a text is. Blanks and line ends that a reader adds around it do not count.
#[must_use]
pub fn recognise(text: &str) -> Scanned {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    if text.is_empty() {
        return Scanned::Empty;
    }
    if text.chars().any(|mark| matches!(mark, '０'..='９')) {
        return Scanned::FullWidth;
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return recognise_digits(text);
    }
    if is_face_token(text) {
        return payment(ChannelId::Alipay, text);
    }
    if text.contains("://") || starts_with_ignoring_case(text, "qr.alipay.com/") {
        return Scanned::Receive;
    }
    Scanned::Other
}

fn recognise_digits(digits: &str) -> Scanned {
    if let Some(ours) = OutTradeNo::new(digits) {
        return Scanned::Receipt(ours);
    }
    if let Some(ours) = CashNo::new(digits) {
        return Scanned::CashReceipt(ours);
    }
    if has_check_digit(digits) {
        return Scanned::Product;
    }
    let alike =
        |low: &str, high: &str| digits.get(..2).is_some_and(|two| low <= two && two <= high);
    let length = digits.len();
    if alike("25", "30") {
        return match length {
            10..16 => Scanned::Truncated,
            16..=24 => payment(ChannelId::Alipay, digits),
            25.. => Scanned::RunTogether,
            _ => Scanned::Other,
        };
    }
    if alike("10", "15") {
        return match length {
            10..18 => Scanned::Truncated,
            18 => payment(ChannelId::Wechat, digits),
            19.. => Scanned::RunTogether,
            _ => Scanned::Other,
        };
    }
    if alike("62", "62") && length == 19 {
        return Scanned::UnionPay;
    }
    Scanned::Other
}

fn payment(channel: ChannelId, code: &str) -> Scanned {
    Scanned::Payment { channel, auth_code: AuthCode(Zeroizing::new(code.to_owned())) }
}

/// Alipay's token of a paying face: `fp` and 33 more letters and digits (opendocs 02ekfp).
fn is_face_token(text: &str) -> bool {
    text.len() == 35 && text.starts_with("fp") && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Says whether the last digit is GS1's check digit, for the lengths that goods carry.
fn has_check_digit(digits: &str) -> bool {
    if !matches!(digits.len(), 8 | 12 | 13 | 14) {
        return false;
    }
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| u32::from(byte - b'0') * if place % 2 == 1 { 3 } else { 1 })
        .sum();
    sum.is_multiple_of(10)
}

fn starts_with_ignoring_case(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let kind = match recognise(text) {
            Scanned::Payment { channel, .. } => channel.as_str(),
            Scanned::UnionPay => "unionpay",
            Scanned::Truncated => "truncated",
            Scanned::RunTogether => "run together",
            Scanned::Product => "product",
            Scanned::Receive => "receive",
            Scanned::Receipt(_) => "receipt",
            Scanned::CashReceipt(_) => "cash receipt",
            Scanned::FullWidth => "full width",
            Scanned::Empty => "empty",
            Scanned::Other => "other",
        };
        assert_eq!(kind, expected, "{text:?}");
    }

    #[test]
    fn payment_codes_are_told_by_prefix_and_length() {
        for text in ["2512345678901234", "281234567890123456", "301234567890123456789012"] {
            check(text, "alipay");
        }
        check("281234567890123456\r\n", "alipay");
        check("\t 281234567890123456 ", "alipay");
        check(&format!("fp{}", "0a".repeat(16) + "1"), "alipay");
        check("101234567890123456", "wechat");
        check("151234567890123456", "wechat");
        check("6212345678901234567", "unionpay");
        for text in ["161234567890123456", "241234567890123456", "311234567890123456"] {
            check(text, "other");
        }
    }

    #[test]
    fn what_is_no_payment_code_has_its_own_name() {
        check("", "empty");
        check(" \r\n", "empty");
        check("28123456789012", "truncated");
        check("13123456789012345", "truncated");
        check("1312345678901234567", "run together");
        check(&"281234567890123456".repeat(2), "run together");
        check("6901234567892", "product");
        check("4006381333931", "product");
        check("96385074", "product");
        check("036000291452", "product");
        check("https://qr.alipay.com/bax03409rxj8k5rrcufw00fc", "receive");
        check("HTTPS://QR.ALIPAY.COM/FKX01234", "receive");
        check("wxp://f2f0abcdef", "receive");
        check("weixin://wxpay/bizpayurl?pr=abc", "receive");
        check("9000042007123456780000000019", "receipt");
        check("91000420070000000129", "cash receipt");
        check("２８1234567890123456", "full width");
        check("28123456789012345x", "other");
        check("2812345678 90123456", "other");
        check("VIP-0042", "other");
        check("12", "other");
    }

    #[test]
    fn law_9_an_auth_code_does_not_print() {
        let scanned = format!("{:?}", recognise("281234567890123456"));
        assert!(scanned.contains("***") && !scanned.contains("2812"), "{scanned}");
    }
}
