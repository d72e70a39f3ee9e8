//! What is heard of the counter: it follows what the screens were told, and leads nothing.
//!
//! An [`Ear`] turns views, which are read from what the till has kept, into what is to be heard.
//! A payment is said once, after any restart too, and only while it is news; every other tone
//! belongs to a change that this process has seen.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mianfu_core::channel::ChannelId;
use mianfu_core::money::Charge;
use mianfu_sound::spoken::Memory;
use mianfu_sound::{Cue, Instrument, Speaker, Spoken, tones, voice};
use tauri::{AppHandle, Manager, Runtime};

use crate::open::Shop;
use crate::shell::{Shell, Told};
use crate::views::{AttemptState, ChannelView, CounterView, ReportCode};

/// A payment older than this is no news: it is on the screen, and its customer has left.
const NEWS_MS: i64 = 120_000;
/// How often the note of "nobody knows" sounds while such a sale holds the screen.
const UNKNOWN_EVERY: Duration = Duration::from_secs(10);
/// Ends and beginnings that are remembered; a view shows fewer.
const KNOWN_MAX: usize = 64;

/// Something to be heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Heard {
    Paid(Payment),
    Tone(Cue),
}

/// A payment to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Payment {
    pub(crate) out_trade_no: String,
    pub(crate) channel: ChannelId,
    pub(crate) amount: Charge,
}

/// What has been heard of the counter so far.
#[derive(Debug)]
pub(crate) struct Ear {
    /// Attempts whose end is no news, oldest first.
    ended: VecDeque<String>,
    /// When attempts began that were seen before they ended, by the till's clock.
    begun: BTreeMap<String, i64>,
    /// The sale in front of which nobody knows.
    unknown: Option<String>,
    /// The last attempt whose code gave its place to another wallet's.
    changed: Option<String>,
    /// What is to be thought of ends that the first view shows; `None` after it.
    first: Option<Memory>,
}

/// An end as a view shows it.
struct End<'a> {
    out_trade_no: &'a str,
    state: AttemptState,
    channel: ChannelView,
    amount_fen: i64,
    at_ms: i64,
}

impl Ear {
    /// Begins with nothing heard; `memory` is whether it is known what an earlier run has said.
    pub(crate) fn new(memory: Memory) -> Ear {
        Ear {
            ended: VecDeque::new(),
            begun: BTreeMap::new(),
            unknown: None,
            changed: None,
            first: Some(memory),
        }
    }

    /// Returns what is to be heard of a view, in order.
    pub(crate) fn hear(&mut self, view: &CounterView) -> Vec<Heard> {
        for attempt in view.front.iter().chain(&view.aside) {
            if attempt.ended_at_ms.is_none() {
                self.begun.insert(attempt.out_trade_no.clone(), attempt.started_at_ms);
            }
        }
        while KNOWN_MAX < self.begun.len() {
            self.begun.pop_first();
        }
        let front = view.front.as_ref();
        if let Some(changes) = front.filter(|front| front.changing_to.is_some()) {
            self.changed = Some(changes.out_trade_no.clone());
        } else if front.into_iter().chain(&view.aside).any(|of| self.has_changed(&of.out_trade_no))
        {
            self.changed = None;
        }
        let first = self.first.take();
        let heard: Vec<Heard> =
            ends(view).iter().filter_map(|end| self.hear_end(end, view.now_ms, first)).collect();
        let unknown = self.hear_unknown(view);
        heard.into_iter().chain(unknown).collect()
    }

    /// Returns whether a sale of which nobody knows holds the screen.
    pub(crate) fn hears_unknown(&self) -> bool {
        self.unknown.is_some()
    }

    fn hear_end(&mut self, end: &End<'_>, now_ms: i64, first: Option<Memory>) -> Option<Heard> {
        if self.ended.iter().any(|known| known == end.out_trade_no) {
            return None;
        }
        let cue = cue(end.state)?;
        self.ended.push_back(end.out_trade_no.to_owned());
        if KNOWN_MAX < self.ended.len() {
            self.ended.pop_front();
        }
        let begun_ms = self.begun.remove(end.out_trade_no);
        match (cue, first) {
            (Cue::Paid, Some(Memory::Lost)) => None,
            (Cue::Paid, Some(Memory::Whole) | None) => {
                // A payment is no older than its sale, and that age needs no clock but the till's.
                let ages_ms = [Some(end.at_ms), begun_ms].into_iter().flatten();
                let is_news = ages_ms.map(|at| now_ms - at).any(|age| age.abs() <= NEWS_MS);
                is_news.then(|| payment(end)).flatten().map(Heard::Paid)
            }
            // The sale goes on with the other code.
            (Cue::NotCharged, None) if self.has_changed(end.out_trade_no) => None,
            (Cue::NotCharged | Cue::Unknown | Cue::WrongScan, Some(_)) => None,
            (cue @ (Cue::NotCharged | Cue::Unknown | Cue::WrongScan), None) => {
                Some(Heard::Tone(cue))
            }
        }
    }

    /// Whether another wallet's code was to come in this one's place, and nobody let that go.
    fn has_changed(&self, out_trade_no: &str) -> bool {
        self.changed.as_deref() == Some(out_trade_no)
    }

    fn hear_unknown(&mut self, view: &CounterView) -> Option<Heard> {
        let front = view.front.as_ref();
        let holding = front.filter(|front| front.state == AttemptState::Unknown);
        let holding = holding.map(|front| front.out_trade_no.clone());
        let begins = holding.is_some() && holding != self.unknown;
        self.unknown = holding;
        begins.then_some(Heard::Tone(Cue::Unknown))
    }
}

/// Returns the ends that a view shows, oldest first.
fn ends(view: &CounterView) -> Vec<End<'_>> {
    // Whoever took cash saw it: only attempts, which have a number, are heard.
    let recent = view.recent.iter().rev().filter_map(|last| {
        Some(End {
            out_trade_no: last.out_trade_no.as_deref()?,
            state: last.state,
            channel: last.channel,
            amount_fen: last.amount_fen,
            at_ms: last.at_ms,
        })
    });
    let shown = view.aside.iter().chain(&view.front).filter_map(|attempt| {
        Some(End {
            out_trade_no: &attempt.out_trade_no,
            state: attempt.state,
            channel: attempt.channel,
            amount_fen: attempt.amount_fen,
            at_ms: attempt.ended_at_ms?,
        })
    });
    recent.chain(shown).collect()
}

/// Returns the tone of an end; `None` for what has not ended.
fn cue(state: AttemptState) -> Option<Cue> {
    match state {
        AttemptState::Paid => Some(Cue::Paid),
        AttemptState::Declined
        | AttemptState::Unreached
        | AttemptState::Closed
        | AttemptState::Returned => Some(Cue::NotCharged),
        // Nobody at the counter knows what to do about it without the manager.
        AttemptState::Held => Some(Cue::Unknown),
        AttemptState::Parked
        | AttemptState::Submitting
        | AttemptState::Typing
        | AttemptState::Code
        | AttemptState::Unknown
        | AttemptState::Reversing
        | AttemptState::Settling
        | AttemptState::Refunding => None,
    }
}

/// Returns what is said of a payment; cash was seen by whoever took it.
fn payment(end: &End<'_>) -> Option<Payment> {
    let channel = match end.channel {
        ChannelView::Alipay => ChannelId::Alipay,
        ChannelView::Wechat => ChannelId::Wechat,
        ChannelView::Cash => return None,
    };
    let amount = Charge::new(end.amount_fen)?;
    Some(Payment { out_trade_no: end.out_trade_no.to_owned(), channel, amount })
}

/// Returns whether a report says that what was scanned is no payment code.
pub(crate) fn is_wrong_scan(code: ReportCode) -> bool {
    matches!(
        code,
        ReportCode::NotAPaymentCode
            | ReportCode::ProductBarcode
            | ReportCode::ReceiveCode
            | ReportCode::WebAddress
            | ReportCode::MemberCard
            | ReportCode::OwnReceipt
            | ReportCode::CodesRunTogether
            | ReportCode::ScanTooLong
            | ReportCode::WideDigits
            | ReportCode::TruncatedCode
            | ReportCode::UnionPayCode
            | ReportCode::WalletNotHere
            | ReportCode::CodeAlreadyUsed
    )
}

/// Plays what is to be heard of every view.
pub(crate) async fn follow<R: Runtime>(app: AppHandle<R>) {
    let shell = app.state::<Shell>();
    let mut told = shell.told();
    let mut listening: Option<Listening> = None;
    let mut again = tokio::time::interval(UNKNOWN_EVERY);
    loop {
        let hears_unknown = listening.as_ref().is_some_and(|now| now.ear.hears_unknown());
        let heard = tokio::select! {
            changed = told.changed() => {
                if changed.is_err() {
                    return;
                }
                let Some(Told { shop, view }) = told.borrow_and_update().clone() else {
                    continue;
                };
                let now = match listening.take() {
                    Some(now) if Arc::ptr_eq(&now.shop, &shop) => now,
                    Some(_) | None => Listening::to(shop),
                };
                listening.insert(now).ear.hear(&view)
            }
            _ = again.tick(), if hears_unknown => vec![Heard::Tone(Cue::Unknown)],
        };
        if heard.contains(&Heard::Tone(Cue::Unknown)) {
            again.reset();
        }
        let manner = told.borrow().as_ref().map(|told| Manner::of(&told.view));
        let (Some(manner), Some(mut now)) = (manner, listening.take()) else {
            continue;
        };
        for heard in heard {
            now.spoken = play(shell.speaker(), manner, now.spoken, heard).await;
        }
        listening = Some(now);
    }
}

/// The shop that is listened to. Another one is listened to as after a restart: what each has said
/// is in its own file.
struct Listening {
    shop: Arc<Shop>,
    spoken: Spoken,
    ear: Ear,
}

impl Listening {
    fn to(shop: Arc<Shop>) -> Listening {
        let spoken = Spoken::open(&shop.spoken_file);
        let ear = Ear::new(spoken.memory());
        Listening { shop, spoken, ear }
    }
}

/// How the store wants to hear.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    instrument: Instrument,
    sound: bool,
    voice: bool,
}

impl Manner {
    fn of(view: &CounterView) -> Manner {
        let instrument = if view.practice { Instrument::Practice } else { Instrument::Till };
        Manner { instrument, sound: view.settings.sound, voice: view.settings.voice }
    }
}

/// Plays one sound; a payment is claimed on the disk first.
async fn play(speaker: &Speaker, manner: Manner, spoken: Spoken, heard: Heard) -> Spoken {
    let (Heard::Paid(Payment { out_trade_no, channel, amount }), true) =
        (&heard, manner.sound || manner.voice)
    else {
        if let Heard::Tone(cue) = heard {
            tone(speaker, manner, cue);
        }
        return spoken;
    };
    let (claimed, spoken) = claim(spoken, out_trade_no.clone()).await;
    if claimed {
        let tone = manner.sound.then(|| tones::tone(Cue::Paid, manner.instrument));
        let said = manner.voice.then(|| voice::paid(manner.instrument, *channel, *amount));
        speaker.play(tone.into_iter().chain(said).collect());
        tracing::info!(out_trade_no, "a payment was said");
    }
    spoken
}

fn tone(speaker: &Speaker, manner: Manner, cue: Cue) {
    if manner.sound {
        speaker.play(vec![tones::tone(cue, manner.instrument)]);
    }
}

/// Plays the click of a wrong scan.
pub(crate) fn click(speaker: &Speaker, view: Option<&CounterView>) {
    if let Some(manner) = view.map(Manner::of) {
        tone(speaker, manner, Cue::WrongScan);
    }
}

/// Claims a payment, away from the threads that serve the windows: it waits for the disk.
async fn claim(mut spoken: Spoken, out_trade_no: String) -> (bool, Spoken) {
    let claiming = tokio::task::spawn_blocking(move || {
        let claimed = spoken.claim(&out_trade_no);
        if let Err(error) = &claimed {
            tracing::warn!(%error, "a payment is not said: the claim could not be kept");
        }
        (claimed.unwrap_or(false), spoken)
    });
    match claiming.await {
        Ok(claimed) => claimed,
        // The runtime ends, and nobody hears anything more.
        Err(_) => (false, Spoken::open(&PathBuf::new())),
    }
}

#[cfg(test)]
mod tests;
