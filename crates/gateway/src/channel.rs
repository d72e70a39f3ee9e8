//! A channel as a value, so that core, till and screens hold no question which channel it is.

use std::fmt;

use mianfu_core::channel::{
    ChannelId, Closing, Flow, RefundAnswer, RefundVerdict, Reversal, Timetable, Verdict,
};
use mianfu_core::money::{Charge, Fen, Timestamp};
use mianfu_core::number::{OutTradeNo, RefundNo};

use crate::scanned::recognise;
use crate::{
    Alipay, AuthCode, CallError, HttpReply, HttpRequest, Keys, News, Scanned, Stamp, Subject,
    Wechat, wechat,
};

/// What an attempt asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sale {
    /// The attempt's number.
    pub out_trade_no: OutTradeNo,
    /// What is asked, in fen.
    pub amount: Charge,
    /// What the customer reads.
    pub subject: Subject,
    /// When the channel shall give up by itself, in the till's time; a shown code always has one
    /// (M8).
    pub expires_at: Option<Timestamp>,
}

/// One call to a channel, in our words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Asks for money: of the customer whose code was scanned or, without one, for a code to show.
    Submit {
        /// What is asked.
        sale: Sale,
        /// The customer's code, for a scan.
        auth_code: Option<AuthCode>,
    },
    /// Asks what became of an attempt.
    Query {
        /// The attempt's number.
        out_trade_no: OutTradeNo,
    },
    /// Undoes an attempt, which may move money (撤销).
    Reverse {
        /// The attempt's number.
        out_trade_no: OutTradeNo,
    },
    /// Ends an unpaid attempt, which cannot move money (关单).
    Close {
        /// The attempt's number.
        out_trade_no: OutTradeNo,
    },
    /// Gives money back.
    Refund {
        /// The attempt's number.
        out_trade_no: OutTradeNo,
        /// The refund's number.
        refund_no: RefundNo,
        /// How much, in fen.
        amount: Fen,
        /// What the attempt took, in fen.
        of: Charge,
    },
    /// Asks what became of a refund.
    RefundQuery {
        /// The attempt's number.
        out_trade_no: OutTradeNo,
        /// The refund's number.
        refund_no: RefundNo,
    },
    /// Asks about a number of which nothing is known here, not even its flow (M15).
    Find {
        /// The number.
        out_trade_no: OutTradeNo,
    },
    /// Asks about a number of ours that was never submitted, to see a signed answer (M4).
    Probe {
        /// The number.
        out_trade_no: OutTradeNo,
    },
}

impl Call {
    /// Returns the number of the attempt that the call is about.
    #[must_use]
    pub fn out_trade_no(&self) -> &OutTradeNo {
        match self {
            Call::Submit { sale, .. } => &sale.out_trade_no,
            Call::Query { out_trade_no }
            | Call::Reverse { out_trade_no }
            | Call::Close { out_trade_no }
            | Call::Refund { out_trade_no, .. }
            | Call::RefundQuery { out_trade_no, .. }
            | Call::Find { out_trade_no }
            | Call::Probe { out_trade_no } => out_trade_no,
        }
    }
}

/// What a channel says to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To a submit or a query; to a probe only what proves nothing.
    Told(Verdict),
    /// To a reversal.
    Reversal(Reversal),
    /// To a close.
    Closing(Closing),
    /// To a refund.
    Refund(RefundVerdict),
    /// To a query about a refund.
    RefundQuery(RefundAnswer),
    /// To a probe: keys and application are right, the channel may be offered.
    Proven,
}

/// A channel with its settings and keys.
pub enum Channel<K> {
    /// Alipay (支付宝).
    Alipay(Alipay<K>),
    /// WeChat Pay (微信支付).
    Wechat(Wechat<K>),
}

impl<K> fmt::Debug for Channel<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Channel::Alipay(alipay) => alipay.fmt(f),
            Channel::Wechat(wechat) => wechat.fmt(f),
        }
    }
}

impl<K: Keys> Channel<K> {
    /// Returns which channel it is.
    #[must_use]
    pub fn id(&self) -> ChannelId {
        match self {
            Channel::Alipay(_) => ChannelId::Alipay,
            Channel::Wechat(_) => ChannelId::Wechat,
        }
    }

    /// Returns how patient the channel is.
    #[must_use]
    pub fn timetable(&self) -> Timetable {
        match self {
            Channel::Alipay(_) => Timetable::ALIPAY,
            Channel::Wechat(_) => Timetable::WECHAT,
        }
    }

    /// Returns the number under which the channel knows whoever is told: the application's or the
    /// merchant's.
    #[must_use]
    pub fn merchant(&self) -> &str {
        match self {
            Channel::Alipay(alipay) => &alipay.settings.app_id,
            Channel::Wechat(wechat) => &wechat.settings.mch_id,
        }
    }

    /// Sets where the channel sends the notices about what is asked from now on.
    pub fn send_notices_to(&mut self, url: String) {
        match self {
            Channel::Alipay(alipay) => alipay.settings.notify_url = Some(url),
            Channel::Wechat(wechat) => wechat.settings.notify_url = url,
        }
    }

    /// Says whether a scanned text is a payment code of this channel.
    #[must_use]
    pub fn accepts_code(&self, text: &str) -> bool {
        matches!(recognise(text), Scanned::Payment { channel, .. } if channel == self.id())
    }

    /// Returns the flow in whose form a number is asked about of which no flow is known: there "no
    /// such trade" is signed (M4; WeChat Pay's v3 answers that with an unsigned 404).
    #[must_use]
    pub fn asking_flow(&self) -> Flow {
        match self {
            Channel::Alipay(_) | Channel::Wechat(_) => Flow::Scan,
        }
    }

    /// Says whether a signed answer to a question does not show that a reversal would be let in
    /// (WeChat Pay's of v2 asks for the merchant's certificate besides, 4011937361).
    #[must_use]
    pub fn reversal_needs_proof(&self) -> bool {
        match self {
            Channel::Alipay(_) => false,
            Channel::Wechat(wechat) => wechat.reversal_needs_certificate(),
        }
    }

    /// Verifies and reads a notice: its headers, and its body as it came.
    ///
    /// # Errors
    /// Nothing of the notice may be used: it is not the channel's, not for us or not readable.
    pub fn open_notice(
        &self,
        headers: &[(String, String)],
        body: &[u8],
        stamp: Stamp,
    ) -> Result<News, CallError> {
        match self {
            Channel::Alipay(alipay) => alipay.news(body, stamp),
            Channel::Wechat(wechat) => wechat.news(headers, body, stamp),
        }
    }

    /// Says whether the channel itself hands out the keys that it signs with, and takes others in
    /// their place one day.
    #[must_use]
    pub fn hands_out_keys(&self) -> bool {
        match self {
            Channel::Alipay(_) => false,
            Channel::Wechat(wechat) => wechat.hands_out_keys(),
        }
    }

    /// Says whether an answer or a notice names a key that is not known and could be handed out: a
    /// reason to ask for the keys, once in a while, and none to believe it.
    #[must_use]
    pub fn names_an_unknown_key(&self, headers: &[(String, String)]) -> bool {
        match self {
            Channel::Alipay(_) => false,
            Channel::Wechat(wechat) => {
                wechat.hands_out_keys() && wechat.names_an_unknown_key(headers)
            }
        }
    }

    /// Writes and signs the request for the keys that the channel signs with; `None` where it hands
    /// out none.
    #[must_use]
    pub fn encode_keys(&self, stamp: Stamp) -> Option<HttpRequest> {
        match self {
            Channel::Wechat(wechat) if wechat.hands_out_keys() => {
                Some(wechat.encode_certificates(stamp))
            }
            Channel::Alipay(_) | Channel::Wechat(_) => None,
        }
    }

    /// Trusts the keys that an answer to [`Channel::encode_keys`] brings; says whether one of them
    /// was not known.
    ///
    /// # Errors
    /// None of the answer may be used.
    pub fn take_keys(&mut self, reply: &HttpReply, stamp: Stamp) -> Result<bool, CallError> {
        match self {
            Channel::Alipay(_) => {
                Err(CallError::Unreadable { what: "keys that are not handed out" })
            }
            Channel::Wechat(wechat) => wechat.take_certificates(reply, stamp),
        }
    }

    /// Says whether an answer that could be read was signed. WeChat Pay's v3 refuses without a
    /// signature, and what proves nothing of the channel may still say something of a sale (M4, M10).
    #[must_use]
    pub fn is_signed(&self, reply: &HttpReply) -> bool {
        match self {
            Channel::Alipay(_) => true,
            Channel::Wechat(_) => wechat::is_signed(reply),
        }
    }

    /// Writes and signs the request for a call about an attempt of this flow.
    #[must_use]
    pub fn encode(&self, call: &Call, flow: Flow, stamp: Stamp) -> HttpRequest {
        match self {
            Channel::Alipay(alipay) => alipay.encode_call(call, stamp),
            Channel::Wechat(wechat) => wechat.encode_call(call, flow, stamp),
        }
    }

    /// Verifies and reads the answer to a call about an attempt of this flow; `stamp` is of when it
    /// came.
    ///
    /// # Errors
    /// Every error is silence.
    pub fn decode(
        &self,
        call: &Call,
        flow: Flow,
        reply: &HttpReply,
        stamp: Stamp,
    ) -> Result<Answer, CallError> {
        match self {
            Channel::Alipay(alipay) => alipay.decode_call(call, reply, stamp.offset_ms),
            Channel::Wechat(wechat) => wechat.decode_call(call, flow, reply, stamp),
        }
    }
}
