//! Alipay's encode and decode, from tables, golden bytes and forgeries.

mod decode;
mod forged;
mod golden;
mod keys;
mod notice;
mod shared;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mianfu_core::channel::{Payment, Verdict};
use mianfu_core::money::{Charge, Fen, Timestamp};
use mianfu_core::number::{OutTradeNo, RefundNo};

use crate::{Alipay, AlipaySettings, CertSerials, HttpReply, Keys, Sale, Stamp, Subject};

const NO: &str = "9000042007123456780000000019";
const TRADE_NO: &str = "2026112122001400000000000001";
/// 2026-11-21 00:00:00 in Shanghai.
const NOW: Stamp = Stamp { now: Timestamp(1_795_190_400_000), offset_ms: 0 };

/// Keyed hashes in the place of signatures, as the simulation has them.
struct Hashed {
    key: hmac::Key,
    serials: Option<CertSerials>,
}

impl Hashed {
    fn new() -> Hashed {
        Hashed { key: hmac::Key::new(hmac::HMAC_SHA256, b"channel"), serials: None }
    }
}

impl Keys for Hashed {
    fn sign(&self, content: &[u8]) -> String {
        STANDARD.encode(hmac::sign(&self.key, content))
    }

    fn verify(&self, content: &[u8], signature_base64: &str) -> bool {
        let Ok(tag) = STANDARD.decode(signature_base64) else { return false };
        hmac::verify(&self.key, content, &tag).is_ok()
    }

    fn serials(&self) -> Option<&CertSerials> {
        self.serials.as_ref()
    }
}

fn settings() -> AlipaySettings {
    AlipaySettings::new("https://openapi.alipay.com/gateway.do", "2021000000000001")
}

fn alipay() -> Alipay<Hashed> {
    Alipay { settings: settings(), keys: Hashed::new(), payer_key: [7; 32] }
}

fn no() -> OutTradeNo {
    OutTradeNo::new(NO).unwrap()
}

fn refund_no() -> RefundNo {
    RefundNo::compose(&no(), 1).unwrap()
}

fn sale() -> Sale {
    Sale {
        out_trade_no: no(),
        amount: Charge::new(1250).unwrap(),
        subject: Subject::new("拿铁 大杯 1/2"),
        expires_at: None,
    }
}

fn reply(body: impl Into<Vec<u8>>) -> HttpReply {
    HttpReply { status: 200, headers: Vec::new(), body: body.into() }
}

/// Wraps a node in an envelope signed with the pretend channel's key.
fn signed(api: &str, node: &str) -> HttpReply {
    let sign = Hashed::new().sign(node.as_bytes());
    reply(format!(r#"{{"alipay_trade_{api}_response":{node},"sign":"{sign}"}}"#))
}

fn unsigned(api: &str, node: &str) -> HttpReply {
    reply(format!(r#"{{"alipay_trade_{api}_response":{node}}}"#))
}

/// Says in one line what an answer was read as.
fn told<T: std::fmt::Debug>(read: Result<T, crate::CallError>) -> String {
    match read {
        Ok(answer) => format!("{answer:?}"),
        Err(error) => error.to_string(),
    }
}

fn paid(fen: i64) -> Verdict {
    Verdict::Paid(Payment {
        amount: Fen::new(fen).unwrap(),
        transaction_no: TRADE_NO.to_owned(),
        paid_at: None,
        payer: None,
        some_back: false,
    })
}
