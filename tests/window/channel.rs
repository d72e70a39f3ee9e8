//! Practice in a process of its own, and the channel's file that leads a till there.

use std::ffi::OsString;
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

/// A till with WeChat Pay has a file for it too.
const WECHAT_FILE: &str = "wechat.toml";
/// Where practice keeps the merchant's certificate, and another of the same root.
const MERCHANT_CERT: &str = "wechat_merchant_cert.pem";
const OTHER_CERT: &str = "wechat_platform_cert.pem";

/// A channel that goes on when the window is killed, and that can be gone while the till lives.
pub struct Channel {
    folder: PathBuf,
    address: String,
    /// Where WeChat Pay answers with TLS, where it is played too.
    secure: Option<String>,
    process: Option<Own>,
}

impl Channel {
    /// Starts practice under the desk's home and writes the channel's file.
    pub fn start(desk: &Desk) -> Result<Channel, WindowError> {
        Channel::begun(desk.home().join("channel"), None)
    }

    /// Starts practice with both wallets, and writes a file for each.
    pub fn of_both(desk: &Desk) -> Result<Channel, WindowError> {
        Channel::begun(desk.home().join("both"), Some(free_address()?))
    }

    /// Starts both wallets where WeChat Pay knows the merchant by another certificate than the till
    /// has: nothing that gives money back is let in.
    pub fn of_a_stranger(desk: &Desk) -> Result<Channel, WindowError> {
        let mut channel = Channel::begun(desk.home().join("stranger"), Some(free_address()?))?;
        channel.vanish();
        let file = |name: &str| channel.folder.join(name);
        let mine = file("mine.pem");
        let wrong = |source| WindowError::File {
            path: mine.display().to_string(),
            doing: "copied",
            source,
        };
        std::fs::copy(file(MERCHANT_CERT), &mine).map_err(wrong)?;
        std::fs::copy(file(OTHER_CERT), file(MERCHANT_CERT)).map_err(wrong)?;
        let mut papers = channel.begin()?;
        papers["wechat"]["merchant_cert_file"] = Value::String(mine.display().to_string());
        channel.write_wechat_file(&papers["wechat"])?;
        Ok(channel)
    }

    fn begun(folder: PathBuf, secure: Option<String>) -> Result<Channel, WindowError> {
        let address = free_address()?;
        let mut channel = Channel { folder, address, secure, process: None };
        let papers = channel.begin()?;
        channel.write_file(&papers)?;
        if channel.secure.is_some() {
            channel.write_wechat_file(&papers["wechat"])?;
        }
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

    /// Returns the channel's file; that of Alipay, where both are played.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// Returns the files of all wallets, as a list of paths.
    fn files(&self) -> OsString {
        let wechat = self.secure.as_ref().map(|_| self.folder.join(WECHAT_FILE));
        let files = [self.file()].into_iter().chain(wechat);
        std::env::join_paths(files).unwrap_or_default()
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
                variable("MIANFU_CHANNEL", Path::new(&self.files())),
            ],
            ..Start::beside("mianfu")
        }
    }

    fn begin(&mut self) -> Result<Value, WindowError> {
        let mut command = Command::new(Start::beside(PROGRAM).binary);
        command.args(["--listen", &self.address, "--state"]).arg(&self.folder);
        if let Some(secure) = &self.secure {
            command.args(["--wechat", "platform-certificate", "--listen-tls", secure]);
        }
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
        write_private(&self.file(), &text)
    }

    /// Writes the file that leads to WeChat Pay. The secrets lie in the folder under their own names.
    fn write_wechat_file(&self, papers: &Value) -> Result<(), WindowError> {
        let said = |name: &str| papers[name].as_str().unwrap_or_default().to_owned();
        let text = format!(
            "channel = \"wechat\"\nenvironment = \"practice\"\ngateway = \"{}\"\napp_id = \"{}\"\n\
             merchant_id = \"{}\"\nmerchant_serial = \"{}\"\nprivate_key_file = \"{}\"\n\
             certificate_file = \"{}\"\nv2_key_file = \"wechat_v2.key\"\n\
             v3_key_file = \"wechat_v3.key\"\nplatform_certificate_file = \"{}\"\n\
             root_certificates_file = \"{}\"\nnotify_url = \"https://notify.invalid/wechat\"\n\
             terminal_ip = \"127.0.0.1\"\n",
            said("base_tls"),
            said("appid"),
            said("mchid"),
            said("merchant_serial"),
            said("merchant_private_key_file"),
            said("merchant_cert_file"),
            said("platform_cert_file"),
            said("root_cert_file"),
        );
        write_private(&self.folder.join(WECHAT_FILE), &text)
    }
}

/// Returns an address that nobody listens at.
fn free_address() -> Result<String, WindowError> {
    let free = TcpListener::bind(("127.0.0.1", 0)).and_then(|bound| bound.local_addr());
    let address = free.map_err(|source| WindowError::Start { program: PROGRAM, source })?;
    Ok(address.to_string())
}

fn write_private(path: &Path, text: &str) -> Result<(), WindowError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|source| WindowError::File {
        path: path.display().to_string(),
        doing: "written",
        source,
    })
}
