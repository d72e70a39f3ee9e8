//! Money going back, as tables.
//!
//! Read a row as: *so many seconds after the intent was kept this happens; then the refund stands
//! there, this call leaves, and its number ends in this.* `no` is a number that may not be sent.

use super::*;
use crate::attempt::tests::{at, no};

const PERSON: &str = "person";

#[test]
pub(crate) fn m20_a_persons_refund_counts_at_the_channel_first() {
    check(
        PERSON,
        "
        0 | begin          | counting | query  | no
        1 | told not_exist | sending  | refund | R1
        2 | answered done  | done     | -      | R1
        ",
    );
    // Another till has refunded twice, and the channel turned one of them down.
    check(
        PERSON,
        "
        0 | begin          | counting | query  | no
        1 | told done_100  | counting | query  | no
        2 | told ended     | counting | query  | no
        3 | told waiting   | counting | query  | no
        4 | told not_exist | sending  | refund | R4
        ",
    );
    check(
        PERSON,
        "
        0  | begin          | counting | query  | no
        5  | silent         | counting | -      | no
        7  | tick           | counting | -      | no
        8  | tick           | counting | query  | no
        9  | resumed        | counting | query  | no
        10 | answered done  | counting | -      | no
        11 | told not_exist | sending  | refund | R1
        ",
    );
}

#[test]
pub(crate) fn m20_a_rules_number_is_minted_with_its_intent() {
    for rule in ["unwanted", "too_late", "late_money"] {
        let refund = check(rule, "0 | begin | sending | refund | R3");
        assert_eq!(refund.sent_at, Some(at(0)), "marked before it leaves");
    }
    let wedged = check("no_balance", "0 | begin | wedged | - | R3");
    assert_eq!(wedged.sent_at, None, "nothing has left; a person tries again");
}

#[test]
pub(crate) fn m20_retries_keep_the_number() {
    check(
        "unwanted",
        "
        0  | begin              | sending | refund | R3
        5  | silent             | sending | -      | R3
        7  | tick               | sending | -      | R3
        8  | tick               | sending | refund | R3
        9  | unreached          | sending | -      | R3
        13 | tick               | sending | refund | R3
        14 | answered accepted  | asking  | -      | R3
        23 | tick               | asking  | -      | R3
        24 | tick               | asking  | query  | R3
        25 | told not_exist     | sending | -      | R3
        27 | tick               | sending | -      | R3
        28 | tick               | sending | refund | R3
        29 | told done          | done    | -      | R3
        ",
    );
}

#[test]
pub(crate) fn m20_silence_ends_no_refund() {
    let mut rows = "0 | begin | sending | refund | R3\n".to_owned();
    for hour in 1..10 {
        let t = hour * 3_600;
        rows += &format!("{t} | tick | sending | refund | R3\n");
        rows += &format!("{} | silent | sending | - | R3\n", t + 5);
        rows += &format!("{} | tick | sending | - | R3\n", t + 7);
        rows += &format!("{} | tick | sending | refund | R3\n", t + 35);
        rows += &format!("{} | silent | sending | - | R3\n", t + 40);
    }
    check("too_late", &rows);
}

#[test]
pub(crate) fn m20_a_restart_asks_before_it_sends_again() {
    check(
        "unwanted",
        "
        0  | begin          | sending | refund | R3
        1  | resumed        | sending | query  | R3
        2  | told not_exist | sending | -      | R3
        5  | tick           | sending | refund | R3
        6  | resumed        | sending | query  | R3
        7  | told waiting   | asking  | -      | R3
        8  | resumed        | asking  | query  | R3
        9  | told done      | done    | -      | R3
        ",
    );
}

#[test]
fn m20_what_went_back_elsewhere_ends_a_refund_that_was_not_sent() {
    let counted = check(
        PERSON,
        "
        0 | begin          | counting | query | no
        1 | told done_100  | counting | query | no
        2 | not left       | refused  | -     | no
        ",
    );
    let other = counted.elsewhere(RefundId(2), Fen::new(100).unwrap(), at(2_000));
    assert_eq!(other.refund_no(), counted.refund_no());
    assert!(other.counts() && other.is_final());
    check(
        "unwanted",
        "
        0 | begin    | sending | refund | R3
        1 | not left | sending | -      | R3
        ",
    );
}

#[test]
pub(crate) fn m19_a_copy_sends_settled_numbers_and_counts_no_further() {
    check(
        PERSON,
        "
        0 | begin        | counting | query | no
        1 | told done_100 | counting | query | no
        2 | copied       | refused  | -     | no
        3 | told not_exist | refused | -    | no
        ",
    );
    check(
        "unwanted",
        "
        0 | begin          | sending | refund | R3
        1 | copied         | sending | query  | R3
        2 | told not_exist | sending | -      | R3
        5 | tick           | sending | refund | R3
        6 | answered done  | done    | -      | R3
        ",
    );
    check("no_balance", "0 | begin | wedged | - | R3\n1 | copied | wedged | - | R3");
}

#[test]
pub(crate) fn m20_a_number_with_another_amount_is_held() {
    check(
        "unwanted",
        "
        0 | begin          | sending | refund | R3
        1 | answered clash | held    | -      | R3
        2 | told done      | held    | -      | R3
        3 | tick           | held    | -      | R3
        ",
    );
    check(
        "unwanted",
        "
        0 | begin             | sending | refund | R3
        1 | answered accepted | asking  | -      | R3
        11 | tick             | asking  | query  | R3
        12 | told done_100    | held    | -      | R3
        ",
    );
}

#[test]
pub(crate) fn m20_lack_of_balance_waits_for_a_person() {
    check(
        "unwanted",
        "
        0    | begin               | sending | refund | R3
        1    | answered no_balance | wedged  | -      | R3
        3600 | tick                | wedged  | -      | R3
        3601 | resumed             | wedged  | -      | R3
        3602 | silent              | wedged  | -      | R3
        3603 | told not_exist      | wedged  | -      | R3
        3604 | tried again         | sending | refund | R3
        3605 | answered done       | done    | -      | R3
        3606 | tried again         | done    | -      | R3
        ",
    );
    check(
        "no_balance",
        "
        0  | begin       | wedged  | -      | R3
        60 | tried again | sending | refund | R3
        61 | told done   | done    | -      | R3
        ",
    );
}

#[test]
fn m20_what_the_channel_closed_is_an_end() {
    for word in ["answered refused", "told ended"] {
        let refused = check(
            "unwanted",
            &format!(
                "0 | begin       | sending | refund | R3
                 1 | {word}      | refused | -      | R3
                 2 | tried again | refused | -      | R3
                 3 | told done   | refused | -      | R3"
            ),
        );
        assert!(!refused.counts(), "its money may be refunded again, under another number");
    }
}

#[test]
fn m20_an_attempt_has_no_more_refunds_than_the_channel_allows() {
    let mut rows = "0 | begin | counting | query | no\n".to_owned();
    for known in 1..50 {
        rows += &format!("{known} | told done | counting | query | no\n");
    }
    check(PERSON, &format!("{rows}50 | told not_exist | sending | refund | R50"));
    check(PERSON, &format!("{rows}50 | told done | refused | - | no"));
}

#[test]
fn everything_but_a_refused_refund_counts_against_the_ceiling() {
    assert!(check(PERSON, "0 | begin | counting | query | no").counts());
    assert!(check("unwanted", "0 | begin | sending | refund | R3").counts());
    assert!(check("no_balance", "0 | begin | wedged | - | R3").counts());
    let done = "0 | begin | sending | refund | R3\n1 | answered done | done | - | R3";
    assert!(check("unwanted", done).counts());
}

/// Plays a table and returns the refund as its last row leaves it.
#[track_caller]
fn check(why: &str, table: &str) -> Refund {
    let mut refund: Option<Refund> = None;
    for row in table.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let &[t, event, wanted, effect, number] = cells.as_slice() else {
            panic!("five columns: {row}");
        };
        let now = at(t.parse::<i64>().unwrap() * 1_000);
        let step = match refund.take() {
            None => Refund::begin(intent(why), now),
            Some(refund) => refund.step(self::event(event), now, &Timetable::ALIPAY),
        };
        let kept = step.refund;
        assert_eq!(phase(&kept.phase), wanted, "phase after: {row}");
        let call = match step.effect {
            None => "-",
            Some(RefundEffect::Refund) => "refund",
            Some(RefundEffect::Query) => "query",
        };
        assert_eq!(call, effect, "call after: {row}");
        let sent = kept.minted.then(|| kept.refund_no()).flatten();
        let expected = (number != "no").then(|| format!("{}{number}", kept.out_trade_no));
        assert_eq!(sent.map(|no| no.as_str().to_owned()), expected, "number after: {row}");
        let waits = matches!(
            kept.phase,
            RefundPhase::Counting | RefundPhase::Sending | RefundPhase::Asking
        );
        assert_eq!(kept.next_at.is_some(), waits, "law 6 after: {row}");
        assert!(
            step.effect != Some(RefundEffect::Refund) || kept.sent_at.is_some(),
            "law 1: {row}"
        );
        refund = Some(kept);
    }
    refund.unwrap()
}

fn intent(why: &str) -> RefundIntent {
    let why = match why {
        "person" => {
            RefundCause::Person { by: "Chen".to_owned(), intent_id: "an intent".to_owned() }
        }
        "unwanted" => RefundCause::Rule(RefundWhy::Unwanted),
        "too_late" => RefundCause::Rule(RefundWhy::TooLate),
        "no_balance" => RefundCause::Rule(RefundWhy::NoBalance),
        "late_money" => RefundCause::Rule(RefundWhy::LateMoney),
        _ => panic!("no such cause: {why}"),
    };
    RefundIntent {
        id: RefundId(1),
        out_trade_no: no(1),
        order_no: OrderNo(1),
        amount: Fen::new(1_250).unwrap(),
        why,
        known: 2,
    }
}

fn event(text: &str) -> RefundEvent {
    let reason = || "reason".to_owned();
    let done = |fen: i64| RefundEvent::Told(RefundAnswer::Done { amount: Fen::new(fen).unwrap() });
    match text {
        "answered done" => RefundEvent::Answered(RefundVerdict::Done),
        "answered accepted" => RefundEvent::Answered(RefundVerdict::Accepted),
        "answered no_balance" => RefundEvent::Answered(RefundVerdict::NoBalance),
        "answered clash" => RefundEvent::Answered(RefundVerdict::Clash),
        "answered refused" => RefundEvent::Answered(RefundVerdict::Refused { reason: reason() }),
        "told done" => done(1_250),
        "told done_100" => done(100),
        "told waiting" => RefundEvent::Told(RefundAnswer::Waiting),
        "told not_exist" => RefundEvent::Told(RefundAnswer::NotExist),
        "told ended" => RefundEvent::Told(RefundAnswer::Ended { reason: reason() }),
        "silent" => RefundEvent::Silent,
        "unreached" => RefundEvent::Unreached,
        "not left" => RefundEvent::NotLeft,
        "tried again" => RefundEvent::TriedAgain,
        "tick" => RefundEvent::Tick,
        "resumed" => RefundEvent::Resumed,
        "copied" => RefundEvent::Copied,
        _ => panic!("no such event: {text}"),
    }
}

fn phase(phase: &RefundPhase) -> &'static str {
    match phase {
        RefundPhase::Counting => "counting",
        RefundPhase::Sending => "sending",
        RefundPhase::Asking => "asking",
        RefundPhase::Wedged { .. } => "wedged",
        RefundPhase::Done { .. } => "done",
        RefundPhase::Refused { .. } => "refused",
        RefundPhase::Held => "held",
    }
}
