//! The people of a history: the cashier, the manager, the customers.
//!
//! They know what is on the screen and what they did, nothing else. The goods go over the counter
//! when the screen says so, and when cash was taken.

use std::collections::{BTreeMap, BTreeSet};

use mianfu_core::attempt::Attempt;
use mianfu_core::channel::ChannelId;
use mianfu_core::money::Fen;
use mianfu_core::number::{OrderNo, OutTradeNo};
use mianfu_practice::{Channel, Manner};
use mianfu_till::counter::Last;
use mianfu_till::people::RefundWish;
use mianfu_till::refunds::RefundRefusal;
use mianfu_till::worker::chain;
use mianfu_till::{Collect, DbError, Means, Notice, Refusal, SameCustomer, TillError};

use super::plan::{Cashier, Channels, Customer, Decision, Operation, Sale, Wallet, Way};
use super::record::{Begun, Goods, Shown, Sight};
use super::world::{Happening, Scanned, World};

/// What the people know.
#[derive(Default)]
pub(super) struct Counter {
    sales: Vec<Wanted>,
    /// Who stands behind a number.
    customers: BTreeMap<String, Customer>,
    /// The code on the screen and its number.
    code: Option<(String, String)>,
    /// Codes that a customer has seen.
    seen_codes: BTreeSet<String>,
    /// Numbers for which goods went or are about to go, or never will from this counter.
    handed: BTreeSet<String>,
    /// Numbers that were open as this till's disk was copied: their customers stand elsewhere.
    elsewhere: BTreeSet<String>,
    /// The last number that was seen paid.
    pub(super) paid: Option<String>,
    /// The sale in front.
    pub(super) front: Option<Attempt>,
    /// The last sale in cash and what it took, in fen.
    pub(super) in_cash: Option<(OrderNo, i64)>,
    /// The last sale that was put aside.
    aside: Option<OutTradeNo>,
}

/// A sale the cashier wants to make.
struct Wanted {
    sale: Sale,
    intent_id: String,
    /// The customer's code, where we scan.
    code: Option<String>,
}

impl Counter {
    /// The till starts anew: the screen is blank.
    pub(super) fn forget_screen(&mut self) {
        self.code = None;
        self.front = None;
    }

    /// The people at a copy know which sales they did not begin. They hand nothing over for those,
    /// and of the open ones they take no cash, give nothing back and charge nothing again.
    pub(super) fn did_not_begin<'n>(&mut self, all: impl Iterator<Item = (&'n str, bool)>) {
        for (no, open) in all {
            self.handed.insert(no.to_owned());
            if open {
                self.elsewhere.insert(no.to_owned());
            }
        }
    }

    /// The sale in front, where its customer stands at this counter.
    pub(super) fn own_front(&self) -> Option<Attempt> {
        let here = |front: &&Attempt| !self.elsewhere.contains(front.out_trade_no.as_str());
        self.front.as_ref().filter(here).cloned()
    }
}

impl World<'_> {
    /// Carries out what the cashier or the manager does.
    pub(super) fn cashier(&mut self, operation: Operation) {
        if self.desk.till.is_none() {
            return;
        }
        self.acts += 1;
        match operation {
            Operation::Sell(sale) => self.sell(sale),
            Operation::PressAgain => {
                if let Some(last) = self.desk.counter.sales.len().checked_sub(1) {
                    self.press(last);
                }
            }
            Operation::Rescan => self.rescan(),
            Operation::ChargeAgain(sale) => self.charge_again(sale),
            Operation::Refund { percent } => self.refund(percent),
            Operation::Cancel => self.on_front("cancel", |till, no, now| till.cancel(no, now)),
            Operation::AskNow => self.on_front("ask now", |till, no, now| till.ask_now(no, now)),
            Operation::Cash { coin_fen } => self.cash_instead(coin_fen),
            Operation::CashSale { amount_fen, coin_fen } => self.cash_sale(amount_fen, coin_fen),
            Operation::CashBack { percent } => self.cash_back(percent),
            Operation::BackUp => self.back_up(),
            Operation::GoodsGone => self.goods_gone(),
            Operation::SettleFinding => self.settle_finding(),
            Operation::PutAside => self.put_aside(),
            Operation::BringBack => self.bring_back(),
            Operation::Clear => self.clear(),
            Operation::NetworkDown { .. }
            | Operation::Storm { .. }
            | Operation::Close { .. }
            | Operation::PowerCut { .. }
            | Operation::Fuse { .. }
            | Operation::DiskFull { .. }
            | Operation::DiskFails { .. }
            | Operation::Stall { .. }
            | Operation::ClockJump { .. }
            | Operation::PutBack { .. }
            | Operation::Clone { .. } => (),
        }
    }

    fn on_front(
        &mut self,
        what: &str,
        act: impl FnOnce(
            &mut mianfu_till::Till<super::signing::TillKeys>,
            &OutTradeNo,
            mianfu_core::money::Timestamp,
        ) -> Result<(), TillError>,
    ) {
        let now = self.till_now();
        let Some(front) = self.desk.counter.front.clone() else { return };
        let Some(till) = &mut self.desk.till else { return };
        let done = act(till, &front.out_trade_no, now);
        let result = done.as_ref().err().map_or("done".to_owned(), |error| chain(error));
        self.say(format_args!("cashier: {what} {}: {result}", front.out_trade_no));
        if let Err(TillError::Db(error)) = done {
            self.not_kept(what, &error);
        }
    }

    /// On a sound disk everything can be kept.
    pub(super) fn not_kept(&mut self, what: &str, error: &DbError) {
        if self.disk_is_sound() {
            self.broken("I21", format!("{what} was not kept: {}", chain(error)));
        }
    }

    fn sell(&mut self, sale: Sale) {
        let code = self.code_of(&sale);
        let number = self.desk.counter.sales.len();
        let lag_ms = sale.lag_ms;
        let intent_id = self.intent(number);
        self.desk.counter.sales.push(Wanted { sale, intent_id, code });
        self.put(self.now_ms + lag_ms, Happening::Press { sale: number });
    }

    /// What the customer pays with: where the till has one channel, with that.
    fn wallet_of(&self, sale: &Sale) -> Wallet {
        match self.plan.channels {
            Channels::Alipay => Wallet::Alipay,
            Channels::Both => sale.wallet,
        }
    }

    /// The code on the customer's phone, where we scan.
    fn code_of(&mut self, sale: &Sale) -> Option<String> {
        let channel = match self.wallet_of(sale) {
            Wallet::Alipay => Channel::Alipay,
            Wallet::Wechat => Channel::Wechat,
        };
        let (now_ms, manner) = (self.now_ms, sale.customer.manner);
        let customer = self.practice.truth().stranger();
        match sale.way {
            Way::Show => None,
            Way::Scan => {
                Some(self.practice.show_payment_code_of(channel, now_ms, customer, manner))
            }
        }
    }

    /// Names a confirmed amount; no other day of the same database has the name.
    fn intent(&self, number: usize) -> String {
        format!("intent {number} at {} of {}", self.desk.number, self.plan.begins_ms)
    }

    /// The cashier presses the key of a sale, for the first or another time.
    pub(super) fn press(&mut self, sale: usize) {
        self.acts += 1;
        let first = self.collect(sale, SameCustomer::Ask);
        let pushes = self.desk.counter.sales[sale].sale.cashier == Cashier::Pushes;
        let Err(refusal) = first else { return };
        if !pushes {
            return;
        }
        if let Refusal::AttemptOpen { .. } = refusal {
            self.put_aside();
            if let Err(Refusal::SameCustomer { .. }) = self.collect(sale, SameCustomer::Ask) {
                drop(self.collect(sale, SameCustomer::Another));
            }
        } else if let Refusal::SameCustomer { .. } = refusal {
            drop(self.collect(sale, SameCustomer::Another));
        }
    }

    fn collect(&mut self, sale: usize, same_customer: SameCustomer) -> Result<(), Refusal> {
        let now = self.till_now();
        let begun = &self.desk.counter.sales[sale];
        let collect = Collect {
            intent_id: begun.intent_id.clone(),
            amount: Fen::new(begun.sale.amount_fen).unwrap_or(Fen::ZERO),
            means: means(begun.code.as_deref(), self.wallet_of(&begun.sale)),
            same_customer,
        };
        let customer = begun.sale.customer.clone();
        let Some(till) = &mut self.desk.till else { return Ok(()) };
        let collected = till.collect(collect, now);
        if let Ok(no) = &collected {
            let begun = Begun {
                at_ms: self.now_ms,
                no: no.as_str().to_owned(),
                log_len: self.desk.record.log.len(),
                answered: same_customer == SameCustomer::Another,
            };
            self.desk.record.begun.push(begun);
        }
        self.note_collected(sale, customer, &collected);
        collected.map(|_| ())
    }

    fn note_collected(
        &mut self,
        sale: usize,
        customer: Customer,
        collected: &Result<OutTradeNo, Refusal>,
    ) {
        match collected {
            Ok(no) => {
                let number = no.as_str().to_owned();
                if !self.desk.counter.customers.contains_key(&number) {
                    self.may_decide(&number, &customer);
                    self.desk.counter.customers.insert(number, customer);
                }
                self.say(format_args!("cashier: sale {sale} is {no}"));
            }
            Err(refusal) => {
                self.say(format_args!("cashier: sale {sale} refused: {refusal}"));
                if let Refusal::Db(error) = refusal {
                    self.not_kept("a sale", error);
                }
            }
        }
    }

    /// The same code of a customer under another intent.
    fn rescan(&mut self) {
        let Some(begun) = self.desk.counter.sales.iter().rfind(|begun| begun.code.is_some()) else {
            return;
        };
        let number = self.desk.counter.sales.len();
        let again = Wanted {
            sale: begun.sale.clone(),
            intent_id: self.intent(number),
            code: begun.code.clone(),
        };
        self.desk.counter.sales.push(again);
        self.press(number);
    }

    fn charge_again(&mut self, sale: Sale) {
        let now = self.till_now();
        let Some(front) = self.desk.counter.own_front() else { return };
        let code = self.code_of(&sale);
        let means = means(code.as_deref(), self.wallet_of(&sale));
        let Some(till) = &mut self.desk.till else { return };
        let collected = till.collect_again(front.order_no, &means, now);
        let number = self.desk.counter.sales.len();
        self.note_collected(number, sale.customer, &collected);
    }

    fn refund(&mut self, percent: i64) {
        let now = self.till_now();
        let Some(paid) = self.desk.counter.paid.as_deref().and_then(OutTradeNo::new) else {
            return;
        };
        let Some(till) = &mut self.desk.till else { return };
        let Ok(attempt) = till.attempt(&paid) else { return };
        let amount = Fen::new(i64::from(attempt.amount.get()) * percent / 100);
        let wish = RefundWish {
            no: paid.clone(),
            amount: amount.unwrap_or(Fen::ZERO),
            intent_id: format!("{percent} % at {}", now.0),
        };
        let refunded = till.refund(&wish, "manager", now);
        let result = refunded.as_ref().err().map_or("begun".to_owned(), |error| chain(error));
        self.say(format_args!("manager: refund {percent} % of {paid}: {result}"));
        if let Err(RefundRefusal::Db(error)) = refunded {
            self.not_kept("a refund", &error);
        }
    }

    fn put_aside(&mut self) {
        let Some(front) = self.desk.counter.front.clone() else { return };
        let Some(till) = &mut self.desk.till else { return };
        if till.put_aside(&front.out_trade_no).is_ok() {
            self.say(format_args!("cashier: {} aside", front.out_trade_no));
            self.desk.counter.aside = Some(front.out_trade_no);
        }
    }

    fn bring_back(&mut self) {
        let Some(no) = self.desk.counter.aside.clone() else { return };
        if let Some(till) = &mut self.desk.till
            && till.bring_back(&no).is_ok()
        {
            self.say(format_args!("cashier: {no} back in front"));
        }
    }

    fn clear(&mut self) {
        if let Some(till) = &mut self.desk.till
            && till.clear_front().is_ok()
        {
            self.say(format_args!("cashier: clears the front"));
        }
    }

    /// Reads the screen: what each attempt in sight says, and which code is drawn.
    pub(super) fn read_screen(&mut self) {
        let now = self.till_now();
        let Some(till) = &self.desk.till else { return };
        let Ok(counter) = till.counter(now) else { return };
        let troubled = counter.notices.iter().find(|notice| matches!(notice, Notice::Trouble(_)));
        if let (Some(trouble), true) = (troubled, self.disk_is_sound()) {
            self.broken("I21", format!("the till cannot keep a step: {trouble:?}"));
            return;
        }
        let mut attempts = Vec::new();
        for attempt in in_sight(&counter) {
            let screen = attempt.screen();
            let sight = Sight {
                no: attempt.out_trade_no.as_str().to_owned(),
                state: format!("{screen:?}"),
                goods_may_go: screen.goods_may_go(),
                may_charge_again: screen.may_charge_again(),
            };
            if !attempts.contains(&sight) {
                attempts.push(sight);
            }
        }
        self.desk.counter.code = counter.front.as_ref().and_then(|front| {
            Some((front.live_code()?.to_owned(), front.out_trade_no.as_str().to_owned()))
        });
        self.desk.counter.front = counter.front;
        let shown = Shown { at_ms: self.now_ms, attempts };
        if self.desk.record.screens.last().map(|last| &last.attempts) == Some(&shown.attempts) {
            return;
        }
        let text: Vec<String> =
            shown.attempts.iter().map(|sight| format!("{} {}", sight.no, sight.state)).collect();
        self.say(format_args!("screen: {}", text.join(", ")));
        self.look_at(&shown);
        self.desk.record.screens.push(shown);
    }

    /// What people do because of what they see.
    fn look_at(&mut self, shown: &Shown) {
        for sight in &shown.attempts {
            if sight.goods_may_go && !self.desk.counter.elsewhere.contains(&sight.no) {
                self.desk.counter.paid = Some(sight.no.clone());
                if self.desk.counter.handed.insert(sight.no.clone()) {
                    let no = sight.no.clone();
                    self.put(self.now_ms + 700, Happening::HandsOver { no });
                }
            }
        }
        let Some((qr, no)) = self.desk.counter.code.clone() else { return };
        if !self.desk.counter.seen_codes.insert(qr.clone()) {
            return;
        }
        let Some(customer) = self.desk.counter.customers.get(&no).cloned() else { return };
        if let Some(after_ms) = customer.scans_after_ms {
            let from = Scanned::Screen;
            let (qr, no) = (qr.clone(), no.clone());
            self.put(self.now_ms + after_ms, Happening::Scans { qr, no, from });
        }
        if let Some(after_ms) = customer.photograph_after_ms {
            let from = Scanned::Photograph;
            self.put(self.now_ms + after_ms, Happening::Scans { qr, no, from });
        }
    }

    /// A customer scans a shown code.
    pub(super) fn scans(&mut self, qr: &str, no: &str, from: Scanned) {
        let shown = self.desk.counter.code.as_ref().is_some_and(|(code, _)| code == qr);
        if from == Scanned::Screen && !shown {
            return;
        }
        let Some(customer) = self.desk.counter.customers.get(no).cloned() else { return };
        self.acts += 1;
        let scanned = self.practice.scan(self.now_ms, qr, customer.manner);
        let result = scanned.as_ref().err().map_or("scanned".to_owned(), ToString::to_string);
        self.say(format_args!("customer of {no} scans from {from:?}: {result}"));
        if scanned.is_ok() {
            self.may_decide(no, &customer);
        }
    }

    /// A customer who decides by hand will decide.
    fn may_decide(&mut self, no: &str, customer: &Customer) {
        if customer.manner == Manner::ByHand
            && let Some((after_ms, decision)) = customer.decides
        {
            let no = no.to_owned();
            self.put(self.now_ms + after_ms, Happening::Decides { no, decision });
        }
    }

    pub(super) fn decides(&mut self, no: &str, decision: Decision) {
        self.acts += 1;
        let now_ms = self.now_ms;
        let done = match decision {
            Decision::Confirm => self.practice.confirm(now_ms, no),
            Decision::Refuse => self.practice.refuse(now_ms, no),
            Decision::WalkAway => self.practice.walk_away(now_ms, no),
        };
        let result = done.err().map_or("done".to_owned(), |error| error.to_string());
        self.say(format_args!("customer of {no}: {decision:?}: {result}"));
    }

    /// The goods go if the screen still says so.
    pub(super) fn hands_over(&mut self, no: String) {
        let now = self.till_now();
        let says_so = self.desk.till.as_ref().and_then(|till| till.counter(now).ok()).is_some_and(
            |counter| {
                in_sight(&counter)
                    .filter(|attempt| attempt.out_trade_no.as_str() == no)
                    .any(|attempt| attempt.screen().goods_may_go())
            },
        );
        if !says_so {
            self.desk.counter.handed.remove(&no);
            return;
        }
        self.acts += 1;
        self.say(format_args!("cashier: hands over the goods of {no}"));
        self.desk.record.goods.push(Goods { at_ms: self.now_ms, no });
    }
}

/// Returns the attempts that the counter shows.
fn in_sight(counter: &mianfu_till::Counter) -> impl Iterator<Item = &Attempt> {
    let recent = counter.recent.iter().filter_map(Last::attempt);
    counter.front.iter().chain(&counter.aside).chain(recent)
}

fn means(code: Option<&str>, wallet: Wallet) -> Means {
    match (code, wallet) {
        (Some(code), _) => Means::Scan(code.to_owned()),
        (None, Wallet::Alipay) => Means::Show(ChannelId::Alipay),
        (None, Wallet::Wechat) => Means::Show(ChannelId::Wechat),
    }
}
