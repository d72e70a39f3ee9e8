//! When a channel takes new charges: proven first (M4), not while it is silent, and never because
//! somebody else answered.

use mianfu_core::attempt::Screen;
use mianfu_core::breaker::Offer;
use mianfu_core::channel::{ChannelId, Flow};
use mianfu_core::money::Fen;
use mianfu_practice::{Acted, Fault, KeyedHash, Manner};
use mianfu_tests::shop::*;
use mianfu_till::people::RefundWish;
use mianfu_till::{Means, Refusal};

#[track_caller]
fn assert_refused(shop: &mut Shop) {
    for means in [Means::Show(ChannelId::Alipay), Means::Scan(shop.code(Manner::Pays))] {
        let refused = shop.collect(1_250, means);
        assert!(matches!(refused, Err(Refusal::NotOffered(_))), "{refused:?}");
    }
    assert_eq!(shop.all_attempts().len(), 0, "nothing was kept");
    assert!(shop.practice.truth().trades().next().is_none(), "nothing was charged");
}

#[test]
pub(crate) fn m4_a_channel_is_offered_only_after_a_signed_answer() {
    let mut shop = Shop::closed(|_| ());
    shop.network = Network::Down;
    shop.open().unwrap();
    shop.wait(1_000);
    assert_eq!(shop.offer(), Offer::Proving);
    assert_refused(&mut shop);
    shop.network = Network::Up;
    for fault in [Fault::Unsigned, Fault::WrongSignature] {
        shop.practice.weather_mut().next_of(QUERY, fault);
        shop.wait(3_500);
        assert_ne!(shop.offer(), Offer::Ready, "{fault:?} proves nothing");
        assert_refused(&mut shop);
    }
    shop.wait(3_500);
    assert_eq!(shop.offer(), Offer::Ready);
    let no = shop.scan(1_250, Manner::Pays);
    assert_eq!(shop.end(&no).screen(), Screen::Paid);
    shop.restart(1_000);
    assert_eq!(shop.offer(), Offer::Proving, "every process proves it anew");
    shop.settle();
}

#[test]
pub(crate) fn m4_nothing_is_scanned_before_the_reversals_certificate_has_proven_itself() {
    let mut shop = Shop::closed(Setup::both_channels);
    // What the host says to whoever shows it no certificate, or another merchant's.
    let no_certificate = Fault::ServerError { status: 400, acted: Acted::No };
    shop.practice.weather_mut().next_of(WECHAT_REVERSE, no_certificate);
    shop.open().unwrap();
    shop.wait(2_000);
    let code = shop.code_in_wechat(Manner::Pays);
    let refused = shop.collect(1_250, Means::Scan(code));
    assert!(
        matches!(refused, Err(Refusal::NotOffered(Offer::Unproven { reason: Some(_) }))),
        "{refused:?}"
    );
    assert_eq!(shop.all_attempts().len(), 0, "nothing was kept");
    let offer = shop.till().offer_of(ChannelId::Wechat, Flow::Show);
    assert_eq!(offer, Some(Offer::Ready), "a shown code needs no reversal");
    shop.wait(20_000);
    let code = shop.code_in_wechat(Manner::Pays);
    let no = shop.collect(1_250, Means::Scan(code)).unwrap();
    assert_eq!(shop.end(&no).screen(), Screen::Paid, "the next harmless question tried it again");
    shop.settle();
}

#[test]
pub(crate) fn m4_what_a_channel_says_without_its_signature_does_not_prove_it() {
    let mut shop = Shop::with(Setup::both_channels);
    shop.wait(2_000);
    let no = shop.paid_in_wechat(1_250);
    shop.restart(1_000);
    // Only the harmless question is lost: v3 says of the refund, unsigned, that there is none.
    shop.practice.weather_mut().next_of(WECHAT_QUERY, Fault::AnswerLost);
    let wish = RefundWish { no, amount: Fen::new(250).unwrap(), intent_id: "back".to_owned() };
    let now = shop.till_now();
    shop.till().refund(&wish, "店长 01", now).unwrap();
    shop.practice.weather_mut().next_of("wechat.v3.refund", Fault::RequestLost);
    shop.wait(500);
    assert_eq!(shop.till().offer(ChannelId::Wechat), Some(Offer::Proving));
    shop.settle();
    assert_eq!(shop.till().offer(ChannelId::Wechat), Some(Offer::Ready));
}

#[test]
fn m4_the_harmless_question_is_about_a_number_that_is_never_submitted() {
    let mut shop = Shop::new();
    shop.wait(MINUTE_MS);
    let probes: Vec<&Sent> = shop.sent.iter().filter(|sent| sent.method == QUERY).collect();
    assert!(3 <= probes.len(), "the connection is kept warm");
    for probe in probes {
        assert!(probe.out_trade_no.ends_with("9999999999"), "{probe:?}");
    }
}

#[test]
pub(crate) fn a_wrong_application_or_key_is_told_with_the_channels_reason() {
    let wrong = KeyedHash::new(b"another merchant");
    let secret = KeyedHash::new(b"the tests' secret");
    let mut wrong_app = Shop::with(|setup| setup.alipay.app_id = "9999000000000002".to_owned());
    let mut wrong_key = Shop::with(|setup| {
        setup.keys = ShopKeys::Hash { ours: wrong, channel: secret };
    });
    for (shop, reason) in
        [(&mut wrong_app, "isv.invalid-app-id"), (&mut wrong_key, "isv.invalid-signature")]
    {
        assert_eq!(shop.offer(), Offer::Misconfigured { reason: reason.to_owned() });
        assert_refused(shop);
        let now = shop.till_now();
        let counter = shop.till().counter(now).unwrap();
        assert_eq!(counter.channels[0].offer, Offer::Misconfigured { reason: reason.to_owned() });
    }
}

#[test]
fn answers_under_another_key_than_alipays_are_silence() {
    let secret = KeyedHash::new(b"the tests' secret");
    let other = KeyedHash::new(b"another channel");
    let mut shop = Shop::with(|setup| {
        setup.keys = ShopKeys::Hash { ours: secret, channel: other };
    });
    shop.wait(MINUTE_MS);
    assert!(matches!(shop.offer(), Offer::Silent { .. }), "{:?}", shop.offer());
    assert_refused(&mut shop);
}

#[test]
pub(crate) fn a_channel_that_falls_silent_is_told_of_before_the_next_customer() {
    let mut shop = Shop::new();
    shop.wait(MINUTE_MS);
    assert_eq!(shop.offer(), Offer::Ready);
    shop.network = Network::Swallows;
    shop.wait(45_000);
    assert!(matches!(shop.offer(), Offer::Silent { .. }), "{:?}", shop.offer());
    let before = shop.sent.len();
    shop.network = Network::Up;
    shop.wait(10_000);
    assert_eq!(shop.offer(), Offer::Ready);
    shop.wait(MINUTE_MS);
    assert!(shop.sent.len() - before <= 8, "one that answers is not asked more often than before");
}

#[test]
pub(crate) fn a_channel_that_is_back_is_asked_about_the_open_sale_at_once() {
    let mut shop = Shop::new();
    let no = shop.scan(1_250, Manner::TypesPassword { after_ms: 20_000 });
    shop.wait(6_000);
    shop.network = Network::Down;
    shop.wait(3 * MINUTE_MS);
    assert!(matches!(shop.offer(), Offer::Silent { .. }), "{:?}", shop.offer());
    shop.network = Network::Up;
    while shop.offer() != Offer::Ready {
        shop.step();
    }
    shop.wait(500);
    assert_eq!(shop.screen(&no), Screen::Paid, "the customer stands there");
    shop.settle();
}

#[test]
pub(crate) fn three_silences_stop_new_charges_and_nothing_else() {
    let mut shop = Shop::new();
    let no = shop.scan(1_250, Manner::TypesPassword { after_ms: 40_000 });
    shop.wait(6_000);
    shop.network = Network::Swallows;
    shop.wait(40_000);
    let before = shop.sent.len();
    assert!(matches!(shop.offer(), Offer::Silent { .. }), "{:?}", shop.offer());
    shop.till().put_aside(&no).unwrap();
    let refused = shop.collect(990, Means::Show(ChannelId::Alipay));
    assert!(matches!(refused, Err(Refusal::NotOffered(Offer::Silent { .. }))), "{refused:?}");
    shop.wait(20_000);
    let asked = shop.sent[before..].iter().filter(|sent| sent.out_trade_no == no.as_str());
    assert!(0 < asked.count(), "the open sale is still being asked about");
    shop.network = Network::Up;
    shop.wait(35_000);
    assert_eq!(shop.offer(), Offer::Ready, "a question brought it back, no customer");
    assert_eq!(shop.screen(&no), Screen::Paid);
    shop.settle();
}
