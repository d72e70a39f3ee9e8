//! The `cash_refund` table: cash that went back. The ceiling is a law of `sale_order`, whose row
//! carries the sum.

use std::ops::Deref;

use mianfu_core::number::OrderNo;
use mianfu_core::order::CashRefund;
use rusqlite::{Connection, named_params};

use crate::Tx;
use crate::error::{DbError, Doing};
use crate::events::{About, Note};
use crate::row::{self, Row, Table};

pub(crate) const CASH_REFUND: Table = Table {
    name: "cash_refund",
    columns: &[
        "cash_refund_id",
        "intent_id",
        "order_no",
        "amount_fen",
        "approved_by",
        "kept_at_ms",
        "version",
    ],
    veiled: None,
};

const INSERT: &str = "INSERT INTO cash_refund (
    cash_refund_id, intent_id, order_no, amount_fen, approved_by, kept_at_ms, version, row_hash
) VALUES (
    :cash_refund_id, :intent_id, :order_no, :amount_fen, :approved_by, :kept_at_ms, :version,
    :row_hash
)";

const LAST_ID: &str = "SELECT COALESCE(MAX(cash_refund_id), 0) FROM cash_refund";

const BY_INTENT: &str = "SELECT * FROM cash_refund WHERE intent_id = :intent_id";

const OF_ORDER: &str = "SELECT * FROM cash_refund WHERE order_no = :order_no
    ORDER BY cash_refund_id LIMIT :limit";

pub(crate) const AFTER: &str = "SELECT * FROM cash_refund WHERE cash_refund_id > :after
    ORDER BY cash_refund_id LIMIT :limit";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[INSERT, LAST_ID, BY_INTENT, OF_ORDER, AFTER];

/// More refunds than anybody makes of one sale.
const OF_ORDER_MAX: u32 = 1_000;

/// Reads of cash refunds.
pub struct CashRefunds<'c> {
    conn: &'c Connection,
}

impl<'c> CashRefunds<'c> {
    pub(crate) fn new(conn: &'c Connection) -> CashRefunds<'c> {
        CashRefunds { conn }
    }

    /// The refund that this confirmed request has made.
    pub fn by_intent(&self, intent_id: &str) -> Result<Option<CashRefund>, DbError> {
        let params = named_params! { ":intent_id": intent_id };
        let row = row::one(self.conn, &CASH_REFUND, BY_INTENT, params, "find a cash refund")?;
        row.map(|row| from_row(&row)).transpose()
    }

    /// Refunds of an order's cash, oldest first.
    pub fn of_order(&self, no: OrderNo) -> Result<Vec<CashRefund>, DbError> {
        let params = named_params! { ":order_no": no.0, ":limit": OF_ORDER_MAX };
        let doing = "list an order's cash refunds";
        row::list(self.conn, &CASH_REFUND, OF_ORDER, params, doing)?.iter().map(from_row).collect()
    }
}

/// Writes of cash refunds, inside a step's transaction.
pub struct CashRefundsMut<'t> {
    tx: &'t Tx<'t>,
    reads: CashRefunds<'t>,
}

impl<'t> Deref for CashRefundsMut<'t> {
    type Target = CashRefunds<'t>;

    fn deref(&self) -> &CashRefunds<'t> {
        &self.reads
    }
}

impl<'t> CashRefundsMut<'t> {
    pub(crate) fn new(tx: &'t Tx<'t>) -> CashRefundsMut<'t> {
        CashRefundsMut { tx, reads: CashRefunds::new(tx.conn()) }
    }

    /// Keeps a refund and takes it off what is left of the order's cash.
    ///
    /// # Errors
    ///
    /// [`DbError::LawBroken`] where more would go back than was taken, or the intent has made a
    /// refund already.
    pub fn insert(&self, refund: &CashRefund, note: &Note) -> Result<(), DbError> {
        let last: i64 = self
            .tx
            .conn()
            .prepare_cached(LAST_ID)
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
            .doing("draw a cash refund's id")?;
        self.tx.orders().return_cash(refund.order_no, refund.amount, note)?;
        let about = About { order_no: Some(refund.order_no), out_trade_no: None };
        self.tx.insert(INSERT, &to_row(refund, last + 1), about, note)
    }
}

fn to_row(refund: &CashRefund, id: i64) -> Row {
    Row::new(
        &CASH_REFUND,
        vec![
            id.into(),
            (&refund.intent_id).into(),
            refund.order_no.0.into(),
            refund.amount.get().into(),
            (&refund.by).into(),
            refund.at.into(),
            1_i64.into(),
        ],
    )
}

pub(crate) fn from_row(row: &Row) -> Result<CashRefund, DbError> {
    Ok(CashRefund {
        intent_id: row.text_of("intent_id")?,
        order_no: row.order_no("order_no")?,
        amount: row.fen("amount_fen")?,
        by: row.text_of("approved_by")?,
        at: row.at("kept_at_ms")?,
    })
}
