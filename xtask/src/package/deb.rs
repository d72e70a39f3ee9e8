//! The relay as a Debian package: which file lies where, with which rights, and `dpkg-deb`.
//!
//! `dpkg-deb` and `dpkg-shlibdeps` make it because every Debian has them and they are the format's
//! own; another tool would have to be fetched first. The same program at the same time of the last
//! change gives the same bytes. The relay's tests use this file too.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Who answers for the package.
const MAINTAINER: &str = "The Mianfu authors <maintainers@mianfu.example>";
/// Where the database is, on a machine that has the package.
const DATABASE: &str = "/var/lib/mianfu-relay/relay.db";
/// The same in the example.
const DATABASE_BESIDE: &str = "database = \"relay.db\"";

/// What a package is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Made<'m> {
    /// The workspace.
    pub(crate) root: &'m Path,
    /// The built program.
    pub(crate) program: &'m Path,
    /// Its version.
    pub(crate) version: &'m str,
    /// What is linked into it, and under which licences.
    pub(crate) third_party: &'m str,
    /// When the source last changed, in seconds since 1970.
    pub(crate) changed_s: u64,
    /// How it is packed: `xz`, or `none` where nobody carries it anywhere.
    pub(crate) compression: &'m str,
    /// The folder that the package comes into.
    pub(crate) into: &'m Path,
}

/// Makes the package and returns where it is.
///
/// # Errors
/// A file is not there, or a tool of Debian's is missing or failed.
pub(crate) fn make(made: &Made<'_>) -> io::Result<PathBuf> {
    let tree = made.into.join("tree");
    if tree.exists() {
        fs::remove_dir_all(&tree)?;
    }
    let architecture = said(Command::new("dpkg").arg("--print-architecture"))?;
    lay(made, &tree)?;
    control(made, &tree, &architecture)?;
    let name = format!("mianfu-relay_{}_{architecture}.deb", made.version);
    let package = made.into.join(name);
    let mut build = Command::new("dpkg-deb");
    // One thread: how many compress is to be seen in the bytes.
    build.env("DPKG_DEB_THREADS_MAX", "1");
    build.env("SOURCE_DATE_EPOCH", made.changed_s.to_string());
    build.arg(format!("-Z{}", made.compression));
    build.args(["--root-owner-group", "--build"]).arg(&tree).arg(&package);
    said(&mut build)?;
    Ok(package)
}

/// Puts every file where it belongs.
fn lay(made: &Made<'_>, tree: &Path) -> io::Result<()> {
    let source = |name: &str| fs::read(made.root.join("crates/relay").join(name));
    let put = |name: &str, bytes: &[u8], mode| put(tree, name, bytes, mode);
    put("usr/bin/mianfu-relay", &fs::read(made.program)?, 0o755)?;
    put("lib/systemd/system/mianfu-relay.service", &source("mianfu-relay.service")?, 0o644)?;
    put("usr/lib/sysusers.d/mianfu-relay.conf", &source("debian/mianfu-relay.sysusers")?, 0o644)?;
    put("etc/mianfu-relay/relay.toml", relay_toml(&source("relay.toml")?)?.as_bytes(), 0o640)?;
    let page = packed(&source("debian/mianfu-relay.8")?, made.into)?;
    put("usr/share/man/man8/mianfu-relay.8.gz", &page, 0o644)?;
    let known = source("debian/mianfu-relay.lintian-overrides")?;
    put("usr/share/lintian/overrides/mianfu-relay", &known, 0o644)?;
    let doc = "usr/share/doc/mianfu-relay";
    put(&format!("{doc}/copyright"), &source("debian/copyright")?, 0o644)?;
    put(&format!("{doc}/NOTICE"), &fs::read(made.root.join("NOTICE"))?, 0o644)?;
    let third_party = packed(made.third_party.as_bytes(), made.into)?;
    put(&format!("{doc}/third-party.gz"), &third_party, 0o644)?;
    let changes = packed(changes(made)?.as_bytes(), made.into)?;
    put(&format!("{doc}/changelog.gz"), &changes, 0o644)
}

/// Writes what dpkg reads.
fn control(made: &Made<'_>, tree: &Path, architecture: &str) -> io::Result<()> {
    for script in ["postinst", "prerm", "postrm"] {
        let text = fs::read(made.root.join("crates/relay/debian").join(script))?;
        put(tree, &format!("DEBIAN/{script}"), &text, 0o755)?;
    }
    put(tree, "DEBIAN/conffiles", b"/etc/mianfu-relay/relay.toml\n", 0o644)?;
    let libraries = libraries(made)?;
    let kilobytes = kilobytes(tree)?;
    let version = made.version;
    let text = format!(
        "Package: mianfu-relay\nVersion: {version}\nArchitecture: {architecture}\n\
         Maintainer: {MAINTAINER}\nInstalled-Size: {kilobytes}\n\
         Depends: {libraries}, systemd | systemd-standalone-sysusers | systemd-sysusers\n\
         Section: net\nPriority: optional\n\
         Description: hands payment channels' notices to tills that nobody can call\n \
         Alipay and WeChat Pay post a notice when a payment is made; a till behind a\n \
         router cannot receive it. This relay takes notices on a machine that can be\n \
         reached, checks them with public keys, keeps them, and hands them to each\n \
         till over a stream. It holds no key that moves money.\n"
    );
    put(tree, "DEBIAN/control", text.as_bytes(), 0o644)
}

/// The example with its database where the service keeps it.
fn relay_toml(example: &[u8]) -> io::Result<String> {
    let text = String::from_utf8_lossy(example);
    if !text.contains(DATABASE_BESIDE) {
        return Err(io::Error::other(format!("the example does not say `{DATABASE_BESIDE}`")));
    }
    Ok(text.replace(DATABASE_BESIDE, &format!("database = \"{DATABASE}\"")))
}

fn changes(made: &Made<'_>) -> io::Result<String> {
    let mut date = Command::new("date");
    date.env("LC_ALL", "C").args(["-u", "-R", "-d"]).arg(format!("@{}", made.changed_s));
    let (version, date) = (made.version, said(&mut date)?);
    Ok(format!(
        "mianfu-relay ({version}) unstable; urgency=medium\n\n  * As the changelog of Mianfu \
         says.\n\n -- {MAINTAINER}  {date}\n"
    ))
}

/// Says which packages have the libraries that the program needs.
fn libraries(made: &Made<'_>) -> io::Result<String> {
    let place = made.into.join("shlibs");
    // The little that the tool wants to see of a source.
    let source = "Source: mianfu-relay\n\nPackage: mianfu-relay\nArchitecture: any\n";
    put(&place, "debian/control", source.as_bytes(), 0o644)?;
    let mut ask = Command::new("dpkg-shlibdeps");
    ask.current_dir(&place).arg("-O").arg("-e").arg(fs::canonicalize(made.program)?);
    let answer = said(&mut ask)?;
    fs::remove_dir_all(&place)?;
    let depends = answer.lines().find_map(|line| line.strip_prefix("shlibs:Depends="));
    depends.map(str::to_owned).ok_or_else(|| io::Error::other("no library was named"))
}

/// Packs bytes without a name and a time.
fn packed(bytes: &[u8], into: &Path) -> io::Result<Vec<u8>> {
    put(into, "packed", bytes, 0o644)?;
    let file = into.join("packed");
    said(Command::new("gzip").args(["-9", "-n", "-f"]).arg(&file))?;
    let file = into.join("packed.gz");
    let packed = fs::read(&file)?;
    fs::remove_file(file)?;
    Ok(packed)
}

/// Writes a file with exactly these rights, in folders that everybody may enter.
fn put(tree: &Path, name: &str, bytes: &[u8], mode: u32) -> io::Result<()> {
    let path = tree.join(name);
    if let Some(folder) = Path::new(name).parent() {
        let mut at = tree.to_path_buf();
        fs::create_dir_all(&at)?;
        allow(&at, 0o755)?;
        for part in folder.components() {
            at.push(part);
            fs::create_dir_all(&at)?;
            allow(&at, 0o755)?;
        }
    }
    fs::write(&path, bytes)?;
    allow(&path, mode)
}

#[cfg(unix)]
fn allow(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn allow(_: &Path, _: u32) -> io::Result<()> {
    Err(io::Error::other("a Debian package is made on Debian"))
}

/// Counts what the files take, each rounded up to whole kilobytes, and one for each folder.
fn kilobytes(tree: &Path) -> io::Result<u64> {
    let mut total = 0;
    for entry in fs::read_dir(tree)? {
        let entry = entry?;
        let about = entry.metadata()?;
        total += match about.is_dir() {
            true if entry.file_name() == "DEBIAN" => 0,
            true => 1 + kilobytes(&entry.path())?,
            false => about.len().div_ceil(1_024),
        };
    }
    Ok(total)
}

/// Runs a tool and returns what it says.
fn said(command: &mut Command) -> io::Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| {
        let is_missing = error.kind() == io::ErrorKind::NotFound;
        let what = format!("`{name}` is missing: install the package `dpkg-dev`");
        if is_missing { io::Error::other(what) } else { error }
    })?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(io::Error::other(format!("`{name}` failed: {why}")));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
