//! What a storm strikes: a random mixture of fingers and scanners, the same for the same seed.
//!
//! The customers' codes are not known while the mixture is drawn; they are put in when it is
//! struck.

use fantoccini::key::Key;

use super::super::keyboard::{Blow, CAPS_LOCK, MEANS_NOTHING, SHIFT_ALONE, on_pad};
use super::super::{Manner, Scanner};
use super::chance::Chance;

/// How long the hands rest at the end.
const REST_MS: u32 = 100;
const LONG_SCAN: usize = 4_096;

/// One storm.
#[derive(Debug, Clone)]
pub struct Storm {
    pub seed: u64,
    pub scanner: Scanner,
    /// How each customer behaves whose code is scanned.
    pub(crate) customers: Vec<Manner>,
    pub(crate) acts: Vec<Act>,
}

/// One thing that somebody or something does at the keyboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// Digits by fingers, on the pad or on the row above the letters.
    Amount {
        text: String,
        is_pad: bool,
        every_ms: u32,
    },
    /// One key by a finger.
    Press {
        sign: char,
        after_ms: u32,
    },
    TenEnters,
    CapsLock,
    Scan {
        what: Scanned,
        after_ms: u32,
        gaps_ms: Vec<u32>,
        ending: &'static str,
    },
}

/// What a scanner read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scanned {
    /// The code of a customer, by their place.
    Code(usize),
    /// The codes of two customers, sign by sign.
    Interleaved(usize, usize),
    Text(String),
}

/// Keys to strike, and where among them each act begins.
pub(crate) struct Struck {
    pub(crate) blows: Vec<Blow>,
    /// The place of the first key of each act.
    pub(crate) begins: Vec<usize>,
}

impl Struck {
    /// How many keys come to the page; Shift is not among them, because the display strikes it for
    /// a capital letter too.
    pub(crate) fn count(&self) -> usize {
        self.blows.iter().filter(|blow| blow.sign != SHIFT_ALONE).count()
    }
}

impl Storm {
    /// Draws the storm of a seed.
    #[must_use]
    pub fn of(seed: u64, scanner: Scanner) -> Storm {
        let mut chance = Chance::new(seed.wrapping_mul(2).wrapping_add(scanner as u64));
        let mut storm = Storm { seed, scanner, customers: Vec::new(), acts: Vec::new() };
        let count = 1 + chance.below(2);
        for _ in 0..count {
            storm.one_sale(&mut chance);
        }
        if 1 == chance.below(40) {
            let digits = (0..LONG_SCAN).map(|_| char::from(b'0' + chance.below(10) as u8));
            let long = Scanned::Text(digits.collect());
            storm.scan(&mut chance, long, Steadiness::Whole);
        }
        storm
    }

    /// An amount, perhaps an Enter, a scan, and whatever gets in between.
    fn one_sale(&mut self, chance: &mut Chance) {
        self.nonsense(chance, 4);
        if 0 < chance.below(8) {
            self.amount(chance);
        }
        self.nonsense(chance, 5);
        let confirms = match self.scanner {
            Scanner::Box => 0 < chance.below(6),
            Scanner::Trigger => 0 == chance.below(8),
        };
        if confirms {
            self.press(Key::Enter, 60 + chance.below(300));
        }
        self.nonsense(chance, 6);
        match chance.below(12) {
            0 => {
                let (one, other) = (self.customer(chance), self.customer(chance));
                self.scan(chance, Scanned::Interleaved(one, other), Steadiness::Whole);
            }
            1 | 2 => {
                let code = self.customer(chance);
                self.scan(chance, Scanned::Code(code), Steadiness::Whole);
                self.scan(chance, Scanned::Code(code), Steadiness::Whole);
            }
            3..=5 => {
                let code = self.customer(chance);
                self.scan(chance, Scanned::Code(code), Steadiness::Stumbling);
            }
            6 if !self.customers.is_empty() => {
                let earlier = chance.below(self.customers.len() as u64) as usize;
                self.scan(chance, Scanned::Code(earlier), Steadiness::Whole);
            }
            _ => {
                let code = self.customer(chance);
                self.scan(chance, Scanned::Code(code), Steadiness::Whole);
            }
        }
        self.nonsense(chance, 5);
    }

    /// Once in `rarity` times, something that belongs to no sale.
    fn nonsense(&mut self, chance: &mut Chance, rarity: u64) {
        if 0 < chance.below(rarity) {
            return;
        }
        match chance.below(14) {
            0 | 1 => self.acts.push(Act::TenEnters),
            2 | 3 => self.acts.push(Act::CapsLock),
            4..=6 => {
                let text = NO_CODES[chance.below(NO_CODES.len() as u64) as usize];
                let steadiness =
                    [Steadiness::Whole, Steadiness::Stumbling][chance.below(2) as usize];
                self.scan(chance, Scanned::Text(text.to_owned()), steadiness);
            }
            7 => self.amount(chance),
            8 => {
                let code = self.customer(chance);
                self.scan(chance, Scanned::Code(code), Steadiness::Stumbling);
            }
            9 => self.press(Key::Escape, 60 + chance.below(200)),
            10 => self.press(Key::Backspace, 60 + chance.below(200)),
            11 => self.press('-', 60 + chance.below(200)),
            12 => self.press('/', 60 + chance.below(200)),
            _ => self.press(Key::F3, 60 + chance.below(200)),
        }
    }

    fn customer(&mut self, chance: &mut Chance) -> usize {
        self.customers.push(match chance.below(10) {
            0 | 1 => Manner::TooLittleMoney,
            2 => Manner::TypesPassword { after_ms: 200 + chance.below(1_200) as u32 },
            _ => Manner::Pays,
        });
        self.customers.len() - 1
    }

    fn amount(&mut self, chance: &mut Chance) {
        let (yuan, fen) = (chance.below(90), chance.below(100));
        let text = match chance.below(5) {
            0 => format!("{}", yuan + 1),
            1 => format!("{yuan}.{}", 1 + fen % 9),
            _ => format!("{yuan}.{:02}", fen.max(1)),
        };
        let every_ms = 52 + chance.below(70) as u32;
        self.acts.push(Act::Amount { text, is_pad: 0 == chance.below(2), every_ms });
    }

    fn press(&mut self, sign: impl Into<char>, after_ms: u64) {
        self.acts.push(Act::Press { sign: sign.into(), after_ms: after_ms as u32 });
    }

    fn scan(&mut self, chance: &mut Chance, what: Scanned, steadiness: Steadiness) {
        let pace_ms = [1, 2, 2, 5, 5, 10, 25][chance.below(7) as usize];
        let long = matches!(&what, Scanned::Text(text) if LONG_SCAN <= text.len());
        let mut gaps_ms = vec![if long { 0 } else { pace_ms }; 40];
        if steadiness == Steadiness::Stumbling {
            for _ in 0..=chance.below(3) {
                gaps_ms[1 + chance.below(17) as usize] = 10 + chance.below(391) as u32;
            }
        }
        let after_ms = match chance.below(4) {
            0 => 5 + chance.below(100),
            1 => 100 + chance.below(400),
            _ => 610 + chance.below(80),
        };
        let ending = ["\r", "\r", "\r", "\r\n", "\n", "\t", ""][chance.below(7) as usize];
        self.acts.push(Act::Scan { what, after_ms: after_ms as u32, gaps_ms, ending });
    }

    /// Returns the keys, with the customers' codes put in, and a rest at their end.
    pub(crate) fn keys(&self, codes: &[String]) -> Struck {
        let mut struck = Struck { blows: Vec::new(), begins: Vec::new() };
        let mut has_capitals = false;
        for act in &self.acts {
            struck.begins.push(struck.blows.len());
            has_capitals ^= *act == Act::CapsLock;
            act.strike(codes, &mut struck.blows);
        }
        if has_capitals {
            struck.blows.push(Blow { sign: CAPS_LOCK, after_ms: 60 });
        }
        struck.blows.push(Blow { sign: SHIFT_ALONE, after_ms: REST_MS });
        struck
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Steadiness {
    Whole,
    Stumbling,
}

/// What a customer's phone, a shelf or a wallet holds that is no payment code.
const NO_CODES: [&str; 8] = [
    "6901234567892",
    "69012341",
    "https://qr.alipay.com/fkx00000abcdefgh1234567",
    "wxp://f2f0AbCdEfGhIjKlMn",
    "SKU-0042-abC",
    "2881234567",
    "6212345678901234567",
    "81012345678901",
];

impl Act {
    fn strike(&self, codes: &[String], blows: &mut Vec<Blow>) {
        match self {
            Act::Amount { text, is_pad, every_ms } => {
                let place = |sign| if *is_pad { on_pad(sign) } else { sign };
                let blow = |sign| Blow { sign: place(sign), after_ms: *every_ms };
                blows.extend(text.chars().map(blow));
            }
            Act::Press { sign, after_ms } => {
                blows.push(Blow { sign: *sign, after_ms: *after_ms });
            }
            Act::TenEnters => {
                blows.extend([Blow { sign: Key::Enter.into(), after_ms: 10 }; 10]);
            }
            Act::CapsLock => blows.push(Blow { sign: CAPS_LOCK, after_ms: 60 }),
            Act::Scan { what, after_ms, gaps_ms, ending } => {
                // What the screen says when the page comes to this key is what it says before the
                // scan.
                blows.push(Blow { sign: MEANS_NOTHING, after_ms: *after_ms });
                let text = what.text(codes) + ending;
                for (place, sign) in text.chars().enumerate() {
                    let pace = gaps_ms.get(place).or(gaps_ms.last()).copied().unwrap_or(5);
                    let after_ms = if place == 0 { 0 } else { pace };
                    blows.push(Blow { sign, after_ms });
                }
            }
        }
    }
}

impl Scanned {
    fn text(&self, codes: &[String]) -> String {
        match self {
            Scanned::Code(place) => codes[*place].clone(),
            Scanned::Interleaved(one, other) => {
                let pairs = codes[*one].chars().zip(codes[*other].chars());
                pairs.flat_map(|(one, other)| [one, other]).collect()
            }
            Scanned::Text(text) => text.clone(),
        }
    }
}
