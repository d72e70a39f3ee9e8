//! Out: what a till is told, in which order, and that no other hears it.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mianfu_relay::counts::Count;
use mianfu_relay::limits::Rate;
use mianfu_relay::settings::Settings;
use mianfu_relay::trust::{FRESH_MS, Signed, authorization};

use crate::fixture::*;
use crate::running::*;

const OTHER_PATH: &str = "/notify/alipay/2021000000000002/till-2";

fn genuine(id: &str) -> String {
    alipay_body(&signers().channel, fields(id))
}

fn theirs(id: &str) -> String {
    let mut fields = fields(id);
    fields.insert("app_id".to_owned(), b"2021000000000002".to_vec());
    alipay_body(&signers().other, fields)
}

fn send(relay: &Running, ids: std::ops::Range<usize>) {
    for id in ids {
        assert_eq!(relay.post(ALIPAY_PATH, &genuine(&format!("n-{id}"))).status, 200);
    }
}

fn ids(numbers: std::ops::RangeInclusive<usize>) -> Vec<String> {
    numbers.map(|number| format!("epoch001-{number}")).collect()
}

#[test]
fn a_till_is_told_what_came_verbatim_and_at_once() {
    let relay = Running::start();
    let mut till = relay.listen(1, None);
    assert_eq!(till.hello["relay"], "epoch001");
    assert_eq!(till.hello["after"], "epoch001-0");
    assert_eq!(till.hello["now_ms"], NOW.0);
    let form = genuine("n-1");
    relay.post(ALIPAY_PATH, &form);
    let told = till.word().unwrap();
    assert_eq!((told.id.as_str(), told.event.as_str()), ("epoch001-1", "notice"));
    assert_eq!(told.data["channel"], "alipay");
    assert_eq!(told.data["merchant"], APP_ID);
    assert_eq!(told.data["received_ms"], NOW.0);
    assert_eq!(told.data["headers"], serde_json::json!([]));
    let body = STANDARD.decode(told.data["body"].as_str().unwrap()).unwrap();
    assert_eq!(body, form.as_bytes());
    let json = wechat_body("n-1");
    let heads = Heads::of(&signers().channel, NOW, &json);
    relay.post_wechat(&heads, &json);
    let told = till.word().unwrap();
    let mut headers: Vec<(String, String)> =
        serde_json::from_value(told.data["headers"].clone()).unwrap();
    headers.sort();
    let mut expected =
        heads.pairs().map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    expected.sort();
    assert_eq!(headers, expected);
}

#[test]
fn a_till_asleep_for_a_thousand_notices_misses_none() {
    let relay = Running::start();
    let bodies: Vec<String> = (0..1_000).map(|n| genuine(&format!("n-{n}"))).collect();
    let posts = &relay;
    std::thread::scope(|scope| {
        for part in bodies.chunks(63) {
            scope.spawn(move || {
                for body in part {
                    assert_eq!(posts.post(ALIPAY_PATH, body).status, 200);
                    // One address sends them all; the channel has many.
                    posts.now.fetch_add(10, std::sync::atomic::Ordering::Relaxed);
                }
            });
        }
    });
    let mut till = relay.listen(1, None);
    let mut told = BTreeSet::new();
    for number in 1..=1_000 {
        let word = till.word().unwrap();
        assert_eq!(word.id, format!("epoch001-{number}"));
        told.insert(STANDARD.decode(word.data["body"].as_str().unwrap()).unwrap());
    }
    let sent: BTreeSet<Vec<u8>> = bodies.into_iter().map(String::into_bytes).collect();
    assert!(told == sent);
}

#[test]
fn a_stream_goes_on_where_the_till_says_or_where_it_acknowledged() {
    let relay = Running::start();
    send(&relay, 0..6);
    assert_eq!(relay.listen(1, None).numbers(6), ids(1..=6));
    assert_eq!(relay.listen(1, Some("epoch001-4")).numbers(2), ids(5..=6));
    assert_eq!(relay.ack(1, "epoch001-3"), 204);
    assert_eq!(relay.listen(1, None).numbers(3), ids(4..=6));
    // What it saw last counts, not what it acknowledged.
    assert_eq!(relay.listen(1, Some("epoch001-1")).numbers(5), ids(2..=6));
    // A number that this relay cannot have told means nothing: everything is told.
    for last in ["epoch002-4", "epoch001-7", "4", "", "epoch001-", "epoch001--1", "-", "x y"] {
        assert_eq!(relay.listen(1, Some(last)).numbers(6), ids(1..=6), "{last}");
    }
    for (upto, status) in [("epoch001-7", 409), ("epoch002-1", 409), ("1", 409)] {
        assert_eq!(relay.ack(1, upto), status, "{upto}");
    }
}

#[test]
fn what_is_not_there_any_more_is_said() {
    let settings = Settings { backlog_max: 5, keep_ms: 1_000, ..Settings::default() };
    let relay = Running::with(settings);
    send(&relay, 0..8);
    let mut till = relay.listen(1, None);
    let gap = till.word().unwrap();
    assert_eq!((gap.event.as_str(), gap.id.as_str()), ("gap", "epoch001-3"));
    assert_eq!(gap.data["upto"], "epoch001-3");
    assert_eq!(till.numbers(5), ids(4..=8));
    relay.now.fetch_add(2_000, std::sync::atomic::Ordering::Relaxed);
    relay.sweep();
    let mut late = relay.listen(1, Some("epoch001-5"));
    assert_eq!(late.word().unwrap().data["upto"], "epoch001-8");
    send(&relay, 8..9);
    assert_eq!(late.numbers(1), ids(9..=9));
}

#[test]
fn two_tills_of_two_stores_hear_nothing_of_each_other() {
    let relay = Running::start();
    let (mut first, mut second) = (relay.listen(1, None), relay.listen(2, None));
    for id in 0..5 {
        relay.post(ALIPAY_PATH, &genuine(&format!("n-{id}")));
        assert_eq!(relay.post(OTHER_PATH, &theirs(&format!("m-{id}"))).status, 200);
    }
    for (till, merchant) in [(&mut first, APP_ID), (&mut second, "2021000000000002")] {
        for number in 1..=5 {
            let told = till.word().unwrap();
            assert_eq!(told.id, format!("epoch001-{number}"));
            assert_eq!(told.data["merchant"], merchant);
        }
    }
    // Each other's keys and addresses open nothing.
    let signed = Signed { method: "GET", path: "/stream/till-2", body: b"" };
    let proof = relay.proof(1, signed);
    assert!(Listener::with_proof(relay.address, "/stream/till-2", &proof, None).is_err());
    assert_eq!(relay.post(OTHER_PATH, &genuine("n-9")).status, 401);
    // An acknowledgement moves its own till only.
    assert_eq!(relay.ack(1, "epoch001-5"), 204);
    assert_eq!(relay.reader().standing("till-2").unwrap().unwrap().acked, 0);
}

#[test]
fn a_quiet_stream_says_that_it_lives() {
    let beat = Duration::from_millis(5);
    let relay = Running::with(Settings { beat, ..Settings::default() });
    let mut till = relay.listen(1, None);
    assert_eq!(till.hello["beat_ms"], 5);
    for _ in 0..3 {
        assert_eq!(till.next().unwrap().event, ":");
    }
    send(&relay, 0..1);
    assert_eq!(till.numbers(1), ids(1..=1));
}

#[test]
fn a_till_that_comes_again_takes_the_place_of_its_dead_connection() {
    let relay = Running::start();
    let mut dead = relay.listen(1, None);
    let mut till = relay.listen(1, None);
    assert_eq!(dead.word(), None, "the first one ends");
    send(&relay, 0..1);
    assert_eq!(till.numbers(1), ids(1..=1));
}

#[test]
fn a_request_that_is_seen_twice_opens_nothing() {
    let relay = Running::start();
    send(&relay, 0..1);
    let signed = Signed { method: "GET", path: "/stream/till-1", body: b"" };
    let proof = relay.proof(1, signed);
    let open = |address| Listener::with_proof(address, "/stream/till-1", &proof, None).err();
    assert_eq!(open(relay.address), None);
    assert_eq!(open(relay.address), Some(401));
    // Nor after a restart.
    let now = relay.now();
    let again = Running::on(relay.end(), Settings::default());
    assert_eq!(again.now(), now);
    assert_eq!(open(again.address), Some(401));
    assert_eq!(again.listen(1, None).numbers(1), ids(1..=1));
    assert_eq!(again.relay.counts().of(Count::Replayed), 1);
}

#[test]
fn only_a_tills_own_key_at_its_own_time_opens_its_stream() {
    let relay = Running::start();
    let signed = Signed { method: "GET", path: "/stream/till-1", body: b"" };
    let open =
        |proof: &str| Listener::with_proof(relay.address, "/stream/till-1", proof, None).err();
    let proof = |key: u8, off: i64| {
        authorization("a", &till_key(key), signed, NOW.plus_ms(off), fresh_nonce())
    };
    let ack =
        authorization("a", &till_key(1), Signed { method: "POST", ..signed }, NOW, fresh_nonce());
    for refused in ["", "Bearer x", &proof(2, 0), &proof(1, FRESH_MS + 1), &ack] {
        assert_eq!(open(refused), Some(401), "{refused}");
    }
    let late = [("authorization", proof(1, -FRESH_MS - 1))];
    let late = late.each_ref().map(|(name, value)| (*name, value.as_str()));
    let reply = ask(relay.address, "GET", "/stream/till-1", &late, b"");
    assert_eq!(reply.body, "clock\n");
    assert!(reply.head.contains("date: "), "a till with a wrong clock learns the time");
    let nobody = Signed { path: "/stream/till-9", ..signed };
    let nobody = authorization("a", &till_key(1), nobody, NOW, fresh_nonce());
    let unknown = Listener::with_proof(relay.address, "/stream/till-9", &nobody, None);
    assert_eq!(unknown.err(), Some(401));
    assert_eq!(open(&proof(1, 0)), None);
}

#[test]
fn a_revoked_key_ends_its_stream_and_the_other_one_goes_on() {
    let relay = Running::start();
    let mut by_a = relay.listen(1, None);
    let mut both = roster();
    both.tills.get_mut("till-1").unwrap().keys = till_keys(&[("a", 1), ("b", 7)]);
    relay.know(both);
    send(&relay, 0..1);
    assert_eq!(by_a.numbers(1), ids(1..=1), "a change-over ends nothing");
    let mut after = roster();
    after.tills.get_mut("till-1").unwrap().keys = till_keys(&[("b", 7)]);
    relay.know(after);
    assert_eq!(by_a.word(), None);
    assert!(Listener::open(&relay, 1, None).is_err());
    let signed = Signed { method: "GET", path: "/stream/till-1", body: b"" };
    let proof = authorization("b", &till_key(7), signed, NOW, fresh_nonce());
    let by_b = Listener::with_proof(relay.address, "/stream/till-1", &proof, None);
    assert_eq!(by_b.unwrap_or_else(|status| panic!("{status}")).numbers(1), ids(1..=1));
}

#[test]
fn a_key_that_another_takes_the_name_of_ends_its_stream() {
    let relay = Running::start();
    let mut by_old = relay.listen(1, None);
    let mut after = roster();
    after.tills.get_mut("till-1").unwrap().keys = till_keys(&[("a", 7)]);
    relay.know(after);
    assert_eq!(by_old.word(), None);
    assert!(Listener::open(&relay, 1, None).is_err());
}

#[test]
fn a_hint_wakes_a_till_that_listens_and_is_kept_by_nobody() {
    let rate = Rate { burst: 3, each_ms: 1_000 };
    let relay = Running::with(Settings { hint_rate: rate, ..Settings::default() });
    let before = relay.reader().fingerprint().unwrap();
    let xml = "<xml><return_code><![CDATA[SUCCESS]]></return_code></xml>";
    assert_eq!(relay.post(WECHAT_PATH, xml).status, 503, "the channel may come again");
    let mut till = relay.listen(1, None);
    let reply = relay.post(WECHAT_PATH, xml);
    assert_eq!(reply.status, 200);
    assert!(reply.body.contains("SUCCESS"));
    let told = till.word().unwrap();
    assert_eq!((told.event.as_str(), told.id.as_str()), ("hint", ""));
    assert_eq!(STANDARD.decode(told.data["body"].as_str().unwrap()).unwrap(), xml.as_bytes());
    assert_eq!(relay.post(WECHAT_PATH, xml).status, 200);
    assert_eq!(relay.post(WECHAT_PATH, xml).status, 429, "a flood of hints wakes nobody");
    assert_eq!(relay.reader().fingerprint().unwrap(), before);
}

#[test]
fn any_order_and_any_repetition_of_notices_is_told_once_each() {
    let channel = &signers().channel;
    let forms: Vec<String> = (0..6).map(|n| genuine(&format!("n-{n}"))).collect();
    let jsons: Vec<String> = (0..6).map(|n| wechat_body(&format!("n-{n}"))).collect();
    for seed in 1..=5_u64 {
        let relay = Running::start();
        let mut till = relay.listen(1, None);
        let mut draw = seed;
        let mut sent = BTreeSet::new();
        for round in 0..60 {
            // Numerical Recipes' generator: any will do.
            draw = draw.wrapping_mul(1_664_525).wrapping_add(1_013_904_223) % (1 << 32);
            let which = usize::try_from(draw >> 16).unwrap() % 12;
            let status = match which {
                0..6 => relay.post(ALIPAY_PATH, &forms[which]).status,
                _ => {
                    let body = &jsons[which - 6];
                    // Each repetition has a time and a signature of its own.
                    let heads = Heads::of(channel, NOW.plus_ms(round * 1_000), body);
                    relay.post_wechat(&heads, body).status
                }
            };
            assert!(matches!(status, 200 | 204));
            sent.insert(which);
        }
        let told = till.numbers(sent.len());
        assert_eq!(told, ids(1..=sent.len()), "seed {seed}");
        let kept = relay.reader().standing("till-1").unwrap().unwrap();
        assert_eq!(usize::try_from(kept.last).unwrap(), sent.len(), "seed {seed}");
        assert_eq!(relay.listen(1, Some("epoch001-0")).numbers(sent.len()), told);
    }
}

#[test]
fn a_relay_that_ends_ends_its_streams() {
    let relay = Running::start();
    let mut till = relay.listen(1, None);
    send(&relay, 0..1);
    assert_eq!(till.numbers(1), ids(1..=1));
    relay.end();
    assert_eq!(till.word(), None);
}

#[test]
fn a_till_that_reads_nothing_holds_nothing() {
    let write_limit = Duration::from_millis(50);
    let relay = Running::with(Settings { write_limit, ..Settings::default() });
    for id in 0..200 {
        let mut large = fields(&format!("n-{id}"));
        large.insert("body".to_owned(), vec![b'x'; 60_000]);
        let body = alipay_body(&signers().channel, large);
        assert_eq!(relay.post(ALIPAY_PATH, &body).status, 200);
    }
    let deaf = relay.listen(1, None);
    while relay.relay.counts().streams() != 0 {
        std::thread::yield_now();
    }
    drop(deaf);
    let delivered = relay.relay.counts().of(Count::Delivered);
    assert!(delivered < 200, "it was told {delivered} and the rest lies where it lay");
    assert_eq!(relay.ack(1, "epoch001-190"), 204);
    assert_eq!(relay.listen(1, None).numbers(10), ids(191..=200));
}
