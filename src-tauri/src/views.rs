//! What the screens are shown, and what they may ask.
//!
//! Types only: no rules, no conversions, no reading of the database.
//! Views say what to show, not what is stored; the sentence a cashier reads is chosen by the page.
//! Amounts are whole fen, moments are Unix milliseconds of the till's clock, and both fit a
//! JavaScript number exactly.
//! The page's counterparts in `ui/src/bindings` are generated from this file.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Names where an attempt stands, in the cashier's terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AttemptState {
    /// The code waits for the network; nothing has left the till.
    Parked,
    /// The request is on its way.
    Submitting,
    /// The customer is confirming on the phone.
    Typing,
    /// A code is on the customer's window.
    Code,
    /// No usable answer yet.
    Unknown,
    /// A reversal is under way.
    Reversing,
    /// Declined, but the number is still alive at the channel.
    Settling,
    Paid,
    Declined,
    /// Ended without any money having moved.
    Closed,
    /// Ended after money moved and went back.
    Returned,
    /// Found paid though unwanted; the money is going back.
    Refunding,
    /// A person must decide.
    Held,
}

/// Names a means of payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ChannelView {
    Alipay,
    Wechat,
    Cash,
}

/// Says who scans whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FlowView {
    /// The till scans the customer's code.
    Scan,
    /// The customer scans the till's code.
    Show,
}

/// Says why an attempt is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum HeldView {
    AmountDiffers,
    AlreadyPaid,
    PayTime,
    Clash,
}

/// Carries a two-dimensional code as modules, so that the page draws it without an encoder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct QrView {
    /// Modules along one side, quiet zone not included.
    pub size: u32,
    /// One string per row, of `0` (light) and `1` (dark).
    pub rows: Vec<String>,
    /// The text the code stands for.
    pub content: String,
}

/// Shows one attempt to the cashier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AttemptView {
    pub out_trade_no: String,
    pub order_no: String,
    pub amount_fen: i64,
    pub channel: ChannelView,
    pub flow: FlowView,
    pub state: AttemptState,
    /// Present only while the code may be scanned.
    pub code: Option<QrView>,
    /// When the channel's own limit falls due.
    pub deadline_ms: Option<i64>,
    /// When the channel was last asked and answered or fell silent.
    pub asked_at_ms: Option<i64>,
    pub started_at_ms: i64,
    /// Present once the attempt has ended.
    pub ended_at_ms: Option<i64>,
    /// The channel's code for a decline, such as `BUYER_BALANCE_NOT_ENOUGH`.
    pub reason: Option<String>,
    /// The channel's own words. Untrusted: shown as text, never as markup.
    pub reason_text: Option<String>,
    /// What the channel says was paid, where that differs from the amount asked.
    pub channel_amount_fen: Option<i64>,
    pub held: Option<HeldView>,
    pub transaction_no: Option<String>,
    pub can_cancel: bool,
    pub can_put_aside: bool,
    pub can_ask_again: bool,
}

/// Says how far a channel can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ChannelHealth {
    Ready,
    /// No signed answer in this process yet.
    Proving,
    Silent,
    /// Keys or contract are refused; a manager must act.
    Misconfigured,
    /// The bound on open operations or on fen at risk is reached.
    Full,
}

/// Shows the health of one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ChannelHealthView {
    pub channel: ChannelView,
    pub state: ChannelHealth,
    /// Since when it has been so.
    pub since_ms: Option<i64>,
    /// How long the last answer took.
    pub latency_ms: Option<i64>,
    /// What a person can do about it, in the till's words. Shown as text.
    pub sentence: Option<String>,
}

/// Names a condition of the till that a person should know of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum NoticeView {
    ClockWrong,
    DiskFull,
    DiskReadOnly,
    BackupLate,
    DatabaseDamaged,
    CopiedDatabase,
    RestoredDatabase,
    LiveAttemptsAtStart,
}

/// Shows one notice with its particulars.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct NoticeLine {
    pub notice: NoticeView,
    /// A date, a count or a path; shown as text behind the sentence.
    pub detail: Option<String>,
}

/// Shows an attempt in one line: the strip and the orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ResultView {
    pub out_trade_no: String,
    pub order_no: String,
    pub channel: ChannelView,
    pub amount_fen: i64,
    pub state: AttemptState,
    /// When it ended, or began if it has not.
    pub at_ms: i64,
}

/// Names what the cashier is asked before a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum QuestionKind {
    /// An attempt over the same amount has no result yet (同一位顾客吗).
    SameCustomer,
}

/// Asks the cashier before a charge; nothing has been kept or sent for the intent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct QuestionView {
    pub kind: QuestionKind,
    pub intent_id: String,
    pub amount_fen: i64,
    pub unresolved_out_trade_no: String,
}

/// Shows the whole counter: everything the cashier's window draws.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CounterView {
    /// Whether this is pretend money (练习).
    pub practice: bool,
    /// Where the pretend customer's phone is, in practice.
    pub phone_url: Option<String>,
    pub store: String,
    pub till: String,
    pub now_ms: i64,
    /// The most one attempt may ask.
    pub limit_fen: i64,
    /// Orders begun on this business day.
    pub today_count: u32,
    /// The attempt that holds the screen, live or just ended.
    pub front: Option<AttemptView>,
    /// Attempts put aside (放一旁), oldest first.
    pub aside: Vec<AttemptView>,
    /// Attempts without a result, wherever they are.
    pub open_count: u32,
    pub open_sum_fen: i64,
    /// When the oldest of them began.
    pub open_oldest_ms: Option<i64>,
    pub channels: Vec<ChannelHealthView>,
    pub notices: Vec<NoticeLine>,
    /// The last five results, newest first.
    pub recent: Vec<ResultView>,
    pub question: Option<QuestionView>,
}

/// Shows one order of the day with its attempts, oldest attempt first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct OrderLineView {
    pub order_no: String,
    pub due_fen: i64,
    pub at_ms: i64,
    pub attempts: Vec<ResultView>,
}

/// Shows one event of an order's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct HistoryLineView {
    pub at_ms: i64,
    /// The event's kind in snake case; the page has a sentence for those it knows.
    pub event: String,
    /// Particulars, shown as text. Never a key, an auth code or a buyer's id.
    pub detail: String,
    pub out_trade_no: Option<String>,
}

/// Shows an attempt to the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CustomerAttempt {
    pub state: AttemptState,
    pub channel: ChannelView,
    pub amount_fen: i64,
    /// Present only while the code may be scanned.
    pub code: Option<QrView>,
    pub deadline_ms: Option<i64>,
}

/// Shows the customer's window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CustomerView {
    pub practice: bool,
    pub store: String,
    /// What the cashier has typed; none while nothing is due.
    pub amount_fen: Option<i64>,
    pub attempt: Option<CustomerAttempt>,
    pub now_ms: i64,
}

/// Names what went wrong with a command. A code exists only if the page acts on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ReportCode {
    BadAmount,
    AboveLimit,
    NotAPaymentCode,
    ProductBarcode,
    ReceiveCode,
    TruncatedCode,
    UnionPayCode,
    WechatNotYet,
    CodeAlreadyUsed,
    AttemptOpen,
    ChannelNotReady,
    Offline,
    BreakerOpen,
    TooManyOpen,
    Outdated,
    AppTooOld,
    DatabaseBroken,
    DiskFull,
    CopiedDatabase,
    BusyElsewhere,
    TooManyAside,
    /// The disk refuses to keep anything.
    DiskBroken,
    /// A file that the till is set up by cannot be used; its name is in the small print.
    Misconfigured,
    Internal,
}

/// Tells why a command did nothing; every command rejects with this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub code: ReportCode,
    /// Small print for whoever helps. Never a key or an auth code.
    pub detail: String,
}

/// Says whether the till may ask 同一位顾客吗 first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SameCustomer {
    /// Nobody has said; the till asks where it must.
    Ask,
    /// The cashier says that this is another customer.
    Another,
}

/// Tells what is typed, so that the customer's window shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TypeAmount {
    /// None clears the customer's window.
    pub amount_fen: Option<i64>,
}

/// Asks for a code that the customer scans.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ShowCode {
    /// Made once per confirmed amount; repeating it makes no second attempt.
    pub intent_id: String,
    pub amount_fen: i64,
    pub channel: ChannelView,
    pub same_customer: SameCustomer,
}

/// Hands in a scanned code. No `Debug`: an auth code must not find its way into a log.
#[derive(Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ScanCode {
    /// Made once per confirmed amount; repeating it makes no second attempt.
    pub intent_id: String,
    pub amount_fen: i64,
    /// What the scanner read. Never kept.
    pub auth_code: String,
    pub same_customer: SameCustomer,
}

/// Names the attempt a command is about.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AttemptRef {
    pub out_trade_no: String,
}

/// Names the order a command is about.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct OrderRef {
    pub order_no: String,
}
