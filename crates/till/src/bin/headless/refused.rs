//! Why a command was not carried out, in sentences; [`crate::next`] says what to do.

use mianfu_core::breaker::Offer;
use mianfu_core::money::Fen;
use mianfu_core::refund::RefundId;
use mianfu_till::refunds::RefundRefusal;
use mianfu_till::running::AskError;
use mianfu_till::start::StartError;
use mianfu_till::worker::chain;
use mianfu_till::{DbError, Refusal, TillError};
use serde_json::{Value, json};

use crate::next;

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error("`{0}` is not an amount: write yuan like 12.50")]
    Amount(String),
    #[error("say --show or --scan CODE")]
    NoMeans,
    #[error("`{0}` is not a number of this till: 28 digits beginning with 90")]
    Number(String),
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
    #[error(
        "a refund of {amount} for this sale is still open (R{nth}, {phase}): run settle; say \
         --again for another one"
    )]
    RefundOpen { amount: Fen, nth: u32, phase: &'static str },
    #[error(
        "a refund of {amount} for this sale waits for a person (R{nth}, wedged): run retry-refund \
         {}; say --again for another one", id.0
    )]
    RefundWedged { amount: Fen, nth: u32, id: RefundId },
    #[error(
        "a refund of {amount} for this sale was open at the start and is confirmed (R{nth}): say \
         --again for another one"
    )]
    RefundConfirmed { amount: Fen, nth: u32 },
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
        json!({ "event": event, "error": chain(self), "next": next::of(self) })
    }
}

fn offer_sentence(offer: &Offer) -> String {
    match offer {
        Offer::Misconfigured { reason } => format!(
            "the channel refuses our calls ({reason}): check app_id and keys in the channel's file"
        ),
        Offer::Silent { .. } => "the channel does not answer".to_owned(),
        Offer::Proving | Offer::Ready => "the channel has not answered yet".to_owned(),
    }
}
