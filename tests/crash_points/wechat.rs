//! Flows of a till that has both channels, with customers who pay with WeChat: scans by v2, shown
//! codes by v3, and the proof of the reversal that a scan waits for.

use mianfu_practice::Manner;

use super::flows::{Flow, On};
use super::sales::{customer, in_wechat, nobody, scan, show, spoil};
use crate::simulation::disk::Fate;
use crate::simulation::plan::{Channels, Operation};

/// Writes them down.
pub(super) fn all(on: &On<'_>) -> Vec<Flow> {
    let mut flows = scanned(on);
    flows.extend(shown(on));
    flows.extend(back(on));
    flows.extend(proofs(on));
    flows.into_iter().map(with_both).collect()
}

fn with_both(flow: Flow) -> Flow {
    flow.with(|scene| scene.plan.channels = Channels::Both)
}

fn scanned(on: &On<'_>) -> Vec<Flow> {
    let cancelled = |manner| vec![(2_000, in_wechat(scan(manner))), (9_000, Operation::Cancel)];
    vec![
        on.flow("wechat_scanned_paid", "paid", vec![(2_000, in_wechat(scan(Manner::Pays)))]),
        // The password is not typed in time.
        on.flow(
            "wechat_scanned_walked_away",
            "closed",
            vec![(2_000, in_wechat(scan(Manner::WalksAway)))],
        ),
        on.flow("wechat_silence_reversed", "returned", cancelled(Manner::Pays))
            .spoilt(&[spoil("micropay", 0, "request_late"), spoil("reverse", 0, "answer_lost")]),
        on.flow("wechat_reversal_repeated", "declined", cancelled(Manner::WalksAway)).spoilt(&[
            spoil("micropay", 0, "answer_lost"),
            spoil("reverse", 0, "request_lost"),
            spoil("reverse", 1, "answer_lost"),
        ]),
    ]
}

fn shown(on: &On<'_>) -> Vec<Flow> {
    vec![
        on.flow(
            "wechat_shown_paid",
            "paid",
            vec![(2_000, in_wechat(show(customer(Manner::Pays))))],
        ),
        on.flow(
            "wechat_shown_cancelled",
            "closed",
            vec![(2_000, in_wechat(show(nobody()))), (6_000, Operation::Cancel)],
        ),
        on.flow(
            "wechat_code_lost",
            "closed",
            vec![(2_000, in_wechat(show(customer(Manner::Pays))))],
        )
        .spoilt(&[spoil("native", 0, "answer_lost")]),
    ]
}

fn back(on: &On<'_>) -> Vec<Flow> {
    let refunded = |sale| vec![(2_000, sale), (12_000, Operation::Refund { percent: 40 })];
    let shown = || in_wechat(show(customer(Manner::Pays)));
    vec![
        on.flow(
            "wechat_refund_of_a_scan",
            "paid back_done",
            refunded(in_wechat(scan(Manner::Pays))),
        ),
        on.flow("wechat_refund_of_a_code", "paid back_done", refunded(shown())),
        on.flow("wechat_refund_answer_lost", "paid back_done", refunded(shown())).spoilt(&[spoil(
            "refund",
            0,
            "answer_lost",
        )]),
    ]
}

/// The power goes while the harmless question is on its way, and while the reversal that it lets
/// prove itself is; or that reversal's answer is lost.
fn proofs(on: &On<'_>) -> Vec<Flow> {
    let cut = |at_ms| (at_ms, Operation::PowerCut { fate: Fate::Lost, down_ms: 1_000 });
    let sale = |at_ms| (at_ms, in_wechat(scan(Manner::Pays)));
    vec![
        on.flow("wechat_proof_cut", "paid", vec![cut(50), cut(1_350), sale(6_000)]),
        on.flow("wechat_proof_lost", "paid", vec![sale(2_000), sale(26_000)]).spoilt(&[spoil(
            "proof",
            0,
            "answer_lost",
        )]),
    ]
}
