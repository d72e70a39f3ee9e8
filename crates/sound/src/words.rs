//! An amount as it is said in Chinese, word by word.
//!
//! Pure: no sound here. 两 stands before 千 and 万 and where a sum begins with a lone 2; 百 takes 二.

use mianfu_core::channel::ChannelId;
use mianfu_core::money::Charge;

/// A word that the voice has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// 练习
    Practice,
    /// 支付宝收款
    AlipayReceived,
    /// 微信收款
    WechatReceived,
    /// 零
    Zero,
    /// 一
    One,
    /// 二
    Two,
    /// 两
    Pair,
    /// 三
    Three,
    /// 四
    Four,
    /// 五
    Five,
    /// 六
    Six,
    /// 七
    Seven,
    /// 八
    Eight,
    /// 九
    Nine,
    /// 十
    Ten,
    /// 百
    Hundred,
    /// 千
    Thousand,
    /// 万
    Myriad,
    /// 元
    Yuan,
    /// 角
    Jiao,
    /// 分
    Fen,
}

/// Every word, in the order of the enum.
pub const WORDS: [Word; 21] = [
    Word::Practice,
    Word::AlipayReceived,
    Word::WechatReceived,
    Word::Zero,
    Word::One,
    Word::Two,
    Word::Pair,
    Word::Three,
    Word::Four,
    Word::Five,
    Word::Six,
    Word::Seven,
    Word::Eight,
    Word::Nine,
    Word::Ten,
    Word::Hundred,
    Word::Thousand,
    Word::Myriad,
    Word::Yuan,
    Word::Jiao,
    Word::Fen,
];

const DIGITS: [Word; 10] = [
    Word::Zero,
    Word::One,
    Word::Two,
    Word::Three,
    Word::Four,
    Word::Five,
    Word::Six,
    Word::Seven,
    Word::Eight,
    Word::Nine,
];

impl Word {
    /// Returns the word as it is written.
    #[must_use]
    pub fn written(self) -> &'static str {
        match self {
            Word::Practice => "练习",
            Word::AlipayReceived => "支付宝收款",
            Word::WechatReceived => "微信收款",
            Word::Zero => "零",
            Word::One => "一",
            Word::Two => "二",
            Word::Pair => "两",
            Word::Three => "三",
            Word::Four => "四",
            Word::Five => "五",
            Word::Six => "六",
            Word::Seven => "七",
            Word::Eight => "八",
            Word::Nine => "九",
            Word::Ten => "十",
            Word::Hundred => "百",
            Word::Thousand => "千",
            Word::Myriad => "万",
            Word::Yuan => "元",
            Word::Jiao => "角",
            Word::Fen => "分",
        }
    }
}

/// Returns what is said of money that a channel has received.
#[must_use]
pub fn received(channel: ChannelId) -> Word {
    match channel {
        ChannelId::Alipay => Word::AlipayReceived,
        ChannelId::Wechat => Word::WechatReceived,
    }
}

/// Returns an amount in words: 1250 fen is 十二元五角.
#[must_use]
pub fn amount(charge: Charge) -> Vec<Word> {
    let fen = charge.get();
    let (yuan, jiao, fen) = (fen / 100, fen / 10 % 10, fen % 10);
    let mut words = Vec::new();
    if 0 < yuan {
        say_yuan(yuan, &mut words);
        words.push(Word::Yuan);
    }
    if 0 < jiao {
        words.extend([digit(jiao), Word::Jiao]);
    } else if 0 < yuan && 0 < fen {
        words.push(Word::Zero);
    }
    if 0 < fen {
        words.extend([digit(fen), Word::Fen]);
    }
    let begins_with_a_lone_two = matches!(words[..], [Word::Two, unit, ..]
        if matches!(unit, Word::Yuan | Word::Jiao | Word::Fen));
    if begins_with_a_lone_two {
        words[0] = Word::Pair;
    }
    words
}

/// Says whole yuan from 1 to 50,000, the most that one attempt asks.
fn say_yuan(yuan: u32, words: &mut Vec<Word>) {
    let places = [
        (yuan / 10_000, Some(Word::Myriad)),
        (yuan / 1_000 % 10, Some(Word::Thousand)),
        (yuan / 100 % 10, Some(Word::Hundred)),
        (yuan / 10 % 10, Some(Word::Ten)),
        (yuan % 10, None),
    ];
    // A gap of any length between two digits is one 零; one at the end is none.
    let mut gap = false;
    for (value, place) in places {
        if value == 0 {
            gap = !words.is_empty();
            continue;
        }
        if gap {
            words.push(Word::Zero);
            gap = false;
        }
        let is_bare_ten = words.is_empty() && value == 1 && place == Some(Word::Ten);
        if !is_bare_ten {
            let before_large = matches!(place, Some(Word::Thousand | Word::Myriad));
            words.push(if value == 2 && before_large { Word::Pair } else { digit(value) });
        }
        words.extend(place);
    }
}

fn digit(value: u32) -> Word {
    DIGITS[value as usize % DIGITS.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(fen: i64, said: &str) {
        let words = amount(Charge::new(fen).unwrap());
        let written: String = words.into_iter().map(Word::written).collect();
        assert_eq!(written, said, "{fen} fen");
    }

    #[test]
    fn an_amount_is_said_as_a_shopkeeper_says_it() {
        check(1, "一分");
        check(2, "两分");
        check(9, "九分");
        check(10, "一角");
        check(20, "两角");
        check(22, "两角二分");
        check(99, "九角九分");
        check(100, "一元");
        check(101, "一元零一分");
        check(110, "一元一角");
        check(200, "两元");
        check(220, "两元二角");
        check(1_000, "十元");
        check(1_005, "十元零五分");
        check(1_100, "十一元");
        check(1_200, "十二元");
        check(1_250, "十二元五角");
        check(1_234, "十二元三角四分");
        check(2_000, "二十元");
        check(2_200, "二十二元");
        check(10_000, "一百元");
        check(10_005, "一百元零五分");
        check(10_200, "一百零二元");
        check(11_000, "一百一十元");
        check(11_100, "一百一十一元");
        check(20_000, "二百元");
        check(100_000, "一千元");
        check(100_100, "一千零一元");
        check(101_010, "一千零一十元一角");
        check(110_000, "一千一百元");
        check(200_000, "两千元");
        check(222_222, "两千二百二十二元二角二分");
        check(1_000_000, "一万元");
        check(1_000_100, "一万零一元");
        check(1_001_000, "一万零一十元");
        check(1_010_000, "一万零一百元");
        check(1_100_000, "一万一千元");
        check(1_100_100, "一万一千零一元");
        check(1_234_567, "一万两千三百四十五元六角七分");
        check(2_000_000, "两万元");
        check(5_000_000, "五万元");
    }

    /// Reads the words back as a listener does.
    fn heard(words: &[Word]) -> Option<i64> {
        let (mut fen, mut yuan, mut value) = (0_i64, 0_i64, 0_i64);
        for word in words {
            let place = match word {
                Word::Ten => 10,
                Word::Hundred => 100,
                Word::Thousand => 1_000,
                Word::Myriad => 10_000,
                Word::Yuan => {
                    fen += (yuan + value) * 100;
                    (yuan, value) = (0, 0);
                    continue;
                }
                Word::Jiao => {
                    fen += value * 10;
                    value = 0;
                    continue;
                }
                Word::Fen => {
                    fen += value;
                    value = 0;
                    continue;
                }
                Word::Pair => {
                    value = 2;
                    continue;
                }
                Word::Practice | Word::AlipayReceived | Word::WechatReceived => return None,
                Word::Zero
                | Word::One
                | Word::Two
                | Word::Three
                | Word::Four
                | Word::Five
                | Word::Six
                | Word::Seven
                | Word::Eight
                | Word::Nine => {
                    value = DIGITS.iter().position(|digit| digit == word)? as i64;
                    continue;
                }
            };
            yuan += value.max(1) * place;
            value = 0;
        }
        Some(fen)
    }

    #[test]
    fn a_listener_hears_the_amount_that_was_charged() {
        let whole_yuan = (100..=5_000_000).step_by(100);
        let others = (1..=20_000).chain((20_000..=5_000_000).step_by(37));
        for fen in whole_yuan.chain(others) {
            let words = amount(Charge::new(fen).unwrap());
            assert_eq!(heard(&words), Some(fen), "{words:?}");
        }
    }

    #[test]
    fn every_word_is_listed_once() {
        for (index, word) in WORDS.into_iter().enumerate() {
            assert_eq!(word as usize, index, "{word:?}");
        }
    }
}
