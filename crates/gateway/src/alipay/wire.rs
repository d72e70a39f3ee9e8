//! The envelope around an answer, and the signature over the bytes that came.
//!
//! ```text
//! {"alipay_trade_pay_response":{…},"alipay_cert_sn":"…","sign":"…"}     members in any order
//!                              └─┴─ signed exactly as it came, from bracket to bracket
//! {"error_response":{…}}                                                never a success
//! ```
//!
//! The node's name is not signed (opendocs 02mse7 and vectors), so it is compared with the
//! method's, and the reader compares the order's number too. A member that occurs twice makes an
//! answer unreadable: two readers of it might not mean the same one.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::alipay::api::Api;
use crate::{BODY_LIMIT_BYTES, CallError, HttpReply, Keys};

/// What is inside the node. Members of no interest are left out; amounts and times are texts.
#[derive(Deserialize)]
pub(crate) struct Node {
    pub(crate) code: String,
    pub(crate) sub_code: Option<String>,
    pub(crate) out_trade_no: Option<String>,
    pub(crate) trade_no: Option<String>,
    pub(crate) trade_status: Option<String>,
    pub(crate) total_amount: Option<String>,
    pub(crate) gmt_payment: Option<String>,
    pub(crate) send_pay_date: Option<String>,
    pub(crate) buyer_user_id: Option<String>,
    pub(crate) buyer_open_id: Option<String>,
    pub(crate) seller_id: Option<String>,
    pub(crate) qr_code: Option<String>,
    pub(crate) retry_flag: Option<String>,
    pub(crate) action: Option<String>,
    pub(crate) fund_change: Option<String>,
    pub(crate) out_request_no: Option<String>,
    pub(crate) refund_amount: Option<String>,
    pub(crate) refund_status: Option<String>,
}

/// Whether the channel signed what we read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signed {
    /// By the channel's key.
    Yes,
    /// There is no signature. A wrong one is [`CallError::BadSignature`] instead.
    No,
}

/// Opens an answer: checks status, size, shape and, where there is one, the signature.
pub(crate) fn open(
    keys: &impl Keys,
    api: Api,
    reply: &HttpReply,
) -> Result<(Node, Signed), CallError> {
    if reply.status != 200 {
        return Err(CallError::Status { status: reply.status });
    }
    if BODY_LIMIT_BYTES < reply.body.len() {
        return Err(CallError::TooLarge { limit_bytes: BODY_LIMIT_BYTES });
    }
    let envelope = cut(&reply.body, api.node())?;
    if !envelope.node.starts_with('{') {
        return Err(CallError::Unreadable { what: "an encrypted answer" });
    }
    let (text, signed) = match envelope.sign.as_deref() {
        None | Some("") => (Cow::Borrowed(envelope.node), Signed::No),
        Some(sign) => {
            let ours = keys.serials().map(|serials| serials.channel.as_str());
            if let (Some(ours), Some(theirs)) = (ours, envelope.cert_sn.as_deref())
                && ours != theirs
            {
                return Err(CallError::Unreadable { what: "signed under another certificate" });
            }
            (verified(keys, envelope.node, sign).ok_or(CallError::BadSignature)?, Signed::Yes)
        }
    };
    let node: Node = serde_json::from_str(&text)
        .map_err(|_| CallError::Unreadable { what: "the members of an answer" })?;
    let success = matches!(node.code.as_str(), "10000" | "10003");
    if envelope.kind == NodeKind::Error && success {
        return Err(CallError::Unreadable { what: "a success where errors belong" });
    }
    if signed == Signed::No && success {
        return Err(CallError::BadSignature);
    }
    Ok((node, signed))
}

/// Returns the text that the signature covers, or `None`.
///
/// That is the text as it came. As Alipay's own SDK and opendocs 02mse7 do, a text with and one
/// without escaped slashes is tried second; what is read is then the text that was verified.
fn verified<'t>(keys: &impl Keys, text: &'t str, sign: &str) -> Option<Cow<'t, str>> {
    if keys.verify(text.as_bytes(), sign) {
        return Some(Cow::Borrowed(text));
    }
    if !text.contains('/') {
        return None;
    }
    let plain = text.replace("\\/", "/");
    let escaped = plain.replace('/', "\\/");
    [plain, escaped]
        .into_iter()
        .filter(|changed| changed != text)
        .find(|changed| keys.verify(changed.as_bytes(), sign))
        .map(Cow::Owned)
}

/// The parts of an envelope, the node exactly as it came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Envelope<'b> {
    pub(crate) node: &'b str,
    pub(crate) kind: NodeKind,
    pub(crate) sign: Option<String>,
    pub(crate) cert_sn: Option<String>,
}

/// Which node answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NodeKind {
    /// The method's own.
    Answer,
    /// `error_response`.
    Error,
}

/// Cuts an envelope into its parts.
pub(crate) fn cut<'b>(body: &'b [u8], node_name: &str) -> Result<Envelope<'b>, CallError> {
    let unreadable = |what| CallError::Unreadable { what };
    let members: Members<'b> =
        serde_json::from_slice(body).map_err(|_| unreadable("the envelope of an answer"))?;
    let find = |wanted: &str| -> Result<Option<&'b str>, CallError> {
        let mut found = members.0.iter().filter(|(name, _)| name == wanted);
        match (found.next(), found.next()) {
            (Some(_), Some(_)) => Err(unreadable("an answer with a member twice")),
            (first, _) => Ok(first.map(|(_, value)| value.get())),
        }
    };
    let text = |value: Option<&str>| -> Result<Option<String>, CallError> {
        value
            .map(|value| serde_json::from_str(value).map_err(|_| unreadable("a signature's shape")))
            .transpose()
    };
    let (node, kind) = match (find(node_name)?, find("error_response")?) {
        (Some(node), None) => (node, NodeKind::Answer),
        (None, Some(node)) => (node, NodeKind::Error),
        (Some(_), Some(_)) => return Err(unreadable("an answer and an error at once")),
        (None, None) => return Err(unreadable("an answer to another method")),
    };
    let sign = text(find("sign")?)?;
    let cert_sn = text(find("alipay_cert_sn")?)?;
    Ok(Envelope { node, kind, sign, cert_sn })
}

/// An object's members with their values as they came, in order, twins included.
struct Members<'b>(Vec<(String, &'b RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members<'de>, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry::<String, &'de RawValue>()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}
