//! Orders drawn by the hundred, fed to the whole till: its own calls, whose requests and answers
//! travel as chance will have it, and notices that are handed to it again and again.

use std::collections::BTreeSet;

use mianfu_core::attempt::{Phase, Screen};
use mianfu_core::channel::{ChannelId, Flow};
use mianfu_core::money::{Fen, Timestamp};
use mianfu_core::number::OutTradeNo;
use mianfu_db::FindingKind;
use mianfu_gateway::{CallError, HttpReply, HttpRequest};
use mianfu_practice::chance::Chance;
use mianfu_practice::{CancelUnscanned, Manner, Reply};
use mianfu_tests::shop::{HOUR_MS, Shop};
use mianfu_till::people::RefundWish;
use mianfu_till::{CallId, Means, Outgoing};

use crate::{AMOUNT_FEN, PART_FEN, Truth, Way};

/// Orders that are drawn of each truth.
const ORDERS: u64 = 20;
/// Things that happen before there is quiet.
const TURNS: u64 = 90;
/// The most until a payment has overtaken what leaves to end it.
const TURNS_MAX: u64 = 2_000;
/// Notices of one sale; each is signed anew each time.
const NOTICES_MAX: usize = 16;
/// The first turn at which somebody does something.
const BEGINS_AT: u64 = 12;

#[test]
pub(crate) fn m14_any_order_of_deliveries_ends_a_till_the_same() {
    for (channel, truth) in truths() {
        let way = Way { channel, flow: Flow::Show };
        if !truth.may_be(way) {
            continue;
        }
        let outcomes: Vec<(u64, Outcome)> =
            (0..ORDERS).map(|order| (order, replay(channel, truth, order))).collect();
        let expected = expected(channel, truth);
        for (order, outcome) in outcomes {
            assert_eq!(outcome, expected, "{channel:?} {truth:?}, order {order}");
        }
    }
}

fn truths() -> impl Iterator<Item = (ChannelId, Truth)> {
    let channels = [ChannelId::Alipay, ChannelId::Wechat].into_iter();
    channels.flat_map(|channel| Truth::ALL.into_iter().map(move |truth| (channel, truth)))
}

/// What a sale came to.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    end: &'static str,
    /// What the channel holds, in fen.
    held_fen: i64,
    /// Every refund that the channel made, in fen, the least first.
    refunds_fen: Vec<i64>,
    findings: Vec<FindingKind>,
}

fn expected(channel: ChannelId, truth: Truth) -> Outcome {
    // What was paid before a close came is paid; Alipay's cancel sends the money back.
    let paid = truth == Truth::Overtaken && channel == ChannelId::Wechat;
    let (end, refunds_fen): (_, Vec<i64>) = match truth {
        Truth::Overtaken if paid => ("paid", vec![]),
        Truth::Paid => ("paid", vec![]),
        Truth::GivenBackInPart => ("paid", vec![PART_FEN]),
        Truth::GivenBack => ("paid", vec![PART_FEN, AMOUNT_FEN - PART_FEN]),
        Truth::Cancelled | Truth::NeverScanned => ("closed", vec![]),
        Truth::Overtaken | Truth::Cash => ("returned", vec![AMOUNT_FEN]),
        Truth::Late => ("closed", vec![AMOUNT_FEN]),
    };
    let moved = !matches!(truth, Truth::Cancelled | Truth::NeverScanned);
    let back: i64 = refunds_fen.iter().sum();
    Outcome {
        end,
        held_fen: if moved { AMOUNT_FEN - back } else { 0 },
        refunds_fen,
        findings: if truth == Truth::Late { vec![FindingKind::LateMoney] } else { vec![] },
    }
}

/// A call on its way, or its answer.
struct Flight {
    id: CallId,
    request: HttpRequest,
    limit: Timestamp,
    answer: Option<Result<HttpReply, CallError>>,
}

/// One order of things.
struct Order {
    shop: Shop,
    channel: ChannelId,
    truth: Truth,
    no: OutTradeNo,
    qr: String,
    chance: Chance,
    flights: Vec<Flight>,
    /// Every genuine notice so far: headers and body.
    notices: BTreeSet<(Vec<(String, String)>, String)>,
    /// At which turn somebody does something.
    acts_at: u64,
    /// Whether the customer has paid.
    paid: bool,
    /// Whether the cashier has cancelled or taken cash.
    ended: bool,
    /// What goes back, one after another.
    back_fen: Vec<i64>,
}

fn replay(channel: ChannelId, truth: Truth, seed: u64) -> Outcome {
    let mut order = Order::begin(channel, truth, seed);
    let mut turn = 0;
    while turn < TURNS || !order.is_overtaken() {
        assert!(turn < TURNS_MAX, "nothing leaves that a payment could overtake");
        order.people(turn);
        order.turn();
        turn += 1;
    }
    order.quiet();
    order.outcome()
}

impl Order {
    fn begin(channel: ChannelId, truth: Truth, seed: u64) -> Order {
        let mut shop = Shop::with(|setup| {
            setup.both_channels();
            setup.alipay.notify_url = Some("https://notify.invalid/alipay".to_owned());
            if truth == Truth::Late {
                setup.options.cancel_unscanned = CancelUnscanned::FindsNothing;
            }
        });
        shop.wait(5_000);
        let no = shop.collect(AMOUNT_FEN, Means::Show(channel)).unwrap();
        shop.wait(500);
        let qr = shop.qr(&no).unwrap();
        let mut chance = Chance::new(seed);
        let acts_at = BEGINS_AT + chance.below(10);
        let back_fen = match truth {
            Truth::GivenBackInPart => vec![PART_FEN],
            Truth::GivenBack => vec![AMOUNT_FEN - PART_FEN, PART_FEN],
            Truth::Paid
            | Truth::Cancelled
            | Truth::Overtaken
            | Truth::NeverScanned
            | Truth::Cash
            | Truth::Late => vec![],
        };
        let (flights, notices) = (Vec::new(), BTreeSet::new());
        let (paid, ended) = (false, false);
        Order {
            shop,
            channel,
            truth,
            no,
            qr,
            chance,
            flights,
            notices,
            acts_at,
            paid,
            ended,
            back_fen,
        }
    }

    /// What people do at this turn, as far as it is time for it.
    fn people(&mut self, turn: u64) {
        if turn < self.acts_at {
            return;
        }
        match self.truth {
            Truth::Paid => self.pays(),
            Truth::GivenBackInPart | Truth::GivenBack => {
                self.pays();
                self.give_back();
            }
            Truth::Cancelled | Truth::Overtaken => self.cancels(),
            Truth::NeverScanned => (),
            Truth::Cash => {
                self.pays();
                self.takes_cash();
            }
            Truth::Late => {
                self.cancels();
                if self.shop.screen(&self.no) == Screen::Closed {
                    self.pays();
                }
            }
        }
    }

    fn pays(&mut self) {
        if !self.paid {
            self.paid = true;
            self.shop.practice.scan(self.shop.now.0, &self.qr, Manner::Pays).unwrap();
        }
    }

    fn cancels(&mut self) {
        if !self.ended {
            self.ended = true;
            self.shop.cancel(&self.no);
        }
    }

    fn takes_cash(&mut self) {
        if !self.ended {
            self.ended = true;
            self.shop.cash_instead(&self.no).unwrap();
        }
    }

    /// The manager gives back what is next, once the screen says paid and nothing is under way.
    fn give_back(&mut self) {
        if self.shop.screen(&self.no) != Screen::Paid {
            return;
        }
        let Some(fen) = self.back_fen.last().copied() else { return };
        let wish = RefundWish {
            no: self.no.clone(),
            amount: Fen::new(fen).unwrap(),
            intent_id: format!("{fen} back"),
        };
        let now = self.shop.till_now();
        if self.shop.till().refund(&wish, "店长 01", now).is_ok() {
            self.back_fen.pop();
        }
    }

    /// One thing happens, and the till is woken.
    fn turn(&mut self) {
        match self.chance.below(10) {
            0..=1 => self.pass(),
            2..=4 => self.hand_on(),
            5..=6 => self.arrives(),
            7..=8 => self.returns(),
            _ => self.comes_again(),
        }
        self.work();
    }

    fn pass(&mut self) {
        let most = if self.truth == Truth::NeverScanned { 12_000 } else { 900 };
        let ms = i64::try_from(50 + self.chance.below(most)).unwrap();
        self.shop.now = self.shop.now.plus_ms(ms);
        self.shop.practice.advance(self.shop.now.0);
        let now = self.shop.now;
        let timed_out = |flight: &mut Flight| flight.limit <= now;
        for flight in self.flights.extract_if(.., timed_out).collect::<Vec<_>>() {
            let limit_ms = flight.request.limit_ms;
            self.shop.till().answered(flight.id, Err(CallError::TimedOut { limit_ms }), now);
        }
    }

    /// Wakes the till, and lets its calls leave.
    fn work(&mut self) {
        let now = self.shop.till_now();
        self.shop.till().tick(now);
        for outgoing in self.shop.till().take_calls(now) {
            let Outgoing { id, request, channel: _ } = outgoing;
            let limit = now.plus_ms(i64::from(request.limit_ms));
            self.flights.push(Flight { id, request, limit, answer: None });
        }
        for notice in self.shop.practice.due_notices(self.shop.now.0) {
            if self.notices.len() < NOTICES_MAX {
                self.notices.insert((notice.headers, notice.body));
            }
        }
    }

    fn some(&mut self, count: usize) -> Option<usize> {
        let count = u64::try_from(count).unwrap();
        (count != 0).then(|| usize::try_from(self.chance.below(count)).unwrap())
    }

    /// A notice is handed to the till, whether it had it before or not.
    fn hand_on(&mut self) {
        let Some(place) = self.some(self.notices.len()) else { return };
        let (headers, body) = self.notices.iter().nth(place).unwrap().clone();
        let (channel, now) = (self.channel, self.shop.till_now());
        self.shop.till().notice(channel, &headers, body.as_bytes(), now).unwrap();
    }

    /// A request reaches the channel.
    fn arrives(&mut self) {
        let Some(place) = self.some(self.flights.len()) else { return };
        if self.flights[place].answer.is_some() {
            return;
        }
        let request = self.flights[place].request.clone();
        // The customer is a moment quicker than what would end the sale.
        let ends = request.url.contains("cancel") || request.url.ends_with("/close");
        if self.truth == Truth::Overtaken && ends {
            self.pays();
        }
        let answer = match self.shop.deliver(&request) {
            Reply::Answer { answer, .. } => {
                let (status, headers, body) = (answer.status, answer.headers, answer.body);
                Ok(HttpReply { status, headers, body })
            }
            other @ (Reply::Lost | Reply::Refused) => panic!("in calm weather: {other:?}"),
        };
        self.flights[place].answer = Some(answer);
    }

    /// The same request reaches the channel once more; what comes of that nobody hears.
    fn comes_again(&mut self) {
        let Some(place) = self.some(self.flights.len()) else { return };
        if self.flights[place].answer.is_some() {
            let request = self.flights[place].request.clone();
            self.shop.deliver(&request);
        }
    }

    /// An answer reaches the till, whichever it is.
    fn returns(&mut self) {
        let Some(place) = self.some(self.flights.len()) else { return };
        if let Some(answer) = self.flights[place].answer.take() {
            let flight = self.flights.swap_remove(place);
            let now = self.shop.till_now();
            self.shop.till().answered(flight.id, answer, now);
        }
    }

    /// Nothing is lost any more; then every notice comes twice again, in another order.
    fn quiet(&mut self) {
        for flight in std::mem::take(&mut self.flights) {
            let now = self.shop.till_now();
            let limit_ms = flight.request.limit_ms;
            let timed_out = || Err(CallError::TimedOut { limit_ms });
            self.shop.till().answered(flight.id, flight.answer.unwrap_or_else(timed_out), now);
        }
        let until = self.shop.now.plus_ms(HOUR_MS);
        loop {
            self.people(u64::MAX);
            self.shop.settle_within(HOUR_MS);
            if self.back_fen.is_empty() && (self.paid || !self.must_pay()) {
                break;
            }
            assert!(self.shop.now < until, "people wait for ever");
        }
        self.work();
        for _ in 0..2 * self.notices.len() {
            self.hand_on();
            self.shop.wait(i64::try_from(self.chance.below(3_000)).unwrap());
        }
        self.shop.settle_within(HOUR_MS);
    }

    /// Says whether the payment that must come first has come, where one must.
    fn is_overtaken(&self) -> bool {
        self.paid || self.truth != Truth::Overtaken
    }

    /// Says whether the channel tells of it: WeChat Pay never that nobody paid, Alipay not of a code
    /// that nobody scanned.
    fn is_told(&self) -> bool {
        self.must_pay()
    }

    fn must_pay(&self) -> bool {
        !matches!(self.truth, Truth::Cancelled | Truth::NeverScanned)
    }

    fn outcome(mut self) -> Outcome {
        assert_eq!(!self.notices.is_empty(), self.is_told(), "{:?} {:?}", self.channel, self.truth);
        let end = match self.shop.attempt(&self.no).phase {
            Phase::Paid { .. } => "paid",
            Phase::Declined { .. } => "declined",
            Phase::Closed { .. } => "closed",
            Phase::Returned => "returned",
            Phase::Held { .. } => "held",
            Phase::Parked
            | Phase::Submitting
            | Phase::Waiting
            | Phase::Asking { .. }
            | Phase::Closing
            | Phase::Reversing
            | Phase::Unseen
            | Phase::Refunding { .. } => "open",
        };
        let held_fen = self.shop.held_by_channel(&self.no);
        let trade = self.shop.practice.truth().trade(self.no.as_str());
        let mut refunds_fen = trade.map_or(Vec::new(), |trade| {
            trade.refunds.iter().map(|refund| refund.amount_fen).collect()
        });
        refunds_fen.sort_unstable();
        let read = self.shop.till().db().read();
        let rows = read.refunds().of_attempt(&self.no).unwrap().len();
        assert!(
            rows <= refunds_fen.len(),
            "{rows} refunds of the till's own are not the channel's"
        );
        let findings = self.shop.findings();
        Outcome { end, held_fen, refunds_fen, findings }
    }
}
