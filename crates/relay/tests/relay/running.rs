//! A relay on loopback with a clock that a test moves, and clients that speak plain HTTP to it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use mianfu_relay::db::{Reader, Store};
use mianfu_relay::roster::{Account, Roster, Till};
use mianfu_relay::server::{Doors, serve};
use mianfu_relay::settings::Settings;
use mianfu_relay::trust::{Signed, authorization};
use mianfu_relay::{Relay, Timestamp};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::fixture::*;

/// Longer than anything here takes; a test that waits for it has failed.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const ALIPAY_PATH: &str = "/notify/alipay/2021000000000001/till-1";
pub(crate) const WECHAT_PATH: &str = "/notify/wechat/1230000109/till-1";

/// The roster of most tests: two tills of two stores; both channels at the first.
pub(crate) fn roster() -> Roster {
    let account = |channel: &str, merchant: &str| Account {
        channel: channel.to_owned(),
        merchant: merchant.to_owned(),
    };
    let (ours, at_wechat) = (account("alipay", APP_ID), account("wechat", MCH_ID));
    let theirs = account("alipay", "2021000000000002");
    let other = ChannelKeyOf(&signers().other).merchant("2021000000000002");
    let till = |keys: &[(&str, u8)], accounts: &[&Account]| Till {
        keys: till_keys(keys),
        accounts: accounts.iter().copied().cloned().collect::<BTreeSet<Account>>(),
    };
    let tills = BTreeMap::from([
        ("till-1".to_owned(), till(&[("a", 1)], &[&ours, &at_wechat])),
        ("till-2".to_owned(), till(&[("a", 2)], &[&theirs])),
    ]);
    let merchants = BTreeMap::from([(ours, alipay()), (at_wechat, wechat(true)), (theirs, other)]);
    Roster { merchants, tills }
}

struct ChannelKeyOf<'k>(&'k rsa::RsaPrivateKey);

impl ChannelKeyOf<'_> {
    fn merchant(&self, app_id: &str) -> mianfu_relay::notice::Merchant {
        let key = mianfu_relay::keys::ChannelKey::read(&public_pem(self.0)).unwrap();
        let app_id = app_id.to_owned();
        mianfu_relay::notice::Merchant::Alipay { app_id, seller_id: None, keys: vec![key] }
    }
}

/// A relay that runs.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) inside: SocketAddr,
    pub(crate) relay: Arc<Relay>,
    pub(crate) now: Arc<AtomicI64>,
    folder: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
    stop: watch::Sender<bool>,
    serving: tokio::task::JoinHandle<std::io::Result<()>>,
    keeper: JoinHandle<()>,
}

impl Running {
    pub(crate) fn start() -> Running {
        Running::with(Settings::default())
    }

    pub(crate) fn with(settings: Settings) -> Running {
        Running::on(tempfile::tempdir().unwrap(), settings)
    }

    pub(crate) fn on(folder: tempfile::TempDir, settings: Settings) -> Running {
        Running::on_disk(None, folder, settings)
    }

    /// A relay on a disk that SQLite knows by a name.
    pub(crate) fn on_disk(
        vfs: Option<&str>,
        folder: tempfile::TempDir,
        settings: Settings,
    ) -> Running {
        let now = Arc::new(AtomicI64::new(NOW.0));
        let clock = Arc::clone(&now);
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.unwrap();
        let backlog = settings.backlog_max;
        let store = Store::open_on(vfs, &folder.path().join("relay.db"), "epoch001", backlog);
        let (relay, keeper) = Relay::on(
            store.unwrap(),
            roster(),
            settings,
            Arc::new(move || Timestamp(clock.load(Ordering::Relaxed))),
        )
        .unwrap();
        let (stop, stopped) = watch::channel(false);
        let (open, inside) = runtime.block_on(async {
            let bind = || TcpListener::bind("127.0.0.1:0");
            (bind().await.unwrap(), bind().await.unwrap())
        });
        let (address, at) = (open.local_addr().unwrap(), inside.local_addr().unwrap());
        let doors = Doors { open, inside: Some(inside), tls: None };
        let serving = runtime.spawn(serve(Arc::clone(&relay), doors, stopped));
        Running { address, inside: at, relay, now, folder, runtime, stop, serving, keeper }
    }

    /// Ends the relay as its program does, and returns the folder with what it kept.
    pub(crate) fn end(self) -> tempfile::TempDir {
        self.stop.send_replace(true);
        self.runtime.block_on(self.serving).unwrap().unwrap();
        drop(self.relay);
        self.keeper.join().unwrap();
        self.folder
    }

    pub(crate) fn tell_to_stop(&self) {
        self.stop.send_replace(true);
    }

    pub(crate) fn know(&self, roster: Roster) {
        self.runtime.block_on(self.relay.know(roster)).unwrap();
    }

    pub(crate) fn sweep(&self) {
        self.runtime.block_on(self.relay.sweep()).unwrap();
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader::open(&database(&self.folder)).unwrap()
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Reply {
        ask(self.address, "POST", path, &[], body.as_bytes())
    }

    pub(crate) fn post_wechat(&self, heads: &Heads, body: &str) -> Reply {
        ask(self.address, "POST", WECHAT_PATH, &heads.pairs(), body.as_bytes())
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::Relaxed))
    }

    /// Returns the header by which a till proves a request.
    pub(crate) fn proof(&self, till: u8, request: Signed<'_>) -> String {
        authorization("a", &till_key(till), request, self.now(), fresh_nonce())
    }

    pub(crate) fn listen(&self, till: u8, last: Option<&str>) -> Listener {
        Listener::open(self, till, last).unwrap_or_else(|status| panic!("{status}"))
    }

    pub(crate) fn ack(&self, till: u8, upto: &str) -> u16 {
        let path = format!("/ack/till-{till}");
        let body = format!("{{\"upto\":\"{upto}\"}}");
        let signed = Signed { method: "POST", path: &path, body: body.as_bytes() };
        let proof = self.proof(till, signed);
        let headers = [("authorization", proof.as_str())];
        ask(self.address, "POST", &path, &headers, body.as_bytes()).status
    }
}

pub(crate) fn database(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("relay.db")
}

pub(crate) fn fresh_nonce() -> [u8; 16] {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    u128::from(NEXT.fetch_add(1, Ordering::Relaxed)).to_be_bytes()
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

pub(crate) fn head(method: &str, path: &str, headers: &[(&str, &str)]) -> String {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: relay\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head
}

/// Asks once, on a connection of its own.
pub(crate) fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Reply {
    let mut request = head(method, path, headers).into_bytes();
    request.extend(format!("connection: close\r\ncontent-length: {}\r\n\r\n", body.len()).bytes());
    request.extend_from_slice(body);
    say(address, &request)
}

/// Sends bytes and reads whatever comes back until the other end has no more.
pub(crate) fn say(address: SocketAddr, bytes: &[u8]) -> Reply {
    let mut stream = connect(address);
    // Whoever refuses early may hang up before it has read everything.
    let _sent = stream.write_all(bytes);
    hear(&mut stream)
}

pub(crate) fn hear(stream: &mut TcpStream) -> Reply {
    let mut said = Vec::new();
    let mut part = [0; 4096];
    loop {
        match stream.read(&mut part) {
            Ok(0) => break,
            Ok(count) => said.extend_from_slice(&part[..count]),
            // A machine that stands still for a moment interrupts a read with a limit.
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    let said = String::from_utf8(said).unwrap();
    let (head, body) = said.split_once("\r\n\r\n").unwrap_or((&said, ""));
    let status = head.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0);
    Reply { status, head: head.to_owned(), body: body.to_owned() }
}

/// One thing that a till is told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Told {
    pub(crate) id: String,
    pub(crate) event: String,
    pub(crate) data: Value,
}

/// A till that listens.
pub(crate) struct Listener {
    lines: BufReader<TcpStream>,
    pub(crate) hello: Value,
}

impl Listener {
    pub(crate) fn open(relay: &Running, till: u8, last: Option<&str>) -> Result<Listener, u16> {
        let path = format!("/stream/till-{till}");
        let signed = Signed { method: "GET", path: &path, body: b"" };
        let proof = relay.proof(till, signed);
        Listener::with_proof(relay.address, &path, &proof, last)
    }

    pub(crate) fn with_proof(
        address: SocketAddr,
        path: &str,
        proof: &str,
        last: Option<&str>,
    ) -> Result<Listener, u16> {
        let mut headers = vec![("authorization", proof)];
        headers.extend(last.map(|last| ("last-event-id", last)));
        let mut stream = connect(address);
        stream.write_all((head("GET", path, &headers) + "\r\n").as_bytes()).map_err(|_| 0_u16)?;
        let mut lines = BufReader::new(stream);
        let mut line = String::new();
        lines.read_line(&mut line).map_err(|_| 0_u16)?;
        if !line.starts_with("HTTP/1.1 200") {
            return Err(line.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0));
        }
        while line.trim() != "" {
            line.clear();
            lines.read_line(&mut line).map_err(|_| 0_u16)?;
        }
        let mut listener = Listener { lines, hello: Value::Null };
        let hello = listener.next().ok_or(0_u16)?;
        assert_eq!(hello.event, "hello");
        listener.hello = hello.data;
        Ok(listener)
    }

    /// Returns what is told next, comments included under the event `:`; `None` at the end.
    pub(crate) fn next(&mut self) -> Option<Told> {
        let mut told = Told { id: String::new(), event: String::new(), data: Value::Null };
        let mut has_any = false;
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim_end_matches('\n');
            match line.split_once(": ") {
                None if line.is_empty() && has_any => return Some(told),
                None => {}
                Some(("id", id)) => told.id = id.to_owned(),
                Some(("event", event)) => told.event = event.to_owned(),
                Some(("data", data)) => told.data = serde_json::from_str(data).unwrap(),
                Some(("", _)) => told.event = ":".to_owned(),
                Some((_, _)) => {}
            }
            has_any = true;
        }
    }

    /// Returns the next thing that is no sign of life.
    pub(crate) fn word(&mut self) -> Option<Told> {
        loop {
            match self.next() {
                Some(told) if told.event == ":" => {}
                other => return other,
            }
        }
    }

    /// Returns the numbers of so many notices.
    pub(crate) fn numbers(&mut self, count: usize) -> Vec<String> {
        (0..count)
            .map(|_| {
                let told = self.word().unwrap();
                assert_eq!(told.event, "notice", "{told:?}");
                told.id
            })
            .collect()
    }
}
