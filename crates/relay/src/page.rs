//! Bodies, whole ones: read with a bound and a limit of time, written in one piece.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::{Duration, UNIX_EPOCH};

use hyper::Response;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{CONTENT_TYPE, DATE, HeaderValue};
use mianfu_core::mutant;

use crate::Timestamp;

/// The last moment of the year 9998, in ms since 1970.
const DATE_MS_MAX: u64 = 253_370_764_799_000;

/// A body that is there.
#[derive(Debug)]
pub(crate) struct Page(Option<Bytes>);

impl Body for Page {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Page>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

/// Returns an answer with a body of this type.
pub(crate) fn answer(status: u16, kind: &'static str, body: impl Into<Bytes>) -> Response<Page> {
    let body = body.into();
    let is_empty = body.is_empty();
    let mut response = Response::new(Page((!is_empty).then_some(body)));
    *response.status_mut() = status.try_into().unwrap_or_default();
    if !is_empty {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    response
}

/// Returns an answer in words.
pub(crate) fn text(status: u16, body: &'static str) -> Response<Page> {
    answer(status, "text/plain; charset=utf-8", Bytes::from_static(body.as_bytes()))
}

/// Dates an answer by the relay's own clock, which is what a till's request was held against.
pub(crate) fn dated(mut answer: Response<Page>, now: Timestamp) -> Response<Page> {
    // A year of five digits has no form in HTTP.
    let ms = u64::try_from(now.0).unwrap_or(0).min(DATE_MS_MAX);
    let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(ms));
    if let Ok(date) = HeaderValue::try_from(date) {
        answer.headers_mut().insert(DATE, date);
    }
    answer
}

/// Why a body is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoBody {
    TooLarge,
    TooSlow,
    Broken,
}

/// Reads a body of at most so many bytes within so much time.
pub(crate) async fn read(
    body: Incoming,
    max_bytes: usize,
    limit: Duration,
) -> Result<Vec<u8>, NoBody> {
    let most = u64::try_from(max_bytes).unwrap_or(u64::MAX);
    if most < body.size_hint().lower() {
        return Err(NoBody::TooLarge);
    }
    match tokio::time::timeout(limit, collected(body, max_bytes)).await {
        Ok(read) => read,
        Err(_) => Err(NoBody::TooSlow),
    }
}

async fn collected(body: Incoming, max_bytes: usize) -> Result<Vec<u8>, NoBody> {
    let mut body = pin!(body);
    let mut bytes = Vec::new();
    while let Some(frame) = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let frame = frame.map_err(|_| NoBody::Broken)?;
        // Trailers say nothing here.
        let Ok(part) = frame.into_data() else { continue };
        let too_large = max_bytes.saturating_sub(bytes.len()) < part.len();
        if too_large && !mutant::planted("relay_reads_without_end") {
            return Err(NoBody::TooLarge);
        }
        bytes.extend_from_slice(&part);
    }
    Ok(bytes)
}
