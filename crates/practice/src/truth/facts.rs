//! Changes of the ledger as facts, and the fold that makes the truth of them.

use serde::{Deserialize, Serialize};

use super::{
    About, Asked, Channel, Closed, ClosedWhy, Form, Happened, Moment, Offer, Origin, PaymentCode,
    Plan, Refund, RefundBy, RefundEnd, RefundFate, Telling, Told, Trade, Truth,
};
use crate::phone::{CustomerId, Manner};

/// A fact and its time: one line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub at_ms: i64,
    pub fact: Fact,
}

/// One change of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// A customer opened a payment code.
    PaymentCodeShown {
        #[serde(default)]
        channel: Channel,
        code: String,
        customer: CustomerId,
        manner: Manner,
    },
    /// A till asked for a code to show.
    Offered { offer: Offer },
    /// A cancel killed a shown code.
    OfferKilled { out_trade_no: String },
    /// A customer and a number met.
    TradeMade { trade: NewTrade },
    /// The customer made up their mind, or changed it.
    Planned { out_trade_no: String, plan: Plan },
    /// The money moved.
    Paid { out_trade_no: String },
    /// The trade ended.
    Closed { out_trade_no: String, why: ClosedWhy },
    /// Money went back.
    Refunded { out_trade_no: String, out_request_no: String, amount_fen: i64, by: RefundBy },
    /// What became of a refund was decided.
    RefundEnded { out_trade_no: String, out_request_no: String, how: RefundFate },
    /// A merchant wants to be told of something once it has happened.
    NoticeWanted { about: About, url: String, form: Form },
    /// A notice was sent, and taken or not.
    NoticeSent { about: About, taken: bool },
    /// A request left its caller.
    Asked { asked: Asked },
    /// A late request, counted by its place in the order of sending, arrived.
    Arrived { place: usize, told: Told },
}

/// What is known of a trade when it begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewTrade {
    #[serde(default)]
    pub channel: Channel,
    pub out_trade_no: String,
    pub trade_no: String,
    pub amount_fen: i64,
    pub subject: String,
    pub seller_id: String,
    pub store_id: Option<String>,
    pub terminal_id: Option<String>,
    pub origin: Origin,
    pub customer: CustomerId,
    pub plan: Plan,
    #[serde(default)]
    pub ends_on_refusal: bool,
    pub expires_ms: i64,
    /// The payment code it was made with.
    pub payment_code: Option<String>,
}

/// The truth with the only door to it.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) truth: Truth,
    /// Facts that no journal has yet. None where there is no journal.
    unsaved: Option<Vec<Entry>>,
}

impl Ledger {
    /// Folds the lines of a journal and goes on keeping facts for it.
    pub(crate) fn replay(entries: Vec<Entry>) -> Ledger {
        let mut ledger = Ledger { truth: Truth::default(), unsaved: Some(Vec::new()) };
        for entry in entries {
            ledger.truth.apply(entry.at_ms, entry.fact);
        }
        ledger
    }

    /// Makes a fact true.
    pub(crate) fn record(&mut self, at_ms: i64, fact: Fact) {
        if let Some(unsaved) = &mut self.unsaved {
            unsaved.push(Entry { at_ms, fact: fact.clone() });
        }
        self.truth.apply(at_ms, fact);
    }

    /// Hands over the facts that no journal has yet.
    pub(crate) fn take_unsaved(&mut self) -> Vec<Entry> {
        self.unsaved.as_mut().map(std::mem::take).unwrap_or_default()
    }
}

impl Truth {
    fn apply(&mut self, at_ms: i64, fact: Fact) {
        match fact {
            Fact::PaymentCodeShown { channel, code, customer, manner } => {
                self.last_customer = self.last_customer.max(customer.0);
                let shown = PaymentCode {
                    channel,
                    code: code.clone(),
                    customer,
                    manner,
                    shown_ms: at_ms,
                    used_for: None,
                };
                self.payment_codes.insert(code, shown);
            }
            Fact::Offered { offer } => {
                self.by_qr.insert(offer.qr.clone(), offer.out_trade_no.clone());
                self.offers.insert(offer.out_trade_no.clone(), offer);
            }
            Fact::OfferKilled { out_trade_no } => {
                if let Some(offer) = self.offers.get_mut(&out_trade_no) {
                    offer.killed_ms = Some(at_ms);
                }
            }
            Fact::TradeMade { trade } => self.begin(at_ms, trade),
            Fact::Planned { out_trade_no, plan } => {
                self.change(at_ms, &out_trade_no, Happened::Planned(plan), |trade| {
                    trade.plan = plan;
                });
            }
            Fact::Paid { out_trade_no } => {
                self.waiting.remove(&out_trade_no);
                self.change(at_ms, &out_trade_no, Happened::Paid, |trade| {
                    trade.paid_ms = Some(at_ms);
                });
            }
            Fact::Closed { out_trade_no, why } => {
                self.waiting.remove(&out_trade_no);
                self.change(at_ms, &out_trade_no, Happened::Closed(why), |trade| {
                    // A reversal of what is over says how it ended, and not when.
                    let at_ms = trade.closed.map_or(at_ms, |closed| closed.at_ms);
                    trade.closed = Some(Closed { at_ms, why });
                });
            }
            Fact::Refunded { out_trade_no, out_request_no, amount_fen, by } => {
                let refund = Refund { out_request_no, amount_fen, at_ms, by, end: None };
                self.change(at_ms, &out_trade_no, Happened::Refunded { amount_fen }, |trade| {
                    trade.refunds.push(refund);
                });
            }
            Fact::RefundEnded { out_trade_no, out_request_no, how } => {
                self.end_refund(at_ms, out_trade_no, out_request_no, how);
            }
            Fact::NoticeWanted { about, url, form } => {
                let telling = Telling::wanted(about.clone(), url, form);
                self.notices.insert(about, telling);
            }
            Fact::NoticeSent { about, taken } => {
                if let Some(telling) = self.notices.get_mut(&about) {
                    telling.sent(at_ms, taken);
                }
            }
            Fact::Asked { asked } => self.asked.push(asked),
            Fact::Arrived { place, told } => {
                if let Some(asked) = self.asked.get_mut(place) {
                    asked.arrived_ms = Some(at_ms);
                    asked.told = Some(told);
                }
            }
        }
    }

    fn begin(&mut self, at_ms: i64, made: NewTrade) {
        self.last_customer = self.last_customer.max(made.customer.0);
        let trade = Trade {
            channel: made.channel,
            out_trade_no: made.out_trade_no.clone(),
            trade_no: made.trade_no.clone(),
            amount_fen: made.amount_fen,
            subject: made.subject,
            seller_id: made.seller_id,
            store_id: made.store_id,
            terminal_id: made.terminal_id,
            origin: made.origin,
            customer: made.customer,
            plan: made.plan,
            ends_on_refusal: made.ends_on_refusal,
            made_ms: at_ms,
            expires_ms: made.expires_ms,
            paid_ms: None,
            closed: None,
            refunds: Vec::new(),
            timeline: vec![Moment { at_ms, what: Happened::Made }],
        };
        let used = made.payment_code.and_then(|code| self.payment_codes.get_mut(&code));
        if let Some(payment_code) = used {
            payment_code.used_for = Some(made.out_trade_no.clone());
        }
        self.waiting.insert(made.out_trade_no.clone());
        self.by_trade_no.insert(made.trade_no, made.out_trade_no.clone());
        self.trades.insert(made.out_trade_no, trade);
    }

    /// Decides a refund. Of one that is with the merchant again the trade is as if it never was.
    fn end_refund(
        &mut self,
        at_ms: i64,
        out_trade_no: String,
        out_request_no: String,
        how: RefundFate,
    ) {
        self.change(at_ms, &out_trade_no, Happened::RefundEnded(how), |trade| {
            let mut refunds = trade.refunds.iter_mut();
            if let Some(refund) = refunds.find(|refund| refund.out_request_no == out_request_no) {
                refund.end = Some(RefundEnd { at_ms, how });
            }
            let whole = trade.closed.is_some_and(|closed| closed.why == ClosedWhy::Refunded);
            if how == RefundFate::Closed && whole {
                trade.closed = None;
            }
        });
        let about = About::Refund { out_trade_no, out_request_no };
        if let Some(telling) = self.notices.get_mut(&about) {
            telling.begin_again();
        }
    }

    fn change(
        &mut self,
        at_ms: i64,
        out_trade_no: &str,
        what: Happened,
        how: impl FnOnce(&mut Trade),
    ) {
        let Some(trade) = self.trades.get_mut(out_trade_no) else {
            return;
        };
        how(trade);
        trade.timeline.push(Moment { at_ms, what });
    }
}
