//! 60: whoever runs the relay drops, delays, repeats, alters and invents. The relay is trusted with
//! no money: it can make the till slow and nothing else.

use mianfu_core::attempt::Screen;
use mianfu_core::channel::ChannelId;
use mianfu_practice::Manner;
use mianfu_tests::shop::*;
use mianfu_till::Means;
use mianfu_till::notices::NoticeRefusal;

use crate::books::{business_hash, cells, differing};
use crate::keys::signers;
use crate::notices::*;
use crate::stand::*;

const DAY_MS: i64 = 24 * HOUR_MS;

#[test]
pub(crate) fn n60_a_relay_that_drops_everything_makes_the_till_ask_for_itself() {
    at_each(|mut stand| {
        // Nothing was handed on; the till's own questions find the payment.
        stand.shop.network = Network::Up;
        assert_eq!(stand.shop.end(&stand.no).screen(), Screen::Paid);
        stand.rests_paid();
        // What comes then is late by a day, and no news.
        let (sent, before) = (stand.genuine(), stand.hash());
        asleep(&mut stand.shop, DAY_MS);
        for _ in 0..3 {
            stand.tell(stand.kind.channel, &sent).unwrap();
        }
        stand.shop.wait(10 * MINUTE_MS);
        assert!(stand.hash() == before, "{}: late by a day", stand.kind.name);
    });
}

#[test]
pub(crate) fn n60_a_relay_that_repeats_itself_is_heard_once() {
    at_each(|stand| {
        let sent = stand.genuine();
        let mut stand = stand.ends_paid();
        let (before, asked) = (stand.hash(), stand.shop.sent.len());
        for nth in 0..1_000 {
            stand.tell(stand.kind.channel, &sent).unwrap();
            assert!(nth % 100 != 0 || stand.hash() == before, "{} the {nth}th", stand.kind.name);
        }
        stand.shop.wait(MINUTE_MS);
        assert!(stand.hash() == before);
        let about = |sent: &&mianfu_tests::shop::Sent| sent.out_trade_no == stand.no.as_str();
        let asked = stand.shop.sent[asked..].iter().filter(about).count();
        assert!(asked <= 1, "{}: asked {asked} times", stand.kind.name);
    });
}

#[test]
pub(crate) fn n60_a_relay_that_alters_a_single_bit_is_not_believed() {
    at_each(|mut stand| {
        let genuine = stand.genuine();
        let before = stand.hash();
        let (no, kind) = (stand.no.clone(), stand.kind);
        let refuse = |stand: &mut Stand, sent: &Notice, what: &str| {
            let told = stand.tell(kind.channel, sent);
            assert!(told.is_err(), "{}, {what}: {told:?}", kind.name);
        };
        for at in (0..genuine.body.len()).step_by(5) {
            let mut altered = genuine.clone();
            altered.body[at] ^= 1 << (at / 5 % 8);
            if !is_the_same(kind, &altered, &genuine) {
                refuse(&mut stand, &altered, &format!("bit of byte {at}"));
            }
        }
        for cut in (0..genuine.body.len()).step_by(97) {
            let body = genuine.body[..cut].to_vec();
            refuse(&mut stand, &Notice { body, ..genuine.clone() }, "cut short");
        }
        for (name, value) in &genuine.headers {
            for at in 0..value.len().min(40) {
                let mut bytes = value.clone().into_bytes();
                bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
                let altered = genuine.but_header(name, &String::from_utf8(bytes).unwrap());
                refuse(&mut stand, &altered, name);
            }
        }
        assert!(stand.hash() == before, "{}: the books changed", kind.name);
        assert!(!stand.shop.attempt(&no).is_final());
        // In another order, in other letters and with more beside them, the headers say the same.
        let mut dressed = genuine.clone();
        dressed.headers.reverse();
        for (name, _) in &mut dressed.headers {
            *name = name.to_uppercase();
        }
        dressed.headers.push(("x-relay".to_owned(), "says: PAID".to_owned()));
        stand.tell(kind.channel, &dressed).unwrap();
        assert_eq!(stand.shop.screen(&no), Screen::Paid);
        stand.rests_paid();
    });
}

/// Says whether two bodies are the same to whoever reads them: letters of a percent sign's digits
/// may be small, and what stands around v2's elements is nothing.
fn is_the_same(kind: Kind, altered: &Notice, genuine: &Notice) -> bool {
    let fields = |sent: &Notice| -> Vec<(String, String)> {
        form_urlencoded::parse(&sent.body).map(|(n, v)| (n.into_owned(), v.into_owned())).collect()
    };
    kind.name == "Alipay" && fields(altered) == fields(genuine)
}

#[test]
pub(crate) fn n60_a_relay_cannot_mint_a_payment() {
    for kind in KINDS {
        // Another customer's payment of the same price is genuine, and kept by the relay.
        let mut stand = Stand::open(kind).ends_paid();
        let old = stand.genuine();
        let (no, _) = shown(&mut stand.shop, kind);
        let earlier = stand.no.clone();
        let before = business_hash(&stand.shop);
        let mut minted = said(&stand.shop, &no, PRICE);
        minted.trade_no.clone_from(&stand.paid.trade_no);
        let mut tries = vec![old.clone()];
        if kind.name != "v3" {
            tries.push(old.but(earlier.as_str(), no.as_str()));
        }
        // Made with whatever keys a relay can have: its own, none, the public one as a secret.
        let public = crate::keys::public_pem(&signers().channel);
        for key in [&signers().merchant, &signers().stranger] {
            tries.push(signed_form(key, &alipay_fields(&minted)));
            let body = Sealed::under(V3_KEY, &v3_plain(&minted)).body();
            tries.push(signed_json(key, minted.at, &body));
        }
        for secret in ["", "relay", &public, APP_ID, MCH_ID] {
            let fields = v2_fields(&minted);
            tries.push(xml(&with(&fields, "sign", &v2_hmac(&fields, secret))));
            tries.push(xml(&with(&fields, "sign", &v2_md5(&fields, secret))));
        }
        let parts = old.headers.clone();
        for body in [v3_plain(&minted), form(&alipay_fields(&minted)).text(), "{}".to_owned()] {
            tries.push(Notice { headers: parts.clone(), body: body.into_bytes() });
        }
        for sent in &tries {
            for channel in [ChannelId::Alipay, ChannelId::Wechat] {
                // The old one is true of the old sale, and so no error.
                let told = stand.tell(channel, sent);
                assert!(told.is_err() || *sent == old, "{}: {told:?}", kind.name);
                assert!(business_hash(&stand.shop) == before, "{}: the books changed", kind.name);
            }
        }
        assert!(!stand.shop.screen(&no).goods_may_go(), "{}", kind.name);
        stand.shop.cancel(&no);
        assert_eq!(stand.shop.end(&no).screen(), Screen::Closed, "{}: nobody paid", kind.name);
        stand.shop.settle();
        assert_eq!(stand.shop.held_by_channel(&no), 0);
        assert_eq!(stand.shop.screen(&earlier), Screen::Paid);
    }
}

#[test]
pub(crate) fn n60_another_tills_notices_are_not_this_ones() {
    at_each(|mut stand| {
        let mut theirs = stand.paid.clone();
        for till in ["008", "999"] {
            theirs.no.replace_range(7..10, till);
            let refusal =
                stand.till_refuses(till, stand.kind.channel, &(stand.kind.write)(&theirs));
            assert!(matches!(refusal, NoticeRefusal::NotOfThisTill { .. }), "{refusal:?}");
        }
        stand.ends_paid();
    });
}

#[test]
pub(crate) fn n60_whatever_the_order_the_end_is_the_channels() {
    // Two payments and a refund, told in every order and twice: each sale ends as it is.
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for kind in [ALIPAY, V3] {
        for order in orders {
            let (mut stand, other) = Stand::beside_another(kind);
            let (no, paid) = (stand.no.clone(), said(&stand.shop, &stand.no, PRICE));
            let qr = stand.shop.qr(&other).expect("it is shown");
            stand.shop.practice.scan(stand.shop.now.0, &qr, Manner::Pays).unwrap();
            let second = said(&stand.shop, &other, PRICE);
            let refund = refund_of(kind, &paid);
            let told = [(kind.write)(&paid), (kind.write)(&second), refund];
            for place in order.into_iter().chain(order) {
                stand.tell(kind.channel, &told[place]).unwrap();
            }
            for no in [&no, &other] {
                assert_eq!(stand.shop.screen(no), Screen::Paid, "{} {order:?}", kind.name);
            }
            stand.shop.network = Network::Up;
            stand.shop.settle();
            for no in [&no, &other] {
                assert_eq!(stand.shop.held_by_channel(no), PRICE, "{} {order:?}", kind.name);
            }
            assert_eq!(stand.shop.findings(), [], "{} {order:?}", kind.name);
        }
    }
}

/// The channel's word about a refund that this till never asked for.
fn refund_of(kind: Kind, paid: &Paid) -> Notice {
    let refund_no = format!("{}R1", paid.no);
    if kind.name == "Alipay" {
        let fields = alipay_fields(paid);
        let fields = with(&fields, "gmt_refund", "2026-11-21 10:00:09.000");
        let fields = with(&with(&fields, "out_biz_no", &refund_no), "refund_fee", "12.50");
        return signed_form(&signers().channel, &fields);
    }
    let plain = format!(
        r#"{{"mchid":"{MCH_ID}","out_trade_no":"{}","out_refund_no":"{refund_no}","refund_status":"SUCCESS"}}"#,
        paid.no
    );
    Sealed { event: "REFUND.SUCCESS", ..Sealed::under(V3_KEY, &plain) }.signed(paid.at)
}

#[test]
pub(crate) fn n60_a_notice_held_back_past_the_end_moves_no_money() {
    at_each(|stand| {
        // A sale that nobody paid was cancelled; the relay has a payment of it all the same.
        let Stand { mut shop, kind, .. } = stand.ends_paid();
        let no = shop.collect(PRICE, Means::Show(kind.channel)).unwrap();
        shop.wait(500);
        shop.cancel(&no);
        assert_eq!(shop.end(&no).screen(), Screen::Closed);
        shop.settle();
        let (paid, before) = (said(&shop, &no, PRICE), cells(&shop));
        let sent = (kind.write)(&paid);
        let now = shop.till_now();
        shop.till().notice(kind.channel, &sent.headers, &sent.body, now).unwrap();
        assert_eq!(shop.screen(&no), Screen::Closed, "{}: an end stays", kind.name);
        shop.settle();
        assert_eq!(shop.screen(&no), Screen::Closed);
        assert_eq!(differing(&before, &cells(&shop)), [""; 0], "{}", kind.name);
        assert_eq!(shop.findings(), [], "{}: the channel did not confirm it", kind.name);
        assert_eq!(shop.held_by_channel(&no), 0);
    });
}
