//! A counter whose page is played by a test, with somebody who can pay.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mianfu_practice::http::{Shared, serve};
use mianfu_practice::state::Papers;
use mianfu_shell::Place;
use serde_json::{Value, json};
use tauri::AppHandle;
use tauri::test::MockRuntime;
use tokio::net::TcpListener;

use super::gates::{OURS, call_in, open};

/// A counter of its own, with somebody who can pay.
pub(super) struct Counter {
    pub(super) app: AppHandle<MockRuntime>,
    /// Where the customer's phone is, while the counter does not say it.
    phone: String,
}

/// A pretend channel outside the till, in the place of a real one.
pub(super) struct Live {
    /// The channel's file.
    pub(super) file: PathBuf,
    phone: String,
}

impl Live {
    pub(super) fn start() -> Live {
        let folder = tempfile::tempdir().unwrap().keep();
        let papers = Papers::open(&folder).unwrap();
        let practice = Shared::open(&papers, papers.options(7)).unwrap();
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        tauri::async_runtime::spawn(async move {
            serve(TcpListener::from_std(listener).unwrap(), practice).await.unwrap();
        });
        let file = folder.join("shop.toml");
        let text = format!(
            "channel = \"alipay\"\nenvironment = \"practice\"\n\
             gateway = \"http://{address}/gateway.do\"\napp_id = \"{}\"\n\
             private_key_file = \"merchant_private_key.pem\"\n\
             alipay_public_key_file = \"alipay_public_key.pem\"\n",
            papers.app_id
        );
        std::fs::write(&file, text).unwrap();
        #[cfg(unix)]
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .unwrap();
        Live { file, phone: format!("http://{address}/phone") }
    }

    /// Opens a counter on this channel.
    pub(super) fn counter(&self, folder: &Path) -> Counter {
        Counter::on(&self.file, &self.phone, folder)
    }

    /// Where its customers are.
    pub(super) fn phone(&self) -> &str {
        &self.phone
    }

    /// Changes the weather between till and channel.
    pub(super) fn weather(&self, change: &Value) {
        ask(&self.phone, "POST", "/control/weather", change);
    }

    /// Returns every trade of its ledger.
    pub(super) fn trades(&self) -> Vec<Value> {
        trades(&self.phone)
    }
}

/// Returns every trade of the ledger of a pretend channel.
pub(super) fn trades(phone: &str) -> Vec<Value> {
    ask(phone, "GET", "/control/trades", &Value::Null).as_array().unwrap().clone()
}

impl Counter {
    /// Opens a counter without channels of its own.
    pub(super) fn open() -> Counter {
        let folder = tempfile::tempdir().unwrap().keep();
        let counter = Counter {
            app: open(&Place { folder, channels: Vec::new(), relay: None }),
            phone: String::new(),
        };
        counter.until_ready();
        counter
    }

    /// Opens a counter on a channel's file; its customers are at `phone`.
    pub(super) fn on(file: &Path, phone: &str, folder: &Path) -> Counter {
        let place =
            Place { folder: folder.to_owned(), channels: vec![file.to_owned()], relay: None };
        let counter = Counter { app: open(&place), phone: phone.to_owned() };
        counter.until_ready();
        counter
    }

    /// Waits until sales are taken.
    #[track_caller]
    pub(super) fn until_ready(&self) {
        self.until(|view| view["channels"][0]["state"] == "ready");
    }

    pub(super) fn call(&self, command: &str, request: Value) -> Result<Value, String> {
        let told = call_in(&self.app, "till", OURS, command, json!({ "request": request }));
        told.map_err(|report| report["code"].as_str().unwrap_or("no report").to_owned())
    }

    pub(super) fn view(&self) -> Value {
        call_in(&self.app, "till", OURS, "counter", json!({})).unwrap()
    }

    /// Waits until the counter shows something, and returns it.
    #[track_caller]
    pub(super) fn until(&self, shows: impl Fn(&Value) -> bool) -> Value {
        let began = now();
        loop {
            let view = self.view();
            if shows(&view) {
                return view;
            }
            assert!(now() - began < Duration::from_secs(60), "still shows {view}");
            std::thread::yield_now();
        }
    }

    /// Begins a scan of a customer's code, who does as said with it.
    pub(super) fn scan(&self, amount_fen: i64, manner: Value) -> String {
        let request = self.scanned(amount_fen, manner);
        self.call("scan_code", request).unwrap();
        self.view()["front"]["outTradeNo"].as_str().unwrap().to_owned()
    }

    /// Returns what the page asks of the till once a customer's code was scanned.
    pub(super) fn scanned(&self, amount_fen: i64, manner: Value) -> Value {
        let view = self.view();
        let phone = view["phoneUrl"].as_str().unwrap_or(&self.phone);
        let code = ask(phone, "POST", "/control/payment-codes", &json!({ "manner": manner }));
        json!({
            "intentId": format!("sale of {amount_fen}"), "amountFen": amount_fen,
            "shop": view["shop"], "authCode": code["code"], "sameCustomer": "another",
        })
    }

    pub(super) fn paid(&self, amount_fen: i64) -> String {
        let no = self.scan(amount_fen, json!("pays"));
        self.until(|view| view["front"]["state"] == "paid");
        no
    }
}

/// The moment, for waiting only.
#[expect(clippy::disallowed_methods, reason = "a test that drives a real till waits for it")]
fn now() -> Instant {
    Instant::now()
}

/// Asks something of the pretend channel whose customers are at `phone`.
pub(super) fn ask(phone: &str, method: &str, path: &str, body: &Value) -> Value {
    let address = phone.strip_prefix("http://").unwrap().split('/').next().unwrap();
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap_or(Value::Null)
}
