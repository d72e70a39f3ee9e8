//! A till whose counter is away: somebody practises at it.
//!
//! It goes on asking about what it has kept, and takes nothing, neither a charge nor cash. Its
//! plate is empty when the counter comes back: a result from before must not be taken for that of
//! the customer who stands there then.

use mianfu_core::attempt::Phase;
use mianfu_core::money::Timestamp;
use mianfu_core::mutant;
use mianfu_db::DbError;
use mianfu_gateway::Keys;

use crate::cashier::OPEN_MAX;
use crate::people::{Approved, Outlived};
use crate::till::Till;

/// Asks for a manager's word to let somebody practise at the counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Practise;

/// Why the counter stays.
#[derive(Debug, thiserror::Error)]
pub enum AwayRefusal {
    /// Sales have no result, or wait for a person on the plate.
    #[error("{count} sales have no result")]
    Open {
        /// How many.
        count: usize,
    },
    /// The manager's word is too old.
    #[error(transparent)]
    Outlived(#[from] Outlived),
    /// The database could not be read.
    #[error("the open sales could not be read")]
    Db(#[from] DbError),
}

impl<K: Keys> Till<K> {
    /// Lets the counter go, with a manager's word for it.
    ///
    /// # Errors
    ///
    /// Refuses while a sale has no result: whoever took it must see it.
    pub fn go_away(
        &mut self,
        approved: Approved<Practise>,
        now: Timestamp,
    ) -> Result<(), AwayRefusal> {
        let (Practise, _) = approved.take(now)?;
        let read = self.db.read();
        let open = read.attempts().open(OPEN_MAX)?.len();
        let held = match &self.front {
            Some(no) => read
                .attempts()
                .find(no)?
                .is_some_and(|kept| matches!(kept.value.phase, Phase::Held { .. })),
            None => false,
        };
        let count = open + usize::from(held);
        if 0 < count && !mutant::planted("practice_begins_over_open_sales") {
            return Err(AwayRefusal::Open { count });
        }
        if !mutant::planted("practice_leaves_a_result_standing") {
            self.front = None;
            self.cash_front = None;
        }
        self.away = true;
        self.revision += 1;
        tracing::info!("the counter practises");
        Ok(())
    }

    /// Takes the counter back.
    pub fn come_back(&mut self) {
        self.away = false;
        self.revision += 1;
        tracing::info!("the counter is back from practice");
    }
}
