//! An outage from its first silence to the last refund it held up: what a person sees of it, that
//! cash is taken meanwhile, and that a new sale does not wait for what is going out.

use fantoccini::key::Key;
use mianfu_tests::window::{
    App, Customer, Desk, Flow, Language, Manner, Page, Room, Sentences, until,
};
use serde_json::{Value, json};

use crate::{Shop, picture};

const SCREEN: &str = "3840x2160";
const USUAL: Room = Room { width: 1280, height: 800 };
const ROOMS: [Room; 2] = [Room { width: 1024, height: 768 }, USUAL];
const SILENT_LIMIT_MS: u64 = 60_000;
/// A refund that was not answered is tried again after half a minute at the latest.
const DRY_LIMIT_MS: u64 = 60_000;
const REFUNDS: i64 = 4;
const PAY: &str = "alipay.trade.pay";
/// What refunds ask.
const BACK: [&str; 2] = ["alipay.trade.fastpay.refund.query", "alipay.trade.refund"];
const WAITING: &str = "[data-screen=health] [data-of=refunds]";
const CHIP: &str = "[data-chip=unknown]";

#[tokio::test]
async fn an_outage_is_seen_sold_through_in_cash_and_drains_behind_new_sales() {
    let mut shop = Shop::at(Desk::with_screen(SCREEN).unwrap());
    let app = opened(&mut shop).await;
    app.resize(USUAL).await.unwrap();
    app.speak(Language::Chinese).await.unwrap();
    pay(&shop.customer, &app, "12.50").await;

    falls_silent_over(&shop.customer, &app, "15.00").await;
    app.take_cash("8.80", "10").await.unwrap();
    app.plate("cash_taken").await.unwrap();
    ask_back(&app).await;
    seen_waiting(&app).await;

    comes_back(&shop.customer).await;
    app.see_within("[data-of=alipay].good", SILENT_LIMIT_MS).await.unwrap();
    app.see_text(&format!("{WAITING}.plain"), "照常收款，收款优先").await.unwrap();
    app.see_text(WAITING, "发完").await.unwrap();
    look(&app, "outage-drains").await;
    // A digit goes back to the counter and is the first of an amount.
    pay(&shop.customer, &app, "6.60").await;
    app.key(Key::F1).await.unwrap();
    assert!(app.has(WAITING).await, "the sale waited for the queue");

    let dry = || async { !app.has(WAITING).await };
    until("the queue to be empty", DRY_LIMIT_MS, dry).await.unwrap();
    app.see_gone(CHIP).await.unwrap();
    app.key(Key::Escape).await.unwrap();
    app.plate("paid").await.unwrap();
    assert_eq!(given_back(&shop.customer).await, REFUNDS * 100, "each of them once");
    for fen in [660, 1_500] {
        assert_eq!(shop.customer.taken(Flow::Scan, fen).await.unwrap(), 1);
    }
    app.close().await.unwrap();
}

/// Opens the window of a store that wants no sound: the virtual counter has nothing to hear with.
async fn opened(shop: &mut Shop) -> App {
    let data = shop.fresh();
    let mut start = shop.channel.window(&data);
    let store = shop.desk.store_file(&["sound = false", "voice = false"]).unwrap();
    start.variables.push(("MIANFU_STORE".to_owned(), store.display().to_string()));
    let app = App::open(&shop.desk, &start).await.unwrap();
    app.turn_to(Page::Counter).await.unwrap();
    app.wait_until_ready().await.unwrap();
    app
}

/// Takes a sale whose customer pays at once.
async fn pay(customer: &Customer, app: &App, amount: &str) {
    app.arm(amount).await.unwrap();
    let code = customer.show_payment_code(Manner::Pays).await.unwrap();
    app.scan(&code).await.unwrap();
    app.plate("paid").await.unwrap();
}

/// The answer to a sale is lost, and nothing is reached any more.
async fn falls_silent_over(customer: &Customer, app: &App, amount: &str) {
    app.arm(amount).await.unwrap();
    let code = customer.show_payment_code(Manner::Pays).await.unwrap();
    let lost = json!({ "method": PAY, "fault": { "kind": "answer_lost" } });
    let gone = json!({ "chances": { "refused": 1000 }, "next": [lost] });
    customer.weather(&gone).await.unwrap();
    app.scan(&code).await.unwrap();
    app.plate("unknown").await.unwrap();
    app.key(Key::F6).await.unwrap();
    app.see_within(".tile[data-health=silent]", SILENT_LIMIT_MS).await.unwrap();
    app.see_text(CHIP, "1 笔结果未知 ¥15.00").await.unwrap();
    app.see_text(CHIP, "最早").await.unwrap();
    let banner = app.content(".plate [data-say=todo]").await.unwrap();
    assert!(banner.contains("支付宝") && banner.contains("新单请用现金"), "{banner}");
    look(app, "outage-silent").await;
}

/// Asks for parts of the first sale back, one after the other.
async fn ask_back(app: &App) {
    app.key(Key::F3).await.unwrap();
    app.see("[data-screen=orders] .order[aria-current]").await.unwrap();
    // Newest first: the cash, what nobody knows of, what was paid.
    app.key(Key::Down).await.unwrap();
    app.key(Key::Down).await.unwrap();
    app.see_text(".order[aria-current]", "¥12.50").await.unwrap();
    for _ in 0..REFUNDS {
        app.key(Key::F2).await.unwrap();
        app.see(".plate[data-state=refund]").await.unwrap();
        app.type_keys("1").await.unwrap();
        app.key(Key::Enter).await.unwrap();
        app.give_pin().await.unwrap();
        app.see("[data-screen=orders] .notice").await.unwrap();
    }
}

/// What waits is counted, with its age and its next try, in every room.
async fn seen_waiting(app: &App) {
    app.key(Key::F1).await.unwrap();
    app.see_text(&format!("{WAITING}.care"), &format!("{REFUNDS} 笔待发")).await.unwrap();
    app.see_text(WAITING, "支付宝有应答就自动发出，不用重做").await.unwrap();
    app.see_text(WAITING, "最早").await.unwrap();
    app.see_text(WAITING, "再试").await.unwrap();
    app.see_text("[data-of=sales]", "1 笔结果未知 ¥15.00").await.unwrap();
    app.see("[data-of=alipay].care").await.unwrap();
    look(app, "outage-waits").await;
    for room in Room::ALL {
        app.resize(room).await.unwrap();
        for sentences in [Sentences::Own, Sentences::Longer] {
            let crowded = app.crowded(sentences).await.unwrap();
            assert_eq!(crowded, Vec::<String>::new(), "{room:?} {sentences:?}");
        }
    }
    app.resize(USUAL).await.unwrap();
}

/// The network is back; whatever refunds ask takes four seconds, so that they are still going out
/// while the next customer pays.
async fn comes_back(customer: &Customer) {
    let slow =
        |method: &str| json!({ "method": method, "fault": { "kind": "slow", "delay_ms": 4_000 } });
    let next: Vec<Value> = BACK.iter().flat_map(|method| vec![slow(method); 8]).collect();
    customer.weather(&json!({ "begin": "clear", "next": next })).await.unwrap();
}

/// What practice's ledger says went back, in fen.
async fn given_back(customer: &Customer) -> i64 {
    let trades = customer.trades().await.unwrap();
    trades.iter().filter_map(|trade| trade["refunded_fen"].as_i64()).sum()
}

/// Takes a picture in both languages and in the smallest and the usual window.
async fn look(app: &App, name: &str) {
    for room in ROOMS {
        app.resize(room).await.unwrap();
        for (language, short) in [(Language::English, "en"), (Language::Chinese, "zh")] {
            app.speak(language).await.unwrap();
            let file = format!("{short}-{name}-{}x{}", room.width, room.height);
            app.picture(&picture(&file)).await.unwrap();
        }
    }
}
