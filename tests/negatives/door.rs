//! A relay on loopback and whoever knocks at it, in one thread: a bug that is planted in a test's
//! thread is planted in its relay.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mianfu_relay::counts::Count;
use mianfu_relay::db::Reader;
use mianfu_relay::keys::{ChannelKey, TillKey};
use mianfu_relay::limits::Rate;
use mianfu_relay::notice::Merchant;
use mianfu_relay::roster::{Account, Roster, Till};
use mianfu_relay::server::{Doors, serve};
use mianfu_relay::settings::Settings;
use mianfu_relay::trust::{Signed, TillKeys, authorization};
use mianfu_relay::{Epoch, Relay, Timestamp};
use mianfu_tests::shop::{MCH_ID, PLATFORM_SERIAL, TEN};
use rsa::RsaPrivateKey;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::keys::{public_pem, signers};
use crate::notices::{ALIPAY_APP, Notice, SELLER};

/// Longer than anything here takes; a test that waits for it has failed.
const PATIENCE: Duration = Duration::from_secs(30);
/// The till's own name at the relay, and another store's.
pub(crate) const TILL: &str = "till-1";
pub(crate) const OTHER_TILL: &str = "till-2";
/// The other store's application.
pub(crate) const OTHER_APP: &str = "9999000000000002";

/// A relay that runs while something here waits for it.
pub(crate) struct Door {
    pub(crate) runtime: Runtime,
    pub(crate) address: SocketAddr,
    relay: Arc<Relay>,
    now: Arc<AtomicI64>,
    folder: tempfile::TempDir,
    _stop: watch::Sender<bool>,
}

/// What a relay answers.
#[derive(Debug)]
pub(crate) struct Reply {
    /// 0 where it hung up without a word.
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// A notice as the relay would hand it on.
pub(crate) struct Kept {
    pub(crate) channel: String,
    pub(crate) sent: Notice,
}

/// Settings that turn nobody away for coming often: the relay's clock stands still here.
pub(crate) fn settings() -> Settings {
    let often = Rate { burst: 1_000_000, each_ms: 1 };
    Settings { address_rate: often, merchant_rate: often, ..Settings::default() }
}

pub(crate) fn account(channel: &str, merchant: &str) -> Account {
    Account { channel: channel.to_owned(), merchant: merchant.to_owned() }
}

/// Our till at both channels, whose key is this one, and another store's at Alipay.
fn roster(channel: &RsaPrivateKey) -> Roster {
    let key = || ChannelKey::read(&public_pem(channel)).unwrap();
    let alipay = Merchant::Alipay {
        app_id: ALIPAY_APP.to_owned(),
        seller_id: Some(SELLER.to_owned()),
        keys: vec![key()],
    };
    let wechat = Merchant::Wechat {
        keys: BTreeMap::from([(PLATFORM_SERIAL.to_owned(), key())]),
        v2_hints: true,
    };
    let theirs = Merchant::Alipay {
        app_id: OTHER_APP.to_owned(),
        seller_id: None,
        keys: vec![ChannelKey::read(&public_pem(&signers().stranger)).unwrap()],
    };
    let ours = [account("alipay", ALIPAY_APP), account("wechat", MCH_ID)];
    let other = account("alipay", OTHER_APP);
    let till = |seed: u8, accounts: &[Account]| Till {
        keys: TillKeys(BTreeMap::from([("a".to_owned(), till_key(seed))])),
        accounts: accounts.iter().cloned().collect::<BTreeSet<Account>>(),
    };
    let tills = BTreeMap::from([
        (TILL.to_owned(), till(1, &ours)),
        (OTHER_TILL.to_owned(), till(2, std::slice::from_ref(&other))),
    ]);
    let [first, second] = ours;
    Roster {
        merchants: BTreeMap::from([(first, alipay), (second, wechat), (other, theirs)]),
        tills,
    }
}

fn till_key(seed: u8) -> TillKey {
    TillKey::read(&STANDARD.encode([seed; 32])).unwrap()
}

impl Door {
    pub(crate) fn open(settings: Settings, channel: &RsaPrivateKey) -> Door {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let now = Arc::new(AtomicI64::new(TEN.0));
        let clock = Arc::clone(&now);
        let (relay, _keeper) = Relay::open(
            &folder.path().join("relay.db"),
            &Epoch("epoch001".to_owned()),
            roster(channel),
            settings,
            Arc::new(move || Timestamp(clock.load(Ordering::Relaxed))),
        )
        .unwrap();
        let (stop, stopped) = watch::channel(false);
        let open = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let address = open.local_addr().unwrap();
        runtime.spawn(serve(Arc::clone(&relay), Doors { open, inside: None, tls: None }, stopped));
        Door { runtime, address, relay, now, folder, _stop: stop }
    }

    pub(crate) fn set_clock(&self, now: Timestamp) {
        self.now.store(now.0, Ordering::Relaxed);
    }

    pub(crate) fn count_of(&self, count: Count) -> u64 {
        self.relay.counts().of(count)
    }

    /// Posts to our till's address at a channel.
    pub(crate) fn post(&self, channel: &str, sent: &Notice) -> Reply {
        let merchant = if channel == "alipay" { ALIPAY_APP } else { MCH_ID };
        self.post_to(&format!("/notify/{channel}/{merchant}/{TILL}"), sent)
    }

    pub(crate) fn post_to(&self, path: &str, sent: &Notice) -> Reply {
        let headers = sent.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        self.ask("POST", path, &headers.collect::<Vec<_>>(), &sent.body)
    }

    /// Asks once, on a connection of its own.
    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        let mut request = head(method, path, headers);
        request.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        let request = [request.into_bytes(), body.to_vec()].concat();
        self.say(&request)
    }

    /// Says bytes and hears whatever comes back until the relay has no more.
    pub(crate) fn say(&self, bytes: &[u8]) -> Reply {
        self.runtime.block_on(patiently(async {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            // Whoever refuses early may hang up before it has read everything.
            let _sent = stream.write_all(bytes).await;
            hear(&mut stream).await
        }))
    }

    /// Comes from an address of loopback that nobody else comes from.
    pub(crate) fn say_from(&self, from: IpAddr, bytes: &[u8]) -> Reply {
        self.runtime.block_on(patiently(async {
            let mut stream = connect_from(from, self.address).await.unwrap();
            let _sent = stream.write_all(bytes).await;
            hear(&mut stream).await
        }))
    }

    /// Acknowledges as a till does, with this nonce.
    pub(crate) fn ack(&self, upto: &str, nonce: [u8; 16]) -> Reply {
        let path = format!("/ack/{TILL}");
        let body = format!("{{\"upto\":\"{upto}\"}}");
        let signed = Signed { method: "POST", path: &path, body: body.as_bytes() };
        let at = Timestamp(self.now.load(Ordering::Relaxed));
        let proof = authorization("a", &till_key(1), signed, at, nonce);
        self.ask("POST", &path, &[("authorization", &proof)], body.as_bytes())
    }

    /// Asks for a till's stream; only a refusal ends, so only a refusal is heard.
    pub(crate) fn stream_refused(&self, nonce: [u8; 16]) -> Reply {
        let path = format!("/stream/{TILL}");
        let signed = Signed { method: "GET", path: &path, body: b"" };
        let at = Timestamp(self.now.load(Ordering::Relaxed));
        let proof = authorization("a", &till_key(1), signed, at, nonce);
        self.ask("GET", &path, &[("authorization", &proof)], b"")
    }

    /// Returns everything the relay keeps, as text.
    pub(crate) fn fingerprint(&self) -> Vec<String> {
        self.reader().fingerprint().unwrap()
    }

    /// Returns what waits for our till.
    pub(crate) fn waiting(&self) -> Vec<Kept> {
        let kept = self.reader().after(TILL, 0, 1_000).unwrap();
        kept.into_iter()
            .map(|(_, notice)| Kept {
                channel: notice.channel,
                sent: Notice {
                    headers: serde_json::from_str(&notice.headers).unwrap(),
                    body: notice.body,
                },
            })
            .collect()
    }

    fn reader(&self) -> Reader {
        Reader::open(&self.folder.path().join("relay.db")).unwrap()
    }
}

pub(crate) fn fresh_nonce() -> [u8; 16] {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    u128::from(NEXT.fetch_add(1, Ordering::Relaxed)).to_be_bytes()
}

/// A request's head without its length and its end.
pub(crate) fn head(method: &str, path: &str, headers: &[(&str, &str)]) -> String {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: relay\r\nconnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head
}

pub(crate) async fn patiently<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("the relay answers or hangs up")
}

pub(crate) async fn connect_from(from: IpAddr, to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    socket.connect(to).await
}

pub(crate) async fn hear(stream: &mut TcpStream) -> Reply {
    let mut said = Vec::new();
    // A connection that is reset has said all that it says.
    let _ended = stream.read_to_end(&mut said).await;
    let said = String::from_utf8_lossy(&said).into_owned();
    let (head, body) = said.split_once("\r\n\r\n").unwrap_or((&said, ""));
    let status = head.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0);
    Reply { status, body: body.to_owned() }
}
