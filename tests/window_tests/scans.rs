//! Scans that are no payment code, by real keys in the real window: each is named, with what to do,
//! the amount stands and nothing is charged.

use fantoccini::key::Key;
use mianfu_tests::window::{App, Blow, CAPS_LOCK, Flow, Language, Manner};

use crate::Shop;

/// A scan, and what is said of it in Chinese and in English.
type Wrong = (&'static str, &'static str, &'static str);

const WRONG: [Wrong; 16] = [
    ("6901028075831", "扫到的是商品条码：请扫", "That is a product’s barcode: Scan"),
    ("96385074", "扫到的是商品条码：请扫", "That is a product’s barcode: Scan"),
    ("036000291452", "扫到的是商品条码：请扫", "That is a product’s barcode: Scan"),
    ("VIP-0042", "这像是会员卡", "That looks like a member card: Scan"),
    ("*123456*", "这像是会员卡", "That looks like a member card: Scan"),
    ("https://qr.alipay.com/fkx0", "这是收款码", "That code receives money: Ask"),
    ("wxp://f2f0abcdef", "这是收款码", "That code receives money: Ask"),
    ("https://qr.95516.com/000/1", "这是收款码", "That code receives money: Ask"),
    ("https://example.com/a+b", "这是网址", "That code is a web address: Ask"),
    ("28123456789012", "没有扫全：请再扫一次", "The code was cut short: Scan once more"),
    ("134567890123456789", "本机没有开通微信：请用", "WeChat is not taken at this till: Use"),
    ("6212345678901234567", "这是云闪付的码", "That is a UnionPay code, not taken here: Use"),
    ("213841235466778890011223344556", "几个码连在一起了", "Several codes ran together: Scan"),
    ("281234567890123456281234567890", "几个码连在一起了", "Several codes ran together: Scan"),
    ("9000001001000000070000000001", "这是小票上的单号", "That number is off a receipt: Scan"),
    ("91000010010000000129", "这是小票上的单号", "That number is off a receipt: Scan"),
];
/// As long as nobody's code.
const LONG: usize = 4_096;

/// Waits for what is said of a scan; the amount stands, and the till still waits for its code.
async fn expect(app: &App, said: &str) {
    app.see_text(".plate [role=alert]", said).await.unwrap();
    let amount = app.content(".plate[data-phase=armed] .amount").await.unwrap();
    assert_eq!(amount.replace([' ', '\n'], ""), "¥12.50", "{said}");
}

/// Scans after a pause, so that nothing is taken for the rest of the scan before.
async fn scan(app: &App, text: &str, end: &[char]) {
    scan_after(app, text, end, 700).await;
}

async fn scan_after(app: &App, text: &str, end: &[char], after_ms: u32) {
    let signs = text.chars().chain(end.iter().copied());
    let mut blows: Vec<Blow> = signs.map(|sign| Blow { sign, after_ms: 4 }).collect();
    blows[0].after_ms = after_ms;
    app.play(blows).await.unwrap();
}

/// Takes the amount off the plate, after a pause as before a scan.
async fn put_down(app: &App) {
    app.play(vec![Blow { sign: '-', after_ms: 700 }; 2]).await.unwrap();
    app.plate("zero").await.unwrap();
}

#[tokio::test]
async fn each_wrong_scan_is_named_and_charges_nothing() {
    let mut shop = Shop::new();
    let data = shop.fresh();
    let app = shop.open_ready(&data).await;
    let enter = char::from(Key::Enter);
    for language in [Language::Chinese, Language::English] {
        app.speak(language).await.unwrap();
        app.arm("12.50").await.unwrap();
        for (text, chinese, english) in WRONG {
            let said = if language == Language::Chinese { chinese } else { english };
            scan(&app, text, &[enter]).await;
            expect(&app, said).await;
        }
        put_down(&app).await;
    }
    assert_eq!(shop.customer.trades().await.unwrap().len(), 0);

    app.speak(Language::Chinese).await.unwrap();
    app.arm("12.50").await.unwrap();
    scan(&app, &"7".repeat(LONG), &[enter]).await;
    expect(&app, "扫到的内容太长").await;
    scan(&app, &format!("{CAPS_LOCK}wxp://f2f0abcdef{CAPS_LOCK}"), &[enter]).await;
    expect(&app, "这是收款码").await;
    assert_eq!(shop.customer.trades().await.unwrap().len(), 0);
    app.close().await.unwrap();
}

#[tokio::test]
async fn a_code_is_charged_once_however_a_scanner_ends_it() {
    let mut shop = Shop::new();
    let data = shop.fresh();
    let app = shop.open_ready(&data).await;
    app.speak(Language::Chinese).await.unwrap();
    let (enter, tab) = (char::from(Key::Enter), char::from(Key::Tab));
    for (nth, end) in [vec![enter], vec![tab], vec![enter, '\n'], vec![]].into_iter().enumerate() {
        app.arm("12.50").await.unwrap();
        let code = shop.customer.show_payment_code(Manner::Pays).await.unwrap();
        scan(&app, &code, &end).await;
        app.plate("paid").await.unwrap();
        assert_eq!(shop.customer.taken(Flow::Scan, 1_250).await.unwrap(), nth + 1);
        // Digits right behind a scan that nothing ended would be taken for its rest.
        app.play(vec![Blow { sign: '-', after_ms: 1_700 }]).await.unwrap();
        app.plate("zero").await.unwrap();
        // The same code again, and not while it may still lie under the scanner.
        app.arm("12.60").await.unwrap();
        scan_after(&app, &code, &[enter], 3_500).await;
        app.see_text(".plate [role=alert]", "这个付款码刚用过").await.unwrap();
        put_down(&app).await;
    }
    assert_eq!(shop.customer.taken(Flow::Scan, 1_260).await.unwrap(), 0);
    app.close().await.unwrap();
}
