//! HTTP: the one place that knows reqwest.
//!
//! One transport per origin (scheme, host, port); a request to another is refused. It follows no
//! redirect, asks no environment for a proxy, sends nothing twice and decompresses nothing.
//!
//! What an error proves: [`CallError::Unreachable`] is given only where no connection came to be.
//! A kept connection that died is a different matter: bytes may have left, and that is
//! [`CallError::Broken`]. The one thing the client beneath does by itself is to take another
//! connection for a request of which it had not begun to write a byte.

use std::error::Error;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use mianfu_core::mutant;
use reqwest::{Certificate, Client, Identity, Response, Url};
use tokio::sync::mpsc;

use crate::{BODY_LIMIT_BYTES, CallError, HttpReply, HttpRequest, Method};

/// How long name, TCP and TLS may take together.
const CONNECT_LIMIT_MS: u64 = 3_000;
/// How long an idle connection is kept for the next sale.
const IDLE_LIMIT_MS: u64 = 90_000;
/// How often an idle HTTP/2 connection is asked whether it lives, and how long it may think.
const PING_EVERY_MS: u64 = 15_000;
const PING_LIMIT_MS: u64 = 5_000;
/// How long warming up may take.
const WARM_LIMIT_MS: u32 = 5_000;
/// Pieces of a stream that wait for their reader; then the sender waits.
const CHUNKS_MAX: usize = 16;

/// What carries requests: HTTPS in the shop, a pretend wire in the simulation.
pub trait Transport: Send + Sync {
    /// Sends once and returns the whole answer.
    fn send(
        &self,
        request: HttpRequest,
    ) -> impl Future<Output = Result<HttpReply, CallError>> + Send;

    /// Sends once and returns the answer's body piece by piece; the request's limit holds until the
    /// head has come and then anew between pieces.
    fn stream(
        &self,
        request: HttpRequest,
    ) -> impl Future<Output = Result<Chunks, CallError>> + Send;

    /// Opens a connection before there is anything to send, or finds that it still lives.
    fn warm(&self) -> impl Future<Output = Result<(), CallError>> + Send {
        std::future::ready(Ok(()))
    }
}

/// A body as it comes. Dropping it ends the call.
#[derive(Debug)]
pub struct Chunks(mpsc::Receiver<Result<Vec<u8>, CallError>>);

impl Chunks {
    /// Returns the two ends of a stream that holds at most 16 pieces.
    #[must_use]
    pub fn channel() -> (mpsc::Sender<Result<Vec<u8>, CallError>>, Chunks) {
        let (sender, receiver) = mpsc::channel(CHUNKS_MAX);
        (sender, Chunks(receiver))
    }

    /// Returns the next piece, `None` at the end. After an error comes the end.
    pub async fn next(&mut self) -> Option<Result<Vec<u8>, CallError>> {
        self.0.recv().await
    }
}

/// Why a transport cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// Not an address with a host.
    #[error("`{endpoint}` is not an address: write it as https://host/path")]
    NotAnAddress {
        /// What was given.
        endpoint: String,
    },
    /// Plain HTTP to another machine.
    #[error("`{endpoint}` is not https: plain http is for this computer only")]
    NotSecure {
        /// What was given.
        endpoint: String,
    },
    /// The certificates to trust cannot be read.
    #[error("the trusted certificates could not be read")]
    Roots {
        /// What is wrong with them.
        #[source]
        source: io::Error,
    },
    /// The certificate to show, or its key, cannot be read.
    #[error("the merchant's certificate and its key could not be read as PEM")]
    Identity {
        /// What is wrong with them; nothing of the key.
        #[source]
        source: io::Error,
    },
}

/// HTTPS to one origin; plain HTTP where that is this computer.
#[derive(Debug)]
pub struct Https {
    client: Client,
    endpoint: Url,
}

impl Https {
    /// Makes a transport to the endpoint's origin that trusts the system's certificates.
    ///
    /// # Errors
    /// The endpoint is no address or not secure, or the system's certificates cannot be read.
    pub fn new(endpoint: &str) -> Result<Https, EndpointError> {
        Https::build(endpoint, None, None)
    }

    /// Makes a transport to the endpoint's origin that trusts these certificates (PEM) alone.
    ///
    /// # Errors
    /// The endpoint is no address or not secure, or the certificates cannot be read.
    pub fn trusting(endpoint: &str, roots_pem: &[u8]) -> Result<Https, EndpointError> {
        Https::build(endpoint, Some(read_roots(roots_pem)?), None)
    }

    /// Makes a transport to the endpoint's origin that shows the merchant's certificate, as WeChat
    /// Pay's reverse and refund ask for (v2 4011937361), and trusts these certificates (PEM) alone,
    /// or the system's where there are none. `identity_pem` is the certificate and its key.
    ///
    /// # Errors
    /// The endpoint is no address or not secure, or one of the certificates cannot be read.
    pub fn identified(
        endpoint: &str,
        roots_pem: Option<&[u8]>,
        identity_pem: &[u8],
    ) -> Result<Https, EndpointError> {
        let roots = roots_pem.map(read_roots).transpose()?;
        let identity = Identity::from_pem(identity_pem)
            .map_err(|error| EndpointError::Identity { source: plain(&error) })?;
        Https::build(endpoint, roots, Some(identity))
    }

    fn build(
        endpoint: &str,
        roots: Option<Vec<Certificate>>,
        identity: Option<Identity>,
    ) -> Result<Https, EndpointError> {
        let shown = || endpoint.to_owned();
        let url = Url::parse(endpoint)
            .ok()
            .filter(|url| url.host_str().is_some() && url.username().is_empty())
            .filter(|url| url.password().is_none())
            .ok_or_else(|| EndpointError::NotAnAddress { endpoint: shown() })?;
        let plain = match url.scheme() {
            "https" => false,
            "http" if is_this_computer(&url) => true,
            _ => return Err(EndpointError::NotSecure { endpoint: shown() }),
        };
        // Where TLS is not spoken no certificate is trusted, nor read at start.
        let roots = if plain { Some(Vec::new()) } else { roots };
        let builder = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .https_only(!plain)
            .connect_timeout(Duration::from_millis(CONNECT_LIMIT_MS))
            .pool_idle_timeout(Duration::from_millis(IDLE_LIMIT_MS))
            .pool_max_idle_per_host(8)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(Duration::from_millis(PING_EVERY_MS))
            .http2_keep_alive_timeout(Duration::from_millis(PING_LIMIT_MS))
            .http2_keep_alive_while_idle(true);
        let builder = match roots {
            Some(roots) => builder.tls_certs_only(roots),
            None => builder,
        };
        let builder = match identity {
            Some(identity) => builder.identity(identity),
            None => builder,
        };
        let client = builder.build().map_err(roots_error)?;
        Ok(Https { client, endpoint: url })
    }

    async fn head(&self, request: HttpRequest) -> Result<Response, CallError> {
        let limit_ms = request.limit_ms;
        let url = Url::parse(&request.url).map_err(|error| refused(&error.to_string()))?;
        let elsewhere = url.origin() != self.endpoint.origin();
        if elsewhere && !mutant::planted("law10_any_host_is_asked") {
            return Err(refused("the address is not the channel's"));
        }
        let mut builder = match request.method {
            Method::Get => self.client.get(url),
            Method::Post => self.client.post(url).body(request.body),
        };
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        builder.send().await.map_err(|error| failure(error, limit_ms))
    }

    async fn whole(&self, request: HttpRequest) -> Result<HttpReply, CallError> {
        let limit_ms = request.limit_ms;
        let mut response = self.head(request).await?;
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        let mut body = Vec::new();
        while let Some(piece) =
            response.chunk().await.map_err(|error| broken_or_late(error, limit_ms))?
        {
            if BODY_LIMIT_BYTES < body.len() + piece.len() {
                return Err(CallError::TooLarge { limit_bytes: BODY_LIMIT_BYTES });
            }
            body.extend_from_slice(&piece);
        }
        Ok(HttpReply { status: response.status().as_u16(), headers, body })
    }
}

impl Transport for Https {
    async fn send(&self, request: HttpRequest) -> Result<HttpReply, CallError> {
        let limit_ms = request.limit_ms;
        within(limit_ms, self.whole(request)).await?
    }

    async fn stream(&self, request: HttpRequest) -> Result<Chunks, CallError> {
        let limit_ms = request.limit_ms;
        let response = within(limit_ms, self.head(request)).await??;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(CallError::Status { status });
        }
        let (sender, chunks) = Chunks::channel();
        tokio::spawn(pump(response, sender, limit_ms));
        Ok(chunks)
    }

    async fn warm(&self) -> Result<(), CallError> {
        // Any answer will do; a HEAD has no body, so the connection stays.
        let asked = async {
            let sent = self.client.head(self.endpoint.clone()).send().await;
            sent.map(drop).map_err(|error| failure(error, WARM_LIMIT_MS))
        };
        within(WARM_LIMIT_MS, asked).await?
    }
}

/// Hands pieces on until the body ends, the reader is gone or the time between pieces is up.
async fn pump(
    mut response: Response,
    sender: mpsc::Sender<Result<Vec<u8>, CallError>>,
    limit_ms: u32,
) {
    loop {
        let piece = tokio::select! {
            () = sender.closed() => return,
            piece = within(limit_ms, response.chunk()) => piece,
        };
        let piece = match piece {
            Ok(Ok(Some(piece))) => Ok(piece.to_vec()),
            Ok(Ok(None)) => return,
            Ok(Err(error)) => Err(broken_or_late(error, limit_ms)),
            Err(error) => Err(error),
        };
        let over = piece.is_err();
        if sender.send(piece).await.is_err() || over {
            return;
        }
    }
}

async fn within<T>(limit_ms: u32, call: impl Future<Output = T>) -> Result<T, CallError> {
    tokio::time::timeout(Duration::from_millis(u64::from(limit_ms)), call)
        .await
        .map_err(|_| CallError::TimedOut { limit_ms })
}

/// Reads why there is no head. A connect error means that no connection was ready for a byte.
fn failure(error: reqwest::Error, limit_ms: u32) -> CallError {
    if error.is_connect() || error.is_builder() {
        return CallError::Unreachable { source: plain(&error.without_url()) };
    }
    broken_or_late(error, limit_ms)
}

fn broken_or_late(error: reqwest::Error, limit_ms: u32) -> CallError {
    if error.is_timeout() {
        return CallError::TimedOut { limit_ms };
    }
    CallError::Broken { source: plain(&error.without_url()) }
}

/// Keeps an error's kind and words without the address, which carries a signature.
fn plain(error: &reqwest::Error) -> io::Error {
    let mut words = error.to_string();
    let mut kind = io::ErrorKind::Other;
    let mut source = error.source();
    while let Some(inner) = source {
        words = format!("{words}: {inner}");
        if let Some(inner) = inner.downcast_ref::<io::Error>() {
            kind = inner.kind();
        }
        source = inner.source();
    }
    io::Error::new(kind, words)
}

fn refused(why: &str) -> CallError {
    CallError::Unreachable { source: io::Error::new(io::ErrorKind::InvalidInput, why) }
}

fn read_roots(pem: &[u8]) -> Result<Vec<Certificate>, EndpointError> {
    let roots = Certificate::from_pem_bundle(pem).map_err(roots_error)?;
    if roots.is_empty() {
        let source = io::Error::new(io::ErrorKind::InvalidData, "there is no certificate in it");
        return Err(EndpointError::Roots { source });
    }
    Ok(roots)
}

/// Says whether a text is scheme, host and perhaps a port, and no more, over TLS unless the host is
/// this computer.
#[must_use]
pub fn is_origin(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let is_plain = url.username().is_empty() && url.password().is_none() && url.path() == "/";
    let is_secure = match url.scheme() {
        "https" => true,
        "http" => is_this_computer(&url),
        _ => false,
    };
    let ends = url.query().is_none() && url.fragment().is_none();
    is_plain && is_secure && ends && url.host_str().is_some_and(|host| !host.is_empty())
}

fn roots_error(error: reqwest::Error) -> EndpointError {
    EndpointError::Roots { source: plain(&error) }
}

fn is_this_computer(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests;
