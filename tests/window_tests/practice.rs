//! Practice on a till with a channel of its own: entered by the manager's PIN, sold in, left by one
//! key or by a crash, and the shop as it was.

use fantoccini::key::Key;
use mianfu_tests::window::{App, Customer, Flow, Language, Manner, Page};
use serde_json::json;

use crate::{Shop, picture};

const PIN: &str = "481927";
/// The page's mark for the shop that is on.
const OWN: &str = ".counter[data-shop=own]";
const PRACTICE: &str = ".counter[data-shop=practice]";

#[tokio::test]
async fn practice_leaves_the_shop_as_it_was() {
    let mut shop = Shop::new();
    let data = shop.fresh();
    let app = shop.open_ready(&data).await;
    app.speak(Language::Chinese).await.unwrap();
    waits_for_the_open_sale(&shop, &app).await;
    let before = orders(&app).await;
    assert!(before.contains("12.50"), "{before}");
    app.see(".panel [data-key=practice]").await.unwrap();
    app.picture(&picture("zh-practice-way-in")).await.unwrap();

    app.press(".panel [data-key=practice]").await.unwrap();
    // Nobody has chosen a PIN yet: it is chosen first, typed twice, and then asked for.
    enter_pin(&app, "new_pin").await;
    enter_pin(&app, "repeat_pin").await;
    enter_pin(&app, "pin").await;
    app.see(PRACTICE).await.unwrap();
    take(&app, "practice-entered").await;
    sell(&app, "3.30").await;
    take(&app, "practice-paid").await;
    app.turn_to(Page::Customer).await.unwrap();
    app.see(".practice-frame").await.unwrap();
    app.turn_to(Page::Counter).await.unwrap();
    assert!(!orders(&app).await.contains("12.50"), "practice has a book of its own");

    app.key(Key::F10).await.unwrap();
    app.see(OWN).await.unwrap();
    take(&app, "practice-left").await;
    assert_eq!(orders(&app).await, before);
    app.key(Key::Escape).await.unwrap();

    app.key(Key::F10).await.unwrap();
    enter_pin(&app, "pin").await;
    app.see(PRACTICE).await.unwrap();
    sell(&app, "4.40").await;
    app.kill().await.unwrap();
    let app = shop.open(&data).await;
    app.see(OWN).await.unwrap();
    assert_eq!(orders(&app).await, before, "a crash in practice ends on the till's own channel");
    let trades = shop.customer.all_trades().await.unwrap();
    assert_eq!(trades.len(), 1, "{trades:?}");
    assert_eq!(trades[0]["amount_fen"], json!(1_250));
    app.close().await.unwrap();
}

/// Takes 12.50 on the till's own channel, and finds that practice waits for it.
async fn waits_for_the_open_sale(shop: &Shop, app: &App) {
    app.show("12.50").await.unwrap();
    app.plate("code").await.unwrap();
    app.key(Key::F10).await.unwrap();
    let said = app.see(".notice").await.unwrap();
    assert!(said.contains("等结果出来再进练习"), "{said}");
    let offered = shop.customer.offered(1_250).await.unwrap();
    shop.customer.scan(&offered[0], Manner::Pays).await.unwrap();
    app.plate("paid").await.unwrap();
    assert_eq!(shop.customer.taken(Flow::Show, 1_250).await.unwrap(), 1);
}

async fn enter_pin(app: &App, step: &str) {
    app.see(&format!(".plate[data-state=pin][data-step={step}]")).await.unwrap();
    app.type_keys(PIN).await.unwrap();
    app.key(Key::Enter).await.unwrap();
}

/// Takes an amount in practice from a customer with the phone that the top line names.
async fn sell(app: &App, amount: &str) {
    app.wait_until_ready().await.unwrap();
    let customer = Customer::at(&app.phone_page().await.unwrap());
    app.arm(amount).await.unwrap();
    let code = customer.show_payment_code(Manner::Pays).await.unwrap();
    app.scan(&code).await.unwrap();
    app.plate("paid").await.unwrap();
}

/// Opens the list of today's orders and returns what it says.
async fn orders(app: &App) -> String {
    app.key(Key::F3).await.unwrap();
    app.see("[data-screen=orders] .orders").await.unwrap()
}

async fn take(app: &App, name: &str) {
    for (language, short) in [(Language::English, "en"), (Language::Chinese, "zh")] {
        app.speak(language).await.unwrap();
        app.picture(&picture(&format!("{short}-{name}"))).await.unwrap();
    }
}
