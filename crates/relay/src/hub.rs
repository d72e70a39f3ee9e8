//! A desk for each till: what is new for it, and which stream it is told through.
//!
//! Something new at one desk wakes the one task that waits there, however many tills there are. A
//! till has one stream; a second one takes the first one's place, so that a connection that died
//! without a word does not hold it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use hyper::body::Bytes;
use tokio::sync::watch;

/// Hints that wait for a stream to write them.
const HINTS_MAX: usize = 8;

/// What a waiting stream wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Seen {
    /// The number of the newest notice, as far as it was kept since the start.
    pub(crate) newest: i64,
    /// Which stream is the till's.
    pub(crate) seat: u64,
    /// Whether that stream lives.
    pub(crate) is_live: bool,
}

/// A till's desk.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    seen: watch::Sender<Seen>,
    hints: Mutex<VecDeque<Bytes>>,
}

/// All desks.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    desks: Mutex<BTreeMap<String, Arc<Desk>>>,
}

impl Hub {
    /// Returns a till's desk.
    pub(crate) fn desk(&self, till: &str) -> Arc<Desk> {
        let mut desks = self.desks.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(desks.entry(till.to_owned()).or_default())
    }

    /// Tells a till's stream of a notice.
    pub(crate) fn kept(&self, till: &str, seq: i64) {
        self.desk(till).seen.send_modify(|seen| seen.newest = seen.newest.max(seq));
    }

    /// Wakes every stream, so that each looks whether it still may be.
    pub(crate) fn wake_all(&self) {
        let desks = self.desks.lock().unwrap_or_else(PoisonError::into_inner);
        for desk in desks.values() {
            desk.seen.send_modify(|_| {});
        }
    }
}

impl Desk {
    /// Takes the till's one place; whoever had it has it no more.
    pub(crate) fn take(self: &Arc<Desk>) -> Seat {
        let mut number = 0;
        self.seen.send_modify(|seen| {
            seen.seat += 1;
            seen.is_live = true;
            number = seen.seat;
        });
        Seat { desk: Arc::clone(self), number, seen: self.seen.subscribe() }
    }

    /// Hands a hint to the live stream. Says false where there is none, or too many wait.
    pub(crate) fn hint(&self, body: Bytes) -> bool {
        if !self.seen.borrow().is_live {
            return false;
        }
        let mut hints = self.hints.lock().unwrap_or_else(PoisonError::into_inner);
        if HINTS_MAX <= hints.len() {
            return false;
        }
        hints.push_back(body);
        drop(hints);
        self.seen.send_modify(|_| {});
        true
    }
}

/// A stream's place at its desk.
#[derive(Debug)]
pub(crate) struct Seat {
    desk: Arc<Desk>,
    number: u64,
    seen: watch::Receiver<Seen>,
}

impl Seat {
    /// Returns what there is to know, and `None` once another stream has the place.
    pub(crate) fn look(&mut self) -> Option<Seen> {
        let seen = *self.seen.borrow_and_update();
        (seen.seat == self.number).then_some(seen)
    }

    /// Returns the first hint that waits.
    pub(crate) fn hint(&self) -> Option<Bytes> {
        self.desk.hints.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// Waits until there may be something new.
    pub(crate) async fn changed(&mut self) {
        // The desk holds the other end.
        let _changed = self.seen.changed().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut was_ours = false;
        self.desk.seen.send_modify(|seen| {
            was_ours = seen.seat == self.number;
            seen.is_live = seen.is_live && !was_ours;
        });
        if was_ours {
            self.desk.hints.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }
}
