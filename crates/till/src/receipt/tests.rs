use mianfu_core::attempt::{Event, Intent};
use mianfu_core::channel::{Flow, Reversal, Timetable, Verdict};
use mianfu_core::money::Charge;
use mianfu_core::number::OutTradeNo;
use mianfu_core::order::Cash;

use super::paper::{Font, PaperError, pdf};
use super::*;

/// 2026-11-21 10:00 in Shanghai.
const TEN: Timestamp = Timestamp(1_795_226_400_000);

fn facts(order: Order, attempts: Vec<Attempt>) -> Facts {
    Facts { order, attempts, refunds: Vec::new(), cash_refunds: Vec::new() }
}

fn owed() -> Order {
    Order::new(OrderNo(7), "intent".to_owned(), Fen::new(1_250).unwrap(), TEN)
}

fn in_cash() -> Order {
    let fen = |fen| Fen::new(fen).unwrap();
    let cash = Cash { taken: fen(1_200), rounded: fen(50), received: fen(2_000) };
    owed().taking(cash, TEN.plus_ms(5_000)).unwrap()
}

fn receipt_of(facts: &Facts, settings: &Settings) -> Option<Receipt> {
    compose(facts, settings, Series::new(1, 2, 3)?, TEN.plus_ms(60_000))
}

fn attempt(events: Vec<Event>) -> Attempt {
    let intent = Intent {
        out_trade_no: OutTradeNo::new("9000001002000000030000000001").unwrap(),
        order_no: OrderNo(7),
        channel: ChannelId::Alipay,
        flow: Flow::Scan,
        amount: Charge::new(1_250).unwrap(),
    };
    let begun = Attempt::begin(intent, TEN, &Timetable::ALIPAY).attempt;
    let step = |attempt: Attempt, event| attempt.step(event, TEN, &Timetable::ALIPAY).attempt;
    events.into_iter().fold(begun, step)
}

#[test]
fn a_receipt_in_cash_reads_as_it_will_be_printed() {
    let settings =
        Settings { practice: false, ..Settings::practice("永和便利店", "2 号台") };
    let receipt = receipt_of(&facts(in_cash(), Vec::new()), &settings).unwrap();
    let expected = [
        "                   永和便利店",
        "                     2 号台",
        "------------------------------------------------",
        "单号 7                       2026-11-21 10:00:00",
        "应收                                      ¥12.50",
        "抹零                                      -¥0.50",
        "现金 2026-11-21 10:00:05                  ¥12.00",
        "收到                                      ¥20.00",
        "找零                                       ¥8.00",
        "------------------------------------------------",
        "实收                                      ¥12.00",
        "------------------------------------------------",
        "打印时间 2026-11-21 10:01:00",
        "请保管好小票，退款时出示",
    ];
    assert_eq!(receipt.lines, expected);
    assert_eq!(receipt.barcode, "91000010020000000007");
    assert_eq!((receipt.nth, receipt.reprint), (1, false));
}

#[test]
fn a_name_of_any_length_stays_on_the_paper() {
    for name in ["", "店", &"很长的店名".repeat(40), "a\u{7}b\nc", &"x".repeat(500)] {
        let settings = Settings::practice(name, name);
        let receipt = receipt_of(&facts(in_cash(), Vec::new()), &settings).unwrap();
        for line in &receipt.lines {
            assert!(columns(line) <= COLUMNS, "{line:?}");
            assert!(!line.contains(char::is_control), "{line:?}");
        }
        assert!(receipt.lines.iter().any(|line| line.contains("练习")), "pretend money says so");
    }
}

#[test]
fn no_receipt_exists_of_an_order_that_took_nothing() {
    let waiting = attempt(vec![Event::Answered(Verdict::Waiting)]);
    let closed = attempt(vec![Event::Told(Verdict::Closed)]);
    for attempts in [vec![], vec![waiting], vec![closed]] {
        let settings = Settings::practice("店", "台");
        assert_eq!(receipt_of(&facts(owed(), attempts), &settings), None);
    }
}

#[test]
fn what_was_reversed_is_shown_as_taken_and_gone_back() {
    let returned = attempt(vec![
        Event::Answered(Verdict::Waiting),
        Event::Cancelled,
        Event::Told(Verdict::Waiting),
        Event::ReversalTold(Reversal::Returned),
    ]);
    assert_eq!(returned.phase, Phase::Returned);
    let settings = Settings::practice("店", "台");
    let receipt = receipt_of(&facts(owed(), vec![returned]), &settings).unwrap();
    let has = |start: &str, end: &str| {
        receipt.lines.iter().any(|line| line.starts_with(start) && line.ends_with(end))
    };
    assert!(has("支付宝", " ¥12.50") && has("已撤销", "-¥12.50") && has("实收", " ¥0.00"));
}

#[test]
fn a_receipt_becomes_a_page_with_its_letters_and_its_number() {
    let settings = Settings::practice("永和便利店𠀀", "2 号台");
    let receipt = receipt_of(&facts(in_cash(), Vec::new()), &settings).unwrap();
    let font = match Font::find() {
        Ok(font) => font,
        // A machine without Chinese letters says so.
        Err(error) => return assert!(matches!(error, PaperError::NoFont), "{error}"),
    };
    let page = pdf(&receipt, &font).unwrap();
    assert!(page.starts_with(b"%PDF-") && page.ends_with(b"%%EOF"));
    assert!(page.len() < 200_000, "only what is printed is embedded: {}", page.len());
    let odd = Receipt { barcode: "123".to_owned(), ..receipt.clone() };
    assert!(matches!(pdf(&odd, &font), Err(PaperError::Barcode(_))));
    let letters = Receipt { barcode: "12３4".to_owned(), ..receipt };
    assert!(matches!(pdf(&letters, &font), Err(PaperError::Barcode(_))));
}

#[test]
fn a_file_that_is_no_font_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("receipt.ttf");
    assert!(Font::read(&path).is_none());
    for bytes in [&b""[..], b"ttcf", &[0xff; 4_096]] {
        std::fs::write(&path, bytes).unwrap();
        assert!(Font::read(&path).is_none());
    }
}
