//! P2: what a relay's processor time for a notice is, in checks of one RSA signature with the same
//! key, beside two relays as other people write them; interleaved, in four mixes.
//!
//! Every server has its own core and its own database with one durable commit before any thanks;
//! who asks sits on the other core. What counts is the server's time, the kernel's included. The
//! rows in each database must be the notices it thanked for, no more and no fewer.

use crate::Failure;
use crate::notices::{Fate, MERCHANT, Notice, Signer};
use crate::post::{Answers, send_all};
use crate::rounds::{median, quantile, thousandths};
use crate::served::{Relay, Server, sit_with_the_askers, sit_with_the_servers};

/// Rounds; the first warms the caches, and Node's compiler, and is not counted.
const ROUNDS: u32 = 10;
const CONNECTIONS: usize = 32;
/// 5.0, in per mille, and how many times less than the others.
const GOAL: u64 = 5_000;
const GOAL_OFFICIAL: u64 = 20_000;
const GOAL_TUNED: u64 = 2_500;

/// What comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mix {
    New,
    /// Every second one came before.
    Repeated,
    /// Every second one is not the channel's.
    Forged,
    /// Every tenth one is longer than any may be.
    Oversize,
}

const MIXES: [Mix; 4] = [Mix::New, Mix::Repeated, Mix::Forged, Mix::Oversize];

/// A relay that is measured.
struct Runner {
    server: Server,
    /// Notices that it gets in one mix.
    each: usize,
    /// Of all notices, how many it has had.
    next: usize,
    rows: u64,
    /// The processor's ns for each notice, by mix, one for each round.
    ns: [Vec<u64>; MIXES.len()],
}

/// Measures P2.
pub(crate) fn measure() -> Result<String, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut signer = Signer::new()?;
    let key = signer.public_key()?;
    let relay = Relay { key: &key, merchant: MERCHANT, tills: 1, beat_s: 20, within: &[] };
    let mut runners = [
        Runner::new(Server::relay(&relay)?, 2_000),
        Runner::new(Server::peer("official.mjs", &key)?, 240),
        Runner::new(Server::peer("tuned.mjs", &key)?, 1_000),
    ];
    let most = runners.iter().map(|runner| runner.each).max().unwrap_or(0);
    let notices = usize::try_from(ROUNDS)? * most * 3;
    let notices = (0..notices).map(|_| signer.notice()).collect::<Result<Vec<Notice>, _>>()?;
    let mut verify_ns = Vec::new();
    for round in 0..ROUNDS {
        if round == 1 {
            runners.iter_mut().for_each(|runner| runner.ns = Default::default());
            verify_ns.clear();
        }
        sit_with_the_servers()?;
        verify_ns.push(signer.verify_ns(&notices[..most])?);
        sit_with_the_askers()?;
        for mix in MIXES {
            for runner in &mut runners {
                runtime.block_on(runner.take(mix, &notices))?;
            }
        }
    }
    report(&verify_ns, &runners)
}

impl Runner {
    fn new(server: Server, each: usize) -> Runner {
        Runner { server, each, next: 0, rows: 0, ns: Default::default() }
    }

    /// Has the server take a mix, and notes what each notice that it thanked for cost; where some
    /// were refused, what each one cost that came.
    async fn take(&mut self, mix: Mix, notices: &[Notice]) -> Result<(), Failure> {
        let (mut requests, mut is_new, mut is_bad) = (Vec::with_capacity(self.each), 0, 0);
        for place in 0..self.each {
            let fate = match (mix, place % 2, place % 10) {
                (Mix::Forged, 1, _) => Fate::Forged,
                (Mix::Oversize, _, 9) => Fate::Oversize,
                (Mix::Repeated, 1, _) => {
                    // Any that came in an earlier mix.
                    let earlier = (self.next - is_new).saturating_sub(1 + place * 7 % self.each);
                    requests.push(notices[earlier].request("t0", Fate::Genuine));
                    continue;
                }
                (Mix::New | Mix::Repeated | Mix::Forged | Mix::Oversize, _, _) => Fate::Genuine,
            };
            // What is refused is not kept: the next genuine one may be the same.
            requests.push(notices[self.next].request("t0", fate));
            match fate {
                Fate::Genuine => {
                    self.next += 1;
                    is_new += 1;
                }
                Fate::Forged | Fate::Oversize => is_bad += 1,
            }
        }
        let before = self.server.cpu_ns()?;
        let answers = send_all(self.server.address, &requests, CONNECTIONS).await?;
        let spent = self.server.cpu_ns()? - before;
        self.rows += u64::try_from(is_new)?;
        let sent = u64::try_from(requests.len())?;
        let expected = Answers { thanked: sent - is_bad, refused: is_bad };
        if answers != expected || self.server.rows()? != self.rows {
            let rows = self.server.rows()?;
            return Err(format!("{mix:?}: {answers:?}, {rows} of {} rows", self.rows).into());
        }
        self.ns[mix as usize].push(spent / sent);
        Ok(())
    }

    /// Returns each round's cost of a mix, in per mille of one check.
    fn per_mille(&self, mix: Mix, verify_ns: &[u64]) -> Vec<u64> {
        let rounds = self.ns[mix as usize].iter().zip(verify_ns);
        rounds.map(|(ns, verify)| ns * 1_000 / verify.max(&1)).collect()
    }

    /// Returns how many times this one's cost of all new notices is another's.
    fn times(&self, other: &Runner) -> u64 {
        let rounds = self.ns[Mix::New as usize].iter().zip(&other.ns[Mix::New as usize]);
        median(&rounds.map(|(ns, other)| ns * 1_000 / other.max(&1)).collect::<Vec<_>>())
    }
}

fn report(verify_ns: &[u64], runners: &[Runner; 3]) -> Result<String, Failure> {
    let [ours, official, tuned] = runners;
    let per_mille = ours.per_mille(Mix::New, verify_ns);
    let ratio = median(&per_mille);
    let of = |runner: &Runner, mix| thousandths(median(&runner.per_mille(mix, verify_ns)));
    let mixes = |runner: &Runner| MIXES.map(|mix| of(runner, mix)).join(",");
    let us = |runner: &Runner| median(&runner.ns[Mix::New as usize]) / 1_000;
    let (less_official, less_tuned) = (official.times(ours), tuned.times(ours));
    let report = format!(
        "bench figure=P2 ratio={} goal={} iqr={} rounds={} peer_fastify={} peer_node={} \
         less_than_fastify={} less_than_node={} verify_ns={} us={} fastify_us={} node_us={} \
         new,repeated,forged,oversize={} fastify={} node={}",
        thousandths(ratio),
        thousandths(GOAL),
        thousandths(quantile(&per_mille, 75) - quantile(&per_mille, 25)),
        per_mille.len(),
        of(official, Mix::New),
        of(tuned, Mix::New),
        // Rounded down: this goal is met from above.
        thousandths(less_official / 10 * 10),
        thousandths(less_tuned / 10 * 10),
        median(verify_ns),
        us(ours),
        us(official),
        us(tuned),
        mixes(ours),
        mixes(official),
        mixes(tuned),
    );
    let is_met = ratio <= GOAL && GOAL_OFFICIAL <= less_official && GOAL_TUNED <= less_tuned;
    if is_met { Ok(report) } else { Err(report.into()) }
}
