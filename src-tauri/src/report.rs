//! Why a command did nothing, in the page's terms: one code per thing the page says or does.
//!
//! The sentence is the page's; `detail` is small print with all causes, for whoever helps. It is
//! made of error texts only, and those never hold a key or an auth code.

use mianfu_core::breaker::Offer;
use mianfu_till::away::AwayRefusal;
use mianfu_till::bill::BillRefusal;
use mianfu_till::cash::{CashRefundRefusal, CashRefusal};
use mianfu_till::cashier::GoodsRefusal;
use mianfu_till::open_items::SettleRefusal;
use mianfu_till::people::PinRefusal;
use mianfu_till::receipt::ReceiptRefusal;
use mianfu_till::receipt::paper::PaperError;
use mianfu_till::refunds::RefundRefusal;
use mianfu_till::running::AskError;
use mianfu_till::start::StartError;
use mianfu_till::worker::chain;
use mianfu_till::{DbError, Refusal, Scanned, TillError};

use crate::practice::PracticeError;
use crate::store::StoreError;
use crate::views::{ChannelView, Report, ReportCode};

impl Report {
    /// Returns a report with all causes of an error as its small print.
    pub(crate) fn new(code: ReportCode, error: &dyn std::error::Error) -> Report {
        Report { code, detail: chain(error), channel: None }
    }

    /// Returns a report that explains itself.
    pub(crate) fn plain(code: ReportCode, detail: &str) -> Report {
        Report { code, detail: detail.to_owned(), channel: None }
    }

    /// Returns the report with the wallet that it is about.
    pub(crate) fn about(self, channel: Option<ChannelView>) -> Report {
        Report { channel, ..self }
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
            Refusal::PaidAlready | Refusal::IntentUsed | Refusal::Away => ReportCode::Outdated,
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
            TillError::NoSuchAttempt { .. } | TillError::NoLonger { .. } => ReportCode::Outdated,
        };
        Report::new(code, &error)
    }
}

impl From<PinRefusal> for Report {
    fn from(refusal: PinRefusal) -> Report {
        let code = match &refusal {
            PinRefusal::Wrong => ReportCode::WrongPin,
            PinRefusal::Locked { .. } => ReportCode::PinLocked,
            PinRefusal::Unset => ReportCode::PinUnset,
            PinRefusal::TooSimple => ReportCode::BadPin,
            PinRefusal::Unusable { .. } => ReportCode::Misconfigured,
            PinRefusal::Unkept(_) => ReportCode::DiskBroken,
        };
        Report::new(code, &refusal)
    }
}

impl From<AwayRefusal> for Report {
    fn from(refusal: AwayRefusal) -> Report {
        let code = match &refusal {
            AwayRefusal::Open { .. } => ReportCode::SalesOpen,
            AwayRefusal::Outlived(_) => ReportCode::Outdated,
            AwayRefusal::Db(error) => code_of_db(error),
        };
        Report::new(code, &refusal)
    }
}

impl From<GoodsRefusal> for Report {
    fn from(refusal: GoodsRefusal) -> Report {
        let code = match &refusal {
            GoodsRefusal::ReversalLeft { .. } => ReportCode::ReversalLeft,
            GoodsRefusal::NotOpen { .. } | GoodsRefusal::Outlived(_) => ReportCode::Outdated,
            GoodsRefusal::Till(TillError::Db(error)) => code_of_db(error),
            GoodsRefusal::Till(TillError::NoSuchAttempt { .. } | TillError::NoLonger { .. }) => {
                ReportCode::Outdated
            }
        };
        Report::new(code, &refusal)
    }
}

impl From<SettleRefusal> for Report {
    fn from(refusal: SettleRefusal) -> Report {
        let code = match &refusal {
            SettleRefusal::Settled { .. } | SettleRefusal::Outlived(_) => ReportCode::Outdated,
            SettleRefusal::Db(error) => code_of_db(error),
        };
        Report::new(code, &refusal)
    }
}

impl From<RefundRefusal> for Report {
    fn from(refusal: RefundRefusal) -> Report {
        let code = match &refusal {
            RefundRefusal::NoAmount => ReportCode::BadAmount,
            RefundRefusal::NoChannel { .. } => ReportCode::ChannelNotReady,
            RefundRefusal::NotPaid { .. } => ReportCode::NothingToRefund,
            RefundRefusal::AboveCeiling { .. } => ReportCode::RefundExceeds,
            RefundRefusal::IntentUsed | RefundRefusal::Outlived(_) => ReportCode::Outdated,
            RefundRefusal::Db(error) => code_of_db(error),
        };
        Report::new(code, &refusal)
    }
}

impl From<CashRefusal> for Report {
    fn from(refusal: CashRefusal) -> Report {
        let code = match &refusal {
            CashRefusal::NoAmount | CashRefusal::ReceivedTooMuch => ReportCode::BadAmount,
            CashRefusal::AboveLimit { .. } => ReportCode::AboveLimit,
            CashRefusal::AttemptOpen { .. } => ReportCode::AttemptOpen,
            CashRefusal::PaidAlready | CashRefusal::IntentUsed | CashRefusal::Away => {
                ReportCode::Outdated
            }
            CashRefusal::RoundingTooLarge { .. } => ReportCode::RoundingTooLarge,
            CashRefusal::ReceivedTooLittle { .. } => ReportCode::ReceivedTooLittle,
            CashRefusal::NoChannel { .. } => ReportCode::ChannelNotReady,
            CashRefusal::Db(error) => code_of_db(error),
        };
        Report::new(code, &refusal)
    }
}

impl From<CashRefundRefusal> for Report {
    fn from(refusal: CashRefundRefusal) -> Report {
        let code = match &refusal {
            CashRefundRefusal::NoAmount => ReportCode::BadAmount,
            CashRefundRefusal::NothingLeft { .. } => ReportCode::NothingToRefund,
            CashRefundRefusal::Exceeds { .. } => ReportCode::RefundExceeds,
            CashRefundRefusal::IntentUsed | CashRefundRefusal::Outlived(_) => ReportCode::Outdated,
            CashRefundRefusal::Db(error) => code_of_db(error),
        };
        Report::new(code, &refusal)
    }
}

impl From<ReceiptRefusal> for Report {
    fn from(refusal: ReceiptRefusal) -> Report {
        let code = match &refusal {
            ReceiptRefusal::NothingTaken { .. } => ReportCode::NothingTaken,
            ReceiptRefusal::Db(error) => code_of_db(error),
        };
        Report::new(code, &refusal)
    }
}

impl From<PaperError> for Report {
    fn from(error: PaperError) -> Report {
        let code = match &error {
            PaperError::NoFont | PaperError::Font(_) => ReportCode::NoFont,
            PaperError::Barcode(_) => ReportCode::Internal,
        };
        Report::new(code, &error)
    }
}

impl From<BillRefusal> for Report {
    fn from(refusal: BillRefusal) -> Report {
        let code = match &refusal {
            // A payment code charges nothing here: the amount comes first.
            BillRefusal::NotABill { scanned: Scanned::Payment { .. }, front_open } => {
                if *front_open { ReportCode::AttemptOpen } else { ReportCode::BadAmount }
            }
            BillRefusal::NotABill { scanned, .. } => code_of_scanned(scanned),
            BillRefusal::NoRoom(_) => ReportCode::TooManyAside,
            BillRefusal::Db(error) => code_of_db(error),
        };
        Report::new(code, &refusal)
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
        Scanned::Payment { .. } => ReportCode::WalletNotHere,
        Scanned::UnionPay => ReportCode::UnionPayCode,
        Scanned::Truncated => ReportCode::TruncatedCode,
        Scanned::Product => ReportCode::ProductBarcode,
        Scanned::Receive => ReportCode::ReceiveCode,
        Scanned::Address => ReportCode::WebAddress,
        Scanned::Card => ReportCode::MemberCard,
        Scanned::Receipt(_) | Scanned::CashReceipt(_) => ReportCode::OwnReceipt,
        Scanned::RunTogether => ReportCode::CodesRunTogether,
        Scanned::TooLong => ReportCode::ScanTooLong,
        Scanned::FullWidth => ReportCode::WideDigits,
        Scanned::Empty | Scanned::Other => ReportCode::NotAPaymentCode,
    }
}

fn code_of_offer(offer: &Offer) -> ReportCode {
    match offer {
        Offer::Ready
        | Offer::Proving
        | Offer::Misconfigured { .. }
        | Offer::Unproven { reason: None } => ReportCode::ChannelNotReady,
        Offer::Unproven { reason: Some(_) } => ReportCode::ScansUnproven,
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
