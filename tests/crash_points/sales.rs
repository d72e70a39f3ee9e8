//! Words for scripts: sales, customers, and what a scene is made of.

use mianfu_practice::wechat::ReverseUnknown;
use mianfu_practice::{CancelUnscanned, Manner};

use crate::simulation::faults::Faults;
use crate::simulation::plan::{
    Cashier, Channels, Customer, Decision, Operation, Plan, Planned, Sale, Wallet, Way,
};
use crate::simulation::relay::RelayPlan;
use crate::simulation::script::{Image, Scene, Spoil};
use crate::simulation::theme::Theme;

/// Decides how long requests travel, and every number the channel mints.
const SEED: u64 = 7;
/// When every flow begins, in the channel's time.
pub(super) const BEGINS_MS: i64 = 1_795_257_801_000;
/// What a sale costs, in fen.
const AMOUNT_FEN: i64 = 1_250;

/// Returns a scene in which these operations happen, in ms after its beginning.
pub(super) fn scene(before: &Image, operations: Vec<(i64, Operation)>) -> Scene {
    let operations = operations
        .into_iter()
        .map(|(at_ms, operation)| Planned { at_ms, till: 1, operation })
        .collect();
    let plan = Plan {
        seed: SEED,
        begins_ms: BEGINS_MS,
        skew_ms: 0,
        tills: 1,
        second_skew_ms: 0,
        faults: Faults::ALL,
        channels: Channels::Alipay,
        cancel_unscanned: CancelUnscanned::KillsTheCode,
        reverse_unknown: ReverseUnknown::NotFound,
        theme: Theme::Plain,
        spoilt_per_mille: 0,
        slow_per_mille: 0,
        down_at_boot_ms: 0,
        relay: RelayPlan::absent(),
        operations,
    };
    let before = before.clone();
    Scene { plan, spoils: Vec::new(), before, machine: "the simulated machine", epochs_on: 0 }
}

/// A sale by a code that the till shows.
pub(super) fn show(customer: Customer) -> Operation {
    Operation::Sell(sale(Way::Show, customer))
}

/// A sale by the customer's code.
pub(super) fn scan(manner: Manner) -> Operation {
    Operation::Sell(sale(Way::Scan, customer(manner)))
}

/// The same order, charged again.
pub(super) fn again(way: Way, manner: Manner) -> Operation {
    Operation::ChargeAgain(sale(way, customer(manner)))
}

/// The same sale with a customer who pays with WeChat.
pub(super) fn in_wechat(mut operation: Operation) -> Operation {
    if let Operation::Sell(sale) | Operation::ChargeAgain(sale) = &mut operation {
        sale.wallet = Wallet::Wechat;
    }
    operation
}

fn sale(way: Way, customer: Customer) -> Sale {
    let (wallet, cashier) = (Wallet::Alipay, Cashier::Pushes);
    Sale { amount_fen: AMOUNT_FEN, way, wallet, customer, lag_ms: 0, cashier }
}

/// A customer who scans what is shown after a moment.
pub(super) fn customer(manner: Manner) -> Customer {
    Customer { manner, scans_after_ms: Some(1_500), photograph_after_ms: None, decides: None }
}

/// A customer who pays from a photograph of the code.
pub(super) fn photographer(after_ms: i64) -> Customer {
    Customer { scans_after_ms: None, photograph_after_ms: Some(after_ms), ..customer(Manner::Pays) }
}

/// A customer who never scans.
pub(super) fn nobody() -> Customer {
    Customer { scans_after_ms: None, ..customer(Manner::Pays) }
}

/// A customer who scans and decides by hand.
pub(super) fn decides(after_ms: i64, decision: Decision) -> Customer {
    Customer { decides: Some((after_ms, decision)), ..customer(Manner::ByHand) }
}

/// What befalls the nth request of a method.
pub(super) fn spoil(method: &'static str, nth: u32, how: &'static str) -> Spoil {
    Spoil { method, nth, how }
}
