//! What a genuine notice (异步通知) says, of whichever channel it is.
//!
//! | notice                        | verified by                          | says                     |
//! |-------------------------------|--------------------------------------|--------------------------|
//! | Alipay, a form                | Alipay's key                         | a verdict, or a refund   |
//! | WeChat Pay v3, JSON           | the key it names, and the APIv3 key  | paid, or a refund        |
//! | WeChat Pay v2, XML            | the APIv2 key, as configured         | paid                     |
//! | WeChat Pay v2, of a refund    | nothing: it opens under the v2 key   | a refund                 |
//!
//! Of a trade it is evidence like a query's answer, of a refund only a reason to ask. Its age is no
//! matter: a till may have been asleep.

use mianfu_core::channel::Verdict;
use mianfu_core::number::{OutTradeNo, RefundNo};

/// A genuine notice to our merchant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// The attempt's number.
    pub out_trade_no: OutTradeNo,
    /// What it is about.
    pub about: About,
}

/// What a notice is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// The trade: what a query would have been told.
    Trade(Verdict),
    /// A refund of it: a reason to ask.
    Refund(RefundNo),
}
