//! Alipay's table of `sub_code`s: what each says, per method.
//!
//! Spelling varies between pages and answers (`ACQ.X`, `aop.ACQ.X`, `AQC.X`, bare `X`), so what
//! stands before the last dot does not count; the rest must match a row exactly, or its beginning
//! where the row ends in `*`. A code without a row is silence.
//!
//! Rows are the error tables of opendocs 02ekfp (pay), 05osv9 (precreate), 02ekfr (cancel), 02o6e7
//! (close) and 02ekfs (refund).

/// What a refused submit says of its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Not charged, and it never will be.
    Dead,
    /// Not charged, but the number could still be, or is known to Alipay with other content.
    Alive,
    /// It has been paid.
    Paid,
    /// It says nothing, or not enough.
    Silent,
}

use Refused::{Alive, Dead, Paid, Silent};

#[rustfmt::skip]
const SUBMIT: &[(&str, Refused)] = &[
    ("SYSTEM_ERROR", Silent),
    ("TRADE_HAS_SUCCESS", Paid),
    // Closed without a word how: never paid and paid back look alike, so a query decides (M7).
    ("TRADE_HAS_CLOSE", Silent),

    // Alipay knows the number with other content; that trade may be paid or may yet be.
    ("CONTEXT_INCONSISTENT", Alive),
    ("TRADE_BUYER_NOT_MATCH", Alive),
    ("APPLY_PC_MERCHANT_CODE_ERROR", Alive),

    // The customer can do something about it and the same number could still be charged.
    ("BUYER_BALANCE_NOT_ENOUGH", Alive),
    ("BUYER_BANKCARD_BALANCE_NOT_ENOUGH", Alive),
    ("ERROR_BALANCE_PAYMENT_DISABLE", Alive),
    ("NO_PAYMENT_INSTRUMENTS_AVAILABLE", Alive),
    ("PULL_MOBILE_CASHIER_FAIL", Alive),
    ("PAYMENT_FAIL", Alive),
    ("MOBILE_PAYMENT_SWITCH_OFF", Alive),
    ("USER_FACE_PAYMENT_SWITCH_OFF", Alive),
    // The code named no customer, so no trade came to be.
    ("PAYMENT_AUTH_CODE_INVALID", Dead),

    ("INVALID_PARAMETER", Dead),
    ("EXIST_FORBIDDEN_WORD", Dead),
    ("TOTAL_FEE_EXCEED", Dead),
    ("BUYER_SELLER_EQUAL", Dead),
    ("BUYER_ENABLE_STATUS_FORBID", Dead),
    ("ERROR_BUYER_CERTIFY_LEVEL_LIMIT", Dead),
    ("BUYER_NOT_EXIST", Dead),
    ("NOT_CERTIFIED_USER", Dead),
    ("USER_LOGONID_DUP", Dead),
    ("BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR", Dead),
    ("BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR", Dead),
    ("PAYMENT_REQUEST_HAS_RISK", Dead),
    ("INVALID_STORE_ID", Dead),
    ("SUB_GOODS_SIZE_MAX_COUNT", Dead),
    ("NOW_TIME_AFTER_EXPIRE_TIME_ERROR", Dead),
    ("CURRENCY_NOT_SUPPORT", Dead),
    ("UN_SUPPORT_TRADE_SCENE", Dead),
    ("RISK_MERCHANT_IP_NOT_EXIST", Dead),

    // The merchant's set-up: a manager's business, nothing charged.
    ("ACCESS_FORBIDDEN", Dead),
    ("PARTNER_ERROR", Dead),
    ("BEYOND_PAY_RESTRICTION", Dead),
    ("BEYOND_PER_RECEIPT_*", Dead),
    ("MERCHANT_PERM_RECEIPT_*", Dead),
    ("PRODUCT_AMOUNT_LIMIT_ERROR", Dead),
    ("SELLER_BEEN_BLOCKED", Dead),
    ("SELLER_NOT_EXIST", Dead),
    ("INVALID_RECEIVE_ACCOUNT", Dead),
    ("MERCHANT_AGREEMENT_*", Dead),
    ("MERCHANT_STATUS_NOT_NORMAL", Dead),
];

/// What a refused reversal says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotReversed {
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
const CANCEL: &[(&str, NotReversed)] = &[
    ("SYSTEM_ERROR", NotReversed::Silent),
    ("TRADE_NOT_EXIST", NotReversed::FoundNothing),
    ("SELLER_BALANCE_NOT_ENOUGH", NotReversed::NoBalance),
    ("TRADE_CANCEL_TIME_OUT", NotReversed::TooLate),
    ("INVALID_PARAMETER", NotReversed::Refused),
    ("REASON_TRADE_BEEN_FREEZEN", NotReversed::Refused),
    ("TRADE_HAS_FINISHED", NotReversed::Refused),
    ("REASON_TRADE_REFUND_FEE_ERR", NotReversed::Refused),
    ("CANCEL_NOT_ALLOWED", NotReversed::Refused),
];

/// What a refused close says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotClosed {
    /// There is no such trade.
    NotExist,
    /// It may have been paid meanwhile.
    Refused,
    /// It says nothing.
    Silent,
}

#[rustfmt::skip]
const CLOSE: &[(&str, NotClosed)] = &[
    ("SYSTEM_ERROR", NotClosed::Silent),
    ("TRADE_NOT_EXIST", NotClosed::NotExist),
    ("TRADE_STATUS_ERROR", NotClosed::Refused),
    ("REASON_TRADE_STATUS_INVALID", NotClosed::Refused),
    ("REASON_ILLEGAL_STATUS", NotClosed::Refused),
    ("INVALID_PARAMETER", NotClosed::Refused),
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
    ("SYSTEM_ERROR", NotRefunded::Silent),
    ("SELLER_BALANCE_NOT_ENOUGH", NotRefunded::NoBalance),
    ("DISCORDANT_REPEAT_REQUEST", NotRefunded::Clash),
    ("INVALID_PARAMETER", NotRefunded::Refused),
    ("REFUND_AMT_NOT_EQUAL_TOTAL", NotRefunded::Refused),
    ("REASON_TRADE_REFUND_FEE_ERR", NotRefunded::Refused),
    ("REFUND_FEE_ERROR", NotRefunded::Refused),
    ("REASON_TRADE_BEEN_FREEZEN", NotRefunded::Refused),
    ("TRADE_NOT_EXIST", NotRefunded::Refused),
    ("TRADE_HAS_FINISHED", NotRefunded::Refused),
    ("TRADE_STATUS_ERROR", NotRefunded::Refused),
    ("TRADE_HAS_CLOSE", NotRefunded::Refused),
    ("TRADE_NOT_ALLOW_REFUND", NotRefunded::Refused),
    ("NOT_ALLOW_PARTIAL_REFUND", NotRefunded::Refused),
    ("ONLINE_TRADE_VOUCHER_NOT_ALLOW_REFUND", NotRefunded::Refused),
    ("REFUND_CHARGE_ERROR", NotRefunded::Refused),
    ("BUYER_ERROR", NotRefunded::Refused),
    ("CUSTOMER_VALIDATE_ERROR", NotRefunded::Refused),
    ("REFUND_ACCOUNT_NOT_EXIST", NotRefunded::Refused),
];

pub(crate) fn submit(sub_code: &str) -> Refused {
    find(SUBMIT, sub_code).unwrap_or(Refused::Silent)
}

pub(crate) fn cancel(sub_code: &str) -> NotReversed {
    find(CANCEL, sub_code).unwrap_or(NotReversed::Silent)
}

pub(crate) fn close(sub_code: &str) -> NotClosed {
    find(CLOSE, sub_code).unwrap_or(NotClosed::Silent)
}

pub(crate) fn refund(sub_code: &str) -> NotRefunded {
    find(REFUND, sub_code).unwrap_or(NotRefunded::Silent)
}

/// Says whether a code means that there is no such trade.
pub(crate) fn is_not_exist(sub_code: &str) -> bool {
    bare(sub_code) == "TRADE_NOT_EXIST"
}

/// Says whether a failure is one of configuration: nothing was done, and nothing will be until a
/// manager acts (opendocs 02km9f).
pub(crate) fn is_configuration(code: &str, sub_code: &str) -> bool {
    match code {
        "20001" | "40001" | "40002" | "40003" | "40006" => true,
        // 20000 is their trouble, 40005 is our haste; both pass.
        "10000" | "10003" | "20000" | "40005" => false,
        _ => sub_code.starts_with("isv."),
    }
}

/// Returns the code without what stands before its last dot.
fn bare(sub_code: &str) -> &str {
    sub_code.rsplit('.').next().unwrap_or(sub_code)
}

/// Returns a code fit to be kept and shown: `BUYER_BALANCE_NOT_ENOUGH`, `isv.invalid-app-id`.
/// Unsigned ones come from anywhere, so what is no code is cut out.
pub(crate) fn reason(code: &str, sub_code: &str) -> String {
    let full = if sub_code.is_empty() { code } else { sub_code };
    let shown = if full.starts_with("isv.") { full } else { bare(full) };
    shown
        .chars()
        .filter(|mark| mark.is_ascii_alphanumeric() || matches!(mark, '_' | '-' | '.'))
        .take(64)
        .collect()
}

fn find<M: Copy>(table: &[(&str, M)], sub_code: &str) -> Option<M> {
    let bare = bare(sub_code);
    let matches = |row: &str| match row.strip_suffix('*') {
        Some(start) => bare.starts_with(start),
        None => bare == row,
    };
    table.iter().find(|(row, _)| matches(row)).map(|(_, meaning)| *meaning)
}
