//! Cash at the counter: from the typed amount, and in place of a phone that does not answer.

use fantoccini::key::Key;
use mianfu_tests::window::{App, Language, Manner, Reply, until};
use serde_json::{Value, json};

use crate::{Shop, picture};

#[tokio::test]
async fn cash_is_taken_with_its_change_in_both_languages() {
    let mut shop = Shop::new();
    let data = shop.fresh();
    let app = shop.open_ready(&data).await;
    for language in [Language::Chinese, Language::English] {
        app.speak(language).await.unwrap();
        app.take_cash("13.60", "20").await.unwrap();
        let said = app.plate("cash_taken").await.unwrap();
        assert!(said.contains("13.60") && said.contains("6.40"), "{language:?}: {said}");
        app.type_keys("-").await.unwrap();
        app.plate("zero").await.unwrap();
    }
    assert_eq!(shop.customer.trades().await.unwrap().len(), 0, "cash is no trade of the channel");
    app.close().await.unwrap();
}

#[tokio::test]
async fn the_bill_of_a_sale_in_cash_brings_its_order_up_and_says_that_it_is_paid() {
    let mut shop = Shop::new();
    let data = shop.fresh();
    let app = shop.open_ready(&data).await;
    app.take_cash("13.60", "20").await.unwrap();
    app.plate("cash_taken").await.unwrap();
    app.type_keys("-").await.unwrap();
    let order = json!({ "request": { "orderNo": "1" } });
    let Reply::Answered(receipt) = app.invoke("receipt", order).await.unwrap() else {
        panic!("a sale in cash has a receipt");
    };
    let barcode = receipt["barcode"].as_str().unwrap();
    for (language, name, said) in [
        (Language::Chinese, "zh", "订单 1 已付现金 ¥13.60（"),
        (Language::English, "en", "Order 1 was paid ¥13.60 in cash ("),
    ] {
        app.speak(language).await.unwrap();
        app.scan_after(barcode, 700).await.unwrap();
        app.see_text("[data-screen=orders] [role=alert]", said).await.unwrap();
        app.see(".order[aria-current]").await.unwrap();
        app.picture(&picture(&format!("{name}-cash-bill"))).await.unwrap();
        app.key(Key::Escape).await.unwrap();
        app.plate("zero").await.unwrap();
        assert!(!app.has("[role=alert]").await, "what was said of the order went with it");
    }
    assert_eq!(shop.customer.trades().await.unwrap().len(), 0);
    app.close().await.unwrap();
}

#[tokio::test]
async fn cash_instead_of_a_silent_phone_gives_the_phones_money_back() {
    let mut shop = Shop::new();
    let data = shop.fresh();
    let app = shop.open_ready(&data).await;
    app.arm("9.90").await.unwrap();
    let lost = json!({ "chances": { "answer_lost": 1000 } });
    shop.customer.weather(&lost).await.unwrap();
    let code = shop.customer.show_payment_code(Manner::Pays).await.unwrap();
    app.scan(&code).await.unwrap();
    app.plate("unknown").await.unwrap();
    instead(&app).await;
    shop.customer.weather(&json!({ "begin": "clear" })).await.unwrap();
    let went_back = |trade: &Value| trade["refunded_fen"] == json!(990);
    let returned = || async { shop.customer.trades().await.unwrap().iter().any(went_back) };
    until("the phone's money to go back", 60_000, returned).await.unwrap();
    app.close().await.unwrap();
}

/// Takes what is owed in cash, exactly.
async fn instead(app: &App) {
    app.key(Key::F9).await.unwrap();
    app.plate("cash").await.unwrap();
    app.key(Key::Enter).await.unwrap();
    app.plate("cash_taken").await.unwrap();
}
