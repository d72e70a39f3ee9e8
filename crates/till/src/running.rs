//! The one thread that owns a till in the shop: it keeps, then hands calls to the network.
//!
//! Requests come in over a bounded queue, each with its answer's way back; a panic in one of them
//! is caught, told and does not end the till, because its state was kept before.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use mianfu_core::channel::ChannelId;
use mianfu_core::money::Timestamp;
use mianfu_gateway::{CallError, HttpReply, Keys, Transport};
use tokio::sync::{oneshot, watch};

use crate::clock::Clock;
use crate::till::Till;
use crate::worker::CallId;

/// Requests and answers that may wait for the till at once.
const WAITING_MAX: usize = 256;
/// The longest the till sleeps, so that a clock or plan gone wrong is noticed.
const SLEEP_MS_MAX: i64 = 1_000;

type Task<K> = Box<dyn FnOnce(&mut Till<K>, Timestamp) + Send>;

enum Message<K> {
    Do(Task<K>),
    Answered { id: CallId, result: Result<HttpReply, CallError> },
    Stop,
}

/// Why a request was not answered.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The till has stopped or its queue is full.
    #[error("the till does not answer")]
    Gone,
    /// The request ended in a broken law; nothing of it was kept.
    #[error("the request could not be carried out")]
    Broken,
}

/// A way to ask a running till; it keeps none running.
pub struct Requests<K> {
    messages: SyncSender<Message<K>>,
}

impl<K> Clone for Requests<K> {
    fn clone(&self) -> Requests<K> {
        Requests { messages: self.messages.clone() }
    }
}

impl<K: Keys + 'static> Requests<K> {
    /// Asks the till to do something and waits for its answer.
    ///
    /// # Errors
    ///
    /// Fails where the till is gone or the request broke a law.
    pub async fn ask<R: Send + 'static>(
        &self,
        task: impl FnOnce(&mut Till<K>, Timestamp) -> R + Send + 'static,
    ) -> Result<R, AskError> {
        let (back, answer) = oneshot::channel();
        let task: Task<K> = Box::new(move |till, now| {
            let result = catch_unwind(AssertUnwindSafe(|| task(till, now)));
            if result.is_err() {
                tracing::error!("a request broke a law and was dropped");
            }
            // Whoever asked may have gone; the work is kept all the same.
            drop(back.send(result));
        });
        self.messages.try_send(Message::Do(task)).map_err(|_| AskError::Gone)?;
        answer.await.map_err(|_| AskError::Gone)?.map_err(|_| AskError::Broken)
    }
}

/// A running till.
pub struct Running<K> {
    requests: Requests<K>,
    revision: watch::Receiver<u64>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl<K: Keys + 'static> Running<K> {
    /// Starts the till's thread. Calls are made on the given runtime, each channel's through its
    /// transport.
    ///
    /// # Errors
    ///
    /// Fails where the system gives no thread.
    pub fn start<T: Transport + 'static>(
        till: Till<K>,
        transports: BTreeMap<ChannelId, Arc<T>>,
        clock: impl Clock,
        runtime: tokio::runtime::Handle,
    ) -> std::io::Result<Running<K>> {
        let (messages, inbox) = sync_channel(WAITING_MAX);
        let (told, revision) = watch::channel(till.revision());
        let answers = messages.clone();
        let thread = std::thread::Builder::new().name("till".to_owned()).spawn(move || {
            let mut desk = Desk { till, transports, clock, runtime, answers, told };
            desk.work(&inbox);
        })?;
        Ok(Running { requests: Requests { messages }, revision, thread: Mutex::new(Some(thread)) })
    }

    /// Asks the till to do something and waits for its answer.
    ///
    /// # Errors
    ///
    /// Fails where the till is gone or the request broke a law.
    pub async fn ask<R: Send + 'static>(
        &self,
        task: impl FnOnce(&mut Till<K>, Timestamp) -> R + Send + 'static,
    ) -> Result<R, AskError> {
        self.requests.ask(task).await
    }

    /// Returns a way to ask the till for whoever does not own it.
    #[must_use]
    pub fn requests(&self) -> Requests<K> {
        self.requests.clone()
    }

    /// Returns a watch on a number that changes with every change a screen might show.
    #[must_use]
    pub fn revision(&self) -> watch::Receiver<u64> {
        self.revision.clone()
    }

    /// Stops the till and waits for its thread. What is open is asked again at the next start.
    pub fn stop(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            drop(self.requests.messages.send(Message::Stop));
            drop(thread.join());
        }
    }
}

struct Desk<K, T, C> {
    till: Till<K>,
    transports: BTreeMap<ChannelId, Arc<T>>,
    clock: C,
    runtime: tokio::runtime::Handle,
    answers: SyncSender<Message<K>>,
    told: watch::Sender<u64>,
}

impl<K: Keys + 'static, T: Transport + 'static, C: Clock> Desk<K, T, C> {
    fn work(&mut self, inbox: &Receiver<Message<K>>) {
        loop {
            let now = self.clock.now();
            self.guarded(|till| till.tick(now));
            self.send_calls();
            self.tell();
            match inbox.recv_timeout(self.sleep()) {
                Ok(Message::Do(task)) => task(&mut self.till, self.clock.now()),
                Ok(Message::Answered { id, result }) => {
                    let now = self.clock.now();
                    self.guarded(|till| till.answered(id, result, now));
                    // A fresh code is on the screens before the commit that keeps it.
                    self.tell();
                }
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => (),
            }
        }
    }

    fn tell(&self) {
        self.told.send_if_modified(|told| {
            let changed = *told != self.till.revision();
            *told = self.till.revision();
            changed
        });
    }

    fn guarded(&mut self, work: impl FnOnce(&mut Till<K>)) {
        if catch_unwind(AssertUnwindSafe(|| work(&mut self.till))).is_err() {
            tracing::error!("the till broke a law; it goes on from what was kept");
        }
    }

    fn send_calls(&mut self) {
        let now = self.clock.now();
        let calls = match catch_unwind(AssertUnwindSafe(|| self.till.take_calls(now))) {
            Ok(calls) => calls,
            Err(_) => return,
        };
        for call in calls {
            let transport = self.transports.get(&call.channel).map(Arc::clone);
            let answers = self.answers.clone();
            self.runtime.spawn(async move {
                let result = match transport {
                    Some(transport) => transport.send(call.request).await,
                    None => Err(nowhere()),
                };
                let message = Message::Answered { id: call.id, result };
                // The queue is bounded, and waiting for it must not hold up the network.
                drop(tokio::task::spawn_blocking(move || answers.send(message)).await);
            });
        }
    }

    fn sleep(&self) -> Duration {
        let now = self.clock.now();
        let planned = self.till.wake_at().ok().flatten();
        let wait = planned.map_or(SLEEP_MS_MAX, |at| at.since_ms(now)).clamp(0, SLEEP_MS_MAX);
        Duration::from_millis(u64::try_from(wait).unwrap_or(0))
    }
}

/// What comes of a call to a channel that no transport leads to: nothing has left.
fn nowhere() -> CallError {
    CallError::Unreachable { source: std::io::ErrorKind::NotConnected.into() }
}
