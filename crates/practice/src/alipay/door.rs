//! What is checked before any business rule, and in which order.
//!
//! Method, application, stamp and formats, signature, JSON. An unknown application is told so even
//! without a signature, as the real gateway does. None of these answers is signed.

use serde_json::{Map, Value};

use super::business::Business;
use super::form::{Charset, Form};
use super::node::Node;
use super::{Desk, Method, Said, Seal, node_name, notice};
use crate::calendar::from_beijing_text;
use crate::options::Mode;

/// A request that came through.
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) charset: Charset,
    pub(super) business: Business,
    /// Where the merchant wants to be told.
    pub(super) notify_url: Option<String>,
}

type Refused = (&'static str, &'static str, &'static str);

/// Lets a request in, or returns what it is told at the door.
pub(super) fn enter(desk: &Desk<'_>, form: &Form) -> Result<Call, Said> {
    let turned = |node_name: String, (code, sub_code, sub_msg): Refused| Said {
        node_name,
        node: Node::gateway_error(code, sub_code, sub_msg),
        charset: form.charset().unwrap_or(Charset::Utf8),
        seal: Seal::Missing,
    };
    let name = form.method();
    if name.is_empty() {
        let refused = ("40001", "isv.missing-method", "缺少方法名参数");
        return Err(turned("error_response".to_owned(), refused));
    }
    let Some(method) = Method::from_name(&name) else {
        let refused = ("40002", "isv.invalid-method", "不存在的方法名");
        return Err(turned("error_response".to_owned(), refused));
    };
    let at_door = |refused: Refused| turned(node_name(&name), refused);
    application(desk, form).map_err(at_door)?;
    let charset = formats(desk, form).map_err(at_door)?;
    signature(desk, form).map_err(at_door)?;
    let business = Business::new(fields(form).map_err(at_door)?);
    let notify_url = form.text("notify_url");
    Ok(Call { method, charset, business, notify_url })
}

fn application(desk: &Desk<'_>, form: &Form) -> Result<(), Refused> {
    let Some(app_id) = form.text("app_id") else {
        return Err(("40001", "isv.missing-app-id", "缺少appId参数"));
    };
    if app_id != desk.options.app_id {
        return Err(("40002", "isv.invalid-app-id", "无效的AppID参数"));
    }
    Ok(())
}

fn formats(desk: &Desk<'_>, form: &Form) -> Result<Charset, Refused> {
    let Some(stamp) = form.text("timestamp") else {
        return Err(("40001", "isv.missing-timestamp", "缺少时间戳参数"));
    };
    let invalid_stamp = ("40002", "isv.invalid-timestamp", "非法的时间戳参数");
    let stamp_ms = from_beijing_text(&stamp).ok_or(invalid_stamp)?;
    let too_far = |window_ms: i64| (desk.now_ms - stamp_ms).abs() > window_ms;
    if desk.options.stamp_window_ms.is_some_and(too_far) {
        return Err(invalid_stamp);
    }
    match form.text("version").as_deref() {
        None => return Err(("40001", "isv.missing-version", "缺少版本参数")),
        Some("1.0") => {}
        Some(_) => return Err(("40002", "isv.invalid-parameter", "参数无效")),
    }
    // What is said to an address that is none is not documented.
    let unfit = |url: &String| url.len() > 256 || !notice::may_be_told_at(url);
    if form.text("notify_url").as_ref().is_some_and(unfit) {
        return Err(("40002", "isv.invalid-parameter", "参数无效"));
    }
    let charset =
        form.charset().ok_or(("40002", "isv.invalid-charset", "字符集错误，只支持GBK与UTF-8"))?;
    let format = form.text("format");
    if format.is_some_and(|format| !format.eq_ignore_ascii_case("json")) {
        return Err(("40002", "isv.invalid-format", "无效的数据格式"));
    }
    Ok(charset)
}

fn signature(desk: &Desk<'_>, form: &Form) -> Result<(), Refused> {
    let invalid = ("40002", "isv.invalid-signature", "验签出错，请检查签名、公钥与字符集");
    match form.text("sign_type").as_deref() {
        None => return Err(("40001", "isv.missing-signature-type", "缺少签名类型参数")),
        Some("RSA2") => {}
        Some(_) => return Err(("40002", "isv.invalid-signature-type", "无效的签名类型")),
    }
    let Some(sign) = form.text("sign") else {
        return Err(("40001", "isv.missing-signature", "缺少签名参数"));
    };
    if form.contradicts_itself() {
        return Err(invalid);
    }
    if let Mode::Certificate(numbers) = &desk.options.mode {
        let app_cert_sn = form.text("app_cert_sn");
        let root_cert_sn = form.text("alipay_root_cert_sn");
        let ours = app_cert_sn.as_deref() == Some(numbers.app_cert_sn.as_str())
            && root_cert_sn.as_deref() == Some(numbers.alipay_root_cert_sn.as_str());
        if !ours {
            return Err(invalid);
        }
    }
    if !desk.signer.verify_merchant(&form.signed_content(), &sign) {
        return Err(invalid);
    }
    Ok(())
}

fn fields(form: &Form) -> Result<Map<String, Value>, Refused> {
    let illegal = ("40002", "isv.illegal-json", "非法的JSON参数");
    let text = form.text("biz_content").ok_or(illegal)?;
    match serde_json::from_str::<Value>(&text) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) | Err(_) => Err(illegal),
    }
}
