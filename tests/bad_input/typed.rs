//! What is typed and scanned: amounts, codes, the store's name.

use mianfu_core::attempt::Screen;
use mianfu_core::channel::ChannelId;
use mianfu_core::money::{Charge, Fen};
use mianfu_practice::Manner;
use mianfu_tests::shop::*;
use mianfu_till::{Means, Refusal};

#[track_caller]
fn assert_nothing_happened(shop: &mut Shop) {
    assert_eq!(shop.all_attempts().len(), 0, "nothing was kept");
    assert!(shop.sent.iter().all(|sent| sent.method == QUERY), "nothing was sent");
    assert!(shop.practice.truth().trades().next().is_none(), "nothing was charged");
}

#[track_caller]
fn check_amount(text: &str, sentence: &str) {
    let mut shop = Shop::new();
    match Fen::from_yuan(text) {
        None => assert_eq!(sentence, "not an amount", "{text:?}"),
        Some(amount) => {
            for show in [true, false] {
                let means = match show {
                    true => Means::Show(ChannelId::Alipay),
                    false => Means::Scan(shop.code(Manner::Pays)),
                };
                let refused = shop.collect(amount.get(), means).unwrap_err().to_string();
                assert!(refused.contains(sentence), "{text:?}: {refused}");
            }
        }
    }
    assert_nothing_happened(&mut shop);
}

#[test]
fn an_amount_that_is_none_is_refused_before_anything_is_kept() {
    check_amount("0", "at least one fen");
    check_amount("0.00", "at least one fen");
    check_amount("50000.01", "above this store's limit of ¥50000.00");
    check_amount("99999999999.99", "above this store's limit");
    for text in
        ["-1", "-0.01", "12.345", "0.001", "１２.５０", "１２", "", " ", "12.5元", "1e3", "NaN"]
    {
        check_amount(text, "not an amount");
    }
}

#[test]
fn a_store_may_lower_the_limit() {
    let mut shop = Shop::with(|setup| setup.settings.limit = Charge::new(100_000).unwrap());
    let refused = shop.collect(100_001, Means::Show(ChannelId::Alipay)).unwrap_err().to_string();
    assert!(refused.contains("¥1000.00"), "{refused}");
    assert_nothing_happened(&mut shop);
    let no = shop.scan(100_000, Manner::Pays);
    assert_eq!(shop.end(&no).screen(), Screen::Paid);
    shop.settle();
}

#[track_caller]
fn check_code(text: &str, sentence: &str) {
    let mut shop = Shop::new();
    let refused = shop.collect(1_250, Means::Scan(text.to_owned())).unwrap_err();
    assert!(matches!(refused, Refusal::NotACode(_)), "{text:?}: {refused:?}");
    assert!(refused.to_string().ends_with(sentence), "{text:?}: {refused}");
    assert_nothing_happened(&mut shop);
}

#[test]
fn a_scanned_text_that_is_no_payment_code_is_named_and_sent_nowhere() {
    check_code("6901234567892", "a product");
    check_code("https://qr.alipay.com/bax03409rxj8k5rrcufw00fc", "a code that asks to be paid");
    check_code("wxp://f2f0abcdef", "a code that asks to be paid");
    check_code("28123456789012", "the beginning of a payment code");
    check_code(&"281234567890123456".repeat(2), "two reads run together");
    check_code("２８1234567890123456", "full-width digits");
    check_code("9000042007123456780000000019", "a receipt of ours");
    check_code("131234567890123456", "a payment code of a channel that is not set up");
    check_code("6212345678901234567", "a UnionPay code");
    check_code("", "nothing");
    check_code("'; DROP TABLE attempt;--", "something else");
}

#[test]
fn a_code_that_is_read_twice_is_charged_once() {
    let mut shop = Shop::new();
    let code = shop.code(Manner::Pays);
    let no = shop.collect(1_250, Means::Scan(code.clone())).unwrap();
    shop.end(&no);
    for read in [code.clone(), format!(" {code}\r\n")] {
        let refused = shop.collect(1_250, Means::Scan(read));
        assert!(matches!(refused, Err(Refusal::CodeUsed)), "{refused:?}");
    }
    assert_eq!(shop.all_attempts().len(), 1);
    shop.settle();
    assert_eq!(shop.practice.truth().captured_fen(), 1_250);
}

#[test]
fn a_real_looking_code_that_practice_did_not_mint_is_declined() {
    let mut shop = Shop::new();
    let no = shop.collect(1_250, Means::Scan("281234567890123456".to_owned())).unwrap();
    assert_eq!(shop.end(&no).screen(), Screen::Declined);
    shop.settle();
    assert_eq!(shop.practice.truth().captured_fen(), 0);
}

#[test]
fn whatever_the_stores_name_is_a_sale_goes_through() {
    let long = "面".repeat(300);
    let names = [
        "咖啡☕👨‍👩‍👧🍜",
        "\"Joe's\" `Café` \\",
        "'; DROP TABLE attempt; --",
        "<script>alert(1)</script>&amp;",
        "a=b&c=d/e%20f",
        "\u{202e}倒\u{0}\u{7}店",
        "",
        " \n ",
        long.as_str(),
    ];
    for name in names {
        for show in [true, false] {
            let mut shop = Shop::with(|setup| setup.settings.store_name = name.to_owned());
            let no = if show {
                let (no, qr) = shop.show_drawn(1_250);
                shop.practice.scan(shop.now.0, &qr, Manner::Pays).unwrap();
                no
            } else {
                shop.scan(1_250, Manner::Pays)
            };
            assert_eq!(shop.end(&no).screen(), Screen::Paid, "{name:?}");
            let subject = shop.practice.truth().trade(no.as_str()).unwrap().subject.clone();
            assert!((1..=256).contains(&subject.chars().count()), "{name:?}: {subject:?}");
            shop.settle();
            shop.till().db().check_everything().unwrap();
        }
    }
}
