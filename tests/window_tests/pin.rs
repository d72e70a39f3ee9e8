//! The manager's PIN: chosen by the manager, asked for as an approval, changed from the day's orders.

use fantoccini::key::Key;
use mianfu_tests::window::{App, Language};

use crate::{Shop, picture};

const FIRST: &str = "481927";
const SECOND: &str = "730518";

#[tokio::test]
async fn the_managers_pin_is_chosen_changed_and_only_the_last_one_counts() {
    let mut shop = Shop::new();
    let data = shop.fresh();
    let app = shop.open_ready(&data).await;
    app.speak(Language::Chinese).await.unwrap();
    app.take_cash("13.60", "20").await.unwrap();
    app.plate("cash_taken").await.unwrap();
    app.key(Key::F3).await.unwrap();
    app.see("[data-screen=orders] .order[aria-current]").await.unwrap();
    chosen_first(&app).await;
    refund(&app, "1", FIRST).await;
    app.see("[data-screen=orders] .due small").await.unwrap();
    assert_eq!(gone(&app).await, "已退 ¥1.00");

    changed(&app).await;
    refund(&app, "2", FIRST).await;
    let said = app.see(".plate[data-step=pin] .notice").await.unwrap();
    assert!(said.contains("密码不对"), "the old one still opens: {said}");
    app.type_keys(SECOND).await.unwrap();
    app.key(Key::Enter).await.unwrap();
    app.see("[data-screen=orders] .notice").await.unwrap();
    assert_eq!(gone(&app).await, "已退 ¥3.00");
    app.close().await.unwrap();
}

/// A refund that nobody can approve yet: the manager chooses a PIN, which refunds nothing.
async fn chosen_first(app: &App) {
    app.key(Key::F2).await.unwrap();
    app.see(".plate[data-state=refund]").await.unwrap();
    app.key(Key::Enter).await.unwrap();
    app.see(".plate[data-step=new_pin]").await.unwrap();
    let said = app.page_text().await;
    for words in ["设置店长密码", "请店长本人设", "收银员别代设", "才批准：退款 ¥13.60"]
    {
        assert!(said.contains(words), "`{words}` is not said: {said}");
    }
    app.picture(&picture("zh-pin-first")).await.unwrap();
    enter(app, FIRST, "repeat_pin").await;
    enter(app, FIRST, "pin").await;
    // Leaving it there has allowed nothing.
    app.key(Key::Escape).await.unwrap();
    app.see("[data-screen=orders] .order[aria-current]").await.unwrap();
    assert!(!app.has(".due small").await, "choosing a PIN gave money back");
}

async fn changed(app: &App) {
    app.type_keys("*").await.unwrap();
    app.see(".plate[data-step=old_pin]").await.unwrap();
    app.picture(&picture("zh-pin-change")).await.unwrap();
    enter(app, FIRST, "new_pin").await;
    enter(app, SECOND, "repeat_pin").await;
    app.type_keys(SECOND).await.unwrap();
    app.key(Key::Enter).await.unwrap();
    let said = app.see("[data-screen=orders] .notice").await.unwrap();
    assert!(said.contains("店长密码已换"), "{said}");
}

/// Types a PIN and waits for the step that follows.
async fn enter(app: &App, pin: &str, next: &str) {
    app.type_keys(pin).await.unwrap();
    app.key(Key::Enter).await.unwrap();
    app.see(&format!(".plate[data-step={next}]")).await.unwrap();
}

/// Asks for a part of the sale back and hands in a PIN.
async fn refund(app: &App, yuan: &str, pin: &str) {
    app.key(Key::F2).await.unwrap();
    app.see(".plate[data-state=refund]").await.unwrap();
    app.type_keys(yuan).await.unwrap();
    app.key(Key::Enter).await.unwrap();
    app.see(".plate[data-step=pin]").await.unwrap();
    app.type_keys(pin).await.unwrap();
    app.key(Key::Enter).await.unwrap();
}

/// Returns what the list says has gone back.
async fn gone(app: &App) -> String {
    app.see(".due small").await.unwrap()
}
