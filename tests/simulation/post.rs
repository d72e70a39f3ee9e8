//! The way of a call: it leaves, arrives at practice, and something comes back, or nothing.

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind};

use mianfu_gateway::{CallError, HttpReply, HttpRequest};
use mianfu_practice::truth::Fate;
use mianfu_practice::{Answer, FaultKind, GATEWAY_PATH, Reply, Request};
use mianfu_till::{CallId, Outgoing};

use super::network::{Back, Course};
use super::record::{Call, Heard, Word};
use super::world::{Happening, World};

/// How a call travels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    id: CallId,
    start: u32,
    back: Back,
    /// When the till gives up waiting, in the world's time.
    limit_ms: i64,
    /// Whether the till will hear something, decided once.
    decided: bool,
}

/// What the till is told.
#[derive(Debug, Clone)]
pub(super) enum Comes {
    /// An answer, and what may be made of it.
    Reply(HttpReply, Word),
    /// Nothing within the time.
    TimedOut,
    /// A broken connection.
    Broken,
    /// No connection.
    Unreachable,
}

impl World<'_> {
    /// A call leaves the till.
    pub(super) fn leaves(&mut self, outgoing: Outgoing) {
        let Outgoing { id, channel: _, request } = outgoing;
        let call = self.desk.record.calls.len();
        let limit_ms = self.now_ms + i64::from(request.limit_ms);
        let limit = request.limit_ms;
        let request = on_the_wire(request);
        let written = self.written(&request);
        let (course, fault) = self.network.course(&written.method);
        let phase = self.desk.phases.get(&written.no).cloned().unwrap_or_default();
        if let Some(fault) = fault {
            self.fired.count(fault, &phase);
        }
        let name = short(&written.method);
        self.say(format_args!(
            "#{call} {name} {} leaves ({limit} ms): {}",
            written.no,
            fault.unwrap_or("-")
        ));
        self.desk.record.calls.push(written);
        self.desk.requests.insert(call, request);
        let start = self.desk.start;
        let comes = |after_ms: i64, comes: Comes| (after_ms, comes);
        let told = match course {
            Course::Unreachable { after_ms } => comes(after_ms, Comes::Unreachable),
            Course::Lost => comes(i64::MAX, Comes::TimedOut),
            Course::BrokenEarly { after_ms } => comes(after_ms, Comes::Broken),
            Course::Intercepted { after_ms, status } => {
                comes(after_ms, Comes::Reply(portal(status), Word::Worthless))
            }
            Course::Travels { there_ms, back, again_ms } => {
                let way = Way { id, start, back, limit_ms, decided: false };
                self.desk.courses.insert(call, way);
                self.put(self.now_ms + there_ms, Happening::Arrives { call, answered: true });
                if let Some(again_ms) = again_ms {
                    let again = Happening::Arrives { call, answered: false };
                    self.put(self.now_ms + again_ms, again);
                }
                if self.now_ms + there_ms < limit_ms {
                    return;
                }
                // It arrives when nobody waits any more.
                self.desk.courses.insert(call, Way { decided: true, ..way });
                comes(i64::MAX, Comes::TimedOut)
            }
        };
        let (after_ms, comes) = told;
        self.tell(call, id, start, self.now_ms.saturating_add(after_ms), limit_ms, comes);
    }

    /// A request reaches the channel.
    pub(super) fn arrives(&mut self, call: usize, answered: bool) {
        let Some(request) = self.desk.requests.get(&call) else { return };
        if let Some((_, fault)) = self.spoilt.take_if(|(at, _)| *at == call) {
            let method = &self.desk.record.calls[call].method;
            self.practice.weather_mut().next_of(method, fault);
        }
        let before = self.practice.weather().fired().clone();
        let reply = self.practice.handle(self.now_ms, request);
        let fault = befell(&before, self.practice.weather().fired());
        let asked = self.practice.truth().asked().last();
        let (word, fate, told) = match asked {
            Some(asked) => (genuine(asked), asked.fate, told_text(asked)),
            None => (Word::Worthless, Fate::Answered, String::new()),
        };
        let (no, phase) = {
            let no = &self.desk.record.calls[call].no;
            (no.clone(), self.desk.phases.get(no).cloned().unwrap_or_default())
        };
        if let Some(kind) = fault {
            self.fired.count(&format!("channel_{kind:?}"), &phase);
        }
        let again = if answered { "" } else { " again" };
        self.say(format_args!("#{call} {no} arrives{again}: {told} {fate:?}"));
        self.desk.record.calls[call].arrived_ms.push(self.now_ms);
        if answered {
            self.desk.record.calls[call].answered_ms = Some(self.now_ms);
        }
        if let (true, Some(way)) = (answered, self.desk.courses.get(&call).copied())
            && !way.decided
        {
            self.answers(call, way, reply, word);
        }
    }

    /// The channel's answer goes on its way.
    fn answers(&mut self, call: usize, way: Way, reply: Reply, word: Word) {
        let (answer, delay_ms) = match reply {
            Reply::Answer { answer, delay_ms } => (answer, i64::from(delay_ms)),
            Reply::Lost => {
                self.tell(call, way.id, way.start, i64::MAX, way.limit_ms, Comes::TimedOut);
                return;
            }
            Reply::Refused => {
                // *Unreachable* is no lie: its second copy does not arrive either.
                self.desk.requests.remove(&call);
                let at_ms = self.now_ms + 5;
                self.tell(call, way.id, way.start, at_ms, way.limit_ms, Comes::Unreachable);
                return;
            }
        };
        let plain = http_reply(answer);
        let (back_ms, comes) = match way.back {
            Back::Comes { ms } => (ms, Comes::Reply(plain, word)),
            Back::Lost => (i64::MAX, Comes::TimedOut),
            Back::Overtaken => {
                self.hold_back(call, way, Comes::Reply(plain, word));
                return;
            }
            Back::Broken { ms } => (ms, Comes::Broken),
            Back::Truncated { ms } => {
                let mut cut = plain;
                cut.body.truncate(cut.body.len() / 2);
                (ms, Comes::Reply(cut, Word::Worthless))
            }
            Back::Tampered { ms, place } => {
                let reply = tampered(plain.clone(), place);
                let word = word_of_tampered(&plain, &reply);
                (ms, Comes::Reply(reply, word))
            }
        };
        let at_ms = self.now_ms.saturating_add(delay_ms).saturating_add(back_ms);
        self.tell(call, way.id, way.start, at_ms, way.limit_ms, comes);
    }

    /// An answer lies somewhere on its way until another one has come, or until just before nobody
    /// waits for it any more.
    fn hold_back(&mut self, call: usize, way: Way, comes: Comes) {
        let at_ms = (way.limit_ms - 1).max(self.now_ms);
        let returns = Happening::Returns { call, id: way.id, start: way.start, comes };
        let place = self.put(at_ms, returns);
        self.desk.held_back = Some(place);
    }

    /// The answer that lay on its way comes now.
    fn lets_go(&mut self) {
        if let Some(place) = self.desk.held_back.take()
            && let Some((_, returns)) = self.queue.remove(&place)
        {
            self.put(self.now_ms + 1, returns);
        }
    }

    /// Plans what the till hears: what comes in time, else silence when the time is up.
    fn tell(
        &mut self,
        call: usize,
        id: CallId,
        start: u32,
        at_ms: i64,
        limit_ms: i64,
        comes: Comes,
    ) {
        let (at_ms, comes) =
            if at_ms < limit_ms { (at_ms, comes) } else { (limit_ms, Comes::TimedOut) };
        self.put(at_ms, Happening::Returns { call, id, start, comes });
    }

    /// The till hears of a call, if it is still the till that made it.
    pub(super) fn returns(&mut self, call: usize, id: CallId, start: u32, comes: Comes) {
        let now = self.till_now();
        let limit_ms = 5_000;
        if start != self.desk.start {
            return;
        }
        let Some(till) = &mut self.desk.till else { return };
        let (result, word) = match comes {
            Comes::Reply(reply, word) => (Ok(reply), word),
            Comes::TimedOut => (Err(CallError::TimedOut { limit_ms }), Word::Nothing),
            Comes::Broken => (Err(CallError::Broken { source: broken() }), Word::Worthless),
            Comes::Unreachable => {
                (Err(CallError::Unreachable { source: broken() }), Word::Unreachable)
            }
        };
        till.answered(id, result, now);
        self.lets_go();
        self.say(format_args!("#{call} returns: {word:?}"));
        self.desk.record.calls[call].heard = Some(Heard { at_ms: self.now_ms, what: word });
    }

    /// Writes a call down, without the customer's code.
    fn written(&self, request: &Request) -> Call {
        let field = |text: &[u8], wanted: &str| {
            form_urlencoded::parse(text)
                .find(|(name, _)| name == wanted)
                .map(|(_, value)| value.into_owned())
                .unwrap_or_default()
        };
        let method = field(request.query.as_bytes(), "method");
        let business = field(&request.body, "biz_content");
        let parsed: serde_json::Value = serde_json::from_str(&business).unwrap_or_default();
        let text = |name: &str| {
            parsed.get(name).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
        };
        let code = text("auth_code");
        let business = if code.is_empty() { business } else { business.replace(&code, "***") };
        Call {
            start: self.desk.start,
            left_ms: self.now_ms,
            method,
            no: text("out_trade_no"),
            business,
            log_len: self.desk.record.log.len(),
            arrived_ms: Vec::new(),
            answered_ms: None,
            heard: None,
        }
    }
}

impl Call {
    /// Says whether it asks for money.
    #[must_use]
    pub fn is_submit(&self) -> bool {
        ["alipay.trade.pay", "alipay.trade.precreate"].contains(&self.method.as_str())
    }

    /// Says whether it asks about the number that is never submitted.
    #[must_use]
    pub fn is_probe(&self) -> bool {
        self.no.ends_with("9999999999")
    }
}

/// Returns the fault of the channel that fired between two counts.
fn befell(
    before: &BTreeMap<FaultKind, u64>,
    after: &BTreeMap<FaultKind, u64>,
) -> Option<FaultKind> {
    after.iter().find(|(kind, count)| before.get(kind) != Some(count)).map(|(kind, _)| *kind)
}

fn on_the_wire(request: HttpRequest) -> Request {
    let query = request.url.split_once('?').map_or("", |(_, query)| query).to_owned();
    let headers = request
        .headers
        .into_iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect();
    Request {
        method: "POST".to_owned(),
        path: GATEWAY_PATH.to_owned(),
        query,
        headers,
        body: request.body,
    }
}

fn http_reply(answer: Answer) -> HttpReply {
    HttpReply { status: answer.status, headers: answer.headers, body: answer.body }
}

/// Returns what something between the till and the channel answers.
fn portal(status: u16) -> HttpReply {
    let body = b"<html><body>Please log in to this network</body></html>".to_vec();
    HttpReply { status, headers: Vec::new(), body }
}

/// Changes one byte of an answer's body.
fn tampered(mut reply: HttpReply, place: u64) -> HttpReply {
    let length = u64::try_from(reply.body.len()).unwrap_or(0);
    let place = usize::try_from(place.checked_rem(length).unwrap_or(0)).unwrap_or(0);
    if let Some(byte) = reply.body.get_mut(place) {
        *byte = if *byte == b'7' { b'8' } else { b'7' };
    }
    reply
}

/// Returns what a till may make of an answer with another byte: nothing, unless it says what it said
/// and has no signature, be it that the byte was in the signature's name. Anybody could have written
/// such a refusal: it is no verdict, and no silence either. A success without a signature is worth
/// nothing.
fn word_of_tampered(plain: &HttpReply, tampered: &HttpReply) -> Word {
    let (told, _) = code_of(plain);
    let same = code_of(tampered) == (told.clone(), true);
    let refused = told.is_some_and(|(code, _)| code.starts_with('4'));
    if refused && same { Word::Unsigned } else { Word::Worthless }
}

/// Returns the codes of an answer that can be read, and whether it is without a signature.
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

/// Returns what a till may make of what the channel said.
fn genuine(asked: &mianfu_practice::truth::Asked) -> Word {
    // A system error is signed and says nothing.
    if let Fate::Spoilt(FaultKind::Unsigned | FaultKind::SystemError) = asked.fate {
        return Word::Unsigned;
    }
    let (Fate::Answered, Some(told)) = (asked.fate, &asked.told) else {
        return Word::Worthless;
    };
    Word::Genuine {
        code: told.code.clone(),
        sub_code: told.sub_code.clone().unwrap_or_default(),
        trade_status: told.trade_status.clone().unwrap_or_default(),
    }
}

fn told_text(asked: &mianfu_practice::truth::Asked) -> String {
    let Some(told) = &asked.told else { return "-".to_owned() };
    [Some(&told.code), told.sub_code.as_ref(), told.trade_status.as_ref(), told.action.as_ref()]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(" ")
}

fn short(method: &str) -> &str {
    method.rsplit_once("trade.").map_or(method, |(_, name)| name)
}

fn broken() -> Error {
    Error::from(ErrorKind::ConnectionReset)
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
            let tampered = tampered(plain.clone(), place);
            *found = word_of_tampered(&plain, &tampered) == Word::Unsigned;
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
}
