//! Sales: taken, followed to their end, listed.

use std::process::ExitCode;

use mianfu_core::attempt::Screen;
use mianfu_core::number::OutTradeNo;
use mianfu_core::refund::{Refund, RefundPhase};
use mianfu_till::hearing::{Delay, Standing, Way};
use mianfu_till::{Collect, DbError, SameCustomer};
use serde_json::json;

use crate::desk::Desk;
use crate::exits;
use crate::lines::{describe, describe_refund, print, relay_line};
use crate::refused::Refused;

/// Takes a payment and waits for its end.
pub(crate) async fn collect(desk: &mut Desk, collect: Collect) -> Result<ExitCode, Refused> {
    let intent_id = collect.intent_id.clone();
    let is_kept = move |till: &mut mianfu_till::Till<_>, _| {
        Ok::<bool, DbError>(till.db().read().orders().by_intent(&intent_id)?.is_some())
    };
    // What an intent has made already is only followed; it needs no offer.
    let is_kept = desk.ask(is_kept).await?;
    // What is no payment code the till refuses with its own sentence.
    if let (false, Some((channel, flow))) = (is_kept, collect.means.way()) {
        desk.await_offer(channel, flow).await?;
    }
    let begun = desk.ask(move |till, now| {
        if !is_kept && collect.same_customer == SameCustomer::Another {
            // Nobody stands before a till without a window: a live sale has no place to keep.
            let front = till.counter(now)?.front.filter(|front| front.is_live());
            if let Some(front) = front {
                till.put_aside(&front.out_trade_no)?;
            }
        }
        till.collect(collect, now)
    });
    let no = begun.await?;
    print(&json!({ "event": "kept", "out_trade_no": no.as_str(), "again": is_kept }))?;
    follow(desk, no).await
}

/// Cancels an attempt and waits for its end.
pub(crate) async fn cancel(desk: &mut Desk, no: OutTradeNo) -> Result<ExitCode, Refused> {
    let cancelled = no.clone();
    desk.ask(move |till, now| till.cancel(&cancelled, now)).await?;
    follow(desk, no).await
}

/// Prints each change of an attempt until it ends.
async fn follow(desk: &mut Desk, no: OutTradeNo) -> Result<ExitCode, Refused> {
    let mut changes = desk.changes();
    let mut told: Option<Screen> = None;
    loop {
        let asked = no.clone();
        let known = desk.ask(move |till, _| {
            Ok::<_, DbError>((till.attempt(&asked)?, till.refunds_of(&asked)?))
        });
        let (attempt, refunds) = known.await?;
        let screen = attempt.screen();
        if told != Some(screen) {
            print(&describe(&attempt, &refunds))?;
            told = Some(screen);
        }
        if attempt.is_final() {
            tell_how_it_was_learnt(desk).await?;
            return Ok(ExitCode::from(exits::of_attempt(screen)));
        }
        desk.tell_notices().await?;
        if let Some(code) = desk.change(&mut changes).await? {
            return Ok(code);
        }
    }
}

/// Prints how soon after it was paid a shown code was seen to be, and by what.
async fn tell_how_it_was_learnt(desk: &Desk) -> Result<(), Refused> {
    let heard = desk.ask(|till, _| Ok::<_, DbError>(till.heard())).await?;
    let line = |by: &str, delay: &Delay| json!({ "event": "learnt", "by": by, "way": way(heard.way), "delay_ms": delay.median_ms });
    let says = match (heard.way, heard.standing) {
        (Way::None, _) | (_, Standing::Connecting | Standing::Listening) => None,
        (_, Standing::Silent) => Some("the relay is not reached: check address and the network"),
        (_, Standing::Refused) => {
            Some("the relay knows no such till or key: check till, key_id and key_file")
        }
        (_, Standing::Strange) => Some("what answers there is no relay: check address"),
    };
    if let Some(says) = says {
        print(&relay_line(says))?;
    }
    if let Some(delay) = &heard.by_notice {
        print(&line("notice", delay))?;
    }
    if let Some(delay) = &heard.by_asking {
        print(&line("asking", delay))?;
    }
    Ok(())
}

fn way(way: Way) -> &'static str {
    match way {
        Way::None => "none",
        Way::Embedded => "embedded",
        Way::Standalone => "standalone",
    }
}

/// Prints every known attempt with its refunds, and every refund that has not ended.
pub(crate) async fn status(desk: &Desk) -> Result<ExitCode, Refused> {
    list(desk).await?;
    Ok(ExitCode::SUCCESS)
}

/// Waits until everything open has its end or waits for a person.
pub(crate) async fn settle(desk: &mut Desk, cancel_open: bool) -> Result<ExitCode, Refused> {
    let mut changes = desk.changes();
    if cancel_open {
        for attempt in desk.ask(|till, _| till.open_attempts()).await? {
            let no = attempt.out_trade_no;
            desk.ask(move |till, now| till.cancel(&no, now)).await?;
        }
    }
    while !desk.ask(|till, _| till.is_decided()).await? {
        desk.tell_notices().await?;
        if let Some(code) = desk.change(&mut changes).await? {
            return Ok(code);
        }
    }
    let wedged = list(desk).await?;
    Ok(ExitCode::from(if 0 < wedged { exits::WAITS_FOR_A_PERSON } else { exits::DONE }))
}

/// Prints attempts and refunds; returns how many refunds wait for a person.
async fn list(desk: &Desk) -> Result<usize, Refused> {
    let known = desk.ask(|till, _| {
        let mut known = Vec::new();
        for attempt in till.known_attempts()? {
            let refunds = till.refunds_of(&attempt.out_trade_no)?;
            known.push((attempt, refunds));
        }
        let findings = till.db().read().findings().count_open()?;
        Ok::<_, DbError>((known, till.open_refunds()?, findings))
    });
    let (known, mut open, findings) = known.await?;
    let wedged =
        open.iter().filter(|refund| matches!(refund.phase, RefundPhase::Wedged { .. })).count();
    let mut count = 0;
    for (attempt, refunds) in &known {
        print(&describe(attempt, refunds))?;
        open.retain(|refund| refund.out_trade_no != attempt.out_trade_no);
        count += print_refunds(refunds)?;
    }
    // Those of sales too old to be listed.
    count += print_refunds(&open)?;
    let line = json!({
        "event": "status",
        "attempts": known.len(),
        "refunds": count,
        "waiting_for_a_person": wedged,
        "findings_to_settle": findings,
    });
    print(&line)?;
    Ok(wedged)
}

fn print_refunds(refunds: &[Refund]) -> Result<usize, Refused> {
    for refund in refunds {
        print(&describe_refund("refund", refund))?;
    }
    Ok(refunds.len())
}
