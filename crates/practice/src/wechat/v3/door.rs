//! What is checked before any rule of a call, and in which order.
//!
//! Agent and accepted type (not for transactions), the shape of `Authorization`, the stamp, the
//! merchant and the certificate, the signature (4012365344, and probes without credentials).

use super::super::Desk;
use super::{Call, Deed, No};

const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048 ";
/// How far a request's stamp may be from the channel's clock, in ms.
const STAMP_WINDOW_MS: i64 = 300_000;

const MALFORMED: &str = "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》";
const STALE: &str = "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟";
const OTHER_CERTIFICATE: &str = "商户证书序列号有误。请使用签名私钥匹配的证书序列号";
const OTHER_MERCHANT: &str = "商户号mchid与Http头Authorization不符";
const WRONG: &str = "签名错误";
const NO_AGENT: &str = "Http头缺少Accept或User-Agent";

/// The members of `Authorization`.
struct Claim<'h> {
    mchid: &'h str,
    nonce: &'h str,
    signature: &'h str,
    timestamp: &'h str,
    serial: &'h str,
}

/// Lets a request in, or returns what it is told at the door.
pub(super) fn enter(desk: &Desk<'_>, call: &Call) -> Result<(), No> {
    let no = |message| No::new(401, "SIGN_ERROR", message);
    if needs_agent(call.deed)
        && (call.header("user-agent").is_none() || call.header("accept").is_none())
    {
        return Err(No::new(400, "INVALID_REQUEST", NO_AGENT));
    }
    let header = call.header("authorization").ok_or(no(MALFORMED))?;
    let claim = claim(header).ok_or(no(MALFORMED))?;
    let stamp_s = claim.timestamp.parse::<i64>().map_err(|_| no(MALFORMED))?;
    let away_ms = stamp_s.checked_mul(1000).and_then(|ms| ms.checked_sub(desk.now_ms));
    if away_ms.is_none_or(|away_ms| away_ms.abs() > STAMP_WINDOW_MS) {
        return Err(no(STALE));
    }
    if claim.mchid != desk.account.mchid {
        return Err(no(OTHER_MERCHANT));
    }
    if claim.serial != desk.account.merchant_serial {
        return Err(no(OTHER_CERTIFICATE));
    }
    let content = signed_content(call, &claim);
    if !desk.account.key(None).signer.verify_merchant(&content, claim.signature) {
        return Err(no(WRONG));
    }
    mchid_in_query(desk, call)
}

fn needs_agent(deed: Deed) -> bool {
    match deed {
        Deed::Refund | Deed::RefundQuery | Deed::Certificates => true,
        Deed::TradeBill | Deed::FundBill | Deed::BillFile => true,
        Deed::Native | Deed::Query | Deed::QueryById | Deed::Close => false,
    }
}

/// Takes the header apart. The members come in any order; each is there once.
fn claim(header: &str) -> Option<Claim<'_>> {
    let members = header.strip_prefix(SCHEME)?;
    let mut found: [(&str, Option<&str>); 5] = [
        ("mchid", None),
        ("nonce_str", None),
        ("signature", None),
        ("timestamp", None),
        ("serial_no", None),
    ];
    for member in members.split(',') {
        let (name, value) = member.split_once('=')?;
        let value = value.strip_prefix('"')?.strip_suffix('"')?;
        let (_, place) = found.iter_mut().find(|(known, _)| *known == name)?;
        if place.replace(value).is_some() {
            return None;
        }
    }
    let [mchid, nonce, signature, timestamp, serial] = found.map(|(_, value)| value);
    Some(Claim {
        mchid: mchid?,
        nonce: nonce?,
        signature: signature?,
        timestamp: timestamp?,
        serial: serial?,
    })
}

/// Returns the five lines that the merchant signed, with path and query as they came.
fn signed_content(call: &Call, claim: &Claim<'_>) -> Vec<u8> {
    let request = &call.request;
    let mark = if request.query.is_empty() { "" } else { "?" };
    let head = format!(
        "{}\n{}{mark}{}\n{}\n{}\n",
        request.method, request.path, request.query, claim.timestamp, claim.nonce
    );
    let mut content = head.into_bytes();
    content.extend_from_slice(&request.body);
    content.push(b'\n');
    content
}

/// A query names the merchant once more, in the query string.
fn mchid_in_query(desk: &Desk<'_>, call: &Call) -> Result<(), No> {
    if !matches!(call.deed, Deed::Query | Deed::QueryById) {
        return Ok(());
    }
    let mut pairs = call.request.query.split('&').filter_map(|pair| pair.split_once('='));
    match pairs.find(|(name, _)| *name == "mchid") {
        Some((_, mchid)) if mchid == desk.account.mchid => Ok(()),
        Some(_) | None => Err(No::parameter("mchid")),
    }
}
