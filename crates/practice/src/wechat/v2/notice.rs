//! Notices of v2, both XML. That of a payment is signed like an answer. That of a refund is not;
//! its content is sealed under a hash of the APIv2 key.

use std::collections::BTreeMap;

use aes_gcm::aes::Aes256;
use aes_gcm::aes::cipher::generic_array::GenericArray;
use aes_gcm::aes::cipher::{BlockEncrypt, KeyInit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};

use super::sign::SignType;
use super::{Fields, query, refund, xml};
use crate::calendar::beijing_text;
use crate::notices::Pen;
use crate::truth::{Refund, Trade};
use crate::wechat::Account;
use crate::wechat::notice::{ANOTHER_APPID, ANOTHER_MCHID, Draft, Matter};
use crate::wechat::order::Order;
use crate::wechat::refunds;

const BLOCK: usize = 16;

/// Writes a notice.
pub(in crate::wechat) fn write(
    account: &Account,
    draft: &Draft<'_>,
) -> (Vec<(String, String)>, String) {
    let [nonce, _] = &draft.nonces;
    let (appid, mchid) = match draft.pen {
        Pen::AnotherShop => (ANOTHER_APPID, ANOTHER_MCHID),
        Pen::Channel | Pen::Stranger | Pen::AnotherAmount => (&*account.appid, &*account.mchid),
    };
    let common = Fields::new()
        .with("return_code", "SUCCESS")
        .with("appid", appid)
        .with("mch_id", mchid)
        .with("nonce_str", nonce.get(..32).unwrap_or(nonce));
    let fields = match &draft.matter {
        Matter::Paid { trade } => paid(account, draft, common, trade),
        Matter::Refund { trade, refund, .. } => {
            let content = xml::write("root", &refunded(account, draft, trade, refund).to_map());
            common.with("req_info", sealed(&key(account, draft), &content)).to_map()
        }
    };
    let headers = vec![("content-type".to_owned(), "text/xml".to_owned())];
    (headers, xml::write("xml", &fields))
}

/// Says whether an answer to a notice says that it arrived.
pub(in crate::wechat) fn is_taken(body: &[u8]) -> bool {
    let fields: BTreeMap<String, String> = xml::read(body).unwrap_or_default();
    fields.get("return_code").is_some_and(|code| code == "SUCCESS")
}

/// Returns the key that signs and seals: a stranger has none, and another shop has another.
fn key(account: &Account, draft: &Draft<'_>) -> String {
    let ours = &account.secrets.v2_key;
    match draft.pen {
        Pen::Stranger | Pen::AnotherShop => ours.chars().rev().collect(),
        Pen::Channel | Pen::AnotherAmount => ours.clone(),
    }
}

/// Signs with the hash that an order was asked for with; here every second one was with HMAC.
fn paid(
    account: &Account,
    draft: &Draft<'_>,
    common: Fields,
    trade: &Trade,
) -> BTreeMap<String, String> {
    let (sign_type, named) = match draft.is_second() {
        true => (SignType::HmacSha256, Some("HMAC-SHA256")),
        false => (SignType::Md5, None),
    };
    let fields = query::paid(common, trade, draft.happened_ms)
        .with("result_code", "SUCCESS")
        .with("trade_type", Order::Met(trade.clone()).trade_type())
        .with_some("sign_type", named);
    let mut fields = fields.to_map();
    let sign = sign_type.sign(&fields, &key(account, draft));
    fields.insert("sign".to_owned(), sign);
    if draft.pen == Pen::AnotherAmount {
        for name in ["total_fee", "cash_fee"] {
            if let Some(fee) = fields.get_mut(name) {
                *fee = (trade.amount_fen + 1).to_string();
            }
        }
    }
    fields
}

fn refunded(account: &Account, draft: &Draft<'_>, trade: &Trade, made: &Refund) -> Fields {
    let status = refunds::status(account, draft.happened_ms, made);
    let arrived = refunds::success_ms(account, draft.happened_ms, made).map(beijing_text);
    Fields::new()
        .with("transaction_id", trade.trade_no.as_str())
        .with("out_trade_no", trade.out_trade_no.as_str())
        .with("refund_id", refunds::refund_id(trade, made))
        .with("out_refund_no", made.out_request_no.as_str())
        .with_fen("total_fee", trade.amount_fen)
        .with_fen("settlement_total_fee", trade.amount_fen)
        .with_fen("refund_fee", made.amount_fen)
        .with_fen("settlement_refund_fee", made.amount_fen)
        .with("refund_status", refund::status_word(status))
        .with("refund_recv_accout", "支付用户零钱")
        .with("refund_account", "REFUND_SOURCE_RECHARGE_FUNDS")
        .with("refund_request_source", "API")
        .with_some("success_time", arrived)
}

/// AES-256-ECB with PKCS#7 under the lower-case hex of the key's MD5. Base64.
fn sealed(key: &str, text: &str) -> String {
    let hashed: String = Md5::digest(key).iter().map(|byte| format!("{byte:02x}")).collect();
    let cipher = Aes256::new(GenericArray::from_slice(hashed.as_bytes()));
    let mut bytes = text.as_bytes().to_vec();
    let filling = BLOCK - bytes.len() % BLOCK;
    bytes.resize(bytes.len() + filling, u8::try_from(filling).unwrap_or(0));
    for block in bytes.chunks_exact_mut(BLOCK) {
        cipher.encrypt_block(GenericArray::from_mut_slice(block));
    }
    STANDARD.encode(bytes)
}
