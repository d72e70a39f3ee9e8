//! What becomes of notices in bad weather, and what liars make of them.

use std::collections::BTreeMap;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mianfu_practice::truth::{About, Form};
use mianfu_practice::{APP_ID, Answer, FaultKind, Manner, NoticeFault, Post, Practice, Reply};
use serde_json::{Value, json};

use super::alipay_notices::{URL, read};
use super::shop::{self, sale};
use super::wechat_shop::{self, FIRST_SERIAL, MCHID, V2_KEY, V3_KEY, open, sign};

fn posts(practice: &mut Practice, now_ms: i64) -> Vec<Post> {
    practice.posts(now_ms, |_| true)
}

fn thanks() -> Answer {
    Answer { status: 200, headers: Vec::new(), body: b"success".to_vec() }
}

fn fired(practice: &Practice) -> Vec<(NoticeFault, u64)> {
    practice.weather().notices().fired().iter().map(|(fault, count)| (*fault, *count)).collect()
}

/// An Alipay code that a customer pays at once, under a fault that waits for its notice.
fn sold_under(fault: NoticeFault) -> (shop::Shop, Vec<Post>) {
    let mut shop = shop::Shop::new();
    let qr = shop.shown("T1", "12.50");
    assert_eq!(posts(&mut shop.practice, shop.now_ms), vec![]);
    shop.practice.scan(shop.now_ms, &qr, Manner::Pays).unwrap();
    shop.practice.weather_mut().notices_mut().next(fault);
    let posts = posts(&mut shop.practice, shop.now_ms);
    assert_eq!(fired(&shop.practice), [(fault, 1)]);
    (shop, posts)
}

/// What is said of each post: its delay, whether its answer counts, and what it is for.
fn marks(posts: &[Post]) -> Vec<(u32, bool, Option<NoticeFault>)> {
    posts.iter().map(|post| (post.delay_ms, post.counts, post.fault)).collect()
}

#[test]
fn a_notice_is_taken_once_until_it_is_answered_or_put_back() {
    let mut shop = shop::Shop::new();
    let qr = shop.shown("T1", "12.50");
    shop.practice.scan(shop.now_ms, &qr, Manner::Pays).unwrap();
    assert_eq!(shop.practice.next_post_ms(|_| true), Some(shop.now_ms));
    assert_eq!(shop.practice.posts(shop.now_ms, |_| false), vec![], "nobody can be reached");
    assert_eq!(shop.practice.next_post_ms(|_| false), None);
    let taken = posts(&mut shop.practice, shop.now_ms);
    assert_eq!(marks(&taken), [(0, true, None)]);
    assert_eq!(taken[0].url, URL);
    assert!(read(&taken[0].body).1);
    assert_eq!(
        (posts(&mut shop.practice, shop.now_ms), shop.practice.next_post_ms(|_| true)),
        (vec![], None)
    );
    shop.practice.put_back(&taken[0].about);
    assert_eq!(posts(&mut shop.practice, shop.now_ms), taken);
    shop.practice.notice_answered(shop.now_ms, &taken[0].about, Some(&thanks()));
    assert_eq!(
        (posts(&mut shop.practice, shop.now_ms), shop.practice.next_post_ms(|_| true)),
        (vec![], None)
    );
}

#[test]
fn what_is_lost_comes_again_by_the_days() {
    let (mut shop, lost) = sold_under(NoticeFault::Lost);
    assert_eq!(lost, vec![]);
    for _ in 0..2 {
        let [post] = <[Post; 1]>::try_from(posts(&mut shop.practice, shop.now_ms)).unwrap();
        shop.practice.notice_answered(shop.now_ms, &post.about, None);
    }
    assert_eq!(shop.practice.next_post_ms(|_| true), Some(shop.now_ms + 240_000));
}

#[test]
fn a_notice_comes_twice_at_once_or_apart_or_long_after() {
    let table =
        [(NoticeFault::Twice, 0), (NoticeFault::TwiceApart, 221), (NoticeFault::Stale, 400_000)];
    for (fault, apart_ms) in table {
        let (mut shop, twice) = sold_under(fault);
        assert_eq!(marks(&twice), [(0, true, None), (apart_ms, false, Some(fault))]);
        assert_eq!((&twice[0].body, &twice[0].headers), (&twice[1].body, &twice[1].headers));
        shop.practice.notice_answered(shop.now_ms, &twice[0].about, Some(&thanks()));
        assert_eq!(shop.practice.next_post_ms(|_| true), None);
    }
}

#[test]
fn an_answer_is_held_back_until_the_notice_is_there() {
    let mut shop = shop::Shop::new();
    shop.practice.weather_mut().notices_mut().next(NoticeFault::BeforeReply);
    let qr = shop.shown("T1", "12.50");
    assert_eq!(fired(&shop.practice), [], "nobody can pay a code that nobody has seen");
    shop.practice.scan(shop.now_ms, &qr, Manner::WalksAway).unwrap();
    let query = shop.request("alipay.trade.query", &json!({ "out_trade_no": "T1" }));
    let mut delays = Vec::new();
    for _ in 0..2 {
        match shop.practice.handle(shop.now_ms, &query) {
            Reply::Answer { delay_ms, .. } => delays.push(delay_ms),
            Reply::Lost | Reply::Refused => panic!("nothing was lost"),
        }
    }
    assert_eq!(delays, [1_500, 0]);
    assert_eq!(fired(&shop.practice), [(NoticeFault::BeforeReply, 1)]);
    shop.practice.confirm(shop.now_ms + 700, "T1").unwrap();
    let posts = posts(&mut shop.practice, shop.now_ms + 700);
    assert_eq!(marks(&posts), [(0, true, None)], "paid, while the answer still says that it waits");
}

#[test]
fn a_payment_is_told_only_once_money_went_back() {
    let (mut shop, none) = sold_under(NoticeFault::AfterRefund);
    assert_eq!((none, shop.practice.next_post_ms(|_| true)), (vec![], None));
    shop.wait(3 * 3_600_000);
    assert_eq!(posts(&mut shop.practice, shop.now_ms), vec![]);
    shop.refund("T1", "2.50", "R1");
    assert_eq!(shop.practice.next_post_ms(|_| true), Some(shop.now_ms));
    let both = posts(&mut shop.practice, shop.now_ms);
    assert_eq!(marks(&both), [(0, true, None); 2]);
    let payment = read(&both[0].body).0;
    assert_eq!(
        (payment["trade_status"].as_str(), payment.get("gmt_refund")),
        ("TRADE_SUCCESS", None)
    );
}

#[test]
fn a_stranger_says_paid_before_anybody_has() {
    let mut shop = shop::Shop::new();
    shop.practice.weather_mut().notices_mut().set(NoticeFault::Forged, 1_000);
    let qr = shop.shown("T1", "12.50");
    assert_eq!(shop.practice.next_post_ms(|_| true), Some(shop.now_ms));
    let lie = posts(&mut shop.practice, shop.now_ms);
    assert_eq!(marks(&lie), [(0, false, Some(NoticeFault::Forged))]);
    let (fields, genuine) = read(&lie[0].body);
    assert!(!genuine, "{fields:?}");
    assert_eq!(
        (&*fields["out_trade_no"], &*fields["trade_status"], &*fields["total_amount"]),
        ("T1", "TRADE_SUCCESS", "12.50")
    );
    assert_eq!((fields["trade_no"].len(), &*fields["app_id"]), (28, APP_ID));
    assert_eq!(shop.practice.next_post_ms(|_| true), None, "once");
    shop.practice.scan(shop.now_ms, &qr, Manner::Pays).unwrap();
    let both = posts(&mut shop.practice, shop.now_ms);
    assert_eq!(marks(&both), [(0, false, Some(NoticeFault::Forged)), (1_000, true, None)]);
    assert_eq!((read(&both[0].body).1, read(&both[1].body).1), (false, true));
    assert_eq!(fired(&shop.practice), [(NoticeFault::Forged, 2)]);
}

#[test]
fn another_amount_and_another_shop_come_beside_the_genuine_one() {
    let (_, both) = sold_under(NoticeFault::AnotherAmount);
    let fault = Some(NoticeFault::AnotherAmount);
    assert_eq!(marks(&both), [(0, false, fault), (1_000, true, None)]);
    let (fields, genuine) = read(&both[0].body);
    assert_eq!((fields["total_amount"].as_str(), genuine), ("12.51", false));
    assert_eq!(fields["sign"], read(&both[1].body).0["sign"], "altered after it was signed");

    let (_, both) = sold_under(NoticeFault::AnotherShop);
    let fault = Some(NoticeFault::AnotherShop);
    assert_eq!(marks(&both), [(0, false, fault), (1_000, true, None)]);
    let (fields, genuine) = read(&both[0].body);
    assert_eq!((fields["out_trade_no"].as_str(), genuine), ("T1", true));
    assert!(
        fields["app_id"] != APP_ID && fields["seller_id"] != read(&both[1].body).0["seller_id"]
    );
}

/// A shown code of WeChat Pay that was paid, told at an address, and what is posted of it.
fn wechat_under(fault: NoticeFault, form: Form, url: &str) -> Vec<Post> {
    let mut shop = wechat_shop::Shop::new();
    shop.sold("9000000001", 1250);
    let about = About::Payment { out_trade_no: "9000000001".to_owned() };
    shop.practice.want_notice(shop.now_ms, about, url, form);
    shop.practice.weather_mut().notices_mut().next_of(form, fault);
    let posts = posts(&mut shop.practice, shop.now_ms);
    assert_eq!(fired(&shop.practice), [(fault, 1)]);
    assert_eq!(marks(&posts), [(0, false, Some(fault)), (1_000, true, None)]);
    posts
}

/// Says who signed a post of v3, and what it says to those who have the key.
fn opened(post: &Post) -> (Option<String>, Option<Value>) {
    let body = post.body.clone().into_bytes();
    let heard = open(&Answer { status: 200, headers: post.headers.clone(), body });
    let text = |name: &str| heard.body["resource"][name].as_str().unwrap();
    let sealed = STANDARD.decode(text("ciphertext")).unwrap();
    let payload = Payload { msg: &sealed, aad: text("associated_data").as_bytes() };
    let cipher = Aes256Gcm::new(Key::<Aes256Gcm>::from_slice(&V3_KEY));
    let plain = cipher.decrypt(Nonce::from_slice(text("nonce").as_bytes()), payload).ok();
    (heard.signed_by.clone(), plain.map(|plain| serde_json::from_slice(&plain).unwrap()))
}

#[test]
fn what_comes_beside_a_notice_of_v3_is_not_to_be_believed() {
    let url = "https://relay.invalid/notify/wechat/1/1";
    let lie = |fault| opened(&wechat_under(fault, Form::V3, url)[0]);
    assert_eq!(lie(NoticeFault::Forged), (None, None), "neither signed nor readable");
    let (signed_by, content) = lie(NoticeFault::AnotherAmount);
    assert_eq!((signed_by, &content.unwrap()["amount"]["total"]), (None, &json!(1251)));
    let signed_by = Some(FIRST_SERIAL.to_owned());
    assert_eq!(lie(NoticeFault::AnotherShop), (signed_by, None), "signed, and not readable");
}

#[test]
fn what_comes_beside_a_notice_of_v2_is_not_to_be_believed() {
    let url = "https://relay.invalid/notify/wechat/1/1";
    let read = |post: &Post| -> (BTreeMap<String, String>, bool) {
        let fields = wechat_shop::read(post.body.replace("\n</xml>", "</xml>").as_bytes());
        let hmac = fields.get("sign_type").map(String::as_str) == Some("HMAC-SHA256");
        let genuine = fields["sign"] == sign(&fields, V2_KEY, hmac);
        (fields, genuine)
    };
    for (fault, total, ours) in [
        (NoticeFault::Forged, "1250", true),
        (NoticeFault::AnotherAmount, "1251", true),
        (NoticeFault::AnotherShop, "1250", false),
    ] {
        let both = wechat_under(fault, Form::V2, url);
        let (fields, genuine) = read(&both[0]);
        assert_eq!((fields["total_fee"].as_str(), genuine), (total, false), "{fault:?}");
        assert_eq!(fields["mch_id"] == MCHID, ours, "{fault:?}");
        assert!(read(&both[1]).1, "the genuine one follows");
    }
}

#[test]
fn a_notice_strays_to_the_other_channels_address() {
    let fault = NoticeFault::AnotherChannel;
    let here = format!("https://relay.invalid/notify/wechat/{MCHID}/till-1");
    let there = format!("https://relay.invalid/notify/alipay/{APP_ID}/till-1");
    let both = wechat_under(fault, Form::V3, &here);
    assert_eq!((&both[0].url, &both[1].url), (&there, &here));
    assert_eq!(both[0].body, both[1].body);

    let mut shop = wechat_shop::Shop::new();
    let mut alipay = shop::Shop::new();
    let mut common = alipay.common("alipay.trade.precreate");
    common.push(("notify_url".to_owned(), there.clone()));
    let request = alipay.request_of(&common, &sale("T1", "12.50").to_string());
    let answer = shop.reply(&request).unwrap();
    let qr = alipay.open(&answer).node()["qr_code"].as_str().unwrap().to_owned();
    shop.practice.scan(shop.now_ms, &qr, Manner::Pays).unwrap();
    shop.practice.weather_mut().notices_mut().next(fault);
    let both = posts(&mut shop.practice, shop.now_ms);
    assert_eq!((&both[0].url, &both[1].url), (&here, &there));

    alipay.shown("T2", "12.50");
    alipay.paid("T3", "12.50");
    alipay.practice.weather_mut().notices_mut().next(fault);
    posts(&mut alipay.practice, alipay.now_ms);
    assert_eq!(fired(&alipay.practice), [], "there is no other channel");
}

/// Sells `count` times in a weather and posts what is due each time.
fn day(count: usize, change: impl FnOnce(&mut Practice)) -> (Vec<Post>, Practice) {
    let mut shop = shop::Shop::new();
    change(&mut shop.practice);
    let mut all = Vec::new();
    for number in 0..count {
        let number = format!("T{number}");
        let qr = shop.shown(&number, "12.50");
        shop.practice.scan(shop.now_ms, &qr, Manner::TypesPassword { after_ms: 2_000 }).unwrap();
        for _ in 0..2 {
            shop.query(&number);
            let posts = posts(&mut shop.practice, shop.now_ms);
            for post in posts.iter().filter(|post| post.counts) {
                shop.practice.notice_answered(shop.now_ms, &post.about, Some(&thanks()));
            }
            all.extend(posts);
            shop.wait(2_000);
        }
    }
    (all, shop.practice)
}

#[test]
fn each_kind_happens_by_chance_and_can_be_turned_off() {
    for fault in NoticeFault::ALL {
        let (_, practice) =
            day(3, |practice| practice.weather_mut().notices_mut().set(fault, 1_000));
        // There is no other channel here.
        let least = if fault == NoticeFault::AnotherChannel { 0 } else { 3 };
        let count = practice.weather().notices().fired().get(&fault).copied().unwrap_or(0);
        assert!(count >= least, "{fault:?} fired {count} times");
        let (posts, practice) = day(3, |practice| {
            practice.weather_mut().notices_mut().set(fault, 1_000);
            practice.weather_mut().notices_mut().set(fault, 0);
        });
        assert_eq!(fired(&practice), [], "{fault:?}");
        assert_eq!(marks(&posts), [(0, true, None); 3]);
    }
}

#[test]
fn the_same_seed_makes_the_same_notices_and_leaves_requests_alone() {
    let stormy = |practice: &mut Practice| {
        practice.weather_mut().set(FaultKind::Slow, 300);
        practice.weather_mut().notices_mut().storm();
    };
    let ((one, first), (other, second)) = (day(60, stormy), day(60, stormy));
    assert_eq!(one, other);
    assert_eq!(fired(&first), fired(&second));
    assert!(fired(&first).len() >= 7, "{:?}", fired(&first));
    let (_, calm) = day(60, |practice| practice.weather_mut().set(FaultKind::Slow, 300));
    assert_eq!(first.weather().fired(), calm.weather().fired());
    assert_eq!(first.truth().captured_fen(), calm.truth().captured_fen());
}
