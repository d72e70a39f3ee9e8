//! The flows: what a counter lives through, written down.

use mianfu_practice::{CancelUnscanned, Manner};

use super::sales::{again, customer, decides, nobody, photographer, scan, scene, show, spoil};
use super::stages::Stages;
use super::wechat;
use crate::simulation::plan::{Decision, Operation, Way};
use crate::simulation::script::{Image, Scene, Spoil};

/// One flow.
#[derive(Debug, Clone)]
pub struct Flow {
    /// Its name.
    pub name: &'static str,
    /// What happens.
    pub scene: Scene,
    /// How it ends where nothing goes wrong: the attempts' phases, `back` with a refund's phase, and
    /// the number of orders that took cash.
    pub ends: &'static str,
}

impl Flow {
    pub(super) fn spoilt(mut self, spoils: &[Spoil]) -> Flow {
        self.scene.spoils = spoils.to_vec();
        self
    }

    pub(super) fn with(mut self, change: impl FnOnce(&mut Scene)) -> Flow {
        change(&mut self.scene);
        self
    }
}

/// Builds flows on a stage.
pub(super) struct On<'a>(pub(super) &'a Image);

impl On<'_> {
    pub(super) fn flow(
        &self,
        name: &'static str,
        ends: &'static str,
        operations: Vec<(i64, Operation)>,
    ) -> Flow {
        Flow { name, scene: scene(self.0, operations), ends }
    }
}

/// Writes every flow down.
#[must_use]
pub fn all() -> Vec<Flow> {
    let stages = Stages::set();
    let opened = On(&stages.opened);
    let mut flows = Vec::new();
    flows.extend(paid(&opened));
    flows.extend(unpaid(&opened));
    flows.extend(unknown(&opened));
    flows.extend(beside(&opened));
    flows.extend(cash(&opened));
    flows.extend(back(&opened));
    flows.extend(wechat::all(&opened));
    flows.extend(starts(&stages));
    flows.extend(findings(&stages));
    flows
}

const TYPES: Manner = Manner::TypesPassword { after_ms: 8_000 };

/// Sales that are paid.
fn paid(on: &On<'_>) -> Vec<Flow> {
    vec![
        on.flow("shown_paid", "paid", vec![(2_000, show(customer(Manner::Pays)))]),
        on.flow("scanned_paid", "paid", vec![(2_000, scan(Manner::Pays))]),
        on.flow("scanned_typed_paid", "paid", vec![(2_000, scan(TYPES))]),
        on.flow("shown_typed_paid", "paid", vec![(2_000, show(customer(TYPES)))]),
        on.flow(
            "pressed_again",
            "paid",
            vec![
                (2_000, scan(TYPES)),
                (2_200, Operation::PressAgain),
                (7_000, Operation::PressAgain),
                (16_000, Operation::PressAgain),
            ],
        ),
    ]
}

/// Sales that are not.
fn unpaid(on: &On<'_>) -> Vec<Flow> {
    vec![
        on.flow(
            "scanned_declined_again",
            "declined paid",
            vec![(2_000, scan(Manner::TooLittleMoney)), (20_000, again(Way::Scan, Manner::Pays))],
        ),
        on.flow(
            "scanned_refused_cancelled",
            "closed",
            vec![(2_000, scan(Manner::Refuses)), (9_000, Operation::Cancel)],
        ),
        on.flow("scanned_walked_away", "closed", vec![(2_000, scan(Manner::WalksAway))]),
        on.flow(
            "shown_cancelled",
            "closed",
            vec![(2_000, show(nobody())), (6_000, Operation::Cancel)],
        ),
        on.flow(
            "shown_scanned_cancelled",
            "closed",
            vec![(2_000, show(decides(90_000, Decision::WalkAway))), (9_000, Operation::Cancel)],
        ),
        on.flow("shown_expires", "closed", vec![(2_000, show(nobody()))]),
        on.flow(
            "shown_cancelled_paid_late",
            "closed back_done",
            vec![(2_000, show(photographer(30_000))), (6_000, Operation::Cancel)],
        )
        .with(|scene| scene.plan.cancel_unscanned = CancelUnscanned::FindsNothing),
    ]
}

/// Sales whose result is unknown for a while.
fn unknown(on: &On<'_>) -> Vec<Flow> {
    vec![
        on.flow("silence_paid", "paid", vec![(2_000, scan(Manner::Pays))]).spoilt(&[spoil(
            "pay",
            0,
            "answer_lost",
        )]),
        on.flow(
            "silence_reversed",
            "closed",
            vec![(2_000, scan(Manner::Pays)), (25_000, Operation::Cancel)],
        )
        .spoilt(&[spoil("pay", 0, "request_lost")]),
        on.flow(
            "reversal_repeated",
            "closed",
            vec![(2_000, scan(Manner::WalksAway)), (9_000, Operation::Cancel)],
        )
        .spoilt(&[spoil("cancel", 0, "answer_lost"), spoil("cancel", 1, "request_lost")]),
        on.flow(
            "cancelled_while_submitting",
            "closed",
            vec![(2_000, scan(Manner::WalksAway)), (3_000, Operation::Cancel)],
        )
        .spoilt(&[spoil("pay", 0, "answer_late")]),
        on.flow("code_lost", "closed", vec![(2_000, show(customer(Manner::Pays)))])
            .spoilt(&[spoil("precreate", 0, "answer_lost")]),
        on.flow("parked_then_shown", "paid", vec![(2_000, show(customer(Manner::Pays)))]).spoilt(
            &[
                spoil("precreate", 0, "unreachable"),
                spoil("precreate", 1, "unreachable"),
                spoil("precreate", 2, "unreachable"),
            ],
        ),
        on.flow(
            "parked_cancelled",
            "closed",
            vec![(2_000, show(customer(Manner::Pays))), (10_000, Operation::Cancel)],
        )
        .spoilt(&[0, 1, 2, 3, 4, 5].map(|nth| spoil("precreate", nth, "unreachable"))),
        on.flow("submit_arrives_twice", "paid", vec![(2_000, scan(TYPES))])
            .spoilt(&[spoil("pay", 0, "doubled")]),
        on.flow(
            "network_gone",
            "paid",
            vec![
                (2_000, scan(TYPES)),
                (2_300, Operation::NetworkDown { for_ms: 45_000 }),
                (60_000, Operation::Clear),
            ],
        ),
        on.flow(
            "disk_full",
            "paid",
            vec![
                (2_000, scan(TYPES)),
                (2_300, Operation::DiskFull { for_ms: 20_000 }),
                (30_000, Operation::Clear),
            ],
        ),
    ]
}

/// More than one sale.
fn beside(on: &On<'_>) -> Vec<Flow> {
    let slow = Manner::TypesPassword { after_ms: 20_000 };
    vec![
        on.flow(
            "aside_and_back",
            "paid",
            vec![
                (2_000, scan(slow)),
                (6_000, Operation::PutAside),
                (12_000, Operation::BringBack),
                (30_000, Operation::Clear),
            ],
        ),
        on.flow(
            "two_at_once",
            "paid paid",
            vec![(2_000, scan(slow)), (6_000, show(customer(Manner::Pays)))],
        ),
        on.flow(
            "one_after_another",
            "paid paid",
            vec![
                (2_000, scan(Manner::Pays)),
                (6_000, Operation::Clear),
                (7_000, scan(Manner::Pays)),
            ],
        ),
        on.flow(
            "goods_gone",
            "paid",
            vec![
                (2_000, scan(Manner::TypesPassword { after_ms: 90_000 })),
                (8_000, Operation::GoodsGone),
            ],
        ),
    ]
}

/// Cash.
fn cash(on: &On<'_>) -> Vec<Flow> {
    vec![
        on.flow(
            "cash",
            "cash_1",
            vec![(2_000, Operation::CashSale { amount_fen: 1_250, coin_fen: 1 })],
        ),
        on.flow(
            "cash_instead",
            "closed cash_1",
            vec![(2_000, show(nobody())), (8_000, Operation::Cash { coin_fen: 1 })],
        ),
        on.flow(
            "cash_instead_of_paid",
            "returned back_done cash_1",
            vec![
                (2_000, scan(Manner::TypesPassword { after_ms: 12_000 })),
                (9_000, Operation::Cash { coin_fen: 1 }),
            ],
        )
        .spoilt(&[spoil("pay", 0, "answer_lost")]),
    ]
}

/// Money that goes back.
fn back(on: &On<'_>) -> Vec<Flow> {
    let refunded = |percents: &[i64]| {
        let mut operations = vec![(2_000, scan(Manner::Pays))];
        for (place, percent) in (0..).zip(percents) {
            operations.push((6_000 + 15_000 * place, Operation::Refund { percent: *percent }));
        }
        operations
    };
    vec![
        on.flow("refund", "paid back_done", refunded(&[100])),
        on.flow("refund_in_parts", "paid back_done back_done", refunded(&[40, 60])),
        on.flow("refund_answer_lost", "paid back_done", refunded(&[40])).spoilt(&[spoil(
            "refund",
            0,
            "answer_lost",
        )]),
        on.flow("refund_request_lost", "paid back_done", refunded(&[40])).spoilt(&[spoil(
            "refund",
            0,
            "request_lost",
        )]),
    ]
}

/// How a till starts, stops and is put back.
fn starts(stages: &Stages) -> Vec<Flow> {
    let sale = || vec![(2_000, scan(Manner::Pays))];
    let opened = On(&stages.opened);
    let closed_open = vec![
        (2_000, scan(TYPES)),
        (5_000, Operation::Close { down_ms: 6_000 }),
        (13_000, Operation::PressAgain),
    ];
    let cut_open = vec![
        (2_000, show(decides(15_000, Decision::Confirm))),
        (6_000, Operation::PowerCut { fate: crate::simulation::disk::Fate::Lost, down_ms: 3_000 }),
        (12_000, Operation::PressAgain),
    ];
    let closed_after = vec![
        (2_000, scan(Manner::Pays)),
        (6_000, Operation::Close { down_ms: 2_000 }),
        (10_000, show(customer(Manner::Pays))),
    ];
    let log_is_written_back = vec![
        (2_000, Operation::CashSale { amount_fen: 300, coin_fen: 1 }),
        (4_000, scan(Manner::Pays)),
        (8_000, Operation::CashSale { amount_fen: 400, coin_fen: 1 }),
        (9_000, Operation::CashSale { amount_fen: 500, coin_fen: 1 }),
    ];
    vec![
        On(&stages.nothing).flow("first_start", "paid", sale()),
        On(&stages.switched_off).flow("start_after_a_cut", "paid paid", sale()),
        opened.flow("closed_with_an_open_sale", "paid", closed_open),
        opened.flow("cut_with_an_open_sale", "paid", cut_open),
        opened.flow("closed_and_opened", "paid paid", closed_after),
        opened.flow(
            "backed_up",
            "paid",
            vec![(2_000, scan(TYPES)), (4_000, Operation::BackUp), (14_000, Operation::BackUp)],
        ),
        On(&stages.full_log).flow("log_is_written_back", "paid cash_139", log_is_written_back),
        On(&stages.copied).flow("copied_to_another_machine", "paid paid", sale()).with(|scene| {
            scene.machine = "another machine";
            scene.epochs_on = 1;
        }),
        On(&stages.restored)
            .flow("restored", "paid paid paid paid", sale())
            .with(|scene| scene.epochs_on = 1),
        On(&stages.restored_while_parked)
            .flow("restored_while_parked", "paid", vec![(2_000, Operation::AskNow)])
            .with(|scene| scene.epochs_on = 1),
    ]
}

/// What the manager was told, looked into and settled with the PIN.
fn findings(stages: &Stages) -> Vec<Flow> {
    let settles = || vec![(2_000, Operation::SettleFinding), (4_000, scan(Manner::Pays))];
    vec![
        On(&stages.found).flow("finding_settled", "paid paid paid paid settled_1", settles()),
        On(&stages.found)
            .flow("finding_settled_on_a_copy", "paid paid paid paid settled_1", settles())
            .with(|scene| {
                scene.machine = "another machine";
                scene.epochs_on = 2;
            }),
        On(&stages.restored_while_found)
            .flow("finding_settled_after_a_restore", "paid paid paid paid settled_1", settles())
            .with(|scene| scene.epochs_on = 2),
    ]
}
