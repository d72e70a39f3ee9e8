//! Which wallet's code comes next, and which may take the place of the one that stands.

use mianfu_core::attempt::Attempt;
use mianfu_core::breaker::Offer;
use mianfu_core::channel::{ChannelId, Flow};
use mianfu_till::Counter;
use mianfu_till::counter::Last;

use super::channel;
use crate::change::{Codes, may_give_place};
use crate::views::{AttemptState, AttemptView};

/// Returns the wallet whose code is shown next: that of the last one while it takes charges, else
/// the first that does. Where none does, the till says why.
pub(super) fn next_code(counter: &Counter, codes: &Codes) -> Option<ChannelId> {
    let last = codes.last.or_else(|| last_shown(counter));
    last.filter(|last| is_ready(counter, *last))
        .or_else(|| all(counter).find(|id| is_ready(counter, *id)))
        .or_else(|| all(counter).next())
}

/// Returns the sale in front with what can be, or is being, changed about its code.
pub(super) fn with_change(
    mut view: AttemptView,
    front: &Attempt,
    counter: &Counter,
    codes: &Codes,
) -> AttemptView {
    let change = codes.change.as_ref().filter(|change| change.no == front.out_trade_no);
    let Some(change) = change else {
        view.change_to = other(counter, front).map(channel);
        return view;
    };
    match view.state {
        // It is over, and the other code is about to be asked for.
        AttemptState::Closed | AttemptState::Unreached => {
            view.state = AttemptState::Reversing;
            view.ended_at_ms = None;
        }
        AttemptState::Parked
        | AttemptState::Submitting
        | AttemptState::Typing
        | AttemptState::Code
        | AttemptState::Unknown
        | AttemptState::Reversing
        | AttemptState::Settling => {}
        AttemptState::Paid
        | AttemptState::Declined
        | AttemptState::Returned
        | AttemptState::Refunding
        | AttemptState::Held => return view,
    }
    // A code that is about to be taken back is drawn no more.
    view.code = None;
    view.changing_to = Some(channel(change.to));
    view.can_cancel = true;
    view
}

/// Returns the next wallet in turn that takes charges, where the code may be changed at all.
fn other(counter: &Counter, front: &Attempt) -> Option<ChannelId> {
    if !may_give_place(front) {
        return None;
    }
    let behind = all(counter).skip_while(|id| *id != front.channel).skip(1);
    let mut in_turn = behind.chain(all(counter).take_while(|id| *id != front.channel));
    in_turn.find(|id| is_ready(counter, *id))
}

fn last_shown(counter: &Counter) -> Option<ChannelId> {
    let attempts = counter.recent.iter().filter_map(Last::attempt);
    let mut shown = counter.front.iter().chain(attempts).filter(|of| of.flow == Flow::Show);
    shown.next().map(|attempt| attempt.channel)
}

fn all(counter: &Counter) -> impl Iterator<Item = ChannelId> + '_ {
    counter.channels.iter().map(|health| health.channel)
}

fn is_ready(counter: &Counter, id: ChannelId) -> bool {
    counter.channels.iter().any(|health| health.channel == id && health.offer == Offer::Ready)
}
