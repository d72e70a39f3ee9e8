//! Bills of WeChat Pay: what is in them, when they are there, and who gets the file.

use std::collections::BTreeMap;

use mianfu_practice::Manner;
use mianfu_practice::money::fen_from_yuan;
use mianfu_practice::truth::RefundFate;
use rsa::sha2::Digest;
use serde_json::Value;
use sha1::Sha1;

use super::wechat_shop::{Heard, Shop};

const HOUR_MS: i64 = 3_600_000;

/// A bill taken apart: its rows by the names of the columns, and its sums.
struct Bill {
    rows: Vec<BTreeMap<String, String>>,
    sums: BTreeMap<String, String>,
}

impl Bill {
    fn column(&self, name: &str) -> Vec<&str> {
        self.rows.iter().map(|row| row[name].as_str()).collect()
    }
}

impl Shop {
    fn offer(&mut self, path: &str) -> Heard {
        self.ask("GET", &format!("/v3/bill/{path}"), &Value::Null)
    }

    /// Fetches the file of a bill and checks its hash.
    #[track_caller]
    fn bill(&mut self, path: &str) -> Bill {
        let offer = self.offer(path);
        assert_eq!((offer.status, offer.signed_by.is_some()), (200, true), "{offer:?}");
        let url = offer.body["download_url"].as_str().unwrap();
        let request = self.request("GET", address(url), &Value::Null);
        let answer = self.reply(&request).unwrap();
        assert_eq!(answer.status, 200);
        let signed = answer.headers.iter().any(|(name, _)| name.starts_with("wechatpay"));
        assert!(!signed, "a file is not signed");
        let hash: String =
            Sha1::digest(&answer.body).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(offer.body["hash_value"].as_str(), Some(hash.as_str()));
        opened(&String::from_utf8(answer.body).unwrap())
    }
}

fn address(url: &str) -> &str {
    url.strip_prefix("https://api.mch.weixin.qq.com").unwrap()
}

#[track_caller]
fn opened(text: &str) -> Bill {
    let text = text.strip_prefix('\u{feff}').unwrap();
    let lines: Vec<&str> = text.strip_suffix("\r\n").unwrap().split("\r\n").collect();
    let row = |header: &str, line: &str| -> BTreeMap<String, String> {
        let names: Vec<&str> = header.split(',').collect();
        let fields: Vec<&str> = line.split(',').collect();
        assert_eq!(names.len(), fields.len(), "{line}");
        let field = |text: &str| text.strip_prefix('`').unwrap().to_owned();
        names.iter().zip(fields).map(|(name, text)| ((*name).to_owned(), field(text))).collect()
    };
    let [header, rows @ .., sums_header, sums] = lines.as_slice() else {
        panic!("{text}");
    };
    Bill { rows: rows.iter().map(|line| row(header, line)).collect(), sums: row(sums_header, sums) }
}

fn sum(texts: &[&str]) -> i64 {
    texts.iter().map(|text| fen_from_yuan(text).unwrap()).sum()
}

/// A day with a shown sale, a scanned one, a reversed one, and refunds of every end.
fn a_day() -> Shop {
    let mut shop = Shop::new();
    for number in ["9000000001", "9000000002", "9000000003"] {
        shop.sold(number, 1250);
        shop.wait(10_000);
    }
    let code = shop.code(Manner::Pays);
    shop.micropay("904", 880, &code);
    let code = shop.code(Manner::Pays);
    shop.micropay("905", 500, &code);
    shop.wait(20_000);
    assert_eq!(shop.reverse("905"), ("SUCCESS".to_owned(), "N".to_owned()));
    shop.shown("9000000006", 1250);
    let ends = [RefundFate::Arrived, RefundFate::Abnormal, RefundFate::Closed];
    for (number, how) in ["9000000001", "9000000002", "9000000003"].into_iter().zip(ends) {
        let refund = format!("{number}R1");
        assert_eq!(shop.refund(number, &refund, 250, 1250).status, 200);
        shop.practice.end_refund(shop.now_ms, &refund, how).unwrap();
    }
    shop
}

#[test]
fn a_trade_bill_lists_what_moved_and_its_sums_are_its_columns() {
    let mut shop = a_day();
    shop.wait(24 * HOUR_MS);
    let bill = shop.bill("tradebill?bill_date=2026-11-21");
    assert_eq!(bill.rows.len(), 9, "five payments, one reversal, three refunds; nothing unpaid");
    let states = bill.column("交易状态");
    let count = |state: &str| states.iter().filter(|known| **known == state).count();
    assert_eq!((count("SUCCESS"), count("REFUND"), count("REVOKED")), (5, 3, 1));
    let mut ends = bill.column("退款状态");
    ends.sort_unstable();
    assert_eq!(ends, ["", "", "", "", "", "CHANGE", "FAIL", "SUCCESS", "SUCCESS"]);
    for (column, total) in [
        ("应结订单金额", "应结订单总金额"),
        ("订单金额", "订单总金额"),
        ("退款金额", "退款总金额"),
        ("申请退款金额", "申请退款总金额"),
        ("充值券退款金额", "充值券退款总金额"),
    ] {
        assert_eq!(sum(&bill.column(column)), sum(&[&bill.sums[total]]), "{column}");
    }
    assert_eq!(sum(&bill.column("订单金额")), 3 * 1250 + 880 + 500);
    assert_eq!(bill.sums["总交易单数"], "9.0");
    let fees: Vec<&str> = bill.column("手续费");
    assert!(fees.contains(&"0.08000") && fees.contains(&"0.05000"), "{fees:?}");
    assert_eq!(bill.rows[0].get("退款申请时间"), None);
    assert_eq!(bill.column("交易类型").iter().filter(|kind| **kind == "MICROPAY").count(), 3);
}

#[test]
fn payments_and_refunds_have_bills_of_their_own() {
    let mut shop = a_day();
    shop.wait(24 * HOUR_MS);
    let paid = shop.bill("tradebill?bill_date=2026-11-21&bill_type=SUCCESS");
    assert_eq!((paid.rows.len(), paid.rows[0].len()), (5, 20));
    let back = shop.bill("tradebill?bill_date=2026-11-21&bill_type=REFUND");
    assert_eq!((back.rows.len(), back.rows[0].len()), (4, 29));
    assert_eq!(back.column("退款申请时间").len(), 4);
    let ends = back.column("退款成功时间");
    assert_eq!(ends.iter().filter(|at| at.is_empty()).count(), 2, "two never arrived");
}

#[test]
fn a_fund_bill_goes_on_from_the_day_before() {
    let mut shop = a_day();
    shop.wait(24 * HOUR_MS);
    let code = shop.code(Manner::Pays);
    shop.micropay("909", 1250, &code);
    shop.wait(48 * HOUR_MS);
    let first = shop.bill("fundflowbill?bill_date=2026-11-21");
    // Three of 12.50, 8.80 and 5.00 came; five fees, the reversal and two refunds went.
    assert_eq!(first.rows.len(), 5 + 5 + 3);
    let (came, went) = (sum(&[&first.sums["收入金额"]]), sum(&[&first.sums["支出金额"]]));
    assert_eq!((came, went), (5_130, 3 * 8 + 5 + 3 + 500 + 500));
    let balance = first.column("账户结余(元)");
    assert_eq!(sum(&balance[balance.len() - 1..]), came - went);
    let second = shop.bill("fundflowbill?bill_date=2026-11-22&account_type=BASIC");
    let balance = second.column("账户结余(元)");
    assert_eq!(sum(&balance[..1]), came - went + 1_250);
    let fees = shop.offer("fundflowbill?bill_date=2026-11-21&account_type=FEES");
    assert_eq!(fees.body["code"], "NO_STATEMENT_EXIST");
}

#[test]
fn a_bill_is_there_at_ten_the_next_morning_and_for_three_months() {
    let mut shop = a_day();
    let code = |shop: &mut Shop, date: &str| {
        let heard = shop.offer(&format!("tradebill?bill_date={date}"));
        heard.body["code"].as_str().unwrap_or("there").to_owned()
    };
    assert_eq!(code(&mut shop, "2026-11-21"), "PARAM_ERROR", "not of today");
    let midnight_ms = mianfu_practice::calendar::from_beijing_text("2026-11-22 00:00:00").unwrap();
    shop.wait(midnight_ms - shop.now_ms);
    assert_eq!(code(&mut shop, "2026-11-21"), "STATEMENT_CREATING");
    assert_eq!(code(&mut shop, "2026-11-20"), "NO_STATEMENT_EXIST");
    shop.wait(10 * HOUR_MS - 1);
    assert_eq!(code(&mut shop, "2026-11-21"), "STATEMENT_CREATING");
    shop.wait(1);
    assert_eq!(code(&mut shop, "2026-11-21"), "there");
    for wrong in ["2026-11-2", "20261121", "2026-11-22", "2027-01-01", "x"] {
        assert_eq!(code(&mut shop, wrong), "PARAM_ERROR", "{wrong}");
    }
    shop.wait(93 * 24 * HOUR_MS);
    assert_eq!(code(&mut shop, "2026-11-21"), "PARAM_ERROR");
}

#[test]
fn a_files_address_is_good_for_five_minutes_and_for_one_file() {
    let mut shop = a_day();
    shop.wait(24 * HOUR_MS);
    let offer = shop.offer("tradebill?bill_date=2026-11-21");
    let url = address(offer.body["download_url"].as_str().unwrap()).to_owned();
    let status = |shop: &mut Shop, url: &str| {
        let request = shop.request("GET", url, &Value::Null);
        shop.reply(&request).unwrap().status
    };
    assert_eq!(status(&mut shop, &url), 200);
    for (from, to) in [("ALL", "REFUND"), ("2026-11-21", "2026-11-20"), ("token=", "token=x")] {
        assert_eq!(status(&mut shop, &url.replace(from, to)), 400, "{from}");
    }
    let mut unsigned = shop.request("GET", &url, &Value::Null);
    unsigned.headers.retain(|(name, _)| name != "authorization");
    assert_eq!(shop.reply(&unsigned).unwrap().status, 401);
    shop.wait(300_000);
    assert_eq!(status(&mut shop, &url), 200);
    shop.wait(1);
    assert_eq!(status(&mut shop, &url), 400);
}

#[test]
fn what_the_merchant_wrote_ends_no_field() {
    let mut shop = Shop::new();
    let mut sale = super::wechat_shop::sale("9000000001", 1250);
    sale["description"] = Value::from("面,`加蛋`\n大碗");
    let qr = shop.native(&sale).body["code_url"].as_str().unwrap().to_owned();
    shop.practice.scan(shop.now_ms, &qr, Manner::Pays).unwrap();
    shop.wait(24 * HOUR_MS);
    let bill = shop.bill("tradebill?bill_date=2026-11-21");
    assert_eq!(bill.column("商品名称"), ["面\\ `加蛋`\\n大碗"]);
}
