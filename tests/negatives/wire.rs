//! 32 and 33: who may stand between the till and its channel.
//!
//! What a wrong host answers here is the channel's own genuine answer, so that it is the connection
//! alone that is not believed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mianfu_core::attempt::Screen;
use mianfu_gateway::{CallError, HttpReply, HttpRequest, Https, Transport as _};
use mianfu_practice::{Manner, Reply};
use mianfu_tests::shop::*;
use mianfu_till::{CallId, Means};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd,
};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::books::{cells, differing};
use crate::door::patiently;
use crate::stand::*;

/// What the till writes of a question that got no answer: when it asks next, how often there was
/// silence, and what follows from a row's change. Nothing of it is about money.
const SILENCE: [&str; 4] =
    ["attempt.poll_at_ms", "attempt.row_hash", "attempt.silences", "attempt.version"];

/// A certificate authority.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: Certificate,
}

impl Authority {
    fn new(name: &str) -> Authority {
        let (params, key) = (Authority::params(name, 2090), KeyPair::generate().unwrap());
        let certificate = params.self_signed(&key).unwrap();
        Authority { issuer: Issuer::new(params, key), certificate }
    }

    /// One below this one, whose time ends with the year before.
    fn below(&self, name: &str, until: i32) -> Authority {
        let (params, key) = (Authority::params(name, until), KeyPair::generate().unwrap());
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Authority { issuer: Issuer::new(params, key), certificate }
    }

    fn params(name: &str, until: i32) -> CertificateParams {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_before = date_time_ymd(2015, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        params
    }

    /// A host's certificate with what stands above it, the root left out.
    fn host(&self, name: &str, until: i32, above: &[&Authority]) -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2015, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        let leaf = params.signed_by(&key, &self.issuer).unwrap();
        let mut chain = vec![leaf.der().clone()];
        chain.extend(above.iter().map(|above| above.certificate.der().clone()));
        Identity { chain, key: key.serialize_der() }
    }
}

/// What a host shows.
struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: Vec<u8>,
}

/// A host on loopback, the requests that it has read, and the connections that were made to it.
struct Host {
    port: u16,
    requests: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
}

/// Starts a host that answers every request with these bytes; over TLS where it has an identity.
fn host(runtime: &Runtime, identity: Option<Identity>, answer: Vec<u8>) -> Host {
    let acceptor = identity.map(|Identity { chain, key }| {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key));
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    });
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (requests, connections) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (read, made) = (Arc::clone(&requests), Arc::clone(&connections));
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            made.fetch_add(1, Ordering::SeqCst);
            match &acceptor {
                None => serve(stream, &answer, &read).await,
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serve(stream, &answer, &read).await;
                    }
                }
            }
        }
    });
    Host { port, requests, connections }
}

/// Reads until it has a request's head, counts it and answers; whatever else comes is answered too.
async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &[u8], read: &AtomicUsize) {
    let mut seen = Vec::new();
    let mut part = [0; 4096];
    if let Ok(count) = stream.read(&mut part).await {
        seen.extend_from_slice(&part[..count]);
    }
    if seen.starts_with(b"POST ") || seen.starts_with(b"GET ") {
        read.fetch_add(1, Ordering::SeqCst);
    }
    let _said = stream.write_all(answer).await;
    let _ended = stream.shutdown().await;
}

/// A question of the till's that is about to leave, and the channel's genuine answer to it.
struct Question {
    id: CallId,
    request: HttpRequest,
    answer: Vec<u8>,
}

/// Lets the till ask about the sale, or charge, and holds what leaves.
fn leaving(stand: &mut Stand) -> Question {
    let now = stand.shop.till_now();
    let no = stand.no.clone();
    if stand.shop.attempt(&no).sent_at.is_some() {
        stand.shop.till().ask_now(&no, now).unwrap();
    }
    stand.shop.till().tick(now);
    let mut calls = stand.shop.till().take_calls(now);
    let call = calls.pop().expect("something leaves");
    assert!(calls.is_empty(), "one at a time: {calls:?}");
    let Reply::Answer { answer, .. } = stand.shop.deliver(&call.request) else {
        panic!("the channel answers")
    };
    Question {
        id: call.id,
        request: call.request,
        answer: written(answer.status, &answer.headers, &answer.body),
    }
}

fn written(status: u16, headers: &[(String, String)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} OK\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\nconnection: close\r\n\r\n", body.len()));
    [head.as_bytes(), body].concat()
}

/// Who the till believes to talk to, and whom it finds.
struct Way {
    what: &'static str,
    identity: Option<Identity>,
    trusted: Vec<u8>,
}

fn ways() -> Vec<Way> {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let over = ours.below("over", 2020);
    let middle = ours.below("middle", 2090);
    let trusted = ours.certificate.pem().into_bytes();
    let of = |what, identity| Way { what, identity, trusted: trusted.clone() };
    vec![
        of("plain text", None),
        of("another host's certificate", Some(ours.host("elsewhere.example", 2090, &[]))),
        of("a look-alike's certificate", Some(ours.host("localhost.example", 2090, &[]))),
        of("a certificate that is over", Some(ours.host("localhost", 2020, &[]))),
        of("an authority that is over", Some(over.host("localhost", 2090, &[&over]))),
        of("an authority that is not shown", Some(middle.host("localhost", 2090, &[]))),
        of("a proxy's own authority", Some(theirs.host("localhost", 2090, &[&theirs]))),
    ]
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn way_to(origin: &str, trusted: &[u8]) -> Https {
    Https::trusting(origin, trusted).unwrap()
}

/// Sends a request to a host on loopback that the till believes to be the channel.
fn sent_to(
    runtime: &Runtime,
    port: u16,
    trusted: &[u8],
    request: &HttpRequest,
) -> Result<HttpReply, CallError> {
    let origin = format!("https://localhost:{port}");
    let url = request.url.replacen("http://127.0.0.1:1", &origin, 1);
    assert!(url.starts_with(&origin), "{url}");
    let https = way_to(&origin, trusted);
    runtime.block_on(patiently(https.send(HttpRequest { url, ..request.clone() })))
}

/// The stand with nothing on its way any more.
fn quiet(kind: Kind) -> Stand {
    let mut stand = Stand::open(kind);
    stand.shop.network = Network::Down;
    stand.shop.wait(30_000);
    assert!(!stand.shop.attempt(&stand.no).is_final());
    stand
}

#[test]
pub(crate) fn n32_a_wrong_certificate_or_none_is_silence_and_moves_nothing() {
    let runtime = runtime();
    for kind in [ALIPAY, V3] {
        let mut stand = quiet(kind);
        for Way { what, identity, trusted } in ways() {
            let question = leaving(&mut stand);
            let host = host(&runtime, identity, question.answer);
            let before = cells(&stand.shop);
            let heard = sent_to(&runtime, host.port, &trusted, &question.request);
            let Err(error) = heard else { panic!("{}, {what}: believed", kind.name) };
            assert!(error.proves_unsent(), "{what}: {error:?}");
            assert_eq!(host.requests.load(Ordering::SeqCst), 0, "{what}: nothing was said to it");
            assert_eq!(host.connections.load(Ordering::SeqCst), 1, "{what}");
            let now = stand.shop.till_now();
            stand.shop.till().answered(question.id, Err(error), now);
            only_silence(&mut stand, what, &before);
        }
        // The same answer from the same machine, with the channel's own certificate.
        let ours = Authority::new("ours");
        let question = leaving(&mut stand);
        let identity = ours.host("localhost", 2090, &[]);
        let host = host(&runtime, Some(identity), question.answer);
        let trusted = ours.certificate.pem();
        let heard = sent_to(&runtime, host.port, trusted.as_bytes(), &question.request);
        assert_eq!(host.requests.load(Ordering::SeqCst), 1, "{heard:?}");
        let now = stand.shop.till_now();
        stand.shop.till().answered(question.id, heard, now);
        assert_eq!(stand.shop.screen(&stand.no), Screen::Paid, "{}", kind.name);
        stand.rests_paid();
    }
}

/// The sale is still open, and nothing is written but what silence writes.
#[track_caller]
fn only_silence(
    stand: &mut Stand,
    what: &str,
    before: &std::collections::BTreeMap<crate::books::Place, String>,
) {
    assert!(!stand.shop.attempt(&stand.no).is_final(), "{what}");
    let changed = differing(before, &cells(&stand.shop));
    assert_eq!(changed, SILENCE, "{}, {what}", stand.kind.name);
    stand.shop.wait(10_000);
}

#[test]
pub(crate) fn n32_a_charge_that_meets_a_wrong_certificate_never_left() {
    let runtime = runtime();
    for Way { what, identity, trusted } in ways() {
        let mut shop = shop_of(&crate::keys::signers().channel);
        let code = shop.code(Manner::Pays);
        let no = shop.collect(PRICE, Means::Scan(code.clone())).unwrap();
        let now = shop.till_now();
        shop.till().tick(now);
        let call = shop.till().take_calls(now).pop().expect("the charge leaves");
        let host = host(&runtime, identity, Vec::new());
        let error = sent_to(&runtime, host.port, &trusted, &call.request).unwrap_err();
        assert_eq!(host.requests.load(Ordering::SeqCst), 0, "{what}: no code was said to it");
        shop.till().answered(call.id, Err(error), now);
        assert_eq!(shop.attempt(&no).sent_at, None, "{what}: its mark is cleared (M1)");
        assert_eq!(shop.practice.truth().captured_fen(), 0, "{what}");
        assert_eq!(shop.screen(&no), Screen::Unreached, "{what}: never sent");
        let order_no = shop.attempt(&no).order_no;
        let again = shop.till().collect_again(order_no, &Means::Scan(code), now).unwrap();
        assert_eq!(shop.end(&again).screen(), Screen::Paid, "{what}: the code is read again");
        shop.settle();
        assert_eq!(shop.practice.truth().captured_fen(), PRICE, "{what}: charged once");
    }
}

#[test]
pub(crate) fn n33_another_host_behind_the_channels_name_is_told_nothing() {
    let runtime = runtime();
    let ours = Authority::new("ours");
    let trusted = ours.certificate.pem().into_bytes();
    for kind in [ALIPAY, V3] {
        let mut stand = quiet(kind);
        // The name leads to a host that has a certificate, though not of this name.
        for name in ["another.example", "127.0.0.1", "*.localhost"] {
            let question = leaving(&mut stand);
            let host = host(&runtime, Some(ours.host(name, 2090, &[])), question.answer);
            let before = cells(&stand.shop);
            let error = sent_to(&runtime, host.port, &trusted, &question.request).unwrap_err();
            assert!(error.proves_unsent(), "{name}: {error:?}");
            assert_eq!(host.requests.load(Ordering::SeqCst), 0, "{name}");
            let now = stand.shop.till_now();
            stand.shop.till().answered(question.id, Err(error), now);
            only_silence(&mut stand, name, &before);
        }
        // A request for another origin does not leave, whoever waits there.
        let question = leaving(&mut stand);
        let elsewhere =
            host(&runtime, Some(ours.host("localhost", 2090, &[])), question.answer.clone());
        let channel = host(&runtime, Some(ours.host("localhost", 2090, &[])), Vec::new());
        let https =
            Https::trusting(&format!("https://localhost:{}", channel.port), &trusted).unwrap();
        let origin = format!("https://localhost:{}", elsewhere.port);
        let url = question.request.url.replacen("http://127.0.0.1:1", &origin, 1);
        let before = cells(&stand.shop);
        let request = HttpRequest { url, ..question.request.clone() };
        let error = runtime.block_on(patiently(https.send(request))).unwrap_err();
        assert!(error.proves_unsent(), "{error:?}");
        for host in [&elsewhere, &channel] {
            assert_eq!(host.connections.load(Ordering::SeqCst), 0);
        }
        let now = stand.shop.till_now();
        stand.shop.till().answered(question.id, Err(error), now);
        only_silence(&mut stand, "another origin", &before);
        sent_on(&mut stand, &runtime, &ours, &elsewhere);
        stand.rests_paid();
    }
}

/// The channel itself sends the till elsewhere: that is an answer, and not a way.
#[track_caller]
fn sent_on(stand: &mut Stand, runtime: &Runtime, ours: &Authority, elsewhere: &Host) {
    let question = leaving(stand);
    let origin = format!("https://localhost:{}", elsewhere.port);
    let to = question.request.url.replacen("http://127.0.0.1:1", &origin, 1);
    for status in [301, 302, 307, 308] {
        let moved = written(status, &[("location".to_owned(), to.clone())], b"");
        let channel = host(runtime, Some(ours.host("localhost", 2090, &[])), moved);
        let trusted = ours.certificate.pem();
        let heard = sent_to(runtime, channel.port, trusted.as_bytes(), &question.request).unwrap();
        assert_eq!(heard.status, status);
        assert_eq!(elsewhere.connections.load(Ordering::SeqCst), 0, "{status}: not followed");
        if status == 308 {
            let before = cells(&stand.shop);
            let now = stand.shop.till_now();
            stand.shop.till().answered(question.id, Ok(heard), now);
            only_silence(stand, "sent elsewhere", &before);
            return;
        }
    }
}
