//! Why a command did nothing, as the page is told it.

use serde::Serialize;
use ts_rs::TS;

use super::ChannelView;

/// Names what went wrong with a command. A code exists only if the page acts on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ReportCode {
    BadAmount,
    AboveLimit,
    NotAPaymentCode,
    ProductBarcode,
    ReceiveCode,
    /// An address that asks for no money.
    WebAddress,
    MemberCard,
    /// A number of ours, where a payment code is due.
    OwnReceipt,
    TruncatedCode,
    CodesRunTogether,
    ScanTooLong,
    /// An input method changed what was scanned.
    WideDigits,
    UnionPayCode,
    /// A payment code of a wallet that this till has no channel of.
    WalletNotHere,
    CodeAlreadyUsed,
    AttemptOpen,
    ChannelNotReady,
    /// Its payment codes are not taken while its reversal is not let in.
    ScansUnproven,
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
    WrongPin,
    /// Too many wrong ones; the counter says until when.
    PinLocked,
    PinUnset,
    /// Not six digits, or too simple.
    BadPin,
    ReceivedTooLittle,
    RoundingTooLarge,
    /// A reversal has left; only the channel decides.
    ReversalLeft,
    /// Practice waits until every sale has its result.
    SalesOpen,
    NothingToRefund,
    RefundExceeds,
    /// No money was taken, so there is no receipt.
    NothingTaken,
    /// No font with Chinese letters; nothing was printed and nothing counted.
    NoFont,
    /// The print was counted and its file could not be written; which is in the small print.
    ReceiptUnwritten,
}

/// Tells why a command did nothing; every command rejects with this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub code: ReportCode,
    /// Small print for whoever helps. Never a key or an auth code.
    pub detail: String,
    /// The wallet it is about, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub channel: Option<ChannelView>,
}
