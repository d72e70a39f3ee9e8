//! Notices of WeChat Pay: of what, when, how often, and what is in them.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::aes::Aes256;
use aes_gcm::aes::cipher::BlockDecrypt;
use aes_gcm::aes::cipher::generic_array::GenericArray;
use aes_gcm::{Aes256Gcm, Key, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use mianfu_practice::notices::repeated_after_ms;
use mianfu_practice::truth::{About, Form, RefundFate};
use mianfu_practice::{Answer, Manner, Notice};
use serde_json::{Value, json};

use super::wechat_shop::{
    APPID, FIRST_SERIAL, MCHID, Shop, V2_KEY, V3_KEY, open, platform_key, read, sign,
};

const URL: &str = "https://relay.invalid/notify/wechat/1/1";

impl Shop {
    fn due(&self) -> Vec<Notice> {
        self.practice.due_notices(self.now_ms)
    }

    /// Returns the one notice that is due.
    #[track_caller]
    fn notice(&self) -> Notice {
        let [notice] = <[Notice; 1]>::try_from(self.due()).unwrap();
        notice
    }

    fn answered(&mut self, notice: &Notice, status: Option<u16>, body: &str) {
        let body = body.as_bytes().to_vec();
        let answer = status.map(|status| Answer { status, headers: Vec::new(), body });
        self.practice.notice_answered(self.now_ms, &notice.about, answer.as_ref());
    }

    fn refund_with_notice(&mut self, number: &str, refund: &str) {
        let body = json!({
            "out_trade_no": number, "out_refund_no": refund, "notify_url": URL,
            "amount": { "refund": 250, "total": 1250, "currency": "CNY" },
        });
        assert_eq!(self.ask("POST", "/v3/refund/domestic/refunds", &body).status, 200);
    }
}

/// Takes a notice apart as an answer is: whose signature it carries, and what is in it.
fn opened(notice: &Notice) -> (Option<String>, Value, Value) {
    let body = notice.body.clone().into_bytes();
    let heard = open(&Answer { status: 200, headers: notice.headers.clone(), body });
    let resource = &heard.body["resource"];
    let text = |name: &str| resource[name].as_str().unwrap();
    let sealed = STANDARD.decode(text("ciphertext")).unwrap();
    let payload = Payload { msg: &sealed, aad: text("associated_data").as_bytes() };
    let cipher = Aes256Gcm::new(Key::<Aes256Gcm>::from_slice(&V3_KEY));
    let plain = cipher.decrypt(Nonce::from_slice(text("nonce").as_bytes()), payload).unwrap();
    (heard.signed_by, heard.body.clone(), serde_json::from_slice(&plain).unwrap())
}

#[test]
fn a_paid_order_is_told_where_it_was_asked_for() {
    let mut shop = Shop::new();
    let qr = shop.shown("9000000001", 1250);
    assert_eq!((shop.due(), shop.practice.next_notice_ms()), (vec![], None), "nobody paid");
    let manner = Manner::TypesPassword { after_ms: 3_000 };
    shop.practice.scan(shop.now_ms, &qr, manner).unwrap();
    shop.wait(3_000);
    assert_eq!(shop.practice.next_notice_ms(), Some(shop.now_ms));
    let notice = shop.notice();
    assert_eq!(notice.url, URL);
    let (signed_by, body, content) = opened(&notice);
    assert_eq!(signed_by.as_deref(), Some(FIRST_SERIAL));
    assert_eq!(body["id"].as_str().map(str::len), Some(36));
    assert_eq!(body["event_type"], "TRANSACTION.SUCCESS");
    assert_eq!(body["resource_type"], "encrypt-resource");
    assert_eq!(body["create_time"], "2026-11-21T10:00:03+08:00");
    assert_eq!(body["resource"]["original_type"], "transaction");
    assert_eq!(content, shop.query("9000000001").body, "it says what a query is told");
    shop.answered(&notice, Some(204), "");
    assert_eq!((shop.due(), shop.practice.next_notice_ms()), (vec![], None));
}

#[test]
fn what_nobody_takes_comes_again_on_the_published_days() {
    let mut shop = Shop::new();
    shop.sold("9000000001", 1250);
    let first = shop.notice();
    let begun_ms = shop.now_ms;
    let answers = [None, Some(500), Some(404), Some(302), Some(201)];
    for (place, wait_ms) in repeated_after_ms(Form::V3).iter().enumerate() {
        let notice = shop.notice();
        assert_eq!(notice, shop.notice(), "the same at the same time");
        shop.answered(&notice, answers[place % answers.len()], "");
        assert_eq!(shop.practice.next_notice_ms(), Some(shop.now_ms + wait_ms));
        shop.wait(wait_ms - 1);
        assert_eq!(shop.due(), vec![]);
        shop.wait(1);
        let again = shop.notice();
        assert_eq!(again.id, first.id);
        assert_ne!(again.headers, notice.headers, "signed again");
        let (signed_by, _, content) = opened(&again);
        assert_eq!(signed_by.as_deref(), Some(FIRST_SERIAL));
        assert_eq!(content["out_trade_no"], "9000000001");
    }
    assert_eq!(shop.now_ms - begun_ms, 86_640_000, "24 h 4 m");
    let last = shop.notice();
    shop.answered(&last, None, "");
    assert_eq!((shop.due(), shop.practice.next_notice_ms()), (vec![], None), "given up");
}

#[test]
fn an_address_on_this_machine_needs_no_tls() {
    let mut shop = Shop::new();
    let sale = |number: &str, url: &str| {
        json!({
            "appid": APPID, "mchid": MCHID, "description": "牛肉面", "out_trade_no": number,
            "notify_url": url, "amount": { "total": 1250, "currency": "CNY" },
        })
    };
    let path = "/v3/pay/transactions/native";
    let here = "http://127.0.0.1:8123/notify/wechat/1/1";
    let heard = shop.ask("POST", path, &sale("9000000001", here));
    assert_eq!(heard.status, 200, "{heard:?}");
    shop.practice
        .scan(shop.now_ms, heard.body["code_url"].as_str().unwrap(), Manner::Pays)
        .unwrap();
    assert_eq!(shop.notice().url, here);
    for url in
        ["http://127.0.0.1.relay.invalid/a", "http://a@127.0.0.1/a", "http://127.0.0.1/a?b=1"]
    {
        assert_eq!(shop.ask("POST", path, &sale("9000000002", url)).status, 400, "{url}");
    }
}

#[test]
fn the_days_can_be_made_shorter() {
    let mut shop = Shop::with(|options| options.notices_faster = 1_000);
    shop.sold("9000000001", 1250);
    let notice = shop.notice();
    shop.answered(&notice, None, "");
    assert_eq!(shop.practice.next_notice_ms(), Some(shop.now_ms + 15));
}

#[test]
fn a_scanned_payment_and_an_unpaid_order_are_not_told() {
    let mut shop = Shop::new();
    let code = shop.code(Manner::Pays);
    assert_eq!(shop.micropay("901", 1250, &code)["result_code"], "SUCCESS");
    let qr = shop.shown("9000000001", 1250);
    shop.practice.scan(shop.now_ms, &qr, Manner::Refuses).unwrap();
    shop.close("9000000001");
    shop.shown("9000000002", 1250);
    shop.wait(86_400_000);
    assert_eq!(shop.due(), vec![]);
}

#[test]
fn the_end_of_a_refund_is_told_each_time_it_is_another() {
    let mut shop = Shop::new();
    shop.sold("9000000001", 1250);
    let payment = shop.notice();
    shop.answered(&payment, Some(200), "");
    shop.refund_with_notice("9000000001", "R1");
    assert_eq!(shop.due(), vec![], "it is on its way");
    shop.practice.end_refund(shop.now_ms, "R1", RefundFate::Abnormal).unwrap();
    let abnormal = shop.notice();
    let (_, body, content) = opened(&abnormal);
    assert_eq!(body["event_type"], "REFUND.ABNORMAL");
    assert_eq!(content["refund_status"], "ABNORMAL");
    assert_eq!(content.get("status"), None, "a notice has another word for it");
    assert_eq!((&content["out_refund_no"], &content["mchid"]), (&json!("R1"), &json!(MCHID)));
    shop.answered(&abnormal, Some(200), "");
    assert_eq!(shop.due(), vec![]);
    shop.practice.end_refund(shop.now_ms, "R1", RefundFate::Arrived).unwrap();
    let arrived = shop.notice();
    assert_ne!(arrived.id, abnormal.id);
    let (_, body, content) = opened(&arrived);
    assert_eq!(body["event_type"], "REFUND.SUCCESS");
    assert_eq!(content["success_time"], "2026-11-21T10:00:00+08:00");
    shop.answered(&arrived, Some(200), "");

    shop.wait(60_000);
    shop.refund_with_notice("9000000001", "R2");
    shop.wait(5_000);
    let (_, _, content) = opened(&shop.notice());
    assert_eq!(content["refund_status"], "SUCCESS", "without a word it arrives in its time");
}

#[test]
fn a_payment_is_told_as_a_payment_though_money_went_back() {
    let mut shop = Shop::new();
    shop.sold("9000000001", 1250);
    shop.refund("9000000001", "R1", 250, 1250);
    let (_, _, content) = opened(&shop.notice());
    assert_eq!(content["trade_state"], "SUCCESS");
    assert_eq!(shop.state("9000000001"), "REFUND");
}

#[test]
fn a_probe_comes_first_or_not_at_all() {
    let mut shop = Shop::new();
    shop.account().probes_per_mille = 1_000;
    shop.sold("9000000001", 1250);
    let probe = shop.notice();
    let signature = |notice: &Notice| {
        let found = notice.headers.iter().find(|(name, _)| name == "wechatpay-signature");
        found.unwrap().1.clone()
    };
    assert!(signature(&probe).starts_with("WECHATPAY/SIGNTEST/"));
    assert_eq!(opened(&probe).0, None, "nobody signed it");
    shop.answered(&probe, Some(401), "{\"code\":\"FAIL\"}");
    shop.wait(15_000);
    let genuine = shop.notice();
    assert_eq!(
        (genuine.id.as_str(), opened(&genuine).0.as_deref()),
        (probe.id.as_str(), Some(FIRST_SERIAL))
    );
}

#[test]
fn notices_change_over_with_the_keys_and_carry_either_kind_of_data() {
    let mut shop = Shop::new();
    let public = "PUB_KEY_ID_0119000099992026112100000001";
    shop.account().add_key(platform_key(public, None));
    let mut associated = Vec::new();
    for number in 9_000_000_001_i64..9_000_000_017 {
        shop.sold(&number.to_string(), 1250);
    }
    for notice in shop.due() {
        let (signed_by, body, _) = opened(&notice);
        assert_eq!(signed_by.as_deref(), Some(FIRST_SERIAL));
        associated.push(body["resource"]["associated_data"].clone());
    }
    for kind in ["", "transaction"] {
        assert!(associated.contains(&json!(kind)), "{kind:?} among {associated:?}");
    }
    shop.account().sign_with(public);
    assert!(shop.due().iter().all(|notice| opened(notice).0.as_deref() == Some(public)));
}

#[test]
fn a_refund_notice_of_v2_is_sealed_and_not_signed() {
    let mut shop = Shop::new();
    shop.account().portal_url = Some("https://shop.invalid/portal".to_owned());
    shop.sold("9000000001", 1250);
    let payment = shop.notice();
    shop.answered(&payment, Some(200), "");
    shop.refund("9000000001", "R1", 250, 1250);
    shop.wait(5_000);
    let notice = shop.notice();
    assert_eq!(notice.url, "https://shop.invalid/portal", "the request named no address");
    let outer = read(notice.body.replace("\n</xml>", "</xml>").as_bytes());
    assert_eq!((outer["appid"].as_str(), outer["mch_id"].as_str()), (APPID, MCHID));
    assert_eq!(outer.get("sign"), None);
    let content = unsealed(&outer["req_info"]);
    assert!(content.starts_with("<root>") && content.ends_with("</root>"), "{content}");
    for part in ["<refund_fee>250</refund_fee>", "[SUCCESS]", "[R1]", "[2026-11-21 10:00:05]"] {
        assert!(content.contains(part), "{part} in {content}");
    }
    let taken = "<xml><return_code><![CDATA[SUCCESS]]></return_code></xml>";
    for (status, body) in [(Some(200), ""), (Some(200), "{}"), (Some(500), taken), (None, "")] {
        shop.answered(&notice, status, body);
        assert!(shop.practice.next_notice_ms().is_some(), "{status:?} {body}");
    }
    shop.answered(&notice, Some(200), taken);
    assert_eq!(shop.practice.next_notice_ms(), None);
}

fn unsealed(text: &str) -> String {
    let key: String = Md5::digest(V2_KEY).iter().map(|byte| format!("{byte:02x}")).collect();
    let cipher = Aes256::new(GenericArray::from_slice(key.as_bytes()));
    let mut bytes = STANDARD.decode(text).unwrap();
    bytes.chunks_exact_mut(16).for_each(|block| {
        cipher.decrypt_block(GenericArray::from_mut_slice(block));
    });
    let filling = usize::from(*bytes.last().unwrap());
    bytes.truncate(bytes.len() - filling);
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_payment_notice_of_v2_is_signed_with_either_hash() {
    let mut shop = Shop::new();
    let mut hashes = Vec::new();
    for number in 901..909 {
        let (number, code) = (number.to_string(), shop.code(Manner::Pays));
        shop.micropay(&number, 1250, &code);
        let about = About::Payment { out_trade_no: number.clone() };
        shop.practice.want_notice(shop.now_ms, about, URL, Form::V2);
        let notice = shop.notice();
        let fields = read(notice.body.replace("\n</xml>", "</xml>").as_bytes());
        let hmac = fields.get("sign_type").map(String::as_str) == Some("HMAC-SHA256");
        assert_eq!(fields["sign"], sign(&fields, V2_KEY, hmac), "{fields:?}");
        assert_eq!(
            (fields["out_trade_no"].as_str(), fields["total_fee"].as_str()),
            (&*number, "1250")
        );
        hashes.push(hmac);
        shop.answered(&notice, Some(200), "<xml><return_code>SUCCESS</return_code></xml>");
    }
    assert!(hashes.contains(&true) && hashes.contains(&false), "{hashes:?}");
}
