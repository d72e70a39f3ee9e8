//! What is kept, under which number, and what is forgotten.

use mianfu_relay::Timestamp;
use mianfu_relay::db::{Notice, Outcome, Standing, Store, StoreError, Wish};

use crate::fixture::NOW;

const BACKLOG: i64 = 20;

fn store(folder: &tempfile::TempDir) -> Store {
    let mut store = Store::open(&folder.path().join("relay.db"), "epoch-01", BACKLOG).unwrap();
    store.seat(["till-1", "till-2"].into_iter()).unwrap();
    store
}

fn wish_at(till: &str, name: u8, received: Timestamp) -> Wish {
    let notice = Notice {
        channel: "alipay".to_owned(),
        merchant: "2021000000000001".to_owned(),
        received,
        headers: "[]".to_owned(),
        body: vec![name; 3],
    };
    Wish::Keep { till: till.to_owned(), key: [name; 32], notice }
}

fn wish(till: &str, name: u8) -> Wish {
    wish_at(till, name, NOW)
}

fn claim(nonce: u8, at: Timestamp, ack: Option<i64>) -> Wish {
    Wish::Claim { till: "till-1".to_owned(), nonce: [nonce; 16], at, ack }
}

fn one(store: &mut Store, wish: &Wish) -> Outcome {
    store.fulfil(&[wish]).unwrap()[0]
}

#[test]
pub(crate) fn a_notice_is_kept_once_under_the_tills_own_number() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(&folder);
    let wishes = [wish("till-1", 1), wish("till-2", 1), wish("till-1", 2), wish("till-1", 1)];
    let outcomes = store.fulfil(&wishes.iter().collect::<Vec<_>>()).unwrap();
    let expected = [Outcome::Kept(1), Outcome::Kept(1), Outcome::Kept(2), Outcome::Already(1)];
    assert_eq!(outcomes, expected);
    assert_eq!(one(&mut store, &wish("till-1", 2)), Outcome::Already(2));
    let reader = store.reader().unwrap();
    let rows = reader.after("till-1", 0, 10).unwrap();
    let bodies: Vec<(i64, &[u8])> =
        rows.iter().map(|(seq, notice)| (*seq, notice.body.as_slice())).collect();
    assert_eq!(bodies, [(1, [1; 3].as_slice()), (2, &[2; 3])]);
    assert_eq!(reader.after("till-1", 1, 10).unwrap().len(), 1);
    assert_eq!(reader.after("till-2", 0, 10).unwrap().len(), 1);
}

#[test]
pub(crate) fn one_wish_that_fails_takes_its_batch_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(&folder);
    let wishes = [wish("till-1", 1), wish("nobody", 2)];
    assert!(store.fulfil(&wishes.iter().collect::<Vec<_>>()).is_err());
    let standing = store.reader().unwrap().standing("till-1").unwrap();
    assert_eq!(standing, Some(Standing::default()));
    assert_eq!(one(&mut store, &wish("till-1", 1)), Outcome::Kept(1));
}

#[test]
pub(crate) fn a_backlog_has_a_bound_and_says_what_was_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(&folder);
    for name in 1..=25 {
        one(&mut store, &wish("till-1", name));
    }
    let reader = store.reader().unwrap();
    let standing = reader.standing("till-1").unwrap();
    assert_eq!(standing, Some(Standing { last: 25, acked: 0, dropped: 5 }));
    assert_eq!(reader.after("till-1", 0, 100).unwrap()[0].0, 6);
    // What the till has taken counts no more.
    assert_eq!(one(&mut store, &claim(1, NOW, Some(25))), Outcome::Claimed);
    for name in 101..=120 {
        one(&mut store, &wish("till-1", name));
    }
    let standing = reader.standing("till-1").unwrap();
    assert_eq!(standing, Some(Standing { last: 45, acked: 25, dropped: 5 }));
    assert_eq!(reader.after("till-1", 0, 100).unwrap().len(), 40);
}

#[test]
pub(crate) fn an_acknowledgement_only_rises_and_only_to_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(&folder);
    for name in 1..=5 {
        one(&mut store, &wish("till-1", name));
    }
    assert_eq!(one(&mut store, &claim(1, NOW, Some(4))), Outcome::Claimed);
    assert_eq!(one(&mut store, &claim(2, NOW, Some(2))), Outcome::Claimed);
    assert_eq!(one(&mut store, &claim(3, NOW, Some(6))), Outcome::NoSuchNumber);
    let standing = store.reader().unwrap().standing("till-1").unwrap();
    assert_eq!(standing, Some(Standing { last: 5, acked: 4, dropped: 0 }));
}

#[test]
pub(crate) fn a_nonce_is_used_once_whatever_restarts_and_whatever_the_clock_does() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = store(&folder);
    assert_eq!(one(&mut first, &claim(1, NOW, None)), Outcome::Claimed);
    assert_eq!(one(&mut first, &claim(1, NOW, None)), Outcome::Replayed);
    drop(first);
    let mut store = store(&folder);
    assert_eq!(one(&mut store, &claim(1, NOW, None)), Outcome::Replayed);
    let later = NOW.plus_ms(600_000);
    one(&mut store, &Wish::Sweep { now: later, before: Timestamp(0) });
    // Forgotten, and still refused: the clock may have been set back.
    assert_eq!(one(&mut store, &claim(1, NOW, None)), Outcome::Replayed);
    assert_eq!(one(&mut store, &claim(2, NOW, Some(0))), Outcome::Replayed);
    assert_eq!(one(&mut store, &claim(3, later, None)), Outcome::Claimed);
    one(&mut store, &Wish::Sweep { now: NOW, before: Timestamp(0) });
    assert_eq!(one(&mut store, &claim(4, NOW, None)), Outcome::Replayed, "a horizon only rises");
}

#[test]
pub(crate) fn a_clock_that_was_far_ahead_leaves_no_till_outside() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(&folder);
    assert_eq!(one(&mut store, &claim(1, NOW, None)), Outcome::Claimed);
    let far = NOW.plus_ms(10 * 366 * 86_400_000);
    one(&mut store, &Wish::Sweep { now: far, before: Timestamp(0) });
    assert_eq!(one(&mut store, &claim(1, NOW, None)), Outcome::Replayed, "it was forgotten");
    assert_eq!(one(&mut store, &claim(2, NOW.plus_ms(1), None)), Outcome::Claimed);
}

#[test]
pub(crate) fn what_is_old_is_forgotten_and_numbers_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = store(&folder);
    for name in 1..=3 {
        one(&mut store, &wish("till-1", name));
    }
    one(&mut store, &claim(1, NOW, Some(2)));
    one(&mut store, &wish_at("till-1", 4, NOW.plus_ms(1_000)));
    let sweep = Wish::Sweep { now: NOW, before: NOW.plus_ms(1) };
    assert_eq!(one(&mut store, &sweep), Outcome::Swept(1));
    assert_eq!(one(&mut store, &sweep), Outcome::Swept(0));
    let reader = store.reader().unwrap();
    assert_eq!(reader.after("till-1", 0, 10).unwrap()[0].0, 4);
    let standing = reader.standing("till-1").unwrap();
    assert_eq!(standing, Some(Standing { last: 4, acked: 2, dropped: 3 }));
    let all = Wish::Sweep { now: NOW, before: NOW.plus_ms(10_000) };
    assert_eq!(one(&mut store, &all), Outcome::Swept(1));
    assert_eq!(one(&mut store, &wish("till-1", 5)), Outcome::Kept(5));
}

#[test]
pub(crate) fn a_database_has_one_relay_and_its_own_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("relay.db");
    let first = Store::open(&path, "epoch-01", BACKLOG).unwrap();
    let second = Store::open(&path, "epoch-02", BACKLOG);
    assert!(matches!(second, Err(StoreError::HeldElsewhere { .. })));
    drop(first);
    assert_eq!(Store::open(&path, "epoch-02", BACKLOG).unwrap().epoch(), "epoch-01");
    let other = folder.path().join("other.db");
    std::fs::write(&other, "not a database at all, and long enough to be looked at").unwrap();
    assert!(Store::open(&other, "epoch-01", BACKLOG).is_err());
}

#[cfg(unix)]
#[test]
pub(crate) fn nobody_else_on_the_machine_reads_what_is_kept() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let mut store = store(&folder);
    one(&mut store, &wish("till-1", 1));
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", entry.path().display());
    }
}
