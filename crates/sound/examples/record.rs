//! Records the voice again: `cargo run -p mianfu-sound --example record`.
//!
//! Has eSpeak NG (the program `espeak-ng`) speak each word, cuts the silence off, and writes
//! `voice/*.wav`. Run where the words change; the till itself never speaks through that program.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use mianfu_sound::words::{WORDS, Word};

const VOICE: &str = "cmn-latn-pinyin";
/// Words a minute, as eSpeak counts them.
const SPEED: &str = "185";
/// What eSpeak puts before the samples.
const HEADER_BYTES: usize = 44;
/// Below this a sample is silence.
const SILENCE: u16 = 500;
const LOUDEST: i32 = 28_000;
/// The first and last samples fade, so that a cut does not click.
const FADE: usize = 110;

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("voice");
    let mut bytes = 0;
    for word in WORDS {
        let (name, text) = spoken(word);
        let file = wav(&evened(&cut(&speak(text)?)));
        bytes += file.len();
        std::fs::write(folder.join(name).with_extension("wav"), file)?;
    }
    writeln!(std::io::stdout().lock(), "words={} bytes={bytes}", WORDS.len())
}

/// Returns the file's name and what eSpeak is given: pinyin with tones, or its own phonemes where a
/// third tone stands before another syllable and does not rise.
fn spoken(word: Word) -> (&'static str, &'static str) {
    match word {
        Word::Practice => ("practice", "lian4xi2"),
        Word::AlipayReceived => ("alipay-received", "zhi1fu4bao3 shou1kuan3"),
        Word::WechatReceived => ("wechat-received", "wei1xin4 shou1kuan3"),
        Word::Zero => ("0", "ling2"),
        Word::One => ("1", "yi1"),
        Word::Two => ("2", "er4"),
        Word::Pair => ("pair", "liang3"),
        Word::Three => ("3", "san1"),
        Word::Four => ("4", "si4"),
        Word::Five => ("5", "wu3"),
        Word::Six => ("6", "liu4"),
        Word::Seven => ("7", "qi1"),
        Word::Eight => ("8", "ba1"),
        Word::Nine => ("9", "jiu3"),
        Word::Ten => ("10", "shi2"),
        Word::Hundred => ("100", "bai3"),
        Word::Thousand => ("1000", "qian1"),
        Word::Myriad => ("10000", "wan4"),
        Word::Yuan => ("yuan", "yuan2"),
        Word::Jiao => ("jiao", "jiao3"),
        Word::Fen => ("fen", "fen1"),
    }
}

fn speak(text: &str) -> std::io::Result<Vec<i16>> {
    let output =
        Command::new("espeak-ng").args(["-v", VOICE, "-s", SPEED, "--stdout", text]).output()?;
    let samples = output.stdout.get(HEADER_BYTES..).unwrap_or_default();
    if !output.status.success() || samples.is_empty() {
        return Err(std::io::Error::other(format!("espeak-ng did not speak `{text}`")));
    }
    let pairs = samples.chunks_exact(2);
    Ok(pairs.map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect())
}

fn cut(sound: &[i16]) -> Vec<i16> {
    let is_heard = |sample: &i16| SILENCE < sample.unsigned_abs();
    let first = sound.iter().position(is_heard).unwrap_or(0);
    let last = sound.iter().rposition(is_heard).unwrap_or(0);
    sound[first.saturating_sub(FADE)..(last + FADE).min(sound.len())].to_vec()
}

fn evened(sound: &[i16]) -> Vec<i16> {
    let loudest = sound.iter().map(|sample| i32::from(sample.unsigned_abs())).max().unwrap_or(1);
    let fade = |at: usize| at.min(sound.len() - 1 - at).min(FADE) as i32;
    let samples = sound.iter().enumerate();
    samples
        .map(|(at, sample)| {
            let even = i32::from(*sample) * LOUDEST / loudest.max(1) * fade(at) / FADE as i32;
            i16::try_from(even).unwrap_or(0)
        })
        .collect()
}

/// Writes G.711 µ-law as WAV.
fn wav(sound: &[i16]) -> Vec<u8> {
    let rate = mianfu_sound::RATE;
    let length = u32::try_from(sound.len()).unwrap_or(u32::MAX);
    let padding = length % 2;
    let mut file = Vec::new();
    file.extend(b"RIFF");
    file.extend((50 + length + padding).to_le_bytes());
    file.extend(b"WAVEfmt \x12\0\0\0\x07\0\x01\0");
    file.extend(rate.to_le_bytes());
    file.extend(rate.to_le_bytes());
    file.extend(b"\x01\0\x08\0\0\0fact\x04\0\0\0");
    file.extend(length.to_le_bytes());
    file.extend(b"data");
    file.extend(length.to_le_bytes());
    file.extend(sound.iter().map(|sample| quietened(*sample)));
    file.resize(file.len() + padding as usize, 0);
    file
}

/// Returns the µ-law byte of a sample (ITU-T G.711).
fn quietened(sample: i16) -> u8 {
    const BIAS: u16 = 0x84;
    let sign = if sample < 0 { 0x80 } else { 0 };
    let steps = sample.unsigned_abs().min(32_635) + BIAS;
    let segment = (15 - steps.leading_zeros()).saturating_sub(7);
    let within = (steps >> (segment + 3)) & 0x0f;
    !(sign | (segment << 4) as u8 | within as u8)
}
