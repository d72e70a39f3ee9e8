//! Cash: a sale in cash, cash in the place of a wallet (改收现金, M16), and cash that goes back.
//!
//! No channel is asked: cash is taken when every one of them is silent, refused or full. A sale in
//! cash is one commit, and one intent makes one sale or one refund, across a restart too.

use mianfu_core::attempt::{Attempt, Event};
use mianfu_core::money::{Charge, Fen, Timestamp};
use mianfu_core::mutant;
use mianfu_core::number::{OrderNo, OutTradeNo};
use mianfu_core::order::{self, Cash, CashRefund, ChargeRefusal, Counted, Order};
use mianfu_db::DbError;
use mianfu_gateway::Keys;

use crate::cashier::note;
use crate::people::{Approved, Outlived};
use crate::resume::LAST_SALE_MS;
use crate::till::Till;

/// A sale in cash, confirmed once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeCash {
    /// Names the confirmed sale; the same intent twice is one sale.
    pub intent_id: String,
    /// What was typed, in fen.
    pub amount: Fen,
    /// What the cashier counted.
    pub counted: Counted,
}

/// Asks for a manager's word to give cash back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CashRefundWish {
    /// The order.
    pub order_no: OrderNo,
    /// How much, in fen.
    pub amount: Fen,
    /// Names the confirmed refund; the same intent twice is one refund.
    pub intent_id: String,
}

/// A sale in cash on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CashSale {
    /// The order.
    pub order: Order,
    /// Whether a wallet was tried before.
    pub instead: bool,
}

/// Why no cash was taken. Nothing was kept.
#[derive(Debug, thiserror::Error)]
pub enum CashRefusal {
    /// Zero.
    #[error("the amount must be at least one fen")]
    NoAmount,
    /// More than the store lets one sale be.
    #[error("the amount is above this store's limit of {limit}")]
    AboveLimit {
        /// The store's limit.
        limit: Charge,
    },
    /// An attempt could still be paid: cash takes its place, or it is put aside first.
    #[error("attempt `{out_trade_no}` has not ended")]
    AttemptOpen {
        /// The attempt.
        out_trade_no: OutTradeNo,
    },
    /// The order has been paid.
    #[error("the order has been paid")]
    PaidAlready,
    /// More was let go than the store allows, or everything.
    #[error("no more than {limit} may be let go, and never everything")]
    RoundingTooLarge {
        /// The store's limit.
        limit: Fen,
    },
    /// Less was handed over than is due in cash.
    #[error("less was received than the {due} that are due")]
    ReceivedTooLittle {
        /// What is due in cash.
        due: Fen,
    },
    /// Nobody hands over that much.
    #[error("more was received than anybody hands over")]
    ReceivedTooMuch,
    /// The intent was used for another amount.
    #[error("the confirmed amount was used for another sale")]
    IntentUsed,
    /// Somebody practises at the counter.
    #[error("the counter is away at practice")]
    Away,
    /// The attempt's channel is not set up here, so nobody could end the attempt.
    #[error("the channel of attempt `{out_trade_no}` is not set up at this till")]
    NoChannel {
        /// The attempt.
        out_trade_no: OutTradeNo,
    },
    /// The database would not keep it.
    #[error("the cash could not be kept")]
    Db(#[from] DbError),
}

/// Why no cash goes back. Nothing was kept.
#[derive(Debug, thiserror::Error)]
pub enum CashRefundRefusal {
    /// Zero.
    #[error("the amount must be at least one fen")]
    NoAmount,
    /// The order took no cash, or all of it has gone back.
    #[error("order {order_no} has no cash to give back")]
    NothingLeft {
        /// The order.
        order_no: OrderNo,
    },
    /// More than is left of the cash.
    #[error("no more than {left} is left of the cash")]
    Exceeds {
        /// What is left.
        left: Fen,
    },
    /// The intent was used for another refund.
    #[error("the confirmed refund was used for another one")]
    IntentUsed,
    /// The manager's word is too old.
    #[error(transparent)]
    Outlived(#[from] Outlived),
    /// The database would not keep it.
    #[error("the refund could not be kept")]
    Db(#[from] DbError),
}

impl<K: Keys> Till<K> {
    /// Takes a sale in cash. The same intent again returns the sale it made; where a wallet was
    /// tried under the intent and took nothing, its order takes the cash.
    ///
    /// # Errors
    ///
    /// Every refusal means that nothing was kept.
    pub fn take_cash(&mut self, take: TakeCash, now: Timestamp) -> Result<Order, CashRefusal> {
        if self.away && !mutant::planted("practice_charges_the_shop") {
            return Err(CashRefusal::Away);
        }
        let kept = self.db.read().orders().by_intent(&take.intent_id)?;
        if let Some(kept) = kept.filter(|_| !mutant::planted("i7_cash_intent_forgotten")) {
            let order = kept.value;
            if order.due != take.amount {
                return Err(CashRefusal::IntentUsed);
            }
            return self.take_cash_for(order, take.counted, now);
        }
        if take.amount == Fen::ZERO {
            return Err(CashRefusal::NoAmount);
        }
        let limit = self.settings.limit;
        if limit.fen() < take.amount {
            return Err(CashRefusal::AboveLimit { limit });
        }
        self.front_lets_cash_in()?;
        let owed = Order::new(OrderNo(0), take.intent_id, take.amount, now);
        let cash = order::may_take_cash(&owed, &[], take.counted, self.settings.rounding_limit)?;
        let order = self.db.write("keep a sale in cash", |tx| {
            let no = tx.orders().next_order_no();
            let order = Order { no, ..owed }
                .taking(cash, now)
                .ok_or_else(|| DbError::LawBroken { law: "cash_fits".to_owned() })?;
            tx.orders().insert(&order, &taken_note(cash, now))?;
            Ok(order)
        })?;
        tracing::info!(order_no = order.no.0, cash_fen = order.cash.get(), "cash kept");
        self.stand_cash(order.no);
        Ok(order)
    }

    /// The order takes cash at once, and what the wallet may still bring goes back (M16). The
    /// attempt leaves the front for the next sale. Pressed twice it is once.
    ///
    /// # Errors
    ///
    /// Every refusal means that no cash was kept and the attempt goes on as it was.
    pub fn take_cash_instead(
        &mut self,
        no: &OutTradeNo,
        counted: Counted,
        now: Timestamp,
    ) -> Result<Order, CashRefusal> {
        self.keep_drawn();
        let attempt = self.db.read().attempts().get(no)?.value;
        let order = self.db.read().orders().get(attempt.order_no)?.value;
        if attempt.is_final() || order.cash != Fen::ZERO {
            return self.take_cash_for(order, counted, now);
        }
        let mut others = self.attempts_of(order.no)?;
        others.retain(|other| other.out_trade_no != *no);
        order::may_charge(&order, &others).map_err(refused)?;
        let cash = order::settle_in_cash(&order, counted, self.settings.rounding_limit)?;
        let mut kept = false;
        self.step_with(no, Event::CashTaken, now, None, |tx| {
            kept = true;
            if mutant::planted("m16_cash_not_kept") {
                return Ok(());
            }
            tx.orders().take_cash(order.no, cash, now, &taken_note(cash, now))?;
            Ok(())
        })?;
        if !kept {
            return Err(CashRefusal::NoChannel { out_trade_no: no.clone() });
        }
        // Where as many wait aside as may, it stays in front.
        drop(self.put_aside(no));
        self.stand_cash(order.no);
        Ok(self.db.read().orders().get(order.no)?.value)
    }

    /// Gives cash back, with a manager's word for it. The same intent again returns the refund it
    /// made.
    ///
    /// # Errors
    ///
    /// Every refusal means that nothing was kept: hand nothing over.
    pub fn refund_cash(
        &mut self,
        approved: Approved<CashRefundWish>,
        now: Timestamp,
    ) -> Result<CashRefund, CashRefundRefusal> {
        let (wish, by) = approved.take(now)?;
        self.give_cash_back(&wish, by, now)
    }

    /// Gives cash back. Who may ask is the caller's to have settled: a counter asks through
    /// [`Till::refund_cash`].
    ///
    /// # Errors
    ///
    /// As [`Till::refund_cash`], but for the manager's word.
    pub fn give_cash_back(
        &mut self,
        wish: &CashRefundWish,
        by: &str,
        now: Timestamp,
    ) -> Result<CashRefund, CashRefundRefusal> {
        let CashRefundWish { order_no, amount, intent_id } = wish.clone();
        let kept = self.db.read().cash_refunds().by_intent(&intent_id)?;
        if let Some(kept) = kept.filter(|_| !mutant::planted("i7_cash_refund_intent_forgotten")) {
            let same = kept.order_no == order_no && kept.amount == amount;
            return if same { Ok(kept) } else { Err(CashRefundRefusal::IntentUsed) };
        }
        let order = self.db.read().orders().get(order_no)?.value;
        order::may_return_cash(&order, amount).map_err(|refusal| match refusal {
            order::CashBackRefusal::NoAmount => CashRefundRefusal::NoAmount,
            order::CashBackRefusal::NothingLeft => CashRefundRefusal::NothingLeft { order_no },
            order::CashBackRefusal::Exceeds { left } => CashRefundRefusal::Exceeds { left },
        })?;
        let refund = CashRefund { intent_id, order_no, amount, by: by.to_owned(), at: now };
        self.db.write("keep a cash refund", |tx| {
            tx.cash_refunds().insert(&refund, &note(now, "cash_refunded", amount.to_string()))
        })?;
        tracing::info!(order_no = order_no.0, amount_fen = amount.get(), "cash refund kept");
        self.revision += 1;
        Ok(refund)
    }

    /// Takes the sale in cash off the screen; it stays in the books.
    pub fn dismiss_cash(&mut self) {
        if self.cash_front.take().is_some() {
            self.revision += 1;
        }
    }

    /// Returns the sale in cash that stands on the screen.
    pub(crate) fn cash_sale(&self) -> Result<Option<CashSale>, DbError> {
        let Some(no) = self.cash_front else {
            return Ok(None);
        };
        let order = self.db.read().orders().get(no)?.value;
        let instead = !self.db.read().attempts().of_order(no)?.is_empty();
        Ok(Some(CashSale { order, instead }))
    }

    /// Puts the last sale in cash back on the screen: the cashier reads that it was kept.
    pub(crate) fn stand_last_cash(&mut self, now: Timestamp) -> Result<(), DbError> {
        let read = self.db.read();
        let mut orders = read.orders().on_day(now.business_day(), None, 1)?;
        if let Some(front) = &self.front {
            let order_no = read.attempts().get(front)?.value.order_no;
            orders.push(read.orders().get(order_no)?);
        }
        let stands =
            |order: &Order| order.cash_at.is_some_and(|at| now.since_ms(at).abs() <= LAST_SALE_MS);
        self.cash_front =
            orders.into_iter().map(|kept| kept.value).find(stands).map(|order| order.no);
        if self.cash_front.is_some() { self.clear_ended_front() } else { Ok(()) }
    }

    /// Takes cash for an order that is kept: one whose wallet took nothing, or the same press
    /// again.
    fn take_cash_for(
        &mut self,
        order: Order,
        counted: Counted,
        now: Timestamp,
    ) -> Result<Order, CashRefusal> {
        if order.cash != Fen::ZERO {
            self.stand_cash(order.no);
            return Ok(order);
        }
        let attempts = self.attempts_of(order.no)?;
        let limit = self.settings.rounding_limit;
        let cash = order::may_take_cash(&order, &attempts, counted, limit)?;
        let kept = self.db.write("keep cash for an order", |tx| {
            tx.orders().take_cash(order.no, cash, now, &taken_note(cash, now))
        })?;
        self.stand_cash(order.no);
        Ok(kept.value)
    }

    fn attempts_of(&self, no: OrderNo) -> Result<Vec<Attempt>, DbError> {
        let attempts = self.db.read().attempts().of_order(no)?;
        Ok(attempts.into_iter().map(|kept| kept.value).collect())
    }

    /// An unresolved sale in front may be this very customer's: cash takes its place by its own
    /// key, or it is put aside (M18). Where no more may wait aside, cash is taken all the same.
    fn front_lets_cash_in(&self) -> Result<(), CashRefusal> {
        let Some(front) = &self.front else {
            return Ok(());
        };
        let live = |no: &OutTradeNo| -> Result<bool, DbError> {
            Ok(self.db.read().attempts().find(no)?.is_some_and(|kept| kept.value.is_live()))
        };
        if !live(front)? || mutant::planted("m18_cash_beside_the_front") {
            return Ok(());
        }
        let mut waiting = 0;
        for no in &self.aside {
            waiting += usize::from(live(no)?);
        }
        if self.settings.aside_max <= waiting {
            return Ok(());
        }
        Err(CashRefusal::AttemptOpen { out_trade_no: front.clone() })
    }

    /// Stands a sale in cash on the screen; an ended sale in front makes room for it.
    fn stand_cash(&mut self, no: OrderNo) {
        self.cash_front = Some(no);
        self.revision += 1;
        // Read only to tidy the screen: what cannot be read stays where it is.
        drop(self.clear_ended_front());
    }

    fn clear_ended_front(&mut self) -> Result<(), DbError> {
        let Some(front) = &self.front else {
            return Ok(());
        };
        if self.db.read().attempts().find(front)?.is_none_or(|kept| !kept.value.is_live()) {
            self.front = None;
        }
        Ok(())
    }
}

fn taken_note(cash: Cash, now: Timestamp) -> mianfu_db::Note {
    let Cash { taken, rounded, received } = cash;
    let mut detail = taken.to_string();
    if received != taken {
        detail.push_str(&format!(" / {received}"));
    }
    if rounded != Fen::ZERO {
        detail.push_str(&format!(" (-{rounded})"));
    }
    note(now, "cash_taken", detail)
}

fn refused(refusal: ChargeRefusal) -> CashRefusal {
    match refusal {
        ChargeRefusal::AttemptLive { out_trade_no } => CashRefusal::AttemptOpen { out_trade_no },
        ChargeRefusal::PaidAlready => CashRefusal::PaidAlready,
    }
}

impl From<order::CashRefusal> for CashRefusal {
    fn from(refusal: order::CashRefusal) -> CashRefusal {
        match refusal {
            order::CashRefusal::AttemptLive { out_trade_no } => {
                CashRefusal::AttemptOpen { out_trade_no }
            }
            order::CashRefusal::PaidAlready => CashRefusal::PaidAlready,
            order::CashRefusal::RoundingTooLarge { limit } => {
                CashRefusal::RoundingTooLarge { limit }
            }
            order::CashRefusal::ReceivedTooLittle { due } => CashRefusal::ReceivedTooLittle { due },
            order::CashRefusal::ReceivedTooMuch => CashRefusal::ReceivedTooMuch,
        }
    }
}
