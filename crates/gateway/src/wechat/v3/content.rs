//! What a request of v3 asks, as JSON with its members in a fixed order. Only documented members.

use mianfu_core::money::{Charge, Fen};
use mianfu_core::number::{OutTradeNo, RefundNo};
use serde::Serialize;

use crate::wall::to_rfc3339;
use crate::wechat::WechatSettings;
use crate::wechat::v3::sign::Draft;
use crate::{Method, Sale, Stamp};

/// How long an answer may take; none of these waits for a customer.
const LIMIT_MS: u32 = 5_000;
/// What a description may have at most. Pages count characters, gateways have counted bytes.
const DESCRIPTION_LIMIT_BYTES: usize = 127;

#[derive(Serialize)]
struct Native<'a> {
    appid: &'a str,
    mchid: &'a str,
    description: &'a str,
    out_trade_no: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_expire: Option<String>,
    notify_url: &'a str,
    amount: Total,
}

#[derive(Serialize)]
struct Total {
    total: u32,
    currency: &'static str,
}

#[derive(Serialize)]
struct Merchant<'a> {
    mchid: &'a str,
}

#[derive(Serialize)]
struct Refund<'a> {
    out_trade_no: &'a str,
    out_refund_no: &'a str,
    // Without one, the portal's default address gets a notice of v2.
    notify_url: &'a str,
    amount: Refunded,
}

#[derive(Serialize)]
struct Refunded {
    refund: i64,
    total: u32,
    currency: &'static str,
}

/// Asks for a code to show (Native, docs 4012791877).
pub(crate) fn native(settings: &WechatSettings, sale: &Sale, stamp: Stamp) -> Draft {
    post(
        "/v3/pay/transactions/native".to_owned(),
        &Native {
            appid: &settings.app_id,
            mchid: &settings.mch_id,
            description: described(sale.subject.as_str()),
            out_trade_no: sale.out_trade_no.as_str(),
            // WeChat Pay compares it with its own clock.
            time_expire: sale.expires_at.map(|at| to_rfc3339(at.plus_ms(stamp.offset_ms))),
            notify_url: &settings.notify_url,
            amount: Total { total: sale.amount.get(), currency: "CNY" },
        },
    )
}

/// Asks what became of an attempt (docs 4013070356).
pub(crate) fn query(settings: &WechatSettings, out_trade_no: &OutTradeNo) -> Draft {
    get(format!(
        "/v3/pay/transactions/out-trade-no/{}?mchid={}",
        out_trade_no.as_str(),
        settings.mch_id
    ))
}

/// Ends an unpaid attempt.
pub(crate) fn close(settings: &WechatSettings, out_trade_no: &OutTradeNo) -> Draft {
    post(
        format!("/v3/pay/transactions/out-trade-no/{}/close", out_trade_no.as_str()),
        &Merchant { mchid: &settings.mch_id },
    )
}

/// Gives money back; `total` is what the attempt took.
pub(crate) fn refund(
    settings: &WechatSettings,
    out_trade_no: &OutTradeNo,
    refund_no: &RefundNo,
    amount: Fen,
    total: Charge,
) -> Draft {
    post(
        "/v3/refund/domestic/refunds".to_owned(),
        &Refund {
            out_trade_no: out_trade_no.as_str(),
            out_refund_no: refund_no.as_str(),
            notify_url: &settings.notify_url,
            amount: Refunded { refund: amount.get(), total: total.get(), currency: "CNY" },
        },
    )
}

/// Asks what became of a refund.
pub(crate) fn refund_query(refund_no: &RefundNo) -> Draft {
    get(format!("/v3/refund/domestic/refunds/{}", refund_no.as_str()))
}

/// Asks for the platform certificates (docs 4012076511).
pub(crate) fn certificates() -> Draft {
    get("/v3/certificates".to_owned())
}

/// Returns as much of a title as a description may have.
pub(crate) fn described(subject: &str) -> &str {
    &subject[..subject.floor_char_boundary(DESCRIPTION_LIMIT_BYTES)]
}

fn get(path: String) -> Draft {
    Draft { method: Method::Get, path, body: String::new(), limit_ms: LIMIT_MS }
}

fn post(path: String, content: &impl Serialize) -> Draft {
    let body = serde_json::to_string(content).expect("texts and numbers always become JSON");
    Draft { method: Method::Post, path, body, limit_ms: LIMIT_MS }
}
