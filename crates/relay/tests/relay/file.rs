//! `relay.toml`: what is wrong with one is said in both languages, and where.

use std::fs;
use std::net::TcpListener;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mianfu_relay::config;
use mianfu_relay::settings::Settings;
use rsa::pkcs8::{EncodePrivateKey as _, LineEnding};

use crate::fixture::{public_pem, signers};
use crate::program::{CONFIG, Program, command, folder};

/// Writes a file with one thing changed and returns what the program says of it.
#[track_caller]
fn check(from: &str, to: &str, english: &str, chinese: &str) {
    assert!(CONFIG.contains(from), "{from}");
    let folder = folder(&CONFIG.replacen(from, to, 1));
    let output = command(&folder).arg("--check").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78), "{to}: {said}");
    assert!(output.stdout.is_empty());
    let mut lines = said.lines();
    let (first, second) = (lines.next().unwrap(), lines.next().unwrap());
    assert!(first.ends_with(english), "{first}");
    assert!(second.ends_with(chinese), "{second}");
    assert_eq!(lines.next(), None);
}

#[test]
fn a_file_that_is_right_is_said_nothing_of() {
    let folder = folder(CONFIG);
    let output = command(&folder).arg("--check").output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty() && output.stdout.is_empty());
}

#[test]
fn what_is_wrong_with_a_file_is_said_in_both_languages() {
    check(
        "listen = \"127.0.0.1:0\"",
        "listen = \"8620\"",
        "listen: `8620` is no address with a port: write one like `0.0.0.0:8620`",
        "listen：`8620` 不是带端口的地址，请写成 `0.0.0.0:8620` 这样",
    );
    check(
        "file = \"channel.pem\"",
        "file = \"none.pem\"",
        "merchant alipay/2021000000000001: `none.pem` cannot be read (entity not found)",
        "merchant alipay/2021000000000001：读不到 `none.pem`（没有这个文件或目录）",
    );
    check(
        "file = \"channel.pem\"",
        "file = \"till-1.key\"",
        "`till-1.key` is neither an RSA public key nor a certificate of one",
        "`till-1.key` 不是 RSA 公钥，也不是证书",
    );
    check(
        "file = \"till-1.key\"",
        "file = \"relay.toml\"",
        "till till-1: `relay.toml` is neither PEM nor base64",
        "till till-1：`relay.toml` 既不是 PEM 也不是 base64",
    );
    check(
        "keys = [{ id = \"PUB_KEY_ID_0112300001092026112700000001\",",
        "keys = [{",
        "say the number of `channel.pem` with `id`, as WeChat Pay's console shows it",
        "请用 `id` 写明 `channel.pem` 的公钥ID，微信支付商户平台上有",
    );
    check("[{ id = \"a\",", "[{", "give `till-1.key` a short name with `id`", "起一个短名");
    check(
        "\"wechat/1230000109\"]",
        "\"wechat/1\"]",
        "there is no merchant `wechat/1`: write `channel/number` of one in this file",
        "没有商户 `wechat/1`，请写本文件里某个商户的 `渠道/商户号`",
    );
    check(
        "channel = \"alipay\"",
        "channel = \"unionpay\"",
        "there is no channel `unionpay`: write `alipay` or `wechat`",
        "没有 `unionpay` 这个渠道，请写 `alipay` 或 `wechat`",
    );
    check(
        "name = \"till-1\"",
        "name = \"till/1\"",
        "`till/1` cannot stand in an address: letters, digits, `.`, `_`, `-`",
        "`till/1` 不能写进网址，只能用字母、数字、`.`、`_`、`-`",
    );
    check(
        "database",
        "limits = { keep_days = 1 }\ndatabase",
        "limits.keep_days: write a number from 2 to 366",
        "limits.keep_days：请写 2 到 366 之间的数",
    );
    check(
        "database",
        "limits = { allow = [\"ten\"] }\ndatabase",
        "limits.allow: `ten` is no range of addresses: write one like `10.0.0.0/8`",
        "limits.allow：`ten` 不是地址段，请写成 `10.0.0.0/8` 这样",
    );
}

#[test]
fn what_is_missing_in_a_file_is_said_in_both_languages() {
    check(
        "relay.db",
        "",
        "database: name a file, such as `relay.db`",
        "database：请写一个文件名，例如 `relay.db`",
    );
    check(
        "[\"alipay/2021000000000001\", \"wechat/1230000109\"]",
        "[]",
        "till till-1: name at least one of the merchants in this file",
        "till till-1：至少写本文件里的一个商户",
    );
    let whole = &CONFIG[CONFIG.find("[[till]]").unwrap()..];
    check(whole, "", "till: name at least one till", "till：至少要有一个收银台");
    check(whole, &whole.repeat(2), "till till-1: stands there twice", "till till-1：写了两次");
}

#[test]
fn a_file_may_begin_and_end_its_lines_as_windows_has_them() {
    let folder = folder(&format!("\u{feff}{}", CONFIG.replace('\n', "\r\n")));
    let key = folder.path().join("till-1.key");
    fs::write(&key, format!("\u{feff}{}\r\n", STANDARD.encode([1; 32]))).unwrap();
    let output = command(&folder).arg("--check").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn a_file_in_another_encoding_is_said_to_be_one() {
    let folder = folder(CONFIG);
    fs::write(folder.path().join("relay.toml"), b"# \xca\xd5\xd2\xf8\xcc\xa8\n").unwrap();
    let output = command(&folder).arg("--check").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78));
    assert!(said.contains("save it as UTF-8") && said.contains("请另存为 UTF-8"), "{said}");
}

#[test]
fn a_private_key_in_a_public_ones_place_is_refused() {
    let folder = folder(CONFIG);
    let private = signers().channel.to_pkcs8_pem(LineEnding::LF).unwrap();
    fs::write(folder.path().join("channel.pem"), private.as_bytes()).unwrap();
    let output = command(&folder).arg("--check").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78));
    assert!(said.contains("a private key, which no relay may have"), "{said}");
    assert!(said.contains("是私钥，中继上不能放私钥"), "{said}");
}

#[test]
fn a_certificate_without_its_key_is_said_before_it_serves() {
    let tls = "\n[tls]\ncertificates = \"channel.pem\"\nkey = \"till-1.key\"\n";
    let folder = folder(&format!("{CONFIG}{tls}"));
    let output = command(&folder).arg("--check").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78));
    assert!(said.contains("tls: the certificate and its key do not serve together"), "{said}");
    assert!(said.contains("tls：证书和它的私钥不能一起用"), "{said}");
}

#[test]
fn a_command_line_that_cannot_be_read_is_said_in_both_languages() {
    let output = Command::new(env!("CARGO_BIN_EXE_mianfu-relay")).arg("--chek").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(64));
    assert!(said.contains("--chek") && said.contains("命令行读不懂"), "{said}");
}

/// Starts a program that cannot serve and returns what it says.
#[track_caller]
fn refusal(folder: &tempfile::TempDir) -> String {
    let output = command(folder).stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.lines().count(), 2, "{said}");
    said
}

#[test]
fn why_it_cannot_serve_is_said_in_both_languages() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let taken_folder = folder(&CONFIG.replacen("127.0.0.1:0", &address, 1));
    let said = refusal(&taken_folder);
    assert!(said.contains(&format!("listen: `{address}` is in use")), "{said}");
    assert!(said.contains(&format!("listen：`{address}` 已被占用")), "{said}");

    let said = refusal(&folder(&CONFIG.replace("relay.db", "nowhere/relay.db")));
    assert!(said.contains("its folder must be there"), "{said}");
    assert!(said.contains("它所在的目录要存在"), "{said}");

    let damaged = folder(CONFIG);
    fs::write(damaged.path().join("relay.db"), [7; 8_192]).unwrap();
    let said = refusal(&damaged);
    assert!(said.contains("damaged or no database") && said.contains("已损坏"), "{said}");

    let later = folder(CONFIG);
    Program::start(&later).end();
    let database = later.path().join("relay.db");
    let mut bytes = fs::read(&database).unwrap();
    // Where SQLite's header has the version of the schema.
    bytes[63] += 1;
    fs::write(&database, &bytes).unwrap();
    let said = refusal(&later);
    assert!(said.contains("not a database of this relay's version"), "{said}");
    assert!(said.contains("不是本版本中继的数据库"), "{said}");
    assert!(fs::read(&database).unwrap() == bytes, "it is left as it was");
}

#[test]
fn a_name_that_is_unknown_or_missing_is_said_with_its_line() {
    let folder = folder(&CONFIG.replace("seller", "sellr"));
    let said = command(&folder).output().unwrap().stderr;
    let said = String::from_utf8(said).unwrap();
    assert!(said.contains("line 9: unknown field `sellr`"), "{said}");
    assert!(said.contains("第 9 行：写法不对"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = folder(CONFIG);
    let key = folder.path().join("till-1.key");
    fs::set_permissions(key, fs::Permissions::from_mode(0o644)).unwrap();
    let output = command(&folder).arg("--check").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78));
    assert!(said.contains("others on this machine can read `till-1.key`"), "{said}");
    assert!(said.contains("请执行 `chmod 600`"), "{said}");
}

#[test]
fn a_file_that_is_not_there_is_said() {
    let folder = folder(CONFIG);
    fs::remove_file(folder.path().join("relay.toml")).unwrap();
    let output = command(&folder).output().unwrap();
    assert_eq!(output.status.code(), Some(78));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("cannot be read") && said.contains("读不到"), "{said}");
}

#[test]
fn the_example_is_right_and_says_what_holds_where_nothing_is_said() {
    let key = public_pem(&signers().channel);
    let secret = STANDARD.encode([1; 32]);
    let file = |name: &str| Ok(if name.ends_with(".key") { secret.clone() } else { key.clone() });
    let config = config::read(include_str!("../../relay.toml"), &file).unwrap();
    assert_eq!(config.settings, Settings::default());
    assert_eq!((config.roster.merchants.len(), config.roster.tills.len()), (2, 1));
    assert_eq!(config.secret_files, ["till-1.key"]);
    assert!(!format!("{config:?}").contains(&secret));
}
