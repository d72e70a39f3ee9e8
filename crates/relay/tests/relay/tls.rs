//! The relay's own TLS: a till gets its stream through it, and nobody gets anything without it.

use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;

use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, Stream};

use crate::fixture::*;
use crate::program::*;
use crate::running::*;

const TLS: &str = "\n[tls]\ncertificates = \"cert.pem\"\nkey = \"key.pem\"\n";

/// Writes a certificate for `relay.example` and its key; returns the certificate.
fn certify(folder: &tempfile::TempDir) -> String {
    let made = rcgen::generate_simple_self_signed(["relay.example".to_owned()]).unwrap();
    let certificate = made.cert.pem();
    fs::write(folder.path().join("cert.pem"), &certificate).unwrap();
    write_secret(&folder.path().join("key.pem"), &made.signing_key.serialize_pem());
    certificate
}

/// Returns a client that trusts one root.
fn client(root: &str, host: &str) -> ClientConnection {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(root.as_bytes()).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let host = ServerName::try_from(host.to_owned()).unwrap();
    ClientConnection::new(Arc::new(config), host).unwrap()
}

/// Asks over TLS and returns what comes back up to `enough`; an error where there is no TLS.
fn ask_over_tls(
    mut client: ClientConnection,
    address: SocketAddr,
    request: &str,
    enough: &str,
) -> std::io::Result<String> {
    let mut socket = connect(address);
    let mut stream = Stream::new(&mut client, &mut socket);
    stream.write_all(request.as_bytes())?;
    let mut said = String::new();
    let mut part = [0; 1024];
    while !said.contains(enough) {
        match stream.read(&mut part) {
            Ok(0) => break,
            Ok(count) => said.push_str(&String::from_utf8_lossy(&part[..count])),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    assert_eq!(client.alpn_protocol(), Some(b"http/1.1".as_slice()));
    Ok(said)
}

/// The file of a relay that speaks TLS.
fn config() -> String {
    CONFIG.replacen("\n[[merchant]]", &format!("{TLS}\n[[merchant]]"), 1)
}

#[test]
fn a_till_gets_its_stream_over_tls_and_nobody_anything_without_it() {
    let folder = folder(&config());
    let certificate = certify(&folder);
    let program = Program::start(&folder);
    let body = alipay_body(&signers().channel, fields("n-1"));
    let length = body.len().to_string();
    let post = head("POST", ALIPAY_PATH, &[("content-length", &length)]) + "\r\n" + &body;
    let at = program.address;
    let said = ask_over_tls(client(&certificate, "relay.example"), at, &post, "success").unwrap();
    assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    let proof = program.proof(("a", 1));
    let get = head("GET", "/stream/till-1", &[("authorization", &proof)]) + "\r\n";
    let said =
        ask_over_tls(client(&certificate, "relay.example"), at, &get, "event: notice").unwrap();
    assert!(said.contains("event: hello"), "{said}");
    assert!(ask_over_tls(client(&certificate, "other.example"), at, &post, "success").is_err());
    assert_eq!(say(at, post.as_bytes()).status, 0, "nothing is said in the clear");
    program.end();
}

#[test]
fn a_certificate_and_a_key_of_two_pairs_are_refused_at_the_start() {
    let folder = folder(&config());
    let first = certify(&folder);
    certify(&folder);
    fs::write(folder.path().join("cert.pem"), first).unwrap();
    let output = command(&folder).output().unwrap();
    assert_eq!(output.status.code(), Some(78));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("the certificate and its key do not serve together"), "{said}");
}
