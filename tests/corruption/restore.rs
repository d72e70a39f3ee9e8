//! After the damage: the store puts its last backup in place, and the till asks the channel.

use std::collections::BTreeMap;

use mianfu_core::attempt::{Attempt, Screen};
use mianfu_db::{Birth, DbError, FindingKind};
use mianfu_practice::Manner;
use mianfu_tests::shop::*;
use mianfu_till::people::RefundWish;
use mianfu_till::worker::chain;

use crate::day::{self, Day, beside};

/// How long the channels may be asked, in ms.
const RECOVERY_MS: i64 = 4 * HOUR_MS;

/// Damages the database past reading; the till says so and does not start.
fn damage(day: &mut Day) {
    let database = day.shop.database();
    day.shop.cut();
    day.files.write(&database);
    let mut bytes = day.files.database.clone();
    for byte in bytes.iter_mut().skip(4_096).step_by(97) {
        *byte ^= 0x55;
    }
    std::fs::write(&database, bytes).unwrap();
    std::fs::remove_file(beside(&database, "-wal")).unwrap();
    let refused = day.shop.open().unwrap_err();
    assert!(matches!(refused, DbError::Corrupt { .. }), "{}", chain(&refused));
}

/// Puts the last backup in the place of the database, as a store does.
fn restore(day: &mut Day) -> Birth {
    let database = day.shop.database();
    for suffix in ["", "-wal", "-shm"] {
        drop(std::fs::remove_file(beside(&database, suffix)));
    }
    std::fs::copy(&day.backup, &database).unwrap();
    day.shop.open().unwrap()
}

/// Lets the till ask until it knows everything.
fn recover(shop: &mut Shop) {
    let until = shop.now.plus_ms(RECOVERY_MS);
    let open = |shop: &mut Shop| {
        let old = shop.till().db().read().old_epochs().to_ask(9).unwrap();
        let attempts = shop.till().open_attempts().unwrap();
        !old.is_empty() || !attempts.is_empty()
    };
    while open(shop) {
        assert!(shop.now < until, "the asking does not end");
        shop.wait(MINUTE_MS);
    }
}

/// What the channel took, by number.
fn captured(shop: &Shop) -> BTreeMap<String, i64> {
    let captures = shop.practice.truth().captures();
    captures.map(|capture| (capture.out_trade_no.to_owned(), capture.amount_fen)).collect()
}

fn attempts(shop: &mut Shop) -> BTreeMap<String, Attempt> {
    let attempts = shop.all_attempts().into_iter();
    attempts.map(|attempt| (attempt.out_trade_no.as_str().to_owned(), attempt)).collect()
}

#[test]
fn i20_a_backup_and_the_channels_records_bring_every_payment_back_and_charge_nothing_twice() {
    let mut day = day::live();
    damage(&mut day);
    let before = captured(&day.shop);
    let sent = day.shop.sent.len();
    assert_eq!(restore(&mut day), Birth::Restored);
    let shop = &mut day.shop;
    recover(shop);
    assert_eq!(captured(shop), before, "nobody is charged by a restore");
    let moves = [PAY, PRECREATE, CANCEL, CLOSE];
    let moved = shop.sent[sent..].iter().find(|sent| moves.contains(&sent.method.as_str()));
    assert_eq!(moved, None, "a restore asks");
    assert_known(shop, &before);
    let found = shop.findings();
    let recovered = found.iter().filter(|kind| **kind == FindingKind::Recovered).count();
    assert_eq!(recovered, 4, "three of the afternoon, one of the evening");
    let no = shop.scan(1_250, Manner::Pays);
    assert!(!before.contains_key(no.as_str()), "numbers never repeat");
    assert_eq!(shop.end(&no).screen(), Screen::Paid, "sales go on");
    shop.till().db().check_everything().unwrap();
}

/// I1: every capture is one attempt that knows of the money, and no other attempt claims any.
fn assert_known(shop: &mut Shop, captured: &BTreeMap<String, i64>) {
    let attempts = attempts(shop);
    for (no, amount_fen) in captured {
        let attempt = attempts.get(no).expect("every payment is known");
        assert_eq!(i64::from(attempt.amount.get()), *amount_fen, "{no}");
        let known = matches!(attempt.screen(), Screen::Paid | Screen::Returned | Screen::Held);
        assert!(known || attempt.late_money, "{no} was paid and stands as {:?}", attempt.screen());
    }
    for (no, attempt) in &attempts {
        let claims = matches!(attempt.screen(), Screen::Paid | Screen::Returned);
        assert!(!claims || captured.contains_key(no), "{no} was never paid");
    }
}

#[test]
fn i20_what_went_back_after_the_backup_is_counted_at_the_channel_and_never_twice() {
    let mut day = day::live();
    damage(&mut day);
    restore(&mut day);
    let shop = &mut day.shop;
    recover(shop);
    for attempt in attempts(shop).into_values() {
        if attempt.screen() != Screen::Paid {
            continue;
        }
        let no = attempt.out_trade_no;
        let now = shop.till_now();
        let intent_id = format!("everything of {no}");
        let wish = RefundWish { no: no.clone(), amount: attempt.amount.fen(), intent_id };
        drop(shop.till().refund(&wish, "店长 01", now));
        shop.wait(30_000);
        assert!(0 <= shop.held_by_channel(&no), "more went back of {no} than came");
    }
}
