//! Which payments have been said: a small file that outlives the program.
//!
//! A payment is claimed here before it is said, and the claim is on the disk before the first
//! sample sounds. So a payment is said at most once, whatever ends the program in between; one that
//! was claimed and not heard is on the screen all the same.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// Claims that are kept; a payment is old news long before as many have followed it.
const CLAIMS_MAX: usize = 256;
/// The most bytes that are read of the file: the claims, each a number of a till and a line end.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// The claims of a till.
#[derive(Debug)]
pub struct Spoken {
    path: PathBuf,
    claims: VecDeque<String>,
    memory: Memory,
}

/// Whether the claims of earlier runs are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// They have been read.
    Whole,
    /// There is no file, or none that can be read: what was paid before may have been said.
    Lost,
}

impl Spoken {
    /// Opens the claims in a file, which need not be there.
    #[must_use]
    pub fn open(path: &Path) -> Spoken {
        let read = read(path);
        let memory = if read.is_ok() { Memory::Whole } else { Memory::Lost };
        Spoken { path: path.to_owned(), claims: read.unwrap_or_default(), memory }
    }

    /// Returns whether the claims of earlier runs are there.
    #[must_use]
    pub fn memory(&self) -> Memory {
        self.memory
    }

    /// Returns true once for each number, and never again, after any restart too.
    ///
    /// # Errors
    ///
    /// Where the claim cannot be kept; the payment must not be said then.
    pub fn claim(&mut self, out_trade_no: &str) -> std::io::Result<bool> {
        if self.claims.iter().any(|claimed| claimed == out_trade_no) {
            return Ok(false);
        }
        self.claims.push_back(out_trade_no.to_owned());
        while CLAIMS_MAX < self.claims.len() {
            self.claims.pop_front();
        }
        self.keep()?;
        Ok(true)
    }

    fn keep(&self) -> std::io::Result<()> {
        let mut text = String::new();
        for claimed in &self.claims {
            text.push_str(claimed);
            text.push('\n');
        }
        let beside = self.path.with_extension("spoken-part");
        let mut file = File::create(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&beside, &self.path)?;
        match self.path.parent() {
            // The new name is only on the disk once its folder is.
            Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
            Some(_) | None => Ok(()),
        }
    }
}

fn read(path: &Path) -> std::io::Result<VecDeque<String>> {
    let mut text = String::new();
    File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    let is_number = |line: &str| !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit());
    if FILE_BYTES_MAX < text.len() as u64 || !text.lines().all(is_number) {
        return Err(std::io::ErrorKind::InvalidData.into());
    }
    Ok(text.lines().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payment_is_claimed_once_after_any_restart_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("till.spoken");
        let mut spoken = Spoken::open(&path);
        assert_eq!(spoken.memory(), Memory::Lost, "the first start remembers nothing");
        assert!(spoken.claim("9001").unwrap());
        assert!(!spoken.claim("9001").unwrap(), "said already");
        assert!(spoken.claim("9002").unwrap(), "another payment");
        let mut spoken = Spoken::open(&path);
        assert_eq!(spoken.memory(), Memory::Whole);
        assert!(!spoken.claim("9001").unwrap(), "said before the restart");
        assert!(!spoken.claim("9002").unwrap(), "said before the restart");
        assert!(spoken.claim("9003").unwrap());
    }

    #[test]
    fn a_claim_that_cannot_be_kept_lets_nothing_be_said() {
        let folder = tempfile::tempdir().unwrap();
        let mut spoken = Spoken::open(&folder.path().join("no/such/folder/till.spoken"));
        assert!(spoken.claim("9001").is_err());
        assert!(!spoken.claim("9001").unwrap(), "and not at a second try either");
    }

    #[test]
    fn the_file_stays_small_and_keeps_the_latest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("till.spoken");
        let mut spoken = Spoken::open(&path);
        for number in 0..CLAIMS_MAX + 10 {
            assert!(spoken.claim(&number.to_string()).unwrap());
        }
        let mut again = Spoken::open(&path);
        assert_eq!(again.claims.len(), CLAIMS_MAX);
        assert!(!again.claim(&(CLAIMS_MAX + 9).to_string()).unwrap());
    }

    #[test]
    fn a_damaged_file_is_no_memory() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("till.spoken");
        for damage in [&b"90\xff01\n"[..], b"9001\n\0\0\0", &[b'9'; 100_000]] {
            std::fs::write(&path, damage).unwrap();
            let mut spoken = Spoken::open(&path);
            assert_eq!(spoken.memory(), Memory::Lost);
            assert!(spoken.claim("9001").unwrap(), "and the next claim mends it");
            assert_eq!(Spoken::open(&path).memory(), Memory::Whole);
        }
    }
}
