//! Every state of the two windows, one after the other, each from an empty plate and back to one.
//!
//! Pictures and the checks of what a person can read go along. What a state is called here is what
//! its pictures are called.

use fantoccini::key::Key;
use serde_json::json;

use super::{App, Customer, Manner, Page, WindowError, wait};

const LEAVE_LIMIT_MS: u64 = 60_000;
/// A customer who is still typing when everything has been looked at.
const SLOW_MS: u32 = 55_000;

/// One state of the windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    Zero,
    Due,
    Armed,
    Code,
    Typing,
    Paid,
    Declined,
    Closed,
    Reversing,
    Unknown,
    Held,
    Aside,
    Question,
    Orders,
    Health,
    Silent,
    Cash,
    Instead,
    CashTaken,
    Refund,
    Pin,
    Receipt,
}

impl Stop {
    /// Those that a channel which answers can show, and the silent ones last.
    pub const ALL: [Stop; 22] = [
        Stop::Zero,
        Stop::Due,
        Stop::Armed,
        Stop::Code,
        Stop::Typing,
        Stop::Paid,
        Stop::Declined,
        Stop::Closed,
        Stop::Cash,
        Stop::Instead,
        Stop::CashTaken,
        Stop::Receipt,
        Stop::Refund,
        Stop::Pin,
        Stop::Orders,
        Stop::Health,
        Stop::Aside,
        Stop::Question,
        Stop::Reversing,
        Stop::Unknown,
        Stop::Silent,
        Stop::Held,
    ];

    /// Returns what the state is called, in small letters.
    #[must_use]
    pub fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    /// Returns the windows that show something of their own in this state.
    #[must_use]
    pub fn pages(self) -> &'static [Page] {
        match self {
            Stop::Zero
            | Stop::Due
            | Stop::Code
            | Stop::Typing
            | Stop::Paid
            | Stop::Declined
            | Stop::Unknown => &[Page::Counter, Page::Customer],
            Stop::Armed
            | Stop::Closed
            | Stop::Reversing
            | Stop::Held
            | Stop::Aside
            | Stop::Question
            | Stop::Orders
            | Stop::Health
            | Stop::Silent
            | Stop::Cash
            | Stop::Instead
            | Stop::CashTaken
            | Stop::Refund
            | Stop::Pin
            | Stop::Receipt => &[Page::Counter],
        }
    }
}

/// A way through the states of an open window.
pub struct Tour<'a> {
    pub app: &'a App,
    pub customer: &'a Customer,
}

impl Tour<'_> {
    /// Brings the counter into a state, from an empty plate.
    pub async fn bring(&self, stop: Stop) -> Result<(), WindowError> {
        let app = self.app;
        match stop {
            Stop::Zero => app.plate("zero").await.map(drop),
            Stop::Due => app.type_keys("12.50").await,
            Stop::Armed => app.arm("12.50").await,
            Stop::Code => {
                app.show("12.60").await?;
                app.plate("code").await.map(drop)
            }
            Stop::Typing => self.scanned("12.70", SLOW, "typing").await,
            Stop::Paid => self.scanned("12.50", Manner::Pays, "paid").await,
            Stop::Declined => self.scanned("8.80", Manner::TooLittleMoney, "declined").await,
            Stop::Closed => {
                app.show("3.20").await?;
                app.plate("code").await?;
                app.type_keys("-").await?;
                app.plate("closed").await.map(drop)
            }
            Stop::Reversing => {
                app.show("3.40").await?;
                app.plate("code").await?;
                self.lose_reversals().await?;
                app.type_keys("-").await?;
                app.plate("reversing").await.map(drop)
            }
            Stop::Unknown => {
                self.lose_answers().await?;
                self.scanned("23.00", Manner::Pays, "unknown").await
            }
            Stop::Held => {
                let another = json!({ "chances": { "another_amount": 1000 } });
                self.customer.weather(&another).await?;
                self.scanned("6.60", Manner::Pays, "held").await
            }
            Stop::Aside => {
                self.scanned("15.00", SLOW, "typing").await?;
                app.key(Key::F6).await?;
                app.plate("zero").await.map(drop)
            }
            Stop::Question => self.asking_who_it_is().await,
            Stop::Cash => self.counting_cash().await,
            Stop::CashTaken => {
                app.take_cash("13.60", "20").await?;
                app.plate("cash_taken").await.map(drop)
            }
            Stop::Instead => self.counting_cash_instead().await,
            Stop::Refund => self.asking_what_goes_back().await,
            Stop::Pin => self.asking_for_a_pin().await,
            Stop::Receipt => self.reading_a_receipt().await,
            Stop::Orders => {
                app.key(Key::F3).await?;
                app.see("[data-screen=orders] .events li").await.map(drop)
            }
            Stop::Health => {
                app.key(Key::F1).await?;
                app.see("[data-screen=health] [data-of=backup]").await.map(drop)
            }
            Stop::Silent => {
                self.lose_answers().await?;
                app.show("4.40").await?;
                app.plate("unknown").await?;
                app.key(Key::F6).await?;
                app.see_within("[data-health=silent]", LEAVE_LIMIT_MS).await.map(drop)
            }
        }
    }

    /// Lets everything come to its end and comes back to an empty plate.
    pub async fn leave(&self) -> Result<(), WindowError> {
        self.customer.weather(&json!({ "begin": "clear" })).await?;
        let left = || async { self.one_step_back().await.unwrap_or(false) };
        let ended = wait::until("an empty plate", LEAVE_LIMIT_MS, left).await;
        if ended.is_ok() {
            return Ok(());
        }
        let what = format!("an empty plate; the page says: {}", self.app.page_text().await);
        Err(WindowError::Late { what, limit_ms: LEAVE_LIMIT_MS })
    }

    async fn one_step_back(&self) -> Result<bool, WindowError> {
        for trade in self.customer.trades().await? {
            if trade["status"] == "WAIT_BUYER_PAY" {
                self.customer.behave(&trade, Manner::Pays).await?;
            }
        }
        let over = "[data-screen=orders], [data-screen=receipt], [data-screen=health]";
        if self.app.has(over).await {
            self.app.key(Key::Escape).await?;
        }
        match self.app.state().await.as_str() {
            "zero" if self.app.has(BROUGHT_BACK).await => self.app.press(BROUGHT_BACK).await?,
            "zero" => return Ok(true),
            "pin" | "cash" | "refund" => self.app.key(Key::Escape).await?,
            "held" => self.app.key(Key::F6).await?,
            "submitting" | "unknown" | "reversing" | "settling" | "typing" | "refunding" => {}
            _ => self.app.type_keys("-").await?,
        }
        Ok(false)
    }

    async fn reading_a_receipt(&self) -> Result<(), WindowError> {
        self.app.take_cash("13.80", "15").await?;
        self.app.plate("cash_taken").await?;
        self.app.open_receipt().await.map(drop)
    }

    async fn counting_cash(&self) -> Result<(), WindowError> {
        self.app.type_keys("13.40").await?;
        self.app.key(Key::F9).await?;
        self.app.plate("cash").await.map(drop)
    }

    async fn counting_cash_instead(&self) -> Result<(), WindowError> {
        self.scanned("13.80", SLOW, "typing").await?;
        self.app.key(Key::F9).await?;
        self.app.plate("cash").await.map(drop)
    }

    async fn asking_what_goes_back(&self) -> Result<(), WindowError> {
        self.scanned("14.20", Manner::Pays, "paid").await?;
        self.app.key(Key::F2).await?;
        self.app.plate("refund").await.map(drop)
    }

    async fn asking_for_a_pin(&self) -> Result<(), WindowError> {
        self.scanned("14.00", SLOW, "typing").await?;
        self.app.key(Key::F4).await?;
        self.app.plate("pin").await.map(drop)
    }

    async fn asking_who_it_is(&self) -> Result<(), WindowError> {
        self.scanned("16.00", SLOW, "typing").await?;
        self.app.key(Key::F6).await?;
        self.app.plate("zero").await?;
        self.app.show("16.00").await?;
        self.app.see(".plate[data-state=same_customer]").await.map(drop)
    }

    async fn scanned(&self, amount: &str, manner: Manner, state: &str) -> Result<(), WindowError> {
        self.app.arm(amount).await?;
        let code = self.customer.show_payment_code(manner).await?;
        self.app.scan(&code).await?;
        self.app.plate(state).await.map(drop)
    }

    async fn lose_reversals(&self) -> Result<(), WindowError> {
        let lost = json!({ "method": "alipay.trade.cancel", "fault": { "kind": "request_lost" } });
        self.customer.weather(&json!({ "next": vec![lost; 40] })).await
    }

    async fn lose_answers(&self) -> Result<(), WindowError> {
        self.customer.weather(&json!({ "chances": { "answer_lost": 1000 } })).await
    }
}

/// An attempt that was put aside; it stays there, ended or not, until somebody looks at it.
const BROUGHT_BACK: &str = ".asides .aside";
const SLOW: Manner = Manner::TypesPassword { after_ms: SLOW_MS };
