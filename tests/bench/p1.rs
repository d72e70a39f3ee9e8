//! P1: from the confirmed amount to the code's bytes, the channel replaced by an instant reply,
//! against one durable commit, one signature and one QR code, interleaved.

use std::path::Path;

use mianfu_core::channel::ChannelId;
use mianfu_core::money::{Fen, Timestamp};
use mianfu_core::number::OutTradeNo;
use mianfu_db::{Db, Lock, OpenOptions};
use mianfu_gateway::{Alipay, AlipaySettings, Channel, HttpReply, HttpRequest, Keys, RsaKeys};
use mianfu_practice::{Answer, Practice, Reply, Request, state};
use mianfu_till::resume::Opening;
use mianfu_till::{Collect, Line, Means, Outgoing, SameCustomer, Settings, Till};
use qrcode::{EcLevel, QrCode};

use crate::rounds::{line, median, timed};

/// Rounds, and how often each part runs in a round.
const ROUNDS: u32 = 21;
const EACH: u32 = 32;
/// 1.25, in per mille.
const GOAL: u64 = 1_250;

struct Bench {
    till: Till<RsaKeys>,
    keys: RsaKeys,
    practice: Practice,
    now: Timestamp,
    intent: u32,
}

/// Measures P1.
pub(crate) fn measure() -> Result<String, Box<dyn std::error::Error>> {
    // Beside the programs, on the disk that a build uses: a file system in memory syncs nothing.
    let own = std::env::current_exe()?;
    let folder = tempfile::tempdir_in(own.parent().unwrap_or(Path::new(".")))?;
    let mut bench = Bench::open(folder.path())?;
    let commits = Commits::open(&folder.path().join("commits.db"))?;
    bench.prove()?;
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let [mut whole, mut commit, mut sign, mut qr] = [const { Vec::new() }; 4];
        for _ in 0..EACH {
            commit.push(timed(|| commits.commit()).0);
            whole.push(bench.sell()?);
            sign.push(timed(|| bench.keys.sign(&[b'x'; 700])).0);
            qr.push(timed(|| draw("https://qr.alipay.com/practice0123456789ab")).0);
        }
        let parts = median(&commit) + median(&sign) + median(&qr);
        ratios.push(median(&whole) * 1_000 / parts.max(1));
    }
    let measured = median(&ratios);
    let report = line("P1", &ratios, GOAL, "");
    if GOAL < measured { Err(report.into()) } else { Ok(report) }
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
    fn open(folder: &Path) -> Result<Bench, Box<dyn std::error::Error>> {
        let papers = state::Papers::open(&folder.join("practice"))?;
        let practice = Practice::new(papers.options(1), papers.signer()?);
        let read = |name: &str| std::fs::read_to_string(papers.file(name));
        let private = read(state::MERCHANT_PRIVATE_KEY)?;
        let public = read(state::ALIPAY_PUBLIC_KEY)?;
        let endpoint = "http://127.0.0.1:1/gateway.do";
        let channel = Channel::Alipay(Alipay {
            settings: AlipaySettings::new(endpoint, &papers.app_id),
            keys: RsaKeys::from_keys(&private, &public)?,
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
        let lines = vec![Line::new(channel)];
        let till = Till::open(Opening { db, opened, lines, settings, seed: 1 }, now)?;
        let keys = RsaKeys::from_keys(&private, &public)?;
        Ok(Bench { till, keys, practice, now, intent: 0 })
    }

    /// Lets the channel prove itself before the first sale.
    fn prove(&mut self) -> Result<(), Box<dyn std::error::Error>> {
        self.till.tick(self.now);
        self.answer_all();
        match self.till.offer(ChannelId::Alipay) {
            Some(mianfu_core::breaker::Offer::Ready) => Ok(()),
            other => Err(format!("practice did not prove itself: {other:?}").into()),
        }
    }

    /// Sells once; returns the ns from the confirmed amount to the code's bytes, without the
    /// channel's own time, and brings the sale to its end outside the measured time.
    fn sell(&mut self) -> Result<u64, Box<dyn std::error::Error>> {
        self.intent += 1;
        let collect = Collect {
            intent_id: format!("bench-{}", self.intent),
            amount: Fen::new(1_250).unwrap_or(Fen::ZERO),
            means: Means::Show(ChannelId::Alipay),
            same_customer: SameCustomer::Another,
        };
        let (now, till) = (self.now, &mut self.till);
        let (kept, (no, calls)) = timed(|| {
            let no = till.collect(collect, now);
            (no, till.take_calls(now))
        });
        let no = no?;
        let mut drawn = 0;
        for call in calls {
            let id = call.id;
            let reply = reply(&mut self.practice, now, &call.request);
            let till = &mut self.till;
            let (time, width) = timed(|| {
                till.answered(id, reply, now);
                let attempt = till.attempt(&no).ok();
                attempt.and_then(|attempt| attempt.live_code().map(draw)).unwrap_or(0)
            });
            drawn += time;
            if width == 0 {
                return Err("no code was drawn".into());
            }
        }
        self.end(&no)?;
        Ok(kept + drawn)
    }

    fn end(&mut self, no: &OutTradeNo) -> Result<(), Box<dyn std::error::Error>> {
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

fn reply(
    practice: &mut Practice,
    now: Timestamp,
    request: &HttpRequest,
) -> Result<HttpReply, mianfu_gateway::CallError> {
    let address = request.url.trim_start_matches("http://127.0.0.1:1");
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let headers =
        request.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let request = Request {
        method: "POST".to_owned(),
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
