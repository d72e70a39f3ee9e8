//! Posts notices to whoever listens on this machine. No other is contacted: what is for elsewhere
//! stays due for those who carry notices by hand (`/control/notices`).
//!
//! A connection for each post, no redirects, no proxies, at most so many at once. What does not
//! come within 5 s is no answer.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONNECTION, HOST};
use axum::http::{Request, Uri};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::Shared;
use crate::notices::Post;
use crate::practice::Answer;

/// How long a channel waits for the answer to a notice (opendocs 00f7nu, 4012791861).
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// More than any answer to a notice needs.
const ANSWER_MAX_BYTES: usize = 64 * 1024;
/// How many are on the wire at once.
const AT_ONCE: usize = 8;

/// Says how many may be on the wire.
pub(super) fn wire() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(AT_ONCE))
}

/// Sends a post when its time has come and tells practice what it was answered.
pub(super) async fn carry(practice: Shared, wire: Arc<Semaphore>, post: Post) {
    let mut carried = Carried { practice, post, answered: false };
    tokio::time::sleep(Duration::from_millis(u64::from(carried.post.delay_ms))).await;
    let Ok(_place) = wire.acquire().await else {
        return;
    };
    let answer = timeout(ANSWER_WITHIN, sent(&carried.post)).await.ok().flatten();
    carried.answered(answer.as_ref());
}

/// A post that is put back where its carrier ends before the answer.
struct Carried {
    practice: Shared,
    post: Post,
    answered: bool,
}

impl Carried {
    fn answered(&mut self, answer: Option<&Answer>) {
        if !self.post.counts {
            return;
        }
        let about = &self.post.about;
        // What cannot be written down did not happen: it is put back.
        self.answered = self
            .practice
            .with(|practice, now_ms| practice.notice_answered(now_ms, about, answer))
            .is_ok();
    }
}

impl Drop for Carried {
    fn drop(&mut self) {
        if self.post.counts && !self.answered {
            let about = &self.post.about;
            // A journal that cannot be written is noticed by the next call.
            let _put_back = self.practice.with(|practice, _| practice.put_back(about));
        }
    }
}

/// Returns what a post was answered. None if it was nothing that can be read.
async fn sent(post: &Post) -> Option<Answer> {
    let uri = post.url.parse::<Uri>().ok()?;
    let (host, authority) = (uri.host()?, uri.authority()?.as_str());
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let mut addresses = lookup_host((host, uri.port_u16().unwrap_or(80))).await.ok()?;
    // Whatever this machine calls itself, nothing leaves it.
    let address = addresses.find(|address| address.ip().is_loopback())?;
    let mut request = Request::post(uri.path_and_query()?.as_str())
        .header(HOST, authority)
        .header(CONNECTION, "close");
    for (name, value) in &post.headers {
        request = request.header(name, value);
    }
    let request = request.body(Body::from(post.body.clone())).ok()?;
    let stream = TokioIo::new(TcpStream::connect(address).await.ok()?);
    let (mut sender, connection) = http1::handshake(stream).await.ok()?;
    let asking = async move {
        let response = sender.send_request(request).await.ok()?;
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(Body::new(response.into_body()), ANSWER_MAX_BYTES).await;
        Some(Answer { status, headers: Vec::new(), body: body.ok()?.to_vec() })
    };
    // The connection moves only while it is waited for; its own end says nothing beside the answer.
    let (answer, _ended) = tokio::join!(asking, connection);
    answer
}
