//! `kill -9` of the window at twenty points of both flows: after the restart the screen never
//! contradicts the channel, and a paid sale shows Paid.

use std::path::Path;

use mianfu_tests::window::{App, Customer, Manner, until};
use serde_json::{Value, json};

use crate::Shop;

/// How long a ledger or a screen may take to come to an end.
const END_LIMIT_MS: u64 = 45_000;

/// Where in a sale the window dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Point {
    ShowTyped,
    ShowStruck,
    ShowOffered,
    ShowCode,
    ShowScanned,
    ShowTyping,
    ShowTaken,
    ShowPaid,
    ShowCancelStruck,
    ShowClosed,
    ScanArmed,
    ScanStruck,
    ScanArrived,
    ScanTyping,
    ScanTaken,
    ScanPaid,
    ScanCancelStruck,
    ScanAnswerLost,
    ScanUnknown,
    ScanDeclined,
}

const POINTS: [Point; 20] = [
    Point::ShowTyped,
    Point::ShowStruck,
    Point::ShowOffered,
    Point::ShowCode,
    Point::ShowScanned,
    Point::ShowTyping,
    Point::ShowTaken,
    Point::ShowPaid,
    Point::ShowCancelStruck,
    Point::ShowClosed,
    Point::ScanArmed,
    Point::ScanStruck,
    Point::ScanArrived,
    Point::ScanTyping,
    Point::ScanTaken,
    Point::ScanPaid,
    Point::ScanCancelStruck,
    Point::ScanAnswerLost,
    Point::ScanUnknown,
    Point::ScanDeclined,
];

#[tokio::test]
async fn a_killed_window_never_contradicts_the_channel() {
    let mut shop = Shop::new();
    let mut paid = 0;
    for (place, point) in POINTS.into_iter().enumerate() {
        let amount_fen = 1_001 + i64::try_from(place).unwrap();
        let data = shop.fresh();
        let sale = Sale { customer: &shop.customer, amount_fen };
        let app = shop.open_ready(&data).await;
        sale.reach(&app, point).await;
        app.kill().await.unwrap();
        shop.customer.weather(&json!({ "begin": "clear" })).await.unwrap();
        if sale.end(&shop, &data, point).await == End::Paid {
            paid += 1;
        }
    }
    // Money moved before or after the kill in these; whatever the timing, none of them is lost.
    assert!(10 <= paid, "only {paid} of the twenty ended paid: the points were not reached");
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Paid,
    Unpaid,
}

struct Sale<'a> {
    customer: &'a Customer,
    amount_fen: i64,
}

impl Sale<'_> {
    /// Brings the sale to the point at which the window is killed.
    async fn reach(&self, app: &App, point: Point) {
        match point {
            Point::ShowTyped => app.type_keys(&self.amount()).await.unwrap(),
            Point::ShowStruck => self.show(app).await,
            Point::ShowOffered => {
                self.show(app).await;
                self.offered().await;
            }
            Point::ShowCode => self.code(app).await,
            Point::ShowScanned => self.scanned(app, 20_000).await,
            Point::ShowTyping => {
                self.scanned(app, 20_000).await;
                app.plate("typing").await.unwrap();
            }
            Point::ShowTaken => {
                self.scanned(app, 0).await;
                self.taken().await;
            }
            Point::ShowPaid => {
                self.scanned(app, 0).await;
                app.plate("paid").await.unwrap();
            }
            Point::ShowCancelStruck => {
                self.code(app).await;
                app.type_keys("-").await.unwrap();
            }
            Point::ShowClosed => {
                self.code(app).await;
                app.type_keys("-").await.unwrap();
                app.plate("closed").await.unwrap();
            }
            Point::ScanArmed => app.arm(&self.amount()).await.unwrap(),
            Point::ScanStruck => self.scan(app, Manner::Pays).await,
            Point::ScanArrived => {
                self.scan(app, Manner::TypesPassword { after_ms: 20_000 }).await;
                self.in_ledger("the trade", |_| true).await;
            }
            Point::ScanTyping => {
                self.scan(app, Manner::TypesPassword { after_ms: 20_000 }).await;
                app.plate("typing").await.unwrap();
            }
            Point::ScanTaken => {
                self.scan(app, Manner::Pays).await;
                self.taken().await;
            }
            Point::ScanPaid => {
                self.scan(app, Manner::Pays).await;
                app.plate("paid").await.unwrap();
            }
            Point::ScanCancelStruck => {
                self.scan(app, Manner::WalksAway).await;
                app.plate("typing").await.unwrap();
                app.type_keys("-").await.unwrap();
            }
            Point::ScanAnswerLost => {
                self.lose_answers().await;
                self.scan(app, Manner::Pays).await;
                self.taken().await;
            }
            Point::ScanUnknown => {
                self.lose_answers().await;
                self.scan(app, Manner::Pays).await;
                app.plate("unknown").await.unwrap();
            }
            Point::ScanDeclined => {
                self.scan(app, Manner::TooLittleMoney).await;
                self.in_ledger("the trade", |_| true).await;
            }
        }
    }

    /// Opens the window again and follows it until screen and ledger have come to the same end.
    async fn end(&self, shop: &Shop, data: &Path, point: Point) -> End {
        let app = shop.open(data).await;
        let read = || async {
            let screen = app.state().await;
            // The ledger is read after the screen: paid stays paid, so a screen that ran ahead of
            // the ledger is caught here.
            let ledger = self.is_taken().await;
            assert!(screen != "paid" || ledger, "{point:?}: the screen says paid, the ledger not");
            (screen, ledger)
        };
        let agree = || async {
            let (screen, ledger) = read().await;
            if screen == "code"
                && let Some(code) = self.offers().await.first()
            {
                // The code is still on the customer's window, so the customer pays it; one who
                // was quicker has it already.
                let _ = self.customer.scan(code, Manner::Pays).await;
            }
            let ended = ["paid", "declined", "closed", "zero", "due"].contains(&screen.as_str());
            ended && (screen == "paid") == ledger
        };
        // A reversal that found nothing goes on for 75 s: not an end, and no contradiction.
        if until("screen and ledger to agree", END_LIMIT_MS, agree).await.is_err() {
            let (screen, ledger) = read().await;
            let mut going_on = vec!["reversing", "unknown", "settling"];
            if matches!(point, Point::ScanCancelStruck | Point::ScanDeclined) {
                // The window may have died before the key or the answer came to it, and this
                // customer does nothing more: the channel's own limit ends the sale.
                going_on.push("typing");
            }
            let open = going_on.contains(&screen.as_str());
            assert!(open && !ledger, "{point:?}: the screen says {screen}, taken is {ledger}");
        }
        assert!(self.count_taken().await <= 1, "{point:?}: charged twice");
        let end = if self.is_taken().await { End::Paid } else { End::Unpaid };
        app.kill().await.unwrap();
        end
    }

    fn amount(&self) -> String {
        format!("{}.{:02}", self.amount_fen / 100, self.amount_fen % 100)
    }

    async fn show(&self, app: &App) {
        app.show(&self.amount()).await.unwrap();
    }

    async fn code(&self, app: &App) {
        self.show(app).await;
        app.plate("code").await.unwrap();
    }

    async fn scanned(&self, app: &App, after_ms: u32) {
        self.code(app).await;
        let code = self.offered().await;
        self.customer.scan(&code, Manner::TypesPassword { after_ms }).await.unwrap();
    }

    async fn scan(&self, app: &App, manner: Manner) {
        app.arm(&self.amount()).await.unwrap();
        let code = self.customer.show_payment_code(manner).await.unwrap();
        app.scan(&code).await.unwrap();
        app.see_gone("[data-phase=armed]").await.unwrap();
    }

    async fn lose_answers(&self) {
        let lost = json!({ "chances": { "answer_lost": 1000 } });
        self.customer.weather(&lost).await.unwrap();
    }

    async fn offers(&self) -> Vec<String> {
        self.customer.offered(self.amount_fen).await.unwrap()
    }

    async fn offered(&self) -> String {
        let there = || async { !self.offers().await.is_empty() };
        until("the channel to offer the code", END_LIMIT_MS, there).await.unwrap();
        self.offers().await.remove(0)
    }

    async fn trades(&self) -> Vec<Value> {
        let trades = self.customer.trades().await.unwrap();
        trades.into_iter().filter(|trade| trade["amount_fen"] == self.amount_fen).collect()
    }

    async fn count_taken(&self) -> usize {
        let trades = self.trades().await;
        trades.iter().filter(|trade| trade["status"] == "TRADE_SUCCESS").count()
    }

    async fn is_taken(&self) -> bool {
        0 < self.count_taken().await
    }

    async fn taken(&self) {
        self.in_ledger("the money", |trade| trade["status"] == "TRADE_SUCCESS").await;
    }

    async fn in_ledger(&self, what: &str, holds: impl Fn(&Value) -> bool) {
        let there = || async { self.trades().await.iter().any(&holds) };
        until(&format!("{what} in the ledger"), END_LIMIT_MS, there).await.unwrap();
    }
}
