//! Cash and receipts as the page asks for them.

use std::path::Path;
use std::sync::OnceLock;

use mianfu_shell::Place;
use serde_json::{Value, json};
use tauri::AppHandle;
use tauri::test::MockRuntime;

use crate::gates::{OURS, call_in, open};

/// A till of these tests' own: they read its day.
fn app() -> &'static AppHandle<MockRuntime> {
    static APP: OnceLock<AppHandle<MockRuntime>> = OnceLock::new();
    APP.get_or_init(|| {
        open(&Place {
            folder: tempfile::tempdir().unwrap().keep(),
            channels: Vec::new(),
            relay: None,
        })
    })
}

fn call(command: &str, request: Value) -> Result<Value, Value> {
    call_in(app(), "till", OURS, command, json!({ "request": request }))
}

#[track_caller]
fn check_reported(command: &str, request: Value, code: &str) {
    let report = call(command, request).unwrap_err();
    assert_eq!(report["code"], json!(code), "{command}: {report}");
}

fn sale(intent: &str, amount: Value, received: Value, rounded: Value) -> Value {
    json!({
        "intentId": intent, "amountFen": amount, "shop": "practice_only", "receivedFen": received, "roundedFen": rounded,
    })
}

fn line_of(order_no: &str) -> Value {
    let lines = call("orders_today", json!({})).unwrap();
    let line = lines.as_array().unwrap().iter().find(|line| line["orderNo"] == json!(order_no));
    line.unwrap().clone()
}

#[test]
fn a_sale_in_cash_is_taken_shown_refunded_and_printed() {
    let sold = sale("one", json!(1_250), json!(2_000), json!(50));
    call("take_cash", sold.clone()).unwrap();
    call("take_cash", sold).unwrap();
    let plate = call("counter", json!({})).unwrap()["cash"].clone();
    let order_no = plate["orderNo"].as_str().unwrap().to_owned();
    assert_eq!(plate["dueFen"], json!(1_250));
    assert_eq!(plate["roundedFen"], json!(50));
    assert_eq!(plate["receivedFen"], json!(2_000));
    assert_eq!(plate["changeFen"], json!(800));
    assert_eq!(plate["instead"], json!(false));
    assert_eq!(line_of(&order_no)["cashFen"], json!(1_200));
    assert_eq!(line_of(&order_no)["roundedFen"], json!(50));
    call("dismiss_cash", json!({})).unwrap();
    assert_eq!(call("counter", json!({})).unwrap()["cash"], Value::Null);

    let back = |intent: &str, amount_fen: i64, pin: &str| {
        json!({
            "orderNo": order_no, "amountFen": amount_fen, "shop": "practice_only",
            "intentId": intent, "pin": pin,
        })
    };
    check_reported("refund_cash", back("a", 200, "270418"), "pin_unset");
    call("set_pin", json!({ "pin": "270418", "before": null })).unwrap();
    check_reported("refund_cash", back("a", 200, "270419"), "wrong_pin");
    check_reported("refund_cash", back("a", 200, "27041"), "bad_pin");
    check_reported("refund_cash", back("a", 1_201, "270418"), "refund_exceeds");
    call("refund_cash", back("a", 200, "270418")).unwrap();
    call("refund_cash", back("a", 200, "270418")).unwrap();
    assert_eq!(line_of(&order_no)["cashRefundedFen"], json!(200), "one intent, one refund");
    call("refund_cash", back("b", 1_000, "270418")).unwrap();
    check_reported("refund_cash", back("c", 1, "270418"), "nothing_to_refund");

    let order = json!({ "orderNo": order_no });
    assert_eq!(call("order", order.clone()).unwrap(), line_of(&order_no));
    let receipt = call("receipt", order.clone()).unwrap();
    assert_eq!(receipt["reprint"], json!(false));
    let barcode = receipt["barcode"].as_str().unwrap();
    assert!(barcode.starts_with("91"), "{receipt}");
    let bill = call("ask_bill", json!({ "code": barcode })).unwrap();
    assert_eq!((&bill["orderNo"], &bill["outTradeNo"]), (&json!(order_no), &Value::Null));
    assert_eq!(bill["cash"]["amountFen"], json!(1_200));
    assert_eq!(bill["cash"]["refundedFen"], json!(1_200));
    assert_eq!(bill["cash"]["atMs"], plate["atMs"]);
    let lines = receipt["lines"].to_string();
    assert!(lines.contains("抹零") && lines.contains("退现金"), "{lines}");
    assert_eq!(line_of(&order_no)["hasReceipt"], json!(true));
    match call("receipt_pdf", order.clone()) {
        Ok(file) => printed(&order, &file, &format!("{order_no}-1.pdf")),
        // A machine without Chinese letters prints nothing and counts nothing.
        Err(report) => {
            assert_eq!(report["code"], json!("no_font"), "{report}");
            assert_eq!(call("receipt", order.clone()).unwrap()["reprint"], json!(false));
        }
    }
}

/// A first print lies where it is said to lie, and what is told of it is what is on it.
fn printed(order: &Value, file: &Value, name: &str) {
    assert_eq!(file["name"], json!(name));
    let folder = Path::new(file["folder"].as_str().unwrap());
    assert!(std::fs::read(folder.join(name)).unwrap().starts_with(b"%PDF-"), "{file}");
    assert_eq!(file["receipt"]["reprint"], json!(false), "the first print is no reprint");
    assert_eq!(call("receipt", order.clone()).unwrap()["reprint"], json!(true));
    let second = call("receipt_pdf", order.clone()).unwrap();
    assert!(second["receipt"]["lines"].to_string().contains("【补打】第 2 次打印"), "{second}");
    unwritten(order, folder);
}

/// A folder that takes nothing: the file is named, and the print counts all the same.
fn unwritten(order: &Value, folder: &Path) {
    std::fs::remove_dir_all(folder).unwrap();
    std::fs::write(folder, "in the way").unwrap();
    let report = call("receipt_pdf", order.clone()).unwrap_err();
    assert_eq!(report["code"], json!("receipt_unwritten"), "{report}");
    assert!(report["detail"].as_str().unwrap().contains("-3.pdf"), "{report}");
    std::fs::remove_file(folder).unwrap();
    let fourth = call("receipt_pdf", order.clone()).unwrap();
    assert!(fourth["name"].as_str().unwrap().ends_with("-4.pdf"), "{fourth}");
}

#[test]
fn cash_that_does_not_add_up_is_not_taken_and_says_why() {
    let max = json!(i64::MAX);
    check_reported("take_cash", sale("x", json!(100), json!(99), json!(0)), "received_too_little");
    check_reported(
        "take_cash",
        sale("x", json!(500), json!(500), json!(100)),
        "rounding_too_large",
    );
    check_reported("take_cash", sale("x", json!(50), json!(0), json!(50)), "rounding_too_large");
    check_reported("take_cash", sale("x", json!(0), json!(0), json!(0)), "bad_amount");
    check_reported("take_cash", sale("x", json!(-1), json!(0), json!(0)), "bad_amount");
    check_reported("take_cash", sale("x", json!(100), json!(-1), json!(0)), "bad_amount");
    check_reported("take_cash", sale("x", json!(100), json!(100), json!(-1)), "bad_amount");
    check_reported("take_cash", sale("x", json!(100), max.clone(), json!(0)), "bad_amount");
    check_reported("take_cash", sale("x", max.clone(), max, json!(0)), "above_limit");
    check_reported("take_cash", sale("", json!(100), json!(100), json!(0)), "internal");
    check_reported("receipt", json!({ "orderNo": "999999" }), "outdated");
    check_reported("receipt_pdf", json!({ "orderNo": "1e9" }), "outdated");
    let none = json!({
        "outTradeNo": "9000001001000000070000000001", "receivedFen": 100, "roundedFen": 0,
    });
    check_reported("cash_instead", none, "outdated");
    let broken: Value = serde_json::from_str("{\"amountFen\":1.5}").unwrap();
    call("take_cash", broken).unwrap_err();
}
