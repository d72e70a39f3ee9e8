//! A store's file: the shop's name, its numbers and its limits. Never a key.
//!
//! Looked for in `MIANFU_STORE`, then beside the program as `store.toml`; without either the
//! practice store that is compiled in. A file that is there and wrong stops the start: a till that
//! guessed its numbers would mint another till's.

use std::path::{Path, PathBuf};

use mianfu_core::money::{Charge, Fen};
use mianfu_till::Settings;
use serde::Deserialize;

/// Names a store's file.
pub const STORE_VARIABLE: &str = "MIANFU_STORE";
const BESIDE: &str = "store.toml";
const PRACTICE: &str = include_str!("../../stores/practice.toml");
/// The most bytes a store's file has.
const FILE_BYTES_MAX: u64 = 64 * 1024;
/// What a store's part and a till's part of a number leave room for.
const STORE_MAX: u32 = 99_999;
const TILL_MAX: u32 = 999;

/// What a store's file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Store {
    /// The store's number.
    pub(crate) store: u32,
    /// The till's number in the store.
    pub(crate) till: u32,
    /// What is shown and how far the till goes.
    pub(crate) settings: Settings,
}

/// Why a store's file is not used, and what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// Not there or not readable.
    #[error("`{}` cannot be read: check the path", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Not in the form of a store's file.
    #[error("`{}` is not a store's file: {what}", path.display())]
    Form {
        /// Which file.
        path: PathBuf,
        /// What is wrong, and what to write.
        what: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    name: String,
    till_name: String,
    store: u32,
    till: u32,
    limit: String,
    backup_folder: Option<PathBuf>,
}

/// Finds and reads the store's file.
///
/// # Errors
///
/// A file that is named or beside the program and cannot be used.
pub(crate) fn find() -> Result<Store, StoreError> {
    let named = std::env::var_os(STORE_VARIABLE).map(PathBuf::from);
    match named.or_else(beside_the_program) {
        Some(path) => read(&path),
        None => parse(PRACTICE, Path::new("stores/practice.toml")),
    }
}

fn beside_the_program() -> Option<PathBuf> {
    let path = std::env::current_exe().ok()?.with_file_name(BESIDE);
    path.is_file().then_some(path)
}

fn read(path: &Path) -> Result<Store, StoreError> {
    let unreadable = |source| StoreError::Unreadable { path: path.to_owned(), source };
    if FILE_BYTES_MAX < std::fs::metadata(path).map_err(unreadable)?.len() {
        let what = "it is too large".to_owned();
        return Err(StoreError::Form { path: path.to_owned(), what });
    }
    parse(&std::fs::read_to_string(path).map_err(unreadable)?, path)
}

fn parse(text: &str, path: &Path) -> Result<Store, StoreError> {
    let form = |what: String| StoreError::Form { path: path.to_owned(), what };
    let fields: Fields = toml::from_str(text).map_err(|error| form(error.message().to_owned()))?;
    if STORE_MAX < fields.store || TILL_MAX < fields.till {
        return Err(form(format!("`store` is at most {STORE_MAX}, `till` at most {TILL_MAX}")));
    }
    let limit = Fen::from_yuan(&fields.limit)
        .and_then(|fen| Charge::new(fen.get()))
        .ok_or_else(|| form("`limit` is yuan from 0.01 to 50000.00, in quotes".to_owned()))?;
    let settings = Settings {
        limit,
        backup_folder: fields.backup_folder,
        ..Settings::practice(&fields.name, &fields.till_name)
    };
    Ok(Store { store: fields.store, till: fields.till, settings })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, limit_fen: Option<u32>, why: &str) {
        let store = parse(text, Path::new("s.toml")).ok();
        assert_eq!(store.map(|store| store.settings.limit.get()), limit_fen, "{why}");
    }

    #[test]
    fn a_store_file_is_used_whole_or_not_at_all() {
        check(PRACTICE, Some(5_000_000), "what is compiled in must start");
        let with =
            |line: &str| format!("name = \"店\"\ntill_name = \"1\"\nstore = 1\ntill = 2\n{line}");
        check(&with("limit = \"200.00\""), Some(20_000), "a store may lower the limit");
        check(&with("limit = \"50000.01\""), None, "and not raise it");
        check(&with("limit = \"0\""), None, "a till that takes nothing is a mistake");
        check(&with("limit = 200.0"), None, "no floats near money");
        check(&with(""), None, "no limit is no answer");
        check(&with("limit = \"1\"\nkey = \"x\""), None, "a word we do not know may be a key");
        let other = with("limit = \"1\"").replace("till = 2", "till = 1000");
        check(&other, None, "the number has three digits for the till");
    }

    #[test]
    fn a_file_that_is_not_there_is_told_by_its_path() {
        let error = read(Path::new("nowhere/store.toml")).unwrap_err();
        assert!(error.to_string().contains("nowhere/store.toml"), "{error}");
    }
}
