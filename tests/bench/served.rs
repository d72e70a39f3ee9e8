//! Servers that are measured: each on a core of its own, with a fresh database, and what it costs.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use rusqlite::{Connection, OpenFlags};
use rustix::thread::{CpuSet, sched_setaffinity};
use serde_json::Value;
use tempfile::TempDir;

use crate::Failure;

/// Where servers run, and where whoever asks them does.
const SERVERS_CORE: usize = 0;
const ASKERS_CORE: usize = 1;
/// The key of every till.
pub(crate) const TILL_KEY: [u8; 32] = [1; 32];

/// A server that runs. It ends with this.
pub(crate) struct Server {
    child: Child,
    // Held open: servers end when it closes.
    stdin: Option<ChildStdin>,
    pub(crate) address: SocketAddr,
    /// Where it tells its numbers, if it does.
    pub(crate) inside: Option<SocketAddr>,
    folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stdin.take());
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// How a relay of ours is started.
pub(crate) struct Relay<'k> {
    /// The channel's public key.
    pub(crate) key: &'k str,
    pub(crate) merchant: &'k str,
    pub(crate) tills: u32,
    pub(crate) beat_s: u32,
    /// What is put before its command: it runs in it.
    pub(crate) within: &'k [&'k str],
}

impl Server {
    /// Starts a relay of ours.
    pub(crate) fn relay(relay: &Relay<'_>) -> Result<Server, Failure> {
        let folder = folder()?;
        write_private(&folder.path().join("channel.pem"), relay.key)?;
        write_private(&folder.path().join("till.key"), &key_text())?;
        write_private(&folder.path().join("relay.toml"), &written(relay))?;
        let program = beside("mianfu-relay");
        let mut words = relay.within.iter().map(PathBuf::from).chain([program]);
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).arg("--config").arg(folder.path().join("relay.toml"));
        command.arg("--until-stdin-closes").env("MIANFU_RELAY_LOG", "error");
        Server::start(command, folder)
    }

    /// Starts another's server, a script beside this file; it gets the channel's key and the path
    /// of its database.
    pub(crate) fn peer(script: &str, key: &str) -> Result<Server, Failure> {
        let folder = folder()?;
        write_private(&folder.path().join("channel.pem"), key)?;
        let mut command = Command::new("node");
        command.arg(peers().join(script)).arg(folder.path().join("channel.pem"));
        command.arg(folder.path().join("relay.db"));
        Server::start(command, folder)
    }

    /// Starts any server that says where it listens and ends when its standard input closes.
    pub(crate) fn start(mut command: Command, folder: TempDir) -> Result<Server, Failure> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        // What is started gets the core of who starts it, and so does its every thread.
        sit_on(SERVERS_CORE)?;
        let child = command.spawn();
        sit_on(ASKERS_CORE)?;
        let program = command.get_program().display().to_string();
        let mut child = child.map_err(|error| format!("`{program}` was not started: {error}"))?;
        let stdin = child.stdin.take();
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let said: Value = serde_json::from_str(&line).unwrap_or_default();
        let at = |name: &str| said[name].as_str().and_then(|text| text.parse().ok());
        let Some(address) = at("listen") else {
            drop(child.kill());
            return Err(format!("`{program}` did not say where it listens: {line}").into());
        };
        Ok(Server { child, stdin, address, inside: at("inside"), folder })
    }

    /// Returns how long the processor was at it since its start, in ns, kernel included.
    pub(crate) fn cpu_ns(&self) -> Result<u64, Failure> {
        let mut sum = 0;
        for task in std::fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let text = std::fs::read_to_string(task?.path().join("schedstat"))?;
            sum += text.split(' ').next().unwrap_or_default().parse::<u64>()?;
        }
        Ok(sum)
    }

    /// Returns the memory that is its own, in KiB.
    pub(crate) fn pss_kib(&self) -> Result<u64, Failure> {
        let text = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", self.child.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
        Ok(line.and_then(|line| line.split_whitespace().next()).ok_or("no PSS")?.parse()?)
    }

    /// Returns how many notices its database has.
    pub(crate) fn rows(&self) -> Result<u64, Failure> {
        let path = self.folder.path().join("relay.db");
        let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let count = "SELECT count(*) FROM notice";
        let rows: i64 = database.query_row(count, [], |row| row.get(0))?;
        Ok(u64::try_from(rows)?)
    }

    /// Returns the folder of its files.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the number of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Has it end by itself.
    pub(crate) fn end(mut self) -> Result<(), Failure> {
        drop(self.stdin.take());
        self.child.wait()?;
        Ok(())
    }
}

/// Returns a folder on the disk of the build.
pub(crate) fn folder() -> Result<TempDir, Failure> {
    let own = std::env::current_exe()?;
    Ok(tempfile::tempdir_in(own.parent().unwrap_or(Path::new(".")))?)
}

/// Returns the path of a program built beside this one.
pub(crate) fn beside(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    own.parent().unwrap_or(Path::new(".")).join(name)
}

/// Returns the folder of other people's servers.
pub(crate) fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("bench/peers")
}

/// Has this thread run on the askers' core.
pub(crate) fn sit_with_the_askers() -> Result<(), Failure> {
    sit_on(ASKERS_CORE)
}

/// Has this thread run on the servers' core.
pub(crate) fn sit_with_the_servers() -> Result<(), Failure> {
    sit_on(SERVERS_CORE)
}

fn sit_on(core: usize) -> Result<(), Failure> {
    let mut cores = CpuSet::new();
    cores.set(core);
    sched_setaffinity(None, &cores)
        .map_err(|error| format!("servers and askers need a core each: {error}").into())
}

pub(crate) fn key_text() -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(TILL_KEY)
}

/// The relay's file: bounds that no figure runs into, else what they are where nobody says.
fn written(relay: &Relay<'_>) -> String {
    let Relay { tills, beat_s, merchant, .. } = relay;
    let tills: String = (0..*tills)
        .map(|till| {
            format!(
                "[[till]]\nname = \"t{till}\"\nmerchants = [\"alipay/{merchant}\"]\n\
                 keys = [{{ id = \"a\", file = \"till.key\" }}]\n"
            )
        })
        .collect();
    format!(
        "listen = \"127.0.0.1:0\"\ninside = \"127.0.0.1:0\"\ndatabase = \"relay.db\"\n\
         [[merchant]]\nchannel = \"alipay\"\nmerchant = \"{merchant}\"\n\
         keys = [{{ file = \"channel.pem\" }}]\n{tills}\
         [limits]\nbacklog = 1000000\nconnections = 20000\nconnections_per_address = 20000\n\
         requests_per_address = {{ burst = 1000000, each_ms = 1 }}\n\
         notices_per_merchant = {{ burst = 1000000, each_ms = 1 }}\nbeat_s = {beat_s}\n"
    )
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}
