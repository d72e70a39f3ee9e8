//! What an operation does and who it shares its permits with.

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OperationKind {
    /// Send a parked charge.
    Submit,
    /// Ask what became of an attempt.
    Query,
    /// Reverse an attempt.
    Reverse,
    /// Close an attempt.
    Close,
    /// Give money back.
    Refund,
    /// Ask what became of a refund.
    RefundQuery,
    /// Fetch a day's statement.
    StatementDownload,
    /// Ask once more about an attempt that has ended.
    LateAsk,
}

/// Who an operation shares its permits with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Queries, reversals, closes: never starved.
    Certainty,
    /// New charges.
    Charge,
    /// What can wait.
    Background,
}

impl OperationKind {
    const ALL: [OperationKind; 8] = [
        OperationKind::Submit,
        OperationKind::Query,
        OperationKind::Reverse,
        OperationKind::Close,
        OperationKind::Refund,
        OperationKind::RefundQuery,
        OperationKind::StatementDownload,
        OperationKind::LateAsk,
    ];

    /// Returns the name kept in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            OperationKind::Submit => "submit",
            OperationKind::Query => "query",
            OperationKind::Reverse => "reverse",
            OperationKind::Close => "close",
            OperationKind::Refund => "refund",
            OperationKind::RefundQuery => "refund_query",
            OperationKind::StatementDownload => "statement_download",
            OperationKind::LateAsk => "late_ask",
        }
    }

    /// Returns the key before which all rows of the kind lie, so that looking for the few questions
    /// about ended attempts does not walk through a long queue of refunds.
    pub(super) fn keys_end(self) -> &'static str {
        match self {
            OperationKind::LateAsk => "refund/",
            OperationKind::Submit
            | OperationKind::Query
            | OperationKind::Reverse
            | OperationKind::Close
            | OperationKind::Refund
            | OperationKind::RefundQuery
            | OperationKind::StatementDownload => "\u{10FFFF}",
        }
    }

    pub(super) fn parse(text: &str) -> Option<OperationKind> {
        OperationKind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl Lane {
    /// Every lane, the one that is never starved first.
    pub const ALL: [Lane; 3] = [Lane::Certainty, Lane::Charge, Lane::Background];

    /// Returns the name kept in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Lane::Certainty => "certainty",
            Lane::Charge => "charge",
            Lane::Background => "background",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Lane> {
        Lane::ALL.into_iter().find(|lane| lane.as_str() == text)
    }
}
