//! The till's end of its relay: one stream, read for as long as the till runs.
//!
//! What comes is handed to the till, which checks each notice itself ([`crate::notices`]); what it
//! has kept is acknowledged, so that a till that slept is told the rest. Where the stream breaks the
//! till asks for itself at once and comes again, later each time. The relay's side of it is written
//! down in `mianfu_relay`.

mod embedded;
mod events;
mod file;
mod link;
mod stream;

use std::sync::Arc;
use std::time::Duration;

use mianfu_gateway::Keys;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::clock::MachineClock;
use crate::hearing::Standing;
use crate::running::Requests;

pub use embedded::{Embedded, EmbeddedError, Merchant};
pub use file::{RelayFileError, RelayWish, Wrong as WrongRelay, load};
pub use link::Link;

/// A stream that stood as long was no failure, and the next wait is the shortest again.
const STOOD: Duration = Duration::from_secs(10);
/// The longest wait before a till comes again.
const AGAIN_MS_MAX: u64 = 60_000;
/// The shortest, whatever the relay says.
const AGAIN_MS_MIN: u64 = 100;
/// The shortest where the relay has said nothing.
const AGAIN_MS: u64 = 1_000;

/// Why a stream is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It broke, or the relay was not reached.
    Broke(Standing),
    /// The relay's clock was learnt, or a nonce must be drawn anew: come again at once, once.
    AtOnce,
}

/// A till that listens. Dropped, it listens no more.
pub struct Listening {
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Listening {
    /// Listens no more.
    pub fn stop(&self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }

    /// Begins to listen, on the given runtime.
    pub fn begin<K: Keys + 'static>(
        link: Link,
        till: Requests<K>,
        clock: MachineClock,
        runtime: &Handle,
    ) -> Listening {
        let (kept, acks) = watch::channel(None);
        let link = Arc::new(link);
        let acknowledging = acknowledge(Arc::clone(&link), acks, clock);
        let listening = listen(link, till, kept, clock);
        Listening { tasks: vec![runtime.spawn(listening), runtime.spawn(acknowledging)] }
    }
}

/// Listens until the till has stopped.
async fn listen<K: Keys + 'static>(
    link: Arc<Link>,
    till: Requests<K>,
    kept: watch::Sender<Option<String>>,
    clock: MachineClock,
) {
    let mut stream = stream::Stream::new(link, till.clone(), kept, clock);
    let (mut failures, mut at_once) = (0, false);
    loop {
        let began = Instant::now();
        let standing = match stream.read().await {
            // A relay that says so each time is come to as seldom as one that is silent.
            End::AtOnce if !at_once => {
                at_once = true;
                continue;
            }
            End::AtOnce => Standing::Strange,
            End::Broke(standing) => standing,
        };
        // A till that has stopped needs not know; whoever stopped it ends this too.
        let _told = till.ask(move |till, now| till.stands(standing, now)).await;
        if STOOD <= began.elapsed() {
            (failures, at_once) = (0, false);
        }
        tokio::time::sleep(again(stream.retry_ms(), failures)).await;
        failures += 1;
    }
}

/// Returns how long to wait before coming again: twice as long each time, with chance in it, so that
/// a thousand tills do not come back in one moment.
fn again(retry_ms: Option<u64>, failures: u32) -> Duration {
    let least = retry_ms.unwrap_or(AGAIN_MS).clamp(AGAIN_MS_MIN, AGAIN_MS_MAX);
    let longest = (least << failures.min(16)).min(AGAIN_MS_MAX);
    // Without chance the tills of a store come back together, which a relay stands.
    let chance = u64::from(getrandom::u32().unwrap_or(u32::MAX));
    Duration::from_millis(longest / 2 + ((longest / 2 * chance) >> 32))
}

/// Tells the relay how far the till is, the latest number only. What is not told is told again after
/// the next start, and taken twice without harm.
async fn acknowledge(
    link: Arc<Link>,
    mut kept: watch::Receiver<Option<String>>,
    clock: MachineClock,
) {
    let mut failures = 0;
    while kept.changed().await.is_ok() {
        loop {
            let upto = kept.borrow_and_update().clone();
            let Some(upto) = upto else { break };
            match link.acknowledge(&upto, &clock).await {
                Ok(()) => {
                    failures = 0;
                    break;
                }
                Err(error) => tracing::debug!(%error, "an acknowledgement was not taken"),
            }
            tokio::time::sleep(again(None, failures)).await;
            failures += 1;
        }
    }
}
