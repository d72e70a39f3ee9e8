//! Judges a history by the channel's own ledger and what the onlooker wrote down.
//!
//! It shares no code with the product and believes none of it: amounts are whole numbers of fen
//! read from texts, times are the world's. Each check is named after the invariant it holds.
//!
//! The numbers are those of the project's list: I1 conservation, I2 no phantom, I3 one live
//! attempt, I4 nothing lost, I5 monotone, I12 unknown stays unknown, I13 late money goes back,
//! I21 a step can be kept, I22 convergence, I25 no blind reversal; L1 keep before you send, L11
//! silence stops new charges, M2 never resend, M4 offered once proven, M8 a scanned code is closed,
//! M18 the same customer.

use std::collections::BTreeMap;

use mianfu_practice::Truth;
use mianfu_practice::truth::Trade;

use super::books;
use super::conduct;
use super::record::{Broken, Line, Record, Row, is_end};

/// A history and its ledger.
pub struct Case<'a> {
    /// What the onlooker wrote down.
    pub record: &'a Record,
    /// What happened at the channel.
    pub truth: &'a Truth,
    /// The log by number, in order.
    pub(super) log: BTreeMap<&'a str, Vec<(usize, &'a Line)>>,
}

/// Returns every promise that a history broke, those first that the run saw itself.
#[must_use]
pub fn judge(record: &Record, truth: &Truth) -> Vec<Broken> {
    let mut log: BTreeMap<&str, Vec<(usize, &Line)>> = BTreeMap::new();
    for (index, line) in record.log.iter().enumerate() {
        if line.table == "attempt" {
            log.entry(&line.key).or_default().push((index, line));
        }
    }
    let case = Case { record, truth, log };
    let mut broken = record.broken.clone();
    // A history that did not come to rest has no final books; what was done on the way counts.
    if broken.is_empty() {
        books::conserved(&case, &mut broken);
        books::every_capture_is_known(&case, &mut broken);
        books::ends_are_true(&case, &mut broken);
        books::refunds_are_true(&case, &mut broken);
        books::late_money_went_back(&case, &mut broken);
        books::nothing_is_left_open(&case, &mut broken);
        books::findings_have_grounds(&case, &mut broken);
    }
    conduct::paid_is_captured(&case, &mut broken);
    conduct::phases_follow_the_picture(&case, &mut broken);
    conduct::one_live_attempt(&case, &mut broken);
    conduct::kept_before_sent(&case, &mut broken);
    conduct::sent_once(&case, &mut broken);
    conduct::no_blind_reversal(&case, &mut broken);
    conduct::scanned_codes_are_closed(&case, &mut broken);
    conduct::offered_once_proven(&case, &mut broken);
    conduct::silence_stops_new_charges(&case, &mut broken);
    conduct::asks_for_the_same_customer(&case, &mut broken);
    conduct::screens_are_true(&case, &mut broken);
    conduct::goods_went_for_money(&case, &mut broken);
    broken
}

impl Case<'_> {
    /// When the till first called the attempt ended, in the world's time.
    pub(super) fn ended_ms(&self, no: &str) -> Option<i64> {
        let lines = self.log.get(no)?;
        lines.iter().find(|(_, line)| is_end(line.row.text("phase"))).map(|(_, line)| line.seen_ms)
    }

    /// The attempt's row as it stood before the log's line `log_len`.
    pub(super) fn row_before(&self, no: &str, log_len: usize) -> Option<&Row> {
        let lines = self.log.get(no)?;
        lines.iter().rfind(|(index, _)| *index < log_len).map(|(_, line)| &line.row)
    }

    /// Says whether nobody had scanned the code when the till called the attempt ended.
    pub(super) fn scanned_after_the_end(&self, trade: &Trade) -> bool {
        trade.origin == mianfu_practice::truth::Origin::Show
            && self.ended_ms(&trade.out_trade_no).is_some_and(|ended_ms| ended_ms <= trade.made_ms)
    }

    /// What went back of a trade by some time without a person's asking, in fen.
    pub(super) fn returned_by_rule_fen(&self, trade: &Trade, by_ms: i64) -> i64 {
        trade
            .refunds
            .iter()
            .filter(|refund| refund.at_ms <= by_ms)
            .filter(|refund| !self.is_a_persons(&trade.out_trade_no, &refund.out_request_no))
            .map(|refund| refund.amount_fen)
            .sum()
    }

    /// Says whether a person asked for a refund.
    pub(super) fn is_a_persons(&self, no: &str, refund_no: &str) -> bool {
        self.refund_row(no, refund_no).is_some_and(|row| row.text("why") == "person")
    }

    /// The till's row of a refund the channel knows.
    pub(super) fn refund_row(&self, no: &str, refund_no: &str) -> Option<&Row> {
        let nth = refund_no.strip_prefix(no)?.strip_prefix('R')?;
        let rows = || self.record.tables.refunds.iter();
        // A history cut short has no tables; its log has every row all the same.
        let logged = || {
            let lines = self.record.log.iter().rev();
            lines.filter(|line| line.table == "refund").map(|line| &line.row)
        };
        let matches = |row: &&Row| {
            row.text("out_trade_no") == no && row.text("nth") == nth && row.is("minted")
        };
        rows().rfind(matches).or_else(|| logged().find(matches))
    }
}

/// Returns what a trade holds at a time, in fen: captured less returned.
pub(super) fn net_fen(trade: &Trade, at_ms: i64) -> i64 {
    let captured =
        trade.paid_ms.filter(|paid_ms| *paid_ms <= at_ms).map_or(0, |_| trade.amount_fen);
    let returned: i64 = trade
        .refunds
        .iter()
        .filter(|refund| refund.at_ms <= at_ms)
        .map(|refund| refund.amount_fen)
        .sum();
    captured - returned
}

/// Returns whether a trade was closed by some time.
pub(super) fn is_closed(trade: &Trade, at_ms: i64) -> bool {
    trade.closed.is_some_and(|closed| closed.at_ms <= at_ms)
}

/// Notes a broken promise.
pub(super) fn note(broken: &mut Vec<Broken>, invariant: &'static str, at_ms: i64, what: String) {
    broken.push(Broken { invariant, at_ms, what });
}
