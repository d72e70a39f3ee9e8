//! API v3: JSON, told apart by method and path, signed with RSA on both sides.
//!
//! Every answer of success is signed, one without a body too; only a file is not. A refusal (4xx,
//! 5xx) is not signed, as in every probe, although one page says that all answers are (4013053420).

mod bill;
mod body;
mod certificates;
mod door;
mod native;
mod notice;
mod refund;
mod seal;

use serde_json::{Map, Value, json};

use super::{Desk, PlatformKey};
use crate::alipay::percent_decoded;
use crate::calendar::http_date;
use crate::practice::{Answer, Request};
use crate::truth::{Told, Truth};
use crate::wire::{KeptBusiness, Seal};

pub(super) use notice::write as write_notice;

/// What begins the signatures with which WeChat Pay probes its merchants (4013053249).
const PROBE: &str = "WECHATPAY/SIGNTEST/";

/// The calls of v3 that are played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Native,
    Query,
    QueryById,
    Close,
    Refund,
    RefundQuery,
    Certificates,
    TradeBill,
    FundBill,
    BillFile,
}

impl Deed {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Deed::Native => "wechat.v3.native",
            Deed::Query | Deed::QueryById => "wechat.v3.query",
            Deed::Close => "wechat.v3.close",
            Deed::Refund => "wechat.v3.refund",
            Deed::RefundQuery => "wechat.v3.refundquery",
            Deed::Certificates => "wechat.v3.certificates",
            Deed::TradeBill => "wechat.v3.tradebill",
            Deed::FundBill => "wechat.v3.fundflowbill",
            Deed::BillFile => "wechat.v3.billfile",
        }
    }

    fn http_method(self) -> &'static str {
        match self {
            Deed::Native | Deed::Close | Deed::Refund => "POST",
            Deed::Query | Deed::QueryById | Deed::RefundQuery | Deed::Certificates => "GET",
            Deed::TradeBill | Deed::FundBill | Deed::BillFile => "GET",
        }
    }
}

/// A request with the call that its path names.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) deed: Deed,
    /// The number in the path, decoded; empty where the path has none.
    number: String,
    request: Request,
}

/// A refusal: the status, the code and the message. Never signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct No {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) message: &'static str,
    /// The member of the body or the query that is wrong.
    pub(super) field: Option<&'static str>,
}

impl No {
    pub(super) fn new(status: u16, code: &'static str, message: &'static str) -> No {
        No { status, code, message, field: None }
    }

    /// A parameter is missing or wrong.
    pub(super) fn parameter(field: &'static str) -> No {
        No { status: 400, code: "PARAM_ERROR", message: "参数错误", field: Some(field) }
    }
}

/// What a call comes to: an answer's body, Null for none, a text for a file.
pub(super) type Heard = Result<Value, No>;

/// What is said, before it is written down.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(super) status: u16,
    /// Null where there is no body, a text where it is a file.
    pub(super) body: Value,
    /// The key that the request named (`Wechatpay-Serial`).
    pub(super) wanted_key: Option<String>,
}

impl Call {
    /// Reads a request. The error is the status of an answer without a body.
    pub(super) fn read(request: &Request) -> Result<Call, u16> {
        let segments: Vec<&str> = request.path.split('/').skip(1).collect();
        let (deed, number) = match segments.as_slice() {
            ["v3", "pay", "transactions", "native"] => (Deed::Native, ""),
            ["v3", "pay", "transactions", "out-trade-no", number] => (Deed::Query, *number),
            ["v3", "pay", "transactions", "id", number] => (Deed::QueryById, *number),
            ["v3", "pay", "transactions", "out-trade-no", number, "close"] => {
                (Deed::Close, *number)
            }
            ["v3", "refund", "domestic", "refunds"] => (Deed::Refund, ""),
            ["v3", "refund", "domestic", "refunds", number] => (Deed::RefundQuery, *number),
            ["v3", "certificates"] => (Deed::Certificates, ""),
            ["v3", "bill", "tradebill"] => (Deed::TradeBill, ""),
            ["v3", "bill", "fundflowbill"] => (Deed::FundBill, ""),
            ["v3", "billdownload", "file"] => (Deed::BillFile, ""),
            _ => return Err(404),
        };
        if request.method != deed.http_method() {
            return Err(405);
        }
        let number = String::from_utf8_lossy(&percent_decoded(number.as_bytes())).into_owned();
        Ok(Call { deed, number, request: request.clone() })
    }

    pub(super) fn kept(&self, truth: &Truth) -> KeptBusiness {
        let text = String::from_utf8_lossy(&self.request.body).into_owned();
        let fields = serde_json::from_str::<Map<String, Value>>(&text).unwrap_or_default();
        let field = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
        let by_id = |id: &str| Some(truth.trade_by_no(id)?.out_trade_no.clone());
        let number = || Some(self.number.clone());
        let (out_trade_no, out_request_no) = match self.deed {
            Deed::Native => (field("out_trade_no"), None),
            Deed::Query | Deed::Close => (number(), None),
            Deed::QueryById => (by_id(&self.number), None),
            Deed::Refund => {
                let named = field("transaction_id").and_then(|id| by_id(&id));
                (field("out_trade_no").or(named), field("out_refund_no"))
            }
            Deed::RefundQuery => (None, number()),
            Deed::Certificates | Deed::TradeBill | Deed::FundBill | Deed::BillFile => (None, None),
        };
        KeptBusiness { text, out_trade_no, out_request_no }
    }

    /// Returns a header, if it was sent and is not empty.
    fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.request.headers.iter();
        let (_, value) = headers.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        (!value.is_empty()).then_some(value.as_str())
    }
}

impl Said {
    pub(super) fn told(&self) -> Told {
        let text = |name: &str| Some(self.body.get(name)?.as_str()?.to_owned());
        Told {
            code: self.status.to_string(),
            sub_code: text("code"),
            trade_status: text("trade_state").or_else(|| text("status")),
            action: None,
            fund_change: None,
        }
    }

    /// Returns a refusal as it is said.
    pub(super) fn refused(no: No) -> Said {
        let mut body = json!({ "code": no.code, "message": no.message });
        if let Some(field) = no.field {
            let location = if field.starts_with('/') { "body" } else { "url" };
            body["detail"] = json!({ "field": field, "issue": no.message, "location": location });
        }
        Said { status: no.status, body, wanted_key: None }
    }
}

pub(super) fn hear(desk: &mut Desk<'_>, call: &Call) -> Said {
    let wanted_key = call.header("wechatpay-serial").map(str::to_owned);
    let heard = door::enter(desk, call).and_then(|()| match call.deed {
        Deed::Native => native::order(desk, &body::Body::read(&call.request.body)?),
        Deed::Query => native::query(desk, &call.number),
        Deed::QueryById => native::query_by_id(desk, &call.number),
        Deed::Close => native::close(desk, &call.number, &body::Body::read(&call.request.body)?),
        Deed::Refund => refund::refund(desk, &body::Body::read(&call.request.body)?),
        Deed::RefundQuery => refund::query(desk, &call.number),
        Deed::Certificates => certificates::list(desk),
        Deed::TradeBill => bill::trades(desk, call),
        Deed::FundBill => bill::funds(desk, call),
        Deed::BillFile => bill::download(desk, call),
    });
    match heard {
        Ok(body) => Said { status: if body.is_null() { 204 } else { 200 }, body, wanted_key },
        Err(no) => Said::refused(no),
    }
}

/// Writes and signs an answer: the signature covers stamp, nonce and the bytes of the body.
pub(super) fn letter(desk: &Desk<'_>, said: &Said, seal: Seal) -> Answer {
    let nonce = desk.nonce();
    let (body, kind) = match &said.body {
        Value::Null => (String::new(), None),
        Value::String(file) => (file.clone(), Some("text/plain")),
        body @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            (body.to_string(), Some("application/json; charset=utf-8"))
        }
    };
    let mut headers = vec![
        ("date".to_owned(), http_date(desk.now_ms)),
        ("request-id".to_owned(), nonce.to_uppercase()),
    ];
    headers.extend(kind.map(|kind| ("content-type".to_owned(), kind.to_owned())));
    let is_signed = (200..300).contains(&said.status) && !said.body.is_string();
    if is_signed && seal != Seal::Missing {
        let signed = match seal {
            Seal::Genuine | Seal::Missing => Signed::Truly,
            // Every second of them looks like one of WeChat Pay's own probes.
            Seal::Forged if nonce.ends_with(['0', '2', '4', '6', '8', 'a', 'c', 'e']) => {
                Signed::AsProbe
            }
            Seal::Forged => Signed::Falsely,
        };
        let key = desk.account.key(said.wanted_key.as_deref());
        headers.extend(signature(key, signed, desk.now_ms, nonce, &body));
    }
    Answer { status: said.status, headers, body: body.into_bytes() }
}

/// What a signature is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signed {
    Truly,
    Falsely,
    AsProbe,
}

/// Returns the headers that sign a body.
fn signature(
    key: &PlatformKey,
    signed: Signed,
    now_ms: i64,
    nonce: String,
    body: &str,
) -> [(String, String); 5] {
    let stamp = now_ms.div_euclid(1000).to_string();
    let sign = |body: &str| key.signer.sign(format!("{stamp}\n{nonce}\n{body}\n").as_bytes());
    let signature = match signed {
        Signed::Truly => sign(body),
        Signed::Falsely => sign("not this"),
        Signed::AsProbe => format!("{PROBE}{}", sign("not this")),
    };
    let named = [
        ("wechatpay-timestamp", stamp),
        ("wechatpay-nonce", nonce),
        ("wechatpay-signature", signature),
        ("wechatpay-serial", key.serial.clone()),
        ("wechatpay-signature-type", "WECHATPAY2-SHA256-RSA2048".to_owned()),
    ];
    named.map(|(name, value)| (name.to_owned(), value))
}
