//! Published vectors for the tests, read in place where their folder is present (`MIANFU_SHARED`,
//! or `shared` beside the workspace). Where it is not, the tests that ask have nothing to check.

use std::path::PathBuf;

use serde_json::Value;

fn folder() -> PathBuf {
    let shared = std::env::var_os("MIANFU_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    shared.join("vectors")
}

/// Returns the names of a channel's files, in order; none where the folder is not there.
pub(crate) fn files(channel: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder().join(channel)) else {
        return Vec::new();
    };
    let name = |entry: std::fs::DirEntry| entry.file_name().into_string().unwrap();
    let mut names: Vec<String> = entries.map(|entry| name(entry.unwrap())).collect();
    names.sort_unstable();
    names
}

/// Returns the vectors of one file, in order; none where the file is not there.
pub(crate) fn vectors(file: &str) -> Vec<Value> {
    let Ok(text) = std::fs::read_to_string(folder().join(file)) else {
        return Vec::new();
    };
    let file: Value = serde_json::from_str(&text).unwrap();
    file["vectors"].as_array().unwrap().clone()
}

/// Returns a text inside a vector, empty where there is none.
pub(crate) fn text<'v>(vector: &'v Value, path: &str) -> &'v str {
    vector.pointer(path).and_then(Value::as_str).unwrap_or_default()
}
