//! 1–9: what is missing in a notice, and what it is about.

use mianfu_core::attempt::Screen;
use mianfu_core::channel::ChannelId;
use mianfu_core::number::OutTradeNo;
use mianfu_practice::Manner;
use mianfu_tests::shop::*;
use mianfu_till::notices::NoticeRefusal;

use crate::books::{cells, differing};
use crate::keys::signers;
use crate::notices::*;
use crate::stand::*;

#[test]
pub(crate) fn n01_an_unsigned_notice_is_nobodys() {
    let mut stand = Stand::open(ALIPAY);
    let fields = alipay_fields(&stand.paid);
    stand.refuses("no signature", &form(&fields));
    stand.refuses("nor its kind", &form(&dropped(&fields, "sign_type")));
    let misnamed = stand.genuine().but("sign=", "sing=");
    stand.refuses("a signature under another name", &misnamed);
    stand.refuses("nothing at all", &Notice::bare(""));
    stand.ends_paid();

    let mut stand = Stand::open(V3);
    let genuine = stand.genuine();
    stand.refuses("no headers", &Notice::bare(genuine.body.clone()));
    stand.refuses("nothing at all", &Notice::bare(""));
    for (name, _) in &genuine.headers {
        stand.refuses(name, &genuine.without(name));
    }
    stand.ends_paid();

    let mut stand = Stand::open(V2);
    let fields = v2_fields(&stand.paid);
    stand.refuses("no signature", &xml(&fields));
    stand.refuses("nothing at all", &Notice::bare("<xml></xml>"));
    stand.ends_paid();
}

#[test]
pub(crate) fn n02_an_empty_signature_is_none() {
    let mut stand = Stand::open(ALIPAY);
    let fields = alipay_fields(&stand.paid);
    for sign in ["", " ", "=", "====", "null"] {
        stand.refuses(sign, &form(&with(&fields, "sign", sign)));
    }
    let bare = format!("{}&sign", form(&fields).text());
    stand.refuses("a name without a value", &Notice::bare(bare));
    stand.ends_paid();

    let mut stand = Stand::open(V3);
    let genuine = stand.genuine();
    for (name, _) in &genuine.headers {
        stand.refuses(name, &genuine.but_header(name, ""));
    }
    stand.ends_paid();

    let mut stand = Stand::open(V2);
    let fields = v2_fields(&stand.paid);
    for sign in ["", " ", "null"] {
        stand.refuses(sign, &xml(&with(&fields, "sign", sign)));
    }
    let closed = xml(&fields).but("</xml>", "<sign/></xml>");
    stand.refuses("an element without an inside", &closed);
    stand.ends_paid();
}

#[test]
pub(crate) fn n03_without_a_return_code_and_with_an_empty_signature_nothing_is_read() {
    let mut stand = Stand::open(V2);
    let fields = dropped(&v2_fields(&stand.paid), "return_code");
    stand.refuses("neither", &xml(&with(&fields, "sign", "")));
    stand.refuses("no return code, unsigned", &xml(&fields));
    stand.refuses("no return code, signed", &signed_xml(&fields));
    for told in ["", "FAIL", "success", "OK"] {
        let fields = with(&fields, "return_code", told);
        stand.refuses(told, &xml(&with(&fields, "sign", "")));
        stand.refuses(told, &signed_xml(&fields));
    }
    let unsure = dropped(&v2_fields(&stand.paid), "result_code");
    stand.refuses("no result code", &signed_xml(&unsure));
    stand.refuses("a failure", &signed_xml(&with(&unsure, "result_code", "FAIL")));
    stand.ends_paid();
    for kind in [ALIPAY, V3] {
        let mut stand = Stand::open(kind);
        for body in ["return_code=SUCCESS&sign=", "return_code=&sign=", "<xml><sign/></xml>"] {
            stand.refuses(body, &Notice::bare(body));
        }
        stand.ends_paid();
    }
}

#[test]
pub(crate) fn n04_signed_and_naming_no_merchant_is_for_nobody() {
    let mut stand = Stand::open(ALIPAY);
    let fields = alipay_fields(&stand.paid);
    let nobody = dropped(&dropped(&fields, "app_id"), "seller_id");
    for fields in [&nobody, &dropped(&fields, "app_id"), &dropped(&fields, "seller_id")] {
        stand.refuses("no merchant", &signed_form(&signers().channel, fields));
    }
    stand.ends_paid();

    let mut stand = Stand::open(V3);
    let plain = v3_plain(&stand.paid);
    let (app, merchant) = (format!(r#""appid":"{APP_ID}","#), format!(r#""mchid":"{MCH_ID}","#));
    for named in [&[&app, &merchant][..], &[&app], &[&merchant]] {
        let nobody = named.iter().fold(plain.clone(), |plain, part| plain.replace(*part, ""));
        assert_ne!(nobody, plain);
        let sent = Sealed::under(V3_KEY, &nobody).signed(stand.paid.at);
        stand.till_alone_refuses("no merchant", &sent);
    }
    stand.ends_paid();

    let mut stand = Stand::open(V2);
    let fields = v2_fields(&stand.paid);
    let nobody = dropped(&dropped(&fields, "appid"), "mch_id");
    for fields in [&nobody, &dropped(&fields, "appid"), &dropped(&fields, "mch_id")] {
        stand.refuses("no merchant", &signed_xml(fields));
    }
    stand.ends_paid();
}

#[test]
pub(crate) fn n05_signed_for_another_application_is_not_ours() {
    let mut stand = Stand::open(ALIPAY);
    let fields = alipay_fields(&stand.paid);
    for app in ["9999000000000002", "", "9999000000000001 ", "099999000000000001"] {
        stand.refuses(app, &signed_form(&signers().channel, &with(&fields, "app_id", app)));
    }
    stand.ends_paid();

    let mut stand = Stand::open(V3);
    let plain = v3_plain(&stand.paid);
    for app in ["wx9999000000000002", "", "WX9999000000000001"] {
        let sent = Sealed::under(V3_KEY, &plain.replace(APP_ID, app)).signed(stand.paid.at);
        stand.till_alone_refuses(app, &sent);
    }
    stand.ends_paid();

    let mut stand = Stand::open(V2);
    let fields = v2_fields(&stand.paid);
    for app in ["wx9999000000000002", ""] {
        stand.refuses(app, &signed_xml(&with(&fields, "appid", app)));
    }
    stand.ends_paid();
}

#[test]
pub(crate) fn n06_signed_for_another_seller_is_not_ours() {
    let mut stand = Stand::open(ALIPAY);
    let fields = alipay_fields(&stand.paid);
    for seller in ["2088999900000002", ""] {
        let fields = with(&fields, "seller_id", seller);
        stand.refuses(seller, &signed_form(&signers().channel, &fields));
    }
    stand.ends_paid();

    let mut stand = Stand::open(V3);
    let plain = v3_plain(&stand.paid);
    let sub = format!(r#""mchid":"{MCH_ID}","sub_mchid":"1900000109""#);
    for other in [
        plain.replace(MCH_ID, "1900009998"),
        plain.replace(MCH_ID, ""),
        plain.replace(&format!(r#""mchid":"{MCH_ID}""#), &sub),
        plain.replace("\"mchid\"", "\"sp_mchid\""),
    ] {
        let sent = Sealed::under(V3_KEY, &other).signed(stand.paid.at);
        stand.till_alone_refuses(&other, &sent);
    }
    stand.ends_paid();

    let mut stand = Stand::open(V2);
    let fields = v2_fields(&stand.paid);
    for fields in [
        with(&fields, "mch_id", "1900009998"),
        with(&fields, "mch_id", ""),
        with(&fields, "sub_mch_id", "1900000109"),
    ] {
        stand.refuses("another seller", &signed_xml(&fields));
    }
    stand.ends_paid();
}

#[test]
pub(crate) fn n07_another_amount_is_never_paid() {
    const FORMS: [&str; 9] =
        ["12.49", "12.51", "1.25", "1e2", "01.00", "１２.５０", "-12.50", "12,50", ""];
    let mut stand = Stand::open(ALIPAY);
    let genuine = stand.genuine();
    let fields = alipay_fields(&stand.paid);
    for told in FORMS {
        let written = form_urlencoded::byte_serialize(told.as_bytes()).collect::<String>();
        let altered = format!("total_amount={written}&");
        stand.refuses(told, &genuine.but("total_amount=12.50&", &altered));
    }
    // What the channel itself writes in a form that no amount has.
    for told in FORMS.iter().skip(3).chain(&["012.50", "12.505", "12.50 ", "0x4e2"]) {
        let fields = with(&with(&fields, "total_amount", told), "notify_id", told);
        stand.till_alone_refuses(told, &signed_form(&signers().channel, &fields));
    }
    stand.ends_paid();

    let mut stand = Stand::open(V3);
    let plain = v3_plain(&stand.paid);
    for told in ["12.50", "\"1250\"", "1.25e3", "-1250", "null", "1250.0", "\"１２５０\""] {
        let other = plain.replace("\"total\":1250", &format!("\"total\":{told}"));
        assert_ne!(other, plain);
        stand.till_alone_refuses(told, &Sealed::under(V3_KEY, &other).signed(stand.paid.at));
    }
    let abroad = plain.replace("CNY", "HKD");
    stand.till_alone_refuses("HKD", &Sealed::under(V3_KEY, &abroad).signed(stand.paid.at));
    stand.ends_paid();

    let mut stand = Stand::open(V2);
    let fields = v2_fields(&stand.paid);
    let genuine = stand.genuine();
    for told in ["1249", "1251", "125", "12.50", "1e3", "-1250", "１２５０", ""] {
        stand.refuses(told, &genuine.but("[1250]", &format!("[{told}]")));
    }
    for told in ["12.50", "1e3", "-1250", "１２５０", "", "0x4e2"] {
        stand.refuses(told, &signed_xml(&with(&fields, "total_fee", told)));
    }
    stand.ends_paid();

    // A fen more or less by the channel's own word: a person decides, and no money moves (M13).
    for kind in KINDS {
        for fen in [PRICE - 1, PRICE + 1] {
            let mut stand = Stand::open(kind);
            let (before, moved) = (cells(&stand.shop), moved_by_channels(&stand.shop));
            let paid = said(&stand.shop, &stand.no, fen);
            stand.tell(kind.channel, &(kind.write)(&paid)).unwrap();
            let screen = stand.shop.screen(&stand.no);
            assert_eq!(screen, Screen::Held, "{} {fen}", kind.name);
            assert!(!screen.goods_may_go() && !screen.may_charge_again());
            let changed = differing(&before, &cells(&stand.shop));
            let tables: Vec<&str> =
                changed.iter().filter_map(|column| Some(column.split_once('.')?.0)).collect();
            assert!(
                tables.iter().all(|table| ["attempt", "finding"].contains(table)),
                "{changed:?}"
            );
            stand.shop.network = Network::Up;
            stand.shop.wait(MINUTE_MS);
            assert_eq!(moved_by_channels(&stand.shop), moved, "{} {fen}", kind.name);
            assert_eq!(stand.shop.screen(&stand.no), Screen::Held, "{} {fen}", kind.name);
        }
    }
}

/// What the channels have taken and given back, in fen.
fn moved_by_channels(shop: &Shop) -> (i64, i64) {
    let truth = shop.practice.truth();
    let back = truth.captures().filter_map(|capture| truth.trade(capture.out_trade_no));
    (truth.captured_fen(), back.map(|trade| trade.refunded_fen()).sum())
}

#[test]
pub(crate) fn n08_a_notice_about_another_order_says_nothing_of_this_one() {
    for kind in KINDS {
        let (mut stand, other) = Stand::beside_another(kind);
        let (first, genuine) = (stand.no.clone(), stand.genuine());
        let its_row = |stand: &Stand| -> Vec<(_, String)> {
            let of = |(_, key, _): &(_, String, _)| key.contains(other.as_str());
            cells(&stand.shop).into_iter().filter(|(place, _)| of(place)).collect()
        };
        if kind.name != "v3" {
            let renamed = genuine.but(first.as_str(), other.as_str());
            stand.refuses("its number exchanged", &renamed);
        }
        // Numbers of this series that were not drawn, and another till's: signed and all.
        let mut strange = stand.paid.clone();
        for no in [neighbour(&first, 7), first.as_str().replacen("90000", "90001", 1)] {
            strange.no = no;
            let refusal = stand.till_alone_refuses(&strange.no, &(kind.write)(&strange));
            assert!(matches!(refusal, NoticeRefusal::NotOfThisTill { .. }), "{refusal:?}");
        }
        strange.no = "1217752501201407033233368018".to_owned();
        stand.till_alone_refuses("a number of nobody's", &(kind.write)(&strange));
        let before = its_row(&stand);
        stand.tell(kind.channel, &genuine).unwrap();
        assert_eq!(stand.shop.screen(&first), Screen::Paid, "{}", kind.name);
        assert_eq!(its_row(&stand), before, "{}: the other sale is as it was", kind.name);
        assert!(!stand.shop.attempt(&other).is_final());
    }
}

/// The number so many places after this one.
fn neighbour(no: &OutTradeNo, places: u64) -> String {
    let (series, counter) = no.as_str().split_at(18);
    format!("{series}{:010}", counter.parse::<u64>().unwrap() + places)
}

#[test]
pub(crate) fn n09_the_other_channels_endpoint_proves_nothing() {
    for kind in KINDS {
        let mut stand = Stand::open(kind);
        let genuine = stand.genuine();
        let (at, channel) = match kind.channel {
            ChannelId::Alipay => ("wechat", ChannelId::Wechat),
            ChannelId::Wechat => ("alipay", ChannelId::Alipay),
        };
        stand.door_refuses("at the other's address", at, &genuine);
        stand.till_refuses("as the other's", channel, &genuine);
        let wrong =
            format!("/notify/{at}/{}/till-1", if at == "alipay" { MCH_ID } else { ALIPAY_APP });
        let before = stand.door.fingerprint();
        assert_eq!(stand.door.post_to(&wrong, &genuine).status, 404);
        assert_eq!(stand.door.fingerprint(), before);
        // The other channel's word about this channel's number, signed by the other.
        for other in KINDS.into_iter().filter(|other| other.channel != kind.channel) {
            let sent = (other.write)(&stand.paid);
            let refusal = stand.till_refuses(other.name, channel, &sent);
            assert!(matches!(refusal, NoticeRefusal::NotOfThisTill { .. }), "{refusal:?}");
        }
        stand.ends_paid();
    }
}

#[test]
pub(crate) fn the_hash_sees_what_is_sold_paid_and_given_back() {
    let mut shop = shop_of(&signers().channel);
    let mut seen = vec![crate::books::business_hash(&shop)];
    let mut see = |shop: &Shop| {
        let hash = crate::books::business_hash(shop);
        assert!(!seen.contains(&hash), "a change that the hash does not see");
        assert!(hash == crate::books::business_hash(shop), "and it is the same for the same");
        seen.push(hash);
    };
    let (no, qr) = shown(&mut shop, ALIPAY);
    see(&shop);
    shop.practice.scan(shop.now.0, &qr, Manner::Pays).unwrap();
    shop.end(&no);
    see(&shop);
    give_back(&mut shop, &no, 500);
    see(&shop);
    shop.settle();
    see(&shop);
    let sold = shop.collect(990, mianfu_till::Means::Show(ChannelId::Alipay)).unwrap();
    shop.cash_instead(&sold).unwrap();
    see(&shop);
}
