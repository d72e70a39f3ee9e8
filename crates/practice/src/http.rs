//! Practice over HTTP on loopback: the channels, the phone page and a control API for scripts.
//!
//! A face only: it reads the clock, keeps the journal, waits out delays, hangs up where the
//! weather says so and posts notices to this machine. Requests that name another host than this machine are turned away, so that no
//! web page elsewhere can play the customer.

mod control;
mod page;
mod post;
mod tls;

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::HOST;
use axum::http::{HeaderMap, Request as HttpRequest, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{any, get, post};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::notices::{is_here, is_this_machine};
use crate::options::Options;
use crate::practice::{Answer, GATEWAY_PATH, Practice, Reply, Request};
use crate::state::{Journal, Papers, StateError};

pub use tls::{Tls, serve_tls};

/// More than any request of either channel needs.
const BODY_MAX_BYTES: usize = 1024 * 1024;
/// How long the ticker sleeps at most: a wake-up that changes nothing costs nothing.
const TICK_MAX: Duration = Duration::from_secs(60);

/// A practice that several connections and a window share, with its clock and its journal.
#[derive(Clone)]
pub struct Shared {
    room: Arc<Room>,
}

struct Room {
    inside: Mutex<Inside>,
    changed: Notify,
    clock: Clock,
}

struct Inside {
    practice: Practice,
    journal: Option<Journal>,
}

impl Shared {
    /// Shares a practice that is forgotten when the program ends.
    pub fn new(practice: Practice) -> Shared {
        Shared::with_journal(practice, None)
    }

    /// Opens the practice of a folder, with the trades it knows.
    pub fn open(papers: &Papers, options: Options) -> Result<Shared, StateError> {
        let (journal, entries) = Journal::open(&papers.dir)?;
        let practice = Practice::from_journal(options, papers.signer()?, entries);
        Ok(Shared::with_journal(practice, Some(journal)))
    }

    fn with_journal(practice: Practice, journal: Option<Journal>) -> Shared {
        let inside = Mutex::new(Inside { practice, journal });
        let room = Room { inside, changed: Notify::new(), clock: Clock::start() };
        Shared { room: Arc::new(room) }
    }

    /// Does something with the practice at the present time. What changed is in the journal
    /// before this returns.
    pub fn with<T>(&self, act: impl FnOnce(&mut Practice, i64) -> T) -> Result<T, StateError> {
        let outcome = self.quietly(act);
        self.room.changed.notify_one();
        outcome
    }

    fn quietly<T>(&self, act: impl FnOnce(&mut Practice, i64) -> T) -> Result<T, StateError> {
        let mut inside = self.room.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = act(&mut inside.practice, self.room.clock.now_ms());
        let entries = inside.practice.take_unsaved();
        if let Some(journal) = &mut inside.journal {
            journal.append(&entries)?;
        }
        Ok(outcome)
    }
}

/// Serves until the returned future is dropped or the listener fails.
///
/// A lost or refused request ends in a closed connection without a byte of answer. A caller that
/// was refused for real would not have connected at all: for that, stop the practice.
pub async fn serve(listener: TcpListener, practice: Shared) -> io::Result<()> {
    let router = router(practice.clone());
    let mut tasks = JoinSet::new();
    tasks.spawn(tick(practice));
    loop {
        let (stream, _) = listener.accept().await?;
        tasks.spawn(converse(stream, router.clone(), Line::Plain));
        while tasks.try_join_next().is_some() {}
    }
}

fn router(practice: Shared) -> Router {
    Router::new()
        .route(GATEWAY_PATH, any(gateway))
        .route("/v3/{*call}", any(gateway))
        .route("/pay/{*call}", any(gateway))
        .route("/secapi/{*call}", any(gateway))
        .route("/", get(|| async { Redirect::to("/phone") }))
        .route("/phone", get(page::html))
        .route("/phone.css", get(page::css))
        .route("/phone.js", get(page::script))
        .route("/phone/code.svg", get(page::code))
        .route("/control/state", get(control::state))
        .route("/control/asked", get(control::asked))
        .route("/control/notices", get(control::notices).post(control::want_notice))
        .route("/control/notices/answers", post(control::notice_answered))
        .route("/control/payment-codes", post(control::show_payment_code))
        .route("/control/scans", post(control::scan))
        .route("/control/refunds", post(control::end_refund))
        .route("/control/trades", get(control::trades).post(control::behave))
        .route("/control/weather", post(control::weather))
        .with_state(practice)
}

/// Who is at the other end of a connection, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// A connection without TLS, where nobody can show a certificate and none is asked for.
    Plain,
    /// A client that showed no certificate, or another's.
    Anybody,
    /// A client that showed the merchant's certificate.
    Merchant,
}

impl Line {
    /// Says whether a path is open to the other end.
    fn may(self, path: &str) -> bool {
        match self {
            Line::Plain | Line::Merchant => true,
            Line::Anybody => !path.starts_with("/secapi/"),
        }
    }
}

/// Marks a response in whose place the connection is closed.
#[derive(Clone)]
struct HangUp;

async fn gateway(State(practice): State<Shared>, request: HttpRequest<Body>) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_MAX_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let request = Request {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: plain_headers(&head.headers),
        body: body.to_vec(),
    };
    match practice.with(|practice, now_ms| practice.handle(now_ms, &request)) {
        Ok(Reply::Answer { answer, delay_ms }) => {
            if delay_ms > 0 {
                tokio::time::sleep(Duration::from_millis(u64::from(delay_ms))).await;
            }
            response(answer)
        }
        Ok(Reply::Lost | Reply::Refused) => hang_up(),
        // What cannot be written down did not happen; the caller must not take it for an answer.
        Err(_) => hang_up(),
    }
}

fn hang_up() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(HangUp);
    response
}

fn response(answer: Answer) -> Response {
    let mut builder = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        builder = builder.header(name, value);
    }
    match builder.body(Body::from(answer.body)) {
        Ok(response) => response,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn plain_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect()
}

/// Speaks with one connection until it ends or is hung up on.
async fn converse<S>(stream: S, router: Router, line: Line)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |request: HttpRequest<Incoming>| {
        let here = names_this_machine(request.headers());
        let open = line.may(request.uri().path());
        let answering = router.call(request);
        async move {
            if !here {
                return Ok(StatusCode::MISDIRECTED_REQUEST.into_response());
            }
            if !open {
                // The real host's own words, before any of WeChat Pay's.
                let page = "400 No required SSL certificate was sent";
                return Ok((StatusCode::BAD_REQUEST, page).into_response());
            }
            let Ok(response) = answering.await;
            match response.extensions().get::<HangUp>() {
                Some(HangUp) => Err(io::Error::from(io::ErrorKind::ConnectionAborted)),
                None => Ok(response),
            }
        }
    });
    let conversation = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(30))
        .serve_connection(TokioIo::new(stream), service);
    // Whatever ends a conversation is the caller's to notice.
    let _ended = conversation.await;
}

/// Says whether the request was meant for this machine by name.
fn names_this_machine(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else {
        return false;
    };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => host,
    };
    is_this_machine(name)
}

/// Lets happen what happens by itself, when it does, and posts what is to be told.
async fn tick(practice: Shared) {
    let wire = post::wire();
    let mut carried = JoinSet::new();
    loop {
        let moved = practice.quietly(|practice, now_ms| {
            let posts = practice.posts(now_ms, is_here);
            let next = practice.next_event_ms().into_iter().chain(practice.next_post_ms(is_here));
            (posts, next.min().map(|at_ms| at_ms - now_ms))
        });
        // What is lost with a journal that cannot be written is found by the next start.
        let (posts, wait_ms) = moved.unwrap_or_default();
        for post in posts {
            carried.spawn(post::carry(practice.clone(), Arc::clone(&wire), post));
        }
        let wait = wait_ms.map_or(TICK_MAX, |ms| Duration::from_millis(ms.max(1).unsigned_abs()));
        tokio::select! {
            () = practice.room.changed.notified() => {}
            () = tokio::time::sleep(wait.min(TICK_MAX)) => {}
        }
        while carried.try_join_next().is_some() {}
    }
}
