//! A sale's receipt: on the screen by one key, and on the disk by another.

use std::path::Path;

use fantoccini::key::Key;
use mianfu_tests::window::{App, Language, Manner};

use crate::Shop;

#[tokio::test]
async fn a_receipt_is_shown_and_written_in_chinese() {
    shown_and_written(Language::Chinese, "PDF 已写好").await;
}

#[tokio::test]
async fn a_receipt_is_shown_and_written_in_english() {
    shown_and_written(Language::English, "The PDF is written").await;
}

async fn shown_and_written(language: Language, written: &str) {
    let mut shop = Shop::new();
    let data = shop.fresh();
    let app = shop.open_ready(&data).await;
    app.speak(language).await.unwrap();
    let number = paid_by_scan(&shop, &app).await;
    printed_twice(&app, &number, written, "1").await;
    app.key(Key::Escape).await.unwrap();
    app.plate("paid").await.unwrap();
    app.type_keys("-").await.unwrap();
    app.plate("zero").await.unwrap();

    app.take_cash("13.60", "20").await.unwrap();
    app.plate("cash_taken").await.unwrap();
    printed_twice(&app, "91000010010000000002", written, "2").await;
    // The next digit is the next sale.
    app.type_keys("7").await.unwrap();
    app.see("[data-screen=sell] .plate[data-state=due]").await.unwrap();
    app.type_keys("-").await.unwrap();
    from_the_orders(&app).await;
    unwritten(&app, &data).await;
    app.close().await.unwrap();
}

/// Takes a sale by scan and returns its number.
async fn paid_by_scan(shop: &Shop, app: &App) -> String {
    app.arm("12.50").await.unwrap();
    let code = shop.customer.show_payment_code(Manner::Pays).await.unwrap();
    app.scan(&code).await.unwrap();
    app.plate("paid").await.unwrap();
    let trades = shop.customer.trades().await.unwrap();
    trades[0]["out_trade_no"].as_str().unwrap().to_owned()
}

async fn printed_twice(app: &App, number: &str, written: &str, order: &str) {
    let paper = app.open_receipt().await.unwrap();
    assert!(paper.contains(&format!("单号 {order}")) && !paper.contains("补打"), "{paper}");
    assert_eq!(app.content("[data-receipt=barcode]").await.unwrap(), number);
    check_written(&app.print_receipt(&format!("{order}-1.pdf")).await.unwrap());
    let said = app.page_text().await;
    assert!(said.contains(written) && said.contains("practice.receipts"), "{said}");
    assert!(!app.has("[data-receipt=reprint]").await, "the first print is no reprint");
    check_written(&app.print_receipt(&format!("{order}-2.pdf")).await.unwrap());
    app.see("[data-receipt=reprint]").await.unwrap();
    let paper = app.content(".paper").await.unwrap();
    assert!(paper.contains("【补打】第 2 次打印"), "{paper}");
}

#[track_caller]
fn check_written(path: &Path) {
    let bytes = std::fs::read(path).unwrap();
    assert!(bytes.starts_with(b"%PDF-"), "{} is no PDF", path.display());
}

/// From the day's orders and back to them, without a pointer.
async fn from_the_orders(app: &App) {
    app.key(Key::F3).await.unwrap();
    app.see("[data-screen=orders] .order[aria-current]").await.unwrap();
    app.key(Key::Down).await.unwrap();
    let paper = app.open_receipt().await.unwrap();
    assert!(paper.contains("单号 1") && paper.contains("【补打】第 3 次打印"), "{paper}");
    app.type_keys("-").await.unwrap();
    let chosen = app.see("[data-screen=orders] .order[aria-current]").await.unwrap();
    assert!(chosen.contains("12.50"), "back at the order it came from: {chosen}");
}

/// A folder that cannot be written: what to do is said, and the receipt stays.
async fn unwritten(app: &App, data: &Path) {
    let folder = data.join("practice.receipts");
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::write(&folder, "in the way").unwrap();
    app.open_receipt().await.unwrap();
    app.key(Key::Enter).await.unwrap();
    let said = app.content(".told [role=alert]").await.unwrap();
    assert!(said.contains("再打一次") || said.contains("then print again"), "{said}");
    assert!(app.content(".paper").await.unwrap().contains("单号 1"), "the receipt is gone");
    std::fs::remove_file(&folder).unwrap();
    // The print that failed was counted: a mark too many, never one too few.
    check_written(&app.print_receipt("1-4.pdf").await.unwrap());
}
