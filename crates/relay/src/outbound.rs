//! Out: a till proves itself, and gets its stream or says how far it is.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::AUTHORIZATION;
use hyper::{Request, Response};
use serde::Deserialize;

use crate::counts::Count;
use crate::db::{Outcome, Wish};
use crate::feed::{Feed, Start};
use crate::page::{self, NoBody, Page, answer, text};
use crate::relay::Relay;
use crate::router::{Turn, no_body};
use crate::trust::{self, Claim, Doubt, Signed};

/// The longest body of a till's request.
const BODY_MAX_BYTES: usize = 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ack {
    upto: String,
}

/// Opens a till's stream, or says why not.
pub(crate) async fn stream(
    relay: &Arc<Relay>,
    till: &str,
    request: Request<Incoming>,
) -> Result<Response<Page>, Turn> {
    let last = request.headers().get("last-event-id").cloned();
    let last = last.as_ref().and_then(|last| last.to_str().ok());
    let claim = match proven(relay, till, request).await {
        Ok((claim, _)) => claim,
        Err(response) => return Ok(response),
    };
    let key = (claim.key_id.clone(), claim.key_mark);
    if let Err(response) = used_up(relay, till, claim, None).await {
        return Ok(response);
    }
    // The place first: what is kept while the numbers are read wakes it.
    let seat = relay.hub.desk(till).take();
    let Ok(standing) = relay.standing(till.to_owned()).await else {
        return Ok(text(503, "not now\n"));
    };
    let seen = match last {
        None => standing.acked,
        // Another database's number, or one of before a restore, says nothing of what was seen.
        Some(last) => number(relay, last).filter(|seq| *seq <= standing.last).unwrap_or(0),
    };
    tracing::info!(till, seen, newest = standing.last, "a till listens");
    let start = Start { seen, newest: standing.last };
    Err(Turn::to(Feed::new(relay, till, key, seat, start)))
}

/// Notes how far a till is.
pub(crate) async fn ack(
    relay: &Arc<Relay>,
    till: &str,
    request: Request<Incoming>,
) -> Response<Page> {
    let (claim, body) = match proven(relay, till, request).await {
        Ok(proven) => proven,
        Err(response) => return response,
    };
    let Ok(Ack { upto }) = serde_json::from_slice(&body) else {
        return text(400, "not an acknowledgement\n");
    };
    let Some(upto) = number(relay, &upto) else {
        return text(409, "no number of this relay\n");
    };
    match used_up(relay, till, claim, Some(upto)).await {
        Ok(()) => {
            relay.count(Count::Acknowledged);
            answer(204, "", "")
        }
        Err(response) => response,
    }
}

/// Reads a till's request and checks who made it.
async fn proven(
    relay: &Relay,
    till: &str,
    request: Request<Incoming>,
) -> Result<(Claim, Vec<u8>), Response<Page>> {
    let (head, body) = request.into_parts();
    let body = page::read(body, BODY_MAX_BYTES, relay.settings.body_limit).await;
    let body = body.map_err(|why: NoBody| no_body(relay, why))?;
    let mut headers = head.headers.get_all(AUTHORIZATION).iter();
    let authorization = headers.next().and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_one = headers.next().is_none();
    let signed = Signed { method: head.method.as_str(), path: head.uri.path(), body: &body };
    let roster = relay.roster();
    let known = roster.tills.get(till);
    let checked = match known {
        Some(known) if is_one => trust::check(&known.keys, signed, authorization, relay.now()),
        Some(_) | None => Err(Doubt::BadSignature),
    };
    match checked {
        Ok(claim) => Ok((claim, body)),
        Err(doubt) => {
            relay.count(Count::Doubted);
            // A name that nobody has would let a stranger write our log.
            let till = known.map(|_| till);
            if relay.has_words() {
                tracing::warn!(till, %doubt, "doubted a till");
            }
            Err(match doubt {
                Doubt::BadSignature => text(401, "signature\n"),
                Doubt::Clock => page::dated(text(401, "clock\n"), relay.now()),
            })
        }
    }
}

/// Uses up a request's nonce, durably, and notes an acknowledgement with it.
async fn used_up(
    relay: &Relay,
    till: &str,
    claim: Claim,
    ack: Option<i64>,
) -> Result<(), Response<Page>> {
    let Claim { nonce, at, .. } = claim;
    match relay.keep(Wish::Claim { till: till.to_owned(), nonce, at, ack }).await {
        Ok(Outcome::Claimed) => Ok(()),
        Ok(Outcome::NoSuchNumber) => Err(text(409, "no number of this relay\n")),
        Ok(_) => {
            relay.count(Count::Replayed);
            tracing::warn!(till, "a till's request came twice");
            Err(text(401, "nonce\n"))
        }
        Err(error) => {
            tracing::warn!(till, %error, "a till was not served");
            Err(text(503, "not now\n"))
        }
    }
}

/// Reads a number as streams write it; `None` where it is not of this database.
fn number(relay: &Relay, text: &str) -> Option<i64> {
    let (epoch, seq) = text.rsplit_once('-')?;
    let is_number = (1..=18).contains(&seq.len()) && seq.bytes().all(|byte| byte.is_ascii_digit());
    (epoch == relay.epoch && is_number).then(|| seq.parse().ok()).flatten()
}
