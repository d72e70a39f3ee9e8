//! A relay's stream as events (server-sent events), pure: bytes in, events out.
//!
//! A relay is trusted with nothing: a line or an event that grows beyond its bound ends the stream.

/// The longest line: a notice of 64 KiB as base64, and its headers.
const LINE_BYTES_MAX: usize = 128 * 1024;
/// The most bytes of one event's data.
const DATA_BYTES_MAX: usize = 256 * 1024;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Event {
    /// Names its place in the stream, where it has one.
    pub(super) id: Option<String>,
    /// What kind it is.
    pub(super) kind: String,
    /// What it says.
    pub(super) data: String,
}

/// The stream is none that a relay sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the relay's stream cannot be read")]
pub(super) struct Unreadable;

/// A stream as far as it has come.
#[derive(Debug, Default)]
pub(super) struct Events {
    line: Vec<u8>,
    /// Whether the last byte was a carriage return, which a line feed may follow.
    returned: bool,
    event: Event,
    has_data: bool,
    /// How soon the relay wants the till back after a break, in ms.
    pub(super) retry_ms: Option<u64>,
}

impl Events {
    /// Takes the next bytes, and returns the events that they complete.
    ///
    /// # Errors
    /// The stream cannot be read; nothing more of it may be used.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<Vec<Event>, Unreadable> {
        let mut events = Vec::new();
        for &byte in bytes {
            let ends = match byte {
                b'\n' if self.returned => false,
                b'\n' | b'\r' => true,
                _ => {
                    self.line.push(byte);
                    false
                }
            };
            self.returned = byte == b'\r';
            if LINE_BYTES_MAX < self.line.len() {
                return Err(Unreadable);
            }
            if ends {
                let line = std::mem::take(&mut self.line);
                events.extend(self.end_line(&line)?);
            }
        }
        Ok(events)
    }

    fn end_line(&mut self, line: &[u8]) -> Result<Option<Event>, Unreadable> {
        let line = std::str::from_utf8(line).map_err(|_| Unreadable)?;
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            // What has no data was never meant to be told.
            return Ok(std::mem::take(&mut self.has_data).then_some(event));
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => value.clone_into(&mut self.event.kind),
            "id" => self.event.id = Some(value.to_owned()),
            "retry" => self.retry_ms = value.parse().ok(),
            "data" => {
                if self.has_data {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
                self.has_data = true;
            }
            // A comment, which says that the relay lives, or a word of a later version.
            _ => (),
        }
        if DATA_BYTES_MAX < self.event.data.len() {
            return Err(Unreadable);
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "retry: 1000\nevent: hello\ndata: {\"beat_ms\":20000}\n\n: alive\n\n\
                          event: notice\nid: e-7\ndata: {}\n\n";

    fn event(id: Option<&str>, kind: &str, data: &str) -> Event {
        Event { id: id.map(str::to_owned), kind: kind.to_owned(), data: data.to_owned() }
    }

    #[track_caller]
    fn check(stream: &str, told: &[Event]) {
        for size in [1, 2, 3, 7, 4096] {
            let mut events = Events::default();
            let pieces = stream.as_bytes().chunks(size);
            let came: Vec<Event> = pieces.flat_map(|piece| events.feed(piece).unwrap()).collect();
            assert_eq!(came, told, "in pieces of {size}");
        }
    }

    #[test]
    fn a_stream_is_the_same_however_its_bytes_come() {
        let hello = event(None, "hello", "{\"beat_ms\":20000}");
        let told = [hello, event(Some("e-7"), "notice", "{}")];
        check(STREAM, &told);
        check(&STREAM.replace('\n', "\r\n"), &told);
        check(&STREAM.replace('\n', "\r"), &told);
    }

    #[test]
    fn what_is_cut_off_or_has_no_data_is_not_told() {
        check("event: notice\nid: e-7\ndata: {}\n", &[]);
        check("event: notice\nid: e-7\n\n", &[]);
        check("data:x\nfoo: bar\ndata: y\n\n", &[event(None, "", "x\ny")]);
    }

    #[test]
    fn law7_a_line_or_an_event_without_end_ends_the_stream() {
        let endless = vec![b'x'; LINE_BYTES_MAX + 1];
        assert_eq!(Events::default().feed(&endless), Err(Unreadable));
        let line = format!("data: {}\n", "x".repeat(100_000));
        assert_eq!(Events::default().feed(line.repeat(3).as_bytes()), Err(Unreadable));
        assert_eq!(Events::default().feed(b"data: \xff\n"), Err(Unreadable));
    }
}
