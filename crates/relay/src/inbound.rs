//! In: a notice is checked, made durable, and only then thanked for.

use std::net::IpAddr;

use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_ENCODING;
use hyper::{Request, Response};

use mianfu_core::mutant;

use crate::counts::Count;
use crate::db::{Notice, Outcome, Wish};
use crate::notice::{Opened, Refusal, Thanks};
use crate::page::{self, Page, answer, text};
use crate::relay::Relay;
use crate::roster::Account;
use crate::router::no_body;

/// Takes a notice, or says why not.
pub(crate) async fn notice(
    relay: &Relay,
    address: IpAddr,
    account: Account,
    till: String,
    request: Request<Incoming>,
) -> Response<Page> {
    let allowed = &relay.settings.allowed;
    if !allowed.is_empty() && !allowed.iter().any(|network| network.has(address)) {
        relay.count(Count::TurnedAway);
        return text(403, "not from here\n");
    }
    let roster = relay.roster();
    let Some(merchant) = roster.merchant_of(&till, &account) else {
        return text(404, "not here\n");
    };
    if !relay.lets_merchant(&account) {
        relay.count(Count::TooOften);
        return text(429, "too often\n");
    }
    let packed = request.headers().contains_key(CONTENT_ENCODING);
    if packed && !mutant::planted("relay_takes_what_is_packed") {
        // Nothing is unpacked here: no channel packs, and a small bomb has a large inside.
        return text(415, "not packed\n");
    }
    let (head, body) = request.into_parts();
    let settings = &relay.settings;
    let body = match page::read(body, settings.body_max_bytes, settings.body_limit).await {
        Ok(body) => body,
        Err(why) => return no_body(relay, why),
    };
    let now = relay.now();
    match merchant.open(&head.headers, &body, now) {
        Ok(Opened::Notice { key, headers }) => {
            let Ok(headers) = serde_json::to_string(&headers) else {
                return refused(relay, &account, &till, Refusal::Unreadable);
            };
            let Account { channel, merchant: of } = account.clone();
            let notice = Notice { channel, merchant: of, received: now, headers, body };
            let thanks = merchant.thanks(false);
            keep(relay, &account, till, key, notice, thanks).await
        }
        Ok(Opened::Hint) => hint(relay, &till, body, merchant.thanks(true)),
        Err(refusal) => refused(relay, &account, &till, refusal),
    }
}

async fn keep(
    relay: &Relay,
    account: &Account,
    till: String,
    key: [u8; 32],
    notice: Notice,
    thanks: Thanks,
) -> Response<Page> {
    let bytes = notice.body.len();
    let Account { channel, merchant } = account;
    match relay.keep(Wish::Keep { till: till.clone(), key, notice }).await {
        Ok(Outcome::Kept(seq)) => {
            relay.count(Count::Kept);
            tracing::debug!(channel, merchant, till, seq, bytes, "kept a notice");
            thank(thanks)
        }
        Ok(Outcome::Already(seq)) => {
            relay.count(Count::Already);
            tracing::debug!(channel, merchant, till, seq, "a notice came again");
            thank(thanks)
        }
        Ok(other) => {
            tracing::error!(?other, "a notice was not what became of it");
            text(503, "not kept\n")
        }
        Err(error) => {
            relay.count(Count::NotKept);
            tracing::warn!(channel, merchant, till, %error, "a notice was not kept");
            text(503, "not kept\n")
        }
    }
}

/// Wakes a till. Where there is none to wake the channel may come again.
fn hint(relay: &Relay, till: &String, body: Vec<u8>, thanks: Thanks) -> Response<Page> {
    if !relay.lets_hint(till) {
        relay.count(Count::TooOften);
        return text(429, "too often\n");
    }
    if relay.hub.desk(till).hint(Bytes::from(body)) {
        relay.count(Count::Hinted);
        return thank(thanks);
    }
    relay.count(Count::Unhinted);
    text(503, "nobody is there\n")
}

fn refused(relay: &Relay, account: &Account, till: &str, refusal: Refusal) -> Response<Page> {
    let (count, status, word) = match refusal {
        Refusal::BadSignature => (Count::Unsigned, 401, "not signed by the channel\n"),
        Refusal::Stale => (Count::Stale, 401, "signed at another time\n"),
        Refusal::Elsewhere => (Count::Elsewhere, 403, "for another merchant\n"),
        Refusal::Unreadable => (Count::Unreadable, 400, "not readable\n"),
    };
    relay.count(count);
    let Account { channel, merchant } = account;
    if relay.has_words() {
        tracing::warn!(channel, merchant, till, %refusal, "refused a notice");
    }
    text(status, word)
}

fn thank(thanks: Thanks) -> Response<Page> {
    let kind = if thanks.body.starts_with('<') { "text/xml" } else { "text/plain" };
    answer(thanks.status, kind, thanks.body)
}
