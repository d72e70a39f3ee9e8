//! The `event` table: what happened, appended in the transaction in which it happened.
//!
//! Each event's hash covers the hash before it and its own fields, so that a change, a gap or a
//! swap anywhere shows. The head is kept in `meta`, so that a cut tail shows as well. Events are
//! never changed or deleted: the schema refuses it. Details hold no secrets, no auth codes and no
//! buyer ids.

use mianfu_core::money::Timestamp;
use mianfu_core::mutant;
use mianfu_core::number::{OrderNo, OutTradeNo};
use rusqlite::{Connection, Params, named_params, params};
use sha2::{Digest, Sha256};

use crate::error::{DbError, Doing};
use crate::meta::Meta;
use crate::row::{self, Hash, Row, Table};

pub(crate) const EVENT: Table = Table {
    name: "event",
    columns: &["seq", "at_ms", "kind", "subject", "order_no", "out_trade_no", "detail", "row"],
    veiled: None,
};

const APPEND: &str = "INSERT INTO event (
    seq, at_ms, kind, subject, order_no, out_trade_no, detail, row, prev_hash, hash
) VALUES (
    :seq, :at_ms, :kind, :subject, :order_no, :out_trade_no, :detail, :row, :prev_hash, :hash
)";

const OF_ORDER: &str = "SELECT * FROM event WHERE order_no = :order_no AND seq > :after
    ORDER BY seq LIMIT :limit";

const TAIL: &str = "SELECT * FROM event ORDER BY seq DESC LIMIT :limit";

const AFTER: &str = "SELECT * FROM event WHERE seq > :after ORDER BY seq LIMIT :limit";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[APPEND, OF_ORDER, AFTER];

// Takes the last rows by key and so walks the table from its end.
#[cfg(test)]
pub(crate) const TAIL_STATEMENTS: &[&str] = &[TAIL];

/// What a write says about itself; it becomes an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// When it happened.
    pub at: Timestamp,
    /// What happened, as one word: `kept`, `told`, `cancelled`.
    pub kind: &'static str,
    /// What a person reads about it. Never a secret, an auth code or a buyer's id.
    pub detail: String,
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its place, from 1 without gaps.
    pub seq: i64,
    /// When it happened.
    pub at: Timestamp,
    /// What happened, as one word.
    pub kind: String,
    /// Table and key of the row that changed.
    pub subject: String,
    /// The order it belongs to.
    pub order_no: Option<OrderNo>,
    /// The attempt it belongs to.
    pub out_trade_no: Option<OutTradeNo>,
    /// What a person reads about it.
    pub detail: String,
    /// The whole row after the change, in canonical text; `None` where no row changed.
    pub row: Option<String>,
}

impl Event {
    /// Returns what a column of the changed row held after the change, as text; empty where it
    /// was NULL, `None` where no row changed or it has no such column.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&str> {
        row::column_of(self.row.as_deref()?, name)
    }
}

/// Reads of the log.
pub struct Events<'c> {
    conn: &'c Connection,
}

impl<'c> Events<'c> {
    pub(crate) fn new(conn: &'c Connection) -> Events<'c> {
        Events { conn }
    }

    /// What happened to an order after the event `after` (0 for all), oldest first.
    pub fn by_order(
        &self,
        order_no: OrderNo,
        after: i64,
        limit: u32,
    ) -> Result<Vec<Event>, DbError> {
        let params = named_params! { ":order_no": order_no.0, ":after": after, ":limit": limit };
        events(links(self.conn, OF_ORDER, params)?)
    }

    /// The last events, newest first.
    pub fn tail(&self, limit: u32) -> Result<Vec<Event>, DbError> {
        events(links(self.conn, TAIL, named_params! { ":limit": limit })?)
    }
}

/// An event together with its place in the chain.
pub(crate) struct Link {
    pub(crate) event: Event,
    pub(crate) prev_hash: Hash,
    pub(crate) hash: Hash,
}

/// Which order and attempt a change belongs to.
#[derive(Clone, Copy, Default)]
pub(crate) struct About<'a> {
    pub(crate) order_no: Option<OrderNo>,
    pub(crate) out_trade_no: Option<&'a OutTradeNo>,
}

/// Appends an event; `subject` names what changed and `row` is its canonical text.
pub(crate) fn append(
    conn: &Connection,
    meta: &mut Meta,
    note: &Note,
    subject: &str,
    about: About<'_>,
    row: Option<&str>,
) -> Result<(), DbError> {
    let seq = meta.event_seq + 1;
    let event = Row::new(
        &EVENT,
        vec![
            seq.into(),
            note.at.into(),
            note.kind.into(),
            subject.into(),
            about.order_no.map(|no| no.0).into(),
            about.out_trade_no.map(OutTradeNo::as_str).into(),
            (&note.detail).into(),
            row.into(),
        ],
    );
    let mut prev = unhex(&meta.event_head).ok_or_else(|| DbError::corrupt("meta", "event_head"))?;
    if mutant::planted("db_event_not_chained") {
        prev = [0; 32];
    }
    let hash = link_hash(&prev, &event.text());
    let mut statement = conn.prepare_cached(APPEND).doing("append to the log")?;
    statement
        .execute(params![
            seq,
            note.at.0,
            note.kind,
            subject,
            about.order_no.map(|no| no.0),
            about.out_trade_no.map(OutTradeNo::as_str),
            note.detail,
            row,
            prev.as_slice(),
            hash.as_slice(),
        ])
        .doing("append to the log")?;
    meta.event_seq = seq;
    meta.event_head = row::hex(&hash);
    Ok(())
}

/// Checks the last `limit` events: no gap, each hash right, the head the one that `meta` keeps.
pub(crate) fn check_tail(conn: &Connection, meta: &Meta, limit: u32) -> Result<(), DbError> {
    let mut links = links(conn, TAIL, named_params! { ":limit": limit })?;
    links.reverse();
    let Some(first) = links.first() else {
        return check_head(meta, &Chain::start());
    };
    let mut chain = Chain { seq: first.event.seq - 1, head: first.prev_hash };
    for link in &links {
        chain.follow(link)?;
    }
    if chain.seq == i64::try_from(links.len()).unwrap_or(i64::MAX) && first.prev_hash != [0; 32] {
        return Err(DbError::corrupt("event", "1"));
    }
    check_head(meta, &chain)
}

/// Returns the links after `after`, oldest first.
pub(crate) fn links_after(conn: &Connection, after: i64, limit: u32) -> Result<Vec<Link>, DbError> {
    links(conn, AFTER, named_params! { ":after": after, ":limit": limit })
}

/// Walks the chain: each link must follow the one before it.
pub(crate) struct Chain {
    pub(crate) seq: i64,
    pub(crate) head: Hash,
}

impl Chain {
    pub(crate) fn start() -> Chain {
        Chain { seq: 0, head: [0; 32] }
    }

    pub(crate) fn follow(&mut self, link: &Link) -> Result<(), DbError> {
        if link.event.seq != self.seq + 1 || link.prev_hash != self.head {
            return Err(DbError::corrupt("event", link.event.seq.to_string()));
        }
        self.seq = link.event.seq;
        self.head = link.hash;
        Ok(())
    }
}

/// Checks that the log ends where `meta` says it does.
pub(crate) fn check_head(meta: &Meta, chain: &Chain) -> Result<(), DbError> {
    let ends = meta.event_seq == chain.seq && meta.event_head == row::hex(&chain.head);
    if !ends && !mutant::planted("db_cut_tail_unnoticed") {
        return Err(DbError::corrupt("event", format!("the end, {}", chain.seq)));
    }
    Ok(())
}

fn links<P: Params>(conn: &Connection, sql: &'static str, params: P) -> Result<Vec<Link>, DbError> {
    let mut statement = conn.prepare_cached(sql).doing("read the log")?;
    let mut rows = statement.query(params).doing("read the log")?;
    let mut links = Vec::new();
    while let Some(row) = rows.next().doing("read the log")? {
        let prev_hash = row::hash_column(&EVENT, row, EVENT.columns.len())?;
        let hash = row::hash_column(&EVENT, row, EVENT.columns.len() + 1)?;
        let row = Row::read_unchecked(&EVENT, row)?;
        if hash != link_hash(&prev_hash, &row.text()) {
            return Err(row.corrupt());
        }
        links.push(Link { event: from_row(&row)?, prev_hash, hash });
    }
    Ok(links)
}

fn events(links: Vec<Link>) -> Result<Vec<Event>, DbError> {
    Ok(links.into_iter().map(|link| link.event).collect())
}

fn from_row(row: &Row) -> Result<Event, DbError> {
    let out_trade_no = match row.opt_text("out_trade_no")? {
        Some(text) => Some(OutTradeNo::new(&text).ok_or_else(|| row.corrupt())?),
        None => None,
    };
    Ok(Event {
        seq: row.int("seq")?,
        at: row.at("at_ms")?,
        kind: row.text_of("kind")?,
        subject: row.text_of("subject")?,
        order_no: row.opt_int("order_no")?.map(OrderNo),
        out_trade_no,
        detail: row.text_of("detail")?,
        row: row.opt_text("row")?,
    })
}

fn link_hash(prev: &Hash, text: &str) -> Hash {
    let mut digest = Sha256::new();
    digest.update(prev);
    digest.update(text.as_bytes());
    digest.finalize().into()
}

fn unhex(text: &str) -> Option<Hash> {
    let mut hash = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (place, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[place * 2..place * 2 + 2], 16).ok()?;
    }
    Some(hash)
}
