//! Notices in the real window: at practice a relay in the till brings a payment before the till has
//! asked, and the list of what the till relies on says how soon.

use fantoccini::key::Key;
use mianfu_tests::window::{App, Customer, Desk, Language, Manner, Page, Start, Wallet, codes_in};

use crate::picture;

#[tokio::test]
async fn at_practice_a_notice_turns_the_window_green_before_the_till_has_asked() {
    let desk = Desk::new().unwrap();
    let app = App::open(&desk, &Start::beside("mianfu")).await.unwrap();
    app.turn_to(Page::Counter).await.unwrap();
    app.speak(Language::Chinese).await.unwrap();
    app.wait_until_ready().await.unwrap();
    app.wait_until_offered(Wallet::Wechat).await.unwrap();
    let customer = Customer::at(&app.phone_page().await.unwrap());
    app.key(Key::F1).await.unwrap();
    let said = app.see("[data-screen=health] [data-of=hearing].good").await.unwrap();
    assert!(said.contains("已连上中继") && said.contains("中继在本程序内"), "{said}");
    app.key(Key::Escape).await.unwrap();
    for (wallet, payments) in [(Wallet::Alipay, 1), (Wallet::Wechat, 2)] {
        app.show_of(wallet, "12.50").await.unwrap();
        app.plate("code").await.unwrap();
        let name = format!("notice-{}", wallet.name());
        app.picture(&picture(&format!("{name}-code"))).await.unwrap();
        let codes = codes_in(&picture(&format!("{name}-code"))).unwrap();
        customer.scan(codes.first().unwrap(), Manner::Pays).await.unwrap();
        app.plate("paid").await.unwrap();
        app.picture(&picture(&format!("{name}-paid"))).await.unwrap();
        app.key(Key::F1).await.unwrap();
        let said = app.see("[data-screen=health] [data-of=hearing]").await.unwrap();
        // Each payment was brought by a notice, and none found by asking.
        assert!(said.contains("通知") && said.contains(&format!("近 {payments} 笔")), "{said}");
        assert!(!said.contains("付款到显示：查询"), "{said}");
        app.picture(&picture(&format!("{name}-health"))).await.unwrap();
        app.key(Key::Escape).await.unwrap();
    }
    app.speak(Language::English).await.unwrap();
    app.plate("paid").await.unwrap();
    app.picture(&picture("en-notice-paid")).await.unwrap();
    app.key(Key::F1).await.unwrap();
    let said = app.see("[data-screen=health] [data-of=hearing]").await.unwrap();
    assert!(said.contains("by notice (last 2)") && !said.contains("by asking"), "{said}");
    app.picture(&picture("en-notice-health")).await.unwrap();
    app.close().await.unwrap();
}
