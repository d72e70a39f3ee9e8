//! What is kept is kept: one sync per step, power cuts, a disk that is full, fails or is read-only.

use std::path::Path;

use mianfu_core::channel::Flow;
use mianfu_db::{Birth, Db, DbError, Lane, Lock, OpenOptions, Opened, OperationKind};

use crate::disk::{Disk, Weather};
use crate::fixture::*;

fn open_on(disk: &Disk) -> Result<(Db, Opened), DbError> {
    Db::open(&OpenOptions {
        path: Path::new("till.db"),
        vfs: Some(&disk.name),
        now: TEN,
        machine: "machine a",
        store: 42,
        till: 7,
        epoch: 12_345_678,
        lock: Lock::None,
    })
}

#[test]
fn a_step_costs_one_sync() {
    let disk = Disk::new("one_sync");
    let (mut db, _) = open_on(&disk).unwrap();
    for sale in 0..20 {
        let before = disk.syncs();
        sell(&mut db, &format!("sale {sale}"), 100, Flow::Show);
        assert_eq!(disk.syncs() - before, 1, "order, attempt, number and events in one sync");
    }
    let before = disk.syncs();
    db.read().attempts().open(9).unwrap();
    assert_eq!(disk.syncs(), before, "reading costs none");
}

#[test]
fn a_sale_writes_no_more_pages_than_it_must() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let wal = shop.folder.path().join("till.db-wal");
    // A page stands in the log behind 24 bytes of its own.
    let logged = || std::fs::metadata(&wal).unwrap().len() / (4_096 + 24);
    let pages = (0..20).map(|sale| {
        let before = logged();
        db.write("sell", |tx| {
            let order = keep_order(tx, &format!("sale {sale}"), 100)?;
            let attempt = keep_attempt(tx, &order, Flow::Show)?;
            let key = format!("{}/submit", attempt.out_trade_no);
            tx.queue().put(&operation(&key, OperationKind::Submit, Lane::Charge))
        })
        .unwrap();
        logged() - before
    });
    // The tables meta, sale_order, attempt, operation and event, and what finds a confirmed amount,
    // a day's orders, an order's live attempt and an order's events.
    assert_eq!(pages.min(), Some(9), "where no page is full");
}

#[test]
fn law1_what_is_kept_survives_a_power_cut() {
    let disk = Disk::new("power");
    let (mut db, _) = open_on(&disk).unwrap();
    for sale in 0..30 {
        let attempt = sell(&mut db, &format!("sale {sale}"), 100, Flow::Show);
        let after = disk.after_a_power_cut(&format!("power_{sale}"));
        let (again, opened) = open_on(&after).unwrap();
        assert_eq!((opened.birth, opened.open_attempts), (Birth::Same, sale + 1));
        let kept = again.read().attempts().get(&attempt.out_trade_no).unwrap();
        assert_eq!(kept.value, attempt);
        again.check_everything().unwrap();
    }
}

#[test]
fn i21_on_a_full_disk_nothing_starts_and_nothing_is_half_kept() {
    let disk = Disk::new("full");
    let (mut db, _) = open_on(&disk).unwrap();
    let open = sell(&mut db, "before", 100, Flow::Show);
    disk.set(Weather::Full);
    let refused = db.write("sell", |tx| keep_order(tx, "no room", 100).map(drop));
    assert!(matches!(refused, Err(DbError::DiskFull { .. })), "{refused:?}");
    let kept = db.read().attempts().get(&open.out_trade_no).unwrap();
    assert_eq!(kept.value, open, "what runs can still be read");
    disk.set(Weather::Fair);
    assert_eq!(db.read().orders().by_intent("no room").unwrap(), None);
    sell(&mut db, "room again", 100, Flow::Show);
    db.check_everything().unwrap();
}

#[test]
fn i21_when_a_sync_fails_the_step_is_not_kept() {
    let disk = Disk::new("sync_fails");
    let (mut db, _) = open_on(&disk).unwrap();
    sell(&mut db, "before", 100, Flow::Show);
    disk.set(Weather::SyncFails);
    let refused = db.write("sell", |tx| keep_order(tx, "lost", 100).map(drop));
    assert!(matches!(refused, Err(DbError::Io { .. })), "{refused:?}");
    disk.set(Weather::Fair);
    assert_eq!(db.read().orders().by_intent("lost").unwrap(), None);
    sell(&mut db, "after", 100, Flow::Show);
    db.check_everything().unwrap();
}

#[test]
fn i21_a_read_only_disk_is_noticed_before_the_first_sale() {
    let disk = Disk::new("read_only");
    let (mut db, _) = open_on(&disk).unwrap();
    sell(&mut db, "before", 100, Flow::Show);
    db.close().unwrap();
    disk.set(Weather::ReadOnly);
    let refused = open_on(&disk);
    assert!(matches!(refused, Err(DbError::ReadOnly { .. })), "{refused:?}");
    disk.set(Weather::Full);
    let refused = open_on(&disk);
    assert!(matches!(refused, Err(DbError::DiskFull { .. })), "{refused:?}");
    disk.set(Weather::Fair);
    let (db, opened) = open_on(&disk).unwrap();
    assert_eq!(opened.open_attempts, 1);
    db.check_everything().unwrap();
}
