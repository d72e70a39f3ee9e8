//! Any order, with repetition, of what a channel genuinely says ends the same (M14).
//!
//! For each channel, each way and each truth everything genuine is collected that practice says about
//! one sale: answers to the submit, to questions, reversals and closes, and notices. `attempts` feeds
//! every sequence of a few of these words to core's attempt; `tills` draws orders by the thousand and
//! feeds them to the whole till. After that nothing is lost any more, every question is answered, and
//! all of them must have come to the same end, with the same money and the same findings.

#![expect(clippy::unwrap_used, reason = "a test may")]

#[path = "replay/attempts.rs"]
mod attempts;
#[path = "replay/lives.rs"]
mod lives;
#[cfg(feature = "mutants")]
#[path = "replay/mutants.rs"]
mod mutants;
#[path = "replay/tills.rs"]
mod tills;

use mianfu_core::channel::{ChannelId, Flow};

/// A channel and who scans whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Way {
    channel: ChannelId,
    flow: Flow,
}

impl Way {
    const ALL: [Way; 4] = [
        Way { channel: ChannelId::Alipay, flow: Flow::Show },
        Way { channel: ChannelId::Alipay, flow: Flow::Scan },
        Way { channel: ChannelId::Wechat, flow: Flow::Show },
        Way { channel: ChannelId::Wechat, flow: Flow::Scan },
    ];
}

/// What becomes of a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Truth {
    /// The customer pays.
    Paid,
    /// The customer pays, and some of it goes back.
    GivenBackInPart,
    /// The customer pays, and all of it goes back.
    GivenBack,
    /// The cashier cancels, and nobody pays.
    Cancelled,
    /// The cashier cancels, and the customer pays before the channel hears of it.
    Overtaken,
    /// Nobody scans the code, and its life ends.
    NeverScanned,
    /// The customer pays, and the cashier, who has not heard, takes cash.
    Cash,
    /// A photograph of the code is paid after the end.
    Late,
}

impl Truth {
    const ALL: [Truth; 8] = [
        Truth::Paid,
        Truth::GivenBackInPart,
        Truth::GivenBack,
        Truth::Cancelled,
        Truth::Overtaken,
        Truth::NeverScanned,
        Truth::Cash,
        Truth::Late,
    ];

    /// Says whether it can become of a sale of this way: what is scanned by the till has no code
    /// that a customer could leave or photograph, and only Alipay's cancel may leave a code alive.
    fn may_be(self, way: Way) -> bool {
        match self {
            Truth::NeverScanned => way.flow == Flow::Show,
            Truth::Late => way.flow == Flow::Show && way.channel == ChannelId::Alipay,
            Truth::Paid
            | Truth::GivenBackInPart
            | Truth::GivenBack
            | Truth::Cancelled
            | Truth::Overtaken
            | Truth::Cash => true,
        }
    }
}

/// What is asked, in fen.
const AMOUNT_FEN: i64 = 1_250;
/// What goes back where some of it does, in fen.
const PART_FEN: i64 = 400;
