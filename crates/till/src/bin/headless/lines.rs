//! What is printed: one JSON object a line, flushed before anything else happens.

use std::io::Write;

use mianfu_core::attempt::Attempt;
use mianfu_core::money::Fen;
use mianfu_core::refund::{Refund, RefundPhase};
use mianfu_till::Notice;
use mianfu_till::refunds::phase_name;
use mianfu_till::till::TroubleKind;
use serde_json::{Value, json};

use crate::refund::IntentName;

pub(crate) fn print(line: &Value) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}")?;
    output.flush()
}

pub(crate) fn describe(attempt: &Attempt, refunds: &[Refund]) -> Value {
    json!({
        "event": "attempt",
        "out_trade_no": attempt.out_trade_no.as_str(),
        "order_no": attempt.order_no.0,
        "channel": attempt.channel.as_str(),
        "amount_fen": attempt.amount.get(),
        "screen": format!("{:?}", attempt.screen()),
        "final": attempt.is_final(),
        "code": attempt.live_code(),
        "refunded_fen": refunded(refunds).get(),
    })
}

fn refunded(refunds: &[Refund]) -> Fen {
    refunds
        .iter()
        .filter(|refund| matches!(refund.phase, RefundPhase::Done { .. }))
        .fold(Fen::ZERO, |sum, refund| sum.checked_add(refund.amount).unwrap_or(sum))
}

/// A refund as it stands. Its number may still move while it is counted at the channel (M20).
pub(crate) fn describe_refund(event: &str, refund: &Refund) -> Value {
    let mut line = json!({
        "event": event,
        "id": refund.id.0,
        "out_trade_no": refund.out_trade_no.as_str(),
        "intent": IntentName::of(refund).as_ref().map(IntentName::as_str),
        "refund_no": refund.refund_no().map(|no| no.as_str().to_owned()),
        "refund_no_settled": refund.minted,
        "amount_fen": refund.amount.get(),
        "phase": phase_name(&refund.phase),
        "reason": reason(&refund.phase),
    });
    // One just kept is followed by this very process.
    if let Some(next) = refund_next(refund).filter(|_| event == "refund") {
        line["next"] = json!(next);
    }
    line
}

fn reason(phase: &RefundPhase) -> Option<&str> {
    match phase {
        RefundPhase::Wedged { reason } | RefundPhase::Refused { reason } => Some(reason),
        RefundPhase::Held => Some("other_amount"),
        RefundPhase::Counting
        | RefundPhase::Sending
        | RefundPhase::Asking
        | RefundPhase::Done { .. } => None,
    }
}

fn refund_next(refund: &Refund) -> Option<String> {
    match &refund.phase {
        RefundPhase::Wedged { reason } if reason == "no_balance" => Some(format!(
            "the merchant's balance does not cover it: top up, then run retry-refund {}",
            refund.id.0
        )),
        RefundPhase::Wedged { .. } => {
            Some(format!("remove the reason, then run retry-refund {}", refund.id.0))
        }
        RefundPhase::Refused { .. } => Some(
            "the channel did not give it back: run refund with another --intent for another try"
                .to_owned(),
        ),
        RefundPhase::Held => Some(
            "the channel has another amount under this number: compare with the channel's own \
             list before giving more back"
                .to_owned(),
        ),
        RefundPhase::Counting | RefundPhase::Sending | RefundPhase::Asking => {
            Some("run settle".to_owned())
        }
        RefundPhase::Done { .. } => None,
    }
}

/// Returns a notice's name and its line.
pub(crate) fn describe_notice(notice: &Notice) -> (&'static str, Value) {
    let line = |name: &'static str, says: String, next: &str| {
        (name, json!({ "event": "notice", "notice": name, "says": says, "next": next }))
    };
    match notice {
        Notice::ClockWrong { offset_ms, .. } => {
            let says = match offset_ms {
                0 => "this machine's clock shows a day before this program was made".to_owned(),
                _ => format!(
                    "this machine's clock is {} s {} the channel's",
                    offset_ms.abs() / 1_000,
                    if 0 < *offset_ms { "behind" } else { "ahead of" },
                ),
            };
            line("clock_wrong", says, "set the clock of this machine")
        }
        Notice::Trouble(kind) => {
            let (name, says, next) = trouble(*kind);
            line(name, says.to_owned(), next)
        }
        Notice::CopiedDatabase => line(
            "copied_database",
            "the database came from another machine: this till numbers anew".to_owned(),
            "use a copy on one machine only",
        ),
        Notice::RestoredDatabase => line(
            "restored_database",
            "the database is an older copy: the channel is asked about the numbers since"
                .to_owned(),
            "run settle, then compare with the channel's own list",
        ),
        Notice::ChannelMissing { count } => line(
            "channel_missing",
            format!("sales or refunds without a result, of a channel not set up here: {count}"),
            "name that channel's file too (--channel), so that they are asked about",
        ),
        Notice::LiveAtStart { count } => line(
            "live_at_start",
            format!("sales without a result at the start: {count}"),
            "run settle",
        ),
    }
}

/// Returns the line that says why notices do not come.
pub(crate) fn relay_line(says: &str) -> Value {
    let next = "sell as usual: the till asks; mend the relay or its file when there is time";
    json!({ "event": "notice", "notice": "no_notices", "says": says, "next": next })
}

fn trouble(kind: TroubleKind) -> (&'static str, &'static str, &'static str) {
    match kind {
        TroubleKind::DiskFull => {
            ("disk_full", "the disk is full: nothing new is charged", "free space on the disk")
        }
        TroubleKind::ReadOnly => (
            "read_only",
            "the database cannot be written: nothing new is charged",
            "check that the disk is not read-only and that the file and its folder can be written",
        ),
        TroubleKind::Damaged => (
            "damaged",
            "the database is not as it was written: nothing new is charged",
            "restore the newest backup; do not delete the file",
        ),
        TroubleKind::Failing => {
            ("failing", "the disk fails: nothing new is charged", "check the disk, then run settle")
        }
    }
}
