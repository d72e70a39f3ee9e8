//! What happens at the counter, as tables.
//!
//! Read a row as: *so many seconds after the attempt was kept this happens; then we stand there,
//! this call leaves, and the cashier reads that.* The last column is what the step leaves behind
//! for the manager and the queue. A `-` is nothing. `check` also holds every row to law 6.

use super::*;
use crate::channel::{PayerHash, UnscannedEnd};
use crate::money::Fen;
use crate::number::{Counter, Series};

/// WeChat Pay's differences, in the shape of a timetable.
const WECHAT: Timetable = Timetable {
    reverse_not_before_ms: 15_000,
    reverse_until_ms: 7 * 86_400_000,
    unscanned_end: UnscannedEnd::Close,
    ..Timetable::ALIPAY
};

/// Who scans, and by which timetable.
type Setup = (Flow, Timetable);

const SCAN: Setup = (Flow::Scan, Timetable::ALIPAY);
const SHOW: Setup = (Flow::Show, Timetable::ALIPAY);
const WECHAT_SCAN: Setup = (Flow::Scan, WECHAT);
const WECHAT_SHOW: Setup = (Flow::Show, WECHAT);

#[test]
pub(crate) fn law1_the_mark_is_kept_with_the_intent() {
    let step = Attempt::begin(intent(Flow::Scan), at(0), &Timetable::ALIPAY);
    assert_eq!(step.effect, Some(Effect::Submit));
    assert_eq!(step.attempt.sent_at, Some(at(0)), "a power cut after this counts as sent");
    let step = Attempt::begin(intent(Flow::Show), at(0), &Timetable::ALIPAY);
    assert_eq!(step.attempt.sent_at, Some(at(0)));
    assert_eq!(step.attempt.expires_at, Some(at(180_000)), "the code's end is absolute");
}

#[test]
pub(crate) fn law2_silence_is_not_an_answer() {
    // The router boots last: hours of silence, and the goods are gone long since.
    check(
        SCAN,
        "
        0    | begin         | submitting   | submit | submitting | -
        5    | tick          | submitting   | query  | submitting | -
        10   | silent query  | submitting   | -      | submitting | -
        15   | silent submit | submitting   | query  | unknown    | -
        20   | silent query  | submitting   | -      | unknown    | -
        60   | tick          | asking limit | query  | unknown    | -
        65   | silent query  | asking limit | -      | unknown    | -
        3600 | tick          | asking limit | query  | unknown    | -
        3601 | unreached query | asking limit | -    | unknown    | -
        7200 | resumed       | asking limit | query  | unknown    | -
        7201 | told paid     | paid         | -      | paid       | -
        ",
    );
    check(
        SHOW,
        "
        0    | begin         | submitting   | submit | submitting | -
        1    | answered code | waiting      | -      | code       | -
        4    | tick          | waiting      | query  | code       | -
        9    | silent query  | waiting      | -      | code       | -
        180  | tick          | asking limit | query  | unknown    | -
        185  | silent query  | asking limit | -      | unknown    | -
        9000 | tick          | asking limit | query  | unknown    | -
        9001 | told paid     | paid         | -      | paid       | -
        ",
    );
}

#[test]
pub(crate) fn law5_an_end_is_never_rewritten() {
    let closed = "
        0  | begin           | submitting        | submit | submitting | -
        1  | cancelled       | asking cancelled  | query  | reversing  | -
        2  | answered closed | asking cancelled  | query  | reversing  | -
        3  | told closed     | closed by_channel | -      | closed     | -
        ";
    let paid = "
        0  | begin           | submitting        | submit | submitting | -
        1  | answered paid   | paid              | -      | paid       | -
        ";
    let after = |table: &str, rows: &str| check(SCAN, &format!("{table}{rows}"));
    after(
        closed,
        "9 | told paid | closed by_channel | - | closed | late_money + refund late_money",
    );
    after(closed, "9 | told returned | closed by_channel | - | closed | contradicted returned");
    after(closed, "9 | told waiting | closed by_channel | - | closed | -");
    after(closed, "9 | told not_exist | closed by_channel | - | closed | -");
    after(paid, "9 | told closed | paid | - | paid | contradicted closed");
    after(paid, "9 | told returned | paid | - | paid | contradicted returned");
    after(paid, "9 | told declined | paid | - | paid | contradicted declined");
    after(paid, "9 | told paid | paid | - | paid | -");
    after(paid, "9 | told paid_twice | paid | - | paid | contradicted paid");
    after(paid, "9 | told waiting | paid | - | paid | -");
    for event in ["cancelled", "cash taken", "goods gone", "tick", "resumed", "asked now"] {
        after(paid, &format!("9 | {event} | paid | - | paid | -"));
        after(closed, &format!("9 | {event} | closed by_channel | - | closed | -"));
    }
}

#[test]
pub(crate) fn law7_a_customer_who_never_answers_is_waited_for_until_the_limit() {
    check(
        SCAN,
        "
        0  | begin            | submitting        | submit  | submitting | -
        1  | answered waiting | waiting           | -       | typing     | -
        3  | tick             | waiting           | -       | typing     | -
        4  | tick             | waiting           | query   | typing     | -
        5  | told waiting     | waiting           | -       | typing     | -
        59 | tick             | waiting           | query   | typing     | -
        59.9 | told waiting   | waiting           | -       | typing     | -
        60 | tick             | asking limit      | query   | reversing  | -
        61 | told waiting     | reversing         | reverse | reversing  | -
        62 | reversal closed  | closed by_channel | -       | closed     | -
        ",
    );
    check(
        SHOW,
        "
        0   | begin          | submitting   | submit | submitting | -
        1   | answered code  | waiting      | -      | code       | -
        179 | tick           | waiting      | query  | code       | -
        179.9 | told not_exist | waiting    | -      | code       | -
        180 | tick           | asking limit | query  | reversing  | -
        ",
    );
}

#[test]
pub(crate) fn law7_a_customer_who_types_is_given_longer_once() {
    let begun = "
        0  | begin            | submitting   | submit | submitting | -
        1  | answered waiting | waiting      | -      | typing     | -
        ";
    let ends = "
        90 | tick             | asking limit | query  | reversing  | -
        91 | longer           | asking limit | -      | reversing  | -
        91 | told waiting     | reversing    | reverse | reversing | -
        ";
    let at_the_end = "
        58 | longer           | waiting      | -      | typing     | -
        60 | tick             | waiting      | query  | typing     | -
        61 | told waiting     | waiting      | -      | typing     | -
        89 | tick             | waiting      | query  | typing     | -
        89.5 | told waiting   | waiting      | -      | typing     | -
        ";
    check(SCAN, &format!("{begun}{at_the_end}{ends}"));
    let twice = "
        2  | longer           | waiting      | -      | typing     | -
        3  | longer           | waiting      | -      | typing     | -
        89 | tick             | waiting      | query  | typing     | -
        89.5 | told waiting   | waiting      | -      | typing     | -
        ";
    check(SCAN, &format!("{begun}{twice}{ends}"));
    // What the customer does counts as ever, and a restart takes nothing away.
    let paid = "
        2  | longer           | waiting      | -      | typing     | -
        70 | resumed          | waiting      | query  | typing     | -
        71 | told paid        | paid         | -      | paid       | -
        ";
    check(SCAN, &format!("{begun}{paid}"));
}

#[test]
pub(crate) fn m8_a_shown_code_lives_as_long_as_the_channel_was_told() {
    let begun = "
        0   | begin            | submitting   | submit | submitting | -
        1   | answered code    | waiting      | -      | code       | -
        2   | longer           | waiting      | -      | code       | -
        ";
    let ends = "
        178 | tick             | waiting      | query  | STATE      | -
        178.5 | told WORD      | waiting      | -      | STATE      | -
        180 | tick             | asking limit | query  | reversing  | -
        ";
    let ends = |word: &str, state: &str| ends.replace("WORD", word).replace("STATE", state);
    check(SHOW, &format!("{begun}{}", ends("not_exist", "code")));
    let scanned = "
        3   | tick             | waiting      | -      | code       | -
        4   | tick             | waiting      | query  | code       | -
        5   | told waiting     | waiting      | -      | typing     | -
        6   | longer           | waiting      | -      | typing     | -
        ";
    check(SHOW, &format!("{begun}{scanned}{}", ends("waiting", "typing")));
}

#[test]
fn nobody_is_given_longer_who_is_not_typing() {
    for rows in [
        "0 | begin | submitting | submit | submitting | -",
        "0 | begin | submitting | submit | submitting | -
         15 | silent submit | submitting | query | unknown | -",
        "0 | begin | submitting | submit | submitting | -
         1 | answered paid | paid | - | paid | -",
        "0 | begin | submitting | submit | submitting | -
         1 | answered waiting | waiting | - | typing | -
         2 | cancelled | asking cancelled | query | reversing | -",
    ] {
        let attempt = check(SCAN, rows);
        assert!(!attempt.may_wait_longer(), "{rows}");
        let step = attempt.clone().step(Event::WaitedLonger, at(20_000), &Timetable::ALIPAY);
        assert_eq!(step.attempt, attempt, "{rows}");
    }
}

#[test]
pub(crate) fn m1_a_try_that_never_left_clears_the_mark() {
    let scan = check(
        SCAN,
        "
        0 | begin            | submitting        | submit | submitting | -
        1 | unreached submit | closed never_sent | -      | unreached  | -
        ",
    );
    assert_eq!(scan.sent_at, None);
    let parked = check(
        SHOW,
        "
        0 | begin            | submitting | submit | submitting | -
        1 | unreached submit | parked     | -      | parked     | -
        ",
    );
    assert_eq!(parked.sent_at, None, "a parked code has no mark");
    let again = check(
        SHOW,
        "
        0 | begin            | submitting | submit | submitting | -
        1 | unreached submit | parked     | -      | parked     | -
        3 | tick             | parked     | -      | parked     | -
        4 | tick             | submitting | submit | submitting | -
        ",
    );
    assert_eq!(again.sent_at, Some(at(4_000)), "until the commit before each try");
}

#[test]
fn m1_only_a_cleared_mark_ends_as_never_sent() {
    check(
        SHOW,
        "
        0   | begin            | submitting        | submit | submitting | -
        1   | unreached submit | parked            | -      | parked     | -
        120 | tick             | closed never_sent | -      | unreached  | -
        ",
    );
    check(
        SHOW,
        "
        0 | begin            | submitting        | submit | submitting | -
        1 | unreached submit | parked            | -      | parked     | -
        2 | cancelled        | closed never_sent | -      | unreached  | -
        ",
    );
    check(
        SHOW,
        "
        0 | begin            | submitting        | submit | submitting | -
        1 | unreached submit | parked            | -      | parked     | -
        2 | cash taken       | closed never_sent | -      | unreached  | -
        ",
    );
    // After a crash nobody knows whether the bytes had left: it counts as sent.
    check(
        SCAN,
        "
        0  | begin            | submitting       | submit  | submitting | -
        1  | resumed          | submitting       | query   | unknown    | -
        2  | unreached submit | submitting       | query   | unknown    | -
        3  | cancelled        | asking cancelled | query   | unknown    | -
        ",
    );
    // The channel's word that it knows the trade beats a report that nothing had left.
    check(
        SCAN,
        "
        0 | begin            | submitting | submit | submitting | -
        5 | tick             | submitting | query  | submitting | -
        6 | told waiting     | waiting    | -      | typing     | -
        7 | unreached submit | waiting    | query  | typing     | -
        ",
    );
}

#[test]
pub(crate) fn m2_a_restart_asks_and_never_resends() {
    check(
        SCAN,
        "
        0  | begin        | submitting | submit | submitting | -
        9  | resumed      | submitting | query  | unknown    | -
        10 | told waiting | waiting    | -      | typing     | -
        11 | resumed      | waiting    | query  | typing     | -
        60 | tick         | asking limit | query | reversing | -
        61 | told waiting | reversing  | reverse | reversing | -
        62 | resumed      | reversing  | query  | reversing  | -
        ",
    );
    check(
        SHOW,
        "
        0 | begin        | submitting       | submit  | submitting | -
        1 | resumed      | asking code_lost | query   | reversing  | -
        2 | told not_exist | reversing      | reverse | reversing  | -
        ",
    );
}

#[test]
fn m2_a_parked_code_the_channel_knows_is_not_sent_again() {
    check(
        SHOW,
        "
        0 | begin            | submitting       | submit | submitting | -
        1 | unreached submit | parked           | -      | parked     | -
        2 | notified waiting | parked           | query  | parked     | -
        3 | told waiting     | asking code_lost | query  | reversing  | -
        4 | told waiting     | closing          | close  | reversing  | -
        ",
    );
}

#[test]
pub(crate) fn m3_waiting_is_a_word_and_silence_is_not() {
    check(
        SCAN,
        "
        0  | begin            | submitting | submit | submitting | -
        4.9 | tick            | submitting | -      | submitting | -
        5  | tick             | submitting | query  | submitting | -
        6  | told not_exist   | submitting | -      | submitting | -
        7  | answered waiting | waiting    | -      | typing     | -
        10 | tick             | waiting    | query  | typing     | -
        11 | silent query     | waiting    | -      | typing     | -
        14 | tick             | waiting    | query  | typing     | -
        15 | silent query     | waiting    | -      | unknown    | -
        ",
    );
    check(
        SCAN,
        "
        0  | begin         | submitting | submit | submitting | -
        15 | silent submit | submitting | query  | unknown    | -
        16 | told paid     | paid       | -      | paid       | -
        ",
    );
    // Of a shown code nobody has scanned the channel knows nothing: that is waiting.
    check(
        SHOW,
        "
        0 | begin          | submitting | submit | submitting | -
        1 | answered code  | waiting    | -      | code       | -
        4 | tick           | waiting    | query  | code       | -
        5 | told not_exist | waiting    | -      | code       | -
        8 | tick           | waiting    | query  | code       | -
        9 | told waiting   | waiting    | -      | typing     | -
        ",
    );
}

#[test]
pub(crate) fn m5_the_last_ask_goes_on_until_a_usable_answer() {
    check(
        SCAN,
        "
        0   | begin            | submitting        | submit  | submitting | -
        1   | answered waiting | waiting           | -       | typing     | -
        60  | tick             | asking limit      | query   | reversing  | -
        65  | silent query     | asking limit      | -       | unknown    | -
        68  | tick             | asking limit      | query   | unknown    | -
        73  | silent query     | asking limit      | -       | unknown    | -
        600 | tick             | asking limit      | query   | unknown    | -
        601 | told waiting     | reversing         | reverse | reversing  | -
        602 | reversal closed  | closed by_channel | -       | closed     | -
        ",
    );
    check(
        SCAN,
        "
        0  | begin            | submitting       | submit | submitting | -
        1  | answered waiting | waiting          | -      | typing     | -
        20 | cancelled        | asking cancelled | query  | reversing  | -
        21 | told paid        | paid             | -      | paid       | -
        ",
    );
}

#[test]
pub(crate) fn m6_a_reversal_leaves_only_on_a_fresh_not_paid() {
    // The till withholds what has waited too long behind the database; then it is asked again.
    check(
        SCAN,
        "
        0  | begin            | submitting        | submit  | submitting | -
        1  | answered waiting | waiting           | -       | typing     | -
        60 | tick             | asking limit      | query   | reversing  | -
        61 | told waiting     | reversing         | reverse | reversing  | -
        65 | withheld         | reversing         | -       | reversing  | -
        65 | tick             | reversing         | query   | reversing  | -
        66 | told waiting     | reversing         | reverse | reversing  | -
        67 | silent reverse   | reversing         | -       | reversing  | -
        69 | tick             | reversing         | query   | reversing  | -
        70 | told waiting     | reversing         | reverse | reversing  | -
        71 | reversal again   | reversing         | -       | reversing  | -
        73 | tick             | reversing         | query   | reversing  | -
        74 | told waiting     | reversing         | reverse | reversing  | -
        75 | reversal closed  | closed by_channel | -       | closed     | -
        ",
    );
}

#[test]
pub(crate) fn m6_a_reversal_never_leaves_while_the_submit_is_open() {
    check(
        SCAN,
        "
        0 | begin          | submitting       | submit  | submitting | -
        2 | cancelled      | asking cancelled | query   | reversing  | -
        3 | told not_exist | asking cancelled | -       | reversing  | -
        6 | tick           | asking cancelled | query   | reversing  | -
        7 | told not_exist | asking cancelled | -       | reversing  | -
        8 | silent submit  | asking cancelled | query   | unknown    | -
        9 | told not_exist | reversing        | reverse | reversing  | -
        ",
    );
    // The answer is overdue: the submit has timed out, whether or not we were told.
    check(
        SCAN,
        "
        0  | begin          | submitting       | submit  | submitting | -
        2  | cancelled      | asking cancelled | query   | reversing  | -
        16 | tick           | asking cancelled | query   | reversing  | -
        17 | told not_exist | reversing        | reverse | reversing  | -
        ",
    );
}

#[test]
pub(crate) fn m6_a_reversal_waits_until_the_channel_allows_it() {
    check(
        WECHAT_SCAN,
        "
        0  | begin               | submitting            | submit  | submitting | -
        1  | answered waiting    | waiting               | -       | typing     | -
        2  | cancelled           | asking cancelled      | query   | reversing  | -
        3  | told waiting        | asking cancelled      | -       | reversing  | -
        14 | tick                | asking cancelled      | -       | reversing  | -
        15 | tick                | asking cancelled      | query   | reversing  | -
        16 | told waiting        | reversing             | reverse | reversing  | -
        ",
    );
}

#[test]
pub(crate) fn m7_paid_wins_until_a_reversal_has_left() {
    for word in ["told paid", "notified paid", "answered paid"] {
        for before in ["2 | asked now | submitting | query | submitting | -", GIVEN_UP] {
            let rows = format!("{before}\n3 | {word} | paid | - | paid | -");
            check(SCAN, &format!("0 | begin | submitting | submit | submitting | -\n{rows}"));
        }
    }
    // From then on the money goes back, whoever says that it came.
    for word in ["notified paid", "answered paid", "answered waiting", "answered declined"] {
        let reversing = "
            0  | begin            | submitting   | submit  | submitting | -
            1  | answered waiting | waiting      | -       | typing     | -
            60 | tick             | asking limit | query   | reversing  | -
            61 | told waiting     | reversing    | reverse | reversing  | -
            ";
        check(SCAN, &format!("{reversing}62 | {word} | reversing | query | reversing | -"));
    }
}

const GIVEN_UP: &str = "2 | cancelled | asking cancelled | query | reversing | -";

#[test]
pub(crate) fn m7_a_query_that_says_paid_repeats_the_reversal() {
    let reversing = "
        0  | begin            | submitting   | submit  | submitting | -
        1  | answered waiting | waiting      | -       | typing     | -
        60 | tick             | asking limit | query   | reversing  | -
        61 | told waiting     | reversing    | reverse | reversing  | -
        66 | silent reverse   | reversing    | -       | reversing  | -
        68 | tick             | reversing    | query   | reversing  | -
        ";
    let then = |rows: &str| check(SCAN, &format!("{reversing}{rows}"));
    then(
        "69 | told paid | reversing | reverse | reversing | -
         70 | reversal refused | reversing | - | reversing | -
         72 | tick | reversing | query | reversing | -
         73 | told paid | reversing | reverse | reversing | -
         74 | reversal returned | returned | - | returned | -",
    );
    // The answer was lost or does not say which: a query decides.
    then("69 | told returned | returned | - | returned | -");
    then("69 | told closed | closed by_channel | - | closed | -");
    then("69 | told declined | declined | - | declined | -");
    then(
        "69 | told paid | reversing | reverse | reversing | -
         70 | reversal done | reversing | - | reversing | -
         72 | tick | reversing | query | reversing | -
         73 | told returned | returned | - | returned | -",
    );
}

#[test]
pub(crate) fn m8_an_unscanned_code_is_closed_at_once_and_asked_again_after_its_end() {
    check(
        SHOW,
        "
        0  | begin            | submitting        | submit  | submitting | -
        1  | answered code    | waiting           | -       | code       | -
        4  | tick             | waiting           | query   | code       | -
        5  | told not_exist   | waiting           | -       | code       | -
        8  | cancelled        | asking cancelled  | query   | reversing  | -
        9  | told not_exist   | reversing         | reverse | reversing  | -
        10 | reversal nothing | closed by_channel | -       | closed     | ask at 240
        240 | told paid       | closed by_channel | -       | closed | late_money + refund late_money
        ",
    );
    check(
        WECHAT_SHOW,
        "
        0  | begin            | submitting        | submit  | submitting | -
        1  | answered code    | waiting           | -       | code       | -
        8  | cancelled        | asking cancelled  | query   | reversing  | -
        9  | told not_exist   | closing           | close   | reversing  | -
        10 | closing closed   | closed by_channel | -       | closed     | -
        ",
    );
}

#[test]
pub(crate) fn m8_a_code_stays_until_somebody_has_scanned_it() {
    // Alipay has a trade once somebody has scanned; WeChat Pay has it from the start and says only
    // that it is not paid.
    let shown = check(
        WECHAT_SHOW,
        "
        0  | begin         | submitting | submit | submitting | -
        1  | answered code | waiting    | -      | code       | -
        6  | tick          | waiting    | query  | code       | -
        7  | told waiting  | waiting    | -      | code       | -
        12 | tick          | waiting    | query  | code       | -
        13 | told waiting  | waiting    | -      | code       | -
        ",
    );
    assert!(shown.live_code().is_some(), "the customer may scan it yet");
    let scanned = check(
        SHOW,
        "
        0  | begin         | submitting | submit | submitting | -
        1  | answered code | waiting    | -      | code       | -
        6  | tick          | waiting    | query  | code       | -
        7  | told waiting  | waiting    | -      | typing     | -
        ",
    );
    assert_eq!(scanned.live_code(), None, "nobody else may scan it");
    // The channel knows the trade: no unsigned word ends it.
    check(
        WECHAT_SHOW,
        "
        0   | begin                  | submitting   | submit | submitting | -
        1   | answered code          | waiting      | -      | code       | -
        180 | tick                   | asking limit | query  | reversing  | -
        300 | told unsigned_not_exist | asking limit | -      | reversing  | -
        320 | told unsigned_not_exist | asking limit | -      | reversing  | -
        ",
    );
}

#[test]
pub(crate) fn m8_a_scanned_code_is_closed_without_moving_money() {
    // Where the trade is there before a scan, nobody says that there was one.
    for (setup, seen) in [(SHOW, "typing"), (WECHAT_SHOW, "code")] {
        let scanned = format!(
            "
        0   | begin          | submitting   | submit | submitting | -
        1   | answered code  | waiting      | -      | code       | -
        4   | tick           | waiting      | query  | code       | -
        5   | told waiting   | waiting      | -      | {seen}     | -
        180 | tick           | asking limit | query  | reversing  | -
        181 | told waiting   | closing      | close  | reversing  | -
        "
        );
        let then = |rows: &str| check(setup, &format!("{scanned}{rows}"));
        then("182 | closing closed | closed by_channel | - | closed | -");
        then("182 | notified paid | paid | - | paid | -");
        then(
            "182 | closing refused | closing | - | reversing | -
             184 | tick | closing | query | reversing | -
             185 | told paid | paid | - | paid | -",
        );
        then(
            "182 | silent close | closing | - | reversing | -
             184 | tick | closing | query | reversing | -
             185 | told waiting | closing | close | reversing | -
             186 | silent close | closing | - | reversing | -
             188 | tick | closing | query | reversing | -
             189 | told closed | closed by_channel | - | closed | -",
        );
    }
}

#[test]
fn m8_a_code_lost_with_its_answer_is_closed_and_never_drawn() {
    let lost = check(
        SHOW,
        "
        0  | begin            | submitting       | submit  | submitting | -
        5  | silent submit    | asking code_lost | query   | unknown    | -
        6  | told not_exist   | reversing        | reverse | reversing  | -
        7  | reversal nothing | unseen           | -       | reversing  | -
        17 | tick             | unseen           | query   | reversing  | -
        18 | told not_exist   | reversing        | reverse | reversing  | -
        76 | reversal nothing | closed never_existed | -   | closed     | ask at 376
        ",
    );
    assert_eq!(lost.live_code(), None);
    check(
        WECHAT_SHOW,
        "
        0  | begin             | submitting       | submit | submitting | -
        5  | silent submit     | asking code_lost | query  | unknown    | -
        6  | told not_exist    | closing          | close  | reversing  | -
        7  | closing not_exist | closing          | -      | reversing  | -
        76 | tick              | closing          | query  | reversing  | -
        77 | told not_exist    | closing          | close  | reversing  | -
        78 | closing not_exist | closed never_existed | -  | closed     | ask at 378
        ",
    );
    // The answer comes after all, but nobody waits for the customer any more.
    let late = check(
        SHOW,
        "
        0 | begin         | submitting       | submit | submitting | -
        2 | cancelled     | asking cancelled | query  | reversing  | -
        3 | answered code | asking cancelled | query  | reversing  | -
        ",
    );
    assert_eq!(late.live_code(), None, "a code that is being closed is never drawn");
}

#[test]
pub(crate) fn m9_a_reversal_that_found_nothing_is_no_end_before_the_code_died() {
    let unseen = "
        0  | begin            | submitting   | submit  | submitting | -
        15 | silent submit    | submitting   | query   | unknown    | -
        16 | told not_exist   | submitting   | -       | unknown    | -
        60 | tick             | asking limit | query   | reversing  | -
        61 | told not_exist   | reversing    | reverse | reversing  | -
        62 | reversal nothing | unseen       | -       | reversing  | -
        71 | tick             | unseen       | -       | reversing  | -
        72 | tick             | unseen       | query   | reversing  | -
        ";
    let then = |rows: &str| check(SCAN, &format!("{unseen}{rows}"));
    then(
        "73 | told not_exist | reversing | reverse | reversing | -
         74 | reversal nothing | unseen | - | reversing | -
         75 | tick | unseen | query | reversing | -
         76 | told not_exist | closed never_existed | - | closed | ask at 376
         376 | told paid | closed never_existed | - | closed | late_money + refund late_money",
    );
    // The submit was only slow.
    then(
        "73 | told paid | reversing | reverse | reversing | -
         74 | reversal returned | returned | - | returned | -",
    );
    then(
        "73 | told waiting | reversing | reverse | reversing | -
         74 | reversal closed | closed by_channel | - | closed | -",
    );
}

#[test]
fn m9_success_on_an_unknown_number_is_no_more_than_nothing_found() {
    check(
        WECHAT_SCAN,
        "
        0  | begin          | submitting   | submit  | submitting | -
        15 | silent submit  | submitting   | query   | unknown    | -
        60 | tick           | asking limit | query   | unknown    | -
        61 | told not_exist | reversing    | reverse | reversing  | -
        62 | reversal done  | unseen       | -       | reversing  | -
        75 | tick           | unseen       | query   | reversing  | -
        76 | told not_exist | closed never_existed | - | closed   | ask at 376
        ",
    );
}

#[test]
pub(crate) fn m9_a_clock_set_forward_between_two_starts_ends_no_wait() {
    check(
        SCAN,
        "
        0    | begin            | submitting   | submit  | submitting | -
        3600 | resumed          | submitting   | query   | unknown    | -
        3601 | told not_exist   | submitting   | -       | unknown    | -
        3605 | tick             | asking limit | query   | reversing  | -
        3606 | told not_exist   | reversing    | reverse | reversing  | -
        3607 | reversal nothing | unseen       | -       | reversing  | -
        3674 | tick             | unseen       | query   | reversing  | -
        3676 | told not_exist   | closed never_existed | - | closed   | ask at 3976
        ",
    );
}

#[test]
pub(crate) fn m9_nothing_found_of_a_known_trade_is_asked_again() {
    // The first reversal's answer comes after a query has said paid: it is out of date.
    check(
        SCAN,
        "
        0  | begin            | submitting   | submit  | submitting | -
        1  | answered waiting | waiting      | -       | typing     | -
        60 | tick             | asking limit | query   | reversing  | -
        61 | told waiting     | reversing    | reverse | reversing  | -
        66 | silent reverse   | reversing    | -       | reversing  | -
        76 | tick             | reversing    | query   | reversing  | -
        77 | told paid        | reversing    | reverse | reversing  | -
        78 | reversal nothing | unseen       | -       | reversing  | -
        88 | tick             | unseen       | query   | reversing  | -
        89 | told paid        | reversing    | reverse | reversing  | -
        90 | reversal returned | returned    | -       | returned   | -
        ",
    );
    check(
        SHOW,
        "
        0  | begin            | submitting       | submit  | submitting | -
        1  | answered code    | waiting          | -       | code       | -
        8  | cancelled        | asking cancelled | query   | reversing  | -
        9  | told not_exist   | reversing        | reverse | reversing  | -
        10 | asked now        | reversing        | query   | reversing  | -
        11 | told paid        | reversing        | reverse | reversing  | -
        12 | reversal nothing | unseen           | -       | reversing  | -
        22 | tick             | unseen           | query   | reversing  | -
        23 | told returned    | returned         | -       | returned   | -
        ",
    );
    check(
        SCAN,
        "
        0  | begin                   | submitting            | submit  | submitting | -
        1  | answered declined_alive | asking declined_alive | query   | settling   | -
        2  | told declined_alive     | reversing             | reverse | settling   | -
        3  | asked now               | reversing             | query   | settling   | -
        4  | told paid               | reversing             | reverse | reversing  | -
        5  | reversal nothing        | unseen                | -       | reversing  | -
        ",
    );
}

#[test]
pub(crate) fn m10_unsigned_not_exist_ends_only_twice_and_after_the_code_died() {
    check(
        WECHAT_SCAN,
        "
        0  | begin                   | submitting   | submit | submitting | -
        15 | silent submit           | submitting   | query  | unknown    | -
        16 | told unsigned_not_exist | submitting   | -      | unknown    | -
        26 | tick                    | submitting   | query  | unknown    | -
        27 | told unsigned_not_exist | submitting   | -      | unknown    | -
        60 | tick                    | asking limit | query  | unknown    | -
        61 | told unsigned_not_exist | asking limit | -      | unknown    | -
        76 | tick                    | asking limit | query  | unknown    | -
        77 | told unsigned_not_exist | asking limit | -      | unknown    | -
        80 | told unsigned_not_exist | asking limit | -      | unknown    | -
        90 | tick                    | asking limit | query  | unknown    | -
        91 | told unsigned_not_exist | closed never_existed | - | closed  | -
        ",
    );
    // Against the channel's own signed word it proves nothing.
    check(
        WECHAT_SCAN,
        "
        0   | begin                   | submitting   | submit | submitting | -
        1   | answered waiting        | waiting      | -      | typing     | -
        60  | tick                    | asking limit | query  | reversing  | -
        90  | told unsigned_not_exist | asking limit | -      | reversing  | -
        100 | tick                    | asking limit | query  | reversing  | -
        101 | told unsigned_not_exist | asking limit | -      | reversing  | -
        111 | tick                    | asking limit | query  | reversing  | -
        112 | told paid               | paid         | -      | paid       | -
        ",
    );
}

#[test]
fn m10_an_unsigned_refusal_waits_for_a_manager() {
    let wedged = check(
        SCAN,
        "
        0  | begin                     | submitting | submit | submitting | -
        1  | answered unsigned_refusal | submitting | -      | unknown    | -
        4  | tick                      | submitting | query  | unknown    | -
        5  | told unsigned_refusal     | submitting | -      | unknown    | -
        60 | tick                      | submitting | -      | unknown    | -
        65 | tick                      | asking limit | query | unknown   | -
        66 | told unsigned_refusal     | asking limit | -    | unknown    | -
        ",
    );
    assert!(wedged.wedged.is_some());
    let mended = wedged.step(Event::Told(verdict("waiting")), at(130_000), &Timetable::ALIPAY);
    assert_eq!(mended.attempt.wedged, None);
    assert_eq!(mended.effect, Some(Effect::Reverse));
}

#[test]
pub(crate) fn m11_a_declined_number_that_lives_is_asked_once_more_and_reversed() {
    let declined = "
        0 | begin                   | submitting            | submit  | submitting | -
        1 | answered declined_alive | asking declined_alive | query   | settling   | -
        ";
    let then = |rows: &str| check(SCAN, &format!("{declined}{rows}"));
    then(
        "2 | told declined_alive | reversing | reverse | settling | -
         3 | reversal closed | declined | - | declined | -",
    );
    then(
        "2 | told not_exist | reversing | reverse | settling | -
         3 | reversal nothing | declined | - | declined | -",
    );
    then("2 | told paid | paid | - | paid | -");
    then("2 | told closed | declined | - | declined | -");
    // The cashier had given up before the answer came: the sentence is the same.
    check(
        SCAN,
        "
        0 | begin                   | submitting       | submit  | submitting | -
        1 | cancelled               | asking cancelled | query   | reversing  | -
        2 | answered declined_alive | asking cancelled | -       | settling   | -
        3 | told declined_alive     | reversing        | reverse | settling   | -
        ",
    );
    let alive = then("2 | silent query | asking declined_alive | - | settling | -");
    assert!(alive.is_live(), "the next charge waits for it");
}

#[test]
pub(crate) fn m11_a_decline_told_by_a_query_is_not_waited_out() {
    check(
        WECHAT_SCAN,
        "
        0  | begin               | submitting            | submit  | submitting | -
        1  | answered waiting    | waiting               | -       | typing     | -
        20 | tick                | waiting               | query   | typing     | -
        21 | told declined_alive | asking declined_alive | query   | settling   | -
        22 | told declined_alive | reversing             | reverse | settling   | -
        23 | reversal done       | reversing             | -       | settling   | -
        25 | tick                | reversing             | query   | settling   | -
        26 | told closed         | declined              | -       | declined   | -
        ",
    );
    check(
        SCAN,
        "
        0 | begin             | submitting | submit | submitting | -
        1 | answered declined | declined   | -      | declined   | -
        ",
    );
}

#[test]
pub(crate) fn m12_when_reversals_are_over_paid_money_goes_back_as_a_refund() {
    let reversing = "
        0  | begin            | submitting   | submit  | submitting | -
        1  | answered waiting | waiting      | -       | typing     | -
        60 | tick             | asking limit | query   | reversing  | -
        61 | told waiting     | reversing    | reverse | reversing  | -
        ";
    let then = |rows: &str| check(SCAN, &format!("{reversing}{rows}"));
    let back = then(
        "62 | reversal too_late | reversing | query | reversing | -
         63 | told paid | refunding | - | refunding | refund too_late
         64 | told paid | refunding | - | refunding | -
         65 | told returned | refunding | - | refunding | -
         3600 | tick | refunding | - | refunding | -
         3601 | resumed | refunding | - | refunding | -",
    );
    assert!(!back.is_live(), "the order may be charged again");
    then(
        "62 | reversal too_late | reversing | query | reversing | -
         63 | told paid | refunding | - | refunding | refund too_late
         99 | refund confirmed | returned | - | returned | -",
    );
    then(
        "62 | silent reverse | reversing | - | reversing | -
         86400 | tick | reversing | query | reversing | -
         86401 | told paid | refunding | - | refunding | refund too_late",
    );
    then(
        "62 | reversal no_balance | refunding | - | refunding | refund no_balance
         63 | told paid | refunding | - | refunding | -
         99 | refund confirmed | returned | - | returned | -",
    );
}

#[test]
pub(crate) fn m12_when_reversals_are_over_an_unpaid_trade_is_closed() {
    let reversing = "
        0  | begin            | submitting   | submit  | submitting | -
        15 | silent submit    | submitting   | query   | unknown    | -
        60 | tick             | asking limit | query   | unknown    | -
        61 | told not_exist   | reversing    | reverse | reversing  | -
        62 | reversal too_late | reversing   | query   | reversing  | -
        ";
    let then = |rows: &str| check(SCAN, &format!("{reversing}{rows}"));
    then(
        "63 | told waiting | closing | close | reversing | -
         64 | closing closed | closed by_channel | - | closed | -",
    );
    then("63 | told not_exist | closed never_existed | - | closed | -");
    then(
        "63 | told waiting | closing | close | reversing | -
         64 | closing refused | closing | - | reversing | -
         66 | tick | closing | query | reversing | -
         67 | told paid | refunding | - | refunding | refund too_late",
    );
}

#[test]
pub(crate) fn m13_paid_means_exactly_the_amount_asked() {
    for word in ["answered", "told", "notified"] {
        for fen in [1, 125, 1_249, 1_251] {
            check(
                SCAN,
                &format!(
                    "0 | begin | submitting | submit | submitting | -
                     1 | {word} paid_{fen} | held amount {fen} | - | held | held"
                ),
            );
        }
    }
}

#[test]
pub(crate) fn m13_a_pay_time_before_the_attempt_is_held() {
    let then = |word: &str, phase: &str, screen: &str, leaves: &str| {
        check(
            SCAN,
            &format!(
                "0 | begin | submitting | submit | submitting | -
                 1 | told {word} | {phase} | - | {screen} | {leaves}"
            ),
        )
    };
    then("paid_300_s_early", "paid", "paid", "-");
    then("paid_301_s_early", "held too_early", "held", "held");
}

#[test]
pub(crate) fn m13_already_paid_on_a_first_submit_is_held() {
    check(
        SCAN,
        "
        0 | begin                 | submitting        | submit | submitting | -
        1 | answered already_paid | held already_paid | -      | held       | held
        2 | told paid             | held already_paid | -      | held       | -
        3 | notified paid         | held already_paid | -      | held       | -
        ",
    );
}

#[test]
pub(crate) fn m13_money_of_which_some_went_back_before_we_knew_of_it_is_held() {
    let begun = "0 | begin | submitting | submit | submitting | -";
    for word in ["told", "notified"] {
        check(
            SCAN,
            &format!("{begun}\n1 | {word} some_back | held already_paid | - | held | held"),
        );
    }
    // Nor is it reversed for ever.
    check(
        WECHAT_SCAN,
        "
        0  | begin            | submitting       | submit  | submitting | -
        1  | answered waiting | waiting          | -       | typing     | -
        20 | cancelled        | asking cancelled | query   | reversing  | -
        21 | told waiting     | reversing        | reverse | reversing  | -
        22 | told some_back   | held already_paid | -      | held       | held
        ",
    );
}

#[test]
pub(crate) fn m14_a_till_that_hears_goes_on_asking() {
    for timetable in [Timetable::ALIPAY, Timetable::WECHAT] {
        assert!(timetable.show_every_ms < timetable.heard().show_every_ms);
        assert!(timetable.heard().show_every_ms < 5_000, "a relay may withhold what it hears");
    }
}

#[test]
pub(crate) fn m14_after_an_end_a_notice_only_asks() {
    let closed = "
        0 | begin       | submitting        | submit | submitting | -
        1 | cancelled   | asking cancelled  | query  | reversing  | -
        2 | told closed | closed by_channel | -      | closed     | -
        ";
    let then = |rows: &str| check(SCAN, &format!("{closed}{rows}"));
    then("9 | notified paid | closed by_channel | - | closed | ask at 9");
    then("9 | answered paid | closed by_channel | - | closed | ask at 9");
    then("9 | notified waiting | closed by_channel | - | closed | -");
    // The money that is known already, told again by an answer that another one overtook.
    check(
        SCAN,
        "
        0 | begin         | submitting | submit | submitting | -
        5 | tick          | submitting | query  | submitting | -
        6 | told paid     | paid       | -      | paid       | -
        7 | answered paid | paid       | -      | paid       | -
        8 | notified paid | paid       | -      | paid       | -
        ",
    );
    then(
        "8 | told paid | closed by_channel | - | closed | late_money + refund late_money
         9 | told paid | closed by_channel | - | closed | -
         10 | told returned | closed by_channel | - | closed | -",
    );
}

#[test]
pub(crate) fn m14_what_went_back_is_not_paid_again() {
    // WeChat Pay says of a payment that has gone back only that some of it did.
    check(
        SCAN,
        "
        0 | begin            | submitting  | submit | submitting | -
        1 | cash taken       | asking cash | query  | reversing  | -
        2 | told paid        | refunding   | -      | refunding  | refund unwanted
        3 | refund confirmed | returned    | -      | returned   | -
        4 | notified paid    | returned    | -      | returned   | ask at 4
        5 | told some_back   | returned    | -      | returned   | -
        6 | told paid        | returned    | -      | returned   | contradicted paid
        ",
    );
}

#[test]
pub(crate) fn m14_the_same_news_twice_refunds_once() {
    let unwanted = "
        0 | begin      | submitting  | submit | submitting | -
        1 | cash taken | asking cash | query  | reversing  | -
        ";
    for (first, second) in [
        ("notified paid", "answered paid"),
        ("told paid", "answered paid"),
        ("answered paid", "notified paid"),
        ("told paid", "answered declined"),
        ("told paid", "told declined"),
        ("told paid", "told closed"),
        ("told paid", "told returned"),
        ("told paid", "notified waiting"),
    ] {
        check(
            SCAN,
            &format!(
                "{unwanted}2 | {first} | refunding | - | refunding | refund unwanted
                 3 | {second} | refunding | - | refunding | -
                 9 | refund confirmed | returned | - | returned | -
                 10 | {second} | returned | - | returned | *"
            ),
        );
    }
}

#[test]
pub(crate) fn m15_a_recovered_payment_is_kept_and_never_refunded_by_itself() {
    let recovered = Attempt::recovered(intent(Flow::Scan), paid(1_250), at(0), &Timetable::ALIPAY);
    assert_eq!(phase(&recovered.attempt.phase), "paid");
    assert_eq!(recovered.finding, Some(Finding::Recovered));
    assert_eq!((recovered.effect, recovered.follow_up), (None, None));
    assert_eq!(recovered.attempt.poll_at, None);
}

#[test]
pub(crate) fn m15_a_recovered_payment_of_which_some_went_back_is_held() {
    let some_back = Payment { some_back: true, ..paid(1_250) };
    let held = Attempt::recovered(intent(Flow::Scan), some_back, at(0), &Timetable::WECHAT);
    assert_eq!(phase(&held.attempt.phase), "held already_paid");
    assert_eq!(held.finding, Some(Finding::Recovered));
    assert_eq!((held.effect, held.follow_up), (None, None));
}

#[test]
pub(crate) fn m15_a_parked_code_in_a_restored_database_counts_as_sent() {
    check(
        SHOW,
        "0 | begin | submitting | submit | submitting | -
         1 | unreached submit | parked | - | parked | -
         9 | restored | asking code_lost | query | reversing | -
         10 | told paid | paid | - | paid | -",
    );
}

#[test]
pub(crate) fn law4_a_recovered_payment_of_another_amount_is_held() {
    let other = Attempt::recovered(intent(Flow::Scan), paid(125), at(0), &Timetable::ALIPAY);
    assert_eq!(phase(&other.attempt.phase), "held amount 125");
    assert_eq!((other.effect, other.follow_up), (None, None));
}

#[test]
pub(crate) fn m16_cash_instead_makes_the_attempt_unwanted() {
    for when in ["answered waiting | waiting | - | typing", "tick | submitting | - | submitting"] {
        let unwanted = format!(
            "0 | begin | submitting | submit | submitting | -
             1 | {when} | -
             10 | cash taken | asking cash | query | reversing | -\n"
        );
        let then = |rows: &str| check(SCAN, &format!("{unwanted}{rows}"));
        // Found paid with no reversal left, it is refunded and never reversed.
        for word in ["told paid", "notified paid"] {
            then(&format!(
                "11 | {word} | refunding | - | refunding | refund unwanted
                 99 | refund confirmed | returned | - | returned | -"
            ));
        }
        then("11 | told paid_125 | held amount 125 | - | held | held");
        then("11 | told closed | closed by_channel | - | closed | -");
    }
    check(
        SCAN,
        "
        0  | begin             | submitting   | submit  | submitting | -
        1  | answered waiting  | waiting      | -       | typing     | -
        60 | tick              | asking limit | query   | reversing  | -
        61 | told waiting      | reversing    | reverse | reversing  | -
        62 | cash taken        | reversing    | -       | reversing  | -
        63 | silent reverse    | reversing    | -       | reversing  | -
        65 | tick              | reversing    | query   | reversing  | -
        66 | told paid         | reversing    | reverse | reversing  | -
        67 | reversal returned | returned     | -       | returned   | -
        ",
    );
}

#[test]
pub(crate) fn m17_where_the_goods_are_gone_nothing_is_reversed() {
    let gone = "
        0  | begin            | submitting   | submit | submitting | -
        1  | answered waiting | waiting      | -      | typing     | -
        30 | goods gone       | waiting      | -      | typing     | -
        30 | tick             | waiting      | query  | typing     | -
        31 | told waiting     | waiting      | -      | typing     | -
        60 | tick             | asking limit | query  | unknown    | -
        61 | told waiting     | asking limit | -      | unknown    | -
        62 | cancelled        | asking limit | -      | unknown    | -
        91 | tick             | asking limit | query  | unknown    | -
        ";
    let then = |rows: &str| check(SCAN, &format!("{gone}{rows}"));
    then("92 | told paid | paid | - | paid | -");
    then("92 | told closed | closed by_channel | - | closed | goods_gone Chen");
    then("92 | told returned | returned | - | returned | goods_gone Chen");
    then("92 | told declined | declined | - | declined | goods_gone Chen");
    then("92 | told not_exist | asking limit | - | unknown | -");
    // Cash taken later lifts it and makes the attempt unwanted.
    then(
        "92 | cash taken | asking limit | - | reversing | -
         93 | told waiting | reversing | reverse | reversing | -
         94 | reversal closed | closed by_channel | - | closed | -",
    );
    // A trade that the channel never knew ends on not-exist, twice and after the code's life.
    check(
        SCAN,
        "
        0  | begin          | submitting   | submit | submitting | -
        15 | silent submit  | submitting   | query  | unknown    | -
        30 | goods gone     | submitting   | -      | unknown    | -
        60 | tick           | asking limit | query  | unknown    | -
        61 | told not_exist | asking limit | -      | unknown    | -
        76 | tick           | asking limit | query  | unknown    | -
        77 | told not_exist | asking limit | -      | unknown    | -
        87 | tick           | asking limit | query  | unknown    | -
        88 | told not_exist | closed never_existed | - | closed  | goods_gone Chen
        ",
    );
}

#[test]
pub(crate) fn m17_a_decline_of_gone_goods_ends_it_twice_and_after_the_codes_life() {
    let step = check(
        WECHAT_SCAN,
        "
        0  | begin               | submitting   | submit | submitting | -
        1  | answered waiting    | waiting      | -      | typing     | -
        30 | goods gone          | waiting      | -      | typing     | -
        46 | told declined_alive | asking declined_alive | query | settling | -
        47 | told declined_alive | asking declined_alive | -     | settling | -
        57 | tick                | asking declined_alive | query | settling | -
        58 | told waiting        | asking declined_alive | -     | settling | -
        80 | told declined_alive | asking declined_alive | -     | settling | -
        85 | told declined_alive | asking declined_alive | -     | settling | -
        95 | tick                | asking declined_alive | query | settling | -
        96 | told declined_alive | declined | - | declined | goods_gone Chen + ask at 396
        ",
    );
    assert_eq!(step.reversal_left_at, None);
}

#[test]
pub(crate) fn m17_once_a_reversal_has_left_the_goods_are_not_gone() {
    let reversing = check(
        SCAN,
        "
        0  | begin            | submitting   | submit  | submitting | -
        1  | answered waiting | waiting      | -       | typing     | -
        60 | tick             | asking limit | query   | reversing  | -
        61 | told waiting     | reversing    | reverse | reversing  | -
        62 | goods gone       | reversing    | -       | reversing  | -
        ",
    );
    assert_eq!(reversing.goods_gone_by, None);
    assert!(!reversing.may_mark_goods_gone());
}

#[test]
pub(crate) fn m19_what_came_from_another_machine_is_asked_about_and_never_reversed() {
    let copied = "
        0  | begin            | submitting   | submit | submitting | -
        1  | answered waiting | waiting      | -      | typing     | -
        30 | copied           | waiting      | query  | typing     | copied
        31 | told waiting     | waiting      | -      | typing     | -
        40 | copied           | waiting      | query  | typing     | -
        60 | tick             | asking limit | query  | unknown    | -
        61 | told waiting     | asking limit | -      | unknown    | -
        62 | cancelled        | asking limit | -      | unknown    | -
        91 | tick             | asking limit | query  | unknown    | -
        ";
    let then = |rows: &str| check(SCAN, &format!("{copied}{rows}"));
    then("92 | told paid | paid | - | paid | -");
    then("92 | told closed | closed by_channel | - | closed | -");
    then("92 | told declined | declined | - | declined | -");
    then("92 | told returned | returned | - | returned | returned_by_others");
    // A person's word counts: gone goods are a finding, and cash lifts it.
    then(
        "92 | goods gone | asking limit | - | unknown | -
         93 | told closed | closed by_channel | - | closed | goods_gone Chen",
    );
    then(
        "92 | cash taken | asking limit | - | reversing | -
         93 | copied | asking limit | query | reversing | -
         94 | told paid | refunding | - | refunding | refund unwanted",
    );
    // A code that never left is not sent by the copy, but perhaps by the till it came from.
    check(
        SHOW,
        "
        0   | begin            | submitting           | submit | submitting | -
        1   | unreached submit | parked               | -      | parked     | -
        9   | copied           | asking code_lost     | query  | unknown    | copied
        10  | told not_exist   | asking code_lost     | -      | unknown    | -
        300 | tick             | asking code_lost     | query  | unknown    | -
        301 | told not_exist   | asking code_lost     | -      | unknown    | -
        320 | tick             | asking code_lost     | query  | unknown    | -
        321 | told not_exist   | closed never_existed | -      | closed     | -
        ",
    );
}

#[test]
pub(crate) fn m19_what_both_machines_would_do_alike_goes_on_at_the_copy() {
    check(
        SCAN,
        "
        0  | begin             | submitting   | submit  | submitting | -
        1  | answered waiting  | waiting      | -       | typing     | -
        60 | tick              | asking limit | query   | reversing  | -
        61 | told waiting      | reversing    | reverse | reversing  | -
        70 | copied            | reversing    | query   | reversing  | -
        71 | told waiting      | reversing    | reverse | reversing  | -
        72 | reversal closed   | closed by_channel | -  | closed     | -
        ",
    );
    check(
        SCAN,
        "
        0  | begin             | submitting   | submit  | submitting | -
        1  | answered waiting  | waiting      | -       | typing     | -
        10 | cash taken        | asking cash  | query   | reversing  | -
        20 | copied            | asking cash  | query   | reversing  | -
        21 | told paid         | refunding    | -       | refunding  | refund unwanted
        22 | copied            | refunding    | -       | refunding  | -
        ",
    );
}

#[test]
fn a_code_is_drawn_only_while_it_may_be_scanned() {
    let shown = "
        0 | begin         | submitting | submit | submitting | -
        1 | answered code | waiting    | -      | code       | -
        ";
    let then = |rows: &str| check(SHOW, &format!("{shown}{rows}")).live_code().map(str::to_owned);
    assert_eq!(then(""), Some("code".to_owned()));
    assert_eq!(then("2 | resumed | waiting | query | code | -"), Some("code".to_owned()));
    assert_eq!(then("2 | notified paid | paid | - | paid | -"), None);
    assert_eq!(then("2 | told waiting | waiting | - | typing | -"), None, "it was scanned");
    assert_eq!(then("2 | cancelled | asking cancelled | query | reversing | -"), None);
}

#[test]
fn only_paid_hands_over_the_goods_and_only_dead_numbers_are_charged_again() {
    for (screen, goods, again) in [
        (Screen::Parked, false, false),
        (Screen::Submitting, false, false),
        (Screen::Typing, false, false),
        (Screen::Code, false, false),
        (Screen::Unknown, false, false),
        (Screen::Reversing, false, false),
        (Screen::Settling, false, false),
        (Screen::Refunding, false, false),
        (Screen::Paid, true, false),
        (Screen::Declined, false, true),
        (Screen::Unreached, false, true),
        (Screen::Closed, false, true),
        (Screen::Returned, false, true),
        (Screen::Held, false, false),
    ] {
        assert_eq!(screen.goods_may_go(), goods, "{screen:?}");
        assert_eq!(screen.may_charge_again(), again, "{screen:?}");
    }
}

/// Plays a table and returns the attempt as its last row leaves it.
#[track_caller]
fn check((flow, timetable): Setup, table: &str) -> Attempt {
    let mut attempt: Option<Attempt> = None;
    for row in table.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let &[t, event, wanted, effect, screen, leaves] = cells.as_slice() else {
            panic!("six columns: {row}");
        };
        let now = at(ms(t));
        let step = match attempt.take() {
            None => Attempt::begin(intent(flow), now, &timetable),
            Some(attempt) => attempt.step(self::event(event), now, &timetable),
        };
        let left = left(&step);
        let kept = step.attempt;
        assert_eq!(phase(&kept.phase), wanted, "phase after: {row}");
        assert_eq!(effect_name(step.effect), effect, "call after: {row}");
        assert_eq!(format!("{:?}", kept.screen()).to_lowercase(), screen, "screen after: {row}");
        assert!(leaves == "*" || left == leaves, "left {left} after: {row}");
        assert_eq!(kept.poll_at.is_none(), kept.is_final(), "law 6 after: {row}");
        attempt = Some(kept);
    }
    attempt.unwrap()
}

pub(crate) fn intent(flow: Flow) -> Intent {
    Intent {
        out_trade_no: no(1),
        order_no: OrderNo(1),
        channel: ChannelId::Alipay,
        flow,
        amount: Charge::new(1_250).unwrap(),
    }
}

pub(crate) fn no(counter: u64) -> OutTradeNo {
    let series = Series::new(1, 1, 1).unwrap();
    OutTradeNo::compose(series, Counter::new(counter).unwrap())
}

pub(crate) fn paid(fen: i64) -> Payment {
    Payment {
        amount: Fen::new(fen).unwrap(),
        transaction_no: "T1".to_owned(),
        paid_at: Some(at(1_000)),
        payer: Some(PayerHash("payer".to_owned())),
        some_back: false,
    }
}

/// A moment so many ms after the attempts of these tests were kept.
pub(crate) fn at(ms: i64) -> Timestamp {
    Timestamp(1_800_000_000_000).plus_ms(ms)
}

fn ms(seconds: &str) -> i64 {
    let (whole, tenths) = seconds.split_once('.').unwrap_or((seconds, "0"));
    whole.parse::<i64>().unwrap() * 1_000 + tenths.parse::<i64>().unwrap() * 100
}

fn event(text: &str) -> Event {
    let (kind, word) = text.split_once(' ').unwrap_or((text, ""));
    match kind {
        "answered" => Event::Answered(verdict(word)),
        "told" => Event::Told(verdict(word)),
        "notified" => Event::Notified(verdict(word)),
        "reversal" => Event::ReversalTold(reversal(word)),
        "closing" => Event::ClosingTold(closing(word)),
        "unreached" => Event::Unreached(effect(word)),
        "silent" => Event::Silent(effect(word)),
        "withheld" => Event::Withheld,
        "cancelled" => Event::Cancelled,
        "asked" => Event::AskedNow,
        "cash" => Event::CashTaken,
        "longer" => Event::WaitedLonger,
        "goods" => Event::GoodsGone { by: "Chen".to_owned() },
        "refund" => Event::RefundConfirmed,
        "tick" => Event::Tick,
        "resumed" => Event::Resumed,
        "restored" => Event::Restored,
        "copied" => Event::Copied,
        _ => panic!("no such event: {text}"),
    }
}

pub(crate) fn verdict(word: &str) -> Verdict {
    let reason = || "reason".to_owned();
    let paid_at = |seconds: i64| Payment { paid_at: Some(at(-seconds * 1_000)), ..paid(1_250) };
    match word {
        "paid" => Verdict::Paid(paid(1_250)),
        "paid_twice" => Verdict::Paid(Payment { transaction_no: "T2".to_owned(), ..paid(1_250) }),
        "some_back" => Verdict::Paid(Payment { some_back: true, ..paid(1_250) }),
        "paid_300_s_early" => Verdict::Paid(paid_at(300)),
        "paid_301_s_early" => Verdict::Paid(paid_at(301)),
        "waiting" => Verdict::Waiting,
        "not_exist" => Verdict::NotExist,
        "code" => Verdict::Code { content: "code".to_owned() },
        "declined" => Verdict::Declined { reason: reason() },
        "declined_alive" => Verdict::DeclinedAlive { reason: reason() },
        "closed" => Verdict::Closed,
        "returned" => Verdict::Returned,
        "already_paid" => Verdict::AlreadyPaid,
        "unsigned_not_exist" => Verdict::UnsignedNotExist,
        "unsigned_refusal" => Verdict::UnsignedRefusal { reason: reason() },
        _ => {
            let fen = word.strip_prefix("paid_").and_then(|fen| fen.parse().ok());
            Verdict::Paid(paid(fen.unwrap_or_else(|| panic!("no such verdict: {word}"))))
        }
    }
}

pub(crate) fn reversal(word: &str) -> Reversal {
    match word {
        "closed" => Reversal::Closed,
        "returned" => Reversal::Returned,
        "done" => Reversal::Done,
        "nothing" => Reversal::FoundNothing,
        "again" => Reversal::Again,
        "no_balance" => Reversal::NoBalance,
        "too_late" => Reversal::TooLate,
        "refused" => Reversal::Refused { reason: "reason".to_owned() },
        _ => panic!("no such answer to a reversal: {word}"),
    }
}

pub(crate) fn closing(word: &str) -> Closing {
    match word {
        "closed" => Closing::Closed,
        "not_exist" => Closing::NotExist,
        "refused" => Closing::Refused { reason: "reason".to_owned() },
        _ => panic!("no such answer to a close: {word}"),
    }
}

fn effect(word: &str) -> Effect {
    [Effect::Submit, Effect::Query, Effect::Reverse, Effect::Close]
        .into_iter()
        .find(|effect| effect_name(Some(*effect)) == word)
        .unwrap_or_else(|| panic!("no such call: {word}"))
}

fn effect_name(effect: Option<Effect>) -> &'static str {
    match effect {
        None => "-",
        Some(Effect::Submit) => "submit",
        Some(Effect::Query) => "query",
        Some(Effect::Reverse) => "reverse",
        Some(Effect::Close) => "close",
    }
}

/// Names a phase the way the tables write it.
pub(crate) fn phase(phase: &Phase) -> String {
    let name = match phase {
        Phase::Parked => "parked",
        Phase::Submitting => "submitting",
        Phase::Waiting => "waiting",
        Phase::Asking { why: Why::Limit } => "asking limit",
        Phase::Asking { why: Why::Cancelled } => "asking cancelled",
        Phase::Asking { why: Why::CodeLost } => "asking code_lost",
        Phase::Asking { why: Why::DeclinedAlive } => "asking declined_alive",
        Phase::Asking { why: Why::Cash } => "asking cash",
        Phase::Closing => "closing",
        Phase::Reversing => "reversing",
        Phase::Unseen => "unseen",
        Phase::Refunding { .. } => "refunding",
        Phase::Paid { .. } => "paid",
        Phase::Declined { .. } => "declined",
        Phase::Closed { how: ClosedHow::NeverSent } => "closed never_sent",
        Phase::Closed { how: ClosedHow::NeverExisted } => "closed never_existed",
        Phase::Closed { how: ClosedHow::ByChannel } => "closed by_channel",
        Phase::Returned => "returned",
        Phase::Held { reason: HoldReason::AmountDiffers { channel_fen } } => {
            return format!("held amount {channel_fen}");
        }
        Phase::Held { reason: HoldReason::AlreadyPaid } => "held already_paid",
        Phase::Held { reason: HoldReason::PaidTooEarly } => "held too_early",
    };
    name.to_owned()
}

fn left(step: &Step) -> String {
    let finding = step.finding.as_ref().map(|finding| match finding {
        Finding::LateMoney => "late_money".to_owned(),
        Finding::Contradicted { said } => format!("contradicted {said}"),
        Finding::GoodsGoneUnpaid { by } => format!("goods_gone {by}"),
        Finding::ReturnedByOthers => "returned_by_others".to_owned(),
        Finding::Held => "held".to_owned(),
        Finding::Recovered => "recovered".to_owned(),
        Finding::Copied => "copied".to_owned(),
        Finding::RefundHeld => "refund_held".to_owned(),
    });
    let follow_up = step.follow_up.as_ref().map(|follow_up| match follow_up {
        FollowUp::AskAt(when) => format!("ask at {}", when.since_ms(at(0)) / 1_000),
        FollowUp::Refund { why: RefundWhy::Unwanted } => "refund unwanted".to_owned(),
        FollowUp::Refund { why: RefundWhy::TooLate } => "refund too_late".to_owned(),
        FollowUp::Refund { why: RefundWhy::NoBalance } => "refund no_balance".to_owned(),
        FollowUp::Refund { why: RefundWhy::LateMoney } => "refund late_money".to_owned(),
    });
    let left: Vec<String> = finding.into_iter().chain(follow_up).collect();
    if left.is_empty() { "-".to_owned() } else { left.join(" + ") }
}
