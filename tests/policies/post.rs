//! The way of a policy's calls: over the simulation's network to practice, and what can be read of
//! what comes back.

use mianfu_core::money::{Charge, Timestamp};
use mianfu_gateway::{HttpRequest, Sale, Scanned, Stamp, Subject, recognise};
use mianfu_practice::truth::{Fate, Told};
use mianfu_practice::{FaultKind, GATEWAY_PATH, Reply, Request};

use super::Policy;
use super::day::{Attempt, Day, Happening};
use super::rules::{Api, Event};
use crate::simulation::network::{Back, Course};

/// How long the till waits for a pay, and for anything else.
const LIMITS_MS: [i64; 2] = [15_000, 5_000];
/// When a notice that nobody took comes again, in ms after the one before.
const NOTICES_MS: [i64; 8] =
    [1_000, 240_000, 600_000, 600_000, 3_600_000, 7_200_000, 21_600_000, 54_000_000];
impl Day<'_> {
    /// A call leaves the till.
    pub(super) fn leaves(&mut self, attempt: usize, api: Api) {
        let no = self.attempts[attempt].no.clone();
        let [pay_ms, else_ms] = LIMITS_MS;
        let until_ms = self.now_ms + if api == Api::Pay { pay_ms } else { else_ms };
        let start = self.start;
        let Some(request) = self.encoded(attempt, api) else {
            let told = None;
            self.put(self.now_ms, Happening::Heard { attempt, no, api, told, start });
            return;
        };
        let (course, _) = self.network.course(method(api));
        let silent =
            |at_ms| (at_ms, Happening::Heard { attempt, no: no.clone(), api, told: None, start });
        match course {
            Course::Unreachable { after_ms }
            | Course::BrokenEarly { after_ms }
            | Course::Intercepted { after_ms, .. } => {
                let (at_ms, heard) = silent(until_ms.min(self.now_ms + after_ms));
                self.put(at_ms, heard);
            }
            Course::Lost => {
                let (at_ms, heard) = silent(until_ms);
                self.put(at_ms, heard);
            }
            Course::Travels { there_ms, back, again_ms } => {
                let in_time = self.now_ms + there_ms < until_ms;
                if !in_time {
                    let (at_ms, heard) = silent(until_ms);
                    self.put(at_ms, heard);
                }
                let arrives = |request, heard| Happening::Arrives {
                    attempt,
                    no: no.clone(),
                    api,
                    request: Box::new(request),
                    back,
                    until_ms,
                    heard,
                    start,
                };
                let second = request.clone();
                self.put(self.now_ms + there_ms, arrives(request, in_time));
                if let Some(again_ms) = again_ms {
                    self.put(self.now_ms + again_ms, arrives(second, false));
                }
            }
        }
    }

    /// The channel acts; returns what can be read of its answer, and when.
    pub(super) fn arrives(&mut self, request: &Request, back: Back) -> Option<(i64, Told)> {
        let reply = self.practice.handle(self.now_ms, request);
        let asked = self.practice.truth().asked().last()?;
        let told = match asked.fate {
            Fate::Answered => asked.told.clone(),
            Fate::Spoilt(FaultKind::Busy) => Some(refusal("20000", "isp.unknow-error")),
            Fate::Spoilt(FaultKind::SystemError) => Some(refusal("40004", "ACQ.SYSTEM_ERROR")),
            Fate::Spoilt(_) | Fate::Late | Fate::NeverArrived(_) => None,
        };
        let Reply::Answer { delay_ms, .. } = reply else { return None };
        let ms = match back {
            Back::Comes { ms } => ms,
            // Theirs have one question open at a time: nothing overtakes its answer.
            Back::Overtaken => 0,
            Back::Lost | Back::Broken { .. } | Back::Truncated { .. } | Back::Tampered { .. } => {
                return None;
            }
        };
        Some((self.now_ms + i64::from(delay_ms) + ms, told?))
    }

    fn encoded(&self, attempt: usize, api: Api) -> Option<Request> {
        let Attempt { book, no, code, .. } = &self.attempts[attempt];
        let stamp = Stamp { now: Timestamp(self.now_ms), offset_ms: 0 };
        let sale = |expires_at| Sale {
            out_trade_no: no.clone(),
            amount: Charge::new(self.books[*book].due_fen).expect("the plan sells charges"),
            subject: Subject::new("policies"),
            expires_at,
        };
        let request = match api {
            Api::Pay => {
                let Scanned::Payment { auth_code, .. } = recognise(code.as_deref()?) else {
                    return None;
                };
                self.alipay.encode_pay(&sale(None), &auth_code, stamp)
            }
            Api::Precreate => {
                let expires_at = Timestamp(self.now_ms + 180_000);
                self.alipay.encode_precreate(&sale(Some(expires_at)), stamp)
            }
            Api::Query => self.alipay.encode_query(no, stamp),
            Api::Cancel => self.alipay.encode_cancel(no, stamp),
        };
        Some(on_the_wire(request))
    }

    /// The channel tells of every payment, again and again until somebody takes it.
    pub(super) fn send_notices(&mut self) {
        if self.policy != Policy::Jeepay {
            return;
        }
        let mut paid: Vec<(i64, String)> = self
            .practice
            .truth()
            .captures()
            .map(|capture| (capture.paid_ms, capture.out_trade_no.to_owned()))
            .collect();
        paid.sort();
        for (_, no) in paid.split_off(self.noticed.min(paid.len())) {
            self.noticed += 1;
            self.put(self.now_ms + NOTICES_MS[0], Happening::Notice { no, nth: 0 });
        }
    }

    pub(super) fn notice(&mut self, no: String, nth: usize) {
        let (course, _) = self.network.course("notice");
        let arrives = matches!(course, Course::Travels { .. }) && !self.off;
        if !arrives {
            if let Some(after_ms) = NOTICES_MS.get(nth + 1) {
                self.put(self.now_ms + after_ms, Happening::Notice { no, nth: nth + 1 });
            }
            return;
        }
        if let Some(attempt) = self.attempts.iter().position(|one| one.no.as_str() == no) {
            self.step(attempt, Event::Noticed);
        }
    }
}

fn method(api: Api) -> &'static str {
    match api {
        Api::Pay => "alipay.trade.pay",
        Api::Precreate => "alipay.trade.precreate",
        Api::Query => "alipay.trade.query",
        Api::Cancel => "alipay.trade.cancel",
    }
}

fn refusal(code: &str, sub_code: &str) -> Told {
    Told {
        code: code.to_owned(),
        sub_code: Some(sub_code.to_owned()),
        trade_status: None,
        action: None,
        fund_change: None,
    }
}

fn on_the_wire(request: HttpRequest) -> Request {
    let query = request.url.split_once('?').map_or("", |(_, query)| query).to_owned();
    let headers = request.headers.into_iter();
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    let (method, path) = ("POST".to_owned(), GATEWAY_PATH.to_owned());
    Request { method, path, query, headers, body: request.body }
}
