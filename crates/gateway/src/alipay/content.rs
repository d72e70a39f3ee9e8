//! What a request asks (`biz_content`), as JSON with its members in a fixed order.
//!
//! Only documented members are sent: an unknown one can make a refund fail or repeat (opendocs
//! 02ekfs).

use mianfu_core::money::{Fen, Timestamp};
use mianfu_core::number::{OutTradeNo, RefundNo};
use serde::Serialize;

use crate::alipay::AlipaySettings;
use crate::wall::to_gmt8;
use crate::{AuthCode, Sale, Stamp};

#[derive(Serialize)]
struct Submit<'a> {
    out_trade_no: &'a str,
    total_amount: String,
    subject: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scene: Option<&'static str>,
    product_code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    seller_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    store_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    terminal_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_expire: Option<String>,
}

#[derive(Serialize)]
struct About<'a> {
    out_trade_no: &'a str,
}

#[derive(Serialize)]
struct Refund<'a> {
    out_trade_no: &'a str,
    refund_amount: String,
    out_request_no: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    store_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    terminal_id: Option<&'a str>,
}

#[derive(Serialize)]
struct RefundQuery<'a> {
    out_trade_no: &'a str,
    out_request_no: &'a str,
}

pub(crate) fn pay(
    settings: &AlipaySettings,
    sale: &Sale,
    auth_code: &AuthCode,
    stamp: Stamp,
) -> String {
    let code = auth_code.as_str();
    let scene = if code.starts_with("fp") { "security_code" } else { "bar_code" };
    json(&Submit {
        auth_code: Some(code),
        scene: Some(scene),
        ..submit(settings, sale, &settings.scan_product, stamp)
    })
}

pub(crate) fn precreate(settings: &AlipaySettings, sale: &Sale, stamp: Stamp) -> String {
    json(&submit(settings, sale, &settings.show_product, stamp))
}

pub(crate) fn about(out_trade_no: &OutTradeNo) -> String {
    json(&About { out_trade_no: out_trade_no.as_str() })
}

pub(crate) fn refund(
    settings: &AlipaySettings,
    out_trade_no: &OutTradeNo,
    refund_no: &RefundNo,
    amount: Fen,
) -> String {
    json(&Refund {
        out_trade_no: out_trade_no.as_str(),
        refund_amount: amount.to_yuan(),
        out_request_no: refund_no.as_str(),
        store_id: settings.store_id.as_deref(),
        terminal_id: settings.terminal_id.as_deref(),
    })
}

pub(crate) fn refund_query(out_trade_no: &OutTradeNo, refund_no: &RefundNo) -> String {
    json(&RefundQuery { out_trade_no: out_trade_no.as_str(), out_request_no: refund_no.as_str() })
}

fn submit<'a>(
    settings: &'a AlipaySettings,
    sale: &'a Sale,
    product: &'a str,
    stamp: Stamp,
) -> Submit<'a> {
    // Alipay compares `time_expire` with its own clock.
    let on_the_channels_clock = |at: Timestamp| to_gmt8(at.plus_ms(stamp.offset_ms));
    Submit {
        out_trade_no: sale.out_trade_no.as_str(),
        total_amount: sale.amount.fen().to_yuan(),
        subject: sale.subject.as_str(),
        auth_code: None,
        scene: None,
        product_code: product,
        seller_id: settings.seller_id.as_deref(),
        store_id: settings.store_id.as_deref(),
        terminal_id: settings.terminal_id.as_deref(),
        time_expire: sale.expires_at.map(on_the_channels_clock),
    }
}

fn json(content: &impl Serialize) -> String {
    serde_json::to_string(content).expect("texts in a struct always become JSON")
}
