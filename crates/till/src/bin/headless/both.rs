//! One sentence in both languages, for those who run a till by hand.

/// A sentence, in English and in Chinese.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Both {
    pub(crate) en: String,
    pub(crate) zh: String,
}

/// Says a sentence in both languages.
pub(crate) fn both(en: impl Into<String>, zh: impl Into<String>) -> Both {
    Both { en: en.into(), zh: zh.into() }
}
