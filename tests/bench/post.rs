//! The channel's side of a relay: requests over connections that stay open, each answered before
//! the next, on one thread.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::Failure;

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// What came back.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answers {
    /// Thanked for: `success`.
    pub(crate) thanked: u64,
    /// Refused, or hung up on.
    pub(crate) refused: u64,
}

/// Sends every request once, over so many connections at a time.
pub(crate) async fn send_all(
    address: SocketAddr,
    requests: &[Vec<u8>],
    connections: usize,
) -> Result<Answers, Failure> {
    let left = RefCell::new(requests.iter());
    let answers = RefCell::new(Answers::default());
    let one = async || -> Result<(), Failure> {
        let mut line = Line::open(address).await?;
        loop {
            let Some(request) = left.borrow_mut().next() else { return Ok(()) };
            let is_thanked = line.ask(request).await?;
            let mut answers = answers.borrow_mut();
            match is_thanked {
                true => answers.thanked += 1,
                false => answers.refused += 1,
            }
        }
    };
    all((0..connections).map(|_| one())).await?;
    Ok(answers.into_inner())
}

/// Runs futures beside each other on this thread until all are done.
pub(crate) async fn all<F>(futures: impl Iterator<Item = F>) -> Result<(), Failure>
where
    F: Future<Output = Result<(), Failure>>,
{
    let mut futures: Vec<_> = futures.map(|future| Some(Box::pin(future))).collect();
    std::future::poll_fn(|cx| {
        let mut is_done = true;
        for place in &mut futures {
            let Some(future) = place else { continue };
            match future.as_mut().poll(cx) {
                std::task::Poll::Ready(Ok(())) => *place = None,
                std::task::Poll::Ready(error) => return std::task::Poll::Ready(error),
                std::task::Poll::Pending => is_done = false,
            }
        }
        if is_done { std::task::Poll::Ready(Ok(())) } else { std::task::Poll::Pending }
    })
    .await
}

/// A connection that is opened again where the other end hangs up.
pub(crate) struct Line {
    address: SocketAddr,
    stream: TcpStream,
    heard: Vec<u8>,
}

impl Line {
    pub(crate) async fn open(address: SocketAddr) -> Result<Line, Failure> {
        let stream = connect(address).await?;
        Ok(Line { address, stream, heard: Vec::with_capacity(4096) })
    }

    /// Says whether a request is thanked for. Where the other end hung up before it said anything,
    /// which may have been the request before, it is sent once more.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Result<bool, Failure> {
        for _ in 0..2 {
            let answered = tokio::time::timeout(PATIENCE, self.exchange(request)).await?;
            if let Some(is_thanked) = answered {
                return Ok(is_thanked);
            }
            self.stream = connect(self.address).await?;
            if !self.heard.is_empty() {
                break;
            }
        }
        Ok(false)
    }

    /// `None` where the other end hung up, with or without a word.
    async fn exchange(&mut self, request: &[u8]) -> Option<bool> {
        let _may_break_off = self.stream.write_all(request).await;
        self.heard.clear();
        loop {
            match self.stream.read_buf(&mut self.heard).await {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
            if let Some(is_thanked) = whole(&self.heard)? {
                return Some(is_thanked);
            }
        }
    }
}

async fn connect(address: SocketAddr) -> Result<TcpStream, Failure> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Reads an answer: `Some(None)` while it is not whole, `None` where the connection ends with it.
fn whole(heard: &[u8]) -> Option<Option<bool>> {
    let text = std::str::from_utf8(heard).ok()?;
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return Some(None) };
    let head = head.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.and_then(|length| length.parse().ok()).unwrap_or(0);
    if body.len() < length {
        return Some(None);
    }
    if head.contains("\r\nconnection: close") {
        return None;
    }
    Some(Some(head.starts_with("http/1.1 200") && body == "success"))
}
