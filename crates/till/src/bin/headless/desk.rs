//! The running till as a command uses it: its answers, the end of the wait, its notices.
//!
//! A wait for the channel's offer keeps nothing, so its end says that nothing was sent; every
//! later wait has something kept behind it, and its end says that it is open.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use mianfu_core::breaker::Offer;
use mianfu_core::channel::{ChannelId, Flow};
use mianfu_core::money::Timestamp;
use mianfu_gateway::MerchantKeys;
use mianfu_till::Till;
use mianfu_till::running::Running;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::exits;
use crate::lines::{describe_notice, print};
use crate::refused::Refused;

/// The longest to wait for the channel's first signed answer, in ms.
const OFFER_MS_MAX: u64 = 20_000;

/// The till of this process.
pub(crate) struct Desk {
    running: Running<MerchantKeys>,
    until: Instant,
    told: BTreeSet<&'static str>,
}

impl Desk {
    pub(crate) fn new(running: Running<MerchantKeys>, until: Instant) -> Desk {
        Desk { running, until, told: BTreeSet::new() }
    }

    pub(crate) fn stop(&self) {
        self.running.stop();
    }

    /// Asks the till; whatever it refuses becomes a line with all its reasons.
    pub(crate) async fn ask<R: Send + 'static, E: Into<Refused> + Send + 'static>(
        &self,
        task: impl FnOnce(&mut Till<MerchantKeys>, Timestamp) -> Result<R, E> + Send + 'static,
    ) -> Result<R, Refused> {
        self.running.ask(task).await?.map_err(Into::into)
    }

    /// Returns the changes from this moment on.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.running.revision()
    }

    /// Waits for the next change; `None` where the time is up, which is told.
    pub(crate) async fn change(
        &self,
        changes: &mut watch::Receiver<u64>,
    ) -> Result<Option<ExitCode>, Refused> {
        match timeout_at(self.until, changes.changed()).await {
            Ok(Ok(())) => Ok(None),
            Ok(Err(_)) => Err(Refused::Stopped),
            Err(_) => {
                print(&json!({ "event": "still_open", "next": "run settle" }))?;
                Ok(Some(ExitCode::from(exits::STILL_OPEN)))
            }
        }
    }

    /// Returns the till's channel where it has one only.
    pub(crate) async fn only_channel(&self) -> Result<ChannelId, Refused> {
        let channels = self.running.ask(|till, _| till.channel_ids()).await?;
        match channels.as_slice() {
            [] => Err(Refused::NoChannel),
            [channel] => Ok(*channel),
            [..] => Err(Refused::WhichChannel),
        }
    }

    /// Waits until a channel has signed an answer in this process (M4), or gives the reason why
    /// it is not offered. Nothing has been kept or sent then.
    pub(crate) async fn await_offer(
        &mut self,
        channel: ChannelId,
        flow: Flow,
    ) -> Result<(), Refused> {
        let until = self.until.min(Instant::now() + Duration::from_millis(OFFER_MS_MAX));
        let mut changes = self.changes();
        let offered = loop {
            let offer = self.running.ask(move |till, _| till.offer_of(channel, flow)).await?;
            match offer {
                Some(Offer::Ready) => break Ok(()),
                Some(
                    offer @ (Offer::Proving
                    | Offer::Silent { .. }
                    | Offer::Unproven { reason: None }),
                ) => match timeout_at(until, changes.changed()).await {
                    Ok(Ok(())) => (),
                    Ok(Err(_)) => break Err(Refused::Stopped),
                    Err(_) => break Err(Refused::NotOffered(offer)),
                },
                Some(offer @ (Offer::Misconfigured { .. } | Offer::Unproven { .. })) => {
                    break Err(Refused::NotOffered(offer));
                }
                // The till says itself what it does not take.
                None => break Ok(()),
            }
        };
        // The first answer shows the channel's clock.
        self.tell_notices().await?;
        offered
    }

    /// Prints what a person should know, each once.
    pub(crate) async fn tell_notices(&mut self) -> Result<(), Refused> {
        for notice in self.running.ask(|till, now| till.notices(now)).await? {
            let (name, line) = describe_notice(&notice);
            if self.told.insert(name) {
                print(&line)?;
            }
        }
        Ok(())
    }
}
