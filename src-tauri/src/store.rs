//! A store's file: the shop's name, its numbers and its limits. Never a key.
//!
//! Looked for in `MIANFU_STORE`, then beside the program as `store.toml`; without either the
//! practice store that is compiled in. A file that is there and wrong stops the start: a till that
//! guessed its numbers would mint another till's.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mianfu_core::money::{Charge, Fen};
use mianfu_till::Settings;
use serde::Deserialize;

use crate::views::{KeyAct, ScannerKind};

/// Names a store's file.
pub const STORE_VARIABLE: &str = "MIANFU_STORE";
const BESIDE: &str = "store.toml";
const PRACTICE: &str = include_str!("../../stores/practice.toml");
/// The most bytes a store's file has.
const FILE_BYTES_MAX: u64 = 64 * 1024;
/// What a store's part and a till's part of a number leave room for.
const STORE_MAX: u32 = 99_999;
const TILL_MAX: u32 = 999;
/// What may be rounded off in cash where the store does not say, in fen.
const ROUNDING_LIMIT_FEN: i64 = 99;
/// The most that a store may let be rounded off, in fen: more is a discount and no rounding.
const ROUNDING_LIMIT_FEN_MAX: i64 = 999;
/// The longest name of a key or a monitor.
const NAME_LETTERS_MAX: usize = 64;
/// Keys that a sale cannot do without: the digits and their neighbours, and those that confirm,
/// erase or leave.
const KEYS_TAKEN: &[&str] = &[
    "Enter",
    "NumpadEnter",
    "Escape",
    "Backspace",
    "Delete",
    "Tab",
    "Space",
    "Period",
    "NumpadDecimal",
    "NumpadAdd",
    "Comma",
    "NumLock",
];

/// What a store's file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Store {
    /// The store's number.
    pub(crate) store: u32,
    /// The till's number in the store.
    pub(crate) till: u32,
    /// What is shown and how far the till goes.
    pub(crate) settings: Settings,
    /// What only the windows go by.
    pub(crate) counter: CounterSettings,
}

/// What a store sets for the windows; the till knows nothing of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CounterSettings {
    pub(crate) scanner: ScannerKind,
    /// Whether 1250 is typed for 12.50.
    pub(crate) implied_decimals: bool,
    /// A charge above this asks once more.
    pub(crate) ask_above: Option<Fen>,
    /// Keys that the store has moved, by what they do.
    pub(crate) keys: BTreeMap<KeyAct, String>,
    pub(crate) sound: bool,
    pub(crate) voice: bool,
    /// The monitor of the customer's window; the first that is not the counter's where none.
    pub(crate) customer_monitor: Option<String>,
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
    #[serde(default = "box_scanner")]
    scanner: Scanner,
    #[serde(default)]
    implied_decimals: bool,
    ask_above: Option<String>,
    rounding_limit: Option<String>,
    #[serde(default = "on")]
    sound: bool,
    #[serde(default = "on")]
    voice: bool,
    customer_monitor: Option<String>,
    #[serde(default)]
    keys: Keys,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Scanner {
    Box,
    Trigger,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Keys {
    collect: Option<String>,
    show: Option<String>,
    ask: Option<String>,
    cancel: Option<String>,
    aside: Option<String>,
    cash: Option<String>,
    orders: Option<String>,
    receipt: Option<String>,
    practice: Option<String>,
    health: Option<String>,
    open_items: Option<String>,
}

fn box_scanner() -> Scanner {
    Scanner::Box
}

fn on() -> bool {
    true
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
    let (store, till) = (fields.store, fields.till);
    let settings = Settings {
        limit,
        rounding_limit: rounding_limit(fields.rounding_limit.as_deref()).map_err(form)?,
        backup_folder: fields.backup_folder.clone(),
        ..Settings::practice(&fields.name, &fields.till_name)
    };
    Ok(Store { store, till, settings, counter: counter(fields).map_err(form)? })
}

fn rounding_limit(text: Option<&str>) -> Result<Fen, String> {
    let limit = match text {
        None => Fen::new(ROUNDING_LIMIT_FEN),
        Some(text) => Fen::from_yuan(text),
    };
    limit.filter(|limit| limit.get() <= ROUNDING_LIMIT_FEN_MAX).ok_or_else(|| {
        "`rounding_limit` is yuan from 0.00 (forbidden) to 9.99, in quotes".to_owned()
    })
}

fn counter(fields: Fields) -> Result<CounterSettings, String> {
    let ask_above = match &fields.ask_above {
        None => None,
        Some(text) => Some(
            Fen::from_yuan(text)
                .filter(|above| above.get() <= i64::from(Charge::MAX_FEN))
                .ok_or("`ask_above` is yuan up to 50000.00, in quotes")?,
        ),
    };
    let named = |name: &String| !name.is_empty() && name.chars().count() <= NAME_LETTERS_MAX;
    if fields.customer_monitor.as_ref().is_some_and(|name| !named(name)) {
        return Err("`customer_monitor` is a monitor's name as the system calls it".to_owned());
    }
    Ok(CounterSettings {
        scanner: match fields.scanner {
            Scanner::Box => ScannerKind::Box,
            Scanner::Trigger => ScannerKind::Trigger,
        },
        implied_decimals: fields.implied_decimals,
        ask_above,
        keys: keys(fields.keys)?,
        sound: fields.sound,
        voice: fields.voice,
        customer_monitor: fields.customer_monitor,
    })
}

/// Returns the keys by what they do. One key does one thing, and none that a sale needs is moved.
fn keys(keys: Keys) -> Result<BTreeMap<KeyAct, String>, String> {
    let Keys {
        collect,
        show,
        ask,
        cancel,
        aside,
        cash,
        orders,
        receipt,
        practice,
        health,
        open_items,
    } = keys;
    let named = [
        (KeyAct::Collect, collect),
        (KeyAct::Show, show),
        (KeyAct::Ask, ask),
        (KeyAct::Cancel, cancel),
        (KeyAct::Aside, aside),
        (KeyAct::Cash, cash),
        (KeyAct::Orders, orders),
        (KeyAct::Receipt, receipt),
        (KeyAct::Practice, practice),
        (KeyAct::Health, health),
        (KeyAct::OpenItems, open_items),
    ];
    let mut moved = BTreeMap::new();
    for (act, code) in named {
        let Some(code) = code else { continue };
        if !is_free_key(&code) {
            return Err(format!(
                "`keys` has `{code}`: write a key as a browser names it, such as `F9` or \
                 `NumpadMultiply`; digits, letters, Enter, Escape and their like stay what they are"
            ));
        }
        if moved.values().any(|other| *other == code) {
            return Err(format!("`keys` gives `{code}` two things to do"));
        }
        moved.insert(act, code);
    }
    Ok(moved)
}

/// Says whether a key may be given something to do: a reader types digits and letters, and an
/// amount is typed on digits.
fn is_free_key(code: &str) -> bool {
    let typed = |start: &str| code.strip_prefix(start).is_some_and(|rest| rest.len() == 1);
    let plain = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let modifier = ["Shift", "Control", "Alt", "Meta", "CapsLock"];
    plain
        && code.len() <= NAME_LETTERS_MAX
        && !typed("Digit")
        && !typed("Key")
        && !typed("Numpad")
        && !KEYS_TAKEN.contains(&code)
        && !modifier.iter().any(|name| code.starts_with(name))
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

    fn with(line: &str) -> String {
        let least = "name = \"店\"\ntill_name = \"1\"\nstore = 1\ntill = 2\nlimit = \"200.00\"";
        format!("{least}\n{line}")
    }

    fn parsed(line: &str) -> Option<Store> {
        parse(&with(line), Path::new("s.toml")).ok()
    }

    #[test]
    fn what_a_store_does_not_say_is_the_careful_choice() {
        let Store { settings, counter, .. } = parsed("").unwrap();
        assert_eq!(settings.rounding_limit.get(), 99);
        assert_eq!(counter.scanner, ScannerKind::Box, "a box scanner must be armed");
        assert!(!counter.implied_decimals && counter.sound && counter.voice);
        assert_eq!((counter.ask_above, counter.customer_monitor), (None, None));
        assert!(counter.keys.is_empty());
    }

    #[test]
    fn what_a_store_says_is_what_the_counter_does() {
        let said = parsed(
            "scanner = \"trigger\"\nimplied_decimals = true\nask_above = \"500.00\"\n\
             rounding_limit = \"0.00\"\nsound = false\nvoice = false\n\
             customer_monitor = \"HDMI-1\"\n[keys]\nshow = \"F9\"\ncash = \"NumpadMultiply\"\nreceipt = \"F10\"",
        );
        let Store { settings, counter, .. } = said.unwrap();
        assert_eq!(settings.rounding_limit, Fen::ZERO);
        assert_eq!(counter.scanner, ScannerKind::Trigger);
        assert!(counter.implied_decimals && !counter.sound && !counter.voice);
        assert_eq!(counter.ask_above.map(Fen::get), Some(50_000));
        assert_eq!(counter.customer_monitor.as_deref(), Some("HDMI-1"));
        let keys: Vec<(KeyAct, &str)> =
            counter.keys.iter().map(|(act, code)| (*act, code.as_str())).collect();
        let moved =
            [(KeyAct::Show, "F9"), (KeyAct::Cash, "NumpadMultiply"), (KeyAct::Receipt, "F10")];
        assert_eq!(keys, moved);
    }

    #[track_caller]
    fn check_refused(line: &str, why: &str) {
        assert_eq!(parsed(line), None, "{why}");
    }

    #[test]
    fn a_setting_that_cannot_be_meant_stops_the_start() {
        check_refused("scanner = \"laser\"", "no such kind");
        check_refused("ask_above = 500.00", "no floats near money");
        check_refused("ask_above = \"50000.01\"", "nothing above can be charged");
        check_refused("rounding_limit = \"10.00\"", "that is a discount");
        check_refused("rounding_limit = \"-0.01\"", "and that a surcharge");
        check_refused("customer_monitor = \"\"", "no name");
        check_refused("[keys]\nprint = \"F9\"", "no such act");
        check_refused("[keys]\nshow = \"\"", "no key");
        check_refused("[keys]\nshow = \"*\"", "not as a browser names it");
        check_refused("[keys]\nshow = \"F9\"\nask = \"F9\"", "one key, one act");
        for taken in ["Digit1", "Numpad0", "KeyA", "Enter", "NumpadEnter", "Escape", "ShiftLeft"] {
            check_refused(&format!("[keys]\nshow = \"{taken}\""), "a sale needs it");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_told_by_its_path() {
        let error = read(Path::new("nowhere/store.toml")).unwrap_err();
        assert!(error.to_string().contains("nowhere/store.toml"), "{error}");
    }
}
