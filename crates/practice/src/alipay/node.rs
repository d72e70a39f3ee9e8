//! The node of an answer: code and message first, then its fields by name.

use std::collections::BTreeMap;

use serde_json::Value;

use super::refusal::Refusal;

/// What a call comes to: a node, or a node that says no.
pub(crate) type Heard = Result<Node, Box<Node>>;

/// The signed part of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    code: &'static str,
    msg: &'static str,
    sub: Option<(&'static str, &'static str)>,
    fields: BTreeMap<&'static str, Value>,
}

impl Node {
    /// The call worked.
    pub(crate) fn success() -> Node {
        Node::new("10000", "Success", None)
    }

    /// The customer must confirm. The blank at the front is the real gateway's.
    pub(crate) fn in_process() -> Node {
        Node::new("10003", " order success pay inprocess", None)
    }

    /// A business rule says no.
    pub(crate) fn refused(refusal: Refusal) -> Node {
        let sub = (refusal.sub_code(), refusal.sub_msg());
        Node::new("40004", "Business Failed", Some(sub))
    }

    /// The gateway itself says no (opendocs 02km9f).
    pub(crate) fn gateway_error(
        code: &'static str,
        sub_code: &'static str,
        sub_msg: &'static str,
    ) -> Node {
        let msg = match code {
            "20000" => "Service Currently Unavailable",
            "40001" => "Missing Required Arguments",
            _ => "Invalid Arguments",
        };
        Node::new(code, msg, Some((sub_code, sub_msg)))
    }

    fn new(
        code: &'static str,
        msg: &'static str,
        sub: Option<(&'static str, &'static str)>,
    ) -> Node {
        Node { code, msg, sub, fields: BTreeMap::new() }
    }

    /// Adds a field.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Node {
        self.fields.insert(name, value.into());
        self
    }

    /// Adds a field where there is a value.
    pub(crate) fn with_some(self, name: &'static str, value: Option<impl Into<Value>>) -> Node {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    pub(crate) fn sub_code(&self) -> Option<&'static str> {
        self.sub.map(|(sub_code, _)| sub_code)
    }

    /// Returns a field's text.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        Some(self.fields.get(name)?.as_str()?.to_owned())
    }

    /// Writes the node as JSON text without blanks.
    pub(crate) fn to_json(&self) -> String {
        let mut text = format!("{{\"code\":{},\"msg\":{}", quoted(self.code), quoted(self.msg));
        if let Some((sub_code, sub_msg)) = self.sub {
            text.push_str(&format!(
                ",\"sub_code\":{},\"sub_msg\":{}",
                quoted(sub_code),
                quoted(sub_msg)
            ));
        }
        for (name, value) in &self.fields {
            text.push_str(&format!(",\"{name}\":{value}"));
        }
        text.push('}');
        text
    }
}

fn quoted(text: &str) -> Value {
    Value::from(text)
}
