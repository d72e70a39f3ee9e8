//! Plays every tone and a sentence, for whoever sets up a till or changes the voice:
//! `cargo run -p mianfu-sound --example say 12.50`. With a file's name as well, the sound goes into
//! that file as WAV.

use std::io::Write;
use std::time::Duration;

use mianfu_core::channel::ChannelId;
use mianfu_core::money::{Charge, Fen};
use mianfu_sound::{Cue, Instrument, RATE, Speaker, tones, voice, words};

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let typed = arguments.next().unwrap_or_else(|| "12.50".to_owned());
    let amount = Fen::from_yuan(&typed).and_then(|fen| Charge::new(fen.get()));
    let amount = amount.ok_or_else(|| std::io::Error::other("an amount is 0.01 to 50000.00"))?;
    let written: String = words::amount(amount).into_iter().map(words::Word::written).collect();
    let mut out = std::io::stdout().lock();
    writeln!(out, "amount={written}")?;

    let mut sound = Vec::new();
    for instrument in [Instrument::Till, Instrument::Practice] {
        for cue in [Cue::NotCharged, Cue::Unknown, Cue::WrongScan, Cue::Paid] {
            sound.extend(tones::tone(cue, instrument));
            sound.extend(std::iter::repeat_n(0, RATE as usize / 2));
        }
        sound.extend(voice::paid(instrument, ChannelId::Alipay, amount));
        sound.extend(std::iter::repeat_n(0, RATE as usize / 2));
    }
    if let Some(path) = arguments.next() {
        return std::fs::write(path, wav(&sound));
    }
    let long = Duration::from_secs(sound.len() as u64 / u64::from(RATE) + 2);
    let speaker = Speaker::begin();
    speaker.play(vec![sound]);
    std::thread::sleep(long);
    let works = *speaker.works().borrow();
    writeln!(out, "device={}", if works { "there" } else { "missing" })
}

/// Writes samples as plain WAV.
fn wav(sound: &[i16]) -> Vec<u8> {
    let bytes = u32::try_from(sound.len() * 2).unwrap_or(u32::MAX);
    let mut file = b"RIFF".to_vec();
    file.extend((36 + bytes).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(RATE.to_le_bytes());
    file.extend((RATE * 2).to_le_bytes());
    file.extend(b"\x02\0\x10\0data");
    file.extend(bytes.to_le_bytes());
    file.extend(sound.iter().flat_map(|sample| sample.to_le_bytes()));
    file
}
