//! The manager at a counter: goods that are gone, refunds that wait.

use mianfu_core::refund::RefundPhase;
use mianfu_till::TillError;
use mianfu_till::cashier::GoodsRefusal;
use mianfu_till::worker::chain;

use super::world::{Happening, World};

impl World<'_> {
    /// The manager says that the goods of the sale in front are gone.
    pub(super) fn goods_gone(&mut self) {
        let now = self.till_now();
        let Some(front) = self.desk.counter.front.clone() else { return };
        let Some(till) = &mut self.desk.till else { return };
        let done = till.goods_gone(&front.out_trade_no, "manager", now);
        let result = done.as_ref().err().map_or("done".to_owned(), |error| chain(error));
        self.say(format_args!("cashier: goods gone {}: {result}", front.out_trade_no));
        if let Err(GoodsRefusal::Till(TillError::Db(error))) = done {
            self.not_kept("goods gone", &error);
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
        let till = self.desk.till.as_ref();
        if till.is_some_and(|till| !till.is_settled().unwrap_or(false)) {
            self.put(again_ms, Happening::Manages);
        }
    }
}
