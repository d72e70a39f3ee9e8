//! Where nothing can sound: each event stands out once at the plate's edge, and the till says that
//! its device is missing. The virtual counter has no sound device.

use mianfu_tests::window::{App, Language, Manner, Page, until};
use serde_json::{Value, json};

use crate::{Shop, picture};

/// Notes the outline of the plate whenever it begins to stand out.
const WATCH: &str = "
    window.flashes = [];
    const counter = document.querySelector('.counter');
    const note = (changes) => changes.forEach(({ oldValue }) => {
        const was = oldValue.split(' ').includes('flashing');
        if (was || !counter.classList.contains('flashing')) return;
        const { boxShadow, animationName } = getComputedStyle(document.querySelector('.plate'));
        window.flashes.push({ boxShadow, animationName });
    });
    new MutationObserver(note)
        .observe(counter, { attributeFilter: ['class'], attributeOldValue: true });
";
const LIMIT_MS: u64 = 10_000;
/// A machine on which nothing may move.
const STILL: &str = "[Settings]\ngtk-enable-animations=0\n";

/// Waits for as many flashes, and for no more, and returns them.
async fn flashes(app: &App, count: usize) -> Vec<Value> {
    let noted = || async {
        let noted = app.run("return window.flashes").await.unwrap();
        noted.as_array().unwrap().clone()
    };
    let came = || async { count <= noted().await.len() };
    until(&format!("{count} flashes"), LIMIT_MS, came).await.unwrap();
    let noted = noted().await;
    assert_eq!(noted.len(), count, "{noted:?}");
    noted
}

async fn scan(shop: &Shop, app: &App, amount: &str, manner: Manner, state: &str) {
    app.arm(amount).await.unwrap();
    let code = shop.customer.show_payment_code(manner).await.unwrap();
    app.scan(&code).await.unwrap();
    app.plate(state).await.unwrap();
}

#[tokio::test]
async fn each_event_stands_out_once_and_the_missing_device_is_named() {
    let mut shop = Shop::new();
    let data = shop.fresh();
    let app = shop.open_ready(&data).await;
    for (language, named, todo) in [
        (Language::English, "No sound device", "plug in a loudspeaker"),
        (Language::Chinese, "没有声音设备", "请接好音箱"),
    ] {
        app.speak(language).await.unwrap();
        let chip = app.content("[data-chip=notice]").await.unwrap();
        assert!(chip.contains(named), "{chip}");
        let standing = app.see(".standing").await.unwrap();
        assert!(standing.contains(named) && standing.contains(todo), "{standing}");
    }
    app.run(WATCH).await.unwrap();

    scan(&shop, &app, "12.50", Manner::Pays, "paid").await;
    let paid = flashes(&app, 1).await;
    let outline = paid[0]["boxShadow"].as_str().unwrap();
    assert!(outline.contains("6px inset"), "{outline}");
    // None of these is an event; one that flashed would be counted with the next.
    app.speak(Language::English).await.unwrap();
    app.speak(Language::Chinese).await.unwrap();
    app.press("[data-key=orders]").await.unwrap();
    app.press("[data-key=escape]").await.unwrap();
    app.see("[data-screen=sell]").await.unwrap();

    scan(&shop, &app, "8.80", Manner::TooLittleMoney, "declined").await;
    flashes(&app, 2).await;
    app.arm("3.30").await.unwrap();
    app.scan("6901028075831").await.unwrap();
    app.see("[role=alert]").await.unwrap();
    flashes(&app, 3).await;
    let code = shop.customer.show_payment_code(Manner::Pays).await.unwrap();
    let lost = json!({ "chances": { "answer_lost": 1000 } });
    shop.customer.weather(&lost).await.unwrap();
    // Keys right behind a scan are taken for its rest.
    app.scan_after(&code, 700).await.unwrap();
    app.plate("unknown").await.unwrap();
    flashes(&app, 4).await;
    app.close().await.unwrap();
}

#[tokio::test]
async fn where_nothing_may_move_the_edge_stands_still() {
    let mut shop = Shop::new();
    let settings = shop.desk.home().join("config/gtk-3.0");
    std::fs::create_dir_all(&settings).unwrap();
    std::fs::write(settings.join("settings.ini"), STILL).unwrap();
    let data = shop.fresh();
    let app = shop.open_ready(&data).await;
    let still = "return matchMedia('(prefers-reduced-motion: reduce)').matches";
    assert_eq!(app.run(still).await.unwrap(), json!(true));
    app.run(WATCH).await.unwrap();
    scan(&shop, &app, "12.50", Manner::Pays, "paid").await;
    let paid = flashes(&app, 1).await;
    assert_eq!(paid[0]["animationName"], json!("none"));
    assert!(paid[0]["boxShadow"].as_str().unwrap().contains("6px inset"), "{paid:?}");
    app.see_gone(".counter.flashing").await.unwrap();
    app.turn_to(Page::Counter).await.unwrap();
    app.picture(&picture("zh-no-sound")).await.unwrap();
    app.close().await.unwrap();
}
