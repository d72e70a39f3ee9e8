//! What a day is like as a whole.

use mianfu_practice::FaultKind;
use mianfu_practice::chance::Chance;

use super::plan::index;

/// What a day is like. A plain day has a little of everything; the others have much of one thing,
/// because some mistakes show only where two rare things meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// A little of everything.
    Plain,
    /// Codes are cancelled and paid from photographs, at a channel that cannot kill them.
    Photographs,
    /// The channel is slow and requests arrive late.
    Slow,
    /// Reversals are lost on the way while the customer types.
    LostReversals,
    /// The machine stands still again and again.
    Sluggish,
    /// Much goes back, over a bad network, from a merchant short of money.
    Refunds,
    /// The goods are gone before the money is there.
    Gone,
    /// The till is off for longer than a reversal is possible.
    Night,
}

impl Theme {
    pub(super) fn draw(chance: &mut Chance) -> Theme {
        const OTHERS: [Theme; 7] = [
            Theme::Photographs,
            Theme::Slow,
            Theme::LostReversals,
            Theme::Sluggish,
            Theme::Refunds,
            Theme::Gone,
            Theme::Night,
        ];
        let place = index(chance, 10);
        OTHERS.get(place).copied().unwrap_or(Theme::Plain)
    }

    /// Returns the channel's weather on such a day, calm or not.
    #[must_use]
    pub fn weather(self) -> &'static [(FaultKind, u32)] {
        match self {
            Theme::Slow => &[
                (FaultKind::Slow, 250),
                (FaultKind::RequestLate, 120),
                (FaultKind::AnswerLost, 60),
            ],
            Theme::Refunds => &[(FaultKind::SellerEmpty, 150), (FaultKind::AnswerLost, 100)],
            Theme::Plain
            | Theme::Photographs
            | Theme::LostReversals
            | Theme::Sluggish
            | Theme::Gone
            | Theme::Night => &[],
        }
    }

    /// Returns how many reversals in a thousand get no answer.
    #[must_use]
    pub fn reversals_lost_per_mille(self) -> u32 {
        match self {
            Theme::LostReversals => 650,
            Theme::Plain
            | Theme::Photographs
            | Theme::Slow
            | Theme::Sluggish
            | Theme::Refunds
            | Theme::Gone
            | Theme::Night => 0,
        }
    }
}
