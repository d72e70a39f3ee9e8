//! What waits for a person, on one screen: a refund that the shop's balance did not cover goes out
//! again from there, and the money goes back once.

use fantoccini::key::Key;
use mianfu_tests::window::{App, Language, Manner, Room, until};
use serde_json::json;

use crate::{Shop, picture};

const SMALL: Room = Room { width: 1024, height: 768 };
/// How long the channel may take to give money back.
const BACK_LIMIT_MS: u64 = 45_000;
const OPEN: &str = "[data-screen=open_items]";

#[tokio::test]
async fn a_refund_without_balance_is_tried_again_from_the_list_and_goes_back_once() {
    let mut shop = Shop::new();
    let data = shop.fresh();
    let app = shop.open_ready(&data).await;
    app.speak(Language::Chinese).await.unwrap();
    nothing_open(&app).await;

    app.arm("12.50").await.unwrap();
    let code = shop.customer.show_payment_code(Manner::Pays).await.unwrap();
    app.scan(&code).await.unwrap();
    app.plate("paid").await.unwrap();
    shop.customer.empty_the_sellers_account().await.unwrap();
    app.refund("4").await.unwrap();
    app.see_text("[data-line=refund]", "余额不足").await.unwrap();
    app.see_text("[data-chip=unknown]", "1 笔退款待处理").await.unwrap();
    assert_eq!(given_back(&shop).await, 0);

    app.press("[data-chip=unknown]").await.unwrap();
    app.see(&format!("{OPEN} [data-of=refund][data-state=wedged]")).await.unwrap();
    take(&app, "open-refund").await;
    app.key(Key::Enter).await.unwrap();
    let back = || async { given_back(&shop).await == 400 };
    until("the money to go back", BACK_LIMIT_MS, back).await.unwrap();
    app.see(&format!("{OPEN} [data-open=none]")).await.unwrap();
    app.see_gone("[data-chip=unknown]").await.unwrap();
    // Whoever presses it again moves nothing.
    app.key(Key::Enter).await.unwrap();
    app.key(Key::Escape).await.unwrap();
    app.see_text("[data-line=refund]", "已退 ¥4.00").await.unwrap();
    assert_eq!(given_back(&shop).await, 400, "once");
    app.close().await.unwrap();
}

#[tokio::test]
async fn what_is_held_waits_for_the_manager_and_is_settled_with_the_pin() {
    let mut shop = Shop::new();
    let data = shop.fresh();
    let app = shop.open_ready(&data).await;
    app.speak(Language::Chinese).await.unwrap();
    let another = json!({ "chances": { "another_amount": 1000 } });
    shop.customer.weather(&another).await.unwrap();
    app.arm("6.60").await.unwrap();
    let code = shop.customer.show_payment_code(Manner::Pays).await.unwrap();
    app.scan(&code).await.unwrap();
    app.plate("held").await.unwrap();
    app.key(Key::F6).await.unwrap();
    app.see_text("[data-chip=unknown]", "1 件请店长处理").await.unwrap();
    app.key(Key::F5).await.unwrap();
    app.see(&format!("{OPEN} [data-of=finding][data-state=held]")).await.unwrap();
    take(&app, "open-held").await;
    app.key(Key::Enter).await.unwrap();
    app.give_pin().await.unwrap();
    app.see(&format!("{OPEN} [data-open=none]")).await.unwrap();
    app.see_gone("[data-chip=unknown]").await.unwrap();
    assert_eq!(given_back(&shop).await, 0, "settling moves no money");
    app.close().await.unwrap();
}

async fn nothing_open(app: &App) {
    app.key(Key::F5).await.unwrap();
    let said = app.see(&format!("{OPEN} [data-open=none]")).await.unwrap();
    assert!(said.contains("每一单都有结果"), "{said}");
    take(app, "open-none").await;
    app.key(Key::F5).await.unwrap();
    app.plate("zero").await.unwrap();
}

/// What practice's ledger says went back, in fen.
async fn given_back(shop: &Shop) -> i64 {
    let trades = shop.customer.trades().await.unwrap();
    trades.iter().filter_map(|trade| trade["refunded_fen"].as_i64()).sum()
}

async fn take(app: &App, name: &str) {
    for (language, short) in [(Language::English, "en"), (Language::Chinese, "zh")] {
        app.speak(language).await.unwrap();
        app.picture(&picture(&format!("{short}-{name}"))).await.unwrap();
    }
    app.resize(SMALL).await.unwrap();
    app.picture(&picture(&format!("zh-{name}-1024x768"))).await.unwrap();
    app.resize(Room { width: 1280, height: 900 }).await.unwrap();
}
