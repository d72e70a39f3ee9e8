//! What to do after a refusal, kind by kind.

use mianfu_core::breaker::Offer;
use mianfu_gateway::Scanned;
use mianfu_till::refunds::RefundRefusal;
use mianfu_till::start::StartError;
use mianfu_till::{DbError, Refusal, TillError};

use crate::refused::Refused;

/// Returns what to do.
pub(crate) fn of(refused: &Refused) -> String {
    match refused {
        Refused::RefundWedged { id, .. } => {
            return format!("run retry-refund {}; say --again for another one", id.0);
        }
        Refused::Amount(_) => "write yuan like 12.50",
        Refused::NoMeans => "say --show or --scan CODE",
        Refused::Number(_) => "run status for the numbers this till knows",
        Refused::Start(error) => of_start(error),
        Refused::NotOffered(Offer::Misconfigured { reason }) if reason.contains("timestamp") => {
            "nothing was sent; set the clock of this machine and try again"
        }
        Refused::NotOffered(Offer::Misconfigured { .. }) => {
            "nothing was sent; correct the channel's file and try again"
        }
        Refused::NotOffered(Offer::Proving | Offer::Silent { .. } | Offer::Ready) => {
            "nothing was sent; start the channel and try again"
        }
        Refused::NoChannel => "name the channel's file with --channel",
        Refused::Sale(refusal) => of_sale(refusal),
        Refused::Refund(refusal) => of_refund(refusal),
        Refused::RefundOpen { .. } => "run settle; say --again for another one",
        Refused::RefundConfirmed { .. } => "run status; say --again for another one",
        Refused::NotWedged { .. } => "run settle, then status",
        Refused::Till(TillError::Db(error)) | Refused::Db(error) => of_db(error),
        Refused::Till(TillError::NoSuchAttempt { .. }) => {
            "run status for the numbers this till knows"
        }
        Refused::Ask(_) | Refused::Stopped => "run settle: it asks about everything that is open",
        Refused::System(_) => "check the disk, the path and its permissions, then run settle",
    }
    .to_owned()
}

fn of_start(error: &StartError) -> &'static str {
    match error {
        StartError::Db(error) => of_db(error),
        StartError::Channel(_) => "correct the channel's file and try again",
        StartError::System(_) => "check that the folder of --db is there and can be written",
    }
}

fn of_sale(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::NoAmount => "ask for 0.01 or more",
        Refusal::AboveLimit { .. } => "ask for less, or in parts",
        Refusal::NotACode(scanned) => of_scanned(scanned),
        Refusal::CodeUsed => "ask the customer to refresh the payment code, then scan it",
        Refusal::NoChannel => "name the channel's file with --channel",
        Refusal::NotOffered(_) => "nothing was sent; start the channel and try again",
        Refusal::AttemptOpen { .. } | Refusal::SameCustomer { .. } => {
            "run settle, or say --another-customer"
        }
        Refusal::PaidAlready => "run status: there is nothing left to ask for",
        Refusal::TooManyOpen { .. } => "run settle before the next sale",
        Refusal::TooManyAside { .. } => "run settle, or cancel one of them",
        Refusal::IntentUsed => "give this sale an --intent of its own",
        Refusal::Db(error) => of_db(error),
    }
}

fn of_scanned(scanned: &Scanned) -> &'static str {
    match scanned {
        Scanned::Payment { .. } => {
            "this till takes Alipay, WeChat Pay not yet: ask for the customer's Alipay payment code"
        }
        Scanned::UnionPay => {
            "this till takes Alipay, not UnionPay: ask for the customer's Alipay payment code"
        }
        Scanned::Truncated | Scanned::RunTogether => "scan the customer's payment code once more",
        Scanned::Product => "scan the customer's payment code, not the goods",
        Scanned::Receive => {
            "this code takes money: ask the customer to open the payment code (付款码) and scan it"
        }
        Scanned::Receipt(_) => "scan the customer's payment code; a receipt's number is for refund",
        Scanned::FullWidth => "switch the Chinese input method off and scan again",
        Scanned::Empty | Scanned::Other => "scan the customer's payment code",
    }
}

fn of_refund(refusal: &RefundRefusal) -> &'static str {
    match refusal {
        RefundRefusal::NoAmount => "give back 0.01 or more",
        RefundRefusal::NotPaid { .. } => "run settle, then status: only what was paid goes back",
        RefundRefusal::AboveCeiling { .. } => {
            "run status: say --amount with what is left of the sale"
        }
        RefundRefusal::Db(error) => of_db(error),
    }
}

fn of_db(error: &DbError) -> &'static str {
    match error {
        DbError::TooNew { .. } => "update the program: a later one wrote this file",
        DbError::Corrupt { .. } | DbError::LawBroken { .. } => {
            "restore the newest backup; do not delete the file"
        }
        DbError::HeldElsewhere { .. } => {
            "another till uses this file: end it, or give this one a --db of its own"
        }
        DbError::Busy { .. } => "end the other program that reads the file, then run settle",
        DbError::DiskFull { .. } => "free space on the disk, then run settle",
        DbError::ReadOnly { .. } => "check the permissions of the file and its folder",
        DbError::Io { .. } => "check the path and the disk, then run settle",
        DbError::NotFound { .. } => "run status for the numbers this till knows",
        DbError::Stale { .. } | DbError::LiveAttempt { .. } | DbError::NumberTaken { .. } => {
            "run settle, then try again"
        }
        DbError::CeilingReached { .. } => "run status: say --amount with what is left of the sale",
        DbError::IntentKept { .. } => "give this sale an --intent of its own",
        DbError::NoNumber { .. } => "check --store (0 to 99999) and --till (0 to 999)",
        DbError::Sqlite { .. } => "keep the file and update the program",
    }
}
