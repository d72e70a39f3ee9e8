//! Rules over any text file.

use crate::tree::{Breach, Source};

const FILE_LINES: usize = 600;

/// Long files are halls in which nobody finds anything. Tests and generated files are exempt.
pub(crate) fn file_lengths(source: &Source) -> Vec<Breach> {
    let is_code = source.is_rust() || source.is_screen();
    let lines = source.text.lines().count();
    if !is_code || source.is_test() || source.path.contains("/bindings/") || lines <= FILE_LINES {
        return Vec::new();
    }
    vec![Breach::new(lines, format!("{lines} lines; split by noun below {FILE_LINES}"))]
}

pub(crate) fn file_names(source: &Source) -> Vec<Breach> {
    let name = source.path.rsplit('/').next().unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default();
    if !["util", "utils", "helper", "helpers", "misc"].contains(&stem.to_lowercase().as_str()) {
        return Vec::new();
    }
    vec![Breach::new(1, format!("`{name}` says nothing; name the thing"))]
}

/// A registry is an ordinary client's business; a path of one machine means nothing on another.
pub(crate) fn hosts_and_paths(source: &Source) -> Vec<Breach> {
    if source.path == "Cargo.lock" {
        return Vec::new(); // Cargo writes it.
    }
    let mut breaches = Vec::new();
    for (line, text) in source.lines() {
        if let Some(host) = registry_hosts().into_iter().find(|host| text.contains(host)) {
            breaches.push(Breach::new(line, format!("`{host}`: no file names a registry")));
        }
        if let Some(path) = machine_paths().into_iter().find(|path| names_path(text, path)) {
            breaches.push(Breach::new(line, format!("`{path}`: a path of one machine")));
        }
    }
    breaches
}

/// Put together here, so that this file does not name them either.
fn registry_hosts() -> Vec<String> {
    let hosts = [
        ["crates", "io"],
        ["registry.npmjs", "org"],
        ["npmjs", "com"],
        ["npmmirror", "com"],
        ["pypi", "org"],
        ["pythonhosted", "org"],
        ["rsproxy", "cn"],
        ["deb.debian", "org"],
    ];
    hosts.iter().map(|parts| parts.join(".")).collect()
}

fn machine_paths() -> Vec<String> {
    ["work", "tmp", "root", "farm"].iter().map(|folder| format!("/{folder}/")).collect()
}

/// True where `path` begins a path of its own, not inside a longer one or an address.
fn names_path(text: &str, path: &str) -> bool {
    text.match_indices(path).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        before.is_none_or(|letter| !letter.is_alphanumeric() && !"._-/}$*".contains(letter))
    })
}
