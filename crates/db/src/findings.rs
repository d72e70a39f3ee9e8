//! The `finding` table: disagreements and odd ends that the manager must see.

use std::ops::Deref;

use mianfu_core::attempt::{Attempt, Finding};
use mianfu_core::money::Timestamp;
use mianfu_core::number::{OrderNo, OutTradeNo};
use rusqlite::{Connection, named_params};

use crate::Tx;
use crate::error::{DbError, Doing};
use crate::events::{About, Note};
use crate::row::{self, Row, Table};

pub(crate) const FINDING: Table = Table {
    name: "finding",
    columns: &[
        "finding_id",
        "at_ms",
        "kind",
        "order_no",
        "out_trade_no",
        "said",
        "settled_at_ms",
        "settled_by",
        "version",
    ],
    veiled: None,
};

const INSERT: &str = "INSERT INTO finding (
    finding_id, at_ms, kind, order_no, out_trade_no, said, settled_at_ms, settled_by, version,
    row_hash
) VALUES (
    :finding_id, :at_ms, :kind, :order_no, :out_trade_no, :said, :settled_at_ms, :settled_by,
    :version, :row_hash
)";

const SETTLE: &str = "UPDATE finding SET settled_at_ms = :settled_at_ms,
    settled_by = :settled_by, version = :version, row_hash = :row_hash
    WHERE finding_id = :finding_id AND version = :version - 1";

const GET: &str = "SELECT * FROM finding WHERE finding_id = :finding_id";

const OPEN: &str = "SELECT * FROM finding WHERE settled_at_ms IS NULL
    ORDER BY finding_id LIMIT :limit";

const COUNT_OPEN: &str = "SELECT COUNT(*) FROM finding WHERE settled_at_ms IS NULL";

pub(crate) const AFTER: &str = "SELECT * FROM finding WHERE finding_id > :after
    ORDER BY finding_id LIMIT :limit";

#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[INSERT, SETTLE, GET, OPEN, COUNT_OPEN, AFTER];

/// Names a finding within one database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FindingId(pub i64);

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingKind {
    /// Money came after the end.
    LateMoney,
    /// The channel contradicts a final phase.
    Contradicted,
    /// The goods were gone and the attempt ended without money.
    GoodsGoneUnpaid,
    /// The money went back although the till never asked for it.
    ReturnedByOthers,
    /// A person must decide.
    Held,
    /// A paid attempt that the database did not know.
    Recovered,
    /// The attempt was open as the database came here from another machine.
    Copied,
    /// A refund's number carries another amount.
    RefundHeld,
}

/// A finding as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptFinding {
    /// Names it.
    pub id: FindingId,
    /// When it was found.
    pub at: Timestamp,
    /// What was found.
    pub kind: FindingKind,
    /// The order it is about.
    pub order_no: OrderNo,
    /// The attempt it is about.
    pub out_trade_no: OutTradeNo,
    /// What the channel said, or who said that the goods were gone; may be empty.
    pub said: String,
    /// When and by whom it was settled; `None` while it is open.
    pub settled: Option<(Timestamp, String)>,
}

/// Reads of findings.
pub struct Findings<'c> {
    conn: &'c Connection,
}

impl<'c> Findings<'c> {
    pub(crate) fn new(conn: &'c Connection) -> Findings<'c> {
        Findings { conn }
    }

    /// The finding of this id.
    ///
    /// # Errors
    ///
    /// [`DbError::NotFound`] where there is none.
    pub fn get(&self, id: FindingId) -> Result<KeptFinding, DbError> {
        from_row(&self.find(id)?)
    }

    /// Findings that nobody has settled, oldest first.
    pub fn open(&self, limit: u32) -> Result<Vec<KeptFinding>, DbError> {
        let params = named_params! { ":limit": limit };
        let rows = row::list(self.conn, &FINDING, OPEN, params, "list open findings")?;
        rows.iter().map(from_row).collect()
    }

    /// How many nobody has settled.
    pub fn count_open(&self) -> Result<u32, DbError> {
        let mut statement = self.conn.prepare_cached(COUNT_OPEN).doing("count open findings")?;
        statement.query_row([], |row| row.get(0)).doing("count open findings")
    }

    fn find(&self, id: FindingId) -> Result<Row, DbError> {
        let params = named_params! { ":finding_id": id.0 };
        row::one(self.conn, &FINDING, GET, params, "read a finding")?
            .ok_or_else(|| DbError::NotFound { table: FINDING.name, key: id.0.to_string() })
    }
}

/// Writes of findings, inside a step's transaction.
pub struct FindingsMut<'t> {
    tx: &'t Tx<'t>,
    reads: Findings<'t>,
}

impl<'t> Deref for FindingsMut<'t> {
    type Target = Findings<'t>;

    fn deref(&self) -> &Findings<'t> {
        &self.reads
    }
}

impl<'t> FindingsMut<'t> {
    pub(crate) fn new(tx: &'t Tx<'t>) -> FindingsMut<'t> {
        FindingsMut { tx, reads: Findings::new(tx.conn()) }
    }

    /// Keeps what was found about an attempt.
    pub fn insert(
        &self,
        finding: &Finding,
        attempt: &Attempt,
        note: &Note,
    ) -> Result<FindingId, DbError> {
        let id = self.tx.with_meta(|meta| {
            meta.last_finding_id += 1;
            FindingId(meta.last_finding_id)
        });
        let (kind, said) = FindingKind::of(finding);
        let kept = KeptFinding {
            id,
            at: note.at,
            kind,
            order_no: attempt.order_no,
            out_trade_no: attempt.out_trade_no.clone(),
            said: said.to_owned(),
            settled: None,
        };
        self.tx.insert(INSERT, &to_row(&kept, 1), about(&kept), note)?;
        Ok(id)
    }

    /// A person settles a finding.
    ///
    /// # Errors
    ///
    /// [`DbError::LawBroken`] where it is settled already.
    pub fn settle(&self, id: FindingId, by: &str, note: &Note) -> Result<(), DbError> {
        let row = self.find(id)?;
        let mut kept = from_row(&row)?;
        kept.settled = Some((note.at, by.to_owned()));
        let version = row.int("version")? + 1;
        self.tx.update(SETTLE, &to_row(&kept, version), about(&kept), note)
    }
}

impl FindingKind {
    const ALL: [FindingKind; 8] = [
        FindingKind::LateMoney,
        FindingKind::Contradicted,
        FindingKind::GoodsGoneUnpaid,
        FindingKind::ReturnedByOthers,
        FindingKind::Held,
        FindingKind::Recovered,
        FindingKind::Copied,
        FindingKind::RefundHeld,
    ];

    /// Returns the name kept in the database. What a person must decide is held, and `said` names
    /// what it is about where that is not the attempt's own end.
    fn as_str(self) -> &'static str {
        match self {
            FindingKind::LateMoney => "late_money",
            FindingKind::Contradicted => "contradicted",
            FindingKind::GoodsGoneUnpaid => "goods_gone_unpaid",
            FindingKind::ReturnedByOthers => "returned_by_others",
            FindingKind::Held | FindingKind::Copied | FindingKind::RefundHeld => "held",
            FindingKind::Recovered => "recovered",
        }
    }

    /// What is held, where it is not the attempt's own end.
    fn held(self) -> Option<&'static str> {
        match self {
            FindingKind::Copied => Some("copied"),
            FindingKind::RefundHeld => Some("refund"),
            FindingKind::LateMoney
            | FindingKind::Contradicted
            | FindingKind::GoodsGoneUnpaid
            | FindingKind::ReturnedByOthers
            | FindingKind::Held
            | FindingKind::Recovered => None,
        }
    }

    fn parse(text: &str, said: &str) -> Option<FindingKind> {
        let of_kind = || FindingKind::ALL.into_iter().filter(|kind| kind.as_str() == text);
        let about = of_kind().find(|kind| kind.held() == Some(said));
        about.or_else(|| of_kind().find(|kind| kind.held().is_none()))
    }

    fn of(finding: &Finding) -> (FindingKind, &str) {
        match finding {
            Finding::LateMoney => (FindingKind::LateMoney, ""),
            Finding::Contradicted { said } => (FindingKind::Contradicted, said),
            Finding::GoodsGoneUnpaid { by } => (FindingKind::GoodsGoneUnpaid, by),
            Finding::ReturnedByOthers => (FindingKind::ReturnedByOthers, ""),
            Finding::Held => (FindingKind::Held, ""),
            Finding::Recovered => (FindingKind::Recovered, ""),
            Finding::Copied => (FindingKind::Copied, "copied"),
            Finding::RefundHeld => (FindingKind::RefundHeld, "refund"),
        }
    }
}

fn about(kept: &KeptFinding) -> About<'_> {
    About { order_no: Some(kept.order_no), out_trade_no: Some(&kept.out_trade_no) }
}

fn to_row(kept: &KeptFinding, version: i64) -> Row {
    let (settled_at, settled_by) = match &kept.settled {
        Some((at, by)) => (Some(*at), Some(by)),
        None => (None, None),
    };
    Row::new(
        &FINDING,
        vec![
            kept.id.0.into(),
            kept.at.into(),
            kept.kind.as_str().into(),
            kept.order_no.0.into(),
            kept.out_trade_no.as_str().into(),
            (&kept.said).into(),
            settled_at.into(),
            settled_by.into(),
            version.into(),
        ],
    )
}

pub(crate) fn from_row(row: &Row) -> Result<KeptFinding, DbError> {
    let settled = match (row.opt_at("settled_at_ms")?, row.opt_text("settled_by")?) {
        (Some(at), Some(by)) => Some((at, by)),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return Err(row.corrupt()),
    };
    let said = row.text_of("said")?;
    Ok(KeptFinding {
        id: FindingId(row.int("finding_id")?),
        at: row.at("at_ms")?,
        kind: row.word("kind", |kind| FindingKind::parse(kind, &said))?,
        order_no: row.order_no("order_no")?,
        out_trade_no: row.out_trade_no("out_trade_no")?,
        said,
        settled,
    })
}
