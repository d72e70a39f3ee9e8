//! Judges a history by the channel's own ledger and what the onlooker wrote down.
//!
//! It shares no code with the product and believes none of it: amounts are whole numbers of fen
//! read from texts, times are the world's. Each check is named after the invariant it holds.
//!
//! The numbers are those of the project's list: I1 conservation, I2 no phantom, I3 one live
//! attempt, I4 nothing lost, I5 monotone, I12 unknown stays unknown, I13 late money goes back,
//! I6 refunds, I19 the log is the tables,
//! I21 a step can be kept, I22 convergence, I25 no blind reversal and no number twice; L1 keep before you send, L11
//! silence stops new charges, M2 never resend, M19 a copy gives nothing back, M4 offered once proven, M8 a scanned code is closed,
//! M18 the same customer.

use std::collections::BTreeMap;

use mianfu_practice::Truth;
use mianfu_practice::truth::{Refund, Trade};

use super::books;
use super::cash;
use super::conduct;
use super::copies::{COPIED, PUT_BACK};
use super::ghosts;
use super::record::{Broken, Line, Record, Row, is_end};

/// A history and its ledger.
pub struct Case<'a> {
    /// What the onlooker wrote down.
    pub record: &'a Record,
    /// What happened at the channel.
    pub truth: &'a Truth,
    /// What was written down at every till, this one's among them.
    pub all: &'a [&'a Record],
    /// The log by number, in order.
    pub(super) log: BTreeMap<&'a str, Vec<(usize, &'a Line)>>,
}

/// Returns every promise that a history with one till broke, those first that the run saw itself.
#[must_use]
pub fn judge(record: &Record, truth: &Truth) -> Vec<Broken> {
    judge_all(&[record], truth)
}

/// Returns every promise that a history broke, whatever till it was at.
#[must_use]
pub fn judge_all(records: &[&Record], truth: &Truth) -> Vec<Broken> {
    let mut broken: Vec<Broken> =
        records.iter().flat_map(|record| record.broken.iter().cloned()).collect();
    let at_rest = broken.is_empty();
    for record in records {
        let mut log: BTreeMap<&str, Vec<(usize, &Line)>> = BTreeMap::new();
        for (index, line) in record.log.iter().enumerate() {
            if line.table == "attempt" {
                log.entry(&line.key).or_default().push((index, line));
            }
        }
        let case = Case { record, truth, all: records, log };
        // A history that did not come to rest has no final books; what was done on the way counts.
        if at_rest {
            books_of(&case, &mut broken);
        }
        conduct_of(&case, &mut broken);
    }
    if at_rest {
        books::every_capture_is_known(records, truth, &mut broken);
        books::refunds_were_asked_for(records, truth, &mut broken);
    }
    conduct::sent_once(records, &mut broken);
    conduct::numbers_are_new(records, &mut broken);
    broken
}

fn books_of(case: &Case<'_>, broken: &mut Vec<Broken>) {
    books::conserved(case, broken);
    books::ends_are_true(case, broken);
    books::refunds_are_true(case, broken);
    books::late_money_went_back(case, broken);
    books::nothing_is_left_open(case, broken);
    books::findings_have_grounds(case, broken);
    books::tables_are_the_logs(case, broken);
    cash::drawer_is_the_books(case, broken);
}

fn conduct_of(case: &Case<'_>, broken: &mut Vec<Broken>) {
    conduct::paid_is_captured(case, broken);
    conduct::phases_follow_the_picture(case, broken);
    conduct::one_live_attempt(case, broken);
    conduct::kept_before_sent(case, broken);
    conduct::no_blind_reversal(case, broken);
    conduct::scanned_codes_are_closed(case, broken);
    conduct::offered_once_proven(case, broken);
    conduct::silence_stops_new_charges(case, broken);
    conduct::asks_for_the_same_customer(case, broken);
    conduct::screens_are_true(case, broken);
    conduct::goods_went_for_money(case, broken);
    ghosts::a_copy_asks_for_nothing(case, broken);
    ghosts::a_copy_gives_nothing_back(case, broken);
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

    /// Says whether nobody had scanned the code when the channel gave the answer that ended the
    /// attempt; a till hears it a moment later.
    pub(super) fn scanned_after_the_end(&self, trade: &Trade) -> bool {
        let no = &trade.out_trade_no;
        let Some(ended_ms) = self.ended_ms(no) else { return false };
        let heard_at = |record: &Record| {
            let calls = record.calls.iter().filter(|call| call.no == *no);
            let heard = calls.filter_map(|call| {
                let heard = call.heard.as_ref().filter(|heard| heard.at_ms <= ended_ms)?;
                Some((heard.at_ms, call.answered_ms?))
            });
            heard.max()
        };
        // The end that a copied disk brought along was heard by the till it was copied from.
        let heard = heard_at(self.record)
            .or_else(|| self.all.iter().filter_map(|record| heard_at(record)).max());
        let answered_ms = heard.map_or(ended_ms, |(_, answered_ms)| answered_ms.min(ended_ms));
        trade.origin == mianfu_practice::truth::Origin::Show && answered_ms <= trade.made_ms
    }

    /// Says whether an answer that the channel gave before the attempt's end reached the till after it.
    pub(super) fn was_told_of_before(&self, no: &str) -> bool {
        let Some(ended_ms) = self.ended_ms(no) else { return false };
        self.record.calls.iter().filter(|call| call.no == no).any(|call| {
            let late = call.heard.as_ref().is_some_and(|heard| ended_ms <= heard.at_ms);
            late && call.arrived_ms.iter().any(|arrived_ms| *arrived_ms < ended_ms)
        })
    }

    /// What went back of a trade by some time without a person's asking, in fen. What the original
    /// gave back of a sale that was open at the copy, no one tells the copy.
    pub(super) fn returned_by_rule_fen(&self, trade: &Trade, by_ms: i64) -> i64 {
        if self.was_open_at_the_copy(&trade.out_trade_no) {
            return 0;
        }
        trade
            .refunds
            .iter()
            .filter(|refund| refund.at_ms <= by_ms)
            .filter(|refund| {
                let (no, refund_no) = (&trade.out_trade_no, &refund.out_request_no);
                !self.is_a_persons(no, refund_no) && !self.is_a_lost_wish(no, refund)
            })
            .map(|refund| refund.amount_fen)
            .sum()
    }

    /// Says whether a person asked for a refund, and the database that knew of it was put back: the
    /// row that has its number now is held, because it asks for another amount.
    fn is_a_lost_wish(&self, no: &str, refund: &Refund) -> bool {
        let held = self.refund_row(no, &refund.out_request_no);
        held.is_some_and(|row| row.text("phase") == "held")
            && self.all.iter().flat_map(|record| &record.log).any(|line| {
                line.table == "refund"
                    && line.row.text("why") == "person"
                    && line.row.text("out_trade_no") == no
                    && line.row.int("amount_fen") == Some(refund.amount_fen)
            })
    }

    /// Says whether a person asked for a refund.
    pub(super) fn is_a_persons(&self, no: &str, refund_no: &str) -> bool {
        self.refund_row(no, refund_no).is_some_and(|row| row.text("why") == "person")
    }

    /// A till's row of a refund the channel knows.
    pub(super) fn refund_row(&self, no: &str, refund_no: &str) -> Option<&Row> {
        self.all.iter().find_map(|record| refund_row(record, no, refund_no))
    }

    /// Says whether a finding of this kind was made about a number, if only at another till, or in a
    /// database that was put back since.
    pub(super) fn was_found(&self, kind: &str, no: &str) -> bool {
        let found = |row: &Row| row.text("kind") == kind && row.text("out_trade_no") == no;
        self.all.iter().any(|record| {
            let mut logged = record.log.iter().filter(|line| line.table == "finding");
            record.tables.findings.iter().any(found)
                || (was_put_back(record) && logged.any(|line| found(&line.row)))
        })
    }

    /// The row of an attempt that this till has from another, as it was when its disk was copied.
    pub(super) fn row_at_the_copy(&self, no: &str) -> Option<&Row> {
        self.row_before(no, self.record.copied).filter(|row| !row.text("phase").is_empty())
    }

    /// Says whether this till has the attempt, open, from the till of which its disk is a copy.
    pub(super) fn was_open_at_the_copy(&self, no: &str) -> bool {
        self.row_at_the_copy(no).is_some_and(|row| !is_end(row.text("phase")))
    }

    /// Says whether the original may hold money of the attempt that the copy cannot know of, or may
    /// have given back what the copy knows.
    pub(super) fn is_the_originals(&self, no: &str) -> bool {
        self.ended_elsewhere(no, "paid")
    }

    /// Says whether a number was open at the copy and some till's book says that its money came and
    /// went back.
    pub(super) fn went_back_at_the_original(&self, no: &str) -> bool {
        self.ended_elsewhere(no, "returned")
    }

    fn ended_elsewhere(&self, no: &str, phase: &str) -> bool {
        let mut rows = self.all.iter().filter_map(|record| record.tables.attempt(no));
        self.was_open_at_the_copy(no) && rows.any(|row| row.text("phase") == phase)
    }

    /// Says whether this till told the manager that it leaves the number to the original.
    pub(super) fn was_left_to_the_original(&self, no: &str) -> bool {
        let findings = &self.record.tables.findings;
        findings.iter().any(|row| row.text("said") == COPIED && row.text("out_trade_no") == no)
    }

    /// Says whether the machine's clock was set.
    pub(super) fn was_clock_set(&self) -> bool {
        self.record.clock_set
    }

    /// Says whether a number came after the backup that took the database's place.
    pub(super) fn was_forgotten(&self, no: &str) -> bool {
        let lines = self.log.get(no).into_iter().flatten();
        let mut put_back = lines.filter(|(_, line)| line.kind == PUT_BACK);
        put_back.any(|(_, line)| line.row.text("phase").is_empty())
    }

    /// Says whether a backup took the database's place.
    pub(super) fn was_put_back(&self) -> bool {
        was_put_back(self.record)
    }
}

pub(super) fn was_put_back(record: &Record) -> bool {
    record.log.iter().any(|line| line.kind == PUT_BACK)
}

/// A till's row of a refund the channel knows; the log has also those that a database lost.
pub(super) fn refund_row<'r>(record: &'r Record, no: &str, refund_no: &str) -> Option<&'r Row> {
    let nth = refund_no.strip_prefix(no)?.strip_prefix('R')?;
    let rows = || record.tables.refunds.iter();
    let logged = || {
        let lines = record.log.iter().rev();
        lines.filter(|line| line.table == "refund").map(|line| &line.row)
    };
    let matches =
        |row: &&Row| row.text("out_trade_no") == no && row.text("nth") == nth && row.is("minted");
    rows().rfind(matches).or_else(|| logged().find(matches))
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
