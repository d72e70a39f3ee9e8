//! A shop in one process and on virtual time: the real till on a real file, practice as its
//! channel, a network between them that can be taken away, and people who press keys.
//!
//! Nothing waits: time moves to the next moment at which the till asked to be woken or an answer
//! arrives. What leaves the till is written down in the order of leaving.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mianfu_core::attempt::{Attempt, Screen};
use mianfu_core::breaker::Offer;
use mianfu_core::channel::ChannelId;
use mianfu_core::money::{Fen, Timestamp};
use mianfu_core::number::{OutTradeNo, RefundNo};
use mianfu_core::order::{Counted, Order, Standing};
use mianfu_db::{BackupTo, Birth, Db, DbError, FindingKind, Lock, OpenOptions};
use mianfu_gateway::{
    Alipay, AlipaySettings, ApiV2Key, ApiV3Key, AppAuthToken, BODY_LIMIT_BYTES, Call, CallError,
    Channel, HttpReply, HttpRequest, Keys, Method, RsaKeys, Scans, SignType, Stamp, Wechat,
    WechatKeys, WechatSettings,
};
use mianfu_practice::wechat::{Account, PlatformKey, Secrets};
use mianfu_practice::{
    Answer, Channel as Wallet, KeyedHash, Manner, Options, Practice, Reply, Request, Signer,
};
use mianfu_till::cash::CashRefusal;
use mianfu_till::resume::Opening;
use mianfu_till::{CallId, Collect, Line, Means, Outgoing, Refusal, SameCustomer, Settings, Till};
use tempfile::TempDir;

use crate::simulation::disk::{self, Disk};

/// 2026-11-21 10:00 in Shanghai.
pub const TEN: Timestamp = Timestamp(1_795_226_400_000);
/// A minute in ms.
pub const MINUTE_MS: i64 = 60_000;
/// An hour in ms.
pub const HOUR_MS: i64 = 3_600_000;

pub const PAY: &str = "alipay.trade.pay";
pub const PRECREATE: &str = "alipay.trade.precreate";
pub const QUERY: &str = "alipay.trade.query";
pub const CANCEL: &str = "alipay.trade.cancel";
pub const CLOSE: &str = "alipay.trade.close";
pub const REFUND: &str = "alipay.trade.refund";
pub const REFUND_QUERY: &str = "alipay.trade.fastpay.refund.query";
/// WeChat Pay's calls, as practice's weather names them.
pub const WECHAT_NATIVE: &str = "wechat.v3.native";
pub const WECHAT_QUERY: &str = "wechat.v2.orderquery";
pub const WECHAT_REVERSE: &str = "wechat.v2.reverse";

/// WeChat Pay's account in the tests.
pub const APP_ID: &str = "wx9999000000000001";
pub const MCH_ID: &str = "1900009999";
pub const MERCHANT_SERIAL: &str = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1";
pub const PLATFORM_SERIAL: &str = "7132D72A03E93CDDF8C03BBD1F37EEDF1B8E1515";
pub const V2_KEY: &str = "0123456789abcdef0123456789abcdef";
pub const V3_KEY: &str = "fedcba9876543210fedcba9876543210";

/// What both sides hash with where nothing is signed for real.
pub const SECRET: &[u8] = b"the tests' secret";

/// From a request's leaving to its answer's coming, in ms.
const ANSWER_MS: i64 = 100;
/// How soon a missing network is noticed, in ms.
const UNREACHABLE_MS: i64 = 20;
/// Rounds at one instant; a till that wakes itself for nothing takes more.
const ROUNDS_AT_ONCE_MAX: u32 = 2_000;
/// How long everything may take to come to rest, in ms.
const REST_MS: i64 = 40 * MINUTE_MS;
/// The longest an open attempt may sleep, in ms.
const SLEEP_MS_MAX: i64 = 3 * MINUTE_MS;

/// How the till signs and what it believes.
#[derive(Clone)]
pub enum ShopKeys {
    /// Keyed hashes: one for our side, one for what answers must carry.
    Hash { ours: KeyedHash, channel: KeyedHash },
    /// RSA2, as in the shop.
    Rsa(Arc<RsaKeys>),
    /// WeChat Pay's, as in the shop.
    Wechat(WechatKeys),
}

impl Keys for ShopKeys {
    fn sign(&self, content: &[u8]) -> String {
        match self {
            ShopKeys::Hash { ours, .. } => ours.sign_as(KeyedHash::MERCHANT, content),
            ShopKeys::Rsa(keys) => keys.sign(content),
            ShopKeys::Wechat(keys) => keys.sign(content),
        }
    }

    fn verify(&self, content: &[u8], signature_base64: &str) -> bool {
        match self {
            ShopKeys::Hash { channel, .. } => {
                channel.sign_as(KeyedHash::ALIPAY, content) == signature_base64
            }
            ShopKeys::Rsa(keys) => keys.verify(content, signature_base64),
            ShopKeys::Wechat(keys) => keys.verify(content, signature_base64),
        }
    }

    fn knows(&self, serial: &str) -> bool {
        match self {
            ShopKeys::Hash { .. } | ShopKeys::Rsa(_) => serial == PLATFORM_SERIAL,
            ShopKeys::Wechat(keys) => keys.knows(serial),
        }
    }

    fn verify_under(&self, serial: &str, content: &[u8], signature_base64: &str) -> bool {
        match self {
            ShopKeys::Hash { .. } | ShopKeys::Rsa(_) => {
                self.knows(serial) && self.verify(content, signature_base64)
            }
            ShopKeys::Wechat(keys) => keys.verify_under(serial, content, signature_base64),
        }
    }

    fn holds_certificates(&self) -> bool {
        match self {
            ShopKeys::Hash { .. } | ShopKeys::Rsa(_) => false,
            ShopKeys::Wechat(keys) => keys.holds_certificates(),
        }
    }

    fn trust(&mut self, more: Vec<mianfu_gateway::PlatformKey>, now: Timestamp) {
        if let ShopKeys::Wechat(keys) = self {
            keys.trust(more, now);
        }
    }
}

/// What lies between the till and the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// Requests arrive; practice's weather decides the rest.
    Up,
    /// No connection comes to be.
    Down,
    /// Requests leave and nothing ever comes back.
    Swallows,
}

/// When the power goes, counted in requests from then on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crash {
    /// Requests that leave before.
    pub after: usize,
    /// What becomes of the one after them.
    pub moment: Moment,
}

/// Where in a call the power goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// It was kept and did not leave.
    BeforeLeaving,
    /// It arrived and nobody hears the answer.
    BeforeTheAnswer,
}

/// A request that left the till.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub at: Timestamp,
    pub method: String,
    pub out_trade_no: String,
    /// The business parameters (`biz_content`).
    pub business: String,
}

/// Where a shop's database lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// On a disk in memory; the till may be cut off and come back.
    Memory,
    /// In a folder, with its lock and its witness.
    Folder,
    /// On a file system that SQLite knows by this name.
    Vfs(String),
}

/// What a shop is made of, before it opens.
pub struct Setup {
    pub options: Options,
    pub settings: Settings,
    pub alipay: AlipaySettings,
    pub wechat: WechatSettings,
    /// The merchant at WeChat Pay, where that channel is set up.
    pub account: Account,
    pub keys: ShopKeys,
    pub signer: Box<dyn FnOnce(Options) -> Practice>,
    /// Where the database lies.
    pub place: Place,
    /// The till's clock less the world's, in ms.
    pub skew_ms: i64,
    /// The channels that are set up.
    pub channels: Vec<ChannelId>,
}

struct Flight {
    due: Timestamp,
    id: CallId,
    result: Result<HttpReply, CallError>,
}

/// A shop.
pub struct Shop {
    pub practice: Practice,
    /// The world's time.
    pub now: Timestamp,
    /// The till's clock less the world's, in ms.
    pub skew_ms: i64,
    pub network: Network,
    pub settings: Settings,
    pub alipay: AlipaySettings,
    pub wechat: WechatSettings,
    pub keys: ShopKeys,
    /// The channels that are set up.
    pub channels: Vec<ChannelId>,
    /// The machine the till runs on.
    pub machine: String,
    /// The epoch that the next opening draws, where one must be drawn.
    pub epoch: u32,
    /// Every request that left, in order.
    pub sent: Vec<Sent>,
    /// Answers never come sooner than this, in ms.
    pub answer_ms: i64,
    till: Option<Till<ShopKeys>>,
    folder: TempDir,
    place: Place,
    disk: Disk,
    flights: Vec<Flight>,
    crash: Option<Crash>,
    intents: u32,
}

impl Setup {
    fn new() -> Setup {
        let secret = KeyedHash::new(SECRET);
        let signer = secret.clone();
        let options = Options::new(7);
        Setup {
            alipay: AlipaySettings::new("http://127.0.0.1:1/gateway.do", &options.app_id),
            options,
            wechat: wechat_settings(),
            account: account(PlatformKey {
                serial: PLATFORM_SERIAL.to_owned(),
                certificate: None,
                signer: Box::new(secret.clone()),
            }),
            settings: Settings::practice("面馆", "1 号台"),
            keys: ShopKeys::Hash { ours: secret.clone(), channel: secret },
            signer: Box::new(move |options| Practice::new(options, signer)),
            place: Place::Memory,
            skew_ms: 0,
            channels: vec![ChannelId::Alipay],
        }
    }

    /// Sets up both channels.
    pub fn both_channels(&mut self) {
        self.channels = vec![ChannelId::Alipay, ChannelId::Wechat];
    }

    /// Sets up WeChat Pay alone and in certificate mode: it signs with this key, and the till
    /// begins with these.
    pub fn certified(&mut self, keys: WechatKeys, key: PlatformKey) {
        self.channels = vec![ChannelId::Wechat];
        self.keys = ShopKeys::Wechat(keys);
        self.wechat.answer_serial = None;
        self.account = account(key);
    }

    /// Lets practice sign with this.
    pub fn signed_by(&mut self, signer: impl Signer + 'static) {
        self.signer = Box::new(move |options| Practice::new(options, signer));
    }

    /// Names a merchant's consent, as a service provider does.
    pub fn with_app_auth_token(&mut self, token: &str) {
        self.alipay.app_auth_token = Some(AppAuthToken(token.to_owned()));
    }
}

impl Default for Shop {
    fn default() -> Shop {
        Shop::new()
    }
}

impl Shop {
    /// Opens a shop whose channel has proven itself.
    #[must_use]
    pub fn new() -> Shop {
        Shop::with(|_| ())
    }

    /// Opens a shop that differs from the plain one, its channel proven.
    #[must_use]
    pub fn with(change: impl FnOnce(&mut Setup)) -> Shop {
        let mut shop = Shop::closed(change);
        shop.open().expect("a fresh database opens");
        shop.wait(1_000);
        shop
    }

    /// Builds a shop whose till has not started yet.
    #[must_use]
    pub fn closed(change: impl FnOnce(&mut Setup)) -> Shop {
        let mut setup = Setup::new();
        change(&mut setup);
        let mut practice = (setup.signer)(setup.options);
        if setup.channels.contains(&ChannelId::Wechat) {
            practice.open_wechat(setup.account);
        }
        Shop {
            practice,
            channels: setup.channels,
            now: TEN,
            skew_ms: setup.skew_ms,
            network: Network::Up,
            settings: setup.settings,
            alipay: setup.alipay,
            wechat: setup.wechat,
            keys: setup.keys,
            machine: "this machine".to_owned(),
            epoch: 11_111_111,
            sent: Vec::new(),
            answer_ms: ANSWER_MS,
            till: None,
            folder: tempfile::tempdir().expect("a folder"),
            place: setup.place,
            disk: Disk::new(next_disk()),
            flights: Vec::new(),
            crash: None,
            intents: 0,
        }
    }

    /// Starts the till on its database.
    ///
    /// # Errors
    ///
    /// The database cannot be used.
    pub fn open(&mut self) -> Result<Birth, DbError> {
        let now = self.till_now();
        let path = self.database();
        self.epoch += 1;
        let (db, opened) = Db::open(&OpenOptions {
            path: &path,
            vfs: match &self.place {
                Place::Memory => Some(disk::VFS),
                Place::Folder => None,
                Place::Vfs(name) => Some(name),
            },
            now,
            machine: &self.machine,
            store: 42,
            till: 7,
            epoch: self.epoch,
            lock: match self.place {
                Place::Memory | Place::Vfs(_) => Lock::None,
                Place::Folder => Lock::Beside,
            },
        })?;
        let birth = opened.birth;
        let lines = self.channels.iter().map(|channel| Line::new(self.channel(*channel))).collect();
        let settings = self.settings.clone();
        self.till = Some(Till::open(Opening { db, opened, lines, settings, seed: 3 }, now)?);
        Ok(birth)
    }

    /// Returns a channel as the till has it.
    #[must_use]
    pub fn channel(&self, channel: ChannelId) -> Channel<ShopKeys> {
        match channel {
            ChannelId::Alipay => Channel::Alipay(Alipay {
                settings: self.alipay.clone(),
                keys: self.keys.clone(),
                payer_key: [9; 32],
            }),
            ChannelId::Wechat => Channel::Wechat(Wechat {
                settings: self.wechat.clone(),
                keys: self.keys.clone(),
                v3_key: ApiV3Key::new(V3_KEY).expect("a key of 32 characters"),
                v2_key: ApiV2Key::new(V2_KEY).expect("a key of 32 characters"),
                payer_key: [9; 32],
            }),
        }
    }

    /// The power goes: nothing of the process is left.
    pub fn cut(&mut self) {
        self.till = None;
        self.flights.clear();
        self.crash = None;
    }

    /// The power goes and comes back after so many ms.
    pub fn restart(&mut self, away_ms: i64) -> Birth {
        self.cut();
        self.now = self.now.plus_ms(away_ms);
        self.practice.advance(self.now.0);
        self.open().expect("the database opens again")
    }

    /// Makes a backup.
    #[track_caller]
    pub fn back_up(&mut self) -> PathBuf {
        let folder = self.folder().to_owned();
        let to = BackupTo { folder: &folder, now: self.now, keep: 3 };
        self.till().db().backup_to(&to).expect("a backup is made")
    }

    /// The power goes and a backup takes the database's place.
    pub fn put_back(&mut self, backup: &Path) {
        self.cut();
        for suffix in ["", "-wal", "-shm"] {
            let mut name = self.database().into_os_string();
            name.push(suffix);
            drop(std::fs::remove_file(name));
        }
        std::fs::copy(backup, self.database()).expect("a backup is copied");
    }

    /// Lets the power go after so many more requests.
    pub fn crash_at(&mut self, crash: Crash) {
        self.crash = Some(crash);
    }

    /// Says whether the till is running.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.till.is_some()
    }

    /// Returns the running till.
    #[track_caller]
    pub fn till(&mut self) -> &mut Till<ShopKeys> {
        self.till.as_mut().expect("the till runs")
    }

    /// Returns the till's time.
    #[must_use]
    pub fn till_now(&self) -> Timestamp {
        self.now.plus_ms(self.skew_ms)
    }

    /// Returns the database's path.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        match self.place {
            Place::Memory => self.disk.database(),
            Place::Folder => self.folder.path().join("till.db"),
            Place::Vfs(_) => PathBuf::from("till.db"),
        }
    }

    /// Returns the folder that holds the database.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Lets so many ms pass.
    pub fn wait(&mut self, ms: i64) {
        self.run_until(self.now.plus_ms(ms));
    }

    /// Lets time pass until then, or until the power goes.
    pub fn run_until(&mut self, end: Timestamp) {
        while self.rest_at_once() {
            let next = self.next_moment().filter(|at| *at <= end);
            self.now = next.unwrap_or(end).max(self.now);
            self.practice.advance(self.now.0);
            if next.is_none() {
                self.rest_at_once();
                return;
            }
        }
    }

    /// Lets time pass until the attempt ends.
    #[track_caller]
    pub fn end(&mut self, no: &OutTradeNo) -> Attempt {
        let until = self.now.plus_ms(REST_MS);
        while !self.attempt(no).is_final() {
            assert!(self.now < until, "{no} does not end: {:?}", self.attempt(no));
            self.step();
        }
        self.attempt(no)
    }

    /// Lets time pass until nothing is open, and compares the books.
    #[track_caller]
    pub fn settle(&mut self) {
        self.settle_within(REST_MS);
    }

    /// The same within so many ms.
    #[track_caller]
    pub fn settle_within(&mut self, ms: i64) {
        let until = self.now.plus_ms(ms);
        while !self.is_settled() {
            assert!(self.now < until, "something stays open: {:?}", self.open_things());
            self.step();
        }
        self.assert_books();
        // A submit may still be open although a query has ended its attempt.
        self.wait(20_000);
        self.assert_books();
        let left = self.till().db().read().queue().counts().expect("the queue is read");
        assert_eq!(left.operations, 0, "rows are left in the queue");
    }

    /// Says whether nothing is open.
    #[track_caller]
    pub fn is_settled(&mut self) -> bool {
        self.till().is_settled().expect("the database is read")
    }

    /// Lets the next thing happen.
    #[track_caller]
    pub fn step(&mut self) {
        assert!(self.rest_at_once(), "the power is away");
        let next = self.next_moment().expect("a running till has a next moment");
        self.now = next.max(self.now);
        self.practice.advance(self.now.0);
        self.rest_at_once();
    }

    /// A customer opens a payment code on the phone.
    pub fn code(&mut self, manner: Manner) -> String {
        self.practice.show_payment_code(self.now.0, manner)
    }

    /// A customer opens a payment code in WeChat.
    pub fn code_in_wechat(&mut self, manner: Manner) -> String {
        let customer = self.practice.truth().stranger();
        self.practice.show_payment_code_of(Wallet::Wechat, self.now.0, customer, manner)
    }

    /// Returns what a cashier confirms, under a name of its own.
    pub fn intent(&mut self, fen: i64, means: Means) -> Collect {
        self.intents += 1;
        Collect {
            intent_id: format!("intent {}", self.intents),
            amount: Fen::new(fen).unwrap_or(Fen::ZERO),
            means,
            same_customer: SameCustomer::Another,
        }
    }

    /// The cashier confirms an amount.
    ///
    /// # Errors
    ///
    /// Whatever the till refuses.
    pub fn collect(&mut self, fen: i64, means: Means) -> Result<OutTradeNo, Refusal> {
        let (collect, now) = (self.intent(fen, means), self.till_now());
        self.till().collect(collect, now)
    }

    /// The cashier scans a customer's code.
    #[track_caller]
    pub fn scan(&mut self, fen: i64, manner: Manner) -> OutTradeNo {
        let code = self.code(manner);
        self.collect(fen, Means::Scan(code)).expect("a sale begins")
    }

    /// The cashier shows a code.
    #[track_caller]
    pub fn show(&mut self, fen: i64) -> OutTradeNo {
        self.collect(fen, Means::Show(ChannelId::Alipay)).expect("a sale begins")
    }

    /// The cashier shows a code and it is drawn.
    #[track_caller]
    pub fn show_drawn(&mut self, fen: i64) -> (OutTradeNo, String) {
        let no = self.show(fen);
        self.wait(500);
        let qr = self.qr(&no).expect("a code is drawn");
        (no, qr)
    }

    /// The cashier shows a code of WeChat Pay's, it is drawn, and a customer pays.
    #[track_caller]
    pub fn paid_in_wechat(&mut self, fen: i64) -> OutTradeNo {
        let no = self.collect(fen, Means::Show(ChannelId::Wechat)).expect("a sale begins");
        self.wait(500);
        let qr = self.qr(&no).expect("a code is drawn");
        self.practice.scan(self.now.0, &qr, Manner::Pays).expect("it is scanned");
        assert_eq!(self.end(&no).screen(), Screen::Paid);
        no
    }

    /// The cashier cancels.
    #[track_caller]
    pub fn cancel(&mut self, no: &OutTradeNo) {
        let now = self.till_now();
        self.till().cancel(no, now).expect("a cancel is kept");
    }

    /// The cashier takes exactly what is due in cash in the place of an attempt.
    ///
    /// # Errors
    ///
    /// Whatever the till refuses.
    pub fn cash_instead(&mut self, no: &OutTradeNo) -> Result<Order, CashRefusal> {
        let received = self.attempt(no).amount.fen();
        let now = self.till_now();
        let counted = Counted { received, rounded: Fen::ZERO };
        self.till().take_cash_instead(no, counted, now)
    }

    /// Returns the code that stands on the screen for an attempt.
    #[track_caller]
    pub fn qr(&mut self, no: &OutTradeNo) -> Option<String> {
        self.attempt(no).live_code().map(str::to_owned)
    }

    /// Returns an attempt.
    #[track_caller]
    pub fn attempt(&mut self, no: &OutTradeNo) -> Attempt {
        self.till().attempt(no).expect("the attempt is kept")
    }

    /// Returns what the cashier reads of an attempt.
    #[track_caller]
    pub fn screen(&mut self, no: &OutTradeNo) -> Screen {
        self.attempt(no).screen()
    }

    /// Returns whether the channel takes new charges.
    #[track_caller]
    pub fn offer(&mut self) -> Offer {
        self.till().offer(ChannelId::Alipay).expect("the channel is set up")
    }

    /// Returns the kinds of the open findings, oldest first.
    #[track_caller]
    pub fn findings(&mut self) -> Vec<FindingKind> {
        let open = self.till().db().read().findings().open(100).expect("findings are read");
        open.into_iter().map(|finding| finding.kind).collect()
    }

    /// Returns how often a method was called about a number.
    #[must_use]
    pub fn calls(&self, method: &str, no: &OutTradeNo) -> usize {
        let about = |sent: &&Sent| sent.method == method && sent.out_trade_no == no.as_str();
        self.sent.iter().filter(about).count()
    }

    /// Returns what the channel holds of a number's money, in fen: taken less returned.
    #[must_use]
    pub fn held_by_channel(&self, no: &OutTradeNo) -> i64 {
        let trade = self.practice.truth().trade(no.as_str());
        trade.map_or(0, |trade| match trade.paid_ms {
            Some(_) => trade.amount_fen - trade.refunded_fen(),
            None => 0,
        })
    }

    /// Compares the till with the channel's ledger: every capture is known, every order adds up,
    /// nobody paid twice.
    #[track_caller]
    pub fn assert_books(&mut self) {
        let attempts = self.all_attempts();
        for capture in self.practice.truth().captures() {
            let known = attempts.iter().any(|a| a.out_trade_no.as_str() == capture.out_trade_no);
            assert!(known, "{} was paid and the till does not know it", capture.out_trade_no);
        }
        let held = |attempt: &Attempt| attempt.screen() == Screen::Held;
        let mut orders: Vec<_> = attempts.iter().map(|attempt| attempt.order_no).collect();
        orders.dedup();
        for order_no in orders {
            let of_order: Vec<Attempt> =
                attempts.iter().filter(|a| a.order_no == order_no).cloned().collect();
            if of_order.iter().any(held) {
                continue;
            }
            let channel: i64 =
                of_order.iter().map(|attempt| self.held_by_channel(&attempt.out_trade_no)).sum();
            let read = self.till().db().read();
            let order = read.orders().get(order_no).expect("the order is kept").value;
            let mut refunds = Vec::new();
            for attempt in &of_order {
                let kept = read.refunds().of_attempt(&attempt.out_trade_no).expect("refunds");
                refunds.extend(kept.into_iter().map(|kept| kept.value));
            }
            let standing = Standing::of(&order, &of_order, &refunds).expect("it adds up");
            let kept = standing.kept().expect("no more went back than came");
            let cash = order.cash_left().get();
            assert_eq!(kept.get(), channel + cash, "order {order_no}: {of_order:#?}");
            assert!(kept <= order.due, "order {order_no} was paid twice: {of_order:#?}");
        }
    }

    /// Returns every attempt, by order.
    #[track_caller]
    pub fn all_attempts(&mut self) -> Vec<Attempt> {
        let read = self.till().db().read();
        let kept = read.attempts().recent(Timestamp(i64::MAX), 10_000).expect("attempts are read");
        let mut attempts: Vec<Attempt> = kept.into_iter().map(|kept| kept.value).collect();
        attempts.sort_by_key(|attempt| attempt.order_no);
        attempts
    }

    /// Lets the till hear what has come by now, and nothing else.
    #[track_caller]
    pub fn hear(&mut self) {
        let now = self.till_now();
        for flight in self.arrived() {
            self.till().answered(flight.id, flight.result, now);
        }
    }

    /// Another till of the merchant gives back so much under the number's n-th place.
    #[track_caller]
    pub fn refund_elsewhere(&mut self, no: &OutTradeNo, nth: u32, fen: i64) {
        let attempt = self.attempt(no);
        let call = Call::Refund {
            out_trade_no: no.clone(),
            refund_no: RefundNo::compose(no, nth).expect("a place of the number"),
            amount: Fen::new(fen).expect("an amount"),
            of: attempt.amount,
        };
        let stamp = Stamp { now: self.now, offset_ms: 0 };
        let request = self.channel(attempt.channel).encode(&call, attempt.flow, stamp);
        self.deliver(&request);
    }

    /// Hands another till's request to the channel.
    pub fn deliver(&mut self, request: &HttpRequest) -> Reply {
        let wire = on_the_wire(request);
        self.practice.handle(self.now.0, &wire)
    }

    /// Hands a call to the network.
    pub fn leave(&mut self, outgoing: Outgoing) {
        let Outgoing { id, channel: _, request } = outgoing;
        let wire = on_the_wire(&request);
        let sent = written(self.now, &wire);
        let dies = self.crash.map(|crash| (crash.after == 0, crash.moment));
        if let Some((true, Moment::BeforeLeaving)) = dies {
            self.cut();
            return;
        }
        self.assert_marked(&sent);
        self.sent.push(sent);
        let limit = self.now.plus_ms(i64::from(request.limit_ms));
        let timed_out = || Err(CallError::TimedOut { limit_ms: request.limit_ms });
        let (due, result) = match self.network {
            Network::Down => (self.now.plus_ms(UNREACHABLE_MS), Err(unreachable())),
            Network::Swallows => (limit, timed_out()),
            Network::Up => match self.practice.handle(self.now.0, &wire) {
                Reply::Answer { answer, delay_ms } => {
                    let due = self.now.plus_ms(self.answer_ms + i64::from(delay_ms));
                    if limit < due { (limit, timed_out()) } else { (due, answered(answer)) }
                }
                Reply::Lost => (limit, timed_out()),
                Reply::Refused => (self.now.plus_ms(UNREACHABLE_MS), Err(unreachable())),
            },
        };
        if let Some((true, Moment::BeforeTheAnswer)) = dies {
            self.cut();
            return;
        }
        if let Some(crash) = &mut self.crash {
            crash.after -= 1;
        }
        self.flights.push(Flight { due, id, result });
    }

    /// A submit leaves only under a mark that is kept (M1).
    #[track_caller]
    fn assert_marked(&mut self, sent: &Sent) {
        let submits = sent.method == PAY || sent.method == PRECREATE;
        if let (true, Some(no)) = (submits, OutTradeNo::new(&sent.out_trade_no)) {
            assert!(self.attempt(&no).sent_at.is_some(), "{no} left without its mark");
        }
    }

    /// Does all that is to be done at this moment; false where the power went.
    fn rest_at_once(&mut self) -> bool {
        for _ in 0..ROUNDS_AT_ONCE_MAX {
            let now = self.till_now();
            let Some(till) = &mut self.till else { return false };
            till.tick(now);
            let calls = till.take_calls(now);
            let mut idle = calls.is_empty();
            for call in calls {
                self.leave(call);
                if self.till.is_none() {
                    return false;
                }
            }
            let due = self.arrived();
            idle &= due.is_empty();
            for flight in due {
                self.till().answered(flight.id, flight.result, now);
            }
            let wakes = self.till().wake_at().expect("the database is read");
            if idle && wakes.is_none_or(|at| now < at) {
                self.assert_bounded(now);
                return true;
            }
        }
        panic!("the till wakes itself for nothing: {:?}", self.open_things());
    }

    /// Everything open has a wake-up, and none is far away (laws 6 and 7).
    fn assert_bounded(&mut self, now: Timestamp) {
        for attempt in self.till().open_attempts().expect("the database is read") {
            let due = attempt.poll_at.expect("an open attempt is woken");
            assert!(due.since_ms(now) <= SLEEP_MS_MAX, "sleeps too long: {attempt:?}");
        }
    }

    fn arrived(&mut self) -> Vec<Flight> {
        let now = self.now;
        let (due, later) =
            std::mem::take(&mut self.flights).into_iter().partition(|flight| flight.due <= now);
        self.flights = later;
        due
    }

    fn next_moment(&mut self) -> Option<Timestamp> {
        let skew_ms = self.skew_ms;
        let wakes = self.till().wake_at().expect("the database is read");
        let wakes = wakes.map(|at| at.plus_ms(-skew_ms));
        self.flights.iter().map(|flight| flight.due).chain(wakes).min()
    }

    fn open_things(&mut self) -> (Vec<Attempt>, String) {
        let open = self.till().open_attempts().expect("the database is read");
        let read = self.till().db().read();
        let refunds = read.refunds().open(100).expect("the database is read");
        let counts = read.queue().counts().expect("the database is read");
        (open, format!("{refunds:?} {counts:?}"))
    }
}

/// Each shop of the process has a disk of its own; the simulation counts its disks from below.
fn next_disk() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(1 << 40);
    LAST.fetch_add(1, Ordering::Relaxed)
}

fn unreachable() -> CallError {
    let source = std::io::Error::from(std::io::ErrorKind::NetworkUnreachable);
    CallError::Unreachable { source }
}

/// What the transport makes of an answer.
fn answered(answer: Answer) -> Result<HttpReply, CallError> {
    let Answer { status, headers, body } = answer;
    if BODY_LIMIT_BYTES < body.len() {
        return Err(CallError::TooLarge { limit_bytes: BODY_LIMIT_BYTES });
    }
    Ok(HttpReply { status, headers, body })
}

/// The merchant's numbers and secrets at WeChat Pay, with the key that signs.
fn account(key: PlatformKey) -> Account {
    let secrets = Secrets {
        v2_key: V2_KEY.to_owned(),
        v3_key: V3_KEY.as_bytes().try_into().expect("32 bytes"),
    };
    Account::new(APP_ID, MCH_ID, MERCHANT_SERIAL, secrets, key)
}

fn wechat_settings() -> WechatSettings {
    WechatSettings {
        endpoint: "http://127.0.0.1:1".to_owned(),
        app_id: APP_ID.to_owned(),
        mch_id: MCH_ID.to_owned(),
        serial_no: MERCHANT_SERIAL.to_owned(),
        answer_serial: Some(PLATFORM_SERIAL.to_owned()),
        notify_url: "https://notify.invalid/wechat".to_owned(),
        terminal_ip: "127.0.0.1".to_owned(),
        device: None,
        sign_type: SignType::HmacSha256,
        scans: Scans::V2,
        sub_merchant: None,
    }
}

fn on_the_wire(request: &HttpRequest) -> Request {
    let HttpRequest { method, url, headers, body, limit_ms: _ } = request;
    let address = url.trim_start_matches("http://127.0.0.1:1");
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Request {
        method: match method {
            Method::Get => "GET".to_owned(),
            Method::Post => "POST".to_owned(),
        },
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body: body.clone(),
    }
}

fn written(at: Timestamp, request: &Request) -> Sent {
    let field = |bytes: &[u8], name: &str| {
        form_urlencoded::parse(bytes)
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    };
    if request.path != mianfu_practice::GATEWAY_PATH {
        return written_to_wechat(at, request);
    }
    let business = field(&request.body, "biz_content");
    let members: serde_json::Value = serde_json::from_str(&business).unwrap_or_default();
    let member = |name: &str| members[name].as_str().unwrap_or_default().to_owned();
    Sent {
        at,
        method: field(request.query.as_bytes(), "method"),
        out_trade_no: member("out_trade_no"),
        business,
    }
}

/// WeChat Pay names a call by its path, v3 an attempt there too.
fn written_to_wechat(at: Timestamp, request: &Request) -> Sent {
    let business = String::from_utf8_lossy(&request.body).into_owned();
    let after = |text: &str, mark: &str| {
        let from = text.find(mark)? + mark.len();
        let digits = text[from..].trim_start_matches("<![CDATA[");
        Some(digits.chars().take_while(char::is_ascii_digit).collect::<String>())
    };
    let out_trade_no = after(&request.path, "/out-trade-no/")
        .or_else(|| after(&business, "<out_trade_no>"))
        .or_else(|| after(&business, "\"out_trade_no\":\""))
        .unwrap_or_default();
    Sent { at, method: format!("{} {}", request.method, request.path), out_trade_no, business }
}
