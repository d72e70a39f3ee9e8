//! What an answer says, and what it says of the channel itself: that it answers, what its clock
//! shows, which key it signs with.

use mianfu_core::channel::Verdict;
use mianfu_core::money::Timestamp;
use mianfu_core::mutant;
use mianfu_gateway::{Answer, CallError, HttpReply, Keys, Stamp, channel_time};

use super::{Open, What};
use crate::till::Till;

impl<K: Keys> Till<K> {
    pub(super) fn decode(
        &mut self,
        open: &Open,
        result: Result<HttpReply, CallError>,
        now: Timestamp,
    ) -> Result<Answer, CallError> {
        let headers = result.as_ref().map(|reply| reply.headers.as_slice()).unwrap_or_default();
        let unknown = self
            .lines
            .get(&open.channel)
            .is_some_and(|line| line.channel.names_an_unknown_key(headers));
        let answer = self.judge(open, result, now);
        if unknown && answer.is_err() {
            self.met_unknown_key(open.channel, now);
        }
        answer
    }

    fn judge(
        &mut self,
        open: &Open,
        result: Result<HttpReply, CallError>,
        now: Timestamp,
    ) -> Result<Answer, CallError> {
        let line = self.lines.get_mut(&open.channel).expect("a line is never taken away");
        let date = result.as_ref().ok().and_then(channel_time);
        // By its own clock: the first answer after a start comes before any offset is known (M13).
        let offset_ms = line.offset_by(now, date);
        let signed = result.as_ref().is_ok_and(|reply| line.channel.is_signed(reply));
        let answer = result.and_then(|reply| {
            line.channel.decode(&open.call, open.flow, &reply, Stamp { now, offset_ms })
        });
        // It says nothing of the channel's other calls.
        if matches!(open.what, What::ProveReversal { .. }) {
            return answer;
        }
        let before = line.offer();
        line.known_at = Some(now);
        match &answer {
            Ok(Answer::Told(Verdict::UnsignedRefusal { reason }))
            | Err(CallError::UnsignedRefusal { reason }) => {
                // A clock that is far off is refused too; only its `Date` can put that right.
                line.learn_offset(now, date);
                line.breaker.refused(reason.clone());
            }
            // Proves nothing, either way.
            Ok(Answer::Told(Verdict::UnsignedNotExist)) => (),
            Ok(_) if !signed && !mutant::planted("m4_an_unsigned_word_proves") => (),
            Ok(_) => line.answered(open.left_at, now, date),
            Err(_) if mutant::planted("law11_silence_unheard") => (),
            Err(_) => line.breaker.silent(now),
        }
        line.plan_probe(now);
        // How old the knowledge of a channel is, is on the screen; a probe changes nothing else.
        if line.offer() != before || matches!(open.what, What::Probe { .. }) {
            self.revision += 1;
        }
        answer
    }
}
