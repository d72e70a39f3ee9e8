//! Notices (异步通知) as evidence (M14).
//!
//! Whoever brings one is not believed: its signature is verified here, on the bytes that came, and
//! that it is about our merchant, this attempt and its amount. Then it counts like a query's answer,
//! until a reversal has left or the attempt has ended: from there on it only makes the till ask, and
//! never gives money back by itself. A till that hears of none works by its own questions.

use mianfu_core::attempt::{Attempt, Event};
use mianfu_core::channel::{ChannelId, Verdict};
use mianfu_core::money::Timestamp;
use mianfu_core::mutant;
use mianfu_core::number::{OutTradeNo, RefundNo};
use mianfu_core::refund::{RefundEvent, RefundPhase};
use mianfu_db::{DbError, OperationKind};
use mianfu_gateway::{About, CallError, Keys};

use crate::cashier::OPEN_MAX;
use crate::resume::LATE_ASK_RETRY_MS;
use crate::till::Till;
use crate::worker::comparable;

/// Why a notice changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum NoticeRefusal {
    /// The channel is not set up at this till.
    #[error("a notice of a channel that is not set up here")]
    NoSuchChannel,
    /// It names a key that is not known. The key is asked for; offered again after that, the notice
    /// may be genuine.
    #[error("a notice under a key that is not known")]
    UnknownKey,
    /// It is not the channel's, not for this merchant or not readable, and never will be.
    #[error("a notice that is not believed")]
    NotBelieved(#[source] CallError),
    /// It is about a number that this till does not know.
    #[error("a notice about `{out_trade_no}`, which this till does not know")]
    NotOfThisTill {
        /// The number.
        out_trade_no: OutTradeNo,
    },
    /// What follows from it could not be kept. Offered again, it may be.
    #[error("a notice could not be kept")]
    Db(#[from] DbError),
}

impl<K: Keys> Till<K> {
    /// Verifies a notice as it came from the channel, and keeps what follows from it. The same one
    /// may come any number of times.
    ///
    /// # Errors
    ///
    /// Says why nothing follows from it.
    pub fn notice(
        &mut self,
        channel: ChannelId,
        headers: &[(String, String)],
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), NoticeRefusal> {
        self.keep_drawn();
        let line = self.lines.get(&channel).ok_or(NoticeRefusal::NoSuchChannel)?;
        let opened = line.channel.open_notice(headers, body, line.stamp(now));
        let unknown = opened.is_err() && line.channel.names_an_unknown_key(headers);
        if unknown {
            self.met_unknown_key(channel, now);
            return Err(NoticeRefusal::UnknownKey);
        }
        let news = opened.map_err(NoticeRefusal::NotBelieved)?;
        let no = news.out_trade_no;
        let known = self.db.read().attempts().find(&no)?.map(|kept| kept.value);
        let any = mutant::planted("law10_another_channels_word");
        let Some(attempt) = known.filter(|attempt| attempt.channel == channel || any) else {
            return Err(NoticeRefusal::NotOfThisTill { out_trade_no: no });
        };
        match news.about {
            About::Trade(verdict) => self.trade_notified(&attempt, verdict, now)?,
            About::Refund(refund_no) => self.refund_notified(&attempt, &refund_no, now)?,
        }
        Ok(())
    }

    fn trade_notified(
        &mut self,
        attempt: &Attempt,
        verdict: Verdict,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let no = &attempt.out_trade_no;
        if attempt.is_final() {
            // Whoever brings the same notice a thousand times makes the till ask once.
            if self.is_about_to_be_asked(no, now)? {
                return Ok(());
            }
        } else if self.asks_rather_than_believes(attempt) {
            return self.step(no, Event::AskedNow, now, None);
        }
        let verdict = comparable(verdict, attempt.kept_at, now);
        self.step(no, Event::Notified(verdict), now, None)
    }

    /// Says whether an old notice could lead astray: the attempt is from before this start, and what
    /// was done about it after a backup is not known here; or the channel's clock is not known, and
    /// a pay time says nothing without it (M13).
    fn asks_rather_than_believes(&self, attempt: &Attempt) -> bool {
        let dated = self.lines.get(&attempt.channel).is_some_and(|line| line.dated_at.is_some());
        let believes = dated && !self.is_earlier(&attempt.out_trade_no);
        !believes && !mutant::planted("m14_an_old_notice_is_believed")
    }

    fn is_about_to_be_asked(&self, no: &OutTradeNo, now: Timestamp) -> Result<bool, DbError> {
        let soon = now.plus_ms(LATE_ASK_RETRY_MS);
        let rows = self.db.read().queue().due_of(OperationKind::LateAsk, soon, OPEN_MAX)?;
        Ok(rows.iter().any(|row| row.out_trade_no.as_ref() == Some(no))
            && !mutant::planted("law7_each_notice_asks"))
    }

    /// Asks at once about a refund that waits to be asked about.
    fn refund_notified(
        &mut self,
        attempt: &Attempt,
        refund_no: &RefundNo,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let known = self.db.read().refunds().by_no(refund_no)?.map(|kept| kept.value);
        let waits = known.filter(|refund| {
            refund.out_trade_no == attempt.out_trade_no
                && matches!(refund.phase, RefundPhase::Asking)
        });
        match waits {
            Some(refund) => self.step_refund(refund.id, RefundEvent::Resumed, now),
            None => Ok(()),
        }
    }
}
