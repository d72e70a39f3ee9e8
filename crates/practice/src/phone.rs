//! The customers' phones: show a payment code, scan a till's code, pay or not.
//!
//! How a customer behaves is a [`Manner`], given when they take out the phone, so that a whole day
//! of customers can be scripted; with [`Manner::ByHand`] a person decides on the phone page.
//! Money moves only for codes minted here.

use serde::{Deserialize, Serialize};

use crate::calendar::beijing_day;
use crate::chance::fixed;
use crate::practice::Practice;
use crate::truth::{Channel, Fact, Ledger, NewTrade, Offer, Origin, Plan, Trade, TradeStatus};

/// How long a payment code can be used, in ms.
pub const PAYMENT_CODE_LIFE_MS: i64 = 60_000;

const PURPOSE_PAYMENT_CODE: u64 = 1;
const PURPOSE_TRADE_NO: u64 = 2;

/// One pretend customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CustomerId(pub u32);

/// How a customer behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Manner {
    /// Pays at once.
    Pays,
    /// Is asked for the password and pays when it is typed.
    TypesPassword { after_ms: u32 },
    /// Is asked for the password and presses cancel. The trade goes on waiting.
    Refuses,
    /// Is asked for the password and leaves. The trade goes on waiting.
    WalksAway,
    /// Has not the money. The trade goes on waiting and could still be paid.
    TooLittleMoney,
    /// Has not the money, tops up, and pays the trade that went on waiting.
    TopsUp { after_ms: u32 },
    /// A person decides on the phone page.
    ByHand,
}

/// Why the phone says no. The person reads it on the phone page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PhoneError {
    #[error("this is not a code of practice")]
    NotOurs,
    #[error("the code has expired or was cancelled")]
    Expired,
    #[error("another customer has scanned this code")]
    Taken,
    #[error("this trade is paid")]
    Paid,
    #[error("this trade is closed")]
    Closed,
    #[error("there is no such trade")]
    NoTrade,
}

impl Practice {
    /// Mints a payment code (28…, 18 digits, 60 s) on the phone of a customer never seen before.
    pub fn show_payment_code(&mut self, now_ms: i64, manner: Manner) -> String {
        let customer = self.ledger.truth.stranger();
        self.show_payment_code_as(now_ms, customer, manner)
    }

    /// Mints a payment code on the phone of a given customer.
    pub fn show_payment_code_as(
        &mut self,
        now_ms: i64,
        customer: CustomerId,
        manner: Manner,
    ) -> String {
        self.show_payment_code_of(Channel::Alipay, now_ms, customer, manner)
    }

    /// Mints a payment code of one of the wallets on the phone of a given customer: 28… for
    /// Alipay, 10… to 15… for WeChat, 18 digits and 60 s for both.
    pub fn show_payment_code_of(
        &mut self,
        channel: Channel,
        now_ms: i64,
        customer: CustomerId,
        manner: Manner,
    ) -> String {
        let now_ms = self.at(now_ms);
        let code = self.unused_payment_code(channel);
        let shown = Fact::PaymentCodeShown { channel, code: code.clone(), customer, manner };
        self.ledger.record(now_ms, shown);
        code
    }

    /// A customer never seen before scans a till's code. Returns the trade's `out_trade_no`.
    pub fn scan(&mut self, now_ms: i64, qr: &str, manner: Manner) -> Result<String, PhoneError> {
        let customer = self.ledger.truth.stranger();
        self.scan_as(now_ms, customer, qr, manner)
    }

    /// A given customer scans a till's code: from then on the trade exists.
    pub fn scan_as(
        &mut self,
        now_ms: i64,
        customer: CustomerId,
        qr: &str,
        manner: Manner,
    ) -> Result<String, PhoneError> {
        let now_ms = self.at(now_ms);
        let offer = self.ledger.truth.offer_by_qr(qr.trim()).ok_or(PhoneError::NotOurs)?.clone();
        if offer.qr != qr.trim() {
            return Err(PhoneError::Expired);
        }
        let plan = plan(manner, now_ms);
        match self.ledger.truth.trade(&offer.out_trade_no) {
            Some(trade) => {
                payable(trade, now_ms)?;
                if trade.customer != customer {
                    return Err(PhoneError::Taken);
                }
                let out_trade_no = offer.out_trade_no.clone();
                self.ledger.record(now_ms, Fact::Planned { out_trade_no, plan });
            }
            None => {
                if offer.killed_ms.is_some() || offer.expires_ms <= now_ms {
                    return Err(PhoneError::Expired);
                }
                self.begin_shown(now_ms, &offer, customer, plan);
            }
        }
        self.advance(now_ms);
        Ok(offer.out_trade_no)
    }

    /// The customer pays a trade that waits, whatever they meant to do before.
    pub fn confirm(&mut self, now_ms: i64, out_trade_no: &str) -> Result<(), PhoneError> {
        self.decide(now_ms, out_trade_no, Plan::PaysAt { at_ms: now_ms })
    }

    /// The customer presses cancel. The trade goes on waiting until it is closed or expires.
    pub fn refuse(&mut self, now_ms: i64, out_trade_no: &str) -> Result<(), PhoneError> {
        self.decide(now_ms, out_trade_no, Plan::Refused)
    }

    /// The customer leaves. The trade goes on waiting until it is closed or expires.
    pub fn walk_away(&mut self, now_ms: i64, out_trade_no: &str) -> Result<(), PhoneError> {
        self.decide(now_ms, out_trade_no, Plan::WalkedAway)
    }

    /// The customer changes how they behave about a trade that waits.
    pub fn behave(
        &mut self,
        now_ms: i64,
        out_trade_no: &str,
        manner: Manner,
    ) -> Result<(), PhoneError> {
        self.decide(now_ms, out_trade_no, plan(manner, now_ms))
    }

    fn decide(&mut self, now_ms: i64, out_trade_no: &str, plan: Plan) -> Result<(), PhoneError> {
        let now_ms = self.at(now_ms);
        let trade = self.ledger.truth.trade(out_trade_no).ok_or(PhoneError::NoTrade)?;
        payable(trade, now_ms)?;
        let out_trade_no = out_trade_no.to_owned();
        self.ledger.record(now_ms, Fact::Planned { out_trade_no, plan });
        self.advance(now_ms);
        Ok(())
    }

    fn begin_shown(&mut self, now_ms: i64, offer: &Offer, customer: CustomerId, plan: Plan) {
        let channel = offer.channel;
        let trade = NewTrade {
            channel,
            out_trade_no: offer.out_trade_no.clone(),
            trade_no: mint_trade_no(channel, &self.ledger, self.options.seed, now_ms),
            amount_fen: offer.amount_fen,
            subject: offer.subject.clone(),
            seller_id: self.seller_of(channel),
            store_id: offer.store_id.clone(),
            terminal_id: offer.terminal_id.clone(),
            origin: Origin::Show,
            customer,
            plan,
            ends_on_refusal: false,
            expires_ms: offer.trade_expires_ms.unwrap_or(now_ms + offer.trade_life_ms),
            payment_code: None,
        };
        self.ledger.record(now_ms, Fact::TradeMade { trade });
    }

    fn unused_payment_code(&self, channel: Channel) -> String {
        let truth = &self.ledger.truth;
        let mut count = truth.payment_code_count();
        loop {
            let bits = fixed(self.options.seed, PURPOSE_PAYMENT_CODE, count);
            let prefix = match channel {
                Channel::Alipay => 28,
                Channel::Wechat => 10 + (bits >> 56) % 6,
            };
            let code = format!("{prefix}{:016}", bits % 10_000_000_000_000_000);
            if truth.payment_code(&code).is_none() {
                return code;
            }
            count += 1;
        }
    }
}

/// Returns what a manner comes to for a customer who is asked to pay at `now_ms`.
pub(crate) fn plan(manner: Manner, now_ms: i64) -> Plan {
    match manner {
        Manner::Pays => Plan::PaysAt { at_ms: now_ms },
        Manner::TypesPassword { after_ms } | Manner::TopsUp { after_ms } => {
            Plan::PaysAt { at_ms: now_ms + i64::from(after_ms) }
        }
        Manner::Refuses => Plan::Refused,
        Manner::WalksAway => Plan::WalkedAway,
        Manner::TooLittleMoney => Plan::CannotPay,
        Manner::ByHand => Plan::Decides,
    }
}

/// Mints the channel's own number: 28 digits with the day in them.
pub(crate) fn mint_trade_no(channel: Channel, ledger: &Ledger, seed: u64, now_ms: i64) -> String {
    let count = ledger.truth.trade_count();
    let mark = fixed(seed, PURPOSE_TRADE_NO, 0) % 100_000;
    let day = beijing_day(now_ms);
    match channel {
        Channel::Alipay => format!("{day}22001{mark:05}{:010}", count + 1),
        Channel::Wechat => format!("42000{mark:05}{day}{:010}", count + 1),
    }
}

fn payable(trade: &Trade, now_ms: i64) -> Result<(), PhoneError> {
    match trade.status(now_ms) {
        TradeStatus::Waiting => Ok(()),
        TradeStatus::Success | TradeStatus::Finished => Err(PhoneError::Paid),
        TradeStatus::Closed if trade.paid_ms.is_some() => Err(PhoneError::Paid),
        TradeStatus::Closed => Err(PhoneError::Closed),
    }
}
