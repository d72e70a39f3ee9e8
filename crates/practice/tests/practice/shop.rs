//! A merchant with keyed hashes for keys, who asks practice and checks each answer's signature.

use mianfu_practice::calendar::beijing_text;
use mianfu_practice::{
    Answer, KeyedHash, Options, Practice, Reply, Request, calendar::from_beijing_text,
};
use serde_json::{Value, json};

pub(crate) const SECRET: &[u8] = b"shared in the tests";

/// A merchant's side of the wire.
pub(crate) struct Shop {
    pub(crate) practice: Practice,
    pub(crate) now_ms: i64,
    keys: KeyedHash,
}

/// What a shop can do with a reply.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Heard {
    /// A node that Alipay signed.
    Signed(Value),
    /// A node without a signature.
    Unsigned(Value),
    /// Bytes that are no use.
    Useless(u16),
    Nothing,
}

impl Heard {
    /// The node of a signed answer.
    #[track_caller]
    pub(crate) fn node(self) -> Value {
        match self {
            Heard::Signed(node) => node,
            Heard::Unsigned(_) | Heard::Useless(_) | Heard::Nothing => {
                panic!("no signed answer but {self:?}")
            }
        }
    }
}

impl Shop {
    pub(crate) fn new() -> Shop {
        Shop::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Options)) -> Shop {
        let mut options = Options::new(7);
        change(&mut options);
        let keys = KeyedHash::new(SECRET);
        let practice = Practice::new(options, keys.clone());
        let now_ms = from_beijing_text("2026-11-21 10:00:00").unwrap();
        Shop { practice, now_ms, keys }
    }

    pub(crate) fn wait(&mut self, ms: i64) {
        self.now_ms += ms;
        self.practice.advance(self.now_ms);
    }

    pub(crate) fn request(&self, method: &str, business: &Value) -> Request {
        self.request_of(&self.common(method), &business.to_string())
    }

    pub(crate) fn common(&self, method: &str) -> Vec<(String, String)> {
        [
            ("app_id", self.practice.options().app_id.as_str()),
            ("method", method),
            ("format", "JSON"),
            ("charset", "utf-8"),
            ("sign_type", "RSA2"),
            ("timestamp", &beijing_text(self.now_ms)),
            ("version", "1.0"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    pub(crate) fn request_of(&self, common: &[(String, String)], business: &str) -> Request {
        let mut all = common.to_vec();
        all.push(("biz_content".to_owned(), business.to_owned()));
        let mut sorted = all.clone();
        sorted.sort();
        let content =
            sorted.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
        let sign = self.keys.sign_as(KeyedHash::MERCHANT, content.join("&").as_bytes());
        let mut query = all.clone();
        query.retain(|(name, _)| name != "biz_content");
        query.push(("sign".to_owned(), sign));
        Request {
            method: "POST".to_owned(),
            path: "/gateway.do".to_owned(),
            query: urlencoded(&query),
            headers: vec![(
                "content-type".to_owned(),
                "application/x-www-form-urlencoded;charset=utf-8".to_owned(),
            )],
            body: urlencoded(&[("biz_content".to_owned(), business.to_owned())]).into_bytes(),
        }
    }

    pub(crate) fn ask(&mut self, method: &str, business: Value) -> Heard {
        let request = self.request(method, &business);
        self.send(&request)
    }

    pub(crate) fn send(&mut self, request: &Request) -> Heard {
        match self.practice.handle(self.now_ms, request) {
            Reply::Answer { answer, .. } => self.open(&answer),
            Reply::Lost | Reply::Refused => Heard::Nothing,
        }
    }

    /// Takes an answer apart without trusting the writer: the signed part is the node's text.
    pub(crate) fn open(&self, answer: &Answer) -> Heard {
        let useless = Heard::Useless(answer.status);
        let Ok(text) = std::str::from_utf8(&answer.body) else {
            return useless;
        };
        let Ok(Value::Object(whole)) = serde_json::from_str::<Value>(text) else {
            return useless;
        };
        let Some(node) = whole
            .iter()
            .find_map(|(name, node)| (name.ends_with("_response")).then(|| node.clone()))
        else {
            return useless;
        };
        let Some(sign) = whole.get("sign").and_then(Value::as_str) else {
            return Heard::Unsigned(node);
        };
        let start = text.find(':').unwrap() + 1;
        let end = text.rfind(",\"sign\"").unwrap();
        let end = text.rfind(",\"alipay_cert_sn\"").unwrap_or(end);
        let expected = self.keys.sign_as(KeyedHash::ALIPAY, &text.as_bytes()[start..end]);
        if expected == sign { Heard::Signed(node) } else { useless }
    }

    pub(crate) fn precreate(&mut self, number: &str, yuan: &str) -> String {
        let answer = self.ask("alipay.trade.precreate", sale(number, yuan)).node();
        answer["qr_code"].as_str().unwrap().to_owned()
    }

    pub(crate) fn pay(&mut self, number: &str, yuan: &str, code: &str) -> Value {
        let mut business = sale(number, yuan);
        business["auth_code"] = json!(code);
        business["scene"] = json!("bar_code");
        self.ask("alipay.trade.pay", business).node()
    }

    pub(crate) fn about(&mut self, method: &str, number: &str) -> Value {
        self.ask(method, json!({ "out_trade_no": number })).node()
    }

    pub(crate) fn query(&mut self, number: &str) -> Value {
        self.about("alipay.trade.query", number)
    }

    pub(crate) fn cancel(&mut self, number: &str) -> Value {
        self.about("alipay.trade.cancel", number)
    }

    pub(crate) fn close(&mut self, number: &str) -> Value {
        self.about("alipay.trade.close", number)
    }

    pub(crate) fn refund(&mut self, number: &str, yuan: &str, request: &str) -> Value {
        let business = json!({
            "out_trade_no": number, "refund_amount": yuan, "out_request_no": request,
        });
        self.ask("alipay.trade.refund", business).node()
    }

    /// Takes a scanned payment of a customer who pays at once.
    pub(crate) fn paid(&mut self, number: &str, yuan: &str) {
        let code = self.practice.show_payment_code(self.now_ms, mianfu_practice::Manner::Pays);
        assert_eq!(self.pay(number, yuan, &code)["code"], "10000");
    }
}

pub(crate) fn sale(number: &str, yuan: &str) -> Value {
    json!({ "out_trade_no": number, "total_amount": yuan, "subject": "牛肉面" })
}

fn urlencoded(pairs: &[(String, String)]) -> String {
    let encoded = |text: &str| {
        let mut out = String::new();
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() {
                out.push(char::from(byte));
            } else {
                out.push_str(&format!("%{byte:02X}"));
            }
        }
        out
    };
    let pairs = pairs.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}
