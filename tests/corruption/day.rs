//! A day at a till that leaves something of every kind in its files: every end, every open state,
//! refunds, cash, findings, work in the queue; and a power cut in the evening.

use std::path::{Path, PathBuf};

use mianfu_core::attempt::Screen;
use mianfu_core::money::{Fen, Timestamp};
use mianfu_core::number::OutTradeNo;
use mianfu_core::order::Counted;
use mianfu_db::BackupTo;
use mianfu_practice::{Fault, Manner};
use mianfu_tests::shop::*;
use mianfu_till::cash::{CashRefundWish, TakeCash};
use mianfu_till::people::{People, Pin, RefundWish};

/// Rounds of the morning; each leaves a sale of every kind.
const ROUNDS: i64 = 3;

/// A till's files.
#[derive(Clone)]
pub(crate) struct Files {
    pub(crate) database: Vec<u8>,
    pub(crate) log: Vec<u8>,
    pub(crate) witness: Vec<u8>,
}

/// A day and what it left.
pub(crate) struct Day {
    /// The shop, its till still running.
    pub(crate) shop: Shop,
    /// The files as a power cut at this moment leaves them.
    pub(crate) files: Files,
    /// The last backup.
    pub(crate) backup: PathBuf,
    /// When the power is back.
    pub(crate) back_at: Timestamp,
}

impl Files {
    /// Reads the files of a database.
    pub(crate) fn read(database: &Path) -> Files {
        let read = |suffix| std::fs::read(beside(database, suffix)).unwrap_or_default();
        Files { database: read(""), log: read("-wal"), witness: read(".witness") }
    }

    /// Puts the files in the place of whatever lies there.
    pub(crate) fn write(&self, database: &Path) {
        drop(std::fs::remove_file(beside(database, "-shm")));
        for (suffix, bytes) in [("", &self.database), ("-wal", &self.log)] {
            std::fs::write(beside(database, suffix), bytes).unwrap();
        }
        std::fs::write(beside(database, ".witness"), &self.witness).unwrap();
    }
}

/// Returns the file beside a database.
pub(crate) fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Lives through the day.
pub(crate) fn live() -> Day {
    let mut shop = Shop::with(|setup| setup.place = Place::Folder);
    for round in 0..ROUNDS {
        morning(&mut shop, round);
    }
    short_of_money(&mut shop);
    let backup = noon(&mut shop);
    // The log is moved into the file; what follows lies in a log of its own.
    shop.restart(5_000);
    shop.wait(1_000);
    afternoon(&mut shop);
    evening(&mut shop);
    let files = Files::read(&shop.database());
    let back_at = shop.now.plus_ms(60_000);
    Day { shop, files, backup, back_at }
}

fn fen(fen: i64) -> Fen {
    Fen::new(fen).unwrap()
}

/// A sale of every kind, each to its end.
fn morning(shop: &mut Shop, round: i64) {
    let scan = |shop: &mut Shop, fen: i64, manner: Manner, end: Screen| -> OutTradeNo {
        let no = shop.scan(fen + round, manner);
        assert_eq!(shop.end(&no).screen(), end);
        no
    };
    let paid = scan(shop, 1_250, Manner::Pays, Screen::Paid);
    refund(shop, &paid, 250, &format!("part {round}"));
    refund(shop, &paid, 300, &format!("more {round}"));
    shop.wait(30_000);
    scan(shop, 3_300, Manner::TypesPassword { after_ms: 3_000 }, Screen::Paid);
    scan(shop, 1_990, Manner::WalksAway, Screen::Closed);
    shop.practice.weather_mut().next_of(QUERY, Fault::AnotherAmount);
    scan(shop, 4_100, Manner::TypesPassword { after_ms: 2_000 }, Screen::Held);
    shop.practice.weather_mut().next_of(PAY, Fault::RequestLate { after_ms: 20_000 });
    let late = shop.scan(2_200 + round, Manner::Pays);
    shop.cancel(&late);
    shop.end(&late);
    shop.wait(MINUTE_MS);
    shown(shop, 5_500 + round);
    let walked = shop.scan(880 + round, Manner::WalksAway);
    shop.wait(1_000);
    shop.cash_instead(&walked).unwrap();
    shop.end(&walked);
    in_cash(shop, round);
    shop.network = Network::Down;
    let unsent = shop.show(770 + round);
    shop.end(&unsent);
    shop.network = Network::Up;
    shop.wait(10_000);
}

/// Codes on the screen: one paid, one cancelled and paid from a photograph all the same.
fn shown(shop: &mut Shop, fen: i64) {
    let (paid, qr) = shop.show_drawn(fen);
    shop.practice.scan(shop.now.0, &qr, Manner::Pays).unwrap();
    assert_eq!(shop.end(&paid).screen(), Screen::Paid);
    let (cancelled, qr) = shop.show_drawn(fen + 50);
    shop.cancel(&cancelled);
    shop.end(&cancelled);
    // Where the cancel has killed the code, nobody can.
    drop(shop.practice.scan(shop.now.0, &qr, Manner::Pays));
    shop.wait(10 * MINUTE_MS);
}

/// A sale in cash, rounded, part of which goes back.
fn in_cash(shop: &mut Shop, round: i64) {
    let now = shop.till_now();
    let take = TakeCash {
        intent_id: format!("cash {round}"),
        amount: fen(1_250 + round),
        counted: Counted { received: fen(2_000), rounded: fen(50 + round) },
    };
    let order = shop.till().take_cash(take, now).unwrap();
    shop.till().print_receipt(order.no, now).unwrap();
    let wish = CashRefundWish {
        order_no: order.no,
        amount: fen(200 + round),
        intent_id: format!("cash back {round}"),
    };
    let folder = tempfile::tempdir().unwrap();
    let people = People::open(folder.path().join("till.pin"));
    let pin = || Pin::new("270418".to_owned()).unwrap();
    people.set_pin(&pin(), None, now).unwrap();
    let approved = people.approve(&pin(), wish, now).unwrap();
    shop.till().refund_cash(approved, now).unwrap();
}

/// A refund that waits for a person.
fn short_of_money(shop: &mut Shop) {
    let no = shop.scan(6_000, Manner::Pays);
    assert_eq!(shop.end(&no).screen(), Screen::Paid);
    shop.practice.weather_mut().next_of(REFUND, Fault::SellerEmpty);
    refund(shop, &no, 600, "wedged");
    shop.wait(MINUTE_MS);
}

/// The hour's backup, made while a customer types and money goes back.
fn noon(shop: &mut Shop) -> PathBuf {
    let paid = shop.scan(6_200, Manner::Pays);
    assert_eq!(shop.end(&paid).screen(), Screen::Paid);
    refund(shop, &paid, 200, "at noon");
    let typing = shop.scan(6_100, Manner::TypesPassword { after_ms: 8_000 });
    shop.wait(50);
    let folder = shop.folder().to_owned();
    let to = BackupTo { folder: &folder, now: shop.now, keep: 3 };
    let backup = shop.till().db().backup_to(&to).unwrap();
    assert_eq!(shop.end(&typing).screen(), Screen::Paid);
    shop.wait(20_000);
    let (now, order_no) = (shop.till_now(), shop.attempt(&paid).order_no);
    shop.till().print_receipt(order_no, now).unwrap();
    backup
}

/// Sales that only the log of the evening knows: all ended, none in the backup.
fn afternoon(shop: &mut Shop) {
    for sale in 0..3 {
        let no = shop.scan(7_100 + sale, Manner::Pays);
        assert_eq!(shop.end(&no).screen(), Screen::Paid);
        if sale == 0 {
            refund(shop, &no, 100, "of the afternoon");
            shop.wait(20_000);
        }
    }
    let now = shop.till_now();
    let counted = Counted { received: fen(3_000), rounded: Fen::ZERO };
    let take = TakeCash { intent_id: "last cash".to_owned(), amount: fen(3_000), counted };
    shop.till().take_cash(take, now).unwrap();
    shop.till().dismiss_cash();
}

/// Everything that can be open at once.
fn evening(shop: &mut Shop) {
    let aside = |shop: &mut Shop, no: &OutTradeNo| {
        shop.till().put_aside(no).unwrap();
    };
    let typing = shop.scan(8_100, Manner::WalksAway);
    shop.wait(6_000);
    aside(shop, &typing);
    let (code, _) = shop.show_drawn(8_200);
    aside(shop, &code);
    shop.practice.weather_mut().next_of(PAY, Fault::AnswerLost);
    let unheard = shop.scan(8_300, Manner::Pays);
    shop.wait(500);
    aside(shop, &unheard);
    let paid = shop.till().known_attempts().unwrap();
    let paid = paid.iter().find(|attempt| attempt.amount.get() == 7_102).unwrap();
    let paid = paid.out_trade_no.clone();
    shop.practice.weather_mut().next_of(REFUND, Fault::AnswerLost);
    refund(shop, &paid, 700, "under way");
    shop.network = Network::Swallows;
    let front = shop.scan(8_400, Manner::Pays);
    shop.wait(2_000);
    assert!(!shop.attempt(&front).is_final());
    shop.network = Network::Up;
}

fn refund(shop: &mut Shop, no: &OutTradeNo, amount_fen: i64, intent: &str) {
    let now = shop.till_now();
    let wish = RefundWish { no: no.clone(), amount: fen(amount_fen), intent_id: intent.to_owned() };
    shop.till().refund(&wish, "店长 01", now).unwrap();
}
