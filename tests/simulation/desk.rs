//! One till of a history: its machine, its disk, the people at its counter, what an onlooker wrote
//! down there.

use std::collections::{BTreeMap, BTreeSet};

use mianfu_core::attempt::Phase;
use mianfu_core::refund::RefundPhase;
use mianfu_db::OperationKind;
use mianfu_practice::Request;
use mianfu_till::{DbError, Till};

use super::counter::Counter;
use super::disk::{Disk, Fate};
use super::onlooker::Onlooker;
use super::post::Way;
use super::record::Record;
use super::relay::Ear;
use super::signing::TillKeys;

/// A till and what belongs to it alone.
pub(super) struct Desk {
    /// Its number in the store.
    pub(super) number: u32,
    /// Its machine's fingerprint.
    pub(super) machine: String,
    pub(super) disk: Disk,
    pub(super) till: Option<Till<TillKeys>>,
    pub(super) onlooker: Option<Onlooker>,
    pub(super) counter: Counter,
    pub(super) record: Record,
    pub(super) requests: BTreeMap<usize, Request>,
    pub(super) courses: BTreeMap<usize, Way>,
    /// Its end of the relay.
    pub(super) ear: Ear,
    /// An answer that another one overtakes: its place in the world's queue.
    pub(super) held_back: Option<(i64, u64)>,
    /// The last phase in the log, by number.
    pub(super) phases: BTreeMap<String, String>,
    /// Place and hash of the last line of the log that was read.
    pub(super) kept: (i64, String),
    pub(super) goods_gone: BTreeSet<String>,
    pub(super) start: u32,
    /// The machine's clock less the channel's, in ms.
    pub(super) wall_ms: i64,
    /// The till's time less the channel's, in ms: the machine's clock as it was at the last start.
    pub(super) skew_ms: i64,
    pub(super) stalled_until_ms: i64,
    pub(super) full_until_ms: i64,
    pub(super) syncs_seen: u64,
    pub(super) revision_seen: u64,
    /// What becomes of the disk when the power goes, and for how long it stays away.
    pub(super) cut: (Fate, i64),
    /// Whether the till is off and will start again.
    pub(super) off: bool,
    /// Whether nothing was open since the planned cuts, and after how many changes.
    pub(super) recovered: Option<u64>,
    /// The till's number that the machine is told.
    pub(super) as_till: u32,
    /// The newest backup.
    pub(super) backed_up: Option<BackedUp>,
}

/// A backup of a till, as far as the onlooker knows it.
#[derive(Debug, Clone)]
pub(super) struct BackedUp {
    pub(super) bytes: Vec<u8>,
    /// How many lines of the log had been read.
    pub(super) log_len: usize,
    pub(super) kept: (i64, String),
    pub(super) cash_len: usize,
}

impl Desk {
    /// Returns a till that was never started.
    pub(super) fn new(number: u32, machine: &str, disk: Disk, skew_ms: i64) -> Desk {
        Desk {
            number,
            machine: machine.to_owned(),
            disk,
            till: None,
            onlooker: None,
            counter: Counter::default(),
            record: Record::default(),
            requests: BTreeMap::new(),
            courses: BTreeMap::new(),
            ear: Ear::default(),
            held_back: None,
            phases: BTreeMap::new(),
            kept: (0, String::new()),
            goods_gone: BTreeSet::new(),
            start: 0,
            wall_ms: skew_ms,
            skew_ms,
            stalled_until_ms: i64::MIN,
            full_until_ms: i64::MIN,
            syncs_seen: 0,
            revision_seen: 0,
            cut: (Fate::Kept, 1_000),
            off: false,
            recovered: None,
            as_till: number,
            backed_up: None,
        }
    }

    /// Says whether the till is on and knows everything but what it leaves to the manager.
    pub(super) fn is_settled(&self) -> bool {
        let settled = |till: &Till<TillKeys>| -> Result<bool, DbError> {
            Ok(till.is_settled()? || leaves_the_rest(till)?)
        };
        self.till.as_ref().is_some_and(|till| settled(till).unwrap_or(false))
    }

    /// What the till at this counter is about: the phase of the last attempt.
    pub(super) fn phase(&self) -> String {
        self.phases.last_key_value().map(|(_, phase)| phase.clone()).unwrap_or_default()
    }
}

/// More open attempts than a day has.
const OPEN_MAX: u32 = 200;

/// Says whether nothing is open but sales whose refund is held: what goes back of those the manager
/// was asked to decide.
fn leaves_the_rest(till: &Till<TillKeys>) -> Result<bool, DbError> {
    let read = till.db().read();
    let asks = !read.old_epochs().to_ask(1)?.is_empty()
        || read.queue().next_wake_of(OperationKind::LateAsk)?.is_some();
    if asks || !read.refunds().open(1)?.is_empty() {
        return Ok(false);
    }
    for attempt in read.attempts().open(OPEN_MAX)? {
        let refunds = read.refunds().of_attempt(&attempt.value.out_trade_no)?;
        let is_held = refunds.iter().any(|kept| kept.value.phase == RefundPhase::Held);
        if !is_held || !matches!(attempt.value.phase, Phase::Refunding { .. }) {
            return Ok(false);
        }
    }
    Ok(true)
}
