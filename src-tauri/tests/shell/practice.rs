//! Practice entered and left, on a till with channels of its own: two shops, two books, one counter.

use std::path::{Path, PathBuf};
use std::process::Command;

use mianfu_core::money::Timestamp;
use mianfu_practice::http::Shared;
use mianfu_practice::state::Papers;
use mianfu_shell::Shell;
use serde_json::{Value, json};
use tauri::Manager;

use super::counter::{Counter, Live, trades};
use super::gates::{OURS, call_in};

const PIN: &str = "481927";
const QUARTER_MS: i64 = 900_000;

fn folder() -> PathBuf {
    tempfile::tempdir().unwrap().keep()
}

/// A counter on its own channel, whose manager's PIN is set.
fn shop(live: &Live, folder: &Path) -> Counter {
    let counter = live.counter(folder);
    counter.call("set_pin", json!({ "pin": PIN, "before": null })).unwrap();
    counter
}

impl Counter {
    fn enter(&self, pin: &str) -> Result<Value, String> {
        self.call("enter_practice", json!({ "pin": pin }))
    }

    /// Enters practice and waits until it takes sales.
    #[track_caller]
    fn practise(&self) {
        self.enter(PIN).unwrap();
        assert_eq!(self.shop(), "practice");
        self.until_ready();
    }

    fn leave(&self) -> Result<Value, String> {
        self.call("leave_practice", json!({}))
    }

    fn shop(&self) -> String {
        self.view()["shop"].as_str().unwrap().to_owned()
    }

    /// Returns the amounts of today's orders, the latest first.
    fn orders(&self) -> Vec<i64> {
        let orders = self.call("orders_today", json!({})).unwrap();
        let orders = orders.as_array().unwrap().iter();
        orders.map(|order| order["dueFen"].as_i64().unwrap()).collect()
    }

    fn now_ms(&self) -> i64 {
        self.view()["nowMs"].as_i64().unwrap()
    }

    /// Looks after practice as if it were that late.
    fn look_at(&self, ms: i64) {
        let shell = self.app.state::<Shell>();
        tauri::async_runtime::block_on(shell.look_after_practice(Timestamp(ms)));
    }
}

fn refused(code: &str) -> Result<Value, String> {
    Err(code.to_owned())
}

fn amounts(trades: &[Value]) -> Vec<i64> {
    trades.iter().map(|trade| trade["amount_fen"].as_i64().unwrap()).collect()
}

#[test]
fn practice_is_entered_with_the_pin_of_the_shop_and_left_without_one() {
    let live = Live::start();
    let counter = live.counter(&folder());
    assert_eq!(counter.enter(PIN), refused("pin_unset"));
    counter.call("set_pin", json!({ "pin": PIN, "before": null })).unwrap();
    let view = counter.view();
    assert_eq!((&view["shop"], &view["phoneUrl"]), (&json!("own"), &Value::Null));
    assert_eq!(counter.leave(), refused("outdated"), "there is nothing to leave");
    assert_eq!(counter.enter("730518"), refused("wrong_pin"));
    assert_eq!(counter.enter("48192"), refused("bad_pin"));
    assert_eq!(counter.shop(), "own");

    counter.practise();
    let view = counter.view();
    assert_eq!((&view["practice"], &view["manager"]), (&json!(true), &json!("unset")));
    assert!(view["phoneUrl"].as_str().unwrap().ends_with("/phone"), "{view}");
    assert_eq!(counter.enter(PIN), refused("outdated"), "it is on");
    counter.call("set_pin", json!({ "pin": "730518", "before": null })).unwrap();
    counter.leave().unwrap();
    assert_eq!(counter.shop(), "own");
    assert_eq!(counter.view()["phoneUrl"], Value::Null);
    assert_eq!(counter.enter("730518"), refused("wrong_pin"), "that one is practice's");
    counter.enter(PIN).unwrap();
}

#[test]
fn what_is_sold_in_practice_is_in_no_other_book_and_the_other_way_round() {
    let live = Live::start();
    let folder = folder();
    let counter = shop(&live, &folder);
    counter.paid(1_250);
    counter.practise();
    let phone = counter.view()["phoneUrl"].as_str().unwrap().to_owned();
    assert_eq!(counter.view()["front"], Value::Null);
    assert_eq!(counter.view()["recent"], json!([]));
    assert_eq!(counter.orders(), [0_i64; 0]);
    counter.paid(330);
    assert_eq!(counter.orders(), [330]);
    assert_eq!(amounts(&trades(&phone)), [330]);
    counter.leave().unwrap();

    let view = counter.view();
    assert_eq!(view["front"], Value::Null, "no result from before stands on the plate");
    assert_eq!(view["recent"][0]["amountFen"], json!(1_250));
    assert_eq!(counter.orders(), [1_250]);
    counter.paid(770);
    assert_eq!(counter.orders(), [770, 1_250]);
    assert_eq!(amounts(&live.trades()).len(), 2, "{:?}", live.trades());
    counter.practise();
    assert_eq!(counter.orders(), [330], "practice goes on in its own book");
    for book in ["shop.db", "practice/till.db"] {
        assert!(folder.join(book).is_file(), "{book}");
    }
}

#[test]
fn practice_waits_until_every_sale_has_its_result() {
    let live = Live::start();
    let counter = shop(&live, &folder());
    let no = counter.scan(1_250, json!("walks_away"));
    counter.until(|view| view["front"]["state"] == "typing");
    assert_eq!(counter.enter(PIN), refused("sales_open"));
    counter.call("put_aside", json!({ "outTradeNo": no })).unwrap();
    assert_eq!(counter.enter(PIN), refused("sales_open"), "aside it is open too");
    assert_eq!(counter.shop(), "own");
    counter.call("cancel_attempt", json!({ "outTradeNo": no })).unwrap();
    counter.until(|view| view["aside"][0]["state"] == "closed");
    counter.practise();
}

#[test]
fn practice_that_cannot_begin_leaves_the_shop_at_work() {
    let live = Live::start();
    let folder = folder();
    let counter = shop(&live, &folder);
    let papers = Papers::open(&folder.join("practice")).unwrap();
    let elsewhere = Shared::open(&papers, papers.options(1)).unwrap();
    assert_eq!(counter.enter(PIN), refused("busy_elsewhere"));
    assert_eq!(counter.shop(), "own");
    counter.paid(1_250);
    drop(elsewhere);
    counter.practise();
}

#[test]
fn what_was_confirmed_in_one_shop_is_not_taken_by_the_other() {
    let live = Live::start();
    let counter = shop(&live, &folder());
    let cash = |shop: &str| {
        json!({
            "intentId": format!("cash in {shop}"), "amountFen": 500, "receivedFen": 500,
            "roundedFen": 0, "shop": shop,
        })
    };
    let back = |shop: &str, pin: &str| {
        json!({
            "orderNo": "1", "amountFen": 500, "intentId": format!("back in {shop}"), "pin": pin,
            "shop": shop,
        })
    };
    let show = |shop: &str| {
        json!({
            "intentId": format!("shown in {shop}"), "amountFen": 500, "channel": "alipay",
            "sameCustomer": "another", "shop": shop,
        })
    };
    counter.call("take_cash", cash("own")).unwrap();
    let of_the_shop = counter.scanned(1_250, json!("pays"));
    counter.practise();
    let check_refused = |shop: &str| {
        assert_eq!(counter.call("show_code", show(shop)), refused("outdated"), "{shop}");
        assert_eq!(counter.call("take_cash", cash(shop)), refused("outdated"), "{shop}");
        assert_eq!(counter.call("refund_cash", back(shop, PIN)), refused("outdated"), "{shop}");
    };
    check_refused("own");
    assert_eq!(counter.call("scan_code", of_the_shop), refused("outdated"));
    counter.call("take_cash", cash("practice")).unwrap();
    let of_practice = counter.scanned(330, json!("pays"));
    counter.leave().unwrap();
    check_refused("practice");
    check_refused("practice_only");
    assert_eq!(counter.call("scan_code", of_practice), refused("outdated"));
    assert_eq!(counter.orders(), [500], "the cash from before and nothing more");
    assert_eq!(live.trades(), Vec::<Value>::new());
    counter.call("refund_cash", back("own", PIN)).unwrap();
}

#[test]
fn what_is_typed_stays_where_it_was_typed() {
    let live = Live::start();
    let counter = shop(&live, &folder());
    let typed = || call_in(&counter.app, "customer", OURS, "customer", json!({})).unwrap();
    let type_amount = || counter.call("type_amount", json!({ "amountFen": 1_250 })).unwrap();
    type_amount();
    assert_eq!(typed()["amountFen"], json!(1_250));
    counter.practise();
    assert_eq!(typed()["amountFen"], Value::Null);
    type_amount();
    counter.leave().unwrap();
    assert_eq!(typed()["amountFen"], Value::Null, "the customer would be asked for it");
}

#[test]
fn the_shop_goes_on_asking_behind_practice() {
    let live = Live::start();
    let counter = shop(&live, &folder());
    let no = counter.paid(1_250);
    live.weather(&json!({ "chances": { "request_lost": 1000 } }));
    let refund = json!({ "outTradeNo": no, "amountFen": 1_250, "intentId": "a", "pin": PIN });
    counter.call("refund_attempt", refund).unwrap();
    counter.practise();
    assert_eq!(live.trades()[0]["refunded_fen"], json!(0));
    live.weather(&json!({ "begin": "clear" }));
    counter.until(|_| live.trades()[0]["refunded_fen"] == json!(1_250));
    assert_eq!(counter.shop(), "practice", "and nobody at practice noticed");
}

#[test]
fn practice_ends_by_itself_when_nobody_is_there() {
    let live = Live::start();
    let counter = shop(&live, &folder());
    counter.practise();
    let no = counter.scan(1_250, json!("walks_away"));
    counter.look_at(counter.now_ms() + 24 * QUARTER_MS);
    assert_eq!(counter.shop(), "practice", "a practice sale is open");
    counter.call("cancel_attempt", json!({ "outTradeNo": no })).unwrap();
    counter.until(|view| view["front"]["state"] == "closed");
    counter.leave().unwrap();

    let before = counter.now_ms();
    counter.practise();
    let after = counter.now_ms();
    counter.look_at(before + QUARTER_MS - 60_001);
    assert_eq!(counter.view()["practiceEndsAtMs"], Value::Null);
    counter.look_at(after + QUARTER_MS - 60_000);
    let ends_at = counter.view()["practiceEndsAtMs"].as_i64().unwrap();
    assert!((before..=after).contains(&(ends_at - QUARTER_MS)), "{ends_at}");
    counter.call("stir_practice", json!({})).unwrap();
    assert_eq!(counter.view()["practiceEndsAtMs"], Value::Null, "somebody is there");
    assert_eq!(counter.shop(), "practice");
    counter.look_at(counter.now_ms() + QUARTER_MS);
    assert_eq!(counter.shop(), "own");
    counter.paid(330);
    counter.look_at(counter.now_ms() + QUARTER_MS);
    assert_eq!(counter.shop(), "own");
    assert_eq!(counter.orders(), [330], "the shop takes sales again");
}

#[test]
fn a_till_without_channels_of_its_own_practises_for_ever_and_asks_for_no_pin() {
    let counter = Counter::open();
    let view = counter.view();
    assert_eq!((&view["shop"], &view["practice"]), (&json!("practice_only"), &json!(true)));
    counter.paid(330);
    counter.look_at(counter.now_ms() + 24 * QUARTER_MS);
    assert_eq!(counter.leave(), refused("outdated"));
    counter.call("set_pin", json!({ "pin": PIN, "before": null })).unwrap();
    assert_eq!(counter.enter(PIN), refused("outdated"));
    counter.call("stir_practice", json!({})).unwrap();
    assert_eq!(counter.shop(), "practice_only");
    assert_eq!(counter.orders(), [330]);
}

#[test]
fn a_real_payment_code_is_told_in_practice_that_it_pays_nothing_there() {
    let counter = Counter::open();
    counter.until(|view| {
        let channels = view["channels"].as_array();
        let takes = |one: &Value| one["state"] == "ready" && one["scans"] == "taken";
        channels.is_some_and(|channels| channels.iter().all(takes))
    });
    for (amount_fen, wallet, code) in
        [(1_250, "alipay", "281234567890123456"), (1_260, "wechat", "134567890123456789")]
    {
        let mut scanned = counter.scanned(amount_fen, json!("pays"));
        scanned["authCode"] = json!(code);
        counter.call("scan_code", scanned).unwrap();
        let view = counter.until(|view| {
            view["front"]["state"] == "declined" && view["front"]["channel"] == wallet
        });
        assert_eq!(view["front"]["reason"], json!("PRACTICE_TAKES_ITS_OWN_CODES"), "{wallet}");
        counter.call("clear_front", Value::Null).unwrap();
    }
}

#[test]
fn a_code_of_a_wallet_that_the_shop_has_no_channel_of_is_refused_by_its_name() {
    let live = Live::start();
    let counter = shop(&live, &folder());
    let mut scanned = counter.scanned(1_250, json!("pays"));
    scanned["authCode"] = json!("134567890123456789");
    let refused = call_in(&counter.app, "till", OURS, "scan_code", json!({ "request": scanned }));
    let report = refused.unwrap_err();
    assert_eq!(
        (&report["code"], &report["channel"]),
        (&json!("wallet_not_here"), &json!("wechat"))
    );
    assert_eq!(counter.view()["nextCode"], "alipay");
}

/// The folder of a till that is to crash in practice, and its channel's file and phone.
const CRASH: [&str; 3] = ["MIANFU_TEST_CRASH", "MIANFU_TEST_CHANNEL", "MIANFU_TEST_PHONE"];

#[test]
fn a_crash_in_practice_opens_the_till_on_its_own_channels() {
    let [at, channel, phone] = CRASH.map(std::env::var_os);
    if let (Some(at), Some(channel), Some(phone)) = (at, channel, phone) {
        let counter = Counter::on(Path::new(&channel), phone.to_str().unwrap(), Path::new(&at));
        counter.call("set_pin", json!({ "pin": PIN, "before": null })).unwrap();
        counter.paid(1_250);
        counter.practise();
        counter.paid(330);
        counter.scan(440, json!("walks_away"));
        std::fs::write(Path::new(&at).join("crashed"), counter.shop()).unwrap();
        std::process::abort();
    }
    let (live, folder) = (Live::start(), folder());
    let given = [folder.as_os_str(), live.file.as_os_str(), live.phone().as_ref()];
    let crashed = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "practice::a_crash_in_practice_opens_the_till_on_its_own_channels"])
        .envs(CRASH.into_iter().zip(given))
        .output()
        .unwrap();
    assert!(!crashed.status.success());
    let reached = std::fs::read_to_string(folder.join("crashed"));
    assert_eq!(reached.ok().as_deref(), Some("practice"), "{crashed:?}");

    let counter = live.counter(&folder);
    assert_eq!(counter.shop(), "own");
    assert_eq!(counter.orders(), [1_250]);
    let view = counter.view();
    let open = [&view["front"], &view["aside"][0]]
        .into_iter()
        .find(|sale| !sale.is_null() && sale["endedAtMs"].is_null());
    assert_eq!(open, None, "the open sale is practice's");
    assert_eq!(amounts(&live.trades()), [1_250]);
    counter.practise();
    assert_eq!(counter.orders(), [440, 330]);
}
