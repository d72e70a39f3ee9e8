//! What goes wrong, place by place: every point of a flow, from what its whole life counted.

use mianfu_practice::chance::fixed;
use mianfu_practice::{Acted, Fault};

use crate::simulation::disk::Fate;
use crate::simulation::disk::counted::{Cut, Failure};
use crate::simulation::script::{Counted, Harm, Trouble};

/// Draws the places of second cuts, and the points of a part.
const SEED: u64 = 11;

/// What kind of points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The power goes once.
    Power,
    /// It goes again while the till recovers.
    Again,
    /// A call on the disk fails.
    Disk,
    /// A call to the channel goes wrong.
    Channel,
}

impl Kind {
    /// Every kind and its name.
    pub const ALL: [(&str, Kind); 4] = [
        ("power", Kind::Power),
        ("again", Kind::Again),
        ("disk", Kind::Disk),
        ("channel", Kind::Channel),
    ];
}

/// How a call to the channel goes wrong, at each of them.
const TROUBLES: [Trouble; 15] = [
    Trouble::Way("request_lost"),
    Trouble::Way("answer_lost"),
    Trouble::Way("unreachable"),
    Trouble::Way("request_broken"),
    Trouble::Way("answer_broken"),
    Trouble::Way("answer_truncated"),
    Trouble::Way("answer_tampered"),
    Trouble::Way("request_late"),
    Trouble::Way("answer_late"),
    Trouble::Way("doubled"),
    Trouble::Way("intercepted"),
    Trouble::There(Fault::ServerError { status: 502, acted: Acted::Yes }),
    Trouble::There(Fault::ServerError { status: 502, acted: Acted::No }),
    Trouble::There(Fault::WrongSignature),
    Trouble::There(Fault::SystemError { acted: Acted::Yes }),
];

/// Returns the models of a disk: all kept, all lost, and so many ways of being torn.
pub(super) fn fates(torn: u64) -> Vec<Fate> {
    let torn = (1..=torn).map(Fate::Torn);
    [Fate::Kept, Fate::Lost].into_iter().chain(torn).collect()
}

/// Says whether the point at this place is one of the part that takes one in so many.
pub(super) fn is_drawn(place: u64, one_in: u64) -> bool {
    fixed(SEED, place, 1).is_multiple_of(one_in)
}

/// The power goes at every change.
pub(super) fn power(counted: &Counted, fates: &[Fate]) -> Vec<Harm> {
    let cuts = |at| fates.iter().map(move |fate| Harm::Cuts(vec![Cut { at, fate: *fate }]));
    (1..=counted.disk.changes).flat_map(cuts).collect()
}

/// The power goes again at every change of the recovery from one cut.
pub(super) fn again(first: Cut, recovery: u64) -> Vec<Harm> {
    (1..=recovery).map(|at| Harm::Cuts(vec![first, Cut { at, fate: first.fate }])).collect()
}

/// The power goes again at one change of the recovery, drawn from the first one's place.
pub(super) fn again_somewhere(first: Cut, recovery: u64) -> Option<Harm> {
    let place = fixed(SEED, first.at, 0).checked_rem(recovery)?;
    let at = 1 + place;
    Some(Harm::Cuts(vec![first, Cut { at, fate: first.fate }]))
}

/// Each call on the disk fails once; a write also for want of room.
pub(super) fn disk(counted: &Counted) -> Vec<Harm> {
    let refused = (1..=counted.disk.calls).map(|at| (at, Failure::Refused));
    let full = counted.disk.writes.iter().map(|at| (*at, Failure::Full));
    refused.chain(full).map(|(at, failure)| Harm::Disk { at, failure }).collect()
}

/// Each call to the channel goes wrong once, in every way.
pub(super) fn channel(counted: &Counted) -> Vec<Harm> {
    let troubles = |at| TROUBLES.iter().map(move |trouble| Harm::Channel { at, trouble: *trouble });
    (0..counted.channel).flat_map(troubles).collect()
}
