//! Money given back: one intent, one refund, however often the command is run.
//!
//! The intent is kept in the refund's own row, so that it is durable with the refund or not at all. It names one refund of one sale. Without an intent a
//! refund begins only where the sale has none yet: whoever repeats a command whose end was not
//! seen must not give the money back twice. An older copy of the database has forgotten intents:
//! a sale from before a restore is refunded only when a person has looked at the channel's list.

use std::process::ExitCode;

use mianfu_core::channel::Flow;
use mianfu_core::money::{Fen, Timestamp};
use mianfu_core::number::OutTradeNo;
use mianfu_core::refund::{Refund, RefundCause, RefundId, RefundPhase};
use mianfu_gateway::MerchantKeys;
use mianfu_till::people::RefundWish;
use mianfu_till::refunds::phase_name;
use mianfu_till::start::random_name;
use mianfu_till::{DbError, Till};

use crate::desk::Desk;
use crate::exits;
use crate::lines::{describe_refund, print};
use crate::refused::Refused;

/// The most letters an intent's name has.
const NAME_MAX: usize = 64;

/// What one refund is called, so that the same wish is told from another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IntentName(String);

impl IntentName {
    /// Takes a name of 1 to 64 letters without a space among them.
    pub(crate) fn new(text: &str) -> Option<IntentName> {
        let fits = (1..=NAME_MAX).contains(&text.chars().count());
        let plain = !text.chars().any(|letter| letter.is_whitespace() || letter.is_control());
        (fits && plain).then(|| IntentName(text.to_owned()))
    }

    /// Returns the name under which a refund was kept; none where a rule began it.
    pub(crate) fn of(refund: &Refund) -> Option<IntentName> {
        match &refund.why {
            RefundCause::Person { intent_id, .. } => IntentName::new(intent_id),
            RefundCause::Rule(_) => None,
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    /// The attempt.
    pub(crate) no: OutTradeNo,
    /// How much; `None` for the whole amount.
    pub(crate) amount: Option<Fen>,
    /// Who asks.
    pub(crate) by: String,
    /// What this refund is called; `None` where nobody said.
    pub(crate) intent: Option<IntentName>,
    /// What a person says of a sale whose refunds this database may not know.
    pub(crate) compared: Compared,
}

/// Whether a person has compared a sale with the channel's own list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compared {
    /// Nobody said so.
    No,
    /// Somebody did, and the refund is not there.
    Yes,
}

/// Gives money of a paid attempt back and waits for the channel's confirmation.
pub(crate) async fn refund(desk: &mut Desk, wish: Wish) -> Result<ExitCode, Refused> {
    let asked = wish.clone();
    let kept = match desk.ask(move |till, _| find(till, &asked)).await? {
        // What an intent has made already is only followed; it needs no offer.
        Some(kept) => kept,
        None => {
            let no = wish.no.clone();
            desk.await_offer(desk.ask(move |till, _| till.attempt(&no)).await?.channel, Flow::Show)
                .await?;
            desk.ask(move |till, now| keep(till, &wish, now)).await?
        }
    };
    print(&describe_refund("refund_kept", &kept))?;
    follow(desk, kept.id).await
}

/// Tries a refund again that waits for a person, with its own number.
pub(crate) async fn retry(desk: &mut Desk, id: RefundId) -> Result<ExitCode, Refused> {
    let refund = desk.ask(move |till, _| till.refund_of(id)).await?;
    if !matches!(refund.phase, RefundPhase::Wedged { .. }) {
        return Err(Refused::NotWedged { id, phase: phase_name(&refund.phase) });
    }
    let no = refund.out_trade_no.clone();
    desk.await_offer(desk.ask(move |till, _| till.attempt(&no)).await?.channel, Flow::Show).await?;
    desk.ask(move |till, now| till.try_refund_again(id, now)).await?;
    follow(desk, id).await
}

/// Returns the refund that the intent has made; refuses where it is called otherwise, or not at
/// all and the sale has a refund already.
fn find(till: &Till<MerchantKeys>, wish: &Wish) -> Result<Option<Refund>, Refused> {
    let amount = amount_of(till, wish)?;
    let earlier = till.refunds_of(&wish.no)?;
    let known = match &wish.intent {
        Some(name) => {
            earlier.into_iter().find(|refund| IntentName::of(refund).as_ref() == Some(name))
        }
        // One that the channel refused gave nothing back.
        None => match earlier.into_iter().rfind(Refund::counts) {
            Some(refund) => return Err(Refused::RefundedBefore(Box::new(refund))),
            None => None,
        },
    };
    match known {
        Some(refund) if refund.amount == amount => Ok(Some(refund)),
        Some(refund) => Err(Refused::RefundIntentUsed { amount: refund.amount }),
        None if wish.compared == Compared::No && is_of_another_series(till, &wish.no)? => {
            Err(Refused::RefundsUnknown)
        }
        None => Ok(None),
    }
}

/// Says whether the sale was numbered before the database was restored or copied: what was given
/// back in between is not in it.
fn is_of_another_series(till: &Till<MerchantKeys>, no: &OutTradeNo) -> Result<bool, DbError> {
    Ok(till.db().read().series()? != no.series())
}

/// Keeps the refund, unless one has come since it was looked for.
fn keep(till: &mut Till<MerchantKeys>, wish: &Wish, now: Timestamp) -> Result<Refund, Refused> {
    if let Some(kept) = find(till, wish)? {
        return Ok(kept);
    }
    let intent_id = match &wish.intent {
        Some(name) => name.as_str().to_owned(),
        None => random_name()?,
    };
    let asked = RefundWish { no: wish.no.clone(), amount: amount_of(till, wish)?, intent_id };
    let id = till.refund(&asked, &wish.by, now)?;
    Ok(till.refund_of(id)?)
}

fn amount_of(till: &Till<MerchantKeys>, wish: &Wish) -> Result<Fen, DbError> {
    match wish.amount {
        Some(amount) => Ok(amount),
        None => Ok(till.attempt(&wish.no)?.amount.fen()),
    }
}

/// Waits until a refund has ended or waits for a person, and prints it.
async fn follow(desk: &mut Desk, id: RefundId) -> Result<ExitCode, Refused> {
    let mut changes = desk.changes();
    loop {
        let refund = desk.ask(move |till, _| till.refund_of(id)).await?;
        if refund.is_final() || refund.next_at.is_none() {
            print(&describe_refund("refund", &refund))?;
            return Ok(ExitCode::from(exits::of_refund(&refund.phase)));
        }
        desk.tell_notices().await?;
        if let Some(code) = desk.change(&mut changes).await? {
            return Ok(code);
        }
    }
}
