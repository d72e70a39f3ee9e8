//! Sockets: who may connect, how long anything may take, and how a relay ends without losing any.
//!
//! HTTP/1.1 and nothing else: a connection carries one request at a time, so there are no streams
//! of one to open and reset by the thousand.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use mianfu_core::mutant;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::counts::Count;
use crate::feed::Feed;
use crate::page::Page;
use crate::relay::Relay;
use crate::router::{self, Turn};
use crate::settings::household;

/// Headers of a request at most.
const HEADERS_MAX: usize = 64;
/// Bytes of a request's head at most.
const HEAD_MAX_BYTES: usize = 16 * 1024;
/// How long to leave a listener alone that cannot accept, for want of descriptors as a rule.
const BREATH: Duration = Duration::from_millis(50);
/// Between two times at which what is old is forgotten.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

const STREAM_HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
    cache-control: no-store\r\nx-accel-buffering: no\r\nconnection: close\r\n\r\n";

/// What a relay listens on.
pub struct Doors {
    /// For channels and tills.
    pub open: TcpListener,
    /// For numbers. None where nobody wants them.
    pub inside: Option<TcpListener>,
    /// What greets at the open door. None behind a proxy that does.
    pub tls: Option<TlsAcceptor>,
}

/// Serves until `stop` says so, then lets what has begun come to its end.
///
/// # Errors
/// Nothing can be served.
pub async fn serve(relay: Arc<Relay>, doors: Doors, stop: watch::Receiver<bool>) -> io::Result<()> {
    let room = Arc::new(Room::new(&relay));
    let mut talks = JoinSet::new();
    let sweeping = tokio::spawn(sweep(Arc::clone(&relay)));
    let numbers = doors
        .inside
        .map(|inside| tokio::spawn(serve_numbers(Arc::clone(&relay), inside, stop.clone())));
    let mut stopped = stop.clone();
    loop {
        let accepted = tokio::select! {
            accepted = doors.open.accept() => accepted,
            () = said(&mut stopped) => break,
        };
        while talks.try_join_next().is_some() {}
        match accepted {
            Ok((stream, peer)) => match room.enter(&relay, peer) {
                Some(pass) => {
                    let guest = Guest { peer: peer.ip(), pass, tls: doors.tls.clone() };
                    talks.spawn(greet(Arc::clone(&relay), stream, guest, stop.clone()));
                }
                None => relay.count(Count::TurnedAway),
            },
            Err(error) => {
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
    drop(doors.open);
    tracing::info!(talks = talks.len(), "ending");
    let ended = tokio::time::timeout(relay.settings.grace, async {
        while talks.join_next().await.is_some() {}
    });
    if ended.await.is_err() {
        tracing::warn!(talks = talks.len(), "some did not come to their end");
    }
    talks.shutdown().await;
    sweeping.abort();
    if let Some(numbers) = numbers {
        numbers.abort();
    }
    Ok(())
}

/// How many are inside that have not proven to be a till, and from where.
struct Room {
    places: Arc<Semaphore>,
    by_address: Mutex<BTreeMap<IpAddr, u32>>,
    per_address_max: u32,
}

/// A place inside, given back when it is dropped.
struct Pass {
    room: Arc<Room>,
    address: IpAddr,
    _place: OwnedSemaphorePermit,
}

impl Room {
    fn new(relay: &Relay) -> Room {
        Room {
            places: Arc::new(Semaphore::new(relay.settings.connections_max)),
            by_address: Mutex::new(BTreeMap::new()),
            per_address_max: relay.settings.connections_per_address_max,
        }
    }

    fn enter(self: &Arc<Room>, relay: &Relay, peer: SocketAddr) -> Option<Pass> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let address = household(peer.ip());
        let mut by_address = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        let inside = by_address.entry(address).or_insert(0);
        // Behind a proxy everybody comes from one address.
        let is_proxy = relay.settings.proxies.iter().any(|proxy| proxy.has(peer.ip()));
        let has_its_share = !is_proxy && self.per_address_max <= *inside;
        if has_its_share && !mutant::planted("relay_gives_one_address_everything") {
            return None;
        }
        *inside += 1;
        Some(Pass { room: Arc::clone(self), address, _place: place })
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut by_address = self.room.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(inside) = by_address.get_mut(&self.address) {
            *inside -= 1;
            if *inside == 0 {
                by_address.remove(&self.address);
            }
        }
    }
}

/// Whoever has come in.
struct Guest {
    peer: IpAddr,
    pass: Pass,
    tls: Option<TlsAcceptor>,
}

async fn greet(relay: Arc<Relay>, stream: TcpStream, guest: Guest, stop: watch::Receiver<bool>) {
    // A stream's few bytes must not wait for more.
    let _unhurried = stream.set_nodelay(true);
    let Guest { peer, pass, tls } = guest;
    match tls {
        None => attend(relay, stream, peer, pass, stop).await,
        Some(tls) => {
            let greeted = tokio::time::timeout(relay.settings.head_limit, tls.accept(stream));
            // Whoever does not get through the handshake has noticed it.
            if let Ok(Ok(stream)) = greeted.await {
                attend(relay, Box::new(stream), peer, pass, stop).await;
            }
        }
    }
}

/// Speaks HTTP with a connection; where it turns out to be a till's, its stream is another task,
/// and all that HTTP needed is gone.
async fn attend<S>(
    relay: Arc<Relay>,
    stream: S,
    peer: IpAddr,
    pass: Pass,
    stop: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    if let Some((stream, feed)) = converse(&relay, stream, peer, stop.clone()).await {
        drop(pass);
        tokio::spawn(pour(stream, feed, relay.settings.write_limit, stop));
    }
}

/// Answers requests until there are no more, or one turns the connection into a stream.
async fn converse<S>(
    relay: &Arc<Relay>,
    stream: S,
    peer: IpAddr,
    mut stop: watch::Receiver<bool>,
) -> Option<(S, Feed)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let service = service_fn(|request: Request<Incoming>| {
        Box::pin(router::route(Arc::clone(relay), peer, request))
    });
    let mut talk = http1_of(relay).serve_connection(TokioIo::new(stream), service);
    let ended = tokio::select! {
        ended = &mut talk => Some(ended),
        () = said(&mut stop) => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            // What has begun comes to its end, and nothing after it begins.
            std::pin::Pin::new(&mut talk).graceful_shutdown();
            (&mut talk).await
        }
    };
    // Whatever else ends a conversation is the other end's to notice.
    let error = ended.err()?;
    let cause = std::error::Error::source(&error)?;
    let feed = cause.downcast_ref::<Turn>()?.take()?;
    Some((talk.into_parts().io.into_inner(), feed))
}

fn http1_of(relay: &Relay) -> http1::Builder {
    let mut builder = http1::Builder::new();
    let more = if mutant::planted("relay_takes_any_head") { 64 } else { 1 };
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(relay.settings.head_limit)
        .max_headers(more * HEADERS_MAX)
        .max_buf_size(more * HEAD_MAX_BYTES)
        .half_close(false);
    builder
}

/// Writes a till's stream until either end has enough of it.
async fn pour<S>(mut stream: S, mut feed: Feed, limit: Duration, mut stop: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut next = hyper::body::Bytes::from_static(STREAM_HEAD);
    loop {
        let written = tokio::time::timeout(limit, async {
            stream.write_all(&next).await?;
            stream.flush().await
        });
        if !matches!(written.await, Ok(Ok(()))) {
            return;
        }
        let mut ignored = [0; 16];
        next = tokio::select! {
            told = feed.next() => match told {
                Ok(told) => told,
                Err(_) => break,
            },
            // A till says nothing on its stream; what it says there ends it.
            _ = stream.read(&mut ignored) => break,
            () = said(&mut stop) => break,
        };
    }
    let _ended = tokio::time::timeout(limit, stream.shutdown()).await;
}

/// Waits until the relay is told to end.
async fn said(stop: &mut watch::Receiver<bool>) {
    // Whoever could say so is gone: nobody will.
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn sweep(relay: Arc<Relay>) {
    loop {
        if let Err(error) = relay.sweep().await {
            tracing::warn!(%error, "what is old was not forgotten");
        }
        tokio::time::sleep(SWEEP_EVERY).await;
    }
}

/// Serves the port that is not for everybody, a few connections at a time.
async fn serve_numbers(relay: Arc<Relay>, listener: TcpListener, mut stop: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(16));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = said(&mut stop) => return,
        };
        let (Ok((stream, _)), Ok(place)) = (accepted, Arc::clone(&places).try_acquire_owned())
        else {
            continue;
        };
        let relay = Arc::clone(&relay);
        tokio::spawn(async move {
            let service = service_fn(|request: Request<Incoming>| {
                let response: Result<Response<Page>, std::convert::Infallible> =
                    Ok(router::inside(&relay, &request));
                std::future::ready(response)
            });
            let talk = http1_of(&relay).serve_connection(TokioIo::new(stream), service);
            let _ended = tokio::time::timeout(Duration::from_secs(30), talk).await;
            drop(place);
        });
    }
}
