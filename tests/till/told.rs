//! What practice tells without being asked, and what WeChat Pay signs falsely on purpose
//! (签名探测流量), as the gateway and the till read it.

use mianfu_core::attempt::Screen;
use mianfu_core::channel::{ChannelId, Flow};
use mianfu_core::money::Fen;
use mianfu_core::number::{OutTradeNo, RefundNo};
use mianfu_gateway::{
    Call, CallError, Channel, HttpReply, Stamp, Wechat, WechatEvent, WechatNotice,
};
use mianfu_practice::truth::{About, Form, RefundFate};
use mianfu_practice::{Answer, CustomerId, Fault, FaultKind, Manner, Notice, NoticeFault, Reply};
use mianfu_tests::shop::*;
use mianfu_till::Means;
use mianfu_till::notices::NoticeRefusal;
use mianfu_till::people::RefundWish;

const PROBE: &str = "WECHATPAY/SIGNTEST/";
const QUERY_V3: &str = "wechat.v3.query";

fn open() -> Shop {
    let mut shop = Shop::with(mianfu_tests::shop::Setup::both_channels);
    shop.wait(5_000);
    shop
}

fn wechat(shop: &Shop) -> Wechat<ShopKeys> {
    match shop.channel(ChannelId::Wechat) {
        Channel::Wechat(wechat) => wechat,
        Channel::Alipay(_) => panic!("it was asked for WeChat Pay"),
    }
}

/// A customer scans a shown code and pays.
fn shown(shop: &mut Shop) -> OutTradeNo {
    let no = shop.collect(1_250, Means::Show(ChannelId::Wechat)).unwrap();
    shop.wait(2_000);
    let qr = shop.qr(&no).unwrap();
    shop.practice.scan(shop.now.0, &qr, Manner::Pays).unwrap();
    assert_eq!(shop.end(&no).screen(), Screen::Paid);
    no
}

/// A customer's code is scanned, and they pay.
fn scanned(shop: &mut Shop) -> OutTradeNo {
    let channel = mianfu_practice::Channel::Wechat;
    let now_ms = shop.now.0;
    let code = shop.practice.show_payment_code_of(channel, now_ms, CustomerId(7), Manner::Pays);
    let no = shop.collect(1_250, Means::Scan(code)).unwrap();
    assert_eq!(shop.end(&no).screen(), Screen::Paid);
    no
}

/// Gives back 2.50 and lets it leave the till.
fn give_back(shop: &mut Shop, no: &OutTradeNo) -> RefundNo {
    let amount = Fen::new(250).unwrap();
    let wish = RefundWish { no: no.clone(), amount, intent_id: format!("back {no}") };
    let now = shop.till_now();
    shop.till().refund(&wish, "店长 01", now).unwrap();
    shop.wait(1_000);
    RefundNo::compose(no, 1).unwrap()
}

/// Returns the one notice that is due.
#[track_caller]
fn notice(shop: &Shop) -> Notice {
    let [notice] = <[Notice; 1]>::try_from(shop.practice.due_notices(shop.now.0)).unwrap();
    notice
}

fn opened(shop: &Shop, notice: &Notice) -> Result<WechatNotice, CallError> {
    wechat(shop).open_notice(&notice.headers, notice.body.as_bytes())
}

fn answered(shop: &mut Shop, notice: &Notice, status: u16) {
    let answer = Answer { status, headers: Vec::new(), body: Vec::new() };
    shop.practice.notice_answered(shop.now.0, &notice.about, Some(&answer));
}

#[test]
fn a_notice_of_a_payment_opens_and_names_its_attempt_each_time() {
    let mut shop = open();
    let no = shown(&mut shop);
    let first = notice(&shop);
    let told = opened(&shop, &first).unwrap();
    assert_eq!((told.id.as_deref(), &told.out_trade_no), (Some(first.id.as_str()), &no));
    assert_eq!(told.event, WechatEvent::Paid);
    answered(&mut shop, &first, 500);
    shop.wait(15_000);
    let second = notice(&shop);
    assert_ne!(first, second, "it is sealed and signed again");
    assert_eq!(opened(&shop, &second).unwrap(), told);
    answered(&mut shop, &second, 204);
    assert_eq!(shop.practice.next_notice_ms(), None);
}

#[test]
fn an_altered_notice_does_not_open() {
    let mut shop = open();
    shown(&mut shop);
    let genuine = notice(&shop);
    for (from, to) in
        [("SUCCESS", "success"), ("encrypt", "decrypt"), ("nonce\":\"", "nonce\":\"0")]
    {
        let body = genuine.body.replacen(from, to, 1);
        assert_ne!(body, genuine.body);
        let altered = opened(&shop, &Notice { body, ..genuine.clone() });
        assert!(matches!(altered, Err(CallError::BadSignature)), "{from}: {altered:?}");
    }
    let headers = genuine.headers.iter().filter(|(name, _)| name != "wechatpay-serial");
    let unnamed = Notice { headers: headers.cloned().collect(), ..genuine.clone() };
    assert!(opened(&shop, &unnamed).is_err(), "without a serial");
    assert!(opened(&shop, &genuine).is_ok());
}

#[test]
fn a_notice_of_a_refund_opens_however_it_ended() {
    for how in [RefundFate::Arrived, RefundFate::Abnormal, RefundFate::Closed] {
        let mut shop = open();
        let no = shown(&mut shop);
        let payment = notice(&shop);
        answered(&mut shop, &payment, 200);
        let refund_no = give_back(&mut shop, &no);
        shop.practice.end_refund(shop.now.0, refund_no.as_str(), how).unwrap();
        let told = opened(&shop, &notice(&shop)).unwrap();
        assert_eq!(told.out_trade_no, no);
        assert_eq!(told.event, WechatEvent::Refund(refund_no), "{how:?}");
    }
}

#[test]
fn a_scan_is_told_by_no_notice_and_its_refund_by_one_of_v2() {
    let mut shop = open();
    let portal = "https://notify.invalid/portal".to_owned();
    shop.practice.wechat_mut().unwrap().portal_url = Some(portal);
    let no = scanned(&mut shop);
    shop.wait(60_000);
    assert_eq!(shop.practice.next_notice_ms(), None, "a scanned payment has no notice");
    let refund_no = give_back(&mut shop, &no);
    shop.wait(10_000);
    let body = notice(&shop).body;
    let told = wechat(&shop).open_v2_refund_notice(body.as_bytes()).unwrap();
    assert_eq!((told.out_trade_no, told.event), (no, WechatEvent::Refund(refund_no)));
}

#[test]
fn a_probe_among_the_notices_does_not_open_and_the_genuine_one_follows() {
    let mut shop = open();
    shop.practice.wechat_mut().unwrap().probes_per_mille = 1_000;
    let no = shown(&mut shop);
    let probe = notice(&shop);
    let signature = probe.headers.iter().find(|(name, _)| name == "wechatpay-signature");
    assert!(signature.unwrap().1.starts_with(PROBE));
    let heard = opened(&shop, &probe);
    assert!(matches!(heard, Err(CallError::BadSignature)), "{heard:?}");
    answered(&mut shop, &probe, 401);
    shop.wait(15_000);
    assert_eq!(opened(&shop, &notice(&shop)).unwrap().out_trade_no, no);
}

#[test]
fn a_probe_among_the_answers_is_silence() {
    let mut shop = open();
    let no = shown(&mut shop);
    let channel = shop.channel(ChannelId::Wechat);
    let call = Call::Query { out_trade_no: no };
    let mut probes = 0;
    for _ in 0..16 {
        shop.practice.weather_mut().next_of(QUERY_V3, Fault::WrongSignature);
        let stamp = Stamp { now: shop.now, offset_ms: 0 };
        let request = channel.encode(&call, Flow::Show, stamp);
        let Reply::Answer { answer, .. } = shop.deliver(&request) else {
            panic!("an answer comes");
        };
        let Answer { status, headers, body } = answer;
        let signature = headers.iter().find(|(name, _)| name == "wechatpay-signature").unwrap();
        probes += usize::from(signature.1.starts_with(PROBE));
        let reply = HttpReply { status, headers, body };
        let heard = channel.decode(&call, Flow::Show, &reply, stamp);
        assert!(matches!(heard, Err(CallError::BadSignature)), "{heard:?}");
    }
    assert!((1..16).contains(&probes), "{probes} of 16 were probes, the others plainly false");
}

#[test]
fn a_till_that_hears_nothing_but_probes_goes_on_asking_and_finds_the_payment() {
    let mut shop = open();
    let no = shop.collect(1_250, Means::Show(ChannelId::Wechat)).unwrap();
    shop.wait(2_000);
    let qr = shop.qr(&no).unwrap();
    shop.practice.weather_mut().set(FaultKind::WrongSignature, 1_000);
    shop.practice.scan(shop.now.0, &qr, Manner::Pays).unwrap();
    shop.wait(30_000);
    assert!(!shop.attempt(&no).is_final(), "no answer that came was one");
    let asked = shop.practice.weather().fired().get(&FaultKind::WrongSignature).copied();
    assert!(asked.is_some_and(|asked| 2 < asked), "{asked:?}");
    shop.practice.weather_mut().clear();
    assert_eq!(shop.end(&no).screen(), Screen::Paid);
    shop.settle();
    assert_eq!(shop.findings(), []);
}

#[test]
fn a_till_believes_what_practice_posts_and_none_of_its_lies() {
    for (channel, form) in [(ChannelId::Alipay, Form::Alipay), (ChannelId::Wechat, Form::V3)] {
        let mut shop = open();
        let no = shop.collect(1_250, Means::Show(channel)).unwrap();
        shop.wait(500);
        let qr = shop.qr(&no).expect("a code is drawn");
        shop.network = Network::Swallows;
        let now_ms = shop.now.0;
        let payment = About::Payment { out_trade_no: no.as_str().to_owned() };
        shop.practice.want_notice(now_ms, payment.clone(), "https://notify.invalid/", form);
        let hear = |shop: &mut Shop, notice: &Notice| {
            let now = shop.till_now();
            shop.till().notice(channel, &notice.headers, notice.body.as_bytes(), now)
        };
        let lies = [NoticeFault::Forged, NoticeFault::AnotherAmount, NoticeFault::AnotherShop];
        for (paid, expected) in [(false, 1), (true, 3)] {
            if paid {
                shop.practice.scan(now_ms, &qr, Manner::Pays).unwrap();
            }
            let told = |fault| shop.practice.false_notice(now_ms, &payment, fault);
            let told: Vec<_> = lies.into_iter().filter_map(told).collect();
            assert_eq!(told.len(), expected, "{form:?}: of what nobody paid there is one lie");
            for lie in told {
                let heard = hear(&mut shop, &lie);
                assert!(matches!(heard, Err(NoticeRefusal::NotBelieved(_))), "{heard:?}");
                assert!(!shop.attempt(&no).is_final(), "{form:?}");
            }
        }
        let genuine = notice(&shop);
        hear(&mut shop, &genuine).unwrap();
        assert_eq!(shop.screen(&no), Screen::Paid, "{form:?}");
    }
}
