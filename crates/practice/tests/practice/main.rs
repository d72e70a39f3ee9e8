//! Practice from outside: its rules, its wire, its HTTP face and its folder.

#![expect(clippy::unwrap_used, reason = "a test may")]

mod alipay_notices;
mod face;
mod notice_weather;
mod posts;
mod rules;
mod shop;
mod wechat_bills;
mod wechat_face;
mod wechat_notices;
mod wechat_refunds;
mod wechat_shop;
mod wechat_v2;
mod wechat_v3;
mod wire;
