//! What needs the manager's PIN, and the other commands that a waiting sale has: as a window calls
//! them, on a real till with a pretend customer.

use serde_json::{Value, json};

use super::counter::Counter;
use super::gates::{OURS, call_in};

fn refused(code: &str) -> Result<Value, String> {
    Err(code.to_owned())
}

#[test]
fn a_manager_is_asked_by_pin_and_locked_out_after_five_wrong_ones() {
    let counter = Counter::open();
    let set = |pin: &str, before: Option<&str>| {
        counter.call("set_pin", json!({ "pin": pin, "before": before }))
    };
    let give = |pin: &str| {
        let no = "9000001001000000070000000001";
        counter.call("goods_given", json!({ "outTradeNo": no, "pin": pin }))
    };
    assert_eq!(counter.view()["manager"], json!("unset"));
    assert_eq!(give("481927"), refused("pin_unset"));
    for simple in ["", "12345", "1234567", "12345a", "123456", "000000", "654321"] {
        assert_eq!(set(simple, None), refused("bad_pin"), "{simple}");
    }
    set("481927", None).unwrap();
    let view = counter.view();
    assert_eq!((&view["manager"], &view["managerLockedUntilMs"]), (&json!("set"), &Value::Null));
    assert_eq!(set("730518", None), refused("wrong_pin"), "the first one is chosen once");
    assert_eq!(set("730518", Some("730518")), refused("wrong_pin"));
    set("730518", Some("481927")).unwrap();
    assert_eq!(give("730518"), refused("outdated"), "right, and no such attempt");
    assert_eq!(give("12"), refused("bad_pin"), "that is no try");
    assert_eq!(set("111111", Some("481927")), refused("bad_pin"), "nor is this");
    for _ in 0..2 {
        assert_eq!(give("481927"), refused("wrong_pin"));
    }
    for _ in 0..3 {
        assert_eq!(set("902715", Some("481927")), refused("wrong_pin"), "the one before is void");
    }
    let view = counter.view();
    assert_eq!(view["manager"], json!("locked"));
    let until = view["managerLockedUntilMs"].as_i64().unwrap();
    assert!((1..=30_000).contains(&(until - view["nowMs"].as_i64().unwrap())), "{until}");
    assert_eq!(give("730518"), refused("pin_locked"), "the right one too");
    assert_eq!(set("481927", Some("730518")), refused("pin_locked"));
}

#[test]
fn goods_that_are_gone_and_a_little_longer_are_said_of_a_customer_who_types() {
    let counter = Counter::open();
    counter.call("set_pin", json!({ "pin": "481927", "before": null })).unwrap();
    let no = counter.scan(1_250, json!("walks_away"));
    let about = json!({ "outTradeNo": no });
    let view = counter.until(|view| view["front"]["state"] == "typing");
    let deadline = view["front"]["deadlineMs"].as_i64().unwrap();
    assert_eq!(view["front"]["canWaitLonger"], json!(true));
    assert_eq!(view["front"]["canGiveGoods"], json!(true));
    assert_eq!(view["front"]["canTakeCash"], json!(true));
    counter.call("wait_longer", about.clone()).unwrap();
    assert_eq!(counter.call("wait_longer", about.clone()), refused("outdated"), "once");
    let given = |pin: &str| counter.call("goods_given", json!({ "outTradeNo": no, "pin": pin }));
    assert_eq!(given("730518"), refused("wrong_pin"));
    given("481927").unwrap();
    let front = &counter.view()["front"];
    assert_eq!(front["deadlineMs"], json!(deadline + 30_000));
    assert_eq!((&front["canWaitLonger"], &front["canGiveGoods"]), (&json!(false), &json!(false)));
    assert_eq!((&front["goodsGone"], &front["unwanted"]), (&json!(true), &json!(false)));
}

#[test]
fn money_goes_back_with_the_pin_and_once_for_one_wish() {
    let counter = Counter::open();
    counter.call("set_pin", json!({ "pin": "481927", "before": null })).unwrap();
    let no = counter.paid(1_250);
    let refund = |fen: i64, intent: &str, pin: &str| {
        let request = json!({ "outTradeNo": no, "amountFen": fen, "intentId": intent, "pin": pin });
        counter.call("refund_attempt", request)
    };
    assert_eq!(counter.view()["front"]["refundableFen"], json!(1_250));
    assert_eq!(refund(500, "a", "730518"), refused("wrong_pin"));
    assert_eq!(refund(0, "a", "481927"), refused("bad_amount"));
    assert_eq!(refund(-1, "a", "481927"), refused("bad_amount"));
    assert_eq!(refund(1_251, "a", "481927"), refused("refund_exceeds"));
    assert_eq!(refund(500, "", "481927"), refused("internal"));
    refund(500, "a", "481927").unwrap();
    refund(500, "a", "481927").unwrap();
    assert_eq!(refund(400, "a", "481927"), refused("outdated"));
    let view = counter.until(|view| view["front"]["refunds"][0]["state"] == "confirmed");
    assert_eq!(view["front"]["refundableFen"], json!(750));
    assert_eq!(view["front"]["refunds"].as_array().unwrap().len(), 1);
    assert_eq!(view["front"]["refunds"][0]["amountFen"], json!(500));
    assert_eq!(refund(751, "b", "481927"), refused("refund_exceeds"));
}

#[test]
fn a_bills_barcode_tells_of_its_sale_and_turns_no_plate_green() {
    let counter = Counter::open();
    let no = counter.paid(330);
    call_in(&counter.app, "till", OURS, "clear_front", json!({})).unwrap();
    assert_eq!(counter.view()["front"], Value::Null);
    let ask = |code: &str| counter.call("ask_bill", json!({ "code": code }));
    let bill = ask(&format!("{no}\r\n")).unwrap();
    assert_eq!((&bill["outTradeNo"], &bill["orderNo"]), (&json!(no), &json!("1")));
    assert_eq!(
        (&bill["ended"]["state"], &bill["ended"]["amountFen"]),
        (&json!("paid"), &json!(330))
    );
    assert_eq!(counter.view()["front"], Value::Null);
    let unknown = ask("9000001001000000070000000001").unwrap();
    assert_eq!((&unknown["outTradeNo"], &unknown["orderNo"]), (&Value::Null, &Value::Null));
    assert_eq!(ask("281234567890123456"), refused("bad_amount"), "an amount comes first");
    assert_eq!(ask("6901028075831"), refused("product_barcode"));
    assert_eq!(ask("https://qr.alipay.com/fkx0"), refused("receive_code"));
    assert_eq!(ask(&"9".repeat(10_000_000)), refused("scan_too_long"));
    assert_eq!(ask(""), refused("not_a_payment_code"));
}

#[test]
fn the_store_file_reaches_the_page() {
    let view = Counter::open().view();
    assert_eq!(view["settings"]["scanner"], json!("box"));
    assert_eq!(view["settings"]["impliedDecimals"], json!(false));
    assert_eq!(view["settings"]["roundingLimitFen"], json!(99));
    assert_eq!(view["settings"]["keys"], json!([]));
    assert_eq!(
        (&view["settings"]["sound"], &view["settings"]["voice"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(view["justPaid"], Value::Null);
}
