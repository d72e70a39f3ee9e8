//! What a cashier does at the counter's window, in one place: the page's marks are named here only.

use std::path::PathBuf;

use fantoccini::key::Key;

use super::{App, Wallet, WindowError};

/// A payment may wait for a password that is typed slowly.
const PLATE_LIMIT_MS: u64 = 30_000;
/// What the manager chooses where somebody has to.
const MANAGER_PIN: &str = "481927";
/// The first usable answer of a channel after the start.
const READY_LIMIT_MS: u64 = 30_000;

/// The two languages of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Chinese,
    English,
}

impl App {
    /// Waits until the till offers its channel; before that nothing can be charged.
    pub async fn wait_until_ready(&self) -> Result<(), WindowError> {
        self.see_within("[data-health=ready]", READY_LIMIT_MS).await.map(drop)
    }

    /// Waits until the plate is in `state` and returns its sentence as a screen reader says it.
    pub async fn plate(&self, state: &str) -> Result<String, WindowError> {
        let plate = format!(".plate[data-state={state}]");
        self.see_within(&plate, PLATE_LIMIT_MS).await?;
        self.content(&format!("{plate} [data-say=is]")).await
    }

    /// Returns the state of the plate at this moment; empty where there is no plate yet.
    pub async fn state(&self) -> String {
        let state = self.run("return document.querySelector('.plate')?.dataset.state ?? ''").await;
        state.ok().and_then(|state| state.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Types an amount and draws its code on both windows.
    pub async fn show(&self, amount: &str) -> Result<(), WindowError> {
        self.type_keys(&format!("{amount}*")).await
    }

    /// Types an amount and draws the code of one of the wallets: the key changes between them.
    pub async fn show_of(&self, wallet: Wallet, amount: &str) -> Result<(), WindowError> {
        self.show(amount).await?;
        self.plate("code").await?;
        let code = format!(".plate[data-state=code][data-channel={}]", wallet.name());
        if !self.has(&code).await {
            self.type_keys("*").await?;
        }
        self.see_within(&code, PLATE_LIMIT_MS).await.map(drop)
    }

    /// Waits until the till offers a wallet, its payment codes too.
    pub async fn wait_until_offered(&self, wallet: Wallet) -> Result<(), WindowError> {
        let tile = format!(".tile[data-health=ready][data-channel={}]", wallet.name());
        self.see_within(&tile, READY_LIMIT_MS).await.map(drop)
    }

    /// Types an amount and waits until the till expects the customer's code.
    pub async fn arm(&self, amount: &str) -> Result<(), WindowError> {
        self.type_keys(amount).await?;
        self.key(Key::Enter).await?;
        self.see("[data-phase=armed]").await.map(drop)
    }

    /// Types an amount and takes it in cash; `received` is what the customer hands over.
    pub async fn take_cash(&self, amount: &str, received: &str) -> Result<(), WindowError> {
        self.type_keys(amount).await?;
        self.key(Key::F9).await?;
        self.see(".plate[data-state=cash]").await?;
        self.type_keys(received).await?;
        self.key(Key::Enter).await
    }

    /// Gives a part of the paid sale on the plate back; the manager's PIN is chosen first where there
    /// is none. Returns once the refund is asked for.
    pub async fn refund(&self, yuan: &str) -> Result<(), WindowError> {
        self.key(Key::F2).await?;
        self.see(".plate[data-state=refund]").await?;
        self.type_keys(yuan).await?;
        self.key(Key::Enter).await?;
        self.give_pin().await?;
        self.see(".plate[data-state=paid] [data-line=refund]").await.map(drop)
    }

    /// Types the manager's PIN where it is asked for; it is chosen first where there is none.
    pub async fn give_pin(&self) -> Result<(), WindowError> {
        self.see(".plate[data-step=pin], .plate[data-step=new_pin]").await?;
        if self.has(".plate[data-step=new_pin]").await {
            for next in ["repeat_pin", "pin"] {
                self.type_keys(MANAGER_PIN).await?;
                self.key(Key::Enter).await?;
                self.see(&format!(".plate[data-step={next}]")).await?;
            }
        }
        self.type_keys(MANAGER_PIN).await?;
        self.key(Key::Enter).await
    }

    /// Opens the receipt of the sale on the plate, or of the chosen order, and returns its text.
    pub async fn open_receipt(&self) -> Result<String, WindowError> {
        self.key(Key::F7).await?;
        self.content("[data-screen=receipt] .paper").await
    }

    /// Prints the receipt on the screen and returns the path of its file, as the page says it.
    pub async fn print_receipt(&self, name: &str) -> Result<PathBuf, WindowError> {
        self.key(Key::Enter).await?;
        self.see(&format!("[data-file='{name}']")).await?;
        let folder = self.content("[data-receipt=folder]").await?;
        Ok(PathBuf::from(folder).join(name))
    }

    /// Turns the window to a language, whatever it speaks.
    pub async fn speak(&self, language: Language) -> Result<(), WindowError> {
        let (code, other) = match language {
            Language::Chinese => ("zh-CN", "en"),
            Language::English => ("en", "zh-CN"),
        };
        self.see("button.language").await?;
        if self.has(&format!("html[lang={other}]")).await {
            self.press("button.language").await?;
        }
        self.see(&format!("html[lang={code}] button.language")).await.map(drop)
    }

    /// Returns the address of the pretend customer's phone, from the practice mark.
    pub async fn phone_page(&self) -> Result<String, WindowError> {
        self.content("[data-practice] ~ .phone .address").await
    }
}
