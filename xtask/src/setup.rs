//! What the machine lacks: system packages, the UI's packages, the SDKs that try practice.
//!
//! Works on Debian-like systems as root or with sudo; elsewhere it says what to install. Whatever
//! is there already is left alone, so a second run takes no time and no network.

use std::path::Path;

use crate::closing::Closing;
use crate::shell::{self, TaskError};

/// What building and testing the window needs on a Debian-like system.
const PACKAGES: [&str; 17] = [
    "libwebkit2gtk-4.1-dev",
    "libgtk-3-dev",
    "librsvg2-dev",
    "libayatana-appindicator3-dev",
    "xvfb",
    "xauth",
    "xserver-xorg-video-dummy",
    "x11-xserver-utils",
    "webkit2gtk-driver",
    "dbus",
    "dbus-x11",
    "fonts-noto-cjk",
    "imagemagick",
    "libclang-dev",
    "libasound2-dev",
    "xdotool",
    "zbar-tools",
];

/// Vite needs it.
const NODE_AT_LEAST: (u32, u32) = (20, 19);

/// Folders with a package lock of their own.
const NODE_FOLDERS: [&str; 2] = ["ui", "tests/sdk"];

/// Installs everything and says how much that was.
pub(crate) fn everything() -> Result<Closing, TaskError> {
    let packages = system()?;
    let mut folders = 0;
    for folder in NODE_FOLDERS {
        folders += node_packages(folder)?;
    }
    Ok(Closing::new("setup").with("packages", packages).with("node_folders", folders))
}

/// Installs the UI's packages.
pub(crate) fn ui() -> Result<(), TaskError> {
    node_packages("ui")?;
    Ok(())
}

/// Installs the servers that a relay is measured beside. SQLite's binding is built here: there is
/// nothing ready-made to download, and Node's own headers are where its package put them.
pub(crate) fn peers() -> Result<(), TaskError> {
    let ours = [("npm_config_build_from_source", "true"), ("npm_config_nodedir", "/usr")];
    let has_headers = Path::new("/usr/include/node").exists();
    node_packages_with("tests/bench/peers", &ours[..1 + usize::from(has_headers)])?;
    Ok(())
}

/// Installs missing system packages and returns how many there were.
pub(crate) fn system() -> Result<usize, TaskError> {
    if !cfg!(target_os = "linux") {
        return Ok(0); // Windows and macOS bring their own web view.
    }
    install(&missing_packages()?, missing_packages)
}

/// Installs what one figure alone needs.
pub(crate) fn also(names: &[&'static str]) -> Result<(), TaskError> {
    let lacking = || -> Vec<&'static str> {
        names.iter().copied().filter(|name| !is_installed(name)).collect()
    };
    install(&lacking(), || Ok(lacking()))?;
    Ok(())
}

/// Installs packages and returns how many; `left` says which are still missing.
fn install(
    missing: &[&'static str],
    left: impl Fn() -> Result<Vec<&'static str>, TaskError>,
) -> Result<usize, TaskError> {
    if missing.is_empty() {
        return Ok(0);
    }
    shell::say(&format!("installing {}", missing.join(" ")));
    let sudo: &[&str] = if is_root() { &[] } else { &["sudo"] };
    let apt = [sudo, &["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]].concat();
    let wait = ["-o", "DPkg::Lock::Timeout=300"];
    if shell::run(&[&apt[..], &wait, &["-q", "update"]].concat()).is_err() {
        // Another apt may hold the lists; the ones that are here may do.
        shell::say("the package lists could not be renewed");
    }
    let install = ["-q", "install", "-y", "--no-install-recommends"];
    shell::run(&[&apt[..], &wait, &install, missing].concat())?;
    let left = left()?;
    if !left.is_empty() {
        return Err(TaskError::Sentence(format!("still missing: {}", left.join(" "))));
    }
    Ok(missing.len())
}

/// Returns which system packages are not installed, without installing anything.
pub(crate) fn missing_packages() -> Result<Vec<&'static str>, TaskError> {
    if shell::ask(&["dpkg-query", "--version"]).is_none() {
        return Err(TaskError::Sentence(format!(
            "this is no Debian-like system; install what corresponds to `{}` by hand and run the \
             steps of `.ci/run` one by one",
            PACKAGES.join(" ")
        )));
    }
    Ok(PACKAGES.into_iter().filter(|name| !is_installed(name)).collect())
}

/// Runs `npm ci` where the installed packages are missing or older than the lock.
fn node_packages(folder: &str) -> Result<usize, TaskError> {
    node_packages_with(folder, &[])
}

fn node_packages_with(folder: &str, variables: &[(&str, &str)]) -> Result<usize, TaskError> {
    check_node()?;
    let path = shell::root().join(folder);
    if is_current(&path.join("package-lock.json"), &path.join("node_modules/.package-lock.json")) {
        return Ok(0);
    }
    let install = ["npm", "--prefix", folder, "ci", "--no-audit", "--no-fund"];
    shell::run_with(&install, variables)?;
    Ok(1)
}

fn check_node() -> Result<(), TaskError> {
    let (major, minor) = NODE_AT_LEAST;
    let needed = format!("Node {major}.{minor} or later with npm is needed");
    let Some(version) = shell::ask(&["node", "--version"]) else {
        return Err(TaskError::Sentence(format!("{needed}; install it and run this again")));
    };
    if !is_node_enough(&version) {
        return Err(TaskError::Sentence(format!("{needed}; this machine has {version}")));
    }
    Ok(())
}

/// Reads `v20.19.4`.
fn is_node_enough(version: &str) -> bool {
    let mut parts = version.trim_start_matches('v').split('.');
    let mut next = || parts.next().and_then(|part| part.parse::<u32>().ok());
    let (Some(major), Some(minor)) = (next(), next()) else { return false };
    (major, minor) >= NODE_AT_LEAST
}

fn is_installed(package: &str) -> bool {
    let status = shell::ask(&["dpkg-query", "-W", "-f", "${db:Status-Status}", package]);
    status.as_deref() == Some("installed")
}

fn is_root() -> bool {
    shell::ask(&["id", "-u"]).as_deref() == Some("0")
}

/// True when `made` exists and is not older than `from`.
fn is_current(from: &Path, made: &Path) -> bool {
    let changed = |path: &Path| path.metadata().and_then(|file| file.modified()).ok();
    match (changed(from), changed(made)) {
        (Some(from), Some(made)) => made >= from,
        (Some(_) | None, None) | (None, Some(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_node_is_refused() {
        for (version, enough) in [
            ("v20.19.0", true),
            ("v20.20.2", true),
            ("v22.1.0", true),
            ("v20.18.9", false),
            ("v8.19.0", false),
            ("", false),
        ] {
            assert_eq!(is_node_enough(version), enough, "{version}");
        }
    }

    #[test]
    fn missing_packages_are_older_than_any_lock() {
        let lock = shell::root().join("Cargo.lock");
        assert!(is_current(&lock, &lock), "as old as the lock is current");
        assert!(!is_current(&lock, Path::new("no/such/file")), "nothing installed yet");
    }
}
