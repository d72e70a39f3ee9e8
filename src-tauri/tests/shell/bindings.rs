//! The page's types are those of `views.rs`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mianfu_shell::views::{
    AskBill, AttemptRef, AttemptView, BillView, CashInstead, ChangeCode, CounterView, CustomerView,
    EnterPractice, GoodsGiven, HistoryLineView, OpenItemsView, OrderLineView, OrderRef,
    ReceiptFile, ReceiptView, RefundAttempt, RefundCash, Report, RetryRefund, ScanCode, SetPin,
    SettleFinding, ShowCode, TakeCash, TypeAmount,
};
use ts_rs::{Config, TS};

/// Writes the bindings instead of comparing them.
const WRITE: &str = "MIANFU_WRITE_BINDINGS";

#[test]
fn the_page_knows_the_types_that_it_is_sent() {
    let made = tempfile::tempdir().unwrap();
    export(made.path());
    if std::env::var_os(WRITE).is_some() {
        std::fs::remove_dir_all(bindings()).unwrap();
        export(&bindings());
    }
    let (made, kept) = (files(made.path()), files(&bindings()));
    let names = made.keys().chain(kept.keys());
    let differing: Vec<&String> = names.filter(|name| made.get(*name) != kept.get(*name)).collect();
    assert!(
        differing.is_empty(),
        "ui/src/bindings differs from views.rs in {differing:?}; write it again with \
         `{WRITE}=1 cargo test -p mianfu --test shell bindings`"
    );
}

fn export(folder: &Path) {
    // Amounts and moments fit a JavaScript number; the default, `bigint`, is no JSON.
    let config = Config::new().with_large_int("number").with_out_dir(folder);
    AskBill::export_all(&config).unwrap();
    AttemptRef::export_all(&config).unwrap();
    AttemptView::export_all(&config).unwrap();
    BillView::export_all(&config).unwrap();
    CashInstead::export_all(&config).unwrap();
    ChangeCode::export_all(&config).unwrap();
    CounterView::export_all(&config).unwrap();
    CustomerView::export_all(&config).unwrap();
    EnterPractice::export_all(&config).unwrap();
    GoodsGiven::export_all(&config).unwrap();
    HistoryLineView::export_all(&config).unwrap();
    OpenItemsView::export_all(&config).unwrap();
    OrderLineView::export_all(&config).unwrap();
    OrderRef::export_all(&config).unwrap();
    ReceiptFile::export_all(&config).unwrap();
    ReceiptView::export_all(&config).unwrap();
    RefundAttempt::export_all(&config).unwrap();
    RefundCash::export_all(&config).unwrap();
    Report::export_all(&config).unwrap();
    RetryRefund::export_all(&config).unwrap();
    SettleFinding::export_all(&config).unwrap();
    ScanCode::export_all(&config).unwrap();
    SetPin::export_all(&config).unwrap();
    ShowCode::export_all(&config).unwrap();
    TakeCash::export_all(&config).unwrap();
    TypeAmount::export_all(&config).unwrap();
}

fn bindings() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/src/bindings")
}

fn files(folder: &Path) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect()
}
