//! Every state of the two windows, one after the other, each from an empty plate and back to one.
//!
//! Pictures and the checks of what a person can read go along. What a state is called here is what
//! its pictures are called.

use fantoccini::key::Key;
use serde_json::json;

use super::{App, Customer, Desk, Manner, Page, Wallet, WindowError, wait};

const LEAVE_LIMIT_MS: u64 = 60_000;
/// A customer who is still typing when everything has been looked at.
const SLOW_MS: u32 = 55_000;

/// One state of the windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    Zero,
    Due,
    Armed,
    /// Something was scanned that is no payment code.
    Wrong,
    Code,
    /// A code of the other wallet.
    CodeOfWechat,
    /// One wallet's code gives its place to another's.
    Changing,
    Typing,
    /// The channel was asked whether the customer paid.
    Asked,
    Paid,
    PaidByWechat,
    /// The same customer paid the same amount a moment ago.
    Twice,
    Declined,
    Closed,
    Returned,
    Reversing,
    Unknown,
    Held,
    Aside,
    Question,
    Orders,
    Health,
    /// A held sale, one put aside and a refund that the balance did not cover.
    Open,
    Silent,
    Cash,
    Instead,
    CashTaken,
    Refund,
    Pin,
    Receipt,
    /// The window is asked to close while a sale has no result.
    Close,
}

impl Stop {
    /// Those that a channel which answers can show, and the silent ones last.
    pub const ALL: [Stop; 31] = [
        Stop::Zero,
        Stop::Due,
        Stop::Armed,
        Stop::Wrong,
        Stop::CodeOfWechat,
        Stop::Changing,
        Stop::Code,
        Stop::Typing,
        Stop::Asked,
        Stop::PaidByWechat,
        Stop::Paid,
        Stop::Twice,
        Stop::Declined,
        Stop::Closed,
        Stop::Returned,
        Stop::Cash,
        Stop::Instead,
        Stop::CashTaken,
        Stop::Receipt,
        Stop::Refund,
        Stop::Pin,
        Stop::Orders,
        Stop::Health,
        Stop::Open,
        Stop::Aside,
        Stop::Question,
        Stop::Close,
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
            | Stop::CodeOfWechat
            | Stop::Changing
            | Stop::Typing
            | Stop::Paid
            | Stop::PaidByWechat
            | Stop::Declined
            | Stop::Unknown => &[Page::Counter, Page::Customer],
            Stop::Armed
            | Stop::Wrong
            | Stop::Asked
            | Stop::Twice
            | Stop::Closed
            | Stop::Returned
            | Stop::Close
            | Stop::Reversing
            | Stop::Held
            | Stop::Aside
            | Stop::Question
            | Stop::Orders
            | Stop::Health
            | Stop::Open
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
    pub desk: &'a Desk,
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
            Stop::Wrong => {
                app.arm("12.50").await?;
                app.scan("6901028075831").await?;
                app.see(".notice").await.map(drop)
            }
            Stop::Code => app.show_of(Wallet::Alipay, "12.60").await,
            Stop::CodeOfWechat => app.show_of(Wallet::Wechat, "12.60").await,
            Stop::Changing => self.changing().await,
            Stop::PaidByWechat => {
                app.arm("12.50").await?;
                let code = self.customer.show_payment_code_of(Wallet::Wechat, Manner::Pays).await?;
                app.scan(&code).await?;
                app.plate("paid").await.map(drop)
            }
            Stop::Typing => self.scanned("12.70", SLOW, "typing").await,
            Stop::Asked => {
                self.scanned("12.90", SLOW, "typing").await?;
                app.type_keys("/").await?;
                app.see(".notice").await.map(drop)
            }
            Stop::Twice => self.paying_twice().await,
            Stop::Paid => self.scanned("12.50", Manner::Pays, "paid").await,
            Stop::Declined => self.scanned("8.80", Manner::TooLittleMoney, "declined").await,
            Stop::Closed => self.cancelling().await,
            Stop::Returned => self.paying_into_a_reversal().await,
            Stop::Close => {
                self.scanned("17.00", SLOW, "typing").await?;
                self.desk.ask_to_close(self.app.title())?;
                app.see(".plate[data-state=close]").await.map(drop)
            }
            Stop::Reversing => {
                app.show_of(Wallet::Alipay, "3.40").await?;
                self.reversing().await
            }
            Stop::Unknown => {
                self.lose_answers().await?;
                self.scanned("23.00", Manner::Pays, "unknown").await
            }
            Stop::Held => self.paying_another_sum().await,
            Stop::Aside => self.putting_aside().await,
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
            Stop::Open => self.leaving_things_open().await,
            Stop::Silent => self.hearing_nothing().await,
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
        if self.app.has(TRY_AGAIN).await {
            self.app.press(TRY_AGAIN).await?;
        }
        let over = "[data-screen=orders], [data-screen=receipt], [data-screen=health], \
                    [data-screen=open_items]";
        if self.app.has(over).await {
            self.app.key(Key::Escape).await?;
        }
        match self.app.state().await.as_str() {
            "zero" if self.app.has(BROUGHT_BACK).await => self.app.press(BROUGHT_BACK).await?,
            // What was brought back a moment ago may have come to the plate between the two looks.
            "zero" => return Ok(self.app.state().await == "zero"),
            "pin" | "cash" | "refund" | "close" => self.app.key(Key::Escape).await?,
            "held" => self.app.key(Key::F6).await?,
            "submitting" | "unknown" | "reversing" | "settling" | "typing" | "refunding" => {}
            _ => self.app.type_keys("-").await?,
        }
        Ok(false)
    }

    async fn reversing(&self) -> Result<(), WindowError> {
        self.lose_reversals().await?;
        self.app.type_keys("-").await?;
        self.app.plate("reversing").await.map(drop)
    }

    /// A customer who pays while the reversal is on its way: what was paid goes back with it.
    async fn paying_into_a_reversal(&self) -> Result<(), WindowError> {
        self.scanned("3.60", SLOW, "typing").await?;
        self.reversing().await?;
        for trade in self.customer.trades().await? {
            if trade["status"] == "WAIT_BUYER_PAY" {
                self.customer.behave(&trade, Manner::Pays).await?;
            }
        }
        self.customer.weather(&json!({ "begin": "clear" })).await?;
        self.app.plate("returned").await.map(drop)
    }

    async fn paying_twice(&self) -> Result<(), WindowError> {
        for _ in 0..2 {
            self.app.arm("9.90").await?;
            let code = self.customer.show_payment_code_as(REGULAR, Manner::Pays).await?;
            self.app.scan(&code).await?;
            self.app.plate("paid").await?;
        }
        self.app.see(".plate [data-line=just_paid]").await.map(drop)
    }

    /// The first code is not void while its reversal is lost on the way.
    async fn changing(&self) -> Result<(), WindowError> {
        self.app.show_of(Wallet::Alipay, "12.60").await?;
        self.lose_reversals().await?;
        self.app.type_keys("*").await?;
        self.app.see(".plate[data-state=reversing][data-changing=wechat]").await.map(drop)
    }

    async fn cancelling(&self) -> Result<(), WindowError> {
        self.app.show("3.20").await?;
        self.app.plate("code").await?;
        self.app.type_keys("-").await?;
        self.app.plate("closed").await.map(drop)
    }

    async fn putting_aside(&self) -> Result<(), WindowError> {
        self.scanned("15.00", SLOW, "typing").await?;
        self.app.key(Key::F6).await?;
        self.app.plate("zero").await.map(drop)
    }

    async fn hearing_nothing(&self) -> Result<(), WindowError> {
        self.lose_answers().await?;
        self.app.show("4.40").await?;
        self.app.plate("unknown").await?;
        self.app.key(Key::F6).await?;
        self.app.see_within("[data-health=silent]", LEAVE_LIMIT_MS).await.map(drop)
    }

    async fn paying_another_sum(&self) -> Result<(), WindowError> {
        let another = json!({ "chances": { "another_amount": 1000 } });
        self.customer.weather(&another).await?;
        self.scanned("6.60", Manner::Pays, "held").await
    }

    async fn leaving_things_open(&self) -> Result<(), WindowError> {
        self.paying_another_sum().await?;
        self.app.key(Key::F6).await?;
        self.customer.weather(&json!({ "begin": "clear" })).await?;
        self.putting_aside().await?;
        self.scanned("14.60", Manner::Pays, "paid").await?;
        self.customer.empty_the_sellers_account().await?;
        self.app.refund("4").await?;
        self.app.key(Key::F5).await?;
        self.app.see(TRY_AGAIN).await.map(drop)
    }

    async fn reading_a_receipt(&self) -> Result<(), WindowError> {
        self.app.take_cash("13.80", "15").await?;
        self.app.plate("cash_taken").await?;
        self.app.open_receipt().await.map(drop)
    }

    async fn counting_cash(&self) -> Result<(), WindowError> {
        self.app.type_keys("13.40").await?;
        self.app.key(Key::F9).await?;
        self.app.type_keys("*").await?;
        self.app.see("[data-cash=rounded]").await?;
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
/// The key of a refund that waits for a person.
const TRY_AGAIN: &str = "[data-screen=open_items] [data-act=try_again]";
/// The number of a customer who comes again.
const REGULAR: u32 = 9_001;
const SLOW: Manner = Manner::TypesPassword { after_ms: SLOW_MS };
