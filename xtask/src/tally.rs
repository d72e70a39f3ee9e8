//! Counts what test runners say at their end, so that a long run can close with one figure.
//!
//! Three runners are read: cargo (`test result: ok. 12 passed; 0 failed; …`), Vitest
//! (`Tests  45 passed (45)`) and our own scripts (`9 passed, 0 failed`).

/// Tests that passed and failed, as the runners' own closing lines say.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
}

impl Tally {
    /// Adds what `line` says, if it is a runner's closing line.
    pub(crate) fn read(&mut self, line: &str) {
        let plain = without_colour(line);
        let line = plain.trim();
        let cargo = line.starts_with("test result:");
        let vitest = line.starts_with("Tests ");
        let script = line.starts_with(|first: char| first.is_ascii_digit())
            && line.contains(" passed, ")
            && line.ends_with(" failed");
        if cargo || vitest || script {
            self.passed += count_before(line, "passed");
            self.failed += count_before(line, "failed");
        }
    }

    pub(crate) fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Returns the number that stands before `word`, or 0.
fn count_before(line: &str, word: &str) -> u32 {
    let mut before = "";
    for part in line.split([' ', ';', ',', '|']).filter(|part| !part.is_empty()) {
        if part == word {
            return before.parse().unwrap_or(0);
        }
        before = part;
    }
    0
}

/// Drops terminal colour sequences.
fn without_colour(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut inside = false;
    for letter in line.chars() {
        if letter == '\u{1b}' {
            inside = true;
        } else if inside {
            inside = !letter.is_ascii_alphabetic();
        } else {
            plain.push(letter);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, passed: u32, failed: u32) {
        let mut tally = Tally::default();
        tally.read(line);
        assert_eq!(tally, Tally { passed, failed }, "{line}");
    }

    #[test]
    fn every_runner_is_counted_and_nothing_else() {
        check("test result: ok. 12 passed; 0 failed; 3 ignored; 0 measured", 12, 0);
        check("test result: FAILED. 11 passed; 1 failed; 0 ignored", 11, 1);
        check("      Tests  45 passed (45)", 45, 0);
        check("\u{1b}[2m      Tests \u{1b}[22m \u{1b}[32m45 passed\u{1b}[39m (45)", 45, 0);
        check("      Tests  2 failed | 43 passed (45)", 43, 2);
        check("9 passed, 1 failed", 9, 1);
        check("running 9 tests", 0, 0);
        check("test a_word_with_12 passed", 0, 0);
    }
}
