//! What is open: whatever waits for a person or is not known yet, of whatever day.
//!
//! A sale without a result, a refund on its way or refused for lack of balance, and a finding that
//! the manager has not looked into; what is held, a sale or a refund, is listed by its finding.
//! Nothing is decided here; each has one thing that a person can do about it.

use std::collections::BTreeSet;

use mianfu_core::attempt::{Attempt, Phase};
use mianfu_core::money::{Fen, Timestamp};
use mianfu_core::number::OrderNo;
use mianfu_core::refund::{Refund, RefundPhase};
use mianfu_db::DbError;
pub use mianfu_db::{FindingId, FindingKind, KeptFinding};
use mianfu_gateway::Keys;

use crate::cashier::{OPEN_MAX, note};
use crate::people::{Approved, FindingSettled, Outlived};
use crate::till::Till;

/// Items that one list holds.
const LISTED_MAX: usize = 50;

/// Why a finding is not settled. Nothing was kept.
#[derive(Debug, thiserror::Error)]
pub enum SettleRefusal {
    /// Somebody has settled it.
    #[error("finding {id} is settled already")]
    Settled {
        /// The finding.
        id: i64,
    },
    /// The manager's word is too old.
    #[error("it was not approved in time")]
    Outlived(#[from] Outlived),
    /// The database.
    #[error("it could not be kept")]
    Db(#[from] DbError),
}

/// One thing that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenItem {
    /// A sale without a result.
    Attempt(Attempt),
    /// A refund that has not come to its end.
    Refund(Refund),
    /// What was found about a sale, and the sale as it is now.
    Finding(KeptFinding, Attempt),
}

/// What is open, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OpenItems {
    /// The oldest.
    pub items: Vec<OpenItem>,
    /// How many more there are.
    pub rest: usize,
}

impl OpenItem {
    /// Returns since when it is open.
    #[must_use]
    pub fn since(&self) -> Timestamp {
        match self {
            OpenItem::Attempt(attempt) => attempt.kept_at,
            OpenItem::Refund(refund) => refund.kept_at,
            OpenItem::Finding(finding, _) => finding.at,
        }
    }

    /// Returns the order it belongs to.
    #[must_use]
    pub fn order_no(&self) -> OrderNo {
        match self {
            OpenItem::Attempt(attempt) => attempt.order_no,
            OpenItem::Refund(refund) => refund.order_no,
            OpenItem::Finding(finding, _) => finding.order_no,
        }
    }

    /// Returns what it is about.
    #[must_use]
    pub fn amount(&self) -> Fen {
        match self {
            OpenItem::Attempt(attempt) | OpenItem::Finding(_, attempt) => attempt.amount.fen(),
            OpenItem::Refund(refund) => refund.amount,
        }
    }
}

impl<K: Keys> Till<K> {
    /// Returns what is open. A sale whose money is going back is listed by its refund alone.
    ///
    /// # Errors
    ///
    /// Fails where the database cannot be read.
    pub fn open_items(&self) -> Result<OpenItems, DbError> {
        let read = self.db.read();
        let refunds: Vec<Refund> = self.open_refunds()?;
        let by_refund: BTreeSet<_> =
            refunds.iter().map(|refund| refund.out_trade_no.clone()).collect();
        let mut attempts = self.open_attempts()?;
        attempts.retain(|attempt| {
            let going_back = matches!(attempt.phase, Phase::Refunding { .. });
            !(going_back && by_refund.contains(&attempt.out_trade_no))
        });
        let mut items: Vec<OpenItem> = attempts.into_iter().map(OpenItem::Attempt).collect();
        items.extend(refunds.into_iter().map(OpenItem::Refund));
        for finding in read.findings().open(OPEN_MAX)? {
            let attempt = read.attempts().get(&finding.out_trade_no)?.value;
            items.push(OpenItem::Finding(finding, attempt));
        }
        items.sort_by_key(|item| (item.since(), item.order_no()));
        let rest = items.len().saturating_sub(LISTED_MAX);
        items.truncate(LISTED_MAX);
        Ok(OpenItems { items, rest })
    }

    /// Settles a finding with the manager's word. It moves no money and ends nothing.
    ///
    /// # Errors
    ///
    /// Refuses a word that is too old, and a finding that is settled already.
    pub fn finding_settled(
        &mut self,
        approved: Approved<FindingSettled>,
        now: Timestamp,
    ) -> Result<(), SettleRefusal> {
        let (FindingSettled { id }, by) = approved.take(now)?;
        if self.db.read().findings().get(id)?.settled.is_some() {
            return Err(SettleRefusal::Settled { id: id.0 });
        }
        let noted = note(now, "finding_settled", String::new());
        self.db.write("settle a finding", |tx| tx.findings().settle(id, by, &noted))?;
        Ok(())
    }

    /// Returns how many refunds a person can try again; one that is held is counted as a finding.
    pub(crate) fn waiting_refunds(&self) -> Result<u32, DbError> {
        let open = self.open_refunds()?;
        let wedged =
            open.iter().filter(|refund| matches!(refund.phase, RefundPhase::Wedged { .. })).count();
        Ok(u32::try_from(wedged).unwrap_or(u32::MAX))
    }
}
