//! Faults by seed: what may go wrong between a caller and the channel.
//!
//! Calm by default. A fault comes in two ways: by chance, with so many in a thousand per kind, or
//! scripted, for the next request it fits. Each fault that fires is counted. The weather spoils
//! what is told, never what is true.

mod notices;

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::chance::Chance;

pub use notices::{NoticeFault, NoticeWeather, ScriptedNotice};

/// One thing that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fault {
    /// The request never arrives; the caller hears nothing.
    RequestLost,
    /// The caller hears nothing, and the request arrives when it has given up.
    RequestLate { after_ms: u32 },
    /// No connection: certainly nothing arrived.
    Refused,
    /// The channel acts; the caller hears nothing.
    AnswerLost,
    /// The channel acts at once; the answer takes its time.
    Slow { delay_ms: u32 },
    /// The gateway's own failure, unsigned: 20000 `isp.unknow-error`, or 503 at WeChat Pay.
    Busy { acted: Acted },
    /// `ACQ.SYSTEM_ERROR` or `SYSTEMERROR`, signed; at WeChat Pay v3 an unsigned 500.
    SystemError { acted: Acted },
    /// An HTTP error page, with or without having acted.
    ServerError { status: u16, acted: Acted },
    /// The channel acts; the signature is somebody else's, or one of WeChat Pay's own probes.
    WrongSignature,
    /// The channel acts; the answer has no signature.
    Unsigned,
    /// The channel acts; the answer ends in the middle.
    Truncated,
    /// The channel acts; a portal's page comes instead of the answer.
    Garbage,
    /// The channel acts; the answer has no body.
    Empty,
    /// The channel acts; ten megabytes come instead of the answer.
    Huge,
    /// The request arrives twice; the first answer comes back.
    Twice,
    /// The channel acts; the answer is genuine, but about another number.
    AnotherOrder,
    /// The channel acts; the answer is genuine, but one fen off.
    AnotherAmount,
    /// A cancel is told `retry_flag: Y`, a reverse `recall: Y`, and does nothing.
    RetryLater,
    /// A cancel or refund finds the seller's account empty.
    SellerEmpty,
}

/// Whether the channel did what was asked before it failed to say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Acted {
    Yes,
    No,
}

/// A fault without its numbers, for chances and counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    RequestLost,
    RequestLate,
    Refused,
    AnswerLost,
    Slow,
    Busy,
    SystemError,
    ServerError,
    WrongSignature,
    Unsigned,
    Truncated,
    Garbage,
    Empty,
    Huge,
    Twice,
    AnotherOrder,
    AnotherAmount,
    RetryLater,
    SellerEmpty,
}

impl FaultKind {
    /// Every kind, in the order in which chance is asked for them.
    pub const ALL: [FaultKind; 19] = [
        FaultKind::RequestLost,
        FaultKind::RequestLate,
        FaultKind::Refused,
        FaultKind::AnswerLost,
        FaultKind::Slow,
        FaultKind::Busy,
        FaultKind::SystemError,
        FaultKind::ServerError,
        FaultKind::WrongSignature,
        FaultKind::Unsigned,
        FaultKind::Truncated,
        FaultKind::Garbage,
        FaultKind::Empty,
        FaultKind::Huge,
        FaultKind::Twice,
        FaultKind::AnotherOrder,
        FaultKind::AnotherAmount,
        FaultKind::RetryLater,
        FaultKind::SellerEmpty,
    ];

    fn fits(self, method: &str) -> bool {
        match self {
            FaultKind::RetryLater => {
                method == "alipay.trade.cancel" || method == "wechat.v2.reverse"
            }
            FaultKind::SellerEmpty => matches!(
                method,
                "alipay.trade.cancel"
                    | "alipay.trade.refund"
                    | "wechat.v2.reverse"
                    | "wechat.v2.refund"
                    | "wechat.v3.refund"
            ),
            FaultKind::RequestLost
            | FaultKind::RequestLate
            | FaultKind::Refused
            | FaultKind::AnswerLost
            | FaultKind::Slow
            | FaultKind::Busy
            | FaultKind::SystemError
            | FaultKind::ServerError
            | FaultKind::WrongSignature
            | FaultKind::Unsigned
            | FaultKind::Truncated
            | FaultKind::Garbage
            | FaultKind::Empty
            | FaultKind::Huge
            | FaultKind::Twice
            | FaultKind::AnotherOrder
            | FaultKind::AnotherAmount => true,
        }
    }

    fn with_chance(self, chance: &mut Chance) -> Fault {
        let acted = |chance: &mut Chance| match chance.happens(500) {
            true => Acted::Yes,
            false => Acted::No,
        };
        let ms = |chance: &mut Chance, least: u32, span: u64| {
            least + u32::try_from(chance.below(span)).unwrap_or(0)
        };
        match self {
            FaultKind::RequestLost => Fault::RequestLost,
            FaultKind::RequestLate => Fault::RequestLate { after_ms: ms(chance, 1_000, 44_000) },
            FaultKind::Refused => Fault::Refused,
            FaultKind::AnswerLost => Fault::AnswerLost,
            FaultKind::Slow => Fault::Slow { delay_ms: ms(chance, 200, 20_000) },
            FaultKind::Busy => Fault::Busy { acted: acted(chance) },
            FaultKind::SystemError => Fault::SystemError { acted: acted(chance) },
            FaultKind::ServerError => {
                let status = [500, 502, 503, 504][usize::try_from(chance.below(4)).unwrap_or(0)];
                Fault::ServerError { status, acted: acted(chance) }
            }
            FaultKind::WrongSignature => Fault::WrongSignature,
            FaultKind::Unsigned => Fault::Unsigned,
            FaultKind::Truncated => Fault::Truncated,
            FaultKind::Garbage => Fault::Garbage,
            FaultKind::Empty => Fault::Empty,
            FaultKind::Huge => Fault::Huge,
            FaultKind::Twice => Fault::Twice,
            FaultKind::AnotherOrder => Fault::AnotherOrder,
            FaultKind::AnotherAmount => Fault::AnotherAmount,
            FaultKind::RetryLater => Fault::RetryLater,
            FaultKind::SellerEmpty => Fault::SellerEmpty,
        }
    }
}

impl Fault {
    /// Returns the fault without its numbers.
    pub fn kind(self) -> FaultKind {
        match self {
            Fault::RequestLost => FaultKind::RequestLost,
            Fault::RequestLate { .. } => FaultKind::RequestLate,
            Fault::Refused => FaultKind::Refused,
            Fault::AnswerLost => FaultKind::AnswerLost,
            Fault::Slow { .. } => FaultKind::Slow,
            Fault::Busy { .. } => FaultKind::Busy,
            Fault::SystemError { .. } => FaultKind::SystemError,
            Fault::ServerError { .. } => FaultKind::ServerError,
            Fault::WrongSignature => FaultKind::WrongSignature,
            Fault::Unsigned => FaultKind::Unsigned,
            Fault::Truncated => FaultKind::Truncated,
            Fault::Garbage => FaultKind::Garbage,
            Fault::Empty => FaultKind::Empty,
            Fault::Huge => FaultKind::Huge,
            Fault::Twice => FaultKind::Twice,
            Fault::AnotherOrder => FaultKind::AnotherOrder,
            Fault::AnotherAmount => FaultKind::AnotherAmount,
            Fault::RetryLater => FaultKind::RetryLater,
            Fault::SellerEmpty => FaultKind::SellerEmpty,
        }
    }
}

impl Fault {
    /// Says whether the channel does what it was asked, as far as the fault leaves that open.
    pub(crate) fn acted(self) -> Acted {
        match self {
            Fault::Busy { acted } | Fault::SystemError { acted } => acted,
            Fault::ServerError { acted, .. } => acted,
            Fault::RequestLost | Fault::RequestLate { .. } | Fault::Refused => Acted::No,
            Fault::RetryLater | Fault::SellerEmpty => Acted::No,
            Fault::AnswerLost
            | Fault::Slow { .. }
            | Fault::WrongSignature
            | Fault::Unsigned
            | Fault::Truncated
            | Fault::Garbage
            | Fault::Empty
            | Fault::Huge
            | Fault::Twice
            | Fault::AnotherOrder
            | Fault::AnotherAmount => Acted::Yes,
        }
    }
}

/// A fault that waits for its request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scripted {
    /// `alipay.trade.cancel`, or None for whatever comes next.
    pub method: Option<String>,
    pub fault: Fault,
}

/// What may go wrong, and what did.
#[derive(Debug, Clone)]
pub struct Weather {
    chance: Chance,
    per_mille: BTreeMap<FaultKind, u32>,
    scripted: VecDeque<Scripted>,
    fired: BTreeMap<FaultKind, u64>,
    notices: NoticeWeather,
}

impl Weather {
    /// Starts calm.
    pub(crate) fn new(seed: u64) -> Weather {
        Weather {
            chance: Chance::new(seed),
            per_mille: BTreeMap::new(),
            scripted: VecDeque::new(),
            fired: BTreeMap::new(),
            notices: NoticeWeather::new(seed),
        }
    }

    /// Returns what may go wrong with notices.
    pub fn notices(&self) -> &NoticeWeather {
        &self.notices
    }

    pub fn notices_mut(&mut self) -> &mut NoticeWeather {
        &mut self.notices
    }

    /// Ends all faults, by chance and scripted, those of notices too. The counters stay.
    pub fn clear(&mut self) {
        self.notices.clear();
        self.per_mille.clear();
        self.scripted.clear();
    }

    /// Lets a kind of fault happen so many times in a thousand requests.
    pub fn set(&mut self, kind: FaultKind, per_mille: u32) {
        if per_mille == 0 {
            self.per_mille.remove(&kind);
        } else {
            self.per_mille.insert(kind, per_mille);
        }
    }

    /// Lets everything happen to requests from which a till must come back by itself.
    pub fn storm(&mut self) {
        for kind in FaultKind::ALL {
            let per_mille = match kind {
                FaultKind::RequestLost | FaultKind::AnswerLost => 60,
                FaultKind::Slow => 50,
                FaultKind::RequestLate | FaultKind::Refused => 30,
                FaultKind::Busy | FaultKind::SystemError | FaultKind::ServerError => 20,
                FaultKind::RetryLater | FaultKind::Twice => 20,
                FaultKind::WrongSignature | FaultKind::Unsigned | FaultKind::Truncated => 10,
                FaultKind::Garbage | FaultKind::Empty | FaultKind::AnotherOrder => 10,
                // These need a person, or more memory than a day's simulation has.
                FaultKind::AnotherAmount | FaultKind::SellerEmpty | FaultKind::Huge => 0,
            };
            self.set(kind, per_mille);
        }
    }

    /// Spoils the next request that the fault fits.
    pub fn next(&mut self, fault: Fault) {
        self.scripted.push_back(Scripted { method: None, fault });
    }

    /// Spoils the next request of a method, such as `alipay.trade.cancel`.
    pub fn next_of(&mut self, method: &str, fault: Fault) {
        self.scripted.push_back(Scripted { method: Some(method.to_owned()), fault });
    }

    /// Returns how often each kind of fault fired.
    pub fn fired(&self) -> &BTreeMap<FaultKind, u64> {
        &self.fired
    }

    /// Returns the chances in a thousand.
    pub fn chances(&self) -> &BTreeMap<FaultKind, u32> {
        &self.per_mille
    }

    /// Returns the faults that wait for their request.
    pub fn scripted(&self) -> impl Iterator<Item = &Scripted> {
        self.scripted.iter()
    }

    /// Decides what happens to a request.
    pub(crate) fn draw(&mut self, method: &str) -> Option<Fault> {
        let fault = self.draw_scripted(method).or_else(|| self.draw_by_chance(method))?;
        *self.fired.entry(fault.kind()).or_insert(0) += 1;
        Some(fault)
    }

    fn draw_scripted(&mut self, method: &str) -> Option<Fault> {
        let place = self.scripted.iter().position(|scripted| {
            scripted.fault.kind().fits(method)
                && scripted.method.as_deref().is_none_or(|wanted| wanted == method)
        })?;
        Some(self.scripted.remove(place)?.fault)
    }

    fn draw_by_chance(&mut self, method: &str) -> Option<Fault> {
        for (&kind, &per_mille) in &self.per_mille {
            if self.chance.happens(per_mille) && kind.fits(method) {
                return Some(kind.with_chance(&mut self.chance));
            }
        }
        None
    }
}
