//! A thousand bad days, and the oracle's own trial: it must see a world that is wrong.

use std::sync::OnceLock;

use mianfu_practice::Truth;
use mianfu_tests::simulation::day::{KINDS_MIN, OPERATIONS_MIN, lacks};
use mianfu_tests::simulation::disk::{Disk, Fate, VFS};
use mianfu_tests::simulation::faults::{Faults, Kind};
use mianfu_tests::simulation::hearing::seen_late;
use mianfu_tests::simulation::oracle::{judge, judge_all};
use mianfu_tests::simulation::plan::{Channels, Plan};
use mianfu_tests::simulation::record::{Call, Deed, Goods, Line, Record, Row, Word};
use mianfu_tests::simulation::relay::Day;
use mianfu_tests::simulation::runs::{run, run_many, run_plan};
use mianfu_tests::simulation::world::live;
use rusqlite::{Connection, OpenFlags};

#[test]
fn a_thousand_bad_days_keep_every_promise() {
    // `cargo xtask simulate` takes the first thousand.
    let summary = run_many(1_000..2_000, Faults::ALL);
    let failed: Vec<String> = summary
        .failures
        .iter()
        .flat_map(|failure| failure.outcome.broken.iter().map(move |broken| (failure, broken)))
        .map(|(failure, broken)| {
            let (seed, operations) = (failure.outcome.seed, failure.operations);
            let (invariant, what) = (broken.invariant, &broken.what);
            format!("seed {seed}, {operations} operations: {invariant} broken: {what}")
        })
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert_eq!(summary.histories, 1_000);
    assert!(OPERATIONS_MIN <= summary.operations_min, "{} operations", summary.operations_min);
    assert!(KINDS_MIN <= summary.kinds_min, "{} kinds of faults", summary.kinds_min);
    let kinds = summary.fired.kinds();
    for kind in Kind::ALL {
        assert!(kinds.contains(&kind), "{} never fired", kind.name());
    }
    let fired = |fault: &str| summary.fired.0.keys().any(|(name, _)| name == fault);
    for fault in [
        "network_down",
        "unreachable",
        "request_lost",
        "answer_lost",
        "request_late",
        "answer_late",
        "answer_overtaken",
        "doubled",
        "answer_broken",
        "request_broken",
        "answer_truncated",
        "answer_tampered",
        "intercepted",
        "channel_Busy",
        "channel_SystemError",
        "channel_ServerError",
        "channel_WrongSignature",
        "channel_Unsigned",
        "channel_AnotherOrder",
        "channel_Truncated",
        "channel_RequestLate",
    ] {
        assert!(fired(fault), "the fault {fault} never fired");
    }
}

/// A clock set forward before a late submit, a machine that let a submit leave late, a code scanned
/// as it was cancelled, a backup in the place of refunds, a number that may be paid for hours; a
/// start that found no log begun, a refund that a late reversal made needless, a cancel that came
/// twice, a reversal that the power kept from leaving, goods and cash that only a lost database knew
/// of, a refusal without the name of its signature, two tills that gave back under one number. All of
/// them are days of a till that has Alipay alone.
#[test]
fn days_that_broke_a_promise_once_keep_it() {
    let tills = [3_071, 46_140, 8_672, 3_158, 9_767, 136_107, 114_006];
    let oracles =
        [169_144, 1_028_201, 152_380, 148_416, 123_896, 1_007_515, 320_357, 880_098, 5_437];
    let clashes = [5_033_680, 5_054_080, 5_063_541, 5_069_723];
    for seed in tills.into_iter().chain(oracles).chain(clashes) {
        assert_eq!(run_plan(&alipay_alone(seed), usize::MAX).broken, [], "seed {seed}");
        let told = Plan { channels: Channels::Alipay, ..Plan::of(seed) };
        assert_eq!(run_plan(&told, usize::MAX).broken, [], "seed {seed}, as drawn");
    }
}

/// A disk that failed as the second of two channels said that it knows no such number, a sale that was
/// found again of which the money had gone back, cash whose key had to be pressed for two sales.
#[test]
fn days_of_both_channels_that_broke_a_promise_once_keep_it() {
    for seed in [6_016_542, 6_051_410, 6_015_116] {
        for plan in [Plan::of(seed).with_relay(Day::Absent), Plan::of(seed)] {
            assert_eq!(run_plan(&plan, usize::MAX).broken, [], "seed {seed}");
        }
    }
}

fn alipay_alone(seed: u64) -> Plan {
    Plan { channels: Channels::Alipay, ..Plan::of(seed).with_relay(Day::Absent) }
}

#[test]
fn half_of_the_days_have_a_relay_of_each_kind() {
    let days: Vec<Day> = (0..1_000).map(|seed| Plan::of(seed).relay.day).collect();
    let share = |day: Day| days.iter().filter(|other| **other == day).count();
    assert!((400..500).contains(&share(Day::Absent)));
    for day in [Day::Present, Day::Dying, Day::Lying] {
        assert!(120 <= share(day), "{day:?}");
    }
}

/// A relay is a speed-up: where each notice is lost on its way, days end as they must.
#[test]
fn days_of_which_no_notice_is_delivered_keep_every_promise() {
    for seed in 3_000..3_060 {
        let mut plan = Plan::of(seed).with_relay(Day::Lying);
        plan.relay.lost_per_mille = 1_000;
        assert_eq!(run_plan(&plan, usize::MAX).broken, [], "seed {seed}");
    }
}

/// Nor does one move money, or have a till say what is not so, that lies about each notice.
#[test]
fn days_of_a_relay_that_always_lies_keep_every_promise() {
    let mut lied = 0;
    for seed in 3_100..3_160 {
        let mut plan = Plan::of(seed).with_relay(Day::Lying);
        (plan.relay.lost_per_mille, plan.relay.lies_per_mille) = (0, 1_000);
        let outcome = run_plan(&plan, usize::MAX);
        assert_eq!(outcome.broken, [], "seed {seed}");
        let lies = outcome.fired.0.iter().filter(|((fault, _), _)| fault == "relay_lies");
        lied += lies.map(|(_, count)| count).sum::<u64>();
    }
    assert!(120 <= lied, "only {lied} lies");
}

/// Where nothing else goes wrong, a payment is seen within seconds, whatever the relay does.
#[test]
fn r11b_a_payment_is_seen_within_seconds_whatever_the_relay_does() {
    let faults = Kind::OF_NOTICES.into_iter().fold(Faults::NONE, |faults, kind| faults.with(kind));
    for seed in 3_200..3_260 {
        let plan = Plan { faults, ..Plan::of(seed).with_relay(Day::Lying) };
        assert_eq!(run_plan(&plan, usize::MAX).broken, [], "seed {seed}");
    }
    let past = (0..60).map(|seed| live(&Plan::of(seed), usize::MAX));
    let late = past.into_iter().find_map(|mut past| {
        let mut paid = past.record.log.iter_mut();
        let shown =
            |line: &&mut Line| line.row.text("phase") == "paid" && line.row.text("flow") == "show";
        paid.find(shown).map(|line| line.seen_ms += 10_000)?;
        seen_late(&[&past.record], past.practice.truth())
    });
    assert_eq!(late.unwrap().invariant, "R11b");
}

#[test]
fn the_days_have_every_call_of_both_channels() {
    let mut calls = std::collections::BTreeSet::new();
    for seed in 0..120 {
        let past = live(&Plan::of(seed), usize::MAX);
        calls.extend(past.record.calls.iter().map(|call| call.method.clone()));
    }
    for name in ["pay", "precreate", "query", "cancel", "close", "refund", "fastpay.refund.query"] {
        assert!(calls.remove(&format!("alipay.trade.{name}")), "no {name} at Alipay");
    }
    for name in ["micropay", "orderquery", "reverse", "refund", "refundquery"] {
        assert!(calls.remove(&format!("wechat.v2.{name}")), "no {name} at WeChat Pay's v2");
    }
    for name in ["native", "query", "close", "refund", "refundquery"] {
        assert!(calls.remove(&format!("wechat.v3.{name}")), "no {name} at WeChat Pay's v3");
    }
    assert!(calls.is_empty(), "the oracle knows no such call: {calls:?}");
}

#[test]
fn i16_money_does_not_depend_on_a_clock_that_jumps() {
    let restarts = Faults::NONE.with(Kind::Restart);
    let money = |seed: u64, faults: Faults| {
        let past = live(&Plan { faults, ..Plan::of(seed) }, usize::MAX);
        let jumped = past.fired.kinds().contains(&Kind::ClockJump);
        let sums: Vec<(String, i64, i64)> = past
            .practice
            .truth()
            .trades()
            .map(|trade| {
                let captured_fen = trade.paid_ms.map_or(0, |_| trade.amount_fen);
                (trade.out_trade_no.clone(), captured_fen, trade.refunded_fen())
            })
            .collect();
        (jumped, sums)
    };
    let mut jumps = 0;
    for seed in 0..60 {
        let (_, still) = money(seed, restarts);
        let (jumped, jumping) = money(seed, restarts.with(Kind::ClockJump));
        assert_eq!(still, jumping, "seed {seed}");
        jumps += usize::from(jumped);
    }
    assert!(10 < jumps, "only {jumps} days in which a clock jumped");
}

#[test]
fn a_history_in_which_too_little_happens_is_no_history() {
    assert_eq!(lacks(OPERATIONS_MIN, KINDS_MIN), None);
    let short = lacks(OPERATIONS_MIN - 1, KINDS_MIN).unwrap();
    assert_eq!(short.invariant, "plan");
    assert!(lacks(OPERATIONS_MIN, KINDS_MIN - 1).is_some());
}

#[test]
fn a_kind_of_fault_that_is_turned_off_does_not_fire() {
    for kind in Kind::ALL {
        let off = |seed: u64| Plan { faults: Faults::ALL.without(kind), ..Plan::of(seed) };
        let fired = (0..4).flat_map(|seed| live(&off(seed), usize::MAX).fired.kinds());
        assert!(fired.into_iter().all(|fired| fired != kind), "{} fired", kind.name());
    }
    let calm = live(&Plan { faults: Faults::NONE, ..Plan::of(4) }, usize::MAX);
    assert_eq!(calm.fired.total(), 0);
}

#[test]
fn the_same_seed_is_the_same_day() {
    // The ninety-ninth signs with RSA.
    for seed in [3, 17, 99] {
        assert_eq!(run(seed).trace.hash(), run(seed).trace.hash(), "seed {seed}");
    }
    assert_ne!(run(3).trace.hash(), run(17).trace.hash());
}

#[test]
fn a_cut_history_is_the_same_up_to_its_cut() {
    let plan = Plan::of(5);
    let whole = live(&plan, usize::MAX).trace;
    let half = live(&plan, plan.operations.len() / 2).trace;
    let same = whole.lines().iter().zip(half.lines()).take_while(|(a, b)| a == b).count();
    assert!(half.lines().len() / 3 < same, "{same} of {} lines", half.lines().len());
}

#[test]
fn what_was_synced_survives_a_power_cut_and_the_rest_may_not() {
    let rows_after = |synchronous: &str, fate: Fate| {
        let disk = Disk::new(u64::MAX - 7);
        let open = || {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
            Connection::open_with_flags_and_vfs(disk.database(), flags, VFS).unwrap()
        };
        let conn = open();
        conn.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (n INTEGER);").unwrap();
        conn.execute_batch(&format!("PRAGMA synchronous = {synchronous}")).unwrap();
        for n in 0..20 {
            conn.execute("INSERT INTO t VALUES (?1)", [n]).unwrap();
        }
        disk.cut();
        drop(conn);
        disk.restore(fate);
        let conn = open();
        let count: rusqlite::Result<i64> =
            conn.query_row("SELECT COUNT(*) FROM t", [], |row| row.get(0));
        count.unwrap_or(0)
    };
    assert_eq!(rows_after("FULL", Fate::Lost), 20, "synced");
    assert_eq!(rows_after("FULL", Fate::Torn(1)), 20, "synced");
    assert_eq!(rows_after("NORMAL", Fate::Kept), 20, "the machine did not die");
    assert_eq!(rows_after("NORMAL", Fate::Lost), 0, "never synced");
}

/// Histories that keep every promise, with what is needed to judge them.
fn good_days() -> &'static [(u64, Record, Truth)] {
    static DAYS: OnceLock<Vec<(u64, Record, Truth)>> = OnceLock::new();
    DAYS.get_or_init(|| {
        // Of one till, so that its own record is the whole.
        (0..60)
            .filter_map(|seed| {
                let past = live(&Plan::of(seed), usize::MAX);
                let whole = past.beside.is_none();
                whole.then(|| (seed, past.record, past.practice.truth().clone()))
            })
            .collect()
    })
}

/// Makes the first good day wrong in which that is possible; the oracle must name the invariant.
#[track_caller]
fn check(invariant: &str, spoil: impl Fn(&mut Record, &Truth) -> bool) {
    for (seed, record, truth) in good_days() {
        let mut record = record.clone();
        if !spoil(&mut record, truth) {
            continue;
        }
        let broken = judge(&record, truth);
        assert!(
            broken.iter().any(|broken| broken.invariant == invariant),
            "seed {seed}: the oracle did not see {invariant}, only {broken:?}"
        );
        return;
    }
    panic!("no day in which {invariant} could be broken");
}

fn set(row: &mut Row, column: &str, value: &str) {
    row.0.insert(column.to_owned(), value.to_owned());
}

fn attempt_in<'r>(record: &'r mut Record, phase: &str) -> Option<&'r mut Row> {
    record.tables.attempts.iter_mut().find(|row| row.text("phase") == phase)
}

#[test]
fn the_oracle_sees_money_that_the_till_forgot() {
    check("I4", |record, _| {
        attempt_in(record, "paid").map(|row| set(row, "phase", "closed")).is_some()
    });
    check("I4", |record, _| {
        let paid = record.tables.attempts.iter().position(|row| row.text("phase") == "paid");
        paid.map(|place| record.tables.attempts.remove(place)).is_some()
    });
    check("I1", |record, _| {
        attempt_in(record, "paid").map(|row| set(row, "phase", "closed")).is_some()
    });
}

#[test]
fn the_oracle_sees_money_that_the_till_made_up() {
    check("I2", |record, truth| {
        let closed = record
            .log
            .iter_mut()
            .find(|line| line.row.text("phase") == "closed" && truth.trade(&line.key).is_none());
        closed.map(|line| set(&mut line.row, "phase", "paid")).is_some()
    });
    check("I2", |record, _| {
        let paid = record.log.iter_mut().find(|line| line.row.text("phase") == "paid");
        paid.map(|line| set(&mut line.row, "amount_fen", "999999")).is_some()
    });
    check("I2", |record, _| {
        let paid = record.log.iter_mut().find(|line| line.row.text("phase") == "paid");
        paid.map(|line| line.seen_ms = 0).is_some()
    });
}

#[test]
fn the_oracle_sees_cash_and_wallet_for_one_order() {
    check("I1", |record, _| {
        let Some(no) = attempt_in(record, "paid").map(|row| row.text("order_no").to_owned()) else {
            return false;
        };
        let order = record.tables.orders.iter_mut().find(|row| row.text("order_no") == no);
        order
            .map(|row| {
                let due_fen = row.text("due_fen").to_owned();
                set(row, "cash_fen", &due_fen);
            })
            .is_some()
    });
}

#[test]
fn the_oracle_sees_a_drawer_that_is_not_the_books() {
    let in_cash = |record: &mut Record| {
        record.cash.iter_mut().find(|cash| cash.said && 0 < cash.due_fen).map(|cash| {
            cash.received_fen += 1;
        })
    };
    check("M16", |record, _| in_cash(record).is_some());
    check("M16", |record, _| {
        let before = record.cash.len();
        record.cash.retain(|cash| cash.due_fen <= 0);
        record.cash.len() != before
            && record.tables.orders.iter().any(|row| row.int("cash_fen") != Some(0))
    });
    check("M16", |record, _| {
        let back = record.tables.cash_refunds.first_mut();
        back.map(|row| set(row, "amount_fen", "999999")).is_some()
    });
}

#[test]
fn the_oracle_sees_a_row_that_the_log_does_not_explain() {
    check("I19", |record, _| {
        let order = record.tables.orders.first_mut();
        order.map(|row| set(row, "due_fen", "999999")).is_some()
    });
}

#[test]
fn the_oracle_sees_a_number_that_is_drawn_twice() {
    check("I25", |record, _| {
        let kept = record.log.iter().find(|line| line.kind == "attempt_kept").cloned();
        kept.map(|line| record.log.push(line)).is_some()
    });
}

#[test]
fn the_oracle_sees_refunds_that_do_not_agree() {
    check("I1", |record, _| {
        let done = record.tables.refunds.iter_mut().find(|row| row.text("phase") == "done");
        done.map(|row| set(row, "phase", "refused")).is_some()
    });
    check("I1", |record, _| {
        let done = record.tables.refunds.iter_mut().find(|row| row.text("phase") == "done");
        done.map(|row| set(row, "amount_fen", "7")).is_some()
    });
}

#[test]
fn the_oracle_sees_an_end_that_did_not_stay() {
    check("I5", |record, _| {
        let Some(line) = record.log.iter().find(|line| line.row.text("phase") == "paid") else {
            return false;
        };
        let mut after = line.clone();
        set(&mut after.row, "phase", "waiting");
        record.log.push(after);
        true
    });
}

#[test]
fn the_oracle_sees_a_call_that_left_before_it_was_kept() {
    check("L1", |record, _| {
        let submit = record.calls.iter_mut().find(|call| call.is_submit());
        submit.map(|call| call.log_len = 0).is_some()
    });
}

#[test]
fn the_oracle_sees_a_scan_before_the_reversal_was_let_in() {
    check("M4", |record, _| {
        let scans = record.calls.iter().any(|call| call.method == "wechat.v2.micropay");
        record.calls.retain(|call| !call.is_proof());
        scans
    });
    check("M4", |record, _| {
        let tried = record.calls.iter().any(Call::is_proof);
        record.calls.retain(|call| call.is_proof() || !call.is_probe());
        tried
    });
}

#[test]
fn the_oracle_sees_a_submit_sent_again() {
    check("M2", |record, _| {
        let submit = record.calls.iter().find(|call| {
            let heard = call.heard.as_ref();
            call.is_submit() && heard.is_some_and(|heard| heard.what != Word::Unreachable)
        });
        let again = submit.cloned();
        again.map(|call| record.calls.push(call)).is_some()
    });
}

#[test]
fn the_oracle_sees_a_second_live_attempt() {
    check("I3", |record, _| {
        // The earlier of an order's two numbers never ends.
        let numbers = |record: &Record, order: &str| -> Vec<String> {
            let of_order = |row: &&Row| row.text("order_no") == order;
            let rows = record.tables.attempts.iter().filter(of_order);
            rows.map(|row| row.text("out_trade_no").to_owned()).collect()
        };
        let orders: Vec<String> =
            record.tables.orders.iter().map(|row| row.text("order_no").to_owned()).collect();
        for order in orders {
            let numbers = numbers(record, &order);
            let sent =
                |no: &String| record.calls.iter().any(|call| call.is_submit() && call.no == *no);
            if let [first, second, ..] = &numbers[..]
                && sent(second)
            {
                for line in record.log.iter_mut().filter(|line| line.key == *first) {
                    set(&mut line.row, "phase", "waiting");
                }
                return true;
            }
        }
        false
    });
}

#[test]
fn the_oracle_sees_a_blind_reversal() {
    check("I25", |record, _| {
        let Some(no) = first_reversed(record) else { return false };
        record.calls.retain(|call| call.no != no || call.deed() != Some(Deed::Query));
        true
    });
    check("I25", |record, _| {
        let Some(no) = first_reversed(record) else { return false };
        let submit = record.calls.iter_mut().find(|call| call.no == no && call.is_submit());
        submit.map(|call| call.heard = None).is_some()
    });
}

fn first_reversed(record: &Record) -> Option<String> {
    let reversal = record.calls.iter().find(|call| call.is_reversal())?;
    let submit = record.calls.iter().find(|call| call.no == reversal.no)?;
    (submit.start == reversal.start).then(|| reversal.no.clone())
}

#[test]
fn the_oracle_sees_a_screen_that_promises_too_much() {
    check("I12", |record, _| {
        let mut sights = record.screens.iter_mut().flat_map(|shown| &mut shown.attempts);
        sights
            .find(|sight| sight.state == "Submitting")
            .map(|sight| sight.goods_may_go = true)
            .is_some()
    });
    check("I12", |record, truth| {
        let mut sights = record.screens.iter_mut().flat_map(|shown| &mut shown.attempts);
        let sight = sights.find(|sight| {
            sight.state == "Paid" && truth.trade(&sight.no).is_some_and(|t| t.refunds.is_empty())
        });
        sight.map(|sight| sight.may_charge_again = true).is_some()
    });
}

#[test]
fn the_oracle_sees_goods_that_went_for_nothing() {
    check("I12", |record, truth| {
        let unpaid = record.tables.attempts.iter().find(|row| {
            truth.trade(row.text("out_trade_no")).is_none_or(|trade| trade.paid_ms.is_none())
        });
        let Some(no) = unpaid.map(|row| row.text("out_trade_no").to_owned()) else { return false };
        record.goods.push(mianfu_tests::simulation::record::Goods { at_ms: i64::MAX, no });
        true
    });
}

#[test]
fn the_oracle_sees_late_money_that_nobody_was_told_of() {
    check("I13", |record, _| {
        let before = record.tables.findings.len();
        record.tables.findings.retain(|row| row.text("kind") != "late_money");
        record.tables.findings.len() != before
    });
}

#[test]
fn the_oracle_sees_a_finding_about_nothing() {
    for said in ["", "refund", "copied"] {
        check("I12", |record, _| {
            // One that is held already may have its grounds.
            let mut findings = record.tables.findings.iter_mut();
            findings
                .find(|row| row.text("kind") != "held")
                .map(|row| {
                    set(row, "kind", "held");
                    set(row, "said", said);
                })
                .is_some()
        });
    }
}

#[test]
fn the_oracle_sees_what_is_left_open() {
    check("I22", |record, _| {
        attempt_in(record, "closed").map(|row| set(row, "phase", "asking")).is_some()
    });
}

#[test]
fn the_oracle_sees_goods_that_are_said_to_be_gone_after_a_reversal_left() {
    check("I5", |record, _| {
        let left = |line: &&mut Line| !line.row.text("reversal_left_at_ms").is_empty();
        let mut lines = record.log.iter_mut().filter(left);
        let Some(first) = lines.next().map(|line| line.key.clone()) else { return false };
        let after = lines.find(|line| line.key == first);
        after.map(|line| set(&mut line.row, "goods_gone_by", "manager")).is_some()
    });
}

/// After a restore the oracle excuses what the lost database knew, and no more.
#[test]
fn the_oracle_sees_goods_and_cash_that_no_restore_explains() {
    let (seed, no, paid_ms) = (0..2_000).find_map(paid_beside_cash).unwrap();
    let goods_without_money = |put_back: &str, cash: &str| {
        let mut past = live(&Plan::of(seed), usize::MAX);
        let record = &mut past.record;
        record.goods.push(Goods { at_ms: paid_ms, no: no.clone() });
        let of_cash = |line: &Line| line.kind == "cash_instead" && line.key == no;
        let place = record.log.iter().position(of_cash).unwrap();
        record.log[place].kind = cash.to_owned();
        let mut before = Line { kind: "put_back".to_owned(), ..record.log[place].clone() };
        before.seen_ms = paid_ms;
        set(&mut before.row, "phase", put_back);
        set(&mut before.row, "unwanted", "0");
        record.log.insert(place, before);
        let broken = judge(&past.record, past.practice.truth());
        broken.iter().any(|broken| broken.invariant == "I12" && broken.what.contains("stay"))
    };
    assert!(!goods_without_money("waiting", "cash_instead"), "the database had forgotten it");
    assert!(goods_without_money("waiting", "cancelled"), "nobody took cash");
    assert!(goods_without_money("paid", "cash_instead"), "it was paid before the backup");

    let mut past = live(&alipay_alone(148_416), usize::MAX);
    past.record.cash.retain(|cash| cash.forgotten);
    let broken = judge(&past.record, past.practice.truth());
    let counted_before_the_restore_only: Vec<&str> =
        broken.iter().map(|broken| broken.invariant).collect();
    assert_eq!(counted_before_the_restore_only, ["M16"]);
}

/// A number whose wallet paid although cash had been taken, so that its money went back, and when.
fn paid_beside_cash(seed: u64) -> Option<(u64, String, i64)> {
    let past = live(&Plan::of(seed), usize::MAX);
    if past.record.log.iter().any(|line| line.kind == "put_back") {
        return None;
    }
    past.record.log.iter().filter(|line| line.kind == "cash_instead").find_map(|line| {
        let trade = past.practice.truth().trade(&line.key)?;
        let went_back = line.row.is("unwanted") && !trade.refunds.is_empty();
        Some((seed, line.key.clone(), trade.paid_ms.filter(|_| went_back)?))
    })
}

/// Makes the copy wrong on the first day on which something was open as the disk was copied.
#[track_caller]
fn check_copy(invariant: &str, spoil: impl Fn(&mut Record) -> bool) {
    for seed in 0..600 {
        let past = live(&Plan::of(seed), usize::MAX);
        let Some(mut copy) = past.beside.filter(|record| record.copied != 0) else { continue };
        if !spoil(&mut copy) {
            continue;
        }
        let broken = judge_all(&[&past.record, &copy], past.practice.truth());
        let names: Vec<&str> = broken.iter().map(|broken| broken.invariant).collect();
        assert!(names.contains(&invariant), "seed {seed}: no {invariant}, only {broken:?}");
        return;
    }
    panic!("no day in which {invariant} could be broken at a copy");
}

/// A question of the copy about a number that was open as the disk was copied.
fn asked_by_copy(copy: &mut Record) -> Option<&mut Call> {
    let Record { calls, log, copied, .. } = copy;
    calls.iter_mut().find(|call| {
        let mut lines = log[..*copied].iter().filter(|line| line.table == "attempt");
        let last = lines.rfind(|line| line.key == call.no);
        last.is_some_and(|line| line.row.text("phase") == "waiting")
    })
}

#[test]
fn the_oracle_sees_a_copy_that_ends_what_the_original_began() {
    for method in ["alipay.trade.pay", "alipay.trade.cancel", "alipay.trade.refund"] {
        check_copy("M19", |copy| {
            let asked = asked_by_copy(copy);
            asked.map(|call| method.clone_into(&mut call.method)).is_some()
        });
    }
}

#[test]
fn the_oracle_sees_a_copy_that_tells_nobody_or_makes_money_up() {
    check_copy("I12", |copy| {
        let before = copy.tables.findings.len();
        let unpaid = |no: &str| {
            let rows = &copy.tables.attempts;
            rows.iter().any(|row| row.text("out_trade_no") == no && row.text("phase") == "closed")
        };
        copy.tables
            .findings
            .retain(|row| row.text("said") != "copied" || !unpaid(row.text("out_trade_no")));
        copy.tables.findings.len() != before
    });
    check_copy("I2", |copy| {
        let copied =
            |row: &&mut Row| row.text("goods_gone_by") == "copied" && row.text("phase") == "closed";
        let closed = copy.tables.attempts.iter_mut().find(copied);
        closed.map(|row| set(row, "phase", "paid")).is_some()
    });
    check_copy("I13", |copy| {
        let paid = copy
            .tables
            .attempts
            .iter_mut()
            .find(|row| row.text("goods_gone_by") == "copied" && row.text("phase") == "paid");
        paid.map(|row| set(row, "phase", "closed")).is_some()
    });
}
