//! An attempt as columns and back. Anything this program never writes is `Corrupt`.

use mianfu_core::attempt::{Attempt, ClosedHow, HoldReason, PaidFacts, Phase, Why};
use mianfu_core::channel::{ChannelId, Flow};
use mianfu_core::money::Charge;

use super::ATTEMPT;
use crate::Versioned;
use crate::error::DbError;
use crate::row::{Cell, Row};

/// What a phase carries, one column each.
#[derive(Default)]
struct Carried {
    why: Cell,
    transaction_no: Cell,
    paid_at_ms: Cell,
    payer_hash: Cell,
    reason: Cell,
    closed_how: Cell,
    hold_reason: Cell,
    channel_fen: Cell,
}

pub(super) fn to_row(attempt: &Attempt, version: i64) -> Row {
    let (phase, carried) = phase_to_columns(&attempt.phase);
    Row::new(
        &ATTEMPT,
        vec![
            attempt.out_trade_no.as_str().into(),
            attempt.order_no.0.into(),
            attempt.channel.as_str().into(),
            flow_to_text(attempt.flow).into(),
            attempt.amount.get().into(),
            attempt.kept_at.into(),
            phase.into(),
            carried.why,
            carried.transaction_no,
            carried.paid_at_ms,
            carried.payer_hash,
            carried.reason,
            carried.closed_how,
            carried.hold_reason,
            carried.channel_fen,
            attempt.poll_at.into(),
            attempt.sent_at.into(),
            attempt.submit_open.into(),
            attempt.seen.into(),
            attempt.code.as_ref().into(),
            attempt.scanned.into(),
            attempt.limit_at.into(),
            attempt.waited_longer.into(),
            attempt.expires_at.into(),
            attempt.reversal_left_at.into(),
            attempt.reversal_over.into(),
            attempt.asked_at.into(),
            attempt.silences.into(),
            attempt.absent_at.into(),
            attempt.unwanted.into(),
            attempt.goods_gone_by.as_ref().into(),
            attempt.declined.as_ref().into(),
            attempt.wedged.as_ref().into(),
            attempt.late_money.into(),
            version.into(),
        ],
    )
}

pub(crate) fn from_row(row: &Row) -> Result<Versioned<Attempt>, DbError> {
    let attempt = Attempt {
        out_trade_no: row.out_trade_no("out_trade_no")?,
        order_no: row.order_no("order_no")?,
        channel: row.word("channel", ChannelId::parse)?,
        flow: row.word("flow", flow_from_text)?,
        amount: Charge::new(row.int("amount_fen")?).ok_or_else(|| row.corrupt())?,
        kept_at: row.at("kept_at_ms")?,
        phase: phase_from_columns(row)?,
        poll_at: row.opt_at("poll_at_ms")?,
        sent_at: row.opt_at("sent_at_ms")?,
        submit_open: row.flag("submit_open")?,
        seen: row.flag("seen")?,
        code: row.opt_text("code")?,
        scanned: row.flag("scanned")?,
        limit_at: row.at("limit_at_ms")?,
        waited_longer: row.flag("waited_longer")?,
        expires_at: row.opt_at("expires_at_ms")?,
        reversal_left_at: row.opt_at("reversal_left_at_ms")?,
        reversal_over: row.flag("reversal_over")?,
        asked_at: row.opt_at("asked_at_ms")?,
        silences: row.number("silences")?,
        absent_at: row.opt_at("absent_at_ms")?,
        unwanted: row.flag("unwanted")?,
        goods_gone_by: row.opt_text("goods_gone_by")?,
        declined: row.opt_text("declined_alive")?,
        wedged: row.opt_text("wedged")?,
        late_money: row.flag("late_money")?,
    };
    if attempt.is_final() != attempt.poll_at.is_none() {
        return Err(row.corrupt());
    }
    Ok(Versioned { value: attempt, version: row.int("version")? })
}

fn phase_to_columns(phase: &Phase) -> (&'static str, Carried) {
    let none = Carried::default();
    match phase {
        Phase::Parked => ("parked", none),
        Phase::Submitting => ("submitting", none),
        Phase::Waiting => ("waiting", none),
        Phase::Asking { why } => ("asking", Carried { why: why_to_text(*why).into(), ..none }),
        Phase::Closing => ("closing", none),
        Phase::Reversing => ("reversing", none),
        Phase::Unseen => ("unseen", none),
        Phase::Refunding { transaction_no } => {
            ("refunding", Carried { transaction_no: transaction_no.into(), ..none })
        }
        Phase::Paid { payment } => {
            let carried = Carried {
                transaction_no: (&payment.transaction_no).into(),
                paid_at_ms: payment.paid_at.into(),
                payer_hash: payment.payer.as_ref().into(),
                ..none
            };
            ("paid", carried)
        }
        Phase::Declined { reason } => ("declined", Carried { reason: reason.into(), ..none }),
        Phase::Closed { how } => {
            ("closed", Carried { closed_how: how_to_text(*how).into(), ..none })
        }
        Phase::Returned => ("returned", none),
        Phase::Held { reason } => {
            let (hold_reason, channel_fen) = hold_to_columns(*reason);
            ("held", Carried { hold_reason, channel_fen, ..none })
        }
    }
}

fn phase_from_columns(row: &Row) -> Result<Phase, DbError> {
    Ok(match row.text_of("phase")?.as_str() {
        "parked" => Phase::Parked,
        "submitting" => Phase::Submitting,
        "waiting" => Phase::Waiting,
        "asking" => Phase::Asking { why: row.word("why", why_from_text)? },
        "closing" => Phase::Closing,
        "reversing" => Phase::Reversing,
        "unseen" => Phase::Unseen,
        "refunding" => Phase::Refunding { transaction_no: row.text_of("transaction_no")? },
        "paid" => Phase::Paid {
            payment: PaidFacts {
                transaction_no: row.text_of("transaction_no")?,
                paid_at: row.at("paid_at_ms")?,
                payer: row.opt_text("payer_hash")?,
            },
        },
        "declined" => Phase::Declined { reason: row.text_of("reason")? },
        "closed" => Phase::Closed { how: row.word("closed_how", how_from_text)? },
        "returned" => Phase::Returned,
        "held" => Phase::Held { reason: hold_from_columns(row)? },
        _ => return Err(row.corrupt()),
    })
}

fn flow_to_text(flow: Flow) -> &'static str {
    match flow {
        Flow::Scan => "scan",
        Flow::Show => "show",
    }
}

fn flow_from_text(text: &str) -> Option<Flow> {
    [Flow::Scan, Flow::Show].into_iter().find(|flow| flow_to_text(*flow) == text)
}

fn why_to_text(why: Why) -> &'static str {
    match why {
        Why::Limit => "limit",
        Why::Cancelled => "cancelled",
        Why::CodeLost => "code_lost",
        Why::DeclinedAlive => "declined_alive",
        Why::Cash => "cash",
    }
}

fn why_from_text(text: &str) -> Option<Why> {
    [Why::Limit, Why::Cancelled, Why::CodeLost, Why::DeclinedAlive, Why::Cash]
        .into_iter()
        .find(|why| why_to_text(*why) == text)
}

fn how_to_text(how: ClosedHow) -> &'static str {
    match how {
        ClosedHow::NeverSent => "never_sent",
        ClosedHow::NeverExisted => "never_existed",
        ClosedHow::ByChannel => "by_channel",
    }
}

fn how_from_text(text: &str) -> Option<ClosedHow> {
    [ClosedHow::NeverSent, ClosedHow::NeverExisted, ClosedHow::ByChannel]
        .into_iter()
        .find(|how| how_to_text(*how) == text)
}

fn hold_to_columns(reason: HoldReason) -> (Cell, Cell) {
    match reason {
        HoldReason::AmountDiffers { channel_fen } => ("amount_differs".into(), channel_fen.into()),
        HoldReason::AlreadyPaid => ("already_paid".into(), Cell::Null),
        HoldReason::PaidTooEarly => ("paid_too_early".into(), Cell::Null),
    }
}

fn hold_from_columns(row: &Row) -> Result<HoldReason, DbError> {
    Ok(match row.text_of("hold_reason")?.as_str() {
        "amount_differs" => HoldReason::AmountDiffers { channel_fen: row.int("channel_fen")? },
        "already_paid" => HoldReason::AlreadyPaid,
        "paid_too_early" => HoldReason::PaidTooEarly,
        _ => return Err(row.corrupt()),
    })
}
