//! The way of a call: it leaves, arrives at practice, and something comes back, or nothing.

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind};

use mianfu_gateway::{CallError, HttpReply};
use mianfu_practice::truth::Fate;
use mianfu_practice::{FaultKind, Reply, Request};
use mianfu_till::{CallId, Outgoing};

use super::network::{Back, Course};
use super::record::{Call, Heard, Word};
use super::wires::{
    Asks, genuine, http_reply, on_the_wire, portal, read, short, tampered, told_text, truncated,
};
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
        let (course, fault) = self.network.course(written.on_the_way());
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
        let (word, fate, told) = match (asked, &reply) {
            (Some(asked), Reply::Answer { answer, .. }) => {
                (genuine(asked, answer), asked.fate, told_text(asked))
            }
            (Some(asked), Reply::Lost | Reply::Refused) => {
                (Word::Worthless, asked.fate, told_text(asked))
            }
            (None, _) => (Word::Worthless, Fate::Answered, String::new()),
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
                let (reply, word) = truncated(&plain, word);
                (ms, Comes::Reply(reply, word))
            }
            Back::Tampered { ms, place } => {
                let (reply, word) = tampered(&plain, place, word);
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
        let Asks { method, no, refund_no, business } = read(request);
        Call {
            start: self.desk.start,
            left_ms: self.now_ms,
            method,
            no,
            refund_no,
            business,
            log_len: self.desk.record.log.len(),
            arrived_ms: Vec::new(),
            answered_ms: None,
            heard: None,
        }
    }
}

/// Returns the fault of the channel that fired between two counts.
fn befell(
    before: &BTreeMap<FaultKind, u64>,
    after: &BTreeMap<FaultKind, u64>,
) -> Option<FaultKind> {
    after.iter().find(|(kind, count)| before.get(kind) != Some(count)).map(|(kind, _)| *kind)
}

fn broken() -> Error {
    Error::from(ErrorKind::ConnectionReset)
}
