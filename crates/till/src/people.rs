//! The manager's PIN (店长密码): what must stand before money goes back or goods are said to be gone.
//!
//! Until people and shifts exist, one manager stands for all of them. A PIN is six digits; what is
//! kept of it is an Argon2id hash with a random salt, in a file of its own for its owner alone. It
//! is in no log, no error and no event.
//!
//! # Rules
//!
//! 1. A try counts as wrong from before it is looked at: the count is on the disk first, so that
//!    pulling the plug gives no further tries.
//! 2. From the fifth wrong one in a row on each makes the next wait: 30 s, then 1, 2, 5 and 15 min.
//!    A restart shortens no wait, and a clock that was set back lengthens none.
//! 3. An approval counts for the one request that it came with, once, and for a minute.
//! 4. One PIN counts at any moment, before, during and after a change: the file is written beside
//!    itself, synced and renamed, and from the rename on the till goes by it too.
//! 5. A file that is there and cannot be understood locks: a till that took it for none would let
//!    the next person choose a PIN.
//!
//! Checking takes tens of milliseconds on purpose, so it is done beside the till's thread.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Params, Version};
use mianfu_core::money::{Fen, Timestamp};
use mianfu_core::mutant;
use mianfu_core::number::OutTradeNo;
use mianfu_db::FindingId;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// What the one manager is called in findings and refunds.
pub const MANAGER: &str = "manager";
/// How long an approval counts.
const APPROVAL_MS: i64 = 60_000;
/// How many digits a PIN has.
const DIGITS: usize = 6;
/// Wrong tries in a row that make nobody wait.
const TRIES_FREE: u32 = 4;
/// How long the next try waits after the fifth wrong one, the sixth, and so on; in ms.
const WAITS_MS: [i64; 5] = [30_000, 60_000, 120_000, 300_000, 900_000];
/// The most bytes the file has.
const FILE_BYTES_MAX: u64 = 4_096;
/// Memory, passes and lanes of the hash: the first choice of OWASP's password storage sheet.
const MEMORY_KIB: u32 = 19 * 1_024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Beyond what this program would ever write; a hash that asks for more is not checked.
const MEMORY_KIB_MAX: u32 = 64 * 1_024;
const PASSES_MAX: u32 = 10;

/// Six digits that only the manager knows. Wiped when dropped, never printed.
pub struct Pin(Zeroizing<String>);

impl Pin {
    /// Returns the PIN of six ASCII digits; `None` for every other text.
    #[must_use]
    pub fn new(text: String) -> Option<Pin> {
        let text = Zeroizing::new(text);
        let six = text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
        six.then_some(Pin(text))
    }

    /// Whether it is among the first that anybody tries: one digit, a run up or down, or one
    /// beginning said two or three times.
    fn is_simple(&self) -> bool {
        let digits = self.0.as_bytes();
        let steps =
            |by: u8| digits.windows(2).all(|two| (two[0] - b'0' + by) % 10 == two[1] - b'0');
        let repeats = |length: usize| digits.chunks(length).all(|part| part == &digits[..length]);
        steps(0) || steps(1) || steps(9) || repeats(2) || repeats(3)
    }
}

impl std::fmt::Debug for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("\"***\"")
    }
}

/// Why a PIN opened nothing.
#[derive(Debug, thiserror::Error)]
pub enum PinRefusal {
    /// Not this one.
    #[error("the PIN is wrong")]
    Wrong,
    /// Too many wrong ones in a row.
    #[error("too many wrong PINs: not before {} ms", until.0)]
    Locked {
        /// When the next may be tried.
        until: Timestamp,
    },
    /// Nobody has chosen one.
    #[error("no PIN has been set")]
    Unset,
    /// One of those that anybody tries first.
    #[error("the PIN is too simple")]
    TooSimple,
    /// The file is there and not in its form.
    #[error("the PIN's file cannot be used: {what}")]
    Unusable {
        /// What is wrong with it.
        what: String,
    },
    /// The try or the PIN could not be kept, or not for certain; nothing was approved.
    #[error("the PIN's file cannot be written")]
    Unkept(#[source] io::Error),
}

/// Whether the manager's PIN can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManagerState {
    /// Nobody has chosen one.
    Unset,
    /// It can.
    Set,
    /// Not before this moment; not before a person has acted where it is `None`.
    Locked {
        /// When the next may be tried.
        until: Option<Timestamp>,
    },
}

/// A request with the manager's word for it. It counts once and for a minute.
#[derive(Debug)]
#[must_use]
pub struct Approved<R> {
    request: R,
    at: Timestamp,
}

impl<R> Approved<R> {
    /// Returns the request and who approved it, or why the word does not count any more.
    pub(crate) fn take(self, now: Timestamp) -> Result<(R, &'static str), Outlived> {
        let lives = (0..=APPROVAL_MS).contains(&now.since_ms(self.at));
        if lives || mutant::planted("m17_an_approval_lasts") {
            return Ok((self.request, MANAGER));
        }
        Err(Outlived)
    }
}

/// An approval that was not used within its minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the manager's approval is more than a minute old")]
pub struct Outlived;

/// Asks for a manager's word that the goods are gone (货已交给顾客, M17).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoodsGiven {
    /// The attempt.
    pub no: OutTradeNo,
}

/// Asks for a manager's word that a finding has been looked into and needs nobody any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FindingSettled {
    /// The finding.
    pub id: FindingId,
}

/// Asks for a manager's word to give money of a paid attempt back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundWish {
    /// The attempt.
    pub no: OutTradeNo,
    /// How much, in fen.
    pub amount: Fen,
    /// Names the confirmed refund; the same intent twice is one refund.
    pub intent_id: String,
}

/// The people of a till: its one manager.
pub struct People {
    path: PathBuf,
    kept: Mutex<Kept>,
    /// Held through a whole check, so that tries at the same time are counted one by one.
    checking: Mutex<()>,
    /// Makes the file's name durable.
    sync_folder: fn(&Path) -> io::Result<()>,
}

#[derive(Debug, Clone)]
enum Kept {
    Unset,
    Set(KeptPin),
    Unusable(String),
}

/// What is kept of the manager. The hash is not for print: six digits are soon found from it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptPin {
    argon2id: String,
    wrong: u32,
    wrong_at_ms: Option<i64>,
}

impl std::fmt::Debug for KeptPin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeptPin").field("wrong", &self.wrong).finish_non_exhaustive()
    }
}

impl KeptPin {
    /// When the next try may be made. A clock set back since the last one waits its whole time
    /// anew and no longer.
    fn locked_until(&self, now: Timestamp) -> Option<Timestamp> {
        let nth = self.wrong.checked_sub(TRIES_FREE + 1)?;
        let last = WAITS_MS.len() - 1;
        let wait_ms = WAITS_MS[usize::try_from(nth).map_or(last, |nth| nth.min(last))];
        let until = Timestamp(self.wrong_at_ms?).plus_ms(wait_ms).min(now.plus_ms(wait_ms));
        (now < until && !mutant::planted("m17_tries_for_ever")).then_some(until)
    }
}

impl People {
    /// Reads what is kept in `path`; a file that is there and cannot be used locks.
    #[must_use]
    pub fn open(path: PathBuf) -> People {
        let kept = match read(&path) {
            Ok(Some(manager)) => Kept::Set(manager),
            Ok(None) => Kept::Unset,
            Err(what) => Kept::Unusable(what),
        };
        if let Kept::Unusable(what) = &kept {
            tracing::error!(path = %path.display(), what, "the PIN's file cannot be used");
        }
        People { path, kept: Mutex::new(kept), checking: Mutex::new(()), sync_folder }
    }

    /// Returns whether the PIN can be asked for.
    #[must_use]
    pub fn manager(&self, now: Timestamp) -> ManagerState {
        match &*self.kept() {
            Kept::Unset => ManagerState::Unset,
            Kept::Unusable(_) => ManagerState::Locked { until: None },
            Kept::Set(manager) => match manager.locked_until(now) {
                Some(until) => ManagerState::Locked { until: Some(until) },
                None => ManagerState::Set,
            },
        }
    }

    /// Chooses the manager's PIN; `before` is the one it replaces.
    ///
    /// # Errors
    ///
    /// Refuses a simple one, and one that replaces another which `before` is not.
    pub fn set_pin(
        &self,
        pin: &Pin,
        before: Option<&Pin>,
        now: Timestamp,
    ) -> Result<(), PinRefusal> {
        let _checking = self.checking.lock().unwrap_or_else(PoisonError::into_inner);
        if pin.is_simple() {
            return Err(PinRefusal::TooSimple);
        }
        let unset = matches!(*self.kept(), Kept::Unset);
        match before {
            None if unset => (),
            None => {
                self.check_usable()?;
                return Err(PinRefusal::Wrong);
            }
            Some(_) if unset => (),
            Some(before) => self.check(before, now)?,
        }
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|error| PinRefusal::Unkept(io::Error::other(error)))?;
        let manager = KeptPin { argon2id: hash(pin, &salt), wrong: 0, wrong_at_ms: None };
        self.keep(&manager).map_err(PinRefusal::Unkept)?;
        tracing::info!("the manager's PIN was set");
        Ok(())
    }

    /// Gives the manager's word for one request.
    ///
    /// # Errors
    ///
    /// Says why the PIN opens nothing; the request has not been looked at then.
    pub fn approve<R>(
        &self,
        pin: &Pin,
        request: R,
        now: Timestamp,
    ) -> Result<Approved<R>, PinRefusal> {
        let _checking = self.checking.lock().unwrap_or_else(PoisonError::into_inner);
        self.check(pin, now)?;
        Ok(Approved { request, at: now })
    }

    /// Checks a PIN, the try counted as wrong before it is looked at. The caller holds `checking`.
    fn check(&self, pin: &Pin, now: Timestamp) -> Result<(), PinRefusal> {
        let mut manager = self.check_usable()?;
        if let Some(until) = manager.locked_until(now) {
            return Err(PinRefusal::Locked { until });
        }
        manager.wrong = manager.wrong.saturating_add(1);
        manager.wrong_at_ms = Some(now.0);
        self.keep(&manager).map_err(PinRefusal::Unkept)?;
        let right = PasswordHash::new(&manager.argon2id)
            .is_ok_and(|kept| argon2().verify_password(pin.0.as_bytes(), &kept).is_ok());
        if !right && !mutant::planted("m17_any_pin") {
            tracing::warn!(in_a_row = manager.wrong, "a wrong PIN");
            return Err(PinRefusal::Wrong);
        }
        manager.wrong = 0;
        manager.wrong_at_ms = None;
        if let Err(error) = self.keep(&manager) {
            // The count stays one too high on the disk, which only ever waits longer.
            tracing::warn!(%error, "the count of wrong PINs could not be cleared");
            *self.kept() = Kept::Set(manager);
        }
        Ok(())
    }

    fn check_usable(&self) -> Result<KeptPin, PinRefusal> {
        match &*self.kept() {
            Kept::Unset => Err(PinRefusal::Unset),
            Kept::Unusable(what) => Err(PinRefusal::Unusable { what: what.clone() }),
            Kept::Set(manager) => Ok(manager.clone()),
        }
    }

    fn keep(&self, manager: &KeptPin) -> io::Result<()> {
        replace(&self.path, manager)?;
        // The file holds this one and no other, whether or not its folder is sure of it yet.
        *self.kept() = Kept::Set(manager.clone());
        (self.sync_folder)(&self.path)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("fixed and within bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash(pin: &Pin, salt: &[u8; 16]) -> String {
    let salt = SaltString::encode_b64(salt).expect("16 bytes are a salt");
    let hash = argon2().hash_password(pin.0.as_bytes(), &salt);
    hash.expect("six digits and fixed parameters").to_string()
}

/// Reads the file; `None` where there is none.
fn read(path: &Path) -> Result<Option<KeptPin>, String> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let mut text = String::new();
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(|error| error.to_string())?;
    // What stands in the file is not repeated: it may be most of a PIN.
    let manager: KeptPin =
        serde_json::from_str(&text).map_err(|_| "it is not in its form".to_owned())?;
    let hash = PasswordHash::new(&manager.argon2id).map_err(|_| "it has no hash".to_owned())?;
    let params = Params::try_from(&hash).map_err(|_| "it has no proper hash".to_owned())?;
    let bounded = params.m_cost() <= MEMORY_KIB_MAX && params.t_cost() <= PASSES_MAX;
    if hash.algorithm != ARGON2ID_IDENT || hash.hash.is_none() || !bounded {
        return Err("its hash is not one of this program".to_owned());
    }
    Ok(Some(manager))
}

/// Writes the file beside itself and renames it, so that it is whole or the one before.
fn replace(path: &Path, manager: &KeptPin) -> io::Result<()> {
    let text = serde_json::to_string(manager).map_err(io::Error::other)?;
    let beside = path.with_extension("part");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

/// Makes a file's name durable, which it is once its folder is.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Only Unix can say so.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
