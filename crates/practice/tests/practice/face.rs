//! The HTTP face and the folder: real connections on loopback, real keys, a restart.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::OnceLock;

use mianfu_practice::http::{Shared, serve};
use mianfu_practice::state::{
    Journal, MERCHANT_PRIVATE_KEY, MERCHANT_PUBLIC_KEY, Papers, StateError,
};
use mianfu_practice::{Fault, Manner, RsaSigner, Signer};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// A practice on loopback for the length of a test.
struct Running {
    address: SocketAddr,
    practice: Shared,
    _runtime: Runtime,
}

/// A folder of its own for a test, with keys that are made once for all of them.
fn folder() -> TempDir {
    static MADE: OnceLock<TempDir> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        Papers::open(dir.path()).unwrap();
        dir
    });
    let dir = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(made.path()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), dir.path().join(entry.file_name())).unwrap();
    }
    dir
}

fn run(dir: &Path) -> Running {
    let papers = Papers::open(dir).unwrap();
    let practice = Shared::open(&papers, papers.options(5)).unwrap();
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(serve(listener, practice.clone()));
    Running { address, practice, _runtime: runtime }
}

impl Running {
    /// Sends a request as it stands and returns everything that comes back.
    fn send(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        // A connection that is cut off has said all that it will.
        let _cut = stream.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn get(&self, path: &str) -> String {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"))
    }

    fn post(&self, path: &str, body: &Value) -> (String, Value) {
        let body = body.to_string();
        let answer = self.send(&format!(
            "POST {path} HTTP/1.1\r\nHost: localhost:1\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ));
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), serde_json::from_str(body).unwrap())
    }
}

#[test]
fn the_gateway_answers_over_http_with_the_real_ones_headers() {
    let dir = folder();
    let running = run(dir.path());
    let answer = running.get("/gateway.do?method=alipay.trade.query&app_id=1");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("content-type: text/html;charset=utf-8\r\n"), "{answer}");
    assert_eq!(answer.matches("date: ").count(), 1, "{answer}");
    assert!(answer.contains("\"sub_code\":\"isv.invalid-app-id\""), "{answer}");
}

#[test]
fn a_lost_answer_closes_the_connection_without_a_byte() {
    let dir = folder();
    let running = run(dir.path());
    for fault in [Fault::AnswerLost, Fault::RequestLost, Fault::Refused] {
        running.practice.with(|practice, _| practice.weather_mut().next(fault)).unwrap();
        assert_eq!(running.get("/gateway.do?method=alipay.trade.query"), "", "{fault:?}");
    }
    assert!(running.get("/gateway.do").starts_with("HTTP/1.1 200 OK"));
}

#[test]
fn only_this_machine_by_name_is_served() {
    let dir = folder();
    let running = run(dir.path());
    let elsewhere = "GET /control/state HTTP/1.1\r\nHost: shop.example\r\n\
                     Connection: close\r\n\r\n";
    assert!(running.send(elsewhere).starts_with("HTTP/1.1 421"));
    let form = "POST /control/payment-codes HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\
                Content-Type: text/plain\r\nContent-Length: 17\r\n\r\n{\"manner\":\"pays\"}";
    assert!(running.send(form).starts_with("HTTP/1.1 415"), "no page elsewhere can send JSON");
}

#[test]
fn the_phone_page_needs_nothing_from_elsewhere() {
    let dir = folder();
    let running = run(dir.path());
    for path in ["/phone", "/phone.css", "/phone.js"] {
        let page = running.get(path);
        assert!(page.starts_with("HTTP/1.1 200 OK"), "{path}");
        assert!(page.contains("content-security-policy: default-src 'none';"), "{path}");
        let (_, body) = page.split_once("\r\n\r\n").unwrap();
        assert!(!body.contains("//cdn") && !body.contains("https://"), "{path}");
        assert!(!body.contains("onclick=") && !body.contains("style=\""), "{path}");
    }
    assert!(running.get("/phone/code.svg?text=281234567890123456").contains("<svg "));
    let state = running.get("/control/state");
    assert!(state.contains(r#""channels":["alipay"]"#), "there is one wallet to choose: {state}");
}

#[test]
fn a_script_plays_the_customer() {
    let dir = folder();
    let running = run(dir.path());
    let ask = json!({ "manner": { "types_password": { "after_ms": 8000 } }, "customer": 3 });
    let (head, shown) = running.post("/control/payment-codes", &ask);
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
    assert_eq!(shown["customer"], 3);
    let code = shown["code"].as_str().unwrap();
    running
        .practice
        .with(|practice, _| assert!(practice.truth().payment_code(code).is_some()))
        .unwrap();
    let ask = json!({ "manner": "pays", "qr": "https://qr.alipay.com/practicenothing" });
    let (head, no) = running.post("/control/scans", &ask);
    assert!(head.starts_with("HTTP/1.1 409"), "{head}");
    assert_eq!(no["error"], "not_ours");
    let ask = json!({ "manner": "pays", "out_trade_no": "901" });
    assert_eq!(running.post("/control/trades", &ask).1["error"], "no_trade");
    let ask = json!({
        "begin": "storm", "chances": { "slow": 0 },
        "next": [{ "method": null, "fault": { "kind": "busy", "acted": "no" } }],
    });
    let (_, weather) = running.post("/control/weather", &ask);
    assert_eq!(weather["chances"]["answer_lost"], 60);
    assert_eq!(weather["chances"]["slow"], Value::Null);
    assert_eq!(weather["scripted"][0]["fault"]["kind"], "busy");
    let state = running.get("/control/state");
    assert!(state.contains(code), "{state}");
}

#[test]
fn a_restarted_practice_knows_its_keys_and_its_ledger() {
    let dir = folder();
    let papers = Papers::open(dir.path()).unwrap();
    let options = || papers.options(5);
    let truth = {
        let practice = Shared::open(&papers, options()).unwrap();
        practice
            .with(|practice, now_ms| {
                practice.show_payment_code(now_ms, Manner::TypesPassword { after_ms: 1 });
                practice.truth().clone()
            })
            .unwrap()
    };
    assert_eq!(Papers::open(dir.path()).unwrap(), papers, "keys are made once");
    let practice = Shared::open(&papers, options()).unwrap();
    practice
        .with(|practice, now_ms| {
            assert_eq!(*practice.truth(), truth);
            let next = practice.show_payment_code(now_ms, Manner::Pays);
            assert!(truth.payment_code(&next).is_none(), "no code is minted twice");
        })
        .unwrap();
    let second = Shared::open(&papers, options()).err().unwrap();
    assert!(matches!(second, StateError::InUse { .. }), "{second}");
}

#[test]
fn of_two_first_starts_at_once_one_makes_the_keys() {
    let folder = tempfile::tempdir().unwrap();
    let start = || Papers::open(folder.path()).map(|papers| papers.signer().unwrap());
    let ends = std::thread::scope(|scope| {
        let starts = [scope.spawn(start), scope.spawn(start)];
        starts.map(|start| start.join().unwrap())
    });
    assert!(ends.iter().any(Result::is_ok));
    for end in ends {
        assert!(matches!(end, Ok(_) | Err(StateError::InUse { .. })), "{end:?}");
    }
    let papers = Papers::open(folder.path()).unwrap();
    let key = |name| std::fs::read_to_string(papers.file(name)).unwrap();
    let merchant = RsaSigner::from_pem(&key(MERCHANT_PRIVATE_KEY), &key(MERCHANT_PUBLIC_KEY));
    let signature = merchant.unwrap().sign(b"the same pair");
    assert!(papers.signer().unwrap().verify_merchant(b"the same pair", &signature));
}

#[test]
fn a_line_cut_short_is_dropped_and_a_wrong_one_stops_the_start() {
    let dir = folder();
    let papers = Papers::open(dir.path()).unwrap();
    {
        let practice = Shared::open(&papers, papers.options(5)).unwrap();
        practice.with(|practice, now_ms| practice.show_payment_code(now_ms, Manner::Pays)).unwrap();
    }
    let ledger = dir.path().join("ledger.jsonl");
    let whole = std::fs::read(&ledger).unwrap();
    std::fs::write(&ledger, [whole.as_slice(), b"{\"at_ms\":17"].concat()).unwrap();
    let (journal, entries) = Journal::open(dir.path()).unwrap();
    assert_eq!(entries.len(), 1);
    drop(journal);
    assert_eq!(std::fs::read(&ledger).unwrap(), whole);
    std::fs::write(&ledger, [b"{\"at_ms\":17}\n".as_slice(), &whole].concat()).unwrap();
    let wrong = Journal::open(dir.path()).err().unwrap();
    assert!(matches!(wrong, StateError::Line { line: 1, .. }), "{wrong}");
}

#[cfg(unix)]
#[test]
fn every_file_of_the_folder_is_for_its_owner_only() {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    std::fs::create_dir(&state).unwrap();
    // What a start that was cut short on a careless machine may have left.
    for part in ["alipay_private_key.part", "merchant_private_key.part"] {
        std::fs::write(state.join(part), "half a key").unwrap();
        set_permissions(state.join(part), Permissions::from_mode(0o666)).unwrap();
    }
    let opened = || {
        let papers = Papers::open(&state).unwrap();
        drop(Shared::open(&papers, papers.options(5)).unwrap());
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&state).unwrap() {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{:?}", entry.file_name());
            names.push(entry.path());
        }
        names
    };
    let files = opened();
    assert!(files.iter().any(|path| path.ends_with("ledger.jsonl")), "{files:?}");
    for path in &files {
        set_permissions(path, Permissions::from_mode(0o644)).unwrap();
    }
    assert_eq!(opened().len(), files.len(), "those of a folder that was copied too");
}

#[cfg(unix)]
#[test]
fn the_folder_it_makes_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    drop(Journal::open(&state).unwrap());
    assert_eq!(std::fs::metadata(&state).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn the_weather_of_notices_is_changed_and_counted_over_http() {
    let dir = folder();
    let running = run(dir.path());
    let change = json!({ "notices": {
        "chances": { "lost": 250, "another_amount": 10 },
        "next": [{ "form": "alipay", "fault": "twice_apart" }],
    } });
    let (head, view) = running.post("/control/weather", &change);
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
    assert_eq!(
        view["notices"],
        json!({
            "chances": { "lost": 250, "another_amount": 10 },
            "scripted": [{ "form": "alipay", "fault": "twice_apart" }],
            "fired": {},
        })
    );
    let (_, view) = running.post("/control/weather", &json!({ "begin": "storm" }));
    assert_eq!(view["notices"]["chances"].as_object().unwrap().len(), 10);
    let (_, view) = running.post("/control/weather", &json!({ "begin": "clear" }));
    assert_eq!(
        (&view["notices"]["chances"], &view["notices"]["scripted"]),
        (&json!({}), &json!([]))
    );
}
