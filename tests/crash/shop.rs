//! A shop of real processes: practice, and tills that are started, killed and started again.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mianfu_tests::window::{Customer, Manner, WindowError};
use serde_json::Value;
use tempfile::TempDir;

use crate::books::{Round, Stage};
use crate::chance::Chance;

/// Tills that take turns, so that a number that must wait 75 s does not hold up the next round.
const TILLS: u32 = 8;
/// The latest moment of a kill after the start of the till, in ms.
const KILL_MS_MAX: u64 = 450;
/// How long everything open may take to its end, in ms.
const SETTLE_MS: u64 = 240_000;

/// Why the rounds could not be run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShopError {
    #[error("`{program}` could not be run; build it with `cargo build -p {package}`")]
    Run { program: String, package: &'static str, source: std::io::Error },
    #[error("`{what}` said something unexpected: {said}")]
    Said { what: &'static str, said: String },
    #[error("a file of the shop could not be written")]
    File(#[from] std::io::Error),
    #[error("practice did not answer")]
    Practice(#[from] WindowError),
}

/// Prints an error with all its sources.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}

pub(crate) struct Shop {
    folder: TempDir,
    practice: Child,
    // Held open: practice ends when it closes.
    _practice_stdin: Option<ChildStdin>,
    customer: Customer,
}

impl Drop for Shop {
    fn drop(&mut self) {
        drop(self.practice.kill());
        drop(self.practice.wait());
    }
}

/// Returns the path of a program built beside this one.
fn program(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    own.parent().unwrap_or(Path::new(".")).join(name)
}

impl Shop {
    /// Starts practice and writes the channel's file.
    pub(crate) async fn open(seed: u64) -> Result<Shop, ShopError> {
        let folder = tempfile::tempdir()?;
        let path = program("mianfu-practice");
        let mut practice = Command::new(&path)
            .args(["--listen", "127.0.0.1:0", "--seed", &seed.to_string(), "--state"])
            .arg(folder.path().join("practice"))
            .arg("--until-stdin-closes")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|source| ShopError::Run {
                program: path.display().to_string(),
                package: "mianfu-practice",
                source,
            })?;
        let stdin = practice.stdin.take();
        let stdout = practice.stdout.take();
        let mut line = String::new();
        if let Some(stdout) = stdout {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let said = |line: &str| ShopError::Said { what: "mianfu-practice", said: line.to_owned() };
        let papers: Value = serde_json::from_str(&line).map_err(|_| said(&line))?;
        let text = |name: &str| papers[name].as_str().map(str::to_owned).ok_or_else(|| said(&line));
        write_private(
            &folder.path().join("channel.toml"),
            &format!(
                "channel = \"alipay\"\nenvironment = \"practice\"\ngateway = \"{}\"\n\
                 app_id = \"{}\"\nseller_id = \"{}\"\nprivate_key_file = \"{}\"\n\
                 alipay_public_key_file = \"{}\"\n",
                text("gateway")?,
                text("app_id")?,
                text("seller_id")?,
                text("merchant_private_key_file")?,
                text("alipay_public_key_file")?,
            ),
        )?;
        let customer = Customer::at(&text("phone")?);
        Ok(Shop { folder, practice, _practice_stdin: stdin, customer })
    }

    fn till(&self, till: u32) -> Command {
        let mut command = Command::new(program("mianfu-headless"));
        command
            .arg("--db")
            .arg(self.folder.path().join(format!("till{till}")).join("till.db"))
            .arg("--channel")
            .arg(self.folder.path().join("channel.toml"))
            .args(["--till", &till.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        command
    }

    /// Sells, kills, starts again and writes down what was said.
    pub(crate) async fn round(&self, number: u32, chance: &mut Chance) -> Result<Round, ShopError> {
        let till = number % TILLS + 1;
        std::fs::create_dir_all(self.folder.path().join(format!("till{till}")))?;
        let manner = match chance.below(6) {
            0 => Manner::TypesPassword { after_ms: 100 },
            1 => Manner::WalksAway,
            2 => Manner::TooLittleMoney,
            _ => Manner::Pays,
        };
        let shows = chance.below(2) == 0;
        let mut command = self.till(till);
        command.args(["collect", "--another-customer", "--amount"]);
        command.arg(format!("{}.{:02}", 1 + number / 100, number % 100));
        if shows {
            command.arg("--show");
        } else {
            command.args(["--scan", &self.customer.show_payment_code(manner).await?]);
        }
        let lines = self.run_and_kill(command, chance.below(KILL_MS_MAX), manner).await?;
        let ended = lines.iter().any(|line| line["final"] == true);
        let kept = lines.iter().any(|line| line["event"] == "kept");
        let stage = match (kept, ended) {
            (_, true) => Stage::Ended,
            (true, false) => Stage::Open,
            (false, false) => Stage::BeforeKept,
        };
        let after = self.say(self.till(till).arg("status"))?;
        let ledger = self.customer.trades().await?;
        Ok(Round { lines, after, ledger, stage })
    }

    async fn run_and_kill(
        &self,
        mut command: Command,
        kill_ms: u64,
        manner: Manner,
    ) -> Result<Vec<Value>, ShopError> {
        let mut child = self.spawn(&mut command)?;
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (codes, mut scanned) = tokio::sync::mpsc::unbounded_channel();
        let reader = child.stdout.take().map(|stdout| {
            let lines = Arc::clone(&lines);
            std::thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    let Ok(value) = serde_json::from_str::<Value>(&line) else {
                        continue;
                    };
                    if let Some(code) = value["code"].as_str() {
                        drop(codes.send(code.to_owned()));
                    }
                    if let Ok(mut lines) = lines.lock() {
                        lines.push(value);
                    }
                }
            })
        });
        let until = tokio::time::Instant::now() + Duration::from_millis(kill_ms);
        while let Ok(Some(code)) = tokio::time::timeout_at(until, scanned.recv()).await {
            // The customer scans at once; that the till dies meanwhile is the point.
            drop(self.customer.scan(&code, manner).await);
        }
        tokio::time::timeout_at(until, std::future::pending::<()>()).await.unwrap_or(());
        child.kill()?;
        child.wait()?;
        if let Some(reader) = reader {
            drop(reader.join());
        }
        let lines = lines.lock().map(|lines| lines.clone()).unwrap_or_default();
        Ok(lines)
    }

    fn spawn(&self, command: &mut Command) -> Result<Child, ShopError> {
        command.spawn().map_err(|source| ShopError::Run {
            program: command.get_program().display().to_string(),
            package: "mianfu-till",
            source,
        })
    }

    /// Runs a command of the till to its end and returns its lines.
    fn say(&self, command: &mut Command) -> Result<Vec<Value>, ShopError> {
        let mut child = self.spawn(command)?;
        let mut text = String::new();
        if let Some(stdout) = child.stdout.as_mut() {
            stdout.read_to_string(&mut text)?;
        }
        let ended = child.wait()?;
        if !ended.success() {
            return Err(ShopError::Said { what: "mianfu-headless", said: text });
        }
        Ok(text
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|line| line["event"] == "attempt")
            .collect())
    }

    /// Lets every till find its ends, all at once, and returns what they say of every attempt.
    pub(crate) async fn settle(&self) -> Result<Vec<Value>, ShopError> {
        let mut waiting = Vec::new();
        for till in 1..=TILLS {
            if !self.folder.path().join(format!("till{till}")).exists() {
                continue;
            }
            let mut command = self.till(till);
            command.args(["--wait-ms", &SETTLE_MS.to_string(), "settle", "--cancel-open"]);
            waiting.push(self.spawn(&mut command)?);
        }
        let mut known = Vec::new();
        for mut child in waiting {
            let mut text = String::new();
            if let Some(stdout) = child.stdout.as_mut() {
                stdout.read_to_string(&mut text)?;
            }
            child.wait()?;
            known.extend(
                text.lines()
                    .filter_map(|line| serde_json::from_str::<Value>(line).ok())
                    .filter(|line| line["event"] == "attempt"),
            );
        }
        Ok(known)
    }

    /// Returns every trade of practice's ledger.
    pub(crate) async fn trades(&self) -> Result<Vec<Value>, ShopError> {
        Ok(self.customer.all_trades().await?)
    }
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}
