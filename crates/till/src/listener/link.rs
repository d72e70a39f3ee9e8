//! A relay as a till calls it: where it is, under which name and key, and each request signed.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};

use mianfu_core::money::Timestamp;
use mianfu_gateway::{CallError, Chunks, HttpReply, HttpRequest, Https, Method, Transport as _};
use mianfu_relay::keys::TillKey;
use mianfu_relay::trust::{Signed, authorization};

use crate::clock::{Clock as _, MachineClock};

/// How long a request may take to be answered, in ms.
const ANSWER_LIMIT_MS: u32 = 5_000;
/// How long a stream may be without a byte before its connection is given up, in ms. How long it may
/// be silent is for whoever reads it to say, by the relay's own beat.
const STREAM_LIMIT_MS: u32 = 200_000;

/// A relay, and who the till is there.
pub struct Link {
    /// Scheme, host and port, without a path.
    address: String,
    till: String,
    key_id: String,
    key: TillKey,
    transport: Https,
    /// The relay's clock less the till's, in ms, once it was far enough off to be told.
    offset_ms: AtomicI64,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("address", &self.address)
            .field("till", &self.till)
            .finish_non_exhaustive()
    }
}

/// Why an acknowledgement was not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotTaken {
    /// No answer came.
    #[error("no answer came")]
    Call(#[from] CallError),
    /// The relay answered otherwise.
    #[error("the relay answered {status}")]
    Status { status: u16 },
}

/// What a relay doubts about a till's request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubted {
    /// The key: a person must act.
    Key,
    /// The time, which is learnt from the answer; or the nonce.
    TimeOrNonce,
    /// Nothing that it says.
    Nothing,
}

impl Link {
    /// Returns a link to the relay at `address` (scheme, host and port), over `transport`.
    #[must_use]
    pub fn new(
        address: &str,
        till: &str,
        (key_id, key): (&str, TillKey),
        transport: Https,
    ) -> Link {
        Link {
            address: address.trim_end_matches('/').to_owned(),
            till: till.to_owned(),
            key_id: key_id.to_owned(),
            key,
            transport,
            offset_ms: AtomicI64::new(0),
        }
    }

    /// Opens the till's stream after the last number that it has kept.
    pub(super) async fn stream(
        &self,
        seen: Option<&str>,
        clock: &MachineClock,
    ) -> Result<Chunks, CallError> {
        let path = format!("/stream/{}", self.till);
        let mut request = self.request(Method::Get, &path, Vec::new(), clock)?;
        request.limit_ms = STREAM_LIMIT_MS;
        request.headers.extend(seen.map(|seen| ("last-event-id", seen.to_owned())));
        let limit = std::time::Duration::from_millis(u64::from(ANSWER_LIMIT_MS));
        tokio::time::timeout(limit, self.transport.stream(request))
            .await
            .map_err(|_| CallError::TimedOut { limit_ms: ANSWER_LIMIT_MS })?
    }

    /// Tells how far the till is.
    pub(super) async fn acknowledge(
        &self,
        upto: &str,
        clock: &MachineClock,
    ) -> Result<(), NotTaken> {
        match self.say(upto, clock).await?.status {
            // A number that the relay does not know is of another database: nothing to repeat.
            204 | 409 => Ok(()),
            status => Err(NotTaken::Status { status }),
        }
    }

    /// Finds out why the relay would not open a stream, and learns its clock where that is why.
    pub(super) async fn doubted(&self, clock: &MachineClock) -> Doubted {
        // Of no relay's numbers: it is refused whoever says it, and proves who says it before.
        let Ok(reply) = self.say("none-0", clock).await else {
            return Doubted::Nothing;
        };
        let word = std::str::from_utf8(&reply.body).unwrap_or_default().trim();
        match (reply.status, word) {
            (401, "clock") => match date(&reply) {
                Some(date) => {
                    let offset_ms = date.since_ms(clock.now());
                    self.offset_ms.store(offset_ms, Ordering::Relaxed);
                    Doubted::TimeOrNonce
                }
                None => Doubted::Nothing,
            },
            (401, "nonce") => Doubted::TimeOrNonce,
            (401, _) => Doubted::Key,
            _ => Doubted::Nothing,
        }
    }

    async fn say(&self, upto: &str, clock: &MachineClock) -> Result<HttpReply, CallError> {
        let path = format!("/ack/{}", self.till);
        let body = serde_json::json!({ "upto": upto }).to_string().into_bytes();
        self.transport.send(self.request(Method::Post, &path, body, clock)?).await
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
        clock: &MachineClock,
    ) -> Result<HttpRequest, CallError> {
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).map_err(|error| CallError::Unreachable {
            source: std::io::Error::other(error.to_string()),
        })?;
        let at = clock.now().plus_ms(self.offset_ms.load(Ordering::Relaxed));
        let name = match method {
            Method::Get => "GET",
            Method::Post => "POST",
        };
        let signed = Signed { method: name, path, body: &body };
        let proof = authorization(&self.key_id, &self.key, signed, at, nonce);
        Ok(HttpRequest {
            method,
            url: format!("{}{path}", self.address),
            headers: vec![("authorization", proof)],
            body,
            limit_ms: ANSWER_LIMIT_MS,
        })
    }
}

/// Reads an answer's `Date`.
fn date(reply: &HttpReply) -> Option<Timestamp> {
    let (_, value) = reply.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("date"))?;
    let date = jiff::fmt::rfc2822::parse(value).ok()?;
    Some(Timestamp(date.timestamp().as_millisecond()))
}
