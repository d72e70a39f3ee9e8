//! A day as it happens to a policy: the plan's people and powers, the simulation's network and
//! channel.

use std::collections::BTreeMap;

use mianfu_core::number::{Counter, OutTradeNo, Series};
use mianfu_gateway::{Alipay, AlipaySettings};
use mianfu_practice::truth::Told;
use mianfu_practice::{APP_ID, FaultKind, Manner, Options, Practice, Request, SELLER_ID};

use super::Policy;
use super::rules::{Act, Api, Event, Memory, Said, Timer};
use crate::simulation::network::{Back, Network};
use crate::simulation::plan::{Cashier, Customer, Decision, Operation, Plan, Sale, Seller, Way};
use crate::simulation::signing::{Signing, TillKeys, keyed_hash};
use crate::simulation::world::Scanned;

/// From the end of all faults until the books are compared, in ms: longer than a notice is sent.
const AFTER_MS: i64 = 26 * 3_600_000;
/// From the screen's word to the goods on the counter.
const HANDS_OVER_MS: i64 = 700;
/// From the customer's scan, or from a timeout, to the cashier's confirmation by hand.
const CONFIRMS_MS: i64 = 5_000;

/// One sale, as the shop and its customer see it.
pub(super) struct Book {
    pub(super) due_fen: i64,
    pub(super) goods: bool,
    /// Every number under which money was asked for it.
    pub(super) numbers: Vec<String>,
    /// Whether the till calls it sold.
    pub(super) sold: bool,
}

/// What a day leaves behind.
pub(super) struct Past {
    pub(super) books: Vec<Book>,
    pub(super) practice: Practice,
}

pub(super) struct Attempt {
    pub(super) book: usize,
    memory: Memory,
    pub(super) no: OutTradeNo,
    pub(super) code: Option<String>,
    customer: Customer,
    cashier: Cashier,
}

pub(super) enum Happening {
    Operation(usize),
    Press {
        sale: Sale,
        code: Option<String>,
    },
    Arrives {
        attempt: usize,
        no: OutTradeNo,
        api: Api,
        request: Box<Request>,
        back: Back,
        until_ms: i64,
        heard: bool,
        start: u32,
    },
    Heard {
        attempt: usize,
        no: OutTradeNo,
        api: Api,
        told: Option<Told>,
        start: u32,
    },
    Wakes {
        attempt: usize,
        no: OutTradeNo,
        timer: Timer,
        start: u32,
    },
    Scans {
        qr: String,
        attempt: usize,
        from: Scanned,
    },
    Confirms {
        attempt: usize,
    },
    Decides {
        no: String,
        decision: Decision,
    },
    Notice {
        no: String,
        nth: usize,
    },
    HandsOver {
        attempt: usize,
    },
    PowerBack,
    NetworkBack,
    StormOver,
    Heals,
}

pub(super) struct Day<'p> {
    plan: &'p Plan,
    pub(super) policy: Policy,
    pub(super) now_ms: i64,
    pub(super) practice: Practice,
    pub(super) network: Network,
    pub(super) alipay: Alipay<TillKeys>,
    pub(super) attempts: Vec<Attempt>,
    pub(super) books: Vec<Book>,
    queue: BTreeMap<(i64, u64), Happening>,
    placed: u64,
    drawn: u64,
    pub(super) start: u32,
    pub(super) off: bool,
    healed: bool,
    pub(super) noticed: usize,
}

/// Lets a day happen to a policy.
pub(super) fn live(plan: &Plan, policy: Policy) -> Past {
    let mut day = Day::new(plan, policy);
    day.schedule();
    let mut end_ms = i64::MAX;
    while let Some(((at_ms, _), happening)) = day.queue.pop_first() {
        if end_ms < at_ms {
            break;
        }
        day.now_ms = day.now_ms.max(at_ms);
        day.practice.advance(day.now_ms);
        day.happen(happening);
        if day.healed && end_ms == i64::MAX {
            end_ms = day.now_ms + AFTER_MS;
        }
        day.send_notices();
    }
    day.practice.advance(day.now_ms.saturating_add(AFTER_MS));
    Past { books: day.books, practice: day.practice }
}

impl<'p> Day<'p> {
    fn new(plan: &'p Plan, policy: Policy) -> Day<'p> {
        let options =
            Options { cancel_unscanned: plan.cancel_unscanned, ..Options::new(plan.seed) };
        let mut settings = AlipaySettings::new("https://channel.invalid/gateway.do", APP_ID);
        settings.seller_id = Some(SELLER_ID.to_owned());
        let keys = TillKeys::new(Signing::KeyedHash);
        Day {
            plan,
            policy,
            now_ms: plan.begins_ms,
            practice: Practice::new(options, keyed_hash()),
            network: Network::new(plan),
            alipay: Alipay { settings, keys, payer_key: [7; 32] },
            attempts: Vec::new(),
            books: Vec::new(),
            queue: BTreeMap::new(),
            placed: 0,
            drawn: 0,
            start: 0,
            off: false,
            healed: false,
            noticed: 0,
        }
    }

    fn schedule(&mut self) {
        let begins_ms = self.plan.begins_ms;
        for (index, planned) in self.plan.operations.iter().enumerate() {
            self.put(begins_ms + planned.at_ms, Happening::Operation(index));
        }
        if 0 < self.plan.down_at_boot_ms {
            self.network.set_down("network_down");
            self.put(begins_ms + self.plan.down_at_boot_ms, Happening::NetworkBack);
        }
        self.put(begins_ms + self.plan.ends_ms().max(3_000) + 20_000, Happening::Heals);
        self.set_weather();
    }

    pub(super) fn put(&mut self, at_ms: i64, happening: Happening) {
        self.placed += 1;
        self.queue.insert((at_ms, self.placed), happening);
    }

    fn set_weather(&mut self) {
        let weather = self.practice.weather_mut();
        weather.clear();
        if !self.healed {
            for (kind, per_mille) in self.plan.theme.weather() {
                weather.set(*kind, *per_mille);
            }
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Operation(index) => self.operate(index),
            Happening::Press { sale, code } => self.press(sale, code),
            Happening::Arrives { attempt, no, api, request, back, until_ms, heard, start } => {
                let told = self.arrives(&request, back);
                if heard {
                    let (at_ms, told) = match told {
                        Some((at_ms, told)) if at_ms < until_ms => (at_ms, Some(told)),
                        Some(_) | None => (until_ms, None),
                    };
                    self.put(at_ms, Happening::Heard { attempt, no, api, told, start });
                }
            }
            Happening::Heard { attempt, no, api, told, start } => {
                // What comes back to a till that has started since finds nobody.
                if start == self.start && !self.off && self.attempts[attempt].no == no {
                    self.drawn_code(attempt, api, told.as_ref());
                    self.step(attempt, Event::Heard { api, told: told.as_ref() });
                }
            }
            Happening::Wakes { attempt, no, timer, start } => {
                self.wakes(attempt, no, timer, start);
            }
            Happening::Scans { qr, attempt, from } => self.scans(&qr, attempt, from),
            Happening::Confirms { attempt } => self.confirms(attempt),
            Happening::Decides { no, decision } => self.decides(&no, decision),
            Happening::Notice { no, nth } => self.notice(no, nth),
            Happening::HandsOver { attempt } => {
                let Attempt { book, memory, .. } = &self.attempts[attempt];
                if matches!(memory.said, Said::Paid | Said::Taken) {
                    self.books[*book].goods = true;
                }
            }
            Happening::PowerBack => self.starts(),
            Happening::NetworkBack => self.network.set_up(),
            Happening::StormOver => {
                self.network.calm();
                self.set_weather();
            }
            Happening::Heals => {
                self.healed = true;
                self.network.heal();
                self.set_weather();
            }
        }
    }

    fn operate(&mut self, index: usize) {
        let operation = self.plan.operations[index].operation.clone();
        match operation {
            Operation::Sell(sale) => {
                let code = self.code_of(&sale);
                self.put(self.now_ms + sale.lag_ms, Happening::Press { sale, code });
            }
            Operation::ChargeAgain(sale) => self.charge_again(sale),
            Operation::Cancel => self.on_front(Event::Cancelled),
            Operation::AskNow => self.on_front(Event::AskedNow),
            Operation::NetworkDown { for_ms } => {
                self.network.set_down("network_down");
                self.put(self.now_ms + for_ms, Happening::NetworkBack);
            }
            Operation::Storm { for_ms, seller } => {
                self.network.storm();
                self.practice.weather_mut().storm();
                if seller == Seller::Empty {
                    self.practice.weather_mut().set(FaultKind::SellerEmpty, 400);
                }
                self.put(self.now_ms + for_ms, Happening::StormOver);
            }
            Operation::Close { down_ms }
            | Operation::PowerCut { down_ms, .. }
            | Operation::Fuse { down_ms, .. } => self.power_goes(down_ms),
            Operation::PressAgain
            | Operation::Rescan
            | Operation::PutAside
            | Operation::BringBack
            | Operation::Clear
            | Operation::Cash { .. }
            | Operation::CashSale { .. }
            | Operation::CashBack { .. }
            | Operation::BackUp
            | Operation::GoodsGone
            | Operation::SettleFinding
            | Operation::Refund { .. }
            | Operation::DiskFull { .. }
            | Operation::DiskFails { .. }
            | Operation::Stall { .. }
            | Operation::ClockJump { .. }
            | Operation::PutBack { .. }
            | Operation::Clone { .. } => (),
        }
    }

    fn power_goes(&mut self, down_ms: i64) {
        self.start += 1;
        self.off = true;
        self.put(self.now_ms + down_ms, Happening::PowerBack);
        if !self.policy.keeps() {
            // The sale is gone from the till; its customer may still stand at the counter.
            for attempt in &mut self.attempts {
                if matches!(attempt.memory.said, Said::Waiting | Said::Unknown) {
                    attempt.memory.said = Said::Failed;
                }
            }
        }
    }

    /// A till that kept what was under way goes on with it.
    fn starts(&mut self) {
        self.off = false;
        for attempt in 0..self.attempts.len() {
            if self.policy.keeps() && self.attempts[attempt].memory.said == Said::Waiting {
                self.step(attempt, Event::Starts);
            }
        }
    }

    fn code_of(&mut self, sale: &Sale) -> Option<String> {
        match sale.way {
            Way::Show => None,
            Way::Scan => Some(self.practice.show_payment_code(self.now_ms, sale.customer.manner)),
        }
    }

    /// The cashier begins a sale: beside one without a result only if they push.
    fn press(&mut self, sale: Sale, code: Option<String>) {
        let waits = self.attempts.last().is_some_and(|last| last.memory.said == Said::Waiting);
        if self.off || (waits && sale.cashier == Cashier::GivesUp) {
            return;
        }
        let due_fen = sale.amount_fen;
        self.books.push(Book { due_fen, goods: false, numbers: Vec::new(), sold: false });
        self.begin(self.books.len() - 1, sale, code);
    }

    /// The same sale once more with a code of its own, where the till lets the cashier.
    fn charge_again(&mut self, sale: Sale) {
        let Some(last) = self.attempts.last() else { return };
        let lets = match last.memory.said {
            Said::Failed | Said::Unknown => true,
            // Nothing of its holds a second order back while the first is open.
            Said::Waiting => self.policy == Policy::Jeepay && sale.cashier == Cashier::Pushes,
            Said::Paid | Said::Taken => false,
        };
        if lets && !self.off {
            let book = last.book;
            let code = self.code_of(&sale);
            self.begin(book, sale, code);
        }
    }

    fn begin(&mut self, book: usize, sale: Sale, code: Option<String>) {
        let no = self.draw(book);
        let memory = Memory::new(sale.way);
        let (customer, cashier) = (sale.customer, sale.cashier);
        self.attempts.push(Attempt { book, memory, no, code, customer, cashier });
        let attempt = self.attempts.len() - 1;
        self.may_decide(attempt);
        self.step(attempt, Event::Begins);
    }

    fn draw(&mut self, book: usize) -> OutTradeNo {
        self.drawn += 1;
        let series = Series::new(1, 1, 1).expect("a series");
        let no = OutTradeNo::compose(series, Counter::new(self.drawn).expect("few numbers"));
        self.books[book].numbers.push(no.as_str().to_owned());
        no
    }

    fn on_front(&mut self, event: Event<'_>) {
        if !self.off && !self.attempts.is_empty() {
            self.step(self.attempts.len() - 1, event);
        }
    }

    fn wakes(&mut self, attempt: usize, no: OutTradeNo, timer: Timer, start: u32) {
        if start != self.start && !self.policy.keeps() || self.attempts[attempt].no != no {
            return;
        }
        if self.off {
            // A kept timer is over when the machine is back.
            self.put(self.now_ms + 1_000, Happening::Wakes { attempt, no, timer, start });
            return;
        }
        self.step(attempt, Event::Wakes(timer));
    }

    pub(super) fn step(&mut self, attempt: usize, event: Event<'_>) {
        let acts = self.attempts[attempt].memory.step(self.policy, event);
        for act in acts {
            match act {
                Act::Ask(api) => self.leaves(attempt, api),
                Act::Wake(timer, after_ms) => {
                    let (no, start) = (self.attempts[attempt].no.clone(), self.start);
                    let wakes = Happening::Wakes { attempt, no, timer, start };
                    self.put(self.now_ms + after_ms, wakes);
                }
                Act::Say(said) => self.says(attempt, said),
                Act::Renew => self.attempts[attempt].no = self.draw(self.attempts[attempt].book),
            }
        }
    }

    fn says(&mut self, attempt: usize, said: Said) {
        let book = self.attempts[attempt].book;
        let others_sold = self.attempts.iter().enumerate().any(|(other, one)| {
            other != attempt
                && one.book == book
                && matches!(one.memory.said, Said::Paid | Said::Taken)
        });
        self.books[book].sold = others_sold || matches!(said, Said::Paid | Said::Taken);
        match said {
            Said::Paid | Said::Taken => {
                self.put(self.now_ms + HANDS_OVER_MS, Happening::HandsOver { attempt });
            }
            Said::Unknown if self.policy == Policy::Forced => {
                self.put(self.now_ms + CONFIRMS_MS, Happening::Confirms { attempt });
            }
            Said::Unknown | Said::Waiting | Said::Failed => (),
        }
    }

    /// The cashier confirms by hand what the till does not know: a pushing one does where the
    /// customer stays and says that they have paid.
    fn confirms(&mut self, attempt: usize) {
        let Attempt { memory, customer, cashier, .. } = &self.attempts[attempt];
        let open = matches!(memory.said, Said::Waiting | Said::Unknown);
        if self.off || !open {
            return;
        }
        let says_so = match customer.manner {
            Manner::Pays | Manner::TypesPassword { .. } | Manner::TopsUp { .. } => true,
            Manner::ByHand => matches!(customer.decides, Some((_, Decision::Confirm))),
            Manner::Refuses | Manner::WalksAway | Manner::TooLittleMoney => false,
        };
        // A shown code is confirmed by whoever stands there, a stuck line only by one who pushes.
        let confirms = says_so && (memory.way == Way::Show || *cashier == Cashier::Pushes);
        let said = if confirms { Said::Taken } else { Said::Failed };
        if memory.way == Way::Show && !confirms && memory.said == Said::Waiting {
            return;
        }
        self.attempts[attempt].memory.said = said;
        self.says(attempt, said);
    }

    /// A code that came is on the screen, and its customer sees it.
    fn drawn_code(&mut self, attempt: usize, api: Api, told: Option<&Told>) {
        if api != Api::Precreate || told.is_none_or(|told| told.code != "10000") {
            return;
        }
        let no = self.attempts[attempt].no.as_str();
        let Some(qr) = self.practice.truth().offer(no).map(|offer| offer.qr.clone()) else {
            return;
        };
        let customer = self.attempts[attempt].customer.clone();
        let moments = [
            (customer.scans_after_ms, Scanned::Screen),
            (customer.photograph_after_ms, Scanned::Photograph),
        ];
        for (after_ms, from) in moments {
            if let Some(after_ms) = after_ms {
                let scans = Happening::Scans { qr: qr.clone(), attempt, from };
                self.put(self.now_ms + after_ms, scans);
            }
        }
    }

    fn scans(&mut self, qr: &str, attempt: usize, from: Scanned) {
        let Attempt { memory, no, customer, .. } = &self.attempts[attempt];
        let shows = self.practice.truth().offer(no.as_str()).is_some_and(|offer| offer.qr == qr);
        let in_front = attempt + 1 == self.attempts.len() && memory.said == Said::Waiting;
        if from == Scanned::Screen && (self.off || !shows || !in_front) {
            return;
        }
        let manner = customer.manner;
        if self.practice.scan(self.now_ms, qr, manner).is_err() {
            return;
        }
        self.may_decide(attempt);
        if self.policy == Policy::Forced {
            self.put(self.now_ms + CONFIRMS_MS, Happening::Confirms { attempt });
        }
    }

    fn may_decide(&mut self, attempt: usize) {
        let Attempt { customer, no, .. } = &self.attempts[attempt];
        if let (Manner::ByHand, Some((after_ms, decision))) = (customer.manner, customer.decides) {
            let no = no.as_str().to_owned();
            self.put(self.now_ms + after_ms, Happening::Decides { no, decision });
        }
    }

    fn decides(&mut self, no: &str, decision: Decision) {
        let now_ms = self.now_ms;
        // Where there is no trade to decide about, nothing happens.
        let _ = match decision {
            Decision::Confirm => self.practice.confirm(now_ms, no),
            Decision::Refuse => self.practice.refuse(now_ms, no),
            Decision::WalkAway => self.practice.walk_away(now_ms, no),
        };
    }
}
