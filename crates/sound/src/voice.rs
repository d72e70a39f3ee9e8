//! The words as recorded sound, put one after the other.
//!
//! The recordings in `voice/` were spoken by eSpeak NG, which was run as a program and is no part
//! of the till; `cargo run -p mianfu-sound --example record` makes them again. They are WAV files
//! in G.711 µ-law, mono, [`crate::RATE`] samples a second.

use mianfu_core::channel::ChannelId;
use mianfu_core::money::Charge;

use crate::RATE;
use crate::tones::Instrument;
use crate::words::{self, Word};

/// The silence between who received and how much.
const PAUSE_MS: u32 = 90;

/// Returns the sentence 支付宝收款 十二元五角. In practice it begins with 练习: a practising till
/// says no sentence that a live one says.
#[must_use]
pub fn paid(instrument: Instrument, channel: ChannelId, amount: Charge) -> Vec<i16> {
    let mut sound = Vec::new();
    match instrument {
        Instrument::Till => (),
        Instrument::Practice => say(Word::Practice, &mut sound),
    }
    say(words::received(channel), &mut sound);
    sound.extend(std::iter::repeat_n(0, (PAUSE_MS * RATE / 1_000) as usize));
    for word in words::amount(amount) {
        say(word, &mut sound);
    }
    sound
}

fn say(word: Word, sound: &mut Vec<i16>) {
    let recorded = samples(recording(word)).unwrap_or_default();
    sound.extend(recorded.iter().map(|byte| loudened(*byte)));
}

fn recording(word: Word) -> &'static [u8] {
    match word {
        Word::Practice => include_bytes!("../voice/practice.wav"),
        Word::AlipayReceived => include_bytes!("../voice/alipay-received.wav"),
        Word::WechatReceived => include_bytes!("../voice/wechat-received.wav"),
        Word::Zero => include_bytes!("../voice/0.wav"),
        Word::One => include_bytes!("../voice/1.wav"),
        Word::Two => include_bytes!("../voice/2.wav"),
        Word::Pair => include_bytes!("../voice/pair.wav"),
        Word::Three => include_bytes!("../voice/3.wav"),
        Word::Four => include_bytes!("../voice/4.wav"),
        Word::Five => include_bytes!("../voice/5.wav"),
        Word::Six => include_bytes!("../voice/6.wav"),
        Word::Seven => include_bytes!("../voice/7.wav"),
        Word::Eight => include_bytes!("../voice/8.wav"),
        Word::Nine => include_bytes!("../voice/9.wav"),
        Word::Ten => include_bytes!("../voice/10.wav"),
        Word::Hundred => include_bytes!("../voice/100.wav"),
        Word::Thousand => include_bytes!("../voice/1000.wav"),
        Word::Myriad => include_bytes!("../voice/10000.wav"),
        Word::Yuan => include_bytes!("../voice/yuan.wav"),
        Word::Jiao => include_bytes!("../voice/jiao.wav"),
        Word::Fen => include_bytes!("../voice/fen.wav"),
    }
}

/// Returns the samples of a WAV file: the contents of its `data` chunk.
fn samples(file: &[u8]) -> Option<&[u8]> {
    let mut rest = file.get(12..)?;
    loop {
        let (name, sized) = rest.split_at_checked(4)?;
        let (length, body) = sized.split_at_checked(4)?;
        let length = u32::from_le_bytes(length.try_into().ok()?) as usize;
        if name == b"data" {
            return body.get(..length);
        }
        rest = body.get(length + length % 2..)?;
    }
}

/// Returns the sample that a µ-law byte stands for (ITU-T G.711, table 2a).
fn loudened(byte: u8) -> i16 {
    const BIAS: i16 = 0x84;
    let turned = !byte;
    let steps = ((i16::from(turned & 0x0f) << 3) + BIAS) << ((turned & 0x70) >> 4);
    if turned & 0x80 == 0 { steps - BIAS } else { BIAS - steps }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::WORDS;

    #[test]
    fn every_word_is_recorded_loud_enough_and_short() {
        for word in WORDS {
            let mut sound = Vec::new();
            say(word, &mut sound);
            let ms = sound.len() * 1_000 / RATE as usize;
            let most_ms = if word <= Word::WechatReceived { 1_300 } else { 520 };
            assert!((120..=most_ms).contains(&ms), "{word:?} takes {ms} ms");
            let loudest = sound.iter().map(|sample| sample.unsigned_abs()).max().unwrap();
            assert!((18_000..=32_124).contains(&loudest), "{word:?}: {loudest}");
        }
    }

    #[test]
    fn no_two_words_share_a_recording() {
        let recordings: std::collections::BTreeSet<_> = WORDS.map(recording).into();
        assert_eq!(recordings.len(), WORDS.len());
    }

    #[test]
    fn the_recordings_are_a_few_hundred_kilobytes() {
        let bytes: usize = WORDS.map(|word| recording(word).len()).iter().sum();
        assert!(bytes < 300_000, "{bytes} bytes");
    }

    #[test]
    fn a_practising_till_says_more_than_a_live_one() {
        let amount = Charge::new(1_250).unwrap();
        let live = paid(Instrument::Till, ChannelId::Alipay, amount);
        let practice = paid(Instrument::Practice, ChannelId::Alipay, amount);
        assert!(practice.ends_with(&live) && live.len() < practice.len());
        assert_ne!(live, paid(Instrument::Till, ChannelId::Wechat, amount));
    }

    #[test]
    fn mu_law_bytes_are_read_as_the_standard_says() {
        for (byte, sample) in [(0xff, 0), (0x7f, 0), (0x80, 32_124), (0x00, -32_124), (0xf0, 120)] {
            assert_eq!(loudened(byte), sample, "{byte:#x}");
        }
    }

    #[test]
    fn a_damaged_recording_is_silent() {
        for file in
            [&b""[..], b"RIFF", b"RIFF\x04\0\0\0WAVEdata\xff\0\0\0", b"RIFF\0\0\0\0WAVEfmt "]
        {
            assert_eq!(samples(file), None);
        }
    }
}
