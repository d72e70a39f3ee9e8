//! P9: what an idle till's stream weighs in a relay, beside the same in plain Node and a bare task
//! of the same runtime; what a heartbeat costs; and whether one till's notice costs more because
//! others listen.
//!
//! Weight is the growth of the server's own memory (PSS) from none to so many streams, after a few
//! were opened and closed beforehand; what the kernel keeps for the sockets is reported apart.

use std::io::Write as _;
use std::process::Command;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::Failure;
use crate::notices::{Fate, MERCHANT, Signer};
use crate::post::{Answers, send_all};
use crate::rounds::{median, quantile, thousandths};
use crate::served::{Relay, Server, folder, sit_with_the_askers};
use crate::streams::Streams;

/// Rounds of each server; memory hardly differs from one to the next.
const ROUNDS: usize = 3;
const FEW: u32 = 2_000;
const MANY: u32 = 10_000;
const WARM: u32 = 64;
const BEAT_S: u32 = 5;
const EVENTS: usize = 1_000;
/// As in a quiet hour: no two notices share a commit for want of time.
const CONNECTIONS: usize = 4;
/// Bytes, and how much heavier many may be than few, in per mille.
const GOAL_BYTES: u64 = 7 * 1024;
const GOAL_GROWTH: u64 = 1_100;
/// What an event to one of many may cost of one to one of a few, in per mille.
const GOAL_EVENT: u64 = 1_250;

/// What a server's streams came to, one for each round.
#[derive(Default)]
struct Weights {
    few: Vec<u64>,
    many: Vec<u64>,
    slab: Vec<u64>,
    beat_ns: Vec<u64>,
}

/// Measures P9.
pub(crate) fn measure() -> Result<String, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, measured())
}

async fn measured() -> Result<String, Failure> {
    sit_with_the_askers()?;
    let mut signer = Signer::new()?;
    let key = signer.public_key()?;
    let relay = Relay { key: &key, merchant: MERCHANT, tills: MANY, beat_s: BEAT_S, within: &[] };
    let [mut ours, mut node, mut bare]: [Weights; 3] = Default::default();
    let mut events = Vec::new();
    for _ in 0..ROUNDS {
        let server = Server::relay(&relay)?;
        events.push(round(&server, &mut ours, Some(&mut signer)).await?);
        drop(server);
        let mut command = Command::new("node");
        command.arg(crate::served::peers().join("streams.mjs"));
        command.arg((BEAT_S * 1_000).to_string());
        round(&Server::start(command, folder()?)?, &mut node, None).await?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--hold");
        round(&Server::start(command, folder()?)?, &mut bare, None).await?;
    }
    report(&ours, &node, &bare, &events)
}

/// Weighs a server's streams; where it takes notices, also returns what one costs while many
/// listen, in per mille of what it costs while a few do.
async fn round(
    server: &Server,
    weights: &mut Weights,
    signer: Option<&mut Signer>,
) -> Result<u64, Failure> {
    {
        let mut warm = Streams::none(server.address)?;
        warm.grow_to(WARM).await?;
    }
    let (kib, slabs) = (server.pss_kib()?, slab_kib()?);
    let mut streams = Streams::none(server.address)?;
    let mut weigh = async |count: u32| -> Result<u64, Failure> {
        streams.grow_to(count).await?;
        Ok(server.pss_kib()?.saturating_sub(kib) * 1024 / u64::from(count))
    };
    weights.few.push(weigh(FEW).await?);
    weights.many.push(weigh(MANY).await?);
    weights.slab.push(slab_kib()?.saturating_sub(slabs) * 1024 / u64::from(MANY));

    let (before, beats) = (server.cpu_ns()?, streams.heard.beats());
    let enough = beats + 2 * u64::from(MANY);
    streams.heard.until(|heard| enough <= heard.beats()).await?;
    weights.beat_ns.push((server.cpu_ns()? - before) / (streams.heard.beats() - beats));

    let Some(signer) = signer else { return Ok(0) };
    let many = events(server, &streams, signer, MANY).await?;
    let told = streams.heard.notices();
    drop(streams);
    let mut streams = Streams::none(server.address)?;
    streams.grow_to(WARM).await?;
    // What nobody acknowledged is told again.
    streams.heard.until(|heard| told.starts_with(&heard.notices())).await?;
    let few = events(server, &streams, signer, WARM).await?;
    Ok(many * 1_000 / few.max(1))
}

/// Returns the processor's ns for a notice to one of so many tills that listen. Each must come to
/// its till, once, and to nobody else.
async fn events(
    server: &Server,
    streams: &Streams,
    signer: &mut Signer,
    tills: u32,
) -> Result<u64, Failure> {
    let mut expected = streams.heard.notices();
    let mut requests = Vec::with_capacity(EVENTS);
    for event in 0..EVENTS {
        // A prime far from any power of two strews them.
        let till = event * 7_919 % usize::try_from(tills)?;
        expected[till] += 1;
        requests.push(signer.notice()?.request(&format!("t{till}"), Fate::Genuine));
    }
    let sum = |notices: &[u32]| notices.iter().map(|&count| u64::from(count)).sum::<u64>();
    let before = server.cpu_ns()?;
    let answers = send_all(server.address, &requests, CONNECTIONS).await?;
    let all = sum(&expected);
    streams.heard.until(|heard| all <= sum(&heard.notices())).await?;
    let spent = server.cpu_ns()? - before;
    let count = u64::try_from(EVENTS)?;
    let is_right = answers == Answers { thanked: count, refused: 0 };
    match is_right && streams.heard.notices() == expected {
        true => Ok(spent / count),
        false => Err("a notice came to another till, or not once".into()),
    }
}

/// What the kernel keeps in its slabs, in KiB: both ends of every connection are here.
fn slab_kib() -> Result<u64, Failure> {
    let text = std::fs::read_to_string("/proc/meminfo")?;
    let line = text.lines().find_map(|line| line.strip_prefix("Slab:"));
    Ok(line.and_then(|line| line.split_whitespace().next()).ok_or("no slabs")?.parse()?)
}

fn report(
    ours: &Weights,
    node: &Weights,
    bare: &Weights,
    events: &[u64],
) -> Result<String, Failure> {
    let (few, many) = (median(&ours.few), median(&ours.many));
    let (growth, event) = (many * 1_000 / few.max(1), median(events));
    let ratio = many * 1_000 / median(&bare.many).max(1);
    let of = |weights: &Weights| {
        let [few, many] = [&weights.few, &weights.many].map(|list| median(list));
        format!("{few},{many}")
    };
    let report = format!(
        "bench figure=P9 ratio={} bytes={few} goal={GOAL_BYTES} bytes_at_{MANY}={many} iqr={} \
         rounds={ROUNDS} peer_node={} bare_task={} slab_bytes={} beat_ns={} node_beat_ns={} \
         bare_beat_ns={} event_at_{MANY}_to_{WARM}={}",
        thousandths(ratio),
        quantile(&ours.many, 75) - quantile(&ours.many, 25),
        of(node),
        of(bare),
        median(&ours.slab),
        median(&ours.beat_ns),
        median(&node.beat_ns),
        median(&bare.beat_ns),
        thousandths(event),
    );
    let is_light = few.max(many) <= GOAL_BYTES && growth <= GOAL_GROWTH;
    if is_light && event <= GOAL_EVENT { Ok(report) } else { Err(report.into()) }
}

/// Serves as the bare task does that a stream is compared with: a socket, a timer, two constants.
pub(crate) fn hold() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let line = format!("{{\"listen\":\"{}\"}}\n", listener.local_addr()?);
        std::io::stdout().write_all(line.as_bytes())?;
        let stopped = tokio::task::spawn_blocking(|| {
            std::io::copy(&mut std::io::stdin(), &mut std::io::sink())
        });
        let serving = async {
            loop {
                let (mut stream, _) = listener.accept().await?;
                tokio::spawn(async move {
                    {
                        let mut request = Box::new([0; 1024]);
                        let _asked = stream.read(&mut request[..]).await;
                    }
                    let mut word: &[u8] = b"HTTP/1.1 200 OK\r\n\r\nevent: hello\n\n";
                    let beat = std::time::Duration::from_secs(BEAT_S.into());
                    while stream.write_all(word).await.is_ok() {
                        word = b": alive\n\n";
                        let mut ignored = [0; 16];
                        let heard = tokio::time::timeout(beat, stream.read(&mut ignored));
                        if heard.await.is_ok() {
                            break;
                        }
                    }
                });
            }
        };
        tokio::select! {
            ended = serving => ended,
            _ = stopped => Ok(()),
        }
    })
}
