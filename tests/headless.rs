//! The real `mianfu-headless` against practice over loopback: what it prints and how it ends.
//!
//! Its package may not know practice, so the built program is looked for beside this one:
//! `cargo test -p mianfu-till -p mianfu-tests --test headless` builds both.

#![expect(clippy::unwrap_used, reason = "a test may")]

#[path = "headless/shop.rs"]
mod shop;

use mianfu_practice::{Channel, Fault, Manner};
use mianfu_tests::shop::{PAY, REFUND, REFUND_QUERY};
use serde_json::Value;
use shop::{Access, Ran, Shop};

/// The pretend channel answers too late for whoever is killed meanwhile.
const LATE: Fault = Fault::Slow { delay_ms: 60_000 };

fn refund(shop: &Shop, no: &str, arguments: &[&str]) -> Ran {
    shop.run(&[&["refund", no], arguments].concat())
}

fn back(nth: u32, fen: i64) -> (String, i64) {
    (format!("R{nth}"), fen)
}

/// A command that was not carried out says why and what to do, in both languages.
#[track_caller]
fn refused<'r>(ran: &'r Ran, error: &str) -> &'r Value {
    assert_eq!(ran.code, 2, "{:?}", ran.lines);
    let line = ran.only("error");
    assert!(line["error"].as_str().unwrap().contains(error), "{line}");
    assert!(!line["next"].as_str().unwrap().is_empty(), "{line}");
    for name in ["error_zh", "next_zh"] {
        let is_chinese = |letter| ('\u{4e00}'..='\u{9fff}').contains(&letter);
        assert!(line[name].as_str().unwrap().chars().any(is_chinese), "{name}: {line}");
    }
    line
}

#[test]
fn the_whole_amount_goes_back_and_the_channel_confirms_it() {
    let shop = Shop::open();
    let no = shop.paid("12.50");
    let ran = refund(&shop, &no, &[]);
    assert_eq!(ran.code, 0, "{:?}", ran.lines);
    let (kept, ended) = (ran.only("refund_kept"), ran.only("refund"));
    assert!(kept["intent"].is_string(), "a name to repeat it by: {kept}");
    assert_eq!(ended["phase"], "done");
    assert_eq!(ended["amount_fen"], 1_250);
    assert_eq!(ended["refund_no"], format!("{no}R1"));
    assert_eq!(shop.given_back(&no), [back(1, 1_250)]);
}

#[test]
fn parts_go_back_until_nothing_is_left() {
    let shop = Shop::open();
    let no = shop.paid("12.50");
    assert_eq!(refund(&shop, &no, &["--amount", "2.50", "--intent", "a"]).code, 0);
    let ran = refund(&shop, &no, &["--amount", "10.01", "--intent", "b"]);
    refused(&ran, "more than is left");
    assert_eq!(refund(&shop, &no, &["--amount", "10.00", "--intent", "b"]).code, 0);
    refused(&refund(&shop, &no, &["--amount", "0.01", "--intent", "c"]), "more than is left");
    assert_eq!(shop.given_back(&no), [back(1, 250), back(2, 1_000)]);
    let ran = shop.run(&["status"]);
    assert_eq!(ran.only("attempt")["refunded_fen"], 1_250);
    let intents: Vec<&Value> = ran.all("refund").iter().map(|line| &line["intent"]).collect();
    assert_eq!(intents, ["a", "b"]);
}

#[test]
fn i7_one_intent_is_one_refund_however_much_runs_between() {
    let shop = Shop::open();
    let no = shop.paid("12.50");
    let asked = ["--amount", "2.50", "--intent", "退款-17"];
    let first = refund(&shop, &no, &asked);
    let other = shop.paid("1.00");
    assert_eq!(refund(&shop, &no, &["--amount", "2.50", "--intent", "another"]).code, 0);
    assert_eq!(refund(&shop, &other, &["--intent", "退款-17"]).code, 0, "of another sale");
    shop.run(&["settle"]);
    for by in ["headless", "店长 intent:another"] {
        let again = refund(&shop, &no, &[asked.as_slice(), &["--by", by]].concat());
        assert_eq!((first.code, again.code), (0, 0), "{:?}", again.lines);
        for event in ["refund_kept", "refund"] {
            assert_eq!(first.only(event)["id"], again.only(event)["id"]);
        }
        assert_eq!(again.only("refund"), first.only("refund"));
    }
    assert_eq!(shop.given_back(&no), [back(1, 250), back(2, 250)]);
    assert_eq!(shop.given_back(&other), [back(1, 100)]);
    let ran = refund(&shop, &no, &["--amount", "3.00", "--intent", "退款-17"]);
    refused(&ran, "the intent was used for a refund of ¥2.50");
    refused(&refund(&shop, &no, &["--intent", "退款-17"]), "the intent was used");
    for name in ["", "two words", &"x".repeat(65)] {
        refused(&refund(&shop, &no, &["--intent", name]), "1 to 64 letters and no space");
    }
    assert_eq!(shop.given_back(&no), [back(1, 250), back(2, 250)]);
}

#[test]
fn without_an_intent_a_sale_is_refunded_once() {
    let shop = Shop::open();
    let no = shop.paid("12.50");
    let first = refund(&shop, &no, &["--amount", "2.50"]);
    assert_eq!(first.code, 0, "{:?}", first.lines);
    for amount in ["2.50", "1.00"] {
        let ran = refund(&shop, &no, &["--amount", amount]);
        let line = refused(&ran, "this sale has a refund of ¥2.50 already (done)");
        let name = line["intent"].as_str().unwrap();
        assert!(line["next"].as_str().unwrap().contains(&format!("--intent {name}")), "{line}");
        let followed = refund(&shop, &no, &["--amount", "2.50", "--intent", name]);
        assert_eq!(followed.code, 0);
        assert_eq!(followed.only("refund"), first.only("refund"));
    }
    assert_eq!(shop.given_back(&no), [back(1, 250)]);
}

#[test]
fn a_known_intent_is_answered_without_the_channel_and_a_fresh_one_is_not_begun() {
    let mut shop = Shop::open();
    let no = shop.paid("12.50");
    let first = refund(&shop, &no, &["--amount", "2.50", "--intent", "r"]);
    shop.vanish();
    let again = refund(&shop, &no, &["--amount", "2.50", "--intent", "r"]);
    assert_eq!((again.code, again.only("refund")), (0, first.only("refund")));
    let ran = shop.run(&["--wait-ms", "500", "refund", &no, "--amount", "1", "--intent", "s"]);
    assert_eq!(ran.code, 2, "{:?}", ran.lines);
    let line = ran.only("not_offered");
    assert!(line["next"].as_str().unwrap().starts_with("nothing was sent"), "{line}");
    assert!(line["error_zh"].is_string() && line["next_zh"].is_string(), "{line}");
    assert_eq!(shop.run(&["status"]).all("refund").len(), 1, "nothing was kept");
}

#[test]
fn what_was_not_paid_and_what_is_no_number_is_not_refunded() {
    let shop = Shop::open();
    let code = shop.code(Manner::WalksAway);
    let collect = ["--wait-ms", "1500", "collect", "--amount", "1", "--scan", &code];
    let ran = shop.run(&collect);
    let no = ran.only("kept")["out_trade_no"].as_str().unwrap();
    refused(&refund(&shop, no, &[]), "is not paid");
    let ran = refund(&shop, &code, &[]);
    let line = refused(&ran, "not a number of this till");
    assert!(!line.to_string().contains(&code), "law 9: it may be a customer's code");
    let ran = refund(&shop, no, &["--amount", &code]);
    assert!(!refused(&ran, "not an amount").to_string().contains(&code));
    refused(&refund(&shop, no, &["--amount", "0"]), "at least one fen");
    assert_eq!(shop.calls(REFUND), 0);
}

#[test]
fn m20_a_kill_between_request_and_answer_gives_nothing_back_twice() {
    for (method, given) in [(REFUND_QUERY, 0), (REFUND, 1)] {
        let shop = Shop::open();
        let no = shop.paid("12.50");
        shop.next(method, LATE);
        let arguments = ["refund", &no, "--amount", "4.00", "--intent", "r"];
        let going = shop.start(&arguments);
        let kept = going.until(|line| line["event"] == "refund_kept");
        going.while_going(|| shop.calls(method) == 1 && shop.given_back(&no).len() == given);
        going.kill();
        let ran = refund(&shop, &no, &["--amount", "4.00"]);
        let line = refused(&ran, "this sale has a refund of ¥4.00 already");
        assert_eq!(line["intent"], "r", "killed in {method}");
        for _ in 0..2 {
            let ran = shop.run(&arguments);
            assert_eq!(ran.code, 0, "killed in {method}: {:?}", ran.lines);
            assert_eq!(ran.only("refund_kept")["id"], kept["id"]);
            assert_eq!(ran.only("refund")["phase"], "done");
        }
        assert_eq!(shop.given_back(&no), [back(1, 400)], "killed in {method}");
    }
}

#[test]
fn m20_a_wedged_refund_waits_for_a_person_and_keeps_its_number() {
    let shop = Shop::open();
    let no = shop.paid("12.50");
    shop.next(REFUND, Fault::SellerEmpty);
    let asked = ["--amount", "4.00", "--intent", "r"];
    let ran = refund(&shop, &no, &asked);
    assert_eq!(ran.code, 5, "{:?}", ran.lines);
    let wedged = ran.only("refund").clone();
    assert_eq!((&wedged["phase"], &wedged["reason"]), (&"wedged".into(), &"no_balance".into()));
    let id = wedged["id"].to_string();
    assert!(wedged["next"].as_str().unwrap().contains(&format!("retry-refund {id}")));
    assert_eq!(refund(&shop, &no, &asked).code, 5);
    let ran = shop.run(&["settle"]);
    assert_eq!((ran.code, &ran.only("status")["waiting_for_a_person"]), (5, &1.into()));
    assert_eq!(shop.calls(REFUND), 1, "not by itself");
    let ran = shop.run(&["retry-refund", &id]);
    assert_eq!(ran.code, 0, "{:?}", ran.lines);
    assert_eq!(ran.only("refund")["refund_no"], wedged["refund_no"]);
    assert_eq!(shop.given_back(&no), [back(1, 400)]);
    refused(&shop.run(&["retry-refund", &id]), "does not wait for a person: it is done");
    assert_eq!(shop.run(&["settle"]).code, 0);
}

#[test]
fn a_start_tells_of_sales_without_a_result_and_cancel_ends_one() {
    let shop = Shop::open();
    let going = shop.start(&["collect", "--amount", "1.00", "--show"]);
    let line = going.until(|line| line["code"].is_string());
    assert_eq!((&line["screen"], &line["final"]), (&"Code".into(), &false.into()));
    going.kill();
    let ran = shop.run(&["status"]);
    assert_eq!(ran.code, 0);
    let notice = ran.only("notice");
    assert_eq!(notice["notice"], "live_at_start");
    assert_eq!(notice["says"], "sales without a result at the start: 1");
    assert_eq!(notice["next"], "run settle");
    let no = line["out_trade_no"].as_str().unwrap();
    let ran = shop.run(&["cancel", no]);
    assert_eq!(ran.code, 3, "{:?}", ran.lines);
    let last = ran.lines.last().unwrap();
    assert_eq!((&last["screen"], &last["final"]), (&"Closed".into(), &true.into()));
    let ran = shop.run(&["status"]);
    assert_eq!(ran.all("notice"), Vec::<&Value>::new());
    let status = ran.only("status");
    assert_eq!((&status["attempts"], &status["refunds"]), (&1.into(), &0.into()));
    refused(&shop.run(&["cancel", &no.replace("90", "91")]), "not a number of this till");
    let other = format!("{}{}", &no[..27], (no.as_bytes()[27] - b'0' + 1) % 10);
    refused(&shop.run(&["cancel", &other]), "");
}

#[test]
fn an_older_copy_of_the_database_is_told() {
    let shop = Shop::open();
    shop.paid("1.00");
    let older = std::fs::read(shop.database()).unwrap();
    shop.paid("2.00");
    std::fs::write(shop.database(), older).unwrap();
    let ran = shop.run(&["--wait-ms", "1500", "settle"]);
    let notices: Vec<&Value> = ran.all("notice").iter().map(|line| &line["notice"]).collect();
    assert_eq!(notices, ["restored_database"], "{:?}", ran.lines);
    // Its numbers are asked about once every code shown before is over, minutes later.
    assert_eq!(ran.code, 4, "{:?}", ran.lines);
}

#[test]
fn a_sale_has_a_name_and_says_when_it_is_asked_for_again() {
    let shop = Shop::open();
    for name in ["", "two words", &"x".repeat(65)] {
        let code = shop.code(Manner::Pays);
        let ran = shop.run(&["collect", "--amount", "1.00", "--intent", name, "--scan", &code]);
        refused(&ran, "1 to 64 letters");
    }
    for again in [false, true] {
        let code = shop.code(Manner::Pays);
        let ran = shop.run(&["collect", "--amount", "1.00", "--intent", "a", "--scan", &code]);
        assert_eq!(ran.only("kept")["again"], again, "{:?}", ran.lines);
        assert_eq!(ran.code, 0);
    }
    assert_eq!(shop.calls(PAY), 1);
}

#[test]
fn every_end_of_a_sale_has_its_code() {
    let shop = Shop::open();
    let no = shop.paid("1.00");
    refused(&shop.run(&["cancel", &format!("{no}9")]), "not a number of this till");
    let collect = |amount: &str, manner: Manner| {
        let code = shop.code(manner);
        shop.run(&["collect", "--another-customer", "--amount", amount, "--scan", &code])
    };
    let ran = collect("2.00", Manner::TooLittleMoney);
    let last = ran.lines.last().unwrap();
    assert_eq!((ran.code, &last["screen"]), (3, &"Declined".into()), "{:?}", ran.lines);
    shop.next(PAY, Fault::AnotherAmount);
    let ran = collect("3.00", Manner::Pays);
    let last = ran.lines.last().unwrap();
    assert_eq!((ran.code, &last["screen"]), (6, &"Held".into()), "{:?}", ran.lines);
    let code = shop.code(Manner::WalksAway);
    let collect = ["collect", "--another-customer", "--amount", "4.00", "--scan", &code];
    let ran = shop.run(&[&["--wait-ms", "1500"], collect.as_slice()].concat());
    assert_eq!(ran.code, 4, "{:?}", ran.lines);
    assert_eq!(ran.only("still_open")["next"], "run settle");
    assert_eq!(shop.run(&["settle", "--cancel-open"]).code, 0);
}

#[test]
fn m20_an_older_copy_of_the_database_gives_nothing_back_that_it_may_have_forgotten() {
    let shop = Shop::open();
    let no = shop.paid("12.50");
    let older = std::fs::read(shop.database()).unwrap();
    let asked = ["--amount", "2.50", "--intent", "r"];
    assert_eq!(refund(&shop, &no, &asked).code, 0);
    std::fs::write(shop.database(), older).unwrap();
    for asked in [asked.as_slice(), &["--amount", "2.50"]] {
        let ran = refund(&shop, &no, asked);
        let line = refused(&ran, "from before the database was restored");
        assert!(line["next"].as_str().unwrap().contains("--compared"), "{line}");
    }
    assert_eq!(shop.given_back(&no), [back(1, 250)]);
    let other = ["--amount", "1.00", "--intent", "s"];
    assert_eq!(refund(&shop, &no, &[other.as_slice(), &["--compared"]].concat()).code, 0);
    assert_eq!(refund(&shop, &no, &other).code, 0, "a known intent is followed");
    assert_eq!(shop.given_back(&no), [back(1, 250), back(2, 100)]);
    let fresh = shop.paid("3.00");
    assert_eq!(refund(&shop, &fresh, &[]).code, 0, "a sale since then is known in full");
}

#[test]
fn a_disk_that_cannot_be_written_is_told_and_nothing_is_lost() {
    let mut shop = Shop::open();
    let no = shop.paid("12.50");
    let before = std::fs::read(shop.database()).unwrap();
    let code = shop.code(Manner::Pays);
    let collect = ["collect", "--another-customer", "--amount", "1.00", "--scan", &code];
    shop.set_access(Access::ReadOnly);
    for arguments in [&["status"][..], &["settle"], &collect, &["refund", &no]] {
        let ran = shop.run(arguments);
        let line = refused(&ran, "the database cannot be written");
        assert_eq!(line["error_zh"], "数据库不能写", "{arguments:?}");
        assert!(line["next"].as_str().unwrap().contains("the disk is not read-only"), "{line}");
        assert!(line["next_zh"].as_str().unwrap().contains("磁盘是不是只读"), "{line}");
    }
    assert_eq!((shop.calls(PAY), shop.calls(REFUND)), (1, 0), "nothing leaves that is not kept");
    assert_eq!(std::fs::read(shop.database()).unwrap(), before);
    shop.set_access(Access::Write);
    let ran = shop.run(&["status"]);
    assert_eq!((ran.code, &ran.only("attempt")["screen"]), (0, &"Paid".into()));
    assert_eq!(shop.run(&collect).code, 0, "the customer's code was not used up");
}

#[test]
fn either_wallet_is_shown_scanned_and_given_back_by_one_till() {
    let shop = Shop::with_both_channels();
    for (customer, channel) in [(1, Channel::Alipay), (2, Channel::Wechat)] {
        let code = shop.code_of(channel, customer, Manner::Pays);
        let ran = shop.run(&["collect", "--amount", "12.50", "--scan", &code]);
        assert_eq!(ran.code, 0, "{:?}", ran.lines);
        let no = ran.only("kept")["out_trade_no"].as_str().unwrap();
        let ran = refund(&shop, no, &["--amount", "2.50"]);
        assert_eq!(ran.code, 0, "{:?}", ran.lines);
        assert_eq!(shop.given_back(no), [back(1, 250)]);
    }
    for name in ["--show=alipay", "--show=wechat"] {
        let going = shop.start(&["collect", "--amount", "3.00", name]);
        let line = going.until(|line| line["code"].is_string());
        shop.scan(line["code"].as_str().unwrap(), Manner::Pays);
        going.until(|line| line["screen"] == "Paid");
    }
}

#[test]
fn a_code_is_shown_of_the_only_channel_and_else_of_the_one_that_is_named() {
    let mut shop = Shop::with_both_channels();
    let ran = shop.run(&["collect", "--amount", "3.00", "--show"]);
    refused(&ran, "this till has more than one channel");
    shop.keep_channels(&["wechat.toml"]);
    let going = shop.start(&["collect", "--amount", "3.00", "--show"]);
    let line = going.until(|line| line["code"].is_string());
    assert!(line["code"].as_str().unwrap().starts_with("weixin://"), "{line}");
    going.kill();
    let code = shop.code_of(Channel::Alipay, 1, Manner::Pays);
    let ran = shop.run(&["collect", "--amount", "1.00", "--another-customer", "--scan", &code]);
    let line = refused(&ran, "payment code");
    assert!(line["next"].as_str().unwrap().contains("does not take Alipay"), "{line}");
    let ran = shop.run(&["collect", "--amount", "1.00", "--scan", "6901234567892"]);
    let line = refused(&ran, "payment code");
    assert!(line["next"].as_str().unwrap().contains("not the goods"), "{line}");
}

#[test]
fn m4_without_a_certificate_that_reverses_wechat_is_shown_and_not_scanned() {
    let shop = Shop::with_both_channels();
    let own = "certificate_file = \"wechat_merchant_cert.pem\"";
    shop.change_file("wechat.toml", own, "");
    let code = shop.code_of(Channel::Wechat, 1, Manner::Pays);
    let ran = shop.run(&["collect", "--amount", "3.00", "--scan", &code]);
    assert_eq!(ran.code, 2, "{:?}", ran.lines);
    let line = ran.only("not_offered");
    assert!(line["error"].as_str().unwrap().contains("lets no reversal in"), "{line}");
    assert!(line["next"].as_str().unwrap().contains("certificate_file"), "{line}");
    let going = shop.start(&["collect", "--amount", "3.00", "--show=wechat"]);
    let line = going.until(|line| line["code"].is_string());
    shop.scan(line["code"].as_str().unwrap(), Manner::Pays);
    going.until(|line| line["screen"] == "Paid");
}

#[test]
fn a_mistyped_path_makes_no_database() {
    let shop = Shop::open();
    let number = format!("90{}", "0".repeat(26));
    for command in [&["status"][..], &["settle"], &["cancel", &number], &["refund", &number]] {
        refused(&shop.run(command), "there is no till's database at");
        assert!(!shop.database().exists(), "{command:?}");
    }
    shop.paid("1.00");
    std::fs::remove_file(shop.database()).unwrap();
    let ran = shop.run(&["status"]);
    assert_eq!(ran.code, 0, "what was lost is asked about: {:?}", ran.lines);
}
