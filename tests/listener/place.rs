//! A real till, practice on loopback and a relay beside them, all in this process.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mianfu_core::attempt::{Attempt, Phase};
use mianfu_core::channel::{ChannelId, Flow};
use mianfu_core::money::Fen;
use mianfu_core::number::OutTradeNo;
use mianfu_practice::http::{Shared, serve, serve_tls};
use mianfu_practice::state::{Papers, WechatPapers};
use mianfu_practice::{GATEWAY_PATH, Manner, Practice};
use mianfu_relay::counts::Count;
use mianfu_relay::server::Doors;
use mianfu_relay::{Epoch, Relay, config};
use mianfu_till::hearing::{Heard, Standing};
use mianfu_till::listener::{self, RelayWish};
use mianfu_till::running::Running;
use mianfu_till::start::{Ear, Files, Started, start};
use mianfu_till::{Collect, Means, MerchantKeys, SameCustomer, Till};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// Longer than anything here takes; a test that waits for it has failed.
const PATIENCE: Duration = Duration::from_secs(60);
/// The till's name at its relay.
pub(crate) const TILL: &str = "till-1";

/// A counter: a folder, practice, and a till where one was opened.
pub(crate) struct Place {
    pub(crate) runtime: Runtime,
    pub(crate) practice: Shared,
    folder: TempDir,
    till: Option<(Running<MerchantKeys>, Ear)>,
    intents: u32,
}

/// A relay on loopback, and the file by which a till is told of it.
pub(crate) struct House {
    pub(crate) relay: Arc<Relay>,
    pub(crate) address: SocketAddr,
    stop: watch::Sender<bool>,
    keeper: std::thread::JoinHandle<()>,
    runtime: Runtime,
}

impl Place {
    pub(crate) fn open() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let papers = Papers::open(folder.path()).unwrap();
        let wechat = WechatPapers::open(&papers).unwrap();
        let practice = Shared::new(Practice::new(papers.options(1), papers.signer().unwrap()));
        let account = wechat.account().unwrap();
        practice.with(|practice, _| practice.open_wechat(account)).unwrap();
        let runtime = Runtime::new().unwrap();
        let bind = || runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let (plain, secure) = (bind(), bind());
        let (at, secure_at) = (plain.local_addr().unwrap(), secure.local_addr().unwrap());
        runtime.spawn(serve(plain, practice.clone()));
        runtime.spawn(serve_tls(secure, practice.clone(), wechat.tls().unwrap()));
        papers.write_channel_file(&format!("http://{at}{GATEWAY_PATH}")).unwrap();
        wechat.write_channel_file(&secure_at.to_string()).unwrap();
        Place { runtime, practice, folder, till: None, intents: 0 }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    /// Starts the till and waits until it offers both channels; returns why its own relay did not
    /// start.
    pub(crate) fn start(&mut self, wish: RelayWish) -> Option<String> {
        let files = Files {
            database: self.path("till.db"),
            channels: vec![self.path("channel.toml"), self.path("wechat.toml")],
            store: 1,
            till: 1,
        };
        let Started { running, ear, relay_trouble, .. } =
            start(&files, wish, self.runtime.handle().clone()).unwrap();
        self.till = Some((running, ear));
        let is_ready = |till: &mut Till<MerchantKeys>| {
            [ChannelId::Alipay, ChannelId::Wechat].into_iter().all(|channel| {
                let offer = till.offer_of(channel, Flow::Show);
                offer == Some(mianfu_core::breaker::Offer::Ready)
            })
        };
        self.until(is_ready);
        relay_trouble
    }

    /// Ends the till as the window's close does.
    pub(crate) fn stop(&mut self) {
        let (running, ear) = self.till.take().unwrap();
        running.stop();
        ear.close();
    }

    pub(crate) fn ask<R: Send + 'static>(
        &self,
        task: impl FnOnce(&mut Till<MerchantKeys>) -> R + Send + 'static,
    ) -> R {
        let (running, _) = self.till.as_ref().unwrap();
        self.runtime.block_on(running.ask(|till, _| task(till))).unwrap()
    }

    /// Waits until something is true of the till.
    #[track_caller]
    pub(crate) fn until(
        &self,
        is_so: impl Fn(&mut Till<MerchantKeys>) -> bool + Clone + Send + 'static,
    ) {
        let (running, _) = self.till.as_ref().unwrap();
        let mut changes = running.revision();
        let waiting = async {
            loop {
                let is_so = is_so.clone();
                if running.ask(move |till, _| is_so(till)).await.unwrap() {
                    return;
                }
                changes.changed().await.unwrap();
            }
        };
        let waited = self.runtime.block_on(async { tokio::time::timeout(PATIENCE, waiting).await });
        assert!(waited.is_ok(), "it never came to be so");
    }

    #[track_caller]
    pub(crate) fn until_standing(&self, standing: Standing) {
        self.until(move |till| till.heard().standing == standing);
    }

    pub(crate) fn heard(&self) -> Heard {
        self.ask(|till| till.heard())
    }

    /// Shows a code and returns its number and what is drawn.
    pub(crate) fn show(&mut self, channel: ChannelId) -> (OutTradeNo, String) {
        self.intents += 1;
        let collect = Collect {
            intent_id: format!("intent-{}", self.intents),
            amount: Fen::new(1_250).unwrap(),
            means: Means::Show(channel),
            same_customer: SameCustomer::Another,
        };
        let (running, _) = self.till.as_ref().unwrap();
        let asked = running.ask(move |till, now| {
            till.clear_front().unwrap();
            till.collect(collect, now)
        });
        let no = self.runtime.block_on(asked).unwrap().unwrap();
        let of = no.clone();
        self.until(move |till| till.attempt(&of).unwrap().live_code().is_some());
        let of = no.clone();
        let code = self.ask(move |till| till.attempt(&of).unwrap().live_code().map(str::to_owned));
        (no, code.unwrap())
    }

    /// A customer scans a shown code and pays.
    pub(crate) fn pay(&self, code: &str) {
        let scan = |practice: &mut Practice, now| practice.scan(now, code, Manner::Pays).map(drop);
        self.practice.with(scan).unwrap().unwrap();
    }

    /// Waits until a sale has its end.
    #[track_caller]
    pub(crate) fn end(&self, no: &OutTradeNo) -> Attempt {
        let of = no.clone();
        self.until(move |till| till.attempt(&of).unwrap().is_final());
        let of = no.clone();
        self.ask(move |till| till.attempt(&of).unwrap())
    }

    /// Waits until a sale is paid, and sees that it was paid once.
    #[track_caller]
    pub(crate) fn end_paid(&self, no: &OutTradeNo) {
        let attempt = self.end(no);
        assert!(matches!(attempt.phase, Phase::Paid { .. }), "{:?}", attempt.phase);
        let of = no.as_str().to_owned();
        let held = move |practice: &mut Practice, _: i64| {
            practice.truth().trade(&of).map(|trade| trade.amount_fen - trade.refunded_fen())
        };
        assert_eq!(self.practice.with(held).unwrap(), Some(1_250));
    }

    /// Writes the till's file about a relay there, and reads it.
    pub(crate) fn wish(&self, address: SocketAddr, key: &str) -> RelayWish {
        self.write("till-1.key", key);
        let file = format!(
            "way = \"standalone\"\naddress = \"http://{address}\"\ntill = \"{TILL}\"\n\
             key_id = \"a\"\nkey_file = \"till-1.key\"\n"
        );
        listener::load(&self.write("relay-of-till.toml", &file)).unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.till.is_some() {
            self.stop();
        }
    }
}

/// A key that a till and a relay share.
pub(crate) fn key(seed: u8) -> String {
    STANDARD.encode([seed; 32])
}

impl House {
    /// Opens a relay for the till of this place, with the key that `key(1)` is.
    pub(crate) fn open(place: &Place) -> House {
        House::at(place, "127.0.0.1:0", 0)
    }

    /// The same at an address, with a clock that is ahead.
    pub(crate) fn at(place: &Place, listen: &str, ahead_ms: i64) -> House {
        let papers = Papers::open(place.folder.path()).unwrap();
        let wechat = WechatPapers::open(&papers).unwrap();
        let (app_id, mch_id) = (&papers.app_id, &wechat.mchid);
        let text = format!(
            "listen = \"127.0.0.1:0\"\ndatabase = \"relay.db\"\n\
             [[merchant]]\nchannel = \"alipay\"\nmerchant = \"{app_id}\"\n\
             keys = [{{ file = \"alipay_public_key.pem\" }}]\n\
             [[merchant]]\nchannel = \"wechat\"\nmerchant = \"{mch_id}\"\n\
             keys = [{{ file = \"wechat_platform_cert.pem\" }}, \
             {{ id = \"{}\", file = \"wechat_public_key.pem\" }}]\n\
             [[till]]\nname = \"{TILL}\"\n\
             merchants = [\"alipay/{app_id}\", \"wechat/{mch_id}\"]\n\
             keys = [{{ id = \"a\", file = \"own\" }}]\n\
",
            wechat.public_key_id
        );
        let own = BTreeMap::from([("own".to_owned(), key(1))]);
        let file = |name: &str| Ok(own.get(name).cloned().unwrap_or_else(|| place.read(name)));
        let config = config::read(&text, &file).unwrap();
        let ahead = AtomicI64::new(ahead_ms);
        let clock =
            Arc::new(move || mianfu_till::start::now().plus_ms(ahead.load(Ordering::Relaxed)));
        let epoch = Epoch("0123456789abcdef".to_owned());
        let (roster, settings) = (config.roster, config.settings);
        let database = place.path("relay.db");
        let (relay, keeper) = Relay::open(&database, &epoch, roster, settings, clock).unwrap();
        let runtime = Runtime::new().unwrap();
        let open = runtime.block_on(TcpListener::bind(listen)).unwrap();
        let address = open.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let doors = Doors { open, inside: None, tls: None };
        runtime.spawn(mianfu_relay::server::serve(Arc::clone(&relay), doors, stopped));
        House { relay, address, stop, keeper, runtime }
    }

    /// The machine is gone: nothing is said to anybody.
    pub(crate) fn vanish(self) -> SocketAddr {
        let House { relay, address, stop, keeper, runtime } = self;
        runtime.shutdown_background();
        drop((relay, stop));
        keeper.join().unwrap();
        address
    }
}

impl House {
    /// Waits until the relay has kept so many notices.
    pub(crate) fn until_kept(&self, count: u64) {
        self.until_counted(Count::Kept, count);
    }

    /// Waits until a till has said so often how far it is.
    pub(crate) fn until_acknowledged(&self, count: u64) {
        self.until_counted(Count::Acknowledged, count);
    }

    fn until_counted(&self, what: Count, count: u64) {
        let counted = async {
            while self.relay.counts().of(what) < count {
                tokio::task::yield_now().await;
            }
        };
        let waited = self.runtime.block_on(async { tokio::time::timeout(PATIENCE, counted).await });
        assert!(waited.is_ok(), "it never came to be so");
    }
}
