//! Two wallets at one counter: WeChat's code shown and scanned, one wallet's code in the place of the
//! other's, and a wallet whose reversal is not let in.

use fantoccini::key::Key;
use mianfu_tests::window::{
    App, Channel, Customer, Desk, Flow, Language, Manner, Page, Wallet, codes_in,
};

use crate::{Shop, picture};

/// Both wallets on offer, in this language.
async fn both(language: Language) -> (Shop, App) {
    let mut shop = Shop::of_both(Desk::new().unwrap());
    let data = shop.fresh();
    let app = shop.open_ready(&data).await;
    app.wait_until_offered(Wallet::Wechat).await.unwrap();
    app.speak(language).await.unwrap();
    (shop, app)
}

#[tokio::test]
async fn a_shown_code_of_wechat_is_scanned_off_the_customers_window_and_paid() {
    let words = [
        (Language::Chinese, "请顾客用微信扫码付 ¥12.50", "已收款 ¥12.50 · 微信 "),
        (Language::English, "Customer scans with WeChat, ¥12.50", "Paid ¥12.50, WeChat "),
    ];
    for (language, code, paid) in words {
        let (shop, app) = both(language).await;
        app.show_of(Wallet::Wechat, "12.50").await.unwrap();
        assert_eq!(app.plate("code").await.unwrap(), code);
        app.turn_to(Page::Customer).await.unwrap();
        let seen = app.see("[data-face=code]").await.unwrap();
        for words in ["微信扫一扫", "Open WeChat, scan this code", "¥12.50"] {
            assert!(seen.replace([' ', '\n'], "").contains(&words.replace(' ', "")), "{seen}");
        }
        let path = picture("wallets-customer");
        app.picture(&path).await.unwrap();
        let codes = codes_in(&path).unwrap();
        assert_eq!(codes, shop.customer.offered(1250).await.unwrap());
        shop.customer.scan(&codes[0], Manner::Pays).await.unwrap();
        app.see(".customer[data-state=paid]").await.unwrap();
        app.turn_to(Page::Counter).await.unwrap();
        let said = app.plate("paid").await.unwrap();
        assert!(said.starts_with(paid), "{said}");
        assert_eq!(taken(&shop.customer, Flow::Show, 1250).await, (0, 1));
        app.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_scanned_code_of_either_wallet_is_charged_through_it_and_no_key_says_which() {
    let (shop, app) = both(Language::Chinese).await;
    for (wallet, amount, fen, paid) in [
        (Wallet::Wechat, "8.80", 880, "已收款 ¥8.80 · 微信 "),
        (Wallet::Alipay, "8.90", 890, "已收款 ¥8.90 · 支付宝 "),
    ] {
        app.arm(amount).await.unwrap();
        let code = shop.customer.show_payment_code_of(wallet, Manner::Pays).await.unwrap();
        app.scan(&code).await.unwrap();
        let said = app.plate("paid").await.unwrap();
        assert!(said.starts_with(paid), "{said}");
        let expected = if wallet == Wallet::Alipay { (1, 0) } else { (0, 1) };
        assert_eq!(taken(&shop.customer, Flow::Scan, fen).await, expected);
    }
    app.close().await.unwrap();
}

#[tokio::test]
async fn one_key_changes_the_wallet_of_a_code_and_the_first_can_no_longer_be_paid() {
    let (shop, app) = both(Language::Chinese).await;
    app.show_of(Wallet::Alipay, "12.50").await.unwrap();
    let first = shop.customer.offered(1250).await.unwrap();
    app.type_keys("*").await.unwrap();
    app.see(".plate[data-state=code][data-channel=wechat]").await.unwrap();
    let second = shop.customer.offered(1250).await.unwrap();
    assert_eq!((first.len(), second.len()), (1, 1), "one code stands at a time");
    assert_ne!(first, second);
    let refused = shop.customer.scan(&first[0], Manner::Pays).await;
    assert!(refused.is_err(), "the first code is void");
    app.turn_to(Page::Customer).await.unwrap();
    app.see("[data-face=code]").await.unwrap();
    let path = picture("wallets-changed");
    app.picture(&path).await.unwrap();
    assert_eq!(codes_in(&path).unwrap(), second);
    shop.customer.scan(&second[0], Manner::Pays).await.unwrap();
    app.turn_to(Page::Counter).await.unwrap();
    app.plate("paid").await.unwrap();
    assert_eq!(taken(&shop.customer, Flow::Show, 1250).await, (0, 1));
    app.key(Key::F3).await.unwrap();
    app.see("[data-screen=orders] .order[aria-current] .by").await.unwrap();
    app.picture(&picture("wallets-orders")).await.unwrap();
    app.key(Key::Escape).await.unwrap();
    // The next code is of the wallet that was used last.
    app.type_keys("3.20*").await.unwrap();
    app.see(".plate[data-state=code][data-channel=wechat]").await.unwrap();
    app.close().await.unwrap();
}

#[tokio::test]
async fn a_wallet_that_lets_no_reversal_in_is_shown_and_not_scanned() {
    let desk = Desk::new().unwrap();
    let channel = Channel::of_a_stranger(&desk).unwrap();
    let mut shop = Shop::on(desk, channel);
    let data = shop.fresh();
    let app = shop.open_ready(&data).await;
    app.speak(Language::Chinese).await.unwrap();
    let tile = app.see(".tile[data-health=unproven]").await.unwrap();
    assert!(tile.contains("微信") && tile.contains("请出示码"), "{tile}");

    app.arm("12.50").await.unwrap();
    let code = shop.customer.show_payment_code_of(Wallet::Wechat, Manner::Pays).await.unwrap();
    app.scan(&code).await.unwrap();
    let said = app.see(".notice").await.unwrap();
    assert!(said.contains("微信的付款码暂停收，没有扣款"), "{said}");
    assert!(said.contains("按 * 出示微信码，或用支付宝或现金"), "{said}");
    assert_eq!(taken(&shop.customer, Flow::Scan, 1250).await, (0, 0), "nothing has left the till");

    app.key(Key::F1).await.unwrap();
    let row = app.see("[data-screen=health] [data-of=wechat].care").await.unwrap();
    assert!(row.contains("certificate_file") && row.contains("过期没有"), "{row}");
    app.see("[data-screen=health] [data-of=alipay].good").await.unwrap();
    app.key(Key::Escape).await.unwrap();
    app.key(Key::Escape).await.unwrap();

    // The key shows the code of the wallet that could not be scanned.
    app.type_keys("-7.70*").await.unwrap();
    app.see(".plate[data-state=code][data-channel=wechat]").await.unwrap();
    let offered = shop.customer.offered(770).await.unwrap();
    shop.customer.scan(&offered[0], Manner::Pays).await.unwrap();
    app.plate("paid").await.unwrap();
    assert_eq!(taken(&shop.customer, Flow::Show, 770).await, (0, 1));
    app.close().await.unwrap();
}

/// Returns how many sales of this amount each wallet's ledger calls paid: Alipay's, then WeChat's.
async fn taken(customer: &Customer, flow: Flow, fen: i64) -> (usize, usize) {
    let alipay = customer.taken_by(Wallet::Alipay, flow, fen).await.unwrap();
    (alipay, customer.taken_by(Wallet::Wechat, flow, fen).await.unwrap())
}
