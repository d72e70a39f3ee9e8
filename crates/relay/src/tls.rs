//! The relay's own TLS, for where no proxy stands before it.

use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::TlsTexts;

/// The certificate or its key cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the certificate or its key cannot be used")]
pub struct TlsError {
    /// What rustls said.
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl TlsError {
    /// Returns what is wrong, in rustls's words. Holds nothing of the key.
    #[must_use]
    pub fn why(&self) -> String {
        self.source.to_string()
    }
}

/// Returns what greets with a certificate. HTTP/1.1 is all that it offers.
///
/// # Errors
/// The texts are no certificate and key of each other.
pub fn acceptor(texts: &TlsTexts) -> Result<TlsAcceptor, TlsError> {
    let config = config(texts).map_err(|source| TlsError { source })?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn config(texts: &TlsTexts) -> Result<ServerConfig, Box<dyn std::error::Error + Send + Sync>> {
    let chain = CertificateDer::pem_slice_iter(texts.certificates.as_bytes());
    let chain = chain.collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(texts.key.as_bytes())?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
