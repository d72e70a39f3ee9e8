//! What waits for a person or is not known, one line each.

use serde::Serialize;
use ts_rs::TS;

use super::{AttemptState, ChannelView, HeldView, RefundState};

/// Shows one thing that is open. What can be done about it follows from its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum OpenItemView {
    /// A sale without a result.
    Attempt {
        out_trade_no: String,
        order_no: String,
        amount_fen: i64,
        /// When it was begun.
        since_ms: i64,
        state: AttemptState,
        channel: ChannelView,
        /// Whether the channel refuses the till's questions about it.
        needs_manager: bool,
    },
    /// A refund that has not come to its end.
    Refund {
        refund_id: i64,
        order_no: String,
        amount_fen: i64,
        /// When it was asked for.
        since_ms: i64,
        state: RefundState,
        /// The wallet that it goes back to.
        channel: ChannelView,
    },
    /// What was found about a sale, until the manager has looked into it.
    Finding {
        finding_id: i64,
        found: FoundView,
        channel: ChannelView,
        out_trade_no: String,
        order_no: String,
        amount_fen: i64,
        /// When it was found.
        since_ms: i64,
        /// Why the sale is held, where it is.
        held: Option<HeldView>,
        /// What the channel says was paid, where that differs from the amount asked.
        channel_amount_fen: Option<i64>,
    },
}

/// Names what was found about a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FoundView {
    /// Money came after the sale had ended.
    LateMoney,
    /// The channel contradicts an end.
    Contradicted,
    /// The goods were gone and the sale ended without money.
    GoodsGoneUnpaid,
    /// The money went back although this till never asked for it.
    ReturnedByOthers,
    /// A person must decide.
    Held,
    /// A payment that the database did not know.
    Recovered,
    /// It came from another machine, whose till may go on with it.
    Copied,
    /// A refund of the sale is held.
    RefundHeld,
}

/// Shows what is open, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct OpenItemsView {
    pub items: Vec<OpenItemView>,
    /// How many more there are.
    pub rest: u32,
}
