//! One wallet's code in the place of another's: never two that can be paid, and one payment.

use serde_json::{Value, json};

use super::counter::{Counter, ask, trades};

impl Counter {
    fn phone_url(&self) -> String {
        self.view()["phoneUrl"].as_str().unwrap().to_owned()
    }

    /// Shows a code and returns the number of its attempt.
    fn shows(&self, channel: &str) -> String {
        let request = json!({
            "intentId": "a sale", "amountFen": 1_250, "shop": "practice_only",
            "channel": channel, "sameCustomer": "another",
        });
        self.call("show_code", request).unwrap();
        self.until_code(channel)
    }

    /// Waits until a code of this wallet stands.
    fn until_code(&self, channel: &str) -> String {
        let view = self
            .until(|view| view["front"]["state"] == "code" && view["front"]["channel"] == channel);
        view["front"]["outTradeNo"].as_str().unwrap().to_owned()
    }

    fn change(&self, no: &str, channel: &str) -> Result<Value, String> {
        self.call("change_code", json!({ "outTradeNo": no, "channel": channel }))
    }

    /// Returns the codes that a customer could scan at this moment.
    fn offers(&self) -> Vec<Value> {
        let state = ask(&self.phone_url(), "GET", "/control/state", &Value::Null);
        state["offers"].as_array().unwrap().clone()
    }

    fn scans(&self, code: &str) {
        let scan = json!({ "qr": code, "manner": "pays" });
        ask(&self.phone_url(), "POST", "/control/scans", &scan);
    }
}

fn both_ready() -> Counter {
    let counter = Counter::open();
    counter.until(|view| view["channels"][1]["state"] == "ready");
    counter
}

#[test]
fn the_other_code_comes_when_the_first_is_void_and_takes_the_sale() {
    let counter = both_ready();
    let no = counter.shows("alipay");
    let view = counter.view();
    assert_eq!(
        (&view["front"]["changeTo"], &view["nextCode"]),
        (&json!("wechat"), &json!("alipay"))
    );
    counter.change(&no, "wechat").unwrap();
    let other = counter.until_code("wechat");
    assert_ne!(other, no, "an attempt is one try, and its number is never used again");
    let offers = counter.offers();
    assert_eq!(offers.len(), 1, "one code can be scanned: {offers:?}");
    assert_eq!(
        (&offers[0]["channel"], &offers[0]["out_trade_no"]),
        (&json!("wechat"), &json!(other))
    );
    counter.scans(offers[0]["qr"].as_str().unwrap());
    let paid = counter.until(|view| view["front"]["state"] == "paid");
    assert_eq!(paid["front"]["channel"], "wechat");
    assert_eq!((&paid["todayCount"], &paid["nextCode"]), (&json!(1), &json!("wechat")));
    let orders = counter.call("orders_today", Value::Null).unwrap();
    let tried: Vec<(&str, &str)> = orders[0]["attempts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|of| (of["channel"].as_str().unwrap(), of["state"].as_str().unwrap()))
        .collect();
    assert_eq!(tried, [("alipay", "closed"), ("wechat", "paid")]);
    let taken = trades(&counter.phone_url());
    let sums: i64 = taken
        .iter()
        .filter(|trade| trade["status"] == "TRADE_SUCCESS")
        .map(|trade| trade["amount_fen"].as_i64().unwrap())
        .sum();
    assert_eq!(sums, 1_250);
}

#[test]
fn a_code_is_changed_there_and_back_again() {
    let counter = both_ready();
    let first = counter.shows("wechat");
    counter.change(&first, "alipay").unwrap();
    let second = counter.until_code("alipay");
    counter.change(&second, "wechat").unwrap();
    counter.until_code("wechat");
    assert_eq!(counter.offers().len(), 1);
    assert_eq!(counter.view()["todayCount"], 1);
}

#[test]
fn what_was_paid_before_it_was_void_is_paid_and_no_other_code_comes() {
    let counter = both_ready();
    let no = counter.shows("alipay");
    let code = counter.offers()[0]["qr"].as_str().unwrap().to_owned();
    counter.scans(&code);
    // The till may have heard of the payment first; then there is nothing to change.
    let changed = counter.change(&no, "wechat");
    assert!(changed.is_ok() || changed == Err("outdated".to_owned()), "{changed:?}");
    let view = counter.until(|view| view["front"]["state"] == "paid");
    assert_eq!(view["front"]["outTradeNo"], json!(no));
    assert_eq!(view["front"]["changingTo"], Value::Null);
    assert_eq!(counter.offers(), Vec::<Value>::new());
}

#[test]
fn a_change_that_the_cashier_lets_be_ends_without_another_code() {
    let counter = both_ready();
    let no = counter.shows("alipay");
    let lost = json!({ "next": [{ "method": "alipay.trade.cancel", "fault": { "kind": "request_lost" } }] });
    ask(&counter.phone_url(), "POST", "/control/weather", &lost);
    std::thread::scope(|scope| {
        let change = scope.spawn(|| counter.change(&no, "wechat"));
        let changing = counter.until(|view| view["front"]["changingTo"] == "wechat");
        assert_eq!(changing["front"]["code"], Value::Null);
        counter.call("cancel_attempt", json!({ "outTradeNo": no })).unwrap();
        assert_eq!(change.join().unwrap(), Ok(Value::Null));
    });
    let view = counter.until(|view| view["front"]["state"] == "closed");
    assert_eq!(view["front"]["outTradeNo"], json!(no));
    assert_eq!(counter.offers(), Vec::<Value>::new());
}

#[test]
fn nothing_is_changed_that_does_not_stand_or_to_what_is_not_there() {
    let counter = both_ready();
    assert_eq!(
        counter.change("9000001001000000070000000001", "wechat"),
        Err("outdated".to_owned())
    );
    let no = counter.shows("alipay");
    assert_eq!(counter.change(&no, "cash"), Err("channel_not_ready".to_owned()));
    assert_eq!(counter.change(&no, "alipay"), Err("outdated".to_owned()), "it is that already");
    let view = counter.view();
    assert_eq!(view["front"]["state"], "code", "the code that stands goes on standing");
    assert_eq!(view["front"]["changingTo"], Value::Null);
}
