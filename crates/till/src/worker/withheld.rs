//! What must not leave any more, or not yet, although its step was kept.

use mianfu_core::attempt::{Effect, Event};
use mianfu_core::channel::ChannelId;
use mianfu_core::money::Timestamp;
use mianfu_core::mutant;
use mianfu_gateway::Keys;

use super::{Waiting, What, effect_key};
use crate::cashier::acknowledge;
use crate::till::Till;

impl<K: Keys> Till<K> {
    /// Says whether a call must not leave any more, or not yet; what follows from that is kept.
    pub(super) fn is_withheld(
        &mut self,
        waiting: &Waiting,
        channel: ChannelId,
        now: Timestamp,
    ) -> bool {
        let (Some(line), What::Attempt { no, effect }) = (self.lines.get(&channel), &waiting.what)
        else {
            return false;
        };
        let age_ms = now.since_ms(waiting.kept_at);
        let timetable = line.channel.timetable();
        // A submit that a slow machine let leave late is in flight for longer (M6).
        let submit = What::Attempt { no: no.clone(), effect: Effect::Submit };
        let in_flight = || {
            self.calls.open.values().any(|open| open.what == submit)
                && !mutant::planted("m6_reversal_overtakes_a_late_submit")
        };
        let withheld = match effect {
            Effect::Reverse if timetable.reverse_fresh_ms < age_ms || in_flight() => {
                Event::Withheld
            }
            // A code parked over a restart waits for the first signed answer (M4): before it the
            // offset is unknown, and the code could outlive the question after its expiry (M8).
            Effect::Submit if !line.breaker.is_proven() => Event::Unreached(*effect),
            // One that waited so long counts as unanswered, and a reversal may have left since (M6).
            Effect::Submit if timetable.submit_open_ms <= age_ms => {
                self.drop_row(&waiting.what, now);
                return true;
            }
            Effect::Submit | Effect::Query | Effect::Reverse | Effect::Close => return false,
        };
        if withheld == Event::Withheld && mutant::planted("m6_stale_reversal_leaves") {
            return false;
        }
        let kept = self.step(no, withheld, now, Some(&effect_key(no, *effect)));
        self.note_trouble(kept, now);
        true
    }

    /// Takes the row of a call that will not be made out of the queue.
    pub(super) fn drop_row(&mut self, what: &What, now: Timestamp) {
        if let What::Attempt { no, effect } = what {
            let key = effect_key(no, *effect);
            let kept = self.db.write("drop a call", |tx| acknowledge(tx, &key));
            self.note_trouble(kept, now);
        }
    }
}
