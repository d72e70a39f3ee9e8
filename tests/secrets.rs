//! Secrets do not print (law 9, I23): keys, customers' codes, buyers and a merchant's consent are
//! looked for, byte by byte, in everything a till leaves behind.

#![expect(clippy::unwrap_used, reason = "a test may")]

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use mianfu_core::channel::ChannelId;
use mianfu_core::money::Fen;
use mianfu_db::BackupTo;
use mianfu_gateway::RsaKeys;
use mianfu_practice::{Acted, BuyerIds, Fault, Manner, RsaSigner};
use mianfu_tests::shop::*;
use mianfu_till::Means;
use mianfu_till::people::{People, Pin, RefundWish};
use mianfu_till::worker::chain;

const TOKEN: &str = "202611BBcanary-of-a-merchants-consent";

/// Where everything that is logged goes.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Memory {
    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What must be found nowhere.
#[derive(Default)]
struct Canaries(Vec<(String, &'static str)>);

impl Canaries {
    fn add(&mut self, text: &str, what: &'static str) {
        self.0.push((text.to_owned(), what));
    }

    /// Returns what of it stands in these bytes.
    fn found_in(&self, bytes: &[u8]) -> Vec<&'static str> {
        // What is searched for is plain ASCII, so bytes that are no text cannot hide it.
        let text = String::from_utf8_lossy(bytes);
        let stands = |canary: &String| text.contains(canary.as_str());
        self.0.iter().filter(|(canary, _)| stands(canary)).map(|(_, what)| *what).collect()
    }
}

/// A shop with real keys, what it has said so far, and what it must not say.
struct Watched {
    shop: Shop,
    said: Vec<String>,
    canaries: Canaries,
}

fn kept(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/practice/fixtures");
    std::fs::read_to_string(path.join(name)).unwrap()
}

impl Watched {
    fn open(buyer_ids: BuyerIds) -> Watched {
        let private = kept("merchant_private_key.pem");
        let keys = RsaKeys::from_keys(&private, &kept("alipay_public_key.pem")).unwrap();
        let signer =
            RsaSigner::from_pem(&kept("alipay_private_key.pem"), &kept("merchant_public_key.pem"));
        let shop = Shop::with(|setup| {
            setup.place = Place::Folder;
            setup.keys = ShopKeys::Rsa(Arc::new(keys));
            setup.signed_by(signer.unwrap());
            setup.options.buyer_ids = buyer_ids;
            setup.with_app_auth_token(TOKEN);
        });
        let mut canaries = Canaries::default();
        canaries.add(TOKEN, "a merchant's consent");
        for line in private.lines().filter(|line| 40 < line.len()) {
            canaries.add(line, "a private key");
        }
        Watched { shop, said: Vec::new(), canaries }
    }

    fn say(&mut self, text: impl std::fmt::Debug) {
        self.said.push(format!("{text:?}"));
    }

    fn code(&mut self, manner: Manner) -> String {
        let code = self.shop.code(manner);
        self.canaries.add(&code, "a customer's code");
        code
    }

    fn refused(&mut self, text: &str) {
        let refused = self.shop.collect(1_250, Means::Scan(text.to_owned())).unwrap_err();
        self.said.push(chain(&refused));
        self.say(refused);
    }

    /// Sells by scan under a fault and looks at everything the screens may show.
    fn sell(&mut self, manner: Manner, fault: Option<(&str, Fault)>) {
        if let Some((method, fault)) = fault {
            self.shop.practice.weather_mut().next_of(method, fault);
        }
        let code = self.code(manner);
        let no = self.shop.collect(1_250, Means::Scan(code.clone())).unwrap();
        let now = self.shop.till_now();
        for call in self.shop.till().take_calls(now) {
            let body = String::from_utf8_lossy(&call.request.body).into_owned();
            let carries = body.contains(&code) || call.request.url.contains("trade.query");
            assert!(carries, "the code is really on the wire, so the search means something");
            self.say(&call);
            self.shop.leave(call);
        }
        let ended = self.shop.end(&no);
        self.say(&ended);
        self.look();
        if ended.screen().goods_may_go() {
            let now = self.shop.till_now();
            let wish = RefundWish {
                no: no.clone(),
                amount: Fen::new(50).unwrap(),
                intent_id: "half".to_owned(),
            };
            let refund = self.shop.till().refund(&wish, "店长", now);
            self.say(refund);
        }
        self.shop.settle();
    }

    fn look(&mut self) {
        let now = self.shop.till_now();
        let counter = self.shop.till().counter(now).unwrap();
        self.say(counter);
        let attempts = self.shop.all_attempts();
        for attempt in &attempts {
            let history = self.shop.till().history(attempt.order_no).unwrap();
            self.say(history);
        }
        self.say(attempts);
    }

    /// Adds what the channel told of its customers to what must not be found.
    fn know_the_buyers(&mut self) {
        let buyers: Vec<u32> =
            self.shop.practice.truth().trades().map(|trade| trade.customer.0).collect();
        assert!(!buyers.is_empty());
        for number in buyers {
            self.canaries.add(&format!("20880000{number:08}"), "a buyer");
            self.canaries.add(&format!("0practice{number:028}"), "a buyer");
            self.canaries.add(&format!("138****{:04}", number % 10_000), "a buyer");
        }
    }

    /// Returns every place where something of it stands: the log, what was said, each file.
    fn leaks(&self, log: &Memory) -> Vec<(String, Vec<&'static str>)> {
        let mut places = vec![("the log".to_owned(), log.bytes())];
        places.push(("what was said".to_owned(), self.said.join("\n").into_bytes()));
        for entry in std::fs::read_dir(self.shop.folder()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                places.push((name, std::fs::read(&path).unwrap()));
            }
        }
        let found =
            places.into_iter().map(|(place, bytes)| (place, self.canaries.found_in(&bytes)));
        found.filter(|(_, what)| !what.is_empty()).collect()
    }
}

fn logging<T>(log: &Memory, work: impl FnOnce() -> T) -> T {
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, work)
}

fn a_long_day(watched: &mut Watched) {
    let faults = [
        None,
        Some((PAY, Fault::AnswerLost)),
        Some((PAY, Fault::Busy { acted: Acted::Yes })),
        Some((PAY, Fault::WrongSignature)),
        Some((PAY, Fault::Unsigned)),
        Some((PAY, Fault::AnotherOrder)),
        Some((PAY, Fault::Garbage)),
        Some((PAY, Fault::Truncated)),
        Some((PAY, Fault::RequestLost)),
        Some((PAY, Fault::RequestLate { after_ms: 20_000 })),
        Some((QUERY, Fault::WrongSignature)),
        Some((CANCEL, Fault::ServerError { status: 502, acted: Acted::Yes })),
        Some((REFUND, Fault::AnswerLost)),
    ];
    for fault in faults {
        watched.sell(Manner::Pays, fault);
    }
    for manner in
        [Manner::TypesPassword { after_ms: 9_000 }, Manner::TooLittleMoney, Manner::WalksAway]
    {
        watched.sell(manner, None);
    }
    watched.shop.network = Network::Down;
    let code = watched.code(Manner::Pays);
    let no = watched.shop.collect(1_250, Means::Scan(code)).unwrap();
    watched.shop.end(&no);
    watched.shop.network = Network::Up;
    watched.shop.wait(5_000);
    for text in ["28123456789012", "2812345678901234567890123456", "1312345678901234567"] {
        watched.canaries.add(text, "a misread code");
        watched.refused(text);
    }
    let code = watched.code(Manner::WalksAway);
    let no = watched.shop.collect(7, Means::Scan(code.clone())).unwrap();
    watched.refused(&code);
    watched.shop.wait(2_000);
    watched.shop.restart(1_000);
    watched.shop.end(&no);
    let show = watched.shop.collect(9, Means::Show(ChannelId::Alipay));
    watched.say(show);
    watched.shop.settle();
    watched.look();
    let folder = watched.shop.folder().to_owned();
    let to = BackupTo { folder: &folder, now: watched.shop.now, keep: 3 };
    watched.shop.till().db().backup_to(&to).unwrap();
}

#[test]
fn law9_no_secret_is_found_in_anything_a_till_leaves_behind() {
    for buyer_ids in [BuyerIds::UserId, BuyerIds::OpenId] {
        let log = Memory::default();
        let watched = logging(&log, || {
            let mut watched = Watched::open(buyer_ids);
            a_long_day(&mut watched);
            watched.know_the_buyers();
            watched
        });
        let said = String::from_utf8(log.bytes()).unwrap();
        assert!(said.contains("out_trade_no"), "the log is searchable by number");
        assert!(said.contains("no usable answer"), "error paths were taken");
        assert_eq!(watched.leaks(&log), [], "secrets");
    }
}

/// Six digits stand by chance in any large file of numbers, so this looks where a careless line of
/// ours would put them.
#[test]
fn law9_a_managers_pin_is_in_no_log_no_answer_and_not_in_its_own_file() {
    const PINS: [&str; 3] = ["481927", "730518", "962047"];
    let log = Memory::default();
    let pin = |digits: &str| Pin::new(digits.to_owned()).unwrap();
    let (said, folder) = logging(&log, || {
        let folder = tempfile::tempdir().unwrap();
        let people = People::open(folder.path().join("till.pin"));
        let mut said = Vec::new();
        for (digits, before) in [(PINS[0], None), (PINS[1], Some(PINS[0])), (PINS[1], None)] {
            said.push(format!("{:?}", people.set_pin(&pin(digits), before.map(pin).as_ref(), TEN)));
        }
        for digits in [PINS[1], PINS[0], PINS[2], PINS[0], PINS[0], PINS[0], PINS[1]] {
            let tried = people.approve(&pin(digits), "a request", TEN);
            said.push(format!("{:?} {tried:?} {:?}", pin(digits), people.manager(TEN)));
            said.extend(tried.err().map(|refusal| chain(&refusal)));
        }
        (said.join("\n"), folder)
    });
    let logged = String::from_utf8(log.bytes()).unwrap();
    assert!(logged.contains("a wrong PIN") && said.contains("Locked"), "{logged}\n{said}");
    let file = std::fs::read_to_string(folder.path().join("till.pin")).unwrap();
    for digits in PINS {
        for (place, text) in [("log", &logged), ("what was said", &said), ("file", &file)] {
            assert!(!text.contains(digits), "a PIN in the {place}: {text}");
        }
    }
}

#[test]
fn a_planted_leak_is_found_wherever_it_is() {
    let log = Memory::default();
    let mut watched = Watched::open(BuyerIds::UserId);
    let code = watched.code(Manner::Pays);
    assert_eq!(watched.leaks(&log), []);
    logging(&log, || tracing::info!(code, "a careless line"));
    let places = |watched: &Watched| -> Vec<String> {
        watched.leaks(&log).into_iter().map(|(place, _)| place).collect()
    };
    assert_eq!(places(&watched), ["the log"]);
    watched.said.push(format!("the consent is {TOKEN}"));
    assert_eq!(places(&watched), ["the log", "what was said"]);
    std::fs::write(watched.shop.folder().join("till.db-wal"), kept("merchant_private_key.pem"))
        .unwrap();
    assert_eq!(places(&watched), ["the log", "what was said", "till.db-wal"]);
}

#[test]
fn law9_keys_in_memory_do_not_print() {
    let keys =
        RsaKeys::from_keys(&kept("merchant_private_key.pem"), &kept("alipay_public_key.pem"));
    let channel = mianfu_gateway::Channel::Alipay(mianfu_gateway::Alipay {
        settings: mianfu_gateway::AlipaySettings {
            app_auth_token: Some(mianfu_gateway::AppAuthToken(TOKEN.to_owned())),
            ..mianfu_gateway::AlipaySettings::new("http://127.0.0.1:1/gateway.do", "9999")
        },
        keys: keys.unwrap(),
        payer_key: [9; 32],
    });
    let printed = format!("{channel:?}");
    assert!(!printed.contains(TOKEN) && !printed.contains("9, 9, 9"), "{printed}");
}
