//! WeChat Pay over HTTP, with the keys and certificates of a folder.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, OnceLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mianfu_practice::Manner;
use mianfu_practice::http::{Shared, serve, serve_tls};
use mianfu_practice::state::{
    MERCHANT_PRIVATE_KEY, Papers, WECHAT_MERCHANT_CERT, WECHAT_PAPERS, WECHAT_PLATFORM_CERT,
    WECHAT_PUBLIC_KEY, WECHAT_ROOT_CERT, WechatPapers,
};
use rsa::pkcs1v15::{Signature, SigningKey, VerifyingKey};
use rsa::pkcs8::{DecodePrivateKey, DecodePublicKey};
use rsa::sha2::Sha256;
use rsa::signature::{SignatureEncoding, Signer, Verifier};
use rsa::{RsaPrivateKey, RsaPublicKey};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::wechat_shop::{post, read, sign, xml};

/// A practice on loopback that plays WeChat Pay, and the merchant's side of it.
struct Running {
    address: SocketAddr,
    papers: Papers,
    wechat: WechatPapers,
    practice: Shared,
    runtime: Runtime,
    _dir: TempDir,
}

/// A folder of its own for a test, with keys that are made once for all of them.
fn folder() -> TempDir {
    static MADE: OnceLock<TempDir> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        WechatPapers::open(&Papers::open(dir.path()).unwrap()).unwrap();
        dir
    });
    let dir = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(made.path()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), dir.path().join(entry.file_name())).unwrap();
    }
    dir
}

fn run() -> Running {
    let dir = folder();
    let papers = Papers::open(dir.path()).unwrap();
    let wechat = WechatPapers::open(&papers).unwrap();
    assert_eq!(WechatPapers::open(&papers).unwrap(), wechat, "made once");
    let practice = Shared::open(&papers, papers.options(5)).unwrap();
    let account = wechat.account().unwrap();
    practice.with(|practice, _| practice.open_wechat(account)).unwrap();
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(serve(listener, practice.clone()));
    Running { address, papers, wechat, practice, runtime, _dir: dir }
}

impl Running {
    /// Sends a request and returns head and body of the answer.
    fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> (String, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\
             Accept: application/json\r\nUser-Agent: mianfu\r\n{headers}\
             Content-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    }

    fn signed(&self, method: &str, path: &str, headers: &str, body: &str) -> (String, String) {
        let stamp = self.practice.with(|_, now_ms| now_ms / 1000).unwrap();
        let pem = std::fs::read_to_string(self.papers.file(MERCHANT_PRIVATE_KEY)).unwrap();
        let key = SigningKey::<Sha256>::new(RsaPrivateKey::from_pkcs8_pem(&pem).unwrap());
        let content = format!("{method}\n{path}\n{stamp}\nabc\n{body}\n");
        let signature = STANDARD.encode(key.sign(content.as_bytes()).to_bytes());
        let (mchid, serial) = (&self.wechat.mchid, &self.wechat.merchant_serial);
        let headers = format!(
            "{headers}Authorization: WECHATPAY2-SHA256-RSA2048 mchid=\"{mchid}\",\
             nonce_str=\"abc\",signature=\"{signature}\",timestamp=\"{stamp}\",\
             serial_no=\"{serial}\"\r\n"
        );
        self.send(method, path, &headers, body)
    }
}

/// Says whether the bare public key of the folder signed an answer.
fn signed_with_public_key(running: &Running, head: &str, body: &str) -> bool {
    let part = |name: &str| {
        let line = head.lines().find(|line| line.starts_with(&format!("{name}: "))).unwrap();
        line.split_once(": ").unwrap().1.to_owned()
    };
    let pem = std::fs::read_to_string(running.papers.file(WECHAT_PUBLIC_KEY)).unwrap();
    let key = VerifyingKey::<Sha256>::new(RsaPublicKey::from_public_key_pem(&pem).unwrap());
    let bytes = STANDARD.decode(part("wechatpay-signature")).unwrap();
    let (stamp, nonce) = (part("wechatpay-timestamp"), part("wechatpay-nonce"));
    let content = format!("{stamp}\n{nonce}\n{body}\n");
    part("wechatpay-serial") == running.wechat.public_key_id
        && key.verify(content.as_bytes(), &Signature::try_from(bytes.as_slice()).unwrap()).is_ok()
}

#[test]
fn a_day_over_http_with_the_keys_of_a_folder() {
    let running = run();
    let wechat = &running.wechat;
    assert_eq!((wechat.merchant_serial.len(), wechat.platform_serial.len()), (40, 40));
    assert!(!format!("{wechat:?}").contains("_key"), "secrets do not print");

    let sale = json!({
        "appid": wechat.appid, "mchid": wechat.mchid, "description": "牛肉面",
        "out_trade_no": "9000000001", "notify_url": "https://relay.invalid/notify",
        "amount": { "total": 1250 },
    });
    let named = format!("Wechatpay-Serial: {}\r\n", wechat.public_key_id);
    let order = "/v3/pay/transactions/native";
    let (head, body) = running.signed("POST", order, &named, &sale.to_string());
    assert!(head.starts_with("HTTP/1.1 200"), "{head}\n{body}");
    assert!(signed_with_public_key(&running, &head, &body));
    let answer: Value = serde_json::from_str(&body).unwrap();
    let qr = answer["code_url"].as_str().unwrap().to_owned();
    running
        .practice
        .with(|practice, now_ms| practice.scan(now_ms, &qr, Manner::Pays))
        .unwrap()
        .unwrap();

    let path = format!("/v3/pay/transactions/out-trade-no/9000000001?mchid={}", wechat.mchid);
    let (head, body) = running.signed("GET", &path, "", "");
    assert!(head.contains(&format!("wechatpay-serial: {}", wechat.platform_serial)), "{head}");
    assert!(body.contains("\"trade_state\":\"SUCCESS\""), "{body}");
    let (head, body) = running.signed("GET", "/v3/certificates", "", "");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(body.contains(&wechat.platform_serial), "{body}");
    let pem = std::fs::read_to_string(running.papers.file(WECHAT_PLATFORM_CERT)).unwrap();
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"));

    let (head, body) = running.send("GET", "/v3/nothing", "", "");
    assert!(head.starts_with("HTTP/1.1 404"), "{head}");
    assert_eq!(body, "");
}

#[test]
fn a_scan_over_http_with_the_key_of_the_papers() {
    let running = run();
    let (_, state) = running.send("GET", "/control/state", "", "");
    assert!(state.contains(r#""channels":["alipay","wechat"]"#), "either can be chosen: {state}");
    let text = std::fs::read_to_string(running.papers.file(WECHAT_PAPERS)).unwrap();
    let papers: Value = serde_json::from_str(&text).unwrap();
    let key = papers["v2_key"].as_str().unwrap();
    let show = json!({ "channel": "wechat", "manner": "pays" }).to_string();
    let json = "Content-Type: application/json\r\n";
    let (_, shown) = running.send("POST", "/control/payment-codes", json, &show);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["channel"], "wechat");
    let mut fields = [
        ("appid", running.wechat.appid.as_str()),
        ("mch_id", &running.wechat.mchid),
        ("nonce_str", "abc"),
        ("body", "牛肉面"),
        ("out_trade_no", "901"),
        ("total_fee", "1250"),
        ("spbill_create_ip", "127.0.0.1"),
        ("auth_code", shown["code"].as_str().unwrap()),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .into();
    let signature = sign(&fields, key, false);
    fields.insert("sign".to_owned(), signature);
    let request = post("/pay/micropay", &xml(&fields));
    let body = String::from_utf8(request.body).unwrap();
    let (_, answer) = running.send("POST", &request.path, "Content-Type: text/xml\r\n", &body);
    let answer = read(answer.as_bytes());
    assert_eq!(answer["result_code"], "SUCCESS", "{answer:?}");
    assert_eq!(answer["sign"], sign(&answer, key, false));
    let paid = running.practice.with(|practice, _| practice.truth().captured_fen()).unwrap();
    assert_eq!(paid, 1250);
}

/// Posts over TLS and returns what comes back. `identity` names a certificate and its key.
fn post_tls(running: &Running, port: u16, identity: Option<(&str, &str)>, path: &str) -> String {
    let pem = |name: &str| std::fs::read(running.papers.file(name)).unwrap();
    let certificate = |name: &str| CertificateDer::from_pem_slice(&pem(name)).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate(WECHAT_ROOT_CERT)).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match identity {
        Some((name, key)) => {
            let key = PrivateKeyDer::from_pem_slice(&pem(key)).unwrap();
            config.with_client_auth_cert(vec![certificate(name)], key).unwrap()
        }
        None => config.with_no_client_auth(),
    };
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Length: 11\r\n\r\n<xml></xml>"
    );
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut stream = StreamOwned::new(connection, stream);
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // Some ends of a conversation are without the closing word of TLS.
    let _cut = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

#[test]
fn over_tls_money_goes_back_only_with_the_merchants_certificate() {
    let running = run();
    let listener = running.runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let port = listener.local_addr().unwrap().port();
    let tls = running.wechat.tls().unwrap();
    running.runtime.spawn(serve_tls(listener, running.practice.clone(), tls));
    let merchant = Some((WECHAT_MERCHANT_CERT, MERCHANT_PRIVATE_KEY));
    let another = Some((WECHAT_PLATFORM_CERT, "wechat_platform_private_key.pem"));
    for path in ["/secapi/pay/reverse", "/secapi/pay/refund"] {
        let answer = post_tls(&running, port, merchant, path);
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("缺少参数"), "{answer}");
        for identity in [None, another] {
            let answer = post_tls(&running, port, identity, path);
            assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
            assert!(answer.contains("No required SSL certificate was sent"), "{answer}");
        }
    }
    let asked = running.practice.with(|practice, _| practice.truth().asked().len()).unwrap();
    assert_eq!(asked, 2, "what is turned away by TLS never reaches the channel");
    let answer = post_tls(&running, port, None, "/pay/orderquery");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("缺少参数"), "{answer}");
}
