//! A request read by the channel that it was meant for, and what that channel says to it.
//!
//! The one place that knows there are two wires. Everything above speaks of calls and sayings,
//! everything below of one channel.

use crate::alipay::{self, Form};
use crate::practice::{GATEWAY_PATH, Request};
use crate::truth::{Told, Truth};
use crate::wechat;

/// A request that one of the channels knows.
#[derive(Debug, Clone)]
pub(crate) enum Call {
    Alipay(Form),
    Wechat(wechat::Call),
}

/// What a channel says, before it is written down.
#[derive(Debug, Clone)]
pub(crate) enum Said {
    Alipay(alipay::Said),
    Wechat(wechat::Said),
}

/// Why no channel has a call for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Astray {
    /// Neither channel has such a path.
    Nowhere,
    /// WeChat Pay answers with this status and nothing else.
    Wechat { status: u16 },
}

/// Whose signature an answer carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seal {
    Genuine,
    /// A signature of the right shape over something else.
    Forged,
    /// None, as on errors of the gateway itself.
    Missing,
}

/// What the ledger keeps of a request.
pub(crate) struct KeptBusiness {
    pub(crate) text: String,
    pub(crate) out_trade_no: Option<String>,
    pub(crate) out_request_no: Option<String>,
}

impl Call {
    /// Reads a request. `wechat` says whether there is a WeChat Pay at all.
    pub(crate) fn read(request: &Request, wechat: bool) -> Result<Call, Astray> {
        if request.path == GATEWAY_PATH {
            return Ok(Call::Alipay(Form::read(request)));
        }
        if !wechat || !wechat::has_path(&request.path) {
            return Err(Astray::Nowhere);
        }
        match wechat::Call::read(request) {
            Ok(call) => Ok(Call::Wechat(call)),
            Err(status) => Err(Astray::Wechat { status }),
        }
    }

    /// Returns the name by which the weather and the ledger know the call.
    pub(crate) fn method(&self) -> String {
        match self {
            Call::Alipay(form) => form.method(),
            Call::Wechat(call) => call.method().to_owned(),
        }
    }

    /// Returns what the ledger keeps of the call, never a payment code that may be real.
    pub(crate) fn kept(&self, truth: &Truth) -> KeptBusiness {
        match self {
            Call::Alipay(form) => alipay::kept_business(form, truth),
            Call::Wechat(call) => call.kept(truth),
        }
    }
}

impl Said {
    /// Returns the parts that decide something.
    pub(crate) fn told(&self) -> Told {
        match self {
            Said::Alipay(said) => said.told(),
            Said::Wechat(said) => said.told(),
        }
    }
}

/// Hides a payment code in a text unless practice minted it: it may be a real one.
pub(crate) fn without_real_code(text: String, code: Option<&str>, truth: &Truth) -> String {
    match code {
        Some(code) if !code.is_empty() && truth.payment_code(code).is_none() => {
            let masked = code.chars().map(|_| '*').collect::<String>();
            text.replace(code, &masked)
        }
        Some(_) | None => text,
    }
}
