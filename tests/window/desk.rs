//! A virtual counter: a display, a message bus and a home, all of our own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::own::{self, Own};
use super::{WindowError, frame};

const SCREEN: &str = "1280x900";

/// A display nobody looks at, with a bus for the single-instance guard and folders for one user.
pub struct Desk {
    display: String,
    bus: String,
    home: TempDir,
    _bus: Own,
    _display: Own,
}

impl Desk {
    /// Starts the display and the bus; both end with the desk.
    pub fn new() -> Result<Desk, WindowError> {
        Desk::with_screen(SCREEN)
    }

    /// Starts a display of this size, as in `1280x900`.
    pub fn with_screen(size: &str) -> Result<Desk, WindowError> {
        Desk::on(|_| {
            let mut xvfb = Command::new("Xvfb");
            // The server picks a free number and writes it where it is told: to its standard output.
            let screen = format!("{size}x24");
            xvfb.args(["-displayfd", "1", "-screen", "0", &screen, "-nolisten", "tcp", "-noreset"]);
            first_line("Xvfb", &mut xvfb)
        })
    }

    /// Starts a display, which may keep files in the home, and the bus.
    pub(crate) fn on(
        display: impl FnOnce(&Path) -> Result<(Own, String), WindowError>,
    ) -> Result<Desk, WindowError> {
        let home = tempfile::tempdir().map_err(|source| WindowError::File {
            path: "a temporary folder".to_owned(),
            doing: "made",
            source,
        })?;
        let (display, number) = display(home.path())?;
        let mut daemon = Command::new("dbus-daemon");
        daemon.args(["--session", "--nofork", "--nopidfile", "--print-address=1"]);
        let (bus, address) = first_line("dbus-daemon", &mut daemon)?;
        Ok(Desk { display: format!(":{number}"), bus: address, home, _bus: bus, _display: display })
    }

    /// Returns the folder under which everything the window keeps is kept.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Returns the name of the display.
    pub(crate) fn display(&self) -> &str {
        &self.display
    }

    /// Returns the address of the message bus.
    pub(crate) fn bus(&self) -> &str {
        &self.bus
    }

    /// Gives `command` this display, this bus and this home.
    pub(crate) fn seat(&self, command: &mut Command) {
        command
            .env("DISPLAY", &self.display)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus)
            .env("NO_AT_BRIDGE", "1")
            .env("GDK_BACKEND", "x11")
            .env_remove("WAYLAND_DISPLAY");
        let folders = [
            ("HOME", "home"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_RUNTIME_DIR", "run"),
        ];
        for (variable, name) in folders {
            command.env(variable, self.folder(name));
        }
    }

    /// Writes a store's file: that of the practice store, with lines put in the place of those that
    /// name the same settings.
    pub fn store_file(&self, lines: &[&str]) -> Result<PathBuf, WindowError> {
        fn setting(line: &str) -> &str {
            line.split('=').next().unwrap_or_default().trim()
        }
        let path = self.home.path().join("store.toml");
        let is_kept = |kept: &&str| lines.iter().all(|line| setting(line) != setting(kept));
        let kept = include_str!("../../stores/practice.toml").lines().filter(is_kept);
        let lines = kept.chain(lines.iter().copied());
        let text = lines.fold(String::new(), |text, line| text + line + "\n");
        std::fs::write(&path, text).map_err(|source| WindowError::File {
            path: path.display().to_string(),
            doing: "written",
            source,
        })?;
        Ok(path)
    }

    /// Saves a picture of the whole display, every window as it lies.
    pub fn picture(&self, path: &Path) -> Result<(), WindowError> {
        picture(&self.display, "root", path)
    }

    /// Asks the window of this title to close, as the cross in its corner does.
    pub fn ask_to_close(&self, title: &str) -> Result<(), WindowError> {
        frame::ask_to_close(&self.display, title).map_err(|why| WindowError::Start {
            program: "a window manager",
            source: std::io::Error::other(why),
        })
    }

    /// Starts a program at this desk and waits for the first line it prints.
    pub fn until_it_speaks(
        &self,
        program: &Path,
        variables: &[(&str, &str)],
    ) -> Result<Seated, WindowError> {
        let mut command = Command::new(program);
        self.seat(&mut command);
        let name = format!("{}-{}", self.display, program.display());
        own::mark(&mut command, &name);
        command.envs(variables.iter().copied());
        let (program, _) = first_line("the window", &mut command)?;
        Ok(Seated { mark: name, _program: program })
    }

    /// Strikes keys on the display's keyboard, `gap_ms` apart, as a keyboard or a scanner would.
    pub fn strike(&self, keys: &[&str], gap_ms: u32) -> Result<(), WindowError> {
        let mut xdotool = Command::new("xdotool");
        xdotool.args(["key", "--delay", &gap_ms.to_string()]).args(keys);
        xdotool.env("DISPLAY", &self.display);
        let mut xdotool = Own::start("xdotool", &mut xdotool)?;
        let ended = xdotool.child().wait();
        ended.map(drop).map_err(|source| WindowError::Start { program: "xdotool", source })
    }

    fn folder(&self, name: &str) -> PathBuf {
        let folder = self.home.path().join(name);
        // What cannot be made here shows when the window looks for it.
        let _ = std::fs::create_dir_all(&folder);
        folder
    }
}

/// A program at a desk that has printed its first line.
pub struct Seated {
    mark: String,
    _program: Own,
}

impl Seated {
    /// Ends it with everything it started.
    pub async fn end(self) -> Result<(), WindowError> {
        own::kill_marked(&self.mark, 0).await.map(drop)
    }
}

/// Saves a picture of a window of a display, `root` being the whole of it.
pub(crate) fn picture(display: &str, window: &str, path: &Path) -> Result<(), WindowError> {
    let mut import = Command::new("import");
    import.args(["-window", window]).arg(path).env("DISPLAY", display);
    let mut import = Own::start("import", &mut import)?;
    let failed =
        |source| WindowError::File { path: path.display().to_string(), doing: "written", source };
    let status = import.child().wait().map_err(failed)?;
    if status.success() { Ok(()) } else { Err(failed(std::io::Error::other(status.to_string()))) }
}

/// Starts a program and returns the first line it prints, once it is ready.
pub(crate) fn first_line(
    program: &'static str,
    command: &mut Command,
) -> Result<(Own, String), WindowError> {
    let mut own = Own::start(program, command.stdout(Stdio::piped()).stderr(Stdio::null()))?;
    let mut line = String::new();
    let ended = |source| WindowError::Start { program, source };
    if let Some(stdout) = own.child().stdout.as_mut() {
        BufReader::new(stdout).read_line(&mut line).map_err(ended)?;
    }
    if line.trim().is_empty() {
        return Err(ended(std::io::Error::other("it ended before it was ready")));
    }
    Ok((own, line.trim().to_owned()))
}
