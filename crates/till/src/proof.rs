//! Whether the channel's reversal is in order, where a scan must not begin without it.
//!
//! A reversal that the channel does not let in would leave a scan without an end, and nobody would
//! notice before the first one is needed. WeChat Pay's asks for a certificate of its own. So, once a
//! signed answer has said that the number of our harmless questions does not exist, that number is
//! reversed: it was minted for this and never submitted, and nothing can move.

use mianfu_core::breaker::Offer;
use mianfu_core::channel::{ChannelId, Flow, Reversal};
use mianfu_core::money::Timestamp;
use mianfu_core::mutant;
use mianfu_gateway::{Answer, CallError, Keys};

use crate::line::Line;
use crate::till::Till;
use crate::worker::{What, chain};

/// What is known of a channel's reversal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reverses {
    /// The channel's signature on any answer is proof enough.
    NoProofNeeded,
    /// A signed answer to a reversal has come.
    Proven,
    /// None has come; the last try ended like this.
    Unproven { reason: Option<String> },
}

impl<K: Keys> Line<K> {
    /// Returns whether new charges of this flow may be offered.
    #[must_use]
    pub fn offer_of(&self, flow: Flow) -> Offer {
        match (self.offer(), flow, &self.reverses) {
            (Offer::Ready, Flow::Scan, Reverses::Unproven { reason })
                if !mutant::planted("m4_scans_without_a_reversal") =>
            {
                Offer::Unproven { reason: reason.clone() }
            }
            (offer, _, _) => offer,
        }
    }
}

impl<K: Keys> Till<K> {
    /// Tries the reversal, after a signed answer that the number does not exist.
    pub(crate) fn prove_reversal(&mut self, channel: ChannelId, now: Timestamp) {
        let unproven = self
            .lines
            .get(&channel)
            .is_some_and(|line| matches!(line.reverses, Reverses::Unproven { .. }));
        if unproven {
            self.calls.hand_out(What::ProveReversal { channel }, now);
        }
    }

    /// Notes how the try went. What the channel says is signed, so any of it shows that the call was
    /// let in; only "ask again" shows nothing yet.
    pub(crate) fn reversal_tried(&mut self, channel: ChannelId, answer: Result<Answer, CallError>) {
        let found = match answer {
            Ok(Answer::Reversal(
                Reversal::FoundNothing | Reversal::Done | Reversal::Closed | Reversal::Returned,
            )) => Reverses::Proven,
            Ok(Answer::Reversal(Reversal::Refused { reason })) => {
                Reverses::Unproven { reason: Some(reason) }
            }
            Err(CallError::UnsignedRefusal { reason }) => {
                Reverses::Unproven { reason: Some(reason) }
            }
            Err(error) => Reverses::Unproven { reason: Some(chain(&error)) },
            Ok(
                Answer::Reversal(Reversal::Again | Reversal::NoBalance | Reversal::TooLate)
                | Answer::Told(_)
                | Answer::Closing(_)
                | Answer::Refund(_)
                | Answer::RefundQuery(_)
                | Answer::Proven,
            ) => return,
        };
        let Some(line) = self.lines.get_mut(&channel) else { return };
        if line.reverses != found {
            tracing::info!(?channel, reversal = ?found, "the channel's reversal was tried");
            line.reverses = found;
            self.revision += 1;
        }
    }
}
