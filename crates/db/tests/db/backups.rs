//! Backups are whole, marked, and made while the till sells.

use mianfu_core::channel::Flow;
use mianfu_db::{BackupTo, Birth, Db, DbError, Lock, OpenOptions, backup, backups, full_check};

use crate::fixture::*;

#[test]
fn a_backup_made_while_the_till_sells_is_whole() {
    let shop = Shop::new();
    let second = tempfile::tempdir().unwrap();
    let mut db = shop.open(Birth::New);
    for sale in 0..50 {
        sell_paid(&mut db, &format!("before {sale}"), 100);
    }
    let path = shop.path();
    let selling = std::thread::scope(|scope| {
        let folder = second.path();
        let copying = scope.spawn(move || {
            let made = (0..5).map(|hour| {
                let to = BackupTo { folder, now: TEN.plus_ms(hour), keep: 5 };
                backup(&path, None, &to).unwrap()
            });
            made.collect::<Vec<_>>()
        });
        for sale in 0..50 {
            sell_paid(&mut db, &format!("meanwhile {sale}"), 100);
        }
        copying.join().unwrap()
    });
    assert_eq!(backups(second.path()).unwrap().len(), 5);
    for path in selling {
        full_check(&path, None).unwrap();
        let (copy, opened) = Db::open(&OpenOptions {
            path: &path,
            vfs: None,
            now: TEN,
            machine: shop.machine,
            store: 42,
            till: 7,
            epoch: 1,
            lock: Lock::None,
        })
        .unwrap();
        assert_eq!(opened.birth, Birth::Restored, "it carries the mark of a backup");
        let orders = copy.read().orders().on_day(TEN.business_day(), None, 200).unwrap().len();
        assert!((50..=100).contains(&orders), "all that was sold before it: {orders}");
        copy.check_everything().unwrap();
    }
    db.check_everything().unwrap();
    assert_eq!(db.read().series().unwrap().epoch(), shop.epoch, "the till's own has no mark");
}

#[test]
fn only_the_newest_backups_stay_and_unfinished_ones_do_not_count() {
    let shop = Shop::new();
    let second = tempfile::tempdir().unwrap();
    let mut db = shop.open(Birth::New);
    sell(&mut db, "a", 100, Flow::Scan);
    std::fs::write(second.path().join("mianfu-000000000000001.db.part"), "half").unwrap();
    std::fs::write(second.path().join("holiday.db"), "not ours").unwrap();
    for hour in 0..4 {
        let to = BackupTo { folder: second.path(), now: TEN.plus_ms(hour), keep: 2 };
        db.backup_to(&to).unwrap();
    }
    let left = backups(second.path()).unwrap();
    assert_eq!(left.len(), 2);
    assert!(left[0].ends_with(format!("mianfu-00{}.db", TEN.plus_ms(3).0)), "{left:?}");
    assert!(second.path().join("holiday.db").exists(), "what is not ours stays");
}

#[test]
fn a_backup_to_nowhere_says_so_and_the_till_goes_on() {
    let shop = Shop::new();
    let mut db = shop.open(Birth::New);
    let nowhere = shop.folder.path().join("unplugged");
    let to = BackupTo { folder: &nowhere, now: TEN, keep: 2 };
    assert!(matches!(db.backup_to(&to), Err(DbError::Io { .. })));
    sell(&mut db, "a", 100, Flow::Scan);
    db.check_everything().unwrap();
}
