//! Which shop is on: the till's own, or practice once somebody has entered it. Commands, screens
//! and sound go by it.

use std::sync::Arc;

use tokio::sync::watch;

use crate::open::Shop;
use crate::views::Report;

/// The shops of a till.
pub(crate) struct Shops {
    known: watch::Sender<Known>,
}

/// What is known of them.
#[derive(Clone, Default)]
pub(crate) struct Known {
    /// The till's own; none until it was opened.
    own: Option<Result<Arc<Shop>, Report>>,
    /// Practice, while it is on.
    practice: Option<Arc<Shop>>,
}

impl Known {
    fn on(&self) -> Option<Result<Arc<Shop>, Report>> {
        self.practice.clone().map(Ok).or_else(|| self.own.clone())
    }
}

impl Default for Shops {
    fn default() -> Shops {
        Shops { known: watch::Sender::new(Known::default()) }
    }
}

impl Shops {
    /// Takes in what came of opening the till's own shop. It is opened once; a second time changes
    /// nothing.
    pub(crate) fn opened(&self, own: Result<Shop, Report>) {
        self.known.send_if_modified(|known| {
            let first = known.own.is_none();
            if first {
                known.own = Some(own.map(Arc::new));
            }
            first
        });
    }

    /// Waits until a shop is open, and returns the one that is on.
    pub(crate) async fn on(&self) -> Result<Arc<Shop>, Report> {
        self.once(Known::on).await
    }

    /// Waits until the till's own shop is open, and returns it, on or not.
    pub(crate) async fn own(&self) -> Result<Arc<Shop>, Report> {
        self.once(|known| known.own.clone()).await
    }

    /// Waits until practice is on, and returns it.
    pub(crate) async fn practice(&self) -> Arc<Shop> {
        self.once(|known| known.practice.clone()).await
    }

    /// Turns practice on.
    pub(crate) fn enter(&self, practice: Arc<Shop>) {
        self.known.send_modify(|known| known.practice = Some(practice));
    }

    /// Turns the till's own shop on.
    pub(crate) fn leave(&self) {
        self.known.send_modify(|known| known.practice = None);
    }

    /// Returns a watch that changes with the shop that is on.
    pub(crate) fn changes(&self) -> watch::Receiver<Known> {
        self.known.subscribe()
    }

    /// Returns every open shop.
    pub(crate) fn all(&self) -> Vec<Arc<Shop>> {
        let known = self.known.borrow();
        known.own.iter().flatten().chain(&known.practice).cloned().collect()
    }

    async fn once<T>(&self, find: impl Fn(&Known) -> Option<T>) -> T {
        let mut known = self.known.subscribe();
        let known = known.wait_for(|known| find(known).is_some()).await;
        let found = known.ok().and_then(|known| find(&known));
        found.expect("what is watched lives as long as this, and was waited for")
    }
}
