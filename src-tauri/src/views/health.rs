//! What the till relies on besides its channels, as the page is shown it.

use serde::Serialize;
use ts_rs::TS;

/// Says how far the disk can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DiskState {
    /// Nobody has looked, or the system does not say.
    Unknown,
    Good,
    /// Little room is left.
    Low,
    Full,
    ReadOnly,
    Failing,
    /// The database is damaged.
    Damaged,
}

/// Says how far the machine's clock can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ClockState {
    /// No channel has said the time yet.
    Unknown,
    Good,
    Wrong,
}

/// Says how it stands with the copies in the second place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum BackupState {
    Good,
    /// The first one comes in a moment.
    Soon,
    /// The store has named no second place.
    Unset,
    /// The last try failed; the next comes in minutes.
    Failed,
    /// None for two hours.
    Late,
    /// The database is damaged, and the older copies may be the last sound ones.
    Stopped,
    /// Practice is not copied.
    Practice,
}

/// Says where notices come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum WayView {
    None,
    /// From a relay in this program.
    Embedded,
    /// From a relay elsewhere.
    Standalone,
}

/// Says whether notices come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum HearingState {
    /// There is no relay, and none is wished.
    Asking,
    Connecting,
    Listening,
    /// The relay is not reached; the till comes again by itself.
    Silent,
    /// The relay does not know the till's key.
    Refused,
    /// What answers there is no relay.
    Strange,
    /// The file about the relay cannot be used.
    WrongFile,
    /// The relay in this program did not start.
    NotStarted,
}

/// Shows how soon after they were paid shown codes were seen to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DelayView {
    /// Of how many of the last payments.
    pub count: u32,
    /// The one in the middle; up to a second too long.
    pub median_ms: i64,
}

/// Shows how notices come to the till, and how soon a payment is seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct HearingView {
    pub way: WayView,
    pub state: HearingState,
    /// Since when it is so.
    pub since_ms: Option<i64>,
    /// What is wrong with the file.
    pub detail: Option<String>,
    pub by_notice: Option<DelayView>,
    pub by_asking: Option<DelayView>,
}

/// Names work that goes out by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum WaitingKind {
    Refunds,
    /// Questions about sales that have ended.
    Asks,
}

/// Shows how much of one kind waits to go out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct WaitingView {
    pub kind: WaitingKind,
    pub count: u32,
    /// When the oldest was asked for.
    pub oldest_ms: i64,
    /// When the first is tried next.
    pub next_ms: i64,
}

/// Shows what the till relies on besides its channels; the page has a line for each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct HealthView {
    pub disk: DiskState,
    /// When that was known.
    pub disk_at_ms: Option<i64>,
    /// What may still be written, in whole megabytes.
    pub disk_free_mb: Option<i64>,
    pub clock: ClockState,
    pub clock_at_ms: Option<i64>,
    /// The channel's clock less the machine's, where that one is wrong and both are known.
    pub clock_off_ms: Option<i64>,
    pub backup: BackupState,
    /// When the last copy was made, or the last try failed.
    pub backup_at_ms: Option<i64>,
    /// Why it failed, in the system's words.
    pub backup_detail: Option<String>,
    pub hearing: HearingView,
    /// What waits to go out; nothing is listed that does not.
    pub waiting: Vec<WaitingView>,
    /// About when all of it has gone out; none while a channel does not answer.
    pub waiting_done_ms: Option<i64>,
}
