//! The JSON body of a request, read strictly.

use serde_json::{Map, Value};

use super::super::Desk;
use super::No;
use crate::money::MOST_FEN;

/// A body as an object.
pub(super) struct Body {
    fields: Map<String, Value>,
}

impl Body {
    pub(super) fn read(bytes: &[u8]) -> Result<Body, No> {
        let malformed = No::new(400, "PARAM_ERROR", "请求体不是合法的JSON");
        let fields = serde_json::from_slice(bytes).map_err(|_| malformed)?;
        Ok(Body { fields })
    }

    /// Returns everything that was asked for, in an order that does not depend on the sender's.
    pub(super) fn canonical(&self) -> String {
        Value::Object(self.fields.clone()).to_string()
    }

    /// Returns a text of at most `most` characters behind a pointer, if it is there.
    pub(super) fn text(&self, field: &'static str, most: usize) -> Result<Option<&str>, No> {
        match self.at(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) if text.chars().count() <= most => Ok(Some(text)),
            Some(_) => Err(No::parameter(field)),
        }
    }

    /// Returns a text that must be there.
    pub(super) fn needed(&self, field: &'static str, most: usize) -> Result<&str, No> {
        self.text(field, most)?.ok_or(No::parameter(field))
    }

    /// Returns an amount that must be there: whole fen, at least one. A text or a decimal point
    /// is refused, whatever it would come to.
    pub(super) fn fen(&self, field: &'static str) -> Result<i64, No> {
        let fen = self.at(field).and_then(Value::as_i64);
        fen.filter(|fen| (1..=MOST_FEN).contains(fen)).ok_or(No::parameter(field))
    }

    /// Checks that the body names this merchant.
    pub(super) fn is_for(&self, desk: &Desk<'_>) -> Result<(), No> {
        match self.needed("/mchid", 32)? == desk.account.mchid {
            true => Ok(()),
            false => Err(No::parameter("/mchid")),
        }
    }

    /// Checks that amounts are in yuan renminbi, where a currency is named.
    pub(super) fn is_renminbi(&self) -> Result<(), No> {
        match self.text("/amount/currency", 16)? {
            None | Some("CNY") => Ok(()),
            Some(_) => Err(No::parameter("/amount/currency")),
        }
    }

    fn at(&self, field: &str) -> Option<&Value> {
        let mut names = field.split('/').skip(1);
        let first = self.fields.get(names.next()?)?;
        names.try_fold(first, |value, name| value.get(name))
    }
}
