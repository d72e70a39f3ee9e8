//! Rules over manifests and the lock file: who may depend on whom.

use toml::{Table, Value};

use crate::tree::{Breach, Source};

/// Which of our crates each of our packages may name.
const OURS: [(&str, &[&str]); 11] = [
    ("mianfu-core", &[]),
    ("mianfu-gateway", &["mianfu-core"]),
    ("mianfu-db", &["mianfu-core"]),
    ("mianfu-wire", &["mianfu-core"]),
    ("mianfu-till", &["mianfu-core", "mianfu-gateway", "mianfu-db", "mianfu-relay", "mianfu-wire"]),
    ("mianfu-relay", &["mianfu-core", "mianfu-gateway", "mianfu-wire"]),
    ("mianfu-practice", &[]),
    ("mianfu-sound", &["mianfu-core"]),
    ("mianfu", &["mianfu-core", "mianfu-till", "mianfu-practice", "mianfu-relay", "mianfu-sound"]),
    (
        "mianfu-tests",
        &[
            "mianfu-core",
            "mianfu-gateway",
            "mianfu-db",
            "mianfu-wire",
            "mianfu-till",
            "mianfu-relay",
            "mianfu-practice",
            "mianfu",
        ],
    ),
    ("xtask", &[]),
];

/// Outside libraries that only some packages may name, because they shape the layout.
const GUARDED: [(&str, &[&str]); 6] = [
    ("tauri", &["mianfu"]),
    ("reqwest", &["mianfu-gateway"]),
    ("rusqlite", &["mianfu-db", "mianfu-relay", "mianfu-tests"]),
    ("fantoccini", &["mianfu-tests"]),
    ("rodio", &["mianfu-sound"]),
    ("async-nats", &["mianfu-relay"]),
];

/// One dependency as a manifest names it.
struct Dependency {
    name: String,
    value: Value,
    line: usize,
}

pub(crate) fn directions(source: &Source) -> Vec<Breach> {
    let Some((package, manifest)) = member(source) else { return Vec::new() };
    let Some((_, ours)) = OURS.iter().find(|(name, _)| *name == package) else {
        let what = format!("`{package}` is not in the table of tests/tidy/manifests.rs; add it");
        return vec![Breach::new(1, what)];
    };
    let mut breaches = Vec::new();
    for dependency in dependencies(source, &manifest) {
        let name = dependency.name.as_str();
        let is_ours = name == "mianfu" || name.starts_with("mianfu-");
        if is_ours && !ours.contains(&name) {
            breaches.push(Breach::new(dependency.line, format!("{package} may not know {name}")));
        }
        for (guarded, may) in GUARDED {
            let named = name == guarded || name.starts_with(&format!("{guarded}-"));
            if named && !may.contains(&package.as_str()) {
                let what = format!("{package} may not know {name}; only {} may", may.join(", "));
                breaches.push(Breach::new(dependency.line, what));
            }
        }
    }
    if package == "mianfu-core" {
        breaches.extend(core_dependencies(source, &manifest));
    }
    breaches
}

pub(crate) fn lints(source: &Source) -> Vec<Breach> {
    let Some((_, manifest)) = member(source) else { return Vec::new() };
    let taken = manifest.get("lints").and_then(|lints| lints.get("workspace"));
    if taken.and_then(Value::as_bool) == Some(true) {
        return Vec::new();
    }
    vec![Breach::new(1, "write `[lints] workspace = true`")]
}

/// A planted bug is chosen at run time behind a feature that only the tests' package turns on.
pub(crate) fn mutants(source: &Source) -> Vec<Breach> {
    let Some((package, manifest)) = member(source) else { return Vec::new() };
    let what = "a shipping program would carry planted bugs; turn `mutants` on from the tests only";
    let mut breaches = Vec::new();
    for dependency in dependencies(source, &manifest) {
        if strings(dependency.value.get("features")).any(|feature| feature == "mutants") {
            breaches.push(Breach::new(dependency.line, what));
        }
    }
    let features = manifest.get("features").and_then(Value::as_table);
    for (feature, enables) in features.into_iter().flatten() {
        let forwards = strings(Some(enables)).any(|name| name.ends_with("mutants"));
        if forwards && (feature != "mutants" || package == "mianfu") {
            breaches.push(Breach::new(line_of(&source.text, feature), what));
        }
    }
    breaches
}

/// Two copies of SQLite on one file corrupt it; a second TLS stack is a second set of holes.
pub(crate) fn lock(source: &Source) -> Vec<Breach> {
    if source.path != "Cargo.lock" {
        return Vec::new();
    }
    let count = |name: &str| source.text.matches(&format!("name = \"{name}\"\n")).count();
    let mut breaches = Vec::new();
    if count("libsqlite3-sys") > 1 {
        breaches.push(Breach::new(1, "libsqlite3-sys is locked twice; one SQLite, linked once"));
    }
    for name in ["openssl-sys", "native-tls"] {
        if count(name) > 0 {
            breaches.push(Breach::new(1, format!("{name} is locked; rustls is the one TLS")));
        }
    }
    breaches
}

fn core_dependencies(source: &Source, manifest: &Table) -> Vec<Breach> {
    let named = table(manifest, "dependencies").into_iter().flatten();
    let others = named.filter(|(name, _)| *name != "thiserror");
    let told = |name: &String| {
        Breach::new(line_of(&source.text, name), "core depends on thiserror and nothing else")
    };
    let mut breaches: Vec<Breach> = others.map(|(name, _)| told(name)).collect();
    if manifest.contains_key("build-dependencies") || manifest.contains_key("target") {
        breaches.push(Breach::new(1, "core has plain dependencies only"));
    }
    breaches
}

/// Reads the manifest of a member; None for every other file.
fn member(source: &Source) -> Option<(String, Table)> {
    if !source.path.ends_with("Cargo.toml") {
        return None;
    }
    let manifest: Table = source.text.parse().expect("cargo read this manifest already");
    let name = manifest.get("package")?.get("name")?.as_str()?.to_owned();
    Some((name, manifest))
}

/// Returns the dependencies of every kind, those of one platform included.
fn dependencies(source: &Source, manifest: &Table) -> Vec<Dependency> {
    let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
    let mut tables: Vec<&Table> = kinds.iter().filter_map(|kind| table(manifest, kind)).collect();
    for (_, target) in table(manifest, "target").into_iter().flatten() {
        let target = target.as_table();
        tables.extend(kinds.iter().filter_map(|kind| table(target?, kind)));
    }
    let named = tables.into_iter().flatten();
    named
        .map(|(key, value)| {
            let renamed = value.get("package").and_then(Value::as_str);
            Dependency {
                name: renamed.unwrap_or(key).to_owned(),
                value: value.clone(),
                line: line_of(&source.text, key),
            }
        })
        .collect()
}

fn table<'a>(manifest: &'a Table, key: &str) -> Option<&'a Table> {
    manifest.get(key).and_then(Value::as_table)
}

fn strings(value: Option<&Value>) -> impl Iterator<Item = &str> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// Returns the first line that begins with `key`, or 1.
fn line_of(text: &str, key: &str) -> usize {
    text.lines().position(|line| line.trim_start().starts_with(key)).map_or(1, |index| index + 1)
}
