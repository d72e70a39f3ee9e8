//! From a customer's payment to the till's word that it is paid, with the real till, relay and
//! channel, each a process of its own. One clock: the one of whoever plays the customer.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
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

/// How the till may learn of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Its relay tells it.
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
                 notify = \"http://{address}\"\ntill = \"t0\"\nkey_id = \"a\"\nkey_file = {key:?}\n"
            ),
        )?;
        Ok(Shop { place, relay, file, runtime, streams: 0, sales: 0 })
    }

    /// Returns where the relay keeps its files.
    pub(crate) fn relay(&self) -> &Server {
        &self.relay
    }

    /// Shows a code and has it paid `after` the till waits; returns the ns from the payment to the
    /// till's word.
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
        let code = until(lines, |line| line["code"].as_str().map(str::to_owned))?;
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
        let customer = self.place.customer();
        let (time, paid) = timed(|| {
            self.runtime.block_on(customer.scan(&code, Manner::Pays))?;
            until(lines, |line| (line["screen"] == "Paid").then_some(()))
        });
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

    fn numbers(&self) -> Result<String, Failure> {
        let mut stream = TcpStream::connect(self.relay.inside.ok_or("no numbers")?)?;
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: relay\r\nConnection: close\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    }

    fn signal(&self, signal: Signal) -> Result<(), Failure> {
        let pid = Pid::from_raw(i32::try_from(self.relay.pid())?).ok_or("no process")?;
        Ok(kill_process(pid, signal)?)
    }
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
