//! Notices: of what a merchant is told without asking, when, and how often again.
//!
//! Told is only what was asked for with an address. What there is to tell and in which words is
//! each channel's own (`alipay::notice`, `wechat::notice`); when it is due and whether it was taken
//! is decided here for both. Nothing is sent from here: whoever carries notices takes what is to be
//! sent (`posts`), or asks which are due, and says what they were answered.

mod posts;

use hyper::Uri;
use rsa::sha2::{Digest, Sha256};
use serde::Serialize;

use crate::practice::{Answer, Practice};
use crate::truth::{About, Fact, Form, Telling, Trade, Truth};
use crate::{alipay, wechat};

pub use posts::Post;
pub(crate) use posts::Posted;

/// A notice as it leaves for the merchant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// The same over its repetitions.
    pub id: String,
    pub about: About,
    pub form: Form,
    pub url: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Notice {
    pub(crate) fn new(
        id: String,
        telling: &Telling,
        headers: Vec<(String, String)>,
        body: String,
    ) -> Notice {
        let (about, url) = (telling.about.clone(), telling.url.clone());
        Notice { id, about, form: telling.form, url, headers, body }
    }
}

/// Who has written what is sent as a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pen {
    /// The channel.
    Channel,
    /// Somebody who has none of its keys, and says paid though nobody has paid.
    Stranger,
    /// The channel, and then somebody who changed the amount.
    AnotherAmount,
    /// The channel, for another shop.
    AnotherShop,
}

/// Returns how long after each sending that nobody took the next one comes, in ms.
pub fn repeated_after_ms(form: Form) -> &'static [i64] {
    match form {
        Form::Alipay => &alipay::notice::REPEATED_AFTER_MS,
        Form::V2 | Form::V3 => &wechat::notice::REPEATED_AFTER_MS,
    }
}

/// What a notice is written from.
pub(crate) struct Told<'t> {
    pub(crate) telling: &'t Telling,
    pub(crate) truth: &'t Truth,
    pub(crate) now_ms: i64,
    pub(crate) pen: Pen,
}

impl Told<'_> {
    /// Returns the trade of a payment that a stranger has made up.
    pub(crate) fn made_up(&self) -> Option<Trade> {
        match (self.pen, &self.telling.about) {
            (Pen::Stranger, About::Payment { out_trade_no }) => {
                let channel = self.telling.form.channel();
                self.truth.as_if_paid(channel, out_trade_no, self.now_ms)
            }
            (Pen::Channel | Pen::Stranger | Pen::AnotherAmount | Pen::AnotherShop, _) => None,
        }
    }
}

impl Practice {
    /// Returns the notices whose time it is, written and signed at that time. They stay due until
    /// [`Practice::notice_answered`].
    pub fn due_notices(&self, now_ms: i64) -> Vec<Notice> {
        let is_due = |telling: &&Telling| self.due_ms(telling).is_some_and(|at_ms| at_ms <= now_ms);
        let due = self.truth().notices().filter(is_due);
        due.filter_map(|telling| self.written(now_ms, telling, Pen::Channel)).collect()
    }

    /// Returns when the next notice is due.
    pub fn next_notice_ms(&self) -> Option<i64> {
        self.truth().notices().filter_map(|telling| self.due_ms(telling)).min()
    }

    /// Wants a notice as if a request had named an address. No call of v2 that is played asks for
    /// one of a payment, and yet a merchant's till may get such.
    pub fn want_notice(&mut self, now_ms: i64, about: About, url: &str, form: Form) {
        let now_ms = self.at(now_ms);
        self.ledger.record(now_ms, Fact::NoticeWanted { about, url: url.to_owned(), form });
    }

    /// Hears what a notice was answered within 5 s. None if it was nothing.
    pub fn notice_answered(&mut self, now_ms: i64, about: &About, answer: Option<&Answer>) {
        self.posted.over(about);
        let now_ms = self.at(now_ms);
        let form = self.truth().notice(about).map(|telling| telling.form);
        let Some(form) = form else {
            return;
        };
        let taken = answer.is_some_and(|answer| match form {
            Form::Alipay => alipay::notice::is_taken(answer),
            Form::V3 => wechat::notice::v3_is_taken(answer),
            Form::V2 => wechat::notice::v2_is_taken(answer),
        });
        self.ledger.record(now_ms, Fact::NoticeSent { about: about.clone(), taken });
    }

    /// Returns when a notice is due, if it ever is again.
    fn due_ms(&self, telling: &Telling) -> Option<i64> {
        if telling.taken {
            return None;
        }
        let happened_ms = self.happened_ms(telling)?;
        if self.posted.withholds(&telling.about) {
            let trade = self.truth().trade(telling.about.out_trade_no())?;
            return trade.refunds.first().map(|refund| refund.at_ms);
        }
        let Some(last_ms) = telling.last_ms else {
            return Some(happened_ms);
        };
        let place = usize::try_from(telling.tries).ok()?.checked_sub(1)?;
        let wait_ms = repeated_after_ms(telling.form).get(place)?;
        Some(last_ms + wait_ms / self.options.notices_faster.max(1))
    }

    /// Returns when what a notice is about happened, or will, if that is known.
    fn happened_ms(&self, telling: &Telling) -> Option<i64> {
        match telling.form {
            Form::Alipay => alipay::notice::happened_ms(self.truth(), &telling.about),
            Form::V2 | Form::V3 => {
                wechat::notice::happened_ms(self.wechat()?, self.truth(), &telling.about)
            }
        }
    }

    fn written(&self, now_ms: i64, telling: &Telling, pen: Pen) -> Option<Notice> {
        let told = Told { telling, truth: self.truth(), now_ms, pen };
        match telling.form {
            Form::Alipay => alipay::notice::written(&self.options, self.signer.as_ref(), &told),
            Form::V2 | Form::V3 => {
                wechat::notice::written(self.wechat()?, self.options.seed, &told)
            }
        }
    }
}

/// Says whether WeChat Pay would send a notice to an address: `https` and no query. On this
/// machine, where nobody else listens, `http` is enough.
pub(crate) fn may_be_told_at(url: &str) -> bool {
    (url.starts_with("https://") || is_here(url)) && !url.contains('?')
}

/// Says whether an address is one of this machine.
pub(crate) fn is_here(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else {
        return false;
    };
    // A name and a password before the host belong in no notice's address.
    let plain = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    let http = matches!(uri.scheme_str(), Some("http" | "https"));
    http && plain && uri.host().is_some_and(is_this_machine)
}

/// Says whether a host, without its port, is this machine.
pub(crate) fn is_this_machine(host: &str) -> bool {
    matches!(host, "127.0.0.1" | "localhost" | "[::1]")
}

/// Returns 64 hex digits that depend on the seed and on what they are for.
pub(crate) fn drawn(seed: u64, what: &str) -> String {
    let hash = Sha256::new().chain_update(seed.to_be_bytes()).chain_update(what).finalize();
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, here: bool, told: bool) {
        assert_eq!((is_here(url), may_be_told_at(url)), (here, told), "`{url}`");
    }

    #[test]
    fn only_this_machine_is_told_without_tls() {
        check("http://127.0.0.1:8123/notify/wechat/1/1", true, true);
        check("http://[::1]:8123/notify", true, true);
        check("http://localhost/notify", true, true);
        check("http://127.0.0.1:8123/notify?a=1", true, false);
        check("http://127.0.0.1@relay.invalid/notify", false, false);
        check("http://relay.invalid@127.0.0.1/notify", false, false);
        check("http://127.0.0.1.relay.invalid/notify", false, false);
        check("http://relay.invalid/notify", false, false);
        check("https://relay.invalid/notify", false, true);
        check("https://relay.invalid/notify?a=1", false, false);
        check("ftp://127.0.0.1/notify", false, false);
        check("notify", false, false);
    }
}
