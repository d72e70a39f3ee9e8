//! P2b: how many notices a second a relay makes durable, against the same program whose syncs do
//! nothing, interleaved; and how many syncs each notice costs, counted by the kernel's tracer.

use crate::Failure;
use crate::notices::{Fate, MERCHANT, Notice, Signer};
use crate::post::{Answers, send_all};
use crate::rounds::{median, quantile, thousandths, timed};
use crate::served::{Relay, Server, folder, sit_with_the_askers};

/// Rounds; the first warms the caches and is not counted.
const ROUNDS: usize = 13;
const CONNECTIONS: usize = 32;
/// Notices of a turn, and turns of a round: what else the machine does should meet both.
const EACH: usize = 500;
const TURNS: usize = 4;
/// 0.8 of it, and a sync for eight, in per mille.
const GOAL: u64 = 800;
const GOAL_SYNCS: u64 = 125;

/// Measures P2b.
pub(crate) fn measure() -> Result<String, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    sit_with_the_askers()?;
    let mut signer = Signer::new()?;
    let key = signer.public_key()?;
    let durable =
        Server::relay(&Relay { key: &key, merchant: MERCHANT, tills: 1, beat_s: 20, within: &[] })?;
    // Its syncs return at once; it is the same program otherwise.
    let careless =
        Relay { key: &key, merchant: MERCHANT, tills: 1, beat_s: 20, within: &["eatmydata"] };
    let careless = Server::relay(&careless)?;
    let (mut ratios, mut rates) = (Vec::new(), Vec::new());
    let mut sent = 0;
    for round in 0..ROUNDS {
        let (mut kept_ns, mut lost_ns) = (0, 0);
        for _ in 0..TURNS {
            let requests = requests(&mut signer)?;
            kept_ns += turn(&runtime, &durable, &requests)?;
            lost_ns += turn(&runtime, &careless, &requests)?;
            sent += EACH;
        }
        if 0 < round {
            ratios.push(lost_ns * 1_000 / kept_ns.max(1));
            rates.push(u64::try_from(EACH * TURNS)? * 1_000_000_000 / kept_ns.max(1));
        }
    }
    let sent = u64::try_from(sent)?;
    if durable.rows()? != sent || careless.rows()? != sent {
        return Err("the rows are not the notices that were thanked for".into());
    }
    let (syncs, notices) = syncs(&runtime, &mut signer, &key)?;
    let per_notice = syncs * 1_000 / notices.max(1);
    let report = format!(
        "bench figure=P2b ratio={} goal={} iqr={} rounds={} accepted_per_second={} syncs={syncs} \
         notices={notices} notices_per_sync={} syncs_goal=1/8",
        thousandths(median(&ratios) / 10 * 10),
        thousandths(GOAL),
        thousandths(quantile(&ratios, 75) - quantile(&ratios, 25)),
        ratios.len(),
        median(&rates),
        notices / syncs.max(1),
    );
    let is_met = GOAL <= median(&ratios) && per_notice <= GOAL_SYNCS;
    if is_met { Ok(report) } else { Err(report.into()) }
}

fn requests(signer: &mut Signer) -> Result<Vec<Vec<u8>>, Failure> {
    let one = |notice: Notice| notice.request("t0", Fate::Genuine);
    (0..EACH).map(|_| signer.notice().map(one)).collect()
}

/// Returns the ns from the first notice to the last thanks.
fn turn(
    runtime: &tokio::runtime::Runtime,
    server: &Server,
    requests: &[Vec<u8>],
) -> Result<u64, Failure> {
    let (time, answers) =
        timed(|| runtime.block_on(send_all(server.address, requests, CONNECTIONS)));
    let expected = Answers { thanked: u64::try_from(requests.len())?, refused: 0 };
    if answers? == expected { Ok(time) } else { Err("a genuine notice was refused".into()) }
}

/// Returns how many syncs a relay made for how many notices, its start and its end included.
fn syncs(
    runtime: &tokio::runtime::Runtime,
    signer: &mut Signer,
    key: &str,
) -> Result<(u64, u64), Failure> {
    let aside = folder()?;
    let table = aside.path().join("syncs");
    let tracer = ["strace", "-f", "--seccomp-bpf", "-c", "-e", "trace=fsync,fdatasync", "-o"];
    let path = table.display().to_string();
    let within: Vec<&str> = tracer.into_iter().chain([path.as_str()]).collect();
    let server =
        Server::relay(&Relay { key, merchant: MERCHANT, tills: 1, beat_s: 20, within: &within })?;
    let mut sent = 0;
    for _ in 0..TURNS {
        let requests = requests(signer)?;
        turn(runtime, &server, &requests)?;
        sent += u64::try_from(EACH)?;
    }
    let rows = server.rows()?;
    server.end()?;
    // % time, seconds, us a call, calls, (errors,) name.
    let text = std::fs::read_to_string(&table)?;
    let is_sync = |line: &&str| line.ends_with(" fsync") || line.ends_with(" fdatasync");
    let calls = text.lines().filter(is_sync).filter_map(|line| line.split_whitespace().nth(3));
    let syncs = calls.map(str::parse::<u64>).sum::<Result<u64, _>>()?;
    let is_right = rows == sent && 0 < syncs;
    if is_right { Ok((syncs, sent)) } else { Err(format!("{rows} rows, {syncs} syncs").into()) }
}
