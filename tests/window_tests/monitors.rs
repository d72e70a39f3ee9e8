//! The customer's window on a monitor of its own: with it, without it, and with it again.

use mianfu_tests::window::{App, Area, Desk, Flow, Language, Manner, Page, codes_in, until};

use crate::{Shop, picture};

/// The customer's window.
const TITLE: &str = "面付 · 顾客";
/// The till looks at its monitors every second.
const PLACED_LIMIT_MS: u64 = 20_000;

impl Shop {
    /// Waits until the customer's window fills its monitor, or is hidden. On its way it never lies
    /// on the counter's.
    async fn until_at(&self, place: Option<Area>) {
        let at = || async {
            let found = self.desk.place_of(TITLE).unwrap();
            assert!(found.is_none_or(|at| Area::CUSTOMER.x <= at.x), "on the counter: {found:?}");
            found == place
        };
        until(&format!("the customer's window at {place:?}"), PLACED_LIMIT_MS, at).await.unwrap();
    }

    /// Checks that the customer's window shows the code of this amount.
    async fn shows_code(&self, app: &App, amount_fen: i64, name: &str) {
        app.turn_to(Page::Customer).await.unwrap();
        app.see("[data-face=code]").await.unwrap();
        let path = picture(name);
        app.picture(&path).await.unwrap();
        let offered = self.customer.offered(amount_fen).await.unwrap();
        assert_eq!(codes_in(&path).unwrap(), offered);
        app.turn_to(Page::Counter).await.unwrap();
    }
}

#[tokio::test]
async fn a_code_goes_with_its_monitor_and_comes_back_with_it() {
    let mut shop = Shop::at(Desk::with_monitors().unwrap());
    shop.desk.plug_in().unwrap();
    let data = shop.fresh();
    let app = shop.open_ready(&data).await;
    app.speak(Language::Chinese).await.unwrap();
    shop.until_at(Some(Area::CUSTOMER)).await;
    app.show("12.50").await.unwrap();
    app.plate("code").await.unwrap();
    shop.shows_code(&app, 1_250, "zh-monitor-code").await;

    shop.desk.unplug().unwrap();
    shop.until_at(None).await;
    let offered = shop.customer.offered(1_250).await.unwrap();
    shop.customer.scan(&offered[0], Manner::Pays).await.unwrap();
    app.plate("paid").await.unwrap();
    app.arm("8.80").await.unwrap();
    let code = shop.customer.show_payment_code(Manner::Pays).await.unwrap();
    app.scan(&code).await.unwrap();
    app.plate("paid").await.unwrap();
    assert_eq!(shop.customer.taken(Flow::Scan, 880).await.unwrap(), 1);
    app.show("3.20").await.unwrap();
    app.plate("code").await.unwrap();
    assert_eq!(shop.desk.place_of(TITLE).unwrap(), None, "the code fell on the counter");

    shop.desk.plug_in().unwrap();
    shop.until_at(Some(Area::CUSTOMER)).await;
    shop.shows_code(&app, 320, "zh-monitor-back").await;
    let offered = shop.customer.offered(320).await.unwrap();
    shop.customer.scan(&offered[0], Manner::Pays).await.unwrap();
    app.plate("paid").await.unwrap();
    app.turn_to(Page::Customer).await.unwrap();
    app.see(".customer[data-state=paid]").await.unwrap();
    app.close().await.unwrap();
}

#[tokio::test]
async fn a_window_whose_monitor_is_not_there_yet_waits_for_it() {
    let mut shop = Shop::at(Desk::with_monitors().unwrap());
    let data = shop.fresh();
    let mut start = shop.channel.window(&data);
    let store = shop.desk.store_file(&["customer_monitor = \"DUMMY1\""]).unwrap();
    start.variables.push(("MIANFU_STORE".to_owned(), store.display().to_string()));
    let app = App::open(&shop.desk, &start).await.unwrap();
    app.turn_to(Page::Counter).await.unwrap();
    app.wait_until_ready().await.unwrap();
    app.arm("8.80").await.unwrap();
    let code = shop.customer.show_payment_code(Manner::Pays).await.unwrap();
    app.scan(&code).await.unwrap();
    app.plate("paid").await.unwrap();
    app.show("3.20").await.unwrap();
    app.plate("code").await.unwrap();
    app.turn_to(Page::Customer).await.unwrap();
    app.see("[data-face=code]").await.unwrap();
    assert_eq!(shop.desk.place_of(TITLE).unwrap(), None, "the code fell on the counter");

    shop.desk.plug_in().unwrap();
    shop.until_at(Some(Area::CUSTOMER)).await;
    shop.shows_code(&app, 320, "zh-monitor-chosen").await;
    app.close().await.unwrap();
}

#[tokio::test]
async fn a_till_with_one_monitor_moves_the_window_to_the_first_other() {
    let mut shop = Shop::at(Desk::with_monitors().unwrap());
    let data = shop.fresh();
    let app = shop.open_ready(&data).await;
    let beside = || async { shop.desk.place_of(TITLE).unwrap().is_some_and(|at| at.x == 0) };
    until("the customer's window beside the counter's", PLACED_LIMIT_MS, beside).await.unwrap();
    shop.desk.plug_in().unwrap();
    let moved = || async { shop.desk.place_of(TITLE).unwrap() == Some(Area::CUSTOMER) };
    until("the customer's window on its monitor", PLACED_LIMIT_MS, moved).await.unwrap();
    shop.desk.unplug().unwrap();
    shop.until_at(None).await;
    app.close().await.unwrap();
}
