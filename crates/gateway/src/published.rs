//! Published vectors for the tests, read in place where their folder is present (`MIANFU_SHARED`,
//! or `shared` beside the workspace). Where it is not, the tests that ask have nothing to check.

use std::path::PathBuf;

use serde_json::Value;

/// Returns the vectors of one file, in order; none where the file is not there.
pub(crate) fn vectors(file: &str) -> Vec<Value> {
    let shared = std::env::var_os("MIANFU_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let Ok(text) = std::fs::read_to_string(shared.join("vectors").join(file)) else {
        return Vec::new();
    };
    let file: Value = serde_json::from_str(&text).unwrap();
    file["vectors"].as_array().unwrap().clone()
}

/// Returns a text inside a vector, empty where there is none.
pub(crate) fn text<'v>(vector: &'v Value, path: &str) -> &'v str {
    vector.pointer(path).and_then(Value::as_str).unwrap_or_default()
}
