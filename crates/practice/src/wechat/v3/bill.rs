//! `GET /v3/bill/tradebill` and `/v3/bill/fundflowbill`, and the file behind the address that they
//! give (4013071238, 4013071239). A file is not signed; its hash is in the signed answer.
//!
//! Packed files (`tar_type=GZIP`) are not played.

use rsa::sha2::Sha256;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};

use super::super::statement::{Bill, MADE_AFTER_MS, Rows, file};
use super::super::{Desk, v3::No};
use super::{Call, Heard};
use crate::calendar::{DAY_MS, beijing_midnight_after, from_beijing_text};

/// How long the address of a file is good for, in ms.
const ADDRESS_LIFE_MS: i64 = 5 * 60_000;
/// How far back bills go, in ms: three months.
const REACH_MS: i64 = 92 * DAY_MS;

/// A file by the words of its request, which are in its address too.
struct Wanted {
    date: String,
    day_ms: i64,
    word: &'static str,
    bill: Bill,
}

/// Every bill and its word in the address of its file.
const BILLS: [(&str, Bill); 4] = [
    ("ALL", Bill::Trades(Rows::All)),
    ("SUCCESS", Bill::Trades(Rows::Success)),
    ("REFUND", Bill::Trades(Rows::Refund)),
    ("BASIC", Bill::Funds),
];

pub(super) fn trades(desk: &Desk<'_>, call: &Call) -> Heard {
    let word = parameter(call, "bill_type").unwrap_or("ALL");
    let bill = BILLS.iter().find(|(known, bill)| *known == word && *bill != Bill::Funds);
    offered(desk, call, *bill.ok_or(No::parameter("bill_type"))?)
}

pub(super) fn funds(desk: &Desk<'_>, call: &Call) -> Heard {
    match parameter(call, "account_type").unwrap_or("BASIC") {
        "BASIC" => offered(desk, call, ("BASIC", Bill::Funds)),
        // The other accounts of the merchant never moved a fen.
        "OPERATION" | "FEES" => Err(none()),
        _ => Err(No::parameter("account_type")),
    }
}

/// Gives a file out to whoever has its address.
pub(super) fn download(desk: &Desk<'_>, call: &Call) -> Heard {
    let over = No::new(400, "INVALID_REQUEST", "下载地址无效或已过期，请重新获取");
    let token = parameter(call, "token").ok_or(No::parameter("token"))?;
    let parts: Vec<&str> = token.split('.').collect();
    let [date, word, since, _] = parts[..] else {
        return Err(over);
    };
    let since_ms = since.parse::<i64>().map_err(|_| over)?;
    let bill = BILLS.iter().find(|(known, _)| *known == word).ok_or(over)?;
    let wanted = wanted(date, *bill).ok_or(over)?;
    let age_ms = desk.now_ms.checked_sub(since_ms).ok_or(over)?;
    if token != address(desk, &wanted, since_ms) || !(0..=ADDRESS_LIFE_MS).contains(&age_ms) {
        return Err(over);
    }
    let file = file(desk.account, &desk.ledger.truth, wanted.day_ms, wanted.bill);
    file.map(Value::String).ok_or(none())
}

fn offered(desk: &Desk<'_>, call: &Call, bill: (&'static str, Bill)) -> Heard {
    if parameter(call, "tar_type").is_some() {
        return Err(No::parameter("tar_type"));
    }
    let wrong = No::parameter("bill_date");
    let date = parameter(call, "bill_date").ok_or(wrong)?;
    let wanted = wanted(date, bill).ok_or(wrong)?;
    let today_ms = beijing_midnight_after(desk.now_ms) - DAY_MS;
    if !(today_ms - REACH_MS..today_ms).contains(&wanted.day_ms) {
        return Err(wrong);
    }
    if desk.now_ms < wanted.day_ms + DAY_MS + MADE_AFTER_MS {
        return Err(No::new(400, "STATEMENT_CREATING", "账单生成中，请稍后再试"));
    }
    let file = file(desk.account, &desk.ledger.truth, wanted.day_ms, wanted.bill);
    let hash = hex(&Sha1::digest(file.ok_or(none())?));
    let token = address(desk, &wanted, desk.now_ms);
    let base = &desk.account.address;
    Ok(json!({
        "hash_type": "SHA1",
        "hash_value": hash,
        "download_url": format!("{base}/v3/billdownload/file?token={token}"),
    }))
}

fn none() -> No {
    No::new(400, "NO_STATEMENT_EXIST", "账单文件不存在")
}

fn wanted(date: &str, (word, bill): (&'static str, Bill)) -> Option<Wanted> {
    let day_ms = from_beijing_text(&format!("{date} 00:00:00"))?;
    Some(Wanted { date: date.to_owned(), day_ms, word, bill })
}

/// Returns the last word of a file's address: what it names, since when, and a seal on both.
fn address(desk: &Desk<'_>, wanted: &Wanted, since_ms: i64) -> String {
    let named = format!("{}.{}.{since_ms}", wanted.date, wanted.word);
    let seal = Sha256::new().chain_update(desk.account.secrets.v3_key).chain_update(&named);
    format!("{named}.{}", hex(&seal.finalize()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns a parameter of the query. None of a bill's has anything in it that is encoded.
fn parameter<'c>(call: &'c Call, name: &str) -> Option<&'c str> {
    let mut pairs = call.request.query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(known, _)| *known == name)?;
    (!value.is_empty()).then_some(value)
}
