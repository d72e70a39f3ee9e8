//! P3: from the channel's notice to the till, against what physics asks for: two hops of as many
//! bytes between the same two cores, and one sync of one page on the same disk, interleaved.
//!
//! Twice: the relay alone, from the first byte that a channel sends to the last byte of the event
//! on the till's stream; and all of it, from that first byte to the till's word, through the relay
//! and the till's own check and commit. A frame of the screen is added to both sides of the second: none is painted here.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::FileExt as _;
use std::time::Duration;

use crate::Failure;
use crate::notices::{Fate, MERCHANT, Signer};
use crate::paid::{Shop, Way};
use crate::rounds::{median, quantile, thousandths, timed};
use crate::served::{Relay, Server, sit_with_the_askers, sit_with_the_servers};
use crate::streams::Proof;

/// Rounds of so many notices; the first warms the caches and is not counted.
const ROUNDS: usize = 16;
const EACH: usize = 24;
const WARM: usize = 500;
/// 1.5, in per mille.
const GOAL: u64 = 1_500;
/// What a till that asks every three seconds waits on average.
const POLL_MEAN_NS: u64 = 1_500_000_000;
/// Sales that the relay tells of, and that the till asks about.
const TOLD: u32 = 21;
const ASKED: u32 = 10;
/// How much later each of the latter is paid than the one before: at every moment between two
/// questions.
const LATER_MS: u64 = 310;
/// One frame at 60 a second.
const FRAME_NS: u64 = 16_667_000;
const GOAL_POLL: u64 = 30;
const PAGE: usize = 4096;
/// Pages of the file that is synced: as in a log that is written from its beginning again.
const PAGES: u64 = 1_000;
const PATIENCE: Duration = Duration::from_secs(30);
/// A moment for whatever the till does once it shows a code.
const GLANCE: Duration = Duration::from_millis(100);

/// Measures P3.
pub(crate) fn measure() -> Result<String, Failure> {
    let Alone { per_mille: ratios, relay: ours, hops, syncs } = the_relay_alone()?;
    let all = through_the_till()?;
    let faster = POLL_MEAN_NS / median(&all.told).max(1);
    let ms = |times: &[u64], share| thousandths(quantile(times, share) / 1_000);
    let report = format!(
        "bench figure=P3 ratio={} goal={} iqr={} sales={} p99={} relay_alone={} relay_iqr={} \
         rounds={} relay_ms={} relay_p99_ms={} two_hops_ms={} sync_ms={} till_ms={} till_p99_ms={} \
         asking_ms={} asking_p99_ms={} faster_than_a_3s_poll={faster}",
        thousandths(median(&all.per_mille)),
        thousandths(GOAL),
        thousandths(quantile(&all.per_mille, 75) - quantile(&all.per_mille, 25)),
        all.told.len(),
        thousandths(quantile(&all.per_mille, 99)),
        thousandths(median(&ratios)),
        thousandths(quantile(&ratios, 75) - quantile(&ratios, 25)),
        ratios.len(),
        ms(&ours, 50),
        ms(&ours, 99),
        ms(&hops, 50),
        ms(&syncs, 50),
        ms(&all.told, 50),
        ms(&all.told, 99),
        ms(&all.asked, 50),
        ms(&all.asked, 99),
    );
    let is_met = median(&all.per_mille) <= GOAL && GOAL_POLL <= faster;
    if is_met { Ok(report) } else { Err(report.into()) }
}

/// What came of the relay alone: its ratio of each round, and every time.
struct Alone {
    per_mille: Vec<u64>,
    relay: Vec<u64>,
    hops: Vec<u64>,
    syncs: Vec<u64>,
}

fn the_relay_alone() -> Result<Alone, Failure> {
    sit_with_the_askers()?;
    let mut signer = Signer::new()?;
    let key = signer.public_key()?;
    let server =
        Server::relay(&Relay { key: &key, merchant: MERCHANT, tills: 1, beat_s: 20, within: &[] })?;
    let mut stream = line(server.address)?;
    stream.write_all(Proof::new()?.request(0)?.as_bytes())?;
    let mut heard = Vec::new();
    hear(&mut stream, &mut heard, b"event: hello", b"\n\n")?;
    let mut channel = line(server.address)?;
    let mut echo = line(echo()?)?;
    // As a relay that has run for a while: its log is written from the beginning again.
    let warm = (0..WARM).map(|_| Ok(signer.notice()?.request("t0", Fate::Genuine)));
    for request in warm.collect::<Result<Vec<_>, Failure>>()? {
        told_of(&mut channel, &mut stream, &request)?;
        thanked(&mut channel)?;
    }
    let disk = Disk::new(server.folder())?;
    let (mut ratios, mut ours, mut hops, mut syncs) = (vec![], vec![], vec![], vec![]);
    for round in 0..ROUNDS {
        let [mut told, mut hop, mut sync] = [const { Vec::new() }; 3];
        for place in 0..EACH {
            let request = signer.notice()?.request("t0", Fate::Genuine);
            let (time, heard) = timed(|| told_of(&mut channel, &mut stream, &request));
            let bytes = heard?;
            told.push(time);
            thanked(&mut channel)?;
            let (time, echoed) = timed(|| echoed(&mut echo, &request, bytes));
            echoed?;
            hop.push(time);
            let (time, synced) = timed(|| disk.sync(round * EACH + place));
            synced?;
            sync.push(time);
        }
        if 0 < round {
            let floor = median(&hop) + median(&sync);
            ratios.push(median(&told) * 1_000 / floor.max(1));
            ours.extend(told);
            hops.extend(hop);
            syncs.extend(sync);
        }
    }
    let kept = u64::try_from(WARM + ROUNDS * EACH)?;
    if server.rows()? != kept {
        return Err("the rows are not the notices that came".into());
    }
    Ok(Alone { per_mille: ratios, relay: ours, hops, syncs })
}

/// What came of whole sales.
struct Sales {
    told: Vec<u64>,
    asked: Vec<u64>,
    per_mille: Vec<u64>,
}

fn through_the_till() -> Result<Sales, Failure> {
    let mut shop = Shop::open()?;
    let mut echo = line(echo()?)?;
    let disk = Disk::new(shop.relay().folder())?;
    let request = vec![b'.'; 1_500];
    let mut sales = Sales { told: vec![], asked: vec![], per_mille: vec![] };
    for sale in 0..=TOLD {
        let told = shop.paid_ns(Way::Told, GLANCE)?;
        let (hops, echoed) = timed(|| echoed(&mut echo, &request, 2_000));
        echoed?;
        let (sync, synced) = timed(|| disk.sync(usize::try_from(sale)?));
        synced?;
        // The first warms the caches.
        if 0 < sale {
            sales.told.push(told);
            sales.per_mille.push((told + FRAME_NS) * 1_000 / (hops + sync + FRAME_NS));
        }
    }
    for sale in 0..ASKED {
        let after = Duration::from_millis(u64::from(sale) * LATER_MS);
        sales.asked.push(shop.paid_ns(Way::Asks, after)?);
    }
    Ok(sales)
}

fn line(address: SocketAddr) -> Result<TcpStream, Failure> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Brings a notice and waits for all of its event; returns how many bytes that had.
fn told_of(
    channel: &mut TcpStream,
    stream: &mut TcpStream,
    request: &[u8],
) -> Result<usize, Failure> {
    channel.write_all(request)?;
    let mut heard = Vec::with_capacity(PAGE);
    hear(stream, &mut heard, b"event: notice", b"\n\n")?;
    Ok(heard.len())
}

/// Reads until an end has come after a beginning.
fn hear(
    stream: &mut TcpStream,
    heard: &mut Vec<u8>,
    begin: &[u8],
    end: &[u8],
) -> Result<(), Failure> {
    let mut part = [0; PAGE];
    loop {
        let count = stream.read(&mut part)?;
        heard.extend_from_slice(&part[..count]);
        let begun = heard.windows(begin.len()).any(|window| window == begin);
        match (count, begun && heard.ends_with(end)) {
            (0, _) => return Err("a stream ended".into()),
            (_, true) => return Ok(()),
            (_, false) => {}
        }
    }
}

fn thanked(channel: &mut TcpStream) -> Result<(), Failure> {
    hear(channel, &mut Vec::new(), b"HTTP/1.1 200", b"success")
}

/// A hop there and a hop back, of as many bytes as the notice and its event have.
fn echoed(echo: &mut TcpStream, request: &[u8], back: usize) -> Result<(), Failure> {
    let there = u32::try_from(request.len())?.to_be_bytes();
    let back_bytes = u32::try_from(back)?.to_be_bytes();
    echo.write_all(&[&there, &back_bytes, request].concat())?;
    echo.read_exact(&mut vec![0; back])?;
    Ok(())
}

/// Starts a thread on the servers' core that answers with as many bytes as it is told.
fn echo() -> Result<SocketAddr, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    // It ends once nobody is there any more.
    std::thread::spawn(move || sit_with_the_servers().and_then(|()| answer(&listener)).is_ok());
    Ok(address)
}

fn answer(listener: &TcpListener) -> Result<(), Failure> {
    let (mut stream, _) = listener.accept()?;
    stream.set_nodelay(true)?;
    loop {
        let [mut there, mut back] = [[0; 4]; 2];
        stream.read_exact(&mut there)?;
        stream.read_exact(&mut back)?;
        let [there, back] = [there, back].map(u32::from_be_bytes);
        stream.read_exact(&mut vec![0; usize::try_from(there)?])?;
        stream.write_all(&vec![b'.'; usize::try_from(back)?])?;
    }
}

/// A file that is written a page at a time, each made durable.
struct Disk(File);

impl Disk {
    fn new(folder: &std::path::Path) -> Result<Disk, Failure> {
        let path = folder.join("sync");
        std::fs::write(&path, vec![0; PAGE * usize::try_from(PAGES)?])?;
        let file = File::options().write(true).open(path)?;
        file.sync_all()?;
        Ok(Disk(file))
    }

    fn sync(&self, place: usize) -> Result<(), Failure> {
        let at = u64::try_from(place)? % PAGES * u64::try_from(PAGE)?;
        self.0.write_all_at(&[b'x'; PAGE], at)?;
        self.0.sync_data()?;
        Ok(())
    }
}
