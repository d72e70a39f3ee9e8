//! WeChat Pay's encode and decode, from tables, published vectors and forgeries.

mod bad_input;
mod certificates;
mod codepay;
mod encode;
mod forged;
mod notice;
mod provider;
mod shared;
mod v2;
mod v3;
mod xml;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mianfu_core::channel::{Flow, Verdict};
use mianfu_core::money::{Charge, Fen, Timestamp};
use mianfu_core::number::{OutTradeNo, RefundNo};

use crate::wechat::v2::sign::sign;
use crate::wechat::v2::xml::write;
use crate::wechat::v3::sign::answer_text;
use crate::{
    Answer, ApiV2Key, ApiV3Key, AuthCode, Call, CallError, HttpReply, Keys, Sale, Scanned, Scans,
    SignType, Stamp, Subject, Wechat, WechatSettings, recognise,
};

const NO: &str = "9000042007123456780000000019";
const OTHER_NO: &str = "9000042007123456780000000020";
const TRANSACTION_NO: &str = "4200000215202611210261405420";
const OPENID: &str = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";
const SERIAL: &str = "5DEA10EF55877E3CF6C33255C2E7DEFFF7E427EC";
const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_0112345678902026112100000000000001";
const SILENT: &str = "silent";
/// 2026-11-21 00:00:00 in Shanghai; the channel is two seconds ahead.
const NOW: Stamp = Stamp { now: Timestamp(1_795_190_400_000), offset_ms: 2_000 };

fn show() -> Flow {
    Flow::Show
}

fn scan() -> Flow {
    Flow::Scan
}

/// Keyed hashes in the place of signatures, one key per serial.
struct Hashed(Vec<&'static str>);

fn hashed(serial: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, serial.as_bytes())
}

impl Keys for Hashed {
    fn sign(&self, content: &[u8]) -> String {
        STANDARD.encode(hmac::sign(&hashed("merchant"), content))
    }

    fn verify(&self, _content: &[u8], _signature_base64: &str) -> bool {
        false
    }

    fn knows(&self, serial: &str) -> bool {
        self.0.contains(&serial)
    }

    fn verify_under(&self, serial: &str, content: &[u8], signature_base64: &str) -> bool {
        let Ok(tag) = STANDARD.decode(signature_base64) else { return false };
        self.knows(serial) && hmac::verify(&hashed(serial), content, &tag).is_ok()
    }
}

fn settings() -> WechatSettings {
    WechatSettings {
        endpoint: "https://api.mch.weixin.qq.com".to_owned(),
        app_id: "wxd678efh567hg6787".to_owned(),
        mch_id: "1230000109".to_owned(),
        serial_no: "408B07E79B8269FEC3D5D3E6AB8ED163A6A380DB".to_owned(),
        answer_serial: None,
        notify_url: "https://relay.example.com/notify/wechat/1230000109/7".to_owned(),
        terminal_ip: "192.168.1.20".to_owned(),
        device: None,
        sign_type: SignType::HmacSha256,
        scans: Scans::V2,
        sub_merchant: None,
    }
}

fn v3_key() -> ApiV3Key {
    ApiV3Key::new("a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb").unwrap()
}

fn v2_key() -> ApiV2Key {
    ApiV2Key::new("192006250b4c09247ec02edce69f6a2d").unwrap()
}

fn with_keys<K>(keys: K) -> Wechat<K> {
    Wechat { settings: settings(), keys, v3_key: v3_key(), v2_key: v2_key(), payer_key: [7; 32] }
}

fn wechat() -> Wechat<Hashed> {
    with_keys(Hashed(vec![SERIAL, PUBLIC_KEY_ID]))
}

fn no() -> OutTradeNo {
    OutTradeNo::new(NO).unwrap()
}

fn refund_no() -> RefundNo {
    RefundNo::compose(&no(), 1).unwrap()
}

fn sale() -> Sale {
    Sale {
        out_trade_no: no(),
        amount: Charge::new(1250).unwrap(),
        subject: Subject::new("拿铁 大杯 1/2"),
        expires_at: None,
    }
}

fn auth_code() -> AuthCode {
    let Scanned::Payment { auth_code, .. } = recognise("134567890123456789") else {
        panic!("a payment code");
    };
    auth_code
}

fn submit(flow: Flow) -> Call {
    let auth_code = match flow {
        Flow::Scan => Some(auth_code()),
        Flow::Show => None,
    };
    Call::Submit { sale: sale(), auth_code }
}

fn query() -> Call {
    Call::Query { out_trade_no: no() }
}

fn refund() -> Call {
    Call::Refund {
        out_trade_no: no(),
        refund_no: refund_no(),
        amount: Fen::new(500).unwrap(),
        of: Charge::new(1250).unwrap(),
    }
}

fn refund_query() -> Call {
    Call::RefundQuery { out_trade_no: no(), refund_no: refund_no() }
}

fn unsigned(status: u16, body: impl Into<Vec<u8>>) -> HttpReply {
    HttpReply { status, headers: Vec::new(), body: body.into() }
}

/// An answer of v3, signed two seconds ahead of us under a serial.
fn signed_by(serial: &str, status: u16, body: &str) -> HttpReply {
    let (timestamp, nonce) = ("1795190402", "e59e78a6c3f7dfd7e84aabee71be0452");
    let tag = hmac::sign(&hashed(serial), &answer_text(timestamp, nonce, body.as_bytes()));
    let headers = [
        ("Wechatpay-Timestamp", timestamp),
        ("wechatpay-nonce", nonce),
        ("WECHATPAY-SIGNATURE", &STANDARD.encode(tag)),
        ("Wechatpay-Serial", serial),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    HttpReply { status, headers, body: body.into() }
}

fn signed(status: u16, body: &str) -> HttpReply {
    signed_by(SERIAL, status, body)
}

/// An answer of v2 with these fields beside those every answer has, signed.
fn xml_reply(fields: &[(&str, &str)]) -> HttpReply {
    xml_signed(fields, SignType::HmacSha256)
}

fn xml_signed(fields: &[(&str, &str)], sign_type: SignType) -> HttpReply {
    let mut all = vec![
        ("return_code", "SUCCESS"),
        ("return_msg", "OK"),
        ("appid", "wxd678efh567hg6787"),
        ("mch_id", "1230000109"),
        ("nonce_str", "5d2b6c2a8db53831f7eda20af46e531c"),
    ];
    all.retain(|(name, _)| fields.iter().all(|(given, _)| given != name));
    all.extend_from_slice(fields);
    all.retain(|(_, value)| *value != "-");
    let sign = sign(all.iter().copied(), sign_type, &v2_key());
    all.push(("sign", &sign));
    unsigned(200, write(all))
}

/// Says in one line what an answer was read as, errors but unsigned refusals as `silent`.
fn brief(read: Result<Answer, CallError>) -> String {
    match read {
        Ok(Answer::Told(Verdict::Paid(payment))) => {
            let back = if payment.some_back { ", some back" } else { "" };
            format!("paid {} {:?}{back}", payment.amount, payment.paid_at.map(|at| at.0))
        }
        Ok(answer) => format!("{answer:?}"),
        Err(CallError::UnsignedRefusal { reason }) => format!("a manager: {reason}"),
        Err(_) => SILENT.to_owned(),
    }
}
