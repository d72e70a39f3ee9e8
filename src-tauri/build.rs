//! Names the commands of the screens, so that a window may call only what its capability grants.

use std::error::Error;

use tauri_build::{AppManifest, Attributes};

/// Every command of `src/commands.rs`.
const COMMANDS: &[&str] = &[
    "counter",
    "customer",
    "type_amount",
    "show_code",
    "scan_code",
    "cancel_attempt",
    "change_code",
    "ask_now",
    "wait_longer",
    "goods_given",
    "refund_attempt",
    "take_cash",
    "cash_instead",
    "refund_cash",
    "dismiss_cash",
    "receipt",
    "receipt_pdf",
    "set_pin",
    "enter_practice",
    "leave_practice",
    "stir_practice",
    "ask_bill",
    "put_aside",
    "bring_back",
    "clear_front",
    "orders_today",
    "order",
    "order_history",
    "open_items",
    "retry_refund",
    "settle_finding",
    "close_anyway",
];

fn main() -> Result<(), Box<dyn Error>> {
    // The pages are embedded; where they are not built yet, nothing is, and the tests of the shell
    // run all the same.
    std::fs::create_dir_all("../ui/dist")?;
    let manifest = AppManifest::new().commands(COMMANDS);
    Ok(tauri_build::try_build(Attributes::new().app_manifest(manifest))?)
}
