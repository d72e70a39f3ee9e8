//! What the screens are shown, and what they may ask.
//!
//! Types only: no rules, no conversions, no reading of the database.
//! Views say what to show, not what is stored; the sentence a cashier reads is chosen by the page.
//! Amounts are whole fen, moments are Unix milliseconds of the till's clock, and both fit a
//! JavaScript number exactly.
//! The page's counterparts in `ui/src/bindings` are generated from this file.

mod health;
mod open_items;
mod report;
mod requests;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use health::{
    BackupState, ClockState, DelayView, DiskState, HealthView, HearingState, HearingView,
    WaitingKind, WaitingView, WayView,
};
pub use open_items::{FoundView, OpenItemView, OpenItemsView};
pub use report::{Report, ReportCode};
pub use requests::{
    AskBill, AttemptRef, CashInstead, ChangeCode, EnterPractice, GoodsGiven, OrderRef,
    RefundAttempt, RefundCash, RetryRefund, SameCustomer, ScanCode, SetPin, SettleFinding,
    ShowCode, TakeCash, TypeAmount,
};

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
    /// Ended without having left the till, because the channel was not reached.
    Unreached,
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
    /// The wallet whose code may take the place of this one, which nobody has scanned.
    pub change_to: Option<ChannelView>,
    /// The wallet whose code comes as soon as this one is void (正在换成微信).
    pub changing_to: Option<ChannelView>,
    pub can_put_aside: bool,
    pub can_ask_again: bool,
    /// Whether half a minute more may be given (再等 30 秒), once.
    pub can_wait_longer: bool,
    /// Whether cash may take its place (改收现金).
    pub can_take_cash: bool,
    /// Whether a manager may say that the goods are gone (货已交给顾客).
    pub can_give_goods: bool,
    /// Whether a manager has said so.
    pub goods_gone: bool,
    /// Whether cash took its place.
    pub unwanted: bool,
    /// What may still go back to the customer; 0 where nothing can.
    pub refundable_fen: i64,
    /// What goes or went back, oldest first.
    pub refunds: Vec<RefundLineView>,
}

/// Names where a refund stands, in the cashier's terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    /// On its way to the channel.
    Sending,
    /// The channel has it and has yet to confirm.
    Waiting,
    /// The money went back.
    Confirmed,
    /// The channel refused it; nothing went back.
    Refused,
    /// Waits for a person: the merchant's balance does not cover it.
    Wedged,
    /// A person must decide: its number carries another amount.
    Held,
}

/// Shows one refund of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RefundLineView {
    pub refund_id: i64,
    pub amount_fen: i64,
    pub state: RefundState,
    /// When it was confirmed, or asked for where it is not.
    pub at_ms: i64,
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

/// Says whether a wallet's payment codes are taken, where it takes charges at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ScansView {
    Taken,
    /// Its reversal has not been tried yet in this process.
    Proving,
    /// Its reversal is not let in; the small print says why. Its own codes can be shown.
    Unproven,
}

/// Shows the health of one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ChannelHealthView {
    pub channel: ChannelView,
    pub state: ChannelHealth,
    pub scans: ScansView,
    /// Since when it has been so.
    pub since_ms: Option<i64>,
    /// How long the last answer took.
    pub latency_ms: Option<i64>,
    /// What a person can do about it, in the till's words. Shown as text.
    pub sentence: Option<String>,
    /// When the last call ended, with an answer or without one.
    pub known_at_ms: Option<i64>,
}

/// Names a condition of the till that a person should know of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum NoticeView {
    ClockWrong,
    DiskFull,
    /// Little room is left.
    DiskLow,
    DiskReadOnly,
    BackupLate,
    DatabaseDamaged,
    CopiedDatabase,
    RestoredDatabase,
    /// Sales without a result are of a channel that is not set up here.
    ChannelMissing,
    LiveAttemptsAtStart,
    /// The store wants to hear, and there is no device.
    NoSound,
}

/// Shows one notice with its particulars.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct NoticeLine {
    pub notice: NoticeView,
    /// A date, a count or a path; shown as text behind the sentence.
    pub detail: Option<String>,
}

/// Shows one of the last results in the strip: an attempt that ended, or a sale in cash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LastView {
    /// None of a sale in cash.
    pub out_trade_no: Option<String>,
    pub order_no: String,
    pub channel: ChannelView,
    pub amount_fen: i64,
    pub state: AttemptState,
    /// When the customer paid, or when it ended without.
    pub at_ms: i64,
}

/// Shows an attempt in one line of the orders.
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

/// Names the shop that is on. A sale is taken by the shop that it was confirmed in, and by no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ShopView {
    /// The one of the till's own channels; practice can be entered from it.
    Own,
    /// Practice, entered from there; it can be left.
    Practice,
    /// Practice on a till without channels of its own: there is nothing else.
    PracticeOnly,
}

/// Shows the whole counter: everything the cashier's window draws.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CounterView {
    /// Whether this is pretend money (练习).
    pub practice: bool,
    pub shop: ShopView,
    /// When practice ends by itself, in its last minute; the page counts down.
    pub practice_ends_at_ms: Option<i64>,
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
    /// Attempts of which nobody knows, wherever they are; not those that are waited for.
    pub unknown_count: u32,
    pub unknown_sum_fen: i64,
    /// When the oldest of them began.
    pub unknown_oldest_ms: Option<i64>,
    /// Refunds that only a person brings further, of whatever day.
    pub waiting_refunds: u32,
    /// Findings that the manager has not settled, of whatever day.
    pub open_findings: u32,
    pub channels: Vec<ChannelHealthView>,
    /// The wallet whose code is shown next: the one of the code before, while it can be.
    pub next_code: Option<ChannelView>,
    pub health: HealthView,
    pub notices: Vec<NoticeLine>,
    /// The last five results, newest first.
    pub recent: Vec<LastView>,
    pub question: Option<QuestionView>,
    /// Whether there is a device for sound.
    pub sound_works: bool,
    /// How many events nobody could hear since the start. With each the plate's outline flashes.
    pub missed_sounds: u32,
    pub settings: SettingsView,
    /// The manager's PIN.
    pub manager: ManagerState,
    /// When it may be tried again; none while it may, or where a person must act first.
    pub manager_locked_until_ms: Option<i64>,
    /// The cash sale that stands on the plate.
    pub cash: Option<CashView>,
    /// The earlier payment of the customer in front (同一顾客刚付过).
    pub just_paid: Option<JustPaidView>,
}

/// Says how the store reads codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ScannerKind {
    /// A reader that never sleeps: a key arms it.
    Box,
    /// A reader with a trigger: a scan charges what is typed.
    Trigger,
}

/// Names an act that a store may put on another key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KeyAct {
    Collect,
    Show,
    Ask,
    Cancel,
    Aside,
    Cash,
    Orders,
    Receipt,
    Practice,
    Health,
    OpenItems,
}

/// Shows a key that the store chose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct KeyView {
    pub act: KeyAct,
    /// A key's place as a browser names it, such as `NumpadMultiply`.
    pub code: String,
}

/// Shows what the store's file sets for the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SettingsView {
    pub scanner: ScannerKind,
    /// Whether 1250 is typed for 12.50.
    pub implied_decimals: bool,
    /// A charge above this asks once more.
    pub ask_above_fen: Option<i64>,
    /// The most that may be rounded off a sum in cash (抹零).
    pub rounding_limit_fen: i64,
    /// Only the keys that the store has moved.
    pub keys: Vec<KeyView>,
    pub sound: bool,
    pub voice: bool,
}

/// Says whether a manager's PIN can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ManagerState {
    Unset,
    Set,
    /// Too many wrong ones, or its file cannot be read.
    Locked,
}

/// Shows a sale in cash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CashView {
    pub order_no: String,
    pub due_fen: i64,
    pub rounded_fen: i64,
    pub received_fen: i64,
    pub change_fen: i64,
    pub at_ms: i64,
    /// Whether it took the place of a wallet (改收现金).
    pub instead: bool,
}

/// Shows an earlier payment by the same customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct JustPaidView {
    pub out_trade_no: String,
    pub amount_fen: i64,
    pub at_ms: i64,
    pub channel: ChannelView,
}

/// Says which sale a bill's barcode belongs to; all none where this till has no such sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct BillView {
    /// None of a sale in cash.
    pub out_trade_no: Option<String>,
    pub order_no: Option<String>,
    /// Present of a sale that is over and no longer at the counter.
    pub ended: Option<ResultView>,
    /// Present of a sale in cash.
    pub cash: Option<CashBillView>,
}

/// Shows what a customer's bill of a sale in cash stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CashBillView {
    /// Kept of what was handed over.
    pub amount_fen: i64,
    /// Gone back in cash since.
    pub refunded_fen: i64,
    pub at_ms: i64,
}

/// Shows one order of the day with its attempts, oldest attempt first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct OrderLineView {
    pub order_no: String,
    pub due_fen: i64,
    pub at_ms: i64,
    /// Taken in cash.
    pub cash_fen: i64,
    /// Let go when cash was taken (抹零).
    pub rounded_fen: i64,
    /// Gone back in cash.
    pub cash_refunded_fen: i64,
    /// Whether it took money, so that there is a receipt of it.
    pub has_receipt: bool,
    pub attempts: Vec<ResultView>,
}

/// Shows a receipt as it would be printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptView {
    /// Laid out for 48 columns; a Chinese letter takes two.
    pub lines: Vec<String>,
    /// Digits of the barcode under them.
    pub barcode: String,
    /// Whether it was printed before (补打).
    pub reprint: bool,
}

/// Says where a printed receipt lies, and what is on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptFile {
    pub folder: String,
    pub name: String,
    pub receipt: ReceiptView,
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
    /// The wallet whose code comes next.
    pub changing_to: Option<ChannelView>,
}

/// Shows the customer's window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CustomerView {
    pub practice: bool,
    pub store: String,
    /// What the cashier has typed; none while nothing is due.
    pub amount_fen: Option<i64>,
    /// Whether a code can be taken for it.
    pub takes_codes: bool,
    /// The wallets whose payment codes are taken.
    pub scans: Vec<ChannelView>,
    pub attempt: Option<CustomerAttempt>,
    pub now_ms: i64,
}
