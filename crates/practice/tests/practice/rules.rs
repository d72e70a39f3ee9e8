//! Alipay's rules, as a merchant sees them.

use super::shop::{Heard, Shop, sale};
use mianfu_practice::truth::{ClosedWhy, TradeStatus};
use mianfu_practice::{BuyerIds, CancelUnscanned, Fault, Manner, PhoneError};
use serde_json::{Value, json};

#[track_caller]
fn check(node: &Value, expected: Value) {
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(node.get(name).unwrap_or(&Value::Null), value, "`{name}` of {node}");
    }
}

#[test]
fn a_scanned_customer_who_pays_at_once_has_paid() {
    let mut shop = Shop::new();
    let code = shop.practice.show_payment_code(shop.now_ms, Manner::Pays);
    assert_eq!(code.len(), 18);
    assert!(code.starts_with("28"));
    let node = shop.pay("901", "12.50", &code);
    check(&node, json!({ "code": "10000", "msg": "Success", "out_trade_no": "901" }));
    check(&node, json!({ "total_amount": "12.50", "receipt_amount": "12.50" }));
    check(&node, json!({ "gmt_payment": "2026-11-21 10:00:00" }));
    assert_eq!(node["trade_no"].as_str().unwrap().len(), 28);
    let captures: Vec<_> = shop.practice.truth().captures().collect();
    assert_eq!(captures.len(), 1);
    assert_eq!(captures[0].amount_fen, 1250);
    assert_eq!(captures[0].paid_ms, shop.now_ms);
}

#[test]
fn a_customer_who_types_a_password_pays_when_it_is_typed() {
    let mut shop = Shop::new();
    let manner = Manner::TypesPassword { after_ms: 8_000 };
    let code = shop.practice.show_payment_code(shop.now_ms, manner);
    let node = shop.pay("901", "12.50", &code);
    check(&node, json!({ "code": "10003", "msg": " order success pay inprocess" }));
    check(&node, json!({ "total_amount": "12.50", "receipt_amount": "0.00" }));
    shop.wait(7_999);
    check(&shop.query("901"), json!({ "trade_status": "WAIT_BUYER_PAY", "send_pay_date": null }));
    assert_eq!(shop.practice.next_event_ms(), Some(shop.now_ms + 1));
    shop.wait(1);
    let node = shop.query("901");
    check(&node, json!({ "trade_status": "TRADE_SUCCESS" }));
    check(&node, json!({ "send_pay_date": "2026-11-21 10:00:08" }));
}

#[test]
fn a_customer_who_refuses_or_leaves_keeps_the_trade_waiting_until_it_times_out() {
    for manner in [Manner::Refuses, Manner::WalksAway, Manner::ByHand] {
        let mut shop = Shop::new();
        let code = shop.practice.show_payment_code(shop.now_ms, manner);
        let mut business = sale("901", "12.50");
        business["auth_code"] = json!(code);
        business["timeout_express"] = json!("5m");
        let node = shop.ask("alipay.trade.pay", business).node();
        check(&node, json!({ "code": "10003" }));
        shop.wait(5 * 60_000 - 1);
        check(&shop.query("901"), json!({ "trade_status": "WAIT_BUYER_PAY" }));
        shop.wait(1);
        check(&shop.query("901"), json!({ "trade_status": "TRADE_CLOSED", "send_pay_date": null }));
        assert_eq!(shop.practice.confirm(shop.now_ms, "901"), Err(PhoneError::Closed));
        assert_eq!(shop.practice.truth().captured_fen(), 0);
    }
}

#[test]
fn too_little_money_is_declined_and_the_number_stays_alive() {
    let mut shop = Shop::new();
    let code = shop.practice.show_payment_code(shop.now_ms, Manner::TooLittleMoney);
    let node = shop.pay("901", "12.50", &code);
    check(&node, json!({ "code": "40004", "sub_code": "ACQ.BUYER_BALANCE_NOT_ENOUGH" }));
    check(&shop.query("901"), json!({ "trade_status": "WAIT_BUYER_PAY" }));
    shop.practice.confirm(shop.now_ms, "901").unwrap();
    check(&shop.query("901"), json!({ "trade_status": "TRADE_SUCCESS" }));
}

#[test]
fn a_customer_who_tops_up_pays_after_having_been_declined() {
    let mut shop = Shop::new();
    let code = shop.practice.show_payment_code(shop.now_ms, Manner::TopsUp { after_ms: 9_000 });
    check(&shop.pay("901", "1.00", &code), json!({ "sub_code": "ACQ.BUYER_BALANCE_NOT_ENOUGH" }));
    shop.wait(9_000);
    check(&shop.query("901"), json!({ "trade_status": "TRADE_SUCCESS" }));
}

#[test]
fn only_a_fresh_code_of_practice_pays_and_only_once() {
    let mut shop = Shop::new();
    let invalid = json!({ "code": "40004", "sub_code": "ACQ.PAYMENT_AUTH_CODE_INVALID" });
    check(&shop.pay("901", "1.00", "6901234567892"), invalid.clone());
    let real = json!({ "sub_msg": "这是真付款码，练习模式收不到钱" });
    for code in ["281234567890123456", "134567890123456789", "6212345678901234567"] {
        let node = shop.pay("902", "1.00", code);
        check(&node, invalid.clone());
        check(&node, real.clone());
    }
    let code = shop.practice.show_payment_code(shop.now_ms, Manner::Pays);
    shop.wait(60_000);
    check(&shop.pay("903", "1.00", &code), invalid.clone());
    let code = shop.practice.show_payment_code(shop.now_ms, Manner::Pays);
    shop.wait(59_999);
    check(&shop.pay("904", "1.00", &code), json!({ "code": "10000" }));
    check(&shop.pay("905", "1.00", &code), invalid);
    assert_eq!(shop.practice.truth().captures().count(), 1);
}

#[test]
fn a_payment_code_that_may_be_real_is_not_kept() {
    let mut shop = Shop::new();
    shop.pay("901", "1.00", "281234567890123456");
    let kept = &shop.practice.truth().asked()[0].business;
    assert!(!kept.contains("281234567890123456"), "{kept}");
    assert!(kept.contains("\"out_trade_no\":\"901\""), "{kept}");
}

#[test]
fn a_number_paid_or_closed_or_changed_does_not_pay_again() {
    let mut shop = Shop::new();
    shop.paid("901", "12.50");
    let code = shop.practice.show_payment_code(shop.now_ms, Manner::Pays);
    check(&shop.pay("901", "12.50", &code), json!({ "sub_code": "ACQ.TRADE_HAS_SUCCESS" }));
    check(&shop.pay("901", "12.51", &code), json!({ "sub_code": "ACQ.CONTEXT_INCONSISTENT" }));
    shop.cancel("901");
    check(&shop.pay("901", "12.50", &code), json!({ "sub_code": "ACQ.TRADE_HAS_CLOSE" }));
    let waiting = shop.practice.show_payment_code(shop.now_ms, Manner::ByHand);
    check(&shop.pay("902", "12.50", &waiting), json!({ "code": "10003" }));
    check(&shop.pay("902", "12.50", &code), json!({ "code": "10003" }));
    assert_eq!(shop.practice.truth().captures().count(), 1);
}

#[test]
fn a_shown_code_has_no_trade_until_it_is_scanned() {
    let mut shop = Shop::new();
    let qr = shop.precreate("901", "12.50");
    assert!(qr.starts_with("https://qr.alipay.com/"));
    let node = shop.query("901");
    check(&node, json!({ "code": "40004", "sub_code": "ACQ.TRADE_NOT_EXIST" }));
    check(&node, json!({ "out_trade_no": "901", "receipt_amount": "0.00" }));
    check(&shop.close("901"), json!({ "sub_code": "ACQ.TRADE_NOT_EXIST" }));
    let again = shop.ask("alipay.trade.precreate", sale("901", "12.50")).node();
    check(&again, json!({ "sub_code": "ACQ.APPLY_PC_MERCHANT_CODE_ERROR" }));
    let number = shop.practice.scan(shop.now_ms, &qr, Manner::ByHand).unwrap();
    assert_eq!(number, "901");
    check(&shop.query("901"), json!({ "trade_status": "WAIT_BUYER_PAY" }));
    let other = shop.practice.scan(shop.now_ms, &qr, Manner::Pays);
    assert_eq!(other, Err(PhoneError::Taken));
    shop.practice.confirm(shop.now_ms, "901").unwrap();
    check(&shop.query("901"), json!({ "trade_status": "TRADE_SUCCESS" }));
    let again = shop.ask("alipay.trade.precreate", sale("901", "12.50")).node();
    check(&again, json!({ "sub_code": "ACQ.TRADE_HAS_SUCCESS" }));
}

#[test]
fn a_shown_code_ends_at_the_earliest_of_its_limits() {
    let limits = [
        (json!({}), 2 * 3_600_000),
        (json!({ "time_expire": "2026-11-21 10:03:00" }), 180_000),
        (json!({ "timeout_express": "5m" }), 300_000),
        (json!({ "qr_code_timeout_express": "2m", "timeout_express": "90m" }), 120_000),
    ];
    for (limit, life_ms) in limits {
        for (late_ms, outcome) in [(-1, Ok("901".to_owned())), (0, Err(PhoneError::Expired))] {
            let mut shop = Shop::new();
            let mut business = sale("901", "12.50");
            for (name, value) in limit.as_object().unwrap() {
                business[name] = value.clone();
            }
            let node = shop.ask("alipay.trade.precreate", business).node();
            shop.wait(life_ms + late_ms);
            let scanned =
                shop.practice.scan(shop.now_ms, node["qr_code"].as_str().unwrap(), Manner::Pays);
            assert_eq!(scanned, outcome, "{limit} {late_ms}");
        }
    }
}

#[test]
fn cancelling_an_unscanned_code_kills_it_or_finds_nothing() {
    let mut kills = Shop::with(|options| options.cancel_unscanned = CancelUnscanned::KillsTheCode);
    let qr = kills.precreate("901", "12.50");
    check(&kills.cancel("901"), json!({ "code": "10000", "action": "close", "retry_flag": "N" }));
    let scanned = kills.practice.scan(kills.now_ms, &qr, Manner::Pays);
    assert_eq!(scanned, Err(PhoneError::Expired));

    let mut finds = Shop::with(|options| options.cancel_unscanned = CancelUnscanned::FindsNothing);
    let qr = finds.precreate("901", "12.50");
    check(&finds.cancel("901"), json!({ "code": "10000", "action": null, "retry_flag": "N" }));
    finds.practice.scan(finds.now_ms, &qr, Manner::Pays).unwrap();
    check(&finds.query("901"), json!({ "trade_status": "TRADE_SUCCESS" }));
    assert_eq!(finds.practice.truth().captured_fen(), 1250);
}

#[test]
fn a_cancel_closes_an_unpaid_trade_and_returns_a_paid_one() {
    let mut shop = Shop::new();
    let code = shop.practice.show_payment_code(shop.now_ms, Manner::ByHand);
    shop.pay("901", "12.50", &code);
    for _ in 0..2 {
        check(&shop.cancel("901"), json!({ "action": "close", "retry_flag": "N" }));
    }
    check(&shop.query("901"), json!({ "trade_status": "TRADE_CLOSED", "send_pay_date": null }));

    shop.paid("902", "12.50");
    for _ in 0..2 {
        check(&shop.cancel("902"), json!({ "action": "refund", "retry_flag": "N" }));
    }
    let node = shop.query("902");
    check(&node, json!({ "trade_status": "TRADE_CLOSED" }));
    check(&node, json!({ "send_pay_date": "2026-11-21 10:00:00" }));
    assert_eq!(shop.practice.truth().captured_fen(), 1250);
    assert_eq!(
        shop.practice.truth().returned_fen(),
        1250,
        "a repeated cancel returns nothing more"
    );

    let unknown = shop.cancel("903");
    check(&unknown, json!({ "code": "10000", "action": null, "trade_no": null }));
    check(&unknown, json!({ "retry_flag": "N", "out_trade_no": "903" }));
}

#[test]
fn a_payment_that_was_on_its_way_survives_a_cancel_that_found_nothing() {
    let mut shop = Shop::new();
    let code = shop.practice.show_payment_code(shop.now_ms, Manner::Pays);
    shop.practice.weather_mut().next(Fault::RequestLate { after_ms: 20_000 });
    let mut business = sale("901", "12.50");
    business["auth_code"] = json!(code);
    assert_eq!(shop.ask("alipay.trade.pay", business), Heard::Nothing);
    shop.wait(15_000);
    check(&shop.cancel("901"), json!({ "code": "10000", "action": null }));
    check(&shop.query("901"), json!({ "sub_code": "ACQ.TRADE_NOT_EXIST" }));
    shop.wait(5_000);
    check(&shop.query("901"), json!({ "trade_status": "TRADE_SUCCESS" }));
    let asked = &shop.practice.truth().asked()[0];
    assert_eq!(asked.arrived_ms, Some(asked.sent_ms + 20_000));
    assert_eq!(asked.told.as_ref().unwrap().code, "10000");
}

#[test]
fn a_cancel_is_refused_after_a_day_or_when_the_account_is_empty() {
    let mut shop = Shop::new();
    shop.paid("901", "12.50");
    shop.practice.weather_mut().next(Fault::SellerEmpty);
    let node = shop.cancel("901");
    check(&node, json!({ "code": "40004", "sub_code": "ACQ.SELLER_BALANCE_NOT_ENOUGH" }));
    check(&node, json!({ "retry_flag": "N" }));
    shop.practice.weather_mut().next(Fault::RetryLater);
    check(&shop.cancel("901"), json!({ "retry_flag": "Y", "action": null }));
    check(&shop.query("901"), json!({ "trade_status": "TRADE_SUCCESS" }));
    shop.wait(24 * 3_600_000 + 1);
    check(&shop.cancel("901"), json!({ "sub_code": "ACQ.TRADE_CANCEL_TIME_OUT" }));
    check(&shop.refund("901", "12.50", "901R1"), json!({ "fund_change": "Y" }));
}

#[test]
fn a_close_ends_only_what_waits() {
    let mut shop = Shop::new();
    let code = shop.practice.show_payment_code(shop.now_ms, Manner::ByHand);
    shop.pay("901", "12.50", &code);
    check(&shop.close("901"), json!({ "code": "10000", "out_trade_no": "901" }));
    check(&shop.close("901"), json!({ "sub_code": "ACQ.TRADE_STATUS_ERROR" }));
    shop.paid("902", "12.50");
    check(&shop.close("902"), json!({ "sub_code": "ACQ.TRADE_STATUS_ERROR" }));
    check(&shop.query("902"), json!({ "trade_status": "TRADE_SUCCESS" }));
    let why = shop.practice.truth().trade("901").unwrap().closed.unwrap().why;
    assert_eq!(why, ClosedWhy::ByClose);
}

#[test]
fn refunds_add_up_and_repeat_harmlessly() {
    let mut shop = Shop::new();
    shop.paid("901", "12.50");
    let first = shop.refund("901", "2.50", "901R1");
    check(&first, json!({ "code": "10000", "fund_change": "Y", "refund_fee": "2.50" }));
    check(&shop.query("901"), json!({ "trade_status": "TRADE_SUCCESS" }));
    let repeat = shop.refund("901", "2.50", "901R1");
    check(&repeat, json!({ "fund_change": "N", "refund_fee": "2.50" }));
    let other = json!({ "sub_code": "ACQ.DISCORDANT_REPEAT_REQUEST" });
    check(&shop.refund("901", "2.51", "901R1"), other);
    let too_much = json!({ "sub_code": "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL" });
    check(&shop.refund("901", "10.01", "901R2"), too_much);
    let rest = shop.refund("901", "10.00", "901R2");
    check(&rest, json!({ "fund_change": "Y", "refund_fee": "12.50" }));
    let node = shop.query("901");
    check(&node, json!({ "trade_status": "TRADE_CLOSED" }));
    assert!(node["send_pay_date"].is_string(), "what was paid once shows when");
    check(&shop.refund("901", "0.01", "901R3"), json!({ "sub_code": "ACQ.TRADE_HAS_CLOSE" }));
    check(&shop.refund("901", "10.00", "901R2"), json!({ "fund_change": "N" }));
    check(&shop.cancel("901"), json!({ "sub_code": "ACQ.REASON_TRADE_REFUND_FEE_ERR" }));
    assert_eq!(shop.practice.truth().returned_fen(), 1250);
}

#[test]
fn a_refund_without_a_number_is_for_all_of_it() {
    let mut shop = Shop::new();
    shop.paid("901", "12.50");
    let partial = json!({ "out_trade_no": "901", "refund_amount": "1.00" });
    let refused = json!({ "sub_code": "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL" });
    check(&shop.ask("alipay.trade.refund", partial).node(), refused);
    let whole = json!({ "out_trade_no": "901", "refund_amount": "12.50" });
    check(&shop.ask("alipay.trade.refund", whole.clone()).node(), json!({ "fund_change": "Y" }));
    check(&shop.ask("alipay.trade.refund", whole).node(), json!({ "fund_change": "N" }));
    let asked = json!({ "out_trade_no": "901", "out_request_no": "901" });
    let node = shop.ask("alipay.trade.fastpay.refund.query", asked).node();
    check(&node, json!({ "refund_status": "REFUND_SUCCESS", "refund_amount": "12.50" }));
}

#[test]
fn a_refund_ends_with_its_window_and_wants_only_documented_fields() {
    let mut shop = Shop::new();
    let nothing = json!({ "sub_code": "ACQ.TRADE_NOT_EXIST" });
    check(&shop.refund("900", "1.00", "900R1"), nothing);
    shop.paid("901", "12.50");
    let stray = json!({
        "out_trade_no": "901", "refund_amount": "1.00", "out_request_no": "901R1", "till": 3,
    });
    let invalid = json!({ "sub_code": "ACQ.INVALID_PARAMETER" });
    check(&shop.ask("alipay.trade.refund", stray).node(), invalid);
    shop.practice.weather_mut().next(Fault::SellerEmpty);
    let empty = json!({ "sub_code": "ACQ.SELLER_BALANCE_NOT_ENOUGH" });
    check(&shop.refund("901", "1.00", "901R1"), empty);
    check(&shop.refund("901", "1.00", "901R1"), json!({ "fund_change": "Y" }));
    shop.wait(365 * 86_400_000 + 1);
    check(&shop.query("901"), json!({ "trade_status": "TRADE_FINISHED" }));
    check(&shop.refund("901", "1.00", "901R2"), json!({ "sub_code": "ACQ.TRADE_HAS_FINISHED" }));
}

#[test]
fn a_refund_query_tells_a_known_number_from_an_unknown_one() {
    let mut shop = Shop::new();
    shop.paid("901", "12.50");
    shop.refund("901", "2.50", "901R1");
    let mut ask = |request: &str| {
        let business = json!({ "out_trade_no": "901", "out_request_no": request });
        shop.ask("alipay.trade.fastpay.refund.query", business).node()
    };
    let known = ask("901R1");
    check(&known, json!({ "refund_status": "REFUND_SUCCESS", "refund_amount": "2.50" }));
    check(&known, json!({ "total_amount": "12.50", "out_request_no": "901R1" }));
    assert_eq!(ask("901R2"), json!({ "code": "10000", "msg": "Success" }));
}

#[test]
fn a_sale_that_breaks_the_tables_is_an_invalid_parameter() {
    let breaks = [
        json!({ "subject": "a".repeat(257) }),
        json!({ "subject": "a/b" }),
        json!({ "subject": "a=b" }),
        json!({ "subject": "a&b" }),
        json!({ "subject": "" }),
        json!({ "total_amount": "1.234" }),
        json!({ "total_amount": "0.00" }),
        json!({ "total_amount": "-1" }),
        json!({ "total_amount": "１" }),
        json!({ "total_amount": null }),
        json!({ "out_trade_no": "a-b" }),
        json!({ "out_trade_no": "9".repeat(65) }),
        json!({ "timeout_express": "16d" }),
        json!({ "time_expire": "tomorrow" }),
    ];
    for change in breaks {
        let mut shop = Shop::new();
        let mut business = sale("901", "12.50");
        for (name, value) in change.as_object().unwrap() {
            business[name] = value.clone();
        }
        let node = shop.ask("alipay.trade.precreate", business).node();
        check(&node, json!({ "code": "40004", "sub_code": "ACQ.INVALID_PARAMETER" }));
    }
    let mut shop = Shop::new();
    let dear = shop.ask("alipay.trade.precreate", sale("901", "100000000.01")).node();
    check(&dear, json!({ "sub_code": "ACQ.TOTAL_FEE_EXCEED" }));
    let mut late = sale("902", "1.00");
    late["time_expire"] = json!("2026-11-21 10:00:00");
    let late = shop.ask("alipay.trade.precreate", late).node();
    check(&late, json!({ "sub_code": "ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR" }));
}

#[test]
fn any_other_subject_is_only_text() {
    for subject in ["🍜 面", "'; DROP TABLE trade; --", "<script>alert(1)<", "\"quoted\"\\", "面"]
    {
        let mut shop = Shop::new();
        let mut business = sale("901", "12.50");
        business["subject"] = json!(subject);
        let node = shop.ask("alipay.trade.precreate", business).node();
        check(&node, json!({ "code": "10000" }));
        assert_eq!(shop.practice.truth().offer("901").unwrap().subject, subject);
    }
}

#[test]
fn a_customer_is_named_by_user_id_or_by_open_id() {
    let mut shop = Shop::with(|options| options.buyer_ids = BuyerIds::OpenId);
    shop.paid("901", "12.50");
    let node = shop.query("901");
    assert!(node["buyer_open_id"].is_string());
    check(&node, json!({ "buyer_user_id": null }));
}

#[test]
fn a_person_on_the_phone_page_decides() {
    let mut shop = Shop::new();
    let code = shop.practice.show_payment_code(shop.now_ms, Manner::ByHand);
    shop.pay("901", "12.50", &code);
    shop.practice.refuse(shop.now_ms, "901").unwrap();
    shop.wait(60_000);
    let status = |shop: &Shop| shop.practice.truth().trade("901").unwrap().status(shop.now_ms);
    assert_eq!(status(&shop), TradeStatus::Waiting);
    shop.practice.walk_away(shop.now_ms, "901").unwrap();
    shop.practice.confirm(shop.now_ms, "901").unwrap();
    assert_eq!(status(&shop), TradeStatus::Success);
    assert_eq!(shop.practice.confirm(shop.now_ms, "901"), Err(PhoneError::Paid));
    assert_eq!(shop.practice.confirm(shop.now_ms, "902"), Err(PhoneError::NoTrade));
    let scanned = shop.practice.scan(shop.now_ms, "https://qr.alipay.com/bax01234", Manner::Pays);
    assert_eq!(scanned, Err(PhoneError::NotOurs));
}
