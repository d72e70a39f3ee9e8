//! The customer: someone with a phone, played over practice's control address.

use std::path::Path;
use std::process::{Command, Stdio};

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use super::WindowError;

/// Somebody at the counter whose phone is practice's.
pub struct Customer {
    address: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// How the customer behaves, in the words of practice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Pays,
    TypesPassword { after_ms: u32 },
    WalksAway,
    TooLittleMoney,
}

/// What a customer pays with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wallet {
    Alipay,
    Wechat,
}

/// Who scanned whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    Show,
    Scan,
}

impl Customer {
    /// Meets the customer whose phone page is at `page` (`http://127.0.0.1:…/phone`).
    #[must_use]
    pub fn at(page: &str) -> Customer {
        let address = page.trim_end_matches('/').trim_end_matches("/phone").to_owned();
        Customer { address, client: Client::builder(TokioExecutor::new()).build_http() }
    }

    /// Takes out the phone and shows a payment code; returns its digits.
    pub async fn show_payment_code(&self, manner: Manner) -> Result<String, WindowError> {
        self.show(&manner.words()).await
    }

    /// Shows a payment code as the customer of a number, who may come again.
    pub async fn show_payment_code_as(
        &self,
        number: u32,
        manner: Manner,
    ) -> Result<String, WindowError> {
        let mut words = manner.words();
        words["customer"] = json!(number);
        self.show(&words).await
    }

    /// Shows a payment code of one of the wallets.
    pub async fn show_payment_code_of(
        &self,
        wallet: Wallet,
        manner: Manner,
    ) -> Result<String, WindowError> {
        let mut words = manner.words();
        words["channel"] = json!(wallet.name());
        self.show(&words).await
    }

    async fn show(&self, words: &Value) -> Result<String, WindowError> {
        let path = "/control/payment-codes";
        let shown = self.ask(Method::POST, path, words).await?;
        let digits = shown.get("code").and_then(Value::as_str).map(str::to_owned);
        digits.ok_or_else(|| no_answer(path, "no code in the answer"))
    }

    /// Scans the till's code.
    pub async fn scan(&self, code: &str, manner: Manner) -> Result<(), WindowError> {
        let mut words = manner.words();
        words["qr"] = json!(code);
        self.ask(Method::POST, "/control/scans", &words).await.map(drop)
    }

    /// Returns what practice's ledger says about every trade, the latest first.
    pub async fn trades(&self) -> Result<Vec<Value>, WindowError> {
        let path = "/control/state";
        let state = self.ask(Method::GET, path, &Value::Null).await?;
        let trades = state.get("trades").and_then(Value::as_array).cloned();
        trades.ok_or_else(|| no_answer(path, "no trades in the answer"))
    }

    /// Changes a customer's mind about a trade.
    pub async fn behave(&self, trade: &Value, manner: Manner) -> Result<(), WindowError> {
        let mut words = manner.words();
        words["out_trade_no"] = trade["out_trade_no"].clone();
        self.ask(Method::POST, "/control/trades", &words).await.map(drop)
    }

    /// Returns the latest trades and the latest payment codes with what each was used for.
    pub async fn trades_and_codes(&self) -> Result<(Vec<Value>, Vec<Value>), WindowError> {
        let path = "/control/state";
        let state = self.ask(Method::GET, path, &Value::Null).await?;
        let list = |name: &str| {
            let list = state.get(name).and_then(Value::as_array).cloned();
            list.ok_or_else(|| no_answer(path, "no list in the answer"))
        };
        Ok((list("trades")?, list("payment_codes")?))
    }

    /// Returns every trade of practice's ledger.
    pub async fn all_trades(&self) -> Result<Vec<Value>, WindowError> {
        let path = "/control/trades";
        let trades = self.ask(Method::GET, path, &Value::Null).await?;
        trades.as_array().cloned().ok_or_else(|| no_answer(path, "no list in the answer"))
    }

    /// Counts the trades of this amount that practice's ledger calls paid.
    pub async fn taken(&self, flow: Flow, amount_fen: i64) -> Result<usize, WindowError> {
        let alipay = self.taken_by(Wallet::Alipay, flow, amount_fen).await?;
        Ok(alipay + self.taken_by(Wallet::Wechat, flow, amount_fen).await?)
    }

    /// Counts those of one wallet.
    pub async fn taken_by(
        &self,
        wallet: Wallet,
        flow: Flow,
        amount_fen: i64,
    ) -> Result<usize, WindowError> {
        let origin = match flow {
            Flow::Show => "show",
            Flow::Scan => "scan",
        };
        let paid = |trade: &&Value| {
            trade["channel"] == wallet.name()
                && trade["origin"] == origin
                && trade["amount_fen"] == amount_fen
                && trade["status"] == "TRADE_SUCCESS"
        };
        Ok(self.trades().await?.iter().filter(paid).count())
    }

    /// Returns the codes of this amount that can be scanned, the latest first.
    pub async fn offered(&self, amount_fen: i64) -> Result<Vec<String>, WindowError> {
        let state = self.ask(Method::GET, "/control/state", &Value::Null).await?;
        let offers = state["offers"].as_array().cloned().unwrap_or_default();
        let of_amount = offers.iter().filter(|offer| offer["amount_fen"] == amount_fen);
        Ok(of_amount.filter_map(|offer| offer["qr"].as_str().map(str::to_owned)).collect())
    }

    /// Returns every request that the channel was sent, the first first.
    pub async fn asked(&self) -> Result<Vec<Value>, WindowError> {
        let asked = self.ask(Method::GET, "/control/asked", &Value::Null).await?;
        Ok(asked.as_array().cloned().unwrap_or_default())
    }

    /// Changes the weather between till and channel.
    pub async fn weather(&self, change: &Value) -> Result<(), WindowError> {
        self.ask(Method::POST, "/control/weather", change).await.map(drop)
    }

    /// Lets the next refund find the seller's account empty.
    pub async fn empty_the_sellers_account(&self) -> Result<(), WindowError> {
        let empty = json!({ "method": "alipay.trade.refund", "fault": { "kind": "seller_empty" } });
        self.weather(&json!({ "next": [empty] })).await
    }

    async fn ask(&self, method: Method, path: &str, body: &Value) -> Result<Value, WindowError> {
        let failed = |why: String| no_answer(path, &why);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.address))
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| failed(error.to_string()))?;
        let answer =
            self.client.request(request).await.map_err(|error| failed(error.to_string()))?;
        let status = answer.status();
        let body = answer.into_body().collect().await.map_err(|error| failed(error.to_string()))?;
        let text = String::from_utf8_lossy(&body.to_bytes()).into_owned();
        if !status.is_success() {
            return Err(failed(format!("{status} {text}")));
        }
        serde_json::from_str(&text).map_err(|error| failed(error.to_string()))
    }
}

impl Wallet {
    /// Returns its name in the words of practice and of the page.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Wallet::Alipay => "alipay",
            Wallet::Wechat => "wechat",
        }
    }
}

impl Manner {
    fn words(self) -> Value {
        match self {
            Manner::Pays => json!({ "manner": "pays" }),
            Manner::TypesPassword { after_ms } => {
                json!({ "manner": { "types_password": { "after_ms": after_ms } } })
            }
            Manner::WalksAway => json!({ "manner": "walks_away" }),
            Manner::TooLittleMoney => json!({ "manner": "too_little_money" }),
        }
    }
}

/// Reads the QR codes off a picture, as a phone's camera would.
pub fn codes_in(picture: &Path) -> Result<Vec<String>, WindowError> {
    let mut zbarimg = Command::new("zbarimg");
    zbarimg.args(["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable"]).arg(picture);
    let read = zbarimg.stdin(Stdio::null()).output();
    let read = read.map_err(|source| WindowError::Start { program: "zbarimg", source })?;
    let text = String::from_utf8_lossy(&read.stdout);
    Ok(text.lines().map(str::to_owned).collect())
}

fn no_answer(what: &str, why: &str) -> WindowError {
    WindowError::Practice { what: what.to_owned(), why: why.to_owned() }
}
