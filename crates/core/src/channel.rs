//! What a channel can do and what it says, in our words.
//!
//! A channel is a value: its differences are data here, so that no code outside the gateway asks
//! which channel it is.

use crate::money::{Fen, Timestamp};
use crate::mutant;

/// Which channel an attempt goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChannelId {
    /// Alipay (支付宝).
    Alipay,
    /// WeChat Pay (微信支付).
    Wechat,
}

impl ChannelId {
    /// Returns the name kept in databases and files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ChannelId::Alipay => "alipay",
            ChannelId::Wechat => "wechat",
        }
    }

    /// Reads the name kept in databases and files.
    #[must_use]
    pub fn parse(text: &str) -> Option<ChannelId> {
        [ChannelId::Alipay, ChannelId::Wechat].into_iter().find(|id| id.as_str() == text)
    }
}

/// Who shows a code and who scans it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flow {
    /// We scan the customer's payment code (付款码, 被扫).
    Scan,
    /// The customer scans ours (扫码, 主扫).
    Show,
}

/// How patient a channel lets us be and how its ends are reached. All times in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timetable {
    /// From the submit to the first query, even while the submit is open.
    pub first_query_ms: i64,
    /// Between queries while the channel says the customer is busy.
    pub query_every_ms: i64,
    /// Between queries about a shown code that waits for its customer.
    pub show_every_ms: i64,
    /// The same while the channel's notices reach the till. A relay may withhold them, so this is
    /// how late a payment is seen at worst.
    pub heard_every_ms: i64,
    /// How long a query may be open before the next may leave.
    pub query_open_ms: i64,
    /// How long a submit may be open; after it the submit counts as unanswered.
    pub submit_open_ms: i64,
    /// From the submit to the last ask, for a scan.
    pub scan_limit_ms: i64,
    /// How much longer a scan's customer may be waited for, once, when the cashier says so.
    pub longer_ms: i64,
    /// From keeping the attempt to the shown code's `time_expire`.
    pub show_life_ms: i64,
    /// How long a code may wait for the network before it ends as never sent.
    pub parked_limit_ms: i64,
    /// Between tries of a parked code.
    pub parked_retry_ms: i64,
    /// From the submit to the first moment the channel allows a reversal.
    pub reverse_not_before_ms: i64,
    /// How old a "not paid" may be when a reversal leaves on it.
    pub reverse_fresh_ms: i64,
    /// Between a reversal that did not decide and the next question.
    pub reverse_retry_ms: i64,
    /// From the submit to the end of a number no reversal could find: the code's life and a margin.
    pub unseen_ms: i64,
    /// Between questions while a reversal has found nothing.
    pub unseen_every_ms: i64,
    /// From the submit to the last moment a reversal is possible; afterwards only a refund is.
    pub reverse_until_ms: i64,
    /// From an end to the one more question that follows it.
    pub late_ask_ms: i64,
    /// From a shown code's expiry to the one more question that follows it.
    pub expiry_ask_ms: i64,
    /// Between questions about money on its way back, about wedged attempts and gone goods.
    pub slow_ask_ms: i64,
    /// Between a refund and the query about it.
    pub refund_query_ms: i64,
    /// Between two refunds of one trade.
    pub refund_spacing_ms: i64,
    /// Longest wait of the backoff after silence.
    pub backoff_max_ms: i64,
    /// What ends a shown code that nobody has scanned.
    pub unscanned_end: UnscannedEnd,
}

/// What ends a shown code that nobody has scanned (M8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnscannedEnd {
    /// The channel's reversal: Alipay's cancel, which can move money and so needs a fresh query.
    Reverse,
    /// The channel's close, which cannot move money.
    Close,
}

impl Timetable {
    /// Returns whether the channel has a trade from the submit of a shown code on, before anybody
    /// has scanned it. There is something to close then, and "waiting" does not say that a customer
    /// is at it.
    #[must_use]
    pub fn has_trade_unscanned(&self) -> bool {
        self.unscanned_end == UnscannedEnd::Close
    }

    /// Returns the timetable of a till that the channel's notices reach.
    #[must_use]
    pub fn heard(self) -> Timetable {
        let heard_every_ms = match mutant::planted("m14_asks_no_more_once_it_hears") {
            true => self.show_life_ms,
            false => self.heard_every_ms,
        };
        Timetable { show_every_ms: heard_every_ms, ..self }
    }

    /// Alipay's face-to-face payment (opendocs 00f7ns, 00f7nv, 02ekfr: query from 5 s every 3 to
    /// 6 s for about 60 s, cancel straight after the last query, cancel within 24 h).
    pub const ALIPAY: Timetable = Timetable {
        first_query_ms: 5_000,
        query_every_ms: 3_000,
        show_every_ms: 3_000,
        heard_every_ms: 4_500,
        query_open_ms: 5_500,
        submit_open_ms: 15_500,
        scan_limit_ms: 60_000,
        longer_ms: 30_000,
        show_life_ms: 180_000,
        parked_limit_ms: 120_000,
        parked_retry_ms: 3_000,
        reverse_not_before_ms: 0,
        reverse_fresh_ms: 3_000,
        reverse_retry_ms: 2_000,
        unseen_ms: 75_000,
        unseen_every_ms: 10_000,
        reverse_until_ms: 86_400_000,
        late_ask_ms: 300_000,
        expiry_ask_ms: 60_000,
        slow_ask_ms: 60_000,
        refund_query_ms: 10_000,
        refund_spacing_ms: 3_000,
        backoff_max_ms: 30_000,
        unscanned_end: UnscannedEnd::Reverse,
    };

    /// WeChat Pay (v2 4011937125: query from 5 s while the customer types, who has about 45 s;
    /// v2 4011937361: reverse not within 15 s of the payment, again every 10 s, for 7 days;
    /// 4014959631: a refund is asked for every minute, two of one trade a minute apart;
    /// 4012075249: a shown code may be asked about every 2 s).
    pub const WECHAT: Timetable = Timetable {
        query_every_ms: 5_000,
        scan_limit_ms: 45_000,
        reverse_not_before_ms: 15_000,
        reverse_retry_ms: 10_000,
        reverse_until_ms: 604_800_000,
        refund_query_ms: 60_000,
        refund_spacing_ms: 60_000,
        unscanned_end: UnscannedEnd::Close,
        ..Timetable::ALIPAY
    };
}

/// What a channel says of a trade, with its signature unless the name says otherwise.
///
/// No variant stands for "I do not know": an answer we cannot read is silence (law 2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The money was taken.
    Paid(Payment),
    /// The channel knows the trade and the customer has yet to confirm it.
    Waiting,
    /// The channel knows no such trade. For a shown code: nobody has scanned it yet.
    NotExist,
    /// The answer to a shown code's submit: what to draw.
    Code { content: String },
    /// Not charged, and this number never will be.
    Declined { reason: String },
    /// Not charged, but the same number could still be: it must be reversed (M11).
    DeclinedAlive { reason: String },
    /// The trade was closed and nothing moved.
    Closed,
    /// The trade was paid and the money went back.
    Returned,
    /// "Already paid", said to a submit.
    AlreadyPaid,
    /// Not-exist without a signature. Ends an attempt only by M10.
    UnsignedNotExist,
    /// Refused without a signature: a configuration error. Proves nothing; a manager acts (M10).
    UnsignedRefusal { reason: String },
}

/// A capture as the channel tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// What was taken, in fen. It may differ from what was asked, and then a person decides.
    pub amount: Fen,
    /// The channel's number for the trade.
    pub transaction_no: String,
    /// When the customer paid, in the till's time (the channel's clock less its known offset).
    /// `None` where the answer does not say.
    pub paid_at: Option<Timestamp>,
    /// A keyed hash of who paid; `None` where the answer does not say.
    pub payer: Option<PayerHash>,
    /// Whether some of it has gone back since, by a refund that the answer does not count.
    pub some_back: bool,
}

/// A keyed hash of a payer's id, for recognising the same customer within minutes (M18).
///
/// The id itself is never kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PayerHash(pub String);

/// What a channel says to a reversal, with its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reversal {
    /// The trade was unpaid and is closed.
    Closed,
    /// The trade was paid and the money goes back in full.
    Returned,
    /// Done, but the answer does not say whether money moved.
    Done,
    /// The channel found no trade under the number.
    FoundNothing,
    /// Not done; the channel asks for the same call again.
    Again,
    /// The merchant's balance does not cover the return.
    NoBalance,
    /// The time for reversals is over; only a refund can return the money.
    TooLate,
    /// Refused for another reason; a query decides what is true.
    Refused { reason: String },
}

/// What a channel says to a close, with its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closing {
    /// The trade was unpaid and is closed.
    Closed,
    /// The channel knows no such trade.
    NotExist,
    /// Refused: the trade may have been paid meanwhile.
    Refused { reason: String },
}

/// What a channel says to a refund, with its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundVerdict {
    /// The refund moved money under this number, in this call.
    Done,
    /// Accepted or a repeat; a refund query decides.
    Accepted,
    /// The merchant's balance does not cover it.
    NoBalance,
    /// The number was used with another amount.
    Clash,
    /// The channel will not do it: over the ceiling, too old, closed.
    Refused { reason: String },
    /// The same without a signature: no end by itself (M10).
    UnsignedRefusal { reason: String },
}

/// What a channel says to a query about a refund, with its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundAnswer {
    /// The refund happened, with this amount.
    Done { amount: Fen },
    /// Accepted and under way.
    Waiting,
    /// The channel knows no such refund.
    NotExist,
    /// The channel itself ended it without moving money.
    Ended { reason: String },
}
