//! What can go wrong with the database. Each is a sentence and a stop, never a guess.

use std::error::Error;
use std::io::ErrorKind;

use mianfu_core::number::{OrderNo, OutTradeNo};
use rusqlite::ErrorCode;

/// Why the database did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// A later program wrote the file; it was left as it is.
    #[error("the database is at version {found}, and this program knows only {known}")]
    TooNew {
        /// The file's version.
        found: usize,
        /// The last version this program knows.
        known: usize,
    },
    /// The file holds what this program never wrote.
    #[error("`{key}` in `{table}` is not as it was written")]
    Corrupt {
        /// The table, or `file` where the file itself is damaged.
        table: &'static str,
        /// The row's key, or what was found.
        key: String,
    },
    /// Another program has the file open.
    #[error("another till holds `{path}`")]
    HeldElsewhere {
        /// The database.
        path: String,
    },
    /// A lock was not given within the limit.
    #[error("the database is busy: could not {doing}")]
    Busy {
        /// What was being done.
        doing: &'static str,
    },
    /// There is no room to keep anything.
    #[error("the disk is full: could not {doing}")]
    DiskFull {
        /// What was being done.
        doing: &'static str,
    },
    /// The file or its disk cannot be written.
    #[error("the database cannot be written: could not {doing}")]
    ReadOnly {
        /// What was being done.
        doing: &'static str,
    },
    /// The disk failed, or the file cannot be opened.
    #[error("the disk failed: could not {doing}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// No row has this key.
    #[error("`{key}` is not in `{table}`")]
    NotFound {
        /// The table.
        table: &'static str,
        /// The key.
        key: String,
    },
    /// The row was changed since it was read; read it again.
    #[error("`{key}` in `{table}` was changed since it was read")]
    Stale {
        /// The table.
        table: &'static str,
        /// The key.
        key: String,
    },
    /// More would go back than was taken (M20).
    #[error("refunds of `{out_trade_no}` would exceed what was taken")]
    CeilingReached {
        /// The attempt.
        out_trade_no: OutTradeNo,
    },
    /// Another refund of the attempt carries the number (M20).
    #[error("refund {nth} of `{out_trade_no}` is another intent")]
    NumberTaken {
        /// The attempt.
        out_trade_no: OutTradeNo,
        /// The refund's place.
        nth: u32,
    },
    /// The confirmed amount has made an order already.
    #[error("the intent is order {order_no}")]
    IntentKept {
        /// That order.
        order_no: OrderNo,
    },
    /// An attempt of the order could still be paid (law 3).
    #[error("order {order_no} has an attempt that could still be paid")]
    LiveAttempt {
        /// The order.
        order_no: OrderNo,
    },
    /// A row would break a law that the schema keeps.
    #[error("a row would break the law `{law}`")]
    LawBroken {
        /// The name of the law in the schema.
        law: String,
    },
    /// The series has no number left, or a part has too many digits.
    #[error("no number can be drawn from store {store}, till {till}")]
    NoNumber {
        /// The store's number.
        store: u32,
        /// The till's number.
        till: u32,
    },
    /// SQLite refused for a reason that only a change of the program removes.
    #[error("could not {doing}")]
    Sqlite {
        /// What was being done.
        doing: &'static str,
        /// What SQLite said.
        source: rusqlite::Error,
    },
}

impl DbError {
    /// Returns whether the file holds what was never written: sales stop until it is restored.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        matches!(self, DbError::Corrupt { .. } | DbError::TooNew { .. } | DbError::LawBroken { .. })
    }

    /// Returns what an error means at a start. A start asks nothing of a sound database that it
    /// would refuse: a row that is not there or a law that would be broken is damage.
    #[must_use]
    pub fn at_start(self) -> DbError {
        match self {
            DbError::NotFound { table, key } | DbError::Stale { table, key } => {
                DbError::Corrupt { table, key }
            }
            DbError::LawBroken { law } => DbError::corrupt("file", law),
            DbError::TooNew { .. }
            | DbError::Corrupt { .. }
            | DbError::HeldElsewhere { .. }
            | DbError::Busy { .. }
            | DbError::DiskFull { .. }
            | DbError::ReadOnly { .. }
            | DbError::Io { .. }
            | DbError::CeilingReached { .. }
            | DbError::NumberTaken { .. }
            | DbError::IntentKept { .. }
            | DbError::LiveAttempt { .. }
            | DbError::NoNumber { .. }
            | DbError::Sqlite { .. } => self,
        }
    }

    pub(crate) fn corrupt(table: &'static str, key: impl Into<String>) -> DbError {
        DbError::Corrupt { table, key: key.into() }
    }

    pub(crate) fn io(doing: &'static str, source: std::io::Error) -> DbError {
        let kind = source.kind();
        if kind == ErrorKind::StorageFull {
            return DbError::DiskFull { doing };
        }
        if matches!(kind, ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied) {
            return DbError::ReadOnly { doing };
        }
        DbError::Io { doing, source: Box::new(source) }
    }

    /// Returns whether the law of this name is the one that would have been broken.
    pub(crate) fn breaks(&self, name: &str) -> bool {
        matches!(self, DbError::LawBroken { law } if law == name)
    }
}

/// Says what was being done when SQLite failed.
pub(crate) trait Doing<T> {
    fn doing(self, doing: &'static str) -> Result<T, DbError>;
}

impl<T> Doing<T> for Result<T, rusqlite::Error> {
    fn doing(self, doing: &'static str) -> Result<T, DbError> {
        self.map_err(|source| named(doing, source))
    }
}

/// Returns the name of the law in the schema that SQLite kept; for a unique index its columns.
fn broken_law(error: &rusqlite::Error) -> Option<&str> {
    let rusqlite::Error::SqliteFailure(failure, Some(message)) = error else {
        return None;
    };
    let constraint = failure.code == ErrorCode::ConstraintViolation;
    constraint.then(|| message.rsplit_once(": ").map_or(message.as_str(), |(_, name)| name))
}

fn named(doing: &'static str, source: rusqlite::Error) -> DbError {
    if let Some(law) = broken_law(&source) {
        return DbError::LawBroken { law: law.to_owned() };
    }
    let unreadable = matches!(
        source,
        rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..)
    );
    if unreadable {
        return DbError::corrupt("file", doing);
    }
    let is = |codes: &[ErrorCode]| source.sqlite_error_code().is_some_and(|is| codes.contains(&is));
    if is(&[ErrorCode::DatabaseCorrupt, ErrorCode::NotADatabase]) {
        return DbError::corrupt("file", source.to_string());
    }
    if is(&[ErrorCode::DatabaseBusy, ErrorCode::DatabaseLocked]) {
        return DbError::Busy { doing };
    }
    if is(&[ErrorCode::DiskFull]) {
        return DbError::DiskFull { doing };
    }
    if is(&[ErrorCode::ReadOnly, ErrorCode::PermissionDenied]) {
        return DbError::ReadOnly { doing };
    }
    if is(&[
        ErrorCode::SystemIoFailure,
        ErrorCode::CannotOpen,
        ErrorCode::FileLockingProtocolFailed,
    ]) {
        return DbError::Io { doing, source: Box::new(source) };
    }
    DbError::Sqlite { doing, source }
}
