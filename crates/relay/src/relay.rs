//! A relay as its connections share it: who is who, what is kept, and how often anybody may knock.

use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::watch;

use crate::Timestamp;
use crate::counts::{Count, Counts};
use crate::db::{Notice, Outcome, Reader, Standing, Store, StoreError, Wish};
use crate::hub::Hub;
use crate::keeper::{Keeper, NotKept, Pace};
use crate::limits::{Limiter, Rate};
use crate::roster::{Account, Roster};
use crate::settings::{Settings, household};

/// What strangers may have the log say.
const WORDS: Rate = Rate { burst: 60, each_ms: 1_000 };

/// Where a relay gets its time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What is drawn by chance, once, for a database that is made.
#[derive(Debug, Clone)]
pub struct Epoch(pub String);

/// A relay without its sockets.
pub struct Relay {
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    pub(crate) counts: Arc<Counts>,
    pub(crate) epoch: String,
    pub(crate) hub: Arc<Hub>,
    roster: watch::Sender<Arc<Roster>>,
    keeper: Keeper,
    reader: Arc<Mutex<Reader>>,
    addresses: Mutex<Limiter<IpAddr>>,
    merchants: Mutex<Limiter<Account>>,
    hints: Mutex<Limiter<String>>,
    words: Mutex<Limiter<()>>,
}

impl Relay {
    /// Opens the database and starts the thread that writes it. The thread ends once the relay is
    /// dropped and nothing waits; whoever ends the program joins it.
    ///
    /// # Errors
    /// The database cannot be opened.
    pub fn open(
        database: &Path,
        epoch: &Epoch,
        roster: Roster,
        settings: Settings,
        clock: Clock,
    ) -> Result<(Arc<Relay>, JoinHandle<()>), StoreError> {
        let store = Store::open(database, &epoch.0, settings.backlog_max)?;
        Relay::on(store, roster, settings, clock)
    }

    /// The same on a database that is open.
    ///
    /// # Errors
    /// The database failed.
    pub fn on(
        mut store: Store,
        roster: Roster,
        settings: Settings,
        clock: Clock,
    ) -> Result<(Arc<Relay>, JoinHandle<()>), StoreError> {
        store.seat(roster.tills.keys().map(String::as_str))?;
        let reader = store.reader()?;
        let epoch = store.epoch().to_owned();
        let hub = Arc::new(Hub::default());
        let counts = Arc::new(Counts::default());
        let pace = Pace { queue_max: settings.queue_max, batch_max: settings.batch_max };
        let (keeper, thread) = Keeper::start(store, pace, Arc::clone(&hub), Arc::clone(&counts))?;
        let rows = settings.rate_rows_max;
        let relay = Relay {
            addresses: Mutex::new(Limiter::new(settings.address_rate, rows)),
            merchants: Mutex::new(Limiter::new(settings.merchant_rate, rows)),
            hints: Mutex::new(Limiter::new(settings.hint_rate, rows)),
            words: Mutex::new(Limiter::new(WORDS, 1)),
            settings,
            clock,
            counts,
            epoch,
            hub,
            roster: watch::Sender::new(Arc::new(roster)),
            keeper,
            reader: Arc::new(Mutex::new(reader)),
        };
        Ok((Arc::new(relay), thread))
    }

    /// Returns everybody the relay knows.
    #[must_use]
    pub fn roster(&self) -> Arc<Roster> {
        Arc::clone(&self.roster.borrow())
    }

    /// Puts others in the place of everybody the relay knows. A stream whose key is no longer
    /// among them ends.
    ///
    /// # Errors
    /// A new till's place could not be kept; everybody stays as they were.
    pub async fn know(&self, roster: Roster) -> Result<(), NotKept> {
        let tills: Vec<String> = roster.tills.keys().cloned().collect();
        self.keeper.keep(Wish::Seat { tills }).await?;
        self.roster.send_replace(Arc::new(roster));
        self.hub.wake_all();
        Ok(())
    }

    /// Returns what the relay has done.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Forgets what is old, a part of it at a time.
    ///
    /// # Errors
    /// The disk did not take it.
    pub async fn sweep(&self) -> Result<(), NotKept> {
        let now = self.now();
        let before = now.plus_ms(-self.settings.keep_ms);
        while let Outcome::Swept(1..) = self.keep(Wish::Sweep { now, before }).await? {}
        Ok(())
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    pub(crate) async fn keep(&self, wish: Wish) -> Result<Outcome, NotKept> {
        self.keeper.keep(wish).await
    }

    pub(crate) fn lets_address(&self, address: IpAddr) -> bool {
        lets(&self.addresses, &household(address), self.now())
    }

    pub(crate) fn lets_merchant(&self, account: &Account) -> bool {
        lets(&self.merchants, account, self.now())
    }

    pub(crate) fn lets_hint(&self, till: &String) -> bool {
        lets(&self.hints, till, self.now())
    }

    /// Says whether the log takes another word about what a stranger did. Strangers are many; what
    /// they do is counted in any case.
    pub(crate) fn has_words(&self) -> bool {
        lets(&self.words, &(), self.now())
    }

    /// Reads away from the tasks that wait for sockets.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, NotKept> {
        let reader = Arc::clone(&self.reader);
        let asked = tokio::task::spawn_blocking(move || {
            ask(&reader.lock().unwrap_or_else(PoisonError::into_inner))
        });
        match asked.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                tracing::error!(%error, "a read failed");
                Err(NotKept::Failed)
            }
            Err(_) => Err(NotKept::Ending),
        }
    }

    pub(crate) async fn standing(&self, till: String) -> Result<Standing, NotKept> {
        let standing = self.read(move |reader| reader.standing(&till)).await?;
        standing.ok_or(NotKept::Failed)
    }

    pub(crate) async fn after(
        &self,
        till: String,
        seq: i64,
        most: u32,
    ) -> Result<Vec<(i64, Notice)>, NotKept> {
        self.read(move |reader| reader.after(&till, seq, most)).await
    }

    pub(crate) fn count(&self, count: Count) {
        self.counts.add(count);
    }
}

fn lets<K: Ord + Clone>(limiter: &Mutex<Limiter<K>>, who: &K, now: Timestamp) -> bool {
    limiter.lock().unwrap_or_else(PoisonError::into_inner).lets(who, now)
}
