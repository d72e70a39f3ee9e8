//! The program itself: killed at bad moments, told to end, told to read its file again.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
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
    log: BufReader<ChildStderr>,
}

impl Program {
    pub(crate) fn start(folder: &tempfile::TempDir) -> Program {
        let mut child = command(folder)
            .arg("--until-stdin-closes")
            .env("MIANFU_RELAY_LOG", "mianfu_relay=debug")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let said: Value = serde_json::from_str(&line).unwrap();
        let address = said["listen"].as_str().unwrap().parse().unwrap();
        Program { child, address, log }
    }

    /// `kill -9`.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends the program as its owner does, and returns its log.
    pub(crate) fn end(mut self) -> String {
        drop(self.child.stdin.take());
        let mut log = String::new();
        std::io::Read::read_to_string(&mut self.log, &mut log).unwrap();
        assert!(self.child.wait().unwrap().success(), "{log}");
        log
    }

    /// Returns the header by which a till proves that it may open its stream.
    pub(crate) fn proof(&self, key: (&str, u8)) -> String {
        let signed = Signed { method: "GET", path: "/stream/till-1", body: b"" };
        authorization(key.0, &till_key(key.1), signed, now(), fresh_nonce())
    }

    fn listen(&self, key: (&str, u8), last: Option<&str>) -> Result<Listener, u16> {
        let proof = self.proof(key);
        Listener::with_proof(self.address, "/stream/till-1", &proof, last)
    }

    fn post(&self, body: &str) -> Reply {
        ask(self.address, "POST", ALIPAY_PATH, &[], body.as_bytes())
    }
}

#[expect(clippy::disallowed_methods, reason = "the program under test has a clock of its own")]
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp(i64::try_from(since.as_millis()).unwrap())
}

fn bodies(count: usize) -> Vec<String> {
    (0..count).map(|n| alipay_body(&signers().channel, fields(&format!("n-{n}")))).collect()
}

fn standing(folder: &tempfile::TempDir) -> Standing {
    let reader = Reader::open(&database(folder)).unwrap();
    reader.standing("till-1").unwrap().unwrap_or_default()
}

fn told_bodies(till: &mut Listener, count: usize) -> Vec<String> {
    (0..count)
        .map(|_| {
            let told = till.word().unwrap();
            let body = STANDARD.decode(told.data["body"].as_str().unwrap()).unwrap();
            String::from_utf8(body).unwrap()
        })
        .collect()
}

fn sorted(mut bodies: Vec<String>) -> Vec<String> {
    bodies.sort();
    bodies
}

#[test]
fn killed_between_commit_and_answer_it_takes_the_repetition_for_one() {
    let bodies = bodies(12);
    for round in 0..4 {
        let folder = folder(CONFIG);
        let program = Program::start(&folder);
        // Nobody reads an answer, so to the channel there was none.
        let unread: Vec<TcpStream> = bodies
            .iter()
            .map(|body| {
                let mut stream = connect(program.address);
                let length = body.len().to_string();
                let request = head("POST", ALIPAY_PATH, &[("content-length", &length)]);
                stream.write_all(format!("{request}\r\n{body}").as_bytes()).unwrap();
                stream
            })
            .collect();
        while standing(&folder).last <= round * 3 {
            std::thread::yield_now();
        }
        program.kill();
        drop(unread);
        let kept = standing(&folder).last;
        assert!(round * 3 < kept);
        let program = Program::start(&folder);
        for body in &bodies {
            let reply = program.post(body);
            assert_eq!(reply.body, "success", "round {round}: {reply:?}");
        }
        let mut till = program.listen(("a", 1), None).unwrap();
        assert_eq!(sorted(told_bodies(&mut till, 12)), sorted(bodies.clone()), "round {round}");
        assert_eq!(standing(&folder).last, 12);
        program.end();
    }
}

#[test]
fn killed_at_any_moment_it_has_kept_whatever_it_thanked_for() {
    let bodies = bodies(60);
    for round in 0..4 {
        let folder = folder(CONFIG);
        let program = Program::start(&folder);
        let address = program.address;
        let thanked: BTreeSet<String> = std::thread::scope(|scope| {
            let post = move |body: &&String| {
                // Whoever comes after the death finds nobody.
                let Ok(mut stream) = TcpStream::connect(address) else { return false };
                let length = body.len().to_string();
                let headers = [("content-length", length.as_str()), ("connection", "close")];
                let request = head("POST", ALIPAY_PATH, &headers);
                let _sent = stream.write_all(format!("{request}\r\n{body}").as_bytes());
                hear(&mut stream).body == "success"
            };
            let posting: Vec<_> = bodies
                .chunks(15)
                .map(|part| scope.spawn(move || part.iter().filter(post).collect::<Vec<_>>()))
                .collect();
            while standing(&folder).last <= 5 + round * 10 {
                std::thread::yield_now();
            }
            program.kill();
            posting.into_iter().flat_map(|one| one.join().unwrap()).cloned().collect()
        });
        let kept = Reader::open(&database(&folder)).unwrap().after("till-1", 0, 100).unwrap();
        let kept: BTreeSet<Vec<u8>> = kept.into_iter().map(|(_, notice)| notice.body).collect();
        assert!(thanked.iter().all(|body| kept.contains(body.as_bytes())), "round {round}");
        assert!(!thanked.is_empty(), "round {round}");
    }
}

#[test]
fn killed_between_answer_and_delivery_it_delivers_after_its_start() {
    let folder = folder(CONFIG);
    let bodies = bodies(6);
    let program = Program::start(&folder);
    for body in &bodies[..2] {
        assert_eq!(program.post(body).body, "success");
    }
    program.kill();
    let program = Program::start(&folder);
    let mut till = program.listen(("a", 1), None).unwrap();
    assert_eq!(told_bodies(&mut till, 2), bodies[..2]);
    for body in &bodies[2..4] {
        assert_eq!(program.post(body).body, "success");
    }
    // The till has heard of the third and not of the fourth when the relay dies.
    let third = till.word().unwrap();
    program.kill();
    let program = Program::start(&folder);
    assert_eq!(program.post(&bodies[4]).body, "success");
    let mut till = program.listen(("a", 1), Some(&third.id)).unwrap();
    assert_eq!(told_bodies(&mut till, 2), bodies[3..5]);
    let relay = till.hello["relay"].as_str().unwrap();
    assert!(third.id.starts_with(relay), "a database keeps its name");
    program.end();
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
