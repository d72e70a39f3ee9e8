//! What a call says, from what is kept.

use mianfu_core::attempt::Effect;
use mianfu_core::channel::{ChannelId, Flow};
use mianfu_core::number::OutTradeNo;
use mianfu_gateway::{Call, Keys, Sale, Subject};

use super::{Kept, Waiting, What};
use crate::till::Till;

impl<K: Keys> Till<K> {
    /// Composes the call from what is kept, and says of which flow the attempt is; `None` where there
    /// is nothing to call about any more.
    pub(super) fn compose(
        &mut self,
        waiting: &Waiting,
        channel: ChannelId,
    ) -> Option<(Call, Flow)> {
        let flow = match (&waiting.what, &waiting.sale) {
            (_, Some(kept)) => kept.flow,
            (What::Attempt { no, .. } | What::LateAsk { no, .. }, None) => {
                self.db.read().attempts().get(no).ok()?.value.flow
            }
            (What::Refund { id, .. }, None) => {
                let no = self.db.read().refunds().get(*id).ok()?.value.out_trade_no;
                self.db.read().attempts().get(&no).ok()?.value.flow
            }
            (What::ProveReversal { .. }, None) => Flow::Scan,
            (What::Probe { .. } | What::Recover { .. } | What::Keys { .. }, None) => {
                self.lines.get(&channel)?.channel.asking_flow()
            }
        };
        Some((self.compose_call(waiting)?, flow))
    }

    fn compose_call(&mut self, waiting: &Waiting) -> Option<Call> {
        Some(match &waiting.what {
            What::Attempt { no, effect } => {
                let out_trade_no = no.clone();
                match effect {
                    Effect::Submit => self.compose_submit(no, waiting.sale.clone())?,
                    Effect::Query => Call::Query { out_trade_no },
                    Effect::Reverse => Call::Reverse { out_trade_no },
                    Effect::Close => Call::Close { out_trade_no },
                }
            }
            What::LateAsk { no, .. } => Call::Query { out_trade_no: no.clone() },
            What::Recover { no, .. } => Call::Find { out_trade_no: no.clone() },
            What::Refund { id, effect } => self.compose_refund(*id, *effect)?,
            What::Probe { channel } => {
                Call::Probe { out_trade_no: self.lines.get(channel)?.probe_no.clone()? }
            }
            What::Keys { .. } => return None,
            What::ProveReversal { channel } => {
                Call::Reverse { out_trade_no: self.lines.get(channel)?.probe_no.clone()? }
            }
        })
    }

    fn compose_submit(&mut self, no: &OutTradeNo, kept: Option<Kept>) -> Option<Call> {
        let kept = match kept {
            Some(kept) => kept,
            None => Kept::of(&self.db.read().attempts().get(no).ok()?.value),
        };
        let auth_code = match kept.flow {
            Flow::Show => None,
            // The code is held in memory only; it leaves with the one submit it was scanned for.
            Flow::Scan => Some(self.auth_codes.remove(no)?),
        };
        let sale = Sale {
            out_trade_no: no.clone(),
            amount: kept.amount,
            subject: Subject::new(&self.settings.store_name),
            expires_at: kept.expires_at,
        };
        Some(Call::Submit { sale, auth_code })
    }
}
