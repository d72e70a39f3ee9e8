//! The relay: takes the channels' notices and hands them to tills that nobody can call.
//!
//! It is a speed-up and is trusted with no money. It holds public keys only, keeps what it was
//! sent as it came, and hands it on as it came; a till checks the channel's signature again and
//! merges a notice like any other word (M14). A relay that invents, alters, repeats, delays or
//! withholds can at worst be slow.
//!
//! In reading order: [`keys`], [`notice`] and [`trust`] decide what is genuine and [`roster`] for
//! whom; `keeper` makes it durable through [`db`], `hub` and `feed` hand it on; [`settings`] and
//! [`limits`] are the bounds; [`server`] and `router` are the sockets.
//!
//! Rules kept here:
//! - a channel is thanked only for what would survive a power cut;
//! - a signature is checked on the bytes that came, before they are read (law 10);
//! - every table, queue, body, wait and connection has a bound (law 7).
//!
//! # The address a till gives a channel
//!
//! `https://HOST/notify/{channel}/{merchant}/{till}` without a query: `alipay` and the application's
//! number (`app_id`), or `wechat` and the merchant's number (`mchid`); the till's name in
//! `relay.toml`. Whether a notice belongs to that till is for the till to say.
//!
//! # What a till says, and how it proves itself
//!
//! HTTP/1.1, over TLS unless the relay is on the same machine. Each request carries
//!
//! ```text
//! Authorization: MIANFU-HMAC-SHA256 key=ID,timestamp=MS,nonce=HEX32,signature=HEX64
//! ```
//!
//! `ID` names one of the till's keys, `MS` is the till's time in milliseconds since 1970, the nonce
//! is 16 random bytes, and the signature is HMAC-SHA256 under the key (the bytes that its file
//! holds as base64) over six lines, each ended by a line feed, the last one included:
//!
//! ```text
//! MIANFU-HMAC-SHA256
//! GET                                   the method, in upper case
//! /stream/till-1                        the path as it is sent; there is no query
//! 1795190400000                         MS
//! 00112233445566778899aabbccddeeff      the nonce, 32 digits of lower-case hexadecimal
//! e3b0c442…b855                         SHA-256 of the body, lower-case hexadecimal
//! ```
//!
//! With the key of 32 bytes `01`, `POST /ack/till-1`, the body `{"upto":"e-7"}`, the time
//! 1795190400000 and a nonce of 16 bytes `07`, the signature is
//! `ab15be57574bc789ac47c6324ecdc23068a1295077404421e45cd24ae9c92b6b`.
//!
//! A nonce is used once and for ever; a request that is tried again gets another one. Answers that
//! a till tells apart:
//!
//! | status | body | what it means for the till |
//! |---|---|---|
//! | 401 | `signature` | the key is wrong, unknown or revoked: a person must act |
//! | 401 | `clock` | the clocks differ by more than five minutes; `Date` has the relay's |
//! | 401 | `nonce` | the nonce was used, or the relay's clock was set back: draw another |
//! | 409 | | an acknowledgement of a number that this relay has not told |
//! | 429, 503 | | not now: come again with a backoff |
//!
//! # The stream
//!
//! `GET /stream/{till}`, without a body, and `Last-Event-ID: ID` where the till has seen anything:
//! the last `id` it has *kept*. The header is not signed; a wrong one can at worst repeat or
//! withhold. Without it the stream begins after what was acknowledged. The answer is
//! `text/event-stream` without a length; the connection serves nothing else any more. A till has
//! one stream: a second one ends the first.
//!
//! | event | `id` | `data` (JSON, one line) |
//! |---|---|---|
//! | `hello` | | `relay` (this database's name), `after` (the stream begins after this id), `beat_ms`, `now_ms` (the relay's time); once, first |
//! | `notice` | yes | `channel`, `merchant`, `received_ms`, `headers` (a list of `[name, value]`: for WeChat Pay the four that its signature needs), `body` (base64 of the bytes that came) |
//! | `gap` | yes | `upto`: notices up to this id are not here any more; ask the channel about whatever is open |
//! | `hint` | | `body` (base64): nobody has checked it; a notice of API v2, a reason to ask and no more |
//!
//! Ids are `RELAY-NUMBER`; numbers of one `RELAY` rise by one from notice to notice. Where `hello`
//! names another `relay` than the last time, or `after` another number than was asked for, the
//! database is another one or an older copy: everything that is there is told again, and a till
//! must take a notice twice without harm in any case. A comment (`: alive`) comes every `beat_ms`
//! without a word; a till that hears nothing for three times as long hangs up, polls, and comes
//! again: after `retry` milliseconds, then twice as long each time up to a minute, with chance in
//! it. The relay ends a stream without a word when it ends, when the key is revoked, and when the
//! till has opened another.
//!
//! # The acknowledgement
//!
//! `POST /ack/{till}` with the body `{"upto":"ID"}`: the till has kept everything up to this id.
//! 204 where it is noted. It only rises, needs not be sent for each notice, and decides two things:
//! where a stream without `Last-Event-ID` begins, and what counts towards the bound of what waits.
//!
//! # What a till must not believe
//!
//! Anything of this but the channel's own signature, which covers `body` and, for WeChat Pay, the
//! four `headers`; its age is no matter there. The relay checks the same signature with the same
//! public keys, so a notice that a till cannot verify is a relay's fault or a relay's lie.

pub mod config;
pub mod counts;
pub mod db;
mod feed;
mod form;
mod hold;
mod hub;
mod inbound;
mod keeper;
pub mod keys;
pub mod limits;
pub mod notice;
mod outbound;
mod page;
mod relay;
pub mod roster;
mod router;
pub mod server;
pub mod settings;
pub mod tls;
pub mod trust;

pub use keeper::NotKept;
pub use relay::{Clock, Epoch, Relay};

pub use mianfu_core::money::Timestamp;
