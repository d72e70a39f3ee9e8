//! The one thread that writes: takes what waits, makes it durable with one sync, and says so.
//!
//! While a sync runs, more comes to wait, so the busier it is the fewer syncs each notice costs.
//! What waits has a bound; beyond it nothing is taken.

use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use crate::counts::{Count, Counts};
use crate::db::{Outcome, Store, StoreError, Wish};
use crate::hold::{self, Place};
use crate::hub::Hub;

/// Why something is not durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotKept {
    /// Too much waits already.
    #[error("too much waits for the disk")]
    Full,
    /// The disk did not take it.
    #[error("the disk did not take it")]
    Failed,
    /// The relay is ending.
    #[error("the relay is ending")]
    Ending,
}

struct Job {
    wish: Wish,
    told: oneshot::Sender<Result<Outcome, NotKept>>,
}

/// Where wishes are handed in.
#[derive(Clone)]
pub(crate) struct Keeper {
    jobs: mpsc::Sender<Job>,
}

/// How many wishes wait, and how many one sync makes durable.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) queue_max: usize,
    pub(crate) batch_max: usize,
}

impl Keeper {
    /// Starts the thread. It ends once every keeper is dropped and nothing waits.
    pub(crate) fn start(
        store: Store,
        pace: Pace,
        hub: Arc<Hub>,
        counts: Arc<Counts>,
    ) -> Result<(Keeper, JoinHandle<()>), StoreError> {
        let (jobs, waiting) = mpsc::channel(pace.queue_max);
        let thread = std::thread::Builder::new()
            .name("keeper".to_owned())
            .spawn(move || write(store, waiting, pace.batch_max, &hub, &counts))
            .map_err(|source| StoreError::Io { doing: "start the keeper", source })?;
        Ok((Keeper { jobs }, thread))
    }

    /// Makes a wish durable and says what became of it.
    pub(crate) async fn keep(&self, wish: Wish) -> Result<Outcome, NotKept> {
        let (told, outcome) = oneshot::channel();
        self.jobs.try_send(Job { wish, told }).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => NotKept::Full,
            mpsc::error::TrySendError::Closed(_) => NotKept::Ending,
        })?;
        outcome.await.unwrap_or(Err(NotKept::Ending))
    }
}

fn write(
    mut store: Store,
    mut waiting: mpsc::Receiver<Job>,
    batch_max: usize,
    hub: &Hub,
    counts: &Counts,
) {
    let mut batch = Vec::with_capacity(batch_max);
    while let Some(first) = waiting.blocking_recv() {
        batch.push(first);
        // Whoever was thanked by the batch before has the next one ready: with a processor of
        // one core it gets there first.
        std::thread::yield_now();
        while batch.len() < batch_max
            && let Ok(next) = waiting.try_recv()
        {
            batch.push(next);
        }
        let wishes: Vec<&Wish> = batch.iter().map(|job| &job.wish).collect();
        let outcomes = fulfil(&mut store, &wishes, counts);
        if outcomes.is_none() && 1 < wishes.len() {
            // One that cannot be kept must not take the others with it.
            let singly = wishes.iter().map(|wish| fulfil(&mut store, &[*wish], counts));
            let singly: Vec<Result<Outcome, NotKept>> = singly
                .map(|one| one.and_then(|mut one| one.pop()).ok_or(NotKept::Failed))
                .collect();
            tell(&mut batch, singly, hub);
            continue;
        }
        let outcomes = match outcomes {
            Some(outcomes) => outcomes.into_iter().map(Ok).collect(),
            None => vec![Err(NotKept::Failed); batch.len()],
        };
        tell(&mut batch, outcomes, hub);
    }
}

/// Returns what became of every wish; `None` where none is durable.
fn fulfil(store: &mut Store, wishes: &[&Wish], counts: &Counts) -> Option<Vec<Outcome>> {
    match store.fulfil(wishes) {
        Ok(outcomes) => {
            let is_new = |outcome: &Outcome| {
                matches!(outcome, Outcome::Kept(_) | Outcome::Claimed | Outcome::NoSuchNumber)
            };
            if outcomes.iter().any(is_new) {
                counts.add(Count::Commits);
            }
            counts.set_well(true);
            Some(outcomes)
        }
        Err(error) => {
            counts.set_well(false);
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(%error, cause, wishes = wishes.len(), "nothing of a batch was kept");
            None
        }
    }
}

fn tell(batch: &mut Vec<Job>, outcomes: Vec<Result<Outcome, NotKept>>, hub: &Hub) {
    let has = |one: fn(&Outcome) -> bool| outcomes.iter().flatten().any(one);
    let is_held = hold::is_at(Place::Kept) && has(|one| matches!(one, Outcome::Kept(_)))
        || hold::is_at(Place::Claimed) && has(|one| matches!(one, Outcome::Claimed));
    if is_held {
        hold::still();
    }
    for (job, outcome) in batch.drain(..).zip(outcomes) {
        if let (Ok(Outcome::Kept(seq)), Wish::Keep { till, .. }) = (outcome, &job.wish) {
            hub.kept(till, seq);
        }
        // Whoever asked may have hung up; what is durable stays so.
        let _told = job.told.send(outcome);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use mianfu_core::money::Timestamp;

    use super::*;
    use crate::db::Notice;

    fn wish(till: &str, name: u8) -> Wish {
        let notice = Notice {
            channel: "alipay".to_owned(),
            merchant: "1".to_owned(),
            received: Timestamp(0),
            headers: "[]".to_owned(),
            body: vec![name],
        };
        Wish::Keep { till: till.to_owned(), key: [name; 32], notice }
    }

    /// Has the thread's work done on these wishes, which all wait when it begins.
    fn done(wishes: Vec<Wish>, batch_max: usize) -> (Vec<Result<Outcome, NotKept>>, u64) {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("relay.db"), "epoch001", 100).unwrap();
        store.seat(["till-1"].into_iter()).unwrap();
        let (jobs, waiting) = mpsc::channel(wishes.len());
        let told: VecDeque<_> = wishes
            .into_iter()
            .map(|wish| {
                let (told, outcome) = oneshot::channel();
                assert!(jobs.try_send(Job { wish, told }).is_ok());
                outcome
            })
            .collect();
        drop(jobs);
        let counts = Counts::default();
        write(store, waiting, batch_max, &Hub::default(), &counts);
        let outcomes = told.into_iter().map(|mut told| told.try_recv().unwrap());
        (outcomes.collect(), counts.of(Count::Commits))
    }

    #[test]
    fn whatever_waits_is_made_durable_by_one_sync() {
        let wishes = || (1..=64).map(|name| wish("till-1", name)).collect();
        let kept: Vec<_> = (1..=64).map(|seq| Ok(Outcome::Kept(seq))).collect();
        assert_eq!(done(wishes(), 256), (kept.clone(), 1));
        assert_eq!(done(wishes(), 16), (kept, 4));
    }

    #[test]
    fn one_that_cannot_be_kept_takes_no_other_with_it() {
        let wishes = vec![wish("till-1", 1), wish("nobody", 2), wish("till-1", 3)];
        let expected = vec![Ok(Outcome::Kept(1)), Err(NotKept::Failed), Ok(Outcome::Kept(2))];
        assert_eq!(done(wishes, 256).0, expected);
    }
}
