//! The manager at a counter: goods that are gone, refunds that wait, findings that were looked into.

use std::sync::OnceLock;

use mianfu_core::money::Timestamp;
use mianfu_core::refund::RefundPhase;
use mianfu_till::TillError;
use mianfu_till::cashier::GoodsRefusal;
use mianfu_till::open_items::SettleRefusal;
use mianfu_till::people::{Approved, FindingSettled, People, Pin};
use mianfu_till::worker::chain;
use tempfile::TempDir;

use super::record::SettledFinding;
use super::world::{Happening, World};

/// The manager's PIN.
const PIN: &str = "481927";

/// Findings that are looked through for the oldest.
const OPEN_MAX: u32 = 100;

/// Somebody whose PIN the till knows; asking for it is slow on purpose.
struct Boss {
    people: People,
    _folder: TempDir,
}

impl World<'_> {
    /// The manager says that the goods of the sale in front are gone.
    pub(super) fn goods_gone(&mut self) {
        let now = self.till_now();
        let Some(front) = self.desk.counter.own_front() else { return };
        let Some(till) = &mut self.desk.till else { return };
        let done = till.goods_gone(&front.out_trade_no, "manager", now);
        let result = done.as_ref().err().map_or("done".to_owned(), |error| chain(error));
        self.say(format_args!("cashier: goods gone {}: {result}", front.out_trade_no));
        if let Err(GoodsRefusal::Till(TillError::Db(error))) = done {
            self.not_kept("goods gone", &error);
        }
    }

    /// The manager settles the oldest finding with the PIN.
    pub(super) fn settle_finding(&mut self) {
        let now = self.till_now();
        let Some(till) = &mut self.desk.till else { return };
        let open = till.db().read().findings().open(OPEN_MAX).unwrap_or_default();
        let Some(id) = open.first().map(|finding| finding.id) else { return };
        let done = till.finding_settled(approved(FindingSettled { id }, now), now);
        let result = done.as_ref().err().map_or("done".to_owned(), |error| chain(error));
        self.say(format_args!("manager: settles finding {}: {result}", id.0));
        let (finding_id, said) = (id.0.to_string(), done.is_ok());
        let settled = SettledFinding { at_ms: self.now_ms, finding_id, said };
        self.desk.record.settled.push(settled);
        if let Err(SettleRefusal::Db(error)) = done {
            self.not_kept("a settled finding", &error);
        }
    }

    /// The manager tries refunds again that wait for a person, until there are none.
    pub(super) fn manages(&mut self) {
        let now = self.till_now();
        let again_ms = self.now_ms + 20_000;
        let Some(till) = &mut self.desk.till else {
            self.put(again_ms, Happening::Manages);
            return;
        };
        let Ok(open) = till.db().read().refunds().open(100) else {
            self.put(again_ms, Happening::Manages);
            return;
        };
        let mut tried = Vec::new();
        for kept in open {
            if matches!(kept.value.phase, RefundPhase::Wedged { .. }) {
                let done = till.try_refund_again(kept.value.id, now).is_ok();
                tried.push((kept.value.id, done));
            }
        }
        for (id, done) in tried {
            self.say(format_args!("manager: tries refund {} again: {done}", id.0));
        }
        // An attempt may still turn into a refund that waits for a person.
        if self.desk.till.is_some() && !self.desk.is_settled() {
            self.put(again_ms, Happening::Manages);
        }
    }
}

/// Says with the manager's PIN what is settled.
fn approved(settled: FindingSettled, now: Timestamp) -> Approved<FindingSettled> {
    static BOSS: OnceLock<Boss> = OnceLock::new();
    let pin = || Pin::new(PIN.to_owned()).expect("six digits");
    let boss = BOSS.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder for the PIN");
        let people = People::open(folder.path().join("till.pin"));
        people.set_pin(&pin(), None, now).expect("the PIN is set");
        Boss { people, _folder: folder }
    });
    boss.people.approve(&pin(), settled, now).expect("it is the manager's PIN")
}
