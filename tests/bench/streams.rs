//! Tills' streams from a till's side: many of them on one thread, each read to its last word.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use mianfu_relay::Timestamp;
use mianfu_relay::keys::TillKey;
use mianfu_relay::trust::{Signed, authorization};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::spawn_local;

use crate::Failure;
use crate::served::key_text;

/// Longer than any word takes: a few heartbeats.
const PATIENCE: Duration = Duration::from_secs(60);
/// Streams that are opened at once.
const AT_ONCE: u32 = 32;

/// What all streams heard.
#[derive(Default)]
pub(crate) struct Heard {
    hellos: Cell<u64>,
    beats: Cell<u64>,
    /// Notices by the number of their till.
    notices: RefCell<Vec<u32>>,
    ended: Cell<u64>,
    more: Notify,
}

impl Heard {
    pub(crate) fn beats(&self) -> u64 {
        self.beats.get()
    }

    pub(crate) fn notices(&self) -> Vec<u32> {
        self.notices.borrow().clone()
    }

    /// Waits until something is so.
    pub(crate) async fn until(&self, is_so: impl Fn(&Heard) -> bool) -> Result<(), Failure> {
        while !is_so(self) {
            tokio::time::timeout(PATIENCE, self.more.notified()).await?;
            if 0 < self.ended.get() {
                return Err("a stream ended".into());
            }
        }
        Ok(())
    }

    fn hear(&self, till: u32, record: &str) {
        let place = usize::try_from(till).unwrap_or(usize::MAX);
        if record.starts_with(": alive") || record.contains("\r\n: alive") {
            self.beats.set(self.beats.get() + 1);
        } else if record.contains("event: notice") {
            let mut notices = self.notices.borrow_mut();
            if let Some(count) = notices.get_mut(place) {
                *count += 1;
            }
        } else if record.contains("event: hello") {
            self.hellos.set(self.hellos.get() + 1);
        }
        self.more.notify_one();
    }
}

/// Streams that are held. They end with this.
pub(crate) struct Streams {
    address: SocketAddr,
    proof: Proof,
    tasks: Vec<tokio::task::JoinHandle<()>>,
    pub(crate) heard: Rc<Heard>,
}

impl Drop for Streams {
    fn drop(&mut self) {
        self.tasks.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

impl Streams {
    pub(crate) fn none(address: SocketAddr) -> Result<Streams, Failure> {
        let proof = Proof::new()?;
        Ok(Streams { address, proof, tasks: Vec::new(), heard: Rc::default() })
    }

    /// Opens streams of further tills until there are so many, and hears every one's first word.
    pub(crate) async fn grow_to(&mut self, count: u32) -> Result<(), Failure> {
        self.heard.notices.borrow_mut().resize(usize::try_from(count)?, 0);
        let mut till = u32::try_from(self.tasks.len())?;
        while till < count {
            let until = (till + AT_ONCE).min(count);
            for till in till..until {
                let request = self.proof.request(till)?;
                let (address, heard) = (self.address, Rc::clone(&self.heard));
                self.tasks.push(spawn_local(listen(address, request, till, heard)));
            }
            till = until;
            let hellos = u64::from(until);
            self.heard.until(|heard| heard.hellos.get() == hellos).await?;
        }
        Ok(())
    }
}

async fn listen(address: SocketAddr, request: String, till: u32, heard: Rc<Heard>) {
    let mut left = String::new();
    if let Ok(mut stream) = TcpStream::connect(address).await
        && stream.write_all(request.as_bytes()).await.is_ok()
    {
        let mut part = [0; 2048];
        while let Ok(1..) = read(&mut stream, &mut part, &mut left).await {
            while let Some((record, rest)) = left.split_once("\n\n") {
                heard.hear(till, record);
                left = rest.to_owned();
            }
        }
    }
    heard.ended.set(heard.ended.get() + 1);
    heard.more.notify_one();
}

async fn read(
    stream: &mut TcpStream,
    part: &mut [u8],
    left: &mut String,
) -> std::io::Result<usize> {
    let count = stream.read(part).await?;
    left.push_str(&String::from_utf8_lossy(&part[..count]));
    Ok(count)
}

/// How a till proves itself.
pub(crate) struct Proof {
    key: TillKey,
    random: SystemRandom,
}

impl Proof {
    pub(crate) fn new() -> Result<Proof, Failure> {
        Ok(Proof { key: TillKey::read(&key_text())?, random: SystemRandom::new() })
    }

    /// Returns the request that opens a till's stream.
    pub(crate) fn request(&self, till: u32) -> Result<String, Failure> {
        let path = format!("/stream/t{till}");
        let mut nonce = [0; 16];
        self.random.fill(&mut nonce).map_err(|_| "the machine gives no random numbers")?;
        let signed = Signed { method: "GET", path: &path, body: b"" };
        let now = Timestamp(mianfu_till::start::now().0);
        let proof = authorization("a", &self.key, signed, now, nonce);
        Ok(format!("GET {path} HTTP/1.1\r\nHost: relay\r\nAuthorization: {proof}\r\n\r\n"))
    }
}
