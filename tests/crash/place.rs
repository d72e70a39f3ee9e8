//! A place of real processes: practice over real HTTP, and tills that start on the channel's file.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use mianfu_tests::window::{Customer, WindowError};
use serde_json::Value;
use tempfile::TempDir;

/// Why processes could not be run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlaceError {
    #[error("`{program}` could not be run; build it with `cargo build -p {package}`")]
    Run { program: String, package: &'static str, source: std::io::Error },
    #[error("`{what}` said something unexpected: {said}")]
    Said { what: &'static str, said: String },
    #[error("a file of the shop could not be written")]
    File(#[from] std::io::Error),
    #[error("practice did not answer")]
    Practice(#[from] WindowError),
}

/// A folder with a channel's file, and the channel. Both go when it is dropped.
pub(crate) struct Place {
    folder: TempDir,
    practice: Child,
    // Held open: practice ends when it closes.
    _practice_stdin: Option<ChildStdin>,
    customer: Customer,
}

impl Drop for Place {
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

impl Place {
    /// Starts practice and writes the channel's file.
    pub(crate) fn open(seed: u64) -> Result<Place, PlaceError> {
        let folder = tempfile::tempdir()?;
        let path = program("mianfu-practice");
        let mut practice = Command::new(&path)
            .args(["--listen", "127.0.0.1:0", "--seed", &seed.to_string(), "--state"])
            .arg(folder.path().join("practice"))
            .arg("--until-stdin-closes")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|source| PlaceError::Run {
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
        let said = |line: &str| PlaceError::Said { what: "mianfu-practice", said: line.to_owned() };
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
        Ok(Place { folder, practice, _practice_stdin: stdin, customer })
    }

    /// Returns somebody who can pay here.
    pub(crate) fn customer(&self) -> &Customer {
        &self.customer
    }

    /// Returns the folder of a till's database.
    pub(crate) fn folder_of(&self, till: u32) -> PathBuf {
        self.folder.path().join(format!("till{till}"))
    }

    /// Returns the start of a till's command line.
    pub(crate) fn till(&self, till: u32) -> Command {
        let mut command = Command::new(program("mianfu-headless"));
        command
            .arg("--db")
            .arg(self.folder_of(till).join("till.db"))
            .arg("--channel")
            .arg(self.folder.path().join("channel.toml"))
            .args(["--till", &till.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        command
    }
}

/// Starts a till's command.
pub(crate) fn spawn(command: &mut Command) -> Result<Child, PlaceError> {
    command.spawn().map_err(|source| PlaceError::Run {
        program: command.get_program().display().to_string(),
        package: "mianfu-till",
        source,
    })
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}
