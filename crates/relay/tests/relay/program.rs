//! The program itself: told to end, told to read its file again, and what its log says.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mianfu_relay::Timestamp;
use mianfu_relay::db::{Reader, Standing};
use mianfu_relay::trust::{Signed, authorization};
use serde_json::Value;

use crate::fixture::*;
use crate::running::*;

pub(crate) const CONFIG: &str = r#"
listen = "127.0.0.1:0"
inside = "127.0.0.1:0"
database = "relay.db"

[[merchant]]
channel = "alipay"
merchant = "2021000000000001"
seller = "2088000000000001"
keys = [{ file = "channel.pem" }]

[[merchant]]
channel = "wechat"
merchant = "1230000109"
v2_hints = true
keys = [{ id = "PUB_KEY_ID_0112300001092026112700000001", file = "channel.pem" }]

[[till]]
name = "till-1"
merchants = ["alipay/2021000000000001", "wechat/1230000109"]
keys = [{ id = "a", file = "till-1.key" }]
"#;

pub(crate) fn write_secret(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

/// A folder with all that a relay needs.
pub(crate) fn folder(config: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("relay.toml"), config).unwrap();
    fs::write(folder.path().join("channel.pem"), public_pem(&signers().channel)).unwrap();
    for (name, seed) in [("till-1.key", 1), ("till-1-b.key", 7)] {
        write_secret(&folder.path().join(name), &STANDARD.encode([seed; 32]));
    }
    folder
}

pub(crate) fn command(folder: &tempfile::TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mianfu-relay"));
    command.arg("--config").arg(folder.path().join("relay.toml"));
    command
}

/// The program, running. It ends with the test at the latest: its standard input closes.
pub(crate) struct Program {
    child: Child,
    pub(crate) address: SocketAddr,
    /// Read all along: a program that nobody listens to stands still.
    log: JoinHandle<String>,
}

impl Program {
    pub(crate) fn start(folder: &tempfile::TempDir) -> Program {
        Program::spawn(command(folder))
    }

    /// Starts what a command says.
    pub(crate) fn spawn(mut command: Command) -> Program {
        let mut child = command
            .arg("--until-stdin-closes")
            .env("MIANFU_RELAY_LOG", "mianfu_relay=debug")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let log = std::thread::spawn(move || {
            let mut log = String::new();
            stderr.read_to_string(&mut log).unwrap();
            log
        });
        let Ok(said) = serde_json::from_str::<Value>(&line) else {
            child.kill().unwrap();
            panic!("it did not start: {}", log.join().unwrap());
        };
        let address = said["listen"].as_str().unwrap().parse().unwrap();
        Program { child, address, log }
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks the program to end.
    #[cfg(unix)]
    pub(crate) fn terminate(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    /// Ends the program as its owner does, and returns its log.
    pub(crate) fn end(mut self) -> String {
        drop(self.child.stdin.take());
        let log = self.log.join().unwrap();
        assert!(self.child.wait().unwrap().success(), "{log}");
        log
    }

    /// Returns the header by which a till proves that it may open its stream.
    pub(crate) fn proof(&self, key: (&str, u8)) -> String {
        let signed = Signed { method: "GET", path: "/stream/till-1", body: b"" };
        authorization(key.0, &till_key(key.1), signed, now(), fresh_nonce())
    }

    pub(crate) fn listen(&self, key: (&str, u8), last: Option<&str>) -> Result<Listener, u16> {
        let proof = self.proof(key);
        Listener::with_proof(self.address, "/stream/till-1", &proof, last)
    }

    pub(crate) fn post(&self, body: &str) -> Reply {
        self.post_to(ALIPAY_PATH, body)
    }

    pub(crate) fn post_to(&self, path: &str, body: &str) -> Reply {
        ask(self.address, "POST", path, &[], body.as_bytes())
    }
}

#[expect(clippy::disallowed_methods, reason = "the program under test has a clock of its own")]
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp(i64::try_from(since.as_millis()).unwrap())
}

pub(crate) fn bodies(count: usize) -> Vec<String> {
    (0..count).map(|n| alipay_body(&signers().channel, fields(&format!("n-{n}")))).collect()
}

pub(crate) fn standing(folder: &tempfile::TempDir) -> Standing {
    let reader = Reader::open(&database(folder)).unwrap();
    reader.standing("till-1").unwrap().unwrap_or_default()
}

pub(crate) fn told_bodies(till: &mut Listener, count: usize) -> Vec<String> {
    (0..count)
        .map(|_| {
            let told = till.word().unwrap();
            let body = STANDARD.decode(told.data["body"].as_str().unwrap()).unwrap();
            String::from_utf8(body).unwrap()
        })
        .collect()
}

#[cfg(unix)]
#[test]
fn told_to_it_reads_its_file_again_and_a_wrong_one_changes_nothing() {
    let folder = folder(CONFIG);
    let program = Program::start(&folder);
    let mut till = program.listen(("a", 1), None).unwrap();
    let hang_up = || {
        let pid = program.child.id().to_string();
        assert!(Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
    };
    let file = folder.path().join("relay.toml");
    fs::write(&file, CONFIG.replace("till-1.key", "gone.key")).unwrap();
    hang_up();
    let body = &bodies(1)[0];
    assert_eq!(program.post(body).body, "success");
    assert_eq!(told_bodies(&mut till, 1), std::slice::from_ref(body));
    let after =
        CONFIG.replace("id = \"a\", file = \"till-1.key\"", "id = \"b\", file = \"till-1-b.key\"");
    fs::write(&file, after).unwrap();
    hang_up();
    assert_eq!(till.word(), None, "the stream of a revoked key ends");
    assert_eq!(program.listen(("a", 1), None).err(), Some(401));
    assert!(program.listen(("b", 7), None).is_ok());
    let log = program.end();
    assert!(log.contains("the file is wrong"), "{log}");
}

#[test]
fn its_log_and_its_words_hold_no_secret_and_nothing_of_a_notice() {
    let folder = folder(CONFIG);
    let program = Program::start(&folder);
    let body = &bodies(1)[0];
    assert_eq!(program.post(body).status, 200);
    assert_eq!(program.post(&body.replace("12.50", "12.51")).status, 401);
    program.listen(("a", 1), None).unwrap();
    assert_eq!(program.listen(("a", 2), None).err(), Some(401));
    let log = program.end();
    for line in log.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "{line}");
    }
    assert!(log.contains("\"kept a notice\"") && log.contains("\"refused a notice\""), "{log}");
    let sign = body.split("sign=").nth(1).unwrap();
    let secrets = [
        STANDARD.encode([1; 32]),
        sign.get(..40).unwrap().to_owned(),
        "signature=".to_owned(),
        "9000001001000000420000000017".to_owned(),
        "total_amount".to_owned(),
    ];
    for secret in &secrets {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

#[test]
fn a_second_relay_on_the_same_file_says_so_and_ends() {
    let folder = folder(CONFIG);
    let program = Program::start(&folder);
    let second = command(&folder).stdin(Stdio::null()).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(said.contains("is held by another relay"), "{said}");
    assert!(said.contains("正被另一个中继使用"), "{said}");
    program.end();
}
