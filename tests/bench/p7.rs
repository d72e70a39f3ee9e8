//! P7: from a key to the frame that shows it, in frames, against a bare page on the same machine,
//! interleaved; and scans of 18 digits, 5 ms apart, of which no digit may be lost.
//!
//! Both pages write down when a key was struck (the event's own time) and when the frame after it
//! was drawn. A frame is what the bare page takes from one frame to the next.

use std::path::{Path, PathBuf};

use fantoccini::key::Key;
use mianfu_tests::window::{
    App, Blow, Channel, Desk, Flow, Manner, PAD_MINUS, Page, SHIFT_ALONE, Start,
};
use serde_json::Value;

use crate::rounds::{median, quantile, thousandths};

type Failure = Box<dyn std::error::Error>;

/// Rounds of an amount that is typed and cleared; the first warms the caches and is not counted.
const ROUNDS: u32 = 21;
const AMOUNT: &str = "123.45";
/// Far enough apart that each key has a frame of its own.
const EVERY_MS: u32 = 70;
const BURSTS: i64 = 10;
const BURST_MS: u32 = 5;
/// One frame at the median, two for the slowest in a hundred, in per mille.
const GOAL: u64 = 1_000;
const GOAL_SLOWEST: u64 = 2_000;

/// The message comes once the frame has been laid out and painted.
const RECORDER: &str = "
    [window.reached, window.drawn] = [[], []];
    window.addEventListener('keydown', (event) => {
        const struck = event.timeStamp;
        const sinceStruck = () => Math.round((performance.now() - struck) * 1000);
        if (event.key === 'Shift') return window.reached.push(sinceStruck());
        if (window.isBare) document.querySelector('h1').textContent = String(struck);
        const after = new MessageChannel();
        after.port1.onmessage = () => window.drawn.push(sinceStruck());
        requestAnimationFrame(() => after.port2.postMessage(null));
    }, { capture: true });
";
const TAKE: &str = "return window.drawn.splice(0)";
const TAKE_REACHED: &str = "return window.reached.splice(0)";
const FRAMES: &str = "
    const done = arguments[arguments.length - 1];
    const at = [];
    const next = (now) => {
        at.push(now);
        if (at.length < 61) return requestAnimationFrame(next);
        done(at.slice(1).map((now, place) => Math.round((now - at[place]) * 1000)));
    };
    requestAnimationFrame(next);
";

/// Measures P7.
pub(crate) fn measure() -> Result<String, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(measured())
}

async fn measured() -> Result<String, Failure> {
    let (desk, bare_desk) = (Desk::new()?, Desk::new()?);
    let channel = Channel::start(&desk)?;
    let till = App::open(&desk, &channel.window(&desk.home().join("till"))).await?;
    till.turn_to(Page::Counter).await?;
    till.wait_until_ready().await?;
    till.run(RECORDER).await?;
    let bare = Start { binary: beside("examples/bare"), ..Start::default() };
    let bare = App::open(&bare_desk, &bare).await?.titled("bare");
    bare.run(&format!("window.isBare = true; {RECORDER}")).await?;
    let apart = numbers(&bare.run_until_done(FRAMES, Vec::new()).await?);
    let apart: Vec<u64> = apart.into_iter().map(i64::unsigned_abs).collect();
    let frame_us = median(&apart).max(1);

    let (till_skew, bare_skew) = (skew(&till).await?, skew(&bare).await?);
    let [mut ours, mut theirs] = [const { Vec::new() }; 2];
    for round in 0..ROUNDS {
        let (one, other) = (typed(&till, till_skew).await?, typed(&bare, bare_skew).await?);
        if 0 < round {
            ours.extend(one);
            theirs.extend(other);
        }
    }
    let lost = bursts(&till, &channel).await?;
    let frames = |times: &[u64], share| quantile(times, share) * 1_000 / frame_us;
    let (p50, p99) = (frames(&ours, 50), frames(&ours, 99));
    let report = format!(
        "bench figure=P7 p50_frames={} p99_frames={} goal=1.00 goal_p99=2.00 bare_p50_frames={} \
         bare_p99_frames={} frame_us={frame_us} keys={} bursts={BURSTS} bursts_lost={lost}",
        thousandths(p50),
        thousandths(p99),
        thousandths(frames(&theirs, 50)),
        thousandths(frames(&theirs, 99)),
        ours.len(),
    );
    let is_met = p50 <= GOAL && p99 <= GOAL_SLOWEST && lost == 0;
    if is_met { Ok(report) } else { Err(report.into()) }
}

/// Returns how far the display's clock and the page's are apart, in us: the least that a key which
/// means nothing took to the page.
async fn skew(app: &App) -> Result<i64, Failure> {
    app.play(vec![Blow { sign: SHIFT_ALONE, after_ms: EVERY_MS }; 24]).await?;
    app.run_until_done(FRAMES, Vec::new()).await?;
    let least = numbers(&app.run(TAKE_REACHED).await?).into_iter().min();
    least.ok_or_else(|| "no key came to the page".into())
}

/// Types the amount and clears it; returns the us from each key to its frame.
async fn typed(app: &App, skew: i64) -> Result<Vec<u64>, Failure> {
    app.run(TAKE).await?;
    let blow = |sign| Blow { sign, after_ms: EVERY_MS };
    // A command from the main keys waits whether a scan follows; the pad's acts at once.
    let keys: Vec<Blow> = AMOUNT.chars().chain([PAD_MINUS]).map(blow).collect();
    let struck = keys.len();
    app.play(keys).await?;
    // By then the last key has its frame too.
    app.run_until_done(FRAMES, Vec::new()).await?;
    let times = numbers(&app.run(TAKE).await?);
    let times: Vec<u64> = times.iter().map(|time| (time - skew).max(0).unsigned_abs()).collect();
    if times.len() == struck { Ok(times) } else { Err("a key has no frame".into()) }
}

/// Scans codes at full speed and returns how many were not charged.
async fn bursts(till: &App, channel: &Channel) -> Result<i64, Failure> {
    let customer = channel.customer();
    let mut lost = BURSTS;
    for burst in 0..BURSTS {
        let amount_fen = 1_100 + burst;
        till.arm(&format!("11.{burst:02}")).await?;
        let code = customer.show_payment_code(Manner::Pays).await?;
        let signs = code.chars().chain([char::from(Key::Enter)]);
        till.play(signs.map(|sign| Blow { sign, after_ms: BURST_MS }).collect()).await?;
        till.see_gone("[data-phase=armed]").await?;
        till.plate("paid").await?;
        lost -= i64::from(customer.taken(Flow::Scan, amount_fen).await? == 1);
    }
    Ok(lost)
}

fn numbers(list: &Value) -> Vec<i64> {
    list.as_array().into_iter().flatten().filter_map(Value::as_i64).collect()
}

fn beside(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    own.parent().unwrap_or(Path::new(".")).join(name)
}
