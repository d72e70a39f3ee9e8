//! The `attempt` table.

mod columns;

use std::cmp::Ordering;
use std::ops::Deref;

use mianfu_core::attempt::Attempt;
use mianfu_core::money::Timestamp;
use mianfu_core::number::{OrderNo, OutTradeNo};
use rusqlite::{Connection, named_params};

use crate::error::{DbError, Doing};
use crate::events::{About, Note};
use crate::row::{self, Row, Table};
use crate::{Tx, Versioned};

pub(crate) use columns::from_row;

pub(crate) const ATTEMPT: Table = Table {
    name: "attempt",
    columns: &[
        "out_trade_no",
        "order_no",
        "channel",
        "flow",
        "amount_fen",
        "kept_at_ms",
        "phase",
        "why",
        "transaction_no",
        "paid_at_ms",
        "payer_hash",
        "reason",
        "closed_how",
        "hold_reason",
        "channel_fen",
        "poll_at_ms",
        "sent_at_ms",
        "submit_open",
        "seen",
        "code",
        "scanned",
        "limit_at_ms",
        "waited_longer",
        "expires_at_ms",
        "reversal_left_at_ms",
        "reversal_over",
        "asked_at_ms",
        "silences",
        "absent_at_ms",
        "unwanted",
        "goods_gone_by",
        "declined_alive",
        "wedged",
        "late_money",
        "version",
    ],
    veiled: Some("payer_hash"),
};

const INSERT: &str = "INSERT INTO attempt (
    out_trade_no, order_no, channel, flow, amount_fen, kept_at_ms, phase, why, transaction_no,
    paid_at_ms, payer_hash, reason, closed_how, hold_reason, channel_fen, poll_at_ms, sent_at_ms,
    submit_open, seen, code, scanned, limit_at_ms, waited_longer, expires_at_ms,
    reversal_left_at_ms, reversal_over, asked_at_ms, silences, absent_at_ms, unwanted, goods_gone_by, declined_alive,
    wedged, late_money, version, row_hash
) VALUES (
    :out_trade_no, :order_no, :channel, :flow, :amount_fen, :kept_at_ms, :phase, :why,
    :transaction_no, :paid_at_ms, :payer_hash, :reason, :closed_how, :hold_reason, :channel_fen,
    :poll_at_ms, :sent_at_ms, :submit_open, :seen, :code, :scanned, :limit_at_ms,
    :waited_longer, :expires_at_ms, :reversal_left_at_ms, :reversal_over, :asked_at_ms, :silences, :absent_at_ms, :unwanted,
    :goods_gone_by, :declined_alive, :wedged, :late_money, :version, :row_hash
)";

const UPDATE: &str = "UPDATE attempt SET
    order_no = :order_no, channel = :channel, flow = :flow, amount_fen = :amount_fen,
    kept_at_ms = :kept_at_ms, phase = :phase, why = :why, transaction_no = :transaction_no,
    paid_at_ms = :paid_at_ms, payer_hash = :payer_hash, reason = :reason,
    closed_how = :closed_how, hold_reason = :hold_reason, channel_fen = :channel_fen,
    poll_at_ms = :poll_at_ms, sent_at_ms = :sent_at_ms, submit_open = :submit_open, seen = :seen,
    code = :code, scanned = :scanned, limit_at_ms = :limit_at_ms,
    waited_longer = :waited_longer, expires_at_ms = :expires_at_ms,
    reversal_left_at_ms = :reversal_left_at_ms, reversal_over = :reversal_over,
    asked_at_ms = :asked_at_ms, silences = :silences, absent_at_ms = :absent_at_ms,
    unwanted = :unwanted, goods_gone_by = :goods_gone_by, declined_alive = :declined_alive,
    wedged = :wedged, late_money = :late_money, version = :version, row_hash = :row_hash
    WHERE out_trade_no = :out_trade_no AND version = :version - 1";

const GET: &str = "SELECT * FROM attempt WHERE out_trade_no = :out_trade_no";

const LIVE_OF_ORDER: &str = "SELECT * FROM attempt WHERE order_no = :order_no AND phase IN (
    'parked', 'submitting', 'waiting', 'asking', 'closing', 'reversing', 'unseen')
    ORDER BY order_no LIMIT 1";

const PAST_OF_ORDER: &str = "SELECT * FROM attempt WHERE order_no = :order_no AND phase IN (
    'refunding', 'paid', 'declined', 'closed', 'returned', 'held')
    ORDER BY out_trade_no LIMIT :limit";

// In the order of the indices: any other is made in a table of its own, at every look.
const OPEN: &str = "SELECT * FROM attempt_open ORDER BY order_no, out_trade_no LIMIT :limit";

const DUE: &str = "SELECT * FROM attempt_open WHERE poll_at_ms <= :now
    ORDER BY order_no, out_trade_no LIMIT :limit";

const NEXT_WAKE: &str = "SELECT MIN(poll_at_ms) FROM attempt_open";

const OPEN_UNTIL: &str = "SELECT * FROM attempt_open WHERE kept_at_ms <= :until
    ORDER BY kept_at_ms DESC, out_trade_no DESC LIMIT :limit";

const ENDED: &str = "SELECT * FROM attempt WHERE poll_at_ms IS NULL AND kept_at_ms <= :until
    ORDER BY kept_at_ms DESC, out_trade_no DESC LIMIT :limit";

// An attempt whose whole money has gone back leaves a person nothing to decide.
const HELD: &str = "SELECT * FROM attempt WHERE phase = 'held'
    AND (SELECT COALESCE(SUM(refund.amount_fen), 0) FROM refund
         WHERE refund.out_trade_no = attempt.out_trade_no AND refund.phase = 'done')
      < COALESCE(channel_fen, amount_fen)
    ORDER BY kept_at_ms, out_trade_no LIMIT :limit";

const PAID_SINCE: &str = "SELECT * FROM attempt WHERE paid_at_ms >= :since
    ORDER BY paid_at_ms DESC, out_trade_no DESC LIMIT :limit";

const BY_TRANSACTION: &str = "SELECT * FROM attempt
    WHERE paid_at_ms >= :since AND transaction_no = :transaction_no
    ORDER BY paid_at_ms DESC LIMIT 1";

pub(crate) const AFTER: &str = "SELECT * FROM attempt WHERE out_trade_no > :after
    ORDER BY out_trade_no LIMIT :limit";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[
    INSERT,
    UPDATE,
    GET,
    LIVE_OF_ORDER,
    PAST_OF_ORDER,
    OPEN,
    DUE,
    NEXT_WAKE,
    OPEN_UNTIL,
    ENDED,
    HELD,
    PAID_SINCE,
    BY_TRANSACTION,
    AFTER,
];

/// More open attempts than any till has.
const OPEN_MAX: u32 = 10_000;

/// More attempts than any order has.
const OF_ORDER_MAX: u32 = 1_000;

/// Reads of attempts.
pub struct Attempts<'c> {
    conn: &'c Connection,
}

impl<'c> Attempts<'c> {
    pub(crate) fn new(conn: &'c Connection) -> Attempts<'c> {
        Attempts { conn }
    }

    /// The attempt of this number.
    ///
    /// # Errors
    ///
    /// [`DbError::NotFound`] where there is none.
    pub fn get(&self, no: &OutTradeNo) -> Result<Versioned<Attempt>, DbError> {
        self.find(no)?
            .ok_or_else(|| DbError::NotFound { table: ATTEMPT.name, key: no.as_str().to_owned() })
    }

    /// The attempt of this number, or `None`.
    pub fn find(&self, no: &OutTradeNo) -> Result<Option<Versioned<Attempt>>, DbError> {
        let params = named_params! { ":out_trade_no": no.as_str() };
        let row = row::one(self.conn, &ATTEMPT, GET, params, "read an attempt")?;
        row.map(|row| from_row(&row)).transpose()
    }

    /// Attempts of an order, by number.
    pub fn of_order(&self, no: OrderNo) -> Result<Vec<Versioned<Attempt>>, DbError> {
        let params = named_params! { ":order_no": no.0, ":limit": OF_ORDER_MAX };
        let past = row::list(self.conn, &ATTEMPT, PAST_OF_ORDER, params, "list past attempts")?;
        let mut attempts = read(past)?;
        attempts.extend(self.live_of_order(no)?);
        attempts.sort_by(|one, other| one.value.out_trade_no.cmp(&other.value.out_trade_no));
        Ok(attempts)
    }

    /// The order's attempt that could still be paid; there is at most one (law 3).
    pub fn live_of_order(&self, no: OrderNo) -> Result<Option<Versioned<Attempt>>, DbError> {
        let params = named_params! { ":order_no": no.0 };
        let row = row::one(self.conn, &ATTEMPT, LIVE_OF_ORDER, params, "find a live attempt")?;
        row.map(|row| from_row(&row)).transpose()
    }

    /// Attempts that have not ended, most overdue first.
    pub fn open(&self, limit: u32) -> Result<Vec<Versioned<Attempt>>, DbError> {
        let params = named_params! { ":limit": OPEN_MAX };
        let open = row::list(self.conn, &ATTEMPT, OPEN, params, "list open attempts")?;
        Ok(most_overdue_first(read(open)?, limit))
    }

    /// Attempts to look at by `now`, most overdue first.
    pub fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<Versioned<Attempt>>, DbError> {
        let params = named_params! { ":now": now.0, ":limit": OPEN_MAX };
        let due = row::list(self.conn, &ATTEMPT, DUE, params, "list due attempts")?;
        Ok(most_overdue_first(read(due)?, limit))
    }

    /// When the next attempt is due.
    pub fn next_wake(&self) -> Result<Option<Timestamp>, DbError> {
        let mut statement = self.conn.prepare_cached(NEXT_WAKE).doing("find the next wake-up")?;
        let at: Option<i64> =
            statement.query_row([], |row| row.get(0)).doing("find the next wake-up")?;
        Ok(at.map(Timestamp))
    }

    /// Attempts kept at or before `until`, newest first.
    pub fn recent(&self, until: Timestamp, limit: u32) -> Result<Vec<Versioned<Attempt>>, DbError> {
        let mut recent = self.ended(until, limit)?;
        let params = named_params! { ":until": until.0, ":limit": limit };
        let open = row::list(self.conn, &ATTEMPT, OPEN_UNTIL, params, "list open attempts")?;
        recent.extend(read(open)?);
        recent.sort_by(|one, other| newer_first(&one.value, &other.value));
        recent.truncate(limit as usize);
        Ok(recent)
    }

    /// Attempts kept at or before `until` that have ended, newest first.
    pub fn ended(&self, until: Timestamp, limit: u32) -> Result<Vec<Versioned<Attempt>>, DbError> {
        let params = named_params! { ":until": until.0, ":limit": limit };
        read(row::list(self.conn, &ATTEMPT, ENDED, params, "list ended attempts")?)
    }

    /// Attempts that a person must decide about, oldest first; those whose money has all gone back
    /// are decided.
    pub fn held(&self, limit: u32) -> Result<Vec<Versioned<Attempt>>, DbError> {
        let params = named_params! { ":limit": limit };
        read(row::list(self.conn, &ATTEMPT, HELD, params, "list held attempts")?)
    }

    /// Attempts paid at or after `since`, newest first.
    pub fn paid_since(
        &self,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<Versioned<Attempt>>, DbError> {
        let params = named_params! { ":since": since.0, ":limit": limit };
        read(row::list(self.conn, &ATTEMPT, PAID_SINCE, params, "list paid attempts")?)
    }

    /// The attempt that the channel calls by this number, paid at or after `since`, or `None`.
    pub fn by_transaction(
        &self,
        transaction_no: &str,
        since: Timestamp,
    ) -> Result<Option<Versioned<Attempt>>, DbError> {
        let params = named_params! { ":transaction_no": transaction_no, ":since": since.0 };
        let row = row::one(self.conn, &ATTEMPT, BY_TRANSACTION, params, "find a transaction")?;
        row.map(|row| from_row(&row)).transpose()
    }
}

/// Writes of attempts, inside a step's transaction.
pub struct AttemptsMut<'t> {
    tx: &'t Tx<'t>,
    reads: Attempts<'t>,
}

impl<'t> Deref for AttemptsMut<'t> {
    type Target = Attempts<'t>;

    fn deref(&self) -> &Attempts<'t> {
        &self.reads
    }
}

impl<'t> AttemptsMut<'t> {
    pub(crate) fn new(tx: &'t Tx<'t>) -> AttemptsMut<'t> {
        AttemptsMut { tx, reads: Attempts::new(tx.conn()) }
    }

    /// Keeps an attempt; its order must be kept first. Returns the version.
    ///
    /// # Errors
    ///
    /// [`DbError::LiveAttempt`] where another of the order could still be paid.
    pub fn insert(&self, attempt: &Attempt, note: &Note) -> Result<i64, DbError> {
        let row = columns::to_row(attempt, 1);
        self.tx.insert(INSERT, &row, about(attempt), note).map_err(|error| live(error, attempt))?;
        Ok(1)
    }

    /// Saves a step, provided nobody else has saved one since `version` was read. Returns the
    /// version after it.
    ///
    /// # Errors
    ///
    /// [`DbError::Stale`] where somebody has; [`DbError::LawBroken`] where an end would regress.
    pub fn update(&self, attempt: &Attempt, version: i64, note: &Note) -> Result<i64, DbError> {
        let row = columns::to_row(attempt, version + 1);
        self.tx.update(UPDATE, &row, about(attempt), note).map_err(|error| live(error, attempt))?;
        Ok(version + 1)
    }
}

fn most_overdue_first(
    mut attempts: Vec<Versioned<Attempt>>,
    limit: u32,
) -> Vec<Versioned<Attempt>> {
    attempts.sort_by(|one, other| {
        let (one, other) = (&one.value, &other.value);
        let due = one.poll_at.cmp(&other.poll_at);
        due.then_with(|| one.out_trade_no.cmp(&other.out_trade_no))
    });
    attempts.truncate(limit as usize);
    attempts
}

fn newer_first(one: &Attempt, other: &Attempt) -> Ordering {
    let kept = other.kept_at.cmp(&one.kept_at);
    kept.then_with(|| other.out_trade_no.cmp(&one.out_trade_no))
}

fn about(attempt: &Attempt) -> About<'_> {
    About { order_no: Some(attempt.order_no), out_trade_no: Some(&attempt.out_trade_no) }
}

fn live(error: DbError, attempt: &Attempt) -> DbError {
    if error.breaks("attempt.order_no") {
        return DbError::LiveAttempt { order_no: attempt.order_no };
    }
    error
}

fn read(rows: Vec<Row>) -> Result<Vec<Versioned<Attempt>>, DbError> {
    rows.iter().map(from_row).collect()
}
