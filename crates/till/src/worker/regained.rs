//! A channel that was silent answers again: what is open is asked about at once.
//!
//! Each question that was not answered has moved the next one further away, up to half a minute,
//! and a customer stands at the counter.

use mianfu_core::attempt::Event;
use mianfu_core::breaker::Offer;
use mianfu_core::channel::ChannelId;
use mianfu_core::money::Timestamp;
use mianfu_core::mutant;
use mianfu_db::DbError;
use mianfu_gateway::Keys;

use crate::cashier::OPEN_MAX;
use crate::till::Till;

impl<K: Keys> Till<K> {
    pub(super) fn is_silent(&self, channel: ChannelId) -> bool {
        let offer = self.lines.get(&channel).map(|line| line.offer());
        matches!(offer, Some(Offer::Silent { .. }))
    }

    /// Asks about every live attempt of the channel.
    pub(crate) fn ask_what_is_open(
        &mut self,
        channel: ChannelId,
        now: Timestamp,
    ) -> Result<(), DbError> {
        if mutant::planted("law11_asked_when_its_turn_comes") {
            return Ok(());
        }
        let open = self.db.read().attempts().open(OPEN_MAX)?;
        let of_channel = |attempt: &mianfu_core::attempt::Attempt| {
            attempt.channel == channel && attempt.is_live()
        };
        for kept in open.into_iter().filter(|kept| of_channel(&kept.value)) {
            self.step(&kept.value.out_trade_no, Event::AskedNow, now, None)?;
        }
        Ok(())
    }
}
