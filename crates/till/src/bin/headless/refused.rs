//! Why a command was not carried out, in sentences; [`crate::next`] says what to do.

use std::path::PathBuf;

use mianfu_core::breaker::Offer;
use mianfu_core::money::Fen;
use mianfu_core::refund::{Refund, RefundId};
use mianfu_till::listener::RelayFileError;
use mianfu_till::refunds::{RefundRefusal, phase_name};
use mianfu_till::running::AskError;
use mianfu_till::start::StartError;
use mianfu_till::worker::chain;
use mianfu_till::{DbError, Refusal, TillError};
use serde_json::{Value, json};

use crate::refund::IntentName;
use crate::{chinese, next};

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error("that is not an amount: write yuan like 12.50")]
    Amount,
    #[error("say --show or --scan CODE")]
    NoMeans,
    #[error("this till has more than one channel")]
    WhichChannel,
    #[error("that is not a number of this till: 28 digits beginning with 90")]
    Number,
    #[error("the name of an intent has 1 to 64 letters and no space")]
    IntentName,
    #[error("there is no till's database at `{}`", .0.display())]
    NoDatabase(PathBuf),
    #[error("the relay's file cannot be used")]
    Relay(#[from] RelayFileError),
    #[error("the till could not start")]
    Start(#[from] StartError),
    #[error("{}", offer_sentence(.0))]
    NotOffered(Offer),
    #[error("no channel is set up")]
    NoChannel,
    #[error(transparent)]
    Sale(Refusal),
    #[error(transparent)]
    Refund(#[from] RefundRefusal),
    #[error("this sale has a refund of {} already ({})", .0.amount, phase_name(&.0.phase))]
    RefundedBefore(Box<Refund>),
    #[error("the intent was used for a refund of {amount} of this sale")]
    RefundIntentUsed { amount: Fen },
    #[error(
        "this sale is from before the database was restored or copied: a refund of it may be \
         missing here"
    )]
    RefundsUnknown,
    #[error("refund {} does not wait for a person: it is {phase}", id.0)]
    NotWedged { id: RefundId, phase: &'static str },
    #[error(transparent)]
    Till(#[from] TillError),
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    Ask(#[from] AskError),
    #[error("the till has stopped")]
    Stopped,
    #[error("the system refused")]
    System(#[from] std::io::Error),
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Refused {
        if let Refusal::NotOffered(offer) = refusal {
            return Refused::NotOffered(offer);
        }
        Refused::Sale(refusal)
    }
}

impl Refused {
    /// Returns the line to print.
    pub(crate) fn line(&self) -> Value {
        let not_offered = matches!(self, Refused::NotOffered(_));
        let event = if not_offered { "not_offered" } else { "error" };
        let next = next::of(self);
        let mut line = json!({
            "event": event,
            "error": chain(self),
            "error_zh": chinese::of(self),
            "next": next.en,
            "next_zh": next.zh,
        });
        if let Refused::RefundedBefore(refund) = self {
            line["refund_id"] = json!(refund.id.0);
            line["intent"] = json!(IntentName::of(refund).as_ref().map(IntentName::as_str));
        }
        line
    }
}

fn offer_sentence(offer: &Offer) -> String {
    match offer {
        Offer::Misconfigured { reason } => format!(
            "the channel refuses our calls ({reason}): check app_id and keys in the channel's file"
        ),
        Offer::Silent { .. } => "the channel does not answer".to_owned(),
        Offer::Unproven { reason: Some(reason) } => {
            format!("the channel lets no reversal in ({reason}), so nothing is scanned")
        }
        Offer::Unproven { reason: None } => "the reversal has not been tried yet".to_owned(),
        Offer::Proving | Offer::Ready => "the channel has not answered yet".to_owned(),
    }
}
