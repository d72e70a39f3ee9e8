//! What a till is made of.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::PathBuf;

use mianfu_core::channel::ChannelId;
use mianfu_core::money::{Charge, Fen, Timestamp};
use mianfu_core::number::{OrderNo, OutTradeNo};
use mianfu_db::{Birth, Db, DbError};
use mianfu_gateway::AuthCode;

use crate::hearing::Hearing;
use crate::line::Line;
use crate::recovery::Recovery;
use crate::worker::Calls;
use crate::worker::unsigned::Unsigned;

/// What a store sets for a till.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The store's name, shown and sent as the subject.
    pub store_name: String,
    /// The till's name, shown.
    pub till_name: String,
    /// The most one attempt may ask for, in fen.
    pub limit: Charge,
    /// New wallet sales stop at this many open attempts.
    pub open_max: u32,
    /// New wallet sales stop when this many fen are at risk.
    pub at_risk_max: Fen,
    /// Sales that may wait beside the front one.
    pub aside_max: usize,
    /// Whether the channels are pretend ones.
    pub practice: bool,
    /// The most that may be rounded off a sum in cash (抹零), in fen.
    pub rounding_limit: Fen,
    /// Where a second copy of the database is kept.
    pub backup_folder: Option<PathBuf>,
}

impl Settings {
    /// Returns settings for a till in practice mode.
    #[must_use]
    pub fn practice(store_name: &str, till_name: &str) -> Settings {
        Settings {
            store_name: store_name.to_owned(),
            till_name: till_name.to_owned(),
            limit: Charge::new(i64::from(Charge::MAX_FEN)).expect("the ceiling is a charge"),
            open_max: 20,
            at_risk_max: Fen::new(20_000_000).expect("a positive amount"),
            aside_max: 3,
            practice: true,
            rounding_limit: Fen::new(99).expect("a positive amount"),
            backup_folder: None,
        }
    }
}

/// The running till.
pub struct Till<K> {
    pub(crate) db: Db,
    pub(crate) lines: BTreeMap<ChannelId, Line<K>>,
    pub(crate) settings: Settings,
    pub(crate) calls: Calls,
    /// Codes scanned and not yet sent. They are held here only and leave with the submit.
    pub(crate) auth_codes: BTreeMap<OutTradeNo, AuthCode>,
    /// Codes used lately, so that a second read of the same code is told apart.
    pub(crate) used_codes: Vec<UsedCode>,
    pub(crate) front: Option<OutTradeNo>,
    /// The sale in cash that stands on the screen.
    pub(crate) cash_front: Option<OrderNo>,
    pub(crate) aside: Vec<OutTradeNo>,
    /// Whether somebody practises at the counter: nothing is taken meanwhile.
    pub(crate) away: bool,
    pub(crate) trouble: Option<Trouble>,
    pub(crate) recovery: Option<Recovery>,
    /// Attempts that were open at this start: their times are by a clock that may have been set since.
    pub(crate) earlier: Vec<OutTradeNo>,
    pub(crate) birth: Birth,
    pub(crate) live_at_start: usize,
    /// Sales without a result, or with a refund on its way, whose channel this till does not have:
    /// nothing can ask about them.
    pub(crate) unasked: usize,
    pub(crate) jitter: Jitter,
    /// Whether the channels' notices reach it.
    pub(crate) hearing: Hearing,
    /// Codes to show that came and are not kept yet; they are kept before anything else happens.
    pub(crate) drawn: Vec<Drawn>,
    /// What channels said without a signature.
    pub(crate) unsigned: Unsigned,
    /// What the database last said about the next wake-up.
    pub(crate) planned: Cell<Option<Planned>>,
    /// Goes up with every change that a screen might show.
    pub(crate) revision: u64,
}

impl<K> Till<K> {
    /// Returns what the store sets.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }
}

/// A customer's code that was used, as a mark that says nothing about the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UsedCode {
    pub(crate) at: Timestamp,
    pub(crate) mark: u64,
    pub(crate) no: OutTradeNo,
}

/// A code to show, fresh off the wire. It may be drawn before it is kept: a code that was not kept
/// is closed after a restart and a new one offered (M8), so nothing rests on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Drawn {
    pub(crate) no: OutTradeNo,
    pub(crate) content: String,
    pub(crate) at: Timestamp,
}

/// When the database wants to be looked at, as long as nothing is written to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Planned {
    /// After which step of the database.
    pub(crate) steps: u64,
    /// When the next attempt is due; `None` where none is.
    pub(crate) attempt: Option<Timestamp>,
    /// When the next refund or late question is due.
    pub(crate) background: Option<Timestamp>,
}

/// A database that would not keep a step. Nothing is charged until one is kept again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What is wrong.
    pub kind: TroubleKind,
    /// When a step was last refused.
    pub at: Timestamp,
    /// When to try again.
    pub retry_at: Timestamp,
    /// Tries in a row.
    pub tries: u32,
}

/// What is wrong with the database, as far as a person must act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TroubleKind {
    /// No room on the disk.
    DiskFull,
    /// The disk or the file refuses writes.
    ReadOnly,
    /// Something in the file is not what was written.
    Damaged,
    /// The disk fails.
    Failing,
}

impl TroubleKind {
    /// Says what kind of trouble an error is.
    #[must_use]
    pub fn of(error: &DbError) -> TroubleKind {
        match error {
            DbError::DiskFull { .. } => TroubleKind::DiskFull,
            DbError::ReadOnly { .. } => TroubleKind::ReadOnly,
            DbError::Corrupt { .. } | DbError::TooNew { .. } | DbError::LawBroken { .. } => {
                TroubleKind::Damaged
            }
            DbError::HeldElsewhere { .. }
            | DbError::Busy { .. }
            | DbError::Io { .. }
            | DbError::NotFound { .. }
            | DbError::Stale { .. }
            | DbError::CeilingReached { .. }
            | DbError::NumberTaken { .. }
            | DbError::IntentKept { .. }
            | DbError::LiveAttempt { .. }
            | DbError::NoNumber { .. }
            | DbError::Sqlite { .. } => TroubleKind::Failing,
        }
    }
}

/// Why a till could not start or do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum TillError {
    /// The database said no.
    #[error("the till's database refused")]
    Db(#[from] DbError),
    /// The number is not one of this till's.
    #[error("no attempt `{out_trade_no}` on this till")]
    NoSuchAttempt {
        /// The number asked about.
        out_trade_no: String,
    },
    /// The customer of the attempt is not typing, or has been given longer already.
    #[error("attempt `{out_trade_no}` is not waited for any longer")]
    NoLonger {
        /// The number asked about.
        out_trade_no: OutTradeNo,
    },
}

/// Spreads retries so that tills do not call in step. Seeded once; the same seed, the same waits.
#[derive(Debug, Clone)]
pub(crate) struct Jitter(u64);

impl Jitter {
    pub(crate) fn new(seed: u64) -> Jitter {
        Jitter(seed)
    }

    /// Returns a wait of 2^`tries` seconds with full jitter, at least half a second, capped.
    pub(crate) fn backoff_ms(&mut self, tries: u32, max_ms: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        let cap = (1_000_i64 << tries.min(12)).min(max_ms).max(1_000);
        let share = i64::try_from(mixed >> 40).expect("24 bits fit");
        500 + (cap - 500) * share / (1 << 24)
    }
}
