//! Both flows in both languages: what the cashier reads, and what the customer sees.

use mianfu_tests::window::{App, Language, Manner, Page, codes_in};
use serde_json::json;

use crate::{Shop, picture};

/// What a language says.
struct Words {
    language: Language,
    name: &'static str,
    due: &'static str,
    code: &'static str,
    typing: &'static str,
    paid: &'static str,
    hand_over: &'static str,
    unknown: &'static str,
    declined: &'static str,
    closed: &'static str,
}

const CHINESE: Words = Words {
    language: Language::Chinese,
    name: "zh",
    due: "应收 ¥8.80",
    code: "请顾客用支付宝扫码付 ¥12.50",
    typing: "等顾客确认，还剩 ",
    paid: "已收款 ¥12.50 · 支付宝 ",
    hand_over: "可以交货",
    unknown: "结果未知",
    declined: "未扣款：余额不足",
    closed: "已撤销，没有扣款",
};

const ENGLISH: Words = Words {
    language: Language::English,
    name: "en",
    due: "Due ¥8.80",
    code: "Customer scans with Alipay, ¥12.50",
    typing: "Waiting for the customer, ",
    paid: "Paid ¥12.50, Alipay ",
    hand_over: "Hand over the goods",
    unknown: "Not known",
    declined: "Not charged: insufficient balance",
    closed: "Reversed, nothing was charged",
};

/// Whether what is known ends above the two answers.
const WHOLE_EVIDENCE: &str = "
    const box = (name) => document.querySelector(name).getBoundingClientRect();
    return box('.trail').bottom <= box('.answers').top;
";
/// Whether the answer that is lit fits on one line.
const ONE_LINE: &str = "
    const words = document.querySelector('[data-lit=true] span');
    return words.offsetHeight < 2 * parseFloat(getComputedStyle(words).fontSize);
";

#[track_caller]
fn check_says(said: &str, expected: &str) {
    assert!(said.trim().starts_with(expected), "the window says `{said}`, not `{expected}`");
}

#[tokio::test]
async fn both_flows_are_taken_in_chinese() {
    both_flows(&CHINESE).await;
}

#[tokio::test]
async fn both_flows_are_taken_in_english() {
    both_flows(&ENGLISH).await;
}

async fn both_flows(words: &Words) {
    let mut shop = Shop::new();
    let data = shop.fresh();
    let app = shop.open_ready(&data).await;
    app.speak(words.language).await.unwrap();
    take(&app, words, "zero").await;
    shown(&shop, &app, words).await;
    scanned(&shop, &app, words).await;
    unpaid(&shop, &app, words).await;
    history(&app, words).await;
    app.close().await.unwrap();
}

async fn shown(shop: &Shop, app: &App, words: &Words) {
    app.show("12.50").await.unwrap();
    check_says(&app.plate("code").await.unwrap(), words.code);
    take(app, words, "code").await;
    app.turn_to(Page::Customer).await.unwrap();
    app.see("[data-face=code]").await.unwrap();
    let path = take(app, words, "customer-code").await;
    let offered = shop.customer.offered(1250).await.unwrap();
    assert_eq!(codes_in(&path).unwrap(), offered, "the customer scans what the channel offered");

    shop.customer.scan(&offered[0], Manner::TypesPassword { after_ms: 5_000 }).await.unwrap();
    app.see_gone("[data-face=code]").await.unwrap();
    take(app, words, "customer-typing").await;
    app.turn_to(Page::Counter).await.unwrap();
    check_says(&app.plate("typing").await.unwrap(), words.typing);
    whole(app, WHOLE_EVIDENCE, "the answers stand on the evidence").await;
    take(app, words, "typing").await;
    check_says(&app.plate("paid").await.unwrap(), words.paid);
    whole(app, ONE_LINE, "the lit answer takes two lines").await;
    let todo = app.content(".plate[data-state=paid] [data-say=todo]").await.unwrap();
    check_says(&todo, words.hand_over);
    take(app, words, "paid").await;
    app.turn_to(Page::Customer).await.unwrap();
    app.see(".customer[data-state=paid]").await.unwrap();
    take(app, words, "customer-paid").await;
    app.turn_to(Page::Counter).await.unwrap();
}

async fn whole(app: &App, script: &str, otherwise: &str) {
    assert_eq!(app.run(script).await.unwrap(), json!(true), "{otherwise}");
}

async fn scanned(shop: &Shop, app: &App, words: &Words) {
    app.arm("8.80").await.unwrap();
    check_says(&app.plate("due").await.unwrap(), words.due);
    take(app, words, "due").await;
    app.turn_to(Page::Customer).await.unwrap();
    app.see("[data-face=amount]").await.unwrap();
    take(app, words, "customer-amount").await;
    app.turn_to(Page::Counter).await.unwrap();
    let manner = Manner::TypesPassword { after_ms: 6_000 };
    let code = shop.customer.show_payment_code(manner).await.unwrap();
    app.scan(&code).await.unwrap();
    app.plate("typing").await.unwrap();
    take(app, words, "scan-typing").await;
    app.plate("paid").await.unwrap();
    take(app, words, "scan-paid").await;
}

/// What does not end paid: a customer without money, a code taken back, a channel that is silent.
async fn unpaid(shop: &Shop, app: &App, words: &Words) {
    app.arm("3.10").await.unwrap();
    let code = shop.customer.show_payment_code(Manner::TooLittleMoney).await.unwrap();
    app.scan(&code).await.unwrap();
    check_says(&app.plate("declined").await.unwrap(), words.declined);
    take(app, words, "declined").await;

    app.show("3.20").await.unwrap();
    app.plate("code").await.unwrap();
    app.type_keys("-").await.unwrap();
    check_says(&app.plate("closed").await.unwrap(), words.closed);
    take(app, words, "closed").await;
    app.turn_to(Page::Customer).await.unwrap();
    assert!(!app.has("[data-face=code]").await, "a code that is taken back is a stale code");
    app.turn_to(Page::Counter).await.unwrap();

    app.arm("3.30").await.unwrap();
    let code = shop.customer.show_payment_code(Manner::Pays).await.unwrap();
    let lost = json!({ "chances": { "answer_lost": 1000 } });
    shop.customer.weather(&lost).await.unwrap();
    app.scan(&code).await.unwrap();
    check_says(&app.plate("unknown").await.unwrap(), words.unknown);
    take(app, words, "unknown").await;
    shop.customer.weather(&json!({ "begin": "clear" })).await.unwrap();
    app.plate("paid").await.unwrap();
}

async fn history(app: &App, words: &Words) {
    app.press("[data-key=orders]").await.unwrap();
    app.see("[data-screen=orders]").await.unwrap();
    app.see(".events li").await.unwrap();
    take(app, words, "orders").await;
    app.press("[data-key=escape]").await.unwrap();
    app.see("[data-screen=sell]").await.unwrap();
}

async fn take(app: &App, words: &Words, name: &str) -> std::path::PathBuf {
    let path = picture(&format!("{}-{name}", words.name));
    app.picture(&path).await.unwrap();
    path
}
