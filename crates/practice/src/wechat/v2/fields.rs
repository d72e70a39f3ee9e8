//! The fields of an answer, by name.

use std::collections::BTreeMap;

/// Names and texts. An empty text counts as none, as in the signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fields {
    texts: BTreeMap<String, String>,
}

impl Fields {
    pub(super) fn new() -> Fields {
        Fields { texts: BTreeMap::new() }
    }

    /// Adds a field, or puts another text in its place.
    pub(crate) fn with(mut self, name: &str, text: impl Into<String>) -> Fields {
        self.texts.insert(name.to_owned(), text.into());
        self
    }

    /// Adds a field where there is a text.
    pub(super) fn with_some(self, name: &str, text: Option<impl Into<String>>) -> Fields {
        match text {
            Some(text) => self.with(name, text),
            None => self,
        }
    }

    /// Adds an amount in fen.
    pub(super) fn with_fen(self, name: &str, fen: i64) -> Fields {
        self.with(name, fen.to_string())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }

    pub(super) fn to_map(&self) -> BTreeMap<String, String> {
        self.texts.clone()
    }
}
