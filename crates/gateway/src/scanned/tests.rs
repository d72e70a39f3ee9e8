//! A corpus of scans, each with what it is.
//!
//! Codes are made up: no check of a channel knows them.

use super::*;

/// Alipay's payment codes, and its tokens of a paying face.
const ALIPAY: [&str; 24] = [
    "2576622837218632",
    "25040164438415271",
    "256477259769042827",
    "255236438694361368515677",
    "26463034282896701",
    "265281401456868422",
    "26893404526745946141",
    "264466535191685298543278",
    "2786659264321374",
    "279138916173686009",
    "27570083198924437756",
    "276538211490038766051572",
    "2898632860313160",
    "28739266150215026",
    "285860107538432696",
    "28890578603668917963",
    "286642833090066799173723",
    "2919911591110864",
    "29361270969282044",
    "296358494404704146",
    "29978292879102451698",
    "3044040009821072",
    "fp0a1B0a1B0a1B0a1B0a1B0a1B0a1B0a1B9",
    "fp610962945688723290835342183593005",
];

/// WeChat's payment codes.
const WECHAT: [&str; 12] = [
    "100020647321526004",
    "109060322901256097",
    "111636740598409813",
    "118128639038906616",
    "120538492520996951",
    "129694510350762775",
    "138386120198957159",
    "139062292533972491",
    "146352390058500334",
    "148099152704702033",
    "154015864291385463",
    "156595295478286183",
];

/// UnionPay's payment codes.
const UNIONPAY: [&str; 5] = [
    "6218680671167347391",
    "6206510790351740644",
    "6252466069539672216",
    "6214150032242454061",
    "6208950456151905560",
];

/// The first digits of payment codes.
const TRUNCATED: [&str; 22] = [
    "2867573441",
    "288413117395",
    "2837162161593",
    "281587980767792",
    "25173714724",
    "26868577970134",
    "276867350470270",
    "2981748064",
    "306614264088",
    "301191258774715",
    "130836050521",
    "13428309273951696",
    "1086633049",
    "1057420170292476",
    "1191351293453",
    "12250478957074",
    "143956904579705",
    "15227017455425244",
    "6290703813",
    "6261739409632",
    "6248689768348719",
    "628056513118276520",
];

/// Two reads behind each other, and two that came into each other.
const RUN_TOGETHER: [&str; 15] = [
    "281234567890123456281234567890123456",
    "134567890123456789134567890123456789",
    "281234567890123456134567890123456789",
    "134567890123456789281234567890123456",
    "218314253647586970819203142536475869",
    "123841526374859607182930415263748596",
    "2812345678901234562812345",
    "28123456789012345628123456",
    "1345678901234567891",
    "1345678901234567892",
    "62750232538163788327",
    "62123456789012345676212345678901234567",
    "2812345678901234561345678",
    "999999999999999999999999999999999999",
    "69010280758312812345678901234566901028075831",
];

/// Goods: EAN-13, EAN-8, UPC-A, GTIN-14, UPC-E, magazines and books with what stands behind
/// their code, cartons.
const PRODUCT: [&str; 33] = [
    "6901028075831",
    "4006381333931",
    "6901234567892",
    "9787115428028",
    "6921168509256",
    "6954767423579",
    "6902083881405",
    "4902102072618",
    "8801019606557",
    "5449000000996",
    "3017620422003",
    "0012345678905",
    "2001230012342",
    "2512340056787",
    "96385074",
    "69012341",
    "20123451",
    "49001235",
    "28000013",
    "036000291452",
    "012345678905",
    "885912123456",
    "16901028075838",
    "06901234567892",
    "04252614",
    "11477739",
    "05367368",
    "19198709",
    "977167402600901",
    "978711542802812345",
    "0106901234567892",
    "011690102807583817261231",
    "01069012345678923103001250",
];

/// Codes that ask to be paid.
const RECEIVE: [&str; 17] = [
    "https://qr.alipay.com/bax03409rxj8k5rrcufw00fc",
    "HTTPS://QR.ALIPAY.COM/FKX01234",
    "http://qr.alipay.com/fkx09876abc",
    "qr.alipay.com/bavh4wjlxf12tper3a",
    "https://qr.alipay.com/c1x06532nwtkqv",
    "wxp://f2f0abcdefGHIJKLMNOP1234567890",
    "WXP://F2F0ABCDEF",
    "wxp://f2f1qW8-_xyz",
    "weixin://wxpay/bizpayurl?pr=abc",
    "weixin://wxpay/bizpayurl/up?pr=NwY5Mz9&groupid=00",
    "https://qr.95516.com/00010000/62123456789012345678901234567890",
    "https://qr.95516.com/48020000/10012111123456",
    "HTTPS://QR.95516.COM/00010001/1",
    "https://payapp.weixin.qq.com/qrpay/order?id=1",
    "https://wx.tenpay.com/f2f?t=AQAAAAbc",
    "alipays://platformapi/startapp?saId=10000007",
    "alipayqr://platformapi/startapp?saId=10000007&qrcode=x",
];

/// Other addresses.
const ADDRESS: [&str; 12] = [
    "https://example.com/",
    "http://weixin.qq.com/r/abcdef",
    "https://u.wechat.com/EAbcdefg",
    "https://mp.weixin.qq.com/a/~~abc",
    "https://www.gs1cn.org/01/06901234567892",
    "www.example.cn/12",
    "HTTP://T.CN/A6",
    "https://qr.shouqianba.com/19010010",
    "https://example.com/?next=https://qr.alipay.com/x",
    "tel://13800138000",
    "ftp://10.0.0.1/menu.pdf",
    "https://evil.example/qr.95516.com/00010000",
];

/// Members' and other cards, mobile numbers among them.
const CARD: [&str; 23] = [
    "VIP-0042",
    "*VIP0042*",
    "*123456*",
    "M00012345",
    "vip123456",
    "8888",
    "10086",
    "1234567",
    "880012345",
    "100001234",
    "281234567",
    "62123456",
    "13800138000",
    "15912345678",
    "17712345678",
    "19900001111",
    "18612345678",
    "HY_2024_0001",
    "A1B2C3D4",
    "2026112",
    "7700001",
    "161234567",
    "B08N5WRWNW",
];

/// Our numbers of attempts.
const RECEIPT: [&str; 3] = [
    "9000042007123456780000000019",
    "9000001001000000070000000001",
    "9099999999999999999999999999",
];

/// Our numbers of sales in cash.
const CASH_RECEIPT: [&str; 3] =
    ["91000420070000000129", "91000010010000000001", "91999999999999999999"];

/// What a Chinese input method makes of letters and digits.
const FULL_WIDTH: [&str; 8] = [
    "２８1234567890123456",
    "２８１２３４５６７８９０１２３４５６",
    "1３4567890123456789",
    "６901028075831",
    "ｆｐ0a",
    "ＶＩＰ0042",
    "281234567890１23456",
    "\u{3000}２８１２３４\r\n",
];

/// Nothing, in several forms.
const EMPTY: [&str; 8] =
    ["", " ", "\r\n", "\t\t", "\u{3000}", "\u{a0}\r", "\u{200b}", "\u{feff}\n"];

/// None of these: words, broken codes, the channels' own numbers, tricks.
const OTHER: [&str; 33] = [
    "12",
    "1",
    "abc",
    "付款码",
    "你好，世界",
    "2812345678 90123456",
    "28123456789012345x",
    "x281234567890123456",
    "-",
    "28.12",
    "card#77",
    "66.8001",
    "No.1001",
    "28,1234567890123456",
    "281234567890123456;134567890123456789",
    "]Q1281234567890123456",
    "161234567890123456",
    "241234567890123456",
    "311234567890123456",
    "001234567890123456",
    "633333333333333333",
    "'; DROP TABLE attempt;--",
    "<script>alert(1)</script>",
    "{\"auth_code\":\"281234567890123456\"}",
    "2026112122001400000000000001",
    "4200002026112100000000000001",
    "FP0A1B0A1B0A1B0A1B0A1B0A1B0A1B0A1B9",
    "fp0a1B0a1B0a1B0a1B0a1B0a1B0a1B0a1B",
    "二8",
    "٢٨١٢٣٤",
    "MEMBER",
    "a b c 1",
    "🍎28",
];

/// What readers put around a code changes nothing.
const ENDED: [(&str, &str); 17] = [
    ("281234567890123456\r\n", "alipay"),
    ("281234567890123456\n", "alipay"),
    ("281234567890123456\r", "alipay"),
    ("281234567890123456\t", "alipay"),
    ("\t 281234567890123456 ", "alipay"),
    ("281234567890123456\u{3000}", "alipay"),
    ("\u{feff}281234567890123456", "alipay"),
    ("281234567890123456\0", "alipay"),
    ("134567890123456789\r\n", "wechat"),
    ("\n134567890123456789\t", "wechat"),
    ("6212345678901234567\r\n", "unionpay"),
    ("6901028075831\r\n", "product"),
    ("9000042007123456780000000019\t", "receipt"),
    ("91000420070000000129\r\n", "cash receipt"),
    ("https://qr.alipay.com/bax0\r\n", "receive"),
    ("28123456789012\r\n", "truncated"),
    ("VIP-0042\r\n", "card"),
];

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(name(&recognise(text)), expected, "{text:?}");
}

fn name(scanned: &Scanned) -> &'static str {
    match scanned {
        Scanned::Payment { channel, .. } => channel.as_str(),
        Scanned::UnionPay => "unionpay",
        Scanned::Truncated => "truncated",
        Scanned::RunTogether => "run together",
        Scanned::Product => "product",
        Scanned::Receive => "receive",
        Scanned::Address => "address",
        Scanned::Card => "card",
        Scanned::Receipt(_) => "receipt",
        Scanned::CashReceipt(_) => "cash receipt",
        Scanned::FullWidth => "full width",
        Scanned::TooLong => "too long",
        Scanned::Empty => "empty",
        Scanned::Other => "other",
    }
}

#[test]
fn every_scan_of_the_corpus_is_what_it_is() {
    let kinds: [(&str, &[&str]); 14] = [
        ("alipay", &ALIPAY),
        ("wechat", &WECHAT),
        ("unionpay", &UNIONPAY),
        ("truncated", &TRUNCATED),
        ("run together", &RUN_TOGETHER),
        ("product", &PRODUCT),
        ("receive", &RECEIVE),
        ("address", &ADDRESS),
        ("card", &CARD),
        ("receipt", &RECEIPT),
        ("cash receipt", &CASH_RECEIPT),
        ("full width", &FULL_WIDTH),
        ("empty", &EMPTY),
        ("other", &OTHER),
    ];
    for (kind, texts) in kinds {
        texts.iter().for_each(|text| check(text, kind));
    }
    ENDED.iter().for_each(|(text, kind)| check(text, kind));
    let distinct: std::collections::BTreeSet<&str> =
        kinds.iter().flat_map(|(_, texts)| texts.iter().copied()).collect();
    assert!(150 <= distinct.len(), "{}", distinct.len());
}

#[test]
fn what_no_code_holds_is_too_long_unless_it_is_an_address() {
    check(&"9".repeat(64), "run together");
    check(&"9".repeat(65), "too long");
    check(&"9".repeat(4_096), "too long");
    check(&"a word ".repeat(600), "too long");
    check(&"281234567890123456\r\n".repeat(200), "too long");
    check(&format!("https://example.com/{}", "x".repeat(4_096)), "address");
    check(&format!("https://qr.alipay.com/{}", "x".repeat(4_096)), "receive");
}

#[test]
fn no_text_is_a_payment_code_but_by_the_channels_own_shapes() {
    for length in 1..70 {
        for two in 0..100 {
            let text = format!("{two:02}{}", "7".repeat(length))[..length].to_owned();
            let expected = match (two, length) {
                (25..=30, 16..=24) => Some(ChannelId::Alipay),
                (10..=15, 18) => Some(ChannelId::Wechat),
                _ => None,
            };
            let found = if let Scanned::Payment { channel, .. } = recognise(&text) {
                Some(channel)
            } else {
                None
            };
            assert_eq!(found, expected.filter(|_| 1 < length), "{text}");
        }
    }
}

#[test]
fn law_9_an_auth_code_does_not_print() {
    let scanned = format!("{:?}", recognise("281234567890123456"));
    assert!(scanned.contains("***") && !scanned.contains("2812"), "{scanned}");
}
