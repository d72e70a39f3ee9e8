//! Whether a storm's charges are right: by practice's ledger and by what was on the screen.
//!
//! A charge is right when its code was struck whole, its amount stood on the screen when the first
//! key of that scan was struck, fingers had typed that amount and, with a box scanner, an Enter by
//! a finger had armed it. Each code is charged at most once.

use std::collections::{BTreeMap, BTreeSet};

use fantoccini::key::Key;
use serde_json::Value;

use super::super::Scanner;
use super::script::{Act, Scanned, Storm, Struck};

/// One trade of practice's ledger that a storm made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Charge {
    /// The place of the customer whose code was charged; none for a code nobody showed.
    pub(crate) customer: Option<usize>,
    pub(crate) amount_fen: u64,
}

/// What was written down in the page.
pub(crate) struct Written {
    keys: Vec<WrittenKey>,
    screens: Vec<Screen>,
}

struct WrittenKey {
    handled_us: u64,
}

struct Screen {
    at_us: u64,
    phase: String,
    fen: u64,
}

impl Written {
    /// Reads what the recorder wrote; none where it is in another form.
    pub(crate) fn read(text: &str) -> Option<Written> {
        let all: Value = serde_json::from_str(text).ok()?;
        let key = |one: &Value| Some(WrittenKey { handled_us: us(&one["handled"])? });
        let screen = |one: &Value| {
            let phase = one["phase"].as_str()?.to_owned();
            Some(Screen { at_us: us(&one["at"])?, phase, fen: one["fen"].as_u64()? })
        };
        let keys = all["keys"].as_array()?.iter().map(key).collect::<Option<_>>()?;
        let screens = all["screens"].as_array()?.iter().map(screen).collect::<Option<_>>()?;
        Some(Written { keys, screens })
    }

    fn screen_at(&self, at_us: u64) -> Option<&Screen> {
        self.screens.iter().rev().find(|screen| screen.at_us <= at_us)
    }
}

/// Reads milliseconds with a fraction as whole microseconds, without a float.
fn us(ms: &Value) -> Option<u64> {
    let text = ms.to_string();
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let part: String = part.chars().chain("000".chars()).take(3).collect();
    Some(whole.parse::<u64>().ok()? * 1_000 + part.parse::<u64>().ok()?)
}

/// Returns a sentence for everything that is wrong.
pub(crate) fn wrongs(
    storm: &Storm,
    struck: &Struck,
    written: &Written,
    charges: &[Charge],
) -> Vec<String> {
    let mut wrongs = Vec::new();
    if written.keys.len() != struck.count() {
        let (struck, came) = (struck.count(), written.keys.len());
        return vec![format!("{struck} keys were struck and {came} came to the page")];
    }
    let mut per_customer: BTreeMap<usize, u32> = BTreeMap::new();
    for charge in charges {
        let Some(customer) = charge.customer else {
            wrongs.push(format!("{} fen by a code nobody showed", charge.amount_fen));
            continue;
        };
        *per_customer.entry(customer).or_insert(0) += 1;
        if let Err(why) = is_right(storm, struck, written, customer, charge.amount_fen) {
            wrongs.push(format!("{} fen of customer {customer}: {why}", charge.amount_fen));
        }
    }
    let twice = per_customer.iter().filter(|(_, count)| 1 < **count);
    wrongs.extend(twice.map(|(customer, count)| format!("customer {customer} {count} times")));
    wrongs
}

fn is_right(
    storm: &Storm,
    struck: &Struck,
    written: &Written,
    customer: usize,
    amount_fen: u64,
) -> Result<(), String> {
    if !is_typed(storm, amount_fen) {
        return Err("no finger typed this amount".to_owned());
    }
    let mut why = "the code was never scanned whole".to_owned();
    for (act, begin) in storm.acts.iter().zip(&struck.begins) {
        if !matches!(act, Act::Scan { what: Scanned::Code(place), .. } if *place == customer) {
            continue;
        }
        let key = &written.keys[*begin];
        let screen = written.screen_at(key.handled_us);
        let seen_fen = screen.map_or(0, |screen| screen.fen);
        if seen_fen != amount_fen {
            why = format!("{seen_fen} fen stood on the screen when it was scanned");
            continue;
        }
        // An amount stays armed while what was scanned before is handed in and refused.
        let phase = screen.map_or("", |screen| &screen.phase);
        let armed = ["armed", "sending"].contains(&phase);
        let confirmed =
            storm.scanner == Scanner::Trigger || (armed && has_enter(storm, struck, *begin));
        if confirmed {
            return Ok(());
        }
        why = format!("nobody had armed it, the plate was {phase}");
    }
    Err(why)
}

/// Whether a finger struck Enter before the key at `place`.
fn has_enter(storm: &Storm, struck: &Struck, place: usize) -> bool {
    let before = storm.acts.iter().zip(&struck.begins).filter(|(_, begin)| **begin < place);
    before.into_iter().any(|(act, _)| match act {
        Act::TenEnters => true,
        Act::Press { sign, .. } => *sign == char::from(Key::Enter),
        Act::Amount { .. } | Act::CapsLock | Act::Scan { .. } => false,
    })
}

/// Whether the amount can stand on the screen from the fingers' own keys, however few of them were
/// taken: pieces of what they typed, in their order. A scanner's digit makes another.
fn is_typed(storm: &Storm, amount_fen: u64) -> bool {
    let typed = storm.acts.iter().filter_map(|act| match act {
        Act::Amount { text, .. } => Some(text.as_str()),
        Act::Press { .. } | Act::TenEnters | Act::CapsLock | Act::Scan { .. } => None,
    });
    let typed: Vec<&str> = typed.collect();
    spellings(amount_fen).iter().any(|spelling| is_pieced(spelling, &typed))
}

/// How an amount may be typed: `12.50`, `12.5`, `12` or `.50`.
fn spellings(amount_fen: u64) -> Vec<String> {
    let (yuan, fen) = (amount_fen / 100, amount_fen % 100);
    let wholes =
        if yuan == 0 { vec![String::new(), "0".to_owned()] } else { vec![yuan.to_string()] };
    let mut parts = vec![format!(".{fen:02}")];
    if fen % 10 == 0 {
        parts.push(format!(".{}", fen / 10));
    }
    if fen == 0 {
        parts.extend([".".to_owned(), String::new()]);
    }
    wholes.iter().flat_map(|whole| parts.iter().map(move |part| format!("{whole}{part}"))).collect()
}

fn is_pieced(text: &str, typed: &[&str]) -> bool {
    let mut reached = BTreeSet::from([0]);
    for segment in typed {
        for from in reached.clone() {
            for to in from + 1..=text.len() {
                if segment.contains(&text[from..to]) {
                    reached.insert(to);
                }
            }
        }
    }
    reached.contains(&text.len())
}

#[cfg(test)]
mod tests {
    use super::super::super::{CAPS_LOCK, Manner};
    use super::*;

    fn storm(scanner: Scanner, acts: Vec<Act>) -> Storm {
        Storm { seed: 0, scanner, customers: vec![Manner::Pays; 2], acts }
    }

    fn scan(what: Scanned) -> Act {
        Act::Scan { what, after_ms: 5, gaps_ms: vec![5], ending: "\r" }
    }

    /// Judges a charge where the screen said 12.50 and `phase` when the last act began.
    #[track_caller]
    fn check(scanner: Scanner, last: Act, phase: &str, charge: (Option<usize>, u64), why: &str) {
        let text = "12.50".to_owned();
        let amount = Act::Amount { text, is_pad: false, every_ms: 80 };
        let enter = Act::Press { sign: Key::Enter.into(), after_ms: 80 };
        let storm = storm(scanner, vec![amount, enter, last]);
        let struck = storm.keys(&["281234567890123456".into(), "289876543210987654".into()]);
        let key = |place: u64| WrittenKey { handled_us: place * 20_000 };
        // The rest at the end is no key.
        let keys = (1..struck.blows.len() as u64).map(key).collect();
        let screen = Screen { at_us: 20, phase: phase.to_owned(), fen: 1250 };
        let written = Written { keys, screens: vec![screen] };
        let charge = Charge { customer: charge.0, amount_fen: charge.1 };
        let wrongs = wrongs(&storm, &struck, &written, &[charge]);
        assert_eq!(wrongs.join(" "), why);
    }

    #[test]
    fn a_wrong_charge_is_called_wrong_and_a_right_one_is_not() {
        let code = || scan(Scanned::Code(0));
        check(Scanner::Box, code(), "armed", (Some(0), 1250), "");
        check(Scanner::Trigger, code(), "typing", (Some(0), 1250), "");
        check(Scanner::Box, code(), "sending", (Some(0), 1250), "");
        let unarmed = "1250 fen of customer 0: nobody had armed it, the plate was typing";
        check(Scanner::Box, code(), "typing", (Some(0), 1250), unarmed);
        let seen = "1200 fen of customer 0: 1250 fen stood on the screen when it was scanned";
        check(Scanner::Trigger, code(), "typing", (Some(0), 1200), seen);
        let typed = "12502 fen of customer 0: no finger typed this amount";
        check(Scanner::Trigger, code(), "typing", (Some(0), 12502), typed);
        let nobody = "1250 fen by a code nobody showed";
        check(Scanner::Trigger, code(), "typing", (None, 1250), nobody);
        let mixed = scan(Scanned::Interleaved(0, 1));
        let never = "1250 fen of customer 0: the code was never scanned whole";
        check(Scanner::Trigger, mixed, "typing", (Some(0), 1250), never);
    }

    #[test]
    fn the_same_seed_strikes_the_same_keys() {
        let codes = vec!["281234567890123456".to_owned(); 16];
        for seed in 0..50 {
            let strike = || Storm::of(seed, Scanner::Box).keys(&codes).blows;
            assert_eq!(strike(), strike(), "seed {seed}");
            assert_ne!(strike().last().map(|blow| blow.sign), Some(CAPS_LOCK));
        }
    }
}
