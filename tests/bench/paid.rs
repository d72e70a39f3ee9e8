//! From a channel's notice, or where none comes from a customer's payment, to the till's word that it
//! is paid, with the real till, relay and channel, each a process of its own. One clock: the one of
//! whoever brings the notice and plays the customer.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use mianfu_tests::window::Manner;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::Failure;
use crate::place::{Place, spawn};
use crate::rounds::timed;
use crate::served::{Relay, Server};

const TILL: u32 = 1;
/// Longer than anything takes that is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
const GLANCE: Duration = Duration::from_millis(20);

/// Where notices are sent to: nowhere by themselves.
const NOWHERE: &str = "https://notices.invalid";

/// How the till may learn of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Its relay tells it, once the notice has come.
    Told,
    /// It has no relay and asks.
    Asks,
    /// Its relay's machine stands still, without a word, before the customer pays.
    RelayGone,
}

/// A channel, a relay and a till.
pub(crate) struct Shop {
    place: Place,
    relay: Server,
    channel: SocketAddr,
    file: PathBuf,
    runtime: Runtime,
    streams: u64,
    sales: u32,
}

impl Shop {
    pub(crate) fn open() -> Result<Shop, Failure> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let place = Place::open(3)?;
        let folder = place.folder_of(TILL);
        std::fs::create_dir_all(&folder)?;
        let written = std::fs::read_to_string(folder.with_file_name("channel.toml"))?;
        let of = |name: &str| -> Result<String, Failure> {
            let line = written.lines().find_map(|line| line.strip_prefix(&format!("{name} = \"")));
            Ok(line.and_then(|line| line.strip_suffix('"')).ok_or("not in the file")?.to_owned())
        };
        let key = std::fs::read_to_string(of("alipay_public_key_file")?)?;
        let merchant = of("app_id")?;
        let relay = Relay { key: &key, merchant: &merchant, tills: 1, beat_s: 20, within: &[] };
        let relay = Server::relay(&relay)?;
        let file = folder.join("relay.toml");
        let (address, key) = (relay.address, relay.folder().join("till.key"));
        std::fs::write(
            &file,
            format!(
                "way = \"standalone\"\naddress = \"http://{address}\"\n\
                 notify = \"{NOWHERE}\"\ntill = \"t0\"\nkey_id = \"a\"\nkey_file = {key:?}\n"
            ),
        )?;
        let gateway = of("gateway")?;
        let channel = gateway.trim_start_matches("http://").split('/').next();
        let channel = channel.unwrap_or_default().parse()?;
        Ok(Shop { place, relay, channel, file, runtime, streams: 0, sales: 0 })
    }

    /// Returns where the relay keeps its files.
    pub(crate) fn relay(&self) -> &Server {
        &self.relay
    }

    /// Shows a code and has it paid `after` the till waits; returns the ns from the notice, or where
    /// none comes from the payment, to the till's word.
    pub(crate) fn paid_ns(&mut self, way: Way, after: Duration) -> Result<u64, Failure> {
        let mut command = self.place.till(TILL);
        if way != Way::Asks {
            command.arg("--relay").arg(&self.file);
        }
        let amount = format!("{}.{:02}", 10 + self.sales / 90, 10 + self.sales % 90);
        self.sales += 1;
        command.args(["collect", "--another-customer", "--amount", &amount, "--show"]);
        let mut child = spawn(&mut command)?;
        let paid = self.follow(way, after, &lines(&mut child)?);
        if paid.is_err() {
            drop(child.kill());
        }
        child.wait()?;
        paid
    }

    fn follow(
        &mut self,
        way: Way,
        after: Duration,
        lines: &Receiver<Value>,
    ) -> Result<u64, Failure> {
        let text = |line: &Value, name: &str| line[name].as_str().map(str::to_owned);
        let (code, no) =
            until(lines, |line| Some((text(line, "code")?, text(line, "out_trade_no")?)))?;
        if way != Way::Asks {
            self.streams += 1;
            self.until_it_listens(lines)?;
        }
        if let Err(RecvTimeoutError::Disconnected) = lines.recv_timeout(after) {
            return Err("the till ended before it was paid".into());
        }
        if way == Way::RelayGone {
            self.signal(Signal::STOP)?;
        }
        let pay = || self.runtime.block_on(self.place.customer().scan(&code, Manner::Pays));
        let is_paid = || until(lines, |line| (line["screen"] == "Paid").then_some(()));
        let (time, paid) = if way == Way::Told {
            pay()?;
            let notice = self.notice(&no)?;
            let mut stream = TcpStream::connect(self.relay.address)?;
            stream.set_nodelay(true)?;
            timed(|| {
                stream.write_all(&notice)?;
                is_paid()
            })
        } else {
            timed(|| {
                pay()?;
                is_paid()
            })
        };
        if way == Way::RelayGone {
            self.signal(Signal::CONT)?;
        }
        paid?;
        let by = until(lines, |line| line["by"].as_str().map(str::to_owned))?;
        let expected = if way == Way::Told { "notice" } else { "asking" };
        if by == expected { Ok(time) } else { Err(format!("{way:?}: learnt by {by}").into()) }
    }

    /// Waits until the relay has opened the till's stream.
    fn until_it_listens(&self, lines: &Receiver<Value>) -> Result<(), Failure> {
        let name = "mianfu_relay_streams_opened_total ";
        for _ in 0..PATIENCE.as_millis() / GLANCE.as_millis() {
            let text = self.numbers()?;
            let opened = text.lines().find_map(|line| line.strip_prefix(name));
            if opened.and_then(|opened| opened.parse().ok()) == Some(self.streams) {
                return Ok(());
            }
            // Nothing is said meanwhile.
            let _nothing = lines.recv_timeout(GLANCE);
        }
        Err("the till does not listen".into())
    }

    /// Returns the notice about a number as the channel would post it to the relay. It leads nowhere
    /// by itself, so that its time begins where it is brought.
    fn notice(&self, no: &str) -> Result<Vec<u8>, Failure> {
        let page = page(self.channel, "/control/notices")?;
        let (_, list) = page.split_once("\r\n\r\n").ok_or("no list of notices")?;
        let list: Vec<Value> = serde_json::from_str(list)?;
        let about = |notice: &&Value| notice["body"].as_str().is_some_and(|body| body.contains(no));
        let notice = list.iter().find(about).ok_or("no notice")?;
        let text = |name: &str| notice[name].as_str().ok_or("no such member");
        let (path, body) = (text("url")?.strip_prefix(NOWHERE).ok_or("elsewhere")?, text("body")?);
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: relay\r\nContent-Length: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\n",
            body.len()
        );
        Ok([head.as_bytes(), body.as_bytes()].concat())
    }

    fn numbers(&self) -> Result<String, Failure> {
        page(self.relay.inside.ok_or("no numbers")?, "/metrics")
    }

    fn signal(&self, signal: Signal) -> Result<(), Failure> {
        let pid = Pid::from_raw(i32::try_from(self.relay.pid())?).ok_or("no process")?;
        Ok(kill_process(pid, signal)?)
    }
}

/// Returns the whole answer for a path.
fn page(address: SocketAddr, path: &str) -> Result<String, Failure> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(
        format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes(),
    )?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}

/// Returns a till's lines as they come.
fn lines(child: &mut Child) -> Result<Receiver<Value>, Failure> {
    let stdout = child.stdout.take().ok_or("a till without an output")?;
    let (told, lines) = channel();
    std::thread::spawn(move || {
        let lines = BufReader::new(stdout).lines().map_while(Result::ok);
        lines.map(|line| serde_json::from_str(&line).unwrap_or_default()).try_for_each(|line| {
            // Whoever asked may have heard enough.
            told.send(line)
        })
    });
    Ok(lines)
}

fn until<T>(lines: &Receiver<Value>, is_it: impl Fn(&Value) -> Option<T>) -> Result<T, Failure> {
    loop {
        let line = lines.recv_timeout(PATIENCE)?;
        if let Some(found) = is_it(&line) {
            return Ok(found);
        }
    }
}
