//! Channel files that cannot be used, and what they are told.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use mianfu_core::money::Timestamp;
use mianfu_till::channel_file::{self, Loaded};
use mianfu_till::worker::chain;
use tempfile::TempDir;

const NOW: Timestamp = mianfu_tests::shop::TEN;
const PRIVATE: &str = "practice/fixtures/merchant_private_key.pem";
const OWN_PUBLIC: &str = "practice/fixtures/merchant_public_key.pem";
const ALIPAY_PUBLIC: &str = "practice/fixtures/alipay_public_key.pem";

/// A channel's file and its keys, as an installer leaves them.
struct Desk {
    folder: TempDir,
    text: String,
}

impl Desk {
    fn new() -> Desk {
        let desk = Desk {
            folder: tempfile::tempdir().unwrap(),
            text: "channel = \"alipay\"\n\
                   environment = \"practice\"\n\
                   gateway = \"http://127.0.0.1:40123/gateway.do\"\n\
                   app_id = \"9999000000000001\"\n\
                   private_key_file = \"private.pem\"\n\
                   alipay_public_key_file = \"alipay.pem\"\n"
                .to_owned(),
        };
        desk.keep("private.pem", &kept(PRIVATE));
        desk.keep("alipay.pem", &kept(ALIPAY_PUBLIC));
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn keep(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
        self.mode(name, 0o600);
    }

    fn mode(&self, name: &str, mode: u32) {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(self.path(name), permissions).unwrap();
    }

    fn replace(&mut self, from: &str, to: &str) {
        assert!(self.text.contains(from), "{from}");
        self.text = self.text.replace(from, to);
    }

    /// Writes the file and loads it.
    fn load(&self) -> Result<Loaded, String> {
        self.keep("channel.toml", &self.text);
        self.load_as_it_is()
    }

    fn load_as_it_is(&self) -> Result<Loaded, String> {
        let path = self.path("channel.toml");
        channel_file::load(&path, [7; 32], NOW).map_err(|error| chain(&error))
    }
}

/// Reads a key that the project keeps for its tests.
fn kept(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates").join(name);
    std::fs::read_to_string(path).unwrap()
}

#[track_caller]
fn check(change: impl FnOnce(&mut Desk), sentence: &str) {
    let mut desk = Desk::new();
    change(&mut desk);
    let told = desk.load().err().expect("it is refused");
    let secret = kept(PRIVATE);
    for line in secret.lines().filter(|line| 40 < line.len()) {
        let repeats = told.contains(&line[..20]) || told.contains(&line[..20].replace('+', "_"));
        assert!(!repeats, "a key stands in the sentence about {sentence}");
    }
    assert!(told.contains(sentence), "{told}");
}

#[test]
fn a_whole_file_is_used_pkcs1_too() {
    assert!(Desk::new().load().is_ok_and(|loaded| loaded.practice));
    let desk = Desk::new();
    desk.keep("private.pem", &kept("gateway/vectors/keys/app_private_pkcs1.pem"));
    assert!(desk.load().is_ok());
}

#[test]
fn keys_that_cannot_be_used_are_named_with_what_to_do() {
    check(|desk| desk.keep("private.pem", ""), "private key (应用私钥) is missing");
    check(|desk| desk.keep("alipay.pem", " \n"), "public key (支付宝公钥) is missing");
    check(|desk| desk.replace("\"private.pem\"", "\"elsewhere.pem\""), "check the path");
    check(
        |desk| desk.replace("alipay_public_key_file = \"alipay.pem\"\n", ""),
        "public key (支付宝公钥) is missing",
    );
    check(|desk| desk.keep("alipay.pem", &kept(OWN_PUBLIC)), "copy Alipay's (支付宝公钥)");
    check(|desk| desk.keep("alipay.pem", &kept(PRIVATE)), "replace it, and make a new pair");
    let short = kept("gateway/vectors/keys/short_private.pem");
    check(|desk| desk.keep("private.pem", &short), "RSA2 needs 2048");
    check(|desk| desk.keep("private.pem", "not a key"), "neither PEM nor base64");
    let ec = kept("gateway/vectors/keys/ec_private.pem");
    check(|desk| desk.keep("private.pem", &ec), "not an RSA key");
    check(|desk| desk.keep("private.pem", &"x".repeat(70_000)), "too large");
}

#[test]
fn files_that_others_can_read_are_refused() {
    for name in ["channel.toml", "private.pem", "alipay.pem"] {
        for mode in [0o644, 0o640, 0o604] {
            let desk = Desk::new();
            desk.load().map(drop).unwrap();
            desk.mode(name, mode);
            let told = desk.load_as_it_is().err().expect("it is refused");
            assert!(told.contains("chmod 600") && told.contains(name), "{told}");
        }
    }
}

#[test]
fn a_live_merchant_is_refused() {
    let live = "belong in the vault";
    check(|desk| desk.replace("9999000000000001", "2021003188668899"), live);
    check(
        |desk| {
            desk.replace("http://127.0.0.1:40123", "https://openapi.alipay.com");
        },
        live,
    );
    check(|desk| desk.replace("\"practice\"", "\"sandbox\""), live);
    check(
        |desk| {
            desk.replace("\"practice\"", "\"sandbox\"");
            desk.replace("http://127.0.0.1:40123", "https://openapi.alipay.com");
            desk.replace("9999000000000001", "2021003188668899");
        },
        live,
    );
    check(|desk| desk.replace("http://127.0.0.1:40123", "http://10.0.0.9:1"), "not https");
    check(|desk| desk.replace("\"practice\"", "\"live\""), "is not a channel's file");
}

#[test]
pub(crate) fn law9_a_key_pasted_into_the_wrong_place_is_not_repeated_in_the_sentence() {
    let secret = kept(PRIVATE);
    let body: String = secret.lines().filter(|line| !line.starts_with("---")).collect();
    let sentence = "is not a channel's file";
    check(|desk| desk.replace("\"practice\"", &format!("\"{body}\"")), sentence);
    check(|desk| desk.replace("\"alipay\"", &format!("\"{body}\"")), sentence);
    let bare = body[..60].replace(['+', '/'], "_");
    check(|desk| desk.replace("app_id =", &format!("{bare} =")), sentence);
    check(|desk| desk.text.push_str(&body), sentence);
    check(|desk| desk.text.push_str(&secret), sentence);
    check(|desk| desk.text = secret.clone(), sentence);
    check(|desk| desk.text.push_str(&format!("\"{body}\" = 1\n")), sentence);
    check(
        |desk| desk.replace("app_id = \"9999000000000001\"", &format!("app_id = [\"{body}\"]")),
        sentence,
    );
}
