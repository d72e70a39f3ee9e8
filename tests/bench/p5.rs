//! P5: how long a queue takes to drain after an outage, against what the bucket allows, in virtual
//! time: ten thousand refunds that were asked for while the channel was away, with the till's own
//! queue, worker and bucket, without errors and with one answer in twenty a server's error.
//!
//! Refunds, because a till piles up nothing else: of sales without a result it takes twenty. The
//! time is exact and needs no rounds; a live sale in the middle of it is timed as well.

use mianfu_core::money::{Fen, Timestamp};
use mianfu_practice::{FaultKind, Manner};
use mianfu_tests::shop::{Network, Shop};
use mianfu_till::people::RefundWish;

use crate::rounds::{median, thousandths};

type Failure = Box<dyn std::error::Error>;

const REFUNDS: usize = 10_000;
const SALE_FEN: i64 = 1_250;
const OUTAGE_MS: i64 = 600_000;
/// What a line's bucket holds and how soon it regains a token.
const BURST: u64 = 40;
const MS_PER_CALL: u64 = 100;
/// Between two live sales while the queue drains.
const SALE_EVERY_MS: i64 = 60_000;
/// 1.05 and 1.2, in per mille.
const GOAL: u64 = 1_050;
const GOAL_LIVE: u64 = 1_200;

/// What came of one outage, in per mille.
struct Drained {
    time: u64,
    live: u64,
    calls: u64,
}

/// Measures P5.
pub(crate) fn measure() -> Result<String, Failure> {
    let calm = drain(0)?;
    let errors = drain(50)?;
    let report = format!(
        "bench figure=P5 ratio={} goal={} with_errors={} live_sale={} live_sale_with_errors={} \
         live_goal={} refunds={REFUNDS} calls={} calls_with_errors={}",
        thousandths(calm.time),
        thousandths(GOAL),
        thousandths(errors.time),
        thousandths(calm.live),
        thousandths(errors.live),
        thousandths(GOAL_LIVE),
        calm.calls,
        errors.calls,
    );
    let kept = calm.time.max(errors.time) <= GOAL && calm.live.max(errors.live) <= GOAL_LIVE;
    if kept { Ok(report) } else { Err(report.into()) }
}

fn drain(errors_per_mille: u32) -> Result<Drained, Failure> {
    let mut shop = Shop::new();
    let idle = (0..9).map(|_| sell(&mut shop)).collect::<Result<Vec<u64>, Failure>>()?;
    let mut paid = Vec::new();
    for _ in 0..REFUNDS {
        let no = shop.scan(SALE_FEN, Manner::Pays);
        shop.end(&no);
        paid.push(no);
    }
    shop.network = Network::Down;
    for no in paid {
        let amount = Fen::new(SALE_FEN).unwrap_or(Fen::ZERO);
        let wish = RefundWish { intent_id: format!("refund {no}"), no, amount };
        let now = shop.till_now();
        shop.till().refund(&wish, "manager", now)?;
    }
    shop.wait(OUTAGE_MS);
    shop.network = Network::Up;
    shop.practice.weather_mut().set(FaultKind::ServerError, errors_per_mille);
    let (begun, sent) = (shop.now, shop.sent.len());
    let mut live = Vec::new();
    while is_draining(&mut shop)? {
        shop.wait(SALE_EVERY_MS);
        if is_draining(&mut shop)? {
            live.push(sell(&mut shop)?);
        }
    }
    let is_refund = |method: &str| method.contains("refund");
    let calls = &shop.sent[sent..];
    let last = calls.iter().rposition(|call| is_refund(&call.method)).ok_or("nothing drained")?;
    let ended = calls[last].at.plus_ms(shop.answer_ms);
    let calls = u64::try_from(last + 1)?;
    let back_fen = shop.practice.truth().returned_fen();
    if back_fen != SALE_FEN * i64::try_from(REFUNDS)? {
        return Err(format!("{back_fen} fen went back").into());
    }
    let time_ms = u64::try_from(ended.since_ms(begun))?;
    Ok(Drained {
        time: time_ms * 1_000 / ((calls - BURST) * MS_PER_CALL),
        live: median(&live) * 1_000 / median(&idle).max(1),
        calls,
    })
}

fn is_draining(shop: &mut Shop) -> Result<bool, Failure> {
    Ok(!shop.till().db().read().refunds().open(1)?.is_empty())
}

/// Sells once; returns the ms from the scan to the end.
fn sell(shop: &mut Shop) -> Result<u64, Failure> {
    let begun: Timestamp = shop.now;
    let no = shop.scan(SALE_FEN, Manner::Pays);
    shop.end(&no);
    Ok(u64::try_from(shop.now.since_ms(begun))?)
}
