//! A customer's bill under the scanner: its sale comes to the plate with one of the four answers
//! and the second at which the channel was asked.

use fantoccini::key::Key;
use mianfu_tests::window::{App, Flow, Language, Manner, Reply, until};
use serde_json::{Value, json};

use crate::{Shop, picture};

const LIMIT_MS: u64 = 20_000;
/// The time of day in the shop, whatever the machine's zone.
const CLOCK: &str = "
    return new Intl.DateTimeFormat('en-GB', { timeZone: 'Asia/Shanghai', timeStyle: 'medium' })
        .format(new Date(arguments[0]));
";
/// A customer who types until somebody changes their mind.
const SLOW: Manner = Manner::TypesPassword { after_ms: 55_000 };

/// Scans a customer's code and returns the number of the sale once the plate is in this state.
async fn sell(shop: &Shop, app: &App, amount: &str, manner: Manner, state: &str) -> String {
    app.arm(amount).await.unwrap();
    let code = shop.customer.show_payment_code(manner).await.unwrap();
    app.scan(&code).await.unwrap();
    app.plate(state).await.unwrap();
    front(app).await["outTradeNo"].as_str().unwrap().to_owned()
}

async fn front(app: &App) -> Value {
    let Reply::Answered(view) = app.invoke("counter", json!({})).await.unwrap() else {
        panic!("the counter is always told");
    };
    view["front"].clone()
}

/// Scans the bill of a sale that is over: its order opens with what became of it.
async fn tells(app: &App, number: &str, words: &[&str]) {
    app.scan_after(number, 700).await.unwrap();
    app.see("[data-screen=orders]").await.unwrap();
    for word in words {
        app.see_text("[data-screen=orders]", word).await.unwrap();
    }
}

/// Scans a bill and waits until the plate has its sale, says one of the four answers and names the
/// second at which the channel was asked, after the scan where it was asked at all.
async fn answers(app: &App, number: &str, answer: &str, asked_after_ms: Option<i64>) -> String {
    app.scan_after(number, 700).await.unwrap();
    let notice = format!(".plate .notice[data-answer-is={answer}]");
    let said = || async {
        let front = front(app).await;
        let asked_at = front["askedAtMs"].as_i64();
        if front["outTradeNo"] != number || asked_after_ms.is_some_and(|ms| asked_at <= Some(ms)) {
            return false;
        }
        let at = front["endedAtMs"].as_i64().or(asked_at);
        let at = app.run_with(CLOCK, vec![json!(at)]).await.unwrap();
        app.has(&notice).await
            && app.content(&notice).await.unwrap().starts_with(at.as_str().unwrap())
    };
    let came = until(&format!("{answer} at its second"), LIMIT_MS, said).await;
    let page = app.page_text().await;
    came.unwrap_or_else(|error| panic!("{error}; the page says: {page}"));
    app.content(&notice).await.unwrap()
}

/// Returns how many queries about this sale the channel has had.
async fn queries(shop: &Shop, number: &str) -> usize {
    let asked = shop.customer.asked().await.unwrap();
    let about =
        |one: &&Value| one["method"] == "alipay.trade.query" && one["out_trade_no"] == number;
    asked.iter().filter(about).count()
}

#[tokio::test]
async fn a_bill_scanned_at_an_empty_plate_is_answered() {
    let mut shop = Shop::new();
    let data = shop.fresh();
    let app = shop.open_ready(&data).await;
    app.speak(Language::Chinese).await.unwrap();
    let paid = sell(&shop, &app, "12.50", Manner::Pays, "paid").await;
    assert!(paid.len() == 28 && paid.starts_with("90"), "{paid}");
    let declined = sell(&shop, &app, "8.80", Manner::TooLittleMoney, "declined").await;
    for (language, name, of_paid, of_declined) in [
        (Language::Chinese, "zh", "不是现在这单", "没有收到钱"),
        (Language::English, "en", "not the sale of this moment", "no money came"),
    ] {
        app.speak(language).await.unwrap();
        app.type_keys("-").await.unwrap();
        app.plate("zero").await.unwrap();
        tells(&app, &paid, &[of_paid, "12.50"]).await;
        app.picture(&picture(&format!("{name}-bill-paid"))).await.unwrap();
        app.key(Key::Escape).await.unwrap();
        app.plate("zero").await.unwrap();
        let before = queries(&shop, &declined).await;
        tells(&app, &declined, &[of_declined]).await;
        app.key(Key::Escape).await.unwrap();
        app.plate("zero").await.unwrap();
        let asked = || async { before < queries(&shop, &declined).await };
        until("the channel to be asked once more", LIMIT_MS, asked).await.unwrap();
    }
    assert_eq!(shop.customer.trades().await.unwrap().len(), 2, "a bill charged somebody");
    app.close().await.unwrap();
}

#[tokio::test]
async fn a_bill_scanned_while_a_sale_waits_is_answered_and_loses_neither() {
    let mut shop = Shop::new();
    let data = shop.fresh();
    let app = shop.open_ready(&data).await;
    app.speak(Language::Chinese).await.unwrap();
    let paid = sell(&shop, &app, "12.50", Manner::Pays, "paid").await;
    let waiting = sell(&shop, &app, "8.80", SLOW, "typing").await;
    let before_ms = front(&app).await["askedAtMs"].as_i64();
    let said = answers(&app, &waiting, "typing", before_ms).await;
    assert!(said.contains("问过支付宝：等顾客确认"), "{said}");

    // A bill of before makes nothing green: the sale of the moment stays in front.
    tells(&app, &paid, &["不是现在这单"]).await;
    app.picture(&picture("zh-bill-while-waiting")).await.unwrap();
    app.key(Key::Escape).await.unwrap();
    app.plate("typing").await.unwrap();
    assert_eq!(front(&app).await["outTradeNo"], json!(waiting));
    answers(&app, &waiting, "typing", None).await;
    for trade in shop.customer.trades().await.unwrap() {
        if trade["out_trade_no"] == json!(waiting) {
            shop.customer.behave(&trade, Manner::Pays).await.unwrap();
        }
    }
    app.plate("paid").await.unwrap();
    assert_eq!(shop.customer.taken(Flow::Scan, 880).await.unwrap(), 1);

    app.speak(Language::English).await.unwrap();
    // The channel knows nothing of this sale and says so, which is no proof yet.
    let lost = json!({ "method": "alipay.trade.pay", "fault": { "kind": "request_lost" } });
    shop.customer.weather(&json!({ "next": [lost] })).await.unwrap();
    let unknown = sell(&shop, &app, "3.30", Manner::Pays, "unknown").await;
    let before_ms = front(&app).await["askedAtMs"].as_i64();
    let said = answers(&app, &unknown, "not_known", before_ms).await;
    assert!(said.contains("asked Alipay: Not known"), "{said}");
    assert_eq!(shop.customer.trades().await.unwrap().len(), 2, "a bill charged somebody");
    app.close().await.unwrap();
}
