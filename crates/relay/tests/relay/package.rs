//! The Debian package: unpacked as Debian does it, its program runs from there with its own file.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::deb::{Made, make};
use crate::fixture::*;
use crate::program::{Program, write_secret};
use crate::running::ask;

const CHANGED_S: u64 = 1_795_190_400;

fn package(into: &Path) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let made = Made {
        root: &root,
        program: Path::new(env!("CARGO_BIN_EXE_mianfu-relay")),
        version: env!("CARGO_PKG_VERSION"),
        third_party: "none: a test's\n",
        changed_s: CHANGED_S,
        compression: "none",
        into,
    };
    make(&made).unwrap()
}

/// Runs a tool of Debian's and returns what it says.
#[track_caller]
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{program}: {complaint}");
    said
}

#[test]
fn its_program_runs_from_the_unpacked_package_with_its_own_file() {
    let folder = tempfile::tempdir().unwrap();
    let package = package(folder.path());
    let root = folder.path().join("root");
    said("dpkg-deb", &["-x", &package.display().to_string(), &root.display().to_string()]);
    let etc = root.join("etc/mianfu-relay");
    let file = etc.join("relay.toml");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    for name in ["alipay-public.pem", "wechat-public.pem"] {
        fs::write(etc.join(name), public_pem(&signers().channel)).unwrap();
    }
    write_secret(&etc.join("till-1.key"), &STANDARD.encode([1; 32]));
    let program = || {
        let mut command = Command::new(root.join("usr/bin/mianfu-relay"));
        command.arg("--config").arg(&file);
        command
    };
    let checked = program().arg("--check").output().unwrap();
    assert!(checked.status.success(), "{checked:?}");
    // Loopback, a free port, and a database that is not this machine's.
    let mut text = fs::read_to_string(&file).unwrap();
    for (from, to) in [
        ("0.0.0.0:8620", "127.0.0.1:0"),
        ("127.0.0.1:8621", "127.0.0.1:0"),
        ("/var/lib/mianfu-relay/relay.db", "relay.db"),
    ] {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    fs::write(&file, text).unwrap();
    let running = Program::spawn(program());
    assert_eq!(ask(running.address, "GET", "/readyz", &[], b"").body, "ready\n");
    let body = alipay_body(&signers().channel, fields("n-1"));
    assert_eq!(running.post(&body).body, "success");
    running.end();
    assert!(etc.join("relay.db").exists());
}

#[test]
fn it_is_the_same_bytes_each_time_and_says_what_debian_must_know() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (first, second) = (package(one.path()), package(two.path()));
    assert!(fs::read(&first).unwrap() == fs::read(&second).unwrap());
    let package = first.display().to_string();
    let field = |name: &str| said("dpkg-deb", &["-f", &package, name]).trim().to_owned();
    assert_eq!(field("Version"), env!("CARGO_PKG_VERSION"));
    assert!(field("Depends").contains("libc6 (>= "), "{}", field("Depends"));
    let listed = said("dpkg-deb", &["-c", &package]);
    for line in listed.lines() {
        assert!(line.contains(" root/root "), "{line}");
        assert!(line.contains(" 2026-11-20 ") || line.contains(" 2026-11-21 "), "{line}");
    }
    for (rights, name) in [
        ("-rwxr-xr-x", "./usr/bin/mianfu-relay"),
        ("-rw-r--r--", "./lib/systemd/system/mianfu-relay.service"),
        ("-rw-r--r--", "./usr/lib/sysusers.d/mianfu-relay.conf"),
        ("-rw-r-----", "./etc/mianfu-relay/relay.toml"),
    ] {
        let line = listed.lines().find(|line| line.ends_with(name)).unwrap();
        assert!(line.starts_with(rights), "{line}");
    }
    let inside = one.path().join("control");
    said("dpkg-deb", &["-e", &package, &inside.display().to_string()]);
    let kept = fs::read_to_string(inside.join("conffiles")).unwrap();
    assert_eq!(kept, "/etc/mianfu-relay/relay.toml\n");
    for script in ["postinst", "prerm", "postrm"] {
        said("sh", &["-n", &inside.join(script).display().to_string()]);
    }
}
