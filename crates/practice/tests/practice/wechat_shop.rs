//! A merchant of WeChat Pay with keyed hashes for keys, who checks what each answer is signed with.

use std::collections::BTreeMap;

use hmac::{Hmac, Mac};
use md5::{Digest, Md5};
use mianfu_practice::calendar::from_beijing_text;
use mianfu_practice::wechat::{Account, Certificate, PlatformKey, Secrets};
use mianfu_practice::{
    Answer, Channel, CustomerId, KeyedHash, Manner, Options, Practice, Reply, Request,
};
use rsa::sha2::Sha256;
use serde_json::{Value, json};

pub(crate) const APPID: &str = "wx9999000000000001";
pub(crate) const MCHID: &str = "1900009999";
pub(crate) const MERCHANT_SERIAL: &str = "1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C";
pub(crate) const V2_KEY: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const V3_KEY: [u8; 32] = *b"fedcba9876543210fedcba9876543210";
pub(crate) const FIRST_SERIAL: &str = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1";
pub(crate) const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nfirst\n";

/// A merchant's side of both wires.
pub(crate) struct Shop {
    pub(crate) practice: Practice,
    pub(crate) now_ms: i64,
    /// The hash of the next v2 requests.
    pub(crate) hmac: bool,
    /// What the next v3 requests name as the key to answer with.
    pub(crate) wanted_key: Option<String>,
}

/// What a v3 request came to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Heard {
    pub(crate) status: u16,
    /// Null where there was no body.
    pub(crate) body: Value,
    /// The serial of the key that signed exactly this. None where no key did.
    pub(crate) signed_by: Option<String>,
}

/// Makes the account of the shop.
pub(crate) fn account() -> Account {
    let secrets = Secrets { v2_key: V2_KEY.to_owned(), v3_key: V3_KEY };
    let key = platform_key(FIRST_SERIAL, Some(CERTIFICATE));
    Account::new(APPID, MCHID, MERCHANT_SERIAL, secrets, key)
}

/// Makes a key whose signatures only a holder of its serial can check.
pub(crate) fn platform_key(serial: &str, certificate: Option<&str>) -> PlatformKey {
    PlatformKey {
        serial: serial.to_owned(),
        certificate: certificate.map(|pem| Certificate {
            pem: pem.to_owned(),
            effective_ms: 0,
            expire_ms: 2_000_000_000_000,
        }),
        signer: Box::new(keys(serial)),
    }
}

/// The merchant's secret is the same under every key of the platform's.
fn keys(serial: &str) -> TwoHashes {
    TwoHashes {
        platform: KeyedHash::new(serial.as_bytes()),
        merchant: KeyedHash::new(super::shop::SECRET),
    }
}

struct TwoHashes {
    platform: KeyedHash,
    merchant: KeyedHash,
}

impl mianfu_practice::Signer for TwoHashes {
    fn sign(&self, content: &[u8]) -> String {
        mianfu_practice::Signer::sign(&self.platform, content)
    }

    fn verify_merchant(&self, content: &[u8], signature_base64: &str) -> bool {
        self.merchant.verify_merchant(content, signature_base64)
    }
}

impl Shop {
    pub(crate) fn new() -> Shop {
        Shop::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Options)) -> Shop {
        let mut options = Options::new(7);
        change(&mut options);
        let mut practice = Practice::new(options, KeyedHash::new(super::shop::SECRET));
        practice.open_wechat(account());
        let now_ms = from_beijing_text("2026-11-21 10:00:00").unwrap();
        Shop { practice, now_ms, hmac: true, wanted_key: None }
    }

    pub(crate) fn account(&mut self) -> &mut Account {
        self.practice.wechat_mut().unwrap()
    }

    pub(crate) fn wait(&mut self, ms: i64) {
        self.now_ms += ms;
        self.practice.advance(self.now_ms);
    }

    pub(crate) fn code(&mut self, manner: Manner) -> String {
        self.practice.show_payment_code_of(Channel::Wechat, self.now_ms, CustomerId(7), manner)
    }

    pub(crate) fn reply(&mut self, request: &Request) -> Option<Answer> {
        match self.practice.handle(self.now_ms, request) {
            Reply::Answer { answer, .. } => Some(answer),
            Reply::Lost | Reply::Refused => None,
        }
    }
}

/// API v3.
impl Shop {
    pub(crate) fn request(&self, method: &str, path: &str, body: &Value) -> Request {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: vec![
                ("accept".to_owned(), "application/json".to_owned()),
                ("user-agent".to_owned(), "mianfu".to_owned()),
            ],
            body: body.into_bytes(),
        };
        if let Some(serial) = &self.wanted_key {
            request.headers.push(("wechatpay-serial".to_owned(), serial.clone()));
        }
        self.sign(&mut request, MCHID, MERCHANT_SERIAL, self.now_ms / 1000);
        request
    }

    /// Signs a request as it stands, in the place of the signature that it had.
    pub(crate) fn sign(&self, request: &mut Request, mchid: &str, serial: &str, stamp: i64) {
        let mark = if request.query.is_empty() { "" } else { "?" };
        let content = format!(
            "{}\n{}{mark}{}\n{stamp}\nabc\n{}\n",
            request.method,
            request.path,
            request.query,
            String::from_utf8_lossy(&request.body)
        );
        let keys = KeyedHash::new(super::shop::SECRET);
        let signature = keys.sign_as(KeyedHash::MERCHANT, content.as_bytes());
        let value = format!(
            "WECHATPAY2-SHA256-RSA2048 mchid=\"{mchid}\",nonce_str=\"abc\",\
             signature=\"{signature}\",timestamp=\"{stamp}\",serial_no=\"{serial}\""
        );
        request.headers.retain(|(name, _)| name != "authorization");
        request.headers.push(("authorization".to_owned(), value));
    }

    pub(crate) fn send(&mut self, request: &Request) -> Heard {
        let answer = self.reply(request).expect("an answer");
        open(&answer)
    }

    pub(crate) fn ask(&mut self, method: &str, path: &str, body: &Value) -> Heard {
        let request = self.request(method, path, body);
        self.send(&request)
    }

    pub(crate) fn native(&mut self, sale: &Value) -> Heard {
        self.ask("POST", "/v3/pay/transactions/native", sale)
    }

    pub(crate) fn shown(&mut self, number: &str, fen: i64) -> String {
        let heard = self.native(&sale(number, fen));
        assert!(heard.signed_by.is_some(), "{heard:?}");
        heard.body["code_url"].as_str().unwrap().to_owned()
    }

    pub(crate) fn query(&mut self, number: &str) -> Heard {
        let path = format!("/v3/pay/transactions/out-trade-no/{number}?mchid={MCHID}");
        self.ask("GET", &path, &Value::Null)
    }

    pub(crate) fn state(&mut self, number: &str) -> String {
        self.query(number).body["trade_state"].as_str().unwrap_or("none").to_owned()
    }

    pub(crate) fn close(&mut self, number: &str) -> Heard {
        let path = format!("/v3/pay/transactions/out-trade-no/{number}/close");
        self.ask("POST", &path, &json!({ "mchid": MCHID }))
    }

    pub(crate) fn refund(&mut self, number: &str, refund: &str, fen: i64, total: i64) -> Heard {
        let body = json!({
            "out_trade_no": number,
            "out_refund_no": refund,
            "amount": { "refund": fen, "total": total, "currency": "CNY" },
        });
        self.ask("POST", "/v3/refund/domestic/refunds", &body)
    }

    pub(crate) fn refund_query(&mut self, refund: &str) -> Heard {
        self.ask("GET", &format!("/v3/refund/domestic/refunds/{refund}"), &Value::Null)
    }

    /// Shows a code to a customer who pays at once.
    pub(crate) fn sold(&mut self, number: &str, fen: i64) {
        let qr = self.shown(number, fen);
        self.practice.scan(self.now_ms, &qr, Manner::Pays).unwrap();
    }
}

/// API v2.
impl Shop {
    pub(crate) fn fields(&self, pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let common = [("appid", APPID), ("mch_id", MCHID), ("nonce_str", "abc")];
        let all = common.iter().chain(pairs);
        let mut fields: BTreeMap<String, String> =
            all.map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        if self.hmac {
            fields.insert("sign_type".to_owned(), "HMAC-SHA256".to_owned());
        }
        let sign = sign(&fields, V2_KEY, self.hmac);
        fields.insert("sign".to_owned(), sign);
        fields
    }

    /// Asks, and checks that the answer is signed with the hash of the request.
    pub(crate) fn ask_v2(
        &mut self,
        path: &str,
        pairs: &[(&str, &str)],
    ) -> BTreeMap<String, String> {
        let request = post(path, &xml(&self.fields(pairs)));
        let answer = self.reply(&request).expect("an answer");
        assert_eq!(answer.status, 200);
        let fields = read(&answer.body);
        let signed = fields.get("sign").map(String::as_str);
        assert_eq!(signed, Some(sign(&fields, V2_KEY, self.hmac).as_str()), "{fields:?}");
        fields
    }

    pub(crate) fn micropay(
        &mut self,
        number: &str,
        fen: i64,
        code: &str,
    ) -> BTreeMap<String, String> {
        let fen = fen.to_string();
        let pairs = [
            ("out_trade_no", number),
            ("body", "牛肉面"),
            ("total_fee", &fen),
            ("spbill_create_ip", "127.0.0.1"),
            ("auth_code", code),
        ];
        self.ask_v2("/pay/micropay", &pairs)
    }

    pub(crate) fn state_v2(&mut self, number: &str) -> String {
        let fields = self.ask_v2("/pay/orderquery", &[("out_trade_no", number)]);
        fields.get("trade_state").or_else(|| fields.get("err_code")).unwrap().clone()
    }

    /// Reverses, and returns `result_code` or `err_code`, and `recall`.
    pub(crate) fn reverse(&mut self, number: &str) -> (String, String) {
        let fields = self.ask_v2("/secapi/pay/reverse", &[("out_trade_no", number)]);
        let word = fields.get("err_code").unwrap_or(&fields["result_code"]).clone();
        (word, fields["recall"].clone())
    }
}

pub(crate) fn sale(number: &str, fen: i64) -> Value {
    json!({
        "appid": APPID,
        "mchid": MCHID,
        "description": "牛肉面",
        "out_trade_no": number,
        "time_expire": "2026-11-21T10:05:00+08:00",
        "notify_url": "https://relay.invalid/notify/wechat/1/1",
        "amount": { "total": fen, "currency": "CNY" },
    })
}

pub(crate) fn post(path: &str, body: &str) -> Request {
    Request {
        method: "POST".to_owned(),
        path: path.to_owned(),
        query: String::new(),
        headers: vec![("content-type".to_owned(), "text/xml".to_owned())],
        body: body.as_bytes().to_vec(),
    }
}

pub(crate) fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let found = answer.headers.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str())
}

/// Takes an answer apart without trusting the writer: what is signed is the bytes that came.
pub(crate) fn open(answer: &Answer) -> Heard {
    let text = String::from_utf8_lossy(&answer.body);
    let signed_by = header(answer, "wechatpay-serial").filter(|serial| {
        let stamp = header(answer, "wechatpay-timestamp").unwrap();
        let nonce = header(answer, "wechatpay-nonce").unwrap();
        let content = format!("{stamp}\n{nonce}\n{text}\n");
        let expected =
            KeyedHash::new(serial.as_bytes()).sign_as(KeyedHash::ALIPAY, content.as_bytes());
        header(answer, "wechatpay-signature") == Some(expected.as_str())
    });
    Heard {
        status: answer.status,
        body: serde_json::from_str(&text).unwrap_or_default(),
        signed_by: signed_by.map(str::to_owned),
    }
}

pub(crate) fn xml(fields: &BTreeMap<String, String>) -> String {
    let elements = fields.iter().map(|(name, text)| format!("<{name}><![CDATA[{text}]]></{name}>"));
    format!("<xml>{}</xml>", elements.collect::<String>())
}

/// Reads an answer's elements: one a line, CDATA or plain.
pub(crate) fn read(body: &[u8]) -> BTreeMap<String, String> {
    let text = std::str::from_utf8(body).unwrap();
    let inside = text.strip_prefix("<xml>").unwrap().strip_suffix("</xml>").unwrap();
    let element = |line: &str| {
        let (name, rest) = line.strip_prefix('<').unwrap().split_once('>').unwrap();
        let text = rest.strip_suffix(&format!("</{name}>")).unwrap();
        let text = text.strip_prefix("<![CDATA[").unwrap_or(text);
        (name.to_owned(), text.strip_suffix("]]>").unwrap_or(text).to_owned())
    };
    inside.lines().map(element).collect()
}

pub(crate) fn sign(fields: &BTreeMap<String, String>, key: &str, hmac: bool) -> String {
    let named = fields.iter().filter(|(name, text)| *name != "sign" && !text.is_empty());
    let pairs: Vec<String> = named.map(|(name, text)| format!("{name}={text}")).collect();
    let content = format!("{}&key={key}", pairs.join("&"));
    let bytes: Vec<u8> = if hmac {
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
        mac.update(content.as_bytes());
        mac.finalize().into_bytes().to_vec()
    } else {
        Md5::digest(content).to_vec()
    };
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
