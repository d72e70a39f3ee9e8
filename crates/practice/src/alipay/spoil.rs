//! What a fault makes of an answer.

use super::form::{Charset, Form};
use super::node::Node;
use super::refusal::Refusal;
use super::{Desk, Said, Seal, letter, node_name, page};
use crate::money::{fen_from_yuan, yuan_from_fen};
use crate::practice::Answer;
use crate::weather::Fault;

/// More than a till should ever read.
const HUGE_BYTES: usize = 10 * 1024 * 1024;
const PORTAL: &str = "<!DOCTYPE html><html><head><title>Wi-Fi</title></head>\
                      <body><h1>请登录</h1><form>…</form></body></html>";

/// Writes what reaches the caller in place of what was said.
pub(crate) fn spoilt(desk: &Desk<'_>, form: &Form, said: Option<Said>, fault: Fault) -> Answer {
    let said = said.unwrap_or_else(|| busy(form));
    match fault {
        Fault::Busy { .. } => letter(desk, &busy(form), Seal::Missing),
        Fault::SystemError { .. } => letter(desk, &system_error(form, &said), Seal::Genuine),
        Fault::ServerError { status, .. } => {
            page(status, "<html><body><h1>error</h1></body></html>", desk.now_ms)
        }
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

fn busy(form: &Form) -> Said {
    Said {
        node_name: node_name(&form.method()),
        node: Node::gateway_error("20000", "isp.unknow-error", "系统繁忙"),
        charset: form.charset().unwrap_or(Charset::Utf8),
        seal: Seal::Missing,
    }
}

fn system_error(form: &Form, said: &Said) -> Said {
    let node = Node::refused(Refusal::SystemError)
        .with_some("out_trade_no", said.node.text("out_trade_no"));
    let node = match form.method().as_str() {
        "alipay.trade.cancel" => node.with("retry_flag", "Y"),
        _ => node,
    };
    Said { node, seal: Seal::Genuine, ..said.clone() }
}

/// Swaps the last digit of the number: somebody else's sale.
fn about_another_order(said: Said) -> Said {
    let number = said.node.text("out_trade_no").unwrap_or_else(|| "0".to_owned());
    let last = if number.ends_with('7') { '8' } else { '7' };
    let mut other: String = number.chars().take(number.chars().count().max(1) - 1).collect();
    other.push(last);
    Said { node: said.node.with("out_trade_no", other), ..said }
}

fn for_another_amount(said: Said) -> Said {
    let mut node = said.node;
    for name in ["total_amount", "receipt_amount", "buyer_pay_amount", "refund_fee"] {
        let fen = node.text(name).and_then(|text| fen_from_yuan(&text));
        node = node.with_some(name, fen.map(|fen| yuan_from_fen(fen + 1)));
    }
    Said { node, ..said }
}
