//! What the till relies on, in the real window: all well, a channel that falls silent, copies that
//! cannot be made.

use fantoccini::key::Key;
use mianfu_tests::window::{App, Language, Page};

use crate::{Shop, picture};

/// The first copy comes when the till has been up for a while.
const COPY_LIMIT_MS: u64 = 60_000;
/// A channel is silent after three questions without an answer.
const SILENT_LIMIT_MS: u64 = 60_000;

#[tokio::test]
async fn all_is_well_until_the_channel_falls_silent() {
    let mut shop = Shop::new();
    let second = shop.desk.home().join("second");
    std::fs::create_dir(&second).unwrap();
    let app = opened(&mut shop, &second).await;
    app.see_within("[data-of=backup].good", COPY_LIMIT_MS).await.unwrap();
    for of in ["alipay", "disk", "clock"] {
        app.see(&format!("[data-of={of}].good .known")).await.unwrap();
    }
    take(&app, "health-well").await;
    shop.channel.vanish();
    app.see_within("[data-of=alipay].care", SILENT_LIMIT_MS).await.unwrap();
    app.speak(Language::Chinese).await.unwrap();
    let said = app.see("[data-of=alipay]").await.unwrap();
    assert!(said.contains("起没有应答") && said.contains("先用别的，或看网络"), "{said}");
    take(&app, "health-silent").await;
    // A digit goes back to the counter and is the first of an amount.
    app.type_keys("5").await.unwrap();
    app.see(".tile[data-health=silent]").await.unwrap();
    take(&app, "tile-silent").await;
    app.close().await.unwrap();
}

#[tokio::test]
async fn copies_that_cannot_be_made_are_told_with_what_to_do() {
    let mut shop = Shop::new();
    let nowhere = shop.desk.home().join("unplugged");
    let app = opened(&mut shop, &nowhere).await;
    app.see_within("[data-of=backup].care", COPY_LIMIT_MS).await.unwrap();
    app.speak(Language::Chinese).await.unwrap();
    let said = app.see("[data-of=backup]").await.unwrap();
    assert!(said.contains("请看备份盘插好没有"), "{said}");
    take(&app, "health-backup").await;
    app.close().await.unwrap();
}

/// Opens the list on a till whose second place is `second`.
async fn opened(shop: &mut Shop, second: &std::path::Path) -> App {
    let data = shop.fresh();
    let mut start = shop.channel.window(&data);
    let line = format!("backup_folder = \"{}\"", second.display());
    let store = shop.desk.store_file(&[&line]).unwrap();
    start.variables.push(("MIANFU_STORE".to_owned(), store.display().to_string()));
    let app = App::open(&shop.desk, &start).await.unwrap();
    app.turn_to(Page::Counter).await.unwrap();
    app.wait_until_ready().await.unwrap();
    app.key(Key::F1).await.unwrap();
    app
}

async fn take(app: &App, name: &str) {
    for (language, short) in [(Language::English, "en"), (Language::Chinese, "zh")] {
        app.speak(language).await.unwrap();
        app.picture(&picture(&format!("{short}-{name}"))).await.unwrap();
    }
}
