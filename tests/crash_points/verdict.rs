//! The verdict on a history: the simulation's oracle, and what a scripted one shows beyond it.

use std::collections::{BTreeMap, BTreeSet};

use mianfu_db::full_check;
use mianfu_practice::truth::Fact;

use crate::simulation::disk::VFS;
use crate::simulation::oracle::judge;
use crate::simulation::record::{Broken, Call, Deed, Record, Row};
use crate::simulation::script::Scene;
use crate::simulation::world::Past;

/// Returns every promise that a history of a scene broke.
#[must_use]
pub fn verdict(scene: &Scene, past: &Past) -> Vec<Broken> {
    let mut broken = judge(&past.record, past.practice.truth());
    numbers_are_new(scene, &past.record, &mut broken);
    a_start_asks_before_it_refunds_again(&past.record, &mut broken);
    if past.record.broken.is_empty() {
        findings_are_settled_as_said(&past.record, &mut broken);
        rows_are_the_logs(&past.record, &mut broken);
        file_is_sound(past, &mut broken);
        backups_are_whole(past, &mut broken);
    }
    broken
}

/// Returns how a history ended, in the words of a flow.
#[must_use]
pub fn ending(record: &Record) -> String {
    let tables = &record.tables;
    let attempts = tables.attempts.iter().map(|row| row.text("phase").to_owned());
    let refunds = tables.refunds.iter().map(|row| format!("back_{}", row.text("phase")));
    let cash = tables.orders.iter().filter(|row| row.int("cash_fen").unwrap_or(0) != 0).count();
    let cash = (cash != 0).then(|| format!("cash_{cash}"));
    let settled = tables.findings.iter().filter(|row| is_settled(row)).count();
    let settled = (settled != 0).then(|| format!("settled_{settled}"));
    attempts.chain(refunds).chain(cash).chain(settled).collect::<Vec<_>>().join(" ")
}

fn note(broken: &mut Vec<Broken>, invariant: &'static str, what: String) {
    broken.push(Broken { invariant, at_ms: i64::MAX, what });
}

/// M19: a number is 28 digits from 90 on, and none that the channel knew before is drawn again.
fn numbers_are_new(scene: &Scene, record: &Record, broken: &mut Vec<Broken>) {
    let known: BTreeSet<&str> = scene
        .before
        .journal
        .iter()
        .filter_map(|entry| match &entry.fact {
            Fact::Offered { offer } => Some(offer.out_trade_no.as_str()),
            Fact::TradeMade { trade } => Some(trade.out_trade_no.as_str()),
            Fact::PaymentCodeShown { .. }
            | Fact::OfferKilled { .. }
            | Fact::Planned { .. }
            | Fact::Paid { .. }
            | Fact::Closed { .. }
            | Fact::Refunded { .. }
            | Fact::RefundEnded { .. }
            | Fact::NoticeWanted { .. }
            | Fact::NoticeSent { .. }
            | Fact::Asked { .. }
            | Fact::Arrived { .. } => None,
        })
        .collect();
    for call in record.calls.iter().filter(|call| call.is_submit()) {
        let no = &call.no;
        let formed =
            no.len() == 28 && no.starts_with("90") && no.bytes().all(|b| b.is_ascii_digit());
        if !formed {
            note(broken, "M19", format!("{no} is no number of ours"));
        }
        if known.contains(no.as_str()) {
            note(broken, "M19", format!("{no} was drawn a second time"));
        }
    }
}

/// M20: a refund that left an earlier start leaves again only after the channel was asked about it.
fn a_start_asks_before_it_refunds_again(record: &Record, broken: &mut Vec<Broken>) {
    let mut last: BTreeMap<&str, &Call> = BTreeMap::new();
    let about = |call: &&Call| matches!(call.deed(), Some(Deed::Refund | Deed::RefundQuery));
    for call in record.calls.iter().filter(about) {
        let before = last.insert(&call.no, call);
        let again = before.is_some_and(|before| before.start < call.start);
        if again && call.deed() == Some(Deed::Refund) {
            note(broken, "M20", format!("a refund of {} left again and nobody asked", call.no));
        }
    }
}

fn is_settled(finding: &Row) -> bool {
    !finding.text("settled_at_ms").is_empty()
}

/// I8: a finding that the till called settled stays settled, by the manager; none is settled that the
/// manager did not settle here or before.
fn findings_are_settled_as_said(record: &Record, broken: &mut Vec<Broken>) {
    let first_ms = record.log.first().map(|line| line.seen_ms);
    for finding in &record.tables.findings {
        let id = finding.text("finding_id");
        let mut asked = record.settled.iter().filter(|settled| settled.finding_id == id);
        let said = asked.clone().any(|settled| settled.said);
        let settled = is_settled(finding);
        if said && (!settled || finding.text("settled_by") != "manager") {
            note(broken, "I8", format!("finding {id} was settled and is not"));
        }
        // An earlier history's word stood in the log at the first look.
        let mut lines = record.log.iter().filter(|line| line.table == "finding" && line.key == id);
        let inherited = lines.any(|line| is_settled(&line.row) && Some(line.seen_ms) == first_ms);
        if settled && asked.next().is_none() && !inherited {
            note(broken, "M17", format!("finding {id} is settled and nobody did"));
        }
    }
}

/// I19: an attempt's and a refund's row is what the log says last, its lines without a gap.
fn rows_are_the_logs(record: &Record, broken: &mut Vec<Broken>) {
    let mut last: BTreeMap<(&str, &str), &Row> = BTreeMap::new();
    for (before, line) in record.log.iter().zip(record.log.iter().skip(1)) {
        if before.seq + 1 != line.seq {
            note(broken, "I19", format!("the log goes from {} to {}", before.seq, line.seq));
        }
    }
    for line in &record.log {
        last.insert((&line.table, &line.key), &line.row);
    }
    let attempts = record.tables.attempts.iter().map(|row| ("attempt", "out_trade_no", row));
    let refunds = record.tables.refunds.iter().map(|row| ("refund", "refund_id", row));
    for (table, key, row) in attempts.chain(refunds) {
        let key = row.text(key);
        let told = last.get(&(table, key));
        let same = told.is_some_and(|told| {
            ["phase", "amount_fen"].iter().all(|name| told.text(name) == row.text(name))
        });
        if !same {
            note(broken, "I19", format!("the log does not explain {table} {key}"));
        }
    }
}

/// I19: the file, its chain and its fold are whole after the till was closed.
fn file_is_sound(past: &Past, broken: &mut Vec<Broken>) {
    if let Err(error) = full_check(&past.disk.database(), Some(VFS)) {
        note(broken, "I19", format!("the full check says: {}", mianfu_till::worker::chain(&error)));
    }
}

/// A backup that is there is complete.
fn backups_are_whole(past: &Past, broken: &mut Vec<Broken>) {
    let Some(folder) = past.backups.made_in() else { return };
    let made = mianfu_db::backups(folder).unwrap_or_default();
    for backup in made {
        if let Err(error) = full_check(&backup, None) {
            let what = mianfu_till::worker::chain(&error);
            note(broken, "I20", format!("a backup is not whole: {what}"));
        }
    }
}
