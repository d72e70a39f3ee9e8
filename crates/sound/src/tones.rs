//! The till's tones, reckoned when they are needed.
//!
//! A tone says what a glance at the plate says: two rising notes for paid, two level ones for not
//! charged, one low one for "nobody knows", a dry click for a scan that was no payment code.
//! Practice plays the same on another instrument, so that no ear takes it for money.

use crate::RATE;

/// The loudest a sample is, a fifth below the limit.
const LOUDEST: i64 = 26_000;
/// How long a note rises and how long its end falls, so that neither clicks.
const RISE_MS: u32 = 5;
const FALL_MS: u32 = 12;

/// What a tone says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cue {
    /// The money is there.
    Paid,
    /// Declined, closed or returned: nothing was charged.
    NotCharged,
    /// Nobody knows yet.
    Unknown,
    /// What was scanned is no payment code.
    WrongScan,
}

/// Whose money it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Instrument {
    /// A bell: real money.
    Till,
    /// A reed: pretend money.
    Practice,
}

/// One note: how high, in thousandths of a hertz, how long, and how long the silence after it.
struct Note {
    pitch_mhz: u64,
    long_ms: u32,
    rest_ms: u32,
}

const D3: u64 = 146_832;
const G4: u64 = 391_995;
const E5: u64 = 659_255;
const B5: u64 = 987_767;
const CLICK: u64 = 1_750_000;

/// Returns a tone as samples.
#[must_use]
pub fn tone(cue: Cue, instrument: Instrument) -> Vec<i16> {
    notes(cue).iter().flat_map(|note| played(note, instrument)).collect()
}

fn notes(cue: Cue) -> &'static [Note] {
    match cue {
        Cue::Paid => &[
            Note { pitch_mhz: E5, long_ms: 110, rest_ms: 10 },
            Note { pitch_mhz: B5, long_ms: 260, rest_ms: 60 },
        ],
        Cue::NotCharged => &[
            Note { pitch_mhz: G4, long_ms: 140, rest_ms: 70 },
            Note { pitch_mhz: G4, long_ms: 180, rest_ms: 0 },
        ],
        Cue::Unknown => &[Note { pitch_mhz: D3, long_ms: 420, rest_ms: 0 }],
        Cue::WrongScan => &[Note { pitch_mhz: CLICK, long_ms: 24, rest_ms: 0 }],
    }
}

fn played(note: &Note, instrument: Instrument) -> Vec<i16> {
    let (long, rest) = (samples(note.long_ms), samples(note.rest_ms));
    let sounding = (0..long).map(|at| {
        let swing =
            wave(at, note.pitch_mhz, instrument) * i64::from(loudness(at, long, instrument));
        i16::try_from(swing / 1_000 * LOUDEST / 1_000).unwrap_or(0)
    });
    sounding.chain(std::iter::repeat_n(0, rest as usize)).collect()
}

/// Returns the swing at a sample, from −1,000 to 1,000.
fn wave(at: u32, pitch_mhz: u64, instrument: Instrument) -> i64 {
    // The overtones of each instrument and their shares of a thousand. A small loudspeaker gives
    // nothing of the low note itself; its overtones are what is heard.
    let overtones: &[(u64, i64)] = match instrument {
        Instrument::Till => &[(1, 620), (2, 240), (4, 140)],
        Instrument::Practice => &[(1, 400), (3, 270), (5, 200), (7, 130)],
    };
    let swing: i64 =
        overtones.iter().map(|(times, share)| share * sine(phase(at, pitch_mhz * times))).sum();
    swing / 1_000
}

/// Returns how loud a note is at a sample, from 0 to 1,000: a bell fades, a reed holds.
fn loudness(at: u32, long: u32, instrument: Instrument) -> u32 {
    let rise = at.saturating_mul(1_000) / samples(RISE_MS);
    let fall = (long - at).saturating_mul(1_000) / samples(FALL_MS);
    let left = (long - at).saturating_mul(1_000) / long;
    let held = match instrument {
        Instrument::Till => left * left / 1_000,
        Instrument::Practice => 700,
    };
    held.min(rise).min(fall)
}

/// Returns where in its turn a pitch is at a sample; a turn has 65,536 steps.
fn phase(at: u32, pitch_mhz: u64) -> i64 {
    let turns = u64::from(at) * pitch_mhz * 65_536 / (u64::from(RATE) * 1_000);
    i64::from((turns % 65_536) as u16)
}

/// Returns the sine of a phase, from −1,000 to 1,000, by Bhaskara's formula: right to two in a
/// thousand, and whole numbers only.
fn sine(phase: i64) -> i64 {
    const HALF: i64 = 32_768;
    let along = phase % HALF;
    let bow = along * (HALF - along);
    let height = 16_000 * bow / (5 * HALF * HALF - 4 * bow);
    if phase < HALF { height } else { -height }
}

fn samples(ms: u32) -> u32 {
    ms * RATE / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    const CUES: [Cue; 4] = [Cue::Paid, Cue::NotCharged, Cue::Unknown, Cue::WrongScan];
    const INSTRUMENTS: [Instrument; 2] = [Instrument::Till, Instrument::Practice];

    /// How often the sound goes from below to above silence, in hertz, over a stretch.
    fn pitch(tone: &[i16]) -> usize {
        let ups = tone.windows(2).filter(|pair| pair[0] < 0 && 0 <= pair[1]).count();
        ups * RATE as usize / tone.len()
    }

    #[test]
    fn a_sine_is_a_sine() {
        let check = |phase, expected: i64| {
            assert!((sine(phase) - expected).abs() <= 2, "{phase}: {}", sine(phase));
        };
        check(0, 0);
        check(65_536 / 12, 500);
        check(65_536 / 8, 707);
        check(65_536 / 4, 1_000);
        check(32_768, 0);
        check(32_768 + 16_384, -1_000);
    }

    #[test]
    fn every_tone_is_heard_begins_and_ends_in_silence_and_is_short() {
        for instrument in INSTRUMENTS {
            for cue in CUES {
                let tone = tone(cue, instrument);
                let loudest = tone.iter().map(|sample| sample.unsigned_abs()).max().unwrap();
                assert!((8_000..=26_000).contains(&loudest), "{cue:?} {instrument:?}: {loudest}");
                let ends = [tone[0], tone[tone.len() - 1]];
                assert!(ends.iter().all(|end| end.abs() < 600), "{cue:?} clicks: {ends:?}");
                assert!(tone.len() < RATE as usize / 2, "{cue:?} takes half a second");
            }
        }
    }

    #[test]
    fn paid_rises_and_not_charged_stays_level() {
        let first_and_last = |cue| {
            let tone = tone(cue, Instrument::Till);
            let part = samples(100) as usize;
            let last = tone.len() - samples(180) as usize;
            (pitch(&tone[..part]), pitch(&tone[last..last + part]))
        };
        let (low, high) = first_and_last(Cue::Paid);
        assert!(low + 200 < high, "{low} Hz, then {high} Hz");
        let (first, second) = first_and_last(Cue::NotCharged);
        assert!(first.abs_diff(second) < 30, "{first} Hz, then {second} Hz");
        let unknown = pitch(&tone(Cue::Unknown, Instrument::Till));
        assert!(unknown < first, "nobody knows is the lowest: {unknown} Hz");
    }

    #[test]
    fn no_two_tones_are_alike_and_practice_sounds_like_nothing_of_the_till() {
        let mut heard = std::collections::BTreeSet::new();
        for instrument in INSTRUMENTS {
            for cue in CUES {
                assert!(heard.insert(tone(cue, instrument)), "{cue:?} {instrument:?}");
            }
        }
    }
}
