//! What is checked before any rule of a call. Whatever fails here is told without a signature.

use std::collections::BTreeMap;

use super::sign::SignType;
use super::{Call, xml};
use crate::wechat::Desk;

/// Lets a request in with its fields, or returns what it is told at the door.
pub(super) fn enter(
    desk: &Desk<'_>,
    call: &Call,
) -> Result<(BTreeMap<String, String>, SignType), &'static str> {
    if !call.posted {
        return Err("请使用post方法");
    }
    let fields = xml::read(&call.body).map_err(|_| "XML格式错误")?;
    let field = |name: &str| fields.get(name).map(String::as_str).filter(|text| !text.is_empty());
    if field("appid").ok_or("缺少参数")? != desk.account.appid {
        return Err("appid不存在");
    }
    if field("mch_id").ok_or("缺少参数")? != desk.account.mchid {
        return Err("商户号mch_id或sub_mch_id不存在");
    }
    let sign_type = SignType::from_name(field("sign_type")).ok_or("签名错误")?;
    let expected = sign_type.sign(&fields, &desk.account.secrets.v2_key);
    if field("sign") != Some(expected.as_str()) {
        return Err("签名错误");
    }
    field("nonce_str").ok_or("缺少参数")?;
    Ok((fields, sign_type))
}

/// Returns the hash that a request asks for, as far as it can be read.
pub(super) fn sign_type(call: &Call) -> SignType {
    let fields = xml::read(&call.body).unwrap_or_default();
    let named = fields.get("sign_type").map(String::as_str);
    SignType::from_name(named).unwrap_or(SignType::Md5)
}
