//! P1: from the confirmed amount to the code's bytes, the channel replaced by an instant reply,
//! against one durable commit, one signature and one QR code, interleaved.
//!
//! In the same rounds the processor's time of a sale at either channel: a code that is shown until it
//! is drawn, and a scan until it is paid. A sale in WeChat takes no more than 1.2 times Alipay's.

use std::path::Path;

use mianfu_core::attempt::Screen;
use mianfu_core::breaker::Offer;
use mianfu_core::channel::{ChannelId, Flow};
use mianfu_core::money::{Fen, Timestamp};
use mianfu_core::number::OutTradeNo;
use mianfu_db::{Db, Lock, OpenOptions};
use mianfu_gateway::{
    Alipay, AlipaySettings, ApiV2Key, ApiV3Key, Channel, HttpReply, HttpRequest, Keys,
    MerchantKeys, Method, PlatformKey, RsaKeys, Scans, SignType, Wechat, WechatKeys,
    WechatSettings,
};
use mianfu_practice::state::WechatPapers;
use mianfu_practice::{Answer, Channel as Wallet, Manner, Practice, Reply, Request, state};
use mianfu_till::resume::Opening;
use mianfu_till::{Collect, Line, Means, Outgoing, SameCustomer, Settings, Till};
use qrcode::{EcLevel, QrCode};

use crate::rounds::{line, median, thousandths, timed, worked};

type Failure = Box<dyn std::error::Error>;

/// Rounds, and how often each part runs in a round.
const ROUNDS: u32 = 21;
const EACH: u32 = 32;
/// 1.25, in per mille.
const GOAL: u64 = 1_250;
/// 1.20, in per mille: a sale in WeChat against one in Alipay.
const WECHAT_GOAL: u64 = 1_200;
/// The ways of a sale that are compared.
const FLOWS: [(&str, Flow); 2] = [("shown", Flow::Show), ("scanned", Flow::Scan)];

const ENDPOINT: &str = "http://127.0.0.1:1";

struct Bench {
    till: Till<MerchantKeys>,
    keys: RsaKeys,
    practice: Practice,
    now: Timestamp,
    intent: u32,
}

/// What a sale took, without the channel's own time.
struct Spent {
    ns: u64,
    processor_ns: u64,
}

impl Spent {
    fn of<T>(work: impl FnOnce() -> T) -> (Spent, T) {
        let (processor_ns, (ns, gave)) = worked(|| timed(work));
        (Spent { ns, processor_ns }, gave)
    }
}

/// Measures P1.
pub(crate) fn measure() -> Result<String, Failure> {
    // Beside the programs, on the disk that a build uses: a file system in memory syncs nothing.
    let own = std::env::current_exe()?;
    let folder = tempfile::tempdir_in(own.parent().unwrap_or(Path::new(".")))?;
    let mut bench = Bench::open(folder.path())?;
    let commits = Commits::open(&folder.path().join("commits.db"))?;
    bench.prove()?;
    let (mut ratios, mut against) = (Vec::new(), [const { Vec::new() }; FLOWS.len()]);
    for _ in 0..ROUNDS {
        let [mut whole, mut commit, mut sign, mut qr] = [const { Vec::new() }; 4];
        let mut alipay = [const { Vec::new() }; FLOWS.len()];
        let mut wechat = [const { Vec::new() }; FLOWS.len()];
        for _ in 0..EACH {
            commit.push(timed(|| commits.commit()).0);
            for (place, (_, flow)) in FLOWS.into_iter().enumerate() {
                let spent = bench.sell(ChannelId::Alipay, flow)?;
                alipay[place].push(spent.processor_ns);
                if flow == Flow::Show {
                    whole.push(spent.ns);
                }
                wechat[place].push(bench.sell(ChannelId::Wechat, flow)?.processor_ns);
            }
            sign.push(timed(|| bench.keys.sign(&[b'x'; 700])).0);
            qr.push(timed(|| draw("https://qr.alipay.com/practice0123456789ab")).0);
        }
        let parts = median(&commit) + median(&sign) + median(&qr);
        ratios.push(median(&whole) * 1_000 / parts.max(1));
        for (place, against) in against.iter_mut().enumerate() {
            against.push(median(&wechat[place]) * 1_000 / median(&alipay[place]).max(1));
        }
    }
    let mut more = format!(" wechat_goal={}", thousandths(WECHAT_GOAL));
    for ((name, _), against) in FLOWS.iter().zip(&against) {
        more.push_str(&format!(" wechat_{name}={}", thousandths(median(against))));
    }
    let report = line("P1", &ratios, GOAL, &more);
    let met =
        median(&ratios) <= GOAL && against.iter().all(|against| median(against) <= WECHAT_GOAL);
    if met { Ok(report) } else { Err(report.into()) }
}

fn draw(content: &str) -> usize {
    QrCode::with_error_correction_level(content, EcLevel::M).map_or(0, |code| code.width())
}

/// One durable commit and nothing else: a row of about a kilobyte in a table of its own.
struct Commits(rusqlite::Connection);

impl Commits {
    fn open(path: &Path) -> Result<Commits, rusqlite::Error> {
        let conn = rusqlite::Connection::open(path)?;
        conn.pragma_update(None, "journal_mode", "wal")?;
        conn.pragma_update(None, "synchronous", "full")?;
        conn.execute_batch("CREATE TABLE kept (no INTEGER PRIMARY KEY, row TEXT) STRICT")?;
        Ok(Commits(conn))
    }

    fn commit(&self) -> usize {
        let row = "x".repeat(1_000);
        let insert = self.0.prepare_cached("INSERT INTO kept (row) VALUES (?1)");
        insert.and_then(|mut insert| insert.execute([row])).unwrap_or(0)
    }
}

impl Bench {
    fn open(folder: &Path) -> Result<Bench, Failure> {
        let papers = state::Papers::open(&folder.join("practice"))?;
        let at_wechat = WechatPapers::open(&papers)?;
        let mut practice = Practice::new(papers.options(1), papers.signer()?);
        practice.open_wechat(at_wechat.account()?);
        let read = |name: &str| std::fs::read_to_string(papers.file(name));
        let private = read(state::MERCHANT_PRIVATE_KEY)?;
        let public = read(state::ALIPAY_PUBLIC_KEY)?;
        let alipay = Channel::Alipay(Alipay {
            settings: AlipaySettings::new(&format!("{ENDPOINT}/gateway.do"), &papers.app_id),
            keys: MerchantKeys::Alipay(RsaKeys::from_keys(&private, &public)?),
            payer_key: [7; 32],
        });
        let id = &at_wechat.public_key_id;
        let platform = PlatformKey::from_public_key(id, &read(state::WECHAT_PUBLIC_KEY)?)?;
        let wechat = Channel::Wechat(Wechat {
            settings: wechat_settings(&at_wechat),
            keys: MerchantKeys::Wechat(WechatKeys::new(&private, [platform])?),
            v3_key: ApiV3Key::new(&read(state::WECHAT_V3_KEY)?).ok_or("no key of v3")?,
            v2_key: ApiV2Key::new(&read(state::WECHAT_V2_KEY)?).ok_or("no key of v2")?,
            payer_key: [7; 32],
        });
        let now = Timestamp(1_795_190_400_000);
        let (db, opened) = Db::open(&OpenOptions {
            path: &folder.join("till.db"),
            vfs: None,
            now,
            machine: "bench",
            store: 1,
            till: 1,
            epoch: 1,
            lock: Lock::Beside,
        })?;
        let settings = Settings::practice("面付", "1");
        let lines = vec![Line::new(alipay), Line::new(wechat)];
        let till = Till::open(Opening { db, opened, lines, settings, seed: 1 }, now)?;
        let keys = RsaKeys::from_keys(&private, &public)?;
        Ok(Bench { till, keys, practice, now, intent: 0 })
    }

    /// Lets the channels prove themselves before the first sale.
    fn prove(&mut self) -> Result<(), Failure> {
        self.till.tick(self.now);
        for _ in 0..4 {
            self.answer_all();
        }
        for channel in [ChannelId::Alipay, ChannelId::Wechat] {
            match self.till.offer_of(channel, Flow::Scan) {
                Some(Offer::Ready) => (),
                other => return Err(format!("practice did not prove itself: {other:?}").into()),
            }
        }
        Ok(())
    }

    /// Sells once; returns what it took from the confirmed amount to the code's bytes, or to the
    /// payment of a scan, and brings the sale to its end outside the measured time.
    fn sell(&mut self, channel: ChannelId, flow: Flow) -> Result<Spent, Failure> {
        self.intent += 1;
        let collect = Collect {
            intent_id: format!("bench-{}", self.intent),
            amount: Fen::new(1_250).unwrap_or(Fen::ZERO),
            means: self.means(channel, flow),
            same_customer: SameCustomer::Another,
        };
        let (now, till) = (self.now, &mut self.till);
        let (mut spent, (no, calls)) = Spent::of(|| {
            let no = till.collect(collect, now);
            (no, till.take_calls(now))
        });
        let no = no?;
        for call in calls {
            let id = call.id;
            let reply = reply(&mut self.practice, now, &call.request);
            let till = &mut self.till;
            let (more, done) = Spent::of(|| {
                till.answered(id, reply, now);
                let Ok(attempt) = till.attempt(&no) else { return false };
                match flow {
                    Flow::Show => attempt.live_code().is_some_and(|code| draw(code) != 0),
                    Flow::Scan => attempt.screen() == Screen::Paid,
                }
            });
            spent.ns += more.ns;
            spent.processor_ns += more.processor_ns;
            if !done {
                return Err("no code was drawn, or the scan was not paid".into());
            }
        }
        self.end(&no)?;
        Ok(spent)
    }

    fn means(&mut self, channel: ChannelId, flow: Flow) -> Means {
        let wallet = match channel {
            ChannelId::Alipay => Wallet::Alipay,
            ChannelId::Wechat => Wallet::Wechat,
        };
        let customer = self.practice.truth().stranger();
        let (now_ms, manner) = (self.now.0, Manner::Pays);
        match flow {
            Flow::Show => Means::Show(channel),
            Flow::Scan => {
                Means::Scan(self.practice.show_payment_code_of(wallet, now_ms, customer, manner))
            }
        }
    }

    fn end(&mut self, no: &OutTradeNo) -> Result<(), Failure> {
        self.till.cancel(no, self.now)?;
        for _ in 0..8 {
            self.answer_all();
            if self.till.attempt(no)?.is_final() {
                return Ok(());
            }
        }
        Err("a cancelled sale did not end".into())
    }

    fn answer_all(&mut self) {
        self.now = self.now.plus_ms(1_000);
        for Outgoing { id, channel: _, request } in self.till.take_calls(self.now) {
            let reply = reply(&mut self.practice, self.now, &request);
            self.till.answered(id, reply, self.now);
        }
    }
}

fn wechat_settings(papers: &WechatPapers) -> WechatSettings {
    WechatSettings {
        endpoint: ENDPOINT.to_owned(),
        app_id: papers.appid.clone(),
        mch_id: papers.mchid.clone(),
        serial_no: papers.merchant_serial.clone(),
        answer_serial: Some(papers.public_key_id.clone()),
        notify_url: "https://notify.invalid/wechat".to_owned(),
        terminal_ip: "127.0.0.1".to_owned(),
        device: None,
        sign_type: SignType::HmacSha256,
        scans: Scans::V2,
        sub_merchant: None,
    }
}

fn reply(
    practice: &mut Practice,
    now: Timestamp,
    request: &HttpRequest,
) -> Result<HttpReply, mianfu_gateway::CallError> {
    let address = request.url.trim_start_matches(ENDPOINT);
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let headers =
        request.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let method = match request.method {
        Method::Get => "GET",
        Method::Post => "POST",
    };
    let request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body: request.body.clone(),
    };
    match practice.handle(now.0, &request) {
        Reply::Answer { answer: Answer { status, headers, body }, .. } => {
            Ok(HttpReply { status, headers, body })
        }
        Reply::Lost | Reply::Refused => {
            Err(mianfu_gateway::CallError::TimedOut { limit_ms: request.body.len() as u32 })
        }
    }
}
