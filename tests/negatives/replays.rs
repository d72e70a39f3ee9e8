//! 15–21 and 24: what was said once and is said again, at another time or of something else.

use mianfu_core::attempt::Screen;
use mianfu_core::channel::ChannelId;
use mianfu_gateway::{PlatformKey, WechatKeys};
use mianfu_practice::wechat::{Certificate, PlatformKey as SigningKey};
use mianfu_practice::{Answer, Manner};
use mianfu_relay::counts::Count;
use mianfu_tests::shop::*;
use mianfu_till::Means;
use mianfu_till::notices::NoticeRefusal;
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, SerialNumber, date_time_ymd};

use crate::books::business_hash;
use crate::door::fresh_nonce;
use crate::keys::{private_pem, signer, signers};
use crate::notices::*;
use crate::stand::*;

const DAY_MS: i64 = 24 * HOUR_MS;

/// The same notice once more: the till hears no news in it, and the relay keeps none.
#[track_caller]
fn says_nothing_new(stand: &mut Stand, when: &str, sent: &Notice) {
    let (before, kept) = (stand.hash(), stand.door.fingerprint());
    let status = stand.post(stand.kind.at, sent).status;
    match stand.kind.name {
        "Alipay" => assert_eq!(status, 200, "{when}: it is thanked for, being kept already"),
        // Its signature says when it was made; at the relay's door that is long ago.
        "v3" => assert_eq!(status, 401, "{when}"),
        _ => assert_eq!(status, 503, "{when}"),
    }
    assert_eq!(stand.door.fingerprint(), kept, "{}, {when}", stand.kind.name);
    stand.tell(stand.kind.channel, sent).unwrap();
    assert!(stand.hash() == before, "{}, {when}: the books changed", stand.kind.name);
    stand.shop.wait(MINUTE_MS);
    assert!(stand.hash() == before, "{}, {when}: nor later", stand.kind.name);
}

#[test]
pub(crate) fn n15_a_replay_after_minutes_a_day_or_a_refund_says_nothing_new() {
    at_each(|stand| {
        let sent = stand.genuine();
        let mut stand = stand.ends_paid();
        let no = stand.no.clone();
        stand.shop.wait(5 * MINUTE_MS + 1_000);
        says_nothing_new(&mut stand, "after 5 minutes", &sent);
        give_back(&mut stand.shop, &no, 500);
        stand.shop.settle();
        says_nothing_new(&mut stand, "after a part went back", &sent);
        give_back(&mut stand.shop, &no, PRICE - 500);
        stand.shop.settle();
        says_nothing_new(&mut stand, "after all of it went back", &sent);
        asleep(&mut stand.shop, DAY_MS + HOUR_MS);
        says_nothing_new(&mut stand, "after 25 hours", &sent);
        assert_eq!(stand.shop.held_by_channel(&no), 0);
        assert_eq!(stand.shop.practice.truth().trade(no.as_str()).unwrap().refunds.len(), 2);
        assert_eq!(stand.shop.findings(), []);
    });
}

#[test]
pub(crate) fn n16_a_time_that_is_not_the_moments_ends_at_the_door() {
    let channel = &signers().channel;
    let mut stand = Stand::open(V3);
    let body = stand.genuine().text();
    let now = stand.paid.at;
    // The till may have been asleep, so age is the door's matter alone: there it is refused, and
    // the till would be right to believe the channel's own word (M14).
    for off in [-6 * MINUTE_MS, 6 * MINUTE_MS, -301_000, 301_000, -DAY_MS, DAY_MS] {
        let sent = signed_json(channel, now.plus_ms(off), &body);
        stand.door_refuses("minutes away", "wechat", &sent);
    }
    let genuine = stand.genuine();
    stand.refuses("missing", &genuine.without("wechatpay-timestamp"));
    for written in [
        "",
        "-1",
        "-1795226402",
        "100000000000000000000",
        "+1795226402",
        "1795226402.0",
        "0x6b01",
        "1e9",
        "now",
        "１７９５",
    ] {
        // Signed over exactly this text, so that only the time is wrong.
        stand.refuses(written, &json_at(channel, written, &body));
    }
    for written in ["9223372036854775807", "9223372036854775", "0"] {
        stand.door_refuses(written, "wechat", &json_at(channel, written, &body));
    }
    // Set forward without the signature: the time is part of what is signed.
    let later = (now.0.div_euclid(1_000) + 1).to_string();
    stand.refuses("another time", &genuine.but_header("wechatpay-timestamp", &later));
    stand.ends_paid();
    // Alipay signs no time of sending; a written one that is old is just old.
    let mut stand = Stand::open(ALIPAY);
    let old = alipay_fields(&stand.paid);
    let forged = stand.genuine().but("notify_time=2026", "notify_time=2027");
    stand.refuses("another time", &forged);
    let unread = with(&with(&old, "gmt_payment", "yesterday"), "notify_id", "unread");
    stand.till_alone_refuses("no time", &signed_form(channel, &unread));
    stand.ends_paid();
}

#[test]
pub(crate) fn n17_a_nonce_of_before_signs_nothing_else() {
    let mut stand = Stand::open(V3);
    let genuine = stand.genuine();
    let mut paid = stand.paid.clone();
    paid.fen = 1;
    let other = Sealed::under(V3_KEY, &v3_plain(&paid)).body();
    let reused = Notice { body: other.into_bytes(), ..genuine.clone() };
    stand.refuses("another body under the same nonce", &reused);
    let swapped = genuine.but_header("wechatpay-nonce", &SIGNING_NONCE.replace("e5", "5e"));
    stand.refuses("another nonce", &swapped);
    stand.refuses("no nonce", &genuine.but_header("wechatpay-nonce", ""));
    let stand = stand.ends_paid();
    // What a till says to the relay is said once: whoever repeats it acknowledges nothing.
    let nonce = fresh_nonce();
    assert_eq!(stand.door.ack("epoch001-0", nonce).status, 204);
    let before = stand.door.fingerprint();
    for upto in ["epoch001-0", "epoch001-1"] {
        let reply = stand.door.ack(upto, nonce);
        assert_eq!((reply.status, reply.body.trim()), (401, "nonce"));
    }
    let reply = stand.door.stream_refused(nonce);
    assert_eq!((reply.status, reply.body.trim()), (401, "nonce"));
    assert_eq!(stand.door.fingerprint(), before);
    assert_eq!(stand.door.ack("epoch001-1", fresh_nonce()).status, 204);
    assert_ne!(stand.door.fingerprint(), before);
}

const SERIAL: &str = "5DEA10EF55877E3CF6C33255C2E7DEFFF7E427EC";

/// A platform certificate of the channel's key.
fn certificate() -> String {
    let pair = private_pem(&signers().channel);
    let pair = KeyPair::from_pem_and_sign_algo(&pair, &PKCS_RSA_SHA256).unwrap();
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    let byte = |at: usize| u8::from_str_radix(&SERIAL[at..at + 2], 16).unwrap();
    let bytes: Vec<u8> = (0..SERIAL.len()).step_by(2).map(byte).collect();
    params.serial_number = Some(SerialNumber::from(bytes));
    params.not_before = date_time_ymd(2024, 1, 1);
    params.not_after = date_time_ymd(2031, 1, 1);
    params.self_signed(&pair).unwrap().pem()
}

/// A shop at WeChat Pay alone, in certificate mode.
fn certified() -> Shop {
    let pem = certificate();
    let known = PlatformKey::from_certificate(&pem, TEN).unwrap();
    let keys = WechatKeys::new(&private_pem(&signers().merchant), [known]).unwrap();
    let certificate = Certificate { pem, effective_ms: 0, expire_ms: i64::MAX / 4 };
    let key = SigningKey {
        serial: SERIAL.to_owned(),
        certificate: Some(certificate),
        signer: Box::new(signer(&signers().channel)),
    };
    let mut shop = Shop::with(|setup| setup.certified(keys, key));
    shop.wait(5_000);
    shop
}

#[test]
pub(crate) fn n18_a_flood_of_unknown_serials_asks_for_keys_once() {
    let mut stand = Stand::open(V3);
    let genuine = stand.genuine();
    let unsigned = stand.door.count_of(Count::Unsigned);
    for nth in 0..300 {
        let unknown = genuine.but_header("wechatpay-serial", &format!("{nth:040X}"));
        stand.door_refuses("an unknown number", "wechat", &unknown);
    }
    assert_eq!(stand.door.count_of(Count::Unsigned) - unsigned, 300, "and asked nobody");
    stand.till_refuses(
        "an unknown number",
        ChannelId::Wechat,
        &genuine.but_header("wechatpay-serial", SERIAL),
    );
    stand.ends_paid();

    let mut shop = certified();
    let (no, qr) = shown(&mut shop, V3);
    shop.network = Network::Swallows;
    shop.practice.scan(shop.now.0, &qr, Manner::Pays).unwrap();
    shop.wait(2_000);
    shop.network = Network::Up;
    let paid = said(&shop, &no, PRICE);
    let genuine = v3(&paid).but_header("wechatpay-serial", SERIAL);
    let downloads = |shop: &Shop| {
        shop.sent.iter().filter(|sent| sent.method.ends_with("/certificates")).count()
    };
    let (asked, before) = (downloads(&shop), business_hash(&shop));
    let now = shop.till_now();
    for nth in 0..1_000 {
        let unknown = genuine.but_header("wechatpay-serial", &format!("{nth:040X}"));
        let told = shop.till().notice(ChannelId::Wechat, &unknown.headers, &unknown.body, now);
        assert!(matches!(told, Err(NoticeRefusal::UnknownKey)), "{told:?}");
    }
    assert!(business_hash(&shop) == before);
    shop.wait(100);
    assert_eq!(downloads(&shop) - asked, 1, "a thousand unknown numbers are one question");
    let told = shop.till().notice(ChannelId::Wechat, &genuine.headers, &genuine.body, now);
    assert!(told.is_ok(), "{told:?}");
    assert_eq!(shop.screen(&no), Screen::Paid);
    shop.settle();
    // Nor are they a storm where each comes after the last question was answered.
    let (asked, before) = (downloads(&shop), business_hash(&shop));
    for nth in 0..200 {
        let unknown = genuine.but_header("wechatpay-serial", &format!("{nth:040X}"));
        let now = shop.till_now();
        let told = shop.till().notice(ChannelId::Wechat, &unknown.headers, &unknown.body, now);
        assert!(matches!(told, Err(NoticeRefusal::UnknownKey)), "{told:?}");
        shop.wait(200);
    }
    let stormed = downloads(&shop) - asked;
    assert!(stormed <= 1, "{stormed} questions in 40 seconds");
    assert!(business_hash(&shop) == before);
}

#[test]
pub(crate) fn n19_a_signature_probe_is_refused_and_the_genuine_one_follows() {
    // Practice's own: some first notices carry a signature that is false on purpose (4013053249).
    let mut stand = Stand::open(V3);
    stand.shop.practice.wechat_mut().unwrap().probes_per_mille = 1_000;
    let [probe] = <[_; 1]>::try_from(stand.shop.practice.due_notices(stand.shop.now.0)).unwrap();
    let sent = Notice { headers: probe.headers.clone(), body: probe.body.clone().into_bytes() };
    let signature = sent.headers.iter().find(|(name, _)| name == "wechatpay-signature");
    assert!(signature.unwrap().1.starts_with("WECHATPAY/SIGNTEST/"));
    stand.refuses("a probe", &sent);
    let good = stand.genuine();
    let signature = &good.headers.iter().find(|(name, _)| name == "wechatpay-signature").unwrap().1;
    for mark in ["WECHATPAY/SIGNTEST/", "WECHATPAY/SIGNTEST", "wechatpay/signtest/"] {
        let marked = format!("{mark}{signature}");
        stand.refuses(mark, &good.but_header("wechatpay-signature", &marked));
    }
    let refused = Answer { status: 401, headers: Vec::new(), body: Vec::new() };
    stand.shop.practice.notice_answered(stand.shop.now.0, &probe.about, Some(&refused));
    stand.shop.wait(15_000);
    let [again] = <[_; 1]>::try_from(stand.shop.practice.due_notices(stand.shop.now.0)).unwrap();
    assert_eq!(again.id, probe.id, "the same notice, truly signed");
    let sent = Notice { headers: again.headers, body: again.body.into_bytes() };
    let handed = stand.handed_on("the repetition", &sent);
    stand.tell(ChannelId::Wechat, &handed).unwrap();
    stand.rests_paid();
}

#[test]
pub(crate) fn n20_a_sealed_part_that_was_altered_does_not_open() {
    let mut stand = Stand::open(V3);
    let good = || Sealed::under(V3_KEY, &v3_plain(&stand.paid));
    let flipped = |at: usize| {
        let mut sealed = good();
        let at = at.min(sealed.cipher.len() - 1);
        sealed.cipher[at] ^= 1;
        sealed
    };
    let length = good().cipher.len();
    let altered = [
        ("the tag's last bit", flipped(length)),
        ("the tag's first bit", flipped(length - 16)),
        ("the content's first bit", flipped(0)),
        ("the amount", flipped(length - 40)),
        ("cut short", Sealed { cipher: good().cipher[..length - 1].to_vec(), ..good() }),
        ("without its tag", Sealed { cipher: good().cipher[..length - 16].to_vec(), ..good() }),
        ("empty", Sealed { cipher: Vec::new(), ..good() }),
        ("a byte more", Sealed { cipher: [good().cipher, vec![0]].concat(), ..good() }),
        ("another nonce", Sealed { nonce: "fdasfjihihii".to_owned(), ..good() }),
        ("a short nonce", Sealed { nonce: "fdasfjihihi".to_owned(), ..good() }),
        ("no nonce", Sealed { nonce: String::new(), ..good() }),
        ("other data beside it", Sealed { associated: "refund".to_owned(), ..good() }),
        ("no data beside it", Sealed { associated: String::new(), ..good() }),
        ("another algorithm", Sealed { algorithm: "AEAD_AES_128_GCM", ..good() }),
        ("no algorithm", Sealed { algorithm: "", ..good() }),
    ];
    let at = stand.paid.at;
    let genuine = stand.genuine();
    for (what, sealed) in altered {
        // As somebody on the way alters it, and as if the channel itself had signed it so.
        let unsigned = Notice { body: sealed.body().into_bytes(), ..genuine.clone() };
        stand.refuses(what, &unsigned);
        stand.till_alone_refuses(what, &sealed.renamed(what).signed(at));
    }
    stand.ends_paid();
}

#[test]
pub(crate) fn n21_a_sealed_part_about_another_order_says_nothing_of_this_one() {
    let (mut stand, other) = Stand::beside_another(V3);
    let genuine = stand.genuine();
    let other_paid = said(&stand.shop, &other, PRICE);
    // The other's sealed part in this one's envelope, not signed so.
    let body = Sealed { id: named_in(&genuine), ..Sealed::under(V3_KEY, &v3_plain(&other_paid)) };
    let grafted = Notice { body: body.body().into_bytes(), ..genuine.clone() };
    stand.refuses("the other's inside", &grafted);
    // What is sealed decides, and what it says must fit the event that is named outside.
    let plain = v3_plain(&stand.paid);
    let refund = format!(
        r#"{{"mchid":"{MCH_ID}","out_trade_no":"{}","out_refund_no":"{}R1","refund_status":"SUCCESS"}}"#,
        stand.paid.no, stand.paid.no
    );
    let at = stand.paid.at;
    for (event, inside) in [
        ("REFUND.SUCCESS", &plain),
        ("TRANSACTION.SUCCESS", &refund),
        ("TRANSACTION.CLOSED", &plain),
        ("", &plain),
    ] {
        let sealed = Sealed { event, ..Sealed::under(V3_KEY, inside) };
        stand.till_alone_refuses(event, &sealed.renamed(&format!("{event}{inside}")).signed(at));
    }
    for no in ["", "1217752501201407033233368018", "9000042007111111120000009999"] {
        let inside = plain.replace(&stand.paid.no, no);
        let sent = Sealed::under(V3_KEY, &inside).signed(at);
        stand.till_alone_refuses(no, &sent);
    }
    stand.tell(ChannelId::Wechat, &genuine).unwrap();
    assert_eq!(stand.shop.screen(&stand.no), Screen::Paid);
    assert!(!stand.shop.attempt(&other).is_final(), "nobody said a word of the other");
    // And the channel's true word about the other ends the other, never this one again.
    let before = business_hash(&stand.shop);
    assert_eq!(stand.shop.held_by_channel(&other), 0);
    stand.tell(ChannelId::Wechat, &genuine).unwrap();
    assert!(business_hash(&stand.shop) == before);
}

/// The id that an envelope shows.
fn named_in(sent: &Notice) -> String {
    let value: serde_json::Value = serde_json::from_slice(&sent.body).unwrap();
    value["id"].as_str().unwrap().to_owned()
}

#[test]
pub(crate) fn n24_finished_after_a_refund_is_no_second_payment() {
    at_each(|stand| {
        let mut stand = stand.ends_paid();
        let no = stand.no.clone();
        let calls =
            |shop: &Shop| shop.sent.iter().filter(|s| s.out_trade_no == no.as_str()).count();
        give_back(&mut stand.shop, &no, 500);
        stand.shop.settle();
        for (left, wish) in [(750, None), (0, Some(750))] {
            if let Some(fen) = wish {
                give_back(&mut stand.shop, &no, fen);
                stand.shop.settle();
            }
            let (before, sent_before) = (stand.hash(), calls(&stand.shop));
            let mut paid = stand.paid.clone();
            paid.at = stand.shop.now;
            let mut told = vec![(stand.kind.write)(&paid)];
            if stand.kind.name == "Alipay" {
                let fields = alipay_fields(&stand.paid);
                for status in ["TRADE_FINISHED", "TRADE_SUCCESS", "WAIT_BUYER_PAY"] {
                    let fields = with(&fields, "trade_status", status);
                    let fields = with(&fields, "notify_id", &format!("{status}{left}"));
                    told.push(signed_form(&signers().channel, &fields));
                }
            }
            for sent in told.iter().chain(&told) {
                stand.tell(stand.kind.channel, sent).unwrap();
                assert!(stand.hash() == before, "{}, {left} left", stand.kind.name);
            }
            stand.shop.wait(10 * MINUTE_MS);
            assert!(stand.hash() == before, "{}, {left} left: nor later", stand.kind.name);
            assert_eq!(stand.shop.held_by_channel(&no), left, "{}", stand.kind.name);
            assert!(calls(&stand.shop) - sent_before <= 1, "at most a question");
            assert_eq!(stand.shop.screen(&no), Screen::Paid);
        }
        assert_eq!(stand.shop.findings(), []);
        assert_eq!(stand.shop.practice.truth().trade(no.as_str()).unwrap().refunds.len(), 2);
        let again = stand.shop.collect(PRICE, Means::Show(stand.kind.channel));
        assert!(again.is_ok(), "and the next customer is served: {again:?}");
    });
}
