//! WeChat Pay's API v2, as a merchant sees it.

use mianfu_practice::truth::ClosedWhy;
use mianfu_practice::wechat::ReverseUnknown;
use mianfu_practice::{Acted, Channel, CustomerId, Fault, KeyedHash, Manner, Options, Practice};
use serde_json::{Value, json};

use super::wechat_shop::{MCHID, Shop, V2_KEY, account, post, read, sale, sign, xml};

fn done() -> (String, String) {
    ("SUCCESS".to_owned(), "N".to_owned())
}

fn told(word: &str, recall: &str) -> (String, String) {
    (word.to_owned(), recall.to_owned())
}

#[test]
fn a_scanned_customer_who_pays_at_once_has_paid_with_either_hash() {
    for hmac in [true, false] {
        let mut shop = Shop::new();
        shop.hmac = hmac;
        let code = shop.code(Manner::Pays);
        assert_eq!(code.len(), 18);
        assert!(("10".."16").contains(&&code[..2]), "{code}");
        let fields = shop.micropay("901", 1250, &code);
        assert_eq!(fields["result_code"], "SUCCESS");
        assert_eq!(fields["trade_type"], "MICROPAY");
        assert_eq!(fields["total_fee"], "1250");
        assert_eq!(fields["time_end"], "20261121100000");
        assert_eq!(fields["transaction_id"].len(), 28);
        assert_eq!(fields["mch_id"], MCHID);
        assert_eq!(shop.state_v2("901"), "SUCCESS");
        assert_eq!(shop.practice.truth().captured_fen(), 1250);
    }
}

#[test]
fn a_password_is_waited_for_and_then_paid() {
    let mut shop = Shop::new();
    let code = shop.code(Manner::TypesPassword { after_ms: 8_000 });
    assert_eq!(shop.micropay("901", 1250, &code)["err_code"], "USERPAYING");
    shop.wait(7_999);
    assert_eq!(shop.state_v2("901"), "USERPAYING");
    shop.wait(1);
    let fields = shop.ask_v2("/pay/orderquery", &[("out_trade_no", "901")]);
    assert_eq!((fields["trade_state"].as_str(), fields["total_fee"].as_str()), ("SUCCESS", "1250"));
    assert_eq!(fields["time_end"], "20261121100008");
}

#[test]
fn the_dialog_closes_after_45_seconds_and_a_refusal_closes_it_at_once() {
    for manner in [Manner::WalksAway, Manner::ByHand, Manner::TypesPassword { after_ms: 45_000 }] {
        let mut shop = Shop::new();
        let code = shop.code(manner);
        assert_eq!(shop.micropay("901", 1250, &code)["err_code"], "USERPAYING");
        shop.wait(44_999);
        assert_eq!(shop.state_v2("901"), "USERPAYING", "{manner:?}");
        shop.wait(1);
        assert_eq!(shop.state_v2("901"), "PAYERROR", "{manner:?}");
        assert!(shop.practice.confirm(shop.now_ms, "901").is_err(), "too late for {manner:?}");
        assert_eq!(shop.practice.truth().captured_fen(), 0);
    }
    let mut shop = Shop::new();
    let code = shop.code(Manner::Refuses);
    assert_eq!(shop.micropay("901", 1250, &code)["err_code"], "USERPAYING");
    assert_eq!(shop.state_v2("901"), "PAYERROR");
    let code = shop.code(Manner::ByHand);
    shop.micropay("902", 1250, &code);
    shop.practice.refuse(shop.now_ms, "902").unwrap();
    assert_eq!(shop.state_v2("902"), "PAYERROR");
    assert!(shop.practice.confirm(shop.now_ms, "902").is_err());
}

#[test]
fn too_little_money_is_declined_and_the_number_stays_alive() {
    let mut shop = Shop::new();
    let code = shop.code(Manner::TooLittleMoney);
    assert_eq!(shop.micropay("901", 1250, &code)["err_code"], "NOTENOUGH");
    assert_eq!(shop.state_v2("901"), "NOTPAY");
    shop.wait(15_000);
    assert_eq!(shop.reverse("901"), done());
    assert_eq!(shop.state_v2("901"), "REVOKED");
    let code = shop.code(Manner::TopsUp { after_ms: 9_000 });
    assert_eq!(shop.micropay("902", 1250, &code)["err_code"], "NOTENOUGH");
    shop.wait(9_000);
    assert_eq!(shop.state_v2("902"), "SUCCESS", "declined, and paid after all");
}

#[test]
fn a_reverse_returns_what_was_paid_and_can_be_repeated() {
    let mut shop = Shop::new();
    let code = shop.code(Manner::Pays);
    shop.micropay("901", 1250, &code);
    shop.wait(14_999);
    assert_eq!(shop.reverse("901"), told("INVALID_REQUEST", "Y"), "not before 15 s");
    shop.wait(1);
    assert_eq!(shop.reverse("901"), done());
    assert_eq!(shop.reverse("901"), done());
    let fields = shop.ask_v2("/pay/orderquery", &[("out_trade_no", "901")]);
    assert_eq!(fields["trade_state"], "REVOKED");
    assert_eq!(fields["time_end"], "20261121100000", "with a pay time it was paid once");
    assert_eq!(shop.practice.truth().returned_fen(), 1250);
    let trade = shop.practice.truth().trade("901").unwrap();
    assert_eq!(trade.closed.unwrap().why, ClosedWhy::Returned);
    let again = shop.code(Manner::Pays);
    assert_eq!(shop.micropay("901", 1250, &again)["err_code"], "ORDERREVERSED");
}

#[test]
fn a_reverse_waits_for_an_open_dialog() {
    let mut shop = Shop::new();
    let code = shop.code(Manner::WalksAway);
    shop.micropay("901", 1250, &code);
    shop.wait(20_000);
    assert_eq!(shop.reverse("901"), told("USERPAYING", "Y"));
    shop.wait(25_000);
    assert_eq!(shop.reverse("901"), done());
    let fields = shop.ask_v2("/pay/orderquery", &[("out_trade_no", "901")]);
    assert_eq!((fields["trade_state"].as_str(), fields.get("time_end")), ("REVOKED", None));
    assert_eq!(shop.practice.truth().returned_fen(), 0);
}

#[test]
fn a_reverse_told_to_come_again_has_done_nothing() {
    let mut shop = Shop::new();
    let code = shop.code(Manner::Pays);
    shop.micropay("901", 1250, &code);
    shop.wait(15_000);
    shop.practice.weather_mut().next(Fault::RetryLater);
    assert_eq!(shop.state_v2("901"), "SUCCESS", "the fault waits for a reverse");
    assert_eq!(shop.reverse("901"), told("SUCCESS", "Y"));
    assert_eq!(shop.state_v2("901"), "SUCCESS");
    shop.practice.weather_mut().next(Fault::SystemError { acted: Acted::No });
    assert_eq!(shop.reverse("901"), told("SYSTEMERROR", "Y"));
    shop.practice.weather_mut().next(Fault::SellerEmpty);
    assert_eq!(shop.reverse("901"), told("NOTENOUGH", "N"));
    assert_eq!(shop.practice.truth().returned_fen(), 0);
    assert_eq!(shop.reverse("901"), done());
}

#[test]
fn a_reverse_is_for_known_scanned_and_recent_payments() {
    let mut shop = Shop::new();
    assert_eq!(shop.reverse("901"), told("ORDERNOTEXIST", "N"));
    assert_eq!(shop.state_v2("901"), "ORDERNOTEXIST");
    shop.account().reverse_unknown = ReverseUnknown::Succeeds;
    assert_eq!(shop.reverse("901"), done());
    assert_eq!(shop.state_v2("901"), "ORDERNOTEXIST", "it did nothing");
    shop.sold("9000000001", 1250);
    shop.wait(20_000);
    assert_eq!(shop.reverse("9000000001"), told("INVALID_REQUEST", "N"));
    let code = shop.code(Manner::Pays);
    shop.micropay("902", 1250, &code);
    shop.wait(7 * 86_400_000 + 1);
    assert_eq!(shop.reverse("902"), told("REVERSE_EXPIRE", "N"));
}

#[test]
fn a_code_pays_once_for_a_minute_and_only_if_it_is_ours() {
    let mut shop = Shop::new();
    let code = shop.code(Manner::Pays);
    shop.micropay("901", 1250, &code);
    assert_eq!(shop.micropay("902", 1250, &code)["err_code"], "AUTH_CODE_ERROR");
    let code = shop.code(Manner::Pays);
    assert_eq!(shop.micropay("901", 1250, &code)["err_code"], "ORDERPAID");
    shop.wait(60_000);
    assert_eq!(shop.micropay("903", 1250, &code)["err_code"], "AUTHCODEEXPIRE");
    let real = shop.micropay("904", 1250, "134567890123456789");
    assert_eq!(real["err_code"], "AUTH_CODE_INVALID");
    assert!(real["err_code_des"].contains("真付款码"));
    let kept = &shop.practice.truth().asked().last().unwrap().business;
    assert!(!kept.contains("134567890123456789"), "a real code is never kept: {kept}");
    let alipay = shop.practice.show_payment_code(shop.now_ms, Manner::Pays);
    assert_eq!(shop.micropay("905", 1250, &alipay)["err_code"], "AUTH_CODE_INVALID");
    assert_eq!(shop.practice.truth().captures().count(), 1);
}

#[test]
fn a_number_in_use_is_not_charged_again() {
    let mut shop = Shop::new();
    let first = shop.code(Manner::ByHand);
    shop.micropay("901", 1250, &first);
    let second = shop.code(Manner::Pays);
    assert_eq!(shop.micropay("901", 1250, &second)["err_code"], "OUT_TRADE_NO_USED");
    shop.shown("9000000001", 1250);
    assert_eq!(shop.micropay("9000000001", 1250, &second)["err_code"], "OUT_TRADE_NO_USED");
    assert_eq!(shop.practice.truth().captured_fen(), 0);
}

#[test]
fn what_fails_at_the_door_is_told_without_a_signature() {
    let mut shop = Shop::new();
    let good = shop.fields(&[("out_trade_no", "901")]);
    let mut message = |body: &str| {
        let answer = shop.reply(&post("/pay/orderquery", body)).unwrap();
        assert_eq!(answer.status, 200);
        let fields = read(&answer.body);
        assert!(!fields.contains_key("sign"), "{fields:?}");
        assert_eq!(fields["return_code"], "FAIL");
        fields["return_msg"].clone()
    };
    assert_eq!(message("{}"), "XML格式错误");
    assert_eq!(message("<!DOCTYPE xml [<!ENTITY a \"b\">]><xml><a>&a;</a></xml>"), "XML格式错误");
    let with = |name: &str, text: &str, key: &str| {
        let mut fields = good.clone();
        fields.insert(name.to_owned(), text.to_owned());
        fields.insert("sign".to_owned(), sign(&fields, key, true));
        xml(&fields)
    };
    assert_eq!(message(&with("out_trade_no", "901", "another key")), "签名错误");
    assert_eq!(message(&with("sign_type", "MD5", V2_KEY)), "签名错误", "HMAC where MD5 is said");
    assert_eq!(message(&with("appid", "wx1", V2_KEY)), "appid不存在");
    assert_eq!(message(&with("mch_id", "", V2_KEY)), "缺少参数");
    let mut unsigned = good.clone();
    unsigned.remove("sign");
    assert_eq!(message(&xml(&unsigned)), "签名错误");
}

#[test]
fn amounts_are_whole_fen() {
    for amount in ["12.50", "0", "-1", "+5", " 5", "1e2", "９"] {
        let mut shop = Shop::new();
        let code = shop.code(Manner::Pays);
        let pairs = [
            ("out_trade_no", "901"),
            ("body", "x"),
            ("total_fee", amount),
            ("spbill_create_ip", "127.0.0.1"),
            ("auth_code", &code),
        ];
        let fields = shop.ask_v2("/pay/micropay", &pairs);
        assert_eq!(fields["err_code"], "PARAM_ERROR", "`{amount}`");
    }
}

#[test]
fn refunds_are_listed_by_place() {
    let mut shop = Shop::new();
    let code = shop.code(Manner::Pays);
    shop.micropay("901", 1250, &code);
    let refund = |shop: &mut Shop, number: &str, fen: &str| {
        let pairs = [
            ("out_trade_no", "901"),
            ("out_refund_no", number),
            ("total_fee", "1250"),
            ("refund_fee", fen),
        ];
        let fields = shop.ask_v2("/secapi/pay/refund", &pairs);
        fields.get("err_code").unwrap_or(&fields["result_code"]).clone()
    };
    assert_eq!(refund(&mut shop, "901R1", "250"), "SUCCESS");
    assert_eq!(refund(&mut shop, "901R1", "250"), "SUCCESS");
    assert_eq!(refund(&mut shop, "901R1", "251"), "REFUND_FEE_MISMATCH");
    shop.wait(60_000);
    shop.practice.weather_mut().next(Fault::SellerEmpty);
    assert_eq!(refund(&mut shop, "901R2", "300"), "NOTENOUGH");
    assert_eq!(refund(&mut shop, "901R2", "300"), "SUCCESS");
    let fields = shop.ask_v2("/pay/refundquery", &[("out_trade_no", "901")]);
    assert_eq!((fields["refund_count"].as_str(), fields["refund_fee"].as_str()), ("2", "550"));
    assert_eq!(
        (fields["out_refund_no_0"].as_str(), fields["refund_fee_0"].as_str()),
        ("901R1", "250")
    );
    assert_eq!(fields["refund_status_0"], "SUCCESS");
    assert_eq!(fields["refund_status_1"], "PROCESSING");
    assert_ne!(fields["refund_id_0"], fields["refund_id_1"]);
    let one = shop.ask_v2("/pay/refundquery", &[("out_refund_no", "901R2")]);
    assert_eq!((one["refund_count"].as_str(), one["refund_fee_0"].as_str()), ("1", "300"));
    let none = shop.ask_v2("/pay/refundquery", &[("out_refund_no", "901R9")]);
    assert_eq!(none["err_code"], "REFUNDNOTEXIST");
    assert_eq!(shop.reverse("901"), told("TRADE_ERROR", "N"));
    assert_eq!(shop.practice.truth().returned_fen(), 550);
}

#[test]
fn both_generations_see_one_ledger() {
    let mut shop = Shop::new();
    let code = shop.code(Manner::Pays);
    shop.micropay("9000000001", 1250, &code);
    let body = shop.query("9000000001").body;
    assert_eq!(
        (body["trade_state"].as_str(), body["trade_type"].as_str()),
        (Some("SUCCESS"), Some("MICROPAY"))
    );
    assert_eq!(shop.close("9000000001").status, 400, "a scanned payment is reversed, not closed");
    shop.sold("9000000002", 880);
    assert_eq!(shop.state_v2("9000000002"), "SUCCESS");
    assert_eq!(shop.refund("9000000001", "9000000001R1", 1250, 1250).status, 200);
    assert_eq!(shop.state_v2("9000000001"), "REFUND");
}

#[test]
fn the_channels_do_not_see_each_others_numbers() {
    let mut alipay = super::shop::Shop::new();
    let mut shop = Shop::new();
    std::mem::swap(&mut alipay.practice, &mut shop.practice);
    alipay.paid("9000000001", "12.50");
    std::mem::swap(&mut alipay.practice, &mut shop.practice);
    assert_eq!(shop.query("9000000001").status, 404);
    assert_eq!(shop.state_v2("9000000001"), "ORDERNOTEXIST");
    let theirs = shop.practice.truth().trade("9000000001").unwrap().trade_no.clone();
    let by_id = format!("/v3/pay/transactions/id/{theirs}?mchid={MCHID}");
    assert_eq!(shop.ask("GET", &by_id, &Value::Null).status, 404);
    assert_eq!(shop.native(&sale("9000000001", 1250)).body["code"], "OUT_TRADE_NO_USED");
    let code = shop.code(Manner::Pays);
    assert_eq!(shop.micropay("9000000001", 1250, &code)["err_code"], "OUT_TRADE_NO_USED");
    shop.micropay("9000000002", 1250, &code);
    let ours = shop.practice.truth().trade("9000000002").unwrap().trade_no.clone();
    std::mem::swap(&mut alipay.practice, &mut shop.practice);
    let by_no = alipay.ask("alipay.trade.query", json!({ "trade_no": ours })).node();
    assert_eq!(by_no["sub_code"], "ACQ.TRADE_NOT_EXIST");
    assert_eq!(alipay.query("9000000002")["sub_code"], "ACQ.TRADE_NOT_EXIST");
    assert_eq!(alipay.cancel("9000000002").get("action"), None);
    let code = alipay.practice.show_payment_code_of(
        Channel::Wechat,
        alipay.now_ms,
        CustomerId(9),
        Manner::Pays,
    );
    let node = alipay.pay("9000000003", "12.50", &code);
    assert_eq!(node["sub_code"], "ACQ.PAYMENT_AUTH_CODE_INVALID");
    assert_eq!(alipay.practice.truth().captured_fen(), 2500);
}

#[test]
fn a_journal_brings_wechat_orders_back() {
    let hash = || KeyedHash::new(b"any");
    let mut shop = Shop::new();
    shop.practice = Practice::from_journal(Options::new(7), hash(), Vec::new());
    shop.practice.open_wechat(account());
    shop.shown("9000000001", 1250);
    let code = shop.code(Manner::Pays);
    shop.micropay("9000000002", 1250, &code);
    let entries = shop.practice.take_unsaved();
    let text = serde_json::to_string(&entries).unwrap();
    let entries = serde_json::from_str(&text).unwrap();
    let again = Practice::from_journal(Options::new(7), hash(), entries);
    assert_eq!(again.truth(), shop.practice.truth());
}

/// Sells and gives back under a storm, and looks at no answer.
fn stormy_day() -> Shop {
    let mut shop = Shop::new();
    shop.practice.weather_mut().storm();
    for sale_of_day in 0..120_u32 {
        let manner = match sale_of_day % 4 {
            0 => Manner::Pays,
            1 => Manner::TypesPassword { after_ms: 9_000 },
            2 => Manner::TopsUp { after_ms: 50_000 },
            _ => Manner::WalksAway,
        };
        let number = format!("90{sale_of_day:08}");
        let code = shop.code(manner);
        let amount = (100 + sale_of_day).to_string();
        let pay = shop.fields(&[
            ("out_trade_no", &number),
            ("body", "x"),
            ("total_fee", &amount),
            ("spbill_create_ip", "127.0.0.1"),
            ("auth_code", &code),
        ]);
        shop.reply(&post("/pay/micropay", &xml(&pay)));
        shop.wait(20_000);
        if sale_of_day % 3 == 0 {
            let reverse = shop.fields(&[("out_trade_no", &number)]);
            shop.reply(&post("/secapi/pay/reverse", &xml(&reverse)));
        }
        shop.wait(60_000);
    }
    shop
}

#[test]
fn a_stormy_day_is_the_same_each_time_and_adds_up() {
    let shop = stormy_day();
    let truth = shop.practice.truth();
    assert_eq!(truth, stormy_day().practice.truth());
    assert!(shop.practice.weather().fired().len() > 8, "{:?}", shop.practice.weather().fired());
    assert!(truth.captured_fen() > 0 && truth.returned_fen() > 0);
    for trade in truth.trades() {
        assert!(trade.paid_ms.is_some() || trade.closed.is_some(), "{}", trade.out_trade_no);
        let paid_fen = trade.paid_ms.map_or(0, |_| trade.amount_fen);
        assert!(trade.refunded_fen() <= paid_fen, "{}", trade.out_trade_no);
        let returned = trade.closed.is_some_and(|closed| closed.why == ClosedWhy::Returned);
        assert_eq!(returned, trade.refunded_fen() > 0, "{}", trade.out_trade_no);
    }
}

#[test]
fn without_an_account_there_is_no_wechat_pay() {
    let mut shop = Shop::new();
    shop.practice = Practice::new(Options::new(7), KeyedHash::new(b"any"));
    assert_eq!(shop.query("9000000001").status, 404);
    assert_eq!(shop.reply(&post("/pay/micropay", "<xml></xml>")).unwrap().status, 404);
}
