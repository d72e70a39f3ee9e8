//! What a page of ours may not do, whoever should come to run in it.

use mianfu_tests::window::{App, Page, Reply};
use serde_json::json;

use crate::Shop;

#[tokio::test]
async fn neither_window_goes_anywhere_else_or_calls_what_is_not_its_own() {
    let mut shop = Shop::new();
    let data = shop.fresh();
    let app = shop.open_ready(&data).await;
    for page in [Page::Counter, Page::Customer] {
        app.turn_to(page).await.unwrap();
        stays(&app).await;
    }
    app.turn_to(Page::Customer).await.unwrap();
    for command in ["counter", "show_code", "clear_front", "close_anyway", "plugin:event|emit"] {
        refused(&app, command).await;
    }
    answered(&app, "customer").await;
    app.turn_to(Page::Counter).await.unwrap();
    for command in ["customer", "plugin:event|emit", "plugin:window|close"] {
        refused(&app, command).await;
    }
    answered(&app, "counter").await;
    app.close().await.unwrap();
}

/// A page that tries to leave, to open another and to load from elsewhere stays where it is.
async fn stays(app: &App) {
    let before = app.address().await.unwrap();
    let elsewhere = "http://127.0.0.1:9/phone";
    app.run(&format!("location.href = '{elsewhere}'")).await.unwrap();
    app.run("location.href = 'data:text/html,elsewhere'").await.unwrap();
    let opened = app.run(&format!("return window.open('{elsewhere}') === null")).await.unwrap();
    assert_eq!(opened, json!(true), "a page opened another window");
    app.see("main").await.unwrap();
    assert_eq!(app.address().await.unwrap(), before);
    let evaluated = app.run("try { return eval('1') } catch { return 'refused' }").await.unwrap();
    assert_eq!(evaluated, json!("refused"), "text became a program");
}

async fn refused(app: &App, command: &str) {
    let reply = app.invoke(command, json!({})).await.unwrap();
    let Reply::Refused(why) = reply else {
        panic!("`{command}` answered {reply:?}");
    };
    assert!(why.to_string().contains("not allowed"), "`{command}`: {why}");
}

async fn answered(app: &App, command: &str) {
    let reply = app.invoke(command, json!({})).await.unwrap();
    assert!(matches!(reply, Reply::Answered(_)), "`{command}`: {reply:?}");
}
