//! Why a command did nothing, in the page's terms: one code per thing the page says or does.
//!
//! The sentence is the page's; `detail` is small print with all causes, for whoever helps. It is
//! made of error texts only, and those never hold a key or an auth code.

use mianfu_core::breaker::Offer;
use mianfu_till::running::AskError;
use mianfu_till::start::StartError;
use mianfu_till::worker::chain;
use mianfu_till::{DbError, Refusal, Scanned, TillError};

use crate::practice::PracticeError;
use crate::store::StoreError;
use crate::views::{Report, ReportCode};

impl Report {
    /// Returns a report with all causes of an error as its small print.
    pub(crate) fn new(code: ReportCode, error: &dyn std::error::Error) -> Report {
        Report { code, detail: chain(error) }
    }

    /// Returns a report that explains itself.
    pub(crate) fn plain(code: ReportCode, detail: &str) -> Report {
        Report { code, detail: detail.to_owned() }
    }
}

impl From<Refusal> for Report {
    fn from(refusal: Refusal) -> Report {
        let code = match &refusal {
            Refusal::NoAmount => ReportCode::BadAmount,
            Refusal::AboveLimit { .. } => ReportCode::AboveLimit,
            Refusal::NotACode(scanned) => code_of_scanned(scanned),
            Refusal::CodeUsed => ReportCode::CodeAlreadyUsed,
            Refusal::NoChannel => ReportCode::ChannelNotReady,
            Refusal::NotOffered(offer) => code_of_offer(offer),
            Refusal::AttemptOpen { .. } | Refusal::SameCustomer { .. } => ReportCode::AttemptOpen,
            Refusal::PaidAlready | Refusal::IntentUsed => ReportCode::Outdated,
            Refusal::TooManyOpen { .. } => ReportCode::TooManyOpen,
            Refusal::TooManyAside { .. } => ReportCode::TooManyAside,
            Refusal::Db(error) => code_of_db(error),
        };
        Report::new(code, &refusal)
    }
}

impl From<TillError> for Report {
    fn from(error: TillError) -> Report {
        let code = match &error {
            TillError::Db(error) => code_of_db(error),
            TillError::NoSuchAttempt { .. } => ReportCode::Outdated,
        };
        Report::new(code, &error)
    }
}

impl From<DbError> for Report {
    fn from(error: DbError) -> Report {
        Report::new(code_of_db(&error), &error)
    }
}

impl From<AskError> for Report {
    fn from(error: AskError) -> Report {
        Report::new(ReportCode::Internal, &error)
    }
}

impl From<StartError> for Report {
    fn from(error: StartError) -> Report {
        let code = match &error {
            StartError::Db(error) => code_of_db(error),
            StartError::Channel(_) => ReportCode::Misconfigured,
            StartError::System(_) => ReportCode::DiskBroken,
        };
        Report::new(code, &error)
    }
}

impl From<StoreError> for Report {
    fn from(error: StoreError) -> Report {
        Report::new(ReportCode::Misconfigured, &error)
    }
}

impl From<PracticeError> for Report {
    fn from(error: PracticeError) -> Report {
        let code = match &error {
            PracticeError::InUse(_) => ReportCode::BusyElsewhere,
            PracticeError::State(_) => ReportCode::Misconfigured,
            PracticeError::System(_) => ReportCode::DiskBroken,
        };
        Report::new(code, &error)
    }
}

fn code_of_scanned(scanned: &Scanned) -> ReportCode {
    match scanned {
        Scanned::Payment { .. } => ReportCode::WechatNotYet,
        Scanned::UnionPay => ReportCode::UnionPayCode,
        Scanned::Truncated => ReportCode::TruncatedCode,
        Scanned::Product => ReportCode::ProductBarcode,
        Scanned::Receive => ReportCode::ReceiveCode,
        Scanned::RunTogether
        | Scanned::Receipt(_)
        | Scanned::FullWidth
        | Scanned::Empty
        | Scanned::Other => ReportCode::NotAPaymentCode,
    }
}

fn code_of_offer(offer: &Offer) -> ReportCode {
    match offer {
        Offer::Ready | Offer::Proving | Offer::Misconfigured { .. } => ReportCode::ChannelNotReady,
        Offer::Silent { .. } => ReportCode::BreakerOpen,
    }
}

fn code_of_db(error: &DbError) -> ReportCode {
    match error {
        DbError::TooNew { .. } => ReportCode::AppTooOld,
        DbError::Corrupt { .. } => ReportCode::DatabaseBroken,
        DbError::HeldElsewhere { .. } => ReportCode::BusyElsewhere,
        DbError::DiskFull { .. } => ReportCode::DiskFull,
        DbError::ReadOnly { .. } | DbError::Io { .. } => ReportCode::DiskBroken,
        DbError::NotFound { .. }
        | DbError::Stale { .. }
        | DbError::IntentKept { .. }
        | DbError::LiveAttempt { .. } => ReportCode::Outdated,
        DbError::Busy { .. }
        | DbError::CeilingReached { .. }
        | DbError::NumberTaken { .. }
        | DbError::LawBroken { .. }
        | DbError::NoNumber { .. }
        | DbError::Sqlite { .. } => ReportCode::Internal,
    }
}
