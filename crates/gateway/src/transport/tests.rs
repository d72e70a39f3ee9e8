//! The transport against sockets that behave badly. Loopback only; no test waits for a clock but
//! for the limit it sets itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::*;

/// Long enough for a loaded machine; a test that reaches it has failed.
const PATIENT_MS: u32 = 30_000;
/// For answers that never come.
const HASTY_MS: u32 = 150;

fn request(url: &str, limit_ms: u32) -> HttpRequest {
    HttpRequest {
        method: Method::Post,
        url: url.to_owned(),
        headers: vec![("content-type", "application/x-www-form-urlencoded".to_owned())],
        body: b"biz_content=%7B%7D".to_vec(),
        limit_ms,
    }
}

/// How a server treats one request.
#[derive(Clone)]
enum Act {
    /// Says this and keeps the connection.
    Say(&'static str),
    /// Says this and closes.
    SayAndClose(&'static str),
    /// Says this and then nothing more.
    SayAndHang(&'static str),
    /// A head, then bytes without end.
    Flood,
}

/// A server that treats its nth request by the nth act, the rest by the last; it counts requests.
struct Server {
    url: String,
    requests: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
}

async fn serve(acts: Vec<Act>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/gateway.do", listener.local_addr().unwrap());
    let (requests, connections) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, opened) = (Arc::clone(&requests), Arc::clone(&connections));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            opened.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(attend(stream, acts.clone(), Arc::clone(&counted)));
        }
    });
    Server { url, requests, connections }
}

async fn attend(mut stream: TcpStream, acts: Vec<Act>, requests: Arc<AtomicUsize>) {
    while read_request(&mut stream).await {
        let nth = requests.fetch_add(1, Ordering::SeqCst).min(acts.len() - 1);
        match &acts[nth] {
            Act::Say(words) => stream.write_all(words.as_bytes()).await.unwrap(),
            Act::SayAndClose(words) => {
                stream.write_all(words.as_bytes()).await.unwrap();
                return;
            }
            Act::SayAndHang(words) => {
                stream.write_all(words.as_bytes()).await.unwrap();
                std::future::pending::<()>().await;
            }
            Act::Flood => {
                let head = b"HTTP/1.1 200 OK\r\ncontent-length: 10485760\r\n\r\n";
                stream.write_all(head).await.unwrap();
                while stream.write_all(&[b'x'; 8192]).await.is_ok() {}
                return;
            }
        }
    }
}

/// Reads one request, head and body; `false` at the connection's end.
async fn read_request(stream: &mut TcpStream) -> bool {
    let mut seen = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&seen).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().unwrap());
            if length <= body.len() {
                return true;
            }
        }
        match stream.read_buf(&mut seen).await {
            Ok(0) | Err(_) => return false,
            Ok(_) => {}
        }
    }
}

const OK: &str =
    "HTTP/1.1 200 OK\r\ndate: Fri, 20 Nov 2026 16:00:00 GMT\r\ncontent-length: 2\r\n\r\nhi";

async fn sent(acts: Vec<Act>, limit_ms: u32) -> Result<HttpReply, CallError> {
    let server = serve(acts).await;
    Https::new(&server.url).unwrap().send(request(&server.url, limit_ms)).await
}

#[tokio::test]
async fn an_answer_comes_whole_with_its_headers() {
    let reply = sent(vec![Act::Say(OK)], PATIENT_MS).await.unwrap();
    assert_eq!((reply.status, reply.body.as_slice()), (200, b"hi".as_slice()));
    assert_eq!(crate::channel_time(&reply).unwrap().0, 1_795_190_400_000);
}

#[tokio::test]
async fn m1_only_a_connection_that_never_was_proves_that_nothing_left() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let https = Https::new(&url).unwrap();
    let error = https.send(request(&url, PATIENT_MS)).await.unwrap_err();
    assert!(error.proves_unsent(), "{error:?}");
    let CallError::Unreachable { source } = error else { panic!("refused") };
    assert_eq!(source.kind(), io::ErrorKind::ConnectionRefused);

    for acts in [
        vec![Act::SayAndClose("")],
        vec![Act::SayAndClose("HTTP/1.1 200 OK\r\ncontent-le")],
        vec![Act::SayAndClose("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhi")],
        vec![Act::SayAndClose("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab")],
        vec![Act::SayAndClose("SMTP ready\r\n\r\n")],
    ] {
        let error = sent(acts, PATIENT_MS).await.unwrap_err();
        assert!(matches!(error, CallError::Broken { .. }), "{error:?}");
        assert!(!error.proves_unsent());
    }
}

#[tokio::test]
async fn m2_a_kept_connection_that_dies_is_broken_and_nothing_is_sent_again() {
    let server = serve(vec![Act::Say(OK), Act::SayAndClose(""), Act::Say(OK)]).await;
    let https = Https::new(&server.url).unwrap();
    https.send(request(&server.url, PATIENT_MS)).await.unwrap();
    let error = https.send(request(&server.url, PATIENT_MS)).await.unwrap_err();
    assert!(matches!(error, CallError::Broken { .. }), "{error:?}");
    assert_eq!(server.requests.load(Ordering::SeqCst), 2, "the second went out once");
    assert_eq!(server.connections.load(Ordering::SeqCst), 1, "both over the kept connection");
    https.send(request(&server.url, PATIENT_MS)).await.unwrap();
    assert_eq!(server.requests.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_connection_closed_while_idle_costs_no_call() {
    let server = serve(vec![Act::SayAndClose(OK), Act::Say(OK)]).await;
    let https = Https::new(&server.url).unwrap();
    for nth in 1..=2 {
        match https.send(request(&server.url, PATIENT_MS)).await {
            Ok(_) => {}
            // The close may be noticed only after bytes have left; then it must be said.
            Err(error) => assert!(matches!(error, CallError::Broken { .. }), "{error:?}"),
        }
        assert!(server.requests.load(Ordering::SeqCst) <= nth, "never twice");
    }
}

#[tokio::test]
async fn silence_ends_at_the_limit() {
    for words in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhi"] {
        let error = sent(vec![Act::SayAndHang(words)], HASTY_MS).await.unwrap_err();
        assert!(matches!(error, CallError::TimedOut { limit_ms: HASTY_MS }), "{error:?}");
    }
}

#[tokio::test]
async fn a_connection_that_never_speaks_tls_is_unreachable_or_late() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let roots = generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem();
    let https = Https::trusting(&url, roots.as_bytes()).unwrap();
    let error = https.send(request(&url, PATIENT_MS)).await.unwrap_err();
    assert!(error.proves_unsent(), "{error:?}");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_a_way() {
    let elsewhere = serve(vec![Act::Say(OK)]).await;
    let moved: &'static str = Box::leak(
        format!("HTTP/1.1 302 Found\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", elsewhere.url)
            .into_boxed_str(),
    );
    assert_eq!(sent(vec![Act::Say(moved)], PATIENT_MS).await.unwrap().status, 302);
    assert_eq!(elsewhere.requests.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_body_without_end_is_cut_off() {
    let error = sent(vec![Act::Flood], PATIENT_MS).await.unwrap_err();
    assert!(matches!(error, CallError::TooLarge { limit_bytes: BODY_LIMIT_BYTES }), "{error:?}");
}

#[tokio::test]
async fn a_packed_body_stays_packed() {
    let packed = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nbomb";
    let reply = sent(vec![Act::Say(packed)], PATIENT_MS).await.unwrap();
    assert_eq!(reply.body, b"bomb", "nothing here unpacks, so nothing can burst");
}

#[tokio::test]
async fn another_host_is_refused_before_anything_leaves() {
    let (ours, theirs) = (serve(vec![Act::Say(OK)]).await, serve(vec![Act::Say(OK)]).await);
    let https = Https::new(&ours.url).unwrap();
    let error = https.send(request(&theirs.url, PATIENT_MS)).await.unwrap_err();
    assert!(error.proves_unsent(), "{error:?}");
    assert_eq!(theirs.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_warm_connection_is_the_one_the_sale_takes() {
    let empty = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
    let server = serve(vec![Act::Say(empty), Act::Say(OK)]).await;
    let https = Https::new(&server.url).unwrap();
    https.warm().await.unwrap();
    https.send(request(&server.url, PATIENT_MS)).await.unwrap();
    assert_eq!(server.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_stream_hands_on_pieces_and_says_how_it_ended() {
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n";
    let server = serve(vec![
        Act::SayAndClose(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n0\r\n\r\n",
        ),
        Act::SayAndClose(head),
        Act::SayAndHang(head),
        Act::SayAndClose("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n"),
    ])
    .await;
    let https = Https::new(&server.url).unwrap();
    let mut whole = https.stream(request(&server.url, PATIENT_MS)).await.unwrap();
    assert_eq!(whole.next().await.unwrap().unwrap(), b"one");
    assert!(whole.next().await.is_none());

    let mut broken = https.stream(request(&server.url, PATIENT_MS)).await.unwrap();
    assert_eq!(broken.next().await.unwrap().unwrap(), b"one");
    assert!(matches!(broken.next().await, Some(Err(CallError::Broken { .. }))));
    assert!(broken.next().await.is_none());

    let mut hung = https.stream(request(&server.url, 2_500)).await.unwrap();
    assert_eq!(hung.next().await.unwrap().unwrap(), b"one");
    assert!(matches!(hung.next().await, Some(Err(CallError::TimedOut { .. }))));

    let refused = https.stream(request(&server.url, PATIENT_MS)).await;
    assert!(matches!(refused, Err(CallError::Status { status: 503 })));
}

/// A TLS server under `name` that answers one request per connection; returns its port.
async fn serve_tls(name: &str, alpn: &[u8]) -> (u16, String, Arc<AtomicUsize>) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![alpn.to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let preludes = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&preludes);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut start = [0; 14];
            if stream.read_exact(&mut start).await.is_ok() && start.starts_with(b"PRI * HTTP/2.0") {
                counted.fetch_add(1, Ordering::SeqCst);
                continue;
            }
            let _ = stream.write_all(OK.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    (port, cert.pem(), preludes)
}

#[tokio::test]
async fn tls_is_spoken_with_the_named_host_alone() {
    let (port, root, _) = serve_tls("localhost", b"http/1.1").await;
    let url = format!("https://localhost:{port}/gateway.do");
    let https = Https::trusting(&url, root.as_bytes()).unwrap();
    assert_eq!(https.send(request(&url, PATIENT_MS)).await.unwrap().status, 200);

    let (port, root, _) = serve_tls("elsewhere.example", b"http/1.1").await;
    let url = format!("https://localhost:{port}/gateway.do");
    let https = Https::trusting(&url, root.as_bytes()).unwrap();
    let error = https.send(request(&url, PATIENT_MS)).await.unwrap_err();
    assert!(error.proves_unsent(), "{error:?}");

    let (port, _, _) = serve_tls("localhost", b"http/1.1").await;
    let stranger = generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem();
    let url = format!("https://localhost:{port}/gateway.do");
    let https = Https::trusting(&url, stranger.as_bytes()).unwrap();
    let error = https.send(request(&url, PATIENT_MS)).await.unwrap_err();
    assert!(error.proves_unsent(), "{error:?}");
}

#[tokio::test]
async fn http2_is_spoken_where_the_server_offers_it() {
    let (port, root, preludes) = serve_tls("localhost", b"h2").await;
    let url = format!("https://localhost:{port}/gateway.do");
    let https = Https::trusting(&url, root.as_bytes()).unwrap();
    let error = https.send(request(&url, PATIENT_MS)).await.unwrap_err();
    assert!(!error.proves_unsent(), "the server hung up after TLS was up: {error:?}");
    assert_eq!(preludes.load(Ordering::SeqCst), 1);
}

#[test]
fn an_endpoint_is_https_or_this_computer() {
    for endpoint in
        ["http://127.0.0.1:8080/", "http://127.9.9.9/", "http://[::1]:1/", "http://localhost/x"]
    {
        assert!(Https::new(endpoint).is_ok(), "{endpoint}");
    }
    for endpoint in [
        "http://openapi.alipay.com/gateway.do",
        "http://192.168.1.2/",
        "http://localhost.example.com/",
        "ftp://127.0.0.1/",
    ] {
        let error = Https::new(endpoint).unwrap_err();
        assert!(matches!(error, EndpointError::NotSecure { .. }), "{endpoint}: {error}");
    }
    for endpoint in ["", "openapi.alipay.com", "https://", "https://user:pass@openapi.alipay.com/"]
    {
        let error = Https::new(endpoint).unwrap_err();
        assert!(matches!(error, EndpointError::NotAnAddress { .. }), "{endpoint}: {error}");
    }
}
