//! What the till did on the way: what left it, when, on what grounds, and what it showed.

use std::collections::{BTreeMap, BTreeSet};

use mianfu_practice::Channel;

use super::channels::seller_of;
use super::copies::{COPIED, PUT_BACK};
use super::oracle::{Case, is_closed, net_fen, note};
use super::plan::Wallet;
use super::record::{Broken, Call, Deed, Record, Row, Word, is_end};

/// How old a "not paid" may be when a reversal leaves on it, in ms.
const FRESH_MS: i64 = 3_000;

/// I2: whenever the till keeps an attempt as paid, the channel has captured exactly that.
pub(super) fn paid_is_captured(case: &Case<'_>, broken: &mut Vec<Broken>) {
    for line in case.record.log.iter().filter(|line| line.row.text("phase") == "paid") {
        if line.table != "attempt" {
            continue;
        }
        let captured = case.truth.trade(&line.key).is_some_and(|trade| {
            let wallet = match trade.channel {
                Channel::Alipay => Wallet::Alipay,
                Channel::Wechat => Wallet::Wechat,
            };
            trade.paid_ms.is_some_and(|paid_ms| paid_ms <= line.seen_ms)
                && line.row.int("amount_fen") == Some(trade.amount_fen)
                && line.row.text("channel") == wallet.name()
                && trade.seller_id == seller_of(wallet)
        });
        if !captured {
            note(broken, "I2", line.seen_ms, format!("{} was kept as paid and is not", line.key));
        }
    }
}

/// Where an attempt may go from a phase.
fn successors(phase: &str) -> &'static [&'static str] {
    const OPEN: &[&str] = &[
        "submitting",
        "parked",
        "waiting",
        "asking",
        "closing",
        "reversing",
        "refunding",
        "paid",
        "declined",
        "closed",
        "returned",
        "held",
    ];
    match phase {
        "" => &["submitting", "paid", "held"],
        "parked" => &["parked", "submitting", "asking", "closed", "paid", "refunding", "held"],
        "submitting" | "waiting" => OPEN,
        "asking" => &[
            "asking",
            "closing",
            "reversing",
            "refunding",
            "paid",
            "declined",
            "closed",
            "returned",
            "held",
        ],
        "closing" => {
            &["closing", "reversing", "refunding", "paid", "declined", "closed", "returned", "held"]
        }
        "reversing" | "unseen" => &[
            "reversing",
            "unseen",
            "closing",
            "refunding",
            "declined",
            "closed",
            "returned",
            "held",
        ],
        "refunding" => &["refunding", "returned"],
        "paid" => &["paid"],
        "declined" => &["declined"],
        "closed" => &["closed"],
        "returned" => &["returned"],
        "held" => &["held"],
        _ => &[],
    }
}

/// I5: phases follow the picture, ends stay, marks and reversals are never taken back.
pub(super) fn phases_follow_the_picture(case: &Case<'_>, broken: &mut Vec<Broken>) {
    for (no, lines) in &case.log {
        let nothing = Row::default();
        let mut before = &nothing;
        for (_, line) in lines {
            if line.kind == PUT_BACK {
                before = &line.row;
                continue;
            }
            let (from, to) = (before.text("phase"), line.row.text("phase"));
            let mut wrong = Vec::new();
            if !successors(from).contains(&to) {
                wrong.push(format!("{from} became {to}"));
            }
            let left = before.text("reversal_left_at_ms");
            if !left.is_empty() && left != line.row.text("reversal_left_at_ms") {
                wrong.push("a reversal that left was forgotten".to_owned());
            }
            if to == "paid" && !line.row.text("reversal_left_at_ms").is_empty() {
                wrong.push("paid after a reversal left".to_owned());
            }
            let gone = |row: &Row| !row.text("goods_gone_by").is_empty();
            if !left.is_empty() && !gone(before) && gone(&line.row) {
                wrong.push("the goods were gone after a reversal left".to_owned());
            }
            if before.is("late_money") && !line.row.is("late_money") {
                wrong.push("late money was forgotten".to_owned());
            }
            let same = ["amount_fen", "order_no", "flow"];
            if !from.is_empty() && same.iter().any(|name| before.text(name) != line.row.text(name))
            {
                wrong.push("the intent changed".to_owned());
            }
            for what in wrong {
                note(broken, "I5", line.seen_ms, format!("{no}: {what}"));
            }
            before = &line.row;
        }
    }
}

/// I3: when money is asked for an order, no earlier number of it could still be captured.
pub(super) fn one_live_attempt(case: &Case<'_>, broken: &mut Vec<Broken>) {
    for call in case.record.calls.iter().filter(|call| call.is_submit()) {
        let Some(row) = case.row_before(&call.no, call.log_len) else { continue };
        let order_no = row.text("order_no");
        for no in case.log.keys().copied().filter(|no| *no < call.no.as_str()) {
            let Some(sibling) = case.row_before(no, call.log_len) else { continue };
            if sibling.text("order_no") != order_no {
                continue;
            }
            if let Some(what) = stands_in_the_way(case, no, sibling, call) {
                let what = format!("{} left for order {order_no} while {no} {what}", call.no);
                note(broken, "I3", call.left_ms, what);
            }
        }
    }
}

/// Says why an earlier number of the order forbids a call.
fn stands_in_the_way(
    case: &Case<'_>,
    no: &str,
    sibling: &Row,
    call: &Call,
) -> Option<&'static str> {
    let phase = sibling.text("phase");
    if !is_end(phase) && phase != "refunding" {
        return Some("had not ended");
    }
    if phase == "held" {
        return Some("waited for a person");
    }
    let at_ms = *call.arrived_ms.first()?;
    let trade = case.truth.trade(no)?;
    if at_ms < trade.made_ms || case.scanned_after_the_end(trade) {
        return None;
    }
    if trade.paid_ms.is_some_and(|paid_ms| paid_ms <= at_ms) {
        let goes_back = phase == "refunding" || net_fen(trade, at_ms) == 0;
        return (!goes_back).then_some("had been paid");
    }
    (!is_closed(trade, at_ms)).then_some("could still be paid")
}

/// L1: a submit leaves only when its intent and its sent mark are durable.
pub(super) fn kept_before_sent(case: &Case<'_>, broken: &mut Vec<Broken>) {
    for call in case.record.calls.iter().filter(|call| call.is_submit()) {
        let marked = case
            .row_before(&call.no, call.log_len)
            .is_some_and(|row| !row.text("sent_at_ms").is_empty());
        if !marked {
            note(broken, "L1", call.left_ms, format!("{} left before it was kept", call.no));
        }
    }
    for call in case.record.calls.iter().filter(|call| call.is_reversal()) {
        let marked = case
            .row_before(&call.no, call.log_len)
            .is_some_and(|row| !row.text("reversal_left_at_ms").is_empty());
        if !marked {
            let what = format!("the reversal of {} left before it was kept", call.no);
            note(broken, "L1", call.left_ms, what);
        }
    }
}

/// M2: a submit leaves again only where every earlier try certainly never left, whatever till it
/// was at, and says the same.
pub(super) fn sent_once(records: &[&Record], broken: &mut Vec<Broken>) {
    let mut last: BTreeMap<&str, &Call> = BTreeMap::new();
    let mut calls: Vec<&Call> = records.iter().flat_map(|record| &record.calls).collect();
    calls.sort_by_key(|call| call.left_ms);
    for call in calls.into_iter().filter(|call| call.is_submit()) {
        let Some(before) = last.insert(&call.no, call) else { continue };
        let unreachable =
            before.heard.as_ref().is_some_and(|heard| heard.what == Word::Unreachable);
        if !unreachable {
            note(broken, "M2", call.left_ms, format!("{} was sent again", call.no));
        }
        if without_expiry(&before.business) != without_expiry(&call.business) {
            let what = format!("{} was sent again with another text", call.no);
            note(broken, "I7", call.left_ms, what);
        }
    }
}

/// I25, M19: no number is drawn twice, not by a database that was put back, nor by a copied one.
pub(super) fn numbers_are_new(records: &[&Record], broken: &mut Vec<Broken>) {
    let mut drawn: BTreeSet<&str> = BTreeSet::new();
    for record in records {
        for line in record.log.iter().skip(record.copied) {
            if line.kind == "attempt_kept" && !drawn.insert(&line.key) {
                note(broken, "I25", line.seen_ms, format!("{} was drawn twice", line.key));
            }
        }
    }
}

/// One moment is kept as the code's expiry; its text on the channel's clock may move by the blur of
/// that clock's offset, which a restart learns anew.
fn without_expiry(business: &str) -> serde_json::Value {
    let mut fields: serde_json::Value = serde_json::from_str(business).unwrap_or_default();
    if let Some(fields) = fields.as_object_mut() {
        fields.remove("time_expire");
    }
    fields
}

/// I25: an attempt's first reversal leaves on a fresh "not paid", with no submit of ours open.
pub(super) fn no_blind_reversal(case: &Case<'_>, broken: &mut Vec<Broken>) {
    let mut reversed: BTreeMap<&str, ()> = BTreeMap::new();
    for (index, call) in case.record.calls.iter().enumerate() {
        if !call.is_reversal() || reversed.insert(&call.no, ()).is_some() {
            continue;
        }
        let before = &case.record.calls[..index];
        let same =
            || before.iter().filter(|other| other.no == call.no && other.start == call.start);
        let open = same().any(|other| {
            other.is_submit() && other.heard.as_ref().is_none_or(|heard| call.left_ms < heard.at_ms)
        });
        if open {
            let what = format!("{} was reversed while its submit was open", call.no);
            note(broken, "I25", call.left_ms, what);
        }
        // One that was kept and did not leave counts as left (M6): it is repeated on a "paid" (M7).
        let withheld = was_withheld(case, &call.no, call.log_len);
        let fresh = same().filter(|other| other.deed() == Some(Deed::Query)).any(|query| {
            query.heard.as_ref().is_some_and(|heard| {
                let age_ms = call.left_ms - heard.at_ms;
                let grounds = says_not_paid(&heard.what) || (withheld && says_paid(&heard.what));
                (0..=FRESH_MS).contains(&age_ms) && grounds
            })
        });
        if !fresh {
            let what = format!("{} was reversed without a fresh \"not paid\"", call.no);
            note(broken, "I25", call.left_ms, what);
        }
    }
}

/// Says whether a reversal was kept and then did not leave: too late for it, or the power went.
fn was_withheld(case: &Case<'_>, no: &str, log_len: usize) -> bool {
    let lines = case.log.get(no).into_iter().flatten();
    let mut kept = false;
    for (_, line) in lines.take_while(|(index, _)| *index < log_len) {
        let started = ["resumed", "restored", COPIED].contains(&line.kind.as_str());
        if line.kind == "reversal_withheld" || (kept && started) {
            return true;
        }
        kept |= !line.row.text("reversal_left_at_ms").is_empty();
    }
    false
}

fn says_paid(word: &Word) -> bool {
    matches!(word, Word::Genuine { trade_status, .. }
        if ["TRADE_SUCCESS", "SUCCESS"].contains(&trade_status.as_str()))
}

fn says_not_paid(word: &Word) -> bool {
    const UNPAID: [&str; 4] = ["WAIT_BUYER_PAY", "NOTPAY", "USERPAYING", "PAYERROR"];
    match word {
        Word::Genuine { trade_status, .. } => {
            UNPAID.contains(&trade_status.as_str()) || says_not_exist(word)
        }
        Word::Unsigned | Word::Worthless | Word::Nothing | Word::Unreachable => false,
    }
}

fn says_not_exist(word: &Word) -> bool {
    matches!(word, Word::Genuine { sub_code, .. }
        if sub_code.ends_with("TRADE_NOT_EXIST") || sub_code == "ORDERNOTEXIST")
}

/// M8: a shown code that the channel calls scanned and unpaid is closed, never reversed.
pub(super) fn scanned_codes_are_closed(case: &Case<'_>, broken: &mut Vec<Broken>) {
    let mut reversed: BTreeMap<&str, ()> = BTreeMap::new();
    for (index, call) in case.record.calls.iter().enumerate() {
        if !call.is_reversal() || reversed.insert(&call.no, ()).is_some() {
            continue;
        }
        // One that was kept and did not leave counts as left and is repeated (M6, M7).
        let row = case.row_before(&call.no, call.log_len);
        let shown = row.is_some_and(|row| row.text("flow") == "show");
        let counts_as_left = was_withheld(case, &call.no, call.log_len);
        let scanned = case.record.calls[..index].iter().any(|other| {
            other.no == call.no && other.start == call.start && heard_waiting(other, call.left_ms)
        });
        if shown && scanned && !counts_as_left {
            let what = format!("{} was reversed although scanned and unpaid", call.no);
            note(broken, "M8", call.left_ms, what);
        }
    }
}

fn heard_waiting(call: &Call, by_ms: i64) -> bool {
    call.heard.as_ref().is_some_and(|heard| {
        let waiting = matches!(&heard.what, Word::Genuine { trade_status, .. }
            if ["WAIT_BUYER_PAY", "NOTPAY"].contains(&trade_status.as_str()));
        waiting && heard.at_ms <= by_ms
    })
}

fn is_genuine(word: &Word) -> bool {
    match word {
        Word::Genuine { .. } => true,
        Word::Unsigned | Word::Worthless | Word::Nothing | Word::Unreachable => false,
    }
}

/// M4: nothing is charged before its channel signed an answer to this start of the till, nor scanned
/// where a reversal needs more than that before one was let in.
pub(super) fn offered_once_proven(case: &Case<'_>, broken: &mut Vec<Broken>) {
    for (index, call) in case.record.calls.iter().enumerate() {
        let heard_by = |other: &Call| {
            let heard = other.heard.as_ref().filter(|heard| heard.at_ms <= call.left_ms);
            let same = other.start == call.start && other.wallet() == call.wallet();
            heard.filter(|heard| same && is_genuine(&heard.what)).map(|heard| heard.what.clone())
        };
        let before = || case.record.calls[..index].iter();
        let proven = before().any(|other| !other.is_proof() && heard_by(other).is_some());
        if call.is_submit() && !proven {
            let what = format!("{} left before the channel was proven", call.no);
            note(broken, "M4", call.left_ms, what);
        }
        let reverses = || before().any(|other| other.is_proof() && heard_by(other).is_some());
        if call.method == "wechat.v2.micropay" && !reverses() {
            let what = format!("{} left before a reversal was let in", call.no);
            note(broken, "M4", call.left_ms, what);
        }
        let told_absent = || {
            let asked = |other: &&Call| other.deed() == Some(Deed::Query) && other.is_probe();
            before().filter(asked).any(|other| heard_by(other).is_some_and(|w| says_not_exist(&w)))
        };
        if call.is_proof() && !told_absent() {
            let what = format!("{} was reversed before it was known not to exist", call.no);
            note(broken, "M4", call.left_ms, what);
        }
    }
}

/// L11: after three silences in a row no sale is begun.
pub(super) fn silence_stops_new_charges(case: &Case<'_>, broken: &mut Vec<Broken>) {
    const IN_A_ROW: usize = 3;
    for line in case.record.log.iter().filter(|line| line.kind == "attempt_kept") {
        let Some(submit) = case.record.calls.iter().find(|call| call.no == line.key) else {
            continue;
        };
        let mut heard: Vec<(i64, bool, usize)> = case
            .record
            .calls
            .iter()
            .enumerate()
            .filter(|(_, call)| call.start == submit.start && call.wallet() == submit.wallet())
            // It says nothing of the channel's other calls.
            .filter(|(_, call)| !call.is_proof())
            .filter_map(|(index, call)| {
                let heard = call.heard.as_ref().filter(|heard| heard.what != Word::Unsigned)?;
                // Of what came at one instant nobody knows which came first: the channel's word
                // counts as the last.
                Some((heard.at_ms, is_genuine(&heard.what), index))
            })
            // Of what came at the same instant only the channel's word is known to have come first.
            .filter(|(at_ms, genuine, _)| {
                *at_ms < line.seen_ms || (*at_ms == line.seen_ms && *genuine)
            })
            .collect();
        heard.sort_unstable();
        let silent = heard.iter().rev().take_while(|(_, genuine, _)| !genuine).count();
        if IN_A_ROW <= silent {
            let what = format!("{} was begun after {silent} silences in a row", line.key);
            note(broken, "L11", line.seen_ms, what);
        }
    }
}

/// M18: a sale of the amount of an unresolved one is begun only once the cashier was asked.
pub(super) fn asks_for_the_same_customer(case: &Case<'_>, broken: &mut Vec<Broken>) {
    const RECENT_MS: i64 = 600_000;
    for begun in case.record.begun.iter().filter(|begun| !begun.answered) {
        if case.row_before(&begun.no, begun.log_len).is_some() {
            continue;
        }
        let Some(amount) = case
            .log
            .get(begun.no.as_str())
            .and_then(|lines| lines.first())
            .map(|(_, line)| line.row.text("amount_fen"))
        else {
            continue;
        };
        for (no, lines) in &case.log {
            let Some(row) = case.row_before(no, begun.log_len) else { continue };
            let phase = row.text("phase");
            let recent = lines
                .first()
                .is_some_and(|(_, line)| begun.at_ms - line.seen_ms < RECENT_MS - 1_000);
            let unresolved = !is_end(phase) && phase != "refunding";
            if recent && unresolved && row.text("amount_fen") == amount {
                let what = format!("{} was begun while {no} of its amount was {phase}", begun.no);
                note(broken, "M18", begun.at_ms, what);
            }
        }
    }
}

/// I12: the screen lets goods go only for money that is there, and lets a sale be charged again
/// only where the number is dead at the channel.
pub(super) fn screens_are_true(case: &Case<'_>, broken: &mut Vec<Broken>) {
    for shown in &case.record.screens {
        for sight in &shown.attempts {
            if sight.goods_may_go && !is_there(case, &sight.no, shown.at_ms) {
                let what = format!("the screen let the goods of {} go", sight.no);
                note(broken, "I12", shown.at_ms, what);
            }
            if sight.may_charge_again && is_alive(case, &sight.no, shown.at_ms) {
                let what = format!("the screen let {} be charged again", sight.no);
                note(broken, "I12", shown.at_ms, what);
            }
        }
    }
}

/// I12: goods went for money that was there and that nobody but a person gave back.
pub(super) fn goods_went_for_money(case: &Case<'_>, broken: &mut Vec<Broken>) {
    for goods in &case.record.goods {
        let stays = is_there(case, &goods.no, i64::MAX)
            || cash_was_taken_unaware(case, &goods.no, goods.at_ms);
        if !is_there(case, &goods.no, goods.at_ms) || !stays {
            let what = format!("goods went for {} and the money did not stay", goods.no);
            note(broken, "I12", goods.at_ms, what);
        }
    }
}

/// Says whether a backup from before the payment took the database's place after the goods went, and
/// cash was taken for the order since: then a person sent the wallet's money back (M16).
fn cash_was_taken_unaware(case: &Case<'_>, no: &str, gone_ms: i64) -> bool {
    let lines = case.log.get(no).into_iter().flatten().map(|(_, line)| line);
    let mut since = lines.skip_while(|line| line.kind != PUT_BACK || line.seen_ms < gone_ms);
    let put_back = since.next().is_some_and(|line| {
        let phase = line.row.text("phase");
        !phase.is_empty() && !is_end(phase) && !line.row.is("unwanted")
    });
    put_back && since.any(|line| line.kind == "cash_instead" && line.row.is("unwanted"))
}

/// Says whether the money of a number was there at a time, but for what people gave back.
fn is_there(case: &Case<'_>, no: &str, at_ms: i64) -> bool {
    case.truth.trade(no).is_some_and(|trade| {
        trade.paid_ms.is_some_and(|paid_ms| paid_ms <= at_ms)
            && case.returned_by_rule_fen(trade, at_ms) == 0
    })
}

/// Says whether a number could still take money at a time, or held some, by what the till could
/// know: a code that nobody had scanned at its end is exempt.
fn is_alive(case: &Case<'_>, no: &str, at_ms: i64) -> bool {
    let Some(trade) = case.truth.trade(no) else { return false };
    if case.scanned_after_the_end(trade) {
        return false;
    }
    // A scan that arrives after the screen called it dead must not be taken either.
    if at_ms < trade.made_ms {
        return trade.paid_ms.is_some();
    }
    match trade.paid_ms {
        Some(paid_ms) if paid_ms <= at_ms => net_fen(trade, at_ms) != 0,
        Some(_) | None => !is_closed(trade, at_ms),
    }
}
