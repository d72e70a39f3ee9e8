//! The built `mianfu-headless` and the practice library on loopback.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use mianfu_practice::http::{Shared, serve, serve_tls};
use mianfu_practice::state::{Papers, WechatPapers};
use mianfu_practice::{
    APP_ID, Channel, CustomerId, Fault, GATEWAY_PATH, Manner, Options, Practice, RsaSigner,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// Looks at practice's ledger until something stands there, this often at most.
const LOOKS_MAX: u32 = 3_000;

/// A till's folder and a channel that answers.
pub(crate) struct Shop {
    folder: TempDir,
    practice: Shared,
    runtime: Option<Runtime>,
    access: Access,
    channels: Vec<&'static str>,
}

/// What the till may do with its folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Write,
    ReadOnly,
}

/// A command that has ended.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) lines: Vec<Value>,
}

/// A command under way.
pub(crate) struct Going {
    child: Child,
    lines: Receiver<String>,
}

fn kept(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/practice/fixtures");
    fs::read_to_string(path.join(name)).unwrap()
}

fn read(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))
}

fn write_private(path: &Path, text: &str) {
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// Returns the built program. It lies beside this one, because its package may not know practice.
fn program() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let built = own.ancestors().nth(2).unwrap().join("mianfu-headless");
    let build = "run `cargo build -p mianfu-till` first";
    let age = |path: &Path| fs::metadata(path).and_then(|about| about.modified());
    let made = age(&built).unwrap_or_else(|_| panic!("there is no mianfu-headless: {build}"));
    // Cargo lists there what the program was made of.
    let list = fs::read_to_string(built.with_extension("d")).unwrap_or_default();
    let sources = list.split_whitespace().skip(1).map(Path::new);
    for source in sources {
        let fresh = age(source).is_ok_and(|changed| changed <= made);
        assert!(fresh, "mianfu-headless is older than its sources: {build}");
    }
    built
}

impl Shop {
    /// Opens practice on loopback and writes the channel's file.
    pub(crate) fn open() -> Shop {
        let signer =
            RsaSigner::from_pem(&kept("alipay_private_key.pem"), &kept("merchant_public_key.pem"));
        let practice = Shared::new(Practice::new(Options::new(1), signer.unwrap()));
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(serve(listener, practice.clone()));
        let folder = tempfile::tempdir().unwrap();
        for name in ["merchant_private_key.pem", "alipay_public_key.pem"] {
            write_private(&folder.path().join(name), &kept(name));
        }
        write_private(
            &folder.path().join("channel.toml"),
            &format!(
                "channel = \"alipay\"\nenvironment = \"practice\"\n\
                 gateway = \"http://{address}/gateway.do\"\napp_id = \"{APP_ID}\"\n\
                 private_key_file = \"merchant_private_key.pem\"\n\
                 alipay_public_key_file = \"alipay_public_key.pem\"\n"
            ),
        );
        let channels = vec!["channel.toml"];
        Shop { folder, practice, runtime: Some(runtime), access: Access::Write, channels }
    }

    /// Opens both channels, with keys of this folder's own.
    pub(crate) fn with_both_channels() -> Shop {
        let folder = tempfile::tempdir().unwrap();
        let papers = Papers::open(folder.path()).unwrap();
        let wechat = WechatPapers::open(&papers).unwrap();
        let practice = Shared::new(Practice::new(papers.options(1), papers.signer().unwrap()));
        let account = wechat.account().unwrap();
        practice.with(|practice, _| practice.open_wechat(account)).unwrap();
        let runtime = Runtime::new().unwrap();
        let bind = || runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let (plain, secure) = (bind(), bind());
        let (at, secure_at) = (plain.local_addr().unwrap(), secure.local_addr().unwrap());
        runtime.spawn(serve(plain, practice.clone()));
        runtime.spawn(serve_tls(secure, practice.clone(), wechat.tls().unwrap()));
        papers.write_channel_file(&format!("http://{at}{GATEWAY_PATH}")).unwrap();
        wechat.write_channel_file(&secure_at.to_string()).unwrap();
        let channels = vec!["channel.toml", "wechat.toml"];
        Shop { folder, practice, runtime: Some(runtime), access: Access::Write, channels }
    }

    /// Gives the till no other channels than these, by their files' names.
    pub(crate) fn keep_channels(&mut self, names: &[&'static str]) {
        self.channels = names.to_vec();
    }

    /// Changes a channel's file.
    pub(crate) fn change_file(&self, name: &str, from: &str, to: &str) {
        let path = self.folder.path().join(name);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from} stands in {name}");
        fs::write(&path, text.replace(from, to)).unwrap();
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("till.db")
    }

    /// Takes the channel off the network for good.
    pub(crate) fn vanish(&mut self) {
        self.runtime = None;
    }

    /// Makes the folder and everything in it read-only, or writable again.
    pub(crate) fn set_access(&mut self, access: Access) {
        self.access = access;
        let (of_folder, of_file) = match access {
            Access::Write => (0o700, 0o600),
            Access::ReadOnly => (0o500, 0o400),
        };
        for entry in fs::read_dir(self.folder.path()).unwrap() {
            let entry = entry.unwrap();
            let mode = if entry.file_type().unwrap().is_dir() { of_folder } else { of_file };
            fs::set_permissions(entry.path(), Permissions::from_mode(mode)).unwrap();
        }
        fs::set_permissions(self.folder.path(), Permissions::from_mode(of_folder)).unwrap();
    }

    /// Returns how to start the program with no more rights than its folder's modes give: root
    /// writes where nobody may.
    fn command(&self) -> Command {
        if self.access == Access::ReadOnly && rustix::process::geteuid().is_root() {
            let mut command = Command::new("setpriv");
            command.arg("--bounding-set=-dac_override").arg(program());
            return command;
        }
        Command::new(program())
    }

    /// Starts a command.
    pub(crate) fn start(&self, arguments: &[&str]) -> Going {
        let mut command = self.command();
        command.arg("--db").arg(self.database());
        for name in &self.channels {
            command.arg("--channel").arg(self.folder.path().join(name));
        }
        command.args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (said, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                // Whoever asked may have heard enough.
                drop(said.send(line));
            }
        });
        Going { child, lines }
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let mut going = self.start(arguments);
        let lines: Vec<Value> = going.lines.iter().map(|line| read(&line)).collect();
        let code = going.child.wait().unwrap().code().unwrap();
        Ran { code, lines }
    }

    /// Shows a payment code on the phone of a customer never seen before.
    pub(crate) fn code(&self, manner: Manner) -> String {
        self.practice.with(|practice, now| practice.show_payment_code(now, manner)).unwrap()
    }

    /// Shows a payment code of a wallet.
    pub(crate) fn code_of(&self, channel: Channel, customer: u32, manner: Manner) -> String {
        let show = |practice: &mut Practice, now| {
            practice.show_payment_code_of(channel, now, CustomerId(customer), manner)
        };
        self.practice.with(show).unwrap()
    }

    /// Scans a code that the till shows.
    pub(crate) fn scan(&self, qr: &str, manner: Manner) {
        self.practice.with(|practice, now| practice.scan(now, qr, manner)).unwrap().unwrap();
    }

    /// Takes a payment to its end and returns its number.
    #[track_caller]
    pub(crate) fn paid(&self, yuan: &str) -> String {
        let code = self.code(Manner::Pays);
        let ran = self.run(&["collect", "--another-customer", "--amount", yuan, "--scan", &code]);
        assert_eq!(ran.code, 0, "{:?}", ran.lines);
        ran.only("kept")["out_trade_no"].as_str().unwrap().to_owned()
    }

    /// Lets the next call of a method go wrong.
    pub(crate) fn next(&self, method: &str, fault: Fault) {
        self.practice.with(|practice, _| practice.weather_mut().next_of(method, fault)).unwrap();
    }

    /// How often a method was asked for.
    pub(crate) fn calls(&self, method: &str) -> usize {
        let count = |practice: &mut Practice, _| {
            practice.truth().asked().iter().filter(|asked| asked.method == method).count()
        };
        self.practice.with(count).unwrap()
    }

    /// What the channel gave back of a sale, by number, in fen.
    pub(crate) fn given_back(&self, no: &str) -> Vec<(String, i64)> {
        let refunds = |practice: &mut Practice, _| {
            let trade = practice.truth().trade(no).unwrap();
            let short = |text: &str| text.trim_start_matches(no).to_owned();
            let pair = |refund: &mianfu_practice::truth::Refund| {
                (short(&refund.out_request_no), refund.amount_fen)
            };
            trade.refunds.iter().map(pair).collect()
        };
        self.practice.with(refunds).unwrap()
    }
}

impl Ran {
    /// Returns every line of an event.
    pub(crate) fn all(&self, event: &str) -> Vec<&Value> {
        self.lines.iter().filter(|line| line["event"] == event).collect()
    }

    /// Returns the one line of an event.
    #[track_caller]
    pub(crate) fn only(&self, event: &str) -> &Value {
        let all = self.all(event);
        assert_eq!(all.len(), 1, "one `{event}` among {:?}", self.lines);
        all[0]
    }
}

impl Going {
    /// Waits for the next line that fits.
    pub(crate) fn until(&self, fits: impl Fn(&Value) -> bool) -> Value {
        self.lines.iter().map(|line| read(&line)).find(fits).expect("the line comes")
    }

    /// Waits until something has happened elsewhere.
    pub(crate) fn while_going(&self, happened: impl Fn() -> bool) {
        for _ in 0..LOOKS_MAX {
            if happened() {
                return;
            }
            let heard = self.lines.recv_timeout(Duration::from_millis(10));
            assert_ne!(heard, Err(RecvTimeoutError::Disconnected), "it ended before");
        }
        panic!("it never happened");
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
