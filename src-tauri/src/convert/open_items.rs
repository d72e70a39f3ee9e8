//! What waits for a person or is not known, as the page is shown it.

use std::collections::BTreeMap;

use mianfu_core::channel::ChannelId;
use mianfu_core::number::OutTradeNo;
use mianfu_till::open_items::{FindingKind, OpenItem, OpenItems};

use super::attempt::{attempt, refund_line};
use crate::views::{FoundView, OpenItemView, OpenItemsView};

/// What is open, with the wallets of the refunds among it, by their attempts' numbers.
pub(crate) struct Open {
    pub(crate) items: OpenItems,
    pub(crate) wallets: BTreeMap<OutTradeNo, ChannelId>,
}

pub(crate) fn open_items(Open { items: open, wallets }: &Open) -> OpenItemsView {
    OpenItemsView {
        items: open.items.iter().filter_map(|item| open_item(item, wallets)).collect(),
        rest: u32::try_from(open.rest).unwrap_or(u32::MAX),
    }
}

fn open_item(item: &OpenItem, wallets: &BTreeMap<OutTradeNo, ChannelId>) -> Option<OpenItemView> {
    let order_no = item.order_no().0.to_string();
    let (amount_fen, since_ms) = (item.amount().get(), item.since().0);
    Some(match item {
        OpenItem::Attempt(of) => {
            let view = attempt(of, &[]);
            OpenItemView::Attempt {
                out_trade_no: view.out_trade_no,
                order_no,
                amount_fen,
                since_ms,
                state: view.state,
                channel: view.channel,
                needs_manager: of.wedged.is_some(),
            }
        }
        OpenItem::Refund(refund) => {
            let view = refund_line(refund);
            let (refund_id, state) = (view.refund_id, view.state);
            let channel = super::channel(*wallets.get(&refund.out_trade_no)?);
            OpenItemView::Refund { refund_id, order_no, amount_fen, since_ms, state, channel }
        }
        OpenItem::Finding(finding, of) => {
            let view = attempt(of, &[]);
            OpenItemView::Finding {
                finding_id: finding.id.0,
                found: found(finding.kind),
                channel: view.channel,
                out_trade_no: view.out_trade_no,
                order_no,
                amount_fen,
                since_ms,
                held: view.held,
                channel_amount_fen: view.channel_amount_fen,
            }
        }
    })
}

fn found(kind: FindingKind) -> FoundView {
    match kind {
        FindingKind::LateMoney => FoundView::LateMoney,
        FindingKind::Contradicted => FoundView::Contradicted,
        FindingKind::GoodsGoneUnpaid => FoundView::GoodsGoneUnpaid,
        FindingKind::ReturnedByOthers => FoundView::ReturnedByOthers,
        FindingKind::Held => FoundView::Held,
        FindingKind::Recovered => FoundView::Recovered,
        FindingKind::Copied => FoundView::Copied,
        FindingKind::RefundHeld => FoundView::RefundHeld,
    }
}

#[cfg(test)]
mod tests {
    use mianfu_core::attempt::{Attempt, HoldReason, Phase};
    use mianfu_core::refund::RefundPhase;
    use mianfu_till::open_items::{FindingId, KeptFinding};

    use super::*;
    use crate::convert::tests::{KEPT, refund, shown};
    use crate::views::{AttemptState, ChannelView, HeldView, RefundState};

    #[test]
    fn sale_refund_and_finding_are_told_apart_and_say_since_when() {
        let held = Phase::Held { reason: HoldReason::AmountDiffers { channel_fen: 125 } };
        let attempt = Attempt { phase: held, ..shown() };
        let refund = refund(400, RefundPhase::Wedged { reason: "no_balance".to_owned() });
        let finding = KeptFinding {
            id: FindingId(3),
            at: KEPT,
            kind: FindingKind::Held,
            order_no: attempt.order_no,
            out_trade_no: attempt.out_trade_no.clone(),
            said: String::new(),
            settled: None,
        };
        let open = OpenItems {
            items: vec![
                OpenItem::Attempt(shown()),
                OpenItem::Refund(refund.clone()),
                OpenItem::Finding(finding, attempt.clone()),
            ],
            rest: 3,
        };
        let wallets = BTreeMap::from([(refund.out_trade_no.clone(), ChannelId::Wechat)]);
        let view = open_items(&Open { items: open, wallets });
        let expected = OpenItemView::Attempt {
            out_trade_no: attempt.out_trade_no.to_string(),
            order_no: "7".to_owned(),
            amount_fen: 1250,
            since_ms: KEPT.0,
            state: AttemptState::Code,
            channel: ChannelView::Alipay,
            needs_manager: false,
        };
        assert_eq!(view.items[0], expected);
        let expected = OpenItemView::Refund {
            refund_id: refund.id.0,
            order_no: "7".to_owned(),
            amount_fen: refund.amount.get(),
            since_ms: refund.kept_at.0,
            state: RefundState::Wedged,
            channel: ChannelView::Wechat,
        };
        assert_eq!(view.items[1], expected);
        let expected = OpenItemView::Finding {
            finding_id: 3,
            found: FoundView::Held,
            channel: ChannelView::Alipay,
            out_trade_no: attempt.out_trade_no.to_string(),
            order_no: "7".to_owned(),
            amount_fen: 1250,
            since_ms: KEPT.0,
            held: Some(HeldView::AmountDiffers),
            channel_amount_fen: Some(125),
        };
        assert_eq!(view.items[2], expected);
        assert_eq!(view.rest, 3);
    }

    #[test]
    fn a_sale_that_the_channel_will_not_speak_of_needs_the_manager() {
        let attempt = Attempt { wedged: Some("isv.invalid-signature".to_owned()), ..shown() };
        let view = open_item(&OpenItem::Attempt(attempt), &BTreeMap::new());
        assert!(matches!(view, Some(OpenItemView::Attempt { needs_manager: true, .. })));
    }
}
