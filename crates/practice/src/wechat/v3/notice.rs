//! A notice of v3 (4012791861, 4013071196): JSON whose content is sealed under the APIv3 key.

use serde_json::{Value, json};

use super::super::Account;
use super::super::notice::{ANOTHER_APPID, ANOTHER_MCHID, Draft, Matter};
use super::super::order::{Order, State};
use super::super::refunds::{self, Status};
use super::seal::{NONCE_LENGTH, seal};
use super::{Signed, native, refund, signature};
use crate::calendar::beijing_rfc3339;
use crate::notices::Pen;
use crate::truth::{Refund, Trade};

/// Writes, seals and signs a notice.
pub(in crate::wechat) fn write(
    account: &Account,
    draft: &Draft<'_>,
) -> (Vec<(String, String)>, String) {
    let (event, kind, summary, content) = match &draft.matter {
        Matter::Paid { trade } => {
            ("TRANSACTION.SUCCESS", "transaction", "支付成功", paid(account, draft, trade))
        }
        Matter::Refund { trade, refund, status } => {
            let (event, summary) = match status {
                Status::Success | Status::Processing => ("REFUND.SUCCESS", "退款成功"),
                Status::Abnormal => ("REFUND.ABNORMAL", "退款异常"),
                Status::Closed => ("REFUND.CLOSED", "退款关闭"),
            };
            (event, "refund", summary, refunded(account, draft, trade, refund))
        }
    };
    let enclosed = |content: &Value| enclosed(account, draft, (event, kind, summary), content);
    let body = match draft.pen {
        Pen::AnotherShop => enclosed(&of_another_shop(content.clone())),
        Pen::Channel | Pen::Stranger | Pen::AnotherAmount => enclosed(&content),
    };
    let signed = match draft.pen {
        Pen::Stranger => Signed::Falsely,
        Pen::Channel if draft.probe => Signed::AsProbe,
        Pen::Channel | Pen::AnotherAmount | Pen::AnotherShop => Signed::Truly,
    };
    let [_, signing] = &draft.nonces;
    let nonce = signing.get(..32).unwrap_or(signing).to_owned();
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    headers.extend(signature(account.key(None), signed, draft.now_ms, nonce, &body));
    let body = match draft.pen {
        Pen::AnotherAmount => enclosed(&with_another_amount(content)),
        Pen::Channel | Pen::Stranger | Pen::AnotherShop => body,
    };
    (headers, body)
}

/// Seals what is told and writes the letter around it.
fn enclosed(
    account: &Account,
    draft: &Draft<'_>,
    (event, kind, summary): (&str, &str, &str),
    content: &Value,
) -> String {
    let [sealing, _] = &draft.nonces;
    let nonce = sealing.get(..NONCE_LENGTH).unwrap_or("practice-gcm");
    // The documents show it empty, the official libraries with a word in it.
    let associated = if draft.is_second() { kind } else { "" };
    let key = match draft.pen {
        // A stranger has no key to seal with, and another shop's is not this one.
        Pen::Stranger | Pen::AnotherShop => account.secrets.v3_key.map(|byte| byte ^ 1),
        Pen::Channel | Pen::AnotherAmount => account.secrets.v3_key,
    };
    json!({
        "id": draft.id,
        "create_time": beijing_rfc3339(draft.happened_ms),
        "resource_type": "encrypt-resource",
        "event_type": event,
        "summary": summary,
        "resource": {
            "original_type": kind,
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": seal(&key, nonce, associated, &content.to_string()),
            "associated_data": associated,
            "nonce": nonce,
        },
    })
    .to_string()
}

fn of_another_shop(mut content: Value) -> Value {
    for (name, other) in [("appid", ANOTHER_APPID), ("mchid", ANOTHER_MCHID)] {
        if let Some(known) = content.get_mut(name) {
            *known = json!(other);
        }
    }
    content
}

fn with_another_amount(mut content: Value) -> Value {
    for amount in content["amount"].as_object_mut().into_iter().flat_map(|all| all.values_mut()) {
        if let Some(fen) = amount.as_i64() {
            *amount = json!(fen + 1);
        }
    }
    content
}

/// What a query would have been told at the payment, whatever came after.
fn paid(account: &Account, draft: &Draft<'_>, trade: &Trade) -> Value {
    let mut content = native::described(account, draft.happened_ms, &Order::Met(trade.clone()));
    content["trade_state"] = json!(State::Success.as_str());
    content["trade_state_desc"] = json!(State::Success.description());
    content
}

/// A refund's answer in other words: `refund_status` where the answer says `status`.
fn refunded(account: &Account, draft: &Draft<'_>, trade: &Trade, made: &Refund) -> Value {
    let status = refunds::status(account, draft.happened_ms, made);
    let mut content = json!({
        "mchid": account.mchid,
        "out_trade_no": trade.out_trade_no,
        "transaction_id": trade.trade_no,
        "out_refund_no": made.out_request_no,
        "refund_id": refunds::refund_id(trade, made),
        "refund_status": refund::status_word(status),
        "user_received_account": "支付用户零钱",
        "amount": {
            "total": trade.amount_fen,
            "refund": made.amount_fen,
            "payer_total": trade.amount_fen,
            "payer_refund": made.amount_fen,
        },
    });
    if let Some(success_time) = refunds::success_time(account, draft.happened_ms, made) {
        content["success_time"] = json!(success_time);
    }
    content
}
