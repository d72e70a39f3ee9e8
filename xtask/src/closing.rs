//! The closing line of a command: its name and `key=value` pairs, or the same as JSON.

/// How the closing line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Pairs,
    Json,
}

/// A command's closing line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Closing {
    command: String,
    pairs: Vec<(String, String)>,
}

impl Closing {
    pub(crate) fn new(command: &str) -> Closing {
        Closing { command: command.to_owned(), pairs: Vec::new() }
    }

    pub(crate) fn with(mut self, key: &str, value: impl ToString) -> Closing {
        self.pairs.push((key.to_owned(), value.to_string()));
        self
    }

    /// Reads a line another program closed with; None if it is no closing line of `command`.
    pub(crate) fn read(command: &str, line: &str) -> Option<Closing> {
        let rest = line.strip_prefix(command)?.strip_prefix(' ')?;
        let mut closing = Closing::new(command);
        for pair in rest.split_whitespace() {
            let (key, value) = pair.split_once('=')?;
            closing = closing.with(key, value);
        }
        Some(closing)
    }

    pub(crate) fn show(&self, form: Form) -> String {
        match form {
            Form::Pairs => {
                let mut line = self.command.clone();
                for (key, value) in &self.pairs {
                    line.push_str(&format!(" {key}={value}"));
                }
                line
            }
            Form::Json => {
                let mut fields = vec![format!("\"command\":{}", quoted(&self.command))];
                for (key, value) in &self.pairs {
                    fields.push(format!("{}:{}", quoted(key), json_value(value)));
                }
                format!("{{{}}}", fields.join(","))
            }
        }
    }
}

/// A figure stays as it is written, so that `3.80` does not pass through a float.
fn json_value(value: &str) -> String {
    let is_number = value.parse::<serde_json::Number>().is_ok();
    if is_number { value.to_owned() } else { quoted(value) }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, json: &str) {
        let closing = Closing::read("bench", line).unwrap();
        assert_eq!(closing.show(Form::Pairs), line, "what is read is what is shown");
        assert_eq!(closing.show(Form::Json), json);
    }

    #[test]
    fn a_closing_line_reads_back_as_itself() {
        check(
            "bench figure=P2 ratio=3.80 goal=5.0 note=\"x",
            r#"{"command":"bench","figure":"P2","ratio":3.80,"goal":5.0,"note":"\"x"}"#,
        );
        check("bench empty= n=-1", r#"{"command":"bench","empty":"","n":-1}"#);
    }

    #[test]
    fn another_line_is_no_closing_line() {
        assert_eq!(Closing::read("crash", "bench figure=P2"), None);
        assert_eq!(Closing::read("crash", "crash went well"), None);
        assert_eq!(Closing::read("crash", "crashed rounds=1"), None);
    }
}
