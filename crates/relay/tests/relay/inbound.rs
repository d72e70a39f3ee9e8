//! In: what a channel is answered, and that nothing else changes what is kept.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use mianfu_relay::counts::Count;
use mianfu_relay::db::Reader;
use mianfu_relay::limits::Rate;
use mianfu_relay::settings::{Network, Settings};

use crate::fixture::*;
use crate::running::*;

fn genuine(id: &str) -> String {
    alipay_body(&signers().channel, fields(id))
}

#[test]
fn alipay_reads_success_and_wechat_pay_an_empty_answer_once_a_notice_is_durable() {
    let relay = Running::start();
    let form = genuine("n-1");
    let reply = relay.post(ALIPAY_PATH, &form);
    assert_eq!((reply.status, reply.body.as_str()), (200, "success"));
    let json = wechat_body("n-1");
    let heads = Heads::of(&signers().channel, NOW, &json);
    let reply = relay.post_wechat(&heads, &json);
    assert_eq!((reply.status, reply.body.as_str()), (204, ""));
    // Read by another connection, as whoever opens the file after a power cut.
    let rows = relay.reader().after("till-1", 0, 10).unwrap();
    assert_eq!(rows[0].1.body, form.as_bytes());
    assert_eq!(rows[1].1.body, json.as_bytes());
    assert!(rows[1].1.headers.contains(&heads.signature));
    assert_eq!(rows[1].1.channel, "wechat");
}

#[test]
fn a_repetition_is_thanked_for_and_costs_no_sync() {
    let relay = Running::start();
    let form = genuine("n-1");
    relay.post(ALIPAY_PATH, &form);
    let before = (relay.reader().fingerprint().unwrap(), relay.relay.counts().of(Count::Commits));
    let mut again = fields("n-1");
    again.insert("notify_time".to_owned(), b"2026-11-21 00:04:00".to_vec());
    for body in [form, alipay_body(&signers().channel, again)] {
        let reply = relay.post(ALIPAY_PATH, &body);
        assert_eq!((reply.status, reply.body.as_str()), (200, "success"));
    }
    let after = (relay.reader().fingerprint().unwrap(), relay.relay.counts().of(Count::Commits));
    assert_eq!(before, after);
    assert_eq!(relay.relay.counts().of(Count::Already), 2);
}

#[test]
fn what_could_not_be_kept_is_not_thanked_for() {
    // The table takes no body of this size, as a full disk takes none of any.
    let relay = Running::with(Settings { body_max_bytes: 256 * 1024, ..Settings::default() });
    let mut large = fields("n-1");
    large.insert("body".to_owned(), vec![b'x'; 70_000]);
    let reply = relay.post(ALIPAY_PATH, &alipay_body(&signers().channel, large));
    assert_eq!(reply.status, 503);
    assert!(!reply.body.contains("success"));
    assert_eq!(ask(relay.address, "GET", "/readyz", &[], b"").status, 503);
    assert_eq!(relay.post(ALIPAY_PATH, &genuine("n-2")).status, 200);
    assert_eq!(ask(relay.address, "GET", "/readyz", &[], b"").status, 200);
    assert_eq!(relay.reader().after("till-1", 0, 10).unwrap().len(), 1);
}

#[test]
fn a_notice_that_is_not_genuine_or_not_for_this_till_changes_nothing() {
    let relay = Running::start();
    relay.post(ALIPAY_PATH, &genuine("n-0"));
    let before = relay.reader().fingerprint().unwrap();
    let form = genuine("n-1");
    let signed = |key, name: &str, value: &str| {
        let mut fields = fields("n-1");
        fields.insert(name.to_owned(), value.as_bytes().to_vec());
        alipay_body(key, fields)
    };
    let (channel, other) = (&signers().channel, &signers().other);
    let table: [(&str, String, u16); 17] = [
        (ALIPAY_PATH, form.replace("12.50", "0.01"), 401),
        (ALIPAY_PATH, form.replace("sign=", "sin="), 401),
        (ALIPAY_PATH, String::new(), 401),
        (ALIPAY_PATH, "return_code=SUCCESS".to_owned(), 401),
        (ALIPAY_PATH, signed(channel, "sign_type", "RSA"), 401),
        (ALIPAY_PATH, signed(other, "trade_status", "TRADE_SUCCESS"), 401),
        (ALIPAY_PATH, signed(channel, "app_id", "2021000000000002"), 403),
        (ALIPAY_PATH, signed(channel, "seller_id", "2088000000000009"), 403),
        (ALIPAY_PATH, format!("{form}&app_id={APP_ID}"), 400),
        (WECHAT_PATH, form.clone(), 401),
        (WECHAT_PATH, wechat_body("n-1"), 401),
        ("/notify/alipay/2021000000000002/till-2", form.clone(), 401),
        ("/notify/alipay/2021000000000001/till-2", form.clone(), 404),
        ("/notify/alipay/2021000000000001/till-9", form.clone(), 404),
        ("/notify/wechat/2021000000000001/till-1", form.clone(), 404),
        ("/notify/alipay/2021000000000001/till-1/", form.clone(), 404),
        ("/notify/alipay/2021000000000001/till-1?x=1", form.clone(), 400),
    ];
    for (path, body, status) in &table {
        let reply = relay.post(path, body);
        assert_eq!(reply.status, *status, "{path} {body:.90}");
        assert!(!reply.body.contains("success"));
        assert!(!reply.body.contains("0.01"), "an answer repeats nothing of a request");
    }
    let json = wechat_body("n-1");
    for off in [-360_000, 360_000] {
        let heads = Heads::of(channel, NOW.plus_ms(off), &json);
        assert_eq!(relay.post_wechat(&heads, &json).status, 401, "{off}");
    }
    for heads in [Heads::of(other, NOW, &json), Heads::at(channel, "-1", &json)] {
        assert_eq!(relay.post_wechat(&heads, &json).status, 401);
    }
    assert_eq!(relay.reader().fingerprint().unwrap(), before);
}

#[test]
fn a_flood_of_unknown_serials_is_refused_one_by_one_and_asks_nobody() {
    let relay = Running::start();
    let json = wechat_body("n-1");
    let mut heads = Heads::of(&signers().channel, NOW, &json);
    for number in 0..100 {
        heads.serial = format!("SERIAL{number}");
        assert_eq!(relay.post_wechat(&heads, &json).status, 401);
    }
    assert_eq!(relay.relay.counts().of(Count::Unsigned), 100);
    heads.serial = SERIAL.to_owned();
    assert_eq!(relay.post_wechat(&heads, &json).status, 204);
}

#[test]
fn a_body_has_a_bound_however_it_comes() {
    let relay = Running::start();
    let most = 64 * 1024;
    assert_eq!(relay.post(ALIPAY_PATH, &"x".repeat(most)).status, 401);
    let told = head("POST", ALIPAY_PATH, &[("content-length", "1073741824")]) + "\r\n";
    assert_eq!(say(relay.address, told.as_bytes()).status, 413);
    // A body in pieces that never ends.
    let mut endless = head("POST", ALIPAY_PATH, &[("transfer-encoding", "chunked")]) + "\r\n";
    for _ in 0..40 {
        endless.push_str(&format!("1000\r\n{}\r\n", "x".repeat(0x1000)));
    }
    let large = head("POST", ALIPAY_PATH, &[("content-length", "65537")]) + "\r\n";
    for request in [endless, large + &"x".repeat(most + 1)] {
        // Whoever goes on talking to a closed connection may not hear why it was closed.
        assert!(matches!(say(relay.address, request.as_bytes()).status, 0 | 413));
    }
    assert_eq!(relay.relay.counts().of(Count::TooLarge), 3);
    let packed = [("content-encoding", "gzip")];
    let reply = ask(relay.address, "POST", ALIPAY_PATH, &packed, b"\x1f\x8b\x08");
    assert_eq!(reply.status, 415);
    assert_eq!(relay.post(ALIPAY_PATH, &genuine("n-1")).status, 200);
}

#[test]
fn a_head_has_a_bound_and_one_reading() {
    let relay = Running::start();
    let form = genuine("n-1");
    let length = form.len();
    let with = |headers: &str| {
        let head = format!("POST {ALIPAY_PATH} HTTP/1.1\r\nhost: relay\r\nconnection: close\r\n");
        say(relay.address, format!("{head}{headers}\r\n\r\n{form}").as_bytes()).status
    };
    assert_eq!(with(&format!("content-length: {length}")), 200);
    let before = relay.reader().fingerprint().unwrap();
    let many: String = (0..80).map(|n| format!("x-{n}: 1\r\n")).collect();
    assert_eq!(with(&format!("{many}content-length: {length}")), 431);
    let long = format!("x-long: {}\r\ncontent-length: {length}", "y".repeat(32 * 1024));
    assert!(matches!(with(&long), 0 | 431));
    for shape in [
        format!("content-length: {length}\r\ncontent-length: 0"),
        format!("content-length: {length}\r\ntransfer-encoding: chunked"),
        format!("transfer-encoding: chunked\r\ncontent-length: {length}"),
        "transfer-encoding: chunked, identity".to_owned(),
        "transfer-encoding: identity, chunked".to_owned(),
        "transfer-encoding: xchunked".to_owned(),
        format!("content-length: +{length}"),
        "content-length: -1".to_owned(),
        format!("content-length : {length}"),
        format!("x: 1\n\ncontent-length: {length}"),
        format!("x: \0\r\ncontent-length: {length}"),
    ] {
        let status = with(&shape);
        assert!(matches!(status, 0 | 400 | 401), "{shape:?}: {status}");
    }
    assert_eq!(relay.reader().fingerprint().unwrap(), before);
}

#[test]
fn another_version_of_http_is_not_spoken() {
    let relay = Running::start();
    // A connection of HTTP/2 whose streams are opened and reset by the thousand.
    let mut rapid = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    for stream in (1..2_000_u32).step_by(2) {
        rapid.extend_from_slice(b"\0\0\x01\x01\x05");
        rapid.extend_from_slice(&stream.to_be_bytes());
        rapid.push(0x83);
        rapid.extend_from_slice(b"\0\0\x04\x03\0");
        rapid.extend_from_slice(&stream.to_be_bytes());
        rapid.extend_from_slice(&8_u32.to_be_bytes());
    }
    let status = say(relay.address, &rapid).status;
    assert!(matches!(status, 0 | 400 | 505), "{status}");
    for bytes in [b"\x16\x03\x01\x02\0\x01\0".as_slice(), b"GET\r\n\r\n", b"\r\n\r\n\0"] {
        let mut stream = connect(relay.address);
        stream.write_all(bytes).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        assert!(matches!(hear(&mut stream).status, 0 | 400), "{bytes:?}");
    }
    assert_eq!(relay.post(ALIPAY_PATH, &genuine("n-1")).status, 200);
}

#[test]
fn whoever_is_slow_or_silent_is_hung_up_on() {
    let short = Duration::from_millis(40);
    let settings = Settings { head_limit: short, body_limit: short, ..Settings::default() };
    let relay = Running::with(settings);
    let half = head("POST", ALIPAY_PATH, &[("content-length", "9")]);
    for bytes in ["", "P", &half] {
        let mut stream = connect(relay.address);
        stream.write_all(bytes.as_bytes()).unwrap();
        assert!(matches!(hear(&mut stream).status, 0 | 408), "{bytes:?}");
    }
    let mut stream = connect(relay.address);
    stream.write_all((half + "\r\nxxx").as_bytes()).unwrap();
    assert_eq!(hear(&mut stream).status, 408);
    assert_eq!(relay.relay.counts().of(Count::TooSlow), 1);
}

#[test]
fn silent_connections_take_no_more_than_their_share() {
    let settings = Settings { connections_per_address_max: 32, ..Settings::default() };
    let relay = Running::with(settings);
    let silent: Vec<_> = (0..32).map(|_| connect(relay.address)).collect();
    for turned_away in 1..=8 {
        assert_eq!(hear(&mut connect(relay.address)).status, 0);
        assert_eq!(relay.relay.counts().of(Count::TurnedAway), turned_away);
    }
    drop(silent);
    let form = genuine("n-1");
    let mut tries = 0..1_000;
    assert!(tries.any(|_| relay.post(ALIPAY_PATH, &form).status == 200), "their places are free");
}

#[test]
fn silent_connections_take_no_place_for_long() {
    let settings = Settings {
        head_limit: Duration::from_millis(100),
        connections_max: 16,
        ..Settings::default()
    };
    let relay = Running::with(settings);
    let silent: Vec<_> = (0..64).map(|_| connect(relay.address)).collect();
    for mut stream in silent {
        assert!(matches!(hear(&mut stream).status, 0 | 408));
    }
    // A machine that is busy may be too slow once as well.
    let form = genuine("n-1");
    let mut tries = 0..1_000;
    assert!(tries.any(|_| relay.post(ALIPAY_PATH, &form).status == 200));
}

#[test]
fn whoever_knocks_too_often_is_told_so_and_no_other() {
    let settings = Settings {
        address_rate: Rate { burst: 3, each_ms: 60_000 },
        proxies: vec![Network::read("127.0.0.0/8").unwrap()],
        ..Settings::default()
    };
    let relay = Running::with(settings);
    let from = |address: &str, id: &str| {
        let form = genuine(id);
        let headers = [("x-forwarded-for", address)];
        ask(relay.address, "POST", ALIPAY_PATH, &headers, form.as_bytes()).status
    };
    let statuses: Vec<u16> =
        (0..5).map(|n| from("203.0.113.9, 198.51.100.7", &n.to_string())).collect();
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
    assert_eq!(from("198.51.100.8", "n-9"), 200);
    assert_eq!(from("198.51.100.7", "n-8"), 429);
    assert_eq!(ask(relay.address, "GET", "/healthz", &[], b"").status, 200);
}

#[test]
fn a_flood_at_one_merchant_slows_no_other() {
    let settings =
        Settings { merchant_rate: Rate { burst: 2, each_ms: 60_000 }, ..Settings::default() };
    let relay = Running::with(settings);
    let flood = (0..4).map(|_| relay.post(ALIPAY_PATH, "x").status);
    assert_eq!(flood.collect::<Vec<_>>(), [401, 401, 429, 429]);
    let json = wechat_body("n-1");
    assert_eq!(relay.post_wechat(&Heads::of(&signers().channel, NOW, &json), &json).status, 204);
}

#[test]
fn notices_come_from_where_they_may() {
    let allowed = vec![Network::read("198.51.100.0/24").unwrap()];
    let proxies = vec![Network::read("127.0.0.1").unwrap()];
    let relay = Running::with(Settings { allowed, proxies, ..Settings::default() });
    let from = |address: &str| {
        let headers = [("x-forwarded-for", address)];
        ask(relay.address, "POST", ALIPAY_PATH, &headers, genuine("n-1").as_bytes()).status
    };
    assert_eq!(from("198.51.100.7"), 200);
    assert_eq!(from("203.0.113.9"), 403);
    assert_eq!(relay.post(ALIPAY_PATH, &genuine("n-1")).status, 403);
    // A till may come from anywhere.
    relay.listen(1, None);
}

#[test]
fn numbers_are_told_inside_only() {
    let relay = Running::start();
    relay.post(ALIPAY_PATH, &genuine("n-1"));
    let get = |address: SocketAddr, path: &str| ask(address, "GET", path, &[], b"");
    assert_eq!(get(relay.address, "/metrics").status, 404);
    let numbers = get(relay.inside, "/metrics").body;
    assert!(numbers.contains("\nmianfu_relay_notices_kept_total 1\n"), "{numbers}");
    assert!(!numbers.contains(APP_ID));
    assert_eq!(get(relay.inside, ALIPAY_PATH).status, 404);
    for address in [relay.address, relay.inside] {
        assert_eq!(get(address, "/healthz").body, "well\n");
        assert_eq!(get(address, "/readyz").body, "ready\n");
    }
    assert_eq!(ask(relay.address, "PUT", ALIPAY_PATH, &[], b"").status, 405);
    assert_eq!(ask(relay.address, "GET", "/", &[], b"").status, 404);
}

#[test]
fn many_at_once_are_all_kept() {
    let relay = Running::start();
    let bodies: Vec<String> = (0..256).map(|n| genuine(&format!("n-{n}"))).collect();
    let posts = &relay;
    std::thread::scope(|scope| {
        for part in bodies.chunks(8) {
            scope.spawn(move || {
                for body in part {
                    assert_eq!(posts.post(ALIPAY_PATH, body).status, 200);
                }
            });
        }
    });
    let kept = relay.reader().after("till-1", 0, 1_000).unwrap();
    let kept: BTreeSet<Vec<u8>> = kept.into_iter().map(|(_, notice)| notice.body).collect();
    assert!(kept == bodies.into_iter().map(String::into_bytes).collect());
}

#[test]
fn a_relay_that_ends_has_kept_whatever_it_thanked_for() {
    let relay = Running::start();
    let bodies: Vec<String> = (0..64).map(|n| genuine(&format!("n-{n}"))).collect();
    let address = relay.address;
    let thanked: BTreeSet<&str> = std::thread::scope(|scope| {
        let post = move |body: &&String| {
            // Whoever comes too late finds nobody.
            let Ok(mut stream) = std::net::TcpStream::connect(address) else { return false };
            let length = body.len().to_string();
            let headers = [("content-length", length.as_str()), ("connection", "close")];
            let request = head("POST", ALIPAY_PATH, &headers);
            let _sent = stream.write_all(format!("{request}\r\n{body}").as_bytes());
            hear(&mut stream).status == 200
        };
        let posting: Vec<_> = bodies
            .chunks(8)
            .map(|part| scope.spawn(move || part.iter().filter(post).collect::<Vec<_>>()))
            .collect();
        relay.tell_to_stop();
        posting.into_iter().flat_map(|one| one.join().unwrap()).map(String::as_str).collect()
    });
    let folder = relay.end();
    let kept = Reader::open(&database(&folder)).unwrap().after("till-1", 0, 100).unwrap();
    let kept: BTreeSet<Vec<u8>> = kept.into_iter().map(|(_, notice)| notice.body).collect();
    assert!(thanked.iter().all(|body| kept.contains(body.as_bytes())));
}
