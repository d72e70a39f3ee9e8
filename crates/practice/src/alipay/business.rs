//! The business parameters of a call (`biz_content`), read strictly.

use serde_json::{Map, Value};

use super::Desk;
use super::node::Node;
use super::refusal::Refusal;
use crate::calendar::{beijing_midnight_after, from_beijing_text};
use crate::money::{MOST_FEN, fen_from_yuan};
use crate::truth::{Channel, Trade};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;

/// `biz_content` as an object.
pub(crate) struct Business {
    fields: Map<String, Value>,
}

/// What a till asks a customer to pay.
pub(crate) struct Sale {
    pub(crate) out_trade_no: String,
    pub(crate) amount_fen: i64,
    pub(crate) subject: String,
    pub(crate) store_id: Option<String>,
    pub(crate) terminal_id: Option<String>,
}

impl Business {
    pub(crate) fn new(fields: Map<String, Value>) -> Business {
        Business { fields }
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.keys().map(String::as_str)
    }

    /// Returns a text of at most `most` characters. Null and empty count as absent.
    pub(crate) fn text(&self, name: &str, most: usize) -> Result<Option<String>, Box<Node>> {
        let text = match self.fields.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => return Err(invalid()),
        };
        if text.is_empty() {
            return Ok(None);
        }
        if text.chars().count() > most {
            return Err(invalid());
        }
        Ok(Some(text))
    }

    /// Returns a text that must be there.
    pub(crate) fn needed(&self, name: &str, most: usize) -> Result<String, Box<Node>> {
        self.text(name, most)?.ok_or_else(invalid)
    }

    /// Returns an amount in fen that must be there, at least one fen.
    pub(crate) fn amount_fen(&self, name: &str) -> Result<i64, Box<Node>> {
        let text = self.needed(name, 16)?;
        let fen = fen_from_yuan(&text).ok_or_else(invalid)?;
        if fen == 0 {
            return Err(invalid());
        }
        if fen > MOST_FEN {
            return Err(refused(Refusal::TotalFeeExceed));
        }
        Ok(fen)
    }

    /// Returns the merchant's number, which must be there: letters, digits and `_`.
    pub(crate) fn out_trade_no(&self) -> Result<String, Box<Node>> {
        let number = self.needed("out_trade_no", 64)?;
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if number.bytes().all(allowed) { Ok(number) } else { Err(invalid()) }
    }

    /// Returns what pay and precreate have in common.
    pub(crate) fn sale(&self, desk: &Desk<'_>) -> Result<Sale, Box<Node>> {
        let subject = self.needed("subject", 256)?;
        if subject.contains(['/', '=', '&']) {
            return Err(invalid());
        }
        let seller_id = self.text("seller_id", 32)?;
        if seller_id.is_some_and(|seller_id| seller_id != desk.options.seller_id) {
            return Err(refused(Refusal::InvalidReceiveAccount));
        }
        Ok(Sale {
            out_trade_no: self.out_trade_no()?,
            amount_fen: self.amount_fen("total_amount")?,
            subject,
            store_id: self.text("store_id", 32)?,
            terminal_id: self.text("terminal_id", 32)?,
        })
    }

    /// Returns the time that a field names, if it does.
    pub(crate) fn time_expire_ms(&self) -> Result<Option<i64>, Box<Node>> {
        let Some(text) = self.text("time_expire", 32)? else {
            return Ok(None);
        };
        Ok(Some(from_beijing_text(&text).ok_or_else(invalid)?))
    }

    /// Returns the span of a field such as `timeout_express`, in ms from `now_ms`.
    pub(crate) fn express_ms(&self, name: &str, now_ms: i64) -> Result<Option<i64>, Box<Node>> {
        let Some(text) = self.text(name, 6)? else {
            return Ok(None);
        };
        Ok(Some(express_ms(&text, now_ms).ok_or_else(invalid)?))
    }

    /// Says whether an array of options holds one.
    pub(crate) fn wants(&self, option: &str) -> bool {
        let options = self.fields.get("query_options").and_then(Value::as_array);
        options.is_some_and(|options| options.iter().any(|wanted| wanted == option))
    }

    /// Returns the trade asked about, by Alipay's number if it is given, else by the merchant's.
    pub(crate) fn trade<'t>(&self, desk: &'t Desk<'_>) -> Result<Option<&'t Trade>, Box<Node>> {
        let truth = &desk.ledger.truth;
        if let Some(trade_no) = self.text("trade_no", 64)? {
            let trade = truth.trade_by_no(&trade_no);
            return Ok(trade.filter(|trade| trade.channel == Channel::Alipay));
        }
        Ok(truth.trade_at(Channel::Alipay, &self.needed("out_trade_no", 64)?))
    }

    /// Returns the merchant's number as sent, to be echoed.
    pub(crate) fn echo(&self) -> Option<String> {
        self.fields.get("out_trade_no")?.as_str().map(str::to_owned)
    }
}

/// Returns a refusal without fields of its own.
pub(crate) fn refused(refusal: Refusal) -> Box<Node> {
    Box::new(Node::refused(refusal))
}

fn invalid() -> Box<Node> {
    refused(Refusal::InvalidParameter)
}

/// Reads `1m` to `15d`, or `1c` for the end of the day (opendocs 02ekfp).
fn express_ms(text: &str, now_ms: i64) -> Option<i64> {
    if text == "1c" {
        return Some(beijing_midnight_after(now_ms) - now_ms);
    }
    let unit_ms = match text.chars().last()? {
        'm' => MINUTE_MS,
        'h' => 60 * MINUTE_MS,
        'd' => DAY_MS,
        _ => return None,
    };
    let count = &text[..text.len() - 1];
    if count.is_empty() || !count.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let span_ms = count.parse::<i64>().ok()? * unit_ms;
    (MINUTE_MS..=15 * DAY_MS).contains(&span_ms).then_some(span_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, span_ms: Option<i64>) {
        assert_eq!(express_ms(text, 0), span_ms, "`{text}`");
    }

    #[test]
    fn spans_are_from_one_minute_to_fifteen_days() {
        check("1m", Some(60_000));
        check("90m", Some(90 * 60_000));
        check("2h", Some(7_200_000));
        check("15d", Some(15 * DAY_MS));
        check("1c", Some(16 * 60 * MINUTE_MS));
        check("0m", None);
        check("16d", None);
        check("1.5h", None);
        check("5", None);
        check("m", None);
        check("5分", None);
    }
}
