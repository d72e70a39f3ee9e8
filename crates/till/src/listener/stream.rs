//! One stream after another: what comes is handed to the till in its order.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mianfu_core::channel::ChannelId;
use mianfu_gateway::{CallError, Chunks, Keys};
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::timeout;

use super::End;
use super::events::{Event, Events};
use super::link::{Doubted, Link};
use crate::clock::MachineClock;
use crate::hearing::Standing;
use crate::notices::NoticeRefusal;
use crate::running::{AskError, Requests};
use crate::worker::chain;

/// How long a stream may be silent before it has said how often it beats.
const HELLO_LIMIT: Duration = Duration::from_secs(5);
/// How many beats may be missed.
const BEATS_MISSED: u32 = 3;
/// The longest beat that is taken for one, in ms.
const BEAT_MS_MAX: u32 = 60_000;
/// When a notice is offered again whose key the till had yet to ask for, in ms. Beyond, the till's
/// own questions find out what it said.
const OFFERED_AGAIN_MS: [u64; 3] = [500, 1_000, 2_000];
/// The longest name of a place in the stream.
const ID_BYTES_MAX: usize = 128;

#[derive(Deserialize)]
struct Hello {
    beat_ms: u32,
}

/// A notice as the relay hands it on.
#[derive(Deserialize, Clone)]
struct Told {
    channel: String,
    headers: Vec<(String, String)>,
    body: String,
}

/// What is known from one stream to the next.
pub(super) struct Stream<K> {
    link: Arc<Link>,
    till: Requests<K>,
    /// Where the till is, for whoever acknowledges it.
    kept: watch::Sender<Option<String>>,
    clock: MachineClock,
    seen: Option<String>,
    retry_ms: Option<u64>,
}

impl<K: Keys + 'static> Stream<K> {
    pub(super) fn new(
        link: Arc<Link>,
        till: Requests<K>,
        kept: watch::Sender<Option<String>>,
        clock: MachineClock,
    ) -> Stream<K> {
        Stream { link, till, kept, clock, seen: None, retry_ms: None }
    }

    /// Returns how soon the relay wants the till back, where it has said so.
    pub(super) fn retry_ms(&self) -> Option<u64> {
        self.retry_ms
    }

    /// Opens a stream and reads it to its end.
    pub(super) async fn read(&mut self) -> End {
        let mut chunks = match self.link.stream(self.seen.as_deref(), &self.clock).await {
            Ok(chunks) => chunks,
            Err(CallError::Status { status: 401 }) => return self.doubted().await,
            Err(CallError::Status { status: 429 | 503 }) => return End::Broke(Standing::Silent),
            Err(CallError::Status { .. }) => return End::Broke(Standing::Strange),
            Err(error) => {
                tracing::info!(error = %chain(&error), "the relay is not reached");
                return End::Broke(Standing::Silent);
            }
        };
        let end = self.follow(&mut chunks).await;
        tracing::info!(?end, "the relay's stream is over");
        end
    }

    async fn doubted(&self) -> End {
        match self.link.doubted(&self.clock).await {
            Doubted::Key => End::Broke(Standing::Refused),
            Doubted::TimeOrNonce => End::AtOnce,
            Doubted::Nothing => End::Broke(Standing::Silent),
        }
    }

    async fn follow(&mut self, chunks: &mut Chunks) -> End {
        let mut events = Events::default();
        let mut silence = HELLO_LIMIT;
        loop {
            let piece = match timeout(silence, chunks.next()).await {
                Ok(Some(Ok(piece))) => piece,
                Ok(Some(Err(_)) | None) | Err(_) => return End::Broke(Standing::Silent),
            };
            let Ok(came) = events.feed(&piece) else {
                return End::Broke(Standing::Strange);
            };
            self.retry_ms = events.retry_ms.or(self.retry_ms);
            for event in came {
                match self.take(&event).await {
                    Ok(None) => (),
                    Ok(Some(beat)) => silence = beat * BEATS_MISSED,
                    Err(end) => return end,
                }
            }
        }
    }

    /// Takes one event; returns the relay's beat where it says it.
    async fn take(&mut self, event: &Event) -> Result<Option<Duration>, End> {
        match event.kind.as_str() {
            "hello" => return self.greeted(&event.data).await.map(Some),
            "notice" => self.noticed(&event.data).await?,
            "gap" | "hint" => {
                let asked = self.till.ask(|till, now| till.ask_all_open(now)).await;
                survived(asked)?;
            }
            // A word of a later version.
            _ => (),
        }
        if let Some(id) = event.id.as_ref().filter(|id| id.len() <= ID_BYTES_MAX) {
            self.seen = Some(id.clone());
            self.kept.send_replace(Some(id.clone()));
        }
        Ok(None)
    }

    async fn greeted(&self, data: &str) -> Result<Duration, End> {
        let strange = End::Broke(Standing::Strange);
        let Hello { beat_ms } = serde_json::from_str(data).map_err(|_| strange)?;
        if !(1..=BEAT_MS_MAX).contains(&beat_ms) {
            return Err(strange);
        }
        let told = self.till.ask(|till, now| till.stands(Standing::Listening, now)).await;
        survived(told)?;
        tracing::info!(beat_ms, "the relay is listened to");
        Ok(Duration::from_millis(u64::from(beat_ms)))
    }

    /// Hands a notice to the till until something follows from it or nothing ever will.
    async fn noticed(&self, data: &str) -> Result<(), End> {
        let told: Option<Told> = serde_json::from_str(data).ok();
        let body = told.as_ref().and_then(|told| STANDARD.decode(&told.body).ok());
        let channel = told.as_ref().and_then(|told| ChannelId::parse(&told.channel));
        let (Some(told), Some(body), Some(channel)) = (told, body, channel) else {
            tracing::warn!("the relay tells what is no notice");
            return Ok(());
        };
        let mut again = OFFERED_AGAIN_MS.into_iter();
        loop {
            let (headers, body) = (told.headers.clone(), body.clone());
            let offered =
                self.till.ask(move |till, now| till.notice(channel, &headers, &body, now)).await;
            match offered {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(NoticeRefusal::UnknownKey)) => match again.next() {
                    Some(wait_ms) => tokio::time::sleep(Duration::from_millis(wait_ms)).await,
                    None => return Ok(()),
                },
                // It is told again by the next stream.
                Ok(Err(error @ NoticeRefusal::Db(_))) => {
                    tracing::warn!(error = %chain(&error), "a notice could not be kept");
                    return Err(End::Broke(Standing::Silent));
                }
                Ok(Err(error)) => {
                    tracing::warn!(error = %chain(&error), "nothing follows from a notice");
                    return Ok(());
                }
                Err(error) => return survived(Err(error)),
            }
        }
    }
}

/// Goes on where the till answered. A request that broke a law is over: it would break it again.
fn survived(asked: Result<(), AskError>) -> Result<(), End> {
    match asked {
        Ok(()) | Err(AskError::Broken) => Ok(()),
        Err(AskError::Gone) => Err(End::Broke(Standing::Silent)),
    }
}
