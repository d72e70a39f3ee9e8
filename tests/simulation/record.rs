//! What an onlooker wrote down of one history: calls, screens, goods, the till's own log.
//!
//! It holds plain texts and whole numbers only. Nothing of the product's types is in here, so that
//! the oracle that reads it cannot share a mistake with them.

use std::collections::BTreeMap;

use super::plan::Wallet;

/// Everything written down.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// Every request that left the till, in order.
    pub calls: Vec<Call>,
    /// Every sale that the till took.
    pub begun: Vec<Begun>,
    /// What was on the screen, at every change.
    pub screens: Vec<Shown>,
    /// Goods that went over the counter.
    pub goods: Vec<Goods>,
    /// What the cashier did with coins and notes.
    pub cash: Vec<CashMove>,
    /// Findings that the manager settled.
    pub settled: Vec<SettledFinding>,
    /// The till's log, as it was kept, in order.
    pub log: Vec<Line>,
    /// How many of these lines were another till's, whose disk was copied.
    pub copied: usize,
    /// Whether the machine's clock was set between two starts.
    pub clock_set: bool,
    /// What the database held at the end.
    pub tables: Tables,
    /// What went wrong outside the books: a till that does not open, one that never rests.
    pub broken: Vec<Broken>,
}

/// A promise that the run itself saw broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The invariant's name.
    pub invariant: &'static str,
    /// When, in the world's time.
    pub at_ms: i64,
    /// What happened.
    pub what: String,
}

/// A sale that the till took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// When, in the world's time.
    pub at_ms: i64,
    /// The attempt's number.
    pub no: String,
    /// How many lines of the log the onlooker had read.
    pub log_len: usize,
    /// Whether the cashier had said that it is another customer.
    pub answered: bool,
}

/// A request that left the till.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Which start of the till it belongs to.
    pub start: u32,
    /// When it left, in the world's time.
    pub left_ms: i64,
    /// The method as on the wire.
    pub method: String,
    /// The number it is about.
    pub no: String,
    /// The refund's number, where it is about one.
    pub refund_no: String,
    /// The business parameters of a submit, without the customer's code.
    pub business: String,
    /// How many lines of the log were durable when it left.
    pub log_len: usize,
    /// When the channel got it, each time it did.
    pub arrived_ms: Vec<i64>,
    /// When the channel gave the answer that went on its way. A second arrival's goes nowhere.
    pub answered_ms: Option<i64>,
    /// What the till heard. `None`: the till was gone by then.
    pub heard: Option<Heard>,
}

/// What a call is for, whichever channel it goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// It asks for money.
    Submit,
    /// It asks what became of an attempt.
    Query,
    /// It undoes an attempt, which may move money.
    Reverse,
    /// It ends an unpaid attempt.
    Close,
    /// It gives money back.
    Refund,
    /// It asks what became of a refund.
    RefundQuery,
}

impl Call {
    /// Returns what it is for; `None` for a method that is none of these.
    #[must_use]
    pub fn deed(&self) -> Option<Deed> {
        Some(match self.method.as_str() {
            "alipay.trade.pay"
            | "alipay.trade.precreate"
            | "wechat.v2.micropay"
            | "wechat.v3.native" => Deed::Submit,
            "alipay.trade.query" | "wechat.v2.orderquery" | "wechat.v3.query" => Deed::Query,
            "alipay.trade.cancel" | "wechat.v2.reverse" => Deed::Reverse,
            "alipay.trade.close" | "wechat.v3.close" => Deed::Close,
            "alipay.trade.refund" | "wechat.v2.refund" | "wechat.v3.refund" => Deed::Refund,
            "alipay.trade.fastpay.refund.query"
            | "wechat.v2.refundquery"
            | "wechat.v3.refundquery" => Deed::RefundQuery,
            _ => return None,
        })
    }

    /// Returns the channel that it goes to.
    #[must_use]
    pub fn wallet(&self) -> Wallet {
        if self.method.starts_with("wechat.") { Wallet::Wechat } else { Wallet::Alipay }
    }

    /// Says whether it asks for money.
    #[must_use]
    pub fn is_submit(&self) -> bool {
        self.deed() == Some(Deed::Submit)
    }

    /// Says whether it undoes an attempt of a sale.
    #[must_use]
    pub fn is_reversal(&self) -> bool {
        self.deed() == Some(Deed::Reverse) && !self.is_probe()
    }

    /// Says whether it is about the number that is never submitted.
    #[must_use]
    pub fn is_probe(&self) -> bool {
        self.no.ends_with("9999999999")
    }

    /// Says whether it tries the reversal, on the number that is never submitted.
    #[must_use]
    pub fn is_proof(&self) -> bool {
        self.deed() == Some(Deed::Reverse) && self.is_probe()
    }

    /// Returns what the network calls it: a reversal that is only tried is none of a sale's.
    #[must_use]
    pub fn on_the_way(&self) -> &str {
        if self.is_proof() { "proof" } else { &self.method }
    }
}

/// What came back to the till.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// When, in the world's time.
    pub at_ms: i64,
    /// What.
    pub what: Word,
}

/// What a till may make of what it heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// The channel's own answer, whole and signed: code, sub-code and state of the trade.
    Genuine {
        /// The gateway's code.
        code: String,
        /// The business code of a refusal.
        sub_code: String,
        /// The trade's state.
        trade_status: String,
    },
    /// Readable, and unsigned or without a word: no verdict, and no silence either.
    Unsigned,
    /// Bytes that prove nothing.
    Worthless,
    /// Nothing within the time.
    Nothing,
    /// Certainly nothing left the till.
    Unreachable,
}

/// The screen at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// When, in the world's time.
    pub at_ms: i64,
    /// Each attempt in sight.
    pub attempts: Vec<Sight>,
}

/// One attempt on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// Its number.
    pub no: String,
    /// The state's name.
    pub state: String,
    /// Whether the screen lets the goods go.
    pub goods_may_go: bool,
    /// Whether the screen lets the sale be charged again.
    pub may_charge_again: bool,
}

/// Goods that went over the counter because the screen said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goods {
    /// When, in the world's time.
    pub at_ms: i64,
    /// For which attempt.
    pub no: String,
}

/// Coins and notes that changed hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CashMove {
    /// When, in the world's time.
    pub at_ms: i64,
    /// What it was about.
    pub of: Heap,
    /// What was owed, in fen; negative where cash went back.
    pub due_fen: i64,
    /// What the shop let go, in fen.
    pub rounded_fen: i64,
    /// What the customer handed over, in fen.
    pub received_fen: i64,
    /// Whether the till said that it is kept.
    pub said: bool,
    /// Whether the database was later put back to before it.
    pub forgotten: bool,
}

/// What cash changed hands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heap {
    /// A sale in cash, by its intent.
    Intent(String),
    /// An order that had an attempt, by its number.
    Order(String),
    /// Cash that went back, by its intent.
    Back(String),
}

/// A finding that the manager settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettledFinding {
    /// When, in the world's time.
    pub at_ms: i64,
    /// Its number.
    pub finding_id: String,
    /// Whether the till said that it is kept.
    pub said: bool,
}

/// A line of the till's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When the onlooker first saw it, in the world's time.
    pub seen_ms: i64,
    /// Its place.
    pub seq: i64,
    /// Its hash, in hexadecimal.
    pub hash: String,
    /// What happened.
    pub kind: String,
    /// Table of the row that changed.
    pub table: String,
    /// Key of the row that changed.
    pub key: String,
    /// The row after the change.
    pub row: Row,
}

/// A row as texts; a column without a value is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row(pub BTreeMap<String, String>);

impl Row {
    /// Returns a column's text; empty where it has no value.
    #[must_use]
    pub fn text(&self, column: &str) -> &str {
        self.0.get(column).map_or("", String::as_str)
    }

    /// Returns a column's whole number.
    #[must_use]
    pub fn int(&self, column: &str) -> Option<i64> {
        self.0.get(column)?.parse().ok()
    }

    /// Says whether a column is 1.
    #[must_use]
    pub fn is(&self, column: &str) -> bool {
        self.text(column) == "1"
    }
}

/// The tables at the end, each row as texts.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    /// Orders.
    pub orders: Vec<Row>,
    /// Attempts.
    pub attempts: Vec<Row>,
    /// Refunds.
    pub refunds: Vec<Row>,
    /// Cash that went back.
    pub cash_refunds: Vec<Row>,
    /// Findings.
    pub findings: Vec<Row>,
    /// Operations.
    pub operations: Vec<Row>,
}

impl Tables {
    /// Returns an attempt.
    #[must_use]
    pub fn attempt(&self, no: &str) -> Option<&Row> {
        self.attempts.iter().find(|row| row.text("out_trade_no") == no)
    }
}

/// Says whether a state is an end.
#[must_use]
pub fn is_end(phase: &str) -> bool {
    ["paid", "declined", "closed", "returned", "held"].contains(&phase)
}
