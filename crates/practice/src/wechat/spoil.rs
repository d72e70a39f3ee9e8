//! What a fault makes of an answer.

use serde_json::Value;

use super::{Call, Desk, Said, letter, v2, v3};
use crate::calendar::http_date;
use crate::practice::Answer;
use crate::weather::Fault;
use crate::wire::Seal;

/// More than a till should ever read.
const HUGE_BYTES: usize = 10 * 1024 * 1024;
const PORTAL: &str = "<!DOCTYPE html><html><head><title>Wi-Fi</title></head>\
                      <body><h1>请登录</h1><form>…</form></body></html>";
const ERROR_PAGE: &str = "<html><body><h1>error</h1></body></html>";

/// Writes what reaches the caller in place of what was said.
pub(crate) fn spoilt(desk: &Desk<'_>, call: &Call, said: Option<Said>, fault: Fault) -> Answer {
    let said = said.unwrap_or_else(|| busy(call));
    match fault {
        Fault::Busy { .. } => letter(desk, &busy(call), Seal::Missing),
        Fault::SystemError { .. } => letter(desk, &system_error(desk, call), Seal::Genuine),
        Fault::ServerError { status, .. } => page(status, ERROR_PAGE, desk.now_ms),
        Fault::WrongSignature => letter(desk, &said, Seal::Forged),
        Fault::Unsigned => letter(desk, &said, Seal::Missing),
        Fault::Truncated => {
            let mut answer = letter(desk, &said, Seal::Genuine);
            answer.body.truncate(answer.body.len() / 2);
            answer
        }
        Fault::Garbage => page(200, PORTAL, desk.now_ms),
        Fault::Empty => page(200, "", desk.now_ms),
        Fault::Huge => {
            let mut answer = letter(desk, &said, Seal::Genuine);
            answer.body.resize(HUGE_BYTES, b' ');
            answer
        }
        Fault::AnotherOrder => letter(desk, &about_another_order(said), Seal::Genuine),
        Fault::AnotherAmount => letter(desk, &for_another_amount(said), Seal::Genuine),
        Fault::RequestLost
        | Fault::RequestLate { .. }
        | Fault::Refused
        | Fault::AnswerLost
        | Fault::Slow { .. }
        | Fault::Twice
        | Fault::RetryLater
        | Fault::SellerEmpty => letter(desk, &said, Seal::Genuine),
    }
}

fn busy(call: &Call) -> Said {
    match call {
        Call::V3(_) => {
            let no = v3::No::new(503, "SERVICE_UNAVAILABLE", "服务不可用，请稍后重试");
            Said::V3(v3::Said::refused(no))
        }
        Call::V2(_) => Said::V2(v2::Said::turned("系统繁忙，请稍后再试")),
    }
}

fn system_error(desk: &Desk<'_>, call: &Call) -> Said {
    match call {
        Call::V3(_) => {
            let no = v3::No::new(500, "SYSTEM_ERROR", "系统异常，请稍后重试");
            Said::V3(v3::Said::refused(no))
        }
        Call::V2(call) => Said::V2(v2::Said::system_error(desk, call)),
    }
}

/// Swaps the last digit of the number: somebody else's sale.
fn about_another_order(said: Said) -> Said {
    match said {
        Said::V3(mut said) => {
            if let Some(Value::String(number)) = said.body.get_mut("out_trade_no") {
                *number = other(number);
            }
            Said::V3(said)
        }
        Said::V2(mut said) => {
            if let Some(number) = said.fields.get("out_trade_no").map(other) {
                said.fields = said.fields.with("out_trade_no", number);
            }
            Said::V2(said)
        }
    }
}

fn other(number: &str) -> String {
    let last = if number.ends_with('7') { '8' } else { '7' };
    let mut other: String = number.chars().take(number.chars().count().max(1) - 1).collect();
    other.push(last);
    other
}

fn for_another_amount(said: Said) -> Said {
    match said {
        Said::V3(mut said) => {
            if let Some(Value::Object(amount)) = said.body.get_mut("amount") {
                for value in amount.values_mut() {
                    if let Some(fen) = value.as_i64() {
                        *value = Value::from(fen + 1);
                    }
                }
            }
            Said::V3(said)
        }
        Said::V2(mut said) => {
            for name in ["total_fee", "cash_fee", "refund_fee", "refund_fee_0"] {
                let fen = said.fields.get(name).and_then(|text| text.parse::<i64>().ok());
                if let Some(fen) = fen {
                    said.fields = said.fields.with(name, (fen + 1).to_string());
                }
            }
            Said::V2(said)
        }
    }
}

fn page(status: u16, html: &str, now_ms: i64) -> Answer {
    let headers = vec![
        ("content-type".to_owned(), "text/html".to_owned()),
        ("date".to_owned(), http_date(now_ms)),
    ];
    Answer { status, headers, body: html.as_bytes().to_vec() }
}
