//! The `sale_order` table: what customers owe for.

use std::ops::Deref;

use mianfu_core::money::{BusinessDay, Fen, Timestamp};
use mianfu_core::number::OrderNo;
use mianfu_core::order::{Cash, Order};
use rusqlite::{Connection, named_params};

use crate::error::{DbError, Doing};
use crate::events::{About, Note};
use crate::row::{self, Cell, Row, Table};
use crate::{Tx, Versioned};

pub(crate) const ORDER: Table = Table {
    name: "sale_order",
    columns: &[
        "order_no",
        "intent_id",
        "due_fen",
        "cash_fen",
        "rounded_fen",
        "received_fen",
        "cash_back_fen",
        "cash_at_ms",
        "prints",
        "kept_at_ms",
        "business_day",
        "version",
    ],
    veiled: None,
};

const INSERT: &str = "INSERT INTO sale_order (
    order_no, intent_id, due_fen, cash_fen, rounded_fen, received_fen, cash_back_fen, cash_at_ms,
    prints, kept_at_ms, business_day, version, row_hash
) VALUES (
    :order_no, :intent_id, :due_fen, :cash_fen, :rounded_fen, :received_fen, :cash_back_fen,
    :cash_at_ms, :prints, :kept_at_ms, :business_day, :version, :row_hash
)";

const UPDATE: &str = "UPDATE sale_order SET
    cash_fen = :cash_fen, rounded_fen = :rounded_fen, received_fen = :received_fen,
    cash_back_fen = :cash_back_fen, cash_at_ms = :cash_at_ms, prints = :prints,
    version = :version, row_hash = :row_hash
    WHERE order_no = :order_no AND version = :version - 1";

const GET: &str = "SELECT * FROM sale_order WHERE order_no = :order_no";

const BY_INTENT: &str = "SELECT * FROM sale_order WHERE intent_id = :intent_id";

const ON_DAY: &str = "SELECT * FROM sale_order
    WHERE business_day = :day AND order_no < :before
    ORDER BY order_no DESC LIMIT :limit";

const IN_CASH: &str = "SELECT * FROM sale_order
    WHERE cash_at_ms IS NOT NULL AND cash_at_ms <= :until
    ORDER BY cash_at_ms DESC, order_no DESC LIMIT :limit";

const COUNT_ON: &str = "SELECT COUNT(*) FROM sale_order WHERE business_day = :day";

pub(crate) const AFTER: &str = "SELECT * FROM sale_order WHERE order_no > :after
    ORDER BY order_no LIMIT :limit";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] =
    &[INSERT, UPDATE, GET, BY_INTENT, ON_DAY, IN_CASH, COUNT_ON, AFTER];

/// Reads of orders.
pub struct Orders<'c> {
    conn: &'c Connection,
}

impl<'c> Orders<'c> {
    pub(crate) fn new(conn: &'c Connection) -> Orders<'c> {
        Orders { conn }
    }

    /// The order of this number.
    ///
    /// # Errors
    ///
    /// [`DbError::NotFound`] where there is none.
    pub fn get(&self, no: OrderNo) -> Result<Versioned<Order>, DbError> {
        self.find(no)?.ok_or_else(|| DbError::NotFound { table: ORDER.name, key: no.to_string() })
    }

    /// The order of this number, or `None`.
    pub fn find(&self, no: OrderNo) -> Result<Option<Versioned<Order>>, DbError> {
        let params = named_params! { ":order_no": no.0 };
        let row = row::one(self.conn, &ORDER, GET, params, "read an order")?;
        row.map(|row| from_row(&row)).transpose()
    }

    /// The order that this confirmed amount has made.
    pub fn by_intent(&self, intent_id: &str) -> Result<Option<Versioned<Order>>, DbError> {
        let params = named_params! { ":intent_id": intent_id };
        let row = row::one(self.conn, &ORDER, BY_INTENT, params, "find an intent")?;
        row.map(|row| from_row(&row)).transpose()
    }

    /// Orders of a business day below the number `before` (`None` for the last ones), newest
    /// first.
    pub fn on_day(
        &self,
        day: BusinessDay,
        before: Option<OrderNo>,
        limit: u32,
    ) -> Result<Vec<Versioned<Order>>, DbError> {
        let before = before.map_or(i64::MAX, |no| no.0);
        let params = named_params! { ":day": day.0, ":before": before, ":limit": limit };
        let rows = row::list(self.conn, &ORDER, ON_DAY, params, "list a day's orders")?;
        rows.iter().map(from_row).collect()
    }

    /// Orders that took cash at or before `until`, newest first.
    pub fn in_cash(&self, until: Timestamp, limit: u32) -> Result<Vec<Versioned<Order>>, DbError> {
        let params = named_params! { ":until": until.0, ":limit": limit };
        let rows = row::list(self.conn, &ORDER, IN_CASH, params, "list orders in cash")?;
        rows.iter().map(from_row).collect()
    }
}

impl Orders<'_> {
    /// Counts the orders of a business day.
    pub fn count_on(&self, day: BusinessDay) -> Result<u32, DbError> {
        let mut statement = self.conn.prepare_cached(COUNT_ON).doing("count a day's orders")?;
        let params = named_params! { ":day": day.0 };
        statement.query_row(params, |row| row.get(0)).doing("count a day's orders")
    }
}

/// Writes of orders, inside a step's transaction.
pub struct OrdersMut<'t> {
    tx: &'t Tx<'t>,
    reads: Orders<'t>,
}

impl<'t> Deref for OrdersMut<'t> {
    type Target = Orders<'t>;

    fn deref(&self) -> &Orders<'t> {
        &self.reads
    }
}

impl<'t> OrdersMut<'t> {
    pub(crate) fn new(tx: &'t Tx<'t>) -> OrdersMut<'t> {
        OrdersMut { tx, reads: Orders::new(tx.conn()) }
    }

    /// Draws the next order number.
    #[must_use]
    pub fn next_order_no(&self) -> OrderNo {
        self.tx.with_meta(|meta| {
            meta.last_order_no += 1;
            OrderNo(meta.last_order_no)
        })
    }

    /// Keeps an order.
    ///
    /// # Errors
    ///
    /// [`DbError::IntentKept`] names the order that the same intent has made already; the
    /// transaction may go on.
    pub fn insert(&self, order: &Order, note: &Note) -> Result<(), DbError> {
        let kept = self.tx.insert(INSERT, &to_row(order, 1), about(order.no), note);
        let Err(error) = kept else {
            return Ok(());
        };
        if error.breaks("sale_order.intent_id")
            && let Some(kept) = self.by_intent(&order.intent_id)?
        {
            return Err(DbError::IntentKept { order_no: kept.value.no });
        }
        Err(error)
    }

    /// Adds cash to what the order has taken; returns the order as it stands after.
    ///
    /// # Errors
    ///
    /// [`DbError::LawBroken`] where cash and rounding would exceed what is due.
    pub fn take_cash(
        &self,
        no: OrderNo,
        cash: Cash,
        at: Timestamp,
        note: &Note,
    ) -> Result<Versioned<Order>, DbError> {
        self.change(no, note, |order| order.taking(cash, at))
    }

    /// Counts a print of the order's receipt; returns the order as it stands after.
    pub fn count_print(&self, no: OrderNo, note: &Note) -> Result<Versioned<Order>, DbError> {
        self.change(no, note, |order| Some(Order { prints: order.prints.checked_add(1)?, ..order }))
    }

    pub(crate) fn return_cash(
        &self,
        no: OrderNo,
        amount: Fen,
        note: &Note,
    ) -> Result<Versioned<Order>, DbError> {
        let back =
            |order: Order| Some(Order { cash_back: order.cash_back.checked_add(amount)?, ..order });
        self.change(no, note, back)
    }

    fn change(
        &self,
        no: OrderNo,
        note: &Note,
        change: impl FnOnce(Order) -> Option<Order>,
    ) -> Result<Versioned<Order>, DbError> {
        let Versioned { value, version } = self.get(no)?;
        let value = change(value).ok_or_else(|| DbError::corrupt(ORDER.name, no.to_string()))?;
        let version = version + 1;
        self.tx.update(UPDATE, &to_row(&value, version), about(no), note)?;
        Ok(Versioned { value, version })
    }
}

fn about(no: OrderNo) -> About<'static> {
    About { order_no: Some(no), out_trade_no: None }
}

fn to_row(order: &Order, version: i64) -> Row {
    Row::new(
        &ORDER,
        vec![
            order.no.0.into(),
            (&order.intent_id).into(),
            order.due.get().into(),
            order.cash.get().into(),
            order.rounded.get().into(),
            order.received.get().into(),
            order.cash_back.get().into(),
            order.cash_at.into(),
            order.prints.into(),
            order.kept_at.into(),
            Cell::Int(order.kept_at.business_day().0),
            version.into(),
        ],
    )
}

pub(crate) fn from_row(row: &Row) -> Result<Versioned<Order>, DbError> {
    let order = Order {
        no: row.order_no("order_no")?,
        intent_id: row.text_of("intent_id")?,
        due: row.fen("due_fen")?,
        cash: row.fen("cash_fen")?,
        rounded: row.fen("rounded_fen")?,
        received: row.fen("received_fen")?,
        cash_back: row.fen("cash_back_fen")?,
        cash_at: row.opt_at("cash_at_ms")?,
        prints: row.number("prints")?,
        kept_at: row.at("kept_at_ms")?,
    };
    Ok(Versioned { value: order, version: row.int("version")? })
}
