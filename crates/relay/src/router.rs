//! Every route.
//!
//! ```text
//! POST /notify/{channel}/{merchant}/{till}   a channel's notice       in.rs
//! GET  /stream/{till}                        a till's notices, live   out.rs
//! POST /ack/{till}                           how far a till is        out.rs
//! GET  /healthz  /readyz                     whether it lives, and takes notices
//! ```
//!
//! No route has a query. What is wrong with a request is said with a status and a word, never with
//! anything of the request.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_LENGTH, HeaderMap, HeaderValue, TRANSFER_ENCODING};
use hyper::{Method, Request, Response};
use mianfu_core::mutant;

use crate::counts::Count;
use crate::feed::Feed;
use crate::page::{NoBody, Page, text};
use crate::relay::Relay;
use crate::roster::Account;
use crate::{inbound, outbound};

/// Ends HTTP on a connection: from here on it is a till's stream.
pub(crate) struct Turn(Mutex<Option<Feed>>);

impl Turn {
    pub(crate) fn to(feed: Feed) -> Turn {
        Turn(Mutex::new(Some(feed)))
    }

    /// Returns the stream, once.
    pub(crate) fn take(&self) -> Option<Feed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Turn")
    }
}

impl fmt::Display for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is a stream from here on")
    }
}

impl std::error::Error for Turn {}

/// Answers one request from an address.
pub(crate) async fn route(
    relay: Arc<Relay>,
    peer: IpAddr,
    request: Request<Incoming>,
) -> Result<Response<Page>, Turn> {
    let path = request.uri().path().to_owned();
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let is_get = request.method() == Method::GET;
    let is_post = request.method() == Method::POST;
    match (parts.as_slice(), is_get, is_post) {
        (["healthz"], true, _) => return Ok(text(200, "well\n")),
        (["readyz"], true, _) => return Ok(readiness(&relay)),
        (_, _, _) => {}
    }
    let address = address_of(&relay, peer, request.headers());
    if !relay.lets_address(address) {
        relay.count(Count::TooOften);
        return Ok(text(429, "too often\n"));
    }
    if is_ambiguous(request.headers()) && !mutant::planted("relay_reads_a_request_two_ways") {
        let mut refused = text(400, "not a request of this relay\n");
        // Nobody knows what comes behind it on this connection.
        refused.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        return Ok(refused);
    }
    if request.uri().query().is_some() {
        return Ok(text(400, "not a request of this relay\n"));
    }
    match (parts.as_slice(), is_get, is_post) {
        (["notify", channel, merchant, till], _, true) => {
            let account = Account { channel: (*channel).into(), merchant: (*merchant).into() };
            Ok(inbound::notice(&relay, address, account, (*till).into(), request).await)
        }
        (["stream", till], true, _) => outbound::stream(&relay, till, request).await,
        (["ack", till], _, true) => Ok(outbound::ack(&relay, till, request).await),
        (["notify", _, _, _] | ["stream" | "ack", _] | ["healthz" | "readyz"], _, _) => {
            Ok(text(405, "not by this method\n"))
        }
        (_, _, _) => Ok(text(404, "not here\n")),
    }
}

/// Answers a request for numbers, on the port that is not for everybody.
pub(crate) fn inside(relay: &Relay, request: &Request<Incoming>) -> Response<Page> {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/healthz") => text(200, "well\n"),
        (&Method::GET, "/readyz") => readiness(relay),
        (&Method::GET, "/metrics") => {
            let kind = "text/plain; version=0.0.4; charset=utf-8";
            crate::page::answer(200, kind, relay.counts.to_text())
        }
        (_, _) => text(404, "not here\n"),
    }
}

fn readiness(relay: &Relay) -> Response<Page> {
    match relay.counts.is_well() {
        true => text(200, "ready\n"),
        false => text(503, "the disk takes nothing\n"),
    }
}

/// Returns whom a request counts for: the peer, or whom a proxy that is believed names last.
fn address_of(relay: &Relay, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    if !relay.settings.proxies.iter().any(|proxy| proxy.has(peer)) {
        return peer;
    }
    let last = headers.get_all("x-forwarded-for").iter().next_back();
    let last = last.and_then(|value| value.to_str().ok()?.rsplit(',').next());
    last.and_then(|address| address.trim().parse().ok()).unwrap_or(peer)
}

/// Says whether two servers in a row might see two different ends of a request.
fn is_ambiguous(headers: &HeaderMap) -> bool {
    let mut encodings = headers.get_all(TRANSFER_ENCODING).iter();
    let Some(encoding) = encodings.next() else { return false };
    let is_chunked = encoding.as_bytes().eq_ignore_ascii_case(b"chunked");
    !is_chunked || encodings.next().is_some() || headers.contains_key(CONTENT_LENGTH)
}

/// Returns what is said where a body is not there.
pub(crate) fn no_body(relay: &Relay, why: NoBody) -> Response<Page> {
    match why {
        NoBody::TooLarge => {
            relay.count(Count::TooLarge);
            text(413, "more bytes than a notice has\n")
        }
        NoBody::TooSlow => {
            relay.count(Count::TooSlow);
            text(408, "too slow\n")
        }
        NoBody::Broken => text(400, "not a request of this relay\n"),
    }
}
