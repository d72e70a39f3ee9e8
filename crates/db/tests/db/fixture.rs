//! A shop with a database in a folder of its own, and sales to put into it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use mianfu_core::attempt::{Attempt, Event, Intent, RefundWhy};
use mianfu_core::channel::{ChannelId, Flow, PayerHash, Payment, Timetable, Verdict};
use mianfu_core::money::{Charge, Fen, Timestamp};
use mianfu_core::order::{Cash, CashRefund, Order};
use mianfu_core::refund::{Refund, RefundCause, RefundIntent};
use mianfu_db::{
    Birth, Db, DbError, Lane, Lock, Note, OpenOptions, Opened, Operation, OperationKind, Tx,
    Versioned,
};
use tempfile::TempDir;

/// 2026-11-21 10:00 in Shanghai.
pub(crate) const TEN: Timestamp = Timestamp(1_795_226_400_000);

pub(crate) struct Shop {
    pub(crate) folder: TempDir,
    pub(crate) machine: &'static str,
    pub(crate) till: u32,
    pub(crate) epoch: u32,
}

impl Shop {
    pub(crate) fn new() -> Shop {
        let folder = tempfile::tempdir().unwrap();
        Shop { folder, machine: "machine a", till: 7, epoch: 12_345_678 }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("till.db")
    }

    pub(crate) fn try_open(&self) -> Result<(Db, Opened), DbError> {
        self.try_open_at(&self.path())
    }

    pub(crate) fn try_open_at(&self, path: &Path) -> Result<(Db, Opened), DbError> {
        Db::open(&OpenOptions {
            path,
            vfs: None,
            now: TEN,
            machine: self.machine,
            store: 42,
            till: self.till,
            epoch: self.epoch,
            lock: Lock::Beside,
        })
    }

    /// Opens the database, which must be found to be `birth`.
    #[track_caller]
    pub(crate) fn open(&self, birth: Birth) -> Db {
        let (db, opened) = self.try_open().unwrap();
        assert_eq!(opened.birth, birth);
        db
    }
}

pub(crate) fn note(kind: &'static str) -> Note {
    Note { at: TEN, kind, detail: "as the test says".to_owned() }
}

/// Keeps an order of `fen`.
pub(crate) fn keep_order(tx: &Tx<'_>, intent_id: &str, fen: i64) -> Result<Order, DbError> {
    let no = tx.orders().next_order_no();
    let order = Order::new(no, intent_id.to_owned(), Fen::new(fen).unwrap(), TEN);
    tx.orders().insert(&order, &note("order_kept"))?;
    Ok(order)
}

/// Keeps an attempt that has just begun.
pub(crate) fn keep_attempt(tx: &Tx<'_>, order: &Order, flow: Flow) -> Result<Attempt, DbError> {
    let intent = Intent {
        out_trade_no: tx.mint()?,
        order_no: order.no,
        channel: ChannelId::Alipay,
        flow,
        amount: Charge::new(order.due.get()).unwrap(),
    };
    let attempt = Attempt::begin(intent, TEN, &Timetable::ALIPAY).attempt;
    tx.attempts().insert(&attempt, &note("attempt_kept"))?;
    Ok(attempt)
}

/// Keeps an order and its first attempt in one step.
pub(crate) fn sell(db: &mut Db, intent_id: &str, fen: i64, flow: Flow) -> Attempt {
    db.write("sell", |tx| {
        let order = keep_order(tx, intent_id, fen)?;
        keep_attempt(tx, &order, flow)
    })
    .unwrap()
}

/// Keeps an order that took `fen` in cash, one fen of which went back.
pub(crate) fn sell_for_cash(db: &mut Db, intent_id: &str, fen: i64) -> Order {
    let (taken, one) = (Fen::new(fen).unwrap(), Fen::new(1).unwrap());
    db.write("sell for cash", |tx| {
        let order = keep_order(tx, intent_id, fen)?;
        let cash = Cash { taken, rounded: Fen::ZERO, received: taken };
        tx.orders().take_cash(order.no, cash, TEN, &note("cash_taken"))?;
        let refund = CashRefund {
            intent_id: format!("{intent_id} back"),
            order_no: order.no,
            amount: one,
            by: "manager".to_owned(),
            at: TEN,
        };
        tx.cash_refunds().insert(&refund, &note("cash_refunded"))?;
        Ok(order)
    })
    .unwrap()
}

/// Steps an attempt and saves it.
pub(crate) fn step(db: &mut Db, attempt: &Attempt, event: Event, at: Timestamp) -> Attempt {
    db.write("step", |tx| {
        let Versioned { value, version } = tx.attempts().get(&attempt.out_trade_no)?;
        let step = value.step(event, at, &Timetable::ALIPAY);
        tx.attempts().update(&step.attempt, version, &note("stepped"))?;
        Ok(step.attempt)
    })
    .unwrap()
}

pub(crate) fn paid(attempt: &Attempt) -> Verdict {
    Verdict::Paid(Payment {
        amount: attempt.amount.fen(),
        transaction_no: "2026112122001".to_owned(),
        paid_at: Some(TEN.plus_ms(3_000)),
        payer: Some(PayerHash("7c1d".to_owned())),
        some_back: false,
    })
}

/// A sale that was paid.
pub(crate) fn sell_paid(db: &mut Db, intent_id: &str, fen: i64) -> Attempt {
    let attempt = sell(db, intent_id, fen, Flow::Scan);
    let verdict = paid(&attempt);
    step(db, &attempt, Event::Answered(verdict), TEN.plus_ms(3_500))
}

/// Begins a person's refund without keeping it.
pub(crate) fn refund_of(tx: &Tx<'_>, attempt: &Attempt, fen: i64, why: RefundCause) -> Refund {
    let intent = RefundIntent {
        id: tx.refunds().next_id(),
        out_trade_no: attempt.out_trade_no.clone(),
        order_no: attempt.order_no,
        amount: Fen::new(fen).unwrap(),
        why,
        known: tx.refunds().known_of(&attempt.out_trade_no).unwrap(),
    };
    Refund::begin(intent, TEN.plus_ms(60_000)).refund
}

pub(crate) fn by_person() -> RefundCause {
    static DRAWN: AtomicU32 = AtomicU32::new(0);
    let intent_id = format!("refund-{}", DRAWN.fetch_add(1, Ordering::Relaxed));
    RefundCause::Person { by: "店长 01".to_owned(), intent_id }
}

pub(crate) fn by_rule() -> RefundCause {
    RefundCause::Rule(RefundWhy::LateMoney)
}

pub(crate) fn operation(key: &str, kind: OperationKind, lane: Lane) -> Operation {
    Operation {
        key: key.to_owned(),
        kind,
        lane,
        order_no: None,
        out_trade_no: None,
        refund_id: None,
        kept_at: TEN,
        next_at: TEN.plus_ms(300_000),
        tries: 0,
        wedged: None,
    }
}
