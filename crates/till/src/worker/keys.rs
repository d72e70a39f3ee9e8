//! The keys that a channel signs with, where it hands them out itself and takes others in their
//! place one day (WeChat Pay's platform certificates).
//!
//! They are asked for at every start, twice a day, and when an answer or a notice names a key that
//! is not known. Until the channel has handed that one out, such an answer is silence (law 10): a
//! sale goes on being asked about, and is decided by the first question after it. Anybody can name
//! an unknown key, so however many do, there is one download in ten minutes.

use mianfu_core::channel::ChannelId;
use mianfu_core::money::Timestamp;
use mianfu_core::mutant;
use mianfu_db::DbError;
use mianfu_gateway::{CallError, HttpReply, Keys, RefreshCause, Stamp, channel_time};

use super::{Outgoing, What, chain};
use crate::till::Till;

impl<K: Keys> Till<K> {
    /// Asks for the keys whose time has come.
    pub(crate) fn mind_keys(&mut self, now: Timestamp) {
        if mutant::planted("law10_keys_are_those_of_the_file") {
            return;
        }
        let channels: Vec<ChannelId> = self.lines.keys().copied().collect();
        for channel in channels {
            self.want_keys(channel, RefreshCause::Age, now);
        }
    }

    /// An answer or a notice named a key of the channel's that is not known.
    pub(crate) fn met_unknown_key(&mut self, channel: ChannelId, now: Timestamp) {
        if !mutant::planted("law10_an_unknown_key_stays_unknown") {
            self.want_keys(channel, RefreshCause::UnknownKey, now);
        }
    }

    fn want_keys(&mut self, channel: ChannelId, cause: RefreshCause, now: Timestamp) {
        let Some(line) = self.lines.get_mut(&channel) else { return };
        let storms =
            cause == RefreshCause::UnknownKey && mutant::planted("law7_a_download_for_each_key");
        if line.channel.hands_out_keys() && (line.refresh.is_due(cause, now) || storms) {
            self.calls.hand_out(What::Keys { channel }, now);
        }
    }

    /// Lets the question for the keys leave.
    pub(super) fn leave_for_keys(&mut self, channel: ChannelId, stamp: Stamp) -> Option<Outgoing> {
        let request = self.lines.get(&channel)?.channel.encode_keys(stamp)?;
        let id = self.calls.next_id();
        self.calls.for_keys.insert(id, channel);
        Some(Outgoing { id, channel, request })
    }

    /// Takes the answer to the question for the keys. Where one of them is new, what is open is
    /// asked about at once: its answers were silence until then.
    pub(super) fn keys_answered(
        &mut self,
        channel: ChannelId,
        result: Result<HttpReply, CallError>,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let Some(line) = self.lines.get_mut(&channel) else { return Ok(()) };
        let offset_ms = line.offset_by(now, result.as_ref().ok().and_then(channel_time));
        let stamp = Stamp { now, offset_ms };
        let taken = result.and_then(|reply| line.channel.take_keys(&reply, stamp));
        line.refresh.ended(taken.is_ok());
        match taken {
            Ok(true) => {
                tracing::info!(?channel, "the channel signs with a key that was not known before");
                self.ask_what_is_open(channel, now)
            }
            Ok(false) => Ok(()),
            Err(error) => {
                tracing::warn!(?channel, error = %chain(&error), "the channel's keys did not come");
                Ok(())
            }
        }
    }
}
