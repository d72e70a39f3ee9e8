//! Databases that are not this till's, not whole, or in use.

use mianfu_core::attempt::Screen;
use mianfu_core::money::Fen;
use mianfu_core::number::OrderNo;
use mianfu_db::{BackupTo, Birth, DbError};
use mianfu_practice::Manner;
use mianfu_tests::shop::*;
use mianfu_till::Notice;
use mianfu_till::people::RefundWish;
use mianfu_till::receipt::ReceiptRefusal;
use mianfu_till::worker::chain;
use rusqlite::config::DbConfig;

fn shop() -> Shop {
    Shop::with(|setup| setup.place = Place::Folder)
}

fn sell(shop: &mut Shop) {
    let no = shop.scan(1_250, Manner::Pays);
    assert_eq!(shop.end(&no).screen(), Screen::Paid);
}

/// Changes the file behind the till's back.
fn tamper(shop: &Shop, sql: &str) {
    let conn = rusqlite::Connection::open(shop.database()).unwrap();
    conn.execute_batch(&format!("PRAGMA ignore_check_constraints = ON; {sql}")).unwrap();
}

/// The same where a trigger would refuse it.
fn tamper_past_triggers(shop: &Shop, sql: &str) {
    let conn = rusqlite::Connection::open(shop.database()).unwrap();
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false).unwrap();
    let laws = "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON;";
    conn.execute_batch(&format!("{laws} {sql}")).unwrap();
}

#[track_caller]
fn refused(shop: &mut Shop, sentence: &str) -> DbError {
    let error = shop.open().expect_err("it is refused");
    let told = chain(&error);
    assert!(told.contains(sentence), "{told}");
    error
}

#[test]
fn a_restored_backup_is_told_and_its_lost_sales_come_back() {
    let mut shop = shop();
    sell(&mut shop);
    let folder = shop.folder().to_owned();
    let to = BackupTo { folder: &folder, now: shop.now, keep: 3 };
    let backup = shop.till().db().backup_to(&to).unwrap();
    sell(&mut shop);
    shop.cut();
    for suffix in ["-wal", "-shm"] {
        let mut name = shop.database().into_os_string();
        name.push(suffix);
        drop(std::fs::remove_file(name));
    }
    std::fs::copy(backup, shop.database()).unwrap();
    assert_eq!(shop.open().unwrap(), Birth::Restored);
    let now = shop.till_now();
    assert!(shop.till().counter(now).unwrap().notices.contains(&Notice::RestoredDatabase));
    shop.settle();
    assert_eq!(shop.all_attempts().len(), 2, "both sales are known");
}

#[test]
fn a_copy_on_another_machine_is_told_and_numbers_anew() {
    let mut shop = shop();
    sell(&mut shop);
    shop.cut();
    shop.machine = "the machine next door".to_owned();
    assert_eq!(shop.open().unwrap(), Birth::Copied);
    let now = shop.till_now();
    assert!(shop.till().counter(now).unwrap().notices.contains(&Notice::CopiedDatabase));
    shop.wait(1_000);
    sell(&mut shop);
    let series: Vec<_> =
        shop.all_attempts().iter().map(|attempt| attempt.out_trade_no.series()).collect();
    assert_ne!(series[0], series[1]);
    shop.settle();
}

#[test]
fn a_second_till_on_the_same_file_is_refused_and_the_first_goes_on() {
    let mut shop = shop();
    sell(&mut shop);
    let error = refused(&mut shop, "another till holds");
    assert!(matches!(error, DbError::HeldElsewhere { .. }));
    sell(&mut shop);
    shop.settle();
}

#[test]
fn a_file_of_a_later_program_is_left_as_it_is() {
    let mut shop = shop();
    sell(&mut shop);
    shop.settle();
    shop.cut();
    tamper(&shop, "PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)");
    let before = std::fs::read(shop.database()).unwrap();
    let error = refused(&mut shop, "version 99");
    assert!(matches!(error, DbError::TooNew { found: 99, .. }));
    assert_eq!(std::fs::read(shop.database()).unwrap(), before, "not a byte was changed");
    tamper(&shop, "PRAGMA user_version = 3");
    shop.open().unwrap();
    shop.settle();
}

#[test]
fn an_open_row_that_was_changed_stops_the_start() {
    let mut shop = shop();
    let no = shop.scan(1_250, Manner::WalksAway);
    shop.wait(5_000);
    shop.cut();
    tamper(&shop, "UPDATE attempt SET silences = silences + 1");
    let error = refused(&mut shop, "is not as it was written");
    assert!(matches!(&error, DbError::Corrupt { key, .. } if key.contains(no.as_str())), "{error}");
    tamper(&shop, "UPDATE attempt SET silences = silences - 1");
    shop.open().unwrap();
    assert_eq!(shop.end(&no).screen(), Screen::Closed);
    shop.settle();
}

#[test]
fn a_row_that_is_missing_under_an_open_one_stops_the_start_as_damage() {
    for sql in [
        "UPDATE sale_order SET order_no = 99 WHERE order_no = (SELECT order_no FROM attempt)",
        "UPDATE attempt SET out_trade_no = substr(out_trade_no, 1, 27) || '9'",
    ] {
        let mut shop = shop();
        sell(&mut shop);
        let no = shop.all_attempts().remove(0).out_trade_no;
        let now = shop.till_now();
        let wish = RefundWish { no, amount: Fen::new(50).unwrap(), intent_id: "one".to_owned() };
        shop.till().refund(&wish, "店长 01", now).unwrap();
        shop.cut();
        tamper_past_triggers(&shop, sql);
        let error = shop.open().unwrap_err();
        assert!(matches!(error, DbError::Corrupt { .. }), "{sql}: {error}");
    }
}

#[test]
fn an_old_row_that_was_changed_is_never_shown_as_another_amount() {
    let mut shop = shop();
    sell(&mut shop);
    shop.settle();
    shop.cut();
    tamper(
        &shop,
        "DROP TRIGGER order_intent_is_kept; UPDATE sale_order SET due_fen = 125000;
         CREATE TRIGGER order_intent_is_kept BEFORE UPDATE ON sale_order
         WHEN 0 BEGIN SELECT 1; END;",
    );
    assert!(shop.open().is_err(), "a law was taken out of the schema");
    let mut shop = self::shop();
    sell(&mut shop);
    // The start reads the latest order, to show it again; this one is older.
    sell(&mut shop);
    shop.settle();
    shop.cut();
    tamper(&shop, "UPDATE sale_order SET cash_fen = 100 WHERE order_no = 1");
    shop.open().unwrap();
    let now = shop.till_now();
    let told = shop.till().orders_today(now).unwrap_err();
    assert!(matches!(told, DbError::Corrupt { .. }), "{told}");
}

#[test]
fn a_paid_sale_whose_attempt_no_list_finds_is_not_shown_as_one_that_took_nothing() {
    let mut shop = shop();
    sell(&mut shop);
    sell(&mut shop);
    shop.settle();
    shop.cut();
    // No index holds a phase that does not exist.
    tamper_past_triggers(&shop, "UPDATE attempt SET phase = 'qaid' WHERE order_no = 1");
    shop.open().unwrap();
    let now = shop.till_now();
    let told = shop.till().orders_today(now).unwrap_err();
    assert!(matches!(told, DbError::Corrupt { .. }), "{told}");
    let told = shop.till().receipt(OrderNo(1), now).unwrap_err();
    assert!(matches!(told, ReceiptRefusal::Db(DbError::Corrupt { .. })), "{told}");
}

#[test]
fn what_is_no_database_is_refused() {
    for bytes in
        [&b"this is no database, and it is longer than a header of SQLite's would be"[..]; 1]
    {
        let mut shop = Shop::closed(|setup| setup.place = Place::Folder);
        std::fs::write(shop.database(), bytes.repeat(100)).unwrap();
        let error = refused(&mut shop, "not");
        assert!(matches!(error, DbError::Corrupt { .. }), "{error}");
        assert_eq!(std::fs::read(shop.database()).unwrap(), bytes.repeat(100));
    }
}
