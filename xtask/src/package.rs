//! `cargo xtask package`: what is handed to those who install. `relay` is the relay's Debian package.

use std::path::Path;

use clap::{Args, ValueEnum};

use crate::closing::Closing;
use crate::programs::FEATURES;
use crate::shell::{self, TaskError};

mod deb;
mod licences;

#[derive(Args)]
pub(crate) struct Asked {
    /// What is packed.
    #[arg(value_enum)]
    what: What,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    /// The relay, as a Debian package of this machine's architecture.
    Relay,
}

pub(crate) fn run(asked: &Asked) -> Result<Closing, TaskError> {
    match asked.what {
        What::Relay => relay(),
    }
}

fn relay() -> Result<Closing, TaskError> {
    let changed_s = changed_s()?;
    let mut build = vec!["cargo", "build", "--release", "--locked", "--workspace"];
    build.extend(["--exclude", "xtask", "--features", FEATURES, "--bin", "mianfu-relay"]);
    shell::run(&build)?;
    let root = shell::root();
    let into = root.join("target/package");
    let made = deb::Made {
        root: &root,
        program: &root.join("target/release/mianfu-relay"),
        version: env!("CARGO_PKG_VERSION"),
        third_party: &licences::of("mianfu-relay")?,
        changed_s,
        compression: "xz",
        into: &into,
    };
    let package = deb::make(&made).map_err(|source| TaskError::File {
        path: into.display().to_string(),
        doing: "filled with a package",
        source,
    })?;
    let sum = shell::ask(&["sha256sum", &package.to_string_lossy()]);
    let sum = sum.and_then(|sum| sum.split(' ').next().map(str::to_owned));
    let sum = sum.ok_or_else(|| TaskError::Sentence("`sha256sum` says nothing".to_owned()))?;
    let file = package.strip_prefix(&root).unwrap_or(&package);
    Ok(Closing::new("package").with("file", shown(file)).with("sha256", sum))
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// When the source last changed: as the caller says, or as the last commit does.
fn changed_s() -> Result<u64, TaskError> {
    let said = std::env::var("SOURCE_DATE_EPOCH").ok();
    let said = said.or_else(|| shell::ask(&["git", "log", "-1", "--format=%ct"]));
    said.and_then(|seconds| seconds.parse().ok()).ok_or_else(|| {
        let what = "this is no git checkout: say in `SOURCE_DATE_EPOCH` when the source changed";
        TaskError::Sentence(what.to_owned())
    })
}
