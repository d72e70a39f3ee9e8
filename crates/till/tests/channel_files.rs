//! A channel's file that cannot be used: what `mianfu-headless` says, in both languages.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may")]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

const TEXT: &str = "channel = \"wechat\"\n\
                    environment = \"practice\"\n\
                    gateway = \"https://127.0.0.1:40124\"\n\
                    app_id = \"wx9999000000000001\"\n\
                    merchant_id = \"1900009999\"\n\
                    merchant_serial = \"5157F09EFDC096DE15EBE81A47057A7232F1B8E1\"\n\
                    private_key_file = \"key.pem\"\n\
                    certificate_file = \"cert.pem\"\n\
                    v2_key_file = \"v2.key\"\n\
                    v3_key_file = \"v3.key\"\n\
                    public_key_file = \"public.pem\"\n\
                    public_key_id = \"PUB_KEY_ID_0112345678902026112100000000000001\"\n\
                    notify_url = \"https://notify.invalid/wechat\"\n\
                    terminal_ip = \"127.0.0.1\"\n";
const PRIVATE: &str = include_str!("../../practice/fixtures/merchant_private_key.pem");
const PUBLIC: &str = include_str!("../../practice/fixtures/alipay_public_key.pem");
/// How a .p12 begins.
const P12: &[u8] = &[0x30, 0x82, 0x0a, 0xf1, 0x02, 0x01, 0x03, 0x30, 0x82, 0x0a, 0xb7, 0xff];

fn keep(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// Starts a till on a channel's file with one thing changed, and returns its line.
#[track_caller]
fn check(change: impl FnOnce(&Path, &mut String), english: &str, chinese: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut text = TEXT.to_owned();
    for (name, bytes) in [("key.pem", PRIVATE), ("public.pem", PUBLIC), ("cert.pem", "")] {
        keep(folder.path(), name, bytes.as_bytes());
    }
    keep(folder.path(), "v2.key", b"0123456789abcdef0123456789abcdef");
    keep(folder.path(), "v3.key", b"fedcba9876543210fedcba9876543210");
    change(folder.path(), &mut text);
    keep(folder.path(), "wechat.toml", text.as_bytes());
    let output = Command::new(env!("CARGO_BIN_EXE_mianfu-headless"))
        .arg("--db")
        .arg(folder.path().join("till.db"))
        .arg("--channel")
        .arg(folder.path().join("wechat.toml"))
        .args(["collect", "--amount", "1.00", "--show"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let line: Value = serde_json::from_str(said.lines().last().unwrap_or("null")).unwrap();
    assert!(line["error"].as_str().is_some_and(|told| told.contains(english)), "{said}");
    assert!(line["error_zh"].as_str().is_some_and(|told| told.contains(chinese)), "{said}");
    let inside = PRIVATE.lines().nth(3).unwrap();
    for secret in [&inside[..20], "0123456789abcdef", "fedcba9876543210"] {
        assert!(!said.contains(secret), "{english}: it repeats a secret");
    }
}

#[test]
fn a_channels_file_that_cannot_be_used_is_told_in_both_languages() {
    check(
        |folder, _| keep(folder, "cert.pem", P12),
        "is not text: of a .p12 take the PEM files",
        ".p12 请换成同一次下载里的 PEM 文件",
    );
    check(
        |folder, _| keep(folder, "key.pem", P12),
        "is not text: of a .p12 take the PEM files",
        ".p12 请换成",
    );
    check(|_, _| (), "the merchant's certificate (商户API证书) is missing", "没有商户API证书");
    check(
        |folder, _| keep(folder, "cert.pem", PRIVATE.as_bytes()),
        "a private key stands where the merchant's certificate",
        "商户API证书的位置放了私钥",
    );
    check(
        |folder, _| keep(folder, "key.pem", PUBLIC.as_bytes()),
        "the merchant's private key (商户API私钥) decodes but is not what belongs there",
        "商户API私钥的位置放了别的东西",
    );
    check(
        |folder, _| keep(folder, "public.pem", PRIVATE.as_bytes()),
        "a private key stands where WeChat Pay's public key",
        "微信支付公钥的位置放了私钥",
    );
    check(
        |folder, _| keep(folder, "v2.key", PRIVATE.as_bytes()),
        "the API key of v2 has 32 letters and digits",
        "APIv2 密钥是 32 位字母和数字",
    );
    check(
        |folder, _| keep(folder, "v3.key", b"fedcba9876543210"),
        "the APIv3 key has 32 characters",
        "APIv3 密钥是 32 个字符",
    );
    check(
        |_, text| *text = text.replace("merchant_id = \"1900009999\"\n", ""),
        "missing field `merchant_id`",
        "缺“merchant_id”一项",
    );
    check(
        |_, text| text.push_str(&format!("v2_key = \"{}\"\n", "0123456789abcdef".repeat(2))),
        "is not a channel's file: look at line 15",
        "请看第 15 行",
    );
    check(|_, text| text.push_str(PRIVATE), "look at line 15", "请看第 15 行");
    check(
        |_, text| *text = text.replace("public_key_file = \"public.pem\"\n", ""),
        "it names no key of WeChat Pay's",
        "没有写微信支付的密钥",
    );
    check(
        |_, text| *text = text.replace("wx9999000000000001", "wxd678efh567hg6787"),
        "a live merchant's keys belong in the vault",
        "这是真商户的渠道",
    );
    check(
        |_, text| text.push_str("scan_generation = \"v3\"\n"),
        "scans of v3 need the shop's own number",
        "用 v3 扫码要有门店自己的编号",
    );
    check(
        |_, text| text.push_str("sub_app_id = \"wx8888888888888888\"\n"),
        "sub_app_id is of a provider's merchant",
        "sub_app_id 属于特约商户",
    );
}
