//! The channel as one pure value: a request and a time go in, a reply comes out.

use crate::alipay;
use crate::notices::Posted;
use crate::options::Options;
use crate::signer::Signer;
use crate::truth::{Asked, Channel, ClosedWhy, Entry, Fact, Fate, Ledger, Plan, Truth};
use crate::weather::{Acted, Fault, Weather};
use crate::wechat::{self, Account};
use crate::wire::{Astray, Call, Said, Seal};

/// The path of Alipay's gateway.
pub const GATEWAY_PATH: &str = "/gateway.do";

/// An HTTP request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    /// Without the query.
    pub path: String,
    /// Without the question mark, still encoded.
    pub query: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// An HTTP answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What the wire carries back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The answer reaches the caller this much later, in ms.
    Answer { answer: Answer, delay_ms: u32 },
    /// The caller hears nothing and cannot know whether the request arrived.
    Lost,
    /// There was no connection, so certainly nothing arrived.
    Refused,
}

/// A pretend channel: its ledger, its customers and its weather.
pub struct Practice {
    pub(crate) options: Options,
    pub(crate) ledger: Ledger,
    pub(crate) signer: Box<dyn Signer>,
    /// WeChat Pay's side. None where only Alipay is played.
    wechat: Option<Account>,
    weather: Weather,
    /// Requests on their way that arrive later.
    late: Vec<LateRequest>,
    pub(crate) posted: Posted,
    now_ms: i64,
}

/// A request whose caller has given up.
struct LateRequest {
    arrives_ms: i64,
    /// Its place in the order of sending.
    place: usize,
    call: Call,
}

/// Something that happens without anybody asking.
enum Event {
    Arrives(usize),
    Pays(String),
    Expires(String),
}

impl Practice {
    /// Starts with an empty ledger and calm weather.
    pub fn new(options: Options, signer: impl Signer + 'static) -> Practice {
        Practice::with_ledger(options, signer, Ledger::default())
    }

    /// Starts with what a journal holds, and keeps facts for it from then on.
    pub fn from_journal(
        options: Options,
        signer: impl Signer + 'static,
        journal: Vec<Entry>,
    ) -> Practice {
        Practice::with_ledger(options, signer, Ledger::replay(journal))
    }

    fn with_ledger(options: Options, signer: impl Signer + 'static, ledger: Ledger) -> Practice {
        let weather = Weather::new(options.seed);
        let signer = Box::new(signer);
        Practice {
            options,
            ledger,
            signer,
            wechat: None,
            weather,
            late: Vec::new(),
            posted: Posted::default(),
            now_ms: i64::MIN,
        }
    }

    /// Answers a request. Time never runs backwards: an earlier `now_ms` counts as the latest one.
    pub fn handle(&mut self, now_ms: i64, request: &Request) -> Reply {
        self.advance(now_ms);
        let call = match Call::read(request, self.wechat.is_some()) {
            Ok(call) => call,
            Err(astray) => {
                let answer = self.turned_away(astray);
                return Reply::Answer { answer, delay_ms: 0 };
            }
        };
        let fault = self.weather.draw(&call.method());
        self.reply(call, fault)
    }

    /// Plays WeChat Pay as well, on the same ledger, with the same customers and weather.
    pub fn open_wechat(&mut self, account: Account) {
        self.wechat = Some(account);
    }

    /// Returns WeChat Pay's side, where it is played.
    pub fn wechat(&self) -> Option<&Account> {
        self.wechat.as_ref()
    }

    pub fn wechat_mut(&mut self) -> Option<&mut Account> {
        self.wechat.as_mut()
    }

    /// Lets everything happen that happens by itself until `now_ms`: customers finish typing,
    /// unpaid trades time out, late requests arrive.
    pub fn advance(&mut self, now_ms: i64) {
        let now_ms = now_ms.max(self.now_ms);
        while let Some((at_ms, event)) = self.next_event().filter(|(at_ms, _)| *at_ms <= now_ms) {
            let at_ms = at_ms.max(self.now_ms);
            self.now_ms = at_ms;
            match event {
                Event::Arrives(index) => self.arrive_late(at_ms, index),
                Event::Pays(out_trade_no) => {
                    self.ledger.record(at_ms, Fact::Paid { out_trade_no });
                }
                Event::Expires(out_trade_no) => {
                    let why = ClosedWhy::TimedOut;
                    self.ledger.record(at_ms, Fact::Closed { out_trade_no, why });
                }
            }
        }
        self.now_ms = now_ms;
    }

    /// Returns when something next happens by itself.
    pub fn next_event_ms(&self) -> Option<i64> {
        self.next_event().map(|(at_ms, _)| at_ms)
    }

    /// Returns the ledger.
    pub fn truth(&self) -> &Truth {
        &self.ledger.truth
    }

    pub fn options(&self) -> &Options {
        &self.options
    }

    pub fn weather(&self) -> &Weather {
        &self.weather
    }

    pub fn weather_mut(&mut self) -> &mut Weather {
        &mut self.weather
    }

    /// Hands over the facts that the journal does not have yet.
    pub fn take_unsaved(&mut self) -> Vec<Entry> {
        self.ledger.take_unsaved()
    }

    /// Moves to a time and returns it.
    pub(crate) fn at(&mut self, now_ms: i64) -> i64 {
        self.advance(now_ms);
        self.now_ms
    }

    /// Returns whose account a channel's trades are for.
    pub(crate) fn seller_of(&self, channel: Channel) -> String {
        match (channel, &self.wechat) {
            (Channel::Wechat, Some(account)) => account.mchid.clone(),
            (Channel::Alipay, _) | (Channel::Wechat, None) => self.options.seller_id.clone(),
        }
    }

    /// At one instant a late request comes first, then an expiry, then a payment.
    fn next_event(&self) -> Option<(i64, Event)> {
        let late = self.late.iter().enumerate().min_by_key(|(_, late)| late.arrives_ms);
        let trade = self
            .ledger
            .truth
            .waiting()
            .map(|trade| match trade.plan {
                Plan::PaysAt { at_ms } if at_ms < trade.expires_ms => (at_ms, 1, trade),
                // It ended when the customer said no, and that is past.
                Plan::Refused if trade.ends_on_refusal => (trade.made_ms, 0, trade),
                Plan::PaysAt { .. }
                | Plan::Decides
                | Plan::CannotPay
                | Plan::Refused
                | Plan::WalkedAway => (trade.expires_ms, 0, trade),
            })
            .min_by_key(|(at_ms, rank, _)| (*at_ms, *rank));
        match (late, trade) {
            (Some((index, late)), Some((at_ms, ..))) if late.arrives_ms <= at_ms => {
                Some((late.arrives_ms, Event::Arrives(index)))
            }
            (Some((index, late)), None) => Some((late.arrives_ms, Event::Arrives(index))),
            (_, Some((at_ms, 0, trade))) => {
                Some((at_ms, Event::Expires(trade.out_trade_no.clone())))
            }
            (_, Some((at_ms, _, trade))) => Some((at_ms, Event::Pays(trade.out_trade_no.clone()))),
            (None, None) => None,
        }
    }

    fn reply(&mut self, call: Call, fault: Option<Fault>) -> Reply {
        match fault {
            Some(fault @ Fault::RequestLost) => {
                self.note(&call, Fate::NeverArrived(fault.kind()), None, None);
                Reply::Lost
            }
            Some(fault @ Fault::Refused) => {
                self.note(&call, Fate::NeverArrived(fault.kind()), None, None);
                Reply::Refused
            }
            Some(Fault::RequestLate { after_ms }) => {
                let place = self.note(&call, Fate::Late, None, None);
                let arrives_ms = self.now_ms + i64::from(after_ms);
                self.late.push(LateRequest { arrives_ms, place, call });
                Reply::Lost
            }
            Some(fault @ Fault::AnswerLost) => {
                let said = self.hear(&call, None);
                self.note(&call, Fate::Spoilt(fault.kind()), Some(&said), None);
                Reply::Lost
            }
            Some(Fault::Slow { delay_ms }) => {
                let said = self.hear(&call, None);
                self.answer(&call, said, delay_ms)
            }
            Some(Fault::Twice) => {
                let said = self.hear(&call, None);
                let reply = self.answer(&call, said, 0);
                self.hear(&call, None);
                reply
            }
            Some(fault @ (Fault::RetryLater | Fault::SellerEmpty)) => {
                let said = self.hear(&call, Some(fault));
                self.answer(&call, said, 0)
            }
            Some(fault) => self.spoil(&call, fault),
            None => {
                let said = self.hear(&call, None);
                let delay_ms = self.held_back_ms(&call);
                self.answer(&call, said, delay_ms)
            }
        }
    }

    /// The channel has the request and what reaches the caller is no use.
    fn spoil(&mut self, call: &Call, fault: Fault) -> Reply {
        let acted = match fault.acted() {
            Acted::No => None,
            Acted::Yes => Some(self.hear(call, None)),
        };
        self.note(call, Fate::Spoilt(fault.kind()), acted.as_ref(), Some(0));
        let answer = match (call, acted) {
            (Call::Alipay(form), Some(Said::Alipay(said))) => {
                alipay::spoilt(&self.desk(None), form, Some(said), fault)
            }
            (Call::Alipay(form), _) => alipay::spoilt(&self.desk(None), form, None, fault),
            (Call::Wechat(call), Some(Said::Wechat(said))) => {
                wechat::spoilt(&self.wechat_desk(None), call, Some(said), fault)
            }
            (Call::Wechat(call), _) => wechat::spoilt(&self.wechat_desk(None), call, None, fault),
        };
        Reply::Answer { answer, delay_ms: 0 }
    }

    fn answer(&mut self, call: &Call, said: Said, delay_ms: u32) -> Reply {
        self.note(call, Fate::Answered, Some(&said), Some(delay_ms));
        let answer = match &said {
            Said::Alipay(said) => alipay::letter(&self.desk(None), said, Seal::Genuine),
            Said::Wechat(said) => wechat::letter(&self.wechat_desk(None), said, Seal::Genuine),
        };
        Reply::Answer { answer, delay_ms }
    }

    fn hear(&mut self, call: &Call, fault: Option<Fault>) -> Said {
        match call {
            Call::Alipay(form) => Said::Alipay(alipay::hear(&mut self.desk(fault), form)),
            Call::Wechat(call) => Said::Wechat(wechat::hear(&mut self.wechat_desk(fault), call)),
        }
    }

    /// Answers what no call is.
    fn turned_away(&self, astray: Astray) -> Answer {
        match astray {
            Astray::Nowhere => {
                alipay::page(404, "<html><body>404 Not Found</body></html>", self.now_ms)
            }
            Astray::Wechat { status } => wechat::bare(status, self.now_ms),
        }
    }

    fn desk(&mut self, fault: Option<Fault>) -> alipay::Desk<'_> {
        alipay::Desk {
            ledger: &mut self.ledger,
            options: &self.options,
            signer: self.signer.as_ref(),
            now_ms: self.now_ms,
            fault,
        }
    }

    fn wechat_desk(&mut self, fault: Option<Fault>) -> wechat::Desk<'_> {
        wechat::Desk {
            ledger: &mut self.ledger,
            account: self.wechat.as_ref().expect("only where it is played a call of it is read"),
            seed: self.options.seed,
            now_ms: self.now_ms,
            fault,
        }
    }

    fn arrive_late(&mut self, at_ms: i64, index: usize) {
        let late = self.late.remove(index);
        let said = self.hear(&late.call, None);
        self.ledger.record(at_ms, Fact::Arrived { place: late.place, told: said.told() });
    }

    /// Writes down who asked what. Returns the place in the order of sending.
    fn note(
        &mut self,
        call: &Call,
        fate: Fate,
        said: Option<&Said>,
        answered_after_ms: Option<u32>,
    ) -> usize {
        let arrived = match fate {
            Fate::Answered | Fate::Spoilt(_) => Some(self.now_ms),
            Fate::Late | Fate::NeverArrived(_) => None,
        };
        let business = call.kept(&self.ledger.truth);
        let asked = Asked {
            sent_ms: self.now_ms,
            arrived_ms: arrived,
            method: call.method(),
            out_trade_no: business.out_trade_no,
            out_request_no: business.out_request_no,
            business: business.text,
            fate,
            told: said.map(Said::told),
            answered_after_ms,
        };
        let place = self.ledger.truth.asked().len();
        self.ledger.record(self.now_ms, Fact::Asked { asked });
        place
    }
}
