//! API v2: flat XML, signed on both sides with a key that both know.
//!
//! The status is 200 whatever is said. `return_code` speaks of the request, `result_code` of the
//! business; what fails at the door is not signed. An answer is signed the way its request was.

mod door;
mod fields;
mod notice;
mod pay;
mod query;
mod refund;
mod reverse;
mod sign;
mod xml;

use std::collections::BTreeMap;

use super::Desk;
use crate::calendar::http_date;
use crate::practice::{Answer, Request};
use crate::truth::{Told, Truth};
use crate::wire::{KeptBusiness, Seal, without_real_code};

pub(super) use fields::Fields;
pub(super) use notice::{is_taken, write as write_notice};
use sign::SignType;

/// The calls of v2 that are played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Micropay,
    OrderQuery,
    Reverse,
    Refund,
    RefundQuery,
}

impl Deed {
    const ALL: [Deed; 5] =
        [Deed::Micropay, Deed::OrderQuery, Deed::Reverse, Deed::Refund, Deed::RefundQuery];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Deed::Micropay => "wechat.v2.micropay",
            Deed::OrderQuery => "wechat.v2.orderquery",
            Deed::Reverse => "wechat.v2.reverse",
            Deed::Refund => "wechat.v2.refund",
            Deed::RefundQuery => "wechat.v2.refundquery",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Deed::Micropay => "/pay/micropay",
            Deed::OrderQuery => "/pay/orderquery",
            Deed::Reverse => "/secapi/pay/reverse",
            Deed::Refund => "/secapi/pay/refund",
            Deed::RefundQuery => "/pay/refundquery",
        }
    }
}

/// A request with the call that its path names.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) deed: Deed,
    posted: bool,
    body: Vec<u8>,
}

/// A refusal by a rule of the call: `err_code` and `err_code_des`. Signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct No {
    code: &'static str,
    message: &'static str,
    /// Only a reverse says whether it is to be called again.
    recall: Option<&'static str>,
}

impl No {
    fn new(code: &'static str, message: &'static str) -> No {
        No { code, message, recall: None }
    }
}

/// What a call comes to: the fields beside those that every answer has.
type Heard = Result<Fields, No>;

/// What is said, before it is written down.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(super) fields: Fields,
    sign_type: SignType,
    /// None of what is said at the door is signed.
    signed: bool,
}

impl Call {
    /// Reads a request. The error is the status of an answer without a body.
    pub(super) fn read(request: &Request) -> Result<Call, u16> {
        let deed = Deed::ALL.into_iter().find(|deed| deed.path() == request.path).ok_or(404_u16)?;
        let posted = request.method == "POST";
        Ok(Call { deed, posted, body: request.body.clone() })
    }

    pub(super) fn kept(&self, truth: &Truth) -> KeptBusiness {
        let Ok(fields) = xml::read(&self.body) else {
            let text = format!("unreadable, {} bytes", self.body.len());
            return KeptBusiness { text, out_trade_no: None, out_request_no: None };
        };
        let field = |name: &str| fields.get(name).cloned();
        let by_id = || Some(truth.trade_by_no(fields.get("transaction_id")?)?.out_trade_no.clone());
        let text = String::from_utf8_lossy(&self.body).into_owned();
        KeptBusiness {
            text: without_real_code(text, fields.get("auth_code").map(String::as_str), truth),
            out_trade_no: field("out_trade_no").or_else(by_id),
            out_request_no: field("out_refund_no"),
        }
    }
}

impl Said {
    pub(super) fn told(&self) -> Told {
        let text = |name: &str| self.fields.get(name).map(str::to_owned);
        let code = text("result_code").or_else(|| text("return_code"));
        Told {
            code: code.unwrap_or_default(),
            sub_code: text("err_code"),
            trade_status: text("trade_state").or_else(|| text("refund_status_0")),
            action: text("recall"),
            fund_change: None,
        }
    }

    /// The request itself was no use.
    pub(super) fn turned(message: &'static str) -> Said {
        let fields = Fields::new().with("return_code", "FAIL").with("return_msg", message);
        Said { fields, sign_type: SignType::Md5, signed: false }
    }

    /// A rule of the call says no.
    fn refused(desk: &Desk<'_>, sign_type: SignType, no: No) -> Said {
        let fields = Fields::new()
            .with("result_code", "FAIL")
            .with("err_code", no.code)
            .with("err_code_des", no.message)
            .with_some("recall", no.recall);
        Said::whole(desk, sign_type, fields)
    }

    /// The system says that it failed, in an answer to this call.
    pub(super) fn system_error(desk: &Desk<'_>, call: &Call) -> Said {
        let mut no = No::new("SYSTEMERROR", "系统超时");
        if call.deed == Deed::Reverse {
            no.recall = Some("Y");
        }
        Said::refused(desk, door::sign_type(call), no)
    }

    fn whole(desk: &Desk<'_>, sign_type: SignType, fields: Fields) -> Said {
        let fields = fields
            .with("return_code", "SUCCESS")
            .with("return_msg", "OK")
            .with("appid", desk.account.appid.as_str())
            .with("mch_id", desk.account.mchid.as_str())
            .with("nonce_str", desk.nonce());
        Said { fields, sign_type, signed: true }
    }
}

pub(super) fn hear(desk: &mut Desk<'_>, call: &Call) -> Said {
    let (fields, sign_type) = match door::enter(desk, call) {
        Ok(entered) => entered,
        Err(message) => return Said::turned(message),
    };
    let heard = match call.deed {
        Deed::Micropay => pay::pay(desk, &fields),
        Deed::OrderQuery => query::query(desk, &fields),
        Deed::Reverse => reverse::reverse(desk, &fields),
        Deed::Refund => refund::refund(desk, &fields),
        Deed::RefundQuery => refund::query(desk, &fields),
    };
    match heard {
        Ok(fields) => Said::whole(desk, sign_type, fields.with("result_code", "SUCCESS")),
        Err(no) => Said::refused(desk, sign_type, no),
    }
}

/// Writes and signs an answer: the signature covers the fields, not the bytes.
pub(super) fn letter(desk: &Desk<'_>, said: &Said, seal: Seal) -> Answer {
    let mut fields: BTreeMap<String, String> = said.fields.to_map();
    let key = &desk.account.secrets.v2_key;
    let sign = match (said.signed, seal) {
        (false, _) | (true, Seal::Missing) => None,
        (true, Seal::Forged) => Some(said.sign_type.sign(&fields, "not this key")),
        (true, Seal::Genuine) => Some(said.sign_type.sign(&fields, key)),
    };
    if let Some(sign) = sign {
        fields.insert("sign".to_owned(), sign);
    }
    let headers = vec![
        ("content-type".to_owned(), "text/plain".to_owned()),
        ("date".to_owned(), http_date(desk.now_ms)),
    ];
    Answer { status: 200, headers, body: xml::write("xml", &fields).into_bytes() }
}
