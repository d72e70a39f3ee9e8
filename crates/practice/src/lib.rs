//! A pretend Alipay and a pretend WeChat Pay with a ledger, customers and weather of its own.
//!
//! It is the training mode in the shop, the other end of the tests and the judge of the simulation.
//! It depends on none of the product's crates and does its own cryptography, so that it cannot
//! share their mistakes. It moves no money: it pays only payment codes that it minted.
//!
//! Rules it keeps:
//!
//! - [`Practice`] is pure: time is handed in, chance comes from the seed, nothing is read or
//!   written. The same calls on the same seed give the same answers and the same ledger.
//! - HTTP ([`http`]) and files ([`state`]) are faces on top.
//! - What a caller is told and what is true are two things: the answer may be lost, late or
//!   spoilt by the [`Weather`]; the [`Truth`] never is.
//!
//! Requests are told apart by path. Each channel's wire is a module of its own, and `wire` is the
//! one place that knows of both; the ledger below and the weather above are the same for both.

pub mod calendar;
pub mod chance;
pub mod money;
pub mod notices;
mod options;
mod practice;
pub mod signer;
pub mod truth;
pub mod weather;

mod alipay;
pub mod phone;
pub mod wechat;
mod wire;

mod clock;
pub mod http;
pub mod state;

pub use notices::{Notice, Post};
pub use options::{
    APP_ID, BuyerIds, CancelUnscanned, CertificateNumbers, Mode, Options, SELLER_ID, Slashes,
};
pub use phone::{CustomerId, Manner, PhoneError};
pub use practice::{Answer, GATEWAY_PATH, Practice, Reply, Request};
pub use signer::{KeyedHash, RsaSigner, Signer, SignerError};
pub use truth::{Channel, Truth};
pub use weather::{Acted, Fault, FaultKind, NoticeFault, Weather};
