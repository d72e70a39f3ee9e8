//! What is linked into a program, and under which licences: the names, and the texts that their
//! authors ask to be handed on.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::shell::{self, TaskError};

/// Returns the list and the texts, for one package of the workspace.
pub(crate) fn of(package: &str) -> Result<String, TaskError> {
    let ask = ["cargo", "metadata", "--format-version", "1", "--locked", "--offline"];
    let target = shell::ask(&["rustc", "--print", "host-tuple"]).unwrap_or_default();
    let ask = [&ask[..], &["--filter-platform", &target]].concat();
    let said = shell::ask(&ask).and_then(|said| serde_json::from_str::<Value>(&said).ok());
    let said = said.ok_or_else(|| TaskError::Sentence("`cargo metadata` says nothing".into()))?;
    let linked = linked(&said, package);
    let packages = list(&said, "packages");
    let mut text = String::new();
    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for one in packages.iter().filter(|one| linked.contains(word(one, "id"))) {
        let (name, version) = (word(one, "name"), word(one, "version"));
        if one["source"].is_null() {
            continue; // One of ours.
        }
        text.push_str(&format!("{name} {version}: {}\n", word(one, "license")));
        let folder = Path::new(word(one, "manifest_path")).parent().unwrap_or(Path::new(""));
        for licence in texts_in(folder)? {
            texts.entry(licence).or_default().insert(format!("{name} {version}"));
        }
    }
    for (licence, of) in texts {
        let of: Vec<String> = of.into_iter().collect();
        text.push_str(&format!("\n== {}\n\n{}\n", of.join(", "), licence.trim_end()));
    }
    Ok(text)
}

/// Returns the ids of everything that a package is linked with.
fn linked<'v>(said: &'v Value, package: &str) -> BTreeSet<&'v str> {
    let nodes: BTreeMap<&str, &Value> =
        list(&said["resolve"], "nodes").iter().map(|node| (word(node, "id"), node)).collect();
    let first = list(said, "packages").iter().find(|one| word(one, "name") == package);
    let mut waiting: Vec<&str> = first.map(|one| word(one, "id")).into_iter().collect();
    let mut linked = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        if !linked.insert(id) {
            continue;
        }
        let deps = nodes.get(id).map_or(&[][..], |node| list(node, "deps"));
        for dep in deps {
            let is_linked = list(dep, "dep_kinds").iter().any(|kind| kind["kind"].is_null());
            if is_linked {
                waiting.push(word(dep, "pkg"));
            }
        }
    }
    linked
}

/// Returns the licences and notices that lie in a package's folder.
fn texts_in(folder: &Path) -> Result<Vec<String>, TaskError> {
    let failed =
        |source| TaskError::File { path: folder.display().to_string(), doing: "read", source };
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().to_ascii_uppercase();
        let is_one =
            ["LICEN", "COPYING", "COPYRIGHT", "NOTICE"].iter().any(|begin| name.starts_with(begin));
        if is_one && entry.path().is_file() {
            texts.push(fs::read_to_string(entry.path()).map_err(failed)?.replace('\r', ""));
        }
    }
    texts.sort();
    Ok(texts)
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

fn word<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}
