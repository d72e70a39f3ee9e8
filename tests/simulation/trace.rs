//! What happened in a history, line by line, and the hash by which two runs are compared.
//!
//! Lines hold numbers, states and the channel's words. They hold no keys, no codes of customers and
//! nothing that differs between two runs of one seed, such as a signature.

use std::fmt;

/// The lines of a history.
#[derive(Debug, Clone)]
pub struct Trace {
    hash: u64,
    lines: Vec<String>,
}

impl Default for Trace {
    fn default() -> Trace {
        Trace { hash: 0xcbf2_9ce4_8422_2325, lines: Vec::new() }
    }
}

impl Trace {
    /// Adds a line at a time after the beginning, in ms.
    pub fn say(&mut self, at_ms: i64, what: fmt::Arguments<'_>) {
        let seconds = at_ms.div_euclid(1_000);
        let line = format!("{seconds:>6}.{:03}  {what}", at_ms.rem_euclid(1_000));
        for byte in line.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        self.lines.push(line);
    }

    /// Returns the hash of every line so far (FNV-1a).
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// Returns the lines.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }
}
