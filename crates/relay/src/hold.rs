//! Places at which a test has the program stand still, so that it is killed exactly there.
//!
//! Without the feature `mutants`, which no program that ships enables, nothing stands still.

/// A place, by its name in `MIANFU_RELAY_HOLD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A notice is durable, and the channel has no answer.
    Kept,
    /// A till's word is durable, and the till has no answer.
    Claimed,
    /// A notice is read for a till's stream, and nothing of it is written there.
    Telling,
}

/// Says whether the program stands still here.
#[cfg(not(feature = "mutants"))]
#[inline]
pub(crate) fn is_at(_place: Place) -> bool {
    false
}

/// Says whether the program stands still here.
#[cfg(feature = "mutants")]
pub(crate) fn is_at(place: Place) -> bool {
    let name = match place {
        Place::Kept => "kept",
        Place::Claimed => "claimed",
        Place::Telling => "telling",
    };
    std::env::var_os("MIANFU_RELAY_HOLD").is_some_and(|held| held == name)
}

/// Stands still until somebody kills the program.
pub(crate) fn still() -> ! {
    loop {
        std::thread::park();
    }
}
