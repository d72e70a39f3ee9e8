//! Keys as merchants paste them, rightly and wrongly; and two RSA implementations in agreement.

use mianfu_core::money::Timestamp;
use proptest::prelude::*;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    PKCS_RSA_SHA256, SerialNumber, date_time_ymd,
};
use rsa::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _};
use rsa::sha2::{Digest as _, Sha256};
use rsa::{Pkcs1v15Sign, RsaPrivateKey, RsaPublicKey};

use super::golden::{ALIPAY_PRIVATE, ALIPAY_PUBLIC, APP_PRIVATE, APP_PUBLIC};
use super::*;
use crate::RsaKeys;

const APP_PRIVATE_PKCS1: &str = include_str!("../../../vectors/keys/app_private_pkcs1.pem");
const ALIPAY_PUBLIC_PKCS1: &str = include_str!("../../../vectors/keys/alipay_public_pkcs1.pem");
const SHORT_PRIVATE: &str = include_str!("../../../vectors/keys/short_private.pem");
const SHORT_PUBLIC: &str = include_str!("../../../vectors/keys/short_public.pem");
const EC_PRIVATE: &str = include_str!("../../../vectors/keys/ec_private.pem");
const EC_PUBLIC: &str = include_str!("../../../vectors/keys/ec_public.pem");
const ROOT_PRIVATE: &str = include_str!("../../../vectors/keys/root_private.pem");

/// The text between PEM's lines, as the console shows it.
fn bare(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with("-----")).collect()
}

#[test]
fn a_key_is_read_in_every_form_it_is_handed_out_in() {
    let expected = RsaKeys::from_keys(APP_PRIVATE, ALIPAY_PUBLIC).unwrap().sign(b"x");
    let crlf = APP_PRIVATE.replace('\n', "\r\n");
    let mislabelled = APP_PRIVATE_PKCS1.replace("RSA PRIVATE", "PRIVATE");
    let bare_pkcs1 = bare(APP_PRIVATE_PKCS1);
    let spaced = format!("\u{feff}\n  {}\n\n", bare(APP_PRIVATE));
    for private in [APP_PRIVATE_PKCS1, &crlf, &mislabelled, &bare_pkcs1, &spaced] {
        let keys = RsaKeys::from_keys(private, ALIPAY_PUBLIC).unwrap();
        assert_eq!(keys.sign(b"x"), expected);
    }
    let sign = RsaKeys::from_keys(ALIPAY_PRIVATE, APP_PUBLIC).unwrap().sign(b"y");
    let bare_public = bare(ALIPAY_PUBLIC);
    for public in [ALIPAY_PUBLIC, ALIPAY_PUBLIC_PKCS1, &bare_public] {
        assert!(RsaKeys::from_keys(APP_PRIVATE, public).unwrap().verify(b"y", &sign));
    }
}

#[track_caller]
fn check(private: &str, public: &str, expected: &str) {
    let error = RsaKeys::from_keys(private, public).unwrap_err().to_string();
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn a_wrong_key_is_named_with_what_to_do() {
    check("", ALIPAY_PUBLIC, "the application's private key (应用私钥) is missing: paste it");
    check(APP_PRIVATE, " \n", "Alipay's public key (支付宝公钥) is missing: paste it");
    check(
        "你好",
        ALIPAY_PUBLIC,
        "the application's private key (应用私钥) is neither PEM nor base64",
    );
    check(
        &APP_PRIVATE[..900],
        ALIPAY_PUBLIC,
        "the application's private key (应用私钥) is neither",
    );
    check("aGVsbG8=", ALIPAY_PUBLIC, "the application's private key (应用私钥) decodes but is not");
    check(SHORT_PRIVATE, ALIPAY_PUBLIC, "the application's private key (应用私钥) has 1024 bits");
    check(
        APP_PRIVATE,
        SHORT_PUBLIC,
        "Alipay's public key (支付宝公钥) has 1024 bits, RSA2 needs 2048",
    );
    check(APP_PUBLIC, ALIPAY_PUBLIC, "a public key stands where the application's private key");
    check(APP_PRIVATE, ALIPAY_PRIVATE, "a private key stands where Alipay's public key");
    check(APP_PRIVATE, APP_PUBLIC, "this is the application's own public key (应用公钥)");
    check(EC_PRIVATE, ALIPAY_PUBLIC, "the application's private key (应用私钥) is not an RSA key");
    check(APP_PRIVATE, EC_PUBLIC, "Alipay's public key (支付宝公钥) is not an RSA key");
    let locked = APP_PRIVATE.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    check(&locked, ALIPAY_PUBLIC, "the application's private key (应用私钥) is protected");
    let certificate = made(ALIPAY_PRIVATE, 1, 2025, 2030);
    check(APP_PRIVATE, &certificate, "a certificate stands where Alipay's public key");
}

#[test]
fn law_9_keys_do_not_print() {
    let keys = RsaKeys::from_keys(APP_PRIVATE, ALIPAY_PUBLIC).unwrap();
    assert_eq!(format!("{keys:?}"), "RsaKeys(\"***\")");
    assert_eq!(keys.own_fingerprint().0.len(), 64);
    assert_ne!(keys.own_fingerprint(), keys.channel_fingerprint());
    let pasted = bare(APP_PRIVATE);
    let error = RsaKeys::from_keys(&pasted[..800], ALIPAY_PUBLIC).unwrap_err();
    assert!(!format!("{error:?} {error}").contains(&pasted[..20]));
}

/// A certificate for the pair of `private`, issued by the tests' root.
fn made(private: &str, serial: u64, from_year: i32, until_year: i32) -> String {
    let rsa_key = |pem: &str| KeyPair::from_pkcs8_pem_and_sign_algo(pem, &PKCS_RSA_SHA256).unwrap();
    let mut root = CertificateParams::default();
    root.distinguished_name = DistinguishedName::new();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    root.distinguished_name.push(DnType::CountryName, "CN");
    root.distinguished_name.push(DnType::OrganizationName, "Mianfu");
    root.distinguished_name.push(DnType::OrganizationalUnitName, "Certification");
    root.distinguished_name.push(DnType::CommonName, "Pretend Root");
    let issuer = Issuer::new(root, rsa_key(ROOT_PRIVATE));
    let mut params = CertificateParams::default();
    params.serial_number = Some(SerialNumber::from(serial));
    params.not_before = date_time_ymd(from_year, 1, 1);
    params.not_after = date_time_ymd(until_year, 1, 1);
    params.signed_by(&rsa_key(private), &issuer).unwrap().pem()
}

#[test]
fn certificate_mode_reads_keys_and_numbers() {
    let app = made(APP_PRIVATE, 4711, 2025, 2030);
    let theirs = made(ALIPAY_PRIVATE, 4712, 2025, 2030);
    let roots =
        format!("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n{app}{theirs}");
    let keys = RsaKeys::from_certificates(APP_PRIVATE, &app, &theirs, &roots, NOW.now).unwrap();
    let number = |serial: &str| {
        use md5::Digest as _;
        let named = format!("CN=Pretend Root,OU=Certification,O=Mianfu,C=CN{serial}");
        crate::alipay::keys::hex(&md5::Md5::digest(named))
    };
    let serials = keys.serials().unwrap();
    assert_eq!(serials.app, number("4711"));
    assert_eq!(serials.channel, number("4712"));
    assert_eq!(serials.root, format!("{}_{}", number("4711"), number("4712")));
    let channel = RsaKeys::from_keys(ALIPAY_PRIVATE, APP_PUBLIC).unwrap();
    assert!(keys.verify(b"x", &channel.sign(b"x")));
}

#[test]
fn a_wrong_certificate_is_named_with_what_to_do() {
    let app = made(APP_PRIVATE, 1, 2025, 2030);
    let theirs = made(ALIPAY_PRIVATE, 2, 2025, 2030);
    let told = |app: &str, theirs: &str, roots: &str, now: Timestamp| {
        RsaKeys::from_certificates(APP_PRIVATE, app, theirs, roots, now).unwrap_err().to_string()
    };
    let now = NOW.now;
    let year_ms = 365 * 86_400_000;
    let table = [
        (told(&theirs, &theirs, &app, now), "the application's certificate does not belong"),
        (told(&app, &app, &app, now), "this is the application's own public key"),
        (told(APP_PUBLIC, &theirs, &app, now), "a key stands where the application's certificate"),
        (told(&app, APP_PRIVATE, &app, now), "a private key stands where Alipay's certificate"),
        (told("", &theirs, &app, now), "the application's certificate (应用公钥证书) is missing"),
        (told(&app, &theirs, "", now), "Alipay's root certificates (支付宝根证书) is missing"),
        (told(&app, &theirs, "x", now), "Alipay's root certificates (支付宝根证书) hold no RSA"),
        (
            told(&app, &theirs, &app, now.plus_ms(5 * year_ms)),
            "the application's certificate (应用公钥证书) has expired",
        ),
        (
            told(&app, &theirs, &app, now.plus_ms(-11 * year_ms)),
            "the application's certificate (应用公钥证书) is not valid yet",
        ),
    ];
    for (error, expected) in table {
        assert!(error.starts_with(expected), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn aws_lc_and_rsa_agree(content in proptest::collection::vec(any::<u8>(), 0..600)) {
        let keys = RsaKeys::from_keys(APP_PRIVATE, ALIPAY_PUBLIC).unwrap();
        let judge = RsaPrivateKey::from_pkcs8_pem(APP_PRIVATE).unwrap();
        let hash = Sha256::digest(&content);
        let theirs = judge.sign(Pkcs1v15Sign::new::<Sha256>(), &hash).unwrap();
        let ours = keys.sign(&content);
        prop_assert_eq!(&ours, &STANDARD.encode(&theirs), "the same bytes");
        let public = RsaPublicKey::from_public_key_pem(APP_PUBLIC).unwrap();
        let ours = STANDARD.decode(ours).unwrap();
        prop_assert!(public.verify(Pkcs1v15Sign::new::<Sha256>(), &hash, &ours).is_ok());
        let mirror = RsaKeys::from_keys(ALIPAY_PRIVATE, APP_PUBLIC).unwrap();
        prop_assert!(mirror.verify(&content, &STANDARD.encode(&theirs)));
        let mut broken = theirs.clone();
        broken[content.len() % 256] ^= 1;
        prop_assert!(!mirror.verify(&content, &STANDARD.encode(&broken)));
        prop_assert!(!mirror.verify(&content, &STANDARD.encode([&theirs[..], &[0]].concat())));
    }
}

#[test]
fn a_sha1_signature_is_refused() {
    let judge = RsaPrivateKey::from_pkcs8_pem(ALIPAY_PRIVATE).unwrap();
    let sha1 = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, b"x");
    // The prefix of a SHA-1 DigestInfo (RFC 8017, 9.2).
    let prefix = b"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14";
    let padding = Pkcs1v15Sign { hash_len: Some(20), prefix: prefix.as_slice().into() };
    let signature = STANDARD.encode(judge.sign(padding, sha1.as_ref()).unwrap());
    let keys = RsaKeys::from_keys(APP_PRIVATE, ALIPAY_PUBLIC).unwrap();
    assert!(!keys.verify(b"x", &signature));
}
