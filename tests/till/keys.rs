//! The keys WeChat Pay signs with, and their successors: a certificate that rotates in the middle of
//! a sale, one that is over, one of another merchant, and names of keys that nobody has.

use std::path::Path;

use mianfu_core::attempt::Screen;
use mianfu_core::channel::ChannelId;
use mianfu_core::money::Fen;
use mianfu_core::number::OutTradeNo;
use mianfu_gateway::WechatKeys;
use mianfu_practice::wechat::{Account, Certificate, PlatformKey, Secrets};
use mianfu_practice::{Manner, RsaSigner};
use mianfu_tests::shop::*;
use mianfu_till::Means;
use mianfu_till::notices::NoticeRefusal;
use mianfu_till::people::RefundWish;
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, SerialNumber, date_time_ymd};

const MERCHANT: &str = "practice/fixtures/merchant_private_key.pem";
const MERCHANT_PUBLIC: &str = "practice/fixtures/merchant_public_key.pem";
const FIRST: Paper = Paper {
    private: "practice/fixtures/alipay_private_key.pem",
    serial: "5DEA10EF55877E3CF6C33255C2E7DEFFF7E427EC",
    until: (2026, 11, 23),
};
const SECOND: Paper = Paper {
    private: "gateway/vectors/keys/root_private.pem",
    serial: "45F59D4DABF31918AFCEC556D5D2C6E376675D57",
    until: (2031, 1, 1),
};
const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_0112345678902026112100000000000001";
const CERTIFICATES: &str = "GET /v3/certificates";
const DAY_MS: i64 = 24 * HOUR_MS;

/// A platform certificate: whose key, under which number, until when.
#[derive(Clone, Copy)]
struct Paper {
    private: &'static str,
    serial: &'static str,
    until: (i32, u8, u8),
}

impl Paper {
    fn pem(self) -> String {
        let pair = KeyPair::from_pem_and_sign_algo(&kept(self.private), &PKCS_RSA_SHA256).unwrap();
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        let byte = |at: usize| u8::from_str_radix(&self.serial[at..at + 2], 16).unwrap();
        let bytes: Vec<u8> = (0..self.serial.len()).step_by(2).map(byte).collect();
        params.serial_number = Some(SerialNumber::from(bytes));
        let (year, month, day) = self.until;
        params.not_before = date_time_ymd(2024, 1, 1);
        params.not_after = date_time_ymd(year, month, day);
        params.self_signed(&pair).unwrap().pem()
    }

    fn known(self) -> mianfu_gateway::PlatformKey {
        mianfu_gateway::PlatformKey::from_certificate(&self.pem(), TEN).unwrap()
    }

    /// The key as practice signs with it.
    fn key(self) -> PlatformKey {
        let certificate = Certificate { pem: self.pem(), effective_ms: 0, expire_ms: i64::MAX / 4 };
        PlatformKey {
            serial: self.serial.to_owned(),
            certificate: Some(certificate),
            signer: Box::new(signer(self.private)),
        }
    }
}

fn signer(private: &str) -> RsaSigner {
    RsaSigner::from_pem(&kept(private), &kept(MERCHANT_PUBLIC)).unwrap()
}

/// Reads a key that the project keeps for its tests.
fn kept(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates").join(name);
    std::fs::read_to_string(path).unwrap()
}

fn keys(known: impl IntoIterator<Item = mianfu_gateway::PlatformKey>) -> WechatKeys {
    WechatKeys::new(&kept(MERCHANT), known).unwrap()
}

/// A shop in certificate mode that begins with these keys while the channel signs with the first.
fn beginning_with(known: Vec<mianfu_gateway::PlatformKey>) -> Shop {
    Shop::with(|setup| setup.certified(keys(known), FIRST.key()))
}

/// The channel takes a key into use.
fn sign_with(shop: &mut Shop, key: PlatformKey) {
    let serial = key.serial.clone();
    let account = shop.practice.wechat_mut().unwrap();
    account.add_key(key);
    assert!(account.sign_with(&serial));
}

/// A key that nobody can know: no certificate of it is handed out.
fn unheard_of(serial: &str) -> PlatformKey {
    let signer = Box::new(signer(SECOND.private));
    PlatformKey { serial: serial.to_owned(), certificate: None, signer }
}

fn downloads(shop: &Shop) -> usize {
    shop.sent.iter().filter(|sent| sent.method == CERTIFICATES).count()
}

fn show(shop: &mut Shop, fen: i64, manner: Manner) -> OutTradeNo {
    let no = shop.collect(fen, Means::Show(ChannelId::Wechat)).unwrap();
    shop.wait(500);
    let qr = shop.qr(&no).expect("a code is drawn");
    shop.practice.scan(shop.now.0, &qr, manner).unwrap();
    no
}

#[test]
pub(crate) fn law10_a_certificate_that_rotates_in_the_middle_of_a_sale_loses_nothing() {
    let mut shop = beginning_with(vec![FIRST.known()]);
    assert_eq!(downloads(&shop), 1, "once at the start");
    let no = show(&mut shop, 1_250, Manner::TypesPassword { after_ms: 8_000 });
    sign_with(&mut shop, SECOND.key());
    shop.wait(20_000);
    assert_eq!(shop.screen(&no), Screen::Paid, "decided at once by the answer after the download");
    assert_eq!(downloads(&shop), 2, "once more for the key that was not known");
    let next = show(&mut shop, 990, Manner::Pays);
    assert_eq!(shop.end(&next).screen(), Screen::Paid);
    shop.settle();
}

#[test]
fn law10_whenever_it_rotates_every_sale_ends_and_the_books_agree() {
    let manners = [Manner::Pays, Manner::TypesPassword { after_ms: 5_000 }, Manner::WalksAway];
    for manner in manners {
        for rotates_ms in [0, 600, 3_000] {
            let mut shop = beginning_with(vec![FIRST.known()]);
            let no = shop.collect(1_250, Means::Show(ChannelId::Wechat)).unwrap();
            if rotates_ms == 0 {
                sign_with(&mut shop, SECOND.key());
            }
            shop.wait(500);
            if let Some(qr) = shop.qr(&no) {
                shop.practice.scan(shop.now.0, &qr, manner).unwrap();
            }
            shop.wait(rotates_ms);
            if rotates_ms != 0 {
                sign_with(&mut shop, SECOND.key());
            }
            shop.cancel(&no);
            let ended = shop.end(&no).screen();
            let paid = ended == Screen::Paid;
            assert!(paid || ended.may_charge_again(), "{manner:?} {rotates_ms}: {ended:?}");
            shop.settle();
            assert_eq!(shop.held_by_channel(&no), if paid { 1_250 } else { 0 });
        }
    }
}

#[test]
fn law10_a_certificate_that_rotates_under_a_refund_refunds_once() {
    let mut shop = beginning_with(vec![FIRST.known()]);
    let no = show(&mut shop, 1_250, Manner::Pays);
    assert_eq!(shop.end(&no).screen(), Screen::Paid);
    sign_with(&mut shop, SECOND.key());
    let amount = Fen::new(500).unwrap();
    let wish = RefundWish { no: no.clone(), amount, intent_id: "back".to_owned() };
    let now = shop.till_now();
    shop.till().refund(&wish, "店长 01", now).unwrap();
    shop.settle();
    assert_eq!(shop.held_by_channel(&no), 750);
    assert_eq!(shop.practice.truth().trade(no.as_str()).unwrap().refunds.len(), 1);
}

#[test]
fn law10_until_the_new_certificate_has_come_nothing_is_said() {
    let mut shop = beginning_with(vec![FIRST.known()]);
    let no = show(&mut shop, 1_250, Manner::Pays);
    sign_with(&mut shop, unheard_of(SECOND.serial));
    shop.wait(MINUTE_MS);
    assert!(!shop.attempt(&no).is_final(), "an answer under an unknown key is silence");
    shop.practice.wechat_mut().unwrap().drop_other_keys();
    shop.practice.wechat_mut().unwrap().add_key(FIRST.key());
    assert!(shop.practice.wechat_mut().unwrap().sign_with(FIRST.serial));
    assert_eq!(shop.end(&no).screen(), Screen::Paid);
    shop.settle();
}

#[test]
pub(crate) fn law7_a_flood_of_unknown_keys_is_no_storm_of_downloads() {
    let mut shop = beginning_with(vec![FIRST.known()]);
    let no = show(&mut shop, 1_250, Manner::Pays);
    let begun = downloads(&shop);
    for nth in 0..60 {
        sign_with(&mut shop, unheard_of(&format!("{nth:040X}")));
        let now = shop.till_now();
        shop.till().ask_now(&no, now).unwrap();
        shop.wait(5_000);
    }
    let asked = shop.sent.iter().filter(|sent| sent.out_trade_no == no.as_str()).count();
    assert!(30 < asked, "many answers named a key that nobody has: {asked}");
    let stormed = downloads(&shop) - begun;
    assert!((1..=4).contains(&stormed), "{stormed} downloads in five minutes");
    sign_with(&mut shop, FIRST.key());
    assert_eq!(shop.end(&no).screen(), Screen::Paid);
    shop.settle();
}

#[test]
fn law7_notices_under_unknown_keys_are_no_storm_either() {
    let mut shop = beginning_with(vec![FIRST.known()]);
    let begun = downloads(&shop);
    for nth in 0..1_000 {
        let headers = [
            ("Wechatpay-Timestamp", "1795226400".to_owned()),
            ("Wechatpay-Nonce", "e59e78a6c3f7dfd7e84aabee71be0452".to_owned()),
            ("Wechatpay-Serial", format!("{nth:040X}")),
            ("Wechatpay-Signature", "AAAA".to_owned()),
        ];
        let headers: Vec<_> =
            headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let now = shop.till_now();
        let told = shop.till().notice(ChannelId::Wechat, &headers, b"{}", now);
        assert!(matches!(told, Err(NoticeRefusal::UnknownKey)), "it may be offered again");
        shop.wait(100);
    }
    assert_eq!(downloads(&shop) - begun, 1);
}

#[test]
pub(crate) fn law10_a_start_asks_for_the_successors_of_a_certificate_that_is_over() {
    // The one in the file is over, so it is passed over; the channel has taken the next into use.
    let mut shop = beginning_with(Vec::new());
    sign_with(&mut shop, SECOND.key());
    shop.wait(10_000);
    shop.restart(3 * DAY_MS);
    shop.wait(5_000);
    let no = show(&mut shop, 1_250, Manner::Pays);
    assert_eq!(shop.end(&no).screen(), Screen::Paid, "the successor was downloaded at the start");
    shop.settle();
}

#[test]
fn certificates_are_asked_for_twice_a_day_and_one_that_is_over_verifies_nothing() {
    let mut shop = beginning_with(vec![FIRST.known()]);
    shop.wait(DAY_MS + MINUTE_MS);
    assert_eq!(downloads(&shop), 3, "at the start, after 12 h and after 24 h");
    // The channel goes on signing with a certificate whose time is over.
    shop.wait(DAY_MS);
    let no = shop.collect(1_250, Means::Show(ChannelId::Wechat)).unwrap();
    shop.wait(10_000);
    assert_eq!(shop.qr(&no), None, "its word draws no code");
    sign_with(&mut shop, SECOND.key());
    shop.settle();
    assert_eq!(shop.practice.truth().captured_fen(), 0);
}

#[test]
fn a_download_that_fails_is_tried_again_later_and_later() {
    let mut shop = Shop::closed(|setup| setup.certified(keys([FIRST.known()]), FIRST.key()));
    shop.network = Network::Down;
    shop.open().unwrap();
    shop.wait(30 * MINUTE_MS);
    let tried = downloads(&shop);
    assert!((3..=8).contains(&tried), "{tried} tries in half an hour");
    shop.network = Network::Up;
    shop.wait(HOUR_MS);
    assert_eq!(downloads(&shop), tried + 1, "one that succeeds is the last");
}

#[test]
fn law10_certificates_of_another_merchant_are_not_believed() {
    // What comes is sealed under somebody else's APIv3 key.
    let sealed = |v3_key: &str| {
        let secrets =
            Secrets { v2_key: V2_KEY.to_owned(), v3_key: v3_key.as_bytes().try_into().unwrap() };
        Account::new(APP_ID, MCH_ID, MERCHANT_SERIAL, secrets, FIRST.key())
    };
    for (v3_key, believed) in [(V3_KEY, true), ("00000000001111111111222222222233", false)] {
        let mut shop = Shop::with(|setup| {
            setup.certified(keys([FIRST.known()]), FIRST.key());
            setup.account = sealed(v3_key);
        });
        sign_with(&mut shop, SECOND.key());
        // The first answer names a key that is not known, and so its code is lost.
        let lost = shop.collect(990, Means::Show(ChannelId::Wechat)).unwrap();
        shop.cancel(&lost);
        shop.wait(10_000);
        shop.till().put_aside(&lost).unwrap();
        let no = shop.collect(1_250, Means::Show(ChannelId::Wechat)).unwrap();
        shop.wait(5_000);
        assert_eq!(shop.qr(&no).is_some(), believed, "{v3_key}");
        sign_with(&mut shop, FIRST.key());
        shop.settle();
    }
}

#[test]
fn a_certificate_and_the_public_key_are_both_believed_during_a_change_over() {
    let public = kept("gateway/vectors/keys/app_public.pem");
    let public = mianfu_gateway::PlatformKey::from_public_key(PUBLIC_KEY_ID, &public).unwrap();
    let mut shop = Shop::with(|setup| {
        setup.certified(keys([FIRST.known(), public]), FIRST.key());
        setup.account.add_key(PlatformKey {
            serial: PUBLIC_KEY_ID.to_owned(),
            certificate: None,
            signer: Box::new(signer("gateway/vectors/keys/app_private.pem")),
        });
    });
    // What names no key is signed with the certificate's; what names the public key, with that.
    let by_certificate = show(&mut shop, 1_250, Manner::Pays);
    assert_eq!(shop.end(&by_certificate).screen(), Screen::Paid);
    shop.wechat.answer_serial = Some(PUBLIC_KEY_ID.to_owned());
    shop.restart(1_000);
    shop.wait(5_000);
    let by_public_key = show(&mut shop, 990, Manner::Pays);
    assert_eq!(shop.end(&by_public_key).screen(), Screen::Paid);
    assert_eq!(downloads(&shop), 2, "certificates are still asked for");
    shop.settle();
}

#[test]
fn a_merchant_with_the_public_key_alone_asks_for_no_certificates() {
    let public = kept("gateway/vectors/keys/app_public.pem");
    let public = mianfu_gateway::PlatformKey::from_public_key(PUBLIC_KEY_ID, &public).unwrap();
    let mut shop = Shop::with(|setup| {
        let key = PlatformKey {
            serial: PUBLIC_KEY_ID.to_owned(),
            certificate: None,
            signer: Box::new(signer("gateway/vectors/keys/app_private.pem")),
        };
        setup.certified(keys([public]), key);
        setup.wechat.answer_serial = Some(PUBLIC_KEY_ID.to_owned());
    });
    let no = show(&mut shop, 1_250, Manner::Pays);
    assert_eq!(shop.end(&no).screen(), Screen::Paid);
    sign_with(&mut shop, unheard_of(SECOND.serial));
    shop.wait(MINUTE_MS);
    assert_eq!(downloads(&shop), 0);
}
