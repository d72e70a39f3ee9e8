//! Money given back: one intent a command, and never a second one unasked while an earlier refund
//! of the same amount has not ended.

use std::process::ExitCode;

use mianfu_core::money::{Fen, Timestamp};
use mianfu_core::number::OutTradeNo;
use mianfu_core::refund::{Refund, RefundId, RefundPhase};
use mianfu_till::DbError;
use mianfu_till::refunds::phase_name;

use crate::desk::Desk;
use crate::lines::{describe_refund, print};
use crate::refused::Refused;
use crate::sale::WAITS_FOR_A_PERSON;

/// What to do where an earlier refund of the same amount has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    /// It may be the same wish: begin none.
    Refused,
    /// A person says that it is another one.
    Insisted,
}

/// Gives money of a paid attempt back and waits for the channel's confirmation.
pub(crate) async fn refund(
    desk: &mut Desk,
    no: OutTradeNo,
    amount: Option<Fen>,
    by: String,
    again: Again,
) -> Result<ExitCode, Refused> {
    let began_at = desk.began_at;
    let asked = no.clone();
    // Before the wait: what is open may end meanwhile, and would be asked for twice.
    let earlier = desk.ask(move |till, _| {
        let amount = amount.unwrap_or(till.attempt(&asked)?.amount.fen());
        Ok::<_, DbError>((amount, till.refunds_of(&asked)?))
    });
    let (amount, earlier) = earlier.await?;
    if again == Again::Refused {
        earlier.iter().try_for_each(|other| may_follow(other, amount, began_at))?;
    }
    desk.await_offer().await?;
    let kept = desk.ask(move |till, now| {
        let id = till.refund(&no, amount, &by, now)?;
        Ok::<_, Refused>(till.refund_of(id)?)
    });
    let kept = kept.await?;
    print(&describe_refund("refund_kept", &kept))?;
    follow(desk, kept.id).await
}

/// Tries a refund again that waits for a person, with its own number.
pub(crate) async fn retry(desk: &mut Desk, id: RefundId) -> Result<ExitCode, Refused> {
    let refund = desk.ask(move |till, _| till.refund_of(id)).await?;
    if !matches!(refund.phase, RefundPhase::Wedged { .. }) {
        return Err(Refused::NotWedged { id, phase: phase_name(&refund.phase) });
    }
    desk.await_offer().await?;
    desk.ask(move |till, now| till.try_refund_again(id, now)).await?;
    follow(desk, id).await
}

/// Refuses where an earlier refund of the same amount may be the same wish: one that has not ended,
/// or one that this start found open and the channel has confirmed since.
fn may_follow(earlier: &Refund, amount: Fen, began_at: Timestamp) -> Result<(), Refused> {
    if earlier.amount != amount {
        return Ok(());
    }
    let nth = earlier.nth;
    match earlier.phase {
        RefundPhase::Counting | RefundPhase::Sending | RefundPhase::Asking => {
            Err(Refused::RefundOpen { amount, nth, phase: phase_name(&earlier.phase) })
        }
        RefundPhase::Wedged { .. } => Err(Refused::RefundWedged { amount, nth, id: earlier.id }),
        RefundPhase::Done { at } if began_at <= at => Err(Refused::RefundConfirmed { amount, nth }),
        RefundPhase::Done { .. } | RefundPhase::Refused { .. } | RefundPhase::Held => Ok(()),
    }
}

/// Waits until a refund has ended or waits for a person, and prints it.
async fn follow(desk: &mut Desk, id: RefundId) -> Result<ExitCode, Refused> {
    let mut changes = desk.changes();
    loop {
        let refund = desk.ask(move |till, _| till.refund_of(id)).await?;
        if refund.is_final() || refund.next_at.is_none() {
            print(&describe_refund("refund", &refund))?;
            return Ok(match refund.phase {
                RefundPhase::Done { .. } => ExitCode::SUCCESS,
                RefundPhase::Wedged { .. } => ExitCode::from(WAITS_FOR_A_PERSON),
                RefundPhase::Counting
                | RefundPhase::Sending
                | RefundPhase::Asking
                | RefundPhase::Refused { .. }
                | RefundPhase::Held => ExitCode::from(3),
            });
        }
        desk.tell_notices().await?;
        if let Some(code) = desk.change(&mut changes).await? {
            return Ok(code);
        }
    }
}
