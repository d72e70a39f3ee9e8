//! v2's error codes: what each says, per call. A code without a row is silence.
//!
//! Spelling varies between pages and answers (`ORDERNOTEXIST`, `ORDER_NOT_EXIST`), so underscores
//! do not count. Rows are the tables of v2 docs 4011937125 (micropay) and 4011937361 (reverse), and
//! the general set.

/// What a refused submit says of its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The customer types the password.
    Waiting,
    /// Not charged, and it never will be.
    Dead,
    /// Not charged, but the number could still be.
    Alive,
    /// It has been paid.
    Paid,
    /// It says nothing, or not enough.
    Silent,
}

use Refused::{Alive, Dead, Paid, Silent, Waiting};

#[rustfmt::skip]
const MICROPAY: &[(&str, Refused)] = &[
    ("USERPAYING", Waiting),
    ("SYSTEMERROR", Silent),
    ("BANKERROR", Silent),
    // The number is known, with this or other content; the query says how it stands.
    ("OUT_TRADE_NO_USED", Silent),
    ("ORDERPAID", Paid),
    // Closed or reversed without a word how: the query says whether money went back (M7).
    ("ORDERCLOSED", Silent),
    ("ORDERREVERSED", Silent),

    // The code named no customer, so no trade came to be.
    ("AUTHCODEEXPIRE", Dead),
    ("AUTH_CODE_ERROR", Dead),
    ("AUTH_CODE_INVALID", Dead),

    // The customer can do something about it and the same number could still be charged.
    ("NOTENOUGH", Alive),
    ("NOTSUPORTCARD", Alive),
    ("TRADE_ERROR", Alive),
    ("BUYER_MISMATCH", Alive),
    ("INVALID_REQUEST", Alive),
];

/// What a refused reversal says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotReversed {
    /// The channel asks for the same call again.
    Again,
    /// There is no such trade.
    FoundNothing,
    /// The merchant's balance does not cover the return.
    NoBalance,
    /// Only a refund can return the money.
    TooLate,
    /// A query decides what is true.
    Refused,
    /// It says nothing.
    Silent,
}

#[rustfmt::skip]
const REVERSE: &[(&str, NotReversed)] = &[
    ("SYSTEMERROR", NotReversed::Again),
    // The customer is in the password dialog; it can be reversed once that is over.
    ("USERPAYING", NotReversed::Again),
    ("ORDERNOTEXIST", NotReversed::FoundNothing),
    ("NOTENOUGH", NotReversed::NoBalance),
    ("REVERSE_EXPIRE", NotReversed::TooLate),
    ("TRADE_ERROR", NotReversed::Refused),
    ("INVALID_TRANSACTIONID", NotReversed::Refused),
    ("INVALID_REQUEST", NotReversed::Refused),
];

/// What a refused refund says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotRefunded {
    /// The merchant's balance does not cover it.
    NoBalance,
    /// The number was used with another amount.
    Clash,
    /// It will not be done.
    Refused,
    /// It says nothing; the same call again is safe.
    Silent,
}

#[rustfmt::skip]
const REFUND: &[(&str, NotRefunded)] = &[
    ("SYSTEMERROR", NotRefunded::Silent),
    ("BIZERR_NEED_RETRY", NotRefunded::Silent),
    ("FREQUENCY_LIMITED", NotRefunded::Silent),
    ("INVALID_REQ_TOO_MUCH", NotRefunded::Silent),
    ("NOTENOUGH", NotRefunded::NoBalance),
    ("REFUND_FEE_MISMATCH", NotRefunded::Clash),
    ("TRADE_OVERDUE", NotRefunded::Refused),
    // Not paid, or reversed since.
    ("TRADE_STATE_ERROR", NotRefunded::Refused),
    ("USER_ACCOUNT_ABNORMAL", NotRefunded::Refused),
    ("INVALID_TRANSACTIONID", NotRefunded::Refused),
    ("ORDERNOTEXIST", NotRefunded::Refused),
    ("INVALID_REQUEST", NotRefunded::Refused),
];

/// Nothing was done, and nothing will be until a manager acts.
const CONFIGURATION: &[&str] = &[
    "NOAUTH",
    "PARAM_ERROR",
    "XML_FORMAT_ERROR",
    "REQUIRE_POST_METHOD",
    "SIGNERROR",
    "LACK_PARAMS",
    "NOT_UTF8",
    "APPID_NOT_EXIST",
    "MCHID_NOT_EXIST",
    "APPID_MCHID_NOT_MATCH",
];

/// How the unsigned texts begin that name an error of configuration. The rest is silence: a text
/// about their system's trouble must not stop a till.
const UNSIGNED: [&str; 6] =
    ["签名错误", "签名失败", "参数格式校验错误", "appid", "mch_id", "商户号"];

pub(crate) fn micropay(err_code: &str) -> Refused {
    find(MICROPAY, err_code).unwrap_or(Refused::Silent)
}

pub(crate) fn reverse(err_code: &str) -> NotReversed {
    find(REVERSE, err_code).unwrap_or(NotReversed::Silent)
}

pub(crate) fn refund(err_code: &str) -> NotRefunded {
    find(REFUND, err_code).unwrap_or(NotRefunded::Silent)
}

pub(crate) fn is_configuration(err_code: &str) -> bool {
    CONFIGURATION.iter().any(|row| is_same(row, err_code))
}

pub(crate) fn is_unsigned_configuration(return_msg: &str) -> bool {
    UNSIGNED.iter().any(|start| return_msg.starts_with(start))
}

/// Says whether a code means that there is no such trade.
pub(crate) fn is_not_exist(err_code: &str) -> bool {
    is_same("ORDERNOTEXIST", err_code)
}

/// Says whether a code means that there is no such refund.
pub(crate) fn is_no_refund(err_code: &str) -> bool {
    is_same("REFUNDNOTEXIST", err_code)
}

/// Returns a code or a text fit to be kept and shown. Unsigned ones come from anywhere, so what is
/// neither letter nor digit is cut out.
pub(crate) fn reason(told: &str) -> String {
    told.chars().filter(|mark| mark.is_alphanumeric() || *mark == '_').take(64).collect()
}

fn find<M: Copy>(table: &[(&str, M)], err_code: &str) -> Option<M> {
    table.iter().find(|(row, _)| is_same(row, err_code)).map(|(_, meaning)| *meaning)
}

fn is_same(row: &str, err_code: &str) -> bool {
    let counts = |byte: &u8| *byte != b'_';
    row.bytes().filter(counts).eq(err_code.bytes().filter(counts))
}
