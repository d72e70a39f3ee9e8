//! WeChat Pay's channel files that cannot be used. What each is told in Chinese is in
//! `crates/till/tests/channel_files.rs`.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use mianfu_core::money::Timestamp;
use mianfu_till::channel_file::{self, Loaded};
use mianfu_till::worker::chain;
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, SerialNumber, date_time_ymd};
use tempfile::TempDir;

const NOW: Timestamp = mianfu_tests::shop::TEN;
const PRIVATE: &str = "practice/fixtures/merchant_private_key.pem";
const OTHER_PRIVATE: &str = "gateway/vectors/keys/root_private.pem";
const PLATFORM_PRIVATE: &str = "practice/fixtures/alipay_private_key.pem";
const V2_KEY: &str = "0123456789abcdef0123456789abcdef";
const V3_KEY: &str = "fedcba9876543210fedcba9876543210";
const SERIAL: &str = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1";

/// A channel's file and its keys, as an installer leaves them.
struct Desk {
    folder: TempDir,
    text: String,
}

impl Desk {
    fn new() -> Desk {
        let text = format!(
            "channel = \"wechat\"\n\
             environment = \"practice\"\n\
             gateway = \"https://127.0.0.1:40124\"\n\
             app_id = \"wx9999000000000001\"\n\
             merchant_id = \"1900009999\"\n\
             merchant_serial = \"{SERIAL}\"\n\
             private_key_file = \"apiclient_key.pem\"\n\
             certificate_file = \"apiclient_cert.pem\"\n\
             v2_key_file = \"v2.key\"\n\
             v3_key_file = \"v3.key\"\n\
             platform_certificate_file = \"platform.pem\"\n\
             notify_url = \"https://notify.invalid/wechat\"\n\
             terminal_ip = \"127.0.0.1\"\n"
        );
        let desk = Desk { folder: tempfile::tempdir().unwrap(), text };
        desk.keep("apiclient_key.pem", kept(PRIVATE).as_bytes());
        desk.keep("apiclient_cert.pem", certificate(PRIVATE, 2025, 2030).as_bytes());
        desk.keep("platform.pem", certificate(PLATFORM_PRIVATE, 2025, 2030).as_bytes());
        desk.keep("v2.key", V2_KEY.as_bytes());
        desk.keep("v3.key", V3_KEY.as_bytes());
        desk
    }

    fn keep(&self, name: &str, bytes: &[u8]) {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn replace(&mut self, from: &str, to: &str) {
        assert!(self.text.contains(from), "{from}");
        self.text = self.text.replace(from, to);
    }

    fn load(&self) -> Result<Loaded, String> {
        self.keep("wechat.toml", self.text.as_bytes());
        let path = self.folder.path().join("wechat.toml");
        channel_file::load(&path, [7; 32], NOW).map_err(|error| chain(&error))
    }
}

fn kept(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates").join(name);
    std::fs::read_to_string(path).unwrap()
}

fn certificate(private: &str, from: i32, until: i32) -> String {
    let pair = KeyPair::from_pem_and_sign_algo(&kept(private), &PKCS_RSA_SHA256).unwrap();
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    let byte = |at: usize| u8::from_str_radix(&SERIAL[at..at + 2], 16).unwrap();
    let bytes: Vec<u8> = (0..SERIAL.len()).step_by(2).map(byte).collect();
    params.serial_number = Some(SerialNumber::from(bytes));
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    params.self_signed(&pair).unwrap().pem()
}

#[track_caller]
fn check(change: impl FnOnce(&mut Desk), sentence: &str) {
    let mut desk = Desk::new();
    change(&mut desk);
    let told = desk.load().err().expect("it is refused");
    let secret = kept(PRIVATE);
    let lines = secret.lines().filter(|line| 40 < line.len()).map(|line| &line[..20]);
    for secret in lines.chain([&V2_KEY[..16], &V3_KEY[..16]]) {
        assert!(!told.contains(secret), "a secret stands in the sentence about {sentence}");
    }
    assert!(told.contains(sentence), "{told}");
}

#[test]
fn a_whole_file_is_used_in_every_mode() {
    assert!(Desk::new().load().is_ok_and(|loaded| loaded.practice));
    let mut both = Desk::new();
    both.keep("public.pem", kept("practice/fixtures/alipay_public_key.pem").as_bytes());
    both.text.push_str("public_key_file = \"public.pem\"\npublic_key_id = \"PUB_KEY_ID_01\"\n");
    assert!(both.load().is_ok(), "during a change-over");
    both.replace("platform_certificate_file = \"platform.pem\"\n", "");
    assert!(both.load().is_ok(), "with the public key alone");
    both.text.push_str("sub_merchant_id = \"1900000109\"\nsub_app_id = \"wx8888888888888888\"\n");
    both.text.push_str("scan_generation = \"v3\"\nstore_number = \"A1111\"\nsign_type = \"md5\"\n");
    assert!(both.load().is_ok(), "for a provider's merchant, with scans of v3");
}

#[test]
fn a_p12_in_the_place_of_pem_is_told_what_to_take() {
    let p12 = [0x30, 0x82, 0x0a, 0xf1, 0x02, 0x01, 0x03, 0xff, 0xfe];
    for name in ["apiclient_cert.pem", "apiclient_key.pem", "platform.pem", "v3.key"] {
        check(|desk| desk.keep(name, &p12), "apiclient_cert.pem and apiclient_key.pem");
    }
}

#[test]
fn a_certificate_that_is_over_or_of_another_merchant_is_named() {
    let of_merchant = |private, from, until| certificate(private, from, until);
    check(
        |desk| desk.keep("apiclient_cert.pem", of_merchant(PRIVATE, 2015, 2020).as_bytes()),
        "the merchant's certificate (商户API证书) has expired",
    );
    check(
        |desk| desk.keep("apiclient_cert.pem", of_merchant(PRIVATE, 2040, 2050).as_bytes()),
        "the merchant's certificate (商户API证书) is not valid yet",
    );
    check(
        |desk| desk.keep("apiclient_cert.pem", of_merchant(OTHER_PRIVATE, 2025, 2030).as_bytes()),
        "does not belong to the private key beside it",
    );
    check(
        |desk| desk.keep("apiclient_key.pem", kept(OTHER_PRIVATE).as_bytes()),
        "does not belong to the private key beside it",
    );
    check(|desk| desk.replace(SERIAL, &SERIAL.to_lowercase()), "merchant_serial is not the number");
    check(|desk| desk.replace(SERIAL, &SERIAL.replace('5', "6")), "merchant_serial is not the n");
}

#[test]
fn a_platform_certificate_that_is_over_does_not_keep_the_shop_shut() {
    let desk = Desk::new();
    desk.keep("platform.pem", certificate(PLATFORM_PRIVATE, 2015, 2020).as_bytes());
    let loaded = desk.load().expect("its successor is downloaded at the start");
    assert!(loaded.channel.hands_out_keys());
    check(
        |desk| {
            let later = certificate(PLATFORM_PRIVATE, 2040, 2050);
            desk.keep("platform.pem", later.as_bytes());
        },
        "WeChat Pay's certificate (微信支付平台证书) is not valid yet",
    );
}

#[test]
fn keys_in_each_others_places_are_named() {
    let cert = certificate(PRIVATE, 2025, 2030);
    check(
        |desk| desk.keep("apiclient_key.pem", cert.as_bytes()),
        "the merchant's private key (商户API私钥) decodes but is not what belongs there",
    );
    check(
        |desk| desk.keep("apiclient_cert.pem", kept(PRIVATE).as_bytes()),
        "a private key stands where the merchant's certificate",
    );
    check(
        |desk| desk.keep("platform.pem", kept(PRIVATE).as_bytes()),
        "a private key stands where WeChat Pay's certificate",
    );
    check(
        |desk| desk.keep("platform.pem", V3_KEY.as_bytes()),
        "WeChat Pay's certificate (微信支付平台证书) decodes but is not what belongs there",
    );
    check(|desk| desk.keep("v2.key", kept(PRIVATE).as_bytes()), "the API key of v2 has 32");
    check(|desk| desk.keep("v3.key", kept(PRIVATE).as_bytes()), "the APIv3 key has 32");
    check(|desk| desk.keep("v2.key", b""), "the API key of v2 has 32");
    check(|desk| desk.keep("v3.key", V3_KEY.repeat(2).as_bytes()), "the APIv3 key has 32");
}

#[test]
fn law9_a_secret_pasted_into_the_channels_file_is_not_repeated() {
    let body: String = kept(PRIVATE).lines().filter(|line| !line.starts_with("---")).collect();
    let sentence = "is not a channel's file: look at line";
    check(|desk| desk.text.push_str(&kept(PRIVATE)), sentence);
    check(|desk| desk.replace("\"practice\"", &format!("\"{V3_KEY}\"")), sentence);
    check(|desk| desk.text.push_str(&format!("v2_key = \"{V2_KEY}\"\n")), sentence);
    check(|desk| desk.text.push_str(&format!("sign_type = \"{V3_KEY}\"\n")), sentence);
    check(|desk| desk.text.push_str(&format!("scan_generation = \"{V2_KEY}\"\n")), sentence);
    check(|desk| desk.text.push_str(&format!("{V3_KEY} = \"{body}\"\n")), sentence);
}

#[test]
fn a_live_merchant_is_refused() {
    let live = "belong in the vault";
    check(|desk| desk.replace("wx9999000000000001", "wxd678efh567hg6787"), live);
    check(|desk| desk.replace("https://127.0.0.1:40124", "https://api.mch.weixin.qq.com"), live);
    check(|desk| desk.replace("\"practice\"", "\"sandbox\""), "WeChat Pay has no sandbox");
}
