//! What a request of v3 asks, as JSON with its members in a fixed order. Only documented members.

use mianfu_core::money::{Charge, Fen};
use mianfu_core::number::{OutTradeNo, RefundNo};
use serde::Serialize;

use crate::wall::to_rfc3339;
use crate::wechat::v3::sign::Draft;
use crate::wechat::{Scans, WechatSettings};
use crate::{AuthCode, Method, Sale, Stamp};

/// How long an answer may take; none of these waits for a customer.
const LIMIT_MS: u32 = 5_000;
/// The same for a scan, as in v2.
const SCAN_LIMIT_MS: u32 = 15_000;
/// What a description may have at most. Pages count characters, gateways have counted bytes.
const DESCRIPTION_LIMIT_BYTES: usize = 127;

/// Who asks, by itself or for a merchant of its own.
#[derive(Serialize)]
#[serde(untagged)]
enum Asker<'a> {
    Own {
        #[serde(skip_serializing_if = "Option::is_none")]
        appid: Option<&'a str>,
        mchid: &'a str,
    },
    Provider {
        #[serde(skip_serializing_if = "Option::is_none")]
        sp_appid: Option<&'a str>,
        sp_mchid: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        sub_appid: Option<&'a str>,
        sub_mchid: &'a str,
    },
}

impl<'a> Asker<'a> {
    fn with_application(settings: &'a WechatSettings) -> Asker<'a> {
        let mchid = settings.mch_id.as_str();
        let appid = Some(settings.app_id.as_str());
        match settings.sub_mch_id() {
            None => Asker::Own { appid, mchid },
            Some(sub_mchid) => Asker::Provider {
                sp_appid: appid,
                sp_mchid: mchid,
                sub_appid: settings.sub_app_id(),
                sub_mchid,
            },
        }
    }

    fn alone(settings: &'a WechatSettings) -> Asker<'a> {
        let mchid = settings.mch_id.as_str();
        match settings.sub_mch_id() {
            None => Asker::Own { appid: None, mchid },
            Some(sub_mchid) => {
                Asker::Provider { sp_appid: None, sp_mchid: mchid, sub_appid: None, sub_mchid }
            }
        }
    }
}

#[derive(Serialize)]
struct Native<'a> {
    #[serde(flatten)]
    asker: Asker<'a>,
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
struct Codepay<'a> {
    #[serde(flatten)]
    asker: Asker<'a>,
    description: &'a str,
    out_trade_no: &'a str,
    payer: Payer<'a>,
    amount: Total,
    scene_info: Scene<'a>,
}

#[derive(Serialize)]
struct Payer<'a> {
    auth_code: &'a str,
}

#[derive(Serialize)]
struct Scene<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    device_id: Option<&'a str>,
    device_ip: &'a str,
    store_info: Store<'a>,
}

#[derive(Serialize)]
struct Store<'a> {
    out_id: &'a str,
}

#[derive(Serialize)]
struct Refund<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_mchid: Option<&'a str>,
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
        format!("{}/native", transactions(settings)),
        &Native {
            asker: Asker::with_application(settings),
            description: described(sale.subject.as_str()),
            out_trade_no: sale.out_trade_no.as_str(),
            // WeChat Pay compares it with its own clock.
            time_expire: sale.expires_at.map(|at| to_rfc3339(at.plus_ms(stamp.offset_ms))),
            notify_url: &settings.notify_url,
            amount: Total { total: sale.amount.get(), currency: "CNY" },
        },
    )
}

/// Asks the customer whose code was scanned for money (付款码支付, docs 4012382150).
pub(crate) fn codepay(settings: &WechatSettings, sale: &Sale, auth_code: &AuthCode) -> Draft {
    let out_id = match &settings.scans {
        Scans::V3 { store } => store.as_str(),
        Scans::V2 => "",
    };
    let asked = Codepay {
        asker: Asker::with_application(settings),
        description: described(sale.subject.as_str()),
        out_trade_no: sale.out_trade_no.as_str(),
        payer: Payer { auth_code: auth_code.as_str() },
        amount: Total { total: sale.amount.get(), currency: "CNY" },
        scene_info: Scene {
            device_id: settings.device.as_deref(),
            device_ip: &settings.terminal_ip,
            store_info: Store { out_id },
        },
    };
    let draft = post(format!("{}/codepay", transactions(settings)), &asked);
    Draft { limit_ms: SCAN_LIMIT_MS, ..draft }
}

/// Asks what became of an attempt (docs 4013070356).
pub(crate) fn query(settings: &WechatSettings, out_trade_no: &OutTradeNo) -> Draft {
    let mch_id = &settings.mch_id;
    let asker = match settings.sub_mch_id() {
        None => format!("mchid={mch_id}"),
        Some(sub_mch_id) => format!("sp_mchid={mch_id}&sub_mchid={sub_mch_id}"),
    };
    get(format!("{}?{asker}", transaction(settings, out_trade_no)))
}

/// Undoes a scan; the page asks for `mchid` alone, gateways have refused it without `appid`.
pub(crate) fn reverse(settings: &WechatSettings, out_trade_no: &OutTradeNo) -> Draft {
    let path = format!("{}/reverse", transaction(settings, out_trade_no));
    post(path, &Asker::with_application(settings))
}

/// Ends an unpaid attempt.
pub(crate) fn close(settings: &WechatSettings, out_trade_no: &OutTradeNo) -> Draft {
    let path = format!("{}/close", transaction(settings, out_trade_no));
    post(path, &Asker::alone(settings))
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
            sub_mchid: settings.sub_mch_id(),
            out_trade_no: out_trade_no.as_str(),
            out_refund_no: refund_no.as_str(),
            notify_url: &settings.notify_url,
            amount: Refunded { refund: amount.get(), total: total.get(), currency: "CNY" },
        },
    )
}

/// Asks what became of a refund.
pub(crate) fn refund_query(settings: &WechatSettings, refund_no: &RefundNo) -> Draft {
    let path = format!("/v3/refund/domestic/refunds/{}", refund_no.as_str());
    get(match settings.sub_mch_id() {
        None => path,
        Some(sub_mch_id) => format!("{path}?sub_mchid={sub_mch_id}"),
    })
}

fn transactions(settings: &WechatSettings) -> &'static str {
    match settings.sub_merchant {
        None => "/v3/pay/transactions",
        Some(_) => "/v3/pay/partner/transactions",
    }
}

fn transaction(settings: &WechatSettings, out_trade_no: &OutTradeNo) -> String {
    format!("{}/out-trade-no/{}", transactions(settings), out_trade_no.as_str())
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
