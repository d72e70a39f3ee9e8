//! Notices of all channels and generations: evidence like a query's answer while an attempt is open,
//! and only a reason to ask afterwards (M14).

use std::collections::BTreeMap;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mianfu_core::attempt::Screen;
use mianfu_core::channel::{ChannelId, Flow};
use mianfu_core::money::{Fen, Timestamp};
use mianfu_core::number::OutTradeNo;
use mianfu_core::refund::RefundPhase;
use mianfu_db::FindingKind;
use mianfu_gateway::{Call, Stamp};
use mianfu_practice::calendar::beijing_rfc3339;
use mianfu_practice::{CancelUnscanned, KeyedHash, Manner, Signer as _};
use mianfu_tests::shop::*;
use mianfu_till::Means;
use mianfu_till::notices::NoticeRefusal;
use mianfu_till::people::RefundWish;

/// Headers and a body, as the channel sends them.
type Sent = (Vec<(String, String)>, Vec<u8>);

/// What writes a notice about a number that is paid.
struct Kind {
    name: &'static str,
    channel: ChannelId,
    write: fn(&Paid) -> Sent,
}

const KINDS: [Kind; 3] = [
    Kind { name: "Alipay", channel: ChannelId::Alipay, write: alipay },
    Kind { name: "WeChat Pay v3", channel: ChannelId::Wechat, write: v3 },
    Kind { name: "WeChat Pay v2", channel: ChannelId::Wechat, write: v2 },
];

/// What a notice says.
struct Paid {
    no: String,
    trade_no: String,
    fen: i64,
    at: Timestamp,
}

impl Paid {
    /// What the channel says of a number, true or not.
    fn of(shop: &Shop, no: &OutTradeNo, fen: i64) -> Paid {
        let trade = shop.practice.truth().trade(no.as_str());
        let trade_no = trade.map_or("4200000000000000000000000001", |trade| &trade.trade_no);
        let no = no.as_str().to_owned();
        Paid { no, trade_no: trade_no.to_owned(), fen, at: shop.now }
    }

    /// The time as Alipay and v2 write it: 2026-11-21 10:00:00.
    fn written(&self) -> String {
        beijing_rfc3339(self.at.0)[..19].replace('T', " ")
    }
}

fn alipay(paid: &Paid) -> Sent {
    let yuan = format!("{}.{:02}", paid.fen / 100, paid.fen % 100);
    let app_id = mianfu_practice::Options::new(7).app_id;
    let written = paid.written();
    let fields = BTreeMap::from([
        ("app_id", app_id.as_str()),
        ("buyer_id", "2088000000000009"),
        ("charset", "utf-8"),
        ("gmt_payment", written.as_str()),
        ("notify_type", "trade_status_sync"),
        ("out_trade_no", &paid.no),
        ("total_amount", &yuan),
        ("trade_no", &paid.trade_no),
        ("trade_status", "TRADE_SUCCESS"),
    ]);
    let text: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let sign = KeyedHash::new(SECRET).sign(text.join("&").as_bytes());
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(&fields).append_pair("sign_type", "RSA2").append_pair("sign", &sign);
    (Vec::new(), form.finish().into_bytes())
}

fn v3(paid: &Paid) -> Sent {
    let plain = format!(
        r#"{{"appid":"{APP_ID}","mchid":"{MCH_ID}","out_trade_no":"{}","transaction_id":"{}","trade_state":"SUCCESS","success_time":"{}","amount":{{"total":{},"currency":"CNY"}}}}"#,
        paid.no,
        paid.trade_no,
        beijing_rfc3339(paid.at.0),
        paid.fen
    );
    sealed("TRANSACTION.SUCCESS", &plain, paid.at)
}

fn sealed(event: &str, plain: &str, at: Timestamp) -> Sent {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, V3_KEY.as_bytes()).unwrap());
    let nonce = Nonce::assume_unique_for_key(*b"fdasfjihihih");
    let mut text = plain.as_bytes().to_vec();
    key.seal_in_place_append_tag(nonce, Aad::from(b"transaction"), &mut text).unwrap();
    let body = format!(
        r#"{{"id":"3119dfba","event_type":"{event}","resource_type":"encrypt-resource","resource":{{"algorithm":"AEAD_AES_256_GCM","nonce":"fdasfjihihih","associated_data":"transaction","ciphertext":"{}"}}}}"#,
        STANDARD.encode(text)
    );
    let stamp = at.0.div_euclid(1_000).to_string();
    let signed = format!("{stamp}\ne59e78a6c3f7dfd7e84aabee71be0452\n{body}\n");
    let headers = [
        ("Wechatpay-Timestamp", stamp.as_str()),
        ("Wechatpay-Nonce", "e59e78a6c3f7dfd7e84aabee71be0452"),
        ("Wechatpay-Serial", PLATFORM_SERIAL),
        ("Wechatpay-Signature", &KeyedHash::new(SECRET).sign(signed.as_bytes())),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    (headers, body.into_bytes())
}

fn v2(paid: &Paid) -> Sent {
    let digits: String = paid.written().chars().filter(char::is_ascii_digit).collect();
    let fields = BTreeMap::from([
        ("appid", APP_ID),
        ("fee_type", "CNY"),
        ("mch_id", MCH_ID),
        ("nonce_str", "5d2b6c2a8db53831f7eda20af46e531c"),
        ("out_trade_no", &paid.no),
        ("result_code", "SUCCESS"),
        ("return_code", "SUCCESS"),
        ("time_end", &digits),
        ("transaction_id", &paid.trade_no),
    ]);
    let fen = paid.fen.to_string();
    let fields: Vec<(&str, &str)> =
        fields.into_iter().chain([("total_fee", fen.as_str())]).collect();
    let mut sorted = fields.clone();
    sorted.sort_unstable();
    let text: Vec<String> = sorted.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let key = hmac::Key::new(hmac::HMAC_SHA256, V2_KEY.as_bytes());
    let tag = hmac::sign(&key, format!("{}&key={V2_KEY}", text.join("&")).as_bytes());
    let sign: String = tag.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
    let elements: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("<{name}><![CDATA[{value}]]></{name}>"))
        .collect();
    let body = format!("<xml>{}<sign>{sign}</sign></xml>", elements.concat());
    (Vec::new(), body.into_bytes())
}

fn both() -> Shop {
    let mut shop = Shop::with(Setup::both_channels);
    shop.wait(5_000);
    shop
}

fn hear(shop: &mut Shop, channel: ChannelId, notice: &Sent) -> Result<(), NoticeRefusal> {
    let now = shop.till_now();
    shop.till().notice(channel, &notice.0, &notice.1, now)
}

/// A code is shown and the customer pays; from the drawing on the till hears nothing by itself.
fn paid_unheard(shop: &mut Shop, channel: ChannelId) -> OutTradeNo {
    let no = shop.collect(1_250, Means::Show(channel)).unwrap();
    shop.wait(500);
    let qr = shop.qr(&no).expect("a code is drawn");
    shop.network = Network::Swallows;
    shop.practice.scan(shop.now.0, &qr, Manner::Pays).unwrap();
    shop.wait(2_000);
    no
}

#[test]
fn a_notice_is_evidence_like_a_querys_answer() {
    for kind in KINDS {
        let mut shop = both();
        let no = paid_unheard(&mut shop, kind.channel);
        assert!(!shop.attempt(&no).is_final());
        let notice = (kind.write)(&Paid::of(&shop, &no, 1_250));
        for _ in 0..3 {
            hear(&mut shop, kind.channel, &notice).unwrap();
            assert_eq!(shop.screen(&no), Screen::Paid, "{}", kind.name);
        }
        shop.network = Network::Up;
        shop.settle();
        assert_eq!(shop.findings(), [], "{}: the same news again is none", kind.name);
        assert_eq!(shop.held_by_channel(&no), 1_250);
    }
}

#[test]
fn m13_a_notice_of_another_amount_is_held() {
    for kind in KINDS {
        let mut shop = both();
        let no = paid_unheard(&mut shop, kind.channel);
        let notice = (kind.write)(&Paid::of(&shop, &no, 125));
        hear(&mut shop, kind.channel, &notice).unwrap();
        let held = shop.attempt(&no);
        assert_eq!(held.screen(), Screen::Held, "{}", kind.name);
        assert!(!held.screen().goods_may_go() && !held.screen().may_charge_again());
    }
}

#[test]
pub(crate) fn m14_a_notice_that_contradicts_an_end_makes_a_question_and_no_refund() {
    for kind in KINDS {
        let mut shop = both();
        let no = shop.collect(1_250, Means::Show(kind.channel)).unwrap();
        shop.wait(500);
        shop.cancel(&no);
        assert_eq!(shop.end(&no).screen(), Screen::Closed, "{}", kind.name);
        shop.settle();
        let before = shop.sent.len();
        let notice = (kind.write)(&Paid::of(&shop, &no, 1_250));
        shop.network = Network::Swallows;
        for _ in 0..100 {
            hear(&mut shop, kind.channel, &notice).unwrap();
            shop.wait(10);
        }
        let counts = shop.till().db().read().queue().counts().unwrap();
        assert_eq!(counts.operations, 1, "{}: a hundred times the same is one question", kind.name);
        shop.network = Network::Up;
        shop.settle();
        let about = |sent: &&mianfu_tests::shop::Sent| sent.out_trade_no == no.as_str();
        let asked = shop.sent[before..].iter().filter(about).count();
        assert!((1..=2).contains(&asked), "{}: asked {asked} times", kind.name);
        assert_eq!(shop.screen(&no), Screen::Closed);
        let read = shop.till().db().read();
        assert_eq!(read.refunds().of_attempt(&no).unwrap().len(), 0, "{}", kind.name);
        assert_eq!(shop.findings(), [], "{}: the channel did not confirm it", kind.name);
    }
}

#[test]
fn m14_money_that_a_notice_tells_of_after_the_end_goes_back_once_the_channel_confirms_it() {
    let mut shop = Shop::with(|setup| {
        setup.options.cancel_unscanned = CancelUnscanned::FindsNothing;
    });
    let (no, qr) = shop.show_drawn(1_250);
    shop.cancel(&no);
    assert_eq!(shop.end(&no).screen(), Screen::Closed);
    // The code was photographed, and its cancel could not kill it.
    shop.practice.scan(shop.now.0, &qr, Manner::Pays).unwrap();
    let notice = alipay(&Paid::of(&shop, &no, 1_250));
    shop.network = Network::Swallows;
    hear(&mut shop, ChannelId::Alipay, &notice).unwrap();
    shop.wait(MINUTE_MS);
    assert_eq!(shop.calls(REFUND, &no), 0, "a notice alone moves nothing");
    shop.network = Network::Up;
    shop.settle();
    assert_eq!((shop.calls(REFUND, &no), shop.held_by_channel(&no)), (1, 0));
    assert_eq!(shop.findings(), [FindingKind::LateMoney]);
    assert_eq!(shop.screen(&no), Screen::Closed, "an end is never rewritten");
}

#[test]
pub(crate) fn law7_an_old_notice_a_hundred_times_is_one_finding() {
    let mut shop = Shop::with(|setup| {
        setup.options.cancel_unscanned = CancelUnscanned::FindsNothing;
    });
    let (no, qr) = shop.show_drawn(1_250);
    shop.cancel(&no);
    assert_eq!(shop.end(&no).screen(), Screen::Closed);
    // A photograph is paid, and the cancel arrives once more and sends the money back.
    shop.practice.scan(shop.now.0, &qr, Manner::Pays).unwrap();
    let notice = alipay(&Paid::of(&shop, &no, 1_250));
    let stamp = Stamp { now: shop.now, offset_ms: 0 };
    let cancel = Call::Reverse { out_trade_no: no.clone() };
    let cancel = shop.channel(ChannelId::Alipay).encode(&cancel, Flow::Show, stamp);
    shop.deliver(&cancel);
    assert_eq!(shop.held_by_channel(&no), 0);
    for _ in 0..100 {
        hear(&mut shop, ChannelId::Alipay, &notice).unwrap();
        shop.wait(MINUTE_MS);
    }
    shop.settle();
    assert!(100 <= shop.calls(QUERY, &no), "each of them made the till ask");
    assert_eq!(shop.findings(), [FindingKind::Contradicted]);
    assert_eq!(shop.calls(REFUND, &no), 0);
}

#[test]
pub(crate) fn a_notice_that_is_not_genuine_changes_nothing() {
    for kind in KINDS {
        let mut shop = both();
        let no = paid_unheard(&mut shop, kind.channel);
        let paid = Paid::of(&shop, &no, 1_250);
        let (headers, body) = (kind.write)(&paid);
        let mut altered = body.clone();
        altered[body.len() / 2] ^= 1;
        let mut forged = vec![
            (headers.clone(), altered),
            (headers.clone(), body[..body.len() - 9].to_vec()),
            (headers.clone(), Vec::new()),
            (headers.clone(), vec![b' '; 70_000]),
            (headers.clone(), [b"<!DOCTYPE x>", body.as_slice()].concat()),
        ];
        if !headers.is_empty() {
            forged.push((Vec::new(), body.clone()));
        }
        for notice in &forged {
            let refused = hear(&mut shop, kind.channel, notice);
            assert!(matches!(refused, Err(NoticeRefusal::NotBelieved(_))), "{refused:?}");
        }
        let elsewhere = match kind.channel {
            ChannelId::Alipay => ChannelId::Wechat,
            ChannelId::Wechat => ChannelId::Alipay,
        };
        assert!(hear(&mut shop, elsewhere, &(headers.clone(), body.clone())).is_err());
        // The other channel's own word about a number that is not of it.
        for other in KINDS.into_iter().filter(|other| other.channel == elsewhere) {
            let refused = hear(&mut shop, elsewhere, &(other.write)(&paid));
            assert!(matches!(refused, Err(NoticeRefusal::NotOfThisTill { .. })), "{refused:?}");
        }
        assert!(!shop.attempt(&no).is_final(), "{}", kind.name);
        shop.network = Network::Up;
        assert_eq!(shop.end(&no).screen(), Screen::Paid);
        let unknown = Paid { no: no.as_str().replace("90000", "90001"), ..paid };
        let refused = hear(&mut shop, kind.channel, &(kind.write)(&unknown));
        assert!(matches!(refused, Err(NoticeRefusal::NotOfThisTill { .. })), "{refused:?}");
    }
}

#[test]
pub(crate) fn m14_about_a_sale_of_before_this_start_a_notice_only_makes_the_till_ask() {
    for kind in KINDS {
        let mut shop = both();
        let no = paid_unheard(&mut shop, kind.channel);
        let notice = (kind.write)(&Paid::of(&shop, &no, 1_250));
        shop.restart(1_000);
        shop.wait(500);
        hear(&mut shop, kind.channel, &notice).unwrap();
        assert!(!shop.attempt(&no).is_final(), "{}: what was done since is not known", kind.name);
        shop.network = Network::Up;
        assert_eq!(shop.end(&no).screen(), Screen::Paid, "{}", kind.name);
        shop.settle();
    }
}

#[test]
fn a_notice_about_a_refund_makes_the_till_ask_at_once() {
    let mut shop = both();
    let no = paid_unheard(&mut shop, ChannelId::Wechat);
    shop.network = Network::Up;
    assert_eq!(shop.end(&no).screen(), Screen::Paid);
    let wish =
        RefundWish { no: no.clone(), amount: Fen::new(500).unwrap(), intent_id: "back".to_owned() };
    let now = shop.till_now();
    let id = shop.till().refund(&wish, "店长 01", now).unwrap();
    shop.wait(10_000);
    let refund = shop.till().refund_of(id).unwrap();
    assert_eq!(refund.phase, RefundPhase::Asking, "asked about once a minute");
    let refund_no = refund.refund_no().unwrap();
    let plain = format!(
        r#"{{"mchid":"{MCH_ID}","out_trade_no":"{no}","out_refund_no":"{}","refund_status":"SUCCESS"}}"#,
        refund_no.as_str()
    );
    let notice = sealed("REFUND.SUCCESS", &plain, shop.now);
    hear(&mut shop, ChannelId::Wechat, &notice).unwrap();
    shop.wait(1_000);
    let phase = shop.till().refund_of(id).unwrap().phase;
    assert!(matches!(phase, RefundPhase::Done { .. }), "{phase:?}");
    shop.settle();
}
