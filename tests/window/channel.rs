//! Practice in a process of its own, and the channel's file that leads a till there.

use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::desk::first_line;
use super::own::Own;
use super::{Customer, Desk, Start, WindowError};

const PROGRAM: &str = "mianfu-practice";
/// A till names its database after the channel's file.
const FILE: &str = "practice.toml";

/// A channel that goes on when the window is killed, and that can be gone while the till lives.
pub struct Channel {
    folder: PathBuf,
    address: String,
    process: Option<Own>,
}

impl Channel {
    /// Starts practice under the desk's home and writes the channel's file.
    pub fn start(desk: &Desk) -> Result<Channel, WindowError> {
        let folder = desk.home().join("channel");
        let free = TcpListener::bind(("127.0.0.1", 0)).and_then(|bound| bound.local_addr());
        let address = free.map_err(|source| WindowError::Start { program: PROGRAM, source })?;
        let mut channel = Channel { folder, address: address.to_string(), process: None };
        let papers = channel.begin()?;
        channel.write_file(&papers)?;
        Ok(channel)
    }

    /// Takes the channel off the network: it answers nobody and forgets nothing.
    pub fn vanish(&mut self) {
        self.process = None;
    }

    /// Brings it back at the same address, with the same ledger.
    pub fn come_back(&mut self) -> Result<(), WindowError> {
        self.begin().map(drop)
    }

    /// Returns the channel's file.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// Returns somebody who can pay here.
    #[must_use]
    pub fn customer(&self) -> Customer {
        Customer::at(&format!("http://{}", self.address))
    }

    /// Returns how to open a window on this channel that keeps everything in `data`.
    #[must_use]
    pub fn window(&self, data: &Path) -> Start {
        let variable = |name: &str, path: &Path| (name.to_owned(), path.display().to_string());
        Start {
            variables: vec![
                variable("MIANFU_DATA", data),
                variable("MIANFU_CHANNEL", &self.file()),
            ],
            ..Start::beside("mianfu")
        }
    }

    fn begin(&mut self) -> Result<Value, WindowError> {
        let mut command = Command::new(Start::beside(PROGRAM).binary);
        command.args(["--listen", &self.address, "--state"]).arg(&self.folder);
        let (process, line) = first_line(PROGRAM, &mut command)?;
        self.process = Some(process);
        serde_json::from_str(&line).map_err(|error| WindowError::Practice {
            what: "start".to_owned(),
            why: error.to_string(),
        })
    }

    fn write_file(&self, papers: &Value) -> Result<(), WindowError> {
        let said = |name: &str| papers[name].as_str().unwrap_or_default().to_owned();
        let text = format!(
            "channel = \"alipay\"\nenvironment = \"practice\"\ngateway = \"{}\"\napp_id = \"{}\"\n\
             seller_id = \"{}\"\nprivate_key_file = \"{}\"\nalipay_public_key_file = \"{}\"\n",
            said("gateway"),
            said("app_id"),
            said("seller_id"),
            said("merchant_private_key_file"),
            said("alipay_public_key_file"),
        );
        let path = self.file();
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options.open(&path).and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|source| WindowError::File {
            path: path.display().to_string(),
            doing: "written",
            source,
        })
    }
}
