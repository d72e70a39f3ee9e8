//! What a request of v2 asks, as signed XML with its elements in a fixed order.

use mianfu_core::money::{Charge, Fen};
use mianfu_core::number::{OutTradeNo, RefundNo};

use crate::wechat::WechatSettings;
use crate::wechat::secret::ApiV2Key;
use crate::wechat::v2::{sign, xml};
use crate::wechat::v3::content::described;
use crate::wechat::v3::sign::nonce;
use crate::{AuthCode, HttpRequest, Method, Sale, Stamp};

/// A request before it is signed.
pub(crate) struct Draft<'a> {
    path: &'static str,
    limit_ms: u32,
    fields: Vec<(&'static str, &'a str)>,
    amounts: Vec<(&'static str, String)>,
}

/// Asks the customer whose code was scanned for money (付款码支付, v2 docs 4011937125).
pub(crate) fn micropay<'a>(
    settings: &'a WechatSettings,
    sale: &'a Sale,
    auth_code: &'a AuthCode,
) -> Draft<'a> {
    let mut draft = about("/pay/micropay", &sale.out_trade_no);
    draft.limit_ms = 15_000;
    draft.fields.extend([
        ("body", described(sale.subject.as_str())),
        ("fee_type", "CNY"),
        ("spbill_create_ip", settings.terminal_ip.as_str()),
        ("auth_code", auth_code.as_str()),
    ]);
    draft.fields.extend(settings.device.as_deref().map(|device| ("device_info", device)));
    draft.amounts.push(("total_fee", sale.amount.get().to_string()));
    draft
}

/// Asks what became of an attempt.
pub(crate) fn query(out_trade_no: &OutTradeNo) -> Draft<'_> {
    about("/pay/orderquery", out_trade_no)
}

/// Undoes an attempt (撤销, v2 docs 4011937361). Answered only over TLS with the merchant's
/// certificate.
pub(crate) fn reverse(out_trade_no: &OutTradeNo) -> Draft<'_> {
    about("/secapi/pay/reverse", out_trade_no)
}

/// Gives money back; `total` is what the attempt took. Answered only over TLS with the merchant's
/// certificate.
pub(crate) fn refund<'a>(
    out_trade_no: &'a OutTradeNo,
    refund_no: &'a RefundNo,
    amount: Fen,
    total: Charge,
) -> Draft<'a> {
    let mut draft = about("/secapi/pay/refund", out_trade_no);
    draft.fields.push(("out_refund_no", refund_no.as_str()));
    draft.amounts.push(("total_fee", total.get().to_string()));
    draft.amounts.push(("refund_fee", amount.get().to_string()));
    draft
}

/// Asks what became of a refund.
pub(crate) fn refund_query(refund_no: &RefundNo) -> Draft<'_> {
    Draft {
        path: "/pay/refundquery",
        limit_ms: 5_000,
        fields: vec![("out_refund_no", refund_no.as_str())],
        amounts: Vec::new(),
    }
}

fn about<'a>(path: &'static str, out_trade_no: &'a OutTradeNo) -> Draft<'a> {
    let fields = vec![("out_trade_no", out_trade_no.as_str())];
    Draft { path, limit_ms: 5_000, fields, amounts: Vec::new() }
}

/// Signs a request and adds what every request of v2 carries.
pub(crate) fn request(
    settings: &WechatSettings,
    key: &ApiV2Key,
    nonce_key: &[u8; 32],
    draft: &Draft<'_>,
    stamp: Stamp,
) -> HttpRequest {
    let amounts = draft.amounts.iter().map(|(name, value)| (*name, value.as_str()));
    let asked: Vec<(&str, &str)> = draft.fields.iter().copied().chain(amounts).collect();
    let nonce = nonce(nonce_key, stamp, draft.path, &xml::write(asked.iter().copied()));
    let mut fields =
        vec![("appid", settings.app_id.as_str()), ("mch_id", settings.mch_id.as_str())];
    fields.extend(settings.sub_app_id().map(|app_id| ("sub_appid", app_id)));
    fields.extend(settings.sub_mch_id().map(|mch_id| ("sub_mch_id", mch_id)));
    fields.extend([("nonce_str", nonce.as_str()), ("sign_type", settings.sign_type.as_str())]);
    fields.extend(asked);
    let sign = sign::sign(fields.iter().copied(), settings.sign_type, key);
    fields.push(("sign", &sign));
    HttpRequest {
        method: Method::Post,
        url: format!("{}{}", settings.endpoint, draft.path),
        headers: vec![
            ("content-type", "text/xml; charset=utf-8".to_owned()),
            ("user-agent", "mianfu".to_owned()),
        ],
        body: xml::write(fields).into_bytes(),
        limit_ms: draft.limit_ms,
    }
}
