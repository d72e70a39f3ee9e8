//! One attempt's life at practice, without a till: what it hears is written down word for word.

use mianfu_core::attempt::{Attempt, Effect, Event, FollowUp, Intent, Step};
use mianfu_core::channel::{ChannelId, Flow, Timetable};
use mianfu_core::money::{Charge, Fen, Timestamp};
use mianfu_core::number::{Counter, OrderNo, OutTradeNo, RefundNo, Series};
use mianfu_gateway::{About, Answer, Call, Channel, HttpReply, Sale, Scanned, Stamp, Subject};
use mianfu_practice::{CancelUnscanned, CustomerId, Manner, Reply};
use mianfu_tests::shop::{Shop, ShopKeys};

use crate::{AMOUNT_FEN, PART_FEN, Truth, Way};

/// From a request's leaving to its answer, in ms.
const ANSWER_MS: i64 = 100;
/// Steps that a life may take.
const STEPS_MAX: u32 = 200;

/// What is replayed.
pub(crate) struct Life {
    /// The attempt when the last thing that our side did by itself had left.
    pub(crate) start: Attempt,
    /// When that was.
    pub(crate) now: Timestamp,
    /// Everything genuine that was said of it, each word once.
    pub(crate) words: Vec<Event>,
    /// The attempt as this life ended it.
    pub(crate) end: Attempt,
    /// Questions that were left for after the end when the replay begins.
    pub(crate) asks: u32,
    /// What the channel goes on saying.
    pub(crate) last: Last,
    pub(crate) timetable: Timetable,
}

/// What the channel says once nothing changes any more; `None` where it was never asked that.
#[derive(Default)]
pub(crate) struct Last {
    pub(crate) query: Option<Event>,
    /// To a question after a reversal.
    pub(crate) reversed: Option<Event>,
    pub(crate) reverse: Option<Event>,
    pub(crate) close: Option<Event>,
}

/// Where a replay begins.
type Start = (Attempt, Timestamp, u32);

/// Somebody who lives through a truth.
struct Living {
    shop: Shop,
    channel: Channel<ShopKeys>,
    way: Way,
    truth: Truth,
    attempt: Attempt,
    /// The customer's code, for the one submit.
    code: Option<String>,
    /// The shown code.
    qr: Option<String>,
    words: Vec<Event>,
    asks: u32,
    start: Option<Start>,
}

/// Lives through a truth once.
pub(crate) fn live(way: Way, truth: Truth) -> Life {
    let (mut living, submit) = Living::begin(way, truth);
    living.follow(submit);
    living.hear_all();
    match truth {
        Truth::Cancelled | Truth::Overtaken | Truth::Late => {
            living.pass(3_000);
            living.take(Event::Cancelled);
        }
        Truth::Cash => {
            living.pass(3_000);
            living.pays();
            living.take(Event::CashTaken);
        }
        Truth::Paid | Truth::GivenBackInPart | Truth::GivenBack => {
            living.pass(1_000);
            living.pays();
        }
        Truth::NeverScanned => (),
    }
    living.lives_to_the_end();
    living.afterwards();
    living.into_life()
}

impl Living {
    fn begin(way: Way, truth: Truth) -> (Living, Option<Effect>) {
        let mut shop = Shop::closed(|setup| {
            setup.both_channels();
            setup.alipay.notify_url = Some("https://notify.invalid/alipay".to_owned());
            if truth == Truth::Late {
                setup.options.cancel_unscanned = CancelUnscanned::FindsNothing;
            }
        });
        let channel = shop.channel(way.channel);
        let code = (way.flow == Flow::Scan).then(|| {
            let wallet = match way.channel {
                ChannelId::Alipay => mianfu_practice::Channel::Alipay,
                ChannelId::Wechat => mianfu_practice::Channel::Wechat,
            };
            let (now_ms, customer) = (shop.now.0, CustomerId(7));
            shop.practice.show_payment_code_of(wallet, now_ms, customer, Manner::ByHand)
        });
        let series = Series::new(42, 7, 11_111_111).unwrap();
        let intent = Intent {
            out_trade_no: OutTradeNo::compose(series, Counter::new(1).unwrap()),
            order_no: OrderNo(1),
            channel: way.channel,
            flow: way.flow,
            amount: Charge::new(AMOUNT_FEN).unwrap(),
        };
        let Step { attempt, effect, .. } = Attempt::begin(intent, shop.now, &channel.timetable());
        let start = match truth {
            Truth::Paid => Some((attempt.clone(), shop.now, 0)),
            Truth::GivenBackInPart
            | Truth::GivenBack
            | Truth::Cancelled
            | Truth::Overtaken
            | Truth::NeverScanned
            | Truth::Cash
            | Truth::Late => None,
        };
        let (words, asks, qr) = (Vec::new(), 0, None);
        let living = Living { shop, channel, way, truth, attempt, code, qr, words, asks, start };
        (living, effect)
    }

    fn pass(&mut self, ms: i64) {
        self.shop.now = self.shop.now.plus_ms(ms);
        self.shop.practice.advance(self.shop.now.0);
    }

    fn starts_here(&mut self) {
        if self.start.is_none() {
            self.start = Some((self.attempt.clone(), self.shop.now, self.asks));
        }
    }

    /// The customer pays: what was scanned, by hand; what is shown, from the screen.
    fn pays(&mut self) {
        let (now_ms, no) = (self.shop.now.0, self.attempt.out_trade_no.as_str().to_owned());
        if let Some(qr) = &self.qr {
            self.shop.practice.scan(now_ms, qr, Manner::ByHand).unwrap();
            self.hear_all();
        }
        self.shop.practice.confirm(now_ms, &no).unwrap();
        self.hear_all();
    }

    /// Takes an event, and what follows from it.
    fn take(&mut self, event: Event) {
        let step = self.attempt.clone().step(event, self.shop.now, &self.channel.timetable());
        self.attempt = step.attempt;
        if let Some(FollowUp::AskAt(_)) = step.follow_up {
            self.asks += 1;
        }
        if self.truth == Truth::Cash && self.attempt.unwanted {
            self.starts_here();
        }
        self.follow(step.effect);
    }

    /// Performs a call, and takes what comes of it.
    fn follow(&mut self, effect: Option<Effect>) {
        let Some(effect) = effect else { return };
        if matches!(effect, Effect::Reverse | Effect::Close) && self.start.is_none() {
            match self.truth {
                Truth::Cancelled | Truth::NeverScanned => self.starts_here(),
                Truth::Overtaken => {
                    self.starts_here();
                    self.pays();
                }
                Truth::Paid
                | Truth::GivenBackInPart
                | Truth::GivenBack
                | Truth::Cash
                | Truth::Late => (),
            }
        }
        let heard = self.ask(&self.call(effect), effect);
        self.pass(ANSWER_MS);
        self.take(heard);
    }

    fn call(&self, effect: Effect) -> Call {
        let out_trade_no = self.attempt.out_trade_no.clone();
        match effect {
            Effect::Query => Call::Query { out_trade_no },
            Effect::Reverse => Call::Reverse { out_trade_no },
            Effect::Close => Call::Close { out_trade_no },
            Effect::Submit => {
                let auth_code = self.code.as_deref().map(|text| {
                    let scanned = mianfu_gateway::recognise(text);
                    let Scanned::Payment { auth_code, .. } = scanned else {
                        panic!("it is a payment code");
                    };
                    auth_code
                });
                let Attempt { amount, expires_at, .. } = self.attempt;
                let subject = Subject::new("面馆");
                Call::Submit { sale: Sale { out_trade_no, amount, subject, expires_at }, auth_code }
            }
        }
    }

    /// Asks the channel, and writes down what it says.
    fn ask(&mut self, call: &Call, effect: Effect) -> Event {
        let stamp = self.stamp();
        let request = self.channel.encode(call, self.way.flow, stamp);
        let Reply::Answer { answer, .. } = self.shop.deliver(&request) else {
            panic!("practice answers in calm weather");
        };
        let reply = HttpReply { status: answer.status, headers: answer.headers, body: answer.body };
        let heard = match self.channel.decode(call, self.way.flow, &reply, stamp) {
            Ok(Answer::Told(verdict)) if effect == Effect::Submit => Event::Answered(verdict),
            Ok(Answer::Told(verdict)) => Event::Told(verdict),
            Ok(Answer::Reversal(reversal)) => Event::ReversalTold(reversal),
            Ok(Answer::Closing(closing)) => Event::ClosingTold(closing),
            other => panic!("{other:?}"),
        };
        if let Event::Answered(mianfu_core::channel::Verdict::Code { content }) = &heard {
            self.qr = Some(content.clone());
        }
        self.write_down(&heard);
        heard
    }

    fn stamp(&self) -> Stamp {
        Stamp { now: self.shop.now, offset_ms: 0 }
    }

    fn write_down(&mut self, word: &Event) {
        if !self.words.contains(word) {
            self.words.push(word.clone());
        }
    }

    /// Writes down what a question would be told and which notices are due, unheard by the attempt.
    fn hear_all(&mut self) {
        let call = self.call(Effect::Query);
        self.ask(&call, Effect::Query);
        for notice in self.shop.practice.due_notices(self.shop.now.0) {
            let (headers, body) = (&notice.headers, notice.body.as_bytes());
            let news = self.channel.open_notice(headers, body, self.stamp()).unwrap();
            assert_eq!(news.out_trade_no, self.attempt.out_trade_no);
            if let About::Trade(verdict) = news.about {
                self.write_down(&Event::Notified(verdict));
            }
        }
    }

    fn lives_to_the_end(&mut self) {
        for _ in 0..STEPS_MAX {
            if self.attempt.is_final() {
                return;
            }
            if let mianfu_core::attempt::Phase::Refunding { .. } = self.attempt.phase {
                // What the channel says after the refund has its order: after the refund.
                self.take(Event::RefundConfirmed);
                return;
            }
            let at = self.attempt.poll_at.unwrap();
            self.pass(at.since_ms(self.shop.now).max(0));
            self.take(Event::Tick);
        }
        panic!("{:?} does not end: {:?}", self.truth, self.attempt);
    }

    fn gives_back(&mut self, fen: i64, nth: u32) {
        let no = self.attempt.out_trade_no.clone();
        let call = Call::Refund {
            refund_no: RefundNo::compose(&no, nth).unwrap(),
            out_trade_no: no,
            amount: Fen::new(fen).unwrap(),
            of: self.attempt.amount,
        };
        let request = self.channel.encode(&call, self.way.flow, self.stamp());
        self.shop.deliver(&request);
        self.hear_all();
        self.pass(60_000);
        self.hear_all();
    }

    /// What happens after the end.
    fn afterwards(&mut self) {
        self.hear_all();
        self.starts_here();
        match self.truth {
            Truth::GivenBackInPart => self.gives_back(PART_FEN, 1),
            Truth::GivenBack => {
                self.gives_back(PART_FEN, 1);
                self.gives_back(AMOUNT_FEN - PART_FEN, 2);
            }
            Truth::Late => {
                self.pass(1_000);
                self.pays();
            }
            Truth::Paid
            | Truth::Cancelled
            | Truth::Overtaken
            | Truth::NeverScanned
            | Truth::Cash => (),
        }
    }

    fn into_life(mut self) -> Life {
        let did = |words: &[Event], what: fn(&Event) -> bool| words.iter().any(what);
        let reversed = did(&self.words, |word| matches!(word, Event::ReversalTold(_)));
        let closed = did(&self.words, |word| matches!(word, Event::ClosingTold(_)));
        let words = self.words.clone();
        let query = self.call(Effect::Query);
        let mut last = Last { query: Some(self.ask(&query, Effect::Query)), ..Last::default() };
        // Only what may follow from this life's words is asked for: a reversal of another sale would
        // move money that nobody wants back.
        if (reversed && self.truth != Truth::Late) || self.truth == Truth::Cash {
            let reverse = self.call(Effect::Reverse);
            last.reverse = Some(self.ask(&reverse, Effect::Reverse));
            last.reversed = Some(self.ask(&query, Effect::Query));
        }
        if closed {
            let close = self.call(Effect::Close);
            last.close = Some(self.ask(&close, Effect::Close));
        }
        let (start, now, asks) = self.start.unwrap();
        Life {
            start,
            now,
            words,
            end: self.attempt,
            asks,
            last,
            timetable: self.channel.timetable(),
        }
    }
}
