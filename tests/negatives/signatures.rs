//! 10–14 and 22–23: whose key, which algorithm, and over which bytes.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use mianfu_core::attempt::Screen;
use mianfu_tests::shop::*;
use rsa::pkcs1v15::Pkcs1v15Sign;
use rsa::pss::BlindedSigningKey;
use rsa::rand_core::OsRng;
use rsa::sha2::Sha256;
use rsa::signature::{RandomizedSigner as _, SignatureEncoding as _};
use rsa::traits::{PrivateKeyParts as _, PublicKeyParts as _};
use rsa::{BigUint, RsaPrivateKey};
use sha1::Sha1;

use crate::door::{self, OTHER_APP, OTHER_TILL};
use crate::keys::{sign, signers};
use crate::notices::*;
use crate::stand::*;

const OTHER_V2_KEY: &str = "abcdef0123456789abcdef0123456789";
const OTHER_V3_KEY: &str = "0000000000111111111122222222223z";

#[test]
pub(crate) fn n10_another_stores_key_opens_nothing_here() {
    let stranger = &signers().stranger;
    let mut stand = Stand::open(ALIPAY);
    let fields = alipay_fields(&stand.paid);
    stand.refuses("the channel's key of another store", &signed_form(stranger, &fields));
    // What is genuine at the other store's own address is not at ours.
    let theirs = signed_form(stranger, &with(&fields, "app_id", OTHER_APP));
    stand.refuses("the other store's own notice", &theirs);
    let before = stand.door.fingerprint();
    let ours = format!("/notify/alipay/{ALIPAY_APP}/{OTHER_TILL}");
    let at_theirs = format!("/notify/alipay/{OTHER_APP}/{OTHER_TILL}");
    let genuine = stand.genuine();
    assert_eq!(stand.door.post_to(&ours, &genuine).status, 404, "our account at their till");
    assert_eq!(stand.door.post_to(&at_theirs, &genuine).status, 401, "our notice at their address");
    assert_eq!(stand.door.fingerprint(), before);
    assert_eq!(stand.door.post_to(&at_theirs, &theirs).status, 200);
    assert_eq!(stand.door.waiting().len(), 0, "kept for the other till alone");
    stand.ends_paid();

    let mut stand = Stand::open(V3);
    let plain = v3_plain(&stand.paid);
    let body = Sealed::under(V3_KEY, &plain).body();
    stand.refuses("signed with another key", &signed_json(stranger, stand.paid.at, &body));
    let sealed = Sealed::under(OTHER_V3_KEY, &plain).renamed("other").signed(stand.paid.at);
    stand.till_alone_refuses("sealed under another store's key", &sealed);
    stand.ends_paid();

    let mut stand = Stand::open(V2);
    let fields = v2_fields(&stand.paid);
    let sign = v2_hmac(&fields, OTHER_V2_KEY);
    stand.refuses("another store's key", &xml(&with(&fields, "sign", &sign)));
    stand.refuses("no key", &xml(&with(&fields, "sign", &v2_hmac(&fields, ""))));
    stand.ends_paid();
}

/// Signs with SHA-1, as RSA (1) did.
fn sign_sha1(key: &RsaPrivateKey, content: &[u8]) -> String {
    let prefix = b"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\0\x04\x14";
    let padding = Pkcs1v15Sign { hash_len: Some(20), prefix: Box::from(prefix.as_slice()) };
    STANDARD.encode(key.sign(padding, &Sha1::digest(content)).unwrap())
}

#[test]
pub(crate) fn n11_a_weaker_algorithm_is_no_signature() {
    let channel = &signers().channel;
    let mut stand = Stand::open(ALIPAY);
    let fields = alipay_fields(&stand.paid);
    let text = form_text(&fields);
    let strong = sign(channel, text.as_bytes());
    let weak = sign_sha1(channel, text.as_bytes());
    let hash: String = Md5::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
    let unnamed = dropped(&fields, "sign_type");
    stand.refuses("SHA-1 under no name", &form(&with(&unnamed, "sign", &weak)));
    for kind in ["RSA", "RSA2", "MD5", "none", "rsa2", "RSA2 ", "SM2"] {
        let named = with(&fields, "sign_type", kind);
        stand.refuses(kind, &form(&with(&named, "sign", &weak)));
        stand.refuses(kind, &form(&with(&named, "sign", &hash)));
        if kind != "RSA2" {
            stand.refuses(kind, &form(&with(&named, "sign", &strong)));
        }
    }
    stand.ends_paid();

    let mut stand = Stand::open(V3);
    let genuine = stand.genuine();
    let seconds = stand.paid.at.0.div_euclid(1_000).to_string();
    let weak = sign_sha1(channel, json_text(&seconds, &genuine.text()).as_bytes());
    stand.refuses("SHA-1", &genuine.but_header("wechatpay-signature", &weak));
    stand.ends_paid();

    // The store agreed on HMAC-SHA256, so MD5 under the right key is a forgery too.
    let mut stand = Stand::open(V2);
    let fields = v2_fields(&stand.paid);
    stand.refuses("MD5", &xml(&with(&fields, "sign", &v2_md5(&fields, V2_KEY))));
    for kind in ["MD5", "HMAC-SHA256", "none", "hmac-sha256"] {
        let named = with(&fields, "sign_type", kind);
        stand.refuses(kind, &xml(&with(&named, "sign", &v2_md5(&named, V2_KEY))));
        if kind != "HMAC-SHA256" {
            stand.refuses(kind, &xml(&with(&named, "sign", &v2_hmac(&named, V2_KEY))));
        }
    }
    stand.ends_paid();
}

#[test]
pub(crate) fn n12_a_name_that_stands_twice_is_read_in_no_way() {
    let mut stand = Stand::open(ALIPAY);
    let genuine = stand.genuine().text();
    for (name, value) in [
        ("total_amount", "0.01"),
        ("total_amount", "12.50"),
        ("out_trade_no", "9000042007111111120000000099"),
        ("trade_status", "TRADE_CLOSED"),
        ("sign", "x"),
        ("sign_type", "RSA"),
        ("app_id", ALIPAY_APP),
    ] {
        for twice in [
            format!("{genuine}&{name}={value}"),
            format!("{name}={value}&{genuine}"),
            format!("{genuine}&{}={value}", name.replacen('_', "%5F", 1).replacen('g', "%67", 1)),
            format!("{genuine}&{name}%5B%5D={value}"),
            format!("{genuine}&{name}%5B0%5D={value}"),
        ] {
            stand.refuses(name, &Notice::bare(twice));
        }
    }
    stand.ends_paid();

    let mut stand = Stand::open(V3);
    let genuine = stand.genuine();
    for (name, value) in &genuine.headers {
        for (name, value) in [(name.clone(), value.as_str()), (name.to_uppercase(), "0")] {
            for place in [0, genuine.headers.len()] {
                let mut twice = genuine.clone();
                twice.headers.insert(place, (name.clone(), value.to_owned()));
                stand.refuses(&name, &twice);
            }
        }
    }
    stand.refuses("in the body", &genuine.but("{\"id\"", "{\"id\":\"x\",\"id\""));
    let plain = v3_plain(&stand.paid);
    for (from, to) in [
        ("\"trade_state\":", "\"trade_state\":\"NOTPAY\",\"trade_state\":"),
        ("\"total\":", "\"total\":1,\"total\":"),
        ("\"mchid\":", "\"mchid\":\"1\",\"mchid\":"),
    ] {
        let twice = plain.replacen(from, to, 1);
        assert_ne!(twice, plain);
        stand.till_alone_refuses(from, &Sealed::under(V3_KEY, &twice).signed(stand.paid.at));
    }
    stand.ends_paid();

    let mut stand = Stand::open(V2);
    let genuine = stand.genuine();
    for twice in ["<total_fee>1</total_fee>", "<sign>x</sign>", "<out_trade_no>1</out_trade_no>"] {
        stand.refuses(twice, &genuine.but("</xml>", &format!("{twice}</xml>")));
        stand.refuses(twice, &genuine.but("<xml>", &format!("<xml>{twice}")));
    }
    stand.ends_paid();
}

#[test]
pub(crate) fn n13_a_field_added_dropped_or_written_anew_is_not_what_was_signed() {
    let mut stand = Stand::open(ALIPAY);
    let fields = with(&alipay_fields(&stand.paid), "sign", "");
    let signed = signed_form(&signers().channel, &fields).text();
    let signature = signed.split('&').find(|pair| pair.starts_with("sign=")).unwrap().to_owned();
    let rewritten = |fields: &Fields| {
        Notice::bare(format!("{}&{signature}", form(&dropped(fields, "sign")).text()))
    };
    // Its kind is no part of what is signed; that it is RSA2 is no news.
    for name in fields.keys().filter(|name| !["sign", "sign_type"].contains(&name.as_str())) {
        stand.refuses(name, &rewritten(&dropped(&fields, name)));
        stand.refuses(name, &rewritten(&with(&fields, name, "")));
    }
    stand.refuses("added", &rewritten(&with(&fields, "refund_fee", "0.00")));
    stand.refuses("added in front", &rewritten(&with(&fields, "a", "1")));
    let gbk = "%C4%C3%CC%FA+%B4%F3%B1%AD+%2B+1%2F2";
    let utf8 = form_urlencoded::byte_serialize("拿铁 大杯 + 1/2".as_bytes()).collect::<String>();
    stand.refuses("in GBK", &Notice::bare(signed.replace(&utf8, gbk)));
    stand.refuses("encoded twice", &Notice::bare(signed.replace('%', "%25")));
    stand.refuses("a plus that became a blank", &Notice::bare(signed.replace("%2B", "+")));
    stand.refuses("in lower case", &Notice::bare(signed.to_lowercase()));
    // A blank is written in two ways, and the bytes that are signed are the same.
    let twin = Notice::bare(signed.replace('+', "%20"));
    assert_ne!(twin.text(), signed);
    let handed = stand.handed_on("written otherwise", &twin);
    stand.tell(ALIPAY.channel, &handed).unwrap();
    assert_eq!(stand.shop.screen(&stand.no), Screen::Paid);
    let before = (stand.hash(), stand.door.fingerprint());
    assert_eq!(stand.post("alipay", &Notice::bare(signed.clone())).status, 200, "the same again");
    stand.tell(ALIPAY.channel, &Notice::bare(signed)).unwrap();
    assert!((stand.hash(), stand.door.fingerprint()) == before);
    stand.rests_paid();

    let mut stand = Stand::open(V3);
    let genuine = stand.genuine();
    for (from, to) in [
        ("\",\"", "\", \""),
        ("\"summary\":\"支付成功\",", ""),
        ("支付成功", "\\u652f\\u4ed8\\u6210\\u529f"),
        ("}}", "},\"more\":1}"),
        ("}}", "}}\n"),
        ("TRANSACTION.SUCCESS", "TRANSACTION.success"),
    ] {
        stand.refuses(to, &genuine.but(from, to));
    }
    stand.ends_paid();

    let mut stand = Stand::open(V2);
    let genuine = stand.genuine();
    for (from, to) in [
        ("</xml>", "<attach>1</attach></xml>"),
        ("<fee_type><![CDATA[CNY]]></fee_type>", ""),
        ("<![CDATA[1250]]>", "<![CDATA[1250 ]]>"),
        ("<xml>", "<!DOCTYPE xml [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><xml>"),
        ("<xml>", "<XML>"),
    ] {
        stand.refuses(to, &genuine.but(from, to));
    }
    stand.ends_paid();
}

#[test]
pub(crate) fn n13_a_field_hidden_in_its_neighbour_is_not_overlooked() {
    // `a=1&b=2` is signed as it stands, so one field `a` of `1&b=2` has the same signature.
    let mut stand = Stand::open(ALIPAY);
    let back = [("gmt_refund", "2026-11-21 10:00:09"), ("refund_fee", "12.50")];
    let fields = back
        .iter()
        .fold(alipay_fields(&stand.paid), |fields, (name, value)| with(&fields, name, value));
    let sign = sign(&signers().channel, form_text(&fields).as_bytes());
    let fields = with(&fields, "sign", &sign);
    let joined = |first: &str, second: &str| {
        let both = format!("{}&{second}={}", fields[first], fields[second]);
        form(&with(&dropped(&fields, second), first, &both))
    };
    let pairs = [
        ("gmt_create", "gmt_payment"),
        ("gmt_payment", "gmt_refund"),
        ("charset", "gmt_create"),
        ("buyer_id", "buyer_pay_amount"),
        ("refund_fee", "seller_id"),
        ("trade_no", "trade_status"),
    ];
    for (first, second) in pairs {
        stand.refuses(second, &joined(first, second));
    }
    let named = format!("gmt_create={}&gmt_payment", fields["gmt_create"]);
    let hidden = dropped(&dropped(&fields, "gmt_create"), "gmt_payment");
    stand.refuses("hidden in a name", &form(&with(&hidden, &named, &fields["gmt_payment"])));
    // A subject may say what it likes.
    let mut plain = alipay_fields(&stand.paid);
    plain.insert("subject".to_owned(), "面 & 茶 = 12 & more".to_owned());
    let sent = signed_form(&signers().channel, &plain);
    let handed = stand.handed_on("a subject", &sent);
    stand.tell(ALIPAY.channel, &handed).unwrap();
    stand.rests_paid();
}

#[test]
pub(crate) fn n14_a_charset_that_is_lied_about_is_no_reading() {
    let channel = &signers().channel;
    let mut stand = Stand::open(ALIPAY);
    let fields = alipay_fields(&stand.paid);
    let genuine = stand.genuine();
    for charset in ["gbk", "GBK", "gb18030", "iso-8859-1", "utf-7", ""] {
        stand.refuses(charset, &genuine.but("charset=utf-8", &format!("charset={charset}")));
    }
    // Signed with what it declares: a till reads UTF-8 and nothing else.
    for charset in ["gbk", "gb18030", "utf-7"] {
        let fields = with(&with(&fields, "charset", charset), "notify_id", charset);
        stand.till_alone_refuses(charset, &signed_form(channel, &fields));
    }
    // Bytes of GBK that the channel signed as UTF-8: the signature is right over the bytes, and the
    // bytes are no text.
    let fields = with(&with(&fields, "notify_id", "bytes"), "subject", "SUBJECT");
    let text = form_text(&fields).into_bytes();
    let at = text.windows(7).position(|part| part == b"SUBJECT").unwrap();
    let bytes = [&text[..at], b"\xc4\xc3\xcc\xfa", &text[at + 7..]].concat();
    let sign = sign(channel, &bytes);
    let sent = form(&with(&fields, "sign", &sign));
    stand.till_alone_refuses("bytes of GBK", &sent.but("SUBJECT", "%C4%C3%CC%FA"));
    stand.ends_paid();

    for kind in [V3, V2] {
        let mut stand = Stand::open(kind);
        let genuine = stand.genuine();
        let mut spoilt = genuine.clone();
        let at = spoilt.body.len() / 2;
        spoilt.body.splice(at..at, [0xff, 0xfe]);
        stand.refuses("no text", &spoilt);
        let mut marked = genuine.clone();
        marked.body.splice(0..0, [0xef, 0xbb, 0xbf]);
        stand.refuses("a mark before it", &marked);
        let wide: Vec<u8> = genuine.text().encode_utf16().flat_map(u16::to_be_bytes).collect();
        stand.refuses("UTF-16", &Notice { body: wide, ..genuine });
        stand.ends_paid();
    }
}

#[test]
pub(crate) fn n22_the_merchants_own_key_is_not_the_channels() {
    let merchant = &signers().merchant;
    let mut stand = Stand::open(ALIPAY);
    let fields = alipay_fields(&stand.paid);
    stand.refuses("signed as a request is", &signed_form(merchant, &fields));
    let whole = fields.iter().map(|(name, value)| format!("{name}={value}"));
    let sign = sign(merchant, whole.collect::<Vec<_>>().join("&").as_bytes());
    stand.refuses("its kind signed as well", &form(&with(&fields, "sign", &sign)));
    stand.ends_paid();

    let mut stand = Stand::open(V3);
    let body = stand.genuine().text();
    let ours = signed_json(merchant, stand.paid.at, &body);
    stand.refuses("under the channel's number", &ours);
    let named = ours.but_header("wechatpay-serial", MERCHANT_SERIAL);
    stand.refuses("under the merchant's own number", &named);
    stand.ends_paid();
}

/// Whatever a wrong signature may look like, over this content; with the key itself, so that only
/// the form is wrong.
fn misshapen(key: &RsaPrivateKey, content: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    const PREFIX: &[u8] =
        b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\0\x04\x20";
    let hash = <Sha256 as rsa::sha2::Digest>::digest(content).to_vec();
    let info = [PREFIX, &hash].concat();
    let bare = b"\x30\x2f\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x04\x20".as_slice();
    let long = [b"\x30\x81\x31".as_slice(), &PREFIX[2..]].concat();
    let other = [&PREFIX[..14], b"\x03", &PREFIX[15..]].concat();
    let padded = |begin: &[u8], end: &[u8]| {
        let fill = vec![0xff; 256 - begin.len() - 1 - end.len()];
        [begin, &fill, b"\0", end].concat()
    };
    let raised = |block: &[u8]| {
        let bytes = BigUint::from_bytes_be(block).modpow(key.d(), key.n()).to_bytes_be();
        [vec![0; 256 - bytes.len()], bytes].concat()
    };
    let good = raised(&padded(b"\0\x01", &info));
    let short = [b"\0\x01".as_slice(), &[0xff; 8], b"\0", &info].concat();
    let garbage = [short.clone(), vec![0x5a; 256 - short.len()]].concat();
    let mut holed = padded(b"\0\x01", &info);
    holed[9] = 0xfe;
    let beyond = BigUint::from_bytes_be(&good) + key.n();
    let pss = BlindedSigningKey::<Sha256>::new(key.clone()).sign_with_rng(&mut OsRng, content);
    assert_eq!(STANDARD.encode(&good), sign(key, content), "the form alone is what differs");
    vec![
        ("nothing", Vec::new()),
        ("a zero", vec![0; 256]),
        ("a one", [vec![0; 255], vec![1]].concat()),
        ("the modulus", key.n().to_bytes_be()),
        ("the modulus less one", (key.n() - BigUint::from(1_u8)).to_bytes_be()),
        ("a block longer", [vec![0], good.clone()].concat()),
        ("a byte behind", [good.clone(), vec![0]].concat()),
        ("twice", good.repeat(2)),
        ("sixty-four times", good.repeat(64)),
        ("cut short", good[..255].to_vec()),
        ("without its first byte", good[1..].to_vec()),
        ("beyond the modulus", beyond.to_bytes_be()),
        ("garbage behind the hash", raised(&garbage)),
        ("a hole in the padding", raised(&holed)),
        ("padded for secrets", raised(&padded(b"\0\x02", &info))),
        ("no padding", raised(&[vec![0; 256 - info.len()], info.clone()].concat())),
        ("the hash alone", raised(&padded(b"\0\x01", &hash))),
        ("an algorithm without its null", raised(&padded(b"\0\x01", &[bare, &hash].concat()))),
        ("a length in long form", raised(&padded(b"\0\x01", &[&long[..], &hash].concat()))),
        ("another algorithm's name", raised(&padded(b"\0\x01", &[&other[..], &hash].concat()))),
        ("PSS", pss.to_bytes().to_vec()),
    ]
}

/// Makes a signature without the private key, for whoever looks at the beginning of what it says
/// and not at its end (Bleichenbacher, 2006): the cube root of a number that begins rightly.
fn cube_root(content: &[u8]) -> Vec<u8> {
    let begin = [
        b"\0\x01\xff\xff\xff\xff\xff\xff\xff\xff\0".as_slice(),
        b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\0\x04\x20",
        &<Sha256 as rsa::sha2::Digest>::digest(content),
    ]
    .concat();
    let place = 8 * (256 - begin.len());
    let least = BigUint::from_bytes_be(&begin) << place;
    let mut root = BigUint::default();
    for bit in (0..700).rev() {
        let more = &root + (BigUint::from(1_u8) << bit);
        if &more * &more * &more <= least {
            root = more;
        }
    }
    let root = root + BigUint::from(1_u8);
    let cube = (&root * &root * &root) >> place;
    assert_eq!(cube, BigUint::from_bytes_be(&begin), "it begins as a genuine one does");
    let bytes = root.to_bytes_be();
    [vec![0; 256 - bytes.len()], bytes].concat()
}

/// A channel whose key has the exponent three, which makes such roots easy.
fn weak() -> &'static RsaPrivateKey {
    static MADE: OnceLock<RsaPrivateKey> = OnceLock::new();
    MADE.get_or_init(|| {
        RsaPrivateKey::new_with_exp(&mut OsRng, 2048, &BigUint::from(3_u8)).unwrap()
    })
}

#[test]
pub(crate) fn n23_a_signature_of_any_other_shape_is_none() {
    let channel = &signers().channel;
    let mut stand = Stand::open(ALIPAY);
    let fields = alipay_fields(&stand.paid);
    let text = form_text(&fields);
    let good = sign(channel, text.as_bytes());
    for (what, bytes) in misshapen(channel, text.as_bytes()) {
        stand.refuses(what, &form(&with(&fields, "sign", &STANDARD.encode(bytes))));
    }
    for written in [good.replace('=', ""), format!("{good}="), good.repeat(2), "A".repeat(60_000)] {
        stand.refuses("written otherwise", &form(&with(&fields, "sign", &written)));
    }
    stand.ends_paid();

    let mut stand = Stand::open(V3);
    let genuine = stand.genuine();
    let seconds = stand.paid.at.0.div_euclid(1_000).to_string();
    let text = json_text(&seconds, &genuine.text());
    for (what, bytes) in misshapen(channel, text.as_bytes()) {
        let written = STANDARD.encode(bytes);
        stand.refuses(what, &genuine.but_header("wechatpay-signature", &written));
    }
    stand.ends_paid();

    let mut stand = Stand::with(ALIPAY, door::settings(), weak());
    let fields = alipay_fields(&stand.paid);
    let root = STANDARD.encode(cube_root(form_text(&fields).as_bytes()));
    stand.refuses("a cube root", &form(&with(&fields, "sign", &root)));
    let handed = stand.handed_on("the weak key's own", &signed_form(weak(), &fields));
    stand.tell(ALIPAY.channel, &handed).unwrap();
    stand.rests_paid();
}
