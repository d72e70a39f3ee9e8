//! Which wallet's code a shop shows, and one wallet's code in the place of another's
//! (`docs/decisions/0020`).
//!
//! The code that stands is taken back like any other, and the next is asked for only once the till
//! has its channel's word that it ended without money. Until then the wish is held here, in memory:
//! where it is lost, a code has been cancelled, and nothing else.

use std::sync::{MutexGuard, PoisonError};

use mianfu_core::attempt::{Attempt, Phase, Screen};
use mianfu_core::breaker::Offer;
use mianfu_core::channel::ChannelId;
use mianfu_core::money::Timestamp;
use mianfu_core::number::OutTradeNo;
use mianfu_till::{Means, MerchantKeys, Refusal, Till};

use crate::convert;
use crate::open::Shop;
use crate::shell::{Shell, attempt_no};
use crate::views::{AttemptRef, ChangeCode, ChannelView, Report, ReportCode};

/// What a shop remembers of its codes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Codes {
    /// The wallet of the last one.
    pub(crate) last: Option<ChannelId>,
    pub(crate) change: Option<Change>,
}

/// A code that gives its place to another wallet's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// The attempt that is being taken back.
    pub(crate) no: OutTradeNo,
    pub(crate) to: ChannelId,
}

/// How far a change has come.
enum Went {
    /// The code before may still be paid.
    Waits,
    Shown,
    /// It ended otherwise, or is in front no more: there is nothing to show another code for.
    Over,
}

impl Shop {
    pub(crate) fn codes(&self) -> MutexGuard<'_, Codes> {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shell {
    /// Takes the code that stands back and shows another wallet's as soon as that is over without
    /// money. Returns once it is shown, or once there is nothing more to show it for.
    pub(crate) async fn change_code(&self, request: ChangeCode) -> Result<(), Report> {
        let no = attempt_no(&request.out_trade_no)?;
        let to = convert::wallet(request.channel)?;
        let shop = self.shop().await?;
        shop.check_sound()?;
        let change = Change { no, to };
        // Before the till is told, so that no screen says in between that the sale is reversed.
        let before = self.turn_codes(&shop, |codes| {
            let before = codes.change.clone();
            codes.change.get_or_insert_with(|| change.clone());
            before
        });
        if before.is_some() {
            return Err(Report::plain(ReportCode::Outdated, "a code is being changed already"));
        }
        let changed = self.carry_out(&shop, &change).await;
        self.turn_codes(&shop, |codes| {
            codes.last = changed.as_ref().ok().copied().flatten().or(codes.last);
            if codes.change.as_ref() == Some(&change) {
                codes.change = None;
            }
        });
        changed.map(drop).map_err(|report| report.about(Some(convert::channel(to))))
    }

    /// Returns the wallet whose code is shown; none where the sale came to another end.
    async fn carry_out(&self, shop: &Shop, change: &Change) -> Result<Option<ChannelId>, Report> {
        let mut revision = shop.running.revision();
        let mut turned = self.turned();
        let Change { no, to } = change.clone();
        shop.running.ask(move |till, now| take_back(till, &no, to, now)).await??;
        while shop.codes().change.as_ref() == Some(change) {
            let Change { no, to } = change.clone();
            match shop.running.ask(move |till, now| show_next(till, &no, to, now)).await?? {
                Went::Shown => return Ok(Some(to)),
                Went::Over => return Ok(None),
                Went::Waits => {}
            }
            let goes_on = tokio::select! {
                changed = revision.changed() => changed.is_ok(),
                changed = turned.changed() => changed.is_ok(),
            };
            if !goes_on {
                break;
            }
        }
        Ok(None)
    }

    /// Lets a change go: the code before is taken back, and none comes after it. Returns whether
    /// there was one.
    pub(crate) async fn stop_changing(&self, request: &AttemptRef) -> Result<bool, Report> {
        let shop = self.shop().await?;
        let changing = |codes: &Codes| {
            codes.change.as_ref().is_some_and(|change| change.no.as_str() == request.out_trade_no)
        };
        let changes = changing(&shop.codes());
        if changes {
            self.turn_codes(&shop, |codes| codes.change = None);
        }
        Ok(changes)
    }

    /// Remembers whose code was shown last.
    pub(crate) fn has_shown(&self, shop: &Shop, channel: ChannelId) {
        self.turn_codes(shop, |codes| codes.last = Some(channel));
    }

    /// Lets the key show the code of a wallet whose payment code could not be taken.
    pub(crate) fn offer_code_of(&self, shop: &Shop, wallet: Option<ChannelView>) {
        if let Some(Ok(channel)) = wallet.map(convert::wallet) {
            self.has_shown(shop, channel);
        }
    }

    fn turn_codes<R>(&self, shop: &Shop, change: impl FnOnce(&mut Codes) -> R) -> R {
        let changed = change(&mut shop.codes());
        self.turner().send_modify(|turned| *turned += 1);
        changed
    }
}

/// Takes a code back that nobody has scanned, where the other channel would take the sale.
fn take_back(
    till: &mut Till<MerchantKeys>,
    no: &OutTradeNo,
    to: ChannelId,
    now: Timestamp,
) -> Result<(), Report> {
    let counter = till.counter(now)?;
    let stands =
        |front: &Attempt| front.out_trade_no == *no && front.channel != to && may_give_place(front);
    if !counter.front.as_ref().is_some_and(stands) {
        return Err(Report::plain(ReportCode::Outdated, "no code stands that could be changed"));
    }
    let health = counter.channels.iter().find(|health| health.channel == to);
    let offer = health.map(|health| health.offer.clone()).ok_or(Refusal::NoChannel)?;
    if offer != Offer::Ready {
        return Err(Refusal::NotOffered(offer).into());
    }
    Ok(till.cancel(no, now)?)
}

/// Whether another wallet's code may take an attempt's place: it asks for money with a code that
/// nobody has scanned, or that has not left the till.
pub(crate) fn may_give_place(attempt: &Attempt) -> bool {
    matches!(attempt.screen(), Screen::Code | Screen::Parked)
}

fn show_next(
    till: &mut Till<MerchantKeys>,
    no: &OutTradeNo,
    to: ChannelId,
    now: Timestamp,
) -> Result<Went, Report> {
    let front = till.counter(now)?.front;
    let Some(before) = front.filter(|front| front.out_trade_no == *no) else {
        return Ok(Went::Over);
    };
    if before.is_live() {
        return Ok(Went::Waits);
    }
    if !matches!(before.phase, Phase::Closed { .. }) {
        return Ok(Went::Over);
    }
    till.collect_again(before.order_no, &Means::Show(to), now)?;
    Ok(Went::Shown)
}
