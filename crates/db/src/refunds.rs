//! The `refund` table. The ceiling is a law of the schema: no more goes back than was taken (M20).

use std::ops::Deref;

use mianfu_core::attempt::RefundWhy;
use mianfu_core::money::Timestamp;
use mianfu_core::number::{OutTradeNo, RefundNo};
use mianfu_core::refund::{Refund, RefundCause, RefundId, RefundPhase};
use rusqlite::{Connection, named_params};

use crate::error::{DbError, Doing};
use crate::events::{About, Note};
use crate::queue::Waits;
use crate::row::{self, Cell, Row, Table};
use crate::{Tx, Versioned};

pub(crate) const REFUND: Table = Table {
    name: "refund",
    columns: &[
        "refund_id",
        "out_trade_no",
        "order_no",
        "amount_fen",
        "why",
        "asked_by",
        "intent_id",
        "kept_at_ms",
        "phase",
        "reason",
        "done_at_ms",
        "nth",
        "minted",
        "next_at_ms",
        "sent_at_ms",
        "silences",
        "version",
    ],
    veiled: None,
};

const INSERT: &str = "INSERT INTO refund (
    refund_id, out_trade_no, order_no, amount_fen, why, asked_by, intent_id, kept_at_ms, phase,
    reason, done_at_ms, nth, minted, next_at_ms, sent_at_ms, silences, version, row_hash
) VALUES (
    :refund_id, :out_trade_no, :order_no, :amount_fen, :why, :asked_by, :intent_id, :kept_at_ms,
    :phase, :reason, :done_at_ms, :nth, :minted, :next_at_ms, :sent_at_ms, :silences, :version, :row_hash
)";

const UPDATE: &str = "UPDATE refund SET
    out_trade_no = :out_trade_no, order_no = :order_no, amount_fen = :amount_fen, why = :why,
    asked_by = :asked_by, intent_id = :intent_id, kept_at_ms = :kept_at_ms, phase = :phase,
    reason = :reason,
    done_at_ms = :done_at_ms, nth = :nth, minted = :minted, next_at_ms = :next_at_ms,
    sent_at_ms = :sent_at_ms, silences = :silences, version = :version, row_hash = :row_hash
    WHERE refund_id = :refund_id AND version = :version - 1";

const GET: &str = "SELECT * FROM refund WHERE refund_id = :refund_id";

const BY_NO: &str = "SELECT * FROM refund WHERE out_trade_no = :out_trade_no AND nth = :nth
    AND minted = 1 ORDER BY refund_id DESC LIMIT 1";

const BY_INTENT: &str = "SELECT * FROM refund
    WHERE out_trade_no = :out_trade_no AND intent_id = :intent_id";

const OF_ATTEMPT: &str = "SELECT * FROM refund WHERE out_trade_no = :out_trade_no
    ORDER BY refund_id LIMIT :limit";

const OPEN: &str = "SELECT * FROM refund
    WHERE phase IN ('counting', 'sending', 'asking', 'wedged')
    ORDER BY refund_id LIMIT :limit";

const HELD: &str = "SELECT * FROM refund WHERE phase = 'held'
    ORDER BY refund_id LIMIT :limit";

const DUE: &str = "SELECT * FROM refund WHERE next_at_ms <= :now
    ORDER BY next_at_ms, refund_id LIMIT :limit";

const NEXT_WAKE: &str = "SELECT MIN(next_at_ms) FROM refund WHERE next_at_ms IS NOT NULL";

const WAITING: &str = "SELECT COUNT(next_at_ms),
        COALESCE(SUM(CASE phase WHEN 'counting' THEN 2 WHEN 'wedged' THEN 0 ELSE 1 END), 0),
        MIN(CASE WHEN next_at_ms IS NOT NULL THEN kept_at_ms END),
        MIN(next_at_ms), MAX(next_at_ms)
    FROM refund WHERE phase IN ('counting', 'sending', 'asking', 'wedged')";

const KNOWN_OF: &str = "SELECT COALESCE(MAX(nth), 0) FROM refund
    WHERE out_trade_no = :out_trade_no AND minted = 1";

pub(crate) const AFTER: &str = "SELECT * FROM refund WHERE refund_id > :after
    ORDER BY refund_id LIMIT :limit";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[
    INSERT, UPDATE, GET, BY_NO, BY_INTENT, OF_ATTEMPT, OPEN, HELD, DUE, NEXT_WAKE, WAITING,
    KNOWN_OF, AFTER,
];

/// More refunds than any attempt has, refused ones included.
const OF_ATTEMPT_MAX: u32 = 1_000;

/// Reads of refunds.
pub struct Refunds<'c> {
    conn: &'c Connection,
}

impl<'c> Refunds<'c> {
    pub(crate) fn new(conn: &'c Connection) -> Refunds<'c> {
        Refunds { conn }
    }

    /// The refund of this id.
    ///
    /// # Errors
    ///
    /// [`DbError::NotFound`] where there is none.
    pub fn get(&self, id: RefundId) -> Result<Versioned<Refund>, DbError> {
        let params = named_params! { ":refund_id": id.0 };
        match row::one(self.conn, &REFUND, GET, params, "read a refund")? {
            Some(row) => from_row(&row),
            None => Err(DbError::NotFound { table: REFUND.name, key: id.0.to_string() }),
        }
    }

    /// The refund that carries this number; the latest, where the channel refused earlier ones.
    pub fn by_no(&self, no: &RefundNo) -> Result<Option<Versioned<Refund>>, DbError> {
        let Some((out_trade_no, nth)) = no.as_str().split_once('R') else {
            return Ok(None);
        };
        let params =
            named_params! { ":out_trade_no": out_trade_no, ":nth": nth.parse::<u32>().ok() };
        let row = row::one(self.conn, &REFUND, BY_NO, params, "find a refund")?;
        row.map(|row| from_row(&row)).transpose()
    }

    /// The refund of an attempt that a person's confirmed wish has made, or `None`.
    pub fn by_intent(
        &self,
        no: &OutTradeNo,
        intent_id: &str,
    ) -> Result<Option<Versioned<Refund>>, DbError> {
        let params = named_params! { ":out_trade_no": no.as_str(), ":intent_id": intent_id };
        let row = row::one(self.conn, &REFUND, BY_INTENT, params, "find a refund's intent")?;
        row.map(|row| from_row(&row)).transpose()
    }

    /// Refunds of an attempt, oldest first.
    pub fn of_attempt(&self, no: &OutTradeNo) -> Result<Vec<Versioned<Refund>>, DbError> {
        let params = named_params! { ":out_trade_no": no.as_str(), ":limit": OF_ATTEMPT_MAX };
        read(row::list(self.conn, &REFUND, OF_ATTEMPT, params, "list an attempt's refunds")?)
    }

    /// Refunds that have not ended, wedged ones included, oldest first.
    pub fn open(&self, limit: u32) -> Result<Vec<Versioned<Refund>>, DbError> {
        let params = named_params! { ":limit": limit };
        read(row::list(self.conn, &REFUND, OPEN, params, "list open refunds")?)
    }

    /// Refunds whose number carries another amount at the channel, oldest first.
    pub fn held(&self, limit: u32) -> Result<Vec<Versioned<Refund>>, DbError> {
        let params = named_params! { ":limit": limit };
        read(row::list(self.conn, &REFUND, HELD, params, "list held refunds")?)
    }

    /// Refunds to act on by `now`, most overdue first.
    pub fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<Versioned<Refund>>, DbError> {
        let params = named_params! { ":now": now.0, ":limit": limit };
        read(row::list(self.conn, &REFUND, DUE, params, "list due refunds")?)
    }

    /// When the next refund is due.
    pub fn next_wake(&self) -> Result<Option<Timestamp>, DbError> {
        let mut statement = self.conn.prepare_cached(NEXT_WAKE).doing("find the next wake-up")?;
        let at: Option<i64> =
            statement.query_row([], |row| row.get(0)).doing("find the next wake-up")?;
        Ok(at.map(Timestamp))
    }

    /// Refunds that go on by themselves, added up: one that is counted first takes two calls.
    pub fn waiting(&self) -> Result<Waits, DbError> {
        let mut statement = self.conn.prepare_cached(WAITING).doing("add up open refunds")?;
        statement.query_row([], Waits::from_sql).doing("add up open refunds")
    }

    /// How many refund numbers of the attempt this database has settled, refused ones included:
    /// the place of the next is one more (M20).
    pub fn known_of(&self, no: &OutTradeNo) -> Result<u32, DbError> {
        let mut statement = self.conn.prepare_cached(KNOWN_OF).doing("count refunds")?;
        let params = named_params! { ":out_trade_no": no.as_str() };
        statement.query_row(params, |row| row.get(0)).doing("count refunds")
    }
}

/// Writes of refunds, inside a step's transaction.
pub struct RefundsMut<'t> {
    tx: &'t Tx<'t>,
    reads: Refunds<'t>,
}

impl<'t> Deref for RefundsMut<'t> {
    type Target = Refunds<'t>;

    fn deref(&self) -> &Refunds<'t> {
        &self.reads
    }
}

impl<'t> RefundsMut<'t> {
    pub(crate) fn new(tx: &'t Tx<'t>) -> RefundsMut<'t> {
        RefundsMut { tx, reads: Refunds::new(tx.conn()) }
    }

    /// Draws the name of the next intent.
    #[must_use]
    pub fn next_id(&self) -> RefundId {
        self.tx.with_meta(|meta| {
            meta.last_refund_id += 1;
            RefundId(meta.last_refund_id)
        })
    }

    /// Keeps a refund; the step of its attempt that took the money is saved first. Returns the
    /// version.
    ///
    /// # Errors
    ///
    /// [`DbError::CeilingReached`] where more would go back than was taken,
    /// [`DbError::NumberTaken`] where another intent carries the number.
    pub fn insert(&self, refund: &Refund, note: &Note) -> Result<i64, DbError> {
        let row = to_row(refund, 1);
        self.tx.insert(INSERT, &row, about(refund), note).map_err(|error| refuse(error, refund))?;
        Ok(1)
    }

    /// Saves a step, provided nobody else has saved one since `version` was read. Returns the
    /// version after it.
    ///
    /// # Errors
    ///
    /// [`DbError::Stale`] where somebody has, [`DbError::NumberTaken`] where another intent
    /// carries the number, [`DbError::LawBroken`] where an end would regress.
    pub fn update(&self, refund: &Refund, version: i64, note: &Note) -> Result<i64, DbError> {
        let row = to_row(refund, version + 1);
        self.tx.update(UPDATE, &row, about(refund), note).map_err(|error| refuse(error, refund))?;
        Ok(version + 1)
    }
}

fn about(refund: &Refund) -> About<'_> {
    About { order_no: Some(refund.order_no), out_trade_no: Some(&refund.out_trade_no) }
}

fn refuse(error: DbError, refund: &Refund) -> DbError {
    let out_trade_no = refund.out_trade_no.clone();
    if error.breaks("refund_ceiling") {
        return DbError::CeilingReached { out_trade_no };
    }
    if error.breaks("refund.out_trade_no, refund.nth") {
        return DbError::NumberTaken { out_trade_no, nth: refund.nth };
    }
    error
}

fn read(rows: Vec<Row>) -> Result<Vec<Versioned<Refund>>, DbError> {
    rows.iter().map(from_row).collect()
}

fn to_row(refund: &Refund, version: i64) -> Row {
    let (why, asked_by, intent_id): (&str, Cell, Cell) = match &refund.why {
        RefundCause::Person { by, intent_id } => ("person", by.into(), intent_id.into()),
        RefundCause::Rule(why) => (why_to_text(*why), Cell::Null, Cell::Null),
    };
    let (phase, reason, done_at): (&str, Cell, Cell) = match &refund.phase {
        RefundPhase::Counting => ("counting", Cell::Null, Cell::Null),
        RefundPhase::Sending => ("sending", Cell::Null, Cell::Null),
        RefundPhase::Asking => ("asking", Cell::Null, Cell::Null),
        RefundPhase::Wedged { reason } => ("wedged", reason.into(), Cell::Null),
        RefundPhase::Done { at } => ("done", Cell::Null, (*at).into()),
        RefundPhase::Refused { reason } => ("refused", reason.into(), Cell::Null),
        RefundPhase::Held => ("held", Cell::Null, Cell::Null),
    };
    Row::new(
        &REFUND,
        vec![
            refund.id.0.into(),
            refund.out_trade_no.as_str().into(),
            refund.order_no.0.into(),
            refund.amount.get().into(),
            why.into(),
            asked_by,
            intent_id,
            refund.kept_at.into(),
            phase.into(),
            reason,
            done_at,
            refund.nth.into(),
            refund.minted.into(),
            refund.next_at.into(),
            refund.sent_at.into(),
            refund.silences.into(),
            version.into(),
        ],
    )
}

pub(crate) fn from_row(row: &Row) -> Result<Versioned<Refund>, DbError> {
    let why = match row.text_of("why")?.as_str() {
        "person" => RefundCause::Person {
            by: row.text_of("asked_by")?,
            intent_id: row.text_of("intent_id")?,
        },
        rule => RefundCause::Rule(why_from_text(rule).ok_or_else(|| row.corrupt())?),
    };
    let phase = match row.text_of("phase")?.as_str() {
        "counting" => RefundPhase::Counting,
        "sending" => RefundPhase::Sending,
        "asking" => RefundPhase::Asking,
        "wedged" => RefundPhase::Wedged { reason: row.text_of("reason")? },
        "done" => RefundPhase::Done { at: row.at("done_at_ms")? },
        "refused" => RefundPhase::Refused { reason: row.text_of("reason")? },
        "held" => RefundPhase::Held,
        _ => return Err(row.corrupt()),
    };
    let refund = Refund {
        id: RefundId(row.int("refund_id")?),
        out_trade_no: row.out_trade_no("out_trade_no")?,
        order_no: row.order_no("order_no")?,
        amount: row.fen("amount_fen")?,
        why,
        kept_at: row.at("kept_at_ms")?,
        phase,
        nth: row.number("nth")?,
        minted: row.flag("minted")?,
        next_at: row.opt_at("next_at_ms")?,
        sent_at: row.opt_at("sent_at_ms")?,
        silences: row.number("silences")?,
    };
    Ok(Versioned { value: refund, version: row.int("version")? })
}

fn why_to_text(why: RefundWhy) -> &'static str {
    match why {
        RefundWhy::Unwanted => "unwanted",
        RefundWhy::TooLate => "too_late",
        RefundWhy::NoBalance => "no_balance",
        RefundWhy::LateMoney => "late_money",
    }
}

fn why_from_text(text: &str) -> Option<RefundWhy> {
    [RefundWhy::Unwanted, RefundWhy::TooLate, RefundWhy::NoBalance, RefundWhy::LateMoney]
        .into_iter()
        .find(|why| why_to_text(*why) == text)
}
