//! Starts that go wrong or come after something did.

use fantoccini::key::Key;
use mianfu_tests::window::{Language, Manner, Page};
use serde_json::json;

use crate::{Shop, picture};

const AMOUNT_FEN: i64 = 1990;
/// The cashier's window.
const TITLE: &str = "面付";

#[tokio::test]
async fn a_boot_with_the_network_down_reverses_nothing_and_finds_the_sale_paid() {
    let mut shop = Shop::new();
    let data = shop.fresh();
    let app = shop.open_ready(&data).await;
    app.arm("19.90").await.unwrap();
    let code = shop.customer.show_payment_code(Manner::Pays).await.unwrap();
    let lost = json!({ "chances": { "answer_lost": 1000 } });
    shop.customer.weather(&lost).await.unwrap();
    app.scan(&code).await.unwrap();
    app.plate("unknown").await.unwrap();
    app.kill().await.unwrap();
    shop.channel.vanish();

    let app = shop.open(&data).await;
    app.speak(Language::Chinese).await.unwrap();
    let said = app.plate("unknown").await.unwrap();
    assert!(said.contains("结果未知"), "{said}");
    app.see("[data-chip=unknown]").await.unwrap();
    app.picture(&picture("zh-boot-offline")).await.unwrap();
    assert!(!app.has("[data-health=ready]").await, "a channel that is gone is not offered");

    shop.channel.come_back().unwrap();
    app.plate("paid").await.unwrap();
    let asked = shop.customer.asked().await.unwrap();
    let moving = ["alipay.trade.cancel", "alipay.trade.refund", "alipay.trade.close"];
    let moved = asked.iter().filter(|one| moving.iter().any(|method| one["method"] == *method));
    assert_eq!(moved.count(), 0, "the goods are gone and the money went back");
    let trades = shop.customer.trades().await.unwrap();
    assert_eq!(trades.len(), 1, "asked, never sent again: {trades:?}");
    assert_eq!(trades[0]["amount_fen"], json!(AMOUNT_FEN));
    assert_eq!(trades[0]["refunded_fen"], json!(0));
    app.close().await.unwrap();
}

#[tokio::test]
async fn a_till_that_cannot_open_says_why_and_what_to_do() {
    let mut shop = Shop::new();
    let broken = shop.fresh();
    std::fs::create_dir_all(&broken).unwrap();
    std::fs::write(broken.join("practice.db"), b"no database at all, but long enough to look")
        .unwrap();
    let app = shop.open(&broken).await;
    let said = app.see("[data-start=failed]").await.unwrap();
    assert!(said.contains("数据文件有损坏"), "{said}");
    assert!(said.contains("不要删除文件"), "{said}");
    app.picture(&picture("zh-start-broken")).await.unwrap();
    app.turn_to(Page::Customer).await.unwrap();
    assert!(!app.has("[data-face=code]").await);
    app.close().await.unwrap();

    let fresh = shop.fresh();
    let file = shop.channel.file();
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("app_id = \"9999", "app_id = \"2021")).unwrap();
    let app = shop.open(&fresh).await;
    let said = app.see("[data-start=failed]").await.unwrap();
    assert!(said.contains("vault"), "a live application is refused by name: {said}");
    app.picture(&picture("zh-start-live")).await.unwrap();
    app.close().await.unwrap();
}

#[tokio::test]
async fn a_shutdown_is_never_held_up_and_the_next_start_goes_on_asking() {
    let mut shop = Shop::new();
    let data = shop.fresh();
    let app = shop.open_ready(&data).await;
    app.show("19.90").await.unwrap();
    app.plate("code").await.unwrap();
    app.terminate().await.unwrap();
    let offered = shop.customer.offered(AMOUNT_FEN).await.unwrap();
    shop.customer.scan(&offered[0], Manner::Pays).await.unwrap();
    let app = shop.open(&data).await;
    app.plate("paid").await.unwrap();
    app.close().await.unwrap();
}

#[tokio::test]
async fn closing_with_a_sale_that_has_no_result_asks_first_and_loses_nothing() {
    let mut shop = Shop::new();
    let data = shop.fresh();
    let app = shop.open_ready(&data).await;
    app.speak(Language::Chinese).await.unwrap();
    app.show("19.90").await.unwrap();
    app.plate("code").await.unwrap();
    shop.desk.ask_to_close(TITLE).unwrap();
    app.see(".plate[data-state=close]").await.unwrap();
    let said = app.page_text().await;
    assert!(said.contains("还有 1 笔没有结果"), "{said}");
    app.picture(&picture("zh-close-asked")).await.unwrap();
    app.key(Key::Enter).await.unwrap();
    app.plate("code").await.unwrap();

    shop.desk.ask_to_close(TITLE).unwrap();
    app.see(".plate[data-state=close]").await.unwrap();
    // The driver may lose the window before it has heard that the key was struck.
    let _ = app.type_keys("+").await;
    app.ended().await.unwrap();
    let offered = shop.customer.offered(AMOUNT_FEN).await.unwrap();
    shop.customer.scan(&offered[0], Manner::Pays).await.unwrap();

    let app = shop.open(&data).await;
    app.plate("paid").await.unwrap();
    shop.desk.ask_to_close(TITLE).unwrap();
    app.ended().await.unwrap();
}
