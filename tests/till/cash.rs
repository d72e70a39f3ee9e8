//! Cash: a sale without a channel, the change, the rounding, cash in a wallet's place, cash that
//! goes back, and the receipt.

use mianfu_core::attempt::Screen;
use mianfu_core::breaker::Offer;
use mianfu_core::channel::ChannelId;
use mianfu_core::money::{Fen, Timestamp};
use mianfu_core::number::OrderNo;
use mianfu_core::order::{Counted, Order};
use mianfu_practice::{KeyedHash, Manner};
use mianfu_tests::shop::*;
use mianfu_till::bill::Bill;
use mianfu_till::cash::{CashRefundRefusal, CashRefundWish, CashRefusal, TakeCash};
use mianfu_till::counter::Last;
use mianfu_till::people::{Approved, People, Pin};
use mianfu_till::receipt::{COLUMNS, ReceiptRefusal, columns};
use mianfu_till::till::TroubleKind;
use mianfu_till::{Means, Refusal};

use crate::disk::{Disk, Weather};

fn fen(fen: i64) -> Fen {
    Fen::new(fen).unwrap()
}

fn take(intent_id: &str, amount_fen: i64, received_fen: i64, rounded_fen: i64) -> TakeCash {
    TakeCash {
        intent_id: intent_id.to_owned(),
        amount: fen(amount_fen),
        counted: Counted { received: fen(received_fen), rounded: fen(rounded_fen) },
    }
}

fn take_cash(shop: &mut Shop, take: TakeCash) -> Result<Order, CashRefusal> {
    let now = shop.till_now();
    shop.till().take_cash(take, now)
}

fn orders(shop: &mut Shop) -> Vec<Order> {
    let now = shop.till_now();
    let lines = shop.till().orders_today(now).unwrap();
    lines.into_iter().map(|line| line.order).collect()
}

/// The order of the sale in cash on the screen, and whether a wallet was tried before.
fn on_the_plate(shop: &mut Shop) -> Option<(OrderNo, bool)> {
    let now = shop.till_now();
    let cash = shop.till().counter(now).unwrap().cash;
    cash.map(|sale| (sale.order.no, sale.instead))
}

#[test]
pub(crate) fn i7_one_cash_intent_a_hundred_times_is_one_sale() {
    let mut shop = Shop::new();
    let mut numbers = Vec::new();
    for press in 0..100 {
        let kept = take_cash(&mut shop, take("one", 1_250, 2_000, 50)).unwrap();
        assert_eq!((kept.cash, kept.rounded, kept.change()), (fen(1_200), fen(50), fen(800)));
        numbers.push(kept.no);
        if press == 50 {
            shop.restart(5_000);
        }
    }
    numbers.dedup();
    assert_eq!(numbers.len(), 1);
    assert_eq!(orders(&mut shop).len(), 1);
    let other = take_cash(&mut shop, take("one", 1_251, 2_000, 0));
    assert!(matches!(other, Err(CashRefusal::IntentUsed)), "{other:?}");
    shop.till().db().check_everything().unwrap();
}

#[test]
fn the_last_results_are_of_both_kinds_and_in_order_of_time() {
    let mut shop = Shop::new();
    let mut last = Vec::new();
    let slow = shop.scan(700, Manner::TypesPassword { after_ms: 20_000 });
    shop.wait(1_000);
    shop.till().put_aside(&slow).unwrap();
    for (nth, cents) in [100, 200, 300, 400].into_iter().enumerate() {
        last.push(take_cash(&mut shop, take(&format!("{nth}"), cents, cents, 0)).unwrap().no);
        shop.wait(1_000);
        if nth % 2 == 0 {
            let no = shop.scan(cents + 50, Manner::Pays);
            shop.end(&no);
            last.push(shop.attempt(&no).order_no);
        }
        shop.wait(1_000);
    }
    shop.end(&slow);
    last.push(shop.attempt(&slow).order_no);
    let now = shop.till_now();
    let shown = shop.till().counter(now).unwrap().recent;
    let numbers: Vec<OrderNo> = shown
        .iter()
        .map(|one| match one {
            Last::Attempt(attempt) => attempt.order_no,
            Last::Cash(order) => order.no,
        })
        .collect();
    last.reverse();
    assert_eq!(numbers, last[..5], "one that was put aside stands where its result came");
    shop.settle();
}

/// The order of a sale in cash that a receipt's barcode leads to.
fn bill(shop: &mut Shop, barcode: &str) -> Option<Order> {
    let now = shop.till_now();
    match shop.till().ask_bill(barcode, now).unwrap() {
        Some(Bill::Cash(order)) => Some(order),
        Some(Bill::Attempt(attempt) | Bill::Ended(attempt)) => {
            panic!("{barcode} led to {}", attempt.out_trade_no)
        }
        None => None,
    }
}

#[test]
fn the_barcode_of_a_sale_in_cash_leads_to_its_order_on_any_day() {
    let mut shop = Shop::new();
    let order = take_cash(&mut shop, take("one", 1_250, 2_000, 50)).unwrap();
    let now = shop.till_now();
    let barcode = shop.till().receipt(order.no, now).unwrap().barcode;
    assert_eq!(bill(&mut shop, &format!("{barcode}\r\n")), Some(order.clone()));
    let waiting = shop.scan(700, Manner::TypesPassword { after_ms: 30_000 });
    shop.wait(1_000);
    let now = shop.till_now();
    let revision = shop.till().revision();
    assert_eq!(bill(&mut shop, &barcode), Some(order.clone()), "beside a sale without a result");
    let front = shop.till().counter(now).unwrap().front;
    assert_eq!(front.map(|attempt| attempt.out_trade_no), Some(waiting.clone()), "which stays");
    assert_eq!(shop.till().revision(), revision, "nothing on the screen has changed");
    shop.end(&waiting);
    shop.restart(25 * HOUR_MS);
    assert_eq!(bill(&mut shop, &barcode).map(|found| found.cash), Some(fen(1_200)));
    shop.wait(2_000);
    let no = shop.scan(990, Manner::TooLittleMoney);
    shop.end(&no);
    let unpaid = format!("{}{:010}", &barcode[..10], shop.attempt(&no).order_no.0);
    let elsewhere = format!("{}9{}", &barcode[..9], &barcode[10..]);
    for (text, why) in [(unpaid, "it took no cash"), (elsewhere, "another till's")] {
        assert_eq!(bill(&mut shop, &text), None, "{why}");
    }
    assert_eq!(bill(&mut shop, &format!("{}9999999999", &barcode[..10])), None, "no such order");
    shop.settle();
}

#[test]
fn a_sale_in_cash_is_one_commit_and_kept_before_it_is_on_the_screen() {
    let disk = Disk::new("cash_one_commit");
    let name = disk.name.clone();
    let mut shop = Shop::with(move |setup| setup.place = Place::Vfs(name));
    let syncs = disk.syncs();
    take_cash(&mut shop, take("one", 1_250, 1_250, 0)).unwrap();
    assert_eq!(disk.syncs() - syncs, 1);
    let after = disk.after_a_power_cut("cash_one_commit_after");
    let mut other = Shop::closed(|setup| setup.place = Place::Vfs(after.name.clone()));
    other.open().unwrap();
    assert_eq!(orders(&mut other).len(), 1, "it survives a power cut");
    disk.set(Weather::Full);
    let refused = take_cash(&mut shop, take("two", 1_250, 1_250, 0));
    let Err(CashRefusal::Db(error)) = refused else { panic!("{refused:?}") };
    assert_eq!(TroubleKind::of(&error), TroubleKind::DiskFull);
    disk.set(Weather::Fair);
    assert_eq!(orders(&mut shop).len(), 1, "what could not be kept was not taken");
    take_cash(&mut shop, take("two", 1_250, 1_250, 0)).unwrap();
    assert_eq!(orders(&mut shop).len(), 2, "the same press goes on once there is room");
}

#[test]
fn cash_is_taken_whatever_the_channels_do() {
    let mut silent = Shop::closed(|_| ());
    silent.network = Network::Down;
    silent.open().unwrap();
    silent.wait(MINUTE_MS);
    assert_ne!(silent.offer(), Offer::Ready);
    assert_eq!(take_cash(&mut silent, take("a", 500, 1_000, 0)).unwrap().change(), fen(500));

    let mut open = Shop::new();
    open.network = Network::Swallows;
    open.wait(3 * MINUTE_MS);
    assert!(matches!(open.offer(), Offer::Silent { .. }), "the breaker is open");
    take_cash(&mut open, take("a", 500, 500, 0)).unwrap();

    let wrong = KeyedHash::new(b"another merchant");
    let secret = KeyedHash::new(b"the tests' secret");
    let mut wrong_key = Shop::with(|setup| {
        setup.keys = ShopKeys::Hash { ours: wrong, channel: secret };
    });
    wrong_key.wait(MINUTE_MS);
    assert_ne!(wrong_key.offer(), Offer::Ready);
    take_cash(&mut wrong_key, take("a", 500, 500, 0)).unwrap();

    let mut full = Shop::with(|setup| setup.settings.open_max = 1);
    let no = full.scan(1_250, Manner::WalksAway);
    full.wait(1_000);
    full.till().put_aside(&no).unwrap();
    let refused = full.collect(990, Means::Show(ChannelId::Alipay));
    assert!(matches!(refused, Err(Refusal::TooManyOpen { .. })), "{refused:?}");
    take_cash(&mut full, take("a", 990, 990, 0)).unwrap();
    full.settle();
}

#[test]
pub(crate) fn m16_rounding_has_a_limit_and_is_a_line_of_its_own() {
    let mut shop = Shop::with(|setup| setup.settings.rounding_limit = fen(50));
    let refusals = [
        ("a fen above the limit", take("a", 1_250, 2_000, 51), "RoundingTooLarge"),
        ("everything", take("b", 50, 0, 50), "RoundingTooLarge"),
        ("a fen short", take("c", 1_250, 1_249, 0), "ReceivedTooLittle"),
        ("a fen short of the rounded", take("d", 1_250, 1_199, 50), "ReceivedTooLittle"),
        ("nothing due", take("e", 0, 100, 0), "NoAmount"),
        ("above the store's limit", take("f", 5_000_001, 5_000_001, 0), "AboveLimit"),
        ("a barcode in the wrong field", take("g", 1_250, 690_102_807_583, 0), "ReceivedTooMuch"),
    ];
    for (what, take, expected) in refusals {
        let refused = format!("{:?}", take_cash(&mut shop, take).unwrap_err());
        assert!(refused.starts_with(expected), "{what}: {refused}");
    }
    assert_eq!(orders(&mut shop), [], "nothing was kept");
    let kept = take_cash(&mut shop, take("h", 1_250, 1_200, 50)).unwrap();
    assert_eq!((kept.due, kept.cash, kept.rounded), (fen(1_250), fen(1_200), fen(50)));
    assert_eq!(kept.change(), Fen::ZERO);
}

#[test]
fn the_sale_in_cash_stands_on_the_screen_until_the_next_begins() {
    let mut shop = Shop::new();
    let wallet = shop.scan(990, Manner::Pays);
    shop.end(&wallet);
    let kept = take_cash(&mut shop, take("one", 1_250, 2_000, 0)).unwrap();
    assert_eq!(on_the_plate(&mut shop), Some((kept.no, false)));
    let now = shop.till_now();
    assert_eq!(shop.till().counter(now).unwrap().front, None, "the ended sale made room");
    shop.restart(5_000);
    assert_eq!(on_the_plate(&mut shop), Some((kept.no, false)), "the cashier reads it was kept");
    shop.till().dismiss_cash();
    assert_eq!(on_the_plate(&mut shop), None);
    take_cash(&mut shop, take("one", 1_250, 2_000, 0)).unwrap();
    shop.wait(MINUTE_MS);
    shop.show(100);
    assert_eq!(on_the_plate(&mut shop), None, "the next sale took its place");
    assert_eq!(orders(&mut shop).len(), 3);
}

#[test]
fn a_sale_whose_wallet_took_nothing_is_finished_in_cash_under_its_intent() {
    let mut shop = Shop::new();
    let code = shop.code(Manner::Refuses);
    let collect = shop.intent(1_250, Means::Scan(code));
    let intent_id = collect.intent_id.clone();
    let now = shop.till_now();
    let no = shop.till().collect(collect, now).unwrap();
    let early = take_cash(&mut shop, take(&intent_id, 1_250, 1_250, 0));
    assert!(matches!(early, Err(CashRefusal::AttemptOpen { .. })), "{early:?}");
    shop.wait(2_000);
    shop.cancel(&no);
    let ended = shop.end(&no);
    assert_ne!(ended.screen(), Screen::Paid);
    let kept = take_cash(&mut shop, take(&intent_id, 1_250, 2_000, 0)).unwrap();
    assert_eq!(kept.no, ended.order_no, "one customer, one order");
    assert_eq!(on_the_plate(&mut shop), Some((kept.no, true)));
    shop.settle();
}

#[test]
pub(crate) fn m18_cash_is_not_taken_beside_an_unresolved_sale_in_front() {
    let mut shop = Shop::new();
    let front = shop.scan(1_250, Manner::WalksAway);
    shop.wait(1_000);
    let refused = take_cash(&mut shop, take("next", 990, 990, 0));
    assert!(
        matches!(&refused, Err(CashRefusal::AttemptOpen { out_trade_no }) if *out_trade_no == front),
        "{refused:?}"
    );
    shop.till().put_aside(&front).unwrap();
    take_cash(&mut shop, take("next", 990, 990, 0)).unwrap();
    for sale in 0..3 {
        let no = shop.scan(100 + sale, Manner::WalksAway);
        shop.wait(500);
        // The last finds no room aside.
        assert_eq!(shop.till().put_aside(&no).is_err(), sale == 2);
    }
    take_cash(&mut shop, take("full", 990, 990, 0)).unwrap();
    shop.settle();
}

#[test]
pub(crate) fn m16_cash_instead_says_when_nothing_was_taken() {
    let mut shop = Shop::new();
    let paid = shop.scan(1_250, Manner::Pays);
    shop.end(&paid);
    let refused = shop.cash_instead(&paid);
    assert!(matches!(refused, Err(CashRefusal::PaidAlready)), "{refused:?}");

    let walked = shop.scan(1_250, Manner::WalksAway);
    shop.wait(1_000);
    let now = shop.till_now();
    let short = Counted { received: fen(1_249), rounded: Fen::ZERO };
    let refused = shop.till().take_cash_instead(&walked, short, now);
    assert!(matches!(refused, Err(CashRefusal::ReceivedTooLittle { .. })), "{refused:?}");
    assert!(!shop.attempt(&walked).unwanted, "what took no cash goes on as it was");
    let rounded = Counted { received: fen(1_300), rounded: fen(50) };
    let kept = shop.till().take_cash_instead(&walked, rounded, now).unwrap();
    assert_eq!((kept.cash, kept.change()), (fen(1_200), fen(100)));
    assert!(shop.attempt(&walked).unwanted);
    assert_eq!(on_the_plate(&mut shop), Some((kept.no, true)));
    let again = shop.till().take_cash_instead(&walked, rounded, now).unwrap();
    assert_eq!(again, kept, "pressed twice it is once");
    let next = shop.show(100);
    shop.cancel(&next);
    shop.settle();
    let late = shop.cash_instead(&walked).unwrap();
    assert_eq!(late, kept, "and once after its end");
    let ended = shop.scan(990, Manner::WalksAway);
    shop.wait(1_000);
    shop.cancel(&ended);
    assert_eq!(shop.end(&ended).screen(), Screen::Closed);
    let kept = shop.cash_instead(&ended).unwrap();
    assert_eq!(kept.cash, fen(990), "it ended unpaid while the cash was counted");
    shop.settle();
}

/// A manager who gives the word for whatever is asked.
struct Approver {
    people: People,
    _folder: tempfile::TempDir,
}

impl Approver {
    fn new() -> Approver {
        let folder = tempfile::tempdir().unwrap();
        let people = People::open(folder.path().join("till.pin"));
        people.set_pin(&pin(), None, TEN).unwrap();
        Approver { people, _folder: folder }
    }

    fn approve(&self, wish: &CashRefundWish, now: Timestamp) -> Approved<CashRefundWish> {
        self.people.approve(&pin(), wish.clone(), now).unwrap()
    }
}

fn pin() -> Pin {
    Pin::new("270418".to_owned()).unwrap()
}

#[test]
pub(crate) fn m16_cash_goes_back_once_and_never_beyond_what_was_taken() {
    let mut shop = Shop::new();
    let manager = Approver::new();
    let sold = take_cash(&mut shop, take("one", 1_250, 2_000, 50)).unwrap();
    let wish = |intent: &str, amount_fen: i64| CashRefundWish {
        order_no: sold.no,
        amount: fen(amount_fen),
        intent_id: intent.to_owned(),
    };
    let give = |shop: &mut Shop, wish: CashRefundWish| {
        let now = shop.till_now();
        let approved = manager.approve(&wish, now);
        shop.till().refund_cash(approved, now)
    };
    let refused = give(&mut shop, wish("all", 1_250));
    assert!(matches!(refused, Err(CashRefundRefusal::Exceeds { .. })), "never came: {refused:?}");
    assert!(matches!(give(&mut shop, wish("0", 0)), Err(CashRefundRefusal::NoAmount)));
    let first = give(&mut shop, wish("a", 1_000)).unwrap();
    shop.restart(5_000);
    assert_eq!(give(&mut shop, wish("a", 1_000)).unwrap(), first, "one intent, one refund");
    let other = give(&mut shop, wish("a", 100));
    assert!(matches!(other, Err(CashRefundRefusal::IntentUsed)), "{other:?}");
    let refused = give(&mut shop, wish("b", 201));
    assert!(
        matches!(refused, Err(CashRefundRefusal::Exceeds { left }) if left == fen(200)),
        "{refused:?}"
    );
    give(&mut shop, wish("b", 200)).unwrap();
    let refused = give(&mut shop, wish("c", 1));
    assert!(matches!(refused, Err(CashRefundRefusal::NothingLeft { .. })), "{refused:?}");
    let kept = orders(&mut shop).remove(0);
    assert_eq!((kept.cash, kept.cash_back), (fen(1_200), fen(1_200)));
    let now = shop.till_now();
    let late = manager.approve(&wish("d", 1), now.plus_ms(-MINUTE_MS - 1));
    let refused = shop.till().refund_cash(late, now);
    assert!(matches!(refused, Err(CashRefundRefusal::Outlived(_))), "{refused:?}");
    shop.wait(MINUTE_MS);
    let wallet = shop.scan(990, Manner::Pays);
    let order_no = shop.end(&wallet).order_no;
    let refused = give(&mut shop, CashRefundWish { order_no, ..wish("e", 990) });
    assert!(matches!(refused, Err(CashRefundRefusal::NothingLeft { .. })), "{refused:?}");
    shop.till().db().check_everything().unwrap();
}

#[track_caller]
fn check_has(lines: &[String], parts: &[&str]) {
    for line in lines {
        assert!(columns(line) <= COLUMNS, "{line:?} is too wide");
    }
    let found = lines.iter().any(|line| parts.iter().all(|part| line.contains(part)));
    assert!(found, "no line with {parts:?} in {lines:#?}");
}

#[test]
fn a_receipt_says_how_an_order_was_paid_and_what_went_back() {
    let mut shop = Shop::new();
    let manager = Approver::new();
    let sold = take_cash(&mut shop, take("one", 1_250, 2_000, 50)).unwrap();
    let now = shop.till_now();
    let receipt = shop.till().receipt(sold.no, now).unwrap();
    let store = shop.till().settings().store_name.clone();
    check_has(&receipt.lines, &[&store]);
    check_has(&receipt.lines, &["练习"]);
    check_has(&receipt.lines, &["单号 1", "2026-11-21 10:"]);
    check_has(&receipt.lines, &["应收", "¥12.50"]);
    check_has(&receipt.lines, &["抹零", "-¥0.50"]);
    check_has(&receipt.lines, &["现金", "¥12.00"]);
    check_has(&receipt.lines, &["收到", "¥20.00"]);
    check_has(&receipt.lines, &["找零", "¥8.00"]);
    check_has(&receipt.lines, &["实收", "¥12.00"]);
    assert!(receipt.barcode.starts_with("91") && receipt.barcode.len() == 20, "no payment code");
    let wish = CashRefundWish { order_no: sold.no, amount: fen(200), intent_id: "back".to_owned() };
    let approved = manager.approve(&wish, now);
    shop.till().refund_cash(approved, now).unwrap();
    let receipt = shop.till().receipt(sold.no, now).unwrap();
    check_has(&receipt.lines, &["退现金", "-¥2.00"]);
    check_has(&receipt.lines, &["实收", "¥10.00"]);

    let wallet = shop.scan(990, Manner::Pays);
    let attempt = shop.end(&wallet);
    let receipt = shop.till().receipt(attempt.order_no, now).unwrap();
    check_has(&receipt.lines, &["支付宝", "¥9.90"]);
    check_has(&receipt.lines, &[wallet.as_str()]);
    assert_eq!(receipt.barcode, wallet.as_str(), "scanned, it finds the sale");
}

#[test]
pub(crate) fn a_receipt_is_marked_from_its_second_print_on() {
    let mut shop = Shop::new();
    let sold = take_cash(&mut shop, take("one", 1_250, 1_250, 0)).unwrap();
    let now = shop.till_now();
    assert!(!shop.till().receipt(sold.no, now).unwrap().reprint, "looked at is not printed");
    let first = shop.till().print_receipt(sold.no, now).unwrap();
    assert!(!first.reprint && !first.lines.iter().any(|line| line.contains("补打")));
    shop.restart(5_000);
    let second = shop.till().print_receipt(sold.no, now).unwrap();
    assert!(second.reprint);
    check_has(&second.lines, &["补打", "2"]);
    assert_eq!(orders(&mut shop)[0].prints, 2);
}

#[test]
fn an_order_that_took_nothing_has_no_receipt() {
    let mut shop = Shop::new();
    let no = shop.scan(1_250, Manner::WalksAway);
    shop.wait(1_000);
    let order_no = shop.attempt(&no).order_no;
    let now = shop.till_now();
    for _ in 0..2 {
        let refused = shop.till().print_receipt(order_no, now);
        assert!(matches!(refused, Err(ReceiptRefusal::NothingTaken { .. })), "{refused:?}");
        shop.settle();
    }
    assert_eq!(orders(&mut shop)[0].prints, 0);
}
