//! Whose database is it? Births, copies, restores, a second till, a later program.

use std::collections::BTreeSet;

use mianfu_core::attempt::Event;
use mianfu_core::channel::Flow;
use mianfu_core::number::OutTradeNo;
use mianfu_db::{
    ABSENT_IN_A_ROW, Asked, BackupTo, Birth, Db, DbError, LeftBecause, backup, full_check,
};
use rusqlite::Connection;

use crate::fixture::*;

fn mint(db: &mut Db) -> OutTradeNo {
    db.write("mint", |tx| tx.mint()).unwrap()
}

#[test]
fn a_database_goes_on_where_it_stopped() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let attempt = sell(&mut db, "a", 1_250, Flow::Show);
    sell_paid(&mut db, "b", 300);
    db.close().unwrap();
    let (db, opened) = shop.try_open().unwrap();
    assert_eq!((opened.birth, opened.open_attempts), (Birth::Same, 1));
    assert_eq!(opened.old_epochs, []);
    assert_eq!(db.read().attempts().get(&attempt.out_trade_no).unwrap().value, attempt);
    db.check_everything().unwrap();
}

#[test]
fn a_database_of_an_earlier_program_is_brought_up_to_date() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let attempt = sell(&mut db, "a", 1_250, Flow::Show);
    db.close().unwrap();
    let raw = Connection::open(shop.path()).unwrap();
    raw.execute_batch(
        "DROP INDEX sale_order_in_cash; DROP INDEX attempt_held; DROP INDEX refund_held;
         PRAGMA user_version = 1",
    )
    .unwrap();
    drop(raw);
    let db = shop.open(Birth::Same);
    assert_eq!(db.read().attempts().get(&attempt.out_trade_no).unwrap().value, attempt);
    db.check_everything().unwrap();
}

#[test]
fn a_program_that_ends_without_closing_loses_nothing() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let attempt = sell(&mut db, "a", 1_250, Flow::Show);
    drop(db);
    let db = shop.open(Birth::Same);
    assert_eq!(db.read().attempts().get(&attempt.out_trade_no).unwrap().value, attempt);
}

#[test]
fn a_second_till_is_told_who_holds_the_file() {
    let shop = Shop::new();
    let first = shop.open(Birth::New);
    match shop.try_open() {
        Err(DbError::HeldElsewhere { path }) => assert_eq!(path, shop.path().display().to_string()),
        other => panic!("two tills on one file: {other:?}"),
    }
    first.close().unwrap();
    shop.open(Birth::Same);
}

#[cfg(unix)]
#[test]
fn a_second_till_that_calls_the_file_by_another_name_is_told_so_too() {
    let shop = Shop::new();
    let first = shop.open(Birth::New);
    let link = shop.path().with_file_name("link.db");
    std::os::unix::fs::symlink(shop.path(), &link).unwrap();
    let opened = shop.try_open_at(&link);
    assert!(matches!(opened, Err(DbError::HeldElsewhere { .. })), "{opened:?}");
    first.close().unwrap();
    let (_, opened) = shop.try_open_at(&link).unwrap();
    assert_eq!(opened.birth, Birth::Same, "by another name it is the same till");
}

#[test]
fn a_file_of_a_later_program_is_left_as_it_is() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    sell(&mut db, "a", 1_250, Flow::Show);
    db.close().unwrap();
    let raw = Connection::open(shop.path()).unwrap();
    raw.execute_batch("PRAGMA user_version = 7").unwrap();
    drop(raw);
    let before = std::fs::read(shop.path()).unwrap();
    let refused = shop.try_open();
    assert!(matches!(refused, Err(DbError::TooNew { found: 7, known: 3 })), "{refused:?}");
    assert_eq!(std::fs::read(shop.path()).unwrap(), before, "not a byte of it was touched");
}

#[test]
fn another_programs_file_is_refused_and_left_as_it_is() {
    let shop = Shop::new();
    let raw = Connection::open(shop.path()).unwrap();
    raw.execute_batch("CREATE TABLE song (title TEXT)").unwrap();
    drop(raw);
    let before = std::fs::read(shop.path()).unwrap();
    assert!(matches!(shop.try_open(), Err(DbError::Corrupt { table: "file", .. })));
    assert_eq!(std::fs::read(shop.path()).unwrap(), before);
    std::fs::write(shop.path(), "not a database, but longer than a header of one. ".repeat(40))
        .unwrap();
    assert!(matches!(shop.try_open(), Err(DbError::Corrupt { table: "file", .. })));
}

#[test]
pub(crate) fn m19_a_copy_on_another_machine_draws_an_epoch_and_its_numbers_never_collide() {
    let mut shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let attempt = sell(&mut db, "a", 1_250, Flow::Show);
    db.close().unwrap();
    let ghost = Shop { machine: "machine b", epoch: shop.epoch, ..Shop::new() };
    std::fs::copy(shop.path(), ghost.path()).unwrap();

    let (mut copy, opened) = ghost.try_open().unwrap();
    assert_eq!((opened.birth, opened.open_attempts), (Birth::Copied, 1));
    assert_eq!(opened.old_epochs, [], "nothing was lost, and the numbers may be a till's at work");
    let old = copy.read().old_epochs().find(shop.epoch).unwrap().unwrap();
    assert_eq!((old.why, old.last_known.get()), (LeftBecause::Copied, 1));
    shop.epoch = 1;
    let mut original = shop.open(Birth::Same);
    let mut drawn = BTreeSet::from([attempt.out_trade_no]);
    for _ in 0..20 {
        assert!(drawn.insert(mint(&mut copy)), "the copy draws a number of the original");
        assert!(drawn.insert(mint(&mut original)), "the original draws a number of the copy");
    }
    copy.close().unwrap();
    ghost.open(Birth::Same).check_everything().unwrap();
}

#[test]
pub(crate) fn m19_an_adapter_that_comes_or_goes_makes_no_copy() {
    let mut shop = Shop { machine: "id 1\naa:01\naa:02", ..Shop::new() };
    shop.open(Birth::New).close().unwrap();
    for machine in ["id 1\naa:01", "id 1\naa:01\naa:03", "id 1\naa:03"] {
        shop.machine = machine;
        shop.open(Birth::Same).close().unwrap();
    }
    for machine in ["id 1\nbb:01\nbb:02", "id 2\nbb:01", "id 2", ""] {
        shop.machine = machine;
        shop.epoch += 1;
        shop.open(Birth::Copied).close().unwrap();
    }
}

#[test]
fn m19_a_till_with_another_number_draws_an_epoch() {
    let mut shop = Shop::new();
    shop.open(Birth::New).close().unwrap();
    shop.till = 8;
    let mut db = shop.open(Birth::Copied);
    assert_eq!(mint(&mut db).series().till(), 8);
}

#[test]
pub(crate) fn m19_a_restored_backup_is_noticed_and_its_lost_numbers_are_asked() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    sell_paid(&mut db, "before", 100);
    let to = BackupTo { folder: shop.folder.path(), now: TEN, keep: 3 };
    let copy = backup(&shop.path(), None, &to).unwrap();
    let lost = sell_paid(&mut db, "after", 200);
    db.close().unwrap();

    let replaced = Shop { epoch: 55, ..Shop::new() };
    std::fs::copy(copy, replaced.path()).unwrap();
    let (mut db, opened) = replaced.try_open().unwrap();
    assert_eq!(opened.birth, Birth::Restored, "also on the very same machine");
    let [old] = opened.old_epochs.as_slice() else {
        panic!("one series to ask about: {:?}", opened.old_epochs);
    };
    assert_eq!((old.why, old.series), (LeftBecause::Restored, lost.out_trade_no.series()));
    let first_asked = old.asked_to.next().unwrap();
    assert_eq!(first_asked, lost.out_trade_no.counter(), "from the last known number on");
    assert_eq!(mint(&mut db).series().epoch(), 55);

    // The mark is gone once an epoch is drawn, but the questions outlive a restart.
    db.close().unwrap();
    let (mut db, opened) = replaced.try_open().unwrap();
    assert_eq!((opened.birth, opened.old_epochs.len()), (Birth::Same, 1));
    let series = opened.old_epochs[0].series;
    let ask = |db: &mut Db, said| db.write("ask", |tx| tx.old_epochs().asked(series, said, TEN));
    assert_eq!(ask(&mut db, Asked::Exists).unwrap().absent_in_row, 0);
    for _ in 1..ABSENT_IN_A_ROW {
        assert_eq!(ask(&mut db, Asked::Absent).unwrap().finished_at, None);
    }
    assert_eq!(ask(&mut db, Asked::Absent).unwrap().finished_at, Some(TEN));
    assert_eq!(db.read().old_epochs().to_ask(9).unwrap(), []);
    assert!(ask(&mut db, Asked::Absent).is_err(), "a finished series is not asked about");
    db.check_everything().unwrap();
}

#[test]
fn m19_an_older_file_put_back_by_hand_is_noticed() {
    let mut shop = Shop::new();
    let mut db = shop.open(Birth::New);
    sell_paid(&mut db, "before", 100);
    db.close().unwrap();
    let older = std::fs::read(shop.path()).unwrap();
    let mut db = shop.open(Birth::Same);
    let lost = sell_paid(&mut db, "after", 200);
    drop(db);
    for suffix in ["", "-wal", "-shm"] {
        drop(std::fs::remove_file(format!("{}{suffix}", shop.path().display())));
    }
    std::fs::write(shop.path(), older).unwrap();

    shop.epoch = 66;
    let (db, opened) = shop.try_open().unwrap();
    assert_eq!(opened.birth, Birth::Restored);
    assert_eq!(opened.old_epochs[0].issued, lost.out_trade_no.counter(), "the witness knows");
    db.close().unwrap();
    shop.open(Birth::Same);
}

#[test]
fn m19_a_file_copied_without_its_witness_draws_an_epoch() {
    let mut shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let sold = sell_paid(&mut db, "first", 100);
    db.close().unwrap();
    std::fs::remove_file(format!("{}.witness", shop.path().display())).unwrap();

    shop.epoch = 66;
    let mut db = shop.open(Birth::Restored);
    let next = sell_paid(&mut db, "next", 200);
    assert_ne!(next.out_trade_no.series(), sold.out_trade_no.series(), "two tills never collide");
}

#[test]
fn m19_a_deleted_file_is_noticed_and_all_its_numbers_are_asked() {
    let mut shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let lost = sell_paid(&mut db, "lost", 100);
    db.close().unwrap();
    std::fs::remove_file(shop.path()).unwrap();
    shop.epoch = 77;
    let (mut db, opened) = shop.try_open().unwrap();
    assert_eq!(opened.birth, Birth::Restored);
    let [old] = opened.old_epochs.as_slice() else {
        panic!("one series to ask about: {:?}", opened.old_epochs);
    };
    assert_eq!(old.series, lost.out_trade_no.series());
    assert_eq!((old.last_known.get(), old.issued.get()), (0, 1));
    assert_ne!(mint(&mut db).series(), old.series);
}

#[test]
fn m19_a_strangers_file_in_the_place_of_ours_asks_about_ours_only() {
    let stranger = Shop { machine: "machine b", epoch: 7, ..Shop::new() };
    let mut theirs = stranger.open(Birth::New);
    sell_paid(&mut theirs, "theirs", 100);
    theirs.close().unwrap();
    let mut shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let lost = sell_paid(&mut db, "lost", 100);
    db.close().unwrap();
    std::fs::copy(stranger.path(), shop.path()).unwrap();
    shop.epoch = 8;
    let (db, opened) = shop.try_open().unwrap();
    assert_eq!(opened.birth, Birth::Restored);
    let asked: Vec<_> = opened.old_epochs.iter().map(|old| old.series).collect();
    assert_eq!(asked, [lost.out_trade_no.series()], "theirs may belong to a till at work");
    let theirs = db.read().old_epochs().find(7).unwrap().unwrap();
    assert_eq!(theirs.why, LeftBecause::Copied);
}

#[test]
fn m19_the_asking_goes_past_every_number_known_to_be_drawn() {
    let mut shop = Shop::new();
    let mut db = shop.open(Birth::New);
    for _ in 0..=ABSENT_IN_A_ROW {
        mint(&mut db);
    }
    db.close().unwrap();
    std::fs::remove_file(shop.path()).unwrap();
    shop.epoch = 88;
    let (mut db, opened) = shop.try_open().unwrap();
    let series = opened.old_epochs[0].series;
    let mut asked = 0;
    loop {
        asked += 1;
        let step = |tx: &mianfu_db::Tx<'_>| tx.old_epochs().asked(series, Asked::Absent, TEN);
        if db.write("ask", step).unwrap().finished_at.is_some() {
            break;
        }
    }
    assert_eq!(asked, ABSENT_IN_A_ROW + 1, "200 in a row were absent before, but not all");
}

#[test]
fn a_crash_between_drawing_an_epoch_and_the_witness_is_no_restore() {
    let mut shop = Shop::new();
    let mut db = shop.open(Birth::New);
    sell(&mut db, "a", 100, Flow::Scan);
    db.close().unwrap();
    let witness = format!("{}.witness", shop.path().display());
    let before = std::fs::read(&witness).unwrap();
    shop.machine = "machine b";
    shop.epoch = 99;
    shop.open(Birth::Copied).close().unwrap();
    std::fs::write(&witness, before).unwrap();
    shop.open(Birth::Same);
}

#[test]
fn the_start_reads_open_rows_and_not_the_whole_shop() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let paid = sell_paid(&mut db, "old", 100);
    for sale in 0..40 {
        sell_paid(&mut db, &format!("sale {sale}"), 100);
    }
    db.close().unwrap();
    // Damage to a sale that has ended is the full check's to find, and found when it is read.
    tamper(&shop, "UPDATE attempt SET amount_fen = 99999 WHERE out_trade_no = ?1", &paid);
    let db = shop.open(Birth::Same);
    let read = db.read().attempts().get(&paid.out_trade_no);
    assert!(matches!(read, Err(DbError::Corrupt { table: "attempt", .. })), "{read:?}");
    let checked = full_check(&shop.path(), None);
    assert!(matches!(checked, Err(DbError::Corrupt { table: "attempt", .. })), "{checked:?}");
}

#[test]
fn damage_to_an_open_row_stops_the_start() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let open = sell(&mut db, "open", 100, Flow::Show);
    let open = step(&mut db, &open, Event::Resumed, TEN.plus_ms(100));
    db.close().unwrap();
    tamper(&shop, "UPDATE attempt SET amount_fen = 10 WHERE out_trade_no = ?1", &open);
    assert!(matches!(shop.try_open(), Err(DbError::Corrupt { table: "attempt", .. })));
}

fn tamper(shop: &Shop, sql: &str, attempt: &mianfu_core::attempt::Attempt) {
    let raw = crate::damage::tampering(&shop.path());
    assert_eq!(raw.execute(sql, [attempt.out_trade_no.as_str()]).unwrap(), 1);
}

#[test]
fn sqlite_is_recent_enough_and_linked_once() {
    let oldest = 3_051_003; // The write-ahead log of earlier ones could lose commits on a reset.
    assert!(oldest <= rusqlite::version_number(), "{}", rusqlite::version());
    let lock = include_str!("../../../../Cargo.lock");
    assert_eq!(lock.matches("name = \"libsqlite3-sys\"").count(), 1);
}
