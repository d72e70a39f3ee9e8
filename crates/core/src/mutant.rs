//! Bugs that a test plants at run time, to prove that the test beside it would notice.
//!
//! Without the feature `mutants`, which no program that ships enables, [`planted`] is always false.

/// Returns whether the bug of this name is planted in this thread.
#[cfg(not(feature = "mutants"))]
#[inline]
#[must_use]
pub fn planted(_name: &str) -> bool {
    false
}

#[cfg(feature = "mutants")]
pub use planting::{plant, planted};

#[cfg(feature = "mutants")]
mod planting {
    use std::cell::Cell;

    thread_local! {
        static PLANTED: Cell<Option<&'static str>> = const { Cell::new(None) };
    }

    /// Plants a bug in this thread, or none.
    pub fn plant(name: Option<&'static str>) {
        PLANTED.set(name);
    }

    /// Returns whether the bug of this name is planted in this thread.
    #[must_use]
    pub fn planted(name: &str) -> bool {
        PLANTED.get() == Some(name)
    }
}
