//! A disk that was copied while something was open: two tills, one ledger (M19).
//!
//! The till that the copy was made of may go on. Whatever it is paid for, the copy neither reverses
//! nor gives back.

use std::mem::swap;

use mianfu_core::attempt::Screen;
use mianfu_core::money::Fen;
use mianfu_core::refund::RefundPhase;
use mianfu_db::{BackupTo, Birth, FindingKind};
use mianfu_practice::{CancelUnscanned, Manner, PhoneError};
use mianfu_tests::shop::*;
use mianfu_till::people::RefundWish;

/// Two machines: the one that sells, and one that was started on a copy of its disk.
struct Machines {
    original: Shop,
    copy: Shop,
}

impl Machines {
    /// Copies the disk as it is at this moment, the till running.
    fn ghost(original: Shop) -> Machines {
        let copy = elsewhere();
        for suffix in ["", "-wal"] {
            let with = |shop: &Shop| {
                let mut name = shop.database().into_os_string();
                name.push(suffix);
                name
            };
            std::fs::copy(with(&original), with(&copy)).unwrap();
        }
        let mut machines = Machines { original, copy };
        machines.at_the_copy(|copy| assert_eq!(copy.open().unwrap(), Birth::Copied));
        machines.at_the_copy(|copy| copy.wait(1_000));
        machines
    }

    /// What happens at the copy, on the ledger and at the time that both share.
    fn at_the_copy<T>(&mut self, happens: impl FnOnce(&mut Shop) -> T) -> T {
        let Machines { original, copy } = self;
        swap(&mut original.practice, &mut copy.practice);
        copy.now = original.now;
        let said = happens(copy);
        swap(&mut original.practice, &mut copy.practice);
        original.now = copy.now;
        said
    }

    /// Both go on for so many ms, in turns.
    fn wait(&mut self, ms: i64) {
        const TURN_MS: i64 = 500;
        for _ in 0..ms / (2 * TURN_MS) {
            self.original.wait(TURN_MS);
            self.at_the_copy(|copy| copy.wait(TURN_MS));
        }
    }

    /// How often the copy has asked for money to go back.
    fn sent_back_by_the_copy(&self) -> usize {
        let back = |sent: &&Sent| [CANCEL, REFUND].contains(&sent.method.as_str());
        self.copy.sent.iter().filter(back).count()
    }
}

fn elsewhere() -> Shop {
    let mut copy = Shop::closed(|setup| setup.place = Place::Folder);
    copy.machine = "another machine".to_owned();
    copy.epoch = 22_222_222;
    copy
}

fn selling() -> Shop {
    Shop::with(|setup| setup.place = Place::Folder)
}

#[test]
pub(crate) fn m19_a_sale_that_was_open_in_the_copy_is_asked_about_and_not_reversed() {
    let mut original = selling();
    let no = original.scan(1_250, Manner::ByHand);
    original.wait(10_000);
    let mut both = Machines::ghost(original);
    assert_eq!(both.at_the_copy(Shop::findings), [FindingKind::Copied]);
    // The original stands still, and the copy is past the scan's limit first.
    both.at_the_copy(|copy| copy.wait(70_000));
    both.original.practice.confirm(both.original.now.0, no.as_str()).unwrap();
    assert_eq!(both.original.end(&no).screen(), Screen::Paid);
    both.at_the_copy(|copy| {
        assert_eq!(copy.end(&no).screen(), Screen::Paid);
        assert_eq!(copy.restart(1_000), Birth::Same);
        copy.wait(MINUTE_MS);
        assert_eq!(copy.findings(), [FindingKind::Copied], "told once");
    });
    assert_eq!(both.sent_back_by_the_copy(), 0);
    assert_eq!(both.original.held_by_channel(&no), 1_250);
    both.original.settle();
}

#[test]
fn m19_a_cancel_at_the_copy_asks_and_the_channels_end_ends_it() {
    let mut original = selling();
    let no = original.scan(1_250, Manner::ByHand);
    original.wait(10_000);
    let mut both = Machines::ghost(original);
    both.at_the_copy(|copy| {
        copy.cancel(&no);
        copy.wait(20_000);
        assert_eq!(copy.screen(&no), Screen::Unknown, "nothing was reversed");
    });
    both.original.cancel(&no);
    assert_eq!(both.original.end(&no).screen(), Screen::Closed);
    both.at_the_copy(|copy| assert_eq!(copy.end(&no).screen(), Screen::Closed));
    assert_eq!(both.sent_back_by_the_copy(), 0);
    assert_eq!(both.at_the_copy(Shop::findings), [FindingKind::Copied], "nobody gave goods away");
    both.original.settle();
}

#[test]
fn m19_a_code_that_waits_for_the_network_is_sent_by_the_original_only() {
    let mut original = selling();
    original.network = Network::Down;
    let no = original.show(1_250);
    original.wait(5_000);
    assert_eq!(original.screen(&no), Screen::Parked);
    let mut both = Machines::ghost(original);
    both.at_the_copy(|copy| copy.wait(20_000));
    both.original.network = Network::Up;
    both.original.wait(10_000);
    let qr = both.original.qr(&no).expect("the original draws it");
    both.at_the_copy(|copy| copy.wait(30_000));
    both.original.practice.scan(both.original.now.0, &qr, Manner::Pays).unwrap();
    both.wait(2 * MINUTE_MS);
    assert_eq!(both.original.screen(&no), Screen::Paid);
    assert_eq!(both.copy.calls(PRECREATE, &no), 0);
    assert_eq!(both.sent_back_by_the_copy(), 0);
    assert_eq!(both.original.held_by_channel(&no), 1_250);
    both.original.settle();
}

#[test]
pub(crate) fn m19_money_that_comes_after_the_end_is_found_by_the_copy_and_stays() {
    let mut original = Shop::with(|setup| {
        setup.place = Place::Folder;
        setup.options.cancel_unscanned = CancelUnscanned::FindsNothing;
    });
    let (no, qr) = original.show_drawn(1_250);
    original.cancel(&no);
    assert_eq!(original.end(&no).screen(), Screen::Closed);
    original.wait(20_000);
    let mut both = Machines::ghost(original);
    both.original.practice.scan(both.original.now.0, &qr, Manner::Pays).unwrap();
    both.at_the_copy(|copy| {
        copy.wait(10 * MINUTE_MS);
        assert_eq!(copy.findings(), [FindingKind::Copied]);
        assert_eq!(copy.screen(&no), Screen::Closed);
        assert!(copy.attempt(&no).holds_money(), "a person may give it back");
    });
    assert_eq!(both.sent_back_by_the_copy(), 0);
    assert_eq!(both.original.held_by_channel(&no), 1_250);
    both.original.settle();
    assert_eq!(both.original.held_by_channel(&no), 0, "by the till whose sale it is");
    assert_eq!(both.original.findings(), [FindingKind::LateMoney]);
}

#[test]
pub(crate) fn m19_a_refund_that_is_being_counted_is_sent_by_the_original_only() {
    let mut original = selling();
    let no = original.scan(1_250, Manner::Pays);
    original.end(&no);
    let amount = Fen::new(400).unwrap();
    let wish = RefundWish { no: no.clone(), amount, intent_id: "a wish".to_owned() };
    let now = original.till_now();
    let id = original.till().refund(&wish, "店长 01", now).unwrap();
    let mut both = Machines::ghost(original);
    both.original.settle();
    both.at_the_copy(|copy| {
        copy.wait(5 * MINUTE_MS);
        let refund = copy.till().refund_of(id).unwrap();
        assert!(matches!(refund.phase, RefundPhase::Refused { .. }), "{refund:?}");
        assert_eq!(copy.findings(), [FindingKind::Copied]);
    });
    assert_eq!(both.original.held_by_channel(&no), 850, "once");
    assert_eq!(both.sent_back_by_the_copy(), 0);
}

#[test]
fn m19_money_that_nobody_wants_goes_back_once_however_many_send_it() {
    let mut original = selling();
    let no = original.scan(1_250, Manner::ByHand);
    original.wait(10_000);
    original.cash_instead(&no).unwrap();
    original.practice.confirm(original.now.0, no.as_str()).unwrap();
    let mut both = Machines::ghost(original);
    both.wait(2 * MINUTE_MS);
    assert_eq!(both.original.screen(&no), Screen::Returned);
    assert_eq!(both.at_the_copy(|copy| copy.screen(&no)), Screen::Returned);
    let trade = both.original.practice.truth().trade(no.as_str()).unwrap();
    assert_eq!(trade.refunded_fen(), 1_250);
    assert_eq!(both.at_the_copy(Shop::findings), []);
    both.original.settle();
}

#[test]
fn m19_a_reversal_that_had_left_goes_on_at_the_copy() {
    let mut original = selling();
    let no = original.scan(1_250, Manner::ByHand);
    original.wait(10_000);
    original.cancel(&no);
    let mut both = None;
    for _ in 0..40 {
        original.wait(25);
        if original.attempt(&no).reversal_left_at.is_some() {
            both = Some(Machines::ghost(original));
            break;
        }
    }
    let mut both = both.expect("a reversal leaves");
    both.wait(MINUTE_MS);
    assert_eq!(both.original.screen(&no), Screen::Closed);
    assert_eq!(both.at_the_copy(|copy| copy.screen(&no)), Screen::Closed);
    let confirmed = both.original.practice.confirm(both.original.now.0, no.as_str());
    assert_eq!(confirmed, Err(PhoneError::Closed));
    assert_eq!(both.at_the_copy(Shop::findings), []);
}

#[test]
pub(crate) fn m19_a_sale_of_before_a_restore_is_not_reversed_by_a_later_copy_either() {
    let mut original = selling();
    original.scan(1_250, Manner::ByHand);
    original.wait(10_000);
    let folder = original.folder().to_owned();
    let to = BackupTo { folder: &folder, now: original.now, keep: 3 };
    let backup = original.till().db().backup_to(&to).unwrap();
    original.cut();
    for suffix in ["-wal", "-shm"] {
        let mut name = original.database().into_os_string();
        name.push(suffix);
        drop(std::fs::remove_file(name));
    }
    std::fs::copy(backup, original.database()).unwrap();
    assert_eq!(original.open().unwrap(), Birth::Restored);
    original.wait(1_000);
    let mut both = Machines::ghost(original);
    assert_eq!(both.at_the_copy(Shop::findings), [FindingKind::Copied]);
    both.at_the_copy(|copy| copy.wait(2 * MINUTE_MS));
    assert_eq!(both.sent_back_by_the_copy(), 0);
}

#[test]
fn m19_a_backup_that_was_put_into_another_machine_reverses_nothing_either() {
    let mut original = selling();
    let no = original.scan(1_250, Manner::ByHand);
    original.wait(10_000);
    let folder = original.folder().to_owned();
    let to = BackupTo { folder: &folder, now: original.now, keep: 3 };
    let backup = original.till().db().backup_to(&to).unwrap();
    let copy = elsewhere();
    std::fs::copy(backup, copy.database()).unwrap();
    let mut both = Machines { original, copy };
    both.at_the_copy(|copy| {
        assert_eq!(copy.open().unwrap(), Birth::Restored);
        copy.wait(70_000);
        assert_eq!(copy.findings(), [FindingKind::Copied]);
    });
    both.original.practice.confirm(both.original.now.0, no.as_str()).unwrap();
    assert_eq!(both.original.end(&no).screen(), Screen::Paid);
    both.at_the_copy(|copy| assert_eq!(copy.end(&no).screen(), Screen::Paid));
    assert_eq!(both.sent_back_by_the_copy(), 0);
    both.original.settle();
}
