//! What is really sent of the notices: who carries them takes posts and says what each was
//! answered.
//!
//! The weather decides here how often a notice is sent, when, where to and what else comes with it.
//! A false post never stands in the way of the genuine one: that follows, and its answer counts.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Notice, Pen};
use crate::practice::Practice;
use crate::truth::{About, Form, Telling};
use crate::weather::NoticeFault;
use crate::wire::Call;

/// How far apart two sendings of one notice were seen to be, in ms.
const APART_MS: u32 = 221;
/// How long the answer to a call is held back, so that the notice is there before it, in ms.
const HELD_BACK_MS: u32 = 1_500;
/// How long before the genuine notice a false one comes, in ms.
const LIE_AHEAD_MS: u32 = 1_000;
/// How much later a notice comes once more, in ms: past the five minutes for which a signature of
/// WeChat Pay's is fresh.
const STALE_AFTER_MS: u32 = 400_000;

/// One sending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Post {
    pub about: About,
    /// How long it is on its way before it arrives, in ms.
    pub delay_ms: u32,
    pub url: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// What it is answered is for [`Practice::notice_answered`]; of any other post it is nothing.
    pub counts: bool,
    /// Why there is this one. None of the genuine notice on its own way.
    pub fault: Option<NoticeFault>,
}

impl Post {
    fn genuine(notice: &Notice, delay_ms: u32) -> Post {
        Post {
            about: notice.about.clone(),
            delay_ms,
            url: notice.url.clone(),
            headers: notice.headers.clone(),
            body: notice.body.clone(),
            counts: true,
            fault: None,
        }
    }

    fn also(notice: &Notice, delay_ms: u32, fault: NoticeFault) -> Post {
        Post { counts: false, fault: Some(fault), ..Post::genuine(notice, delay_ms) }
    }
}

/// What is known of the posts, until the program ends.
#[derive(Debug, Default)]
pub(crate) struct Posted {
    /// Taken and not answered yet.
    on_its_way: BTreeSet<About>,
    /// Kept back until money has gone back.
    withheld: BTreeSet<About>,
    /// Of these a stranger has had the chance to lie before anybody paid.
    lied_about: BTreeSet<About>,
}

impl Posted {
    /// A post was answered, or nobody carries it any more.
    pub(super) fn over(&mut self, about: &About) {
        self.on_its_way.remove(about);
    }

    pub(super) fn withholds(&self, about: &About) -> bool {
        self.withheld.contains(about)
    }
}

impl Practice {
    /// Takes what is to be sent by a time to the addresses that can be reached. A notice is taken
    /// once, until [`Practice::notice_answered`] or [`Practice::put_back`].
    pub fn posts(&mut self, now_ms: i64, reaches: impl Fn(&str) -> bool) -> Vec<Post> {
        let now_ms = self.at(now_ms);
        let mut posts = self.lies(now_ms, &reaches);
        let mut due = self.due_notices(now_ms);
        due.retain(|notice| {
            reaches(&notice.url) && !self.posted.on_its_way.contains(&notice.about)
        });
        for notice in due {
            posts.extend(self.post(now_ms, &notice));
        }
        posts
    }

    /// Returns when there is something to take again.
    pub fn next_post_ms(&self, reaches: impl Fn(&str) -> bool) -> Option<i64> {
        let open = |telling: &&Telling| {
            reaches(&telling.url) && !self.posted.on_its_way.contains(&telling.about)
        };
        let due = self.truth().notices().filter(open).filter_map(|telling| self.due_ms(telling));
        let lies = self.to_lie_about(&reaches).filter_map(|telling| self.shown_ms(telling));
        due.chain(lies).min()
    }

    /// Gives back a notice that was taken and that nobody carries any more: it is due again.
    pub fn put_back(&mut self, about: &About) {
        self.posted.over(about);
    }

    /// Returns a false notice as the weather sends it. None where there is no such lie: of what is
    /// not wanted or has not happened, but for a forged payment, and of an amount that is sealed
    /// without a signature.
    pub fn false_notice(&self, now_ms: i64, about: &About, fault: NoticeFault) -> Option<Notice> {
        let telling = self.truth().notice(about)?;
        let pen = pen(fault)?;
        let sealed = matches!(about, About::Refund { .. }) && telling.form == Form::V2;
        if sealed && pen == Pen::AnotherAmount {
            return None;
        }
        self.written(now_ms, telling, pen)
    }

    /// Decides for how long an answer is held back whose notice is to be there first, in ms.
    pub(crate) fn held_back_ms(&mut self, call: &Call) -> u32 {
        if !self.weather().notices().may(NoticeFault::BeforeReply) {
            return 0;
        }
        let Some(form) = self.form_to_come(call) else {
            return 0;
        };
        let drawn =
            self.weather_mut().notices_mut().draw(form, |fault| fault == NoticeFault::BeforeReply);
        if drawn.is_some() { HELD_BACK_MS } else { 0 }
    }

    /// Returns the protocol of the notice that is yet to be sent of a call's trade.
    fn form_to_come(&self, call: &Call) -> Option<Form> {
        let out_trade_no = call.kept(self.truth()).out_trade_no?;
        let trade = self.truth().trade(&out_trade_no)?;
        let telling = self.truth().notice(&About::Payment { out_trade_no })?;
        let to_come = telling.tries == 0 && trade.closed.is_none();
        to_come.then_some(telling.form)
    }

    fn post(&mut self, now_ms: i64, notice: &Notice) -> Vec<Post> {
        let late = self.posted.withheld.remove(&notice.about);
        let fault = if late { None } else { self.fault_of(now_ms, notice) };
        let genuine = |delay_ms| Post::genuine(notice, delay_ms);
        self.posted.on_its_way.insert(notice.about.clone());
        match fault {
            None | Some(NoticeFault::BeforeReply) => vec![genuine(0)],
            Some(NoticeFault::Lost) => {
                self.notice_answered(now_ms, &notice.about, None);
                Vec::new()
            }
            Some(fault @ NoticeFault::Twice) => vec![genuine(0), Post::also(notice, 0, fault)],
            Some(fault @ NoticeFault::TwiceApart) => {
                vec![genuine(0), Post::also(notice, APART_MS, fault)]
            }
            Some(NoticeFault::AfterRefund) => {
                self.posted.on_its_way.remove(&notice.about);
                self.posted.withheld.insert(notice.about.clone());
                Vec::new()
            }
            Some(fault @ NoticeFault::Stale) => {
                let faster = u32::try_from(self.options.notices_faster.max(1)).unwrap_or(u32::MAX);
                vec![genuine(0), Post::also(notice, STALE_AFTER_MS / faster, fault)]
            }
            Some(fault @ NoticeFault::AnotherChannel) => {
                let astray = self.url_of_the_other(notice).unwrap_or_default();
                vec![Post { url: astray, ..Post::also(notice, 0, fault) }, genuine(LIE_AHEAD_MS)]
            }
            Some(
                fault @ (NoticeFault::Forged
                | NoticeFault::AnotherAmount
                | NoticeFault::AnotherShop),
            ) => {
                let lie = self.false_notice(now_ms, &notice.about, fault);
                let lie = lie.map(|lie| Post::also(&lie, 0, fault));
                lie.into_iter().chain([genuine(LIE_AHEAD_MS)]).collect()
            }
        }
    }

    fn fault_of(&mut self, now_ms: i64, notice: &Notice) -> Option<NoticeFault> {
        let first = self.truth().notice(&notice.about).is_some_and(|telling| telling.tries == 0);
        let trade = self.truth().trade(notice.about.out_trade_no());
        let nothing_back = trade.is_some_and(|trade| trade.refunds.is_empty());
        let payment = matches!(notice.about, About::Payment { .. });
        let may_wait = first && payment && nothing_back;
        let has_other = self.url_of_the_other(notice).is_some();
        let altered = self.false_notice(now_ms, &notice.about, NoticeFault::AnotherAmount);
        let can_be_altered = altered.is_some();
        self.weather_mut().notices_mut().draw(notice.form, |fault| match fault {
            NoticeFault::BeforeReply => false,
            NoticeFault::AfterRefund => may_wait,
            NoticeFault::AnotherChannel => has_other,
            NoticeFault::AnotherAmount => can_be_altered,
            NoticeFault::Lost
            | NoticeFault::Twice
            | NoticeFault::TwiceApart
            | NoticeFault::Stale
            | NoticeFault::Forged
            | NoticeFault::AnotherShop => true,
        })
    }

    /// Returns the address at which the same listener hears the other channel.
    fn url_of_the_other(&self, notice: &Notice) -> Option<String> {
        let app_id = self.options.app_id.as_str();
        let mchid = self.wechat()?.mchid.as_str();
        let ours = [format!("/alipay/{app_id}/"), format!("/wechat/{mchid}/")];
        let (from, to) = match notice.form {
            Form::Alipay => (&ours[0], &ours[1]),
            Form::V2 | Form::V3 => (&ours[1], &ours[0]),
        };
        notice.url.contains(from.as_str()).then(|| notice.url.replacen(from, to, 1))
    }

    /// Lets a stranger say of orders that nobody paid that somebody has, where the weather says so.
    fn lies(&mut self, now_ms: i64, reaches: &impl Fn(&str) -> bool) -> Vec<Post> {
        let open: Vec<_> = self.to_lie_about(reaches).cloned().collect();
        let mut lies = Vec::new();
        for telling in open {
            self.posted.lied_about.insert(telling.about.clone());
            let fault = NoticeFault::Forged;
            let notices = self.weather_mut().notices_mut();
            if notices.draw(telling.form, |drawn| drawn == fault).is_some() {
                let lie = self.false_notice(now_ms, &telling.about, fault);
                lies.extend(lie.map(|lie| Post::also(&lie, 0, fault)));
            }
        }
        lies
    }

    /// Returns the wishes to be told of a payment that is still to come, once each.
    fn to_lie_about(&self, reaches: &impl Fn(&str) -> bool) -> impl Iterator<Item = &Telling> {
        let forged = self.weather().notices().may(NoticeFault::Forged);
        self.truth().notices().filter(move |telling| {
            forged
                && reaches(&telling.url)
                && !self.posted.lied_about.contains(&telling.about)
                && self.shown_ms(telling).is_some()
        })
    }

    /// Returns since when an order that somebody wants to be told of waits for its payment.
    fn shown_ms(&self, telling: &Telling) -> Option<i64> {
        let About::Payment { out_trade_no } = &telling.about else {
            return None;
        };
        let channel = telling.form.channel();
        match self.truth().trade_at(channel, out_trade_no) {
            Some(trade) => {
                let waits = trade.paid_ms.is_none() && trade.closed.is_none();
                waits.then_some(trade.made_ms)
            }
            None => {
                let offer = self.truth().offer_at(channel, out_trade_no)?;
                offer.killed_ms.is_none().then_some(offer.made_ms)
            }
        }
    }
}

/// Returns who writes the false notice of a fault.
fn pen(fault: NoticeFault) -> Option<Pen> {
    match fault {
        NoticeFault::Forged => Some(Pen::Stranger),
        NoticeFault::AnotherAmount => Some(Pen::AnotherAmount),
        NoticeFault::AnotherShop => Some(Pen::AnotherShop),
        NoticeFault::Lost
        | NoticeFault::Twice
        | NoticeFault::TwiceApart
        | NoticeFault::BeforeReply
        | NoticeFault::AfterRefund
        | NoticeFault::Stale
        | NoticeFault::AnotherChannel => None,
    }
}
