//! While a sale waits: half a minute more, once; another language; the customer's window closed.

use mianfu_tests::window::{App, Flow, Language, Manner, Page, Reply, codes_in, until};
use serde_json::{Value, json};

use crate::{Shop, picture};

/// The customer's window.
const CUSTOMER_TITLE: &str = "面付 · 顾客";
const LIMIT_MS: u64 = 10_000;
const LONGER_MS: i64 = 30_000;
/// A customer who types until somebody changes their mind.
const SLOW: Manner = Manner::TypesPassword { after_ms: 55_000 };

/// Scans a slow customer's code for 12.50.
async fn typing(shop: &Shop, app: &App) {
    app.arm("12.50").await.unwrap();
    let code = shop.customer.show_payment_code(SLOW).await.unwrap();
    app.scan(&code).await.unwrap();
    app.plate("typing").await.unwrap();
}

/// Has the customer of the latest trade pay.
async fn pays(shop: &Shop, app: &App) {
    let trades = shop.customer.trades().await.unwrap();
    shop.customer.behave(&trades[0], Manner::Pays).await.unwrap();
    app.plate("paid").await.unwrap();
}

/// Returns until when the sale in front is waited for.
async fn deadline_ms(app: &App) -> i64 {
    let Reply::Answered(view) = app.invoke("counter", json!({})).await.unwrap() else {
        panic!("the counter is always told");
    };
    view["front"]["deadlineMs"].as_i64().unwrap()
}

/// Returns how many seconds are left on the plate.
async fn left_s(app: &App) -> i64 {
    let said = app.content(".plate[data-state=typing] .count").await.unwrap();
    let digits: String = said.chars().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_else(|_| panic!("no seconds in `{said}`"))
}

#[tokio::test]
async fn half_a_minute_more_is_given_once_and_then_said_to_be_over() {
    let mut shop = Shop::new();
    let data = shop.fresh();
    let app = shop.open_ready(&data).await;
    for (language, name, offered, over) in [
        (Language::Chinese, "zh", "再等 30 秒", "不能再延时，请顾客尽快确认"),
        (Language::English, "en", "Wait 30 s more", "No more time can be given"),
    ] {
        app.speak(language).await.unwrap();
        typing(&shop, &app).await;
        assert!(app.page_text().await.contains(offered), "{language:?} does not offer it");
        let (before_ms, before_s) = (deadline_ms(&app).await, left_s(&app).await);
        app.type_keys("+").await.unwrap();
        let grown = || async { deadline_ms(&app).await == before_ms + LONGER_MS };
        until("a later deadline", LIMIT_MS, grown).await.unwrap();
        let counts = || async { before_s < left_s(&app).await };
        until("a longer countdown", LIMIT_MS, counts).await.unwrap();
        assert!(!app.page_text().await.contains(offered), "{language:?} offers it again");
        app.picture(&picture(&format!("{name}-waits-longer"))).await.unwrap();

        app.type_keys("+").await.unwrap();
        let said = app.see(".plate .notice").await.unwrap();
        assert!(said.contains(over), "{said}");
        assert_eq!(deadline_ms(&app).await, before_ms + LONGER_MS, "it grew twice");
        pays(&shop, &app).await;
    }
    assert_eq!(shop.customer.taken(Flow::Scan, 1_250).await.unwrap(), 2);
    app.close().await.unwrap();
}

#[tokio::test]
async fn another_language_in_the_middle_of_a_sale_changes_words_only() {
    let mut shop = Shop::new();
    let data = shop.fresh();
    let app = shop.open_ready(&data).await;
    app.speak(Language::Chinese).await.unwrap();
    app.arm("12.50").await.unwrap();
    app.speak(Language::English).await.unwrap();
    let due = app.content(".plate[data-phase=armed] [data-say=is]").await.unwrap();
    assert!(due.starts_with("Due ¥12.50"), "{due}");
    // The button was pressed last, and the scanner's Enter must not press it again.
    let code = shop.customer.show_payment_code(SLOW).await.unwrap();
    app.scan_after(&code, 700).await.unwrap();
    let said = app.plate("typing").await.unwrap();
    assert!(said.starts_with("Waiting for the customer, "), "{said}");
    let before_ms = deadline_ms(&app).await;
    app.speak(Language::Chinese).await.unwrap();
    let said = app.plate("typing").await.unwrap();
    assert!(said.starts_with("等顾客确认，还剩 "), "{said}");
    assert_eq!(deadline_ms(&app).await, before_ms);
    pays(&shop, &app).await;
    let said = app.plate("paid").await.unwrap();
    assert!(said.starts_with("已收款 ¥12.50"), "{said}");
    let trades = shop.customer.trades().await.unwrap();
    assert_eq!(trades.len(), 1, "{trades:?}");
    app.close().await.unwrap();
}

#[tokio::test]
async fn closing_the_customers_window_ends_neither_the_window_nor_the_sale() {
    let mut shop = Shop::new();
    let data = shop.fresh();
    let app = shop.open_ready(&data).await;
    app.show("12.50").await.unwrap();
    app.plate("code").await.unwrap();
    app.turn_to(Page::Customer).await.unwrap();
    app.see("[data-face=code]").await.unwrap();
    shown(&shop).await;
    shop.desk.ask_to_close(CUSTOMER_TITLE).unwrap();
    // A window that is about to go would be gone by the time that another sale has been taken.
    app.turn_to(Page::Counter).await.unwrap();
    app.type_keys("-").await.unwrap();
    app.plate("closed").await.unwrap();
    assert!(!app.has(".plate[data-state=close]").await, "the till was asked whether to end");
    app.show("8.80").await.unwrap();
    app.plate("code").await.unwrap();
    app.turn_to(Page::Customer).await.unwrap();
    app.see("[data-face=code]").await.unwrap();
    let path = picture("zh-customer-closed");
    app.picture(&path).await.unwrap();
    let offered = shop.customer.offered(880).await.unwrap();
    assert_eq!(codes_in(&path).unwrap(), offered);
    shop.customer.scan(&offered[0], Manner::Pays).await.unwrap();
    app.see(".customer[data-state=paid]").await.unwrap();
    app.turn_to(Page::Counter).await.unwrap();
    app.plate("paid").await.unwrap();
    let paid = |trade: &&Value| trade["status"] == "TRADE_SUCCESS";
    assert_eq!(shop.customer.trades().await.unwrap().iter().filter(paid).count(), 1);
    app.close().await.unwrap();
}

/// Waits until the customer's window is on the display.
async fn shown(shop: &Shop) {
    let there = || async { shop.desk.place_of(CUSTOMER_TITLE).unwrap().is_some() };
    until("the customer's window to be shown", LIMIT_MS, there).await.unwrap();
}
