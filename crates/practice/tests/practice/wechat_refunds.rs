//! Refunds of WeChat Pay that end otherwise than with the money at the customer.

use mianfu_practice::truth::RefundFate;
use mianfu_practice::wechat::RefundError;

use super::wechat_shop::Shop;

impl Shop {
    fn end_refund(&mut self, number: &str, how: RefundFate) -> Result<(), RefundError> {
        self.practice.end_refund(self.now_ms, number, how)
    }

    /// Returns the state of a refund as v3 and as v2 tell it.
    fn states(&mut self, number: &str) -> (String, String) {
        let v3 = self.refund_query(number).body["status"].as_str().unwrap().to_owned();
        let v2 = self.ask_v2("/pay/refundquery", &[("out_refund_no", number)]);
        (v3, v2["refund_status_0"].clone())
    }
}

#[track_caller]
fn states(shop: &mut Shop, number: &str, v3: &str, v2: &str) {
    assert_eq!(shop.states(number), (v3.to_owned(), v2.to_owned()));
}

#[test]
fn a_closed_refund_gave_nothing_back_and_another_number_may() {
    let mut shop = Shop::new();
    shop.sold("9000000001", 1250);
    assert_eq!(shop.refund("9000000001", "R1", 1250, 1250).status, 200);
    states(&mut shop, "R1", "PROCESSING", "PROCESSING");
    assert_eq!(shop.end_refund("R1", RefundFate::Closed), Ok(()));
    states(&mut shop, "R1", "CLOSED", "REFUNDCLOSE");
    shop.wait(60_000);
    states(&mut shop, "R1", "CLOSED", "REFUNDCLOSE");
    assert_eq!(shop.refund_query("R1").body.get("success_time"), None);
    assert_eq!(shop.practice.truth().returned_fen(), 0);
    assert_eq!(shop.state("9000000001"), "REFUND", "a refund was begun");
    let again = shop.refund("9000000001", "R1", 1250, 1250);
    assert_eq!(
        (again.status, again.body["status"].as_str()),
        (200, Some("CLOSED")),
        "the same one"
    );
    assert_eq!(shop.refund("9000000001", "R2", 1250, 1250).status, 200);
    assert_eq!(shop.practice.truth().returned_fen(), 1250);
    assert_eq!(shop.end_refund("R1", RefundFate::Arrived), Err(RefundError::Over));
}

#[test]
fn an_abnormal_refund_has_left_the_merchant_and_can_be_sent_on() {
    let mut shop = Shop::new();
    shop.sold("9000000001", 1250);
    shop.refund("9000000001", "R1", 1000, 1250);
    assert_eq!(shop.end_refund("R1", RefundFate::Abnormal), Ok(()));
    states(&mut shop, "R1", "ABNORMAL", "CHANGE");
    shop.wait(60_000);
    assert_eq!(shop.practice.truth().returned_fen(), 1000);
    let more = shop.refund("9000000001", "R2", 1000, 1250);
    assert_eq!(more.body["code"], "INVALID_REQUEST", "its money is spoken for");
    assert_eq!(shop.end_refund("R1", RefundFate::Closed), Err(RefundError::Over));
    assert_eq!(shop.end_refund("R1", RefundFate::Arrived), Ok(()));
    states(&mut shop, "R1", "SUCCESS", "SUCCESS");
    assert_eq!(shop.refund_query("R1").body["success_time"], "2026-11-21T10:01:00+08:00");
}

#[test]
fn a_refund_that_is_over_takes_no_other_end() {
    let mut shop = Shop::new();
    shop.sold("9000000001", 1250);
    assert_eq!(shop.end_refund("R1", RefundFate::Closed), Err(RefundError::NoRefund));
    shop.refund("9000000001", "R1", 250, 1250);
    shop.wait(5_000);
    states(&mut shop, "R1", "SUCCESS", "SUCCESS");
    assert_eq!(shop.end_refund("R1", RefundFate::Abnormal), Err(RefundError::Over));
    shop.sold("9000000002", 1250);
    shop.refund("9000000002", "R2", 250, 1250);
    assert_eq!(shop.end_refund("R2", RefundFate::Arrived), Ok(()), "sooner than by itself");
    states(&mut shop, "R2", "SUCCESS", "SUCCESS");
}
