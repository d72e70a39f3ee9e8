//! Notices of Alipay: of what, when, how often, and what is in them.

use std::collections::BTreeMap;

use mianfu_practice::notices::repeated_after_ms;
use mianfu_practice::truth::{About, Form};
use mianfu_practice::{APP_ID, Answer, BuyerIds, KeyedHash, Manner, Notice, SELLER_ID};
use serde_json::json;

use super::shop::{Heard, SECRET, Shop, sale};

pub(crate) const URL: &str = "http://127.0.0.1:8123/notify/alipay/9999000000000001/1";

impl Shop {
    fn due(&self) -> Vec<Notice> {
        self.practice.due_notices(self.now_ms)
    }

    /// Returns the one notice that is due, in its fields.
    #[track_caller]
    fn notice(&self) -> (Notice, BTreeMap<String, String>) {
        let [notice] = <[Notice; 1]>::try_from(self.due()).unwrap();
        let fields = opened(&notice);
        (notice, fields)
    }

    fn answered(&mut self, notice: &Notice, status: Option<u16>, body: &str) {
        let body = body.as_bytes().to_vec();
        let answer = status.map(|status| Answer { status, headers: Vec::new(), body });
        self.practice.notice_answered(self.now_ms, &notice.about, answer.as_ref());
    }

    /// Asks with an address in the query.
    pub(crate) fn ask_telling(
        &mut self,
        method: &str,
        business: &serde_json::Value,
        url: &str,
    ) -> Heard {
        let mut common = self.common(method);
        common.push(("notify_url".to_owned(), url.to_owned()));
        let request = self.request_of(&common, &business.to_string());
        self.send(&request)
    }

    pub(crate) fn shown(&mut self, number: &str, yuan: &str) -> String {
        let answer = self.ask_telling("alipay.trade.precreate", &sale(number, yuan), URL).node();
        answer["qr_code"].as_str().unwrap().to_owned()
    }

    /// Shows a code to a customer who pays at once, and takes the notice of that.
    fn sold(&mut self, number: &str, yuan: &str) {
        let qr = self.shown(number, yuan);
        self.practice.scan(self.now_ms, &qr, Manner::Pays).unwrap();
        let (notice, _) = self.notice();
        self.answered(&notice, Some(200), "success");
    }
}

/// Takes a notice apart and checks its signature as a merchant does.
#[track_caller]
fn opened(notice: &Notice) -> BTreeMap<String, String> {
    let (fields, genuine) = read(&notice.body);
    assert!(genuine, "{fields:?}");
    fields
}

/// Takes a notice apart and says whether its signature fits.
pub(crate) fn read(body: &str) -> (BTreeMap<String, String>, bool) {
    let fields: BTreeMap<_, _> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let covered = fields.iter().filter(|(name, _)| !matches!(&***name, "sign" | "sign_type"));
    let pairs: Vec<_> = covered.map(|(name, value)| format!("{name}={value}")).collect();
    let sign = KeyedHash::new(SECRET).sign_as(KeyedHash::ALIPAY, pairs.join("&").as_bytes());
    let genuine = fields["sign"] == sign;
    (fields, genuine)
}

#[track_caller]
fn check(fields: &BTreeMap<String, String>, expected: &[(&str, &str)]) {
    for (name, value) in expected {
        assert_eq!(fields.get(*name).map_or("", String::as_str), *value, "{name}");
    }
}

#[test]
fn a_paid_code_is_told_where_it_was_asked_for() {
    let mut shop = Shop::new();
    let qr = shop.shown("T1", "12.50");
    assert_eq!((shop.due(), shop.practice.next_notice_ms()), (vec![], None), "nobody paid");
    let manner = Manner::TypesPassword { after_ms: 3_000 };
    shop.practice.scan(shop.now_ms, &qr, manner).unwrap();
    shop.wait(3_000);
    assert_eq!(shop.practice.next_notice_ms(), Some(shop.now_ms));
    let (notice, fields) = shop.notice();
    assert_eq!((notice.url.as_str(), notice.form), (URL, Form::Alipay));
    check(
        &fields,
        &[
            ("notify_type", "trade_status_sync"),
            ("charset", "utf-8"),
            ("sign_type", "RSA2"),
            ("app_id", APP_ID),
            ("seller_id", SELLER_ID),
            ("out_trade_no", "T1"),
            ("trade_status", "TRADE_SUCCESS"),
            ("total_amount", "12.50"),
            ("subject", "牛肉面"),
            ("buyer_id", "2088000000001001"),
            ("gmt_create", "2026-11-21 10:00:00"),
            ("gmt_payment", "2026-11-21 10:00:03"),
            ("gmt_refund", ""),
            ("fund_bill_list", r#"[{"amount":"12.50","fundChannel":"ALIPAYACCOUNT"}]"#),
        ],
    );
    assert_eq!(fields["trade_no"], shop.query("T1")["trade_no"].as_str().unwrap());
    shop.answered(&notice, Some(200), "success");
    assert_eq!((shop.due(), shop.practice.next_notice_ms()), (vec![], None));
}

#[test]
fn what_is_not_thanked_for_in_one_word_comes_again_on_the_published_days() {
    let mut shop = Shop::new();
    let qr = shop.shown("T1", "12.50");
    shop.practice.scan(shop.now_ms, &qr, Manner::Pays).unwrap();
    let (first, _) = shop.notice();
    let begun_ms = shop.now_ms;
    let answers =
        [(None, ""), (Some(200), "SUCCESS"), (Some(200), "success\n"), (Some(500), "success")];
    for (place, wait_ms) in repeated_after_ms(Form::Alipay).iter().enumerate() {
        let (notice, _) = shop.notice();
        let (status, body) = answers[place % answers.len()];
        shop.answered(&notice, status, body);
        assert_eq!(shop.practice.next_notice_ms(), Some(shop.now_ms + wait_ms));
        shop.wait(*wait_ms);
        assert_eq!(shop.notice().0.id, first.id);
    }
    assert_eq!(shop.now_ms - begun_ms, 87_840_000, "24 h 24 m");
    let (last, fields) = shop.notice();
    assert_eq!(fields["notify_time"], "2026-11-22 10:24:00", "signed again");
    shop.answered(&last, None, "");
    assert_eq!((shop.due(), shop.practice.next_notice_ms()), (vec![], None), "given up");
}

#[test]
fn a_scanned_payment_is_told_too_and_nothing_without_an_address() {
    let mut shop = Shop::with(|options| options.buyer_ids = BuyerIds::OpenId);
    shop.paid("T1", "12.50");
    assert_eq!(shop.due(), vec![]);
    let code = shop.practice.show_payment_code(shop.now_ms, Manner::Pays);
    let mut business = sale("T2", "12.50");
    business["auth_code"] = json!(code);
    business["scene"] = json!("bar_code");
    assert_eq!(shop.ask_telling("alipay.trade.pay", &business, URL).node()["code"], "10000");
    let (_, fields) = shop.notice();
    let buyer = "0practice0000000000000000000000001002";
    check(&fields, &[("out_trade_no", "T2"), ("buyer_open_id", buyer), ("buyer_id", "")]);
}

#[test]
fn an_end_without_the_money_is_told_once() {
    let mut shop = Shop::new();
    let qr = shop.shown("T1", "12.50");
    shop.practice.scan(shop.now_ms, &qr, Manner::WalksAway).unwrap();
    shop.close("T1");
    let (notice, fields) = shop.notice();
    let closed = [("trade_status", "TRADE_CLOSED"), ("gmt_close", "2026-11-21 10:00:00")];
    check(&fields, &closed);
    check(&fields, &[("gmt_payment", ""), ("refund_fee", "")]);
    shop.answered(&notice, Some(200), "success");

    shop.sold("T2", "12.50");
    shop.cancel("T2");
    let (notice, fields) = shop.notice();
    check(&fields, &closed);
    check(&fields, &[("gmt_payment", "2026-11-21 10:00:00"), ("refund_fee", "12.50")]);
    check(&fields, &[("gmt_refund", "2026-11-21 10:00:00.000"), ("out_biz_no", "")]);
    shop.answered(&notice, Some(200), "success");
    assert_eq!(shop.practice.next_notice_ms(), None);

    shop.shown("T3", "12.50");
    shop.cancel("T3");
    shop.wait(86_400_000);
    assert_eq!(shop.due(), vec![], "of a code that nobody scanned there is no trade to tell of");
}

#[test]
fn each_refund_is_told_and_the_last_one_closes() {
    let mut shop = Shop::new();
    shop.sold("T1", "12.50");
    shop.refund("T1", "2.50", "R1");
    let (notice, fields) = shop.notice();
    let some = [("trade_status", "TRADE_SUCCESS"), ("refund_fee", "2.50"), ("out_biz_no", "R1")];
    check(&fields, &some);
    shop.wait(1_234);
    shop.refund("T1", "10.00", "R2");
    assert_eq!(shop.due().len(), 2);
    check(&opened(&shop.due()[0]), &some);
    shop.answered(&notice, Some(200), "success");
    let (notice, fields) = shop.notice();
    check(
        &fields,
        &[
            ("trade_status", "TRADE_CLOSED"),
            ("refund_fee", "12.50"),
            ("send_back_fee", "10.00"),
            ("out_biz_no", "R2"),
            ("gmt_refund", "2026-11-21 10:00:01.234"),
        ],
    );
    shop.answered(&notice, Some(200), "success");
    assert_eq!(shop.practice.next_notice_ms(), None, "the end was told with the refund");
}

#[test]
fn a_payment_that_can_no_longer_go_back_is_finished() {
    let mut shop = Shop::new();
    shop.sold("T1", "12.50");
    shop.wait(366 * 86_400_000);
    let about = About::Payment { out_trade_no: "T1".to_owned() };
    shop.practice.want_notice(shop.now_ms, about, URL, Form::Alipay);
    check(&shop.notice().1, &[("trade_status", "TRADE_FINISHED")]);
}

#[test]
fn an_address_that_is_none_is_refused() {
    let mut shop = Shop::new();
    let long = format!("https://relay.invalid/{}", "x".repeat(256));
    for url in ["relay.invalid/notify", "ftp://127.0.0.1/notify", long.as_str()] {
        let heard = shop.ask_telling("alipay.trade.precreate", &sale("T1", "12.50"), url);
        let Heard::Unsigned(node) = heard else { panic!("{heard:?}") };
        assert_eq!(node["sub_code"], "isv.invalid-parameter");
    }
    assert_eq!(shop.practice.truth().notices().count(), 0);
}
