//! Requests and answers as they go over the wires, read from outside: which call a request is, about
//! which number, and what a till may make of an answer.
//!
//! Alipay names a call in the query, WeChat Pay by its path. Here both are called what the ledger
//! calls them: `alipay.trade.pay`, `wechat.v2.micropay`.

use mianfu_gateway::{HttpReply, HttpRequest, Method};
use mianfu_practice::truth::{Asked, Fate};
use mianfu_practice::{Answer, FaultKind, GATEWAY_PATH, Request};

use super::channels::HOST;
use super::record::Word;

/// What a request asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Asks {
    /// The call, by the ledger's name.
    pub(super) method: String,
    /// The number it is about.
    pub(super) no: String,
    /// The refund's number, where it is about one.
    pub(super) refund_no: String,
    /// The business parameters, without the customer's code.
    pub(super) business: String,
}

pub(super) fn on_the_wire(request: HttpRequest) -> Request {
    let address = request.url.strip_prefix(HOST).unwrap_or(&request.url);
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let (path, query) = (path.to_owned(), query.to_owned());
    let headers = request
        .headers
        .into_iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect();
    let method = match request.method {
        Method::Get => "GET",
        Method::Post => "POST",
    };
    Request { method: method.to_owned(), path, query, headers, body: request.body }
}

/// Reads a request.
pub(super) fn read(request: &Request) -> Asks {
    if request.path == GATEWAY_PATH {
        return read_alipay(request);
    }
    let segments: Vec<&str> = request.path.split('/').skip(1).collect();
    match segments.as_slice() {
        ["v3", "pay", "transactions", "native"] => read_json("wechat.v3.native", request),
        ["v3", "pay", "transactions", "out-trade-no", no] => about("wechat.v3.query", no),
        ["v3", "pay", "transactions", "out-trade-no", no, "close"] => about("wechat.v3.close", no),
        ["v3", "refund", "domestic", "refunds"] => read_json("wechat.v3.refund", request),
        ["v3", "refund", "domestic", "refunds", refund_no] => Asks {
            refund_no: (*refund_no).to_owned(),
            ..about("wechat.v3.refundquery", refunded(refund_no))
        },
        _ => read_xml(&format!("wechat.v2.{}", segments.last().unwrap_or(&"")), request),
    }
}

fn about(method: &str, no: &str) -> Asks {
    Asks { method: method.to_owned(), no: no.to_owned(), ..Asks::default() }
}

/// Returns the attempt's number that a refund's begins with.
fn refunded(refund_no: &str) -> &str {
    refund_no.split('R').next().unwrap_or_default()
}

fn read_alipay(request: &Request) -> Asks {
    let field = |text: &[u8], wanted: &str| {
        form_urlencoded::parse(text)
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    };
    let business = field(&request.body, "biz_content");
    let parsed: serde_json::Value = serde_json::from_str(&business).unwrap_or_default();
    let text = |name: &str| {
        parsed.get(name).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
    };
    Asks {
        method: field(request.query.as_bytes(), "method"),
        no: text("out_trade_no"),
        refund_no: text("out_request_no"),
        business: without_code(business, &text("auth_code")),
    }
}

fn read_json(method: &str, request: &Request) -> Asks {
    let business = String::from_utf8_lossy(&request.body).into_owned();
    let parsed: serde_json::Value = serde_json::from_str(&business).unwrap_or_default();
    let text = |name: &str| {
        parsed.get(name).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
    };
    let (no, refund_no) = (text("out_trade_no"), text("out_refund_no"));
    Asks { method: method.to_owned(), no, refund_no, business }
}

fn read_xml(method: &str, request: &Request) -> Asks {
    let business = String::from_utf8_lossy(&request.body).into_owned();
    let refund_no = element(&business, "out_refund_no").to_owned();
    let named = element(&business, "out_trade_no");
    let no = if named.is_empty() { refunded(&refund_no) } else { named }.to_owned();
    let code = element(&business, "auth_code").to_owned();
    Asks { method: method.to_owned(), no, refund_no, business: without_code(business, &code) }
}

/// Returns an element's text as our own side writes it; empty where there is none.
fn element<'x>(xml: &'x str, name: &str) -> &'x str {
    let opened = format!("<{name}><![CDATA[");
    let rest = xml.split_once(opened.as_str()).map_or("", |(_, rest)| rest);
    rest.split_once("]]>").map_or("", |(text, _)| text)
}

fn without_code(business: String, code: &str) -> String {
    if code.is_empty() { business } else { business.replace(code, "***") }
}

pub(super) fn http_reply(answer: Answer) -> HttpReply {
    HttpReply { status: answer.status, headers: answer.headers, body: answer.body }
}

/// Returns what something between the till and the channel answers.
pub(super) fn portal(status: u16) -> HttpReply {
    let body = b"<html><body>Please log in to this network</body></html>".to_vec();
    HttpReply { status, headers: Vec::new(), body }
}

/// Returns an answer of which the second half is missing, and what a till may make of it: where
/// there is no body, the signature has it all.
pub(super) fn truncated(plain: &HttpReply, word: Word) -> (HttpReply, Word) {
    let mut cut = plain.clone();
    cut.body.truncate(plain.body.len() / 2);
    let word = if cut == *plain { word } else { Word::Worthless };
    (cut, word)
}

/// Changes one byte of an answer's body, and says what a till may make of that.
pub(super) fn tampered(plain: &HttpReply, place: u64, word: Word) -> (HttpReply, Word) {
    let mut reply = plain.clone();
    let length = u64::try_from(reply.body.len()).unwrap_or(0);
    let place = usize::try_from(place.checked_rem(length).unwrap_or(0)).unwrap_or(0);
    if let Some(byte) = reply.body.get_mut(place) {
        *byte = if *byte == b'7' { b'8' } else { b'7' };
    }
    let word = match plain.body.first() {
        Some(b'{') if code_of(plain).0.is_some() => word_of_tampered(plain, &reply),
        Some(_) if word != Word::Unsigned => Word::Worthless,
        // What was a refusal without a signature is one still, or nothing.
        Some(_) | None => word,
    };
    (reply, word)
}

/// Returns what a till may make of Alipay's answer with another byte: nothing, unless it says what it
/// said and has no signature, be it that the byte was in the signature's name. Anybody could have
/// written such a refusal: it is no verdict, and no silence either. A success without a signature is
/// worth nothing.
fn word_of_tampered(plain: &HttpReply, tampered: &HttpReply) -> Word {
    let (told, _) = code_of(plain);
    let same = code_of(tampered) == (told.clone(), true);
    let refused = told.is_some_and(|(code, _)| code.starts_with('4'));
    if refused && same { Word::Unsigned } else { Word::Worthless }
}

/// Returns the codes of Alipay's answer that can be read, and whether it is without a signature.
fn code_of(reply: &HttpReply) -> (Option<(String, String)>, bool) {
    let members: serde_json::Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let is_answer = |name: &str| name.starts_with("alipay_") || name == "error_response";
    let node = members.as_object().and_then(|members| {
        members.iter().find(|(name, _)| is_answer(name) && name.ends_with("_response"))
    });
    let codes = node.map(|(_, node)| {
        let text = |name: &str| node.get(name).and_then(serde_json::Value::as_str);
        let sub_code = text("sub_code").unwrap_or_default();
        let bare = sub_code.rsplit('.').next().unwrap_or_default();
        (text("code").unwrap_or_default().to_owned(), bare.to_owned())
    });
    (codes, members.get("sign").is_none())
}

/// Returns what a till may make of what a channel said in this answer.
pub(super) fn genuine(asked: &Asked, answer: &Answer) -> Word {
    if asked.method.starts_with("wechat.v3.") {
        of_v3(asked, answer)
    } else if asked.method.starts_with("wechat.v2.") {
        of_v2(asked, answer)
    } else {
        of_alipay(asked)
    }
}

fn of_alipay(asked: &Asked) -> Word {
    // A system error is signed and says nothing.
    if let Fate::Spoilt(FaultKind::Unsigned | FaultKind::SystemError) = asked.fate {
        return Word::Unsigned;
    }
    if asked.fate == Fate::Answered { told(asked) } else { Word::Worthless }
}

/// A refusal of v3 is unsigned whatever befalls it, and the signature of an answer without a body
/// covers nothing that could be cut off.
fn of_v3(asked: &Asked, answer: &Answer) -> Word {
    match answer.status {
        200 | 204 => match asked.fate {
            Fate::Answered => told(asked),
            Fate::Spoilt(FaultKind::Unsigned) => Word::Unsigned,
            Fate::Spoilt(FaultKind::Truncated) if answer.body.is_empty() => told(asked),
            Fate::Spoilt(FaultKind::AnotherOrder) if !names_a_number(answer) => told(asked),
            Fate::Spoilt(_) | Fate::Late | Fate::NeverArrived(_) => Word::Worthless,
        },
        400..=428 if asked.told.is_some() => Word::Unsigned,
        _ => Word::Worthless,
    }
}

/// What is said at v2's door is unsigned. A system's error is signed and says nothing but to a
/// reversal, which it asks for again.
fn of_v2(asked: &Asked, answer: &Answer) -> Word {
    let signed = answer.body.windows(6).any(|bytes| bytes == b"<sign>");
    let told = || if signed { told(asked) } else { Word::Unsigned };
    match asked.fate {
        Fate::Answered => told(),
        Fate::Spoilt(FaultKind::SystemError) if asked.method == "wechat.v2.reverse" => {
            let code = "FAIL".to_owned();
            let sub_code = "SYSTEMERROR".to_owned();
            Word::Genuine { code, sub_code, trade_status: String::new() }
        }
        Fate::Spoilt(FaultKind::Unsigned | FaultKind::SystemError) => Word::Unsigned,
        Fate::Spoilt(FaultKind::AnotherOrder) if !names_a_number(answer) => told(),
        Fate::Spoilt(_) | Fate::Late | Fate::NeverArrived(_) => Word::Worthless,
    }
}

/// Says whether an answer names an attempt, so that it can be about another one.
fn names_a_number(answer: &Answer) -> bool {
    answer.body.windows(12).any(|bytes| bytes == b"out_trade_no")
}

fn told(asked: &Asked) -> Word {
    match &asked.told {
        Some(told) => Word::Genuine {
            code: told.code.clone(),
            sub_code: told.sub_code.clone().unwrap_or_default(),
            trade_status: told.trade_status.clone().unwrap_or_default(),
        },
        None => Word::Worthless,
    }
}

pub(super) fn told_text(asked: &Asked) -> String {
    let Some(told) = &asked.told else { return "-".to_owned() };
    [Some(&told.code), told.sub_code.as_ref(), told.trade_status.as_ref(), told.action.as_ref()]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(" ")
}

pub(super) fn short(method: &str) -> &str {
    method.rsplit_once("trade.").map_or(method, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(body: &str) -> HttpReply {
        HttpReply { status: 200, headers: Vec::new(), body: body.as_bytes().to_vec() }
    }

    /// The parts of an answer whose damage leaves a refusal that anybody could have written.
    fn check(body: &str, expected: &[&str]) {
        let plain = reply(body);
        let mut found = vec![false; body.len()];
        for (place, found) in (0..).zip(&mut found) {
            *found = tampered(&plain, place, Word::Worthless).1 == Word::Unsigned;
        }
        let mut parts = vec![false; body.len()];
        for part in expected {
            let at = body.find(part).unwrap();
            parts[at..at + part.len()].fill(true);
        }
        assert_eq!(found, parts, "{body}");
    }

    #[test]
    fn a_damaged_answer_is_unsigned_only_where_it_says_the_same_without_a_signature() {
        let node = |code: &str| {
            format!(r#""alipay_trade_query_response":{{"code":"{code}","sub_code":"ACQ.GONE"}}"#)
        };
        check(&format!(r#"{{{},"sign":"abc"}}"#, node("40004")), &["sign"]);
        check(&format!(r#"{{{},"sign":"abc"}}"#, node("10000")), &[]);
        check(&format!(r#"{{{},"sign":"abc"}}"#, node("20000")), &[]);
        check(&format!("{{{}}}", node("40004")), &["trade_query", "ACQ"]);
        check("<html></html>", &[]);
    }

    #[test]
    fn nothing_is_cut_off_where_there_is_no_body() {
        let said = Word::Genuine {
            code: "204".to_owned(),
            sub_code: String::new(),
            trade_status: String::new(),
        };
        assert_eq!(truncated(&reply(""), said.clone()).1, said);
        assert_eq!(tampered(&reply(""), 5, said.clone()).1, said);
        assert_eq!(truncated(&reply("{}"), said.clone()).1, Word::Worthless);
        assert_eq!(tampered(&reply("{}"), 1, said).1, Word::Worthless);
    }

    fn request(method: &str, path: &str, body: &str) -> Request {
        Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: String::new(),
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn a_call_of_wechat_pays_is_known_by_its_path() {
        let pay = "<xml><out_trade_no><![CDATA[9007]]></out_trade_no>\
                   <auth_code><![CDATA[130123]]></auth_code></xml>";
        let asks = read(&request("POST", "/pay/micropay", pay));
        assert_eq!((asks.method.as_str(), asks.no.as_str()), ("wechat.v2.micropay", "9007"));
        assert!(!asks.business.contains("130123"), "{}", asks.business);
        let about_a_refund = "<xml><out_refund_no><![CDATA[9007R2]]></out_refund_no></xml>";
        let asks = read(&request("POST", "/pay/refundquery", about_a_refund));
        assert_eq!((asks.no.as_str(), asks.refund_no.as_str()), ("9007", "9007R2"));
        let asks = read(&request("GET", "/v3/pay/transactions/out-trade-no/9007", ""));
        assert_eq!((asks.method.as_str(), asks.no.as_str()), ("wechat.v3.query", "9007"));
        let asks = read(&request("GET", "/v3/refund/domestic/refunds/9007R1", ""));
        assert_eq!((asks.no.as_str(), asks.refund_no.as_str()), ("9007", "9007R1"));
    }
}
