//! Faults of notices: what may go wrong between a channel and whoever listens, and who may lie.
//!
//! Chance for them is a stream of its own, so that what becomes of notices changes nothing of what
//! becomes of requests.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::chance::Chance;
use crate::truth::Form;

const PURPOSE: u64 = 0x6E6F_7469_6365;

/// One thing that goes wrong with a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeFault {
    /// It never arrives, and nobody answers.
    Lost,
    /// It arrives twice at once.
    Twice,
    /// It arrives twice, 221 ms apart.
    TwiceApart,
    /// The answer to a call about the trade is held back, so that the notice is there first.
    BeforeReply,
    /// The notice of a payment arrives only when money of it has gone back.
    AfterRefund,
    /// It arrives once more long after the trade has ended.
    Stale,
    /// A stranger's comes too, with a signature that no key of the channel made. Of a shown code it
    /// comes before anybody has paid.
    Forged,
    /// One with another amount comes too, altered after it was signed.
    AnotherAmount,
    /// One of another shop comes too, truly signed, and sealed under that shop's key.
    AnotherShop,
    /// It is posted to the other channel's address too.
    AnotherChannel,
}

impl NoticeFault {
    /// Every kind, in the order in which chance is asked for them.
    pub const ALL: [NoticeFault; 10] = [
        NoticeFault::Lost,
        NoticeFault::Twice,
        NoticeFault::TwiceApart,
        NoticeFault::BeforeReply,
        NoticeFault::AfterRefund,
        NoticeFault::Stale,
        NoticeFault::Forged,
        NoticeFault::AnotherAmount,
        NoticeFault::AnotherShop,
        NoticeFault::AnotherChannel,
    ];
}

/// A fault that waits for its notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptedNotice {
    /// Whose notice, or None for whatever comes next.
    pub form: Option<Form>,
    pub fault: NoticeFault,
}

/// What may go wrong with notices, and what did.
#[derive(Debug, Clone)]
pub struct NoticeWeather {
    chance: Chance,
    per_mille: BTreeMap<NoticeFault, u32>,
    scripted: VecDeque<ScriptedNotice>,
    fired: BTreeMap<NoticeFault, u64>,
}

impl NoticeWeather {
    /// Starts calm.
    pub(super) fn new(seed: u64) -> NoticeWeather {
        NoticeWeather {
            chance: Chance::new(seed ^ PURPOSE),
            per_mille: BTreeMap::new(),
            scripted: VecDeque::new(),
            fired: BTreeMap::new(),
        }
    }

    /// Ends all faults, by chance and scripted. The counters stay.
    pub fn clear(&mut self) {
        self.per_mille.clear();
        self.scripted.clear();
    }

    /// Lets a kind of fault happen so many times in a thousand notices.
    pub fn set(&mut self, fault: NoticeFault, per_mille: u32) {
        if per_mille == 0 {
            self.per_mille.remove(&fault);
        } else {
            self.per_mille.insert(fault, per_mille);
        }
    }

    /// Lets everything happen: none of it may cost a till more than time.
    pub fn storm(&mut self) {
        for fault in NoticeFault::ALL {
            let per_mille = match fault {
                NoticeFault::Lost => 150,
                NoticeFault::Twice | NoticeFault::TwiceApart | NoticeFault::BeforeReply => 50,
                NoticeFault::AfterRefund | NoticeFault::Stale => 30,
                NoticeFault::Forged | NoticeFault::AnotherAmount => 30,
                NoticeFault::AnotherShop | NoticeFault::AnotherChannel => 30,
            };
            self.set(fault, per_mille);
        }
    }

    /// Spoils the next notice that the fault fits.
    pub fn next(&mut self, fault: NoticeFault) {
        self.scripted.push_back(ScriptedNotice { form: None, fault });
    }

    /// Spoils the next notice of one protocol.
    pub fn next_of(&mut self, form: Form, fault: NoticeFault) {
        self.scripted.push_back(ScriptedNotice { form: Some(form), fault });
    }

    /// Returns how often each kind of fault fired.
    pub fn fired(&self) -> &BTreeMap<NoticeFault, u64> {
        &self.fired
    }

    /// Returns the chances in a thousand.
    pub fn chances(&self) -> &BTreeMap<NoticeFault, u32> {
        &self.per_mille
    }

    /// Returns the faults that wait for their notice.
    pub fn scripted(&self) -> impl Iterator<Item = &ScriptedNotice> {
        self.scripted.iter()
    }

    /// Says whether a kind of fault can happen at all.
    pub(crate) fn may(&self, fault: NoticeFault) -> bool {
        self.per_mille.contains_key(&fault)
            || self.scripted.iter().any(|scripted| scripted.fault == fault)
    }

    /// Decides what happens to a notice, among what fits it.
    pub(crate) fn draw(
        &mut self,
        form: Form,
        fits: impl Fn(NoticeFault) -> bool,
    ) -> Option<NoticeFault> {
        let fault = self.draw_scripted(form, &fits).or_else(|| self.draw_by_chance(&fits))?;
        *self.fired.entry(fault).or_insert(0) += 1;
        Some(fault)
    }

    fn draw_scripted(
        &mut self,
        form: Form,
        fits: &impl Fn(NoticeFault) -> bool,
    ) -> Option<NoticeFault> {
        let place = self.scripted.iter().position(|scripted| {
            fits(scripted.fault) && scripted.form.is_none_or(|wanted| wanted == form)
        })?;
        Some(self.scripted.remove(place)?.fault)
    }

    fn draw_by_chance(&mut self, fits: &impl Fn(NoticeFault) -> bool) -> Option<NoticeFault> {
        for (&fault, &per_mille) in &self.per_mille {
            if self.chance.happens(per_mille) && fits(fault) {
                return Some(fault);
            }
        }
        None
    }
}
