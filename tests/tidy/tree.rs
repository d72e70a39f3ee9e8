//! The files of the project as git knows them, and where a rule is broken.

use std::path::{Path, PathBuf};
use std::process::Command;

/// One text file.
pub(crate) struct Source {
    /// From the workspace root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A line that breaks a rule, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Breach {
    pub(crate) line: usize,
    pub(crate) what: String,
}

impl Breach {
    pub(crate) fn new(line: usize, what: impl Into<String>) -> Breach {
        Breach { line, what: what.into() }
    }

    pub(crate) fn at(&self, path: &str) -> String {
        format!("{path}:{}: {}", self.line, self.what)
    }
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Source {
        Source { path: path.to_owned(), text: text.to_owned() }
    }

    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    pub(crate) fn is_screen(&self) -> bool {
        [".ts", ".vue", ".mjs"].iter().any(|ending| self.path.ends_with(ending))
    }

    /// True for a file that holds nothing but tests.
    pub(crate) fn is_test(&self) -> bool {
        let path = &self.path;
        path.starts_with("tests/")
            || path.contains("/tests/")
            || path.ends_with("/tests.rs")
            || path.ends_with("/src/mutants.rs")
            || path.ends_with(".test.ts")
    }

    /// Returns the numbered lines, from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }
}

/// Returns the folder of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Returns every text file that is tracked, or would be.
pub(crate) fn sources() -> Vec<Source> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git is installed");
    assert!(output.status.success(), "the tidy test reads a git work tree");
    let names = String::from_utf8(output.stdout).unwrap();
    let paths = names.split('\0').filter(|name| !name.is_empty());
    let sources: Vec<Source> = paths
        .filter_map(|path| {
            // A file deleted but not yet committed, or a picture, is nobody's text.
            let text = std::fs::read_to_string(root().join(path)).ok()?;
            Some(Source { path: path.to_owned(), text })
        })
        .collect();
    assert!(
        sources.iter().any(|source| source.path == "crates/core/src/lib.rs"),
        "the list of files is not the project's"
    );
    sources
}
