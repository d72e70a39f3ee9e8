//! WeChat Pay over TLS: a port of its own that asks for the merchant's certificate.
//!
//! What gives money back in API v2 (`/secapi/`) is heard here only from a client that shows the
//! certificate of the account. Everything else is heard without one, as by the real host.

use std::io;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::{Line, Shared, converse, router, tick};

/// Whatever rustls, or a PEM file, can be wrong about.
type Wrong = Box<dyn std::error::Error + Send + Sync>;

/// What the port shows of itself and wants to see of its clients.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    merchant: CertificateDer<'static>,
}

impl Tls {
    /// Reads PEM texts: the port's certificate and key, the root of clients, and the one
    /// certificate among theirs that is the merchant's.
    pub(crate) fn from_pem(
        certificate: &str,
        key: &str,
        root: &str,
        merchant: &str,
    ) -> Result<Tls, Wrong> {
        let read = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes());
        let provider = Arc::new(default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(read(root)?)?;
        let clients =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .allow_unauthenticated()
                .build()?;
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(clients)
            .with_single_cert(
                vec![read(certificate)?],
                PrivateKeyDer::from_pem_slice(key.as_bytes())?,
            )?;
        Ok(Tls { acceptor: TlsAcceptor::from(Arc::new(config)), merchant: read(merchant)? })
    }
}

/// Serves over TLS until the returned future is dropped or the listener fails.
pub async fn serve_tls(listener: TcpListener, practice: Shared, tls: Tls) -> io::Result<()> {
    let router = router(practice.clone());
    let mut tasks = JoinSet::new();
    tasks.spawn(tick(practice));
    loop {
        let (stream, _) = listener.accept().await?;
        tasks.spawn(greet(stream, router.clone(), tls.clone()));
        while tasks.try_join_next().is_some() {}
    }
}

async fn greet(stream: TcpStream, router: axum::Router, tls: Tls) {
    // Whoever does not get through the handshake has noticed it.
    let Ok(stream) = tls.acceptor.accept(stream).await else {
        return;
    };
    let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let line = match shown == Some(&tls.merchant) {
        true => Line::Merchant,
        false => Line::Anybody,
    };
    converse(stream, router, line).await;
}
