//! A counter with two monitors, one of which is unplugged and plugged in again.
//!
//! The display is the X server's own, on a card that is none; unlike the usual virtual display it
//! has monitors that come and go.

use std::path::Path;
use std::process::Command;

use super::desk::first_line;
use super::own::Own;
use super::{Desk, WindowError, frame};

const SERVER: &str = "Xorg";
const CONFIG: &str = include_str!("monitors.conf");
/// The monitors as the display calls them.
const COUNTER: &str = "DUMMY0";
const CUSTOMER: &str = "DUMMY1";

/// A place on the display.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    pub x: i32,
    pub y: i32,
    pub width: u32,
    pub height: u32,
}

impl Area {
    /// The monitor of the counter's window.
    pub const COUNTER: Area = Area { x: 0, y: 0, width: 1280, height: 800 };
    /// The monitor of the customer's window, to the right of the counter's.
    pub const CUSTOMER: Area = Area { x: 1280, y: 0, width: 1024, height: 768 };
}

impl Desk {
    /// Starts a display whose second monitor is not plugged in yet.
    pub fn with_monitors() -> Result<Desk, WindowError> {
        Desk::on(start)
    }

    /// Plugs the customer's monitor in.
    pub fn plug_in(&self) -> Result<(), WindowError> {
        let Area { width, height, .. } = Area::CUSTOMER;
        let mode = format!("{width}x{height}");
        self.xrandr(&["--addmode", CUSTOMER, &mode])?;
        self.xrandr(&["--output", CUSTOMER, "--mode", &mode, "--right-of", COUNTER])?;
        // The card finds out what is plugged in when it is asked.
        self.xrandr(&["--query"])
    }

    /// Unplugs it.
    pub fn unplug(&self) -> Result<(), WindowError> {
        self.xrandr(&["--output", CUSTOMER, "--off"])
    }

    /// Returns where the window of this title is; `None` while it is hidden.
    pub fn place_of(&self, title: &str) -> Result<Option<Area>, WindowError> {
        frame::place_of(self.display(), title).map_err(WindowError::Display)
    }

    fn xrandr(&self, words: &[&str]) -> Result<(), WindowError> {
        let mut xrandr = Command::new("xrandr");
        let ran = xrandr.args(words).env("DISPLAY", self.display()).output();
        let ran = ran.map_err(|source| WindowError::Start { program: "xrandr", source })?;
        if ran.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        Err(WindowError::Display(format!("`xrandr {}`: {said}", words.join(" ")).into()))
    }
}

fn start(home: &Path) -> Result<(Own, String), WindowError> {
    let config = home.join("monitors.conf");
    std::fs::write(&config, CONFIG).map_err(|source| WindowError::File {
        path: config.display().to_string(),
        doing: "written",
        source,
    })?;
    let mut server = Command::new(SERVER);
    server.arg("-config").arg(config).arg("-logfile").arg(home.join("monitors.log"));
    // It leaves the machine's own screens and keyboards alone.
    server.args(["-displayfd", "1", "-novtswitch", "-sharevts", "-nolisten", "tcp", "-noreset"]);
    first_line(SERVER, &mut server)
}
