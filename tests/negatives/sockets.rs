//! 25–31: what can be done to a socket before a word is believed. A till stands behind the relay in
//! each, with a sale that is paid once the genuine notice has come through.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use mianfu_relay::counts::Count;
use mianfu_relay::settings::Settings;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::door::{Reply, connect_from, head, hear, patiently, settings};
use crate::keys::signers;
use crate::notices::*;
use crate::stand::*;

/// Far more than a relay's bound and two sockets' room together.
const PIECES_MAX: u32 = 8 * 1024;
/// Where real traffic comes from while 127.0.0.1 is a horde.
const GUEST: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

fn path() -> String {
    format!("/notify/alipay/{ALIPAY_APP}/till-1")
}

/// A request for our till's address with these header lines, as it stands on the wire.
fn wire(lines: &str, body: &[u8]) -> Vec<u8> {
    let head = head("POST", &path(), &[]);
    [head.as_bytes(), lines.as_bytes(), b"\r\n\r\n", body].concat()
}

fn length(body: &[u8]) -> String {
    format!("content-length: {}", body.len())
}

/// Nothing came of all this: the books are as they were, the relay kept nothing, and serves.
#[track_caller]
fn serves_on(mut stand: Stand, before: &(Vec<u8>, Vec<String>)) {
    assert!((stand.hash(), stand.door.fingerprint()) == *before);
    let genuine = stand.genuine();
    // With limits as short as here a busy machine may be too slow once as well.
    let mut tries = 0..1_000;
    assert!(tries.any(|_| stand.post("alipay", &genuine).status == 200), "real traffic");
    let handed = stand.door.waiting().pop().expect("kept");
    stand.tell(ALIPAY.channel, &handed.sent).unwrap();
    stand.rests_paid();
}

fn open(settings: Settings) -> (Stand, (Vec<u8>, Vec<String>)) {
    let stand = Stand::with(ALIPAY, settings, &signers().channel);
    let before = (stand.hash(), stand.door.fingerprint());
    (stand, before)
}

#[test]
pub(crate) fn n25_a_body_without_end_is_cut_off() {
    let (mut stand, before) = open(settings());
    for told in ["1073741824", "65537"] {
        let reply = stand.door.say(&wire(&format!("content-length: {told}"), b""));
        assert_eq!(reply.status, 413, "{told}");
    }
    for told in ["18446744073709551615", "18446744073709551616", "1e9", "0x400"] {
        let reply = stand.door.say(&wire(&format!("content-length: {told}"), b"x"));
        assert!(matches!(reply.status, 400 | 413 | 431), "{told}: {reply:?}");
    }
    // In pieces, until the relay has had enough: what it took is bounded by its own limit and by
    // what two sockets hold.
    let piece = [b"1000\r\n".as_slice(), &[b'x'; 0x1000], b"\r\n"].concat();
    let address = stand.door.address;
    let reply = stand.door.runtime.block_on(patiently(async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(&wire("transfer-encoding: chunked", b"")).await.unwrap();
        let mut pieces = 0_u32;
        while stream.write_all(&piece).await.is_ok() {
            pieces += 1;
            assert!(pieces < PIECES_MAX, "{pieces} pieces of 4 KiB went in");
        }
        hear(&mut stream).await
    }));
    assert!(matches!(reply.status, 0 | 413), "{reply:?}");
    assert_eq!(stand.door.count_of(Count::TooLarge), 3);
    for (what, bytes) in [("just too long", 64 * 1024 + 1), ("very long", 8 * 1024 * 1024)] {
        stand.till_refuses(what, ALIPAY.channel, &Notice::bare(vec![b'x'; bytes]));
        stand.till_refuses(
            what,
            V3.channel,
            &Notice { body: vec![b'x'; bytes], ..v3(&stand.paid) },
        );
        let mut xml = b"<xml>".to_vec();
        xml.resize(bytes, b'x');
        stand.till_refuses(what, V2.channel, &Notice::bare(xml));
    }
    serves_on(stand, &before);
}

#[test]
pub(crate) fn n26_the_slow_and_the_silent_are_hung_up_on() {
    let short = Duration::from_millis(50);
    let (stand, before) = open(Settings { head_limit: short, body_limit: short, ..settings() });
    let half = head("POST", &path(), &[]) + "content-length: 9\r\n";
    let begun = ["", "P", &half, &(half.clone() + "\r\nxxx"), "\r\n", "GET / HTTP/1.1\r\nhost:"];
    let address = stand.door.address;
    let statuses = stand.door.runtime.block_on(patiently(async {
        let mut streams = Vec::new();
        for begun in begun.iter().cycle().take(60) {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let _sent = stream.write_all(begun.as_bytes()).await;
            streams.push(stream);
        }
        let mut statuses = Vec::new();
        for stream in &mut streams {
            statuses.push(hear(stream).await.status);
        }
        statuses
    }));
    assert!(statuses.iter().all(|status| matches!(status, 0 | 400 | 408)), "{statuses:?}");
    serves_on(stand, &before);
}

/// Lets this process have as many descriptors as it may, and returns how many that is.
fn descriptors() -> u64 {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let _raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

#[test]
pub(crate) fn n27_ten_thousand_idle_connections_keep_nobody_out() {
    // Both ends of a connection are this process's; 2,000 are left for the other tests of it.
    let room = descriptors().saturating_sub(2_000);
    let horde = usize::try_from(room).unwrap_or(usize::MAX).min(10_000);
    assert!(1_000 <= horde, "this machine allows {room} connections, too few to prove anything");
    let (stand, before) = open(settings());
    let address = stand.door.address;
    let genuine = stand.genuine();
    let guest = wire(&length(&genuine.body), &genuine.body);
    let idle = stand.door.runtime.block_on(patiently(async {
        let mut idle = Vec::new();
        while idle.len() < horde {
            idle.push(TcpStream::connect(address).await.unwrap());
        }
        idle
    }));
    let share = u64::from(settings().connections_per_address_max);
    let reply = stand.door.say_from(GUEST, &guest);
    assert_eq!((reply.status, reply.body.as_str()), (200, "success"), "beside {horde} idle ones");
    let turned_away = stand.door.count_of(Count::TurnedAway);
    assert_eq!(turned_away, u64::try_from(horde).unwrap() - share, "one address has its share");
    drop(idle);
    assert!(stand.hash() == before.0);
    let Stand { shop, kind, no, paid, door } = stand;
    drop(door);

    // From as many addresses as are needed to fill the house: nobody comes in until the idle ones
    // have had their time, and then everybody does.
    let short = Settings { head_limit: Duration::from_millis(500), ..settings() };
    let many = short.connections_max;
    let door = crate::door::Door::open(short, &signers().channel);
    let address = door.address;
    let turned_away = door.runtime.block_on(patiently(async {
        let mut idle = Vec::new();
        for nth in 0..many {
            let part = u8::try_from(nth / 64).unwrap();
            let from = IpAddr::V4(Ipv4Addr::new(127, 1, part, 1));
            idle.push(connect_from(from, address).await.unwrap());
        }
        for stream in &mut idle {
            assert!(matches!(hear(stream).await.status, 0 | 408));
        }
        idle.len()
    }));
    assert_eq!(turned_away, many);
    let stand = Stand { shop, kind, no, paid, door };
    let before = (before.0, stand.door.fingerprint());
    serves_on(stand, &before);
}

#[test]
pub(crate) fn n28_nothing_is_unpacked_so_nothing_bursts() {
    let (stand, before) = open(settings());
    let genuine = stand.genuine().body;
    let gzip =
        b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xed\xc1\x01\r\0\0\0\xc2\xa0\xf7Om\x0e7\xa0".as_slice();
    let zip = b"PK\x03\x04\x14\0\0\0\x08\0\0\0!\0\0\0\0\0\x0a\0\0\0\xff\xff\xff\xff\x01\0\0\0a"
        .as_slice();
    for packing in ["gzip", "GZIP", "deflate", "br", "zstd", "gzip, gzip", "identity", "x"] {
        for body in [gzip, zip, &genuine] {
            let lines = format!("content-encoding: {packing}\r\n{}", length(body));
            assert_eq!(stand.door.say(&wire(&lines, body)).status, 415, "{packing}");
        }
    }
    for body in [gzip, zip] {
        assert_eq!(stand.door.say(&wire(&length(body), body)).status, 401, "unnamed");
        let lines = "transfer-encoding: gzip, chunked";
        let chunk = [format!("{:x}\r\n", body.len()).as_bytes(), body, b"\r\n0\r\n\r\n"].concat();
        assert!((400..600).contains(&stand.door.say(&wire(lines, &chunk)).status));
    }
    serves_on(stand, &before);
}

#[test]
pub(crate) fn n29_a_head_has_a_bound() {
    let (stand, before) = open(settings());
    let genuine = stand.genuine().body;
    let of = |count: usize| -> String { (0..count).map(|n| format!("x-{n}: 1\r\n")).collect() };
    for count in [62, 100, 1_000] {
        let status = stand.door.say(&wire(&(of(count) + &length(&genuine)), &genuine)).status;
        assert!(matches!(status, 0 | 431), "{count} header lines: {status}");
    }
    for long in [
        format!("x: {}", "y".repeat(20_000)),
        format!("{}: 1", "x".repeat(20_000)),
        format!("cookie: {}", "y=1; ".repeat(100_000)),
        format!("wechatpay-signature: {}", "A".repeat(20_000)),
    ] {
        let status =
            stand.door.say(&wire(&format!("{long}\r\n{}", length(&genuine)), &genuine)).status;
        assert!(matches!(status, 0 | 400 | 431), "{status}");
    }
    for path in [format!("/{}", "x".repeat(70_000)), format!("{}?{}", path(), "x".repeat(20_000))] {
        let request = head("POST", &path, &[]) + &length(&genuine) + "\r\n\r\n";
        let status = stand.door.say(&[request.as_bytes(), &genuine].concat()).status;
        assert!(matches!(status, 0 | 400 | 414 | 431), "{status}");
    }
    // A head that never ends, without a line's end and with nothing but lines.
    for endless in ["x".repeat(1 << 20), "x: y\r\n".repeat(1 << 17)] {
        let request = head("POST", &path(), &[]) + &endless;
        let status = stand.door.say(request.as_bytes()).status;
        assert!(matches!(status, 0 | 400 | 431), "{status}");
    }
    serves_on(stand, &before);
}

#[test]
pub(crate) fn n30_a_request_is_read_in_one_way_or_not_at_all() {
    let (stand, before) = open(settings());
    let genuine = stand.genuine().body;
    let hidden = [
        format!("POST {} HTTP/1.1\r\nhost: relay\r\n{}\r\n\r\n", path(), length(&genuine))
            .as_bytes(),
        &genuine,
    ]
    .concat();
    let (short, whole) = (length(b""), length(&hidden));
    let kept = "POST / HTTP/1.1\r\nhost: relay\r\n";
    let shapes = [
        format!("{whole}\r\ntransfer-encoding: chunked"),
        format!("transfer-encoding: chunked\r\n{whole}"),
        format!("{short}\r\n{whole}"),
        format!("{whole}\r\n{short}"),
        format!("content-length: 5, {}", hidden.len()),
        "transfer-encoding: chunked, identity".to_owned(),
        "transfer-encoding: identity, chunked".to_owned(),
        "transfer-encoding: xchunked".to_owned(),
        "transfer-encoding: chunked\r\ntransfer-encoding: identity".to_owned(),
        format!("transfer-encoding : chunked\r\n{whole}"),
        format!("transfer-encoding:\x0bchunked\r\n{whole}"),
        format!("x: 1\n\ncontent-length: {}", hidden.len()),
        format!(" {whole}"),
        "content-length: -1".to_owned(),
        "content-length: +5".to_owned(),
        "content-length : 5".to_owned(),
        "x: \0".to_owned(),
        "x: 1\r\ry: 2".to_owned(),
    ];
    for shape in &shapes {
        for begin in ["0\r\n\r\n", "", "5\r\nhello\r\n0\r\n\r\n"] {
            for keeps in [true, false] {
                let head = if keeps { kept.to_owned() } else { head("POST", "/", &[]) };
                let head = format!("{head}{shape}\r\n\r\n{begin}");
                let request = [head.as_bytes(), &hidden].concat();
                // The other end has no more to say, so that whatever was read as a second request
                // is answered before the connection ends.
                let reply = say_all(&stand, &request);
                assert!(!reply.body.contains("success"), "{shape:?}: {reply:?}");
                assert!(matches!(reply.status, 0 | 400..=499 | 501), "{shape:?}: {reply:?}");
            }
        }
    }
    for shape in [
        format!("POST {} HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", path()),
        format!("POST {} HTTP/0.9\r\n\r\n", path()),
        format!("POST  {} HTTP/1.1\r\n{whole}\r\n\r\n", path()),
        format!("POST\t{} HTTP/1.1\r\n{whole}\r\n\r\n", path()),
        format!("POST https://elsewhere{}?x HTTP/1.1\r\n{whole}\r\n\r\n", path()),
        format!("CONNECT {} HTTP/1.1\r\n{whole}\r\n\r\n", path()),
    ] {
        let reply = say_all(&stand, &[shape.as_bytes(), &genuine].concat());
        assert!(!reply.body.contains("success"), "{shape:?}: {reply:?}");
    }
    serves_on(stand, &before);
}

/// Says everything, says that there is no more, and hears everything.
fn say_all(stand: &Stand, bytes: &[u8]) -> Reply {
    let address = stand.door.address;
    stand.door.runtime.block_on(patiently(async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let _sent = stream.write_all(bytes).await;
        let _ended = stream.shutdown().await;
        hear(&mut stream).await
    }))
}

#[test]
pub(crate) fn n31_http2_is_not_spoken_so_no_stream_is_reset_by_the_thousand() {
    let (stand, before) = open(settings());
    let mut rapid = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    for stream in (1..20_000_u32).step_by(2) {
        rapid.extend_from_slice(b"\0\0\x01\x01\x05");
        rapid.extend_from_slice(&stream.to_be_bytes());
        rapid.push(0x83);
        rapid.extend_from_slice(b"\0\0\x04\x03\0");
        rapid.extend_from_slice(&stream.to_be_bytes());
        rapid.extend_from_slice(&8_u32.to_be_bytes());
    }
    for bytes in [rapid.as_slice(), &rapid[..24], &rapid[24..]] {
        let status = say_all(&stand, bytes).status;
        assert!(matches!(status, 0 | 400 | 505), "{status}");
    }
    // Nor after an upgrade: the answer to what asked for one is an ordinary one.
    let genuine = stand.genuine().body;
    let altered = [b"x".as_slice(), &genuine].concat();
    let lines = format!(
        "connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n{}",
        length(&altered)
    );
    let request = format!("POST {} HTTP/1.1\r\nhost: relay\r\n{lines}\r\n\r\n", path());
    let request = [request.as_bytes(), &altered, &rapid].concat();
    assert!(matches!(say_all(&stand, &request).status, 0 | 400 | 401));
    serves_on(stand, &before);
}
