//! How many keys a sale takes once its amount is typed: one with a box scanner, none with a trigger
//! scanner.

use fantoccini::key::Key;
use mianfu_tests::window::{App, Blow, Flow, Language, Manner, Page};

use crate::Shop;

#[tokio::test]
async fn a_box_scanner_takes_one_press_and_charges_nothing_without_it() {
    let mut shop = Shop::new();
    let data = shop.fresh();
    let app = shop.open_ready(&data).await;
    app.type_keys("12.50").await.unwrap();
    let code = shop.customer.show_payment_code(Manner::Pays).await.unwrap();
    app.scan_after(&code, 700).await.unwrap();
    app.see("[role=alert]").await.unwrap();
    assert_eq!(shop.customer.trades().await.unwrap().len(), 0, "charged without a press");
    // An Enter right behind a scan is the scanner's own.
    app.play(vec![Blow { sign: Key::Enter.into(), after_ms: 1_200 }]).await.unwrap();
    app.see("[data-phase=armed]").await.unwrap();
    app.scan(&code).await.unwrap();
    app.plate("paid").await.unwrap();
    assert_eq!(shop.customer.taken(Flow::Scan, 1250).await.unwrap(), 1);
    app.close().await.unwrap();
}

#[tokio::test]
async fn a_trigger_scanner_takes_no_press_in_either_language() {
    let mut shop = Shop::new();
    let data = shop.fresh();
    let mut start = shop.channel.window(&data);
    let store = shop.desk.store_file(&["scanner = \"trigger\""]).unwrap();
    start.variables.push(("MIANFU_STORE".to_owned(), store.display().to_string()));
    let app = App::open(&shop.desk, &start).await.unwrap();
    app.turn_to(Page::Counter).await.unwrap();
    app.wait_until_ready().await.unwrap();
    for (language, said) in
        [(Language::Chinese, "已收款 ¥12.50"), (Language::English, "Paid ¥12.50")]
    {
        let before = shop.customer.taken(Flow::Scan, 1250).await.unwrap();
        app.speak(language).await.unwrap();
        app.type_keys("12.50").await.unwrap();
        let code = shop.customer.show_payment_code(Manner::Pays).await.unwrap();
        app.scan_after(&code, 700).await.unwrap();
        let paid = app.plate("paid").await.unwrap();
        assert!(paid.starts_with(said), "{paid}");
        assert_eq!(shop.customer.taken(Flow::Scan, 1250).await.unwrap(), before + 1);
    }
    app.close().await.unwrap();
}
