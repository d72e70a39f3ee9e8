//! What the commands talk to: the shop once it is open, and what only this window knows.
//!
//! That is the amount being typed, for the customer's window, and the question 同一位顾客吗？ while
//! it stands. Neither is truth about money; both are lost with the window and nothing is lost.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use mianfu_core::money::{Fen, Timestamp};
use mianfu_core::number::OutTradeNo;
use mianfu_sound::Speaker;
use mianfu_till::bill::Bill;
use mianfu_till::{Collect, Means, MerchantKeys, Refusal, SameCustomer, Till};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tracing_appender::non_blocking::WorkerGuard;

use crate::cash::order_no;
use crate::convert::{self, Room};
use crate::idle::Idle;
use crate::open::{self, Place, Shop};
use crate::practice::Reached;
use crate::shops::{Known, Shops};
use crate::sound;
use crate::views::{
    AttemptRef, AttemptView, BillView, CounterView, CustomerView, HistoryLineView, OrderLineView,
    OrderRef, QuestionKind, QuestionView, Report, ReportCode, ShopView,
};

/// The longest name of a confirmed amount; the page's are 36 letters.
const INTENT_LETTERS_MAX: usize = 64;

/// The shell's state.
pub struct Shell {
    pub(crate) shops: Shops,
    /// Where and on what it was opened.
    opened_on: OnceLock<(Place, Handle)>,
    /// The pretend channels of this process.
    pub(crate) practice: Arc<Reached>,
    /// Since when nobody has touched the counter, while practice is on.
    pub(crate) idle: Mutex<Option<Idle>>,
    /// Held while practice is entered or left.
    pub(crate) switching: tokio::sync::Mutex<()>,
    hand: Mutex<Hand>,
    /// Goes up with every change of the hand.
    turned: watch::Sender<u64>,
    /// What the cashier's window was last told; what is heard follows it.
    told: watch::Sender<Option<Told>>,
    speaker: Speaker,
    log: Mutex<Option<WorkerGuard>>,
    /// Held while the till closes: whoever asks again waits for the same close.
    closing: Mutex<()>,
}

/// A view that the cashier's window was told.
#[derive(Clone)]
pub(crate) struct Told {
    /// Whose view it is.
    pub(crate) shop: Arc<Shop>,
    pub(crate) view: CounterView,
}

/// An amount that the cashier confirmed.
pub(crate) struct Confirmed {
    pub(crate) intent_id: String,
    pub(crate) amount_fen: i64,
    /// Where.
    pub(crate) shop: ShopView,
}

/// What the window knows and the till does not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Hand {
    typed: Option<Fen>,
    question: Option<QuestionView>,
}

impl Default for Shell {
    fn default() -> Shell {
        Shell {
            shops: Shops::default(),
            opened_on: OnceLock::new(),
            practice: Arc::default(),
            idle: Mutex::default(),
            switching: tokio::sync::Mutex::default(),
            hand: Mutex::default(),
            turned: watch::Sender::new(0),
            told: watch::Sender::new(None),
            speaker: Speaker::begin(),
            log: Mutex::default(),
            closing: Mutex::default(),
        }
    }
}

impl Shell {
    /// Opens the shop; commands wait for it. Reads files, so it takes a moment.
    pub fn open(&self, place: &Place, runtime: &Handle) {
        self.opened_on.get_or_init(|| (place.clone(), runtime.clone()));
        let opened = open::make_folder(place).and_then(|()| {
            *self.log() = open::begin_log(place);
            open::open(place, &self.practice, runtime)
        });
        if let Err(report) = &opened {
            tracing::error!(code = ?report.code, detail = report.detail, "the till did not open");
        }
        if let Ok(shop) = &opened {
            let now = mianfu_till::start::now();
            self.tell_of_people(shop.people.manager(now), now);
        }
        self.shops.opened(opened);
    }

    /// Waits until a shop is open, and returns the one that is on.
    pub(crate) async fn shop(&self) -> Result<Arc<Shop>, Report> {
        self.shops.on().await
    }

    /// Returns the shop that is on where it is the one that was meant. What was confirmed in one
    /// is never taken by the other: practice would become money, and money practice.
    pub(crate) async fn shop_meant(&self, meant: ShopView) -> Result<Arc<Shop>, Report> {
        let shop = self.shop().await?;
        if shop.shop != meant {
            return Err(Report::plain(ReportCode::Outdated, "another shop is on"));
        }
        Ok(shop)
    }

    /// Waits until practice is on, and returns it.
    pub(crate) async fn entered_practice(&self) -> Arc<Shop> {
        self.shops.practice().await
    }

    /// Returns where and on what the shop was opened.
    pub(crate) fn opened_on(&self) -> Result<(Place, Handle), Report> {
        let opened_on = self.opened_on.get().cloned();
        opened_on.ok_or_else(|| Report::plain(ReportCode::Internal, "no shop was opened"))
    }

    /// Returns a watch that changes with the shop that is on.
    pub(crate) fn switched(&self) -> watch::Receiver<Known> {
        self.shops.changes()
    }

    /// Empties the hand: the sale it was for has begun.
    pub(crate) fn put_down(&self) {
        self.turn(|hand| *hand = Hand::default());
    }

    /// Returns a watch on what the hand holds.
    pub(crate) fn turned(&self) -> watch::Receiver<u64> {
        self.turned.subscribe()
    }

    /// Returns the hand's own end of that watch, for what changes the screens and not the till.
    pub(crate) fn turner(&self) -> watch::Sender<u64> {
        self.turned.clone()
    }

    /// Returns a watch on what the cashier's window was last told.
    pub(crate) fn told(&self) -> watch::Receiver<Option<Told>> {
        self.told.subscribe()
    }

    /// Remembers what the cashier's window has been told.
    pub(crate) fn has_told(&self, shop: Arc<Shop>, view: CounterView) {
        self.told.send_replace(Some(Told { shop, view }));
    }

    /// Returns what sound comes from.
    pub(crate) fn speaker(&self) -> &Speaker {
        &self.speaker
    }

    /// Clicks for a scan that was no payment code.
    pub(crate) fn click(&self) {
        sound::click(&self.speaker, self.told.borrow().as_ref().map(|told| &told.view));
    }

    pub(crate) async fn counter(&self) -> Result<CounterView, Report> {
        let shop = self.shop().await?;
        self.counter_of(&shop).await
    }

    /// Returns the counter of one shop.
    pub(crate) async fn counter_of(&self, shop: &Shop) -> Result<CounterView, Report> {
        let (counter, practice, now) = shop
            .running
            .ask(|till, now| till.counter(now).map(|seen| (seen, till.settings().practice, now)))
            .await??;
        let condition = shop.upkeep.condition().borrow().clone();
        let codes = shop.codes().clone();
        let room = Room {
            settings: &shop.settings,
            practice,
            shop: shop.shop,
            practice_ends_at: self.practice_ends_at(),
            phone_url: shop.phone_url.clone(),
            condition: &condition,
            question: self.hand().question.clone(),
            counter: &shop.counter,
            codes: &codes,
            folder: &shop.folder,
            relay_trouble: shop.relay_trouble.as_ref(),
            sound_works: *self.speaker.works().borrow(),
            missed_sounds: *self.speaker.missed().borrow(),
            manager: shop.people.manager(now),
        };
        Ok(convert::counter(&counter, room, now))
    }

    pub(crate) async fn customer(&self) -> Result<CustomerView, Report> {
        Ok(self.customer_of(&self.counter().await?))
    }

    /// Returns what the customer sees at the moment of a counter.
    pub(crate) fn customer_of(&self, counter: &CounterView) -> CustomerView {
        convert::customer(counter, self.hand().typed)
    }

    /// Returns what the customer sees while the till cannot be read: neither code nor amount.
    pub(crate) async fn customer_of_none(&self) -> Result<CustomerView, Report> {
        let shop = self.shop().await?;
        Ok(convert::customer_of_none(&shop.settings, mianfu_till::start::now()))
    }

    /// Shows the customer what is being typed.
    pub(crate) fn type_amount(&self, amount_fen: Option<i64>) -> Result<(), Report> {
        let typed = amount_fen.map(fen).transpose()?;
        self.turn(|hand| hand.typed = typed);
        Ok(())
    }

    /// Takes a sale; a question that must be answered first stands on the screen and charges
    /// nothing.
    pub(crate) async fn collect(
        &self,
        confirmed: Confirmed,
        means: Means,
        same_customer: SameCustomer,
    ) -> Result<(), Report> {
        let Confirmed { intent_id, amount_fen, shop } = confirmed;
        let intent_id = intent(intent_id)?;
        let amount = fen(amount_fen)?;
        let shop = self.shop_meant(shop).await?;
        shop.check_sound()?;
        let wallet = convert::wallet_of(&means);
        let shown = if let Means::Show(channel) = &means { Some(*channel) } else { None };
        let collect = Collect { intent_id: intent_id.clone(), amount, means, same_customer };
        match shop.running.ask(move |till, now| till.collect(collect, now)).await? {
            Ok(_) => {
                self.turn(|hand| *hand = Hand::default());
                if let Some(channel) = shown {
                    self.has_shown(&shop, channel);
                }
            }
            Err(Refusal::SameCustomer { out_trade_no }) => self.turn(|hand| {
                hand.question = Some(QuestionView {
                    kind: QuestionKind::SameCustomer,
                    intent_id,
                    amount_fen,
                    unresolved_out_trade_no: out_trade_no.as_str().to_owned(),
                });
            }),
            Err(refusal) => {
                let report = Report::from(refusal).about(wallet);
                if report.code == ReportCode::ScansUnproven {
                    self.offer_code_of(&shop, wallet);
                }
                if sound::is_wrong_scan(report.code) {
                    self.click();
                }
                return Err(shop.unkept(report));
            }
        }
        Ok(())
    }

    /// Does something about an attempt at the till.
    pub(crate) async fn about<E: Into<Report> + Send + 'static>(
        &self,
        attempt: AttemptRef,
        act: impl FnOnce(&mut Till<MerchantKeys>, &OutTradeNo, Timestamp) -> Result<(), E>
        + Send
        + 'static,
    ) -> Result<(), Report> {
        let no = attempt_no(&attempt.out_trade_no)?;
        let shop = self.shop().await?;
        shop.running.ask(move |till, now| act(till, &no, now)).await?.map_err(Into::into)
    }

    /// Looks a customer's bill up; asks about the sale and brings it to the front, unless it is
    /// over or was in cash.
    pub(crate) async fn ask_bill(&self, code: String) -> Result<BillView, Report> {
        let shop = self.shop().await?;
        let found = shop.running.ask(move |till, now| till.ask_bill(&code, now)).await??;
        if matches!(found, Some(Bill::Attempt(_))) {
            self.drop_question();
        }
        Ok(convert::bill(found.as_ref()))
    }

    /// Takes a question off the screen.
    pub(crate) fn drop_question(&self) {
        self.turn(|hand| hand.question = None);
    }

    pub(crate) async fn clear_front(&self) -> Result<(), Report> {
        self.drop_question();
        let shop = self.shop().await?;
        Ok(shop.running.ask(|till, _| till.clear_front()).await??)
    }

    pub(crate) async fn orders_today(&self) -> Result<Vec<OrderLineView>, Report> {
        let shop = self.shop().await?;
        let lines = shop.running.ask(|till, now| till.orders_today(now)).await??;
        Ok(lines.iter().map(convert::order_line).collect())
    }

    /// Returns one order, of whatever day.
    pub(crate) async fn order(&self, order: OrderRef) -> Result<OrderLineView, Report> {
        let no = order_no(&order.order_no)?;
        let shop = self.shop().await?;
        let line = shop.running.ask(move |till, _| till.order_line(no)).await??;
        Ok(convert::order_line(&line))
    }

    pub(crate) async fn order_history(
        &self,
        order: OrderRef,
    ) -> Result<Vec<HistoryLineView>, Report> {
        let no = order_no(&order.order_no)?;
        let shop = self.shop().await?;
        let lines = shop.running.ask(move |till, _| till.history(no)).await??;
        Ok(lines.into_iter().map(convert::history_line).collect())
    }

    /// Returns the attempts without a result, of every open shop; none where no till opened.
    pub(crate) async fn open_attempts(&self) -> Result<Vec<AttemptView>, Report> {
        self.shop().await?;
        let mut open = Vec::new();
        for shop in self.shops.all() {
            open.extend(shop.running.ask(|till, _| till.open_attempts()).await??);
        }
        let live = open.iter().filter(|attempt| attempt.is_live());
        Ok(live.map(|of| convert::attempt(of, &[])).collect())
    }

    /// Stops the till, makes the last backup and ends the log. Takes as long as the disk does.
    pub(crate) fn close(&self) {
        let _closing = self.closing.lock().unwrap_or_else(PoisonError::into_inner);
        self.shops.all().iter().for_each(|shop| shop.close());
        drop(self.log().take());
    }

    fn turn(&self, change: impl FnOnce(&mut Hand)) {
        let before = self.hand().clone();
        let mut hand = self.hand();
        change(&mut hand);
        if *hand != before {
            self.turned.send_modify(|turned| *turned += 1);
        }
    }

    fn hand(&self) -> MutexGuard<'_, Hand> {
        self.hand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self) -> MutexGuard<'_, Option<WorkerGuard>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the name of a confirmed wish, as the page makes them.
pub(crate) fn intent(intent_id: String) -> Result<String, Report> {
    if intent_id.is_empty() || INTENT_LETTERS_MAX < intent_id.len() {
        return Err(Report::plain(ReportCode::Internal, "the intent has no proper name"));
    }
    Ok(intent_id)
}

pub(crate) fn attempt_no(text: &str) -> Result<OutTradeNo, Report> {
    OutTradeNo::new(text)
        .ok_or_else(|| Report::plain(ReportCode::Outdated, "this is no number of a till"))
}

pub(crate) fn fen(amount_fen: i64) -> Result<Fen, Report> {
    Fen::new(amount_fen)
        .ok_or_else(|| Report::plain(ReportCode::BadAmount, "the amount is below nothing"))
}
