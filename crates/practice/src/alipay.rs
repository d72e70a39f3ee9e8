//! Alipay's gateway: what it hears, what it says, and how that is written and signed.
//!
//! The rules of each call are in its own file; the checks before them in `door`. Pages of
//! opendocs.alipay.com are named by their ids where a rule comes from one.

mod business;
mod cancel;
mod door;
mod form;
mod node;
pub(crate) mod notice;
mod pay;
mod precreate;
mod query;
mod refund;
mod refusal;
mod spoil;

use serde_json::Value;

use crate::calendar::http_date;
use crate::options::{Mode, Options, Slashes};
use crate::practice::Answer;
use crate::signer::Signer;
use crate::truth::{Ledger, Told, Truth};
use crate::weather::Fault;
use crate::wire::{KeptBusiness, Seal, without_real_code};

pub(crate) use form::{Charset, Form, percent_decoded};
pub(crate) use node::Node;
pub(crate) use spoil::spoilt;

/// What a call works with.
pub(crate) struct Desk<'d> {
    pub(crate) ledger: &'d mut Ledger,
    pub(crate) options: &'d Options,
    pub(crate) signer: &'d dyn Signer,
    pub(crate) now_ms: i64,
    /// A fault that the rules themselves play: `RetryLater` and `SellerEmpty`.
    pub(crate) fault: Option<Fault>,
}

/// The seven calls of face-to-face payment (当面付).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Pay,
    Precreate,
    Query,
    Cancel,
    Close,
    Refund,
    RefundQuery,
}

impl Method {
    const ALL: [Method; 7] = [
        Method::Pay,
        Method::Precreate,
        Method::Query,
        Method::Cancel,
        Method::Close,
        Method::Refund,
        Method::RefundQuery,
    ];

    fn name(self) -> &'static str {
        match self {
            Method::Pay => "alipay.trade.pay",
            Method::Precreate => "alipay.trade.precreate",
            Method::Query => "alipay.trade.query",
            Method::Cancel => "alipay.trade.cancel",
            Method::Close => "alipay.trade.close",
            Method::Refund => "alipay.trade.refund",
            Method::RefundQuery => "alipay.trade.fastpay.refund.query",
        }
    }

    fn from_name(name: &str) -> Option<Method> {
        Method::ALL.into_iter().find(|method| method.name() == name)
    }
}

/// What the gateway says, before it is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) node_name: String,
    pub(crate) node: Node,
    pub(crate) charset: Charset,
    pub(crate) seal: Seal,
}

impl Said {
    /// Returns the parts that decide something.
    pub(crate) fn told(&self) -> Told {
        Told {
            code: self.node.code().to_owned(),
            sub_code: self.node.sub_code().map(str::to_owned),
            trade_status: self.node.text("trade_status"),
            action: self.node.text("action"),
            fund_change: self.node.text("fund_change"),
        }
    }
}

/// Hears a request: the door first, then the rules of its call.
pub(crate) fn hear(desk: &mut Desk<'_>, form: &Form) -> Said {
    let call = match door::enter(desk, form) {
        Ok(call) => call,
        Err(turned) => return turned,
    };
    let business = &call.business;
    let heard = match call.method {
        Method::Pay => pay::pay(desk, business, call.notify_url.as_deref()),
        Method::Precreate => precreate::precreate(desk, business, call.notify_url.as_deref()),
        Method::Query => query::query(desk, business),
        Method::Cancel => cancel::cancel(desk, business),
        Method::Close => cancel::close(desk, business),
        Method::Refund => refund::refund(desk, business),
        Method::RefundQuery => refund::refund_query(desk, business),
    };
    let node = heard.unwrap_or_else(|refused| *refused);
    let node_name = node_name(call.method.name());
    Said { node_name, node, charset: call.charset, seal: Seal::Genuine }
}

/// Writes and signs an answer: the signature covers the bytes of the node as they are sent.
pub(crate) fn letter(desk: &Desk<'_>, said: &Said, seal: Seal) -> Answer {
    let text = said.node.to_json();
    let text = match desk.options.slashes {
        Slashes::Plain => text,
        // A slash stands in JSON only inside strings, where both forms mean the same.
        Slashes::Escaped => text.replace('/', "\\/"),
    };
    let node = said.charset.encode(&text);
    let mut body = format!("{{\"{}\":", said.node_name).into_bytes();
    body.extend_from_slice(&node);
    let signature = match (said.seal, seal) {
        (Seal::Missing, Seal::Genuine) | (_, Seal::Missing) => None,
        (_, Seal::Forged) | (Seal::Forged, Seal::Genuine) => Some(desk.signer.sign(b"not this")),
        (Seal::Genuine, Seal::Genuine) => Some(desk.signer.sign(&node)),
    };
    if let Some(signature) = signature {
        if let Mode::Certificate(numbers) = &desk.options.mode {
            let sn = format!(",\"alipay_cert_sn\":\"{}\"", numbers.alipay_cert_sn);
            body.extend_from_slice(sn.as_bytes());
        }
        body.extend_from_slice(format!(",\"sign\":\"{signature}\"").as_bytes());
    }
    body.push(b'}');
    let mut headers = headers(desk.now_ms, said.charset);
    headers.push(("trace_id".to_owned(), trace_id(desk)));
    Answer { status: 200, headers, body }
}

/// Returns an answer that no rule of Alipay's made.
pub(crate) fn page(status: u16, html: &str, now_ms: i64) -> Answer {
    let headers = headers(now_ms, Charset::Utf8);
    Answer { status, headers, body: html.as_bytes().to_vec() }
}

/// Returns the business parameters verbatim, but never a payment code that may be real.
pub(crate) fn kept_business(form: &Form, truth: &Truth) -> KeptBusiness {
    let text = form.text("biz_content").unwrap_or_default();
    let Ok(Value::Object(fields)) = serde_json::from_str::<Value>(&text) else {
        let text = format!("unreadable, {} bytes", text.len());
        return KeptBusiness { text, out_trade_no: None, out_request_no: None };
    };
    let field = |name: &str| fields.get(name).and_then(Value::as_str);
    let by_trade_no = || Some(truth.trade_by_no(field("trade_no")?)?.out_trade_no.clone());
    let out_trade_no = field("out_trade_no").map(str::to_owned).or_else(by_trade_no);
    let out_request_no = field("out_request_no").map(str::to_owned);
    let code = field("auth_code").map(str::to_owned);
    let text = without_real_code(text, code.as_deref(), truth);
    KeptBusiness { text, out_trade_no, out_request_no }
}

fn node_name(method: &str) -> String {
    format!("{}_response", method.replace('.', "_"))
}

fn headers(now_ms: i64, charset: Charset) -> Vec<(String, String)> {
    // The real gateway says HTML although the body is JSON.
    let content_type = format!("text/html;charset={}", charset.name());
    vec![("content-type".to_owned(), content_type), ("date".to_owned(), http_date(now_ms))]
}

fn trace_id(desk: &Desk<'_>) -> String {
    let place = desk.ledger.truth.asked().len() as u64;
    format!("{:016x}{place:016x}", crate::chance::fixed(desk.options.seed, 4, place))
}
