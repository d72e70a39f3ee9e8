//! Who is to be told of what, and who was.
//!
//! A merchant names an address with a request; when what it asked for has happened, a notice goes
//! there, again and again until it is taken. When that is, is the channel's to say.

use serde::{Deserialize, Serialize};

use super::{Channel, Offer, Origin, Plan, Trade, Truth};
use crate::calendar::beijing_day;

/// What a notice is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    Payment {
        out_trade_no: String,
    },
    /// That a trade is over without the money.
    End {
        out_trade_no: String,
    },
    Refund {
        out_trade_no: String,
        out_request_no: String,
    },
}

/// Which protocol writes a notice: Alipay's, or one of WeChat Pay's two generations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    Alipay,
    V2,
    V3,
}

impl About {
    /// Returns the number of the trade.
    pub fn out_trade_no(&self) -> &str {
        match self {
            About::Payment { out_trade_no }
            | About::End { out_trade_no }
            | About::Refund { out_trade_no, .. } => out_trade_no,
        }
    }
}

impl Form {
    /// Returns whose protocol it is.
    pub fn channel(self) -> Channel {
        match self {
            Form::Alipay => Channel::Alipay,
            Form::V2 | Form::V3 => Channel::Wechat,
        }
    }
}

/// A merchant's wish to be told, and how often it was met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Telling {
    pub about: About,
    pub url: String,
    pub form: Form,
    /// How often it was sent.
    pub tries: u32,
    /// When it was sent last.
    pub last_ms: Option<i64>,
    /// Somebody said that it arrived.
    pub taken: bool,
}

impl Telling {
    pub(super) fn wanted(about: About, url: String, form: Form) -> Telling {
        Telling { about, url, form, tries: 0, last_ms: None, taken: false }
    }

    pub(super) fn sent(&mut self, at_ms: i64, taken: bool) {
        self.tries += 1;
        self.last_ms = Some(at_ms);
        self.taken |= taken;
    }

    /// Something else has become of it, which nobody has been told.
    pub(super) fn begin_again(&mut self) {
        *self = Telling::wanted(self.about.clone(), self.url.clone(), self.form);
    }
}

impl Truth {
    /// Returns a trade as a liar tells of it: paid, whether or not anybody has scanned its code.
    pub(crate) fn as_if_paid(
        &self,
        channel: Channel,
        out_trade_no: &str,
        at_ms: i64,
    ) -> Option<Trade> {
        let trade = match self.trade_at(channel, out_trade_no) {
            Some(trade) => trade.clone(),
            None => met(self.offer_at(channel, out_trade_no)?, self, at_ms),
        };
        Some(Trade { paid_ms: trade.paid_ms.or(Some(at_ms)), ..trade })
    }
}

/// Makes up the customer of a shown code. The number of the trade is no other's.
fn met(offer: &Offer, truth: &Truth, at_ms: i64) -> Trade {
    let day = beijing_day(at_ms);
    let digits = offer.out_trade_no.bytes().filter(u8::is_ascii_digit).rev().take(10);
    let mark: String = digits.map(char::from).collect();
    Trade {
        channel: offer.channel,
        out_trade_no: offer.out_trade_no.clone(),
        trade_no: match offer.channel {
            Channel::Alipay => format!("{day}2200199999{mark:0>10}"),
            Channel::Wechat => format!("4200099999{day}{mark:0>10}"),
        },
        amount_fen: offer.amount_fen,
        subject: offer.subject.clone(),
        seller_id: String::new(),
        store_id: offer.store_id.clone(),
        terminal_id: offer.terminal_id.clone(),
        origin: Origin::Show,
        customer: truth.stranger(),
        plan: Plan::PaysAt { at_ms },
        ends_on_refusal: false,
        made_ms: at_ms,
        expires_ms: offer.expires_ms,
        paid_ms: None,
        closed: None,
        refunds: Vec::new(),
        timeline: Vec::new(),
    }
}
