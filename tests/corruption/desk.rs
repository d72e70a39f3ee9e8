//! Opening a till on files, and everything that a counter asks of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::path::Path;

use mianfu_core::attempt::Attempt;
use mianfu_core::money::Timestamp;
use mianfu_core::number::OrderNo;
use mianfu_db::{Db, DbError, Lane, Lock, OpenOptions};
use mianfu_gateway::{Alipay, AlipaySettings, Channel};
use mianfu_practice::KeyedHash;
use mianfu_tests::shop::ShopKeys;
use mianfu_till::counter::{Last, OrderLine};
use mianfu_till::receipt::ReceiptRefusal;
use mianfu_till::resume::Opening;
use mianfu_till::{Line, Settings, Till};

/// More rows than the day has.
const MANY: u32 = 1_000;

/// What a counter was told, by the question.
#[derive(Default)]
pub(crate) struct Told {
    /// Rows of one order: each is true or an error.
    pub(crate) of_orders: BTreeMap<String, Result<Vec<String>, DbError>>,
    /// Rows of lists whose length is bounded, so that a lacking row lets another in.
    pub(crate) lists: BTreeMap<String, Result<Vec<String>, DbError>>,
    /// What is added up, counted or concluded from rows.
    pub(crate) sums: BTreeMap<String, Result<String, DbError>>,
}

/// Starts the till on its files as the shop does.
pub(crate) fn start(path: &Path, at: Timestamp) -> Result<Till<ShopKeys>, DbError> {
    let (db, opened) = Db::open(&OpenOptions {
        path,
        vfs: None,
        now: at,
        machine: "this machine",
        store: 42,
        till: 7,
        epoch: 77_777_777,
        lock: Lock::Beside,
    })?;
    let secret = KeyedHash::new(b"the tests' secret");
    let channel = Channel::Alipay(Alipay {
        settings: AlipaySettings::new("http://127.0.0.1:1/gateway.do", "2026"),
        keys: ShopKeys::Hash { ours: secret.clone(), channel: secret },
        payer_key: [9; 32],
    });
    let lines = vec![Line::new(channel)];
    let settings = Settings::practice("面馆", "1 号台");
    Till::open(Opening { db, opened, lines, settings, seed: 3 }, at)
}

impl Told {
    /// Asks everything that a counter asks, of these orders.
    pub(crate) fn ask(till: &Till<ShopKeys>, orders: &BTreeSet<i64>, now: Timestamp) -> Told {
        let mut told = Told::default();
        for order in orders {
            told.ask_order(till, OrderNo(*order), now);
        }
        told.ask_counter(till, now);
        told.ask_lists(till, now);
        told
    }

    fn ask_order(&mut self, till: &Till<ShopKeys>, no: OrderNo, now: Timestamp) {
        let order = till.order_line(no);
        let known: Vec<Attempt> =
            order.as_ref().map(|line| line.attempts.clone()).unwrap_or_default();
        self.of_orders.insert(format!("order {no}"), order.map(|line| rows(&line)));
        for attempt in &known {
            let no = &attempt.out_trade_no;
            let alone = till.attempt(no).map(|attempt| lines(&[attempt]));
            self.of_orders.insert(format!("attempt {no}"), alone);
            let refunds = till.refunds_of(no).map(|refunds| lines(&refunds));
            self.of_orders.insert(format!("refunds {no}"), refunds);
        }
        let history = till.history(no).map(|history| lines(&history));
        self.of_orders.insert(format!("history {no}"), history);
        let back = till.db().read().cash_refunds().of_order(no).map(|back| lines(&back));
        self.of_orders.insert(format!("cash back {no}"), back);
        let receipt = match till.receipt(no, now) {
            Ok(receipt) => Ok(receipt.lines.join("\n")),
            Err(ReceiptRefusal::NothingTaken { .. }) => Ok("nothing taken".to_owned()),
            Err(ReceiptRefusal::Db(error)) => Err(error),
        };
        self.sums.insert(format!("receipt {no}"), receipt);
    }

    fn ask_counter(&mut self, till: &Till<ShopKeys>, now: Timestamp) {
        let counter = match till.counter(now) {
            Ok(counter) => counter,
            Err(error) => {
                self.lists.insert("counter".to_owned(), Err(error));
                return;
            }
        };
        let mut rows = lines(counter.front.as_slice());
        rows.extend(lines(&counter.aside));
        rows.extend(lines(counter.just_paid.as_slice()));
        rows.extend(counter.cash.iter().map(|sale| format!("{:?}", sale.order)));
        rows.extend(counter.refunds.values().flat_map(|refunds| lines(refunds)));
        rows.extend(counter.recent.iter().map(|last| match last {
            Last::Attempt(attempt) => format!("{attempt:?}"),
            Last::Cash(order) => format!("{order:?}"),
        }));
        self.lists.insert("counter".to_owned(), Ok(rows));
        let sums = format!(
            "{} {} {:?} {}",
            counter.open_count, counter.open_sum, counter.unknown, counter.today_count
        );
        self.sums.insert("counter".to_owned(), Ok(sums));
    }

    fn ask_lists(&mut self, till: &Till<ShopKeys>, now: Timestamp) {
        let read = till.db().read();
        let due = |lane| read.queue().due(Timestamp(i64::MAX), lane, MANY);
        let lists: [(&str, Result<Vec<String>, DbError>); 10] = [
            ("today", till.orders_today(now).map(|orders| orders.iter().flat_map(rows).collect())),
            ("known", till.known_attempts().map(|known| lines(&known))),
            ("open", till.open_attempts().map(|open| lines(&open))),
            ("open refunds", till.open_refunds().map(|open| lines(&open))),
            ("findings", read.findings().open(MANY).map(|open| lines(&open))),
            ("wedged", read.queue().wedged(MANY).map(|wedged| lines(&wedged))),
            ("certainty", due(Lane::Certainty).map(|due| lines(&due))),
            ("charge", due(Lane::Charge).map(|due| lines(&due))),
            ("background", due(Lane::Background).map(|due| lines(&due))),
            ("old series", read.old_epochs().to_ask(MANY).map(|old| lines(&old))),
        ];
        for (question, rows) in lists {
            self.lists.insert(question.to_owned(), rows);
        }
        let counts = read.queue().counts().map(|counts| format!("{counts:?}"));
        self.sums.insert("queue".to_owned(), counts);
        let wake = till.wake_at().map(|at| format!("{at:?}"));
        self.sums.insert("wake".to_owned(), wake);
    }
}

fn rows(line: &OrderLine) -> Vec<String> {
    let mut rows = lines(&line.attempts);
    rows.push(format!("{:?}", line.order));
    rows
}

fn lines<T: Debug>(rows: &[T]) -> Vec<String> {
    rows.iter().map(|row| format!("{row:?}")).collect()
}
