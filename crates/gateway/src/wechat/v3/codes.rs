//! API v3's error codes: what each says, per call. A code without a row is silence.
//!
//! Rows are the tables of docs 4012791877 (native), 4013070356 (query and close) and 4014959631
//! (refund). Refusals are rarely signed, and an unsigned one ends nothing: where an end needs the
//! channel's word, a query asks for it.

/// What a refusal says, whichever call it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Nothing is known under the number.
    NotExist,
    /// Nothing was done, and nothing will be until a manager acts.
    Configuration,
    /// The merchant's balance does not cover a refund.
    NoBalance,
    /// The refund's number carries another amount.
    Clash,
    /// The channel will not do it.
    Business,
    /// A trade is known under the number, and a query says how it stands.
    Known,
    /// It says nothing.
    Silent,
}

use Meaning::{Business, Clash, Configuration, Known, NoBalance, NotExist, Silent};

#[rustfmt::skip]
const TABLE: &[(&str, Meaning)] = &[
    ("ORDER_NOT_EXIST", NotExist),
    ("ORDERNOTEXIST", NotExist),
    ("RESOURCE_NOT_EXISTS", NotExist),

    ("PARAM_ERROR", Configuration),
    ("APPID_MCHID_NOT_MATCH", Configuration),
    ("MCH_NOT_EXISTS", Configuration),
    ("SIGN_ERROR", Configuration),
    ("NO_AUTH", Configuration),

    ("NOT_ENOUGH", NoBalance),
    ("REFUND_FEE_MISMATCH", Clash),

    ("INVALID_REQUEST", Business),
    ("RULE_LIMIT", Business),
    ("TRADE_ERROR", Business),
    ("TRADE_OVERDUE", Business),
    ("USER_ACCOUNT_ABNORMAL", Business),

    ("OUT_TRADE_NO_USED", Known),
    ("ORDER_CLOSED", Known),
    ("ORDER_PAID", Known),
    ("ORDERPAID", Known),

    ("SYSTEM_ERROR", Silent),
    ("FREQUENCY_LIMITED", Silent),
    ("RATELIMIT_EXCEEDED", Silent),
    ("SERVICE_UNAVAILABLE", Silent),
];

pub(crate) fn meaning(code: &str) -> Meaning {
    let row = TABLE.iter().find(|(row, _)| *row == code);
    row.map_or(Meaning::Silent, |(_, meaning)| *meaning)
}

/// Returns a code fit to be kept and shown; what is no code is cut out.
pub(crate) fn reason(code: &str) -> String {
    code.chars().filter(|mark| mark.is_ascii_alphanumeric() || *mark == '_').take(64).collect()
}
