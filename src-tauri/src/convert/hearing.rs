//! How notices come to the till, and how soon a payment is seen.

use mianfu_till::hearing::{Delay, Heard, Standing, Way};

use crate::open::RelayTrouble;
use crate::views::{DelayView, HearingState, HearingView, WayView};

/// `trouble` is why no notices come though they should.
pub(super) fn hearing(heard: &Heard, trouble: Option<&RelayTrouble>) -> HearingView {
    let state = match (trouble, heard.way, heard.standing) {
        (Some(RelayTrouble::File(_)), ..) => HearingState::WrongFile,
        (Some(RelayTrouble::Start(_)), ..) => HearingState::NotStarted,
        (None, Way::None, _) => HearingState::Asking,
        (None, _, Standing::Connecting) => HearingState::Connecting,
        (None, _, Standing::Listening) => HearingState::Listening,
        (None, _, Standing::Silent) => HearingState::Silent,
        (None, _, Standing::Refused) => HearingState::Refused,
        (None, _, Standing::Strange) => HearingState::Strange,
    };
    HearingView {
        way: match heard.way {
            Way::None => WayView::None,
            Way::Embedded => WayView::Embedded,
            Way::Standalone => WayView::Standalone,
        },
        state,
        since_ms: heard.since.map(|since| since.0),
        detail: trouble.map(|trouble| trouble.why().to_owned()),
        by_notice: heard.by_notice.map(delay),
        by_asking: heard.by_asking.map(delay),
    }
}

fn delay(delay: Delay) -> DelayView {
    let Delay { count, median_ms, .. } = delay;
    DelayView { count: u32::try_from(count).unwrap_or(u32::MAX), median_ms }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(way: Way, standing: Standing, trouble: Option<&RelayTrouble>, state: HearingState) {
        let view = hearing(&Heard { way, standing, ..Heard::default() }, trouble);
        assert_eq!(view.state, state, "{way:?} {standing:?}");
        assert_eq!(view.detail.is_some(), trouble.is_some());
    }

    #[test]
    fn a_till_that_hears_nothing_says_whether_anybody_must_act() {
        check(Way::None, Standing::Connecting, None, HearingState::Asking);
        check(Way::Standalone, Standing::Connecting, None, HearingState::Connecting);
        check(Way::Embedded, Standing::Listening, None, HearingState::Listening);
        check(Way::Standalone, Standing::Silent, None, HearingState::Silent);
        check(Way::Standalone, Standing::Refused, None, HearingState::Refused);
        check(Way::Standalone, Standing::Strange, None, HearingState::Strange);
        let file = RelayTrouble::File("look at line 3".to_owned());
        check(Way::None, Standing::Connecting, Some(&file), HearingState::WrongFile);
        let start = RelayTrouble::Start("the port is taken".to_owned());
        check(Way::Embedded, Standing::Connecting, Some(&start), HearingState::NotStarted);
    }

    #[test]
    fn how_soon_a_payment_is_seen_is_told_by_how_it_was_learnt() {
        let by_notice = Some(Delay { count: 12, median_ms: 400, longest_ms: 900 });
        let view = hearing(&Heard { by_notice, ..Heard::default() }, None);
        assert_eq!(view.by_notice, Some(DelayView { count: 12, median_ms: 400 }));
        assert_eq!(view.by_asking, None);
    }
}
