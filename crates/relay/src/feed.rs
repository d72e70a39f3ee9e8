//! A till's stream as text: what it is told next, and nothing of how the bytes travel.
//!
//! Nothing waits here but a number: what a till has not seen is read from the database when there
//! is room for it on the wire, so a slow till costs no memory.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::body::Bytes;
use serde_json::json;
use serde_json::value::RawValue;

use crate::counts::Count;
use crate::db::Notice;
use crate::hold::{self, Place};
use crate::hub::Seat;
use crate::keys::KeyMark;
use crate::relay::Relay;

/// Notices that one read brings.
const ROWS_MAX: u32 = 16;
/// Text beyond which what was read besides is read again: a till that takes nothing holds little.
const TEXT_ENOUGH_BYTES: usize = 64 * 1024;
/// How soon a till may come again after its stream broke.
const RETRY_MS: u32 = 1_000;

/// How a stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// Another stream has the till's place, its key was revoked, or the relay ends.
    Over,
    /// The database failed.
    Failed,
}

/// A till's stream.
pub(crate) struct Feed {
    relay: Arc<Relay>,
    till: String,
    key_id: String,
    key_mark: KeyMark,
    seat: Seat,
    /// The number of the last notice that the till was told.
    seen: i64,
    /// Up to here there is something in the database.
    newest: i64,
    beat: Duration,
    has_begun: bool,
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.relay.counts.stream(-1);
    }
}

/// Where a till's stream begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    pub(crate) seen: i64,
    pub(crate) newest: i64,
}

impl Feed {
    pub(crate) fn new(
        relay: &Arc<Relay>,
        till: &str,
        key: (String, KeyMark),
        seat: Seat,
        start: Start,
    ) -> Feed {
        let (key_id, key_mark) = key;
        relay.counts.stream(1);
        relay.count(Count::Streams);
        Feed {
            relay: Arc::clone(relay),
            till: till.to_owned(),
            key_id,
            key_mark,
            seat,
            seen: start.seen,
            newest: start.newest,
            beat: relay.settings.beat,
            has_begun: false,
        }
    }

    /// Returns what the till is told next. Dropped half-way it has told nothing.
    pub(crate) async fn next(&mut self) -> Result<Bytes, Why> {
        loop {
            let seen = self.seat.look().ok_or(Why::Over)?;
            if !self.relay.roster().has_key(&self.till, &self.key_id, self.key_mark) {
                return Err(Why::Over);
            }
            if !self.has_begun {
                self.has_begun = true;
                return Ok(self.hello().into());
            }
            self.newest = self.newest.max(seen.newest);
            if self.seen < self.newest {
                return self.notices().await;
            }
            if let Some(body) = self.seat.hint() {
                let body = json!({ "body": STANDARD.encode(&body) });
                return Ok(format!("event: hint\ndata: {body}\n\n").into());
            }
            let changed = self.seat.changed();
            if tokio::time::timeout(self.beat, changed).await.is_err() {
                return Ok(Bytes::from_static(b": alive\n\n"));
            }
        }
    }

    fn hello(&self) -> String {
        let epoch = &self.relay.epoch;
        let hello = json!({
            "relay": epoch,
            "after": format!("{epoch}-{}", self.seen),
            "beat_ms": u64::try_from(self.beat.as_millis()).unwrap_or(u64::MAX),
            "now_ms": self.relay.now().0,
        });
        format!("retry: {RETRY_MS}\nevent: hello\ndata: {hello}\n\n")
    }

    async fn notices(&mut self) -> Result<Bytes, Why> {
        let read = self.relay.after(self.till.clone(), self.seen, ROWS_MAX).await;
        let rows = read.map_err(|_| Why::Failed)?;
        let epoch = &self.relay.epoch;
        // What is not there any more was dropped or is too old.
        let first = rows.first().map_or(self.newest + 1, |(seq, _)| *seq);
        let mut text = String::new();
        if self.seen + 1 < first {
            let gap = json!({ "upto": format!("{epoch}-{}", first - 1) });
            text.push_str(&format!("id: {epoch}-{}\nevent: gap\ndata: {gap}\n\n", first - 1));
        }
        let mut last = if rows.is_empty() { self.newest } else { self.seen };
        for (seq, notice) in &rows {
            let told = told(notice).ok_or(Why::Failed)?;
            text.push_str(&format!("id: {epoch}-{seq}\nevent: notice\ndata: {told}\n\n"));
            self.relay.count(Count::Delivered);
            last = *seq;
            if TEXT_ENOUGH_BYTES <= text.len() {
                break;
            }
        }
        if hold::is_at(Place::Telling) {
            std::future::pending::<()>().await;
        }
        self.seen = last;
        Ok(text.into())
    }
}

/// Writes a notice as a till gets it: verbatim, its body as base64.
fn told(notice: &Notice) -> Option<String> {
    #[derive(serde::Serialize)]
    struct Told<'n> {
        channel: &'n str,
        merchant: &'n str,
        received_ms: i64,
        headers: Box<RawValue>,
        body: String,
    }
    let told = Told {
        channel: &notice.channel,
        merchant: &notice.merchant,
        received_ms: notice.received.0,
        headers: RawValue::from_string(notice.headers.clone()).ok()?,
        body: STANDARD.encode(&notice.body),
    };
    serde_json::to_string(&told).ok()
}
