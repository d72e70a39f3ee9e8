//! What was asked before an attempt ended and is answered after it.
//!
//! An answer counts by the moment its question left (M14): "paid", said of money that went back in
//! the meantime, was true when it was asked and contradicts nothing.

use mianfu_core::attempt::{Effect, Phase};
use mianfu_core::channel::Verdict;
use mianfu_core::mutant;
use mianfu_core::number::OutTradeNo;
use mianfu_gateway::{Answer, CallError, Keys};

use super::{Calls, Open, What};
use crate::till::Till;

impl Calls {
    /// The attempt has ended: whatever is open about it was asked before.
    pub(crate) fn outlive(&mut self, no: &OutTradeNo) {
        for open in self.open.values_mut() {
            open.outlived |= open.what.out_trade_no() == Some(no);
        }
    }
}

impl<K: Keys> Till<K> {
    /// Says whether an answer is only news from before the money went back.
    pub(super) fn is_of_before(&self, open: &Open, answer: &Result<Answer, CallError>) -> bool {
        let (true, What::Attempt { no, effect: Effect::Query }, Ok(Answer::Told(Verdict::Paid(_)))) =
            (open.outlived, &open.what, answer)
        else {
            return false;
        };
        let kept = self.db.read().attempts().get(no);
        kept.is_ok_and(|kept| kept.value.phase == Phase::Returned)
            && !mutant::planted("m14_an_old_answer_contradicts")
    }
}
